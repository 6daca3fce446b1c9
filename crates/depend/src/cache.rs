//! The graph in memory, which follows the log: each node of a hub keeps one.
use crate::cascade::Mode;
use crate::facts::Facts;
use crate::graph::{Graph, Reading};
use crate::spof::spof;
use crate::stage::{Segment, fold, segments};
use ledger::{Result, Tx};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// The infrastructure as of one position of the log.
#[derive(Debug)]
pub struct Snapshot {
    facts: Facts,
    graph: Graph,
    segments: Vec<Segment>,
    stakes: OnceLock<BTreeMap<u32, Vec<u32>>>,
}

impl Snapshot {
    fn new(facts: Facts, segments: Vec<Segment>) -> Snapshot {
        let graph = Graph::build(&facts, Reading::AsGiven);
        Snapshot { facts, graph, segments, stakes: OnceLock::new() }
    }

    /// Reads the whole infrastructure from the store.
    pub fn load(tx: &mut Tx<'_>) -> Result<Snapshot> {
        let segments = segments(tx)?;
        let mut facts = Facts::default();
        fold(tx, &mut facts, &segments)?;
        Ok(Snapshot::new(facts, segments))
    }

    /// The graph, inferred edges as given.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// What the sources say.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Keys of the functions that fall, ungrounded, where any one of these nodes fails alone; sorted. A node that is itself a
    /// function is at stake itself; a key that the graph does not know has nothing at stake that is known.
    pub fn functions_at_stake(&self, node_keys: &[&str]) -> Vec<&str> {
        let stakes = self.stakes.get_or_init(|| {
            spof(&self.graph, Mode::Ungrounded, |_| true).into_iter().map(|spof| (spof.node, spof.functions)).collect()
        });
        let nodes: BTreeSet<u32> = node_keys.iter().filter_map(|key| self.graph.find(key)).collect();
        let own = nodes.iter().copied().filter(|node| self.graph.node(*node).function);
        let fallen = nodes.iter().filter_map(|node| stakes.get(node)).flatten().copied();
        let all: BTreeSet<u32> = own.chain(fallen).collect();
        self.graph.keys(all)
    }

    /// Nodes whose key or name contains the text, whatever its case: those whose key is the text first, then by key.
    pub fn search(&self, text: &str, most: usize) -> Vec<u32> {
        let text = text.trim().to_lowercase();
        if text.is_empty() {
            return Vec::new();
        }
        let graph = &self.graph;
        let hit = |node: &u32| {
            graph.key(*node).to_lowercase().contains(&text) || graph.name(*node).to_lowercase().contains(&text)
        };
        let mut found: Vec<u32> = graph.nodes().map(|(at, _)| at).filter(hit).collect();
        found.sort_by_key(|node| (!graph.key(*node).eq_ignore_ascii_case(&text), graph.key(*node)));
        found.truncate(most);
        found
    }
}

/// Keeps the last snapshot and brings it up to date when asked.
#[derive(Debug, Default)]
pub struct Cache {
    last: Mutex<Option<Arc<Snapshot>>>,
}

impl Cache {
    /// The infrastructure as this unit sees it: the last snapshot where nothing came after it, else with what came after.
    pub fn get(&self, tx: &mut Tx<'_>) -> Result<Arc<Snapshot>> {
        let now = segments(tx)?;
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let snapshot = match last {
            Some(last) if last.segments == now => return Ok(last),
            Some(last) if now.starts_with(&last.segments) => {
                let mut facts = last.facts.clone();
                fold(tx, &mut facts, now.get(last.segments.len()..).unwrap_or_default())?;
                Snapshot::new(facts, now)
            }
            _ => Snapshot::load(tx)?,
        };
        let snapshot = Arc::new(snapshot);
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&snapshot));
        Ok(snapshot)
    }
}
