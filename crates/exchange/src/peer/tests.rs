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
    /// `more` for ever, with the same `next` and the same page.
    Stuck,
    /// `more` for ever, with no object and ever new `next`.
    Empty,
    /// One `next` for all pages, from which each request takes: a page whose answer was lost does not come again.
    Queue,
}

/// What a server does with a page that holds an object whose id ends in 3.
#[derive(Clone, Copy, PartialEq)]
enum Taking {
    /// Says which one failed.
    Each,
    /// Turns the whole page away with this status.
    Whole(u16),
    /// Takes all there is, and then fails to say so.
    Mute,
    /// Answers nothing but this.
    Broken(u16),
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
    taking: Taking,
    /// Where the queue of `next` stands.
    queue: usize,
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
        Server {
            objects,
            per,
            paging,
            tied: false,
            fails: Vec::new(),
            requests: 0,
            given: Vec::new(),
            taking: Taking::Each,
            queue: 0,
        }
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
        let shown: Vec<usize> = (0..self.objects.len()).filter(|n| self.date(*n).as_str() > wanted.after).collect();
        let from: usize = match (wanted.next, self.paging) {
            ("", _) => 0,
            ("queue", Paging::Queue) => self.queue,
            (next, _) => next.parse().unwrap(),
        };
        self.queue = from + self.per;
        self.fail()?;
        let page: Vec<usize> = shown.iter().copied().skip(from).take(self.per).collect();
        let more = from + page.len() < shown.len() || matches!(self.paging, Paging::Stuck | Paging::Empty);
        let next = match (more, self.paging) {
            (false, _) => String::new(),
            (true, Paging::Date) => r#""more":true,"#.to_owned(),
            (true, Paging::Next) => format!(r#""more":true,"next":"{}","#, from + page.len()),
            (true, Paging::Queue) => r#""more":true,"next":"queue","#.to_owned(),
            (true, Paging::Empty) => format!(r#""more":true,"next":"{}","#, 1_000 + self.requests),
            (true, Paging::Stuck) => r#""more":true,"next":"7","#.to_owned(),
        };
        let objects: Vec<&str> = page.iter().map(|n| self.objects[*n].as_str()).collect();
        let body = format!(r#"{{{next}"objects":[{}]}}"#, objects.join(","));
        Ok(Page { body: body.into_bytes(), last: page.last().map(|n| self.date(*n)) })
    }

    fn give(&mut self, envelope: &[u8]) -> std::result::Result<Vec<u8>, Trouble> {
        self.fail()?;
        let envelope: serde_json::Value = serde_json::from_slice(envelope).unwrap();
        let ids: Vec<String> =
            envelope["objects"].as_array().unwrap().iter().map(|o| o["id"].as_str().unwrap().to_owned()).collect();
        match self.taking {
            Taking::Broken(status) => return Err(Trouble::Status(status, "no".into())),
            Taking::Whole(status) if ids.iter().any(|id| id.ends_with('3')) => {
                return Err(Trouble::Status(status, "no".into()));
            }
            Taking::Mute => {
                self.given.extend(ids);
                return Err(Trouble::Status(500, String::new()));
            }
            Taking::Each | Taking::Whole(_) => {}
        }
        let failures = ids
            .iter()
            .filter(|id| id.ends_with('3'))
            .map(|id| format!(r#"{{"id":"{id}","version":"v","message":"no"}}"#));
        let failures: Vec<String> = failures.collect();
        let good = ids.len() - failures.len();
        self.given.extend(ids);
        Ok(format!(r#"{{"id":"s","status":"pending","success_count":{good},"failures":[{}]}}"#, failures.join(","))
            .into_bytes())
    }

    fn status(&mut self, _: &str) -> std::result::Result<Vec<u8>, Trouble> {
        self.requests += 1;
        let failed = self.given.iter().filter(|id| id.ends_with('3')).count();
        let failures: Vec<String> =
            (0..failed).map(|n| format!(r#"{{"id":"tool--{n}","version":"v","message":"no"}}"#)).collect();
        Ok(format!(
            r#"{{"id":"s","status":"complete","success_count":{},"failures":[{}]}}"#,
            self.given.len() - failed,
            failures.join(",")
        )
        .into_bytes())
    }

    fn held(&mut self, ids: &[&str]) -> std::result::Result<Vec<(String, String)>, Trouble> {
        if let Taking::Broken(status @ 500..) = self.taking {
            return Err(Trouble::Status(status, String::new()));
        }
        // The same instant, as some write it.
        let shown = |id: &&str| {
            matches!(self.taking, Taking::Mute | Taking::Whole(_)) && self.given.iter().any(|given| given == id)
        };
        Ok(ids
            .iter()
            .filter(|id| shown(id))
            .map(|id| ((*id).to_owned(), "2020-01-01T00:00:01.000000Z".to_owned()))
            .collect())
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
        period: PERIOD,
        mends: false,
    };
    add(ledger, &new).unwrap();
    assert_eq!(secret(ledger, "north").unwrap().as_deref(), Some("a password"));
    ledger.read(|tx| must(tx, "north")).unwrap()
}

fn round(ledger: &Ledger, server: &mut Server) -> Done {
    let mut peer = ledger.read(|tx| must(tx, "north")).unwrap();
    sync(ledger, &mut peer, server, &mut |_| true).unwrap()
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
    server.fails =
        vec![(3, Trouble::Lost("no answer".into())), (4, Trouble::Wait(90)), (6, Trouble::Status(400, String::new()))];
    let broken = round(&ledger, &mut server);
    assert_eq!((broken.accepted, broken.trouble.as_deref()), (10, Some("no answer")));
    let state = |ledger: &Ledger| ledger.read(|tx| must(tx, "north")).unwrap().state;
    // The pause: at least so many seconds, and up to a quarter more.
    let paused = |ledger: &Ledger, seconds: i64| {
        let pause = state(ledger).retry.0 - testkit::START.0;
        assert!((seconds * 1_000_000..=seconds * 1_250_000).contains(&pause), "{pause}");
    };
    assert_eq!(state(&ledger).failures, 1);
    paused(&ledger, 30);
    round(&ledger, &mut server);
    assert_eq!(state(&ledger).failures, 2);
    paused(&ledger, 90);
    // The round goes on from the last date: only what had that date comes again. The peer forgets its `next` on the way, too.
    let again = round(&ledger, &mut server);
    assert_eq!((again.accepted, again.unchanged, held(&ledger)), (13, 2, 23));
    assert_eq!((state(&ledger).failures, state(&ledger).error.as_str(), state(&ledger).passed), (0, "", 25));
    // Who only asked to wait is asked for the same page again.
    let mut server = Server::new(43, 5, Paging::Next);
    server.fails = vec![(3, Trouble::Wait(90))];
    assert_eq!(round(&ledger, &mut server).accepted, 9, "two pages, with one object that came before");
    assert_eq!((round(&ledger, &mut server).unchanged, held(&ledger)), (0, 43));
}

#[test]
fn a_page_that_was_lost_comes_again_from_a_server_that_hands_out_each_page_once() {
    for fails in
        [Vec::new(), vec![(3, Trouble::Lost("no answer".into()))], vec![(2, Trouble::Status(500, String::new()))]]
    {
        let store = testkit::sqlite();
        let ledger = open(&store);
        peer(&ledger);
        let mut server = Server::new(23, 5, Paging::Queue);
        let broken = !fails.is_empty();
        server.fails = fails;
        let first = round(&ledger, &mut server);
        assert_eq!(first.trouble.is_some(), broken, "{first:?}");
        if broken {
            assert_eq!(round(&ledger, &mut server).trouble, None);
        }
        assert_eq!(held(&ledger), 23);
    }
}

#[test]
fn a_round_that_is_broken_off_by_whoever_asked_goes_on_another_time() {
    let store = testkit::sqlite();
    let ledger = open(&store);
    let mut peer = peer(&ledger);
    let mut server = Server::new(23, 5, Paging::Next);
    let done = sync(&ledger, &mut peer, &mut server, &mut |_| false).unwrap();
    assert_eq!((done.accepted, done.trouble, peer.state.done), (5, None, None));
    let done = round(&ledger, &mut server);
    assert_eq!((done.accepted, done.unchanged, held(&ledger)), (18, 1, 23));
}

#[test]
fn a_peer_that_does_not_come_to_an_end_is_left() {
    let store = testkit::sqlite();
    let ledger = open(&store);
    peer(&ledger);
    let mut server = Server::new(8, 8, Paging::Stuck);
    assert_eq!(
        round(&ledger, &mut server).trouble.as_deref(),
        Some("the peer says that there is more, and does not go on")
    );
    assert!(server.requests < 5, "{}", server.requests);
    let mut server = Server::new(0, 8, Paging::Empty);
    assert_eq!(
        round(&ledger, &mut server).trouble.as_deref(),
        Some("the peer says that there is more, and does not go on")
    );
    assert!(server.requests < 8, "{}", server.requests);
}

fn state(ledger: &Ledger) -> State {
    ledger.read(|tx| must(tx, "north")).unwrap().state
}

#[test]
fn a_peer_with_times_in_the_future_waits_for_a_person() {
    let store = testkit::sqlite();
    let ledger = open(&store);
    peer(&ledger);
    // Objects: the good ones of the page are taken, the others refused, nothing more is asked for.
    let mut server = Server::new(12, 5, Paging::Next);
    server.objects[3] = tool(3).replace("\"modified\":\"2020", "\"modified\":\"2999");
    let done = round(&ledger, &mut server);
    assert_eq!((done.accepted, done.refused, held(&ledger), server.requests), (4, 1, 4, 1), "{done:?}");
    assert!(state(&ledger).quarantine.contains("times in the future"), "{}", state(&ledger).quarantine);
    let rules = |n: usize| {
        let id = format!("tool--00000000-0000-4000-8000-{n:012}");
        let peer = ledger.read(|tx| must(tx, "north")).unwrap();
        ledger.read(|tx| why(tx, &peer, &id)).unwrap().refused.into_iter().map(|r| r.rule).collect::<Vec<_>>()
    };
    assert_eq!(rules(3), ["time-in-future"]);
    let known = ledger.read(|tx| must(tx, "north")).unwrap();
    assert!(!due(&known, Micros(testkit::START.0 + 400 * Micros::DAY)), "no server goes on by itself");
    // A person has looked: it goes on behind that page, and is well again.
    let done = round(&ledger, &mut server);
    assert_eq!((done.accepted, done.trouble, held(&ledger)), (7, None, 11));
    assert_eq!(state(&ledger).quarantine, "");
    // Dates of the server itself: nothing of the page is taken, and they are not gone on from.
    struct Ahead(Server);
    impl Wire for Ahead {
        fn get(&mut self, wanted: &Wanted<'_>) -> std::result::Result<Page, Trouble> {
            self.0.get(wanted).map(|page| Page { last: Some("2999-01-01T00:00:00.000000Z".to_owned()), ..page })
        }
        fn give(&mut self, envelope: &[u8]) -> std::result::Result<Vec<u8>, Trouble> {
            self.0.give(envelope)
        }
        fn status(&mut self, id: &str) -> std::result::Result<Vec<u8>, Trouble> {
            self.0.status(id)
        }
        fn held(&mut self, ids: &[&str]) -> std::result::Result<Vec<(String, String)>, Trouble> {
            self.0.held(ids)
        }
    }
    let reached = state(&ledger).reached;
    let mut ahead = Ahead(Server::new(20, 50, Paging::Next));
    let mut known = ledger.read(|tx| must(tx, "north")).unwrap();
    let done = sync(&ledger, &mut known, &mut ahead, &mut |_| true).unwrap();
    assert_eq!((done.accepted, state(&ledger).reached, held(&ledger)), (0, reached, 11));
    assert!(state(&ledger).quarantine.contains("clock"), "{}", state(&ledger).quarantine);
}

#[test]
fn a_peer_most_of_whose_objects_are_bad_waits_for_a_person() {
    let store = testkit::sqlite();
    let ledger = open(&store);
    peer(&ledger);
    let mut server = Server::new(300, 60, Paging::Next);
    for object in server.objects.iter_mut().take(40) {
        *object = object.replace("\"modified\":\"2020", "\"modified\":\"2019");
    }
    let done = round(&ledger, &mut server);
    assert_eq!((done.accepted, done.refused, server.requests), (20, 40, 1));
    assert_eq!(state(&ledger).quarantine, "40 of 60 objects were refused");
    assert_eq!(round(&ledger, &mut server).accepted, 240, "asked for again by a person, it goes on");
    assert_eq!(state(&ledger).quarantine, "");
}

#[test]
fn a_type_in_place_of_the_version_is_mended_where_the_operator_said_so() {
    let store = testkit::sqlite();
    let ledger = open(&store);
    let plain = peer(&ledger);
    let mut server = Server::new(3, 5, Paging::Next);
    for object in &mut server.objects {
        *object = object.replace("\"spec_version\":\"2.1\"", "\"spec_version\" : \"tool\"");
    }
    assert_eq!((round(&ledger, &mut server).refused, held(&ledger)), (3, 0));
    let new = NewPeer {
        name: "north",
        url: &plain.url,
        way: Way::Pull,
        collection: "default",
        account: "",
        login: "",
        secret: None,
        authority: "",
        period: 0,
        mends: true,
    };
    add(&ledger, &new).unwrap();
    // What was refused is behind us, as it would be at a server that gives each object once.
    ledger.write(|tx| tx.run("UPDATE peer SET after = '', reached = ''", &[])).unwrap();
    assert_eq!((round(&ledger, &mut server).accepted, held(&ledger)), (3, 3));
    assert_eq!(
        round(&ledger, &mut Server::new(3, 5, Paging::Next)).unchanged,
        1,
        "the last object as its producer wrote it is the same"
    );
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
    let version = "2020-01-01T00:00:01.000Z".to_owned();
    assert_eq!(why(0).held, [Version { version, since: testkit::START, way: Passage::Here }]);
    let rules: Vec<String> = why(1).refused.into_iter().map(|r| r.rule).collect();
    assert_eq!(rules, ["modified-before-created"]);
    assert_eq!(why(2), Why { held: Vec::new(), refused: Vec::new(), review: Vec::new() });
}

/// Objects in a collection, and a peer to which the account `north` pushes what it may see of them.
fn push_of(ledger: &Ledger, objects: &[String]) {
    let hashed = partners::person::hash("correct horse", &ledger::SeededEntropy::new(9)).unwrap();
    let id = ledger
        .write(|tx| {
            let new =
                NewPerson { name: "north", org: "no", role: Role::Partner, clearance: Some(Tlp::Red), until: None };
            partners::add_person(tx, &new, &hashed)?;
            let new = NewCollection {
                title: "Out",
                id: None,
                root: None,
                tlp: Some(Tlp::Clear),
                read: &["no".into()],
                write: &[],
            };
            collection::add(tx, &new)
        })
        .unwrap();
    ledger.catch_up().unwrap();
    let bundle = format!(r#"{{"objects":[{}]}}"#, objects.join(","));
    let origin = crate::Origin {
        file: "f",
        collection: &id,
        source: "s",
        tlp: None,
        by: "b",
        sees: crate::admit::Sees::All,
        hops: None,
    };
    crate::import_stix(ledger, bundle.as_bytes(), &origin).unwrap();
    ledger.catch_up().unwrap();
    let url = "https://hub.example/taxii2/default/collections/91a7b528-80eb-42ed-a74d-c6fbd5a26116/";
    let new = NewPeer {
        name: "north",
        url,
        way: Way::Push,
        collection: &id,
        account: "north",
        login: "",
        secret: None,
        authority: "",
        period: PERIOD,
        mends: false,
    };
    add(ledger, &new).unwrap();
}

#[test]
fn a_push_gives_what_the_account_may_see() {
    for store in testkit::engines() {
        let ledger = open(&store);
        let mark = r#","object_marking_refs":["marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421"]}"#;
        let objects: Vec<String> =
            (0..8).map(|n| if n % 2 == 0 { tool(n) } else { tool(n).replace('}', mark) }).collect();
        push_of(&ledger, &objects);
        let mut server = Server::new(0, 5, Paging::Next);
        let done = round(&ledger, &mut server);
        assert_eq!((done.objects, done.refused, done.trouble), (4, 0, None), "{}: what is CLEAR", store.engine);
        assert_eq!(round(&ledger, &mut server).objects, 0, "once");
        let way = |n: usize| {
            let peer = ledger.read(|tx| must(tx, "north")).unwrap();
            let why = ledger.read(|tx| why(tx, &peer, &format!("tool--00000000-0000-4000-8000-{n:012}"))).unwrap();
            why.held[0].way.clone()
        };
        assert!(matches!(way(0), Passage::Given(_)));
        assert_eq!(
            way(1),
            Passage::Withheld(vec![
                "TLP:AMBER is above TLP:CLEAR: no has no agreement in force on 2026-01-01 [marking]".to_owned()
            ])
        );
        // An agreement lets it have more: that is newly added to its view, and goes.
        let agreement = Agreement::plain("2026-01-01".parse().unwrap(), None, Tlp::Amber);
        ledger.write(|tx| partners::org::add_agreement(tx, "no", &agreement, None)).unwrap();
        ledger.catch_up().unwrap();
        assert_eq!(way(1), Passage::Next);
        let done = round(&ledger, &mut server);
        assert!(matches!(way(1), Passage::Given(_)));
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

/// A push of eight objects to a server that deals with pages so; gives what each round did, and what arrived.
fn pushed(taking: Taking, rounds: usize) -> (Vec<Done>, usize, State) {
    let store = testkit::sqlite();
    let ledger = open(&store);
    push_of(&ledger, &(0..18).map(tool).collect::<Vec<_>>());
    let mut server = Server::new(0, 5, Paging::Next);
    server.taking = taking;
    let done = (0..rounds).map(|_| round(&ledger, &mut server)).collect();
    let arrived: std::collections::BTreeSet<&String> = server.given.iter().collect();
    (done, arrived.len(), state(&ledger))
}

#[test]
fn one_bad_object_does_not_hold_up_the_others() {
    for status in [400, 413, 422, 500] {
        let (done, arrived, state) = pushed(Taking::Whole(status), 2);
        assert_eq!((done[0].objects, done[0].refused, arrived, &done[0].trouble), (18, 2, 16, &None), "{status}");
        assert_eq!((done[1].objects, state.passed, state.refused), (0, 16, 2), "{status}: once");
    }
}

#[test]
fn what_a_server_took_without_saying_so_is_found_in_its_manifest() {
    let (done, arrived, state) = pushed(Taking::Mute, 2);
    assert_eq!((done[0].refused, arrived, &done[0].trouble, state.passed), (0, 18, &None, 18));
    assert_eq!(done[1].objects, 0);
}

#[test]
fn a_server_that_takes_nothing_at_all_is_tried_again_with_everything() {
    for status in [500, 503, 401] {
        let (done, arrived, state) = pushed(Taking::Broken(status), 2);
        assert!(done.iter().all(|d| d.trouble.is_some() && d.objects == 0), "{status}: {done:?}");
        assert_eq!((arrived, state.sent, state.refused, state.failures), (0, Micros::default(), 0, 2), "{status}");
    }
    // Nor are all objects bad because a server turns each away.
    let (done, _, state) = pushed(Taking::Broken(422), 1);
    assert!(done[0].trouble.is_some());
    assert_eq!((state.sent, state.refused), (Micros::default(), 0));
}
