//! The exchange with peers while `serve` runs: each peer when its time has come, as a job with a lease, so that of several nodes over one
//! store exactly one asks. What is wrong with a peer stands with the peer (`peer list`), never with the job.
use super::PAUSE;
use exchange::peer::sync::{self, Wire};
use exchange::peer::{self, Peer};
use ledger::jobs::{self, Claim};
use ledger::{Ledger, Micros, Result};
use server::egress::Egress;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const KIND: &str = "peer";
/// Renewed after each page; a worker that is gone for longer has lost the job.
const LEASE_US: i64 = 10 * 60 * 1_000_000;

/// How a peer is reached; a test reaches none.
pub(crate) type Reach<'a> = &'a dyn Fn(&Ledger, &Peer) -> Result<Box<dyn Wire>>;

/// Exchanges until `stop` is set.
pub(crate) fn work(ledger: &Ledger, stop: &AtomicBool) {
    let reach: Reach<'_> = &|ledger, peer| Ok(Box::new(Egress::to(ledger, peer)?));
    let mut waited = PAUSE;
    while !stop.load(Ordering::Relaxed) {
        if waited >= PAUSE {
            waited = Duration::ZERO;
            if let Err(e) = round(ledger, reach, stop) {
                tracing::error!(error = %e, "the exchange with peers failed; it is tried again");
            }
        }
        std::thread::sleep(Duration::from_millis(200));
        waited += Duration::from_millis(200);
    }
}

/// Asks for what is due and does it, one peer after the other.
pub(crate) fn round(ledger: &Ledger, reach: Reach<'_>, stop: &AtomicBool) -> Result<()> {
    let now = ledger.env().clock.now();
    let due: Vec<Peer> = ledger.read(peer::all)?.into_iter().filter(|peer| peer::due(peer, now)).collect();
    if !due.is_empty() {
        ledger.write(|tx| {
            jobs::sweep(tx, KIND, Micros(now.0 - Micros::DAY))?;
            for peer in &due {
                // One job for each turn of each peer: a second node that sees the same state asks for the same job.
                let turn = peer.state.tried.unwrap_or_default();
                jobs::enqueue(
                    tx,
                    &format!("{KIND}/{}/{turn}", peer.name),
                    KIND,
                    &serde_json::json!(peer.name).to_string(),
                    now,
                )?;
            }
            Ok(())
        })?;
    }
    while !stop.load(Ordering::Relaxed)
        && let Some(claim) =
            ledger.write(|tx| jobs::claim(tx, KIND, ledger.hub(), ledger.env().clock.now(), LEASE_US))?
    {
        let outcome = one(ledger, reach, stop, &claim);
        let failed = outcome.as_ref().err().map(ToString::to_string);
        ledger.write(|tx| jobs::finish(tx, &claim, failed.as_deref().map_or(Ok(()), Err)))?;
        outcome?;
    }
    Ok(())
}

