//! The story of 2.1.3 on both engines: a partner with exposures, a delivered ask, an answer with a reference, a sighting; the
//! figure at each known time; late knowledge restates; a rebuild gives the same.
use std::sync::Arc;

use ledger::testkit::{TestStore, engines};
use ledger::{Draft, Ledger, Micros};
use serde_json::{Value, json};

use crate::{Assure, Explanation, Period, explain, explain_all, furnish, lint_plans};

fn day(text: &str) -> Micros {
    text.parse().unwrap()
}

pub(crate) struct Story {
    pub(crate) store: TestStore,
    pub(crate) ledger: Ledger,
}

impl Story {
    pub(crate) fn begin(store: TestStore) -> Story {
        let ledger = store.open(vec![Arc::new(partners::Partners), Arc::new(Assure)]);
        let key = ledger.signing_key().unwrap();
        ledger.write(|tx| furnish(tx, &key)).unwrap();
        Story { store, ledger }
    }

    pub(crate) fn on(&self, at: &str, kind: &'static str, meta: &Value, body: &Value) -> i64 {
        self.store.clock.set(day(at));
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        self.bytes(kind, meta, &body)
    }

    pub(crate) fn bytes(&self, kind: &'static str, meta: &Value, body: &[u8]) -> i64 {
        let index = self.ledger.write(|tx| Ok(tx.append(Draft::new(kind, meta)?.body(body))?.index)).unwrap();
        self.ledger.catch_up().unwrap();
        index
    }

    fn org(&self, key: &str, name: &str, kind: &str, country: &str) {
        let meta = json!({ "key": key, "name": name, "kind": kind, "country": country, "languages": [] });
        self.on("2026-01-02", "partners.org", &meta, &Value::Null);
    }

    fn object(&self, at: &str, body: &Value) {
        let meta = json!({ "collection": "c", "id": body["id"], "type": body["type"], "source": "pl-cert", "by": "ana",
            "spec": "2.1" });
        self.on(at, "exchange.object", &meta, body);
    }

    fn changed(&self, at: &str, cause: i64, subject: &str, status: Option<&str>, reason: &str) {
        let change = json!({ "level": "asset", "subject": subject, "source": "aqua", "vulnerability": "CVE-2026-1",
            "status": status, "advisory": "VND-1", "country": "PL", "holder": "aqua", "reason": reason });
        let meta = json!({ "cause": cause, "why": "…", "owner": "aqua", "matcher": 1, "changes": [change] });
        self.on(at, "expose.changed", &meta, &Value::Null);
    }

    fn sighting(&self, id: &str, first_seen: &str, known: &str) {
        let body = json!({ "type": "sighting", "spec_version": "2.1", "id": format!("sighting--{id}"),
            "created": known, "modified": known, "first_seen": first_seen,
            "sighting_of_ref": "vulnerability--1", "where_sighted_refs": ["location--pl"] });
        self.object(known, &body);
    }

    fn figure(&self, known_as_of: &str) -> Explanation {
        let period: Period = "2026-Q1".parse().unwrap();
        let at = day(known_as_of);
        self.ledger.read(|tx| explain(tx, "2.1.3", at, at, Some(&period))).unwrap()
    }

    #[track_caller]
    fn check(&self, known_as_of: &str, expected: &str) {
        let e = self.figure(known_as_of);
        let n = |x: Option<i64>| x.map_or("null".to_owned(), |x| x.to_string());
        let details = e.counted.iter().chain(&e.not_counted).flat_map(|i| &i.details);
        let words: Vec<&str> = details.map(|d| d.verdict.as_str()).collect();
        let got = format!(
            "{} of {} {}{}",
            n(e.figure.numerator),
            n(e.figure.denominator),
            words.join(", "),
            e.figure.missing.join(" ")
        );
        assert_eq!(got, expected, "{}: {known_as_of}", self.store.engine);
    }
}

fn about() -> Value {
    json!({ "ask": "A-1", "party": "aqua", "addressee": "pl-cert", "country": "PL", "advisory": "VND-1",
        "vulnerabilities": ["CVE-2026-1"] })
}

