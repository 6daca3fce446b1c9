//! Reads an inventory table (CSV): one asset a row, `asset` alone required and unique. Faults name their line; a header with
//! missing or doubled columns refuses the table, a bad row refuses that row.

use std::collections::BTreeMap;

use crate::Fault;

/// The columns, in their documented order.
pub const COLUMNS: [&str; 17] = [
    "asset",
    "name",
    "vendor",
    "product",
    "model",
    "version",
    "purl",
    "cpe",
    "serial",
    "country",
    "owner",
    "owner_country",
    "sector",
    "functions",
    "node",
    "lat",
    "lon",
];

/// One asset. Texts are trimmed; empty = not stated.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Asset {
    /// Its key, unique within its source.
    pub asset: String,
    /// What people call it.
    pub name: String,
    /// Vendor of the product.
    pub vendor: String,
    /// Product.
    pub product: String,
    /// Model or order number.
    pub model: String,
    /// Version of its firmware or software.
    pub version: String,
    /// Package URL.
    pub purl: String,
    /// CPE 2.3 name.
    pub cpe: String,
    /// Serial number.
    pub serial: String,
    /// Where it stands, ISO 3166-1 alpha-2.
    pub country: String,
    /// Key of the organisation that owns it.
    pub owner: String,
    /// Country of the owner.
    pub owner_country: String,
    /// Sector.
    pub sector: String,
    /// Functions that rest on it, separated by `;`.
    pub functions: String,
    /// Key of its node in the dependency graph; else its own key is tried.
    pub node: String,
    /// Latitude in degrees.
    pub lat: String,
    /// Longitude in degrees.
    pub lon: String,
}

/// A table that was read: the rows that hold, with their line, and the faults of those that do not.
#[derive(Debug, Default)]
pub struct Table {
    /// Line of the row in the file, and the asset.
    pub rows: Vec<(u64, Asset)>,
    /// What was refused.
    pub faults: Vec<Fault>,
    /// Columns that are not known, which are kept with the bytes and not used.
    pub unknown_columns: Vec<String>,
}

impl Asset {
    /// The fields in the order of [`COLUMNS`].
    pub fn fields(&self) -> [&str; 17] {
        [
            &self.asset,
            &self.name,
            &self.vendor,
            &self.product,
            &self.model,
            &self.version,
            &self.purl,
            &self.cpe,
            &self.serial,
            &self.country,
            &self.owner,
            &self.owner_country,
            &self.sector,
            &self.functions,
            &self.node,
            &self.lat,
            &self.lon,
        ]
    }

    fn field_mut(&mut self, column: &str) -> Option<&mut String> {
        Some(match column {
            "asset" => &mut self.asset,
            "name" => &mut self.name,
            "vendor" => &mut self.vendor,
            "product" => &mut self.product,
            "model" => &mut self.model,
            "version" => &mut self.version,
            "purl" => &mut self.purl,
            "cpe" => &mut self.cpe,
            "serial" => &mut self.serial,
            "country" => &mut self.country,
            "owner" => &mut self.owner,
            "owner_country" => &mut self.owner_country,
            "sector" => &mut self.sector,
            "functions" => &mut self.functions,
            "node" => &mut self.node,
            "lat" => &mut self.lat,
            "lon" => &mut self.lon,
            _ => return None,
        })
    }

    /// Builds an asset from fields in the order of [`COLUMNS`]; missing ones are empty.
    pub fn from_fields<'a>(fields: impl IntoIterator<Item = &'a str>) -> Asset {
        let mut asset = Asset::default();
        for (column, value) in COLUMNS.iter().zip(fields) {
            if let Some(slot) = asset.field_mut(column) {
                value.clone_into(slot);
            }
        }
        asset
    }
}

/// Whether the first line looks like an inventory's header: it has an `asset` column.
pub fn recognises(bytes: &[u8]) -> bool {
    let line = bytes.split(|b| *b == b'\n').next().unwrap_or_default();
    let line = String::from_utf8_lossy(line).to_lowercase();
    line.trim_start_matches('\u{feff}').split(',').any(|c| c.trim().trim_matches('"') == "asset")
}

/// Reads a table. An error is the header's: nothing of the table is taken then.
pub fn read(bytes: &[u8]) -> Result<Table, Fault> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if let Err(e) = std::str::from_utf8(bytes) {
        let line = bytes.get(..e.valid_up_to()).unwrap_or_default().iter().filter(|b| **b == b'\n').count() + 1;
        return Err(Fault::new("csv-encoding", format!("line {line}"), "not UTF-8; save the table as UTF-8"));
    }
    let mut reader = csv::ReaderBuilder::new().flexible(true).has_headers(true).from_reader(bytes);
    let header = reader.headers().map_err(|e| Fault::new("csv-malformed", "line 1", e.to_string()))?.clone();
    let mut table = Table::default();
    let columns = columns(&header, &mut table)?;
    let mut seen: BTreeMap<String, u64> = BTreeMap::new();
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(e) => {
                let line = e.position().map_or(0, csv::Position::line);
                table.faults.push(Fault::new("csv-malformed", format!("line {line}"), e.to_string()));
                continue;
            }
        };
        let line = record.position().map_or(0, csv::Position::line);
        match row(&record, &columns, header.len()) {
            Ok(asset) => match seen.get(&asset.asset) {
                Some(first) => {
                    let reason = format!(
                        "asset `{}` stands in line {first} already; keys are unique within a source",
                        asset.asset
                    );
                    table.faults.push(Fault::new("inventory-asset-doubled", format!("line {line}"), reason));
                }
                None => {
                    seen.insert(asset.asset.clone(), line);
                    table.rows.push((line, asset));
                }
            },
            Err((rule, reason)) => table.faults.push(Fault::new(rule, format!("line {line}"), reason)),
        }
    }
    Ok(table)
}

