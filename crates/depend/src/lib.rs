//! The infrastructure graph, cascades, single points of failure. Computes without a database.
pub mod bench;
pub mod cascade;
pub mod components;
pub mod concentration;
pub mod facts;
pub mod graph;
pub mod ranges;
pub mod spof;
pub mod tables;
mod texts;

pub use texts::{Text, Texts};
