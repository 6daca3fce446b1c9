//! Makes the answer page from what stands behind a link. Only what its reader may know enters: never functions at stake,
//! other owners, or our ranking.

use act::answer::{self, Open, Said};
use act::ask::Answer as Word;
use act::plan::Planned;
use axum::Router;
use axum::extract::{Form, Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use ledger::{Error, Result, Tx};
use serde::Deserialize;

use super::tongue::{TONGUES, Tongue, accepted, tongue};
use super::{Answer, choices};
use crate::auth;
use crate::pages::signs::Mark;
use crate::pages::when::When;
use crate::respond::{broken, render};
use crate::state::AppState;

/// Steps that the page shows; more are for the advisory itself.
const STEPS_MAX: usize = 8;

/// The addresses of answer links. `/answer/` stands in mails, `/a/` is what one reads out over the telephone.
pub(crate) fn routes() -> Router<AppState> {
    Router::new().route("/a/{token}", get(look).post(reply)).route("/answer/{token}", get(look).post(reply))
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Wanted {
    lang: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Sent {
    answer: String,
    reference: String,
    forward: String,
    comment: String,
    nonce: String,
}

/// A GET reads and changes nothing: a mail scanner that follows the link answers nothing.
async fn look(
    State(state): State<AppState>,
    Path(token): Path<String>,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Response {
    let lang = preferred(&wanted, &headers);
    respond(state, token, lang, Outcome::None).await
}

async fn reply(
    State(state): State<AppState>,
    Path(token): Path<String>,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
    Form(sent): Form<Sent>,
) -> Response {
    let lang = preferred(&wanted, &headers);
    if !auth::from_own_page(&headers) || !auth::same(&sent.nonce, &nonce(&token)) {
        return (StatusCode::FORBIDDEN, "This form was not sent from the answer page.\n").into_response();
    }
    let Some(word) = Word::parse(&sent.answer) else { return respond(state, token, lang, Outcome::Choose).await };
    if word == Word::Forwarded && !sent.forward.contains('@') {
        return respond(state, token, lang, Outcome::NeedAddress).await;
    }
    let note = match word {
        Word::Forwarded => format!("forward to {}\n{}", sent.forward.trim(), sent.comment),
        _ => sent.comment.clone(),
    };
    let (key, reference) = (token.clone(), sent.reference.clone());
    let done = state
        .write(move |tx| answer::answer(tx, &key, &Said { answer: word, note: &note, reference: &reference }).map(drop))
        .await;
    match done {
        Ok(()) => respond(state, token, lang, Outcome::Recorded(sent.answer)).await,
        Err(Error::Refused { .. }) => respond(state, token, lang, Outcome::Spent).await,
        Err(error) => broken(&error.to_string()),
    }
}

/// What just happened.
enum Outcome {
    None,
    Recorded(String),
    Choose,
    NeedAddress,
    Spent,
}

/// The language that the address names, else the first that the browser names; else that of the ask.
fn preferred(wanted: &Wanted, headers: &HeaderMap) -> Option<&'static Tongue> {
    if !wanted.lang.is_empty() {
        return Some(tongue(&wanted.lang));
    }
    headers.get(header::ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok()).and_then(accepted)
}

/// Binds the form to this link, so that a form of another site, which does not know the link, cannot be sent here.
fn nonce(token: &str) -> String {
    auth::hash(&format!("answer form {token}"))
}

async fn respond(state: AppState, token: String, lang: Option<&'static Tongue>, outcome: Outcome) -> Response {
    let inner = state.clone();
    let outcome = std::sync::Arc::new(outcome);
    let made = state.read(move |tx| view(tx, &inner, &token, lang, &outcome)).await;
    match made {
        Ok((status, view)) => {
            let mut response = (status, render(&view)).into_response();
            // The address is the secret: it goes nowhere.
            response.headers_mut().insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
            response
        }
        Err(error) => broken(&error.to_string()),
    }
}

fn view(
    tx: &mut Tx<'_>,
    state: &AppState,
    token: &str,
    lang: Option<&'static Tongue>,
    outcome: &Outcome,
) -> Result<(StatusCode, Answer)> {
    let open = answer::look(tx, token)?;
    let t = lang.unwrap_or_else(|| tongue(open.as_ref().map_or("en", |o| o.ask.planned.language.as_str())));
    let home = state.home();
    let sender = partners::org::find(tx, home)?.map_or_else(|| home.to_owned(), |card| card.name);
    let blank = Answer {
        assets: state.assets.clone(),
        t,
        lang: t.code.to_owned(),
        tongues: TONGUES.iter().map(|t| (t.code, t.name)).collect(),
        title: sender.clone(),
        who: format!("{sender} {}", t.about_us),
        sender,
        mark: Mark::Clear,
        exercise: state.ledger.genesis().exercise,
        done: None,
        problem: None,
        headline: t.spent.to_owned(),
        summary: String::new(),
        facts: Vec::new(),
        steps: Vec::new(),
        steps_lang: "en".to_owned(),
        open: false,
        choices: Vec::new(),
        nonce: nonce(token),
        reference: String::new(),
    };
    let Some(open) = open else { return Ok((StatusCode::NOT_FOUND, blank)) };
    // as they were asked: a newer advisory may be marked higher than whoever answers may see
    let steps = open.ask.planned.fixes.iter().take(STEPS_MAX).cloned().collect();
    Ok(filled(blank, &open, steps, outcome, tx.now().0))
}

fn filled(mut page: Answer, open: &Open, steps: Vec<String>, outcome: &Outcome, now: i64) -> (StatusCode, Answer) {
    let (t, p) = (page.t, &open.ask.planned);
    let owner = p.count.is_none() && p.addressee == p.party;
    let ids = p.vulnerabilities.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
    page.title = format!("{ids} · {}", page.sender);
    page.headline = format!("{ids}: {}", if owner { t.headline_owner } else { t.headline_other });
    page.summary = format!("{}{}", if p.exploited { format!("{} ", t.exploited) } else { String::new() }, t.please);
    page.mark = Mark::read(&p.mark().to_string());
    page.facts = facts(t, p, open, now);
    page.steps = steps;
    page.reference.clone_from(&p.ask);
    page.open = !open.used;
    let chosen = match outcome {
        Outcome::Recorded(answer) => answer.as_str(),
        _ => "",
    };
    page.choices = choices(t, chosen);
    let word = page.choices.iter().find(|c| c.chosen).map_or("", |c| c.name);
    page.done = (!chosen.is_empty()).then(|| format!("{} {word}.", t.recorded));
    page.problem = match outcome {
        Outcome::Choose => Some(t.choose.to_owned()),
        Outcome::NeedAddress => Some(t.need_address.to_owned()),
        Outcome::Spent => Some(t.closed.to_owned()),
        Outcome::None if open.used => Some(t.closed.to_owned()),
        Outcome::None | Outcome::Recorded(_) => None,
    };
    let status = match outcome {
        Outcome::Choose | Outcome::NeedAddress => StatusCode::UNPROCESSABLE_ENTITY,
        Outcome::Spent => StatusCode::CONFLICT,
        Outcome::None | Outcome::Recorded(_) => StatusCode::OK,
    };
    (status, page)
}

fn facts(t: &Tongue, p: &Planned, open: &Open, now: i64) -> Vec<(String, String)> {
    let where_it_is = match p.count {
        Some(band) => crate::pages::ask::view::interval(band),
        None => p.subjects.iter().take(50).cloned().collect::<Vec<_>>().join(", "),
    };
    let due = open.ask.due_at.map_or_else(String::new, |at| When::new(at.0, now).moment());
    let known = match p.methods.first().map(String::as_str) {
        Some("vex") => t.known[1],
        Some("remote") => t.known[2],
        Some("candidate") | None => t.known[3],
        Some(_) => t.known[0],
    };
    let title = if p.title.is_empty() { p.advisory.clone() } else { format!("{} ({})", p.title, p.advisory) };
    let values = [p.vulnerabilities.join(", "), title, where_it_is, due, known.to_owned()];
    t.facts.iter().zip(values).filter(|(_, v)| !v.is_empty()).map(|(k, v)| ((*k).to_owned(), v)).collect()
}
