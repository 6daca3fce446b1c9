//! Feeds that have stopped: a source that used to send and is silent, a peer that cannot be reached or is not asked any more. Each with
//! what was usual, since when, and what to do next.

use exchange::peer::Way;
use ledger::{Micros, Result, Tx};

use super::object::view::source_words;
use super::when::When;
use super::words::{Sentence, capital, count, query};
use crate::respond::Context;

/// A peer that was not tried for so long is not asked any more.
const UNTRIED: i64 = 2 * Micros::DAY;

/// One feed that has stopped.
pub struct Alarm {
    /// What is so.
    pub what: Sentence,
    /// What was usual, or what went wrong.
    pub because: String,
    /// What to do next.
    pub next: String,
    /// Since when.
    pub since: When,
}

/// All of them, the longest silent first. For the operator's own.
pub fn alarms(tx: &mut Tx<'_>, context: &Context) -> Result<Vec<Alarm>> {
    let mut out = Vec::new();
    for rhythm in
        exchange::arrivals::rhythms(tx, context.now)?.into_iter().filter(exchange::arrivals::Rhythm::has_stopped)
    {
        let words = source_words(tx, &rhythm.source)?;
        let usual = count(rhythm.usual_days.unwrap_or(0), "day", "days");
        let silent = count(rhythm.silent_days, "day", "days");
        out.push(Alarm {
            what: Sentence::new()
                .link(
                    &format!("/find?source={}&held=1", query(&rhythm.source)),
                    &capital(&said_of(&rhythm.source, &words)),
                )
                .say(&format!(" has brought nothing for {silent}.")),
            because: format!("Something usually comes every {usual}."),
            next: match rhythm.source.split_once(':') {
                Some(("peer", _)) => "See `mainstay peer list`, then `mainstay peer sync`.".to_owned(),
                Some(_) => "Ask the partner whether it still sends; its account may have expired.".to_owned(),
                None => format!(
                    "Fetch it again and run `mainstay import --source {}`; if nothing is new there, all is well.",
                    rhythm.source
                ),
            },
            since: context.when(rhythm.last),
        });
    }
    for peer in exchange::peer::all(tx)? {
        out.extend(of_peer(context, &peer));
    }
    out.sort_by_key(|alarm| alarm.since.at);
    Ok(out)
}

fn said_of(source: &str, words: &str) -> String {
    match source.contains(':') {
        true => format!("what is {words}"),
        false => format!("the source {source}"),
    }
}

fn of_peer(context: &Context, peer: &exchange::peer::Peer) -> Option<Alarm> {
    let state = &peer.state;
    let last = state.done.or(state.tried).unwrap_or(context.now);
    let untried = state.tried.is_some_and(|tried| context.now.0 - tried.0 > UNTRIED);
    let way = if peer.way == Way::Pull { "pull from" } else { "push to" };
    let link =
        |sentence: Sentence| sentence.link(&format!("/exchange/collection/{}", query(&peer.collection)), &peer.name);
    let (what, because, next) = match (state.failures, untried) {
        (0, false) => return None,
        (0, true) => (
            link(Sentence::new().say(&format!("The {way} "))).say(" is not asked any more."),
            "Nobody ran it since its last round.".to_owned(),
            format!("Run `mainstay peer sync {}`, and look why whatever used to run it no longer does.", peer.name),
        ),
        (n, _) => (
            link(Sentence::new().say(&format!("The {way} ")))
                .say(&format!(" has failed {}.", count(n, "time", "times"))),
            format!("{}.", capital(state.error.trim_end_matches('.'))),
            match state.retry > context.now {
                true => format!(
                    "It may be tried again {}; `mainstay peer list` says more.",
                    context.when(state.retry).age()
                ),
                false => format!("Mend it and run `mainstay peer sync {}`.", peer.name),
            },
        ),
    };
    Some(Alarm { what, because, next, since: context.when(last) })
}
