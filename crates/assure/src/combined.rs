//! Measure 2.1.2: engagements between response teams that lower the risk both carry. The cohort of exposures and their weights are frozen on the day of
//! the meeting; ninety days later what is left of them is compared with what was there, and with matched exposures outside: those to the same
//! weaknesses in constituencies that took no part. What was found after the meeting stands apart.
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ledger::Micros;
use serde_json::json;

use crate::counted;
use crate::facts::{Evidence, Exposure, Facts, State, Statement, View};
use crate::figure::{About, Detail, Figure, Item, Levels};
use crate::pack::Measure;
use crate::period::Period;
use crate::record::facts::Unit;
use crate::record::value::Value;

/// How long an engagement may take to show.
const MATURES: i64 = 90 * Micros::DAY;

/// One engagement of the period, with the exposures it was about.
struct Meeting<'a> {
    unit: &'a Unit,
    at: Micros,
    /// Open on that day, in the constituencies of those who took part.
    cohort: Vec<&'a Exposure>,
    /// The same weaknesses elsewhere, open on that day.
    matched: Vec<&'a Exposure>,
    /// Found in the ninety days after.
    later: usize,
}

/// What became of an engagement.
enum Verdict {
    /// Its ninety days are not over.
    Young,
    /// No exposure was linked that was open on the day.
    Nothing,
    /// Before and after, as criticality, and the same of what was matched.
    Judged { before: f64, after: f64, matched: Option<(f64, f64)> },
}

/// Fills the figure and lists every engagement that was held in the period.
pub(crate) fn evaluate(
    seen: &Facts,
    engagements: &[Arc<Unit>],
    measure: &Measure,
    view: View,
    period: &Period,
    figure: &mut Figure,
) -> Vec<Item> {
    let meetings: Vec<Meeting<'_>> = engagements.iter().filter_map(|unit| meeting(seen, unit, period)).collect();
    let until = view.watched_until();
    let least = Evidence::read(&measure.min_evidence).unwrap_or_default();
    if figure.missing.is_empty() {
        let mature = meetings.iter().filter(|m| m.is_mature(until)).count() as i64;
        let count = |level| meetings.iter().filter(|m| m.judge(until, level).lowered()).count() as i64;
        let share = |n: i64| counted::share(n as f64, mature as f64);
        figure.value = share(count(least));
        figure.numerator = Some(count(least));
        figure.denominator = Some(mature);
        let [e1, e2, e3, e4] = Evidence::COLUMNS.map(|level| share(count(level)));
        figure.evidence = Levels { E1: e1, E2: e2, E3: e3, E4: e4 };
        let later: usize = meetings.iter().map(|m| m.later).sum();
        figure.beside.insert("found_after_the_meeting".to_owned(), json!({ "exposures": later }));
        let young = meetings.len() as i64 - mature;
        figure.beside.insert("not_yet_ninety_days_old".to_owned(), json!({ "engagements": young }));
        if mature == 0 {
            figure
                .notes
                .push("no engagement of this period is ninety days old: there is no share of nothing".to_owned());
        }
    }
    meetings.iter().map(|m| m.item(until, least)).collect()
}

