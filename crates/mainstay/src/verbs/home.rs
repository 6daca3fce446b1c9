//! `rules` and `match`: the matcher goes to the inventory, not the inventory to us.
use super::pack::read_key;
use crate::args::Global;
use crate::failure::{Done, Failure};
use crate::{actor, out, store};
use clap::{Args, Subcommand};
use ledger::{Clock, SystemClock};
use partners::may::Verb;
use std::path::{Path, PathBuf};

/// Rules for matching at home.
#[derive(Debug, Subcommand)]
pub(crate) enum Rules {
    /// Write the signed rules for a partner: what may be released to it, and no more
    Export {
        /// The partner
        #[arg(long = "for", value_name = "ORG")]
        org: String,
        /// Where to write them
        #[arg(long)]
        out: PathBuf,
    },
}

impl Rules {
    pub(crate) fn run(&self, global: &Global) -> Result<Done, Failure> {
        let Rules::Export { org, out: path } = self;
        let ledger = store::open_existing(global)?;
        let person = actor::must(global, &ledger, Verb::ExportRules)?;
        let key = ledger.signing_key()?;
        let (hub, home) = (ledger.hub().to_owned(), ledger.genesis().home.clone());
        let exported = ledger.write(|tx| expose::home::export(tx, org, &hub, &home, &key, &person.name))?;
        store::settle(global, &ledger)?;
        write(path, &exported.bytes)?;
        out::say(format!("{} advisories for {org}, {} withheld by release", exported.advisories, exported.withheld));
        Ok(Done::Fine)
    }
}

/// Match offline.
#[derive(Debug, Args)]
pub(crate) struct Match {
    /// The rules that the hub gave
    #[arg(long, value_name = "FILE")]
    rules: PathBuf,
    /// The inventory: a table as for `import`; it does not leave this machine
    #[arg(long, value_name = "FILE")]
    inventory: PathBuf,
    /// Where to write the signed answer: counts in bands and a commitment, no rows
    #[arg(long, value_name = "FILE")]
    answer: PathBuf,
    /// The key that `key new` wrote and the hub knows
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
}

impl Match {
    pub(crate) fn run(&self, global: &Global) -> Result<Done, Failure> {
        let key = read_key(&self.key)?;
        let (rules, rows) = (read(&self.rules)?, read(&self.inventory)?);
        let now = global.clock.unwrap_or_else(|| SystemClock.now());
        let answer = expose::home::run(&rules, &rows, &key, now)?;
        write(&self.answer, &answer)?;
        out::say(format!("wrote {}; read it before you send it: it is all that leaves", self.answer.display()));
        Ok(Done::Fine)
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|e| Failure::CouldNot(format!("{}: {e}", path.display())))
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    std::fs::write(path, bytes).map_err(|e| Failure::CouldNot(format!("{}: {e}", path.display())))
}
