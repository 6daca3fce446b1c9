//! The page of one organisation, for itself: what the figures say of it before they are frozen, and what waits for its word. With an account, or by the link
//! of a letter. A GET changes nothing. Not for: what may be told; that is `assure::yours` and the release decision.
pub mod tongue;
pub(crate) mod view;

use askama::Template;

use super::signs::Mark;
use crate::assets::Assets;
use tongue::Tongue;

/// The page.
#[derive(Template)]
#[template(path = "yours.html")]
pub struct Yours {
    /// Style and type.
    pub assets: Assets,
    /// The words of the page.
    pub t: &'static Tongue,
    /// The languages it has.
    pub tongues: Vec<(&'static str, &'static str)>,
    /// Who says it.
    pub sender: String,
    /// Of whom.
    pub org: String,
    /// The marking of what is told.
    pub mark: Mark,
    /// The store is an exercise.
    pub exercise: bool,
    /// It is read with an account: the way back to the other pages.
    pub signed_in: bool,
    /// What was just recorded.
    pub done: bool,
    /// What is wrong with what was sent.
    pub problem: Option<String>,
    /// The link is spent or unknown.
    pub spent: bool,
    /// Reviews in which a figure speaks of it.
    pub reviews: Vec<Shown>,
    /// What waits for its word.
    pub waiting: Vec<Waiting>,
    /// The reader may reply and confirm.
    pub may_reply: bool,
    /// Binds the forms to this page.
    pub nonce: String,
}

/// What one review says of it.
pub struct Shown {
    /// "2025-Q1".
    pub period: String,
    /// Until when a reply is printed in time, in the words of the page.
    pub until: String,
    /// Measures with their lines.
    pub measures: Vec<Measured>,
    /// What it replied: when, on what, in its own words.
    pub replies: Vec<[String; 3]>,
}

/// What one measure says of it.
pub struct Measured {
    /// `isp:2.1.3`.
    pub id: String,
    /// In the plan's words.
    pub statement: String,
    /// What, day, counts, why.
    pub lines: Vec<[String; 4]>,
}

/// A record in which it is said to have taken part.
pub struct Waiting {
    /// Kind.
    pub kind: String,
    /// Id.
    pub id: String,
    /// Kind and name for people.
    pub name: String,
    /// Its day and state.
    pub said: String,
}

impl Waiting {
    /// All that its reader sees of it.
    pub fn seen(&self) -> String {
        format!("{}; {}", self.name, self.said)
    }
}
