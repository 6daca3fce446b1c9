//! `cargo xtask tidy`: rules of the house that no compiler holds. The same function is a test, so CI needs no second language.
//! Formatting and lints are rustfmt's and clippy's; whether the tree is formatted is asked of rustfmt, where it is installed.

mod ways;

use crate::shell;
use anyhow::{Result, bail};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The crates from the outermost inwards; a crate may use those after it, never those before. `stix` and `product` stand side by side.
const ORDER: [&[&str]; 10] = [
    &["mainstay"],
    &["server"],
    &["assure"],
    &["act"],
    &["expose"],
    &["depend"],
    &["exchange"],
    &["partners"],
    &["ledger"],
    &["stix", "product"],
];

/// A file longer than this is noted, not refused: a subject sometimes is that long.
const LINES_NOTED: usize = 600;

/// The verifier is to be read whole by somebody who trusts nobody: so long and so wide at most.
const VERIFIER: (&str, usize, usize) = ("verifier/verify.py", 600, 140);

/// The chore.
pub fn chore() -> Result<()> {
    let (mut faults, notes) = check(&shell::root());
    formatted(&mut faults);
    for note in &notes {
        eprintln!("note: {note}");
    }
    for fault in &faults {
        println!("{fault}");
    }
    if !faults.is_empty() {
        bail!("{} faults", faults.len());
    }
    println!("tidy");
    Ok(())
}

/// One form for all, so that a change shows what it changes. Not part of [`check`]: a bare machine's tests need no rustfmt.
fn formatted(faults: &mut Vec<String>) {
    let fmt = |args: &[&str]| std::process::Command::new(shell::cargo()).current_dir(shell::root()).args(args).output();
    if !fmt(&["fmt", "--version"]).is_ok_and(|out| out.status.success()) {
        eprintln!("SKIPPED (no rustfmt): whether the tree is formatted");
    } else if !fmt(&["fmt", "--all", "--check"]).is_ok_and(|out| out.status.success()) {
        faults.push("the tree is not formatted: run `cargo fmt --all`".into());
    }
}

/// Faults and notes over the source tree at `root`.
pub fn check(root: &Path) -> (Vec<String>, Vec<String>) {
    let (mut faults, mut notes) = (Vec::new(), Vec::new());
    order(root, &mut faults);
    engines(root, &mut faults);
    ways::check(root, &mut faults);
    verifier(root, &mut faults);
    for path in files(root) {
        let name = path.strip_prefix(root).unwrap_or(&path).display().to_string();
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        places(&name, &text, &mut faults);
        if path.extension().is_some_and(|e| e == "rs") {
            rust(&name, &text, &mut faults, &mut notes);
        }
    }
    (faults, notes)
}

fn rust(name: &str, text: &str, faults: &mut Vec<String>, notes: &mut Vec<String>) {
    if !text.starts_with("//!") {
        faults.push(format!("{name}: begins without a `//!` head that says what the file is for"));
    }
    if !name.starts_with("crates/xtask") {
        for (at, line) in text.lines().enumerate() {
            for word in ["dbg!(", "todo!(", "unimplemented!("] {
                if line.contains(word) {
                    faults.push(format!("{name}:{}: `{word}…)`", at + 1));
                }
            }
        }
    }
    let lines = text.lines().count();
    if lines > LINES_NOTED {
        notes.push(format!("{name}: {lines} lines; has it two subjects?"));
    }
}

fn verifier(root: &Path, faults: &mut Vec<String>) {
    let (name, long, wide) = VERIFIER;
    let text = std::fs::read_to_string(root.join(name)).unwrap_or_default();
    let (lines, widest) = (text.lines().count(), text.lines().map(|line| line.chars().count()).max());
    if !(1..=long).contains(&lines) || widest > Some(wide) {
        faults.push(format!("{name}: {lines} lines, the widest {widest:?}; it may have {long} of {wide}"));
    }
}

/// No path of one machine and no registry's host in anything that is committed.
fn places(name: &str, text: &str, faults: &mut Vec<String>) {
    if name == "crates/xtask/src/tidy.rs" || name.ends_with("Cargo.lock") || name.ends_with("package-lock.json") {
        return;
    }
    for (at, line) in text.lines().enumerate() {
        for place in ["/work/", "/root/", "/home/"] {
            if line.contains(place) {
                faults.push(format!("{name}:{}: names `{place}`, a place of one machine or registry", at + 1));
            }
        }
    }
}

