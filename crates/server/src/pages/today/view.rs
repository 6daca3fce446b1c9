//! Makes the page Today: the functions at stake, what needs attention now, what comes in. For a partner: what is asked of them.

use std::collections::{BTreeMap, BTreeSet};

use assure::attention::{Attention as Line, Leads, attention};
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use expose::ExposureRow;
use ledger::{Micros, Result, Tx};

use super::{Attention, Feed, FunctionRow, Today};
use crate::auth::Viewer;
use crate::board::Board;
use crate::chart::share::strip;
use crate::pages::Names;
use crate::pages::alarm::{Alarm, alarms};
use crate::pages::exchange::view::form_words;
use crate::pages::signs::Mark;
use crate::pages::words::{Sentence, capital, count, figure, query, share};
use crate::respond::{Context, page};
use crate::state::AppState;

/// Lines of attention.
const FIVE: usize = 5;
/// Functions on the page.
const FUNCTIONS_MAX: usize = 12;
/// A catalogue or a stream of advisories that sends nothing for so long has stopped.
const STREAM_SILENT_DAYS: i64 = 7;
const DAY_US: i64 = 86_400_000_000;

/// The address of Today.
pub(crate) fn routes() -> Router<AppState> {
    Router::new().route("/", get(show))
}

async fn show(State(state): State<AppState>, viewer: Viewer) -> Response {
    page(state, viewer, view).await
}

fn view(tx: &mut Tx<'_>, context: &Context) -> Result<Today> {
    if !context.person().sees_all() {
        return of_partner(tx, context);
    }
    let board = context.board(tx)?;
    let functions = functions(&board);
    let five = attention(tx, &*board.graph, context.now, FIVE)?;
    let names = crate::pages::names(tx)?;
    let mark = board.rows.iter().filter(|r| r.status == "affected").map(|r| r.mark()).max();
    Ok(Today {
        shell: context.shell(
            tx,
            "Today",
            "today",
            mark.map_or(Mark::Clear, |t| Mark::read(&t.to_string())).max(Mark::Amber),
        )?,
        lede: lede(&functions, &board),
        then: then(&five, context.now),
        functions: functions.into_iter().take(FUNCTIONS_MAX).map(|f| f.row(&board)).collect(),
        five: with_alarms(five.iter().map(|line| shown(line, context, &board, &names)).collect(), alarms(tx, context)?),
        feeds: Some(feeds(tx, context)?),
    })
}

/// A feed that has stopped is an alarm: the longest silent has the last of the lines.
fn with_alarms(mut lines: Vec<Attention>, alarms: Vec<Alarm>) -> Vec<Attention> {
    let more = alarms.len().saturating_sub(1);
    if let Some(alarm) = alarms.into_iter().next() {
        let others = match more {
            0 => String::new(),
            n => format!(
                " {} stopped too.",
                capital(&count(i64::try_from(n).unwrap_or(i64::MAX), "other feed has", "other feeds have"))
            ),
        };
        lines.truncate(FIVE - 1);
        let what = alarm.what.say(" ").link("/exchange#h-alarms", "See what stopped").say(".");
        lines.push(Attention { what, because: format!("{} {}{others}", alarm.because, alarm.next), clock: None });
    }
    lines
}

/// What a partner finds: what is asked of their organisation, the nearest clock first. Which functions rest on them, what is urgent
/// to others and what comes in is weighed over what the operator knows, and nothing of it is for a partner.
fn of_partner(tx: &mut Tx<'_>, context: &Context) -> Result<Today> {
    let board = context.board(tx)?;
    let asks = act::seen_by(act::asks(tx, &act::Filter::default())?, context.person(), context.today());
    let org = &context.person().org;
    let mut open: Vec<&act::Ask> = asks.iter().filter(|a| a.planned.addressee == *org && awaits_answer(a)).collect();
    open.sort_by_key(|a| (a.due_at.is_none(), a.due_at, a.sent_at));
    let names = crate::pages::names(tx)?;
    let marks = board.rows.iter().map(ExposureRow::mark).chain(asks.iter().map(|a| a.planned.mark()));
    let n = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let affected = board.rows.iter().filter(|r| r.status == "affected");
    let subjects = crate::pages::exposures::view::subjects(affected);
    let lede = Sentence::new()
        .link("/act", &capital(&count(n(open.len()), "question waits", "questions wait")))
        .say(&format!(" for an answer of {}; ", names.of(org)))
        .link("/expose?status=affected", &count(subjects, "subject is", "subjects are"))
        .say(" known to be affected.");
    Ok(Today {
        shell: context.shell(tx, "Today", "today", marks.max().map_or(Mark::Clear, |t| Mark::read(&t.to_string())))?,
        lede,
        then: None,
        functions: Vec::new(),
        five: open.into_iter().map(|ask| asked(ask, context, &names)).collect(),
        feeds: None,
    })
}

