//! Which records have these words. The words of a record are folded as it is recorded, so that a search reads the rows of its words, of the rarest at
//! most [`EXAMINED_MAX`], and no record but those it shows: a million of them cost it no more than a thousand. Words are those of the search over
//! what is held (`exchange::search`), so that one question means the same in both.
use std::collections::BTreeMap;

use ledger::{Column, Result, Tx, Value};
use partners::Person;
use partners::may::Verb;

use crate::record::definition::{Catalogue, Definition};
use crate::record::list::{self, Line};
use crate::record::{RecordMeta, Stored};

/// Words of one record by which it is found; its id and its name come first.
const WORDS_MAX: usize = 48;
/// Words of one question that are looked at.
const ASKED_MAX: usize = 8;
/// Records that are looked at for one question, of those that have its rarest word the last recorded.
const EXAMINED_MAX: i64 = 10_000;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// The records, the last recorded first.
    pub lines: Vec<Line>,
    /// There are more, or more were not looked at.
    pub more: bool,
}

/// The numbers of the words by which a version is found, each once.
fn words(meta: &RecordMeta) -> Vec<u64> {
    let texts = meta.fields.values().flat_map(Stored::parts);
    exchange::search::numbers_of([meta.id.as_str(), meta.name.as_str()].into_iter().chain(texts), WORDS_MAX)
}

/// The words of a run of events, which go into their table together.
#[derive(Default)]
pub(crate) struct Words {
    /// By entry.
    fresh: BTreeMap<i64, Vec<u64>>,
}

impl Words {
    /// A version takes the place of another, whose words find nothing any more. What was a mistake is not found.
    pub(super) fn turn(&mut self, tx: &mut Tx<'_>, before: Option<i64>, entry: i64, meta: &RecordMeta) -> Result<()> {
        if let Some(before) = before
            && self.fresh.remove(&before).is_none()
        {
            let sql = "SELECT meta FROM @record_version WHERE idx = $1";
            let old = tx.one(sql, &[before.into()], |r| serde_json::from_str::<RecordMeta>(r.text(0)).ok())?;
            for word in old.flatten().iter().flat_map(words) {
                let sql = "DELETE FROM @record_word WHERE word = $1 AND entry = $2";
                tx.run(sql, &[(word as i64).into(), before.into()])?;
            }
        }
        if meta.void.is_none() {
            self.fresh.insert(entry, words(meta));
        }
        Ok(())
    }

    /// Writes them, in the order of the table.
    pub(crate) fn end(self, tx: &mut Tx<'_>) -> Result<()> {
        let of = |(entry, words): (i64, Vec<u64>)| words.into_iter().map(move |word| (word as i64, entry));
        let mut rows: Vec<(i64, i64)> = self.fresh.into_iter().flat_map(of).collect();
        rows.sort_unstable();
        let (words, entries) = rows.into_iter().unzip();
        tx.bulk("INSERT INTO @record_word (word, entry)", &[Column::Int(words), Column::Int(entries)], "")
    }
}

/// The records that have all words of a text, or its id, among those that a person may read; at most so many.
pub fn find(tx: &mut Tx<'_>, catalogue: &Catalogue, person: &Person, text: &str, limit: usize) -> Result<Found> {
    if !person.sees_all() || !person.may(Verb::Measure).allowed {
        return Ok(Found::default());
    }
    let readable: Vec<&Definition> = catalogue.all().filter(|definition| definition.is_read_by(person.role)).collect();
    let mut found = Found::default();
    for definition in &readable {
        found.lines.extend(list::one(tx, &definition.kind, text.trim())?.filter(|line| line.version.void.is_none()));
    }
    let by_words = with_words(tx, &readable, text, limit)?;
    found.more = by_words.more;
    let known: Vec<i64> = found.lines.iter().map(|line| line.entry).collect();
    found.lines.extend(by_words.lines.into_iter().filter(|line| !known.contains(&line.entry)));
    found.more |= found.lines.len() > limit;
    found.lines.truncate(limit);
    Ok(found)
}

/// The records of these kinds that have all words of a text.
fn with_words(tx: &mut Tx<'_>, kinds: &[&Definition], text: &str, limit: usize) -> Result<Found> {
    let mut asked: Vec<(i64, i64)> = Vec::new();
    for word in exchange::search::asked(text).0.iter().take(ASKED_MAX) {
        let number = exchange::search::number(word) as i64;
        let sql = "SELECT count(*) FROM (SELECT 1 FROM @record_word WHERE word = $1 LIMIT $2) AS held";
        let records = tx.one(sql, &[number.into(), (EXAMINED_MAX + 1).into()], |r| r.int(0))?.unwrap_or(0);
        asked.push((records, number));
    }
    asked.sort_unstable();
    let (Some((records, rarest)), false) = (asked.first().copied(), kinds.is_empty()) else {
        return Ok(Found::default());
    };
    let mut args: Vec<Value<'_>> =
        vec![rarest.into(), EXAMINED_MAX.into(), i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1).into()];
    let mut also = String::new();
    for (_, word) in asked.iter().skip(1) {
        args.push((*word).into());
        also +=
            &format!(" AND EXISTS (SELECT 1 FROM @record_word o WHERE o.word = ${} AND o.entry = w.entry)", args.len());
    }
    let mut of_kind = Vec::with_capacity(kinds.len());
    for definition in kinds {
        args.push((&definition.kind).into());
        of_kind.push(format!("${}", args.len()));
    }
    let sql = format!(
        "SELECT v.idx, v.known, v.valid, v.meta FROM (SELECT entry FROM @record_word WHERE word = $1 ORDER BY entry DESC LIMIT $2) w \
         JOIN @record_version v ON v.idx = w.entry WHERE v.kind IN ({}){also} ORDER BY w.entry DESC LIMIT $3",
        of_kind.join(", ")
    );
    let mut lines = list::of_rows(tx, &sql, &args)?;
    let more = lines.len() > limit || records > EXAMINED_MAX;
    lines.truncate(limit);
    Ok(Found { lines, more })
}
