//! Matching what is due, live only: new observed-data against all indicators, new indicators against the observed-data that is held. What
//! was done is recorded as it is done, in slices, so that a broken-off run goes on where it was; a pair is recorded once, by its key.
use super::index::{Cache, Index, Part};
use super::{INDICATOR, OBSERVED, RUN, key_of};
use crate::event::{self, Lines, ObjectMeta, SightingOf, SoughtMeta, Unsure};
use crate::{batch, collection, copy, facet};
use ledger::{Draft, Error, Result, Tx};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use stix::marking::Terms;
use stix::pattern::{BUDGET, Observation, Verdict};
use stix::{Tlp, tlp};

/// Observed-data of one unit of work.
const OBSERVED_MAX: i64 = 1_000;
/// Indicators that are run together against what is held.
const INDICATORS_MAX: i64 = 20_000;
/// Observables that one unit of work reads, unless one observed-data names more.
const THINGS_MAX: usize = 20_000;
/// Indicators that one observed-data is recorded to have seen: what meets more tells nothing.
const MATCHES_MAX: usize = 1_000;
/// Sightings of one indicator: what is seen more often is too wide to be one. It bounds too what its giver may learn by asking.
const SIGHTINGS_MAX: i64 = 1_000;

/// Matches a slice of what is due. Nearly always there is nothing, which two look-ups tell.
pub(crate) fn settle(tx: &mut Tx<'_>, cache: &Cache) -> Result<()> {
    let indicators = due(tx, INDICATOR, INDICATORS_MAX)?;
    let observed = due(tx, OBSERVED, OBSERVED_MAX)?;
    if indicators.is_empty() && observed.is_empty() {
        return Ok(());
    }
    let mut index = cache.lock();
    index.follow(tx)?;
    let operator = copy::operator(tx)?;
    let mut desk = Desk { operator, made: BTreeSet::new(), counts: BTreeMap::new(), unsure: BTreeSet::new() };
    let mut done = SoughtMeta::default();
    desk.scan(tx, &mut index, &indicators, &mut done)?;
    desk.seek(tx, &index, &observed, &mut done)?;
    done.unsure = desk.unsure.into_iter().collect();
    let place = |at: Option<(i64, i64)>| at.map(|(at, object)| format!("{at}.{object}")).unwrap_or_default();
    let scanned = done.scanned.map(|at| at.to_string()).unwrap_or_default();
    let key = format!("exchange/sought/{}/{}/{scanned}", place(done.observed), place(done.indicators));
    tx.append(Draft::new(event::SOUGHT, &done)?.key(key)).map(drop)
}

/// What is due, in the order in which it became so: the event that made it due, and its own.
fn due(tx: &mut Tx<'_>, what: i64, limit: i64) -> Result<Vec<(i64, i64)>> {
    let sql = "SELECT at, object FROM @sight_due WHERE what = $1 ORDER BY at, object LIMIT $2";
    tx.all(sql, &[what.into(), limit.into()], |r| (r.int(0), r.int(1)))
}

/// One observed-data object that counts.
struct Seen {
    event: i64,
    id: String,
    line: i64,
    giver: Option<String>,
    value: Value,
    collections: BTreeSet<String>,
}

/// Some observed-data with the observables that they name, as far as they are held.
#[derive(Default)]
struct Scene {
    seen: Vec<Seen>,
    things: BTreeMap<String, Vec<Thing>>,
}

/// An observable as one line of versions has it.
#[derive(Default)]
struct Thing {
    event: i64,
    giver: Option<String>,
    collections: BTreeSet<String>,
    value: Value,
}

