//! What an imported table changes: which rows are new or different, which stand already, which are refused and why.
//!
//! Rows that stand already produce nothing, so importing again appends no event. Rows that go into an event go in as the
//! bytes received; identical edges stay together, because [`Facts::fold`] counts them within one event.
use super::{EdgeFact, EdgeKey, Facts, GroupKey, Keyed, MemberKey, NodeKey, add};
use crate::quick::QuickMap;
use crate::tables::{self, Edge, Form, Group, Member, Need, Node, Place, Row, TableFault};
use crate::texts::{Text, Texts};
use std::hash::Hash;
use std::ops::Range;

/// Most bytes of rows in one event, unless identical edges alone are more.
const CHUNK_BYTES_MAX: usize = 4 << 20;

/// An event to append: rows that are put, or taken away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Which table.
    pub form: Form,
    /// Whether the rows are taken away.
    pub removed: bool,
    /// How many rows.
    pub rows: usize,
    /// Header and rows, as received; for rows taken away, the columns that identify them.
    pub body: Vec<u8>,
}

/// A row that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Line of the file, from 1 (the header).
    pub line: u64,
    /// The row's identity as far as it could be read.
    pub id: String,
    /// Stable code.
    pub rule: &'static str,
    /// What was wrong and what to do, in words.
    pub reason: String,
}

/// What importing a table would do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Events to append, in order.
    pub changes: Vec<Change>,
    /// Rows that are new or different.
    pub accepted: usize,
    /// Rows that stand already.
    pub unchanged: usize,
    /// Rows of the source that are absent and so taken away (with `replace` only).
    pub removed: usize,
    /// Rows refused.
    pub refused: Vec<Refusal>,
    /// What the reader should know.
    pub warnings: Vec<String>,
}

/// Whether a table replaces what its source said before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Replacing {
    /// Absent rows stay.
    No,
    /// It does, together with more tables of its form that follow.
    More,
    /// It does, together with those planned after this stamp: rows in none of them are taken away.
    Last(u32),
}

/// Plans the import of one table and folds it into the facts, so that the tables after it may refer to its rows. Tables
/// are planned in the order of [`Form::ALL`].
pub fn plan(facts: &mut Facts, source: &str, bytes: &[u8], replace: bool) -> Result<Plan, TableFault> {
    let replacing = if replace { Replacing::Last(facts.stamp) } else { Replacing::No };
    plan_one_of(facts, source, bytes, replacing)
}

/// Plans one of several tables that are imported together.
pub(crate) fn plan_one_of(
    facts: &mut Facts,
    source: &str,
    bytes: &[u8],
    replace: Replacing,
) -> Result<Plan, TableFault> {
    let source = facts.source(source);
    facts.stamp += 1;
    let mut work = Work {
        source,
        refused: Vec::new(),
        needs: QuickMap::default(),
        self_supplies: 0,
        ids: QuickMap::default(),
        next: Vec::new(),
    };
    let (mut nodes, mut edges, mut groups, mut members) =
        (Keyed::default(), Keyed::default(), Keyed::default(), Keyed::default());
    let read = tables::read(bytes, |place, row| match row {
        Row::Node(node) => work.node(facts, &mut nodes, place, &node),
        Row::Edge(edge) => work.edge(facts, &mut edges, place, &edge),
        Row::Group(group) => work.group(facts, &mut groups, place, &group),
        Row::Member(member) => work.member(facts, &mut members, place, &member),
    })?;
    let faults = read.faults.into_iter();
    work.refused.extend(faults.map(|f| Refusal { line: f.line, id: String::new(), rule: f.rule, reason: f.reason }));
    work.refused.sort_by_key(|r| r.line);
    let mut plan = Plan { warnings: read.warnings, ..Plan::default() };
    if work.self_supplies > 0 {
        plan.warnings.push(format!("{} edges where a node supplies itself, kept", work.self_supplies));
    }
    let header = bytes.get(read.header).unwrap_or_default();
    let mut out = Writer { bytes, header, next: &work.next, form: read.form, plan: &mut plan };
    match read.form {
        Form::Nodes => {
            let (rows, gone) = split(&nodes, &facts.nodes, source, replace, &mut out, |a, b| a == b);
            out.removed(&facts.texts, &gone);
            rows.into_iter().for_each(|(key, fact)| facts.set_node(key, fact));
            gone.into_iter().for_each(|key| facts.remove_node(key));
        }
        Form::Edges => {
            let same = |new: &EdgeFact, old: &EdgeFact| stands(new, old, replace != Replacing::No);
            let (rows, gone) = split(&edges, &facts.edges, source, replace, &mut out, same);
            out.removed(&facts.texts, &gone);
            facts.edges.change(rows, gone, facts.stamp);
        }
        Form::Groups => {
            let (rows, gone) = split(&groups, &facts.groups, source, replace, &mut out, |a, b| a == b);
            out.removed(&facts.texts, &gone);
            facts.groups.change(rows, gone, facts.stamp);
        }
        Form::Members => {
            let (rows, gone) = split(&members, &facts.members, source, replace, &mut out, |a, b| a == b);
            out.removed(&facts.texts, &gone);
            facts.members.change(rows, gone, facts.stamp);
        }
    }
    plan.refused = work.refused;
    Ok(plan)
}