fn with(mut base: Value, more: &Value) -> Value {
    let fields = more.as_object().unwrap().clone();
    base.as_object_mut().unwrap().extend(fields);
    base
}

fn tell(s: &Story) {
    s.org("pl-cert", "CERT Polska", "csirt", "PL");
    s.org("aqua", "Aqua", "operator", "PL");
    let trust = json!({ "org": "pl-cert", "from": "2026-01-01", "to": "2026-12-31", "reason": "vetted", "by": "ana" });
    s.on("2026-01-03", "partners.trust", &trust, &Value::Null);
    let csaf = json!({ "vulnerabilities": [{ "cve": "CVE-2026-1", "remediations": [{ "category": "vendor_fix" }] }] });
    let document = json!({ "form": "csaf", "id": "VND-1", "tlp": "CLEAR", "source": "vendor", "collection": "c",
        "released": "2026-01-04T00:00:00Z", "by": "ana" });
    s.on("2026-01-05", "exchange.document", &document, &csaf);
    s.store.clock.set(day("2026-01-06"));
    let table = b"asset,functions\nplc,water;power\nspare,\n";
    let meta = json!({ "source": "aqua", "rows": 2, "replace": false, "by": "ana" });
    let cause = s.bytes("expose.inventory", &meta, table);
    s.changed("2026-01-06", cause, "plc", Some("affected"), "");
    s.changed("2026-01-06", cause, "spare", Some("affected"), "");
    let message = json!({ "message_id": "m-1", "email": "duty@cert.example", "channel": "folder" });
    s.on("2026-01-10", "act.sent", &with(about(), &message), &Value::Null);
    let answer =
        json!({ "answer": "fixed", "evidence": "E2", "claimant": "pl-cert", "by": "link", "reference": "CHG-7" });
    s.on("2026-01-20", "act.answered", &with(about(), &answer), &Value::Null);
    // the sighting arrives before the objects that it names
    s.sighting("1", "2026-02-20T00:00:00Z", "2026-03-01");
    s.object("2026-03-02", &json!({ "type": "location", "id": "location--pl", "country": "PL" }));
    let reference = json!([{ "source_name": "cve", "external_id": "CVE-2026-1" }]);
    let body = json!({ "type": "vulnerability", "id": "vulnerability--1", "name": "a flaw", "external_references": reference });
    s.object("2026-03-03", &body);
    let row = json!({ "cveID": "CVE-2026-1", "dateReported": "2026/03/10" });
    let document = json!({ "form": "eukev", "id": "CVE-2026-1", "tlp": "CLEAR", "source": "enisa", "collection": "c", "by": "ana" });
    s.on("2026-03-11", "exchange.document", &document, &row);
    s.sighting("2", "2026-01-15T00:00:00Z", "2026-04-10");
}

#[test]
fn a_partner_is_gained_and_late_knowledge_takes_it_back() {
    for store in engines() {
        let s = Story::begin(store);
        tell(&s);
        s.check("2026-01-02", "null of null partners.trust expose.changed act.sent");
        s.check("2026-01-09", "null of null act.sent");
        s.check("2026-01-10", "0 of 1 not yet");
        s.check("2026-01-19T23:59:59.999999Z", "0 of 1 not yet");
        s.check("2026-01-20", "0 of 1 provisional");
        s.check("2026-03-01", "0 of 1 provisional"); // of what, and where, is not known yet
        s.check("2026-03-02", "0 of 1 provisional");
        s.check("2026-03-03", "1 of 1 success");
        s.check("2026-04-09", "1 of 1 success");
        s.check("2026-04-10", "0 of 1 too late");
        let late = s.figure("2026-04-10").figure;
        assert_eq!(late.restates.unwrap().value, Some(1.into()), "the first value stays beside the new one");
        let e = s.figure("2026-04-09");
        let sources = ["sighting--1: seen 2026-02-20 (pl-cert)", "eukev: 2026-03-10 at the latest (place not said)"];
        assert_eq!(e.counted[0].details[0].sources, sources);
        assert_eq!(e.figure.beside["luck"]["states"], json!({ "fix_public": 1 }));
        assert_eq!(s.ledger.parked().unwrap(), []);
        let all = || {
            let at = day("2026-04-09");
            s.ledger.read(|tx| Ok(serde_json::to_string(&explain_all(tx, at, at, None)?).unwrap())).unwrap()
        };
        let before = all();
        s.ledger.rebuild().unwrap();
        assert_eq!(all(), before, "{}: a rebuild gives the same", s.store.engine);
    }
}

