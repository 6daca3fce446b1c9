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
            database: None,
            sample: sample(),
            work: self.dir.path().join(name).join("work"),
        }
    }

    #[track_caller]
    fn play(&self, stage: &Stage, step: Vec<Step>) {
        Script { now: self.script.now.clone(), step }.play(stage, |_, _| {}).unwrap();
    }

    /// Each measure and indicator of the first quarter of 2025: value, counted of looked at.
    fn values(&self, stage: &Stage) -> String {
        let text =
            stage.ask(&self.script.now, &["measure", "compute", "--period", "2025-Q1", "--format", "json"]).unwrap();
        let rows: serde_json::Value = serde_json::from_str(&text).unwrap();
        let line = |row: &serde_json::Value| {
            let id = row["id"].as_str().unwrap().trim_start_matches("isp:").to_owned();
            format!("{id} {} ({} of {})", row["value"], row["numerator"], row["denominator"])
        };
        rows.as_array().unwrap().iter().map(line).collect::<Vec<_>>().join("\n")
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

/// `verify --deep` compares each derived table with a rebuild, before and after one took its place; both end with 0.
#[track_caller]
fn rebuilds_to_the_same_tables(stage: &Stage) {
    for verb in [&["ledger", "verify", "--deep"][..], &["ledger", "rebuild"], &["ledger", "verify", "--deep"]] {
        stage.run(&Step::new("", verb), &std::collections::BTreeMap::new()).unwrap();
    }
}

#[test]
fn a_year_of_the_sample_and_what_needs_attention_at_its_end() {
    let world = World::new();
    let moved = "2025-01-15T07:00:00Z";
    let (before, after): (Vec<Step>, Vec<Step>) =
        world.script.step.iter().cloned().partition(|s| s.at.as_str() < moved);
    let first = world.stage("first");
    world.play(&first, before.clone());
    let second = world.stage("second");
    copy(&first.data, &second.data);
    copy(&first.work, &second.work);

    world.play(&first, after.clone());
    rebuilds_to_the_same_tables(&first);
    insta::assert_snapshot!(world.today(&first), @r"
    1  Gatun Waterway is silent about CVE-2024-55591, asked 46 days ago.
       3 functions rest on Gatun Waterway: The waterway, Maintain Supply Chains, Transport Cargo and Passengers by Vessel; exploitation is known. The clock ran out on 2025-01-19 08:00Z.
    2  Haringvliet Drinking Water is silent about CVE-2024-23113, asked 362 days ago.
       Drinking water, Europoort rests on Haringvliet Drinking Water; exploitation is known. The clock ran out on 2024-03-09 09:00Z.
    3  Kempen Optics is silent about CVE-2024-4885, asked 249 days ago.
       Provide Information Technology Products and Services rests on Kempen Optics; exploitation is known. The clock ran out on 2024-06-30 08:00Z.
    4  Nothing is known of National CSIRT Kenya (sample) and National CSIRT Portugal (sample).
       Neither inventory nor answer was shared; ask for a match at home; by sector and area 18 vulnerabilities may be there.
    5  18 matches and 0 objects wait for a person's decision.
       Their versions or ranges cannot be compared, or their content differs from what is held.

    Nothing is known of 34 % of what may be exposed; 2 of 11 constituencies have shared nothing (csirt-ke, csirt-pt).
    ");

    // The same story on the second engine ends in the same words.
    if let Some(store) = ledger::testkit::postgres()
        && let ledger::Place::Url(url) = &store.place
    {
        let other = Stage { database: Some(url.clone()), ..world.stage("other") };
        world.play(&other, [before, after.clone()].concat());
        rebuilds_to_the_same_tables(&other);
        assert_eq!(world.today(&other), world.today(&first));
        assert_eq!(world.values(&other), world.values(&first));
    }
    insta::assert_snapshot!(world.values(&first), @r##"
    1.1.1 7 (7 of 15)
    1.1.2 4 (4 of 12)
    1.1.3 1 (1 of 5)
    1.2.1 9 (9 of 13)
    1.2.2 14 (14 of null)
    1.3.1 5 (5 of 6)
    2.1.1 2 (2 of 11)
    2.1.2 null (0 of 0)
    2.1.3 0 (0 of 3)
    2.2.1 1 (1 of 3)
    2.2.2 3 (3 of 8)
    2.3.1 3 (3 of 9)
    2.3.2 36.4 (4 of 11)
    2.3.3 3 (3 of 7)
    2.3.4 44.4 (4 of 9)
    3.1.1 5 (5 of 8)
    3.2.1 50 (8 of 16)
    3.2.2 3 (3 of 6)
    3.3.1 70 (7 of 10)
    3.3.2 37.5 (3 of 8)
    em-1.1 9.5 (2 of 23)
    em-1.2 10 (1 of 10)
    em-1.3.1 41.7 (5 of 12)
    em-1.3.2 33.3 (1 of 3)
    em-2.1 5 (5 of 11)
    em-2.2 57.1 (4 of 7)
    em-2.3 33.3 (3 of 9)
    em-3.1 60 (3 of 5)
    em-3.2 60 (3 of 5)
    em-3.3 75.5 (7 of 11)
    "##);
    let file = first.ask(&world.script.now, &["partner", "show", "csirt-ie", "--format", "json"]).unwrap();
    let file: serde_json::Value = serde_json::from_str(&file).unwrap();
    assert_eq!((&file["trust"]["to"], &file["agreements"][0]["in_force"]), (&"2026-09-30".into(), &true.into()));
    assert!(
        file["records"].as_array().unwrap().len() > 10 && !file["channels"].as_array().unwrap().is_empty(),
        "{file}"
    );

    crate::quarter::five_forms_say_the_same(&first, &world.script.now);
    crate::quarter::a_stranger_recomputes_it(&first, &world.script.now);

    // The advisory of January is taken in seven weeks later: nobody is silent about it yet.
    let mut later = after;
    let one = later.iter_mut().find(|s| s.run.iter().any(|a| a.ends_with("ex-2025-001.json"))).unwrap();
    one.at = "2025-03-04T02:00:00Z".into();
    later.sort_by(|a, b| a.at.cmp(&b.at));
    world.play(&second, later);
    let changed = world.today(&second);
    assert_ne!(changed, world.today(&first));
    insta::assert_snapshot!(changed, @r"
    1  Haringvliet Drinking Water is silent about CVE-2024-23113, asked 362 days ago.
       Drinking water, Europoort rests on Haringvliet Drinking Water; exploitation is known. The clock ran out on 2024-03-09 09:00Z.
    2  Kempen Optics is silent about CVE-2024-4885, asked 249 days ago.
       Provide Information Technology Products and Services rests on Kempen Optics; exploitation is known. The clock ran out on 2024-06-30 08:00Z.
    3  Nidda Clearing is silent about CVE-2024-38812, asked 160 days ago.
       Provide Payment, Clearing, and Settlement Services rests on Nidda Clearing; exploitation is known. The clock ran out on 2024-09-25 08:00Z.
    4  Nothing is known of National CSIRT Kenya (sample) and National CSIRT Portugal (sample).
       Neither inventory nor answer was shared; ask for a match at home; by sector and area 18 vulnerabilities may be there.
    5  18 matches and 0 objects wait for a person's decision.
       Their versions or ranges cannot be compared, or their content differs from what is held.

    Nothing is known of 34 % of what may be exposed; 2 of 11 constituencies have shared nothing (csirt-ke, csirt-pt).
    ");

    let figure = |period: &str| {
        let text =
            first.ask(&world.script.now, &["measure", "compute", "--period", period, "--format", "json"]).unwrap();
        let rows: serde_json::Value = serde_json::from_str(&text).unwrap();
        let row = rows.as_array().unwrap().iter().find(|r| r["id"] == "isp:2.1.3").unwrap().clone();
        format!("{} of {}", row["numerator"], row["denominator"])
    };
    insta::assert_snapshot!(format!("{}; {}", figure("2024-Q1"), figure("2024-Q4")), @"1 of 9; 1 of 4");
}
