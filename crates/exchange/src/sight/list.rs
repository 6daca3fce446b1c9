//! What was seen, for the operator: whose indicator, who saw it, how often, and whether whoever gave the indicator is told, or why not. And
//! of what it is not known, since a pattern that was not run is not a pattern that did not match.
use super::RUN;
use crate::explain::{self, Asked};
use jiff::civil::Date;
use ledger::{Micros, Result, Tx};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One sighting: found by this hub, or sent by a partner as a STIX object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// What was seen: the id of an indicator, or whatever a partner's sighting is of.
    pub indicator: String,
    /// Its name, where it has one.
    pub name: String,
    /// Who gave it, by key; `None` where that is the operator, or it is not held.
    pub producer: Option<String>,
    /// Who says that it was seen: the partner that sent the sighting or the observed-data; `None` for the operator.
    pub seen_by: Option<String>,
    /// The observed-data in which this hub found it; `None` where a partner sent the sighting.
    pub observed: Option<String>,
    /// When it was first seen, as written.
    pub first_seen: String,
    /// When it was last seen, as written.
    pub last_seen: String,
    /// How often.
    pub count: u64,
    /// When it was recorded.
    pub recorded: Micros,
    /// The sighting's own id.
    pub sighting: String,
    /// Whether whoever gave the indicator gets it; `None` where there is nobody to tell, or a partner sent it and its own marks decide.
    pub told: Option<bool>,
    /// Why, in words.
    pub why: String,
}

/// Something of which it is not known whether it was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unknown {
    /// The indicator; empty for any.
    pub indicator: String,
    /// The observed-data; empty for any.
    pub observed: String,
    /// Why, in words.
    pub why: String,
}

#[derive(Deserialize, Default)]
struct Body {
    #[serde(default)]
    name: String,
    #[serde(default)]
    first_seen: String,
    #[serde(default)]
    last_seen: String,
    #[serde(default)]
    count: Option<u64>,
}

fn body(tx: &mut Tx<'_>, event: i64) -> Result<Body> {
    Ok(tx.body(event)?.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default())
}

struct Row {
    event: i64,
    id: String,
    indicator: String,
    of_line: i64,
    seen: Option<i64>,
    observed: Option<String>,
    giver: Option<String>,
}

/// All sightings of an indicator, or of all, in the order in which they were recorded; of each the last version that is not revoked. `home` is the
/// operator's own organisation, `on` the day on which it is asked who is told.
pub fn list(tx: &mut Tx<'_>, indicator: Option<&str>, home: &str, on: Date) -> Result<Vec<Line>> {
    let sql = "SELECT s.idx, s.id, s.indicator, s.seen, s.observed, s.giver, s.revoked, s.of_line FROM @sighted s WHERE ($1 = '' OR s.indicator = $1) ORDER BY s.vkey, s.idx";
    let mut last: BTreeMap<String, (Row, bool)> = BTreeMap::new();
    tx.each(sql, &[indicator.unwrap_or_default().into()], &mut |r| {
        let row = Row {
            event: r.int(0),
            id: r.text(1).to_owned(),
            indicator: r.text(2).to_owned(),
            of_line: r.opt_int(7).unwrap_or(0),
            seen: r.opt_int(3),
            observed: r.opt_text(4).map(str::to_owned),
            giver: r.opt_text(5).map(str::to_owned),
        };
        last.insert(row.id.clone(), (row, r.bool(6)));
        Ok(())
    })?;
    let mut rows: Vec<Row> = last.into_values().filter(|(_, revoked)| !revoked).map(|(row, _)| row).collect();
    rows.sort_unstable_by_key(|row| row.event);
    let mut producers = BTreeMap::new();
    rows.into_iter().map(|row| line(tx, row, home, on, &mut producers)).collect()
}

