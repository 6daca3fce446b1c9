//! A measure that is counted by its own text: from what was judged to a figure, by evidence, with what stands beside.
use std::collections::BTreeMap;

use ledger::Micros;
use serde_json::{Number, Value, json};

use crate::count::Program;
use crate::count::eval::Judged;
use crate::facts::Evidence;
use crate::figure::{About, Detail, Figure, Item, Levels};
use crate::pack::Measure;
use crate::wilson;

/// Fills the figure, and lists everything that was looked at where that is asked.
pub(crate) fn evaluate(
    program: &Program,
    measure: &Measure,
    judged: &[Judged<'_>],
    figure: &mut Figure,
    listed: bool,
) -> Vec<Item> {
    let least = Evidence::read(&measure.min_evidence).unwrap_or_default();
    if figure.missing.is_empty() {
        let shared = measure.unit == "percent";
        let sum = |fits: &dyn Fn(&Judged<'_>) -> bool| {
            judged.iter().filter(|one| fits(one)).fold(0.0, |sum, one| sum + one.weight)
        };
        let of = sum(&|one| one.in_population);
        let at = |level: Evidence| sum(&|one| one.holds && one.evidence >= level);
        let value = |n: f64| if shared { share(n, of) } else { whole(n) };
        let count = |fits: &dyn Fn(&Judged<'_>) -> bool| judged.iter().filter(|one| fits(one)).count() as i64;
        figure.value = value(at(least));
        figure.numerator = Some(count(&|one| one.holds && one.evidence >= least));
        figure.denominator = Some(count(&|one| one.in_population));
        let [e1, e2, e3, e4] = Evidence::COLUMNS.map(|level| value(at(level)));
        figure.evidence = Levels { E1: e1, E2: e2, E3: e3, E4: e4 };
        figure.beside = beside(program, judged, least);
        if let Some(name) = &measure.sample {
            figure.beside.insert("interval".to_owned(), interval(program, judged, least, name));
        }
        if program.weight.is_some() {
            figure.beside.insert("weighed".to_owned(), json!({ "counted": round(at(least)), "of": round(of) }));
        }
        if shared && of <= 0.0 {
            figure.notes.push("nothing is in the population of this period: there is no share of nothing".to_owned());
        }
    }
    if listed { judged.iter().map(|one| item(one, least)).collect() } else { Vec::new() }
}

/// What is counted too: how many, and how much of that holds what the measure counts.
fn beside(program: &Program, judged: &[Judged<'_>], least: Evidence) -> BTreeMap<String, Value> {
    let mut beside = BTreeMap::new();
    for (n, (name, _)) in program.beside.iter().enumerate() {
        let within = judged.iter().filter(|one| one.in_population && one.beside.get(n) == Some(&true));
        let (mut of, mut holds) = (0, 0);
        for one in within {
            of += 1;
            holds += i64::from(one.holds && one.evidence >= least);
        }
        let rate = (of > 0).then(|| round(holds as f64 / of as f64));
        beside.insert(name.clone(), json!({ "value": of, "counted_of_it": holds, "rate": rate }));
    }
    beside
}

/// The share among those who were asked and answered, in percent, with its 95 % interval (Wilson's score).
fn interval(program: &Program, judged: &[Judged<'_>], least: Evidence, name: &str) -> Value {
    let at = program.beside.iter().position(|(own, _)| own == name);
    let within = |one: &&Judged<'_>| one.in_population && at.is_some_and(|at| one.beside.get(at) == Some(&true));
    let (mut n, mut of) = (0, 0);
    for one in judged.iter().filter(within) {
        of += 1;
        n += u64::from(one.holds && one.evidence >= least);
    }
    let percent = |part: f64| (part * 1000.0).round() / 10.0;
    match wilson::interval(n, of) {
        Some((low, high)) => {
            json!({ "of": name, "share": percent(n as f64 / of as f64), "low": percent(low), "high": percent(high) })
        }
        None => json!({ "of": name, "share": null, "low": null, "high": null }),
    }
}

fn whole(n: f64) -> Option<Number> {
    if n.fract() == 0.0 && n.abs() < 9e15 { Some(Number::from(n as i64)) } else { Number::from_f64(round(n)) }
}

/// In percent, to one digit: more would only show how a machine divides.
pub(crate) fn share(n: f64, of: f64) -> Option<Number> {
    (of > 0.0).then(|| (n / of * 1000.0).round() / 10.0).and_then(whole)
}

fn round(x: f64) -> f64 {
    // an empty sum is zero, not less than it
    (x * 1e4).round() / 1e4 + 0.0
}

fn item(one: &Judged<'_>, least: Evidence) -> Item {
    let counted = one.holds && one.evidence >= least;
    let why = match one.holds && !counted {
        true => format!("shown at {:?} only, {least:?} is asked", one.evidence),
        false => one.why(),
    };
    let times =
        if one.since == Micros::default() { BTreeMap::new() } else { BTreeMap::from([("on".to_owned(), one.since)]) };
    Item {
        key: one.key.clone(),
        counted,
        in_population: one.in_population,
        why,
        details: vec![Detail {
            about: format!("{} {} ({})", one.unit.kind, one.unit.id, one.unit.name),
            verdict: format!("{:?}", one.evidence),
            why: String::new(),
            times,
            sources: Vec::new(),
            entries: one.unit.entries.clone(),
        }],
        about: About { orgs: one.unit.orgs.clone(), record: Some((one.unit.kind.clone(), one.unit.id.clone())) },
    }
}