/// Identical edges stand already where as many are known; fewer mean removal only when the source is replaced.
fn stands(new: &EdgeFact, old: &EdgeFact, replace: bool) -> bool {
    new == old || !replace && new.need == old.need && new.counts.iter().zip(&old.counts).all(|(n, o)| n <= o)
}

/// The rows of one identity in the file: the value, the first row and the last.
type Seen<V> = (V, u32, u32);

struct Work {
    source: u32,
    refused: Vec<Refusal>,
    needs: QuickMap<(Text, Text), (Need, u64)>,
    self_supplies: usize,
    /// For each id of a node in this table the key that it stands for.
    ids: QuickMap<Text, Text>,
    /// For each row its place and the next row of the same identity (0 for none).
    next: Vec<(Range<usize>, u32)>,
}

impl Work {
    fn refuse(&mut self, place: &Place, id: &str, rule: &'static str, reason: String) {
        self.refused.push(Refusal { line: place.line, id: id.to_owned(), rule, reason });
    }

    fn row(&mut self, place: Place) -> u32 {
        self.next.push((place.raw, 0));
        self.next.len() as u32 - 1
    }

    fn once<K: Copy + Eq + Hash, V: Copy>(
        &mut self,
        seen: &mut Keyed<K, Seen<V>>,
        place: Place,
        key: K,
        value: V,
        id: &str,
    ) {
        if seen.get(&key).is_some() {
            return self.refuse(&place, id, "doubled-row", format!("{id} stands in an earlier row of this table"));
        }
        let row = self.row(place);
        seen.put(key, (value, row, row), 0);
    }

    fn known(&mut self, facts: &Facts, place: &Place, id: impl Fn() -> String, column: &str, name: Text) -> bool {
        let known = facts.resolve(self.source, name).is_some();
        if !known {
            let name = facts.texts.get(name);
            let reason =
                format!("{column} {name} is neither a node's id in this source nor a key; import the nodes first");
            self.refuse(place, &id(), "unknown-node", reason);
        }
        known
    }

    fn node(
        &mut self,
        facts: &mut Facts,
        seen: &mut Keyed<NodeKey, Seen<super::NodeFact>>,
        place: Place,
        node: &Node<'_>,
    ) {
        let key = NodeKey(self.source, facts.text(node.key));
        let fact = facts.node(node);
        if fact.id != Text::default() {
            let owner = *self.ids.entry(fact.id).or_insert(key.1);
            if owner != key.1 {
                let reason = format!("id {} stands in an earlier row, for {}", node.id, facts.texts.get(owner));
                return self.refuse(&place, node.key, "doubled-id", reason);
            }
        }
        self.once(seen, place, key, fact, node.key);
    }

