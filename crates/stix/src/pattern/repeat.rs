//! `[ … ] REPEATS n TIMES`, with or without WITHIN and START/STOP: the one kind of plan that takes many observations and needs no search.

use super::plan::Limit;
use super::search::{Found, Span, Taken};
use super::value::{Moment, Work};

/// Runs it, if the plan is of this kind; `hits` are the observations that satisfy the leaf, in order.
pub(super) fn run(leaf: usize, limits: &[Limit], spans: &[Span], hits: &[usize], work: &mut Work) -> Option<Found> {
    let (mut times, mut window, mut start, mut stop) = (1, None, Moment(i128::MIN), Moment(i128::MAX));
    for limit in limits {
        match limit {
            Limit::Repeats(_) if times > 1 => return None,
            Limit::Repeats(n) => times = *n,
            // before REPEATS it is about each observation alone, and one is always within any window of itself
            Limit::Within(nanos) => window = (times > 1).then_some(*nanos),
            Limit::Between(from, to) => (start, stop) = (start.max(*from), stop.min(*to)),
        }
    }
    // an observation of some length may lie within START and STOP by a part only, and by which part counts for WITHIN
    let may = |span: &Span| span.last >= start && span.first < stop;
    let candidates: Vec<(usize, Span)> =
        hits.iter().filter_map(|at| Some((*at, *spans.get(*at)?))).filter(|(_, span)| may(span)).collect();
    if !work.spend(hits.len() as u64) {
        return Some(Found::GaveUp);
    }
    let Some(window) = window else { return Some(collect(leaf, times, &candidates)) };
    if stop != Moment(i128::MAX) && candidates.iter().any(|(_, span)| span.first < start || span.last >= stop) {
        return None;
    }
    // The earliest of the instants can always be moved to the end of some observation's span without losing another.
    let mut ends: Vec<Moment> = candidates.iter().map(|(_, span)| span.last).collect();
    ends.sort_unstable();
    ends.dedup();
    // the latest end so far, which rises, says from where on a candidate can reach an instant
    let mut latest = Moment(i128::MIN);
    let mut reach = Vec::with_capacity(candidates.len());
    for (_, span) in &candidates {
        latest = latest.max(span.last);
        reach.push(latest);
    }
    for earliest in ends {
        let from = reach.partition_point(|end| *end < earliest);
        let to = candidates.partition_point(|(_, span)| span.first.0 < earliest.0 + window);
        let inside = candidates.get(from..to).unwrap_or(&[]);
        if !work.spend(1 + inside.len() as u64) {
            return Some(Found::GaveUp);
        }
        let inside: Vec<_> = inside.iter().filter(|(_, span)| span.last >= earliest).copied().collect();
        if let Found::Yes(taken) = collect(leaf, times, &inside) {
            return Some(Found::Yes(taken));
        }
    }
    Some(Found::No)
}

/// The first candidates that make up the number.
fn collect(leaf: usize, times: u64, candidates: &[(usize, Span)]) -> Found {
    let mut left = times;
    let mut taken = Vec::new();
    for (observation, span) in candidates {
        let count = span.number.min(left);
        taken.push(Taken::of(leaf, *observation, count));
        left -= count;
        if left == 0 {
            return Found::Yes(taken);
        }
    }
    Found::No
}