/// Each crate depends only on crates that stand after it.
fn order(root: &Path, faults: &mut Vec<String>) {
    let rank: BTreeMap<&str, usize> =
        ORDER.iter().enumerate().flat_map(|(i, names)| names.iter().map(move |n| (*n, i))).collect();
    for (name, place) in &rank {
        let path = root.join("crates").join(name).join("Cargo.toml");
        let Some(manifest) = std::fs::read_to_string(&path).ok().and_then(|t| t.parse::<toml::Table>().ok()) else {
            faults.push(format!("crates/{name}/Cargo.toml: cannot be read"));
            continue;
        };
        let used = manifest.get("dependencies").and_then(|d| d.as_table());
        for other in used.into_iter().flat_map(|d| d.keys()) {
            if rank.get(other.as_str()).is_some_and(|r| r <= place) {
                faults.push(format!("crates/{name}/Cargo.toml: uses `{other}`, which stands above it"));
            }
        }
    }
}

/// Only `ledger` names a database, only `server` and the binary name HTTP, `stix` and `product` do no I/O.
fn engines(root: &Path, faults: &mut Vec<String>) {
    let rules: [(&str, &[&str], &[&str]); 3] = [
        ("a database engine", &["rusqlite", "tokio-postgres"], &["ledger"]),
        ("HTTP", &["axum", "reqwest", "tower-http", "tower"], &["server"]),
        ("a mail transport", &["lettre"], &["act"]),
    ];
    for name in ORDER.iter().copied().flatten() {
        let path = root.join("crates").join(name).join("Cargo.toml");
        let Some(manifest) = std::fs::read_to_string(&path).ok().and_then(|t| t.parse::<toml::Table>().ok()) else {
            continue;
        };
        let used = manifest.get("dependencies").and_then(|d| d.as_table());
        for other in used.into_iter().flat_map(|d| d.keys()) {
            for (what, crates, allowed) in rules {
                if crates.contains(&other.as_str()) && !allowed.contains(name) {
                    faults.push(format!(
                        "crates/{name}/Cargo.toml: names {what} (`{other}`), which is for {} alone",
                        allowed.join(" and ")
                    ));
                }
            }
        }
    }
    for name in ["stix", "product"] {
        for path in files(&root.join("crates").join(name).join("src")) {
            let Ok(text) = std::fs::read_to_string(&path) else { continue };
            let code = text.split("#[cfg(test)]").next().unwrap_or("");
            for word in ["std::fs", "std::net", "std::env", "SystemTime"] {
                if code.contains(word) && !path.ends_with("tests.rs") {
                    faults.push(format!(
                        "{}: `{word}` in a crate that does no I/O",
                        path.strip_prefix(root).unwrap_or(&path).display()
                    ));
                }
            }
        }
    }
}

/// The committed text files, sorted; build products and fetched packages are left out.
fn files(root: &Path) -> Vec<PathBuf> {
    let (mut found, mut open) = (Vec::new(), vec![root.to_path_buf()]);
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(&dir).into_iter().flatten().flatten() {
            let (path, name) = (entry.path(), entry.file_name());
            let name = name.to_string_lossy();
            if path.is_dir() {
                if !["target", "node_modules", "dist", ".git"].contains(&name.as_ref()) {
                    open.push(path);
                }
            } else if ["rs", "toml", "md", "mjs", "css", "html", "txt", "csv", "json", "run"]
                .iter()
                .any(|e| name.ends_with(&format!(".{e}")) || name == *e)
            {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_source_tree_is_tidy() {
        let (faults, _) = check(&shell::root());
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }

    #[test]
    fn a_head_a_forgotten_mark_and_a_machine_path_are_found() {
        let (mut faults, mut notes) = (Vec::new(), Vec::new());
        rust("x.rs", "fn f() { todo!() }\n", &mut faults, &mut notes);
        places("x.md", "see /work/notes\n", &mut faults);
        assert_eq!(faults.len(), 3, "{faults:?}");
    }
}