    fn edge(&mut self, facts: &mut Facts, seen: &mut Keyed<EdgeKey, Seen<EdgeFact>>, place: Place, edge: &Edge<'_>) {
        let key = facts.edge_key(self.source, edge);
        let id = || format!("{}>{}", edge.src, edge.dst);
        for (column, name) in [("src", key.src), ("dst", key.dst)] {
            if !self.known(facts, &place, id, column, name) {
                return;
            }
        }
        let (need, line) = *self.needs.entry((key.dst, key.group)).or_insert((edge.need, place.line));
        if need != edge.need {
            let reason = format!(
                "need differs from that of line {line}, which is of the same supply group ({}, {})",
                edge.dst, edge.group
            );
            return self.refuse(&place, &id(), "need-differs", reason);
        }
        self.self_supplies += usize::from(edge.src == edge.dst);
        let row = self.row(place);
        let mut counted = (EdgeFact { need, counts: [0; 5] }, row, row);
        if let Some((before, _)) = seen.get(&key) {
            counted = (before.0, before.1, row);
            if let Some(last) = self.next.get_mut(before.2 as usize) {
                last.1 = row;
            }
        }
        add(&mut counted.0.counts, edge.provenance, 1);
        seen.put(key, counted, 0);
    }

    fn group(
        &mut self,
        facts: &mut Facts,
        seen: &mut Keyed<GroupKey, Seen<super::GroupFact>>,
        place: Place,
        group: &Group<'_>,
    ) {
        let key = GroupKey(self.source, facts.text(group.group));
        let fact = facts.group(group);
        if self.known(facts, &place, || group.group.to_owned(), "consumer", fact.consumer) {
            self.once(seen, place, key, fact, group.group);
        }
    }

    fn member(
        &mut self,
        facts: &mut Facts,
        seen: &mut Keyed<MemberKey, Seen<super::MemberFact>>,
        place: Place,
        member: &Member<'_>,
    ) {
        let id = format!("{}<{}", member.group, member.supplier);
        let key = facts.member_key(self.source, member);
        if facts.groups.get(&GroupKey(self.source, key.1)).is_none() {
            let reason = format!("group {} is not known in this source; import the groups first", member.group);
            return self.refuse(&place, &id, "unknown-group", reason);
        }
        if self.known(facts, &place, || id.clone(), "supplier", key.2) {
            let fact = facts.member(member);
            self.once(seen, place, key, fact, &id);
        }
    }
}

/// Compares the file with what stands: writes out what is new or different, counts the rest, names what is gone. Gives the
/// rows to put, among them, where the table replaces, those that stand: their stamp says that they were seen.
fn split<K: Identity, V: Copy>(
    seen: &Keyed<K, Seen<V>>,
    stored: &Keyed<K, V>,
    source: u32,
    replace: Replacing,
    out: &mut Writer<'_>,
    same: impl Fn(&V, &V) -> bool,
) -> (Vec<(K, V)>, Vec<K>) {
    let mut rows = Vec::new();
    for (key, (value, first, _), _) in seen.iter() {
        match stored.get(key) {
            Some((old, _)) if same(value, old) => {
                out.unchanged(*first);
                rows.extend((replace != Replacing::No).then_some((*key, *old)));
            }
            _ => {
                out.put(*first);
                rows.push((*key, *value));
            }
        }
    }
    let Replacing::Last(since) = replace else { return (rows, Vec::new()) };
    let absent = |key: &K, stamp: u32| stamp <= since && key.source() == source && seen.get(key).is_none();
    let gone = stored.iter().filter(|(key, _, stamp)| absent(key, *stamp)).map(|(key, _, _)| *key).collect();
    (rows, gone)
}

struct Writer<'a> {
    bytes: &'a [u8],
    header: &'a [u8],
    next: &'a [(Range<usize>, u32)],
    form: Form,
    plan: &'a mut Plan,
}

