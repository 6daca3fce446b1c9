//! The door of `cargo xtask`: picks the chore, prints what went wrong, sets the exit code. No chore lives here.

use std::process::ExitCode;

const HELP: &str = "\
cargo xtask CHORE

  demo [--data DIR] [--listen ADDR] [--no-serve] [--debug]
                     build everything, play the sample world, print what needs attention now, serve the pages
  test [--all] [--no-install] [--no-browser]
                     install what the tests need where that is possible, run them, list what was skipped; --all fails on a skip
  ui                 bundle the page assets of web/ into web/dist
  bench [--quick|--large|--huge] [--taxii N|--measures N [--engine sqlite|postgres]]
                     measure, write bench/results.json and the table in README.md; TAXII also at a million objects, or at
                     ten million too; with --taxii at N objects alone, with --measures over N events, beside the lines that stand there
  fuzz [--seconds N] [TARGET]
                     run the fuzz targets, each for so long (60), where cargo-fuzz is installed
  kills [N]          kill the server inside N requests (1000) and see that nothing acknowledged is lost
  tidy               hold the rules of the house over the source tree
  walk [--steps N] [--seed S] [--engine sqlite|postgres|both]
                     two worlds that differ only in what a partner may not see tell it the same: 100,000 random steps
  dist               a release build and its size
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (chore, rest) = match args.split_first() {
        Some((chore, rest)) => (chore.as_str(), rest),
        None => ("help", [].as_slice()),
    };
    let outcome = match chore {
        "demo" => xtask::demo::chore(rest),
        "test" => xtask::suite::chore(rest),
        "ui" => xtask::ui::chore(),
        "bench" => xtask::bench::chore(rest),
        "fuzz" => xtask::fuzz::chore(rest),
        "kills" => xtask::suite::kills(rest),
        "tidy" => xtask::tidy::chore(),
        "walk" => xtask::walk::chore(rest),
        "dist" => xtask::dist::chore(),
        "help" | "--help" | "-h" => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        other => {
            eprintln!("no chore `{other}`\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}
