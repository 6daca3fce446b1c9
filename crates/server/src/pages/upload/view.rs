//! Takes a file that was given on a page through the same gate as every other way in, and tells of each part what the giver may know.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use exchange::admit::{self, Origin, Outcome as Became, Sees, Told};
use exchange::collection::Collection;
use exchange::rights::{self, Sight};
use exchange::{NewDocument, import_documents};
use ledger::{Error, Intake, Ledger, Note, Result, Tx};
use partners::Person;
use partners::may::Verb;
use serde::Deserialize;
use stix::Tlp;
use stix::scan::{self, Limits};

use super::form::parts;
use super::{Outcome, Upload};
use crate::auth::{self, Viewer};
use crate::pages::Choice;
use crate::pages::object::href;
use crate::pages::object::view::current;
use crate::pages::signs::{Mark, State as Sign};
use crate::pages::words::{Sentence, capital, count, figure};
use crate::respond::{Context, page, refusal};
use crate::state::{AppState, wait};

/// Bytes of one form: what a person sends from a page. More goes over TAXII.
const BODY_MAX: usize = 16 << 20;
/// Rows of the answer.
const ROWS_MAX: usize = 1_000;

/// The address.
pub(crate) fn routes() -> Router<AppState> {
    Router::new().route("/exchange/upload", get(show).post(give)).layer(DefaultBodyLimit::max(BODY_MAX))
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Wanted {
    collection: String,
}

async fn show(State(state): State<AppState>, viewer: Viewer, Query(wanted): Query<Wanted>) -> Response {
    page(state, viewer, move |tx, context| view(tx, context, &wanted.collection, None)).await
}

/// What was given, and to which collection.
struct Given {
    collection: String,
    file: String,
    bytes: Vec<u8>,
}

async fn give(
    State(state): State<AppState>,
    viewer: Viewer,
    headers: HeaderMap,
    body: std::result::Result<Bytes, BytesRejection>,
) -> Response {
    if let Err(error) = viewer.person.must(Verb::Contribute) {
        return refusal(state, viewer, error).await;
    }
    let body = match body {
        Ok(body) => body,
        Err(rejection) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            let said = format!("the form is larger than {}", most());
            return refusal(state, viewer, Error::refused("body-too-large", said, "give it in parts, or over TAXII"))
                .await;
        }
        Err(_) => return (StatusCode::BAD_REQUEST, "The form broke off.\n").into_response(),
    };
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let form = parts(content_type, &body);
    let field = |name: &str| form.iter().flatten().find(|part| part.name == name);
    let text =
        |name: &str| field(name).map(|part| String::from_utf8_lossy(part.bytes).into_owned()).unwrap_or_default();
    if let Some(refused) = auth::foreign(&headers, &text("csrf"), &viewer) {
        return refused;
    }
    let pasted = text("text");
    let file = field("file").filter(|part| !part.bytes.is_empty());
    let given = Given {
        collection: text("collection"),
        file: file.and_then(|part| part.file.clone()).unwrap_or_else(|| "what was pasted".to_owned()),
        bytes: file.map_or_else(|| pasted.into_bytes(), |part| part.bytes.to_vec()),
    };
    let (ledger, person) = (Arc::clone(&state.ledger), viewer.person.clone());
    let collection = given.collection.clone();
    let done = match current(&state).await {
        Ok(()) => wait(move || take(&ledger, &person, &given)).await,
        Err(error) => Err(error),
    };
    match done {
        Ok(done) => page(state, viewer, move |tx, context| view(tx, context, &collection, Some(&done))).await,
        Err(error) => refusal(state, viewer, error).await,
    }
}

fn most() -> String {
    format!("{} MiB", BODY_MAX >> 20)
}

/// What became of what was given.
enum Done {
    /// Nothing of it was stored.
    Refused(String),
    /// Part by part.
    Told(Vec<Row>),
}

/// One part, with what the giver may know of it.
struct Row {
    place: String,
    id: String,
    became: &'static str,
    rule: String,
    reason: String,
}

