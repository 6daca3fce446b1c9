//! The events of this stage as they stand in the log: meta only, no body. Each says enough for later stages to fold it without
//! reading this stage's tables.
use crate::contact::Contact;
use crate::plan::Planned;
use serde::{Deserialize, Serialize};

/// `act.contact`: a claim, or the end of one. The last of an organisation, address and source stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactMeta {
    /// Key of the organisation.
    pub org: String,
    /// Where to write.
    pub email: String,
    /// Who says so.
    pub source: String,
    /// Person or desk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `security`, `csirt`, `duty`, `out-of-band`…
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// ISO 3166-1 alpha-2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// The part of the organisation that it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sector: Option<String>,
    /// BCP 47.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// OpenPGP fingerprint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pgp: Option<String>,
    /// `YYYY-MM-DD`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified: Option<String>,
    /// The source no longer says so.
    #[serde(default, skip_serializing_if = "is_false")]
    pub removed: bool,
}

impl From<Contact> for ContactMeta {
    fn from(c: Contact) -> Self {
        ContactMeta {
            org: c.org,
            email: c.email,
            source: c.source,
            name: c.name,
            role: c.role,
            country: c.country,
            sector: c.sector,
            language: c.language,
            pgp: c.pgp,
            verified: c.verified.map(|d| d.to_string()),
            removed: false,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form that serde calls")]
fn is_false(b: &bool) -> bool {
    !b
}

/// `act.ask`: decided, with everything that led to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskMeta {
    /// The ask.
    #[serde(flatten)]
    pub planned: Planned,
    /// Who planned it.
    pub by: String,
}

/// What all other events of an ask say first: which, about whom, about what.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// The ask's reference.
    pub ask: String,
    /// Whom it concerns.
    pub party: String,
    /// To whom it went.
    pub addressee: String,
    /// Where it lies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// Deciding document.
    pub advisory: String,
    /// All that it warns of.
    pub vulnerabilities: Vec<String>,
}

/// `act.held`, `act.approved`, `act.rejected`, `act.silent`: who or what, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoteMeta {
    /// Which.
    #[serde(flatten)]
    pub about: About,
    /// Person, or the rule.
    pub by: String,
    /// In words.
    pub reason: String,
}

/// `act.sent`, `act.bounced`, `act.lost`: what became of a hand-over.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentMeta {
    /// Which.
    #[serde(flatten)]
    pub about: About,
    /// The message.
    pub message_id: String,
    /// The address.
    pub email: String,
    /// `folder`, `smtp HOST`.
    pub channel: String,
    /// What the other side said, where it said no.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// `act.answered`: what the other side said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnsweredMeta {
    /// Which.
    #[serde(flatten)]
    pub about: About,
    /// `acknowledged`, `fixed`…
    pub answer: String,
    /// `E0` to `E2`.
    pub evidence: String,
    /// Organisation that says so.
    pub claimant: String,
    /// `link`, `account`, or who recorded it.
    pub by: String,
    /// In its own words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// Ticket, change number, document.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reference: String,
}

/// `act.closed`: what was asked about is no more.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosedMeta {
    /// Which.
    #[serde(flatten)]
    pub about: About,
    /// `fixed`, `not_affected`, `removed`, `withdrawn`.
    pub outcome: String,
    /// In words.
    pub reason: String,
    /// `E2` where the claimant's own data shows it, `E3` where somebody else's does.
    pub evidence: String,
    /// Whose data shows it.
    pub source: String,
}
