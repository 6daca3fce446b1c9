//! TAXII 2.1 (OASIS Standard) on `/taxii2/`, with one API root or several: who asks, what they ask, and the answer's form.
//! Not for: who sees what and what is admitted; that is `exchange`. Stored bytes go out as they are, one after the other.
//!
//! # Layout
//!
//! * this file: the address and the door; [`read`], [`write`](mod@write): the endpoints
//! * [`wire`]: media types, errors, headers; [`filter`]: query parameters; [`token`]: the sealed `next`; [`stream`]: a page on its way

mod filter;
mod read;
mod stream;
mod token;
mod wire;
mod write;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, Method, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use exchange::collection::{self, Collection, DEFAULT_ROOT};
use exchange::rights::{self, Sight};
use jiff::civil::Date;
use ledger::{Ledger, Tx};
use partners::sinks::SINKS;
use partners::{Person, access};
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::{Semaphore, SemaphorePermit, oneshot};

use crate::state::{AppState, wait};
use crate::tls::Peer;
use wire::{Answer, Problem};

pub(crate) use wire::TAXII;

/// A body may have so many bytes (TAXII 2.1 section 4.2, `max_content_length`).
pub(crate) const CONTENT_MAX: usize = 64 << 20;
/// So often a request waits for rights that change while it is answered.
const RIGHTS_TRIES: usize = 3;
/// So many passwords are checked at once: each that is not remembered costs a core for a while.
static DOOR: Semaphore = Semaphore::const_new(2);

/// All of `/taxii2/`.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/taxii2", any(answer))
        .route("/taxii2/", any(answer))
        .route("/taxii2/{*rest}", any(answer))
        .layer(axum::extract::DefaultBodyLimit::disable())
}

/// Whether the parameters of a query are well formed (section 3.4): the door of the fuzz target.
pub fn reads_parameters(query: &str) -> bool {
    [filter::ALL, filter::OF_OBJECT, filter::OF_VERSIONS].into_iter().all(|fields| filter::parse(query, fields).is_ok())
}

async fn answer(State(state): State<AppState>, request: Request) -> Response {
    match respond(state, request).await {
        Ok(answer) => answer.into_response(),
        Err(problem) => problem.into_response(),
    }
}

/// The order of the checks: who asks (401), what they can read (406), what it is about (403, 404), what they send (415, 413, 422).
async fn respond(state: AppState, request: Request) -> Result<Answer, Problem> {
    let (parts, body) = request.into_parts();
    let peer = parts.extensions.get::<ConnectInfo<Peer>>().and_then(|info| info.0.certificate.clone());
    let claim = Claim::of(&parts.headers, peer)?;
    let permit = claim.permit().await?;
    let accepts = wire::check_accept(&parts.headers);
    let (early, mut head) = oneshot::channel();
    let (headers, method) = (parts.headers, parts.method);
    let is_post = method == Method::POST;
    let enter = move || -> Result<Call, Problem> {
        let person = claim.check(&state)?;
        drop(permit);
        accepts?;
        let (path, query) = (parts.uri.path().to_owned(), parts.uri.query().unwrap_or("").to_owned());
        let early = Mutex::new(Some(early));
        Ok(Call { state, person, method, path, query, body: Bytes::new(), stale: AtomicBool::new(false), early })
    };
    if is_post {
        let looked = on_thread(move || {
            let call = enter()?;
            call.may_post()?;
            Ok(call)
        });
        let mut call = looked.await?;
        wire::check_content_type(&headers)?;
        let read = wire::read_body(&headers, body, &call.person.name).await?;
        call.body = read.bytes;
        let room = (read.room, read.share);
        return on_thread(move || {
            let _room = room;
            call.run()
        })
        .await;
    }
    tokio::select! {
        biased;
        // the thread goes on and fills the body
        Ok(answer) = &mut head => Ok(answer),
        // or it came to its end between the two looks: its head is still what is answered
        done = on_thread(move || enter()?.run()) => head.try_recv().map_or_else(|_| done, Ok),
    }
}

/// Store work waits on a thread of its own; work that ended early is a problem of the hub.
async fn on_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    wait(move || Ok(work())).await.map_err(Problem::from)?
}

/// How somebody says who they are. What a request says goes before what its connection showed.
enum Claim {
    /// HTTP Basic (RFC 7617), TAXII 2.1 section 8.2.
    Password { name: String, password: String },
    /// A bearer token (RFC 6750).
    Token(String),
    /// The fingerprint of a client certificate (TAXII 2.1 section 8.5).
    Certificate(String),
}

impl Claim {
    /// What a request and its connection say; nothing is a 401.
    fn of(headers: &HeaderMap, peer: Option<String>) -> Result<Claim, Problem> {
        let said = match headers.get(header::AUTHORIZATION) {
            Some(value) => claim(value.to_str().unwrap_or_default()),
            None => peer.map(Claim::Certificate),
        };
        said.ok_or_else(Problem::unauthorized)
    }

