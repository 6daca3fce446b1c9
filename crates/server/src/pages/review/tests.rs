//! What a duty officer does with a review from its page: sees whom it would reach, shows it to them, and carries it away as a bundle.
use std::sync::Arc;

use act::mail::{Channel, Sender};
use insta::assert_snapshot;
use ledger::Micros;
use ledger::testkit::engines;

use crate::records::tests::{World, world};

const FORM: &str = "application/x-www-form-urlencoded";
const REVIEW: &str = "/assure/reviews/2025-Q4";
const HELD: &str = r#"{"state":"held","fields":{"reference":"A 2025/9","title":"Table-top","held_on":"2025-12-05","partners":["fr"],"coordinated_by":"home"}}"#;

/// Status, where it leads, and what a rule says against it.
fn send(w: &World, name: &str, place: &str, body: &str) -> String {
    let body = format!("csrf={{csrf}}&{body}").into_bytes();
    let (status, headers, body) = w.form(name, place, (FORM, body));
    let to = headers.get("location").map_or("", |to| to.to_str().unwrap()).to_owned();
    let said = body.split("role=\"alert\">").nth(1).or(body.split("<h1>").nth(1));
    format!("{status} {to}{}", said.and_then(|rest| rest.split('<').next()).unwrap_or_default()).trim().to_owned()
}

fn day(w: &World, day: &str) {
    w.store.clock.set(Micros::date(day).unwrap());
}

#[test]
fn a_review_is_shown_to_its_partners_and_carried_away_from_its_page() {
    insta::allow_duplicates! {
        for store in engines() {
            story(world(store));
        }
    }
}

fn story(mut w: World) {
    assert_eq!(w.ask("ana", "POST", "/records/activity", HELD, &[]).0, 201);
    assert_eq!(send(&w, "olga", "/assure/reviews", "period=2025-Q4&seed=a+line"), format!("303 {REVIEW}"));
    let consult = format!("{REVIEW}/consult");
    assert_snapshot!(send(&w, "olga", &consult, ""), @"200 this hub sends no mail from its pages: `mainstay review consult` does");
    let folder = tempfile::tempdir().unwrap();
    w.state.office = Some(Arc::new(act::Office {
        channel: Channel::Folder(folder.path().to_owned()),
        sender: Sender { name: "Agency".to_owned(), address: "hub@home.example".parse().unwrap() },
        about: "hub@home.example".to_owned(),
        url: "https://hub.example/".to_owned(),
    }));
    let contacts = b"org,name,email,role,country,sector,language,pgp,source,verified\nfr,Desk,desk@fr.example,csirt,FR,,en,,register,2025-12-01\n";
    w.state.ledger.write(|tx| act::import_contacts(tx, contacts, false)).unwrap();
    w.state.ledger.catch_up().unwrap();
    // looking shows nothing to anybody
    let size = w.state.ledger.size().unwrap();
    let page = w.page("olga", &format!("{REVIEW}?consult=1"));
    let says = "One partner would be shown what is said of them, and may reply until";
    for part in [says, r#"<th scope="row">fr</th><td class="n">3</td><td>desk@fr.example</td>"#] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert_eq!(w.state.ledger.size().unwrap(), size);
    assert!(!w.page("ana", &format!("{REVIEW}?consult=1")).contains("h-consult"), "an analyst holds no review");
    assert_snapshot!(send(&w, "ana", &consult, ""), @"403 The role analyst may not hold a review; admin, operator may.");
    assert_eq!(send(&w, "olga", &consult, ""), format!("303 {REVIEW}"));
    let letters: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().path()).collect();
    assert_eq!(letters.len(), 1, "{}", w.store.engine);
    let letter = std::fs::read_to_string(&letters[0]).unwrap().replace("=\r\n", "");
    assert!(letter.contains("desk@fr.example") && letter.contains("https://hub.example/yours/"), "{letter}");
    let page = w.page("olga", REVIEW);
    assert!(page.contains("by olga, to one partner; 0 replied, and may until"), "{page}");
    // not frozen: there is nothing to carry away
    let bundle = format!("{REVIEW}/bundle");
    assert_snapshot!(send(&w, "aud", &bundle, ""), @"200 the review of 2025-Q4 is not frozen: `mainstay review freeze` freezes it");
    day(&w, "2026-03-02");
    assert_eq!(send(&w, "olga", &format!("{REVIEW}/freeze"), ""), format!("303 {REVIEW}"));
    assert_snapshot!(send(&w, "olga", &consult, ""), @"200 the review of 2025-Q4 is frozen: what is known later restates it");
    assert_snapshot!(send(&w, "ana", &bundle, ""), @"403 The role analyst may not verify the ledger; admin, operator, auditor may.");
    assert_snapshot!(send(&w, "aud", &bundle, "reader=nobody"), @"200 there is nobody called nobody: `mainstay user list` lists all");
    assert!(w.page("aud", REVIEW).contains("Save the bundle") && !w.page("ana", REVIEW).contains("Save the bundle"));
    let taken = |reader: &str| {
        let form = (FORM, format!("csrf={{csrf}}&reader={reader}").into_bytes());
        let (status, headers, body) = w.form("aud", &bundle, form);
        assert_eq!(
            (status, headers["content-disposition"].to_str().unwrap()),
            (200, "attachment; filename=\"review-2025-Q4.bundle\"")
        );
        let first: serde_json::Value = serde_json::from_str(body.lines().next().unwrap()).unwrap();
        // a signed head says its size in its second line
        let size = first["checkpoint"].as_str().and_then(|head| head.lines().nth(1));
        let lines = (body.lines().count() - 1).to_string();
        assert_eq!((&first["bundle"], size), (&"mainstay-bundle-1".into(), Some(lines.as_str())));
        body
    };
    let (own, theirs) = (taken(""), taken("fred"));
    assert!(
        own.len() > theirs.len() && theirs.contains("\"marking\"") != own.contains("\"marking\""),
        "what may not go to fred is withheld"
    );
}
