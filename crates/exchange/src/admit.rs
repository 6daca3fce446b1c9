//! Admission of STIX objects: each by itself refused, unchanged, in review or accepted; never the batch.
//!
//! [`stix::admit`] has decided on what one object shows by itself. Here it meets what is held: earlier versions, definitions of
//! markings. A rule that needs what is held is judged against what the submitter may see. What they may not see is as if it were not held:
//! what they give is accepted beside it ([`crate::versions`]), and of a conflict only a person of the operator hears, by review.
use crate::event::{self, ListedMeta, ObjectMeta, ReviewMeta};
use crate::meaning::Definitions;
use crate::versions::{self, Held, Verdict, Wanted};
use crate::{author, batch, facet, page, purge, review, rights};
use ledger::{Draft, Intake, Ledger, Note, Result, Row, Tx};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use stix::bundle::{self, Item, Split};
use stix::marking::{self, Meaning};
use stix::scan::Limits;
use stix::tlp::{self, ById};
use stix::{Fault, Head, Timestamp, Tlp, jcs};

/// Objects of one unit of work.
const UNIT_OBJECTS: usize = 5_000;
/// Marking-definitions held that are followed for one document.
const FOLLOWED_MAX: usize = 1_000;

/// What a submitter may see of what is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sees {
    /// Everything: whoever imports at the operator's own.
    All,
    /// This view of the collection, or nothing.
    View(Option<i64>),
}

/// Where something comes from and where it goes.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    /// The file, or the request, for messages.
    pub file: &'a str,
    /// The id of the collection.
    pub collection: &'a str,
    /// The source, as the ledger keeps it.
    pub source: &'a str,
    /// The mark of what has none, where it is not to be the collection's.
    pub tlp: Option<Tlp>,
    /// Who gives it.
    pub by: &'a str,
    /// What they may see.
    pub sees: Sees,
    /// How many times more it may be passed on, where the peer that gives it says so.
    pub hops: Option<u32>,
}

/// What became of one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is new.
    Accepted,
    /// It was held already, with the same content, or lies in review already.
    Unchanged,
    /// A rule says no.
    Refused(Fault),
    /// A person must decide.
    Review(Fault),
}

/// One object, its outcome and what is to be said about it beside.
#[derive(Debug)]
pub struct Told<'a> {
    /// The object's place in the document.
    pub place: String,
    /// Its `id`, as far as it could be read.
    pub id: String,
    /// Its version as written, as far as it could be read.
    pub version: Option<String>,
    /// The bytes.
    pub bytes: &'a [u8],
    /// What became of it.
    pub outcome: Outcome,
    /// What is strange about it and refuses nothing.
    pub warnings: Vec<Fault>,
}

/// What became of a document.
#[derive(Debug)]
pub struct Submitted<'a> {
    /// Of each object, in order.
    pub told: Vec<Told<'a>>,
    /// What is strange about the document and refuses nothing.
    pub warning: Option<Fault>,
}

/// Imports a bundle, an envelope or one object, and tells of it as `import` does.
pub fn import_stix(ledger: &Ledger, bytes: &[u8], origin: &Origin<'_>) -> Result<Intake> {
    let mut intake = Intake::default();
    let note = |place: String, id: &str, fault: &Fault| Note {
        file: origin.file.to_owned(),
        place,
        id: id.to_owned(),
        rule: fault.rule.to_owned(),
        reason: fault.reason.clone(),
    };
    let Submitted { told, warning } = match submit(ledger, bytes, origin)? {
        Ok(submitted) => submitted,
        Err(fault) => {
            intake.refused.push(note(fault.place.clone(), "", &fault));
            return Ok(intake);
        }
    };
    intake.warnings.extend(warning.map(|fault| note(fault.place.clone(), "", &fault)));
    let mut said: BTreeSet<(&str, String)> = BTreeSet::new();
    for one in told {
        match &one.outcome {
            Outcome::Accepted => intake.accept("stix", 1),
            Outcome::Unchanged => intake.unchanged += 1,
            Outcome::Refused(fault) => {
                intake.refused.push(note(format!("{}{}", one.place, fault.place), &one.id, fault))
            }
            Outcome::Review(fault) => intake.review.push(note(one.place.clone(), &one.id, fault)),
        }
        for warning in one.warnings {
            if said.insert((warning.rule, warning.reason.clone())) {
                intake.warnings.push(note(format!("{}{}", one.place, warning.place), &one.id, &warning));
            }
        }
    }
    Ok(intake)
}

