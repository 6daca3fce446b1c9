//! The ledger at its boundary, on both engines: a toy stage stands for all stages.
#![expect(clippy::unwrap_used, reason = "helpers of tests, outside of the test functions themselves")]

use ledger::purge::{self, Erasure, Order};
use ledger::testkit::{self, TestStore};
use ledger::{Column, Draft, Error, Event, Ledger, Micros, Result, Stage, Tx, Value};
use std::sync::Arc;

/// Counts words; reacts to the tenth of a word with an event of its own; cannot stand the word `bad`.
struct Words;

#[derive(serde::Serialize, serde::Deserialize)]
struct Word {
    word: String,
}

impl Stage for Words {
    fn name(&self) -> &'static str {
        "words"
    }
    fn schema(&self) -> &'static str {
        "CREATE TABLE @word (word {text} PRIMARY KEY, n {int} NOT NULL, last {int} NOT NULL);
         CREATE INDEX @word_n ON @word (n);
         CREATE TABLE @tenth (word {text} PRIMARY KEY)"
    }
    fn kinds(&self) -> &'static [&'static str] {
        &["toy."]
    }
    fn remnants(&self, kind: &str) -> bool {
        kind == "toy.word"
    }
    fn apply(&self, tx: &mut Tx<'_>, event: &Event) -> Result<()> {
        let Word { word } = event.meta()?;
        if word == "bad" {
            // What was done before is undone with the parking.
            tx.run("INSERT INTO @tenth (word) VALUES ('half done')", &[])?;
            return Err(Error::park("toy-bad", "a bad word"));
        }
        match event.kind.as_str() {
            "toy.word" => tx.run(
                "INSERT INTO @word (word, n, last) VALUES ($1, 1, $2) ON CONFLICT (word) DO UPDATE SET n = @word.n + 1, last = excluded.last",
                &[(&word).into(), event.index.into()],
            )?,
            _ => tx.run("INSERT INTO @tenth (word) VALUES ($1)", &[(&word).into()])?,
        };
        Ok(())
    }
    fn react(&self, tx: &mut Tx<'_>, event: &Event) -> Result<()> {
        let Word { word } = event.meta()?;
        let n = tx.one("SELECT n FROM @word WHERE word = $1", &[(&word).into()], |r| r.int(0))?;
        if event.kind == "toy.word" && n >= Some(10) {
            tx.append(Draft::new("toy.tenth", &Word { word: word.clone() })?.key(format!("words/tenth/{word}")))?;
        }
        Ok(())
    }
}

fn open(store: &TestStore) -> Ledger {
    store.open(vec![Arc::new(Words)])
}

fn say(ledger: &Ledger, words: &[&str]) {
    ledger
        .write(|tx| {
            for word in words {
                tx.append(Draft::new("toy.word", &Word { word: (*word).into() })?.body(word.as_bytes()))?;
            }
            Ok(())
        })
        .unwrap();
    ledger.catch_up().unwrap();
}

fn words(ledger: &Ledger) -> Vec<(String, i64)> {
    ledger
        .read(|tx| tx.all("SELECT word, n FROM @word ORDER BY word", &[], |r| (r.text(0).to_owned(), r.int(1))))
        .unwrap()
}

#[test]
fn a_story_on_both_engines() {
    for store in testkit::engines() {
        let ledger = open(&store);
        say(&ledger, &["ash", "oak", "ash"]);
        assert_eq!(words(&ledger), [("ash".into(), 2), ("oak".into(), 1)], "{}", store.engine);

        // The tenth ash causes one derived event, however often the stage passes by.
        say(&ledger, &["ash"; 12]);
        say(&ledger, &["ash"; 3]);
        let tenth = ledger.read(|tx| tx.all("SELECT word FROM @tenth", &[], |r| r.text(0).to_owned())).unwrap();
        assert_eq!(tenth, ["ash"]);

        // A word that the stage cannot stand is put aside, whole, and the rest goes on.
        say(&ledger, &["elm", "bad", "elm"]);
        assert_eq!(words(&ledger)[1], ("elm".into(), 2));
        let parked = ledger.parked().unwrap();
        assert_eq!((parked.len(), parked[0].rule.as_str()), (1, "toy-bad"));
        assert_eq!(ledger.read(|tx| tx.one("SELECT count(*) FROM @tenth", &[], |r| r.int(0))).unwrap(), Some(1));

        // Opened anew it is the same store, and everything holds, also against a rebuild.
        let size = ledger.size().unwrap();
        drop(ledger);
        let ledger = open(&store);
        let verified = ledger.verify(true).unwrap();
        assert_eq!((verified.size, verified.findings), (size, vec![]), "{}", store.engine);
        let before = words(&ledger);
        assert_eq!(ledger.rebuild().unwrap().parked, 1);
        assert_eq!(words(&ledger), before);
        assert!(ledger.verify(true).unwrap().findings.is_empty());
    }
}

