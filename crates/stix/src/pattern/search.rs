//! Finds observations that together satisfy a plan: a search with the order of observations as its order, so that the first witness is
//! always the same, and with bounded work.
//!
//! Each `[ … ]` takes one observation of its own (STIX 2.1 section 9.5.2: different observations); an observed-data that stands for n
//! observations can be taken n times. When an observation happened is known only to lie between its first and last time (section 9.1), so a
//! match is a choice of observations for which instants exist that satisfy every FOLLOWEDBY, WITHIN and START/STOP at once.

use std::collections::BTreeMap;

use super::ast::Join;
use super::plan::{Limit, Plan};
use super::value::{Moment, Work};

/// Observations that one match may take, and levels of the search.
pub(super) const MAX_TAKEN: usize = 256;

/// What the search knows of an observation.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub(super) first: Moment,
    pub(super) last: Moment,
    pub(super) number: u64,
}

/// An observation taken by a leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Taken {
    pub(super) leaf: usize,
    pub(super) observation: usize,
    /// How many of the observations that it stands for.
    pub(super) times: u64,
    scope: Option<usize>,
}

impl Taken {
    pub(super) fn of(leaf: usize, observation: usize, times: u64) -> Self {
        Taken { leaf, observation, times, scope: None }
    }
}

/// What a search came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    Yes(Vec<Taken>),
    No,
    /// The work was spent, or the match would take too many.
    GaveUp,
}

/// What holds for the observations taken from here on; the innermost first.
#[derive(Debug, Clone, Copy)]
struct Scope {
    limit: Bound,
    outer: Option<usize>,
}

#[derive(Debug, Clone, Copy)]
enum Bound {
    /// All taken since this place lie less than so many nanoseconds apart.
    Within(i128, usize),
    Between(Moment, Moment),
    /// Not before any taken between these places.
    After(usize, usize),
}

#[derive(Debug, Clone, Copy)]
enum Task<'p> {
    Plan(&'p Plan),
    /// The limits yet to be applied, the innermost first.
    Qualified(&'p Plan, &'p [Limit]),
    /// The parts yet to be found; the first of all was begun at this place.
    Rest(Join, &'p [Plan], usize),
    Repeat(&'p Plan, &'p [Limit], u64),
    /// The same leaf again so many times, its candidates from this one on: the copies are alike, so their order is fixed.
    RepeatLeaf(usize, u64, usize),
}

#[derive(Debug, Clone, Copy)]
struct Goal<'p> {
    task: Task<'p>,
    scope: Option<usize>,
    next: Option<usize>,
}

struct Search<'p> {
    spans: &'p [Span],
    /// For each leaf the observations that satisfy it, in order.
    hits: &'p [&'p [usize]],
    goals: Vec<Goal<'p>>,
    scopes: Vec<Scope>,
    taken: Vec<Taken>,
    uses: BTreeMap<usize, u64>,
    work: &'p mut Work,
    gave_up: bool,
}

/// Searches. `spans` in the order that decides which witness is the first; `hits` by leaf, rising.
pub(super) fn run<'p>(plan: &'p Plan, spans: &'p [Span], hits: &'p [&'p [usize]], work: &'p mut Work) -> Found {
    if let Plan::Qualified(inner, limits) = plan
        && let Plan::Leaf(leaf) = **inner
        && let Some(found) = super::repeat::run(leaf, limits, spans, hits.get(leaf).unwrap_or(&&[][..]), work)
    {
        return found;
    }
    let mut search = Search {
        spans,
        hits,
        goals: vec![Goal { task: Task::Plan(plan), scope: None, next: None }],
        scopes: Vec::new(),
        taken: Vec::new(),
        uses: BTreeMap::new(),
        work,
        gave_up: false,
    };
    match search.solve(Some(0)) {
        true => Found::Yes(search.taken),
        false if search.gave_up || search.work.is_spent() => Found::GaveUp,
        false => Found::No,
    }
}

