//! Small CSV tables that people write (partners, contacts): a header read by name, each row with its line, each fault with
//! place and rule. Reading never fails as a whole except on the header; a bad row never stops the next.
use std::collections::BTreeMap;
use std::fmt;

/// A cell longer than this is refused: no name, address or list of sectors is.
pub const CELL_MAX: usize = 4096;
/// Bytes of one line.
const LINE_MAX: usize = 64 * 1024;

/// What was wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The line in the file, from 1; the header is line 1.
    pub line: u64,
    /// Stable code.
    pub rule: &'static str,
    /// In words, with what to do.
    pub reason: String,
}

impl Fault {
    /// A fault of one line.
    pub fn new(line: u64, rule: &'static str, reason: impl Into<String>) -> Fault {
        Fault { line, rule, reason: reason.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {} [{}]", self.line, self.reason, self.rule)
    }
}

/// One row: its line and its cells by column name, trimmed.
#[derive(Debug)]
pub struct Row<'a> {
    /// Line in the file.
    pub line: u64,
    record: &'a csv::StringRecord,
    places: &'a BTreeMap<&'a str, usize>,
}

impl<'a> Row<'a> {
    /// The cell of a column; empty where the column or the cell is absent.
    pub fn get(&self, column: &str) -> &'a str {
        self.places.get(column).and_then(|&at| self.record.get(at)).unwrap_or_default().trim()
    }

    /// Whether the table has a column.
    pub fn has(&self, column: &str) -> bool {
        self.places.contains_key(column)
    }

    /// The cell, or `None` where it is empty.
    pub fn opt(&self, column: &str) -> Option<&'a str> {
        Some(self.get(column)).filter(|cell| !cell.is_empty())
    }

    /// The parts of a cell that lists with `;`.
    pub fn list(&self, column: &str) -> Vec<String> {
        self.get(column).split(';').map(str::trim).filter(|p| !p.is_empty()).map(str::to_owned).collect()
    }

    /// A cell that must not be empty.
    pub fn need(&self, column: &'static str) -> Result<&'a str, Fault> {
        self.opt(column).ok_or_else(|| Fault::new(self.line, "missing-value", format!("{column} is empty; fill it")))
    }

    /// An optional cell that is a calendar date.
    pub fn date(&self, column: &'static str) -> Result<Option<jiff::civil::Date>, Fault> {
        let Some(cell) = self.opt(column) else { return Ok(None) };
        let date = (cell.len() == 10).then(|| cell.parse().ok()).flatten();
        let fault = || Fault::new(self.line, "date", format!("{column} {cell:?} is no date such as 2026-03-01"));
        date.map(Some).ok_or_else(fault)
    }

    /// An optional cell that is a country code.
    pub fn country(&self, column: &'static str) -> Result<Option<String>, Fault> {
        let Some(cell) = self.opt(column) else { return Ok(None) };
        let fine = cell.len() == 2 && cell.bytes().all(|b| b.is_ascii_alphabetic());
        let fault =
            || Fault::new(self.line, "country", format!("{column} {cell:?} is no ISO 3166 code of two letters"));
        if fine { Ok(Some(cell.to_ascii_uppercase())) } else { Err(fault()) }
    }
}

/// What reading gave.
#[derive(Debug)]
pub struct Read<T> {
    /// Good rows with their lines.
    pub rows: Vec<(u64, T)>,
    /// Refused rows.
    pub faults: Vec<Fault>,
    /// What was understood but ought to be looked at.
    pub warnings: Vec<Fault>,
}

impl<T> Read<T> {
    fn refused(fault: Fault) -> Self {
        Read { rows: Vec::new(), faults: vec![fault], warnings: Vec::new() }
    }
}

