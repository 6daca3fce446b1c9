//! From facts to arrays: nodes by key, groups by consumer, edges both ways, and what inferred edges count under a reading.
use super::{Aside, Csr, FUNCTION_KINDS, GROUNDED_LAYER, Graph, Group, Link, NONE, Node, Reading};
use crate::facts::{Facts, NodeFact};
use crate::quick::QuickMap;
use crate::tables::{Need, Part, Provenance, Rule};
use crate::texts::Text;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A supplier in a group that is being gathered.
struct Member {
    supplier: u32,
    /// Parallel edges that were inferred, and others.
    inferred: u32,
    stated: u32,
    share: Option<Part>,
}

/// A group that is being gathered.
struct Draft {
    consumer: u32,
    input: Text,
    rule: Rule,
    buffer_min: u32,
    degraded: Part,
    ramp_up_min: u32,
    members: Vec<Member>,
}

pub(super) fn build(facts: &Facts, reading: Reading) -> Graph {
    let mut build = Build { facts, by_key: vec![NONE; facts.texts.len()], nodes: Vec::new(), aside: Aside::default() };
    build.nodes();
    let mut drafts = build.edges();
    drafts.extend(build.groups());
    let inferred_edges = drafts.iter().flat_map(|d| &d.members).map(|m| m.inferred as usize).sum();
    let Build { by_key, nodes, mut aside, .. } = build;
    let mut groups = Vec::with_capacity(drafts.len());
    for draft in drafts {
        aside.unsupplied_inputs += usize::from(draft.members.is_empty());
        read_group(draft, reading, &mut groups);
    }
    groups.sort_by_key(|(group, _)| group.consumer);
    let inputs = starts(nodes.len(), groups.iter().map(|(group, _)| group.consumer));
    let suppliers = rows(&groups);
    let uses = turned(nodes.len(), &suppliers);
    let groups = groups.into_iter().map(|(group, _)| group).collect();
    Graph { texts: Arc::clone(&facts.texts), nodes, by_key, groups, inputs, suppliers, uses, inferred_edges, aside }
}

struct Build<'a> {
    facts: &'a Facts,
    by_key: Vec<u32>,
    nodes: Vec<Node>,
    aside: Aside,
}

