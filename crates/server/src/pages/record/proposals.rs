//! The page of proposals: each with what it would record, where it came from, and the forms to accept and to drop it. What is accepted goes through the
//! rules of `assure::propose` and `assure::record`; nothing is decided here.

use std::collections::BTreeMap;

use askama::Template;
use assure::propose::decide::{self, Answer};
use assure::propose::queue::{self, Act, Item};
use assure::record::definition::{Catalogue, Definition, Field, Type};
use axum::Router;
use axum::extract::{Form as Sent, Path, Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use ledger::{Error, Result, Tx};
use partners::may::Verb;
use serde::Deserialize;

use super::view::{Brought, Choices, Reader, address, choice, of, typed};
use super::{Cell, Form, Input};
use crate::auth::{self, Viewer};
use crate::pages::signs::Mark;
use crate::pages::when::When;
use crate::pages::words::{self, Sentence, capital, count, number};
use crate::pages::{Choice, Shell};
use crate::respond::{Context, not_found, page, refusal};
use crate::state::{AppState, wait};

/// Proposals of a page: each has a form of its own.
const PAGE: usize = 20;

/// What waits.
#[derive(Template)]
#[template(path = "proposals.html")]
pub(crate) struct Proposals {
    /// Around it.
    pub shell: Shell,
    /// What is so.
    pub lede: Sentence,
    /// The proposals, the oldest first.
    pub proposals: Vec<Proposal>,
    /// Where the rest is.
    pub next: Option<String>,
}

/// One proposal.
pub(crate) struct Proposal {
    /// Its number.
    pub number: i64,
    /// What it is called.
    pub name: String,
    /// What would be done: "Would record an activity, held".
    pub would: String,
    /// The record that it speaks of, where one stands.
    pub href: Option<String>,
    /// Label and value.
    pub facts: Vec<(String, Vec<Cell>)>,
    /// What to know before it is taken.
    pub notes: Vec<String>,
    /// The file, and where in it.
    pub from: String,
    /// Since when.
    pub since: When,
    /// Who brought it.
    pub by: String,
    /// The form to accept it, to those who may.
    pub form: Option<Form>,
    /// Why what was sent before was not taken, where no form shows it.
    pub problem: Option<String>,
}

/// The addresses of proposals.
pub(crate) fn routes() -> Router<AppState> {
    Router::new()
        .route("/assure/proposals", get(list))
        .route("/assure/proposals/{number}", post(accept))
        .route("/assure/proposals/{number}/drop", post(drop_one))
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    after: Option<i64>,
}

/// What was sent for one proposal, and why it was not taken.
#[derive(Clone)]
struct Failed {
    number: i64,
    brought: Brought,
    why: String,
}

impl Failed {
    /// It was to be dropped: nothing was sent for its fields.
    fn is_drop(&self) -> bool {
        self.brought.iter().any(|(name, _)| name == "reason")
    }
}

async fn list(State(state): State<AppState>, viewer: Viewer, Query(asked): Query<Asked>) -> Response {
    page(state, viewer, move |tx, context| proposals(tx, context, asked.after.unwrap_or(-1), None)).await
}

async fn accept(
    State(state): State<AppState>,
    viewer: Viewer,
    Path(number): Path<String>,
    headers: HeaderMap,
    Sent(brought): Sent<Brought>,
) -> Response {
    let (person, sent) = (viewer.person.clone(), brought.clone());
    let act = move |tx: &mut Tx<'_>, number: i64| {
        let catalogue = Catalogue::of(tx)?;
        let item = queue::one(tx, &catalogue, &person, number, None)?;
        let tags = assure::tags(tx)?;
        let answer = answer(&catalogue, &item, &sent);
        let came = decide::accept(tx, &catalogue, &tags, &person, (number, &answer))?;
        Ok(address(&came.kind, &came.id))
    };
    take(state, viewer, &headers, (number, brought), act).await
}

async fn drop_one(
    State(state): State<AppState>,
    viewer: Viewer,
    Path(number): Path<String>,
    headers: HeaderMap,
    Sent(brought): Sent<Brought>,
) -> Response {
    let person = viewer.person.clone();
    let reason = of(&brought, "reason").pop().unwrap_or_default();
    let act = move |tx: &mut Tx<'_>, number: i64| {
        let catalogue = Catalogue::of(tx)?;
        decide::drop_one(tx, &catalogue, &person, number, &reason).map(|()| "/assure/proposals".to_owned())
    };
    take(state, viewer, &headers, (number, brought), act).await
}

