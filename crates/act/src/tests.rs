//! The stage on both engines: contacts in, plan, hold, second person, sending, silence, answers, closing, rebuild; and a
//! sending that is stopped at each point.
use crate::ask::{Answer, Evidence, State};
use crate::mail::{Carrier, Channel, Outcome, Sender};
use crate::plan::Exposure;
use crate::post::{Post, Report, send_with};
use crate::query::{Ask, Filter};
use crate::testing::Sink;
use crate::{Act, answer::Said};
use expose::Marks;
use ledger::testkit::{START, TestStore, engines, sqlite};
use ledger::{Ledger, Micros};
use partners::{Partners, Person, Role};
use std::collections::BTreeMap;
use std::sync::Arc;
use stix::Tlp;

const PARTNERS: &[u8] = b"org,name,kind,country,languages,agreement_from,agreement_to,clearance\n\
    home,Example Cyber Agency,agency,US,en,,,\n\
    cert-de,CERT DE,csirt,DE,de,2025-01-01,,AMBER\n\
    cert-nl,CERT NL,csirt,NL,nl,,,\n\
    water-de,Wasser DE,operator,DE,de,,,\n";
const CONTACTS: &[u8] = b"org,name,email,role,country,sector,language,pgp,source,verified\n\
    cert-de,Lagezentrum,cert@cert.example,csirt,DE,,de,,register,2025-12-01\n\
    cert-nl,,cert@certnl.example,csirt,NL,,en,,register,2025-12-01\n\
    water-de,,soc@water.example,security,DE,,de,,cert-de,2025-12-01\n\
    water-de,,boss@water.example,,DE,,de,,register,\n";

fn exposure(owner: &str, country: &str, vulnerability: &str) -> Exposure {
    Exposure {
        level: "asset".into(),
        subject: format!("{owner}-plc"),
        source: format!("cert-{}", country.to_lowercase()),
        owner: Some(owner.into()),
        holder: None,
        country: Some(country.into()),
        vulnerability: vulnerability.into(),
        advisory: "EX-2026-01".into(),
        title: "Acme PLC".into(),
        tlp: Tlp::Clear,
        marks: Marks::of(0, None),
        rests_on: Tlp::Clear,
        method: "model".into(),
        known_by: "model and version match (tier B)".into(),
        count: None,
        functions: vec!["supply-water".into()],
        exploited: false,
        severity: 98,
        compromised: false,
    }
}

fn named(name: &str, role: Role) -> Person {
    Person { name: name.into(), role, ..Person::local_operator("home") }
}

struct Hub {
    store: TestStore,
    ledger: Ledger,
}

impl Hub {
    fn new(store: TestStore) -> Hub {
        let ledger = store.open(vec![Arc::new(Partners), Arc::new(expose::Expose), Arc::new(Act)]);
        ledger.write(|tx| partners::import_csv(tx, PARTNERS)).unwrap();
        ledger.catch_up().unwrap();
        let read = ledger.write(|tx| crate::import_contacts(tx, CONTACTS, false)).unwrap();
        assert_eq!((read.accepted, read.refused.len()), (4, 0));
        ledger.catch_up().unwrap();
        Hub { store, ledger }
    }

    fn at(&self, hours: i64) {
        self.store.clock.set(START.plus_hours(hours));
    }

    fn plan(&self, exposures: &[Exposure]) -> crate::plan::Plan {
        let by = named("ada", Role::Operator);
        let plan = self.ledger.write(|tx| crate::desk::plan_for(tx, exposures, "home", &by, false)).unwrap();
        self.ledger.catch_up().unwrap();
        plan
    }

    fn asks(&self) -> Vec<Ask> {
        self.ledger.read(|tx| crate::asks(tx, &Filter::default())).unwrap()
    }

    #[track_caller]
    fn only(&self) -> Ask {
        let mut asks = self.asks();
        assert_eq!(asks.len(), 1);
        asks.remove(0)
    }

    fn send(&self, channel: &Channel) -> Report {
        let mut report = Report::default();
        let sender = sender();
        let mut carrier = channel.carrier(&sender);
        send_with(&self.ledger, &post(channel, &sender), carrier.as_mut(), &mut report).unwrap();
        report
    }

