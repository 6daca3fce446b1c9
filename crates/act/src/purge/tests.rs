//! A purge by two people on both engines, with receipts before and after it.
use super::*;
use crate::receipt::{self, show, tree};
use crate::{Act, plan};
use exchange::admit::{Origin, Sees, import_stix};
use exchange::collection::{self, NewCollection};
use exchange::disclosed::Recorder;
use exchange::page::{self, Query};
use ledger::note::Verifier;
use ledger::testkit::{START, TestStore, engines, sqlite};
use partners::{Partners, Role, add_person};
use std::sync::Arc;
use stix::Tlp;

const ID: &str = "malware--00000000-0000-4000-8000-00000000000";

fn malware(n: u32, rest: &str) -> String {
    format!(
        r#"{{"type":"malware","spec_version":"2.1","id":"{ID}{n}","created":"2020-01-01T00:00:00.000Z","modified":"2020-01-01T00:00:01.000Z","is_family":false{rest}}}"#
    )
}

struct Hub {
    store: TestStore,
    ledger: Ledger,
    collection: String,
    recorder: Recorder,
}

impl Hub {
    fn new(store: TestStore) -> Hub {
        let ledger = store.open(vec![
            Arc::new(Partners),
            Arc::new(exchange::Exchange::default()),
            Arc::new(expose::Expose),
            Arc::new(Act),
        ]);
        ledger.catch_up().unwrap();
        let collection = ledger
            .write(|tx| {
                let new = NewCollection {
                    title: "shared",
                    id: None,
                    root: None,
                    tlp: Some(Tlp::Clear),
                    read: &["acme".into(), "beta".into()],
                    write: &[],
                };
                collection::add(tx, &new)
            })
            .unwrap();
        let hub = Hub { store, ledger, collection, recorder: Recorder::default() };
        for (name, org, role) in [
            ("ann", "home", Role::Admin),
            ("bob", "home", Role::Operator),
            ("eve", "home", Role::Auditor),
            ("pat", "acme", Role::Partner),
            ("bea", "beta", Role::Partner),
        ] {
            let entropy = ledger::SeededEntropy::new(1);
            let hash = partners::person::hash("correct horse", &entropy).unwrap();
            let new = partners::NewPerson { name, org, role, clearance: Some(Tlp::Amber), until: None };
            hub.ledger.write(|tx| add_person(tx, &new, &hash)).unwrap();
        }
        hub.ledger.catch_up().unwrap();
        hub
    }

    fn who(&self, name: &str) -> Person {
        self.ledger.read(|tx| partners::person::person(tx, name, "home")).unwrap().unwrap()
    }

