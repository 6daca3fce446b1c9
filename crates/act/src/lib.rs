//! Contacts, asks across a border, channels, clocks, answers.
//!
//! The atom is an [`ask`]: it has an addressee, a rule that chose it, a clock, an answer, evidence. What becomes an ask and
//! whom it goes to is decided in [`plan`], purely; what was said and heard stands in the ledger. This crate decides nothing
//! about who is exposed and renders no pages.
//!
//! # Layout
//!
//! * [`contact`]: contacts are claims; their table
//! * [`rules`]: per country, who is contacted first
//! * [`ask`]: kinds, states, what may follow what; answers and evidence
//! * [`plan`]: exposures, contacts and rules make asks, each with its why in words
//! * [`text`]: what a warning says, in four languages
//! * [`mail`]: a text as a message; a folder or SMTP
pub mod ask;
pub mod contact;
pub mod mail;

pub mod plan;
pub mod rules;
#[cfg(test)]
mod testing;
pub mod text;
