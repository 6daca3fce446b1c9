//! Copies on both engines: what leaves in the place of an object that may not, and what a partner can tell from it.
use crate::Exchange;
use crate::admit::{Origin, Sees, import_stix};
use crate::collection::{self, NewCollection};
use crate::event::Handling;
use crate::page::{self, Query, Versions};
use crate::purge::Matter;
use crate::rights::{self, Sight};
use ledger::testkit::engines;
use ledger::{Ledger, SeededEntropy};
use partners::agreement::Agreement;
use partners::register::Org;
use partners::{NewPerson, Partners, Role};
use std::sync::Arc;
use stix::{Tlp, tlp};

const MAKER: &str = "identity--00000000-0000-4000-8000-000000000001";

fn open(store: &ledger::testkit::TestStore, handling: Handling) -> (Ledger, String) {
    let ledger = store.open(vec![Arc::new(Partners), Arc::new(Exchange::default())]);
    ledger.catch_up().unwrap();
    let read = ["fr".to_owned(), "nl-cert".to_owned()];
    let new = NewCollection { title: "box", id: None, root: None, tlp: Some(Tlp::Green), read: &read, write: &[] };
    let id = ledger.write(|tx| collection::add(tx, &new)).unwrap();
    ledger.catch_up().unwrap();
    let hashed = partners::person::hash("correct horse", &SeededEntropy::new(9)).unwrap();
    ledger
        .write(|tx| {
            let standing = collection::find(tx, &id)?.unwrap();
            collection::handle(tx, &standing, handling)?;
            for (name, org) in [("fred", "fr"), ("nell", "nl-cert")] {
                let clearance = Some(Tlp::Red);
                partners::add_person(
                    tx,
                    &NewPerson { name, org, role: Role::Partner, clearance, until: None },
                    &hashed,
                )?;
                let green = Agreement::plain("2026-01-01".parse().unwrap(), None, Tlp::Green);
                partners::org::add_agreement(tx, org, &green, None)?;
            }
            let (key, kind) = ("nl-cert".to_owned(), Some("csirt".to_owned()));
            let card = Org {
                key,
                name: "Netherlands CERT".into(),
                kind,
                country: None,
                languages: vec![],
                aka: None,
                agreement: None,
            };
            partners::org::add_org(tx, &card).map(drop)
        })
        .unwrap();
    ledger.catch_up().unwrap();
    (ledger, id)
}

