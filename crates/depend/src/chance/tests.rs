//! Both engines give the same bits as a scenario worked out by hand, over graphs that nobody thought of; and what chance must give on graphs that can be
//! worked out on paper.
use super::draws::{Draws, What};
use super::net::edge_name;
use super::*;
use proptest::prelude::*;

/// Nodes, inputs with what they can spare, edges with weight and odds; odds of the nodes.
type Case = (usize, Vec<(u32, u32)>, Vec<(u32, u32, u32, u8)>, Vec<u8>);

fn odds(of: u8) -> Odds {
    [Odds::NEVER, Odds::of(0.001), Odds::of(0.01), Odds::of(0.1), Odds::of(0.25), Odds::of(0.6), Odds::ALWAYS]
        [usize::from(of) % 7]
}

fn parts((nodes, inputs, edges, _): &Case, reaches: bool) -> Parts {
    let n = *nodes as u32;
    let mut taken = std::collections::BTreeSet::new();
    let own = |(input, supplier, ..): &&(u32, u32, u32, u8)| taken.insert((input % inputs.len() as u32, supplier % n));
    let edges: Vec<_> = if inputs.is_empty() { Vec::new() } else { edges.iter().filter(own).collect() };
    Parts {
        names: (0..u64::from(n)).map(|node| node * 7 + 1).collect(),
        inputs: inputs.iter().enumerate().map(|(at, (consumer, spare))| (consumer % n, *spare, at as u64)).collect(),
        edges: edges
            .iter()
            .map(|(input, supplier, weight, _)| (input % inputs.len() as u32, supplier % n, *weight))
            .collect(),
        reach: reaches.then(|| edges.iter().map(|edge| odds(edge.3)).collect()),
    }
}

/// Who is down in one scenario: everybody is looked at until nothing changes.
fn by_hand(parts: &Parts, own: &[Odds], seed: u64, scenario: u64) -> Vec<bool> {
    let drawn = |what| Draws::new(seed, what, scenario / 64);
    let happens = |draws: &Draws, who, odds| Rare::new(odds).happens(draws, who) >> (scenario % 64) & 1 == 1;
    let (fails, reaches) = (drawn(What::Own), drawn(What::Reach));
    let mut down: Vec<bool> = parts.names.iter().zip(own).map(|(name, odds)| happens(&fails, *name, *odds)).collect();
    loop {
        let before = down.clone();
        for (at, (consumer, spare, name)) in parts.inputs.iter().enumerate() {
            let lost = parts.edges.iter().enumerate().filter(|(edge, (input, supplier, _))| {
                let reached = || match &parts.reach {
                    None => true,
                    Some(reach) => {
                        let who = edge_name(parts.names[*supplier as usize], *name);
                        reaches.happens(who, reach[*edge], 1 << (scenario % 64)) != 0
                    }
                };
                *input == at as u32 && down[*supplier as usize] && reached()
            });
            down[*consumer as usize] |= lost.map(|(_, edge)| edge.2).sum::<u32>() > *spare;
        }
        if down == before {
            return down;
        }
    }
}

fn check(case: &Case, reaches: bool) {
    const SCENARIOS: usize = 700;
    let parts = parts(case, reaches);
    let own: Vec<Odds> = (0..case.0).map(|node| odds(case.3[node % case.3.len()])).collect();
    let worth: Vec<u32> = (0..case.0 as u32).map(|node| node % 3).collect();
    let mut want = Tally { falls: vec![0; case.0], losses: Vec::new() };
    for scenario in 0..SCENARIOS as u64 {
        let down = by_hand(&parts, &own, 5, scenario);
        down.iter().zip(&mut want.falls).for_each(|(down, falls)| *falls += u64::from(*down));
        want.losses.push(down.iter().zip(&worth).map(|(down, worth)| u64::from(*down) * u64::from(*worth)).sum());
    }
    let (net, chances) = (Net::of_parts(&parts), Chances { seed: 5, own });
    for way in [Way::Sparse, Way::Dense, Way::Measured] {
        assert_eq!(run(&net, &chances, SCENARIOS, &worth, way), want, "{way:?}");
    }
    // fewer scenarios are the beginning of more, on one thread as on many
    let few = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let few = few.install(|| run(&net, &chances, 70, &worth, Way::Measured));
    assert_eq!(few.losses, want.losses[..70]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_same_by_any_engine(
        nodes in 1_usize..24,
        inputs in proptest::collection::vec((any::<u32>(), 0_u32..5), 0..24),
        edges in proptest::collection::vec((any::<u32>(), any::<u32>(), 1_u32..4, any::<u8>()), 0..80),
        own in proptest::collection::vec(any::<u8>(), 1..24),
        reaches in any::<bool>(),
    ) {
        check(&(nodes, inputs, edges, own), reaches);
    }
}

/// C9 of the spec: what the independent cascade gives on a path and a diamond, worked out on paper.
#[test]
fn spread_on_paper() {
    #[track_caller]
    fn check(edges: &[(u32, u32)], nodes: u32, mean: f64, last: f64) {
        const SCENARIOS: usize = 200_000;
        let inputs: Vec<(u32, u32, u64)> = (0..nodes).map(|node| (node, 0, node.into())).collect();
        let parts = Parts {
            names: (0..nodes.into()).collect(),
            inputs,
            edges: edges.iter().map(|(from, to)| (*to, *from, 1)).collect(),
            reach: Some(vec![Odds::of(0.5); edges.len()]),
        };
        let own = (0..nodes).map(|node| if node == 0 { Odds::ALWAYS } else { Odds::NEVER }).collect();
        let tally = run(&Net::of_parts(&parts), &Chances { seed: 3, own }, SCENARIOS, &[], Way::Measured);
        let seen = |n: u64| n as f64 / SCENARIOS as f64;
        // five standard deviations of a count of at most five nodes
        assert!((seen(tally.falls.iter().sum()) - mean).abs() < 0.015, "{}", seen(tally.falls.iter().sum()));
        assert!((seen(*tally.falls.last().unwrap()) - last).abs() < 0.006, "{}", seen(*tally.falls.last().unwrap()));
    }
    check(&[(0, 1), (1, 2)], 3, 1.75, 0.25);
    check(&[(0, 1), (0, 2), (1, 3), (2, 3)], 4, 2.4375, 0.4375);
    // s→a, a→b, a→c, b→d, c→d
    check(&[(0, 1), (1, 2), (1, 3), (2, 4), (3, 4)], 5, 2.21875, 0.21875);
}