/// Does what a form asks, if it came from a page of this session and the role allows it; what the rules say against it stands by the proposal.
async fn take(
    state: AppState,
    viewer: Viewer,
    headers: &HeaderMap,
    (number, brought): (String, Brought),
    mut act: impl FnMut(&mut Tx<'_>, i64) -> Result<String> + Send + 'static,
) -> Response {
    let csrf = brought.iter().find(|(name, _)| name == "csrf").map_or("", |(_, value)| value);
    if let Some(refused) = auth::foreign(headers, csrf, &viewer) {
        return refused;
    }
    let (person, ledger) = (viewer.person.clone(), std::sync::Arc::clone(&state.ledger));
    let read: Option<i64> = number.parse().ok();
    let done = wait(move || {
        ledger.write_applied(|tx| {
            person.must(Verb::Import)?;
            act(tx, read.ok_or_else(|| not_found(&number))?)
        })
    });
    match (done.await, read) {
        (Ok(to), _) => Redirect::to(&to).into_response(),
        (Err(Error::Refused { rule: "proposal-unknown", reason, .. }), _) => {
            let next = "somebody decided on it; go back to those that wait";
            refusal(state, viewer, Error::refused("not-found", reason, next)).await
        }
        (Err(Error::Refused { rule, reason, next }), Some(number))
            if ["record-", "proposal-"].iter().any(|r| rule.starts_with(r)) =>
        {
            let why = capital(&words::why(&reason, &next));
            let failed = Failed { number, brought, why };
            page(state, viewer, move |tx, context| proposals(tx, context, failed.number - 1, Some(&failed))).await
        }
        (Err(error), _) => refusal(state, viewer, error).await,
    }
}

/// What a form says instead of what is proposed. Fields that were not on the page stay as they are proposed.
fn answer(catalogue: &Catalogue, item: &Item, brought: &Brought) -> Answer {
    let state = of(brought, "state").pop();
    let is_new = item.act == Act::New;
    let fields = match (item.act, catalogue.get(&item.kind)) {
        (Act::Evidence, _) => {
            EVIDENCE.iter().map(|name| ((*name).to_owned(), of(brought, &format!("f.{name}")).join(" "))).collect()
        }
        (_, Some(definition)) => {
            typed(definition, brought).into_iter().map(|(name, text)| (name.to_owned(), text)).collect()
        }
        (_, None) => Vec::new(),
    };
    Answer { kind: None, state, fields, tags: is_new.then(|| of(brought, "tag")) }
}

const EVIDENCE: [&str; 3] = ["from", "level", "note"];

fn proposals(tx: &mut Tx<'_>, context: &Context, after: i64, failed: Option<&Failed>) -> Result<Proposals> {
    context.person().must(Verb::Measure)?;
    let catalogue = Catalogue::of(tx)?;
    let mut items = queue::list(tx, &catalogue, context.person(), after, PAGE + 1)?;
    let more = items.len() > PAGE;
    items.truncate(PAGE);
    let waiting = queue::count(tx)?;
    let mut shown = Vec::with_capacity(items.len());
    for item in &items {
        let failed = failed.filter(|failed| failed.number == item.proposal);
        shown.extend(proposal(tx, context, &catalogue, item, failed)?);
    }
    let marks =
        items.iter().filter_map(|item| catalogue.get(&item.kind)).map(|definition| Mark::read(&definition.marking));
    let mark = marks.max().unwrap_or(Mark::Amber);
    let lede = match waiting {
        0 => Sentence::new().say("Nothing is proposed."),
        waits => Sentence::new().bold(&capital(&count(waits, "proposal", "proposals"))).say(if waits == 1 {
            " waits for a decision."
        } else {
            " wait for a decision."
        }),
    };
    Ok(Proposals {
        shell: context.shell(tx, "Proposals", "assure", mark)?,
        lede,
        proposals: shown,
        next: items.last().filter(|_| more).map(|last| format!("/assure/proposals?after={}", last.proposal)),
    })
}

fn proposal(
    tx: &mut Tx<'_>,
    context: &Context,
    catalogue: &Catalogue,
    item: &Item,
    failed: Option<&Failed>,
) -> Result<Option<Proposal>> {
    let Some(definition) = catalogue.get(&item.kind) else { return Ok(None) };
    let one = definition.one();
    let state = if item.state.is_empty() { String::new() } else { format!(", {}", item.state) };
    let would = match item.act {
        Act::New => format!("Would record {one}{state}"),
        Act::Change => format!("Would change {one}{state}"),
        Act::Cancel => format!("Would call {one} off"),
        Act::Evidence => format!("Would show that {one} is so"),
    };
    let reader = Reader::new(tx, definition, &[])?;
    let fields: BTreeMap<&str, Field> = of_item(definition, item).into_iter().collect();
    let fact = |(name, text): (&String, &String)| {
        let field = fields.get(name.as_str())?;
        let stored = assure::record::Stored::read(field, text).ok().flatten();
        let plain = || vec![Cell { text: if text.is_empty() { "empty".to_owned() } else { text.clone() }, href: None }];
        Some((field.label.clone(), stored.map_or_else(plain, |stored| reader.cells(field, &stored))))
    };
    let form = form(tx, context, catalogue, (definition, item), failed)?;
    let place = if item.place.is_empty() { String::new() } else { format!(", {}", item.place) };
    Ok(Some(Proposal {
        number: item.proposal,
        name: if item.name.is_empty() { format!("Proposal {}", item.proposal) } else { item.name.clone() },
        would,
        href: Some(address(&item.kind, &item.id)).filter(|_| !item.id.is_empty()),
        facts: item.fields.iter().filter_map(fact).collect(),
        notes: item.notes.iter().map(|note| capital(note)).collect(),
        from: format!("{}{place}", item.file),
        since: context.when(item.known),
        by: item.by.clone(),
        problem: failed.filter(|failed| form.is_none() || failed.is_drop()).map(|failed| failed.why.clone()),
        form,
    }))
}

/// The fields that a proposal says, as a definition describes them; of evidence those of evidence.
fn of_item<'i>(definition: &Definition, item: &'i Item) -> Vec<(&'i str, Field)> {
    let of_evidence = |name: &str| match name {
        "from" => (Type::Org, "Whose document"),
        "level" => (Type::Choice, "How well it shows it"),
        _ => (Type::Text, "What it is"),
    };
    let field = |name: &str| match item.act {
        Act::Evidence => {
            let (kind, label) = of_evidence(name);
            let options =
                if kind == Type::Choice { ["E0", "E1", "E2", "E3"].map(str::to_owned).to_vec() } else { Vec::new() };
            Some(Field {
                name: name.to_owned(),
                kind,
                label: label.to_owned(),
                options,
                required: true,
                ..Field::default()
            })
        }
        _ => definition.field(name).cloned(),
    };
    item.fields.keys().filter_map(|name| Some((name.as_str(), field(name)?))).collect()
}

