//! The event engine: one state, many runs. A run touches what falls and puts it back afterwards, so that all single
//! failures of a large graph cost what falls in them, not the size of the graph.
use super::ground::Ground;
use super::{Cause, Loss, Mode};
use crate::graph::{Graph, Group};
use crate::tables::Part;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// What changes in a run.
#[derive(Clone)]
pub(super) struct State {
    /// What each node does.
    pub(super) level: Vec<Part>,
    /// The weight that works in each group.
    pub(super) have: Vec<u64>,
    /// Groups that broke; their buffer runs or has run out.
    pub(super) broken: Vec<bool>,
    /// On grounded layers the place in an order in which each node is supplied by nodes before it.
    pub(super) rank: Vec<u32>,
}

/// Runs failures over a graph.
#[derive(Clone)]
pub(crate) struct Engine<'g> {
    pub(super) graph: &'g Graph,
    base: State,
    pub(super) state: State,
    unsupplied: Vec<u32>,
    now: u32,
    /// Whether buffers hold; before any failure they have run out.
    pub(super) buffers: bool,
    /// Nodes about to fall now.
    queue: VecDeque<(u32, Part, Option<Cause>)>,
    /// Groups whose buffer runs: minute, order of breaking, group, supplier.
    timers: BinaryHeap<Reverse<(u32, u32, u32, u32)>>,
    broke: u32,
    losses: Vec<Loss>,
    pub(super) ground: Option<Ground>,
    touched_nodes: Vec<u32>,
    touched_groups: Vec<u32>,
}

/// What a supplier at this level adds to a group's sum.
pub(super) fn carried(group: &Group, weight: u32, level: Part) -> u64 {
    match level {
        Part(0) => 0,
        Part::WHOLE => weight.into(),
        part if group.capacity => u64::from(weight) * u64::from(part.0) / u64::from(Part::WHOLE.0),
        _ => weight.into(),
    }
}

