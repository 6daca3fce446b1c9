//! All measures over five years of a busy hub, and after one more event: the program of `assure` that plays so many events through the log.

use super::cluster::Cluster;
use super::{Bench, Line, example, figures, seconds, thousands};
use anyhow::{Context, Result, bail};
use std::time::Duration;

/// How many events, and on which engine.
#[derive(Debug, Clone, Copy)]
pub(super) struct Years {
    pub events: usize,
    pub postgres: bool,
}

/// The lines of one store.
pub(super) fn lines(bench: &Bench, of: Years) -> Result<Vec<Line>> {
    let data = bench.work.join("years");
    let _ = std::fs::remove_dir_all(&data);
    std::fs::create_dir_all(&data)?;
    let cluster = if of.postgres { Cluster::start()? } else { None };
    if of.postgres && cluster.is_none() {
        bail!("PostgreSQL is not installed: leave `--engine postgres` out");
    }
    let mut args = vec![data.display().to_string(), of.events.to_string()];
    args.extend(cluster.as_ref().map(Cluster::url));
    let found = figures(&example("assure", "measures", &args)?);
    let took = |fits: &dyn Fn(&str) -> bool| -> Option<(&str, Duration)> {
        let fitting = found.iter().filter(|f| fits(&f.work)).max_by(|a, b| a.seconds.total_cmp(&b.seconds));
        fitting.map(|f| (f.work.as_str(), Duration::from_secs_f64(f.seconds)))
    };
    let engine = if of.postgres { "PostgreSQL" } else { "SQLite" };
    let line = |work: &str, fits: &dyn Fn(&str) -> bool, floor: &str| -> Result<Line> {
        let (slowest, took) = took(fits).with_context(|| format!("no figure of: {work}"))?;
        let which = slowest.rsplit_once("one more ").map(|(_, kind)| format!(" ({kind})")).unwrap_or_default();
        Ok(Line {
            work: format!("{work} ({engine}, five years, {} events)", thousands(of.events)),
            ours: seconds(took) + &which,
            floor: floor.into(),
            ..Line::default()
        })
    };
    let read: Vec<f64> = found.iter().filter(|f| f.work.ends_with("from the store")).map(|f| f.seconds).collect();
    let first = read.first().context("no figure of all measures from the store")?;
    let best = read.iter().copied().fold(f64::INFINITY, f64::min);
    let whole = Line {
        work: format!(
            "all measures, from the store, right after so much was written, and the best of {} ({engine}, five years, {} events)",
            read.len(),
            thousands(of.events)
        ),
        ours: [*first, best].map(|s| seconds(Duration::from_secs_f64(s))).join(", "),
        floor: if of.postgres { "15 s" } else { "5 s" }.into(),
        ..Line::default()
    };
    Ok(vec![
        whole,
        line("the same with nothing new", &|w| w.ends_with("nothing new"), "")?,
        line("the same after one more event, the slowest of seven kinds", &|w| w.contains("one more"), "100 ms")?,
    ])
}
