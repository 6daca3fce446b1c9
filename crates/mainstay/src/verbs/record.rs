//! `record`: what people write down, by kinds that packs define.
use crate::actor;
use crate::args::{Format, Global};
use crate::failure::{Done, Failure};
use crate::import::source;
use crate::verbs::propose;
use crate::{out, store};
use assure::record::deed::{Brought, Deed};
use assure::record::definition::{Catalogue, Definition, Type};
use assure::record::list::{self, Line, Wanted};
use assure::record::write::{self, Became, Desk, Entry};
use assure::record::{Stored, table};
use clap::{Args, Subcommand};
use ledger::{Ledger, Tx};
use partners::Person;
use partners::may::Verb;
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use stix::Tlp;

/// What people write down.
#[derive(Debug, Subcommand)]
pub(crate) enum Record {
    /// The kinds of records; of one kind, its fields and states
    Kinds {
        /// The kind
        kind: Option<String>,
    },
    /// Record something; of what its key or --id names already, a further version
    Add(Add),
    /// Read records of one kind from a table; its columns are those that `record list KIND --format csv` writes
    Import {
        /// The kind
        kind: String,
        /// The table
        file: PathBuf,
        /// Say what would become of it, and keep nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// The records of a kind, the last recorded first
    List(List),
    /// One record with its history
    Show {
        /// The kind
        kind: String,
        /// Its id
        id: String,
    },
    /// Add what shows that a record is so
    Evidence(Backed),
    /// Enter that a partner that took part says so, by telephone, letter or mail
    Confirm(Backed),
    /// Vouch for a record of which one recorded nothing; an auditor's word is E4
    Attest {
        /// The kind
        kind: String,
        /// Its id
        id: String,
        /// What was looked at, in words that stand in the file
        #[arg(long, value_name = "TEXT")]
        note: String,
    },
    /// Say that a record was a mistake: it counts nowhere, and stays in its history
    Void {
        /// The kind
        kind: String,
        /// Its id
        id: String,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Read what calendars, mails and exports of courses say could be recorded; a person decides on each
    Propose(propose::Propose),
    /// What is proposed and not decided, oldest first
    Proposals {
        /// Only what came after the proposal of this number
        #[arg(long, value_name = "N")]
        after: Option<i64>,
    },
    /// Record what is proposed, by all the rules of its kind; whoever accepts it recorded it
    Accept(propose::Accept),
    /// Leave a proposal without effect; the same is not proposed again, a later version of it is
    Drop {
        /// Its number, from `record proposals`
        proposal: i64,
        /// Why, in words that stand in the file
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
}

/// What is recorded.
#[derive(Debug, Args)]
pub(crate) struct Add {
    /// The kind
    kind: String,
    /// FIELD=VALUE; a list divides its values with `;`, an empty value empties the field
    #[arg(value_name = "FIELD=VALUE")]
    fields: Vec<String>,
    /// Its id, where its fields do not give one
    #[arg(long)]
    id: Option<String>,
    /// Where it is in its life
    #[arg(long)]
    state: Option<String>,
    /// What it serves, as `plan tags` lists them; may be given again, and then says all of them
    #[arg(long, value_name = "TAG")]
    tag: Vec<String>,
    /// Its mark; the kind's own unless said
    #[arg(long, value_name = "TLP")]
    tlp: Option<Tlp>,
}

/// Which records.
#[derive(Debug, Args)]
pub(crate) struct List {
    /// The kind
    kind: String,
    /// In this state only
    #[arg(long)]
    state: Option<String>,
    /// Only what has all these words, whole and in any order
    #[arg(long, value_name = "WORDS")]
    find: Option<String>,
    /// Only what bears this tag
    #[arg(long)]
    tag: Option<String>,
    /// Also what was a mistake
    #[arg(long)]
    all: bool,
    /// At most so many
    #[arg(long, default_value_t = 10_000)]
    limit: usize,
}

/// What backs a record.
#[derive(Debug, Args)]
pub(crate) struct Backed {
    /// The kind
    kind: String,
    /// Its id
    id: String,
    /// Whose word or document it is
    #[arg(long, value_name = "ORG")]
    from: String,
    /// How well it shows it: E0 to E3 of evidence, E0 unless said; E1 or, with a document or a reference to one, E2 of a confirmation
    #[arg(long)]
    level: Option<String>,
    /// What it is and where it lies, in a line
    #[arg(long, value_name = "TEXT", default_value = "")]
    note: String,
    /// The document itself
    #[arg(long)]
    file: Option<PathBuf>,
}

impl Record {
    pub(crate) fn run(&self, global: &Global) -> Result<Done, Failure> {
        match self {
            Record::Kinds { kind } => kinds(global, kind.as_deref()),
            Record::Add(add) => add.run(global),
            Record::Import { kind, file, dry_run } => import(global, kind, file, *dry_run),
            Record::List(list) => list.run(global),
            Record::Show { kind, id } => show(global, kind, id),
            Record::Propose(propose) => propose.run(global),
            Record::Proposals { after } => propose::list(global, *after),
            Record::Accept(accept) => accept.run(global),
            Record::Drop { proposal, reason } => propose::drop_one(global, *proposal, reason),
            Record::Evidence(backed) => {
                let person = backed.take(global, Deed::Evidence)?;
                let level = backed.level.as_deref().unwrap_or("E0");
                out::say(format!("{} is backed by {} at {level}, says {}", backed.id, backed.from, person.name));
                Ok(Done::Fine)
            }
            Record::Confirm(backed) => {
                backed.take(global, Deed::Confirm)?;
                out::say(format!("{} says that {} was so", backed.from, backed.id));
                Ok(Done::Fine)
            }
            Record::Attest { kind, id, note } => {
                let person = take(global, Deed::Attest, (kind, id), &Brought { note, ..Brought::default() })?;
                out::say(format!("{} vouches for {id}", person.name));
                Ok(Done::Fine)
            }
            Record::Void { kind, id, reason } => {
                let brought = Brought { note: reason, ..Brought::default() };
                let person = take(global, Deed::Void, (kind, id), &brought)?;
                out::say(format!("{id} was a mistake, says {}; it counts nowhere", person.name));
                Ok(Done::Fine)
            }
        }
    }
}

/// Does something with a record that stands; gives who did it.
fn take(global: &Global, deed: Deed, (kind, id): (&str, &str), brought: &Brought<'_>) -> Result<Person, Failure> {
    let (ledger, catalogue) = open(global)?;
    let person = actor::must(global, &ledger, deed.verb())?;
    ledger.write(|tx| deed.take(tx, &catalogue, (kind, id), (&person, None), brought))?;
    store::settle(global, &ledger)?;
    Ok(person)
}

/// A store that is there, and what records are in it.
pub(crate) fn open(global: &Global) -> Result<(Arc<Ledger>, Catalogue), Failure> {
    let ledger = store::open_or_create(global)?;
    let catalogue = ledger.read(Catalogue::of)?;
    Ok((ledger, catalogue))
}

/// The definition of a kind that this person may read.
fn readable<'c>(catalogue: &'c Catalogue, kind: &str, person: &Person) -> Result<&'c Definition, Failure> {
    let definition = write::must(catalogue, kind)?;
    match definition.is_read_by(person.role) {
        true => Ok(definition),
        false => {
            let who = definition.read_by.join(", ");
            Err(Failure::Denied(format!(
                "the role {} may not read {}; {who} may [role]",
                person.role, definition.plural
            )))
        }
    }
}

fn kinds(global: &Global, kind: Option<&str>) -> Result<Done, Failure> {
    let (ledger, catalogue) = open(global)?;
    actor::own(global, &ledger)?;
    let Some(kind) = kind else {
        #[derive(Serialize)]
        struct Kind<'a> {
            kind: &'a str,
            says: &'a str,
            records: i64,
        }
        let counts = ledger.read(list::counts)?;
        let of = |kind: &str| counts.iter().find(|(name, _)| name == kind).map_or(0, |(_, n)| *n);
        let rows: Vec<Kind<'_>> =
            catalogue.all().map(|d| Kind { kind: &d.kind, says: &d.says, records: of(&d.kind) }).collect();
        out::rows(global.format, &rows, &["kind", "records", "says"], |k| {
            vec![k.kind.to_owned(), k.records.to_string(), k.says.to_owned()]
        })?;
        return Ok(Done::Fine);
    };
    let definition = write::must(&catalogue, kind)?;
    if global.format != Format::Table {
        out::json(definition)?;
        return Ok(Done::Fine);
    }
    let rows: Vec<[String; 4]> = definition.fields.iter().map(|field| described(definition, field)).collect();
    out::line(&out::table(&["field", "holds", "", "label"], rows.iter().map(|row| row.to_vec())))?;
    for state in &definition.states {
        let at = state.at.as_ref().map(|at| format!(", since {at}")).unwrap_or_default();
        let to = if state.to.is_empty() { "the end".to_owned() } else { format!("then {}", state.to.join(" or ")) };
        out::say(format!("{}{at}: {to}", state.name));
    }
    Ok(Done::Fine)
}

