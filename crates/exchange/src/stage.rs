//! The fold of this stage, and its derived tables.
//!
//! `stix_object` is one row per object version held, by the event whose body it is; `listing` says in which collections it stands;
//! `facet`, `collection_facet` and `topic` say what an object asks beside a label ([`crate::facet`]); `view`, `view_right`, `view_entry`,
//! `withdrawn` and `recipient` are rights compiled ahead ([`crate::view`], [`crate::rights`]); `right_*` is what of the partners' events that
//! needs; `marking` and `waiting` resolve markings that arrive late; `consent` is what originators let go; `copy_due` are the
//! copies that this hub has to make, `copied` what became of them, `copy_id` which ids they stand for; `disclosed` is which events say
//! what an organisation was shown, `purged` which versions were taken out for good; `indicator`, `observed`, `observed_wait`, `sighted` and
//! `sight_*` are what was seen of what is sought ([`crate::sight`]).
use crate::event::{self, CollectionMeta, DocumentMeta, ListedMeta, ObjectMeta, ReviewMeta, TurnedMeta, WithdrawnMeta};
use crate::facet::{self, Facts, Ground};
use crate::versions::Held;
use crate::{
    collection, consent, copy, disclosed, document, giveaway, meaning, purge, remark, review, rights, sight, versions,
    view,
};
use ledger::{Ahead, Column, Draft, Error, Event, Micros, Result, Stage, Tx};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use stix::{Head, Timestamp, Tlp, marking};

/// The stage.
#[derive(Clone, Debug, Default)]
pub struct Exchange {
    /// Indicators made ready to run: it decides about time, never about the result.
    ready: Arc<sight::Cache>,
}

const SCHEMA: &str = "
CREATE TABLE @collection (id {text} PRIMARY KEY, title {text} NOT NULL, root {text} NOT NULL, tlp {int} NOT NULL,
  readers {text} NOT NULL, writers {text} NOT NULL, redact {int} NOT NULL, anonymise {int} NOT NULL, idx {int} NOT NULL);
CREATE TABLE @stix_object (idx {int} PRIMARY KEY, id {text} NOT NULL, kind {text} NOT NULL, version {text}, vkey {text} NOT NULL,
  created {text} NOT NULL, creator {text} NOT NULL, revoked {int} NOT NULL, spec {text} NOT NULL, tlp {int}, waiting {int} NOT NULL,
  source {text} NOT NULL, giver {text}, shown {int} NOT NULL, partial {int} NOT NULL, asks {text} NOT NULL, size {int} NOT NULL,
  copy_of {int}, remark {int}, line {int} NOT NULL, aside {int} NOT NULL,
  beside {text} NOT NULL);
CREATE UNIQUE INDEX @stix_object_version ON @stix_object (id, vkey, line);
CREATE INDEX @stix_object_copy ON @stix_object (copy_of) WHERE copy_of IS NOT NULL;
CREATE TABLE @marking (id {text} NOT NULL, object {int} NOT NULL, giver {text}, aside {int} NOT NULL, tlp {int}, report {text},
  refs {text} NOT NULL, terms {text} NOT NULL, PRIMARY KEY (id, object));
CREATE TABLE @topic (object {int} NOT NULL, topic {text} NOT NULL, PRIMARY KEY (topic, object));
CREATE INDEX @topic_object ON @topic (object, topic);
CREATE TABLE @consent (id {text} NOT NULL, org {text} NOT NULL, PRIMARY KEY (id, org));
CREATE TABLE @copy_due (object {int} NOT NULL, collection {text} NOT NULL, how {text} NOT NULL, PRIMARY KEY (object, collection));
CREATE TABLE @copied (object {int} NOT NULL, collection {text} NOT NULL, said {text} NOT NULL, PRIMARY KEY (object, collection));
CREATE TABLE @copy_id (source {text} PRIMARY KEY, copy {text} NOT NULL);
CREATE TABLE @facet (id {int} PRIMARY KEY, body {text} NOT NULL, embargo {text});
CREATE UNIQUE INDEX @facet_body ON @facet (body);
CREATE INDEX @facet_embargo ON @facet (embargo);
CREATE TABLE @collection_facet (collection {text} NOT NULL, facet {int} NOT NULL, PRIMARY KEY (collection, facet));
CREATE INDEX @collection_facet_facet ON @collection_facet (facet);
CREATE TABLE @waiting (marking {text} NOT NULL, object {int} NOT NULL, PRIMARY KEY (marking, object));
CREATE INDEX @waiting_object ON @waiting (object);
CREATE TABLE @listing (collection {text} NOT NULL, seq {int} NOT NULL, object {int} NOT NULL, known {int} NOT NULL,
  facet {int} NOT NULL, PRIMARY KEY (collection, seq, object));
