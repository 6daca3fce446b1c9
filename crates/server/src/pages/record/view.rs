//! Makes lists, pages and forms of records from their definitions, and takes what a form brings through the rules of `assure::record`.

use std::collections::BTreeMap;

use assure::record::definition::{Catalogue, Definition, Field, Type};
use assure::record::list::{self, Line, Listed, Shown, Wanted};
use assure::record::write::{self, Desk, Entry};
use assure::record::{RecordMeta, Stored, table};
use axum::Router;
use axum::extract::{Form as Sent, Path, Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use ledger::{Error, Result, Tx};
use partners::may::Verb;
use serde::Deserialize;

use super::{Cell, Form, Input, Kinds, Record, Records, Row, deeds};
use crate::auth::{self, Viewer};
use crate::pages::signs::{Evidence, Mark};
use crate::pages::words::{self, Sentence, capital, count, figure, number, query};
use crate::pages::{Choice, Names};
use crate::respond::{Context, not_found, page, refusal};
use crate::state::AppState;

/// Rows of a page.
const PAGE: usize = 100;
/// Records that a form offers for a link; further ones are typed on the command line or in a table.
const CHOICES_MAX: usize = 500;

/// The addresses of records.
pub(crate) fn routes() -> Router<AppState> {
    Router::new()
        .route("/assure/records", get(kinds))
        .route("/assure/records/{kind}", get(of_kind).post(add))
        .route("/assure/records/{kind}/{id}", get(one).post(change))
}

/// Which records, as it stands in the address.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    state: String,
    find: String,
    before: Option<i64>,
}

/// What a form brought: its fields in the order of the page.
pub(super) type Brought = Vec<(String, String)>;

async fn kinds(State(state): State<AppState>, viewer: Viewer) -> Response {
    page(state, viewer, all_kinds).await
}

async fn of_kind(
    State(state): State<AppState>,
    viewer: Viewer,
    Path(kind): Path<String>,
    Query(asked): Query<Asked>,
) -> Response {
    page(state, viewer, move |tx, context| records(tx, context, &kind, &asked, None)).await
}

async fn one(State(state): State<AppState>, viewer: Viewer, Path((kind, id)): Path<(String, String)>) -> Response {
    page(state, viewer, move |tx, context| record(tx, context, (&kind, &id), None, None)).await
}

async fn add(
    State(state): State<AppState>,
    viewer: Viewer,
    Path(kind): Path<String>,
    headers: HeaderMap,
    Sent(brought): Sent<Brought>,
) -> Response {
    let asked = Asked::default();
    match take(&state, &viewer, &headers, &kind, None, &brought).await {
        Err(refused) => *refused,
        Ok(Ok(id)) => Redirect::to(&address(&kind, &id)).into_response(),
        Ok(Err(why)) => {
            page(state, viewer, move |tx, context| records(tx, context, &kind, &asked, Some((&brought, &why)))).await
        }
    }
}

async fn change(
    State(state): State<AppState>,
    viewer: Viewer,
    Path((kind, id)): Path<(String, String)>,
    headers: HeaderMap,
    Sent(brought): Sent<Brought>,
) -> Response {
    match take(&state, &viewer, &headers, &kind, Some(&id), &brought).await {
        Err(refused) => *refused,
        Ok(Ok(id)) => Redirect::to(&address(&kind, &id)).into_response(),
        Ok(Err(why)) => {
            page(state, viewer, move |tx, context| record(tx, context, (&kind, &id), Some((&brought, &why)), None))
                .await
        }
    }
}

/// The page of a record. An id of several fields has `/` in it, which is one part of the address all the same.
pub(crate) fn address(kind: &str, id: &str) -> String {
    format!("/assure/records/{}/{}", query(kind), query(id).replace('/', "%2F"))
}

