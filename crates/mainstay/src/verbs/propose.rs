//! `record propose`, `proposals`, `accept` and `drop`: what calendars, mails and exports of courses say could be recorded, and what a person decides.
use super::record::{fields_of, open};
use crate::actor;
use crate::args::{Format, Global};
use crate::failure::{Done, Failure};
use crate::import::{source, walk};
use crate::{out, store};
use assure::propose::decide::{self, Answer};
use assure::propose::queue::{self, Item};
use assure::propose::{FILE_MAX, Form, Known, Reading};
use assure::record::write::Became;
use clap::Args;
use ledger::{Intake, Ledger, Note};
use partners::Person;
use partners::may::Verb;
use std::path::PathBuf;

/// Proposals that one call shows.
const LIST_MAX: usize = 1_000;

/// Files to be read.
#[derive(Debug, Args)]
pub(crate) struct Propose {
    /// Calendars (.ics), mails (.eml), exports of courses (.csv), or folders of these; what a file is, is told by its content
    #[arg(required = true, value_name = "FILE")]
    paths: Vec<PathBuf>,
    /// Of a calendar also what names nobody of a partner
    #[arg(long)]
    all: bool,
}

/// What is accepted.
#[derive(Debug, Args)]
pub(crate) struct Accept {
    /// Its number, from `record proposals`
    proposal: i64,
    /// FIELD=VALUE: what is so instead, or beside; an empty value empties the field
    #[arg(value_name = "FIELD=VALUE")]
    fields: Vec<String>,
    /// Another kind of record
    #[arg(long)]
    kind: Option<String>,
    /// Another state
    #[arg(long)]
    state: Option<String>,
    /// What it serves, as `plan tags` lists them; may be given again, and then says all of them
    #[arg(long, value_name = "TAG")]
    tag: Vec<String>,
}

impl Propose {
    pub(crate) fn run(&self, global: &Global) -> Result<Done, Failure> {
        let (ledger, _) = open(global)?;
        let person = actor::must(global, &ledger, Verb::Import)?;
        ledger.catch_up()?;
        let mut intake = Intake::default();
        for file in walk::files(&self.paths)? {
            intake.add(self.file(&ledger, &person, &file)?);
        }
        store::settle(global, &ledger)?;
        match global.format {
            Format::Table => {
                let kinds: Vec<String> = intake.by_kind.iter().map(|(kind, n)| format!("{n} {kind}")).collect();
                let kinds = if kinds.is_empty() { String::new() } else { format!(" ({})", kinds.join(", ")) };
                out::line(&format!("{} proposed{kinds}, {} known already", intake.accepted, intake.unchanged))?;
                super::import::lists(&intake)?;
            }
            format => super::import::print(format, &intake)?,
        }
        if intake.accepted > 0 {
            out::say("`record proposals` shows what waits; `record accept N` or `record drop N --reason TEXT` decides");
        }
        Ok(if intake.has_findings() { Done::Findings } else { Done::Fine })
    }

    fn file(&self, ledger: &Ledger, person: &Person, file: &walk::File) -> Result<Intake, Failure> {
        let name = file.path.display().to_string();
        let note = |rule: &str, reason: String| Note {
            file: name.clone(),
            place: String::new(),
            id: String::new(),
            rule: rule.to_owned(),
            reason,
        };
        let refused = |note| Intake { refused: vec![note], ..Intake::default() };
        let bytes = match source::raw(&file.path)? {
            Ok(bytes) if bytes.len() > FILE_MAX => {
                let reason =
                    format!("the file has {} bytes, at most {FILE_MAX}: carry out a shorter time", bytes.len());
                return Ok(refused(note("file-too-large", reason)));
            }
            Ok(bytes) => bytes,
            Err(why) => return Ok(refused(note(why.rule, why.reason))),
        };
        let Some(form) = Form::of(&bytes) else {
            let reason =
                "this is no calendar, no mail and no export of a course: give one as .ics, .eml or .csv in UTF-8";
            let note = note("form-unknown", reason.to_owned());
            return Ok(match file.named {
                true => refused(note),
                false => Intake { skipped: vec![note], ..Intake::default() },
            });
        };
        let today = ledger.env().clock.now().civil();
        let short = file.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let intake = ledger.write_applied(|tx| {
            let catalogue = assure::record::Catalogue::of(tx)?;
            let directory = queue::directory(tx)?;
            let known = Known { directory: &directory, today, all: self.all };
            let reading: Reading = assure::propose::read(tx, form, &bytes, &known)?;
            queue::propose(tx, &catalogue, (&short, form), &reading, person)
        })?;
        Ok(intake)
    }
}

