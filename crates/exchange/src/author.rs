//! Who may bring a new version of an object (STIX 2.1 section 3.6: its creator alone may version it).
//!
//! An object says who created it, and anybody can write that. What an account proves is its organisation. So a new version is taken from whoever
//! gave the first that it sees, from the organisation that carries the creator's identity among its names, and from one that its agreement lets relay for
//! that identity. From anybody else it goes to review. What the operator's own bring in is the operator's decision.
use crate::rights;
use crate::versions::Held;
use ledger::{Result, Tx};
use partners::agreement::{self, ANYBODY};

/// What somebody is told who may not.
pub(crate) const NOT_BOUND: &str = "another organisation gave this object first, and the one that gives it now is neither its creator nor an agreed relay: a person decides";

/// Whether an organisation may bring a version of what is held already. `giver`: `None` for the operator's own; `creator`: an id, or empty
/// where the object does not say; `held`: the versions that are to be followed.
pub(crate) fn may_version(tx: &mut Tx<'_>, giver: Option<&str>, creator: &str, held: &[Held]) -> Result<bool> {
    let (Some(giver), Some(first)) = (giver, held.iter().filter(|one| one.object >= 0).min_by_key(|one| one.object))
    else {
        return Ok(true);
    };
    Ok(first.giver.as_deref() == Some(giver) || speaks_for(tx, giver, creator)?)
}

fn speaks_for(tx: &mut Tx<'_>, giver: &str, creator: &str) -> Result<bool> {
    if !creator.is_empty() && rights::names(tx, giver)?.iter().any(|name| name == creator) {
        return Ok(true);
    }
    let today = tx.now().civil();
    let agreements = rights::agreements(tx, giver)?;
    let relays = |who: &str| who == ANYBODY || (!creator.is_empty() && who == creator);
    let mut in_force = agreement::in_force(&agreements, today).into_iter();
    Ok(in_force.any(|a| a.clauses.with_operator && a.clauses.relays.iter().any(|who| relays(who))))
}
