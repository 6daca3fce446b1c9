//! Every way in of a record: a new version, what backs it, and that it was a mistake. All rules of a definition are held here, whoever comes: the
//! command line, a table, a page.
use std::collections::BTreeMap;

use ledger::checkpoint::base64;
use ledger::{Draft, Error, Micros, Result, Tx};
use partners::{Person, Role};
use stix::Tlp;

use crate::facts::Evidence;
use crate::record::definition::{Catalogue, Definition, State, Type};
use crate::record::value::{self, Stored};
use crate::record::{BACKED, BackedMeta, Fields, Means, RECORD, RecordMeta, digest_of};

/// Bytes of an artefact.
pub const ARTEFACT_MAX: usize = 16 << 20;
/// Characters of a file's name.
const FILE_NAME_MAX: usize = 200;
/// Tags of one record.
const TAGS_MAX: usize = 50;

/// What a person says of a record; what is not said stays as it was.
#[derive(Clone, Debug, Default)]
pub struct Entry<'a> {
    /// Its kind.
    pub kind: &'a str,
    /// Its id, where it has one that its fields do not give.
    pub id: Option<&'a str>,
    /// Where it is in its life.
    pub state: Option<&'a str>,
    /// Fields as typed; an empty text empties the field.
    pub fields: Vec<(&'a str, &'a str)>,
    /// All its tags.
    pub tags: Option<Vec<String>>,
    /// Its mark.
    pub marking: Option<Tlp>,
}

/// What became of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Became {
    /// The first version of a record.
    New,
    /// A further version.
    Changed,
    /// It stood so already.
    Unchanged,
}

/// Takes entries of one person in one unit of work.
pub struct Desk<'a> {
    catalogue: &'a Catalogue,
    /// Tags that plans know.
    tags: &'a BTreeMap<String, String>,
    person: &'a Person,
    source: &'a str,
    /// What this unit made, which no table has yet.
    made: BTreeMap<(String, String), RecordMeta>,
    /// Of each kind the number of the next record without a name of its own.
    next: BTreeMap<String, i64>,
    /// Each record is said once: what says it again otherwise is refused.
    is_table: bool,
    /// What the last refusal was about, for whoever shows it beside the field.
    about: Option<String>,
}

fn refused<T>(rule: &'static str, reason: impl Into<String>, next: impl Into<String>) -> Result<T> {
    Err(Error::refused(rule, reason, next))
}

