//! What passes between this hub and each partner: subjects by topic and week, not copies. A partner sees its own, as far as it can read it.

pub(crate) mod view;

use askama::Template;

use super::Shell;
use super::words::Sentence;
use crate::chart::Svg;

/// The list of all partners.
#[derive(Template)]
#[template(path = "balances.html")]
pub struct Balances {
    /// Around it.
    pub shell: Shell,
    /// What is so.
    pub lede: Sentence,
    /// One row for each partner: where it leads, its name, the weeks, gave, got.
    pub rows: Vec<(String, String, Svg, String, String)>,
    /// How many weeks.
    pub weeks: i64,
}

/// One partner.
#[derive(Template)]
#[template(path = "balance.html")]
pub struct One {
    /// Around it.
    pub shell: Shell,
    /// What is so.
    pub lede: Sentence,
    /// The weeks, as a picture.
    pub picture: Svg,
    /// Topics: name, gave, got, both.
    pub topics: Vec<(&'static str, String, String, String)>,
    /// Weeks: name, gave, got.
    pub weeks: Vec<(String, String, String)>,
    /// What is counted.
    pub counted: String,
}
