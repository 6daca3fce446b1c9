//! What was purged here, to be done again on a restored backup: the ledger's tombstones, and beside them who decided and who is asked to do the
//! same, so that the restored hub knows of it and asks them still.
use super::{PURGE_PROPOSED, PURGED, ProposedMeta, PurgedMeta};
use ledger::purge::Applied;
use ledger::{Draft, Error, Ledger, Payload, Result, Tx};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// A list, as `ledger purge export` writes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct List {
    /// What is erased, signed by the hub.
    #[serde(flatten)]
    pub tombstones: ledger::purge::List,
    /// Who decided, and whom it was shown to.
    #[serde(default)]
    pub books: Vec<Book>,
}

/// The record of one purge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Book {
    /// How it was proposed.
    pub proposed: ProposedMeta,
    /// How it was carried out.
    pub purged: PurgedMeta,
}

/// What was purged in this store.
pub fn list(ledger: &Ledger) -> Result<List> {
    let tombstones = ledger.purge_list()?;
    let books = ledger.read(|tx| {
        let proposed: Vec<ProposedMeta> = metas(tx, PURGE_PROPOSED)?;
        let purged: Vec<PurgedMeta> = metas(tx, PURGED)?;
        let of = |purged: PurgedMeta| {
            let proposed = proposed.iter().find(|proposed| proposed.purge == purged.purge)?.clone();
            Some(Book { proposed, purged })
        };
        Ok(purged.into_iter().filter_map(of).collect())
    })?;
    Ok(List { tombstones, books })
}

fn metas<T: DeserializeOwned>(tx: &mut Tx<'_>, kind: &str) -> Result<Vec<T>> {
    let read = |(index, payload): (i64, Payload)| {
        serde_json::from_slice(payload.meta()).map_err(|e| Error::Engine(format!("event {index}: {e}")))
    };
    tx.payloads(kind)?.into_iter().map(read).collect()
}

/// Purges what a list says: erases, folds everything anew, judges anew what the documents that went had decided, and enters who decided and who
/// is asked to do the same. What is done already is not done twice.
pub fn apply(ledger: &Ledger, list: &List) -> Result<Applied> {
    crate::receipt::seal_all(ledger)?;
    let graves = || list.tombstones.tombstones.iter().flat_map(|stone| stone.entries.iter().map(|grave| grave.index));
    let assets = ledger.read(|tx| expose::purge::near(tx, graves()))?;
    let applied = ledger.apply_purges(&list.tombstones)?;
    // a name in another log may mean another purge
    let books: Vec<&Book> =
        list.books.iter().filter(|book| applied.other.is_empty() && is_vouched(list, book)).collect();
    let open = enter(ledger, &books)?;
    if applied.erased > 0 || open {
        ledger.rebuild()?;
        // where an earlier attempt broke off, nobody knows any more what the documents were about
        expose::purge::judge_anew(ledger, (applied.erased > 0).then_some(assets))?;
        ledger.scrub(&[])?;
        ledger.write(|tx| {
            for Book { purged, .. } in &books {
                super::end(tx, &purged.purge)?;
            }
            Ok(())
        })?;
        ledger.catch_up()?;
    }
    Ok(applied)
}

/// Whether a tombstone, which the hub signed, names this purge and the same two people. Whom it was shown to is the operator's own word.
fn is_vouched(list: &List, book: &Book) -> bool {
    let stones = &list.tombstones.tombstones;
    stones.iter().any(|stone| stone.matter == book.purged.purge && stone.by == book.purged.by)
}

/// Enters how purges were decided; whether one of them was not brought to its end here.
fn enter(ledger: &Ledger, books: &[&Book]) -> Result<bool> {
    ledger.write(|tx| {
        for Book { proposed, purged } in books {
            let name = &purged.purge;
            tx.append(Draft::new(PURGE_PROPOSED, proposed)?.key(format!("act/purge/{name}")))?;
            tx.append(Draft::new(PURGED, purged)?.key(format!("act/purged/{name}")))?;
        }
        Ok(())
    })?;
    ledger.catch_up()?;
    let known = ledger.read(super::list)?;
    let done = |book: &&Book| known.iter().any(|p| p.purge == book.purged.purge && p.state == "done");
    Ok(!books.iter().all(done))
}
