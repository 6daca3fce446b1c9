//! Objects come from a peer, by the paging rules of TAXII 2.1 section 3.4. What was taken in is written down after each page; a page that
//! comes twice is unchanged.
//!
//! A round that broke off goes on from the last date and not from `next`: there are servers whose `next` is a queue from which each
//! request takes, so that a page whose answer was lost would never come again. Only where the peer asked to wait is its `next` kept.

use super::sync::{Done, Outcome, Page, Trouble, Wanted, Wire, count, judge};
use super::{Peer, Refused, State, intake, keep, keep_refused};
use crate::admit::{self, Origin, Outcome as Admitted, Sees};
use crate::disclosed::{self, ReceivedMeta};
use ledger::{Draft, Ledger, Micros, Result, Tx};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Objects asked for at once.
const PULL_OBJECTS: usize = 5_000;
/// Pages without an object, one after the other, after which the peer does not go on.
const EMPTY_MAX: usize = 3;
/// Clocks differ; what lies further ahead than this is wrong.
const AHEAD_MAX: i64 = Micros::DAY;

const STUCK: &str = "the peer says that there is more, and does not go on";

/// An envelope (section 3.7).
#[derive(Deserialize, Default)]
struct Envelope<'a> {
    #[serde(default)]
    more: bool,
    #[serde(default)]
    next: Option<String>,
    #[serde(borrow, default)]
    objects: Vec<&'a RawValue>,
}

/// Where a round is.
#[derive(Default)]
struct Cursor {
    /// `added_after`, the same for all requests that go on by `next`.
    after: String,
    next: String,
    /// What `reached` was when the peer last had to be asked by date.
    dated: String,
    /// The objects of the page before.
    seen: u64,
    /// Pages without an object, one after the other.
    empty: usize,
}

impl Cursor {
    /// By `next` where the peer asked to wait, else from the last date that was reached.
    fn start(ledger: &Ledger, peer: &mut Peer) -> Result<Cursor> {
        let next = std::mem::take(&mut peer.state.next);
        if next.is_empty() {
            return Ok(Cursor::by_date(&mut peer.state));
        }
        // Used once: whatever happens to this request, the next round goes by date.
        ledger.write(|tx| keep(tx, peer))?;
        Ok(Cursor { after: since(&peer.state.after), next, dated: peer.state.reached.clone(), ..Cursor::default() })
    }

    fn by_date(state: &mut State) -> Cursor {
        if !state.reached.is_empty() {
            state.after.clone_from(&state.reached);
        }
        Cursor { after: since(&state.after), dated: state.reached.clone(), ..Cursor::default() }
    }

    /// How to go on after a page; false at the end of the round.
    fn go_on(&mut self, state: &mut State, envelope: &Envelope<'_>, last: Option<String>) -> Outcome {
        if let Some(last) = last {
            advance(&mut state.reached, last);
        }
        let seen = fingerprint(&envelope.objects);
        let repeated = std::mem::replace(&mut self.seen, seen) == seen;
        self.empty = if envelope.objects.is_empty() { self.empty + 1 } else { 0 };
        if !envelope.more {
            if !state.reached.is_empty() {
                state.after.clone_from(&state.reached);
            }
            return Ok(false);
        }
        let stuck = || Err(Trouble::Lost(STUCK.to_owned()));
        if self.empty >= EMPTY_MAX || (repeated && self.empty == 0) {
            return stuck();
        }
        match envelope.next.as_deref().unwrap_or_default() {
            // section 3.4: without `next` the client goes on from the last date
            "" if state.reached == self.dated => stuck(),
            "" => {
                let seen = self.seen;
                *self = Cursor { seen, ..Cursor::by_date(state) };
                Ok(true)
            }
            next => {
                next.clone_into(&mut self.next);
                Ok(true)
            }
        }
    }
}

/// Asks and takes in, page after page.
pub(super) fn pull(
    ledger: &Ledger,
    peer: &mut Peer,
    wire: &mut dyn Wire,
    done: &mut Done,
    told: &mut dyn FnMut(&Done) -> bool,
) -> Result<Outcome> {
    let mut cursor = Cursor::start(ledger, peer)?;
    let mut restarted: Option<String> = None;
    loop {
        let page = match wire.get(&Wanted { after: &cursor.after, next: &cursor.next, limit: PULL_OBJECTS }) {
            Ok(page) => page,
            // A `next` may hold for a while only: from the last date, as long as that brings the round forward.
            Err(Trouble::Status(400..=404, _))
                if !cursor.next.is_empty() && restarted.as_ref() != Some(&peer.state.reached) =>
            {
                restarted = Some(peer.state.reached.clone());
                cursor = Cursor::by_date(&mut peer.state);
                continue;
            }
            Err(trouble) => {
                if let Trouble::Wait(_) = trouble {
                    peer.state.next = cursor.next;
                }
                return Ok(Err(trouble));
            }
        };
        let onward = match take_page(ledger, peer, &page, done)? {
            Ok(envelope) => cursor.go_on(&mut peer.state, &envelope, page.last.clone()),
            Err(trouble) => return Ok(Err(trouble)),
        };
        ledger.write(|tx| keep(tx, peer))?;
        let go_on = told(done);
        match onward.and_then(|more| judge(done).map(|()| more)) {
            Ok(false) => return Ok(Ok(true)),
            Ok(true) if !go_on => return Ok(Ok(false)),
            Ok(true) => {}
            Err(trouble) => return Ok(Err(trouble)),
        }
    }
}

