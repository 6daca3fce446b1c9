//! What a person does with a record that stands, beside saying a further version: brings what shows it, enters the word of a partner, vouches for it, or
//! says that it was a mistake. The command line, a page and a program all come here; the rules are those of [`super::write`].
use ledger::{Error, Result, Tx, line};
use partners::Person;
use partners::may::Verb;

use crate::facts::Evidence;
use crate::record::definition::{Catalogue, Definition};
use crate::record::write::{self, Backing, Desk};
use crate::record::{RecordMeta, list};

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Somebody brings what shows it.
    Evidence,
    /// Somebody enters that a partner that took part says that it was so.
    Confirm,
    /// Somebody who recorded none of it vouches for it.
    Attest,
    /// Somebody says that it was a mistake.
    Void,
}

/// What is brought with it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Brought<'a> {
    /// Whose word or document it is.
    pub from: &'a str,
    /// How well it shows the record, as typed; the least that is possible where it is not said.
    pub level: Option<&'a str>,
    /// What it is, what was looked at, or why: a line.
    pub note: &'a str,
    /// A file: what it is called, and its bytes.
    pub file: Option<(&'a str, &'a [u8])>,
}

impl Deed {
    /// All, in the order of a page.
    pub const ALL: [Deed; 4] = [Deed::Evidence, Deed::Confirm, Deed::Attest, Deed::Void];

    /// As verbs and addresses have it.
    pub fn as_str(self) -> &'static str {
        match self {
            Deed::Evidence => "evidence",
            Deed::Confirm => "confirm",
            Deed::Attest => "attest",
            Deed::Void => "void",
        }
    }

    /// What a role must be allowed before its definition is asked. An auditor changes nothing, and vouches.
    pub fn verb(self) -> Verb {
        match self {
            Deed::Evidence | Deed::Void => Verb::Import,
            Deed::Confirm => Verb::RecordAnswer,
            Deed::Attest => Verb::Read,
        }
    }

    /// Whether it comes with whose word or document it is, and maybe with a file.
    pub fn has_source(self) -> bool {
        matches!(self, Deed::Evidence | Deed::Confirm)
    }

    /// Whether a person may do it with a record as it stands.
    ///
    /// # Errors
    /// [`Error::Refused`] with the rule that says no.
    pub fn may(self, tx: &mut Tx<'_>, definition: &Definition, version: &RecordMeta, person: &Person) -> Result<()> {
        person.must(self.verb())?;
        match self {
            Deed::Evidence => write::may_bring(definition, person),
            Deed::Attest => write::may_attest(tx, definition, &version.id, person),
            Deed::Void => write::may_record(definition, person),
            Deed::Confirm if definition.took_part(version).is_empty() => {
                let reason = format!("nobody took part in {} who could say that it was so", version.id);
                Err(Error::refused("record-confirm", reason, "correct who took part first"))
            }
            Deed::Confirm => Ok(()),
        }
    }

    /// Does it. `seen`: the last entry that whoever does it knows of the record, where they say so.
    ///
    /// # Errors
    /// [`Error::Refused`] with the rule that says no; nothing is recorded then.
    pub fn take(
        self,
        tx: &mut Tx<'_>,
        catalogue: &Catalogue,
        (kind, id): (&str, &str),
        (person, seen): (&Person, Option<i64>),
        brought: &Brought<'_>,
    ) -> Result<()> {
        person.must(self.verb())?;
        let Brought { from, level, note, file } = *brought;
        if !self.has_source() && (!from.is_empty() || level.is_some() || file.is_some()) {
            let reason = format!("{} has a note, and neither source nor level nor file", self.as_str());
            return Err(Error::refused("record-deed", reason, "bring a document as evidence"));
        }
        if let Some(seen) = seen {
            list::must_be_seen(tx, kind, id, seen)?;
        }
        let (name, artefact) = file.map_or(("", None), |(name, bytes)| (name, Some(bytes)));
        let note = if note.trim().is_empty() { name } else { note };
        let backing = Backing { kind, id, org: from, note, artefact, file: name };
        match self {
            Deed::Evidence => write::evidence(tx, catalogue, &backing, evidence(level)?, person),
            Deed::Confirm => {
                if !note.is_empty() {
                    line::reason(note, "record-confirm", "say what it is and where")?;
                }
                write::confirm(tx, catalogue, &backing, is_referenced(level, &backing)?, &person.name)
            }
            Deed::Attest => write::attest(tx, catalogue, &Backing { org: &person.org, ..backing }, person),
            Deed::Void => Desk::new(catalogue, &crate::tags(tx)?, person, "local").void(tx, kind, id, note),
        }
    }
}

/// The level of evidence, as typed.
fn evidence(level: Option<&str>) -> Result<Evidence> {
    let level = level.unwrap_or("E0");
    Evidence::read(level)
        .ok_or_else(|| Error::refused("record-level", format!("{level:?} is no level of evidence"), "E0 to E3"))
}

/// Whether a partner's word comes with a document of theirs or a reference to one.
fn is_referenced(level: Option<&str>, backing: &Backing<'_>) -> Result<bool> {
    match level {
        None | Some("E1") => Ok(false),
        Some("E2") if backing.artefact.is_some() || !backing.note.trim().is_empty() => Ok(true),
        Some("E2") => {
            let reason = "E2 needs the document or a reference to it";
            Err(Error::refused("record-level", reason, "give the file, or say in the note where it is"))
        }
        Some(level) => {
            Err(Error::refused("record-level", format!("a confirmation is E1 or E2, not {level}"), "leave it out: E1"))
        }
    }
}