/// The form to accept a proposal with its fields filled: all of a new record, else only those that it says. Nothing to those who may not.
fn form(
    tx: &mut Tx<'_>,
    context: &Context,
    catalogue: &Catalogue,
    (definition, item): (&Definition, &Item),
    failed: Option<&Failed>,
) -> Result<Option<Form>> {
    let person = context.person();
    if person.must(Verb::Import).is_err() || !definition.is_recorded_by(person.role) {
        return Ok(None);
    }
    let failed = failed.filter(|failed| !failed.is_drop());
    let choices = Choices::new(tx, catalogue, definition)?;
    let fields: Vec<Field> = match item.act {
        Act::New => definition.fields.clone(),
        _ => of_item(definition, item).into_iter().map(|(_, field)| field).collect(),
    };
    let input = |field: &Field| -> Input {
        let sent = failed.map(|failed| of(&failed.brought, &format!("f.{}", field.name)));
        let proposed = || {
            let text = item.fields.get(&field.name).map_or("", String::as_str);
            let parts: Vec<&str> = if field.kind.is_list() { text.split(';').collect() } else { vec![text] };
            parts.into_iter().map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()
        };
        choices.input(field, sent.unwrap_or_else(proposed))
    };
    let sent = failed.and_then(|failed| of(&failed.brought, "state").pop());
    let tags = if item.act == Act::New { assure::tags(tx)? } else { BTreeMap::new() };
    let chosen = failed.map(|failed| of(&failed.brought, "tag")).unwrap_or_default();
    Ok(Some(Form {
        action: format!("/assure/proposals/{}", item.proposal),
        button: match item.act {
            Act::New => format!("Record {}", definition.one()),
            Act::Change => "Change it".to_owned(),
            Act::Cancel => "Call it off".to_owned(),
            Act::Evidence => "Add it as evidence".to_owned(),
        },
        is_open: failed.is_some(),
        problem: failed.map(|failed| failed.why.clone()),
        states: states(definition, item, sent.as_deref().unwrap_or(&item.state)),
        fields: fields.iter().map(input).collect(),
        tags: tags.iter().map(|(tag, words)| choice(tag, &format!("{tag} {words}"), chosen.contains(tag))).collect(),
    }))
}

/// States to choose from: all of a new record; of one that stands whether it stays.
fn states(definition: &Definition, item: &Item, chosen: &str) -> Vec<Choice> {
    match item.act {
        Act::Evidence => Vec::new(),
        Act::New => {
            definition.states.iter().map(|state| choice(&state.name, &state.name, state.name == chosen)).collect()
        }
        Act::Change | Act::Cancel if item.state.is_empty() => Vec::new(),
        Act::Change | Act::Cancel => vec![choice(&item.state, &item.state, true)],
    }
}

/// How many wait, for the page of all kinds.
pub(super) fn waiting(tx: &mut Tx<'_>) -> Result<String> {
    Ok(match queue::count(tx)? {
        0 => "none waits".to_owned(),
        1 => "one waits".to_owned(),
        many => format!("{} wait", number(many)),
    })
}