impl Scene {
    /// Reads these events, in order, until there are enough observables; gives how many were read.
    fn read(tx: &mut Tx<'_>, events: &[i64]) -> Result<(Scene, usize)> {
        let mut scene = Scene::default();
        let mut refs: BTreeSet<String> = BTreeSet::new();
        let mut count = 0;
        for event in events {
            if count > 0 && refs.len() > THINGS_MAX {
                break;
            }
            count += 1;
            let Some(seen) = Seen::read(tx, *event)? else { continue };
            refs.extend(seen.refs().map(str::to_owned));
            scene.seen.push(seen);
        }
        let refs: Vec<&str> = refs.iter().map(String::as_str).collect();
        let sql = "SELECT o.id, o.idx, l.collection, o.line, o.giver FROM @stix_object o JOIN @listing l ON l.object = o.idx WHERE o.id IN (*) \
                   ORDER BY o.id, o.line, o.vkey, l.collection";
        let mut places: BTreeMap<(String, i64), Thing> = BTreeMap::new();
        batch::each(tx, sql, &[], &refs, &mut |r| {
            let place = places.entry((r.text(0).to_owned(), r.int(3))).or_default();
            if place.event != r.int(1) {
                // a later version
                *place = Thing { event: r.int(1), giver: r.opt_text(4).map(str::to_owned), ..Thing::default() };
            }
            place.collections.insert(r.text(2).to_owned());
        })?;
        for ((id, _), mut thing) in places {
            let Some(bytes) = tx.body(thing.event)? else { continue };
            if let Ok(value) = serde_json::from_slice(&bytes) {
                thing.value = value;
                scene.things.entry(id).or_default().push(thing);
            }
        }
        Ok((scene, count))
    }

    /// What an observed-data names counts for it where both stand in one collection: nobody learns by naming it what somebody else gave
    /// elsewhere. Of several lines that of whoever gave the observed-data, else the first.
    fn thing(&self, seen: &Seen, id: &str) -> Option<&Thing> {
        let here = |thing: &&Thing| !thing.collections.is_disjoint(&seen.collections);
        let mut all = self.things.get(id)?.iter().filter(here);
        all.clone().find(|thing| thing.giver == seen.giver).or_else(|| all.next())
    }
}

impl Seen {
    /// Nothing where it is no longer what counts, stands nowhere, or was erased.
    fn read(tx: &mut Tx<'_>, event: i64) -> Result<Option<Seen>> {
        let sql = "SELECT s.id, s.line, o.giver FROM @observed s JOIN @stix_object o ON o.idx = s.idx WHERE s.idx = $1 AND s.revoked = 0";
        let row =
            tx.one(sql, &[event.into()], |r| (r.text(0).to_owned(), r.int(1), r.opt_text(2).map(str::to_owned)))?;
        let Some((id, line, giver)) = row else { return Ok(None) };
        let sql = "SELECT collection FROM @listing WHERE object = $1 ORDER BY collection";
        let collections: BTreeSet<String> =
            tx.all(sql, &[event.into()], |r| r.text(0).to_owned())?.into_iter().collect();
        if collections.is_empty() {
            return Ok(None);
        }
        let value = tx.body(event)?.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        Ok(value.map(|value| Seen { event, id, line, giver, value, collections }))
    }

    fn refs(&self) -> impl Iterator<Item = &str> {
        self.value.get("object_refs").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
    }

    fn text(&self, property: &str) -> Option<&str> {
        self.value.get(property).and_then(Value::as_str)
    }
}

/// What the markings of an object come to, and the collections it stands in, the first one first.
struct Marks {
    tlp: Tlp,
    terms: Terms,
    waiting: bool,
    collections: Vec<String>,
}

impl Marks {
    /// `within`: only the defaults of these collections count. Nothing where it stands in none.
    fn read(tx: &mut Tx<'_>, object: i64, within: Option<&BTreeSet<String>>) -> Result<Option<Marks>> {
        let sql = "SELECT l.collection, c.tlp FROM @listing l JOIN @collection c ON c.id = l.collection WHERE l.object = $1 ORDER BY l.seq, l.collection";
        let places = tx.all(sql, &[object.into()], |r| (r.text(0).to_owned(), Tlp::from_rank(r.int(1))))?;
        let counts = |place: &&(String, Tlp)| within.is_none_or(|within| within.contains(&place.0));
        let default = places.iter().filter(counts).map(|(_, tlp)| *tlp).max();
        let sql = "SELECT tlp, waiting, partial, asks FROM @stix_object WHERE idx = $1";
        let row = tx.one(sql, &[object.into()], |r| {
            (r.opt_int(0).map(Tlp::from_rank), r.int(1) > 0, r.bool(2), facet::asked(r.text(3)))
        })?;
        let (Some(default), Some((tlp, waiting, partial, terms))) = (default, row) else { return Ok(None) };
        let tlp = match tlp {
            Some(tlp) if partial => tlp.max(default),
            Some(tlp) => tlp,
            None => default,
        };
        let collections = places.into_iter().map(|(id, _)| id).collect();
        Ok(Some(Marks { tlp, terms, waiting, collections }))
    }
}

