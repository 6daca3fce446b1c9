//! Interdependency: who depends on each other in a circle. Computed, never stored.
use crate::graph::Graph;

/// The strongly connected components.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Components {
    /// For each node the number of its component.
    pub of: Vec<u32>,
    /// For each component its size.
    pub sizes: Vec<u32>,
}

impl Components {
    /// How many there are, single nodes counted.
    pub fn count(&self) -> usize {
        self.sizes.len()
    }

    /// The size of the largest.
    pub fn largest(&self) -> u32 {
        self.sizes.iter().copied().max().unwrap_or(0)
    }

    /// The nodes that depend on this one and on which it depends, itself included, where there are others.
    pub fn interdependent(&self, node: u32) -> Vec<u32> {
        let Some(own) = self.of.get(node as usize).filter(|own| self.sizes[**own as usize] > 1) else {
            return Vec::new();
        };
        let same = |(at, of): (usize, &u32)| (of == own).then_some(at as u32);
        self.of.iter().enumerate().filter_map(same).collect()
    }
}

/// Finds the components (Tarjan 1972), without recursion: a chain of a million nodes is no deeper than one of two.
pub fn strong(graph: &Graph) -> Components {
    const UNSEEN: u32 = u32::MAX;
    let mut found = Components { of: vec![UNSEEN; graph.len()], sizes: Vec::new() };
    let mut index = vec![UNSEEN; graph.len()];
    let mut low = vec![0u32; graph.len()];
    let mut stack: Vec<u32> = Vec::new();
    let mut path: Vec<(u32, usize)> = Vec::new();
    let mut next = 0;
    for (root, _) in graph.nodes() {
        if index[root as usize] != UNSEEN {
            continue;
        }
        path.push((root, 0));
        while let Some((node, edge)) = path.pop() {
            let at = node as usize;
            if edge == 0 {
                (index[at], low[at]) = (next, next);
                next += 1;
                stack.push(node);
            }
            if let Some(link) = graph.uses(node).get(edge) {
                path.push((node, edge + 1));
                let to = graph.group(link.to).consumer as usize;
                if index[to] == UNSEEN {
                    path.push((to as u32, 0));
                } else if found.of[to] == UNSEEN {
                    low[at] = low[at].min(index[to]);
                }
                continue;
            }
            if low[at] == index[at] {
                let component = found.sizes.len() as u32;
                let before = stack.len();
                while let Some(member) = stack.pop() {
                    found.of[member as usize] = component;
                    if member == node {
                        break;
                    }
                }
                found.sizes.push((before - stack.len()) as u32);
            }
            if let Some((parent, _)) = path.last() {
                low[*parent as usize] = low[*parent as usize].min(low[at]);
            }
        }
    }
    found
}
