//! What of an object the release decision asks beside its label: the terms of its markings, who gave it, whether it names its submitter, and,
//! as far as an agreement asks for them, its type and labels. Objects that ask the same share one facet, and rights are compiled per facet.
//!
//! Facet 0 is that of nearly all: a label and nothing else. What stands here is part of the fold; the decision itself is not.
use crate::meaning::Definitions;
use crate::{batch, giveaway, rights, sight, view};
use ledger::{Micros, Result, Tx};
use partners::release::{self, Origin, Readers, Subject, What};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use stix::marking::{self, Meaning, Terms};
use stix::tlp::{self, ById};
use stix::{Head, Tlp};

/// The facet of what asks nothing beside a label.
pub(crate) const PLAIN: i64 = 0;
/// Labels of one object that are kept; the scope of an agreement that names a later one does not find it.
const TOPICS_MAX: usize = 100;

/// One facet.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Facet {
    /// All markings of the object together, granular ones included.
    #[serde(default, skip_serializing_if = "Terms::is_empty")]
    pub(crate) terms: Terms,
    /// A marking is not held yet.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) waiting: bool,
    /// The type, where an agreement asks for it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) kind: String,
    /// The labels for which an agreement asks.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) topics: BTreeSet<String>,
    /// Who gave it, where that counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) giver: Option<String>,
    /// To whom the originator let it go.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) consented: BTreeSet<String>,
    /// It names its submitter, who has not agreed to that.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) unnamed: bool,
    /// This hub found that an indicator was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sighting: Option<Sighting>,
}

/// Whose indicator was seen, and whether what was seen lets that be told.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Sighting {
    /// Who gave the indicator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) producer: Option<String>,
    /// What was seen is marked for those to whom it was given.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) withheld: bool,
}

impl Sighting {
    /// As the release decision takes it.
    pub(crate) fn subject(&self) -> release::Sighting<'_> {
        release::Sighting { producer: self.producer.as_deref(), withheld: self.withheld }
    }
}

fn is_false(flag: &bool) -> bool {
    !flag
}

impl Facet {
    /// Asks the release decision: `f` is given the subject with this facet and a label.
    pub(crate) fn ask<T>(
        &self,
        tlp: Tlp,
        readers: Readers<'_>,
        collection: &str,
        f: impl FnOnce(&Subject<'_>) -> T,
    ) -> T {
        let unknown = Terms { unknown: true, ..self.terms.clone() };
        let topics: Vec<&str> = self.topics.iter().map(String::as_str).collect();
        let consented: Vec<&str> = self.consented.iter().map(String::as_str).collect();
        f(&Subject {
            terms: Some(if self.waiting { &unknown } else { &self.terms }),
            what: What { collection: Some(collection), kind: &self.kind, topics: &topics },
            origin: Origin { org: self.giver.as_deref(), consented: &consented, unnamed: self.unnamed },
            sighting: self.sighting.as_ref().map(Sighting::subject),
            ..Subject::new(tlp, readers)
        })
    }
}

/// Facts of one object from which its facet is made, beside its markings.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) topics: BTreeSet<String>,
    /// The organisation that gave it.
    pub(crate) giver: Option<String>,
    /// It shows who gave it ([`crate::giveaway`]).
    pub(crate) shown: bool,
    /// What it is a sighting of, where this hub made it.
    pub(crate) sighting: Option<Sighting>,
}

/// What agreements, consents and the collection make count, read once for many objects.
pub(crate) struct Ground {
    kinds: BTreeSet<String>,
    topics: BTreeSet<String>,
    parties: BTreeSet<String>,
    consents: bool,
    anonymise: bool,
    naming: BTreeSet<String>,
    definitions: BTreeMap<String, Definitions>,
    /// Of givers, what they are called.
    names: BTreeMap<String, Vec<String>>,
    numbers: BTreeMap<Facet, i64>,
}

