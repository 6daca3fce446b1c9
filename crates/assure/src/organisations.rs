//! Organisations as things that are counted: what a measure may ask of a partner, from the facts as they are seen.
use std::collections::BTreeMap;

use ledger::Micros;

use crate::count::check::PARTNER;
use crate::facts::{Dated, Evidence, Facts, View};
use crate::record::facts::Unit;
use crate::record::value::Value;

/// What stands open has no last day.
const EVER: &str = "9999-12-31";

/// Every organisation as it is at `view`, by key.
pub(crate) fn units(seen: &Facts, view: View) -> Vec<Unit> {
    let (contacts, inventories) = (last(&seen.contacts), last(&seen.inventories));
    let year = Micros(view.as_of.0.saturating_sub(365 * Micros::DAY));
    let mut shown: BTreeMap<&str, Evidence> = BTreeMap::new();
    for passing in seen.passings.iter().filter(|p| p.inbound && p.at.valid > year) {
        let best = shown.entry(&passing.org).or_default();
        *best = passing.evidence.max(*best);
    }
    let mut passed: BTreeMap<(&str, bool), (i64, i64)> = BTreeMap::new();
    for passing in &seen.passings {
        let day = passing.at.valid.day_number();
        let last = passed.entry((&passing.org, passing.inbound)).or_insert((day, passing.at.entry));
        *last = (*last).max((day, passing.at.entry));
    }
    let mut keys: BTreeMap<&str, BTreeMap<&str, bool>> = BTreeMap::new();
    for key in &seen.keys {
        keys.entry(&key.org).or_default().insert(&key.key, key.active);
    }
    let one = |(key, partner): (&str, &crate::facts::Partner)| {
        let mut fields: BTreeMap<String, Value> = BTreeMap::new();
        let mut entries = vec![partner.at.entry];
        let mut put = |name: &str, value: Value| fields.insert(name.to_owned(), value);
        put("org", Value::Text(key.to_owned()));
        put("name", Value::Text(partner.name.clone()));
        for (name, text) in [("kind", &partner.kind), ("country", &partner.country)] {
            if !text.is_empty() {
                put(name, Value::Text(text.clone()));
            }
        }
        let mut dated = |name: &str, day: Option<&(i64, i64)>| {
            if let Some((day, entry)) = day {
                put(name, Value::Day(*day));
                entries.push(*entry);
            }
        };
        dated("contact_verified", contacts.get(key));
        dated("inventory_on", inventories.get(key));
        dated("last_in", passed.get(&(key, true)));
        dated("last_out", passed.get(&(key, false)));
        for (name, spans) in [("agreement_until", &seen.agreements), ("trusted_until", &seen.trusts)] {
            if let Some(span) = Facts::in_force(spans, key, view.as_of) {
                // the last day counts whole
                let day = span.until.map(|until| until.day_number() - 1);
                put(name, Value::Day(day.or_else(|| crate::record::value::day(EVER)).unwrap_or_default()));
            }
        }
        put("key_active", Value::Flag(keys.get(key).is_some_and(|of| of.values().any(|active| *active))));
        Unit {
            kind: PARTNER.to_owned(),
            id: key.to_owned(),
            name: partner.name.clone(),
            fields: fields.into(),
            // how well it shows itself: the best of what came in from it within a year
            evidence: shown.get(key).copied().unwrap_or_default(),
            since: partner.at.valid,
            entries,
            orgs: vec![key.to_owned()],
        }
    };
    seen.latest_partners().into_iter().map(one).collect()
}

/// Of each organisation the last day, and the entry that says so.
fn last(dated: &[Dated]) -> BTreeMap<&str, (i64, i64)> {
    let mut last: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
    for one in dated {
        let best = last.entry(&one.org).or_insert((one.day, one.at.entry));
        *best = (*best).max((one.day, one.at.entry));
    }
    last
}