CREATE UNIQUE INDEX @listing_object ON @listing (object, collection);
CREATE TABLE @view (id {int} PRIMARY KEY, collection {text} NOT NULL, level {int} NOT NULL, last {int} NOT NULL, base {int} NOT NULL,
  plain {int} NOT NULL);
CREATE INDEX @view_collection ON @view (collection, level, id);
CREATE TABLE @view_right (view {int} NOT NULL, facet {int} NOT NULL, level {int} NOT NULL, PRIMARY KEY (facet, view));
CREATE INDEX @view_right_view ON @view_right (view, facet);
CREATE TABLE @view_entry (view {int} NOT NULL, added {int} NOT NULL, object {int} NOT NULL, is_first {int} NOT NULL,
  is_last {int} NOT NULL, size {int} NOT NULL, PRIMARY KEY (view, added));
CREATE UNIQUE INDEX @view_entry_object ON @view_entry (view, object);
CREATE INDEX @view_entry_last ON @view_entry (view, is_last, added, object, size);
CREATE TABLE @withdrawn (view {int} NOT NULL, object {int} NOT NULL, at {int} NOT NULL, PRIMARY KEY (view, object, at));
CREATE TABLE @purged (id {text} NOT NULL, vkey {text} NOT NULL, giver {text}, at {int} NOT NULL, object {int} NOT NULL,
  PRIMARY KEY (id, vkey, object));
CREATE TABLE @disclosed (idx {int} PRIMARY KEY, org {text} NOT NULL);
CREATE INDEX @disclosed_org ON @disclosed (org, idx);
CREATE TABLE @recipient (person {text} NOT NULL, collection {text} NOT NULL, view {int} NOT NULL, level {int},
  PRIMARY KEY (person, collection));
CREATE INDEX @recipient_view ON @recipient (view);
CREATE TABLE @right_home (id {int} PRIMARY KEY, home {text} NOT NULL, day {text} NOT NULL, due {text});
CREATE TABLE @right_org (org {text} PRIMARY KEY, kind {text}, country {text}, aka {text} NOT NULL, name {text} NOT NULL);
CREATE TABLE @right_party (org {text} NOT NULL, first {text} NOT NULL, name {text} NOT NULL, PRIMARY KEY (org, first, name));
CREATE TABLE @right_named (what {text} NOT NULL, value {text} NOT NULL, PRIMARY KEY (what, value));
CREATE TABLE @right_naming (org {text} PRIMARY KEY, agreed {int} NOT NULL);
CREATE TABLE @right_person (name {text} PRIMARY KEY, org {text} NOT NULL, role {text} NOT NULL, clearance {int} NOT NULL);
CREATE INDEX @right_person_org ON @right_person (org, name);
CREATE TABLE @right_agreement (idx {int} PRIMARY KEY, org {text} NOT NULL, name {text} NOT NULL, from_day {text} NOT NULL,
  to_day {text}, meta {text} NOT NULL);
CREATE INDEX @right_agreement_org ON @right_agreement (org, name, idx);
CREATE INDEX @right_agreement_from ON @right_agreement (from_day);
CREATE INDEX @right_agreement_to ON @right_agreement (to_day);
CREATE TABLE @review (idx {int} PRIMARY KEY, known {int} NOT NULL, file {text} NOT NULL, place {text} NOT NULL, id {text} NOT NULL,
  rule {text} NOT NULL, reason {text} NOT NULL, form {text} NOT NULL, source {text} NOT NULL, decided {int} NOT NULL);
