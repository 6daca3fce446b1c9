//! The engine against a plain reference: fixpoints by repetition, from the tables' meaning alone, on random graphs.
use depend::cascade::{Failure, Mode, run};
use depend::chance::{self, Chances, Net, Odds, Way};
use depend::graph::{Graph, Reading};
use depend::tables::Part;
use proptest::prelude::*;
use std::collections::BTreeSet;

/// What each node does after all buffers have run out.
fn reference(graph: &Graph, failed: &[u32], mode: Mode) -> Vec<Part> {
    let grounded = |node: u32| mode == Mode::Grounded && graph.node(node).grounded;
    let mut level: Vec<Part> = vec![Part::WHOLE; graph.len()];
    failed.iter().for_each(|node| level[*node as usize] = Part(0));
    // The greatest fixpoint: nodes only fall, until nothing changes.
    loop {
        // Within it, on grounded layers, the least: nodes only rise from the sources.
        let mut founded: Vec<bool> =
            (0..graph.len() as u32).map(|n| !grounded(n) && level[n as usize] > Part(0)).collect();
        let there = |group: u32, founded: &[bool], level: &[Part]| {
            let the = graph.group(group);
            let carried = |link: &depend::graph::Link| match level[link.to as usize] {
                _ if !founded[link.to as usize] => 0,
                part if the.capacity => u64::from(link.weight) * u64::from(part.0) / 1_000_000,
                _ => u64::from(link.weight),
            };
            graph.suppliers(group).iter().map(carried).sum::<u64>() >= the.need
        };
        loop {
            let rises = (0..graph.len() as u32).find(|n| {
                let vital = |g: &u32| graph.group(*g).degraded == Part(0);
                let supplied = || graph.inputs(*n).filter(vital).all(|g| there(g, &founded, &level));
                grounded(*n) && !founded[*n as usize] && level[*n as usize] > Part(0) && supplied()
            });
            let Some(node) = rises else { break };
            founded[node as usize] = true;
        }
        let mut next = level.clone();
        for node in 0..graph.len() as u32 {
            let at = node as usize;
            if grounded(node) && !founded[at] {
                next[at] = Part(0);
            }
            for group in graph.inputs(node).filter(|g| !there(*g, &founded, &level)) {
                next[at] = next[at].min(graph.group(group).degraded);
            }
        }
        if next == level {
            return level;
        }
        level = next;
    }
}

/// Consumer, rule, buffer, degraded, members with their shares, as drawn.
type DrawnGroup = (u8, u8, u8, u8, Vec<(u8, u8)>);

fn tables(nodes: usize, layers: &[bool], edges: &[(u8, u8, u8, u8)], groups: &[DrawnGroup]) -> [Vec<u8>; 4] {
    let mut csv = [
        "key,type,layer\n".to_owned(),
        "src,dst,group,need,inferred\n".to_owned(),
        "group,consumer,input,rule,k,buffer_h,degraded\n".to_owned(),
        "group,supplier,share\n".to_owned(),
    ];
    for node in 0..nodes {
        let layer = if layers[node % layers.len()] { "power" } else { "comms" };
        let kind = if node % 5 == 4 { "function" } else { "asset" };
        csv[0] += &format!("n{node},{kind},{layer}\n");
    }
    let node = |n: u8| usize::from(n) % nodes;
    let mut needs = std::collections::BTreeMap::new();
    for (src, dst, group, need) in edges {
        let inferred = u8::from(*need >= 128);
        let need = needs.entry((node(*dst), group % 2)).or_insert(["0", "1", "1", "0.5", "2"][usize::from(*need) % 5]);
        csv[1] += &format!("n{},n{},e{},{need},{inferred}\n", node(*src), node(*dst), group % 2);
    }
    for (at, (consumer, rule, buffer, degraded, members)) in groups.iter().enumerate() {
        let rule = ["all,", "any,", "k-of-n,2", "share,0.6"][usize::from(*rule) % 4];
        let (buffer, degraded) = (buffer % 3 * 4, ["", "", "0.5"][usize::from(*degraded) % 3]);
        csv[2] += &format!("g{at},n{},in,{rule},{buffer},{degraded}\n", node(*consumer));
        let mut seen = BTreeSet::new();
        for (supplier, share) in members.iter().filter(|(s, _)| seen.insert(node(*s))) {
            csv[3] += &format!("g{at},n{},{}\n", node(*supplier), ["", "0.2", "0.4", "0.5"][usize::from(*share) % 4]);
        }
    }
    csv.map(String::into_bytes)
}

