//! Reading the infrastructure tables: nodes, edges, supply groups and their members, as CSV.
//!
//! Tolerant in form (byte order mark, line ends, column order, spelling of headers, more columns than known), strict in
//! meaning: a row that does not say what it must is named by line, rule and reason, and never stops the other rows.
//! Reading borrows from the bytes and stores nothing; what rows mean together is decided in [`crate::facts`].
mod fields;
mod header;
mod row;

pub use fields::{Country, Part, parse_part};
pub use header::{Form, TableFault, recognise};
pub use row::{Edge, Group, Member, Need, Node, Provenance, Row, Rule};

use fields::Fields;
use header::Header;
use std::ops::Range;

/// Longest row that is read; a longer one is most often a quote that never closes.
pub const ROW_BYTES_MAX: usize = 64 * 1024;

/// Where a row stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Line of the file, from 1 (the header).
    pub line: u64,
    /// The row's bytes as received, without its line end.
    pub raw: Range<usize>,
}

/// A row that was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowFault {
    /// Line of the file, from 1 (the header).
    pub line: u64,
    /// Stable code.
    pub rule: &'static str,
    /// What was wrong, in words.
    pub reason: String,
}

/// What reading a table yielded beside its rows.
#[derive(Clone, Debug)]
pub struct Read {
    /// Which of the four tables it is.
    pub form: Form,
    /// The header row as received, without its line end.
    pub header: Range<usize>,
    /// Rows that were not taken.
    pub faults: Vec<RowFault>,
    /// What the reader should be told, once per kind: columns that are not known.
    pub warnings: Vec<String>,
}

/// Reads a table and hands over each good row, in order.
pub fn read(bytes: &[u8], mut each: impl FnMut(Place, Row<'_>)) -> Result<Read, TableFault> {
    let start = if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let text = bytes.get(start..).unwrap_or_default();
    let first = header::first_line(text);
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(header::delimiter(first))
        .from_reader(text);
    let mut record = csv::ByteRecord::new();
    let header = match reader.read_byte_record(&mut record) {
        Ok(true) => Header::read(&record)?,
        _ => return Err(TableFault { rule: "empty-table", reason: "the table has no header row".into() }),
    };
    let mut lines = Lines { bytes, end: start, line: 1 };
    let mut out = Read {
        form: header.form(),
        header: lines.next(start + reader.position().byte() as usize).raw,
        faults: Vec::new(),
        warnings: header.unknown().map(|name| format!("column {name} is not known and not used")).collect(),
    };
    let mut misplaced: Vec<u64> = Vec::new();
    while let Ok(true) = reader.read_byte_record(&mut record) {
        let place = lines.next(start + reader.position().byte() as usize);
        let line = place.line;
        match row(&header, &record, place.raw.len()) {
            Ok(row) => {
                misplaced.extend(matches!(row, Row::Node(Node { misplaced: true, .. })).then_some(line));
                each(place, row);
            }
            Err((rule, reason)) => out.faults.push(RowFault { line, rule, reason }),
        }
    }
    if let Some(first) = misplaced.first() {
        let count = misplaced.len();
        out.warnings.push(format!(
            "{count} nodes have coordinates that are none (first on line {first}); kept without a place"
        ));
    }
    Ok(out)
}

/// Follows the reader over the bytes: it may leave the second half of a line end, and blank lines, to the next row.
struct Lines<'a> {
    bytes: &'a [u8],
    end: usize,
    line: u64,
}

impl Lines<'_> {
    fn next(&mut self, end: usize) -> Place {
        let ends_apart = self.bytes.get(..self.end).is_some_and(|before| before.ends_with(b"\r"));
        let row = self.bytes.get(self.end..end).unwrap_or_default();
        let blank = row.iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
        let (before, row) = row.split_at(blank);
        // The second half of a line end whose first half was counted with the row before.
        let counted = u64::from(ends_apart && before.starts_with(b"\n"));
        let line = self.line + line_ends(before) - counted;
        let length = row.iter().rposition(|b| !matches!(b, b'\r' | b'\n')).map_or(0, |last| last + 1);
        let begin = self.end + blank;
        (self.end, self.line) = (end, line + line_ends(row));
        Place { line, raw: begin..begin + length }
    }
}

