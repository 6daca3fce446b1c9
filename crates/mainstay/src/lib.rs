//! One binary, a verb for each thing a person does. This crate parses what is typed, opens the store, calls a stage, and
//! prints; it holds no rule of the domain.
//!
//! # Layout
//!
//! * `args`: the table of nouns and verbs; `verbs/`: a file for each noun
//! * `import/`: telling what a file is, reading it within limits, handing it to its stage
//! * `work`: what `serve` does in the background
//! * `store`, `actor`: which store, and as whom; `failure`, `out`: how it ends and how it is printed
#![allow(clippy::doc_markdown, reason = "the doc comments of verbs are the help that people read in a terminal")]

mod actor;
mod args;
mod failure;
mod import;
mod out;
mod print;
mod store;
mod verbs;
mod work;

use args::{Cli, Noun};
use clap::Parser;
use failure::{Done, Failure};
use std::ffi::OsString;
use std::process::ExitCode;

/// Runs what was typed and gives the exit code of DESIGN's "Faces".
pub fn main(typed: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(typed) {
        Ok(cli) => cli,
        Err(e) => {
            // Help and version are answers; anything else is usage. Printing may fail only where nobody reads.
            drop(e.print());
            return ExitCode::from(if e.use_stderr() { 2 } else { 0 });
        }
    };
    log_to_stderr();
    match run(&cli) {
        Ok(done) => done.into(),
        Err(failure) => {
            out::say(format!("mainstay: {failure}"));
            ExitCode::from(failure.code())
        }
    }
}

fn run(cli: &Cli) -> Result<Done, Failure> {
    let global = &cli.global;
    match &cli.noun {
        Noun::Init(verb) => verb.run(global),
        Noun::Today(verb) => verb.run(global),
        Noun::Import(verb) => verb.run(global),
        Noun::Serve(verb) => verb.run(global),
        Noun::User(verb) => verb.run(global),
        Noun::Collection(verb) => verb.run(global),
        Noun::Partner(verb) => verb.run(global),
        Noun::Peer(verb) => verb.run(global),
        Noun::Release(verb) => verb.run(global),
        Noun::Receipt(verb) => verb.run(global),
        Noun::Sighting(verb) => verb.run(global),
        Noun::Review(verb) => verb.run(global),
        Noun::Depend(verb) => verb.run(global),
        Noun::Exposure(verb) => verb.run(global),
        Noun::Rules(verb) => verb.run(global),
        Noun::Match(verb) => verb.run(global),
        Noun::Ask(verb) => verb.run(global),
        Noun::Record(verb) => verb.run(global),
        Noun::Plan(verb) => verb.run(global),
        Noun::Measure(verb) => verb.run(global),
        Noun::Pack(verb) => verb.run(global),
        Noun::Key(verb) => verb.run(),
        Noun::Ledger(verb) => verb.run(global),
        Noun::Job(verb) => verb.run(global),
        Noun::Doctor(verb) => verb.run(global),
    }
}

/// Warnings and errors go to standard error; `MAINSTAY_LOG=info` or `debug` says more.
fn log_to_stderr() {
    use tracing_subscriber::filter::LevelFilter;
    let level = match std::env::var("MAINSTAY_LOG").as_deref() {
        Ok("debug") => LevelFilter::DEBUG,
        Ok("info") => LevelFilter::INFO,
        Ok("off") => LevelFilter::OFF,
        _ => LevelFilter::WARN,
    };
    let subscriber = tracing_subscriber::fmt().with_max_level(level).with_writer(std::io::stderr).with_target(false);
    // A second call in one process (tests) finds the first one in place.
    drop(subscriber.try_init());
}
