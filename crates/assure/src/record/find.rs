//! Which records have these words, of all kinds or of one. The words of a record are folded as it is recorded, so that a search reads the rows of its
//! words, of the rarest at most [`EXAMINED_MAX`], and no record but those it shows: a million of them cost it no more than a thousand. Words are those of
//! the search over what is held (`exchange::search`), so that one question means the same in both.
use std::collections::BTreeMap;

use ledger::{Column, Result, Tx, Value};
use partners::Person;
use partners::may::Verb;

use crate::record::definition::Catalogue;
use crate::record::list::{self, Line, Listed, Wanted};
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
    let readable = catalogue.all().filter(|definition| definition.is_read_by(person.role));
    let kinds: Vec<&str> = readable.map(|definition| definition.kind.as_str()).collect();
    let mut found = Found::default();
    for kind in &kinds {
        found.lines.extend(list::one(tx, kind, text.trim())?.filter(|line| line.version.void.is_none()));
    }
    let by_words = with_words(tx, &kinds, text, &Wanted { limit, ..Wanted::default() })?;
    let known: Vec<i64> = found.lines.iter().map(|line| line.entry).collect();
    found.lines.extend(by_words.lines.into_iter().filter(|line| !known.contains(&line.entry)));
    found.more = by_words.next.is_some() || found.lines.len() > limit;
    found.lines.truncate(limit);
    Ok(found)
}

/// The records of these kinds that have all words of a text, and are as wanted beside. What was a mistake has no words.
pub(super) fn with_words(tx: &mut Tx<'_>, kinds: &[&str], text: &str, wanted: &Wanted) -> Result<Listed> {
    let words = by_rarity(tx, text)?;
    let (Some((rarest, others)), false) = (words.split_first(), kinds.is_empty()) else {
        return Ok(Listed::default());
    };
    let mut before = wanted.before.unwrap_or(i64::MAX);
    let sql = "SELECT entry FROM @record_word WHERE word = $1 AND entry < $2 ORDER BY entry DESC LIMIT 1 OFFSET $3";
    // the last that is looked at, where there are more
    let last =
        tx.one(sql, &[(*rarest).into(), before.into(), EXAMINED_MAX.into()], |r| r.int(0))?.map(|entry| entry + 1);
    let one_more = wanted.limit.saturating_add(1);
    let run = if wanted.tag.is_some() { list::RUN.max(one_more) } else { one_more };
    let mut listed = Listed::default();
    while listed.lines.len() < one_more {
        let within = (before, last.unwrap_or(i64::MIN));
        let (sql, args) = statement((*rarest, others), kinds, wanted.state.as_deref(), within, run);
        let lines = list::of_rows(tx, &sql, &args)?;
        let is_last = lines.len() < run;
        before = lines.last().map_or(before, |line| line.entry);
        listed.lines.extend(lines.into_iter().filter(|line| wanted.has_tag(line)));
        if is_last {
            listed.next = last;
            break;
        }
    }
    Ok(listed.cut(wanted.limit))
}

/// The words of a text that are looked for, that of the fewest records first.
fn by_rarity(tx: &mut Tx<'_>, text: &str) -> Result<Vec<i64>> {
    let mut words: Vec<(i64, i64)> = Vec::new();
    for word in exchange::search::asked(text).0.iter().take(ASKED_MAX) {
        let number = exchange::search::number(word) as i64;
        let sql = "SELECT count(*) FROM (SELECT 1 FROM @record_word WHERE word = $1 LIMIT $2) AS held";
        let records = tx.one(sql, &[number.into(), (EXAMINED_MAX + 1).into()], |r| r.int(0))?.unwrap_or(0);
        words.push((records, number));
    }
    words.sort_unstable();
    Ok(words.into_iter().map(|(_, number)| number).collect())
}

/// Versions that have these words, recorded before one entry and not before another; at most so many.
fn statement<'a>(
    (rarest, others): (i64, &[i64]),
    kinds: &[&'a str],
    state: Option<&'a str>,
    (before, from): (i64, i64),
    limit: usize,
) -> (String, Vec<Value<'a>>) {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut args: Vec<Value<'a>> = vec![rarest.into(), before.into(), from.into(), EXAMINED_MAX.into(), limit.into()];
    let mut place = |value: Value<'a>| {
        args.push(value);
        args.len()
    };
    let mut also = String::new();
    for word in others {
        let n = place((*word).into());
        also += &format!(" AND EXISTS (SELECT 1 FROM @record_word o WHERE o.word = ${n} AND o.entry = w.entry)");
    }
    if let Some(state) = state {
        let n = place(state.into());
        also += &format!(
            " AND EXISTS (SELECT 1 FROM @record r WHERE r.kind = v.kind AND r.idx = w.entry AND r.state = ${n})"
        );
    }
    let of_kind: Vec<String> = kinds.iter().map(|kind| format!("${}", place((*kind).into()))).collect();
    let sql = format!(
        "SELECT v.idx, v.known, v.valid, v.meta FROM \
         (SELECT entry FROM @record_word WHERE word = $1 AND entry < $2 AND entry >= $3 ORDER BY entry DESC LIMIT $4) w \
         JOIN @record_version v ON v.idx = w.entry WHERE v.kind IN ({}){also} ORDER BY w.entry DESC LIMIT $5",
        of_kind.join(", ")
    );
    (sql, args)
}
