//! Who: organisations, people, keys, roles, agreements; the one release decision, may see and may do, with reasons.
//!
//! What is here knows nothing of assets or threats. Nothing leaves the hub without [`release::decide`]; every way out
//! stands in [`sinks::SINKS`].
pub mod agreement;
pub mod may;
pub mod register;
pub mod release;
pub mod role;
pub mod sinks;
pub mod table;
