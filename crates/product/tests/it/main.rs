//! The readers on real documents, and the published vectors. Data lies beside the project and is never in it: where it is
//! absent a test says so and passes.

mod corpus;
mod vectors;

use std::path::{Path, PathBuf};

/// A folder of the shared data, or `None` after saying so.
fn shared(test: &str, folder: &str) -> Option<PathBuf> {
    let root = std::env::var_os("MAINSTAY_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let path = root.join("data").join(folder);
    if path.exists() {
        return Some(path);
    }
    eprintln!("SKIPPED (no shared data): {test}");
    None
}

/// All files below a folder, sorted.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut waiting = vec![folder.to_path_buf()];
    while let Some(folder) = waiting.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() { waiting.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}