/// Who is down, by both engines of [`chance`], where what failed fails for certain; nothing where it does not take the graph.
fn by_chance(graph: &Graph, failed: &[u32]) -> Option<Vec<u64>> {
    let net = Net::of(graph)?;
    let odds = |node| if failed.contains(&node) { Odds::ALWAYS } else { Odds::NEVER };
    let chances = Chances { seed: 1, own: (0..graph.len() as u32).map(odds).collect() };
    let [sparse, dense] = [Way::Sparse, Way::Dense].map(|way| chance::run(&net, &chances, 1, &[], way));
    assert_eq!(sparse, dense);
    Some(sparse.falls)
}

/// The same by the reference; nothing where somebody who may sink carries a share of a capacity.
fn by_chance_expected(graph: &Graph, unsupplied: &[u32], after: &[Part]) -> Option<Vec<u64>> {
    let may_sink = |node: u32| graph.inputs(node).any(|group| graph.group(group).degraded != Part(0));
    let shared = |(at, group): (usize, &depend::graph::Group)| {
        group.capacity && graph.suppliers(at as u32).iter().any(|link| may_sink(link.to))
    };
    if graph.groups().iter().enumerate().any(shared) {
        return None;
    }
    let falls = |(node, level): (usize, &Part)| u64::from(*level == Part(0) && !unsupplied.contains(&(node as u32)));
    Some(after.iter().enumerate().map(falls).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn the_engine_finds_what_the_reference_finds(
        nodes in 2usize..14,
        layers in proptest::collection::vec(any::<bool>(), 1..7),
        edges in proptest::collection::vec(any::<(u8, u8, u8, u8)>(), 0..30),
        groups in proptest::collection::vec(
            (any::<u8>(), any::<u8>(), any::<u8>(), any::<u8>(), proptest::collection::vec(any::<(u8, u8)>(), 0..4)), 0..8),
        failed in proptest::collection::vec(any::<u8>(), 0..3),
    ) {
        let tables = tables(nodes, &layers, &edges, &groups);
        let facts = super::facts(&[&tables[0], &tables[1], &tables[2], &tables[3]]);
        let failed: Vec<u32> = failed.iter().map(|n| u32::from(*n) % nodes as u32).collect();
        let mut dead = std::collections::BTreeMap::new();
        for (reading, mode) in Reading::ALL.iter().flat_map(|r| [(*r, Mode::Ungrounded), (*r, Mode::Grounded)]) {
            let graph = Graph::build(&facts, reading);
            let outcome = run(&graph, &Failure { nodes: failed.clone(), mode });
            let before = reference(&graph, &[], mode);
            let unsupplied: Vec<u32> = (0..nodes as u32).filter(|n| before[*n as usize] == Part(0)).collect();
            prop_assert_eq!(&outcome.unsupplied, &unsupplied);
            let after = reference(&graph, &failed, mode);
            let mut level = before;
            outcome.failed.iter().for_each(|n| level[*n as usize] = Part(0));
            outcome.losses.iter().for_each(|loss| level[loss.node as usize] = level[loss.node as usize].min(loss.level));
            prop_assert_eq!(&level, &after);
            if mode == Mode::Ungrounded {
                prop_assert_eq!(by_chance(&graph, &failed), by_chance_expected(&graph, &unsupplied, &after));
            }
            dead.insert((mode, reading), (0..nodes).filter(|n| after[*n] == Part(0)).collect::<BTreeSet<usize>>());
            // Times never run back, and each way back ends at what failed.
            prop_assert!(outcome.losses.is_sorted_by_key(|loss| loss.minute));
            for node in outcome.lost() {
                let way = depend::cascade::why(&outcome, node);
                prop_assert!(outcome.failed.contains(&way.last().unwrap().loss.cause.supplier));
            }
        }
        // Who falls where any inferred edge is enough falls where each is needed. A node without inputs on a grounded layer
        // is a source, so leaving edges out may raise one there.
        for mode in [Mode::Ungrounded, Mode::Grounded] {
            prop_assert!(dead[&(mode, Reading::Any)].is_subset(&dead[&(mode, Reading::All)]));
        }
    }
}
