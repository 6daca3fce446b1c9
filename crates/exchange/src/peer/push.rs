//! Objects go to a peer: what one account here may see, in the order of its view, a page at a time (TAXII 2.1 section 5.5).
//!
//! Servers differ in what they do with a page of which they cannot take everything: some turn the whole page away, some break on it, some
//! take it and then fail to say so, some call what they hold already a failure. So a page that is turned away is given in halves down
//! to the object that is the cause, and where the answer leaves it open, the manifest says what arrived.

use super::sync::{Done, Outcome, Trouble, Wire, count, judge};
use super::{Peer, Refused, keep, keep_refused};
use crate::disclosed::{self, DisclosedMeta};
use crate::page::{self, Query, Versions};
use crate::rights::{self, Sight};
use ledger::{Ledger, Micros, Result};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use stix::Timestamp;

/// Objects given at once.
const PUSH_OBJECTS: usize = 500;
/// A status that is pending is asked for so often.
const STATUS_TRIES: usize = 30;
/// Objects turned away one by one, with none that passed, after which it is the peer and not the objects.
const ALONE_MAX: usize = 8;
/// Rounds after which a peer that lives, and breaks on what it is given, is taken at its word.
const ROUNDS_MAX: i64 = 5;

/// A status (section 4.3), as far as it matters here.
#[derive(Deserialize)]
struct Status {
    id: String,
    status: String,
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

/// What names an object and its version.
#[derive(Deserialize)]
struct Named {
    id: String,
    #[serde(default)]
    modified: Option<String>,
    #[serde(default)]
    created: Option<String>,
}

impl Named {
    fn of(object: &RawValue) -> Named {
        let nameless = Named { id: String::new(), modified: None, created: None };
        serde_json::from_str(object.get()).unwrap_or(nameless)
    }

    /// `modified`, else `created` (section 4.3.1).
    fn version(&self) -> Option<&str> {
        self.modified.as_deref().or(self.created.as_deref())
    }
}

#[derive(Deserialize)]
struct Sent<'a> {
    #[serde(borrow)]
    objects: Vec<&'a RawValue>,
}

/// Gives what is new, page after page.
pub(super) fn push(
    ledger: &Ledger,
    peer: &mut Peer,
    wire: &mut dyn Wire,
    done: &mut Done,
    told: &mut dyn FnMut(&Done) -> bool,
) -> Result<Outcome> {
    rights::turn(ledger)?;
    loop {
        let mut envelope = b"{\"objects\":[".to_vec();
        let mut events = Vec::new();
        let (bounds, shown) = match page_of(ledger, peer, &mut envelope, &mut events)? {
            Ok(page) => page,
            Err(trouble) => return Ok(Err(trouble)),
        };
        if bounds.count == 0 {
            return Ok(Ok(true));
        }
        envelope.extend_from_slice(b"]}");
        let Ok(sent) = serde_json::from_slice::<Sent<'_>>(&envelope) else {
            return Ok(Err(Trouble::Lost(
                "a page of our own collection cannot be read: see `ledger verify --deep`".to_owned(),
            )));
        };
        let mut given = Given {
            wire: &mut *wire,
            at: ledger.env().clock.now(),
            passed: 0,
            refused: Vec::new(),
            doubtful: Vec::new(),
        };
        let at = given.at;
        if let Err(trouble) = given.offer(&sent.objects).and_then(|()| given.decide(peer.state.failures)) {
            // what may have gone counts as gone
            let went = given.passed > 0 || matches!(trouble, Trouble::Lost(_));
            if let Some(shown) = shown.filter(|_| went) {
                ledger.write(|tx| disclosed::append(tx, &shown, &events, at))?;
                ledger.catch_up()?;
            }
            return Ok(Err(trouble));
        }
        let (passed, refused) = (given.passed, given.refused);
        done.pages += 1;
        done.objects += bounds.count;
        done.refused += refused.len();
        peer.state.sent = bounds.last;
        peer.state.passed += count(passed);
        peer.state.refused += count(refused.len());
        ledger.write(|tx| {
            keep_refused(tx, &peer.name, &refused)?;
            if let Some(shown) = &shown {
                disclosed::append(tx, shown, &events, at)?;
            }
            keep(tx, peer)
        })?;
        ledger.catch_up()?;
        let go_on = told(done);
        if let Err(trouble) = judge(done) {
            return Ok(Err(trouble));
        }
        if !go_on {
            return Ok(Ok(false));
        }
    }
}