#[test]
fn data_decides_what_words_claim() {
    for store in engines() {
        let s = Story::begin(store);
        s.org("pl-cert", "CERT Polska", "csirt", "PL");
        s.org("aqua", "Aqua", "operator", "PL");
        let trust =
            json!({ "org": "pl-cert", "from": "2026-01-01", "to": "2026-12-31", "reason": "vetted", "by": "ana" });
        s.on("2026-01-03", "partners.trust", &trust, &Value::Null);
        let document =
            json!({ "form": "csaf", "id": "VND-1", "tlp": "CLEAR", "source": "vendor", "collection": "c", "by": "v" });
        let advisory = s.on("2026-01-05", "exchange.document", &document, &json!({}));
        s.changed("2026-01-06", advisory, "plc", Some("affected"), "");
        s.changed("2026-01-06", advisory, "hmi", Some("affected"), "");
        let message = json!({ "message_id": "m-1", "email": "duty@cert.example", "channel": "folder" });
        s.on("2026-01-10", "act.sent", &with(about(), &message), &Value::Null);
        let answer = json!({ "answer": "fixed", "evidence": "E1", "claimant": "pl-cert", "by": "link" });
        s.on("2026-01-20", "act.answered", &with(about(), &answer), &Value::Null);
        s.check("2026-01-25", "0 of 1 not yet"); // a word alone is E1
        assert_eq!(s.figure("2026-01-25").figure.evidence.E1, Some(0.into()));
        // the owner's own next inventory confirms it
        let meta = json!({ "source": "aqua", "rows": 1, "replace": true, "by": "ana" });
        s.store.clock.set(day("2026-02-01"));
        let cause = s.bytes("expose.inventory", &meta, b"asset\nhmi\n");
        s.changed("2026-02-01", cause, "plc", None, "removed");
        s.check("2026-02-01", "0 of 1 not yet"); // half of it
        // the vendor corrects its advisory: the other was never affected
        let corrected = s.on("2026-02-02", "exchange.document", &document, &json!({}));
        s.changed("2026-02-02", corrected, "hmi", Some("not_affected"), "");
        s.check("2026-02-02", "0 of 1 provisional");
        s.check("2026-07-30T23:59:59Z", "0 of 1 provisional");
        s.check("2026-07-31", "1 of 1 success"); // 180 quiet days after 1 February
        // the message came back after all: there was no advice
        let bounce = with(about(), &json!({ "message_id": "m-1", "email": "duty@cert.example", "channel": "folder" }));
        s.on("2026-08-01", "act.bounced", &bounce, &Value::Null);
        s.check("2026-08-01", "0 of 0 ");
        assert_eq!(s.ledger.parked().unwrap(), []);
    }
}

#[test]
fn the_plan_stands_in_the_store_and_is_signed() {
    for store in engines() {
        let s = Story::begin(store);
        s.ledger.catch_up().unwrap();
        let report = s.ledger.read(lint_plans).unwrap().remove(1);
        assert_eq!((report.counts.measures, report.counts.aligned, report.faults.len()), (20, 14, 0));
        let at = day("2026-02-01");
        let figures = s.ledger.read(|tx| crate::compute(tx, at, at, None)).unwrap();
        assert_eq!(figures.len(), 30, "twenty measures and ten indicators");
        assert!(figures.iter().all(|f| f.value.is_none() && !f.missing.is_empty()), "no figure out of nothing");
        assert_eq!(
            crate::text::report(&report),
            "isp: 3 goals, 9 objectives, 10 enabling, 20 measures, 18 alignments, 14 aligned, 10 indicators\n"
        );
    }
}