fn give(ledger: &Ledger, collection: &str, objects: &[String]) {
    let bytes = format!(r#"{{"objects":[{}]}}"#, objects.join(","));
    let source = "taxii:nl-cert";
    let origin = Origin { file: "f", collection, source, tlp: None, by: "nell", sees: Sees::All, hops: None };
    let intake = import_stix(ledger, bytes.as_bytes(), &origin).unwrap();
    assert_eq!((intake.refused.len(), intake.review.len()), (0, 0), "{intake:?}");
    ledger.catch_up().unwrap();
}

/// What somebody reads, with drawn ids and instants left out.
fn reads(ledger: &Ledger, name: &str, collection: &str) -> String {
    let bytes = ledger.read(|tx| {
        let person = partners::person::person(tx, name, "home")?.unwrap();
        let collection = collection::find(tx, collection)?.unwrap();
        let Sight::View(view) = rights::sight(tx, &person, &collection, "2026-01-01".parse().unwrap())? else {
            panic!()
        };
        let mut out = Vec::new();
        let all = Versions { all: true, ..Versions::default() };
        page::objects(tx, view, &Query { versions: all, ..Query::default() }, &mut out)?;
        Ok(out)
    });
    let list: Vec<serde_json::Value> =
        serde_json::from_str(&format!("[{}]", String::from_utf8(bytes.unwrap()).unwrap())).unwrap();
    let operator = list
        .iter()
        .find(|o| o["type"] == "identity" && o["name"] == "home")
        .map(|o| o["id"].as_str().unwrap().to_owned());
    let lines = list.iter().map(serde_json::Value::to_string).filter(|line| !line.contains(r#""name":"home""#));
    let text = lines.collect::<Vec<_>>().join("\n");
    operator.map_or(text.clone(), |operator| text.replace(&operator, "OPERATOR"))
}

fn of(kind: &str, n: u8, second: u8, rest: &str) -> String {
    format!(
        r#"{{"type":"{kind}","spec_version":"2.1","id":"{kind}--00000000-0000-4000-8000-0000000000{n:02}","created":"2020-01-01T00:00:00Z","modified":"2020-01-01T00:00:{second:02}Z"{rest}}}"#
    )
}

#[test]
fn a_redacted_copy_names_its_source() {
    for store in engines() {
        let (ledger, id) = open(&store, Handling { redact: true, anonymise: false });
        let amber = tlp::TLP2[2].0;
        let marked = |selector: &str| {
            format!(
                r#","name":"n","description":"secret","granular_markings":[{{"marking_ref":"{amber}","selectors":["{selector}"]}}]"#
            )
        };
        let objects = [
            of("tool", 1, 1, &marked("description")),
            of("tool", 2, 1, &marked("name")),
            of("tool", 1, 2, &marked("description")),
        ];
        give(&ledger, &id, &objects);
        let seen = reads(&ledger, "fred", &id);
        let copy = seen.split(r#""id":""#).nth(1).and_then(|rest| rest.split('"').next()).unwrap().to_owned();
        insta::allow_duplicates! {
            insta::assert_snapshot!(seen.replace(&copy, "COPY"), @r#"
            {"created":"2020-01-01T00:00:00Z","created_by_ref":"OPERATOR","external_references":[{"description":"Made without the properties that carry a stricter mark.","external_id":"tool--00000000-0000-4000-8000-000000000001","source_name":"redacted-copy-of"}],"id":"COPY","modified":"2020-01-01T00:00:01Z","name":"n","spec_version":"2.1","type":"tool"}
            {"created":"2020-01-01T00:00:00Z","created_by_ref":"OPERATOR","external_references":[{"description":"Made without the properties that carry a stricter mark.","external_id":"tool--00000000-0000-4000-8000-000000000001","source_name":"redacted-copy-of"}],"id":"COPY","modified":"2020-01-01T00:00:02Z","name":"n","spec_version":"2.1","type":"tool"}
            "#);
        }
        assert!(!seen.contains("secret"));
        let why = |object: &str| {
            let said = ledger.read(|tx| {
                let asked = crate::explain::Asked::find(tx, "fr", "home")?;
                crate::explain::explain(tx, object, &asked, "2026-01-01".parse().unwrap())
            });
            said.unwrap()[0].collections[0].copy.clone().unwrap_or_default()
        };
        assert_eq!(
            why("tool--00000000-0000-4000-8000-000000000001"),
            format!("its copy is {copy}, which has a decision of its own")
        );
        assert_eq!(
            why("tool--00000000-0000-4000-8000-000000000002"),
            "no copy stands in its place: without its `name` it would be no tool"
        );
        let again = ledger.size().unwrap();
        give(&ledger, &id, &objects);
        assert_eq!(ledger.size().unwrap(), again, "made once");
        let due = ledger.read(|tx| tx.all("SELECT object FROM @copy_due", &[], |r| r.int(0))).unwrap();
        assert_eq!(due, [0_i64; 0]);
        assert_eq!(ledger.verify(true).unwrap().findings.len(), 0);
    }
}

#[test]
fn an_anonymised_copy_names_nothing_of_it() {
    for store in engines() {
        let (ledger, id) = open(&store, Handling { redact: false, anonymise: true });
        let signed = format!(r#","created_by_ref":"{MAKER}","name":"n""#);
        let address =
            r#"{"type":"ipv4-addr","id":"ipv4-addr--00000000-0000-4000-8000-000000000001","value":"198.51.100.1"}"#;
        let link = format!(
            r#","created_by_ref":"{MAKER}","relationship_type":"uses","source_ref":"malware--00000000-0000-4000-8000-000000000003","target_ref":"tool--00000000-0000-4000-8000-000000000001""#
        );
        give(
            &ledger,
            &id,
            &[
                of("relationship", 4, 1, &link),
                of("tool", 1, 1, &signed),
                of("tool", 1, 2, &signed),
                of("tool", 2, 1, &format!(r#"{signed},"description":"seen by Netherlands cert""#)),
                of("identity", 5, 1, r#","name":"Netherlands CERT""#),
                address.to_owned(),
            ],
        );
        let seen = reads(&ledger, "fred", &id);
        for told in ["00000000-0000-4000-8000-0000000000", "nl-cert", "Netherlands", MAKER] {
            let elsewhere = seen.lines().filter(|line| !line.contains("ipv4-addr")).collect::<String>();
            assert!(!elsewhere.contains(told), "{told} in {elsewhere}");
        }
        let lines: Vec<serde_json::Value> = seen.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let kinds: Vec<&str> = lines.iter().map(|line| line["type"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["ipv4-addr", "relationship", "tool", "tool"]);
        assert_eq!(lines[1]["target_ref"], lines[2]["id"], "the copies refer to one another");
        assert_eq!(
            (&lines[2]["id"], &lines[2]["created_by_ref"]),
            (&lines[3]["id"], &"OPERATOR".into()),
            "two versions of one"
        );
        let own = reads(&ledger, "nell", &id);
        assert!(own.contains(MAKER), "who submitted it sees it as it is");
        let agreed = ledger.write(|tx| partners::org::name_submitter(tx, "nl-cert", true, "a letter", "ada")).unwrap();
        ledger.catch_up().unwrap();
        assert!(agreed && reads(&ledger, "fred", &id).contains(MAKER), "with its consent");
        assert_eq!(ledger.parked().unwrap(), []);
        assert_eq!(ledger.verify(true).unwrap().findings.len(), 0);
    }
}

/// What says nothing of its maker may still lead to it: by its id, by what it refers to, by a name in its words or in those of its marking.
#[test]
fn what_is_not_signed_shows_its_submitter_too() {
    for store in engines() {
        let (ledger, id) = open(&store, Handling { redact: false, anonymise: true });
        let definition = r#"{"type":"marking-definition","spec_version":"2.1","id":"marking-definition--00000000-0000-4000-8000-000000000077",
            "created":"2020-01-01T00:00:00Z","definition_type":"statement","definition":{"statement":"Copyright Netherlands CERT"}}"#;
        let url = |n: u8, value: &str| {
            format!(r#"{{"type":"url","id":"url--00000000-0000-4000-8000-0000000000{n:02}","value":"{value}"}}"#)
        };
        let marked =
            r#","name":"marked","object_marking_refs":["marking-definition--00000000-0000-4000-8000-000000000077"]"#;
        let seen = r#","sighting_of_ref":"tool--00000000-0000-4000-8000-000000000001""#;
        give(
            &ledger,
            &id,
            &[
                of("tool", 1, 1, r#","name":"plain""#),
                of("tool", 2, 1, r#","name":"worded","description":"NL-CERT saw this""#),
                of("sighting", 3, 1, seen),
                of("tool", 4, 1, marked),
                definition.to_owned(),
                url(5, "http://a.example/"),
                url(6, "http://nl-cert.example/"),
            ],
        );
        let list: Vec<serde_json::Value> =
            reads(&ledger, "fred", &id).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let mut kinds: Vec<&str> = list.iter().map(|o| o["type"].as_str().unwrap()).collect();
        kinds.sort_unstable();
        assert_eq!(kinds, ["sighting", "tool", "url"]);
        let of_kind = |kind: &str| list.iter().find(|o| o["type"] == kind).unwrap();
        assert_eq!(of_kind("sighting")["sighting_of_ref"], of_kind("tool")["id"]);
        assert_eq!(
            (&of_kind("tool")["name"], &of_kind("tool")["created_by_ref"]),
            (&"plain".into(), &"OPERATOR".into())
        );
        assert_eq!(of_kind("url")["value"], "http://a.example/");
        let text = reads(&ledger, "fred", &id).to_lowercase();
        assert!(!text.contains("tool--00000000-0000-4000-8000-0000000000") && !text.contains("nl-cert"), "{text}");
        let own = reads(&ledger, "nell", &id);
        let whole = own.lines().filter(|line| line.contains("--00000000-0000-4000-8000-0000000000"));
        assert_eq!(whole.count(), 7, "who submitted it sees it as it is");
        // what is left of it after a purge names nobody, and still stands in no view in which it never stood
        let gone = Matter::Object("url--00000000-0000-4000-8000-000000000006", None);
        assert_eq!(crate::tests::purge_all(&ledger, &gone).unwrap(), 1);
        ledger.catch_up().unwrap();
        assert_eq!(ledger.verify(true).unwrap().findings, [], "{}", store.engine);
    }
}
