//! What measures count: each record as it stood at two times, its fields as values, how well it is shown. Read once from the stage's tables;
//! [`Book::at`] cuts what lay in the future of a reader.
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use ledger::{Micros, Result, Tx};
use rayon::prelude::*;

use crate::facts::{Evidence, View};
use crate::record::definition::{Catalogue, Type};
use crate::record::value::Value;
use crate::record::{BackedMeta, Means, RecordMeta, list};

/// One thing that is counted: a record, or an organisation, or what the program saw itself.
#[derive(Clone, Debug, Default)]
pub struct Unit {
    /// Its kind.
    pub kind: String,
    /// Its id within the kind.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// What it holds, the built-in names included; what is not known is not there.
    pub fields: Values,
    /// How well it is shown.
    pub evidence: Evidence,
    /// Since when it is so.
    pub since: Micros,
    /// Entries of the ledger that it rests on.
    pub entries: Vec<i64>,
    /// The organisations that it names.
    pub orgs: Vec<String>,
}

/// Names and values, in the order of [`rank`].
type Said = Arc<Vec<(Arc<str>, Value)>>;

/// What a unit holds by name: what it says itself, made once and shared by all times at which it is looked at, and what follows from the time.
#[derive(Clone, Debug, Default)]
pub struct Values {
    said: Said,
    follows: Vec<(&'static str, Value)>,
}

impl Values {
    /// The value of this name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        let follows = self.follows.iter().find(|(own, _)| *own == name).map(|(_, value)| value);
        follows.or_else(|| self.said.get(self.place(name).ok()?).map(|(_, value)| value))
    }

    /// Says otherwise what is said under a name.
    pub(crate) fn put(&mut self, name: &str, value: Value) {
        match self.follows.iter_mut().find(|(own, _)| *own == name) {
            Some((_, own)) => *own = value,
            None => match self.place(name) {
                Ok(place) => {
                    Arc::make_mut(&mut self.said).splice(place..=place, [(Arc::from(name), value)]).for_each(drop)
                }
                Err(place) => Arc::make_mut(&mut self.said).insert(place, (Arc::from(name), value)),
            },
        }
    }

    fn place(&self, name: &str) -> std::result::Result<usize, usize> {
        self.said.binary_search_by(|(own, _)| rank(own).cmp(&rank(name)))
    }
}

/// The order of names: most differ in their length, and that is one comparison.
fn rank(name: &str) -> (usize, &str) {
    (name.len(), name)
}

fn ranked(values: impl Iterator<Item = (Arc<str>, Value)>) -> Said {
    let mut values: Vec<(Arc<str>, Value)> = values.collect();
    values.sort_unstable_by(|(a, _), (b, _)| rank(a).cmp(&rank(b)));
    Arc::new(values)
}

impl From<BTreeMap<String, Value>> for Values {
    fn from(said: BTreeMap<String, Value>) -> Values {
        Values { said: ranked(said.into_iter().map(|(name, value)| (Arc::from(name), value))), follows: Vec::new() }
    }
}

/// A version of a record with both its times.
#[derive(Clone, Debug)]
struct Version {
    entry: i64,
    valid: Micros,
    known: Micros,
    meta: RecordMeta,
    /// Its fields as values, by the definition of its kind.
    typed: OnceLock<Said>,
}

impl Version {
    fn typed(&self, catalogue: &Catalogue) -> Said {
        let make = || {
            let definition = catalogue.get(&self.meta.record);
            let kind_of = |name: &str| definition.and_then(|d| d.field(name)).map_or(Type::Text, |field| field.kind);
            let fields = self.meta.fields.iter();
            ranked(fields.map(|(name, stored)| (catalogue.name(name), stored.value(kind_of(name)))))
        };
        Arc::clone(self.typed.get_or_init(make))
    }
}

/// Something that backs a record.
#[derive(Clone, Debug)]
struct Backed {
    entry: i64,
    known: Micros,
    meta: BackedMeta,
}

/// All that was said of one record, in the order of the log.
#[derive(Clone, Debug, Default)]
struct Told {
    versions: Vec<Version>,
    backed: Vec<Backed>,
    /// As it stands by all that was said: most records are the same at most times.
    whole: OnceLock<Arc<Unit>>,
}

