//! From a definition and facts to a figure: what its text counts, or what the model that it names computes. Measures without either stay null and name
//! what they wait for.
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use ledger::Micros;

use crate::count::eval::Ground;
use crate::count::{Program, When};
use crate::facts::{Facts, View};
use crate::figure::{Explanation, Figure, Item, Other};
use crate::pack::{Measure, Plan};
use crate::period::Period;
use crate::record::definition::Catalogue;
use crate::record::facts::{Book, Unit};
use crate::{combined, count, counted, exchanges, headline, mitigations, organisations, trusted};

/// All that measures are computed from, whatever the time.
#[derive(Clone, Debug, Default)]
pub struct Ledgers {
    /// What the program saw.
    pub facts: Facts,
    /// What people recorded.
    pub book: Book,
    /// What kinds of records there are.
    pub catalogue: Catalogue,
    /// The operator's key.
    pub home: String,
}

/// What is seen at one time.
struct Seen {
    facts: Facts,
    units: BTreeMap<String, Vec<Unit>>,
}

/// What is known at two times: now, and when the period ended.
pub struct Lens<'a> {
    plan: &'a Plan,
    given: &'a BTreeMap<String, String>,
    period: &'a Period,
    of: &'a Ledgers,
    now: View,
    then: Option<View>,
    /// What is seen at a time is worked out once.
    seen: RefCell<BTreeMap<(Micros, Micros), Rc<Seen>>>,
}

impl<'a> Lens<'a> {
    /// `of` may hold more than `view` sees; the rest is cut away.
    pub fn new(
        plan: &'a Plan,
        given: &'a BTreeMap<String, String>,
        of: &'a Ledgers,
        view: View,
        period: &'a Period,
    ) -> Lens<'a> {
        let end = last(period);
        let then = View { as_of: view.as_of.min(end), known_as_of: end };
        let then = (view.known_as_of > end).then_some(then);
        Lens { plan, given, period, of, now: view, then, seen: RefCell::default() }
    }

    fn seen(&self, view: View) -> Rc<Seen> {
        let make = || {
            let facts = self.of.facts.seen_at(view);
            let mut units = self.of.book.at(&self.of.catalogue, view);
            units.insert(count::check::PARTNER.to_owned(), organisations::units(&facts, view));
            if self.of.catalogue.get(mitigations::ACTION).is_some() {
                let actions = units.entry(mitigations::ACTION.to_owned()).or_default();
                actions.extend(mitigations::actions(&facts));
                // a unit is found by its id
                actions.sort_by(|a, b| a.id.cmp(&b.id));
            }
            Rc::new(Seen { facts, units })
        };
        Rc::clone(self.seen.borrow_mut().entry((view.as_of, view.known_as_of)).or_insert_with(make))
    }

    /// Evaluates one measure.
    pub fn evaluate(&self, measure: &Measure) -> Explanation {
        let program = program(measure, &self.of.catalogue);
        let (mut figure, items) = self.once(measure, &program, self.now, self.period);
        if let Some(then) = self.then
            && figure.value.is_some()
        {
            let (first, _) = self.once(measure, &program, then, self.period);
            if first.value != figure.value {
                let known_as_of = then.known_as_of;
                figure.restates = Some(Other { period: self.period.clone(), known_as_of, value: first.value });
            }
        }
        figure.baseline = self.baseline(measure, &program);
        if self.period.is_year() && measure.baseline.as_ref().is_some_and(|b| b.period.contains("-Q")) {
            // four quarters beside one would show a growth that is none
            figure.baseline = None;
            figure.notes.push("the baseline is a quarter: each quarter of the year is compared with it".to_owned());
        }
        let (counted, not_counted) = items.into_iter().partition(|item| item.counted);
        Explanation { figure, definition: measure.clone(), counted, not_counted }
    }

    fn once(
        &self,
        measure: &Measure,
        program: &Option<Result<Program, String>>,
        view: View,
        period: &Period,
    ) -> (Figure, Vec<Item>) {
        let seen = self.seen(view);
        let facts = &seen.facts;
        let mut figure = Figure::empty(self.plan, measure, self.given, period);
        figure.as_of = view.as_of;
        figure.known_as_of = view.known_as_of;
        figure.missing = facts.missing(&needs(measure, program));
        let items = match (program, measure.model.as_deref()) {
            (Some(Ok(program)), _) => self.count(measure, program, view, period, &mut figure),
            (Some(Err(why)), _) => {
                figure.notes.push(why.clone());
                Vec::new()
            }
            (None, Some("exchanges")) => exchanges::evaluate(facts, period, &mut figure),
            (None, Some("trusted-teams")) => trusted::evaluate(facts, view, period, &mut figure),
            (None, Some("combined-risk")) => {
                let held = seen.units.get("engagement").map_or(&[][..], Vec::as_slice);
                combined::evaluate(facts, held, measure, view, period, &mut figure)
            }
            (None, Some("mitigated-before-attack")) => headline::evaluate(facts, measure, view, period, &mut figure),
            (None, _) => Vec::new(),
        };
        (figure, items)
    }

    fn count(
        &self,
        measure: &Measure,
        program: &Program,
        view: View,
        period: &Period,
        figure: &mut Figure,
    ) -> Vec<Item> {
        let at = match program.when {
            When::During(_) => view,
            When::Standing => View { as_of: view.as_of.min(last(period)), ..view },
        };
        let seen = self.seen(at);
        let ground = Ground::new(&seen.units, &self.of.book, &seen.facts, &self.of.home, at, period);
        counted::evaluate(program, measure, &ground.count(program), figure)
    }

    /// The value of the fixed period before the plan: null where nothing was looked at then.
    fn baseline(&self, measure: &Measure, program: &Option<Result<Program, String>>) -> Option<Other> {
        let period: Period = measure.baseline.as_ref()?.period.parse().ok()?;
        let (figure, items) = self.once(measure, program, self.now, &period);
        let looked = items.iter().any(|item| item.in_population);
        Some(Other { period, known_as_of: self.now.known_as_of, value: figure.value.filter(|_| looked) })
    }
}

