//! Makes the pages of asks from what `act` says, as far as the viewer may see it.

use act::ask::{Kind, State as AskState};
use act::plan::Planned;
use act::query::{self, Ask as Stored, Filter};
use axum::Router;
use axum::extract::{Form, Path, Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use ledger::{Result, Tx};
use partners::may::Verb;
use serde::Deserialize;

use super::{Ask, Asks, Held, Reason, Row, Step, Subject};
use crate::auth::{self, Viewer};
use crate::chart::share::strip;
use crate::pages::Legend;
use crate::pages::signs::{Evidence, Mark, State as Sign};
use crate::pages::words::{Sentence, capital, count, figure, number, query as encode};
use crate::respond::{Context, not_found, page, refusal};
use crate::state::AppState;

/// Rows of a page.
const PAGE: usize = 100;

/// The addresses of asks.
pub(crate) fn routes() -> Router<AppState> {
    Router::new().route("/act", get(list)).route("/act/{reference}", get(one).post(decide))
}

/// What the list is asked for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Wanted {
    state: String,
    after: usize,
}

async fn list(State(state): State<AppState>, viewer: Viewer, Query(wanted): Query<Wanted>) -> Response {
    page(state, viewer, move |tx, context| asks(tx, context, &wanted)).await
}

async fn one(State(state): State<AppState>, viewer: Viewer, Path(reference): Path<String>) -> Response {
    page(state, viewer, move |tx, context| ask(tx, context, &reference)).await
}

#[derive(Deserialize)]
struct Decision {
    csrf: String,
    decision: String,
}

async fn decide(
    State(state): State<AppState>,
    viewer: Viewer,
    Path(reference): Path<String>,
    headers: HeaderMap,
    Form(form): Form<Decision>,
) -> Response {
    if let Some(refused) = auth::foreign(&headers, &form.csrf, &viewer) {
        return refused;
    }
    let (person, to) = (viewer.person.clone(), format!("/act/{}", encode(&reference)));
    let done = state
        .write(move |tx| match form.decision.as_str() {
            "approve" => act::desk::approve(tx, &reference, &person, "").map(drop),
            _ => act::desk::reject(tx, &reference, &person, "").map(drop),
        })
        .await;
    match done {
        Ok(()) => Redirect::to(&to).into_response(),
        Err(error) => refusal(state, viewer, error).await,
    }
}

fn asks(tx: &mut Tx<'_>, context: &Context, wanted: &Wanted) -> Result<Asks> {
    let seen: Vec<Stored> = query::seen_by(query::asks(tx, &Filter::default())?, context.person(), context.today());
    let wanted_rows: Vec<&Stored> =
        seen.iter().filter(|a| wanted.state.is_empty() || sign_key(a) == wanted.state).collect();
    let names = crate::pages::names(tx)?;
    let shown: Vec<Row> = wanted_rows.iter().skip(wanted.after).take(PAGE).map(|a| row(a, context, &names)).collect();
    let mark = seen.iter().map(|a| Mark::read(&a.planned.mark().to_string())).max().unwrap_or(Mark::Clear);
    let last = wanted.after + shown.len();
    let more = last < wanted_rows.len();
    Ok(Asks {
        shell: context.shell(tx, "Asks", "act", mark)?,
        lede: sentence(&seen),
        filtered: !wanted.state.is_empty(),
        strip: picture(&seen),
        legend: legend(&seen),
        shown: format!("{} to {} of {}", wanted.after + usize::from(!shown.is_empty()), last, wanted_rows.len()),
        next: more.then(|| format!("/act?state={}&after={last}", encode(&wanted.state))),
        rows: shown,
    })
}

fn sentence(asks: &[Stored]) -> Sentence {
    let of =
        |test: &dyn Fn(&Stored) -> bool| i64::try_from(asks.iter().filter(|a| test(a)).count()).unwrap_or(i64::MAX);
    if asks.is_empty() {
        return Sentence::new().say("Nobody has been asked to act yet.");
    }
    let sent = of(&|a| a.sent_at.is_some());
    let silent = of(&|a| a.state == AskState::Silent);
    let held = of(&|a| a.state == AskState::Held);
    let fixed = of(&|a| sign_key(a) == "mitigated");
    let mut s = Sentence::new()
        .link("/act", &capital(&count(sent, "ask", "asks")))
        .say(if sent == 1 { " has gone out; " } else { " have gone out; " })
        .link("/act?state=mitigated", &number(fixed))
        .say(" led to a fix, ")
        .link("/act?state=silent", &number(silent))
        .say(" met silence");
    if held > 0 {
        let wait = if held == 1 { " waits for a second person" } else { " wait for a second person" };
        s = s.say(", ").link("/act?state=held", &number(held)).say(wait);
    }
    s.say(".")
}

