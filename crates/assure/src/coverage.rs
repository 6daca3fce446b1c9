//! What serves what: how many records bear each tag of a plan, quarter by quarter; what nothing serves; which records serve nothing; and what of one
//! plan serves another, by its crosswalk.
use std::collections::{BTreeMap, BTreeSet};

use ledger::{Micros, Result, Tx};
use serde::Serialize;

use crate::compute;
use crate::facts::View;
use crate::pack::Plan;
use crate::period::Period;
use crate::record::definition::Catalogue;
use crate::record::facts::Book;

/// The quarters that are looked at, the last one first.
const QUARTERS: usize = 4;

/// What serves what.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Coverage {
    /// The quarters, the oldest first.
    pub periods: Vec<String>,
    /// One row for each tag, plan by plan.
    pub tags: Vec<Row>,
    /// Lines of effort by priorities: how many records bear both.
    pub both: Vec<Both>,
    /// Records that serve nothing, by kind and id.
    pub orphans: Vec<Orphan>,
    /// How many records were looked at.
    pub records: usize,
}

/// One tag.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// Such as `isp:1.2`.
    pub tag: String,
    /// Its words.
    pub words: String,
    /// Records of each quarter that bear it.
    pub own: Vec<usize>,
    /// Records of each quarter that bear a tag of another plan which serves it, and not itself.
    pub rolled: Vec<usize>,
}

impl Row {
    /// Nothing of the whole time serves it.
    pub fn is_empty(&self) -> bool {
        self.own.iter().chain(&self.rolled).all(|n| *n == 0)
    }
}

/// Records that bear two tags.
#[derive(Clone, Debug, Serialize)]
pub struct Both {
    /// A line of effort.
    pub effort: String,
    /// A priority.
    pub priority: String,
    /// How many bear both.
    pub records: usize,
}

/// A record without a tag.
#[derive(Clone, Debug, Serialize)]
pub struct Orphan {
    /// Its kind.
    pub kind: String,
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// What records served in the year up to `as_of`.
pub fn coverage(tx: &mut Tx<'_>, as_of: Micros) -> Result<Coverage> {
    let (plans, tags) = (compute::plans(tx)?, compute::tags(tx)?);
    let book = Book::read(tx, as_of)?;
    let units = book.at(&Catalogue::of(tx)?, View { as_of, known_as_of: as_of });
    let periods = quarters(as_of);
    let place = |at: Micros| periods.iter().position(|period| period.holds(at));
    // a tag → the tags of other plans that serve it
    let mut serves: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for plan in &plans {
        for edge in &plan.alignments {
            let from = format!("{}:{}", plan.head.prefix, edge.objective);
            serves.entry(&edge.serves).or_default().insert(from);
        }
    }
    let mut rows: BTreeMap<&str, Row> = BTreeMap::new();
    for (tag, words) in &tags {
        let none = vec![0; periods.len()];
        rows.insert(tag, Row { tag: tag.clone(), words: words.clone(), own: none.clone(), rolled: none });
    }
    let mut out = Coverage { periods: periods.iter().map(ToString::to_string).collect(), ..Coverage::default() };
    let mut both: BTreeMap<(String, String), usize> = BTreeMap::new();
    for unit in units.values().flatten() {
        let bears: BTreeSet<String> = match unit.fields.get("tags") {
            Some(crate::record::Value::List(list)) => list.iter().map(crate::record::Value::text).collect(),
            _ => BTreeSet::new(),
        };
        out.records += 1;
        if bears.is_empty() {
            out.orphans.push(Orphan { kind: unit.kind.clone(), id: unit.id.clone(), name: unit.name.clone() });
        }
        for (effort, priority) in pairs(&bears) {
            *both.entry((effort, priority)).or_default() += 1;
        }
        let Some(at) = place(unit.since) else { continue };
        for (tag, row) in &mut rows {
            let rolls = || serves.get(tag).is_some_and(|from| !from.is_disjoint(&bears));
            let counts = match bears.contains(*tag) {
                true => &mut row.own,
                false if rolls() => &mut row.rolled,
                false => continue,
            };
            if let Some(n) = counts.get_mut(at) {
                *n += 1;
            }
        }
    }
    // in the order of the plans, not of the alphabet
    out.tags = plans.iter().flat_map(Plan::tags).filter_map(|(tag, _)| rows.remove(tag.as_str())).collect();
    out.both = both.into_iter().map(|((effort, priority), records)| Both { effort, priority, records }).collect();
    Ok(out)
}

/// Each line of effort with each priority that a record bears.
fn pairs(bears: &BTreeSet<String>) -> Vec<(String, String)> {
    let of = |what: &str| bears.iter().filter(move |tag| tag.contains(what)).cloned().collect::<Vec<_>>();
    let (efforts, priorities) = (of(":effort-"), of(":priority-"));
    efforts.iter().flat_map(|e| priorities.iter().map(move |p| (e.clone(), p.clone()))).collect()
}

/// The quarter that holds `as_of` and those before it, the oldest first.
fn quarters(as_of: Micros) -> Vec<Period> {
    let mut periods = vec![Period::holding(as_of)];
    while let Some(first) = periods.first().filter(|_| periods.len() < QUARTERS) {
        let before = Period::holding(Micros(first.from().0 - 1));
        periods.insert(0, before);
    }
    periods
}
