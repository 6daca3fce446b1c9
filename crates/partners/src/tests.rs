//! The stage on both engines: recording, asking, signing in; a rebuild gives the same.
use crate::agreement::Agreement;
use crate::may::Verb;
use crate::person::{hash, people, person};
use crate::{Authenticator, NewPerson, Partners, Person, Role, import_csv, org};
use jiff::civil::Date;
use ledger::testkit::engines;
use ledger::{Ledger, SeededEntropy};
use std::sync::Arc;
use stix::Tlp;

const TABLE: &[u8] = b"org,name,kind,country,languages,agreement_from,agreement_to,clearance\n\
    home,Agency,agency,US,en,,,\n\
    cert-fr,CERT-FR,csirt,FR,fr;en,2026-01-01,2026-06-30,AMBER\n\
    aqua,Aqua SA,operator,FR,fr,,,\n\
    bad,,club,,,,,\n";

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn add(ledger: &Ledger, name: &str, org: &str, role: Role, clearance: Option<Tlp>, password: &str) -> bool {
    let hashed = hash(password, &SeededEntropy::new(9)).unwrap();
    let new = NewPerson { name, org, role, clearance, until: None };
    let changed = ledger.write(|tx| crate::add_person(tx, &new, &hashed)).unwrap();
    ledger.catch_up().unwrap();
    changed
}

#[test]
fn a_story_on_both_engines() {
    for store in engines() {
        let ledger = store.open(vec![Arc::new(Partners)]);
        let first = ledger.write(|tx| import_csv(tx, TABLE)).unwrap();
        assert_eq!((first.accepted, first.unchanged, first.refused.len()), (3, 0, 1));
        ledger.catch_up().unwrap();
        let size = ledger.size().unwrap();
        let again = ledger.write(|tx| import_csv(tx, TABLE)).unwrap();
        assert_eq!((again.accepted, again.unchanged, again.refused.len()), (0, 3, 1));
        assert_eq!(ledger.size().unwrap(), size, "importing again changes nothing");
        people_sign_in(&ledger);
        clearances(&ledger);
        keys_and_trust(&ledger);
        let before = ledger.read(|tx| Ok((org::all(tx)?, people(tx, "home")?))).unwrap();
        ledger.rebuild().unwrap();
        assert_eq!(ledger.read(|tx| Ok((org::all(tx)?, people(tx, "home")?))).unwrap(), before);
        assert_eq!(ledger.parked().unwrap(), []);
    }
}

#[track_caller]
fn people_sign_in(ledger: &Ledger) {
    assert!(add(ledger, "ada", "home", Role::Operator, None, "correct horse"));
    assert!(!add(ledger, "ada", "home", Role::Operator, None, "correct horse"), "only the password is set anew");
    assert!(add(ledger, "zoe", "newcomer", Role::Partner, Some(Tlp::Red), "battery staple"));
    assert!(ledger.read(|tx| org::find(tx, "newcomer")).unwrap().is_some(), "an unknown organisation is made");
    let door = Authenticator::new(&SeededEntropy::new(3));
    let enters = |name: &str, password: &str| {
        let person = ledger.read(|tx| door.authenticate(tx, name, password, "home")).unwrap();
        person.map(|p: Person| p.name)
    };
    for _ in 0..2 {
        assert_eq!(enters("ada", "correct horse").as_deref(), Some("ada"));
        assert_eq!(enters("ada", "correct hors"), None);
        assert_eq!(enters("nobody", "correct horse"), None);
        assert_eq!(enters("ada", &"x".repeat(2000)), None);
    }
    add(ledger, "ada", "home", Role::Operator, None, "new password");
    assert_eq!(enters("ada", "correct horse"), None, "a changed password forgets the old one");
    assert_eq!(enters("ada", "new password").as_deref(), Some("ada"));
}

