//! Plan packs: goals, objectives, enabling measures, measures of effectiveness and alignments, read from TOML.
//! Reading is strict on names (an unknown key is a fault) and lenient on gaps: a missing field is kept as missing, so that
//! [`crate::lint`] can list all of them at once. Signing and storing packs is the ledger's work.
use std::collections::BTreeMap;

use ledger::pack::Pack;
use ledger::{Error, Result};
use serde::{Deserialize, Serialize};

use crate::record::Definition;

/// A plan as its pack says it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Title, prefix, validity.
    #[serde(rename = "plan")]
    pub head: Head,
    /// The defaults of `{home}` and `{agency}`.
    #[serde(default)]
    pub params: BTreeMap<String, String>,
    /// What the pack says it holds.
    #[serde(default)]
    pub counts: BTreeMap<String, usize>,
    /// Goals.
    #[serde(default, rename = "goal")]
    pub goals: Vec<Goal>,
    /// Objectives, each of a goal.
    #[serde(default, rename = "objective")]
    pub objectives: Vec<Objective>,
    /// Enabling measures, each of an objective.
    #[serde(default, rename = "enabling")]
    pub enabling: Vec<Enabling>,
    /// Measures of effectiveness.
    #[serde(default, rename = "measure")]
    pub measures: Vec<Measure>,
    /// Objectives of another plan that this one serves.
    #[serde(default, rename = "aligned")]
    pub aligned: Vec<Aligned>,
    /// Which objective serves which.
    #[serde(default, rename = "alignment")]
    pub alignments: Vec<Alignment>,
    /// Indicators, one for each enabling measure.
    #[serde(default, rename = "indicator")]
    pub indicators: Vec<Measure>,
    /// Lines of effort.
    #[serde(default, rename = "effort")]
    pub efforts: Vec<Named>,
    /// What is to come of the goals.
    #[serde(default, rename = "outcome")]
    pub outcomes: Vec<Outcome>,
    /// What is to be done for the objectives.
    #[serde(default, rename = "action")]
    pub actions: Vec<Action>,
    /// By which partners are chosen.
    #[serde(default, rename = "criterion")]
    pub criteria: Vec<Named>,
    /// By which a way of working together is chosen.
    #[serde(default, rename = "factor")]
    pub factors: Vec<Named>,
    /// Priorities of the agency.
    #[serde(default, rename = "priority")]
    pub priorities: Vec<Named>,
    /// What partnership is for.
    #[serde(default, rename = "aim")]
    pub aims: Vec<Named>,
    /// Kinds of records that this plan alone needs.
    #[serde(default, rename = "record")]
    pub records: Vec<Definition>,
}

/// The head of a plan.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Head {
    /// What stands before the colon in ids of its measures.
    pub prefix: String,
    /// Title for people.
    pub title: String,
    /// Whose plan it is.
    pub issuer: String,
    /// First day.
    pub valid_from: String,
    /// Last day.
    pub valid_to: String,
    /// How often progress is reviewed.
    pub review: String,
}

/// A goal.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Goal {
    /// Number in the plan.
    pub id: String,
    /// Our short wording.
    pub title: String,
    /// The line of effort it belongs to, where the plan has such.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub effort: String,
}

/// A line of effort, a priority, an aim, a criterion, a factor.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Named {
    /// Number or word in the plan.
    pub id: String,
    /// A word for tags and columns, where the number says nothing.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub key: String,
    /// Our short wording.
    pub title: String,
    /// What is asked by it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub asks: String,
}

/// What is to come of a goal.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Outcome {
    /// Number in the plan.
    pub id: String,
    /// The goal it belongs to.
    pub goal: String,
    /// Our short wording.
    pub title: String,
}

/// What is to be done for an objective.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Action {
    /// Number in the plan.
    pub id: String,
    /// The objective it belongs to.
    pub objective: String,
    /// Our short wording.
    pub title: String,
    /// How progress shows.
    pub indicator: String,
    /// What shows it.
    pub evidence: String,
}

