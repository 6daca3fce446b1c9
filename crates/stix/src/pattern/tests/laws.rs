//! Laws: the index finds what trying everything finds; the search finds what an enumeration of all worlds finds.

use super::generate;
use super::matching::{observed, read};
use crate::pattern::ast::{Check, Compare, Const, Join, Observe, Order, Path, Pattern, Qualifier, Step, Test};
use crate::pattern::{BUDGET, Matcher, Set, Verdict, parse};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

fn value() -> impl Strategy<Value = Value> {
    let plain = prop_oneof![
        any::<bool>().prop_map(Value::from),
        (-2..4_i64).prop_map(Value::from),
        prop_oneof![Just(1.0), Just(2.5), Just(-0.5)].prop_map(Value::from),
        generate::word().prop_map(Value::from),
        prop_oneof![Just("10.1.2.3"), Just("10.0.0.0/9"), Just("::2"), Just("YWI="), Just("0"), Just("1"), Just("2")]
            .prop_map(Value::from),
        Just(Value::from("2020-01-01T00:00:02.5Z")),
        Just(Value::Null),
    ];
    plain.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::vec((generate::key(), inner), 0..3)
                .prop_map(|all| Value::Object(all.into_iter().collect())),
        ]
    })
}

fn object() -> impl Strategy<Value = Value> {
    let kind = prop_oneof![3 => Just("x-thing"), 1 => Just("x-other")];
    (kind, prop::collection::vec((generate::key(), value()), 0..5)).prop_map(|(kind, members)| {
        let mut all: Map<String, Value> = members.into_iter().collect();
        all.insert("type".into(), kind.into());
        Value::Object(all)
    })
}

fn observations() -> impl Strategy<Value = Vec<Value>> {
    let one = (0..6_u32, 0..3_u32, 1..3_u64, prop::collection::vec(object(), 1..4));
    prop::collection::vec(one, 0..5).prop_map(|all| {
        let document = |(id, (first, length, number, objects)): (usize, (u32, u32, u64, Vec<Value>))| {
            let objects: Map<String, Value> =
                objects.into_iter().enumerate().map(|(n, o)| (n.to_string(), o)).collect();
            observed(id, first.into(), (first + length).into(), number, Value::Object(objects))
        };
        all.into_iter().enumerate().map(document).collect()
    })
}

#[test]
fn the_bounds_of_the_index_change_nothing() {
    let patterns =
        ["[x:l[*] = 19999]", "[x:l[*] = -1]", "[x:v = 'last' AND x:l[0] = 0]"].map(|text| parse(text).unwrap());
    let (set, _) = Set::new(&patterns);
    let items: Vec<usize> = (0..20_000).collect();
    let documents = [observed(0, 1.0, 1.0, 1, json!({ "0": { "type": "x", "l": items, "v": "last" } }))];
    let found = set.runner().run(&read(&documents), BUDGET);
    assert_eq!(found.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [0, 2]);
    assert!(found.iter().all(|(_, verdict)| matches!(verdict, Verdict::Matched(_))), "{found:?}");
}

#[test]
fn more_hits_than_are_kept_are_not_taken_for_none() {
    let texts = [
        "[x:v >= 0] AND [x:v = 9]",
        "[x:v >= 0] AND [x:v = 7]",
        "[x:v = 7] FOLLOWEDBY [x:v >= 0] REPEATS 2 TIMES",
        "([x:v >= 0] FOLLOWEDBY [x:v = 8]) WITHIN 0.5 SECONDS",
    ];
    let patterns = texts.map(|text| parse(text).unwrap());
    let mut documents: Vec<Value> =
        (0..5_000).map(|n| observed(n, 1.0, 1.0, 1, json!({ "0": { "type": "x", "v": 1 } }))).collect();
    documents.push(observed(9_000, 2.0, 2.0, 1, json!({ "0": { "type": "x", "v": 7 } })));
    documents.push(observed(9_001, 2.0, 2.0, 1, json!({ "0": { "type": "x", "v": 8 } })));
    let (set, _) = Set::new(&patterns);
    let found = set.runner().run(&read(&documents), BUDGET);
    let shown: Vec<String> = found
        .iter()
        .map(|(number, verdict)| match verdict {
            Verdict::Matched(_) => format!("{number} matched"),
            other => format!("{number} {other:?}"),
        })
        .collect();
    // nothing is 9, so the first cannot match; the last two would need hits that were left out
    assert_eq!(shown, ["1 matched", "2 GaveUp", "3 GaveUp"]);
}

