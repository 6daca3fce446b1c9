//! The kinds of event of this stage and their meta; levels and threats. A kind once written is read for ever.
use serde::{Deserialize, Serialize};
use stix::Tlp;

/// `expose.inventory`: rows of an inventory that are new or changed; the body is a table of them.
pub const INVENTORY: &str = "expose.inventory";
/// `expose.answer`: a signed answer of a partner who matched at home; the body is its bytes.
pub const ANSWER: &str = "expose.answer";
/// `expose.rules`: rules were given to a partner, so that an answer to them can be told from a forgery.
pub const RULES: &str = "expose.rules";
/// `expose.changed`: exposures changed; derived, one per cause and owner.
pub const CHANGED: &str = "expose.changed";

/// The version of the matcher that made an exposure; named in every event, so that old ones stay explained.
pub const MATCHER: u16 = 1;

/// Meta of [`INVENTORY`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InventoryMeta {
    /// Whose inventory; keys of assets are unique within it.
    pub source: String,
    /// Rows in the body.
    pub rows: u64,
    /// Absent rows were meant as removed.
    #[serde(default)]
    pub replace: bool,
    /// Keys of the assets that are no more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub removed: Vec<String>,
    /// Who gave it.
    pub by: String,
}

/// Meta of [`RULES`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RulesMeta {
    /// For whom.
    pub org: String,
    /// SHA-256 of the signed bytes, hexadecimal.
    pub digest: String,
    /// How many advisories.
    pub advisories: u64,
    /// Who exported them.
    pub by: String,
}

/// Meta of [`ANSWER`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerMeta {
    /// Whose constituency.
    pub org: String,
    /// Digest of the rules it answers.
    pub rules: String,
    /// When it was made, by the holder's clock, RFC 3339.
    pub issued: String,
    /// The key that signed it, base64.
    pub key: String,
    /// Who imported it.
    pub by: String,
}

/// How large the subject of an exposure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// One asset.
    Asset,
    /// One organisation.
    Organisation,
    /// All that one national body answers for.
    Constituency,
    /// A sector of a country, or of any.
    Sector,
}

impl Level {
    /// The word used everywhere.
    pub fn as_str(self) -> &'static str {
        match self {
            Level::Asset => "asset",
            Level::Organisation => "organisation",
            Level::Constituency => "constituency",
            Level::Sector => "sector",
        }
    }

    /// From the word.
    pub fn from_word(word: &str) -> Option<Level> {
        [Level::Asset, Level::Organisation, Level::Constituency, Level::Sector].into_iter().find(|l| l.as_str() == word)
    }
}

/// What endangers. Only vulnerabilities are computed so far; the others have their place in every table and event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Threat {
    /// A weakness of a product.
    #[default]
    Vulnerability,
    /// Somebody is in the systems.
    Compromise,
    /// A hazard over an area.
    Hazard,
    /// A change of ownership.
    Ownership,
    /// Something is out.
    Outage,
}

impl Threat {
    /// The word used everywhere.
    pub fn as_str(self) -> &'static str {
        match self {
            Threat::Vulnerability => "vulnerability",
            Threat::Compromise => "compromise",
            Threat::Hazard => "hazard",
            Threat::Ownership => "ownership",
            Threat::Outage => "outage",
        }
    }
}

/// Meta of [`CHANGED`]: what one cause changed for one owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    /// Index of the event that caused it.
    pub cause: i64,
    /// What it was, in words.
    pub why: String,
    /// Whose exposures: the owner of the assets, else the body that holds their inventory.
    pub owner: String,
    /// The version of the matcher.
    pub matcher: u16,
    /// What is so now.
    pub changes: Vec<Change>,
}

/// One exposure as it is now, for whoever may read documents of these marks. It stands for itself: folding the last one of a subject,
/// a threat and a mark gives the row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Level.
    pub level: Level,
    /// Threat; vulnerability unless said.
    #[serde(default, skip_serializing_if = "is_default")]
    pub threat: Threat,
    /// The asset's key, else the organisation's, else `ISO:sector`.
    pub subject: String,
    /// Source of the inventory or answer.
    pub source: String,
    /// The CVE, else another id.
    pub vulnerability: String,
    /// So it is by the documents up to this mark. Before marks were told apart there was none, and it was so for all.
    #[serde(default = "clear", skip_serializing_if = "is_clear")]
    pub seen_from: Tlp,
    /// Whoever may read documents of this mark saw another decision when this was recorded; none for the one by all documents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen_until: Option<Tlp>,
    /// Status; none where there is no exposure any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// What it was before, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub was: Option<String>,
    /// A to E.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub tier: String,
    /// `purl`, `model`, `name`, `remote`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub method: String,
    /// The deciding document: its tracking id.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub advisory: String,
    /// Its mark; none in what was recorded before that was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tlp: Option<Tlp>,
    /// Other documents that speak of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<String>,
    /// Country in which it lies.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub country: String,
    /// Who holds the knowledge.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub holder: String,
    /// How many: at least and at most. One for an asset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<(i64, Option<i64>)>,
    /// The decision in a sentence; where there is no exposure any more: `removed` or `withdrawn`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

fn clear() -> Tlp {
    Tlp::Clear
}

fn is_clear(tlp: &Tlp) -> bool {
    *tlp == Tlp::Clear
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
