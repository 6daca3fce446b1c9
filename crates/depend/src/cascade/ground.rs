//! Grounding: on flagged layers a node works only while a source reaches it.
//!
//! Each grounded node that works has a rank, such that suppliers of lower rank satisfy its inputs. When suppliers fall, nodes
//! whose lower-ranked suppliers no longer suffice are doubted, then those that other working nodes satisfy are cleared with a
//! new rank, and who is left has lost its ground. So a failure costs the part of the layer that it unsettles.
use super::Cause;
use super::engine::{Engine, State, carried};
use crate::graph::Graph;
use crate::tables::Part;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// The state of doubt. Between events nobody is doubted.
#[derive(Clone)]
pub(super) struct Ground {
    doubted: Vec<bool>,
    /// Whoever was doubted since the last look, cleared or not.
    doubts: Vec<u32>,
    /// Nodes to look at.
    suspects: VecDeque<u32>,
    first_rank: u32,
    next_rank: u32,
}

impl Ground {
    /// Ranks the grounded nodes from the sources up, all others working; also gives those that no source reaches.
    pub(super) fn new(graph: &Graph, rank: &mut [u32]) -> (Ground, Vec<u32>) {
        let mut have = vec![0u64; graph.groups().len()];
        let mut open: Vec<u32> = vec![0; graph.len()];
        for (at, group) in graph.groups().iter().enumerate() {
            let others = graph.suppliers(at as u32).iter().filter(|link| !graph.node(link.to).grounded);
            have[at] = others.map(|link| u64::from(link.weight)).sum();
            let vital = group.degraded == Part(0) && graph.node(group.consumer).grounded;
            open[group.consumer as usize] += u32::from(vital && have[at] < group.need);
        }
        let mut founded: Vec<bool> = vec![false; graph.len()];
        let mut queue: VecDeque<u32> = VecDeque::new();
        for (node, _) in graph.nodes().filter(|(_, node)| node.grounded) {
            if open[node as usize] == 0 {
                founded[node as usize] = true;
                queue.push_back(node);
            }
        }
        let mut next_rank = 0;
        while let Some(node) = queue.pop_front() {
            rank[node as usize] = next_rank;
            next_rank += 1;
            for link in graph.uses(node) {
                let group = graph.group(link.to);
                let consumer = group.consumer as usize;
                let before = have[link.to as usize];
                have[link.to as usize] = before + u64::from(link.weight);
                let filled = before < group.need && have[link.to as usize] >= group.need;
                if filled && group.degraded == Part(0) && graph.node(group.consumer).grounded && !founded[consumer] {
                    open[consumer] -= 1;
                    if open[consumer] == 0 {
                        founded[consumer] = true;
                        queue.push_back(group.consumer);
                    }
                }
            }
        }
        let adrift =
            graph.nodes().filter(|(at, node)| node.grounded && !founded[*at as usize]).map(|(at, _)| at).collect();
        let (doubts, suspects) = (Vec::new(), VecDeque::new());
        (Ground { doubted: vec![false; graph.len()], doubts, suspects, first_rank: next_rank, next_rank }, adrift)
    }

    /// Looks at a grounded node again at the next opportunity.
    pub(super) fn suspect(&mut self, node: u32) {
        self.suspects.push_back(node);
    }

    pub(super) fn restore(&mut self) {
        self.next_rank = self.first_rank;
    }

    /// Whether a group's working, undoubted suppliers suffice: those before `rank` only, or all.
    fn satisfied(&self, graph: &Graph, state: &State, group: u32, before: Option<u32>) -> bool {
        let the = graph.group(group);
        let counts = |node: u32| {
            let doubted = self.doubted[node as usize];
            let late = before.is_some_and(|rank| graph.node(node).grounded && state.rank[node as usize] >= rank);
            node != the.consumer && !doubted && !late
        };
        let mut sum = 0;
        graph.suppliers(group).iter().any(|link| {
            if counts(link.to) {
                sum += carried(the, link.weight, state.level[link.to as usize]);
            }
            sum >= the.need
        })
    }

