//! What the work of this crate costs, for `cargo xtask bench`. The figures are taken, never asserted.
use crate::cascade::Mode;
use crate::facts::{Facts, plan};
use crate::graph::{Graph, Reading};
use crate::spof::spof;
use std::hint::black_box;
use std::time::Instant;

/// One figure.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// What was done.
    pub work: &'static str,
    /// The best of a few runs.
    pub seconds: f64,
}

fn best<T>(work: &'static str, runs: usize, mut once: impl FnMut() -> T) -> Figure {
    let time = |_| {
        let start = Instant::now();
        black_box(once());
        start.elapsed().as_secs_f64()
    };
    Figure { work, seconds: (0..runs).map(time).fold(f64::INFINITY, f64::min) }
}

/// Reads both tables, builds the graph, and finds all single points of failure.
pub fn figures(nodes: &[u8], edges: &[u8]) -> Vec<Figure> {
    let read = || {
        let mut facts = Facts::default();
        let read = [plan(&mut facts, "bench", nodes, false), plan(&mut facts, "bench", edges, false)];
        (facts, read)
    };
    let (facts, _) = read();
    let graph = Graph::build(&facts, Reading::AsGiven);
    vec![
        best("depend: read, check and fold both tables", 5, read),
        best("depend: build the graph", 5, || Graph::build(&facts, Reading::AsGiven)),
        best("depend: all single points of failure, ungrounded", 20, || spof(&graph, Mode::Ungrounded, |_| true)),
        best("depend: all single points of failure, grounded", 10, || spof(&graph, Mode::Grounded, |_| true)),
    ]
}
