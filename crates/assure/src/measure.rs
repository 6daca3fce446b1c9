//! From a definition and facts to a figure: what its text counts, or what the model that it names computes. Measures without either stay null and name
//! what they wait for.
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use ledger::{Micros, Tx};
use rayon::prelude::*;

use crate::count::eval::Ground;
use crate::count::{Program, When};
use crate::facts::{Facts, View};
use crate::figure::{Explanation, Figure, Item, Other};
use crate::load::{Change, Source};
use crate::pack::{Measure, Plan};
use crate::period::Period;
use crate::record::definition::Catalogue;
use crate::record::facts::{Book, Key, Rows};
use crate::seen::{Seen, Table};
use crate::{combined, count, counted, exchanges, headline, merged, organisations};

/// How many times are kept looked at: now, the end of a period, and that of the baseline, for two readers.
const TIMES_MAX: usize = 6;
/// How many figures are kept.
const SETTLED_MAX: usize = 1_000;

/// All that measures are computed from, whatever the time.
#[derive(Debug, Default)]
pub struct Ledgers {
    facts: Arc<Facts>,
    /// What people recorded.
    pub book: Book,
    /// What kinds of records there are.
    pub catalogue: Catalogue,
    /// The operator's key.
    pub home: String,
    /// After this instant there is nothing more to see.
    last: Micros,
    /// What was looked at lately, by time.
    times: Mutex<BTreeMap<(Micros, Micros), Arc<Seen>>>,
    /// Figures of texts that read records and the day alone, with the kinds of these: they hold until one of them changes.
    settled: Mutex<BTreeMap<Asked, (BTreeSet<String>, Figure)>>,
}

/// What was asked: plan, measure and text, the period, the two times as far as they see something else, and the day where the text reads it.
type Asked = (String, String, String, (Micros, Micros), (Micros, Micros), Option<i64>);

/// All there is.
const ALL: View = View { as_of: Micros(i64::MAX), known_as_of: Micros(i64::MAX) };

impl Ledgers {
    /// From what the program saw and what people recorded.
    pub fn new(facts: Facts, book: Book, catalogue: Catalogue, home: String) -> Ledgers {
        let last = facts.last().max(book.last());
        Ledgers {
            facts: Arc::new(facts),
            book,
            catalogue,
            home,
            last,
            times: Mutex::default(),
            settled: Mutex::default(),
        }
    }

    /// Whether all that is here was known by then.
    pub(crate) fn are_known_by(&self, known_as_of: Micros) -> bool {
        self.last <= known_as_of
    }

    fn seen(&self, view: View) -> Arc<Seen> {
        let view = self.edge(view);
        let times = || self.times.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(seen) = times().get(&(view.as_of, view.known_as_of)) {
            return Arc::clone(seen);
        }
        let whole = view == ALL && self.facts.merges.is_empty();
        let facts = if whole { Arc::clone(&self.facts) } else { Arc::new(self.facts.seen_at(view)) };
        let seen = Arc::new(Seen::at(facts, &self.book, &self.catalogue, view));
        let mut times = times();
        if times.len() >= TIMES_MAX {
            // all there is stays: it is what is asked for most
            times.pop_first();
        }
        times.insert((view.as_of, view.known_as_of), Arc::clone(&seen));
        seen
    }

    /// Two times after the last of what is here see the same.
    fn edge(&self, view: View) -> View {
        let edge = |at: Micros| if at >= self.last { Micros(i64::MAX) } else { at };
        View { as_of: edge(view.as_of), known_as_of: edge(view.known_as_of) }
    }

    /// Everything known by `known`, and from what a later entry goes on.
    pub(crate) fn read(tx: &mut Tx<'_>, known: Micros) -> ledger::Result<(Ledgers, Source)> {
        let home = tx.one("SELECT org FROM @fact_home WHERE id = 1", &[], |r| r.text(0).to_owned())?;
        let (mut source, mut facts) = (Source::read(tx, known)?, Facts::default());
        let rows = Rows::read(tx, -1, known)?;
        // one hand reads what records say while the other reads what was seen
        let book = std::thread::scope(|scope| {
            let book = scope.spawn(|| Book::of(rows));
            source.follow(tx, &mut facts)?;
            book.join().map_err(|_| ledger::Error::Integrity("records could not be read".into()))
        })?;
        Ok((Ledgers::new(facts, book, Catalogue::of(tx)?, home.unwrap_or_default()), source))
    }

