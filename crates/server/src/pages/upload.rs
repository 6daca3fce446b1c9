//! Giving something to a collection from a page, and what became of each object: accepted, unchanged, in review or refused, with the
//! place, the rule and the next step.

pub(crate) mod form;
pub(crate) mod view;

use askama::Template;

use super::signs::State;
use super::words::Sentence;
use super::{Choice, Shell};

/// The page, before and after.
#[derive(Template)]
#[template(path = "upload.html")]
pub struct Upload {
    /// Around it.
    pub shell: Shell,
    /// What is so.
    pub lede: Sentence,
    /// The collections to choose from.
    pub collections: Vec<Choice>,
    /// What may be given.
    pub forms: &'static str,
    /// How much at once, in words.
    pub most: String,
    /// What was wrong with the whole; nothing of it was stored.
    pub problem: Option<String>,
    /// What became of it, part by part; what went well comes last.
    pub outcomes: Vec<Outcome>,
    /// Parts that have no row here.
    pub rest: Option<String>,
}

/// What became of one part.
pub struct Outcome {
    /// Where it stands in the file.
    pub place: String,
    /// Its id.
    pub id: String,
    /// Where it is read, where it is held.
    pub href: Option<String>,
    /// What became of it.
    pub state: State,
    /// The rule that counted; empty where none did.
    pub rule: String,
    /// Why.
    pub reason: String,
    /// What to do next; empty where nothing is to be done.
    pub next: String,
}
