//! The law of views: after any history of objects, markings, agreements, people, consents and days, what a view lists is what the release
//! decision says, object by object. The decision is asked from the object's own bytes here, not from what was compiled.
use crate::Exchange;
use crate::admit::{Origin, Sees, import_stix};
use crate::collection::{self, Collection, NewCollection};
use crate::consent;
use crate::event::{self, ConsentMeta, Handling, WithdrawnMeta};
use crate::explain;
use crate::page::{self, Query, Versions};
use crate::rights::{self, Sight};
use crate::versions::{self, Held};
use jiff::civil::Date;
use ledger::testkit::{START, TestStore, engines, sqlite};
use ledger::{Draft, Ledger, Micros, SeededEntropy};
use partners::agreement::Scope;
use partners::register::Org;
use partners::stage::AgreementMeta;
use partners::{NewPerson, Partners, Role};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::sync::Arc;
use stix::{Tlp, tlp};

const ORGS: [&str; 3] = ["fr", "nl", "de"];
const PEOPLE: [(&str, &str); 5] = [("ada", "home"), ("fred", "fr"), ("fay", "fr"), ("nell", "nl"), ("dirk", "de")];

/// One step: what happens, and three numbers that say how.
type Step = (u8, u8, u8, u8);

struct World {
    ledger: Ledger,
    store: TestStore,
    collections: Vec<String>,
    day: i64,
}

/// Definitions that carry terms; the numbers are in their ids.
fn definition(n: u8) -> String {
    let terms = [
        r#"{"extension_type":"property-extension","audience":["fr"]}"#,
        r#"{"extension_type":"property-extension","audience":["identity--00000000-0000-4000-8000-00000000000d","fr"]}"#,
        r#"{"extension_type":"property-extension","hops":0}"#,
        r#"{"extension_type":"property-extension","originator_control":true}"#,
        r#"{"extension_type":"property-extension","embargo_until":"2026-01-03T00:00:00Z"}"#,
        r#"{"extension_type":"property-extension","embargo_until":"2026-01-05T10:00:00Z"}"#,
        r#"{"extension_type":"property-extension","colour":"mauve"}"#,
    ];
    let acs = r#"{"policy_reference":"urn:isa:policy:acs:ns:v3.0?sharedefault=permit","control_set":{"classification":"U","permitted_nationalities":["FRA","USA"]}}"#;
    let (extension, value) = match terms.get(usize::from(n)) {
        Some(terms) => (stix::marking::TERMS_EXTENSION, *terms),
        None => (stix::marking::ACS_EXTENSION, acs),
    };
    format!(
        r#"{{"type":"marking-definition","spec_version":"2.1","id":"{}","created":"2020-01-01T00:00:00Z","extensions":{{"{extension}":{value}}}}}"#,
        marking(n)
    )
}

fn marking(n: u8) -> String {
    format!("marking-definition--00000000-0000-4000-8000-0000000001{n:02}")
}

/// An object with a mark of the whole, one of a property, labels and a maker, as the numbers say.
fn object(id: u8, version: u8, marks: u8, rest: u8) -> String {
    let (kind, more) = (if id.is_multiple_of(2) { "malware" } else { "tool" }, more(marks, rest));
    format!(
        r#"{{"type":"{kind}","spec_version":"2.1","id":"{kind}--00000000-0000-4000-8000-0000000000{id:02}","created":"2020-01-01T00:00:00Z","modified":"2020-01-01T00:00:{version:02}Z","name":"n"{more}}}"#
    )
}