/// What was seen, all marks taken together.
struct Told {
    tlp: Tlp,
    embargo: Option<String>,
    /// It stays with those to whom it was given: AMBER+STRICT and RED (TLP 2.0), and whatever asks more than a label and an embargo, which a
    /// sighting by somebody else could not hold its reader to.
    withheld: bool,
}

/// An indicator that matched.
struct Indicator {
    event: i64,
    id: String,
    line: i64,
    from: String,
    until: String,
    sightings: i64,
}

/// What one unit has done so far.
struct Desk {
    operator: String,
    /// By indicator and observed-data, each by its id and line.
    made: BTreeSet<(String, i64, String, i64)>,
    counts: BTreeMap<(String, i64), i64>,
    unsure: BTreeSet<Unsure>,
}

impl Desk {
    /// New indicators, against a slice of the observed-data that is held and not due itself: what is due meets all indicators anyway.
    fn scan(&mut self, tx: &mut Tx<'_>, index: &mut Index, due: &[(i64, i64)], done: &mut SoughtMeta) -> Result<()> {
        let Some(last) = due.last().copied() else { return Ok(()) };
        let sql = "SELECT at, object, scanned FROM @sight_scan WHERE id = 1";
        let begun = tx.one(sql, &[], |r| ((r.int(0), r.int(1)), r.int(2)))?;
        let (until, after) = begun.unwrap_or((last, -1));
        let batch: Vec<i64> = due.iter().filter(|place| **place <= until).map(|(_, object)| *object).collect();
        done.indicators = Some(until);
        if begun.is_none() {
            for event in &batch {
                self.note(tx, index, *event)?;
            }
        }
        let sql = "SELECT o.idx FROM @observed o WHERE o.revoked = 0 AND o.idx > $1 AND NOT EXISTS \
                   (SELECT 1 FROM @sight_due d WHERE d.what = $2 AND d.object = o.idx) ORDER BY o.idx LIMIT $3";
        let held = tx.all(sql, &[after.into(), OBSERVED.into(), OBSERVED_MAX.into()], |r| r.int(0))?;
        if held.is_empty() || batch.is_empty() {
            index.scan = None;
            return Ok(());
        }
        let part = match index.scan.take() {
            Some((of, part)) if of == until => part,
            _ => index.part(tx, &batch)?,
        };
        let (scene, count) = Scene::read(tx, &held)?;
        self.run(tx, &[&part], &scene)?;
        done.scanned = held.get(count - 1).copied().filter(|_| count < held.len() || held.len() as i64 == OBSERVED_MAX);
        index.scan = done.scanned.map(|_| (until, part));
        Ok(())
    }

    /// What of an indicator's pattern is not run, told once.
    fn note(&mut self, tx: &mut Tx<'_>, index: &Index, event: i64) -> Result<()> {
        let Some(why) = index.note(event) else { return Ok(()) };
        let sql = "SELECT id FROM @indicator WHERE idx = $1";
        if let Some(indicator) = tx.one(sql, &[event.into()], |r| r.text(0).to_owned())? {
            self.unsure.insert(Unsure { indicator, observed: String::new(), why: why.to_owned() });
        }
        Ok(())
    }

    /// Observed-data that is due, against all indicators.
    fn seek(&mut self, tx: &mut Tx<'_>, index: &Index, due: &[(i64, i64)], done: &mut SoughtMeta) -> Result<()> {
        let events: Vec<i64> = due.iter().map(|(_, object)| *object).collect();
        if events.is_empty() {
            return Ok(());
        }
        let (scene, count) = Scene::read(tx, &events)?;
        let parts: Vec<&Part> = index.parts.iter().collect();
        self.run(tx, &parts, &scene)?;
        done.observed = due.get(count - 1).copied();
        Ok(())
    }

