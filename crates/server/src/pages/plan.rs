//! The plan: goals, objectives, measures, each with its value or with what is missing; and one measure explained.

pub(crate) mod view;

use askama::Template;

use super::signs::{Evidence, State};
use super::words::{Sentence, query};
use super::{Legend, Shell};
use crate::chart::Svg;

/// The plan.
#[derive(Template)]
#[template(path = "plan.html")]
pub struct Plan {
    /// Around it.
    pub shell: Shell,
    /// Its name and period.
    pub plan: String,
    /// What is so.
    pub lede: Sentence,
    /// As of when, known when.
    pub then: Sentence,
    /// The measures by how they are known.
    pub strip: Svg,
    /// The parts of the strip.
    pub legend: Vec<Legend>,
    /// The goals.
    pub goals: Vec<Goal>,
}

/// A goal.
pub struct Goal {
    /// "1".
    pub number: String,
    /// In our short words.
    pub text: String,
    /// Its objectives.
    pub objectives: Vec<Objective>,
}

/// An objective.
pub struct Objective {
    /// "1.1".
    pub number: String,
    /// In our short words.
    pub text: String,
    /// Its measures.
    pub measures: Vec<Measure>,
}

/// A measure in the plan.
pub struct Measure {
    /// "2.1.3".
    pub number: String,
    /// In our short words.
    pub text: String,
    /// Its page.
    pub href: Option<String>,
    /// Computed, recorded or missing.
    pub how: State,
    /// The value at its own evidence floor.
    pub value: Option<String>,
    /// "3 of 7".
    pub of: String,
    /// The value at E1 to E4 or better.
    pub steps: Option<Svg>,
    /// The same in words.
    pub steps_said: String,
    /// What is missing.
    pub missing: String,
}

impl Measure {
    /// Its page, or its row.
    pub fn link(&self) -> String {
        self.href.clone().unwrap_or_else(|| format!("#m{}", query(&self.number)))
    }
}

/// One measure, explained.
#[derive(Template)]
#[template(path = "measure.html")]
pub struct Explained {
    /// Around it.
    pub shell: Shell,
    /// "2.1.3".
    pub number: String,
    /// The period.
    pub period: String,
    /// Computed, recorded or missing.
    pub how: State,
    /// What is so.
    pub lede: Sentence,
    /// What it measures.
    pub text: String,
    /// What is missing.
    pub missing: Vec<String>,
    /// Further figures beside the headline.
    pub figures: Vec<(String, String)>,
    /// What is counted, in the counting language, where the measure says it in that.
    pub count: Option<String>,
    /// What was counted and what was not.
    pub rows: Vec<Counted>,
}

/// One thing counted, or not.
pub struct Counted {
    /// Counted or left out.
    pub state: State,
    /// What.
    pub what: String,
    /// Its page.
    pub href: Option<String>,
    /// How well it is known.
    pub evidence: Option<Evidence>,
    /// Why.
    pub why: String,
}

/// A counting text as it is written, with what it would count.
#[derive(Template)]
#[template(path = "try.html")]
pub struct Attempt {
    /// Around it.
    pub shell: Shell,
    /// What is so.
    pub lede: Sentence,
    /// The text.
    pub text: String,
    /// The period.
    pub period: String,
    /// Where it is wrong: line, column, why.
    pub faults: Vec<(usize, usize, String)>,
    /// What it would count, and not.
    pub rows: Vec<Counted>,
    /// What may be counted: the kind, and its fields.
    pub kinds: Vec<(String, String)>,
}

/// What serves what.
#[derive(Template)]
#[template(path = "coverage.html")]
pub struct Coverage {
    /// Around it.
    pub shell: Shell,
    /// What is so.
    pub lede: Sentence,
    /// The quarters.
    pub periods: Vec<String>,
    /// Plan by plan: its name, and its rows.
    pub plans: Vec<(String, Vec<Served>)>,
    /// Priorities, as heads; then each line of effort with a cell for each.
    pub heads: Vec<String>,
    /// Lines of effort: name, and for each priority the number and how warm it is, 0 to 4.
    pub efforts: Vec<(String, Vec<(String, u8)>)>,
    /// Records that serve nothing: address, name, kind.
    pub orphans: Vec<(String, String, String)>,
    /// How many orphans are not shown.
    pub more: usize,
}

/// One aim, line of effort, priority or objective.
pub struct Served {
    /// "isp:1.2".
    pub tag: String,
    /// Its words.
    pub words: String,
    /// For each quarter: the number, and how warm it is, 0 to 4.
    pub cells: Vec<(String, u8)>,
}
