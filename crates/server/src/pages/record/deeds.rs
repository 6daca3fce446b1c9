//! The forms beside that of the fields, on the page of a record: what shows it, a partner's word, vouching, a mistake. One is there for whoever may do it.
use assure::record::RecordMeta;
use assure::record::deed::Deed;
use assure::record::definition::Definition;
use assure::record::list::Shown;
use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::post;
use ledger::{Error, Result, Tx};

use super::view::{address, choice, record};
use crate::auth::{self, Viewer};
use crate::pages::signs::Evidence;
use crate::pages::words;
use crate::pages::{Choice, Names};
use crate::records::deeds::{Asked, FORM_MAX, Sent, done, may, whole};
use crate::respond::{Context, page, refusal};
use crate::state::AppState;

/// The addresses under that of a record's page.
pub(crate) fn routes() -> Router<AppState> {
    Router::new()
        .route("/assure/records/{kind}/{id}/evidence", post(take))
        .route("/assure/records/{kind}/{id}/confirm", post(take))
        .route("/assure/records/{kind}/{id}/attest", post(take))
        .route("/assure/records/{kind}/{id}/void", post(take))
        .layer(DefaultBodyLimit::max(FORM_MAX))
}

/// A form.
pub struct Form {
    /// `evidence`, `confirm`, `attest`, `void`.
    pub name: &'static str,
    /// Where it goes.
    pub action: String,
    /// What is done.
    pub title: &'static str,
    /// What follows from it.
    pub says: String,
    /// It is open from the start.
    pub is_open: bool,
    /// Why what was sent before was not taken.
    pub problem: Option<String>,
    /// The last entry that says something of the record.
    pub seen: i64,
    /// Whose word or document it may be; empty where none is asked for.
    pub orgs: Vec<Choice>,
    /// How well it may show the record.
    pub levels: Vec<Choice>,
    /// What stands in the note.
    pub note: String,
    /// What the note says.
    pub label: &'static str,
    /// The note is asked for.
    pub is_required: bool,
    /// Something that counts is done, and not taken back.
    pub is_grave: bool,
}

/// What was sent and not taken, and why.
pub(super) struct Failed {
    deed: Deed,
    sent: Sent,
    why: String,
}

async fn take(
    State(state): State<AppState>,
    viewer: Viewer,
    Asked(deed): Asked,
    Path((kind, id)): Path<(String, String)>,
    headers: HeaderMap,
    body: std::result::Result<Bytes, BytesRejection>,
) -> Response {
    if let Err(error) = may(deed, &viewer.person) {
        return refusal(state, viewer, error).await;
    }
    // of a form that is too large nothing was read, its token neither: it is only said
    let sent = match whole(body).and_then(|body| Sent::of_form(&headers, &body)) {
        Ok(sent) => sent,
        Err(error) => return failed(state, viewer, (kind, id), deed, Sent::default(), error).await,
    };
    if let Some(refused) = auth::foreign(&headers, &sent.csrf, &viewer) {
        return refused;
    }
    // a form without it was not read on this page
    let seen = Some(sent.seen.parse().unwrap_or(-1));
    let of = (kind.clone(), id.clone());
    match done(&state, (deed, viewer.person.clone()), of, (sent.clone(), seen)).await {
        Ok(()) => Redirect::to(&address(&kind, &id)).into_response(),
        Err(error) => failed(state, viewer, (kind, id), deed, sent, error).await,
    }
}

/// The page with what a rule says against it, and what was typed; another error is a page of its own.
async fn failed(
    state: AppState,
    viewer: Viewer,
    (kind, id): (String, String),
    deed: Deed,
    sent: Sent,
    error: Error,
) -> Response {
    match error {
        Error::Refused { rule, reason, next } if is_of_form(rule) => {
            let why = words::why(&reason, &next);
            let failed = Failed { deed, sent, why };
            page(state, viewer, move |tx, context| record(tx, context, (&kind, &id), None, Some(&failed))).await
        }
        error => refusal(state, viewer, error).await,
    }
}

fn is_of_form(rule: &str) -> bool {
    rule == "form" || (rule.starts_with("record-") && rule != "record-unknown") || rule.starts_with("second-person")
}

/// The forms that somebody may fill on the page of a record; none where it was a mistake.
pub(super) fn forms(
    tx: &mut Tx<'_>,
    context: &Context,
    definition: &Definition,
    shown: &Shown,
    failed: Option<&Failed>,
) -> Result<Vec<Form>> {
    let version = &shown.line.version;
    let mut forms = Vec::new();
    if version.void.is_some() {
        return Ok(forms);
    }
    let names = crate::pages::names(tx)?;
    for deed in Deed::ALL {
        match deed.may(tx, definition, version, context.person()) {
            Ok(()) => {
                let failed = failed.filter(|failed| failed.deed == deed);
                forms.push(form(deed, definition, (version, shown.newest()), &names, failed));
            }
            Err(Error::Refused { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(forms)
}

fn form(
    deed: Deed,
    definition: &Definition,
    (version, seen): (&RecordMeta, i64),
    names: &Names,
    failed: Option<&Failed>,
) -> Form {
    let word = failed.map(|failed| failed.sent.word.clone()).unwrap_or_default();
    let (title, label, says) = words(deed);
    let took_part = definition.took_part(version);
    let orgs: Vec<(&str, &str)> = match deed {
        Deed::Evidence => names.all().collect(),
        Deed::Confirm => names.all().filter(|(key, _)| took_part.contains(key)).collect(),
        Deed::Attest | Deed::Void => Vec::new(),
    };
    let levels: &[u8] = match deed {
        Deed::Evidence => &[0, 1, 2, 3],
        Deed::Confirm => &[1, 2],
        Deed::Attest | Deed::Void => &[],
    };
    let level = |n: &u8| {
        let value = format!("E{n}");
        choice(&value, &format!("{value}, {}", Evidence(*n).meaning()), word.level.as_deref() == Some(value.as_str()))
    };
    Form {
        name: deed.as_str(),
        action: format!("{}/{}", address(&version.record, &version.id), deed.as_str()),
        title,
        says: says.to_owned(),
        is_open: failed.is_some(),
        problem: failed.map(|failed| failed.why.clone()),
        seen,
        orgs: orgs.into_iter().map(|(key, name)| choice(key, name, key == word.from)).collect(),
        levels: levels.iter().map(level).collect(),
        note: word.note,
        label,
        is_required: !deed.has_source(),
        is_grave: deed == Deed::Void,
    }
}

/// What is done, what its note says, and what follows from it.
fn words(deed: Deed) -> (&'static str, &'static str, &'static str) {
    match deed {
        Deed::Evidence => (
            "Add what shows it",
            "What it is, and where it lies",
            "Minutes, a letter, a citation. Whoever adds it does not vouch for the record.",
        ),
        Deed::Confirm => (
            "Enter a partner's word",
            "What was said, when and by whom",
            "Somebody who took part says by telephone, letter or mail that it was so.",
        ),
        Deed::Attest => (
            "Vouch for it",
            "What was looked at",
            "It stands beside the record as it is now, and lapses when that changes.",
        ),
        Deed::Void => ("It was a mistake", "Why", "It counts nowhere then, and stays in its history."),
    }
}
