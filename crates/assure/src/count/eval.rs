//! Counts: which units are looked at, which of them count, which are left out, and why. A condition is true, false, or not to be known; what
//! cannot be known counts for nobody. A pure function of the facts it is given.
use std::cell::RefCell;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use ledger::Micros;

use crate::count::check::PARTNER;
use crate::count::{
    Arithmetic, Expr, Operand, Order, Path, Program, Quantity, Relation, Root, Source, Test, Via, When,
};
use crate::facts::{Evidence, Facts, Span, View};
use crate::period::Period;
use crate::record::facts::{Book, Unit};
use crate::record::value::Value;

/// The facts that are counted, at one time.
pub struct Ground<'a> {
    units: &'a BTreeMap<String, Vec<Unit>>,
    book: &'a Book,
    trusts: &'a [Span],
    home: &'a str,
    home_country: &'a str,
    view: View,
    period: &'a Period,
    /// Kind and field → what it names → places of those that name it.
    naming: RefCell<Naming>,
    /// Day → what stood on the register then.
    register: RefCell<BTreeMap<i64, BTreeSet<String>>>,
}

type Naming = BTreeMap<(String, String), BTreeMap<String, Vec<usize>>>;

/// One thing that was looked at.
#[derive(Clone, Debug)]
pub struct Judged {
    /// What makes it one: the values of `once per`.
    pub key: String,
    /// Its name for people.
    pub name: String,
    /// It is in the population.
    pub in_population: bool,
    /// It holds what is counted.
    pub holds: bool,
    /// What it weighs.
    pub weight: f64,
    /// Why.
    pub why: String,
    /// How well it is shown.
    pub evidence: Evidence,
    /// The day that places it, or since when it is so.
    pub since: Micros,
    /// Which of what stands beside holds of it.
    pub beside: Vec<bool>,
    /// Entries of the ledger that it rests on.
    pub entries: Vec<i64>,
    /// Kind and id.
    pub of: (String, String),
    /// The organisations that it names.
    pub orgs: Vec<String>,
}

/// What a name stands for.
#[derive(Clone, Debug)]
enum Thing<'a> {
    Unit(&'a Unit),
    Value(Value),
}

/// What is looked at.
struct Scope<'s, 'a> {
    this: &'s Thing<'a>,
    here: &'s Thing<'a>,
    entry: Option<&'s Value>,
}