/// Admits the objects of a document and tells of each, in order. The inner error is a fault of the document as a whole: nothing of it
/// was stored.
pub fn submit<'a>(
    ledger: &Ledger,
    bytes: &'a [u8],
    origin: &Origin<'_>,
) -> Result<std::result::Result<Submitted<'a>, Fault>> {
    match bundle::split(bytes, &Limits::default()) {
        Ok(split) => take(ledger, &split, origin, &mut |_, _| Ok(())).map(Ok),
        Err(fault) => Ok(Err(fault)),
    }
}

/// Writes down what became of a document, in the unit that takes in the last of it.
pub type Record<'r> = dyn FnMut(&mut Tx<'_>, &[&Told<'_>]) -> Result<()> + 'r;

/// Admits the objects of a document that is split already. What `record` writes stands if and only if the objects do.
pub fn take<'a>(
    ledger: &Ledger,
    split: &Split<'a>,
    origin: &Origin<'_>,
    record: &mut Record<'_>,
) -> Result<Submitted<'a>> {
    let mut candidates: Vec<Candidate<'a>> = split.items.par_iter().map(Candidate::read).collect();
    let definitions = refuse_circles(ledger, &mut candidates, origin)?;
    let mut told: Vec<Told<'a>> = Vec::with_capacity(candidates.len());
    let mut rest = candidates.as_slice();
    loop {
        let (unit, after) = rest.split_at(rest.len().min(UNIT_OBJECTS));
        let of_unit = ledger.write_applied(|tx| {
            let of_unit = admit_unit(tx, unit, &definitions, origin, false)?;
            if after.is_empty() {
                record(tx, &told.iter().chain(&of_unit).collect::<Vec<_>>())?;
            }
            Ok(of_unit)
        })?;
        told.extend(of_unit);
        if after.is_empty() {
            return Ok(Submitted { told, warning: split.warning.clone() });
        }
        rest = after;
    }
}

/// Admits one object that lay in review and of which a person has said that its giver may give it.
pub(crate) fn vouched(tx: &mut Tx<'_>, bytes: &[u8], origin: &Origin<'_>) -> Result<Outcome> {
    let item = Item { bytes, index: None, fault: None };
    let told = admit_unit(tx, &[Candidate::read(&item)], &BTreeMap::new(), origin, true)?;
    Ok(told.into_iter().next().map_or(Outcome::Unchanged, |one| one.outcome))
}

/// An object of the document, checked by itself.
struct Candidate<'a> {
    bytes: &'a [u8],
    place: String,
    head: std::result::Result<Head<'a>, Fault>,
}

impl<'a> Candidate<'a> {
    fn read(item: &Item<'a>) -> Candidate<'a> {
        let head = match &item.fault {
            Some(fault) => Err(fault.clone()),
            None => stix::admit(item.bytes),
        };
        Candidate { bytes: item.bytes, place: item.place(), head }
    }

    fn told(&self, outcome: Outcome, warnings: Vec<Fault>) -> Told<'a> {
        let (id, version) = match &self.head {
            Ok(head) => (head.id.to_string(), head.version().map(str::to_owned)),
            Err(_) => (stix::object::names(self.bytes).1.map(stix::Text::into_string).unwrap_or_default(), None),
        };
        Told { place: self.place.clone(), id, version, bytes: self.bytes, outcome, warnings }
    }
}