#[test]
fn known_time_is_the_hubs_and_never_runs_backwards() {
    for store in testkit::engines() {
        let ledger = open(&store);
        store.clock.set(Micros(testkit::START.0 + 1000));
        say(&ledger, &["one"]);
        store.clock.set(Micros(testkit::START.0 + 10));
        say(&ledger, &["two"]);
        let known = ledger.read(|tx| Ok([tx.event(1)?.unwrap().known.0, tx.event(2)?.unwrap().known.0])).unwrap();
        assert_eq!(known, [testkit::START.0 + 1000, testkit::START.0 + 1000]);
    }
}

#[test]
fn a_failed_unit_leaves_nothing() {
    for store in testkit::engines() {
        let ledger = open(&store);
        let size = ledger.size().unwrap();
        let failed = ledger.write(|tx| {
            for _ in 0..5000 {
                tx.append(Draft::new("toy.word", &Word { word: "lost".into() })?)?;
            }
            Err::<(), _>(Error::refused("toy-no", "no", ""))
        });
        assert_eq!(failed.unwrap_err().rule(), "toy-no");
        assert_eq!(ledger.size().unwrap(), size);
        assert!(ledger.verify(true).unwrap().findings.is_empty());
    }
}

#[test]
fn keys_are_unique_for_ever() {
    for store in testkit::engines() {
        let ledger = open(&store);
        let append = |key: &str| {
            ledger.write(|tx| tx.append(Draft::new("toy.word", &Word { word: "w".into() })?.key(key))).unwrap()
        };
        let first = append("a/b/c");
        assert!(first.new);
        assert_eq!(append("a/b/c"), ledger::Appended { index: first.index, new: false });
        assert!(append("a/b/d").new);
        let twice = ledger
            .write(|tx| {
                let one = tx.append(Draft::new("toy.word", &Word { word: "w".into() })?.key("x"))?;
                let two = tx.append(Draft::new("toy.word", &Word { word: "w".into() })?.key("x"))?;
                Ok((one.index == two.index, two.new))
            })
            .unwrap();
        assert_eq!(twice, (true, false));
    }
}

#[test]
fn eight_writers_and_one_order() {
    for store in testkit::engines() {
        let ledger = Arc::new(open(&store));
        std::thread::scope(|scope| {
            for writer in 0..8 {
                let ledger = ledger.clone();
                scope.spawn(move || (0..20).for_each(|i| say(&ledger, &[&format!("w{writer}"), &format!("i{i}")])));
            }
        });
        assert_eq!(words(&ledger).iter().map(|(_, n)| n).sum::<i64>(), 8 * 20 * 2);
        assert!(ledger.verify(true).unwrap().findings.is_empty(), "{}", store.engine);
    }
}

fn purge(ledger: &Ledger, erasures: &[Erasure], by: [&str; 2]) -> Result<usize> {
    let key = ledger.signing_key()?;
    let order = Order { matter: "m1", reason: "classified", by };
    let indices: Vec<i64> = erasures.iter().map(|e| e.index).filter(|at| *at > 0).collect();
    let salts = ledger.read(|tx| purge::salts(tx, &indices))?;
    let erased = ledger.write(|tx| purge::erase(tx, ledger.hub(), &key, &order, erasures))?;
    ledger.rebuild()?;
    assert_eq!(ledger.scrub(&salts)?.left, 0);
    Ok(erased)
}

fn gap(index: i64) -> Erasure {
    Erasure { index, remnant: None }
}

