//! The queue: what was proposed and not decided. The same thing said again proposes nothing; a later version takes the place of one that still waits,
//! and is a change of the record that came of an earlier one. What a proposal would record is worked out when it is read, so that it always speaks of
//! what stands now.
use std::collections::BTreeMap;

use jiff::civil::Date;
use ledger::checkpoint::base64;
use ledger::{Draft as Entry, Error, Event, Intake, Micros, Note, Result, Tx};
use partners::Person;
use partners::may::Verb;
use serde::{Deserialize, Serialize};

use super::{DECIDED, Directory, Draft, Fault, Form, Found, PROPOSED, Paper, Reading, What};
use crate::record::definition::{Catalogue, Definition};
use crate::record::value::day;
use crate::record::{RecordMeta, Stored, list, write};

/// Meta of `assure.proposed`; the body is the document, of evidence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProposedMeta {
    /// `calendar`, `mail`, `course`.
    pub form: String,
    /// The file.
    pub file: String,
    /// Where in it.
    pub place: String,
    /// What to know before it is taken.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Who brought it.
    pub by: String,
    /// What.
    #[serde(flatten)]
    pub what: What,
}

/// What became of a proposal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It is recorded.
    Accepted,
    /// Somebody said no.
    Dropped,
    /// A later version of the same stands in its place, or it was called off before it was recorded.
    Superseded,
}

impl Outcome {
    fn number(self) -> i64 {
        match self {
            Outcome::Accepted => ACCEPTED,
            Outcome::Dropped => 2,
            Outcome::Superseded => 3,
        }
    }
}

const OPEN: i64 = 0;
const ACCEPTED: i64 = 1;

/// Meta of `assure.decided`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DecidedMeta {
    /// The event of the proposal.
    pub proposal: i64,
    /// What became of it.
    pub outcome: Outcome,
    /// The kind of the record that came of it; empty where none did.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub record: String,
    /// Its id.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub id: String,
    /// Why, where it was not taken.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// Who decided.
    pub by: String,
}

impl What {
    /// What it came of.
    pub fn of(&self) -> String {
        match self {
            What::Record(draft) => draft.of.clone(),
            What::Evidence(paper) => format!("paper/{}/{}/{}", paper.kind, paper.id, paper.digest),
        }
    }

    fn family(&self) -> String {
        match self {
            What::Record(draft) => draft.family.clone(),
            What::Evidence(_) => self.of(),
        }
    }

    fn counted_as(&self) -> &str {
        match self {
            What::Record(draft) => &draft.kind,
            What::Evidence(_) => "evidence",
        }
    }

    /// The kind of the record that it speaks of.
    pub fn kind(&self) -> &str {
        match self {
            What::Record(draft) => &draft.kind,
            What::Evidence(paper) => &paper.kind,
        }
    }
}

pub(crate) fn fold_proposed(tx: &mut Tx<'_>, event: &Event) -> Result<()> {
    let meta: ProposedMeta = event.meta()?;
    let text = serde_json::to_string(&meta).map_err(|e| Error::park("meta-unreadable", e.to_string()))?;
    let sql = "INSERT INTO @proposal (idx, known, origin, family, decided, kind, id, meta) VALUES ($1, $2, $3, $4, 0, '', '', $5)";
    let (of, family) = (meta.what.of(), meta.what.family());
    tx.run(sql, &[event.index.into(), event.known.into(), (&of).into(), (&family).into(), (&text).into()]).map(drop)
}

pub(crate) fn fold_decided(tx: &mut Tx<'_>, event: &Event) -> Result<()> {
    let meta: DecidedMeta = event.meta()?;
    let sql = "UPDATE @proposal SET decided = $2, kind = $3, id = $4 WHERE idx = $1";
    let args = [meta.proposal.into(), meta.outcome.number().into(), (&meta.record).into(), (&meta.id).into()];
    tx.run(sql, &args).map(drop)
}

/// Whose address is whose in this store.
pub fn directory(tx: &mut Tx<'_>) -> Result<Directory> {
    let home = tx.one("SELECT org FROM @fact_home WHERE id = 1", &[], |r| r.text(0).to_owned())?.unwrap_or_default();
    Ok(Directory::new(&home, &partners::org::all(tx)?, &act::query::contacts(tx)?))
}

