//! `cargo xtask test`: installs what the tests need where it can, runs the Rust tests and the tests of the pages in a real browser,
//! and lists whatever was skipped. A test says that it skipped itself by a line `SKIPPED (reason): name`; nothing is skipped in silence.

use crate::script::Stage;
use crate::{demo, shell, ui};
use anyhow::{Context, Result, bail};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// What a run came to.
#[derive(Default)]
struct Tally {
    passed: u64,
    failed: u64,
    skipped: Vec<String>,
}

/// The chore.
pub fn chore(args: &[String]) -> Result<()> {
    let flag = |name: &str| args.iter().any(|a| a == name);
    if let Some(unknown) = args.iter().find(|a| !["--all", "--no-install", "--no-browser"].contains(&a.as_str())) {
        bail!("test knows no `{unknown}`");
    }
    let mut tally = Tally::default();
    if !flag("--no-install") {
        install_postgres();
        install_python();
        if !flag("--no-browser") {
            install_chromium();
        }
    }
    if flag("--no-browser") {
        tally.skipped.push("SKIPPED (--no-browser): the pages in a browser".into());
    } else {
        ui::chore()?;
    }
    let rust = rust_tests(&mut tally)?;
    if !flag("--no-browser") {
        browser_tests(&mut tally)?;
    }
    report(&tally);
    if !rust || tally.failed > 0 {
        bail!("tests failed");
    }
    if flag("--all") && !tally.skipped.is_empty() {
        bail!("{} skipped, and --all was asked for", tally.skipped.len());
    }
    Ok(())
}

/// The kills inside POST, so many of them: an ordinary test run has sixty.
pub fn kills(args: &[String]) -> Result<()> {
    let number: u32 = args.first().map_or(Ok(1_000), |n| n.parse()).context("kills takes a number")?;
    let mut cargo = Command::new(shell::cargo());
    cargo.current_dir(shell::root()).args([
        "test",
        "--locked",
        "--package",
        "mainstay",
        "--test",
        "it",
        "killed_inside_post",
        "--",
        "--show-output",
    ]);
    shell::run(cargo.env("MAINSTAY_KILLS", number.to_string()))
}

fn report(tally: &Tally) {
    if tally.skipped.is_empty() {
        println!("\nnothing was skipped");
    } else {
        println!("\nskipped:");
        for line in &tally.skipped {
            println!("  {line}");
        }
    }
    println!("{} passed, {} failed, {} skipped", tally.passed, tally.failed, tally.skipped.len());
}

/// All Rust tests, one run; true where cargo ended well.
fn rust_tests(tally: &mut Tally) -> Result<bool> {
    let mut cargo = Command::new(shell::cargo());
    cargo.current_dir(shell::root()).args(["test", "--workspace", "--locked", "--no-fail-fast", "--", "--show-output"]);
    eprintln!("$ cargo test --workspace --locked --no-fail-fast -- --show-output");
    let mut child = cargo.stdout(Stdio::piped()).spawn().context("cargo does not start")?;
    let out = child.stdout.take().context("no output of cargo")?;
    let mut quiet = false;
    for line in BufReader::new(out).lines() {
        let line = line.context("reading what cargo prints")?;
        if note(&line, &mut quiet, tally) {
            println!("{line}");
        }
    }
    Ok(child.wait()?.success())
}

/// Counts one line of libtest's output; true where a person needs it: the output of tests that passed is held back, except
/// for what they say they skipped. Prints nothing itself: its own test would be counted with the others.
fn note(line: &str, quiet: &mut bool, tally: &mut Tally) -> bool {
    if line.starts_with("SKIPPED") {
        if !tally.skipped.iter().any(|seen| seen == line) {
            tally.skipped.push(line.to_owned());
        }
        return false;
    }
    match line {
        "successes:" => *quiet = true,
        "failures:" => *quiet = false,
        _ => {}
    }
    if let Some(result) = line.strip_prefix("test result: ") {
        *quiet = false;
        tally.passed += count(result, "passed");
        tally.failed += count(result, "failed");
        if let ignored @ 1.. = count(result, "ignored") {
            tally.skipped.push(format!("SKIPPED (marked ignored): {ignored} tests"));
        }
    }
    !*quiet
}

/// The number before `word` in "ok. 12 passed; 0 failed; …".
fn count(result: &str, word: &str) -> u64 {
    let words: Vec<&str> = result.split([' ', ';', ',']).filter(|w| !w.is_empty()).collect();
    words
        .windows(2)
        .find_map(|pair| match pair {
            [number, name] if *name == word => number.parse().ok(),
            _ => None,
        })
        .unwrap_or(0)
}

