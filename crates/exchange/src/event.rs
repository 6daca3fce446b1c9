//! The kinds of event of this stage and their meta. A kind once written is read for ever.
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;
use stix::Tlp;

/// `exchange.collection`: the last one of an id stands.
pub const COLLECTION: &str = "exchange.collection";
/// `exchange.object`: a STIX object; the body is the object as received.
pub const OBJECT: &str = "exchange.object";
/// `exchange.listed`: an object that is held already stands in one more collection.
pub const LISTED: &str = "exchange.listed";
/// `exchange.withdrawn`: objects leave a collection.
pub const WITHDRAWN: &str = "exchange.withdrawn";
/// `exchange.document`: a document or row of another form; the body is it as received.
pub const DOCUMENT: &str = "exchange.document";
/// `exchange.review`: what a person must decide; the body is it as received.
pub const REVIEW: &str = "exchange.review";
/// `exchange.reviewed`: somebody decided on what lay in review.
pub const REVIEWED: &str = "exchange.reviewed";
/// `exchange.consent`: an originator lets an object go to an organisation, or no longer.
pub const CONSENT: &str = "exchange.consent";
/// `exchange.remarked`: a person here marks an object that is held.
pub const REMARKED: &str = "exchange.remarked";
/// `exchange.uncopied`: no copy can be made of an object without what must be left out.
pub const UNCOPIED: &str = "exchange.uncopied";
/// `exchange.sought`: how far indicators and observed-data were matched with one another, and what could not be said.
pub const SOUGHT: &str = "exchange.sought";
/// `exchange.turned`: a day began on which an agreement begins or has ended.
pub const TURNED: &str = "exchange.turned";

/// Meta of [`COLLECTION`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollectionMeta {
    /// A UUID of version 4 (TAXII 2.1 section 3.3, `identifier`).
    pub id: String,
    /// For people.
    pub title: String,
    /// The API root.
    pub root: String,
    /// The mark of content that has none.
    pub tlp: Tlp,
    /// Keys of the organisations that may read; the operator's own always may.
    #[serde(default)]
    pub read: Vec<String>,
    /// Keys of the organisations that may write; the operator's own always may.
    #[serde(default)]
    pub write: Vec<String>,
    /// What stands beside who may read and write.
    #[serde(flatten)]
    pub handling: Handling,
}

/// How a collection treats what is given to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handling {
    /// Of an object with marked properties, a copy without them is made under an id of its own.
    #[serde(default, skip_serializing_if = "is_false")]
    pub redact: bool,
    /// What a partner submits leaves without its name, in a copy by the operator, unless the partner agreed to be named.
    #[serde(default, skip_serializing_if = "is_false")]
    pub anonymise: bool,
}

fn is_false(flag: &bool) -> bool {
    !flag
}

/// Meta of [`OBJECT`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectMeta {
    /// The collection it was given to.
    pub collection: String,
    /// The object's `id`.
    pub id: String,
    /// The object's `type`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its version as written: `modified`, else `created`, else none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// What its markings come to, as far as they could be resolved; none for unmarked content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tlp: Option<Tlp>,
    /// Marking-definitions it names that are not held: it counts as RED until all are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waiting: Vec<String>,
    /// Where it came from.
    pub source: String,
    /// Who gave it.
    pub by: String,
    /// The version of STIX it follows.
    pub spec: String,
    /// How many times more it may be passed on, as the peer that gave it said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hops: Option<u32>,
    /// The line of versions it belongs to, where it is not the first of its id: 0 where it begins one, since its giver may not see what is
    /// held, else the event that began it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<i64>,
    /// It is of a line that stands aside for all who see another of the id: its giver may not make a version of that.
    #[serde(default, skip_serializing_if = "is_false")]
    pub aside: bool,
    /// The lines of which its giver saw something when it began such a line: whoever sees no other of the id sees it as their next version.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub beside: Vec<i64>,
    /// Of what was purged: whether it showed who gave it, which its remnant no longer says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown: Option<bool>,
    /// What it is a copy of, where this hub made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copy: Option<CopyOf>,
    /// Whose indicator was seen, where this hub found that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sighting: Option<SightingOf>,
}

/// What of [`ObjectMeta`] a fold of many objects reads, borrowed.
#[derive(Debug, Deserialize)]
pub struct ObjectBrief<'a> {
    /// The object's `id`.
    #[serde(borrow)]
    pub id: Cow<'a, str>,
    /// The object's `type`.
    #[serde(borrow, rename = "type")]
    pub kind: Cow<'a, str>,
    /// Where it came from.
    #[serde(borrow)]
    pub source: Cow<'a, str>,
    /// There, where this hub made it as a copy.
    pub copy: Option<IgnoredAny>,
}

