//! Records as CSV, in and out: the columns are the fields of the definition by name, and `id`, `state`, `tags`, `marking`. What is written out
//! can be read in again, and then changes nothing. A column that is there speaks: an empty cell empties its field.
use ledger::{Error, Intake, Ledger, Note, Result, Tx};
use partners::Person;
use partners::table::{self as cells, Fault};

use crate::compute;
use crate::record::definition::{Catalogue, Definition, Type};
use crate::record::list::Line;
use crate::record::write::{Became, Desk, Entry, must};

/// The columns beside the fields.
const BESIDE: [&str; 4] = ["id", "state", "tags", "marking"];

/// How a dry run ends its unit of work.
const DRY: &str = "record-dry-run";

/// One row as it was typed.
struct Typed {
    cells: Vec<(String, String)>,
}

/// Reads a table into records of one kind, row by row: a row that breaks a rule is refused, the others stand. `dry`: nothing is kept.
pub fn import(ledger: &Ledger, kind: &str, file: &str, bytes: &[u8], person: &Person, dry: bool) -> Result<Intake> {
    let (catalogue, tags) = ledger.read(|tx| Ok((Catalogue::of(tx)?, compute::tags(tx)?)))?;
    let definition = must(&catalogue, kind)?;
    let names: Vec<&str> = columns(definition);
    let typed = cells::read(bytes, &names, &[], |row| {
        let here = names.iter().filter(|name| row.has(name));
        let cell = |name: &str| match definition.field(name).map(|field| field.kind) {
            Some(Type::Long) => row.get(name).replace("\\n", "\n"),
            _ => row.get(name).to_owned(),
        };
        Ok(Typed { cells: here.map(|name| ((*name).to_owned(), cell(name))).collect() })
    });
    let note = |fault: Fault| Note {
        file: file.to_owned(),
        place: format!("line {}", fault.line),
        id: String::new(),
        rule: fault.rule.to_owned(),
        reason: fault.reason,
    };
    let mut intake = Intake::default();
    intake.refused.extend(typed.faults.into_iter().map(note));
    intake.warnings.extend(typed.warnings.into_iter().map(note));
    let each = |tx: &mut Tx<'_>, intake: &mut Intake| {
        let mut desk = Desk::new(&catalogue, &tags, person, file).of_table();
        for (line, row) in &typed.rows {
            match put(tx, &mut desk, definition, row) {
                Ok((_, Became::Unchanged)) => intake.unchanged += 1,
                Ok(_) => intake.accept(&definition.kind, 1),
                Err(Error::Refused { rule, reason, next }) => {
                    let reason = if next.is_empty() { reason } else { format!("{reason}; {next}") };
                    intake.refused.push(note(Fault::new(*line, rule, reason)));
                }
                Err(other) => return Err(other),
            }
        }
        Ok(())
    };
    let mut seen = Intake::default();
    let outcome = ledger.write(|tx| {
        seen = intake.clone();
        each(tx, &mut seen)?;
        // what was seen is told, and the unit of work undone
        if dry { Err(Error::refused(DRY, "nothing is kept of a dry run", "")) } else { Ok(()) }
    });
    match outcome {
        Err(error) if error.rule() != DRY => Err(error),
        Ok(()) | Err(_) => Ok(seen),
    }
}

fn put(tx: &mut Tx<'_>, desk: &mut Desk<'_>, definition: &Definition, row: &Typed) -> Result<(String, Became)> {
    let mut entry = Entry { kind: &definition.kind, ..Entry::default() };
    for (name, text) in &row.cells {
        let said = Some(text.as_str()).filter(|text| !text.is_empty());
        match name.as_str() {
            "id" => entry.id = said,
            "state" => entry.state = said,
            "tags" => {
                let tags = text.split(';').map(str::trim).filter(|tag| !tag.is_empty());
                entry.tags = Some(tags.map(str::to_owned).collect());
            }
            "marking" => {
                let read = said.map(str::parse).transpose();
                entry.marking =
                    read.map_err(|e: stix::tlp::UnknownTlp| Error::refused("record-value", e.to_string(), ""))?;
            }
            name => entry.fields.push((name, text)),
        }
    }
    desk.put(tx, &entry)
}

/// The columns of a kind, in the order in which they are written.
pub fn columns(definition: &Definition) -> Vec<&str> {
    let fields = definition.fields.iter().map(|field| field.name.as_str());
    BESIDE[..2].iter().copied().chain(fields).chain(BESIDE[2..].iter().copied()).collect()
}

/// One record as a row of [`columns`].
pub fn row(definition: &Definition, line: &Line) -> Vec<String> {
    let version = &line.version;
    let cell = |name: &str| match name {
        "id" => version.id.clone(),
        "state" => version.state.clone(),
        "tags" => version.tags.join("; "),
        "marking" => version.marking.clone(),
        // a cell holds one line
        name => version.fields.get(name).map(super::Stored::typed).unwrap_or_default().replace('\n', "\\n"),
    };
    columns(definition).into_iter().map(cell).collect()
}