/// The program as the Rust tests have left it. Built by itself it would have other features, and all of its crates be built once more.
fn built() -> Result<PathBuf> {
    let left = shell::target().join("debug").join(format!("mainstay{}", std::env::consts::EXE_SUFFIX));
    if left.exists() && std::env::var_os("MAINSTAY_BINARY").is_none() {
        Ok(left)
    } else {
        shell::build("mainstay", false)
    }
}

/// The pages of the sample world in a real browser: one summary line `N passed, N failed` comes from the script.
fn browser_tests(tally: &mut Tally) -> Result<()> {
    let script = shell::root().join("web/tests/pages.mjs");
    if !script.exists() {
        tally.skipped.push("SKIPPED (no web/tests/pages.mjs): the pages in a browser".into());
        return Ok(());
    }
    if chromium().is_none() {
        tally.skipped.push("SKIPPED (no Chromium): the pages in a browser".into());
        return Ok(());
    }
    let binary = built()?;
    let (stage, now) = demo::play(&binary, &shell::target().join("demo-test"))?;
    let (mut server, url) = serve(&binary, &stage.data, &now)?;
    let outcome = run_script(&script, &url, &stage.data, tally);
    let _ = server.kill();
    let _ = server.wait();
    outcome
}

fn run_script(script: &Path, url: &str, data: &Path, tally: &mut Tally) -> Result<()> {
    let mut node = Command::new("node");
    node.arg(script).arg(url).arg(shell::target().join("pages")).current_dir(shell::root().join("web"));
    node.env("MAINSTAY_USER", "demo").env("MAINSTAY_PASSWORD", "mainstay-demo");
    node.env("MAINSTAY_PARTNER", "lee-desk").env("MAINSTAY_PARTNER_NAME", "Lee Harbour Water");
    if let Some(token) = token(&data.join("outbox"), "", "/a/") {
        node.env("MAINSTAY_ANSWER_URL", format!("{url}/a/{token}"));
    }
    if let Some(token) = token(&data.join("outbox"), "csirt-nl", "/yours/") {
        node.env("MAINSTAY_YOURS_URL", format!("{url}/yours/{token}"));
    }
    if let Some(path) = chromium() {
        node.env("CHROMIUM", path);
    }
    // each line is passed on as it comes, so that a run that is cut off shows how far it was
    let mut child = node.stdout(Stdio::piped()).spawn().context("node does not start")?;
    let text = BufReader::new(child.stdout.take().context("node has no output")?);
    let (mut passed, mut failed) = (0, 0);
    for line in text.lines() {
        let line = line.context("node's output breaks off")?;
        if line.starts_with("SKIPPED") {
            tally.skipped.push(line.clone());
        }
        if line.contains(" passed") {
            (passed, failed) = (count(&line, "passed"), count(&line, "failed"));
        }
        println!("{line}");
    }
    tally.passed += passed;
    tally.failed += failed;
    if !child.wait()?.success() && failed == 0 {
        tally.failed += 1;
    }
    Ok(())
}

/// What follows `before` in the message that was written last among those that have it and `name` in their name: the token of a link.
fn token(outbox: &Path, name: &str, before: &str) -> Option<String> {
    let mut letters: Vec<_> = std::fs::read_dir(outbox).ok()?.flatten().map(|e| e.path()).collect();
    letters.retain(|path| path.to_string_lossy().contains(name));
    letters.sort_by_key(|path| std::fs::metadata(path).and_then(|m| m.modified()).ok());
    // A long line is folded with `=` at its end (RFC 2045 section 6.7).
    let read = |path: &PathBuf| Some(std::fs::read_to_string(path).ok()?.replace("=\r\n", "").replace("=\n", ""));
    let text = letters.iter().rev().filter_map(read).find(|text| text.contains(before))?;
    let (_, rest) = text.split_once(before)?;
    let token: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')).collect();
    (!token.is_empty()).then_some(token)
}

/// Starts the server on a store in a folder.
pub fn serve(binary: &Path, data: &Path, now: &str) -> Result<(Child, String)> {
    serve_on(
        &Stage {
            binary: binary.into(),
            data: data.into(),
            database: None,
            sample: PathBuf::new(),
            work: PathBuf::new(),
        },
        now,
    )
}