/// What a sighting that this hub made is of. Who observed stands here and not in the object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SightingOf {
    /// The event of the indicator.
    pub indicator: i64,
    /// The event of the observed-data.
    pub observed: i64,
    /// The lines of versions that they belong to, where these are not the first of their ids.
    #[serde(default, skip_serializing_if = "Lines::is_first")]
    pub lines: Lines,
    /// The organisation that gave the indicator, by key; absent for the operator's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub producer: Option<String>,
    /// What was seen is marked for those to whom it was given.
    #[serde(default, skip_serializing_if = "is_false")]
    pub withheld: bool,
    /// The first day on which it may go out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub embargo: Option<String>,
}

/// The line of an indicator and that of observed-data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lines {
    /// Of the indicator.
    pub indicator: i64,
    /// Of the observed-data.
    pub observed: i64,
}

impl Lines {
    fn is_first(&self) -> bool {
        *self == Lines::default()
    }
}

/// What an object is a copy of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopyOf {
    /// The event of the object.
    pub of: i64,
    /// What was left out.
    pub how: How,
    /// Ids that were drawn for it: of the submitter, and what stands for it outside.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub ids: BTreeMap<String, String>,
}

/// Why a copy was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum How {
    /// Marked properties were left out.
    Redacted,
    /// What names the submitter was left out.
    Anonymised,
}

/// Meta of [`LISTED`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedMeta {
    /// The collection in which it stands now.
    pub collection: String,
    /// The event of the object.
    pub object: i64,
    /// Who gave it.
    pub by: String,
    /// What it is a copy of, where this hub made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copy: Option<CopyOf>,
}

/// Meta of [`WITHDRAWN`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WithdrawnMeta {
    /// The collection that they leave.
    pub collection: String,
    /// The events of the objects.
    pub objects: Vec<i64>,
    /// Who withdrew them.
    pub by: String,
}

/// Meta of [`DOCUMENT`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentMeta {
    /// `csaf`, `cve`, `kev`, `eukev`, `cyclonedx`, `spdx`.
    pub form: String,
    /// The document's own id.
    pub id: String,
    /// The document's own version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Its title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Its mark: its own, else the import's, else the collection's.
    pub tlp: Tlp,
    /// Where it came from.
    pub source: String,
    /// The collection it was given to.
    pub collection: String,
    /// The asset an SBOM belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asset: Option<String>,
    /// When its publisher released it, as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released: Option<String>,
    /// Who gave it.
    pub by: String,
}

/// Meta of [`REVIEW`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewMeta {
    /// The file, or the request it came in.
    pub file: String,
    /// A JSON pointer or a line.
    pub place: String,
    /// The object's or document's id.
    pub id: String,
    /// Stable code.
    pub rule: String,
    /// In words.
    pub reason: String,
    /// `stix`, `csaf`, …
    pub form: String,
    /// The collection it was given to.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub collection: String,
    /// Where it came from.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// Who gave it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub by: String,
    /// The mark of what has none, where it was not to be the collection's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tlp: Option<Tlp>,
    /// How many times more it may be passed on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hops: Option<u32>,
}

/// Meta of [`REVIEWED`]: a person has decided on what lay in review.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewedMeta {
    /// The event of the item.
    pub item: i64,
    /// It was admitted; otherwise it stays without effect.
    pub accepted: bool,
    /// Why.
    pub reason: String,
    /// Who decided.
    pub by: String,
}

/// Meta of [`CONSENT`]. The last one of an id and an organisation stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentMeta {
    /// The object's `id`: all its versions.
    pub id: String,
    /// To whom.
    pub org: String,
    /// It may go.
    pub given: bool,
    /// How that is known.
    pub reason: String,
    /// Who recorded it.
    pub by: String,
}

/// Meta of [`REMARKED`]. The last one of an object stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemarkedMeta {
    /// The event of the object.
    pub object: i64,
    /// Its label from now on.
    pub tlp: Tlp,
    /// Why.
    pub reason: String,
    /// Who said so.
    pub by: String,
}

/// Meta of [`UNCOPIED`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UncopiedMeta {
    /// The event of the object.
    pub object: i64,
    /// The collection.
    pub collection: String,
    /// Why.
    pub reason: String,
}

/// Meta of [`SOUGHT`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SoughtMeta {
    /// Observed-data that became due up to here (the event that made it due, and its own) was run against all indicators.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed: Option<(i64, i64)>,
    /// Indicators that became due up to here were run against the observed-data that is held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub indicators: Option<(i64, i64)>,
    /// Only against that up to this event: the rest follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scanned: Option<i64>,
    /// Of what it is not known whether it was seen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unsure: Vec<Unsure>,
}

/// An indicator of which it is not known whether it was seen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Unsure {
    /// Its id; empty for any.
    pub indicator: String,
    /// The id of the observed-data; empty for any.
    pub observed: String,
    /// Why, in words.
    pub why: String,
}

/// Meta of [`TURNED`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TurnedMeta {
    /// The day, UTC.
    pub day: String,
}
