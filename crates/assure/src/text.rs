//! Figures, explanations and lint reports as lines for a person. Machines get the same by serialising them.
use std::fmt::Write;

use serde_json::Number;

use crate::figure::{Detail, Explanation, Figure, Item};
use crate::lint::Report;

/// The heads of [`row`].
pub const HEADS: [&str; 8] = ["measure", "value", "of", "E1", "E2", "E3", "E4", "what"];

/// A figure as a line of a table.
pub fn row(f: &Figure) -> Vec<String> {
    let of = match (f.numerator, f.denominator) {
        (Some(n), Some(d)) if f.unit == "percent" => format!("{n} of {d}"),
        (_, of) => of.map_or(String::new(), |d| d.to_string()),
    };
    let sign = if f.unit == "percent" { " %" } else { "" };
    let value = f.value.as_ref().map_or("–".to_owned(), |value| format!("{value}{sign}"));
    let what = match (f.missing.as_slice(), &f.value) {
        ([], None) => f.notes.first().cloned().unwrap_or_else(|| f.statement.clone()),
        ([], Some(_)) => f.statement.clone(),
        (missing, _) => format!("waits for {}", missing.join(", ")),
    };
    let e = &f.evidence;
    let levels = [&e.E1, &e.E2, &e.E3, &e.E4].map(number);
    [f.id.clone(), value, of].into_iter().chain(levels).chain([what]).collect()
}

/// A number, or a dash where there is none.
pub fn number(n: &Option<Number>) -> String {
    n.as_ref().map_or("–".to_owned(), Number::to_string)
}

/// What a plan holds, in one line, then each fault.
pub fn report(r: &Report) -> String {
    let held: Vec<String> =
        r.counts.named().into_iter().filter(|(_, n)| *n > 0).map(|(name, n)| format!("{n} {name}")).collect();
    let mut out = format!("{}: {}\n", r.pack, held.join(", "));
    for f in &r.faults {
        let _ = writeln!(out, "{}: {} [{}]", f.place, f.reason, f.rule);
    }
    out
}

/// A figure with its definition, what was counted, what was not, and why.
pub fn explanation(e: &Explanation) -> String {
    let f = &e.figure;
    let mut out = format!("{}  {}\n", f.id, f.statement);
    let _ = writeln!(out, "{}, as of {}, known as of {}", f.period, f.as_of, f.known_as_of);
    let _ = match (&f.value, f.denominator) {
        (None, _) if f.missing.is_empty() => writeln!(out, "no value"),
        (None, _) => writeln!(out, "no value: waits for {}", f.missing.join(", ")),
        (Some(value), Some(d)) if f.unit == "percent" => {
            writeln!(out, "{value} %: {} of {d}", f.numerator.unwrap_or_default())
        }
        (Some(value), Some(d)) => writeln!(out, "{value} of {d} {}", f.unit),
        (Some(value), None) => writeln!(out, "{value} {}", f.unit),
    };
    if let Some(first) = &f.restates {
        let _ = writeln!(out, "restated: it stood at {} when known by {}", number(&first.value), first.known_as_of);
    }
    if let Some(base) = &f.baseline {
        let _ = writeln!(out, "baseline {}: {}", base.period, number(&base.value));
    }
    for note in &f.notes {
        let _ = writeln!(out, "note: {note}");
    }
    definition(&mut out, e);
    for (name, value) in &f.beside {
        let _ = writeln!(out, "  {name}: {value}");
    }
    items(&mut out, "counted", &e.counted);
    items(&mut out, "not counted", &e.not_counted);
    out
}

fn definition(out: &mut String, e: &Explanation) {
    let m = &e.definition;
    let mut line = |name: &str, text: &str| {
        let _ = writeln!(out, "  {name}: {text}");
    };
    match &m.count {
        Some(count) => {
            let said = count.lines().map(|text| text.split('#').next().unwrap_or_default().trim());
            said.filter(|text| !text.is_empty()).for_each(|text| line("count", text));
        }
        None => {
            line("population", &m.population);
            line("numerator", &m.numerator);
            if let Some(denominator) = &m.denominator {
                line("denominator", denominator);
            }
            line("doubles fall together by", &m.dedup_key);
        }
    }
    line("least evidence", &m.min_evidence);
    if !m.exclusions.is_empty() {
        line("never counted", &m.exclusions.join("; "));
    }
    line("definition", &format!("version {}, owner {}, approver {}", m.definition_version, m.owner, m.approver));
}

fn items(out: &mut String, head: &str, items: &[Item]) {
    let _ = writeln!(out, "{head}: {}", items.len());
    for item in items {
        let _ = writeln!(out, "  {}: {}", item.key, item.why);
        for d in &item.details {
            detail(out, d);
        }
    }
}

fn detail(out: &mut String, d: &Detail) {
    let _ = write!(out, "    {} {}", d.about, d.verdict);
    if !d.why.is_empty() {
        let _ = write!(out, ": {}", d.why);
    }
    let times: Vec<String> = d.times.iter().map(|(name, at)| format!("{name} {at}")).collect();
    let entries: Vec<String> = d.entries.iter().map(i64::to_string).collect();
    let lists = [("", times), ("", d.sources.clone()), ("entries ", entries)];
    for (name, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
        let _ = write!(out, " | {name}{}", list.join(", "));
    }
    out.push('\n');
}
