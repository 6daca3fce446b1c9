//! The ledger: how long it is, which heads were signed, what happened last. Kinds and times alone: what an entry says stands on the page of what it is
//! about. Not for: proving; `ledger verify` and `review bundle` do that.
use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::get;
use ledger::{Result, Tx, checkpoint, leaves};
use partners::may::Verb;
use serde::Deserialize;

use super::Shell;
use super::signs::Mark;
use super::when::When;
use super::words::{Sentence, figure};
use crate::auth::Viewer;
use crate::respond::{Context, page};
use crate::state::AppState;

/// Entries of a page.
const PAGE: i64 = 100;
/// Signed heads of a page, the last ones.
const HEADS: usize = 20;

/// The page.
#[derive(Template)]
#[template(path = "log.html")]
pub struct Log {
    /// Around it.
    pub shell: Shell,
    /// What is so.
    pub lede: Sentence,
    /// Label and value.
    pub facts: Vec<(&'static str, String)>,
    /// Signed heads, the last first: size, root, when.
    pub heads: Vec<(String, String, When)>,
    /// Entries, the last first: number, what happened, when.
    pub entries: Vec<(i64, String, When)>,
    /// Where the earlier ones are.
    pub next: Option<String>,
}

/// The address of the ledger.
pub(crate) fn routes() -> Router<AppState> {
    Router::new().route("/ledger", get(show))
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Wanted {
    before: Option<i64>,
}

async fn show(State(state): State<AppState>, viewer: Viewer, Query(wanted): Query<Wanted>) -> Response {
    page(state, viewer, move |tx, context| view(tx, context, wanted.before)).await
}

fn view(tx: &mut Tx<'_>, context: &Context, before: Option<i64>) -> Result<Log> {
    context.person().must(Verb::Verify)?;
    let size = tx.size()?;
    let entries = leaves::headers(tx, before.unwrap_or(i64::MAX).min(size), PAGE)?;
    let mut heads = checkpoint::all(tx)?;
    heads.reverse();
    let signed = heads.first().map_or(0, |head| head.size);
    let since = heads.first().map(|head| format!(", {}", context.when(head.known).age())).unwrap_or_default();
    let lede = match heads.is_empty() {
        true => Sentence::new().say(&format!("{} entries, and no head was signed yet.", figure(size))),
        false => Sentence::new().say(&format!(
            "{} entries; the last head was signed over {}{since}.",
            figure(size),
            figure(signed)
        )),
    };
    let next = entries.last().filter(|last| last.index > 0).map(|last| format!("/ledger?before={}", last.index));
    let ledger = &context.state().ledger;
    Ok(Log {
        shell: context.shell(tx, "Ledger", "assure", Mark::Green)?,
        lede,
        facts: vec![
            ("Hub", ledger.hub().to_owned()),
            ("Key that signs its heads", ledger.verifier().encode()),
            ("Not yet under a signed head", figure(size - signed)),
        ],
        heads: heads
            .iter()
            .take(HEADS)
            .map(|head| (figure(head.size), checkpoint::base64(&head.root), context.when(head.known)))
            .collect(),
        entries: entries.into_iter().map(|e| (e.index, e.kind, context.when(e.known))).collect(),
        next,
    })
}
