//! Bad input over TAXII, from outside the process: slow clients, readers that do not read, bodies that do not end, and content that breaks
//! the rules. The right status, an error body, nothing half done, bounded memory; and all the while others are served.
use crate::harness::{Serving, World, bundle, with_secret};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

const TAXII: &str = "application/taxii+json;version=2.1";
const UUID: &str = "00000000-0000-4000-8000-000000000001";

/// A hub with an account that may read and write one collection.
struct Hub {
    world: World,
    serving: Serving,
    token: String,
    path: String,
}

impl Hub {
    fn start() -> Hub {
        let world = World::new();
        with_secret(
            &world,
            &["user", "add", "ines", "--org", "works", "--role", "partner", "--password-stdin"],
            "correct horse\n",
        );
        let token = world.ok(&["user", "token", "ines"]).trim().to_owned();
        let id = world
            .ok(&["collection", "add", "Box", "--tlp", "CLEAR", "--read", "works", "--write", "works"])
            .trim()
            .to_owned();
        let serving = Serving::start(&world);
        Hub { world, serving, token, path: format!("/taxii2/default/collections/{id}/") }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.serving.address()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream
    }

    fn head(&self, method: &str, path: &str, more: &str) -> String {
        format!(
            "{method} {}{path} HTTP/1.1\r\nhost: hub\r\nauthorization: Bearer {}\r\nconnection: close\r\n{more}\r\n",
            self.path, self.token
        )
    }

    fn ask(&self, head: &str, body: &[u8]) -> (u16, String) {
        let mut stream = self.connect();
        stream.write_all(head.as_bytes()).unwrap();
        // Who is turned away early closes: what is left of the body goes nowhere.
        drop(stream.write_all(body));
        answer(&mut stream)
    }

    fn get(&self, path: &str) -> (u16, String) {
        self.ask(&self.head("GET", path, &format!("accept: {TAXII}\r\n")), b"")
    }

    fn post(&self, body: &[u8]) -> (u16, String) {
        self.ask(
            &self.head(
                "POST",
                "objects/",
                &format!("accept: {TAXII}\r\ncontent-type: {TAXII}\r\ncontent-length: {}\r\n", body.len()),
            ),
            body,
        )
    }

    /// The most memory that the process ever held, in MiB.
    fn most_memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.serving.child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or(" 0 kB");
        line.trim().trim_end_matches(" kB").trim().parse::<u64>().unwrap() / 1024
    }

    /// Others are served at once, whatever goes on.
    #[track_caller]
    fn serves(&self) {
        let begun = Instant::now();
        assert_eq!(self.get("").0, 200);
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    }
}

fn answer(stream: &mut TcpStream) -> (u16, String) {
    let mut bytes = Vec::new();
    drop(stream.read_to_end(&mut bytes));
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let status = text.get(9..12).and_then(|s| s.parse().ok()).unwrap_or(0);
    (status, text.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default())
}

/// A status and an error resource that says the same (section 3.6.1).
#[track_caller]
fn is_error(what: &str, (status, body): &(u16, String), expected: u16) {
    assert_eq!(*status, expected, "{what}: {body}");
    let error: serde_json::Value = serde_json::from_str(body).unwrap_or_else(|e| panic!("{what}: {e}: {body}"));
    assert_eq!(error["http_status"], expected.to_string(), "{what}");
    assert!(error["title"].as_str().is_some_and(|title| !title.is_empty()), "{what}");
}

fn tool(uuid: &str, modified: &str, more: &str) -> String {
    format!(
        r#"{{"type":"tool","spec_version":"2.1","id":"tool--{uuid}","created":"2020-01-01T00:00:00.000Z","modified":"{modified}","name":"t"{more}}}"#
    )
}

