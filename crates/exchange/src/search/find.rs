//! Asking the postings. What stands in the answer, in its counts and in what it says of its own limits follows from what the asker's
//! views hold and from nothing else (DESIGN, "Who sees what"): entries that the asker may not see are dropped before anything is counted,
//! and the order is that of listing and admission, never a weight made of all texts.
use super::terms::{self, DOCUMENT_TERMS_MAX, OBJECT_TERMS_MAX, Reader};
use super::{BUCKETS, PLACE_BITS, POSTING, SEGMENT, numbers, split};
use crate::batch::rows;
use crate::collection::{self, Collection};
use crate::rights::{self, Sight};
use crate::view;
use jiff::civil::Date;
use ledger::{Micros, Result, Row, Tx};
use partners::Person;
use partners::release::{Readers, Subject, What as Scope, decide};
use std::collections::{BTreeMap, BTreeSet};
use stix::Tlp;

/// Entries that match and may be seen, of which facets are counted and beyond which nobody looks.
pub const EXAMINED_MAX: usize = 1_000;
/// Hits of one page.
pub const PAGE: usize = 50;
/// Words of one question.
const WORDS_MAX: usize = 12;
/// Candidates that are looked at together.
const CHUNK: usize = 256;
/// More candidates than these in one segment are met from the side of what may be seen.
const DENSE: usize = 256;
/// Segments whose postings are read at once, first and at most: the newest usually suffice.
const RUN: (usize, usize) = (2, 64);
/// Words of 64 places in a segment.
const WORDS: usize = 1 << (PLACE_BITS - 6);

/// The last versions among objects that a view holds. The way is from the object to its entry, as in [`crate::page`]: asked the other way
/// round, SQLite walks the whole view.
pub(crate) const IN_VIEW: &str = "SELECT e.object, e.added, o.id, o.kind, o.tlp, o.waiting, o.partial, o.source, o.revoked FROM @stix_object o \
                                  CROSS JOIN @view_entry e WHERE o.idx IN (*) AND e.view = $1 AND e.object = o.idx AND e.is_last = 1";

/// What is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Words, all of which it must have.
    pub text: String,
    /// Its type, or the form of a document.
    pub kind: Option<String>,
    /// Where it came from; heeded only for whoever sees all.
    pub source: Option<String>,
    /// Its mark.
    pub tlp: Option<Tlp>,
    /// The id of a collection.
    pub collection: Option<String>,
    /// Added to what the asker sees at or after this.
    pub from: Option<Micros>,
    /// And before this.
    pub to: Option<Micros>,
    /// Hits before the first one of this page.
    pub skip: usize,
}

/// What a hit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// A STIX object.
    Object,
    /// A document of another form.
    Document,
}

/// One thing found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Object or document.
    pub what: What,
    /// The event whose body it is.
    pub event: i64,
    /// Its `id`.
    pub id: String,
    /// Its type, or its form.
    pub kind: String,
    /// The mark that counts where it was found.
    pub tlp: Tlp,
    /// Where it came from; empty for whoever may not know.
    pub source: String,
    /// The collection in which it was found, by id.
    pub collection: String,
    /// When it was added to what the asker sees.
    pub added: Micros,
    /// It was revoked.
    pub revoked: bool,
    /// The bytes, of hits on the page asked for.
    pub body: Vec<u8>,
}

/// One part of what was found: a value and how many have it.
pub type Part = (String, usize);

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// This page, newest first; what stands between things, such as relationships, after them.
    pub hits: Vec<Hit>,
    /// How many there are, as far as was looked.
    pub total: usize,
    /// There may be more: only the newest [`EXAMINED_MAX`] were looked at.
    pub more: bool,
    /// When the last one that was looked at was added.
    pub back_to: Option<Micros>,
    /// By type and form, the most frequent first.
    pub kinds: Vec<Part>,
    /// By mark, the strictest first.
    pub marks: Vec<(Tlp, usize)>,
    /// By source, the most frequent first; empty for whoever may not know.
    pub sources: Vec<Part>,
    /// By the day on which its week began (ISO 8601, Monday), the newest first.
    pub weeks: Vec<Part>,
    /// Words that are too common or too short to be asked for.
    pub common: Vec<String>,
}

