//! `cargo xtask ui`: the page assets of `web/`, bundled into `web/dist`, which the server embeds. Fetches packages only when the
//! lock file changed; without `web/` there is nothing to do.

use crate::shell;
use anyhow::{Context, Result, bail};
use std::process::Command;

/// The chore.
pub fn chore() -> Result<()> {
    let web = shell::root().join("web");
    if !web.join("package.json").exists() {
        return Ok(());
    }
    if !shell::has("node") || !shell::has("npm") {
        bail!("the pages need Node: install `node` and `npm`, then run this again");
    }
    install(&web)?;
    shell::run(Command::new("npm").args(["run", "--silent", "build"]).current_dir(&web))
}

/// `npm ci`, skipped while the lock file is the one that was installed.
pub fn install(web: &std::path::Path) -> Result<()> {
    let lock = std::fs::read(web.join("package-lock.json")).context("web/package-lock.json is missing")?;
    let stamp = web.join("node_modules/.mainstay-lock");
    if std::fs::read(&stamp).is_ok_and(|seen| seen == lock) {
        return Ok(());
    }
    shell::run(Command::new("npm").args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(web))?;
    std::fs::write(&stamp, lock).with_context(|| format!("cannot write {}", stamp.display()))
}
