//! Records: what people write down, by definitions that are data (docs/decisions/0019).
//!
//! [`definition`] says what a kind is; [`value`] reads and compares what stands in its fields; [`write`](mod@write) is every way in, with all rules;
//! [`deed`] what is done with one that stands; [`table`] takes and gives CSV, [`json`] JSON; [`list`](mod@list) tells what stands, its history and the files that show it,
//! [`find`](mod@find) which have these words; `fold` keeps every version with both times, from which
//! [`facts`] makes what measures count. Nothing here knows a kind by name.
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub mod deed;
pub mod definition;
pub mod facts;
pub mod find;
pub(crate) mod fold;
pub mod json;
pub mod list;
pub mod table;
#[cfg(test)]
pub(crate) mod tests;
pub mod value;
pub mod write;

pub use definition::{Catalogue, Definition};
pub use value::{Stored, Value};

/// A version of a record.
pub(crate) const RECORD: &str = "assure.record";
/// Something that shows a record is so.
pub(crate) const BACKED: &str = "assure.backed";

/// The fields of a record, by name; one that is empty is not there.
pub type Fields = BTreeMap<String, Stored>;

/// Meta of `assure.record`: one version, whole. The claimed time of the event is the day on which it came to be in its state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecordMeta {
    /// Its kind.
    pub record: String,
    /// Its id within the kind.
    pub id: String,
    /// What it is called, after the field that its definition names.
    pub name: String,
    /// Where it is in its life.
    pub state: String,
    /// What it holds.
    pub fields: Fields,
    /// Aims, lines of effort, priorities and objectives that it serves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Its mark, a label without prefix.
    pub marking: String,
    /// Where it came from: `local`, a file's source, `proposal`.
    pub source: String,
    /// Who recorded this version.
    pub by: String,
    /// The organisations that its fields name, so that the file of one finds it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub orgs: Vec<String>,
    /// It was entered by mistake, for this reason: it counts nowhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub void: Option<String>,
}

/// How a record is shown to be so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Means {
    /// A partner that took part says so.
    Confirmed,
    /// An artefact is at hand: minutes, a letter, a citation.
    Evidence,
    /// A person of ours who recorded none of it vouches for it.
    Attested,
    /// A partner that is named says that it was not so.
    Disputed,
}

impl Means {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Means::Confirmed => "confirmed",
            Means::Evidence => "evidence",
            Means::Attested => "attested",
            Means::Disputed => "disputed",
        }
    }
}

/// Meta of `assure.backed`; the body is the artefact, where one was given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BackedMeta {
    /// The kind of the record.
    pub record: String,
    /// Its id.
    pub id: String,
    /// How.
    pub means: Means,
    /// How well: `E0` to `E4`.
    pub evidence: String,
    /// Whose word or document it is: an organisation.
    pub org: String,
    /// H over the fields it speaks of, base64: a version that says something else is not backed by it.
    pub fields: String,
    /// What it is, in a line: a reference, a file's name, a reason.
    pub note: String,
    /// SHA-256 of the artefact, base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// What the artefact is called as a file.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub file: String,
    /// Who entered it.
    pub by: String,
}

/// H over the fields of a record, each as its texts, base64: what a confirmation or an attestation speaks of. As texts, so that it does not rest
/// on how somebody's JSON writes a number.
pub fn digest_of(fields: &Fields) -> String {
    let texts: BTreeMap<&str, Vec<String>> =
        fields.iter().map(|(name, stored)| (name.as_str(), stored.texts())).collect();
    ledger::checkpoint::base64(&ledger::merkle::sha256(&serde_json::to_vec(&texts).unwrap_or_default()))
}
