//! What measures count: each record as it stood at two times, its fields as values, how well it is shown. Read once from the stage's tables;
//! [`Book::at`] cuts what lay in the future of a reader.
use std::collections::BTreeMap;
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

/// What a unit holds by name: what it says itself, made once and shared by all times at which it is looked at, and what follows from the time.
#[derive(Clone, Debug, Default)]
pub struct Values {
    said: Arc<BTreeMap<String, Value>>,
    follows: Vec<(&'static str, Value)>,
}

impl Values {
    /// The value of this name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        let follows = self.follows.iter().find(|(own, _)| *own == name).map(|(_, value)| value);
        follows.or_else(|| self.said.get(name))
    }
}

impl From<BTreeMap<String, Value>> for Values {
    fn from(said: BTreeMap<String, Value>) -> Values {
        Values { said: Arc::new(said), follows: Vec::new() }
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
    typed: OnceLock<Arc<BTreeMap<String, Value>>>,
}

impl Version {
    fn typed(&self, catalogue: &Catalogue) -> Arc<BTreeMap<String, Value>> {
        let make = || {
            let definition = catalogue.get(&self.meta.record);
            let kind_of = |name: &str| definition.and_then(|d| d.field(name)).map_or(Type::Text, |field| field.kind);
            let fields = self.meta.fields.iter();
            Arc::new(fields.map(|(name, stored)| (name.clone(), stored.value(kind_of(name)))).collect())
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
}

/// Every version of every record, and what backs it, by kind and id.
#[derive(Clone, Debug, Default)]
pub struct Book {
    records: BTreeMap<(String, String), Told>,
}

impl Book {
    /// All that is known by `known`.
    pub(crate) fn read(tx: &mut Tx<'_>, known: Micros) -> Result<Book> {
        let mut book = Book::default();
        let sql = "SELECT idx, valid, known, meta FROM @record_version WHERE known <= $1 ORDER BY idx";
        let rows = tx.all(sql, &[known.into()], |r| (r.int(0), r.micros(1), r.micros(2), r.text(3).to_owned()))?;
        // reading them is most of the work, and each is read by itself
        let versions: Vec<Option<Version>> = rows
            .into_par_iter()
            .map(|(entry, valid, known, meta)| {
                let meta = serde_json::from_str::<RecordMeta>(&meta).ok()?;
                Some(Version { entry, valid, known, meta, typed: OnceLock::new() })
            })
            .collect();
        for version in versions.into_iter().flatten() {
            let key = (version.meta.record.clone(), version.meta.id.clone());
            book.records.entry(key).or_default().versions.push(version);
        }
        let sql = "SELECT idx, known, meta FROM @record_backed WHERE known <= $1 ORDER BY idx";
        let rows = tx.all(sql, &[known.into()], |r| (r.int(0), r.micros(1), r.text(2).to_owned()))?;
        let backed: Vec<Option<Backed>> = rows
            .into_par_iter()
            .map(|(entry, known, meta)| Some(Backed { entry, known, meta: serde_json::from_str(&meta).ok()? }))
            .collect();
        for backed in backed.into_iter().flatten() {
            let key = (backed.meta.record.clone(), backed.meta.id.clone());
            book.records.entry(key).or_default().backed.push(backed);
        }
        Ok(book)
    }

    /// Each record as it stood at `view.as_of`, by what was known at `view.known_as_of`. A later statement speaks over an earlier one, but not
    /// of what had not come to be by then.
    pub fn at(&self, catalogue: &Catalogue, view: View) -> BTreeMap<String, Vec<Unit>> {
        let records: Vec<(&(String, String), &Told)> = self.records.iter().collect();
        let stood: Vec<Option<Unit>> = records.par_iter().map(|(_, told)| told.at(catalogue, view)).collect();
        let mut units: BTreeMap<String, Vec<Unit>> = BTreeMap::new();
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

    /// The versions of one kind that were known at an instant and stood then: a register as it was read on that day.
    pub fn known_at(&self, kind: &str, at: Micros) -> impl Iterator<Item = &RecordMeta> {
        let from = (kind.to_owned(), String::new());
        let of_kind = self.records.range(from..).take_while(move |((k, _), _)| *k == kind);
        let last = move |told: &'_ Told| told.versions.iter().rposition(|v| v.known <= at);
        of_kind
            .filter_map(move |(_, told)| last(told).and_then(|n| told.versions.get(n)))
            .map(|v| &v.meta)
            .filter(|m| m.void.is_none())
    }
}

impl Told {
    /// As it stood; nothing where it had not come to be, or turned out to be a mistake: then it never was.
    fn at(&self, catalogue: &Catalogue, view: View) -> Option<Unit> {
        let known = self.versions.iter().rev().skip_while(|v| v.known > view.known_as_of);
        if known.clone().next()?.meta.void.is_some() {
            return None;
        }
        let mut stood = known.filter(|v| v.meta.void.is_none() && v.valid <= view.as_of);
        let version = stood.next()?;
        // what shows that it was so may come to be known later: it restates the period of what it shows
        let backed: Vec<&Backed> = self.backed.iter().filter(|b| b.known <= view.known_as_of).collect();
        let recorders = self.versions.iter().filter(|v| v.known <= view.known_as_of).map(|v| v.meta.by.as_str());
        Some(unit(catalogue, version, &backed, recorders))
    }
}

fn unit<'v>(
    catalogue: &Catalogue,
    version: &Version,
    backed: &[&Backed],
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
