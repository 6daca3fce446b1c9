//! The graph as many scenarios are run over it: who fails with whom, without names, levels or hours. Nodes are numbered anew, neighbours near each other,
//! so that what a run touches lies together.
use super::draws::{Odds, both, named};
use crate::cascade::{Engine, Mode};
use crate::graph::{Graph, NONE, starts};
use crate::tables::Part;

/// An input: it breaks when more of it is lost than it can spare.
#[derive(Clone, Copy, Debug)]
pub(super) struct Input {
    pub(super) consumer: u32,
    /// So much may be lost.
    pub(super) spare: u32,
}

/// A graph to be numbered.
#[derive(Clone, Debug, Default)]
pub struct Parts {
    /// Of each node a name by which its luck is drawn: with the same name it is the same in any order of nodes.
    pub names: Vec<u64>,
    /// Consumer, what may be lost, name.
    pub inputs: Vec<(u32, u32, u64)>,
    /// Input, supplier, weight. Each pair once; the weights of one input add up to less than 2³².
    pub edges: Vec<Edge>,
    /// With what odds the loss of a supplier reaches along each edge, where not always.
    pub reach: Option<Vec<Odds>>,
}

/// An input, one of its suppliers, and what is lost with it.
pub type Edge = (u32, u32, u32);

/// The graph.
#[derive(Clone, Debug)]
pub struct Net {
    /// Number here → number in the graph.
    pub(super) graph_number: Vec<u32>,
    /// How many nodes the graph has, with what is down from the start.
    pub(super) of_graph: usize,
    pub(super) names: Vec<u64>,
    pub(super) inputs: Vec<Input>,
    pub(super) input_names: Vec<u64>,
    /// Inputs of node `n` are `of[n]..of[n + 1]`.
    pub(super) of: Vec<u32>,
    pub(super) suppliers: Rows,
    pub(super) uses: Rows,
    /// Whose inputs those of `uses` are.
    pub(super) consumers: Vec<u32>,
}

/// Edges in rows, from one end.
#[derive(Clone, Debug, Default)]
pub(super) struct Rows {
    pub(super) starts: Vec<u32>,
    pub(super) to: Vec<u32>,
    /// `None` where each weighs one.
    pub(super) weights: Option<Vec<u32>>,
    /// `None` where each always reaches.
    pub(super) reach: Option<Vec<Odds>>,
}

impl Rows {
    #[inline]
    pub(super) fn row(&self, at: u32) -> std::ops::Range<usize> {
        self.starts[at as usize] as usize..self.starts[at as usize + 1] as usize
    }

    #[inline]
    pub(super) fn weight(&self, edge: usize) -> u32 {
        self.weights.as_ref().map_or(1, |weights| weights[edge])
    }
}

/// The name of an edge: whether a loss reaches along it is drawn by it.
#[inline]
pub(super) fn edge_name(supplier: u64, input: u64) -> u64 {
    both(supplier, input)
}

impl Net {
    /// The graph with inputs as they stand, ungrounded. `None` where more than working or not counts: where somebody who may go on at a lower level
    /// carries a share of somebody's capacity.
    pub fn of(graph: &Graph) -> Option<Net> {
        let may_sink = |node: u32| graph.inputs(node).any(|group| graph.group(group).degraded != Part(0));
        let mut parts =
            Parts { names: graph.nodes().map(|(node, _)| named(graph.key(node))).collect(), ..Parts::default() };
        let down = Engine::new(graph, Mode::Ungrounded).unsupplied().to_vec();
        let is_down = |node: u32| down.binary_search(&node).is_ok();
        for (at, group) in graph.groups().iter().enumerate() {
            let links = graph.suppliers(at as u32);
            if group.capacity && links.iter().any(|link| may_sink(link.to)) {
                return None;
            }
            // who goes on without it, or is down already, never falls by it
            if group.degraded != Part(0) || is_down(group.consumer) {
                continue;
            }
            let gone: u64 = links.iter().filter(|link| is_down(link.to)).map(|link| u64::from(link.weight)).sum();
            let spare = u32::try_from(group.full.saturating_sub(group.need).saturating_sub(gone)).ok()?;
            u32::try_from(group.full).ok()?;
            let input = parts.inputs.len() as u32;
            let name = both(parts.names[group.consumer as usize], named(graph.text(group.input)));
            parts.inputs.push((group.consumer, spare, name));
            let up = links.iter().filter(|link| !is_down(link.to));
            parts.edges.extend(up.map(|link| (input, link.to, link.weight)));
        }
        Some(Net::number(&parts, &is_down))
    }