/// A proposal as the table has it.
#[derive(Clone, Debug)]
struct Row {
    idx: i64,
    known: Micros,
    decided: i64,
    meta: ProposedMeta,
}

fn row(r: &ledger::Row<'_>) -> Option<Row> {
    let meta = serde_json::from_str(r.text(3)).ok()?;
    Some(Row { idx: r.int(0), known: r.micros(1), decided: r.int(2), meta })
}

/// All versions of what came of the same, the last first.
fn versions(tx: &mut Tx<'_>, of: &str) -> Result<Vec<Row>> {
    let sql = "SELECT idx, known, decided, meta FROM @proposal WHERE origin = $1 ORDER BY idx DESC";
    Ok(tx.all(sql, &[of.into()], row)?.into_iter().flatten().collect())
}

/// What a file was read into is put before people, in one unit of work. To be called within `write_applied`.
pub fn propose(
    tx: &mut Tx<'_>,
    catalogue: &Catalogue,
    (file, form): (&str, Form),
    reading: &Reading,
    person: &Person,
) -> Result<Intake> {
    person.must(Verb::Import)?;
    let note = |fault: &Fault| Note {
        file: file.to_owned(),
        place: fault.place.clone(),
        id: String::new(),
        rule: fault.rule.to_owned(),
        reason: fault.reason.clone(),
    };
    let mut intake = Intake {
        refused: reading.faults.iter().map(note).collect(),
        skipped: reading.left.iter().map(note).collect(),
        warnings: reading.warnings.iter().map(note).collect(),
        ..Intake::default()
    };
    let mut giver = Giver { catalogue, file, form, person, given: BTreeMap::new() };
    for found in &reading.found {
        if catalogue.get(found.what.kind()).is_none() {
            let reason = format!("no pack defines the kind of record {:?}", found.what.kind());
            intake.refused.push(note(&Fault { place: found.place.clone(), rule: "record-kind", reason }));
            continue;
        }
        match giver.one(tx, found)? {
            0 => intake.unchanged += 1,
            n => intake.accept(found.what.counted_as(), n),
        }
    }
    Ok(intake)
}

/// Who gives proposals, and which ones this unit gave, which no table has yet.
struct Giver<'a> {
    catalogue: &'a Catalogue,
    file: &'a str,
    form: Form,
    person: &'a Person,
    given: BTreeMap<String, Row>,
}

impl Giver<'_> {
    /// How many proposals wait because of it.
    fn one(&mut self, tx: &mut Tx<'_>, found: &Found) -> Result<u64> {
        match &found.what {
            What::Evidence(paper) => self.paper(tx, found, paper),
            // a whole series that is called off is each of its meetings
            What::Record(draft) if draft.cancelled && draft.of == draft.family => {
                let sql = "SELECT origin FROM @proposal WHERE family = $1 ORDER BY idx";
                let known = tx.all(sql, &[(&draft.family).into()], |r| r.text(0).to_owned())?;
                let mut known: std::collections::BTreeSet<String> = known.into_iter().collect();
                known.insert(draft.of.clone());
                let mut n = 0;
                for of in known {
                    n += self.draft(tx, found, &Draft { of, ..draft.clone() })?;
                }
                Ok(n)
            }
            What::Record(draft) => self.draft(tx, found, draft),
        }
    }

    fn paper(&mut self, tx: &mut Tx<'_>, found: &Found, paper: &Paper) -> Result<u64> {
        let of = found.what.of();
        let is_known = self.given.contains_key(&of) || !versions(tx, &of)?.is_empty();
        if is_known || list::is_backed_with(tx, &paper.kind, &paper.id, &paper.digest)? {
            return Ok(0);
        }
        self.append(tx, found, found.what.clone()).map(|_| 1)
    }

    fn draft(&mut self, tx: &mut Tx<'_>, found: &Found, draft: &Draft) -> Result<u64> {
        let last = match self.given.get(&draft.of) {
            Some(given) => Some(given.clone()),
            None => versions(tx, &draft.of)?.into_iter().next(),
        };
        if let Some(Row { meta: ProposedMeta { what: What::Record(before), .. }, .. }) = &last
            && !is_news(before, draft)
        {
            return Ok(0);
        }
        let standing = came_of(tx, self.catalogue, draft)?;
        let is_so = standing.as_ref().is_some_and(|standing| says_already(self.catalogue, standing, draft));
        if is_so && last.is_none() {
            return Ok(0);
        }
        let index = self.append(tx, found, What::Record(draft.clone()))?;
        let why = if draft.cancelled { "it was called off" } else { "a later version stands in its place" };
        if let Some(last) = last.filter(|last| last.decided == OPEN) {
            self.supersede(tx, last.idx, why)?;
        }
        // what was called off before anybody recorded it is known, and asks nobody; so is what stands so already
        if is_so || (draft.cancelled && standing.is_none()) {
            self.supersede(tx, index, why)?;
            return Ok(0);
        }
        Ok(1)
    }

    fn append(&mut self, tx: &mut Tx<'_>, found: &Found, what: What) -> Result<i64> {
        let meta = ProposedMeta {
            form: self.form.as_str().to_owned(),
            file: self.file.to_owned(),
            place: found.place.clone(),
            notes: found.notes.clone(),
            by: self.person.name.clone(),
            what,
        };
        let idx = tx.append(Entry::new(PROPOSED, &meta)?.body(&found.body))?.index;
        self.given.insert(meta.what.of(), Row { idx, known: tx.now(), decided: OPEN, meta });
        Ok(idx)
    }

    fn supersede(&mut self, tx: &mut Tx<'_>, proposal: i64, why: &str) -> Result<()> {
        let by = self.person.name.clone();
        let (outcome, reason) = (Outcome::Superseded, why.to_owned());
        decided(tx, &DecidedMeta { proposal, outcome, record: String::new(), id: String::new(), reason, by })?;
        if let Some(given) = self.given.values_mut().find(|given| given.idx == proposal) {
            given.decided = outcome.number();
        }
        Ok(())
    }
}

