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
//! * [`stage`], [`events`]: the fold, and what stands in the log
//! * [`desk`]: contacts in, plan, second person, silence, closing
//! * [`post`]: the outbox and the sending; [`answer`]: links, tokens, answers
//! * [`receipt`]: what passed between us and each partner, in a tree of its own; [`purge`]: what is taken out for good
//! * [`query`]: what lists and pages read; `exposed`: what this stage reads of the stage below
pub mod answer;
pub mod ask;
pub mod contact;
pub mod desk;
pub mod events;
mod exposed;
pub mod letter;
pub mod mail;
pub mod plan;
pub mod post;
pub mod purge;
pub mod query;
pub mod receipt;
pub mod rules;
pub mod stage;
pub mod text;

pub use answer::{answer, answer_as, look};
pub use desk::{approve, import_contacts, plan, reject, tick};
pub use post::{Office, Post, Report, send};
pub use query::{Ask, Filter, Line, ask, asks, seen_by, story, story_seen_by};
pub use stage::Act;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
