//! `exposure`: who runs what is vulnerable, ranked, and why.
use crate::args::{Format, Global};
use crate::failure::{Done, Failure};
use crate::{actor, out, store};
use clap::{Args, Subcommand};
use depend::Snapshot;
use expose::Filter;
use expose::list::explain;

/// Exposures.
#[derive(Debug, Subcommand)]
pub(crate) enum Exposure {
    /// One line per subject and vulnerability, what is at stake first
    List(List),
    /// How it was decided, step by step
    Explain {
        /// The subject, as `exposure list` names it
        subject: String,
        /// The vulnerability
        vulnerability: String,
    },
}

/// Which rows.
#[derive(Debug, Args)]
pub(crate) struct List {
    /// Only this vulnerability
    #[arg(long)]
    vulnerability: Option<String>,
    /// Only this status
    #[arg(long)]
    status: Option<String>,
    /// Only this level: asset, organisation, constituency, sector
    #[arg(long)]
    level: Option<String>,
    /// Only this country
    #[arg(long)]
    country: Option<String>,
    /// Only this owner
    #[arg(long)]
    owner: Option<String>,
    /// Only subjects on which this function rests
    #[arg(long)]
    function: Option<String>,
    /// Only where exploitation is known
    #[arg(long)]
    exploited: bool,
    /// At most so many rows
    #[arg(long)]
    limit: Option<usize>,
}

impl Exposure {
    pub(crate) fn run(&self, global: &Global) -> Result<Done, Failure> {
        let ledger = store::open_existing(global)?;
        actor::own(global, &ledger)?;
        match self {
            Exposure::List(list) => list.run(global, &ledger),
            Exposure::Explain { subject, vulnerability } => {
                let found = ledger.read(|tx| {
                    let stakes = Snapshot::load(tx)?;
                    explain(tx, &stakes, subject, vulnerability)
                })?;
                if found.is_empty() {
                    return Err(Failure::Usage(format!(
                        "no exposure of {subject} to {vulnerability}; see `exposure list`"
                    )));
                }
                for e in &found {
                    out::line(&format!(
                        "{} {} ({}, tier {}, by {})",
                        e.row.subject, e.row.status, e.row.level, e.row.tier, e.row.method
                    ))?;
                    e.because.iter().try_for_each(|because| out::line(&format!("  {because}")))?;
                }
                Ok(Done::Fine)
            }
        }
    }
}

impl List {
    fn run(&self, global: &Global, ledger: &ledger::Ledger) -> Result<Done, Failure> {
        let filter = Filter {
            vulnerability: self.vulnerability.clone(),
            status: self.status.clone(),
            level: self.level.clone(),
            country: self.country.clone(),
            owner: self.owner.clone(),
            function: self.function.clone(),
            exploited: self.exploited,
            limit: self.limit,
            ..Filter::default()
        };
        let expose::Listed { rows, coverage, .. } = ledger.read(|tx| {
            let stakes = Snapshot::load(tx)?;
            expose::list(tx, &stakes, &filter)
        })?;
        out::rows(
            global.format,
            &rows,
            &["subject", "vulnerability", "status", "tier", "count", "owner", "why here"],
            |r| {
                let count = match r.count.max {
                    Some(max) if max == r.count.min => max.to_string(),
                    Some(max) => format!("{}..{max}", r.count.min),
                    None => format!("{} or more", r.count.min),
                };
                vec![
                    r.subject.clone(),
                    r.vulnerability.clone(),
                    r.status.clone(),
                    r.tier.clone(),
                    count,
                    r.owner.clone(),
                    r.rank.clone(),
                ]
            },
        )?;
        if global.format == Format::Table {
            out::say(coverage.words());
        }
        Ok(Done::Fine)
    }
}
