//! Grounding: on flagged layers a node works only while a source reaches it.
//!
//! Each grounded node that works has a rank, such that suppliers of lower rank satisfy its inputs. When suppliers fall, nodes
//! whose lower-ranked suppliers no longer suffice are doubted, then those that other working nodes satisfy are cleared with a
//! new rank, and who is left has lost its ground. So a failure costs the part of the layer that it unsettles.
use super::Cause;
use super::engine::{Engine, State, carried};
use crate::graph::Graph;
use crate::tables::Part;
use std::collections::VecDeque;

/// What a doubted node is doubted for.
#[derive(Clone, Copy)]
struct Doubt {
    node: u32,
    cause: Cause,
}

/// The state of doubt. Between events nobody is doubted.
#[derive(Clone)]
pub(super) struct Ground {
    doubted: Vec<bool>,
    doubts: Vec<Doubt>,
    /// Nodes to look at, with the supplier that made them suspect.
    suspects: VecDeque<(u32, u32)>,
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
        let adrift = graph.nodes().filter(|(at, node)| node.grounded && !founded[*at as usize]).map(|(at, _)| at).collect();
        let (doubts, suspects) = (Vec::new(), VecDeque::new());
        (Ground { doubted: vec![false; graph.len()], doubts, suspects, first_rank: next_rank, next_rank }, adrift)
    }

    /// Looks at a grounded node again at the next opportunity.
    pub(super) fn suspect(&mut self, node: u32, supplier: u32) {
        self.suspects.push_back((node, supplier));
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
        while let Some((node, supplier)) = self.suspects.pop_front() {
            if state.level[node as usize] == Part(0) || self.doubted[node as usize] {
                continue;
            }
            let rank = state.rank[node as usize];
            let Some(group) = self.failing(graph, state, node, Some(rank)).next() else { continue };
            self.doubted[node as usize] = true;
            let gone = |n: u32| state.level[n as usize] == Part(0) || self.doubted[n as usize] && n != node;
            let suppliers = graph.suppliers(group);
            let of_group = suppliers.iter().any(|link| link.to == supplier);
            let other = suppliers.iter().map(|link| link.to).find(|n| gone(*n));
            let supplier = if of_group { supplier } else { other.unwrap_or(supplier) };
            self.doubts.push(Doubt { node, cause: Cause { group, supplier } });
            for link in graph.uses(node) {
                let consumer = graph.group(link.to).consumer;
                if graph.node(consumer).grounded && state.rank[consumer as usize] > rank {
                    self.suspects.push_back((consumer, node));
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
    let mut queue: VecDeque<u32> = ground.doubts.iter().map(|doubt| doubt.node).collect();
    loop {
        ground.clear(graph, &mut engine.state, std::mem::take(&mut queue), &mut cleared);
        // Of those left, who has a buffer for each input that fails goes on and delivers until it has run out.
        let mut riding: Vec<(Doubt, Vec<u32>)> = Vec::new();
        for doubt in ground.doubts.iter().filter(|doubt| ground.doubted[doubt.node as usize]) {
            let failing: Vec<u32> = ground.failing(graph, &engine.state, doubt.node, None).collect();
            if engine.buffers && failing.iter().all(|group| graph.group(*group).buffer_min > 0) {
                riding.push((*doubt, failing));
            }
        }
        if riding.is_empty() {
            break;
        }
        for (doubt, failing) in riding {
            for group in failing {
                let own = group == doubt.cause.group;
                let lost = |n: &u32| engine.state.level[*n as usize] == Part(0) || ground.doubted[*n as usize];
                let other = graph.suppliers(group).iter().map(|link| link.to).find(lost);
                let supplier = if own { doubt.cause.supplier } else { other.unwrap_or(doubt.cause.supplier) };
                engine.break_group(group, supplier);
            }
            ground.found(graph, &mut engine.state, doubt.node, &mut queue);
            cleared.push(doubt.node);
        }
    }
    cleared.into_iter().for_each(|node| engine.touch(node));
    for doubt in std::mem::take(&mut ground.doubts) {
        if std::mem::take(&mut ground.doubted[doubt.node as usize]) {
            engine.unground(doubt.node, doubt.cause);
        }
    }
}