#[test]
fn what_breaks_a_rule_fails_alone_and_is_named() {
    let hub = Hub::start();
    let good = |n: usize| tool(&format!("00000000-0000-4000-8000-1{n:011}"), "2020-01-01T00:00:00.000Z", "");
    let red = r#","object_marking_refs":["marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed","marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487"]"#;
    let deep = format!(r#","x_deep":{}{}"#, "[".repeat(5_000), "]".repeat(5_000));
    let definition = format!(
        r#"{{"type":"marking-definition","spec_version":"2.1","id":"marking-definition--{UUID}","created":"2020-01-01T00:00:00.000Z","object_marking_refs":["marking-definition--{UUID}"],"definition_type":"statement","definition":{{"statement":"s"}}}}"#
    );
    let revoked = tool(UUID, "2020-01-02T00:00:00.000Z", r#","revoked":true"#);
    assert_eq!(hub.post(format!(r#"{{"objects":[{revoked}]}}"#).as_bytes()).0, 202);
    let bad: Vec<(&str, Vec<u8>)> = vec![
        ("a version after the revocation", tool(UUID, "2020-01-03T00:00:00.000Z", "").into_bytes()),
        (
            "modified before created",
            tool("00000000-0000-4000-8000-000000000002", "2019-01-01T00:00:00.000Z", "").into_bytes(),
        ),
        (
            "a doubled key",
            tool("00000000-0000-4000-8000-000000000003", "2020-01-01T00:00:00.000Z", r#","name":"again""#).into_bytes(),
        ),
        ("deep nesting", tool("00000000-0000-4000-8000-000000000004", "2020-01-01T00:00:00.000Z", &deep).into_bytes()),
        ("a definition that marks itself", definition.into_bytes()),
        ("no time", tool("00000000-0000-4000-8000-000000000006", "soon", "").into_bytes()),
        ("no id", br#"{"type":"tool"}"#.to_vec()),
        ("no object", b"7".to_vec()),
    ];
    for (n, (what, object)) in bad.iter().enumerate() {
        let body = [br#"{"objects":["#.as_slice(), good(n).as_bytes(), b",", object, b"]}"].concat();
        let (status, said) = hub.post(&body);
        assert_eq!(status, 202, "{what}: {said}");
        let said: serde_json::Value = serde_json::from_str(&said).unwrap();
        assert_eq!((&said["success_count"], &said["failure_count"]), (&1.into(), &1.into()), "{what}: {said}");
        let message = said["failures"][0]["message"].as_str().unwrap_or_default();
        assert!(
            message.split_once(" at ").is_some_and(|(rule, rest)| !rule.contains(' ') && rest.contains(": ")),
            "{what}: {said}"
        );
    }
    // Contradictory marks count as the strictest: taken in, and shown to nobody below.
    let (status, said) = hub.post(
        format!(r#"{{"objects":[{}]}}"#, tool("00000000-0000-4000-8000-000000000007", "2020-01-01T00:00:00.000Z", red))
            .as_bytes(),
    );
    assert_eq!(status, 202, "{said}");
    assert_eq!(hub.get("objects/tool--00000000-0000-4000-8000-000000000007/").0, 404);
    let held: serde_json::Value = serde_json::from_str(&hub.get("objects/?match[version]=all").1).unwrap();
    assert_eq!(held["objects"].as_array().unwrap().len(), bad.len() + 1, "the good ones and the revoked one");
    // An escaped NUL is JSON (RFC 8259 section 7): it breaks no rule and goes out as it came.
    let nul = tool("00000000-0000-4000-8000-000000000005", "2020-01-01T00:00:00.000Z", r#","description":"a\u0000b""#);
    let (status, said) = hub.post(format!(r#"{{"objects":[{nul}]}}"#).as_bytes());
    assert!(status == 202 && said.contains(r#""failure_count":0"#), "{said}");
    let (status, said) = hub.get("objects/tool--00000000-0000-4000-8000-000000000005/");
    assert!(status == 200 && said.contains(&nul), "{said}");
    drop(hub.serving);
    hub.world.ok(&["ledger", "verify", "--deep"]);
}

#[test]
fn what_is_no_envelope_or_no_request_gets_its_status() {
    let hub = Hub::start();
    let latin = [br#"{"objects":[{"type":"tool","name":""#.as_slice(), b"\xe9\xff", br#""}]}"#].concat();
    let nested = [b"[".repeat(200_000), b"]".repeat(200_000)].concat();
    for (what, body) in [
        ("nothing", b"".as_slice()),
        ("no JSON", b"{"),
        ("a list of lists", &nested),
        ("a number", b"1"),
        ("invalid UTF-8 at the top", b"\xff\xfe{}"),
    ] {
        is_error(what, &hub.post(body), 422);
    }
    let (status, said) = hub.post(&latin);
    assert!(status == 422 || said.contains("\"failure_count\":1"), "{status} {said}");
    let head = |more: &str| hub.head("POST", "objects/", more);
    is_error(
        "text",
        &hub.ask(&head(&format!("accept: {TAXII}\r\ncontent-type: text/plain\r\ncontent-length: 2\r\n")), b"{}"),
        415,
    );
    is_error(
        "another version",
        &hub.ask(
            &head(&format!(
                "accept: {TAXII}\r\ncontent-type: application/taxii+json;version=2.0\r\ncontent-length: 2\r\n"
            )),
            b"{}",
        ),
        415,
    );
    is_error("no type", &hub.ask(&head(&format!("accept: {TAXII}\r\ncontent-length: 2\r\n")), b"{}"), 415);
    is_error("a page", &hub.ask(&hub.head("GET", "objects/", "accept: text/html\r\n"), b""), 406);
    is_error(
        "too large, said before",
        &hub.ask(&head(&format!("accept: {TAXII}\r\ncontent-type: {TAXII}\r\ncontent-length: 70000000\r\n")), b""),
        413,
    );
    for query in [
        "limit=0",
        "limit=-1",
        "limit=1.5",
        "limit=",
        "added_after=1",
        "next=x",
        "match[version]=all,first",
        "match[id]=%ff",
        "match[type]=a,,b",
        "limit=1&limit=1",
    ] {
        is_error(query, &hub.get(&format!("objects/?{query}")), 400);
    }
    // A limit beyond any page is no fault: fewer may be given.
    assert_eq!(hub.get("objects/?limit=99999999999999999999").0, 200);
    hub.serves();
}

#[test]
fn bodies_without_end_are_cut_and_memory_is_bounded() {
    let hub = Hub::start();
    hub.serves();
    // Eight at once, each of 60 MB that is JSON to the last byte, and says nothing.
    std::thread::scope(|scope| {
        for n in 0..8 {
            let hub = &hub;
            scope.spawn(move || {
                let filler = if n % 2 == 0 { "[1]," } else { "[[[[" };
                let body = format!(r#"{{"objects":[{}{{}}]}}"#, filler.repeat(15_000_000));
                let said = hub.post(body.as_bytes());
                // none: a body that found no room was met by a closed door, and the answer was lost with it
                assert!(matches!(said.0, 0 | 422 | 503), "{} {:.200}", said.0, said.1);
            });
        }
        hub.serves();
    });
    // In pieces, beyond the limit: nobody said how much there would be.
    let mut stream = hub.connect();
    let more = format!("accept: {TAXII}\r\ncontent-type: {TAXII}\r\ntransfer-encoding: chunked\r\n");
    stream.write_all(hub.head("POST", "objects/", &more).as_bytes()).unwrap();
    let piece = [format!("{:x}\r\n", 1 << 20).into_bytes(), vec![b' '; 1 << 20], b"\r\n".to_vec()].concat();
    for _ in 0..70 {
        if stream.write_all(&piece).is_err() {
            break;
        }
    }
    let said = answer(&mut stream);
    // Where the rest of the body met a closed door the answer may be lost with it.
    assert!(matches!(said.0, 413 | 0), "{} {}", said.0, said.1);
    hub.serves();
    let most = hub.most_memory();
    println!("at most {most} MiB");
    assert!(most < MEMORY_MAX_MIB, "{most} MiB");
}

/// Four bodies of the largest size at once, what is read out of them, and the hub itself.
const MEMORY_MAX_MIB: u64 = 1_500;

#[test]
fn slow_clients_and_readers_that_do_not_read_hold_up_nobody() {
    let hub = Hub::start();
    let file = hub.world.write("many.json", bundle(0, 5_000));
    assert_eq!(hub.world.import(&file, &["--collection", hub.path.split('/').nth(4).unwrap()])["accepted"], 5_000);
    let begun = Instant::now();
    // Heads that do not end, one byte now and then.
    let mut heads: Vec<TcpStream> = (0..60).map(|_| hub.connect()).collect();
    for stream in &mut heads {
        stream.write_all(b"GET /taxii2/ HTTP/1.1\r\nhost: hub\r\nx-slow: ").unwrap();
    }
    // A body that does not come.
    let mut body = hub.connect();
    body.write_all(
        hub.head("POST", "objects/", &format!("accept: {TAXII}\r\ncontent-type: {TAXII}\r\ncontent-length: 1000\r\n"))
            .as_bytes(),
    )
    .unwrap();
    body.write_all(b"{\"objects\":[").unwrap();
    // Pages that nobody takes.
    let mut readers: Vec<TcpStream> = (0..60).map(|_| hub.connect()).collect();
    for stream in &mut readers {
        stream.write_all(hub.head("GET", "objects/?limit=5000", &format!("accept: {TAXII}\r\n")).as_bytes()).unwrap();
    }
    while begun.elapsed() < Duration::from_secs(26) {
        for stream in &mut heads {
            drop(stream.write_all(b"a"));
        }
        hub.serves();
        std::thread::sleep(Duration::from_secs(2));
    }
    for stream in &mut heads {
        let mut rest = [0; 64];
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let ended = stream.read(&mut rest);
        assert!(
            !matches!(&ended, Err(e) if matches!(e.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut)),
            "a head may take for ever"
        );
    }
    is_error("a body that does not come", &answer(&mut body), 408);
    assert!(begun.elapsed() < Duration::from_secs(58), "{:?}", begun.elapsed());
    drop(readers);
    let most = hub.most_memory();
    println!("at most {most} MiB");
    assert!(most < MEMORY_MAX_MIB, "{most} MiB");
    hub.serves();
}
