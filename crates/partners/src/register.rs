//! The partners table: `org,name,kind,country,languages,agreement_from,agreement_to,clearance,aka`. Pure reading; recording is
//! the stage's.
use crate::agreement::Agreement;
use crate::table::{self, Fault, Read, Row};
use std::collections::BTreeMap;
use stix::Tlp;

/// Columns in the order in which they are documented.
pub const COLUMNS: [&str; 9] =
    ["org", "name", "kind", "country", "languages", "agreement_from", "agreement_to", "clearance", "aka"];
/// What an organisation may be.
pub const KINDS: [&str; 5] = ["csirt", "operator", "vendor", "agency", "other"];

/// An organisation, as a row of the table or an event says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Org {
    /// Its key: what all else names it by.
    pub key: String,
    /// Its name for people; the key where none was given.
    pub name: String,
    /// One of [`KINDS`].
    pub kind: Option<String>,
    /// ISO 3166-1 alpha-2.
    pub country: Option<String>,
    /// Languages it reads, best first (BCP 47).
    pub languages: Vec<String>,
    /// Other names under which it is known: ids of STIX identities, names in access control policies. `None` where the table has no such
    /// column, so that an older table takes none away.
    pub aka: Option<Vec<String>>,
    /// Its agreement, where it has one.
    pub agreement: Option<Agreement>,
}

/// Whether `key` can name an organisation: up to 64 of `a-z 0-9 . _ -`, beginning with a letter or digit.
pub fn is_key(key: &str) -> bool {
    let fine = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    (1..=64).contains(&key.len())
        && key.bytes().all(fine)
        && key.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric())
}

/// Reads the partners table. An organisation that stands twice is refused at its second line.
pub fn read(bytes: &[u8]) -> Read<Org> {
    let mut seen: BTreeMap<String, u64> = BTreeMap::new();
    table::read(bytes, &COLUMNS, &["org"], |row| {
        let org = org(row)?;
        match seen.insert(org.key.clone(), row.line) {
            Some(first) => {
                Err(Fault::new(row.line, "doubled-key", format!("{} stands already on line {first}", org.key)))
            }
            None => Ok(org),
        }
    })
}

fn org(row: &Row<'_>) -> Result<Org, Fault> {
    let key = row.need("org")?.to_owned();
    if !is_key(&key) {
        let reason = format!("org {key:?} is no key: up to 64 letters, digits, dots, dashes and underscores");
        return Err(Fault::new(row.line, "org-key", reason));
    }
    let kind = row.opt("kind").map(str::to_ascii_lowercase);
    if let Some(unknown) = kind.as_ref().filter(|k| !KINDS.contains(&k.as_str())) {
        return Err(Fault::new(row.line, "kind", format!("kind {unknown:?} is none of {}", KINDS.join(", "))));
    }
    let name = row.opt("name").unwrap_or(&key).to_owned();
    let languages = row.list("languages");
    let aka = row.has("aka").then(|| row.list("aka"));
    Ok(Org { name, kind, country: row.country("country")?, languages, aka, agreement: agreement(row)?, key })
}

