//! The form of requests and answers: media types (TAXII 2.1 section 1.6.8), errors (section 3.6.1), headers.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use exchange::page::Bounds;
use http_body::Body as _;
use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};
use tokio::time::{Duration, timeout};

use super::CONTENT_MAX;

/// Room for bodies that are read or worked on at once, in units of [`ROOM_UNIT`]: four of the largest.
static ROOM: Semaphore = Semaphore::const_new(4 * CONTENT_MAX / ROOM_UNIT);
/// Bytes.
const ROOM_UNIT: usize = 64 << 10;
/// Large bodies of one account at once: half of the room.
const SHARE: usize = 2;
/// What is smaller is not large, in bytes.
const LARGE: usize = 1 << 20;
/// So long a request waits for room.
const ROOM_WAIT: Duration = Duration::from_secs(10);
/// A body is whole within; less than an answer may take, so that who is too slow hears so.
const BODY_TIME_MAX: Duration = Duration::from_secs(40);
/// The one media type of all answers.
pub(crate) const TAXII: &str = "application/taxii+json;version=2.1";
const FIRST: HeaderName = HeaderName::from_static("x-taxii-date-added-first");
const LAST: HeaderName = HeaderName::from_static("x-taxii-date-added-last");

/// An answer that went well.
pub(crate) struct Answer {
    status: StatusCode,
    body: Body,
    bounds: Option<Bounds>,
}

impl Answer {
    /// 200 with bytes that are JSON already.
    pub(super) fn bytes(body: Vec<u8>) -> Answer {
        Answer::body(Body::from(body))
    }

    /// 200 with a body that may still be under way.
    pub(super) fn body(body: Body) -> Answer {
        Answer { status: StatusCode::OK, body, bounds: None }
    }

    /// 200 with a resource.
    pub(super) fn json(resource: &impl Serialize) -> Result<Answer, Problem> {
        serde_json::to_vec(resource).map(Answer::bytes).map_err(|e| Problem::broken(&e.to_string()))
    }

    /// With another status.
    pub(super) fn status(mut self, status: StatusCode) -> Answer {
        self.status = status;
        self
    }

    /// With the dates of a page (section 3.5). An empty page has none.
    pub(super) fn dates(mut self, bounds: Bounds) -> Answer {
        self.bounds = (bounds.count > 0).then_some(bounds);
        self
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = Response::new(self.body);
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(TAXII));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(bounds) = self.bounds {
            for (name, at) in [(FIRST, bounds.first), (LAST, bounds.last)] {
                if let Ok(value) = HeaderValue::from_str(&at.to_string()) {
                    headers.insert(name, value);
                }
            }
        }
        response
    }
}

/// An answer that went otherwise: the `error` resource.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    title: &'static str,
    description: String,
    header: Option<(HeaderName, HeaderValue)>,
}

#[derive(Serialize)]
struct ErrorResource<'a> {
    title: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    description: &'a str,
    http_status: &'a str,
}

impl Problem {
    fn new(status: StatusCode, title: &'static str, description: impl Into<String>) -> Problem {
        Problem { status, title, description: description.into(), header: None }
    }

    pub(super) fn unauthorized() -> Problem {
        let mut problem = Problem::new(
            StatusCode::UNAUTHORIZED,
            "sign in",
            "name and password by HTTP Basic, a bearer token or a client certificate, as the operator gave them",
        );
        // RFC 9110 section 11.6.1: several challenges may stand in one field
        let challenges = HeaderValue::from_static(r#"Basic realm="taxii", charset="UTF-8", Bearer realm="taxii""#);
        problem.header = Some((header::WWW_AUTHENTICATE, challenges));
        problem
    }

    pub(super) fn not_found() -> Problem {
        Problem::new(StatusCode::NOT_FOUND, "not found", "there is nothing here for this account; paths end in a slash")
    }

    pub(super) fn forbidden(what: &'static str) -> Problem {
        Problem::new(StatusCode::FORBIDDEN, "not allowed", what)
    }

    pub(super) fn bad_parameter(description: impl Into<String>) -> Problem {
        Problem::new(StatusCode::BAD_REQUEST, "a parameter is malformed", description)
    }

    pub(super) fn unprocessable(description: impl Into<String>) -> Problem {
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "the content cannot be processed", description)
    }

    pub(super) fn method(allow: String) -> Problem {
        let header = HeaderValue::from_str(&allow).ok().map(|allow| (header::ALLOW, allow));
        let mut problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, "this method is not for this path", allow);
        problem.header = header;
        problem
    }

    pub(super) fn busy() -> Problem {
        let mut problem =
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "the hub is busy", "ask again in a few seconds");
        problem.header = Some((header::RETRY_AFTER, HeaderValue::from_static("3")));
        problem
    }

    /// What went wrong within is for the log, not for whoever asks.
    pub(super) fn broken(what: &str) -> Problem {
        tracing::error!(what, "a TAXII request failed");
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the hub failed", "")
    }
}

