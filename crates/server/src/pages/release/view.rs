//! Makes the page of a release decision, which it asks of `exchange::explain` and changes nothing about.

use axum::Router;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::get;
use exchange::explain::{Asked, Explained, InCollection, explain};
use ledger::{Error, Result, Tx};
use serde::Deserialize;

use super::{Page, Place};
use crate::auth::Viewer;
use crate::pages::object::href;
use crate::pages::signs::{Mark, State as Sign};
use crate::pages::words::{Sentence, query};
use crate::pages::{Choice, Names};
use crate::respond::{Context, page};
use crate::state::AppState;

/// The address.
pub(crate) fn routes() -> Router<AppState> {
    Router::new().route("/exchange/release", get(show))
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Wanted {
    object: String,
    #[serde(rename = "for")]
    org: String,
}

async fn show(State(state): State<AppState>, viewer: Viewer, Query(wanted): Query<Wanted>) -> Response {
    page(state, viewer, move |tx, context| view(tx, context, wanted.object.trim(), wanted.org.trim())).await
}

fn view(tx: &mut Tx<'_>, context: &Context, object: &str, org: &str) -> Result<Page> {
    if !context.person().sees_all() {
        let next = "ask the operator why something did not reach you";
        return Err(Error::refused("role", "only the operator's own may ask who gets what, and why", next));
    }
    let home = context.state().home().to_owned();
    let cards = partners::org::all(tx)?;
    let pairs: Vec<(&str, &str)> =
        cards.iter().filter(|c| c.key != home).map(|c| (c.key.as_str(), c.name.as_str())).collect();
    let orgs = Choice::list(&pairs, org);
    let name = cards.iter().find(|c| c.key == org).map_or_else(|| org.to_owned(), |c| c.name.clone());
    let explained = match object.is_empty() || org.is_empty() {
        true => Vec::new(),
        false => {
            let asked = Asked::find(tx, org, &home)?;
            explain(tx, object, &asked, context.today())?
        }
    };
    let names = &crate::pages::names(tx)?;
    let places: Vec<Place> =
        explained.iter().flat_map(|one| one.collections.iter().map(move |c| place(one, c, names))).collect();
    let mark = places.iter().map(|p| p.mark).max().unwrap_or(Mark::Clear);
    Ok(Page {
        shell: context.shell(tx, "Who gets it", "exchange", mark)?,
        lede: lede(&explained, object, &name),
        object: object.to_owned(),
        orgs,
        places,
    })
}

fn lede(explained: &[Explained], object: &str, org: &str) -> Sentence {
    let link = |s: Sentence| s.link(&href(object.split('@').next().unwrap_or_default()), "It");
    let Some(last) = explained.last() else {
        return Sentence::new().say("Name an object and an organisation, and each rule says whether it goes, and why.");
    };
    let said = if last.released { " goes to " } else { " does not go to " };
    let stopping: std::collections::BTreeSet<&str> =
        last.collections.iter().flat_map(|c| c.rules.iter().filter(|r| !r.passes).map(|r| r.rule)).collect();
    let out = link(Sentence::new()).say(said).bold(org);
    match (last.released, stopping.len()) {
        (true, _) => out.say(", and every rule lets it pass."),
        (false, 0) => out.say(": it stands in no collection that the organisation reads."),
        (false, 1) => out.say(": one rule stops it."),
        (false, n) => {
            out.say(&format!(": {} rules stop it.", crate::pages::words::number(i64::try_from(n).unwrap_or(0))))
        }
    }
}

fn sign(passes: bool, yes: &str, no: &str) -> Sign {
    match passes {
        true => Sign::new("up").saying(yes),
        false => Sign::new("failed").saying(no),
    }
}

fn place(one: &Explained, c: &InCollection, names: &Names) -> Place {
    let rule = |r: &exchange::explain::Said| {
        let on = if r.property.is_empty() { "the whole".to_owned() } else { r.property.clone() };
        (on, r.rule, sign(r.passes, "lets it pass", "stops it"), names.within(&r.reason))
    };
    Place {
        href: match &one.version {
            Some(version) => format!("{}?version={}", href(&one.id), query(version)),
            None => href(&one.id),
        },
        version: one.version.clone().unwrap_or_else(|| "without a version".to_owned()),
        collection: c.title.clone(),
        mark: Mark::read(&c.tlp.to_string()),
        label: c.label.clone(),
        goes: sign(c.released, "goes", "does not go"),
        copy: c.copy.clone(),
        rules: c.rules.iter().map(rule).collect(),
    }
}