/// An objective.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Objective {
    /// Number in the plan.
    pub id: String,
    /// The goal it belongs to.
    pub goal: String,
    /// Our short wording.
    pub title: String,
}

/// An enabling measure.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Enabling {
    /// Number in the plan.
    pub id: String,
    /// The objective it belongs to.
    pub objective: String,
    /// Our short wording.
    pub statement: String,
    /// The leading indicator we give it, in words, where no `[[indicator]]` counts it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub indicator: String,
}

/// An objective of another plan.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Aligned {
    /// Its id, prefix included.
    pub id: String,
    /// Our short wording.
    pub title: String,
}

/// One edge from an objective here to one of another plan.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Alignment {
    /// Ours.
    pub objective: String,
    /// Theirs.
    pub serves: String,
}

/// The fixed period a measure is compared with.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Baseline {
    /// Before the plan, the same for every measure.
    pub period: String,
    /// How the figure of that period is found.
    pub method: String,
}

/// What chance alone achieves, by the state of fix and flaw at delivery (spec assure, "Luck").
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Luck {
    /// A fix and the flaw are public.
    pub fix_public: f64,
    /// The flaw is public, no fix is.
    pub flaw_public: f64,
    /// Nobody knows of the flaw.
    pub unknown: f64,
}

impl Default for Luck {
    fn default() -> Self {
        Luck { fix_public: 0.5, flaw_public: 0.25, unknown: 0.1875 }
    }
}

/// A measure of effectiveness as an auditable definition (spec assure a.0).
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Measure {
    /// `isp:2.1.3`.
    pub id: String,
    /// Where it stands in the plan.
    pub plan_ref: String,
    /// Our short wording.
    pub statement: String,
    /// `computed` from the ledger, or `recorded` by people.
    pub kind: String,
    /// What the value counts, or `percent`.
    pub unit: String,
    /// What is counted, in the counting language (decision 19).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<String>,
    /// Or the rules in the program that count it: `mitigated-before-attack`, `exchanges`, `combined-risk`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Who or what is looked at.
    pub population: String,
    /// What counts.
    pub numerator: String,
    /// Over what; a plain count has none.
    pub denominator: Option<String>,
    /// By which key doubles fall together.
    pub dedup_key: String,
    /// `quarter`.
    pub period: String,
    /// What it is compared with.
    pub baseline: Option<Baseline>,
    /// What is to be reached.
    pub target: String,
    /// `up` or `down`.
    pub direction: String,
    /// `E0` to `E4`.
    pub min_evidence: String,
    /// What never counts.
    pub exclusions: Vec<String>,
    /// Who answers for the figure.
    pub owner: String,
    /// Who approved the definition.
    pub approver: String,
    /// From when it holds.
    pub valid_from: String,
    /// Counted up with every change.
    pub definition_version: u32,
    /// The event kinds it waits for.
    pub needs: Vec<String>,
    /// Smallest reduction that counts (1.1.3).
    pub threshold: Option<f64>,
    /// What stands beside as this is a sample or a survey's answers: the share among them has an interval. A full count has none.
    pub sample: Option<String>,
    /// Share of the exposures that must be mitigated (2.1.3).
    pub theta: Option<f64>,
    /// The values of theta the figure is printed for.
    pub theta_forms: Vec<f64>,
    /// Days without a known attack after which a mitigation counts as in time.
    pub quiet_days: Option<i64>,
    /// Share of a partner's pairs that must have succeeded.
    pub half: Option<f64>,
    /// Chance.
    pub luck: Option<Luck>,
    /// Forms printed beside each other.
    pub forms: Vec<String>,
}

impl Plan {
    /// The objective of a measure, or of the indicator of an enabling measure: `isp:2.1.3` and `isp:em-2.1` are of `2.1`.
    pub fn objective_of(&self, id: &str) -> Option<&str> {
        let short = id.strip_prefix(self.head.prefix.as_str())?.strip_prefix(':')?;
        let objective = match short.strip_prefix("em-") {
            Some(enabling) => &self.enabling.iter().find(|e| e.id == enabling)?.objective,
            None => short.rsplit_once('.')?.0,
        };
        self.objectives.iter().map(|o| o.id.as_str()).find(|id| *id == objective)
    }

