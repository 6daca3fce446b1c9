//! Makes the search: from what was pasted to the one right page, or to a list. Counts nothing and ranks by key alone, so that
//! it tells nothing of what the viewer may not see.

use axum::Router;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use ledger::{Result, Tx};
use partners::may::Verb;
use serde::Deserialize;

use super::{Found, Hit, Pasted, pasted};
use crate::auth::Viewer;
use crate::board::has_text;
use crate::pages::signs::Mark;
use crate::pages::words::{Sentence, capital, count, query};
use crate::respond::{Context, page_with};
use crate::state::AppState;

/// Hits of one kind.
const HITS_MAX: usize = 25;

/// The address of the search.
pub(crate) fn routes() -> Router<AppState> {
    Router::new().route("/find", get(find))
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Wanted {
    q: String,
}

async fn find(State(state): State<AppState>, viewer: Viewer, Query(wanted): Query<Wanted>) -> Response {
    let text = match pasted(&wanted.q) {
        Pasted::Empty => return Redirect::to("/").into_response(),
        Pasted::Cve(id) => return Redirect::to(&format!("/loop/{}", query(&id))).into_response(),
        Pasted::Purl(text) | Pasted::Ask(text) | Pasted::Text(text) => text,
    };
    if let Some(reference) = act::ask::read_reference(&text) {
        return Redirect::to(&format!("/act/{reference}")).into_response();
    }
    page_with(state, viewer, wanted.q, move |tx, context| view(tx, context, &text)).await
}

fn view(tx: &mut Tx<'_>, context: &Context, text: &str) -> Result<Found> {
    let hits = hits(tx, context, text)?;
    let n = i64::try_from(hits.len()).unwrap_or(i64::MAX);
    let lede = match n {
        0 => Sentence::new().say(&format!("Nothing is known as \u{201c}{text}\u{201d}.")),
        _ => Sentence::new()
            .bold(&capital(&count(n, "thing", "things")))
            .say(&format!(" {} with \u{201c}{text}\u{201d}.", if n == 1 { "goes" } else { "go" })),
    };
    Ok(Found { shell: context.shell(tx, "Search", "", Mark::Amber)?, lede, hits })
}

fn hits(tx: &mut Tx<'_>, context: &Context, text: &str) -> Result<Vec<Hit>> {
    let mut out = Vec::new();
    let board = context.board(tx)?;
    let seen: Vec<_> = board.rows.iter().filter(|r| has_text(r, text)).collect();
    let mut ids: Vec<&str> = seen
        .iter()
        .filter(|r| r.vulnerability.to_lowercase().contains(&text.to_lowercase()))
        .map(|r| r.vulnerability.as_str())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    out.extend(ids.into_iter().take(HITS_MAX).map(|id| hit(id, &format!("/loop/{}", query(id)), "vulnerability", id)));
    let mut subjects: Vec<&str> =
        seen.iter().filter(|r| !r.vulnerability.eq_ignore_ascii_case(text)).map(|r| r.subject.as_str()).collect();
    subjects.sort_unstable();
    subjects.dedup();
    out.extend(
        subjects
            .into_iter()
            .take(HITS_MAX)
            .map(|key| hit(key, &format!("/expose?q={}", query(key)), "exposed subject", key)),
    );
    if context.person().may(Verb::WhatIf).allowed {
        let graph = board.graph.graph();
        for node in board.graph.search(text, HITS_MAX) {
            let key = graph.key(node);
            out.push(hit(
                graph.name(node),
                &crate::pages::what_if::view::href(key),
                graph.text(graph.node(node).kind),
                key,
            ));
        }
    }
    if context.person().sees_all() {
        out.extend(documents(tx, text)?);
        let low = text.to_lowercase();
        let orgs = partners::org::all(tx)?
            .into_iter()
            .filter(|o| o.key.to_lowercase().contains(&low) || o.name.to_lowercase().contains(&low));
        out.extend(
            orgs.take(HITS_MAX).map(|o| hit(&o.name, &format!("/expose?q={}", query(&o.key)), "organisation", &o.key)),
        );
        let held = purl(tx, text)?;
        out.extend(held);
    }
    Ok(out)
}

fn hit(name: &str, href: &str, kind: &str, key: &str) -> Hit {
    Hit { name: name.to_owned(), href: href.to_owned(), kind: kind.to_owned(), key: key.to_owned() }
}

/// Advisories by their id or a part of their title, each with the loop of its first vulnerability.
fn documents(tx: &mut Tx<'_>, text: &str) -> Result<Vec<Hit>> {
    let like = format!("%{}%", text.to_lowercase().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"));
    let sql = "SELECT a.id, a.title, min(v.vuln) FROM @advisory a LEFT JOIN @advisory_vuln v ON v.adv = a.adv \
               WHERE lower(a.id) LIKE $1 ESCAPE '\\' OR lower(a.title) LIKE $1 ESCAPE '\\' GROUP BY a.id, a.title, a.adv ORDER BY a.id, a.adv LIMIT 25";
    tx.all(sql, &[(&like).into()], |r| {
        let (id, title) = (r.text(0).to_owned(), r.text(1).to_owned());
        let vulnerability = r.opt_text(2).unwrap_or(&id).to_owned();
        Hit {
            name: if title.is_empty() { id.clone() } else { title },
            href: format!("/loop/{}", query(&vulnerability)),
            kind: "advisory".to_owned(),
            key: id,
        }
    })
}

/// Assets that name a package.
fn purl(tx: &mut Tx<'_>, text: &str) -> Result<Vec<Hit>> {
    if !text.starts_with("pkg:") {
        return Ok(Vec::new());
    }
    let sql = "SELECT asset, purl FROM @asset WHERE purl = $1 ORDER BY source, asset LIMIT 25";
    tx.all(sql, &[text.into()], |r| {
        hit(r.text(0), &format!("/expose?q={}", query(r.text(0))), "asset with this package", r.text(1))
    })
}
