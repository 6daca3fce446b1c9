//! `ledger purge`: taking something out for good, by two people, with a request to whoever was shown it.
use crate::args::{Format, Global};
use crate::failure::{Done, Failure};
use crate::{actor, out, store};
use act::purge::list as purges;
use act::purge::{self, Found, Target};
use clap::{Args, Subcommand};
use partners::may::Verb;
use std::path::{Path, PathBuf};

/// Bytes of a list of purges.
const LIST_MAX: u64 = 256 << 20;

/// Taking something out for good.
#[derive(Debug, Subcommand)]
pub(crate) enum Purge {
    /// Propose it, with a reason; nothing is erased until a second person approves
    Propose {
        #[command(flatten)]
        target: What,
        /// Why, in words that stay for ever and do not repeat what is purged
        #[arg(long)]
        reason: Option<String>,
        /// Only show what would be erased and who was shown it
        #[arg(long)]
        dry_run: bool,
    },
    /// Carry it out, as the second person (--as NAME)
    Approve {
        /// The purge
        purge: String,
    },
    /// Stop it
    Reject {
        /// The purge
        purge: String,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// All purges, with whoever was asked to destroy the same, and what they said
    List,
    /// Record what somebody who was asked says: destroyed, kept or never-had
    Answer {
        /// The purge
        purge: String,
        /// Who says so
        #[arg(long)]
        org: String,
        /// What
        answer: String,
        /// In their own words
        #[arg(long, default_value = "")]
        note: String,
    },
    /// Write the list of all that was purged, to be applied to backups from before
    Export {
        /// The file
        #[arg(long)]
        out: PathBuf,
    },
    /// Purge on a restored backup what a list says
    Apply {
        /// The list, as `export` wrote it
        list: PathBuf,
    },
    /// Get freed bytes out of the files again, where a reader was in the way
    Scrub,
}

/// What is to be purged.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct What {
    /// A STIX object: ID for all its versions, or ID@VERSION
    #[arg(long)]
    object: Option<String>,
    /// A document of another form, by its own id
    #[arg(long)]
    document: Option<String>,
    /// One entry of the log
    #[arg(long)]
    event: Option<i64>,
    /// All that an organisation gave: the end of an agreement
    #[arg(long)]
    org: Option<String>,
}

impl What {
    fn target(&self) -> Target {
        match (&self.object, &self.document, self.event, &self.org) {
            (Some(object), ..) => match object.split_once('@') {
                Some((id, version)) => Target::Object { id: id.to_owned(), version: Some(version.to_owned()) },
                None => Target::Object { id: object.clone(), version: None },
            },
            (_, Some(id), ..) => Target::Document(id.clone()),
            (.., Some(index), _) => Target::Event(index),
            (.., org) => Target::Org(org.clone().unwrap_or_default()),
        }
    }
}

impl Purge {
    pub(crate) fn run(&self, global: &Global) -> Result<Done, Failure> {
        let ledger = store::open_existing(global)?;
        ledger.catch_up()?;
        let person = actor::must(global, &ledger, Verb::Purge)?;
        match self {
            Purge::Propose { target, dry_run: true, .. } => {
                let found = ledger.read(|tx| purge::look(tx, &target.target()))?;
                show(global, &found)?;
                out::say("nothing was changed");
            }
            Purge::Propose { target, reason, dry_run: false } => {
                let reason = reason.as_deref().unwrap_or_default();
                let (name, found) = purge::propose(&ledger, &target.target(), reason, &person)?;
                show(global, &found)?;
                out::say(format!(
                    "proposed as {name}; a second person carries it out: ledger purge approve {name} --as NAME"
                ));
            }
            Purge::Approve { purge } => return approve(global, &ledger, purge, &person),
            Purge::Reject { purge, reason } => {
                purge::reject(&ledger, purge, &person, reason)?;
                out::say(format!("{purge} is rejected; nothing was erased"));
            }
            Purge::List => return list(global, &ledger),
            Purge::Answer { purge, org, answer, note } => {
                purge::answer(&ledger, purge, org, answer, note, &person)?;
                out::say(format!("{org} says of {purge}: {answer}"));
            }
            Purge::Export { out } => export(&ledger, out)?,
            Purge::Apply { list } => return apply(global, &ledger, list),
            Purge::Scrub => {
                let done = ledger.scrub(&[])?;
                out::say(if done.emptied || done.rewritten {
                    "the files are clean"
                } else {
                    "a reader is still in the way"
                });
            }
        }
        Ok(Done::Fine)
    }
}

