//! The table of README.md, made from the bench's own file between two marks; nobody types a figure.

use super::Results;
use crate::shell;
use anyhow::{Context, Result};
use std::path::Path;

const OPEN: &str = "<!-- bench -->";
const CLOSE: &str = "<!-- /bench -->";

const FILE: &str = "bench/results.json";

/// The results that stand in the tree.
pub(super) fn committed() -> Result<Results> {
    let file =
        std::fs::read_to_string(shell::root().join(FILE)).context("no results yet: run `cargo xtask bench` first")?;
    serde_json::from_str(&file).context(FILE)
}

/// Writes the results, and puts the table between the marks of README.md.
pub(super) fn write(results: &Results) -> Result<()> {
    let file = shell::root().join(FILE);
    std::fs::create_dir_all(file.parent().unwrap_or(Path::new(".")))?;
    std::fs::write(&file, format!("{}\n", serde_json::to_string_pretty(results)?))?;
    let path = shell::root().join("README.md");
    let text = std::fs::read_to_string(&path).context("README.md")?;
    let placed = place(&text, &render(results)).context("README.md has no place for the bench's table")?;
    std::fs::write(&path, placed)?;
    println!("{}", render(results));
    Ok(())
}

/// The table as Markdown.
pub(super) fn render(results: &Results) -> String {
    let mut text = String::from("| work | Mainstay | to reach | others |\n|---|---|---|---|\n");
    for line in &results.lines {
        let at = if line.commit.is_empty() { String::new() } else { format!(" (commit {})", line.commit) };
        text.push_str(&format!("| {} | {}{at} | {} | {} |\n", line.work, line.ours, line.floor, line.peers));
    }
    let Results { commit, machine, verb, .. } = results;
    text.push_str(&format!("\nCommit {commit}, {machine}. SQLite unless said. Measured by `{verb}`; a line that names a commit by `cargo xtask bench --taxii` or `--peers` there.\n"));
    text
}

fn place(text: &str, table: &str) -> Option<String> {
    let (before, rest) = text.split_once(OPEN)?;
    let (_, after) = rest.split_once(CLOSE)?;
    Some(format!("{before}{OPEN}\n{table}{CLOSE}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_between_the_marks_changes() {
        let text = format!("a\n{OPEN}\nold\n{CLOSE}\nb\n");
        assert_eq!(place(&text, "new\n"), Some(format!("a\n{OPEN}\nnew\n{CLOSE}\nb\n")));
        assert_eq!(place("no marks", "new"), None);
    }

    #[test]
    fn the_committed_table_is_the_one_of_the_committed_file() {
        let root = shell::root();
        let results = committed().unwrap();
        let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
        assert_eq!(place(&readme, &render(&results)).as_deref(), Some(readme.as_str()), "run `cargo xtask bench`");
    }
}
