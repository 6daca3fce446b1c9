//! Inventories: importing a table as a difference to what is held, and the fold of its rows.
use crate::kinds::{INVENTORY, InventoryMeta};
use ledger::{Column, Draft, Error, Event, Intake, Note, Result, Tx};
use product::Fault;
use product::inventory::{Asset, COLUMNS, read};
use product::vendor::Aliases;
use std::collections::BTreeMap;

/// The tables of this file.
pub(crate) const SCHEMA: &str = "
CREATE TABLE @asset (source {text} NOT NULL, asset {text} NOT NULL, idx {int} NOT NULL, vendor_key {text}, name {text} NOT NULL,
  vendor {text} NOT NULL, product {text} NOT NULL, model {text} NOT NULL, version {text} NOT NULL, purl {text} NOT NULL,
  cpe {text} NOT NULL, serial {text} NOT NULL, country {text} NOT NULL, owner {text} NOT NULL, owner_country {text} NOT NULL,
  sector {text} NOT NULL, functions {text} NOT NULL, node {text} NOT NULL, lat {text} NOT NULL, lon {text} NOT NULL,
  purl_base {text}, PRIMARY KEY (source, asset));
CREATE INDEX @asset_vendor ON @asset (vendor_key, source, asset);
CREATE INDEX @asset_purl ON @asset (purl_base, source, asset);
CREATE INDEX @asset_owner ON @asset (owner, source, asset);
CREATE INDEX @asset_idx ON @asset (idx)";

const FIELDS: &str = "asset, name, vendor, product, model, version, purl, cpe, serial, country, owner, owner_country, sector, \
                      functions, node, lat, lon";

/// What became of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Rows that are new or changed.
    pub accepted: u64,
    /// Rows that are held already.
    pub unchanged: u64,
    /// Assets that are no more.
    pub removed: u64,
    /// Rows that were refused.
    pub refused: Vec<Fault>,
    /// What ought to be looked at.
    pub warnings: Vec<Fault>,
}

impl Imported {
    /// In the form in which every import reports.
    pub fn intake(self, file: &str) -> Intake {
        let note = |f: Fault| Note {
            file: file.to_owned(),
            place: f.place,
            id: String::new(),
            rule: f.rule.to_owned(),
            reason: f.reason,
        };
        let mut intake = Intake { unchanged: self.unchanged, ..Intake::default() };
        intake.accept("inventory", self.accepted);
        intake.accept("inventory-removed", self.removed);
        intake.refused = self.refused.into_iter().map(note).collect();
        intake.warnings = self.warnings.into_iter().map(note).collect();
        intake
    }
}

/// Imports a table as a difference: rows that are held already change nothing; with `replace`, assets of this source that the
/// table does not have are removed. A fault in the header refuses the table, a fault in a row that row; a table with refused
/// rows removes nothing, because a row that could not be read is not an absent one.
pub fn import_inventory(tx: &mut Tx<'_>, source: &str, bytes: &[u8], replace: bool, by: &str) -> Result<Imported> {
    let table =
        read(bytes).map_err(|f| Error::refused(f.rule, f.to_string(), "correct the first line and import it again"))?;
    let held = assets_of(tx, source)?;
    let mut out = Imported { refused: table.faults, ..Imported::default() };
    for column in table.unknown_columns {
        out.warnings.push(Fault::new(
            "column-unknown",
            "line 1",
            format!("column `{column}` is not known and not used"),
        ));
    }
    let mut writer = csv::Writer::from_writer(Vec::new());
    let csv = |e: csv::Error| Error::Engine(format!("writing the changed rows: {e}"));
    writer.write_record(COLUMNS).map_err(csv)?;
    for (_, asset) in &table.rows {
        if held.get(&asset.asset) == Some(asset) {
            out.unchanged += 1;
        } else {
            writer.write_record(asset.fields()).map_err(csv)?;
            out.accepted += 1;
        }
    }
    let mut removed = Vec::new();
    if replace && out.refused.is_empty() {
        let present: std::collections::BTreeSet<&str> = table.rows.iter().map(|(_, a)| a.asset.as_str()).collect();
        removed.extend(held.into_keys().filter(|key| !present.contains(key.as_str())));
    } else if replace {
        out.warnings.push(Fault::new(
            "replace-withheld",
            "line 1",
            "rows were refused, so nothing was removed; correct them first",
        ));
    }
    out.removed = removed.len() as u64;
    if out.accepted == 0 && removed.is_empty() {
        return Ok(out);
    }
    let body = writer.into_inner().map_err(|e| Error::Engine(format!("writing the changed rows: {e}")))?;
    let meta = InventoryMeta { source: source.to_owned(), rows: out.accepted, replace, removed, by: by.to_owned() };
    tx.append(Draft::new(INVENTORY, &meta)?.body(&body))?;
    Ok(out)
}

