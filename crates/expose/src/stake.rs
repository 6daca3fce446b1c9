//! What is at stake with an asset: the functions that its row names, and those that the dependency graph says would fall.
use std::collections::BTreeSet;

/// Whoever knows which functions fall when a node fails.
pub trait Stakes {
    /// Keys of the functions that fall where any one of these nodes fails alone.
    fn functions(&self, nodes: &[&str]) -> Vec<String>;

    /// The name of a function, for people; its key where it has none.
    fn name(&self, key: &str) -> String {
        key.to_owned()
    }
}

impl Stakes for depend::Snapshot {
    fn functions(&self, nodes: &[&str]) -> Vec<String> {
        self.functions_at_stake(nodes).into_iter().map(str::to_owned).collect()
    }

    fn name(&self, key: &str) -> String {
        let name = self.graph().find(key).map(|node| self.graph().name(node)).filter(|n| !n.is_empty());
        name.unwrap_or(key).to_owned()
    }
}

/// Nobody knows of any dependency.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoStakes;

impl Stakes for NoStakes {
    fn functions(&self, _nodes: &[&str]) -> Vec<String> {
        Vec::new()
    }
}

/// The functions of a subject: of its node (else the node of its own key), and those the row names. Sorted, each once.
pub(crate) fn of(stakes: &dyn Stakes, key: &str, node: &str, named: &str) -> Vec<String> {
    let place = if node.is_empty() { key } else { node };
    let mut all: BTreeSet<String> = stakes.functions(&[place]).into_iter().collect();
    all.extend(named.split(';').map(str::trim).filter(|f| !f.is_empty()).map(str::to_owned));
    all.into_iter().collect()
}
