//! `plan` and `measure`: the plan as data, its figures, and why a figure is what it is.
use crate::args::{Format, Global};
use crate::failure::{Done, Failure};
use crate::{actor, out, store};
use assure::{Figure, Period};
use clap::{Args, Subcommand};
use ledger::{Ledger, Micros};
use partners::may::Verb;

/// The plan.
#[derive(Debug, Subcommand)]
pub(crate) enum Plan {
    /// Count the plan and find what is wrong with it
    Lint,
}

impl Plan {
    pub(crate) fn run(&self, global: &Global) -> Result<Done, Failure> {
        let Plan::Lint = self;
        let report = store::open_or_create(global)?.read(assure::lint_plan)?;
        if global.format == Format::Table {
            let c = report.counts;
            out::line(&format!(
                "{} goals, {} objectives, {} enabling measures, {} measures of effectiveness, {} alignments to {} objectives",
                c.goals, c.objectives, c.enabling, c.measures, c.alignments, c.aligned
            ))?;
            for fault in &report.faults {
                out::line(&format!("{}: {} [{}]", fault.place, fault.reason, fault.rule))?;
            }
        } else {
            out::json(&report)?;
        }
        Ok(if report.faults.is_empty() { Done::Fine } else { Done::Findings })
    }
}

/// Measures.
#[derive(Debug, Subcommand)]
pub(crate) enum Measure {
    /// Every measure of the plan, as of two dates
    Compute(Times),
    /// What was counted in one measure, what was not, and why
    Explain {
        /// The measure, such as isp:2.1.3
        id: String,
        #[command(flatten)]
        times: Times,
    },
}

/// The two dates and the period.
#[derive(Debug, Args)]
pub(crate) struct Times {
    /// What was so by then, inclusive; now unless said
    #[arg(long, value_name = "TIME")]
    as_of: Option<Micros>,
    /// What was known by then, inclusive; now unless said
    #[arg(long, value_name = "TIME")]
    known_as_of: Option<Micros>,
    /// 2025-Q4 or FY2026-Q1; the calendar quarter that holds --as-of unless said
    #[arg(long)]
    period: Option<Period>,
}

impl Times {
    fn at(&self, ledger: &Ledger) -> (Micros, Micros) {
        let now = ledger.env().clock.now();
        let as_of = self.as_of.unwrap_or(now);
        (as_of, self.known_as_of.unwrap_or(now))
    }
}

impl Measure {
    pub(crate) fn run(&self, global: &Global) -> Result<Done, Failure> {
        let ledger = store::open_existing(global)?;
        actor::must(global, &ledger, Verb::Measure)?;
        match self {
            Measure::Compute(times) => {
                let (as_of, known) = times.at(&ledger);
                let figures = ledger.read(|tx| assure::compute(tx, as_of, known, times.period.as_ref()))?;
                compute(global, &figures)
            }
            Measure::Explain { id, times } => {
                let (as_of, known) = times.at(&ledger);
                let explained = ledger.read(|tx| assure::explain(tx, id, as_of, known, times.period.as_ref()))?;
                explain(global, &explained)
            }
        }
    }
}

fn compute(global: &Global, figures: &[Figure]) -> Result<Done, Failure> {
    let text = |n: &Option<serde_json::Number>| n.as_ref().map_or_else(|| "–".to_owned(), ToString::to_string);
    out::rows(global.format, figures, &["measure", "value", "of", "E1", "E2", "E3", "E4", "what it says", "missing"], |f| {
        let of = f.denominator.map_or_else(String::new, |d| d.to_string());
        let e = &f.evidence;
        let levels = [text(&e.E1), text(&e.E2), text(&e.E3), text(&e.E4)];
        [vec![f.id.clone(), text(&f.value), of], levels.to_vec(), vec![f.statement.clone(), f.missing.join(", ")]].concat()
    })?;
    let null = figures.iter().filter(|f| f.value.is_none()).count();
    out::say(format!("{} measures, {null} without a value: each says what is missing", figures.len()));
    Ok(Done::Fine)
}

fn explain(global: &Global, e: &assure::Explanation) -> Result<Done, Failure> {
    if global.format != Format::Table {
        out::json(e)?;
        return Ok(Done::Fine);
    }
    let value = e.figure.value.as_ref().map_or_else(|| "no value".to_owned(), ToString::to_string);
    out::line(&format!("{}: {value} {} in {}", e.figure.id, e.figure.unit, e.figure.period))?;
    out::line(&e.figure.statement)?;
    for (name, items) in [("counted", &e.counted), ("not counted", &e.not_counted)] {
        out::line(&format!("{} {name}", items.len()))?;
        for item in items {
            out::line(&format!("  {}: {}", item.key, item.why))?;
        }
    }
    for missing in &e.figure.missing {
        out::line(&format!("missing: {missing}"))?;
    }
    for note in &e.figure.notes {
        out::line(&format!("note: {note}"))?;
    }
    Ok(Done::Fine)
}
