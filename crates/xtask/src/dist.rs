//! `cargo xtask dist`: a release build and how large it is. Publishes nothing.

use crate::{shell, ui};
use anyhow::Result;

/// The chore.
pub fn chore() -> Result<()> {
    ui::chore()?;
    let binary = shell::build("mainstay", true)?;
    let size = std::fs::metadata(&binary)?.len();
    println!("{}  {:.1} MB", binary.display(), size as f64 / 1e6);
    Ok(())
}