impl<'a> Desk<'a> {
    /// `source`: `local`, or what a file is called.
    pub fn new(
        catalogue: &'a Catalogue,
        tags: &'a BTreeMap<String, String>,
        person: &'a Person,
        source: &'a str,
    ) -> Desk<'a> {
        let (made, next) = (BTreeMap::new(), BTreeMap::new());
        Desk { catalogue, tags, person, source, made, next, is_table: false, about: None }
    }

    /// For a table: of two rows that say the same record otherwise the second is refused.
    pub fn of_table(self) -> Desk<'a> {
        Desk { is_table: true, ..self }
    }

    /// The field, or the built-in name, that the last refusal was about; of several the first.
    pub fn about(&self) -> Option<&str> {
        self.about.as_deref()
    }

    /// Refuses, and keeps what it is about.
    pub(super) fn refuse<T>(
        &mut self,
        about: &str,
        rule: &'static str,
        reason: impl Into<String>,
        next: impl Into<String>,
    ) -> Result<T> {
        self.about = Some(about.to_owned());
        refused(rule, reason, next)
    }

    /// Records one version. Gives the record's id.
    ///
    /// # Errors
    /// [`Error::Refused`] with the rule that says no; nothing is recorded then.
    pub fn put(&mut self, tx: &mut Tx<'_>, entry: &Entry<'_>) -> Result<(String, Became)> {
        self.about = None;
        let definition = must(self.catalogue, entry.kind)?;
        may_record(definition, self.person)?;
        let typed = self.read(definition, &entry.fields)?;
        let (id, standing) = self.find(tx, definition, entry, &typed)?;
        let version = self.version(definition, entry, typed, &id, standing.as_ref())?;
        self.holds(tx, definition, &version, standing.as_ref())?;
        let became = match &standing {
            None => Became::New,
            // a person may say that it was so after all; a table read once more may not
            Some(before) if before.void.is_some() && self.is_table => {
                let reason = format!("{id} was a mistake: {}", before.void.as_deref().unwrap_or_default());
                return refused(
                    "record-void",
                    reason,
                    "take the row out, or record it by itself if it was so after all",
                );
            }
            Some(before) if is_same(before, &version) => {
                self.made.insert((definition.kind.clone(), id.clone()), before.clone());
                return Ok((id, Became::Unchanged));
            }
            Some(_) if self.is_table && self.made.contains_key(&(definition.kind.clone(), id.clone())) => {
                let reason = format!("{id} stands already in this table, with other content");
                return refused("doubled-key", reason, "keep one of the two rows");
            }
            Some(_) => Became::Changed,
        };
        let since = self.since(definition, &version, tx.now())?;
        tx.append(Draft::new(RECORD, &version)?.claimed(since))?;
        self.made.insert((definition.kind.clone(), id.clone()), version);
        Ok((id, became))
    }

    /// Says that a record was a mistake: it counts nowhere, and stays in its history.
    pub fn void(&mut self, tx: &mut Tx<'_>, kind: &str, id: &str, reason: &str) -> Result<()> {
        let definition = must(self.catalogue, kind)?;
        may_record(definition, self.person)?;
        ledger::line::reason(reason, "record-reason", "say why")?;
        let Some(mut version) = self.standing(tx, &definition.kind, id)? else { return Err(unknown(definition, id)) };
        (version.void, version.by) = (Some(reason.trim().to_owned()), self.person.name.clone());
        tx.append(Draft::new(RECORD, &version)?).map(drop)
    }

    /// Which record an entry means, and how that stands.
    fn find(
        &mut self,
        tx: &mut Tx<'_>,
        definition: &Definition,
        entry: &Entry<'_>,
        typed: &[(&str, Option<Stored>)],
    ) -> Result<(String, Option<RecordMeta>)> {
        let of_key = |name: &String| typed.iter().find(|(field, _)| field == name).and_then(|(_, value)| value.clone());
        let key: Option<Vec<Stored>> = definition.key.iter().map(of_key).collect();
        let key = key.filter(|key| !key.is_empty());
        let id = match (entry.id.filter(|id| !id.is_empty()), &key) {
            (Some(id), _) => self.of("id", checked_id(id))?,
            (None, Some(key)) => self.of(definition.key.first().map_or("id", String::as_str), slug(key))?,
            (None, None) if definition.key.is_empty() => self.number(tx, &definition.kind)?,
            (None, None) => {
                let fields = definition.key.join(", ");
                let empty = definition.key.iter().find(|name| of_key(name).is_none()).map_or("id", String::as_str);
                let reason = format!("{fields} names this kind of record and is empty");
                return self.refuse(empty, "record-key", reason, "fill it");
            }
        };
        let standing = self.standing(tx, &definition.kind, &id)?;
        if let (Some(standing), Some(key)) = (&standing, &key) {
            for (name, value) in definition.key.iter().zip(key) {
                if standing.fields.get(name) != Some(value) {
                    let reason =
                        format!("{name} names the record {id}, and is {} there", shown(standing.fields.get(name)));
                    let next = "void that one and record another, or name this one otherwise";
                    return self.refuse(name, "record-key", reason, next);
                }
            }
        }
        Ok((id, standing))
    }

    /// What went wrong is about this.
    fn of<T>(&mut self, about: &str, done: Result<T>) -> Result<T> {
        if done.is_err() {
            self.about = Some(about.to_owned());
        }
        done
    }

    /// What was typed, field by field.
    fn read<'e>(
        &mut self,
        definition: &Definition,
        fields: &[(&'e str, &str)],
    ) -> Result<Vec<(&'e str, Option<Stored>)>> {
        let mut out: Vec<(&str, Option<Stored>)> = Vec::with_capacity(fields.len());
        for (name, text) in fields {
            let Some(field) = definition.field(name) else {
                let next = format!("`mainstay record kinds {}` lists its fields", definition.kind);
                let reason = format!("{} has no field {name:?}", definition.one());
                return self.refuse(name, "record-field", reason, next);
            };
            match Stored::read(field, text) {
                Ok(value) => out.push((name, value)),
                Err(why) => return self.refuse(name, "record-value", format!("{name}: {why}"), ""),
            }
        }
        Ok(out)
    }

    /// The latest version of a record.
    fn standing(&self, tx: &mut Tx<'_>, kind: &str, id: &str) -> Result<Option<RecordMeta>> {
        match self.made.get(&(kind.to_owned(), id.to_owned())) {
            Some(made) => Ok(Some(made.clone())),
            None => super::list::latest(tx, kind, id),
        }
    }

    /// A number for a record that nothing names: `action-12`.
    fn number(&mut self, tx: &mut Tx<'_>, kind: &str) -> Result<String> {
        let next = match self.next.get(kind) {
            Some(next) => *next,
            None => {
                tx.one("SELECT count(*) FROM @record WHERE kind = $1", &[kind.into()], |r| r.int(0))?.unwrap_or(0) + 1
            }
        };
        let mut n = next;
        while self.standing(tx, kind, &format!("{kind}-{n}"))?.is_some() {
            n += 1;
        }
        self.next.insert(kind.to_owned(), n + 1);
        Ok(format!("{kind}-{n}"))
    }

    fn version(
        &self,
        definition: &Definition,
        entry: &Entry<'_>,
        typed: Vec<(&str, Option<Stored>)>,
        id: &str,
        standing: Option<&RecordMeta>,
    ) -> Result<RecordMeta> {
        let mut fields = standing.map(|s| s.fields.clone()).unwrap_or_default();
        for (name, value) in typed {
            match value {
                Some(value) => fields.insert(name.to_owned(), value),
                None => fields.remove(name),
            };
        }
        let state = entry.state.or(standing.map(|s| s.state.as_str())).unwrap_or(definition.first_state()).to_owned();
        let mut tags = match &entry.tags {
            Some(tags) => tags.clone(),
            None => standing.map(|s| s.tags.clone()).unwrap_or_default(),
        };
        tags.sort_unstable();
        tags.dedup();
        let marking = match (entry.marking, standing) {
            (Some(tlp), _) => tlp.to_string(),
            (None, Some(standing)) => standing.marking.clone(),
            (None, None) => definition.marking.clone(),
        };
        let of_whom = definition.fields.iter().filter(|f| f.kind.one() == Type::Org);
        let mut orgs: Vec<String> =
            of_whom.filter_map(|f| fields.get(&f.name)).flat_map(Stored::parts).map(str::to_owned).collect();
        orgs.sort_unstable();
        orgs.dedup();
        let name = fields.get(&definition.named_by).map_or_else(|| id.to_owned(), Stored::typed);
        let (source, by) = (self.source.to_owned(), self.person.name.clone());
        Ok(RecordMeta {
            record: definition.kind.clone(),
            id: id.to_owned(),
            name,
            state,
            fields,
            tags,
            marking,
            source,
            by,
            orgs,
            void: None,
        })
    }

    /// Whether the version holds all rules of its definition.
    fn holds(
        &mut self,
        tx: &mut Tx<'_>,
        definition: &Definition,
        version: &RecordMeta,
        standing: Option<&RecordMeta>,
    ) -> Result<()> {
        let RecordMeta { id, state, fields, tags, .. } = version;
        let Some(now) = definition.state(state) else {
            let all: Vec<&str> = definition.states.iter().map(|s| s.name.as_str()).collect();
            return self.refuse("state", "record-state", format!("{state:?} is none of {}", all.join(", ")), "");
        };
        if let Some(before) = standing.map(|s| s.state.as_str()).filter(|before| before != state)
            && !definition.state(before).is_some_and(|from| from.to.contains(state))
        {
            let to = definition.state(before).map(|from| from.to.join(", ")).unwrap_or_default();
            let next = if to.is_empty() { "nothing follows it".to_owned() } else { format!("it may become {to}") };
            let reason = format!("{id} is {before} and does not become {state}");
            return self.refuse("state", "record-state", reason, next);
        }
        let required =
            definition.fields.iter().filter(|f| f.required).map(|f| &f.name).chain(&now.needs).chain(&now.at);
        let empty: Vec<&str> = required.filter(|name| !fields.contains_key(*name)).map(String::as_str).collect();
        if let Some(first) = empty.first() {
            let mut all = empty.clone();
            all.dedup();
            let reason = format!("{} is empty, which {state} asks for", all.join(", "));
            return self.refuse(first, "record-missing", reason, "fill it");
        }
        if tags.len() > TAGS_MAX {
            return self.refuse("tags", "record-tags", format!("more than {TAGS_MAX} tags"), "");
        }
        if let Some(tag) = tags.iter().find(|tag| !self.tags.contains_key(*tag)) {
            let next = "`mainstay plan tags` lists those that are";
            return self.refuse("tags", "record-tag", format!("{tag:?} is in no plan"), next);
        }
        self.links(tx, definition, fields)
    }

    /// What is named is there: records, organisations.
    fn links(&mut self, tx: &mut Tx<'_>, definition: &Definition, fields: &Fields) -> Result<()> {
        for field in &definition.fields {
            let Some(stored) = fields.get(&field.name) else { continue };
            for part in stored.parts() {
                let (is_there, what) = match field.kind.one() {
                    Type::Org => (partners::org::find(tx, part)?.is_some(), "organisation"),
                    Type::Link => (self.standing(tx, &field.to, part)?.is_some_and(|m| m.void.is_none()), &*field.to),
                    _ => (true, ""),
                };
                if !is_there {
                    let next = format!("record the {what} first, or correct {}", field.name);
                    let reason = format!("{}: there is no {what} {part:?}", field.name);
                    return self.refuse(&field.name, "record-link", reason, next);
                }
            }
        }
        Ok(())
    }

    /// When it came to be in its state, by the field that says so.
    fn since(&mut self, definition: &Definition, version: &RecordMeta, now: Micros) -> Result<Option<Micros>> {
        let at = definition.state(&version.state).and_then(|state: &State| state.at.as_ref());
        let Some((name, field)) = at.and_then(|name| Some((name, definition.field(name)?))) else { return Ok(None) };
        let Some(value) = version.fields.get(name).map(|stored| stored.value(field.kind)) else { return Ok(None) };
        let since = match value {
            value::Value::Instant(at) => at,
            other => Micros::of_day(other.day().unwrap_or_default()),
        };
        if since > now {
            let text = value_text(version, name);
            let reason = format!("{name} is {text}, which is yet to come: it is not {} now", version.state);
            return self.refuse(name, "record-future", reason, "record it when it is, or correct the day");
        }
        Ok(Some(since))
    }
}

