//! The emergency channel never depends on political standing (spec assure, "Decided"): hubs that differ in what was said of partners, and in nothing else,
//! send the same messages by the same routes at the same hour. What may differ is what a mark needs an agreement for, and then what the mark permits goes.
use std::path::PathBuf;

use act::mail::{Channel, Sender};
use act::post::{Post, Report};
use insta::assert_snapshot;
use jiff::civil::Date;
use ledger::Draft;
use ledger::pack::{self, Pack};
use ledger::testkit::{TestStore, engines, sqlite};
use partners::Role;
use partners::agreement::Agreement;
use serde_json::json;
use stix::Tlp;

use crate::record::tests::{World, person};
use crate::vetting;

/// Beside `fr`, which alone is asked in its country, and `nl`, which is asked before its owner.
const PARTNERS: &[u8] = b"org,name,kind,country,languages\n\
    gb,CERT GB,csirt,GB,en\n\
    au,CERT AU,csirt,AU,en\n\
    water-fr,Eau FR,operator,FR,fr\n\
    water-nl,Water NL,operator,NL,nl\n\
    water-gb,Water GB,operator,GB,en\n\
    water-au,Water AU,operator,AU,en\n";
const CONTACTS: &[u8] = b"org,email,role,country,source,verified\n\
    fr,cert@fr.example,csirt,FR,register,2025-12-01\n\
    nl,cert@nl.example,csirt,NL,register,2025-12-01\n\
    gb,cert@gb.example,csirt,GB,register,2025-12-01\n\
    au,cert@au.example,csirt,AU,register,2025-12-01\n\
    water-fr,soc@water-fr.example,security,FR,register,2025-12-01\n\
    water-nl,soc@water-nl.example,security,NL,register,2025-12-01\n\
    water-gb,soc@water-gb.example,security,GB,register,2025-12-01\n\
    water-au,soc@water-au.example,security,AU,register,2025-12-01\n";
const INVENTORY: &str = "asset,vendor,product,model,version,country,owner\n\
    fw-fr,Fortinet,FortiOS,FortiGate Rugged 60F,7.4.2,FR,water-fr\n\
    fw-nl,Fortinet,FortiOS,FortiGate Rugged 60F,7.4.2,NL,water-nl\n\
    fw-gb,Fortinet,FortiOS,FortiGate Rugged 60F,7.4.2,GB,water-gb\n\
    fw-au,Fortinet,FortiOS,FortiGate Rugged 60F,7.4.2,AU,water-au\n";
const TEAMS: [&str; 4] = ["au", "fr", "gb", "nl"];

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

/// What may have been said of a team before it is to be warned.
type Standing = fn(&World, &str);

/// How a team may stand: its trust, its vetting, its key, its agreement, its line.
const STANDINGS: [(&str, Standing); 12] = [
    ("nothing was ever said of it", |_, _| {}),
    ("trusted", |w, org| w.trusted(org, "2026-01-01", "2026-12-31")),
    ("trust lapsed", |w, org| w.trusted(org, "2025-01-01", "2025-12-31")),
    ("trust taken back", |w, org| {
        w.trusted(org, "2025-01-01", "2026-12-31");
        w.trusted(org, "2025-01-01", "2026-01-02");
    }),
    ("lapse proposed", |w, org| {
        w.trusted(org, "2026-01-01", "2026-12-31");
        w.vetting(org, "open");
        let lapse = |p: &vetting::Proposal| p.org == org && p.step == vetting::Step::Lapse;
        assert!(w.ledger.read(|tx| vetting::proposals(tx, tx.now())).unwrap().iter().any(lapse));
    }),
    ("vetting refused", |w, org| w.vetting(org, "refused")),
    ("vetting ended", |w, org| {
        w.vetting(org, "passed");
        w.vetting(org, "ended");
    }),
    ("key revoked", |w, org| {
        let key = ledger::checkpoint::base64(&[7; 32]);
        for revoked in [false, true] {
            w.did(|tx| partners::register_key(tx, org, &key, revoked).map(drop));
        }
    }),
    ("agreement in force", |w, org| w.agreed(org, None)),
    ("agreement ended", |w, org| w.agreed(org, Some("2025-12-31"))),
    ("agreement broken off", |w, org| {
        w.agreed(org, None);
        w.agreed(org, Some("2026-01-02"));
    }),
    ("its line was dead", |w, org| {
        let fields = [("org", org), ("channel", "emergency"), ("started_on", "2026-01-02"), ("reached", "no")];
        let put = w.put(&person("ana", Role::Analyst), "drill", "held", &fields);
        assert!(put.ends_with("New"), "{put}");
    }),
];

