//! Servers of other makers beside ours: the same client, with the same objects, gives to each and reads from each, one after the other in one
//! run. The client is the shared one, a single connection that parses what it gets; so these lines are for ratios, and how fast ours can go
//! is measured by [`super::taxii`].

use super::{Bench, Line};
use crate::script::Step;
use crate::{shell, suite};
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// How the lines begin.
pub(super) const BESIDE: &str = "beside peers";
const PASSWORD: &str = "bench-password-1";
/// Objects given: one of the peers takes a time that grows with their square.
const OBJECTS: usize = 1_000;
/// Objects in one POST and one page.
const PAGED: &str = "250";
/// Requests for single objects.
const GETS: &str = "50";
/// What peers are told to take: a page as large as the client asks for, a request as large as it makes.
const PAGE: &str = "20000";
const BYTES: &str = "100000000";

/// What the client prints.
#[derive(Deserialize)]
struct Figures {
    post_obj_s: f64,
    fail: u64,
    get_all: Pages,
    added_after_none: Pages,
    get_one: Gets,
}

#[derive(Deserialize)]
struct Pages {
    n: usize,
    obj_s: f64,
    page_p50_ms: f64,
}

#[derive(Deserialize)]
struct Gets {
    p50_ms: f64,
    ok: usize,
}

/// The lines of the table; none where neither peer is here.
pub(super) fn lines(bench: &Bench) -> Result<Vec<Line>> {
    suite::install_python();
    let bundle = bench.work.join("peers.json");
    std::fs::create_dir_all(&bench.work)?;
    std::fs::write(&bundle, objects(&bench.path("stix/enterprise-attack.json"))?)?;
    let mut peers = Vec::new();
    for (name, script, most) in [("medallion", "run_medallion.py", PAGE), ("OpenTAXII", "run_opentaxii.py", BYTES)] {
        match Peer::start(bench, &name.to_lowercase(), script, most)? {
            Some(peer) => peers.push((name, client(bench, &bundle, &peer.url, &peer.secret)?)),
            None => eprintln!("SKIPPED (no {name} from PyPI): {name} beside ours"),
        }
    }
    if peers.is_empty() {
        return Ok(Vec::new());
    }
    let ours = ourselves(bench, &bundle)?;
    let line = |work: &str, unit: &str, more: bool, of: &dyn Fn(&Figures) -> f64| {
        let beside = |(name, figures): &(&str, Figures)| {
            let (ours, theirs) = (of(&ours), of(figures));
            let ratio = if more { ours / theirs } else { theirs / ours };
            format!("{name} {theirs:.1} {unit}, {ratio:.0} times")
        };
        Line {
            work: format!("{BESIDE}, one connection of the same client, {OBJECTS} objects: {work}"),
            ours: format!("{:.1} {unit}", of(&ours)),
            peers: peers.iter().map(beside).collect::<Vec<_>>().join(", "),
            ..Line::default()
        }
    };
    Ok(vec![
        line("TAXII ingest in envelopes of 250", "objects/s", true, &|f| f.post_obj_s),
        line("TAXII read of all, pages of 250", "objects/s", true, &|f| f.get_all.obj_s),
        line("poll with nothing new", "ms", false, &|f| f.added_after_none.page_p50_ms),
        line("get one object", "ms", false, &|f| f.get_one.p50_ms),
    ])
}

/// The first objects of the bundle that every peer takes: one of them fails on those without `modified`, which the standard allows.
fn objects(bundle: &str) -> Result<String> {
    let text = std::fs::read_to_string(bundle)?;
    let whole: Value = serde_json::from_str(&text)?;
    let all = whole["objects"].as_array().context("no objects in the bundle")?;
    let versioned: Vec<&Value> = all.iter().filter(|o| o.get("modified").is_some()).take(OBJECTS).collect();
    Ok(serde_json::json!({"objects": versioned}).to_string())
}

/// Our own server, with a store of its own.
fn ourselves(bench: &Bench, bundle: &Path) -> Result<Figures> {
    let data = bench.fresh("beside")?;
    let stage = bench.stage(&data);
    let words = ["user", "add", "us", "--org", "home", "--role", "operator", "--clearance", "RED", "--password-stdin"];
    stage.run(&Step { stdin: format!("{PASSWORD}\n"), ..Step::new("", &words) }, &BTreeMap::new())?;
    let id = stage.ask("", &["collection", "add", "Beside", "--write", "home", "--read", "home"])?;
    let (mut server, url) = suite::serve_on(&stage, "")?;
    let collection = format!("{url}/taxii2/default/collections/{}/", id.trim());
    let figures = client(bench, bundle, &collection, &["--auth".to_owned(), format!("us:{PASSWORD}")]);
    let _ = server.kill();
    let _ = server.wait();
    figures
}

/// Runs the client against a collection.
fn client(bench: &Bench, bundle: &Path, collection: &str, secret: &[String]) -> Result<Figures> {
    let (base, id) =
        collection.trim_end_matches('/').split_once("/collections/").context("no collection in the URL")?;
    let (scheme, rest) = base.split_once("://").context("no scheme in the URL")?;
    let (host, root) = rest.split_once('/').context("no API root in the URL")?;
    let mut command = Command::new("python3");
    command.arg(bench.shared.with_file_name("bench").join("taxii_bench.py"));
    command
        .args([
            "--base",
            &format!("{scheme}://{host}"),
            "--root",
            root,
            "--coll",
            id,
            "--gets",
            GETS,
            "--batch",
            PAGED,
            "--page",
            PAGED,
        ])
        .args(secret);
    let output = command.arg("--bundle").arg(bundle).output().context("python3 does not start")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let figures: Figures = serde_json::from_str(&text)
        .with_context(|| format!("{collection}: {text}{}", String::from_utf8_lossy(&output.stderr)))?;
    if (figures.get_all.n, figures.fail, figures.get_one.ok.to_string().as_str()) != (OBJECTS, 0, GETS) {
        bail!("{collection}: not all was taken or given: {text}");
    }
    Ok(figures)
}

/// A server of another maker, until this value goes away.
struct Peer {
    child: Child,
    url: String,
    secret: Vec<String>,
}

impl Peer {
    fn start(bench: &Bench, name: &str, script: &str, most: &str) -> Result<Option<Peer>> {
        let python = shell::target().join("python").join(name).join("bin/python");
        if !python.is_file() {
            return Ok(None);
        }
        let folder = bench.work.join(name);
        if folder.exists() {
            std::fs::remove_dir_all(&folder)?;
        }
        std::fs::create_dir_all(&folder)?;
        let mut command = Command::new(python);
        command.arg(shell::root().join("crates/mainstay/tests/it/interop").join(script)).arg(&folder).arg(most);
        command.env("INTEROP_PASSWORD", PASSWORD).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().with_context(|| format!("{name} does not start"))?;
        let out = child.stdout.take().context("no output of the peer")?;
        let mut peer = Peer { child, url: String::new(), secret: vec!["--auth".to_owned(), format!("us:{PASSWORD}")] };
        for line in BufReader::new(out).lines() {
            let line = line?;
            // a password is a slow hash on each request there
            if let Some(token) = line.strip_prefix("token ") {
                peer.secret = vec!["--token".to_owned(), token.to_owned()];
            }
            if let Some(url) = line.strip_prefix("collection ") {
                peer.url = url.to_owned();
                return Ok(Some(peer));
            }
        }
        bail!("{name} ended without saying where it listens")
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
