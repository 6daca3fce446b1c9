//! Measure 2.1.1: trusted response teams abroad. A stock on one day: trust by a person, an agreement, a key, and an exchange
//! each way within a year, so that an account that is silent does not count.
use std::collections::{BTreeMap, BTreeSet};

use ledger::Micros;

use crate::facts::{Evidence, Facts, Passing, Span, View};
use crate::figure::{About, Detail, Figure, Item, Levels};
use crate::period::Period;

const YEAR: i64 = 365 * Micros::DAY;

/// Fills the figure and lists every team that was looked at.
pub fn evaluate(seen: &Facts, view: View, period: &Period, figure: &mut Figure) -> Vec<Item> {
    let day = Micros(period.until().0 - 1).min(view.as_of);
    let teams: Vec<&str> = seen.teams().into_iter().map(|p| p.key.as_str()).collect();
    let items: Vec<Item> = teams.iter().map(|team| item(seen, team, day)).collect();
    if figure.missing.is_empty() {
        let count = |level| {
            let fits = |item: &&Item| item.counted && shown(seen, &item.key, day) >= level;
            items.iter().filter(fits).count() as i64
        };
        let value = count(Evidence::E1);
        figure.value = Some(value.into());
        figure.numerator = Some(value);
        figure.denominator = Some(teams.len() as i64);
        let [e1, e2, e3, e4] = Evidence::COLUMNS.map(|level| Some(count(level).into()));
        figure.evidence = Levels { E1: e1, E2: e2, E3: e3, E4: e4 };
        let start = Micros(period.from().0 - 1);
        let before: BTreeSet<&str> = teams.iter().copied().filter(|t| item(seen, t, start).counted).collect();
        let now: BTreeSet<&str> = items.iter().filter(|i| i.counted).map(|i| i.key.as_str()).collect();
        figure.beside.insert("joined".to_owned(), now.difference(&before).count().into());
        figure.beside.insert("lapsed".to_owned(), before.difference(&now).count().into());
    }
    items
}

/// The best evidence of what came in from the team within the year before.
fn shown(seen: &Facts, team: &str, day: Micros) -> Evidence {
    within_year(seen, team, day).filter(|p| p.inbound).map(|p| p.evidence).max().unwrap_or_default()
}

/// What passed between a team and us within the year before.
fn within_year<'a>(seen: &'a Facts, team: &str, day: Micros) -> impl Iterator<Item = &'a Passing> {
    let since = Micros(day.0.saturating_sub(YEAR));
    seen.passings.get(team).into_iter().flat_map(move |all| all.within(Micros(since.0 + 1), Micros(day.0 + 1)))
}

fn item(seen: &Facts, team: &str, day: Micros) -> Item {
    let span =
        |spans: &[Span]| -> Vec<i64> { Facts::in_force(spans, team, day).map(|s| s.at.entry).into_iter().collect() };
    let mut keys: BTreeMap<&str, (bool, i64)> = BTreeMap::new();
    for key in seen.keys.iter().filter(|k| k.org == team && k.at.valid <= day) {
        keys.insert(&key.key, (key.active, key.at.entry));
    }
    let active: Vec<i64> = keys.values().filter(|(active, _)| *active).map(|(_, entry)| *entry).collect();
    let passed = |inbound| {
        let last = within_year(seen, team, day).filter(|p| p.inbound == inbound).max_by_key(|p| p.at);
        last.map(|p| p.at.entry).into_iter().collect::<Vec<_>>()
    };
    let details = [
        ("trust declared by a person", span(&seen.trusts)),
        ("agreement in force", span(&seen.agreements)),
        ("active key", active),
        ("something sent within a year", passed(false)),
        ("something received within a year", passed(true)),
    ];
    let lacking: Vec<&str> =
        details.iter().filter(|(_, entries)| entries.is_empty()).map(|(about, _)| *about).collect();
    let why =
        if lacking.is_empty() { "all conditions hold".to_owned() } else { format!("lacks: {}", lacking.join(", ")) };
    let detail = |(about, entries): (&str, Vec<i64>)| Detail {
        about: about.to_owned(),
        verdict: if entries.is_empty() { "no" } else { "yes" }.to_owned(),
        entries,
        ..Detail::default()
    };
    Item {
        key: team.to_owned(),
        counted: lacking.is_empty(),
        in_population: true,
        why,
        details: details.into_iter().map(detail).collect(),
        about: About::org(team),
    }
}
