//! `cargo xtask walk`: the long form of the test of two worlds (docs/decisions/0012-two-worlds.md). It runs that test, built for release,
//! with more steps; what is compared is known to the test alone.

use crate::shell;
use anyhow::{Result, bail};
use std::process::Command;

/// Steps where nobody says how many.
const STEPS: u64 = 100_000;
const TEST: &str = "leak::walk::two_worlds_that_differ_in_what_a_partner_may_not_see_tell_it_the_same";

/// The chore.
pub fn chore(args: &[String]) -> Result<()> {
    let (mut steps, mut seed, mut engine) = (STEPS, 1, "both".to_owned());
    let mut args = args.iter();
    while let Some(name) = args.next() {
        let Some(value) = args.next() else { bail!("`{name}` needs a value") };
        match name.as_str() {
            "--steps" => steps = value.parse()?,
            "--seed" => seed = value.parse()?,
            "--engine" if ["sqlite", "postgres", "both"].contains(&value.as_str()) => engine.clone_from(value),
            _ => bail!("walk knows no `{name} {value}`: --steps N, --seed S, --engine sqlite|postgres|both"),
        }
    }
    let mut command = Command::new("cargo");
    command
        .args(["test", "--release", "-p", "server", "--lib", TEST, "--", "--exact", "--nocapture"])
        .current_dir(shell::root());
    command
        .env("MAINSTAY_WALK_STEPS", steps.to_string())
        .env("MAINSTAY_WALK_SEED", seed.to_string())
        .env("MAINSTAY_WALK_ENGINE", engine);
    shell::run(&mut command)
}
