//! Makes the page of an object out of what the viewer's views hold. What they do not hold is answered as what is not held at all.

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use exchange::object::{MarkedPart, Version as Held};
use ledger::{Result, Tx};
use partners::Person;
use partners::may::Verb;
use serde::Deserialize;
use std::collections::BTreeMap;

use super::around::{self, Names};
use super::reading::{Reading, Shown, a, kind_words};
use super::{Fact, Object, PartMark, Row, Version, href};
use crate::auth::Viewer;
use crate::pages::signs::Mark;
use crate::pages::words::{Sentence, capital, figure, list, query};
use crate::respond::{Context, disclose, not_found, page, refusal};
use crate::state::{AppState, wait};

/// References of one property that are shown with their names.
const REFS_MAX: usize = 40;

/// The addresses of an object.
pub(crate) fn routes() -> Router<AppState> {
    Router::new().route("/exchange/object/{id}", get(show)).route("/exchange/object/{id}/raw", get(raw))
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Wanted {
    version: String,
}

async fn show(
    State(state): State<AppState>,
    viewer: Viewer,
    Path(id): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Response {
    if let Err(error) = ready(&state, &viewer.person).await {
        return refusal(state, viewer, error).await;
    }
    page(state, viewer, move |tx, context| view(tx, context, &id, &wanted.version)).await
}

/// Rights that a day has changed are compiled before they are read.
pub(crate) async fn current(state: &AppState) -> Result<()> {
    let ledger = std::sync::Arc::clone(&state.ledger);
    wait(move || exchange::rights::turn(&ledger)).await
}

/// The same, and what goes to a person can be put on record.
async fn ready(state: &AppState, person: &Person) -> Result<()> {
    current(state).await?;
    let (state, person) = (state.clone(), person.clone());
    wait(move || state.recorder.prepare(&state.ledger, &person)).await
}

/// The bytes as received.
async fn raw(
    State(state): State<AppState>,
    viewer: Viewer,
    Path(id): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Response {
    let (hub, person, of) = (state.clone(), viewer.person.clone(), id.clone());
    let body = match ready(&state, &person).await {
        Ok(()) => wait(move || bytes(&hub, &person, &of, &wanted.version)).await,
        Err(error) => Err(error),
    };
    match body {
        Ok(Some(bytes)) => {
            let headers = [
                (header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8")),
                (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
            ];
            (headers, bytes).into_response()
        }
        Ok(None) => refusal(state, viewer, not_found(&id)).await,
        Err(error) => refusal(state, viewer, error).await,
    }
}

/// The bytes of a version that a person sees; that they go is on record before they do.
fn bytes(state: &AppState, person: &Person, id: &str, version: &str) -> Result<Option<Vec<u8>>> {
    state.ledger.read(|tx| {
        let Ok(on) = tx.now().day().parse() else { return Ok(None) };
        let versions = exchange::object::versions(tx, person, on, id)?;
        let Some(held) = chosen(&versions, version) else { return Ok(None) };
        disclose(state, person, &held.collection, &[held.event], tx.now())?;
        tx.body(held.event)
    })
}

/// The version that is asked for, else the last.
fn chosen<'v>(versions: &'v [Held], wanted: &str) -> Option<&'v Held> {
    match wanted {
        "" => versions.last(),
        wanted => versions.iter().rev().find(|held| held.version.as_deref() == Some(wanted)),
    }
}

fn view(tx: &mut Tx<'_>, context: &Context, id: &str, wanted: &str) -> Result<Object> {
    let held = exchange::object::versions(tx, context.person(), context.today(), id)?;
    let Some(shown) = chosen(&held, wanted).cloned() else { return Err(not_found(id)) };
    context.disclose(&shown.collection, &[shown.event])?;
    let body = tx.body(shown.event)?.unwrap_or_default();
    let Some(reading) = Reading::of(&body) else { return Err(not_found(id)) };
    let (parts, asks) = match stix::Head::read(&body) {
        Ok(head) => exchange::object::marks(tx, shown.event, &head)?,
        Err(_) => (Vec::new(), Vec::new()),
    };
    let around = around::of(tx, context, id, &reading)?;
    let mark = mark_of(&shown).max(parts.iter().filter_map(|part| part.tlp).map(tlp).max().unwrap_or(Mark::Clear));
    let title = reading.title();
    let may_explain = context.person().sees_all() && context.person().may(Verb::Read).allowed;
    Ok(Object {
        shell: context.shell(tx, &title, "exchange", mark)?,
        kind: capital(&kind_words(reading.kind())),
        lede: lede(&reading, &title, &around.names),
        then: then(&held, &shown, id),
        picture: around.picture,
        properties: properties(&reading, &parts, &around.names),
        relations: around.relations,
        relations_said: around.said,
        sources: reading.sources(),
        facts: facts(tx, context, &reading, &shown, &asks, &around.names)?,
        versions: versions(tx, context, &held, &shown, id)?,
        raw: match wanted {
            "" => format!("{}/raw", href(id)),
            version => format!("{}/raw?version={}", href(id), query(version)),
        },
        bytes: figure(i64::try_from(body.len()).unwrap_or(i64::MAX)),
        explain: may_explain.then(|| format!("/exchange/release?object={}", query(id))),
        id: id.to_owned(),
    })
}

fn tlp(tlp: stix::Tlp) -> Mark {
    Mark::read(&tlp.to_string())
}

fn mark_of(held: &Held) -> Mark {
    tlp(held.tlp)
}

/// What it is, in one sentence.
fn lede(reading: &Reading, title: &str, names: &Names) -> Sentence {
    match reading.kind() {
        "relationship" => names
            .link(Sentence::new(), reading.text("source_ref"))
            .say(&format!(" {} ", reading.text("relationship_type").replace('-', " ")))
            .append(&names.link(Sentence::new(), reading.text("target_ref")))
            .say("."),
        "sighting" => {
            let count = reading.properties().into_iter().find(|p| p.key == "count");
            let times = match count.map(|p| p.shown) {
                Some(Shown::Text(n)) if n == "1" => " once".to_owned(),
                Some(Shown::Text(n)) => format!(" {n} times"),
                _ => String::new(),
            };
            let (first, last) = (reading.day("first_seen"), reading.day("last_seen"));
            let when = match (first.is_empty(), last.is_empty()) {
                (false, false) if first != last => format!(", from {first} to {last}"),
                (false, _) => format!(", on {first}"),
                _ => String::new(),
            };
            names.link(Sentence::new(), reading.text("sighting_of_ref")).say(&format!(" was sighted{times}{when}."))
        }
        kind => {
            let words = kind_words(kind);
            let aka: Vec<String> = reading
                .texts("aliases")
                .into_iter()
                .filter(|alias| *alias != title)
                .take(3)
                .map(str::to_owned)
                .collect();
            let aka = if aka.is_empty() { String::new() } else { format!(", also known as {}", list(&aka)) };
            Sentence::new().bold(title).say(&format!(" is {}{aka}{}.", a(&words), dated(reading)))
        }
    }
}

/// What a type says of time.
fn dated(reading: &Reading) -> String {
    let day = |key: &str| Some(reading.day(key)).filter(|day| !day.is_empty());
    match reading.kind() {
        "indicator" => match (day("valid_from"), day("valid_until")) {
            (Some(from), Some(until)) => format!(", valid from {from} until {until}"),
            (Some(from), None) => format!(", valid from {from}"),
            _ => String::new(),
        },
        "report" => {
            let refs = reading.texts("object_refs").len();
            let day = day("published").map(|day| format!(" of {day}")).unwrap_or_default();
            format!("{day} about {}", crate::pages::words::count(i64::try_from(refs).unwrap_or(0), "thing", "things"))
        }
        _ => match day("first_seen") {
            Some(first) => format!(", first seen {first}"),
            None => String::new(),
        },
    }
}

fn then(held: &[Held], shown: &Held, id: &str) -> Option<Sentence> {
    let last = held.last()?;
    if last.revoked {
        return Some(
            Sentence::new().say("It was revoked: whoever made it takes it back. Nothing follows a revoked version."),
        );
    }
    let older = held.iter().any(|other| other.event > shown.event && other.version != shown.version)
        && last.event != shown.event;
    older.then(|| Sentence::new().say("This is an older version. ").link(&href(id), "Read the last one").say("."))
}

fn properties(reading: &Reading, parts: &[MarkedPart], names: &Names) -> Vec<Row> {
    let mut rows: Vec<Row> = reading
        .properties()
        .into_iter()
        .map(|property| {
            let written = matches!(property.shown, Shown::Written(_));
            let marks = parts
                .iter()
                .filter(|part| selects(&part.selector, &property.key))
                .map(|part| part_mark(part, &property.key));
            Row { label: property.label, written, value: value(property.shown, names), marks: marks.collect() }
        })
        .collect();
    // a mark on what stands elsewhere on the page is not lost
    let known: Vec<String> = reading.properties().into_iter().map(|p| p.key).collect();
    for part in parts.iter().filter(|part| !known.iter().any(|key| selects(&part.selector, key))) {
        let value = Sentence::new().say("marked apart from the rest");
        rows.push(Row {
            label: part.selector.clone(),
            value,
            written: false,
            marks: vec![part_mark(part, &part.selector)],
        });
    }
    rows
}

/// Whether a selector (STIX 2.1 section 7.2.3.1) is on a property or on a part of it.
fn selects(selector: &str, key: &str) -> bool {
    selector.strip_prefix(key).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn part_mark(part: &MarkedPart, key: &str) -> PartMark {
    let place = part.selector.strip_prefix(key).unwrap_or_default().trim_start_matches('.').to_owned();
    PartMark { part: place, mark: part.tlp.map(tlp), asks: part.asks.clone() }
}

fn value(shown: Shown, names: &Names) -> Sentence {
    match shown {
        Shown::Text(text) | Shown::Written(text) => Sentence::new().say(&text),
        Shown::List(items) => Sentence::new().say(&items.join(", ")),
        Shown::Pairs(pairs) => Sentence::new()
            .say(&pairs.into_iter().map(|(name, v)| format!("{name} {v}")).collect::<Vec<_>>().join("; ")),
        Shown::Refs(ids) => {
            let mut out = Sentence::new();
            for (i, id) in ids.iter().take(REFS_MAX).enumerate() {
                out = names.link(if i > 0 { out.say(", ") } else { out }, id);
            }
            match ids.len() > REFS_MAX {
                true => out.say(&format!(" and {} more", ids.len() - REFS_MAX)),
                false => out,
            }
        }
    }
}

fn facts(
    tx: &mut Tx<'_>,
    context: &Context,
    reading: &Reading,
    shown: &Held,
    asks: &[String],
    names: &Names,
) -> Result<Vec<Fact>> {
    let mut out = Vec::new();
    let mut fact = |term, said, mark| out.push(Fact { term, said, mark });
    let maker = reading.text("created_by_ref");
    match maker {
        "" => fact("made by", Sentence::new().say("nobody says"), None),
        id => fact("made by", names.link(Sentence::new(), id), None),
    }
    if !shown.source.is_empty() {
        fact("came from", Sentence::new().say(&source_words(tx, &shown.source)?), None);
    }
    fact(
        "added",
        Sentence::new().say(&format!("{}, {}", context.when(shown.added).moment(), context.when(shown.added).age())),
        None,
    );
    let title =
        exchange::collection::find(tx, &shown.collection)?.map_or_else(|| shown.collection.clone(), |c| c.title);
    let collection = format!("/exchange/collection/{}", query(&shown.collection));
    fact("stands in", Sentence::new().link(&collection, &title), None);
    let asks = if asks.is_empty() { String::new() } else { format!(" {}", asks.join("; ")) };
    fact("marked", Sentence::new().say(&asks), Some(mark_of(shown)));
    Ok(out)
}

/// The source in words: an organisation by its name.
pub(crate) fn source_words(tx: &mut Tx<'_>, source: &str) -> Result<String> {
    for (prefix, how) in [("taxii:", "given over TAXII by"), ("peer:", "pulled from")] {
        if let Some(org) = source.strip_prefix(prefix) {
            let name = partners::org::find(tx, org)?.map_or_else(|| org.to_owned(), |card| card.name);
            return Ok(format!("{how} {name}"));
        }
    }
    Ok(match source {
        "hub" => "made by this hub".to_owned(),
        "local" => "imported by hand".to_owned(),
        other => format!("imported from {other}"),
    })
}

fn versions(tx: &mut Tx<'_>, context: &Context, held: &[Held], shown: &Held, id: &str) -> Result<Vec<Version>> {
    let mut titles: BTreeMap<String, String> = BTreeMap::new();
    for collection in exchange::collection::all(tx)? {
        titles.insert(collection.id, collection.title);
    }
    let one = |held: &Held| {
        let name = held.version.clone().unwrap_or_else(|| "without a version".to_owned());
        let is_shown = held.event == shown.event && held.collection == shown.collection;
        let href = held.version.as_ref().filter(|_| !is_shown).map(|v| format!("{}?version={}", href(id), query(v)));
        Version {
            name,
            href,
            collection: titles.get(&held.collection).cloned().unwrap_or_default(),
            mark: mark_of(held),
            added: context.when(held.added),
            said: if held.revoked { "revokes it".to_owned() } else { held.source.clone() },
        }
    };
    Ok(held.iter().rev().map(one).collect())
}
