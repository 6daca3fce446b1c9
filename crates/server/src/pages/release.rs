//! Who gets an object, and why: the release decision for one object and one organisation, with each rule that counted. For the operator's own.

pub(crate) mod view;

use askama::Template;

use super::signs::{Mark, State};
use super::words::Sentence;
use super::{Choice, Shell};

/// The page.
#[derive(Template)]
#[template(path = "release.html")]
pub struct Page {
    /// Around it.
    pub shell: Shell,
    /// What is so.
    pub lede: Sentence,
    /// The object asked about.
    pub object: String,
    /// The organisations to choose from.
    pub orgs: Vec<Choice>,
    /// What is said of each version in each collection.
    pub places: Vec<Place>,
}

/// One version in one collection.
pub struct Place {
    /// Where it is read.
    pub href: String,
    /// Its version.
    pub version: String,
    /// The collection.
    pub collection: String,
    /// The mark that counts.
    pub mark: Mark,
    /// Why this mark.
    pub label: String,
    /// Whether it goes.
    pub goes: State,
    /// The copy that stands in its place, or why there is none.
    pub copy: Option<String>,
    /// Each rule: on what, its code, what it said, why.
    pub rules: Vec<(String, &'static str, State, String)>,
}
