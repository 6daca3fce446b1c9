//! Measures `stix::admit`: how many objects of a bundle one core checks in a second, and what it says about them.
//!
//! `cargo run --release -p stix --example check -- bundle.json [runs]`. The scan of the document is timed apart. Not a verb of the
//! product: it prints for whoever changes the checker.

use std::collections::BTreeMap;
use std::time::Instant;

use stix::scan::Limits;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let Some(path) = arguments.next() else {
        eprintln!("give the path of a bundle");
        std::process::exit(2);
    };
    let runs: usize = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(5);
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) => {
            eprintln!("{path}: {error}");
            std::process::exit(5);
        }
    };
    let started = Instant::now();
    let split = match stix::bundle::split(&bytes, &Limits::default()) {
        Ok(split) => split,
        Err(fault) => {
            eprintln!("{path}: {fault}");
            std::process::exit(1);
        }
    };
    let count = split.items.len();
    println!("scan   {:>9.0} objects/s  {count} objects, {} bytes", rate(count, started), bytes.len());
    let (mut refused, mut warned) = (BTreeMap::new(), BTreeMap::new());
    let mut best = 0.0_f64;
    for run in 0..runs.max(1) {
        let started = Instant::now();
        for item in &split.items {
            let outcome = stix::admit(item.bytes);
            if run > 0 {
                continue;
            }
            match outcome {
                Ok(head) => head.warnings.iter().for_each(|w| *warned.entry(w.rule).or_insert(0_usize) += 1),
                Err(fault) => {
                    let (n, first) = refused.entry(fault.rule).or_insert((0_usize, String::new()));
                    *n += 1;
                    if first.is_empty() {
                        *first = format!("{} {fault}", item.place());
                    }
                }
            }
        }
        best = best.max(rate(count, started));
    }
    println!("admit  {best:>9.0} objects/s  best of {runs}");
    refused.iter().for_each(|(rule, (n, first))| println!("refused {n:>6} {rule}: {first}"));
    warned.iter().for_each(|(rule, n)| println!("warned  {n:>6} {rule}"));
}

fn rate(count: usize, started: Instant) -> f64 {
    count as f64 / started.elapsed().as_secs_f64().max(1e-9)
}
