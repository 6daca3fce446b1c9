//! `/records/`: what people write down, for programs: the kinds with their definitions, the records of a kind, one with its history, and a way to say one;
//! [`deeds`]: what is done with one that stands.
//! It follows from the definitions as the pages, the tables and the command line do, and lets read and record whom those let. Who asks is known as at
//! TAXII, or by a session of the pages. Not for: partners, who are shown what is said of them and asked (`assure::yours`).
use assure::record::definition::{Catalogue, Definition};
use assure::record::json::{self, Extent, SAID_MAX, Said};
use assure::record::list::{self, Line, Shown, Wanted};
use assure::record::write::{Became, Desk};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{FromRequestParts, Path, Query, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use ledger::{Error, Result, Tx};
use partners::Person;
use partners::may::Verb;
use serde::{Deserialize, Serialize};

use crate::caller::{Caller, Refusal, json as told};
use crate::pages::record::view::readable;
use crate::pages::words::query;
use crate::respond::not_found;
use crate::state::{AppState, wait};

/// Records of one answer at most.
const LIST_MAX: usize = 1_000;
/// Records of one answer unless said.
const LIST: usize = 100;

/// All of `/records/`.
pub(crate) fn routes() -> Router<AppState> {
    Router::new()
        .route("/records/", get(kinds))
        .route("/records/{kind}", get(of_kind).post(add))
        .route("/records/{kind}/{id}", get(one).put(set))
        .route("/records/{kind}/{id}/artefacts/{entry}", get(artefact))
        .layer(axum::extract::DefaultBodyLimit::max(SAID_MAX))
        .merge(deeds::routes())
}

/// Whoever may say something: asked before what they send is read. An auditor changes nothing, whatever a definition says.
struct Recorder(Person);

impl FromRequestParts<AppState> for Recorder {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> std::result::Result<Recorder, Response> {
        let Caller(person) = Caller::from_request_parts(parts, state).await?;
        person.must(Verb::Import).map_err(|e| refused((e, None)).into_response())?;
        Ok(Recorder(person))
    }
}

type Answer = std::result::Result<Response, Refusal>;

/// An error, and the field that it is about. What is not there and what one may not see look the same.
fn refused((error, field): (Error, Option<String>)) -> Refusal {
    let (rule, title, next) = match error {
        Error::Refused { rule, reason, next } => (rule, reason, next),
        Error::Again(_) => return Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "the hub is busy"),
        other => {
            tracing::error!(error = %other, "a request for records failed");
            return Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "the hub failed");
        }
    };
    let status = match rule {
        "role" | "role-record" | "role-attest" | "second-person-attest" => StatusCode::FORBIDDEN,
        "not-found" | "record-unknown" => StatusCode::NOT_FOUND,
        "record-artefact" => StatusCode::PAYLOAD_TOO_LARGE,
        "record-seen" => StatusCode::PRECONDITION_FAILED,
        _ if rule.starts_with("record-") => StatusCode::UNPROCESSABLE_ENTITY,
        _ => StatusCode::BAD_REQUEST,
    };
    Refusal { status, title, rule, field, next }
}

/// Reads in one unit what this person may read.
async fn read<T: Send + 'static>(
    state: &AppState,
    person: Person,
    mut f: impl FnMut(&mut Tx<'_>, &Catalogue, &Person) -> Result<T> + Send + 'static,
) -> std::result::Result<T, Refusal> {
    let of = move |tx: &mut Tx<'_>| {
        person.must(Verb::Measure)?;
        let catalogue = Catalogue::of(tx)?;
        f(tx, &catalogue, &person)
    };
    state.read(of).await.map_err(|error| refused((error, None)))
}

/// The kinds that this person may read, each with all of its definition.
async fn kinds(State(state): State<AppState>, Caller(person): Caller) -> Answer {
    #[derive(Serialize)]
    struct Kind {
        #[serde(flatten)]
        definition: Definition,
        records: i64,
    }
    #[derive(Serialize)]
    struct Kinds {
        kinds: Vec<Kind>,
    }
    let kinds = read(&state, person, |tx, catalogue, person| {
        let counts: std::collections::BTreeMap<String, i64> = list::counts(tx)?.into_iter().collect();
        let of = |definition: &Definition| Kind {
            definition: definition.clone(),
            records: counts.get(&definition.kind).copied().unwrap_or(0),
        };
        Ok(Kinds { kinds: catalogue.all().filter(|d| d.is_read_by(person.role)).map(of).collect() })
    });
    kinds.await.map(|kinds| told(&kinds))
}