impl Writer<'_> {
    fn rows(&self, first: u32) -> impl Iterator<Item = &[u8]> {
        let row = |at: u32| self.next.get(at as usize);
        let after = move |at: &u32| row(*at).map(|(_, next)| *next).filter(|next| *next > 0);
        std::iter::successors(Some(first), after).filter_map(move |at| self.bytes.get(row(at)?.0.clone()))
    }

    fn unchanged(&mut self, first: u32) {
        self.plan.unchanged += self.rows(first).count();
    }

    fn put(&mut self, first: u32) {
        let length: usize = self.rows(first).map(|row| row.len() + 1).sum();
        let full = |change: &Change| change.body.len() + length > CHUNK_BYTES_MAX;
        let mut change = match self.plan.changes.pop() {
            Some(change) if !full(&change) => change,
            last => {
                self.plan.changes.extend(last);
                let mut body = Vec::with_capacity(self.bytes.len().min(CHUNK_BYTES_MAX) + 1024);
                body.extend_from_slice(self.header);
                body.push(b'\n');
                Change { form: self.form, removed: false, rows: 0, body }
            }
        };
        for row in self.rows(first) {
            change.body.extend_from_slice(row);
            change.body.push(b'\n');
            change.rows += 1;
        }
        self.plan.accepted += self.rows(first).count();
        self.plan.changes.push(change);
    }

    fn removed<K: Identity>(&mut self, texts: &Texts, gone: &[K]) {
        if gone.is_empty() {
            return;
        }
        let mut csv = csv::Writer::from_writer(Vec::new());
        // Writing to memory cannot fail.
        let _ = csv.write_record(K::COLUMNS);
        gone.iter().for_each(|key| drop(csv.write_record(key.fields(texts))));
        let body = csv.into_inner().unwrap_or_default();
        self.plan.changes.push(Change { form: self.form, removed: true, rows: gone.len(), body });
        self.plan.removed += gone.len();
    }
}

/// What a row is found again by, and how it is written where the row is taken away: a row that reads, in which what does
/// not identify it is filled with anything.
trait Identity: Copy + Eq + Hash {
    const COLUMNS: &'static [&'static str];
    fn source(&self) -> u32;
    fn fields<'a>(&self, texts: &'a Texts) -> Vec<&'a str>;
}

impl Identity for NodeKey {
    const COLUMNS: &'static [&'static str] = &["key", "type"];

    fn source(&self) -> u32 {
        self.0
    }

    fn fields<'a>(&self, texts: &'a Texts) -> Vec<&'a str> {
        vec![texts.get(self.1), "-"]
    }
}

impl Identity for EdgeKey {
    const COLUMNS: &'static [&'static str] = &["src", "dst", "type", "group", "need"];

    fn source(&self) -> u32 {
        self.source
    }

    fn fields<'a>(&self, texts: &'a Texts) -> Vec<&'a str> {
        vec![texts.get(self.src), texts.get(self.dst), texts.get(self.kind), texts.get(self.group), "0"]
    }
}

impl Identity for GroupKey {
    const COLUMNS: &'static [&'static str] = &["group", "consumer", "input", "rule"];

    fn source(&self) -> u32 {
        self.0
    }

    fn fields<'a>(&self, texts: &'a Texts) -> Vec<&'a str> {
        vec![texts.get(self.1), "-", "-", "all"]
    }
}

