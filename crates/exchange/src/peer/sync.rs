//! One round of an exchange with a peer, by the paging rules of TAXII 2.1 section 3.4. What was taken in or given is written down
//! after each page, so a round that is broken off goes on where it was; a page that comes twice is unchanged.

use super::{Peer, Refused, State, Way, keep, keep_refused};
use crate::admit::{self, Origin, Outcome, Sees};
use crate::page::{self, Query, Versions};
use crate::rights::{self, Sight};
use ledger::{Ledger, Micros, Result};
use serde::Deserialize;
use serde::de::IgnoredAny;

/// Objects asked for at once.
const PULL_OBJECTS: usize = 5_000;
/// Objects given at once.
const PUSH_OBJECTS: usize = 500;
/// A status that is pending is asked for so often.
const STATUS_TRIES: usize = 30;

/// What is asked for: a page of the peer's collection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted<'a> {
    /// `added_after`, empty for none.
    pub after: &'a str,
    /// `next`, empty for none.
    pub next: &'a str,
    /// `limit`.
    pub limit: usize,
}

/// A page as it came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The envelope.
    pub body: Vec<u8>,
    /// `X-TAXII-Date-Added-Last`, where it was there.
    pub last: Option<String>,
}

/// Why a request led to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The peer asks to wait so many seconds (429 and 503).
    Wait(i64),
    /// The peer answered with this status.
    Status(u16, String),
    /// There was no answer, or one that is no answer to this.
    Lost(String),
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Trouble::Wait(seconds) => write!(f, "the peer asks to wait {seconds} seconds"),
            Trouble::Status(401 | 403, _) => f.write_str("the peer does not let this account in: check the name, the password and the rights there"),
            Trouble::Status(404, _) => f.write_str("the peer shows no such collection to this account: check the address and the rights there"),
            Trouble::Status(status, said) if said.is_empty() => write!(f, "the peer answered with {status}"),
            Trouble::Status(status, said) => write!(f, "the peer answered with {status}: {said}"),
            Trouble::Lost(why) => f.write_str(why),
        }
    }
}

/// The other end, one request at a time.
pub trait Wire {
    /// Gets a page of objects (section 5.4).
    fn get(&mut self, wanted: &Wanted<'_>) -> std::result::Result<Page, Trouble>;
    /// Gives an envelope (section 5.5); the body of the answer is a status.
    fn give(&mut self, envelope: &[u8]) -> std::result::Result<Vec<u8>, Trouble>;
    /// Asks for a status again (section 4.3).
    fn status(&mut self, id: &str) -> std::result::Result<Vec<u8>, Trouble>;
}

/// What one round did.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Done {
    /// Requests that brought or took objects.
    pub pages: usize,
    /// Objects that came or went.
    pub objects: usize,
    /// Of a pull: new here.
    pub accepted: usize,
    /// Of a pull: held before.
    pub unchanged: usize,
    /// Refused by one of the two.
    pub refused: usize,
    /// Of a pull: for a person to decide.
    pub review: usize,
    /// Why it ended before its end.
    pub trouble: Option<String>,
}

/// Exchanges until there is nothing more, or something is in the way; `told` hears of each page.
pub fn sync(ledger: &Ledger, peer: &mut Peer, wire: &mut dyn Wire, told: &mut dyn FnMut(&Done)) -> Result<Done> {
    let mut done = Done::default();
    let outcome = match peer.way {
        Way::Pull => pull(ledger, peer, wire, &mut done, told)?,
        Way::Push => push(ledger, peer, wire, &mut done, told)?,
    };
    let now = ledger.env().clock.now();
    let state = &mut peer.state;
    state.tried = Some(now);
    match outcome {
        Ok(()) => {
            state.done = Some(now);
            (state.failures, state.retry) = (0, Micros::default());
            state.error.clear();
        }
        Err(trouble) => {
            state.failures += 1;
            state.retry = Micros(now.0 + pause(state, &trouble));
            state.error = trouble.to_string();
            done.trouble = Some(state.error.clone());
        }
    }
    ledger.write(|tx| keep(tx, peer))?;
    Ok(done)
}

/// Microseconds until it is tried again: what the peer asks for, else ever longer.
fn pause(state: &State, trouble: &Trouble) -> i64 {
    let doubled = super::PAUSE_FIRST << (state.failures - 1).clamp(0, 10);
    match trouble {
        Trouble::Wait(seconds) => seconds.clamp(&1, &86_400) * 1_000_000,
        _ => doubled.min(super::PAUSE_MAX),
    }
}

