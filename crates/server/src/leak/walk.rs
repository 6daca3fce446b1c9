//! Two worlds: two hubs on the same engine to which the same is done at the same clock readings with the same randomness, save for what
//! the partner fr may not see, which one has and the other has not, or has otherwise. Whatever fr asks, and whatever is sent to it, is the
//! same byte for byte. Response time is out of scope.

use ledger::Micros;
use ledger::testkit::{START, TestStore, postgres, sqlite};
use partners::sinks::{SINKS, Sink};

use super::hub::{Ask, By, COPIES, Hub, OPEN, Said};
use super::report::{Difference, Report};
use super::requests::{Dice, Met, request};
use super::steps::{self, HIDDEN, SHARED, hidden, links, shared};

/// Steps of one pair of worlds; a longer walk makes new ones.
const STEPS: u64 = 2_000;
/// What a broken handler does to an answer: the walk must find it.
type Leak = fn(&Hub, &Sink, &mut Said);

struct Walk {
    hubs: [Hub; 2],
    engine: &'static str,
    seed: u64,
    step: u64,
    at: Micros,
    dice: Dice,
    met: Met,
    report: Report,
    leak: Option<Leak>,
    /// What was done last, and whether what fr sees is looked at after each step: to find where a difference began.
    last: String,
    watched: bool,
}

impl Walk {
    fn new(stores: [TestStore; 2], seed: u64, leak: Option<Leak>) -> Walk {
        let engine = stores[0].engine;
        let hubs = stores.map(Hub::new);
        for (world, hub) in hubs.iter().enumerate() {
            hub.begin(1, START);
            steps::begin(hub, world);
        }
        Walk {
            hubs,
            engine,
            seed,
            step: 1,
            at: START,
            dice: Dice(seed),
            met: Met::default(),
            report: Report::default(),
            leak,
            last: String::new(),
            watched: false,
        }
    }

    fn take(&mut self, steps: u64) -> Result<(), Box<Difference>> {
        for _ in 0..steps {
            self.forward();
            match self.dice.below(100) {
                0..30 => self.hide(),
                30..50 => self.share()?,
                _ => self.visit()?,
            }
            self.hubs.iter().for_each(Hub::end);
            if self.watched {
                self.look()?;
            }
        }
        Ok(())
    }

    /// The next step: the same instant in both worlds, often the one before.
    fn forward(&mut self) {
        self.step += 1;
        self.at.0 += match self.dice.below(40) {
            0 => Micros::DAY / 2,
            1..6 => Micros::HOUR,
            6..20 => 1,
            20..30 => 1_000_003,
            _ => 0,
        };
        self.hubs.iter().for_each(|hub| hub.begin(self.step, self.at));
    }

    /// Something happens that fr may not see: in the first world this, in the second something else of the kind, or nothing.
    fn hide(&mut self) {
        let what = self.dice.byte() % HIDDEN;
        let hows = [(); 2].map(|()| (self.dice.byte(), self.dice.byte(), self.dice.byte()));
        let both = self.dice.chance(50);
        self.report.hidden += 1;
        self.last = format!("hidden step {what} {hows:?}, in both: {both}");
        for (world, hub) in self.hubs.iter().enumerate().take(if both { 2 } else { 1 }) {
            hidden(hub, world, what, hows[world]);
        }
    }

    /// What fr's people see of the collections, and the pages that say most.
    fn look(&mut self) -> Result<(), Box<Difference>> {
        let manifest =
            |collection: &str| format!("/taxii2/default/collections/{collection}/manifest/?match[version]=all");
        let places =
            [manifest(OPEN), manifest(COPIES), "/act".to_owned(), "/expose".to_owned(), "/exchange".to_owned()];
        for (n, (name, path)) in
            ["fr-partner", "fay"].iter().flat_map(|name| places.iter().map(move |path| (name, path))).enumerate()
        {
            // a step of its own: the walk itself goes on as it would
            self.hubs.iter().for_each(|hub| hub.begin((self.step << 8) + n as u64, self.at));
            let ask = Ask {
                by: By::Person((*name).to_owned()),
                method: "GET".to_owned(),
                path: path.clone(),
                body: String::new(),
            };
            let said = [0, 1].map(|world| self.hubs[world].ask(&ask).whole());
            self.same("page-today", format!("{name} {path}, after: {}", self.last), said)?;
        }
        Ok(())
    }