fn described(definition: &Definition, field: &assure::record::definition::Field) -> [String; 4] {
    let mut holds = format!("{:?}", field.kind).to_lowercase();
    match field.kind.one() {
        Type::Choice => holds = format!("{holds}: {}", field.options.join(", ")),
        Type::Link => holds = format!("{holds} to {}", field.to),
        _ => {}
    }
    let names = definition.key.contains(&field.name);
    let asked = match (names, field.required) {
        (true, _) => "names the record",
        (false, true) => "asked for",
        (false, false) => "",
    };
    [field.name.clone(), holds, asked.to_owned(), field.label.clone()]
}

impl Add {
    fn run(&self, global: &Global) -> Result<Done, Failure> {
        let (ledger, catalogue) = open(global)?;
        // an auditor changes nothing, whatever a definition says
        let person = actor::must(global, &ledger, Verb::Import)?;
        let fields = fields_of(&self.fields)?;
        let entry = Entry {
            kind: &self.kind,
            id: self.id.as_deref(),
            state: self.state.as_deref(),
            fields,
            tags: (!self.tag.is_empty()).then(|| self.tag.clone()),
            marking: self.tlp,
        };
        let tags = ledger.read(assure::tags)?;
        let (id, became) = ledger.write(|tx| Desk::new(&catalogue, &tags, &person, "local").put(tx, &entry))?;
        store::settle(global, &ledger)?;
        let said = match became {
            Became::New => "is recorded",
            Became::Changed => "is changed",
            Became::Unchanged => "stands so already",
        };
        out::line(&id)?;
        out::say(format!("{} {id} {said}, says {}", self.kind, person.name));
        Ok(Done::Fine)
    }
}