CREATE TABLE @indicator (id {text} NOT NULL, line {int} NOT NULL, idx {int} NOT NULL, vkey {text} NOT NULL, how {text} NOT NULL,
  from_at {text} NOT NULL, until_at {text} NOT NULL, sightings {int} NOT NULL, PRIMARY KEY (id, line));
CREATE INDEX @indicator_idx ON @indicator (idx);
CREATE TABLE @observed (id {text} NOT NULL, line {int} NOT NULL, idx {int} NOT NULL, vkey {text} NOT NULL, revoked {int} NOT NULL,
  PRIMARY KEY (id, line));
CREATE INDEX @observed_idx ON @observed (idx);
CREATE TABLE @observed_wait (ref {text} NOT NULL, object {int} NOT NULL, PRIMARY KEY (ref, object));
CREATE INDEX @observed_wait_object ON @observed_wait (object, ref);
CREATE TABLE @sight_due (what {int} NOT NULL, object {int} NOT NULL, at {int} NOT NULL, PRIMARY KEY (what, object));
CREATE INDEX @sight_due_at ON @sight_due (what, at, object);
CREATE TABLE @sight_scan (id {int} PRIMARY KEY, at {int} NOT NULL, object {int} NOT NULL, scanned {int} NOT NULL);
CREATE TABLE @sight_unsure (indicator {text} NOT NULL, observed {text} NOT NULL, why {text} NOT NULL,
  PRIMARY KEY (indicator, observed, why));
CREATE TABLE @sighted (idx {int} PRIMARY KEY, id {text} NOT NULL, vkey {text} NOT NULL, indicator {text} NOT NULL,
  of_line {int}, seen {int}, seen_line {int}, observed {text}, producer {text}, withheld {int} NOT NULL, giver {text},
  revoked {int} NOT NULL);
CREATE INDEX @sighted_indicator ON @sighted (indicator, observed, of_line, seen_line);
CREATE INDEX @sighted_seen ON @sighted (seen);
CREATE TABLE @document (idx {int} PRIMARY KEY, known {int} NOT NULL, form {text} NOT NULL, id {text} NOT NULL, version {text} NOT NULL,
  title {text}, tlp {int} NOT NULL, source {text} NOT NULL, collection {text} NOT NULL, asset {text}, released {text});
CREATE INDEX @document_id ON @document (form, id, version, idx)
";

