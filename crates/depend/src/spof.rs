//! Single points of failure: every node whose loss alone takes a function, found by trying each.
use crate::cascade::{Engine, Mode};
use crate::graph::Graph;
use rayon::prelude::*;

/// A node whose failure alone takes functions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spof {
    /// The node.
    pub node: u32,
    /// How much falls with it, functions counted.
    pub lost: usize,
    /// The functions that fall, sorted by key.
    pub functions: Vec<u32>,
}

/// Every node that is no function and passes the filter, whose failure alone takes at least one function; by key. The same
/// for any number of threads.
pub fn spof(graph: &Graph, mode: Mode, filter: impl Fn(u32) -> bool + Sync) -> Vec<Spof> {
    let mut found =
        each(graph, mode, |node| !graph.node(node).function && filter(node), |spof| !spof.functions.is_empty());
    found.sort_by_key(|spof| graph.key(spof.node));
    found
}

/// Every node that passes the filter, whose failure alone takes anything at all; in the order of the nodes.
pub fn spreading(graph: &Graph, mode: Mode, filter: impl Fn(u32) -> bool + Sync) -> Vec<Spof> {
    each(graph, mode, filter, |_| true)
}

/// The functions that fall where the node fails, sorted by key: for ranking, with an engine that is kept.
pub(crate) fn of_node(engine: &mut Engine<'_>, graph: &Graph, node: u32) -> Option<Spof> {
    if !engine.may_spread(node) {
        return None;
    }
    let losses = engine.run(&[node]);
    let lost = losses.iter().filter(|loss| loss.lost()).map(|loss| loss.node);
    let mut functions: Vec<u32> = lost.clone().filter(|n| graph.node(*n).function).collect();
    functions.sort_unstable_by_key(|n| graph.key(*n));
    let lost = lost.count();
    (lost > 0).then_some(Spof { node, lost, functions })
}

/// Nodes that a thread takes at a time: enough to make one engine worth its state.
const NODES_PER_TASK: usize = 8192;

fn each(
    graph: &Graph,
    mode: Mode,
    filter: impl Fn(u32) -> bool + Sync,
    keep: impl Fn(&Spof) -> bool + Sync,
) -> Vec<Spof> {
    let base = Engine::new(graph, mode);
    let nodes: Vec<u32> = graph.nodes().map(|(at, _)| at).filter(|at| base.may_spread(*at) && filter(*at)).collect();
    let parts = nodes.par_chunks(NODES_PER_TASK.min(nodes.len().div_ceil(rayon::current_num_threads()).max(1)));
    let found = parts.map_with(base, |engine, part| {
        part.iter().filter_map(|node| of_node(engine, graph, *node)).filter(|spof| keep(spof)).collect::<Vec<_>>()
    });
    found.collect::<Vec<_>>().into_iter().flatten().collect()
}