    fn share(&mut self) -> Result<(), Box<Difference>> {
        let (what, how) = (self.dice.byte() % SHARED, (self.dice.byte(), self.dice.byte(), self.dice.byte()));
        self.report.shared += 1;
        self.last = format!("shared step {what} {how:?}");
        let [left, right] = [0, 1].map(|world| shared(&self.hubs[world], world, what, how));
        // a link is drawn; which one says nothing
        self.met.tokens.extend(links(&left).into_iter().zip(links(&right)).map(|(left, right)| [left, right]));
        let [left, right] = [(left, 0), (right, 1)].map(|(told, world)| {
            told.into_iter()
                .map(|(sink, said)| (sink, self.met.masked(&said.replace("=\r\n", ""), world)))
                .collect::<steps::Left>()
        });
        for sink in left.iter().chain(&right).map(|(sink, _)| *sink).collect::<std::collections::BTreeSet<_>>() {
            let of = |told: &steps::Left| {
                told.iter().filter(|(s, _)| *s == sink).map(|(_, said)| said.as_str()).collect::<Vec<_>>().join("\n")
            };
            self.same(sink, format!("shared step {what} {how:?}"), [of(&left), of(&right)])?;
        }
        if what == 17 {
            let asked = self.hubs[0].ledger().read(|tx| act::purge::requests(tx, None)).unwrap();
            self.met.purges = asked.into_iter().map(|request| request.purge).collect();
        }
        if what == 14 {
            // of all who were asked: those of others must look like none
            let asks = self.hubs[0].ledger().read(|tx| act::asks(tx, &act::Filter::default())).unwrap();
            self.met.references = asks.into_iter().map(|ask| ask.planned.ask).collect();
        }
        Ok(())
    }

    /// fr asks.
    fn visit(&mut self) -> Result<(), Box<Difference>> {
        let sinks: Vec<&'static Sink> =
            SINKS.iter().filter(|s| s.who.reaches_partners() && s.way.route().is_some()).collect();
        // what reads collections is where the most can go wrong, and what fr gives decides what there is to go wrong
        let often: Vec<&'static Sink> = sinks.iter().copied().filter(|s| s.name.starts_with("taxii-")).collect();
        let gives: Vec<&'static Sink> = sinks.iter().copied().filter(|s| s.name == "taxii-give").collect();
        let among = match self.dice.below(100) {
            0..15 => &gives,
            15..50 => &often,
            _ => &sinks,
        };
        let sink = among[self.dice.below(among.len())];
        let Some(ask) = request(sink, &mut self.dice, &self.met) else { return Ok(()) };
        let leak = self.leak;
        self.last = format!("{ask:?}");
        let [left, right] = [0, 1].map(|world| {
            let hub: &Hub = &self.hubs[world];
            let mut said = hub.ask(&self.met.of_world(&ask, world));
            if ask.path.contains("<t") {
                said.body = self.met.masked(&said.body, world);
            }
            if let Some(leak) = leak {
                leak(hub, sink, &mut said);
            }
            said
        });
        let whole = |said: &Said| if sink.name.starts_with("receipt-") { undrawn(said) } else { said.whole() };
        self.same(sink.name, format!("{ask:?}"), [whole(&left), whole(&right)])?;
        self.learn(&ask, &left);
        Ok(())
    }

    fn same(&mut self, sink: &'static str, asked: String, said: [String; 2]) -> Result<(), Box<Difference>> {
        if said[0] == said[1] {
            self.report.count(sink);
            return Ok(());
        }
        Err(Box::new(Difference { engine: self.engine, seed: self.seed, step: self.step, sink, asked, said }))
    }

    /// Remembers ids and addresses that an answer gave.
    fn learn(&mut self, ask: &Ask, said: &Said) {
        self.report.full += u64::from(matches!(said.status, 200 | 202) && said.body.len() > 2);
        let Ok(body) = serde_json::from_str::<serde_json::Value>(&said.body) else { return };
        let text = |key: &str| body.get(key).and_then(|value| value.as_str()).map(str::to_owned);
        if said.status == 202 {
            self.met.statuses.extend(text("id"));
        }
        if let (Some(next), By::Person(name)) = (text("next"), &ask.by) {
            let bare: Vec<&str> = ask.path.split('&').filter(|part| !part.starts_with("next=")).collect();
            let path = bare.join("&");
            let joint = if path.contains('?') { '&' } else { '?' };
            self.met.onward.push((name.clone(), format!("{path}{joint}next={next}")));
        }
    }
}

