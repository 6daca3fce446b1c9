//! The infrastructure in memory: nodes, their inputs (supply groups) and the edges of both directions in flat arrays.
//!
//! Built from [`Facts`] in one go and never changed. Where edges were inferred, the graph is built under one
//! [`Reading`] of them; an answer that they touch is given for each reading ([`crate::ranges`]).
mod build;

pub(crate) use build::starts;

use crate::facts::Facts;
use crate::tables::{Country, Part, Rule};
use crate::texts::{Text, Texts};
use std::ops::Range;
use std::sync::Arc;

/// How edges that were inferred are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reading {
    /// By the rule that their table gives.
    #[default]
    AsGiven,
    /// Each of them is needed.
    All,
    /// Any one of them is enough.
    Any,
    /// As if they were not there.
    LeftOut,
}

impl Reading {
    /// All readings.
    pub const ALL: [Reading; 4] = [Reading::AsGiven, Reading::All, Reading::Any, Reading::LeftOut];

    /// The word for people and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Reading::AsGiven => "as_given",
            Reading::All => "all",
            Reading::Any => "any",
            Reading::LeftOut => "left_out",
        }
    }
}

/// The layer whose supply must reach back to a source even where no table says so.
const GROUNDED_LAYER: &str = "power";

/// What a national function is called in the `type` column.
const FUNCTION_KINDS: [&str; 2] = ["function", "national-function"];

/// A node.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Node {
    /// The key by which everybody names it.
    pub key: Text,
    /// Its name for people; empty where there is none.
    pub name: Text,
    /// What it is.
    pub kind: Text,
    /// The network it belongs to.
    pub layer: Text,
    /// Country of location.
    pub country: Country,
    /// Who owns it.
    pub owner: Text,
    /// Country of the owner.
    pub owner_country: Country,
    /// Capacity with its unit.
    pub capacity: Text,
    /// Latitude and longitude in degrees.
    pub place: Option<(f32, f32)>,
    /// Whether it is a function of a nation.
    pub function: bool,
    /// Whether its supply must reach back to a source.
    pub grounded: bool,
}

/// An input of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Group {
    /// Who needs it.
    pub consumer: u32,
    /// What is supplied.
    pub input: Text,
    /// The rule in words' terms.
    pub rule: Rule,
    /// How long the consumer goes on without it.
    pub buffer_min: u32,
    /// What the consumer still does without it.
    pub degraded: Part,
    /// How long the consumer needs after it returns.
    pub ramp_up_min: u32,
    /// The sum of weights at which the input is there.
    pub need: u64,
    /// The sum of all weights.
    pub full: u64,
    /// Edges, parallel ones counted.
    pub edges: u32,
    /// Whether weights are shares of capacity, which a degraded supplier carries in part.
    pub capacity: bool,
}

/// One end of an edge: on the consumer's side the supplier, on the supplier's side the group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// The node or group at the other end.
    pub to: u32,
    /// What the edge weighs in the group's sum.
    pub weight: u32,
}

/// What was left aside in building, to be told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Aside {
    /// Edges and members whose node no source asserts any more.
    pub dangling: usize,
    /// Inputs without any supplier left: nothing is known of them.
    pub unsupplied_inputs: usize,
    /// Edges where a node supplies itself.
    pub self_supplies: usize,
    /// Inputs whose rows differ in what is needed; the strictest stands.
    pub mixed_needs: usize,
}

/// The graph.
#[derive(Clone, Debug)]
pub struct Graph {
    texts: Arc<Texts>,
    nodes: Vec<Node>,
    /// For each text the node that has it as its key, else `NONE`.
    by_key: Vec<u32>,
    groups: Vec<Group>,
    /// Groups lie in the order of their consumers: those of node `n` are `inputs[n]..inputs[n + 1]`.
    inputs: Vec<u32>,
    suppliers: Csr,
    uses: Csr,
    inferred_edges: usize,
    aside: Aside,
}

/// No node.
pub(crate) const NONE: u32 = u32::MAX;

/// Compressed sparse rows.
#[derive(Clone, Debug, Default)]
struct Csr {
    starts: Vec<u32>,
    links: Vec<Link>,
}

impl Csr {
    fn row(&self, at: u32) -> &[Link] {
        let range = span(&self.starts, at);
        self.links.get(range.start as usize..range.end as usize).unwrap_or_default()
    }
}

fn span(starts: &[u32], at: u32) -> Range<u32> {
    match starts.get(at as usize..) {
        Some([start, end, ..]) => *start..*end,
        _ => 0..0,
    }
}

impl Graph {
    /// Builds the graph under one reading of inferred edges.
    pub fn build(facts: &Facts, reading: Reading) -> Graph {
        build::build(facts, reading)
    }

    /// How many nodes there are.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there is no node.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The node of a key.
    pub fn find(&self, key: &str) -> Option<u32> {
        let text = self.texts.find(key)?;
        self.by_key.get(text.index()).copied().filter(|node| *node != NONE)
    }

    /// A node; numbers come from this graph only.
    pub fn node(&self, node: u32) -> &Node {
        &self.nodes[node as usize]
    }

    /// All nodes with their numbers.
    pub fn nodes(&self) -> impl ExactSizeIterator<Item = (u32, &Node)> {
        self.nodes.iter().enumerate().map(|(at, node)| (at as u32, node))
    }

    /// A node's key.
    pub fn key(&self, node: u32) -> &str {
        self.text(self.node(node).key)
    }

    /// A node's name, its key where it has none.
    pub fn name(&self, node: u32) -> &str {
        match self.text(self.node(node).name) {
            "" => self.key(node),
            name => name,
        }
    }

    /// A text of this graph.
    pub fn text(&self, text: Text) -> &str {
        self.texts.get(text)
    }

    /// All inputs.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// An input.
    pub fn group(&self, group: u32) -> &Group {
        &self.groups[group as usize]
    }

    /// A node's inputs.
    pub fn inputs(&self, node: u32) -> Range<u32> {
        span(&self.inputs, node)
    }

    /// An input's suppliers, each once, in the order of the nodes.
    pub fn suppliers(&self, group: u32) -> &[Link] {
        self.suppliers.row(group)
    }

    /// The inputs that a node supplies, each once.
    pub fn uses(&self, node: u32) -> &[Link] {
        self.uses.row(node)
    }

    /// How many edges were inferred, before any reading of them.
    pub fn inferred_edges(&self) -> usize {
        self.inferred_edges
    }

    /// What was left aside in building.
    pub fn aside(&self) -> Aside {
        self.aside
    }

    /// Keys of nodes, sorted.
    pub fn keys(&self, nodes: impl IntoIterator<Item = u32>) -> Vec<&str> {
        let mut keys: Vec<&str> = nodes.into_iter().map(|node| self.key(node)).collect();
        keys.sort_unstable();
        keys
    }

    /// The suppliers of a node that lie in another country, or belong to an owner of another country, each once.
    pub fn foreign_suppliers(&self, node: u32) -> Vec<u32> {
        let home = self.node(node).country;
        let abroad = |c: Country| home.is_known() && c.is_known() && c != home;
        let all = self.inputs(node).flat_map(|group| self.suppliers(group)).map(|link| link.to);
        let mut found: Vec<u32> =
            all.filter(|s| abroad(self.node(*s).country) || abroad(self.node(*s).owner_country)).collect();
        found.sort_unstable();
        found.dedup();
        found
    }
}