fn show(global: &Global, found: &Found) -> Result<(), Failure> {
    if global.format != Format::Table {
        return out::json(found);
    }
    for (index, kind) in &found.entries {
        out::line(&format!("entry {index}  {kind}"))?;
    }
    found.names.iter().try_for_each(|name| out::line(&format!("holds  {name}")))?;
    for receiver in &found.receivers {
        let shown = receiver.objects.len();
        out::line(&format!(
            "shown to {}: {shown} objects, {} asks; it will be asked to destroy them",
            receiver.org,
            receiver.asks.len()
        ))?;
    }
    found
        .could_see
        .iter()
        .try_for_each(|org| out::line(&format!("{org} could see it; no record says that it was shown")))
}

fn approve(global: &Global, ledger: &ledger::Ledger, name: &str, person: &partners::Person) -> Result<Done, Failure> {
    let report = purge::approve(ledger, name, person)?;
    if global.format == Format::Table {
        out::line(&format!("{} entries erased", report.erased))?;
        for receiver in &report.receivers {
            out::line(&format!("{} was asked to destroy it", receiver.org))?;
        }
        report.beyond.iter().try_for_each(|what| out::line(&format!("beyond reach: {what}")))?;
    } else {
        out::json(&report)?;
    }
    out::say("write the list anew for your backups: ledger purge export --out FILE");
    Ok(if report.files.left == 0 { Done::Fine } else { Done::Findings })
}

fn list(global: &Global, ledger: &ledger::Ledger) -> Result<Done, Failure> {
    let all = ledger.read(purge::list)?;
    out::rows(global.format, &all, &["purge", "what", "reason", "by", "state", "entries", "requests"], |p| {
        let by = [Some(p.by.clone()), p.second.clone()].into_iter().flatten().collect::<Vec<_>>().join(", ");
        let requests = p.requests.iter().map(|r| format!("{} {}", r.org, r.state)).collect::<Vec<_>>().join(", ");
        vec![
            p.purge.clone(),
            p.target.to_string(),
            p.reason.clone(),
            by,
            p.state.clone(),
            p.entries.to_string(),
            requests,
        ]
    })?;
    if all.is_empty() {
        out::say("nothing was ever purged here: `ledger purge propose` begins it");
    }
    Ok(Done::Fine)
}

fn export(ledger: &ledger::Ledger, path: &Path) -> Result<(), Failure> {
    let list = purges::list(ledger)?;
    let text = serde_json::to_vec_pretty(&list).map_err(|e| Failure::CouldNot(e.to_string()))?;
    std::fs::write(path, text).map_err(|e| Failure::CouldNot(format!("{}: {e}", path.display())))?;
    out::say(format!("{} tombstones written; keep the list with the backups", list.tombstones.tombstones.len()));
    Ok(())
}

fn apply(global: &Global, ledger: &ledger::Ledger, path: &Path) -> Result<Done, Failure> {
    let failed = |e: std::io::Error| Failure::CouldNot(format!("{}: {e}", path.display()));
    if std::fs::metadata(path).map_err(failed)?.len() > LIST_MAX {
        return Err(Failure::Usage(format!("{} is larger than any list of purges", path.display())));
    }
    let list: purges::List = serde_json::from_slice(&std::fs::read(path).map_err(failed)?)
        .map_err(|e| Failure::Usage(format!("{} is no list of purges: {e}", path.display())))?;
    let applied = purges::apply(ledger, &list)?;
    if global.format == Format::Table {
        out::line(&format!("{} entries erased, {} held nothing", applied.erased, applied.nothing))?;
        let other =
            |index: &i64| out::line(&format!("entry {index} is another one here: this backup is not of the same log"));
        applied.other.iter().try_for_each(other)?;
    } else {
        out::json(&applied)?;
    }
    Ok(if applied.other.is_empty() { Done::Fine } else { Done::Findings })
}