    /// From parts, in which nothing is down. Panics where an input or an edge names what is not there.
    pub fn of_parts(parts: &Parts) -> Net {
        Net::number(parts, &|_| false)
    }

    fn number(parts: &Parts, is_down: &dyn Fn(u32) -> bool) -> Net {
        let nodes = parts.names.len();
        let order = near(parts, is_down);
        let mut number = vec![NONE; nodes];
        for (here, node) in order.iter().enumerate() {
            number[*node as usize] = here as u32;
        }
        // inputs in the order of their consumers
        let mut inputs: Vec<u32> = (0..parts.inputs.len() as u32).collect();
        let consumer = |input: &u32| number[parts.inputs[*input as usize].0 as usize];
        inputs.sort_by_key(consumer);
        let of = starts(order.len(), inputs.iter().map(consumer));
        let mut input_number = vec![NONE; parts.inputs.len()];
        for (here, input) in inputs.iter().enumerate() {
            input_number[*input as usize] = here as u32;
        }
        let here = |edge: &Edge| (input_number[edge.0 as usize], number[edge.1 as usize], edge.2);
        let edges: Vec<Edge> = parts.edges.iter().map(here).collect();
        let suppliers = rows(inputs.len(), &edges, parts.reach.as_deref(), |edge| (edge.0, edge.1));
        let uses = rows(order.len(), &edges, parts.reach.as_deref(), |edge| (edge.1, edge.0));
        let input_names = inputs.iter().map(|input| parts.inputs[*input as usize].2).collect();
        let inputs: Vec<Input> = inputs
            .iter()
            .map(|input| Input { consumer: consumer(input), spare: parts.inputs[*input as usize].1 })
            .collect();
        Net {
            consumers: uses.to.iter().map(|input| inputs[*input as usize].consumer).collect(),
            names: order.iter().map(|node| parts.names[*node as usize]).collect(),
            input_names,
            inputs,
            graph_number: order,
            of_graph: nodes,
            of,
            suppliers,
            uses,
        }
    }

    /// Nodes that are not down from the start.
    pub fn len(&self) -> usize {
        self.graph_number.len()
    }

    /// Whether there is no such node.
    pub fn is_empty(&self) -> bool {
        self.graph_number.is_empty()
    }
}

/// Nodes in an order in which neighbours stand near each other: in circles around one after the other, as Cuthill and `McKee` did in 1969, but for their
/// order within a circle.
fn near(parts: &Parts, is_down: &dyn Fn(u32) -> bool) -> Vec<u32> {
    let nodes = parts.names.len();
    // here an edge leads from node to node
    let direct = |edge: &Edge| (parts.inputs[edge.0 as usize].0, edge.1, 1);
    let edges: Vec<Edge> = parts.edges.iter().map(direct).collect();
    let down_stream = rows(nodes, &edges, None, |edge| (edge.1, edge.0));
    let up_stream = rows(nodes, &edges, None, |edge| (edge.0, edge.1));
    let mut met: Vec<bool> = (0..nodes as u32).map(is_down).collect();
    let mut order: Vec<u32> = Vec::with_capacity(nodes);
    let mut next = 0;
    for first in 0..nodes as u32 {
        if std::mem::replace(&mut met[first as usize], true) {
            continue;
        }
        order.push(first);
        while let Some(node) = order.get(next).copied() {
            next += 1;
            for rows in [&down_stream, &up_stream] {
                for to in &rows.to[rows.row(node)] {
                    if !std::mem::replace(&mut met[*to as usize], true) {
                        order.push(*to);
                    }
                }
            }
        }
    }
    order
}

/// Edges by the end that `ends` gives first; within a row in the order of the other.
fn rows(count: usize, edges: &[Edge], reach: Option<&[Odds]>, ends: impl Fn(Edge) -> (u32, u32)) -> Rows {
    let starts = starts(count, edges.iter().map(|edge| ends(*edge).0));
    let mut next = starts.clone();
    let mut place = vec![0_u32; edges.len()];
    for (at, edge) in edges.iter().enumerate() {
        let next = &mut next[ends(*edge).0 as usize];
        place[*next as usize] = at as u32;
        *next += 1;
    }
    for row in 0..count {
        place[starts[row] as usize..starts[row + 1] as usize].sort_unstable_by_key(|at| ends(edges[*at as usize]).1);
    }
    let all_one = edges.iter().all(|edge| edge.2 == 1);
    Rows {
        to: place.iter().map(|at| ends(edges[*at as usize]).1).collect(),
        weights: (!all_one).then(|| place.iter().map(|at| edges[*at as usize].2).collect()),
        reach: reach.map(|reach| place.iter().map(|at| reach[*at as usize]).collect()),
        starts,
    }
}
