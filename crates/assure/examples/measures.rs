//! Prints what figures cost over five years of a busy hub, as JSON lines: `measures FOLDER EVENTS [URL]`. The first run makes the store in FOLDER, or in
//! the PostgreSQL database at URL, of so many events; a later run measures it again, with the few events more that each run adds. Every event goes
//! through the log and the stage, as it would; what they say is drawn by number, so that two machines measure the same.
use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use assure::record::definition::{Catalogue, Definition, Field, Type};
use assure::{Assure, Memory, Period};
use ledger::keys::Seal;
use ledger::{Draft, Env, FixedClock, Genesis, Ledger, Micros, Place, SeededEntropy};
use serde_json::{Map, Value, json};

/// That of the product.
#[cfg(unix)]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

type Done<T> = Result<T, Box<dyn Error>>;

/// Five years of hours: each is one transaction.
const HOURS: i64 = 5 * 365 * 24;
const ORGS: u64 = 160;
const FLAWS: u64 = 1_500;
/// How often all is read from the store: what was just written is still on its way to the disk at first.
const READINGS: usize = 3;

fn main() -> Done<()> {
    let mut args = std::env::args().skip(1);
    let folder = PathBuf::from(args.next().ok_or("name a folder")?);
    let events: u64 = args.next().ok_or("say how many events")?.parse()?;
    let place = args.next().map_or_else(|| Place::Folder(folder.clone()), Place::Url);
    // how often it was measured: each run begins an hour after the one before
    let runs = std::fs::read_to_string(folder.join("runs")).ok().and_then(|text| text.trim().parse().ok());
    let hub = Hub::open(&place, runs, events)?;
    std::fs::write(folder.join("runs"), (runs.unwrap_or(0) + 1).to_string())?;
    hub.measure(events)
}

struct Hub {
    ledger: Ledger,
    clock: Arc<FixedClock>,
}

impl Hub {
    fn open(place: &Place, runs: Option<i64>, events: u64) -> Done<Hub> {
        let begin = Micros::date("2021-01-01").ok_or("no day")?;
        let now = begin.plus_hours(HOURS + runs.unwrap_or(0));
        let clock = Arc::new(FixedClock::new(if runs.is_none() { begin } else { now }));
        let env = Env { clock: clock.clone(), entropy: Arc::new(SeededEntropy::new(5)) };
        let genesis = Genesis { home: "home".into(), country: Some("US".into()), exercise: false };
        let stages: Vec<Arc<dyn ledger::Stage>> = vec![Arc::new(partners::Partners), Arc::new(Assure)];
        let ledger = Ledger::open(place, env, Seal::new([7; 32]), stages, &genesis)?;
        let hub = Hub { ledger, clock };
        if runs.is_none() {
            let begun = Instant::now();
            hub.play(begin, events)?;
            said("the log of five years, made", begun);
        }
        hub.clock.set(now);
        hub.ledger.catch_up()?;
        Ok(hub)
    }

    fn play(&self, begin: Micros, events: u64) -> Done<()> {
        let key = self.ledger.signing_key()?;
        self.ledger.write(|tx| assure::furnish(tx, &key))?;
        self.ledger.catch_up()?;
        let catalogue = self.ledger.read(Catalogue::of)?;
        let kinds: Vec<&Definition> = catalogue.all().collect();
        let mut of = Drawn { n: 0, kinds: &kinds };
        self.ledger.write(|tx| {
            (0..ORGS).flat_map(organisation).try_for_each(|(kind, meta)| tx.append(Draft::new(kind, &meta)?).map(drop))
        })?;
        for hour in 0..HOURS {
            let at = begin.plus_hours(hour);
            self.clock.set(at);
            let until = events * (hour as u64 + 1) / HOURS as u64;
            let from = of.n;
            self.ledger.write(|tx| {
                of.n = from;
                while of.n < until {
                    let (kind, meta) = of.event(at);
                    tx.append(Draft::new(kind, &meta)?)?;
                    of.n += 1;
                }
                Ok(())
            })?;
            if hour % 720 == 719 {
                self.ledger.catch_up()?;
            }
        }
        Ok(())
    }

