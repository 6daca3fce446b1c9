//! The sample world end to end: the script is played against the real binary, through public verbs alone, and what it says in
//! the end is what a duty officer reads. Moving one date moves it.

use std::path::{Path, PathBuf};
use xtask::script::{Script, Stage, Step};

/// The script, and a place to play it in.
struct World {
    dir: tempfile::TempDir,
    script: Script,
}

impl World {
    fn new() -> World {
        let script = Script::open(&sample()).unwrap();
        World { dir: tempfile::tempdir().unwrap(), script }
    }

    fn stage(&self, name: &str) -> Stage {
        Stage {
            binary: PathBuf::from(env!("CARGO_BIN_EXE_mainstay")),
            data: self.dir.path().join(name).join("store"),
            sample: sample(),
            work: self.dir.path().join(name).join("work"),
        }
    }

    #[track_caller]
    fn play(&self, stage: &Stage, step: Vec<Step>) {
        Script { now: self.script.now.clone(), step }.play(stage, |_, _| {}).unwrap();
    }

    fn today(&self, stage: &Stage) -> String {
        stage.ask(&self.script.now, &["today"]).unwrap()
    }
}

fn sample() -> PathBuf {
    xtask::shell::root().join("examples")
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn a_year_of_the_sample_and_what_needs_attention_at_its_end() {
    let world = World::new();
    let moved = "2025-01-15T07:00:00Z";
    let (before, after): (Vec<Step>, Vec<Step>) = world.script.step.iter().cloned().partition(|s| s.at.as_str() < moved);
    let first = world.stage("first");
    world.play(&first, before);
    let second = world.stage("second");
    copy(&first.data, &second.data);
    copy(&first.work, &second.work);

    world.play(&first, after.clone());
    insta::assert_snapshot!(world.today(&first), @r"
    1  gatun-waterway is silent about CVE-2024-55591, asked 46 days ago.
       3 functions rest on gatun-waterway: fn:pa:canal, fn:us:supply-chains, fn:us:vessel; exploitation is known. [clock: 2025-01-19 08:00Z]
    2  haringvliet-water is silent about CVE-2024-23113, asked 362 days ago.
       fn:nl:water rests on haringvliet-water; exploitation is known. [clock: 2024-03-09 09:00Z]
    3  kempen-optics is silent about CVE-2024-4885, asked 249 days ago.
       fn:us:it-products rests on kempen-optics; exploitation is known. [clock: 2024-06-30 08:00Z]
    4  nidda-clearing is silent about CVE-2024-38812, asked 160 days ago.
       fn:us:payment rests on nidda-clearing; exploitation is known. [clock: 2024-09-25 08:00Z]
    5  tuas-quays is silent about CVE-2024-38812, asked 160 days ago.
       fn:sg:port rests on tuas-quays; exploitation is known. [clock: 2024-09-27 08:00Z]

    Nothing is known of 36 % of what may be exposed; 2 of 11 constituencies have shared nothing (csirt-ke, csirt-pt).
    ");

    // The advisory of January is taken in seven weeks later: nobody is silent about it yet.
    let mut later = after;
    let one = later.iter_mut().find(|s| s.run.iter().any(|a| a.ends_with("ex-2025-001.json"))).unwrap();
    one.at = "2025-03-04T02:00:00Z".into();
    later.sort_by(|a, b| a.at.cmp(&b.at));
    world.play(&second, later);
    let changed = world.today(&second);
    assert_ne!(changed, world.today(&first));
    insta::assert_snapshot!(changed, @r"
    1  haringvliet-water is silent about CVE-2024-23113, asked 362 days ago.
       fn:nl:water rests on haringvliet-water; exploitation is known. [clock: 2024-03-09 09:00Z]
    2  kempen-optics is silent about CVE-2024-4885, asked 249 days ago.
       fn:us:it-products rests on kempen-optics; exploitation is known. [clock: 2024-06-30 08:00Z]
    3  nidda-clearing is silent about CVE-2024-38812, asked 160 days ago.
       fn:us:payment rests on nidda-clearing; exploitation is known. [clock: 2024-09-25 08:00Z]
    4  tuas-quays is silent about CVE-2024-38812, asked 160 days ago.
       fn:sg:port rests on tuas-quays; exploitation is known. [clock: 2024-09-27 08:00Z]
    5  haringvliet-water is silent about CVE-2024-36080, asked 272 days ago.
       fn:nl:water rests on haringvliet-water. [clock: 2024-06-07 08:00Z]

    Nothing is known of 36 % of what may be exposed; 2 of 11 constituencies have shared nothing (csirt-ke, csirt-pt).
    ");

    let figure = |period: &str| {
        let text = first.ask(&world.script.now, &["measure", "compute", "--period", period, "--format", "json"]).unwrap();
        let rows: serde_json::Value = serde_json::from_str(&text).unwrap();
        let row = rows.as_array().unwrap().iter().find(|r| r["id"] == "isp:2.1.3").unwrap().clone();
        format!("{} of {}", row["numerator"], row["denominator"])
    };
    insta::assert_snapshot!(format!("{}; {}", figure("2024-Q1"), figure("2024-Q4")), @"1 of 9; 1 of 4");
}
