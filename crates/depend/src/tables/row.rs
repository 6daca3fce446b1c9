//! What one row says, typed. Rows borrow their text.
use super::fields::{Country, Fields, Part};
use super::header::Form;

type Fault = (&'static str, String);

/// An asset, system, network or function.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Node<'a> {
    /// The number by which edges of the same source name it; may be empty.
    pub id: &'a str,
    /// The key by which everybody names it.
    pub key: &'a str,
    /// What it is: `submarine-cable`, `port`, `function`…
    pub kind: &'a str,
    /// The network it belongs to: `power`, `comms`…
    pub layer: &'a str,
    /// Its name for people.
    pub name: &'a str,
    /// Country of location.
    pub country: Country,
    /// Latitude and longitude in degrees.
    pub place: Option<(f32, f32)>,
    /// Whether the row gives a place that is none on this globe; the node is kept without it.
    pub misplaced: bool,
    /// Capacity with its unit, as the source writes it.
    pub capacity: &'a str,
    /// Who owns it, as the source writes it.
    pub owner: &'a str,
    /// Country of the owner, which need not be that of location.
    pub owner_country: Country,
    /// Whether supply in its layer must reach back to a source.
    pub grounded: bool,
}

/// How many of an input's suppliers are needed, as the edge table writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Need {
    /// `0`: all of them.
    All,
    /// Below 1: a share of the edges, rounded up.
    Share(Part),
    /// From 1: a count of edges.
    Count(u32),
}

/// `src` supplies `dst`; all edges with the same `dst` and `group` are one input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge<'a> {
    /// The supplier, by id within the source or by key.
    pub src: &'a str,
    /// The consumer, by id within the source or by key.
    pub dst: &'a str,
    /// What kind of dependency.
    pub kind: &'a str,
    /// The input.
    pub group: &'a str,
    /// How many suppliers of the input are needed.
    pub need: Need,
    /// How it is known.
    pub provenance: Provenance,
}

/// When a group's input is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// Every supplier works.
    All,
    /// One supplier works.
    Any,
    /// So many suppliers work.
    Count(u32),
    /// So large a share of the suppliers works, rounded up.
    Share(Part),
    /// The suppliers that work carry at least this share of the input.
    Capacity(Part),
}

/// An input of a consumer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Group<'a> {
    /// The group's name within the source.
    pub group: &'a str,
    /// Who needs it, by id within the source or by key.
    pub consumer: &'a str,
    /// What is supplied: `electricity`, `water`…
    pub input: &'a str,
    /// When the input is there.
    pub rule: Rule,
    /// How long the consumer goes on without the input.
    pub buffer_min: u32,
    /// What the consumer still does without the input, once the buffer has run out.
    pub degraded: Part,
    /// How long the consumer needs after the input returns.
    pub ramp_up_min: u32,
}

/// How an assertion came to be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Provenance {
    /// The owner or its agency said so.
    Declared,
    /// Asked for in a survey.
    Surveyed,
    /// Seen to be so.
    Observed,
    /// Worked out, for example by nearness.
    Inferred,
    /// Not said.
    Unknown,
}

impl Provenance {
    /// All of them, from the best to the least known.
    pub const ALL: [Provenance; 5] =
        [Provenance::Declared, Provenance::Surveyed, Provenance::Observed, Provenance::Inferred, Provenance::Unknown];

    /// The word for people and tables.
    pub fn word(self) -> &'static str {
        match self {
            Provenance::Declared => "declared",
            Provenance::Surveyed => "surveyed",
            Provenance::Observed => "observed",
            Provenance::Inferred => "inferred",
            Provenance::Unknown => "unknown",
        }
    }
}

/// A supplier of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member<'a> {
    /// The group's name within the source.
    pub group: &'a str,
    /// The supplier, by id within the source or by key.
    pub supplier: &'a str,
    /// The share of the input it carries; an equal share where it is not said.
    pub share: Option<Part>,
    /// How strongly the consumer depends on it.
    pub strength: Option<Part>,
    /// Physical, cyber, geographic, logical, supply chain, ownership.
    pub kind: &'a str,
    /// How it is known.
    pub provenance: Provenance,
    /// Confidence from 0 to 100, as STIX counts it.
    pub confidence: Option<u8>,
}