impl Identity for MemberKey {
    const COLUMNS: &'static [&'static str] = &["group", "supplier"];

    fn source(&self) -> u32 {
        self.0
    }

    fn fields<'a>(&self, texts: &'a Texts) -> Vec<&'a str> {
        vec![texts.get(self.1), texts.get(self.2)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NODES: &[u8] = b"id,key,type,name\n1,a,plant,A\n2,b,plant,\"B, the second\"\n3,f,function,F\n";
    const EDGES: &[u8] =
        b"src,dst,type,group,need,inferred\n1,3,p,in,1,0\n2,3,p,in,1,0\n1,3,p,in,1,0\nb,b,p,self,0,1\n";

    fn summary(plan: &Plan) -> String {
        let refused: Vec<_> = plan.refused.iter().map(|r| format!("{}:{}:{}", r.line, r.id, r.rule)).collect();
        let events: Vec<_> =
            plan.changes.iter().map(|c| format!("{}{}", if c.removed { '-' } else { '+' }, c.rows)).collect();
        let Plan { accepted, unchanged, removed, .. } = plan;
        format!(
            "accepted {accepted} unchanged {unchanged} removed {removed} events {events:?} refused {refused:?} {:?}",
            plan.warnings
        )
    }

    #[test]
    fn importing_again_changes_nothing() {
        let mut facts = Facts::default();
        #[track_caller]
        fn check(facts: &mut Facts, table: &[u8], replace: bool, want: &str) {
            // Every plan's events fold to the facts that the plan left behind.
            let mut folded = facts.clone();
            let plan = plan(facts, "s", table, replace).unwrap();
            plan.changes.iter().for_each(|c| assert_eq!(folded.fold("s", c.removed, &c.body), Ok(0)));
            let show = |facts: &Facts| {
                let edges: Vec<_> = facts.edges.iter().map(|(k, f, _)| (*k, *f)).collect();
                let nodes: Vec<_> = facts.nodes.iter().map(|(k, f, _)| (*k, *f)).collect();
                format!("{nodes:?} {edges:?}")
            };
            assert_eq!(show(&folded), show(facts));
            assert_eq!(summary(&plan), want);
        }
        check(&mut facts, NODES, false, r#"accepted 3 unchanged 0 removed 0 events ["+3"] refused [] []"#);
        check(&mut facts, NODES, true, r#"accepted 0 unchanged 3 removed 0 events [] refused [] []"#);
        let warning = r#"["1 edges where a node supplies itself, kept"]"#;
        check(
            &mut facts,
            EDGES,
            false,
            &format!(r#"accepted 4 unchanged 0 removed 0 events ["+4"] refused [] {warning}"#),
        );
        check(&mut facts, EDGES, true, &format!(r#"accepted 0 unchanged 4 removed 0 events [] refused [] {warning}"#));
        // One of two parallel edges is missing: removal only where the source is replaced.
        let fewer = b"src,dst,type,group,need,inferred\n1,3,p,in,1,0\n2,3,p,in,1,0\n";
        check(&mut facts, fewer, false, r#"accepted 0 unchanged 2 removed 0 events [] refused [] []"#);
        check(&mut facts, fewer, true, r#"accepted 1 unchanged 1 removed 1 events ["+1", "-1"] refused [] []"#);
        assert_eq!(facts.count(Form::Edges), 2);
        let renamed = b"id,key,type,name\n1,a,plant,A\n2,b,plant,B\n";
        check(&mut facts, renamed, true, r#"accepted 1 unchanged 1 removed 1 events ["+1", "-1"] refused [] []"#);
    }

    #[test]
    fn rows_refused_by_what_others_say() {
        let mut facts = Facts::default();
        let doubled = [NODES, b"4,a,plant,again\n3,g,plant,\n"].concat();
        let plan1 = plan(&mut facts, "s", &doubled, false).unwrap();
        insta::assert_snapshot!(summary(&plan1), @r#"accepted 3 unchanged 0 removed 0 events ["+3"] refused ["5:a:doubled-row", "6:g:doubled-id"] []"#);
        let edges = b"src,dst,type,group,need\n1,3,p,in,1\n2,3,p,in,2\n9,3,p,in,1\n";
        let plan2 = plan(&mut facts, "s", edges, false).unwrap();
        insta::assert_snapshot!(summary(&plan2), @r#"accepted 1 unchanged 0 removed 0 events ["+1"] refused ["3:2>3:need-differs", "4:9>3:unknown-node"] []"#);
        let groups = b"group,consumer,input,rule\ng,f,water,any\nh,nobody,water,any\n";
        let plan3 = plan(&mut facts, "s", groups, false).unwrap();
        insta::assert_snapshot!(summary(&plan3), @r#"accepted 1 unchanged 0 removed 0 events ["+1"] refused ["3:h:unknown-node"] []"#);
        let members = b"group,supplier\ng,a\ng,a\nx,a\ng,q\n";
        let plan4 = plan(&mut facts, "s", members, false).unwrap();
        insta::assert_snapshot!(summary(&plan4), @r#"accepted 1 unchanged 0 removed 0 events ["+1"] refused ["3:g<a:doubled-row", "4:x<a:unknown-group", "5:g<q:unknown-node"] []"#);
        // Ids are a source's own; keys are everybody's.
        let plan5 = plan(&mut facts, "other", b"src,dst,group,need\n1,3,in,1\na,f,in,1\n", false).unwrap();
        insta::assert_snapshot!(summary(&plan5), @r#"accepted 1 unchanged 0 removed 0 events ["+1"] refused ["2:1>3:unknown-node"] []"#);
    }
}