/// STIX 2.1 section 7.2.1: no marking-definition marks itself, through others neither, as far as the submitter may see these. A circle that
/// closes over what is hidden does no harm: nothing follows the markings of markings. Gives the meanings of the definitions that stay.
fn refuse_circles(
    ledger: &Ledger,
    candidates: &mut [Candidate<'_>],
    origin: &Origin<'_>,
) -> Result<BTreeMap<String, Meaning>> {
    let mut refs: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for head in candidates.iter().filter_map(|c| c.head.as_ref().ok()).filter(|h| &*h.kind == "marking-definition") {
        refs.insert(head.id.to_string(), marking_names(head));
    }
    if refs.values().any(|to| !to.is_empty()) {
        let held = ledger.read(|tx| definitions_around(tx, origin, &refs))?;
        for (id, to) in &held {
            refs.entry(id.clone()).or_insert_with(|| to.clone());
        }
        let circular = marking::circular(&refs);
        // what is held already is judged as a version of that
        let refused = |head: &Head<'_>| circular.contains(&*head.id) && !held.contains_key(&*head.id);
        for candidate in candidates.iter_mut().filter(|c| c.head.as_ref().is_ok_and(refused)) {
            let reason = "this marking-definition marks itself through others";
            candidate.head = Err(Fault::new("marking-circular", "/object_marking_refs", reason));
        }
    }
    let definitions =
        candidates.iter().filter_map(|c| c.head.as_ref().ok()).filter(|h| &*h.kind == "marking-definition");
    Ok(definitions.map(|head| (head.id.to_string(), marking::meaning(head))).collect())
}

fn marking_names(head: &Head<'_>) -> Vec<String> {
    marking::references(head).into_iter().map(stix::Text::into_string).collect()
}

/// The marking-definitions held that are among these or that one comes to from these, with what marks them, as far as the submitter may see
/// them, and no more than a document could mean.
fn definitions_around(
    tx: &mut Tx<'_>,
    origin: &Origin<'_>,
    given: &BTreeMap<String, Vec<String>>,
) -> Result<BTreeMap<String, Vec<String>>> {
    let mut held: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut next: BTreeSet<String> = given.iter().flat_map(|(id, to)| std::iter::once(id).chain(to)).cloned().collect();
    let mut asked: BTreeSet<String> = BTreeSet::new();
    while !next.is_empty() && held.len() < FOLLOWED_MAX {
        let ids: Vec<&str> = next.iter().map(String::as_str).collect();
        let found = definitions(tx, origin, &ids)?;
        asked.append(&mut next);
        next = found.iter().flat_map(|(_, to)| to).filter(|id| !asked.contains(*id)).cloned().collect();
        held.extend(found);
    }
    Ok(held)
}

/// Those of these marking-definitions that are held and that the submitter may see, with what marks them.
fn definitions(tx: &mut Tx<'_>, origin: &Origin<'_>, ids: &[&str]) -> Result<Vec<(String, Vec<String>)>> {
    let mut row = |r: &Row<'_>| {
        let to = r.text(1).split(' ').filter(|id| !id.is_empty()).map(str::to_owned).collect();
        (r.text(0).to_owned(), to)
    };
    let Sees::View(view) = origin.sees else {
        let sql = "SELECT id, refs FROM @marking WHERE id IN (*) ORDER BY id, object";
        return batch::rows(tx, sql, &[], ids, &mut row);
    };
    let home = rights::home(tx)?;
    let giver = facet::giver_of(origin.source, &home);
    let sql = "SELECT m.id, m.refs FROM @marking m WHERE m.id IN (*) AND (m.giver = $2 \
               OR EXISTS (SELECT 1 FROM @view_entry e WHERE e.view = $1 AND e.object = m.object)) ORDER BY m.id, m.object";
    batch::rows(tx, sql, &[view.into(), giver.into()], ids, &mut row)
}