    /// Takes in what came later. What was looked at stays, but for what it changes.
    pub(crate) fn follow(&mut self, tx: &mut Tx<'_>, source: &mut Source) -> ledger::Result<()> {
        let times = std::mem::take(self.times.get_mut().unwrap_or_else(PoisonError::into_inner));
        let mut whole = None;
        let mut kept = BTreeMap::new();
        for (time, seen) in times {
            match Arc::try_unwrap(seen) {
                Ok(seen) if time == (ALL.as_of, ALL.known_as_of) => whole = Some(seen.kinds),
                Ok(seen) => drop(kept.insert(time, seen)),
                Err(_) => {}
            }
        }
        let (after, seen) = (source.after(), self.facts.kinds.len());
        let change = source.follow(tx, Arc::make_mut(&mut self.facts))?;
        let touched = self.book.follow(tx, after, Micros(i64::MAX))?;
        self.unsettle(&touched, &change, self.facts.kinds.len() != seen);
        self.last = self.last.max(change.last).max(self.book.last_of(touched.iter()));
        if !self.facts.merges.is_empty() {
            // what is seen is made from the facts by who is who: it is made again
            return Ok(());
        }
        let mut times = BTreeMap::new();
        if let Some(kinds) = whole {
            let mut seen = Seen { facts: Arc::clone(&self.facts), kinds };
            seen.follow(&self.book, &self.catalogue, ALL, touched.iter());
            if self.catalogue.get(crate::mitigations::ACTION).is_some() {
                seen.follow_exposures(&change);
            }
            times.insert((ALL.as_of, ALL.known_as_of), Arc::new(seen));
        }
        for ((as_of, known_as_of), mut seen) in kept {
            // who looks at what was known then sees nothing new
            let sees = known_as_of == ALL.known_as_of;
            if sees && change.first.is_some_and(|first| first <= as_of) {
                continue;
            }
            if sees {
                let view = View { as_of, known_as_of };
                seen.follow(&self.book, &self.catalogue, view, touched.iter());
            }
            if sees && change.spans {
                Arc::make_mut(&mut seen.facts).take_spans(&self.facts, known_as_of);
            }
            times.insert((as_of, known_as_of), Arc::new(seen));
        }
        self.times = Mutex::new(times);
        Ok(())
    }

    /// Forgets the figures that the touched records, or actions that the program saw itself, may change.
    fn unsettle(&mut self, touched: &BTreeSet<Key>, change: &Change, is_new_kind: bool) {
        let mut kinds: BTreeSet<&str> = touched.iter().map(|(kind, _)| kind.as_str()).collect();
        if !change.actions.is_empty() {
            kinds.insert(crate::mitigations::ACTION);
        }
        if change.orgs {
            kinds.insert(count::check::PARTNER);
        }
        let settled = self.settled.get_mut().unwrap_or_else(PoisonError::into_inner);
        if is_new_kind || !self.facts.merges.is_empty() {
            settled.clear();
        }
        settled.retain(|_, (reads, _)| !reads.iter().any(|kind| kinds.contains(kind.as_str())));
    }

    /// A figure as it was worked out before, or as `make` works it out now.
    fn settled(&self, asked: Asked, reads: BTreeSet<String>, make: impl FnOnce() -> Figure) -> Figure {
        let settled = || self.settled.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, figure)) = settled().get(&asked) {
            return figure.clone();
        }
        let figure = make();
        let mut settled = settled();
        if settled.len() >= SETTLED_MAX {
            settled.clear();
        }
        settled.insert(asked, (reads, figure.clone()));
        figure
    }
}