/// The part of an envelope that says how to go on (section 3.7).
#[derive(Deserialize, Default)]
struct Envelope {
    #[serde(default)]
    more: bool,
    #[serde(default)]
    next: Option<String>,
    #[serde(default)]
    objects: Vec<IgnoredAny>,
}

fn pull(
    ledger: &Ledger,
    peer: &mut Peer,
    wire: &mut dyn Wire,
    done: &mut Done,
    told: &mut dyn FnMut(&Done),
) -> Result<std::result::Result<(), Trouble>> {
    let mut restarted = false;
    loop {
        let after = since(&peer.state.after);
        let wanted = Wanted { after: &after, next: &peer.state.next, limit: PULL_OBJECTS };
        let page = match wire.get(&wanted) {
            Ok(page) => page,
            // A `next` from an earlier day may hold no more: the round begins again where the last whole one ended.
            Err(Trouble::Status(400..=404, _)) if !peer.state.next.is_empty() && !restarted => {
                restarted = true;
                peer.state.next.clear();
                continue;
            }
            Err(trouble) => return Ok(Err(trouble)),
        };
        let Ok(envelope) = serde_json::from_slice::<Envelope>(&page.body) else {
            return Ok(Err(Trouble::Lost("the peer sent something that is no envelope".to_owned())));
        };
        if !envelope.objects.is_empty()
            && let Err(fault) = take_in(ledger, peer, &page.body, done)?
        {
            return Ok(Err(Trouble::Lost(format!("the peer sent something that cannot be read: {fault}"))));
        }
        done.pages += 1;
        done.objects += envelope.objects.len();
        let onward = go_on(&mut peer.state, &envelope, page.last);
        ledger.write(|tx| keep(tx, peer))?;
        told(done);
        match onward {
            Ok(true) => {}
            Ok(false) => return Ok(Ok(())),
            Err(trouble) => return Ok(Err(trouble)),
        }
    }
}

/// The `added_after` of the next round: one microsecond before what was reached. Servers that give one date to many objects lose
/// those beyond a page otherwise; what comes twice is unchanged.
fn since(reached: &str) -> String {
    match reached.parse::<Micros>() {
        Ok(at) => Micros(at.0 - 1).to_string(),
        Err(_) => reached.to_owned(),
    }
}

/// Writes into the state how to go on after a page; false at the end of a round.
fn go_on(state: &mut State, envelope: &Envelope, last: Option<String>) -> std::result::Result<bool, Trouble> {
    let before = state.reached.clone();
    if let Some(last) = last {
        state.reached = last;
    }
    let next = envelope.next.clone().unwrap_or_default();
    if envelope.more && !next.is_empty() {
        if next == state.next {
            return Err(Trouble::Lost("the peer says that there is more, and does not go on".to_owned()));
        }
        state.next = next;
        return Ok(true);
    }
    state.next.clear();
    if !state.reached.is_empty() {
        state.after.clone_from(&state.reached);
    }
    // section 3.4: without `next` the client goes on from the last date
    match envelope.more {
        false => Ok(false),
        true if state.reached == before => {
            Err(Trouble::Lost("the peer says that there is more, and does not go on".to_owned()))
        }
        true => Ok(true),
    }
}

/// Admits the objects of a page and remembers what was refused.
fn take_in(
    ledger: &Ledger,
    peer: &mut Peer,
    body: &[u8],
    done: &mut Done,
) -> Result<std::result::Result<(), stix::Fault>> {
    let source = format!("peer:{}", peer.name);
    let origin = Origin {
        file: &peer.url,
        collection: &peer.collection,
        source: &source,
        tlp: None,
        by: &source,
        sees: Sees::All,
        hops: None,
    };
    let submitted = match admit::submit(ledger, body, &origin)? {
        Ok(submitted) => submitted,
        Err(fault) => return Ok(Err(fault)),
    };
    let at = ledger.env().clock.now();
    let mut refused = Vec::new();
    for one in &submitted.told {
        match &one.outcome {
            Outcome::Accepted => done.accepted += 1,
            Outcome::Unchanged => done.unchanged += 1,
            Outcome::Review { .. } => done.review += 1,
            Outcome::Refused(fault) => refused.push(Refused {
                id: one.id.clone(),
                version: one.version.clone().unwrap_or_default(),
                rule: fault.rule.to_owned(),
                reason: fault.reason.clone(),
                at,
            }),
        }
    }
    done.refused += refused.len();
    peer.state.refused += count(refused.len());
    peer.state.passed += count(submitted.told.len() - refused.len());
    ledger.write(|tx| keep_refused(tx, &peer.name, &refused))?;
    ledger.catch_up()?;
    Ok(Ok(()))
}