impl Stage for Exchange {
    fn name(&self) -> &'static str {
        "exchange"
    }

    fn schema(&self) -> &'static str {
        SCHEMA
    }

    /// What became of each TAXII request, and where the exchange with each peer stands: never in the log.
    fn operational(&self) -> &'static str {
        "CREATE TABLE IF NOT EXISTS taxii_status (id {text} PRIMARY KEY, person {text} NOT NULL, created {int} NOT NULL, body {blob} NOT NULL);
         CREATE TABLE IF NOT EXISTS peer (name {text} PRIMARY KEY, url {text} NOT NULL, way {text} NOT NULL, collection {text} NOT NULL,
           account {text} NOT NULL, login {text} NOT NULL, secret {blob}, authority {text} NOT NULL, made {int} NOT NULL,
           after {text} NOT NULL, next {text} NOT NULL, reached {text} NOT NULL, sent {int} NOT NULL, tried {int}, done {int},
           failures {int} NOT NULL, error {text} NOT NULL, retry {int} NOT NULL, passed {int} NOT NULL, refused {int} NOT NULL);
         CREATE TABLE IF NOT EXISTS peer_refused (peer {text} NOT NULL, id {text} NOT NULL, version {text} NOT NULL, rule {text} NOT NULL,
           reason {text} NOT NULL, at {int} NOT NULL, PRIMARY KEY (peer, id, version, rule));
         CREATE TABLE IF NOT EXISTS peer_watch (peer {text} PRIMARY KEY, period {int} NOT NULL, mends {int} NOT NULL, quarantine {text} NOT NULL)"
    }

    fn kinds(&self) -> &'static [&'static str] {
        &[
            "ledger.genesis",
            ledger::purge::TOMBSTONE,
            "partners.org",
            "partners.agreement",
            "partners.person",
            "partners.naming",
            "exchange.",
        ]
    }

    /// What stays of a purged object keeps the views' dates.
    fn remnants(&self, kind: &str) -> bool {
        kind == event::OBJECT
    }

    fn apply(&self, tx: &mut Tx<'_>, event: &Event) -> Result<()> {
        self.apply_all(tx, &[event], None)
    }

    /// Runs of objects for one collection go in at once; all else one by one, in the order of the log.
    fn apply_all(&self, tx: &mut Tx<'_>, events: &[&Event], _ahead: Option<Ahead>) -> Result<()> {
        let mut run: Vec<Object<'_>> = Vec::new();
        let mut ids: BTreeSet<String> = BTreeSet::new();
        let mut turned = i64::MIN;
        // reading is pure, so all cores may do it; folding is in the order of the log
        let objects: Vec<Option<Result<Object<'_>>>> = events.par_iter().map(|event| Object::of(event)).collect();
        for (event, object) in events.iter().zip(objects) {
            let day = event.known.day_number();
            if turned < day {
                // what is recorded on a day is compiled as of that day, and nothing older may be left behind
                fold_run(tx, &mut run)?;
                rights::advance(tx, &event.known.day())?;
                turned = day;
            }
            let Some(object) = object else {
                fold_run(tx, &mut run)?;
                fold_one(tx, event)?;
                continue;
            };
            let object = object?;
            // a definition may change what others are: alone, and after all before it
            let alone = object.head.kind.as_str() == "marking-definition";
            let other = run.last().is_some_and(|last| last.meta.collection != object.meta.collection);
            let again = ids.contains(&object.meta.id);
            if alone || other || again {
                fold_run(tx, &mut run)?;
                ids.clear();
            }
            ids.insert(object.meta.id.clone());
            run.push(object);
            if alone {
                fold_run(tx, &mut run)?;
            }
        }
        fold_run(tx, &mut run)
    }

    /// Copies that are due are made live, and indicators and observed-data matched with one another.
    fn settle(&self, tx: &mut Tx<'_>, _up_to: i64) -> Result<()> {
        copy::make_due(tx)?;
        sight::settle(tx, &self.ready)
    }

    /// DESIGN: a collection `default`, readable by the operator alone, is made with the store.
    fn react(&self, tx: &mut Tx<'_>, event: &Event) -> Result<()> {
        if event.kind != "ledger.genesis" {
            return Ok(());
        }
        let meta = CollectionMeta {
            id: collection::new_id(tx),
            title: collection::DEFAULT.to_owned(),
            root: collection::DEFAULT_ROOT.to_owned(),
            tlp: Tlp::Amber,
            read: Vec::new(),
            write: Vec::new(),
            handling: event::Handling::default(),
        };
        tx.append(Draft::new(event::COLLECTION, &meta)?.key("exchange/collection/default")).map(drop)
    }
}

#[derive(serde::Deserialize)]
struct GenesisMeta {
    home: String,
}