    /// Reads a plan from the files of its pack joined end to end; the error says where.
    pub fn parse(text: &str) -> std::result::Result<Plan, String> {
        toml::from_str(text).map_err(|e| e.to_string().trim_end().to_owned())
    }

    /// The plan of a pack. What is read is what was signed.
    pub fn of(pack: &Pack) -> Result<Plan> {
        Plan::parse(&join(pack)).map_err(|e| {
            Error::refused("pack-plan", format!("plan pack {}: {e}", pack.name), "correct the pack and add it again")
        })
    }

    /// A text of the plan with its parameters put in: those given first, else the pack's own.
    pub fn fill(&self, text: &str, given: &BTreeMap<String, String>) -> String {
        let mut out = text.to_owned();
        for (name, own) in &self.params {
            out = out.replace(&format!("{{{name}}}"), given.get(name).unwrap_or(own));
        }
        out
    }

    /// The measure with this id; the prefix may be left away.
    pub fn measure(&self, id: &str) -> Option<&Measure> {
        self.all_measures().find(|m| m.id == id || m.id.split_once(':').is_some_and(|(_, short)| short == id))
    }

    /// The measures, and after them the indicators.
    pub fn all_measures(&self) -> impl Iterator<Item = &Measure> {
        self.measures.iter().chain(&self.indicators)
    }

    /// What a record may be tagged with: goals, objectives, lines of effort, priorities and aims, each as `isp:1.2` or `global:aim-3`, with
    /// its words.
    pub fn tags(&self) -> Vec<(String, String)> {
        let prefix = &self.head.prefix;
        let named = |what: &'static str, of: &[Named]| -> Vec<(String, String)> {
            of.iter().map(|one| (format!("{prefix}:{what}-{}", one.id), one.title.clone())).collect()
        };
        let mut tags: Vec<(String, String)> = Vec::new();
        tags.extend(self.goals.iter().map(|goal| (format!("{prefix}:{}", goal.id), goal.title.clone())));
        tags.extend(self.objectives.iter().map(|one| (format!("{prefix}:{}", one.id), one.title.clone())));
        tags.extend(self.actions.iter().map(|one| (format!("{prefix}:{}", one.id), one.title.clone())));
        tags.extend(named("effort", &self.efforts));
        tags.extend(named("priority", &self.priorities));
        tags.extend(named("aim", &self.aims));
        tags
    }
}

/// A pack that cannot be read.
pub(crate) fn unreadable(pack: &Pack, why: &str) -> Error {
    let next = "correct the pack and add it again";
    Error::refused("pack-unreadable", format!("{} pack {}: {why}", pack.kind, pack.name), next)
}

/// The files beside `pack.toml`, joined in the order of their names: only one holds plain tables, the others arrays of them.
pub fn join(pack: &Pack) -> String {
    let files = pack.files.iter().filter(|(name, _)| name.as_str() != "pack.toml" && name.ends_with(".toml"));
    files.flat_map(|(_, text)| [text.as_str(), "\n"]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shipped::isp;

    #[test]
    fn parameters_are_put_in() {
        let plan = Plan::of(&isp()).unwrap();
        let text = &plan.measure("1.2.2").unwrap().statement;
        let own = plan.fill(text, &BTreeMap::new());
        assert!(own.contains("the priorities of the United States") && own.contains("CISA's own products"), "{own}");
        let given =
            BTreeMap::from([("agency".to_owned(), "NASK".to_owned()), ("home".to_owned(), "Poland".to_owned())]);
        assert!(plan.fill(text, &given).contains("the priorities of Poland"));
    }

    #[test]
    fn an_unknown_key_is_named_with_its_place() {
        let fault = Plan::parse("[plan]\ntitle = \"x\"\n[[goal]]\nid = \"1\"\ntitel = \"y\"\n").unwrap_err();
        assert!(fault.contains("titel") && fault.contains("line 5"), "{fault}");
    }
}