/// Records what a form brought. The outer error is an answer by itself; the inner one is why the rules of the definition say no, for the form.
async fn take(
    state: &AppState,
    viewer: &Viewer,
    headers: &HeaderMap,
    kind: &str,
    id: Option<&str>,
    brought: &Brought,
) -> std::result::Result<std::result::Result<String, String>, Box<Response>> {
    let csrf = brought.iter().find(|(name, _)| name == "csrf").map_or("", |(_, value)| value);
    if let Some(refused) = auth::foreign(headers, csrf, viewer) {
        return Err(Box::new(refused));
    }
    let (person, kind, id) = (viewer.person.clone(), kind.to_owned(), id.map(str::to_owned));
    let brought = brought.clone();
    let done = state.write(move |tx| {
        // an auditor changes nothing, whatever a definition says
        person.must(Verb::Import)?;
        let catalogue = Catalogue::of(tx)?;
        let definition = readable(&catalogue, &kind, &person)?;
        let tags = assure::tags(tx)?;
        let typed = typed(definition, &brought);
        let entry = Entry {
            kind: &definition.kind,
            id: id.as_deref(),
            state: brought.iter().find(|(name, _)| name == "state").map(|(_, value)| value.as_str()),
            fields: typed.iter().map(|(name, value)| (*name, value.as_str())).collect(),
            tags: Some(of(&brought, "tag")),
            marking: None,
        };
        Desk::new(&catalogue, &tags, &person, "local").put(tx, &entry).map(|(id, _)| id)
    });
    match done.await {
        Ok(id) => Ok(Ok(id)),
        Err(Error::Refused { rule, reason, next }) if rule.starts_with("record-") => {
            Ok(Err(capital(&words::why(&reason, &next))))
        }
        Err(error) => Err(Box::new(refusal(state.clone(), viewer.clone(), error).await)),
    }
}

/// The values that were sent under a name; empty ones say only that the field was on the page.
pub(super) fn of(brought: &Brought, name: &str) -> Vec<String> {
    brought.iter().filter(|(n, value)| n == name && !value.is_empty()).map(|(_, value)| value.clone()).collect()
}

/// The fields of a definition that were on the page, as typed.
pub(super) fn typed<'d>(definition: &'d Definition, brought: &Brought) -> Vec<(&'d str, String)> {
    let here =
        definition.fields.iter().filter(|field| brought.iter().any(|(n, _)| n.strip_prefix("f.") == Some(&field.name)));
    here.map(|field| (field.name.as_str(), of(brought, &format!("f.{}", field.name)).join("; "))).collect()
}

/// The definition of a kind that this person may read.
pub(crate) fn readable<'c>(catalogue: &'c Catalogue, kind: &str, person: &partners::Person) -> Result<&'c Definition> {
    person.must(Verb::Measure)?;
    match catalogue.get(kind).filter(|definition| definition.is_read_by(person.role)) {
        Some(definition) => Ok(definition),
        None => Err(not_found(kind)),
    }
}

fn all_kinds(tx: &mut Tx<'_>, context: &Context) -> Result<Kinds> {
    context.person().must(Verb::Measure)?;
    let catalogue = Catalogue::of(tx)?;
    let counts: BTreeMap<String, i64> = list::counts(tx)?.into_iter().collect();
    let role = context.person().role;
    let readable: Vec<&Definition> = catalogue.all().filter(|d| d.is_read_by(role)).collect();
    let total: i64 = readable.iter().filter_map(|d| counts.get(&d.kind)).sum();
    let used = readable.iter().filter(|d| counts.contains_key(&d.kind)).count();
    let row = |d: &Definition| {
        let href = format!("/assure/records/{}", query(&d.kind));
        (href, d.plural.clone(), figure(counts.get(&d.kind).copied().unwrap_or(0)), capital(&d.says))
    };
    let lede = Sentence::new().link("#kinds", &capital(&count(total, "record", "records"))).say(&format!(
        " of {} among {}.",
        count(n(used), "kind", "kinds"),
        number(n(readable.len()))
    ));
    Ok(Kinds {
        shell: context.shell(tx, "Records", "assure", Mark::Amber)?,
        lede,
        proposals: super::proposals::waiting(tx)?,
        kinds: readable.into_iter().map(row).collect(),
    })
}

