//! Many patterns at once: an index over their constants picks, for each observable that comes, the few `[ … ]` that have a chance.
//!
//! For each `[ … ]` the index holds facts of which one must be so (`gate`): an equal value (a hash look-up), a block that an address
//! lies in (a look-up per length), a text that a value contains (one pass of an automaton over all such texts), or that a path or type is there
//! at all. Whatever passes is then tried in full, so the index decides about time, never about the result.

use std::collections::{BTreeMap, HashMap};

use aho_corasick::AhoCorasick;

use super::ast::{Pattern, Step};
use super::gate::{Exact, Fact, gates};
use super::leaf::Leaf;
use super::matcher::{self, Verdict};
use super::net::Net;
use super::observation::{Object, Observation};
use super::plan::Plan;
use super::regex::Refusal;
use super::search::Found;
use super::value::{Coding, Native, Work, characters, nfc};
use crate::Timestamp;

/// Hits of one `[ … ]` that a run keeps; with more and no match among them the verdict is "gave up".
const MAX_HITS: usize = 4_096;

/// Patterns with their index.
pub struct Set {
    entries: Vec<Option<Entry>>,
    leaves: Vec<Leaf>,
    /// For each leaf the pattern it belongs to, and whether it is all of it, so that its first hit is all there is to find.
    owners: Vec<(usize, bool)>,
    kinds: HashMap<String, Kind>,
}

struct Entry {
    plan: Plan,
    first: usize,
    count: usize,
}

/// The index of one type of object.
#[derive(Default)]
struct Kind {
    always: Vec<usize>,
    paths: Vec<Path>,
    places: HashMap<Vec<Step>, usize>,
}

/// The index of one path: leaves by what a value at it must be.
struct Path {
    steps: Vec<Step>,
    coding: Coding,
    texts: HashMap<String, Vec<usize>>,
    times: HashMap<String, Vec<usize>>,
    others: HashMap<Exact, Vec<usize>>,
    /// By family and length, then by the address cut to it.
    nets: BTreeMap<(bool, u8), HashMap<u128, Vec<usize>>>,
    contains: BTreeMap<String, Vec<usize>>,
    automaton: Option<AhoCorasick>,
    /// By the automaton's numbers.
    contained: Vec<Vec<usize>>,
    present: Vec<usize>,
}

impl Set {
    /// Makes a set; a pattern goes by its position. Those that cannot be run stand in the second part with the reason, and are never reported as
    /// unmatched.
    pub fn new(patterns: &[Pattern]) -> (Set, Vec<(usize, Refusal)>) {
        let mut set = Set { entries: Vec::new(), leaves: Vec::new(), owners: Vec::new(), kinds: HashMap::new() };
        let mut refused = Vec::new();
        for (number, pattern) in patterns.iter().enumerate() {
            let first = set.leaves.len();
            set.entries.push(match Plan::new(pattern, &mut set.leaves) {
                Ok(plan) => Some(Entry { plan, first, count: set.leaves.len() - first }),
                Err(refusal) => {
                    refused.push((number, refusal));
                    None
                }
            });
            let is_all = matches!(set.entries.last(), Some(Some(Entry { plan: Plan::Leaf(_), .. })));
            set.owners.resize(set.leaves.len(), (number, is_all));
        }
        for leaf in 0..set.leaves.len() {
            set.enter(leaf);
        }
        for path in set.kinds.values_mut().flat_map(|kind| &mut kind.paths) {
            path.close();
        }
        (set, refused)
    }

    /// A place to work in; to be kept while observations come.
    pub fn runner(&self) -> Runner<'_> {
        let state = State { run: 0, object: 0, hits: Vec::new(), work: Work::new(0), unsure: false };
        Runner { set: self, states: vec![state; self.leaves.len()], touched: Vec::new(), run: 0, object: 0 }
    }

    fn enter(&mut self, leaf: usize) {
        let Some(tree) = self.leaves.get(leaf).map(|leaf| &leaf.tree) else { return };
        for gate in gates(tree).any_of {
            let kind = self.kinds.entry(gate.kind).or_default();
            let list = match (&gate.fact, &gate.steps) {
                (Fact::Type, _) => &mut kind.always,
                (_, steps) => {
                    let at = *kind.places.entry(steps.clone()).or_insert_with(|| {
                        kind.paths.push(Path::new(steps.clone()));
                        kind.paths.len() - 1
                    });
                    let Some(path) = kind.paths.get_mut(at) else { continue };
                    path.list(gate.fact)
                }
            };
            // one leaf may name one fact twice
            if list.last() != Some(&leaf) {
                list.push(leaf);
            }
        }
    }
}

