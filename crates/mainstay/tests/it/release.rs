//! What may go to whom, asked on the command line: agreements, a mark above them, consent, and who may ask at all.
use crate::harness::World;

const AMBER: &str = "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421";
const TOOL: &str = "tool--00000000-0000-4000-8000-000000000001";

/// A world with one AMBER object in a collection that `csirt-fi` may read.
fn world() -> (World, String) {
    let world = World::new();
    let partners = "org,name,kind,country,languages,agreement_from,agreement_to,clearance\ncsirt-fi,CSIRT of Finland,csirt,FI,fi,,,\n";
    world.import(&world.write("partners.csv", partners), &[]);
    let id = world.ok(&["collection", "add", "Box", "--read", "csirt-fi"]).trim().to_owned();
    let object = format!(
        r#"{{"type":"bundle","id":"bundle--00000000-0000-4000-8000-000000000009","objects":[{{"type":"tool","spec_version":"2.1","id":"{TOOL}","created":"2024-01-01T00:00:00.000Z","modified":"2024-01-01T00:00:00.000Z","name":"x","object_marking_refs":["{AMBER}"]}}]}}"#
    );
    assert_eq!(world.import(&world.write("a.json", object), &["--collection", &id])["accepted"], 1);
    (world, id)
}

#[track_caller]
fn explained(world: &World, day: &str, code: i32, words: &str) {
    let said = world.run(&["release", "explain", TOOL, "--for", "csirt-fi", "--on", day]);
    assert_eq!(said.code, code, "{day}\n{}{}", said.out, said.err);
    assert!(said.out.contains(words), "{day}: no {words:?} in\n{}", said.out);
}

#[test]
fn an_agreement_opens_what_it_covers_for_its_days() {
    let (world, _) = world();
    explained(&world, "2025-06-01", 3, "no agreement in force");
    let agree = |more: &[&str]| world.ok(&[&["partner", "agree", "csirt-fi", "--clearance", "AMBER"], more].concat());
    agree(&["--from", "2025-01-01", "--to", "2025-12-31", "--basis", "Memorandum of 2024"]);
    explained(&world, "2025-06-01", 0, "TLP:AMBER");
    explained(&world, "2026-06-01", 3, "");
    explained(&world, "2024-06-01", 3, "");
    let unknown = world.run(&["release", "explain", "tool--00000000-0000-4000-8000-00000000ffff", "--for", "csirt-fi"]);
    assert_ne!(unknown.code, 0);
    world.ok(&["ledger", "verify", "--deep"]);
}

#[test]
fn lists_on_the_command_line_are_for_the_operators_own() {
    let (world, _) = world();
    let mut command =
        world.command(&["user", "add", "fred", "--org", "csirt-fi", "--role", "partner", "--password-stdin"]);
    let mut child = command.stdin(std::process::Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(child.stdin.as_mut().unwrap(), b"correct horse\n").unwrap();
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
    for verb in [
        &["exposure", "list"][..],
        &["ask", "list"],
        &["ask", "show", "0000-0000-0000"],
        &["today"],
        &["user", "list"],
        &["collection", "list"],
        &["peer", "list"],
        &["job", "list"],
        &["plan", "lint"],
        &["measure", "compute"],
        &["depend", "spof"],
        &["release", "explain", TOOL, "--for", "csirt-fi"],
        &["ledger", "verify"],
        &["ledger", "rebuild"],
        &["ledger", "checkpoint"],
        &["pack", "verify"],
        &["doctor"],
    ] {
        let output = world
            .command(&[verb, &["--as", "fred"]].concat())
            .env("MAINSTAY_PASSWORD", "correct horse")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{verb:?}: {said}");
        assert!(output.stdout.is_empty(), "{verb:?}: {}", String::from_utf8_lossy(&output.stdout));
    }
}
