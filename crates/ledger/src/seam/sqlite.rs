//! SQLite behind the seam: one file, WAL, pages of 16 KiB, one writer, a few readers.
mod log;

use super::{Column, Mode, Row, Session, Value};
use crate::error::{Error, Result};
use crate::purge::Scrubbed;
use log::Log;
use rusqlite::config::DbConfig;
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex};
use std::time::Duration;

/// Statements kept prepared on each connection.
const STATEMENTS: usize = 256;
/// Read connections; a page of 5,000 objects is bound by memory, so more than a few only cost cache.
const READERS: usize = 4;

/// How long a connection waits for another process.
const BUSY: Duration = Duration::from_secs(30);

/// Rows that one statement inserts: beginning and ending it costs as much as a few rows.
const BULK_ROWS: usize = 32;

/// Bytes of a file that are searched at a time.
const SEARCH_BYTES: usize = 4 << 20;

pub(crate) struct Sqlite {
    path: PathBuf,
    log: Log,
    writer: Mutex<Connection>,
    readers: Mutex<(Vec<Connection>, usize)>,
    returned: Condvar,
}

impl Sqlite {
    pub(crate) fn open(path: &Path) -> Result<Self> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let mut writer = Connection::open(path).map_err(engine)?;
        // The page size only takes hold before the first table; spec/rust.md 3.3: reads double from 4 to 16 KiB.
        writer.execute_batch("PRAGMA page_size = 16384").map_err(engine)?;
        prepare(&writer)?;
        // NORMAL: the database is synced after its log, the log itself by `Log::sync` before a unit is acknowledged.
        writer
            .execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA secure_delete = ON")
            .map_err(engine)?;
        let log = Log::follow(&mut writer)?;
        Ok(Sqlite {
            path: path.to_owned(),
            log,
            writer: Mutex::new(writer),
            readers: Mutex::new((Vec::new(), 0)),
            returned: Condvar::new(),
        })
    }

    pub(crate) fn transaction<T>(&self, mode: Mode, work: &mut dyn FnMut(Session<'_>) -> Result<T>) -> Result<T> {
        match mode {
            Mode::Write => self.write(work),
            Mode::Read => {
                let connection = self.borrow()?;
                let result = transact(&connection, "BEGIN", work);
                self.give_back(connection);
                result
            }
        }
    }

    /// Commits while the writer is held; waits for the disk when the next unit can run already.
    fn write<T>(&self, work: &mut dyn FnMut(Session<'_>) -> Result<T>) -> Result<T> {
        let connection = self.writer.lock().unwrap_or_else(|e| e.into_inner());
        self.log.must_be_sound()?;
        // IMMEDIATE: a deferred transaction that upgrades gets SQLITE_BUSY without consulting the timeout.
        let value = transact(&connection, "BEGIN IMMEDIATE", work)?;
        self.log.copy_at_once(&connection);
        drop(connection);
        self.log.sync()?;
        self.log.copy_beside(|| self.open_reader());
        Ok(value)
    }

    /// Waits until all that was committed is on the disk.
    pub(crate) fn settled(&self) -> Result<()> {
        self.log.sync()
    }

    /// Empties the write-ahead log, looks for the needles in the files, and writes the database anew where one is found: pages that
    /// were split or joined may keep a copy of a cell that `secure_delete` never saw freed.
    pub(crate) fn scrub(&self, needles: &[Vec<u8>]) -> Result<Scrubbed> {
        let connection = self.writer.lock().unwrap_or_else(|e| e.into_inner());
        let files = [self.path.as_path(), self.log.path()];
        let mut done = Scrubbed { emptied: self.log.empty(&connection)?, ..Scrubbed::default() };
        done.left = search(&files, needles)?;
        if done.left > 0 {
            connection.execute_batch("VACUUM").map_err(engine)?;
            done.rewritten = true;
            done.emptied = self.log.empty(&connection)?;
            done.left = search(&files, needles)?;
        }
        Ok(done)
    }

    fn borrow(&self) -> Result<Connection> {
        let mut held = self.readers.lock().unwrap_or_else(|e| e.into_inner());
        loop {
            if let Some(connection) = held.0.pop() {
                return Ok(connection);
            }
            if held.1 < READERS {
                held.1 += 1;
                drop(held);
                return self.open_reader().inspect_err(|_| {
                    self.readers.lock().unwrap_or_else(|e| e.into_inner()).1 -= 1;
                });
            }
            held = self.returned.wait(held).unwrap_or_else(|e| e.into_inner());
        }
    }

    fn open_reader(&self) -> Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags).map_err(engine)?;
        prepare(&connection)?;
        connection.execute_batch("PRAGMA query_only = ON").map_err(engine)?;
        Ok(connection)
    }

    fn give_back(&self, connection: Connection) {
        self.readers.lock().unwrap_or_else(|e| e.into_inner()).0.push(connection);
        self.returned.notify_one();
    }
}

