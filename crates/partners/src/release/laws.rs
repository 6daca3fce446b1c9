//! Laws of the release decision, over random subjects, recipients and agreements: a restriction never lets anything pass.
use super::*;
use crate::agreement::{Clauses, Compulsion, Scope};
use proptest::prelude::*;
use std::collections::BTreeSet;

/// A subject and a recipient that own what they are made of.
#[derive(Clone, Debug)]
struct World {
    tlp: Tlp,
    readers: u8,
    terms: Terms,
    part: Option<(Option<Tlp>, Terms)>,
    kind: &'static str,
    topics: Vec<&'static str>,
    giver: Option<&'static str>,
    consented: bool,
    unnamed: bool,
    weakness: bool,
    sighting: Option<(Option<&'static str>, bool)>,
    person: Option<Tlp>,
    country: Option<&'static str>,
    agreements: Vec<Agreement>,
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn tlp() -> impl Strategy<Value = Tlp> {
    prop::sample::select(Tlp::ALL.to_vec())
}

fn acs() -> impl Strategy<Value = stix::marking::Acs> {
    let value = prop::sample::select(vec![
        r#"{"policy_reference":"urn:isa:policy:acs:ns:v3.0?sharedefault=permit","control_set":{"classification":"U","permitted_nationalities":["FRA"]}}"#,
        r#"{"policy_reference":"urn:isa:policy:acs:ns:v3.0?sharedefault=permit","control_set":{"classification":"U","permitted_organizations":["P"]}}"#,
        r#"{"policy_reference":"urn:isa:policy:acs:ns:v3.0?sharedefault=deny","control_set":{"classification":"U","permitted_nationalities":["ALL"]}}"#,
        "{}",
    ]);
    value.prop_map(|text| stix::marking::Acs::read(&serde_json::from_str(text).unwrap()))
}

fn terms() -> impl Strategy<Value = Terms> {
    let audience = prop::option::weighted(
        0.3,
        prop::collection::btree_set(prop::sample::select(vec!["p".to_owned(), "q".to_owned()]), 0..2),
    );
    let embargo = prop::option::weighted(
        0.3,
        prop::sample::select(vec!["2025-05-31".to_owned(), "2025-06-01".to_owned(), "2025-06-02".to_owned()]),
    );
    let policies = prop::collection::btree_set(acs(), 0..2);
    (
        audience,
        prop::option::weighted(0.3, 0u32..2),
        prop::bool::weighted(0.2),
        embargo,
        policies,
        prop::bool::weighted(0.1),
    )
        .prop_map(|(audience, hops, originator_control, embargo, acs, unknown)| Terms {
            audience,
            hops,
            originator_control,
            embargo,
            acs,
            unknown,
        })
}

fn agreement() -> impl Strategy<Value = Agreement> {
    let names = prop::sample::select(vec!["", "a", "b"]);
    let days = prop::sample::select(vec![
        ("2025-01-01", None),
        ("2025-01-01", Some("2025-05-31")),
        ("2025-06-01", Some("2025-06-01")),
        ("2025-07-01", None),
    ]);
    let scope = prop::sample::select(vec!["", "", "type=malware", "topic=ics", "collection=c", "exposures"]);
    let laws = prop::option::weighted(0.2, tlp());
    (names, days, tlp(), scope, laws, any::<(bool, bool, bool, bool)>()).prop_map(
        |(name, (from, to), clearance, scope, law, (client, onward, ours, sightings))| {
            let clauses = Clauses {
                first: "x".to_owned(),
                name: name.to_owned(),
                left_out: false,
                with: vec!["q".to_owned()],
                with_operator: ours,
                client_of: client.then(|| "x".to_owned()),
                scope: Scope::read(
                    &[scope].iter().filter(|s| !s.is_empty()).map(|s| (*s).to_owned()).collect::<Vec<_>>(),
                )
                .unwrap(),
                basis: None,
                compelled: law
                    .map(|cap| Compulsion { country: "FR".to_owned(), law: "l".to_owned(), cap })
                    .into_iter()
                    .collect(),
                onward,
                sightings,
                relays: Vec::new(),
            };
            Agreement { from: day(from), to: to.map(day), clearance, clauses }
        },
    )
}

fn world() -> impl Strategy<Value = World> {
    let part = prop::option::weighted(0.3, (prop::option::of(tlp()), terms()));
    let subject = (
        tlp(),
        0u8..4,
        terms(),
        part,
        any::<(bool, bool, bool)>(),
        prop::option::of(prop::sample::select(vec!["p", "q"])),
        any::<(bool, bool)>(),
    );
    let sighting = prop::option::weighted(
        0.2,
        (prop::sample::select(vec![None, Some("p"), Some("p"), Some("q")]), prop::bool::weighted(0.2)),
    );
    let recipient = (
        prop::option::of(tlp()),
        prop::option::of(prop::sample::select(vec!["FR", "DE"])),
        prop::collection::vec(agreement(), 0..4),
    );
    (subject, sighting, recipient).prop_map(
        |(
            (tlp, readers, terms, part, (malware, ics, weakness), giver, (consented, unnamed)),
            sighting,
            (person, country, agreements),
        )| World {
            tlp,
            readers,
            terms,
            part,
            kind: if malware { "malware" } else { "tool" },
            topics: if ics { vec!["ics"] } else { vec![] },
            giver,
            consented,
            unnamed: unnamed && giver == Some("q"),
            weakness: weakness && readers == 0,
            sighting,
            person,
            country,
            agreements,
        },
    )
}

impl World {
    fn allowed(&self) -> bool {
        let readers = match self.readers {
            0 => Readers::Marking,
            1 => Readers::OperatorOnly,
            2 => Readers::Named(&["q"]),
            _ => Readers::Named(&["p"]),
        };
        let part = self.part.as_ref().map(|(tlp, terms)| Part { place: "name", tlp: *tlp, terms });
        let weakness = Weakness { owner: "w", holder: None, country: None, consent: true };
        let subject = Subject {
            terms: Some(&self.terms),
            what: What { collection: Some("c"), kind: self.kind, topics: &self.topics },
            origin: Origin {
                org: self.giver,
                consented: if self.consented { &["p"] } else { &[] },
                unnamed: self.unnamed,
            },
            parts: part.as_slice(),
            weakness: self.weakness.then_some(weakness),
            sighting: self.sighting.map(|(producer, withheld)| Sighting { producer, withheld }),
            ..Subject::new(self.tlp, readers)
        };
        let recipient = Recipient {
            org: "p",
            aka: &[],
            kind: "csirt",
            country: self.country,
            is_operator: false,
            role: Role::Partner,
            clearance: self.person,
            agreements: &self.agreements,
        };
        let decision = decide(&subject, &recipient, day("2025-06-01"));
        assert_eq!(decision.allowed, decision.refused_by().is_none());
        assert!(decision.because.iter().all(|rule| !rule.reason.is_empty() && !rule.code.is_empty()));
        decision.allowed
    }

    /// One more restriction, of the kind `which`, with what `by` has of it.
    fn restrict(&self, which: u8, by: &World) -> World {
        let mut w = self.clone();
        match which {
            0 => w.tlp = w.tlp.max(by.tlp),
            1 => w.terms.join(&by.terms),
            2 => w.readers = if w.readers == 0 { by.readers } else { 1 },
            3 => w.part = w.part.or_else(|| by.part.clone()),
            4 => w.consented = false,
            5 => w.unnamed |= w.giver != Some("p"),
            // nobody in particular is no restriction
            6 => w.person = w.person.zip(by.person).map(|(mine, other)| mine.min(other)).or(w.person).or(by.person),
            7 => w.country = None,
            8 => w.each(|c, a| c.clearance = c.clearance.min(a.clearance), by),
            9 => w.each(|c, a| c.to = c.to.map_or(a.to, |to| a.to.map_or(Some(to), |other| Some(to.min(other)))), by),
            10 => w.each(|c, _| c.clauses.onward = false, by),
            11 => w.each(|c, a| c.clauses.compelled.extend(a.clauses.compelled.clone()), by),
            12 => w.each(|c, _| c.clauses.with_operator = false, by),
            13 => w.each(|c, _| c.clauses.left_out = true, by),
            14 => w.each(
                |c, a| {
                    if c.clauses.scope.is_empty() {
                        c.clauses.scope = a.clauses.scope.clone()
                    }
                },
                by,
            ),
            15 => w.each(|c, _| c.clauses.client_of = Some("x".to_owned()), by),
            16 => w.weakness |= w.readers == 9,
            18 => w.sighting = w.sighting.or(by.sighting),
            19 => w.sighting = w.sighting.map(|(producer, _)| (producer, true)),
            20 => w.each(|c, _| c.clauses.sightings = false, by),
            _ => w.giver = None,
        }
        w
    }

    fn each(&mut self, f: impl Fn(&mut Agreement, &Agreement), by: &World) {
        for (mine, other) in self.agreements.iter_mut().zip(&by.agreements) {
            // a party may be bound by a law that a client is not: the two are not comparable
            let before = mine.clauses.client_of.clone();
            f(mine, other);
            if before != mine.clauses.client_of {
                mine.clauses.client_of =
                    before.or(mine.clauses.client_of.take().filter(|_| mine.clauses.compelled.is_empty()));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    /// What was closed stays closed under each restriction.
    #[test]
    fn a_restriction_never_opens(world in world(), by in world(), which in 0u8..21) {
        prop_assert!(world.allowed() || !world.restrict(which, &by).allowed());
    }

    /// The labels that may go out under one set of terms are all those up to one: what makes a view of one level per set.
    #[test]
    fn what_passes_at_a_label_passes_below_it(world in world(), tlp in tlp()) {
        let lower = World { tlp: world.tlp.min(tlp), ..world.clone() };
        prop_assert!(!world.allowed() || lower.allowed());
    }
}

/// The generator makes both answers, or the laws above say nothing.
#[test]
fn both_answers_are_made() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut yes = BTreeSet::new();
    for _ in 0..500 {
        yes.insert(world().new_tree(&mut runner).unwrap().current().allowed());
    }
    assert_eq!(yes.len(), 2);
}
