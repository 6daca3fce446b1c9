//! SQLite's write-ahead log: when it is on the disk, and when it goes over into the database.
//!
//! A unit is committed while the writer is held and waited for when it no longer is, so that the next unit runs while the disk works, and
//! one wait serves all units that were committed before it began. Nothing is acknowledged before its wait is over. SQLite by itself would
//! do both within the commit (`synchronous = FULL`, its own checkpoints).
use super::{each, engine};
use crate::error::{Error, Result};
use rusqlite::Connection;
use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// Pages of the log from which on they go over into the database beside the next unit: 16 MB.
const BESIDE: u64 = 1_000;
/// Pages from which on the writer waits for that: only while nobody writes can the log begin anew, and it must not grow without end.
const AT_ONCE: u64 = 4_000;

/// Counted by SQLite's hook whenever a unit that wrote something was committed.
#[derive(Default)]
struct Counts {
    /// Such units.
    units: AtomicU64,
    /// Pages in the log after the last of them.
    pages: AtomicU64,
}

/// The log of one open store.
pub(super) struct Log {
    path: PathBuf,
    counts: Arc<Counts>,
    /// How many units are on the disk; held while one waits for it.
    synced: Mutex<u64>,
    /// Pages of the log that were on their way into the database when it was last asked.
    copied: AtomicU64,
    /// The disk has not confirmed what it was given: what it holds is not known any more.
    failed: AtomicBool,
}

impl Log {
    /// Follows what `writer` commits to the database at `database`.
    pub(super) fn follow(writer: &mut Connection, database: &Path) -> Result<Log> {
        let mut path = database.to_owned().into_os_string();
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
        let (synced, copied, failed) = (Mutex::new(0), AtomicU64::new(0), AtomicBool::new(false));
        Ok(Log { path: path.into(), counts, synced, copied, failed })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Units that were committed so far.
    pub(super) fn units(&self) -> u64 {
        self.counts.units.load(Ordering::Acquire)
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

    /// Waits until the first `units` units are on the disk.
    pub(super) fn sync(&self, units: u64) -> Result<()> {
        let mut synced = self.synced.lock().unwrap_or_else(|e| e.into_inner());
        if *synced >= units {
            return Ok(());
        }
        self.must_be_sound()?;
        let committed = self.units();
        // opened anew each time: SQLite may have made another file of it
        match OpenOptions::new().write(true).open(&self.path).and_then(|file| file.sync_data()) {
            Ok(()) => {
                *synced = committed;
                Ok(())
            }
            Err(e) => {
                self.failed.store(true, Ordering::Release);
                Err(Error::Engine(format!("the disk did not confirm what was written: {e}")))
            }
        }
    }

    /// Whether enough pages have come since they last went over that they should again.
    pub(super) fn is_long(&self) -> bool {
        let (pages, copied) = (self.counts.pages.load(Ordering::Acquire), self.copied.load(Ordering::Acquire));
        // fewer than were copied: it has begun anew
        pages >= if pages < copied { BESIDE } else { copied + BESIDE }
    }

    /// Whether the writer has to wait until all pages have gone over.
    pub(super) fn is_too_long(&self) -> bool {
        self.is_long() && self.counts.pages.load(Ordering::Acquire) >= AT_ONCE
    }

    /// Copies what it can into the database and waits for nobody; where another does that now, they do it.
    pub(super) fn copy(&self, connection: &Connection) {
        self.copied.store(self.counts.pages.load(Ordering::Acquire), Ordering::Release);
        // the log holds what did not go over
        if let Err(e) = each(connection, "PRAGMA wal_checkpoint(PASSIVE)", &[], &mut |_| Ok(())) {
            tracing::warn!(error = %e, "the write-ahead log could not be copied into the database; it stays until the next attempt");
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
                        let committed = store.log.units();
                        assert!(*store.log.synced.lock().unwrap() + 1 >= committed);
                    }
                });
            }
        });
        assert_eq!(count(&store), 100);
        assert_eq!(*store.log.synced.lock().unwrap(), store.log.units());
        // 100 MB went through it; its file keeps the largest size that it had
        let longest = std::fs::metadata(store.log.path()).unwrap().len();
        assert!(longest < (AT_ONCE + 2 * BESIDE) * 16_384, "{longest} bytes");
    }

    #[test]
    fn a_unit_that_writes_nothing_waits_for_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path());
        let before = store.log.units();
        store
            .transaction(Mode::Write, &mut |mut s| s.run("DELETE FROM t WHERE bytes = $1", &[Value::Blob(b"x")]))
            .unwrap();
        assert_eq!(store.log.units(), before);
        put(&store, b"x").unwrap();
        assert_eq!(store.log.units(), before + 1);
    }

    #[test]
    fn a_disk_that_does_not_confirm_ends_all_writing() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path());
        put(&store, b"x").unwrap();
        let aside = folder.path().join("aside");
        std::fs::rename(store.log.path(), &aside).unwrap();
        let said = put(&store, b"y").unwrap_err().to_string();
        assert!(said.contains("the disk did not confirm"), "{said}");
        // it may be there after all; what comes next must not be acknowledged on top of it
        std::fs::rename(&aside, store.log.path()).unwrap();
        let said = put(&store, b"z").unwrap_err().to_string();
        assert!(said.contains("nothing more is written"), "{said}");
        assert_eq!(count(&store), 2);
    }
}
