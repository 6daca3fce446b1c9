//! How much hangs on few: the Herfindahl-Hirschman index over suppliers, their countries and their owners' countries.
use crate::graph::Graph;
use std::collections::{BTreeMap, BTreeSet};

/// The sum of squared shares: 1 where all is one, 0.1 for ten equal ones; 0 where there is nothing.
pub fn hhi(counts: impl IntoIterator<Item = u64>) -> f64 {
    let (mut sum, mut squares) = (0u128, 0u128);
    for count in counts {
        sum += u128::from(count);
        squares += u128::from(count) * u128::from(count);
    }
    if sum == 0 { 0.0 } else { squares as f64 / (sum * sum) as f64 }
}

/// All suppliers of a node, each once.
pub fn suppliers(graph: &Graph, node: u32) -> BTreeSet<u32> {
    graph.inputs(node).flat_map(|group| graph.suppliers(group)).map(|link| link.to).collect()
}

/// The suppliers of a node's suppliers that lie in the node's own country, with how many of its suppliers each feeds: for
/// international connectivity, the landing points at home with the number of cables that land there.
pub fn second_tier_at_home(graph: &Graph, node: u32) -> BTreeMap<u32, u64> {
    let home = graph.node(node).country;
    let mut found = BTreeMap::new();
    for supplier in suppliers(graph, node) {
        for second in suppliers(graph, supplier) {
            if home.is_known() && graph.node(second).country == home {
                *found.entry(second).or_insert(0) += 1;
            }
        }
    }
    found
}

/// Suppliers of a node counted by their country of location, or with `of_owner` by that of their owner; `""` is unknown.
pub fn by_country(graph: &Graph, node: u32, of_owner: bool) -> BTreeMap<&str, u64> {
    let mut found = BTreeMap::new();
    for supplier in suppliers(graph, node) {
        let node = graph.node(supplier);
        let country = if of_owner { &node.owner_country } else { &node.country };
        *found.entry(country.code()).or_insert(0) += 1;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn index() {
        #[track_caller]
        fn check(counts: &[u64], want: f64) {
            assert!((hhi(counts.iter().copied()) - want).abs() < 1e-12);
        }
        check(&[], 0.0);
        check(&[7], 1.0);
        check(&[1; 10], 0.1);
        check(&[50, 30, 20], 0.38);
    }
}
