//! `sighting`: what partners saw of what partners gave, and who is told.
use crate::args::Global;
use crate::failure::{Done, Failure};
use crate::{actor, out, store};
use clap::Subcommand;
use exchange::sight::{self, Line, Unknown};
use partners::may::Verb;

/// What was seen of what is sought.
#[derive(Debug, Subcommand)]
pub(crate) enum Sighting {
    /// Each indicator that was seen: who gave it, who saw it, how often, and whether whoever gave it is told, or why not
    List {
        /// Of this indicator only
        #[arg(long, value_name = "ID")]
        indicator: Option<String>,
        /// In place of that, the indicators and observed-data of which it is not known, with the reason
        #[arg(long)]
        unknown: bool,
    },
}

impl Sighting {
    pub(crate) fn run(&self, global: &Global) -> Result<Done, Failure> {
        let Sighting::List { indicator, unknown } = self;
        let ledger = store::open_existing(global)?;
        actor::must(global, &ledger, Verb::Review)?;
        let doubts = ledger.read(sight::unknown)?;
        if *unknown {
            show_unknown(global, &doubts)?;
            return Ok(Done::Fine);
        }
        let now = ledger.env().clock.now().timestamp().to_zoned(jiff::tz::TimeZone::UTC);
        let home = ledger.genesis().home.clone();
        let lines = ledger.read(|tx| sight::list(tx, indicator.as_deref(), &home, now.date()))?;
        show(global, &lines)?;
        if lines.is_empty() {
            out::say("no indicator was seen: give indicators and observed-data to a collection, in whatever order");
        }
        if !doubts.is_empty() {
            out::say(format!(
                "of {} it is not known whether something was seen; `sighting list --unknown` says why",
                doubts.len()
            ));
        }
        Ok(Done::Fine)
    }
}

fn show(global: &Global, lines: &[Line]) -> Result<(), Failure> {
    let heads = [
        "indicator",
        "name",
        "producer",
        "seen_by",
        "first_seen",
        "last_seen",
        "count",
        "recorded",
        "told",
        "why",
        "observed",
        "sighting",
    ];
    out::rows(global.format, lines, &heads, |line| {
        let told = line.told.map_or("", |told| if told { "yes" } else { "no" });
        vec![
            line.indicator.clone(),
            line.name.clone(),
            line.producer.clone().unwrap_or_default(),
            line.seen_by.clone().unwrap_or_default(),
            line.first_seen.clone(),
            line.last_seen.clone(),
            line.count.to_string(),
            line.recorded.to_string(),
            told.to_owned(),
            line.why.clone(),
            line.observed.clone().unwrap_or_default(),
            line.sighting.clone(),
        ]
    })
}

fn show_unknown(global: &Global, doubts: &[Unknown]) -> Result<(), Failure> {
    out::rows(global.format, doubts, &["indicator", "observed", "why"], |doubt| {
        vec![doubt.indicator.clone(), doubt.observed.clone(), doubt.why.clone()]
    })
}