/// Looks for what `person` may see on the day `on`.
pub fn find(tx: &mut Tx<'_>, person: &Person, on: Date, wanted: &Wanted) -> Result<Found> {
    let (mut words, common) = terms::asked(&wanted.text);
    words.truncate(WORDS_MAX);
    let mut found = Found { common, ..Found::default() };
    if words.is_empty() && !found.common.is_empty() {
        return Ok(found);
    }
    let mut numbers: Vec<u64> = words.iter().map(|word| terms::number(word)).collect();
    numbers.extend(wanted.kind.as_deref().map(terms::of_kind));
    let source = wanted.source.as_deref().filter(|_| person.sees_all());
    numbers.extend(source.map(terms::of_source));
    let mut look = Look { eyes: Eyes::open(tx, person, on, wanted)?, wanted, seen: BTreeSet::new(), hits: Vec::new() };
    look.all(tx, &numbers)?;
    let Look { mut hits, .. } = look;
    found.more = hits.len() >= EXAMINED_MAX;
    hits.truncate(EXAMINED_MAX);
    found.back_to = hits.iter().map(|hit| hit.added).min();
    hits.retain(|hit| wanted.tlp.is_none_or(|tlp| hit.tlp == tlp));
    hits.sort_by_key(|hit| (is_between(&hit.kind), std::cmp::Reverse((hit.added, hit.event))));
    count(&mut found, &hits);
    found.hits = hits.into_iter().skip(wanted.skip).take(PAGE).collect();
    let mut reader = Reader::default();
    for hit in &mut found.hits {
        hit.body = tx.body(hit.event)?.unwrap_or_default();
    }
    // a posting holds a part of a term's number: what is shown is held against its words
    found.hits.retain(|hit| {
        hit.what == What::Document || reader.has(&hit.body, OBJECT_TERMS_MAX.max(DOCUMENT_TERMS_MAX), &words)
    });
    Ok(found)
}

/// Whether a type says something of other things and is none itself: it comes after them.
fn is_between(kind: &str) -> bool {
    matches!(kind, "relationship" | "marking-definition" | "language-content" | "extension-definition")
}

/// The objects that refer to the object `id`, as far as `person` may see them, newest first, `limit` at most; and whether there may be more.
pub fn referring(tx: &mut Tx<'_>, person: &Person, on: Date, id: &str, limit: usize) -> Result<(Vec<Hit>, bool)> {
    let wanted = Wanted::default();
    let eyes = Eyes::open(tx, person, on, &wanted)?;
    let mut look = Look { eyes, wanted: &wanted, seen: BTreeSet::new(), hits: Vec::new() };
    look.all(tx, &[terms::of_reference(id)])?;
    let mut hits = look.hits;
    let more = hits.len() > limit;
    hits.truncate(limit);
    for hit in &mut hits {
        hit.body = tx.body(hit.event)?.unwrap_or_default();
    }
    // a posting holds a part of a number
    hits.retain(|hit| String::from_utf8_lossy(&hit.body).contains(id));
    Ok((hits, more))
}

fn count(found: &mut Found, hits: &[Hit]) {
    let (mut kinds, mut sources): (BTreeMap<&str, usize>, BTreeMap<&str, usize>) = (BTreeMap::new(), BTreeMap::new());
    let (mut marks, mut weeks): (BTreeMap<i64, usize>, BTreeMap<String, usize>) = (BTreeMap::new(), BTreeMap::new());
    for hit in hits {
        *kinds.entry(&hit.kind).or_default() += 1;
        *marks.entry(hit.tlp.rank()).or_default() += 1;
        *weeks.entry(week(hit.added)).or_default() += 1;
        if !hit.source.is_empty() {
            *sources.entry(&hit.source).or_default() += 1;
        }
    }
    let by_count = |of: BTreeMap<&str, usize>| {
        let mut list: Vec<Part> = of.into_iter().map(|(value, n)| (value.to_owned(), n)).collect();
        list.sort_by(|a, b| (b.1, &a.0).cmp(&(a.1, &b.0)));
        list
    };
    found.total = hits.len();
    found.kinds = by_count(kinds);
    found.sources = by_count(sources);
    found.marks = marks.into_iter().rev().map(|(rank, n)| (Tlp::from_rank(rank), n)).collect();
    found.weeks = weeks.into_iter().rev().collect();
}

