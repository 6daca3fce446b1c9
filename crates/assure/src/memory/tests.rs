//! What is kept in memory gives what is read anew gives, whatever came in between and whatever time is asked about: over histories that nobody thought of.
use std::cell::RefCell;

use ledger::Micros;
use ledger::testkit::engines;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::facts::View;
use crate::memory::Memory;
use crate::story::Story;
use crate::{compute, record};

/// The last two are nobody at first, though others may name them.
const ORGS: [&str; 6] = ["pl-cert", "de-cert", "aqua", "grid", "late", "later"];
const FLAWS: [&str; 3] = ["CVE-2026-1", "CVE-2026-2", "CVE-2026-3"];

/// A store, what follows it, and how far its clock has come.
struct World {
    story: Story,
    memory: Memory,
    hours: RefCell<i64>,
    sent: RefCell<Vec<Value>>,
}

impl World {
    fn say(&self, kind: &'static str, meta: &Value, body: &Value) -> i64 {
        *self.hours.borrow_mut() += 7;
        self.story.on(&self.now().to_string(), kind, meta, body)
    }

    fn now(&self) -> Micros {
        Micros::date("2026-01-01").unwrap().plus_hours(*self.hours.borrow())
    }

    fn org(&self, n: u8, kind: &str, country: &str) {
        let key = ORGS[usize::from(n % 6)];
        let meta = json!({ "key": key, "name": key.to_uppercase(), "kind": kind, "country": country, "languages": [] });
        self.say("partners.org", &meta, &Value::Null);
    }

    fn object(&self, of: &str, body: &Value) {
        let meta = json!({ "collection": "c", "id": body["id"], "type": body["type"], "source": of, "by": "ana", "spec": "2.1" });
        self.say("exchange.object", &meta, body);
    }

    /// One thing that may happen; `a`, `b` and `c` choose whose, of what and how.
    fn step(&self, what: u8, a: u8, b: u8, c: u8) {
        let (org, flaw) = (ORGS[usize::from(a % 6)], FLAWS[usize::from(b % 3)]);
        let day = self.now().plus_hours(-24 * i64::from(c % 40)).day();
        match what % 20 {
            0 => self.org(a, if a % 6 < 2 || a % 6 == 5 { "csirt" } else { "operator" }, ["PL", "DE", "US"][usize::from(c % 3)]),
            1 => {
                let meta = json!({ "org": org, "from": day, "to": "2026-12-31", "reason": "vetted", "by": "ana" });
                self.say("partners.trust", &meta, &Value::Null);
            }
            2 => self.object(org, &json!({ "type": "indicator", "id": format!("indicator--{b}") })),
            3 | 4 => {
                let status = [Some("affected"), Some("fixed"), None, Some("unknown")][usize::from(c / 5 % 4)];
                let (country, holder) = (["PL", "", "DE"][usize::from(c % 3)], ORGS[usize::from(c % 6)]);
                let change = json!({ "level": "asset", "subject": format!("plc-{}", c % 5), "source": org, "vulnerability": flaw,
                    "status": status,
                    "advisory": "V", "country": country, "holder": holder, "reason": "…" });
                let meta = json!({ "cause": 0, "why": "…", "owner": org, "matcher": 1, "changes": [change] });
                self.say("expose.changed", &meta, &Value::Null);
            }
            5 | 6 => {
                let (n, to) = (self.sent.borrow().len(), ORGS[usize::from(c % 6)]);
                let ask = json!({ "ask": format!("A-{n}"), "message_id": format!("m-{n}"), "party": org, "country": null,
                    "addressee": to, "advisory": "V", "vulnerabilities": [flaw], "channel": "folder" });
                self.say("act.sent", &ask, &Value::Null);
                self.sent.borrow_mut().push(ask);
            }
            7 | 8 => self.answered(what % 20 == 8, a, c),
            9 => {
                let place = if c.is_multiple_of(3) { "identity--1" } else { "location--1" };
                let body = json!({ "type": "sighting", "spec_version": "2.1", "id": format!("sighting--{}", a % 3), "first_seen": self.now(),
                    "revoked": c.is_multiple_of(7), "sighting_of_ref": format!("vulnerability--{}", b % 3), "where_sighted_refs": [place] });
                self.object(org, &body);
            }
            10 => {
                let reference = json!([{ "source_name": "cve", "external_id": FLAWS[usize::from(c % 3)] }]);
                let id = format!("vulnerability--{}", b % 3);
                self.object(
                    org,
                    &json!({ "type": "vulnerability", "id": id, "name": "x", "external_references": reference }),
                );
            }
            // by the name of somebody who may be nobody yet
            11 if a.is_multiple_of(3) => {
                let identity = json!({ "type": "identity", "id": "identity--1", "name": ORGS[usize::from(c % 6)].to_uppercase() });
                self.object("pl-cert", &identity);
            }
            11 => self.object(
                org,
                &json!({ "type": "location", "id": "location--1", "country": if c.is_multiple_of(2) { "PL" } else { "DE" } }),
            ),
            12 => {
                let form = if a.is_multiple_of(2) { "eukev" } else { "csaf" };
                let document = json!({ "form": form, "id": flaw, "tlp": "CLEAR", "source": "enisa", "collection": "c", "by": "ana" });
                let body = json!({ "cveID": flaw, "dateReported": day.replace('-', "/"),
                    "vulnerabilities": [{ "cve": flaw, "remediations": [{ "category": "vendor_fix" }] }] });
                self.say("exchange.document", &document, &body);
            }
            13 | 16..=18 => self.record(a, &day, c),
            14 | 19 => self.backed(a, c),
            _ => self.merged(org, ORGS[usize::from(c % 6)]),
        }
    }

