//! The search over everything held: a stage of its own that folds what the log admits into postings, and [`find()`], which asks them.
//! What came of whom, and how regularly, is folded beside ([`crate::arrivals`]).
//!
//! A posting says that an entry of the log has a term, never who may see it: that is asked of the views when a search is made. Entries
//! are the listings of a collection: the admission of an object, its listing in one more collection, a document. Postings of 4,096
//! neighbouring entries of the log are a segment; a closed segment has one row for each of 1,024 buckets of terms, so that a million
//! objects are 250 rows to read for a word; the entries of the open one stand each by itself until it is closed. Where a segment ends
//! is said by the log alone, so a rebuild gives the same bytes. Why not the engines' own full text: decision 0015.
mod find;
mod terms;

pub use find::{EXAMINED_MAX, Found, Hit, PAGE, Part, Wanted, What, find, referring};
pub(crate) use find::{Eyes, week};
pub use terms::{asked, number, numbers_of};

use crate::arrivals::Arrivals;
use crate::event::{self, DocumentMeta, ListedMeta, ObjectBrief};
use ledger::{Ahead, Column, Event, Micros, Result, Stage, Tx};
use rayon::prelude::*;
use serde::Deserialize;
use std::collections::BTreeMap;
use terms::{DOCUMENT_TERMS_MAX, NUMBER_BITS, OBJECT_TERMS_MAX, Reader};

/// Bits of an entry's place in its segment.
const PLACE_BITS: u32 = 12;
/// Entries of the log in one segment.
const SEGMENT: i64 = 1 << PLACE_BITS;
/// Bits of a term's number that say its bucket.
const BUCKET_BITS: u32 = 10;
/// Buckets of a segment.
const BUCKETS: i64 = 1 << BUCKET_BITS;
/// Bits of a term's number that stand in a posting.
const REST_BITS: u32 = NUMBER_BITS - BUCKET_BITS;
/// Bytes of a posting: the rest of the term's number, then the place.
const POSTING: usize = 5;

/// The stage.
#[derive(Clone, Copy, Debug, Default)]
pub struct Search;

impl Stage for Search {
    fn name(&self) -> &'static str {
        "search"
    }

    /// `posting` by segment and bucket; `posting_open` the entries of the last segment; `posting_listed` what entries stand for that are
    /// not an object's own; `posting_segment` when a segment's first object came. `subject`, `given`, `arrival` and `arrival_document` are [`crate::arrivals`]'.
    fn schema(&self) -> &'static str {
        "CREATE TABLE @posting (slot {int} PRIMARY KEY, postings {blob} NOT NULL);
         CREATE TABLE @posting_open (entry {int} PRIMARY KEY, terms {blob} NOT NULL);
         CREATE TABLE @posting_listed (entry {int} PRIMARY KEY, object {int} NOT NULL);
         CREATE TABLE @posting_segment (segment {int} PRIMARY KEY, known {int} NOT NULL);
         CREATE TABLE @subject (object {int} PRIMARY KEY, known {int} NOT NULL, topic {int} NOT NULL, subject {int} NOT NULL);
         CREATE TABLE @given (giver {text} NOT NULL, object {int} NOT NULL, PRIMARY KEY (giver, object));
         CREATE INDEX @given_object ON @given (object);
         CREATE TABLE @arrival (source {text} NOT NULL, day {text} NOT NULL, PRIMARY KEY (source, day));
         CREATE TABLE @arrival_document (entry {int} PRIMARY KEY, source {text} NOT NULL, day {text} NOT NULL);
         CREATE INDEX @arrival_document_source ON @arrival_document (source, day)"
    }

    fn kinds(&self) -> &'static [&'static str] {
        &[event::OBJECT, event::LISTED, event::DOCUMENT, ledger::purge::TOMBSTONE]
    }

    fn apply(&self, tx: &mut Tx<'_>, event: &Event) -> Result<()> {
        self.apply_all(tx, &[event], None)
    }

    fn ahead(&self) -> Option<fn(&[&Event]) -> Ahead> {
        // one core: the other stages have need of the rest
        Some(|events| {
            let mut reader = Reader::default();
            Box::new(events.iter().map(|event| Text::read(event, &mut reader)).collect::<Vec<_>>())
        })
    }

    fn apply_all(&self, tx: &mut Tx<'_>, events: &[&Event], ahead: Option<Ahead>) -> Result<()> {
        let mut reader = Reader::default();
        let mut arrivals = Arrivals::default();
        let mut fold = Fold::begin(tx)?;
        let ahead = ahead.and_then(|ahead| ahead.downcast::<Vec<Option<Text>>>().ok());
        let read = match ahead {
            Some(texts) => *texts,
            // reading is pure, so all cores may do it; folding is in the order of the log
            None => events.par_iter().map_init(Reader::default, |reader, event| Text::read(event, reader)).collect(),
        };
        for (event, text) in events.iter().zip(read) {
            if event.kind == ledger::purge::TOMBSTONE {
                // what came before it is in the tables first
                std::mem::take(&mut arrivals).end(tx)?;
                fold.end(tx)?;
                bury(tx, event)?;
                fold = Fold::begin(tx)?;
                continue;
            }
            let terms = match text {
                Some(text) => text.arrived(event, &mut arrivals),
                None => terms_of(tx, event, &mut reader)?,
            };
            // of a purged document nothing stays, so no segment begins with one
            let began = (event.kind != event::DOCUMENT).then_some(event.known);
            fold.add(tx, event.index, began, &terms)?;
        }
        arrivals.end(tx)?;
        fold.end(tx)
    }
}

