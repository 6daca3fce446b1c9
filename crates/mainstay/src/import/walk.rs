//! Which files an import is about, in an order that does not depend on the disk.
use crate::failure::Failure;
use std::path::{Path, PathBuf};

/// Folders within folders.
const DEPTH: usize = 32;
/// Files of one call.
const FILES: usize = 1_000_000;

/// A file to be taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct File {
    pub path: PathBuf,
    /// Named outright, not found in a folder: what is not recognised is then refused, not skipped.
    pub named: bool,
}

/// The files of these paths: folders are walked in the order of names, hidden ones left out, links not followed.
pub(crate) fn files(paths: &[PathBuf]) -> Result<Vec<File>, Failure> {
    let mut out = Vec::new();
    for path in paths {
        let meta = std::fs::metadata(path).map_err(|e| Failure::CouldNot(format!("{}: {e}", path.display())))?;
        if meta.is_dir() {
            walk(path, 0, &mut out)?;
        } else {
            out.push(File { path: path.clone(), named: true });
        }
    }
    Ok(out)
}

fn walk(folder: &Path, depth: usize, out: &mut Vec<File>) -> Result<(), Failure> {
    let say = |e: std::io::Error| Failure::CouldNot(format!("{}: {e}", folder.display()));
    if depth > DEPTH || out.len() > FILES {
        return Err(Failure::CouldNot(format!("{}: too many files or folders within folders", folder.display())));
    }
    let mut entries = std::fs::read_dir(folder).map_err(say)?.collect::<Result<Vec<_>, _>>().map_err(say)?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        let kind = entry.file_type().map_err(say)?;
        if hidden {
            continue;
        } else if kind.is_dir() {
            walk(&entry.path(), depth + 1, out)?;
        } else if kind.is_file() {
            out.push(File { path: entry.path(), named: false });
        }
    }
    Ok(())
}
