//! What comes out of a measure: a figure that other programs read, and an explanation that a person can check line by line.
use std::collections::BTreeMap;

use ledger::Micros;
use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};

use crate::pack::{Measure, Plan};
use crate::period::Period;

/// The value at each evidence level or better.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(non_snake_case, reason = "the names of the levels are part of the form")]
pub struct Levels {
    /// The partner acknowledged.
    pub E1: Option<Number>,
    /// With an artefact.
    pub E2: Option<Number>,
    /// From a source other than the claimant.
    pub E3: Option<Number>,
    /// From an independent party.
    pub E4: Option<Number>,
}

/// The same measure as it was known earlier, or for another period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Other {
    /// The period.
    pub period: Period,
    /// Known by.
    pub known_as_of: Micros,
    /// The value then.
    pub value: Option<Number>,
}

/// One measure for one period, as known at one time. The form is stable (DESIGN, "Faces").
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// `isp:2.1.3`.
    pub id: String,
    /// Where it stands in the plan.
    pub plan_ref: String,
    /// What it says, parameters put in.
    pub statement: String,
    /// `computed` or `recorded`.
    pub kind: String,
    /// What is counted, or `percent`.
    pub unit: String,
    /// The period.
    pub period: Period,
    /// Facts that were so by then.
    pub as_of: Micros,
    /// Facts that were known by then.
    pub known_as_of: Micros,
    /// The value; null where something is missing.
    pub value: Option<Number>,
    /// Event kinds and records that are not there.
    pub missing: Vec<String>,
    /// Counted.
    pub numerator: Option<i64>,
    /// Of so many.
    pub denominator: Option<i64>,
    /// The value by evidence.
    pub evidence: Levels,
    /// Forms printed beside the headline.
    pub beside: BTreeMap<String, Value>,
    /// The value as it stood at the end of the period, where it was another.
    pub restates: Option<Other>,
    /// What it is compared with.
    pub baseline: Option<Other>,
    /// Version of the definition.
    pub definition_version: u32,
    /// What a reader must know beside the number.
    pub notes: Vec<String>,
}

impl Figure {
    /// A figure without a value yet.
    pub fn empty(plan: &Plan, measure: &Measure, given: &BTreeMap<String, String>, period: &Period) -> Figure {
        Figure {
            id: measure.id.clone(),
            plan_ref: measure.plan_ref.clone(),
            statement: plan.fill(&measure.statement, given),
            kind: measure.kind.clone(),
            unit: measure.unit.clone(),
            period: period.clone(),
            as_of: Micros::default(),
            known_as_of: Micros::default(),
            value: None,
            missing: Vec::new(),
            numerator: None,
            denominator: None,
            evidence: Levels::default(),
            beside: BTreeMap::new(),
            restates: None,
            baseline: None,
            definition_version: measure.definition_version,
            notes: Vec::new(),
        }
    }
}

/// One thing within an item: a pair, an exchange, a condition.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Detail {
    /// What: a vulnerability, a topic, a condition.
    pub about: String,
    /// A word: `success`, `provisional`, `too late`…
    pub verdict: String,
    /// The word in a sentence.
    pub why: String,
    /// The times that decide, by name.
    pub times: BTreeMap<String, Micros>,
    /// Who said so.
    pub sources: Vec<String>,
    /// Entries of the ledger that it rests on.
    pub entries: Vec<i64>,
}

/// One thing that was looked at.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Item {
    /// Its key: a partner, or partner, topic and week.
    pub key: String,
    /// Whether it is in the numerator.
    pub counted: bool,
    /// Whether it is in the denominator.
    pub in_population: bool,
    /// Why.
    pub why: String,
    /// What it rests on.
    pub details: Vec<Detail>,
    /// Of whom and of what it is.
    #[serde(skip)]
    pub about: About,
}

/// Of whom and of what an item is, for whoever decides what may be told of it; no part of the form.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct About {
    /// The organisations that it names.
    pub orgs: Vec<String>,
    /// Kind and id of the record, where it is one.
    pub record: Option<(String, String)>,
}

impl About {
    /// It is of one organisation, and no record.
    pub fn org(key: &str) -> About {
        About { orgs: vec![key.to_owned()], record: None }
    }
}

/// A figure with everything that was looked at.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    /// The figure.
    pub figure: Figure,
    /// Its definition, as the pack has it.
    pub definition: Measure,
    /// In the numerator.
    pub counted: Vec<Item>,
    /// Not in the numerator, and why.
    pub not_counted: Vec<Item>,
}

impl PartialEq for Measure {
    fn eq(&self, other: &Measure) -> bool {
        (&self.id, self.definition_version) == (&other.id, other.definition_version)
    }
}