#[test]
fn a_purge_leaves_a_gap_that_is_named() {
    for store in testkit::engines() {
        let ledger = open(&store);
        say(&ledger, &["ash", "spill", "oak"]);
        let checkpoint = ledger.checkpoint().unwrap();
        assert_eq!(purge(&ledger, &[gap(2)], ["ann", "ann"]).unwrap_err().rule(), "purge-two-people");
        assert_eq!(purge(&ledger, &[gap(2)], ["ann", "b\nob"]).unwrap_err().rule(), "purge-reason");
        assert_eq!(purge(&ledger, &[gap(2), gap(0), gap(99)], ["ann", "bob"]).unwrap(), 1);
        assert_eq!(purge(&ledger, &[gap(2)], ["ann", "bob"]).unwrap_err().rule(), "purge-nothing");
        assert_eq!(ledger.rebuild().unwrap().gaps, [2]);
        assert_eq!(words(&ledger), [("ash".into(), 1), ("oak".into(), 1)]);
        let verified = ledger.verify(true).unwrap();
        assert_eq!(verified.findings, [], "{}", store.engine);
        assert_eq!(verified.purged.into_iter().collect::<Vec<_>>(), [(2, "classified".to_owned())]);
        assert_eq!(verified.checkpoints, 1, "the checkpoint made before still holds: {}", checkpoint.note);
        // Without its tombstone the same gap is a finding.
        ledger.write(|tx| tx.run("DELETE FROM payload WHERE idx = 1", &[])).unwrap();
        let findings = ledger.verify(false).unwrap().findings;
        assert_eq!(findings.len(), 1);
        assert_eq!(
            (findings[0].index, findings[0].what.as_str()),
            (Some(1), "the payload is gone and no tombstone says why")
        );
    }
}

#[test]
fn what_stays_of_a_purged_entry_is_folded_in_its_place_and_vouched_for() {
    for store in testkit::engines() {
        let ledger = open(&store);
        say(&ledger, &["ash", "spill", "oak"]);
        let remnant = |word: &str| Some(ledger::Payload::new(&format!("{{\"word\":\"{word}\"}}"), b""));
        purge(&ledger, &[Erasure { index: 2, remnant: remnant("elm") }], ["ann", "bob"]).unwrap();
        assert_eq!(words(&ledger), [("ash".into(), 1), ("elm".into(), 1), ("oak".into(), 1)]);
        assert_eq!(ledger.verify(true).unwrap().findings, [], "{}", store.engine);
        let event = ledger.read(|tx| tx.event(2)).unwrap().unwrap();
        assert!(event.purged && event.payload.is_none(), "nobody takes a remnant for the payload");
        for (sql, what) in [
            ("UPDATE remnant SET bytes = $1", "what stayed of a purged payload is not what the tombstone says"),
            ("DELETE FROM remnant WHERE bytes = $1", "what stayed of a purged payload is gone"),
            (
                "INSERT INTO remnant (idx, bytes) VALUES (2, $1)",
                "what stayed of a purged payload is not what the tombstone says",
            ),
            ("UPDATE remnant SET idx = 1, bytes = $1", "something stands in the place of a payload that is there"),
        ] {
            testkit::tamper(&store.place, sql, &[Value::Blob(b"\0\0\0\0x")]).unwrap();
            let findings = ledger.verify(false).unwrap().findings;
            assert_eq!(findings.first().map(|f| f.what.as_str()), Some(what), "{}: {sql}", store.engine);
        }
    }
}

#[test]
fn erased_bytes_stand_in_no_file() {
    let store = testkit::sqlite();
    let ledger = open(&store);
    // large and small, so that cells lie in leaves and in overflow pages, and trees are split
    let long = |i: usize| format!("spill-{i}-{}", "secret words ".repeat(i * 40));
    for i in 0..60 {
        say(&ledger, &[&format!("plain{i}"), &long(i), &"filler".repeat(i * 7 + 1)]);
    }
    let stands = |what: &str| {
        let files = std::fs::read_dir(store.folder().join("data"))
            .unwrap()
            .map(|entry| std::fs::read(entry.unwrap().path()).unwrap());
        files.filter(|bytes| bytes.windows(what.len()).any(|w| w == what.as_bytes())).count()
    };
    assert!(stands("spill-7-secret") > 0);
    let spilt: Vec<Erasure> = (0..60).map(|i| gap(2 + 3 * i)).collect();
    assert_eq!(purge(&ledger, &spilt, ["ann", "bob"]).unwrap(), 60);
    for what in ["spill-", "secret words "] {
        assert_eq!(stands(what), 0, "{what}");
    }
    assert!(stands("plain7") > 0);
    assert_eq!(ledger.verify(true).unwrap().findings, []);
}

