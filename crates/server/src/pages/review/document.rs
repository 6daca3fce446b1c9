//! The report of a review as a document: the page, its print and the file are the same. Not for: what is in it; that is `assure::review::report`.
use askama::Template;
use assure::review::report::{Case, Moved, Reply, Report, Row};
use ledger::Micros;
use serde_json::Number;

use crate::assets::Assets;
use crate::chart::Svg;
use crate::chart::axis::Axis;
use crate::chart::lanes::{Field, Lane, Point, PointKind, Rule, RuleKind, exposure};
use crate::pages::signs::Mark;
use crate::pages::words::{capital, number};

/// Measures that are named as having moved most.
const MOVES_MAX: usize = 6;

/// The document.
#[derive(Template)]
#[template(path = "report.html")]
pub struct Document {
    assets: Assets,
    /// The style sheet itself, where the document stands alone.
    inline: Option<String>,
    /// `A4` or `letter`.
    paper: &'static str,
    report: Report,
    home: String,
    mark: Mark,
    lede: String,
    then: String,
    moves: Vec<Row>,
    cases: Vec<Drawn>,
    sealed: Vec<String>,
}

/// A case as a line of time.
struct Drawn {
    title: String,
    why: String,
    head: Svg,
    lane: Svg,
}

impl Document {
    /// A document that finds its style by the address in `assets`.
    pub fn page(report: Report, home: &str, assets: Assets) -> Document {
        let mut moves: Vec<Row> = report.rows().filter(|row| !row.indicator && weight(row) > 0.0).cloned().collect();
        moves.sort_by(|a, b| weight(b).total_cmp(&weight(a)).then_with(|| a.id.cmp(&b.id)));
        moves.truncate(MOVES_MAX);
        let end = report.known_as_of.0.min(report.as_of.0);
        Document {
            assets,
            inline: None,
            paper: "A4",
            home: home.to_owned(),
            mark: Mark::read(&report.marking),
            lede: lede(&report),
            then: then(&report),
            moves,
            cases: report.cases.iter().map(|case| drawn(case, end)).collect(),
            sealed: sealed(&report),
            report,
        }
    }

    /// A document that stands alone, for a file and for print.
    pub fn file(report: Report, home: &str, is_letter: bool) -> Document {
        let css = Assets::style().unwrap_or_default();
        let paper = if is_letter { "letter" } else { "A4" };
        Document { inline: Some(css), paper, ..Document::page(report, home, Assets::default()) }
    }

    /// The document as a file.
    ///
    /// # Errors
    /// Where the template cannot be filled, which would be a fault of the program.
    pub fn html(&self) -> Result<String, String> {
        self.render().map_err(|e| e.to_string())
    }

    fn replies_on(&self, id: &str) -> Vec<&Reply> {
        self.report.replies.iter().filter(|reply| reply.measure == id).collect()
    }
}

/// By how much a measure moved, as a part of what it was.
fn weight(row: &Row) -> f64 {
    let value = |n: &Option<Number>| n.as_ref().and_then(Number::as_f64);
    match (value(&row.moved), value(&row.before)) {
        (Some(change), Some(base)) if row.unit == "percent" => change.abs() / 100.0_f64.min(base.abs().max(10.0)),
        (Some(change), Some(base)) => change.abs() / base.abs().max(1.0),
        _ => 0.0,
    }
}

fn lede(report: &Report) -> String {
    let m = &report.moved;
    let all = m.better.len() + m.same.len() + m.worse.len() + m.unknown.len();
    let baseline =
        report.rows().find_map(|row| row.baseline_period.clone()).unwrap_or_else(|| "the baseline".to_owned());
    let n = |list: &[String]| number(i64::try_from(list.len()).unwrap_or(i64::MAX));
    let compared = |m: &Moved, to: &str| {
        format!("{} are more than in {to}, {} less, {} as they were", n(&m.better), n(&m.worse), n(&m.same))
    };
    let mut said = format!("Of {all} measures {}", compared(m, &report.before.to_string()));
    if !m.unknown.is_empty() {
        said.push_str(&format!("; {} cannot be compared", n(&m.unknown)));
    }
    match &report.baseline {
        None => said.push_str(". This is the baseline."),
        Some(b) => said.push_str(&format!(". Beside the baseline: {}.", compared(b, &baseline))),
    }
    said
}