    fn run(&mut self, tx: &mut Tx<'_>, parts: &[&Part], scene: &Scene) -> Result<()> {
        let mut runners: Vec<_> = parts.iter().map(|part| (part.set.runner(), &part.of)).collect();
        for seen in &scene.seen {
            let observation = match Observation::read(&seen.value, |id| scene.thing(seen, id).map(|thing| &thing.value))
            {
                Ok(observation) => observation,
                Err(fault) => {
                    self.doubt("", &seen.id, &fault.to_string());
                    continue;
                }
            };
            let mut found: BTreeMap<(String, i64), (Indicator, bool)> = BTreeMap::new();
            for (runner, of) in &mut runners {
                for (number, verdict) in runner.run(std::slice::from_ref(&observation), BUDGET) {
                    let Some(event) = of.get(number) else { continue };
                    if let Some(indicator) = Indicator::find(tx, *event)? {
                        let is_sure = matches!(verdict, Verdict::Matched(_));
                        found.insert((indicator.id.clone(), indicator.line), (indicator, is_sure));
                    }
                }
            }
            self.meet(tx, scene, seen, found)?;
        }
        Ok(())
    }

    /// One observed-data and the indicators that it met, in the order of their ids.
    fn meet(
        &mut self,
        tx: &mut Tx<'_>,
        scene: &Scene,
        seen: &Seen,
        found: BTreeMap<(String, i64), (Indicator, bool)>,
    ) -> Result<()> {
        let (first, last) = (key_of(seen.text("first_observed")), key_of(seen.text("last_observed")));
        // STIX 2.1 section 4.7: from `valid_from` on, and from `valid_until` no longer
        let valid = |i: &Indicator| i.from <= last && (i.until.is_empty() || first < i.until);
        let found: Vec<(Indicator, bool)> = found.into_values().filter(|(indicator, _)| valid(indicator)).collect();
        if found.is_empty() {
            return Ok(());
        }
        let Some(told) = self.told(tx, scene, seen)? else { return Ok(()) };
        for (indicator, is_sure) in found.iter().take(MATCHES_MAX) {
            match is_sure {
                true => self.record(tx, seen, &told, indicator)?,
                false => self.doubt(&indicator.id, &seen.id, "the work allowed was spent before it was known"),
            }
        }
        if found.len() > MATCHES_MAX {
            self.doubt(
                "",
                &seen.id,
                &format!("it meets more than {MATCHES_MAX} indicators, of which no more are recorded"),
            );
        }
        Ok(())
    }

    fn doubt(&mut self, indicator: &str, observed: &str, why: &str) {
        let unsure = Unsure { indicator: indicator.to_owned(), observed: observed.to_owned(), why: why.to_owned() };
        self.unsure.insert(unsure);
    }

    /// The marks of an observed-data and of all observables that count for it; nothing while it waits for a marking.
    fn told(&self, tx: &mut Tx<'_>, scene: &Scene, seen: &Seen) -> Result<Option<Told>> {
        let Some(own) = Marks::read(tx, seen.event, None)?.filter(|own| !own.waiting) else { return Ok(None) };
        let (mut tlp, mut terms, mut waiting) = (own.tlp, own.terms, false);
        for thing in seen.refs().filter_map(|id| scene.thing(seen, id)) {
            if let Some(marks) = Marks::read(tx, thing.event, Some(&seen.collections))? {
                tlp = tlp.max(marks.tlp);
                terms.join(&marks.terms);
                waiting |= marks.waiting;
            }
        }
        let embargo = terms.embargo.take();
        let withheld = waiting || tlp >= Tlp::AmberStrict || !terms.is_empty();
        Ok(Some(Told { tlp, embargo, withheld }))
    }