fn n(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// What turns keys into names: organisations, and the records that links lead to.
pub(super) struct Reader {
    names: Names,
    linked: BTreeMap<(String, String), String>,
}

impl Reader {
    pub(super) fn new(tx: &mut Tx<'_>, definition: &Definition, lines: &[Line]) -> Result<Reader> {
        let mut linked = BTreeMap::new();
        for field in definition.fields.iter().filter(|field| field.kind.one() == Type::Link) {
            for line in lines {
                for id in line.version.fields.get(&field.name).into_iter().flat_map(Stored::parts) {
                    if let Some(found) = list::one(tx, &field.to, id)? {
                        linked.insert((field.to.clone(), id.to_owned()), found.version.name);
                    }
                }
            }
        }
        Ok(Reader { names: crate::pages::names(tx)?, linked })
    }

    /// A field as a person reads it: names for keys, days in words, links that lead somewhere.
    pub(super) fn cells(&self, field: &Field, stored: &Stored) -> Vec<Cell> {
        let plain = |text: String| Cell { text, href: None };
        let one = |part: &str| match field.kind.one() {
            Type::Org => Cell { text: self.names.of(part), href: Some(format!("/partners/{}", query(part))) },
            Type::Link => Cell {
                text: self.linked.get(&(field.to.clone(), part.to_owned())).cloned().unwrap_or_else(|| part.to_owned()),
                href: Some(address(&field.to, part)),
            },
            Type::Url => Cell { text: part.to_owned(), href: Some(part.to_owned()) },
            Type::Day => plain(day(part)),
            _ if part.starts_with("CVE-") => {
                Cell { text: part.to_owned(), href: Some(format!("/loop/{}", query(part))) }
            }
            _ => plain(part.to_owned()),
        };
        match stored {
            Stored::Flag(_) | Stored::Number(_) => vec![plain(stored.typed())],
            _ => stored.parts().into_iter().map(one).collect(),
        }
    }
}

/// "5 Mar 2024", on one line.
fn day(text: &str) -> String {
    let read = text.parse::<jiff::civil::Date>();
    read.map_or_else(|_| text.to_owned(), |day| day.strftime("%-d\u{a0}%b\u{a0}%Y").to_string())
}

fn records(
    tx: &mut Tx<'_>,
    context: &Context,
    kind: &str,
    asked: &Asked,
    failed: Option<(&Brought, &str)>,
) -> Result<Records> {
    let catalogue = Catalogue::of(tx)?;
    let definition = readable(&catalogue, kind, context.person())?;
    let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let wanted = Wanted {
        state: text(&asked.state),
        text: text(&asked.find),
        before: asked.before,
        limit: PAGE,
        ..Wanted::default()
    };
    let Listed { lines, next } = list::list(tx, &definition.kind, &wanted)?;
    let states = list::states(tx, &definition.kind)?;
    let all = format!("/assure/records/{}", query(&definition.kind));
    let reader = Reader::new(tx, definition, &lines)?;
    let listed: Vec<&Field> = definition
        .listed
        .iter()
        .filter(|name| **name != definition.named_by)
        .filter_map(|name| definition.field(name))
        .collect();
    let address_of = |state: &str| format!("{all}?state={}", query(state));
    let tail = |before: i64| format!("{all}?state={}&find={}&before={before}", query(&asked.state), query(&asked.find));
    Ok(Records {
        shell: context.shell(tx, &definition.plural, "assure", strictest(definition, &lines))?,
        plural: definition.plural.clone(),
        says: definition.says.clone(),
        lede: lede(definition, &states, &all),
        states: states.iter().map(|(state, n)| (address_of(state), figure(*n), state.clone())).collect(),
        find: asked.find.clone(),
        state: asked.state.clone(),
        heads: listed.iter().map(|field| field.label.clone()).collect(),
        shown: format!("{} shown, the last recorded first.", capital(&count(n(lines.len()), "record", "records"))),
        next: next.map(tail),
        rows: lines.iter().map(|line| row(&reader, &listed, line)).collect(),
        form: form(tx, &catalogue, definition, context, None, failed)?,
        hint: format!(
            "mainstay record import {} FILE.csv   # columns: {}",
            definition.kind,
            table::columns(definition).join(",")
        ),
        all,
    })
}

fn strictest(definition: &Definition, lines: &[Line]) -> Mark {
    let marks = lines.iter().map(|line| Mark::read(&line.version.marking));
    marks.max().unwrap_or_else(|| Mark::read(&definition.marking))
}

fn lede(definition: &Definition, states: &[(String, i64)], all: &str) -> Sentence {
    let total: i64 = states.iter().map(|(_, n)| n).sum();
    if total == 0 {
        return Sentence::new().say(&format!("No {} is recorded yet.", definition.title.to_lowercase()));
    }
    let (one, many) = (definition.title.to_lowercase(), definition.plural.to_lowercase());
    let parts: Vec<String> = states.iter().map(|(state, n)| format!("{} {state}", number(*n))).collect();
    Sentence::new()
        .link(all, &capital(&count(total, &one, &many)))
        .say(&format!(": {}.", crate::pages::words::list(&parts)))
}

fn row(reader: &Reader, listed: &[&Field], line: &Line) -> Row {
    let cells =
        |field: &&Field| line.version.fields.get(&field.name).map(|s| reader.cells(field, s)).unwrap_or_default();
    Row {
        href: address(&line.version.record, &line.version.id),
        name: line.version.name.clone(),
        state: line.version.state.clone(),
        evidence: Evidence::read(&line.evidence).unwrap_or(Evidence(0)),
        cells: listed.iter().map(cells).collect(),
    }
}

/// The page of one; `failed` and `undone` are what was sent and not taken.
pub(super) fn record(
    tx: &mut Tx<'_>,
    context: &Context,
    (kind, id): (&str, &str),
    failed: Option<(&Brought, &str)>,
    undone: Option<&deeds::Failed>,
) -> Result<Record> {
    let catalogue = Catalogue::of(tx)?;
    let definition = readable(&catalogue, kind, context.person())?;
    let Some(shown) = list::shown(tx, &definition.kind, id)? else { return Err(not_found(id)) };
    let deeds = deeds::forms(tx, context, definition, &shown, undone)?;
    let Shown { line, history, artefacts } = shown;
    let reader = Reader::new(tx, definition, std::slice::from_ref(&line))?;
    let version = &line.version;
    let fact = |field: &Field| Some((field.label.clone(), reader.cells(field, version.fields.get(&field.name)?)));
    let mut facts: Vec<(String, Vec<Cell>)> = definition.fields.iter().filter_map(fact).collect();
    let tags = assure::tags(tx)?;
    if !version.tags.is_empty() {
        let words = |tag: &String| Cell {
            text: tags.get(tag).map_or_else(|| tag.clone(), |words| format!("{tag} {words}")),
            href: None,
        };
        facts.push(("Serves".to_owned(), version.tags.iter().map(words).collect()));
    }
    let lede = Sentence::new().bold(&version.name).say(&match &version.void {
        Some(reason) => format!(" was a mistake: {reason}."),
        None => format!(" is {}, since {}.", version.state, context.when(line.since).day()),
    });
    let then = definition.state(&version.state).map(|state| match state.to.as_slice() {
        [] => "Nothing follows this state.".to_owned(),
        to => format!("It may become {}.", to.join(" or ")),
    });
    Ok(Record {
        shell: context.shell(tx, &version.name, "assure", Mark::read(&version.marking))?,
        title: definition.title.clone(),
        list: format!("/assure/records/{}", query(&definition.kind)),
        plural: definition.plural.clone(),
        lede,
        then: Sentence::new().say(&then.unwrap_or_default()),
        evidence: Evidence::read(&line.evidence).unwrap_or(Evidence(0)),
        facts,
        files: artefacts.into_iter().map(|one| file(context, &reader, version, one)).collect(),
        deeds,
        steps: history.into_iter().map(|s| (context.when(s.known), s.by, s.what, s.entry)).collect(),
        form: form(tx, &catalogue, definition, context, Some(&line), failed)?,
    })
}

fn file(context: &Context, reader: &Reader, version: &RecordMeta, of: list::Artefact) -> super::Artefact {
    super::Artefact {
        href: crate::records::artefact_address(&version.record, &version.id, of.entry),
        file: of.file,
        size: format!("{} bytes", figure(of.size)),
        sha256: of.sha256,
        evidence: Evidence::read(&of.evidence).unwrap_or(Evidence(0)),
        of: reader.names.of(&of.org),
        note: of.note,
        by: of.by,
        when: context.when(of.known),
        entry: of.entry,
    }
}

/// The form for a new record, or for a further version of one; nothing to those who may not.
fn form(
    tx: &mut Tx<'_>,
    catalogue: &Catalogue,
    definition: &Definition,
    context: &Context,
    of_line: Option<&Line>,
    failed: Option<(&Brought, &str)>,
) -> Result<Option<Form>> {
    if !context.person().is_operator || !definition.is_recorded_by(context.person().role) {
        return Ok(None);
    }
    let version = of_line.map(|line| &line.version);
    let stands = |field: &Field| match (failed, version) {
        (Some((brought, _)), _) => of(brought, &format!("f.{}", field.name)),
        (None, Some(version)) => version.fields.get(&field.name).map(parts).unwrap_or_default(),
        (None, None) => Vec::new(),
    };
    let choices = Choices::new(tx, catalogue, definition)?;
    let fields = definition.fields.iter().map(|field| choices.input(field, stands(field))).collect();
    let now = version.map_or(definition.first_state(), |version| version.state.as_str());
    let may = |state: &&assure::record::definition::State| {
        version.is_none()
            || state.name == now
            || definition.state(now).is_some_and(|from| from.to.contains(&state.name))
    };
    let chosen_state = failed.and_then(|(brought, _)| of(brought, "state").pop()).unwrap_or_else(|| now.to_owned());
    let states =
        definition.states.iter().filter(may).map(|state| choice(&state.name, &state.name, state.name == chosen_state));
    let chosen = match (failed, version) {
        (Some((brought, _)), _) => of(brought, "tag"),
        (None, Some(version)) => version.tags.clone(),
        (None, None) => Vec::new(),
    };
    let tags = assure::tags(tx)?;
    let tags = tags.iter().map(|(tag, words)| choice(tag, &format!("{tag} {words}"), chosen.contains(tag)));
    Ok(Some(Form {
        action: match of_line {
            Some(line) => address(&definition.kind, &line.version.id),
            None => format!("/assure/records/{}", query(&definition.kind)),
        },
        button: match of_line {
            Some(_) => "Change it".to_owned(),
            None => format!("Record {}", definition.one()),
        },
        is_open: failed.is_some(),
        problem: failed.map(|(_, why)| why.to_owned()),
        states: states.collect(),
        fields,
        tags: tags.collect(),
    }))
}

/// The values in a field, as they are typed.
fn parts(stored: &Stored) -> Vec<String> {
    match stored {
        Stored::List(list) => list.clone(),
        one => vec![one.typed()],
    }
}

pub(super) fn choice(value: &str, text: &str, chosen: bool) -> Choice {
    Choice { value: value.to_owned(), text: text.to_owned(), chosen }
}

/// What may be chosen where a field names something that is there.
pub(super) struct Choices {
    orgs: Vec<(String, String)>,
    /// By kind: id and name.
    linked: BTreeMap<String, Vec<(String, String)>>,
}

impl Choices {
    pub(super) fn new(tx: &mut Tx<'_>, catalogue: &Catalogue, definition: &Definition) -> Result<Choices> {
        let mut choices = Choices { orgs: Vec::new(), linked: BTreeMap::new() };
        for field in &definition.fields {
            match field.kind.one() {
                Type::Org if choices.orgs.is_empty() => {
                    choices.orgs = partners::org::all(tx)?.into_iter().map(|card| (card.key, card.name)).collect();
                }
                Type::Link if !choices.linked.contains_key(&field.to) => {
                    let to = write::must(catalogue, &field.to)?;
                    let wanted = Wanted { limit: CHOICES_MAX, ..Wanted::default() };
                    let lines = list::list(tx, &to.kind, &wanted)?.lines;
                    let of = lines.into_iter().map(|line| (line.version.id, line.version.name)).collect();
                    choices.linked.insert(field.to.clone(), of);
                }
                _ => {}
            }
        }
        Ok(choices)
    }

    pub(super) fn input(&self, field: &Field, stands: Vec<String>) -> Input {
        let offered: Option<Vec<(String, String)>> = match field.kind.one() {
            Type::Org => Some(self.orgs.clone()),
            Type::Link => self.linked.get(&field.to).cloned(),
            Type::Choice => Some(field.options.iter().map(|option| (option.clone(), option.clone())).collect()),
            Type::Flag => Some(["yes", "no"].map(|word| (word.to_owned(), word.to_owned())).to_vec()),
            _ => None,
        };
        let many = field.kind.is_list();
        let how = match (&offered, field.kind) {
            (Some(_), _) if many => "many",
            (Some(_), _) => "one",
            (None, Type::Long) => "long",
            (None, Type::Day) => "day",
            (None, Type::Number | Type::Count) => "number",
            (None, Type::Url) => "url",
            (None, _) => "line",
        };
        let mut choices = Vec::new();
        if let Some(mut offered) = offered {
            // what stands there stays, though it is offered to nobody else
            let missing: Vec<&String> =
                stands.iter().filter(|value| !offered.iter().any(|(o, _)| o == *value)).collect();
            let missing: Vec<(String, String)> =
                missing.into_iter().map(|value| (value.clone(), value.clone())).collect();
            offered.extend(missing);
            if !many {
                choices.push(choice("", "", stands.is_empty()));
            }
            choices.extend(offered.iter().map(|(value, text)| choice(value, text, stands.contains(value))));
        }
        let mut help = field.help.clone();
        if how == "line" && many {
            help = if help.is_empty() {
                "several, with ; between them".to_owned()
            } else {
                format!("{help}; several, with ; between them")
            };
        }
        Input {
            name: field.name.clone(),
            label: field.label.clone(),
            help,
            how,
            value: stands.join("; "),
            choices,
            is_required: field.required,
        }
    }
}