fn one(ledger: &Ledger, reach: Reach<'_>, stop: &AtomicBool, claim: &Claim) -> Result<()> {
    let name: String = serde_json::from_str(&claim.args).unwrap_or_default();
    let found = ledger.read(peer::all)?.into_iter().find(|peer| peer.name == name);
    // Removed, or exchanged with by hand since: its next turn is another job.
    let Some(mut peer) = found.filter(|peer| peer::due(peer, ledger.env().clock.now())) else { return Ok(()) };
    let mut wire = match reach(ledger, &peer) {
        Ok(wire) => wire,
        Err(error) => return ledger.write(|tx| peer::unusable(tx, &mut peer, &error)),
    };
    let done = sync::sync(ledger, &mut peer, &mut *wire, &mut |_| {
        let renewed = ledger.write(|tx| jobs::renew(tx, claim, LEASE_US));
        !stop.load(Ordering::Relaxed) && renewed.unwrap_or(false)
    })?;
    match &done.trouble {
        Some(trouble) => tracing::warn!(peer = %peer.name, %trouble, "an exchange did not come to its end"),
        None => tracing::info!(peer = %peer.name, objects = done.objects, refused = done.refused, "exchanged"),
    }
    ledger.catch_up().map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use exchange::peer::sync::{Page, Trouble, Wanted};
    use exchange::peer::{NewPeer, Way};
    use ledger::testkit::{self, TestStore};
    use std::cell::Cell;
    use std::rc::Rc;

    /// A peer with one object, which may be away; counts how often it is asked.
    struct Far {
        asked: Rc<Cell<usize>>,
        away: Rc<Cell<bool>>,
        modified: &'static str,
    }

    impl Wire for Far {
        fn get(&mut self, _: &Wanted<'_>) -> std::result::Result<Page, Trouble> {
            self.asked.set(self.asked.get() + 1);
            if self.away.get() {
                return Err(Trouble::Lost("no answer".to_owned()));
            }
            let object = r#"{"type":"tool","spec_version":"2.1","id":"tool--00000000-0000-4000-8000-000000000001","created":"2020-01-01T00:00:00.000Z","modified":"AT","name":"t"}"#;
            let body = format!("{{\"objects\":[{}]}}", object.replace("AT", self.modified));
            Ok(Page { body: body.into_bytes(), last: Some("2020-01-02T00:00:00.000000Z".to_owned()) })
        }
        fn give(&mut self, _: &[u8]) -> std::result::Result<Vec<u8>, Trouble> {
            Err(Trouble::Lost("nothing is given".to_owned()))
        }
        fn status(&mut self, _: &str) -> std::result::Result<Vec<u8>, Trouble> {
            Err(Trouble::Lost("nothing is given".to_owned()))
        }
        fn held(&mut self, _: &[&str]) -> std::result::Result<Vec<(String, String)>, Trouble> {
            Ok(Vec::new())
        }
    }

    struct Story {
        store: TestStore,
        ledger: Ledger,
        asked: Rc<Cell<usize>>,
        away: Rc<Cell<bool>>,
        modified: Rc<Cell<&'static str>>,
    }

    impl Story {
        fn new(store: TestStore, minutes: i64) -> Story {
            let ledger = store.open(server::stages());
            ledger.catch_up().unwrap();
            let new = NewPeer {
                name: "north",
                url: "https://hub.example/taxii2/default/collections/x/",
                way: Way::Pull,
                collection: "default",
                account: "",
                login: "",
                secret: None,
                authority: "",
                period: minutes * 60_000_000,
                mends: false,
            };
            peer::add(&ledger, &new).unwrap();
            let modified = Rc::new(Cell::new("2020-01-01T00:00:00.000Z"));
            Story { store, ledger, asked: Rc::default(), away: Rc::default(), modified }
        }

        /// A round at so many seconds after the start; gives how often the peer was asked in it.
        fn at(&self, seconds: i64) -> usize {
            self.store.clock.set(Micros(testkit::START.0 + seconds * 1_000_000));
            let before = self.asked.get();
            let reach: Reach<'_> = &|_, _| {
                Ok(Box::new(Far {
                    asked: Rc::clone(&self.asked),
                    away: Rc::clone(&self.away),
                    modified: self.modified.get(),
                }))
            };
            round(&self.ledger, reach, &AtomicBool::new(false)).unwrap();
            self.asked.get() - before
        }

        fn peer(&self) -> Peer {
            self.ledger.read(|tx| peer::must(tx, "north")).unwrap()
        }
    }

    #[test]
    fn a_peer_is_asked_when_its_time_has_come() {
        for store in testkit::engines() {
            let story = Story::new(store, 15);
            let asked: Vec<usize> = [0, 20, 899, 900, 920, 1799, 1800].into_iter().map(|at| story.at(at)).collect();
            assert_eq!(asked, [1, 0, 0, 1, 0, 0, 1], "{}", story.store.engine);
            assert_eq!(story.peer().state.passed, 3);
            // A day later what was done is forgotten, and the list of jobs does not grow.
            story.at(3 * 86_400);
            assert_eq!(story.ledger.read(jobs::list).unwrap().len(), 1);
        }
    }

    #[test]
    fn by_hand_alone_means_never_by_itself() {
        let story = Story::new(testkit::sqlite(), 0);
        assert_eq!((story.at(0), story.at(86_400 * 30)), (0, 0));
    }

    #[test]
    fn a_peer_that_is_away_is_asked_ever_less_often_and_soon_again_once_it_is_back() {
        let story = Story::new(testkit::sqlite(), 15);
        story.away.set(true);
        let tries: usize = (0..6 * 3600 / 20).map(|n| story.at(n * 20)).sum();
        // 30 s, 1, 2, 4, … 32 minutes, then each hour, and up to a quarter more each time.
        assert!((9..=13).contains(&tries), "{tries}");
        let state = story.peer().state;
        assert_eq!((state.error.as_str(), state.failures), ("no answer", i64::try_from(tries).unwrap()));
        let retry = (state.retry.0 - testkit::START.0) / 1_000_000;
        story.away.set(false);
        assert_eq!((story.at(retry - 1), story.at(retry + 1)), (0, 1));
        assert_eq!((story.peer().state.failures, story.peer().state.error.as_str()), (0, ""));
    }

    #[test]
    fn a_peer_in_quarantine_is_left_alone() {
        let story = Story::new(testkit::sqlite(), 15);
        story.modified.set("2999-01-01T00:00:00.000Z");
        assert_eq!(story.at(0), 1);
        assert!(story.peer().state.quarantine.contains("future"), "{}", story.peer().state.quarantine);
        assert_eq!((1..1000).map(|n| story.at(n * 3600)).sum::<usize>(), 0);
    }

    #[test]
    fn of_two_nodes_one_asks() {
        let story = Story::new(testkit::sqlite(), 15);
        story.ledger.write(|tx| jobs::enqueue(tx, "peer/north/x", KIND, "\"north\"", testkit::START)).unwrap();
        // Another node holds the job of this turn: what it has not given back within its lease is taken over.
        let turn = format!("{KIND}/north/{}", Micros::default());
        story.ledger.write(|tx| jobs::enqueue(tx, &turn, KIND, "\"north\"", testkit::START)).unwrap();
        let claims = [(); 2]
            .map(|()| story.ledger.write(|tx| jobs::claim(tx, KIND, "b", testkit::START, LEASE_US)).unwrap().unwrap());
        assert_eq!((story.at(0), story.at(599)), (0, 0));
        assert_eq!(story.at(601), 1, "the second job finds that the turn is over");
        let late = story.ledger.write(|tx| jobs::renew(tx, &claims[0], LEASE_US)).unwrap();
        assert!(!late, "whoever lost the lease is told so");
    }
}
