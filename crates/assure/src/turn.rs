//! The whole loop with every stage as it is: an advisory meets an inventory, the country's team is asked, answers through its
//! link with a reference, a sighting comes in as STIX, and 2.1.3 gains one partner; also where data alone confirms the answer.
use std::path::PathBuf;
use std::sync::Arc;

use act::answer::Said;
use act::ask::Answer;
use act::mail::{Channel, Sender};
use act::post::Post;
use exchange::admit::Sees;
use exchange::{NewCollection, Origin};
use ledger::testkit::{TestStore, engines};
use ledger::{Draft, Ledger, Stage};
use partners::Person;
use partners::role::Role;
use serde_json::json;

use crate::{Assure, Explanation, Period};

const PARTNERS: &[u8] = b"org,name,kind,country,languages,agreement_from,agreement_to,clearance\n\
    home,Example Cyber Agency,agency,US,en,,,\n\
    cert-de,CERT DE,csirt,DE,de,2025-01-01,,AMBER\n\
    water-de,Wasser DE,operator,DE,de,,,\n";
const CONTACTS: &[u8] = b"org,name,email,role,country,sector,language,pgp,source,verified\n\
    cert-de,Lagezentrum,cert@cert.example,csirt,DE,,de,,register,2025-12-01\n";

/// Every stage as it is.
pub(crate) fn stages() -> Vec<Arc<dyn Stage>> {
    vec![
        Arc::new(partners::Partners),
        Arc::new(exchange::Exchange::default()),
        Arc::new(depend::Depend),
        Arc::new(expose::Expose),
        Arc::new(act::Act),
        Arc::new(Assure),
    ]
}

struct Hub {
    store: TestStore,
    ledger: Ledger,
    collection: String,
}

impl Hub {
    fn new(store: TestStore) -> Hub {
        let ledger = store.open(stages());
        let key = ledger.signing_key().unwrap();
        let new = NewCollection { title: "sightings", id: None, root: None, tlp: None, read: &[], write: &[] };
        let collection = ledger
            .write(|tx| {
                crate::furnish(tx, &key)?;
                partners::import_csv(tx, PARTNERS)?;
                exchange::collection::add(tx, &new)
            })
            .unwrap();
        ledger.catch_up().unwrap();
        let hub = Hub { store, ledger, collection };
        hub.on("2026-01-02", |l| drop(l.write(|tx| act::import_contacts(tx, CONTACTS, false)).unwrap()));
        hub.on("2026-01-02", |l| {
            let (from, to) = ("2026-01-01".parse().unwrap(), "2026-12-31".parse().unwrap());
            l.write(|tx| partners::org::trust(tx, "cert-de", from, to, "vetted by two sponsors", "ana")).unwrap();
        });
        hub
    }

    fn on(&self, day: &str, f: impl FnOnce(&Ledger)) {
        self.store.clock.set(day.parse().unwrap());
        f(&self.ledger);
        self.ledger.catch_up().unwrap();
        assert_eq!(self.ledger.parked().unwrap(), []);
    }

    fn advisory(&self, day: &str) {
        let bytes = include_bytes!("../../../examples/advisories/ex-2024-002.json");
        let meta = json!({ "form": "csaf", "id": "EX-2024-002", "tlp": "CLEAR", "source": "vendor", "collection": "c",
            "released": "2024-03-12T00:00:00Z", "by": "ana" });
        self.on(day, |l| {
            l.write(|tx| tx.append(Draft::new("exchange.document", &meta)?.body(bytes))).unwrap();
        });
    }

    fn firewall(&self, day: &str, version: &str) {
        let table = format!(
            "asset,vendor,product,model,version,country,owner,functions\n\
             fw-1,Fortinet,FortiOS,FortiGate Rugged 60F,{version},DE,water-de,supply-water;supply-power\n"
        );
        self.on(day, |l| {
            let done = l.write(|tx| expose::import_inventory(tx, "cert-de", table.as_bytes(), false, "test")).unwrap();
            assert_eq!((done.accepted, done.refused.len()), (1, 0));
        });
    }

    /// Plans and sends, and gives the token of the one message.
    fn ask(&self, day: &str) -> String {
        let folder: PathBuf = self.store.folder().join("outbox");
        let by = Person { name: "ada".into(), role: Role::Operator, ..Person::local_operator("home") };
        self.on(day, |l| {
            let plan = l.write(|tx| act::plan(tx, &expose::NoStakes, "home", &by, false)).unwrap();
            assert_eq!(plan.asks.len(), 1, "{:?}", plan.withheld);
        });
        let channel = Channel::Folder(folder.clone());
        let sender = Sender { name: "Example Cyber Agency".into(), address: "warn@hub.example".parse().unwrap() };
        let answer_url = "https://hub.example/answer/";
        let post = Post { channel: &channel, sender: &sender, about: "Duty desk", answer_url };
        self.on(day, |l| assert_eq!(act::send(l, &post, &by).unwrap().sent.len(), 1));
        let file = std::fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
        let text = std::fs::read_to_string(file).unwrap().replace("=\r\n", "");
        text.split("/answer/").nth(1).unwrap().chars().take(43).collect()
    }

