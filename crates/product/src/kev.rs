//! Reads catalogues of known exploited vulnerabilities: the American one (an object with `vulnerabilities`) and the European
//! one (a bare array). Each row is handed out with its bytes as received.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::Fault;
use crate::text::{List, Text};

/// Which catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Catalogue {
    /// CISA's.
    Kev,
    /// The European Union's.
    EuKev,
}

/// One row of either.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// `CVE-…`, upper case.
    pub cve: String,
    /// As written.
    pub vendor: String,
    /// As written.
    pub product: String,
    /// `vulnerabilityName` or the short description.
    pub name: String,
    /// The day it was listed, `YYYY-MM-DD`.
    pub added: String,
    /// The day by which it must be dealt with, if stated.
    pub due: Option<String>,
    /// Whether ransomware is known to use it.
    pub ransomware: bool,
}

/// The rows of a catalogue: place, bytes, and what was read of them or why not.
pub struct Rows<'a> {
    /// Which catalogue it is.
    pub catalogue: Catalogue,
    /// `catalogVersion`, where given.
    pub version: String,
    /// JSON pointer, the row's own bytes, the row.
    pub rows: Vec<(String, &'a [u8], Result<Entry, Fault>)>,
}

#[derive(Deserialize)]
struct Kev<'a> {
    #[serde(borrow, default, rename = "catalogVersion")]
    version: Text<'a>,
    #[serde(borrow)]
    vulnerabilities: List<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row<'a> {
    #[serde(borrow, default, rename = "cveID")]
    cve: Text<'a>,
    #[serde(borrow, default)]
    vendor_project: Text<'a>,
    #[serde(borrow, default)]
    product: Text<'a>,
    #[serde(borrow, default)]
    vulnerability_name: Text<'a>,
    #[serde(borrow, default)]
    short_description: Text<'a>,
    #[serde(borrow, default)]
    date_added: Text<'a>,
    #[serde(borrow, default)]
    date_reported: Text<'a>,
    #[serde(borrow, default)]
    due_date: Text<'a>,
    #[serde(borrow, default)]
    known_ransomware_campaign_use: Text<'a>,
}

/// Reads a whole catalogue; a row that cannot be read does not stop the others.
pub fn read(bytes: &[u8]) -> Result<Rows<'_>, Fault> {
    let first = bytes.iter().find(|b| !b.is_ascii_whitespace());
    let malformed = |e: &serde_json::Error| Fault::json("kev-malformed", e);
    let (catalogue, version, prefix, raws) = if first == Some(&b'[') {
        let rows: Vec<&RawValue> = serde_json::from_slice(bytes).map_err(|e| malformed(&e))?;
        (Catalogue::EuKev, String::new(), "", rows)
    } else {
        let kev: Kev<'_> = serde_json::from_slice(bytes).map_err(|e| malformed(&e))?;
        (Catalogue::Kev, kev.version.as_str().to_owned(), "/vulnerabilities", kev.vulnerabilities.0)
    };
    let rows = raws.into_iter().enumerate().map(|(i, raw)| {
        let place = format!("{prefix}/{i}");
        let entry = entry(raw.get().as_bytes()).map_err(|f| Fault { place: place.clone(), ..f });
        (place, raw.get().as_bytes(), entry)
    });
    Ok(Rows { catalogue, version, rows: rows.collect() })
}

/// Reads one row.
pub fn entry(bytes: &[u8]) -> Result<Entry, Fault> {
    let row: Row<'_> = serde_json::from_slice(bytes).map_err(|e| Fault::json("kev-row-malformed", &e))?;
    let cve = row.cve.as_str().trim().to_ascii_uppercase();
    if !cve.starts_with("CVE-") {
        return Err(Fault::new("kev-row-id", "/cveID", format!("`{cve}` is not a CVE id")));
    }
    // The European catalogue writes 2026/08/17.
    let date = |t: &Text<'_>| Some(t.as_str().trim().replace('/', "-")).filter(|d| is_day(d));
    let added = date(&row.date_added).or_else(|| date(&row.date_reported));
    let Some(added) = added else {
        return Err(Fault::new("kev-row-date", "/dateAdded", format!("{cve} has no day on which it was listed")));
    };
    let name = if row.vulnerability_name.is_blank() { &row.short_description } else { &row.vulnerability_name };
    Ok(Entry {
        vendor: row.vendor_project.as_str().to_owned(),
        product: row.product.as_str().to_owned(),
        name: name.as_str().to_owned(),
        due: date(&row.due_date),
        ransomware: row.known_ransomware_campaign_use.as_str().eq_ignore_ascii_case("known"),
        cve,
        added,
    })
}

fn is_day(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 10
        && bytes.iter().enumerate().all(|(i, b)| if i == 4 || i == 7 { *b == b'-' } else { b.is_ascii_digit() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_catalogues_read_row_by_row() {
        let us = read(br#"{"catalogVersion":"1","vulnerabilities":[{"cveID":"CVE-2024-1","dateAdded":"2024-05-06","dueDate":"2024-06-07","knownRansomwareCampaignUse":"Known"},{"cveID":"x"}]}"#).unwrap();
        assert_eq!(us.catalogue, Catalogue::Kev);
        assert!(us.rows[0].2.as_ref().is_ok_and(|e| e.ransomware && e.due.as_deref() == Some("2024-06-07")));
        assert_eq!(
            us.rows[1].2.as_ref().map_err(|f| (f.rule, f.place.as_str())),
            Err(("kev-row-id", "/vulnerabilities/1"))
        );
        let eu = read(br#" [{"cveID":"CVE-2026-9","dateReported":"2026/08/17"},{"cveID":"CVE-2026-8"}]"#).unwrap();
        assert_eq!(eu.rows[0].2.as_ref().map(|e| e.added.as_str()), Ok("2026-08-17"));
        assert_eq!(eu.rows[1].2.as_ref().map_err(|f| f.rule), Err("kev-row-date"));
    }
}
