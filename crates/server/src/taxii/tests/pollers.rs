//! No poller misses an object, whoever writes beside it and whatever becomes visible meanwhile (TAXII 2.1 section 3.4: a client goes on
//! from the date it saw last). The clock of the store stands still, which is the hardest case: all ties are the hub's to break.

use super::*;
use std::collections::BTreeMap;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};

const WRITERS: u32 = 8;
const POSTS: u32 = 10;
const OBJECTS: u32 = 6;
const POLLERS: usize = 8;

/// What one poller was given: how often each object.
type Seen = BTreeMap<String, usize>;

fn number(writer: u32, post: u32, object: u32) -> u32 {
    (writer * POSTS + post) * OBJECTS + object
}

fn write(w: &World, writer: u32) {
    for post in 0..POSTS {
        let mark = |n: u32| if n.is_multiple_of(3) { AMBER } else { "" };
        let numbers = (0..OBJECTS).map(|object| number(writer, post, object));
        let said = w.post("ada", &envelope(&numbers.map(|n| tool(n, 1, mark(n), "")).collect::<Vec<_>>()));
        assert_eq!(said.status, 202, "{}", said.body);
        assert!(said.body.contains("\"failure_count\":0"), "{}", said.body);
    }
}

/// Polls as clients do: from the last date on, following `next`, until the writers are done and nothing more comes.
fn poll(w: &World, name: &str, writing: &AtomicUsize) -> Seen {
    let objects = format!("/taxii2/default/collections/{BOX}/objects/");
    let (mut seen, mut after) = (Seen::new(), String::new());
    loop {
        let last_round = writing.load(Ordering::SeqCst) == 0;
        let mut query = format!("?limit=7{after}");
        let mut any = false;
        loop {
            let said = w.get(name, &format!("{objects}{query}"));
            if said.status == 503 {
                // rights are being compiled; the answer says when to ask again
                assert!(said.headers.contains("retry-after: "), "{}", said.headers);
                continue;
            }
            assert_eq!(said.status, 200, "{}", said.body);
            for id in said.ids().split_whitespace() {
                any = true;
                *seen.entry(id.to_owned()).or_default() += 1;
            }
            if let Some(date) = said.headers.lines().find_map(|l| l.strip_prefix("x-taxii-date-added-last: ")) {
                after = format!("&added_after={date}");
            }
            if !said.body.contains("\"more\":true") {
                break;
            }
            query = query.split("&next=").next().unwrap().to_owned() + &format!("&next={}", said.next());
        }
        if last_round && !any {
            return seen;
        }
    }
}

#[test]
fn eight_writers_and_eight_pollers() {
    on_each_engine(|w| {
        let writing = AtomicUsize::new(WRITERS as usize);
        let start = Barrier::new(WRITERS as usize + POLLERS);
        let seen: Vec<(&str, Seen)> = std::thread::scope(|scope| {
            let (start, writing) = (&start, &writing);
            for writer in 0..WRITERS {
                scope.spawn(move || {
                    start.wait();
                    write(w, writer);
                    writing.fetch_sub(1, Ordering::SeqCst);
                });
            }
            let pollers: Vec<_> = (0..POLLERS)
                .map(|i| {
                    let name = if i % 2 == 0 { "fred" } else { "nell" };
                    scope.spawn(move || {
                        start.wait();
                        // Half-way a new agreement lets fred's organisation see what it could not.
                        if i == 0 {
                            let clearance = Tlp::Amber;
                            let agreement = Agreement::plain("2026-01-01".parse().unwrap(), None, clearance);
                            w.ledger().write(|tx| partners::org::add_agreement(tx, "fr", &agreement, None)).unwrap();
                            w.ledger().catch_up().unwrap();
                        }
                        (name, poll(w, name, writing))
                    })
                })
                .collect();
            pollers.into_iter().map(|p| p.join().unwrap()).collect()
        });
        let all: Vec<String> = (0..WRITERS * POSTS * OBJECTS).map(|n| format!("{n}.1")).collect();
        for (name, seen) in seen {
            let missed: Vec<&String> = all.iter().filter(|id| !seen.contains_key(*id)).collect();
            let twice: Vec<&String> = seen.iter().filter(|(_, n)| **n > 1).map(|(id, _)| id).collect();
            assert_eq!((missed, twice), (Vec::new(), Vec::new()), "{} of {} for {name}", seen.len(), all.len());
        }
        assert!(w.ledger().verify(true).unwrap().findings.is_empty());
    });
}
