//! Match at home: rules out, answer in, what is refused, what the bands tell.
use super::{Band, Entry, export, import_answer, run};
use crate::Expose;
use crate::tests::{Product, advisory, all, give, lines, open};
use ledger::keys::SigningKey;
use ledger::testkit::{START, engines, sqlite};
use ledger::{Ledger, Micros};
use partners::org;

const PARTNERS: &[u8] = b"org,name,kind,country,languages,agreement_from,agreement_to,clearance\n\
    csirt-jp,Japan,csirt,JP,ja,2025-01-01,,AMBER\ncsirt-mx,Mexico,csirt,MX,es,,,\nkansai-water,Kansai Water,operator,JP,ja,2025-01-01,,AMBER\n";

fn inventory(affected: usize, fixed: usize, odd: usize, others: usize) -> String {
    let mut rows = "asset,vendor,product,version\n".to_owned();
    for (count, name, product, version) in [
        (affected, "a", "Pump", "1.0"),
        (fixed, "f", "Pump", "2.0"),
        (odd, "o", "Pump", "special"),
        (others, "x", "Other", "1"),
    ] {
        (0..count).for_each(|i| rows.push_str(&format!("{name}{i},Acme,{product},{version}\n")));
    }
    rows
}

fn rules(ledger: &Ledger, org: &str) -> Vec<u8> {
    let key = ledger.signing_key().unwrap();
    let out = ledger.write(|tx| export(tx, org, ledger.hub(), "home", &key, "t")).unwrap();
    ledger.catch_up().unwrap();
    out.bytes
}

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32]).unwrap()
}

fn public(key: &SigningKey) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(key.public())
}

fn prepare(ledger: &Ledger) {
    ledger.write(|tx| partners::import_csv(tx, PARTNERS)).unwrap();
    let products =
        [Product("Acme", "Pump", "< 1.5", "known_affected", ""), Product("Acme", "Pump", "2.0", "fixed", "")];
    give(ledger, &advisory("A-1", "1", "CVE-2025-1", &products, "Worldwide"));
    give(
        ledger,
        &advisory("A-2", "1", "CVE-2025-2", &[Product("Moxa", "Gate", "< 2", "known_affected", "")], "Worldwide"),
    );
    ledger.catch_up().unwrap();
    ledger.write(|tx| org::register_key(tx, "csirt-jp", &public(&key(5)), false)).unwrap();
    ledger.catch_up().unwrap();
}

fn take(ledger: &Ledger, answer: &[u8]) -> Result<bool, &'static str> {
    let taken = ledger.write(|tx| import_answer(tx, ledger.hub(), answer, "t")).map_err(|e| e.rule());
    ledger.catch_up().unwrap();
    taken
}

