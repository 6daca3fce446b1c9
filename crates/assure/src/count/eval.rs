//! Counts: which units are looked at, which of them count, which are left out, and why. A condition is true, false, or not to be known; what
//! cannot be known counts for nobody. A pure function of the facts it is given.
use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeMap;

use ledger::Micros;

use crate::count::check::PARTNER;
use crate::count::{
    Arithmetic, Expr, Operand, Order, Path, Program, Quantity, Relation, Root, Source, Test, Via, When,
};
use crate::facts::{Evidence, Facts, Span, View};
use crate::period::Period;
use crate::record::facts::{Book, Unit};
use crate::record::value::Value;
use crate::seen::Table;

/// The facts that are counted, at one time.
pub struct Ground<'a> {
    kinds: &'a BTreeMap<String, Table>,
    partners: &'a Table,
    book: &'a Book,
    trusts: &'a [Span],
    home: &'a str,
    home_country: &'a str,
    view: View,
    /// The first instant of the period, and the first after it.
    span: (Micros, Micros),
}

/// One thing that was looked at.
#[derive(Clone, Debug)]
pub struct Judged<'g> {
    /// The thing.
    pub unit: &'g Unit,
    /// What makes it one: the values of `once per`.
    pub key: String,
    /// It is in the population.
    pub in_population: bool,
    /// It holds what is counted.
    pub holds: bool,
    /// What it weighs.
    pub weight: f64,
    /// Why.
    pub why: Why<'g>,
    /// How well it is shown.
    pub evidence: Evidence,
    /// The day that places it, or since when it is so.
    pub since: Micros,
    /// Which of what stands beside holds of it.
    pub beside: Vec<bool>,
}