#[test]
fn what_cannot_be_run_is_handed_back() {
    let patterns = ["[x:v = 1]", "[x:v MATCHES '(a)\\\\1']", "[x:v = 2]"].map(|text| parse(text).unwrap());
    let (set, refused) = Set::new(&patterns);
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0].0, 1);
    assert!(refused[0].1.reason().contains("back-reference"), "{:?}", refused[0].1);
    let documents = [observed(0, 1.0, 1.0, 1, json!({ "0": { "type": "x", "v": 2 } }))];
    assert_eq!(set.runner().run(&read(&documents), BUDGET).iter().map(|(n, _)| *n).collect::<Vec<_>>(), [2]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn the_index_finds_what_trying_everything_finds(
        patterns in prop::collection::vec(generate::pattern(), 1..6),
        rounds in prop::collection::vec(observations(), 1..3),
    ) {
        let (set, refused) = Set::new(&patterns);
        let mut runner = set.runner();
        for documents in rounds {
            let observations = read(&documents);
            let found = runner.run(&observations, BUDGET);
            let naive: Vec<(usize, Verdict)> = patterns.iter().enumerate().filter_map(|(number, pattern)| {
                let matcher = Matcher::new(pattern).ok()?;
                let verdict = matcher.run(&observations, BUDGET);
                (verdict != Verdict::Unmatched).then_some((number, verdict))
            }).collect();
            prop_assert!(refused.is_empty());
            prop_assert_eq!(found, naive, "{:?}", patterns.iter().map(ToString::to_string).collect::<Vec<_>>());
        }
    }

    #[test]
    fn the_search_finds_what_enumeration_finds(
        root in small(),
        happened in prop::collection::vec((0..4_u32, 0..3_u32, 1..3_u64, 0..3_i64), 1..4),
    ) {
        let mut left = 4;
        let few = |(first, length, number, v): (u32, u32, u64, i64)| {
            let number = number.min(left);
            left -= number;
            (number > 0).then_some((first, length, number, v))
        };
        // no more than four observations, or there are too many worlds
        let happened: Vec<_> = happened.into_iter().filter_map(few).collect();
        let document = |(id, (first, length, number, v)): (usize, &(u32, u32, u64, i64))| {
            observed(id, (*first).into(), (first + length).into(), *number, json!({ "0": { "type": "x", "v": v } }))
        };
        let documents: Vec<Value> = happened.iter().enumerate().map(document).collect();
        let pattern = Pattern { root };
        let verdict = Matcher::new(&pattern).unwrap().run(&read(&documents), BUDGET);
        let expected = worlds(&happened).iter().any(|world| !sets(&pattern.root, world).is_empty());
        prop_assert_eq!(matches!(verdict, Verdict::Matched(_)), expected, "{} {:?}: {:?}", pattern, happened, verdict);
    }
}