impl<'g> Engine<'g> {
    /// An engine in the state before any failure.
    pub(crate) fn new(graph: &'g Graph, mode: Mode) -> Engine<'g> {
        let state = State {
            level: vec![Part::WHOLE; graph.len()],
            have: graph.groups().iter().map(|group| group.full).collect(),
            broken: vec![false; graph.groups().len()],
            rank: vec![0; if mode == Mode::Grounded { graph.len() } else { 0 }],
        };
        let mut engine = Engine {
            graph,
            base: state.clone(),
            state,
            unsupplied: Vec::new(),
            now: 0,
            buffers: false,
            queue: VecDeque::new(),
            timers: BinaryHeap::new(),
            broke: 0,
            losses: Vec::new(),
            ground: None,
            touched_nodes: Vec::new(),
            touched_groups: Vec::new(),
        };
        engine.before_any_failure(mode);
        engine
    }

    /// Groups that ask for more than they have, and grounded nodes that no source reaches, are down from the start.
    fn before_any_failure(&mut self, mode: Mode) {
        if mode == Mode::Grounded {
            let (ground, unfounded) = Ground::new(self.graph, &mut self.state.rank);
            self.ground = Some(ground);
            let nothing = |node| (node, Part(0), None);
            self.queue.extend(unfounded.into_iter().map(nothing));
        }
        for (at, group) in self.graph.groups().iter().enumerate() {
            if group.full < group.need {
                self.state.broken[at] = true;
                self.queue.push_back((group.consumer, group.degraded, None));
            }
        }
        self.settle();
        let down = |(node, level): (usize, &Part)| (*level == Part(0)).then_some(node as u32);
        self.unsupplied = self.state.level.iter().enumerate().filter_map(down).collect();
        self.base = self.state.clone();
        self.losses.clear();
        self.touched_nodes.clear();
        self.touched_groups.clear();
        self.buffers = true;
    }

    /// Nodes dead before any failure, sorted.
    pub(crate) fn unsupplied(&self) -> &[u32] {
        &self.unsupplied
    }

    /// Whether the failure of this node alone can take anything: a look at its own uses.
    pub(crate) fn may_spread(&self, node: u32) -> bool {
        let level = self.state.level[node as usize];
        level != Part(0)
            && self.graph.uses(node).iter().any(|link| {
                let group = self.graph.group(link.to);
                let left = self.state.have[link.to as usize].saturating_sub(carried(group, link.weight, level));
                let breaks = left < group.need && !self.state.broken[link.to as usize];
                breaks || self.ground.is_some() && self.graph.node(group.consumer).grounded
            })
    }

    /// Runs one failure from the state before any, and returns to it; who fell, in order, without what failed.
    pub(crate) fn run(&mut self, failed: &[u32]) -> &[Loss] {
        self.losses.clear();
        self.queue.extend(failed.iter().map(|node| (*node, Part(0), None)));
        self.settle();
        self.restore();
        &self.losses
    }

    fn restore(&mut self) {
        (self.now, self.broke) = (0, 0);
        for node in self.touched_nodes.drain(..) {
            self.state.level[node as usize] = self.base.level[node as usize];
            if let Some(rank) = self.state.rank.get_mut(node as usize) {
                *rank = self.base.rank[node as usize];
            }
        }
        for group in self.touched_groups.drain(..) {
            self.state.have[group as usize] = self.base.have[group as usize];
            self.state.broken[group as usize] = self.base.broken[group as usize];
        }
        if let Some(ground) = &mut self.ground {
            ground.restore();
        }
    }

    /// Works off all events in the order of time.
    fn settle(&mut self) {
        loop {
            while let Some((node, level, cause)) = self.queue.pop_front() {
                self.fall(node, level, cause);
            }
            if super::ground::unfounded(self) {
                continue;
            }
            let Some(Reverse((minute, _, group, supplier))) = self.timers.pop() else { return };
            self.now = minute;
            let Group { consumer, degraded, .. } = *self.graph.group(group);
            self.queue.push_back((consumer, degraded, Some(Cause { group, supplier })));
        }
    }

    /// Whether a node fell, or fell to a lower level, in this run.
    pub(super) fn fell(&self, node: u32) -> bool {
        self.state.level[node as usize] < self.base.level[node as usize]
    }

    /// Queues the fall of a node that lost its ground.
    pub(super) fn unground(&mut self, node: u32, cause: Cause) {
        self.queue.push_back((node, Part(0), Some(cause)));
    }

    /// Marks a node whose rank changes, so that it is put back.
    pub(super) fn touch(&mut self, node: u32) {
        self.touched_nodes.push(node);
    }

    fn fall(&mut self, node: u32, level: Part, cause: Option<Cause>) {
        let before = self.state.level[node as usize];
        if before <= level {
            return;
        }
        self.state.level[node as usize] = level;
        self.touched_nodes.push(node);
        if let Some(cause) = cause {
            self.losses.push(Loss { node, minute: self.now, level, cause });
        }
        let graph = self.graph;
        for link in graph.uses(node) {
            let group = graph.group(link.to);
            let gone = carried(group, link.weight, before) - carried(group, link.weight, level);
            if gone == 0 {
                continue;
            }
            let at = link.to as usize;
            self.touched_groups.push(link.to);
            self.state.have[at] = self.state.have[at].saturating_sub(gone);
            if self.state.broken[at] {
                continue;
            }
            if self.state.have[at] < group.need {
                self.break_group(link.to, node);
            } else if let Some(ground) = &mut self.ground
                && graph.node(group.consumer).grounded
                && group.degraded == Part(0)
            {
                ground.suspect(group.consumer);
            }
        }
    }

    /// An input is gone: its consumer falls now, or when the buffer has run out.
    pub(super) fn break_group(&mut self, group: u32, supplier: u32) {
        self.state.broken[group as usize] = true;
        self.touched_groups.push(group);
        let Group { consumer, degraded, buffer_min, .. } = *self.graph.group(group);
        if self.buffers && buffer_min > 0 {
            self.timers.push(Reverse((self.now.saturating_add(buffer_min), self.broke, group, supplier)));
            self.broke += 1;
        } else {
            self.queue.push_back((consumer, degraded, Some(Cause { group, supplier })));
        }
    }
}