    fn measure(&self, events: u64) -> Done<()> {
        let now = self.clock_now();
        let mut figures = Vec::new();
        for _ in 0..READINGS {
            let begun = Instant::now();
            figures = self.ledger.read(|tx| assure::compute(tx, now, now, None))?;
            said(&format!("all measures, {events} events, read from the store"), begun);
        }
        eprintln!("{} of {} have a value", figures.iter().filter(|f| f.value.is_some()).count(), figures.len());
        let memory = Memory::default();
        let all = |work: &str| -> Done<()> {
            let now = self.clock_now();
            let begun = Instant::now();
            self.ledger.read(|tx| memory.compute(tx, now, now, None))?;
            said(work, begun);
            Ok(())
        };
        all("all measures, first in memory")?;
        all("all measures, nothing new")?;
        let of = ["object", "exposure", "answer", "engagement", "activity", "organisation", "trust"];
        for (n, what) in of.into_iter().enumerate() {
            self.clock.set(Micros(self.clock_now().0 + 1_000_000));
            let (kind, meta) = more(what, n as u64, self.clock_now());
            self.ledger.write(|tx| tx.append(Draft::new(kind, &meta)?).map(drop))?;
            self.ledger.catch_up()?;
            all(&format!("all measures, after one more {what}"))?;
        }
        let period: Period = Period::holding(now);
        for figure in &figures {
            let (begun, now) = (Instant::now(), self.clock_now());
            self.ledger.read(|tx| memory.explain(tx, &figure.id, now, now, Some(&period)))?;
            said(
                &format!("explain {} {:?} {:?}/{:?}", figure.id, figure.value, figure.numerator, figure.denominator),
                begun,
            );
        }
        Ok(())
    }

    fn clock_now(&self) -> Micros {
        use ledger::Clock;
        self.clock.now()
    }
}

fn said(work: &str, begun: Instant) {
    println!("{}", json!({ "work": format!("assure: {work}"), "seconds": begun.elapsed().as_secs_f64() }));
}

/// A number that nobody can guess from `n`, the same each time (splitmix64).
fn drawn(n: u64, salt: u64) -> u64 {
    let mut z = n.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(salt.wrapping_mul(0xd1b5_4a32_d192_ed03));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn org(n: u64) -> String {
    if n == 0 { "home".to_owned() } else { format!("org-{n}") }
}

fn country(n: u64) -> &'static str {
    ["US", "PL", "DE", "JP", "KE", "BR", "FR", "IN"][n as usize % 8]
}

fn organisation(n: u64) -> Vec<(&'static str, Value)> {
    let kind = if n == 0 { "agency" } else { ["csirt", "operator", "operator", "vendor"][n as usize % 4] };
    let meta = json!({ "key": org(n), "name": format!("Organisation {n}"), "kind": kind, "country": country(n / 4), "languages": [] });
    let trust = json!({ "org": org(n), "from": "2021-01-01", "to": "2027-12-31", "reason": "vetted", "by": "ana" });
    let agreed = json!({ "org": org(n), "agreement": "a", "name": "a", "from": "2021-01-01", "to": null, "clearance": "AMBER", "by": "ana" });
    let key = json!({ "org": org(n), "key": format!("key-{n}"), "state": "active", "by": "ana" });
    let mut said = vec![("partners.org", meta)];
    if n.is_multiple_of(4) {
        said.extend([("partners.trust", trust), ("partners.agreement", agreed), ("partners.key", key)]);
    }
    said
}

/// One more of a kind, beside what five years held.
fn more(what: &str, n: u64, at: Micros) -> (&'static str, Value) {
    let n = u64::MAX / 2 + n;
    match what {
        "object" => object(n),
        // seven assets of which nothing was said yet
        "exposure" => changed(at.0.unsigned_abs(), "affected"),
        "answer" => ("act.answered", ask(n, true)),
        "organisation" => (
            "partners.org",
            json!({ "key": format!("org-{}", at.0), "name": "New", "kind": "operator", "country": "PL", "languages": [] }),
        ),
        "trust" => (
            "partners.trust",
            json!({ "org": "org-8", "from": at.day(), "to": "2027-12-31", "reason": "vetted", "by": "ana" }),
        ),
        _ => {
            let fields = json!({ "reference": "r", "title": "one more", "held_on": at.day(), "partners": ["org-4"],
                "vulnerabilities": ["CVE-2024-10001"], "format": "meeting" });
            ("assure.record", record(what, &format!("{what}-more"), "held", &fields))
        }
    }
}

struct Drawn<'a> {
    n: u64,
    kinds: &'a [&'a Definition],
}

