//! What measures are computed from, kept in memory between two questions: it follows the log, so that after one more entry one entry is read. Whoever
//! asks what was known at an earlier time is answered from the tables, because then some organisations were somewhere else.
//! Not for: the command line, which asks once.
#[cfg(test)]
mod tests;

use std::sync::{PoisonError, RwLock};

use ledger::{Micros, Result, Tx};

use crate::facts::View;
use crate::figure::{Explanation, Figure};
use crate::load::{self, Source};
use crate::measure::Ledgers;
use crate::pack::Plan;
use crate::period::Period;
use crate::{compute, count};

/// Facts and records as of the last entry that somebody asked after.
#[derive(Debug, Default)]
pub struct Memory {
    kept: RwLock<Option<Kept>>,
}

#[derive(Debug)]
struct Kept {
    /// The tables that it was read from, and the packs by which it was read: with others it is read anew.
    basis: Basis,
    plans: Vec<Plan>,
    source: Source,
    ledgers: Ledgers,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Basis {
    tables: i64,
    packs: Vec<String>,
}

impl Basis {
    fn of(tx: &mut Tx<'_>) -> Result<Basis> {
        let tables = tx.one("SELECT generation FROM head WHERE id = 1", &[], |r| r.int(0))?;
        let packs = tx.all("SELECT meta FROM @pack ORDER BY kind, name", &[], |r| r.text(0).to_owned())?;
        Ok(Basis { tables: tables.unwrap_or(0), packs })
    }
}

impl Memory {
    /// Every measure as of two dates, as [`compute::compute`] computes it.
    pub fn compute(
        &self,
        tx: &mut Tx<'_>,
        as_of: Micros,
        known_as_of: Micros,
        period: Option<&Period>,
    ) -> Result<Vec<Figure>> {
        let view = View { as_of, known_as_of };
        self.with(tx, view, |tx, plans, of| compute::figures_by(tx, plans, of, view, period))
    }

    /// One measure, as [`compute::explain`] explains it.
    pub fn explain(
        &self,
        tx: &mut Tx<'_>,
        id: &str,
        as_of: Micros,
        known_as_of: Micros,
        period: Option<&Period>,
    ) -> Result<Explanation> {
        let view = View { as_of, known_as_of };
        self.with(tx, view, |tx, plans, of| compute::explain_one(tx, of, compute::named(plans, id)?, view, period))
    }

    /// What a text would count, as [`compute::attempt`] counts it.
    pub fn attempt(
        &self,
        tx: &mut Tx<'_>,
        text: &str,
        as_of: Micros,
        known_as_of: Micros,
        period: &Period,
    ) -> Result<std::result::Result<Explanation, Vec<count::Fault>>> {
        let view = View { as_of, known_as_of };
        self.with(tx, view, |_, _, of| compute::attempt_by(of, text, view, period))
    }

    fn with<T>(
        &self,
        tx: &mut Tx<'_>,
        view: View,
        f: impl FnOnce(&mut Tx<'_>, &[Plan], &Ledgers) -> Result<T>,
    ) -> Result<T> {
        let (basis, folded) = (Basis::of(tx)?, load::folded(tx)?);
        let stands = |kept: &Option<Kept>| {
            kept.as_ref().is_some_and(|kept| kept.basis == basis && kept.source.after() >= folded)
        };
        if !stands(&self.kept.read().unwrap_or_else(PoisonError::into_inner)) {
            let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
            if !stands(&kept) {
                // whatever fails on the way leaves nothing half done
                *kept = Some(Kept::brought_up(kept.take(), tx, basis)?);
            }
        }
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        match kept.as_ref().filter(|kept| kept.ledgers.are_known_by(view.known_as_of)) {
            Some(kept) => f(tx, &kept.plans, &kept.ledgers),
            None => {
                drop(kept);
                let (plans, of) = (compute::plans(tx)?, compute::ledgers(tx, view.known_as_of)?);
                f(tx, &plans, &of)
            }
        }
    }
}

impl Kept {
    fn brought_up(kept: Option<Kept>, tx: &mut Tx<'_>, basis: Basis) -> Result<Kept> {
        if let Some(mut kept) = kept.filter(|kept| kept.basis == basis)
            && kept.source.stands(tx)?
        {
            kept.ledgers.follow(tx, &mut kept.source)?;
            return Ok(kept);
        }
        let (ledgers, source) = Ledgers::read(tx, Micros(i64::MAX))?;
        Ok(Kept { basis, plans: compute::plans(tx)?, source, ledgers })
    }
}
