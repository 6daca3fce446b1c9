//! What stands around an object: what it names, what refers to it, and the picture of both. Only what the viewer's views hold; a
//! reference to anything else stays the identifier that it is in the bytes.

use ledger::{Result, Tx};
use std::collections::{BTreeMap, BTreeSet};

use exchange::search::Hit;

use super::reading::{Reading, first_words, kind_words};
use super::{Picture, Relation, href};
use crate::chart::net::{Edge, Node, net};
use crate::pages::words::{Sentence, capital, count, figure};
use crate::respond::Context;

/// Objects that refer to this one, of which the page tells.
const REFERRING_MAX: usize = 200;
/// Things that a report names, of which the page tells.
const NAMED_MAX: usize = 1_000;
/// The columns of the picture.
const COLUMNS: [&str; 8] = [
    "This",
    "Actors",
    "Malware and tools",
    "Techniques",
    "Weaknesses",
    "Indicators",
    "Infrastructure",
    "Victims and others",
];

/// Everything around one object.
pub(super) struct Around {
    pub(super) picture: Option<Picture>,
    pub(super) relations: Vec<Relation>,
    pub(super) said: String,
    pub(super) names: Names,
}

/// What objects are called, of those that may be seen.
#[derive(Default)]
pub(crate) struct Names(BTreeMap<String, (String, String)>);

impl Names {
    /// Looks up the names of these ids.
    pub(crate) fn of(tx: &mut Tx<'_>, context: &Context, ids: &BTreeSet<String>) -> Result<Names> {
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let found = exchange::object::named(tx, context.person(), context.today(), &ids)?;
        let name = |body: &[u8]| Reading::of(body).map(|reading| reading.title());
        Ok(Names(found.into_iter().filter_map(|(id, held)| Some((id, (held.kind, name(&held.body)?)))).collect()))
    }

    /// What an object is called; its identifier where that is not known.
    pub(crate) fn name(&self, id: &str) -> String {
        self.get(id).map_or_else(|| id.to_owned(), |(_, name)| name.to_owned())
    }

    fn get(&self, id: &str) -> Option<(&str, &str)> {
        self.0.get(id).map(|(kind, name)| (kind.as_str(), name.as_str()))
    }

    /// Adds the name of an object with a link, or the identifier where the name is not known.
    pub(super) fn link(&self, sentence: Sentence, id: &str) -> Sentence {
        match self.get(id) {
            Some((_, name)) => sentence.link(&href(id), name),
            None => sentence.say(id),
        }
    }
}

/// A relation between two others, or between another and this one.
struct Said {
    from: String,
    to: String,
    word: String,
}

pub(super) fn of(tx: &mut Tx<'_>, context: &Context, id: &str, reading: &Reading) -> Result<Around> {
    let (hits, more) = exchange::search::referring(tx, context.person(), context.today(), id, REFERRING_MAX)?;
    let read: Vec<(&Hit, Reading)> = hits.iter().filter_map(|hit| Some((hit, Reading::of(&hit.body)?))).collect();
    let refs: Vec<String> = reading.texts("object_refs").into_iter().take(NAMED_MAX).map(str::to_owned).collect();
    let mut ids: BTreeSet<String> = refs.iter().cloned().collect();
    ids.extend(embedded(reading));
    for (_, other) in &read {
        ids.extend([other.text("source_ref"), other.text("target_ref")].map(str::to_owned));
    }
    ids.remove("");
    let names = Names::of(tx, context, &ids)?;
    let mut relations: Vec<Relation> =
        read.iter().filter_map(|(hit, other)| relation(context, id, hit, other, &names)).collect();
    relations.sort_by_cached_key(|r| (r.kind.clone(), r.how.plain(), r.what.plain()));
    let said = lines(tx, context, &refs, &read)?;
    let picture = picture(id, reading, &refs, &said, &names);
    let named = named(&refs, &names);
    let hidden = refs.iter().filter(|id| names.get(id).is_none()).count();
    let said = told(relations.len(), more, hidden);
    Ok(Around { picture, relations: named.into_iter().chain(relations).collect(), said, names })
}

/// The identifiers in the properties of an object.
fn embedded(reading: &Reading) -> Vec<String> {
    let one = |property: super::reading::Property| match property.shown {
        super::reading::Shown::Refs(ids) => ids,
        _ => Vec::new(),
    };
    let mut ids: Vec<String> = reading.properties().into_iter().flat_map(one).take(NAMED_MAX).collect();
    ids.push(reading.text("created_by_ref").to_owned());
    ids
}

/// What one that refers to this object has to do with it.
fn relation(context: &Context, id: &str, hit: &Hit, other: &Reading, names: &Names) -> Option<Relation> {
    let own = href(&hit.id);
    let when = Some(context.when(hit.added));
    let kind = |id: &str| names.get(id).map_or_else(String::new, |(kind, _)| kind_words(kind));
    let said = first_words(other.text("description"));
    Some(match hit.kind.as_str() {
        "relationship" => {
            let word = other.text("relationship_type").replace('-', " ");
            let (from, to) = (other.text("source_ref"), other.text("target_ref"));
            let (how, end) = if from == id { (word, to) } else { (format!("is what it {word}"), from) };
            let how = if from == id { how } else { passive(&other.text("relationship_type").replace('-', " "), &how) };
            let how = Sentence::new().link(&own, &how);
            let what = names.link(Sentence::new(), end);
            Relation { how, what, kind: kind(end), said, when }
        }
        "sighting" => Relation {
            how: Sentence::new().say("sighted"),
            what: Sentence::new().link(&own, "a sighting"),
            kind: "sighting".to_owned(),
            said,
            when,
        },
        // what an identity has made is no relation of the thing itself
        _ if other.text("created_by_ref") == id => return None,
        _ => Relation {
            how: Sentence::new().say("named in"),
            what: Sentence::new().link(&own, &other.title()),
            kind: kind_words(&hit.kind),
            said: String::new(),
            when,
        },
    })
}