/// The Monday of the week in which an instant lies, UTC.
pub(crate) fn week(at: Micros) -> String {
    let Ok(day) = at.day().parse::<Date>() else { return at.day() };
    let back = i32::from(day.weekday().to_monday_zero_offset());
    day.checked_sub(jiff::Span::new().days(back)).map_or_else(|_| at.day(), |monday| monday.to_string())
}

/// What the asker may look into.
pub(crate) struct Eyes {
    /// By collection: its view, the rank of what is unmarked.
    pub(crate) doors: BTreeMap<String, (i64, i64)>,
    /// By collection and mark: whether a document passes.
    documents: BTreeSet<(String, i64)>,
    pub(crate) sees_all: bool,
}

impl Eyes {
    pub(crate) fn open(tx: &mut Tx<'_>, person: &Person, on: Date, wanted: &Wanted) -> Result<Eyes> {
        let mut eyes = Eyes { doors: BTreeMap::new(), documents: BTreeSet::new(), sees_all: person.sees_all() };
        let of = |c: &Collection| wanted.collection.as_ref().is_none_or(|id| *id == c.id);
        for collection in collection::all(tx)?.into_iter().filter(of) {
            if let Sight::View(view) = rights::sight(tx, person, &collection, on)? {
                eyes.doors.insert(collection.id.clone(), (view, collection.tlp.rank()));
            }
            let named: Vec<&str> = collection.read.iter().map(String::as_str).collect();
            let readers = if named.is_empty() { Readers::OperatorOnly } else { Readers::Named(&named) };
            for tlp in Tlp::ALL {
                let what = Scope { collection: Some(&collection.id), ..Scope::default() };
                let subject = Subject { what, ..Subject::new(tlp, readers) };
                if person.is_local() || decide(&subject, &person.recipient(), on).allowed {
                    eyes.documents.insert((collection.id.clone(), tlp.rank()));
                }
            }
        }
        Ok(eyes)
    }

    /// Whether a document may be seen. A bill of materials tells of an owner's weakness: it is for the operator's own.
    pub(crate) fn sees(&self, form: &str, collection: &str, tlp: i64) -> bool {
        let of_owner = matches!(form, "cyclonedx" | "spdx");
        (self.sees_all || !of_owner) && self.documents.contains(&(collection.to_owned(), tlp))
    }
}

/// One search under way.
struct Look<'a> {
    eyes: Eyes,
    wanted: &'a Wanted,
    /// Objects and documents that were found already: each counts once, where it was added last.
    seen: BTreeSet<String>,
    hits: Vec<Hit>,
}

