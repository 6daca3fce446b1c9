//! Makes the pages of reviews from `assure::review`, and takes what their forms bring through its rules.
use assure::Period;
use assure::review::desk;
use assure::review::report::{self, Report, Row};
use assure::review::workspace::{self, Stage, Workspace};
use assure::review::{ATTESTERS, Matter, Written};
use axum::Router;
use axum::extract::{Form as Sent, Path, Query, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use ledger::{Error, Micros, Result, Tx};
use partners::may::Verb;
use serde::Deserialize;
use stix::Tlp;

use super::consult::{self, Consult};
use super::document::{Document, of, paragraphs, plain, short, shown, signed};
use super::{Figure, Held, Objective, Review, Reviews, Step, Text};
use crate::auth::{self, Viewer};
use crate::pages::Choice;
use crate::pages::signs::Mark;
use crate::pages::words::{self, Sentence, capital, count, number, query};
use crate::respond::{Context, broken, not_found, page, refusal, render};
use crate::state::AppState;

/// The addresses of reviews.
pub(crate) fn routes() -> Router<AppState> {
    Router::new()
        .route("/assure/reviews", get(list).post(open))
        .route("/assure/reviews/{period}", get(one).post(write))
        .route("/assure/reviews/{period}/freeze", post(freeze))
        .route("/assure/reviews/{period}/attest", post(attest))
        .route("/assure/reviews/{period}/report", get(document))
        .route("/assure/reviews/{period}/report/{form}", get(form))
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Brought {
    pub(super) csrf: String,
    pub(super) reader: String,
    period: String,
    seed: String,
    matter: String,
    objective: String,
    text: String,
    who: String,
    due: String,
    note: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Wanted {
    tlp: String,
    /// Whom it would be shown to is asked.
    consult: String,
}

async fn list(State(state): State<AppState>, viewer: Viewer) -> Response {
    page(state, viewer, |tx, context| reviews(tx, context, None)).await
}

async fn one(
    State(state): State<AppState>,
    viewer: Viewer,
    Path(period): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Response {
    let consult = !wanted.consult.is_empty();
    page(state, viewer, move |tx, context| review(tx, context, &period, consult, None)).await
}

/// Does what a form asks, in one unit of work, if it came from a page of this session and the role allows it.
async fn take(
    state: &AppState,
    viewer: &Viewer,
    headers: &HeaderMap,
    csrf: &str,
    verb: Verb,
    act: impl FnMut(&mut Tx<'_>) -> Result<()> + Send + 'static,
) -> std::result::Result<Option<String>, Box<Response>> {
    if let Some(refused) = auth::foreign(headers, csrf, viewer) {
        return Err(Box::new(refused));
    }
    let (person, mut act) = (viewer.person.clone(), act);
    let done = state
        .write(move |tx| {
            person.must(verb)?;
            act(tx)
        })
        .await;
    match done {
        Ok(()) => Ok(None),
        Err(error) => match why(error) {
            Ok(why) => Ok(Some(why)),
            Err(error) => Err(Box::new(refusal(state.clone(), viewer.clone(), error).await)),
        },
    }
}

/// What a rule of reviews says, to stand on the page; another error is one.
fn why(error: Error) -> Result<String> {
    match error {
        Error::Refused { rule, reason, next } if rule != "role" && rule != "review-unknown" => {
            Ok(words::why(&reason, &next))
        }
        error => Err(error),
    }
}

/// The page of a review after something was done, or what a rule says against it.
pub(super) async fn after(state: AppState, viewer: Viewer, name: String, done: Result<()>) -> Response {
    match done.map_err(why) {
        Ok(()) => Redirect::to(&address(&name)).into_response(),
        Err(Ok(why)) => {
            page(state, viewer, move |tx, context| review(tx, context, &name, false, Some(why.clone()))).await
        }
        Err(Err(error)) => refusal(state, viewer, error).await,
    }
}

async fn open(
    State(state): State<AppState>,
    viewer: Viewer,
    headers: HeaderMap,
    Sent(brought): Sent<Brought>,
) -> Response {
    let (by, sent) = (viewer.person.clone(), brought.clone());
    let act = move |tx: &mut Tx<'_>| {
        let seed = Some(sent.seed.trim()).filter(|seed| !seed.is_empty());
        desk::open(tx, &period(&sent.period)?, seed, &by).map(drop)
    };
    match take(&state, &viewer, &headers, &brought.csrf, Verb::HoldReview, act).await {
        Err(refused) => *refused,
        Ok(None) => Redirect::to(&address(&brought.period)).into_response(),
        Ok(Some(why)) => page(state, viewer, move |tx, context| reviews(tx, context, Some(why.clone()))).await,
    }
}

async fn write(
    State(state): State<AppState>,
    viewer: Viewer,
    Path(name): Path<String>,
    headers: HeaderMap,
    Sent(brought): Sent<Brought>,
) -> Response {
    let (by, sent, of) = (viewer.person.clone(), brought.clone(), name.clone());
    let act = move |tx: &mut Tx<'_>| {
        let matter = Matter::ALL.into_iter().find(|m| m.as_str() == sent.matter).unwrap_or(Matter::Narrative);
        let written = Written {
            matter,
            objective: sent.objective.clone(),
            text: sent.text.clone(),
            who: sent.who.trim().to_owned(),
            due: sent.due.clone(),
        };
        desk::write(tx, &period(&of)?, written, &by)
    };
    act_on(state, viewer, &headers, &brought.csrf, Verb::WriteReview, name, act).await
}

async fn freeze(
    State(state): State<AppState>,
    viewer: Viewer,
    Path(name): Path<String>,
    headers: HeaderMap,
    Sent(brought): Sent<Brought>,
) -> Response {
    let (by, of) = (viewer.person.clone(), name.clone());
    let act = move |tx: &mut Tx<'_>| desk::freeze(tx, &period(&of)?, &by).map(drop);
    act_on(state, viewer, &headers, &brought.csrf, Verb::HoldReview, name, act).await
}

async fn attest(
    State(state): State<AppState>,
    viewer: Viewer,
    Path(name): Path<String>,
    headers: HeaderMap,
    Sent(brought): Sent<Brought>,
) -> Response {
    let (by, of, note) = (viewer.person.clone(), name.clone(), brought.note.clone());
    let act = move |tx: &mut Tx<'_>| desk::attest(tx, &period(&of)?, &note, &by).map(drop);
    act_on(state, viewer, &headers, &brought.csrf, Verb::AttestReview, name, act).await
}

/// Does what a form on the page of a review asks, and shows that page: what the rules say against it stands on it.
async fn act_on(
    state: AppState,
    viewer: Viewer,
    headers: &HeaderMap,
    csrf: &str,
    verb: Verb,
    name: String,
    act: impl FnMut(&mut Tx<'_>) -> Result<()> + Send + 'static,
) -> Response {
    match take(&state, &viewer, headers, csrf, verb, act).await {
        Err(refused) => *refused,
        Ok(None) => Redirect::to(&address(&name)).into_response(),
        Ok(Some(why)) => {
            page(state, viewer, move |tx, context| review(tx, context, &name, false, Some(why.clone()))).await
        }
    }
}

/// The report as a page that prints as the document.
async fn document(
    State(state): State<AppState>,
    viewer: Viewer,
    Path(name): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Response {
    match made(&state, &viewer, &name, &wanted).await {
        Ok((report, home)) => render(&Document::page(report, &home, state.assets.clone())),
        Err(error) => refusal(state, viewer, error).await,
    }
}

/// The report for other programs.
async fn form(
    State(state): State<AppState>,
    viewer: Viewer,
    Path((name, form)): Path<(String, String)>,
    Query(wanted): Query<Wanted>,
) -> Response {
    let (report, _) = match made(&state, &viewer, &name, &wanted).await {
        Ok(made) => made,
        Err(error) => return refusal(state, viewer, error).await,
    };
    let file = format!("attachment; filename=\"review-{}.{form}\"", report.period);
    let (kind, text) = match form.as_str() {
        "csv" => ("text/csv; charset=utf-8", report.csv()),
        "json" => ("application/json", serde_json::to_string_pretty(&report).map_err(|e| e.to_string())),
        "ics" => ("text/calendar; charset=utf-8", Ok(report.ics(state.ledger.hub()))),
        _ => {
            let error = Error::refused("report-form", format!("a report has no form {form:?}"), "csv, json or ics");
            return refusal(state, viewer, error).await;
        }
    };
    match text {
        Ok(text) => ([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, &file)], text).into_response(),
        Err(why) => broken(&why),
    }
}

async fn made(state: &AppState, viewer: &Viewer, name: &str, wanted: &Wanted) -> Result<(Report, String)> {
    let (person, name, tlp) = (viewer.person.clone(), name.to_owned(), wanted.tlp.clone());
    let (home, now) = (state.home().to_owned(), state.ledger.env().clock.now());
    state
        .read(move |tx| {
            person.must(Verb::Measure)?;
            let tlp: Tlp = match tlp.as_str() {
                "" => Tlp::Amber,
                text => text.parse().map_err(|_| Error::refused("tlp", format!("{text:?} is no label"), "AMBER"))?,
            };
            let made = report::report(tx, &period(&name)?, tlp, now)?;
            let home = partners::org::find(tx, &home)?.map_or_else(|| home.clone(), |card| card.name);
            Ok((made, home))
        })
        .await
}

pub(super) fn period(text: &str) -> Result<Period> {
    text.trim().parse().map_err(|e: String| Error::refused("period", e, "write 2025-Q4, 2025 or FY2026-Q1"))
}

fn address(name: &str) -> String {
    format!("/assure/reviews/{}", query(name.trim()))
}

fn reviews(tx: &mut Tx<'_>, context: &Context, problem: Option<String>) -> Result<Reviews> {
    let person = context.person();
    person.must(Verb::Measure)?;
    let all = workspace::all(tx)?;
    let held = |one: &Workspace| Held {
        period: one.review.to_string(),
        stage: one.stage().as_str(),
        since: context.when(since(one)).day(),
        shown: one.shown.len(),
        replies: one.replies.len(),
        by: one.attested.iter().map(|a| a.by.clone()).collect::<Vec<_>>().join(", "),
    };
    let open = all.iter().filter(|one| one.stage() != Stage::Attested).count();
    let n = i64::try_from(open).unwrap_or(i64::MAX);
    let lede = match all.is_empty() {
        true => Sentence::new().say("No review was opened yet."),
        false => Sentence::new().say(&format!("{} not vouched for yet.", count(n, "review is", "reviews are"))),
    };
    // the quarter that ended last
    let last = Period::holding(Micros(Period::holding(context.now).from().0 - 1)).to_string();
    let offered = Some(last).filter(|_| person.may(Verb::HoldReview).allowed);
    Ok(Reviews {
        shell: context.shell(tx, "Reviews", "assure", Mark::Amber)?,
        lede,
        rows: all.iter().map(held).collect(),
        open: offered,
        problem,
    })
}

/// When a review came to be where it is.
fn since(one: &Workspace) -> Micros {
    let frozen = one.frozen.as_ref().map(|f| f.at);
    let attested = one.attested.last().map(|a| a.at).filter(|_| one.stage() == Stage::Attested);
    attested.or(frozen).or(one.cut.as_ref().map(|c| c.at)).unwrap_or(one.opened)
}

/// Whom it would be shown to, where that is asked; or why it cannot be.
fn asked(tx: &mut Tx<'_>, context: &Context, one: &Workspace) -> Result<(Option<Consult>, Option<String>)> {
    match consult::dry(tx, context, one) {
        Ok(consult) => Ok((Some(consult), None)),
        Err(error) => why(error).map(|why| (None, Some(why))),
    }
}

fn review(
    tx: &mut Tx<'_>,
    context: &Context,
    name: &str,
    is_asked: bool,
    mut problem: Option<String>,
) -> Result<Review> {
    let person = context.person();
    person.must(Verb::Measure)?;
    let Some(one) = workspace::read(tx, name)? else { return Err(not_found("no such review")) };
    let may_consult = one.stage() < Stage::Frozen && person.may(Verb::HoldReview).allowed;
    let mut consult = None;
    if is_asked && may_consult {
        let (found, why) = asked(tx, context, &one)?;
        (consult, problem) = (found, problem.or(why));
    }
    let made = report::report(tx, &one.review, Tlp::Amber, context.now)?;
    let stage = one.stage();
    let vouched = one.attested.iter().any(|a| a.by == person.name);
    let may_write = stage != Stage::Attested && person.may(Verb::WriteReview).allowed;
    let today = context.now.day_number();
    let ready = stage == Stage::Shown && one.freeze_from().is_some_and(|from| from <= today);
    let m = &made.moved;
    let n = |list: &[String]| i64::try_from(list.len()).unwrap_or(i64::MAX);
    let lede = Sentence::new().say(&format!(
        "{} more than in {}, {} less, {} as they were.",
        capital(&count(n(&m.better), "measure is", "measures are")),
        made.before,
        number(n(&m.worse)),
        number(n(&m.same))
    ));
    let then = match stage {
        Stage::Open => "As known now.".to_owned(),
        _ => format!("As known on {}.", context.when(made.known_as_of).day()),
    };
    Ok(Review {
        shell: context.shell(tx, &format!("Review of {}", one.review), "assure", Mark::Amber)?,
        period: one.review.to_string(),
        stage: stage.as_str(),
        lede,
        then,
        before: made.before.to_string(),
        steps: steps(&one, context),
        next: next(&one),
        objectives: objectives(&made),
        texts: texts(&made.texts),
        restated: made
            .restated
            .iter()
            .map(|r| [short(&r.id), plain(&r.frozen), plain(&r.now), r.why.clone()])
            .collect(),
        replies: replies(&made, context),
        sample: made.sample.iter().map(|(id, keys)| (short(id), keys.join(" · "))).collect(),
        problem,
        write: may_write.then(|| choices(&made)),
        consult,
        may_consult,
        may_bundle: stage >= Stage::Frozen && person.may(Verb::Verify).allowed,
        may_freeze: ready && person.may(Verb::HoldReview).allowed,
        may_attest: stage == Stage::Frozen && !vouched && person.may(Verb::AttestReview).allowed,
    })
}

fn steps(one: &Workspace, context: &Context) -> Vec<Step> {
    let day = |at: Micros| context.when(at).day();
    let opened = Step {
        what: "Opened",
        done: true,
        said: format!("{} by {}, with the seed {:?}", day(one.opened), one.by, one.seed),
    };
    let from = one.freeze_from().map(|from| day(Micros::of_day(from)));
    let shown = match &one.cut {
        Some(cut) => {
            let to = count(i64::try_from(one.shown.len()).unwrap_or(i64::MAX), "partner", "partners");
            let until = one.freeze_from().filter(|_| one.frozen.is_none() && !one.shown.is_empty());
            let until = until.map(|from| format!(", and may until {}", day(Micros::of_day(from - 1))));
            format!(
                "{} by {}, to {to}; {} replied{}",
                day(cut.at),
                cut.by,
                one.replies.len(),
                until.unwrap_or_default()
            )
        }
        None => "waits".to_owned(),
    };
    let frozen = match (&one.frozen, &from) {
        (Some(frozen), _) => format!("{} by {}, entry {}", day(frozen.at), frozen.by, frozen.entry),
        (None, Some(from)) => format!("from {from}"),
        (None, None) => "fifteen working days after the partners were shown theirs".to_owned(),
    };
    let by: Vec<String> = one.attested.iter().map(|a| format!("{} on {}: {}", a.by, day(a.at), a.what.note)).collect();
    let vouched = if by.is_empty() { "by two who recorded none of it".to_owned() } else { by.join("; ") };
    vec![
        opened,
        Step { what: "Shown to partners", done: one.cut.is_some(), said: shown },
        Step { what: "Frozen", done: one.frozen.is_some(), said: frozen },
        Step { what: "Vouched for", done: one.attested.len() >= ATTESTERS, said: vouched },
    ]
}

fn next(one: &Workspace) -> String {
    let period = &one.review;
    match one.stage() {
        Stage::Open => {
            format!(
                "Show each partner what is said of it: here, or `mainstay review consult {period}`, which writes to them."
            )
        }
        Stage::Shown => format!(
            "Partners reply. Put right what is wrong, and consult anew, or freeze it: `mainstay review freeze {period}`."
        ),
        Stage::Frozen => {
            format!("Two who recorded none of it vouch for it: `mainstay review attest {period} --note …`.")
        }
        Stage::Attested => "Give it to whoever checks, as a bundle.".to_owned(),
    }
}

fn objectives(made: &Report) -> Vec<Objective> {
    let figure = |row: &Row| Figure {
        number: short(&row.id),
        href: format!("/assure/{}?period={}", query(&short(&row.id)), query(&made.period.to_string())),
        text: row.statement.clone(),
        value: shown(&row.value, &row.unit),
        of: of(&row.numerator, &row.denominator),
        before: shown(&row.before, &row.unit),
        baseline: shown(&row.baseline, &row.unit),
        change: signed(&row.change),
    };
    let all = made.goals.iter().flat_map(|goal| &goal.objectives);
    all.map(|objective| Objective {
        number: objective.id.clone(),
        text: objective.title.clone(),
        figures: objective.figures.iter().map(figure).collect(),
        texts: texts(&objective.texts),
    })
    .collect()
}

fn texts(all: &[report::Text]) -> Vec<Text> {
    let text = |one: &report::Text| {
        let mut said = Vec::new();
        if !one.who.is_empty() {
            said.push(one.who.clone());
        }
        if !one.due.is_empty() {
            said.push(format!("by {}", one.due));
        }
        said.push(format!("written by {} on {}", one.by, one.at.day()));
        Text { matter: one.matter.title(), text: paragraphs(&one.text), said: said.join(", ") }
    };
    all.iter().map(text).collect()
}

fn replies(made: &Report, context: &Context) -> Vec<[String; 4]> {
    let reply = |one: &report::Reply| {
        let about = if one.measure.is_empty() { "all".to_owned() } else { short(&one.measure) };
        let late = if one.late { ", after the freeze" } else { "" };
        [one.name.clone(), about, format!("{}{late}", context.when(one.at).day()), one.text.clone()]
    };
    made.replies.iter().map(reply).collect()
}

fn choices(made: &Report) -> Vec<Choice> {
    let whole = Choice { value: String::new(), text: "the whole".to_owned(), chosen: true };
    let all = made.goals.iter().flat_map(|goal| &goal.objectives);
    let one =
        |o: &report::Objective| Choice { value: o.id.clone(), text: format!("{} {}", o.id, o.title), chosen: false };
    std::iter::once(whole).chain(all.map(one)).collect()
}
