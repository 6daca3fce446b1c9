//! What a product is and whether a vulnerability concerns it: package URLs, versions and their ranges, names, and tolerant
//! readers of the formats in which products and vulnerabilities are written down.
//!
//! Everything here is a pure function over borrowed bytes: no file, no clock, no network, no database. What cannot be
//! decided is said to be undecided; no function falls back to a guess.
//!
//! # Layout
//! * [`text`] borrowed JSON text, folding of names
//! * [`vendor`] one key per vendor, from however its name is spelt
//! * [`version`] the order of versions, and [`version::range`] the ranges that advisories write
//! * [`purl`] package URLs and the version orders of their ecosystems
//! * [`csaf`], [`cve`], [`kev`], [`cyclonedx`], [`spdx`], [`inventory`] the readers
//! * [`place`] sectors and areas as advisories name them
//! * [`matching`] the decision: does this advisory's product cover this asset

pub mod csaf;
pub mod cve;
pub mod cyclonedx;
pub mod inventory;
pub mod kev;
pub mod matching;
pub mod place;
pub mod purl;
pub mod spdx;
pub mod text;
pub mod vendor;
pub mod version;

/// Why a document or a row was not taken, with the rule as a stable code and the place as a JSON pointer or a line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {reason} [{rule}]")]
pub struct Fault {
    /// A stable code, such as `csaf-malformed`.
    pub rule: &'static str,
    /// A JSON pointer, `line N`, or `line N column M`.
    pub place: String,
    /// What is wrong and what to do about it, for a person.
    pub reason: String,
}

impl Fault {
    /// A fault of `rule` at `place`.
    pub fn new(rule: &'static str, place: impl Into<String>, reason: impl Into<String>) -> Fault {
        Fault { rule, place: place.into(), reason: reason.into() }
    }

    /// A fault from the JSON reader, which knows line and column.
    pub(crate) fn json(rule: &'static str, error: &serde_json::Error) -> Fault {
        Fault::new(
            rule,
            format!("line {} column {}", error.line(), error.column()),
            format!("not readable as this format: {error}"),
        )
    }
}