    fn give(&self, source: &str, objects: &[String]) {
        let origin =
            Origin { file: "f", collection: &self.collection, source, tlp: None, by: "x", sees: Sees::All, hops: None };
        let bytes = format!(r#"{{"objects":[{}]}}"#, objects.join(","));
        let intake = import_stix(&self.ledger, bytes.as_bytes(), &origin).unwrap();
        assert_eq!(intake.refused, []);
        self.ledger.catch_up().unwrap();
    }

    /// A person reads all of the collection, as TAXII would.
    fn read(&self, name: &str) -> String {
        let person = self.who(name);
        let (body, events) = self
            .ledger
            .read(|tx| {
                let collection = collection::need(tx, Some(&self.collection))?;
                let today = tx.now().day().parse().unwrap();
                let exchange::rights::Sight::View(view) = exchange::rights::sight(tx, &person, &collection, today)?
                else {
                    return Ok((Vec::new(), Vec::new()));
                };
                let (mut body, mut events) = (Vec::new(), Vec::new());
                page::given(tx, view, &Query::default(), &mut body, &mut events)?;
                Ok((body, events))
            })
            .unwrap();
        self.recorder.prepare(&self.ledger, &person).unwrap();
        assert!(self.recorder.note(&person, &self.collection, "taxii", &events, self.ledger.env().clock.now()));
        String::from_utf8(body).unwrap()
    }

    fn key(&self, org: &str) -> Verifier {
        tree::verifier(&self.ledger, org)
    }

    fn leaves(&self, org: &str) -> Vec<String> {
        let list = self.ledger.read(|tx| receipt::list(tx, org, 0, 100)).unwrap();
        list.into_iter().map(|r| format!("{}{}", r.kind, if r.sealed { "" } else { " unsealed" })).collect()
    }

    fn object(&self, id: &str) -> Target {
        Target::Object { id: id.to_owned(), version: None }
    }

    #[track_caller]
    fn holds(&self) {
        assert_eq!(self.ledger.parked().unwrap(), []);
        assert_eq!(self.ledger.verify(true).unwrap().findings, [], "{}", self.store.engine);
    }
}

#[test]
fn receipts_prove_what_was_shown() {
    for store in engines() {
        let hub = Hub::new(store);
        let two = malware(2, r#","name":"two""#);
        hub.give("local", &[malware(1, ""), two.clone(), malware(3, "")]);
        hub.read("pat");
        hub.read("pat");
        hub.read("ann");
        hub.recorder.flush(&hub.ledger).unwrap();
        assert_eq!(
            hub.leaves("acme"),
            ["given unsealed"],
            "what is shown twice is one receipt; the operator's own have none"
        );
        assert_eq!(show::of_leaf(&hub.ledger, "acme", 0).unwrap_err().rule(), "receipt-unsealed");
        assert_eq!(receipt::seal_all(&hub.ledger).unwrap(), 1);
        let first = tree::checkpoint(&hub.ledger, "acme").unwrap();
        hub.give("local", &[malware(4, "")]);
        hub.read("pat");
        hub.recorder.flush(&hub.ledger).unwrap();
        receipt::seal_all(&hub.ledger).unwrap();
        assert_eq!(hub.leaves("acme"), ["given", "given"], "{}", hub.store.engine);

        let id = format!("{ID}2");
        let receipts = show::of_object(&hub.ledger, "acme", &id, None).unwrap();
        let text = receipts[0].text();
        let key = Verifier::parse(&hub.key("acme").encode()).unwrap();
        let checked = show::check(&text, &key, Some(two.as_bytes())).unwrap();
        assert_eq!((checked.leaf, checked.size, checked.bytes), (0, 2, true));
        assert!(checked.object.unwrap().starts_with(&format!("{id} 2020-01-01T00:00:01.000Z ")));
        let whole = show::of_leaf(&hub.ledger, "acme", 1).unwrap();
        let said = show::check(&whole.text(), &key, None).unwrap();
        assert_eq!(said.says.iter().find(|(k, _)| k == "objects").unwrap().1, "1");
        for (bad, why) in [
            (show::check(&text, &hub.key("beta"), None), "note"),
            (show::check(&text, &key, Some(b"other bytes")), "receipt"),
            (show::check("nothing", &key, None), "receipt"),
            (show::check(&text.replace("index 0", "index 1"), &key, None), "receipt"),
        ] {
            assert_eq!(bad.unwrap_err().rule(), why);
        }
        // who was not shown it hears the same as of what is not there
        for (org, id) in
            [("beta", id.as_str()), ("acme", "malware--00000000-0000-4000-8000-0000000000ff"), ("nobody", &id)]
        {
            assert_eq!(show::of_object(&hub.ledger, org, id, None).unwrap_err().rule(), "receipt-unknown", "{org}");
        }
        let read = |note: &str| ledger::note::Head::parse(key.open(note).unwrap()).unwrap();
        let (old, new) = (read(&first), read(&tree::checkpoint(&hub.ledger, "acme").unwrap()));
        let (_, path) = hub.ledger.read(|tx| tree::consistency(tx, "acme", old.size, None)).unwrap();
        assert!(ledger::proof::grew(old.size, &old.root, new.size, &new.root, &path));
        hub.holds();
    }
}

#[test]
fn a_partners_tree_is_the_same_whatever_happens_with_others() {
    let note = |others: bool| {
        let hub = Hub::new(sqlite());
        hub.give("local", &[malware(1, "")]);
        if others {
            hub.read("bea");
            hub.recorder.flush(&hub.ledger).unwrap();
            receipt::seal_all(&hub.ledger).unwrap();
        }
        hub.read("pat");
        hub.recorder.flush(&hub.ledger).unwrap();
        receipt::seal_all(&hub.ledger).unwrap();
        let statement = hub.ledger.read(|tx| {
            let receipt = receipt::at(tx, "acme", 0)?.unwrap();
            Ok(receipt::statement::of(tx, "hub", &receipt)?.text)
        });
        // salts are drawn, and differ between any two stores
        let lines = |text: String| {
            text.lines().filter(|l| !l.starts_with("salt ") && !l.starts_with("root ")).collect::<Vec<_>>().join("\n")
        };
        (hub.leaves("acme"), lines(statement.unwrap()), hub.ledger.read(|tx| tree::head(tx, "x", "acme")).unwrap().size)
    };
    let (with, without) = (note(true), note(false));
    assert_eq!(with.0, without.0);
    assert_eq!(with.2, without.2);
    let body =
        |text: &str| text.lines().filter(|l| !l.starts_with("collection ")).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(body(&with.1), body(&without.1));
}

#[test]
fn two_people_purge_an_object() {
    for store in engines() {
        let hub = Hub::new(store);
        let secret = malware(2, r#","name":"classified words","labels":["secret label"]"#);
        hub.give("local", &[malware(1, ""), secret.clone(), malware(3, "")]);
        assert!(hub.read("pat").contains("classified words"));
        hub.recorder.flush(&hub.ledger).unwrap();
        receipt::seal_all(&hub.ledger).unwrap();
        let before = show::of_object(&hub.ledger, "acme", &format!("{ID}2"), None).unwrap();

        let target = hub.object(&format!("{ID}2"));
        let found = hub.ledger.read(|tx| look(tx, &target)).unwrap();
        assert_eq!(
            (found.entries.len(), found.receivers.len(), found.could_see.as_slice()),
            (1, 1, &["beta".to_owned()][..])
        );
        assert_eq!(propose(&hub.ledger, &target, "a spill", &hub.who("eve")).unwrap_err().rule(), "role");
        assert_eq!(propose(&hub.ledger, &target, "a spill", &hub.who("pat")).unwrap_err().rule(), "role");
        assert_eq!(propose(&hub.ledger, &target, " ", &hub.who("ann")).unwrap_err().rule(), "purge-reason");
        assert_eq!(
            propose(&hub.ledger, &hub.object("malware--x"), "a spill", &hub.who("ann")).unwrap_err().rule(),
            "purge-nothing"
        );
        let (name, _) = propose(&hub.ledger, &target, "a spill", &hub.who("ann")).unwrap();
        for (who, rule) in [
            (hub.who("ann"), "second-person"),
            (Person::local_operator("home"), "second-person"),
            (hub.who("pat"), "role"),
        ] {
            assert_eq!(approve(&hub.ledger, &name, &who).unwrap_err().rule(), rule, "{}", who.name);
        }
        assert!(hub.read("pat").contains("classified words"), "nothing goes before the second person");
        let report = approve(&hub.ledger, &name, &hub.who("bob")).unwrap();
        assert_eq!((report.erased, report.files.left), (1, 0));
        assert_eq!(approve(&hub.ledger, &name, &hub.who("bob")).unwrap_err().rule(), "purge-state");
        let read = hub.read("pat");
        assert!(!read.contains("classified") && read.contains(&format!("{ID}3")), "{read}");
        hub.holds();
        let verified = hub.ledger.verify(true).unwrap();
        assert_eq!(verified.purged.values().collect::<Vec<_>>(), ["a spill"]);

        // the receipts of the rest hold, and so does the one of what is gone, though its bytes cannot be confirmed any more
        let key = hub.key("acme");
        assert!(show::check(&before[0].text(), &key, Some(secret.as_bytes())).unwrap().bytes);
        for n in [1, 3] {
            let receipt = show::of_object(&hub.ledger, "acme", &format!("{ID}{n}"), None).unwrap();
            assert!(show::check(&receipt[0].text(), &key, None).unwrap().object.is_some());
        }
        let after = show::of_object(&hub.ledger, "acme", &format!("{ID}2"), None).unwrap();
        assert!(show::check(&after[0].text(), &key, None).unwrap().object.is_some());
        assert_eq!(show::check(&after[0].text(), &key, Some(secret.as_bytes())).unwrap_err().rule(), "receipt");

        // the request to the receiver, its answer, and silence
        assert_eq!(hub.leaves("acme"), ["given", "purge"]);
        let state = |hub: &Hub| hub.ledger.read(|tx| requests(tx, Some("acme"))).unwrap()[0].state.clone();
        assert_eq!(state(&hub), "open");
        hub.store.clock.set(Micros(START.0 + 4 * Micros::DAY));
        assert_eq!(state(&hub), "silent");
        assert_eq!(
            answer(&hub.ledger, &name, "acme", "maybe", "", &hub.who("pat")).unwrap_err().rule(),
            "purge-answer"
        );
        assert_eq!(answer(&hub.ledger, &name, "acme", "destroyed", "", &hub.who("bea")).unwrap_err().rule(), "role");
        assert_eq!(
            answer(&hub.ledger, &name, "beta", "destroyed", "", &hub.who("bea")).unwrap_err().rule(),
            "purge-unknown"
        );
        answer(&hub.ledger, &name, "acme", "destroyed", "wiped\nall", &hub.who("pat")).unwrap();
        assert_eq!(state(&hub), "destroyed");
        receipt::seal_all(&hub.ledger).unwrap();
        assert_eq!(hub.leaves("acme"), ["given", "purge", "purge-answer"]);
        hub.holds();
    }
}

#[test]
fn a_document_goes_with_what_was_made_from_it() {
    for store in engines() {
        let hub = Hub::new(store);
        let document = exchange::NewDocument {
            form: "note",
            file: "f",
            place: String::new(),
            id: "EX-1".into(),
            version: None,
            title: Some("classified title".into()),
            tlp: None,
            released: None,
            asset: None,
            body: br#"{"classified":"words"}"#,
        };
        let origin = Origin {
            file: "f",
            collection: &hub.collection,
            source: "local",
            tlp: None,
            by: "x",
            sees: Sees::All,
            hops: None,
        };
        exchange::import_documents(&hub.ledger, &[document], &origin).unwrap();
        let planned = serde_json::json!({
            "ask": "AAAA-BBBB-CCCC", "key": "k", "kind": "warn", "party": "acme", "count": null, "addressee": "acme", "addressee_kind": "operator",
            "contact": null, "email": "a@acme.example", "language": "en", "country": null, "rule": "r", "hours": 72, "follows": null,
            "advisory": "EX-1", "title": "classified title", "vulnerabilities": ["CVE-2026-1"], "subjects": ["plc"], "methods": [], "fixes": ["classified fix"],
            "tlp": "AMBER", "exploited": false, "severity": 90, "functions": 0, "held": false, "why": ["classified title"],
        });
        let planned: plan::Planned = serde_json::from_value(planned).unwrap();
        let about = crate::events::About {
            ask: planned.ask.clone(),
            addressee: "acme".into(),
            advisory: "EX-1".into(),
            ..Default::default()
        };
        hub.ledger
            .write(|tx| {
                tx.append(Draft::new("act.ask", &AskMeta { planned: planned.clone(), by: "ann".into() })?)?;
                let sent = crate::events::SentMeta {
                    about: about.clone(),
                    message_id: "m1".into(),
                    email: "a@acme.example".into(),
                    channel: "folder".into(),
                    reason: String::new(),
                };
                tx.append(Draft::new("act.sent", &sent)?)
            })
            .unwrap();
        hub.ledger.catch_up().unwrap();
        let (name, found) = propose(&hub.ledger, &Target::Document("EX-1".into()), "a spill", &hub.who("ann")).unwrap();
        assert_eq!(found.receivers[0].asks, ["AAAA-BBBB-CCCC"]);
        let report = approve(&hub.ledger, &name, &hub.who("bob")).unwrap();
        assert_eq!((report.erased, report.receivers.len()), (2, 1));
        let ask = hub.ledger.read(|tx| query::must(tx, "AAAA-BBBB-CCCC")).unwrap();
        assert_eq!((ask.planned.title.as_str(), ask.state.as_str()), ("purged", "closed"));
        assert_eq!(hub.leaves("acme"), ["asked", "purge"], "{}", hub.store.engine);
        hub.holds();
    }
}

/// What a document decided is decided by what is left when it goes: a weakness that it alone denied comes up again.
#[test]
fn what_a_document_decided_is_judged_anew() {
    for store in engines() {
        let hub = Hub::new(store);
        let give = |id: &str, stated: &str| {
            let body = serde_json::json!({"document": {"csaf_version": "2.0", "title": "t", "distribution": {"tlp": {"label": "WHITE"}},
                "publisher": {"name": "Acme", "namespace": "https://acme.example", "category": "vendor"},
                "tracking": {"id": id, "version": "1", "current_release_date": "2025-01-01T00:00:00Z"}},
              "product_tree": {"branches": [{"category": "vendor", "name": "Acme", "branches": [{"category": "product_name", "name": "Pump",
                "branches": [{"category": "product_version_range", "name": "< 5", "product": {"product_id": "P", "name": "Pump"}}]}]}]},
              "vulnerabilities": [{"cve": "CVE-2026-1", "product_status": {stated: ["P"]}}]})
            .to_string();
            let meta = serde_json::json!({"form": "csaf", "id": id, "version": "1", "tlp": "CLEAR", "source": "local",
                "collection": hub.collection, "by": "t"});
            let draft = || Draft::new("exchange.document", &meta).map(|draft| draft.body(body.as_bytes()));
            hub.ledger.write(|tx| tx.append(draft()?)).unwrap();
            hub.ledger.catch_up().unwrap();
        };
        let list = || {
            let listed = hub.ledger.read(|tx| expose::list(tx, &expose::NoStakes, &expose::Filter::default())).unwrap();
            let line =
                |r: expose::ExposureRow| format!("{} {} {} by {}", r.subject, r.vulnerability, r.status, r.advisory);
            listed.rows.into_iter().filter(|r| r.subject == "pump-1").map(line).collect::<Vec<_>>()
        };
        let inventory = b"asset,vendor,product,version,country,owner\npump-1,Acme,Pump,1.4,IE,water-co\n";
        hub.ledger.write(|tx| expose::import_inventory(tx, "acme", inventory, false, "t")).unwrap();
        give("A-1", "known_affected");
        assert_eq!(list(), ["pump-1 CVE-2026-1 affected by A-1"]);
        give("B-1", "known_not_affected");
        assert_eq!(list(), ["pump-1 CVE-2026-1 disputed by A-1"]);
        let (name, _) = propose(&hub.ledger, &Target::Document("B-1".into()), "a spill", &hub.who("ann")).unwrap();
        approve(&hub.ledger, &name, &hub.who("bob")).unwrap();
        assert_eq!(list(), ["pump-1 CVE-2026-1 affected by A-1"], "{}", hub.store.engine);
        // one that was broken off after the erasing judges all, and nothing twice
        let size = hub.ledger.size().unwrap();
        expose::purge::judge_anew(&hub.ledger, None).unwrap();
        assert_eq!(hub.ledger.size().unwrap(), size);
        hub.holds();
    }
}

#[test]
fn what_was_rejected_is_not_carried_out() {
    let hub = Hub::new(sqlite());
    hub.give("taxii:acme", &[malware(1, ""), malware(2, "")]);
    let org = Target::Org("acme".into());
    let (name, found) = propose(&hub.ledger, &org, "the agreement ended", &hub.who("ann")).unwrap();
    assert_eq!(found.entries.len(), 2);
    reject(&hub.ledger, &name, &hub.who("bob"), "not yet").unwrap();
    assert_eq!(approve(&hub.ledger, &name, &hub.who("bob")).unwrap_err().rule(), "purge-state");
    let (second, _) = propose(&hub.ledger, &org, "the agreement ended", &hub.who("ann")).unwrap();
    assert_eq!(approve(&hub.ledger, &second, &hub.who("bob")).unwrap().erased, 2);
    let mut states =
        hub.ledger.read(list).unwrap().into_iter().map(|p| format!("{} {}", p.target, p.state)).collect::<Vec<_>>();
    states.sort();
    assert_eq!(states, ["all that acme gave done", "all that acme gave rejected"]);
    assert_eq!(hub.ledger.read(|tx| look(tx, &Target::Event(0))).unwrap_err().rule(), "purge-kind");
    hub.holds();
}
