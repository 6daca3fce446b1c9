//! The log leaf by leaf, for whoever carries it away to be recomputed: headers, commitments, and what is kept of the payloads. What may go to whom is not
//! decided here.
use crate::error::{Error, Result};
use crate::event::Header;
use crate::ledger::Tx;
use crate::merkle::{Frontier, Hash};

/// One leaf with what is kept of its payload.
#[derive(Clone, Copy, Debug)]
pub struct Leaf<'a> {
    /// Place in the log.
    pub index: i64,
    /// The header's line, as it is hashed.
    pub header: &'a str,
    /// H(salt ‖ payload).
    pub commitment: &'a [u8],
    /// The salt and the framed payload; nothing where they were purged.
    pub kept: Option<(&'a [u8], &'a [u8])>,
}

/// Each leaf of the first `size` entries, in order. The payloads are read only of kinds that `wants`.
pub fn each(
    tx: &mut Tx<'_>,
    size: i64,
    wants: &dyn Fn(&str) -> bool,
    f: &mut dyn FnMut(Leaf<'_>) -> Result<()>,
) -> Result<()> {
    const STEP: i64 = 1_000;
    let mut from = 0;
    while from < size {
        let to = (from + STEP).min(size);
        let range = [from.into(), to.into()];
        let sql = "SELECT idx, kind, header, commitment FROM entry WHERE idx >= $1 AND idx < $2 ORDER BY idx";
        let heads =
            tx.all(sql, &range, |r| (r.int(0), r.text(1).to_owned(), r.text(2).to_owned(), r.blob(3).to_vec()))?;
        for (index, kind, header, commitment) in &heads {
            let kept = match wants(kind) {
                true => {
                    let sql = "SELECT salt, bytes FROM payload WHERE idx = $1";
                    tx.one(sql, &[(*index).into()], |r| (r.blob(0).to_vec(), r.blob(1).to_vec()))?
                }
                false => None,
            };
            let kept = kept.as_ref().map(|(salt, bytes)| (salt.as_slice(), bytes.as_slice()));
            f(Leaf { index: *index, header, commitment, kept })?;
        }
        from = to;
    }
    Ok(())
}

/// The root over the first `size` leaves.
///
/// # Errors
/// [`Error::Integrity`] where a leaf is missing.
pub fn root_at(tx: &mut Tx<'_>, size: i64) -> Result<Hash> {
    let mut tree = Frontier::default();
    tx.each("SELECT leaf FROM entry WHERE idx < $1 ORDER BY idx", &[size.into()], &mut |r| {
        let leaf = r.blob(0).try_into();
        tree.push(leaf.map_err(|_| Error::Integrity("a leaf is no hash; run `ledger verify`".into()))?);
        Ok(())
    })?;
    match tree.size() == size.unsigned_abs() {
        true => Ok(tree.root()),
        false => Err(Error::Integrity(format!("the log has no {size} leaves; run `ledger verify`"))),
    }
}

/// The headers before an entry, the last first, at most so many: what happened, when, and nothing of what it said.
pub fn headers(tx: &mut Tx<'_>, before: i64, most: i64) -> Result<Vec<Header>> {
    let sql = "SELECT header FROM entry WHERE idx < $1 ORDER BY idx DESC LIMIT $2";
    let lines = tx.all(sql, &[before.into(), most.into()], |r| Header::parse(r.text(0)))?;
    let read = |line: Option<Header>| {
        line.ok_or_else(|| Error::Integrity("a header is unreadable; run `ledger verify`".into()))
    };
    lines.into_iter().map(read).collect()
}
