//! The search on both engines: what it finds, what it says to whom, and that a rebuild gives the same.
use super::{Search, Wanted, find, forget};
use crate::admit::{Origin, Sees, import_stix};
use crate::collection::{self, NewCollection};
use crate::document::{NewDocument, import_documents};
use crate::search::find::week;
use crate::{Exchange, rights};
use ledger::testkit::{TestStore, engines, sqlite};
use ledger::{Ledger, Micros};
use partners::agreement::Agreement;
use partners::{NewPerson, Partners, Person, Role};
use std::sync::Arc;
use stix::Tlp;

const GREEN: &str = "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb";
const RED: &str = "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1";

fn open(store: &TestStore) -> Ledger {
    let ledger = store.open(vec![Arc::new(Partners), Arc::new(Exchange::default()), Arc::new(Search)]);
    ledger.catch_up().unwrap();
    ledger
}

fn give(ledger: &Ledger, collection: &str, objects: &[String]) {
    let bytes = format!(r#"{{"objects":[{}]}}"#, objects.join(","));
    let origin =
        Origin { file: "f", collection, source: "feed", tlp: None, by: "local-operator", sees: Sees::All, hops: None };
    let intake = import_stix(ledger, bytes.as_bytes(), &origin).unwrap();
    assert_eq!(intake.accepted, objects.len() as u64, "{intake:?}");
    ledger.catch_up().unwrap();
}

fn tool(n: u32, second: u32, name: &str, rest: &str) -> String {
    format!(
        r#"{{"type":"tool","spec_version":"2.1","id":"tool--00000000-0000-4000-8000-{n:012}","created":"2020-01-01T00:00:00.000Z","modified":"2020-01-01T00:00:{second:02}.000Z","name":"{name}"{rest}}}"#
    )
}

fn marked(id: &str) -> String {
    format!(r#","object_marking_refs":["{id}"]"#)
}

fn add(ledger: &Ledger, title: &str, read: &[&str]) -> String {
    let read: Vec<String> = read.iter().map(|org| (*org).to_owned()).collect();
    let new = NewCollection { title, id: None, root: None, tlp: None, read: &read, write: &[] };
    let id = ledger.write(|tx| collection::add(tx, &new)).unwrap();
    ledger.catch_up().unwrap();
    id
}

/// A person of `org`, which has an agreement up to GREEN.
fn partner(ledger: &Ledger, name: &str, org: &str) -> Person {
    let hashed = partners::person::hash("correct horse", &*ledger.env().entropy).unwrap();
    let new = NewPerson { name, org, role: Role::Partner, clearance: Some(Tlp::Red), until: None };
    ledger.write(|tx| partners::add_person(tx, &new, &hashed)).unwrap();
    ledger.catch_up().unwrap();
    let agreement = Agreement::plain("2020-01-01".parse().unwrap(), None, Tlp::Green);
    ledger.write(|tx| partners::org::add_agreement(tx, org, &agreement, None)).unwrap();
    ledger.catch_up().unwrap();
    ledger.read(|tx| partners::person::person(tx, name, "home")).unwrap().unwrap()
}

fn local() -> Person {
    Person::local_operator("home")
}

fn ask(ledger: &Ledger, person: &Person, wanted: &Wanted) -> String {
    rights::turn(ledger).unwrap();
    let on = ledger.env().clock.now().day().parse().unwrap();
    let found = ledger.read(|tx| find(tx, person, on, wanted)).unwrap();
    let hits: Vec<String> =
        found.hits.iter().map(|h| h.id.rsplit('-').next().unwrap_or("").trim_start_matches('0').to_owned()).collect();
    let parts =
        |parts: &[(String, usize)]| parts.iter().map(|(v, n)| format!("{v} {n}")).collect::<Vec<_>>().join(", ");
    let marks: Vec<String> = found.marks.iter().map(|(tlp, n)| format!("{tlp} {n}")).collect();
    format!(
        "{} of {}: {} | {} | {}",
        hits.join(" "),
        found.total,
        parts(&found.kinds),
        marks.join(", "),
        parts(&found.sources)
    )
}

fn text(text: &str) -> Wanted {
    Wanted { text: text.to_owned(), ..Wanted::default() }
}

#[track_caller]
fn same_after_rebuild(ledger: &Ledger) {
    assert_eq!(ledger.parked().unwrap(), []);
    let verified = ledger.verify(true).unwrap();
    assert!(verified.findings.is_empty(), "{:?}", verified.findings);
}

#[test]
fn what_is_found() {
    for store in engines() {
        let ledger = open(&store);
        let home = ledger.read(|tx| collection::need(tx, None)).unwrap().id;
        give(
            &ledger,
            &home,
            &[
                tool(
                    1,
                    1,
                    "Emotet",
                    r#","description":"Loads from hxxp://evil[.]example[.]org/x","labels":["trojan"]"#,
                ),
                tool(2, 1, "Sandworm Kit", &format!(r#","aliases":["BlackEnergy"]{}"#, marked(GREEN))),
                tool(3, 1, "Emotet wiper", &marked(RED)),
                r#"{"type":"ipv4-addr","id":"ipv4-addr--00000000-0000-4000-8000-000000000009","value":"198.51.100.7"}"#
                    .to_owned(),
            ],
        );
        give(
            &ledger,
            &home,
            &[tool(1, 2, "Emotet", r#","revoked":true,"description":"Loads from hxxp://evil[.]example[.]org/x""#)],
        );
        let says = |wanted: &Wanted| ask(&ledger, &local(), wanted);
        let lines = [
            says(&text("EMOTET")),
            says(&text("evil.example.org")),
            says(&text("example.org")),
            says(&text("\"BlackEnergy\" sandworm")),
            says(&text("198[.]51[.]100[.]7")),
            says(&text("emotet sandworm")),
            says(&text("the of")),
            says(&text("")),
            says(&Wanted { kind: Some("tool".to_owned()), ..Wanted::default() }),
            says(&Wanted { tlp: Some(Tlp::Red), ..text("emotet") }),
            says(&Wanted { source: Some("nobody".to_owned()), ..text("emotet") }),
            says(&Wanted { from: Some(Micros(i64::MAX)), ..Wanted::default() }),
            says(&Wanted { skip: 3, ..Wanted::default() }),
        ];
        insta::allow_duplicates! {
            insta::assert_snapshot!(lines.join("\n"), @r"
            1 3 of 2: tool 2 | RED 1, AMBER 1 | feed 2
            1 of 1: tool 1 | AMBER 1 | feed 1
            1 of 1: tool 1 | AMBER 1 | feed 1
            2 of 1: tool 1 | GREEN 1 | feed 1
            9 of 1: ipv4-addr 1 | AMBER 1 | feed 1
             of 0:  |  | 
             of 0:  |  | 
            1 9 3 2 of 4: tool 3, ipv4-addr 1 | RED 1, AMBER 2, GREEN 1 | feed 4
            1 3 2 of 3: tool 3 | RED 1, AMBER 1, GREEN 1 | feed 3
            3 of 1: tool 1 | RED 1 | feed 1
             of 0:  |  | 
             of 0:  |  | 
            2 of 4: tool 3, ipv4-addr 1 | RED 1, AMBER 2, GREEN 1 | feed 4
            ");
        }
        same_after_rebuild(&ledger);
    }
}

#[test]
fn a_partner_finds_what_its_view_holds() {
    for store in engines() {
        let ledger = open(&store);
        let (shared, inner) = (add(&ledger, "shared", &["vesna"]), add(&ledger, "inner", &[]));
        let mira = partner(&ledger, "mira", "vesna");
        give(&ledger, &inner, &[tool(1, 1, "Emotet", &marked(GREEN)), tool(2, 1, "Emotet", &marked(GREEN))]);
        give(&ledger, &shared, &[tool(3, 1, "Emotet", &marked(GREEN)), tool(4, 1, "Emotet", &marked(RED))]);
        insta::allow_duplicates! {
            insta::assert_snapshot!(ask(&ledger, &mira, &text("emotet")), @"3 of 1: tool 1 | GREEN 1 | ");
        }
        // listed in one more collection, it is found there, as what came last
        give(&ledger, &shared, &[tool(1, 1, "Emotet", &marked(GREEN))]);
        let all = [
            ask(&ledger, &mira, &text("emotet")),
            ask(&ledger, &mira, &Wanted { source: Some("feed".to_owned()), ..text("emotet") }),
            ask(&ledger, &mira, &Wanted { collection: Some(inner.clone()), ..Wanted::default() }),
            ask(&ledger, &local(), &Wanted { collection: Some(inner), ..Wanted::default() }),
        ];
        insta::allow_duplicates! {
            insta::assert_snapshot!(all.join("\n"), @r"
            1 3 of 2: tool 2 | GREEN 2 | 
            1 3 of 2: tool 2 | GREEN 2 | 
             of 0:  |  | 
            2 1 of 2: tool 2 | GREEN 2 | feed 2
            ");
        }
        same_after_rebuild(&ledger);
    }
}

#[test]
fn documents_are_found_by_whoever_may_read_their_collection() {
    for store in engines() {
        let ledger = open(&store);
        let shared = add(&ledger, "shared", &["vesna"]);
        let mira = partner(&ledger, "mira", "vesna");
        let document = |form, id: &str, tlp, body| NewDocument {
            form,
            file: "f",
            place: String::new(),
            id: id.to_owned(),
            version: Some("1".to_owned()),
            title: Some("Unitronics Vision".to_owned()),
            tlp: Some(tlp),
            released: None,
            asset: None,
            body,
        };
        let origin =
            Origin { file: "f", collection: &shared, source: "csaf", tlp: None, by: "x", sees: Sees::All, hops: None };
        let documents = [
            document(
                "csaf",
                "icsa-1",
                Tlp::Clear,
                &br#"{"document":{"title":"x"},"vulnerabilities":[{"cve":"CVE-2023-6448"}]}"#[..],
            ),
            document("csaf", "icsa-2", Tlp::Red, br#"{"vulnerabilities":[{"cve":"CVE-2023-6448"}],"a":1}"#),
            document("cyclonedx", "sbom-3", Tlp::Clear, br#"{"b":"CVE-2023-6448"}"#),
        ];
        import_documents(&ledger, &documents, &origin).unwrap();
        ledger.catch_up().unwrap();
        let lines =
            [ask(&ledger, &mira, &text("cve-2023-6448")), ask(&ledger, &local(), &text("unitronics CVE-2023-6448"))];
        insta::allow_duplicates! {
            insta::assert_snapshot!(lines.join("\n"), @r"
            1 of 1: csaf 1 | CLEAR 1 | 
            3 2 1 of 3: csaf 2, cyclonedx 1 | RED 1, CLEAR 2 | csaf 3
            ");
        }
        same_after_rebuild(&ledger);
    }
}

/// Segments close in the middle of a run and between runs; what is found, and a rebuild, do not depend on it.
#[test]
fn segments() {
    let store = sqlite();
    let ledger = open(&store);
    let shared = add(&ledger, "shared", &["vesna"]);
    let mira = partner(&ledger, "mira", "vesna");
    for run in 0..5_u32 {
        let objects: Vec<String> = (0..2_000)
            .map(|i| {
                let n = run * 2_000 + i;
                let mark = if n % 1_000 == 7 { GREEN } else { RED };
                tool(n, 1, &format!("Common {}", if n % 4_000 == 0 { "Rare" } else { "Thing" }), &marked(mark))
            })
            .collect();
        give(&ledger, &shared, &objects);
    }
    let lines = [
        ask(&ledger, &local(), &text("common rare")),
        ask(&ledger, &mira, &text("common")),
        ask(&ledger, &mira, &text("")),
        ask(&ledger, &mira, &text("rare")),
        ask(&ledger, &local(), &text("thing")).split(" of ").last().unwrap_or("").to_owned(),
    ];
    insta::assert_snapshot!(lines.join("\n"), @r"
    8000 4000  of 3: tool 3 | RED 3 | feed 3
    9007 8007 7007 6007 5007 4007 3007 2007 1007 7 of 10: tool 10 | GREEN 10 | 
    9007 8007 7007 6007 5007 4007 3007 2007 1007 7 of 10: tool 10 | GREEN 10 | 
     of 0:  |  | 
    1000: tool 1000 | RED 999, GREEN 1 | feed 1000
    ");
    let rare = ledger.read(|tx| find(tx, &local(), "2024-01-01".parse().unwrap(), &text("rare"))).unwrap().hits;
    let gone = rare.last().map(|hit| hit.event).unwrap_or_default();
    let left = ledger.write(|tx| {
        forget(tx, gone)?;
        Ok(tx.one("SELECT count(*) FROM @posting_segment", &[], |r| r.int(0))?.unwrap_or(0))
    });
    assert_eq!(left.unwrap(), 3);
    insta::assert_snapshot!(ask(&ledger, &local(), &text("rare")), @"8000 4000 of 2: tool 2 | RED 2 | feed 2");
}

/// What is purged is found by no word any more, in no collection, and a rebuild gives the same.
#[test]
fn what_is_purged_is_not_found() {
    use crate::purge::Matter;
    for store in engines() {
        let ledger = open(&store);
        let (shared, inner) = (add(&ledger, "shared", &["vesna"]), add(&ledger, "inner", &[]));
        give(&ledger, &inner, &[tool(1, 1, "Emotet", ""), tool(2, 1, "Emotet", "")]);
        give(&ledger, &shared, &[tool(1, 1, "Emotet", "")]);
        let document = NewDocument {
            form: "csaf",
            file: "f",
            place: String::new(),
            id: "icsa-1".to_owned(),
            version: None,
            title: Some("Emotet advisory".to_owned()),
            tlp: Some(Tlp::Clear),
            released: None,
            asset: None,
            body: br#"{"a":"Emotet"}"#,
        };
        let origin =
            Origin { file: "f", collection: &shared, source: "csaf", tlp: None, by: "x", sees: Sees::All, hops: None };
        import_documents(&ledger, &[document], &origin).unwrap();
        ledger.catch_up().unwrap();
        let before = ask(&ledger, &local(), &text("emotet"));
        crate::tests::purge_all(&ledger, &Matter::Object("tool--00000000-0000-4000-8000-000000000001", None)).unwrap();
        crate::tests::purge_all(&ledger, &Matter::Document("icsa-1")).unwrap();
        let after = ask(&ledger, &local(), &text("emotet"));
        let rhythms = ledger.read(|tx| crate::arrivals::rhythms(tx, ledger.env().clock.now())).unwrap();
        let left: Vec<&str> = rhythms.iter().map(|r| r.source.as_str()).collect();
        insta::allow_duplicates! {
            insta::assert_snapshot!(format!("{before}\n{after}\n{}", left.join(" ")), @r"
            2 1 1 of 3: tool 2, csaf 1 | AMBER 2, CLEAR 1 | feed 2, csaf 1
            2 of 1: tool 1 | AMBER 1 | feed 1
            feed
            ");
        }
        same_after_rebuild(&ledger);
    }
}

/// The plan of the hot query stands here: asked the other way round it walks the whole view.
#[test]
fn the_plan_of_the_hot_query() {
    let store = sqlite();
    let ledger = open(&store);
    let sql = format!("EXPLAIN QUERY PLAN {}", super::find::IN_VIEW.replace("(*)", "($2,$3,$4)"));
    let plan = ledger
        .read(|tx| tx.all(&sql, &[1.into(), 2.into(), 3.into(), 4.into()], |r| r.text(3).replace("g0_", "@")))
        .unwrap();
    insta::assert_snapshot!(plan.join("\n"), @r"
    SEARCH o USING INTEGER PRIMARY KEY (rowid=?)
    SEARCH e USING INDEX @view_entry_object (view=? AND object=?)
    ");
}

#[test]
fn weeks_begin_on_monday() {
    for (day, monday) in [
        ("2024-05-13", "2024-05-13"),
        ("2024-05-19", "2024-05-13"),
        ("2024-01-01", "2024-01-01"),
        ("2023-12-31", "2023-12-25"),
    ] {
        let at = format!("{day}T23:59:59Z").parse::<jiff::Timestamp>().unwrap();
        assert_eq!(week(Micros(at.as_microsecond())), monday);
    }
}

/// Who refers to an object, what came of whom in which week, and when a source has stopped.
#[test]
fn neighbours_and_balance() {
    for store in engines() {
        let ledger = open(&store);
        let shared = add(&ledger, "shared", &["vesna"]);
        let mira = partner(&ledger, "mira", "vesna");
        let origin =
            |source| Origin { file: "f", collection: &shared, source, tlp: None, by: "x", sees: Sees::All, hops: None };
        let submit = |source, objects: &[String]| {
            let bytes = format!(r#"{{"objects":[{}]}}"#, objects.join(","));
            let intake = import_stix(&ledger, bytes.as_bytes(), &origin(source)).unwrap();
            assert_eq!(intake.accepted, objects.len() as u64, "{intake:?}");
            ledger.catch_up().unwrap();
        };
        let report = |n: u32, mark: &str| {
            format!(
                r#"{{"type":"report","spec_version":"2.1","id":"report--00000000-0000-4000-8000-{n:012}","created":"2020-01-01T00:00:00.000Z","modified":"2020-01-01T00:00:00.000Z","published":"2020-01-01T00:00:00.000Z","name":"R{n}","object_refs":["tool--00000000-0000-4000-8000-000000000001"]{}}}"#,
                marked(mark)
            )
        };
        submit(
            "taxii:vesna",
            &[
                tool(1, 1, "Emotet", &marked(GREEN)),
                tool(2, 1, "EMOTET", &marked(GREEN)),
                tool(3, 1, "Hidden", &marked(RED)),
            ],
        );
        submit(
            "feed",
            &[
                report(1, GREEN),
                report(2, RED),
                tool(4, 1, "emotet", &marked(GREEN)),
                tool(5, 1, "Other", &marked(RED)),
            ],
        );
        let tool_id = "tool--00000000-0000-4000-8000-000000000001";
        let on: jiff::civil::Date = ledger.env().clock.now().day().parse().unwrap();
        let now = ledger.env().clock.now();
        let lines: Vec<String> = ledger
            .read(|tx| {
                let mut lines = Vec::new();
                for person in [local(), mira.clone()] {
                    let (hits, more) = super::referring(tx, &person, on, tool_id, 10)?;
                    lines.push(format!(
                        "{} {} {more}",
                        person.name,
                        hits.iter().map(|h| h.id.clone()).collect::<Vec<_>>().join(" ")
                    ));
                    let held = crate::object::versions(tx, &person, on, "tool--00000000-0000-4000-8000-000000000003")?;
                    let named = crate::object::named(
                        tx,
                        &person,
                        on,
                        &[tool_id, "tool--00000000-0000-4000-8000-000000000003"],
                    )?;
                    lines.push(format!("{} versions, {} names", held.len(), named.len()));
                }
                for own_eyes in [false, true] {
                    let b = crate::arrivals::balance(tx, "vesna", now, 3, 1_000, own_eyes)?;
                    let topics: Vec<String> = b
                        .topics
                        .iter()
                        .map(|t| format!("{} {}/{}/{}", t.topic.words(), t.gave, t.got, t.both))
                        .collect();
                    let weeks: Vec<String> = b.weeks.iter().map(|w| format!("{}/{}", w.gave, w.got)).collect();
                    lines.push(format!("{} | {} | {}/{}", topics.join(", "), weeks.join(" "), b.gave, b.got));
                }
                let rhythms = crate::arrivals::rhythms(tx, Micros(now.0 + 30 * Micros::DAY))?;
                lines.extend(
                    rhythms
                        .iter()
                        .map(|r| format!("{} {:?} {} {}", r.source, r.usual_days, r.silent_days, r.has_stopped())),
                );
                Ok(lines)
            })
            .unwrap();
        insta::allow_duplicates! {
            insta::assert_snapshot!(lines.join("\n"), @r"
            local-operator report--00000000-0000-4000-8000-000000000002 report--00000000-0000-4000-8000-000000000001 false
            1 versions, 2 names
            mira report--00000000-0000-4000-8000-000000000001 false
            0 versions, 1 names
            malware and tools 2/1/1, reports and notes 0/1/0 | 0/0 0/0 2/2 | 2/2
            malware and tools 1/1/1, reports and notes 0/1/0 | 0/0 0/0 1/2 | 1/2
            feed None 30 false
            taxii:vesna None 30 false
            ");
        }
        same_after_rebuild(&ledger);
    }
}
