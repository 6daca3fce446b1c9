//! `cargo xtask bench`: measures the release binary from outside, as a user meets it, writes `bench/results.json` and from that file
//! the table in README.md. Figures of peers that did not run beside ours are marked as quoted. No figure here is a test.

mod cluster;
mod load;
mod measures;
mod peers;
mod table;
mod taxii;

use crate::script::Stage;
use crate::{shell, ui};
use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// One measured line.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Line {
    /// What was done.
    pub work: String,
    /// The figure, with its unit in words.
    pub ours: String,
    /// What to reach, from the issue or the design.
    pub floor: String,
    /// What peers do, quoted unless run beside.
    pub peers: String,
    /// The commit that was measured, where it is not the one of the whole run.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub commit: String,
}

/// The whole run.
#[derive(Debug, Serialize, Deserialize)]
pub struct Results {
    /// The commit that was measured.
    pub commit: String,
    /// The machine, in general words.
    pub machine: String,
    /// What measured it.
    pub verb: String,
    /// The lines, in the order of the table.
    pub lines: Vec<Line>,
}

/// What a crate's own program prints, one object a line.
#[derive(Deserialize)]
struct Figure {
    work: String,
    seconds: f64,
}

/// Objects of the real bundle.
const BUNDLE: usize = 24_771;
const MILLION: usize = 1_000_000;

/// Everything a measurement needs.
pub struct Bench {
    binary: PathBuf,
    shared: PathBuf,
    work: PathBuf,
    runs: usize,
}

/// What to measure.
enum Run {
    /// Everything, TAXII at these scales.
    Whole { scales: Vec<taxii::Scale>, runs: usize },
    /// TAXII at these scales alone; the other lines of the table stay, and each says at which commit it was measured.
    Only(Vec<taxii::Scale>),
    /// What peers do beside ours, alone.
    Peers,
    /// All measures over so many events, alone.
    Measures(measures::Years),
}

impl Run {
    fn read(args: &[String]) -> Result<Run> {
        let words: Vec<&str> = args.iter().map(String::as_str).collect();
        let both = |objects| [false, true].map(|postgres| taxii::Scale { objects, postgres });
        let whole =
            |more: Vec<taxii::Scale>, runs| Run::Whole { scales: both(BUNDLE).into_iter().chain(more).collect(), runs };
        Ok(match words[..] {
            [] => whole(Vec::new(), 3),
            ["--quick"] => whole(Vec::new(), 1),
            ["--large"] => whole(both(MILLION).into(), 3),
            ["--huge"] => whole(
                both(MILLION).into_iter().chain([taxii::Scale { objects: 10 * MILLION, postgres: false }]).collect(),
                3,
            ),
            ["--taxii", objects] => Run::Only(both(objects.parse()?).into()),
            ["--taxii", objects, "--engine", engine @ ("sqlite" | "postgres")] => {
                Run::Only(vec![taxii::Scale { objects: objects.parse()?, postgres: engine == "postgres" }])
            }
            ["--peers"] => Run::Peers,
            ["--measures", events] => Run::Measures(measures::Years { events: events.parse()?, postgres: false }),
            ["--measures", events, "--engine", engine @ ("sqlite" | "postgres")] => {
                Run::Measures(measures::Years { events: events.parse()?, postgres: engine == "postgres" })
            }
            _ => bail!(
                "bench knows `--quick`, `--large`, `--huge`, `--peers`, or `--taxii OBJECTS` and `--measures EVENTS`, each with \
                 `--engine sqlite|postgres`, not `{}`",
                words.join(" ")
            ),
        })
    }
}

