//! Prints how many observations a second run against many patterns on one core, as JSON lines: `patterns [OBSERVATIONS] [PATTERNS]`.
use serde_json::{Value, json};
use std::time::Instant;
use stix::pattern::{BUDGET, Observation, Pattern, PatternFault, Runner, Set, parse};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let observations = std::env::args().nth(1).map_or(Ok(100_000), |n| n.parse::<usize>())?;
    let many = std::env::args().nth(2).map_or(Ok(10_000), |n| n.parse::<usize>())?;
    let texts: Vec<String> = (0..many).map(pattern).collect();
    let bytes: usize = texts.iter().map(String::len).sum();
    let clock = Instant::now();
    let patterns = texts.iter().map(|text| parse(text)).collect::<Result<Vec<Pattern>, PatternFault>>()?;
    tell("patterns read", many, clock, &format!("{bytes} bytes"));
    let clock = Instant::now();
    let (set, refused) = Set::new(&patterns);
    tell("patterns indexed", many, clock, &format!("{} refused", refused.len()));

    let documents: Vec<Vec<u8>> = (0..observations).map(|n| document(n, many)).collect();
    let clock = Instant::now();
    let values = documents.iter().map(|bytes| serde_json::from_slice(bytes)).collect::<Result<Vec<Value>, _>>()?;
    tell("observations read as JSON", observations, clock, "");
    let mut runner = set.runner();
    let clock = Instant::now();
    let mut matches = 0;
    for value in &values {
        matches += one(&mut runner, value)?;
    }
    tell(
        &format!("observations, each by itself, against {many} patterns"),
        observations,
        clock,
        &format!("{matches} matches"),
    );
    let clock = Instant::now();
    matches = 0;
    for bytes in &documents {
        matches += one(&mut runner, &serde_json::from_slice(bytes)?)?;
    }
    tell("the same from bytes", observations, clock, &format!("{matches} matches"));
    let clock = Instant::now();
    let (mut matches, mut gave_up) = (0, 0);
    for window in values.chunks(1_000) {
        let together = window.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let found = runner.run(&together, BUDGET);
        gave_up += found.iter().filter(|(_, verdict)| *verdict == stix::pattern::Verdict::GaveUp).count();
        matches += found.len();
    }
    tell(
        "the same in windows of 1,000 taken together",
        observations,
        clock,
        &format!("{matches} matches, {gave_up} gave up"),
    );
    Ok(())
}

fn tell(work: &str, count: usize, clock: Instant, note: &str) {
    let seconds = clock.elapsed().as_secs_f64();
    println!(
        "{}",
        json!({ "work": work, "count": count, "seconds": seconds, "per_second": (count as f64 / seconds).round(), "note": note })
    );
}

fn one(runner: &mut Runner<'_>, bundle: &Value) -> Result<usize, stix::Fault> {
    Ok(runner.run(&[read(bundle)?], BUDGET).len())
}

/// The first object of a bundle with the others as its observables.
fn read(bundle: &Value) -> Result<Observation<'_>, stix::Fault> {
    let objects = bundle.get("objects").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let find = |id: &str| objects.iter().find(|object| object.get("id").and_then(Value::as_str) == Some(id));
    Observation::read(objects.first().unwrap_or(&Value::Null), find)
}

/// A number that looks random and is always the same.
fn mix(n: usize) -> usize {
    let n = (n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (n ^ (n >> 29)) as usize & 0xff_ffff
}

/// What indicators look like: mostly hashes, names and addresses, some of each other operator.
fn pattern(n: usize) -> String {
    let m = mix(n);
    match n % 100 {
        0..40 => format!("[file:hashes.'SHA-256' = '{m:064x}']"),
        40..50 => format!("[file:hashes.'SHA-256' = '{m:064x}' OR file:hashes.MD5 = '{m:032x}']"),
        50..65 => format!("[domain-name:value = 'h{m}.example.com']"),
        65..75 => format!("[ipv4-addr:value = '198.{}.{}.{}']", m % 200, m / 200 % 250, m / 7 % 250),
        75..80 => format!("[ipv4-addr:value ISSUBSET '198.{}.{}.0/24']", m % 200, m / 200 % 250),
        80..83 => format!("[domain-name:value IN ('a{m}.example.net', 'b{m}.example.net', 'h{m}.example.com')]"),
        83..88 => format!("[domain-name:value LIKE '%.k{m}.example.org']"),
        88..90 => format!("[file:name LIKE 'invoice{m}%.exe']"),
        90..93 => format!(r"[url:value MATCHES '^https?://[a-z]+\\.k{m}\\.example\\.org/']"),
        93..95 => format!("[file:name = 'f{m}.exe' AND file:size > 1000]"),
        95..97 => format!(
            "[network-traffic:dst_ref.value = '203.0.113.{}' AND network-traffic:dst_port = {}]",
            m % 250,
            m % 65_536
        ),
        97..99 => {
            format!("[domain-name:value = 'h{m}.example.com'] FOLLOWEDBY [file:name = 'f{m}.exe'] WITHIN 300 SECONDS")
        }
        _ => format!(
            "[ipv4-addr:value = '198.{}.{}.{}'] REPEATS 3 TIMES WITHIN 600 SECONDS",
            m % 200,
            m / 200 % 250,
            m / 7 % 250
        ),
    }
}

/// An observation of an address, a name, a file and a connection; one in some hundred meets a pattern.
fn document(n: usize, many: usize) -> Vec<u8> {
    let m = if n.is_multiple_of(50) { mix(n % many) } else { mix(n + many) };
    let time = format!("2024-01-01T{:02}:{:02}:{:02}Z", n / 3600 % 24, n / 60 % 60, n % 60);
    let ids = ["ipv4-addr", "domain-name", "file", "network-traffic"]
        .map(|kind| format!("{kind}--00000000-0000-4000-8000-{n:012x}"));
    json!({ "type": "bundle", "id": format!("bundle--00000000-0000-4000-8000-{n:012x}"), "objects": [
        { "type": "observed-data", "spec_version": "2.1", "id": format!("observed-data--00000000-0000-4000-8000-{n:012x}"),
          "created": "2024-01-01T00:00:00.000Z", "modified": "2024-01-01T00:00:00.000Z", "first_observed": time, "last_observed": time,
          "number_observed": 1, "object_refs": ids },
        { "type": "ipv4-addr", "spec_version": "2.1", "id": ids[0], "value": format!("198.{}.{}.{}", m % 200, m / 200 % 250, m / 7 % 250) },
        { "type": "domain-name", "spec_version": "2.1", "id": ids[1], "value": format!("h{m}.example.com") },
        { "type": "file", "spec_version": "2.1", "id": ids[2], "name": format!("f{m}.exe"), "size": m % 5000, "hashes": { "SHA-256": format!("{m:064x}") } },
        { "type": "network-traffic", "spec_version": "2.1", "id": ids[3], "dst_ref": ids[0], "dst_port": m % 65_536, "protocols": ["ipv4", "tcp"] },
    ] }).to_string().into_bytes()
}