/// Rows of records as they lie in the tables: to read them needs the store, what they say needs none.
#[derive(Debug)]
pub(crate) struct Rows {
    after: i64,
    versions: Vec<(i64, Micros, Micros, String)>,
    backed: Vec<(i64, Micros, String)>,
}

impl Rows {
    /// What the entries after `after` hold, as far as it is known by `known`.
    pub(crate) fn read(tx: &mut Tx<'_>, after: i64, known: Micros) -> Result<Rows> {
        let args = [known.into(), after.into()];
        let sql = "SELECT idx, valid, known, meta FROM @record_version WHERE known <= $1 AND idx > $2 ORDER BY idx";
        let versions = tx.all(sql, &args, |r| (r.int(0), r.micros(1), r.micros(2), r.text(3).to_owned()))?;
        let sql = "SELECT idx, known, meta FROM @record_backed WHERE known <= $1 AND idx > $2 ORDER BY idx";
        let backed = tx.all(sql, &args, |r| (r.int(0), r.micros(1), r.text(2).to_owned()))?;
        Ok(Rows { after, versions, backed })
    }
}

/// Kind and id of a record.
pub(crate) type Key = (String, String);

/// Every version of every record, and what backs it, by kind and id.
#[derive(Clone, Debug, Default)]
pub struct Book {
    records: BTreeMap<Key, Told>,
    /// What of infrastructure → of each priority that ever named it all that was said: made when it is first asked for.
    register: OnceLock<BTreeMap<String, Vec<Vec<Stay>>>>,
}

/// What one version of a priority says of one piece of infrastructure.
#[derive(Clone, Copy, Debug)]
struct Stay {
    known: Micros,
    /// It is still the one that is named, and that is no mistake.
    named: bool,
    from: Option<i64>,
    until: Option<i64>,
}

/// The kind of record by which infrastructure stands on the register of priorities.
pub(crate) const PRIORITY: &str = "priority";

impl Book {
    /// All that is known by `known`.
    pub(crate) fn read(tx: &mut Tx<'_>, known: Micros) -> Result<Book> {
        Ok(Book::of(Rows::read(tx, -1, known)?))
    }

    /// What these rows say.
    pub(crate) fn of(rows: Rows) -> Book {
        let mut book = Book::default();
        book.take(rows);
        book
    }

    /// Adds what the entries after `after` say, as far as it is known by `known`; gives the records of which they speak, but of a first
    /// reading none.
    pub(crate) fn follow(&mut self, tx: &mut Tx<'_>, after: i64, known: Micros) -> Result<BTreeSet<Key>> {
        Ok(self.take(Rows::read(tx, after, known)?))
    }

    /// The same from rows that were read.
    fn take(&mut self, rows: Rows) -> BTreeSet<Key> {
        let Rows { after, versions, backed } = rows;
        let mut touched = BTreeSet::new();
        // reading what they say is most of the work, and each is read by itself
        let versions: Vec<Option<Version>> = versions
            .into_par_iter()
            .map(|(entry, valid, known, meta)| {
                let meta = serde_json::from_str::<RecordMeta>(&meta).ok()?;
                Some(Version { entry, valid, known, meta, typed: OnceLock::new() })
            })
            .collect();
        for version in versions.into_iter().flatten() {
            let key = (version.meta.record.clone(), version.meta.id.clone());
            self.told(&key, &mut touched, after >= 0).versions.push(version);
        }
        let backed: Vec<Option<Backed>> = backed
            .into_par_iter()
            .map(|(entry, known, meta)| Some(Backed { entry, known, meta: serde_json::from_str(&meta).ok()? }))
            .collect();
        for backed in backed.into_iter().flatten() {
            let key = (backed.meta.record.clone(), backed.meta.id.clone());
            self.told(&key, &mut touched, after >= 0).backed.push(backed);
        }
        touched
    }