    /// A place among those whose password is checked.
    async fn permit(&self) -> Result<Option<SemaphorePermit<'static>>, Problem> {
        match self {
            Claim::Password { .. } => DOOR.acquire().await.map(Some).map_err(|_| Problem::unauthorized()),
            Claim::Token(_) | Claim::Certificate(_) => Ok(None),
        }
    }

    /// Who it is. A wrong name, a wrong password and a wrong token look the same.
    fn check(&self, state: &AppState) -> Result<Person, Problem> {
        let home = state.home();
        let found = state.ledger.read(|tx| match self {
            Claim::Password { name, password } => state.authenticator.authenticate(tx, name, password, home),
            Claim::Token(token) => access::by_token(tx, token, home),
            Claim::Certificate(fingerprint) => access::by_certificate(tx, fingerprint, home),
        })?;
        found.ok_or_else(Problem::unauthorized)
    }
}

/// Who asks, as `/receipts/` has it too.
pub(crate) async fn sign_in(state: &AppState, headers: &HeaderMap, peer: Option<String>) -> Result<Person, Problem> {
    let claim = Claim::of(headers, peer)?;
    let permit = claim.permit().await?;
    let state = state.clone();
    on_thread(move || {
        let _permit = permit;
        claim.check(&state)
    })
    .await
}

fn claim(authorization: &str) -> Option<Claim> {
    let (scheme, rest) = authorization.split_once(' ')?;
    let rest = rest.trim();
    // `Token` is how taxii2-client writes it
    if scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("token") {
        return Some(Claim::Token(rest.to_owned()));
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(rest).ok()?).ok()?;
    let (name, password) = text.split_once(':')?;
    Some(Claim::Password { name: name.to_owned(), password: password.to_owned() })
}

/// One request of somebody known.
pub(crate) struct Call {
    pub(crate) state: AppState,
    pub(crate) person: Person,
    method: Method,
    path: String,
    pub(crate) query: String,
    pub(crate) body: Bytes,
    /// A right was met that is being compiled.
    stale: AtomicBool,
    /// Where an answer may go whose body is still to be written.
    early: Mutex<Option<oneshot::Sender<Answer>>>,
}

/// A collection as this person has it.
pub(crate) struct Door {
    pub(crate) collection: Collection,
    /// The view they read; `None` where they may not.
    pub(crate) view: Option<i64>,
    pub(crate) can_write: bool,
}

impl Call {
    pub(crate) fn ledger(&self) -> &Ledger {
        &self.state.ledger
    }

    /// Only the head of the answer goes out (RFC 9110 section 9.3.2).
    pub(crate) fn is_head(&self) -> bool {
        self.method == Method::HEAD
    }

    /// Gives the answer before its body is there; false where one was given already.
    pub(crate) fn answer_now(&self, answer: Answer) -> bool {
        let early = self.early.lock().unwrap_or_else(|e| e.into_inner()).take();
        early.is_some_and(|early| early.send(answer).is_ok())
    }

    /// The API root and what is asked of it; no root at all for discovery. TAXII 2.1 section 1.6.8: every path ends in a slash.
    fn segments(&self) -> Result<(Option<&str>, Vec<&str>), Problem> {
        let rest = self.path.strip_prefix("/taxii2/").ok_or_else(Problem::not_found)?;
        match rest.strip_suffix('/') {
            None if rest.is_empty() => Ok((None, Vec::new())),
            None => Err(Problem::not_found()),
            Some(rest) => {
                let mut parts = rest.split('/');
                Ok((parts.next(), parts.collect()))
            }
        }
    }

    /// The API root of this request.
    fn root(&self) -> &str {
        self.segments().ok().and_then(|(root, _)| root).unwrap_or(DEFAULT_ROOT)
    }

    /// Answers. Rights that change just now are compiled first: a poller hears neither "forbidden" nor less than it may see.
    fn run(&self) -> Result<Answer, Problem> {
        self.with_rights(|| self.route())
    }

    fn with_rights<T>(&self, f: impl Fn() -> Result<T, Problem>) -> Result<T, Problem> {
        for _ in 0..RIGHTS_TRIES {
            self.stale.store(false, Ordering::Relaxed);
            let done = f();
            if !self.stale.load(Ordering::Relaxed) {
                return done;
            }
            rights::turn(self.ledger())?;
            self.ledger().catch_up()?;
        }
        Err(Problem::busy())
    }

    /// Nothing is written by a right that is being compiled.
    pub(crate) fn must_be_fresh(&self) -> Result<(), Problem> {
        if self.stale.load(Ordering::Relaxed) { Err(Problem::busy()) } else { Ok(()) }
    }

