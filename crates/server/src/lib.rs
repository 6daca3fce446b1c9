//! The only crate that knows HTTP: TAXII 2.1, pages, the answer page.
//! Not for: rules of the domain. A handler asks a stage and shows what it says.

pub mod assets;
pub mod chart;
pub mod pages;