/// Appends a decision: a proposal has one.
pub(super) fn decided(tx: &mut Tx<'_>, meta: &DecidedMeta) -> Result<()> {
    let key = format!("assure/decided/{}", meta.proposal);
    match tx.append(Entry::new(DECIDED, meta)?.key(key))?.new {
        true => Ok(()),
        false => Err(unknown(meta.proposal)),
    }
}

fn unknown(proposal: i64) -> Error {
    let reason = format!("no proposal {proposal} waits");
    Error::refused("proposal-unknown", reason, "`mainstay record proposals` has the numbers of those that do")
}

/// Whether a draft says something that an earlier one of the same did not. A source that numbers its versions is believed: what is older says nothing.
fn is_news(before: &Draft, now: &Draft) -> bool {
    let said = |draft: &Draft| (draft.kind.clone(), draft.state.clone(), draft.fields.clone(), draft.cancelled);
    let is_later = before.version.is_empty() || now.version.is_empty() || now.version > before.version;
    is_later && said(before) != said(now)
}

/// The record that came of a draft, or of what went before it; else the one that its fields name.
fn came_of(tx: &mut Tx<'_>, catalogue: &Catalogue, draft: &Draft) -> Result<Option<RecordMeta>> {
    let sql = "SELECT kind, id FROM @proposal WHERE origin = $1 AND decided = $2 ORDER BY idx DESC LIMIT 1";
    let came = tx.one(sql, &[(&draft.of).into(), ACCEPTED.into()], |r| (r.text(0).to_owned(), r.text(1).to_owned()))?;
    let named = || {
        let definition = catalogue.get(&draft.kind)?;
        Some((definition.kind.clone(), write::id_of(definition, &draft.fields)?))
    };
    match came.or_else(named) {
        Some((kind, id)) => list::latest(tx, &kind, &id),
        None => Ok(None),
    }
}

/// Whether a record says already what a draft says, or was a mistake that nothing is to be proposed of again.
fn says_already(catalogue: &Catalogue, standing: &RecordMeta, draft: &Draft) -> bool {
    let Some(definition) = catalogue.get(&standing.record) else { return true };
    let is_in_state = match (draft.cancelled, draft.state.as_str()) {
        (true, _) => return standing.void.is_some() || standing.state == CANCELLED,
        (false, "") => standing.state != CANCELLED,
        (false, state) => standing.state == state,
    };
    let same = |(name, text): (&String, &String)| definition.field(name).is_none() || typed(standing, name) == *text;
    standing.void.is_some() || (is_in_state && draft.fields.iter().all(same))
}

