//! `plan` and `measure`: the plan as data, its figures, and why a figure is what it is.
use crate::args::{Format, Global};
use crate::failure::{Done, Failure};
use crate::{actor, out, store};
use assure::{Figure, Period, text};
use clap::{Args, Subcommand};
use ledger::{Ledger, Micros};
use partners::may::Verb;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Plans.
#[derive(Debug, Subcommand)]
pub(crate) enum Plan {
    /// Count each plan, and what records are, and find what is wrong with them
    Lint,
    /// What a pack in a folder would change of the one that stands, item by item
    Diff {
        /// The folder with pack.toml
        dir: PathBuf,
    },
    /// What records may be tagged with
    Tags,
}

/// What lint found: of the plan by which progress is measured, and of every pack.
#[derive(Serialize)]
struct Linted {
    #[serde(flatten)]
    plan: assure::lint::Report,
    packs: Vec<assure::lint::Report>,
}

impl Plan {
    pub(crate) fn run(&self, global: &Global) -> Result<Done, Failure> {
        let ledger = store::open_or_create(global)?;
        actor::own(global, &ledger)?;
        match self {
            Plan::Lint => lint(global, &ledger),
            Plan::Diff { dir } => diff(global, &ledger, dir),
            Plan::Tags => {
                let tags: Vec<[String; 2]> =
                    ledger.read(assure::tags)?.into_iter().map(|(tag, of)| [tag, of]).collect();
                out::rows(global.format, &tags, &["tag", "stands for"], |tag| tag.to_vec())?;
                Ok(Done::Fine)
            }
        }
    }
}

fn lint(global: &Global, ledger: &Ledger) -> Result<Done, Failure> {
    let (plan, packs) = ledger.read(|tx| Ok((assure::plan(tx)?.head.prefix, assure::lint_plans(tx)?)))?;
    let findings = packs.iter().any(|report| !report.faults.is_empty());
    if global.format == Format::Table {
        for report in &packs {
            out::line(text::report(report).trim_end())?;
        }
    } else if let Some(main) = packs.iter().find(|report| report.pack == plan).cloned() {
        out::json(&Linted { plan: main, packs })?;
    }
    Ok(if findings { Done::Findings } else { Done::Fine })
}

fn diff(global: &Global, ledger: &Ledger, dir: &Path) -> Result<Done, Failure> {
    let new = ledger::pack::Pack::from_folder(dir)?;
    let standing = ledger.read(|tx| ledger::pack::of_kind(tx, &new.kind))?;
    let Some((_, old)) = standing.iter().find(|(_, pack)| pack.name == new.name) else {
        out::say(format!("no {} pack {} stands: all of it is new", new.kind, new.name));
        return Ok(Done::Findings);
    };
    let changes = assure::diff::diff(old, &new).map_err(Failure::Usage)?;
    out::rows(global.format, &changes, &["item", "field", "was", "is"], |c| {
        vec![c.place.clone(), c.field.clone(), c.was.clone(), c.is.clone()]
    })?;
    let faults = assure::diff::unversioned(old, &new).map_err(Failure::Usage)?;
    for fault in &faults {
        out::say(format!("{}: {} [{}]", fault.place, fault.reason, fault.rule));
    }
    out::say(format!("{} changes from version {} to {}", changes.len(), old.version, new.version));
    Ok(if changes.is_empty() && faults.is_empty() { Done::Fine } else { Done::Findings })
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