    /// What was said of a record, to be added to; `noted` among what was touched.
    fn told(&mut self, key: &Key, touched: &mut BTreeSet<Key>, noted: bool) -> &mut Told {
        if noted {
            touched.insert(key.clone());
        }
        if key.0 == PRIORITY {
            self.register = OnceLock::new();
        }
        let told = self.records.entry(key.clone()).or_default();
        told.whole = OnceLock::new();
        told
    }

    /// The last instant at which something was so, or known.
    pub(crate) fn last(&self) -> Micros {
        self.records.values().filter_map(Told::last).max().unwrap_or_default()
    }

    /// The same of some records.
    pub(crate) fn last_of<'k>(&self, of: impl Iterator<Item = &'k Key>) -> Micros {
        of.filter_map(|key| self.records.get(key)?.last()).max().unwrap_or_default()
    }

    /// One record as it stood.
    pub(crate) fn one(&self, catalogue: &Catalogue, key: &Key, view: View) -> Option<Arc<Unit>> {
        self.records.get(key)?.at(catalogue, view)
    }

    /// Each record as it stood at `view.as_of`, by what was known at `view.known_as_of`. A later statement speaks over an earlier one, but not
    /// of what had not come to be by then.
    pub fn at(&self, catalogue: &Catalogue, view: View) -> BTreeMap<String, Vec<Arc<Unit>>> {
        let records: Vec<(&Key, &Told)> = self.records.iter().collect();
        let stood: Vec<Option<Arc<Unit>>> = records.par_iter().map(|(_, told)| told.at(catalogue, view)).collect();
        let mut units: BTreeMap<String, Vec<Arc<Unit>>> = BTreeMap::new();
        for unit in stood.into_iter().flatten() {
            match units.get_mut(&unit.kind) {
                Some(of_kind) => of_kind.push(unit),
                None => drop(units.insert(unit.kind.clone(), vec![unit])),
            }
        }
        units
    }

    /// A record as it was last said by an instant.
    pub fn known(&self, kind: &str, id: &str, at: Micros) -> Option<&RecordMeta> {
        let told = self.records.get(&(kind.to_owned(), id.to_owned()))?;
        told.versions.iter().rfind(|v| v.known <= at).map(|v| &v.meta)
    }

    /// Who recorded any version of a record by an instant, or brought evidence.
    pub fn recorders(&self, kind: &str, id: &str, at: Micros) -> impl Iterator<Item = &str> {
        let told = self.records.get(&(kind.to_owned(), id.to_owned())).into_iter();
        told.flat_map(move |told| {
            let versions = told.versions.iter().filter(move |v| v.known <= at).map(|v| v.meta.by.as_str());
            let backed = told.backed.iter().filter(move |b| b.known <= at && b.meta.means == Means::Evidence);
            versions.chain(backed.map(|b| b.meta.by.as_str()))
        })
    }

    /// The versions of one kind that were known last, but for mistakes.
    pub fn last_known(&self, kind: &str) -> impl Iterator<Item = &RecordMeta> {
        self.of_kind(kind).filter_map(|(_, told)| told.versions.last()).map(|v| &v.meta).filter(|m| m.void.is_none())
    }

    fn of_kind(&self, kind: &str) -> impl Iterator<Item = (&Key, &Told)> {
        let from = (kind.to_owned(), String::new());
        self.records.range(from.clone()..).take_while(move |((kind, _), _)| *kind == from.0)
    }

    /// Whether something stood on the register of priorities on a day, as that was known at an instant.
    pub fn is_prioritised(&self, entity: &str, day: i64, known: Micros) -> bool {
        let register = self.register.get_or_init(|| {
            let mut register: BTreeMap<String, Vec<Vec<Stay>>> = BTreeMap::new();
            for (_, told) in self.of_kind(PRIORITY) {
                let named: BTreeSet<String> = told.versions.iter().filter_map(|v| v.meta.entity()).collect();
                for entity in named {
                    let stays = told.versions.iter().map(|v| v.stay(&entity)).collect();
                    register.entry(entity).or_default().push(stays);
                }
            }
            register
        });
        // the version that was known last speaks
        let stands = |stays: &Vec<Stay>| stays.iter().rfind(|s| s.known <= known).is_some_and(|s| s.holds(day));
        register.get(entity).into_iter().flatten().any(stands)
    }
}

