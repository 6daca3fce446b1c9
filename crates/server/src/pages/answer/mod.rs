//! The public page of one ask: an owner without an account reads what it is about and answers. A GET changes nothing.
//! Not for: sending, or deciding what an answer means; that is `act`.

pub mod tongue;
pub(crate) mod view;

use askama::Template;

use super::signs::Mark;
use crate::assets::Assets;
use tongue::Tongue;

/// The page.
#[derive(Template)]
#[template(path = "answer.html")]
pub struct Answer {
    /// Style and type.
    pub assets: Assets,
    /// The words of the page.
    pub t: &'static Tongue,
    /// The language of the page.
    pub lang: String,
    /// The languages it has.
    pub tongues: Vec<(&'static str, &'static str)>,
    /// The title in the browser's tab.
    pub title: String,
    /// Who asks.
    pub sender: String,
    /// The marking of what is told.
    pub mark: Mark,
    /// The store is an exercise.
    pub exercise: bool,
    /// What was just recorded.
    pub done: Option<String>,
    /// What is wrong with what was sent.
    pub problem: Option<String>,
    /// What it is about, in one line.
    pub headline: String,
    /// What it is about, in a few.
    pub summary: String,
    /// The facts.
    pub facts: Vec<(String, String)>,
    /// What to do.
    pub steps: Vec<String>,
    /// The language of the steps, which are the vendor's own words.
    pub steps_lang: String,
    /// An answer may still be given.
    pub open: bool,
    /// The answers to choose from.
    pub choices: Vec<AnswerChoice>,
    /// Binds the form to this page.
    pub nonce: String,
    /// Who we are and how to check it.
    pub who: String,
    /// The id to quote on the telephone.
    pub reference: String,
}

/// One answer to choose.
pub struct AnswerChoice {
    /// What is sent.
    pub value: &'static str,
    /// Its name.
    pub name: &'static str,
    /// What it means.
    pub say: &'static str,
    /// It was chosen before.
    pub chosen: bool,
}

/// The answers, as the form sends them, in the order of the page.
pub const ANSWERS: [&str; 6] = ["acknowledged", "fixed", "not_mine", "false_positive", "help", "forward"];

/// The answers in a language.
pub fn choices(t: &'static Tongue, chosen: &str) -> Vec<AnswerChoice> {
    ANSWERS
        .iter()
        .zip(t.answers)
        .map(|(value, (name, say))| AnswerChoice { value, name, say, chosen: *value == chosen })
        .collect()
}