/// The chore.
pub fn chore(args: &[String]) -> Result<()> {
    let run = Run::read(args)?;
    let shared = shell::shared().context("the bench needs the shared data: set MAINSTAY_SHARED to its folder")?;
    ui::chore()?;
    let binary = shell::build("mainstay", true)?;
    let work = shell::target().join("bench-store");
    let runs = if let Run::Whole { runs, .. } = run { runs } else { 1 };
    let bench = Bench { binary, shared, work, runs };
    let verb = ["cargo xtask bench".to_owned(), args.join(" ")].join(" ").trim_end().to_owned();
    let results = match run {
        Run::Whole { scales, .. } => {
            Results { commit: commit(), machine: machine(), verb, lines: bench.whole(&scales)? }
        }
        Run::Only(scales) => {
            let mut results = table::committed()?;
            for scale in scales {
                results.take(taxii::lines(&bench, scale)?, &commit());
            }
            results
        }
        Run::Peers => {
            let mut results = table::committed()?;
            results.take(peers::lines(&bench)?, &commit());
            results
        }
        Run::Measures(years) => {
            let mut results = table::committed()?;
            results.take(measures::lines(&bench, years)?, &commit());
            results
        }
    };
    let _ = std::fs::remove_dir_all(&bench.work);
    table::write(&results)
}

impl Results {
    /// Takes lines of another run: each in the place of the one for the same work, new ones after the last of TAXII.
    fn take(&mut self, lines: Vec<Line>, commit: &str) {
        for mut line in lines {
            line.commit = if commit == self.commit { String::new() } else { commit.to_owned() };
            if let Some(old) = self.lines.iter_mut().find(|old| old.work == line.work) {
                *old = line;
                continue;
            }
            let of_taxii = |work: &str| work.ends_with("SQLite)") || work.ends_with("PostgreSQL)");
            let scaled = |l: &Line| of_taxii(&l.work) || l.work.starts_with(peers::BESIDE);
            let after = self.lines.iter().rposition(scaled).map_or(self.lines.len(), |at| at + 1);
            self.lines.insert(after, line);
        }
    }
}

impl Bench {
    /// All lines of the table.
    fn whole(&self, scales: &[taxii::Scale]) -> Result<Vec<Line>> {
        let mut lines = self.imports()?;
        for scale in scales {
            lines.extend(taxii::lines(self, *scale)?);
        }
        lines.extend(peers::lines(self)?);
        lines.extend(self.stix()?);
        lines.push(self.rebuild()?);
        lines.extend(self.spof()?);
        lines.extend(measures::lines(self, measures::Years { events: MILLION, postgres: false })?);
        Ok(lines)
    }

    /// A fresh store and its folder.
    fn fresh(&self, name: &str) -> Result<PathBuf> {
        let data = self.work.join(name);
        if data.exists() {
            std::fs::remove_dir_all(&data)?;
        }
        self.verb(&data, &["init"])?;
        Ok(data)
    }

    /// Runs a verb on a store and gives how long it took and what it printed; exit 1 is findings, not a failure.
    fn verb(&self, data: &Path, args: &[&str]) -> Result<(Duration, String)> {
        let start = Instant::now();
        let output = Command::new(&self.binary)
            .args(args)
            .arg("--data")
            .arg(data)
            .output()
            .context("the binary does not start")?;
        let took = start.elapsed();
        if !matches!(output.status.code(), Some(0 | 1)) {
            bail!("`{}` ended with {}: {}", args.join(" "), output.status, String::from_utf8_lossy(&output.stderr));
        }
        Ok((took, String::from_utf8_lossy(&output.stdout).into_owned()))
    }

    /// The best of the runs, each on a fresh store: the machine's noise only ever adds.
    fn best(&self, mut once: impl FnMut() -> Result<Duration>) -> Result<Duration> {
        let mut best = once()?;
        for _ in 1..self.runs {
            best = best.min(once()?);
        }
        Ok(best)
    }

    fn path(&self, below: &str) -> String {
        self.shared.join(below).display().to_string()
    }

    fn imports(&self) -> Result<Vec<Line>> {
        let works: [(&str, &str, &[&str], &str, &str); 3] = [
            (
                "csaf",
                "import of 2,216 CSAF advisories, all stages applied",
                &["csaf"],
                "4 s",
                "csaf-rs, check only: 4,000 docs/s (quoted)",
            ),
            ("stix", "import of a 33.9 MB STIX bundle, 24,771 objects", &["stix/enterprise-attack.json"], "3 s", ""),
            (
                "graph",
                "import of the real graph, 73,732 nodes and 169,948 edges",
                &["infrastructure/real_nodes.csv.gz", "infrastructure/real_edges.csv.gz"],
                "1 s",
                "",
            ),
        ];
        let mut lines = Vec::new();
        for (name, work, paths, floor, peers) in works {
            let paths: Vec<String> = paths.iter().map(|p| self.path(p)).collect();
            let took = self.best(|| {
                let data = self.fresh(name)?;
                let mut args = vec!["import"];
                args.extend(paths.iter().map(String::as_str));
                Ok(self.verb(&data, &args)?.0)
            })?;
            lines.push(Line {
                work: work.into(),
                ours: seconds(took),
                floor: floor.into(),
                peers: peers.into(),
                ..Line::default()
            });
        }
        Ok(lines)
    }

