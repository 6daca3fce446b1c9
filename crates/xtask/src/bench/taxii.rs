//! TAXII over plain HTTP on loopback with Basic auth and the gate on: a bundle of a chosen size is given, and read by one who sees seven
//! objects in ten and by one who sees next to nothing.

use super::cluster::Cluster;
use super::{Bench, Line, load};
use crate::http::Client;
use crate::script::{Stage, Step};
use crate::suite;
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const PASSWORD: &str = "bench-password-1";
/// Objects in one POST: large enough that the round trip does not count, small enough for the default size limit.
const POSTED: usize = 2_000;
/// Connections that give objects, and how many POSTs are made ready at a time.
const POSTERS: usize = 2;
const ROUND: usize = 16;
/// Objects asked for in one page.
const PAGE: usize = 5_000;
/// Connections that ask for single objects, and for how long.
const GETTERS: usize = 4;
const GETTING: Duration = Duration::from_secs(3);

/// How large, and on which engine.
#[derive(Clone, Copy)]
pub(super) struct Scale {
    /// Objects.
    pub(super) objects: usize,
    /// On PostgreSQL rather than SQLite.
    pub(super) postgres: bool,
}

impl Scale {
    fn named(self, work: &str) -> String {
        let engine = if self.postgres { "PostgreSQL" } else { "SQLite" };
        format!("{work} ({}, {engine})", super::thousands(self.objects))
    }
}

#[derive(Deserialize)]
struct Bundle<'a> {
    #[serde(borrow)]
    objects: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Named<'a> {
    id: &'a str,
}

#[derive(Deserialize)]
struct Status {
    status: String,
    #[serde(default)]
    failure_count: u64,
}

/// The lines of the table at one scale; none where the engine is not here.
pub(super) fn lines(bench: &Bench, scale: Scale) -> Result<Vec<Line>> {
    let cluster = if scale.postgres { Cluster::start()? } else { None };
    if scale.postgres && cluster.is_none() {
        eprintln!("SKIPPED (no PostgreSQL): TAXII on PostgreSQL");
        return Ok(Vec::new());
    }
    let data = bench.work.join("taxii");
    if data.exists() {
        std::fs::remove_dir_all(&data)?;
    }
    std::fs::create_dir_all(&data)?;
    let mut stage = bench.stage(&data);
    stage.database = cluster.as_ref().map(Cluster::url);
    stage.ask("", &["init"])?;
    for (name, org, role, clearance) in
        [("bench", "home", "operator", "RED"), ("most", "most", "partner", "AMBER"), ("few", "few", "partner", "CLEAR")]
    {
        let words = ["user", "add", name, "--org", org, "--role", role, "--clearance", clearance, "--password-stdin"];
        let step = Step { stdin: format!("{PASSWORD}\n"), ..Step::new("", &words) };
        stage.run(&step, &BTreeMap::new())?;
    }
    stage.ask("", &["partner", "agree", "most", "--from", "2020-01-01", "--clearance", "AMBER"])?;
    let reads = ["--read", "home", "--read", "most", "--read", "few"];
    let id = stage.ask("", &[&["collection", "add", "Bench", "--write", "home"], &reads[..]].concat())?;
    let objects = format!("/taxii2/default/collections/{}/objects/", id.trim());
    let (mut server, url) = suite::serve_on(&stage, "")?;
    let outcome = measure(bench, scale, &url, &objects, server.id());
    let _ = server.kill();
    let _ = server.wait();
    let mut lines = outcome?;
    if !scale.postgres {
        lines.push(start(&stage, scale)?);
    }
    std::fs::remove_dir_all(&data)?;
    Ok(lines)
}

