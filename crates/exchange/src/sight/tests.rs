//! Sightings on both engines: who sees that what was seen, in whatever order it came, and that nobody else can tell.
use super::{list, unknown};
use crate::Exchange;
use crate::admit::{Origin, Sees, import_stix};
use crate::collection::{self, NewCollection};
use crate::page::{self, Query, Versions};
use crate::rights::{self, Sight};
use ledger::testkit::{START, TestStore, engines, sqlite};
use ledger::{Error, Event, Ledger, Micros, SeededEntropy, Stage, Tx};
use partners::stage::AgreementMeta;
use partners::{NewPerson, Partners, Role};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use stix::{Tlp, tlp};

/// A hub, with a collection that the organisations `a` and `b` read.
struct Hub {
    ledger: Ledger,
    store: TestStore,
    collection: String,
}

const MARK: &str = "marking-definition--00000000-0000-4000-8000-000000000100";

fn id(kind: &str, n: usize) -> String {
    format!("{kind}--00000000-0000-4000-8000-{n:012}")
}

fn of(kind: &str, n: usize, second: u8, rest: &str) -> String {
    format!(
        r#"{{"type":"{kind}","spec_version":"2.1","id":"{}","created":"2020-01-01T00:00:00Z","modified":"2020-01-01T00:00:{second:02}Z"{rest}}}"#,
        id(kind, n)
    )
}

fn pattern(n: usize, second: u8, pattern: &str, rest: &str) -> String {
    let rest = format!(
        r#","name":"n{n}","pattern":"{pattern}","pattern_type":"stix","valid_from":"2025-01-01T00:00:00Z"{rest}"#
    );
    of("indicator", n, second, &rest)
}

/// An indicator of the address of this number.
fn indicator(n: usize, rest: &str) -> String {
    pattern(n, 0, &format!("[ipv4-addr:value = '{}']", value(n)), rest)
}

fn value(n: usize) -> String {
    format!("198.51.{}.{}", n / 250, n % 250)
}