    /// A node's vital inputs that have not broken and are not satisfied.
    fn failing<'a>(
        &'a self,
        graph: &'a Graph,
        state: &'a State,
        node: u32,
        before: Option<u32>,
    ) -> impl Iterator<Item = u32> + 'a {
        let vital = move |group: &u32| graph.group(*group).degraded == Part(0) && !state.broken[*group as usize];
        graph.inputs(node).filter(vital).filter(move |group| !self.satisfied(graph, state, *group, before))
    }

    /// Doubts whoever is no longer satisfied by nodes before it, and whoever comes after those.
    fn doubt(&mut self, graph: &Graph, state: &State) {
        while let Some(node) = self.suspects.pop_front() {
            let rank = state.rank[node as usize];
            let settled = state.level[node as usize] == Part(0) || self.doubted[node as usize];
            if settled || self.failing(graph, state, node, Some(rank)).next().is_none() {
                continue;
            }
            self.doubted[node as usize] = true;
            self.doubts.push(node);
            for link in graph.uses(node) {
                let consumer = graph.group(link.to).consumer;
                if graph.node(consumer).grounded && state.rank[consumer as usize] > rank {
                    self.suspects.push_back(consumer);
                }
            }
        }
    }

    /// Clears whoever is satisfied by nodes that are not doubted; gives those cleared.
    fn clear(&mut self, graph: &Graph, state: &mut State, mut queue: VecDeque<u32>, cleared: &mut Vec<u32>) {
        while let Some(node) = queue.pop_front() {
            if !self.doubted[node as usize] || self.failing(graph, state, node, None).next().is_some() {
                continue;
            }
            self.found(graph, state, node, &mut queue);
            cleared.push(node);
        }
    }

    /// Takes the doubt from a node and looks at those after it.
    fn found(&mut self, graph: &Graph, state: &mut State, node: u32, queue: &mut VecDeque<u32>) {
        self.doubted[node as usize] = false;
        state.rank[node as usize] = self.next_rank;
        self.next_rank += 1;
        let consumers = graph.uses(node).iter().map(|link| graph.group(link.to).consumer);
        queue.extend(consumers.filter(|consumer| self.doubted[*consumer as usize]));
    }

    /// The doubted in an order in which each has lost an input through a supplier that fell in this run, or through one
    /// before it. There always is one: of the doubted, the one of lowest rank had suppliers of lower rank, and these fell.
    fn causes(&self, engine: &Engine<'_>) -> Vec<(u32, Cause)> {
        let (graph, state) = (engine.graph, &engine.state);
        let mut order: Vec<(u32, Cause)> = Vec::new();
        let mut placed: BTreeSet<u32> = BTreeSet::new();
        let mut queue: VecDeque<u32> = self.doubts.iter().copied().collect();
        while let Some(node) = queue.pop_front() {
            if !self.doubted[node as usize] || placed.contains(&node) {
                continue;
            }
            let fell = |supplier: &u32| engine.fell(*supplier) || placed.contains(supplier);
            let through = |group: u32| {
                let supplier = graph.suppliers(group).iter().map(|link| link.to).find(fell)?;
                Some(Cause { group, supplier })
            };
            let Some(cause) = self.failing(graph, state, node, None).find_map(through) else { continue };
            placed.insert(node);
            order.push((node, cause));
            queue.extend(graph.uses(node).iter().map(|link| graph.group(link.to).consumer));
        }
        order
    }
}

/// Finds who has lost the ground since the last look and queues their fall; whether there was anything to do.
pub(super) fn unfounded(engine: &mut Engine<'_>) -> bool {
    let Some(mut ground) = engine.ground.take() else { return false };
    let busy = !ground.suspects.is_empty();
    if busy {
        ground.doubt(engine.graph, &engine.state);
        settle(engine, &mut ground);
    }
    engine.ground = Some(ground);
    busy
}

fn settle(engine: &mut Engine<'_>, ground: &mut Ground) {
    let graph = engine.graph;
    let mut cleared = Vec::new();
    let mut queue: VecDeque<u32> = ground.doubts.iter().copied().collect();
    let lost = loop {
        ground.clear(graph, &mut engine.state, std::mem::take(&mut queue), &mut cleared);
        let causes = ground.causes(engine);
        // Of those left, who has a buffer for each input that fails goes on and delivers until it has run out.
        let buffered = |group: &u32| engine.buffers && graph.group(*group).buffer_min > 0;
        let rides = |(node, _): &&(u32, Cause)| ground.failing(graph, &engine.state, *node, None).all(|g| buffered(&g));
        let riding: Vec<u32> = causes.iter().filter(rides).map(|(node, _)| *node).collect();
        if riding.is_empty() {
            break causes;
        }
        let root = root_causes(&causes);
        for node in riding {
            let failing: Vec<u32> = ground.failing(graph, &engine.state, node, None).collect();
            for group in failing {
                let fell = graph.suppliers(group).iter().map(|link| link.to).find(|s| engine.fell(*s));
                engine.break_group(group, fell.or(root.get(&node).copied()).unwrap_or(node));
            }
            ground.found(graph, &mut engine.state, node, &mut queue);
            cleared.push(node);
        }
    };
    cleared.into_iter().for_each(|node| engine.touch(node));
    for node in std::mem::take(&mut ground.doubts) {
        ground.doubted[node as usize] = false;
    }
    lost.into_iter().for_each(|(node, cause)| engine.unground(node, cause));
}

/// For each of the doubted the supplier at the start of its chain, which fell: those between may yet be cleared.
fn root_causes(causes: &[(u32, Cause)]) -> BTreeMap<u32, u32> {
    let mut roots = BTreeMap::new();
    for (node, cause) in causes {
        let root = roots.get(&cause.supplier).copied().unwrap_or(cause.supplier);
        roots.insert(*node, root);
    }
    roots
}