/// Fields as they were typed.
pub(crate) fn fields_of(typed: &[String]) -> Result<Vec<(&str, &str)>, Failure> {
    let of = |field: &'_ String| Failure::Usage(format!("{field:?} is no FIELD=VALUE"));
    typed
        .iter()
        .map(|field| field.split_once('=').map(|(name, value)| (name.trim(), value)).ok_or_else(|| of(field)))
        .collect()
}

fn import(global: &Global, kind: &str, file: &Path, dry: bool) -> Result<Done, Failure> {
    let (ledger, _) = open(global)?;
    let person = actor::must(global, &ledger, Verb::Import)?;
    let bytes = source::table(file)?;
    let name = file.display().to_string();
    let intake = table::import(&ledger, kind, &name, &bytes, &person, dry)?;
    store::settle(global, &ledger)?;
    super::import::print(global.format, &intake)?;
    if dry {
        out::say("a dry run: nothing is kept");
    }
    Ok(if intake.has_findings() { Done::Findings } else { Done::Fine })
}

impl List {
    fn run(&self, global: &Global) -> Result<Done, Failure> {
        let (ledger, catalogue) = open(global)?;
        let person = actor::own(global, &ledger)?;
        let definition = readable(&catalogue, &self.kind, &person)?;
        let lines = ledger.read(|tx| self.lines(tx, &definition.kind))?;
        match global.format {
            Format::Csv => {
                out::rows(Format::Csv, &lines, &table::columns(definition), |line| table::row(definition, line))?
            }
            format => {
                let heads: Vec<&str> = ["id", "state", "evidence"]
                    .into_iter()
                    .chain(definition.listed.iter().map(String::as_str))
                    .collect();
                out::rows(format, &lines, &heads, |line| cells(definition, line))?;
            }
        }
        if lines.is_empty() {
            let kind = &definition.kind;
            out::say(format!(
                "none: record one with `record add {kind}`, or read a table with `record import {kind} FILE`"
            ));
        }
        Ok(Done::Fine)
    }