/// Line feeds, and carriage returns without one.
fn line_ends(bytes: &[u8]) -> u64 {
    let count = |end: u8| bytes.iter().filter(|b| **b == end).count();
    let pairs = if count(b'\r') == 0 { 0 } else { bytes.windows(2).filter(|pair| *pair == b"\r\n").count() };
    (count(b'\n') + count(b'\r') - pairs) as u64
}

fn row<'a>(header: &'a Header, record: &'a csv::ByteRecord, length: usize) -> Result<Row<'a>, (&'static str, String)> {
    if length > ROW_BYTES_MAX {
        let reason =
            format!("the row has {length} bytes, more than {ROW_BYTES_MAX}; is there a quote that never closes?");
        return Err(("row-too-long", reason));
    }
    if record.len() != header.width() {
        return Err(("field-count", format!("{} fields where the header has {}", record.len(), header.width())));
    }
    let fields = Fields::new(header, record)?;
    Row::parse(header.form(), &fields)
}

#[cfg(test)]
mod tests {
    use super::*;
    use insta::assert_snapshot;
    use std::fmt::Write;

    fn show(csv: &[u8]) -> String {
        let mut out = String::new();
        match read(csv, |place, row| writeln!(out, "{} {row:?}", place.line).unwrap()) {
            Err(fault) => writeln!(out, "{fault}").unwrap(),
            Ok(read) => {
                read.faults.iter().for_each(|f| writeln!(out, "{}: {} [{}]", f.line, f.reason, f.rule).unwrap());
                read.warnings.iter().for_each(|w| writeln!(out, "warning: {w}").unwrap());
            }
        }
        out
    }

