//! What the command line and the pages ask: the plan that stands, its figures, and why a figure is what it is.
use std::collections::BTreeMap;

use ledger::keys::SigningKey;
use ledger::pack::{self, Pack};
use ledger::{Error, Micros, Result, Tx};
use partners::Role;

use crate::facts::View;
use crate::figure::{Explanation, Figure};
use crate::lint::{self, Report};
use crate::measure::{Ledgers, Lens};
use crate::pack::{Measure, Plan};
use crate::period::Period;
use crate::record::definition::{self, Catalogue};
use crate::record::facts::Book;
use crate::{count, measure, shipped};

/// Puts the shipped packs into a new store.
pub fn furnish(tx: &mut Tx<'_>, key: &SigningKey) -> Result<()> {
    for one in shipped::packs()? {
        pack::add(tx, &one, key)?;
    }
    Ok(())
}

/// Whether a pack may be loaded into this store: a plan must be free of faults, country rules and definitions of records must be readable, and no
/// field that records use may vanish.
pub fn check_pack(tx: &mut Tx<'_>, pack: &Pack) -> std::result::Result<(), String> {
    let words = |e: Error| e.to_string();
    let faults = match pack.kind.as_str() {
        "rules" => {
            return act::desk::read_rules(&pack.files).map(drop).map_err(|e| format!("rules pack {}: {e}", pack.name));
        }
        "plan" => {
            let mut catalogue = Catalogue::of(tx).map_err(words)?;
            let plan = Plan::of(pack).map_err(words)?;
            catalogue.add(plan.records.clone());
            let mut faults = lint::lint(&plan, &catalogue).faults;
            for (_, standing) in pack::of_kind(tx, "plan").map_err(words)?.iter().filter(|(_, p)| p.name == pack.name) {
                faults.extend(crate::diff::unversioned(standing, pack)?);
            }
            faults
        }
        "records" => {
            let definitions = definition::definitions(pack).map_err(|e| format!("records pack {}: {e}", pack.name))?;
            let standing = Catalogue::of(tx).map_err(words)?;
            let mut faults = definition::lint(&definitions, &standing);
            faults.extend(lost(tx, &definitions).map_err(words)?);
            faults
        }
        _ => return Ok(()),
    };
    match faults.first() {
        None => Ok(()),
        Some(first) => Err(format!(
            "{} pack {} has {} faults, the first: {}: {} [{}]; `mainstay plan lint` lists all",
            pack.kind,
            pack.name,
            faults.len(),
            first.place,
            first.reason,
            first.rule
        )),
    }
}

/// Fields and states that records here use and a new definition of their kind does not have.
fn lost(tx: &mut Tx<'_>, definitions: &[definition::Definition]) -> Result<Vec<lint::Fault>> {
    let book = Book::read(tx, Micros(i64::MAX))?;
    let mut faults = Vec::new();
    for definition in definitions {
        let mut missing = std::collections::BTreeSet::new();
        for record in book.last_known(&definition.kind) {
            missing.extend(record.fields.keys().filter(|name| definition.field(name).is_none()).cloned());
            if definition.state(&record.state).is_none() {
                missing.insert(format!("state {}", record.state));
            }
        }
        for name in missing {
            let reason = format!("records use {name:?}, which the definition does not have: keep it");
            faults.push(lint::Fault { place: format!("record {}", definition.kind), rule: "record-in-use", reason });
        }
    }
    Ok(faults)
}

/// The plans that stand, in the order of their names.
pub fn plans(tx: &mut Tx<'_>) -> Result<Vec<Plan>> {
    let plans: Vec<Plan> = pack::of_kind(tx, "plan")?.iter().map(|(_, pack)| Plan::of(pack)).collect::<Result<_>>()?;
    match plans.is_empty() {
        true => Err(Error::refused("plan-none", "no plan pack is in the store", "load one with `mainstay pack add`")),
        false => Ok(plans),
    }
}

/// The plan by which progress is measured: of those that stand the first that has measures.
pub fn plan(tx: &mut Tx<'_>) -> Result<Plan> {
    let none = || Error::refused("plan-none", "no plan here has measures", "load one with `mainstay pack add`");
    plans(tx)?.into_iter().find(|plan| !plan.measures.is_empty()).ok_or_else(none)
}