    /// Records that an indicator was seen, once.
    fn record(&mut self, tx: &mut Tx<'_>, seen: &Seen, told: &Told, indicator: &Indicator) -> Result<()> {
        let sql =
            "SELECT 1 FROM @sighted WHERE indicator = $1 AND observed = $2 AND of_line = $3 AND seen_line = $4 LIMIT 1";
        let pair = [(&indicator.id).into(), (&seen.id).into(), indicator.line.into(), seen.line.into()];
        let made = (indicator.id.clone(), indicator.line, seen.id.clone(), seen.line);
        if tx.one(sql, &pair, |_| ())?.is_some() || self.made.contains(&made) {
            return Ok(());
        }
        let Some(marks) = Marks::read(tx, indicator.event, None)?.filter(|marks| !marks.waiting) else { return Ok(()) };
        let Some(place) = marks.collections.first() else { return Ok(()) };
        let count = self.counts.entry((indicator.id.clone(), indicator.line)).or_insert(indicator.sightings);
        if *count >= SIGHTINGS_MAX {
            let why = format!("it was seen more than {SIGHTINGS_MAX} times, of which no more are recorded");
            self.doubt(&indicator.id, "", &why);
            return Ok(());
        }
        *count += 1;
        self.made.insert(made);
        let sql = "SELECT giver FROM @stix_object WHERE idx = $1";
        let producer = tx.one(sql, &[indicator.event.into()], |r| r.opt_text(0).map(str::to_owned))?.flatten();
        let label = told.tlp.max(marks.tlp);
        let embargo = told.embargo.clone().max(marks.terms.embargo);
        let lines = Lines { indicator: indicator.line, observed: seen.line };
        let (of, observed, withheld) = (indicator.event, seen.event, told.withheld);
        let of = SightingOf { indicator: of, observed, lines, producer, withheld, embargo };
        let bytes = self.object(tx, seen, &indicator.id, label)?;
        let head = match stix::admit(&bytes) {
            Ok(head) => head,
            Err(fault) => {
                self.doubt(&indicator.id, &seen.id, &format!("the sighting would not be admitted: {fault}"));
                return Ok(());
            }
        };
        let meta = ObjectMeta {
            collection: place.clone(),
            id: head.id.to_string(),
            kind: head.kind.to_string(),
            version: head.version().map(str::to_owned),
            tlp: Some(label),
            waiting: Vec::new(),
            source: copy::SOURCE.to_owned(),
            by: copy::SOURCE.to_owned(),
            spec: head.spec().to_owned(),
            hops: None,
            line: None,
            aside: false,
            beside: Vec::new(),
            shown: None,
            copy: None,
            sighting: Some(of),
        };
        let mut key = format!("exchange/sighting/{}/{}", indicator.id, seen.id);
        if lines != Lines::default() {
            key = format!("{key}/{}/{}", lines.indicator, lines.observed);
        }
        tx.append(Draft::new(event::OBJECT, &meta)?.body(&bytes).key(key)).map(drop)
    }

    /// The sighting (STIX 2.1 section 5.2), without `observed_data_refs` and `where_sighted_refs`: these name what was seen and who saw it.
    fn object(&self, tx: &mut Tx<'_>, seen: &Seen, indicator: &str, label: Tlp) -> Result<Vec<u8>> {
        let now = tx.now().to_string();
        let marking = tlp::TLP2.iter().find(|(_, tlp)| *tlp == label).map(|(id, _)| *id);
        let object = json!({
            "type": "sighting", "spec_version": "2.1", "id": format!("sighting--{}", collection::new_id(tx)),
            "created": now, "modified": now, "created_by_ref": self.operator,
            "first_seen": seen.text("first_observed"), "last_seen": seen.text("last_observed"),
            "count": seen.value.get("number_observed"), "sighting_of_ref": indicator, "object_marking_refs": [marking],
        });
        serde_json::to_vec(&object).map_err(|e| Error::Engine(e.to_string()))
    }
}

impl Indicator {
    /// Nothing where it no longer counts: it was revoked, or a later version came.
    fn find(tx: &mut Tx<'_>, event: i64) -> Result<Option<Indicator>> {
        let sql = "SELECT id, from_at, until_at, sightings, line FROM @indicator WHERE idx = $1 AND how = $2";
        tx.one(sql, &[event.into(), RUN.into()], |r| Indicator {
            event,
            id: r.text(0).to_owned(),
            from: r.text(1).to_owned(),
            until: r.text(2).to_owned(),
            sightings: r.int(3),
            line: r.int(4),
        })
    }
}
