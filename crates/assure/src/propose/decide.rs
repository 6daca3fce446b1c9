//! What a person decides on a proposal. Whoever accepts records it, through all the rules of [`crate::record::write`]: nothing that a calendar or a mail
//! says is recorded otherwise than if it had been typed.
use std::collections::BTreeMap;

use ledger::{Error, Result, Tx, line};
use partners::Person;
use partners::may::Verb;

use super::queue::{self, Act, DecidedMeta, Item, Outcome};
use crate::facts::Evidence;
use crate::record::definition::Catalogue;
use crate::record::write::{self, Backing, Became, Desk, Entry};

/// What the records that came of proposals name as their source.
pub const SOURCE: &str = "proposal";

/// What a person says instead of, or beside, what is proposed.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// Another kind of record.
    pub kind: Option<String>,
    /// Another state.
    pub state: Option<String>,
    /// Fields as typed; an empty text leaves a field empty.
    pub fields: Vec<(String, String)>,
    /// What it serves.
    pub tags: Option<Vec<String>>,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Came {
    /// The kind of the record.
    pub kind: String,
    /// Its id.
    pub id: String,
    /// What became of the record; nothing where it was backed.
    pub became: Option<Became>,
}

/// Records what is proposed, as whoever accepts it. To be called within `write_applied`.
///
/// # Errors
/// [`Error::Refused`] with the rule that says no, of proposals or of records; the proposal waits on then.
pub fn accept(
    tx: &mut Tx<'_>,
    catalogue: &Catalogue,
    tags: &BTreeMap<String, String>,
    person: &Person,
    (proposal, answer): (i64, &Answer),
) -> Result<Came> {
    person.must(Verb::Import)?;
    let item = queue::one(tx, catalogue, person, proposal, answer.kind.as_deref())?;
    let came = match item.act {
        Act::Evidence => back(tx, catalogue, person, &item, answer)?,
        Act::New | Act::Change | Act::Cancel => {
            record(tx, catalogue, &mut Desk::new(catalogue, tags, person, SOURCE), &item, answer)?
        }
    };
    let (record, id, by) = (came.kind.clone(), came.id.clone(), person.name.clone());
    let (outcome, reason) = (Outcome::Accepted, String::new());
    queue::decided(tx, &DecidedMeta { proposal, outcome, record, id, reason, by })?;
    Ok(came)
}

fn record(tx: &mut Tx<'_>, catalogue: &Catalogue, desk: &mut Desk<'_>, item: &Item, answer: &Answer) -> Result<Came> {
    if let Some(kind) = answer.kind.as_deref().filter(|kind| *kind != item.kind) {
        let reason = format!("{} is {} already, and no {kind}", item.id, write::must(catalogue, &item.kind)?.one());
        return Err(Error::refused("proposal-kind", reason, "void that one, and record another by hand"));
    }
    let mut fields: BTreeMap<&str, &str> =
        item.fields.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    fields.extend(answer.fields.iter().map(|(name, text)| (name.as_str(), text.as_str())));
    let said = |text: &&str| !text.is_empty();
    let id = Some(item.id.as_str()).filter(said);
    let state = answer.state.as_deref().filter(said).or(Some(item.state.as_str()).filter(said));
    let tags = answer.tags.clone();
    let entry = Entry { kind: &item.kind, id, state, fields: fields.into_iter().collect(), tags, marking: None };
    let (id, became) = desk.put(tx, &entry)?;
    Ok(Came { kind: item.kind.clone(), id, became: Some(became) })
}

fn back(tx: &mut Tx<'_>, catalogue: &Catalogue, person: &Person, item: &Item, answer: &Answer) -> Result<Came> {
    let mut fields = item.fields.clone();
    for (name, text) in &answer.fields {
        if !fields.contains_key(name) {
            let reason = format!("evidence has no field {name:?}");
            return Err(Error::refused("proposal-field", reason, "its fields are from, level and note"));
        }
        fields.insert(name.clone(), text.clone());
    }
    let of = |name: &str| fields.get(name).map_or("", |text| text.trim());
    let Some(level) = Evidence::read(of("level")) else {
        let reason = format!("{:?} is no level of evidence", of("level"));
        return Err(Error::refused("record-level", reason, "E0 to E3"));
    };
    let body = tx.body(item.proposal)?.unwrap_or_default();
    let (org, note, file) = (of("from"), of("note"), item.place.as_str());
    let backing = Backing { kind: &item.kind, id: &item.id, org, note, artefact: Some(&body), file };
    write::evidence(tx, catalogue, &backing, level, person)?;
    Ok(Came { kind: item.kind.clone(), id: item.id.clone(), became: None })
}

/// Leaves a proposal without effect, for a reason. The same version is not proposed again; a later one is.
pub fn drop_one(tx: &mut Tx<'_>, catalogue: &Catalogue, person: &Person, proposal: i64, reason: &str) -> Result<()> {
    person.must(Verb::Import)?;
    let reason = line::reason(reason, "proposal-reason", "say with --reason why")?.to_owned();
    queue::one(tx, catalogue, person, proposal, None)?;
    let (outcome, by) = (Outcome::Dropped, person.name.clone());
    queue::decided(tx, &DecidedMeta { proposal, outcome, record: String::new(), id: String::new(), reason, by })
}