    fn route(&self) -> Result<Answer, Problem> {
        let (root, path) = self.segments()?;
        let Some(root) = root else {
            return endpoint(self.method.as_str(), &["/"]).and_then(|_| read::discovery(self));
        };
        // A root in which nothing is for this person is as one that is not.
        if root != DEFAULT_ROOT && !self.ledger().read(|tx| self.roots(tx))?.contains(root) {
            return Err(Problem::not_found());
        }
        // An endpoint is what the table of sinks names; none stands outside it.
        let (sink, ids) = endpoint(self.method.as_str(), &path)?;
        match (sink, ids.as_slice()) {
            ("taxii-root", []) => read::root(self),
            ("taxii-status", [id]) => read::status(self, id),
            ("taxii-collections", []) => read::collections(self),
            ("taxii-collection", [id]) => read::collection(self, id),
            ("taxii-manifest", [id]) => read::manifest(self, id),
            ("taxii-objects", [id]) => read::objects(self, id),
            ("taxii-give", [id]) => write::post(self, id),
            ("taxii-object", [id, object]) => read::object(self, id, object),
            ("taxii-delete", [id, object]) => write::delete(self, id, object),
            ("taxii-versions", [id, object]) => read::versions(self, id, object),
            _ => Err(Problem::not_found()),
        }
    }

    /// Before a body is read: whether it may be sent at all.
    fn may_post(&self) -> Result<(), Problem> {
        match self.segments()?.1.as_slice() {
            ["collections", id, "objects"] => {
                self.with_rights(|| write::must_write(self.ledger().read(|tx| self.door(tx, id))?).map(drop))
            }
            _ => self.run().map(drop),
        }
    }

    /// The API roots in which this person has a collection, and the first one.
    pub(crate) fn roots(&self, tx: &mut Tx<'_>) -> ledger::Result<BTreeSet<String>> {
        let mut roots = BTreeSet::from([DEFAULT_ROOT.to_owned()]);
        for collection in collection::all(tx)? {
            if !roots.contains(&collection.root) {
                roots.extend(self.open(tx, collection)?.map(|door| door.collection.root));
            }
        }
        Ok(roots)
    }

    /// The collections of this request's root that the person has, by id.
    pub(crate) fn doors(&self, tx: &mut Tx<'_>) -> ledger::Result<Vec<Door>> {
        let (root, mut doors) = (self.root(), Vec::new());
        for collection in collection::all(tx)?.into_iter().filter(|c| c.root == root) {
            doors.extend(self.open(tx, collection)?);
        }
        Ok(doors)
    }

    /// The collection of this id or alias, as the person has it; `None` where it is not for them to know that there is one.
    pub(crate) fn door(&self, tx: &mut Tx<'_>, id: &str) -> ledger::Result<Option<Door>> {
        match collection::find(tx, id)?.filter(|collection| collection.root == self.root()) {
            Some(collection) => self.open(tx, collection),
            None => Ok(None),
        }
    }

    /// A collection as the person has it. A right that is not up to date is none.
    pub(crate) fn open(&self, tx: &mut Tx<'_>, collection: Collection) -> ledger::Result<Option<Door>> {
        let today: Date = tx.now().day().parse().unwrap_or(Date::MAX);
        let view = match rights::sight(tx, &self.person, &collection, today)? {
            Sight::View(view) => Some(view),
            Sight::Nothing => None,
            Sight::Stale => {
                self.stale.store(true, Ordering::Relaxed);
                None
            }
        };
        let can_write = rights::may_write(&self.person, &collection);
        Ok((view.is_some() || can_write).then_some(Door { collection, view, can_write }))
    }
}

/// The name of the way out that answers to a method and a path below an API root, with the path's ids. A path that is known with other
/// methods names them (RFC 9110 section 15.5.6).
fn endpoint<'a>(method: &str, path: &[&'a str]) -> Result<(&'static str, Vec<&'a str>), Problem> {
    let method = if method == "HEAD" { "GET" } else { method };
    let mut allow = Vec::new();
    for sink in SINKS {
        let Some((way, place)) = sink.way.route() else { continue };
        let Some(ids) = place.strip_prefix("/taxii2/").and_then(|place| ids_of(place, path)) else { continue };
        if way == method {
            return Ok((sink.name, ids));
        }
        allow.push(way);
    }
    // GET first, as it is read most
    allow.sort_unstable_by_key(|way| (*way != "GET", *way));
    Err(if allow.is_empty() { Problem::not_found() } else { Problem::method(allow.join(", ")) })
}

/// The ids of a path below an API root, where it is what the table writes: `{root}/collections/{id}/`. Discovery is an empty place.
fn ids_of<'a>(place: &str, path: &[&'a str]) -> Option<Vec<&'a str>> {
    if place.is_empty() {
        return (path == ["/"]).then(Vec::new);
    }
    let mut wanted = place.strip_prefix("{root}/")?.strip_suffix('/').into_iter().flat_map(|place| place.split('/'));
    let mut ids = Vec::new();
    for part in path {
        match wanted.next()? {
            id if id.starts_with('{') => ids.push(*part),
            word if word == *part => {}
            _ => return None,
        }
    }
    wanted.next().is_none().then_some(ids)
}

#[cfg(test)]
mod tests;
