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
    outbound: bool,
    inbound: bool,
    /// The best that shows it.
    best: Evidence,
    /// Of what passed.
    entries: Vec<i64>,
}

/// Fills the figure and lists every exchange of the period, where that is asked.
pub(crate) fn evaluate(seen: &Facts, period: &Period, figure: &mut Figure, listed: bool) -> Vec<Item> {
    let all = exchanges(seen, period);
    if figure.missing.is_empty() {
        let count = |fits: &dyn Fn(&Exchange<'_>) -> bool| all.iter().filter(|x| x.counted && fits(x)).count() as i64;
        let value = count(&|_| true);
        figure.value = Some(value.into());
        figure.numerator = Some(value);
        let [e1, e2, e3, e4] = Evidence::COLUMNS.map(|level| Some(count(&|x| x.best >= level).into()));
        figure.evidence = Levels { E1: e1, E2: e2, E3: e3, E4: e4 };
        figure.beside.insert("out".to_owned(), count(&|x| x.outbound).into());
        figure.beside.insert("in".to_owned(), count(&|x| x.inbound).into());
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
        // by week first: what passed is in the order of time, and numbers are compared sooner than words
        let mut of: BTreeMap<(i64, &str), Exchange<'_>> = BTreeMap::new();
        for p in passings.within(from, until) {
            let (week, topic) = (week_number(p.at.valid), &*p.topic);
            of.entry((week, topic)).or_insert_with(|| Exchange::new(org, topic, week, counted)).add(p);
        }
        let first = all.len();
        all.extend(of.into_values());
        all[first..].sort_by_key(|x| (x.topic, x.week));
    }
    all
}

impl<'a> Exchange<'a> {
    fn new(org: &'a str, topic: &'a str, week: i64, counted: bool) -> Exchange<'a> {
        Exchange {
            org,
            topic,
            week,
            counted,
            outbound: false,
            inbound: false,
            best: Evidence::default(),
            entries: Vec::new(),
        }
    }

    fn add(&mut self, passed: &Passing) {
        self.inbound |= passed.inbound;
        self.outbound |= !passed.inbound;
        self.best = self.best.max(passed.evidence);
        self.entries.push(passed.at.entry);
    }

    fn item(&self) -> Item {
        let ways: Vec<&str> = [("in", self.inbound), ("out", self.outbound)]
            .into_iter()
            .filter(|(_, so)| *so)
            .map(|(word, _)| word)
            .collect();
        let why = if self.counted {
            format!("{} ({})", ways.join(" and "), plural(self.entries.len()))
        } else {
            "a partner at home, or an organisation that was never introduced".to_owned()
        };
        let mut entries = self.entries.clone();
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
