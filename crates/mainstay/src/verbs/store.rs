//! `init`, `ledger`, `job`, `doctor`: the store itself.
use crate::actor;
use crate::args::{Format, Global};
use crate::failure::{Done, Failure};
use crate::{out, store};
use clap::{Args, Subcommand};
use ledger::{Genesis, jobs};
use partners::may::Verb;
use serde::Serialize;

/// Make a store.
#[derive(Debug, Args)]
pub(crate) struct Init {
    /// The key of the operator's own organisation
    #[arg(long, default_value = "home")]
    home: String,
    /// The home nation, ISO 3166 alpha-2
    #[arg(long)]
    country: Option<String>,
    /// An exercise: verbs take --clock, and nothing here ever counts
    #[arg(long)]
    exercise: bool,
}

impl Init {
    pub(crate) fn run(&self, global: &Global) -> Result<Done, Failure> {
        if ledger::Ledger::exists(&store::place(global))? {
            return Err(Failure::Usage("there is a store here already; nothing was changed".into()));
        }
        let country = self.country.as_ref().map(|c| c.to_ascii_uppercase());
        if country.as_ref().is_some_and(|c| c.len() != 2 || !c.bytes().all(|b| b.is_ascii_uppercase())) {
            return Err(Failure::Usage("--country takes two letters of ISO 3166, such as NL".into()));
        }
        let genesis = Genesis { home: self.home.clone(), country, exercise: self.exercise };
        let ledger = store::open(global, &genesis)?;
        out::say(format!("made hub {}{}", ledger.hub(), if self.exercise { ", an exercise" } else { "" }));
        Ok(Done::Fine)
    }
}

/// The log itself.
#[derive(Debug, Subcommand)]
pub(crate) enum Ledger {
    /// Recompute every commitment, leaf, root and signature
    Verify {
        /// Also compare the derived tables with a rebuild
        #[arg(long)]
        deep: bool,
    },
    /// Fold the log anew beside the present tables, and swap
    Rebuild,
    /// Sign the present head and print the note (c2sp.org/tlog-checkpoint)
    Checkpoint,
    /// Prove that an entry is in the log, or that the log only grew; for operator, auditor and witness
    Proof {
        /// The entry
        #[arg(required_unless_present = "from")]
        entry: Option<i64>,
        /// Instead: that the log of this many entries is the start of the present one
        #[arg(long, value_name = "SIZE", conflicts_with = "entry")]
        from: Option<i64>,
        /// Up to this many entries, rather than those of the newest checkpoint
        #[arg(long, value_name = "SIZE", requires = "from")]
        to: Option<i64>,
    },
    /// Take something out for good: two people, a reason, a request to each receiver
    #[command(subcommand)]
    Purge(super::purge::Purge),
}

impl Ledger {
    pub(crate) fn run(&self, global: &Global) -> Result<Done, Failure> {
        if let Ledger::Purge(verb) = self {
            return verb.run(global);
        }
        let ledger = store::open_existing(global)?;
        match self {
            Ledger::Proof { entry, from, to } => {
                actor::must(global, &ledger, Verb::Verify)?;
                prove(&ledger, *entry, *from, *to)
            }
            Ledger::Purge(_) => Ok(Done::Fine),
            Ledger::Verify { deep } => {
                actor::must(global, &ledger, Verb::Verify)?;
                verify(global, &ledger, *deep)
            }
            Ledger::Rebuild => {
                actor::must(global, &ledger, Verb::Maintain)?;
                rebuild(global, &ledger)
            }
            Ledger::Checkpoint => {
                actor::must(global, &ledger, Verb::Verify)?;
                act::receipt::seal_all(&ledger)?;
                out::line(ledger.checkpoint()?.note.trim_end())?;
                Ok(Done::Fine)
            }
        }
    }
}

/// One hash a line from the old head to the new, or the proof of an entry as it travels (c2sp.org/tlog-proof).
fn prove(ledger: &ledger::Ledger, entry: Option<i64>, from: Option<i64>, to: Option<i64>) -> Result<Done, Failure> {
    if let Some(entry) = entry {
        out::line(ledger.prove(entry)?.text().trim_end())?;
        out::say(format!("check the note with {}", ledger.verifier().encode()));
        return Ok(Done::Fine);
    }
    let newest = ledger.read(ledger::checkpoint::all)?.pop().map_or(0, |c| c.size);
    for hash in ledger.prove_growth(from.unwrap_or(0), to.unwrap_or(newest))? {
        out::line(&ledger::checkpoint::base64(&hash))?;
    }
    Ok(Done::Fine)
}