/// Whether a person may record this kind, or say that one was a mistake.
pub(super) fn may_record(definition: &Definition, person: &Person) -> Result<()> {
    is_recorder(definition, person, &format!("record {}", definition.one()))
}

/// Whether a person may bring what shows a record of this kind: whoever may record it.
pub(super) fn may_bring(definition: &Definition, person: &Person) -> Result<()> {
    is_recorder(definition, person, "add evidence here")
}

fn is_recorder(definition: &Definition, person: &Person, to_do: &str) -> Result<()> {
    if person.is_operator && definition.is_recorded_by(person.role) {
        return Ok(());
    }
    let who = definition.recorded_by.join(", ");
    refused("role-record", format!("the role {} may not {to_do}; {who} may", person.role), "")
}

/// Whether a person may vouch for a record: by role, and because none of it is theirs.
pub(super) fn may_attest(tx: &mut Tx<'_>, definition: &Definition, id: &str, person: &Person) -> Result<()> {
    if person.is_local() {
        let reason = "whoever has the shell is never the second person";
        return refused("second-person-attest", reason, "sign in by name, with --as");
    }
    if !person.is_operator || !definition.is_attested_by(person.role) {
        let who = definition.attested_by.join(", ");
        let reason = format!("the role {} may not attest {}; {who} may", person.role, definition.one());
        return refused("role-attest", reason, "");
    }
    if super::list::recorders(tx, &definition.kind, id)?.contains(&person.name) {
        let reason = format!("{} recorded some of {id}: the recorder never attests", person.name);
        return refused("second-person-attest", reason, "let somebody else attest it");
    }
    Ok(())
}