fn typed(standing: &RecordMeta, name: &str) -> String {
    standing.fields.get(name).map(Stored::typed).unwrap_or_default()
}

/// The state of what was called off, as the shipped kinds name it.
const CANCELLED: &str = "cancelled";

/// What a proposal would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Act {
    /// A record that is not there.
    New,
    /// A further version of one that stands.
    Change,
    /// It was called off.
    Cancel,
    /// Something that shows it is so.
    Evidence,
}

impl Act {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Act::New => "new",
            Act::Change => "change",
            Act::Cancel => "cancel",
            Act::Evidence => "evidence",
        }
    }
}

/// A proposal as it speaks of what stands now.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Item {
    /// Its number: the entry of the log that proposed it.
    pub proposal: i64,
    /// Since when.
    pub known: Micros,
    /// What it would do.
    pub act: Act,
    /// The kind of record.
    pub kind: String,
    /// The record, where one stands.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// The state in which it would be; empty where that stays.
    pub state: String,
    /// The fields that it would say; of evidence `from`, `level` and `note`.
    pub fields: BTreeMap<String, String>,
    /// What to know before it is taken.
    pub notes: Vec<String>,
    /// `calendar`, `mail`, `course`.
    pub form: String,
    /// The file.
    pub file: String,
    /// Where in it.
    pub place: String,
    /// Who brought it.
    pub by: String,
}

/// What waits, oldest first, after a number and at most so many; of kinds that this person may read.
pub fn list(tx: &mut Tx<'_>, catalogue: &Catalogue, person: &Person, after: i64, limit: usize) -> Result<Vec<Item>> {
    let sql = "SELECT idx, known, decided, meta FROM @proposal WHERE decided = 0 AND idx > $1 ORDER BY idx";
    let mut rows: Vec<Row> = Vec::new();
    tx.each(sql, &[after.into()], &mut |r| {
        if rows.len() < limit {
            rows.extend(row(r).filter(|row| is_readable(catalogue, row, person)));
        }
        Ok(())
    })?;
    let now = today(tx);
    rows.iter().map(|row| item(tx, catalogue, row, now)).collect()
}

fn is_readable(catalogue: &Catalogue, row: &Row, person: &Person) -> bool {
    catalogue.get(row.meta.what.kind()).is_some_and(|definition| definition.is_read_by(person.role))
}

/// How many wait.
pub fn count(tx: &mut Tx<'_>) -> Result<i64> {
    Ok(tx.one("SELECT count(*) FROM @proposal WHERE decided = 0", &[], |r| r.int(0))?.unwrap_or(0))
}

/// One that waits; of a record that does not stand yet, as another kind would have it.
///
/// # Errors
/// [`Error::Refused`] where none of this number does, or the role may not read its kind.
pub fn one(tx: &mut Tx<'_>, catalogue: &Catalogue, person: &Person, proposal: i64, kind: Option<&str>) -> Result<Item> {
    let sql = "SELECT idx, known, decided, meta FROM @proposal WHERE decided = 0 AND idx = $1";
    let found = tx.one(sql, &[proposal.into()], row)?.flatten();
    match found.filter(|row| is_readable(catalogue, row, person)) {
        Some(mut row) => {
            let now = today(tx);
            if let (What::Record(draft), Some(kind)) = (&mut row.meta.what, kind) {
                draft.kind = write::must(catalogue, kind)?.kind.clone();
            }
            item(tx, catalogue, &row, now)
        }
        None => Err(unknown(proposal)),
    }
}

fn today(tx: &Tx<'_>) -> Date {
    tx.now().civil()
}

fn item(tx: &mut Tx<'_>, catalogue: &Catalogue, row: &Row, today: Date) -> Result<Item> {
    let ProposedMeta { form, file, place, notes, by, what } = row.meta.clone();
    let mut item = Item {
        proposal: row.idx,
        known: row.known,
        act: Act::New,
        kind: what.kind().to_owned(),
        id: String::new(),
        name: String::new(),
        state: String::new(),
        fields: BTreeMap::new(),
        notes,
        form,
        file,
        place,
        by,
    };
    match &what {
        What::Evidence(paper) => {
            let said = [("from", &paper.org), ("level", &paper.level), ("note", &paper.note)];
            item.fields = said.map(|(name, text)| (name.to_owned(), text.clone())).into();
            (item.act, item.id) = (Act::Evidence, paper.id.clone());
            item.name = list::latest(tx, &paper.kind, &paper.id)?.map_or_else(|| paper.id.clone(), |m| m.name);
        }
        What::Record(draft) => of_draft(tx, catalogue, draft, &mut item, today)?,
    }
    Ok(item)
}