/// An inspection has an end: on the day after, the account is as if it were not there, for sign-in and for a session that runs.
#[test]
fn an_account_ends() {
    for store in engines() {
        let ledger = store.open(vec![Arc::new(Partners)]);
        store.clock.set("2026-01-02".parse().unwrap());
        let hashed = hash("correct horse", &SeededEntropy::new(9)).unwrap();
        let until = Some(day("2026-03-31"));
        let new = NewPerson { name: "audit", org: "home", role: Role::Auditor, clearance: None, until };
        assert!(ledger.write(|tx| crate::add_person(tx, &new, &hashed)).unwrap());
        ledger.catch_up().unwrap();
        let door = Authenticator::new(&SeededEntropy::new(3));
        let there = || {
            let enters = ledger.read(|tx| door.authenticate(tx, "audit", "correct horse", "home")).unwrap().is_some();
            (enters, ledger.read(|tx| person(tx, "audit", "home")).unwrap().is_some())
        };
        store.clock.set("2026-03-31T23:59:59Z".parse().unwrap());
        assert_eq!(there(), (true, true));
        store.clock.set("2026-04-01".parse().unwrap());
        assert_eq!(there(), (false, false));
        let ended = ledger.read(|tx| people(tx, "home")).unwrap();
        assert_eq!(ended.iter().map(|p| (p.name.as_str(), p.until)).collect::<Vec<_>>(), [("audit", until)]);
    }
}

#[track_caller]
fn clearances(ledger: &Ledger) {
    let of = |name: &str, on: &str| {
        let person = ledger.read(|tx| person(tx, name, "home")).unwrap().unwrap();
        person.clearance(day(on)).0
    };
    add(ledger, "bob", "cert-fr", Role::Partner, Some(Tlp::Red), "bobs password");
    add(ledger, "eve", "cert-fr", Role::Partner, None, "eves password");
    assert_eq!(of("ada", "2026-03-01"), Tlp::Red, "the operator's own");
    assert_eq!(of("bob", "2026-03-01"), Tlp::Amber, "capped by the organisation");
    assert_eq!(of("bob", "2026-07-01"), Tlp::Clear, "the agreement has ended");
    assert_eq!(of("eve", "2026-03-01"), Tlp::Clear, "not given is CLEAR");
    assert_eq!(of("zoe", "2026-03-01"), Tlp::Clear, "no agreement");
    let longer = Agreement::plain(day("2026-07-01"), None, Tlp::Green);
    ledger.write(|tx| org::add_agreement(tx, "cert-fr", &longer, Some("renewal"))).unwrap();
    ledger.catch_up().unwrap();
    assert_eq!(of("bob", "2026-06-30"), Tlp::Amber);
    assert_eq!(of("bob", "2026-07-01"), Tlp::Green);
}

#[track_caller]
fn keys_and_trust(ledger: &Ledger) {
    let key = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    assert!(ledger.write(|tx| crate::register_key(tx, "cert-fr", "short", false)).is_err());
    for (revoked, state) in [(false, "active"), (true, "revoked")] {
        assert!(ledger.write(|tx| crate::register_key(tx, "cert-fr", key, revoked)).unwrap());
        ledger.catch_up().unwrap();
        assert!(!ledger.write(|tx| crate::register_key(tx, "cert-fr", key, revoked)).unwrap());
        assert_eq!(ledger.read(|tx| org::key_state(tx, "cert-fr", key)).unwrap().as_deref(), Some(state));
    }
    let trust = |org: &str, from: &str, to: &str, reason: &str| {
        let done = ledger.write(|tx| crate::trust(tx, org, day(from), day(to), reason, "ada"));
        ledger.catch_up().unwrap();
        done.map_err(|e| e.rule())
    };
    assert_eq!(trust("cert-fr", "2026-02-01", "2026-01-01", "x"), Err("trust-window"));
    assert_eq!(trust("cert-fr", "2026-02-01", "2026-03-01", " "), Err("trust-reason"));
    assert_eq!(trust("nobody", "2026-02-01", "2026-03-01", "x"), Err("org-unknown"));
    assert_eq!(trust("cert-fr", "2026-02-01", "2026-03-01", "a visit"), Ok(()));
    for (on, expected) in [("2026-01-31", false), ("2026-02-01", true), ("2026-03-01", true), ("2026-03-02", false)] {
        assert_eq!(ledger.read(|tx| org::is_trusted(tx, "cert-fr", day(on))).unwrap(), expected, "{on}");
    }
}

