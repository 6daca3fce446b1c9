//! The report of a review: one source, from which each of its forms is written: the page and its print by the server, CSV and ICS in
//! [`super::forms`], JSON as it stands. A reader of any of them finds the same figures.
use std::collections::BTreeMap;

use ledger::{Micros, Result, Tx};
use serde::Serialize;
use serde_json::Number;
use stix::Tlp;

use crate::compute;
use crate::figure::{Explanation, Figure};
use crate::pack::Plan;
use crate::period::Period;
use crate::review::claim::{self, Claim, Frozen};
use crate::review::workspace::{Done, Stage, Workspace};
use crate::review::{Matter, Written, desk};

/// Below so many, a share names people: it is withheld from whoever may read less than AMBER.
pub(super) const SMALL: i64 = 5;

/// A report.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The period.
    pub period: Period,
    /// Its mark: `AMBER`, or wider with less in it.
    pub marking: String,
    /// Where the review is: `open`, `shown`, `frozen`, `attested`.
    pub stage: Stage,
    /// The store is an exercise: nothing here counts.
    pub exercise: bool,
    /// What was so by then.
    pub as_of: Micros,
    /// What was known by then.
    pub known_as_of: Micros,
    /// When it was frozen, by whom, by which entry, and H over the claim.
    pub frozen: Option<Seal>,
    /// Who vouches for it.
    pub attested: Vec<Seal>,
    /// On the whole: what was written.
    pub texts: Vec<Text>,
    /// The period before.
    pub before: Period,
    /// What is more than in the period before, what is less, what cannot be compared.
    pub moved: Moved,
    /// The same beside the baseline; nothing in the baseline's own period.
    pub baseline: Option<Moved>,
    /// Goals in their order.
    pub goals: Vec<Goal>,
    /// The best and the worst of the loop.
    pub cases: Vec<Case>,
    /// What came to be known after the freeze, or is counted otherwise.
    pub restated: Vec<Restated>,
    /// What partners replied.
    pub replies: Vec<Reply>,
    /// How many partners were shown what is said of them.
    pub shown: usize,
    /// What an inspector looks at, by measure; drawn once it is frozen.
    pub sample: BTreeMap<String, Vec<String>>,
}

/// Something done by somebody.
#[derive(Clone, Debug, Serialize)]
pub struct Seal {
    /// When.
    pub at: Micros,
    /// By whom.
    pub by: String,
    /// The entry of the ledger.
    pub entry: i64,
    /// H over what is sealed, base64.
    pub digest: String,
    /// What was looked at.
    pub note: String,
}

/// A text with what it is.
#[derive(Clone, Debug, Serialize)]
pub struct Text {
    /// What it is.
    pub matter: Matter,
    /// The text.
    pub text: String,
    /// Who sees to it.
    pub who: String,
    /// Until when.
    pub due: String,
    /// Who wrote it.
    pub by: String,
    /// When.
    pub at: Micros,
}

/// Measures by how they stand to what they are compared with.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Moved {
    /// Better.
    pub better: Vec<String>,
    /// As it was.
    pub same: Vec<String>,
    /// Worse.
    pub worse: Vec<String>,
    /// Without a value here or there.
    pub unknown: Vec<String>,
}

/// A goal of the plan.
#[derive(Clone, Debug, Serialize)]
pub struct Goal {
    /// "1".
    pub id: String,
    /// In our short words.
    pub title: String,
    /// Its objectives.
    pub objectives: Vec<Objective>,
}

/// An objective of the plan.
#[derive(Clone, Debug, Serialize)]
pub struct Objective {
    /// "1.2".
    pub id: String,
    /// In our short words.
    pub title: String,
    /// Its measures and indicators.
    pub figures: Vec<Row>,
    /// What was written on it.
    pub texts: Vec<Text>,
}

