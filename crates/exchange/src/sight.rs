//! Sightings: what partners observed is matched with the indicators that partners gave, whichever came first, and that an indicator was
//! seen goes back to whoever gave it, as far as the agreement and the marks of what was seen allow (docs/decisions/0017).
//!
//! Here is the fold: which indicators and observed-data count, which observables are waited for, and what is still to be matched.
//! `run` matches, live only, and records each pair once as a STIX sighting by this hub, which names neither who observed nor what; who
//! gets it is for [`partners::release`]. `index` holds the indicators ready to run. [`list`](fn@list) tells. Sightings that partners send
//! stand beside. Not done here: a pattern over several observed-data objects together; of such an indicator that is said.
use crate::batch;
use crate::event::{ObjectMeta, SightingOf, SoughtMeta};
use crate::facet::{self, Facts};
use crate::stage::Object;
use ledger::{Result, Tx};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use stix::{Class, Timestamp};

mod index;
mod list;
mod run;
#[cfg(test)]
mod tests;

pub(crate) use index::Cache;
pub use list::{Line, Unknown, list, unknown};
pub(crate) use run::settle;

/// What is due: observed-data, against all indicators.
const OBSERVED: i64 = 0;
/// What is due: an indicator, against the observed-data that is held.
const INDICATOR: i64 = 1;
/// An indicator whose pattern is run.
const RUN: &str = "stix";

/// What the fold reads of an indicator (STIX 2.1 section 4.7) and of observed-data (section 4.14).
#[derive(Deserialize, Default)]
struct Body {
    #[serde(default)]
    pattern_type: Option<String>,
    #[serde(default)]
    valid_from: Option<String>,
    #[serde(default)]
    valid_until: Option<String>,
    #[serde(default)]
    object_refs: Vec<String>,
    #[serde(default)]
    sighting_of_ref: Option<String>,
}

/// A timestamp in the form in which it is compared; empty where there is none.
fn key_of(text: Option<&str>) -> String {
    text.and_then(|text| Timestamp::parse(text).ok()).map_or("", Timestamp::key).to_owned()
}

/// Folds the objects of a run, all given to one collection and listed there.
pub(crate) fn fold(tx: &mut Tx<'_>, collection: &str, home: &str, objects: &[Object<'_>]) -> Result<()> {
    let (mut observed, mut others) = (Vec::new(), Vec::new());
    for object in objects {
        match object.head.kind.as_str() {
            // a copy says what its source says
            _ if object.meta.copy.is_some() => {}
            "indicator" => fold_indicator(tx, object)?,
            "sighting" => fold_sighting(tx, home, object)?,
            "observed-data" => observed.push(object),
            kind if may_be_observed(kind) => others.push((object.index, object.meta.id.as_str())),
            _ => {}
        }
    }
    fold_observed(tx, collection, &observed)?;
    fold_arrived(tx, collection, &others)
}

/// STIX 2.1 section 4.14: observed-data refers to observables and to what relates them.
fn may_be_observed(kind: &str) -> bool {
    !matches!(Class::of(kind), Class::Domain | Class::Meta)
}

fn read(object: &Object<'_>) -> Body {
    serde_json::from_slice(object.body).unwrap_or_default()
}