impl Path {
    fn new(steps: Vec<Step>) -> Self {
        Path {
            coding: Coding::of(&steps),
            steps,
            texts: HashMap::new(),
            times: HashMap::new(),
            others: HashMap::new(),
            nets: BTreeMap::new(),
            contains: BTreeMap::new(),
            automaton: None,
            contained: Vec::new(),
            present: Vec::new(),
        }
    }

    fn list(&mut self, fact: Fact) -> &mut Vec<usize> {
        match fact {
            Fact::Equal(Exact::Text(text)) => self.texts.entry(text).or_default(),
            Fact::Equal(Exact::Time(text)) => self.times.entry(text).or_default(),
            Fact::Equal(exact) => self.others.entry(exact).or_default(),
            Fact::Within(net) => self.nets.entry((net.v6, net.length)).or_default().entry(net.bits).or_default(),
            Fact::Contains(text) => self.contains.entry(text).or_default(),
            Fact::Present | Fact::Type => &mut self.present,
        }
    }

    fn close(&mut self) {
        if self.contains.is_empty() {
            return;
        }
        match AhoCorasick::new(self.contains.keys()) {
            Ok(automaton) => {
                self.automaton = Some(automaton);
                self.contained = std::mem::take(&mut self.contains).into_values().collect();
            }
            // more texts than an automaton takes: then they are all tried
            Err(_) => self.present.extend(std::mem::take(&mut self.contains).into_values().flatten()),
        }
    }

    /// Calls `found` with each leaf that a value gives a chance, some of them more than once.
    fn look_up(&self, value: &Native<'_>, found: &mut dyn FnMut(usize)) {
        let mut all = |leaves: Option<&Vec<usize>>| leaves.into_iter().flatten().for_each(|leaf| found(*leaf));
        all(Some(&self.present));
        match value {
            Native::Text(text) => {
                all(self.texts.get(*text));
                if !self.times.is_empty()
                    && let Ok(time) = Timestamp::parse(text)
                {
                    all(self.times.get(time.key()));
                }
                if !self.nets.is_empty()
                    && let Some(net) = Net::parse(text)
                {
                    for ((_, length), blocks) in self.nets.range((net.v6, 0)..=(net.v6, net.length)) {
                        all(net.widen(*length).and_then(|wide| blocks.get(&wide.bits)));
                    }
                }
                if let Some(automaton) = &self.automaton {
                    for hit in automaton.find_overlapping_iter(&*nfc(text)) {
                        all(self.contained.get(hit.pattern().as_usize()));
                    }
                }
            }
            Native::Octets(octets) => all(self.texts.get(&characters(octets))),
            Native::Integer(value) => all(self.others.get(&Exact::Integer(*value))),
            Native::Float(value) => all(self.others.get(&Exact::number(*value))),
            Native::Bool(value) => all(self.others.get(&Exact::Bool(*value))),
            Native::Other => {}
        }
    }

    /// All leaves that this path is to bring in.
    fn leaves(&self) -> impl Iterator<Item = usize> {
        let lists = self.texts.values().chain(self.times.values()).chain(self.others.values()).chain(&self.contained);
        lists.chain(self.nets.values().flat_map(HashMap::values)).chain([&self.present]).flatten().copied()
    }
}

/// What a run knows of a leaf.
#[derive(Clone)]
struct State {
    run: u64,
    /// The object it was last tried on.
    object: u64,
    /// Places in the order of time.
    hits: Vec<usize>,
    work: Work,
    /// There may be more hits than these.
    unsure: bool,
}

/// A [`Set`] at work.
pub struct Runner<'s> {
    set: &'s Set,
    states: Vec<State>,
    touched: Vec<usize>,
    run: u64,
    object: u64,
}

