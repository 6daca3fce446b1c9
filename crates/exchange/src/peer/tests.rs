//! Rounds with a peer that pages in the ways that servers do, breaks off, forgets its `next`, or does not come to an end.

use super::sync::{Done, Page, Trouble, Wanted, Wire, sync};
use super::*;
use crate::NewCollection;
use ledger::testkit::{self, TestStore};
use partners::{NewPerson, Role, agreement::Agreement};
use std::sync::Arc;
use stix::Tlp;

/// How a server says that there is more.
#[derive(Clone, Copy, PartialEq)]
enum Paging {
    /// `more` and `next`.
    Next,
    /// `more` alone: the client goes on from the last date.
    Date,
    /// `more` for ever, with the same `next`.
    Stuck,
}

/// A peer with so many objects, `per` of a page, all dates distinct unless `tied`.
struct Server {
    objects: Vec<String>,
    per: usize,
    paging: Paging,
    tied: bool,
    /// Fails at these requests, counted from 1.
    fails: Vec<(usize, Trouble)>,
    requests: usize,
    given: Vec<String>,
}

fn date(n: usize) -> String {
    Micros(testkit::START.0 + n as i64).to_string()
}

fn tool(n: usize) -> String {
    format!(
        r#"{{"type":"tool","spec_version":"2.1","id":"tool--00000000-0000-4000-8000-{n:012}","created":"2020-01-01T00:00:00.000Z","modified":"2020-01-01T00:00:01.000Z","name":"t{n}"}}"#
    )
}

impl Server {
    fn new(objects: usize, per: usize, paging: Paging) -> Server {
        let objects = (0..objects).map(tool).collect();
        Server { objects, per, paging, tied: false, fails: Vec::new(), requests: 0, given: Vec::new() }
    }

    fn fail(&mut self) -> std::result::Result<(), Trouble> {
        self.requests += 1;
        match self.fails.iter().find(|(at, _)| *at == self.requests) {
            Some((_, trouble)) => Err(trouble.clone()),
            None => Ok(()),
        }
    }

    fn date(&self, n: usize) -> String {
        date(if self.tied { n / 2 } else { n })
    }
}