/// The latest version of each line counts, whichever came first.
fn fold_indicator(tx: &mut Tx<'_>, object: &Object<'_>) -> Result<()> {
    let sql = "SELECT vkey FROM @indicator WHERE id = $1 AND line = $2";
    let held = tx.one(sql, &[(&object.meta.id).into(), object.line().into()], |r| r.text(0).to_owned())?;
    if held.is_some_and(|held| held.as_str() > object.vkey()) {
        return Ok(());
    }
    let body = read(object);
    // before 2.1 there was no other kind of pattern
    let how = match body.pattern_type.as_deref().unwrap_or(RUN) {
        _ if object.head.revoked => "revoked".to_owned(),
        RUN => RUN.to_owned(),
        other => format!("type:{}", other.chars().take(60).collect::<String>()),
    };
    let (from, until) = (key_of(body.valid_from.as_deref()), key_of(body.valid_until.as_deref()));
    tx.run(
        "INSERT INTO @indicator (id, line, idx, vkey, how, from_at, until_at, sightings) VALUES ($1, $7, $2, $3, $4, $5, $6, 0) ON CONFLICT (id, line) \
         DO UPDATE SET idx = excluded.idx, vkey = excluded.vkey, how = excluded.how, from_at = excluded.from_at, until_at = excluded.until_at",
        &[
            (&object.meta.id).into(),
            object.index.into(),
            object.vkey().into(),
            (&how).into(),
            (&from).into(),
            (&until).into(),
            object.line().into(),
        ],
    )?;
    if how == RUN && object.meta.waiting.is_empty() { due(tx, INDICATOR, object.index, object.index) } else { Ok(()) }
}

fn fold_sighting(tx: &mut Tx<'_>, home: &str, object: &Object<'_>) -> Result<()> {
    let Some(indicator) = read(object).sighting_of_ref else { return Ok(()) };
    let of = object.meta.sighting.as_ref();
    let sql = "SELECT id FROM @stix_object WHERE idx = $1";
    let observed = match of {
        Some(of) => tx.one(sql, &[of.observed.into()], |r| r.text(0).to_owned())?,
        None => None,
    };
    let lines = of.map(|of| of.lines);
    let giver = facet::giver_of(&object.meta.source, home).filter(|_| of.is_none());
    tx.run(
        "INSERT INTO @sighted (idx, id, vkey, indicator, seen, observed, producer, withheld, giver, revoked, of_line, seen_line) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        &[
            object.index.into(),
            (&object.meta.id).into(),
            object.vkey().into(),
            (&indicator).into(),
            of.map(|of| of.observed).into(),
            (&observed).into(),
            of.and_then(|of| of.producer.as_deref()).into(),
            i64::from(of.is_some_and(|of| of.withheld)).into(),
            giver.into(),
            i64::from(object.head.revoked).into(),
            lines.map(|lines| lines.indicator).into(),
            lines.map(|lines| lines.observed).into(),
        ],
    )?;
    let Some(lines) = lines else { return Ok(()) };
    let sql = "UPDATE @indicator SET sightings = sightings + 1 WHERE id = $1 AND line = $2";
    tx.run(sql, &[(&indicator).into(), lines.indicator.into()]).map(drop)
}

/// Observed-data is due when it comes, and again with each observable that it names and that came after it: the same, whether they are
/// folded in one run or in several.
fn fold_observed(tx: &mut Tx<'_>, collection: &str, observed: &[&Object<'_>]) -> Result<()> {
    if observed.is_empty() {
        return Ok(());
    }
    let bodies: Vec<Body> = observed.iter().map(|object| read(object)).collect();
    let refs: BTreeSet<&str> = bodies.iter().flat_map(|body| &body.object_refs).map(String::as_str).collect();
    let refs: Vec<&str> = refs.into_iter().collect();
    let mut here: BTreeMap<String, i64> = BTreeMap::new();
    let sql = "SELECT o.id, MIN(l.seq) FROM @stix_object o JOIN @listing l ON l.object = o.idx AND l.collection = $1 WHERE o.id IN (*) GROUP BY o.id";
    batch::each(tx, sql, &[collection.into()], &refs, &mut |r| {
        here.insert(r.text(0).to_owned(), r.int(1));
    })?;
    for (object, body) in observed.iter().zip(&bodies) {
        let sql = "SELECT vkey, idx FROM @observed WHERE id = $1 AND line = $2";
        let line = [(&object.meta.id).into(), object.line().into()];
        let held = tx.one(sql, &line, |r| (r.text(0).to_owned(), r.int(1)))?;
        if let Some((vkey, before)) = held {
            if vkey.as_str() > object.vkey() {
                continue;
            }
            tx.run("DELETE FROM @observed_wait WHERE object = $1", &[before.into()])?;
        }
        tx.run(
            "INSERT INTO @observed (id, line, idx, vkey, revoked) VALUES ($1, $5, $2, $3, $4) ON CONFLICT (id, line) DO UPDATE \
             SET idx = excluded.idx, vkey = excluded.vkey, revoked = excluded.revoked",
            &[
                (&object.meta.id).into(),
                object.index.into(),
                object.vkey().into(),
                i64::from(object.head.revoked).into(),
                object.line().into(),
            ],
        )?;
        if object.head.revoked {
            continue;
        }
        let mut at = object.index;
        for reference in &body.object_refs {
            match here.get(reference) {
                Some(seq) => at = at.max(*seq),
                None => wait(tx, reference, object.index)?,
            }
        }
        if object.meta.waiting.is_empty() || at > object.index {
            due(tx, OBSERVED, object.index, at)?;
        }
    }
    Ok(())
}