impl<'a> Ground<'a> {
    /// `units`: as they stood at `view`, each kind in the order of ids, organisations among them as `partner`.
    pub fn new(
        units: &'a BTreeMap<String, Vec<Unit>>,
        book: &'a Book,
        facts: &'a Facts,
        home: &'a str,
        view: View,
        period: &'a Period,
    ) -> Ground<'a> {
        Ground {
            units,
            book,
            trusts: &facts.trusts,
            home,
            home_country: &facts.home,
            view,
            period,
            naming: RefCell::default(),
            register: RefCell::default(),
        }
    }

    /// Everything of the kind that belongs to the period, judged, in the order of ids; of what is the same by `once per` one counts.
    pub fn count(&self, program: &Program) -> Vec<Judged> {
        let mut judged = Vec::new();
        for unit in self.units.get(&program.each).into_iter().flatten() {
            if unit.kind == PARTNER && unit.id == self.home {
                continue;
            }
            let this = Thing::Unit(unit);
            let entries: Vec<Option<Value>> = match &program.with {
                None => vec![None],
                Some((_, path)) => {
                    let scope = Scope { this: &this, here: &this, entry: None };
                    match self.value(path, &scope) {
                        Some(Value::List(list)) => list.into_iter().map(Some).collect(),
                        _ => Vec::new(),
                    }
                }
            };
            for entry in &entries {
                judged.extend(self.judge(program, unit, &Scope { this: &this, here: &this, entry: entry.as_ref() }));
            }
        }
        once(&mut judged);
        judged
    }

    /// Nothing where it belongs to another period.
    fn judge(&self, program: &Program, unit: &Unit, scope: &Scope<'_, 'a>) -> Option<Judged> {
        let since = match &program.when {
            When::Standing => unit.since,
            When::During(path) => {
                let day = self.value(path, scope)?.day()?;
                let at = Micros::of_day(day);
                if !self.period.holds(at) {
                    return None;
                }
                at
            }
        };
        let mut one = Judged {
            key: self.key(program, unit, scope),
            name: unit.name.clone(),
            in_population: false,
            holds: false,
            weight: 1.0,
            why: String::new(),
            evidence: unit.evidence,
            since,
            beside: Vec::new(),
            entries: unit.entries.clone(),
            of: (unit.kind.clone(), unit.id.clone()),
            orgs: unit.orgs.clone(),
        };
        if let Some(why) = self.fails(program, &program.population, scope) {
            one.why = why;
            return Some(one);
        }
        if let Some((_, because)) = program.out.iter().find(|(expr, _)| self.holds(expr, scope) == Some(true)) {
            one.why = format!("left out: {because}");
            return Some(one);
        }
        if let Some(weight) = &program.weight {
            match self.operand(weight, scope) {
                Some(Value::Number(n)) => one.weight = n,
                _ => {
                    one.why = "what it weighs is not known".to_owned();
                    return Some(one);
                }
            }
        }
        one.in_population = true;
        one.beside = program.beside.iter().map(|(_, expr)| self.holds(expr, scope) == Some(true)).collect();
        match self.fails(program, &program.counting, scope) {
            Some(why) => one.why = why,
            None => {
                one.holds = true;
                one.why = "holds all that is asked".to_owned();
            }
        }
        Some(one)
    }

    fn key(&self, program: &Program, unit: &Unit, scope: &Scope<'_, 'a>) -> String {
        let part = |path: &Path| match self.thing(path, scope) {
            Some(Thing::Unit(unit)) => unit.id.clone(),
            Some(Thing::Value(Value::List(list))) => {
                let mut texts: Vec<String> = list.iter().map(Value::text).collect();
                texts.sort_unstable();
                texts.join("; ")
            }
            Some(Thing::Value(value)) => value.text(),
            // without a value it is one by itself
            None => unit.id.clone(),
        };
        program.once.iter().map(part).collect::<Vec<_>>().join(", ")
    }

    /// Why the first part that is not so is not so.
    fn fails(&self, program: &Program, tests: &[Test], scope: &Scope<'_, 'a>) -> Option<String> {
        tests.iter().find_map(|test| {
            let words = program.text.get(test.span.from..test.span.to).unwrap_or_default();
            let words = shortened(&words.split_whitespace().collect::<Vec<_>>().join(" "));
            match self.holds(&test.expr, scope) {
                Some(true) => None,
                Some(false) => Some(format!("not so: {words}")),
                None => Some(format!("not known: {words}")),
            }
        })
    }

    /// Nothing where it cannot be known (Kleene's three values).
    fn holds(&self, expr: &Expr, scope: &Scope<'_, 'a>) -> Option<bool> {
        match expr {
            Expr::Or(parts) => some(parts.iter().map(|part| self.holds(part, scope)), 1),
            Expr::And(parts) => every(parts.iter().map(|part| self.holds(part, scope))),
            Expr::Not(inner) => self.holds(inner, scope).map(|holds| !holds),
            Expr::Is(left, right) => self.same(left, right, scope),
            Expr::OneOf(left, of) => some(of.iter().map(|right| self.same(left, right, scope)), 1),
            Expr::Known(operand) => Some(self.is_known(operand, scope)),
            Expr::Has(left, right) => match (self.operand(left, scope)?, self.operand(right, scope)?) {
                (Value::List(list), one) => Some(list.contains(&one)),
                _ => None,
            },
            Expr::Order(left, order, right) => {
                let found = self.operand(left, scope)?.order(&self.operand(right, scope)?)?;
                Some(match order {
                    Order::Less => found == Ordering::Less,
                    Order::AtMost => found != Ordering::Greater,
                    Order::More => found == Ordering::Greater,
                    Order::AtLeast => found != Ordering::Less,
                })
            }
            Expr::InPeriod(day) => {
                let day = self.operand(day, scope)?.day()?;
                Some(self.period.holds(Micros::of_day(day)))
            }
            Expr::Within(day, days, is_before, other) => {
                let (day, other) = (self.operand(day, scope)?.day()?, self.operand(other, scope)?.day()?);
                let ahead = if *is_before { other - day } else { day - other };
                Some((0..=*days).contains(&ahead))
            }
            Expr::Stands(org, relation) => self.stands(&self.org(org, scope)?, *relation),
            Expr::Trusted(org, day) => {
                let (org, day) = (self.org(org, scope)?, self.operand(day, scope)?.day()?);
                let at = Micros::of_day(day);
                Some(Facts::in_force(self.trusts, &org, at).is_some())
            }
            Expr::Prioritised(entity, day) => {
                let Value::Text(entity) = self.operand(entity, scope)? else { return None };
                let day = self.operand(day, scope)?.day()?;
                Some(self.is_prioritised(&entity, day))
            }
            Expr::Some(quantity, source, inner) => self.quantity(*quantity, source, inner.as_deref(), scope),
        }
    }

    fn same(&self, left: &Operand, right: &Operand, scope: &Scope<'_, 'a>) -> Option<bool> {
        let (left, right) = (self.operand(left, scope)?, self.operand(right, scope)?);
        Some(match (&left, &right) {
            (Value::List(list), one) | (one, Value::List(list)) => list.contains(one),
            _ => left.order(&right)? == Ordering::Equal,
        })
    }

    fn is_known(&self, operand: &Operand, scope: &Scope<'_, 'a>) -> bool {
        match operand {
            Operand::Path(path) => self.thing(path, scope).is_some_and(|thing| match thing {
                Thing::Value(Value::List(list)) => !list.is_empty(),
                _ => true,
            }),
            other => self.operand(other, scope).is_some(),
        }
    }

    fn stands(&self, org: &str, relation: Relation) -> Option<bool> {
        let is_home = org == self.home;
        if relation == Relation::Home || is_home {
            return Some(is_home == (relation != Relation::Foreign));
        }
        let country = self.unit(PARTNER, org)?.fields.get("country")?.text();
        match (country.is_empty(), self.home_country.is_empty()) {
            (true, _) => None,
            // who never said its own country has all others abroad
            (false, true) => Some(relation == Relation::Foreign),
            (false, false) => Some((country == self.home_country) == (relation == Relation::Domestic)),
        }
    }

    /// The key of an organisation.
    fn org(&self, operand: &Operand, scope: &Scope<'_, 'a>) -> Option<String> {
        let Operand::Path(path) = operand else { return None };
        match self.thing(path, scope)? {
            Thing::Unit(unit) => Some(unit.id.clone()),
            Thing::Value(Value::Text(key)) => Some(key),
            Thing::Value(_) => None,
        }
    }

    /// The register as it stood on a day, by what was known at the end of that day.
    fn is_prioritised(&self, entity: &str, day: i64) -> bool {
        let mut register = self.register.borrow_mut();
        let on = register.entry(day).or_insert_with(|| {
            let end = Micros(Micros::of_day(day + 1).0 - 1).min(self.view.known_as_of);
            let day_of = |fields: &crate::record::Fields, name: &str| {
                fields.get(name).and_then(|stored| stored.value(crate::record::definition::Type::Day).day())
            };
            let stood = self.book.known_at("priority", end).filter(|meta| {
                let (from, until) = (day_of(&meta.fields, "from"), day_of(&meta.fields, "until"));
                from.is_some_and(|from| from <= day) && until.is_none_or(|until| day <= until)
            });
            stood.filter_map(|meta| meta.fields.get("entity").map(|stored| stored.typed())).collect()
        });
        on.contains(entity)
    }

    fn quantity(
        &self,
        quantity: Quantity,
        source: &Source,
        inner: Option<&Expr>,
        scope: &Scope<'_, 'a>,
    ) -> Option<bool> {
        let things = self.things(source, scope);
        let empty = things.as_ref().is_none_or(Vec::is_empty);
        let judged = things.into_iter().flatten().map(|thing| match inner {
            None => Some(true),
            Some(inner) => self.holds(inner, &Scope { this: scope.this, here: &thing, entry: scope.entry }),
        });
        match quantity {
            Quantity::AtLeast(n) => some(judged, n),
            Quantity::No => some(judged, 1).map(|any| !any),
            // of nothing nothing is said
            Quantity::Every if empty => None,
            Quantity::Every => every(judged),
        }
    }

    /// Nothing where the field is empty.
    fn things(&self, source: &Source, scope: &Scope<'_, 'a>) -> Option<Vec<Thing<'a>>> {
        match source {
            Source::Field(path) => {
                let via = path.via.last()?;
                let values = match self.thing(path, scope)? {
                    Thing::Value(Value::List(list)) => list,
                    Thing::Value(one) => vec![one],
                    Thing::Unit(unit) => return Some(vec![Thing::Unit(unit)]),
                };
                Some(values.into_iter().filter_map(|value| self.follow(via, value)).collect())
            }
            Source::Whose { kind, field, .. } => {
                let target = match scope.here {
                    Thing::Unit(unit) => unit.id.clone(),
                    Thing::Value(value) => value.text(),
                };
                let places = self.naming(kind, field, &target);
                let units = self.units.get(kind).map_or(&[][..], Vec::as_slice);
                Some(places.into_iter().filter_map(|n| units.get(n)).map(Thing::Unit).collect())
            }
        }
    }

    fn naming(&self, kind: &str, field: &str, target: &str) -> Vec<usize> {
        let mut naming = self.naming.borrow_mut();
        let index = naming.entry((kind.to_owned(), field.to_owned())).or_insert_with(|| {
            let mut index: BTreeMap<String, Vec<usize>> = BTreeMap::new();
            for (n, unit) in self.units.get(kind).into_iter().flatten().enumerate() {
                match unit.fields.get(field) {
                    Some(Value::List(list)) => {
                        list.iter().for_each(|value| index.entry(value.text()).or_default().push(n));
                    }
                    Some(value) => index.entry(value.text()).or_default().push(n),
                    None => {}
                }
            }
            index
        });
        index.get(target).cloned().unwrap_or_default()
    }

    fn unit(&self, kind: &str, id: &str) -> Option<&'a Unit> {
        let units = self.units.get(kind)?;
        units.get(units.binary_search_by(|unit| unit.id.as_str().cmp(id)).ok()?)
    }

    /// What a value leads to.
    fn follow(&self, via: &Via, value: Value) -> Option<Thing<'a>> {
        match via {
            Via::Record(kind) => self.unit(kind, &value.text()).map(Thing::Unit),
            Via::Value | Via::Org => Some(Thing::Value(value)),
        }
    }

    fn thing(&self, path: &Path, scope: &Scope<'_, 'a>) -> Option<Thing<'a>> {
        let mut names = path.names.iter().zip(&path.via);
        let mut thing = match path.root {
            Root::This => scope.this.clone(),
            Root::It => scope.here.clone(),
            Root::Entry => Thing::Value(scope.entry?.clone()),
            Root::Here => {
                let (name, via) = names.next()?;
                return self.walk(self.field(scope.here, name)?, via, names);
            }
        };
        if let Some((_, via)) = names.next() {
            if names.len() == 0 {
                return Some(thing);
            }
            thing = match (thing, via) {
                (Thing::Value(value), Via::Org) => Thing::Unit(self.unit(PARTNER, &value.text())?),
                (Thing::Value(value), via) => self.follow(via, value)?,
                (unit, _) => unit,
            };
            let (name, via) = names.next()?;
            return self.walk(self.field(&thing, name)?, via, names);
        }
        Some(thing)
    }

    /// Goes on from a value through the names that follow.
    fn walk<'p>(
        &self,
        value: Value,
        via: &Via,
        names: impl ExactSizeIterator<Item = (&'p String, &'p Via)>,
    ) -> Option<Thing<'a>> {
        let (mut value, mut via) = (value, via);
        for (name, next) in names {
            let unit = match via {
                Via::Record(kind) => self.unit(kind, &value.text())?,
                Via::Org => self.unit(PARTNER, &value.text())?,
                Via::Value => return None,
            };
            value = unit.fields.get(name)?.clone();
            via = next;
        }
        Some(Thing::Value(value))
    }

    fn field(&self, of: &Thing<'a>, name: &str) -> Option<Value> {
        match of {
            Thing::Unit(unit) => unit.fields.get(name).cloned(),
            // an organisation in a list
            Thing::Value(value) => self.unit(PARTNER, &value.text())?.fields.get(name).cloned(),
        }
    }

    fn value(&self, path: &Path, scope: &Scope<'_, 'a>) -> Option<Value> {
        match self.thing(path, scope)? {
            Thing::Value(value) => Some(value),
            Thing::Unit(unit) => Some(Value::Text(unit.id.clone())),
        }
    }

    fn operand(&self, operand: &Operand, scope: &Scope<'_, 'a>) -> Option<Value> {
        let day_of = |at: Micros| Value::Day(at.day_number());
        Some(match operand {
            Operand::Path(path) => self.value(path, scope)?,
            Operand::Text(text) => Value::Text(text.clone()),
            Operand::Number(n) => Value::Number(*n),
            Operand::Day(day) => Value::Day(*day),
            Operand::Flag(flag) => Value::Flag(*flag),
            Operand::PeriodStart => day_of(self.period.from()),
            // of a period that still runs nothing is known after today
            Operand::PeriodEnd => day_of(Micros(self.period.until().0 - 1).min(self.view.as_of)),
            Operand::Today => day_of(self.view.as_of),
            Operand::Shift(inner, days) => Value::Day(self.operand(inner, scope)?.day()?.saturating_add(*days)),
            Operand::Sum(left, how, right) => match (self.operand(left, scope)?, self.operand(right, scope)?) {
                (Value::Number(a), Value::Number(b)) => Value::Number(match how {
                    Arithmetic::Plus => a + b,
                    Arithmetic::Minus => a - b,
                    Arithmetic::Times => a * b,
                }),
                _ => return None,
            },
        })
    }
}

