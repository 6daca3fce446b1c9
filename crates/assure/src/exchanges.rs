//! Measure 1.2.2: exchanges, counted as partner, topic and week (spec assure, "Decided"), never as copies of objects.
use std::collections::BTreeMap;

use ledger::Micros;
use serde_json::json;

use crate::facts::{Evidence, Facts, Passing};
use crate::figure::{About, Detail, Figure, Item, Levels};
use crate::period::Period;

/// One exchange: what passed both ways between us and a partner about a topic in a week.
struct Exchange<'a> {
    org: &'a str,
    topic: &'a str,
    week: i64,
    counted: bool,
    passed: Vec<&'a Passing>,
}

/// Fills the figure and lists every exchange of the period, where that is asked.
pub(crate) fn evaluate(seen: &Facts, period: &Period, figure: &mut Figure, listed: bool) -> Vec<Item> {
    let all = exchanges(seen, period);
    if figure.missing.is_empty() {
        let count = |fits: &dyn Fn(&Passing) -> bool| {
            all.iter().filter(|x| x.counted && x.passed.iter().any(|p| fits(p))).count() as i64
        };
        let value = count(&|_| true);
        figure.value = Some(value.into());
        figure.numerator = Some(value);
        let [e1, e2, e3, e4] = Evidence::COLUMNS.map(|level| Some(count(&|p| p.evidence >= level).into()));
        figure.evidence = Levels { E1: e1, E2: e2, E3: e3, E4: e4 };
        figure.beside.insert("out".to_owned(), count(&|p| !p.inbound).into());
        figure.beside.insert("in".to_owned(), count(&|p| p.inbound).into());
        figure.beside.insert("changed_a_product".to_owned(), json!(null));
        figure.notes.push("which inbound items changed a product of ours is not recorded yet".to_owned());
    }
    if listed { all.iter().map(Exchange::item).collect() } else { Vec::new() }
}

/// In the order of partner, topic and week.
fn exchanges<'a>(seen: &'a Facts, period: &Period) -> Vec<Exchange<'a>> {
    let latest = seen.latest_partners();
    let (from, until) = (period.from(), period.until());
    let mut all = Vec::new();
    for (org, passings) in &seen.passings {
        let counted = latest.get(&**org).is_some_and(|p| seen.home.is_empty() || p.country != seen.home);
        let mut of: BTreeMap<(&str, i64), Vec<&Passing>> = BTreeMap::new();
        for p in passings.within(from, until) {
            of.entry((&p.topic, week_number(p.at.valid))).or_default().push(p);
        }
        all.extend(of.into_iter().map(|((topic, week), passed)| Exchange { org, topic, week, counted, passed }));
    }
    all
}

impl Exchange<'_> {
    fn item(&self) -> Item {
        let ways = [(false, "out"), (true, "in")];
        // in the order of the alphabet
        let mut ways: Vec<&str> = ways
            .iter()
            .filter(|(way, _)| self.passed.iter().any(|p| p.inbound == *way))
            .map(|(_, word)| *word)
            .collect();
        ways.sort_unstable();
        let why = if self.counted {
            format!("{} ({})", ways.join(" and "), plural(self.passed.len()))
        } else {
            "a partner at home, or an organisation that was never introduced".to_owned()
        };
        let mut entries: Vec<i64> = self.passed.iter().map(|p| p.at.entry).collect();
        entries.sort_unstable();
        Item {
            key: format!("{}, {}, {}", self.org, self.topic, week(self.week)),
            counted: self.counted,
            in_population: self.counted,
            why,
            details: vec![Detail {
                about: self.topic.to_owned(),
                verdict: ways.join("+"),
                entries,
                ..Detail::default()
            }],
            about: About::org(self.org),
        }
    }
}

fn plural(n: usize) -> String {
    if n == 1 { "1 item".to_owned() } else { format!("{n} items") }
}

/// Weeks since the one of 1970-01-01, which was a Thursday: each begins on a Monday (ISO 8601).
fn week_number(at: Micros) -> i64 {
    (at.day_number() + 3).div_euclid(7)
}

/// As it is written: `2025-W44`.
fn week(number: i64) -> String {
    let date = Micros::of_day(number * 7 - 3).civil().iso_week_date();
    format!("{:04}-W{:02}", date.year(), date.week())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weeks() {
        let of = |day| week(week_number(Micros::date(day).unwrap()));
        assert_eq!(of("1970-01-01"), "1970-W01");
        assert_eq!((of("2024-12-29"), of("2024-12-30")), ("2024-W52".to_owned(), "2025-W01".to_owned()));
        assert_eq!((of("2027-01-03"), of("2027-01-04")), ("2026-W53".to_owned(), "2027-W01".to_owned()));
    }
}
