//! `/receipts/`: a partner reads its own tree of what passed between us: signed head, proofs, receipts in words, and the requests to destroy
//! that it answers here. Who asks is known as at TAXII, or by a session of the pages. Everybody sees the tree of their own organisation and no other; what is not
//! there, and what is somebody else's, are the same 404.
use act::receipt::{self, show, statement, tree};
use axum::extract::{FromRequestParts, Path, Query, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use ledger::{Error, Ledger};
use partners::Person;
use partners::may::Verb;
use serde::{Deserialize, Serialize};

use crate::caller::{Caller, Refusal, json};
use crate::state::{AppState, wait};

/// Receipts of one page of the list.
const LIST_MAX: i64 = 500;
/// An answer to a request is small.
const BODY_MAX: usize = 16 * 1024;

/// All of `/receipts/`.
pub(crate) fn routes() -> Router<AppState> {
    Router::new()
        .route("/receipts/", get(list))
        .route("/receipts/checkpoint", get(checkpoint))
        .route("/receipts/key", get(key))
        .route("/receipts/leaf/{leaf}", get(leaf))
        .route("/receipts/object/{id}", get(object))
        .route("/receipts/proof/inclusion", get(inclusion))
        .route("/receipts/proof/consistency", get(consistency))
        .route("/receipts/requests", get(requests))
        .route("/receipts/requests/{purge}", post(answer))
        .layer(axum::extract::DefaultBodyLimit::max(BODY_MAX))
}

/// Whoever may answer for their organisation: asked before what they sent is read.
struct Answerer(Person);

impl FromRequestParts<AppState> for Answerer {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Answerer, Response> {
        let Caller(person) = Caller::from_request_parts(parts, state).await?;
        person.must(Verb::AnswerOwn).map_err(|e| refused(e).into_response())?;
        Ok(Answerer(person))
    }
}

/// What an error says of a receipt: what is not there, and what is somebody else's, are the same.
fn refused(error: Error) -> Refusal {
    let (status, title) = match error {
        Error::Refused { rule: "receipt-unknown" | "purge-unknown" | "receipt-purged", .. } => return nothing(),
        Error::Refused { rule: "role", reason, .. } => (StatusCode::FORBIDDEN, reason),
        Error::Refused { rule: "receipt-unsealed", reason, .. } => (StatusCode::CONFLICT, reason),
        Error::Refused { reason, .. } => (StatusCode::BAD_REQUEST, reason),
        Error::Again(_) => (StatusCode::SERVICE_UNAVAILABLE, "the hub is busy".to_owned()),
        other => {
            tracing::error!(error = %other, "a request for a receipt failed");
            (StatusCode::INTERNAL_SERVER_ERROR, "the hub failed".to_owned())
        }
    };
    Refusal::new(status, title)
}

fn nothing() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "there is nothing here for this account")
}

type Answer = Result<Response, Refusal>;

fn text(text: String) -> Response {
    let headers = [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CACHE_CONTROL, "no-store")];
    (headers, text).into_response()
}