impl Ground {
    pub(crate) fn load(tx: &mut Tx<'_>, collection: &str) -> Result<Ground> {
        let mut ground = Ground {
            kinds: BTreeSet::new(),
            topics: BTreeSet::new(),
            parties: BTreeSet::new(),
            consents: tx.one("SELECT 1 FROM @consent LIMIT 1", &[], |_| ())?.is_some(),
            anonymise: false,
            naming: BTreeSet::new(),
            definitions: BTreeMap::new(),
            names: BTreeMap::new(),
            numbers: BTreeMap::new(),
        };
        tx.each("SELECT what, value FROM @right_named ORDER BY what, value", &[], &mut |r| {
            let value = r.text(1).to_owned();
            match r.text(0) {
                "type" => ground.kinds.insert(value),
                "topic" => ground.topics.insert(value),
                _ => ground.parties.insert(value),
            };
            Ok(())
        })?;
        let sql = "SELECT anonymise FROM @collection WHERE id = $1";
        ground.anonymise = tx.one(sql, &[collection.into()], |r| r.bool(0))? == Some(true);
        if ground.anonymise {
            let sql = "SELECT org FROM @right_naming WHERE agreed = 1 ORDER BY org";
            ground.naming = tx.all(sql, &[], |r| r.text(0).to_owned())?.into_iter().collect();
        }
        Ok(ground)
    }