fn agreement(row: &Row<'_>) -> Result<Option<Agreement>, Fault> {
    let (from, to) = (row.date("agreement_from")?, row.date("agreement_to")?);
    let clearance = row.opt("clearance").map(str::parse::<Tlp>).transpose();
    let clearance = clearance.map_err(|e| Fault::new(row.line, "clearance", e.to_string()))?;
    match (from, to, clearance) {
        (Some(from), Some(to), _) if to < from => {
            Err(Fault::new(row.line, "agreement-window", format!("agreement_to {to} is before agreement_from {from}")))
        }
        (Some(from), to, clearance) => Ok(Some(Agreement::plain(from, to, clearance.unwrap_or(Tlp::Clear)))),
        (None, None, None | Some(Tlp::Clear)) => Ok(None),
        // Without an agreement in force nothing above CLEAR is given: a clearance without one would only seem to count.
        (None, _, _) => Err(Fault::new(
            row.line,
            "agreement-window",
            "a clearance or an end needs agreement_from; without an agreement an organisation gets CLEAR only",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use insta::assert_snapshot;
    use std::fmt::Write;

    fn show(input: &[u8]) -> String {
        let read = read(input);
        let mut out = String::new();
        for (line, o) in &read.rows {
            let agreement = o.agreement.as_ref().map(|a| {
                let to = a.to.map(|d| d.to_string()).unwrap_or_default();
                format!("{}..{to} TLP:{}", a.from, a.clearance)
            });
            let languages = o.languages.join("+");
            writeln!(out, "{line} {} {:?} {:?} {:?} {languages} {agreement:?}", o.key, o.name, o.kind, o.country)
                .unwrap();
        }
        for fault in read.faults {
            writeln!(out, "{fault}").unwrap();
        }
        for warning in read.warnings {
            writeln!(out, "warning: {warning}").unwrap();
        }
        out
    }

    #[test]
    fn rows_and_faults() {
        let table = "\u{feff}org,name,kind,country,languages,agreement_from,agreement_to,clearance,note\r\n\
            cert-fr,CERT-FR,CSIRT,fr,fr;en,2025-01-01,,AMBER,x\r\n\
            aqua,\"Aqua, SA\",operator,PT,,,,,\r\n\
            late,,,,,2025-02-01,2025-01-01,GREEN,\n\
            bold,,,,,,,TLP:RED,\n\
            aqua,again,,,,,,,\n\
            ../x,,,,,,,,\n\
            odd,,club,,,,,,\n\
            far,,,FRA,,,,,\n\
            when,,,,,2025-2-1,,,\n\
            short,row\n\
            nl,\"two\nlines\",,,,,,,\n\
            last,,,,,2025-01-01,2025-12-31,,\n";
        assert_snapshot!(show(table.as_bytes()), @r#"
        2 cert-fr "CERT-FR" Some("csirt") Some("FR") fr+en Some("2025-01-01.. TLP:AMBER")
        3 aqua "Aqua, SA" Some("operator") Some("PT")  None
        14 last "last" None None  Some("2025-01-01..2025-12-31 TLP:CLEAR")
        line 4: agreement_to 2025-01-01 is before agreement_from 2025-02-01 [agreement-window]
        line 5: a clearance or an end needs agreement_from; without an agreement an organisation gets CLEAR only [agreement-window]
        line 6: aqua stands already on line 3 [doubled-key]
        line 7: org "../x" is no key: up to 64 letters, digits, dots, dashes and underscores [org-key]
        line 8: kind "club" is none of csirt, operator, vendor, agency, other [kind]
        line 9: country "FRA" is no ISO 3166 code of two letters [country]
        line 10: agreement_from "2025-2-1" is no date such as 2026-03-01 [date]
        line 11: 2 cells where the header has 9 [cell-count]
        line 12: a cell holds a line break or another control character [control-character]
        warning: line 1: the column "note" is not read [column-unknown]
        "#);
    }

    #[test]
    fn headers() {
        assert_snapshot!(show(b""), @"line 1: there is no header line in UTF-8 [table-header]");
        assert_snapshot!(show(b"name,kind\nx,csirt\n"), @"line 1: the column org is missing; the columns are org,name,kind,country,languages,agreement_from,agreement_to,clearance,aka [column-missing]");
        assert_snapshot!(show(b"org,name,org\nx,y,z\n"), @"line 1: the column org stands twice; keep one [column-doubled]");
        assert_snapshot!(show(b"org,name\nx,\xff\xfe\ny,fine\n"), @r#"
        3 y "fine" None None  None
        line 2: the line is not UTF-8; save the table as UTF-8 [encoding]
        "#);
        let long = [b"org,name\nx,".as_slice(), &vec![b'a'; 70_000]].concat();
        assert_snapshot!(show(&long), @"line 2: a line longer than 65536 bytes; this is no table of this kind [line-too-long]");
    }
}
