//! Work in the background of `serve`: silence is counted each hour and the head of the log is signed each day, whether or
//! not anybody types. Each is a job with a lease, so that of several nodes over one store exactly one does it.

pub(crate) mod exchange;

use ledger::jobs::{self, Claim};
use ledger::{Ledger, Micros, Result};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How often the list of jobs is looked at.
const PAUSE: Duration = Duration::from_secs(20);
/// A job that takes longer is taken over.
const LEASE_US: i64 = 10 * 60 * 1_000_000;
/// Kind, and how often.
const CHORES: [(&str, i64); 2] = [("silence", Micros::HOUR), ("checkpoint", Micros::DAY)];

/// Works until `stop` is set; looks up every so often. A store that cannot be written is said in the log and tried again.
pub(crate) fn work(ledger: &Arc<Ledger>, stop: &AtomicBool) {
    let mut waited = PAUSE;
    while !stop.load(Ordering::Relaxed) {
        if waited >= PAUSE {
            waited = Duration::ZERO;
            if let Err(e) = round(ledger) {
                tracing::error!(error = %e, "work in the background failed; it is tried again");
            }
        }
        std::thread::sleep(Duration::from_millis(200));
        waited += Duration::from_millis(200);
    }
}

/// Asks for what is due and does it.
pub(crate) fn round(ledger: &Ledger) -> Result<()> {
    // what was shown comes under its partner's head each round; several nodes may do it, and one of them does
    act::receipt::seal_all(ledger)?;
    for (kind, every) in CHORES {
        let claim = ledger.write(|tx| {
            let now = tx.now();
            let turn = now.0.div_euclid(every) * every;
            // One job for each hour or day: whoever comes second finds it there.
            jobs::enqueue(tx, &format!("{kind}/{}", Micros(turn)), kind, "{}", Micros(turn))?;
            jobs::claim(tx, kind, ledger.hub(), now, LEASE_US)
        })?;
        if let Some(claim) = claim {
            let outcome = chore(ledger, &claim);
            let failed = outcome.as_ref().err().map(ToString::to_string);
            ledger.write(|tx| jobs::finish(tx, &claim, failed.as_deref().map_or(Ok(()), Err)))?;
            outcome?;
        }
    }
    Ok(())
}

fn chore(ledger: &Ledger, claim: &Claim) -> Result<()> {
    match claim.kind.as_str() {
        "silence" => ledger.write(act::tick).map(drop)?,
        _ => ledger.checkpoint().map(drop)?,
    }
    ledger.catch_up().map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ledger::testkit;

    #[test]
    fn each_chore_is_done_once_for_its_hour() {
        for store in testkit::engines() {
            let ledger = store.open(server::stages());
            ledger.catch_up().unwrap();
            let listed = |ledger: &Ledger| {
                let jobs = ledger.read(jobs::list).unwrap();
                jobs.into_iter()
                    .map(|j| format!("{} {} {}", j.kind, j.state, j.attempts))
                    .collect::<Vec<_>>()
                    .join("; ")
            };
            round(&ledger).unwrap();
            round(&ledger).unwrap();
            assert_eq!(listed(&ledger), "checkpoint done 1; silence done 1", "{}", store.engine);
            store.clock.set(Micros(testkit::START.0 + Micros::HOUR));
            round(&ledger).unwrap();
            assert_eq!(listed(&ledger), "silence done 1; checkpoint done 1; silence done 1", "{}", store.engine);
            assert_eq!(ledger.verify(true).unwrap().checkpoints, 1);
        }
    }
}
