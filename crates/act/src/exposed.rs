//! What this stage reads of the stage below: who is affected now, whose exposures an event changed, and whether what an ask was
//! about is no more.
use crate::plan::{Exposure, Planned};
use ledger::{Event, Result, Tx};
use serde::Deserialize;

/// The event by which the stage below says that somebody's exposures changed.
pub(crate) const CHANGED: &str = "expose.changed";

#[derive(Deserialize)]
struct Changed {
    owner: String,
}

/// Whose exposures an event changed.
pub(crate) fn parties_of(event: &Event) -> Result<Vec<String>> {
    Ok(vec![event.meta::<Changed>()?.owner])
}

/// All that is affected now.
pub(crate) fn affected(_tx: &mut Tx<'_>) -> Result<Vec<Exposure>> {
    Ok(Vec::new())
}

/// The source whose data shows that nothing of what an ask was about is affected any more; nothing while something is.
pub(crate) fn gone(_tx: &mut Tx<'_>, _planned: &Planned) -> Result<Option<String>> {
    Ok(None)
}
