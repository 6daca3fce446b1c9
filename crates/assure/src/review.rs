//! The review of a quarter or a year (docs/decisions/0020): opened with a seed, shown to each partner of whom a figure speaks, frozen fifteen working days
//! later as it was known when it was shown, vouched for by two who recorded none of it. What came to be known later restates it, beside, never in it.
//!
//! [`desk`] is every way in, with all rules; [`workspace`] what stands; [`statement`] what one partner is shown; [`claim`] the figures as they are frozen, and
//! the sample for inspection; [`report`] one source for all its forms ([`forms`]); [`bundle`] the file by which a stranger recomputes it. Nothing here decides what is
//! counted.
use std::collections::BTreeMap;

use ledger::Micros;
use serde::{Deserialize, Serialize};

use crate::period::Period;

pub mod bundle;
pub mod claim;
pub mod desk;
pub(crate) mod fold;
pub mod forms;
pub mod letters;
pub mod report;
pub mod statement;
#[cfg(test)]
mod tests;
pub mod workspace;

pub use claim::{Claim, Frozen};
pub use statement::Said;
pub use workspace::Workspace;

/// An act on a review.
pub(crate) const REVIEW: &str = "assure.review";
/// What one partner was shown.
pub(crate) const SHOWN: &str = "assure.shown";
/// What a partner replied.
pub(crate) const REPLY: &str = "assure.reply";
/// The figures as they were frozen.
pub(crate) const FROZEN: &str = "assure.frozen";

/// Working days between the showing and the freeze (spec assure, "Right of reply").
pub const REPLY_DAYS: i64 = 15;
/// So many must vouch.
pub const ATTESTERS: usize = 2;
/// Characters of a reply, a narrative, a decision.
pub const TEXT_MAX: usize = 8_000;

/// Meta of `assure.review`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReviewMeta {
    /// Its period, which names it.
    pub review: Period,
    /// By whom.
    pub by: String,
    /// What was done.
    #[serde(flatten)]
    pub act: Act,
}

/// What is done to a review.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "kebab-case")]
pub enum Act {
    /// It begins. The seed of the sample for inspection is fixed here, before anybody knows the figures.
    Opened {
        /// Any text; an auditor's choice, or drawn.
        seed: String,
    },
    /// The figures stand as they are known now; each partner is shown its own.
    Cut {
        /// As of which instant they are known.
        at: Micros,
        /// The packs by which they are computed: kind and name → digest.
        packs: BTreeMap<String, String>,
    },
    /// Something was written into it.
    Written(Written),
    /// Somebody vouches for what is frozen.
    Attested {
        /// H over the frozen claim, base64.
        claim: String,
        /// What was looked at, in a line.
        note: String,
    },
}

/// A text in a review.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Written {
    /// What it is.
    pub matter: Matter,
    /// The objective that it is about, as `1.2`; empty for the whole.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub objective: String,
    /// The text.
    pub text: String,
    /// Who sees to it; empty where nobody was named.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub who: String,
    /// Until when, a day; empty where none was set.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub due: String,
}

/// What a text in a review is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Matter {
    /// What moved and why; a later one on the same objective replaces it.
    Narrative,
    /// What was decided.
    Decision,
    /// What stands in the way.
    Obstacle,
    /// The plan itself is steered otherwise.
    Course,
}

impl Matter {
    /// All, in the order of a report.
    pub const ALL: [Matter; 4] = [Matter::Narrative, Matter::Decision, Matter::Obstacle, Matter::Course];

    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Matter::Narrative => "narrative",
            Matter::Decision => "decision",
            Matter::Obstacle => "obstacle",
            Matter::Course => "course",
        }
    }

    /// As a head in a report.
    pub fn title(self) -> &'static str {
        match self {
            Matter::Narrative => "What moved and why",
            Matter::Decision => "Decisions",
            Matter::Obstacle => "Obstacles",
            Matter::Course => "Changes of course",
        }
    }
}

/// Meta of `assure.shown`: word for word what left the hub, so that nobody need wonder later.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShownMeta {
    /// The review.
    pub review: Period,
    /// To whom.
    pub org: String,
    /// The cut that it shows.
    pub cut: Micros,
    /// Line by line.
    pub lines: Vec<Said>,
    /// By whom.
    pub by: String,
}

/// Meta of `assure.reply`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReplyMeta {
    /// The review.
    pub review: Period,
    /// Whose.
    pub org: String,
    /// The measure that it is about; empty for all.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub measure: String,
    /// In its own words.
    pub text: String,
    /// `account`, `link`, `mail`: how it came.
    pub through: String,
    /// Who entered it; a link has no name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub by: String,
}

/// The day on which so many whole working days have passed since a day, both as days since 1970-01-01. Monday to Friday: what else is free in which country
/// is not known here, so a hub that keeps holidays freezes later.
pub fn working_days_after(day: i64, working: i64) -> i64 {
    let (mut at, mut left) = (day, working);
    while left > 0 {
        at += 1;
        // 1970-01-01 was a Thursday
        if (at + 3).rem_euclid(7) < 5 {
            left -= 1;
        }
    }
    at + 1
}
