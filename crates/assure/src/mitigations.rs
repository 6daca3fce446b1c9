//! What partners did against risks, as far as the program saw it itself: each exposure of an asset that was mitigated is an action of whoever owns the
//! asset, beside the actions that people record. Of the same kind, so that one measure counts both.
use std::collections::BTreeMap;
use std::sync::Arc;

use ledger::Micros;
use rayon::prelude::*;

use crate::facts::{Evidence, Exposure, Facts, Partner, State};
use crate::record::facts::Unit;
use crate::record::value::Value;

/// The kind of record that these are of.
pub(crate) const ACTION: &str = "action";

/// An action for each of these exposures that is of an asset and mitigated, in the order of ids; of one id the first stands.
pub(crate) fn actions<'x>(seen: &Facts, exposures: impl Iterator<Item = &'x Arc<Exposure>>) -> Vec<Arc<Unit>> {
    let (known, exposures) = (seen.latest_partners(), exposures.collect::<Vec<_>>());
    let mut actions: Vec<Arc<Unit>> = exposures.par_iter().filter_map(|x| action(&known, x).map(Arc::new)).collect();
    actions.par_sort_by(|a, b| a.id.cmp(&b.id));
    actions.dedup_by(|later, first| later.id == first.id);
    actions
}

/// Nothing where it is of no asset, or not mitigated.
fn action(known: &BTreeMap<&str, &Partner>, exposure: &Exposure) -> Option<Unit> {
    if exposure.asset.is_empty() {
        return None;
    }
    let (on, evidence, entries) = mitigated(exposure)?;
    let actor = if known.contains_key(&*exposure.owner) { &exposure.owner } else { &exposure.partner };
    let id = id(exposure);
    let text = |text: &str| Value::Text(text.to_owned());
    let name = format!("{} mitigated on {}", exposure.vulnerability, exposure.asset);
    let fields = BTreeMap::from([
        ("id".to_owned(), text(&id)),
        ("title".to_owned(), text(&name)),
        ("state".to_owned(), text("completed")),
        ("actor".to_owned(), text(actor)),
        ("entities".to_owned(), Value::List(vec![text(&exposure.asset)])),
        ("vulnerabilities".to_owned(), Value::List(vec![text(&exposure.vulnerability)])),
        ("completed_on".to_owned(), Value::Day(on.day_number())),
        ("evidence".to_owned(), text(&format!("{evidence:?}"))),
    ]);
    let mut orgs = vec![exposure.owner.to_string(), exposure.partner.to_string()];
    orgs.retain(|org| known.contains_key(org.as_str()));
    orgs.dedup();
    Some(Unit { kind: ACTION.to_owned(), id, name, fields: fields.into(), evidence, since: on, entries, orgs })
}

/// The id of the action that mitigates an exposure.
pub(crate) fn id(exposure: &Exposure) -> String {
    format!("mitigated/{}/{}", exposure.subject, exposure.vulnerability)
}

/// Since when nothing of it is affected any more, the best that shows it, and the entries that say so. Nothing where something is, or where it
/// never was.
fn mitigated(exposure: &Exposure) -> Option<(Micros, Evidence, Vec<i64>)> {
    let mut said: Vec<_> = exposure.said.iter().collect();
    said.sort_by_key(|s| s.at);
    let was = said.iter().rposition(|s| matches!(s.state, State::Affected(_)))?;
    let after: Vec<_> = said.into_iter().skip(was + 1).collect();
    let whole = |state: &State| matches!(state, State::Mitigated(count, _) if count.max == 0);
    // an exposure that was taken back was never mitigated
    if after.iter().any(|s| s.state == State::Withdrawn) {
        return None;
    }
    let fixed: Vec<_> = after.into_iter().filter(|s| whole(&s.state)).collect();
    let on = fixed.first()?.at.valid;
    let evidence = fixed.iter().map(|s| s.evidence).max().unwrap_or_default();
    Some((on, evidence, fixed.iter().map(|s| s.at.entry).collect()))
}