    /// An answer to something that was sent, or it comes back.
    fn answered(&self, is_back: bool, a: u8, c: u8) {
        let sent = self.sent.borrow();
        let Some(ask) = sent.get(usize::from(a) % sent.len().max(1)) else { return };
        let mut meta = ask.clone();
        let evidence = ["E1", "E2", "E3"][usize::from(c % 3)];
        let answer = json!({ "answer": "fixed", "evidence": evidence, "claimant": ask["addressee"], "by": "link" });
        meta.as_object_mut().unwrap().extend(answer.as_object().unwrap().clone());
        self.say(if is_back { "act.bounced" } else { "act.answered" }, &meta, &Value::Null);
    }

    fn record(&self, a: u8, day: &str, c: u8) {
        let kinds = [
            (
                "engagement",
                "held",
                json!({ "title": "a", "held_on": day, "partners": ["pl-cert"], "vulnerabilities": ["CVE-2026-1"], "format": "meeting" }),
            ),
            (
                "activity",
                "held",
                json!({ "reference": "r", "title": "b", "held_on": day, "partners": ["pl-cert", "de-cert"], "purpose": "deter", "entities": ["plc-1"],
                    "divisions": ["csd", "isd"], "coordinated_by": "home", "coordinated_on": if c.is_multiple_of(2) { &day } else { "2025-12-01" } }),
            ),
            ("travel", "made", json!({ "reference": "t", "title": "d", "activity": format!("activity-{}", c % 3) })),
            (
                "governance",
                "approved",
                // in force for a few days, so that a figure changes by the day alone
                json!({ "reference": "g", "title": "c", "approved_on": day, "form": "charter", "review_due": "2026-01-04" }),
            ),
            ("priority", "listed", json!({ "entity": "plc-1", "from": day })),
        ];
        let (kind, state, fields) = &kinds[usize::from(a) % kinds.len()];
        let void = c.is_multiple_of(11).then_some("a mistake");
        let meta = json!({ "record": kind, "id": format!("{kind}-{}", c % 4), "name": "n", "state": state, "fields": fields, "tags": [],
            "marking": "AMBER", "source": "local", "by": "ana", "orgs": ["pl-cert"], "void": void });
        self.say(record::RECORD, &meta, &Value::Null);
    }

    /// One turns out to be another; what would go in a circle is refused.
    fn merged(&self, org: &str, into: &str) {
        *self.hours.borrow_mut() += 7;
        self.story.store.clock.set(self.now());
        drop(self.story.ledger.write(|tx| partners::merge::merge(tx, org, Some(into), "found out", "ada").map(drop)));
        self.story.ledger.catch_up().unwrap();
    }

