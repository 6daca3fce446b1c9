//! The infrastructure graph, cascades, single points of failure. Computes without a database: only [`stage`] and [`cache`]
//! know the ledger, all else works on [`facts`] that may come from anywhere.
//!
//! # Layout
//!
//! * [`tables`]: reading the CSV tables, row by row
//! * [`facts`]: what the sources say, folded; what an import would change
//! * [`graph`]: the arrays that are computed with
//! * [`cascade`]: what falls when something fails, when and why
//! * [`chance`]: who falls how often, over many scenarios
//! * [`spof`]: every single failure that takes a function
//! * [`ranges`]: what inferred edges leave open, and how each input is known
//! * [`components`], [`concentration`]: interdependency, and how much hangs on few
//! * [`stage`], [`cache`], [`report`]: admission and fold, the graph that follows the log, the forms that others build on
pub mod bench;
pub mod cache;
pub mod cascade;
pub mod chance;
pub mod components;
pub mod concentration;
pub mod facts;
pub mod graph;
mod quick;
pub mod ranges;
pub mod report;
pub mod spof;
pub mod stage;
pub mod tables;
mod texts;

pub use cache::{Cache, Snapshot};
pub use report::{cascade_report, spof_report};
pub use stage::{Depend, Table, admit};
pub use texts::{Text, Texts};
