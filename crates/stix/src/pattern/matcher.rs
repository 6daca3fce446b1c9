//! One pattern over some observations, by trying everything: what [`super::set`] does for many patterns with an index is this, and the
//! tests hold them against each other.

use std::collections::BTreeSet;

use super::ast::Pattern;
use super::leaf::Leaf;
use super::observation::Observation;
use super::plan::Plan;
use super::regex::Refusal;
use super::search::{self, Found, MAX_TAKEN, Span, Taken};
use super::value::Work;

/// What became of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It matches, by these.
    Matched(Witness),
    /// It does not match these observations.
    Unmatched,
    /// Not known: the work allowed was spent, or a match would take more observations than we look for.
    GaveUp,
}

/// The first observations, in the order of time, that satisfy a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    /// In the order of the pattern's text.
    pub bindings: Vec<Binding>,
}

/// What one `[ … ]` of a pattern was satisfied by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// Which `[ … ]`, from 0, in the order of the text.
    pub expression: usize,
    /// Position of the observation among those given.
    pub observation: usize,
    /// Id of the first observable of it that satisfies the expression (or its key, in the dictionary form).
    pub object: String,
    /// How many of the observations it stands for (`number_observed`) were needed.
    pub times: u64,
}

/// A pattern ready to run.
#[derive(Debug, Clone)]
pub struct Matcher {
    plan: Plan,
    leaves: Vec<Leaf>,
}

impl Matcher {
    /// Compiles a pattern. [`Refusal::Unsupported`] names the part that is not run: of such a pattern nobody may say "it does not match".
    pub fn new(pattern: &Pattern) -> Result<Matcher, Refusal> {
        let mut leaves = Vec::new();
        let plan = Plan::new(pattern, &mut leaves)?;
        Ok(Matcher { plan, leaves })
    }

    /// Runs it. Neither the order of the observations nor doubles among them change what is found: of several with one id the earliest counts.
    /// `budget` bounds the work; one unit is about one step of an object path.
    pub fn run(&self, observations: &[Observation<'_>], budget: u64) -> Verdict {
        let order = order(observations);
        let spans = spans(observations, &order);
        let mut work = Work::new(budget);
        let mut hits = Vec::with_capacity(self.leaves.len());
        for leaf in &self.leaves {
            let holds = |(at, place): (usize, &usize)| leaf.object(observations.get(*place)?, &mut work).map(|_| at);
            hits.push(order.iter().enumerate().filter_map(holds).collect::<Vec<_>>());
        }
        if work.is_spent() {
            return Verdict::GaveUp;
        }
        let hits: Vec<&[usize]> = hits.iter().map(Vec::as_slice).collect();
        let found = find(&self.plan, &spans, &hits, &mut work);
        verdict(found, &self.leaves, observations, &order)
    }
}

/// The places of the observations in the order of time, each id once.
pub(super) fn order(observations: &[Observation<'_>]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..observations.len()).collect();
    let key = |at: &usize| observations.get(*at).map(|o| (o.first, o.last, o.id, *at));
    order.sort_unstable_by(|a, b| key(a).cmp(&key(b)));
    let mut seen = BTreeSet::new();
    order.retain(|at| observations.get(*at).is_some_and(|o| o.id.is_empty() || seen.insert(o.id)));
    order
}

pub(super) fn spans(observations: &[Observation<'_>], order: &[usize]) -> Vec<Span> {
    let span = |o: &Observation<'_>| Span { first: o.first, last: o.last, number: o.number };
    order.iter().filter_map(|at| observations.get(*at)).map(span).collect()
}

/// Searches, unless every match would take more than a search goes for.
pub(super) fn find(plan: &Plan, spans: &[Span], hits: &[&[usize]], work: &mut Work) -> Found {
    let available = spans.iter().fold(0_u64, |sum, span| sum.saturating_add(span.number));
    let least = plan.least();
    if least > available {
        return Found::No;
    }
    match search::run(plan, spans, hits, work) {
        Found::No if least > MAX_TAKEN as u64 && !plan.is_repeated_leaf() => Found::GaveUp,
        found => found,
    }
}

/// What was found, told by ids; `leaves` are those of the pattern alone.
pub(super) fn verdict(found: Found, leaves: &[Leaf], observations: &[Observation<'_>], order: &[usize]) -> Verdict {
    let taken = match found {
        Found::Yes(taken) => taken,
        Found::No => return Verdict::Unmatched,
        Found::GaveUp => return Verdict::GaveUp,
    };
    let mut bindings: Vec<Binding> = Vec::new();
    for Taken { leaf, observation, times, .. } in taken {
        let place = order.get(observation).copied().unwrap_or(observation);
        if let Some(last) = bindings.last_mut().filter(|last| (last.expression, last.observation) == (leaf, place)) {
            last.times += times;
            continue;
        }
        let object = leaves.get(leaf).zip(observations.get(place)).and_then(|(leaf, observation)| {
            leaf.object(observation, &mut Work::new(super::BUDGET)).map(|object| object.key.to_owned())
        });
        bindings.push(Binding { expression: leaf, observation: place, object: object.unwrap_or_default(), times });
    }
    bindings.sort_by_key(|binding| binding.expression);
    Verdict::Matched(Witness { bindings })
}