    #[test]
    fn edges_with_faults() {
        let csv = b"\xef\xbb\xbfSRC, dst,type,group,need,inferred,note\r\na,b,power,in,1,0,x\r\na,,power,in,1,0,\r\na,b,power,in,-1,0,\r\na,b,power,in,0.5\r\na,b,power,in,.5,maybe,\r\na,b,p,in,1.5,1,\r\na,b,p,in,,yes,\n";
        assert_snapshot!(show(csv), @r#"
        2 Edge(Edge { src: "a", dst: "b", kind: "power", group: "in", need: Count(1), provenance: Declared })
        8 Edge(Edge { src: "a", dst: "b", kind: "p", group: "in", need: All, provenance: Inferred })
        3: dst is empty [empty-field]
        4: need is -1, not a number from 0 [bad-number]
        5: 5 fields where the header has 7 [field-count]
        6: inferred is maybe, neither 0 nor 1 [bad-flag]
        7: need is 1.5: below 1 it is a share, from 1 a whole count [bad-need]
        warning: column note is not known and not used
        "#);
    }

    #[test]
    fn nodes_with_faults() {
        let csv = b"id;key;type;layer;name;country;lat;lon\n0;fn:water:AA;function;function;\"Water; of A\";AA;;\n1;x;pump;water;P;Atlantis;1;2\n2;;pump;water;P;AA;1;2\n3;y;pump;water;P;uk;91;2\n4;z;pump;water;\xff;AA;1;2\n5;q;pump;water;Q;UK;1.5;-2\n";
        assert_snapshot!(show(csv), @r#"
        2 Node(Node { id: "0", key: "fn:water:AA", kind: "function", layer: "function", name: "Water; of A", country: "AA", place: None, misplaced: false, capacity: "", owner: "", owner_country: "", grounded: false })
        5 Node(Node { id: "3", key: "y", kind: "pump", layer: "water", name: "P", country: "GB", place: None, misplaced: true, capacity: "", owner: "", owner_country: "", grounded: false })
        7 Node(Node { id: "5", key: "q", kind: "pump", layer: "water", name: "Q", country: "GB", place: Some((1.5, -2.0)), misplaced: false, capacity: "", owner: "", owner_country: "", grounded: false })
        3: country is Atlantis, not two letters of ISO 3166-1 [bad-country]
        4: key is empty [empty-field]
        6: the row is not UTF-8 [not-utf8]
        warning: 1 nodes have coordinates that are none (first on line 5); kept without a place
        "#);
    }

    #[test]
    fn groups_and_members() {
        let csv = b"group,consumer,input,rule,k,buffer_h,degraded,ramp_up_h\ng1,p,power,all,,4.5,,2\ng2,p,water,k-of-n,2,,0.4,\ng3,p,fuel,share,0.6,,,\ng4,p,fuel,any,,,,\ng5,p,fuel,k-of-n,,,,\ng6,p,fuel,most,1,,,\ng7,p,fuel,share,2,,,\n";
        assert_snapshot!(show(csv), @r#"
        2 Group(Group { group: "g1", consumer: "p", input: "power", rule: All, buffer_min: 270, degraded: Part(0), ramp_up_min: 120 })
        3 Group(Group { group: "g2", consumer: "p", input: "water", rule: Count(2), buffer_min: 0, degraded: Part(400000), ramp_up_min: 0 })
        4 Group(Group { group: "g3", consumer: "p", input: "fuel", rule: Capacity(Part(600000)), buffer_min: 0, degraded: Part(0), ramp_up_min: 0 })
        5 Group(Group { group: "g4", consumer: "p", input: "fuel", rule: Any, buffer_min: 0, degraded: Part(0), ramp_up_min: 0 })
        6: k is empty, and rule k-of-n wants a whole number from 1 [bad-rule]
        7: rule is most, none of all, any, k-of-n, share [bad-rule]
        8: k is 2, and rule share wants a share above 0 and up to 1 [bad-rule]
        "#);
        let csv = b"group,supplier,share,strength,kind,provenance,confidence\ng1,a,0.5,1,physical,surveyed,80\ng1,b,,,,,\ng1,c,1.5,,,,\ng1,d,,,,guess,\n";
        assert_snapshot!(show(csv), @r#"
        2 Member(Member { group: "g1", supplier: "a", share: Some(Part(500000)), strength: Some(Part(1000000)), kind: "physical", provenance: Surveyed, confidence: Some(80) })
        3 Member(Member { group: "g1", supplier: "b", share: None, strength: None, kind: "", provenance: Unknown, confidence: None })
        4: share is 1.5, not a number from 0 to 1 [bad-number]
        5: provenance is guess, none of declared, surveyed, observed, inferred, imported [bad-provenance]
        "#);
    }

    #[test]
    fn tables_refused_whole() {
        #[track_caller]
        fn check(csv: &[u8], want: &str) {
            assert_eq!(show(csv).trim_end(), want);
        }
        check(b"", "the table has no header row [empty-table]");
        check(b"src,dst,need\n", "the edges table lacks the column group [missing-column]");
        check(b"src,dst,group,need,Need\n", "the edges table has the column need twice [doubled-column]");
        check(
            b"asset,name,vendor,key,type\n",
            "the header is that of no infrastructure table: asset, name, vendor, key, type [unknown-table]",
        );
    }

    #[test]
    fn quote_that_never_closes() {
        let mut csv = b"src,dst,group,need\na,b,g,1\nc,\"d,g,1\n".to_vec();
        (0..9_000).for_each(|_| csv.extend_from_slice(b"e,f,g,1\n"));
        assert_snapshot!(show(&csv), @r#"
        2 Edge(Edge { src: "a", dst: "b", kind: "", group: "g", need: Count(1), provenance: Unknown })
        3: the row has 72008 bytes, more than 65536; is there a quote that never closes? [row-too-long]
        "#);
    }

    #[test]
    fn raw_rows_are_the_bytes_received() {
        let csv = b"src,dst,group,need\r\na,\"b\nb\",g,1\r\n\r\nc,d,g,1";
        let mut rows = Vec::new();
        let read = read(csv, |place, _| rows.push((place.line, &csv[place.raw]))).unwrap();
        assert_eq!(&csv[read.header], b"src,dst,group,need");
        assert_eq!(rows.iter().map(|(_, raw)| *raw).collect::<Vec<_>>(), [&b"a,\"b\nb\",g,1"[..], b"c,d,g,1"]);
        assert_eq!(rows.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [2, 5]);
    }
}