    /// Rebuild of all derived tables from the log of the advisories and the bundle.
    fn rebuild(&self) -> Result<Line> {
        let data = self.fresh("rebuild")?;
        let (csaf, stix) = (self.path("csaf"), self.path("stix/enterprise-attack.json"));
        self.verb(&data, &["import", &csaf, &stix])?;
        let took = self.best(|| Ok(self.verb(&data, &["ledger", "rebuild"])?.0))?;
        Ok(Line {
            work: "rebuild of every derived table: 24,771 objects and 2,216 advisories".into(),
            ours: format!("{} ({:.0} events/s)", seconds(took), (24_771.0 + 2_216.0) / took.as_secs_f64()),
            floor: "50,000 events/s".into(),
            ..Line::default()
        })
    }

    /// STIX objects checked, and observations against ten thousand patterns, on one core: the crate's own programs.
    fn stix(&self) -> Result<Vec<Line>> {
        let checked = example("stix", "check", &[self.path("stix/enterprise-attack.json")])?;
        let checked = checked
            .lines()
            .find_map(|l| l.strip_prefix("admit")?.split_whitespace().next())
            .context("no figure of the checker")?
            .to_owned();
        let matched = example("stix", "patterns", &["50000".to_owned(), "10000".to_owned()])?;
        let figure = matched
            .lines()
            .filter_map(|l| serde_json::from_str::<serde_json::Value>(l).ok())
            .find(|l| l["work"] == "the same from bytes");
        let matched = figure.and_then(|l| l["per_second"].as_f64()).context("no figure of the matcher")?;
        let line = |work: &str, rate: String, peers: &str| Line {
            work: work.into(),
            ours: rate,
            floor: "100,000 a second".into(),
            peers: peers.into(),
            ..Line::default()
        };
        Ok(vec![
            line(
                "STIX objects checked, one core",
                format!("{checked} a second"),
                "stix2-validator 271, rstix 26,400 parse only (quoted)",
            ),
            line(
                "observations, from bytes, against 10,000 patterns, one core",
                format!("{matched:.0} a second"),
                "stix2-matcher 7,400 to 19,500 for one pattern (quoted)",
            ),
        ])
    }

    /// All single points of failure of the real graph: the search alone, in the crate's own program, and the whole verb.
    fn spof(&self) -> Result<Vec<Line>> {
        let tables = ["infrastructure/real_nodes.csv.gz", "infrastructure/real_edges.csv.gz"].map(|t| self.path(t));
        let found = figures(&example("depend", "figures", &tables)?);
        let mut lines = Vec::new();
        for (end, floor, peers) in
            [(", ungrounded", "5 ms", "plain Python 0.07 s (quoted)"), (", grounded", "100 ms", "")]
        {
            let figure = found.iter().find(|f| f.work.ends_with(end)).with_context(|| format!("no figure `…{end}`"))?;
            let took = Duration::from_secs_f64(figure.seconds);
            let work = figure.work.trim_start_matches("depend: ").to_owned();
            lines.push(Line {
                work: format!("{work}, real graph"),
                ours: seconds(took),
                floor: floor.into(),
                peers: peers.into(),
                ..Line::default()
            });
        }
        let data = self.work.join("graph");
        let took = self.best(|| Ok(self.verb(&data, &["depend", "spof", "--format", "jsonl"])?.0))?;
        lines.push(Line {
            work: "the same as a verb, from the store to the printed lines".into(),
            ours: seconds(took),
            ..Line::default()
        });
        Ok(lines)
    }

    fn stage(&self, data: &Path) -> Stage {
        Stage {
            binary: self.binary.clone(),
            data: data.to_path_buf(),
            database: None,
            sample: PathBuf::new(),
            work: self.work.clone(),
        }
    }
}

