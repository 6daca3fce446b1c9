//! Hundreds of scenarios at once, one a bit: for scenarios in which much falls. What falls is the least set that holds what fails by itself and whoever
//! loses an input, so that the order in which nodes are looked at does not change it.
use super::draws::{BLOCK, Draws, ones};
use super::net::{Net, edge_name};

/// Words of bits a node has.
pub(super) const WORDS: usize = 8;
/// Scenarios run at once.
pub(super) const TILE: usize = WORDS * BLOCK;

/// In which scenarios of a tile.
pub(super) type Lanes = [u64; WORDS];

const NONE: Lanes = [0; WORDS];

/// Runs a tile after the other.
#[derive(Debug)]
pub(super) struct Dense<'n> {
    net: &'n Net,
    /// In which scenarios a loss reaches along each edge, in the order of inputs; empty where it always does.
    reach: Vec<Lanes>,
    /// In which scenarios each node is down.
    pub(super) down: Vec<Lanes>,
    /// Nodes whose suppliers changed.
    ask: Bits,
    /// Edges looked at.
    pub(super) looked: u64,
}

impl<'n> Dense<'n> {
    pub(super) fn new(net: &'n Net) -> Dense<'n> {
        Dense { net, reach: Vec::new(), down: vec![NONE; net.len()], ask: Bits::new(net.len()), looked: 0 }
    }

    /// Runs a tile: `fails` gives nodes with the scenarios in which they fail by themselves, a word at a time.
    pub(super) fn run(&mut self, reach: Option<[Draws; WORDS]>, fails: impl IntoIterator<Item = (u32, usize, u64)>) {
        self.looked = 0;
        self.down.fill(NONE);
        if let Some(draws) = reach {
            self.draw(&draws);
        }
        for (node, word, mask) in fails {
            self.down[node as usize][word] |= mask;
            self.tell(node);
        }
        // to and fro: along a chain numbered either way all falls in one pass
        let words = self.ask.0.len();
        while self.ask.any() {
            (0..words).for_each(|word| self.pass(word));
            (0..words).rev().for_each(|word| self.pass(word));
        }
    }

    /// Draws along which edges losses reach in this tile.
    fn draw(&mut self, draws: &[Draws; WORDS]) {
        let (net, rows) = (self.net, &self.net.suppliers);
        self.reach.clear();
        let Some(odds) = &rows.reach else { return };
        for (input, name) in net.input_names.iter().enumerate() {
            self.reach.extend(rows.row(input as u32).map(|edge| {
                let who = edge_name(net.names[rows.to[edge] as usize], *name);
                std::array::from_fn::<u64, WORDS, _>(|n| draws[n].happens(who, odds[edge], u64::MAX))
            }));
        }
    }

    fn pass(&mut self, word: usize) {
        for one in ones(std::mem::take(&mut self.ask.0[word])) {
            self.ask((word * BLOCK + one) as u32);
        }
    }

    /// Which of a node's inputs are lost now.
    fn ask(&mut self, node: u32) {
        let (net, before) = (self.net, self.down[node as usize]);
        let mut down = before;
        for input in net.of[node as usize]..net.of[node as usize + 1] {
            if is_all(&down) {
                break;
            }
            or(&mut down, &self.lost(input));
        }
        if differ(&down, &before) {
            self.down[node as usize] = down;
            self.tell(node);
        }
    }

    fn tell(&mut self, node: u32) {
        let uses = &self.net.uses;
        for edge in uses.row(node) {
            self.ask.set(self.net.consumers[edge]);
        }
    }

    /// In which scenarios an input is lost.
    fn lost(&mut self, input: u32) -> Lanes {
        let (net, edges) = (self.net, self.net.suppliers.row(input));
        let spare = net.inputs[input as usize].spare;
        let weighs = |edge: usize| net.suppliers.weight(edge);
        let full: u32 = match net.suppliers.weights {
            None => edges.len() as u32,
            Some(_) => edges.clone().map(weighs).sum(),
        };
        if full <= spare {
            return NONE;
        }
        if spare == 0 {
            return self.any(edges);
        }
        if net.suppliers.weights.is_none() && full == spare + 1 {
            return self.all(edges);
        }
        let digits = (u32::BITS - full.leading_zeros()) as usize;
        match digits {
            0..=3 => self.counted::<3>(edges, digits, spare),
            4..=6 => self.counted::<6>(edges, digits, spare),
            _ => self.counted::<PLANES>(edges, digits, spare),
        }
    }

    /// In which scenarios more than `spare` is lost, counted in binary digits, each a plane of bits.
    fn counted<const N: usize>(&mut self, edges: std::ops::Range<usize>, digits: usize, spare: u32) -> Lanes {
        let mut planes = [NONE; N];
        for edge in edges {
            let lost = self.of_edge(edge);
            for digit in ones(self.net.suppliers.weight(edge).into()) {
                add(&mut planes[digit..digits], lost);
            }
        }
        above(&planes[..digits], spare)
    }

    /// In which scenarios some supplier is lost.
    fn any(&mut self, edges: std::ops::Range<usize>) -> Lanes {
        let mut any = NONE;
        for edge in edges {
            or(&mut any, &self.of_edge(edge));
        }
        any
    }

    /// In which scenarios all suppliers are lost.
    fn all(&mut self, edges: std::ops::Range<usize>) -> Lanes {
        let mut all = [u64::MAX; WORDS];
        for edge in edges {
            let lost = self.of_edge(edge);
            (0..WORDS).for_each(|n| all[n] &= lost[n]);
            if is_none(&all) {
                break;
            }
        }
        all
    }

    /// In which scenarios the supplier of this edge is down and its loss reaches.
    #[inline]
    fn of_edge(&mut self, edge: usize) -> Lanes {
        self.looked += 1;
        let down = &self.down[self.net.suppliers.to[edge] as usize];
        match self.reach.get(edge) {
            Some(reach) => std::array::from_fn(|n| down[n] & reach[n]),
            None => *down,
        }
    }
}

/// Digits of the largest sum of weights.
const PLANES: usize = u32::BITS as usize;

#[inline]
fn is_none(lanes: &Lanes) -> bool {
    lanes.iter().fold(0, |any, word| any | word) == 0
}

#[inline]
fn is_all(lanes: &Lanes) -> bool {
    lanes.iter().fold(u64::MAX, |all, word| all & word) == u64::MAX
}

#[inline]
fn differ(a: &Lanes, b: &Lanes) -> bool {
    a.iter().zip(b).fold(0, |any, (a, b)| any | (a ^ b)) != 0
}

#[inline]
fn or(a: &mut Lanes, b: &Lanes) {
    (0..WORDS).for_each(|n| a[n] |= b[n]);
}

/// Adds one, in these scenarios, to a count in binary digits, the lowest first.
#[inline]
fn add(planes: &mut [Lanes], mut carry: Lanes) {
    for plane in planes {
        for n in 0..WORDS {
            let next = plane[n] & carry[n];
            plane[n] ^= carry[n];
            carry[n] = next;
        }
        if is_none(&carry) {
            return;
        }
    }
}

/// In which scenarios the count is above this.
fn above(planes: &[Lanes], limit: u32) -> Lanes {
    let (mut above, mut same) = (NONE, [u64::MAX; WORDS]);
    for (digit, plane) in planes.iter().enumerate().rev() {
        for n in 0..WORDS {
            if limit >> digit & 1 == 1 {
                same[n] &= plane[n];
            } else {
                above[n] |= same[n] & plane[n];
                same[n] &= !plane[n];
            }
        }
    }
    above
}

/// A set of nodes.
#[derive(Debug)]
struct Bits(Vec<u64>);

impl Bits {
    fn new(nodes: usize) -> Bits {
        Bits(vec![0; nodes.div_ceil(BLOCK)])
    }

    #[inline]
    fn set(&mut self, node: u32) {
        self.0[node as usize / BLOCK] |= 1 << (node as usize % BLOCK);
    }

    fn any(&self) -> bool {
        self.0.iter().any(|word| *word != 0)
    }
}
