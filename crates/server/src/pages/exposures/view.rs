//! Makes the list of exposures from the board, as far as the viewer may see it.

use std::collections::BTreeSet;

use axum::Router;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::get;
use expose::ExposureRow;
use ledger::{Result, Tx};

use super::{Exposures, Filter, Row};
use crate::auth::Viewer;
use crate::board::{Board, has_text};
use crate::chart::share::strip;
use crate::country;
use crate::pages::signs::{Mark, State as Sign};
use crate::pages::words::{Sentence, capital, count, figure, list, query, share};
use crate::pages::{Choice, Legend, Names};
use crate::respond::{Context, page};
use crate::state::AppState;

/// Rows of a page.
const PAGE: usize = 100;
/// Statuses in the order of the strip, each with the class of its fill.
const PARTS: &[(&str, &str)] = &[
    ("affected", "late"),
    ("disputed", "open"),
    ("review", "open"),
    ("under_investigation", "open"),
    ("fixed", "held"),
    ("not_affected", "rest"),
    ("unknown", "unknown"),
];

/// The address of Expose.
pub(crate) fn routes() -> Router<AppState> {
    Router::new().route("/expose", get(show))
}

async fn show(State(state): State<AppState>, viewer: Viewer, Query(filter): Query<Filter>) -> Response {
    page(state, viewer, move |tx, context| view(tx, context, &filter)).await
}

fn view(tx: &mut Tx<'_>, context: &Context, filter: &Filter) -> Result<Exposures> {
    let board = context.board(tx)?;
    let seen = &board.rows;
    let wanted: Vec<&ExposureRow> = seen.iter().filter(|row| passes(row, filter)).collect();
    let names = crate::pages::names(tx)?;
    let after = usize::try_from(filter.after).unwrap_or(0);
    let rows: Vec<Row> =
        wanted.iter().skip(after).take(PAGE).map(|r| row(r, &board, &names, context.person().sees_all())).collect();
    let last = after + rows.len();
    let mark = wanted.iter().map(|r| r.mark()).max().map_or(Mark::Clear, |t| Mark::read(&t.to_string()));
    let statuses: Vec<(&str, &str)> = PARTS.iter().map(|(key, _)| (*key, word(key))).collect();
    let codes: BTreeSet<&str> = seen.iter().map(|r| r.country.as_str()).filter(|c| c.len() == 2).collect();
    let mut countries: Vec<(&str, &str)> = codes.into_iter().map(|c| (c, country::name(c))).collect();
    countries.sort_by_key(|(_, name)| *name);
    let levels =
        [("asset", "asset"), ("organisation", "organisation"), ("constituency", "constituency"), ("sector", "sector")];
    Ok(Exposures {
        shell: context.shell(tx, "Exposures", "expose", mark)?,
        lede: lede(&wanted, filter, &board),
        statuses: Choice::list(&statuses, &filter.status),
        countries: Choice::list(&countries, &filter.country),
        levels: Choice::list(&levels, &filter.level),
        total: figure(n(seen.len())),
        strip: picture(&wanted),
        legend: legend(&wanted, filter),
        shown: format!("{} to {} of {}", after + usize::from(!rows.is_empty()), last, figure(n(wanted.len()))),
        next: (last < wanted.len()).then(|| filter.address(i64::try_from(last).unwrap_or(0))),
        filter: filter.clone(),
        stakes: context.person().sees_all(),
        rows,
    })
}

fn n(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

fn word(key: &str) -> &'static str {
    PARTS.iter().find(|(k, _)| *k == key).map_or("", |(k, _)| match *k {
        "not_affected" => "not affected",
        "under_investigation" => "under investigation",
        "review" => "in review",
        other => other,
    })
}

fn passes(row: &ExposureRow, f: &Filter) -> bool {
    let is = |asked: &str, value: &str| asked.is_empty() || asked.eq_ignore_ascii_case(value);
    is(&f.status, &row.status)
        && is(&f.country, &row.country)
        && is(&f.level, &row.level)
        && (f.function.is_empty() || row.functions.contains(&f.function))
        && (!f.exploited || row.exploited)
        && has_text(row, &f.q)
}

/// How many distinct subjects; a vulnerability more does not make a subject more.
pub(crate) fn subjects<'a>(rows: impl IntoIterator<Item = &'a ExposureRow>) -> i64 {
    n(rows
        .into_iter()
        .map(|r| (r.level.as_str(), r.source.as_str(), r.subject.as_str()))
        .collect::<BTreeSet<_>>()
        .len())
}