/// Why something counts or does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why<'g> {
    /// It holds all that is asked.
    Holds,
    /// This part of the text is not so.
    NotSo(&'g str),
    /// Whether this part of the text is so is not known.
    NotKnown(&'g str),
    /// It is left out, because.
    LeftOut(&'g str),
    /// What it weighs is not known.
    Unweighed,
    /// The same as another of this id.
    Double(&'g str),
}

impl Judged<'_> {
    /// Why, for a person.
    pub fn why(&self) -> String {
        let words = |text: &str| shortened(&text.split_whitespace().collect::<Vec<_>>().join(" "));
        match self.why {
            Why::Holds => "holds all that is asked".to_owned(),
            Why::NotSo(part) => format!("not so: {}", words(part)),
            Why::NotKnown(part) => format!("not known: {}", words(part)),
            Why::LeftOut(because) => format!("left out: {because}"),
            Why::Unweighed => "what it weighs is not known".to_owned(),
            Why::Double(of) => format!("the same as {of}: counted once per {}", self.key),
        }
    }
}

/// What a name stands for.
#[derive(Clone, Debug)]
enum Thing<'a> {
    Unit(&'a Unit),
    Value(Cow<'a, Value>),
}

/// What is looked at.
struct Scope<'s, 'a> {
    this: &'s Thing<'a>,
    here: &'s Thing<'a>,
    entry: Option<&'s Cow<'a, Value>>,
}

impl<'a> Ground<'a> {
    /// `kinds`: records as they stood at `view`; `partners`: organisations as they are at it.
    pub fn new(
        (kinds, partners): (&'a BTreeMap<String, Table>, &'a Table),
        book: &'a Book,
        facts: &'a Facts,
        home: &'a str,
        view: View,
        period: &Period,
    ) -> Ground<'a> {
        let (trusts, home_country, span) = (&facts.trusts, &facts.home, (period.from(), period.until()));
        Ground { kinds, partners, book, trusts, home, home_country, view, span }
    }

    fn is_in_period(&self, day: i64) -> bool {
        let at = Micros::of_day(day);
        self.span.0 <= at && at < self.span.1
    }

    fn table(&self, kind: &str) -> Option<&'a Table> {
        if kind == PARTNER { Some(self.partners) } else { self.kinds.get(kind) }
    }

    /// Everything of the kind that belongs to the period, judged, in the order of ids; of what is the same by `once per` one counts.
    pub fn count<'g>(&self, program: &'g Program) -> Vec<Judged<'g>>
    where
        'a: 'g,
    {
        let mut judged = Vec::new();
        for unit in self.candidates(program) {
            if unit.kind == PARTNER && unit.id == self.home {
                continue;
            }
            let this = Thing::Unit(unit);
            let Some((_, path)) = &program.with else {
                judged.extend(self.judge(program, unit, &Scope { this: &this, here: &this, entry: None }));
                continue;
            };
            let entries = self.value(path, &Scope { this: &this, here: &this, entry: None });
            for entry in entries.into_iter().filter(|value| matches!(**value, Value::List(_))).flat_map(list) {
                judged.extend(self.judge(program, unit, &Scope { this: &this, here: &this, entry: Some(&entry) }));
            }
        }
        once(&mut judged);
        judged
    }

    /// What may belong to the period, in the order of ids.
    fn candidates(&self, program: &Program) -> Vec<&'a Unit> {
        let Some(table) = self.table(&program.each) else { return Vec::new() };
        match &program.when {
            When::During(path) if path.root == Root::Here && path.names.len() == 1 => {
                let field = path.names.first().map_or("", String::as_str);
                table.between(field, self.span.0, self.span.1)
            }
            _ => table.all().iter().map(|unit| &**unit).collect(),
        }
    }

    /// Nothing where it belongs to another period.
    fn judge<'g>(&self, program: &'g Program, unit: &'a Unit, scope: &Scope<'_, 'a>) -> Option<Judged<'g>>
    where
        'a: 'g,
    {
        let since = match &program.when {
            When::Standing => unit.since,
            When::During(path) => {
                let day = self.value(path, scope)?.day()?;
                if !self.is_in_period(day) {
                    return None;
                }
                Micros::of_day(day)
            }
        };
        let mut one = Judged {
            unit,
            key: self.key(program, unit, scope),
            in_population: false,
            holds: false,
            weight: 1.0,
            why: Why::Holds,
            evidence: unit.evidence,
            since,
            beside: Vec::new(),
        };
        if let Some(why) = self.fails(program, &program.population, scope) {
            one.why = why;
            return Some(one);
        }
        if let Some((_, because)) = program.out.iter().find(|(expr, _)| self.holds(expr, scope) == Some(true)) {
            one.why = Why::LeftOut(because);
            return Some(one);
        }
        if let Some(weight) = &program.weight {
            match self.operand(weight, scope).as_deref() {
                Some(Value::Number(n)) => one.weight = *n,
                _ => {
                    one.why = Why::Unweighed;
                    return Some(one);
                }
            }
        }
        one.in_population = true;
        one.beside = program.beside.iter().map(|(_, expr)| self.holds(expr, scope) == Some(true)).collect();
        match self.fails(program, &program.counting, scope) {
            Some(why) => one.why = why,
            None => one.holds = true,
        }
        Some(one)
    }

    fn key(&self, program: &Program, unit: &Unit, scope: &Scope<'_, 'a>) -> String {
        let part = |path: &Path| match self.thing(path, scope) {
            Some(Thing::Unit(unit)) => unit.id.clone(),
            Some(Thing::Value(value)) => match &*value {
                Value::List(list) => {
                    let mut texts: Vec<String> = list.iter().map(Value::text).collect();
                    texts.sort_unstable();
                    texts.join("; ")
                }
                one => one.text(),
            },
            // without a value it is one by itself
            None => unit.id.clone(),
        };
        match program.once.as_slice() {
            [one] => part(one),
            all => all.iter().map(part).collect::<Vec<_>>().join(", "),
        }
    }

    /// Why the first part that is not so is not so.
    fn fails<'g>(&self, program: &'g Program, tests: &[Test], scope: &Scope<'_, 'a>) -> Option<Why<'g>> {
        tests.iter().find_map(|test| {
            let part = program.text.get(test.span.from..test.span.to).unwrap_or_default();
            match self.holds(&test.expr, scope) {
                Some(true) => None,
                Some(false) => Some(Why::NotSo(part)),
                None => Some(Why::NotKnown(part)),
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
            Expr::Has(left, right) => match (&*self.operand(left, scope)?, &*self.operand(right, scope)?) {
                (Value::List(list), one) => Some(list.contains(one)),
                _ => None,
            },
            Expr::Order(left, order, right) => {
                let found = self.operand(left, scope)?.order(&*self.operand(right, scope)?)?;
                Some(match order {
                    Order::Less => found == Ordering::Less,
                    Order::AtMost => found != Ordering::Greater,
                    Order::More => found == Ordering::Greater,
                    Order::AtLeast => found != Ordering::Less,
                })
            }
            Expr::InPeriod(day) => {
                let day = self.operand(day, scope)?.day()?;
                Some(self.is_in_period(day))
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
                let entity = self.operand(entity, scope)?;
                let Value::Text(entity) = &*entity else { return None };
                let day = self.operand(day, scope)?.day()?;
                Some(self.is_prioritised(entity, day))
            }
            Expr::Some(quantity, source, inner) => self.quantity(*quantity, source, inner.as_deref(), scope),
        }
    }

    fn same(&self, left: &Operand, right: &Operand, scope: &Scope<'_, 'a>) -> Option<bool> {
        let (left, right) = (self.operand(left, scope)?, self.operand(right, scope)?);
        Some(match (&*left, &*right) {
            (Value::List(list), one) | (one, Value::List(list)) => list.contains(one),
            (left, right) => left.order(right)? == Ordering::Equal,
        })
    }

    fn is_known(&self, operand: &Operand, scope: &Scope<'_, 'a>) -> bool {
        match operand {
            Operand::Path(path) => self.thing(path, scope).is_some_and(|thing| match thing {
                Thing::Value(value) => !matches!(&*value, Value::List(list) if list.is_empty()),
                Thing::Unit(_) => true,
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
            Thing::Value(value) => match &*value {
                Value::Text(key) => Some(key.clone()),
                _ => None,
            },
        }
    }

    /// On the register as it stood on a day, by what was known at the end of that day.
    fn is_prioritised(&self, entity: &str, day: i64) -> bool {
        let end = Micros(Micros::of_day(day.saturating_add(1)).0.saturating_sub(1)).min(self.view.known_as_of);
        self.book.is_prioritised(entity, day, end)
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
                    Thing::Value(value) => list(value),
                    Thing::Unit(unit) => return Some(vec![Thing::Unit(unit)]),
                };
                Some(values.into_iter().filter_map(|value| self.follow(via, value)).collect())
            }
            Source::Whose { kind, field, .. } => {
                let target = match scope.here {
                    Thing::Unit(unit) => Cow::Borrowed(unit.id.as_str()),
                    Thing::Value(value) => Cow::Owned(value.text()),
                };
                let naming = self.table(kind).map(|table| table.naming(field, &target));
                Some(naming.into_iter().flatten().map(Thing::Unit).collect())
            }
        }
    }

    fn unit(&self, kind: &str, id: &str) -> Option<&'a Unit> {
        self.table(kind)?.get(id)
    }

    /// What a value names.
    fn named(&self, kind: &str, value: &Value) -> Option<&'a Unit> {
        match value {
            Value::Text(id) => self.unit(kind, id),
            other => self.unit(kind, &other.text()),
        }
    }

    /// What a value leads to.
    fn follow(&self, via: &Via, value: Cow<'a, Value>) -> Option<Thing<'a>> {
        match via {
            Via::Record(kind) => self.named(kind, &value).map(Thing::Unit),
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
                (Thing::Value(value), Via::Org) => Thing::Unit(self.named(PARTNER, &value)?),
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
        value: Cow<'a, Value>,
        via: &Via,
        names: impl ExactSizeIterator<Item = (&'p String, &'p Via)>,
    ) -> Option<Thing<'a>> {
        let (mut value, mut via) = (value, via);
        for (name, next) in names {
            let unit = match via {
                Via::Record(kind) => self.named(kind, &value)?,
                Via::Org => self.named(PARTNER, &value)?,
                Via::Value => return None,
            };
            value = Cow::Borrowed(unit.fields.get(name)?);
            via = next;
        }
        Some(Thing::Value(value))
    }

    fn field(&self, of: &Thing<'a>, name: &str) -> Option<Cow<'a, Value>> {
        let unit = match of {
            Thing::Unit(unit) => unit,
            // an organisation in a list
            Thing::Value(value) => self.named(PARTNER, value)?,
        };
        unit.fields.get(name).map(Cow::Borrowed)
    }

    fn value(&self, path: &Path, scope: &Scope<'_, 'a>) -> Option<Cow<'a, Value>> {
        match self.thing(path, scope)? {
            Thing::Value(value) => Some(value),
            Thing::Unit(unit) => Some(Cow::Owned(Value::Text(unit.id.clone()))),
        }
    }

    fn operand(&self, operand: &Operand, scope: &Scope<'_, 'a>) -> Option<Cow<'a, Value>> {
        let day_of = |at: Micros| Value::Day(at.day_number());
        Some(Cow::Owned(match operand {
            Operand::Path(path) => return self.value(path, scope),
            Operand::Text(text) => Value::Text(text.clone()),
            Operand::Number(n) => Value::Number(*n),
            Operand::Day(day) => Value::Day(*day),
            Operand::Flag(flag) => Value::Flag(*flag),
            Operand::PeriodStart => day_of(self.span.0),
            // of a period that still runs nothing is known after today
            Operand::PeriodEnd => day_of(Micros(self.span.1.0 - 1).min(self.view.as_of)),
            Operand::Today => day_of(self.view.as_of),
            Operand::Shift(inner, days) => Value::Day(self.operand(inner, scope)?.day()?.saturating_add(*days)),
            Operand::Sum(left, how, right) => match (&*self.operand(left, scope)?, &*self.operand(right, scope)?) {
                (Value::Number(a), Value::Number(b)) => Value::Number(match how {
                    Arithmetic::Plus => a + b,
                    Arithmetic::Minus => a - b,
                    Arithmetic::Times => a * b,
                }),
                _ => return None,
            },
        }))
    }
}

