//! Many scenarios by chance: who falls how often where nodes fail and edges carry a loss with given odds. Buffers have run out and nothing is repaired;
//! hours are told by [`crate::cascade`], one scenario at a time.
//!
//! Two engines give the same bits: one runs scenarios one by one and touches only what falls, the other runs 512 at once over all that changes. Which is
//! quicker hangs on how much falls; the first tile is run by one, a sample of it by the other, and the work that each did decides.
mod draws;
mod lanes;
mod net;
mod one;
#[cfg(test)]
mod tests;

pub use draws::Odds;
pub use net::{Edge, Net, Parts};

use draws::{BLOCK, Draws, Rare, What, ones};
use lanes::{Dense, Lanes, TILE, WORDS};
use one::Sparse;
use rayon::prelude::*;
use std::collections::BTreeMap;

/// What may happen by chance.
#[derive(Clone, Debug, Default)]
pub struct Chances {
    /// The same seed, names and odds give the same scenarios.
    pub seed: u64,
    /// With what odds each node fails by itself, by its number in the graph; none where the list ends.
    pub own: Vec<Odds>,
}

/// By which engine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Way {
    /// By what is quicker here.
    #[default]
    Measured,
    /// Scenarios one by one.
    Sparse,
    /// Scenarios side by side.
    Dense,
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// In how many scenarios each node was down, by its number in the graph; what is down from the start is not counted.
    pub falls: Vec<u64>,
    /// What was lost in each scenario: the sum of what those are worth that were down.
    pub losses: Vec<u64>,
}

/// Runs so many scenarios. `worth` says what each node is worth, by its number in the graph; nothing where the list ends.
pub fn run(net: &Net, chances: &Chances, scenarios: usize, worth: &[u32], way: Way) -> Tally {
    let runs = Runs::new(net, chances, worth, scenarios);
    let tiles = scenarios.div_ceil(TILE);
    let way = if way == Way::Measured && tiles > 1 { runs.quicker() } else { way };
    let none = || (Hands::new(net, way), Part { falls: vec![0; net.len()], losses: BTreeMap::new() });
    let parts = (0..tiles).into_par_iter().fold(none, |(mut hands, mut part), tile| {
        let losses = runs.tile(&mut hands, tile, &mut part.falls);
        part.losses.insert(tile, losses);
        (hands, part)
    });
    let parts: Vec<Part> = parts.map(|(_, part)| part).collect();
    let mut tally = Tally { falls: vec![0; net.of_graph], losses: Vec::with_capacity(scenarios) };
    let mut losses = BTreeMap::new();
    for part in parts {
        for (node, n) in part.falls.into_iter().enumerate() {
            tally.falls[net.graph_number[node] as usize] += n;
        }
        losses.extend(part.losses);
    }
    tally.losses.extend(losses.into_values().flatten());
    tally
}

/// What came of the tiles that one thread ran.
struct Part {
    /// By numbers in the net.
    falls: Vec<u64>,
    losses: BTreeMap<usize, Vec<u64>>,
}