/// How many of the needles stand in one of the files.
fn search(files: &[&Path], needles: &[Vec<u8>]) -> Result<usize> {
    use std::io::Read;
    let longest = needles.iter().map(Vec::len).max().unwrap_or(0);
    if longest == 0 {
        return Ok(0);
    }
    let matcher = aho_corasick::AhoCorasick::new(needles).map_err(|e| Error::Engine(e.to_string()))?;
    let mut found = std::collections::BTreeSet::new();
    for path in files {
        let Ok(mut file) = std::fs::File::open(path) else { continue };
        let mut window = Vec::with_capacity(SEARCH_BYTES + longest);
        while file.by_ref().take(SEARCH_BYTES as u64).read_to_end(&mut window)? > 0 {
            found.extend(matcher.find_overlapping_iter(&window).map(|m| m.pattern()));
            // what begins at the end of this stretch may go on in the next
            window.drain(..window.len().saturating_sub(longest - 1));
        }
    }
    Ok(found.len())
}

fn prepare(connection: &Connection) -> Result<()> {
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.busy_timeout(BUSY).map_err(engine)?;
    // A plan is made once and stays: else a statement with a bound LIMIT is planned anew at every new value, which costs more than its rows.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(engine)?;
    // All of the file is mapped, up to the bound that .cargo/config.toml gives SQLite (decision 3).
    connection
        .execute_batch("PRAGMA cache_size = -16384; PRAGMA mmap_size = 1099511627776; PRAGMA temp_store = MEMORY")
        .map_err(engine)
}

fn transact<T>(connection: &Connection, begin: &str, work: &mut dyn FnMut(Session<'_>) -> Result<T>) -> Result<T> {
    connection.execute_batch(begin).map_err(engine)?;
    let result = work(Session::Sqlite(connection));
    match result {
        Ok(value) => match connection.execute_batch("COMMIT") {
            Ok(()) => Ok(value),
            Err(e) => {
                rollback(connection);
                Err(engine(e))
            }
        },
        Err(e) => {
            rollback(connection);
            Err(e)
        }
    }
}

fn rollback(connection: &Connection) {
    // A full disk may have rolled back already; then there is nothing to undo.
    if !connection.is_autocommit() && connection.execute_batch("ROLLBACK").is_err() {
        tracing::error!("rollback failed; the connection will undo when it closes");
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Value::Null => ValueRef::Null,
            Value::Int(v) => ValueRef::Integer(*v),
            Value::Real(v) => ValueRef::Real(*v),
            Value::Text(v) => ValueRef::Text(v.as_bytes()),
            Value::Blob(v) => ValueRef::Blob(v),
        }))
    }
}

pub(crate) fn int(row: &rusqlite::Row<'_>, i: usize) -> Option<i64> {
    match row.get_ref(i) {
        Ok(ValueRef::Integer(v)) => Some(v),
        Ok(ValueRef::Real(v)) => Some(v as i64),
        _ => None,
    }
}

pub(crate) fn real(row: &rusqlite::Row<'_>, i: usize) -> Option<f64> {
    match row.get_ref(i) {
        Ok(ValueRef::Real(v)) => Some(v),
        Ok(ValueRef::Integer(v)) => Some(v as f64),
        _ => None,
    }
}

pub(crate) fn text<'a>(row: &'a rusqlite::Row<'_>, i: usize) -> Option<&'a str> {
    match row.get_ref(i) {
        Ok(ValueRef::Text(v)) => std::str::from_utf8(v).ok(),
        _ => None,
    }
}

pub(crate) fn blob<'a>(row: &'a rusqlite::Row<'_>, i: usize) -> Option<&'a [u8]> {
    match row.get_ref(i) {
        Ok(ValueRef::Blob(v) | ValueRef::Text(v)) => Some(v),
        _ => None,
    }
}

/// `$1` becomes `?1`: SQLite numbers `$x` by first appearance, which is not what the text says.
fn numbered(sql: &str) -> String {
    sql.replace('$', "?")
}