/// What the partner's account may see and was not given yet: a range of its view, like any page it would get; and what is to be recorded
/// of it, unless the account is one of the operator's own.
fn page_of(
    ledger: &Ledger,
    peer: &Peer,
    envelope: &mut Vec<u8>,
    events: &mut Vec<i64>,
) -> Result<std::result::Result<(page::Bounds, Option<DisclosedMeta>), Trouble>> {
    let (home, start) = (&ledger.genesis().home, envelope.len());
    ledger.read(|tx| {
        envelope.truncate(start);
        let lost = |why: &str| Ok(Err(Trouble::Lost(format!("the account {} {why}", peer.account))));
        let Some(person) = partners::person::person(tx, &peer.account, home)? else {
            return lost("is not there any more");
        };
        let Some(collection) = crate::collection::find(tx, &peer.collection)? else {
            return lost("has no such collection");
        };
        let today = tx.now().day().parse().unwrap_or(jiff::civil::Date::MAX);
        let view = match rights::sight(tx, &person, &collection, today)? {
            Sight::View(view) => view,
            Sight::Nothing => return lost("may not read our collection: nothing is sent"),
            Sight::Stale => return lost("has rights that are being compiled: try again"),
        };
        let versions = Versions { all: true, ..Versions::default() };
        let query = Query { after: Some(peer.state.sent), limit: PUSH_OBJECTS, versions, ..Query::default() };
        let bounds = page::given(tx, view, &query, envelope, events)?;
        let shown = DisclosedMeta {
            org: person.org.clone(),
            person: person.name.clone(),
            collection: collection.id,
            way: "push".to_owned(),
            objects: events.len(),
            agreements: disclosed::agreements(&person, today),
        };
        Ok(Ok((bounds, (!person.is_operator).then_some(shown))))
    })
}

/// A page on its way.
struct Given<'w> {
    wire: &'w mut dyn Wire,
    at: Micros,
    passed: usize,
    refused: Vec<Refused>,
    /// Turned away when they were given alone, with the answer.
    doubtful: Vec<(Refused, Trouble)>,
}

