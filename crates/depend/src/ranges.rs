//! What inferred edges leave open: an answer for each reading of them, and how each input is known.
use crate::cascade::{Failure, Outcome, run};
use crate::facts::Facts;
use crate::graph::{Graph, Reading};
use crate::tables::Provenance;
use std::collections::{BTreeMap, BTreeSet};

/// A failure under each reading of inferred edges. Node numbers are those of any of the graphs: readings do not change them.
#[derive(Clone, Debug)]
pub struct Range {
    /// What the failure did, by reading.
    pub outcomes: BTreeMap<Reading, Outcome>,
}

impl Range {
    /// Functions lost under some readings but not under all: their fall is not certain.
    pub fn unstable(&self, graph: &Graph) -> Vec<u32> {
        let sets =
            self.outcomes.values().map(|o| o.lost().filter(|n| graph.node(*n).function).collect::<BTreeSet<u32>>());
        let sets: Vec<_> = sets.collect();
        let some: BTreeSet<u32> = sets.iter().flatten().copied().collect();
        some.into_iter().filter(|node| !sets.iter().all(|set| set.contains(node))).collect()
    }
}

/// Runs a failure under each reading.
pub fn cascade(facts: &Facts, failure: &Failure) -> Range {
    let outcome = |reading| (reading, run(&Graph::build(facts, reading), failure));
    Range { outcomes: Reading::ALL.into_iter().map(outcome).collect() }
}

/// How the input of a kind of consumer is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Knowledge {
    /// Nodes of the kind.
    pub consumers: usize,
    /// Of these, by how the least known of the input's edges is known; `unknown` where nothing is said of the input.
    pub of: BTreeMap<&'static str, usize>,
}

/// For each kind of node and input that some node of the kind has: the declared, surveyed, observed, inferred and unknown
/// share of it.
pub fn knowledge(facts: &Facts, graph: &Graph) -> BTreeMap<(String, String), Knowledge> {
    let mut worst: BTreeMap<(u32, &str), Provenance> = BTreeMap::new();
    let mut note = |source, consumer, input, provenance: Provenance| {
        let Some(node) = facts.resolve(source, consumer).and_then(|key| graph.find(facts.texts.get(key))) else {
            return;
        };
        let known = worst.entry((node, facts.texts.get(input))).or_insert(provenance);
        *known = provenance.max(*known);
    };
    for (key, fact, _) in facts.edges.iter() {
        for provenance in Provenance::ALL.into_iter().filter(|p| fact.counts[*p as usize] > 0) {
            note(key.source, key.dst, key.group, provenance);
        }
    }
    for (key, fact, _) in facts.members.iter() {
        if let Some((group, _)) = facts.groups.get(&crate::facts::GroupKey(key.0, key.1)) {
            note(key.0, group.consumer, group.input, fact.provenance);
        }
    }
    let mut nodes: BTreeMap<&str, usize> = BTreeMap::new();
    graph.nodes().for_each(|(_, node)| *nodes.entry(graph.text(node.kind)).or_default() += 1);
    let mut found: BTreeMap<(String, String), Knowledge> = BTreeMap::new();
    for ((node, input), provenance) in worst {
        let kind = graph.text(graph.node(node).kind).to_owned();
        let consumers = nodes.get(kind.as_str()).copied().unwrap_or(0);
        let knowledge = found
            .entry((kind, input.to_owned()))
            .or_insert_with(|| Knowledge { consumers, of: BTreeMap::from([(Provenance::Unknown.word(), consumers)]) });
        if provenance != Provenance::Unknown {
            *knowledge.of.entry(provenance.word()).or_default() += 1;
            *knowledge.of.entry(Provenance::Unknown.word()).or_default() -= 1;
        }
    }
    found
}