fn admit_unit<'a>(
    tx: &mut Tx<'_>,
    unit: &[Candidate<'a>],
    definitions: &BTreeMap<String, Meaning>,
    origin: &Origin<'_>,
    vouched: bool,
) -> Result<Vec<Told<'a>>> {
    let ids: Vec<&str> = unit.iter().filter_map(|c| c.head.as_ref().ok()).map(|head| &*head.id).collect();
    let held = versions::held(tx, &ids)?;
    let purged = purge::any(tx)?;
    let home = rights::home(tx)?;
    let giver = facet::giver_of(origin.source, &home);
    let (meanings, along) = meanings(tx, unit, definitions, origin, giver)?;
    let parts = BTreeMap::new();
    let mut desk = Desk { held, parts, meanings, along, origin, unit, listed: BTreeSet::new(), purged, giver, vouched };
    // definitions first: what an object names is folded before it where it can be
    let is_definition = |c: &Candidate<'_>| c.head.as_ref().is_ok_and(|head| &*head.kind == "marking-definition");
    let mut told: Vec<Option<Told<'a>>> = unit.iter().map(|_| None).collect();
    for definitions in [true, false] {
        for ((i, candidate), told) in unit.iter().enumerate().zip(&mut told) {
            if is_definition(candidate) == definitions {
                *told = Some(desk.admit(tx, i, candidate)?);
            }
        }
    }
    Ok(told.into_iter().flatten().collect())
}

/// The meanings of the markings that this unit names, for its giver: as far as they are held, or come along. A definition that comes along
/// counts where it will be taken: where the giver neither gave one before nor sees one. Second, the markings of which that is so.
fn meanings(
    tx: &mut Tx<'_>,
    unit: &[Candidate<'_>],
    along: &BTreeMap<String, Meaning>,
    origin: &Origin<'_>,
    giver: Option<&str>,
) -> Result<(BTreeMap<String, Meaning>, BTreeSet<String>)> {
    let (mut out, mut from_along) = (BTreeMap::new(), BTreeSet::new());
    let heads = unit.iter().filter_map(|c| c.head.as_ref().ok());
    let names: BTreeSet<String> = heads.flat_map(marking::references).map(stix::Text::into_string).collect();
    for name in names {
        let held = Definitions::read(tx, &name)?;
        let meaning = match along.get(&name) {
            Some(fresh) if !held.has_own(giver) && definitions(tx, origin, &[&name])?.is_empty() => {
                from_along.insert(name.clone());
                Some(fresh.clone())
            }
            _ => held.for_giver(giver),
        };
        out.extend(meaning.map(|meaning| (name, meaning)));
    }
    Ok((out, from_along))
}

/// What is held of one id, as its submitter has it.
struct Parts {
    seen: Vec<Held>,
    unseen: Vec<Held>,
}

/// One unit's decisions: what is held, and what this unit has accepted so far.
struct Desk<'u, 'a> {
    held: BTreeMap<String, Vec<Held>>,
    /// Of ids that were met already: what the submitter may know of, and what they may not.
    parts: BTreeMap<String, Parts>,
    meanings: BTreeMap<String, Meaning>,
    /// Of these markings those whose definition comes along and is not appended yet.
    along: BTreeSet<String>,
    origin: &'u Origin<'u>,
    unit: &'u [Candidate<'a>],
    /// Objects held elsewhere that this unit has listed.
    listed: BTreeSet<i64>,
    /// Something was purged here.
    purged: bool,
    /// The organisation that gives; `None` for the operator's own.
    giver: Option<&'u str>,
    /// A person has said that whoever gives it may.
    vouched: bool,
}