/// The longest condition that a reason repeats whole.
const WORDS_MAX: usize = 160;

fn shortened(words: &str) -> String {
    match words.char_indices().nth(WORDS_MAX) {
        Some((at, _)) => format!("{}…", words.get(..at).unwrap_or_default().trim_end()),
        None => words.to_owned(),
    }
}

/// Whether so many are so: true or false as soon as what is not known cannot change it.
fn some(judged: impl Iterator<Item = Option<bool>>, n: usize) -> Option<bool> {
    let (mut sure, mut perhaps) = (0, 0);
    for holds in judged {
        sure += usize::from(holds == Some(true));
        perhaps += usize::from(holds.is_none());
    }
    match (sure >= n, sure + perhaps >= n) {
        (true, _) => Some(true),
        (false, true) => None,
        (false, false) => Some(false),
    }
}

fn every(judged: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut known = true;
    for holds in judged {
        match holds {
            Some(true) => {}
            Some(false) => return Some(false),
            None => known = false,
        }
    }
    known.then_some(true)
}

/// Of what is the same the one counts that counts most and is shown best, as well as any of them shows it; the others say whose double they are.
fn once(judged: &mut [Judged]) {
    let mut best: BTreeMap<String, usize> = BTreeMap::new();
    let rank = |one: &Judged| (one.in_population, one.holds, one.evidence);
    for n in 0..judged.len() {
        let Some(one) = judged.get(n) else { continue };
        let before = best.get(&one.key).and_then(|at| judged.get(*at));
        if before.is_none_or(|before| rank(before) < rank(one)) {
            best.insert(one.key.clone(), n);
        }
    }
    let mut shown: BTreeMap<String, Evidence> = BTreeMap::new();
    for one in judged.iter().filter(|one| one.in_population) {
        let best = shown.entry(one.key.clone()).or_default();
        *best = one.evidence.max(*best);
    }
    let names: BTreeMap<String, String> =
        best.iter().filter_map(|(key, n)| judged.get(*n).map(|one| (key.clone(), one.of.1.clone()))).collect();
    for (n, one) in judged.iter_mut().enumerate() {
        if best.get(&one.key) == Some(&n) {
            one.evidence = shown.get(&one.key).copied().unwrap_or_default().max(one.evidence);
        } else if one.in_population {
            (one.in_population, one.holds) = (false, false);
            one.why =
                format!("the same as {}: counted once per {}", names.get(&one.key).map_or("", String::as_str), one.key);
        }
    }
}