/// A figure as a report prints it.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// `isp:2.1.3`.
    pub id: String,
    /// It is an indicator of an enabling measure.
    pub indicator: bool,
    /// What it says.
    pub statement: String,
    /// `computed`, `recorded`.
    pub kind: String,
    /// What is counted.
    pub unit: String,
    /// The value.
    pub value: Option<Number>,
    /// Counted.
    pub numerator: Option<i64>,
    /// Of so many.
    pub denominator: Option<i64>,
    /// The value at E1 to E4 or better.
    pub evidence: [Option<Number>; 4],
    /// The value of the period before.
    pub before: Option<Number>,
    /// The value less that of the period before.
    pub moved: Option<Number>,
    /// The period that it is compared with for good.
    pub baseline_period: Option<String>,
    /// Its value.
    pub baseline: Option<Number>,
    /// The value less that of the baseline.
    pub change: Option<Number>,
    /// What is not there.
    pub missing: Vec<String>,
    /// Too few to be told under this mark.
    pub withheld: bool,
    /// Version of the definition.
    pub definition_version: u32,
    /// What a reader must know beside the number.
    pub notes: Vec<String>,
}

/// A figure that is another now.
#[derive(Clone, Debug, Serialize)]
pub struct Restated {
    /// Which.
    pub id: String,
    /// As it was frozen.
    pub frozen: Option<Number>,
    /// As it is known now.
    pub now: Option<Number>,
    /// Why.
    pub why: String,
}

/// A reply, beside the figure.
#[derive(Clone, Debug, Serialize)]
pub struct Reply {
    /// Whose.
    pub org: String,
    /// Its name.
    pub name: String,
    /// The measure; empty for all.
    pub measure: String,
    /// In its own words.
    pub text: String,
    /// When.
    pub at: Micros,
    /// It came after the freeze.
    pub late: bool,
}

/// One turn of the loop: from the advice to what came of it.
#[derive(Clone, Debug, Serialize)]
pub struct Case {
    /// It is the best, else the worst.
    pub best: bool,
    /// The partner, as far as it may be named.
    pub partner: String,
    /// The vulnerability.
    pub vulnerability: String,
    /// In a sentence.
    pub why: String,
    /// The times that decide, by name.
    pub times: BTreeMap<String, Micros>,
}

/// The report of a review for readers of a mark. Before the freeze it is a draft of what is known now.
pub fn report(tx: &mut Tx<'_>, review: &Period, marking: Tlp, now: Micros) -> Result<Report> {
    let one = desk::must(tx, review)?;
    let plan = compute::plan(tx)?;
    let given = compute::parameters(tx)?;
    let known = one.known_as_of(now);
    let (explained, _) = desk::figures(tx, review, known)?;
    let claims: Vec<Claim> = match &one.frozen {
        Some(frozen) => frozen.what.figures.clone(),
        None => explained.iter().map(Claim::of).collect(),
    };
    let (earlier, _) = desk::figures(tx, &review.before(), known)?;
    let before: BTreeMap<&str, &Number> = earlier
        .iter()
        .filter(|e| looked_at(e))
        .filter_map(|e| Some((e.figure.id.as_str(), e.figure.value.as_ref()?)))
        .collect();
    let one_row = |claim: &Claim| row(&claim.figure, before.get(claim.figure.id.as_str()).copied(), marking);
    let rows: Vec<Row> = claims.iter().map(one_row).collect();
    let is_baseline = rows.iter().any(|row| row.baseline_period.as_deref() == Some(review.to_string().as_str()));
    let restated = match &one.frozen {
        Some(frozen) => restated(tx, review, &frozen.what, now)?,
        None => Vec::new(),
    };
    let narrow = marking >= Tlp::Amber;
    let names: BTreeMap<String, String> =
        partners::org::all(tx)?.into_iter().map(|card| (card.key, card.name)).collect();
    let goal = |goal: &crate::pack::Goal| Goal {
        id: goal.id.clone(),
        title: plan.fill(&goal.title, &given),
        objectives: plan
            .objectives
            .iter()
            .filter(|o| o.goal == goal.id)
            .map(|o| objective(&one, &plan, o, &given, &rows))
            .collect(),
    };
    let sample = match &one.frozen {
        Some(frozen) if narrow => sample(tx, &one.seed, frozen.entry, &explained)?,
        _ => BTreeMap::new(),
    };
    Ok(Report {
        period: review.clone(),
        marking: marking.to_string(),
        stage: one.stage(),
        exercise: compute::is_exercise(tx)?,
        as_of: Micros(review.until().0 - 1),
        known_as_of: known,
        frozen: one.frozen.as_ref().map(|f| seal(f, &f.what.digest(), "")),
        attested: one.attested.iter().map(|a| seal(a, &a.what.claim, &a.what.note)).collect(),
        texts: texts(&one, ""),
        before: review.before(),
        moved: moved(&rows, |row| row.moved.as_ref()),
        baseline: (!is_baseline).then(|| moved(&rows, |row| row.change.as_ref())),
        goals: plan.goals.iter().map(goal).collect(),
        cases: if narrow { cases(&explained, &names) } else { Vec::new() },
        restated,
        replies: if narrow { replies(&one, &names) } else { Vec::new() },
        shown: one.shown.len(),
        sample,
    })
}