    fn backed(&self, a: u8, c: u8) {
        let kind = ["engagement", "activity", "governance"][usize::from(a % 3)];
        let meta = json!({ "record": kind, "id": format!("{kind}-{}", c % 4), "means": "evidence", "evidence": "E2", "org": "pl-cert",
            "fields": "", "note": "minutes", "by": "ben" });
        self.say(record::BACKED, &meta, &Value::Null);
    }

    /// Both ways give the same, asked of now, of the past, and of what was known then.
    fn check(&self) {
        let now = self.now();
        let earlier = |days: i64| now.plus_hours(-24 * days);
        let fixed = |day: &str| Micros::date(day).unwrap();
        let period = Some("2026-Q1".parse().unwrap());
        for (as_of, known_as_of) in [
            (now, now),
            (earlier(2), now),
            (earlier(9), earlier(3)),
            (fixed("2026-01-04"), now),
            (fixed("2026-01-08"), now),
        ] {
            let view = View { as_of, known_as_of };
            let both = self.story.ledger.read(|tx| {
                let kept = self.memory.with(tx, view, |tx, plans, of| {
                    compute::explain_by(tx, plans, of, view, period.as_ref().unwrap())
                })?;
                Ok((kept, compute::explain_all(tx, as_of, known_as_of, period.as_ref())?))
            });
            let (kept, read) = both.unwrap();
            let figures = self.story.ledger.read(|tx| self.memory.compute(tx, as_of, known_as_of, period.as_ref()));
            for (figure, read) in figures.unwrap().iter().zip(&read) {
                let text = |figure| serde_json::to_string(figure).unwrap();
                assert_eq!(text(figure), text(&read.figure), "as of {as_of}, known as of {known_as_of}");
            }
            for (kept, read) in kept.iter().zip(&read) {
                let text = |e| serde_json::to_string_pretty(e).unwrap();
                let (kept, read, id) = (text(kept), text(read), &read.figure.id);
                let differs = kept.lines().zip(read.lines()).find(|(kept, read)| kept != read);
                assert_eq!(differs, None, "{id} as of {as_of}, known as of {known_as_of}");
                assert_eq!(kept.len(), read.len(), "{id} as of {as_of}, known as of {known_as_of}");
            }
        }
        assert_eq!(self.story.ledger.parked().unwrap(), []);
    }
}

fn play(engine: usize, steps: &[(u8, u8, u8, u8)]) {
    let Some(store) = engines().into_iter().nth(engine) else { return };
    let world = World {
        story: Story::begin(store),
        memory: Memory::default(),
        hours: RefCell::new(0),
        sent: RefCell::default(),
    };
    (0..4).for_each(|n| world.org(n, if n < 2 { "csirt" } else { "operator" }, ["PL", "DE"][usize::from(n % 2)]));
    // one of each kind: what was never seen has no figure that could change
    (0..5).for_each(|kind| world.record(kind, "2026-01-01", 3));
    // and what is in force counts only where something shows it
    world.backed(2, 3);
    for (what, a, b, c) in steps {
        world.step(*what, *a, *b, *c);
        world.check();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, failure_persistence: None, max_shrink_iters: 40, ..ProptestConfig::default() })]

    #[test]
    fn what_is_kept_follows_the_log(steps in proptest::collection::vec(any::<(u8, u8, u8, u8)>(), 30)) {
        play(0, &steps);
    }
}

#[test]
fn what_is_kept_follows_the_other_engine_too() {
    let steps: Vec<(u8, u8, u8, u8)> =
        (0..64_u8).map(|n| (n, n.wrapping_mul(7), n.wrapping_mul(5), n.wrapping_mul(11))).collect();
    play(1, &steps);
}

/// A sighting in the constituency of somebody who is introduced afterwards, and whom nothing else names.
#[test]
fn where_it_was_seen_turns_out_later() {
    play(0, &[(5, 2, 0, 0), (10, 0, 0, 0), (11, 0, 0, 4), (9, 0, 0, 3), (0, 4, 0, 0)]);
}
