//! The infrastructure graph, cascades, single points of failure. Computes without a database.
pub mod facts;
pub mod graph;
pub mod tables;
mod texts;

pub use texts::{Text, Texts};