fn fold_one(tx: &mut Tx<'_>, event: &Event) -> Result<()> {
    match event.kind.as_str() {
        "ledger.genesis" => {
            let meta: GenesisMeta = event.meta()?;
            let day = event.known.day();
            let sql = "INSERT INTO @right_home (id, home, day) VALUES (1, $1, $2)";
            tx.run(sql, &[(&meta.home).into(), (&day).into()]).map(drop)
        }
        "partners.org" => rights::fold_org(tx, event.known, &event.meta()?),
        "partners.naming" => rights::fold_naming(tx, event.known, &event.meta()?),
        "partners.agreement" if event.version > 2 => Err(Error::park(
            "version-unknown",
            format!("version {} of an agreement: update the program", event.version),
        )),
        "partners.agreement" => rights::fold_agreement(tx, event.index, event.known, &event.meta()?),
        ledger::purge::TOMBSTONE => purge::fold(tx, event),
        disclosed::DISCLOSED => disclosed::fold(tx, event, &event.meta()?),
        disclosed::RECEIVED => Ok(()),
        event::UNCOPIED => {
            let meta: event::UncopiedMeta = event.meta()?;
            copy::done(tx, meta.object, &meta.collection, &format!("no copy stands in its place: {}", meta.reason))
        }
        event::REMARKED => remark::fold(tx, event.known, &event.meta()?),
        event::SOUGHT => sight::fold_sought(tx, &event.meta()?),
        event::CONSENT => consent::fold(tx, event.known, &event.meta()?),
        "partners.person" => rights::fold_person(tx, event.known, &event.meta()?),
        event::COLLECTION => collection::fold(tx, event.index, event.known, &event.meta::<CollectionMeta>()?),
        event::LISTED => fold_listed(tx, event, &event.meta()?),
        event::WITHDRAWN => fold_withdrawn(tx, event, &event.meta()?),
        event::DOCUMENT => document::fold(tx, event, &event.meta::<DocumentMeta>()?),
        event::REVIEW => review::fold(tx, event, &event.meta::<ReviewMeta>()?),
        event::REVIEWED => review::fold_reviewed(tx, &event.meta()?),
        event::TURNED => rights::fold_turned(tx, &event.meta::<TurnedMeta>()?),
        other => Err(Error::park("kind-unknown", format!("{other} is not known to this version: update the program"))),
    }
}

/// One object of a run.
pub(crate) struct Object<'a> {
    pub(crate) index: i64,
    pub(crate) known: Micros,
    pub(crate) meta: ObjectMeta,
    pub(crate) head: Head<'a>,
    pub(crate) body: &'a [u8],
}