/// Starts the server on a free port and waits until it says where it listens.
pub fn serve_on(stage: &Stage, now: &str) -> Result<(Child, String)> {
    let mut command = Command::new(&stage.binary);
    command.args(["serve", "--listen", "127.0.0.1:0"]).arg("--data").arg(&stage.data);
    command.args(stage.database.iter().flat_map(|url| ["--database", url]));
    if !now.is_empty() {
        command.args(["--clock", now]);
    }
    let mut child = command.stdout(Stdio::piped()).spawn().context("the server does not start")?;
    let out = child.stdout.take().context("no output of the server")?;
    for line in BufReader::new(out).lines() {
        if let Some(url) = line?.strip_prefix("listening on ") {
            return Ok((child, url.trim_end_matches('/').to_owned()));
        }
    }
    let _ = child.kill();
    bail!("the server ended without saying where it listens")
}

/// PostgreSQL's own programs, in the path or where Debian puts them.
fn postgres() -> bool {
    shell::has("initdb")
        || std::fs::read_dir("/usr/lib/postgresql")
            .is_ok_and(|dirs| dirs.flatten().any(|d| d.path().join("bin/initdb").exists()))
}

fn install_postgres() {
    if !postgres() {
        apt("postgresql");
    }
}

fn install_chromium() {
    if chromium().is_none() {
        apt("chromium");
    }
}

/// The programs of other makers that exchange with ours in the tests and run beside it in the bench, each in an environment of its own beside what cargo builds, by the
/// lists of `crates/mainstay/tests/it/interop`.
pub fn install_python() {
    for of in ["client", "medallion", "opentaxii"] {
        let list = shell::root().join(format!("crates/mainstay/tests/it/interop/{of}.txt"));
        let place = shell::target().join("python").join(of);
        // What is there is of this list: a list that changed makes the environment anew.
        let (wanted, mark) = (std::fs::read(&list).unwrap_or_default(), place.join("installed.txt"));
        if std::fs::read(&mark).is_ok_and(|held| held == wanted) {
            continue;
        }
        let mut make = Command::new("python3");
        make.args(["-m", "venv", "--clear"]).arg(&place);
        let mut fill = Command::new(place.join("bin/python"));
        fill.args(["-m", "pip", "--quiet", "--disable-pip-version-check", "install", "--requirement"]).arg(&list);
        let made = shell::run(&mut make).and_then(|()| shell::run(&mut fill));
        if let Err(error) = made.and_then(|()| Ok(std::fs::write(&mark, &wanted)?)) {
            eprintln!("{of} could not be installed: {error:#}");
            drop(std::fs::remove_file(place.join("bin/python")));
        }
    }
}

/// Where a Chromium is, if there is one: its whole path, which the browser's driver wants.
fn chromium() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("CHROMIUM") {
        return Some(PathBuf::from(named)).filter(|path| path.is_file());
    }
    let folders: Vec<PathBuf> =
        std::env::var_os("PATH").map(|p| std::env::split_paths(&p).collect()).unwrap_or_default();
    let names = ["chromium", "chromium-browser", "google-chrome"];
    names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name))).find(|path| path.is_file())
}

/// Installs one Debian package where that is possible; where it is not, the tests that need it list themselves as skipped.
fn apt(package: &str) {
    if !shell::has("apt-get") {
        return;
    }
    let mut commands = [Command::new("apt-get"), Command::new("apt-get")];
    let [update, install] = &mut commands;
    update.args(["-qq", "update"]);
    install.args(["-qq", "install", "-y", "--no-install-recommends", package]);
    for command in &mut commands {
        command.env("DEBIAN_FRONTEND", "noninteractive").stdout(Stdio::null());
        if let Err(error) = shell::run(command) {
            eprintln!("{package} could not be installed: {error:#}");
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_output_of_passing_tests_is_held_back_but_not_what_they_skipped() {
        let mut tally = Tally::default();
        let mut quiet = false;
        for line in [
            "running 3 tests",
            "successes:",
            "---- a stdout ----",
            "SKIPPED (no shared data): a",
            "noise",
            "successes:",
            "    a",
            "test result: ok. 2 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s",
        ] {
            note(line, &mut quiet, &mut tally);
        }
        assert_eq!((tally.passed, tally.failed), (2, 1));
        assert_eq!(tally.skipped, ["SKIPPED (no shared data): a", "SKIPPED (marked ignored): 1 tests"]);
        assert!(!quiet);
    }
}