impl Wire for Server {
    fn get(&mut self, wanted: &Wanted<'_>) -> std::result::Result<Page, Trouble> {
        self.fail()?;
        let shown: Vec<usize> = (0..self.objects.len()).filter(|n| self.date(*n).as_str() > wanted.after).collect();
        let from: usize = if wanted.next.is_empty() { 0 } else { wanted.next.parse().unwrap() };
        let page: Vec<usize> = shown.iter().copied().skip(from).take(self.per).collect();
        let more = from + page.len() < shown.len() || self.paging == Paging::Stuck;
        let next = match (more, self.paging) {
            (false, _) => String::new(),
            (true, Paging::Date) => r#""more":true,"#.to_owned(),
            (true, Paging::Next) => format!(r#""more":true,"next":"{}","#, from + page.len()),
            (true, Paging::Stuck) => r#""more":true,"next":"7","#.to_owned(),
        };
        let objects: Vec<&str> = page.iter().map(|n| self.objects[*n].as_str()).collect();
        let body = format!(r#"{{{next}"objects":[{}]}}"#, objects.join(","));
        Ok(Page { body: body.into_bytes(), last: page.last().map(|n| self.date(*n)) })
    }

    fn give(&mut self, envelope: &[u8]) -> std::result::Result<Vec<u8>, Trouble> {
        self.fail()?;
        let envelope: serde_json::Value = serde_json::from_slice(envelope).unwrap();
        let ids: Vec<String> = envelope["objects"].as_array().unwrap().iter().map(|o| o["id"].as_str().unwrap().to_owned()).collect();
        let failures = ids.iter().filter(|id| id.ends_with('3')).map(|id| format!(r#"{{"id":"{id}","version":"v","message":"no"}}"#));
        let failures: Vec<String> = failures.collect();
        let good = ids.len() - failures.len();
        self.given.extend(ids);
        Ok(format!(r#"{{"id":"s","status":"pending","success_count":{good},"failures":[{}]}}"#, failures.join(",")).into_bytes())
    }

    fn status(&mut self, _: &str) -> std::result::Result<Vec<u8>, Trouble> {
        self.requests += 1;
        let failed = self.given.iter().filter(|id| id.ends_with('3')).count();
        let failures: Vec<String> = (0..failed).map(|n| format!(r#"{{"id":"tool--{n}","version":"v","message":"no"}}"#)).collect();
        Ok(format!(
            r#"{{"id":"s","status":"complete","success_count":{},"failures":[{}]}}"#,
            self.given.len() - failed,
            failures.join(",")
        )
        .into_bytes())
    }
}

fn open(store: &TestStore) -> Ledger {
    let ledger = store.open(vec![Arc::new(partners::Partners), Arc::new(crate::Exchange::default())]);
    ledger.catch_up().unwrap();
    ledger
}

fn peer(ledger: &Ledger) -> Peer {
    let new = NewPeer {
        name: "north",
        url: "https://hub.example/taxii2/default/collections/91a7b528-80eb-42ed-a74d-c6fbd5a26116/",
        way: Way::Pull,
        collection: "default",
        account: "",
        login: "us",
        secret: Some("a password"),
        authority: "",
    };
    add(ledger, &new).unwrap();
    assert_eq!(secret(ledger, "north").unwrap().as_deref(), Some("a password"));
    ledger.read(|tx| must(tx, "north")).unwrap()
}

fn round(ledger: &Ledger, server: &mut Server) -> Done {
    let mut peer = ledger.read(|tx| must(tx, "north")).unwrap();
    sync(ledger, &mut peer, server, &mut |_| {}).unwrap()
}

fn held(ledger: &Ledger) -> usize {
    let sql = "SELECT count(*) FROM @listing";
    ledger.read(|tx| tx.one(sql, &[], |r| r.int(0))).unwrap().unwrap() as usize
}

#[test]
fn every_object_arrives_once_however_the_peer_pages() {
    for store in testkit::engines() {
        let ledger = open(&store);
        peer(&ledger);
        let mut server = Server::new(23, 5, Paging::Next);
        let first = round(&ledger, &mut server);
        assert_eq!((first.pages, first.accepted, first.trouble), (5, 23, None), "{}", store.engine);
        // With nothing new the last object comes again, and is unchanged.
        let second = round(&ledger, &mut server);
        assert_eq!((second.pages, second.accepted, second.unchanged), (1, 0, 1));
        // Objects that share their date with the last one, as many servers give them, are not lost.
        server.objects.extend((23..31).map(tool));
        server.paging = Paging::Date;
        let third = round(&ledger, &mut server);
        assert_eq!((third.accepted, third.trouble, held(&ledger)), (8, None, 31));
    }
}

#[test]
fn shared_dates_lose_nothing() {
    let store = testkit::sqlite();
    let ledger = open(&store);
    peer(&ledger);
    let mut server = Server::new(3, 5, Paging::Next);
    server.tied = true;
    assert_eq!(round(&ledger, &mut server).accepted, 3);
    server.objects.push(tool(3)); // with the same date as the third
    assert_eq!((round(&ledger, &mut server).accepted, held(&ledger)), (1, 4));
}

#[test]
fn a_round_that_broke_off_goes_on_where_it_was() {
    let store = testkit::sqlite();
    let ledger = open(&store);
    peer(&ledger);
    let mut server = Server::new(23, 5, Paging::Next);
    server.fails = vec![(3, Trouble::Lost("no answer".into())), (4, Trouble::Wait(90)), (5, Trouble::Status(400, String::new()))];
    let broken = round(&ledger, &mut server);
    assert_eq!((broken.accepted, broken.trouble.as_deref()), (10, Some("no answer")));
    let state = |ledger: &Ledger| ledger.read(|tx| must(tx, "north")).unwrap().state;
    assert_eq!((state(&ledger).failures, state(&ledger).retry), (1, Micros(testkit::START.0 + 30_000_000)));
    round(&ledger, &mut server);
    assert_eq!((state(&ledger).failures, state(&ledger).retry), (2, Micros(testkit::START.0 + 90_000_000)));
    // The peer has forgotten its `next`: the round begins anew, and what came is unchanged.
    let again = round(&ledger, &mut server);
    assert_eq!((again.accepted, again.unchanged, held(&ledger)), (13, 10, 23));
    assert_eq!((state(&ledger).failures, state(&ledger).error.as_str(), state(&ledger).passed), (0, "", 33));
}

#[test]
fn a_peer_that_does_not_come_to_an_end_is_left() {
    let store = testkit::sqlite();
    let ledger = open(&store);
    peer(&ledger);
    let mut server = Server::new(8, 8, Paging::Stuck);
    assert_eq!(round(&ledger, &mut server).trouble.as_deref(), Some("the peer says that there is more, and does not go on"));
    assert!(server.requests < 5, "{}", server.requests);
}

#[test]
fn why_something_did_not_arrive() {
    let store = testkit::sqlite();
    let ledger = open(&store);
    let peer = peer(&ledger);
    let mut server = Server::new(2, 5, Paging::Next);
    server.objects[1] = tool(1).replace("\"modified\":\"2020", "\"modified\":\"2019");
    let done = round(&ledger, &mut server);
    assert_eq!((done.accepted, done.refused), (1, 1));
    let why = |n: usize| ledger.read(|tx| why(tx, &peer, &format!("tool--00000000-0000-4000-8000-{n:012}"))).unwrap();
    assert_eq!(why(0).held, [("2020-01-01T00:00:01.000Z".to_owned(), testkit::START)]);
    let rules: Vec<String> = why(1).refused.into_iter().map(|r| r.rule).collect();
    assert_eq!(rules, ["modified-before-created"]);
    assert_eq!(why(2), Why { held: Vec::new(), refused: Vec::new(), review: Vec::new() });
}

#[test]
fn a_push_gives_what_the_account_may_see() {
    for store in testkit::engines() {
        let ledger = open(&store);
        let hashed = partners::person::hash("correct horse", &ledger::SeededEntropy::new(9)).unwrap();
        let id = ledger
            .write(|tx| {
                let new = NewPerson { name: "north", org: "no", role: Role::Partner, clearance: Some(Tlp::Red) };
                partners::add_person(tx, &new, &hashed)?;
                let new = NewCollection { title: "Out", id: None, root: None, tlp: Some(Tlp::Clear), read: &["no".into()], write: &[] };
                collection::add(tx, &new)
            })
            .unwrap();
        ledger.catch_up().unwrap();
        let mark = r#","object_marking_refs":["marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421"]}"#;
        let objects: Vec<String> = (0..8).map(|n| if n % 2 == 0 { tool(n) } else { tool(n).replace('}', mark) }).collect();
        let bundle = format!(r#"{{"objects":[{}]}}"#, objects.join(","));
        let origin = crate::Origin { file: "f", collection: &id, source: "s", tlp: None, by: "b", sees: crate::admit::Sees::All, hops: None };
        crate::import_stix(&ledger, bundle.as_bytes(), &origin).unwrap();
        ledger.catch_up().unwrap();
        let url = "https://hub.example/taxii2/default/collections/91a7b528-80eb-42ed-a74d-c6fbd5a26116/";
        let new = NewPeer { name: "north", url, way: Way::Push, collection: &id, account: "north", login: "", secret: None, authority: "" };
        add(&ledger, &new).unwrap();
        let mut server = Server::new(0, 5, Paging::Next);
        let done = round(&ledger, &mut server);
        assert_eq!((done.objects, done.refused, done.trouble), (4, 0, None), "{}: what is CLEAR", store.engine);
        assert_eq!(round(&ledger, &mut server).objects, 0, "once");
        // An agreement lets it have more: that is newly added to its view, and goes.
        let agreement = Agreement::plain("2026-01-01".parse().unwrap(), None, Tlp::Amber);
        ledger.write(|tx| partners::org::add_agreement(tx, "no", &agreement, None)).unwrap();
        ledger.catch_up().unwrap();
        let done = round(&ledger, &mut server);
        assert_eq!((done.objects, done.refused), (4, 1), "{}", store.engine);
        assert_eq!(server.given.len(), 8);
    }
}

#[test]
fn addresses() {
    #[track_caller]
    fn check(url: &str, fine: bool) {
        assert_eq!(check_url(url).is_ok(), fine, "{url}");
    }
    check("https://hub.example/taxii2/default/collections/x/", true);
    check("https://hub.example:8443/api/collections/x/", true);
    check("http://127.0.0.1:9000/api/collections/x/", true);
    check("http://hub.example/api/collections/x/", false);
    check("http://127.0.0.1.evil.example/api/collections/x/", false);
    check("https://user:pass@hub.example/api/collections/x/", false);
    check("https://hub.example/api/collections/x", false);
    check("https://hub.example/api/collections/x/?a=b/", false);
    check("https:///api/collections/x/", false);
    check("file:///api/collections/x/", false);
    check("hub.example/api/collections/x/", false);
    check("https://hub.example/api/collections/x y/", false);
}
