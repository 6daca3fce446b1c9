//! Printing: data on standard output, everything else on standard error. A reader that closed the pipe is no failure.
use crate::args::Format;
use crate::failure::Failure;
use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;
use std::io::{IsTerminal, Write};

/// Writes a line of data.
pub(crate) fn line(text: &str) -> Result<(), Failure> {
    bytes(format!("{text}\n").as_bytes())
}

/// Writes bytes as they are.
pub(crate) fn bytes(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => std::process::exit(0),
        other => other.map_err(Failure::from),
    }
}

/// Says something to the person, on standard error.
pub(crate) fn say(text: impl AsRef<str>) {
    // Nobody is there to hear that standard error failed.
    drop(writeln!(std::io::stderr().lock(), "{}", text.as_ref()));
}

/// One document as JSON.
pub(crate) fn json(value: &impl Serialize) -> Result<(), Failure> {
    line(&serde_json::to_string_pretty(value).map_err(|e| Failure::CouldNot(e.to_string()))?)
}

/// Rows in the form that was asked for: `columns` gives the heads and each row's cells for the table and CSV.
pub(crate) fn rows<T: Serialize>(
    format: Format,
    rows: &[T],
    heads: &[&str],
    cells: impl Fn(&T) -> Vec<String>,
) -> Result<(), Failure> {
    match format {
        Format::Json => json(&rows),
        Format::Jsonl => rows
            .iter()
            .try_for_each(|row| line(&serde_json::to_string(row).map_err(|e| Failure::CouldNot(e.to_string()))?)),
        Format::Csv => csv(rows, heads, cells),
        Format::Table if rows.is_empty() => Ok(()),
        Format::Table => line(&table(heads, rows.iter().map(cells))),
    }
}

fn csv<T>(rows: &[T], heads: &[&str], cells: impl Fn(&T) -> Vec<String>) -> Result<(), Failure> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let fail = |e: csv::Error| Failure::CouldNot(e.to_string());
    writer.write_record(heads).map_err(fail)?;
    for row in rows {
        writer.write_record(cells(row).iter().map(|cell| partners::table::harmless(cell))).map_err(fail)?;
    }
    let bytes = writer.into_inner().map_err(|e| Failure::CouldNot(e.to_string()))?;
    line(String::from_utf8_lossy(&bytes).trim_end())
}

/// A table for eyes: as wide as the terminal, or unbounded where nobody watches.
pub(crate) fn table(heads: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(heads.iter().copied());
    if std::io::stdout().is_terminal() {
        table.set_content_arrangement(ContentArrangement::Dynamic);
    }
    for row in rows {
        table.add_row(row);
    }
    table.lines().map(|l| l.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}
