//! Makes the balances out of what `exchange::arrivals` weighs.

use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use exchange::arrivals::{Balance, WEIGHED_MAX, balance, partners as parties};
use ledger::{Result, Tx};

use super::{Balances, One};
use crate::auth::Viewer;
use crate::chart::pair::pair;
use crate::pages::object::view::current;
use crate::pages::signs::Mark;
use crate::pages::words::{Sentence, capital, count, figure, number, query};
use crate::respond::{Context, not_found, page, refusal};
use crate::state::AppState;

/// Weeks that are weighed.
const WEEKS: i64 = 12;
/// Entries of a side that are weighed for each row of the list.
const LIST_MAX: i64 = 2_000;
/// Partners of the list.
const ROWS_MAX: usize = 60;

/// The addresses.
pub(crate) fn routes() -> Router<AppState> {
    Router::new().route("/exchange/balance", get(all)).route("/exchange/balance/{org}", get(one))
}

async fn all(State(state): State<AppState>, viewer: Viewer) -> Response {
    if !viewer.person.sees_all() {
        return Redirect::to(&format!("/exchange/balance/{}", query(&viewer.person.org))).into_response();
    }
    page(state, viewer, list).await
}

async fn one(State(state): State<AppState>, viewer: Viewer, Path(org): Path<String>) -> Response {
    if let Err(error) = current(&state).await {
        return refusal(state, viewer, error).await;
    }
    page(state, viewer, move |tx, context| of(tx, context, &org)).await
}

fn n(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

fn list(tx: &mut Tx<'_>, context: &Context) -> Result<Balances> {
    let names = crate::pages::names(tx)?;
    let home = context.state().home().to_owned();
    let mut rows = Vec::new();
    let (mut giving, mut all) = (0, 0);
    for org in parties(tx, &home)?.into_iter().take(ROWS_MAX) {
        let b = balance(tx, &org, context.now, WEEKS, LIST_MAX, false)?;
        giving += i64::from(b.gave > 0);
        all += 1;
        let least = if b.capped { "at least " } else { "" };
        let href = format!("/exchange/balance/{}", query(&org));
        let said = |n: usize| format!("{least}{}", figure(i64::try_from(n).unwrap_or(0)));
        rows.push((href, names.of(&org), picture(&b, &names.of(&org)), said(b.gave), said(b.got)));
    }
    let lede = match all {
        0 => Sentence::new().say("Nobody else has an account here yet, so nothing is exchanged."),
        _ => Sentence::new().say("Of ").link("#h-partners", &count(all, "partner", "partners")).say(&format!(
            " {} gave something in the last {} weeks.",
            if giving == 0 { "none".to_owned() } else { number(giving) },
            number(WEEKS)
        )),
    };
    Ok(Balances { shell: context.shell(tx, "Exchange balance", "exchange", Mark::Amber)?, lede, rows, weeks: WEEKS })
}

fn of(tx: &mut Tx<'_>, context: &Context, org: &str) -> Result<One> {
    let person = context.person();
    let own = !person.sees_all();
    if own && org != person.org || org == context.state().home() {
        return Err(not_found(org));
    }
    let Some(card) = partners::org::find(tx, org)? else { return Err(not_found(org)) };
    let b = balance(tx, org, context.now, WEEKS, WEIGHED_MAX, own)?;
    let whom = if own { "You".to_owned() } else { card.name.clone() };
    let weeks = b.weeks.iter().map(|w| (monday(&w.monday), figure(n(w.gave)), figure(n(w.got))));
    let topics = b.topics.iter().map(|t| (t.topic.words(), figure(n(t.gave)), figure(n(t.got)), figure(n(t.both))));
    let mut counted = "A subject counts once, under whatever ids and in however many versions it came: a vulnerability, an address, a tool. \
                       Relationships, identities and definitions are no subjects. Got is what could be read here, whether or not it was fetched."
        .to_owned();
    if own {
        counted.push_str(" Given is counted as far as you can read it back.");
    }
    if b.capped {
        counted.push_str(&format!(" Of each side the newest {} entries are weighed.", figure(WEIGHED_MAX)));
    }
    Ok(One {
        shell: context.shell(tx, &format!("Balance with {}", card.name), "exchange", Mark::Amber)?,
        lede: lede(&b, &whom),
        picture: picture(&b, &card.name),
        topics: topics.collect(),
        weeks: weeks.rev().collect(),
        counted,
    })
}

fn lede(b: &Balance, whom: &str) -> Sentence {
    let gave = count(n(b.gave), "subject", "subjects");
    let got = count(n(b.got), "subject", "subjects");
    let least = if b.capped { "at least " } else { "" };
    Sentence::new()
        .bold(whom)
        .say(" gave ")
        .link("#h-topics", &format!("{least}{gave}"))
        .say(" and could read ")
        .link("#h-topics", &format!("{least}{got}"))
        .say(&format!(" in the last {} weeks.", number(WEEKS)))
}

fn monday(day: &str) -> String {
    day.parse::<jiff::civil::Date>().map_or_else(|_| day.to_owned(), |day| day.strftime("%-d %b %Y").to_string())
}

fn picture(b: &Balance, name: &str) -> crate::chart::Svg {
    let weeks: Vec<(String, i64, i64)> = b.weeks.iter().map(|w| (monday(&w.monday), n(w.gave), n(w.got))).collect();
    let said =
        format!("{}: gave {}, could read {}, over {} weeks", capital(name), figure(n(b.gave)), figure(n(b.got)), WEEKS);
    pair(&weeks, &said)
}