/// One row of any of the four tables.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Row<'a> {
    /// Of [`Form::Nodes`].
    Node(Node<'a>),
    /// Of [`Form::Edges`].
    Edge(Edge<'a>),
    /// Of [`Form::Groups`].
    Group(Group<'a>),
    /// Of [`Form::Members`].
    Member(Member<'a>),
}

impl<'a> Row<'a> {
    pub(super) fn parse(form: Form, fields: &Fields<'a>) -> Result<Row<'a>, Fault> {
        Ok(match form {
            Form::Nodes => Row::Node(node(fields)?),
            Form::Edges => Row::Edge(edge(fields)?),
            Form::Groups => Row::Group(group(fields)?),
            Form::Members => Row::Member(member(fields)?),
        })
    }
}

fn node<'a>(fields: &Fields<'a>) -> Result<Node<'a>, Fault> {
    let place = fields.place(6, 7);
    Ok(Node {
        id: fields.text(0),
        key: fields.required(1)?,
        kind: fields.required(2)?,
        layer: fields.text(3),
        name: fields.text(4),
        country: fields.country(5)?,
        place: place.unwrap_or_default(),
        misplaced: place.is_err(),
        capacity: fields.text(8),
        owner: fields.text(9),
        owner_country: fields.country(10)?,
        grounded: fields.flag(11)?,
    })
}

fn edge<'a>(fields: &Fields<'a>) -> Result<Edge<'a>, Fault> {
    let (src, dst) = (fields.required(0)?, fields.required(1)?);
    let provenance = match (fields.has(5), fields.flag(5)?) {
        (false, _) => Provenance::Unknown,
        (true, true) => Provenance::Inferred,
        (true, false) => Provenance::Declared,
    };
    Ok(Edge { src, dst, kind: fields.text(2), group: fields.required(3)?, need: need(fields)?, provenance })
}

fn need(fields: &Fields<'_>) -> Result<Need, Fault> {
    const ONE: u64 = Part::WHOLE.0 as u64;
    match fields.number(4)?.unwrap_or(0) {
        0 => Ok(Need::All),
        share @ 1..ONE => Ok(Need::Share(Part(share as u32))),
        count if count % ONE == 0 => Ok(Need::Count(u32::try_from(count / ONE).unwrap_or(u32::MAX))),
        _ => {
            let reason = format!("need is {}: below 1 it is a share, from 1 a whole count", fields.text(4));
            Err(("bad-need", reason))
        }
    }
}

fn group<'a>(fields: &Fields<'a>) -> Result<Group<'a>, Fault> {
    Ok(Group {
        group: fields.required(0)?,
        consumer: fields.required(1)?,
        input: fields.required(2)?,
        rule: rule(fields)?,
        buffer_min: fields.minutes(5)?,
        degraded: fields.part(6)?.unwrap_or_default(),
        ramp_up_min: fields.minutes(7)?,
    })
}

fn rule(fields: &Fields<'_>) -> Result<Rule, Fault> {
    let rule = fields.required(3)?.to_ascii_lowercase().replace('_', "-");
    let wants = |what: &str| {
        let k = if fields.text(4).is_empty() { "empty" } else { fields.text(4) };
        ("bad-rule", format!("k is {k}, and rule {rule} wants {what}"))
    };
    match rule.as_str() {
        "all" => Ok(Rule::All),
        "any" => Ok(Rule::Any),
        "k-of-n" | "k of n" | "k" => {
            let k = fields.text(4).parse().ok().filter(|k| *k >= 1);
            k.map(Rule::Count).ok_or_else(|| wants("a whole number from 1"))
        }
        "share" | "capacity" => {
            let k = fields.part(4).ok().flatten().filter(|k| k.0 > 0);
            k.map(Rule::Capacity).ok_or_else(|| wants("a share above 0 and up to 1"))
        }
        _ => Err(("bad-rule", format!("rule is {}, none of all, any, k-of-n, share", fields.text(3)))),
    }
}

fn member<'a>(fields: &Fields<'a>) -> Result<Member<'a>, Fault> {
    let confidence = match fields.text(6) {
        "" => None,
        text => Some(
            text.parse()
                .ok()
                .filter(|c| *c <= 100)
                .ok_or_else(|| ("bad-number", format!("confidence is {text}, not a whole number from 0 to 100")))?,
        ),
    };
    Ok(Member {
        group: fields.required(0)?,
        supplier: fields.required(1)?,
        share: fields.part(2)?,
        strength: fields.part(3)?,
        kind: fields.text(4),
        provenance: provenance(fields.text(5))?,
        confidence,
    })
}

fn provenance(text: &str) -> Result<Provenance, Fault> {
    match text.to_ascii_lowercase().as_str() {
        "" | "unknown" => Ok(Provenance::Unknown),
        "declared" | "imported" => Ok(Provenance::Declared),
        "surveyed" => Ok(Provenance::Surveyed),
        "observed" => Ok(Provenance::Observed),
        "inferred" => Ok(Provenance::Inferred),
        _ => {
            let reason = format!("provenance is {text}, none of declared, surveyed, observed, inferred, imported");
            Err(("bad-provenance", reason))
        }
    }
}