/// Steps of paths that the index may take on one observable; from there on it brings in all leaves and their own bounds hold.
const LOOK_UP_WORK: u64 = 10_000;

impl Runner<'_> {
    /// Runs all patterns over these observations, taken together: those that match, and those that gave up, by number. The same
    /// as [`matcher::Matcher::run`] of each; `budget` is for each pattern.
    pub fn run(&mut self, observations: &[Observation<'_>], budget: u64) -> Vec<(usize, Verdict)> {
        self.run += 1;
        self.touched.clear();
        let order = matcher::order(observations);
        for (at, place) in order.iter().enumerate() {
            let Some(observation) = observations.get(*place) else { continue };
            for object in &observation.objects {
                self.try_object(at, observation, object, budget);
            }
        }
        let mut patterns: Vec<usize> =
            self.touched.iter().filter_map(|leaf| self.set.owners.get(*leaf)).map(|(number, _)| *number).collect();
        patterns.sort_unstable();
        patterns.dedup();
        let spans = matcher::spans(observations, &order);
        let mut found = Vec::new();
        for number in patterns {
            let Some(entry) = self.set.entries.get(number).and_then(Option::as_ref) else { continue };
            let range = entry.first..entry.first + entry.count;
            let states = self.states.get(range.clone()).unwrap_or(&[]);
            let fresh = |state: &State| state.run == self.run;
            let hits: Vec<&[usize]> = states.iter().map(|s| if fresh(s) { s.hits.as_slice() } else { &[] }).collect();
            let is_unsure = states.iter().any(|state| fresh(state) && state.unsure);
            // a leaf that nothing satisfies may settle it, however many hits of another were left out
            let may_be = |leaf: usize| states.get(leaf).is_some_and(|s| fresh(s) && (s.unsure || !s.hits.is_empty()));
            if !entry.plan.may(&may_be) {
                continue;
            }
            let outcome = match matcher::find(&entry.plan, &spans, &hits, &mut Work::new(budget)) {
                Found::No if is_unsure => Found::GaveUp,
                outcome => outcome,
            };
            let leaves = self.set.leaves.get(range).unwrap_or(&[]);
            match matcher::verdict(outcome, leaves, observations, &order) {
                Verdict::Unmatched => {}
                verdict => found.push((number, verdict)),
            }
        }
        found
    }

    fn try_object(&mut self, at: usize, observation: &Observation<'_>, object: &Object<'_>, budget: u64) {
        let set = self.set;
        let Some(kind) = set.kinds.get(object.kind) else { return };
        self.object += 1;
        for leaf in &kind.always {
            self.try_leaf(*leaf, at, observation, object, budget);
        }
        let mut work = Work::new(LOOK_UP_WORK);
        for path in &kind.paths {
            observation.walk(object, &path.steps, &mut work, &mut |value, _| {
                path.look_up(&path.coding.native(value), &mut |leaf| {
                    self.try_leaf(leaf, at, observation, object, budget)
                });
                false
            });
            if work.is_spent() {
                path.leaves().for_each(|leaf| self.try_leaf(leaf, at, observation, object, budget));
            }
        }
    }

    fn try_leaf(&mut self, leaf: usize, at: usize, observation: &Observation<'_>, object: &Object<'_>, budget: u64) {
        let (Some(state), Some(tree)) = (self.states.get_mut(leaf), self.set.leaves.get(leaf)) else { return };
        let is_all = self.set.owners.get(leaf).is_some_and(|(_, is_all)| *is_all);
        if state.run != self.run {
            (state.run, state.object, state.work, state.unsure) = (self.run, 0, Work::new(budget), false);
            state.hits.clear();
        }
        let is_known = state.hits.last() == Some(&at) || (is_all && !state.hits.is_empty());
        if state.object == self.object || is_known || state.unsure {
            return;
        }
        state.object = self.object;
        let holds = tree.holds(observation, object, &mut state.work);
        if state.work.is_spent() || state.hits.len() >= MAX_HITS {
            state.unsure = true;
        } else if holds {
            state.hits.push(at);
        } else {
            return;
        }
        self.touched.push(leaf);
    }
}