fn then(report: &Report) -> String {
    let known = report.known_as_of.day();
    match (&report.frozen, report.attested.as_slice()) {
        (None, _) => format!("A draft, as known on {known}. Nobody vouches for it yet."),
        (Some(seal), []) => format!("Frozen on {} as known on {known}. Nobody vouches for it yet.", seal.at.day()),
        (Some(seal), by) => {
            let by: Vec<&str> = by.iter().map(|one| one.by.as_str()).collect();
            format!("Frozen on {} as known on {known}; {} vouch for it.", seal.at.day(), by.join(" and "))
        }
    }
}

fn sealed(report: &Report) -> Vec<String> {
    let Some(seal) = &report.frozen else {
        return vec!["These figures are not frozen: they change with what comes to be known.".to_owned()];
    };
    let mut lines = vec![format!(
        "The figures are entry {} of the ledger, frozen by {} on {}. SHA-256 of the claim: {}.",
        seal.entry,
        seal.by,
        seal.at.day(),
        seal.digest
    )];
    if report.shown > 0 {
        lines.push(format!(
            "{} partners were shown what is said of them, and had fifteen working days to reply.",
            report.shown
        ));
    }
    for one in &report.attested {
        let day = one.at.day();
        lines.push(format!("{} vouched for it on {day}, who recorded none of it: {}", one.by, one.note));
    }
    lines.push(
        "The bundle of this review holds every leaf of the ledger and what the figures are made of; the verifier recomputes each of them from \
         it and from nothing else."
            .to_owned(),
    );
    lines
}

fn drawn(case: &Case, end: i64) -> Drawn {
    let time = |name: &str| case.times.get(name).map(|at: &Micros| at.0);
    let (advised, mitigated, attacked) = (time("advised"), time("mitigated"), time("attacked"));
    let begun = advised.unwrap_or(end);
    let end = [advised, mitigated, attacked, Some(end)].into_iter().flatten().max().unwrap_or(end);
    let axis = Axis::calendar([begun, end]);
    let day = |at: i64| Micros(at).day();
    let mut rules = vec![Rule { at: begun, kind: RuleKind::Advice, text: format!("advised {}", day(begun)) }];
    rules.extend(attacked.map(|at| Rule { at, kind: RuleKind::Hot, text: format!("attack known {}", day(at)) }));
    let points = mitigated.map(|at| Point { at, kind: PointKind::Mitigated, title: format!("mitigated {}", day(at)) });
    let stretches = exposure(begun, mitigated, attacked, end, true);
    let said = format!("{} at {}: {}", case.vulnerability, case.partner, case.why);
    let field = Field { axis, rules };
    let lane = Lane { stretches, points: points.into_iter().collect(), said };
    Drawn {
        title: format!("{}: {}, {}.", if case.best { "Best" } else { "Worst" }, case.partner, case.vulnerability),
        why: capital(&case.why),
        head: field.head(),
        lane: field.lane(&lane, 32),
    }
}

pub(super) fn short(id: &str) -> String {
    id.split_once(':').map_or(id, |(_, short)| short).to_owned()
}

pub(super) fn plain(value: &Option<Number>) -> String {
    value.as_ref().map_or_else(|| "–".to_owned(), ToString::to_string)
}

pub(super) fn shown(value: &Option<Number>, unit: &str) -> String {
    match (value, unit) {
        (Some(value), "percent") => format!("{value} %"),
        _ => plain(value),
    }
}

pub(super) fn signed(change: &Option<Number>) -> String {
    match change.as_ref().and_then(Number::as_f64) {
        Some(change) if change > 0.0 => format!("+{}", plain(&Number::from_f64(change)).trim_end_matches(".0")),
        Some(change) if change < 0.0 => plain(&Number::from_f64(change)).trim_end_matches(".0").replace('-', "−"),
        Some(_) => "0".to_owned(),
        None => "–".to_owned(),
    }
}

pub(super) fn of(numerator: &Option<i64>, denominator: &Option<i64>) -> String {
    match (numerator, denominator) {
        (Some(n), Some(d)) => format!("{n} of {d}"),
        _ => String::new(),
    }
}

pub(super) fn paragraphs(text: &str) -> Vec<String> {
    text.split("\n\n").map(str::trim).filter(|p| !p.is_empty()).map(str::to_owned).collect()
}
