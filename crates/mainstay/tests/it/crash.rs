//! Kill -9 inside writes: nothing acknowledged is lost, nothing doubled.
use crate::harness::{World, bundle};
use std::process::Stdio;
use std::time::Duration;

const KILLS: usize = 300;
const OBJECTS: usize = 40;

#[test]
fn killed_at_300_random_points() {
    let world = World::new();
    world.ok(&["init"]);
    // xorshift: the same points each time, as far as a scheduler allows.
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = |below: u64| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed % below
    };
    let mut acknowledged = Vec::new();
    let mut killed = 0;
    let mut span_us = 60_000;
    for i in 0..KILLS {
        let file = world.write(&format!("{i}.json"), bundle(i * OBJECTS, OBJECTS));
        let mut child = world
            .command(&["import", file.to_str().unwrap()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_micros(random(span_us)));
        match child.try_wait().unwrap() {
            Some(status) => {
                assert_eq!(status.code(), Some(0));
                acknowledged.push(i);
                // Too slow to hit it: aim earlier. Too early all the time finds nothing either, so the span grows below.
                span_us = (span_us * 9 / 10).max(5_000);
            }
            None => {
                child.kill().unwrap();
                child.wait().unwrap();
                killed += 1;
                span_us += span_us / 50;
            }
        }
        if i % 60 == 59 {
            let verified = world.run(&["ledger", "verify"]);
            assert_eq!(verified.code, 0, "{}{}", verified.out, verified.err);
        }
    }
    assert!(killed > KILLS / 3, "only {killed} imports were killed");

    // What was acknowledged is there: importing it again changes nothing.
    for i in &acknowledged {
        let report = world.import(&world.path(&format!("{i}.json")), &[]);
        assert_eq!((report["accepted"].as_u64(), report["unchanged"].as_u64()), (Some(0), Some(OBJECTS as u64)), "{i}");
    }
    // What was killed is there whole or not at all, object by object, and can be finished.
    for i in 0..KILLS {
        let report = world.import(&world.path(&format!("{i}.json")), &[]);
        let (accepted, unchanged) = (report["accepted"].as_u64().unwrap(), report["unchanged"].as_u64().unwrap());
        assert_eq!(accepted + unchanged, OBJECTS as u64, "{i}: {report}");
    }
    // Nothing is doubled, and the tables are those of a rebuild.
    let whole = world.write("whole.json", bundle(0, KILLS * OBJECTS));
    let report = world.import(&whole, &[]);
    assert_eq!((report["accepted"].as_u64(), report["unchanged"].as_u64()), (Some(0), Some((KILLS * OBJECTS) as u64)));
    let verified = world.run(&["ledger", "verify", "--deep", "--format", "json"]);
    assert_eq!(verified.code, 0, "{}{}", verified.out, verified.err);
    let events: serde_json::Value = serde_json::from_str(&verified.out).unwrap();
    assert!(events["size"].as_u64().unwrap() >= (KILLS * OBJECTS) as u64);
}