/// Which records, as it stands in the address.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Asked {
    state: Option<String>,
    find: Option<String>,
    tag: Option<String>,
    void: bool,
    before: Option<i64>,
    limit: Option<usize>,
}

/// The records of a kind, the last recorded first; `next` is the `before` of those that follow.
async fn of_kind(
    State(state): State<AppState>,
    Caller(person): Caller,
    Path(kind): Path<String>,
    asked: std::result::Result<Query<Asked>, axum::extract::rejection::QueryRejection>,
) -> Answer {
    #[derive(Serialize)]
    struct List {
        kind: String,
        records: Vec<Line>,
        #[serde(skip_serializing_if = "Option::is_none")]
        next: Option<i64>,
    }
    let Query(asked) = asked.map_err(|e| Refusal::new(StatusCode::BAD_REQUEST, e.body_text()))?;
    let limit = asked.limit.unwrap_or(LIST).clamp(1, LIST_MAX);
    let list = read(&state, person, move |tx, catalogue, person| {
        let definition = readable(catalogue, &kind, person)?;
        let Asked { state, find, tag, void, before, .. } = asked.clone();
        let wanted = Wanted { state, text: find, tag, with_void: void, before, limit };
        let listed = list::list(tx, &definition.kind, &wanted)?;
        Ok(List { kind: definition.kind.clone(), records: listed.lines, next: listed.next })
    });
    list.await.map(|list| told(&list))
}

/// One record with its history.
async fn one(
    State(state): State<AppState>,
    Caller(person): Caller,
    Path((kind, id)): Path<(String, String)>,
) -> Answer {
    shown(&state, person, kind, id).await
}

async fn shown(state: &AppState, person: Person, kind: String, id: String) -> Answer {
    let shown = read(state, person, move |tx, catalogue, person| {
        let definition = readable(catalogue, &kind, person)?;
        list::shown(tx, &definition.kind, &id)?.ok_or_else(|| not_found(&id))
    });
    Ok(answer(&shown.await?))
}

/// A record with the mark of what was seen of it, which a further version may name (RFC 9110 section 8.8.3).
fn answer(shown: &Shown) -> Response {
    ([(header::ETAG, format!("\"{}\"", shown.newest()))], told(shown)).into_response()
}

/// Where a file that shows a record is read.
pub(crate) fn artefact_address(kind: &str, id: &str, entry: i64) -> String {
    format!("{}/artefacts/{entry}", place(kind, id))
}

/// Where a record is read. An id of several fields has `/` in it, which is one part of the address all the same.
fn place(kind: &str, id: &str) -> String {
    format!("/records/{}/{}", query(kind), query(id).replace('/', "%2F"))
}

/// A file that shows a record, to whoever may read that. It came from outside: it is to be saved, and nothing of it runs or is looked into here.
async fn artefact(
    State(state): State<AppState>,
    Caller(person): Caller,
    Path((kind, id, entry)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Answer {
    let found = read(&state, person, move |tx, catalogue, person| {
        let definition = readable(catalogue, &kind, person)?;
        let found = entry.parse().ok().map(|entry| list::artefact(tx, &definition.kind, &id, entry)).transpose()?;
        found.flatten().ok_or_else(|| not_found(&entry))
    });
    let (artefact, bytes) = found.await?;
    let tag = format!("\"{}\"", artefact.sha256);
    let kept = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    if kept.is_some_and(|kept| kept.split(',').any(|one| one.trim() == tag)) {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response());
    }
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_DISPOSITION, saved_as(&artefact.file)),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox".to_owned()),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (header::ETAG, tag),
    ];
    Ok((headers, bytes).into_response())
}