impl Build<'_> {
    /// One node for each key; where several sources describe it, the last description stands.
    fn nodes(&mut self) {
        let texts = &self.facts.texts;
        let flagged = self.facts.nodes.iter().filter(|(_, fact, _)| fact.grounded).map(|(_, fact, _)| fact.layer);
        let grounded: BTreeSet<Text> = flagged.chain(texts.find(GROUNDED_LAYER)).collect();
        let functions: Vec<Text> = FUNCTION_KINDS.iter().filter_map(|kind| texts.find(kind)).collect();
        let mut stamps: Vec<u32> = Vec::with_capacity(self.facts.nodes.len());
        for (key, fact, stamp) in self.facts.nodes.iter() {
            let node = described(key.1, fact, functions.contains(&fact.kind), grounded.contains(&fact.layer));
            let Some(at) = self.by_key.get_mut(key.1.index()) else { continue };
            if *at == NONE {
                *at = self.nodes.len() as u32;
                self.nodes.push(node);
                stamps.push(stamp);
            } else if let (Some(place), Some(before)) = (self.nodes.get_mut(*at as usize), stamps.get_mut(*at as usize))
                && *before < stamp
            {
                (*place, *before) = (node, stamp);
            }
        }
    }

    fn resolve(&self, source: u32, name: Text) -> Option<u32> {
        let key = self.facts.resolve(source, name)?;
        self.by_key.get(key.index()).copied().filter(|at| *at != NONE)
    }

    /// Groups of the edge tables: one for each source, consumer and group name.
    fn edges(&mut self) -> Vec<Draft> {
        let mut drafts: Vec<Draft> = Vec::new();
        let mut at: QuickMap<(u32, u32, Text), u32> = QuickMap::default();
        for (key, fact, _) in self.facts.edges.iter() {
            let ends = self.resolve(key.source, key.src).zip(self.resolve(key.source, key.dst));
            let Some((supplier, consumer)) = ends else {
                self.aside.dangling += fact.counts.iter().sum::<u32>() as usize;
                continue;
            };
            let rule = match fact.need {
                Need::All => Rule::All,
                Need::Share(part) => Rule::Share(part),
                Need::Count(1) => Rule::Any,
                Need::Count(k) => Rule::Count(k),
            };
            let next = drafts.len() as u32;
            let draft = *at.entry((key.source, consumer, key.group)).or_insert(next);
            if draft == next {
                let (degraded, members) = (Part::default(), Vec::new());
                drafts.push(Draft {
                    consumer,
                    input: key.group,
                    rule,
                    buffer_min: 0,
                    degraded,
                    ramp_up_min: 0,
                    members,
                });
            }
            let Some(draft) = drafts.get_mut(draft as usize) else { continue };
            if draft.rule != rule {
                self.aside.mixed_needs += 1;
                draft.rule = stricter(draft.rule, rule);
            }
            let inferred = fact.counts.get(Provenance::Inferred as usize).copied().unwrap_or(0);
            let stated = fact.counts.iter().sum::<u32>() - inferred;
            self.aside.self_supplies += if supplier == consumer { (stated + inferred) as usize } else { 0 };
            draft.members.push(Member { supplier, inferred, stated, share: None });
        }
        drafts
    }

    /// Groups of the group tables, with their members.
    fn groups(&mut self) -> Vec<Draft> {
        let mut drafts: Vec<Draft> = Vec::new();
        let mut at: QuickMap<(u32, Text), usize> = QuickMap::default();
        for (key, fact, _) in self.facts.groups.iter() {
            let Some(consumer) = self.resolve(key.0, fact.consumer) else {
                self.aside.dangling += 1;
                continue;
            };
            at.insert((key.0, key.1), drafts.len());
            drafts.push(Draft {
                consumer,
                input: fact.input,
                rule: fact.rule,
                buffer_min: fact.buffer_min,
                degraded: fact.degraded,
                ramp_up_min: fact.ramp_up_min,
                members: Vec::new(),
            });
        }
        for (key, fact, _) in self.facts.members.iter() {
            let draft = at.get(&(key.0, key.1)).and_then(|at| drafts.get_mut(*at));
            let Some((draft, supplier)) = draft.zip(self.resolve(key.0, key.2)) else {
                self.aside.dangling += 1;
                continue;
            };
            self.aside.self_supplies += usize::from(supplier == draft.consumer);
            let inferred = u32::from(fact.provenance == Provenance::Inferred);
            draft.members.push(Member { supplier, inferred, stated: 1 - inferred, share: fact.share });
        }
        drafts
    }
}

fn described(key: Text, fact: &NodeFact, function: bool, grounded: bool) -> Node {
    let NodeFact { kind, layer, name, country, place, capacity, owner, owner_country, .. } = *fact;
    Node { key, name, kind, layer, country, owner, owner_country, capacity, place, function, grounded }
}

/// The rule that asks for more, for rows of one input that differ.
fn stricter(a: Rule, b: Rule) -> Rule {
    let rank = |rule: Rule| match rule {
        Rule::Any => (0, 1),
        Rule::Count(k) => (1, k),
        Rule::Share(part) | Rule::Capacity(part) => (2, part.0),
        Rule::All => (3, 0),
    };
    if rank(a) >= rank(b) { a } else { b }
}

/// Turns a gathered group into what is computed with, under a reading of its inferred edges.
fn read_group(draft: Draft, reading: Reading, out: &mut Vec<(Group, Vec<Link>)>) {
    let count = |f: fn(&Member) -> u32| draft.members.iter().map(f).sum::<u32>();
    let (stated, inferred) = (count(|m| m.stated), count(|m| m.inferred));
    if inferred == 0 || reading == Reading::AsGiven {
        return push(&draft, draft.rule, &|m| m.stated + m.inferred, None, out);
    }
    // Of a mixed group the stated edges keep their rule, as far as there are so many of them.
    let of_stated = if let Rule::Count(k) = draft.rule { Rule::Count(k.min(stated)) } else { draft.rule };
    match reading {
        Reading::AsGiven => {}
        Reading::LeftOut => push(&draft, of_stated, &|m| m.stated, None, out),
        Reading::All => {
            push(&draft, of_stated, &|m| m.stated, None, out);
            push(&draft, Rule::All, &|m| m.inferred, None, out);
        }
        Reading::Any if stated == 0 => push(&draft, Rule::Any, &|m| m.inferred, None, out),
        Reading::Any => push(&draft, of_stated, &|m| m.stated, Some(&|m| m.inferred), out),
    }
}