fn measure(bench: &Bench, scale: Scale, url: &str, path: &str, server: u32) -> Result<Vec<Line>> {
    let text = std::fs::read_to_string(bench.path("stix/enterprise-attack.json"))?;
    let bundle: Bundle<'_> = serde_json::from_str(&text)?;
    let texts: Vec<&str> = bundle.objects.iter().map(|o| o.get()).collect();
    let took = ingest(url, path, &texts, scale.objects)?;
    let line = |work: String, ours: String, floor: &str, peers: &str| Line {
        work: scale.named(&work),
        ours,
        floor: floor.into(),
        peers: peers.into(),
        ..Line::default()
    };
    let mut lines = vec![line(
        format!(
            "TAXII ingest in envelopes of {POSTED} over {POSTERS} connections, checked, durable, all stages applied"
        ),
        format!("{} objects/s", rate(scale.objects, took)),
        if scale.postgres { "15,000" } else { "30,000" },
        "OpenTAXII 696, DARWIS 555 objects/s (quoted)",
    )];
    let mut most = Client::connect(url, "most", PASSWORD)?;
    let read = whole(&mut most, path)?;
    let again = if scale.objects > 2_000_000 { None } else { Some(whole(&mut most, path)?) };
    let best = again.as_ref().map_or(read.took, |again| again.took.min(read.took));
    lines.push(line(
        format!("TAXII read of all one sees, {} objects, pages of {PAGE}", super::thousands(read.count)),
        format!("{} objects/s", rate(read.count, best)),
        if scale.postgres { "300,000" } else { "800,000" },
        "OpenTAXII 11,650, DARWIS 5,750, medallion 162 objects/s (quoted)",
    ));
    let pages = again.unwrap_or(read).pages;
    let (first, last) = ends(&pages);
    lines.push(line(
        "a page among the first tenth, and among the last".into(),
        format!("{first:.1} ms, {last:.1} ms"),
        "within 20 %",
        "",
    ));
    let mut few = Client::connect(url, "few", PASSWORD)?;
    few.get(path)?;
    let rare = whole(&mut few, path)?;
    let seen = format!("all pages of one who sees {} objects", rare.count);
    lines.push(line(seen, format!("{:.1} ms", rare.took.as_secs_f64() * 1e3), "as fast as the others", ""));
    lines.push(line(
        "poll with nothing new".into(),
        format!("{:.2} ms", poll(&mut most, path)?),
        "1 ms",
        "OpenTAXII 8 ms (quoted)",
    ));
    let ids: Vec<&str> =
        texts.iter().step_by(97).filter_map(|t| serde_json::from_str::<Named<'_>>(t).ok()).map(|n| n.id).collect();
    lines.push(line(
        "get one object".into(),
        format!("{} requests/s", getting(url, path, &ids)?),
        "10,000",
        "OpenTAXII 5 ms (quoted)",
    ));
    let mut found = search(url)?;
    found.sort_by(|a, b| b.1.total_cmp(&a.1));
    let slowest: Vec<String> = found.iter().take(3).map(|(asked, ms)| format!("{ms:.1} ms {asked}")).collect();
    lines.push(line(format!("search, the page: slowest of {}", found.len()), slowest.join(", "), "50 ms", ""));
    lines.push(line("memory of the server at its peak, all of this done".into(), peak(server), "", ""));
    Ok(lines)
}

/// Starting on what was given, until the address is printed.
fn start(stage: &Stage, scale: Scale) -> Result<Line> {
    let clock = Instant::now();
    let (mut server, _) = suite::serve_on(stage, "")?;
    let took = clock.elapsed();
    let rest = peak(server.id());
    let _ = server.kill();
    let _ = server.wait();
    let work = scale.named("start, and memory at rest");
    Ok(Line {
        work,
        ours: format!("{:.2} s, {rest}", took.as_secs_f64()),
        floor: "0.5 s, 100 MB".into(),
        ..Line::default()
    })
}

/// Gives the objects over a few kept connections, as feeders do who do not wait for one another: while one request is written to the
/// disk, the next is read and judged.
fn ingest(url: &str, path: &str, texts: &[&str], objects: usize) -> Result<Duration> {
    let mut clients = Vec::with_capacity(POSTERS);
    for _ in 0..POSTERS {
        let mut client = Client::connect(url, "bench", PASSWORD)?;
        // signed in before: a password is checked once, not with each request
        client.get("/taxii2/")?;
        clients.push(client);
    }
    let (mut took, mut at) = (Duration::ZERO, 0);
    while at < objects {
        // making the load is not the server's work, so it is made before the clock runs
        let end = objects.min(at + POSTED * ROUND);
        let bodies: Vec<Vec<u8>> =
            (at..end).step_by(POSTED).map(|n| load::envelope(texts, n..end.min(n + POSTED))).collect();
        let (next, start) = (AtomicUsize::new(0), Instant::now());
        std::thread::scope(|scope| {
            let posts = |client| post_all(client, path, &bodies, &next);
            let posters: Vec<_> = clients.iter_mut().map(|client| scope.spawn(move || posts(client))).collect();
            posters.into_iter().try_for_each(|poster| poster.join().unwrap_or_else(|_| bail!("a poster ended early")))
        })?;
        took += start.elapsed();
        at = end;
    }
    Ok(took)
}

/// Posts whichever body comes next until none is left.
fn post_all(client: &mut Client, path: &str, bodies: &[Vec<u8>], next: &AtomicUsize) -> Result<()> {
    while let Some(body) = bodies.get(next.fetch_add(1, Ordering::Relaxed)) {
        let answer = client.post(path, body)?;
        let status: Status = serde_json::from_slice(&answer.body).context("no status resource")?;
        if answer.status != 202 || status.status != "complete" || status.failure_count > 0 {
            let said = String::from_utf8_lossy(&answer.body);
            bail!(
                "POST answered {}: {}",
                answer.status,
                said.split_once("\"failures\"").map_or(&*said, |(_, failures)| failures)
            );
        }
    }
    Ok(())
}

/// All pages of a collection: how many objects, how long in all, and each page.
struct Read {
    count: usize,
    took: Duration,
    pages: Vec<Duration>,
}

/// Reads every page; only the time on the wire counts, not our own counting of what came.
fn whole(client: &mut Client, path: &str) -> Result<Read> {
    let (mut read, mut next) = (Read { count: 0, took: Duration::ZERO, pages: Vec::new() }, None::<String>);
    loop {
        let query = match &next {
            Some(next) => format!("{path}?limit={PAGE}&next={next}"),
            None => format!("{path}?limit={PAGE}"),
        };
        let start = Instant::now();
        let answer = client.get(&query)?;
        let took = start.elapsed();
        if answer.status != 200 {
            bail!("GET answered {}: {}", answer.status, String::from_utf8_lossy(&answer.body));
        }
        read.took += took;
        read.pages.push(took);
        let tail = answer.body.get(answer.body.len().saturating_sub(300)..).unwrap_or_default();
        let tail = String::from_utf8_lossy(tail);
        let Some((_, sealed)) = tail.split_once("\"more\":true,\"next\":\"") else {
            // all pages but the last are full: no page of the bundle comes near the limit in bytes
            let page: Page<'_> = serde_json::from_slice(&answer.body)?;
            read.count = (read.pages.len() - 1) * PAGE + page.objects.len();
            return Ok(read);
        };
        next = sealed.split('"').next().map(str::to_owned);
    }
}

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow, default)]
    objects: Vec<&'a RawValue>,
}

