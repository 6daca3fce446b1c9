//! What is seen at one time, and how it is looked up: of each kind everything in the order of ids, by what it names and by day. What was looked up
//! once is kept for as long as nothing of the kind changes.
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use ledger::Micros;

use crate::facts::{Facts, View};
use crate::load::Change;
use crate::record::definition::Catalogue;
use crate::record::facts::{Book, Key, Unit};
use crate::record::value::Value;
use crate::{merged, mitigations};

/// What is seen at one time.
#[derive(Debug)]
pub(crate) struct Seen {
    /// What the program saw.
    pub facts: Arc<Facts>,
    /// What people recorded, and the actions that the program saw itself, by kind.
    pub kinds: BTreeMap<String, Table>,
}

impl Seen {
    /// `facts`: what `view` sees of them.
    pub(crate) fn at(facts: Arc<Facts>, book: &Book, catalogue: &Catalogue, view: View) -> Seen {
        let mut units = book.at(catalogue, view);
        merged::units(&facts.merges, catalogue, units.values_mut().flatten());
        if catalogue.get(mitigations::ACTION).is_some() {
            let actions = units.entry(mitigations::ACTION.to_owned()).or_default();
            actions.extend(mitigations::actions(&facts, facts.all_exposures()));
            actions.sort_by(|a, b| a.id.cmp(&b.id));
        }
        let kinds = units.into_iter().map(|(kind, units)| (kind, Table::of(units))).collect();
        Seen { facts, kinds }
    }

    /// These records are looked at again.
    pub(crate) fn follow<'k>(
        &mut self,
        book: &Book,
        catalogue: &Catalogue,
        view: View,
        touched: impl Iterator<Item = &'k Key>,
    ) {
        for key in touched {
            let table = self.kinds.entry(key.0.clone()).or_default();
            table.put(&key.1, book.one(catalogue, key, view));
        }
    }

    /// What mitigates these exposures is looked at again.
    pub(crate) fn follow_exposures(&mut self, change: &Change) {
        let table = self.kinds.entry(mitigations::ACTION.to_owned()).or_default();
        for action in &change.actions {
            table.put(action, None);
        }
        for action in mitigations::actions(&self.facts, change.exposures.iter()) {
            table.put(&action.id.clone(), Some(action));
        }
    }
}

/// A text → places of what names it.
type Naming = BTreeMap<String, Vec<usize>>;
/// Days, rising, each with the place of its thing.
type Days = Vec<(i64, usize)>;
/// What was worked out once, by field.
type Kept<T> = Mutex<BTreeMap<String, Arc<T>>>;

/// All of one kind.
#[derive(Debug, Default)]
pub struct Table {
    /// In the order of ids.
    units: Vec<Arc<Unit>>,
    /// What names what in a field.
    naming: Kept<Naming>,
    /// The days of a field.
    days: Kept<Days>,
}

impl Table {
    /// Units in the order of ids.
    pub fn of(units: Vec<Arc<Unit>>) -> Table {
        Table { units, ..Table::default() }
    }

    /// Everything, in the order of ids.
    pub fn all(&self) -> &[Arc<Unit>] {
        &self.units
    }

    /// The one with this id.
    pub fn get(&self, id: &str) -> Option<&Unit> {
        self.units.get(self.place(id).ok()?).map(|unit| &**unit)
    }

    fn place(&self, id: &str) -> Result<usize, usize> {
        self.units.binary_search_by(|unit| unit.id.as_str().cmp(id))
    }

    /// What of this id is now.
    fn put(&mut self, id: &str, unit: Option<Arc<Unit>>) {
        match (self.place(id), unit) {
            (Ok(place), Some(unit)) => self.units.splice(place..=place, [unit]).for_each(drop),
            (Ok(place), None) => drop(self.units.remove(place)),
            (Err(place), Some(unit)) => self.units.insert(place, unit),
            (Err(_), None) => return,
        }
        self.naming.get_mut().unwrap_or_else(PoisonError::into_inner).clear();
        self.days.get_mut().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// What names this in a field, in the order of ids.
    pub fn naming(&self, field: &str, target: &str) -> Vec<&Unit> {
        let naming = made_once(&self.naming, field, || {
            let mut naming = Naming::new();
            for (n, unit) in self.units.iter().enumerate() {
                match unit.fields.get(field) {
                    Some(Value::List(list)) => {
                        list.iter().for_each(|value| naming.entry(value.text()).or_default().push(n));
                    }
                    Some(value) => naming.entry(value.text()).or_default().push(n),
                    None => {}
                }
            }
            naming
        });
        let places = naming.get(target).into_iter().flatten();
        places.filter_map(|n| self.units.get(*n)).map(|unit| &**unit).collect()
    }

    /// What has a day of this field in `[from, until)`, in the order of ids.
    pub fn between(&self, field: &str, from: Micros, until: Micros) -> Vec<&Unit> {
        let days = made_once(&self.days, field, || {
            let day = |(n, unit): (usize, &Arc<Unit>)| Some((unit.fields.get(field)?.day()?, n));
            let mut days: Days = self.units.iter().enumerate().filter_map(day).collect();
            days.sort_unstable();
            days
        });
        let before = |at: Micros| days.partition_point(|(day, _)| Micros::of_day(*day) < at);
        let within = days.get(before(from)..before(until)).unwrap_or_default();
        let mut places: Vec<usize> = within.iter().map(|(_, n)| *n).collect();
        places.sort_unstable();
        places.into_iter().filter_map(|n| self.units.get(n)).map(|unit| &**unit).collect()
    }
}

fn made_once<T>(kept: &Kept<T>, field: &str, make: impl FnOnce() -> T) -> Arc<T> {
    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(made) = kept.get(field) {
        return Arc::clone(made);
    }
    let made = Arc::new(make());
    kept.insert(field.to_owned(), Arc::clone(&made));
    made
}
