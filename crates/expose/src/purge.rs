//! What of this stage belongs to a purge: inventories and answers of an organisation, and what exposures say of documents that go.
//! A change that rests on what is purged is taken out of its event; the rest of the event stays in its place.
use crate::kinds::{ANSWER, AnswerMeta, CHANGED, Changed, INVENTORY, InventoryMeta};
use ledger::{Error, Payload, Result, Tx};
use std::collections::{BTreeMap, BTreeSet};

/// The inventories and answers that an organisation gave.
pub fn given_by(tx: &mut Tx<'_>, org: &str) -> Result<BTreeSet<i64>> {
    let mut found = BTreeSet::new();
    for (index, payload) in of_kind(tx, INVENTORY)? {
        let meta: Option<InventoryMeta> = serde_json::from_slice(payload.meta()).ok();
        found.extend(meta.filter(|m| m.source == org).map(|_| index));
    }
    for (index, payload) in of_kind(tx, ANSWER)? {
        let meta: Option<AnswerMeta> = serde_json::from_slice(payload.meta()).ok();
        found.extend(meta.filter(|m| m.org == org).map(|_| index));
    }
    Ok(found)
}

/// The changes of exposures that rest on these documents, by their ids, or on what these sources gave: each event with what stays of it.
pub fn resting_on(
    tx: &mut Tx<'_>,
    documents: &BTreeSet<String>,
    sources: &BTreeSet<String>,
) -> Result<BTreeMap<i64, Option<Payload>>> {
    let mut found = BTreeMap::new();
    if documents.is_empty() && sources.is_empty() {
        return Ok(found);
    }
    for (index, payload) in of_kind(tx, CHANGED)? {
        let Ok(mut changed) = serde_json::from_slice::<Changed>(payload.meta()) else { continue };
        let before = changed.clone();
        changed.changes.retain(|c| !documents.contains(&c.advisory) && !sources.contains(&c.source));
        changed.changes.iter_mut().for_each(|c| c.also.retain(|also| !documents.contains(also)));
        if changed == before {
            continue;
        }
        let stays = match changed.changes.is_empty() {
            true => None,
            false => {
                let meta = serde_json::to_string(&changed).map_err(|e| Error::Engine(e.to_string()))?;
                Some(Payload::new(&meta, b""))
            }
        };
        found.insert(index, stays);
    }
    Ok(found)
}

fn of_kind(tx: &mut Tx<'_>, kind: &str) -> Result<Vec<(i64, Payload)>> {
    let sql = "SELECT e.idx, p.bytes FROM entry e JOIN payload p ON p.idx = e.idx WHERE e.kind = $1 ORDER BY e.idx";
    let rows = tx.all(sql, &[kind.into()], |r| (r.int(0), Payload::parse(r.blob(1).to_vec())))?;
    Ok(rows.into_iter().filter_map(|(index, payload)| Some((index, payload?))).collect())
}
