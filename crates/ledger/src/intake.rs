//! What became of what was handed in: the one form in which every stage reports an import.
use serde::Serialize;
use std::collections::BTreeMap;

/// Something said of one object, row or document.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Note {
    /// The file, as it was named.
    pub file: String,
    /// A line (`line 12`) or a JSON pointer (`/objects/3`).
    pub place: String,
    /// The object's, row's or document's id, where it could be read.
    pub id: String,
    /// Stable code.
    pub rule: String,
    /// What is so and what to do about it, in words.
    pub reason: String,
}

/// The outcome of an import: of one file, or of a whole call when added up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Intake {
    /// Objects, rows and documents that are new.
    pub accepted: u64,
    /// Those that were held already with the same content.
    pub unchanged: u64,
    /// The accepted ones by kind.
    pub by_kind: BTreeMap<String, u64>,
    /// Refused by a rule; nothing of them was stored.
    pub refused: Vec<Note>,
    /// Put before a person: stored, without effect until decided.
    pub review: Vec<Note>,
    /// Files in a folder that are of no known form.
    pub skipped: Vec<Note>,
    /// Accepted, but with something to be said.
    pub warnings: Vec<Note>,
}

impl Intake {
    /// Counts `n` accepted ones of a kind.
    pub fn accept(&mut self, kind: &str, n: u64) {
        if n > 0 {
            self.accepted += n;
            *self.by_kind.entry(kind.to_owned()).or_default() += n;
        }
    }

    /// Adds another outcome.
    pub fn add(&mut self, other: Intake) {
        self.accepted += other.accepted;
        self.unchanged += other.unchanged;
        for (kind, n) in other.by_kind {
            *self.by_kind.entry(kind).or_default() += n;
        }
        self.refused.extend(other.refused);
        self.review.extend(other.review);
        self.skipped.extend(other.skipped);
        self.warnings.extend(other.warnings);
    }

    /// Whether something needs a person: then `import` ends with 1.
    pub fn has_findings(&self) -> bool {
        !self.refused.is_empty() || !self.review.is_empty()
    }
}
