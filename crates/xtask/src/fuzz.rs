//! `cargo xtask fuzz`: runs the fuzz targets for a bounded time where cargo-fuzz is installed, and says so where it is not. What they hold
//! stands in `fuzz/`; what they find is kept in `fuzz/corpus` by hand, with a name that says what it was.

use crate::shell;
use anyhow::{Context, Result, bail};
use std::process::Command;

/// The targets, and the feature that each needs.
const TARGETS: [(&str, &str); 5] =
    [("stix", ""), ("pattern", ""), ("matching", ""), ("marking", ""), ("parameters", "server")];
/// Seconds for each target.
const SECONDS: u32 = 60;
/// Memory of a target, in MiB: a limit on input is a limit on memory.
const MEMORY_MIB: u32 = 1024;

/// The chore.
pub fn chore(args: &[String]) -> Result<()> {
    let (mut seconds, mut only) = (SECONDS, None);
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        match arg.as_str() {
            "--seconds" => seconds = rest.next().and_then(|n| n.parse().ok()).context("--seconds takes a number")?,
            name if TARGETS.iter().any(|(target, _)| *target == name) => only = Some(name),
            other => bail!("fuzz knows no `{other}`: the targets are {}", TARGETS.map(|(target, _)| target).join(", ")),
        }
    }
    let mut installed = Command::new(shell::cargo());
    let installed = installed.args(["fuzz", "--version"]).output().is_ok_and(|output| output.status.success());
    let mut failed = Vec::new();
    for (target, feature) in TARGETS.into_iter().filter(|(target, _)| only.is_none_or(|only| only == *target)) {
        if !installed {
            println!("SKIPPED (no cargo-fuzz; `cargo install cargo-fuzz` brings it): fuzz target {target}");
            continue;
        }
        // The product has no unsafe code, so coverage without a sanitizer is enough, and the stable toolchain serves.
        let mut fuzz = Command::new(shell::cargo());
        fuzz.current_dir(shell::root()).args(["fuzz", "run", "--sanitizer", "none"]);
        if !feature.is_empty() {
            fuzz.args(["--features", feature]);
        }
        // New inputs go beside what cargo builds, and the kept ones stay as they are.
        let found = shell::target().join("fuzz-found").join(target);
        std::fs::create_dir_all(&found)?;
        fuzz.arg(target).arg(&found).arg(format!("fuzz/corpus/{target}")).arg("--");
        fuzz.args([
            format!("-max_total_time={seconds}"),
            format!("-rss_limit_mb={MEMORY_MIB}"),
            "-timeout=10".to_owned(),
            "-print_final_stats=1".to_owned(),
        ]);
        if let Err(error) = shell::run(&mut fuzz) {
            eprintln!("{target}: {error:#}");
            failed.push(target);
        }
    }
    if !failed.is_empty() {
        bail!("{} found something: see fuzz/artifacts", failed.join(", "));
    }
    Ok(())
}
