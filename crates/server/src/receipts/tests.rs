//! A partner reads over TAXII, then its receipts: what it gets is its own, holds by itself, and tells nothing of anybody else.
use super::*;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use exchange::collection::{self, NewCollection};
use ledger::SeededEntropy;
use ledger::note::{Head, Verifier};
use ledger::testkit::{TestStore, engines};
use partners::{NewPerson, Role};
use std::sync::Arc;
use stix::Tlp;
use tower::ServiceExt;

const BOX: &str = "5a8a7a1e-0c53-4f0e-9b7e-000000000001";
const TAXII: &str = "application/taxii+json;version=2.1";
const TOOL: &str = "tool--00000000-0000-4000-8000-00000000000";

struct World {
    state: AppState,
    runtime: tokio::runtime::Runtime,
    store: TestStore,
}

fn world(store: TestStore) -> World {
    let ledger = store.open(crate::stages());
    let hashed = partners::person::hash("correct horse", &SeededEntropy::new(9)).unwrap();
    ledger
        .write(|tx| {
            let people = [
                ("ada", "home", Role::Admin),
                ("bob", "home", Role::Operator),
                ("fred", "fr", Role::Partner),
                ("nell", "nl", Role::Partner),
                ("aud", "nl", Role::Auditor),
            ];
            for (name, org, role) in people {
                partners::add_person(
                    tx,
                    &NewPerson { name, org, role, clearance: Some(Tlp::Red), until: None },
                    &hashed,
                )?;
            }
            let both = ["fr".to_owned(), "nl".to_owned()];
            let new = NewCollection {
                title: "Box",
                id: Some(BOX),
                root: None,
                tlp: Some(Tlp::Clear),
                read: &both,
                write: &both,
            };
            collection::add(tx, &new)
        })
        .unwrap();
    ledger.catch_up().unwrap();
    World { state: AppState::new(Arc::new(ledger)), runtime: tokio::runtime::Runtime::new().unwrap(), store }
}

impl World {
    fn ask(&self, name: &str, method: &str, path: &str, body: &str) -> (u16, String) {
        let mut request = Request::builder().method(method).uri(path).header("accept", TAXII);
        let kind = if path.starts_with("/taxii2") { TAXII } else { "application/json" };
        request = request.header("content-type", kind);
        if !name.is_empty() {
            request =
                request.header("authorization", format!("Basic {}", STANDARD.encode(format!("{name}:correct horse"))));
        }
        let request = request.body(Body::from(body.to_owned())).unwrap();
        let router = crate::router(self.state.clone());
        self.runtime.block_on(async {
            let response = router.oneshot(request).await.unwrap();
            let status = response.status().as_u16();
            let body = to_bytes(response.into_body(), 1 << 24).await.unwrap();
            (status, String::from_utf8(body.to_vec()).unwrap())
        })
    }