fn address(n: usize, rest: &str) -> String {
    format!(r#"{{"type":"ipv4-addr","spec_version":"2.1","id":"{}","value":"{}"{rest}}}"#, id("ipv4-addr", n), value(n))
}

fn observed(n: usize, addresses: &[usize], rest: &str) -> String {
    let refs: Vec<String> = addresses.iter().map(|n| format!("{:?}", id("ipv4-addr", *n))).collect();
    let rest = format!(
        r#","first_observed":"2025-06-01T00:00:00Z","last_observed":"2025-06-02T00:00:00Z","number_observed":3,"object_refs":[{}]{rest}"#,
        refs.join(",")
    );
    of("observed-data", n, 0, &rest)
}

fn marked(id: &str) -> String {
    format!(r#","object_marking_refs":["{id}"]"#)
}

fn terms(terms: &str) -> String {
    let extension = stix::marking::TERMS_EXTENSION;
    format!(
        r#"{{"type":"marking-definition","spec_version":"2.1","id":"{MARK}","created":"2020-01-01T00:00:00Z","extensions":{{"{extension}":{{"extension_type":"property-extension"{terms}}}}}}}"#
    )
}

impl Hub {
    fn new(store: TestStore) -> Hub {
        Hub::with(store, Vec::new())
    }

    /// With later stages.
    fn with(store: TestStore, later: Vec<Arc<dyn Stage>>) -> Hub {
        let mut stages: Vec<Arc<dyn Stage>> = vec![Arc::new(Partners), Arc::new(Exchange::default())];
        stages.extend(later);
        let ledger = store.open(stages);
        ledger.catch_up().unwrap();
        let mut hub = Hub { ledger, store, collection: String::new() };
        hub.collection = hub.make("box", &["a", "b"]);
        let hashed = partners::person::hash("correct horse", &SeededEntropy::new(9)).unwrap();
        for (name, org) in [("anna", "a"), ("bert", "b")] {
            let person = NewPerson { name, org, role: Role::Partner, clearance: Some(Tlp::Red), until: None };
            hub.ledger.write(|tx| partners::add_person(tx, &person, &hashed)).unwrap();
            hub.agree(org, None, Tlp::Amber, false);
        }
        hub
    }

    fn make(&self, title: &str, read: &[&str]) -> String {
        let read: Vec<String> = read.iter().map(|org| (*org).to_owned()).collect();
        let new = NewCollection { title, id: None, root: None, tlp: Some(Tlp::Green), read: &read, write: &[] };
        let id = self.ledger.write(|tx| collection::add(tx, &new)).unwrap();
        self.ledger.catch_up().unwrap();
        id
    }

    fn agree(&self, org: &str, to: Option<&str>, clearance: Tlp, sightings: bool) {
        let (from, clearance) = ("2025-01-01".to_owned(), clearance.to_string());
        let meta = AgreementMeta {
            org: org.to_owned(),
            from,
            to: to.map(str::to_owned),
            clearance,
            sightings,
            ..AgreementMeta::default()
        };
        self.ledger.write(|tx| partners::org::agree(tx, &meta)).unwrap();
        self.ledger.catch_up().unwrap();
    }

    fn give(&self, org: &str, objects: &[String]) {
        self.give_to(&self.collection, org, objects);
    }

    #[track_caller]
    fn give_to(&self, collection: &str, org: &str, objects: &[String]) {
        let bytes = format!(r#"{{"objects":[{}]}}"#, objects.join(","));
        let source = format!("taxii:{org}");
        let origin = Origin { file: "f", collection, source: &source, tlp: None, by: org, sees: Sees::All, hops: None };
        let intake = import_stix(&self.ledger, bytes.as_bytes(), &origin).unwrap();
        assert_eq!((intake.refused.len(), intake.review.len()), (0, 0), "{intake:?}");
        self.ledger.catch_up().unwrap();
    }

    fn today(&self) -> jiff::civil::Date {
        self.ledger.env().clock.now().day().parse().unwrap()
    }

    /// All that somebody reads.
    fn reads(&self, name: &str) -> Vec<serde_json::Value> {
        rights::turn(&self.ledger).unwrap();
        let bytes = self.ledger.read(|tx| {
            let person = partners::person::person(tx, name, "home")?.unwrap();
            let collection = collection::find(tx, &self.collection)?.unwrap();
            let mut out = Vec::new();
            if let Sight::View(view) = rights::sight(tx, &person, &collection, self.today())? {
                let all = Versions { all: true, ..Versions::default() };
                page::objects(tx, view, &Query { versions: all, ..Query::default() }, &mut out)?;
            }
            Ok(out)
        });
        serde_json::from_str(&format!("[{}]", String::from_utf8(bytes.unwrap()).unwrap())).unwrap()
    }

    /// The sightings that somebody reads.
    fn told(&self, name: &str) -> Vec<serde_json::Value> {
        self.reads(name).into_iter().filter(|object| object["type"] == "sighting").collect()
    }

    /// What the operator's list says of each: indicator, observed-data, whether its giver is told, and why.
    fn says(&self) -> String {
        let short = |id: &str| id.replace("--00000000-0000-4000-8000-0000000000", " ").replace("observed-data", "data");
        let line = |line: &super::Line| {
            let by = |org: &Option<String>| org.clone().unwrap_or_else(|| "operator".to_owned());
            let observed = line.observed.as_deref().unwrap_or("a sighting");
            let told = line.told.map_or("", |told| if told { "yes, " } else { "no, " });
            format!(
                "{} of {}, {} of {}: {told}{}",
                short(&line.indicator),
                by(&line.producer),
                short(observed),
                by(&line.seen_by),
                line.why
            )
        };
        let lines = self.ledger.read(|tx| list(tx, None, "home", self.today())).unwrap();
        lines.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    fn unknown(&self) -> String {
        let lines = self.ledger.read(unknown).unwrap();
        let short = |id: &str| id.replace("--00000000-0000-4000-8000-0000000000", " ");
        lines
            .iter()
            .map(|u| format!("{}|{}|{}", short(&u.indicator), short(&u.observed), u.why))
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// The pairs that are recorded.
    fn pairs(&self) -> BTreeSet<(String, String)> {
        let sql = "SELECT indicator, observed FROM @sighted WHERE seen IS NOT NULL ORDER BY indicator, observed";
        let pairs = self.ledger.read(|tx| tx.all(sql, &[], |r| (r.text(0).to_owned(), r.text(1).to_owned()))).unwrap();
        let set: BTreeSet<_> = pairs.iter().cloned().collect();
        assert_eq!(set.len(), pairs.len(), "each once");
        set
    }

    #[track_caller]
    fn is_whole(&self) {
        assert_eq!(self.ledger.parked().unwrap(), []);
        let due = self.ledger.read(|tx| tx.all("SELECT object FROM @sight_due", &[], |r| r.int(0))).unwrap();
        assert_eq!(due, [0_i64; 0], "nothing is left to be matched");
        let verified = self.ledger.verify(true).unwrap();
        assert!(verified.findings.is_empty(), "{:?}", verified.findings);
    }
}

/// A later stage, which fails when it is told to: then all of the unit is undone.
#[derive(Default)]
struct Trips(AtomicBool);

impl Stage for Trips {
    fn name(&self) -> &'static str {
        "trips"
    }

    fn schema(&self) -> &'static str {
        ""
    }

    fn kinds(&self) -> &'static [&'static str] {
        &["exchange.object"]
    }

    fn apply(&self, _: &mut Tx<'_>, _: &Event) -> ledger::Result<()> {
        match self.0.load(Ordering::Relaxed) {
            true => Err(Error::Engine("tripped".to_owned())),
            false => Ok(()),
        }
    }
}

/// Patterns are kept in memory by the number of their entry; one that was undone leaves its number to another.
#[test]
fn an_indicator_that_was_undone_is_forgotten() {
    for store in engines() {
        let trips = Arc::new(Trips::default());
        let hub = Hub::with(store, vec![Arc::clone(&trips) as Arc<dyn Stage>]);
        hub.give("b", &[observed(1, &[1, 2], ""), address(1, ""), address(2, "")]);
        hub.give("a", &[indicator(1, "")]);
        trips.0.store(true, Ordering::Relaxed);
        let undone = format!(r#"{{"objects":[{}]}}"#, indicator(3, ""));
        let collection = &hub.collection;
        let origin =
            Origin { file: "f", collection, source: "taxii:a", tlp: None, by: "a", sees: Sees::All, hops: None };
        assert!(import_stix(&hub.ledger, undone.as_bytes(), &origin).is_err());
        trips.0.store(false, Ordering::Relaxed);
        hub.give("a", &[indicator(2, "")]);
        hub.give("b", &[observed(2, &[2], ""), observed(3, &[3], ""), address(3, "")]);
        let pair = |i: usize, o: usize| (id("indicator", i), id("observed-data", o));
        assert_eq!(hub.pairs(), [pair(1, 1), pair(2, 1), pair(2, 2)].into());
        hub.is_whole();
    }
}

#[test]
fn two_organisations() {
    for store in engines() {
        let hub = Hub::new(store);
        hub.give("b", &[observed(1, &[1], ""), address(1, "")]);
        hub.give("a", &[indicator(1, ""), indicator(3, "")]);
        hub.give("b", &[observed(2, &[1, 2], ""), address(2, "")]);
        let own =
            |n: &usize| hub.ledger.read(|tx| list(tx, Some(&id("indicator", *n)), "home", hub.today())).unwrap().len();
        assert_eq!([1, 2, 3].map(|n| own(&n)), [2, 0, 0]);
        insta::allow_duplicates! {
            insta::assert_snapshot!(hub.says(), @r"
            indicator 01 of a, data 01 of b: no, no agreement in force with a has the clause `sightings` [sightings-agreed]
            indicator 01 of a, data 02 of b: no, no agreement in force with a has the clause `sightings` [sightings-agreed]
            ");
        }
        assert_eq!((hub.told("anna").len(), hub.told("bert").len()), (0, 0), "nothing was agreed");
        let before = hub.reads("bert");
        hub.agree("a", None, Tlp::Amber, true);
        let told = hub.told("anna");
        let mut first = told[0].clone();
        for drawn in ["id", "created", "modified", "created_by_ref"] {
            first[drawn] = "-".into();
        }
        insta::allow_duplicates! {
            insta::assert_snapshot!(first.to_string(), @r#"{"count":3,"created":"-","created_by_ref":"-","first_seen":"2025-06-01T00:00:00Z","id":"-","last_seen":"2025-06-02T00:00:00Z","modified":"-","object_marking_refs":["marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb"],"sighting_of_ref":"indicator--00000000-0000-4000-8000-000000000001","spec_version":"2.1","type":"sighting"}"#);
            insta::assert_snapshot!(hub.says(), @r"
            indicator 01 of a, data 01 of b: yes, by its agreement, in the collection to which it gave the indicator
            indicator 01 of a, data 02 of b: yes, by its agreement, in the collection to which it gave the indicator
            ");
        }
        assert_eq!(told.len(), 2);
        let text = serde_json::to_string(&told).unwrap();
        for secret in [id("observed-data", 1), id("observed-data", 2), id("ipv4-addr", 1), "taxii".to_owned()] {
            assert!(!text.contains(&secret), "{secret} in {text}");
        }
        assert_eq!(hub.reads("bert"), before, "who observed reads what it read");
        let size = hub.ledger.size().unwrap();
        hub.give("b", &[observed(2, &[1, 2], "")]);
        assert_eq!(hub.ledger.size().unwrap(), size, "once");
        hub.agree("a", Some("2025-12-31"), Tlp::Amber, true);
        assert_eq!(hub.told("anna").len(), 0, "the agreement has ended");
        hub.agree("a", None, Tlp::Amber, true);
        hub.store.clock.set(Micros(START.0 + Micros::DAY));
        assert_eq!(hub.told("anna").len(), 2, "agreed anew");
        hub.is_whole();
    }
}

/// A purge of what was observed takes the sightings with it, and a higher mark raises them; a purged indicator is not matched any more.
#[test]
fn purged_and_marked_anew() {
    use crate::purge::Matter;
    for store in engines() {
        let hub = Hub::new(store);
        hub.agree("a", None, Tlp::Amber, true);
        hub.give("a", &[indicator(1, ""), indicator(2, "")]);
        hub.give("b", &[observed(1, &[1], ""), address(1, ""), observed(2, &[2], ""), address(2, "")]);
        assert_eq!((hub.told("anna").len(), hub.pairs().len()), (2, 2));
        let purge = |id: &str| crate::tests::purge_all(&hub.ledger, &Matter::Object(id, None)).unwrap();
        assert_eq!(purge(&id("observed-data", 1)), 2, "and the sighting");
        hub.ledger.catch_up().unwrap();
        assert_eq!((hub.told("anna").len(), hub.pairs().len()), (1, 1));
        hub.is_whole();
        let remark =
            crate::remark::Remark { object: &id("observed-data", 2), tlp: Tlp::Red, reason: "a spill", by: "ann" };
        assert_eq!(hub.ledger.write(|tx| crate::remark::record(tx, &remark)).unwrap(), 2, "and the sighting");
        hub.ledger.catch_up().unwrap();
        assert_eq!(hub.told("anna").len(), 0);
        assert_eq!(purge(&id("indicator", 2)), 1);
        hub.ledger.catch_up().unwrap();
        hub.give("b", &[observed(3, &[2], "")]);
        assert_eq!(hub.pairs().len(), 1, "nothing new");
        hub.is_whole();
    }
}

/// What `a`, cleared for RED and told of sightings, is told where `b` saw its indicator: by what is marked, and how.
#[test]
fn marks_of_what_was_seen() {
    #[track_caller]
    fn check(objects: &[&str], definition: &str, expected: &str) {
        let hub = Hub::new(sqlite());
        hub.agree("a", None, Tlp::Red, true);
        let with = |n: usize, make: &dyn Fn(&str) -> String| {
            make(&objects.get(n).filter(|m| !m.is_empty()).map(|m| marked(m)).unwrap_or_default())
        };
        hub.give("a", &[with(0, &|rest| indicator(1, rest))]);
        hub.give("b", &[with(1, &|rest| observed(1, &[1], rest)), with(2, &|rest| address(1, rest))]);
        if !definition.is_empty() {
            assert_eq!(
                hub.pairs().len(),
                usize::from(!objects[..2].contains(&MARK)),
                "what waits for a marking is not matched"
            );
            hub.give("b", &[terms(definition)]);
        }
        let says = hub.says();
        let label = hub
            .told("anna")
            .first()
            .map(|told| told["object_marking_refs"][0].as_str().unwrap().to_owned())
            .unwrap_or_default();
        let label =
            tlp::TLP2.iter().find(|(id, _)| *id == label).map(|(_, tlp)| format!("TLP:{tlp}")).unwrap_or_default();
        let said = says.rsplit_once('[').map_or(says.as_str(), |(_, rule)| rule.trim_end_matches(']'));
        assert_eq!(if label.is_empty() { said } else { &label }, expected, "{says}");
        hub.is_whole();
    }
    let [clear, green, amber, strict, red, _] = tlp::TLP2.map(|(id, _)| id);
    check(&["", "", ""], "", "TLP:GREEN");
    check(&[clear, clear, clear], "", "TLP:CLEAR");
    check(&[amber, clear, ""], "", "TLP:AMBER");
    check(&["", amber, ""], "", "TLP:AMBER");
    check(&["", "", amber], "", "TLP:AMBER");
    check(&["", strict, ""], "", "sighting-withheld");
    check(&["", "", strict], "", "sighting-withheld");
    check(&["", red, ""], "", "sighting-withheld");
    check(&[strict, green, ""], "", "TLP:AMBER+STRICT");
    check(&["", MARK, ""], r#","originator_control":true"#, "sighting-withheld");
    check(&["", MARK, ""], r#","hops":3"#, "sighting-withheld");
    check(&["", MARK, ""], r#","audience":["a"]"#, "sighting-withheld");
    check(&["", MARK, ""], r#","colour":"mauve""#, "sighting-withheld");
    check(&["", MARK, ""], r#","embargo_until":"2030-01-01T00:00:00Z""#, "embargo");
    check(&[MARK, "", ""], r#","embargo_until":"2030-01-01T00:00:00Z""#, "embargo");
    check(&[MARK, "", ""], r#","originator_control":true,"audience":["z"]"#, "TLP:GREEN");
    check(&["", "", MARK], "", "sighting-withheld");
}

/// What counts: the latest version that is not revoked, within its time, with observables of one collection.
#[test]
fn what_counts() {
    #[track_caller]
    fn check(given: &[(&str, Vec<String>)], expected: usize) {
        let hub = Hub::new(sqlite());
        let side = hub.make("side", &["a", "b"]);
        for (to, objects) in given {
            hub.give_to(if *to == "side" { &side } else { &hub.collection }, "b", objects);
        }
        assert_eq!(hub.pairs().len(), expected, "{given:?}");
        hub.is_whole();
    }
    let seen = || ("box", vec![observed(1, &[1], ""), address(1, "")]);
    let sought = |rest: &str| ("box", vec![indicator(1, rest)]);
    let version = |second, of: usize, rest: &str| {
        ("box", vec![pattern(1, second, &format!("[ipv4-addr:value = '{}']", value(of)), rest)])
    };
    check(&[sought(""), seen()], 1);
    check(&[sought(r#","revoked":true"#), seen()], 0);
    check(&[version(1, 1, ""), version(2, 1, r#","revoked":true"#), seen()], 0);
    check(&[version(1, 1, ""), version(2, 2, ""), seen()], 0);
    check(&[version(2, 2, ""), version(1, 1, ""), seen()], 0);
    check(&[seen(), version(2, 1, ""), version(1, 2, "")], 1);
    check(&[sought(r#","valid_until":"2025-06-01T00:00:00Z""#), seen()], 0);
    check(&[sought(r#","valid_until":"2025-06-01T00:00:00.001Z""#), seen()], 1);
    let from = |at: &str| ("box", vec![indicator(1, "").replace("2025-01-01T00:00:00Z", at)]);
    check(&[seen(), from("2025-06-02T00:00:00.000Z")], 1);
    check(&[seen(), from("2025-06-02T00:00:00.001Z")], 0);
    check(&[sought(""), ("box", vec![observed(1, &[1], r#","revoked":true"#), address(1, "")])], 0);
    // an observable that stands elsewhere is not held for it, until both stand in one collection
    check(&[sought(""), ("box", vec![observed(1, &[1], "")]), ("side", vec![address(1, "")])], 0);
    check(
        &[
            sought(""),
            ("box", vec![observed(1, &[1], "")]),
            ("side", vec![address(1, "")]),
            ("side", vec![observed(1, &[1], "")]),
        ],
        1,
    );
    check(
        &[
            sought(""),
            ("box", vec![observed(1, &[1], "")]),
            ("side", vec![address(1, "")]),
            ("box", vec![address(1, "")]),
        ],
        1,
    );
}

#[test]
fn what_is_not_known_is_told() {
    for store in engines() {
        let hub = Hub::new(store);
        let foreign = of(
            "indicator",
            4,
            0,
            r#","pattern":"rule x {}","pattern_type":"yara","valid_from":"2025-01-01T00:00:00Z""#,
        );
        let several = format!("[ipv4-addr:value = '{}'] FOLLOWEDBY [ipv4-addr:value = '{}']", value(1), value(2));
        hub.give(
            "a",
            &[
                indicator(1, ""),
                indicator(2, &marked(MARK)),
                pattern(3, 0, &several, ""),
                foreign,
                pattern(5, 0, r"[file:name MATCHES '(a)\\\\1']", ""),
            ],
        );
        hub.give("b", &[observed(1, &[1, 9], ""), address(1, "")]);
        insta::allow_duplicates! {
            insta::assert_snapshot!(hub.unknown(), @r"
            indicator 03||its pattern takes several observations, which are looked for within one observed-data object only
            indicator 05||its pattern is not run: a back-reference at character 5 of the regular expression is not run: it needs backtracking
            indicator 04||its pattern is of the type yara, which is not run
            indicator 02||it waits for a marking that is not held
            |observed-data 01|of what it names, 1 are not held
            ");
        }
        assert_eq!(hub.pairs().len(), 1);
        let said = |second, rest: &str| {
            let rest = format!(r#","sighting_of_ref":"{}","count":7{rest}"#, id("indicator", 1));
            of("sighting", 1, second, &rest)
        };
        hub.give("b", &[said(1, "")]);
        insta::allow_duplicates! {
            insta::assert_snapshot!(hub.says(), @r"
            indicator 01 of a, data 01 of b: no, no agreement in force with a has the clause `sightings` [sightings-agreed]
            indicator 01 of a, a sighting of b: as its sender marked it
            ");
        }
        hub.give("b", &[said(2, r#","revoked":true"#)]);
        assert_eq!(hub.says().lines().count(), 1);
        hub.is_whole();
    }
}

/// Indicators, observed-data, observables and a marking that some of them wait for.
fn world() -> Vec<String> {
    let mut all = vec![terms(r#","hops":1"#)];
    all.extend((1..=4).map(|n| indicator(n, &if n == 2 { marked(MARK) } else { String::new() })));
    all.extend((1..=4).map(|n| address(n, "")));
    all.push(observed(1, &[1, 2], ""));
    all.push(observed(2, &[2, 3, 8], &marked(MARK)));
    all.push(observed(3, &[4], ""));
    all.push(pattern(5, 0, "[ipv4-addr:value LIKE '198.51.%']", ""));
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whichever came first, and in however many parts it came: the same pairs.
    #[test]
    fn the_order_does_not_matter(order in Just((0..world().len()).collect::<Vec<_>>()).prop_shuffle(), cuts in prop::collection::vec(1_usize..5, 14)) {
        let hub = Hub::new(sqlite());
        let (all, mut at) = (world(), 0);
        for cut in cuts {
            let part: Vec<String> = order.iter().skip(at).take(cut).filter_map(|n| all.get(*n).cloned()).collect();
            at += cut;
            if !part.is_empty() {
                hub.give("b", &part);
            }
        }
        prop_assert!(at >= all.len());
        let pairs: Vec<String> = hub.pairs().iter().map(|(i, o)| format!("{} {}", i.chars().next_back().unwrap(), o.chars().next_back().unwrap())).collect();
        prop_assert_eq!(pairs.join(", "), "1 1, 2 1, 2 2, 3 2, 4 3, 5 1, 5 2, 5 3");
        hub.is_whole();
    }
}

/// Tens of thousands of patterns, in slices, up to the limits.
#[test]
fn many() {
    let hub = Hub::new(sqlite());
    let clock = std::time::Instant::now();
    let indicators: Vec<String> = (0..10_000).map(|n| indicator(n, "")).collect();
    hub.give("a", &indicators);
    println!("10,000 indicators in {:?}", clock.elapsed());
    let clock = std::time::Instant::now();
    let seen: Vec<String> = (0..1_010).flat_map(|n| [observed(n, &[n * 20], ""), address(n * 20, "")]).collect();
    hub.give("b", &seen);
    println!("1,010 observed-data against them in {:?}", clock.elapsed());
    assert_eq!(hub.pairs().len(), 500);
    let clock = std::time::Instant::now();
    hub.give("a", &[pattern(10_000, 0, "[ipv4-addr:value LIKE '198.51.%']", ""), indicator(10_001, "")]);
    println!("two indicators against what is held in {:?}", clock.elapsed());
    assert_eq!(hub.pairs().len(), 500 + 1_000);
    assert_eq!(
        hub.unknown(),
        format!("{}||it was seen more than 1000 times, of which no more are recorded", id("indicator", 10_000))
    );
    hub.is_whole();
}

/// A peer into whose hub objects are given.
struct Other<'l>(&'l Hub);

impl crate::peer::sync::Wire for Other<'_> {
    fn get(
        &mut self,
        _: &crate::peer::sync::Wanted<'_>,
    ) -> Result<crate::peer::sync::Page, crate::peer::sync::Trouble> {
        panic!("nothing is pulled")
    }

    fn give(&mut self, envelope: &[u8]) -> Result<Vec<u8>, crate::peer::sync::Trouble> {
        let origin = Origin {
            file: "f",
            collection: &self.0.collection,
            source: "peer:north",
            tlp: None,
            by: "north",
            sees: Sees::All,
            hops: None,
        };
        let intake = import_stix(&self.0.ledger, envelope, &origin).unwrap();
        self.0.ledger.catch_up().unwrap();
        Ok(format!(r#"{{"id":"s","status":"complete","success_count":{},"failures":[]}}"#, intake.accepted)
            .into_bytes())
    }

    fn held(&mut self, _: &[&str]) -> Result<Vec<(String, String)>, crate::peer::sync::Trouble> {
        panic!("nothing is mended")
    }

    fn status(&mut self, _: &str) -> Result<Vec<u8>, crate::peer::sync::Trouble> {
        panic!("it was complete")
    }
}

/// A hub gave its own indicator to another one, and hears from there, by an ordinary push, that it was seen.
#[test]
fn a_producing_hub_hears_of_it() {
    let (north, south) = (Hub::new(sqlite()), Hub::new(sqlite()));
    south.give("home", &[indicator(1, "")]);
    north.agree("a", None, Tlp::Amber, true);
    north.give("a", &[indicator(1, "")]);
    north.give_to(&north.make("side", &["b"]), "b", &[observed(1, &[1], ""), address(1, "")]);
    let url = "https://south.example/taxii2/default/collections/91a7b528-80eb-42ed-a74d-c6fbd5a26116/";
    let new = crate::peer::NewPeer {
        name: "a",
        url,
        way: crate::peer::Way::Push,
        collection: &north.collection,
        account: "anna",
        login: "north",
        secret: None,
        authority: "",
        mends: false,
        period: 0,
    };
    crate::peer::add(&north.ledger, &new).unwrap();
    let mut peer = north.ledger.read(|tx| crate::peer::must(tx, "a")).unwrap();
    let done = crate::peer::sync::sync(&north.ledger, &mut peer, &mut Other(&south), &mut |_| true).unwrap();
    assert_eq!((done.refused, done.trouble), (0, None));
    insta::assert_snapshot!(south.says(), @"indicator 01 of operator, a sighting of north: as its sender marked it");
    south.is_whole();
}
