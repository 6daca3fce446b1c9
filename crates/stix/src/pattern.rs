//! STIX patterns (STIX 2.1 section 9): reading them with exact error places, and running them over observations.
//!
//! [`parse`] is total: whatever text comes in, it gives a [`Pattern`] or a [`PatternFault`] that names the byte. What it accepts is what the
//! text of the standard allows, not the wider grammar that circulates beside it (docs/decisions/0009). Nothing here stores
//! anything, reads a clock or knows what an indicator is.

pub mod ast;
pub mod fault;
mod gate;
mod grammar;
mod leaf;
mod lexer;
mod like;
pub mod matcher;
pub mod net;
pub mod observation;
mod plan;
pub mod regex;
mod repeat;
mod search;
pub mod set;
mod value;

pub use ast::Pattern;
pub use fault::PatternFault;
pub use matcher::{Binding, Matcher, Verdict, Witness};
pub use observation::Observation;
pub use set::{Runner, Set};

use crate::Fault;

/// Bytes of one pattern: an indicator with some thousand hashes fits.
pub const MAX_LENGTH: usize = 1 << 20;
/// Comparison expressions of one pattern, and constants in its sets: what is above is a list, and belongs into several indicators.
pub const MAX_COMPARISONS: usize = 20_000;
/// Levels of parentheses: readers recurse.
pub const MAX_DEPTH: usize = 64;
/// Steps of one object path.
pub const MAX_STEPS: usize = 32;
/// Bytes of one regular expression.
pub const MAX_REGEX: usize = 16 << 10;
/// Work that one pattern may cost in one run, where the caller has no better bound: some tenths of a second.
pub const BUDGET: u64 = 10_000_000;

/// Reads a pattern. The fault names the first byte that cannot be right and what could stand there.
pub fn parse(text: &str) -> Result<Pattern, PatternFault> {
    grammar::parse(text)
}

/// Whether the text is a pattern of STIX 2.1; for admission. The fault's place is empty: put the property's name before it with
/// [`Fault::below`].
pub fn check(text: &str) -> Result<(), Fault> {
    parse(text).map(drop).map_err(|fault| Fault::new(fault.rule, "", fault.to_string()))
}

#[cfg(test)]
mod tests;