/// Takes in a page. Whatever is wrong with it as a whole leaves nothing behind.
fn take_page<'a>(
    ledger: &Ledger,
    peer: &mut Peer,
    page: &'a Page,
    done: &mut Done,
) -> Result<std::result::Result<Envelope<'a>, Trouble>> {
    let Ok(envelope) = serde_json::from_slice::<Envelope<'_>>(&page.body) else {
        return Ok(Err(Trouble::Lost("the peer sent something that is no envelope".to_owned())));
    };
    let latest = Micros(ledger.env().clock.now().0.saturating_add(AHEAD_MAX));
    if let Some(last) = page.last.as_deref().filter(|last| last.parse::<Micros>().is_ok_and(|at| at > latest)) {
        // going on from there would pass over everything that is added before that day
        return Ok(Err(Trouble::Suspect(format!(
            "the peer's clock is wrong: it says that objects were added at {last}"
        ))));
    }
    if !envelope.objects.is_empty() {
        let sorted = intake::sort(&page.body, &envelope.objects, peer.mends, latest);
        if let Err(fault) = take_in(ledger, peer, &sorted, done)? {
            return Ok(Err(Trouble::Lost(format!("the peer sent something that cannot be read: {fault}"))));
        }
        if let Some(first) = sorted.ahead.first() {
            // what could be taken was; a person looks before there is more
            done.pages += 1;
            done.objects += envelope.objects.len();
            let all = sorted.ahead.len();
            let why = format!(
                "{all} objects of the peer have times in the future, the first is {} of {}",
                first.id, first.version
            );
            if let Some(last) = &page.last {
                advance(&mut peer.state.reached, last.clone());
            }
            return Ok(Err(Trouble::Suspect(why)));
        }
    }
    done.pages += 1;
    done.objects += envelope.objects.len();
    Ok(Ok(envelope))
}

/// Dates only rise: a server that gives an earlier one does not send us back.
fn advance(reached: &mut String, last: String) {
    let earlier = match (last.parse::<Micros>(), reached.parse::<Micros>()) {
        (Ok(last), Ok(reached)) => last < reached,
        _ => false,
    };
    if !earlier {
        *reached = last;
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

fn fingerprint(objects: &[&RawValue]) -> u64 {
    let mut hasher = DefaultHasher::new();
    objects.iter().for_each(|object| object.get().hash(&mut hasher));
    hasher.finish()
}

/// Admits the objects of a page and remembers what was refused.
fn take_in(
    ledger: &Ledger,
    peer: &mut Peer,
    sorted: &intake::Sorted<'_>,
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
    let submitted = match admit::submit(ledger, &sorted.body, &origin)? {
        Ok(submitted) => submitted,
        Err(fault) => return Ok(Err(fault)),
    };
    let (at, before) = (ledger.env().clock.now(), done.accepted);
    let mut refused: Vec<Refused> = sorted.ahead.iter().map(|one| Refused { at, ..one.clone() }).collect();
    for one in &submitted.told {
        match &one.outcome {
            Admitted::Accepted => done.accepted += 1,
            Admitted::Unchanged => done.unchanged += 1,
            Admitted::Review(_) => done.review += 1,
            Admitted::Refused(fault) => refused.push(Refused {
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
    peer.state.passed += count((submitted.told.len() + sorted.ahead.len()).saturating_sub(refused.len()));
    let (total, bad) = (submitted.told.len() + sorted.ahead.len(), refused.len());
    ledger.write(|tx| {
        keep_refused(tx, &peer.name, &refused)?;
        // what came back unchanged was on record when it came first
        match done.accepted > before {
            true => received(tx, peer, &sorted.body, (total, total.saturating_sub(bad))),
            false => Ok(()),
        }
    })?;
    ledger.catch_up()?;
    Ok(Ok(()))
}

/// Puts on record that the peer gave a page: of the organisation whose key is the peer's name.
fn received(tx: &mut Tx<'_>, peer: &Peer, body: &[u8], (total, success): (usize, usize)) -> Result<()> {
    let mut salt = [0; 32];
    tx.random(&mut salt);
    let meta = ReceivedMeta {
        org: peer.name.clone(),
        person: format!("peer {}", peer.name),
        collection: peer.collection.clone(),
        status: "-".to_owned(),
        total,
        success,
        digest: disclosed::digest(&salt, body),
        salt: ledger::checkpoint::base64(&salt),
    };
    tx.append(Draft::new(disclosed::RECEIVED, &meta)?).map(drop)
}
