//! From a definition and facts to a figure. Measures without a computation here stay null and name what they wait for.
use std::collections::BTreeMap;

use ledger::Micros;

use crate::facts::{Facts, View};
use crate::figure::{Explanation, Figure, Item, Other};
use crate::pack::{Measure, Plan};
use crate::period::Period;
use crate::{exchanges, headline, trusted};

/// The number of a measure within its plan: `2.1.3`.
fn short(id: &str) -> &str {
    id.split_once(':').map_or(id, |(_, short)| short)
}

/// What is known at two times: now, and when the period ended.
pub struct Lens<'a> {
    plan: &'a Plan,
    given: &'a BTreeMap<String, String>,
    period: &'a Period,
    now: (View, Facts),
    then: Option<(View, Facts)>,
}

impl<'a> Lens<'a> {
    /// `facts` may hold more than `view` sees; the rest is cut away.
    pub fn new(
        plan: &'a Plan,
        given: &'a BTreeMap<String, String>,
        facts: &Facts,
        view: View,
        period: &'a Period,
    ) -> Lens<'a> {
        let end = Micros(period.until().0 - 1);
        let then = View { as_of: view.as_of.min(end), known_as_of: end };
        let then = (view.known_as_of > end).then(|| (then, facts.seen_at(then)));
        Lens { plan, given, period, now: (view, facts.seen_at(view)), then }
    }

    /// Evaluates one measure.
    pub fn evaluate(&self, measure: &Measure) -> Explanation {
        let (mut figure, items) = self.once(measure, &self.now, self.period);
        if let Some(then) = &self.then
            && figure.value.is_some()
        {
            let (first, _) = self.once(measure, then, self.period);
            if first.value != figure.value {
                let known_as_of = then.0.known_as_of;
                figure.restates = Some(Other { period: self.period.clone(), known_as_of, value: first.value });
            }
        }
        figure.baseline = self.baseline(measure);
        let (counted, not_counted) = items.into_iter().partition(|item| item.counted);
        Explanation { figure, definition: measure.clone(), counted, not_counted }
    }

    fn once(&self, measure: &Measure, (view, seen): &(View, Facts), period: &Period) -> (Figure, Vec<Item>) {
        let mut figure = Figure::empty(self.plan, measure, self.given, period);
        figure.as_of = view.as_of;
        figure.known_as_of = view.known_as_of;
        figure.missing = seen.missing(&measure.needs);
        let items = match short(&measure.id) {
            "1.2.2" => exchanges::evaluate(seen, period, &mut figure),
            "2.1.1" => trusted::evaluate(seen, *view, period, &mut figure),
            "2.1.3" => headline::evaluate(seen, measure, *view, period, &mut figure),
            _ => Vec::new(),
        };
        (figure, items)
    }

    /// The value of the fixed period before the plan: null where nothing was looked at then.
    fn baseline(&self, measure: &Measure) -> Option<Other> {
        let period: Period = measure.baseline.as_ref()?.period.parse().ok()?;
        let (figure, items) = self.once(measure, &self.now, &period);
        let looked = items.iter().any(|item| item.in_population);
        Some(Other { period, known_as_of: self.now.0.known_as_of, value: figure.value.filter(|_| looked) })
    }
}

/// Evaluates every measure of the plan, in its order.
pub fn all(
    plan: &Plan,
    given: &BTreeMap<String, String>,
    facts: &Facts,
    view: View,
    period: &Period,
) -> Vec<Explanation> {
    let lens = Lens::new(plan, given, facts, view, period);
    plan.measures.iter().map(|m| lens.evaluate(m)).collect()
}
