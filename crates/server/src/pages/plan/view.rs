//! Makes the pages of the plan from what `assure` computes: every measure, and one explained.

use assure::figure::{Detail, Item, Levels};
use assure::pack::Plan as Pack;
use assure::{Explanation, Figure, Period};
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use axum::routing::get;
use ledger::{Error, Micros, Result, Tx};
use partners::may::Verb;
use serde::Deserialize;
use serde_json::{Number, Value};

use super::{Attempt, Counted, Coverage, Explained, Goal, Measure, Objective, Plan, Served};
use crate::auth::Viewer;
use crate::chart::share::{steps, strip};
use crate::pages::Legend;
use crate::pages::record::view::address;
use crate::pages::signs::{Evidence as Level, Mark, State as Sign};
use crate::pages::words::{Sentence, capital, count, number, query};
use crate::respond::{Context, page};
use crate::state::AppState;

/// The addresses of Assure.
pub(crate) fn routes() -> Router<AppState> {
    Router::new()
        .route("/assure", get(show))
        .route("/assure/try", get(attempt))
        .route("/assure/coverage", get(coverage))
        .route("/assure/{measure}", get(one))
}

/// The dates of the question, as they stand in the address.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Wanted {
    as_of: String,
    known_as_of: String,
    period: String,
}

/// The dates of the question, read.
struct Asked {
    as_of: Micros,
    known: Micros,
    period: Period,
    tail: String,
}

impl Wanted {
    fn read(&self, context: &Context) -> Result<Asked> {
        let date = |text: &str, what: &str| -> Result<Micros> {
            if text.is_empty() {
                return Ok(context.now);
            }
            let day = || Micros::date(text).map(|at| Micros(at.0 + 86_400_000_000 - 1));
            text.parse().ok().or_else(day).ok_or_else(|| {
                Error::refused("date", format!("{what} {text:?} is no date"), "write 2026-03-31 or RFC 3339")
            })
        };
        let as_of = date(&self.as_of, "as_of")?;
        let period = match self.period.as_str() {
            "" => Period::holding(as_of),
            text => text.parse().map_err(|e: String| Error::refused("period", e, "write 2025-Q4 or FY2026-Q1"))?,
        };
        let fields = [("as_of", &self.as_of), ("known_as_of", &self.known_as_of), ("period", &self.period)];
        let tail: Vec<String> =
            fields.iter().filter(|(_, v)| !v.is_empty()).map(|(k, v)| format!("{k}={}", query(v))).collect();
        let tail = if tail.is_empty() { String::new() } else { format!("?{}", tail.join("&")) };
        Ok(Asked { as_of, known: date(&self.known_as_of, "known_as_of")?, period, tail })
    }
}

async fn show(State(state): State<AppState>, viewer: Viewer, Query(wanted): Query<Wanted>) -> Response {
    page(state, viewer, move |tx, context| view(tx, context, &wanted)).await
}