/// A relation seen from its other end.
fn passive(word: &str, otherwise: &str) -> String {
    match word {
        "uses" => "used by".to_owned(),
        "targets" => "targeted by".to_owned(),
        "mitigates" => "mitigated by".to_owned(),
        "indicates" => "indicated by".to_owned(),
        "detects" => "detected by".to_owned(),
        "attributed to" => "what is attributed to it".to_owned(),
        "subtechnique of" => "has the part".to_owned(),
        "revoked by" => "stands for".to_owned(),
        "exploits" => "exploited by".to_owned(),
        "delivers" => "delivered by".to_owned(),
        "related to" | "duplicate of" => word.to_owned(),
        _ => otherwise.to_owned(),
    }
}

/// The things that a report names, as rows.
fn named(refs: &[String], names: &Names) -> Vec<Relation> {
    let rows = refs.iter().filter_map(|id| {
        let (kind, _) = names.get(id)?;
        let what = names.link(Sentence::new(), id);
        (kind != "relationship").then(|| Relation {
            how: Sentence::new().say("names"),
            what,
            kind: kind_words(kind),
            said: String::new(),
            when: None,
        })
    });
    let mut rows: Vec<Relation> = rows.collect();
    rows.sort_by_cached_key(|r| (r.kind.clone(), r.what.plain()));
    rows
}

/// The relations that are drawn: those that a report names, else those around the object.
fn lines(tx: &mut Tx<'_>, context: &Context, refs: &[String], read: &[(&Hit, Reading)]) -> Result<Vec<Said>> {
    let of = |reading: &Reading| Said {
        from: reading.text("source_ref").to_owned(),
        to: reading.text("target_ref").to_owned(),
        word: reading.text("relationship_type").replace('-', " "),
    };
    if refs.is_empty() {
        return Ok(read.iter().filter(|(hit, _)| hit.kind == "relationship").map(|(_, reading)| of(reading)).collect());
    }
    let relations: Vec<&str> = refs.iter().filter(|id| id.starts_with("relationship--")).map(String::as_str).collect();
    let held = exchange::object::named(tx, context.person(), context.today(), &relations)?;
    Ok(held.values().filter_map(|held| Reading::of(&held.body)).map(|reading| of(&reading)).collect())
}

fn picture(id: &str, reading: &Reading, refs: &[String], said: &[Said], names: &Names) -> Option<Picture> {
    let report = !refs.is_empty();
    let mut order: Vec<&str> = refs.iter().map(String::as_str).collect();
    if !report {
        order.push(id);
        order.extend(said.iter().flat_map(|s| [s.from.as_str(), s.to.as_str()]));
    }
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    let mut nodes = Vec::new();
    for one in order {
        let own = one == id;
        let named = if own {
            Some((reading.kind().to_owned(), reading.title()))
        } else {
            names.get(one).map(|(k, n)| (k.to_owned(), n.to_owned()))
        };
        let Some((kind, label)) =
            named.filter(|(kind, _)| !matches!(kind.as_str(), "relationship" | "marking-definition"))
        else {
            continue;
        };
        if places.contains_key(one) {
            continue;
        }
        places.insert(one, nodes.len());
        nodes.push(Node {
            label,
            kind: kind_words(&kind),
            href: href(one),
            column: if own { 0 } else { column(&kind) },
            own,
        });
    }
    let at = |id: &str| places.get(id).copied();
    let edges: Vec<Edge> =
        said.iter().filter_map(|s| Some(Edge { from: at(&s.from)?, to: at(&s.to)?, word: s.word.clone() })).collect();
    if nodes.len() < 2 || (!report && edges.is_empty()) {
        return None;
    }
    let n = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let heading = if report { "What it is about" } else { "What stands around it" };
    let name = format!(
        "{}: {}, {}",
        heading,
        count(n(nodes.len()), "thing", "things"),
        count(n(edges.len()), "relation", "relations")
    );
    let (svg, left) = net(&nodes, &edges, &COLUMNS, &name);
    let rest = (left > 0)
        .then(|| format!("{} more have no room here; the table below has them all.", capital(&figure(n(left)))));
    Some(Picture { heading: heading.to_owned(), svg, rest })
}

fn column(kind: &str) -> usize {
    match kind {
        "threat-actor" | "intrusion-set" | "campaign" | "incident" => 1,
        "malware" | "tool" | "malware-analysis" => 2,
        "attack-pattern" | "course-of-action" | "x-mitre-tactic" => 3,
        "vulnerability" => 4,
        "indicator" | "sighting" | "observed-data" => 5,
        "infrastructure" => 6,
        other if stix::Class::of(other) == stix::Class::Observable => 5,
        _ => 7,
    }
}

fn told(relations: usize, more: bool, hidden: usize) -> String {
    let n = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let mut out = match (relations, more) {
        (_, true) => format!("The newest {relations} that refer to it; there are more."),
        (0, _) => String::new(),
        _ => format!("{} to it.", capital(&count(n(relations), "thing refers", "things refer"))),
    };
    if hidden > 0 {
        out.push_str(&format!(
            " Of what it names {} not held here for you.",
            count(n(hidden), "thing is", "things are")
        ));
    }
    out.trim().to_owned()
}
