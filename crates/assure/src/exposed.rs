//! Facts from exposures: what is so of a subject and a vulnerability since when, and how critical its asset is. A change that
//! the vendor's own correction caused takes an exposure back; a change of the holder's data mitigates it.
use ledger::{Event, Result, Tx, Value};
use serde::Deserialize;
use stix::Tlp;

use crate::stage::valid;

/// At most, where the holder gave no upper end.
const UNBOUNDED: i64 = 1_000_000_000;

/// `expose.changed`, the fields that a fact needs.
#[derive(Deserialize)]
struct Changed {
    cause: i64,
    owner: String,
    changes: Vec<Change>,
}

#[derive(Deserialize)]
struct Change {
    level: String,
    threat: Option<String>,
    seen_from: Option<Tlp>,
    seen_until: Option<Tlp>,
    subject: String,
    source: String,
    vulnerability: String,
    status: Option<String>,
    #[serde(default)]
    advisory: String,
    #[serde(default)]
    country: String,
    #[serde(default)]
    holder: String,
    count: Option<(i64, Option<i64>)>,
    #[serde(default)]
    reason: String,
}

pub(crate) fn changed(tx: &mut Tx<'_>, event: &Event) -> Result<()> {
    let m: Changed = event.meta()?;
    let document =
        tx.one("SELECT source FROM @fact_document WHERE idx = $1", &[m.cause.into()], |r| r.text(0).to_owned())?;
    for (n, change) in m.changes.iter().enumerate() {
        if change.threat.as_deref().unwrap_or("vulnerability") != "vulnerability" {
            continue;
        }
        // A document of the owner or holder itself is its own word (a VEX); any other is the vendor's or a third party's.
        let own = |source: &String| source != "local" && [&m.owner, &change.holder].contains(&source);
        let corrected = document.as_ref().is_some_and(|source| !own(source));
        let (state, (min, max)) = state(change, corrected);
        let weight = criticality(tx, change)?;
        let args: [Value<'_>; 18] = [
            event.index.into(),
            (n as i64).into(),
            (&change.vulnerability).into(),
            (&change.level).into(),
            (&change.source).into(),
            (&change.subject).into(),
            (&m.owner).into(),
            (&change.holder).into(),
            (&change.country).into(),
            (&change.advisory).into(),
            state.into(),
            min.into(),
            max.into(),
            weight.into(),
            change.seen_from.unwrap_or(Tlp::Clear).rank().into(),
            // What is so by some of the documents alone is for those who may not read the rest; the plan is measured by all.
            i64::from(change.seen_until.is_none()).into(),
            valid(event).into(),
            event.known.into(),
        ];
        tx.run(
            "INSERT INTO @fact_exposure (idx, n, vulnerability, level, source, subject, owner, holder, country, advisory, state, \
             count_min, count_max, weight, seen_from, by_all, valid, known) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)",
            &args,
        )?;
    }
    Ok(())
}

/// The state in this stage's words, and how many are affected, or may still be.
fn state(change: &Change, corrected: bool) -> (&'static str, (i64, i64)) {
    let none = (0, 0);
    let (min, max) = change.count.map_or((1, 1), |(min, max)| (min, max.unwrap_or(UNBOUNDED)));
    match change.status.as_deref() {
        Some("affected") => ("affected", (min, max)),
        Some("fixed" | "not_affected") if corrected => ("withdrawn", none),
        Some("fixed") => ("fixed", none),
        Some("not_affected") => ("not_affected", none),
        // A holder that counts none as affected any more, but so many as unknown.
        Some(_) if change.count.is_some() && change.level != "asset" => ("unknown", (0, max)),
        Some(_) => ("unknown", none),
        None if corrected => ("withdrawn", none),
        // The row is gone, or it is another product now.
        None if change.level == "asset" => ("removed", none),
        None if change.reason == "withdrawn" => ("withdrawn", none),
        None => ("removed", none),
    }
}

/// One, and one for each national function that the asset's own row names.
fn criticality(tx: &mut Tx<'_>, change: &Change) -> Result<f64> {
    if change.level != "asset" {
        return Ok(1.0);
    }
    let sql = "SELECT functions FROM @fact_asset WHERE source = $1 AND asset = $2";
    let functions = tx.one(sql, &[(&change.source).into(), (&change.subject).into()], |r| r.int(0))?;
    Ok(1.0 + functions.unwrap_or(0) as f64)
}

/// Whose assets are in an inventory, and which functions they name.
pub(crate) fn inventory(tx: &mut Tx<'_>, event: &Event) -> Result<()> {
    #[derive(Deserialize)]
    struct Meta {
        source: String,
    }
    let m: Meta = event.meta()?;
    // The stage that matches has judged the table; what it could not read names no function.
    let Ok(table) = product::inventory::read(event.body()) else { return Ok(()) };
    let owners: std::collections::BTreeSet<&str> =
        table.rows.iter().map(|(_, asset)| asset.owner.trim()).filter(|owner| !owner.is_empty()).collect();
    for owner in owners {
        crate::stage::dated(tx, event, "inventory", owner, event.known.0.div_euclid(ledger::Micros::DAY))?;
    }
    for (_, asset) in &table.rows {
        let functions = asset.functions.split(';').filter(|f| !f.trim().is_empty()).count() as i64;
        let sql = "INSERT INTO @fact_asset (source, asset, functions) VALUES ($1, $2, $3) \
                   ON CONFLICT (source, asset) DO UPDATE SET functions = excluded.functions";
        tx.run(sql, &[(&m.source).into(), (&asset.asset).into(), functions.into()])?;
    }
    Ok(())
}
