//! Catching up: each stage folds what it has not seen, reacts to it, and moves its cursor, in one unit.
use crate::error::{Error, Result};
use crate::event::Event;
use crate::ledger::{Ledger, Tx};
use crate::stage::{Ahead, Stage, takes};
use std::sync::Arc;

/// Events of one unit.
pub(crate) const BATCH_EVENTS: i64 = 4_000;
/// Entries from which on the planner looks at the tables anew whenever the log is four times as long: a server that looks by itself does so once a
/// minute, and until then takes tables for small that a bundle has filled.
const ANALYZED_FROM: i64 = 1_024;
/// Events from which on it is worth a thread to read them ahead.
const AHEAD_EVENTS: usize = 128;
/// Payload bytes of one unit.
pub(crate) const BATCH_BYTES: usize = 32 << 20;

/// How far the log and the stages are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Position {
    /// Entries in the log.
    pub size: i64,
    /// Entries that every stage has applied.
    pub applied: i64,
    /// Events put aside because a stage could not process them.
    pub parked: i64,
}

/// An event that a stage could not process.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Parked {
    /// The stage.
    pub stage: String,
    /// The event.
    pub index: i64,
    /// Stable code.
    pub rule: String,
    /// What was wrong.
    pub reason: String,
}

/// Whether a run of stages is the live one, which reacts, or a rebuild, which only folds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Run {
    Live,
    Replay,
}

impl Ledger {
    /// Lets every stage apply and react until none has anything left, and says where that is.
    pub fn catch_up(&self) -> Result<Position> {
        loop {
            let position = self.position()?;
            if position.applied >= position.size {
                return Ok(position);
            }
            self.write(|tx| step(&self.stages, tx, Run::Live).map(drop))?;
        }
    }

    /// Runs a unit that writes, between two states in which every stage has applied all there is: what it reads of the derived tables is
    /// whole when it begins, and what it appends is folded before it ends. One transaction, one wait for the disk.
    pub fn write_applied<T>(&self, mut f: impl FnMut(&mut Tx<'_>) -> Result<T>) -> Result<T> {
        loop {
            let done = self.write(|tx| {
                let before = tx.size()?;
                if applied(&self.stages, tx, before)? < before {
                    return Ok(None);
                }
                let value = f(tx)?;
                while applied(&self.stages, tx, before)? < tx.size()? {
                    tx.flush()?;
                    step(&self.stages, tx, Run::Live)?;
                }
                Ok(Some(value))
            })?;
            match done {
                Some(value) => return Ok(value),
                None => self.catch_up().map(drop)?,
            }
        }
    }

    /// Where the log and the stages stand.
    pub fn position(&self) -> Result<Position> {
        self.read(|tx| {
            let size = tx.size()?;
            let applied = applied(&self.stages, tx, size)?;
            let parked = tx.one("SELECT count(*) FROM @parked", &[], |r| r.int(0))?.unwrap_or(0);
            Ok(Position { size, applied, parked })
        })
    }

    /// The events that were put aside, in order.
    pub fn parked(&self) -> Result<Vec<Parked>> {
        self.read(|tx| {
            tx.all("SELECT stage, idx, rule, reason FROM @parked ORDER BY idx, stage", &[], |r| Parked {
                stage: r.text(0).to_owned(),
                index: r.int(1),
                rule: r.text(2).to_owned(),
                reason: r.text(3).to_owned(),
            })
        })
    }
}

fn cursors(stages: &[Arc<dyn Stage>], tx: &mut Tx<'_>) -> Result<Vec<i64>> {
    let held = tx.all("SELECT stage, idx FROM @cursor ORDER BY stage", &[], |r| (r.text(0).to_owned(), r.int(1)))?;
    let of = |name: &str| held.iter().find(|(stage, _)| stage == name).map_or(0, |(_, index)| *index);
    Ok(stages.iter().map(|s| of(s.name())).collect())
}

/// How far the hindmost stage is; `size` where there is none.
fn applied(stages: &[Arc<dyn Stage>], tx: &mut Tx<'_>, size: i64) -> Result<i64> {
    Ok(cursors(stages, tx)?.into_iter().min().unwrap_or(size))
}

/// One batch: the events after the hindmost cursor go through all stages in order. Gives the new hindmost cursor.
pub(crate) fn step(stages: &[Arc<dyn Stage>], tx: &mut Tx<'_>, run: Run) -> Result<i64> {
    let cursors = cursors(stages, tx)?;
    let size = tx.size()?;
    let from = cursors.iter().copied().min().unwrap_or(size);
    let events = tx.unfolded(from, size.min(from + BATCH_EVENTS), BATCH_BYTES)?;
    let to = events.last().map_or(from, |e| e.index + 1);
    let behind: Vec<(&dyn Stage, Vec<&Event>)> = stages
        .iter()
        .zip(cursors)
        .filter(|(_, cursor)| *cursor < to)
        .map(|(stage, cursor)| (&**stage, of_stage(&**stage, &events, cursor)))
        .collect();
    std::thread::scope(|scope| {
        let mut ahead = Vec::with_capacity(behind.len());
        for (stage, mine) in &behind {
            let read = stage.ahead().filter(|_| mine.len() >= AHEAD_EVENTS);
            ahead.push(read.map(|read| scope.spawn(move || read(mine))));
        }
        for ((stage, mine), ahead) in behind.iter().zip(ahead) {
            // a reader that failed fails again where its stage reads by itself
            let ahead = ahead.and_then(|thread| thread.join().ok());
            advance(*stage, tx, mine, ahead, to, run)?;
            tx.run(
                "INSERT INTO @cursor (stage, idx) VALUES ($1, $2) ON CONFLICT (stage) DO UPDATE SET idx = excluded.idx",
                &[stage.name().into(), to.into()],
            )?;
        }
        Ok::<(), Error>(())
    })?;
    if to >= ANALYZED_FROM && from.max(1).ilog(4) < to.ilog(4) {
        tx.session().analyze()?;
    }
    Ok(to)
}

/// The events from `cursor` on that a stage folds.
fn of_stage<'e>(stage: &dyn Stage, events: &'e [Event], cursor: i64) -> Vec<&'e Event> {
    // A purged payload is a gap that its tombstone names; there is nothing to fold but what the stage itself left there.
    let folds = |e: &&Event| e.payload.is_some() && (!e.purged || stage.remnants(&e.kind));
    events.iter().filter(|e| e.index >= cursor && folds(e) && takes(stage, &e.kind)).collect()
}