/// The definition of a kind.
pub fn must<'a>(catalogue: &'a Catalogue, kind: &str) -> Result<&'a Definition> {
    catalogue.get(kind).ok_or_else(|| {
        let reason = format!("no kind of record is called {kind:?}");
        Error::refused("record-kind", reason, "`mainstay record kinds` lists those that are defined")
    })
}

fn unknown(definition: &Definition, id: &str) -> Error {
    let next = format!("`mainstay record list {}` shows those that are", definition.kind);
    Error::refused("record-unknown", format!("there is no {} {id:?}", definition.title.to_lowercase()), next)
}

fn value_text(version: &RecordMeta, name: &str) -> String {
    version.fields.get(name).map(Stored::typed).unwrap_or_default()
}

fn is_same(before: &RecordMeta, now: &RecordMeta) -> bool {
    let said = |m: &RecordMeta| (m.state.clone(), m.fields.clone(), m.tags.clone(), m.marking.clone(), m.void.clone());
    said(before) == said(now)
}

fn shown(stored: Option<&Stored>) -> String {
    stored.map_or_else(|| "empty".to_owned(), |stored| format!("{:?}", stored.typed()))
}

fn checked_id(id: &str) -> Result<String> {
    let fine = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ':' | '+');
    if id.chars().count() > 120 || !id.chars().all(fine) {
        return refused("record-id", format!("{id:?} is no id"), "use up to 120 letters, digits and - _ . / : +");
    }
    Ok(id.to_owned())
}