impl<'p> Search<'p> {
    /// Whether this goal and all after it can be reached; what was taken then stays.
    fn solve(&mut self, goal: Option<usize>) -> bool {
        if !self.work.spend(1) {
            return false;
        }
        let Some(Goal { task, scope, next }) = goal.and_then(|at| self.goals.get(at)).copied() else {
            return self.is_consistent();
        };
        let here = self.taken.len();
        match task {
            Task::Plan(Plan::Leaf(leaf)) => self.take(*leaf, 1, 0, scope, next),
            // section 9.5: the first alternative that is true ends it
            Task::Plan(Plan::Join(Join::Or, parts)) => {
                parts.iter().any(|part| self.then(Task::Plan(part), scope, next))
            }
            Task::Plan(Plan::Join(join, parts)) => self.then(Task::Rest(*join, parts, here), scope, next),
            Task::Plan(Plan::Qualified(inner, limits)) => self.then(Task::Qualified(inner, limits), scope, next),
            Task::Rest(join, parts, start) => {
                let Some((part, rest)) = parts.split_first() else { return self.solve(next) };
                let inner = match join {
                    Join::FollowedBy if here > start => self.scope(Bound::After(start, here), scope),
                    _ => scope,
                };
                self.after(Goal { task: Task::Rest(join, rest, start), scope, next }, Task::Plan(part), inner)
            }
            Task::Qualified(inner, limits) => {
                let Some((limit, limits)) = limits.split_last() else {
                    return self.then(Task::Plan(inner), scope, next);
                };
                match *limit {
                    Limit::Within(window) => {
                        let scope = self.scope(Bound::Within(window, here), scope);
                        self.then(Task::Qualified(inner, limits), scope, next)
                    }
                    Limit::Between(start, stop) => {
                        let scope = self.scope(Bound::Between(start, stop), scope);
                        self.then(Task::Qualified(inner, limits), scope, next)
                    }
                    Limit::Repeats(times) => match (inner, limits.is_empty()) {
                        (Plan::Leaf(leaf), true) => self.then(Task::RepeatLeaf(*leaf, times, 0), scope, next),
                        _ => self.then(Task::Repeat(inner, limits, times), scope, next),
                    },
                }
            }
            Task::Repeat(_, _, 0) | Task::RepeatLeaf(_, 0, _) => self.solve(next),
            Task::Repeat(inner, limits, times) => {
                let again = Goal { task: Task::Repeat(inner, limits, times - 1), scope, next };
                self.after(again, Task::Qualified(inner, limits), scope)
            }
            Task::RepeatLeaf(leaf, times, from) => self.take(leaf, times, from, scope, next),
        }
    }

    /// Puts a goal before `next` and solves it; takes it away again when that fails.
    fn then(&mut self, task: Task<'p>, scope: Option<usize>, next: Option<usize>) -> bool {
        let (goals, scopes) = (self.goals.len(), self.scopes.len());
        self.goals.push(Goal { task, scope, next });
        let found = self.solve(Some(goals));
        if !found {
            self.goals.truncate(goals);
            self.scopes.truncate(scopes);
        }
        found
    }

    /// `task` first, `later` after it.
    fn after(&mut self, later: Goal<'p>, task: Task<'p>, scope: Option<usize>) -> bool {
        let goals = self.goals.len();
        self.goals.push(later);
        let found = self.then(task, scope, Some(goals));
        if !found {
            self.goals.truncate(goals);
        }
        found
    }

    fn scope(&mut self, limit: Bound, outer: Option<usize>) -> Option<usize> {
        self.scopes.push(Scope { limit, outer });
        Some(self.scopes.len() - 1)
    }

    /// Takes one observation for a leaf, and goes on with the copies that are still wanted.
    fn take(&mut self, leaf: usize, times: u64, from: usize, scope: Option<usize>, next: Option<usize>) -> bool {
        if self.taken.len() >= MAX_TAKEN {
            self.gave_up = true;
            return false;
        }
        let hits: &'p [usize] = self.hits.get(leaf).copied().unwrap_or(&[]);
        for (at, observation) in hits.iter().copied().enumerate().skip(from) {
            if !self.work.spend(1) || self.gave_up {
                return false;
            }
            if !self.fits(observation, scope) {
                continue;
            }
            *self.uses.entry(observation).or_default() += 1;
            self.taken.push(Taken { leaf, observation, times: 1, scope });
            if self.then(Task::RepeatLeaf(leaf, times - 1, at), scope, next) {
                return true;
            }
            self.taken.pop();
            *self.uses.entry(observation).or_default() -= 1;
        }
        false
    }

