//! What the command line and the pages ask: the plan that stands, its figures, and why a figure is what it is.
use std::collections::BTreeMap;

use ledger::keys::SigningKey;
use ledger::pack::{self, Pack};
use ledger::{Error, Micros, Result, Tx};

use crate::facts::View;
use crate::figure::{Explanation, Figure};
use crate::lint::{self, Report};
use crate::pack::{Plan, shipped};
use crate::period::Period;
use crate::{load, measure};

/// Puts the shipped plan into a new store.
pub fn furnish(tx: &mut Tx<'_>, key: &SigningKey) -> Result<()> {
    pack::add(tx, &shipped()?, key).map(drop)
}

/// Whether a pack may be loaded: a plan must be free of faults, country rules must be readable.
pub fn check_pack(pack: &Pack) -> std::result::Result<(), String> {
    if pack.kind == "rules" {
        return act::desk::read_rules(&pack.files).map(drop).map_err(|e| format!("rules pack {}: {e}", pack.name));
    }
    if pack.kind != "plan" {
        return Ok(());
    }
    let report = lint::lint(&Plan::of(pack).map_err(|e| e.to_string())?);
    match report.faults.first() {
        None => Ok(()),
        Some(first) => Err(format!(
            "plan pack {} has {} faults, the first: {}: {} [{}]; `mainstay plan lint` lists all",
            pack.name,
            report.faults.len(),
            first.place,
            first.reason,
            first.rule
        )),
    }
}

/// The plans that stand, in the order of their names.
pub fn plans(tx: &mut Tx<'_>) -> Result<Vec<Plan>> {
    pack::of_kind(tx, "plan")?.iter().map(|(_, pack)| Plan::of(pack)).collect()
}

/// The plan that stands; the first by name where there are several.
pub fn plan(tx: &mut Tx<'_>) -> Result<Plan> {
    let none = || Error::refused("plan-none", "no plan pack is in the store", "load one with `mainstay pack add`");
    plans(tx)?.into_iter().next().ok_or_else(none)
}

/// Counts the plan in the store and checks it.
pub fn lint_plan(tx: &mut Tx<'_>) -> Result<Report> {
    Ok(lint::lint(&plan(tx)?))
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
    Ok(explain_all(tx, as_of, known_as_of, period)?.into_iter().map(|e| e.figure).collect())
}

/// The same with everything that was counted and not counted.
pub fn explain_all(
    tx: &mut Tx<'_>,
    as_of: Micros,
    known_as_of: Micros,
    period: Option<&Period>,
) -> Result<Vec<Explanation>> {
    let plan = plan(tx)?;
    let given = parameters(tx)?;
    let period = period.cloned().unwrap_or_else(|| Period::holding(as_of));
    let facts = load::facts(tx, known_as_of)?;
    let mut all = measure::all(&plan, &given, &facts, View { as_of, known_as_of }, &period);
    if is_exercise(tx)? {
        for e in all.iter_mut().filter(|e| e.figure.value.is_some()) {
            e.figure.notes.push("this store is an exercise: no figure of it counts".to_owned());
        }
    }
    Ok(all)
}

/// One measure, by its id with or without the plan's prefix.
pub fn explain(
    tx: &mut Tx<'_>,
    id: &str,
    as_of: Micros,
    known_as_of: Micros,
    period: Option<&Period>,
) -> Result<Explanation> {
    let plan = plan(tx)?;
    let full = plan.measure(id).map(|m| m.id.clone()).ok_or_else(|| {
        let reason = format!("the plan has no measure {id:?}");
        Error::refused("measure-unknown", reason, "`mainstay measure compute` lists all")
    })?;
    let all = explain_all(tx, as_of, known_as_of, period)?;
    let found = all.into_iter().find(|e| e.figure.id == full);
    found.ok_or_else(|| Error::Engine(format!("measure {full} was not computed")))
}

fn is_exercise(tx: &mut Tx<'_>) -> Result<bool> {
    Ok(tx.one("SELECT exercise FROM @fact_home WHERE id = 1", &[], |r| r.bool(0))?.unwrap_or(false))
}