#[test]
fn a_backup_from_before_is_purged_by_the_list() {
    for store in testkit::engines() {
        let ledger = open(&store);
        say(&ledger, &["ash", "spill", "oak"]);
        let (salt, bytes) = ledger
            .read(|tx| {
                tx.one("SELECT salt, bytes FROM payload WHERE idx = 2", &[], |r| {
                    (r.blob(0).to_vec(), r.blob(1).to_vec())
                })
            })
            .unwrap()
            .unwrap();
        let remnant = Some(ledger::Payload::new("{\"word\":\"elm\"}", b""));
        purge(&ledger, &[Erasure { index: 2, remnant }], ["ann", "bob"]).unwrap();
        let list = ledger.purge_list().unwrap();
        // as if the store were restored from before: the payload is back, the tombstone is not
        let size = ledger.size().unwrap() - 1;
        ledger
            .write(|tx| {
                tx.run("DELETE FROM remnant WHERE idx = 2", &[])?;
                tx.run(
                    "INSERT INTO payload (idx, salt, bytes) VALUES (2, $1, $2)",
                    &[(&salt).into(), (&bytes).into()],
                )?;
                tx.run("UPDATE entry SET tag = NULL WHERE idx = $1", &[size.into()])
            })
            .unwrap();
        ledger.rebuild().unwrap();
        assert_eq!(words(&ledger)[2].0, "spill");
        let applied = ledger.apply_purges(&list).unwrap();
        assert_eq!((applied.erased, applied.nothing, applied.other), (1, 0, vec![]));
        ledger.rebuild().unwrap();
        assert_eq!(words(&ledger)[1].0, "elm");
        assert_eq!(ledger.apply_purges(&list).unwrap().nothing, 1, "a second time there is nothing to do");
        let mut bent = list.clone();
        bent.tombstones[0].entries[0].index = 1;
        assert_eq!(ledger.apply_purges(&bent).unwrap_err().rule(), "integrity");
        bent = list.clone();
        bent.hub = "other".into();
        assert_eq!(ledger.apply_purges(&bent).unwrap_err().rule(), "purge-list");
    }
}

#[test]
fn the_main_tree_proves_its_entries() {
    use ledger::{note::Head, proof};
    for store in testkit::engines() {
        let ledger = open(&store);
        say(&ledger, &["ash"; 11]);
        let old = ledger.checkpoint().unwrap();
        say(&ledger, &["oak"; 40]);
        assert_eq!(ledger.prove(20).unwrap_err().rule(), "proof-range", "no checkpoint holds it yet");
        let new = ledger.checkpoint().unwrap();
        for index in [0, 1, 7, 20, new.size - 1] {
            let proof = ledger.prove(index).unwrap();
            let read = proof::Travelling::parse(&proof.text()).unwrap();
            let text = ledger.verifier().open(&read.checkpoint).unwrap().to_owned();
            let head = Head::parse(&text).unwrap();
            let at = read.extra.iter().position(|b| *b == b'\n').unwrap();
            let leaf = ledger::merkle::leaf_hash(&[&read.extra[..at], &read.extra[at + 1..]]);
            assert!(proof::leads(&leaf, read.index, head.size, &read.path, &head.root), "{}: {index}", store.engine);
        }
        let path = ledger.prove_growth(old.size, new.size).unwrap();
        let root = |c: &ledger::checkpoint::Checkpoint| c.root.clone().try_into().unwrap();
        assert!(proof::grew(old.size as u64, &root(&old), new.size as u64, &root(&new), &path));
        assert_eq!(ledger.prove_growth(3, 10_000).unwrap_err().rule(), "proof-range");
    }
}

