//! The reports of `depend cascade` and `depend spof`, in the form that others build on.
use crate::cache::Snapshot;
use crate::cascade::{Failure, Mode, Outcome, back, hours, words};
use crate::graph::{Graph, Reading};
use crate::ranges;
use crate::spof::spof;
use ledger::{Error, Result};
use serde::Serialize;
use std::collections::BTreeMap;

/// What `depend cascade --format json` prints. All lists are sorted by key.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CascadeReport {
    /// `grounded` or `ungrounded`.
    pub mode: &'static str,
    /// What was made to fail.
    pub failed: Vec<String>,
    /// What falls with it, functions included, what failed not.
    pub lost: Vec<String>,
    /// The functions among them.
    pub functions: Vec<String>,
    /// Dead before any failure.
    pub unsupplied: Vec<String>,
    /// What goes on at a lower level.
    pub degraded: Vec<String>,
    /// How each function falls, in the order of falling.
    pub why: Vec<Why>,
    /// How far the answer hangs on inferred edges; absent where the graph has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inferred: Option<Inferred>,
}

/// How a function falls.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Why {
    /// The function.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Hours after the failure.
    pub hour: f64,
    /// From the function back to what failed, in words.
    pub path: String,
}

/// The range over the readings of inferred edges.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Inferred {
    /// Inferred edges in the graph.
    pub edges: usize,
    /// What is lost under each reading.
    pub readings: BTreeMap<&'static str, Lost>,
    /// Functions that fall under some readings only.
    pub unstable: Vec<String>,
}

/// How much is lost under one reading.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Lost {
    /// Nodes, functions included.
    pub lost: usize,
    /// Functions.
    pub functions: Vec<String>,
}

/// One line of `depend spof --format jsonl`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SpofLine {
    /// The node.
    pub key: String,
    /// The functions that fall with it.
    pub functions: Vec<String>,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Country of location; empty where it is not known.
    pub country: String,
    /// How much falls with it, functions counted.
    pub lost: usize,
    /// How many functions fall with it under each reading of inferred edges; absent where the graph has none.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub range: BTreeMap<&'static str, usize>,
    /// Whether the functions are not the same under all readings.
    pub unstable: bool,
}

fn owned(keys: Vec<&str>) -> Vec<String> {
    keys.into_iter().map(str::to_owned).collect()
}

fn functions(graph: &Graph, outcome: &Outcome) -> Vec<String> {
    owned(graph.keys(outcome.lost().filter(|node| graph.node(*node).function)))
}

/// The nodes of these keys; a key that is not known is refused, with those that are like it.
pub fn nodes(snapshot: &Snapshot, keys: &[&str]) -> Result<Vec<u32>> {
    let find = |key: &&str| {
        snapshot.graph().find(key).ok_or_else(|| {
            let like = owned(snapshot.search(key, 3).into_iter().map(|node| snapshot.graph().key(node)).collect());
            let next = match like.is_empty() {
                true => "name nodes by their key; `import` takes node tables".to_owned(),
                false => format!("did you mean {}?", like.join(", ")),
            };
            Error::refused("unknown-node", format!("no node has the key {key}"), next)
        })
    };
    keys.iter().map(find).collect()
}

/// Runs a failure and reports it, with the range over inferred edges.
pub fn cascade_report(snapshot: &Snapshot, fail: &[&str], mode: Mode) -> Result<CascadeReport> {
    let graph = snapshot.graph();
    let failure = Failure { nodes: nodes(snapshot, fail)?, mode };
    let outcome = crate::cascade::run(graph, &failure);
    let of_function = |(_, loss): &(usize, &crate::cascade::Loss)| loss.lost() && graph.node(loss.node).function;
    let why = |(at, loss): (usize, &crate::cascade::Loss)| Why {
        key: graph.key(loss.node).to_owned(),
        name: graph.name(loss.node).to_owned(),
        hour: hours(loss.minute),
        path: words(graph, &back(&outcome, at)),
    };
    Ok(CascadeReport {
        mode: mode.word(),
        failed: owned(graph.keys(outcome.failed.iter().copied())),
        lost: owned(graph.keys(outcome.lost())),
        functions: functions(graph, &outcome),
        unsupplied: owned(graph.keys(outcome.unsupplied.iter().copied())),
        degraded: owned(graph.keys(outcome.degraded())),
        why: outcome.losses.iter().enumerate().filter(of_function).map(why).collect(),
        inferred: (graph.inferred_edges() > 0).then(|| inferred(snapshot, &failure)),
    })
}

fn inferred(snapshot: &Snapshot, failure: &Failure) -> Inferred {
    let graph = snapshot.graph();
    let range = ranges::cascade(snapshot.facts(), failure);
    let lost = |outcome: &Outcome| Lost { lost: outcome.lost().count(), functions: functions(graph, outcome) };
    let readings = range.outcomes.iter().map(|(reading, outcome): (&Reading, _)| (reading.word(), lost(outcome)));
    Inferred {
        edges: graph.inferred_edges(),
        readings: readings.collect(),
        unstable: owned(graph.keys(range.unstable(graph))),
    }
}

/// Every node that is no function and whose loss alone takes at least one, by key; of these kinds only, where any is named.
/// The list is that of inferred edges as given; each line says how far it hangs on them.
pub fn spof_report(snapshot: &Snapshot, mode: Mode, kinds: &[&str]) -> Vec<SpofLine> {
    let graph = snapshot.graph();
    let wanted = |node: u32| kinds.is_empty() || kinds.contains(&graph.text(graph.node(node).kind));
    let touched = |reading: &Reading| graph.inferred_edges() > 0 && *reading != Reading::AsGiven;
    let others = Reading::ALL.into_iter().filter(touched).map(|reading| {
        let found = spof(&Graph::build(snapshot.facts(), reading), mode, wanted);
        (reading, found.into_iter().map(|spof| (spof.node, spof.functions)).collect::<BTreeMap<u32, Vec<u32>>>())
    });
    let others: Vec<_> = others.collect();
    let line = |found: crate::spof::Spof| {
        let node = graph.node(found.node);
        let under = |(reading, lines): &(Reading, BTreeMap<u32, Vec<u32>>)| (*reading, lines.get(&found.node).cloned());
        let readings: Vec<_> =
            others.iter().map(under).map(|(r, functions)| (r, functions.unwrap_or_default())).collect();
        let unstable = readings.iter().any(|(_, functions)| *functions != found.functions);
        let range = readings.iter().map(|(reading, functions)| (reading.word(), functions.len())).collect();
        SpofLine {
            key: graph.key(found.node).to_owned(),
            functions: owned(graph.keys(found.functions)),
            kind: graph.text(node.kind).to_owned(),
            name: graph.name(found.node).to_owned(),
            country: node.country.code().to_owned(),
            lost: found.lost,
            range,
            unstable,
        }
    };
    spof(graph, mode, wanted).into_iter().map(line).collect()
}