    fn folder(&self) -> (Channel, std::path::PathBuf) {
        let path = self.store.folder().join("outbox");
        (Channel::Folder(path.clone()), path)
    }

    fn tick(&self) -> usize {
        let silent = self.ledger.write(crate::tick).unwrap();
        self.ledger.catch_up().unwrap();
        silent
    }

    fn answer(&self, token: &str, answer: Answer, reference: &str) -> Result<Ask, &'static str> {
        let said = Said { answer, note: "done last night", reference };
        let done = self.ledger.write(|tx| crate::answer(tx, token, &said));
        self.ledger.catch_up().unwrap();
        done.map_err(|e| e.rule())
    }
}

fn sender() -> Sender {
    Sender { name: "Example Cyber Agency".into(), address: "warn@hub.example".parse().unwrap() }
}

fn post<'a>(channel: &'a Channel, sender: &'a Sender) -> Post<'a> {
    Post { channel, sender, about: "Duty desk: +1 555 0100", answer_url: "https://hub.example/answer/" }
}

fn files(folder: &std::path::Path) -> Vec<String> {
    let read = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut out: Vec<String> = read.map(|f| f.file_name().to_string_lossy().into_owned()).collect();
    out.sort();
    out
}

/// The tokens in the messages of a folder, by address.
fn tokens(folder: &std::path::Path) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    for name in files(folder) {
        let text = std::fs::read_to_string(folder.join(name)).unwrap().replace("=\r\n", "");
        let to = text.lines().find_map(|l| l.strip_prefix("To: ")).unwrap().to_owned();
        let at = text.find("/answer/").unwrap() + "/answer/".len();
        out.insert(to, text.get(at..at + 43).unwrap().to_owned());
    }
    out
}