fn of_draft(tx: &mut Tx<'_>, catalogue: &Catalogue, draft: &Draft, item: &mut Item, today: Date) -> Result<()> {
    let standing = came_of(tx, catalogue, draft)?.filter(|standing| standing.void.is_none());
    item.kind = standing.as_ref().map_or(&draft.kind, |standing| &standing.record).clone();
    let Some(definition) = catalogue.get(&item.kind) else { return Ok(()) };
    let said = draft.fields.iter().filter(|(name, _)| definition.field(name).is_some());
    let said: BTreeMap<String, String> = said.map(|(name, text)| (name.clone(), text.clone())).collect();
    item.name = said.get(&definition.named_by).cloned().unwrap_or_default();
    let Some(standing) = standing else {
        item.state = if draft.state.is_empty() { by_days(definition, &said, today) } else { draft.state.clone() };
        item.fields = said;
        if draft.is_series && definition.field("series").is_some() {
            item.fields.extend(series(tx, draft, &definition.kind)?.map(|first| ("series".to_owned(), first)));
        }
        return Ok(());
    };
    (item.act, item.id) = (Act::Change, standing.id.clone());
    if draft.cancelled {
        (item.act, item.state, item.name) = (Act::Cancel, CANCELLED.to_owned(), standing.name.clone());
        return Ok(());
    }
    let before =
        versions(tx, &draft.of)?.into_iter().find(|row| row.idx < item.proposal && matches!(row.decided, 1 | 2));
    let before = before.and_then(|row| match row.meta.what {
        What::Record(before) => Some(before.fields),
        What::Evidence(_) => None,
    });
    item.fields = changes(definition, &standing, before.as_ref(), said);
    item.state = match (draft.state.as_str(), standing.state.as_str()) {
        ("", CANCELLED) => definition.first_state().to_owned(),
        (said, stands) if said == stands => String::new(),
        (said, _) => said.to_owned(),
    };
    Ok(())
}

/// What a later version says otherwise than the one before it: what a person put right in the record since stays.
fn changes(
    definition: &Definition,
    standing: &RecordMeta,
    before: Option<&BTreeMap<String, String>>,
    said: BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let mut out = said;
    if let Some(before) = before {
        for name in before.keys().filter(|name| definition.field(name).is_some()) {
            out.entry(name.clone()).or_default();
        }
        out.retain(|name, text| before.get(name).map_or("", String::as_str) != text);
    }
    out.retain(|name, text| !definition.key.contains(name) && typed(standing, name) != *text);
    out
}

/// The state that its days say: the last that began by today.
fn by_days(definition: &Definition, said: &BTreeMap<String, String>, today: Date) -> String {
    let today = crate::record::value::day_number(today);
    let began = |at: &String| said.get(at).and_then(|text| day(text)).is_some_and(|day| day <= today);
    let state = definition.states.iter().rfind(|state| state.at.as_ref().is_some_and(began));
    state.map_or(definition.first_state(), |state| &state.name).to_owned()
}

/// The record that a series is known by: of the meetings that were recorded, the first.
fn series(tx: &mut Tx<'_>, draft: &Draft, kind: &str) -> Result<Option<String>> {
    let sql = "SELECT origin, id FROM @proposal WHERE family = $1 AND decided = $2 AND kind = $3 ORDER BY idx";
    let args = [(&draft.family).into(), ACCEPTED.into(), kind.into()];
    let mut recorded = tx.all(sql, &args, |r| (r.text(0).to_owned(), r.text(1).to_owned()))?;
    recorded.sort();
    for (_, id) in recorded {
        let standing = list::latest(tx, kind, &id)?.filter(|standing| standing.void.is_none());
        if let Some(standing) = standing {
            // a person may have said that it belongs to another series
            let of = typed(&standing, "series");
            return Ok(Some(if of.is_empty() { id } else { of }));
        }
    }
    Ok(None)
}

/// H of a document, as it stands in the log.
pub(super) fn digest(bytes: &[u8]) -> String {
    base64(&ledger::merkle::sha256(bytes))
}
