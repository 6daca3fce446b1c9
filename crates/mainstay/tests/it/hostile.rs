//! Bad input: a clear message that names file, place, rule and the next step; nothing half done; nothing lost.
use crate::harness::{World, bundle};
use std::io::Write;
use std::process::Command;

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn identity(i: usize, more: &str) -> String {
    format!(
        r#"{{"type":"identity","spec_version":"2.1","id":"identity--{i:08x}-0000-4000-8000-000000000000","created":"2024-01-01T00:00:00.000Z","modified":"2024-01-01T00:00:00.000Z","name":"n"{more}}}"#
    )
}

fn bundle_of(objects: &[String]) -> String {
    format!(
        r#"{{"type":"bundle","id":"bundle--00000001-0000-4000-8000-000000000000","objects":[{}]}}"#,
        objects.join(",")
    )
}

/// Each faulty file: what it is, its bytes, the rule and a part of the place, and how many objects of it are good.
fn faulty() -> Vec<(&'static str, Vec<u8>, &'static str, &'static str, u64)> {
    let deep = format!(r#"{{"type":"bundle","x":{}{}}}"#, "[".repeat(10_000), "]".repeat(10_000));
    let deep_object = identity(2, &format!(r#","x_deep":{}{}"#, "[".repeat(10_000), "]".repeat(10_000)));
    let doubled = identity(2, r#","name":"again""#);
    vec![
        ("truncated", bundle(0, 3).into_bytes()[..300].to_vec(), "json-truncated", "", 0),
        ("latin-1", b"asset,name\na,caf\xe9\n".to_vec(), "encoding", "", 0),
        ("utf-16", b"\xff\xfea\0s\0".to_vec(), "encoding", "", 0),
        ("deep", deep.into_bytes(), "too-deep", "/x", 0),
        ("deep-object", bundle_of(&[identity(1, ""), deep_object]).into_bytes(), "too-deep", "/objects/1", 1),
        ("doubled-key", bundle_of(&[identity(3, ""), doubled]).into_bytes(), "duplicate-key", "/objects/1", 1),
        ("bomb.gz", gz(&vec![b' '; 64 << 20]), "gzip-bomb", "", 0),
        ("broken.gz", gz(b"asset,name\nx,y\n")[..20].to_vec(), "gzip-broken", "", 0),
        ("unknown", b"hello, world\n".to_vec(), "form-unknown", "", 0),
        ("empty", Vec::new(), "empty-file", "", 0),
        ("no-asset", b"name,vendor,product\nx,y,z\n".to_vec(), "column-missing", "line 1", 0),
        ("asset-twice", b"asset,name,asset\nx,y,z\n".to_vec(), "column-doubled", "line 1", 0),
    ]
}

#[test]
fn every_faulty_file_is_named_with_its_rule() {
    let world = World::new();
    world.ok(&["init"]);
    for (name, bytes, rule, place, good) in faulty() {
        let path = world.write(name, bytes);
        let report = world.import(&path, &[]);
        let refused = report["refused"].as_array().unwrap();
        assert_eq!(refused.len(), 1, "{name}: {report}");
        assert_eq!(refused[0]["rule"], rule, "{name}: {report}");
        assert!(refused[0]["file"].as_str().unwrap().ends_with(name), "{name}: {report}");
        assert!(refused[0]["place"].as_str().unwrap().contains(place), "{name}: {report}");
        assert!(!refused[0]["reason"].as_str().unwrap().is_empty(), "{name}");
        assert_eq!(report["accepted"].as_u64(), Some(good), "{name}: {report}");
        assert_eq!(world.run(&["import", path.to_str().unwrap()]).code, 1, "{name}");
    }
    world.ok(&["ledger", "verify", "--deep"]);
}

#[test]
fn a_line_of_a_gigabyte_is_refused_before_it_is_read() {
    let world = World::new();
    let path = world.write("huge.csv", "");
    std::fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(1 << 30).unwrap();
    let report = world.import(&path, &[]);
    assert_eq!(report["refused"][0]["rule"], "file-too-large", "{report}");
}

#[test]
fn in_a_folder_a_foreign_file_is_skipped_and_named_outright_refused() {
    let world = World::new();
    std::fs::create_dir(world.path("in")).unwrap();
    world.write("in/notes.txt", "hello\n");
    world.write("in/good.json", bundle(0, 2));
    let report = world.import(&world.path("in"), &[]);
    assert_eq!(
        (report["accepted"].as_u64(), report["skipped"].as_array().map(Vec::len)),
        (Some(2), Some(1)),
        "{report}"
    );
    assert_eq!(report["skipped"][0]["rule"], "form-unknown");
    assert_eq!(world.run(&["import", world.path("in").to_str().unwrap()]).code, 0);
    assert_eq!(world.import(&world.path("in/notes.txt"), &[])["refused"][0]["rule"], "form-unknown");
    let missing = world.run(&["import", world.path("nowhere").to_str().unwrap()]);
    assert_eq!(missing.code, 5, "{}", missing.err);
}

#[test]
fn the_same_id_and_version_with_other_content_goes_to_review_once() {
    let world = World::new();
    let first = world.write("first.json", bundle_of(&[identity(1, r#","description":"a""#)]));
    // Other order and spacing is the same content (RFC 8785).
    let same = world.write("same.json", bundle_of(&[identity(1, r#", "description" : "a""#)]));
    let other = world.write("other.json", bundle_of(&[identity(1, r#","description":"b""#)]));
    assert_eq!(world.import(&first, &[])["accepted"], 1);
    assert_eq!(world.import(&same, &[])["unchanged"], 1);
    let report = world.import(&other, &[]);
    assert_eq!(report["review"][0]["rule"], "same-version-differs", "{report}");
    let size = world.ok(&["ledger", "verify"]);
    let again = world.import(&other, &[]);
    assert_eq!(again["unchanged"], 1, "it lies in review already: {again}");
    assert_eq!(world.ok(&["ledger", "verify"]), size, "and stands there once");
}

#[test]
fn a_full_disk_loses_nothing() {
    let world = World::new();
    let disk = world.path("data");
    std::fs::create_dir(&disk).unwrap();
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=6m", "tmpfs"]).arg(&disk).output();
    if !mounted.is_ok_and(|o| o.status.success()) {
        eprintln!("SKIPPED (no right to mount a small disk): a full disk loses nothing");
        return;
    }
    let _unmount = Unmount(disk);
    let good = world.write("good.json", bundle(0, 200));
    assert_eq!(world.import(&good, &[])["accepted"], 200);
    let big = world.write("big.json", bundle(1_000, 40_000));
    let full = world.run(&["import", big.to_str().unwrap()]);
    assert_eq!(full.code, 5, "{}{}", full.out, full.err);
    assert!(full.err.contains("disk is full"), "{}", full.err);
    let verified = world.run(&["ledger", "verify"]);
    assert_eq!(verified.code, 0, "{}{}", verified.out, verified.err);
    assert_eq!(world.import(&good, &[])["unchanged"], 200);
}

struct Unmount(std::path::PathBuf);

impl Drop for Unmount {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("-l").arg(&self.0).status());
    }
}
