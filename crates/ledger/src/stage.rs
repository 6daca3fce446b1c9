//! A stage of the loop: `decide` appends events (in the stage's own functions), `apply` folds them into the stage's own
//! tables, `react` appends what follows from them. No call goes upward: a later stage keeps a cursor and catches up.
use crate::error::Result;
use crate::event::Event;
use crate::ledger::Tx;
use std::any::Any;

/// What was read of a run of events ahead of folding it ([`Stage::ahead`]).
pub type Ahead = Box<dyn Any + Send>;

/// A stage. Stages are handed to the ledger in the order of the loop.
pub trait Stage: Send + Sync {
    /// The stage's name, which is its cursor's.
    fn name(&self) -> &'static str;

    /// The derived tables: `;`-separated DDL in which each table and index name is written `@name`.
    fn schema(&self) -> &'static str;

    /// The operational tables: `CREATE TABLE IF NOT EXISTS` with plain names.
    fn operational(&self) -> &'static str {
        ""
    }

    /// The kinds of event it folds or reacts to; one that ends in `.` stands for all that start so.
    fn kinds(&self) -> &'static [&'static str];

    /// Whether it folds what stays of purged events of a kind ([`crate::purge`]) in their place. A stage that does not has a gap there.
    fn remnants(&self, kind: &str) -> bool {
        let _ = kind;
        false
    }

    /// Folds one event into the stage's own tables. A pure function of the log: no clock, no randomness, no tables of
    /// others. An [`crate::Error::Park`] puts the event aside with its reason, and the cursor goes on.
    fn apply(&self, tx: &mut Tx<'_>, event: &Event) -> Result<()>;

    /// What can be read of a run of events without any table. A long run is read on a thread of its own while the stages before this one
    /// fold it, and what it gave is handed to [`Self::apply_all`]: it decides about time, never about the result.
    fn ahead(&self) -> Option<fn(&[&Event]) -> Ahead> {
        None
    }

    /// Folds a run of events. A stage overrides this where many rows go in at once.
    fn apply_all(&self, tx: &mut Tx<'_>, events: &[&Event], ahead: Option<Ahead>) -> Result<()> {
        drop(ahead);
        events.iter().try_for_each(|event| self.apply(tx, event))
    }

    /// What follows from an event, live only and after it was applied: appends derived events, each with its key.
    fn react(&self, tx: &mut Tx<'_>, event: &Event) -> Result<()> {
        let _ = (tx, event);
        Ok(())
    }

    /// Once after a run of events was applied and reacted to, in the same unit, live only: for derived events that gather
    /// what many events caused. `up_to` is the index after the last of the run.
    fn settle(&self, tx: &mut Tx<'_>, up_to: i64) -> Result<()> {
        let _ = (tx, up_to);
        Ok(())
    }
}

/// Whether a stage takes this kind.
pub(crate) fn takes(stage: &dyn Stage, kind: &str) -> bool {
    stage.kinds().iter().any(|k| if k.ends_with('.') { kind.starts_with(k) } else { kind == *k })
}