impl Stay {
    fn holds(&self, day: i64) -> bool {
        self.named && self.from.is_some_and(|from| from <= day) && self.until.is_none_or(|until| day <= until)
    }
}

impl Version {
    fn stay(&self, entity: &str) -> Stay {
        let named = self.meta.void.is_none() && self.meta.entity().is_some_and(|own| own == entity);
        Stay { known: self.known, named, from: self.meta.day("from"), until: self.meta.day("until") }
    }
}

impl RecordMeta {
    fn entity(&self) -> Option<String> {
        self.fields.get("entity").map(|stored| stored.typed())
    }

    fn day(&self, name: &str) -> Option<i64> {
        self.fields.get(name).and_then(|stored| stored.value(Type::Day).day())
    }
}

impl Told {
    /// As it stood; nothing where it had not come to be, or turned out to be a mistake: then it never was.
    fn at(&self, catalogue: &Catalogue, view: View) -> Option<Arc<Unit>> {
        let known = self.versions.partition_point(|v| v.known <= view.known_as_of);
        // what shows that it was so may come to be known later: it restates the period of what it shows
        let backed = self.backed.partition_point(|b| b.known <= view.known_as_of);
        let all = known == self.versions.len() && backed == self.backed.len();
        let (versions, backed) = (self.versions.get(..known)?, self.backed.get(..backed)?);
        let version = Told::stood(versions, view.as_of)?;
        let make = |version| Arc::new(unit(catalogue, version, backed, versions.iter().map(|v| v.meta.by.as_str())));
        if all && Told::stood(versions, Micros(i64::MAX)).is_some_and(|last| std::ptr::eq(last, version)) {
            return Some(Arc::clone(self.whole.get_or_init(|| make(version))));
        }
        Some(make(version))
    }

    fn last(&self) -> Option<Micros> {
        let version = self.versions.last().map(|v| v.known.max(v.valid));
        version.max(self.backed.last().map(|b| b.known))
    }

    /// The version that speaks.
    fn stood(known: &[Version], as_of: Micros) -> Option<&Version> {
        if known.last()?.meta.void.is_some() {
            return None;
        }
        known.iter().rev().find(|v| v.meta.void.is_none() && v.valid <= as_of)
    }
}

fn unit<'v>(
    catalogue: &Catalogue,
    version: &Version,
    backed: &[Backed],
    recorders: impl Iterator<Item = &'v str>,
) -> Unit {
    let meta = &version.meta;
    let evidence = list::level(meta, backed.iter().map(|b| &b.meta));
    let texts = |texts: Vec<String>| {
        let mut texts = texts;
        texts.sort_unstable();
        texts.dedup();
        Value::List(texts.into_iter().map(Value::Text).collect())
    };
    // a digest costs more than all the rest, and most records have nothing that speaks of their fields
    let now = if backed.is_empty() { String::new() } else { crate::record::digest_of(&meta.fields) };
    let by = |means: Means, who: fn(&BackedMeta) -> &str| {
        let of = backed.iter().map(|b| &b.meta).filter(|b| b.means == means && b.fields == now);
        texts(of.map(|b| who(b).to_owned()).collect())
    };
    let follows = vec![
        ("id", Value::Text(meta.id.clone())),
        ("state", Value::Text(meta.state.clone())),
        ("tags", texts(meta.tags.clone())),
        ("marking", Value::Text(meta.marking.clone())),
        ("evidence", Value::Text(format!("{evidence:?}"))),
        ("confirmed_by", by(Means::Confirmed, |b| &b.org)),
        ("attested_by", by(Means::Attested, |b| &b.by)),
        ("recorded_by", texts(recorders.map(str::to_owned).collect())),
    ];
    let mut entries: Vec<i64> = backed.iter().map(|b| b.entry).chain([version.entry]).collect();
    entries.sort_unstable();
    Unit {
        kind: meta.record.clone(),
        id: meta.id.clone(),
        name: meta.name.clone(),
        fields: Values { said: version.typed(catalogue), follows },
        evidence,
        since: version.valid,
        entries,
        orgs: meta.orgs.clone(),
    }
}