/// What is known at two times: now, and when the period ended.
pub struct Lens<'a> {
    plan: &'a Plan,
    given: &'a BTreeMap<String, String>,
    period: &'a Period,
    of: &'a Ledgers,
    now: View,
    then: Option<View>,
    /// Organisations as they are at a time are worked out once.
    partners: Mutex<BTreeMap<(Micros, Micros), Arc<Table>>>,
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
        let then = View { known_as_of: end, ..at_end(period, view) };
        let then = (view.known_as_of > end).then_some(then);
        Lens { plan, given, period, of, now: view, then, partners: Mutex::default() }
    }

    fn partners(&self, seen: &Seen, view: View) -> Arc<Table> {
        let mut partners = self.partners.lock().unwrap_or_else(PoisonError::into_inner);
        let make = || Arc::new(Table::of(organisations::units(&seen.facts, view)));
        Arc::clone(partners.entry((view.as_of, view.known_as_of)).or_insert_with(make))
    }

    /// At which times a measure looks.
    fn times(&self, measure: &Measure) -> Vec<View> {
        let baseline: Option<Period> = measure.baseline.as_ref().and_then(|baseline| baseline.period.parse().ok());
        let mut times: Vec<View> = [Some(self.now), self.then].into_iter().flatten().collect();
        if let Some(Ok(Program { when: When::Standing, .. })) = program(measure, &self.of.catalogue) {
            let of_period: Vec<View> = times.iter().map(|view| at_end(self.period, *view)).collect();
            times.extend(of_period);
            times.extend(baseline.map(|period| at_end(&period, self.now)));
        }
        times
    }

    /// One measure, with everything that was counted and not counted.
    pub fn explain(&self, measure: &Measure) -> Explanation {
        let (figure, items) = self.evaluate(measure, true);
        let (counted, not_counted) = items.into_iter().partition(|item| item.counted);
        Explanation { figure, definition: measure.clone(), counted, not_counted }
    }

    /// One measure's figure.
    pub fn figure(&self, measure: &Measure) -> Figure {
        self.evaluate(measure, false).0
    }

    fn evaluate(&self, measure: &Measure, listed: bool) -> (Figure, Vec<Item>) {
        let program = program(measure, &self.of.catalogue);
        let ((mut figure, items), baseline) = rayon::join(
            || self.once(measure, &program, self.now, self.period, listed),
            || self.baseline(measure, &program),
        );
        if let Some(then) = self.then
            && figure.value.is_some()
        {
            let (first, _) = self.once(measure, &program, then, self.period, false);
            if first.value != figure.value {
                let known_as_of = then.known_as_of;
                figure.notes.extend(merged::between(&self.of.facts.merges, known_as_of, self.now.known_as_of));
                figure.restates = Some(Other { period: self.period.clone(), known_as_of, value: first.value });
            }
        }
        figure.baseline = baseline;
        if self.period.is_year() && measure.baseline.as_ref().is_some_and(|b| b.period.contains("-Q")) {
            // four quarters beside one would show a growth that is none
            figure.baseline = None;
            figure.notes.push("the baseline is a quarter: each quarter of the year is compared with it".to_owned());
        }
        (figure, items)
    }

    fn once(
        &self,
        measure: &Measure,
        program: &Option<Result<Program, String>>,
        view: View,
        period: &Period,
        listed: bool,
    ) -> (Figure, Vec<Item>) {
        let reads = program.iter().flatten().filter(|_| !listed).map(Program::reads).find(|reads| !reads.more);
        let Some(reads) = reads else { return self.look(measure, program, view, period, listed) };
        let edge = self.of.edge(view);
        let asked = (
            self.plan.head.prefix.clone(),
            measure.id.clone(),
            measure.count.clone().unwrap_or_default(),
            (period.from(), period.until()),
            (edge.as_of, edge.known_as_of),
            reads.day.then(|| view.as_of.day_number()),
        );
        let figure = self.of.settled(asked, reads.kinds, || self.look(measure, program, view, period, false).0);
        (Figure { as_of: view.as_of, known_as_of: view.known_as_of, ..figure }, Vec::new())
    }

    fn look(
        &self,
        measure: &Measure,
        program: &Option<Result<Program, String>>,
        view: View,
        period: &Period,
        listed: bool,
    ) -> (Figure, Vec<Item>) {
        let seen = self.of.seen(view);
        let facts = &*seen.facts;
        let mut figure = Figure::empty(self.plan, measure, self.given, period);
        figure.as_of = view.as_of;
        figure.known_as_of = view.known_as_of;
        figure.missing = facts.missing(&needs(measure, program));
        let items = match (program, measure.model.as_deref()) {
            (Some(Ok(program)), _) => self.count(measure, program, view, period, (&mut figure, listed)),
            (Some(Err(why)), _) => {
                figure.notes.push(why.clone());
                Vec::new()
            }
            (None, Some("exchanges")) => exchanges::evaluate(facts, period, &mut figure, listed),
            (None, Some("combined-risk")) => {
                let held = seen.kinds.get("engagement").map_or(&[][..], Table::all);
                combined::evaluate(facts, held, measure, view, period, &mut figure)
            }
            (None, Some("mitigated-before-attack")) => {
                headline::evaluate(facts, measure, view, period, &mut figure, listed)
            }
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
        (figure, listed): (&mut Figure, bool),
    ) -> Vec<Item> {
        let at = match program.when {
            When::During(_) => view,
            When::Standing => at_end(period, view),
        };
        let seen = self.of.seen(at);
        let partners = self.partners(&seen, at);
        let ground = Ground::new((&seen.kinds, &partners), &self.of.book, &seen.facts, &self.of.home, at, period);
        counted::evaluate(program, measure, &ground.count(program), figure, listed)
    }

    /// The value of the fixed period before the plan: null where nothing was looked at then.
    fn baseline(&self, measure: &Measure, program: &Option<Result<Program, String>>) -> Option<Other> {
        let period: Period = measure.baseline.as_ref()?.period.parse().ok()?;
        let (figure, _) = self.once(measure, program, self.now, &period, false);
        let looked = figure.denominator.or(figure.numerator).is_some_and(|n| n > 0);
        Some(Other { period, known_as_of: self.now.known_as_of, value: figure.value.filter(|_| looked) })
    }
}

/// As things stand at the end of a period, or now while it still runs.
fn at_end(period: &Period, view: View) -> View {
    View { as_of: view.as_of.min(last(period)), ..view }
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

/// What `each` makes of every measure of the plan and its indicators, in its order.
pub(crate) fn all<T: Send>(lens: &Lens<'_>, each: impl Fn(&Measure) -> T + Send + Sync) -> Vec<T> {
    let measures: Vec<&Measure> = lens.plan.all_measures().collect();
    // what many look at is made once, by all hands, before each goes its own way
    for view in measures.iter().flat_map(|measure| lens.times(measure)) {
        drop(lens.of.seen(view));
    }
    measures.into_par_iter().map(each).collect()
}