/// Whether anything was there to be looked at: before the first record a nought is no value.
fn looked_at(one: &Explanation) -> bool {
    one.counted.iter().chain(&one.not_counted).any(|item| item.in_population)
}

fn seal<T>(done: &Done<T>, digest: &str, note: &str) -> Seal {
    Seal { at: done.at, by: done.by.clone(), entry: done.entry, digest: digest.to_owned(), note: note.to_owned() }
}

fn objective(
    one: &Workspace,
    plan: &Plan,
    objective: &crate::pack::Objective,
    given: &BTreeMap<String, String>,
    rows: &[Row],
) -> Objective {
    let of = |row: &&Row| plan.objective_of(&row.id) == Some(objective.id.as_str());
    Objective {
        id: objective.id.clone(),
        title: plan.fill(&objective.title, given),
        figures: rows.iter().filter(of).cloned().collect(),
        texts: texts(one, &objective.id),
    }
}

fn texts(one: &Workspace, objective: &str) -> Vec<Text> {
    let text = |done: &Done<Written>| Text {
        matter: done.what.matter,
        text: done.what.text.clone(),
        who: done.what.who.clone(),
        due: done.what.due.clone(),
        by: done.by.clone(),
        at: done.at,
    };
    let later = Matter::ALL.into_iter().skip(1).flat_map(|matter| one.of(matter, objective));
    one.narrative(objective).into_iter().chain(later).map(text).collect()
}

fn row(figure: &Figure, before: Option<&Number>, marking: Tlp) -> Row {
    let few = figure.unit == "percent" && figure.denominator.is_some_and(|of| of < SMALL);
    let withheld = few && marking < Tlp::Amber && figure.value.is_some();
    let shown = |number: &Option<Number>| number.clone().filter(|_| !withheld);
    let e = &figure.evidence;
    let baseline = figure.baseline.as_ref();
    let value = shown(&figure.value);
    let compared = baseline.and_then(|b| b.value.clone()).filter(|_| !withheld);
    let before = before.cloned().filter(|_| !withheld);
    let less = |then: &Option<Number>| difference(value.as_ref()?, then.as_ref()?);
    let (change, moved) = (less(&compared), less(&before));
    Row {
        id: figure.id.clone(),
        indicator: figure.id.contains(":em-"),
        statement: figure.statement.clone(),
        kind: figure.kind.clone(),
        unit: figure.unit.clone(),
        value,
        numerator: figure.numerator.filter(|_| !withheld),
        denominator: figure.denominator.filter(|_| !withheld),
        evidence: [shown(&e.E1), shown(&e.E2), shown(&e.E3), shown(&e.E4)],
        before,
        moved,
        baseline_period: baseline.map(|b| b.period.to_string()),
        baseline: compared,
        change,
        missing: figure.missing.clone(),
        withheld,
        definition_version: figure.definition_version,
        // that it is an exercise is said once
        notes: figure.notes.iter().filter(|note| *note != compute::EXERCISE).cloned().collect(),
    }
}

fn difference(now: &Number, then: &Number) -> Option<Number> {
    match (now.as_i64(), then.as_i64()) {
        (Some(now), Some(then)) => Some((now - then).into()),
        _ => Number::from_f64(((now.as_f64()? - then.as_f64()?) * 10.0).round() / 10.0 + 0.0),
    }
}

fn moved(rows: &[Row], by: impl Fn(&Row) -> Option<&Number>) -> Moved {
    let mut moved = Moved::default();
    for row in rows.iter().filter(|row| !row.indicator) {
        let list = match by(row).and_then(Number::as_f64) {
            None => &mut moved.unknown,
            Some(change) if change > 0.0 => &mut moved.better,
            Some(change) if change < 0.0 => &mut moved.worse,
            Some(_) => &mut moved.same,
        };
        list.push(row.id.clone());
    }
    moved
}

