//! Tests of patterns: the grammar, what matches, and the laws between the two.

mod generate;
mod grammar;
mod laws;
mod matching;

use std::path::PathBuf;

/// The shared data's folder, or `None`, said on standard error, where it is absent.
fn shared(test: &str) -> Option<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = std::env::var_os("MAINSTAY_SHARED").map_or_else(|| root.join("../shared"), PathBuf::from);
    let data = folder.join("data");
    if data.is_dir() {
        return Some(data);
    }
    eprintln!("SKIPPED (no shared data): {test}");
    None
}