/// Small patterns over `x:v`, an integer.
fn small() -> impl Strategy<Value = Observe> {
    let leaf = (any::<bool>(), 0..3_i64).prop_map(|(equal, v)| {
        let path = Path { kind: "x".into(), steps: vec![Step::Key("v".into())] };
        let v = Const::Integer(v);
        let check = if equal { Check::Equal(v) } else { Check::Order(Order::AtLeast, v) };
        Observe::One(Compare::Test(Test { path, negated: false, check }))
    });
    leaf.prop_recursive(3, 5, 3, |inner| {
        let join = prop_oneof![Just(Join::And), Just(Join::Or), Just(Join::FollowedBy)];
        let qualifier = prop_oneof![
            prop_oneof![Just(0.5), Just(1.0), Just(1.5), Just(2.0)].prop_map(Qualifier::Within),
            (1..3_u64).prop_map(Qualifier::Repeats),
            Just(Qualifier::Between("2020-01-01T00:00:01Z".into(), "2020-01-01T00:00:02.5Z".into())),
        ];
        prop_oneof![
            (join, prop::collection::vec(inner.clone(), 2..4)).prop_map(|(join, parts)| Observe::Join(join, parts)),
            (inner, prop::collection::vec(qualifier, 1..3))
                .prop_map(|(inner, q)| Observe::Qualified(Box::new(inner), q)),
        ]
    })
}

/// One observation each: its value and an instant, in eighths of a second.
type World = Vec<(i64, i64)>;

/// All instants that the observations may have had. Bounds are halves of seconds and there are at most four observations, so eighths are fine enough.
fn worlds(happened: &[(u32, u32, u64, i64)]) -> Vec<World> {
    let mut all: Vec<World> = vec![Vec::new()];
    for (first, length, number, v) in happened {
        for _ in 0..*number {
            let instants: Vec<i64> = (0..=i64::from(*length) * 8).map(|n| i64::from(*first) * 8 + n).collect();
            all = all
                .iter()
                .flat_map(|world| {
                    instants.iter().map(|at| {
                        let mut world = world.clone();
                        world.push((*v, *at));
                        world
                    })
                })
                .collect();
        }
    }
    all
}

/// All sets of observations of a world that satisfy an expression.
fn sets(observe: &Observe, world: &World) -> BTreeSet<BTreeSet<usize>> {
    let at = |n: &usize| world[*n].1;
    match observe {
        Observe::One(Compare::Test(Test { check, .. })) => {
            let holds = |v: i64| match check {
                Check::Equal(Const::Integer(c)) => v == *c,
                Check::Order(Order::AtLeast, Const::Integer(c)) => v >= *c,
                other => panic!("{other:?}"),
            };
            (0..world.len()).filter(|n| holds(world[*n].0)).map(|n| BTreeSet::from([n])).collect()
        }
        Observe::One(other) => panic!("{other:?}"),
        Observe::Join(Join::Or, parts) => parts.iter().flat_map(|part| sets(part, world)).collect(),
        Observe::Join(join, parts) => {
            let mut all: BTreeSet<BTreeSet<usize>> = BTreeSet::from([BTreeSet::new()]);
            for part in parts {
                all = both(&all, &sets(part, world), |left, right| {
                    *join == Join::And || left.iter().map(at).max() <= right.iter().map(at).min()
                });
            }
            all
        }
        Observe::Qualified(inner, qualifiers) => {
            let mut all = sets(inner, world);
            for qualifier in qualifiers {
                match qualifier {
                    Qualifier::Within(seconds) => all.retain(|set| {
                        let (first, last) = (set.iter().map(at).min().unwrap(), set.iter().map(at).max().unwrap());
                        ((last - first) as f64) < seconds * 8.0
                    }),
                    Qualifier::Between(..) => all.retain(|set| set.iter().map(at).all(|at| (8..20).contains(&at))),
                    Qualifier::Repeats(times) => {
                        let once = all.clone();
                        for _ in 1..*times {
                            all = both(&all, &once, |_, _| true);
                        }
                    }
                }
            }
            all
        }
    }
}

fn both(
    left: &BTreeSet<BTreeSet<usize>>,
    right: &BTreeSet<BTreeSet<usize>>,
    fits: impl Fn(&BTreeSet<usize>, &BTreeSet<usize>) -> bool,
) -> BTreeSet<BTreeSet<usize>> {
    let mut out = BTreeSet::new();
    for l in left {
        for r in right.iter().filter(|r| l.is_disjoint(r) && fits(l, r)) {
            out.insert(l.union(r).copied().collect());
        }
    }
    out
}
