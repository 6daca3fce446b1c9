//! Random patterns for the laws: trees as the parser could have made them.

use crate::pattern::ast::{Check, Compare, Const, Join, Observe, Order, Path, Pattern, Qualifier, Step, Test};
use crate::pattern::net::Net;
use proptest::prelude::*;

/// Few names and values, so that random patterns meet random observations.
pub(super) fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("value".to_owned()),
        Just("name".to_owned()),
        Just("size".to_owned()),
        Just("parts".to_owned()),
        Just("to_ref".to_owned()),
        Just("all_refs".to_owned()),
        Just("raw_bin".to_owned()),
        Just("SHA-256".to_owned()),
        Just("it's \\ odd".to_owned()),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![4 => key().prop_map(Step::Key), 1 => Just(Step::Any), 1 => (0..3_u64).prop_map(Step::Item)]
}

fn path(kind: &'static str) -> impl Strategy<Value = Path> {
    (key(), prop::collection::vec(step(), 0..3)).prop_map(move |(first, mut rest)| {
        rest.insert(0, Step::Key(first));
        Path { kind: kind.to_owned(), steps: rest }
    })
}

pub(super) fn word() -> impl Strategy<Value = String> {
    prop_oneof!["[ab%_.]{0,3}", Just("a".to_owned()), Just("ab".to_owned()), Just("\u{e9}'\\".to_owned()), "\\PC{0,4}"]
}

pub(super) fn constant() -> impl Strategy<Value = Const> {
    prop_oneof![
        any::<bool>().prop_map(Const::Bool),
        (-2..4_i64).prop_map(Const::Integer),
        prop_oneof![Just(1.0), Just(2.5), Just(-0.5), -1e15..1e15].prop_map(Const::Float),
        word().prop_map(Const::Text),
        prop::collection::vec(prop_oneof![Just(b'a'), any::<u8>()], 0..3).prop_map(Const::Hex),
        prop::collection::vec(prop_oneof![Just(b'a'), any::<u8>()], 0..3).prop_map(Const::Binary),
        Just(Const::Time("2020-01-01T00:00:01Z".to_owned())),
        Just(Const::Time("2020-01-01T00:00:02.50Z".to_owned())),
    ]
}

fn check() -> impl Strategy<Value = Check> {
    let ordered = constant().prop_filter("booleans have no order", |c| !matches!(c, Const::Bool(_)));
    let order = prop_oneof![Just(Order::Less), Just(Order::AtMost), Just(Order::Greater), Just(Order::AtLeast)];
    let same = prop::collection::vec(constant(), 0..4).prop_map(|mut all| {
        let first = all.first().map(Const::type_name);
        all.retain(|c| Some(c.type_name()) == first);
        Check::In(all)
    });
    let net = prop_oneof![Just("10.0.0.0/8"), Just("10.1.2.3"), Just("::1/64")]
        .prop_map(|text| (text.to_owned(), Net::parse(text).unwrap()));
    prop_oneof![
        4 => constant().prop_map(Check::Equal),
        1 => constant().prop_map(Check::Unequal),
        1 => (order, ordered).prop_map(|(order, c)| Check::Order(order, c)),
        1 => same,
        2 => word().prop_map(Check::Like),
        1 => prop_oneof![Just("^a"), Just("b$"), Just("a.?b"), Just("(?i)A"), Just("[ab]{2}")]
            .prop_map(|text: &str| Check::Matches(text.to_owned())),
        1 => net.clone().prop_map(|(text, net)| Check::Subset(text, net)),
        1 => net.prop_map(|(text, net)| Check::Superset(text, net)),
        1 => Just(Check::Exists),
    ]
}

fn test(kind: &'static str) -> impl Strategy<Value = Compare> {
    (path(kind), prop::bool::weighted(0.2), check())
        .prop_map(|(path, negated, check)| Compare::Test(Test { path, negated, check }))
}

/// Parts of one kind of join become one level, as the parser makes them; never fewer than two.
fn compare_of(kind: &'static str) -> BoxedStrategy<Compare> {
    test(kind)
        .prop_recursive(2, 6, 3, |inner| {
            (any::<bool>(), prop::collection::vec(inner, 2..4))
                .prop_map(|(all, parts)| if all { Compare::All(parts) } else { Compare::Any(parts) })
        })
        .boxed()
}

fn compare() -> impl Strategy<Value = Compare> {
    let either = (compare_of("x-thing"), compare_of("x-other")).prop_map(|(a, b)| Compare::Any(vec![a, b]));
    prop_oneof![3 => compare_of("x-thing"), 1 => compare_of("x-other"), 1 => either]
}

fn qualifiers() -> impl Strategy<Value = Vec<Qualifier>> {
    let within = prop_oneof![Just(1.0), Just(2.0), Just(0.5), Just(30.0)].prop_map(Qualifier::Within);
    let repeats = (1..4_u64).prop_map(Qualifier::Repeats);
    let between = Just(Qualifier::Between("2020-01-01T00:00:01Z".into(), "2020-01-01T00:00:04.5Z".into()));
    prop_oneof![
        within.clone().prop_map(|w| vec![w]),
        repeats.clone().prop_map(|r| vec![r]),
        between.clone().prop_map(|b| vec![b]),
        (repeats, within, between).prop_map(|(r, w, b)| vec![r, b, w]),
    ]
}

pub(super) fn pattern() -> impl Strategy<Value = Pattern> {
    let observe = compare().prop_map(Observe::One).prop_recursive(3, 6, 3, |inner| {
        let join = prop_oneof![Just(Join::And), Just(Join::Or), Just(Join::FollowedBy)];
        prop_oneof![
            (join, prop::collection::vec(inner.clone(), 2..4)).prop_map(|(join, parts)| Observe::Join(join, parts)),
            (inner, qualifiers()).prop_map(|(inner, q)| Observe::Qualified(Box::new(inner), q)),
        ]
    });
    observe.prop_map(|root| Pattern { root })
}
