//! Receipts: each partner has a tree of its own of what passed between it and this hub, both ways: objects shown, envelopes taken, asks
//! and answers, requests to destroy. A leaf is one exchange; a page of five thousand objects is one leaf, with a small tree of its own
//! over the objects, so that one of them is proven without the others.
//!
//! A leaf is the hash of a **statement**, a few lines of text; [`statement`] makes it from the event. Statements are sealed behind the
//! exchange ([`seal`]): an event of kind [`HEADS`] names the hashes that came to each tree and the root it has now, and so commits the
//! partner's tree in the main one. Nothing in a partner's tree, its size and its root included, depends on anybody else.
//!
//! * [`tree`]: the nodes, the fold of heads, checkpoints and proofs
//! * [`show`]: a receipt as it travels, and its check by a stranger
pub mod show;
pub mod statement;
pub mod tree;

use crate::events::{AnsweredMeta, SentMeta};
use crate::purge::{PURGE_ANSWERED, PURGED, PurgeAnsweredMeta, PurgedMeta};
use exchange::disclosed::{self, DISCLOSED, DisclosedMeta, RECEIVED, ReceivedMeta};
use ledger::{Event, Ledger, Micros, Result, Tx};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// `act.receipts`: what came to the trees of partners, and the heads they have now.
pub const HEADS: &str = "act.receipts";
/// Leaves that one round seals at most, of all trees: each may be over thousands of objects.
const SEAL_MAX: i64 = 200;

/// The derived tables of receipts.
pub(crate) const SCHEMA: &str = "
CREATE TABLE @receipt (org {text} NOT NULL, n {int} NOT NULL, idx {int} NOT NULL, kind {text} NOT NULL, at {int} NOT NULL,
  lo {int} NOT NULL, hi {int} NOT NULL, sealed {int} NOT NULL, PRIMARY KEY (org, n));
CREATE INDEX @receipt_range ON @receipt (kind, lo, hi);
CREATE INDEX @receipt_sealed ON @receipt (sealed, org, n);
CREATE TABLE @receipt_node (org {text} NOT NULL, level {int} NOT NULL, n {int} NOT NULL, hash {blob} NOT NULL, PRIMARY KEY (org, level, n));
CREATE TABLE @receipt_head (org {text} NOT NULL, size {int} NOT NULL, root {blob} NOT NULL, idx {int} NOT NULL, known {int} NOT NULL,
  PRIMARY KEY (org, size))";

/// Meta of [`HEADS`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeadsMeta {
    /// Of each partner to whose tree something came.
    pub heads: Vec<HeadMeta>,
}

/// One partner's part of [`HeadsMeta`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeadMeta {
    /// Whose.
    pub org: String,
    /// The hashes of the leaves that came, base64.
    pub leaves: Vec<String>,
    /// Leaves now.
    pub size: i64,
    /// The root now, base64.
    pub root: String,
}

/// One exchange with a partner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Receipt {
    /// Whose.
    #[serde(skip)]
    pub org: String,
    /// The place in its tree.
    pub leaf: i64,
    /// The event.
    #[serde(skip)]
    pub event: i64,
    /// `given`, `received`, `asked`, `answered`, `purge`, `purge-answer`.
    pub kind: String,
    /// When.
    #[serde(serialize_with = "as_text")]
    pub at: Micros,
    /// It is in a signed head.
    pub sealed: bool,
}

fn as_text<S: serde::Serializer>(at: &Micros, s: S) -> std::result::Result<S::Ok, S::Error> {
    s.collect_str(at)
}

/// Folds an event that is an exchange with somebody.
pub(crate) fn fold(tx: &mut Tx<'_>, event: &Event) -> Result<()> {
    let plain = |org: String, kind: &'static str| vec![(org, kind, 0, 0)];
    let leaves = match event.kind.as_str() {
        DISCLOSED => {
            let meta: DisclosedMeta = event.meta()?;
            let objects = disclosed::decode(event.body()).unwrap_or_default();
            let (lo, hi) = (objects.iter().min().copied().unwrap_or(0), objects.iter().max().copied().unwrap_or(0));
            vec![(meta.org, "given", lo, hi)]
        }
        RECEIVED => plain(event.meta::<ReceivedMeta>()?.org, "received"),
        "act.sent" | "act.lost" => plain(event.meta::<SentMeta>()?.about.addressee, "asked"),
        "act.answered" => plain(event.meta::<AnsweredMeta>()?.claimant, "answered"),
        PURGED => event.meta::<PurgedMeta>()?.receivers.into_iter().map(|r| (r.org, "purge", 0, 0)).collect(),
        PURGE_ANSWERED => plain(event.meta::<PurgeAnsweredMeta>()?.org, "purge-answer"),
        _ => Vec::new(),
    };
    for (org, kind, lo, hi) in leaves {
        let n = tx
            .one("SELECT COALESCE(MAX(n) + 1, 0) FROM @receipt WHERE org = $1", &[(&org).into()], |r| r.int(0))?
            .unwrap_or(0);
        tx.run(
            "INSERT INTO @receipt (org, n, idx, kind, at, lo, hi, sealed) VALUES ($1, $2, $3, $4, $5, $6, $7, 0)",
            &[(&org).into(), n.into(), event.index.into(), kind.into(), event.when().into(), lo.into(), hi.into()],
        )?;
    }
    Ok(())
}