impl<'a> Desk<'_, 'a> {
    fn admit(&mut self, tx: &mut Tx<'_>, i: usize, candidate: &Candidate<'a>) -> Result<Told<'a>> {
        let head = match &candidate.head {
            Ok(head) => head,
            Err(fault) => return Ok(candidate.told(Outcome::Refused(fault.clone()), Vec::new())),
        };
        let vkey = head.version_key().map_or("", Timestamp::key);
        // what was purged is another's, where the giver's own stands still
        let own = |one: &Held| one.vkey == vkey && one.giver.as_deref() == self.giver;
        if self.purged
            && !self.held.get(&*head.id).is_some_and(|held| held.iter().any(own))
            && let Some((fault, givers)) = purge::not_again(tx, &head.id, vkey)?
        {
            // who did not give it need not know that it was here
            let told = self.origin.sees == Sees::All || self.giver.is_some_and(|giver| givers.contains(giver));
            return Ok(candidate.told(if told { Outcome::Refused(fault) } else { Outcome::Unchanged }, Vec::new()));
        }
        let created = head.created.as_deref().and_then(|text| Timestamp::parse(text).ok()).map_or("", Timestamp::key);
        let creator = head.created_by.as_deref().unwrap_or("");
        let wanted = Wanted { kind: &head.kind, vkey, created, creator, revoked: head.revoked };
        let mut parts = match self.parts.remove(&*head.id) {
            Some(parts) => parts,
            None => self.part(tx, &head.id)?,
        };
        let told = self.judge(tx, (i, candidate, head), &wanted, &mut parts);
        // what stands aside may hide from whoever sees all: that is found out anew
        if self.origin.sees != Sees::All || !parts.seen.iter().any(|one| one.aside) {
            self.parts.insert(head.id.to_string(), parts);
        }
        told
    }

    /// Decides on one version, given what is held of its id, and adds it to that where it is accepted.
    fn judge(
        &mut self,
        tx: &mut Tx<'_>,
        (i, candidate, head): (usize, &Candidate<'a>, &Head<'a>),
        wanted: &Wanted<'_>,
        parts: &mut Parts,
    ) -> Result<Told<'a>> {
        let Wanted { vkey, created, creator, .. } = *wanted;
        let Parts { seen, unseen } = &*parts;
        if let (Some(first), ById::Known(_)) = (seen.first(), tlp::by_id(&head.id)) {
            // everybody knows it by its id; whose words it was given in first stays where these were given
            let same =
                first.object < 0 || tx.body(first.object)?.is_some_and(|body| jcs::equal(&body, candidate.bytes));
            let outcome = if same { self.list_too(tx, first.object)? } else { Outcome::Unchanged };
            return Ok(candidate.told(outcome, Vec::new()));
        }
        let verdict = match versions::decide(wanted, seen) {
            // whoever sees all gives no second content to a version that stands aside: its giver would get either, by what is hidden
            Verdict::New if self.origin.sees == Sees::All => self.taken(tx, candidate, wanted, unseen)?,
            verdict => verdict,
        };
        match verdict {
            Verdict::SameVersion(object) => {
                let outcome = self.same_version(tx, object, candidate, head)?;
                Ok(candidate.told(outcome, Vec::new()))
            }
            Verdict::Refused { rule, reason } => {
                Ok(candidate.told(Outcome::Refused(Fault::new(rule, "/modified", reason)), Vec::new()))
            }
            Verdict::New if !self.vouched && !author::may_version(tx, self.giver, creator, seen)? => {
                let fault = Fault::new("version-not-bound", "/created_by_ref", author::NOT_BOUND);
                let outcome = self.review(tx, candidate, head, fault)?;
                Ok(candidate.told(outcome, Vec::new()))
            }
            Verdict::New => {
                let held = self.held.get(&*head.id).map_or(&[][..], Vec::as_slice);
                let bound = self.vouched || author::may_version(tx, self.giver, creator, held)?;
                let line = versions::line(wanted, seen, unseen);
                // Also where it goes on in the first line, and those who see another do not see it.
                if line.is_none_or(|line| line == 0)
                    && let Some(fault) = self.beside(tx, candidate, wanted, unseen, bound || line.is_some())?
                {
                    self.review(tx, candidate, head, fault)?;
                }
                let standing = Standing::of(line, bound, seen);
                let (warnings, index) = self.append(tx, head, candidate.bytes, line, standing.clone())?;
                self.along.remove(&*head.id);
                let (vkey, created, creator) = (vkey.to_owned(), created.to_owned(), creator.to_owned());
                let (line, giver) = (line.unwrap_or(index), self.giver.map(str::to_owned));
                let object = -1 - i as i64;
                let Standing { aside, beside } = standing;
                let revoked = head.revoked;
                let accepted = Held { object, line, aside, beside, vkey, created, creator, revoked, giver };
                self.held.entry(head.id.to_string()).or_default().push(accepted.clone());
                parts.seen.push(accepted);
                Ok(candidate.told(Outcome::Accepted, warnings))
            }
        }
    }

    /// What is held of an id: what the submitter may know of, and what they may not. They know what they gave.
    fn part(&self, tx: &mut Tx<'_>, id: &str) -> Result<Parts> {
        let held = self.held.get(id).map_or(&[][..], Vec::as_slice);
        let Sees::View(view) = self.origin.sees else {
            let (seen, unseen) = versions::standing(id, held);
            return Ok(Parts { seen, unseen });
        };
        let shown: BTreeSet<i64> = match view {
            Some(view) if !held.is_empty() => page::held(tx, view, id)?.into_iter().collect(),
            _ => BTreeSet::new(),
        };
        let known = |one: &Held| one.giver.as_deref() == self.giver || shown.contains(&one.object);
        let (seen, unseen) = held.iter().cloned().partition(known);
        Ok(Parts { seen, unseen })
    }

    /// Whether this version is among those that do not stand where all is seen, with other content.
    fn taken(
        &self,
        tx: &mut Tx<'_>,
        candidate: &Candidate<'_>,
        wanted: &Wanted<'_>,
        unseen: &[Held],
    ) -> Result<Verdict> {
        for one in unseen.iter().filter(|one| one.vkey == wanted.vkey && one.object >= 0) {
            if tx.body(one.object)?.is_some_and(|body| !jcs::equal(&body, candidate.bytes)) {
                return Ok(Verdict::SameVersion(one.object));
            }
        }
        Ok(Verdict::New)
    }

    /// What a person is to know of a line that begins beside what the submitter may not see; nothing where it is the same once more.
    fn beside(
        &self,
        tx: &mut Tx<'_>,
        candidate: &Candidate<'_>,
        wanted: &Wanted<'_>,
        unseen: &[Held],
        bound: bool,
    ) -> Result<Option<Fault>> {
        let (rule, reason) = match versions::decide(wanted, unseen) {
            Verdict::New if bound => return Ok(None),
            Verdict::New => ("version-not-bound", author::NOT_BOUND.to_owned()),
            Verdict::SameVersion(object) => {
                if tx.body(object)?.is_some_and(|body| jcs::equal(&body, candidate.bytes)) {
                    return Ok(None);
                }
                ("same-version-differs", "this version is held with other content".to_owned())
            }
            Verdict::Refused { rule, reason } => (rule, reason),
        };
        let reason = format!("{reason}; it stands beside, for those who may see it and not what was held before");
        Ok(Some(Fault::new(rule, "", reason)))
    }

    /// `line`: `None` for one of its own. Gives what is strange about it, and its event.
    fn append(
        &self,
        tx: &mut Tx<'_>,
        head: &Head<'_>,
        bytes: &[u8],
        line: Option<i64>,
        standing: Standing,
    ) -> Result<(Vec<Fault>, i64)> {
        // what its definition asks is known to the fold only when that is folded: until then it waits
        let known = |id: &str| self.meanings.get(id).filter(|_| !self.along.contains(id)).cloned();
        let resolved = marking::resolve(head, known);
        let mut warnings = head.warnings.clone();
        warnings.extend(
            resolved.reports.iter().map(|report| Fault::new("tlp-unclear", "/object_marking_refs", report.clone())),
        );
        for marking in resolved.unresolved.iter().filter(|id| !self.along.contains(*id)) {
            let reason = format!("{marking} is not held: what it marks counts as RED until its definition arrives");
            warnings.push(Fault::new("marking-unresolved", "/object_marking_refs", reason));
        }
        let meta = ObjectMeta {
            collection: self.origin.collection.to_owned(),
            id: head.id.to_string(),
            kind: head.kind.to_string(),
            version: head.version().map(str::to_owned),
            tlp: resolved.tlp.or(self.origin.tlp),
            waiting: resolved.unresolved,
            source: self.origin.source.to_owned(),
            by: self.origin.by.to_owned(),
            spec: head.spec().to_owned(),
            hops: self.origin.hops,
            line: line.map_or(Some(0), |line| (line != 0).then_some(line)),
            aside: standing.aside,
            beside: standing.beside,
            shown: None,
            copy: None,
            sighting: None,
        };
        let appended = tx.append(Draft::new(event::OBJECT, &meta)?.body(bytes))?;
        Ok((warnings, appended.index))
    }

    /// This version is held. Same content after RFC 8785: unchanged, though it may be new to this collection. Other content: the
    /// first stays, a person decides (the standard leaves it open, STIX 2.1 section 3.6).
    fn same_version(
        &mut self,
        tx: &mut Tx<'_>,
        object: i64,
        candidate: &Candidate<'_>,
        head: &Head<'_>,
    ) -> Result<Outcome> {
        let earlier = usize::try_from(-1 - object).ok().and_then(|i| self.unit.get(i));
        let same = match earlier {
            Some(earlier) => jcs::equal(earlier.bytes, candidate.bytes),
            None => tx.body(object)?.is_some_and(|body| jcs::equal(&body, candidate.bytes)),
        };
        if !same {
            let reason = "this version is held with other content: the first stays, a person decides";
            return self.review(tx, candidate, head, Fault::new("same-version-differs", "", reason));
        }
        self.list_too(tx, object)
    }

    /// What is held, or was accepted earlier in this unit, stands in this collection too.
    fn list_too(&mut self, tx: &mut Tx<'_>, object: i64) -> Result<Outcome> {
        if object < 0 {
            return Ok(Outcome::Unchanged);
        }
        let collection = self.origin.collection;
        let sql = "SELECT 1 FROM @listing WHERE object = $1 AND collection = $2";
        if tx.one(sql, &[object.into(), collection.into()], |_| ())?.is_some() || !self.listed.insert(object) {
            return Ok(Outcome::Unchanged);
        }
        let meta = ListedMeta { collection: collection.to_owned(), object, by: self.origin.by.to_owned(), copy: None };
        tx.append(Draft::new(event::LISTED, &meta)?)?;
        Ok(Outcome::Accepted)
    }

    fn review(&self, tx: &mut Tx<'_>, candidate: &Candidate<'_>, head: &Head<'_>, fault: Fault) -> Result<Outcome> {
        let meta = ReviewMeta {
            file: self.origin.file.to_owned(),
            place: candidate.place.clone(),
            id: head.id.to_string(),
            rule: fault.rule.to_owned(),
            reason: fault.reason.clone(),
            form: "stix".to_owned(),
            collection: self.origin.collection.to_owned(),
            source: self.origin.source.to_owned(),
            by: self.origin.by.to_owned(),
            tlp: self.origin.tlp,
            hops: self.origin.hops,
        };
        // that it lies in review already may be another's doing: a partner hears of its own conflict each time
        match self.vouched || review::put(tx, &meta, candidate.bytes)? || self.origin.sees != Sees::All {
            true => Ok(Outcome::Review(fault)),
            false => Ok(Outcome::Unchanged),
        }
    }
}

/// Whether a version stands aside for what is held, and beside which lines all the same.
#[derive(Clone)]
struct Standing {
    aside: bool,
    beside: Vec<i64>,
}

impl Standing {
    /// As the line goes on; of one that begins now, aside for what its giver may not make versions of (`bound`) and did not see.
    fn of(line: Option<i64>, bound: bool, seen: &[Held]) -> Standing {
        match line {
            Some(line) => {
                let first = seen.iter().find(|one| one.line == line);
                let beside = first.map(|one| one.beside.clone()).unwrap_or_default();
                Standing { aside: first.is_some_and(|one| one.aside), beside }
            }
            None if bound => Standing { aside: false, beside: Vec::new() },
            None => {
                let lines: BTreeSet<i64> = seen.iter().map(|one| one.line).collect();
                Standing { aside: true, beside: lines.into_iter().collect() }
            }
        }
    }
}
