//! TAXII over plain HTTP on loopback with Basic auth and the gate on: ingest of a whole bundle, then the whole collection read back.

use super::{Bench, Line};
use crate::http::Client;
use crate::script::Step;
use crate::suite;
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

const PASSWORD: &str = "bench-password-1";
/// Objects in one POST: large enough that the round trip does not count, small enough for the default size limit.
const POSTED: usize = 2_000;
/// Objects asked for in one page.
const PAGE: usize = 5_000;

#[derive(Deserialize)]
struct Bundle<'a> {
    #[serde(borrow)]
    objects: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow, default)]
    objects: Vec<&'a RawValue>,
    #[serde(default)]
    more: bool,
    #[serde(default)]
    next: Option<String>,
}

#[derive(Deserialize)]
struct Status {
    id: String,
    status: String,
    #[serde(default)]
    failure_count: u64,
}

/// The lines of the table.
pub(super) fn lines(bench: &Bench) -> Result<Vec<Line>> {
    let data = bench.fresh("taxii")?;
    let stage = bench.stage(&data);
    let folder = data.display().to_string();
    let mut user = Step::new("", &["user", "add", "bench", "--org", "home", "--role", "operator", "--password-stdin", "--data", &folder]);
    user.stdin = format!("{PASSWORD}\n");
    user.store = false;
    stage.run(&user, &BTreeMap::new())?;
    let (_, id) = bench.verb(&data, &["collection", "add", "Bench", "--read", "home", "--write", "home"])?;
    let objects = format!("/taxii2/default/collections/{}/objects/", id.trim());
    let (mut server, url) = suite::serve(&bench.binary, &data, "")?;
    let outcome = measure(bench, &url, &objects);
    let _ = server.kill();
    let _ = server.wait();
    outcome
}

fn measure(bench: &Bench, url: &str, objects: &str) -> Result<Vec<Line>> {
    let text = std::fs::read_to_string(bench.path("stix/enterprise-attack.json"))?;
    let bundle: Bundle<'_> = serde_json::from_str(&text)?;
    let mut client = Client::connect(url, "bench", PASSWORD)?;
    let ingest = ingest(&mut client, objects, &bundle.objects)?;
    let rate = bundle.objects.len() as f64 / ingest.as_secs_f64();
    let mut read = Duration::MAX;
    let mut count = 0;
    for _ in 0..bench.runs.max(2) {
        let (took, seen) = whole(&mut client, objects)?;
        (read, count) = (read.min(took), seen);
    }
    Ok(vec![
        Line {
            work: format!("TAXII ingest of {} objects in envelopes of {POSTED}, checked and durable", bundle.objects.len()),
            ours: format!("{rate:.0} objects/s"),
            floor: "30,000 objects/s".into(),
            peers: "OpenTAXII 696, DARWIS 555 objects/s (quoted)".into(),
        },
        Line {
            work: format!("TAXII read of the whole collection, {count} objects in pages of {PAGE}"),
            ours: format!("{:.0} objects/s", count as f64 / read.as_secs_f64()),
            floor: "800,000 objects/s".into(),
            peers: "OpenTAXII 11,650, DARWIS 5,750, medallion 162 objects/s (quoted)".into(),
        },
    ])
}

fn ingest(client: &mut Client, path: &str, objects: &[&RawValue]) -> Result<Duration> {
    let bodies: Vec<Vec<u8>> = objects.chunks(POSTED).map(envelope).collect();
    let start = Instant::now();
    for body in &bodies {
        let answer = client.post(path, body)?;
        if answer.status != 202 && answer.status != 200 {
            bail!("POST answered {}: {}", answer.status, String::from_utf8_lossy(&answer.body));
        }
        let mut status: Status = serde_json::from_slice(&answer.body).context("no status resource")?;
        while status.status != "complete" {
            std::thread::sleep(Duration::from_millis(2));
            status = serde_json::from_slice(&client.get(&format!("/taxii2/default/status/{}/", status.id))?.body)?;
        }
        if status.failure_count > 0 {
            bail!("{} objects were refused", status.failure_count);
        }
    }
    Ok(start.elapsed())
}

fn envelope(objects: &[&RawValue]) -> Vec<u8> {
    let mut body = b"{\"objects\":[".to_vec();
    for (i, object) in objects.iter().enumerate() {
        if i > 0 {
            body.push(b',');
        }
        body.extend_from_slice(object.get().as_bytes());
    }
    body.extend_from_slice(b"]}");
    body
}

/// Reads every page; only the time on the wire counts, not our own counting of what came.
fn whole(client: &mut Client, path: &str) -> Result<(Duration, usize)> {
    let (mut took, mut count, mut next) = (Duration::ZERO, 0, None::<String>);
    loop {
        let query = match &next {
            Some(next) => format!("{path}?limit={PAGE}&next={next}"),
            None => format!("{path}?limit={PAGE}"),
        };
        let start = Instant::now();
        let answer = client.get(&query)?;
        took += start.elapsed();
        if answer.status != 200 {
            bail!("GET answered {}: {}", answer.status, String::from_utf8_lossy(&answer.body));
        }
        let page: Page<'_> = serde_json::from_slice(&answer.body)?;
        count += page.objects.len();
        if !page.more {
            return Ok((took, count));
        }
        next = Some(page.next.context("more without next")?);
    }
}
