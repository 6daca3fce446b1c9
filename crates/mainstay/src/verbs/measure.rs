//! `plan` and `measure`: the plan as data, its figures, and why a figure is what it is.
use crate::args::{Format, Global};
use crate::failure::{Done, Failure};
use crate::import::source;
use crate::{actor, out, store};
use assure::{Figure, Period, text};
use clap::{Args, Subcommand};
use ledger::{Ledger, Micros};
use partners::Role;
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
    /// How many records serve each aim, line of effort, priority and objective in the last four quarters; what nothing serves, and what serves nothing
    Coverage,
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
            Plan::Coverage => coverage(global, &ledger),
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

fn coverage(global: &Global, ledger: &Ledger) -> Result<Done, Failure> {
    let now = ledger.env().clock.now();
    let found = ledger.read(|tx| assure::coverage::coverage(tx, now))?;
    if matches!(global.format, Format::Json | Format::Jsonl) {
        out::json(&found)?;
        return Ok(Done::Fine);
    }
    let heads: Vec<&str> =
        ["tag"].into_iter().chain(found.periods.iter().map(String::as_str)).chain(["stands for"]).collect();
    out::rows(global.format, &found.tags, &heads, |row| {
        let cells = row.own.iter().zip(&row.rolled).map(|(own, rolled)| match rolled {
            0 => own.to_string(),
            rolled => format!("{own} +{rolled}"),
        });
        [row.tag.clone()].into_iter().chain(cells).chain([row.words.clone()]).collect()
    })?;
    let empty = found.tags.iter().filter(|row| row.is_empty()).count();
    out::say(format!("nothing served {empty} of {} in this time; +n by another plan that serves it", found.tags.len()));
    out::say(format!("{} of {} records serve nothing; --format json names them", found.orphans.len(), found.records));
    Ok(Done::Fine)
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
    /// What a counting text would count now, or what is wrong with it; nothing is stored
    Try {
        /// The file with the text
        file: PathBuf,
        #[command(flatten)]
        times: Times,
    },
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
        let role = actor::must(global, &ledger, Verb::Measure)?.role;
        match self {
            Measure::Compute(times) => {
                let (as_of, known) = times.at(&ledger);
                let figures = ledger.read(|tx| assure::compute(tx, as_of, known, times.period.as_ref()))?;
                compute(global, &figures)
            }
            Measure::Try { file, times } => attempt(global, &ledger, role, file, times),
            Measure::Explain { id, times } => {
                let (as_of, known) = times.at(&ledger);
                let explained = ledger.read(|tx| {
                    let explained = assure::explain(tx, id, as_of, known, times.period.as_ref())?;
                    assure::readable(tx, explained, role)
                })?;
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

fn attempt(global: &Global, ledger: &Ledger, role: Role, file: &Path, times: &Times) -> Result<Done, Failure> {
    let bytes = source::table(file)?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (as_of, known) = times.at(ledger);
    let period = times.period.clone().unwrap_or_else(|| Period::holding(as_of));
    match ledger.read(|tx| assure::attempt(tx, &text, as_of, known, &period))? {
        Ok(explained) => explain(global, &ledger.read(|tx| assure::readable(tx, explained.clone(), role))?),
        Err(faults) => {
            out::rows(global.format, &faults, &["line", "column", "what is wrong", "rule"], |f| {
                vec![f.line.to_string(), f.column.to_string(), f.reason.clone(), f.rule.to_owned()]
            })?;
            Ok(Done::Findings)
        }
    }
}

fn explain(global: &Global, explained: &assure::Explanation) -> Result<Done, Failure> {
    match global.format {
        Format::Table => out::line(text::explanation(explained).trim_end())?,
        _ => out::json(explained)?,
    }
    Ok(Done::Fine)
}
