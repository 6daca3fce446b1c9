//! Table and property tests of the release decision.
use super::*;
use proptest::prelude::*;

const LEVELS: [Tlp; 5] = [Tlp::Clear, Tlp::Green, Tlp::Amber, Tlp::AmberStrict, Tlp::Red];

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn agreement(clearance: Tlp) -> Agreement {
    Agreement { from: day("2025-01-01"), to: Some(day("2025-12-31")), clearance }
}

fn partner<'a>(agreements: &'a [Agreement], clearance: Option<Tlp>) -> Recipient<'a> {
    let kind = "operator";
    Recipient { org: "p", kind, country: Some("FR"), is_operator: false, role: Role::Partner, clearance, agreements }
}

fn subject<'a>(tlp: Tlp, readers: Readers<'a>) -> Subject<'a> {
    Subject { tlp, readers, audience: None, weakness: None }
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