async fn one(
    State(state): State<AppState>,
    viewer: Viewer,
    Path(id): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Response {
    page(state, viewer, move |tx, context| explained(tx, context, &id, &wanted)).await
}

/// Orphans of the page.
const ORPHANS_MAX: usize = 50;

async fn coverage(State(state): State<AppState>, viewer: Viewer) -> Response {
    page(state, viewer, covered).await
}

fn covered(tx: &mut Tx<'_>, context: &Context) -> Result<Coverage> {
    context.person().must(Verb::Measure)?;
    let found = assure::coverage::coverage(tx, context.now)?;
    let catalogue = assure::record::Catalogue::of(tx)?;
    let role = context.person().role;
    let most = found.tags.iter().flat_map(|row| row.own.iter().zip(&row.rolled).map(|(a, b)| a + b)).max().unwrap_or(0);
    let served = |row: &assure::coverage::Row| Served {
        tag: row.tag.clone(),
        words: row.words.clone(),
        cells: row.own.iter().zip(&row.rolled).map(|(own, rolled)| cell(*own, *rolled, most)).collect(),
    };
    let of_plan = |plan: &Pack| {
        let prefix = format!("{}:", plan.head.prefix);
        let rows = found.tags.iter().filter(|row| row.tag.starts_with(&prefix)).map(served).collect();
        (plan.head.title.clone(), rows)
    };
    let named = |what: &str| -> Vec<(String, String)> {
        let of = found.tags.iter().filter(|row| row.tag.contains(what));
        of.map(|row| (row.tag.clone(), row.words.clone())).collect()
    };
    let (efforts, priorities) = (named(":effort-"), named(":priority-"));
    let both = |effort: &str, priority: &str| {
        found.both.iter().find(|b| b.effort == effort && b.priority == priority).map_or(0, |b| b.records)
    };
    let warmest = found.both.iter().map(|b| b.records).max().unwrap_or(0);
    let effort = |(tag, words): &(String, String)| {
        (words.clone(), priorities.iter().map(|(priority, _)| cell(both(tag, priority), 0, warmest)).collect())
    };
    let readable = found.orphans.iter().filter(|o| catalogue.get(&o.kind).is_none_or(|d| d.is_read_by(role)));
    let orphans: Vec<(String, String, String)> =
        readable.map(|o| (address(&o.kind, &o.id), o.name.clone(), o.kind.clone())).collect();
    let n = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let empty = found.tags.iter().filter(|row| row.is_empty()).count();
    let lede = Sentence::new().link("#orphans", &capital(&number(n(found.orphans.len())))).say(&format!(
        " of {} serve nothing; of {} nothing served {} in the last year.",
        count(n(found.records), "record", "records"),
        count(n(found.tags.len()), "aim, effort, priority or objective", "aims, efforts, priorities and objectives"),
        number(n(empty))
    ));
    Ok(Coverage {
        shell: context.shell(tx, "What serves what", "assure", Mark::Amber)?,
        lede,
        periods: found.periods.clone(),
        plans: assure::plans(tx)?.iter().map(of_plan).collect(),
        heads: priorities.iter().map(|(_, words)| words.clone()).collect(),
        efforts: efforts.iter().map(effort).collect(),
        more: orphans.len().saturating_sub(ORPHANS_MAX),
        orphans: orphans.into_iter().take(ORPHANS_MAX).collect(),
    })
}

/// A number and how warm it is beside the greatest, 0 to 4.
fn cell(own: usize, rolled: usize, most: usize) -> (String, u8) {
    let text = match (own, rolled) {
        (0, 0) => "–".to_owned(),
        (own, 0) => own.to_string(),
        (own, rolled) => format!("{own} +{rolled}"),
    };
    let warm = ((own + rolled) * 4).div_ceil(most.max(1)).min(4);
    (text, u8::try_from(warm).unwrap_or(4))
}

/// A text that is being written, as it stands in the address.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Written {
    text: String,
    measure: String,
    period: String,
}

async fn attempt(State(state): State<AppState>, viewer: Viewer, Query(written): Query<Written>) -> Response {
    page(state, viewer, move |tx, context| tried(tx, context, &written)).await
}

/// Where an editor begins that was opened without a measure.
const FIRST: &str = "each activity\nduring period by held_on\nwhere state is held\nonce per reference\n";

fn tried(tx: &mut Tx<'_>, context: &Context, written: &Written) -> Result<Attempt> {
    context.person().must(Verb::Measure)?;
    let dates = Wanted { period: written.period.clone(), ..Wanted::default() };
    let asked = dates.read(context)?;
    let text = match (written.text.as_str(), written.measure.as_str()) {
        ("", "") => FIRST.to_owned(),
        ("", id) => {
            let plans = assure::plans(tx)?;
            let found = plans.iter().find_map(|plan| plan.measure(id)?.count.clone());
            found.map_or_else(|| FIRST.to_owned(), |text| text.trim().to_owned())
        }
        (text, _) => text.to_owned(),
    };
    let result = match context.state().measures.attempt(tx, &text, asked.as_of, asked.known, &asked.period)? {
        Ok(e) => Ok(assure::readable(tx, e, context.person().role)?),
        Err(faults) => Err(faults),
    };
    let (lede, faults, rows) = match &result {
        Ok(e) => {
            let f = &e.figure;
            let (n, of) = (f.numerator.unwrap_or(0), f.denominator.unwrap_or(0));
            let said = match f.missing.as_slice() {
                [] => Sentence::new().bold(&format!("{n} of {of}")).say(&format!(" in {} would count.", asked.period)),
                missing => {
                    Sentence::new().say(&format!("The text can be counted; no {} is recorded yet.", missing.join(", ")))
                }
            };
            (said, Vec::new(), rows(e))
        }
        Err(faults) => {
            let said = Sentence::new().say(&format!(
                "{} wrong with the text.",
                capital(&count(i64::try_from(faults.len()).unwrap_or(0), "thing is", "things are"))
            ));
            (said, faults.iter().map(|f| (f.line, f.column, capital(&f.reason))).collect(), Vec::new())
        }
    };
    let catalogue = assure::record::Catalogue::of(tx)?;
    let role = context.person().role;
    let kinds = catalogue.all().filter(|d| d.is_read_by(role)).map(|d| {
        let fields: Vec<&str> = d.fields.iter().map(|field| field.name.as_str()).collect();
        (d.kind.clone(), fields.join(", "))
    });
    Ok(Attempt {
        shell: context.shell(tx, "Measure editor", "assure", Mark::Amber)?,
        lede,
        text,
        period: asked.period.to_string(),
        faults,
        rows,
        kinds: kinds.collect(),
    })
}

