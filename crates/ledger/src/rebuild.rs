//! Rebuild: the derived tables folded anew beside the old ones, then swapped; and the comparison of the two.
use crate::catch_up::{Run, step};
use crate::error::{Error, Result};
use crate::ledger::{Ledger, Tx, derived_ddl, schema_hash};
use crate::seam::{Mode, Session};

/// What a rebuild did.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Rebuilt {
    /// Entries folded.
    pub events: i64,
    /// Entries whose payload was purged: named, not folded.
    pub gaps: Vec<i64>,
    /// Events put aside.
    pub parked: i64,
}

impl Ledger {
    /// Folds the whole log into new tables beside the present ones and swaps them. Only `apply` runs: nothing is appended.
    /// Writers go on meanwhile; the swap waits for the last of their events.
    pub fn rebuild(&self) -> Result<Rebuilt> {
        let (old, new) = self.build_beside()?;
        self.engine.transaction(Mode::Write, &mut |session| {
            let mut head = self.begin_write(session)?;
            let size = head.size()?;
            let mut tx = head.with_generation(new);
            while step(&self.stages, &mut tx, Run::Replay)? < size {}
            let hash = schema_hash(&self.stages);
            tx.run("UPDATE head SET generation = $1, schema_hash = $2 WHERE id = 1", &[new.into(), (&hash).into()])?;
            drop_generation(tx.session(), old)
        })?;
        self.read(|tx| {
            Ok(Rebuilt {
                events: tx.size()?,
                gaps: gaps(tx)?,
                parked: tx.one("SELECT count(*) FROM @parked", &[], |r| r.int(0))?.unwrap_or(0),
            })
        })
    }

    /// Folds the log into tables of the next generation and compares them, row by row, with the present ones. Gives the
    /// first difference of each table; the tables beside are dropped again.
    pub(crate) fn compare_with_rebuild(&self) -> Result<Vec<String>> {
        self.catch_up()?;
        let (old, new) = self.build_beside()?;
        self.engine.transaction(Mode::Write, &mut |session| {
            let mut head = self.begin_write(session)?;
            let size = head.size()?;
            let mut tx = head.with_generation(new);
            while step(&self.stages, &mut tx, Run::Replay)? < size {}
            let differences = compare(tx.session(), old, new)?;
            drop_generation(tx.session(), new)?;
            Ok(differences)
        })
    }

    /// Makes the next generation's tables and folds the log into them in units of their own, up to the size it had.
    fn build_beside(&self) -> Result<(i64, i64)> {
        let (old, size) = self.read(|tx| {
            let generation = tx.one("SELECT generation FROM head WHERE id = 1", &[], |r| r.int(0))?.unwrap_or(0);
            Ok((generation, tx.size()?))
        })?;
        let new = old + 1;
        self.engine.transaction(Mode::Write, &mut |mut session| {
            drop_generation(&mut session, new)?;
            session.define(&derived_ddl(&self.stages).replace('@', &format!("g{new}_")))
        })?;
        let mut folded = 0;
        while folded < size {
            folded = self.engine.transaction(Mode::Write, &mut |session| {
                let mut tx = Tx::new(session, new, self.env.clock.now(), &*self.env.entropy);
                step(&self.stages, &mut tx, Run::Replay)
            })?;
        }
        Ok((old, new))
    }
}

fn gaps(tx: &mut Tx<'_>) -> Result<Vec<i64>> {
    let sql = "SELECT e.idx FROM entry e LEFT JOIN payload p ON p.idx = e.idx WHERE p.idx IS NULL ORDER BY e.idx";
    tx.all(sql, &[], |r| r.int(0))
}

fn drop_generation(session: &mut Session<'_>, generation: i64) -> Result<()> {
    let tables = session.tables(&format!("g{generation}_"))?;
    let ddl = tables.iter().map(|(name, _)| format!("DROP TABLE {name}")).collect::<Vec<_>>().join(";");
    session.define(&ddl)
}

fn compare(session: &mut Session<'_>, old: i64, new: i64) -> Result<Vec<String>> {
    let (was, is) = (session.tables(&format!("g{old}_"))?, session.tables(&format!("g{new}_"))?);
    let bare = |name: &str| name.split_once('_').map_or_else(|| name.to_owned(), |(_, rest)| rest.to_owned());
    let mut differences = Vec::new();
    for ((name_was, columns), (name_is, _)) in was.iter().zip(&is) {
        if bare(name_was) != bare(name_is) {
            differences.push(format!("table {name_was} stands where a rebuild has {name_is}"));
            continue;
        }
        let (rows_was, rows_is) = (digests(session, name_was, columns)?, digests(session, name_is, columns)?);
        if rows_was != rows_is {
            let lost = rows_was.iter().filter(|row| rows_is.binary_search(row).is_err()).count();
            let more = rows_is.iter().filter(|row| rows_was.binary_search(row).is_err()).count();
            differences.push(format!(
                "table {}: {} rows, a rebuild has {}; {lost} rows stand only here, {more} only in the rebuild",
                bare(name_was),
                rows_was.len(),
                rows_is.len()
            ));
        }
    }
    if was.len() != is.len() {
        differences.push(format!("{} derived tables stand, a rebuild has {}", was.len(), is.len()));
    }
    Ok(differences)
}

/// A digest of each row, sorted: equal exactly where the tables hold the same rows.
fn digests(session: &mut Session<'_>, table: &str, columns: &[String]) -> Result<Vec<[u8; 32]>> {
    use sha2::{Digest, Sha256};
    let mut digests = Vec::new();
    let sql = format!("SELECT {} FROM {table}", columns.join(", "));
    session
        .each(&sql, &[], &mut |row| {
            let mut h = Sha256::new();
            for i in 0..columns.len() {
                let (kind, bytes): (u8, Vec<u8>) =
                    match (row.opt_text(i), row.opt_int(i), row.opt_real(i), row.opt_blob(i)) {
                        (Some(text), ..) => (1, text.as_bytes().to_vec()),
                        (_, Some(int), Some(real), _) if (int as f64 - real).abs() > 0.0 => {
                            (2, real.to_be_bytes().to_vec())
                        }
                        (_, Some(int), ..) => (3, int.to_be_bytes().to_vec()),
                        (.., Some(real), _) => (2, real.to_be_bytes().to_vec()),
                        (.., Some(blob)) => (4, blob.to_vec()),
                        _ => (0, Vec::new()),
                    };
                h.update([kind]);
                h.update((bytes.len() as u64).to_be_bytes());
                h.update(bytes);
            }
            digests.push(h.finalize().into());
            Ok(())
        })
        .map_err(|e| Error::Engine(format!("{table}: {e}")))?;
    digests.sort_unstable();
    Ok(digests)
}
