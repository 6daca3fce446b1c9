//! Table and property tests of the release decision.
use super::*;
use proptest::prelude::*;

const LEVELS: [Tlp; 5] = [Tlp::Clear, Tlp::Green, Tlp::Amber, Tlp::AmberStrict, Tlp::Red];

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn agreement(clearance: Tlp) -> Agreement {
    Agreement::plain(day("2025-01-01"), Some(day("2025-12-31")), clearance)
}

fn partner<'a>(agreements: &'a [Agreement], clearance: Option<Tlp>) -> Recipient<'a> {
    let kind = "operator";
    Recipient {
        org: "p",
        aka: &[],
        kind,
        country: Some("FR"),
        is_operator: false,
        role: Role::Partner,
        clearance,
        agreements,
    }
}

fn subject<'a>(tlp: Tlp, readers: Readers<'a>) -> Subject<'a> {
    Subject::new(tlp, readers)
}

#[test]
fn clearance() {
    #[track_caller]
    fn check(org: Option<Tlp>, own: Option<Tlp>, on: &str, expected: Tlp) {
        let agreements: Vec<_> = org.map(agreement).into_iter().collect();
        assert_eq!(effective_clearance(&partner(&agreements, own), day(on)).0, expected);
    }
    check(None, Some(Tlp::Red), "2025-06-01", Tlp::Clear);
    check(Some(Tlp::Amber), Some(Tlp::Red), "2025-06-01", Tlp::Amber);
    check(Some(Tlp::Amber), Some(Tlp::Green), "2025-06-01", Tlp::Green);
    check(Some(Tlp::Amber), None, "2025-06-01", Tlp::Amber);
    check(Some(Tlp::Amber), Some(Tlp::Amber), "2024-12-31", Tlp::Clear);
    check(Some(Tlp::Amber), Some(Tlp::Amber), "2026-01-01", Tlp::Clear);
}

#[test]
fn the_operators_own_see_all_that_their_role_may() {
    for role in Role::ALL {
        let own = Recipient { is_operator: true, role, ..partner(&[], Some(Tlp::Clear)) };
        let allowed = decide(&subject(Tlp::Red, Readers::OperatorOnly), &own, day("2025-06-01")).allowed;
        assert_eq!(allowed, role != Role::Partner, "{role}");
    }
}

#[test]
fn reasons() {
    #[track_caller]
    fn check(subject: Subject<'_>, expected: &str) {
        let agreements = [agreement(Tlp::Red)];
        let decision = decide(&subject, &partner(&agreements, Some(Tlp::Red)), day("2025-06-01"));
        assert_eq!(decision.allowed, decision.refused_by().is_none());
        assert_eq!(format!("{} {}", if decision.allowed { "yes" } else { "no" }, decision.reason()), expected);
    }
    let here = Readers::Named(&["p", "q"]);
    check(subject(Tlp::Clear, here), "yes TLP:CLEAR may go to anybody; p may read the collection");
    check(subject(Tlp::Clear, Readers::OperatorOnly), "no only the operator may read here [collection-rights]");
    check(subject(Tlp::Clear, Readers::Named(&["q"])), "no p may not read the collection [collection-rights]");
    check(
        subject(Tlp::Red, here),
        "yes TLP:RED is within TLP:RED: p is cleared for TLP:RED by its agreement since 2025-01-01; p may read the collection; p is named for TLP:RED",
    );
    check(subject(Tlp::Red, Readers::Marking), "no TLP:RED goes only to those named, and p is not [red-named]");
    check(
        Subject { audience: Some(&["q"]), ..subject(Tlp::Green, here) },
        "no p is not in the audience that the originator named [audience]",
    );
    let weakness = Weakness { owner: "w", holder: None, country: Some("FR"), consent: false };
    check(
        Subject { weakness: Some(weakness), ..subject(Tlp::Clear, Readers::Marking) },
        "no a weakness of w is told to p only when w agrees [weakness]",
    );
}