fn take(ledger: &Ledger, person: &Person, given: &Given) -> Result<Done> {
    let on = ledger.env().clock.now().day().parse().map_err(|_| Error::Engine("the clock shows no day".to_owned()))?;
    let (collection, sight) = ledger.read(|tx| {
        let found = exchange::collection::find(tx, &given.collection)?.filter(|c| rights::may_write(person, c));
        let Some(collection) = found else {
            let next = "choose one of the collections on the page; the operator grants more";
            return Err(Error::refused("collection-closed", "you may not give anything to this collection", next));
        };
        let sight = rights::sight(tx, person, &collection, on)?;
        Ok((collection, sight))
    })?;
    if given.bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(Done::Refused("Nothing was chosen and nothing was pasted.".to_owned()));
    }
    let source = if person.is_operator { "local".to_owned() } else { format!("taxii:{}", person.org) };
    let sees = match sight {
        _ if person.sees_all() => Sees::All,
        Sight::View(view) => Sees::View(Some(view)),
        Sight::Nothing | Sight::Stale => Sees::View(None),
    };
    let origin = Origin {
        file: &given.file,
        collection: &collection.id,
        source: &source,
        tlp: None,
        by: &person.name,
        sees,
        hops: None,
    };
    let done = match person.may(Verb::Import).allowed.then(|| document(&given.bytes, &given.file)).flatten() {
        Some(Ok((document, warnings))) => {
            let mut rows = of_intake(&import_documents(ledger, &[document], &origin)?);
            rows.extend(warnings);
            Done::Told(rows)
        }
        Some(Err(fault)) => Done::Refused(fault),
        None => match admit::submit(ledger, &given.bytes, &origin)? {
            Ok(submitted) => Done::Told(submitted.told.iter().flat_map(of_object).collect()),
            Err(fault) => Done::Refused(capital(&fault.to_string())),
        },
    };
    ledger.catch_up()?;
    Ok(done)
}

/// A document of another form than STIX, where it is one, with what is strange about it. Only the operator's own give these.
fn document<'a>(bytes: &'a [u8], file: &'a str) -> Option<std::result::Result<(NewDocument<'a>, Vec<Row>), String>> {
    let value: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(bytes).ok()?;
    let blank = |form, id| NewDocument {
        form,
        file,
        place: String::new(),
        id,
        version: None,
        title: None,
        tlp: None,
        released: None,
        asset: None,
        body: bytes,
    };
    let form = match (value.contains_key("document"), value.contains_key("cveMetadata")) {
        (true, _) => "csaf",
        (_, true) => "cve",
        _ => return None,
    };
    if let Err(fault) = scan::outline(bytes, &Limits::default()) {
        return Some(Err(capital(&fault.to_string())));
    }
    Some(match form {
        "csaf" => product::csaf::Advisory::read(bytes).map_err(|fault| capital(&fault.reason)).map(|advisory| {
            let warnings = advisory
                .warnings
                .iter()
                .map(|reason| row("", &advisory.id, "warned", "csaf-finding", reason))
                .collect();
            // a mark that nobody knows is taken as the strictest
            let tlp = advisory.tlp.as_ref().map(|label| label.parse::<Tlp>().unwrap_or(Tlp::Red));
            let new = NewDocument {
                version: Some(advisory.version),
                title: Some(advisory.title),
                tlp,
                released: Some(advisory.released),
                ..blank("csaf", advisory.id)
            };
            (new, warnings)
        }),
        _ => product::cve::Cve::read(bytes).map_err(|fault| capital(&fault.reason)).map(|cve| {
            let title = Some(cve.title).filter(|t| !t.is_empty());
            (
                NewDocument { version: Some(cve.version), title, tlp: Some(Tlp::Clear), ..blank("cve", cve.id) },
                Vec::new(),
            )
        }),
    })
}

fn row(place: &str, id: &str, became: &'static str, rule: &str, reason: &str) -> Row {
    Row { place: place.to_owned(), id: id.to_owned(), became, rule: rule.to_owned(), reason: reason.to_owned() }
}

fn of_intake(intake: &Intake) -> Vec<Row> {
    let note = |became| move |n: &Note| row(&n.place, &n.id, became, &n.rule, &n.reason);
    let mut rows: Vec<Row> = intake.refused.iter().map(note("refused")).collect();
    rows.extend(intake.review.iter().map(note("review")));
    rows.extend((0..intake.accepted).map(|_| row("", "", "accepted", "", "")));
    rows.extend((0..intake.unchanged).map(|_| row("", "", "unchanged", "", "")));
    rows
}

