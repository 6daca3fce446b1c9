//! Makes the page of a collection. One that the viewer may neither read nor write is answered as one that is not.

use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;
use exchange::collection::Collection;
use exchange::rights::{self, Sight};
use exchange::search::{EXAMINED_MAX, Found, Wanted};
use ledger::{Result, Tx};

use super::{Page, Peer};
use crate::auth::Viewer;
use crate::chart::share::strip;
use crate::pages::object::reading::kind_words;
use crate::pages::object::view::current;
use crate::pages::signs::Mark;
use crate::pages::words::{Sentence, capital, count, figure, list, query};
use crate::respond::{Context, not_found, page, refusal};
use crate::state::AppState;

/// The address of a collection.
pub(crate) fn routes() -> Router<AppState> {
    Router::new().route("/exchange/collection/{id}", get(show))
}

async fn show(State(state): State<AppState>, viewer: Viewer, Path(id): Path<String>) -> Response {
    if let Err(error) = current(&state).await {
        return refusal(state, viewer, error).await;
    }
    page(state, viewer, move |tx, context| view(tx, context, &id)).await
}

fn view(tx: &mut Tx<'_>, context: &Context, id: &str) -> Result<Page> {
    let person = context.person();
    let Some(collection) = exchange::collection::find(tx, id)? else { return Err(not_found(id)) };
    let sight = match rights::sight(tx, person, &collection, context.today())? {
        Sight::View(view) => Some(view),
        Sight::Nothing | Sight::Stale => None,
    };
    let may_write = rights::may_write(person, &collection);
    if sight.is_none() && !may_write {
        return Err(not_found(id));
    }
    let held = match sight {
        Some(view) => exchange::page::count(tx, view)?,
        None => 0,
    };
    let wanted = Wanted { collection: Some(collection.id.clone()), ..Wanted::default() };
    let found = match sight {
        Some(_) => exchange::search::find(tx, person, context.today(), &wanted)?,
        None => Found::default(),
    };
    let marks = found.marks.iter().map(|(tlp, _)| Mark::read(&tlp.to_string())).max();
    let own = Mark::read(&collection.tlp.to_string());
    Ok(Page {
        shell: context.shell(tx, &collection.title, "exchange", marks.unwrap_or(Mark::Clear))?,
        lede: lede(&collection, &found, held, sight.is_some()),
        mark: own,
        facts: facts(tx, context, &collection, sight.is_some(), may_write)?,
        kinds: kinds(&collection.id, &found),
        weeks: weeks(&collection.id, &found),
        counted: counted(&found),
        peers: if person.sees_all() { peers(tx, context, &collection.id)? } else { Vec::new() },
        upload: may_write.then(|| format!("/exchange/upload?collection={}", query(&collection.id))),
        all: format!("/find?collection={}&held=1", query(&collection.id)),
        title: collection.title,
        id: collection.id,
    })
}

fn lede(collection: &Collection, found: &Found, held: i64, reads: bool) -> Sentence {
    let out = Sentence::new().bold(&collection.title);
    if !reads {
        return out.say(" takes what you give to it; reading it is for others.");
    }
    if held == 0 && found.total == 0 {
        return out.say(" holds nothing for you yet.");
    }
    let versions = count(held, "version", "versions");
    let kinds = count(i64::try_from(found.kinds.len()).unwrap_or(0), "type", "types");
    out.say(" holds ")
        .link(&format!("/find?collection={}&held=1", query(&collection.id)), &versions)
        .say(&format!(" of objects, of {kinds}."))
}

fn facts(
    tx: &mut Tx<'_>,
    context: &Context,
    c: &Collection,
    reads: bool,
    writes: bool,
) -> Result<Vec<(&'static str, Sentence)>> {
    let person = context.person();
    let names = crate::pages::names(tx)?;
    let orgs = |keys: &[String]| match keys {
        [] => Sentence::new().say("the operator alone"),
        keys => Sentence::new()
            .say(&list(&keys.iter().map(|key| names.of(key)).collect::<Vec<_>>()))
            .say(", and the operator"),
    };
    let mut out = Vec::new();
    match person.sees_all() {
        true => {
            out.push(("may read", orgs(&c.read)));
            out.push(("may write", orgs(&c.write)));
            let mut handled = Vec::new();
            if c.handling.redact {
                handled.push("of what has marked properties, a copy without them goes out".to_owned());
            }
            if c.handling.anonymise {
                handled.push("what a partner gives goes out without its name, unless it agreed to be named".to_owned());
            }
            if !handled.is_empty() {
                out.push(("goes out", Sentence::new().say(&list(&handled))));
            }
        }
        false => {
            let may = match (reads, writes) {
                (true, true) => "read and write it",
                (true, false) => "read it",
                _ => "write to it",
            };
            out.push(("you may", Sentence::new().say(may)));
        }
    }
    let root = format!("/taxii2/{}/collections/{}/", c.root, c.id);
    out.push(("over TAXII", Sentence::new().say(&root)));
    Ok(out)
}

fn counted(found: &Found) -> String {
    match found.more {
        true => format!(
            "Counted are the newest {}, each in its last version.",
            figure(i64::try_from(EXAMINED_MAX).unwrap_or(0))
        ),
        false => "Each thing counts once, in its last version.".to_owned(),
    }
}

fn kinds(id: &str, found: &Found) -> Vec<(String, String, String)> {
    let one = |(kind, n): &(String, usize)| {
        (
            format!("/find?collection={}&kind={}&held=1", query(id), query(kind)),
            kind_words(kind),
            figure(i64::try_from(*n).unwrap_or(0)),
        )
    };
    found.kinds.iter().map(one).collect()
}

/// The newest sixteen weeks in which something came.
fn weeks(id: &str, found: &Found) -> Vec<(String, String, String, crate::chart::Svg)> {
    let most = found.weeks.iter().map(|(_, n)| *n).max().unwrap_or(1);
    let one = |(monday, n): &(String, usize)| {
        let first = monday.parse::<jiff::civil::Date>().ok();
        let last = first
            .and_then(|day| day.checked_add(jiff::Span::new().days(6)).ok())
            .map(|day| day.to_string())
            .unwrap_or_default();
        let href = format!("/find?collection={}&from={monday}&to={last}&held=1", query(id));
        let words = first.map_or_else(|| monday.clone(), |day| day.strftime("%-d %b %Y").to_string());
        let n = i64::try_from(*n).unwrap_or(0);
        (href, words, figure(n), strip(&[(n, "held", "added")], i64::try_from(most).unwrap_or(1), false))
    };
    found.weeks.iter().take(16).map(one).collect()
}

fn peers(tx: &mut Tx<'_>, context: &Context, id: &str) -> Result<Vec<Peer>> {
    let all = exchange::peer::all(tx)?.into_iter().filter(|peer| peer.collection == id);
    let one = |peer: exchange::peer::Peer| Peer {
        way: match peer.way {
            exchange::peer::Way::Pull => "feeds it",
            exchange::peer::Way::Push => "is fed from it",
        },
        passed: figure(peer.state.passed),
        refused: figure(peer.state.refused),
        done: peer.state.done.map(|at| context.when(at)),
        error: capital(&peer.state.error),
        name: peer.name,
    };
    Ok(all.map(one).collect())
}