fn view(tx: &mut Tx<'_>, context: &Context, wanted: &Wanted) -> Result<Plan> {
    context.person().must(Verb::Measure)?;
    let asked = wanted.read(context)?;
    let Ok(pack) = assure::plan(tx) else { return empty(tx, context) };
    let given = assure::compute::parameters(tx)?;
    let of_plan = |f: &Figure| f.id.split_once(':').is_some_and(|(prefix, _)| prefix == pack.head.prefix);
    let all = context.state().measures.compute(tx, asked.as_of, asked.known, Some(&asked.period))?;
    let all = all.into_iter().filter(of_plan);
    let (indicators, figures): (Vec<Figure>, Vec<Figure>) = all.partition(|f| is_indicator(&f.id));
    let count_of = |key: &str| i64::try_from(figures.iter().filter(|f| how(f) == key).count()).unwrap_or(0);
    let parts = [("computed", "held"), ("recorded", "open"), ("missing", "unknown")];
    let signs: Vec<(i64, &str, Sign)> =
        parts.iter().map(|(key, fill)| (count_of(key), *fill, Sign::new(key))).collect();
    let drawn: Vec<(i64, &str, &str)> = signs.iter().map(|(n, fill, sign)| (*n, *fill, sign.word())).collect();
    let legend = signs.iter().map(|(n, _, sign)| Legend {
        shape: sign.shape(),
        count: n.to_string(),
        word: sign.word().to_owned(),
        href: String::new(),
    });
    Ok(Plan {
        shell: context.shell(tx, "The plan", "assure", Mark::Amber)?,
        plan: pack.head.title.clone(),
        lede: sentence(&figures, &asked),
        then: then(&asked, context),
        strip: strip(&drawn, 0, true),
        legend: legend.collect(),
        goals: pack.goals.iter().map(|g| goal(&pack, g, &given, (&figures, &indicators), &asked)).collect(),
    })
}

fn empty(tx: &mut Tx<'_>, context: &Context) -> Result<Plan> {
    Ok(Plan {
        shell: context.shell(tx, "The plan", "assure", Mark::Clear)?,
        plan: String::new(),
        lede: Sentence::new().say("No plan is loaded, so nothing is measured."),
        then: Sentence::new(),
        strip: strip(&[], 1, true),
        legend: Vec::new(),
        goals: Vec::new(),
    })
}

fn sentence(figures: &[Figure], asked: &Asked) -> Sentence {
    let valued: Vec<&Figure> = figures.iter().filter(|f| f.value.is_some()).collect();
    let all = i64::try_from(figures.len()).unwrap_or(0);
    let n = i64::try_from(valued.len()).unwrap_or(0);
    let first = valued.first().map_or_else(|| "#main".to_owned(), |f| format!("#m{}", short(&f.id)));
    let rest = all - n;
    Sentence::new().link(&first, &capital(&number(n))).say(&format!(
        " of {} {} a value for {}; of {} the page says what is missing.",
        count(all, "measure", "measures"),
        if n == 1 { "has" } else { "have" },
        asked.period,
        number(rest)
    ))
}