fn awaits_answer(ask: &act::Ask) -> bool {
    use act::ask::State;
    ask.state.clock_runs() || ask.state == State::Silent
}

fn asked(ask: &act::Ask, context: &Context, names: &Names) -> Attention {
    let p = &ask.planned;
    let href = format!("/act/{}", query(&p.ask));
    let about = p.vulnerabilities.iter().take(3).map(String::as_str).collect::<Vec<_>>().join(", ");
    let subjects = count(i64::try_from(p.subjects.len()).unwrap_or(i64::MAX), "subject", "subjects");
    Attention {
        what: Sentence::new().link(&href, &format!("{about}: what is so at {}?", names.of(&p.party))),
        because: format!("{} asked; the link in the mail answers without an account.", capital(&subjects)),
        clock: ask.due_at.map(|at| context.when(at).clock()),
    }
}

/// A function and the subjects that it rests on.
struct Stake<'a> {
    key: &'a str,
    open: BTreeSet<&'a str>,
    unsure: BTreeSet<&'a str>,
    held: BTreeSet<&'a str>,
    unknown: i64,
    countries: BTreeSet<&'a str>,
}

/// The functions that rest on anything exposed, the most threatened first; with the nodes they rest on of which no inventory
/// is held.
fn functions(board: &Board) -> Vec<Stake<'_>> {
    let mut by_key: BTreeMap<&str, Stake<'_>> = BTreeMap::new();
    for row in &board.rows {
        for key in &row.functions {
            let stake = by_key.entry(key).or_insert_with(|| Stake {
                key,
                open: BTreeSet::new(),
                unsure: BTreeSet::new(),
                held: BTreeSet::new(),
                unknown: 0,
                countries: BTreeSet::new(),
            });
            let set = match row.status.as_str() {
                "affected" => &mut stake.open,
                "fixed" | "not_affected" => &mut stake.held,
                _ => &mut stake.unsure,
            };
            set.insert(row.subject.as_str());
            if row.status == "affected" && !row.country.is_empty() {
                stake.countries.insert(row.country.as_str());
            }
        }
    }
    let silent = board.silent_nodes();
    let mut out: Vec<Stake<'_>> = by_key.into_values().collect();
    for stake in &mut out {
        // A subject counts once: by what is worst of it.
        stake.unsure.retain(|s| !stake.open.contains(s));
        stake.held.retain(|s| !stake.open.contains(s) && !stake.unsure.contains(s));
        stake.unknown = silent.get(stake.key).copied().unwrap_or(0);
    }
    out.sort_by_key(|s| (std::cmp::Reverse(s.open.len()), std::cmp::Reverse(s.unsure.len()), s.key));
    out
}

impl Stake<'_> {
    fn row(self, board: &Board) -> FunctionRow {
        let n = |set: &BTreeSet<&str>| i64::try_from(set.len()).unwrap_or(i64::MAX);
        let (open, unsure, held) = (n(&self.open), n(&self.unsure), n(&self.held));
        let parts = [
            (open, "late", "affected"),
            (unsure, "open", "undecided"),
            (held, "held", "fixed or not affected"),
            (self.unknown, "unknown", "without inventory"),
        ];
        FunctionRow {
            name: board.function(self.key),
            href: format!("/expose?function={}", query(self.key)),
            strip: strip(&parts, 0, false),
            open: figure(open),
            held: figure(held),
            unknown: figure(self.unknown),
            countries: self.countries.len().to_string(),
        }
    }
}

