//! The partners' trees: RFC 6962 like the main one, their nodes kept at each level so that a proof is a few look-ups; the fold of heads, the
//! signed checkpoints and the proofs.
use super::{HeadMeta, HeadsMeta};
use ledger::checkpoint::{base64, unbase64};
use ledger::merkle::{Frontier, Hash, node_hash};
use ledger::note::{self, Head, Verifier};
use ledger::proof::{self, Nodes};
use ledger::{Error, Event, Ledger, Result, Tx};

/// The nodes of one partner's tree.
struct Stored<'t, 'a> {
    tx: &'t mut Tx<'a>,
    org: &'t str,
}

impl Nodes for Stored<'_, '_> {
    fn node(&mut self, level: u32, index: u64) -> Result<Hash> {
        let sql = "SELECT hash FROM @receipt_node WHERE org = $1 AND level = $2 AND n = $3";
        let args = [self.org.into(), i64::from(level).into(), (index as i64).into()];
        let held = self.tx.one(sql, &args, |r| r.blob(0).try_into().ok())?;
        held.flatten().ok_or_else(|| {
            Error::Integrity(format!("node {index} at level {level} of the tree of {} is missing", self.org))
        })
    }
}

/// The leaves that are sealed.
pub(crate) fn size(tx: &mut Tx<'_>, org: &str) -> Result<u64> {
    let sql = "SELECT COALESCE(MAX(size), 0) FROM @receipt_head WHERE org = $1";
    Ok(tx.one(sql, &[org.into()], |r| r.int(0))?.unwrap_or(0).unsigned_abs())
}

/// The right edge of a partner's tree.
pub(crate) fn frontier(tx: &mut Tx<'_>, org: &str) -> Result<Frontier> {
    let size = size(tx, org)?;
    let mut peaks = Vec::new();
    let mut from = 0;
    for level in (0..63).rev().filter(|level| size >> level & 1 == 1) {
        peaks.extend_from_slice(&Stored { tx, org }.node(level, from >> level)?);
        from += 1 << level;
    }
    Frontier::from_bytes(size, &peaks).ok_or_else(|| Error::Integrity(format!("the tree of {org} is not whole")))
}

/// Folds heads: the leaves come into the trees, and the roots must be what is said.
pub(crate) fn fold(tx: &mut Tx<'_>, event: &Event) -> Result<()> {
    let HeadsMeta { heads } = event.meta()?;
    heads.iter().try_for_each(|head| fold_head(tx, event, head))
}

fn fold_head(tx: &mut Tx<'_>, event: &Event, head: &HeadMeta) -> Result<()> {
    let bad = |what: &str| Error::park("receipt-head", format!("the head of {} {what}", head.org));
    let mut at = size(tx, &head.org)?;
    for leaf in &head.leaves {
        let hash: Hash = unbase64(leaf).and_then(|b| b.try_into().ok()).ok_or_else(|| bad("names no hash"))?;
        let sql = "UPDATE @receipt SET sealed = 1 WHERE org = $1 AND n = $2 AND sealed = 0";
        if tx.run(sql, &[(&head.org).into(), (at as i64).into()])? != 1 {
            return Err(bad("seals what is sealed, or is not there"));
        }
        grow(tx, &head.org, at, hash)?;
        at += 1;
    }
    let sql = "INSERT INTO @receipt_head (org, size, root, idx, known) VALUES ($1, $2, $3, $4, $5)";
    let root = unbase64(&head.root).unwrap_or_default();
    tx.run(sql, &[(&head.org).into(), (at as i64).into(), (&root).into(), event.index.into(), event.known.into()])?;
    match (at as i64 == head.size, frontier(tx, &head.org)?.root().as_slice() == root) {
        (true, true) => Ok(()),
        _ => Err(bad("has another size or root than its leaves give")),
    }
}

/// Adds a leaf, and each perfect subtree that it completes.
fn grow(tx: &mut Tx<'_>, org: &str, at: u64, leaf: Hash) -> Result<()> {
    let (mut level, mut n, mut hash) = (0_u32, at, leaf);
    loop {
        let sql = "INSERT INTO @receipt_node (org, level, n, hash) VALUES ($1, $2, $3, $4)";
        tx.run(sql, &[org.into(), i64::from(level).into(), (n as i64).into(), (&hash).into()])?;
        if n & 1 == 0 {
            return Ok(());
        }
        let left = Stored { tx, org }.node(level, n - 1)?;
        hash = node_hash(&left, &hash);
        level += 1;
        n >>= 1;
    }
}

/// The name of a partner's tree on its checkpoints. It names the hub and the partner, and nothing that changes with anybody else.
pub fn verifier(ledger: &Ledger, org: &str) -> Verifier {
    let main = ledger.verifier();
    Verifier { name: format!("{}/receipts/{org}", main.name), public: main.public }
}

/// The sealed head of a partner's tree; the empty one where nothing was sealed.
pub fn head(tx: &mut Tx<'_>, name: &str, org: &str) -> Result<Head> {
    let tree = frontier(tx, org)?;
    Ok(Head { origin: name.to_owned(), size: tree.size(), root: tree.root() })
}

/// The head of a partner's tree, signed (c2sp.org/tlog-checkpoint). The same head is the same note.
pub fn checkpoint(ledger: &Ledger, org: &str) -> Result<String> {
    let (name, key) = (verifier(ledger, org).name, ledger.signing_key()?);
    let head = ledger.read(|tx| head(tx, &name, org))?;
    // no power cut may take back what is signed
    ledger.settled()?;
    Ok(note::sign(&name, &key, &head.text()))
}

/// That a leaf is in the tree of a size; the sealed size where none is said.
pub fn inclusion(tx: &mut Tx<'_>, org: &str, leaf: u64, of: Option<u64>) -> Result<(u64, Vec<Hash>)> {
    let size = within(tx, org, of)?;
    Ok((size, proof::inclusion(&mut Stored { tx, org }, leaf, size)?))
}

/// That the tree of a size grew out of the one of another.
pub fn consistency(tx: &mut Tx<'_>, org: &str, from: u64, to: Option<u64>) -> Result<(u64, Vec<Hash>)> {
    let size = within(tx, org, to)?;
    Ok((size, proof::consistency(&mut Stored { tx, org }, from, size)?))
}

fn within(tx: &mut Tx<'_>, org: &str, asked: Option<u64>) -> Result<u64> {
    let sealed = size(tx, org)?;
    match asked.unwrap_or(sealed) {
        size if size <= sealed => Ok(size),
        size => {
            let why = format!("the tree has {sealed} leaves, not {size}");
            Err(Error::refused("proof-range", why, "ask for a size up to that of the checkpoint"))
        }
    }
}

/// A leaf's hash, base64; `None` where it is not sealed.
pub fn leaf(tx: &mut Tx<'_>, org: &str, n: i64) -> Result<Option<String>> {
    let sql = "SELECT hash FROM @receipt_node WHERE org = $1 AND level = 0 AND n = $2";
    tx.one(sql, &[org.into(), n.into()], |r| base64(r.blob(0)))
}