/// Each rule that closed something, for one recipient and one thing changed at a time.
#[test]
fn agreements_and_terms() {
    let of = |name: &str, clearance, change: &dyn Fn(&mut crate::agreement::Clauses)| {
        let mut agreement = agreement(clearance);
        agreement.clauses.name = name.to_owned();
        change(&mut agreement.clauses);
        agreement
    };
    let said = |agreements: &[Agreement], change: &dyn Fn(&mut Subject<'_>)| {
        let mut subject = subject(Tlp::Amber, Readers::Marking);
        change(&mut subject);
        let recipient = Recipient { kind: "csirt", ..partner(agreements, None) };
        let decision = decide(&subject, &recipient, day("2025-06-01"));
        format!("{} {}\n", if decision.allowed { "yes" } else { "no" }, decision.reason())
    };
    let plain = |_: &mut crate::agreement::Clauses| {};
    let as_is = |_: &mut Subject<'_>| {};
    let strict = |s: &mut Subject<'_>| s.tlp = Tlp::AmberStrict;
    let client =
        |onward| move |c: &mut crate::agreement::Clauses| (c.client_of, c.onward) = (Some("x".to_owned()), onward);
    let with_q = |c: &mut crate::agreement::Clauses| (c.with, c.with_operator) = (vec!["q".to_owned()], false);
    let law =
        |c: &mut crate::agreement::Clauses| c.compelled = vec!["SE:the principle of openness:GREEN".parse().unwrap()];
    let based = |c: &mut crate::agreement::Clauses| c.basis = Some("article 12".to_owned());
    let malware = |c: &mut crate::agreement::Clauses| c.scope.types = ["malware".to_owned()].into();
    let read = |text: &str| Terms::read(&serde_json::from_str(text).unwrap());
    let terms = [
        read(r#"{"audience":["identity--q"]}"#),
        read(r#"{"hops":0}"#),
        read(r#"{"hops":1}"#),
        read(r#"{"originator_control":true}"#),
        read(r#"{"embargo_until":"2025-06-01T00:00:01Z"}"#),
        read(r#"{"embargo_until":"2025-06-01T00:00:00Z"}"#),
        read(r#"{"colour":"mauve"}"#),
    ];
    let green = [of("", Tlp::Green, &plain), of("deep", Tlp::Amber, &based)];
    let one = [of("", Tlp::Amber, &plain)];
    let mut out = said(&green, &as_is);
    out += &said(&green, &strict);
    out += &said(&[of("n", Tlp::Red, &client(true))], &as_is);
    out += &said(&[of("n", Tlp::Red, &client(true))], &strict);
    out += &said(&[of("n", Tlp::Red, &client(false))], &as_is);
    out += &said(&[of("n", Tlp::Amber, &with_q)], &as_is);
    out += &said(&[of("n", Tlp::Amber, &with_q)], &|s| s.origin.org = Some("q"));
    out += &said(&[of("", Tlp::Amber, &law)], &as_is);
    out += &said(&[of("", Tlp::Amber, &law)], &|s| s.origin.consented = &["p"]);
    out += &said(&[of("", Tlp::Amber, &malware)], &|s| s.what.kind = "tool");
    out += &said(&[of("", Tlp::Amber, &malware)], &|s| s.what.kind = "malware");
    for terms in &terms {
        let recipient = partner(&one, None);
        let subject = Subject { terms: Some(terms), ..subject(Tlp::Green, Readers::Marking) };
        out += &format!("{}\n", decide(&subject, &recipient, day("2025-06-01")).because.last().unwrap());
    }
    out += &said(&one, &|s| (s.origin.org, s.origin.unnamed) = (Some("q"), true));
    let none = Terms::default();
    let part = [
        Part { place: "name", tlp: Some(Tlp::Red), terms: &none },
        Part { place: "labels.[0]", tlp: None, terms: &none },
    ];
    let recipient = partner(&one, None);
    let decision =
        decide(&Subject { parts: &part, ..subject(Tlp::Green, Readers::Marking) }, &recipient, day("2025-06-01"));
    out += &decision.because.iter().map(|r| format!("{} {r}\n", u8::from(r.passes))).collect::<String>();
    insta::assert_snapshot!(out, @r"
    yes TLP:AMBER is within TLP:AMBER: p is cleared for TLP:AMBER by the agreement deep since 2025-01-01, on the basis of article 12; it lies in no collection, its marking decides
    no TLP:AMBER+STRICT is above TLP:AMBER: p is cleared for TLP:AMBER by the agreement deep since 2025-01-01 [marking]
    yes TLP:AMBER is within TLP:AMBER: p is cleared for TLP:AMBER by the agreement n as a client of x since 2025-01-01: TLP:RED stays with the party itself; it lies in no collection, its marking decides
    no TLP:AMBER+STRICT is above TLP:AMBER: p is cleared for TLP:AMBER by the agreement n as a client of x since 2025-01-01: TLP:RED stays with the party itself [marking]
    no TLP:AMBER is above TLP:CLEAR: the agreement n as a client of x since 2025-01-01 does not let x pass anything on [marking]
    no TLP:AMBER is above TLP:CLEAR: the agreement n since 2025-01-01 is about what q gave [marking]
    yes TLP:AMBER is within TLP:AMBER: p is cleared for TLP:AMBER by the agreement n since 2025-01-01; it lies in no collection, its marking decides
    no the principle of openness (SE) compels p to disclose, and TLP:AMBER is above its cap TLP:GREEN [compelled-disclosure]
    yes TLP:AMBER is within TLP:AMBER: p is cleared for TLP:AMBER by its agreement since 2025-01-01; it lies in no collection, its marking decides; the principle of openness (SE) compels p to disclose, and the originator let it go to p
    no TLP:AMBER is above TLP:CLEAR: its agreement since 2025-01-01 is not about this [marking]
    yes TLP:AMBER is within TLP:AMBER: p is cleared for TLP:AMBER by its agreement since 2025-01-01; it lies in no collection, its marking decides
    p is not in the audience that the originator named [audience]
    it may not be passed on any more [hops]
    it may be passed on once more, and not by p [hops]
    it goes on only as the originator consents, and no consent names p [originator-control]
    it is under embargo until 2025-06-02 [embargo]
    its embargo ended by 2025-06-01 [embargo]
    a marking asks something that is not known here, or is not held yet: it stays with the operator [marking-known]
    no it names its submitter, who has not agreed to be named [submitter-named]
    1 TLP:GREEN is within TLP:AMBER: p is cleared for TLP:AMBER by its agreement since 2025-01-01 [marking]
    1 it lies in no collection, its marking decides [collection-rights]
    0 name: TLP:RED is above TLP:AMBER: p is cleared for TLP:AMBER by its agreement since 2025-01-01 [marking]
    0 name: TLP:RED goes only to those named, and p is not [red-named]
    ");
}

#[test]
fn a_weakness() {
    #[track_caller]
    fn check(weakness: Weakness<'_>, recipient: Recipient<'_>, expected: bool) {
        let subject = Subject { weakness: Some(weakness), ..subject(Tlp::Clear, Readers::Marking) };
        assert_eq!(decide(&subject, &recipient, day("2025-06-01")).allowed, expected);
    }
    let its = Weakness { owner: "w", holder: None, country: Some("FR"), consent: false };
    let cleared = [agreement(Tlp::Amber)];
    let someone = partner(&cleared, None);
    check(its, someone, false);
    check(Weakness { owner: "p", ..its }, someone, true);
    check(Weakness { holder: Some("p"), ..its }, someone, true);
    check(Weakness { consent: true, ..its }, someone, true);
    check(Weakness { consent: true, ..its }, partner(&[], None), false); // never less than AMBER to others
    check(Weakness { owner: "p", ..its }, partner(&[], None), true);
    check(its, Recipient { kind: "csirt", ..someone }, true);
    check(its, Recipient { kind: "csirt", country: Some("DE"), ..someone }, false);
    check(Weakness { country: None, ..its }, Recipient { kind: "csirt", country: None, ..someone }, false);
    check(its, Recipient { is_operator: true, role: Role::Operator, ..someone }, true);
}

#[test]
fn a_sighting() {
    #[track_caller]
    fn check(sighting: (Option<&str>, bool), change: &dyn Fn(&mut Agreement), expected: &str) {
        let mut told = agreement(Tlp::Amber);
        told.clauses.sightings = true;
        change(&mut told);
        let agreements = [told];
        let (producer, withheld) = sighting;
        let subject =
            Subject { sighting: Some(Sighting { producer, withheld }), ..subject(Tlp::Green, Readers::Named(&["p"])) };
        let decision = decide(&subject, &partner(&agreements, None), day("2025-06-01"));
        let said = decision.because.iter().find(|rule| !rule.passes).or(decision.because.last());
        assert_eq!(said.unwrap().to_string(), expected);
    }
    let told = "p is told of sightings by its agreement since 2025-01-01 [sightings-agreed]";
    let none = "no agreement in force with p has the clause `sightings` [sightings-agreed]";
    let marked = "what was seen is marked for those to whom it was given, and what follows from it stays there [sighting-withheld]";
    let other = "only whoever gave the indicator is told that it was seen, and p did not [sighting-producer]";
    check((Some("p"), false), &|_| (), told);
    check((Some("p"), true), &|_| (), marked);
    check((Some("q"), false), &|_| (), other);
    check((None, false), &|_| (), other);
    check((Some("p"), false), &|a| a.clauses.sightings = false, none);
    check(
        (Some("p"), false),
        &|a| a.clauses.client_of = Some("q".to_owned()),
        "TLP:GREEN is above TLP:CLEAR: its agreement as a client of q since 2025-01-01 does not let q pass anything on [marking]",
    );
    check(
        (Some("p"), false),
        &|a| a.to = Some(day("2025-05-31")),
        "TLP:GREEN is above TLP:CLEAR: p has no agreement in force on 2025-06-01 [marking]",
    );
    check(
        (Some("p"), false),
        &|a| a.clearance = Tlp::Clear,
        "TLP:GREEN is above TLP:CLEAR: p is cleared for TLP:CLEAR by its agreement since 2025-01-01 [marking]",
    );
    let own = Recipient { is_operator: true, role: Role::Operator, ..partner(&[], None) };
    let subject = Subject {
        sighting: Some(Sighting { producer: None, withheld: true }),
        ..subject(Tlp::Red, Readers::OperatorOnly)
    };
    assert!(decide(&subject, &own, day("2025-06-01")).allowed);
}

proptest! {
    /// Raising the marking never opens what was closed; lowering a clearance never opens what was closed.
    #[test]
    fn stricter_is_never_looser(tlp in 0usize..5, up in 0usize..5, own in 0usize..5, down in 0usize..5, org in 0usize..6, named: bool) {
        let agreements: Vec<_> = LEVELS.get(org).map(|&l| agreement(l)).into_iter().collect();
        let readers = if named { Readers::Named(&["p"]) } else { Readers::Marking };
        let on = day("2025-06-01");
        let base = decide(&subject(LEVELS[tlp], readers), &partner(&agreements, Some(LEVELS[own])), on).allowed;
        let raised = decide(&subject(LEVELS[tlp.max(up)], readers), &partner(&agreements, Some(LEVELS[own])), on).allowed;
        let lowered = decide(&subject(LEVELS[tlp], readers), &partner(&agreements, Some(LEVELS[own.min(down)])), on).allowed;
        prop_assert!(base || !raised);
        prop_assert!(base || !lowered);
        // Without an agreement nothing above CLEAR goes out, whatever else is said.
        prop_assert!(!(agreements.is_empty() && base && LEVELS[tlp] > Tlp::Clear));
    }
}
