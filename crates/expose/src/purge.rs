//! What of this stage belongs to a purge: inventories and answers of an organisation, and what exposures say of documents that go.
//! A change that rests on what is purged is taken out of its event; the rest of the event stays in its place, and what it decided is judged anew
//! by what is left: without that, an exposure that only a purged document denied would be told to nobody.
use crate::changed;
use crate::judge::Bench;
use crate::kinds::{ANSWER, AnswerMeta, CHANGED, Change, Changed, INVENTORY, InventoryMeta, Level};
use crate::sbom;
use crate::stage::{judge_subject, subjects_near};
use ledger::{Error, Ledger, Payload, Result, Tx};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use stix::Tlp;

/// The inventories and answers that an organisation gave.
pub fn given_by(tx: &mut Tx<'_>, org: &str) -> Result<BTreeSet<i64>> {
    let mut found = BTreeSet::new();
    for (index, payload) in tx.payloads(INVENTORY)? {
        let meta: Option<InventoryMeta> = serde_json::from_slice(payload.meta()).ok();
        found.extend(meta.filter(|m| m.source == org).map(|_| index));
    }
    for (index, payload) in tx.payloads(ANSWER)? {
        let meta: Option<AnswerMeta> = serde_json::from_slice(payload.meta()).ok();
        found.extend(meta.filter(|m| m.org == org).map(|_| index));
    }
    Ok(found)
}

/// A document that goes: its id, and the mark under which this version was held. Others of the same id may stay under other marks.
pub type Gone = (String, Tlp);

/// The changes of exposures that rest on these documents or on what these sources gave: each event with what stays of it.
pub fn resting_on(
    tx: &mut Tx<'_>,
    documents: &BTreeSet<Gone>,
    sources: &BTreeSet<String>,
) -> Result<BTreeMap<i64, Option<Payload>>> {
    let mut found = BTreeMap::new();
    if documents.is_empty() && sources.is_empty() {
        return Ok(found);
    }
    let mut events: Vec<(i64, Changed, Changed)> = Vec::new();
    for (index, payload) in tx.payloads(CHANGED)? {
        let Ok(before) = serde_json::from_slice::<Changed>(payload.meta()) else { continue };
        let mut after = before.clone();
        after.changes.retain(|c| !rests_on(c, documents) && !sources.contains(&c.source));
        after.changes.iter_mut().for_each(|c| {
            let goes = |id: &String, seen_from| documents.iter().any(|(gone, tlp)| gone == id && seen_from >= *tlp);
            let seen_from = c.seen_from;
            c.also.retain(|also| !goes(also, seen_from));
        });
        events.push((index, before, after));
    }
    rise(&mut events);
    for (index, _, after) in events.into_iter().filter(|(_, before, after)| before != after) {
        let stays = match after.changes.is_empty() {
            true => None,
            false => {
                let meta = serde_json::to_string(&after).map_err(|e| Error::Engine(e.to_string()))?;
                Some(Payload::new(&meta, b""))
            }
        };
        found.insert(index, stays);
    }
    Ok(found)
}

fn rests_on(c: &Change, documents: &BTreeSet<Gone>) -> bool {
    documents.iter().any(|(id, tlp)| {
        let decides = c.advisory == *id && c.tlp.is_none_or(|decided| decided == *tlp);
        decides || (c.seen_from >= *tlp && c.reason.contains(id.as_str()))
    })
}

/// Where nothing stays of what was so above a mark, what is so from that mark is so for all who may read more.
fn rise(events: &mut [(i64, Changed, Changed)]) {
    type Of = (Level, String, String, String);
    let of = |c: &Change| -> Of { (c.level, c.source.clone(), c.subject.clone(), c.vulnerability.clone()) };
    let marks = |which: fn(&(i64, Changed, Changed)) -> &Changed| {
        let mut marks: BTreeMap<Of, BTreeSet<Tlp>> = BTreeMap::new();
        for c in events.iter().flat_map(|event| &which(event).changes) {
            marks.entry(of(c)).or_default().insert(c.seen_from);
        }
        marks
    };
    let (before, after) = (marks(|e| &e.1), marks(|e| &e.2));
    for c in events.iter_mut().flat_map(|(_, _, after)| &mut after.changes) {
        let (Some(until), of) = (c.seen_until, of(c)) else { continue };
        let held = |marks: &BTreeMap<Of, BTreeSet<Tlp>>| marks.get(&of).is_some_and(|marks| marks.contains(&until));
        if held(&before) && !held(&after) {
            let above = (Bound::Excluded(c.seen_from), Bound::Unbounded);
            c.seen_until = after.get(&of).and_then(|marks| marks.range(above).next().copied());
        }
    }
}

/// Assets, each by its source and key.
pub type Assets = BTreeSet<(String, String)>;

/// Assets that are judged in one unit of work.
const UNIT: usize = 500;

/// The assets on which documents among these events may have a say, or of which changes among them tell. To be asked before they go.
pub fn near(tx: &mut Tx<'_>, events: impl IntoIterator<Item = i64>) -> Result<Assets> {
    let mut found = Assets::new();
    for event in events {
        found.extend(subjects_near(tx, event)?);
        found.extend(sbom::subject_of(tx, event)?);
        let changes = tx.event(event)?.filter(|event| event.kind == CHANGED && event.payload.is_some());
        if let Some(changed) = changes.map(|event| event.meta::<Changed>()).transpose()? {
            let assets = changed.changes.into_iter().filter(|change| change.level == Level::Asset);
            found.extend(assets.map(|change| (change.source, change.subject)));
        }
    }
    Ok(found)
}

/// Judges these assets anew, after the stages were folded without what was purged; all that are held where it is not known which (`None`). A
/// change is recorded by itself, so that what was broken off may be done again.
pub fn judge_anew(ledger: &Ledger, assets: Option<Assets>) -> Result<()> {
    let (cause, assets) = ledger.read(|tx| {
        let sql = "SELECT idx FROM entry WHERE kind = $1 ORDER BY idx DESC LIMIT 1";
        let cause = tx.one(sql, &[ledger::purge::TOMBSTONE.into()], |r| r.int(0))?;
        let sql = "SELECT source, asset FROM @asset UNION SELECT source, subject FROM @sbom ORDER BY 1, 2";
        let all = |tx: &mut Tx<'_>| tx.all(sql, &[], |r| (r.text(0).to_owned(), r.text(1).to_owned()));
        let assets = match &assets {
            Some(assets) => assets.iter().cloned().collect(),
            None => all(tx)?,
        };
        Ok((cause, assets))
    })?;
    let Some(cause) = cause else { return Ok(()) };
    for unit in assets.chunks(UNIT) {
        ledger.write(|tx| {
            let mut bench = Bench::default();
            for (source, key) in unit {
                let mut by_owner = BTreeMap::new();
                judge_subject(tx, &mut bench, source, key, &mut by_owner)?;
                for (owner, changes) in by_owner {
                    let of = format!("{source}/{key}");
                    changed::record_as(tx, cause, "a purge", owner, changes, &of)?;
                }
                bench.trim();
            }
            Ok(())
        })?;
    }
    ledger.catch_up().map(drop)
}
