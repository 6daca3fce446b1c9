//! `depend`: what fails with what, and what must not fail alone.
use crate::args::{Format, Global};
use crate::failure::{Done, Failure};
use crate::{actor, out, store};
use clap::Subcommand;
use depend::cache::Snapshot;
use depend::cascade::Mode;
use depend::report::{cascade_report, spof_report};
use partners::may::Verb;

/// Dependencies.
#[derive(Debug, Subcommand)]
pub(crate) enum Depend {
    /// What falls when these nodes fail and every buffer has run out
    Cascade {
        /// The keys of the nodes
        #[arg(long, required = true, num_args = 1.., value_name = "KEY")]
        fail: Vec<String>,
        /// On layers that carry a flow, count only supply that comes from a source
        #[arg(long)]
        grounded: bool,
        /// Count suppliers that work, wherever their own supply comes from (the default)
        #[arg(long, conflicts_with = "grounded")]
        ungrounded: bool,
    },
    /// Every node whose loss alone takes at least one function
    Spof {
        /// Only nodes of this kind; may be given again
        #[arg(long, value_name = "KIND")]
        kind: Vec<String>,
        /// As with `depend cascade`
        #[arg(long)]
        grounded: bool,
        /// As with `depend cascade`
        #[arg(long, conflicts_with = "grounded")]
        ungrounded: bool,
    },
}

impl Depend {
    pub(crate) fn run(&self, global: &Global) -> Result<Done, Failure> {
        let ledger = store::open_existing(global)?;
        match self {
            Depend::Cascade { fail, grounded, ungrounded: _ } => {
                actor::must(global, &ledger, Verb::WhatIf)?;
                cascade(global, &ledger.read(Snapshot::load)?, fail, mode(*grounded))
            }
            Depend::Spof { kind, grounded, ungrounded: _ } => {
                actor::must(global, &ledger, Verb::ReadTargets)?;
                spof(global, &ledger.read(Snapshot::load)?, kind, mode(*grounded))
            }
        }
    }
}

fn mode(grounded: bool) -> Mode {
    if grounded { Mode::Grounded } else { Mode::Ungrounded }
}

fn cascade(global: &Global, snapshot: &Snapshot, fail: &[String], mode: Mode) -> Result<Done, Failure> {
    let keys: Vec<&str> = fail.iter().map(String::as_str).collect();
    let report = cascade_report(snapshot, &keys, mode)?;
    if global.format != Format::Table {
        out::json(&report)?;
        return Ok(Done::Fine);
    }
    out::say(format!("{}: buffers run out; {} nodes fall with {}", report.mode, report.lost.len(), keys.join(", ")));
    for why in &report.why {
        out::line(&format!("{} falls after {} hours: {}", why.name, why.hour, why.path))?;
    }
    for key in &report.lost {
        out::line(key)?;
    }
    if !report.unsupplied.is_empty() {
        out::say(format!("{} nodes were without supply before", report.unsupplied.len()));
    }
    if let Some(inferred) = &report.inferred
        && !inferred.unstable.is_empty()
    {
        out::say(format!("hangs on inferred edges: {}", inferred.unstable.join(", ")));
    }
    Ok(Done::Fine)
}

fn spof(global: &Global, snapshot: &Snapshot, kinds: &[String], mode: Mode) -> Result<Done, Failure> {
    let kinds: Vec<&str> = kinds.iter().map(String::as_str).collect();
    let lines = spof_report(snapshot, mode, &kinds);
    out::rows(global.format, &lines, &["key", "type", "name", "country", "functions"], |l| {
        vec![l.key.clone(), l.kind.clone(), l.name.clone(), l.country.clone(), l.functions.join(" ")]
    })?;
    out::say(format!("{}: {} nodes take a function when they fail alone", mode.word(), lines.len()));
    Ok(Done::Fine)
}