/// To be saved under a name, which is also said in ASCII (RFC 6266 section 4.3; RFC 8187 section 3.2).
fn saved_as(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let ascii: String = name.chars().map(|c| if is_plain(c) || c == ' ' { c } else { '_' }).collect();
    let mut whole = String::with_capacity(name.len());
    for byte in name.bytes() {
        match char::from(byte) {
            c if is_plain(c) => whole.push(c),
            _ => whole += &format!("%{byte:02X}"),
        }
    }
    format!("attachment; filename=\"{ascii}\"; filename*=UTF-8''{whole}")
}

/// Records one; of what its key or its id names already, a further version in which what is not said stays.
async fn add(
    State(state): State<AppState>,
    Recorder(person): Recorder,
    Path(kind): Path<String>,
    headers: HeaderMap,
    body: std::result::Result<Bytes, axum::extract::rejection::BytesRejection>,
) -> Answer {
    let said = said(&headers, body)?;
    record(&state, person, kind, (said, Extent::Part), None).await
}

/// Says a record whole: fields and tags that are not said are empty.
async fn set(
    State(state): State<AppState>,
    Recorder(person): Recorder,
    Path((kind, id)): Path<(String, String)>,
    headers: HeaderMap,
    body: std::result::Result<Bytes, axum::extract::rejection::BytesRejection>,
) -> Answer {
    let mut said = said(&headers, body)?;
    if said.id.as_ref().is_some_and(|said| *said != id) {
        let error = Error::refused("record-id", "the address and `id` name two records", "leave out `id`");
        return Err(refused((error, Some("id".to_owned()))));
    }
    said.id = Some(id);
    record(&state, person, kind, (said, Extent::Whole), seen(&headers)?).await
}

/// What was sent, where it says that it is JSON: no form of another page can say so unasked (Fetch, "CORS-safelisted request-header").
fn said(
    headers: &HeaderMap,
    body: std::result::Result<Bytes, axum::extract::rejection::BytesRejection>,
) -> std::result::Result<Said, Refusal> {
    if deeds::essence(headers) != "application/json" {
        let why = "records are said as application/json";
        return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, why));
    }
    let bytes = body.map_err(|e| Refusal::new(e.status(), format!("the body: {}", e.body_text())))?;
    Said::read(&bytes).map_err(|error| refused((error, None)))
}

/// The entry up to which whoever says this has seen the record (RFC 9110 section 13.1.1); nothing where they do not say.
fn seen(headers: &HeaderMap) -> std::result::Result<Option<i64>, Refusal> {
    let Some(value) = headers.get(header::IF_MATCH) else { return Ok(None) };
    let entry = value.to_str().ok().map(|text| text.trim().trim_matches('"')).and_then(|text| text.parse().ok());
    let why = "If-Match holds the ETag of the record as it was read";
    entry.map(Some).ok_or_else(|| Refusal::new(StatusCode::PRECONDITION_FAILED, why))
}

async fn record(
    state: &AppState,
    person: Person,
    kind: String,
    (said, extent): (Said, Extent),
    seen: Option<i64>,
) -> Answer {
    let (ledger, by) = (std::sync::Arc::clone(&state.ledger), person.clone());
    let done = wait(move || {
        let mut about = None;
        let put = ledger.write_applied(|tx| {
            let catalogue = Catalogue::of(tx)?;
            let definition = readable(&catalogue, &kind, &by)?;
            let tags = assure::tags(tx)?;
            let mut desk = Desk::new(&catalogue, &tags, &by, "local");
            let put = json::put(tx, &mut desk, definition, (&said, extent), seen);
            about = desk.about().map(str::to_owned);
            put.map(|(id, became)| (definition.kind.clone(), id, became))
        });
        Ok(put.map_err(|error| (error, about)))
    });
    let (kind, id, became) = done.await.map_err(|error| refused((error, None)))?.map_err(refused)?;
    let place = place(&kind, &id);
    let answer = shown(state, person, kind, id).await?;
    Ok(match became {
        Became::New => (StatusCode::CREATED, [(header::LOCATION, place)], answer).into_response(),
        Became::Changed | Became::Unchanged => answer,
    })
}

pub(crate) mod deeds;
#[cfg(test)]
pub(crate) mod tests;