/// A hundred and fifty partners as a desk keeps them: each row is accepted, stands already, or is refused with its line and rule.
#[test]
fn a_long_table_with_doubles() {
    let mut table = String::from("org,name,kind,country\n");
    for n in 0..150 {
        table += &format!("team-{n:03},Team {n},csirt,{}\n", ["FR", "DE", "NL"][n % 3]);
    }
    table += "team-000,Team 0,csirt,FR\n\
        team-001,Team 1,csirt,PL\n\
        TEAM-002,Team two,csirt,NL\n\
        again-3,  TEAM   3 ,csirt,FR\n\
        again-4,team 4,csirt,\n\
        abroad-5,Team 5,csirt,IT\n\
        team-150,,csirt,FR\n\
        team-151,Team 0,csirt,fr\n";
    let again = "org,name,kind,country\nteam-000,Team 0,csirt,FR\nteam-001,Team 1,csirt,PL\nteam-006,team  7,csirt,DE\nTeam-008,,csirt,NL\n";
    for store in engines() {
        let ledger = store.open(vec![Arc::new(Partners)]);
        let import = |table: &str| {
            let read = ledger.write(|tx| import_csv(tx, table.as_bytes())).unwrap();
            ledger.catch_up().unwrap();
            assert_eq!(
                read.accepted + read.unchanged + read.refused.len(),
                table.lines().count() - 1,
                "no row is lost"
            );
            let lines = |faults: &[crate::table::Fault]| faults.iter().map(|f| format!("\n{f}")).collect::<String>();
            format!(
                "{} accepted, {} unchanged{}{}",
                read.accepted,
                read.unchanged,
                lines(&read.refused),
                lines(&read.warnings).replace("\nline", "\nlook at line")
            )
        };
        insta::allow_duplicates! {
            insta::assert_snapshot!(import(&table), @r#"
            152 accepted, 0 unchanged
            line 152: team-000 stands already on line 2 [doubled-key]
            line 153: team-001 stands already on line 3 [doubled-key]
            line 154: TEAM-002 differs from team-002 in capitals only; write it as that [doubled-key]
            line 155: "TEAM   3" is the name of team-003 already; use that key, or a name that tells the two apart [doubled-name]
            line 156: "team 4" is the name of team-004 already; use that key, or a name that tells the two apart [doubled-name]
            line 159: "Team 0" is the name of team-000 already; use that key, or a name that tells the two apart [doubled-name]
            "#);
            insta::assert_snapshot!(import(&table), @r#"
            0 accepted, 152 unchanged
            line 152: team-000 stands already on line 2 [doubled-key]
            line 153: team-001 stands already on line 3 [doubled-key]
            line 154: TEAM-002 differs from team-002 in capitals only; write it as that [doubled-key]
            line 155: "TEAM   3" is the name of team-003 already; use that key, or a name that tells the two apart [doubled-name]
            line 156: "team 4" is the name of team-004 already; use that key, or a name that tells the two apart [doubled-name]
            line 159: "Team 0" is the name of team-000 already; use that key, or a name that tells the two apart [doubled-name]
            "#);
            insta::assert_snapshot!(import(again), @r#"
            1 accepted, 1 unchanged
            line 4: "team  7" is the name of team-007 already; use that key, or a name that tells the two apart [doubled-name]
            line 5: Team-008 differs from team-008 in capitals only; write it as that [doubled-key]
            look at line 3: team-001 was in DE and is in PL now; if it is another body, give that a key of its own [country-changed]
            "#);
        }
        assert_eq!(ledger.read(org::all).unwrap().len(), 152);
    }
}

#[test]
fn what_a_person_may() {
    #[track_caller]
    fn check(person: &Person, verb: Verb, expected: bool) {
        assert_eq!(person.may(verb).allowed, expected, "{}", person.may(verb));
        assert_eq!(person.must(verb).is_ok(), expected);
    }
    let local = Person::local_operator("home");
    for verb in Verb::ALL {
        check(&local, verb, !matches!(verb, Verb::ApproveAsks | Verb::AttestReview));
    }
    let foreign = Person { name: "x".into(), org: "cert-fr".into(), is_operator: false, ..local };
    check(&foreign, Verb::Read, true);
    check(&foreign, Verb::AnswerOwn, true);
    check(&foreign, Verb::PlanAsks, false);
    check(&foreign, Verb::ReadTargets, false);
    assert_eq!(foreign.may(Verb::SendAsks).because, "x belongs to cert-fr; only the operator's own may send asks");
}

#[test]
fn weak_passwords_are_refused() {
    assert_eq!(hash("short", &SeededEntropy::new(1)).map(drop).unwrap_err().rule(), "password-length");
    assert_eq!(hash(&"x".repeat(2000), &SeededEntropy::new(1)).map(drop).unwrap_err().rule(), "password-length");
}