/// Nothing where it was not held in the period.
fn meeting<'a>(seen: &'a Facts, unit: &'a Unit, period: &Period) -> Option<Meeting<'a>> {
    if unit.fields.get("state").is_none_or(|state| state.text() != "held") {
        return None;
    }
    let day = unit.fields.get("held_on")?.day()?;
    // the whole day counts: what was open on its morning, and what was known by its evening
    let at = Micros(Micros::of_day(day + 1).0 - 1);
    if !period.holds(Micros::of_day(day)) {
        return None;
    }
    let (partners, about) = (texts(unit, "partners"), texts(unit, "vulnerabilities"));
    let linked = about.iter().flat_map(|vulnerability| seen.exposures_to(vulnerability));
    let (inside, outside): (Vec<&Exposure>, Vec<&Exposure>) = linked.partition(|x| partners.contains(&*x.partner));
    let open = |list: &[&'a Exposure]| -> Vec<&'a Exposure> {
        list.iter().copied().filter(|x| affected(x, at, Evidence::E0).is_some_and(|n| n > 0.0)).collect()
    };
    let first = |x: &&&Exposure| {
        let known = x.said.iter().filter(|s| matches!(s.state, State::Affected(_))).map(|s| s.at.valid).min();
        known.is_some_and(|from| at < from && from.0 <= at.0 + MATURES)
    };
    let later = inside.iter().filter(first).count();
    Some(Meeting { unit, at, cohort: open(&inside), matched: open(&outside), later })
}

fn texts(unit: &Unit, field: &str) -> BTreeSet<String> {
    match unit.fields.get(field) {
        Some(Value::List(list)) => list.iter().map(Value::text).collect(),
        Some(one) => BTreeSet::from([one.text()]),
        None => BTreeSet::new(),
    }
}

/// How many are affected at an instant, in the middle of what is known; what mitigates counts from this evidence on. Nothing where it was never
/// real, or nothing had been said.
fn affected(x: &Exposure, at: Micros, level: Evidence) -> Option<f64> {
    let counts = |s: &&Statement| !matches!(s.state, State::Mitigated(..)) || s.evidence >= level;
    let said = x.said.iter().filter(|s| s.at.valid <= at).filter(counts);
    match &said.max_by_key(|s| s.at)?.state {
        State::Affected(count) | State::Mitigated(count, _) => Some((count.min + count.max) as f64 / 2.0),
        State::Unknown | State::Withdrawn => None,
    }
}

impl Meeting<'_> {
    fn is_mature(&self, until: Micros) -> bool {
        self.at.0 + MATURES <= until.0
    }

    fn judge(&self, until: Micros, level: Evidence) -> Verdict {
        if !self.is_mature(until) {
            return Verdict::Young;
        }
        let sum = |list: &[&Exposure]| {
            let end = Micros(self.at.0 + MATURES);
            list.iter().fold((0.0, 0.0), |(before, after), x| {
                let then = affected(x, self.at, Evidence::E0).unwrap_or(0.0);
                // what turned out never to have been real is left out of both
                affected(x, end, level)
                    .map_or((before, after), |now| (before + x.weight * then, after + x.weight * now))
            })
        };
        let (before, after) = sum(&self.cohort);
        if before <= 0.0 {
            return Verdict::Nothing;
        }
        let matched = Some(sum(&self.matched)).filter(|(before, _)| *before > 0.0);
        Verdict::Judged { before, after, matched }
    }

    fn item(&self, until: Micros, least: Evidence) -> Item {
        let verdict = self.judge(until, least);
        let entries: BTreeSet<i64> = self.cohort.iter().flat_map(|x| &x.said).map(|s| s.at.entry).collect();
        let times = BTreeMap::from([("held".to_owned(), self.at), ("judged".to_owned(), Micros(self.at.0 + MATURES))]);
        Item {
            key: self.unit.id.clone(),
            counted: verdict.lowered(),
            in_population: !matches!(verdict, Verdict::Young),
            why: verdict.words(self.cohort.len()),
            details: vec![Detail {
                about: format!("{} ({})", self.unit.id, self.unit.name),
                verdict: if verdict.lowered() { "lowered" } else { "not lowered" }.to_owned(),
                why: format!(
                    "{} exposures in the cohort, {} matched outside, {} found later",
                    self.cohort.len(),
                    self.matched.len(),
                    self.later
                ),
                times,
                sources: Vec::new(),
                entries: self.unit.entries.iter().copied().chain(entries).collect(),
            }],
            about: About { orgs: self.unit.orgs.clone(), record: Some((self.unit.kind.clone(), self.unit.id.clone())) },
        }
    }
}

impl Verdict {
    /// Less is left than there was, and a smaller share than outside.
    fn lowered(&self) -> bool {
        match self {
            Verdict::Judged { before, after, matched } => {
                let outside = matched.map_or(1.0, |(before, after)| after / before);
                after < before && after / before < outside
            }
            Verdict::Young | Verdict::Nothing => false,
        }
    }

    fn words(&self, cohort: usize) -> String {
        match self {
            Verdict::Young => "its ninety days are not over".to_owned(),
            Verdict::Nothing if cohort == 0 => "no exposure that was open on the day is linked to it".to_owned(),
            Verdict::Nothing => "what was linked to it was never real".to_owned(),
            Verdict::Judged { before, after, matched } => {
                let left = |before: f64, after: f64| format!("{:.0} %", after / before * 100.0);
                let outside = match matched {
                    Some((b, a)) => format!("{} outside", left(*b, *a)),
                    None => "nothing matched outside".to_owned(),
                };
                format!("of a risk of {before:.1} {} is left after ninety days; {outside}", left(*before, *after))
            }
        }
    }
}