/// Every tag that a plan knows, with its words.
pub fn tags(tx: &mut Tx<'_>) -> Result<BTreeMap<String, String>> {
    let given = parameters(tx)?;
    let filled =
        |plan: &Plan| plan.tags().into_iter().map(|(tag, words)| (tag, plan.fill(&words, &given))).collect::<Vec<_>>();
    Ok(plans(tx)?.iter().flat_map(filled).collect())
}

/// Counts each plan in the store and checks it, and what records are.
pub fn lint_plans(tx: &mut Tx<'_>) -> Result<Vec<Report>> {
    let catalogue = Catalogue::of(tx)?;
    let mut reports: Vec<Report> = plans(tx)?.iter().map(|plan| lint::lint(plan, &catalogue)).collect();
    for (_, pack) in pack::of_kind(tx, "records")? {
        let definitions = definition::definitions(&pack).map_err(|e| crate::pack::unreadable(&pack, &e))?;
        let faults = definition::lint(&definitions, &catalogue);
        reports.push(Report {
            pack: pack.name.clone(),
            counts: lint::Counts { records: definitions.len(), ..Default::default() },
            faults,
        });
    }
    Ok(reports)
}

/// What the texts of the plan say for home and agency: the pack's own words for the nation it was made for, else this hub's.
pub fn parameters(tx: &mut Tx<'_>) -> Result<BTreeMap<String, String>> {
    let sql = "SELECT org, country FROM @fact_home WHERE id = 1";
    let Some((org, country)) = tx.one(sql, &[], |r| (r.text(0).to_owned(), r.text(1).to_owned()))? else {
        return Ok(BTreeMap::new());
    };
    if country.is_empty() || country == "US" {
        return Ok(BTreeMap::new());
    }
    let sql = "SELECT name FROM @fact_org WHERE org = $1 ORDER BY idx DESC";
    let name = tx.one(sql, &[(&org).into()], |r| r.text(0).to_owned())?;
    Ok(BTreeMap::from([("home".to_owned(), country), ("agency".to_owned(), name.unwrap_or(org))]))
}

/// Every measure of the plan as of two dates, both inclusive; the period is the quarter that holds `as_of` unless said.
pub fn compute(tx: &mut Tx<'_>, as_of: Micros, known_as_of: Micros, period: Option<&Period>) -> Result<Vec<Figure>> {
    let (plans, of) = (plans(tx)?, ledgers(tx, known_as_of)?);
    let figures = figures_by(tx, &plans, &of, View { as_of, known_as_of }, period);
    // to give back what millions of facts took is a tenth of the work, and nobody waits for it
    rayon::spawn(move || drop(of));
    figures
}

/// The same from what was read already.
pub(crate) fn figures_by(
    tx: &mut Tx<'_>,
    plans: &[Plan],
    of: &Ledgers,
    view: View,
    period: Option<&Period>,
) -> Result<Vec<Figure>> {
    let period = period.cloned().unwrap_or_else(|| Period::holding(view.as_of));
    each(tx, plans, of, view, &period, |lens, measure, exercise| {
        let mut figure = lens.figure(measure);
        marked(&mut figure, exercise);
        figure
    })
}

/// What is made of every measure of every plan; last whether this store is an exercise.
fn each<T: Send>(
    tx: &mut Tx<'_>,
    plans: &[Plan],
    of: &Ledgers,
    view: View,
    period: &Period,
    make: impl Fn(&Lens<'_>, &Measure, bool) -> T + Send + Sync,
) -> Result<Vec<T>> {
    let (given, exercise) = (parameters(tx)?, is_exercise(tx)?);
    let of_plan = |plan: &Plan| {
        let lens = Lens::new(plan, &given, of, view, period);
        measure::all(&lens, |measure| make(&lens, measure, exercise))
    };
    Ok(plans.iter().flat_map(of_plan).collect())
}

/// The same with everything that was counted and not counted.
pub fn explain_all(
    tx: &mut Tx<'_>,
    as_of: Micros,
    known_as_of: Micros,
    period: Option<&Period>,
) -> Result<Vec<Explanation>> {
    let period = period.cloned().unwrap_or_else(|| Period::holding(as_of));
    let (plans, of) = (plans(tx)?, ledgers(tx, known_as_of)?);
    explain_by(tx, &plans, &of, View { as_of, known_as_of }, &period)
}

/// The same from what was read already.
pub(crate) fn explain_by(
    tx: &mut Tx<'_>,
    plans: &[Plan],
    of: &Ledgers,
    view: View,
    period: &Period,
) -> Result<Vec<Explanation>> {
    each(tx, plans, of, view, period, |lens, measure, exercise| {
        let mut explained = lens.explain(measure);
        marked(&mut explained.figure, exercise);
        explained
    })
}

/// All that measures are computed from.
pub(crate) fn ledgers(tx: &mut Tx<'_>, known: Micros) -> Result<Ledgers> {
    Ok(Ledgers::read(tx, known)?.0)
}

/// One measure, by its id with or without the plan's prefix.
pub fn explain(
    tx: &mut Tx<'_>,
    id: &str,
    as_of: Micros,
    known_as_of: Micros,
    period: Option<&Period>,
) -> Result<Explanation> {
    let plans = plans(tx)?;
    let named = named(&plans, id)?;
    let of = ledgers(tx, known_as_of)?;
    explain_one(tx, &of, named, View { as_of, known_as_of }, period)
}

/// The measure of this id, with its plan.
pub(crate) fn named<'a>(plans: &'a [Plan], id: &str) -> Result<(&'a Plan, &'a Measure)> {
    plans.iter().find_map(|plan| Some((plan, plan.measure(id)?))).ok_or_else(|| {
        let reason = format!("no plan has a measure {id:?}");
        Error::refused("measure-unknown", reason, "`mainstay measure compute` lists all")
    })
}