/// The key of the sign of an ask: its state, sharpened by what the answer said.
pub(crate) fn sign_key(ask: &Stored) -> &'static str {
    match (ask.state, ask.answer.as_deref()) {
        (AskState::Answered | AskState::Closed, Some("fixed" | "mitigated")) | (AskState::Closed, None) => "mitigated",
        (AskState::Answered, Some("need-help")) => "help",
        (AskState::Answered, Some("forwarded")) => "forwarded",
        (AskState::Answered, _) | (AskState::Acknowledged, _) => "acknowledged",
        (AskState::Disputed, Some("not-ours")) => "not_mine",
        (AskState::Disputed, _) => "false_positive",
        (AskState::Planned, _) => "planned",
        (AskState::Held, _) => "held",
        (AskState::Approved, _) => "approved",
        (AskState::Rejected, _) => "rejected",
        (AskState::Sent | AskState::Delivered, _) => "sent",
        (AskState::Unknown, _) => "unsure",
        (AskState::Bounced, _) => "bounced",
        (AskState::Silent, _) => "silent",
        (AskState::Closed, Some(_)) => "closed",
    }
}

/// Keys in the order of the strip, with the class of their fill.
const PARTS: &[(&str, &str)] = &[
    ("mitigated", "held"),
    ("acknowledged", "holding"),
    ("forwarded", "holding"),
    ("closed", "holding"),
    ("help", "late"),
    ("bounced", "late"),
    ("sent", "open"),
    ("unsure", "open"),
    ("planned", "rest"),
    ("held", "rest"),
    ("approved", "rest"),
    ("rejected", "rest"),
    ("not_mine", "rest"),
    ("false_positive", "rest"),
    ("silent", "unknown"),
];

fn tally(asks: &[Stored]) -> Vec<(i64, &'static str, &'static str)> {
    let of = |key: &str| i64::try_from(asks.iter().filter(|a| sign_key(a) == key).count()).unwrap_or(i64::MAX);
    PARTS.iter().map(|(key, fill)| (of(key), *fill, *key)).filter(|(n, _, _)| *n > 0).collect()
}

fn picture(asks: &[Stored]) -> crate::chart::Svg {
    let signs: Vec<(i64, &str, Sign)> =
        tally(asks).into_iter().map(|(n, fill, key)| (n, fill, Sign::new(key))).collect();
    let parts: Vec<(i64, &str, &str)> = signs.iter().map(|(n, fill, sign)| (*n, *fill, sign.word())).collect();
    strip(&parts, 0, true)
}

fn legend(asks: &[Stored]) -> Vec<Legend> {
    let one = |(n, _, key): (i64, &str, &'static str)| {
        let sign = Sign::new(key);
        Legend {
            shape: sign.shape(),
            count: figure(n),
            word: sign.word().to_owned(),
            href: format!("/act?state={key}"),
        }
    };
    tally(asks).into_iter().map(one).collect()
}

fn row(ask: &Stored, context: &Context, names: &crate::pages::Names) -> Row {
    let p = &ask.planned;
    let about = p.vulnerabilities.first().cloned().unwrap_or_else(|| p.advisory.clone());
    let more = p.vulnerabilities.len().saturating_sub(1);
    Row {
        id: p.ask.clone(),
        href: format!("/act/{}", encode(&p.ask)),
        state: Sign::new(sign_key(ask)),
        to: names.of(&p.addressee),
        country: p.country.clone().unwrap_or_default(),
        about_href: format!("/loop/{}", encode(&about)),
        about: if more > 0 { format!("{about} +{more}") } else { about },
        subjects: subjects_said(p),
        rule: p.rule.clone(),
        sent: ask.sent_at.map(|at| context.when(at)),
        due: ask.due_at.filter(|_| ask.state.clock_runs()).map(|at| context.when(at)),
        evidence: ask.evidence.map(evidence),
    }
}

fn subjects_said(p: &Planned) -> String {
    match p.count {
        Some(band) => interval(band),
        None => p.subjects.len().to_string(),
    }
}

/// "40..70", "7", "5 or more".
pub(crate) fn interval((min, max): (i64, Option<i64>)) -> String {
    match max {
        Some(max) if max == min => min.to_string(),
        Some(max) => format!("{min}..{max}"),
        None => format!("{min} or more"),
    }
}

