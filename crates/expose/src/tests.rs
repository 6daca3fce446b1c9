//! Stories on both engines: what arrives in whatever order gives the same list, a retry doubles nothing, a rebuild the same.
mod sample;

use crate::{Coverage, Expose, ExposureRow, Filter, Listed, NoStakes, import_inventory, list};
use ledger::testkit::{TestStore, engines, sqlite};
use ledger::{Draft, Ledger};
use partners::Partners;
use serde_json::{Value as Json, json};
use std::sync::Arc;
use stix::Tlp;

pub(crate) fn open(store: &TestStore) -> Ledger {
    store.open(vec![Arc::new(Partners), Arc::new(Expose)])
}

/// A product of an advisory: vendor, product, range, status, package.
pub(crate) struct Product(pub &'static str, pub &'static str, pub &'static str, pub &'static str, pub &'static str);

pub(crate) fn advisory(id: &str, version: &str, cve: &str, products: &[Product], areas: &str) -> Json {
    let branch = |(i, p): (usize, &Product)| {
        let mut product = json!({"product_id": format!("P{i}"), "name": format!("{} {}", p.0, p.1)});
        if !p.4.is_empty() {
            product["product_identification_helper"] = json!({"purl": p.4});
        }
        json!({"category": "vendor", "name": p.0, "branches": [{"category": "product_name", "name": p.1, "branches": [
            {"category": "product_version_range", "name": p.2, "product": product}]}]})
    };
    let mut stated = serde_json::Map::new();
    for (i, p) in products.iter().enumerate() {
        let group = stated.entry(p.3).or_insert_with(|| json!([]));
        group.as_array_mut().unwrap().push(json!(format!("P{i}")));
    }
    json!({"document": {"csaf_version": "2.0", "title": format!("About {cve}"), "publisher": {"name": "Acme CERT", "namespace": "https://acme.example", "category": "vendor"},
        "distribution": {"tlp": {"label": "WHITE"}},
        "tracking": {"id": id, "version": version, "current_release_date": format!("2025-01-0{version}T00:00:00Z")},
        "notes": [{"title": "Critical infrastructure sectors", "text": "Energy"}, {"title": "Countries/areas deployed", "text": areas}]},
      "product_tree": {"branches": products.iter().enumerate().map(branch).collect::<Vec<_>>()},
      "vulnerabilities": [{"cve": cve, "product_status": stated, "scores": [{"cvss_v3": {"version": "3.1", "baseScore": 9.8, "vectorString": "x"}}]}]})
}

pub(crate) fn document(ledger: &Ledger, form: &str, id: &str, source: &str, asset: Option<&str>, body: &[u8]) {
    marked(ledger, Tlp::Clear, form, id, source, asset, body);
}

fn marked(ledger: &Ledger, tlp: Tlp, form: &str, id: &str, source: &str, asset: Option<&str>, body: &[u8]) {
    let meta =
        json!({"form": form, "id": id, "tlp": tlp, "source": source, "collection": "c", "asset": asset, "by": "t"});
    ledger.write(|tx| tx.append(Draft::new("exchange.document", &meta)?.body(body))).unwrap();
}

pub(crate) fn give(ledger: &Ledger, advisory: &Json) {
    give_marked(ledger, Tlp::Clear, advisory);
}

fn give_marked(ledger: &Ledger, tlp: Tlp, advisory: &Json) {
    let id = advisory["document"]["tracking"]["id"].as_str().unwrap();
    marked(ledger, tlp, "csaf", id, "local", None, advisory.to_string().as_bytes());
}

pub(crate) fn listed(ledger: &Ledger) -> Listed {
    ledger.catch_up().unwrap();
    assert_eq!(ledger.parked().unwrap(), []);
    ledger.read(|tx| list(tx, &NoStakes, &Filter::default())).unwrap()
}

pub(crate) fn all(ledger: &Ledger) -> (Vec<ExposureRow>, Coverage) {
    let Listed { rows, coverage, .. } = listed(ledger);
    (rows, coverage)
}

/// The rows, one line each.
pub(crate) fn lines(ledger: &Ledger) -> String {
    let line = |r: &ExposureRow| {
        let max = r.count.max.map_or("?".to_owned(), |m| m.to_string());
        format!(
            "{} {} {} {} {} {} {} {}..{max} {}",
            r.level, r.subject, r.vulnerability, r.status, r.tier, r.method, r.advisory, r.count.min, r.owner
        )
    };
    all(ledger).0.iter().map(line).collect::<Vec<_>>().join("\n")
}

const INVENTORY: &str = "asset,vendor,product,version,country,owner,functions\n\
    pump-1,Acme Inc.,Pump,1.4,IE,water-co,f-water;f-power\n\
    pump-2,ACME,Pump,1.6,IE,water-co,\n\
    pump-3,Acme,Pump,,IE,,\n\
    valve-1,Acme,Valve,1.0,IE,water-co,\n";

#[test]
fn whatever_comes_first_the_list_is_the_same() {
    for store in engines() {
        let ledger = open(&store);
        let steps: [&dyn Fn(&Ledger); 4] = [
            &|l| {
                give(
                    l,
                    &advisory(
                        "A-1",
                        "1",
                        "CVE-2025-1",
                        &[Product("Acme", "Pump", "< 1.5", "known_affected", "")],
                        "Worldwide",
                    ),
                )
            },
            &|l| drop(l.write(|tx| import_inventory(tx, "csirt-ie", INVENTORY.as_bytes(), false, "t")).unwrap()),
            &|l| {
                give(
                    l,
                    &advisory(
                        "A-1",
                        "2",
                        "CVE-2025-1",
                        &[Product("Acme", "Pump", "< 1.7", "known_affected", "")],
                        "Worldwide",
                    ),
                )
            },
            &|l| document(l, "kev", "CVE-2025-1", "local", None, br#"{"cveID":"CVE-2025-1","dateAdded":"2025-02-03"}"#),
        ];
        for step in steps {
            step(&ledger);
        }
        let want = lines(&ledger);
        insta::allow_duplicates! {
            insta::assert_snapshot!(want, @r"
            asset pump-1 CVE-2025-1 affected D name A-1 1..1 water-co
            asset pump-2 CVE-2025-1 affected D name A-1 1..1 water-co
            asset pump-3 CVE-2025-1 review E name A-1 1..1 csirt-ie
            ");
        }
        for order in [[2, 1, 0, 3], [1, 2, 3, 0], [3, 0, 1, 2], [2, 0, 3, 1]] {
            for at_once in [true, false] {
                let other = sqlite();
                let ledger = open(&other);
                for i in order {
                    steps[i](&ledger);
                    if !at_once {
                        ledger.catch_up().unwrap();
                    }
                }
                assert_eq!(lines(&ledger), want, "{order:?}, at once: {at_once}");
            }
        }
        let before = all(&ledger);
        assert!(before.0[0].exploited);
        ledger.rebuild().unwrap();
        assert_eq!(all(&ledger), before);
        let size = ledger.size().unwrap();
        let again = ledger.write(|tx| import_inventory(tx, "csirt-ie", INVENTORY.as_bytes(), true, "t")).unwrap();
        assert_eq!((again.accepted, again.unchanged, again.removed), (0, 4, 0));
        assert_eq!(ledger.size().unwrap(), size, "importing again changes nothing");
    }
}

#[test]
fn a_later_inventory_fixes_and_removes() {
    for store in engines() {
        let ledger = open(&store);
        let products =
            [Product("Acme", "Pump", "< 1.5", "known_affected", ""), Product("Acme", "Pump", ">= 1.5", "fixed", "")];
        give(&ledger, &advisory("A-1", "1", "CVE-2025-1", &products, "Worldwide"));
        let import = |text: &str, replace: bool| {
            ledger.write(|tx| import_inventory(tx, "s", text.as_bytes(), replace, "t")).unwrap()
        };
        import("asset,vendor,product,version\na,Acme,Pump,1.4\nb,Acme,Pump,1.4\n", false);
        let first = lines(&ledger);
        import("asset,vendor,product,version\na,Acme,Pump,1.5\n", false);
        let second = lines(&ledger);
        let out = import("asset,vendor,product,version\na,Acme,Pump,1.5\n", true);
        assert_eq!((out.accepted, out.unchanged, out.removed), (0, 1, 1));
        let third = lines(&ledger);
        insta::allow_duplicates! {
            insta::assert_snapshot!(format!("{first}\n--\n{second}\n--\n{third}"), @r"
            asset a CVE-2025-1 affected D name A-1 1..1 s
            asset b CVE-2025-1 affected D name A-1 1..1 s
            --
            asset b CVE-2025-1 affected D name A-1 1..1 s
            asset a CVE-2025-1 fixed D name A-1 1..1 s
            --
            asset a CVE-2025-1 fixed D name A-1 1..1 s
            ");
        }
        let kinds =
            ledger
                .read(|tx| {
                    let mut told = Vec::new();
                    for i in 0..tx.size()? {
                        if let Some(event) = tx.event(i)?.filter(|e| e.kind == "expose.changed") {
                            let changed: crate::Changed = event.meta()?;
                            told.extend(changed.changes.iter().map(|c| {
                                format!("{} {:?} was {:?} {}", c.subject, c.status, c.was, c.reason.len() > 12)
                            }));
                        }
                    }
                    Ok(told)
                })
                .unwrap();
        assert_eq!(kinds.len(), 4, "{kinds:?}");
        let before = all(&ledger);
        ledger.rebuild().unwrap();
        assert_eq!(all(&ledger), before);
    }
}

#[test]
fn a_faulty_row_is_refused_and_removes_nothing() {
    let store = sqlite();
    let ledger = open(&store);
    let import = |text: &str| ledger.write(|tx| import_inventory(tx, "s", text.as_bytes(), true, "t"));
    import("asset,vendor\na,Acme\nb,Acme\n").unwrap();
    ledger.catch_up().unwrap();
    let out = import("asset,vendor\na,Acme\n,Acme\n").unwrap();
    assert_eq!((out.accepted, out.unchanged, out.removed, out.refused.len(), out.warnings.len()), (0, 1, 0, 1, 1));
    assert_eq!(import("name\nx\n").map(|_| ()).map_err(|e| e.rule()), Err("column-missing"));
}

#[test]
fn two_issuers_may_disagree() {
    let store = sqlite();
    let ledger = open(&store);
    let yes = advisory("A-1", "1", "CVE-2025-1", &[Product("Acme", "Pump", "< 1.5", "known_affected", "")], "");
    let mut no =
        advisory("B-1", "1", "CVE-2025-1", &[Product("Acme", "Pump", "vers:all/*", "known_not_affected", "")], "");
    no["document"]["publisher"]["namespace"] = json!("https://other.example");
    ledger
        .write(|tx| import_inventory(tx, "s", b"asset,vendor,product,version\na,Acme,Pump,1.4\n", false, "t"))
        .unwrap();
    give(&ledger, &yes);
    give(&ledger, &no);
    insta::assert_snapshot!(lines(&ledger), @"asset a CVE-2025-1 disputed D name A-1 1..1 s");
    no["document"]["publisher"]["category"] = json!("coordinator");
    no["document"]["tracking"]["version"] = json!("2");
    give(&ledger, &no);
    insta::assert_snapshot!(lines(&ledger), @"asset a CVE-2025-1 affected D name A-1 1..1 s");
}

#[test]
fn components_of_a_bill_of_materials_match_by_package() {
    for store in engines() {
        let ledger = open(&store);
        let bom = |version: &str| {
            json!({"bomFormat": "CycloneDX", "specVersion": "1.5", "serialNumber": "urn:uuid:1", "version": 1,
                "components": [{"name": "x", "purl": format!("pkg:npm/jquery@{version}")}, {"name": "y"}]})
            .to_string()
        };
        document(&ledger, "cyclonedx", "urn:uuid:1", "s", Some("portal"), bom("3.4.1").as_bytes());
        let products = [Product("jQuery", "jQuery", "vers:npm/>=1.0.3|<3.5.0", "known_affected", "pkg:npm/jquery")];
        give(&ledger, &advisory("A-1", "1", "CVE-2020-11023", &products, "Worldwide"));
        document(&ledger, "cyclonedx", "urn:uuid:2", "s", None, bom("3.6.0").as_bytes());
        ledger.write(|tx| import_inventory(tx, "s", b"asset,owner\nportal,grid-co\n", false, "t")).unwrap();
        insta::allow_duplicates! {
            insta::assert_snapshot!(lines(&ledger), @r"
            asset portal CVE-2020-11023 affected A purl A-1 1..1 grid-co
            asset urn:uuid:2 CVE-2020-11023 not_affected A purl A-1 1..1 s
            ");
        }
    }
}

#[test]
fn without_inventory_it_reads_unknown() {
    let store = sqlite();
    let ledger = open(&store);
    let products = [Product("Acme", "Pump", "< 1.5", "known_affected", "")];
    give(&ledger, &advisory("A-1", "1", "CVE-2025-1", &products, "Worldwide"));
    give(&ledger, &advisory("A-2", "1", "CVE-2025-2", &products, "Ireland, Portugal"));
    insta::assert_snapshot!(lines(&ledger), @r"
    sector *:energy CVE-2025-1 unknown  candidate A-1 0..? 
    sector IE:energy CVE-2025-2 unknown  candidate A-2 0..? 
    sector PT:energy CVE-2025-2 unknown  candidate A-2 0..? 
    ");
    assert_eq!(all(&ledger).1.unknown_share, Some(1.0));
    let orgs = b"org,name,kind,country,languages,agreement_from,agreement_to,clearance\ncsirt-pt,P,csirt,PT,pt,,,\ncsirt-ie,I,csirt,IE,en,,,\n";
    ledger.write(|tx| partners::import_csv(tx, orgs)).unwrap();
    ledger.write(|tx| import_inventory(tx, "csirt-ie", INVENTORY.as_bytes(), false, "t")).unwrap();
    insta::assert_snapshot!(lines(&ledger), @r"
    asset pump-1 CVE-2025-1 affected D name A-1 1..1 water-co
    asset pump-1 CVE-2025-2 affected D name A-2 1..1 water-co
    asset pump-3 CVE-2025-1 review E name A-1 1..1 csirt-ie
    asset pump-3 CVE-2025-2 review E name A-2 1..1 csirt-ie
    sector PT:energy CVE-2025-1 unknown  candidate A-1 0..? csirt-pt
    sector PT:energy CVE-2025-2 unknown  candidate A-2 0..? csirt-pt
    asset pump-2 CVE-2025-1 not_affected D name A-1 1..1 water-co
    asset pump-2 CVE-2025-2 not_affected D name A-2 1..1 water-co
    ");
    insta::assert_snapshot!(all(&ledger).1.words(), @"nothing is known of 50 % of what may be exposed; 1 of 2 constituencies have shared nothing (csirt-pt)");
}

#[test]
fn the_stable_form_of_a_row() {
    let store = sqlite();
    let ledger = open(&store);
    give(
        &ledger,
        &advisory("A-1", "1", "CVE-2025-1", &[Product("Acme", "Pump", "< 1.5", "known_affected", "")], "Worldwide"),
    );
    let candidate = serde_json::to_string(&all(&ledger).0[0]).unwrap();
    ledger.write(|tx| import_inventory(tx, "csirt-ie", INVENTORY.as_bytes(), false, "t")).unwrap();
    let row = serde_json::to_string(&all(&ledger).0[0]).unwrap();
    insta::assert_snapshot!(format!("{candidate}\n{row}"), @r#"
    {"level":"sector","subject":"*:energy","asset":null,"source":"Acme CERT","vulnerability":"CVE-2025-1","advisory":"A-1","also":[],"status":"unknown","tier":null,"method":"candidate","holder":null,"count":{"min":0,"max":null}}
    {"level":"asset","subject":"pump-1","asset":"pump-1","source":"csirt-ie","vulnerability":"CVE-2025-1","advisory":"A-1","also":[],"status":"affected","tier":"D","method":"name","holder":"csirt-ie","count":{"min":1,"max":1}}
    "#);
}

#[test]
fn a_row_is_explained() {
    let store = sqlite();
    let ledger = open(&store);
    give(
        &ledger,
        &advisory("A-1", "1", "CVE-2025-1", &[Product("Acme", "Pump", "< 1.5", "known_affected", "")], "Worldwide"),
    );
    document(&ledger, "kev", "CVE-2025-1", "local", None, br#"{"cveID":"CVE-2025-1","dateAdded":"2025-02-03"}"#);
    ledger.write(|tx| import_inventory(tx, "csirt-ie", INVENTORY.as_bytes(), false, "t")).unwrap();
    ledger.catch_up().unwrap();
    let told = ledger.read(|tx| crate::explain(tx, &NoStakes, "pump-1", "CVE-2025-1")).unwrap();
    insta::assert_snapshot!(told[0].because.join("\n"), @r"
    its version lies in the affected range: vendor and product are the advisory's `Pump`; it runs 1.4, the advisory says < 1.5
    A-1 decides: About CVE-2025-1, by Acme CERT
    tier D by name
    listed in the American catalogue (2025-02-03)
    2 functions rest on it (f-power, f-water); exploitation is known; severity 9.8
    entry 5 of 2026-01-01T00:00:00.000000Z says so, caused by inventory of csirt-ie; matcher 1
    ");
}

/// What somebody sees who may read up to a mark is what they would see in a hub that holds nothing above it: of documents that decide,
/// of newer versions, of versions that say nothing any more, of candidates; in whatever order these came.
#[test]
fn above_ones_mark_is_as_if_not_held() {
    let pump = |id: &str, version: &str, range: &'static str, status: &'static str| {
        advisory(id, version, "CVE-2025-1", &[Product("Acme", "Pump", range, status, "")], "Ireland, France")
    };
    let other = advisory("A-1", "3", "CVE-2025-9", &[Product("Acme", "Fan", "< 9", "known_affected", "")], "France");
    let inventory = |l: &Ledger| {
        drop(l.write(|tx| import_inventory(tx, "csirt-ie", INVENTORY.as_bytes(), false, "t")).unwrap());
    };
    // The same decision by a newer version with another title and score.
    let mut worse = pump("A-1", "5", "< 1.5", "known_affected");
    worse["document"]["title"] = json!("Worse than thought");
    worse["vulnerabilities"][0]["scores"][0]["cvss_v3"]["baseScore"] = json!(10.0);
    // Of another issuer: it contradicts, and then speaks of something else.
    let others = |version: &str, product: &'static str| {
        let of = [Product("Acme", product, "< 1.5", "known_not_affected", "")];
        let mut advisory = advisory("D-1", version, "CVE-2025-1", &of, "Ireland");
        advisory["document"]["publisher"]["namespace"] = json!("https://other.example");
        advisory
    };
    let documents = [
        (Tlp::Clear, others("1", "Pump")),
        (Tlp::Clear, others("2", "Fan")),
        (Tlp::AmberStrict, worse),
        (Tlp::Clear, pump("A-1", "1", "< 1.5", "known_affected")),
        (Tlp::Green, pump("A-1", "2", "< 1.7", "known_affected")),
        (Tlp::Amber, pump("B-1", "1", "< 1.5", "known_not_affected")),
        (Tlp::AmberStrict, other),
        (Tlp::Red, pump("A-1", "4", "< 1.5", "known_affected")),
        (Tlp::Red, pump("C-1", "1", "< 9", "known_affected")),
    ];
    let seen = |ledger: &Ledger, mark: Tlp| {
        let listed = listed(ledger);
        let rows = listed.rows.into_iter().chain(listed.beneath).filter(|row| row.seen(|tlp| tlp <= mark));
        let line = |r: ExposureRow| {
            let also = r.also.join("+");
            format!(
                "{} {} {} {} {}{also} {}",
                r.subject,
                r.vulnerability,
                r.status,
                r.advisory,
                r.title,
                r.severity.unwrap()
            )
        };
        let mut lines: Vec<String> = rows.map(line).collect();
        lines.sort();
        lines.join("\n")
    };
    // Each order begins with another document; the inventory comes at another place.
    for turn in 0..=documents.len() {
        let give_all = |most: Tlp| {
            let store = sqlite();
            let ledger = open(&store);
            for step in 0..=documents.len() {
                match documents.get((step * 3 + turn) % (documents.len() + 1)) {
                    Some((tlp, document)) if *tlp <= most => give_marked(&ledger, *tlp, document),
                    Some(_) => {}
                    None => inventory(&ledger),
                }
                ledger.catch_up().unwrap();
            }
            (store, ledger)
        };
        let (_all, whole) = give_all(Tlp::Red);
        let mut different = std::collections::BTreeSet::new();
        for mark in Tlp::ALL {
            let (_some, without) = give_all(mark);
            assert_eq!(seen(&whole, mark), seen(&without, mark), "turn {turn}, up to {mark}");
            different.insert(seen(&whole, mark));
        }
        assert!(different.len() >= 4, "the documents decide differently");
        let before = listed(&whole);
        whole.rebuild().unwrap();
        assert_eq!(listed(&whole), before, "turn {turn}");
    }
}

/// What goes with a document that is purged: what it decides, under its own mark; what is so by another version of it, or without it, stays,
/// and is then so for all who may read more.
#[test]
fn a_purge_takes_what_rests_on_one_version() {
    let pump = |id: &str, version: &str, status: &'static str| {
        advisory(id, version, "CVE-2025-1", &[Product("Acme", "Pump", "< 1.5", status, "")], "Worldwide")
    };
    #[track_caller]
    fn check(ledger: &Ledger, id: &str, tlp: Tlp, expected: &str) {
        let documents = std::collections::BTreeSet::from([(id.to_owned(), tlp)]);
        let sources = std::collections::BTreeSet::new();
        let found = ledger.read(|tx| crate::purge::resting_on(tx, &documents, &sources)).unwrap();
        let of_pump = |c: &&crate::Change| c.subject == "pump-1";
        let line = |c: &crate::Change| format!("{} by {} until {:?}", c.seen_from, c.advisory, c.seen_until);
        let stays = found.values().flatten().map(|payload| serde_json::from_slice(payload.meta()).unwrap());
        let stays: Vec<String> = stays
            .flat_map(|c: crate::Changed| c.changes.iter().filter(of_pump).map(line).collect::<Vec<_>>())
            .collect();
        assert_eq!(
            (found.is_empty(), stays.join("; ").as_str()),
            (expected == "untouched", expected.trim_start_matches("untouched"))
        );
    }
    let store = sqlite();
    let ledger = open(&store);
    give(&ledger, &pump("A-1", "1", "known_affected"));
    give_marked(&ledger, Tlp::Red, &pump("A-1", "2", "known_not_affected"));
    ledger.write(|tx| import_inventory(tx, "csirt-ie", INVENTORY.as_bytes(), false, "t")).unwrap();
    ledger.catch_up().unwrap();
    check(&ledger, "A-1", Tlp::Red, "CLEAR by A-1 until None");
    check(&ledger, "A-1", Tlp::Amber, "untouched");
    check(&ledger, "A-1", Tlp::Clear, "RED by A-1 until None");
}
