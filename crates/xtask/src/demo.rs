//! `cargo xtask demo`: builds the pages and the binary, plays the sample world, prints what needs attention now, serves.
//! What it prints comes from the product's own `today` verb; this file words nothing of it.

use crate::script::{Script, Stage};
use crate::{shell, ui};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// What the command line said.
pub struct Options {
    /// Where the store goes.
    pub data: PathBuf,
    /// Where to serve.
    pub listen: String,
    /// Whether to serve at the end.
    pub serve: bool,
    /// A development build instead of the release build.
    pub debug: bool,
}

/// The chore.
pub fn chore(args: &[String]) -> Result<()> {
    let options = read(args)?;
    ui::chore()?;
    let binary = shell::build("mainstay", !options.debug)?;
    let (stage, now) = play(&binary, &options.data)?;
    println!("{}", stage.ask(&now, &["today"])?.trim_end());
    if !options.serve {
        return Ok(());
    }
    println!("\nThe pages: sign in as `demo` with the password `mainstay-demo`. Stop with Ctrl-C.");
    let mut serve = Command::new(&binary);
    serve.arg("serve").args(["--listen", &options.listen]).arg("--data").arg(&stage.data).args(["--clock", &now]);
    shell::run(&mut serve)
}

/// Plays the sample into a fresh store under `data`; gives the stage and the story's last moment.
pub fn play(binary: &Path, data: &Path) -> Result<(Stage, String)> {
    fresh(data)?;
    let stage = Stage {
        binary: binary.to_path_buf(),
        data: data.join("store"),
        database: None,
        sample: shell::root().join("examples"),
        work: data.join("work"),
    };
    let script = Script::open(&stage.sample)?;
    let (count, start) = (script.step.len(), Instant::now());
    script.play(&stage, |step, _| {
        let date = step.at.get(..10).unwrap_or(&step.at);
        if !step.say.is_empty() {
            eprintln!("{date}  {}", step.say);
        }
    })?;
    eprintln!("{count} steps in {:.1} s\n", start.elapsed().as_secs_f64());
    Ok((stage, script.now))
}

/// Empties the demo's folder, and only one that a demo made.
fn fresh(data: &Path) -> Result<()> {
    let mark = data.join(".mainstay-demo");
    if data.exists() {
        let empty = std::fs::read_dir(data)?.next().is_none();
        if !empty && !mark.exists() {
            bail!("{} holds something that is not a demo; name another folder with --data", data.display());
        }
        std::fs::remove_dir_all(data).with_context(|| format!("cannot empty {}", data.display()))?;
    }
    std::fs::create_dir_all(data).with_context(|| format!("cannot create {}", data.display()))?;
    std::fs::write(mark, "made by `cargo xtask demo`; emptied by the next one\n")?;
    Ok(())
}

fn read(args: &[String]) -> Result<Options> {
    let mut options =
        Options { data: shell::target().join("demo"), listen: "127.0.0.1:8080".into(), serve: true, debug: false };
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--data" => options.data = args.next().context("--data needs a folder")?.into(),
            "--listen" => options.listen = args.next().context("--listen needs an address")?.clone(),
            "--no-serve" => options.serve = false,
            "--debug" => options.debug = true,
            other => bail!("demo knows no `{other}`"),
        }
    }
    Ok(options)
}
