//! Kill -9 of the running server inside POST: what was acknowledged is there, nothing is doubled, and the tables are those of a rebuild.
//!
//! A thousand points take some minutes: `MAINSTAY_KILLS=1000` asks for them, and without it there are sixty.
use crate::harness::{Serving, World, bundle, with_secret};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::mpsc;
use std::time::{Duration, Instant};

const KILLS: usize = 60;
const OBJECTS: usize = 40;
/// Requests sent to each server: the kill falls into one of them.
const POSTS: usize = 4;

/// What became of a POST.
#[derive(Clone, Copy, PartialEq)]
enum Told {
    Accepted,
    /// No whole answer came: nobody may say what became of it.
    Nothing,
}

fn kills() -> usize {
    std::env::var("MAINSTAY_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(KILLS)
}

fn post(address: &str, path: &str, token: &str, body: &str) -> std::io::Result<Told> {
    let mut stream = TcpStream::connect(address)?;
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: hub\r\nauthorization: Bearer {token}\r\naccept: application/taxii+json;version=2.1\r\n\
         content-type: application/taxii+json;version=2.1\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let whole = answer.starts_with("HTTP/1.1 202 ") && answer.contains(&format!("\"success_count\":{OBJECTS}"));
    Ok(if whole { Told::Accepted } else { Told::Nothing })
}

#[test]
fn killed_inside_post_at_random_points() {
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
    let path = format!("/taxii2/default/collections/{id}/objects/");
    let mut seed = 0x5851_f42d_4c95_7f2d_u64;
    let mut random = |below: u64| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed % below
    };
    let (rounds, mut told, mut inside) = (kills(), Vec::new(), 0);
    // The time in which a server answers all of its requests, as measured on the way: the points lie within it.
    let mut span_us = 60_000;
    for round in 0..rounds {
        let mut serving = Serving::start(&world);
        let (address, begun, wait) =
            (serving.address().to_owned(), Instant::now(), Duration::from_micros(random(span_us)));
        let (send, receive) = mpsc::channel();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for n in 0..POSTS {
                    let body = bundle((round * POSTS + n) * OBJECTS, OBJECTS);
                    let one = post(&address, &path, &token, &body).unwrap_or(Told::Nothing);
                    if send.send(one).is_err() || one == Told::Nothing {
                        break;
                    }
                }
                drop(send);
            });
            std::thread::sleep(wait.saturating_sub(begun.elapsed()));
            serving.child.kill().unwrap();
            serving.child.wait().unwrap();
        });
        let answers: Vec<Told> = receive.iter().collect();
        if answers.len() == POSTS && !answers.contains(&Told::Nothing) {
            // It was faster than the kill: aim earlier.
            span_us = (span_us * 9 / 10).max(2_000);
        } else {
            inside += 1;
            span_us += span_us / 40;
        }
        told.extend((0..POSTS).map(|n| answers.get(n).copied().unwrap_or(Told::Nothing)));
        if round % 100 == 99 {
            world.ok(&["ledger", "verify"]);
        }
    }
    assert!(inside > rounds / 2, "only {inside} of {rounds} kills fell into a request");
    let acknowledged = told.iter().filter(|told| **told == Told::Accepted).count();
    println!("{rounds} kills, {inside} inside a request; {acknowledged} of {} requests were acknowledged", told.len());
    check(&world, &id, &told);
}

/// What was acknowledged is whole; all else is there as a whole or not at all, and can be given again; nothing is there twice.
fn check(world: &World, id: &str, told: &[Told]) {
    let whole = |name: &str, only: &dyn Fn(usize) -> bool| {
        let bundles: Vec<String> = (0..told.len()).filter(|n| only(*n)).map(|n| bundle(n * OBJECTS, OBJECTS)).collect();
        let objects: Vec<&str> =
            bundles.iter().map(|b| b.split_once("\"objects\":[").unwrap().1.strip_suffix("]}").unwrap()).collect();
        let all = format!(
            r#"{{"type":"bundle","id":"bundle--00000000-0000-4000-8000-000000000000","objects":[{}]}}"#,
            objects.join(",")
        );
        let report = world.import(&world.write(name, all), &["--collection", id]);
        (report["accepted"].as_u64().unwrap(), report["unchanged"].as_u64().unwrap(), (bundles.len() * OBJECTS) as u64)
    };
    let (accepted, unchanged, asked) = whole("acknowledged.json", &|n| told[n] == Told::Accepted);
    assert_eq!((accepted, unchanged), (0, asked), "something that was acknowledged is lost");
    let (accepted, unchanged, asked) = whole("open.json", &|n| told[n] == Told::Nothing);
    assert_eq!(accepted + unchanged, asked);
    // A request is one unit: of one without an answer all is there, or nothing.
    assert_eq!(unchanged % OBJECTS as u64, 0, "half of a request is there");
    let stored = told.iter().filter(|told| **told == Told::Accepted).count() as u64 + unchanged / OBJECTS as u64;
    let (accepted, unchanged, asked) = whole("all.json", &|_| true);
    assert_eq!((accepted, unchanged), (0, asked));
    // Each object stands once in the log, and each request that was stored once as received. The other entries are those of the store's
    // making, and the heads of the partner's tree, one at most for each start of the server.
    let verified = world.run(&["ledger", "verify", "--deep", "--format", "json"]);
    assert_eq!(verified.code, 0, "{}{}", verified.out, verified.err);
    let size = serde_json::from_str::<serde_json::Value>(&verified.out).unwrap()["size"].as_u64().unwrap();
    let least = asked + stored;
    let most = least + 20 + (told.len() / POSTS) as u64;
    assert!((least..most).contains(&size), "{size} entries for {asked} objects in {stored} requests");
}