impl World {
    /// With every stage and the four countries.
    fn warning(store: TestStore) -> World {
        let w = World::with(store, crate::turn::stages());
        let rules = Pack::from_folder(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs/rules"));
        let (rules, key) = (rules.unwrap(), w.ledger.signing_key().unwrap());
        w.at("2026-01-02");
        w.did(|tx| {
            pack::add(tx, &rules, &key)?;
            partners::import_csv(tx, PARTNERS)?;
            act::import_contacts(tx, CONTACTS, false).map(drop)
        });
        w
    }

    fn did(&self, what: impl Fn(&mut ledger::Tx<'_>) -> ledger::Result<()>) {
        self.ledger.write(what).unwrap();
        self.ledger.catch_up().unwrap();
        assert_eq!(self.ledger.parked().unwrap(), []);
    }

    fn trusted(&self, org: &str, from: &str, to: &str) {
        self.did(|tx| partners::trust(tx, org, day(from), day(to), "as the ministry says", "ada"));
    }

    fn vetting(&self, org: &str, state: &str) {
        let reference = format!("V-{org}");
        let fields = [
            ("reference", reference.as_str()),
            ("team", org),
            ("designation", "decree 5"),
            ("sponsors", "home; nl; fr"),
            ("keys_exchanged_on", "2025-12-01"),
            ("agreement", "2026/1"),
            ("passed_on", "2026-01-02"),
            ("valid_until", "2026-12-15"),
            ("remark", "its nation is out of favour"),
        ];
        let put = self.put(&person("ana", Role::Analyst), "vetting", state, &fields);
        assert!(put.ends_with("New") || put.ends_with("Changed"), "{put}");
    }

    fn agreed(&self, org: &str, to: Option<&str>) {
        let agreement = Agreement::plain(day("2025-01-01"), to.map(day), Tlp::Amber);
        self.did(|tx| partners::org::add_agreement(tx, org, &agreement, None));
    }

    /// An advisory of our own under a mark, and whoever runs what it speaks of.
    fn advisory(&self, id: &str, tlp: &str) {
        let text = include_str!("../../../examples/advisories/ex-2024-002.json").replace("EX-2024-002", id);
        let meta = json!({ "form": "csaf", "id": id, "tlp": tlp, "source": "home", "collection": "c", "by": "ana" });
        self.did(|tx| tx.append(Draft::new("exchange.document", &meta)?.body(text.as_bytes())).map(drop));
    }

    fn inventory(&self) {
        self.did(|tx| {
            let done = expose::import_inventory(tx, "home", INVENTORY.as_bytes(), false, "test")?;
            assert_eq!((done.accepted, done.refused.len()), (4, 0));
            Ok(())
        });
    }

    /// Plans; what it would have asked and did not.
    fn plan(&self) -> Vec<String> {
        let by = person("ada", Role::Operator);
        let plan = self.ledger.write(|tx| act::plan(tx, &expose::NoStakes, "home", &by, false)).unwrap();
        self.ledger.catch_up().unwrap();
        plan.withheld
            .iter()
            .map(|no| format!("no {} for {}: {} [{}]", no.advisory, no.party, no.reason, no.rule))
            .collect()
    }

    fn send(&self) -> Report {
        let channel = Channel::Folder(self.outbox());
        let sender = Sender { name: "Example Cyber Agency".into(), address: "warn@hub.example".parse().unwrap() };
        let post =
            Post { channel: &channel, sender: &sender, about: "Duty desk", answer_url: "https://hub.example/answer/" };
        act::send(&self.ledger, &post, &person("ada", Role::Operator)).unwrap()
    }

    fn outbox(&self) -> PathBuf {
        self.store.folder().join("outbox")
    }

    /// What left since it was last asked: all headers and the text, but for the secret of the link, which is drawn.
    fn left(&self) -> String {
        let mut mails = Vec::new();
        for file in std::fs::read_dir(self.outbox()).into_iter().flatten() {
            let path = file.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap().replace("=\r\n", "");
            let (before, after) = text.split_once("/answer/").unwrap();
            mails.push(format!("{before}/answer/…{}", after.get(43..).unwrap()));
            std::fs::remove_file(path).unwrap();
        }
        mails.sort();
        mails.concat()
    }

    /// A warning from its plan to the asking of owners after a day of silence: what left at each hour.
    fn warned(&self) -> String {
        let mut out = String::new();
        for at in ["2026-01-10T08:00:00Z", "2026-01-10T09:00:00Z", "2026-01-11T09:00:00Z"] {
            self.at(at);
            self.did(|tx| act::tick(tx).map(drop));
            self.plan();
            self.send();
            out += &format!("{at}\n{}\n", self.left());
        }
        out
    }
}

/// When, to whom and about which documents, of what left.
fn heads(mails: &str) -> String {
    let mut out: Vec<String> = Vec::new();
    for line in mails.lines() {
        let names = |word: &&str| word.starts_with("EX-");
        let named = line.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').find(names);
        if line.starts_with("2026-") || line.starts_with("To: ") {
            out.push(line.to_owned());
        } else if let (Some(named), Some(last)) = (named, out.last_mut())
            && !last.ends_with(named)
        {
            *last += &format!(" about {named}");
        }
    }
    out.join("\n")
}

/// Each team stands otherwise in each hub, so that nothing of what is said of one shows in what another gets either.
#[test]
fn a_warning_goes_whatever_is_said_of_whom_it_goes_to() {
    let hub = |store: TestStore, standings: [usize; 4]| {
        let w = World::warning(store);
        w.at("2026-01-04");
        for (team, n) in TEAMS.iter().zip(standings) {
            STANDINGS[n].1(&w, team);
        }
        w.at("2026-01-05");
        w.advisory("EX-PUBLIC", "CLEAR");
        w.inventory();
        w.warned()
    };
    let plain = hub(sqlite(), [0; 4]);
    assert_snapshot!(heads(&plain), @r"
    2026-01-10T08:00:00Z
    To: cert@fr.example about EX-PUBLIC
    To: cert@gb.example about EX-PUBLIC
    To: cert@nl.example about EX-PUBLIC
    To: soc@water-au.example about EX-PUBLIC
    To: soc@water-gb.example about EX-PUBLIC
    2026-01-10T09:00:00Z
    2026-01-11T09:00:00Z
    To: soc@water-nl.example about EX-PUBLIC
    ");
    // each standing meets two of the four ways of asking
    for turn in 0..6 {
        for store in if turn == 0 { engines() } else { vec![sqlite()] } {
            let (engine, standings) = (store.engine, [0, 3, 6, 9].map(|n| (n + turn) % STANDINGS.len()));
            assert_eq!(hub(store, standings), plain, "{engine}: {:?}", standings.map(|n| STANDINGS[n].0));
        }
    }
}

/// What is kept is kept by its mark alone and said by name; what the mark permits goes at the same hour, to whomever may read it.
#[test]
fn without_an_agreement_goes_what_the_mark_permits() {
    #[track_caller]
    fn check(documents: &[(&str, &str)], agreed: &[&str], went: &[&str], kept: &[&str]) {
        let w = World::warning(sqlite());
        for org in agreed {
            w.agreed(org, None);
        }
        for (id, tlp) in documents {
            w.advisory(id, tlp);
        }
        w.inventory();
        w.at("2026-01-10T08:00:00Z");
        let withheld: Vec<String> = w.plan();
        let report = w.send();
        assert_eq!((report.withheld.len(), report.later.len()), (0, 0));
        let heads = heads(&w.left()).replace("To: ", "");
        assert_eq!(heads.lines().collect::<Vec<_>>(), went, "{agreed:?}");
        assert!(
            withheld.iter().all(|no| no.ends_with("no agreement in force on 2026-01-10 [marking]")),
            "{withheld:?}"
        );
        let whom = |no: &String| no.split(": ").nth(1).unwrap().to_owned();
        assert_eq!(withheld.iter().map(whom).collect::<Vec<_>>(), kept, "{agreed:?}");
    }
    let both = [("EX-PUBLIC", "CLEAR"), ("EX-CLOSED", "AMBER")];
    check(
        &both,
        &TEAMS,
        &[
            "cert@fr.example about EX-CLOSED",
            "cert@gb.example about EX-CLOSED",
            "cert@nl.example about EX-CLOSED",
            "soc@water-au.example about EX-PUBLIC",
            "soc@water-gb.example about EX-PUBLIC",
        ],
        &["to water-au", "to water-gb"],
    );
    check(
        &both,
        &[],
        &[
            "cert@fr.example about EX-PUBLIC",
            "cert@gb.example about EX-PUBLIC",
            "cert@nl.example about EX-PUBLIC",
            "soc@water-au.example about EX-PUBLIC",
            "soc@water-gb.example about EX-PUBLIC",
        ],
        &["to water-au", "to fr", "to gb", "to water-gb", "to nl"],
    );
    check(
        &both[1..],
        &["au", "water-nl", "water-fr"],
        &["cert@au.example about EX-CLOSED", "soc@water-nl.example about EX-CLOSED"],
        &["to water-au", "to fr", "to gb", "to water-gb", "to nl"],
    );
}

/// An agreement that is broken off between the plan and the sending takes back what its mark kept, and no more.
#[test]
fn what_was_planned_under_an_agreement_that_ended_goes_as_far_as_it_may() {
    let w = World::warning(sqlite());
    w.agreed("nl", None);
    w.advisory("EX-PUBLIC", "CLEAR");
    w.advisory("EX-CLOSED", "AMBER");
    w.inventory();
    w.at("2026-01-10T08:00:00Z");
    w.plan();
    w.agreed("nl", Some("2026-01-09"));
    let to_nl = |at: &str| {
        w.at(at);
        w.plan();
        let kept: Vec<String> = w.send().withheld.into_iter().map(|(_, why)| why).collect();
        let left = heads(&w.left());
        (left.lines().filter(|line| line.contains("nl.example")).collect::<Vec<_>>().join("\n"), kept.join("\n"))
    };
    let mark = "TLP:AMBER is above TLP:CLEAR: nl has no agreement in force on 2026-01-10 [marking]";
    let public = "To: cert@nl.example about EX-PUBLIC";
    assert_eq!(to_nl("2026-01-10T09:00:00Z"), (public.to_owned(), mark.to_owned()));
    assert_eq!(to_nl("2026-01-10T10:00:00Z"), (String::new(), mark.to_owned()), "nothing goes twice");
    // what was kept goes when it may
    w.agreed("nl", None);
    assert_eq!(to_nl("2026-01-10T11:00:00Z"), ("To: cert@nl.example about EX-CLOSED".to_owned(), String::new()));
    assert_eq!(to_nl("2026-01-10T12:00:00Z"), (String::new(), String::new()));
}
