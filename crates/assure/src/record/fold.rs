//! The fold of records: each version with both times, what backs it, and what stands now. Nothing is decided here.
use ledger::{Error, Event, Result, Tx};
use serde::Serialize;

use crate::record::find::Words;
use crate::record::{BackedMeta, RecordMeta};
use crate::stage::valid;

pub(crate) fn record(tx: &mut Tx<'_>, event: &Event, words: &mut Words) -> Result<()> {
    let meta: RecordMeta = event.meta()?;
    let sql = "SELECT idx FROM @record WHERE kind = $1 AND id = $2";
    let before = tx.one(sql, &[(&meta.record).into(), (&meta.id).into()], |r| r.int(0))?;
    words.turn(tx, before, event.index, &meta)?;
    let sql = "INSERT INTO @record_version (idx, kind, id, valid, known, meta) VALUES ($1, $2, $3, $4, $5, $6)";
    let args = [event.index.into(), (&meta.record).into(), (&meta.id).into(), valid(event).into(), event.known.into()];
    tx.run(sql, &[&args[..], &[(&written(&meta)?).into()]].concat())?;
    tx.run(
        "INSERT INTO @record (kind, id, idx, state, name, void) VALUES ($1, $2, $3, $4, $6, $5) ON CONFLICT (kind, id) \
         DO UPDATE SET idx = excluded.idx, state = excluded.state, name = excluded.name, void = excluded.void",
        &[
            (&meta.record).into(),
            (&meta.id).into(),
            event.index.into(),
            (&meta.state).into(),
            i64::from(meta.void.is_some()).into(),
            (&meta.name).into(),
        ],
    )?;
    tx.run("DELETE FROM @record_org WHERE kind = $1 AND id = $2", &[(&meta.record).into(), (&meta.id).into()])?;
    if meta.void.is_none() {
        for org in &meta.orgs {
            let sql = "INSERT INTO @record_org (org, idx, kind, id) VALUES ($1, $2, $3, $4)";
            tx.run(sql, &[org.into(), event.index.into(), (&meta.record).into(), (&meta.id).into()])?;
        }
    }
    // a measure waits for the first of a kind
    let kind = format!("assure.{}", meta.record);
    let sql = "INSERT INTO @fact_kind (kind, known) VALUES ($1, $2) ON CONFLICT (kind) DO NOTHING";
    tx.run(sql, &[(&kind).into(), event.known.into()]).map(drop)
}

pub(crate) fn backed(tx: &mut Tx<'_>, event: &Event) -> Result<()> {
    let meta: BackedMeta = event.meta()?;
    let sql =
        "INSERT INTO @record_backed (idx, kind, id, valid, known, size, meta) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let size = i64::try_from(event.body().len()).unwrap_or(i64::MAX);
    let args = [event.index.into(), (&meta.record).into(), (&meta.id).into(), valid(event).into(), event.known.into()];
    tx.run(sql, &[&args[..], &[size.into(), (&written(&meta)?).into()]].concat()).map(drop)
}

fn written(meta: &impl Serialize) -> Result<String> {
    serde_json::to_string(meta).map_err(|e| Error::park("meta-unreadable", e.to_string()))
}
