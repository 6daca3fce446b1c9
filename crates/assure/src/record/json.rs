//! Records as JSON: what a program says of one, in the names of its definition and each value in the form of its type. What is given out is
//! [`super::list::Shown`]. Every rule is that of [`super::write`]; who asks, and what the answer looks like, is for whoever serves it.
use std::collections::BTreeMap;

use ledger::{Error, Result, Tx};
use serde::Deserialize;
use stix::scan::{self, Limits};

use crate::record::definition::Definition;
use crate::record::list;
use crate::record::value::Stored;
use crate::record::write::{Became, Desk, Entry};

/// Bytes of what is said of one record: its longest texts and lists fit.
pub const SAID_MAX: usize = 256 << 10;
/// What is said nests no deeper: the record, its fields, a list.
const LIMITS: Limits = Limits { bytes: SAID_MAX, depth: 4, string: SAID_MAX, members: 1_000, item: SAID_MAX, items: 1 };

/// What a program says of a record.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Said {
    /// Its id, where it has one that its fields do not give.
    pub id: Option<String>,
    /// Where it is in its life.
    pub state: Option<String>,
    /// Its fields; null empties one.
    pub fields: BTreeMap<String, serde_json::Value>,
    /// All its tags.
    pub tags: Option<Vec<String>>,
    /// Its mark.
    pub marking: Option<String>,
}

/// How what is said is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// What is not said stays as it was.
    Part,
    /// Fields and tags that are not said are empty: saying it twice leaves what saying it once did.
    Whole,
}

impl Said {
    /// Reads what was sent. A member that means nothing, or that stands twice, is refused: nothing that was said disappears.
    pub fn read(bytes: &[u8]) -> Result<Said> {
        read(bytes, "send an object with `fields`, and `id`, `state`, `tags` and `marking` where they are said")
    }
}

/// What a program says as it does something with a record ([`super::deed`]), where it sends no file.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Word {
    /// Whose word or document it is.
    pub from: String,
    /// How well it shows the record.
    pub level: Option<String>,
    /// What it is, what was looked at, or why.
    pub note: String,
}

impl Word {
    /// Reads what was sent, as [`Said::read`] does.
    pub fn read(bytes: &[u8]) -> Result<Word> {
        read(
            bytes,
            "send an object with `note`, and `from` and `level` where something is shown; or a form with a file",
        )
    }
}

fn read<T: serde::de::DeserializeOwned>(bytes: &[u8], next: &str) -> Result<T> {
    let unread = |why: String| Error::refused("json", why, next);
    scan::check(bytes, &LIMITS).map_err(|fault| unread(fault.to_string()))?;
    serde_json::from_slice(bytes).map_err(|e| unread(e.to_string()))
}

/// Takes what was said of a record. `seen` is the last entry that whoever says it knows of it.
///
/// # Errors
/// [`Error::Refused`] with the rule that says no; [`Desk::about`] names the field. Nothing is recorded then.
pub fn put(
    tx: &mut Tx<'_>,
    desk: &mut Desk<'_>,
    definition: &Definition,
    (said, extent): (&Said, Extent),
    seen: Option<i64>,
) -> Result<(String, Became)> {
    let mut typed: Vec<(&str, String)> = Vec::with_capacity(said.fields.len());
    for (name, value) in &said.fields {
        // a name that is none of its fields is refused where all are read
        let text = definition.field(name).map(|field| Stored::typed_of(field, value)).transpose();
        match text {
            Ok(text) => typed.push((name, text.unwrap_or_default())),
            Err(why) => return desk.refuse(name, "record-value", format!("{name}: {why}"), ""),
        }
    }
    if extent == Extent::Whole {
        let unsaid = definition.fields.iter().filter(|field| !said.fields.contains_key(&field.name));
        typed.extend(unsaid.map(|field| (field.name.as_str(), String::new())));
    }
    let marking = match said.marking.as_deref().map(str::parse).transpose() {
        Ok(marking) => marking,
        Err(e) => return desk.refuse("marking", "record-value", stix::tlp::UnknownTlp::to_string(&e), ""),
    };
    if let (Some(seen), Some(id)) = (seen, &said.id) {
        list::must_be_seen(tx, &definition.kind, id, seen)?;
    }
    let entry = Entry {
        kind: &definition.kind,
        id: said.id.as_deref(),
        state: said.state.as_deref(),
        fields: typed.iter().map(|(name, text)| (*name, text.as_str())).collect(),
        tags: said.tags.clone().or((extent == Extent::Whole).then(Vec::new)),
        marking,
    };
    desk.put(tx, &entry)
}