/// An indicator, or observed-data that each indicator of the same parity has a match in.
fn sought(id: u8, version: u8, marks: u8, rest: u8) -> String {
    let more = more(marks, rest & !12);
    let (n, name) = (id / 2, ["x", "y"][usize::from(id / 2 % 2)]);
    let (kind, body) = if id.is_multiple_of(2) {
        (
            "indicator",
            format!(r#""pattern":"[file:name = '{name}']","pattern_type":"stix","valid_from":"2020-01-01T00:00:00Z""#),
        )
    } else {
        let times =
            r#""first_observed":"2025-01-01T00:00:00Z","last_observed":"2025-01-01T00:00:00Z","number_observed":1"#;
        ("observed-data", format!(r#"{times},"objects":{{"0":{{"type":"file","name":"{name}"}}}}"#))
    };
    format!(
        r#"{{"type":"{kind}","spec_version":"2.1","id":"{kind}--00000000-0000-4000-8000-0000000000{n:02}","created":"2020-01-01T00:00:00Z","modified":"2020-01-01T00:00:{version:02}Z",{body}{more}}}"#
    )
}

fn more(marks: u8, rest: u8) -> String {
    let mut refs = Vec::new();
    if let Some((tlp, _)) = tlp::TLP2.get(usize::from(marks % 7)).filter(|_| !marks.is_multiple_of(7)) {
        refs.push((*tlp).to_owned());
    }
    if marks & 8 != 0 {
        refs.push(marking(marks / 16 % 9));
    }
    let mut more = String::new();
    if !refs.is_empty() {
        more += &format!(r#","object_marking_refs":["{}"]"#, refs.join("\",\""));
    }
    if rest & 1 != 0 {
        more += r#","labels":["ics","other"]"#;
    }
    if rest & 2 != 0 {
        more += r#","created_by_ref":"identity--00000000-0000-4000-8000-000000000001""#;
    }
    if rest & 12 == 12 {
        let mark = if rest & 16 != 0 { marking(rest / 32) } else { tlp::TLP2[usize::from(rest / 32 % 5)].0.to_owned() };
        more += &format!(r#","granular_markings":[{{"marking_ref":"{mark}","selectors":["name"]}}]"#);
    }
    more
}

impl World {
    fn new(store: TestStore) -> World {
        let ledger = store.open(vec![Arc::new(Partners), Arc::new(Exchange::default())]);
        ledger.catch_up().unwrap();
        let mut world = World { ledger, store, collections: Vec::new(), day: 0 };
        for (title, anonymise) in [("open", false), ("box", true)] {
            let id = world.collection(title, None, 3);
            let handling = Handling { anonymise, redact: !anonymise };
            world.write(|tx| {
                let standing = collection::find(tx, &id)?.unwrap();
                collection::handle(tx, &standing, handling)
            });
            world.collections.push(id);
        }
        for (n, (name, org)) in PEOPLE.into_iter().enumerate() {
            world.person(name, org, if n == 2 { Tlp::Green } else { Tlp::Red });
        }
        for n in 0..4 {
            world.give(0, ("local", Sees::All), None, &definition(n * 2));
        }
        world
    }

    fn write<T>(&self, f: impl FnMut(&mut ledger::Tx<'_>) -> ledger::Result<T>) -> T {
        let done = self.ledger.write(f).unwrap();
        self.ledger.catch_up().unwrap();
        done
    }

    fn person(&self, name: &str, org: &str, clearance: Tlp) {
        let hashed = partners::person::hash("correct horse", &SeededEntropy::new(9)).unwrap();
        let role = if org == "home" { Role::Analyst } else { Role::Partner };
        self.write(|tx| {
            partners::add_person(tx, &NewPerson { name, org, role, clearance: Some(clearance), until: None }, &hashed)
        });
    }

    fn collection(&self, title: &str, id: Option<&str>, how: u8) -> String {
        let read: Vec<String> =
            ORGS.iter().enumerate().filter(|(n, _)| how >> n & 1 == 1).map(|(_, o)| (*o).to_owned()).collect();
        let tlp = Some(Tlp::from_rank(i64::from(how / 8 % 5)));
        self.write(|tx| collection::add(tx, &NewCollection { title, id, root: None, tlp, read: &read, write: &[] }))
    }

    fn give(&self, to: u8, (source, sees): (&str, Sees), hops: Option<u32>, object: &str) {
        let collection = &self.collections[usize::from(to) % 2];
        let origin = Origin { file: "f", collection, source, tlp: None, by: "x", sees, hops };
        import_stix(&self.ledger, object.as_bytes(), &origin).unwrap();
        self.ledger.catch_up().unwrap();
    }

    /// A source, and what it may see of a collection: a peer is asked by this hub, an organisation gives by itself.
    fn source(&self, to: u8, n: u8) -> (&'static str, Sees) {
        let (source, name) =
            [("taxii:fr", "fay"), ("taxii:nl", "nell"), ("peer:de", ""), ("local", "")][usize::from(n) % 4];
        if name.is_empty() {
            return (source, Sees::All);
        }
        let today: Date = self.ledger.env().clock.now().day().parse().unwrap();
        let sight = self.ledger.read(|tx| {
            let person = partners::person::person(tx, name, "home")?.unwrap();
            let collection = collection::find(tx, &self.collections[usize::from(to) % 2])?.unwrap();
            rights::sight(tx, &person, &collection, today)
        });
        match sight.unwrap() {
            Sight::View(view) => (source, Sees::View(Some(view))),
            Sight::Nothing | Sight::Stale => (source, Sees::View(None)),
        }
    }

    fn step(&mut self, (what, a, b, c): Step) {
        let org = ORGS[usize::from(a) % 3];
        match what % 15 {
            12..=14 => {
                let hops = (a & 48 == 48).then_some(u32::from(a / 64));
                let source = self.source(a % 2, a / 4 % 3);
                self.give(a % 2, source, hops, &sought(b % 16, c % 4, if c & 96 == 96 { b } else { 1 }, c));
            }
            0..=3 => {
                let source = self.source(a / 8, a);
                let hops = (a & 32 != 0).then_some(u32::from(a / 64));
                let id = a / 4 % 8;
                self.give(a / 8, source, hops, &object(id, c % 4, b, c));
            }
            4 => self.give(a, ("local", Sees::All), None, &definition(b % 9)),
            5 => self.agree(org, a, b, c),
            6 => {
                let (name, org) = PEOPLE[1 + usize::from(a) % 4];
                self.person(name, org, Tlp::from_rank(i64::from(b % 5)));
            }
            7 => {
                let at = usize::from(a) % 2;
                self.collection(["open", "box"][at], Some(&self.collections[at].clone()), b);
            }
            8 => self.consent(org, b, c),
            9 => {
                self.write(|tx| partners::org::name_submitter(tx, org, b & 1 == 1, "a letter", "ada"));
            }
            10 => {
                self.day += 1 + i64::from(a % 2);
                self.store.clock.set(Micros(START.0 + self.day * Micros::DAY + 5));
                rights::turn(&self.ledger).unwrap();
            }
            _ if b & 1 == 1 => self.move_org(org, b, c),
            _ => self.withdraw(a, b),
        }
    }

    fn agree(&self, org: &str, a: u8, b: u8, c: u8) {
        let scope: &[&str] =
            [&[][..], &["type=tool"], &["topic=ics"], &["exposures"], &["type=malware", "topic=ics"], &[]]
                [usize::from(b) % 6];
        let scope: Vec<String> = scope.iter().map(|s| (*s).to_owned()).collect();
        let other = ORGS[(usize::from(a) + 1) % 3].to_owned();
        let name = ["", "deep", "side"][usize::from(c) % 3];
        let meta = AgreementMeta {
            org: org.to_owned(),
            from: format!("2026-01-0{}", 1 + a / 4 % 4),
            to: (a & 16 != 0).then(|| format!("2026-01-0{}", 4 + a / 32 % 4)),
            clearance: Tlp::from_rank(i64::from(b / 6 % 5)).to_string(),
            name: (!name.is_empty()).then(|| name.to_owned()),
            with: if name == "side" { vec![other.clone()] } else { Vec::new() },
            clients: if c & 32 != 0 && name == "deep" { vec![other] } else { Vec::new() },
            onward: c & 32 != 0,
            sightings: c & 48 != 48 && name != "side",
            relays: if c & 8 != 0 && name != "side" { vec!["any".to_owned()] } else { Vec::new() },
            scope: Scope::read(&scope).unwrap(),
            compelled: if c & 64 != 0 { vec!["FR:l:GREEN".parse().unwrap()] } else { Vec::new() },
            basis: None,
        };
        self.write(|tx| partners::org::agree(tx, &meta));
    }

    fn consent(&self, org: &str, b: u8, c: u8) {
        let ids = self
            .ledger
            .read(|tx| tx.all("SELECT DISTINCT id FROM @stix_object ORDER BY id", &[], |r| r.text(0).to_owned()));
        let ids = ids.unwrap();
        let id = ids[usize::from(b) % ids.len()].clone();
        let meta = ConsentMeta {
            id,
            org: org.to_owned(),
            given: c & 3 != 0,
            reason: "a letter".to_owned(),
            by: "ada".to_owned(),
        };
        self.write(|tx| consent::record(tx, &meta));
    }

    fn move_org(&self, org: &str, b: u8, c: u8) {
        let org = Org {
            key: org.to_owned(),
            name: org.to_owned(),
            kind: Some("csirt".to_owned()),
            country: [None, Some("FR"), Some("DE")][usize::from(b / 2) % 3].map(str::to_owned),
            languages: Vec::new(),
            aka: Some(if c & 1 == 1 {
                vec!["identity--00000000-0000-4000-8000-00000000000D".to_owned()]
            } else {
                Vec::new()
            }),
            agreement: None,
        };
        self.write(|tx| partners::org::add_org(tx, &org));
    }

    fn withdraw(&self, a: u8, b: u8) {
        let collection = &self.collections[usize::from(a) % 2];
        let held = self.ledger.read(|tx| {
            tx.all("SELECT object FROM @listing WHERE collection = $1 ORDER BY object", &[collection.into()], |r| {
                r.int(0)
            })
        });
        let held = held.unwrap();
        if let Some(object) = held.get(usize::from(b) % held.len().max(1)) {
            let meta = WithdrawnMeta { collection: collection.clone(), objects: vec![*object], by: "ada".to_owned() };
            self.write(|tx| tx.append(Draft::new(event::WITHDRAWN, &meta)?));
        }
    }

    /// Whether each view is what the decision says. Gives how many objects were seen, how many withheld, and how many of what was seen are
    /// sightings of this hub that a partner was told.
    #[track_caller]
    fn holds(&self) -> [usize; 3] {
        let today: Date = self.ledger.env().clock.now().day().parse().unwrap();
        rights::turn(&self.ledger).unwrap();
        let sightings = "SELECT idx FROM @sighted WHERE seen IS NOT NULL ORDER BY idx";
        let sightings: BTreeSet<i64> =
            self.ledger.read(|tx| tx.all(sightings, &[], |r| r.int(0))).unwrap().into_iter().collect();
        let mut counted = [0, 0, 0];
        for (name, org) in PEOPLE {
            for id in &self.collections {
                let (view, decided, all) = self
                    .ledger
                    .read(|tx| {
                        let collection = collection::find(tx, id)?.unwrap();
                        Ok((listed(tx, name, &collection, today)?, decided(tx, name, id, today)?, of(tx, id)?.len()))
                    })
                    .unwrap();
                assert_eq!(view, decided, "{name} in {id} on {today}");
                let told = if org == "home" { 0 } else { view.intersection(&sightings).count() };
                counted = [counted[0] + view.len(), counted[1] + all - view.len(), counted[2] + told];
            }
        }
        counted
    }
}

/// What somebody's view lists.
fn listed(tx: &mut ledger::Tx<'_>, name: &str, collection: &Collection, on: Date) -> ledger::Result<BTreeSet<i64>> {
    let person = partners::person::person(tx, name, "home")?.unwrap();
    match rights::sight(tx, &person, collection, on)? {
        Sight::View(view) => {
            let query = Query { versions: Versions { all: true, ..Versions::default() }, ..Query::default() };
            let (lines, _) = page::manifest(tx, view, &query)?;
            assert!(lines.windows(2).all(|w| w[0].added < w[1].added), "strictly rising");
            Ok(page::events(tx, view, &query)?.into_iter().collect())
        }
        Sight::Nothing => Ok(BTreeSet::new()),
        Sight::Stale => panic!("{name} is not up to date on {on}"),
    }
}

/// What the release decision lets them have; of versions that conflict what was listed first.
fn decided(tx: &mut ledger::Tx<'_>, name: &str, collection: &str, on: Date) -> ledger::Result<BTreeSet<i64>> {
    let person = partners::person::person(tx, name, "home")?.unwrap();
    let mut out = BTreeSet::new();
    let mut stand: Vec<(String, Held)> = Vec::new();
    for object in of(tx, collection)? {
        let explained = explain::of_version(tx, object, &person.recipient(), on)?.unwrap();
        let here = explained.collections.iter().find(|c| c.collection == collection).unwrap();
        assert_eq!(here.released, here.rules.iter().all(|rule| rule.passes));
        let held = versions::held(tx, &[&explained.id])?;
        let own = held.into_values().flatten().find(|one| one.object == object).unwrap();
        let gives_way = stand.iter().any(|(id, other)| *id == explained.id && !own.agrees(id, other));
        let passes = here.rules.iter().all(|rule| rule.passes || rule.rule == "gives-way");
        assert_eq!(here.released, passes && !gives_way, "what is explained is what is decided");
        if here.released {
            out.insert(object);
            stand.push((explained.id, own));
        }
    }
    Ok(out)
}

fn of(tx: &mut ledger::Tx<'_>, collection: &str) -> ledger::Result<Vec<i64>> {
    tx.all("SELECT object FROM @listing WHERE collection = $1 ORDER BY seq, object", &[collection.into()], |r| r.int(0))
}

/// Takes these steps and looks at every view after each run of `often` of them.
fn walk(store: TestStore, steps: &[Step], often: usize) -> [usize; 4] {
    let mut world = World::new(store);
    let mut counted = [0; 4];
    for steps in steps.chunks(often) {
        steps.iter().for_each(|step| world.step(*step));
        for (sum, more) in counted.iter_mut().zip(world.holds()) {
            *sum += more;
        }
    }
    assert_eq!(world.ledger.parked().unwrap(), []);
    let verified = world.ledger.verify(true).unwrap();
    assert!(verified.findings.is_empty(), "{:?}", verified.findings);
    let beside = "SELECT count(*) FROM @stix_object WHERE line <> 0";
    counted[3] = world.ledger.read(|tx| tx.one(beside, &[], |r| r.int(0))).unwrap().unwrap() as usize;
    counted
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn a_view_is_what_the_decision_says(steps in proptest::collection::vec(any::<Step>(), 10..60)) {
        walk(sqlite(), &steps, 1);
    }
}

/// The same on both engines, over one long history that has all that can happen, and both answers.
#[test]
fn a_long_history_on_both_engines() {
    for store in engines() {
        let mut state = 7_u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        let steps: Vec<Step> = (0..200).map(|_| (next(), next(), next(), next())).collect();
        let [seen, withheld, told, beside] = walk(store, &steps, 8);
        assert!(
            seen > 300 && withheld > 300 && told > 0 && beside > 10,
            "{seen} seen, {withheld} withheld, {told} told, {beside} beside others: a history that shows nothing"
        );
    }
}
