//! Makes the search: from what was pasted to the one right page, or to a list. What has a page of its own is ranked by key alone and
//! counted nowhere; everything else held is [`super::held`]'s, so that neither tells anything of what the viewer may not see.

use assure::record::{self, Catalogue};
use axum::Router;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use ledger::{Result, Tx};
use partners::may::Verb;

use super::{Filter, Found, Hit, Pasted, RecordHit, held, pasted};
use crate::auth::Viewer;
use crate::board::has_text;
use crate::pages::signs::Mark;
use crate::pages::words::query;
use crate::respond::{Context, page_with, refusal};
use crate::state::AppState;

/// Hits of one kind.
const HITS_MAX: usize = 25;

/// The address of the search.
pub(crate) fn routes() -> Router<AppState> {
    Router::new().route("/find", get(find))
}

async fn find(State(state): State<AppState>, viewer: Viewer, Query(filter): Query<Filter>) -> Response {
    let pasted = pasted(&filter.q);
    let text = match pasted {
        Pasted::Empty if !filter.any() => return Redirect::to("/").into_response(),
        Pasted::Cve(id) if !filter.any() => return Redirect::to(&format!("/loop/{}", query(&id))).into_response(),
        Pasted::Object(id) if !filter.any() => return Redirect::to(&crate::pages::object::href(&id)).into_response(),
        Pasted::Empty => String::new(),
        Pasted::Cve(text) | Pasted::Object(text) | Pasted::Purl(text) | Pasted::Ask(text) | Pasted::Text(text) => text,
    };
    if let Some(reference) = act::ask::read_reference(&text).filter(|_| !filter.any()) {
        return Redirect::to(&format!("/act/{reference}")).into_response();
    }
    if let Err(error) = crate::pages::object::view::current(&state).await {
        return refusal(state, viewer, error).await;
    }
    page_with(state, viewer, filter.q.clone(), move |tx, context| view(tx, context, &filter, &text)).await
}

fn view(tx: &mut Tx<'_>, context: &Context, filter: &Filter, text: &str) -> Result<Found> {
    // what has a page of its own comes first, and only where nothing narrower is asked
    let hits = if filter.any() || filter.skip > 0 { Vec::new() } else { hits(tx, context, text)? };
    let (records, marks, more) = records(tx, context, filter, text)?;
    let found = held::find(tx, context, filter)?;
    let place = if hits.is_empty() { "#h-records" } else { "#h-known" };
    let lede = held::lede(&found, filter, text, (hits.len() + records.len(), place));
    let held = held::of(tx, context, filter, found)?;
    let mark = held.rows.iter().map(|row| row.mark).chain(marks).max().unwrap_or(Mark::Clear);
    let mark = if hits.is_empty() { mark } else { mark.max(Mark::Amber) };
    Ok(Found { shell: context.shell(tx, "Search", "", mark)?, lede, hits, records, more, held })
}

/// The records that have these words, with their marks, and what to do where there are more.
fn records(
    tx: &mut Tx<'_>,
    context: &Context,
    filter: &Filter,
    text: &str,
) -> Result<(Vec<RecordHit>, Vec<Mark>, &'static str)> {
    if filter.narrows() || filter.skip > 0 || !context.person().sees_all() {
        return Ok((Vec::new(), Vec::new(), ""));
    }
    let catalogue = Catalogue::of(tx)?;
    let found = record::find::find(tx, &catalogue, context.person(), text, HITS_MAX)?;
    let marks = found.lines.iter().map(|line| Mark::read(&line.version.marking)).collect();
    let hit = |line: record::list::Line| RecordHit {
        href: crate::pages::record::view::address(&line.version.record, &line.version.id),
        kind: catalogue.get(&line.version.record).map(|kind| kind.title.clone()).unwrap_or_default(),
        since: context.when(line.since),
        name: line.version.name,
        state: line.version.state,
    };
    let more =
        if found.more { "The last recorded are shown: add a word, or look in the list of their kind." } else { "" };
    Ok((found.lines.into_iter().map(hit).collect(), marks, more))
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
               WHERE a.until IS NULL AND (lower(a.id) LIKE $1 ESCAPE '\\' OR lower(a.title) LIKE $1 ESCAPE '\\') GROUP BY a.id, a.title, a.adv ORDER BY a.id, a.adv LIMIT 25";
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