pub(crate) fn run(c: &Connection, sql: &str, args: &[Value<'_>]) -> Result<u64> {
    let mut statement = c.prepare_cached(&numbered(sql)).map_err(|e| said(e, sql))?;
    // A statement with RETURNING gives rows; `execute` would refuse it.
    if statement.column_count() > 0 {
        let mut rows = statement.query(rusqlite::params_from_iter(args)).map_err(|e| said(e, sql))?;
        let mut n = 0;
        while rows.next().map_err(|e| said(e, sql))?.is_some() {
            n += 1;
        }
        return Ok(n);
    }
    statement.execute(rusqlite::params_from_iter(args)).map(|n| n as u64).map_err(|e| said(e, sql))
}

pub(crate) fn each(
    c: &Connection,
    sql: &str,
    args: &[Value<'_>],
    f: &mut dyn FnMut(&Row<'_>) -> Result<()>,
) -> Result<()> {
    let mut statement = c.prepare_cached(&numbered(sql)).map_err(|e| said(e, sql))?;
    let mut rows = statement.query(rusqlite::params_from_iter(args)).map_err(|e| said(e, sql))?;
    while let Some(row) = rows.next().map_err(|e| said(e, sql))? {
        f(&Row::Sqlite(row))?;
    }
    Ok(())
}

pub(crate) fn bulk(c: &Connection, insert: &str, columns: &[Column<'_>], rows: usize, tail: &str) -> Result<()> {
    let mut done = 0;
    for size in [BULK_ROWS, 1] {
        if done + size > rows {
            continue;
        }
        let sql = bulk_text(insert, columns.len(), size, tail);
        let mut statement = c.prepare_cached(&sql).map_err(|e| said(e, &sql))?;
        let mut values = Vec::with_capacity(size * columns.len());
        while done + size <= rows {
            values.clear();
            values.extend((done..done + size).flat_map(|row| columns.iter().map(move |column| column.value(row))));
            statement.execute(rusqlite::params_from_iter(&values)).map_err(|e| said(e, insert))?;
            done += size;
        }
    }
    Ok(())
}

/// Inserts so many rows. FAIL: one that cannot go in ends the unit or its savepoint, so this statement need not be able to undo itself, for
/// which SQLite would keep each page that it changes as it was.
fn bulk_text(insert: &str, columns: usize, rows: usize, tail: &str) -> String {
    let insert = insert.replacen("INSERT INTO", "INSERT OR FAIL INTO", 1);
    let row = format!("({})", vec!["?"; columns].join(","));
    format!("{insert} VALUES {} {tail}", vec![row; rows].join(","))
}

pub(crate) fn define(c: &Connection, ddl: &str) -> Result<()> {
    for statement in super::statements(ddl) {
        let typed = statement
            .replace("{int}", "INTEGER")
            .replace("{text}", "TEXT")
            .replace("{blob}", "BLOB")
            .replace("{real}", "REAL");
        // A table whose key has several columns is kept in the order of its key: one tree instead of two.
        let tail = match (typed.starts_with("CREATE TABLE"), typed.contains("PRIMARY KEY (")) {
            (true, true) => " STRICT, WITHOUT ROWID",
            (true, false) => " STRICT",
            (false, _) => "",
        };
        c.execute_batch(&format!("{typed}{tail}")).map_err(|e| said(e, statement))?;
    }
    // Prepared statements of dropped tables must not outlive them.
    c.flush_prepared_statement_cache();
    Ok(())
}

pub(crate) fn tables(c: &Connection, prefix: &str) -> Result<Vec<(String, Vec<String>)>> {
    let sql = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name";
    let mut names = Vec::new();
    each(c, sql, &[], &mut |row| {
        if row.text(0).starts_with(prefix) {
            names.push(row.text(0).to_owned());
        }
        Ok(())
    })?;
    let mut out = Vec::new();
    for name in names {
        let mut columns = Vec::new();
        each(c, "SELECT name FROM pragma_table_info($1) ORDER BY cid", &[Value::Text(&name)], &mut |row| {
            columns.push(row.text(0).to_owned());
            Ok(())
        })?;
        out.push((name, columns));
    }
    Ok(out)
}

fn said(e: rusqlite::Error, sql: &str) -> Error {
    match engine(e) {
        Error::Engine(what) => {
            Error::Engine(format!("{what} in: {}", sql.split_whitespace().collect::<Vec<_>>().join(" ")))
        }
        other => other,
    }
}

fn engine(e: rusqlite::Error) -> Error {
    let message = e.to_string();
    match e.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Error::Again(message),
        Some(ErrorCode::ConstraintViolation) => Error::Conflict(message),
        Some(ErrorCode::DiskFull) => {
            Error::Engine("the disk is full; nothing of this unit was stored; free some space and run it again".into())
        }
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Error::Integrity(message),
        _ => Error::Engine(message),
    }
}