#[test]
fn an_explanation_reads_as_lines() {
    let s = Story::begin(ledger::testkit::sqlite());
    tell(&s);
    insta::assert_snapshot!(crate::text::explanation(&s.figure("2026-04-09")), @r#"
    isp:2.1.3  More response teams abroad that carry out recommended mitigations before the attack comes
    2026-Q1, as of 2026-04-09T00:00:00.000000Z, known as of 2026-04-09T00:00:00.000000Z
    1 of 1 partners
    baseline 2024-Q4: –
    note: this store is an exercise: no figure of it counts
      population: trusted response teams abroad with an exposure, at any level, to a weakness they were advised of in the period
      numerator: teams of which at least half of the pairs of team and recommendation succeeded: the criticality-weighted mitigated share reached theta before the first attack known in the team's constituency, or no attack is known there after the quiet time
      denominator: teams of the population; pairs still provisional count here and not in the numerator
      doubles fall together by: partner, recommendation
      least evidence: E2
      never counted: exposures found after the cohort was set; exposures that were never real: the advisory was corrected
      definition: version 1, owner operations, approver head of operations
      at_most: {"pairs":1,"value":1}
      luck: {"chance":0.5,"corrected_rate_of_pairs":1.0,"states":{"fix_public":1}}
      moot: {"pairs":0,"same_day":0}
      open: {"pairs":0}
      pairs: {"mean_of_partners":1.0,"of":1,"rate":1.0,"success":1}
      provisional: {"pairs":0}
      strict: {"bounded_by_a_catalogue_only":0,"pairs":1,"value":1}
      theta: [{"of_pairs":1,"pairs":1,"theta":0.5,"value":1},{"of_pairs":1,"pairs":1,"theta":0.8,"value":1},{"of_pairs":1,"pairs":1,"theta":1.0,"value":1}]
      too_late: {"pairs":0}
      unknown: {"pairs":0}
    counted: 1
      pl-cert: 1 of 1 pairs succeeded
        CVE-2026-1 success: 80 % mitigated at E2 on 2026-01-20, 31 days before the first attack known there | advised 2026-01-10T00:00:00.000000Z, attacked 2026-02-20T00:00:00.000000Z, mitigated 2026-01-20T00:00:00.000000Z | sighting--1: seen 2026-02-20 (pl-cert), eukev: 2026-03-10 at the latest (place not said) | entries 9, 10, 11, 12, 13, 16
    not counted: 0
    "#);
    insta::assert_snapshot!(crate::text::row(&s.figure("2026-04-09").figure).join(" | "), @"isp:2.1.3 | 1 | 1 | 1 | 1 | 0 | 0 | More response teams abroad that carry out recommended mitigations before the attack comes");
}

#[test]
fn a_faulty_pack_is_not_loaded() {
    let store = ledger::testkit::sqlite();
    let s = Story::begin(store);
    s.ledger.catch_up().unwrap();
    let check = |pack: &ledger::pack::Pack| s.ledger.read(|tx| Ok(crate::check_pack(tx, pack))).unwrap();
    let mut pack = crate::shipped::isp();
    let text = pack.files["measures-2.toml"].replace("dedup_key = \"partner, recommendation\"\n", "");
    pack.files.insert("measures-2.toml".to_owned(), text);
    let reason = "plan pack isp-2025-2026 has 2 faults, the first: measure isp:2.1.3: a numerator without dedup_key counts \
                  doubles; name the key [plan-no-dedup-key]; `mainstay plan lint` lists all";
    assert_eq!(check(&pack).unwrap_err(), reason);
    assert_eq!(check(&crate::shipped::isp()), Ok(()));
    let packs = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs");
    assert_eq!(check(&ledger::pack::Pack::from_folder(&packs.join("plans/neutral")).unwrap()), Ok(()));
    let rules = packs.join("rules");
    assert_eq!(check(&ledger::pack::Pack::from_folder(&rules).unwrap()), Ok(()));
}
