//! Who: organisations, people, keys, roles, agreements; the one release decision, may see and may do, with reasons.
//!
//! What is here knows nothing of assets or threats. Nothing leaves the hub without [`release::decide`]; every way out
//! stands in [`sinks::SINKS`].
//!
//! # Layout
//!
//! * [`release`], [`agreement`]: may it go to them, and why; [`sinks`]: where it could go
//! * [`may`], [`role`]: may they do it, and why
//! * [`org`], [`person`]: recording and asking; [`merge`]: two keys that are one body; [`access`]: tokens and certificates; [`stage`]: the fold; [`country`]: codes of countries
//! * [`register`], [`table`]: the partners table, and small tables in general
pub mod access;
pub mod agreement;
pub mod country;
pub mod may;
pub mod merge;
pub mod org;
pub mod person;
pub mod register;
pub mod release;
pub mod role;
pub mod sinks;
pub mod stage;
pub mod table;

pub use org::{Imported, effective_clearance, furnish, import_csv, register_key, trust};
pub use person::{Authenticator, LOCAL_OPERATOR, NewPerson, Person, add_person};
pub use role::Role;
pub use stage::Partners;

#[cfg(test)]
mod tests;
