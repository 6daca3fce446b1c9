//! Today: which functions are threatened, what needs attention now, what comes in.

pub(crate) mod view;

use askama::Template;

use super::Shell;
use super::when::{Clock, When};
use super::words::Sentence;
use crate::chart::Svg;

/// The page.
#[derive(Template)]
#[template(path = "today.html")]
pub struct Today {
    /// Around it.
    pub shell: Shell,
    /// What is so.
    pub lede: Sentence,
    /// A second sentence.
    pub then: Option<Sentence>,
    /// The functions at stake.
    pub functions: Vec<FunctionRow>,
    /// What needs attention now.
    pub five: Vec<Attention>,
    /// What comes in; not for a partner.
    pub feeds: Option<Vec<Feed>>,
}

/// A function and what it rests on.
pub struct FunctionRow {
    /// Its name.
    pub name: String,
    /// Its exposures.
    pub href: String,
    /// Held, at stake and unknown in one strip.
    pub strip: Svg,
    /// Subjects with an open exposure.
    pub open: String,
    /// Subjects where it is fixed or mitigated.
    pub held: String,
    /// Subjects nothing is known of.
    pub unknown: String,
    /// Countries they lie in.
    pub countries: String,
}

/// One of the things that need attention now.
pub struct Attention {
    /// What.
    pub what: Sentence,
    /// The reason, in words.
    pub because: String,
    /// The clock that runs.
    pub clock: Option<Clock>,
}

/// A source and when it last sent.
pub struct Feed {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub href: String,
    /// What it sends.
    pub kind: String,
    /// How many it sent.
    pub count: String,
    /// How many wait for a person.
    pub review: String,
    /// When it last sent.
    pub last: When,
    /// It has stopped: in words.
    pub alarm: Option<String>,
}
