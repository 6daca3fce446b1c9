//! Measure 1.2.2: exchanges, counted as partner, topic and week (spec assure, "Decided"), never as copies of objects.
use std::collections::{BTreeMap, BTreeSet};

use ledger::Micros;
use serde_json::json;

use crate::facts::{Evidence, Facts, Passing};
use crate::figure::{About, Detail, Figure, Item, Levels};
use crate::period::Period;

/// Fills the figure and lists every exchange of the period.
pub fn evaluate(seen: &Facts, period: &Period, figure: &mut Figure) -> Vec<Item> {
    let latest = seen.latest_partners();
    let abroad = |org: &str| latest.get(org).is_some_and(|p| seen.home.is_empty() || p.country != seen.home);
    let mut units: BTreeMap<(&str, &str, String), Vec<&Passing>> = BTreeMap::new();
    for p in seen.passings.iter().filter(|p| period.holds(p.at.valid)) {
        units.entry((&p.org, &p.topic, week(p.at.valid))).or_default().push(p);
    }
    let items: Vec<Item> = units
        .iter()
        .map(|((org, topic, week), passed)| {
            let counted = abroad(org);
            let directions: BTreeSet<&str> = passed.iter().map(|p| if p.inbound { "in" } else { "out" }).collect();
            let directions: Vec<&str> = directions.into_iter().collect();
            let why = if counted {
                format!("{} ({})", directions.join(" and "), plural(passed.len()))
            } else {
                "a partner at home, or an organisation that was never introduced".to_owned()
            };
            let entries = passed.iter().map(|p| p.at.entry).collect();
            let detail =
                Detail { about: (*topic).to_owned(), verdict: directions.join("+"), entries, ..Detail::default() };
            Item {
                key: format!("{org}, {topic}, {week}"),
                counted,
                in_population: counted,
                why,
                details: vec![detail],
                about: About::org(org),
            }
        })
        .collect();
    if figure.missing.is_empty() {
        let count = |level: Evidence| {
            let fits = |((org, _, _), passed): &(&(&str, &str, String), &Vec<&Passing>)| {
                abroad(org) && passed.iter().any(|p| p.evidence >= level)
            };
            units.iter().filter(fits).count() as i64
        };
        let value = items.iter().filter(|i| i.counted).count() as i64;
        figure.value = Some(value.into());
        figure.numerator = Some(value);
        let [e1, e2, e3, e4] = Evidence::COLUMNS.map(|level| Some(count(level).into()));
        figure.evidence = Levels { E1: e1, E2: e2, E3: e3, E4: e4 };
        let one_way = |inbound| {
            let fits = |((org, _, _), passed): &(&(&str, &str, String), &Vec<&Passing>)| {
                abroad(org) && passed.iter().any(|p| p.inbound == inbound)
            };
            units.iter().filter(fits).count()
        };
        figure.beside.insert("out".to_owned(), one_way(false).into());
        figure.beside.insert("in".to_owned(), one_way(true).into());
        figure.beside.insert("changed_a_product".to_owned(), json!(null));
        figure.notes.push("which inbound items changed a product of ours is not recorded yet".to_owned());
    }
    items
}

fn plural(n: usize) -> String {
    if n == 1 { "1 item".to_owned() } else { format!("{n} items") }
}

/// ISO 8601 week: `2025-W44`.
pub fn week(at: Micros) -> String {
    let date = at.civil().iso_week_date();
    format!("{:04}-W{:02}", date.year(), date.week())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weeks() {
        assert_eq!(week(Micros::date("2024-12-30").unwrap()), "2025-W01");
        assert_eq!(week(Micros::date("2027-01-03").unwrap()), "2026-W53");
    }
}