impl From<ledger::Error> for Problem {
    fn from(error: ledger::Error) -> Problem {
        match error {
            ledger::Error::Again(_) => Problem::busy(),
            other => Problem::broken(&other.to_string()),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let resource =
            ErrorResource { title: self.title, description: &self.description, http_status: self.status.as_str() };
        let answer = Answer::bytes(serde_json::to_vec(&resource).unwrap_or_default()).status(self.status);
        let mut response = answer.into_response();
        if let Some((name, value)) = self.header {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

/// Whether the client takes what this server speaks. No `Accept` at all takes everything (RFC 9110 section 12.5.1).
pub(super) fn check_accept(headers: &HeaderMap) -> Result<(), Problem> {
    let mut ranges = headers.get_all(header::ACCEPT).iter().peekable();
    if ranges.peek().is_none() {
        return Ok(());
    }
    let takes = |range: &str| {
        let media = Media::parse(range);
        let taxii = media.essence == "application/taxii+json" && media.version.as_deref().is_none_or(|v| v == "2.1");
        media.wanted && (taxii || matches!(media.essence.as_str(), "*/*" | "application/*"))
    };
    match ranges.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).any(takes) {
        true => Ok(()),
        false => {
            Err(Problem::new(StatusCode::NOT_ACCEPTABLE, "not acceptable", format!("this server answers in {TAXII}")))
        }
    }
}

/// Whether the client sends what this server reads.
pub(super) fn check_content_type(headers: &HeaderMap) -> Result<(), Problem> {
    let media = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(Media::parse);
    let reads = |media: Media| media.essence == "application/taxii+json" && media.version.is_none_or(|v| v == "2.1");
    match media.is_some_and(reads) {
        true => Ok(()),
        false => Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported content", format!("send {TAXII}"))),
    }
}

/// A body as it was read, and the room that it takes while it is worked on.
pub(super) struct Read {
    pub(super) bytes: Bytes,
    pub(super) room: Option<SemaphorePermit<'static>>,
    pub(super) share: Option<OwnedSemaphorePermit>,
}

/// Of whom how many large bodies come at once, so that whoever sends four and lets them lie holds up nobody else.
fn share_of(person: &str) -> Arc<Semaphore> {
    static SHARES: Mutex<BTreeMap<String, Arc<Semaphore>>> = Mutex::new(BTreeMap::new());
    let mut shares = SHARES.lock().unwrap_or_else(|e| e.into_inner());
    // whoever sends nothing just now has all of its share
    shares.retain(|_, share| Arc::strong_count(share) > 1);
    let share = shares.entry(person.to_owned()).or_insert_with(|| Arc::new(Semaphore::new(SHARE)));
    Arc::clone(share)
}

/// Reads a body up to the limit, within a time, and only as fast as there is room for it beside those of others: what was announced takes none.
pub(super) async fn read_body(headers: &HeaderMap, body: Body, person: &str) -> Result<Read, Problem> {
    let announced =
        headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()).and_then(|v| v.parse::<usize>().ok());
    if announced.is_some_and(|length| length > CONTENT_MAX) {
        return Err(too_large());
    }
    let share = share_of(person);
    match timeout(BODY_TIME_MAX, take_body(body, share)).await {
        Ok(read) => read,
        Err(_) => Err(Problem::new(
            StatusCode::REQUEST_TIMEOUT,
            "too slow",
            "the body did not come: send it again, or in parts",
        )),
    }
}

fn too_large() -> Problem {
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too large", format!("a body has at most {CONTENT_MAX} bytes"))
}

async fn take_body(mut body: Body, mine: Arc<Semaphore>) -> Result<Read, Problem> {
    let mut bytes: Vec<u8> = Vec::new();
    let (mut room, mut share): (Option<SemaphorePermit<'static>>, Option<OwnedSemaphorePermit>) = (None, None);
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        let broken =
            |_| Problem::new(StatusCode::BAD_REQUEST, "malformed", "the body broke off or is not framed as HTTP asks");
        let Ok(data) = frame.map_err(broken)?.into_data() else { continue };
        if bytes.len() + data.len() > CONTENT_MAX {
            return Err(too_large());
        }
        let units = |length: usize| length.div_ceil(ROOM_UNIT);
        let more = u32::try_from(units(bytes.len() + data.len()) - units(bytes.len())).unwrap_or(u32::MAX);
        if share.is_none() && bytes.len() + data.len() > LARGE {
            let turn = timeout(ROOM_WAIT, Arc::clone(&mine).acquire_owned()).await;
            let Ok(Ok(turn)) = turn else { return Err(Problem::busy()) };
            share = Some(turn);
        }
        if more > 0 {
            let Ok(Ok(of_all)) = timeout(ROOM_WAIT, ROOM.acquire_many(more)).await else { return Err(Problem::busy()) };
            match &mut room {
                Some(room) => room.merge(of_all),
                None => room = Some(of_all),
            }
        }
        bytes.extend_from_slice(&data);
    }
    Ok(Read { bytes: Bytes::from(bytes), room, share })
}

/// A media type or range with the parameters that matter here (RFC 9110 section 8.3.1).
struct Media {
    essence: String,
    version: Option<String>,
    wanted: bool,
}

impl Media {
    fn parse(text: &str) -> Media {
        let mut parts = text.split(';').map(str::trim);
        let essence = parts.next().unwrap_or("").to_ascii_lowercase();
        let (mut version, mut wanted) = (None, true);
        for (name, value) in parts.filter_map(|part| part.split_once('=')) {
            let value = value.trim().trim_matches('"');
            match name.trim().to_ascii_lowercase().as_str() {
                "version" => version = Some(value.to_owned()),
                "q" => wanted = value.parse::<f32>().is_ok_and(|q| q > 0.0),
                _ => {}
            }
        }
        Media { essence, version, wanted }
    }
}
