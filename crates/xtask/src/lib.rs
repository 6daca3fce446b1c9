//! Chores that a person or CI starts by hand: the demo, the tests, the pages, the walk of two worlds, the benches, the tidy rules, a release build.
//! Everything is Rust and this crate depends on none of ours, so that `cargo xtask` starts while the rest does not compile.
//! It knows the product only from outside: as a binary with verbs. The rules of the product are elsewhere.

pub mod bench;
pub mod demo;
pub mod dist;
pub mod fuzz;
pub mod http;
pub mod script;
pub mod shell;
pub mod suite;
pub mod tidy;
pub mod ui;
pub mod walk;