fn verify(global: &Global, ledger: &ledger::Ledger, deep: bool) -> Result<Done, Failure> {
    let verified = ledger.verify(deep)?;
    match global.format {
        Format::Json | Format::Jsonl => out::json(&verified)?,
        Format::Table | Format::Csv => {
            out::line(&format!("{} entries, root {}", verified.size, verified.root))?;
            out::line(&format!("{} checkpoints hold", verified.checkpoints))?;
            for (index, reason) in &verified.purged {
                out::line(&format!("entry {index} was purged: {reason}"))?;
            }
            for finding in &verified.findings {
                let place = finding.index.map_or_else(|| "the store".to_owned(), |i| format!("entry {i}"));
                out::line(&format!("{place}: {}", finding.what))?;
            }
        }
    }
    if verified.findings.is_empty() {
        out::say(if deep { "the ledger holds, and a rebuild gives the same tables" } else { "the ledger holds" });
        return Ok(Done::Fine);
    }
    out::say("the ledger does not hold: stop writing, keep this copy, and restore the last good backup beside it");
    Ok(Done::Integrity)
}

fn rebuild(global: &Global, ledger: &ledger::Ledger) -> Result<Done, Failure> {
    let rebuilt = ledger.rebuild()?;
    match global.format {
        Format::Json | Format::Jsonl => out::json(&rebuilt)?,
        Format::Table | Format::Csv => {
            out::line(&format!("{} entries folded", rebuilt.events))?;
            for index in &rebuilt.gaps {
                out::line(&format!("entry {index} was purged"))?;
            }
        }
    }
    Ok(if rebuilt.parked == 0 { Done::Fine } else { Done::Findings })
}

/// Work in the background.
#[derive(Debug, Subcommand)]
pub(crate) enum Job {
    /// What waits, runs, failed or is done
    List,
}

impl Job {
    pub(crate) fn run(&self, global: &Global) -> Result<Done, Failure> {
        let Job::List = self;
        let ledger = store::open_existing(global)?;
        actor::own(global, &ledger)?;
        let jobs = ledger.read(jobs::list)?;
        out::rows(global.format, &jobs, &["id", "kind", "state", "due", "attempts", "last error"], |j| {
            let error = j.last_error.clone().unwrap_or_default();
            vec![j.id.clone(), j.kind.clone(), j.state.clone(), j.due.to_string(), j.attempts.to_string(), error]
        })?;
        if jobs.is_empty() {
            out::say("no jobs: sending an ask makes one");
        }
        Ok(Done::Fine)
    }
}

/// Whether everything is as it should be.
#[derive(Debug, Args)]
pub(crate) struct Doctor;

#[derive(Serialize)]
struct Complaint {
    what: String,
    next: String,
}

impl Doctor {
    pub(crate) fn run(&self, global: &Global) -> Result<Done, Failure> {
        let ledger = store::open_existing(global)?;
        actor::own(global, &ledger)?;
        let mut complaints: Vec<Complaint> = Vec::new();
        let mut complain = |what: String, next: &str| complaints.push(Complaint { what, next: next.to_owned() });
        if let Err(e) = ledger.signing_key() {
            let next =
                "put the seal file that was made with the store back in its place: nothing can be signed until then";
            complain(format!("the hub's key cannot be opened: {e}"), next);
        }
        let position = ledger.position()?;
        if position.applied < position.size {
            let lag = position.size - position.applied;
            complain(format!("{lag} entries are not applied by all stages"), "any verb that writes catches up");
        }
        for parked in ledger.parked()? {
            let what =
                format!("{} put entry {} aside: {} [{}]", parked.stage, parked.index, parked.reason, parked.rule);
            complain(what, "a later version may read it: update, then `ledger rebuild`");
        }
        for job in ledger.read(jobs::list)?.into_iter().filter(|j| j.state == "failed") {
            complain(
                format!("job {} failed: {}", job.id, job.last_error.unwrap_or_default()),
                "mend the cause and send again",
            );
        }
        for peer in ledger.read(exchange::peer::troubled)? {
            let (what, next) = peer.trouble();
            complain(what, &next);
        }
        let packs = ledger.read(ledger::pack::all);
        if let Err(e) = packs {
            complain(format!("a pack does not check: {e}"), "load it again with `pack add`");
        }
        out::rows(global.format, &complaints, &["what", "next step"], |c| vec![c.what.clone(), c.next.clone()])?;
        if complaints.is_empty() {
            out::say(format!("all stages stand at position {}; nothing to complain of", position.size));
            return Ok(Done::Fine);
        }
        Ok(Done::Findings)
    }
}
