//! The stage on both engines: admission, views, rights that change; a rebuild gives the same.
use crate::admit::{Origin, Sees, import_stix};
use crate::collection::{self, NewCollection};
use crate::document::{NewDocument, import_documents};
use crate::page::{self, Query, Versions};
use crate::remark::{self, Remark};
use crate::rights::{self, Sight};
use crate::{Exchange, purge, review};
use jiff::civil::Date;
use ledger::testkit::{self, TestStore, engines, shared, sqlite};
use ledger::{Intake, Ledger, Micros, SeededEntropy};
use partners::agreement::Agreement;
use partners::{NewPerson, Partners, Role};
use std::sync::Arc;
use stix::Tlp;

mod beside;

fn open(store: &TestStore) -> Ledger {
    let ledger = store.open(vec![Arc::new(Partners), Arc::new(Exchange::default())]);
    ledger.catch_up().unwrap();
    ledger
}

fn default(ledger: &Ledger) -> String {
    ledger.read(|tx| collection::need(tx, None)).unwrap().id
}

fn give(ledger: &Ledger, collection: &str, bytes: &[u8]) -> Intake {
    give_from(ledger, collection, "local", bytes)
}

fn give_from(ledger: &Ledger, collection: &str, source: &str, bytes: &[u8]) -> Intake {
    let origin = Origin { file: "f", collection, source, tlp: None, by: "local-operator", sees: Sees::All, hops: None };
    let intake = import_stix(ledger, bytes, &origin).unwrap();
    ledger.catch_up().unwrap();
    intake
}

fn say(intake: &Intake) -> String {
    let notes = |label: &str, notes: &[ledger::Note]| {
        notes.iter().map(|n| format!("\n{label} {} {} {}", n.place, n.rule, n.id)).collect::<String>()
    };
    format!(
        "accepted {} unchanged {}{}{}{}",
        intake.accepted,
        intake.unchanged,
        notes("refused", &intake.refused),
        notes("review", &intake.review),
        notes("warning", &intake.warnings)
    )
}

/// `n` makes the id, `modified` the second of its version.
fn malware(n: u32, modified: u32, rest: &str) -> String {
    format!(
        r#"{{"type":"malware","spec_version":"2.1","id":"malware--00000000-0000-4000-8000-{n:012}","created":"2020-01-01T00:00:00.000Z","modified":"2020-01-01T00:00:{modified:02}.000Z","is_family":false{rest}}}"#
    )
}

