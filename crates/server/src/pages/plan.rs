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
    /// How well it is known.
    pub evidence: Option<Evidence>,
    /// Why.
    pub why: String,
}