#[test]
fn from_exposure_to_answer_on_both_engines() {
    for store in engines() {
        let hub = Hub::new(store);
        let exposed = [exposure("water-de", "DE", "CVE-1")];
        assert_eq!(hub.plan(&exposed).asks.len(), 1);
        assert_eq!(hub.plan(&exposed).asks.len(), 0, "a second plan asks nothing twice");
        assert_eq!((hub.only().state, hub.only().planned.addressee.as_str()), (State::Planned, "cert-de"));

        let (channel, folder) = hub.folder();
        let report = hub.send(&channel);
        assert_eq!((report.sent.len(), report.later.len(), report.withheld.len()), (1, 0, 0));
        assert_eq!(hub.send(&channel), Report::default(), "nothing is sent twice");
        let ask = hub.only();
        assert_eq!((ask.state, ask.sent_at, ask.due_at), (State::Sent, Some(START), Some(START.plus_hours(72))));

        // The CSIRT says nothing; the owner is asked, in its language, and the two asks know of each other.
        hub.at(71);
        assert_eq!(hub.tick(), 0);
        hub.at(72);
        assert_eq!((hub.tick(), hub.tick()), (1, 0), "silence counts once");
        assert_eq!(hub.only().state, State::Silent);
        let plan = hub.plan(&exposed);
        assert_eq!(
            (plan.asks[0].addressee.as_str(), plan.asks[0].follows.as_ref()),
            ("water-de", Some(&ask.planned.ask))
        );
        hub.send(&channel);

        // A look changes nothing; a first word leaves the link open; a final answer uses it up.
        let token = tokens(&folder).remove("soc@water.example").unwrap();
        let size = hub.ledger.size().unwrap();
        let open = hub.ledger.read(|tx| crate::look(tx, &token)).unwrap().unwrap();
        assert_eq!((hub.ledger.size().unwrap(), open.used), (size, false));
        assert_eq!(hub.answer("x", Answer::Fixed, ""), Err("token"));
        assert_eq!(hub.answer(&token, Answer::Acknowledged, "").unwrap().state, State::Acknowledged);
        assert_eq!(hub.answer(&token, Answer::Fixed, "CHG-17").unwrap().state, State::Answered);
        assert_eq!(hub.answer(&token, Answer::Fixed, ""), Err("token"));
        let ask = hub.asks().into_iter().find(|a| a.planned.addressee == "water-de").unwrap();
        assert_eq!(
            (ask.state, ask.evidence, ask.claimant.as_deref()),
            (State::Answered, Some(Evidence::E2), Some("water-de"))
        );
        let story = hub.ledger.read(|tx| crate::story(tx, &ask.planned.ask)).unwrap();
        let words: Vec<String> = story.iter().map(|s| format!("{} {}", s.kind, s.words)).collect();
        insta::allow_duplicates! { insta::assert_snapshot!(words.join("\n"), @"
        act.ask planned for water-de
        act.sent to soc@water.example by folder
        act.answered water-de says: seen; done last night
        act.answered water-de says: fixed; done last night; CHG-17
        "); }

        let before = (hub.asks(), story, hub.ledger.read(crate::query::contacts).unwrap());
        hub.ledger.rebuild().unwrap();
        let after =
            hub.ledger.read(|tx| Ok((crate::story(tx, &ask.planned.ask)?, crate::query::contacts(tx)?))).unwrap();
        assert_eq!((hub.asks(), after.0, after.1), before);
        assert_eq!(hub.ledger.parked().unwrap(), []);
    }
}

#[test]
fn a_token_expires() {
    let hub = Hub::new(sqlite());
    hub.plan(&[exposure("water-de", "DE", "CVE-1")]);
    let (channel, folder) = hub.folder();
    hub.send(&channel);
    let token = tokens(&folder).into_values().next().unwrap();
    hub.at(24 * crate::answer::TOKEN_DAYS);
    assert!(hub.ledger.read(|tx| crate::look(tx, &token)).unwrap().is_some());
    hub.store.clock.set(Micros(START.plus_hours(24 * crate::answer::TOKEN_DAYS).0 + 1));
    assert_eq!(hub.answer(&token, Answer::Fixed, ""), Err("token"));
    let stored =
        hub.ledger.read(|tx| tx.all("SELECT hash FROM answer_token ORDER BY hash", &[], |r| r.blob(0).to_vec()));
    assert!(stored.unwrap().iter().all(|h| !h.is_empty() && !token.as_bytes().starts_with(h)), "only the hash is kept");
}

#[test]
fn the_second_person() {
    let hub = Hub::new(sqlite());
    let mut table = b"org,email,country,source\n".to_vec();
    let exposed: Vec<Exposure> = (0..25)
        .map(|n| {
            let owner = format!("us-{n}");
            table.extend_from_slice(format!("{owner},soc@{owner}.example,US,register\n").as_bytes());
            exposure(&owner, "US", "CVE-1")
        })
        .collect();
    hub.ledger.write(|tx| crate::import_contacts(tx, &table, false)).unwrap();
    hub.ledger.catch_up().unwrap();
    let plan = hub.plan(&exposed);
    assert_eq!((plan.asks.len(), plan.recipients), (25, 25));
    assert!(hub.asks().iter().all(|a| a.state == State::Held), "more than 20 recipients");
    let (channel, folder) = hub.folder();
    assert_eq!(hub.send(&channel), Report::default(), "what is held is not sent");
    let id = hub.asks()[0].planned.ask.clone();
    let approve = |by: &Person| {
        let done = hub.ledger.write(|tx| crate::approve(tx, &id.to_lowercase(), by, ""));
        hub.ledger.catch_up().unwrap();
        done.map(|a| a.state).map_err(|e| e.rule())
    };
    assert_eq!(
        approve(&Person::local_operator("home")),
        Err("role"),
        "whoever has the shell is never the second person"
    );
    assert_eq!(approve(&named("ada", Role::Operator)), Err("second-person"), "nor is who planned it");
    assert_eq!(approve(&named("eve", Role::Analyst)), Err("role"));
    let foreign = Person { org: "cert-de".into(), is_operator: false, ..named("uwe", Role::Operator) };
    assert_eq!(approve(&foreign), Err("role"));
    assert_eq!(approve(&named("bob", Role::Operator)), Ok(State::Approved));
    assert_eq!(approve(&named("bob", Role::Operator)), Err("ask-state"));
    let other = hub.asks()[1].planned.ask.clone();
    hub.ledger.write(|tx| crate::reject(tx, &other, &named("bob", Role::Admin), "not ours to warn")).unwrap();
    assert_eq!(hub.send(&channel).sent, [id]);
    assert_eq!(files(&folder).len(), 1);
    let states = hub.ledger.read(crate::query::by_state).unwrap();
    assert_eq!(states, [(State::Held, 23), (State::Rejected, 1), (State::Sent, 1)]);
}

#[test]
fn an_agreement_that_ended_stops_the_sending() {
    let hub = Hub::new(sqlite());
    hub.plan(&[Exposure { tlp: Tlp::Amber, ..exposure("water-de", "DE", "CVE-1") }]);
    assert_eq!(hub.only().planned.addressee, "cert-de");
    let ended = "org,name,kind,country,languages,agreement_from,agreement_to,clearance\n\
        cert-de,CERT DE,csirt,DE,de,2025-01-01,2025-12-31,AMBER\n";
    hub.ledger.write(|tx| partners::import_csv(tx, ended.as_bytes())).unwrap();
    let (channel, folder) = hub.folder();
    let report = hub.send(&channel);
    assert_eq!((report.sent.len(), report.withheld.len(), files(&folder).len()), (0, 1, 0));
    assert!(report.withheld[0].1.contains("no agreement in force"), "{:?}", report.withheld);
}

#[test]
fn a_dead_address_leads_to_the_next_one() {
    let hub = Hub::new(sqlite());
    hub.ledger
        .write(|tx| {
            crate::import_contacts(
                tx,
                b"org,email,country,source\nwater-us,dead@us.example,US,a\nwater-us,live@us.example,US,b\n",
                false,
            )
        })
        .unwrap();
    hub.ledger.catch_up().unwrap();
    hub.plan(&[exposure("water-us", "US", "CVE-1")]);
    let sink = Sink::start(|line| line.contains("dead@").then_some("550 5.1.1 no such user"));
    let smtp = crate::mail::Smtp::new(&sink.url(), &["127.0.0.1".to_owned()], None).unwrap();
    let report = hub.send(&Channel::Smtp(smtp));
    assert_eq!((report.bounced.len(), report.sent.len()), (1, 1));
    let got: Vec<String> = sink.messages().into_iter().map(|m| m.to).collect();
    assert_eq!(got, ["live@us.example"]);
    let ask = hub.only();
    assert_eq!((ask.state, ask.email.as_str()), (State::Sent, "live@us.example"));
    let contacts = hub.ledger.read(crate::query::contacts).unwrap();
    let bounces: Vec<_> =
        contacts.iter().filter(|c| c.org == "water-us").map(|c| (c.email.as_str(), c.bounces)).collect();
    assert_eq!(bounces, [("dead@us.example", 1), ("live@us.example", 0)]);
    // A later verification clears it.
    hub.at(24);
    let verified = b"org,email,country,source,verified\nwater-us,dead@us.example,US,a,2026-01-02\n";
    hub.ledger.write(|tx| crate::import_contacts(tx, verified, false)).unwrap();
    hub.ledger.catch_up().unwrap();
    let contacts = hub.ledger.read(crate::query::contacts).unwrap();
    assert!(contacts.iter().all(|c| c.bounces == 0));
}

#[test]
fn an_address_of_two_is_taken_and_said() {
    let hub = Hub::new(sqlite());
    let table = b"org,email,source\ncert-nl,Cert@cert.example,register\ncert-nl,nl@cert.example,register\ncert-fr,NL@cert.example,register\ncert-fr,NL@cert.example,register\n";
    let read = hub.ledger.write(|tx| crate::import_contacts(tx, table, false)).unwrap();
    let lines = |faults: &[partners::table::Fault]| faults.iter().map(|f| format!("{f}\n")).collect::<String>();
    insta::assert_snapshot!(format!("{} accepted\n{}{}", read.accepted, lines(&read.refused), lines(&read.warnings)), @r"
    3 accepted
    line 5: NL@cert.example for cert-fr stands already on line 4 [doubled-key]
    line 2: Cert@cert.example is an address of cert-de too; what comes from it is of neither [shared-address]
    line 4: NL@cert.example is an address of cert-nl too; what comes from it is of neither [shared-address]
    ");
}

#[test]
fn contacts_end_only_when_their_source_is_replaced() {
    let hub = Hub::new(sqlite());
    let import = |table: &[u8], replace: bool| {
        let out = hub.ledger.write(|tx| crate::import_contacts(tx, table, replace)).unwrap();
        hub.ledger.catch_up().unwrap();
        (out.accepted, out.unchanged, hub.ledger.read(crate::query::contacts).unwrap().len())
    };
    assert_eq!(import(CONTACTS, false), (0, 4, 4), "again changes nothing");
    let fewer: Vec<u8> = CONTACTS.split_inclusive(|b| *b == b'\n').take(3).flatten().copied().collect();
    assert_eq!(import(&fewer, false), (0, 2, 4));
    // cert-de's claim is of another source and stays.
    assert_eq!(import(&fewer, true), (1, 2, 3));
}

/// A carrier that dies where it is told to, as if the process were killed there.
struct Dying {
    inner: Box<dyn Carrier>,
    at: &'static str,
    safely: bool,
}

impl Carrier for Dying {
    fn ready(&mut self) -> Result<(), String> {
        assert!(self.at != "ready", "killed");
        self.inner.ready()
    }

    fn offer(&mut self, message_id: &str, to: &str, message: &[u8]) -> Outcome {
        assert!(self.at != "before", "killed");
        let outcome = self.inner.offer(message_id, to, message);
        assert!(self.at != "after", "killed");
        outcome
    }

    fn repeats_safely(&self) -> bool {
        self.safely
    }
}

#[test]
fn a_sending_that_is_killed_never_doubles_and_never_loses_in_silence() {
    #[track_caller]
    fn check(at: &'static str, safely: bool, expected_state: State, expected_messages: usize) {
        let hub = Hub::new(sqlite());
        hub.plan(&[exposure("water-de", "DE", "CVE-1")]);
        let (channel, folder) = hub.folder();
        let sender = sender();
        let killed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let mut carrier = Dying { inner: channel.carrier(&sender), at, safely };
            send_with(&hub.ledger, &post(&channel, &sender), &mut carrier, &mut Report::default()).unwrap();
        }));
        assert!(killed.is_err());
        for hours in [0, 1, 2] {
            hub.at(hours);
            let mut carrier = Dying { inner: channel.carrier(&sender), at: "", safely };
            send_with(&hub.ledger, &post(&channel, &sender), &mut carrier, &mut Report::default()).unwrap();
        }
        assert_eq!((hub.only().state, files(&folder).len()), (expected_state, expected_messages), "{at} {safely}");
        let waiting = hub.ledger.read(crate::post::outbox).unwrap();
        assert!(waiting.iter().all(|(state, _)| state == "done" || state == "lost"), "{waiting:?}");
    }
    check("ready", true, State::Sent, 1);
    check("before", true, State::Sent, 1);
    check("after", true, State::Sent, 1);
    check("ready", false, State::Sent, 1);
    // Here it did not go and there it did: from the hub's side both are the same, so a person decides.
    check("before", false, State::Unknown, 0);
    check("after", false, State::Unknown, 1);
}

