//! What measures count: each record as it stood at two times, its fields as values, how well it is shown. Read once from the stage's tables;
//! [`Book::at`] cuts what lay in the future of a reader.
use std::collections::BTreeMap;

use ledger::{Micros, Result, Tx};

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
    pub fields: BTreeMap<String, Value>,
    /// How well it is shown.
    pub evidence: Evidence,
    /// Since when it is so.
    pub since: Micros,
    /// Entries of the ledger that it rests on.
    pub entries: Vec<i64>,
    /// The organisations that it names.
    pub orgs: Vec<String>,
}

/// A version of a record with both its times.
#[derive(Clone, Debug)]
struct Version {
    entry: i64,
    valid: Micros,
    known: Micros,
    meta: RecordMeta,
}

/// Something that backs a record.
#[derive(Clone, Debug)]
struct Backed {
    entry: i64,
    known: Micros,
    meta: BackedMeta,
}

/// Every version of every record, by kind and id.
#[derive(Clone, Debug, Default)]
pub struct Book {
    versions: BTreeMap<(String, String), Vec<Version>>,
    backed: BTreeMap<(String, String), Vec<Backed>>,
}

impl Book {
    /// All that is known by `known`.
    pub(crate) fn read(tx: &mut Tx<'_>, known: Micros) -> Result<Book> {
        let mut book = Book::default();
        let sql = "SELECT idx, valid, known, meta FROM @record_version WHERE known <= $1 ORDER BY idx";
        tx.each(sql, &[known.into()], &mut |r| {
            if let Ok(meta) = serde_json::from_str::<RecordMeta>(r.text(3)) {
                let key = (meta.record.clone(), meta.id.clone());
                let version = Version { entry: r.int(0), valid: r.micros(1), known: r.micros(2), meta };
                book.versions.entry(key).or_default().push(version);
            }
            Ok(())
        })?;
        let sql = "SELECT idx, known, meta FROM @record_backed WHERE known <= $1 ORDER BY idx";
        tx.each(sql, &[known.into()], &mut |r| {
            if let Ok(meta) = serde_json::from_str::<BackedMeta>(r.text(2)) {
                let key = (meta.record.clone(), meta.id.clone());
                let backed = Backed { entry: r.int(0), known: r.micros(1), meta };
                book.backed.entry(key).or_default().push(backed);
            }
            Ok(())
        })?;
        Ok(book)
    }

    /// Each record as it stood at `view.as_of`, by what was known at `view.known_as_of`. A later statement speaks over an earlier one, but not
    /// of what had not come to be by then.
    pub fn at(&self, catalogue: &Catalogue, view: View) -> BTreeMap<String, Vec<Unit>> {
        let mut units: BTreeMap<String, Vec<Unit>> = BTreeMap::new();
        for ((kind, id), versions) in &self.versions {
            let known = versions.iter().rev().skip_while(|v| v.known > view.known_as_of);
            // what turned out to be a mistake never was
            if known.clone().next().is_none_or(|last| last.meta.void.is_some()) {
                continue;
            }
            let mut stood = known.filter(|v| v.meta.void.is_none() && v.valid <= view.as_of);
            let Some(version) = stood.next() else { continue };
            let backed = self.backed.get(&(kind.clone(), id.clone())).map_or(&[][..], Vec::as_slice);
            // what shows that it was so may come to be known later: it restates the period of what it shows
            let backed: Vec<&Backed> = backed.iter().filter(|b| b.known <= view.known_as_of).collect();
            let recorders = versions.iter().filter(|v| v.known <= view.known_as_of).map(|v| v.meta.by.as_str());
            units.entry(kind.clone()).or_default().push(unit(catalogue, version, &backed, recorders));
        }
        units
    }

    /// A record as it was last said by an instant.
    pub fn known(&self, kind: &str, id: &str, at: Micros) -> Option<&RecordMeta> {
        let versions = self.versions.get(&(kind.to_owned(), id.to_owned()))?;
        versions.iter().rfind(|v| v.known <= at).map(|v| &v.meta)
    }

    /// Who recorded any version of a record by an instant, or brought evidence.
    pub fn recorders(&self, kind: &str, id: &str, at: Micros) -> impl Iterator<Item = &str> {
        let key = (kind.to_owned(), id.to_owned());
        let versions = self.versions.get(&key).into_iter().flatten().filter(move |v| v.known <= at);
        let backed = self.backed.get(&key).into_iter().flatten();
        let backed = backed.filter(move |b| b.known <= at && b.meta.means == Means::Evidence);
        versions.map(|v| v.meta.by.as_str()).chain(backed.map(|b| b.meta.by.as_str()))
    }

    /// The versions of one kind that were known at an instant and stood then: a register as it was read on that day.
    pub fn known_at(&self, kind: &str, at: Micros) -> impl Iterator<Item = &RecordMeta> {
        let from = (kind.to_owned(), String::new());
        let of_kind =
            self.versions.range(from..).take_while(move |((k, _), _)| *k == kind).map(|(_, versions)| versions);
        let last = move |versions: &'_ Vec<Version>| -> Option<usize> { versions.iter().rposition(|v| v.known <= at) };
        of_kind
            .filter_map(move |versions| last(versions).and_then(|n| versions.get(n)))
            .map(|v| &v.meta)
            .filter(|m| m.void.is_none())
    }
}

fn unit<'v>(
    catalogue: &Catalogue,
    version: &Version,
    backed: &[&Backed],
    recorders: impl Iterator<Item = &'v str>,
) -> Unit {
    let meta = &version.meta;
    let definition = catalogue.get(&meta.record);
    let kind_of = |name: &str| definition.and_then(|d| d.field(name)).map_or(Type::Text, |field| field.kind);
    let mut fields: BTreeMap<String, Value> =
        meta.fields.iter().map(|(name, stored)| (name.clone(), stored.value(kind_of(name)))).collect();
    let evidence = list::level(meta, backed.iter().map(|b| &b.meta));
    let texts = |texts: Vec<String>| {
        let mut texts = texts;
        texts.sort_unstable();
        texts.dedup();
        Value::List(texts.into_iter().map(Value::Text).collect())
    };
    let now = crate::record::digest_of(&meta.fields);
    let by = |means: Means, who: fn(&BackedMeta) -> &str| {
        let of = backed.iter().map(|b| &b.meta).filter(|b| b.means == means && b.fields == now);
        texts(of.map(|b| who(b).to_owned()).collect())
    };
    fields.insert("id".to_owned(), Value::Text(meta.id.clone()));
    fields.insert("state".to_owned(), Value::Text(meta.state.clone()));
    fields.insert("tags".to_owned(), texts(meta.tags.clone()));
    fields.insert("marking".to_owned(), Value::Text(meta.marking.clone()));
    fields.insert("evidence".to_owned(), Value::Text(format!("{evidence:?}")));
    fields.insert("confirmed_by".to_owned(), by(Means::Confirmed, |b| &b.org));
    fields.insert("attested_by".to_owned(), by(Means::Attested, |b| &b.by));
    fields.insert("recorded_by".to_owned(), texts(recorders.map(str::to_owned).collect()));
    let mut entries: Vec<i64> = backed.iter().map(|b| b.entry).chain([version.entry]).collect();
    entries.sort_unstable();
    Unit {
        kind: meta.record.clone(),
        id: meta.id.clone(),
        name: meta.name.clone(),
        fields,
        evidence,
        since: version.valid,
        entries,
        orgs: meta.orgs.clone(),
    }
}
