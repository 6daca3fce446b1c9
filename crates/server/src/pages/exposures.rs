//! The list of exposures, ranked, with the share it knows nothing about.

pub(crate) mod view;

use askama::Template;

use super::signs::State;
use super::words::{Sentence, query};
use super::{Choice, Legend, Shell};
use crate::chart::Svg;

/// The page.
#[derive(Template)]
#[template(path = "exposures.html")]
pub struct Exposures {
    /// Around it.
    pub shell: Shell,
    /// What is so.
    pub lede: Sentence,
    /// What is asked for.
    pub filter: Filter,
    /// The functions that rest on a row are the viewer's to know.
    pub stakes: bool,
    /// The states to choose from.
    pub statuses: Vec<Choice>,
    /// The countries to choose from.
    pub countries: Vec<Choice>,
    /// The levels to choose from.
    pub levels: Vec<Choice>,
    /// How many there are without a filter.
    pub total: String,
    /// All of them in one strip.
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

/// What the list is asked for. Every field is a part of the address, so that a list can be sent to somebody.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct Filter {
    /// A part of a vulnerability, a subject or a holder.
    pub q: String,
    /// A status.
    pub status: String,
    /// A country.
    pub country: String,
    /// A level.
    pub level: String,
    /// A function that the subject supports.
    pub function: String,
    /// Only where exploitation is known.
    #[serde(deserialize_with = "ticked")]
    pub exploited: bool,
    /// Rows already shown.
    pub after: i64,
}

fn ticked<'de, D: serde::Deserializer<'de>>(d: D) -> Result<bool, D::Error> {
    <String as serde::Deserialize>::deserialize(d).map(|s| s == "1")
}

impl Filter {
    /// It asks for less than all.
    pub fn any(&self) -> bool {
        self.exploited
            || [&self.q, &self.status, &self.country, &self.level, &self.function].iter().any(|s| !s.is_empty())
    }

    /// The address of the same list, from another row on.
    pub fn address(&self, after: i64) -> String {
        let fields = [
            ("q", &self.q),
            ("status", &self.status),
            ("country", &self.country),
            ("level", &self.level),
            ("function", &self.function),
        ];
        let mut parts: Vec<String> =
            fields.iter().filter(|(_, v)| !v.is_empty()).map(|(k, v)| format!("{k}={}", query(v))).collect();
        if self.exploited {
            parts.push("exploited=1".to_owned());
        }
        if after > 0 {
            parts.push(format!("after={after}"));
        }
        if parts.is_empty() { "/expose".to_owned() } else { format!("/expose?{}", parts.join("&")) }
    }
}

/// One exposure.
pub struct Row {
    /// The asset, organisation, constituency or sector.
    pub subject: String,
    /// How many, where it is a count.
    pub count: Option<String>,
    /// The vulnerability.
    pub vulnerability: String,
    /// Its loop.
    pub loop_href: String,
    /// Where it stands.
    pub status: State,
    /// How many functions are at stake.
    pub functions: String,
    /// What they are: the course of the subject's failure.
    pub functions_href: Option<String>,
    /// CVSS base score.
    pub severity: String,
    /// The reason for its place in the list.
    pub why: String,
    /// Tier and method of the match.
    pub matched: String,
    /// Who holds the knowledge.
    pub holder: String,
}
