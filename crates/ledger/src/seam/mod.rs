//! The storage seam: one SQL text, two engines. Nobody outside this folder names a database.
//!
//! SQL is written once with `$1` placeholders. `@name` is a derived table or index of the present generation,
//! `{int}` `{text}` `{blob}` `{real}` are column types, `{lock}` locks a selected row. What the engines do not share
//! (bulk insert, catalogue, error codes) is here; what is not shared and not here is not used.
mod postgres;
mod sqlite;

use crate::error::{Error, Result};
use std::path::{Path, PathBuf};

/// A value handed to the engine.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// SQL NULL.
    Null,
    /// A 64-bit integer; booleans are 0 and 1, times are microseconds.
    Int(i64),
    /// A double.
    Real(f64),
    /// Text. U+0000, which PostgreSQL cannot hold, stands in a table as U+2400; payloads are bytes and keep it.
    Text(&'a str),
    /// Bytes.
    Blob(&'a [u8]),
}

impl From<i64> for Value<'_> {
    fn from(v: i64) -> Self {
        Value::Int(v)
    }
}
impl From<i32> for Value<'_> {
    fn from(v: i32) -> Self {
        Value::Int(v.into())
    }
}
impl From<bool> for Value<'_> {
    fn from(v: bool) -> Self {
        Value::Int(v.into())
    }
}
impl From<f64> for Value<'_> {
    fn from(v: f64) -> Self {
        Value::Real(v)
    }
}
impl From<crate::Micros> for Value<'_> {
    fn from(v: crate::Micros) -> Self {
        Value::Int(v.0)
    }
}
impl<'a> From<&'a str> for Value<'a> {
    fn from(v: &'a str) -> Self {
        Value::Text(v)
    }
}
impl<'a> From<&'a String> for Value<'a> {
    fn from(v: &'a String) -> Self {
        Value::Text(v)
    }
}
impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(v: &'a [u8]) -> Self {
        Value::Blob(v)
    }
}
impl<'a> From<&'a Vec<u8>> for Value<'a> {
    fn from(v: &'a Vec<u8>) -> Self {
        Value::Blob(v)
    }
}
impl<'a, const N: usize> From<&'a [u8; N]> for Value<'a> {
    fn from(v: &'a [u8; N]) -> Self {
        Value::Blob(v)
    }
}
impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(v: Option<T>) -> Self {
        v.map_or(Value::Null, Into::into)
    }
}
impl<'a> From<&'a Option<String>> for Value<'a> {
    fn from(v: &'a Option<String>) -> Self {
        v.as_deref().into()
    }
}

/// One column of a bulk insert; all columns of one insert have the same length.
#[derive(Clone, Debug)]
pub enum Column<'a> {
    /// Integers.
    Int(Vec<i64>),
    /// Integers or NULL.
    OptInt(Vec<Option<i64>>),
    /// Doubles.
    Real(Vec<f64>),
    /// Text.
    Text(Vec<&'a str>),
    /// Text or NULL.
    OptText(Vec<Option<&'a str>>),
    /// Bytes.
    Blob(Vec<&'a [u8]>),
}

impl Column<'_> {
    fn len(&self) -> usize {
        match self {
            Column::Int(v) => v.len(),
            Column::OptInt(v) => v.len(),
            Column::Real(v) => v.len(),
            Column::Text(v) => v.len(),
            Column::OptText(v) => v.len(),
            Column::Blob(v) => v.len(),
        }
    }

    fn value(&self, row: usize) -> Value<'_> {
        match self {
            Column::Int(v) => v.get(row).copied().into(),
            Column::OptInt(v) => v.get(row).copied().flatten().into(),
            Column::Real(v) => v.get(row).copied().into(),
            Column::Text(v) => v.get(row).copied().into(),
            Column::OptText(v) => v.get(row).copied().flatten().into(),
            Column::Blob(v) => v.get(row).copied().into(),
        }
    }
}

/// One row of an answer. A getter on a column of another type gives the empty value: the SQL beside it says the type.
pub enum Row<'a> {
    /// From SQLite.
    Sqlite(&'a rusqlite::Row<'a>),
    /// From PostgreSQL.
    Postgres(&'a tokio_postgres::Row),
}

