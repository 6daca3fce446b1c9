//! Makes the page of What if from `depend`'s graph. For operator and analyst of the operator's own only: what the nation
//! depends on is a target list.

use axum::Router;
use axum::extract::{Query, State};
use axum::response::{Redirect, Response};
use axum::routing::get;
use depend::Snapshot;
use depend::cascade::{Failure, Loss, Mode, Outcome, back, run};
use depend::graph::Graph;
use depend::spof::spof;
use depend::tables::Rule;
use ledger::{Result, Tx};
use partners::may::Verb;
use serde::Deserialize;

use super::{Function, Known, Row, Step, WhatIf, Worst};
use crate::auth::Viewer;
use crate::chart::axis::Axis;
use crate::chart::lanes::{Field, Lane, Point, PointKind, Stretch};
use crate::pages::signs::{Mark, State as Sign};
use crate::pages::words::{Sentence, count, figure, list, query};
use crate::respond::{Context, page};
use crate::state::AppState;

/// Lanes of one picture.
const LANES_MAX: usize = 60;
/// Nodes that the field offers.
const OFFERED: usize = 200;
/// Keys that one question may name.
const KEYS_MAX: usize = 200;
/// Single points of failure on the page.
const WORST_MAX: usize = 50;

/// The addresses of Depend.
pub(crate) fn routes() -> Router<AppState> {
    Router::new().route("/depend", get(async || Redirect::to("/depend/what-if"))).route("/depend/what-if", get(show))
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Wanted {
    fail: String,
    grounded: String,
}

async fn show(State(state): State<AppState>, viewer: Viewer, Query(wanted): Query<Wanted>) -> Response {
    page(state, viewer, move |tx, context| view(tx, context, &wanted)).await
}

fn view(tx: &mut Tx<'_>, context: &Context, wanted: &Wanted) -> Result<WhatIf> {
    context.person().must(Verb::WhatIf)?;
    let snapshot = context.state().boards.graph(tx)?;
    let graph = snapshot.graph();
    let mode = if wanted.grounded == "1" { Mode::Grounded } else { Mode::Ungrounded };
    let keys: Vec<&str> =
        wanted.fail.split([' ', ',', ';', '\n', '\t', '\r']).filter(|k| !k.is_empty()).take(KEYS_MAX).collect();
    let (nodes, unknown): (Vec<&str>, Vec<&str>) = keys.iter().partition(|k| graph.find(k).is_some());
    let failure = Failure { nodes: nodes.iter().filter_map(|k| graph.find(k)).collect(), mode };
    let outcome = (!failure.nodes.is_empty()).then(|| run(graph, &failure));
    let field = Field { axis: Axis::hours(outcome.as_ref().map_or(24, last_hour)), rules: Vec::new() };
    let (worst, worst_count) =
        if outcome.is_none() && !graph.is_empty() { worst(graph, mode) } else { (Vec::new(), 0) };
    let lanes = outcome.as_ref().map_or_else(Vec::new, |o| lanes(graph, o, &field));
    let fallen = outcome.as_ref().map_or(0, |o| o.lost().filter(|n| !graph.node(*n).function).count() + o.failed.len());
    Ok(WhatIf {
        shell: context.shell(tx, "What if", "depend", Mark::AmberStrict)?,
        lede: outcome.as_ref().map_or_else(|| standing(graph, worst_count), |o| lede(graph, o)),
        then: outcome.as_ref().and_then(|_| range(&snapshot, &failure)),
        basis: format!(
            "{}; buffers run out; {} nodes, {} of their supply edges inferred",
            mode.word(),
            figure(i64::try_from(graph.len()).unwrap_or(i64::MAX)),
            figure(i64::try_from(graph.inferred_edges()).unwrap_or(i64::MAX))
        ),
        fail: wanted.fail.clone(),
        grounded: mode == Mode::Grounded,
        known: offered(graph),
        problem: (!unknown.is_empty()).then(|| unknown_said(&snapshot, &unknown)),
        graph_empty: graph.is_empty(),
        head: field.head(),
        more: (fallen > lanes.len())
            .then(|| format!("{} more fall; `mainstay depend cascade` lists all.", fallen - lanes.len())),
        rows: lanes,
        functions: outcome.as_ref().map_or_else(Vec::new, |o| functions(graph, o)),
        worst_said: "Nodes whose loss alone takes at least one function, most functions first.".to_owned(),
        worst,
    })
}

/// The address of the question about some nodes.
pub(crate) fn href(keys: &str) -> String {
    format!("/depend/what-if?fail={}", query(keys))
}

fn hours(minute: u32) -> i64 {
    i64::from(minute.div_ceil(60))
}

/// "18 h", and days from the fourth on.
fn duration(hours: i64) -> String {
    if hours < 96 { format!("{hours}\u{a0}h") } else { format!("{}\u{a0}days", hours / 24) }
}

fn last_hour(outcome: &Outcome) -> i64 {
    let last = outcome.losses.iter().map(|l| hours(l.minute)).max().unwrap_or(0);
    (last + last / 8).max(24)
}

fn unknown_said(snapshot: &Snapshot, unknown: &[&str]) -> String {
    let like: Vec<String> = unknown
        .iter()
        .flat_map(|k| snapshot.search(k, 3))
        .map(|n| snapshot.graph().key(n).to_owned())
        .take(6)
        .collect();
    let near = if like.is_empty() { String::new() } else { format!(" Did you mean {}?", list(&like)) };
    format!("No node has the key {}.{near}", unknown.join(", "))
}

fn standing(graph: &Graph, worst: usize) -> Sentence {
    if graph.is_empty() {
        return Sentence::new()
            .say("No dependencies are known, so nothing can be said about what falls when something fails.");
    }
    let functions = graph.nodes().filter(|(_, n)| n.function).count();
    let said = Sentence::new()
        .say(&format!("{} nodes carry ", figure(i64::try_from(graph.len() - functions).unwrap_or(0))))
        .bold(&count(i64::try_from(functions).unwrap_or(0), "function", "functions"));
    let worst = i64::try_from(worst).unwrap_or(0);
    match worst {
        0 => said.say("; no single loss takes one of them."),
        n => said
            .say("; ")
            .link("#h-worst", &count(n, "single point of failure", "single points of failure"))
            .say(" can take at least one."),
    }
}

fn lede(graph: &Graph, outcome: &Outcome) -> Sentence {
    let names: Vec<String> = outcome.failed.iter().take(3).map(|n| graph.name(*n).to_owned()).collect();
    let more = outcome.failed.len().saturating_sub(names.len());
    let what = if more > 0 { format!("{} and {more} more", names.join(", ")) } else { list(&names) };
    let lost: Vec<u32> = outcome.lost().collect();
    let functions = lost.iter().filter(|n| graph.node(**n).function).count();
    let others = lost.len() - functions;
    let mut countries: Vec<String> =
        lost.iter().map(|n| graph.node(*n).country.code().to_owned()).filter(|c| !c.is_empty()).collect();
    countries.sort_unstable();
    countries.dedup();
    let verb = if outcome.failed.len() == 1 { " fails, " } else { " fail, " };
    let said = Sentence::new().say("If ").bold(&what).say(verb);
    if lost.is_empty() {
        return said.say("nothing else falls.");
    }
    let last = outcome.losses.iter().filter(|l| l.lost()).map(|l| hours(l.minute)).max().unwrap_or(0);
    let when = if last == 0 { " at once".to_owned() } else { format!(" within {}", duration(last)) };
    let n = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let said = said
        .link("#h-course", &count(n(others), "other", "others"))
        .say(if others == 1 { " falls" } else { " fall" })
        .say(&when);
    let said = match functions {
        0 => said.say(" and no function is lost"),
        f => said.say(" and ").link("#h-functions", &count(n(f), "function", "functions")).say(if f == 1 {
            " is lost"
        } else {
            " are lost"
        }),
    };
    match countries.len() {
        0 | 1 => said.say("."),
        c => said.say(&format!(", in {}.", count(n(c), "country", "countries"))),
    }
}

/// How far the answer hangs on inferred edges.
fn range(snapshot: &Snapshot, failure: &Failure) -> Option<Sentence> {
    if snapshot.graph().inferred_edges() == 0 {
        return None;
    }
    let range = depend::ranges::cascade(snapshot.facts(), failure);
    let unstable = range.unstable(snapshot.graph());
    Some(match unstable.len() {
        0 => Sentence::new()
            .say("Whether inferred edges are read as all needed, as any, or left out: the same functions fall."),
        n => {
            let names: Vec<String> = unstable.iter().take(4).map(|f| snapshot.graph().name(*f).to_owned()).collect();
            let n = i64::try_from(n).unwrap_or(i64::MAX);
            Sentence::new().say(&format!(
                "The fall of {} hangs on inferred edges: {}.",
                count(n, "function", "functions"),
                list(&names)
            ))
        }
    })
}

fn offered(graph: &Graph) -> Vec<Known> {
    let node =
        |(at, _): (u32, &depend::graph::Node)| Known { key: graph.key(at).to_owned(), name: graph.name(at).to_owned() };
    graph.nodes().filter(|(_, n)| !n.function).take(OFFERED).map(node).collect()
}

fn sub(graph: &Graph, node: u32) -> String {
    let n = graph.node(node);
    let parts = [graph.text(n.kind), n.country.code()];
    parts.into_iter().filter(|p| !p.is_empty()).collect::<Vec<_>>().join(", ")
}

fn lanes(graph: &Graph, outcome: &Outcome, field: &Field) -> Vec<Row> {
    let failed = outcome.failed.iter().map(|n| (*n, 0, None));
    let lost =
        outcome.losses.iter().filter(|l| l.lost() && !graph.node(l.node).function).map(|l| (l.node, l.minute, Some(l)));
    failed.chain(lost).take(LANES_MAX).map(|(node, minute, loss)| lane(graph, field, node, minute, loss)).collect()
}

fn lane(graph: &Graph, field: &Field, node: u32, minute: u32, loss: Option<&Loss>) -> Row {
    let at = hours(minute);
    let name = graph.name(node).to_owned();
    let mut stretches = Vec::new();
    if at > 0 {
        stretches.push(Stretch { from: 0, to: at, fill: "holding" });
    }
    stretches.push(Stretch { from: at, to: field.axis.to, fill: "late" });
    let when = if at == 0 { "at once".to_owned() } else { format!("after {at} h") };
    let lane = Lane {
        stretches,
        points: vec![Point { at, kind: PointKind::Lost, title: format!("falls {when}") }],
        said: format!("{name} falls {when}"),
    };
    Row {
        href: href(graph.key(node)),
        sub: sub(graph, node),
        lane: field.lane(&lane, 44),
        because: loss.map_or_else(|| Sentence::new().say("fails by assumption"), |l| because(graph, l)),
        name,
    }
}

/// "electricity from Substation C, of which 2 of 3 are needed; buffer of 8 h".
fn because(graph: &Graph, loss: &Loss) -> Sentence {
    let group = graph.group(loss.cause.group);
    let supplier = loss.cause.supplier;
    let needed = match group.rule {
        Rule::Any if group.edges == 1 => ", its only supplier".to_owned(),
        Rule::All if group.edges == 1 => ", its only supplier".to_owned(),
        Rule::All => format!(", all {} needed", group.edges),
        Rule::Any => format!(", the last of {}", group.edges),
        Rule::Count(k) => format!(", {k} of {} needed", group.edges),
        Rule::Share(_) => format!(", {} of {} needed", group.need, group.edges),
        Rule::Capacity(part) => format!(", {} % of capacity needed", part.0 / 10_000),
    };
    let buffer =
        if group.buffer_min > 0 { format!("; buffer of {} h", hours(group.buffer_min)) } else { String::new() };
    Sentence::new()
        .say(&format!("{} from ", graph.text(group.input)))
        .link(&href(graph.key(supplier)), graph.name(supplier))
        .say(&needed)
        .say(&buffer)
}

fn functions(graph: &Graph, outcome: &Outcome) -> Vec<Function> {
    let mut out: Vec<Function> = Vec::new();
    for (place, loss) in outcome.losses.iter().enumerate().filter(|(_, l)| graph.node(l.node).function) {
        let mut path: Vec<Step> = back(outcome, place).iter().map(|s| step(graph, s.loss.cause.supplier)).collect();
        path.reverse();
        out.push(Function {
            name: graph.name(loss.node).to_owned(),
            state: Sign::new(if loss.lost() { "lost" } else { "degraded" }),
            after: if loss.minute == 0 { "at once".to_owned() } else { duration(hours(loss.minute)) },
            path,
        });
    }
    out
}

fn step(graph: &Graph, node: u32) -> Step {
    Step { name: graph.name(node).to_owned(), href: href(graph.key(node)) }
}

/// The worst of them, and how many there are.
fn worst(graph: &Graph, mode: Mode) -> (Vec<Worst>, usize) {
    let mut found = spof(graph, mode, |_| true);
    found.sort_by_key(|s| (std::cmp::Reverse(s.functions.len()), graph.key(s.node)));
    let one = |s: &depend::spof::Spof| {
        let names: Vec<String> = s.functions.iter().take(4).map(|f| graph.name(*f).to_owned()).collect();
        let more = s.functions.len().saturating_sub(names.len());
        Worst {
            name: graph.name(s.node).to_owned(),
            href: href(graph.key(s.node)),
            kind: graph.text(graph.node(s.node).kind).to_owned(),
            country: graph.node(s.node).country.code().to_owned(),
            count: s.functions.len().to_string(),
            which: if more > 0 { format!("{} and {more} more", names.join(", ")) } else { list(&names) },
        }
    };
    (found.iter().take(WORST_MAX).map(one).collect(), found.len())
}