/// The frozen figures that are others now, and why.
fn restated(tx: &mut Tx<'_>, review: &Period, frozen: &Frozen, now: Micros) -> Result<Vec<Restated>> {
    let (explained, _) = desk::figures(tx, review, now)?;
    let words = partners::merge::all(tx, now)?;
    let mut since = crate::merged::between(&words, frozen.known_as_of, now);
    let packs = desk::packs(tx)?;
    // the definitions of records and the plan's parameters have no version of their own in a figure
    since.extend(desk::changed(&frozen.packs, &packs).map(|pack| format!("the pack {pack} is another one")));
    since.push("facts that came to be known later".to_owned());
    let present: BTreeMap<&str, &Figure> = explained.iter().map(|e| (e.figure.id.as_str(), &e.figure)).collect();
    let one = |claim: &Claim| {
        let then = &claim.figure;
        let is = present.get(then.id.as_str());
        let why = match is {
            None => "no plan has it any more".to_owned(),
            Some(is) if is.definition_version != then.definition_version => {
                format!(
                    "it is counted by version {} of its definition, not {}",
                    is.definition_version, then.definition_version
                )
            }
            Some(is) if is.value != then.value => since.join(", or "),
            Some(_) => return None,
        };
        let value = is.and_then(|is| is.value.clone());
        Some(Restated { id: then.id.clone(), frozen: then.value.clone(), now: value, why })
    };
    Ok(frozen.figures.iter().filter_map(one).collect())
}

fn replies(one: &Workspace, names: &BTreeMap<String, String>) -> Vec<Reply> {
    let frozen = one.frozen.as_ref().map(|f| f.at);
    let reply = |(at, said): &(Micros, crate::review::ReplyMeta)| Reply {
        org: said.org.clone(),
        name: names.get(&said.org).unwrap_or(&said.org).clone(),
        measure: said.measure.clone(),
        text: said.text.clone(),
        at: *at,
        late: frozen.is_some_and(|frozen| *at > frozen),
    };
    one.replies.iter().map(reply).collect()
}

fn sample(tx: &mut Tx<'_>, seed: &str, entry: i64, explained: &[Explanation]) -> Result<BTreeMap<String, Vec<String>>> {
    let root = ledger::leaves::root_at(tx, entry)?;
    let keys = |one: &Explanation| claim::sample(seed, &root, one).into_iter().map(|item| item.key.clone()).collect();
    Ok(explained
        .iter()
        .map(|one| (one.figure.id.clone(), keys(one)))
        .filter(|(_, keys): &(_, Vec<String>)| !keys.is_empty())
        .collect())
}

/// The pair that was mitigated longest before its attack, and the one that was attacked longest before it was mitigated, if it ever was.
fn cases(explained: &[Explanation], names: &BTreeMap<String, String>) -> Vec<Case> {
    let loops = explained.iter().filter(|one| one.definition.model.as_deref() == Some("mitigated-before-attack"));
    let all: Vec<Case> = loops
        .flat_map(|one| one.counted.iter().chain(&one.not_counted))
        .flat_map(|item| {
            item.details.iter().map(|detail| Case {
                best: detail.verdict == "success",
                partner: names.get(&item.key).unwrap_or(&item.key).clone(),
                vulnerability: detail.about.clone(),
                why: detail.why.clone(),
                times: detail.times.clone(),
            })
        })
        .collect();
    let time = |case: &Case, name: &str| case.times.get(name).map(|at| at.0);
    let room = |case: &&Case| Some(time(case, "attacked")? - time(case, "mitigated")?);
    let took = |case: &&Case| Some(time(case, "mitigated")? - time(case, "advised")?);
    let ahead = all.iter().filter(|c| c.best && room(c).is_some()).max_by_key(|c| room(c));
    let quickest = all.iter().filter(|c| c.best && took(c).is_some()).min_by_key(|c| took(c));
    let late =
        all.iter().filter(|c| !c.best && time(c, "attacked").is_some()).max_by_key(|c| match time(c, "mitigated") {
            None => i64::MAX - time(c, "attacked").unwrap_or_default(),
            Some(at) => at - time(c, "attacked").unwrap_or_default(),
        });
    ahead.or(quickest).into_iter().chain(late).cloned().collect()
}

impl Report {
    /// Every figure, in the order of the plan.
    pub fn rows(&self) -> impl Iterator<Item = &Row> {
        self.goals.iter().flat_map(|goal| &goal.objectives).flat_map(|objective| &objective.figures)
    }
}