impl Look<'_> {
    fn is_done(&self) -> bool {
        self.hits.len() >= EXAMINED_MAX
    }

    /// From the newest entry to the oldest.
    fn all(&mut self, tx: &mut Tx<'_>, numbers: &[u64]) -> Result<()> {
        let mut waiting: Vec<i64> = Vec::new();
        let open = open_entries(tx, numbers)?;
        self.segment(tx, open, &mut waiting)?;
        let segments = self.segments(tx)?;
        let (mut rest, mut run) = (segments.as_slice(), RUN.0);
        while !rest.is_empty() && !self.is_done() {
            let (now, later) = rest.split_at(run.min(rest.len()));
            for (segment, places) in closed(tx, now, numbers)?.into_iter().rev() {
                if self.is_done() {
                    break;
                }
                let entries = places.entries(segment);
                self.segment(tx, entries, &mut waiting)?;
            }
            rest = later;
            run = (run * 4).min(RUN.1);
        }
        self.resolve(tx, &mut waiting)
    }

    /// The closed segments, newest first, without those that began too late for what is asked.
    fn segments(&self, tx: &mut Tx<'_>) -> Result<Vec<i64>> {
        let last = tx.one("SELECT MAX(slot) FROM @posting", &[], |r| r.opt_int(0))?.flatten();
        let until = self.wanted.to.map_or(i64::MAX, |to| to.0);
        let sql = "SELECT segment FROM @posting_segment WHERE known >= $1 ORDER BY segment";
        let late: BTreeSet<i64> = tx.all(sql, &[until.into()], |r| r.int(0))?.into_iter().collect();
        Ok((0..=last.map_or(-1, |slot| slot / BUCKETS)).rev().filter(|segment| !late.contains(segment)).collect())
    }

    /// Takes the entries of one segment that have all terms, newest first.
    fn segment(&mut self, tx: &mut Tx<'_>, entries: Vec<i64>, waiting: &mut Vec<i64>) -> Result<()> {
        let entries = match entries.len() > DENSE {
            true => self.visible(tx, entries)?,
            false => entries,
        };
        for entry in entries {
            waiting.push(entry);
            if waiting.len() == CHUNK {
                self.resolve(tx, waiting)?;
            }
            if self.is_done() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Of many entries of one segment those that may be seen, met from the side of the views.
    fn visible(&self, tx: &mut Tx<'_>, entries: Vec<i64>) -> Result<Vec<i64>> {
        let (Some(last), Some(first)) = (entries.first(), entries.last()) else { return Ok(entries) };
        let mut places = Places::empty();
        let mut add = |row: &Row<'_>| {
            places.set((row.int(0) % SEGMENT) as u64);
            Ok(())
        };
        for (view, _) in self.eyes.doors.values() {
            let sql = "SELECT object FROM @view_entry WHERE view = $1 AND object >= $2 AND object <= $3";
            tx.each(sql, &[(*view).into(), (*first).into(), (*last).into()], &mut add)?;
        }
        let range = [(*first).into(), (*last).into()];
        tx.each("SELECT idx FROM @document WHERE idx >= $1 AND idx <= $2", &range, &mut add)?;
        tx.each("SELECT entry FROM @posting_listed WHERE entry >= $1 AND entry <= $2", &range, &mut add)?;
        Ok(entries.into_iter().filter(|entry| places.has((entry % SEGMENT) as u64)).collect())
    }

    /// Looks up what entries are, and keeps those that the asker sees and asked for.
    fn resolve(&mut self, tx: &mut Tx<'_>, waiting: &mut Vec<i64>) -> Result<()> {
        let entries = std::mem::take(waiting);
        if entries.is_empty() {
            return Ok(());
        }
        let mut found: BTreeMap<i64, Hit> = BTreeMap::new();
        let listed: BTreeMap<i64, i64> =
            rows(tx, "SELECT entry, object FROM @posting_listed WHERE entry IN (*)", &[], &entries, &mut |r| {
                (r.int(0), r.int(1))
            })?
            .into_iter()
            .collect();
        let object_of = |entry: &i64| listed.get(entry).copied().unwrap_or(*entry);
        // an object counts where this entry listed it, and in the view of that collection alone
        let mut objects: Vec<i64> = entries.iter().map(object_of).collect();
        objects.dedup();
        let sql = "SELECT seq, collection, object FROM @listing WHERE object IN (*)";
        let listings = rows(tx, sql, &[], &objects, &mut |r| (r.int(0), r.text(1).to_owned(), r.int(2)))?;
        let asked: BTreeSet<i64> = entries.iter().copied().collect();
        let mut of_door: BTreeMap<String, BTreeMap<i64, i64>> = BTreeMap::new();
        for (seq, collection, object) in listings.into_iter().filter(|listing| asked.contains(&listing.0)) {
            of_door.entry(collection).or_default().insert(object, seq);
        }
        for (collection, objects) in of_door {
            if let Some((view, default)) = self.eyes.doors.get(&collection).copied() {
                let ids: Vec<i64> = objects.keys().copied().collect();
                for hit in self.in_view(tx, view, default, &collection, &ids)? {
                    if let Some(seq) = objects.get(&hit.event) {
                        found.insert(*seq, hit);
                    }
                }
            }
        }
        for hit in self.documents(tx, &entries)? {
            found.insert(hit.event, hit);
        }
        for (_, hit) in found.into_iter().rev() {
            let after = self.wanted.from.is_none_or(|from| hit.added >= from);
            let before = self.wanted.to.is_none_or(|to| hit.added < to);
            if after && before && !self.is_done() && self.seen.insert(format!("{} {}", hit.kind, hit.id)) {
                self.hits.push(hit);
            }
        }
        Ok(())
    }

    /// The last versions among these objects that a view holds.
    fn in_view(&self, tx: &mut Tx<'_>, view: i64, default: i64, collection: &str, objects: &[i64]) -> Result<Vec<Hit>> {
        let sql = IN_VIEW;
        rows(tx, sql, &[view.into()], objects, &mut |r| {
            let rank = view::rank(view::effective(r.opt_int(4), r.int(5)), r.bool(6), default);
            Hit {
                what: What::Object,
                event: r.int(0),
                id: r.text(2).to_owned(),
                kind: r.text(3).to_owned(),
                tlp: Tlp::from_rank(rank),
                source: if self.eyes.sees_all { r.text(7).to_owned() } else { String::new() },
                collection: collection.to_owned(),
                added: r.micros(1),
                revoked: r.bool(8),
                body: Vec::new(),
            }
        })
    }

    fn documents(&self, tx: &mut Tx<'_>, entries: &[i64]) -> Result<Vec<Hit>> {
        let sql = "SELECT idx, known, form, id, tlp, source, collection FROM @document WHERE idx IN (*)";
        let all = rows(tx, sql, &[], entries, &mut |r| Hit {
            what: What::Document,
            event: r.int(0),
            id: r.text(3).to_owned(),
            kind: r.text(2).to_owned(),
            tlp: Tlp::from_rank(r.int(4)),
            source: if self.eyes.sees_all { r.text(5).to_owned() } else { String::new() },
            collection: r.text(6).to_owned(),
            added: r.micros(1),
            revoked: false,
            body: Vec::new(),
        })?;
        Ok(all.into_iter().filter(|hit| self.eyes.sees(&hit.kind, &hit.collection, hit.tlp.rank())).collect())
    }
}