/// Folds changed rows.
pub(crate) fn fold(tx: &mut Tx<'_>, event: &Event) -> Result<()> {
    let meta: InventoryMeta = event.meta()?;
    let table = read(event.body()).map_err(|f| Error::park(f.rule, f.to_string()))?;
    for key in &meta.removed {
        tx.run("DELETE FROM @asset WHERE source = $1 AND asset = $2", &[(&meta.source).into(), key.into()])?;
    }
    let assets: Vec<&Asset> = table.rows.iter().map(|(_, a)| a).collect();
    let vendors: Vec<Option<String>> = assets.iter().map(|a| Aliases::shipped().key(&a.vendor)).collect();
    let bases: Vec<Option<String>> =
        assets.iter().map(|a| product::purl::Purl::parse(&a.purl).map(|p| p.base)).collect();
    let mut columns = vec![
        Column::Text(vec![&meta.source; assets.len()]),
        Column::Int(vec![event.index; assets.len()]),
        Column::OptText(vendors.iter().map(Option::as_deref).collect()),
        Column::OptText(bases.iter().map(Option::as_deref).collect()),
    ];
    for i in 0..COLUMNS.len() {
        columns.push(Column::Text(assets.iter().map(|a| a.fields().get(i).copied().unwrap_or_default()).collect()));
    }
    let set: Vec<String> = COLUMNS.iter().skip(1).map(|c| format!("{c} = excluded.{c}")).collect();
    tx.bulk(
        &format!("INSERT INTO @asset (source, idx, vendor_key, purl_base, {FIELDS})"),
        &columns,
        &format!(
            "ON CONFLICT (source, asset) DO UPDATE SET idx = excluded.idx, vendor_key = excluded.vendor_key, \
             purl_base = excluded.purl_base, {}",
            set.join(", ")
        ),
    )?;
    Ok(())
}

pub(crate) fn from_row(r: &ledger::Row<'_>, at: usize) -> Asset {
    Asset::from_fields((at..at + COLUMNS.len()).map(|i| r.text(i)))
}

/// All assets of a source.
pub(crate) fn assets_of(tx: &mut Tx<'_>, source: &str) -> Result<BTreeMap<String, Asset>> {
    let sql = format!("SELECT {FIELDS} FROM @asset WHERE source = $1 ORDER BY asset");
    let all = tx.all(&sql, &[source.into()], |r| from_row(r, 0))?;
    Ok(all.into_iter().map(|a| (a.asset.clone(), a)).collect())
}

/// One asset with the index of the event that last changed it.
pub(crate) fn find(tx: &mut Tx<'_>, source: &str, key: &str) -> Result<Option<(i64, Asset)>> {
    let sql = format!("SELECT idx, {FIELDS} FROM @asset WHERE source = $1 AND asset = $2");
    tx.one(&sql, &[source.into(), key.into()], |r| (r.int(0), from_row(r, 1)))
}