/// Flips one bit in each place that the ledger class holds, and `verify` names the entry each time.
#[test]
fn one_flipped_bit_is_found_and_named() {
    for store in testkit::engines() {
        let ledger = open(&store);
        say(&ledger, &["ash"; 11]);
        ledger.checkpoint().unwrap();
        let places: &[(&str, &str, &str)] = &[
            ("entry", "header", "idx"),
            ("entry", "kind", "idx"),
            ("entry", "commitment", "idx"),
            ("entry", "leaf", "idx"),
            ("entry", "tag", "idx"),
            ("payload", "salt", "idx"),
            ("payload", "bytes", "idx"),
            ("checkpoint", "root", "size"),
            ("checkpoint", "note", "size"),
            ("head", "frontier", "id"),
            ("head", "hub", "id"),
            ("head", "key_salt", "id"),
        ];
        let mut flips = 0;
        for (table, column, key) in places {
            let cells = ledger
                .read(|tx| {
                    let sql = format!("SELECT {key}, {column} FROM {table} WHERE {column} IS NOT NULL ORDER BY {key}");
                    tx.all(&sql, &[], |r| (r.int(0), r.opt_text(1).map(str::to_owned), r.blob(1).to_vec()))
                })
                .unwrap();
            assert!(!cells.is_empty(), "{table}.{column}");
            for (row, text, blob) in cells {
                let length = text.as_ref().map_or(blob.len(), String::len);
                for bit in [0, length * 4, length * 8 - 2] {
                    let (old, new) = match &text {
                        Some(text) => {
                            let mut bytes = text.clone().into_bytes();
                            bytes[bit / 8] ^= 1 << (bit % 7);
                            let Ok(new) = String::from_utf8(bytes) else { continue };
                            if new.contains('\0') {
                                continue;
                            }
                            (Cell::Text(text.clone()), Cell::Text(new))
                        }
                        None => {
                            let mut bytes = blob.clone();
                            bytes[bit / 8] ^= 1 << (bit % 8);
                            (Cell::Blob(blob.clone()), Cell::Blob(bytes))
                        }
                    };
                    let sql = format!("UPDATE {table} SET {column} = $2 WHERE {key} = $1");
                    let set = |cell: &Cell| {
                        // Not through a write unit: that would look at the head row first.
                        put(&store, &sql, row, cell)
                    };
                    set(&new);
                    let found = ledger.verify(false).unwrap().findings;
                    assert!(!found.is_empty(), "{}: {table}.{column} of {row}, bit {bit}", store.engine);
                    if matches!(*table, "entry" | "payload") {
                        assert!(found.iter().any(|f| f.index == Some(row)), "{table}.{column} of {row}: {found:?}");
                    }
                    set(&old);
                    flips += 1;
                }
            }
        }
        assert!(ledger.verify(true).unwrap().findings.is_empty());
        assert!(flips > 200, "{flips}");
    }
}

enum Cell {
    Text(String),
    Blob(Vec<u8>),
}

fn put(store: &TestStore, sql: &str, row: i64, cell: &Cell) {
    let value = match cell {
        Cell::Text(text) => Value::Text(text),
        Cell::Blob(blob) => Value::Blob(blob),
    };
    testkit::tamper(&store.place, sql, &[row.into(), value]).unwrap();
}

#[test]
fn jobs_are_fenced() {
    use ledger::jobs;
    for store in testkit::engines() {
        let ledger = open(&store);
        let now = testkit::START;
        let hour = Micros::HOUR;
        ledger
            .write(|tx| {
                assert!(jobs::enqueue(tx, "send/1", "send", "{}", now)?);
                assert!(!jobs::enqueue(tx, "send/1", "send", "{}", now)?, "the same id is the same job");
                let slow = jobs::claim(tx, "send", "slow", now, hour)?.unwrap();
                assert_eq!(jobs::claim(tx, "send", "quick", now, hour)?, None, "it is leased");
                let quick = jobs::claim(tx, "send", "quick", Micros(now.0 + 2 * hour), hour)?.unwrap();
                assert_eq!(jobs::finish(tx, &slow, Ok(())).unwrap_err().rule(), "job-fenced");
                jobs::finish(tx, &quick, Err("host down"))?;
                let job = jobs::list(tx)?.remove(0);
                assert_eq!(
                    (job.state.as_str(), job.attempts, job.last_error.as_deref()),
                    ("waiting", 2, Some("host down"))
                );
                assert!(job.due > now);
                let again = jobs::claim(tx, "send", "quick", Micros(now.0 + 9 * hour), hour)?.unwrap();
                jobs::finish(tx, &again, Ok(()))?;
                assert_eq!(jobs::list(tx)?.remove(0).state, "done");
                Ok(())
            })
            .unwrap();
    }
}

#[test]
fn packs_are_signed_and_checked_at_each_load() {
    use ledger::pack::{self, Pack};
    for store in testkit::engines() {
        let ledger = open(&store);
        let files = |version: &str| {
            [
                ("pack.toml", format!("name = 'n'\nkind = 'rules'\nversion = '{version}'\n")),
                ("a.toml", "x = 1\n".into()),
            ]
            .map(|(name, text)| (name.to_owned(), text))
            .into()
        };
        let key = ledger.signing_key().unwrap();
        let one = Pack::from_files(files("1")).unwrap();
        let two = Pack::from_files(files("2")).unwrap();
        assert!(ledger.write(|tx| pack::add(tx, &one, &key)).unwrap());
        assert!(!ledger.write(|tx| pack::add(tx, &one, &key)).unwrap(), "the same content again is a no-op");
        assert!(ledger.write(|tx| pack::add(tx, &two, &key)).unwrap());
        ledger.catch_up().unwrap();
        let held = ledger.read(|tx| pack::of_kind(tx, "rules")).unwrap();
        assert_eq!((held.len(), held[0].1.version.as_str()), (1, "2"));
        let mut bent = held[0].1.clone();
        bent.files.insert("a.toml".into(), "x = 2\n".into());
        assert_eq!(held[0].0.check(&bent).unwrap_err().rule(), "pack-signature");
        assert_eq!(Pack::from_files([("a".into(), "b".into())].into()).unwrap_err().rule(), "pack-manifest");
    }
}

