//! Starting other programs and finding places in the tree. Says what it starts; swallows no failure.

use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The root of the workspace, from where this crate was built.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_path_buf()
}

/// Where cargo puts what it builds.
pub fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(dir) => PathBuf::from(dir),
        None => root().join("target"),
    }
}

/// The folder of real data that is never committed; absent on a machine that has none.
pub fn shared() -> Option<PathBuf> {
    let shared = std::env::var_os("MAINSTAY_SHARED").map_or_else(|| root().join("../shared"), PathBuf::from);
    Some(shared.join("data")).filter(|data| data.is_dir())
}

/// Runs to the end with the output shown; an error names the command.
pub fn run(command: &mut Command) -> Result<()> {
    let line = line(command);
    eprintln!("$ {line}");
    let status = command.status().with_context(|| format!("could not start `{line}`"))?;
    if !status.success() {
        bail!("`{line}` ended with {status}");
    }
    Ok(())
}

/// Runs to the end and gives its standard output, trimmed; `None` where it cannot start or fails.
pub fn output(program: &str, args: &[&str]) -> Option<String> {
    let out = Command::new(program).args(args).current_dir(root()).output().ok()?;
    out.status.success().then(|| String::from_utf8_lossy(&out.stdout).trim().to_owned())
}

/// Whether a program answers when asked for its version.
pub fn has(program: &str) -> bool {
    Command::new(program)
        .arg("--version")
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .status()
        .is_ok_and(|s| s.success())
}

/// Builds a package's binary and gives its path. `MAINSTAY_BINARY` names one that is built already, to measure or show that.
pub fn build(package: &str, release: bool) -> Result<PathBuf> {
    if let Some(binary) = std::env::var_os("MAINSTAY_BINARY") {
        return Ok(PathBuf::from(binary));
    }
    let mut cargo = Command::new(cargo());
    cargo.current_dir(root()).args(["build", "--locked", "--package", package]);
    if release {
        cargo.arg("--release");
    }
    run(&mut cargo)?;
    let folder = target().join(if release { "release" } else { "debug" });
    Ok(folder.join(format!("{package}{}", std::env::consts::EXE_SUFFIX)))
}

/// The cargo that started this chore.
pub fn cargo() -> std::ffi::OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

fn line(command: &Command) -> String {
    let mut line = command.get_program().to_string_lossy().into_owned();
    for arg in command.get_args() {
        line.push(' ');
        line.push_str(&arg.to_string_lossy());
    }
    line
}