fn marked(id: &str) -> String {
    format!(r#","object_marking_refs":["{id}"]"#)
}

fn envelope(objects: &[String]) -> Vec<u8> {
    format!(r#"{{"objects":[{}]}}"#, objects.join(",")).into_bytes()
}

#[track_caller]
fn same_after_rebuild(ledger: &Ledger) {
    assert_eq!(ledger.parked().unwrap(), []);
    let verified = ledger.verify(true).unwrap();
    assert!(verified.findings.is_empty(), "{:?}", verified.findings);
}

#[test]
fn admission() {
    for store in engines() {
        let ledger = open(&store);
        let home = default(&ledger);
        let objects = envelope(&[
            malware(1, 1, ""),
            malware(1, 1, ""),
            malware(1, 1, r#","name":"other""#),
            malware(1, 2, r#","revoked":true"#),
            malware(1, 3, ""),
            malware(2, 1, r#","created_by_ref":"identity--00000000-0000-4000-8000-000000000001""#),
            malware(2, 2, ""),
            r#"{"type":"malware","id":"tool--00000000-0000-4000-8000-000000000009"}"#.to_owned(),
            r#"{"type":"ipv4-addr","id":"ipv4-addr--00000000-0000-4000-8000-000000000001","value":"198.51.100.1"}"#
                .to_owned(),
            r#"{"a":1,"a":2}"#.to_owned(),
        ]);
        insta::allow_duplicates! {
            insta::assert_snapshot!(say(&give(&ledger, &home, &objects)), @r"
            accepted 4 unchanged 1
            refused /objects/4/modified revoked malware--00000000-0000-4000-8000-000000000001
            refused /objects/6/modified creator-changed malware--00000000-0000-4000-8000-000000000002
            refused /objects/7/id id-syntax tool--00000000-0000-4000-8000-000000000009
            refused /objects/9/a duplicate-key 
            review /objects/2 same-version-differs malware--00000000-0000-4000-8000-000000000001
            warning /objects/8/id observable-id ipv4-addr--00000000-0000-4000-8000-000000000001
            ");
        }
        let size = ledger.size().unwrap();
        let again = give(&ledger, &home, &objects);
        assert_eq!((again.accepted, again.review.len()), (0, 0));
        assert_eq!(ledger.size().unwrap(), size, "importing again changes nothing");
        assert_eq!(ledger.read(review::count).unwrap(), 1);
        let cut = give(&ledger, &home, &objects[..objects.len() - 9]);
        assert_eq!((cut.accepted, cut.refused[0].rule.as_str()), (0, "json-truncated"));
        assert_eq!(ledger.size().unwrap(), size);
        same_after_rebuild(&ledger);
    }
}

#[test]
fn the_same_object_in_two_collections() {
    for store in engines() {
        let ledger = open(&store);
        let home = default(&ledger);
        let other = make(&ledger, "other", Tlp::Clear, &[]);
        let objects = envelope(&[malware(1, 1, ""), malware(2, 1, "")]);
        give(&ledger, &home, &objects);
        assert_eq!(say(&give(&ledger, &other, &objects)), "accepted 2 unchanged 0");
        assert_eq!(say(&give(&ledger, &other, &objects)), "accepted 0 unchanged 2");
        same_after_rebuild(&ledger);
    }
}

fn make(ledger: &Ledger, title: &str, tlp: Tlp, read: &[String]) -> String {
    let new = NewCollection { title, id: None, root: None, tlp: Some(tlp), read, write: &[] };
    let id = ledger.write(|tx| collection::add(tx, &new)).unwrap();
    ledger.catch_up().unwrap();
    id
}

fn person(ledger: &Ledger, name: &str, org: &str, role: Role, clearance: Tlp) {
    let hashed = partners::person::hash("correct horse", &SeededEntropy::new(9)).unwrap();
    let new = NewPerson { name, org, role, clearance: Some(clearance), until: None };
    ledger.write(|tx| partners::add_person(tx, &new, &hashed)).unwrap();
    ledger.catch_up().unwrap();
}

fn agree(ledger: &Ledger, org: &str, from: &str, to: Option<&str>, clearance: Tlp) {
    let agreement = Agreement::plain(from.parse().unwrap(), to.map(|to| to.parse().unwrap()), clearance);
    ledger.write(|tx| partners::org::add_agreement(tx, org, &agreement, None)).unwrap();
    ledger.catch_up().unwrap();
}

/// What somebody reads of a collection: the number in each object's id, and the second at which it was added.
fn reads(ledger: &Ledger, name: &str, collection: &str) -> String {
    rights::turn(ledger).unwrap();
    let today: Date = ledger.env().clock.now().day().parse().unwrap();
    let lines = ledger.read(|tx| {
        let person = partners::person::person(tx, name, "home")?.unwrap();
        let collection = collection::find(tx, collection)?.unwrap();
        Ok(match rights::sight(tx, &person, &collection, today)? {
            Sight::View(view) => {
                let query = Query { versions: Versions { all: true, ..Versions::default() }, ..Query::default() };
                Ok(page::manifest(tx, view, &query)?.0)
            }
            other => Err(other),
        })
    });
    match lines.unwrap() {
        Err(other) => format!("{other:?}"),
        Ok(lines) => {
            assert!(lines.windows(2).all(|w| w[0].added < w[1].added), "strictly rising");
            let start = ledger::testkit::START.0;
            let line = |l: &page::Line| {
                format!(
                    "{}@{}",
                    l.id.trim_start_matches(|c| c != '-').rsplit('0').next().unwrap_or(""),
                    (l.added.0 - start) / 1_000_000
                )
            };
            lines.iter().map(line).collect::<Vec<_>>().join(" ")
        }
    }
}

const CLEAR: &str = "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487";
const GREEN: &str = "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb";
const AMBER: &str = "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421";
const RED: &str = "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1";

#[test]
fn who_sees_what_and_when_rights_change() {
    for store in engines() {
        let ledger = open(&store);
        let at = |seconds: i64| store.clock.set(Micros(ledger::testkit::START.0 + seconds * 1_000_000));
        let box_ = make(&ledger, "box", Tlp::Clear, &["fr".into(), "nl".into()]);
        person(&ledger, "ada", "home", Role::Operator, Tlp::Clear);
        person(&ledger, "fred", "fr", Role::Partner, Tlp::Amber);
        person(&ledger, "nell", "nl", Role::Partner, Tlp::Red);
        person(&ledger, "dirk", "de", Role::Partner, Tlp::Red);
        agree(&ledger, "nl", "2026-01-01", None, Tlp::Amber);
        at(10);
        give(
            &ledger,
            &box_,
            &envelope(&[
                malware(1, 1, ""),
                malware(2, 1, &marked(AMBER)),
                malware(3, 1, &marked(GREEN)),
                malware(4, 1, &marked(RED)),
            ]),
        );
        assert_eq!(reads(&ledger, "ada", &box_), "1@10 2@10 3@10 4@10", "the operator's own see all");
        assert_eq!(reads(&ledger, "fred", &box_), "1@10", "without an agreement only CLEAR");
        assert_eq!(reads(&ledger, "nell", &box_), "1@10 2@10 3@10", "capped by the organisation's agreement");
        assert_eq!(reads(&ledger, "dirk", &box_), "Nothing", "no right to the collection");
        assert_eq!(reads(&ledger, "fred", "default"), "Nothing");
        assert_eq!(reads(&ledger, "ada", "default"), "");
        at(20);
        agree(&ledger, "fr", "2026-01-01", Some("2026-01-02"), Tlp::Green);
        assert_eq!(reads(&ledger, "fred", &box_), "1@10 3@20", "what becomes visible is newly added");
        at(30);
        give(&ledger, &box_, &envelope(&[malware(1, 2, ""), malware(5, 1, &marked(GREEN))]));
        assert_eq!(reads(&ledger, "fred", &box_), "1@10 3@20 1@30 5@30");
        // the agreement's last day passes
        at(2 * 86_400 + 5);
        assert_eq!(reads(&ledger, "fred", &box_), "1@10 1@30", "past its end the view fails closed");
        agree(&ledger, "fr", "2026-01-04", None, Tlp::Amber);
        assert_eq!(reads(&ledger, "fred", &box_), "1@10 1@30", "not yet");
        at(3 * 86_400 + 5);
        assert_eq!(reads(&ledger, "fred", &box_), "1@10 1@30 2@259200 3@259200 5@259200");
        // the collection closes to one of them
        let new = NewCollection {
            title: "box",
            id: Some(&box_),
            root: None,
            tlp: Some(Tlp::Red),
            read: &["fr".into()],
            write: &[],
        };
        ledger.write(|tx| collection::add(tx, &new)).unwrap();
        ledger.catch_up().unwrap();
        assert_eq!(reads(&ledger, "nell", &box_), "Nothing");
        assert_eq!(reads(&ledger, "fred", &box_), "2@259200 3@259200 5@259200", "what is unmarked is RED here now");
        same_after_rebuild(&ledger);
    }
}

/// A person here marks what is held: what becomes visible is newly added, what no longer is goes, and its originator's own mark stands.
#[test]
fn marked_here() {
    for store in engines() {
        let ledger = open(&store);
        let at = |seconds: i64| store.clock.set(Micros(ledger::testkit::START.0 + seconds * 1_000_000));
        let box_ = make(&ledger, "box", Tlp::Amber, &["fr".into()]);
        person(&ledger, "ada", "home", Role::Operator, Tlp::Clear);
        person(&ledger, "fred", "fr", Role::Partner, Tlp::Amber);
        agree(&ledger, "fr", "2026-01-01", None, Tlp::Green);
        at(10);
        give(&ledger, &box_, &envelope(&[malware(1, 1, ""), malware(2, 1, &marked(GREEN)), malware(3, 1, "")]));
        assert_eq!(reads(&ledger, "fred", &box_), "2@10");
        let mark = |n: u32, tlp: Tlp| {
            let object = format!("malware--00000000-0000-4000-8000-{n:012}");
            let remark = Remark { object: &object, tlp, reason: "said so on the phone", by: "ada" };
            ledger.write_applied(|tx| remark::record(tx, &remark)).map_err(|e| e.to_string())
        };
        at(20);
        assert_eq!(mark(1, Tlp::Green), Ok(1));
        assert_eq!(mark(1, Tlp::Green), Ok(0), "it is so already");
        assert_eq!(reads(&ledger, "fred", &box_), "2@10 1@20", "a lowered mark is newly added");
        at(30);
        assert!(mark(2, Tlp::Clear).unwrap_err().contains("marked TLP:GREEN by its originator"));
        assert_eq!(mark(2, Tlp::Red), Ok(1));
        assert_eq!(reads(&ledger, "fred", &box_), "1@20", "a raised one is withdrawn");
        at(40);
        assert_eq!(mark(2, Tlp::Green), Ok(1));
        assert_eq!(reads(&ledger, "fred", &box_), "1@20 2@40");
        give(&ledger, &box_, &envelope(&[malware(1, 2, "")]));
        assert_eq!(reads(&ledger, "fred", &box_), "1@20 2@40", "a later version brings its own mark");
        assert!(mark(9, Tlp::Green).unwrap_err().contains("no object"));
        assert_eq!(reads(&ledger, "ada", &box_), "1@10 2@10 3@10 1@40");
        same_after_rebuild(&ledger);
    }
}

#[test]
fn last_and_first_count_within_the_view() {
    let store = sqlite();
    let ledger = open(&store);
    let box_ = make(&ledger, "box", Tlp::Clear, &["fr".into()]);
    person(&ledger, "fred", "fr", Role::Partner, Tlp::Red);
    person(&ledger, "ada", "home", Role::Operator, Tlp::Clear);
    give(&ledger, &box_, &envelope(&[malware(1, 2, ""), malware(1, 3, &marked(RED)), malware(1, 1, &marked(AMBER))]));
    let versions = |name: &str, versions: Versions| {
        let today: Date = "2026-01-01".parse().unwrap();
        ledger
            .read(|tx| {
                let person = partners::person::person(tx, name, "home")?.unwrap();
                let collection = collection::find(tx, &box_)?.unwrap();
                let Sight::View(view) = rights::sight(tx, &person, &collection, today)? else { panic!() };
                let (lines, _) = page::manifest(tx, view, &Query { versions: versions.clone(), ..Query::default() })?;
                let mut out = Vec::new();
                let bounds =
                    page::objects(tx, view, &Query { versions: versions.clone(), ..Query::default() }, &mut out)?;
                assert_eq!(bounds.count, lines.len());
                Ok(lines
                    .iter()
                    .map(|l| l.version.as_deref().and_then(|v| v.get(17..19)).unwrap().to_owned())
                    .collect::<Vec<_>>()
                    .join(" "))
            })
            .unwrap()
    };
    let first = Versions { first: true, last: false, ..Versions::default() };
    let at = Versions {
        last: false,
        at: vec!["2020-01-01T00:00:02".into(), "2020-01-01T00:00:03".into()],
        ..Versions::default()
    };
    assert_eq!(versions("ada", Versions::default()), "03");
    assert_eq!(versions("ada", first.clone()), "01");
    assert_eq!(versions("ada", at.clone()), "02 03");
    assert_eq!(versions("fred", Versions::default()), "02");
    assert_eq!(versions("fred", first), "02");
    assert_eq!(versions("fred", at), "02");
}

#[test]
fn a_marking_that_arrives_late() {
    for store in engines() {
        let ledger = open(&store);
        let box_ = make(&ledger, "box", Tlp::Clear, &["fr".into()]);
        person(&ledger, "fred", "fr", Role::Partner, Tlp::Red);
        let late = "marking-definition--00000000-0000-4000-8000-000000000007";
        let intake = give(&ledger, &box_, &envelope(&[malware(1, 1, &marked(late)), malware(2, 1, "")]));
        assert_eq!(
            say(&intake),
            "accepted 2 unchanged 0\nwarning /objects/0/object_marking_refs marking-unresolved malware--00000000-0000-4000-8000-000000000001"
        );
        assert_eq!(reads(&ledger, "fred", &box_), "2@0", "until it is known it counts as RED");
        store.clock.set(Micros(ledger::testkit::START.0 + 9_000_000));
        let definition = format!(
            r#"{{"type":"marking-definition","spec_version":"2.1","id":"{late}","created":"2020-01-01T00:00:00.000Z","definition_type":"statement","definition":{{"statement":"c"}}}}"#
        );
        give(&ledger, &box_, &envelope(&[definition]));
        assert_eq!(reads(&ledger, "fred", &box_), "2@0 7@9 1@9");
        same_after_rebuild(&ledger);
    }
}

/// Takes out what holds a matter, as the desk above does it.
pub(crate) fn purge_all(ledger: &Ledger, matter: &purge::Matter<'_>) -> ledger::Result<usize> {
    let key = ledger.signing_key()?;
    let order = ledger::purge::Order { matter: "m1", reason: "a spill", by: ["ann", "bob"] };
    let erased = ledger.write(|tx| {
        let mut erasures = Vec::new();
        for index in purge::events(tx, matter)? {
            let event = tx.event(index)?.unwrap();
            erasures.push(ledger::purge::Erasure { index, remnant: purge::remnant(tx, &event)? });
        }
        ledger::purge::erase(tx, ledger.hub(), &key, &order, &erasures)
    })?;
    ledger.catch_up()?;
    Ok(erased)
}

/// Each object of a person's view with its date, as a poller keeps it.
fn dates(ledger: &Ledger, name: &str, collection: &str) -> Vec<(String, i64)> {
    ledger
        .read(|tx| {
            let home = "home";
            let person = partners::person::person(tx, name, home)?.unwrap();
            let collection = collection::need(tx, Some(collection))?;
            let Sight::View(view) = rights::sight(tx, &person, &collection, tx.now().day().parse::<Date>().unwrap())?
            else {
                return Ok(Vec::new());
            };
            let all = Query { versions: Versions { all: true, ..Versions::default() }, ..Query::default() };
            let (lines, _) = page::manifest(tx, view, &all)?;
            Ok(lines
                .into_iter()
                .map(|l| (format!("{} {}", l.id.get(43..).unwrap(), l.version.unwrap()), l.added.0))
                .collect())
        })
        .unwrap()
}

#[test]
fn what_is_purged_leaves_every_view_and_moves_nothing_else() {
    for store in engines() {
        let ledger = open(&store);
        let coll = make(&ledger, "shared", Tlp::Green, &["acme".into(), "beta".into()]);
        person(&ledger, "pat", "acme", Role::Partner, Tlp::Amber);
        person(&ledger, "bea", "beta", Role::Partner, Tlp::Amber);
        agree(&ledger, "acme", "2025-01-01", None, Tlp::Amber);
        let red = marked("marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed");
        let many: Vec<String> =
            (1..=6).map(|n| malware(n, 1, if n == 2 { &red } else { r#","labels":["secret"]"# })).collect();
        give(&ledger, &coll, &envelope(&many));
        give(
            &ledger,
            &coll,
            &envelope(&[malware(3, 2, r#","name":"classified words""#), malware(3, 2, r#","name":"another""#)]),
        );
        store.clock.set(Micros(testkit::START.0 + Micros::DAY));
        agree(&ledger, "beta", "2025-01-01", None, Tlp::Amber);
        give(&ledger, &coll, &envelope(&[malware(7, 1, "")]));
        let (pat, bea) = (dates(&ledger, "pat", &coll), dates(&ledger, "bea", &coll));
        assert_eq!((pat.len(), bea.len()), (7, 7), "{}", store.engine);

        let id = "malware--00000000-0000-4000-8000-000000000003";
        let held = ledger.read(|tx| purge::events(tx, &purge::Matter::Object(id, None))).unwrap();
        assert_eq!(
            ledger.read(|tx| purge::could_see(tx, &held)).unwrap().into_iter().collect::<Vec<_>>(),
            ["acme", "beta"]
        );
        assert_eq!(
            purge_all(&ledger, &purge::Matter::Object(id, Some("2020-01-01T00:00:02Z"))).unwrap(),
            1,
            "one version"
        );
        assert_eq!(
            purge_all(&ledger, &purge::Matter::Object(id, None)).unwrap(),
            2,
            "the other version, and what lay in review"
        );
        let without =
            |all: &[(String, i64)]| all.iter().filter(|(name, _)| !name.starts_with("03")).cloned().collect::<Vec<_>>();
        assert_eq!((dates(&ledger, "pat", &coll), dates(&ledger, "bea", &coll)), (without(&pat), without(&bea)));
        same_after_rebuild(&ledger);
        ledger.rebuild().unwrap();
        assert_eq!(
            (dates(&ledger, "pat", &coll), dates(&ledger, "bea", &coll)),
            (without(&pat), without(&bea)),
            "{}",
            store.engine
        );
        let withdrawn = ledger.read(|tx| tx.one("SELECT count(*) FROM @withdrawn", &[], |r| r.int(0))).unwrap();
        assert!(withdrawn >= Some(4), "each view records it: {withdrawn:?}");
        assert_eq!(ledger.read(review::count).unwrap(), 0);
        // its words stand nowhere, its label neither: no agreement names it
        let bytes = ledger
            .read(|tx| tx.all("SELECT bytes FROM remnant", &[], |r| String::from_utf8_lossy(r.blob(0)).into_owned()))
            .unwrap();
        assert!(
            bytes.len() == 2 && bytes.iter().all(|b| !b.contains("classified") && !b.contains("secret")),
            "{bytes:?}"
        );

        let again = give(&ledger, &coll, &envelope(&[malware(3, 1, ""), malware(3, 3, "")]));
        assert_eq!(
            (again.accepted, again.refused[0].rule.as_str()),
            (1, "purged"),
            "the same version is not taken again, a later one is"
        );
        let seen = dates(&ledger, "pat", &coll);
        assert!(seen.last().is_some_and(|(_, added)| *added > pat[6].1));
        same_after_rebuild(&ledger);
    }
}

#[test]
fn what_an_organisation_gave_is_purged_with_the_copies_of_it() {
    for store in engines() {
        let ledger = open(&store);
        let coll = make(&ledger, "shared", Tlp::Green, &["acme".into()]);
        let origin =
            |source| Origin { file: "f", collection: &coll, source, tlp: None, by: "x", sees: Sees::All, hops: None };
        import_stix(&ledger, &envelope(&[malware(1, 1, ""), malware(2, 1, "")]), &origin("taxii:acme")).unwrap();
        import_stix(&ledger, &envelope(&[malware(3, 1, "")]), &origin("local")).unwrap();
        ledger.catch_up().unwrap();
        assert_eq!(ledger.read(|tx| purge::events(tx, &purge::Matter::Org("acme"))).unwrap().len(), 2);
        assert_eq!(purge_all(&ledger, &purge::Matter::Org("acme")).unwrap(), 2);
        let left = ledger.read(|tx| tx.all("SELECT id FROM @stix_object", &[], |r| r.text(0).to_owned())).unwrap();
        assert_eq!(left.len(), 1);
        same_after_rebuild(&ledger);
    }
}

#[test]
fn documents_once_each() {
    for store in engines() {
        let ledger = open(&store);
        let home = default(&ledger);
        let origin = Origin {
            file: "f",
            collection: &home,
            source: "local",
            tlp: None,
            by: "local-operator",
            sees: Sees::All,
            hops: None,
        };
        let document = |form, id: &str, version: &str, body: &'static str| NewDocument {
            form,
            file: "f",
            place: String::new(),
            id: id.to_owned(),
            version: Some(version.to_owned()),
            title: None,
            tlp: None,
            released: None,
            asset: None,
            body: body.as_bytes(),
        };
        let give = |documents: &[NewDocument<'_>]| {
            let intake = import_documents(&ledger, documents, &origin).unwrap();
            ledger.catch_up().unwrap();
            say(&intake)
        };
        let first = [
            document("csaf", "A", "1", "{\"a\":1}"),
            document("kev", "CVE-1", "", "{\"k\":1}"),
            document("csaf", "A", "1", "{\"a\":1}"),
        ];
        assert_eq!(give(&first), "accepted 2 unchanged 1");
        assert_eq!(give(&first), "accepted 0 unchanged 3");
        let second = [
            document("csaf", "A", "1", "{\"a\":2}"),
            document("csaf", "A", "2", "{\"a\":2}"),
            document("kev", "CVE-1", "", "{\"k\":2}"),
        ];
        assert_eq!(give(&second), "accepted 2 unchanged 0\nreview  same-version-differs A");
        assert_eq!(give(&second), "accepted 0 unchanged 3", "in review once");
        // An asset is one of its source: the same bill of materials belongs to each that was named, once.
        let bill = |asset: &str| NewDocument {
            asset: Some(asset.to_owned()),
            ..document("cyclonedx", "urn:uuid:1", "1", "{\"b\":1}")
        };
        let of = |source, asset| {
            let intake = import_documents(&ledger, &[bill(asset)], &Origin { source, ..origin }).unwrap();
            ledger.catch_up().unwrap();
            say(&intake)
        };
        for (source, asset) in [("local", "a1"), ("local", "a2"), ("north", "a1")] {
            assert_eq!(of(source, asset), "accepted 1 unchanged 0", "{source} {asset}");
        }
        for (source, asset) in [("local", "a1"), ("north", "a1"), ("local", "a2")] {
            assert_eq!(of(source, asset), "accepted 0 unchanged 1", "{source} {asset} again");
        }
        same_after_rebuild(&ledger);
    }
}

/// One wrong index costs a factor of 50: the plans of the queries that pages and single objects take.
#[test]
fn plans_of_hot_queries() {
    let store = sqlite();
    let ledger = open(&store);
    let plan = |query: &Query, fields: page::Fields| {
        let (sql, mut args) = page::statement(query, fields);
        args.splice(0..0, [1.into(), 0.into(), 10.into()]);
        let rows = ledger.read(|tx| tx.all(&format!("EXPLAIN QUERY PLAN {sql}"), &args, |r| r.text(3).to_owned()));
        rows.unwrap().join("\n")
    };
    insta::assert_snapshot!(plan(&Query::default(), page::Fields::Bytes), @r"
    SEARCH e USING COVERING INDEX g0_view_entry_last (view=? AND is_last=? AND added>?)
    SEARCH p USING INTEGER PRIMARY KEY (rowid=?)
    ");
    let all = Query { versions: Versions { all: true, ..Versions::default() }, ..Query::default() };
    insta::assert_snapshot!(plan(&all, page::Fields::Line), @r"
    SEARCH e USING PRIMARY KEY (view=? AND added>?)
    SEARCH o USING INTEGER PRIMARY KEY (rowid=?)
    ");
    let one = Query { ids: vec!["x".into()], ..Query::default() };
    insta::assert_snapshot!(plan(&one, page::Fields::Bytes), @r"
    SEARCH o USING COVERING INDEX g0_stix_object_version (id=?)
    SEARCH e USING INDEX g0_view_entry_object (view=? AND object=?)
    SEARCH p USING INTEGER PRIMARY KEY (rowid=?)
    USE TEMP B-TREE FOR ORDER BY
    ");
}

#[test]
fn attack_enterprise_and_ics() {
    let Some(data) = shared("attack_enterprise_and_ics") else { return };
    let read = |name: &str| std::fs::read(data.join("stix").join(name)).unwrap();
    let store = sqlite();
    let ledger = open(&store);
    let home = default(&ledger);
    let enterprise = give(&ledger, &home, &read("enterprise-attack.json"));
    assert_eq!(
        (enterprise.accepted, enterprise.unchanged, enterprise.refused.len(), enterprise.review.len()),
        (24_771, 0, 0, 0)
    );
    // relationship types of its own, and empty references within custom objects; each said once
    let rules: std::collections::BTreeSet<&str> = enterprise.warnings.iter().map(|n| n.rule.as_str()).collect();
    assert_eq!((enterprise.warnings.len(), rules), (7, ["id-syntax", "relationship-unlisted"].into()));
    let ics = give(&ledger, &home, &read("ics-attack.json"));
    assert_eq!((ics.accepted, ics.unchanged, ics.refused.len(), ics.review.len()), (1_718, 90, 0, 18));
    assert!(ics.review.iter().all(|n| n.rule == "same-version-differs"));
    let again = give(&ledger, &home, &read("ics-attack.json"));
    assert_eq!((again.accepted, again.unchanged, again.refused.len(), again.review.len()), (0, 1_826, 0, 0));
    let capec = give(&ledger, &home, &read("capec.json"));
    assert_eq!((capec.accepted, capec.refused.len(), capec.review.len()), (2_683, 0, 0));
    same_after_rebuild(&ledger);
}
