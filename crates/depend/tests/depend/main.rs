//! What falls when something fails: the rules on a small invented graph, the engine against a plain reference on random
//! graphs, and the facts of the real graph where it is at hand; and all of it through the store, on both engines.
#![expect(clippy::unwrap_used, reason = "helpers of tests, which clippy does not see as such")]
mod oracle;
mod real;
mod rules;
mod sample;
mod store;
mod tables;

use depend::facts::{Facts, plan};
use depend::graph::{Graph, Reading};

/// Facts from tables that must all be good.
#[track_caller]
fn facts(tables: &[&[u8]]) -> Facts {
    let mut facts = Facts::default();
    for table in tables {
        let plan = plan(&mut facts, "test", table, false).unwrap();
        assert_eq!(plan.refused, []);
    }
    facts
}

#[track_caller]
fn graph(tables: &[&[u8]]) -> Graph {
    Graph::build(&facts(tables), Reading::AsGiven)
}
