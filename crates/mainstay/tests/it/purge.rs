//! A purge by two people on the command line, its list for backups, and a proof of the log.
use crate::harness::{World, bundle};

const ID: &str = "identity--00000001-0000-4000-8000-000000000000";

fn add(world: &World, name: &str, org: &str, role: &str) {
    let args = ["user", "add", name, "--org", org, "--role", role, "--clearance", "RED", "--password-stdin"];
    let mut child = world.command(&args).stdin(std::process::Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(child.stdin.as_mut().unwrap(), b"correct horse\n").unwrap();
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
}

fn run_as(world: &World, name: &str, args: &[&str]) -> (i32, String) {
    let mut command = world.command(args);
    let output = command.args(["--as", name]).env("MAINSTAY_PASSWORD", "correct horse").output().unwrap();
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    (output.status.code().unwrap_or(-1), text)
}

#[test]
fn two_people_purge_and_a_backup_follows() {
    for (engine, world) in World::on_each_engine() {
        world.import(&world.write("a.json", bundle(0, 5)), &[]);
        add(&world, "ann", "home", "admin");
        add(&world, "bob", "home", "operator");
        let seen = world.run(&["ledger", "purge", "propose", "--object", ID, "--dry-run"]);
        assert_eq!(seen.code, 0, "{}", seen.err);
        assert!(
            seen.out.contains("exchange.object") && seen.err.contains("nothing was changed"),
            "{}{}",
            seen.out,
            seen.err
        );
        let proposed = world.run(&["ledger", "purge", "propose", "--object", ID, "--reason", "personal data"]).err;
        let name = proposed.split("proposed as ").nth(1).and_then(|rest| rest.split(';').next()).unwrap();
        assert_eq!(
            world.run(&["ledger", "purge", "approve", name]).code,
            3,
            "local-operator is never the second person"
        );
        let before = world.path("data/mainstay.db");
        let backup = world.path("backup.db");
        if engine == "sqlite" {
            world.ok(&["ledger", "purge", "scrub"]);
            std::fs::copy(&before, &backup).unwrap();
        }
        let (code, said) = run_as(&world, "bob", &["ledger", "purge", "approve", name]);
        assert_eq!(code, 0, "{engine}: {said}");
        assert!(said.contains("1 entries erased") && said.contains("backups"), "{said}");
        let verified = world.run(&["ledger", "verify", "--deep"]);
        assert_eq!(verified.code, 0, "{}{}", verified.out, verified.err);
        assert!(verified.out.contains("was purged: personal data"), "{}", verified.out);
        assert!(world.ok(&["ledger", "purge", "list"]).contains("done"));
        let list = world.path("purged.json");
        world.ok(&["ledger", "purge", "export", "--out", list.to_str().unwrap()]);
        if engine == "sqlite" {
            let stands = || String::from_utf8_lossy(&std::fs::read(&before).unwrap()).contains("\"organisation 1\"");
            assert!(!stands());
            std::fs::copy(&backup, &before).unwrap();
            assert!(stands(), "the backup still holds it");
            let applied = world.ok(&["ledger", "purge", "apply", list.to_str().unwrap()]);
            assert!(applied.contains("1 entries erased"), "{applied}");
            assert!(world.ok(&["ledger", "purge", "list"]).contains("done"), "the restored hub knows of it");
            world.ok(&["ledger", "purge", "scrub"]);
            assert!(!stands());
            assert_eq!(world.run(&["ledger", "verify", "--deep"]).code, 0);
        }
        world.ok(&["ledger", "checkpoint"]);
        assert!(world.ok(&["ledger", "proof", "3"]).starts_with("c2sp.org/tlog-proof@v1\n"));
        world.ok(&["ledger", "proof", "--from", "2"]);
        assert_eq!(world.run(&["ledger", "proof", "99999"]).code, 2);
        assert_eq!(run_as(&world, "bob", &["receipt", "list", "--for", "nobody"]).0, 0);
        let key = world.ok(&["receipt", "key", "--for", "nobody"]);
        let note = world.write("note", world.ok(&["receipt", "checkpoint", "--for", "nobody"]));
        let bad = world.run(&["receipt", "verify", note.to_str().unwrap(), "--key", key.trim()]);
        assert_eq!(bad.code, 4, "a checkpoint by itself is no receipt: {}", bad.err);
    }
}