fn last(period: &Period) -> Micros {
    Micros(period.until().0 - 1)
}

/// The numbers that a definition has by name, for its text.
pub fn numbers(measure: &Measure) -> BTreeMap<String, f64> {
    let named = [("threshold", measure.threshold), ("theta", measure.theta), ("half", measure.half)];
    named.into_iter().filter_map(|(name, n)| Some((name.to_owned(), n?))).collect()
}

/// What a measure's text means; the first fault where it means nothing.
pub fn program(measure: &Measure, catalogue: &Catalogue) -> Option<Result<Program, String>> {
    let text = measure.count.as_ref()?;
    Some(count::read(text, catalogue, &numbers(measure)).map_err(|faults| {
        let first = faults.first().map(ToString::to_string).unwrap_or_default();
        format!("its text cannot be counted: {first}; `mainstay plan lint` lists all")
    }))
}

/// The kinds that must have been seen: those that it says, and what its text counts.
fn needs(measure: &Measure, program: &Option<Result<Program, String>>) -> Vec<String> {
    let mut needs = measure.needs.clone();
    if let Some(Ok(program)) = program
        && needs.is_empty()
        && program.each != count::check::PARTNER
    {
        needs.push(format!("assure.{}", program.each));
    }
    needs
}

/// Evaluates every measure of the plan, and its indicators, in its order.
pub fn all(
    plan: &Plan,
    given: &BTreeMap<String, String>,
    of: &Ledgers,
    view: View,
    period: &Period,
) -> Vec<Explanation> {
    let lens = Lens::new(plan, given, of, view, period);
    plan.all_measures().map(|m| lens.evaluate(m)).collect()
}
