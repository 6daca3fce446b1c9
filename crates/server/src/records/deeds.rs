//! What is done with a record that stands, for programs and for pages: what shows it is brought, a partner's word entered, it is vouched for, or it was a
//! mistake. Which of them is the last part of the address. Every rule is `assure::record::deed`'s.
use assure::record::deed::{Brought, Deed};
use assure::record::definition::Catalogue;
use assure::record::json::{SAID_MAX, Word};
use assure::record::write;
use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, FromRequestParts, Path, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use ledger::{Error, Result};
use partners::Person;
use partners::may::Verb;

use super::{Answer, refused, seen, shown};
use crate::auth;
use crate::caller::{Caller, Refusal};
use crate::pages::record::view::readable;
use crate::pages::upload::form::parts;
use crate::state::AppState;

/// Bytes of a form: the largest file, and what stands around it.
pub(crate) const FORM_MAX: usize = write::ARTEFACT_MAX + (64 << 10);

/// The addresses under that of a record.
pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/records/{kind}/{id}/evidence", post(take))
        .route("/records/{kind}/{id}/confirm", post(take))
        .route("/records/{kind}/{id}/attest", post(take))
        .route("/records/{kind}/{id}/void", post(take))
        .layer(DefaultBodyLimit::max(FORM_MAX))
}

/// What is asked for, by the last part of the address.
pub(crate) struct Asked(pub(crate) Deed);

impl<S: Sync> FromRequestParts<S> for Asked {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> std::result::Result<Asked, StatusCode> {
        let last = parts.uri.path().rsplit('/').next().unwrap_or_default();
        let deed = Deed::ALL.into_iter().find(|deed| deed.as_str() == last);
        deed.map(Asked).ok_or(StatusCode::NOT_FOUND)
    }
}

/// Whoever may do it, as far as roles go: asked before what they send is read.
struct Doer(Deed, Person);

impl FromRequestParts<AppState> for Doer {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> std::result::Result<Doer, Response> {
        let Asked(deed) = Asked::from_request_parts(parts, state).await.map_err(IntoResponse::into_response)?;
        let Caller(person) = Caller::from_request_parts(parts, state).await?;
        may(deed, &person).map_err(|e| refused((e, None)).into_response())?;
        Ok(Doer(deed, person))
    }
}

/// Whether a role lets somebody do it at all.
pub(crate) fn may(deed: Deed, person: &Person) -> Result<()> {
    person.must(Verb::Measure)?;
    person.must(deed.verb())
}

/// What was sent.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sent {
    pub(crate) word: Word,
    /// What a file is called, and its bytes.
    pub(crate) file: Option<(String, Bytes)>,
    /// What a form says beside: its token, and what was read of the record.
    pub(crate) csrf: String,
    pub(crate) seen: String,
}

impl Sent {
    /// Reads a form (RFC 7578). A field that means nothing is refused: nothing that was said disappears.
    pub(crate) fn of_form(headers: &HeaderMap, body: &Bytes) -> Result<Sent> {
        let content_type = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
        let fields = "its fields are from, level, note and file";
        let unread = || Error::refused("form", "this is no form that can be read", fields);
        let mut sent = Sent::default();
        for part in parts(content_type, body).ok_or_else(unread)? {
            let text = || String::from_utf8_lossy(part.bytes).into_owned();
            match part.name.as_str() {
                "from" => sent.word.from = text(),
                "level" => sent.word.level = Some(text()).filter(|level| !level.is_empty()),
                "note" => sent.word.note = text(),
                "csrf" => sent.csrf = text(),
                "seen" => sent.seen = text(),
                // a form without a file sends an empty one
                "file" if part.bytes.is_empty() => {}
                "file" => sent.file = Some((part.file.clone().unwrap_or_default(), body.slice_ref(part.bytes))),
                other => return Err(Error::refused("form", format!("no field is called {other:?}"), fields)),
            }
        }
        Ok(sent)
    }

    fn brought(&self) -> Brought<'_> {
        let Word { from, level, note } = &self.word;
        let file = self.file.as_ref().map(|(name, bytes)| (name.as_str(), bytes.as_ref()));
        Brought { from, level: level.as_deref(), note, file }
    }
}

/// A body that came whole; one that is too large is so because of its file.
pub(crate) fn whole(body: std::result::Result<Bytes, BytesRejection>) -> Result<Bytes> {
    body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => write::too_large(),
        _ => Error::refused("form", "what was sent broke off", "send it again"),
    })
}

/// Does it, in one unit of work.
pub(crate) async fn done(
    state: &AppState,
    (deed, person): (Deed, Person),
    (kind, id): (String, String),
    (sent, seen): (Sent, Option<i64>),
) -> Result<()> {
    let act = move |tx: &mut ledger::Tx<'_>| {
        let catalogue = Catalogue::of(tx)?;
        let definition = readable(&catalogue, &kind, &person)?;
        deed.take(tx, &catalogue, (&definition.kind, &id), (&person, seen), &sent.brought())
    };
    state.write(act).await
}

/// For programs: a form with a file, or JSON. The answer is the record as it stands then.
async fn take(
    State(state): State<AppState>,
    Doer(deed, person): Doer,
    Path((kind, id)): Path<(String, String)>,
    headers: HeaderMap,
    body: std::result::Result<Bytes, BytesRejection>,
) -> Answer {
    let told = |error| refused((error, None));
    let body = whole(body).map_err(told)?;
    let sent = sent(&headers, &body)?;
    let of = (kind.clone(), id.clone());
    done(&state, (deed, person.clone()), of, (sent, seen(&headers)?)).await.map_err(told)?;
    shown(&state, person, kind, id).await
}

fn sent(headers: &HeaderMap, body: &Bytes) -> std::result::Result<Sent, Refusal> {
    let told = |error| refused((error, None));
    match essence(headers).as_str() {
        "application/json" if body.len() > SAID_MAX => {
            Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, format!("more than {SAID_MAX} bytes of JSON")))
        }
        "application/json" => Ok(Sent { word: Word::read(body).map_err(told)?, ..Sent::default() }),
        // any page may send a form, and a browser adds what it knows of who is signed in (Fetch, "CORS-safelisted request-header")
        "multipart/form-data" if is_of_browser(headers) && !auth::from_own_page(headers) => {
            Err(Refusal::new(StatusCode::FORBIDDEN, "this was not sent from a page of this hub"))
        }
        "multipart/form-data" => Sent::of_form(headers, body).map_err(told),
        _ => {
            let why = "it is said as application/json, or as multipart/form-data with a file";
            Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, why))
        }
    }
}

/// Whether a browser sent it: those say from where.
fn is_of_browser(headers: &HeaderMap) -> bool {
    headers.contains_key("sec-fetch-site") || headers.contains_key(header::ORIGIN)
}

/// The type of a body, without its parameters.
pub(super) fn essence(headers: &HeaderMap) -> String {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}
