//! Records: what people write down. Every list, page and form here is made from a definition; nothing knows a kind by name.

pub mod deeds;
pub(crate) mod proposals;
pub(crate) mod view;

use askama::Template;

use super::signs::Evidence;
use super::words::Sentence;
use super::{Choice, Shell};

/// All kinds.
#[derive(Template)]
#[template(path = "records.html")]
pub struct Kinds {
    /// Around it.
    pub shell: Shell,
    /// What is so.
    pub lede: Sentence,
    /// How many proposals wait.
    pub proposals: String,
    /// The kinds: where each leads, its name, how many, what such a record says.
    pub kinds: Vec<(String, String, String, String)>,
}

/// The records of one kind.
#[derive(Template)]
#[template(path = "record_list.html")]
pub struct Records {
    /// Around it.
    pub shell: Shell,
    /// "Activities".
    pub plural: String,
    /// What such a record says.
    pub says: String,
    /// What is so.
    pub lede: Sentence,
    /// The states: where each leads, how many, the word.
    pub states: Vec<(String, String, String)>,
    /// The address of all.
    pub all: String,
    /// What was searched for.
    pub find: String,
    /// The state that was asked for.
    pub state: String,
    /// The heads of the columns.
    pub heads: Vec<String>,
    /// The rows.
    pub rows: Vec<Row>,
    /// How many of how many.
    pub shown: String,
    /// Where the rest is.
    pub next: Option<String>,
    /// The form for a new one, to those who may.
    pub form: Option<Form>,
    /// How a table of them is read in.
    pub hint: String,
}

/// A row of the list.
pub struct Row {
    /// The record's page.
    pub href: String,
    /// Its name.
    pub name: String,
    /// Its state.
    pub state: String,
    /// How well it is shown.
    pub evidence: Evidence,
    /// The columns.
    pub cells: Vec<Vec<Cell>>,
}

/// A value that may lead somewhere.
pub struct Cell {
    /// As a person reads it.
    pub text: String,
    /// Where it leads.
    pub href: Option<String>,
}

/// One record.
#[derive(Template)]
#[template(path = "record.html")]
pub struct Record {
    /// Around it.
    pub shell: Shell,
    /// "Activity".
    pub title: String,
    /// Its list.
    pub list: String,
    /// "Activities".
    pub plural: String,
    /// What is so.
    pub lede: Sentence,
    /// What follows from its state.
    pub then: Sentence,
    /// How well it is shown.
    pub evidence: Evidence,
    /// Label and value.
    pub facts: Vec<(String, Vec<Cell>)>,
    /// The files that show it.
    pub files: Vec<Artefact>,
    /// When, by whom, what, entry.
    pub steps: Vec<(super::when::When, String, String, i64)>,
    /// What the viewer may do with it.
    pub deeds: Vec<deeds::Form>,
    /// The form for a further version, to those who may.
    pub form: Option<Form>,
}

/// A file that shows a record.
pub struct Artefact {
    /// Where it is saved from.
    pub href: String,
    /// What it is called.
    pub file: String,
    /// How many bytes.
    pub size: String,
    /// SHA-256 over them.
    pub sha256: String,
    /// How well it shows the record.
    pub evidence: Evidence,
    /// Whose document it is.
    pub of: String,
    /// What it is.
    pub note: String,
    /// Who entered it.
    pub by: String,
    /// When.
    pub when: super::when::When,
    /// Its entry in the ledger.
    pub entry: i64,
}

/// A form.
pub struct Form {
    /// Where it goes.
    pub action: String,
    /// What the button says.
    pub button: String,
    /// It is open from the start.
    pub is_open: bool,
    /// Why what was sent before was not taken.
    pub problem: Option<String>,
    /// States that may be chosen.
    pub states: Vec<Choice>,
    /// The fields.
    pub fields: Vec<Input>,
    /// Tags that may be chosen.
    pub tags: Vec<Choice>,
}

/// A field of a form.
pub struct Input {
    /// Its name in data.
    pub name: String,
    /// Its name for people.
    pub label: String,
    /// What prevents a mistake.
    pub help: String,
    /// `line`, `long`, `day`, `number`, `url`, `one` or `many` of the choices.
    pub how: &'static str,
    /// What stands in it.
    pub value: String,
    /// What may be chosen.
    pub choices: Vec<Choice>,
    /// It is asked for.
    pub is_required: bool,
}