/// What is folded of an object or a document that is admitted.
struct Text {
    source: String,
    /// The type of an object, the form of a document.
    kind: String,
    id: String,
    called: String,
    /// This hub made it: it came from nobody.
    copied: bool,
    terms: Vec<u64>,
}

impl Text {
    /// Reads one; `None` for other events, and for one that cannot be read: that has no terms, and its own stage says so.
    fn read(event: &Event, reader: &mut Reader) -> Option<Text> {
        match event.kind.as_str() {
            event::OBJECT => {
                let meta: ObjectBrief<'_> = event.meta().ok()?;
                let terms = of_object(event, &meta, reader);
                let (id, kind, source) = (meta.id.into_owned(), meta.kind.into_owned(), meta.source.into_owned());
                let (called, copied) = (reader.called().to_owned(), meta.copy.is_some());
                Some(Text { source, kind, id, called, copied, terms })
            }
            event::DOCUMENT => {
                let meta: DocumentMeta = event.meta().ok()?;
                let terms = of_document(event, &meta, reader);
                let DocumentMeta { id, form, source, .. } = meta;
                Some(Text { source, kind: form, called: id.clone(), id, copied: false, terms })
            }
            _ => None,
        }
    }

    /// Its terms, after it was counted where it came from.
    fn arrived(self, event: &Event, arrivals: &mut Arrivals) -> Vec<u64> {
        if !self.copied {
            arrivals.add(event, &self.source, &self.kind, &self.id, &self.called);
        }
        self.terms
    }
}

