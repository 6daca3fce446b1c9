//! What falls when something fails: an event-driven cascade over supply groups, with hours.
//!
//! * Ungrounded: a node works while its inputs count enough working suppliers (the greatest fixpoint). Two substations
//!   that supply each other keep each other up.
//! * Grounded: in the layers flagged so, supply must also reach back to a source, a node there without a supply group (the
//!   least fixpoint within those layers, the greatest outside). What is dead so before any failure is *unsupplied*.
//!
//! Across the inputs of a node all are needed. An input that breaks takes its consumer after the buffer has run out; where
//! something is left without it (`degraded` above 0) the consumer goes on at that level, counts as working, and carries that
//! part of its share of a capacity. Such an input is judged by counting alone, also on grounded layers. A node that runs on
//! its buffer delivers as before. Nothing is repaired here, so the end does not depend on the order of events.
mod engine;
mod ground;
mod why;

pub(crate) use engine::Engine;
pub(crate) use why::hours;
pub use why::{Step, back, why, words};

use crate::graph::Graph;
use crate::tables::Part;

/// Which supply counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// Suppliers that work.
    #[default]
    Ungrounded,
    /// On flagged layers, suppliers that are themselves supplied from a source.
    Grounded,
}

impl Mode {
    /// The word for people and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Mode::Ungrounded => "ungrounded",
            Mode::Grounded => "grounded",
        }
    }
}

/// What fails at hour 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failure {
    /// Nodes by number.
    pub nodes: Vec<u32>,
    /// Which supply counts.
    pub mode: Mode,
}

/// Why a node fell: the input that broke last, and the supplier whose loss broke it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cause {
    /// The input.
    pub group: u32,
    /// The supplier.
    pub supplier: u32,
}

/// A node that fell, or fell to a lower level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loss {
    /// The node.
    pub node: u32,
    /// Minutes after the failure.
    pub minute: u32,
    /// What it still does: nothing where it is lost.
    pub level: Part,
    /// Why.
    pub cause: Cause,
}

impl Loss {
    /// Whether nothing is left.
    pub fn lost(&self) -> bool {
        self.level == Part(0)
    }
}

/// What a failure did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// What failed, sorted, each once.
    pub failed: Vec<u32>,
    /// Which supply counted.
    pub mode: Mode,
    /// Who fell, in the order of falling; without what failed. A node that was degraded before it fell stands twice.
    pub losses: Vec<Loss>,
    /// Nodes dead before any failure.
    pub unsupplied: Vec<u32>,
}

impl Outcome {
    /// The nodes lost, in the order of falling.
    pub fn lost(&self) -> impl Iterator<Item = u32> {
        self.losses.iter().filter(|loss| loss.lost()).map(|loss| loss.node)
    }

    /// The nodes that go on at a lower level, sorted.
    pub fn degraded(&self) -> Vec<u32> {
        let mut lost: Vec<u32> = self.lost().chain(self.failed.iter().copied()).collect();
        lost.sort_unstable();
        let alive = |node: &u32| lost.binary_search(node).is_err();
        let mut nodes: Vec<u32> = self.losses.iter().map(|loss| loss.node).filter(alive).collect();
        nodes.sort_unstable();
        nodes.dedup();
        nodes
    }
}

/// Runs a failure until all buffers have run out.
pub fn run(graph: &Graph, failure: &Failure) -> Outcome {
    let mut engine = Engine::new(graph, failure.mode);
    let unsupplied = engine.unsupplied().to_vec();
    let losses = engine.run(&failure.nodes).to_vec();
    let mut failed = failure.nodes.clone();
    failed.sort_unstable();
    failed.dedup();
    Outcome { failed, mode: failure.mode, losses, unsupplied }
}