/// The id that fields as typed give a record of this kind; none where they do not name one.
pub(crate) fn id_of(definition: &Definition, fields: &BTreeMap<String, String>) -> Option<String> {
    let of = |name: &String| Stored::read(definition.field(name)?, fields.get(name)?).ok().flatten();
    let key: Option<Vec<Stored>> = definition.key.iter().map(of).collect();
    key.filter(|key| !key.is_empty()).and_then(|key| slug(&key).ok())
}

/// An id from the fields that name a record, so that it can be typed.
fn slug(key: &[Stored]) -> Result<String> {
    let part = |stored: &Stored| -> String {
        let text = stored.typed().to_lowercase();
        let words = text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '.' | '_' | ':' | '+')));
        words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-")
    };
    let parts: Vec<String> = key.iter().map(part).collect();
    match parts.iter().any(String::is_empty) {
        true => refused("record-key", "what names the record has neither letters nor digits", "name it otherwise"),
        false => checked_id(&parts.join("/")),
    }
}

/// What shows that a record is so.
#[derive(Clone, Debug)]
pub struct Backing<'a> {
    /// The kind of the record.
    pub kind: &'a str,
    /// Its id.
    pub id: &'a str,
    /// Whose word or document it is.
    pub org: &'a str,
    /// What it is, in a line.
    pub note: &'a str,
    /// The artefact.
    pub artefact: Option<&'a [u8]>,
    /// What the artefact is called as a file; its path is left out.
    pub file: &'a str,
}

/// A partner that took part says that it was so: E1, and E2 with an artefact of theirs or a reference to one.
pub fn confirm(
    tx: &mut Tx<'_>,
    catalogue: &Catalogue,
    backing: &Backing<'_>,
    is_referenced: bool,
    by: &str,
) -> Result<()> {
    let version = taken_part(tx, catalogue, backing)?;
    let level = if is_referenced || backing.artefact.is_some() { Evidence::E2 } else { Evidence::E1 };
    append(tx, &version, backing, Means::Confirmed, level, by)
}

/// A partner that is named says that it was not so, in its own words. It stands in the history, and takes from no other word what that shows.
pub fn dispute(tx: &mut Tx<'_>, catalogue: &Catalogue, backing: &Backing<'_>, by: &str) -> Result<()> {
    let version = taken_part(tx, catalogue, backing)?;
    ledger::line::reason(backing.note, "record-dispute", "say what was otherwise")?;
    append(tx, &version, backing, Means::Disputed, Evidence::E0, by)
}

/// The record, where it names the organisation as having taken part.
fn taken_part(tx: &mut Tx<'_>, catalogue: &Catalogue, backing: &Backing<'_>) -> Result<RecordMeta> {
    let (definition, version) = found(tx, catalogue, backing)?;
    match definition.took_part(&version).contains(&backing.org) {
        true => Ok(version),
        false => {
            let reason = format!("{} is not among those who took part in {}", backing.org, backing.id);
            refused("record-confirm", reason, "correct who took part first")
        }
    }
}