fn lede(rows: &[&ExposureRow], filter: &Filter, board: &Board) -> Sentence {
    if rows.is_empty() {
        return Sentence::new().say(if filter.any() {
            "Nothing matches these filters."
        } else {
            "Exposure is unknown: no inventory has met an advisory."
        });
    }
    let affected: Vec<&ExposureRow> = rows.iter().copied().filter(|r| r.status == "affected").collect();
    let countries =
        n(affected.iter().map(|r| r.country.as_str()).filter(|c| !c.is_empty()).collect::<BTreeSet<_>>().len());
    let to = |status: &str| Filter { status: status.to_owned(), after: 0, ..filter.clone() }.address(0);
    let subjects = subjects(affected.iter().copied());
    let mut s = Sentence::new().link(&to("affected"), &capital(&count(subjects, "subject", "subjects")));
    s = s.say(if subjects == 1 { " is affected" } else { " are affected" });
    if countries > 0 {
        s = s.say(&format!(" in {}", count(countries, "country", "countries")));
    }
    if !filter.function.is_empty() {
        s = s.say(" on which ").bold(&board.function(&filter.function)).say(" rests");
    }
    let (part, whole) = match board.coverage.unknown_share.filter(|_| !filter.any()) {
        #[expect(clippy::cast_possible_truncation, reason = "a share of a thousand")]
        Some(share) => ((share * 1000.0).round() as i64, 1000),
        None => (
            n(rows.iter().filter(|r| matches!(r.status.as_str(), "unknown" | "review" | "disputed")).count()),
            n(rows.len()),
        ),
    };
    match part {
        0 => s.say("."),
        _ => s.say("; of ").link(&to("unknown"), &share(part, whole)).say(" of what may be exposed we know nothing."),
    }
}

fn tally(rows: &[&ExposureRow]) -> Vec<(i64, &'static str, &'static str)> {
    let of = |key: &str| n(rows.iter().filter(|r| r.status == key).count());
    PARTS.iter().map(|(key, fill)| (of(key), *fill, *key)).filter(|(n, _, _)| *n > 0).collect()
}

fn picture(rows: &[&ExposureRow]) -> crate::chart::Svg {
    let parts: Vec<(i64, &str, &str)> = tally(rows).into_iter().map(|(n, fill, key)| (n, fill, word(key))).collect();
    strip(&parts, 0, true)
}

fn legend(rows: &[&ExposureRow], filter: &Filter) -> Vec<Legend> {
    let one = |(n, _, key): (i64, &str, &str)| Legend {
        shape: Sign::new(key).shape(),
        count: figure(n),
        word: word(key).to_owned(),
        href: Filter { status: key.to_owned(), after: 0, ..filter.clone() }.address(0),
    };
    tally(rows).into_iter().map(one).collect()
}

fn row(r: &ExposureRow, board: &Board, names: &Names, stakes: bool) -> Row {
    let graph = board.graph.graph();
    let functions_href = match (r.functions.first(), graph.find(&r.subject)) {
        (None, _) => None,
        (Some(_), Some(_)) => Some(crate::pages::what_if::view::href(&r.subject)),
        (Some(first), None) => Some(format!("/expose?function={}", query(first))),
    };
    Row {
        subject: subject(r, names),
        count: band(r),
        loop_href: format!("/loop/{}", query(&r.vulnerability)),
        vulnerability: r.vulnerability.clone(),
        status: Sign::new(&r.status),
        functions: r.functions.len().to_string(),
        functions_href,
        severity: r.severity.map_or_else(|| "–".to_owned(), |s| format!("{}.{}", s / 10, s % 10)),
        why: why(r, board, stakes),
        matched: format!("{} {}", r.tier, r.method).trim().to_owned(),
        holder: if r.holder.is_empty() { "not known".to_owned() } else { names.of(&r.holder) },
    }
}

/// The subject as a person reads it: `NO:water` is "Norway, water".
pub(crate) fn subject(r: &ExposureRow, names: &Names) -> String {
    match (r.level.as_str(), r.subject.split_once(':')) {
        ("sector", Some(("*", sector))) => format!("any country, {}", sector.replace('_', " ")),
        ("sector", Some((code, sector))) => format!("{}, {}", country::name(code), sector.replace('_', " ")),
        ("asset", _) => r.subject.clone(),
        _ => names.of(&r.subject),
    }
}

/// How many, where it is a count.
pub(crate) fn band(r: &ExposureRow) -> Option<String> {
    let counted = r.level != "asset" && r.method != "candidate";
    counted.then(|| crate::pages::ask::view::interval((r.count.min, r.count.max)))
}

/// The reason for the row's place, in words: what is at stake, exploitation, and where it is undecided, why.
fn why(r: &ExposureRow, board: &Board, stakes: bool) -> String {
    let names: Vec<String> = r.functions.iter().take(3).map(|f| board.function(f)).collect();
    let more = r.functions.len().saturating_sub(names.len());
    let rest = if names.len() + more == 1 { "rests on it" } else { "rest on it" };
    let stake = match (names.as_slice(), more) {
        ([], _) => String::new(),
        (names, 0) => format!("{} {rest}", list(names)),
        (names, more) => format!("{} and {more} more {rest}", names.join(", ")),
    };
    let exploited = if r.exploited { "exploitation is known" } else { "" };
    let undecided = if matches!(r.status.as_str(), "review" | "unknown" | "disputed" | "under_investigation") {
        r.reason.as_str()
    } else {
        ""
    };
    let parts: Vec<&str> = [exploited, stake.as_str(), undecided].into_iter().filter(|p| !p.is_empty()).collect();
    match (parts.as_slice(), stakes) {
        ([], true) => "No function is known to rest on it".to_owned(),
        ([], false) => "No exploitation is known".to_owned(),
        (parts, _) => capital(&parts.join("; ")),
    }
}