/// The level as a number.
pub(crate) fn evidence(e: act::ask::Evidence) -> Evidence {
    Evidence(e as u8)
}

fn ask(tx: &mut Tx<'_>, context: &Context, reference: &str) -> Result<Ask> {
    let known = act::ask::read_reference(reference).unwrap_or_else(|| reference.to_owned());
    let found: Vec<Stored> = query::ask(tx, &known)?.into_iter().collect();
    let stored = query::seen_by(found, context.person(), context.today()).pop().ok_or_else(|| not_found(reference))?;
    let p = &stored.planned;
    let names = crate::pages::names(tx)?;
    let story = query::story_seen_by(tx, &p.ask, context.person())?;
    let steps = story.iter().map(|h| {
        let key = step_key(&h.kind);
        let say = if h.by.is_empty() { String::new() } else { format!("by {}", names.of(&h.by)) };
        let at = context.when(h.claimed.unwrap_or(h.known));
        Step { at, shape: Sign::new(key).shape(), what: capital(&h.words), say, evidence: h.evidence.map(evidence) }
    });
    Ok(Ask {
        shell: context.shell(tx, &p.ask, "act", Mark::read(&p.mark().to_string()))?,
        id: p.ask.clone(),
        state: Sign::new(sign_key(&stored)),
        due: stored.due_at.filter(|_| stored.state.clock_runs()).map(|at| context.when(at)),
        lede: lede(&stored, context, &names),
        held: (stored.state == AskState::Held).then(|| held(&stored, context)),
        story: steps.collect(),
        why: p
            .why
            .iter()
            .map(|w| Reason { shape: Sign::new("approved").shape(), what: capital(w), say: String::new() })
            .collect(),
        subjects: subjects(p),
    })
}

fn lede(ask: &Stored, context: &Context, names: &crate::pages::Names) -> Sentence {
    let p = &ask.planned;
    let verb = match p.kind {
        Kind::Warn => " is warned of ",
        Kind::Request => " is requested to help with ",
        Kind::Question => " is asked about ",
        Kind::Promise => " is promised help with ",
        Kind::Concur => " is asked to concur on ",
    };
    let mut s = Sentence::new().bold(&names.of(&p.addressee)).say(verb);
    for (i, id) in p.vulnerabilities.iter().take(3).enumerate() {
        s = s.say(if i > 0 { ", " } else { "" }).link(&format!("/loop/{}", encode(id)), id);
    }
    if p.vulnerabilities.len() > 3 {
        s = s.say(&format!(" and {} more", p.vulnerabilities.len() - 3));
    }
    let rest = match (ask.state, ask.sent_at) {
        (AskState::Silent, Some(at)) => format!("; it went {} and nothing came back.", context.when(at).age()),
        (_, Some(at)) => format!("; it went {} and {}.", context.when(at).age(), Sign::new(sign_key(ask)).word()),
        (_, None) => format!("; it has not gone out: {}.", Sign::new(sign_key(ask)).word()),
    };
    s.say(&rest)
}

fn held(ask: &Stored, context: &Context) -> Held {
    let person = context.person();
    let verdict = person.may(Verb::ApproveAsks);
    let same = ask.by == person.name;
    let because = if same {
        format!("{} planned it and cannot be its second person.", person.name)
    } else {
        format!("{}.", capital(&verdict.because))
    };
    Held {
        reason: format!(
            "{}: it waits because it goes to many, or by the rule of its country.",
            capital(&ask.planned.rule)
        ),
        action: format!("/act/{}", encode(&ask.planned.ask)),
        may_decide: verdict.allowed && !same,
        because,
    }
}

fn step_key(kind: &str) -> &'static str {
    match kind {
        "act.held" => "held",
        "act.approved" => "approved",
        "act.rejected" => "rejected",
        "act.sent" => "sent",
        "act.bounced" => "bounced",
        "act.answered" => "acknowledged",
        "act.silent" => "silent",
        "act.closed" => "mitigated",
        _ => "planned",
    }
}

fn subjects(p: &Planned) -> Vec<Subject> {
    let mut links = Sentence::new();
    for (i, id) in p.vulnerabilities.iter().enumerate() {
        links = links.say(if i > 0 { ", " } else { "" }).link(&format!("/loop/{}", encode(id)), id);
    }
    let one = |subject: &String| Subject {
        subject: subject.clone(),
        count: p.count.map(interval),
        vulnerabilities: links.clone(),
        matched: p.methods.join(", "),
    };
    p.subjects.iter().take(500).map(one).collect()
}
