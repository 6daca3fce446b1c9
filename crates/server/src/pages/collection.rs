//! One collection: what it holds by type and week as the viewer sees it, who may read and write it, and what feeds it.

pub(crate) mod view;

use askama::Template;

use super::Shell;
use super::signs::Mark;
use super::when::When;
use super::words::Sentence;

/// The page.
#[derive(Template)]
#[template(path = "collection.html")]
pub struct Page {
    /// Around it.
    pub shell: Shell,
    /// Its title.
    pub title: String,
    /// Its id.
    pub id: String,
    /// What is so.
    pub lede: Sentence,
    /// The mark of what comes unmarked.
    pub mark: Mark,
    /// What there is to know about it, in pairs.
    pub facts: Vec<(&'static str, Sentence)>,
    /// Types: where each leads, its name, how many.
    pub kinds: Vec<(String, String, String)>,
    /// Weeks: where each leads, its name, how many, and the share of the fullest in percent.
    pub weeks: Vec<(String, String, String, crate::chart::Svg)>,
    /// What is counted.
    pub counted: String,
    /// Peers that feed it or are fed from it.
    pub peers: Vec<Peer>,
    /// Where something can be given to it.
    pub upload: Option<String>,
    /// Where everything in it is listed.
    pub all: String,
}

/// A peer.
pub struct Peer {
    /// Its name.
    pub name: String,
    /// Which way.
    pub way: &'static str,
    /// How much has passed, and how much was refused.
    pub passed: String,
    /// How much was refused.
    pub refused: String,
    /// When a round last came to its end.
    pub done: Option<When>,
    /// What went wrong; empty where nothing did.
    pub error: String,
}
