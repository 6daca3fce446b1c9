//! What the sources say, folded: the state of the infrastructure tables after the events so far.
//!
//! Assertions of different sources stay apart, so that a contradiction is seen and a withdrawal is whole. Within a source
//! a row is found again by its identity: a node by its key, an edge by supplier, consumer, type and group (parallel
//! edges count, so identical rows count together), a group by its name, a member by group and supplier.
mod keyed;
mod plan;

pub use plan::{Change, Plan, Refusal, plan};

use crate::quick::QuickMap;
use crate::tables::{self, Country, Edge, Form, Group, Member, Need, Node, Part, Provenance, Row, Rule, TableFault};
use crate::texts::{Text, Texts};
use keyed::Keyed;
use std::sync::Arc;

/// A node as one source describes it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct NodeFact {
    pub(crate) id: Text,
    pub(crate) kind: Text,
    pub(crate) layer: Text,
    pub(crate) name: Text,
    pub(crate) country: Country,
    pub(crate) place: Option<(f32, f32)>,
    pub(crate) capacity: Text,
    pub(crate) owner: Text,
    pub(crate) owner_country: Country,
    pub(crate) grounded: bool,
}

/// Identical edges of one source, counted by how they are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EdgeFact {
    pub(crate) need: Need,
    pub(crate) counts: [u32; 5],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct GroupFact {
    pub(crate) consumer: Text,
    pub(crate) input: Text,
    pub(crate) rule: Rule,
    pub(crate) buffer_min: u32,
    pub(crate) degraded: Part,
    pub(crate) ramp_up_min: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MemberFact {
    pub(crate) share: Option<Part>,
    pub(crate) strength: Option<Part>,
    pub(crate) kind: Text,
    pub(crate) provenance: Provenance,
    pub(crate) confidence: Option<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct NodeKey(pub(crate) u32, pub(crate) Text);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct EdgeKey {
    pub(crate) source: u32,
    pub(crate) src: Text,
    pub(crate) dst: Text,
    pub(crate) kind: Text,
    pub(crate) group: Text,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct GroupKey(pub(crate) u32, pub(crate) Text);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct MemberKey(pub(crate) u32, pub(crate) Text, pub(crate) Text);

/// What the sources say.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    pub(crate) texts: Arc<Texts>,
    sources: Vec<Text>,
    pub(crate) nodes: Keyed<NodeKey, NodeFact>,
    pub(crate) edges: Keyed<EdgeKey, EdgeFact>,
    pub(crate) groups: Keyed<GroupKey, GroupFact>,
    pub(crate) members: Keyed<MemberKey, MemberFact>,
    /// By the numbers that sources give their nodes.
    pub(crate) ids: QuickMap<(u32, Text), Text>,
    /// How many sources assert a node of this key.
    keys: QuickMap<Text, u32>,
    /// Rises with each fold: later assertions of the same thing stand over earlier ones.
    stamp: u32,
}

impl Facts {
    /// Folds the rows of one event: puts them, or takes them away. Rows that do not read are skipped and counted: they
    /// cannot come from [`plan`], which let none of them through.
    pub fn fold(&mut self, source: &str, removed: bool, body: &[u8]) -> Result<usize, TableFault> {
        let source = self.source(source);
        self.stamp += 1;
        let read = tables::read(body, |_, row| match (row, removed) {
            (Row::Node(node), false) => self.put_node(source, &node),
            (Row::Edge(edge), false) => self.put_edge(source, &edge),
            (Row::Group(group), false) => self.put_group(source, &group),
            (Row::Member(member), false) => self.put_member(source, &member),
            (row, true) => self.remove(source, &row),
        })?;
        Ok(read.faults.len())
    }

    /// How many rows of a form there are; identical edges count each.
    pub fn count(&self, form: Form) -> usize {
        match form {
            Form::Nodes => self.nodes.len(),
            Form::Edges => self.edges.iter().map(|(_, fact, _)| fact.counts.iter().sum::<u32>() as usize).sum(),
            Form::Groups => self.groups.len(),
            Form::Members => self.members.len(),
        }
    }

    fn source(&mut self, name: &str) -> u32 {
        let name = self.text(name);
        let at = self.sources.iter().position(|s| *s == name).unwrap_or_else(|| {
            self.sources.push(name);
            self.sources.len() - 1
        });
        at as u32
    }

    fn text(&mut self, text: &str) -> Text {
        Arc::make_mut(&mut self.texts).intern(text)
    }

    /// The key of the node that a row of this source names: by the source's own number first, then by key.
    pub(crate) fn resolve(&self, source: u32, name: Text) -> Option<Text> {
        self.ids.get(&(source, name)).copied().or_else(|| self.keys.contains_key(&name).then_some(name))
    }

    fn node(&mut self, node: &Node<'_>) -> NodeFact {
        NodeFact {
            id: self.text(node.id),
            kind: self.text(node.kind),
            layer: self.text(node.layer),
            name: self.text(node.name),
            country: node.country,
            place: node.place,
            capacity: self.text(node.capacity),
            owner: self.text(node.owner),
            owner_country: node.owner_country,
            grounded: node.grounded,
        }
    }

    fn put_node(&mut self, source: u32, node: &Node<'_>) {
        let key = self.text(node.key);
        let fact = self.node(node);
        self.set_node(NodeKey(source, key), fact);
    }

    fn set_node(&mut self, key: NodeKey, fact: NodeFact) {
        let before = self.nodes.put(key, fact, self.stamp);
        match before {
            None => *self.keys.entry(key.1).or_insert(0) += 1,
            Some(old) if old.id != fact.id && self.ids.get(&(key.0, old.id)) == Some(&key.1) => {
                self.ids.remove(&(key.0, old.id));
            }
            Some(_) => {}
        }
        if fact.id != Text::default() {
            self.ids.insert((key.0, fact.id), key.1);
        }
    }

    fn edge_key(&mut self, source: u32, edge: &Edge<'_>) -> EdgeKey {
        let (src, dst) = (self.text(edge.src), self.text(edge.dst));
        EdgeKey { source, src, dst, kind: self.text(edge.kind), group: self.text(edge.group) }
    }

    /// The first edge of an identity in an event replaces what was there, the next ones of the same event add to it.
    fn put_edge(&mut self, source: u32, edge: &Edge<'_>) {
        let key = self.edge_key(source, edge);
        let mut fact = match self.edges.get(&key) {
            Some((fact, stamp)) if stamp == self.stamp => *fact,
            _ => EdgeFact { need: edge.need, counts: [0; 5] },
        };
        add(&mut fact.counts, edge.provenance, 1);
        self.edges.put(key, fact, self.stamp);
    }

    fn group(&mut self, group: &Group<'_>) -> GroupFact {
        GroupFact {
            consumer: self.text(group.consumer),
            input: self.text(group.input),
            rule: group.rule,
            buffer_min: group.buffer_min,
            degraded: group.degraded,
            ramp_up_min: group.ramp_up_min,
        }
    }

    fn put_group(&mut self, source: u32, group: &Group<'_>) {
        let key = GroupKey(source, self.text(group.group));
        let fact = self.group(group);
        self.groups.put(key, fact, self.stamp);
    }

    fn member_key(&mut self, source: u32, member: &Member<'_>) -> MemberKey {
        MemberKey(source, self.text(member.group), self.text(member.supplier))
    }

    fn member(&mut self, member: &Member<'_>) -> MemberFact {
        MemberFact {
            share: member.share,
            strength: member.strength,
            kind: self.text(member.kind),
            provenance: member.provenance,
            confidence: member.confidence,
        }
    }

    fn put_member(&mut self, source: u32, member: &Member<'_>) {
        let key = self.member_key(source, member);
        let fact = self.member(member);
        self.members.put(key, fact, self.stamp);
    }

    fn remove(&mut self, source: u32, row: &Row<'_>) {
        match row {
            Row::Node(node) => {
                let key = self.text(node.key);
                self.remove_node(NodeKey(source, key));
            }
            Row::Edge(edge) => {
                let key = self.edge_key(source, edge);
                self.edges.remove(&key);
            }
            Row::Group(group) => {
                let key = GroupKey(source, self.text(group.group));
                self.groups.remove(&key);
            }
            Row::Member(member) => {
                let key = self.member_key(source, member);
                self.members.remove(&key);
            }
        }
    }

    fn remove_node(&mut self, key: NodeKey) {
        let Some(old) = self.nodes.remove(&key) else { return };
        if self.ids.get(&(key.0, old.id)) == Some(&key.1) {
            self.ids.remove(&(key.0, old.id));
        }
        if let Some(count) = self.keys.get_mut(&key.1) {
            *count -= 1;
            if *count == 0 {
                self.keys.remove(&key.1);
            }
        }
    }
}

/// Adds edges to the count of how they are known.
fn add(counts: &mut [u32; 5], provenance: Provenance, more: u32) {
    if let Some(count) = counts.get_mut(provenance as usize) {
        *count += more;
    }
}