/// A status (section 4.3), as far as it matters here.
#[derive(Deserialize)]
struct Status {
    id: String,
    status: String,
    #[serde(default)]
    success_count: usize,
    #[serde(default)]
    failures: Vec<Failure>,
}

#[derive(Deserialize)]
struct Failure {
    id: String,
    #[serde(default)]
    version: String,
    #[serde(default)]
    message: String,
}

fn push(
    ledger: &Ledger,
    peer: &mut Peer,
    wire: &mut dyn Wire,
    done: &mut Done,
    told: &mut dyn FnMut(&Done),
) -> Result<std::result::Result<(), Trouble>> {
    rights::turn(ledger)?;
    loop {
        let mut envelope = b"{\"objects\":[".to_vec();
        let bounds = match page_of(ledger, peer, &mut envelope)? {
            Ok(bounds) => bounds,
            Err(trouble) => return Ok(Err(trouble)),
        };
        if bounds.count == 0 {
            return Ok(Ok(()));
        }
        envelope.extend_from_slice(b"]}");
        let status = match given(wire, &envelope) {
            Ok(status) => status,
            Err(trouble) => return Ok(Err(trouble)),
        };
        let at = ledger.env().clock.now();
        let refused: Vec<Refused> = status
            .failures
            .into_iter()
            .map(|f| Refused { id: f.id, version: f.version, rule: "peer".to_owned(), reason: f.message, at })
            .collect();
        done.pages += 1;
        done.objects += bounds.count;
        done.refused += refused.len();
        peer.state.sent = bounds.last;
        peer.state.passed += count(status.success_count);
        peer.state.refused += count(refused.len());
        ledger.write(|tx| {
            keep_refused(tx, &peer.name, &refused)?;
            keep(tx, peer)
        })?;
        told(done);
    }
}

/// What the partner's account may see and was not given yet: a range of its view, like any page it would get.
fn page_of(ledger: &Ledger, peer: &Peer, envelope: &mut Vec<u8>) -> Result<std::result::Result<page::Bounds, Trouble>> {
    let (home, start) = (&ledger.genesis().home, envelope.len());
    ledger.read(|tx| {
        envelope.truncate(start);
        let lost = |why: &str| Ok(Err(Trouble::Lost(format!("the account {} {why}", peer.account))));
        let Some(person) = partners::person::person(tx, &peer.account, home)? else { return lost("is not there any more") };
        let Some(collection) = crate::collection::find(tx, &peer.collection)? else { return lost("has no such collection") };
        let today = tx.now().day().parse().unwrap_or(jiff::civil::Date::MAX);
        let view = match rights::sight(tx, &person, &collection, today)? {
            Sight::View(view) => view,
            Sight::Nothing => return lost("may not read our collection: nothing is sent"),
            Sight::Stale => return lost("has rights that are being compiled: try again"),
        };
        let versions = Versions { all: true, ..Versions::default() };
        let query = Query { after: Some(peer.state.sent), limit: PUSH_OBJECTS, versions, ..Query::default() };
        page::objects(tx, view, &query, envelope).map(Ok)
    })
}

/// Gives an envelope and waits until the peer is done with it.
fn given(wire: &mut dyn Wire, envelope: &[u8]) -> std::result::Result<Status, Trouble> {
    let read = |body: &[u8]| {
        serde_json::from_slice::<Status>(body).map_err(|_| Trouble::Lost("the peer sent something that is no status".to_owned()))
    };
    let mut status = read(&wire.give(envelope)?)?;
    for _ in 0..STATUS_TRIES {
        if status.status != "pending" {
            return Ok(status);
        }
        let id = status.id.clone();
        status = read(&wire.status(&id)?)?;
    }
    Err(Trouble::Lost("the peer took the objects and does not come to an end with them".to_owned()))
}

fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
