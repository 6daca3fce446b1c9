//! Import: what a file is, is told by its content; what becomes of it, by its stage. This folder reads and hands over.
//!
//! Tables go first, organisations before what refers to them and nodes before edges, whatever the order in which they were
//! named; all else goes in the order of names.
mod documents;
mod form;
pub(crate) mod source;
pub(crate) mod walk;

use crate::failure::Failure;
use depend::stage::Table;
use documents::Batch;
use exchange::admit::{Origin, Sees};
use form::{Form, Unknown};
use indicatif::{ProgressBar, ProgressStyle};
use ledger::{Intake, Ledger, Note};
use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};
use stix::Tlp;
use walk::File;

/// What was asked for beside the files.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    pub collection: Option<String>,
    pub source: String,
    pub tlp: Option<Tlp>,
    pub asset: Option<String>,
    pub replace: bool,
    pub by: String,
}

/// What a file was recognised as.
#[derive(Debug, serde::Serialize)]
pub(crate) struct Recognised {
    pub file: String,
    pub form: String,
    pub reason: String,
}

/// Takes in files and folders.
pub(crate) fn import(ledger: &Ledger, order: &Order, paths: &[PathBuf]) -> Result<Intake, Failure> {
    ledger.catch_up()?;
    let collection = ledger.read(|tx| exchange::collection::need(tx, order.collection.as_deref()))?.id;
    let files = in_order(walk::files(paths)?)?;
    let bar = progress(files.len() as u64);
    let mut work = Work {
        ledger,
        order,
        collection: &collection,
        batch: Batch::default(),
        infrastructure: Vec::new(),
        intake: Intake::default(),
    };
    for file in &files {
        work.file(file).map_err(|e| broke_off(e, &format!("at {}", file.path.display())))?;
        bar.inc(1);
    }
    work.admit_infrastructure().and_then(|()| work.admit_batch()).map_err(|e| broke_off(e, "at the last documents"))?;
    bar.finish_and_clear();
    let mut intake = work.intake;
    for note in &mut intake.refused {
        if let Some(next) = next_step(&note.rule) {
            note.reason = format!("{}; {next}", note.reason);
        }
    }
    for list in [&mut intake.refused, &mut intake.review, &mut intake.skipped, &mut intake.warnings] {
        list.sort();
    }
    Ok(intake)
}

/// An import that cannot go on says where it was, and that nothing has to be undone.
fn broke_off(e: Failure, place: &str) -> Failure {
    match e {
        Failure::CouldNot(why) => Failure::CouldNot(format!(
            "the import broke off {place}: {why}; what came before is stored whole: mend this and import all of it again, what is held is unchanged"
        )),
        other => other,
    }
}

/// What to do about a file whose form is damaged, where the rule's own words do not say it.
fn next_step(rule: &str) -> Option<&'static str> {
    Some(match rule {
        "empty-file" => "fetch it again",
        "json-truncated" => "fetch the whole file again",
        "json-syntax" => "mend it at this place, or ask its sender for JSON",
        "too-deep" => "no format that is read here nests so deep: ask its sender",
        "object-too-large" => "ask its sender for smaller parts",
        "csv-malformed" => "give every line as many cells as the first, and quote cells that hold a comma",
        "column-doubled" => "keep one of the two",
        _ => return None,
    })
}

/// Says what each file is.
pub(crate) fn recognise_all(paths: &[PathBuf]) -> Result<Vec<Recognised>, Failure> {
    let mut out = Vec::new();
    for file in walk::files(paths)? {
        let name = file.path.display().to_string();
        out.push(match source::read(&file.path)? {
            Err(why) => {
                Recognised { file: name, form: String::new(), reason: format!("{} [{}]", why.reason, why.rule) }
            }
            Ok(bytes) => match form::recognise(&bytes) {
                Ok(form) => Recognised { file: name, form: format!("{form:?}").to_lowercase(), reason: String::new() },
                Err(why) => {
                    Recognised { file: name, form: String::new(), reason: format!("{} [{}]", why.reason, why.rule) }
                }
            },
        });
    }
    Ok(out)
}