/// One engine or the other.
enum Hands<'n> {
    Dense(Box<Dense<'n>>),
    Sparse(Box<Sparse<'n>>),
}

impl<'n> Hands<'n> {
    fn new(net: &'n Net, way: Way) -> Hands<'n> {
        match way {
            Way::Sparse => Hands::Sparse(Box::new(Sparse::new(net))),
            Way::Dense | Way::Measured => Hands::Dense(Box::new(Dense::new(net))),
        }
    }
}

/// What is run.
struct Runs<'n> {
    net: &'n Net,
    seed: u64,
    scenarios: usize,
    /// Nodes that may fail by themselves, by their odds.
    own: Vec<(Rare, Vec<u32>)>,
    worth: Vec<u32>,
}

impl<'n> Runs<'n> {
    fn new(net: &'n Net, chances: &Chances, worth: &[u32], scenarios: usize) -> Runs<'n> {
        let mut own: BTreeMap<Odds, Vec<u32>> = BTreeMap::new();
        for (here, node) in net.graph_number.iter().enumerate() {
            match chances.own.get(*node as usize) {
                None | Some(&Odds::NEVER) => {}
                Some(odds) => own.entry(*odds).or_default().push(here as u32),
            }
        }
        Runs {
            net,
            seed: chances.seed,
            scenarios,
            own: own.into_iter().map(|(odds, nodes)| (Rare::new(odds), nodes)).collect(),
            worth: net.graph_number.iter().map(|node| worth.get(*node as usize).copied().unwrap_or(0)).collect(),
        }
    }

    fn draws(&self, what: What, tile: usize) -> [Draws; WORDS] {
        std::array::from_fn(|word| Draws::new(self.seed, what, (tile * WORDS + word) as u64))
    }

    fn reach(&self, tile: usize) -> Option<[Draws; WORDS]> {
        self.net.uses.reach.is_some().then(|| self.draws(What::Reach, tile))
    }

    /// Who fails by itself in a tile: node, word, scenarios of the word.
    fn fails(&self, tile: usize) -> Vec<(u32, usize, u64)> {
        let (draws, asked) = (self.draws(What::Own, tile), self.asked(tile));
        let mut fails = Vec::new();
        for (rare, nodes) in &self.own {
            for node in nodes {
                let name = self.net.names[*node as usize];
                for (word, draws) in draws.iter().enumerate() {
                    let mask = rare.happens(draws, name) & asked[word];
                    if mask != 0 {
                        fails.push((*node, word, mask));
                    }
                }
            }
        }
        fails
    }

    /// The scenarios of a tile that are run at all: the last is not full.
    fn asked(&self, tile: usize) -> Lanes {
        let left = self.scenarios - tile * TILE;
        std::array::from_fn(|word| match left.saturating_sub(word * BLOCK) {
            BLOCK.. => u64::MAX,
            some => (1 << some) - 1,
        })
    }

    /// Runs a tile; what was lost in each of its scenarios.
    fn tile(&self, hands: &mut Hands<'n>, tile: usize, falls: &mut [u64]) -> Vec<u64> {
        let mut losses = vec![0_u64; TILE.min(self.scenarios - tile * TILE)];
        match hands {
            Hands::Dense(dense) => {
                dense.run(self.reach(tile), self.fails(tile));
                for (node, down) in dense.down.iter().enumerate() {
                    self.count(node, down, falls, &mut losses);
                }
            }
            Hands::Sparse(sparse) => {
                let scenarios = losses.len();
                self.one_by_one(sparse, tile, scenarios, |scenario, down| {
                    for node in down {
                        falls[*node as usize] += 1;
                        losses[scenario] += u64::from(self.worth[*node as usize]);
                    }
                });
            }
        }
        losses
    }

    fn count(&self, node: usize, down: &Lanes, falls: &mut [u64], losses: &mut [u64]) {
        falls[node] += down.iter().map(|word| u64::from(word.count_ones())).sum::<u64>();
        let worth = u64::from(self.worth[node]);
        if worth == 0 {
            return;
        }
        for (word, mask) in down.iter().enumerate() {
            ones(*mask).for_each(|one| losses[word * BLOCK + one] += worth);
        }
    }

    /// Runs the first scenarios of a tile, and tells of each who was down.
    fn one_by_one(&self, sparse: &mut Sparse<'n>, tile: usize, scenarios: usize, mut each: impl FnMut(usize, &[u32])) {
        let mut fails: Vec<Vec<u32>> = vec![Vec::new(); TILE];
        for (node, word, mask) in self.fails(tile) {
            ones(mask).for_each(|one| fails[word * BLOCK + one].push(node));
        }
        let reach = self.reach(tile);
        for (scenario, fails) in fails.iter().take(scenarios).enumerate() {
            let draws = reach.as_ref().map(|draws| &draws[scenario / BLOCK]);
            sparse.run(draws, (scenario % BLOCK) as u32, fails);
            each(scenario, &sparse.down);
        }
    }

    /// Which engine does less on the first tile, by the edges that each looks at and what such a look costs.
    fn quicker(&self) -> Way {
        let mut sparse = Sparse::new(self.net);
        self.one_by_one(&mut sparse, 0, SAMPLE, |_, _| {});
        let mut dense = Dense::new(self.net);
        dense.run(self.reach(0), self.fails(0));
        let one_by_one = sparse.looked * (TILE / SAMPLE) as u64;
        if one_by_one > dense.looked * LOOKS { Way::Dense } else { Way::Sparse }
    }
}

/// Scenarios of the first tile that are run one by one to see what that costs.
const SAMPLE: usize = 16;
/// A look of the dense engine, at 512 scenarios, costs as much as so many of the sparse one: as the program `cascades` finds it on a million edges.
const LOOKS: u64 = 3;