/// The same from what was read already.
pub(crate) fn explain_one(
    tx: &mut Tx<'_>,
    of: &Ledgers,
    (plan, measure): (&Plan, &Measure),
    view: View,
    period: Option<&Period>,
) -> Result<Explanation> {
    let given = parameters(tx)?;
    let period = period.cloned().unwrap_or_else(|| Period::holding(view.as_of));
    let mut explained = Lens::new(plan, &given, of, view, &period).explain(measure);
    marked(&mut explained.figure, is_exercise(tx)?);
    Ok(explained)
}

/// An explanation as a role may read it: where the things that are counted are not for it, how many there are is told, and why each counts or does
/// not, but neither names nor entries.
pub fn readable(tx: &mut Tx<'_>, mut explained: Explanation, role: Role) -> Result<Explanation> {
    let catalogue = Catalogue::of(tx)?;
    let Some(Ok(program)) = measure::program(&explained.definition, &catalogue) else { return Ok(explained) };
    let Some(definition) = catalogue.get(&program.each).filter(|d| !d.is_read_by(role)) else { return Ok(explained) };
    let all = explained.counted.iter_mut().chain(&mut explained.not_counted);
    for (n, item) in all.enumerate() {
        item.key = format!("{} {}", definition.title.to_lowercase(), n + 1);
        item.details.clear();
    }
    let who = definition.read_by.join(" and ");
    explained.figure.notes.push(format!("what is counted is named to {who} only"));
    Ok(explained)
}

/// What a text would count, or what is wrong with it. Nothing is stored: this is how a definition is written.
pub fn attempt(
    tx: &mut Tx<'_>,
    text: &str,
    as_of: Micros,
    known_as_of: Micros,
    period: &Period,
) -> Result<std::result::Result<Explanation, Vec<count::Fault>>> {
    let of = ledgers(tx, known_as_of)?;
    attempt_by(&of, text, View { as_of, known_as_of }, period)
}

/// The same from what was read already.
pub(crate) fn attempt_by(
    of: &Ledgers,
    text: &str,
    view: View,
    period: &Period,
) -> Result<std::result::Result<Explanation, Vec<count::Fault>>> {
    if let Err(faults) = count::read(text, &of.catalogue, &BTreeMap::new()) {
        return Ok(Err(faults));
    }
    let tried = Measure {
        id: "this text".to_owned(),
        kind: "recorded".to_owned(),
        unit: "counted".to_owned(),
        count: Some(text.to_owned()),
        min_evidence: "E0".to_owned(),
        ..Measure::default()
    };
    let (plan, given) = (Plan::default(), BTreeMap::new());
    Ok(Ok(Lens::new(&plan, &given, of, view, period).explain(&tried)))
}

/// What stands beside each figure of an exercise.
pub(crate) const EXERCISE: &str = "this store is an exercise: no figure of it counts";

fn marked(figure: &mut Figure, exercise: bool) {
    if exercise && figure.value.is_some() {
        figure.notes.push(EXERCISE.to_owned());
    }
}

pub(crate) fn is_exercise(tx: &mut Tx<'_>) -> Result<bool> {
    Ok(tx.one("SELECT exercise FROM @fact_home WHERE id = 1", &[], |r| r.bool(0))?.unwrap_or(false))
}