fn then(asked: &Asked, context: &Context) -> Sentence {
    let same = asked.as_of == asked.known;
    let known = if same {
        "known at the same moment".to_owned()
    } else {
        format!("known by {}", context.when(asked.known).moment())
    };
    Sentence::new().say(&format!("As of {}, {known}.", context.when(asked.as_of).moment()))
}

fn goal(
    pack: &Pack,
    g: &assure::pack::Goal,
    given: &std::collections::BTreeMap<String, String>,
    (figures, indicators): (&[Figure], &[Figure]),
    asked: &Asked,
) -> Goal {
    let objectives = pack.objectives.iter().filter(|o| o.goal == g.id).map(|o| {
        let number = bare(&o.id);
        let inside = |f: &&Figure| short(&f.id).starts_with(&format!("{number}."));
        // what enables comes before what is reached by it
        let enables =
            |f: &&Figure| pack.enabling.iter().any(|e| e.objective == o.id && format!("em-{}", e.id) == short(&f.id));
        Objective {
            text: pack.fill(&o.title, given),
            measures: indicators
                .iter()
                .filter(enables)
                .chain(figures.iter().filter(inside))
                .map(|f| measure(f, asked))
                .collect(),
            number,
        }
    });
    Goal { number: bare(&g.id), text: pack.fill(&g.title, given), objectives: objectives.collect() }
}

/// The number without a prefix or a letter before it: `O1.1` and `isp:1.1` are 1.1.
fn bare(id: &str) -> String {
    short(id).trim_start_matches(|c: char| !c.is_ascii_digit()).to_owned()
}

fn short(id: &str) -> &str {
    id.split_once(':').map_or(id, |(_, short)| short)
}

/// Of an enabling measure.
fn is_indicator(id: &str) -> bool {
    short(id).starts_with("em-")
}

/// How a measure is known: computed or recorded where it has a value, else missing.
fn how(f: &Figure) -> &'static str {
    match (&f.value, f.kind.as_str()) {
        (None, _) => "missing",
        (Some(_), "recorded") => "recorded",
        (Some(_), _) => "computed",
    }
}

fn measure(f: &Figure, asked: &Asked) -> Measure {
    let (drawn, said) = levels(&f.evidence);
    Measure {
        number: short(&f.id).to_owned(),
        text: f.statement.clone(),
        href: Some(format!("/assure/{}{}", query(short(&f.id)), asked.tail)),
        how: Sign::new(how(f)),
        value: f.value.as_ref().map(|v| value(v, &f.unit)),
        of: match (f.numerator, f.denominator) {
            (Some(n), Some(d)) => format!("{n} of {d}"),
            _ => String::new(),
        },
        steps: f.value.as_ref().and(drawn),
        steps_said: said,
        // that it is an exercise stands above each page
        missing: match f.missing.as_slice() {
            [] => f.notes.iter().find(|note| !note.contains("exercise")).cloned().unwrap_or_default(),
            missing => missing.join(", "),
        },
    }
}

fn value(v: &Number, unit: &str) -> String {
    if unit == "percent" { format!("{v}\u{a0}%") } else { v.to_string() }
}

fn levels(e: &Levels) -> (Option<crate::chart::Svg>, String) {
    let all = [&e.E1, &e.E2, &e.E3, &e.E4];
    let said: Vec<String> =
        all.iter().enumerate().filter_map(|(i, v)| v.as_ref().map(|v| format!("E{} {v}", i + 1))).collect();
    if said.is_empty() {
        return (None, String::new());
    }
    let values = all.map(|v| v.as_ref().and_then(Number::as_f64).unwrap_or(0.0));
    let most = values.iter().copied().fold(0.0, f64::max);
    (Some(steps(values, most)), said.join(", "))
}