impl Row<'_> {
    /// The integer in column `i`, 0 where it is NULL.
    pub fn int(&self, i: usize) -> i64 {
        self.opt_int(i).unwrap_or(0)
    }

    /// The integer in column `i`.
    pub fn opt_int(&self, i: usize) -> Option<i64> {
        match self {
            Row::Sqlite(row) => sqlite::int(row, i),
            Row::Postgres(row) => postgres::int(row, i),
        }
    }

    /// The double in column `i`, 0 where it is NULL.
    pub fn real(&self, i: usize) -> f64 {
        self.opt_real(i).unwrap_or(0.0)
    }

    /// The double in column `i`.
    pub fn opt_real(&self, i: usize) -> Option<f64> {
        match self {
            Row::Sqlite(row) => sqlite::real(row, i),
            Row::Postgres(row) => postgres::real(row, i),
        }
    }

    /// The text in column `i`, empty where it is NULL.
    pub fn text(&self, i: usize) -> &str {
        self.opt_text(i).unwrap_or("")
    }

    /// The text in column `i`.
    pub fn opt_text(&self, i: usize) -> Option<&str> {
        match self {
            Row::Sqlite(row) => sqlite::text(row, i),
            Row::Postgres(row) => row.try_get::<_, Option<&str>>(i).ok().flatten(),
        }
    }

    /// The bytes in column `i`, empty where it is NULL.
    pub fn blob(&self, i: usize) -> &[u8] {
        self.opt_blob(i).unwrap_or(b"")
    }

    /// The bytes in column `i`.
    pub fn opt_blob(&self, i: usize) -> Option<&[u8]> {
        match self {
            Row::Sqlite(row) => sqlite::blob(row, i),
            Row::Postgres(row) => row.try_get::<_, Option<&[u8]>>(i).ok().flatten(),
        }
    }

    /// The boolean in column `i`.
    pub fn bool(&self, i: usize) -> bool {
        self.int(i) != 0
    }

    /// The instant in column `i`.
    pub fn micros(&self, i: usize) -> crate::Micros {
        crate::Micros(self.int(i))
    }
}

/// Where a store lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A folder with one SQLite file.
    Folder(PathBuf),
    /// A PostgreSQL URL.
    Url(String),
}

impl Place {
    /// A place by what a person typed: a `postgres://` or `postgresql://` URL, else a folder.
    pub fn parse(text: &str) -> Place {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            Place::Url(text.to_owned())
        } else {
            Place::Folder(PathBuf::from(text))
        }
    }
}

/// Whether a unit may write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Read,
    Write,
}

/// An open engine: connections and nothing else.
pub(crate) enum Engine {
    Sqlite(sqlite::Sqlite),
    Postgres(postgres::Postgres),
}

impl Engine {
    pub(crate) fn open(place: &Place) -> Result<Engine> {
        match place {
            Place::Folder(folder) => Ok(Engine::Sqlite(sqlite::Sqlite::open(&file_of(folder))?)),
            Place::Url(url) => Ok(Engine::Postgres(postgres::Postgres::open(url)?)),
        }
    }