/// The median of the first and of the last tenth of the full pages, in milliseconds.
fn ends(pages: &[Duration]) -> (f64, f64) {
    let full = pages.get(..pages.len().saturating_sub(1)).unwrap_or_default();
    let tenth = (full.len() / 10).max(1).min(full.len());
    let middle = |some: &[Duration]| {
        let mut some: Vec<f64> = some.iter().map(|d| d.as_secs_f64() * 1e3).collect();
        some.sort_by(f64::total_cmp);
        some.get(some.len() / 2).copied().unwrap_or(0.0)
    };
    (middle(full.get(..tenth).unwrap_or_default()), middle(full.get(full.len() - tenth..).unwrap_or_default()))
}

/// The median of polls after everything, in milliseconds.
fn poll(client: &mut Client, path: &str) -> Result<f64> {
    let mut took = Vec::new();
    for _ in 0..300 {
        let start = Instant::now();
        let answer = client.get(&format!("{path}?added_after=2999-01-01T00:00:00.000000Z"))?;
        took.push(start.elapsed().as_secs_f64() * 1e3);
        if answer.body != b"{}" {
            bail!("a poll after everything gave {} bytes", answer.body.len());
        }
    }
    took.sort_by(f64::total_cmp);
    Ok(took.get(took.len() / 2).copied().unwrap_or(0.0))
}