fn line(tx: &mut Tx<'_>, row: Row, home: &str, on: Date, asked: &mut BTreeMap<String, Option<Asked>>) -> Result<Line> {
    let sql = "SELECT idx, giver FROM @stix_object WHERE id = $1 AND line = $2 ORDER BY vkey DESC LIMIT 1";
    let of = [(&row.indicator).into(), row.of_line.into()];
    let held = tx.one(sql, &of, |r| (r.int(0), r.opt_text(1).map(str::to_owned)))?;
    let (of, mut producer) = held.map_or((None, None), |(of, giver)| (Some(of), giver));
    let name = match of {
        Some(of) => body(tx, of)?.name,
        None => String::new(),
    };
    let (mut seen_by, mut told) = (row.giver.clone(), None);
    let mut why = "as its sender marked it".to_owned();
    if let Some(seen) = row.seen {
        let sql = "SELECT producer FROM @sighted WHERE idx = $1";
        producer = tx.one(sql, &[row.event.into()], |r| r.opt_text(0).map(str::to_owned))?.flatten();
        let sql = "SELECT giver FROM @stix_object WHERE idx = $1";
        seen_by = tx.one(sql, &[seen.into()], |r| r.opt_text(0).map(str::to_owned))?.flatten();
        why = "the indicator is the operator's own".to_owned();
        if let Some(producer) = &producer {
            let decided = is_told(tx, row.event, producer, home, on, asked)?;
            (told, why) = (Some(decided.0), decided.1);
        }
    }
    let Body { first_seen, last_seen, count, .. } = body(tx, row.event)?;
    let sql = "SELECT MIN(known) FROM @listing WHERE object = $1";
    let recorded = tx.one(sql, &[row.event.into()], |r| Micros(r.opt_int(0).unwrap_or(0)))?.unwrap_or_default();
    let (indicator, observed, sighting) = (row.indicator, row.observed, row.id);
    Ok(Line {
        indicator,
        name,
        producer,
        seen_by,
        observed,
        first_seen,
        last_seen,
        count: count.unwrap_or(1),
        recorded,
        sighting,
        told,
        why,
    })
}

/// What the release decision says to whoever gave the indicator.
fn is_told(
    tx: &mut Tx<'_>,
    event: i64,
    producer: &str,
    home: &str,
    on: Date,
    asked: &mut BTreeMap<String, Option<Asked>>,
) -> Result<(bool, String)> {
    if !asked.contains_key(producer) {
        let known = partners::org::find(tx, producer)?.is_some();
        let found = if known { Some(Asked::find(tx, producer, home)?) } else { None };
        asked.insert(producer.to_owned(), found);
    }
    let Some(Some(recipient)) = asked.get(producer) else {
        return Ok((false, format!("no partner {producer} is known")));
    };
    let Some(explained) = explain::of_version(tx, event, &recipient.recipient(), on)? else {
        return Ok((false, "its bytes were erased".to_owned()));
    };
    let refused = explained.collections.iter().flat_map(|place| &place.rules).find(|rule| !rule.passes);
    let why = match (explained.released, refused) {
        (true, _) => "by its agreement, in the collection to which it gave the indicator".to_owned(),
        (false, Some(rule)) => format!("{} [{}]", rule.reason, rule.rule),
        (false, None) => "no collection lists it".to_owned(),
    };
    Ok((explained.released, why))
}

/// Of what it is not known whether it was seen, with the reason.
pub fn unknown(tx: &mut Tx<'_>) -> Result<Vec<Unknown>> {
    let unknown = |indicator: &str, observed: &str, why: String| Unknown {
        indicator: indicator.to_owned(),
        observed: observed.to_owned(),
        why,
    };
    let sql = "SELECT indicator, observed, why FROM @sight_unsure ORDER BY indicator, observed, why";
    let mut out = tx.all(sql, &[], |r| unknown(r.text(0), r.text(1), r.text(2).to_owned()))?;
    let sql = "SELECT id, how FROM @indicator WHERE how LIKE 'type:%' ORDER BY id";
    out.extend(tx.all(sql, &[], |r| {
        let kind = r.text(1).trim_start_matches("type:");
        unknown(r.text(0), "", format!("its pattern is of the type {kind}, which is not run"))
    })?);
    let waits = "it waits for a marking that is not held";
    let sql = "SELECT i.id FROM @indicator i JOIN @stix_object o ON o.idx = i.idx WHERE o.waiting > 0 AND i.how = $1 ORDER BY i.id";
    out.extend(tx.all(sql, &[RUN.into()], |r| unknown(r.text(0), "", waits.to_owned()))?);
    let sql = "SELECT s.id FROM @observed s JOIN @stix_object o ON o.idx = s.idx WHERE o.waiting > 0 AND s.revoked = 0 ORDER BY s.id";
    out.extend(tx.all(sql, &[], |r| unknown("", r.text(0), waits.to_owned()))?);
    let sql =
        "SELECT s.id, COUNT(*) FROM @observed_wait w JOIN @observed s ON s.idx = w.object GROUP BY s.id ORDER BY s.id";
    out.extend(tx.all(sql, &[], |r| unknown("", r.text(0), format!("of what it names, {} are not held", r.int(1))))?);
    Ok(out)
}