/// Adds a group of the edges that `edges` counts, unless there are none. Each edge that `enough` counts satisfies the
/// group alone.
fn push(
    draft: &Draft,
    rule: Rule,
    edges: &dyn Fn(&Member) -> u32,
    enough: Option<&dyn Fn(&Member) -> u32>,
    out: &mut Vec<(Group, Vec<Link>)>,
) {
    let counted = |m: &Member| edges(m) + enough.map_or(0, |enough| enough(m));
    let total: u32 = draft.members.iter().map(counted).sum();
    let of_rule: u32 = draft.members.iter().map(edges).sum();
    if total == 0 {
        return;
    }
    let shares = shares(draft, edges);
    let (rule, capacity) = match (rule, &shares) {
        (Rule::Capacity(part), None) => (Rule::Share(part), false),
        (rule, _) => (rule, matches!(rule, Rule::Capacity(_))),
    };
    let need = match rule {
        Rule::All => of_rule,
        Rule::Any => 1,
        Rule::Count(k) => k,
        Rule::Share(part) => part.ceil_of(of_rule).max(1),
        Rule::Capacity(part) => part.0,
    };
    let weight = |(at, m): (usize, &Member)| {
        let own = match &shares {
            Some(shares) if capacity && edges(m) > 0 => shares.get(at).map_or(0, |share| share.0),
            _ => edges(m),
        };
        let alone = enough.map_or(0, |enough| enough(m)).saturating_mul(need);
        Link { to: m.supplier, weight: own.saturating_add(alone) }
    };
    let mut links: Vec<Link> = draft.members.iter().enumerate().map(weight).filter(|l| l.weight > 0).collect();
    links.sort_by_key(|link| link.to);
    links.dedup_by(|next, kept| {
        let same = next.to == kept.to;
        if same {
            kept.weight = kept.weight.saturating_add(next.weight);
        }
        same
    });
    let full = links.iter().map(|link| u64::from(link.weight)).sum();
    let Draft { consumer, input, buffer_min, degraded, ramp_up_min, .. } = *draft;
    let group = Group {
        consumer,
        input,
        rule,
        buffer_min,
        degraded,
        ramp_up_min,
        need: need.into(),
        full,
        edges: total,
        capacity,
    };
    out.push((group, links));
}

/// The share of the input that each member carries: as said, and for those that do not say an equal part of the rest.
/// `None` where none says: then edges are counted, which is exact.
fn shares(draft: &Draft, edges: &dyn Fn(&Member) -> u32) -> Option<Vec<Part>> {
    let taken = || draft.members.iter().filter(|m| edges(m) > 0);
    let said: u64 = taken().filter_map(|m| m.share).map(|share| u64::from(share.0)).sum();
    let silent = taken().filter(|m| m.share.is_none()).count() as u64;
    if silent == taken().count() as u64 {
        return None;
    }
    let rest = u64::from(Part::WHOLE.0).saturating_sub(said).checked_div(silent).unwrap_or(0);
    Some(draft.members.iter().map(|m| m.share.unwrap_or(Part(rest as u32))).collect())
}

/// Where each row starts, from the row of each link, in any order.
pub(crate) fn starts(rows: usize, of: impl Iterator<Item = u32>) -> Vec<u32> {
    let mut starts = vec![0; rows + 1];
    for row in of {
        if let Some(count) = starts.get_mut(row as usize + 1) {
            *count += 1;
        }
    }
    let mut sum = 0;
    for start in &mut starts {
        sum += *start;
        *start = sum;
    }
    starts
}

fn rows(groups: &[(Group, Vec<Link>)]) -> Csr {
    let lengths = groups.iter().enumerate().flat_map(|(at, (_, links))| std::iter::repeat_n(at as u32, links.len()));
    Csr {
        starts: starts(groups.len(), lengths),
        links: groups.iter().flat_map(|(_, links)| links.iter().copied()).collect(),
    }
}

/// The same links from the other end.
fn turned(nodes: usize, suppliers: &Csr) -> Csr {
    let starts = starts(nodes, suppliers.links.iter().map(|link| link.to));
    let mut next = starts.clone();
    let mut links = vec![Link { to: 0, weight: 0 }; suppliers.links.len()];
    for group in 0..suppliers.starts.len().saturating_sub(1) as u32 {
        for link in suppliers.row(group) {
            if let Some(at) = next.get_mut(link.to as usize) {
                if let Some(place) = links.get_mut(*at as usize) {
                    *place = Link { to: group, weight: link.weight };
                }
                *at += 1;
            }
        }
    }
    Csr { starts, links }
}