/// What people look for: a word of every object, common, rare and unknown ones, several, parts, a name, a value, a technique's number.
const ASKED: [&str; 12] = [
    "q=attack",
    "q=the+malware",
    "q=mimikatz",
    "q=mimikatz+credential",
    "q=T1059.001",
    "q=nowhere-to-be-found",
    "q=APT29",
    "q=APT29&kind=intrusion-set",
    "q=cobalt+strike&kind=relationship",
    "q=windows+registry&mark=RED",
    "q=command&from=2020-01-01",
    "q=command&skip=500",
];

/// The median of the time of each search as its page, in milliseconds.
fn search(url: &str) -> Result<Vec<(&'static str, f64)>> {
    let mut client = Client::sign_in(url, "bench", PASSWORD)?;
    // the first page after a start reads the graph; whoever searches has seen one
    client.get("/")?;
    let mut found = Vec::new();
    for asked in ASKED {
        let mut took = Vec::new();
        for _ in 0..5 {
            let start = Instant::now();
            let answer = client.get(&format!("/find?{asked}"))?;
            took.push(start.elapsed().as_secs_f64() * 1e3);
            if answer.status != 200 {
                bail!("/find?{asked} answered {}", answer.status);
            }
        }
        took.sort_by(f64::total_cmp);
        found.push((asked, took.get(took.len() / 2).copied().unwrap_or(0.0)));
    }
    Ok(found)
}

/// Single objects over a few kept connections, a second.
fn getting(url: &str, path: &str, ids: &[&str]) -> Result<String> {
    let (done, over) = (AtomicUsize::new(0), AtomicBool::new(false));
    let start = Instant::now();
    std::thread::scope(|scope| -> Result<()> {
        let getters: Vec<_> = (0..GETTERS)
            .map(|which| {
                let (done, over) = (&done, &over);
                scope.spawn(move || -> Result<()> {
                    let mut client = Client::connect(url, "bench", PASSWORD)?;
                    for id in ids.iter().cycle().skip(which * 7) {
                        if over.load(Ordering::Relaxed) {
                            break;
                        }
                        if client.get(&format!("{path}{id}/"))?.status != 200 {
                            bail!("{id} was not found");
                        }
                        done.fetch_add(1, Ordering::Relaxed);
                    }
                    Ok(())
                })
            })
            .collect();
        std::thread::sleep(GETTING);
        over.store(true, Ordering::Relaxed);
        getters.into_iter().try_for_each(|getter| getter.join().unwrap_or_else(|_| bail!("a getter ended early")))
    })?;
    Ok(rate(done.load(Ordering::Relaxed), start.elapsed()))
}

/// The most memory that a process has held, as the system tells it.
fn peak(process: u32) -> String {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let kib =
        status.lines().find_map(|l| l.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok());
    kib.map_or_else(|| "unknown".to_owned(), |kib| format!("{} MB", kib / 1_000))
}

fn rate(count: usize, took: Duration) -> String {
    super::thousands((count as f64 / took.as_secs_f64()) as usize)
}