fn lede(functions: &[Stake<'_>], board: &Board) -> Sentence {
    let n = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    if board.rows.is_empty() {
        return Sentence::new().say("Nothing is known yet of what endangers what our functions rest on.");
    }
    let affected: Vec<&ExposureRow> = board.rows.iter().filter(|r| r.status == "affected").collect();
    let threatened = n(functions.iter().filter(|f| !f.open.is_empty()).count());
    let threats = n(affected.iter().map(|r| r.vulnerability.as_str()).collect::<BTreeSet<_>>().len());
    let countries =
        n(affected.iter().map(|r| r.country.as_str()).filter(|c| !c.is_empty()).collect::<BTreeSet<_>>().len());
    let subjects = crate::pages::exposures::view::subjects(affected.iter().copied());
    let mut s = match threatened {
        0 => Sentence::new()
            .say("No function is known to be threatened; ")
            .link("/expose?status=affected", &count(subjects, "subject is", "subjects are"))
            .say(" affected by "),
        t => Sentence::new().link("#h-functions", &capital(&count(t, "function", "functions"))).say(if t == 1 {
            " is threatened by "
        } else {
            " are threatened by "
        }),
    };
    s = s.link("/expose?status=affected", &count(threats, "vulnerability", "vulnerabilities")).say(" in ");
    s = s.link("/expose?status=affected", &count(countries, "country", "countries"));
    #[expect(clippy::cast_possible_truncation, reason = "a share of a thousand")]
    let unknown = board.coverage.unknown_share.map_or(0, |share| (share * 1000.0).round() as i64);
    match unknown {
        0 => s.say("."),
        u => s
            .say("; of ")
            .link("/expose?status=unknown", &share(u, 1000))
            .say(" of what may be exposed we know nothing."),
    }
}

fn then(five: &[Line], now: Micros) -> Option<Sentence> {
    let n = i64::try_from(five.iter().filter(|l| l.due.is_some_and(|due| due <= now)).count()).unwrap_or(0);
    (n > 0).then(|| {
        Sentence::new()
            .say(&format!("{} run out; what needs attention is below.", capital(&count(n, "clock has", "clocks have"))))
    })
}

fn shown(line: &Line, context: &Context, board: &Board, names: &Names) -> Attention {
    let href = match &line.leads {
        Leads::Ask(reference) => format!("/act/{}", query(reference)),
        Leads::Vulnerability(id) => format!("/loop/{}", query(id)),
        Leads::Partner(key) => format!("/expose?q={}", query(key)),
        Leads::Review => "/exchange#review".to_owned(),
        Leads::Peer(_) => "/exchange#h-alarms".to_owned(),
    };
    let mut because = capital(&names.within(&line.because));
    // The keys of functions, which the reason names, become their names.
    for key in &line.functions {
        because = because.replace(key.as_str(), &board.function(key));
    }
    if !because.ends_with('.') {
        because.push('.');
    }
    Attention {
        what: Sentence::new().link(&href, &capital(&names.within(&line.what))),
        because,
        clock: line.due.map(|at| context.when(at).clock()),
    }
}

/// Every source and when it last sent. A stream that stopped is an alarm.
fn feeds(tx: &mut Tx<'_>, context: &Context) -> Result<Vec<Feed>> {
    let mut review: BTreeMap<String, i64> = BTreeMap::new();
    tx.each("SELECT form, count(*) FROM @review WHERE decided = 0 GROUP BY form ORDER BY form", &[], &mut |r| {
        review.insert(r.text(0).to_owned(), r.int(1));
        Ok(())
    })?;
    let rhythms: BTreeMap<String, i64> = exchange::arrivals::rhythms(tx, context.now)?
        .into_iter()
        .filter_map(|r| Some((r.source, (r.usual_days? * 2).max(r.usual_days? + 2))))
        .collect();
    let sql = "SELECT source, form, count(*), max(known) FROM @document GROUP BY source, form ORDER BY source, form";
    let documents = tx.all(sql, &[], |r| (r.text(0).to_owned(), r.text(1).to_owned(), r.int(2), r.micros(3)))?;
    let mut out: Vec<Feed> = Vec::new();
    for (source, form, n, last) in documents {
        let stream = matches!(form.as_str(), "csaf" | "kev" | "eukev" | "cve");
        let waiting = review.remove(&form).unwrap_or(0);
        let limit = rhythms.get(&source).copied().or(stream.then_some(STREAM_SILENT_DAYS));
        out.push(feed(context, &source, form_words(&form), n, waiting, last, limit));
    }
    let stix = tx.one("SELECT count(*), max(known) FROM @listing", &[], |r| (r.int(0), r.opt_int(1)))?;
    if let Some((n, Some(last))) = stix.filter(|(n, _)| *n > 0) {
        out.push(feed(
            context,
            "all collections",
            "STIX objects".to_owned(),
            n,
            review.remove("stix").unwrap_or(0),
            Micros(last),
            None,
        ));
    }
    Ok(out)
}

fn feed(
    context: &Context,
    name: &str,
    kind: String,
    n: i64,
    waiting: i64,
    last: Micros,
    limit_days: Option<i64>,
) -> Feed {
    let silent = (context.now.0 - last.0) / DAY_US;
    Feed {
        name: name.to_owned(),
        href: "/exchange".to_owned(),
        kind,
        count: figure(n),
        review: waiting.to_string(),
        last: context.when(last),
        alarm: limit_days.filter(|limit| silent > *limit).map(|_| format!("silent for {silent} days")),
    }
}