/// A note on a file.
pub(crate) fn note(
    file: &str,
    place: impl Into<String>,
    id: impl Into<String>,
    rule: &str,
    reason: impl Into<String>,
) -> Note {
    Note { file: file.to_owned(), place: place.into(), id: id.into(), rule: rule.to_owned(), reason: reason.into() }
}

struct Work<'a> {
    ledger: &'a Ledger,
    order: &'a Order,
    collection: &'a str,
    batch: Batch,
    /// Infrastructure tables refer to one another and are admitted together.
    infrastructure: Vec<(String, Vec<u8>)>,
    intake: Intake,
}

impl Work<'_> {
    fn file(&mut self, file: &File) -> Result<(), Failure> {
        let name = file.path.display().to_string();
        let bytes = match source::read(&file.path)? {
            Ok(bytes) => bytes,
            Err(why) => {
                self.intake.refused.push(note(&name, "", "", why.rule, why.reason));
                return Ok(());
            }
        };
        match form::recognise(&bytes) {
            Ok(form) => self.take(name, form, bytes),
            Err(why) => {
                self.not_taken(file, &name, why);
                Ok(())
            }
        }
    }

    fn not_taken(&mut self, file: &File, name: &str, why: Unknown) {
        let said = note(name, why.place, "", why.rule, why.reason);
        match file.named || why.known {
            true => self.intake.refused.push(said),
            false => self.intake.skipped.push(said),
        }
    }

    fn take(&mut self, name: String, form: Form, bytes: Vec<u8>) -> Result<(), Failure> {
        if matches!(form, Form::Nodes | Form::Edges | Form::Groups | Form::Members) {
            self.infrastructure.push((name, bytes));
            return Ok(());
        }
        self.admit_infrastructure()?;
        if matches!(form, Form::Csaf | Form::Kev | Form::Eukev | Form::Cve | Form::CycloneDx | Form::Spdx) {
            return if self.batch.push(name, form, bytes) { self.admit_batch() } else { Ok(()) };
        }
        self.admit_batch()?;
        let (order, ledger) = (self.order, self.ledger);
        let intake = match form {
            Form::Stix => {
                let origin = Origin {
                    file: &name,
                    collection: self.collection,
                    source: &order.source,
                    tlp: order.tlp,
                    by: &order.by,
                    sees: Sees::All,
                    hops: None,
                };
                exchange::import_stix(ledger, &bytes, &origin)?
            }
            Form::Inventory => {
                let read =
                    ledger.write(|tx| expose::import_inventory(tx, &order.source, &bytes, order.replace, &order.by));
                refused_whole(&name, "line 1", read)?.map_or_else(|intake| intake, |imported| imported.intake(&name))
            }
            Form::Answer => self.answer(&name, &bytes)?,
            Form::Contacts => {
                small_table("contacts", &name, ledger.write(|tx| act::import_contacts(tx, &bytes, order.replace))?)
            }
            Form::Partners => small_table("partners", &name, ledger.write(|tx| partners::import_csv(tx, &bytes))?),
            // Gathered above.
            _ => Intake::default(),
        };
        ledger.catch_up()?;
        self.intake.add(intake);
        Ok(())
    }

    /// An answer of `match`, taken only under a key that its partner registered and that is in force.
    fn answer(&self, name: &str, bytes: &[u8]) -> Result<Intake, Failure> {
        let hub = self.ledger.hub();
        let taken = self.ledger.write(|tx| expose::home::import_answer(tx, hub, bytes, &self.order.by));
        Ok(refused_whole(name, "", taken)?.map_or_else(
            |intake| intake,
            |new| {
                let mut intake = Intake { unchanged: u64::from(!new), ..Intake::default() };
                intake.accept("answer", u64::from(new));
                intake
            },
        ))
    }

    fn admit_infrastructure(&mut self) -> Result<(), Failure> {
        let files = std::mem::take(&mut self.infrastructure);
        if files.is_empty() {
            return Ok(());
        }
        let tables: Vec<Table<'_>> = files.iter().map(|(file, bytes)| Table { file, bytes }).collect();
        let order = self.order;
        self.intake.add(self.ledger.write(|tx| depend::stage::admit(tx, &order.source, &tables, order.replace))?);
        self.ledger.catch_up()?;
        Ok(())
    }

    fn admit_batch(&mut self) -> Result<(), Failure> {
        let intake = self.batch.admit(self.ledger, self.order, self.collection)?;
        self.intake.add(intake);
        self.ledger.catch_up()?;
        Ok(())
    }
}