/// The numbers of the terms of an entry that admits nothing: those of the object that it lists, or none.
fn terms_of(tx: &mut Tx<'_>, event: &Event, reader: &mut Reader) -> Result<Vec<u64>> {
    if event.kind != event::LISTED {
        return Ok(Vec::new());
    }
    let Ok(meta) = event.meta::<ListedMeta>() else { return Ok(Vec::new()) };
    let sql = "INSERT INTO @posting_listed (entry, object) VALUES ($1, $2)";
    tx.run(sql, &[event.index.into(), meta.object.into()])?;
    let object = tx.event(meta.object)?.filter(|object| object.payload.is_some());
    let read = object.as_ref().and_then(|object| Some((object.meta::<ObjectBrief<'_>>().ok()?, object)));
    Ok(read.map_or_else(Vec::new, |(meta, object)| of_object(object, &meta, reader)))
}

fn of_document(event: &Event, meta: &DocumentMeta, reader: &mut Reader) -> Vec<u64> {
    let mut terms = reader.read(event.body(), DOCUMENT_TERMS_MAX).to_vec();
    let named = terms::asked(&format!("{} {}", meta.id, meta.title.as_deref().unwrap_or_default())).0;
    terms.extend(named.iter().map(|word| terms::number(word)));
    terms.extend([terms::of_kind(&meta.form), terms::of_source(&meta.source)]);
    terms
}

fn of_object(event: &Event, meta: &ObjectBrief<'_>, reader: &mut Reader) -> Vec<u64> {
    let mut terms = reader.read(event.body(), OBJECT_TERMS_MAX).to_vec();
    terms.extend_from_slice(reader.references());
    terms.extend([terms::of_kind(&meta.kind), terms::of_source(&meta.source)]);
    terms
}

/// The open segment while a run of events is folded.
struct Fold {
    segment: Option<i64>,
    /// The segment whose beginning is known to be written down.
    begun: Option<i64>,
    /// Entries of the open segment that stand in the table already.
    stored: bool,
    fresh: Vec<(i64, Vec<u8>)>,
}

impl Fold {
    fn begin(tx: &mut Tx<'_>) -> Result<Fold> {
        let last = tx.one("SELECT entry FROM @posting_open ORDER BY entry DESC LIMIT 1", &[], |r| r.int(0))?;
        Ok(Fold {
            segment: last.map(|entry| entry >> PLACE_BITS),
            begun: None,
            stored: last.is_some(),
            fresh: Vec::new(),
        })
    }

    fn add(&mut self, tx: &mut Tx<'_>, entry: i64, began: Option<Micros>, terms: &[u64]) -> Result<()> {
        let segment = entry >> PLACE_BITS;
        if self.segment != Some(segment) {
            self.close(tx)?;
            self.segment = Some(segment);
        }
        if let Some(known) = began.filter(|_| self.begun != Some(segment)) {
            let sql = "INSERT INTO @posting_segment (segment, known) VALUES ($1, $2) ON CONFLICT (segment) DO NOTHING";
            tx.run(sql, &[segment.into(), known.into()])?;
            self.begun = Some(segment);
        }
        let mut bytes = Vec::with_capacity(terms.len() * POSTING);
        for term in terms {
            bytes.extend_from_slice(term.to_be_bytes().get(8 - POSTING..).unwrap_or_default());
        }
        self.fresh.push((entry, bytes));
        Ok(())
    }

    /// Turns the entries of the open segment into its buckets.
    fn close(&mut self, tx: &mut Tx<'_>) -> Result<()> {
        let Some(segment) = self.segment else { return Ok(()) };
        let mut buckets = vec![Vec::new(); BUCKETS as usize];
        if self.stored {
            tx.each("SELECT entry, terms FROM @posting_open ORDER BY entry", &[], &mut |r| {
                pour(r.int(0), r.blob(1), &mut buckets);
                Ok(())
            })?;
            tx.run("DELETE FROM @posting_open", &[])?;
        }
        for (entry, terms) in self.fresh.drain(..) {
            pour(entry, &terms, &mut buckets);
        }
        let filled = || buckets.iter().enumerate().filter(|(_, postings)| !postings.is_empty());
        let columns = [
            Column::Int(filled().map(|(bucket, _)| segment * BUCKETS + bucket as i64).collect()),
            Column::Blob(filled().map(|(_, postings)| postings.as_slice()).collect()),
        ];
        tx.bulk("INSERT INTO @posting (slot, postings)", &columns, "")?;
        self.stored = false;
        Ok(())
    }

    /// Leaves the entries of the open segment for the next run.
    fn end(self, tx: &mut Tx<'_>) -> Result<()> {
        let columns = [
            Column::Int(self.fresh.iter().map(|(entry, _)| *entry).collect()),
            Column::Blob(self.fresh.iter().map(|(_, terms)| terms.as_slice()).collect()),
        ];
        tx.bulk("INSERT INTO @posting_open (entry, terms)", &columns, "")
    }
}

/// Adds the postings of one entry to its buckets.
fn pour(entry: i64, terms: &[u8], buckets: &mut [Vec<u8>]) {
    let place = (entry % SEGMENT) as u64;
    for term in numbers(terms) {
        let (bucket, rest) = split(term);
        if let Some(bucket) = buckets.get_mut(bucket as usize) {
            let posting = (rest << PLACE_BITS) | place;
            bucket.extend_from_slice(posting.to_be_bytes().get(8 - POSTING..).unwrap_or_default());
        }
    }
}

/// The numbers that stand one after the other in these bytes.
fn numbers(bytes: &[u8]) -> impl Iterator<Item = u64> {
    bytes.chunks_exact(POSTING).map(|chunk| chunk.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

/// The bucket of a term's number and what of it stands in a posting.
fn split(term: u64) -> (i64, u64) {
    ((term >> REST_BITS) as i64, term & ((1 << REST_BITS) - 1))
}

#[derive(Deserialize)]
struct Stone {
    entries: Vec<ledger::purge::Grave>,
}

/// What a tombstone names leaves the postings, with each listing of it. The first version named one entry and came with a rebuild.
fn bury(tx: &mut Tx<'_>, event: &Event) -> Result<()> {
    if event.version < 2 {
        return Ok(());
    }
    let Ok(stone) = event.meta::<Stone>() else { return Ok(()) };
    for grave in stone.entries {
        let sql = "SELECT entry FROM @posting_listed WHERE object = $1 ORDER BY entry";
        let listings = tx.all(sql, &[grave.index.into()], |r| r.int(0))?;
        listings.into_iter().chain([grave.index]).try_for_each(|entry| forget(tx, entry))?;
    }
    Ok(())
}

/// Takes an entry out of the postings: what a purge of its payload leaves would otherwise still say which words it held.
pub fn forget(tx: &mut Tx<'_>, entry: i64) -> Result<()> {
    tx.run("DELETE FROM @posting_open WHERE entry = $1", &[entry.into()])?;
    tx.run("DELETE FROM @posting_listed WHERE entry = $1", &[entry.into()])?;
    crate::arrivals::forget(tx, entry)?;
    let (first, place) = ((entry >> PLACE_BITS) * BUCKETS, (entry % SEGMENT) as u64);
    let sql = "SELECT slot, postings FROM @posting WHERE slot >= $1 AND slot < $2 ORDER BY slot";
    let rows = tx.all(sql, &[first.into(), (first + BUCKETS).into()], |r| (r.int(0), r.blob(1).to_vec()))?;
    let mut kept: BTreeMap<i64, Vec<u8>> = BTreeMap::new();
    for (slot, postings) in rows {
        let stays = |posting: &&[u8]| numbers(posting).all(|number| number & ((1 << PLACE_BITS) - 1) != place);
        let left: Vec<u8> = postings.chunks_exact(POSTING).filter(stays).flatten().copied().collect();
        if left.len() < postings.len() {
            kept.insert(slot, left);
        }
    }
    for (slot, postings) in kept {
        match postings.is_empty() {
            true => tx.run("DELETE FROM @posting WHERE slot = $1", &[slot.into()])?,
            false => tx.run("UPDATE @posting SET postings = $2 WHERE slot = $1", &[slot.into(), (&postings).into()])?,
        };
    }
    Ok(())
}

#[cfg(test)]
mod tests;