impl<'a> Object<'a> {
    /// The object that an event brings, if that is what it does.
    fn of(event: &'a Event) -> Option<Result<Object<'a>>> {
        (event.kind == event::OBJECT).then(|| Object::read(event))
    }

    fn read(event: &'a Event) -> Result<Object<'a>> {
        let meta: ObjectMeta = event.meta()?;
        let head = Head::read(event.body()).map_err(|fault| Error::park("object-unreadable", fault.to_string()))?;
        Ok(Object { index: event.index, known: event.known, meta, head, body: event.body() })
    }

    pub(crate) fn vkey(&self) -> &str {
        self.head.version_key().map_or("", Timestamp::key)
    }

    /// It, as one of the versions held of its id.
    fn held(&self, giver: Option<String>) -> Held {
        Held {
            object: self.index,
            line: self.line(),
            aside: self.meta.aside,
            beside: self.meta.beside.clone(),
            vkey: self.vkey().to_owned(),
            created: self.created().to_owned(),
            creator: self.head.created_by.as_deref().unwrap_or("").to_owned(),
            revoked: self.head.revoked,
            giver,
        }
    }

    /// The line of versions it belongs to ([`crate::versions`]).
    pub(crate) fn line(&self) -> i64 {
        match self.meta.line {
            Some(0) => self.index,
            line => line.unwrap_or(0),
        }
    }

    /// The created instant, in canonical form: it never changes from version to version.
    fn created(&self) -> &str {
        self.head.created.as_deref().and_then(|text| Timestamp::parse(text).ok()).map_or("", Timestamp::key)
    }
}

fn fold_run(tx: &mut Tx<'_>, run: &mut Vec<Object<'_>>) -> Result<()> {
    let objects = std::mem::take(run);
    let Some(first) = objects.first() else { return Ok(()) };
    let collection = first.meta.collection.clone();
    let mut ground = Ground::load(tx, &collection)?;
    let home = rights::home(tx)?;
    let mut known: Vec<Beside> = Vec::with_capacity(objects.len());
    for object in &objects {
        let source = match &object.meta.copy {
            Some(copy) => Some(Source::of(tx, copy.of, objects.iter().zip(&known))?),
            None => None,
        };
        known.push(Beside::read(tx, &mut ground, object, &home, source)?);
    }
    // asked before these are in the table themselves: nearly always the answer is empty
    let others = others_of(tx, &objects, &known)?;
    insert_objects(tx, &objects, &known)?;
    let mut listed: Vec<view::Listed> = Vec::with_capacity(objects.len());
    let mut met: BTreeSet<i64> = BTreeSet::new();
    for (object, beside) in objects.iter().zip(known) {
        let facet = ground.facet(tx, &beside.facts, beside.terms, !object.meta.waiting.is_empty())?;
        if facet.unnamed || object.head.granular.is_some() {
            let parts = !marking::parts(&object.head).is_empty();
            copy::note(tx, object.index, &collection, parts, &facet, object.meta.copy.as_ref())?;
        }
        if let Some(of) = &object.meta.copy {
            copy::fold(tx, &collection, of, &object.meta.id)?;
        }
        let facet = ground.number(tx, facet)?;
        if met.insert(facet) && !facet::is_met(tx, &collection, facet)? {
            // what came before is listed first: a view may be forked here, with all that it holds
            view::list(tx, &collection, &std::mem::take(&mut listed), &others)?;
            facet::meet(tx, object.known, &collection, facet)?;
        }
        listed.push(view::Listed {
            object: object.index,
            seq: object.index,
            known: object.known,
            id: object.meta.id.clone(),
            vkey: object.vkey().to_owned(),
            size: object.body.len() as i64,
            tlp: view::effective(object.meta.tlp.map(Tlp::rank), object.meta.waiting.len() as i64),
            partial: beside.partial,
            facet,
        });
    }
    view::list(tx, &collection, &listed, &others)?;
    sight::fold(tx, &collection, &home, &objects)?;
    match objects.first() {
        Some(object) if object.head.kind.as_str() == "marking-definition" => {
            meaning::fold(tx, object, facet::giver_of(&object.meta.source, &home))
        }
        _ => Ok(()),
    }
}

/// What stands beside one object of a run.
struct Beside {
    facts: Facts,
    terms: marking::Terms,
    partial: bool,
}

/// What counts for a copy that this hub made of the object that it was made of.
#[derive(Default)]
struct Source {
    giver: Option<String>,
    hops: Option<u32>,
}

impl Source {
    /// `run`: what is folded together with the copy and came before it, and is in no table yet.
    fn of<'a>(
        tx: &mut Tx<'_>,
        source: i64,
        mut run: impl Iterator<Item = (&'a Object<'a>, &'a Beside)>,
    ) -> Result<Source> {
        if let Some((_, beside)) = run.find(|(object, _)| object.index == source) {
            return Ok(Source { giver: beside.facts.giver.clone(), hops: beside.terms.hops });
        }
        let sql = "SELECT giver, asks FROM @stix_object WHERE idx = $1";
        let held = tx.one(sql, &[source.into()], |r| Source {
            giver: r.opt_text(0).map(str::to_owned),
            hops: facet::asked(r.text(1)).hops,
        })?;
        Ok(held.unwrap_or_default())
    }
}

impl Beside {
    fn read(
        tx: &mut Tx<'_>,
        ground: &mut Ground,
        object: &Object<'_>,
        home: &str,
        source: Option<Source>,
    ) -> Result<Beside> {
        // a copy that this hub made is the operator's own, under the markings of what it was made of
        let giver = facet::giver_of(&object.meta.source, home).filter(|_| object.meta.copy.is_none());
        let (marker, passed) = match source {
            Some(source) => (source.giver, source.hops),
            None => (giver.map(str::to_owned), None),
        };
        let mut terms = ground.terms(tx, &object.head, marker.as_deref())?;
        if let Some(hops) = object.meta.hops {
            terms.join(&marking::Terms { hops: Some(hops), ..marking::Terms::default() });
        }
        terms.join(&marking::Terms { hops: passed, ..marking::Terms::default() });
        meaning::count_hop(tx, &mut terms, giver, object.head.created_by.as_deref().unwrap_or(""))?;
        let embargo = object.meta.sighting.as_ref().and_then(|of| of.embargo.clone());
        terms.join(&marking::Terms { embargo, ..marking::Terms::default() });
        let shown = match (object.meta.shown, giver) {
            (Some(shown), _) => shown,
            (None, Some(_)) if giveaway::shows_anyhow(&object.head) => true,
            (None, Some(giver)) => giveaway::says_any(object.body, ground.names(tx, giver)?),
            (None, None) => false,
        };
        let facts = Facts {
            id: object.meta.id.clone(),
            kind: object.meta.kind.clone(),
            topics: facet::topics_of(&object.head),
            giver: giver.map(str::to_owned),
            shown,
            sighting: sight::facet_of(&object.meta),
        };
        Ok(Beside { facts, terms, partial: ground.is_partial(tx, &object.head, marker.as_deref())? })
    }

    /// The terms as they are kept.
    fn asks(&self) -> Result<String> {
        facet::written(&self.terms)
    }
}

/// The ids of a run of which other versions are held. Which these are counts only where they are of several lines: a long history in one line
/// is not read for each version that is added to it.
fn others_of(tx: &mut Tx<'_>, objects: &[Object<'_>], beside: &[Beside]) -> Result<BTreeMap<String, Vec<Held>>> {
    let ids: Vec<&str> = objects.iter().map(|object| object.meta.id.as_str()).collect();
    let lines = versions::last_lines(tx, &ids)?;
    let parted = |object: &&Object<'_>| lines.get(&object.meta.id).is_some_and(|line| *line != 0 || object.line() != 0);
    let ids: Vec<&str> = objects.iter().filter(parted).map(|object| object.meta.id.as_str()).collect();
    let mut others = versions::held(tx, &ids)?;
    for (object, beside) in objects.iter().zip(beside) {
        if let Some(others) = others.get_mut(&object.meta.id) {
            others.push(object.held(beside.facts.giver.clone()));
        }
    }
    for id in lines.into_keys() {
        others.entry(id).or_default();
    }
    Ok(others)
}

fn insert_objects(tx: &mut Tx<'_>, objects: &[Object<'_>], beside: &[Beside]) -> Result<()> {
    let beside_lines: Vec<String> = objects.iter().map(|o| versions::written(&o.meta.beside)).collect();
    let asks: Vec<String> = beside.iter().map(Beside::asks).collect::<Result<_>>()?;
    let columns = [
        Column::Int(objects.iter().map(|o| o.index).collect()),
        Column::Text(objects.iter().map(|o| o.meta.id.as_str()).collect()),
        Column::Text(objects.iter().map(|o| o.meta.kind.as_str()).collect()),
        Column::OptText(objects.iter().map(|o| o.meta.version.as_deref()).collect()),
        Column::Text(objects.iter().map(Object::vkey).collect()),
        Column::Text(objects.iter().map(Object::created).collect()),
        Column::Text(objects.iter().map(|o| o.head.created_by.as_deref().unwrap_or("")).collect()),
        Column::Int(objects.iter().map(|o| i64::from(o.head.revoked)).collect()),
        Column::Text(objects.iter().map(|o| o.meta.spec.as_str()).collect()),
        Column::OptInt(objects.iter().map(|o| o.meta.tlp.map(Tlp::rank)).collect()),
        Column::Int(objects.iter().map(|o| o.meta.waiting.len() as i64).collect()),
        Column::Text(objects.iter().map(|o| o.meta.source.as_str()).collect()),
        Column::OptText(beside.iter().map(|b| b.facts.giver.as_deref()).collect()),
        Column::Int(beside.iter().map(|b| i64::from(b.facts.shown)).collect()),
        Column::Int(beside.iter().map(|b| i64::from(b.partial)).collect()),
        Column::Text(asks.iter().map(String::as_str).collect()),
        Column::Int(objects.iter().map(|o| o.body.len() as i64).collect()),
        Column::OptInt(objects.iter().map(|o| o.meta.copy.as_ref().map(|copy| copy.of)).collect()),
        Column::Int(objects.iter().map(Object::line).collect()),
        Column::Int(objects.iter().map(|o| i64::from(o.meta.aside)).collect()),
        Column::Text(beside_lines.iter().map(String::as_str).collect()),
    ];
    let insert = "INSERT INTO @stix_object (idx, id, kind, version, vkey, created, creator, revoked, spec, tlp, waiting, source, giver, shown, partial, asks, size, copy_of, line, aside, beside)";
    tx.bulk(insert, &columns, "")?;
    let topics = || objects.iter().zip(beside).flat_map(|(o, b)| b.facts.topics.iter().map(|t| (o.index, t.as_str())));
    let columns = [Column::Int(topics().map(|t| t.0).collect()), Column::Text(topics().map(|t| t.1).collect())];
    // two labels may be the same in a table (U+0000)
    tx.bulk("INSERT INTO @topic (object, topic)", &columns, "ON CONFLICT (topic, object) DO NOTHING")?;
    let waiting = || objects.iter().flat_map(|o| o.meta.waiting.iter().map(|m| (m.as_str(), o.index)));
    let columns = [Column::Text(waiting().map(|w| w.0).collect()), Column::Int(waiting().map(|w| w.1).collect())];
    let insert = "INSERT INTO @waiting (marking, object)";
    tx.bulk(insert, &columns, "ON CONFLICT (marking, object) DO NOTHING")
}