/// Store work, on a thread that may wait.
async fn work<T: Send + 'static>(
    state: AppState,
    f: impl FnOnce(&Ledger) -> ledger::Result<T> + Send + 'static,
) -> Result<T, Refusal> {
    wait(move || f(&state.ledger)).await.map_err(refused)
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Range {
    from: i64,
    limit: Option<i64>,
}

#[derive(Serialize)]
struct Line {
    #[serde(flatten)]
    receipt: receipt::Receipt,
    words: String,
}

/// The exchanges, oldest first, each in words.
async fn list(State(state): State<AppState>, Caller(person): Caller, Query(range): Query<Range>) -> Answer {
    #[derive(Serialize)]
    struct List {
        partner: String,
        receipts: Vec<Line>,
        #[serde(skip_serializing_if = "Option::is_none")]
        next: Option<i64>,
    }
    let limit = range.limit.unwrap_or(LIST_MAX).clamp(1, LIST_MAX);
    let list = work(state, move |ledger| {
        ledger.read(|tx| {
            let mut receipts = Vec::new();
            for receipt in receipt::list(tx, &person.org, range.from, limit)? {
                let words = words(tx, ledger.hub(), &receipt)?;
                receipts.push(Line { receipt, words });
            }
            let next = receipts.last().filter(|_| receipts.len() as i64 == limit).map(|l| l.receipt.leaf + 1);
            Ok(List { partner: person.org.clone(), receipts, next })
        })
    })
    .await?;
    Ok(json(&list))
}

/// What one says, without its objects: those are a matter of its own receipt.
fn words(tx: &mut ledger::Tx<'_>, hub: &str, receipt: &receipt::Receipt) -> ledger::Result<String> {
    match statement::head(tx, hub, receipt) {
        Ok(said) => Ok(show::words(&said)),
        Err(Error::Refused { rule: "receipt-purged", reason, .. }) => Ok(format!("{}: {reason}", receipt.at)),
        Err(e) => Err(e),
    }
}

/// The signed head (c2sp.org/tlog-checkpoint).
async fn checkpoint(State(state): State<AppState>, Caller(person): Caller) -> Answer {
    work(state, move |ledger| tree::checkpoint(ledger, &person.org)).await.map(text)
}

/// The key that checks it, in the form of signed-note; whoever relies on it has it from the operator by another way too.
async fn key(State(state): State<AppState>, Caller(person): Caller) -> Answer {
    work(state, move |ledger| Ok(format!("{}\n", tree::verifier(ledger, &person.org).encode()))).await.map(text)
}

/// One receipt (c2sp.org/tlog-proof).
async fn leaf(State(state): State<AppState>, Caller(person): Caller, Path(leaf): Path<i64>) -> Answer {
    work(state, move |ledger| Ok(show::of_leaf(ledger, &person.org, leaf)?.text())).await.map(text)
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Named {
    version: Option<String>,
}

/// The receipt of an object that was shown: of the version named, else of the last one.
async fn object(
    State(state): State<AppState>,
    Caller(person): Caller,
    Path(id): Path<String>,
    Query(named): Query<Named>,
) -> Answer {
    let found = work(state, move |ledger| show::of_object(ledger, &person.org, &id, named.version.as_deref())).await?;
    found.last().map(|proof| text(proof.text())).ok_or_else(nothing)
}

#[derive(Serialize)]
struct Proof {
    #[serde(skip_serializing_if = "Option::is_none")]
    leaf: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<u64>,
    size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    leaf_hash: Option<String>,
    hashes: Vec<String>,
}

#[derive(Deserialize)]
struct Inclusion {
    leaf: u64,
    size: Option<u64>,
}

/// RFC 6962 section 2.1.1.
async fn inclusion(State(state): State<AppState>, Caller(person): Caller, Query(asked): Query<Inclusion>) -> Answer {
    let proof = work(state, move |ledger| {
        ledger.read(|tx| {
            let (size, path) = tree::inclusion(tx, &person.org, asked.leaf, asked.size)?;
            let leaf_hash = tree::leaf(tx, &person.org, i64::try_from(asked.leaf).unwrap_or(i64::MAX))?;
            let hashes = path.iter().map(|h| ledger::checkpoint::base64(h)).collect();
            Ok(Proof { leaf: Some(asked.leaf), from: None, size, leaf_hash, hashes })
        })
    })
    .await?;
    Ok(json(&proof))
}

#[derive(Deserialize)]
struct Consistency {
    from: u64,
    to: Option<u64>,
}

/// RFC 6962 section 2.1.2.
async fn consistency(
    State(state): State<AppState>,
    Caller(person): Caller,
    Query(asked): Query<Consistency>,
) -> Answer {
    let proof = work(state, move |ledger| {
        ledger.read(|tx| {
            let (size, path) = tree::consistency(tx, &person.org, asked.from, asked.to)?;
            let hashes = path.iter().map(|h| ledger::checkpoint::base64(h)).collect();
            Ok(Proof { leaf: None, from: Some(asked.from), size, leaf_hash: None, hashes })
        })
    })
    .await?;
    Ok(json(&proof))
}

/// What this organisation was asked to destroy, and what it said.
async fn requests(State(state): State<AppState>, Caller(person): Caller) -> Answer {
    #[derive(Serialize)]
    struct Requests {
        requests: Vec<act::purge::Request>,
    }
    let requests = work(state, move |ledger| ledger.read(|tx| act::purge::requests(tx, Some(&person.org)))).await?;
    Ok(json(&Requests { requests }))
}

#[derive(Deserialize)]
struct Word {
    answer: String,
    #[serde(default)]
    note: String,
}

/// The answer to a request to destroy.
async fn answer(
    State(state): State<AppState>,
    Answerer(person): Answerer,
    Path(purge): Path<String>,
    Json(word): Json<Word>,
) -> Answer {
    work(state, move |ledger| act::purge::answer(ledger, &purge, &person.org, &word.answer, &word.note, &person))
        .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

#[cfg(test)]
mod tests;