#[test]
fn bulk_values_come_back_as_they_went_in() {
    for store in testkit::engines() {
        let ledger = open(&store);
        let rows = ledger
            .write(|tx| {
                tx.run(
                    "CREATE TABLE probe (i {int}, r {real}, t {text}, b {blob})"
                        .replace("{int}", "BIGINT")
                        .replace("{real}", if store.engine == "sqlite" { "REAL" } else { "DOUBLE PRECISION" })
                        .replace("{text}", "TEXT")
                        .replace("{blob}", if store.engine == "sqlite" { "BLOB" } else { "BYTEA" })
                        .as_str(),
                    &[],
                )?;
                tx.bulk(
                    "INSERT INTO probe (i, r, t, b)",
                    &[
                        Column::OptInt(vec![Some(1), None, Some(i64::MAX)]),
                        Column::Real(vec![0.5, -1.0, 1e300]),
                        Column::OptText(vec![Some("é"), None, Some("")]),
                        Column::Blob(vec![b"\0\xff", b"", b"x"]),
                    ],
                    "",
                )?;
                // `$2` before `$1`: both engines number by name, not by appearance.
                tx.all(
                    "SELECT i, r, t, b FROM probe WHERE r < $2 OR r > $1 ORDER BY r",
                    &[Value::Real(1.0), Value::Real(0.0)],
                    |r| (r.opt_int(0), r.real(1), r.opt_text(2).map(str::to_owned), r.blob(3).to_vec()),
                )
            })
            .unwrap();
        assert_eq!(rows, [(None, -1.0, None, vec![]), (Some(i64::MAX), 1e300, Some(String::new()), b"x".to_vec())]);
        let nul = |tx: &mut ledger::Tx<'_>| {
            tx.run("INSERT INTO probe (t) VALUES ($1)", &["a\0b".into()])?;
            let texts = [Column::OptText(vec![Some("\0"), None]), Column::Int(vec![7, 8])];
            tx.bulk("INSERT INTO probe (t, i)", &texts, "")?;
            tx.all("SELECT t FROM probe WHERE t IN ($1, $2) ORDER BY t", &["a\0b".into(), "\0".into()], |r| {
                r.text(0).to_owned()
            })
        };
        assert_eq!(ledger.write(nul).unwrap(), ["a\u{2400}b", "\u{2400}"], "{}", store.engine);
    }
}

/// Rows that a unit inserts may still be on their way when it says that it is done: it is done only when they stand.
#[test]
fn rows_that_do_not_fit_fail_the_unit_that_sent_them() {
    for store in testkit::engines() {
        let ledger = open(&store);
        ledger.write(|tx| tx.run("CREATE TABLE probe (i BIGINT PRIMARY KEY)", &[])).unwrap();
        let insert = |rows: &[i64], more: &[i64]| {
            ledger.write(|tx| {
                tx.bulk("INSERT INTO probe (i)", &[Column::Int(rows.to_vec())], "")?;
                tx.bulk("INSERT INTO probe (i)", &[Column::Int(more.to_vec())], "")
            })
        };
        let held = || ledger.read(|tx| tx.all("SELECT i FROM probe ORDER BY i", &[], |r| r.int(0))).unwrap();
        insert(&[1, 2], &[3]).unwrap();
        for (rows, more) in [(&[4, 4][..], &[5][..]), (&[6], &[2]), (&[1], &[])] {
            let error = insert(rows, more).unwrap_err();
            assert_eq!(error.rule(), "conflict", "{}: {error}", store.engine);
            assert_eq!(held(), [1, 2, 3], "{}", store.engine);
        }
        insert(&[4], &[5]).unwrap();
        assert_eq!(held(), [1, 2, 3, 4, 5], "{}", store.engine);
    }
}