/// The values in a value: those of a list, else itself.
fn list(value: Cow<'_, Value>) -> Vec<Cow<'_, Value>> {
    match value {
        Cow::Borrowed(Value::List(list)) => list.iter().map(Cow::Borrowed).collect(),
        Cow::Owned(Value::List(list)) => list.into_iter().map(Cow::Owned).collect(),
        one => vec![one],
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
fn once(judged: &mut [Judged<'_>]) {
    let rank = |one: &Judged<'_>| (one.in_population, one.holds, one.evidence);
    // key → the place of the best, and how well it is shown
    let mut best: BTreeMap<&str, (usize, Evidence)> = BTreeMap::new();
    for (n, one) in judged.iter().enumerate() {
        let (place, shown) = best.entry(&one.key).or_insert((n, Evidence::E0));
        if one.in_population {
            *shown = one.evidence.max(*shown);
        }
        if judged.get(*place).is_some_and(|before| rank(before) < rank(one)) {
            *place = n;
        }
    }
    if best.len() == judged.len() {
        return;
    }
    let of: Vec<Option<(usize, Evidence)>> = judged.iter().map(|one| best.get(one.key.as_str()).copied()).collect();
    let ids: Vec<&str> = judged.iter().map(|one| one.unit.id.as_str()).collect();
    for (n, (one, of)) in judged.iter_mut().zip(of).enumerate() {
        let Some((place, shown)) = of else { continue };
        if place == n {
            one.evidence = shown.max(one.evidence);
        } else if one.in_population {
            (one.in_population, one.holds) = (false, false);
            one.why = Why::Double(ids.get(place).copied().unwrap_or_default());
        }
    }
}