/// Places of a segment.
#[derive(Clone)]
struct Places([u64; WORDS]);

impl Places {
    fn empty() -> Places {
        Places([0; WORDS])
    }

    fn full() -> Places {
        Places([u64::MAX; WORDS])
    }

    fn set(&mut self, place: u64) {
        if let Some(word) = self.0.get_mut((place >> 6) as usize) {
            *word |= 1 << (place & 63);
        }
    }

    fn has(&self, place: u64) -> bool {
        self.0.get((place >> 6) as usize).is_some_and(|word| word >> (place & 63) & 1 == 1)
    }

    fn keep(&mut self, other: &Places) {
        for (word, other) in self.0.iter_mut().zip(other.0) {
            *word &= other;
        }
    }

    /// The entries at these places, newest first.
    fn entries(&self, segment: i64) -> Vec<i64> {
        let places = (0..SEGMENT as u64).rev().filter(|place| self.has(*place));
        places.map(|place| (segment << PLACE_BITS) + place as i64).collect()
    }
}

/// Of these closed segments the places whose entries have all terms. With no term asked for, all.
fn closed(tx: &mut Tx<'_>, segments: &[i64], numbers_asked: &[u64]) -> Result<BTreeMap<i64, Places>> {
    let mut out: BTreeMap<i64, Places> = segments.iter().map(|segment| (*segment, Places::full())).collect();
    for term in numbers_asked {
        let (bucket, rest) = split(*term);
        let slots: Vec<i64> = out.keys().map(|segment| segment * BUCKETS + bucket).collect();
        let of_term = rows(tx, "SELECT slot, postings FROM @posting WHERE slot IN (*)", &[], &slots, &mut |r| {
            let mut places = Places::empty();
            for posting in numbers(r.blob(1)).filter(|posting| posting >> PLACE_BITS == rest) {
                places.set(posting & (SEGMENT as u64 - 1));
            }
            (r.int(0) / BUCKETS, places)
        })?;
        let mut of_term: BTreeMap<i64, Places> = of_term.into_iter().collect();
        out.retain(|segment, places| match of_term.remove(segment) {
            Some(other) => {
                places.keep(&other);
                places.0.iter().any(|word| *word != 0)
            }
            None => false,
        });
    }
    Ok(out)
}

/// The entries of the open segment that have all terms, newest first.
fn open_entries(tx: &mut Tx<'_>, numbers_asked: &[u64]) -> Result<Vec<i64>> {
    let mut out = Vec::new();
    let wanted: Vec<[u8; POSTING]> = numbers_asked
        .iter()
        .map(|number| {
            let [.., a, b, c, d, e] = number.to_be_bytes();
            [a, b, c, d, e]
        })
        .collect();
    tx.each("SELECT entry, terms FROM @posting_open ORDER BY entry DESC", &[], &mut |r| {
        let terms = r.blob(1);
        if wanted.iter().all(|number| terms.chunks_exact(POSTING).any(|term| term == number)) {
            out.push(r.int(0));
        }
        Ok(())
    })?;
    Ok(out)
}