    /// Those that are wanted. By words one look ends after so many records; the next goes on there.
    fn lines(&self, tx: &mut Tx<'_>, kind: &str) -> ledger::Result<Vec<Line>> {
        let mut wanted = Wanted {
            state: self.state.clone(),
            text: self.find.clone(),
            tag: self.tag.clone(),
            with_void: self.all,
            before: None,
            limit: self.limit,
        };
        let mut lines = Vec::new();
        loop {
            let listed = list::list(tx, kind, &wanted)?;
            lines.extend(listed.lines);
            wanted.limit = self.limit.saturating_sub(lines.len());
            wanted.before = listed.next;
            if wanted.before.is_none() || wanted.limit == 0 {
                return Ok(lines);
            }
        }
    }
}

fn cells(definition: &Definition, line: &Line) -> Vec<String> {
    let version = &line.version;
    let field = |name: &String| match name.as_str() {
        "id" => version.id.clone(),
        "state" => version.state.clone(),
        name => version.fields.get(name).map(Stored::typed).unwrap_or_default(),
    };
    let own = [version.id.clone(), version.state.clone(), line.evidence.clone()];
    own.into_iter().chain(definition.listed.iter().map(field)).collect()
}

fn show(global: &Global, kind: &str, id: &str) -> Result<Done, Failure> {
    let (ledger, catalogue) = open(global)?;
    let person = actor::own(global, &ledger)?;
    let definition = readable(&catalogue, kind, &person)?;
    let Some(shown) = ledger.read(|tx| list::shown(tx, &definition.kind, id))? else {
        let next = format!("`record list {}` shows those that are", definition.kind);
        return Err(Failure::Usage(format!("there is no {kind} {id:?}; {next}")));
    };
    if global.format != Format::Table {
        out::json(&shown)?;
        return Ok(Done::Fine);
    }
    let version = &shown.line.version;
    let void = version.void.as_ref().map(|why| format!(", a mistake: {why}")).unwrap_or_default();
    out::line(&format!(
        "{}: {} {id}, {}, {}{void}",
        version.name, definition.title, version.state, shown.line.evidence
    ))?;
    let of = |field: &assure::record::definition::Field| {
        Some(vec![field.label.clone(), version.fields.get(&field.name)?.typed()])
    };
    let mut rows: Vec<Vec<String>> = definition.fields.iter().filter_map(of).collect();
    rows.push(vec!["Tags".to_owned(), version.tags.join(" ")]);
    rows.push(vec!["Marking".to_owned(), format!("TLP:{}", version.marking)]);
    out::line(&out::table(&["", ""], rows.into_iter()))?;
    let steps = shown.history.iter();
    let rows = steps.map(|s| vec![s.known.to_string(), s.by.clone(), s.what.clone(), s.entry.to_string()]);
    out::line(&out::table(&["when", "by", "what", "entry"], rows))?;
    Ok(Done::Fine)
}

impl Backed {
    fn take(&self, global: &Global, deed: Deed) -> Result<Person, Failure> {
        let bytes = self.file.as_ref().map(|file| source::document(file)).transpose()?;
        let name = self.file.as_ref().and_then(|file| file.file_name()).map(|name| name.to_string_lossy());
        let file = name.as_deref().zip(bytes.as_deref());
        let brought = Brought { from: &self.from, level: self.level.as_deref(), note: &self.note, file };
        take(global, deed, (&self.kind, &self.id), &brought)
    }
}
