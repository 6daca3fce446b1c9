//! `plan` and `measure`: the plan as data, its figures, and why a figure is what it is.
use crate::args::{Format, Global};
use crate::failure::{Done, Failure};
use crate::{actor, out, store};
use assure::{Figure, Period, text};
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
        let ledger = store::open_or_create(global)?;
        actor::own(global, &ledger)?;
        let report = ledger.read(assure::lint_plan)?;
        if global.format == Format::Table {
            out::line(text::report(&report).trim_end())?;
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
    out::rows(global.format, figures, &text::HEADS, text::row)?;
    let null = figures.iter().filter(|f| f.value.is_none()).count();
    out::say(format!("{} measures, {null} without a value: each says what is missing", figures.len()));
    Ok(Done::Fine)
}

fn explain(global: &Global, explained: &assure::Explanation) -> Result<Done, Failure> {
    match global.format {
        Format::Table => out::line(text::explanation(explained).trim_end())?,
        _ => out::json(explained)?,
    }
    Ok(Done::Fine)
}