pub(crate) fn list(global: &Global, after: Option<i64>) -> Result<Done, Failure> {
    let (ledger, catalogue) = open(global)?;
    let person = actor::own(global, &ledger)?;
    let items = ledger.read(|tx| queue::list(tx, &catalogue, &person, after.unwrap_or(-1), LIST_MAX))?;
    let heads = ["proposal", "since", "act", "kind", "record", "state", "says", "to know", "from"];
    out::rows(global.format, &items, &heads, cells)?;
    match items.last() {
        None => out::say("nothing is proposed; `record propose FILE` reads a calendar, a mail, an export of courses"),
        Some(last) if items.len() == LIST_MAX => {
            out::say(format!("`record proposals --after {}` has more", last.proposal));
        }
        Some(_) => out::say("`record accept N [FIELD=VALUE…]` or `record drop N --reason TEXT`"),
    }
    Ok(Done::Fine)
}

fn cells(item: &Item) -> Vec<String> {
    let says: Vec<String> = item.fields.iter().map(|(name, text)| format!("{name}={text}")).collect();
    let place = if item.place.is_empty() { String::new() } else { format!(", {}", item.place) };
    vec![
        item.proposal.to_string(),
        item.known.to_string(),
        item.act.as_str().to_owned(),
        item.kind.clone(),
        item.id.clone(),
        item.state.clone(),
        says.join(" | "),
        item.notes.join(" | "),
        format!("{}{place}", item.file),
    ]
}

impl Accept {
    pub(crate) fn run(&self, global: &Global) -> Result<Done, Failure> {
        let (ledger, catalogue) = open(global)?;
        let person = actor::must(global, &ledger, Verb::Import)?;
        let tags = ledger.read(assure::tags)?;
        let fields = fields_of(&self.fields)?;
        let answer = Answer {
            kind: self.kind.clone(),
            state: self.state.clone(),
            fields: fields.into_iter().map(|(name, text)| (name.to_owned(), text.to_owned())).collect(),
            tags: (!self.tag.is_empty()).then(|| self.tag.clone()),
        };
        let came =
            ledger.write_applied(|tx| decide::accept(tx, &catalogue, &tags, &person, (self.proposal, &answer)))?;
        store::settle(global, &ledger)?;
        let said = match came.became {
            Some(Became::New) => "is recorded",
            Some(Became::Changed) => "is changed",
            Some(Became::Unchanged) => "stands so already",
            None => "is backed",
        };
        out::line(&came.id)?;
        out::say(format!("{} {} {said}, says {}", came.kind, came.id, person.name));
        Ok(Done::Fine)
    }
}

pub(crate) fn drop_one(global: &Global, proposal: i64, reason: &str) -> Result<Done, Failure> {
    let (ledger, catalogue) = open(global)?;
    let person = actor::must(global, &ledger, Verb::Import)?;
    ledger.write_applied(|tx| decide::drop_one(tx, &catalogue, &person, proposal, reason))?;
    store::settle(global, &ledger)?;
    out::say(format!("proposal {proposal} stays without effect, says {}", person.name));
    Ok(Done::Fine)
}
