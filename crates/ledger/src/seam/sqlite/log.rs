//! SQLite's write-ahead log: when it is on the disk, and when it goes over into the database.
//!
//! A unit is committed while the writer is held and waited for when it no longer is, so that the next unit runs while the disk works, and
//! one wait serves all units that were committed before it began. Nothing is acknowledged before its wait is over. SQLite by itself would
//! do both within the commit (`synchronous = FULL`, its own checkpoints).
use super::{each, engine};
use crate::error::{Error, Result};
use rusqlite::{Connection, ErrorCode};
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Pages of the log from which on they go over into the database beside the next unit: 16 MB.
const BESIDE: u64 = 1_000;
/// Pages from which on the writer waits for that: only while nobody writes can the log begin anew, and it must not grow without end.
const AT_ONCE: u64 = 4_000;
/// Pages from which on the writer waits for readers too, who may hold on to what went over.
const FOR_READERS: u64 = 4 * AT_ONCE;
/// How long.
const PATIENCE: Duration = Duration::from_millis(500);

/// Counted by SQLite's hook whenever a unit that wrote something was committed.
#[derive(Default)]
struct Counts {
    /// Such units.
    units: AtomicU64,
    /// Pages in the log after the last of them.
    pages: AtomicU64,
}

/// What the disk has confirmed.
#[derive(Default)]
struct Synced {
    /// Opened once and kept: the system tells of a failed write those who had the file open then.
    file: Option<File>,
    units: u64,
}

/// The log of one open store.
pub(super) struct Log {
    path: PathBuf,
    counts: Arc<Counts>,
    /// Held while one waits for the disk.
    synced: Mutex<Synced>,
    /// Pages of the log that are in the database, when it was last asked.
    copied: AtomicU64,
    /// What copies beside the next unit; held while it does.
    copier: Mutex<Option<Connection>>,
    /// The disk has not confirmed what it was given: what it holds is not known any more.
    failed: AtomicBool,
}