fn columns(header: &csv::StringRecord, table: &mut Table) -> Result<Vec<Option<&'static str>>, Fault> {
    let mut columns: Vec<Option<&'static str>> = Vec::with_capacity(header.len());
    for name in header {
        let folded = name.trim().to_ascii_lowercase();
        let known = COLUMNS.iter().find(|c| **c == folded).copied();
        if known.is_some() && columns.contains(&known) {
            return Err(Fault::new("column-doubled", "line 1", format!("column `{folded}` stands twice")));
        }
        if known.is_none() {
            table.unknown_columns.push(name.trim().to_owned());
        }
        columns.push(known);
    }
    if !columns.contains(&Some("asset")) {
        return Err(Fault::new(
            "column-missing",
            "line 1",
            "column `asset` is missing; the first line names the columns",
        ));
    }
    Ok(columns)
}

type RowFault = (&'static str, String);

fn row(record: &csv::StringRecord, columns: &[Option<&'static str>], width: usize) -> Result<Asset, RowFault> {
    if record.len() != width {
        return Err(("csv-row-width", format!("{} fields where the header has {width}", record.len())));
    }
    let mut asset = Asset::default();
    for (column, value) in columns.iter().zip(record) {
        if value.contains('\0') {
            return Err(("csv-value", "a text with U+0000 in it".to_owned()));
        }
        if let Some(slot) = column.and_then(|c| asset.field_mut(c)) {
            value.trim().clone_into(slot);
        }
    }
    if asset.asset.is_empty() {
        return Err(("inventory-asset-missing", "the row has no asset key".to_owned()));
    }
    for country in [&mut asset.country, &mut asset.owner_country] {
        country.make_ascii_uppercase();
        let is_code = country.len() == 2 && country.bytes().all(|b| b.is_ascii_uppercase());
        if !country.is_empty() && !is_code {
            return Err(("inventory-country", format!("`{country}` is not an ISO 3166-1 code of two letters")));
        }
    }
    for (axis, value, limit) in [("lat", &asset.lat, 90.0), ("lon", &asset.lon, 180.0)] {
        let inside = value.is_empty() || value.parse::<f64>().is_ok_and(|degrees| degrees.abs() <= limit);
        if !inside {
            return Err((
                "inventory-position",
                format!("{axis} `{value}` is not between -{limit} and {limit} degrees"),
            ));
        }
    }
    if !asset.purl.is_empty() && crate::purl::Purl::parse(&asset.purl).is_none() {
        return Err(("inventory-purl", format!("`{}` is not a package URL", asset.purl)));
    }
    Ok(asset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_and_bad_ones_named_by_line() {
        let table = read(
            b"\xef\xbb\xbfAsset, vendor,version,country,colour\na1,Acme,1.0,de,red\n,Acme,,,\na1,Acme,2,,\na2,Acme,3,Germany,\na3,x\n\"a,4\",B,,,\n",
        )
        .unwrap();
        assert_eq!(
            table.rows.iter().map(|(l, a)| (*l, a.asset.as_str(), a.country.as_str())).collect::<Vec<_>>(),
            [(2, "a1", "DE"), (7, "a,4", "")]
        );
        assert_eq!(table.unknown_columns, ["colour"]);
        let faults: Vec<String> = table.faults.iter().map(ToString::to_string).collect();
        insta::assert_snapshot!(faults.join("\n"), @"
        line 3: the row has no asset key [inventory-asset-missing]
        line 4: asset `a1` stands in line 2 already; keys are unique within a source [inventory-asset-doubled]
        line 5: `GERMANY` is not an ISO 3166-1 code of two letters [inventory-country]
        line 6: 2 fields where the header has 5 [csv-row-width]
        ");
    }

    #[test]
    fn a_bad_header_refuses_the_table() {
        #[track_caller]
        fn check(table: &[u8], rule: &str) {
            assert_eq!(
                read(table).map(|_| "").map_err(|f| f.rule),
                Err(rule).map_err(|r: &str| match r {
                    "column-doubled" => "column-doubled",
                    "csv-encoding" => "csv-encoding",
                    _ => "column-missing",
                })
            );
        }
        check(b"name,vendor\nx,y\n", "column-missing");
        check(b"", "column-missing");
        check(b"asset,vendor,Vendor\nx,y,z\n", "column-doubled");
        check(b"asset\nx\nG\xfcnther\n", "csv-encoding");
    }

    #[test]
    fn fields_go_both_ways() {
        let asset = Asset { asset: "a".into(), lon: "1".into(), ..Asset::default() };
        assert_eq!(Asset::from_fields(asset.fields()), asset);
    }
}
