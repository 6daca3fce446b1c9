//! Organisations as things that are counted: what a measure may ask of a partner, from the facts as they are seen.
use std::collections::BTreeMap;
use std::sync::Arc;

use ledger::Micros;

use crate::count::check::PARTNER;
use crate::facts::{Dated, Evidence, Facts, Passing, Passings, View};
use crate::record::facts::Unit;
use crate::record::value::Value;

/// What stands open has no last day.
const EVER: &str = "9999-12-31";

/// What changes of an organisation without anybody saying so of it.
pub(crate) const CHANGES: [&str; 7] =
    ["contact_verified", "inventory_on", "last_in", "last_out", "agreement_until", "trusted_until", "key_active"];

/// Every organisation as it is at `view`, by key.
pub(crate) fn units(seen: &Facts, view: View) -> Vec<Arc<Unit>> {
    let (contacts, inventories) = (last(&seen.contacts), last(&seen.inventories));
    let year = Micros(view.as_of.0.saturating_sub(365 * Micros::DAY));
    let passed: BTreeMap<&str, Passed> =
        seen.passings.iter().map(|(org, all)| (&**org, Passed::of(all, year))).collect();
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
        let passed = passed.get(key).copied().unwrap_or_default();
        dated("last_in", passed.inward.as_ref());
        dated("last_out", passed.outward.as_ref());
        for (name, spans) in [("agreement_until", &seen.agreements), ("trusted_until", &seen.trusts)] {
            if let Some(span) = Facts::in_force(spans, key, view.as_of) {
                // the last day counts whole
                let day = span.until.map(|until| until.day_number() - 1);
                put(name, Value::Day(day.or_else(|| crate::record::value::day(EVER)).unwrap_or_default()));
            }
        }
        put("key_active", Value::Flag(keys.get(key).is_some_and(|of| of.values().any(|active| *active))));
        Arc::new(Unit {
            kind: PARTNER.to_owned(),
            id: key.to_owned(),
            name: partner.name.clone(),
            fields: fields.into(),
            // how well it shows itself: the best of what came in from it within a year
            evidence: passed.shown,
            since: partner.at.valid,
            entries,
            orgs: vec![key.to_owned()],
        })
    };
    seen.latest_partners().into_iter().map(one).collect()
}

/// What passed between an organisation and us.
#[derive(Clone, Copy, Debug, Default)]
struct Passed {
    /// The last day on which something came in, and the entry that says so.
    inward: Option<(i64, i64)>,
    /// The same of what went out.
    outward: Option<(i64, i64)>,
    /// The best evidence of what came in within a year.
    shown: Evidence,
}

impl Passed {
    fn of(all: &Passings, year: Micros) -> Passed {
        let last = |of: &[Passing]| {
            let day = of.last()?.at.valid.day_number();
            let same = of.iter().rev().take_while(|p| p.at.valid.day_number() == day);
            same.map(|p| (day, p.at.entry)).max()
        };
        let of_year = all.inward().iter().rev().take_while(|p| p.at.valid > year);
        Passed {
            inward: last(all.inward()),
            outward: last(all.outward()),
            shown: of_year.map(|p| p.evidence).max().unwrap_or_default(),
        }
    }
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