    /// Runs one transaction: committed when `work` returns `Ok`, undone otherwise.
    pub(crate) fn transaction<T>(&self, mode: Mode, work: &mut dyn FnMut(Session<'_>) -> Result<T>) -> Result<T> {
        match self {
            Engine::Sqlite(e) => e.transaction(mode, work),
            Engine::Postgres(e) => e.transaction(mode, work),
        }
    }

    /// Gets what was erased out of the files; see [`crate::Ledger::scrub`].
    pub(crate) fn scrub(&self, needles: &[Vec<u8>], tables: &[String]) -> Result<crate::purge::Scrubbed> {
        match self {
            Engine::Sqlite(e) => e.scrub(needles),
            Engine::Postgres(e) => e.scrub(tables),
        }
    }

    /// Waits until all that was committed is on the disk. PostgreSQL commits no earlier.
    pub(crate) fn settled(&self) -> Result<()> {
        match self {
            Engine::Sqlite(e) => e.settled(),
            Engine::Postgres(_) => Ok(()),
        }
    }

    pub(crate) fn is_postgres(&self) -> bool {
        matches!(self, Engine::Postgres(_))
    }
}

/// The database file of a data folder.
pub(crate) fn file_of(folder: &Path) -> PathBuf {
    folder.join("mainstay.db")
}

/// One transaction on one connection. Statements name their tables in full here; [`crate::Tx`] expands them.
pub(crate) enum Session<'a> {
    Sqlite(&'a rusqlite::Connection),
    Postgres(&'a mut postgres::Session),
}

impl Session<'_> {
    pub(crate) fn run(&mut self, sql: &str, args: &[Value<'_>]) -> Result<u64> {
        without_nul(args, |args| match self {
            Session::Sqlite(c) => sqlite::run(c, sql, args),
            Session::Postgres(s) => s.run(sql, args),
        })
    }

    pub(crate) fn each(
        &mut self,
        sql: &str,
        args: &[Value<'_>],
        f: &mut dyn FnMut(&Row<'_>) -> Result<()>,
    ) -> Result<()> {
        without_nul(args, |args| match self {
            Session::Sqlite(c) => sqlite::each(c, sql, args, f),
            Session::Postgres(s) => s.each(sql, args, f),
        })
    }

    pub(crate) fn bulk(&mut self, insert: &str, columns: &[Column<'_>], tail: &str) -> Result<()> {
        let rows = columns.first().map_or(0, Column::len);
        if columns.iter().any(|c| c.len() != rows) {
            return Err(Error::Engine(format!("columns of unequal length in {insert}")));
        }
        if rows == 0 {
            return Ok(());
        }
        columns_without_nul(columns, |columns| match self {
            Session::Sqlite(c) => sqlite::bulk(c, insert, columns, rows, tail),
            Session::Postgres(s) => s.bulk(insert, columns, tail),
        })
    }

    /// Waits for what is still on its way: what went wrong with it is said here at the latest.
    pub(crate) fn settle(&mut self) -> Result<()> {
        match self {
            Session::Sqlite(_) => Ok(()),
            Session::Postgres(s) => s.settle(),
        }
    }

    /// Runs `;`-separated statements that define tables.
    pub(crate) fn define(&mut self, ddl: &str) -> Result<()> {
        match self {
            Session::Sqlite(c) => sqlite::define(c, ddl),
            Session::Postgres(s) => s.define(ddl),
        }
    }

    /// The tables whose name starts with `prefix`, sorted, each with its column names in order.
    pub(crate) fn tables(&mut self, prefix: &str) -> Result<Vec<(String, Vec<String>)>> {
        match self {
            Session::Sqlite(c) => sqlite::tables(c, prefix),
            Session::Postgres(s) => s.tables(prefix),
        }
    }

    /// Lets the planner look at what the tables hold now. That of SQLite goes by the indexes alone.
    pub(crate) fn analyze(&mut self) -> Result<()> {
        match self {
            Session::Sqlite(_) => Ok(()),
            Session::Postgres(s) => s.analyze(),
        }
    }

    pub(crate) fn lock_suffix(&self) -> &'static str {
        match self {
            Session::Sqlite(_) => "",
            Session::Postgres(_) => " FOR UPDATE",
        }
    }
}

/// The statements of a text that `;` separates.
fn statements(ddl: &str) -> impl Iterator<Item = &str> {
    ddl.split(';').map(str::trim).filter(|statement| !statement.is_empty())
}

/// PostgreSQL cannot hold U+0000 in text. What a partner sends may have it, and one such name must not fail a whole envelope: in a table, and in what
/// is asked of one, stands U+2400 for it, on both engines.
fn without_nul<T>(args: &[Value<'_>], f: impl FnOnce(&[Value<'_>]) -> T) -> T {
    let mended: Vec<Option<String>> = match args.iter().any(has_nul) {
        true => args.iter().map(|value| has_nul(value).then(|| mend(value))).collect(),
        false => return f(args),
    };
    let args: Vec<Value<'_>> =
        args.iter().zip(&mended).map(|(value, mended)| mended.as_deref().map_or(*value, Value::Text)).collect();
    f(&args)
}

fn has_nul(value: &Value<'_>) -> bool {
    matches!(value, Value::Text(text) if text.contains('\0'))
}

fn mend(value: &Value<'_>) -> String {
    match value {
        Value::Text(text) => text.replace('\0', "\u{2400}"),
        _ => String::new(),
    }
}

/// The same for columns: each column is looked through once, and one that has none of it goes on as it is.
fn columns_without_nul<T>(columns: &[Column<'_>], f: impl FnOnce(&[Column<'_>]) -> T) -> T {
    let is_hit = |column: &Column<'_>| {
        let is_text = matches!(column, Column::Text(_) | Column::OptText(_));
        is_text && (0..column.len()).any(|row| has_nul(&column.value(row)))
    };
    let hits: Vec<bool> = columns.iter().map(is_hit).collect();
    if !hits.contains(&true) {
        return f(columns);
    }
    let mended: Vec<Vec<String>> = columns
        .iter()
        .zip(&hits)
        .map(|(column, hit)| (0..if *hit { column.len() } else { 0 }).map(|row| mend(&column.value(row))).collect())
        .collect();
    let columns: Vec<Column<'_>> = columns
        .iter()
        .zip(&mended)
        .map(|(column, mended)| match column {
            Column::Text(_) if !mended.is_empty() => Column::Text(mended.iter().map(String::as_str).collect()),
            Column::OptText(texts) if !mended.is_empty() => {
                Column::OptText(texts.iter().zip(mended).map(|(text, mended)| text.map(|_| mended.as_str())).collect())
            }
            other => other.clone(),
        })
        .collect();
    f(&columns)
}