/// What a crate's own program prints, built for release.
fn example(package: &str, name: &str, args: &[String]) -> Result<String> {
    let mut cargo = Command::new(shell::cargo());
    cargo.current_dir(shell::root());
    cargo.args(["run", "--quiet", "--release", "--package", package, "--example", name, "--"]);
    let output = cargo.args(args).output().context("cargo does not start")?;
    if !output.status.success() {
        bail!("the program `{name}` ended with {}: {}", output.status, String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The lines among it that are figures.
fn figures(text: &str) -> Vec<Figure> {
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// `10,000`.
fn thousands(n: usize) -> String {
    let digits = n.to_string();
    let parts: Vec<&str> = digits.as_bytes().rchunks(3).rev().filter_map(|c| std::str::from_utf8(c).ok()).collect();
    parts.join(",")
}

fn seconds(took: Duration) -> String {
    let s = took.as_secs_f64();
    if s < 0.1 { format!("{:.1} ms", s * 1e3) } else { format!("{s:.2} s") }
}

fn commit() -> String {
    let short = shell::output("git", &["rev-parse", "--short", "HEAD"]).unwrap_or_else(|| "unknown".into());
    let changed = shell::output("git", &["status", "--porcelain", "crates"]).is_some_and(|s| !s.is_empty());
    if changed { format!("{short} with changes") } else { short }
}

fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let memory = std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| {
        let kib: u64 = text
            .lines()
            .find_map(|l| l.strip_prefix("MemTotal:"))?
            .trim()
            .trim_end_matches("kB")
            .trim()
            .parse()
            .ok()?;
        Some(format!(", {} GiB", (kib as f64 / 1_048_576.0).round()))
    });
    format!("{cores} cores {}{}, {}", std::env::consts::ARCH, memory.unwrap_or_default(), std::env::consts::OS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(work: &str, ours: &str) -> Line {
        Line { work: work.into(), ours: ours.into(), ..Line::default() }
    }

    #[test]
    fn lines_of_another_run_stand_where_they_belong_and_name_their_commit() {
        let lines = vec![line("import", "1 s"), line("read (25, SQLite)", "2"), line("rebuild", "3 s")];
        let mut results = Results { commit: "aaa".into(), machine: String::new(), verb: String::new(), lines };
        results.take(vec![line("read (25, SQLite)", "4"), line("read (99, PostgreSQL)", "5")], "bbb");
        results.take(vec![line("read (25, SQLite)", "6")], "aaa");
        let shown: Vec<String> = results.lines.iter().map(|l| format!("{}: {} {}", l.work, l.ours, l.commit)).collect();
        assert_eq!(shown, ["import: 1 s ", "read (25, SQLite): 6 ", "read (99, PostgreSQL): 5 bbb", "rebuild: 3 s "]);
    }

    #[test]
    fn what_is_asked_is_read() {
        #[track_caller]
        fn check(args: &[&str], expected: Option<&[(usize, bool)]>) {
            let args: Vec<String> = args.iter().map(|a| (*a).to_owned()).collect();
            let scales = Run::read(&args).ok().map(|run| match run {
                Run::Whole { scales, .. } | Run::Only(scales) => scales,
                Run::Peers => Vec::new(),
                Run::Measures(of) => vec![taxii::Scale { objects: of.events, postgres: of.postgres }],
            });
            let scales = scales.map(|all| all.iter().map(|s| (s.objects, s.postgres)).collect::<Vec<_>>());
            assert_eq!(scales.as_deref(), expected, "{args:?}");
        }
        check(&[], Some(&[(BUNDLE, false), (BUNDLE, true)]));
        check(&["--large"], Some(&[(BUNDLE, false), (BUNDLE, true), (MILLION, false), (MILLION, true)]));
        check(&["--taxii", "7", "--engine", "postgres"], Some(&[(7, true)]));
        check(&["--taxii", "7"], Some(&[(7, false), (7, true)]));
        check(&["--peers"], Some(&[]));
        check(&["--measures", "9", "--engine", "postgres"], Some(&[(9, true)]));
        check(&["--taxii", "many"], None);
        check(&["--quick", "--large"], None);
    }
}