fn explained(tx: &mut Tx<'_>, context: &Context, id: &str, wanted: &Wanted) -> Result<Explained> {
    context.person().must(Verb::Measure)?;
    let asked = wanted.read(context)?;
    let e = context.state().measures.explain(tx, id, asked.as_of, asked.known, Some(&asked.period))?;
    let e = assure::readable(tx, e, context.person().role)?;
    let f = &e.figure;
    let lede = match &f.value {
        Some(v) => match (f.numerator, f.denominator) {
            (Some(n), Some(d)) if f.unit != "percent" => {
                Sentence::new().bold(&format!("{n} of {d}")).say(&format!(" {} in {}.", f.unit, f.period))
            }
            _ => Sentence::new().bold(&value(v, &f.unit)).say(&format!(
                " {} in {}.",
                if f.unit == "percent" { "" } else { &f.unit },
                f.period
            )),
        },
        None => Sentence::new().say(&format!(
            "No value for {}: {} missing.",
            f.period,
            count(i64::try_from(f.missing.len()).unwrap_or(0), "thing is", "things are")
        )),
    };
    Ok(Explained {
        shell: context.shell(tx, &format!("Measure {}", short(&f.id)), "assure", Mark::Amber)?,
        number: short(&f.id).to_owned(),
        period: f.period.to_string(),
        how: Sign::new(how(f)),
        lede,
        text: f.statement.clone(),
        missing: f.missing.iter().map(|m| format!("No {m} is in the ledger yet.")).collect(),
        figures: beside(f),
        count: e.definition.count.as_deref().map(|text| text.trim().to_owned()),
        rows: rows(&e),
    })
}

fn beside(f: &Figure) -> Vec<(String, String)> {
    let mut out: Vec<(String, String)> = Vec::new();
    let (_, said) = levels(&f.evidence);
    if !said.is_empty() {
        out.push(("At each level of evidence or better".to_owned(), said));
    }
    if let Some(b) = &f.baseline {
        let value = b.value.as_ref().map_or_else(|| "nothing was looked at then".to_owned(), Number::to_string);
        out.push((format!("Baseline {}", b.period), value));
    }
    if let Some(r) = &f.restates {
        let value = r.value.as_ref().map_or_else(|| "none".to_owned(), Number::to_string);
        out.push((format!("Restates the value of {}", r.known_as_of.day()), value));
    }
    out.extend(f.beside.iter().map(|(name, v)| (capital(&name.replace('_', " ")), plain(v))));
    out.extend(f.notes.iter().map(|n| ("Note".to_owned(), capital(n))));
    out.push(("Definition".to_owned(), format!("version {}", f.definition_version)));
    out
}

/// A JSON value as a person reads it.
fn plain(v: &Value) -> String {
    match v {
        Value::Null => "none".to_owned(),
        Value::String(s) => s.clone(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join("; "),
        Value::Object(map) => {
            map.iter().map(|(k, v)| format!("{} {}", k.replace('_', " "), plain(v))).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

fn rows(e: &Explanation) -> Vec<Counted> {
    let item = |i: &Item| {
        let key = if i.counted { "computed" } else { "not_affected" };
        let word = match (i.counted, i.in_population) {
            (true, _) => "counted",
            (false, true) => "in the denominator only",
            (false, false) => "not counted",
        };
        let state = Sign::new(key).saying(word);
        // of what is counted by its text there is one thing behind each
        if let (Some(_), [one]) = (&e.definition.count, i.details.as_slice()) {
            let level = Level::read(&one.verdict);
            let href = record_of(&one.about);
            return vec![Counted { state, what: one.about.clone(), href, evidence: level, why: i.why.clone() }];
        }
        let whole = Counted { state, what: i.key.clone(), href: None, evidence: None, why: i.why.clone() };
        std::iter::once(whole).chain(i.details.iter().map(|d| detail(&i.key, d))).collect::<Vec<_>>()
    };
    e.counted.iter().chain(&e.not_counted).flat_map(item).collect()
}

/// The page of what was counted: `activity a-1 (Table-top)` is a record; organisations and what the program saw itself are none.
fn record_of(about: &str) -> Option<String> {
    let (kind, rest) = about.split_once(' ')?;
    let (id, _) = rest.split_once(" (")?;
    let is_record = kind != "partner" && !id.starts_with("mitigated/");
    is_record.then(|| address(kind, id))
}

fn detail(key: &str, d: &Detail) -> Counted {
    let good = matches!(d.verdict.as_str(), "success" | "met" | "counted");
    let state = Sign::new(if good { "computed" } else { "recorded" }).saying(&d.verdict);
    Counted { state, what: format!("{key}: {}", d.about), href: None, evidence: None, why: d.why.clone() }
}