    fn answer(&self, day: &str, token: &str, reference: &str) {
        let said = Said { answer: Answer::Fixed, note: "", reference };
        self.on(day, |l| drop(l.write(|tx| act::answer(tx, token, &said)).unwrap()));
    }

    fn sighting(&self, day: &str, first_seen: &str) {
        let common = |id: &str| {
            json!({ "id": id, "spec_version": "2.1", "created": "2026-01-01T00:00:00.000Z",
                "modified": "2026-01-01T00:00:00.000Z" })
        };
        let object = |id: &str, more: serde_json::Value| {
            let mut object = common(id);
            object["type"] = id.split("--").next().unwrap().into();
            object.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            object
        };
        let flaw = "vulnerability--7d0c7dd0-5b6c-4c9e-9d62-1f1a5f0f5a01";
        let team = "identity--7d0c7dd0-5b6c-4c9e-9d62-1f1a5f0f5a02";
        let bundle = json!({ "type": "bundle", "id": "bundle--7d0c7dd0-5b6c-4c9e-9d62-1f1a5f0f5a00", "objects": [
            object(flaw, json!({ "name": "CVE-2024-23113" })),
            object(team, json!({ "name": "CERT DE", "identity_class": "organization" })),
            object("sighting--7d0c7dd0-5b6c-4c9e-9d62-1f1a5f0f5a03", json!({ "sighting_of_ref": flaw,
                "where_sighted_refs": [team], "first_seen": first_seen })),
        ]});
        let origin = Origin {
            file: "sighting.json",
            collection: &self.collection,
            source: "cert-de",
            tlp: None,
            by: "ana",
            sees: Sees::All,
            hops: None,
        };
        self.on(day, |l| {
            let intake = exchange::import_stix(l, bundle.to_string().as_bytes(), &origin).unwrap();
            assert_eq!(intake.accepted, 3, "{intake:?}");
        });
    }

    fn figure(&self, at: &str) -> Explanation {
        let (at, period) = (at.parse().unwrap(), "2026-Q1".parse::<Period>().unwrap());
        self.ledger.read(|tx| crate::explain(tx, "2.1.3", at, at, Some(&period))).unwrap()
    }

    #[track_caller]
    fn check(&self, at: &str, expected: &str) {
        let e = self.figure(at);
        let words: Vec<&str> =
            e.counted.iter().chain(&e.not_counted).flat_map(|i| &i.details).map(|d| d.verdict.as_str()).collect();
        let got = format!("{:?} of {:?} {}", e.figure.numerator, e.figure.denominator, words.join(", "));
        assert_eq!(got, expected, "{}: {at}: {e:?}", self.store.engine);
    }
}

#[test]
fn the_loop_gains_a_partner() {
    for store in engines() {
        let hub = Hub::new(store);
        hub.advisory("2026-01-03");
        hub.firewall("2026-01-04", "7.4.2");
        let token = hub.ask("2026-01-10");
        hub.answer("2026-01-20", &token, "CHG-7");
        hub.sighting("2026-03-01", "2026-02-20T00:00:00Z");
        hub.check("2026-01-10", "Some(0) of Some(1) not yet");
        hub.check("2026-01-20", "Some(0) of Some(1) provisional");
        hub.check("2026-02-28", "Some(0) of Some(1) provisional");
        hub.check("2026-03-01", "Some(1) of Some(1) success");
        let e = hub.figure("2026-03-01");
        assert_eq!(e.figure.beside["luck"]["states"], json!({ "fix_public": 1 }));
        let before = serde_json::to_string(&e).unwrap();
        hub.ledger.rebuild().unwrap();
        assert_eq!(serde_json::to_string(&hub.figure("2026-03-01")).unwrap(), before);
        // and the stock of trusted teams: no key yet
        let at = "2026-03-01".parse().unwrap();
        let stock = hub.ledger.read(|tx| crate::explain(tx, "2.1.1", at, at, None)).unwrap();
        assert_eq!(stock.figure.missing, ["partners.key"]);
        let exchanges = hub.ledger.read(|tx| crate::explain(tx, "1.2.2", at, at, None)).unwrap();
        let keys: Vec<&str> = exchanges.counted.iter().map(|i| i.key.as_str()).collect();
        assert!(
            keys.contains(&"cert-de, CVE-2024-23113, 2026-W02") && keys.contains(&"cert-de, sighting, 2026-W09"),
            "{keys:?}"
        );
    }
}

#[test]
fn the_claimants_own_inventory_confirms_a_word() {
    for store in engines() {
        let hub = Hub::new(store);
        hub.advisory("2026-01-03");
        hub.firewall("2026-01-04", "7.4.2");
        let token = hub.ask("2026-01-10");
        hub.answer("2026-01-20", &token, "");
        hub.firewall("2026-02-01", "7.4.3");
        hub.sighting("2026-03-01", "2026-02-20T00:00:00Z");
        hub.check("2026-01-31", "Some(0) of Some(1) not yet");
        hub.check("2026-02-01", "Some(0) of Some(1) provisional");
        hub.check("2026-03-01", "Some(1) of Some(1) success");
        assert_eq!(hub.figure("2026-03-01").figure.evidence.E3, Some(0.into()), "the claimant's own data is E2");
    }
}
