//! A pattern made ready to run: its `[ … ]` compiled and numbered, its times as numbers (STIX 2.1 section 9.5).

use super::ast::{Compare, Join, Observe, Pattern, Qualifier};
use super::leaf::Leaf;
use super::regex::Refusal;
use super::value::Moment;
use crate::Timestamp;

/// What is to be found.
#[derive(Debug, Clone)]
pub(super) enum Plan {
    /// One observation for the leaf of this number.
    Leaf(usize),
    Join(Join, Vec<Plan>),
    /// The innermost qualifier first.
    Qualified(Box<Plan>, Vec<Limit>),
}

/// A qualifier with its times in nanoseconds.
#[derive(Debug, Clone, Copy)]
pub(super) enum Limit {
    Within(i128),
    Repeats(u64),
    Between(Moment, Moment),
}

/// Nanoseconds that no two instants of the calendar are apart.
const FOR_EVER: f64 = 1e21;

impl Plan {
    /// Compiles a pattern; its leaves are put into `leaves`, in the order of the text.
    pub(super) fn new(pattern: &Pattern, leaves: &mut Vec<Leaf>) -> Result<Plan, Refusal> {
        let mut found: Vec<&Compare> = Vec::new();
        pattern.root.leaves(&mut found);
        let compiled = found.into_iter().map(Leaf::new).collect::<Result<Vec<_>, _>>()?;
        leaves.extend(compiled);
        Ok(plan(&pattern.root, &mut 0))
    }

    /// Whether it could match if these leaves are satisfied by something.
    pub(super) fn may(&self, is_satisfied: &dyn Fn(usize) -> bool) -> bool {
        match self {
            Plan::Leaf(leaf) => is_satisfied(*leaf),
            Plan::Join(Join::Or, parts) => parts.iter().any(|part| part.may(is_satisfied)),
            Plan::Join(_, parts) => parts.iter().all(|part| part.may(is_satisfied)),
            Plan::Qualified(inner, _) => inner.may(is_satisfied),
        }
    }

    /// Whether it is one `[ … ]` with qualifiers, which needs no search.
    pub(super) fn is_repeated_leaf(&self) -> bool {
        matches!(self, Plan::Qualified(inner, _) if matches!(**inner, Plan::Leaf(_)))
    }

    /// Observations that every match of it has at least.
    pub(super) fn least(&self) -> u64 {
        match self {
            Plan::Leaf(_) => 1,
            Plan::Join(Join::Or, parts) => parts.iter().map(Plan::least).min().unwrap_or(0),
            Plan::Join(_, parts) => parts.iter().map(Plan::least).fold(0, u64::saturating_add),
            Plan::Qualified(inner, limits) => limits.iter().fold(inner.least(), |least, limit| match limit {
                Limit::Repeats(times) => least.saturating_mul(*times),
                _ => least,
            }),
        }
    }
}

fn plan(observe: &Observe, next: &mut usize) -> Plan {
    match observe {
        Observe::One(_) => {
            *next += 1;
            Plan::Leaf(*next - 1)
        }
        Observe::Join(join, parts) => Plan::Join(*join, parts.iter().map(|part| plan(part, next)).collect()),
        Observe::Qualified(inner, qualifiers) => {
            Plan::Qualified(Box::new(plan(inner, next)), qualifiers.iter().map(limit).collect())
        }
    }
}

fn limit(qualifier: &Qualifier) -> Limit {
    let moment = |text: &str| Timestamp::parse(text).map_or(Moment(0), Moment::of);
    match qualifier {
        Qualifier::Within(seconds) => Limit::Within((seconds * 1e9).min(FOR_EVER).round() as i128),
        Qualifier::Repeats(times) => Limit::Repeats(*times),
        Qualifier::Between(start, stop) => Limit::Between(moment(start), moment(stop)),
    }
}