impl Given<'_> {
    /// Gives these objects, in halves where the peer does not take them together.
    fn offer(&mut self, objects: &[&RawValue]) -> std::result::Result<(), Trouble> {
        let trouble = match give(self.wire, objects) {
            Ok(status) => {
                self.heard(objects, status.failures);
                return Ok(());
            }
            Err(trouble @ Trouble::Status(400 | 413 | 422 | 500..=502 | 504, _)) => trouble,
            Err(trouble) => return Err(trouble),
        };
        let rest = match trouble {
            Trouble::Status(500.., _) => self.not_held(objects)?,
            _ => objects.to_vec(),
        };
        self.passed += objects.len() - rest.len();
        match rest.as_slice() {
            [] => Ok(()),
            [one] => {
                let (named, reason) = (Named::of(one), trouble.to_string());
                let version = named.version().unwrap_or_default().to_owned();
                self.doubtful.push((
                    Refused { id: named.id, version, rule: "peer".to_owned(), reason, at: self.at },
                    trouble.clone(),
                ));
                if self.passed == 0 && self.doubtful.len() >= ALONE_MAX { Err(trouble) } else { Ok(()) }
            }
            many => {
                let (left, right) = many.split_at(many.len() / 2);
                self.offer(left)?;
                self.offer(right)
            }
        }
    }

    /// What the peer says it did not take, unless it shows it all the same: some call a duplicate a failure, which it MUST NOT be (section 5.5).
    fn heard(&mut self, objects: &[&RawValue], failures: Vec<Failure>) {
        let ids: Vec<&str> = failures.iter().map(|failure| failure.id.as_str()).collect();
        let held = if ids.is_empty() { BTreeMap::new() } else { self.held(&ids).unwrap_or_default() };
        let named: BTreeMap<String, bool> = objects
            .iter()
            .map(|object| Named::of(object))
            .map(|named| (named.id.clone(), named.version().is_some()))
            .collect();
        let before = self.refused.len();
        for failure in failures {
            let versioned = named.get(&failure.id).copied().unwrap_or(true);
            if !is_held(&held, &failure.id, Some(failure.version.as_str()).filter(|_| versioned)) {
                let (rule, reason) = ("peer".to_owned(), failure.message);
                self.refused.push(Refused { id: failure.id, version: failure.version, rule, reason, at: self.at });
            }
        }
        self.passed += objects.len().saturating_sub(self.refused.len() - before);
    }

    fn not_held<'a>(&mut self, objects: &[&'a RawValue]) -> std::result::Result<Vec<&'a RawValue>, Trouble> {
        let named: Vec<Named> = objects.iter().map(|object| Named::of(object)).collect();
        let ids: Vec<&str> = named.iter().map(|named| named.id.as_str()).collect();
        let held = self.held(&ids)?;
        let missing = objects.iter().zip(&named).filter(|(_, named)| !is_held(&held, &named.id, named.version()));
        Ok(missing.map(|(object, _)| *object).collect())
    }

    fn held(&mut self, ids: &[&str]) -> std::result::Result<BTreeMap<String, Vec<String>>, Trouble> {
        let mut held: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (id, version) in self.wire.held(ids)? {
            held.entry(id).or_default().push(version);
        }
        Ok(held)
    }

    /// Whether what was turned away alone is refused, or the peer is broken and all is given again later.
    fn decide(&mut self, rounds: i64) -> std::result::Result<(), Trouble> {
        let broken = self.doubtful.iter().find(|(_, trouble)| matches!(trouble, Trouble::Status(500.., _)));
        if let Some((_, trouble)) = broken
            && self.passed == 0
            && rounds < ROUNDS_MAX
        {
            return Err(trouble.clone());
        }
        self.refused.extend(self.doubtful.drain(..).map(|(refused, _)| refused));
        Ok(())
    }
}

/// The same instant written otherwise is the same version; an object without one is held where its id is.
fn is_held(held: &BTreeMap<String, Vec<String>>, id: &str, version: Option<&str>) -> bool {
    let Some(versions) = held.get(id) else { return false };
    let key = |text: &str| Timestamp::parse(text).map_or_else(|_| text.to_owned(), |at| at.key().to_owned());
    version.is_none_or(|version| versions.iter().any(|one| key(one) == key(version)))
}

/// Gives an envelope and waits until the peer is done with it.
fn give(wire: &mut dyn Wire, objects: &[&RawValue]) -> std::result::Result<Status, Trouble> {
    let read = |body: &[u8]| {
        serde_json::from_slice::<Status>(body)
            .map_err(|_| Trouble::Lost("the peer sent something that is no status".to_owned()))
    };
    let mut envelope = b"{\"objects\":[".to_vec();
    for (n, object) in objects.iter().enumerate() {
        if n > 0 {
            envelope.push(b',');
        }
        envelope.extend_from_slice(object.get().as_bytes());
    }
    envelope.extend_from_slice(b"]}");
    let mut status = read(&wire.give(&envelope)?)?;
    for _ in 0..STATUS_TRIES {
        if status.status != "pending" {
            return Ok(status);
        }
        let id = status.id.clone();
        status = read(&wire.status(&id)?)?;
    }
    Err(Trouble::Lost("the peer took the objects and does not come to an end with them".to_owned()))
}