/// An artefact is at hand. E3 needs a source other than those of whom the record speaks, and other than the operator; E4 is for the auditor's
/// attestation.
pub fn evidence(
    tx: &mut Tx<'_>,
    catalogue: &Catalogue,
    backing: &Backing<'_>,
    level: Evidence,
    person: &Person,
) -> Result<()> {
    let (definition, version) = found(tx, catalogue, backing)?;
    may_bring(definition, person)?;
    ledger::line::reason(backing.note, "record-evidence", "say what it is and where")?;
    if partners::org::find(tx, backing.org)?.is_none() {
        let reason = format!("there is no organisation {:?}", backing.org);
        return refused("record-link", reason, "name by its key whose document it is");
    }
    let of_whom = definition.fields.iter().filter(|f| f.kind.one() == Type::Org);
    let claims = of_whom.filter_map(|f| version.fields.get(&f.name)).any(|orgs| orgs.parts().contains(&backing.org));
    let is_home = tx.one("SELECT 1 FROM @fact_home WHERE org = $1", &[backing.org.into()], |_| ())?.is_some();
    match level {
        Evidence::E4 => {
            let next = "an auditor attests: `mainstay record attest`";
            return refused("record-level", "E4 is what an independent party confirms", next);
        }
        Evidence::E1 | Evidence::E2 if !claims && !is_home => {
            let reason =
                format!("E1 and E2 are what those say of whom the record speaks, and {} is none of them", backing.org);
            return refused("record-level", reason, "a source beside them is E3");
        }
        Evidence::E3 if claims || is_home => {
            let reason = format!("E3 is confirmed by a source other than the claimant, and {} is one", backing.org);
            return refused("record-level", reason, "name the source, or give E2");
        }
        // where no partner takes part, whoever answers for the thing is who states it
        Evidence::E1 | Evidence::E2 if is_home && definition.confirmed_by.is_some() => {
            let reason = "E1 and E2 are what a partner that took part says; of our own paper we say so: E0";
            return refused("record-level", reason, "say whose document it is");
        }
        _ => {}
    }
    append(tx, &version, backing, Means::Evidence, level, &person.name)
}

/// A person who recorded none of it vouches for a record; an auditor's word is E4.
pub fn attest(tx: &mut Tx<'_>, catalogue: &Catalogue, backing: &Backing<'_>, person: &Person) -> Result<()> {
    let (definition, version) = found(tx, catalogue, backing)?;
    may_attest(tx, definition, &version.id, person)?;
    ledger::line::reason(backing.note, "record-attest", "say what was looked at")?;
    let level = if person.role == Role::Auditor { Evidence::E4 } else { Evidence::E0 };
    append(tx, &version, backing, Means::Attested, level, &person.name)
}

fn found<'c>(tx: &mut Tx<'_>, catalogue: &'c Catalogue, backing: &Backing<'_>) -> Result<(&'c Definition, RecordMeta)> {
    let definition = must(catalogue, backing.kind)?;
    match super::list::latest(tx, &definition.kind, backing.id)?.filter(|version| version.void.is_none()) {
        Some(version) => Ok((definition, version)),
        None => Err(unknown(definition, backing.id)),
    }
}

fn append(
    tx: &mut Tx<'_>,
    version: &RecordMeta,
    backing: &Backing<'_>,
    means: Means,
    level: Evidence,
    by: &str,
) -> Result<()> {
    let artefact = backing.artefact.unwrap_or_default();
    if artefact.len() > ARTEFACT_MAX {
        return Err(too_large());
    }
    let digest = backing.artefact.map(|bytes| base64(&ledger::merkle::sha256(bytes)));
    let meta = BackedMeta {
        record: version.record.clone(),
        id: version.id.clone(),
        means,
        evidence: format!("{level:?}"),
        org: backing.org.to_owned(),
        fields: digest_of(&version.fields),
        note: backing.note.trim().to_owned(),
        file: digest.as_ref().map(|_| file_name(backing.file)).unwrap_or_default(),
        digest,
        by: by.to_owned(),
    };
    // the same word a second time adds nothing
    let same = serde_json::to_vec(&meta).unwrap_or_default();
    let key = format!("assure/backed/{}/{}/{}", meta.record, meta.id, base64(&ledger::merkle::sha256(&same)));
    tx.append(Draft::new(BACKED, &meta)?.key(key).body(artefact)).map(drop)
}

/// The refusal of a file of more than [`ARTEFACT_MAX`] bytes.
pub fn too_large() -> Error {
    let reason = format!("the file has more than {ARTEFACT_MAX} bytes");
    Error::refused("record-artefact", reason, "keep it elsewhere and give a reference")
}

/// A name that can stand on a page and be given to whoever saves the file: the last part of a path, without what is not shown or turns the direction.
fn file_name(path: &str) -> String {
    let turns = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let last = path.rsplit(['/', '\\']).next().unwrap_or_default();
    let shown: String = last.chars().filter(|c| !c.is_control() && !turns(*c)).take(FILE_NAME_MAX).collect();
    shown.trim().to_owned()
}