/// All of a stage's events at once; where one of them cannot be processed, one by one, so that only that one is put aside.
fn advance(
    stage: &dyn Stage,
    tx: &mut Tx<'_>,
    events: &[&Event],
    mut ahead: Option<Ahead>,
    to: i64,
    run: Run,
) -> Result<()> {
    if events.is_empty() {
        return Ok(());
    }
    let mut all = |tx: &mut Tx<'_>| {
        tx.closed(|tx| stage.apply_all(tx, events, ahead.take()))?;
        if run == Run::Live {
            events.iter().try_for_each(|event| stage.react(tx, event))?;
            stage.settle(tx, to)?;
        }
        tx.flush()
    };
    if !tx.careful {
        return all(tx);
    }
    match tx.savepoint(all) {
        Err(Error::Park { .. }) => {}
        other => return other,
    }
    for event in events {
        let one = tx.savepoint(|tx| {
            tx.closed(|tx| stage.apply(tx, event))?;
            if run == Run::Live { stage.react(tx, event) } else { Ok(()) }
        });
        match one {
            Err(Error::Park { rule, reason }) => park(stage, tx, event, rule, &reason)?,
            other => other?,
        }
    }
    if run == Run::Live { stage.settle(tx, to) } else { Ok(()) }
}

fn park(stage: &dyn Stage, tx: &mut Tx<'_>, event: &Event, rule: &str, reason: &str) -> Result<()> {
    tracing::warn!(stage = stage.name(), index = event.index, rule, reason, "an event was put aside");
    tx.run(
        "INSERT INTO @parked (stage, idx, rule, reason) VALUES ($1, $2, $3, $4) ON CONFLICT (stage, idx) DO NOTHING",
        &[stage.name().into(), event.index.into(), rule.into(), reason.into()],
    )?;
    Ok(())
}