fn wait(tx: &mut Tx<'_>, reference: &str, object: i64) -> Result<()> {
    let sql = "INSERT INTO @observed_wait (ref, object) VALUES ($1, $2) ON CONFLICT (ref, object) DO NOTHING";
    tx.run(sql, &[reference.into(), object.into()]).map(drop)
}

fn due(tx: &mut Tx<'_>, what: i64, object: i64, at: i64) -> Result<()> {
    let sql = "INSERT INTO @sight_due (what, object, at) VALUES ($1, $2, $3) ON CONFLICT (what, object) DO UPDATE SET at = excluded.at";
    tx.run(sql, &[what.into(), object.into(), at.into()]).map(drop)
}

/// What stands in a collection now may be waited for by observed-data of the same collection. `arrived`: the event of each, and its id.
fn fold_arrived(tx: &mut Tx<'_>, collection: &str, arrived: &[(i64, &str)]) -> Result<()> {
    if arrived.is_empty() || tx.one("SELECT 1 FROM @observed_wait LIMIT 1", &[], |_| ())?.is_none() {
        return Ok(());
    }
    let at: BTreeMap<&str, i64> = arrived.iter().map(|(at, id)| (*id, *at)).collect();
    let ids: Vec<&str> = at.keys().copied().collect();
    let sql = "SELECT w.ref, w.object FROM @observed_wait w JOIN @listing l ON l.object = w.object AND l.collection = $1 WHERE w.ref IN (*)";
    let mut met: Vec<(i64, i64, String)> = Vec::new();
    batch::each(tx, sql, &[collection.into()], &ids, &mut |r| {
        met.push((at.get(r.text(0)).copied().unwrap_or(0), r.int(1), r.text(0).to_owned()));
    })?;
    met.sort_unstable();
    for (at, object, reference) in met {
        let sql = "DELETE FROM @observed_wait WHERE ref = $1 AND object = $2";
        tx.run(sql, &[(&reference).into(), object.into()])?;
        due(tx, OBSERVED, object, at)?;
    }
    Ok(())
}

/// An object that is held stands in one more collection: observed-data there may wait for it, or find there what it waited for.
pub(crate) fn fold_listed(tx: &mut Tx<'_>, at: i64, collection: &str, object: i64, facts: &Facts) -> Result<()> {
    if facts.kind == "observed-data" {
        let sql = "SELECT 1 FROM @observed WHERE id = $1 AND idx = $2 AND revoked = 0";
        if tx.one(sql, &[(&facts.id).into(), object.into()], |_| ())?.is_none() {
            return Ok(());
        }
        let sql = "DELETE FROM @observed_wait WHERE object = $1 AND ref IN (SELECT o.id FROM @observed_wait w JOIN @stix_object o ON o.id = w.ref \
                   JOIN @listing l ON l.object = o.idx AND l.collection = $2 WHERE w.object = $1)";
        tx.run(sql, &[object.into(), collection.into()])?;
        return due(tx, OBSERVED, object, at);
    }
    if may_be_observed(&facts.kind) { fold_arrived(tx, collection, &[(at, &facts.id)]) } else { Ok(()) }
}

