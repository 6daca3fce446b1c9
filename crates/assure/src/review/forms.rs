//! The report of a review for other programs: a table (RFC 4180) and a calendar (RFC 5545). Not for: what is in it.
use std::fmt::Write as _;

use ledger::Micros;
use serde_json::Number;

use crate::review::report::{Report, Row, SMALL};

impl Report {
    /// One line for each figure (RFC 4180).
    ///
    /// # Errors
    /// Where the writer fails, which a buffer in memory does not.
    pub fn csv(&self) -> std::result::Result<String, String> {
        let mut out = csv::Writer::from_writer(Vec::new());
        let heads = [
            "period",
            "measure",
            "statement",
            "kind",
            "unit",
            "value",
            "numerator",
            "denominator",
            "e1",
            "e2",
            "e3",
            "e4",
            "before",
            "baseline_period",
            "baseline",
            "change",
            "definition_version",
            "withheld",
            "missing",
            "marking",
            "stage",
            "known_as_of",
        ];
        out.write_record(heads).map_err(|e| e.to_string())?;
        let number = |n: &Option<Number>| n.as_ref().map(Number::to_string).unwrap_or_default();
        let whole = |n: Option<i64>| n.map(|n| n.to_string()).unwrap_or_default();
        for row in self.rows() {
            let [e1, e2, e3, e4] = &row.evidence;
            let cells = [
                self.period.to_string(),
                row.id.clone(),
                partners::table::harmless(&row.statement),
                row.kind.clone(),
                row.unit.clone(),
                number(&row.value),
                whole(row.numerator),
                whole(row.denominator),
                number(e1),
                number(e2),
                number(e3),
                number(e4),
                number(&row.before),
                row.baseline_period.clone().unwrap_or_default(),
                number(&row.baseline),
                number(&row.change),
                row.definition_version.to_string(),
                if row.withheld { "yes" } else { "no" }.to_owned(),
                row.missing.join("; "),
                format!("TLP:{}", self.marking),
                self.stage.as_str().to_owned(),
                self.known_as_of.to_string(),
            ];
            out.write_record(&cells).map_err(|e| e.to_string())?;
        }
        let bytes = out.into_inner().map_err(|e| e.to_string())?;
        String::from_utf8(bytes).map_err(|e| e.to_string())
    }

    /// A calendar (RFC 5545): the review with its figures on the day of its freeze, and what was decided with its day.
    pub fn ics(&self, host: &str) -> String {
        let mut out = String::new();
        let stamp = instant(self.known_as_of);
        let day = |at: Micros| at.day().replace('-', "");
        let mut put = |line: &str| fold(&mut out, line);
        put("BEGIN:VCALENDAR");
        put("VERSION:2.0");
        put("PRODID:-//Mainstay//Review//EN");
        let held = self.frozen.as_ref().map_or(Micros(self.as_of.0 + 1), |seal| seal.at);
        put("BEGIN:VEVENT");
        put(&format!("UID:review-{}@{host}", self.period));
        put(&format!("DTSTAMP:{stamp}"));
        put(&format!("DTSTART;VALUE=DATE:{}", day(held)));
        put(&format!("SUMMARY:{}", escaped(&format!("Review of {} ({})", self.period, self.stage.as_str()))));
        put("CLASS:CONFIDENTIAL");
        let figures: Vec<String> = self.rows().map(Row::line).collect();
        put(&format!("DESCRIPTION:{}", escaped(&format!("TLP:{}\n{}", self.marking, figures.join("\n")))));
        put("END:VEVENT");
        let all = self.goals.iter().flat_map(|g| &g.objectives).flat_map(|o| &o.texts).chain(&self.texts);
        for (n, text) in all.filter(|text| !text.due.is_empty()).enumerate() {
            put("BEGIN:VTODO");
            put(&format!("UID:review-{}-{}@{host}", self.period, n + 1));
            put(&format!("DTSTAMP:{stamp}"));
            put(&format!("DUE;VALUE=DATE:{}", text.due.replace('-', "")));
            put(&format!("SUMMARY:{}", escaped(&shortened(&text.text))));
            put(&format!("DESCRIPTION:{}", escaped(&format!("{}: {}", text.who, text.text))));
            put("END:VTODO");
        }
        put("END:VCALENDAR");
        out
    }
}

impl Row {
    /// The figure in one line, as every form prints it: `isp:2.1.3 4 response teams (4 of 9), 2024-Q4: 2`.
    pub fn line(&self) -> String {
        let mut line = format!("{} {}", self.id, self.said());
        if let (Some(n), Some(d)) = (self.numerator, self.denominator) {
            let _ = write!(line, " ({n} of {d})");
        }
        if let (Some(period), Some(value)) = (&self.baseline_period, &self.baseline) {
            let _ = write!(line, ", {period}: {value}");
        }
        line
    }

    /// The value with its unit, or why there is none.
    pub fn said(&self) -> String {
        match (&self.value, self.unit.as_str()) {
            (Some(value), "percent") => format!("{value} %"),
            (Some(value), unit) => format!("{value} in {unit}"),
            (None, _) if self.withheld => format!("withheld: fewer than {SMALL}"),
            (None, _) => "no value".to_owned(),
        }
    }
}

fn instant(at: Micros) -> String {
    at.timestamp().strftime("%Y%m%dT%H%M%SZ").to_string()
}

fn shortened(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    match line.chars().count() > 120 {
        true => format!("{}…", line.chars().take(119).collect::<String>()),
        false => line.to_owned(),
    }
}

/// Text of a property (RFC 5545 section 3.3.11).
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace(';', "\\;").replace(',', "\\,").replace('\n', "\\n")
}

/// One content line, folded at 75 bytes (RFC 5545 section 3.1).
fn fold(out: &mut String, line: &str) {
    let mut width = 0;
    for c in line.chars() {
        if width + c.len_utf8() > 75 {
            out.push_str("\r\n ");
            width = 1;
        }
        out.push(c);
        width += c.len_utf8();
    }
    out.push_str("\r\n");
}
