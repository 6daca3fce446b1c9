//! Makes the page from the file that `assure` puts together.

use assure::file::{self, File as Whole};
use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;
use ledger::{Micros, Result, Tx};
use partners::may::Verb;

use super::File;
use crate::auth::Viewer;
use crate::pages::record::view::address;
use crate::pages::signs::{Evidence, Mark};
use crate::pages::words::{Sentence, capital, count, number, query};
use crate::respond::{Context, not_found, page};
use crate::state::AppState;

/// The address.
pub(crate) fn routes() -> Router<AppState> {
    Router::new().route("/partners/{org}", get(show))
}

async fn show(State(state): State<AppState>, viewer: Viewer, Path(org): Path<String>) -> Response {
    page(state, viewer, move |tx, context| view(tx, context, &org)).await
}

fn view(tx: &mut Tx<'_>, context: &Context, org: &str) -> Result<File> {
    context.person().must(Verb::Measure)?;
    let home = context.state().home().to_owned();
    let Some(f) = file::file(tx, org, &home, context.person().role, context.now)? else { return Err(not_found(org)) };
    let catalogue = assure::record::Catalogue::of(tx)?;
    let title = |kind: &str| catalogue.get(kind).map_or_else(|| kind.to_owned(), |d| d.title.to_lowercase());
    let known = |text: &Option<String>| text.clone().unwrap_or_default();
    let records = f.records.iter().map(|line| {
        let v = &line.version;
        let level = Evidence::read(&line.evidence).unwrap_or(Evidence(0));
        let href = address(&v.record, &v.id);
        (href, v.name.clone(), title(&v.record), v.state.clone(), level)
    });
    let open = f.open.iter().map(|o| {
        let clock = match o.due {
            Some(due) if o.overdue => format!("ran out {}", context.when(due).age()),
            Some(due) => context.when(due).age(),
            None => String::new(),
        };
        (format!("/act/{}", query(&o.ask)), o.ask.clone(), o.state.clone(), o.about.clone(), clock)
    });
    let channels =
        f.channels.iter().map(|c| (c.email.clone(), known(&c.role), known(&c.verified), c.standing, c.source.clone()));
    let agreements = f.agreements.iter().map(|a| {
        let days = format!("{} to {}", a.from, a.to.as_deref().unwrap_or("open"));
        (a.name.clone(), days, format!("TLP:{}", a.clearance), if a.in_force { "in force" } else { "not in force" })
    });
    let trusts = f.trusts.iter().map(|t| (format!("{} to {}", t.from, t.to), t.by.clone(), t.reason.clone()));
    Ok(File {
        shell: context.shell(tx, &f.name, "assure", Mark::Amber)?,
        what: [known(&f.kind), known(&f.country)].join(" ").trim().to_owned(),
        lede: lede(&f, context),
        then: then(&f),
        facts: facts(&f),
        open: open.collect(),
        channels: channels.collect(),
        agreements: agreements.collect(),
        trusts: trusts.collect(),
        proposed: f.proposed.as_ref().map(|p| {
            let step = if p.step == assure::vetting::Step::Renew { "Renew its trust" } else { "Let its trust lapse" };
            format!("{step}, which ends on {}: {}.", p.until, p.because.join("; "))
        }),
        records: records.collect(),
        balance: format!("/exchange/balance/{}", query(&f.org)),
        name: f.name,
    })
}

fn lede(f: &Whole, context: &Context) -> Sentence {
    let trusted = match &f.trust {
        Some(trust) => {
            let to = Micros::date(&trust.to).map_or_else(|| trust.to.clone(), |to| context.when(to).day());
            format!(" is trusted until {}", to.replace(' ', "\u{a0}"))
        }
        None => " is trusted by nobody's word today".to_owned(),
    };
    let heard = |at: Option<Micros>| at.map_or_else(|| "never".to_owned(), |at| context.when(at).age());
    let open = i64::try_from(f.open.len()).unwrap_or(i64::MAX);
    Sentence::new()
        .bold(&f.name)
        .say(&format!("{trusted}; it was last heard of {}; ", heard(f.last_in)))
        .link("#h-open", &number(open))
        .say(if open == 1 { " ask is open." } else { " asks are open." })
}

fn then(f: &Whole) -> Sentence {
    let p = &f.performance;
    let n = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    if p.sent == 0 {
        return Sentence::new().say("We have asked it nothing yet.");
    }
    let speed = match p.hours_to_send {
        Some(0) => " within the hour in which they were planned".to_owned(),
        Some(hours) => format!(" {} after they were planned, in the middle", count(hours, "hour", "hours")),
        None => String::new(),
    };
    let silent = if p.silent == 0 { "none".to_owned() } else { number(n(p.silent)) };
    Sentence::new().say(&format!(
        "{} went to it{speed}; {} answered, {silent} met silence.",
        capital(&count(n(p.sent), "ask", "asks")),
        number(n(p.answered)),
    ))
}

fn facts(f: &Whole) -> Vec<(&'static str, String)> {
    let mut facts = vec![("Key", f.org.clone())];
    let mut add = |label, text: String| {
        if !text.is_empty() {
            facts.push((label, text));
        }
    };
    add("Counted as", f.stands_for.clone().unwrap_or_default());
    add("Reads", f.languages.join(", "));
    add("Accounts", f.people.iter().map(|(name, role)| format!("{name} ({role})")).collect::<Vec<_>>().join(", "));
    let keys = f.keys.iter().map(|(key, state, since)| format!("{key} {state} since {}", since.day()));
    add("Signing keys", keys.collect::<Vec<_>>().join(", "));
    if f.constituency > 0 {
        add("Constituency", count(f.constituency, "operator known here", "operators known here"));
    }
    add("Last told", f.last_out.map(Micros::day).unwrap_or_default());
    facts
}