/// The sample advisory on a firewall, and a firewall at this version.
fn import_world(ledger: &Ledger) {
    let advisory = include_bytes!("../../../examples/advisories/ex-2024-002.json");
    let meta = serde_json::json!({"form": "csaf", "id": "EX-2024-002", "tlp": "CLEAR", "source": "home", "by": "test"});
    ledger.write(|tx| tx.append(ledger::Draft::new("exchange.document", &meta)?.body(advisory))).unwrap();
    ledger.catch_up().unwrap();
}

fn import_firewall(ledger: &Ledger, source: &str, version: &str) {
    let table = format!(
        "asset,vendor,product,model,version,country,owner\nfw-1,Fortinet,FortiOS,FortiGate Rugged 60F,{version},DE,water-de\n"
    );
    let done = ledger.write(|tx| expose::import_inventory(tx, source, table.as_bytes(), false, "test")).unwrap();
    assert_eq!((done.accepted, done.refused.len()), (1, 0));
    ledger.catch_up().unwrap();
}

#[test]
fn the_whole_turn_on_both_engines() {
    for store in engines() {
        let hub = Hub::new(store);
        import_world(&hub.ledger);
        import_firewall(&hub.ledger, "cert-de", "7.4.2");
        let by = named("ada", Role::Operator);
        let plan = |dry: bool| {
            let plan = hub.ledger.write(|tx| crate::plan(tx, &expose::NoStakes, "home", &by, dry)).unwrap();
            hub.ledger.catch_up().unwrap();
            plan
        };
        let size = hub.ledger.size().unwrap();
        let dry = plan(true);
        assert_eq!(hub.ledger.size().unwrap(), size, "a dry run appends nothing");
        assert_eq!(plan(false), dry);
        assert_eq!(plan(false).asks, []);
        let ask = hub.only();
        insta::allow_duplicates! {
            insta::assert_snapshot!(ask.planned.why.join("\n"), @"
            advisory: EX-2024-002 (Fortinet FortiOS: code runs through the management protocol) tells of CVE-2024-23113
            asset: fw-1 of water-de in DE, tier D: its version lies in the affected range: vendor and product are the advisory's `FortiOS`; it runs 7.4.2, the advisory says >=7.4.0|<=7.4.2
            function: none of ours is known to depend on it
            rule: in DE the national CSIRT is asked first, the owner after 72 hours of silence (the default, nothing was agreed); cert-de is asked because it is the CSIRT of the country
            contact: cert@cert.example as register says, verified within a year
            ");
            insta::assert_snapshot!(ask.planned.fixes.join("\n"), @"vendor fix: Update to 7.4.3, 7.2.7 or 7.0.14.");
        }
        let (channel, folder) = hub.folder();
        hub.send(&channel);
        let token = tokens(&folder).into_values().next().unwrap();
        hub.answer(&token, Answer::Fixed, "").unwrap();
        assert_eq!(
            (hub.only().state, hub.only().evidence),
            (State::Answered, Some(Evidence::E1)),
            "an answer alone is E1"
        );
        // The claimant's own next inventory confirms it: E2.
        import_firewall(&hub.ledger, "cert-de", "7.4.3");
        assert_eq!((hub.only().state, hub.only().evidence), (State::Closed, Some(Evidence::E2)));
        // It relapses: a new ask.
        import_firewall(&hub.ledger, "cert-de", "7.4.1");
        assert_eq!(plan(false).asks.len(), 1);
        assert_eq!(plan(false).asks.len(), 0);
        let states = hub.ledger.read(crate::query::by_state).unwrap();
        assert_eq!(states, [(State::Planned, 1), (State::Closed, 1)]);
        let before = hub.asks();
        hub.ledger.rebuild().unwrap();
        assert_eq!(hub.asks(), before);
        assert_eq!(hub.ledger.parked().unwrap(), []);
    }
}

#[test]
fn who_sees_which_ask() {
    let hub = Hub::new(sqlite());
    hub.plan(&[exposure("water-de", "DE", "CVE-1"), exposure("water-nl", "NL", "CVE-1")]);
    let on = "2026-01-02".parse().unwrap();
    let sees = |org: &str, own: bool| {
        let role = if own { Role::Analyst } else { Role::Partner };
        let person = Person { org: org.into(), is_operator: own, own_clearance: Tlp::Clear, ..named("x", role) };
        let seen = crate::seen_by(hub.asks(), &person, on);
        assert!(own || seen.iter().all(|a| a.planned.why.is_empty() && a.email.is_empty() && a.planned.functions == 0));
        seen.into_iter().map(|a| a.planned.party).collect::<Vec<_>>()
    };
    assert_eq!(sees("home", true).len(), 2);
    assert_eq!(sees("cert-de", false), [""; 0], "what has not left is ours alone");
    let (channel, _) = hub.folder();
    hub.send(&channel);
    assert_eq!(sees("cert-de", false), ["water-de"]);
    assert_eq!(sees("water-de", false), ["water-de"]);
    assert_eq!(sees("cert-nl", false), ["water-nl"]);
    assert_eq!(sees("water-fr", false), [""; 0]);
    let told = |role: Role, org: &str| {
        let person = Person { org: org.into(), is_operator: org == "home", ..named("x", role) };
        let ask = hub.asks().into_iter().find(|a| a.planned.party == "water-de").unwrap().planned.ask;
        let story = hub.ledger.read(|tx| crate::story_seen_by(tx, &ask, &person)).unwrap();
        story.into_iter().map(|h| format!("{} {}", h.kind, h.by)).collect::<Vec<_>>()
    };
    assert_eq!(told(Role::Partner, "cert-de"), ["act.sent "], "neither the plan nor who did it");
    assert_eq!(told(Role::Analyst, "home").len(), 2);
}
