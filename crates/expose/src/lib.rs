//! Expose: who runs what is vulnerable. Advisories meet inventories, and what follows is kept up to date as either arrives;
//! nothing is matched by a read. Knows no HTTP, sends nothing, asks nobody to act.
//!
//! An exposure is a subject and a threat, at a level, with a status, a holder and a count or an interval. What is not known is
//! a row or a share, never an absence.
//!
//! # Layout
//! * [`kinds`]: events, levels, threats
//! * [`stage`]: the fold and the reaction
//! * [`advisory`], [`inventory`], [`sbom`], [`exploited`]: the four things that arrive, as tables
//! * [`judge`]: what all advisories together say of one subject and one vulnerability
//! * [`changed`]: one event per cause and owner, and its fold
//! * [`list`]: the ranked list, its coverage, and the explanation of one row
//! * [`purge`]: what of all this goes with a matter that is purged
//! * [`home`]: matching at the holder, whose answer has equal rights
pub mod advisory;
pub mod changed;
pub mod exploited;
pub mod home;
pub mod inventory;
pub mod judge;
pub mod kinds;
pub mod list;
pub mod purge;
pub mod sbom;
pub mod stage;
pub mod stake;

#[cfg(test)]
mod tests;

pub use advisory::Marks;
pub use inventory::{Imported, import_inventory};
pub use kinds::{Change, Changed, Level, Threat};
pub use list::{Coverage, ExposureRow, Filter, Listed, explain, list};
pub use stage::Expose;
pub use stake::{NoStakes, Stakes};