/// What the giver may know.
fn of_object(told: &Told<'_>) -> Vec<Row> {
    let (became, fault) = match &told.outcome {
        Became::Accepted => ("accepted", None),
        Became::Unchanged => ("unchanged", None),
        Became::Refused(fault) => ("refused", Some(fault)),
        Became::Review(fault) => ("review", Some(fault)),
    };
    let place = |fault: Option<&stix::Fault>| format!("{}{}", told.place, fault.map_or("", |f| f.place.as_str()));
    let (rule, reason) = fault.map_or(("", ""), |f| (f.rule, f.reason.as_str()));
    let mut rows = vec![row(&place(fault), &told.id, became, rule, reason)];
    rows.extend(told.warnings.iter().map(|w| row(&place(Some(w)), &told.id, "warned", w.rule, &w.reason)));
    rows
}

fn view(tx: &mut Tx<'_>, context: &Context, chosen: &str, done: Option<&Done>) -> Result<Upload> {
    let person = context.person();
    person.must(Verb::Contribute)?;
    let mine: Vec<Collection> =
        exchange::collection::all(tx)?.into_iter().filter(|c| rights::may_write(person, c)).collect();
    if mine.is_empty() {
        let next = "the operator grants it with `mainstay collection add TITLE --write ORG`";
        return Err(Error::refused("role", "you may give to no collection", next));
    }
    let pairs: Vec<(&str, &str)> = mine.iter().map(|c| (c.id.as_str(), c.title.as_str())).collect();
    let (problem, rows): (Option<String>, &[Row]) = match done {
        None => (None, &[]),
        Some(Done::Refused(reason)) => (Some(format!("{} Nothing of it was stored.", ended(reason))), &[]),
        Some(Done::Told(rows)) => (None, rows),
    };
    let mut outcomes: Vec<&Row> = rows.iter().collect();
    outcomes.sort_by_key(|row| order(row.became));
    let rest = outcomes.len().saturating_sub(ROWS_MAX);
    let n = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    Ok(Upload {
        shell: context.shell(tx, "Give", "exchange", Mark::Amber)?,
        lede: lede(rows, done.is_some()),
        collections: Choice::list(&pairs, chosen),
        forms: match person.may(Verb::Import).allowed {
            true => "a STIX 2.1 bundle, envelope or object, a CSAF advisory or a CVE record",
            false => "a STIX 2.1 bundle, envelope or object",
        },
        most: most(),
        problem,
        outcomes: outcomes.into_iter().take(ROWS_MAX).map(outcome).collect(),
        rest: (rest > 0).then(|| format!("{} more went as the last of these.", capital(&figure(n(rest))))),
    })
}

fn ended(text: &str) -> String {
    format!("{}.", text.trim_end_matches('.'))
}

fn order(became: &str) -> usize {
    ["refused", "review", "warned", "accepted", "unchanged"].iter().position(|b| *b == became).unwrap_or(9)
}

fn outcome(row: &Row) -> Outcome {
    let (state, next) = match row.became {
        "refused" => (
            Sign::new("failed").saying("refused"),
            "Mend it at this place and give it again; the rest need not be given again.",
        ),
        "review" => (Sign::new("review"), "Nothing: it is kept, and a person of the operator's decides."),
        "warned" => (
            Sign::new("half").saying("accepted, with a remark"),
            "Nothing has to be done; whoever makes it may want to know.",
        ),
        "unchanged" => (Sign::new("not_affected").saying("unchanged"), ""),
        _ => (Sign::new("up").saying("accepted"), ""),
    };
    let held = matches!(row.became, "accepted" | "unchanged" | "warned") && row.id.contains("--");
    Outcome {
        place: row.place.clone(),
        href: held.then(|| href(&row.id)),
        id: row.id.clone(),
        state,
        rule: row.rule.clone(),
        reason: row.reason.clone(),
        next: next.to_owned(),
    }
}

fn lede(rows: &[Row], given: bool) -> Sentence {
    let of = |became: &str| i64::try_from(rows.iter().filter(|row| row.became == became).count()).unwrap_or(i64::MAX);
    if !given {
        return Sentence::new().say("Give objects to a collection, and see what becomes of each.");
    }
    if rows.is_empty() {
        return Sentence::new().say("Nothing was taken in.");
    }
    let parts = [("accepted", "accepted"), ("unchanged", "unchanged"), ("review", "in review"), ("refused", "refused")];
    let said: Vec<String> = parts
        .iter()
        .filter(|(became, _)| of(became) > 0)
        .map(|(became, word)| format!("{} {word}", figure(of(became))))
        .collect();
    let all: i64 = parts.iter().map(|(became, _)| of(became)).sum();
    Sentence::new()
        .say("Of ")
        .link("#h-became", &count(all, "thing", "things"))
        .say(&format!(" given: {}.", crate::pages::words::list(&said)))
}
