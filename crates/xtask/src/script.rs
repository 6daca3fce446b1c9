//! The sample world's script: ordered steps, each one public verb under a simulated clock. It is the only way the sample enters a
//! store, so whatever the sample shows, a user's own data can show too. It holds no data itself: see `examples/`.

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The whole script, as written in `examples/demo.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// The moment at which the story ends and the reader looks at it.
    pub now: String,
    /// What happens, in order; times never go backwards.
    pub step: Vec<Step>,
}

/// One verb at one time.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// RFC 3339, given to the verb as `--clock`.
    pub at: String,
    /// What it is in the story, in words.
    #[serde(default)]
    pub say: String,
    /// The verb and its arguments; `{sample}`, `{work}` and names kept earlier in braces are filled in.
    pub run: Vec<String>,
    /// What the verb reads on standard input.
    #[serde(default)]
    pub stdin: String,
    /// The exit codes that are right here; 0 unless said.
    #[serde(default)]
    pub exit: Vec<i32>,
    /// Keep the trimmed standard output under this name.
    #[serde(default)]
    pub keep: Option<String>,
    /// Keep one field of the first JSON row that fits.
    #[serde(default)]
    pub find: Option<Find>,
    /// Run the verb once for each row of a list that fits, with `{each}` filled in.
    #[serde(default)]
    pub each: Option<Each>,
    /// False for verbs that work without a store (at a partner's home).
    #[serde(default = "yes")]
    pub store: bool,
}

/// Which row of a JSON answer to look for, and what to keep of it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Find {
    /// The name to keep it under.
    pub keep: String,
    /// The field of the row.
    pub field: String,
    /// The fields that must be equal, as text.
    #[serde(rename = "where")]
    pub fits: BTreeMap<String, String>,
}

/// For which rows of which list a step is run.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Each {
    /// The verb that lists; `--format jsonl` is added.
    pub list: Vec<String>,
    /// The field that becomes `{each}`.
    pub field: String,
    /// The fields that must be equal, as text; `x*` takes whatever begins with `x`.
    #[serde(rename = "where", default)]
    pub fits: BTreeMap<String, String>,
    /// The values of fields that must not be.
    #[serde(default)]
    pub except: BTreeMap<String, Vec<String>>,
    /// True where it is no mistake that no row fits.
    #[serde(default)]
    pub perhaps: bool,
}

fn yes() -> bool {
    true
}

/// Where a script is played.
pub struct Stage {
    /// The product's binary.
    pub binary: PathBuf,
    /// The store's folder.
    pub data: PathBuf,
    /// The store's database, where it is not a file in that folder.
    pub database: Option<String>,
    /// The sample's files.
    pub sample: PathBuf,
    /// A folder for files that are made on the way.
    pub work: PathBuf,
}

impl Script {
    /// Reads a script; times must not go backwards.
    pub fn read(text: &str) -> Result<Script> {
        let script: Script = toml::from_str(text).context("the script is not well-formed")?;
        for pair in script.step.windows(2) {
            if let [before, after] = pair
                && after.at < before.at
            {
                bail!("step {:?} at {} comes after one at {}", after.run, after.at, before.at);
            }
        }
        Ok(script)
    }

    /// Reads `demo.toml` in the sample's folder.
    pub fn open(sample: &Path) -> Result<Script> {
        let path = sample.join("demo.toml");
        let text = std::fs::read_to_string(&path).with_context(|| format!("no script at {}", path.display()))?;
        Script::read(&text)
    }

    /// Plays every step in order; `seen` is told of each with its output. Stops at the first step that ends otherwise than it should.
    pub fn play(&self, stage: &Stage, mut seen: impl FnMut(&Step, &Output)) -> Result<()> {
        std::fs::create_dir_all(&stage.work).with_context(|| format!("cannot create {}", stage.work.display()))?;
        let mut kept = BTreeMap::from([
            ("sample".to_owned(), stage.sample.display().to_string()),
            ("work".to_owned(), stage.work.display().to_string()),
        ]);
        for step in &self.step {
            let where_ = || format!("step at {}: {}", step.at, step.run.join(" "));
            for value in stage.rows_of(step, &kept).with_context(where_)? {
                kept.insert("each".to_owned(), value);
                let output = stage.run(step, &kept).with_context(where_)?;
                seen(step, &output);
                step.keep_from(&output, &mut kept).with_context(where_)?;
            }
        }
        Ok(())
    }
}

impl Step {
    /// A bare step on the store.
    pub fn new(at: &str, run: &[&str]) -> Step {
        Step {
            at: at.to_owned(),
            say: String::new(),
            run: run.iter().map(|&s| s.to_owned()).collect(),
            stdin: String::new(),
            exit: Vec::new(),
            keep: None,
            find: None,
            each: None,
            store: true,
        }
    }

    fn keep_from(&self, output: &Output, kept: &mut BTreeMap<String, String>) -> Result<()> {
        let text = String::from_utf8_lossy(&output.stdout);
        if let Some(name) = &self.keep {
            kept.insert(name.clone(), text.trim().to_owned());
        }
        if let Some(find) = &self.find {
            let row = rows(&text).into_iter().find(|row| fits(row, &find.fits));
            let Some(value) = row.as_ref().and_then(|row| row.get(&find.field)) else {
                bail!("no row with {:?} and a field `{}` in:\n{text}", find.fits, find.field);
            };
            kept.insert(find.keep.clone(), plain(value));
        }
        Ok(())
    }
}

impl Stage {
    /// Runs one step; an error if it ends with another code than it should.
    pub fn run(&self, step: &Step, kept: &BTreeMap<String, String>) -> Result<Output> {
        let mut command = Command::new(&self.binary);
        for arg in &step.run {
            command.arg(fill(arg, kept)?);
        }
        if !step.at.is_empty() {
            command.args(["--clock", &step.at]);
        }
        if step.store {
            command.arg("--data").arg(&self.data);
            command.args(self.database.iter().flat_map(|url| ["--database", url]));
        }
        let output = feed(&mut command, fill(&step.stdin, kept)?.as_bytes())?;
        let code = output.status.code().unwrap_or(-1);
        let right = if step.exit.is_empty() { code == 0 } else { step.exit.contains(&code) };
        if !right {
            let out = String::from_utf8_lossy(&output.stdout);
            bail!("ended with {code}\n{out}\n{}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(output)
    }

    /// For what a step is run: once for nothing, or once for each row that fits.
    fn rows_of(&self, step: &Step, kept: &BTreeMap<String, String>) -> Result<Vec<String>> {
        let Some(each) = &step.each else { return Ok(vec![String::new()]) };
        let mut list = Step::new(&step.at, &[]);
        list.run = each.list.iter().cloned().chain(["--format".to_owned(), "jsonl".to_owned()]).collect();
        let output = self.run(&list, kept)?;
        let rows = rows(&String::from_utf8_lossy(&output.stdout));
        let found: Vec<String> =
            rows.iter().filter(|r| each.takes(r)).filter_map(|r| r.get(&each.field)).map(plain).collect();
        if found.is_empty() && !each.perhaps {
            bail!("`{}` lists no row with {:?} and a field `{}`", each.list.join(" "), each.fits, each.field);
        }
        Ok(found)
    }

    /// Runs one verb on the store at the given time, outside the script, and gives its standard output.
    pub fn ask(&self, at: &str, run: &[&str]) -> Result<String> {
        let mut step = Step::new(at, run);
        step.exit = vec![0, 1];
        let output = self.run(&step, &BTreeMap::new())?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

fn feed(command: &mut Command, input: &[u8]) -> Result<Output> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("could not start")?;
    if let Some(mut stdin) = child.stdin.take() {
        // A verb that reads nothing closes its end early; that is no failure of the step.
        let _ = stdin.write_all(input);
    }
    child.wait_with_output().context("could not wait")
}

/// Fills `{name}` from what was kept; an unknown name is an error, so that a misspelling is found at once.
fn fill(text: &str, kept: &BTreeMap<String, String>) -> Result<String> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, tail)) = after.split_once('}') else { bail!("an open brace in `{text}`") };
        let Some(value) = kept.get(name) else { bail!("nothing was kept under `{name}`") };
        filled.push_str(before);
        filled.push_str(value);
        rest = tail;
    }
    filled.push_str(rest);
    Ok(filled)
}

/// The rows of an answer: one JSON array, one object per line, or one object.
fn rows(text: &str) -> Vec<Value> {
    if let Ok(Value::Array(rows)) = serde_json::from_str(text) {
        return rows;
    }
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

impl Each {
    fn takes(&self, row: &Value) -> bool {
        let excepted =
            |(field, values): (&String, &Vec<String>)| row.get(field).map(plain).is_some_and(|v| values.contains(&v));
        fits(row, &self.fits) && !self.except.iter().any(excepted)
    }
}

fn fits(row: &Value, wanted: &BTreeMap<String, String>) -> bool {
    wanted.iter().all(|(field, text)| {
        let Some(value) = row.get(field).map(plain) else { return false };
        text.strip_suffix('*').map_or(value == *text, |start| value.starts_with(start))
    })
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces_are_filled_from_what_was_kept_and_unknown_names_are_refused() {
        let kept = BTreeMap::from([("ask".to_owned(), "a-7".to_owned())]);
        assert_eq!(fill("id={ask}.", &kept).unwrap(), "id=a-7.");
        assert!(fill("{other}", &kept).unwrap_err().to_string().contains("other"));
        assert!(fill("{open", &kept).is_err());
    }

    #[test]
    fn time_never_goes_backwards() {
        let text = "now = \"2025-01-01T00:00:00Z\"\n[[step]]\nat = \"2024-02-01T00:00:00Z\"\nrun = [\"a\"]\n[[step]]\nat = \"2024-01-01T00:00:00Z\"\nrun = [\"b\"]\n";
        assert!(Script::read(text).unwrap_err().to_string().contains("comes after"));
    }

    #[test]
    fn the_samples_script_is_well_formed_and_names_files_that_exist() {
        let sample = crate::shell::root().join("examples");
        let script = Script::open(&sample).unwrap();
        assert!(script.now >= script.step.last().unwrap().at);
        for path in script.step.iter().flat_map(|s| &s.run).filter_map(|arg| arg.strip_prefix("{sample}/")) {
            assert!(sample.join(path).exists(), "{path}");
        }
    }

    #[test]
    fn a_row_is_found_in_an_array_and_in_lines() {
        for text in
            ["[{\"id\":1,\"to\":\"x\"},{\"id\":2,\"to\":\"y\"}]", "{\"id\":1,\"to\":\"x\"}\n{\"id\":2,\"to\":\"y\"}\n"]
        {
            let found: Vec<_> =
                rows(text).into_iter().filter(|r| r.get("to").map(plain).as_deref() == Some("y")).collect();
            assert_eq!(found.first().and_then(|r| r.get("id")).map(plain).as_deref(), Some("2"));
        }
    }
}