    #[track_caller]
    fn get(&self, name: &str, path: &str) -> String {
        let (status, body) = self.ask(name, "GET", path, "");
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    /// Opens a page in a session of its own.
    fn page(&self, name: &str, path: &str) -> u16 {
        let token = self.state.ledger.write(|tx| crate::auth::begin(tx, name)).unwrap();
        let cookie = crate::auth::cookie(&token, false);
        let request = Request::builder().uri(path).header("cookie", cookie.split(';').next().unwrap());
        let request = request.body(Body::empty()).unwrap();
        let router = crate::router(self.state.clone());
        self.runtime.block_on(async { router.oneshot(request).await.unwrap().status().as_u16() })
    }

    /// Reads all of the box, and lets the record be written and sealed.
    fn read(&self, name: &str) -> String {
        let body = self.get(name, &format!("/taxii2/default/collections/{BOX}/objects/"));
        self.seal();
        body
    }

    fn seal(&self) {
        self.state.recorder.flush(&self.state.ledger).unwrap();
        receipt::seal_all(&self.state.ledger).unwrap();
    }

    fn give(&self, name: &str, n: u32) -> u16 {
        let path = format!("/taxii2/default/collections/{BOX}/objects/");
        self.ask(name, "POST", &path, &format!(r#"{{"objects":[{}]}}"#, tool(n))).0
    }
}

fn tool(n: u32) -> String {
    format!(
        r#"{{"type":"tool","spec_version":"2.1","id":"{TOOL}{n}","created":"2024-01-01T00:00:00.000Z","modified":"2024-01-01T00:00:00.000Z","name":"t{n}"}}"#
    )
}

#[test]
fn a_partner_reads_its_own_tree() {
    for store in engines() {
        let w = world(store);
        assert_eq!(w.ask("", "GET", "/receipts/checkpoint", "").0, 303, "to the door of the pages");
        assert_eq!(w.ask("nobody", "GET", "/receipts/checkpoint", "").0, 401);
        let key = Verifier::parse(&w.get("fred", "/receipts/key")).unwrap();
        let head = |name: &str| Head::parse(key.open(&w.get(name, "/receipts/checkpoint")).unwrap()).unwrap();
        assert_eq!(head("fred").size, 0, "a tree of nothing has a head too");
        assert_eq!(w.give("ada", 1), 202);
        assert_eq!(w.give("fred", 2), 202);
        w.read("ada");
        assert!(w.read("fred").contains("t1"));
        w.read("fred");
        let old = head("fred");
        assert_eq!(old.size, 2, "what was given, and what was shown once");
        w.give("ada", 3);
        w.get("fred", &format!("/taxii2/default/collections/{BOX}/objects/{TOOL}3/"));
        w.seal();
        let new = head("fred");
        assert_eq!(new.size, 3, "{}", w.store.engine);

        let list: serde_json::Value = serde_json::from_str(&w.get("fred", "/receipts/")).unwrap();
        let kinds: Vec<&str> =
            list["receipts"].as_array().unwrap().iter().map(|r| r["kind"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["received", "given", "given"]);
        let words = list["receipts"][1]["words"].as_str().unwrap();
        assert!(
            words.contains("fr was given 2 objects out of collection") && words.contains("no agreement"),
            "{words}"
        );

        let receipt = w.get("fred", &format!("/receipts/object/{TOOL}1"));
        let checked = show::check(&receipt, &key, Some(tool(1).as_bytes())).unwrap();
        assert!(checked.bytes && checked.leaf == 1);
        assert_eq!(show::check(&w.get("fred", "/receipts/leaf/0"), &key, None).unwrap().size, 3);
        let proof: serde_json::Value =
            serde_json::from_str(&w.get("fred", "/receipts/proof/consistency?from=2")).unwrap();
        let hash = |text: &serde_json::Value| {
            ledger::checkpoint::unbase64(text.as_str().unwrap()).unwrap().try_into().unwrap()
        };
        let path: Vec<ledger::merkle::Hash> = proof["hashes"].as_array().unwrap().iter().map(hash).collect();
        assert!(ledger::proof::grew(2, &old.root, 3, &new.root, &path));
        let proof: serde_json::Value =
            serde_json::from_str(&w.get("fred", "/receipts/proof/inclusion?leaf=0&size=2")).unwrap();
        let path: Vec<ledger::merkle::Hash> = proof["hashes"].as_array().unwrap().iter().map(hash).collect();
        assert!(ledger::proof::leads(&hash(&proof["leaf_hash"]), 0, 2, &path, &old.root));
        for (path, status) in [
            ("/receipts/proof/inclusion?leaf=9", 400),
            ("/receipts/proof/inclusion?leaf=0&size=9", 400),
            ("/receipts/proof/inclusion?leaf=x", 400),
            ("/receipts/proof/consistency?from=0", 400),
            ("/receipts/leaf/9", 404),
            ("/receipts/object/tool--x", 404),
        ] {
            assert_eq!(w.ask("fred", "GET", path, "").0, status, "{path}");
        }
        // nell has read nothing: what is fred's is to her as what is not there
        let there = w.ask("nell", "GET", &format!("/receipts/object/{TOOL}1"), "");
        assert_eq!(there, w.ask("nell", "GET", &format!("/receipts/object/{TOOL}9"), ""));
        assert_eq!(w.ask("nell", "GET", "/receipts/leaf/0", "").0, 404);
        assert!(!w.get("nell", "/receipts/").contains("fr"));
        assert!(w.state.ledger.verify(true).unwrap().findings.is_empty());
    }
}

#[test]
fn what_a_page_shows_is_on_record() {
    for store in engines() {
        let w = world(store);
        let key = Verifier::parse(&w.get("fred", "/receipts/key")).unwrap();
        w.give("ada", 1);
        w.give("ada", 2);
        let size = |w: &World| {
            w.seal();
            Head::parse(key.open(&w.get("fred", "/receipts/checkpoint")).unwrap()).unwrap().size
        };
        for (name, path, status, leaves) in [
            ("ada", format!("/exchange/object/{TOOL}1"), 200, 0),
            ("fred", format!("/exchange/object/{TOOL}9"), 404, 0),
            // a list has names and no content
            ("fred", format!("/exchange/collection/{BOX}"), 200, 0),
            ("fred", format!("/exchange/object/{TOOL}1"), 200, 1),
            ("fred", format!("/exchange/object/{TOOL}1/raw"), 200, 1),
            ("fred", format!("/exchange/object/{TOOL}2/raw"), 200, 2),
            ("nell", format!("/exchange/object/{TOOL}2/raw"), 200, 2),
        ] {
            assert_eq!(w.page(name, &path), status, "{name} {path}");
            assert_eq!(size(&w), leaves, "{name} {path} on {}", w.store.engine);
        }
        let leaf = show::check(&w.get("fred", "/receipts/leaf/0"), &key, None).unwrap();
        assert!(leaf.says.contains(&("way".to_owned(), "page".to_owned())), "{:?}", leaf.says);
        let receipt = w.get("fred", &format!("/receipts/object/{TOOL}2"));
        assert!(show::check(&receipt, &key, Some(tool(2).as_bytes())).unwrap().bytes);
    }
}

#[test]
fn after_a_purge_taxii_has_nothing_and_the_receiver_answers() {
    for store in engines() {
        let w = world(store);
        for n in 1..=4 {
            w.give("ada", n);
        }
        let limited = format!("/taxii2/default/collections/{BOX}/objects/?limit=2");
        let first: serde_json::Value = serde_json::from_str(&w.get("fred", &limited)).unwrap();
        let next = first["next"].as_str().unwrap().to_owned();
        w.seal();
        let who = |name: &str| w.state.ledger.read(|tx| partners::person::person(tx, name, "home")).unwrap().unwrap();
        let target = act::purge::Target::Object { id: format!("{TOOL}2"), version: None };
        let (name, _) = act::purge::propose(&w.state.ledger, &target, "a spill", &who("ada")).unwrap();
        let report = act::purge::approve(&w.state.ledger, &name, &who("bob")).unwrap();
        assert_eq!(report.receivers.iter().map(|r| r.org.as_str()).collect::<Vec<_>>(), ["fr"]);
        // the pager that stood at it goes on
        let second = w.get("fred", &format!("{limited}&next={next}"));
        assert!(second.contains("t3") && second.contains("t4") && !second.contains("t2"), "{second}");
        let base = format!("/taxii2/default/collections/{BOX}");
        for gone in [format!("{base}/objects/{TOOL}2/"), format!("{base}/objects/{TOOL}2/versions/")] {
            assert_eq!(w.ask("fred", "GET", &gone, "").0, 404, "{gone}");
        }
        for list in ["objects", "manifest"] {
            assert!(!w.get("fred", &format!("{base}/{list}/")).contains(&format!("{TOOL}2")), "{list}");
        }
        assert!(w.get("fred", "/receipts/requests").contains(r#""state":"open""#));
        assert_eq!(w.get("nell", "/receipts/requests"), r#"{"requests":[]}"#);
        let path = format!("/receipts/requests/{name}");
        assert_eq!(w.ask("nell", "POST", &path, r#"{"answer":"destroyed"}"#).0, 404);
        assert_eq!(w.ask("aud", "POST", &path, r#"{"answer":"destroyed"}"#).0, 403);
        assert_eq!(w.ask("fred", "POST", &path, r#"{"answer":"perhaps"}"#).0, 400);
        assert_eq!(w.ask("fred", "POST", &path, r#"{"answer":"destroyed","note":"done"}"#).0, 204);
        assert!(w.get("fred", "/receipts/requests").contains(r#""state":"destroyed""#));
        assert!(w.state.ledger.verify(true).unwrap().findings.is_empty(), "{}", w.store.engine);
    }
}