/// A rule that refuses a file as a whole is an outcome of the import, not its failure.
fn refused_whole<T>(file: &str, place: &str, outcome: ledger::Result<T>) -> Result<Result<T, Intake>, Failure> {
    match outcome {
        Ok(value) => Ok(Ok(value)),
        Err(ledger::Error::Refused { rule, reason, next }) => {
            let reason = if next.is_empty() { reason } else { format!("{reason}; {next}") };
            Ok(Err(Intake { refused: vec![note(file, place, "", rule, reason)], ..Intake::default() }))
        }
        Err(other) => Err(other.into()),
    }
}

fn small_table(kind: &str, file: &str, imported: partners::Imported) -> Intake {
    let mut intake = Intake { unchanged: imported.unchanged as u64, ..Intake::default() };
    intake.accept(kind, imported.accepted as u64);
    let say = |f: partners::table::Fault| note(file, format!("line {}", f.line), "", f.rule, f.reason);
    intake.refused = imported.refused.into_iter().map(say).collect();
    intake.warnings = imported.warnings.into_iter().map(say).collect();
    intake
}

/// Tables first, by their rank; a table is known by its first bytes.
fn in_order(files: Vec<File>) -> Result<Vec<File>, Failure> {
    let mut ranked = files.into_iter().map(|f| Ok((rank(&f.path)?, f))).collect::<Result<Vec<_>, Failure>>()?;
    ranked.sort_by_key(|(rank, _)| *rank);
    Ok(ranked.into_iter().map(|(_, file)| file).collect())
}

fn rank(path: &Path) -> Result<u8, Failure> {
    let say = |e: std::io::Error| Failure::CouldNot(format!("{}: {e}", path.display()));
    let mut head = Vec::new();
    std::fs::File::open(path).map_err(say)?.take(8192).read_to_end(&mut head).map_err(say)?;
    if head.starts_with(&[0x1f, 0x8b]) {
        let mut plain = vec![0; 4096];
        // A broken or short stream gives fewer bytes; what is wrong with it is said when it is read.
        let n = flate2::read::MultiGzDecoder::new(head.as_slice()).read(&mut plain).unwrap_or(0);
        plain.truncate(n);
        head = plain;
    }
    let head = head.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(&head);
    if matches!(head.iter().find(|b| !b.is_ascii_whitespace()), Some(b'{' | b'[' | b'<') | None) {
        return Ok(u8::MAX);
    }
    Ok(match form::recognise(head) {
        Ok(Form::Partners) => 0,
        Ok(Form::Contacts) => 1,
        Ok(Form::Nodes) => 2,
        Ok(Form::Groups) => 3,
        Ok(Form::Edges) => 4,
        Ok(Form::Members) => 5,
        Ok(Form::Inventory) => 6,
        _ => u8::MAX,
    })
}

/// A bar when a person watches.
fn progress(files: u64) -> ProgressBar {
    if files < 2 || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(files);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos} of {len} files, {eta} left") {
        bar.set_style(style);
    }
    bar
}