impl Drawn<'_> {
    fn event(&self, at: Micros) -> (&'static str, Value) {
        let n = self.n;
        match drawn(n, 1) % 1_000 {
            0..=3 => changed(n, ["affected", "affected", "fixed"][drawn(n, 2) as usize % 3]),
            4..=6 => ("act.sent", ask(n, false)),
            7..=8 => ("act.answered", ask(n, true)),
            9..=26 => ("assure.record", self.record(at)),
            27..=32 => ("assure.backed", self.backed()),
            _ => object(n),
        }
    }

    fn kind(&self, n: u64) -> &Definition {
        self.kinds[drawn(n, 3) as usize % self.kinds.len()]
    }

    fn record(&self, at: Micros) -> Value {
        // one of five says something new of a record that is there
        let n = if drawn(self.n, 4).is_multiple_of(5) { self.n - drawn(self.n, 5) % (self.n + 1) } else { self.n };
        let definition = self.kind(n);
        let fields: Map<String, Value> = definition
            .fields
            .iter()
            .enumerate()
            .filter(|(place, field)| field.required || !drawn(n, 100 + *place as u64).is_multiple_of(8))
            .map(|(place, field)| (field.name.clone(), value(field, drawn(self.n, 200 + place as u64), at)))
            .collect();
        let state = &definition.states[drawn(self.n, 6) as usize % definition.states.len()].name;
        record(&definition.kind, &id(&definition.kind, n), state, &fields.into())
    }

    fn backed(&self) -> Value {
        let n = self.n - drawn(self.n, 7) % (self.n / 4 + 1);
        let definition = self.kind(n);
        let id = id(&definition.kind, n);
        json!({ "record": definition.kind, "id": id, "means": "evidence", "evidence": "E2", "org": "home", "fields": "", "note": "minutes", "by": "ben" })
    }
}

/// Few enough that links meet what is there.
fn id(kind: &str, n: u64) -> String {
    format!("{kind}-{}", drawn(n, 8) % 6_000)
}

fn record(kind: &str, id: &str, state: &str, fields: &Value) -> Value {
    json!({ "record": kind, "id": id, "name": id, "state": state, "fields": fields, "tags": ["isp:1.2"], "marking": "AMBER",
        "source": "local", "by": "ana", "orgs": ["org-4"] })
}

fn value(field: &Field, n: u64, at: Micros) -> Value {
    let day = || Micros(at.0 - (n % 30) as i64 * Micros::DAY).day();
    let one = |n: u64| -> String {
        match field.kind {
            Type::Choice | Type::Choices => field.options[n as usize % field.options.len()].clone(),
            Type::Org | Type::Orgs => org(n % ORGS),
            Type::Country | Type::Countries => country(n).to_owned(),
            Type::Link | Type::Links => id(&field.to, n),
            Type::Entity | Type::Entities => format!("plc-{}", n % 40_000),
            Type::Vulnerabilities => flaw(n),
            _ => format!("text {n}"),
        }
    };
    match field.kind {
        Type::Day => day().into(),
        Type::Instant => format!("{}T09:00:00+00:00[UTC]", day()).into(),
        Type::Number | Type::Count => (field.min.unwrap_or_default() + (n % 5) as f64).into(),
        Type::Flag => (!n.is_multiple_of(4)).into(),
        kind if kind.is_list() => vec![one(n), one(n / 7 + 1)].into(),
        _ => one(n).into(),
    }
}

fn flaw(n: u64) -> String {
    format!("CVE-2024-{}", 10_000 + n % FLAWS)
}

fn object(n: u64) -> (&'static str, Value) {
    let of = ["indicator", "malware", "observed-data", "report", "attack-pattern", "course-of-action", "tool", "note"];
    let kind = of[drawn(n, 11) as usize % of.len()];
    let source = org(1 + drawn(n, 12) % (ORGS - 1));
    (
        "exchange.object",
        json!({ "collection": "c", "id": format!("{kind}--{n}"), "type": kind, "source": source, "by": "feed", "spec": "2.1" }),
    )
}

fn changed(n: u64, status: &str) -> (&'static str, Value) {
    let owner = org(1 + drawn(n, 13) % (ORGS - 1));
    let change = |k: u64| {
        json!({ "level": "asset", "subject": format!("plc-{}", (drawn(n, 14) + k) % 40_000), "source": owner, "vulnerability": flaw(drawn(n, 15)),
            "status": status, "advisory": "V", "country": country(drawn(n, 13) / 4), "holder": owner, "reason": "…" })
    };
    let changes: Vec<Value> = (0..7).map(change).collect();
    ("expose.changed", json!({ "cause": 0, "why": "…", "owner": owner, "matcher": 1, "changes": changes }))
}

fn ask(n: u64, answered: bool) -> Value {
    let party = org(1 + drawn(n, 16) % (ORGS - 1));
    let mut meta = json!({ "ask": format!("A-{n}"), "message_id": format!("m-{n}"), "party": party, "addressee": party, "advisory": "V",
        "vulnerabilities": [flaw(drawn(n, 17))], "channel": "folder" });
    if answered {
        meta["answer"] = ["fixed", "no-answer", "mitigated"][drawn(n, 18) as usize % 3].into();
        meta["evidence"] = "E2".into();
        meta["claimant"] = meta["addressee"].clone();
        meta["by"] = "link".into();
    }
    meta
}
