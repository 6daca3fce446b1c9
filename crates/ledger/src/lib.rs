//! The ledger: one append-only log is the truth. This crate keeps the log, its Merkle tree, the storage seam (SQLite,
//! PostgreSQL), the stages' cursors, jobs and packs. It does not know what any event means, and nobody else names a database.
//!
//! # Layout
//!
//! * [`event`]: the format of an entry, which cannot change later
//! * [`merkle`]: the tree of RFC 6962
//! * `seam`: one SQL text, two engines
//! * [`ledger`](Ledger): opening a store, units of work, appending
//! * [`stage`]: what a stage of the loop is
//! * `catch_up`, `rebuild`, `verify`: folding the log, folding it anew, proving it
//! * [`checkpoint`], [`keys`], [`note`], [`proof`]: the signed head, and what is proven under it
//! * [`purge`]: the one way a payload leaves the log
//! * [`leaves`]: the log as it is carried away
//! * [`jobs`]: work with leases and fencing tokens
//! * [`pack`]: knowledge that changes, as signed data
mod catch_up;
pub mod checkpoint;
pub mod entropy;
mod error;
pub mod event;
pub mod intake;
pub mod jobs;
pub mod keys;
pub mod leaves;
mod ledger;
pub mod line;
pub mod merkle;
pub mod note;
pub mod pack;
pub mod proof;
pub mod purge;
mod rebuild;
mod seam;
pub mod stage;
mod tables;
#[doc(hidden)]
pub mod testkit;
mod time;
mod unit;
mod verify;

pub use catch_up::{Parked, Position};
pub use entropy::{Entropy, SeededEntropy, SystemEntropy};
pub use error::{Error, Result};
pub use event::{Appended, Draft, Event, Payload};
pub use intake::{Intake, Note};
pub use ledger::{Env, Genesis, Kept, Ledger, Tx};
pub use rebuild::Rebuilt;
pub use seam::{Column, Place, Row, Value};
pub use stage::{Ahead, Stage};
pub use time::{Clock, FixedClock, Micros, SystemClock};
pub use verify::{Finding, Verified};
