//! The way back from a node that fell to what failed.
use super::{Loss, Outcome};
use crate::graph::Graph;
use crate::tables::{Part, Rule};
use std::fmt::Write;

/// One step of the way: this node fell, at this minute, because the supplier no longer fed this input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Who fell, by which input and whose loss.
    pub loss: Loss,
}

/// The way from a node back to what failed, the node first; empty where it did not fall.
pub fn why(outcome: &Outcome, node: u32) -> Vec<Step> {
    let last = outcome.losses.iter().rposition(|loss| loss.node == node);
    last.map_or_else(Vec::new, |place| back(outcome, place))
}

/// The way back from one of the outcome's losses.
pub fn back(outcome: &Outcome, place: usize) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut next = outcome.losses.get(place).map(|loss| (place, *loss));
    while let Some((place, loss)) = next {
        steps.push(Step { loss });
        // Causes come earlier in the order of falling, so this ends.
        let before = outcome.losses.get(..place).unwrap_or_default();
        let cause = before.iter().rposition(|earlier| earlier.node == loss.cause.supplier);
        next = cause.and_then(|place| Some((place, *before.get(place)?)));
    }
    steps
}

/// The way in words: `Maritime trade A ← ports (2 of 3 needed) ← Port B ← power (any of 2 needed), after 4 h ← Substation C`.
pub fn words(graph: &Graph, steps: &[Step]) -> String {
    let Some(first) = steps.first() else { return String::new() };
    let mut out = graph.name(first.loss.node).to_owned();
    for (at, Step { loss }) in steps.iter().enumerate() {
        let group = graph.group(loss.cause.group);
        // Writing to a String cannot fail.
        let _ = write!(out, " ← {}", graph.text(group.input));
        let _ = match group.rule {
            Rule::All | Rule::Any | Rule::Share(_) if group.edges == 1 => write!(out, " (the only supplier)"),
            Rule::All => write!(out, " (all {} needed)", group.edges),
            Rule::Any => write!(out, " (any of {} needed)", group.edges),
            Rule::Count(k) => write!(out, " ({k} of {} needed)", group.edges),
            Rule::Share(_) => write!(out, " ({} of {} needed)", group.need, group.edges),
            Rule::Capacity(part) => write!(out, " ({} % of capacity needed)", percent(part)),
        };
        if group.buffer_min > 0 {
            let _ = write!(out, ", after {} h", hours(group.buffer_min));
        }
        if !loss.lost() && at == 0 {
            let _ = write!(out, ", {} % left", percent(loss.level));
        }
        let _ = write!(out, " ← {}", graph.name(loss.cause.supplier));
    }
    out
}

fn percent(part: Part) -> f64 {
    f64::from(part.0) / 1e4
}

/// Hours of minutes, to two digits.
pub(crate) fn hours(minutes: u32) -> f64 {
    (f64::from(minutes) / 0.6).round() / 100.0
}