    /// Whether the whole object has no label of its own, though a property has: then the collection's default counts too.
    pub(crate) fn is_partial(&mut self, tx: &mut Tx<'_>, head: &Head<'_>, giver: Option<&str>) -> Result<bool> {
        if head.granular.is_none() {
            return Ok(false);
        }
        for reference in &head.marking_refs {
            if matches!(tlp::by_id(reference), ById::Known(_) | ById::Lookalike)
                || self.meaning(tx, reference, giver)?.is_some_and(|meaning| meaning.tlp.is_some())
            {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// What the markings of an object ask that an organisation gives, as far as they are held.
    pub(crate) fn terms(&mut self, tx: &mut Tx<'_>, head: &Head<'_>, giver: Option<&str>) -> Result<Terms> {
        let mut terms = Terms::default();
        for reference in &head.marking_refs {
            terms.join(&self.meaning(tx, reference, giver)?.unwrap_or_default().terms);
        }
        for part in marking::parts(head) {
            terms.join(&self.meaning(tx, &part.marking, giver)?.unwrap_or_default().terms);
        }
        Ok(terms)
    }

    /// All that a giver is called.
    pub(crate) fn names(&mut self, tx: &mut Tx<'_>, giver: &str) -> Result<&[String]> {
        if !self.names.contains_key(giver) {
            self.names.insert(giver.to_owned(), giveaway::names(tx, giver)?);
        }
        Ok(self.names.get(giver).map_or(&[], Vec::as_slice))
    }

    fn meaning(&mut self, tx: &mut Tx<'_>, reference: &str, giver: Option<&str>) -> Result<Option<Meaning>> {
        if !self.definitions.contains_key(reference) {
            self.definitions.insert(reference.to_owned(), Definitions::read(tx, reference)?);
        }
        Ok(self.definitions.get(reference).and_then(|all| all.for_giver(giver)))
    }

    /// The facet of an object in the collection of this ground.
    pub(crate) fn facet(&self, tx: &mut Tx<'_>, facts: &Facts, terms: Terms, waiting: bool) -> Result<Facet> {
        let mut facet = Facet { terms, waiting, sighting: facts.sighting.clone(), ..Facet::default() };
        if self.kinds.contains(&facts.kind) {
            facet.kind.clone_from(&facts.kind);
        }
        facet.topics = facts.topics.intersection(&self.topics).cloned().collect();
        if let Some(giver) = &facts.giver {
            facet.unnamed = self.anonymise && facts.shown && !self.naming.contains(giver);
            let counts = facet.unnamed || facet.terms.originator_control || self.parties.contains(giver);
            facet.giver = counts.then(|| giver.clone());
        }
        if self.consents {
            let sql = "SELECT org FROM @consent WHERE id = $1 ORDER BY org";
            facet.consented = tx.all(sql, &[(&facts.id).into()], |r| r.text(0).to_owned())?.into_iter().collect();
        }
        Ok(facet)
    }

    /// The number of a facet, asked for once.
    pub(crate) fn number(&mut self, tx: &mut Tx<'_>, facet: Facet) -> Result<i64> {
        if let Some(number) = self.numbers.get(&facet) {
            return Ok(*number);
        }
        let number = number(tx, &facet)?;
        self.numbers.insert(facet, number);
        Ok(number)
    }
}

/// The organisation that a source names: `taxii:ORG` and `peer:ORG` are what an account or a peer gave.
pub(crate) fn giver_of<'s>(source: &'s str, home: &str) -> Option<&'s str> {
    let org = source.strip_prefix("taxii:").or_else(|| source.strip_prefix("peer:"))?;
    (org != home).then_some(org)
}

/// The labels of an object, each once.
pub(crate) fn topics_of(head: &Head<'_>) -> BTreeSet<String> {
    let labels: Vec<String> = head.labels.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default();
    labels.into_iter().take(TOPICS_MAX).collect()
}

/// The number of a facet, given at its first use.
fn number(tx: &mut Tx<'_>, facet: &Facet) -> Result<i64> {
    if *facet == Facet::default() {
        return Ok(PLAIN);
    }
    let body = serde_json::to_string(facet).map_err(|e| ledger::Error::park("facet", e.to_string()))?;
    let sql = "SELECT id FROM @facet WHERE body = $1";
    if let Some(id) = tx.one(sql, &[(&body).into()], |r| r.int(0))? {
        return Ok(id);
    }
    let id = tx.one("SELECT COALESCE(MAX(id), 0) + 1 FROM @facet", &[], |r| r.int(0))?.unwrap_or(1);
    let sql = "INSERT INTO @facet (id, body, embargo) VALUES ($1, $2, $3)";
    tx.run(sql, &[id.into(), (&body).into(), (&facet.terms.embargo).into()])?;
    Ok(id)
}

/// The facets that stand in a collection, by number, without the plain one.
pub(crate) fn of_collection(tx: &mut Tx<'_>, collection: &str) -> Result<BTreeMap<i64, Facet>> {
    let sql = "SELECT f.id, f.body FROM @collection_facet c JOIN @facet f ON f.id = c.facet WHERE c.collection = $1 ORDER BY f.id";
    let rows = tx.all(sql, &[collection.into()], |r| (r.int(0), read(r.text(1))))?;
    Ok(rows.into_iter().collect())
}

/// A facet by its number.
pub(crate) fn find(tx: &mut Tx<'_>, id: i64) -> Result<Facet> {
    if id == PLAIN {
        return Ok(Facet::default());
    }
    Ok(tx.one("SELECT body FROM @facet WHERE id = $1", &[id.into()], |r| read(r.text(0)))?.unwrap_or_else(closed))
}

/// What cannot be read is closed.
fn read(body: &str) -> Facet {
    serde_json::from_str(body).unwrap_or_else(|_| closed())
}

fn closed() -> Facet {
    Facet { terms: Terms::unknown(), ..Facet::default() }
}

/// Whether rights to a facet are compiled in a collection already. What asks nothing beside a label needs none.
pub(crate) fn is_met(tx: &mut Tx<'_>, collection: &str, facet: i64) -> Result<bool> {
    let sql = "SELECT 1 FROM @collection_facet WHERE collection = $1 AND facet = $2";
    Ok(facet == PLAIN || tx.one(sql, &[collection.into(), facet.into()], |_| ())?.is_some())
}

/// A facet comes into a collection: rights to it are compiled before the first object that has it is listed.
pub(crate) fn meet(tx: &mut Tx<'_>, known: Micros, collection: &str, facet: i64) -> Result<()> {
    if is_met(tx, collection, facet)? {
        return Ok(());
    }
    let sql = "INSERT INTO @collection_facet (collection, facet) VALUES ($1, $2)";
    tx.run(sql, &[collection.into(), facet.into()])?;
    rights::compile_facet(tx, known, collection, facet)
}

/// Which listings are to be looked at anew.
pub(crate) enum Which<'a> {
    /// All of a collection.
    Collection(&'a str),
    /// All versions of an object.
    Id(&'a str),
    /// What an organisation gave.
    Giver(&'a str),
    /// Of a type.
    Kind(&'a str),
    /// With a label.
    Topic(&'a str),
    /// That wait for a marking.
    Waiting(&'a str),
}

/// Makes the facets of these listings anew, and brings the views of their collections to what they may hold now.
pub(crate) fn again(tx: &mut Tx<'_>, known: Micros, which: &Which<'_>) -> Result<()> {
    let mut grounds: BTreeMap<String, Ground> = BTreeMap::new();
    let mut moved: BTreeMap<(String, i64), Vec<i64>> = BTreeMap::new();
    let mut touched: BTreeSet<String> = BTreeSet::new();
    for Listing { collection, facet: old, object, facts, terms, waiting } in listings(tx, which)? {
        let ground = match grounds.entry(collection.clone()) {
            std::collections::btree_map::Entry::Occupied(held) => held.into_mut(),
            std::collections::btree_map::Entry::Vacant(free) => free.insert(Ground::load(tx, &collection)?),
        };
        let fresh = ground.facet(tx, &facts, terms, waiting)?;
        let fresh = ground.number(tx, fresh)?;
        if fresh == old {
            continue;
        }
        let place = (collection.clone(), fresh);
        if !moved.contains_key(&place) && !is_met(tx, &collection, fresh)? {
            // a view may be forked here, by what is listed so far
            move_listings(tx, &mut moved)?;
            meet(tx, known, &collection, fresh)?;
        }
        moved.entry(place).or_default().push(object);
        touched.insert(collection);
    }
    move_listings(tx, &mut moved)?;
    touched.iter().try_for_each(|collection| view::settle_collection(tx, collection, known))
}

/// Gives listings their facets: of each collection and facet, these objects.
fn move_listings(tx: &mut Tx<'_>, moved: &mut BTreeMap<(String, i64), Vec<i64>>) -> Result<()> {
    for ((collection, facet), objects) in std::mem::take(moved) {
        let sql = "UPDATE @listing SET facet = $2 WHERE collection = $1 AND object IN (*)";
        batch::run(tx, sql, &[(&collection).into(), facet.into()], &objects)?;
    }
    Ok(())
}

struct Listing {
    collection: String,
    facet: i64,
    object: i64,
    facts: Facts,
    terms: Terms,
    waiting: bool,
}

/// The listings that are meant, in the order of the log.
fn listings(tx: &mut Tx<'_>, which: &Which<'_>) -> Result<Vec<Listing>> {
    let (condition, value): (&str, ledger::Value<'_>) = match which {
        Which::Collection(id) => ("l.collection = $1", (*id).into()),
        Which::Id(id) => ("o.id = $1", (*id).into()),
        Which::Giver(org) => ("o.giver = $1", (*org).into()),
        Which::Kind(kind) => ("o.kind = $1", (*kind).into()),
        Which::Topic(topic) => ("o.idx IN (SELECT object FROM @topic WHERE topic = $1)", (*topic).into()),
        Which::Waiting(marking) => ("o.idx IN (SELECT object FROM @waiting WHERE marking = $1)", (*marking).into()),
    };
    let sql = format!(
        "SELECT l.collection, l.facet, l.object, o.id, o.kind, o.giver, o.shown, o.asks, o.waiting FROM @stix_object o JOIN @listing l ON l.object = o.idx \
         WHERE {condition} ORDER BY l.seq, l.object, l.collection"
    );
    let mut topics: BTreeMap<i64, BTreeSet<String>> = BTreeMap::new();
    let of_topic = format!(
        "SELECT t.object, t.topic FROM @stix_object o JOIN @listing l ON l.object = o.idx JOIN @topic t ON t.object = o.idx \
         WHERE {condition} ORDER BY t.object, t.topic"
    );
    tx.each(&of_topic, &[value], &mut |r| {
        topics.entry(r.int(0)).or_default().insert(r.text(1).to_owned());
        Ok(())
    })?;
    let mut rows = tx.all(&sql, &[value], |r| {
        let facts = Facts {
            id: r.text(3).to_owned(),
            kind: r.text(4).to_owned(),
            topics: topics.get(&r.int(2)).cloned().unwrap_or_default(),
            giver: r.opt_text(5).map(str::to_owned),
            shown: r.bool(6),
            sighting: None,
        };
        let (terms, waiting) = (asked(r.text(7)), r.int(8) > 0);
        Listing { collection: r.text(0).to_owned(), facet: r.int(1), object: r.int(2), facts, terms, waiting }
    })?;
    for row in &mut rows {
        row.facts.sighting = sight::of(tx, row.object, &row.facts.kind)?;
    }
    Ok(rows)
}

/// Terms as they are kept; nothing where nothing is asked.
pub(crate) fn written(terms: &Terms) -> Result<String> {
    match terms.is_empty() {
        true => Ok(String::new()),
        false => serde_json::to_string(terms).map_err(|e| ledger::Error::park("terms", e.to_string())),
    }
}

/// Terms that are kept. What cannot be read is closed.
pub(crate) fn asked(text: &str) -> Terms {
    match text {
        "" => Terms::default(),
        text => serde_json::from_str(text).unwrap_or_else(|_| Terms::unknown()),
    }
}

/// The labels of a version that is held.
pub(crate) fn topics(tx: &mut Tx<'_>, object: i64) -> Result<BTreeSet<String>> {
    let sql = "SELECT topic FROM @topic WHERE object = $1 ORDER BY topic";
    Ok(tx.all(sql, &[object.into()], |r| r.text(0).to_owned())?.into_iter().collect())
}
