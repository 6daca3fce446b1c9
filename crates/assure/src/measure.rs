//! From a definition and facts to a figure. Measures without a computation here stay null and name what they wait for.
use std::collections::BTreeMap;

use crate::facts::{Facts, View};
use crate::figure::{Explanation, Figure, Item, Other};
use crate::pack::{Measure, Plan};
use crate::period::Period;
use crate::{exchanges, headline, trusted};

/// The number of a measure within its plan: `2.1.3`.
fn short(id: &str) -> &str {
    id.split_once(':').map_or(id, |(_, short)| short)
}

/// Evaluates one measure. `facts` may hold more than `view` sees; the rest is cut away first.
pub fn evaluate(
    plan: &Plan,
    measure: &Measure,
    given: &BTreeMap<String, String>,
    facts: &Facts,
    view: View,
    period: &Period,
) -> Explanation {
    let (mut figure, items) = once(plan, measure, given, facts, view, period);
    let frozen = ledger::Micros(period.until().0 - 1);
    if view.known_as_of > frozen && figure.value.is_some() {
        let then = View { as_of: view.as_of.min(frozen), known_as_of: frozen };
        let (first, _) = once(plan, measure, given, facts, then, period);
        if first.value != figure.value {
            figure.restates = Some(Other { period: period.clone(), known_as_of: frozen, value: first.value });
        }
    }
    figure.baseline = baseline(plan, measure, given, facts, view);
    let (counted, not_counted) = items.into_iter().partition(|item| item.counted);
    Explanation { figure, definition: measure.clone(), counted, not_counted }
}

fn once(
    plan: &Plan,
    measure: &Measure,
    given: &BTreeMap<String, String>,
    facts: &Facts,
    view: View,
    period: &Period,
) -> (Figure, Vec<Item>) {
    let seen = facts.seen_at(view);
    let mut figure = Figure::empty(plan, measure, given, period);
    figure.as_of = view.as_of;
    figure.known_as_of = view.known_as_of;
    figure.missing = seen.missing(&measure.needs);
    let items = match short(&measure.id) {
        "1.2.2" => exchanges::evaluate(&seen, period, &mut figure),
        "2.1.1" => trusted::evaluate(&seen, view, period, &mut figure),
        "2.1.3" => headline::evaluate(&seen, measure, view, period, &mut figure),
        _ => Vec::new(),
    };
    (figure, items)
}

/// The value of the fixed period before the plan: null where nothing was looked at then.
fn baseline(plan: &Plan, measure: &Measure, given: &BTreeMap<String, String>, facts: &Facts, view: View) -> Option<Other> {
    let period: Period = measure.baseline.as_ref()?.period.parse().ok()?;
    let (figure, items) = once(plan, measure, given, facts, view, &period);
    let looked = items.iter().any(|item| item.in_population);
    Some(Other { period, known_as_of: view.known_as_of, value: figure.value.filter(|_| looked) })
}

/// Evaluates every measure of the plan, in its order.
pub fn all(
    plan: &Plan,
    given: &BTreeMap<String, String>,
    facts: &Facts,
    view: View,
    period: &Period,
) -> Vec<Explanation> {
    plan.measures.iter().map(|m| evaluate(plan, m, given, facts, view, period)).collect()
}