/// A receipt without its hashes: salts are drawn, so two stores never give the same (docs/decisions/0013-receipts.md). Number, order, length and all
/// words are compared.
fn undrawn(said: &Said) -> String {
    let drawn = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=');
    let mask = |word: &str| if word.len() >= 22 { format!("<{}>", word.len()) } else { word.to_owned() };
    let (mut out, mut word) = (String::new(), String::new());
    for c in said.whole().chars() {
        if drawn(c) {
            word.push(c);
            continue;
        }
        out += &mask(&std::mem::take(&mut word));
        out.push(c);
    }
    out + &mask(&word)
}

/// Walks so many steps on one engine, in worlds of [`STEPS`] each.
fn walk(engine: &str, steps: u64, seed: u64, leak: Option<Leak>) -> Option<Result<Report, Box<Difference>>> {
    let fresh = || if engine == "postgres" { postgres() } else { Some(sqlite()) };
    let mut report = Report::default();
    for (n, from) in (0..steps).step_by(STEPS as usize).enumerate() {
        let mut walk = Walk::new([fresh()?, fresh()?], seed + n as u64, leak);
        if let Err(difference) = walk.take((steps - from).min(STEPS)) {
            // where did it begin? the same again, looking after each step
            let mut again = Walk::new([fresh()?, fresh()?], seed + n as u64, None);
            again.watched = true;
            return Some(Err(again
                .take(difference.step)
                .err()
                .filter(|earlier| earlier.step < difference.step)
                .unwrap_or(difference)));
        }
        let beside = "SELECT count(*) FROM @stix_object WHERE line <> 0";
        let beside = walk.hubs[0].ledger().read(|tx| tx.one(beside, &[], |r| r.int(0))).unwrap();
        walk.report.beside = beside.unwrap_or_default().unsigned_abs();
        for hub in &walk.hubs {
            assert_eq!(hub.ledger().parked().unwrap(), [], "an event was put aside");
        }
        report.add(&walk.report);
    }
    Some(Ok(report))
}

/// 2,000 steps over both engines; more by `cargo xtask walk`, which sets these variables.
#[test]
fn two_worlds_that_differ_in_what_a_partner_may_not_see_tell_it_the_same() {
    let asked =
        |name: &str, default: u64| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default);
    let (steps, seed) = (asked("MAINSTAY_WALK_STEPS", STEPS), asked("MAINSTAY_WALK_SEED", 1));
    let engine = std::env::var("MAINSTAY_WALK_ENGINE").unwrap_or_else(|_| "both".to_owned());
    let both = engine == "both";
    let mut report = Report::default();
    for (name, part) in [("sqlite", steps - steps / 4), ("postgres", steps / 4)] {
        if !both && name != engine {
            continue;
        }
        match walk(name, if both { part } else { steps }, seed, None) {
            None => {}
            Some(Ok(part)) => report.add(&part),
            Some(Err(difference)) => panic!("{difference}"),
        }
    }
    println!("{report}");
    assert!(report.beside > 0, "nothing was given under an id at which something is hidden");
    assert_eq!(
        report.missing(),
        [] as [&str; 0],
        "ways out to partners at which the walk was not: teach leak::requests or leak::steps to go there"
    );
}

/// The walk finds what it should: an answer in which one figure follows from what fr may not see.
#[test]
fn a_leak_is_found() {
    let of_sink = |leak: Leak| walk("sqlite", STEPS, 7, Some(leak)).unwrap().err().map(|difference| difference.sink);
    let size: Leak = |hub, sink, said| {
        if sink.name == "health" {
            said.body = format!("ok {}", hub.ledger().size().unwrap());
        }
    };
    assert_eq!(of_sink(size), Some("health"));
    let count: Leak = |hub, sink, said| {
        if sink.name == "taxii-manifest" {
            let all =
                hub.ledger().read(|tx| tx.one("SELECT count(*) FROM @listing", &[], |r| r.int(0))).unwrap().unwrap();
            said.headers.push(("x-total".to_owned(), all.to_string()));
        }
    };
    assert_eq!(of_sink(count), Some("taxii-manifest"));
}