#[test]
fn an_answer_is_an_exposure_of_the_constituency() {
    for store in engines() {
        let ledger = open(&store);
        prepare(&ledger);
        let rules = rules(&ledger, "csirt-jp");
        let answer = run(&rules, inventory(3, 12, 6, 4).as_bytes(), &key(5), START).unwrap();
        assert!(!String::from_utf8_lossy(&answer).contains("\"a0\""), "no row leaves");
        assert_eq!(take(&ledger, &answer), Ok(true));
        assert_eq!(take(&ledger, &answer), Ok(false), "the same answer again");
        insta::allow_duplicates! {
            insta::assert_snapshot!(lines(&ledger), @r"
            constituency csirt-jp CVE-2025-1 affected D remote A-1 1..4 csirt-jp
            sector MX:energy CVE-2025-1 unknown  candidate A-1 0..? csirt-mx
            sector MX:energy CVE-2025-2 unknown  candidate A-2 0..? csirt-mx
            ");
        }
        let later = run(&rules, inventory(0, 15, 0, 4).as_bytes(), &key(5), Micros(START.0 + 1)).unwrap();
        assert_eq!(take(&ledger, &later), Ok(true));
        assert!(
            lines(&ledger).starts_with("sector")
                && lines(&ledger).ends_with("constituency csirt-jp CVE-2025-1 fixed D remote A-1 15..15 csirt-jp"),
            "{}",
            lines(&ledger)
        );
        assert_eq!(take(&ledger, &answer), Err("answer-older"));
        let before = all(&ledger);
        ledger.rebuild().unwrap();
        assert_eq!(all(&ledger), before);
        assert_eq!(ledger::Stage::name(&Expose), "expose");
    }
}

/// An owner may match at home too: then the count is of the organisation.
#[test]
fn an_answer_of_an_owner_is_an_exposure_of_the_organisation() {
    for store in engines() {
        let ledger = open(&store);
        prepare(&ledger);
        ledger.write(|tx| org::register_key(tx, "kansai-water", &public(&key(7)), false)).unwrap();
        let rules = rules(&ledger, "kansai-water");
        assert_eq!(take(&ledger, &run(&rules, inventory(12, 0, 0, 4).as_bytes(), &key(7), START).unwrap()), Ok(true));
        let first = |ledger: &Ledger| lines(ledger).lines().find(|l| l.contains("kansai")).unwrap().to_owned();
        assert_eq!(first(&ledger), "organisation kansai-water CVE-2025-1 affected D remote A-1 12..12 kansai-water");
        // It turns out to speak for a sector's national body: the same answer given anew stands there instead.
        let partners = b"org,name,kind,country,languages,agreement_from,agreement_to,clearance\nkansai-water,Kansai Water,csirt,JP,ja,2025-01-01,,AMBER\n";
        ledger.write(|tx| partners::import_csv(tx, partners)).unwrap();
        ledger.catch_up().unwrap();
        assert_eq!(
            take(&ledger, &run(&rules, inventory(12, 0, 0, 4).as_bytes(), &key(7), Micros(START.0 + 1)).unwrap()),
            Ok(true)
        );
        assert_eq!(first(&ledger), "constituency kansai-water CVE-2025-1 affected D remote A-1 12..12 kansai-water");
        assert!(!lines(&ledger).contains("organisation"), "{}", lines(&ledger));
        let before = all(&ledger);
        ledger.rebuild().unwrap();
        assert_eq!(all(&ledger), before);
    }
}

#[test]
fn answers_that_are_not_believed() {
    let store = sqlite();
    let ledger = open(&store);
    prepare(&ledger);
    let own = rules(&ledger, "csirt-jp");
    let rows = inventory(3, 0, 0, 20);
    let answer = |rules: &[u8], seed: u8, at: Micros| run(rules, rows.as_bytes(), &key(seed), at).unwrap();
    assert_eq!(take(&ledger, &answer(&own, 6, START)), Err("answer-key-unknown"));
    assert_eq!(take(&ledger, &answer(&own, 5, START.plus_hours(48))), Err("answer-from-the-future"));
    let mut forged = answer(&own, 5, START);
    let place = forged.windows(4).position(|w| w == b"1..4").unwrap();
    forged[place..place + 4].copy_from_slice(b"5..9");
    assert_eq!(take(&ledger, &forged), Err("signature"));
    let foreign = sqlite();
    let other = open(&foreign);
    prepare(&other);
    let never_given = other.write(|tx| export(tx, "csirt-jp", ledger.hub(), "home", &key(9), "t")).unwrap().bytes;
    assert_eq!(take(&ledger, &answer(&never_given, 5, START)), Err("answer-rules-unknown"));
    ledger.write(|tx| org::register_key(tx, "csirt-jp", &public(&key(5)), true)).unwrap();
    ledger.catch_up().unwrap();
    assert_eq!(take(&ledger, &answer(&own, 5, START)), Err("answer-key-revoked"));
    let mut cut = own.clone();
    cut.truncate(own.len() / 2);
    assert_eq!(run(&cut, rows.as_bytes(), &key(5), START).map(drop).map_err(|e| e.rule()), Err("signature"));
    assert_eq!(
        run(&own, b"asset\n\"\"\n", &key(5), START).map(drop).map_err(|e| e.rule()),
        Err("inventory-asset-missing")
    );
}

#[test]
fn rules_pass_the_release_decision() {
    let store = sqlite();
    let ledger = open(&store);
    prepare(&ledger);
    ledger
        .write(|tx| {
            let meta = serde_json::json!({"form": "csaf", "id": "A-3", "tlp": "AMBER", "source": "s", "by": "t"});
            let body = advisory("A-3", "1", "CVE-2025-3", &[Product("Acme", "Pump", "< 9", "known_affected", "")], "")
                .to_string();
            tx.append(ledger::Draft::new("exchange.document", &meta)?.body(body.as_bytes()))
        })
        .unwrap();
    ledger.catch_up().unwrap();
    let count = |org: &str| {
        let key = ledger.signing_key().unwrap();
        ledger
            .write(|tx| export(tx, org, ledger.hub(), "home", &key, "t"))
            .map(|e| (e.advisories, e.withheld))
            .map_err(|e| e.rule())
    };
    assert_eq!(count("csirt-jp"), Ok((3, 0)), "an agreement in force up to AMBER");
    assert_eq!(count("csirt-mx"), Ok((2, 1)), "no agreement: CLEAR alone");
    assert_eq!(count("nobody"), Err("org-unknown"));
}

/// No total may tell what a band hides: every value that a band allows must be possible given all else that is told.
#[test]
fn totals_do_not_tell_what_bands_hide() {
    let store = sqlite();
    let ledger = open(&store);
    prepare(&ledger);
    let rules = rules(&ledger, "csirt-jp");
    for counts in [[3, 12, 6, 4], [12, 0, 0, 3], [0, 0, 2, 40], [15, 11, 0, 0], [1, 0, 0, 0], [10, 1, 0, 1]] {
        let [a, f, o, x] = counts;
        let answer = run(&rules, inventory(a, f, o, x).as_bytes(), &key(5), START).unwrap();
        let line = answer.split(|b| *b == b'\n').next().unwrap();
        let answer: super::Answer = serde_json::from_slice(line).unwrap();
        for Entry { affected, fixed, not_affected, unknown, covered, rest, .. } in answer.entries {
            let parts = [affected, fixed, not_affected, unknown];
            let sum: Band = parts.into_iter().sum();
            assert!(
                covered.min <= sum.min && sum.max <= covered.max,
                "{counts:?}: {covered} tells more than its parts {sum}"
            );
            let whole = covered + rest;
            let freedom = answer.rows.max - answer.rows.min;
            let hidden = parts.iter().chain([&rest]).map(|b| b.max - b.min).max().unwrap();
            assert!(
                hidden == 0 || freedom > 0 || covered.max - covered.min >= hidden,
                "{counts:?}: {whole} of {}",
                answer.rows
            );
            assert!([a, f, 0, o].iter().zip(parts).all(|(n, b)| (b.min..=b.max).contains(&(*n as i64))), "{counts:?}");
            assert!((answer.rows.min..=answer.rows.max).contains(&(counts.iter().sum::<usize>() as i64)), "{counts:?}");
            assert!((rest.min..=rest.max).contains(&(x as i64)), "{counts:?} {rest}");
        }
    }
}