/// All markings of these objects are held now: what they ask of others is known, and they are matched.
pub(crate) fn resolved(tx: &mut Tx<'_>, at: i64, objects: impl Iterator<Item = i64>) -> Result<()> {
    let objects: Vec<i64> = objects.collect();
    let sql = "SELECT idx FROM @observed WHERE idx IN (*) AND revoked = 0 ORDER BY idx";
    for object in batch::rows(tx, sql, &[], &objects, &mut |r| r.int(0))? {
        due(tx, OBSERVED, object, at)?;
    }
    let sql = "SELECT idx FROM @indicator WHERE how = $1 AND idx IN (*) ORDER BY idx";
    for object in batch::rows(tx, sql, &[RUN.into()], &objects, &mut |r| r.int(0))? {
        due(tx, INDICATOR, object, at)?;
    }
    Ok(())
}

/// Folds how far the matching got.
pub(crate) fn fold_sought(tx: &mut Tx<'_>, meta: &SoughtMeta) -> Result<()> {
    let done = "DELETE FROM @sight_due WHERE what = $1 AND (at < $2 OR (at = $2 AND object <= $3))";
    if let Some((at, object)) = meta.observed {
        tx.run(done, &[OBSERVED.into(), at.into(), object.into()])?;
    }
    match (meta.indicators, meta.scanned) {
        (Some((at, object)), Some(scanned)) => {
            let sql = "INSERT INTO @sight_scan (id, at, object, scanned) VALUES (1, $1, $2, $3) ON CONFLICT (id) DO UPDATE \
                       SET at = excluded.at, object = excluded.object, scanned = excluded.scanned";
            tx.run(sql, &[at.into(), object.into(), scanned.into()])?;
        }
        (Some((at, object)), None) => {
            tx.run(done, &[INDICATOR.into(), at.into(), object.into()])?;
            tx.run("DELETE FROM @sight_scan", &[])?;
        }
        (None, _) => {}
    }
    for unsure in &meta.unsure {
        let sql = "INSERT INTO @sight_unsure (indicator, observed, why) VALUES ($1, $2, $3) ON CONFLICT (indicator, observed, why) DO NOTHING";
        tx.run(sql, &[(&unsure.indicator).into(), (&unsure.observed).into(), (&unsure.why).into()])?;
    }
    Ok(())
}

/// An entry was purged: whatever of it stands here goes.
pub(crate) fn forget(tx: &mut Tx<'_>, object: i64) -> Result<()> {
    let sql = "UPDATE @indicator AS i SET sightings = sightings - 1 WHERE EXISTS \
               (SELECT 1 FROM @sighted s WHERE s.idx = $1 AND s.seen IS NOT NULL AND s.indicator = i.id AND s.of_line = i.line)";
    tx.run(sql, &[object.into()])?;
    for rows in [
        "@indicator WHERE idx",
        "@observed WHERE idx",
        "@observed_wait WHERE object",
        "@sight_due WHERE object",
        "@sighted WHERE idx",
    ] {
        tx.run(&format!("DELETE FROM {rows} = $1"), &[object.into()])?;
    }
    Ok(())
}

/// What of a sighting that this hub made the release decision asks, from its event.
pub(crate) fn facet_of(meta: &ObjectMeta) -> Option<facet::Sighting> {
    let SightingOf { producer, withheld, .. } = meta.sighting.as_ref()?;
    Some(facet::Sighting { producer: producer.clone(), withheld: *withheld })
}

/// The same of an object that is held.
pub(crate) fn of(tx: &mut Tx<'_>, object: i64, kind: &str) -> Result<Option<facet::Sighting>> {
    if kind != "sighting" {
        return Ok(None);
    }
    let sql = "SELECT producer, withheld FROM @sighted WHERE idx = $1 AND seen IS NOT NULL";
    tx.one(sql, &[object.into()], |r| facet::Sighting {
        producer: r.opt_text(0).map(str::to_owned),
        withheld: r.bool(1),
    })
}