impl Log {
    /// Follows what `writer` commits.
    pub(super) fn follow(writer: &mut Connection) -> Result<Log> {
        // as SQLite has it: what the name given leads to
        let mut path = PathBuf::from(writer.path().unwrap_or_default()).into_os_string();
        path.push("-wal");
        let counts = Arc::new(Counts::default());
        let counted = Arc::clone(&counts);
        writer
            .wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, pages: std::ffi::c_int| {
                counted.pages.store(u64::from(pages.unsigned_abs()), Ordering::Release);
                counted.units.fetch_add(1, Ordering::Release);
                Ok(())
            }))
            .map_err(engine)?;
        Ok(Log {
            path: path.into(),
            counts,
            synced: Mutex::default(),
            copied: AtomicU64::new(0),
            copier: Mutex::new(None),
            failed: AtomicBool::new(false),
        })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Refuses to go on where the disk did not confirm what it was given: a second attempt may succeed and say nothing of the first.
    pub(super) fn must_be_sound(&self) -> Result<()> {
        match self.failed.load(Ordering::Acquire) {
            true => Err(Error::Engine(
                "the disk did not confirm an earlier unit; nothing more is written: look at the disk, start again, and run `ledger verify`"
                    .into(),
            )),
            false => Ok(()),
        }
    }

    /// Waits until all that is committed now is on the disk, by whomever: what a unit found there counts as what it wrote.
    pub(super) fn sync(&self) -> Result<()> {
        let units = self.counts.units.load(Ordering::Acquire);
        let mut synced = self.synced.lock().unwrap_or_else(|e| e.into_inner());
        if synced.units >= units {
            return Ok(());
        }
        self.must_be_sound()?;
        if synced.file.is_none() {
            synced.file = Some(OpenOptions::new().write(true).open(&self.path)?);
        }
        let committed = self.counts.units.load(Ordering::Acquire);
        if let Some(Err(e)) = synced.file.as_ref().map(File::sync_data) {
            self.failed.store(true, Ordering::Release);
            return Err(Error::Engine(format!("the disk did not confirm what was written: {e}")));
        }
        synced.units = committed;
        Ok(())
    }

    /// Copies the log into the database while others go on, where it is long and nobody else does that now. What is committed stands
    /// whatever becomes of this.
    pub(super) fn copy_beside(&self, open: impl FnOnce() -> Result<Connection>) {
        if !self.is_longer_by(BESIDE) {
            return;
        }
        let Ok(mut copier) = self.copier.try_lock() else { return };
        if copier.is_none() {
            match open() {
                Ok(connection) => *copier = Some(connection),
                Err(e) => return tracing::warn!(error = %e, "the write-ahead log stays until the next attempt"),
            }
        }
        if let Some(connection) = copier.as_ref() {
            self.copy(connection, "PRAGMA wal_checkpoint(PASSIVE)");
        }
    }

    /// Copies the log into the database where it is too long, in the way of the writer.
    pub(super) fn copy_at_once(&self, writer: &Connection) {
        let pages = self.counts.pages.load(Ordering::Acquire);
        if pages >= FOR_READERS && self.is_longer_by(BESIDE) {
            let waits = writer.busy_timeout(PATIENCE);
            self.copy(writer, "PRAGMA wal_checkpoint(RESTART)");
            if waits.and_then(|()| writer.busy_timeout(super::BUSY)).is_err() {
                tracing::warn!("the writer's patience could not be set");
            }
        } else if pages >= AT_ONCE && self.is_longer_by(BESIDE) {
            self.copy(writer, "PRAGMA wal_checkpoint(PASSIVE)");
        }
    }

    /// Whether so many pages have come since they last went over.
    fn is_longer_by(&self, more: u64) -> bool {
        let (pages, copied) = (self.counts.pages.load(Ordering::Acquire), self.copied.load(Ordering::Acquire));
        // fewer than were copied: it has begun anew
        pages >= if pages < copied { more } else { copied + more }
    }

    fn copy(&self, connection: &Connection, how: &str) {
        match connection.query_row(how, [], |row| row.get::<_, i64>(2)) {
            Ok(copied) => self.copied.store(copied.max(0).unsigned_abs(), Ordering::Release),
            // what the disk told here it may not tell again to whoever waits for it
            Err(e)
                if matches!(e.sqlite_error_code(), Some(ErrorCode::SystemIoFailure | ErrorCode::DatabaseCorrupt)) =>
            {
                self.failed.store(true, Ordering::Release);
                tracing::error!(error = %e, "the write-ahead log could not be copied into the database; nothing more is written");
            }
            // somebody else does it, or the disk is full, which the next unit says
            Err(e) => tracing::warn!(error = %e, "the write-ahead log stays until the next attempt"),
        }
    }

    /// Copies all of it into the database and cuts it to nothing. Waits for readers as long as the busy timeout says; false where one
    /// held on.
    pub(super) fn empty(&self, connection: &Connection) -> Result<bool> {
        let mut busy = true;
        each(connection, "PRAGMA wal_checkpoint(TRUNCATE)", &[], &mut |row| {
            busy = row.int(0) != 0;
            Ok(())
        })?;
        Ok(!busy)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Mode, Session, Sqlite, Value};
    use super::*;

    const INSERT: &str = "INSERT INTO t (bytes) VALUES ($1)";

    fn store(folder: &Path) -> Sqlite {
        let store = Sqlite::open(&folder.join("t.db")).unwrap();
        store.transaction(Mode::Write, &mut |mut s| s.define("CREATE TABLE t (bytes {blob} NOT NULL)")).unwrap();
        store
    }

    fn put(store: &Sqlite, bytes: &[u8]) -> Result<u64> {
        store.transaction(Mode::Write, &mut |mut s| s.run(INSERT, &[Value::Blob(bytes)]))
    }

    fn units(store: &Sqlite) -> u64 {
        store.log.counts.units.load(Ordering::Acquire)
    }

    fn count(store: &Sqlite) -> i64 {
        let mut count = 0;
        let ask = &mut |mut s: Session<'_>| {
            s.each("SELECT count(*) FROM t", &[], &mut |r| {
                count = r.int(0);
                Ok(())
            })
        };
        store.transaction(Mode::Read, ask).unwrap();
        count
    }

    #[test]
    fn what_is_acknowledged_is_on_the_disk_and_the_log_does_not_grow_without_end() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path());
        let bytes = vec![7; 1 << 20];
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        put(&store, &bytes).unwrap();
                        // the other has committed one unit more at most, which it waits for
                        let committed = units(&store);
                        assert!(store.log.synced.lock().unwrap().units + 1 >= committed);
                    }
                });
            }
        });
        assert_eq!(count(&store), 100);
        assert_eq!(store.log.synced.lock().unwrap().units, units(&store));
        // 100 MB went through it; its file keeps the largest size that it had
        let longest = std::fs::metadata(store.log.path()).unwrap().len();
        assert!(longest < (AT_ONCE + 2 * BESIDE) * 16_384, "{longest} bytes");
    }

    #[test]
    fn a_unit_that_writes_nothing_waits_for_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path());
        let before = units(&store);
        store
            .transaction(Mode::Write, &mut |mut s| s.run("DELETE FROM t WHERE bytes = $1", &[Value::Blob(b"x")]))
            .unwrap();
        assert_eq!(units(&store), before);
        put(&store, b"x").unwrap();
        assert_eq!(units(&store), before + 1);
    }

    #[cfg(unix)]
    #[test]
    fn a_store_behind_a_link_has_its_log_where_sqlite_has_it() {
        let folder = tempfile::tempdir().unwrap();
        let other = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(other.path().join("t.db"), folder.path().join("t.db")).unwrap();
        let store = store(folder.path());
        put(&store, b"x").unwrap();
        assert!(store.log.path().exists());
    }

    #[cfg(unix)]
    #[test]
    fn a_disk_that_does_not_confirm_ends_all_writing() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path());
        put(&store, b"x").unwrap();
        // what cannot be waited for
        store.log.synced.lock().unwrap().file = Some(File::open("/dev/null").unwrap());
        let said = put(&store, b"y").unwrap_err().to_string();
        assert!(said.contains("the disk did not confirm"), "{said}");
        // it may be there after all; what comes next must not be acknowledged on top of it
        store.log.synced.lock().unwrap().file = None;
        let said = put(&store, b"z").unwrap_err().to_string();
        assert!(said.contains("nothing more is written"), "{said}");
        assert_eq!(count(&store), 2);
    }
}