const SELECT: &str = "SELECT org, n, idx, kind, at, sealed FROM @receipt";

fn read(r: &ledger::Row<'_>) -> Receipt {
    Receipt {
        org: r.text(0).to_owned(),
        leaf: r.int(1),
        event: r.int(2),
        kind: r.text(3).to_owned(),
        at: r.micros(4),
        sealed: r.bool(5),
    }
}

/// The exchanges with a partner, oldest first, from a place on.
pub fn list(tx: &mut Tx<'_>, org: &str, from: i64, limit: i64) -> Result<Vec<Receipt>> {
    tx.all(
        &format!("{SELECT} WHERE org = $1 AND n >= $2 ORDER BY n LIMIT $3"),
        &[org.into(), from.into(), limit.into()],
        read,
    )
}

/// One exchange with a partner.
pub fn at(tx: &mut Tx<'_>, org: &str, leaf: i64) -> Result<Option<Receipt>> {
    Ok(list(tx, org, leaf, 1)?.pop().filter(|r| r.leaf == leaf))
}

/// Where an object was first shown to each organisation: the exchange, and its place there.
pub fn shown(tx: &mut Tx<'_>, object: i64) -> Result<BTreeMap<String, (Receipt, usize)>> {
    let rows = tx.all(
        &format!("{SELECT} WHERE kind = 'given' AND lo <= $1 AND hi >= $1 ORDER BY org, n"),
        &[object.into()],
        read,
    )?;
    let mut out = BTreeMap::new();
    for receipt in rows {
        if out.contains_key(&receipt.org) {
            continue;
        }
        let body = tx.body(receipt.event)?.unwrap_or_default();
        if let Some(place) = disclosed::decode(&body).unwrap_or_default().iter().position(|o| *o == object) {
            out.insert(receipt.org.clone(), (receipt, place));
        }
    }
    Ok(out)
}

/// Seals what waits: makes the statements, and appends the heads that follow. Gives how many leaves were sealed; call it again while that
/// is not zero. Statements are made outside of the write unit, since a page of objects is hashed for each.
pub fn seal(ledger: &Ledger) -> Result<usize> {
    let (size, waiting) = ledger.read(|tx| {
        let sql = format!("{SELECT} WHERE sealed = 0 ORDER BY org, n LIMIT {SEAL_MAX}");
        let mut by_org: BTreeMap<String, Vec<(i64, ledger::merkle::Hash)>> = BTreeMap::new();
        for receipt in tx.all(&sql, &[], read)? {
            let hash = match statement::of(tx, ledger.hub(), &receipt) {
                Ok(said) => said.hash(),
                // what it said went before it was sealed (a list of purges on a restored backup): the place is kept
                Err(ledger::Error::Refused { rule: "receipt-purged", .. }) => {
                    ledger::merkle::leaf_hash(&[b"mainstay receipt 1\nwhat purged\n"])
                }
                Err(e) => return Err(e),
            };
            by_org.entry(receipt.org.clone()).or_default().push((receipt.leaf, hash));
        }
        Ok((tx.size()?, by_org))
    })?;
    if waiting.is_empty() {
        return Ok(0);
    }
    let sealed = ledger.write(|tx| {
        let mut meta = HeadsMeta { heads: Vec::new() };
        let mut sealed = 0;
        for (org, leaves) in &waiting {
            let mut tree = tree::frontier(tx, org)?;
            // another node was here meanwhile, or what it sealed is not folded yet: the next round goes on from there
            if leaves.first().is_none_or(|(n, _)| *n != tree.size() as i64) || heads_since(tx, size)? {
                continue;
            }
            leaves.iter().for_each(|(_, hash)| tree.push(*hash));
            sealed += leaves.len();
            meta.heads.push(HeadMeta {
                org: org.clone(),
                leaves: leaves.iter().map(|(_, hash)| ledger::checkpoint::base64(hash)).collect(),
                size: tree.size() as i64,
                root: ledger::checkpoint::base64(&tree.root()),
            });
        }
        if !meta.heads.is_empty() {
            tx.append(ledger::Draft::new(HEADS, &meta)?)?;
        }
        Ok(sealed)
    })?;
    ledger.catch_up()?;
    Ok(sealed)
}

/// Whether heads were appended since the log had a size.
fn heads_since(tx: &mut Tx<'_>, size: i64) -> Result<bool> {
    let sql = "SELECT 1 FROM entry WHERE idx >= $1 AND kind = $2 LIMIT 1";
    Ok(tx.one(sql, &[size.into(), HEADS.into()], |_| ())?.is_some())
}

/// Seals until nothing waits.
pub fn seal_all(ledger: &Ledger) -> Result<usize> {
    ledger.catch_up()?;
    let mut all = 0;
    loop {
        match seal(ledger)? {
            0 => return Ok(all),
            n => all += n,
        }
    }
}

/// The organisations with which anything was exchanged.
pub fn partners(tx: &mut Tx<'_>) -> Result<BTreeSet<String>> {
    Ok(tx.all("SELECT DISTINCT org FROM @receipt ORDER BY org", &[], |r| r.text(0).to_owned())?.into_iter().collect())
}
