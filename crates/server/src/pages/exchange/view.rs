//! Makes the page of Exchange: collections the viewer may read, documents by source, what waits for a person.

use std::collections::BTreeMap;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use ledger::{Micros, Result, Tx};
use partners::may::Verb;

use super::{Collection, Exchange, Source, Waiting};
use crate::auth::Viewer;
use crate::pages::alarm::alarms;
use crate::pages::signs::Mark;
use crate::pages::words::{Sentence, capital, count, figure};
use crate::respond::{Context, page};
use crate::state::AppState;

/// Rows of the review list on this page.
const WAITING_MAX: i64 = 200;

/// The address of Exchange.
pub(crate) fn routes() -> Router<AppState> {
    Router::new().route("/exchange", get(show))
}

async fn show(State(state): State<AppState>, viewer: Viewer) -> Response {
    page(state, viewer, view).await
}

fn view(tx: &mut Tx<'_>, context: &Context) -> Result<Exchange> {
    let collections = collections(tx, context)?;
    let (sources, documents) = if context.person().sees_all() { sources(tx, context)? } else { (Vec::new(), 0) };
    let may_review = context.person().may(Verb::Review).allowed || context.person().sees_all();
    let review = if may_review { waiting(tx, context)? } else { Vec::new() };
    let held = if may_review { ::exchange::review::count(tx)? } else { 0 };
    let alarms = if context.person().sees_all() { alarms(tx, context)? } else { Vec::new() };
    let may_give = ::exchange::collection::all(tx)?.iter().any(|c| ::exchange::rights::may_write(context.person(), c));
    let mark = collections.iter().map(|c| c.mark).max().unwrap_or(Mark::Clear);
    let readable = i64::try_from(collections.len()).unwrap_or(i64::MAX);
    let mut lede = Sentence::new()
        .link("#h-collections", &capital(&count(readable, "collection", "collections")))
        .say(" can be read here");
    if documents > 0 {
        lede = lede.say("; ").link("#h-documents", &format!("{} documents", figure(documents))).say(" are held");
    }
    lede = match held {
        _ if !may_review => lede.say("."),
        0 => lede.say("; nothing waits for a person."),
        n => lede.say("; ").link("#review", &count(n, "thing", "things")).say(if n == 1 {
            " waits for a person."
        } else {
            " wait for a person."
        }),
    };
    if let n @ 1.. = i64::try_from(alarms.len()).unwrap_or(i64::MAX) {
        lede = Sentence::new()
            .link("#h-alarms", &capital(&count(n, "feed has stopped", "feeds have stopped")))
            .say(". ")
            .append(&lede);
    }
    Ok(Exchange {
        shell: context.shell(tx, "Exchange", "exchange", mark)?,
        lede,
        alarms,
        may_give,
        may_explain: context.person().sees_all(),
        collections,
        sources,
        review,
    })
}

/// Only what the viewer's organisation may read, counted as the viewer sees it.
fn collections(tx: &mut Tx<'_>, context: &Context) -> Result<Vec<Collection>> {
    let mut out = Vec::new();
    for c in ::exchange::collection::all(tx)? {
        let person = context.person();
        if !person.sees_all() && !c.read.contains(&person.org) {
            continue;
        }
        // A partner's count is that of its own view; the operator's that of the collection.
        let sql = match person.sees_all() {
            true => "SELECT count(*), max(known) FROM @listing WHERE collection = $1 AND $2 = $2",
            false => {
                "SELECT count(*), max(l.known) FROM @view_entry e JOIN @recipient r ON r.view = e.view \
                 JOIN @listing l ON l.object = e.object AND l.collection = r.collection WHERE r.collection = $1 AND r.person = $2"
            }
        };
        let row = tx.one(sql, &[(&c.id).into(), (&person.name).into()], |r| (r.int(0), r.opt_int(1)))?;
        let (objects, last) = row.unwrap_or((0, None));
        let readers = match (person.sees_all(), c.read.len()) {
            (false, _) => String::new(),
            (true, 0) => "the operator alone".to_owned(),
            (true, _) => c.read.join(", "),
        };
        out.push(Collection {
            title: c.title,
            id: c.id,
            count: figure(objects),
            mark: Mark::read(&c.tlp.to_string()),
            readers,
            last: last.map(|at| context.when(Micros(at))),
        });
    }
    Ok(out)
}

fn sources(tx: &mut Tx<'_>, context: &Context) -> Result<(Vec<Source>, i64)> {
    let mut total = 0;
    let sql = "SELECT source, form, count(*), max(known) FROM @document GROUP BY source, form ORDER BY source, form";
    let rows = tx.all(sql, &[], |r| (r.text(0).to_owned(), r.text(1).to_owned(), r.int(2), r.micros(3)))?;
    let rhythms: BTreeMap<String, Option<i64>> =
        ::exchange::arrivals::rhythms(tx, context.now)?.into_iter().map(|r| (r.source, r.usual_days)).collect();
    let out = rows.into_iter().map(|(name, form, n, last)| {
        total += n;
        let usual = rhythms.get(&name).copied().flatten().map(|days| format!("every {}", count(days, "day", "days")));
        Source {
            name,
            usual: usual.unwrap_or_default(),
            kind: form_words(&form),
            count: figure(n),
            last: context.when(last),
        }
    });
    Ok((out.collect(), total))
}

/// The form in words.
pub(crate) fn form_words(form: &str) -> String {
    let known: BTreeMap<&str, &str> = BTreeMap::from([
        ("csaf", "advisories (CSAF)"),
        ("cve", "CVE records"),
        ("kev", "exploited vulnerabilities (KEV)"),
        ("eukev", "exploited vulnerabilities (EUKEV)"),
        ("cyclonedx", "bills of materials (CycloneDX)"),
        ("spdx", "bills of materials (SPDX)"),
    ]);
    known.get(form).map_or_else(|| form.to_owned(), |w| (*w).to_owned())
}

fn waiting(tx: &mut Tx<'_>, context: &Context) -> Result<Vec<Waiting>> {
    let items = ::exchange::review::list(tx, -1, WAITING_MAX)?;
    let one = |i: ::exchange::review::Item| Waiting {
        item: i.index,
        rule: i.rule,
        place: if i.place.is_empty() { i.file } else { format!("{}, {}", i.file, i.place) },
        id: i.id,
        reason: i.reason,
        since: context.when(i.known),
    };
    Ok(items.into_iter().map(one).collect())
}
