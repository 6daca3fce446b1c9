//! Asks: the list, and one ask with what happened and why it went to whom it went.

pub(crate) mod view;

use askama::Template;

use super::signs::{Evidence, Shape, State};
use super::when::When;
use super::words::Sentence;
use super::{Legend, Shell};
use crate::chart::Svg;

/// The list.
#[derive(Template)]
#[template(path = "asks.html")]
pub struct Asks {
    /// Around it.
    pub shell: Shell,
    /// What is so.
    pub lede: Sentence,
    /// The list shows less than all.
    pub filtered: bool,
    /// All asks in one strip.
    pub strip: Svg,
    /// The parts of the strip.
    pub legend: Vec<Legend>,
    /// The page's rows.
    pub rows: Vec<Row>,
    /// "1 to 100 of 312".
    pub shown: String,
    /// The next page.
    pub next: Option<String>,
}

/// One ask in the list.
pub struct Row {
    /// Its id.
    pub id: String,
    /// Its page.
    pub href: String,
    /// Where it stands.
    pub state: State,
    /// The addressee.
    pub to: String,
    /// The addressee's country.
    pub country: String,
    /// The vulnerability.
    pub about: String,
    /// Its loop.
    pub about_href: String,
    /// How many subjects.
    pub subjects: String,
    /// The rule that chose the addressee.
    pub rule: String,
    /// When it was sent.
    pub sent: Option<When>,
    /// When the answer is due.
    pub due: Option<When>,
    /// The evidence it has reached.
    pub evidence: Option<Evidence>,
}

/// One ask.
#[derive(Template)]
#[template(path = "ask.html")]
pub struct Ask {
    /// Around it.
    pub shell: Shell,
    /// Its id.
    pub id: String,
    /// Where it stands.
    pub state: State,
    /// When the answer is due, while one is awaited.
    pub due: Option<When>,
    /// What is so.
    pub lede: Sentence,
    /// It waits for a second person.
    pub held: Option<Held>,
    /// What happened.
    pub story: Vec<Step>,
    /// Why this addressee.
    pub why: Vec<Reason>,
    /// What it is about.
    pub subjects: Vec<Subject>,
}

/// Why it waits and who may decide.
pub struct Held {
    /// The rule that holds it.
    pub reason: String,
    /// Where the decision goes.
    pub action: String,
    /// The viewer may decide.
    pub may_decide: bool,
    /// Why, or why not.
    pub because: String,
}

/// Something that happened to the ask.
pub struct Step {
    /// When.
    pub at: When,
    /// Its sign.
    pub shape: Shape,
    /// What.
    pub what: String,
    /// More of it.
    pub say: String,
    /// How well it is known.
    pub evidence: Option<Evidence>,
}

/// One link of the chain of reasons.
pub struct Reason {
    /// Its sign.
    pub shape: Shape,
    /// What.
    pub what: String,
    /// More of it.
    pub say: String,
}

/// One subject of the ask.
pub struct Subject {
    /// The asset, organisation or constituency.
    pub subject: String,
    /// How many, where it is a count.
    pub count: Option<String>,
    /// The vulnerabilities, each with its loop.
    pub vulnerabilities: Sentence,
    /// How it is known.
    pub matched: String,
}