    fn span(&self, observation: usize) -> Span {
        let never = Span { first: Moment(0), last: Moment(0), number: 0 };
        self.spans.get(observation).copied().unwrap_or(never)
    }

    /// Whether an observation may be taken, as far as it and each other one show. For observations of one instant that is all there is to show.
    fn fits(&mut self, observation: usize, scope: Option<usize>) -> bool {
        let span = self.span(observation);
        if self.uses.get(&observation).is_some_and(|uses| *uses >= span.number) {
            return false;
        }
        let mut at = scope;
        while let Some(scope) = at.and_then(|at| self.scopes.get(at)).copied() {
            let (from, to) = match scope.limit {
                Bound::Within(_, from) => (from, self.taken.len()),
                Bound::After(from, to) => (from, to),
                Bound::Between(..) => (0, 0),
            };
            if !self.work.spend((to - from) as u64 / 4) {
                return false;
            }
            let mut others = self.taken.get(from..to).unwrap_or(&[]).iter().map(|taken| self.span(taken.observation));
            let fits = match scope.limit {
                // section 9.5.1, START: not before START, before STOP
                Bound::Between(start, stop) => span.last >= start && span.first < stop,
                // section 9.5.2, FOLLOWEDBY: not before
                Bound::After(..) => others.all(|other| other.first <= span.last),
                // section 9.5.1, WITHIN: less than the window apart
                Bound::Within(window, _) => {
                    others.all(|other| other.first.0 - span.last.0 < window && span.first.0 - other.last.0 < window)
                }
            };
            if !fits {
                return false;
            }
            at = scope.outer;
        }
        true
    }

    /// Whether instants exist for all that were taken: a system of differences, solvable unless it has a cycle below zero (Bellman and Ford).
    fn is_consistent(&mut self) -> bool {
        let spans: Vec<Span> = self.taken.iter().map(|taken| self.span(taken.observation)).collect();
        if spans.iter().all(|span| span.first == span.last) {
            return true;
        }
        let origin = spans.len();
        // (from, to, bound): the instant of `to` is at most that of `from` plus the bound
        let mut edges: Vec<(usize, usize, i128)> = Vec::new();
        let at_most = |nanos: i128| nanos * STRICT;
        let less_than = |nanos: i128| nanos * STRICT - 1;
        for (i, (span, taken)) in spans.iter().zip(&self.taken).enumerate() {
            edges.push((origin, i, at_most(span.last.0)));
            edges.push((i, origin, at_most(-span.first.0)));
            let mut at = taken.scope;
            while let Some(scope) = at.and_then(|at| self.scopes.get(at)).copied() {
                match scope.limit {
                    Bound::Between(start, stop) => {
                        edges.push((origin, i, less_than(stop.0)));
                        edges.push((i, origin, at_most(-start.0)));
                    }
                    Bound::After(from, to) => edges.extend((from..to).map(|other| (i, other, 0))),
                    Bound::Within(window, from) => edges.extend(
                        (from..i).flat_map(|other| [(i, other, less_than(window)), (other, i, less_than(window))]),
                    ),
                }
                at = scope.outer;
            }
        }
        let mut instants = vec![0_i128; origin + 1];
        for _ in 0..=origin + 1 {
            if !self.work.spend(edges.len() as u64 / 8) {
                return false;
            }
            let mut changed = false;
            for (from, to, bound) in &edges {
                if let (Some(start), Some(end)) = (instants.get(*from).copied(), instants.get_mut(*to))
                    && start + bound < *end
                {
                    *end = start + bound;
                    changed = true;
                }
            }
            if !changed {
                return true;
            }
        }
        false
    }
}

/// A bound counts in steps of 1/2^20 nanosecond, so that "less than" is one step below "at most" and a cycle of them never sums to a nanosecond.
const STRICT: i128 = 1 << 20;