fn fold_listed(tx: &mut Tx<'_>, event: &Event, meta: &ListedMeta) -> Result<()> {
    let sql = "SELECT id, vkey, tlp, waiting, partial, kind, giver, shown, asks, size FROM @stix_object WHERE idx = $1";
    let row = tx.one(sql, &[meta.object.into()], |r| {
        let listed = view::Listed {
            object: meta.object,
            seq: event.index,
            known: event.known,
            id: r.text(0).to_owned(),
            vkey: r.text(1).to_owned(),
            size: r.int(9),
            tlp: view::effective(r.opt_int(2), r.int(3)),
            partial: r.bool(4),
            facet: facet::PLAIN,
        };
        let (kind, giver) = (r.text(5).to_owned(), r.opt_text(6).map(str::to_owned));
        let facts =
            Facts { id: r.text(0).to_owned(), kind, topics: BTreeSet::new(), giver, shown: r.bool(7), sighting: None };
        (listed, facts, facet::asked(r.text(8)), r.int(3) > 0)
    })?;
    let (mut listed, mut facts, terms, waiting) =
        row.ok_or_else(|| Error::park("object-unknown", format!("event {} is no object that is held", meta.object)))?;
    if let Some(of) = &meta.copy {
        copy::fold(tx, &meta.collection, of, &listed.id)?;
    }
    // what is listed already stays as it is listed
    let sql = "SELECT 1 FROM @listing WHERE object = $1 AND collection = $2";
    if tx.one(sql, &[meta.object.into(), (&meta.collection).into()], |_| ())?.is_some() {
        return Ok(());
    }
    facts.topics = facet::topics(tx, meta.object)?;
    facts.sighting = sight::of(tx, meta.object, &facts.kind)?;
    let mut ground = Ground::load(tx, &meta.collection)?;
    let facet = ground.facet(tx, &facts, terms, waiting)?;
    if facet.unnamed {
        copy::note(tx, meta.object, &meta.collection, false, &facet, meta.copy.as_ref())?;
    }
    listed.facet = ground.number(tx, facet)?;
    facet::meet(tx, event.known, &meta.collection, listed.facet)?;
    let others = versions::held(tx, &[&listed.id])?;
    view::list(tx, &meta.collection, &[listed], &others)?;
    sight::fold_listed(tx, event.index, &meta.collection, meta.object, &facts)
}

fn fold_withdrawn(tx: &mut Tx<'_>, event: &Event, meta: &WithdrawnMeta) -> Result<()> {
    for object in &meta.objects {
        let sql = "DELETE FROM @listing WHERE collection = $1 AND object = $2";
        tx.run(sql, &[(&meta.collection).into(), (*object).into()])?;
    }
    view::withdraw(tx, &meta.collection, &meta.objects, event.known)
}
