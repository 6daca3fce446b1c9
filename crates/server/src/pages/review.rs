//! The review of a quarter or a year: the workspace, where it is written, frozen and vouched for; and the report as a document.
pub(crate) mod bundle;
pub mod consult;
pub mod document;
#[cfg(test)]
mod tests;
pub(crate) mod view;

use askama::Template;

use super::words::Sentence;
use super::{Choice, Shell};

/// All reviews.
#[derive(Template)]
#[template(path = "reviews.html")]
pub struct Reviews {
    /// Around it.
    pub shell: Shell,
    /// What is so.
    pub lede: Sentence,
    /// One by one, the last period first.
    pub rows: Vec<Held>,
    /// The period that a form to open one offers; none where the viewer may not.
    pub open: Option<String>,
    /// Why nothing was opened.
    pub problem: Option<String>,
}

/// A review in the list.
pub struct Held {
    /// "2025-Q1".
    pub period: String,
    /// Where it is.
    pub stage: &'static str,
    /// Since when.
    pub since: String,
    /// Partners that were shown theirs.
    pub shown: usize,
    /// Replies.
    pub replies: usize,
    /// Who vouches.
    pub by: String,
}

/// One review.
#[derive(Template)]
#[template(path = "review.html")]
pub struct Review {
    /// Around it.
    pub shell: Shell,
    /// "2025-Q1".
    pub period: String,
    /// Where it is.
    pub stage: &'static str,
    /// What is so.
    pub lede: Sentence,
    /// As known when.
    pub then: String,
    /// "2024-Q4", the period before.
    pub before: String,
    /// The steps of a review, with when and by whom each was done.
    pub steps: Vec<Step>,
    /// What the next step is, and how it is taken.
    pub next: String,
    /// Goals and objectives with figures and texts.
    pub objectives: Vec<Objective>,
    /// Texts on the whole.
    pub texts: Vec<Text>,
    /// Figure, frozen, now, why.
    pub restated: Vec<[String; 4]>,
    /// Partner, measure, day, text.
    pub replies: Vec<[String; 4]>,
    /// Measure, what to look at.
    pub sample: Vec<(String, String)>,
    /// Why what was sent was not taken.
    pub problem: Option<String>,
    /// The objectives that a text may be about; none where the viewer may not write, or nothing may be written.
    pub write: Option<Vec<Choice>>,
    /// Whom it would be shown to, where the viewer asked.
    pub consult: Option<consult::Consult>,
    /// The viewer may show it to its partners now.
    pub may_consult: bool,
    /// The viewer may carry it away as a bundle.
    pub may_bundle: bool,
    /// The viewer may freeze it now.
    pub may_freeze: bool,
    /// The viewer may vouch for it now.
    pub may_attest: bool,
}

/// One step in the life of a review.
pub struct Step {
    /// What.
    pub what: &'static str,
    /// Done.
    pub done: bool,
    /// When and by whom, or what it waits for.
    pub said: String,
}

/// An objective in a review.
pub struct Objective {
    /// "1.2".
    pub number: String,
    /// In our short words.
    pub text: String,
    /// Its figures: number, address, words, value, of, baseline, change.
    pub figures: Vec<Figure>,
    /// What was written on it.
    pub texts: Vec<Text>,
}

/// A figure in a review.
pub struct Figure {
    /// "2.1.3".
    pub number: String,
    /// Its page.
    pub href: String,
    /// What it says.
    pub text: String,
    /// The value.
    pub value: String,
    /// "3 of 7".
    pub of: String,
    /// The value of the period before.
    pub before: String,
    /// The baseline's value.
    pub baseline: String,
    /// The difference.
    pub change: String,
}

/// A text in a review.
pub struct Text {
    /// What it is.
    pub matter: &'static str,
    /// Its paragraphs.
    pub text: Vec<String>,
    /// Who sees to it and until when; who wrote it and when.
    pub said: String,
}