/// Reads a table: `columns` are those known, `required` those that must be in the header; `parse` makes a row into a value.
pub fn read<T>(
    bytes: &[u8],
    columns: &[&str],
    required: &[&str],
    mut parse: impl FnMut(&Row<'_>) -> Result<T, Fault>,
) -> Read<T> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if let Some(line) = bytes.split(|&b| b == b'\n').position(|l| l.len() > LINE_MAX) {
        let reason = format!("a line longer than {LINE_MAX} bytes; this is no table of this kind");
        return Read::refused(Fault::new(line as u64 + 1, "line-too-long", reason));
    }
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
    let mut raw = csv::ByteRecord::new();
    let header = match reader.read_byte_record(&mut raw) {
        Ok(true) => csv::StringRecord::from_byte_record(raw.clone()).ok(),
        Ok(false) | Err(_) => None,
    };
    let Some(header) = header else {
        return Read::refused(Fault::new(1, "table-header", "there is no header line in UTF-8"));
    };
    let mut out = Read { rows: Vec::new(), faults: Vec::new(), warnings: Vec::new() };
    let places = match header_places(&header, columns, required, &mut out.warnings) {
        Ok(places) => places,
        Err(fault) => return Read::refused(fault),
    };
    let mut lines = Lines { bytes, at: 0, line: 1 };
    loop {
        let more = reader.read_byte_record(&mut raw);
        let line = lines.of(&raw);
        let record = match more {
            Ok(true) => checked(&raw, header.len(), line),
            Ok(false) => break,
            Err(e) => Err(Fault::new(line, "csv", e.to_string())),
        };
        let parsed = record.and_then(|record| {
            let row = Row { line, record: &record, places: &places };
            parse(&row).map(|value| (line, value))
        });
        match parsed {
            Ok(row) => out.rows.push(row),
            Err(fault) => out.faults.push(fault),
        }
    }
    out
}

fn header_places<'c>(
    header: &csv::StringRecord,
    columns: &[&'c str],
    required: &[&str],
    warnings: &mut Vec<Fault>,
) -> Result<BTreeMap<&'c str, usize>, Fault> {
    let mut places = BTreeMap::new();
    for (at, name) in header.iter().enumerate() {
        let name = name.trim().to_ascii_lowercase();
        match columns.iter().find(|c| **c == name) {
            Some(&column) if places.insert(column, at).is_some() => {
                return Err(Fault::new(1, "column-doubled", format!("the column {column} stands twice; keep one")));
            }
            Some(_) => {}
            None => warnings.push(Fault::new(1, "column-unknown", format!("the column {name:?} is not read"))),
        }
    }
    match required.iter().find(|c| !places.contains_key(**c)) {
        Some(missing) => Err(Fault::new(
            1,
            "column-missing",
            format!("the column {missing} is missing; the columns are {}", columns.join(",")),
        )),
        None => Ok(places),
    }
}

/// Counts lines by the byte where a record begins: the reader's own count is one short after CRLF.
struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u64,
}

impl Lines<'_> {
    fn of(&mut self, raw: &csv::ByteRecord) -> u64 {
        let start = raw.position().map_or(self.at, |p| p.byte() as usize).max(self.at);
        let breaks = |part: &[u8]| part.iter().filter(|&&b| b == b'\n').count() as u64;
        let rest = self.bytes.get(start..).unwrap_or_default();
        let gap = rest.iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
        self.line += breaks(self.bytes.get(self.at..start + gap).unwrap_or_default());
        self.at = start + gap;
        self.line
    }
}

fn checked(raw: &csv::ByteRecord, width: usize, line: u64) -> Result<csv::StringRecord, Fault> {
    let Ok(record) = csv::StringRecord::from_byte_record(raw.clone()) else {
        return Err(Fault::new(line, "encoding", "the line is not UTF-8; save the table as UTF-8"));
    };
    if record.len() != width {
        let reason = format!("{} cells where the header has {width}", record.len());
        return Err(Fault::new(line, "cell-count", reason));
    }
    for cell in &record {
        if cell.len() > CELL_MAX {
            return Err(Fault::new(
                line,
                "cell-too-long",
                format!("a cell of {} bytes; at most {CELL_MAX}", cell.len()),
            ));
        }
        // A line break in a name would become a header line in a mail; U+0000 is refused by PostgreSQL text.
        if cell.chars().any(char::is_control) {
            return Err(Fault::new(
                line,
                "control-character",
                "a cell holds a line break or another control character",
            ));
        }
    }
    Ok(record)
}

/// A cell of a table that goes out: what a spreadsheet would run as a formula gets a quote before it.
pub fn harmless(cell: &str) -> String {
    match cell.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠']) {
        true => format!("'{cell}"),
        false => cell.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_made_harmless() {
        for (cell, expected) in [("=1+1", "'=1+1"), ("@x", "'@x"), ("-5", "'-5"), ("a=b", "a=b"), ("", "")] {
            assert_eq!(harmless(cell), expected);
        }
    }
}
