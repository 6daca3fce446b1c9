//! Reviews on both engines: the order of their acts and who may what, what a partner is shown and what is kept from it, late facts and changed definitions,
//! who may vouch; the page of one organisation; what a bundle holds and withholds.
use insta::assert_snapshot;
use ledger::pack::{self, Pack};
use ledger::testkit::engines;
use ledger::{Micros, Result, Tx};
use partners::agreement::Agreement;
use partners::{Person, Role};
use stix::Tlp;

use crate::Period;
use crate::record::tests::{World, person};
use crate::record::write::{self, Backing};
use crate::review::report::{self, Report};
use crate::review::{Matter, ReplyMeta, Written, bundle, desk, working_days_after, workspace};
use crate::yours;

const QUARTER: &str = "2026-Q1";

fn quarter() -> Period {
    QUARTER.parse().unwrap()
}

/// A quarter with what a review needs: two partners, one with an agreement, activities that name them.
fn world(store: ledger::testkit::TestStore) -> World {
    let w = World::new(store);
    w.at("2026-01-02");
    let amber = Agreement::plain("2026-01-01".parse().unwrap(), None, Tlp::Amber);
    w.ledger.write(|tx| partners::org::add_agreement(tx, "nl", &amber, None)).unwrap();
    w.at("2026-01-10");
    let ana = person("ana", Role::Analyst);
    let fields = |reference: &'static str, partners: &'static str| {
        [
            ("reference", reference),
            ("title", "Table-top on water"),
            ("held_on", "2026-01-05"),
            ("partners", partners),
            ("coordinated_by", "home"),
            ("joint", "yes"),
            ("purposes", "respond"),
            ("sectors", "water"),
        ]
    };
    w.put(&ana, "activity", "held", &fields("a-1", "fr; nl"));
    w.put(&ana, "activity", "held", &fields("a-2", "nl"));
    w
}

impl World {
    fn act<T>(&self, what: impl Fn(&mut Tx<'_>) -> Result<T>) -> String {
        let done = self.ledger.write(|tx| what(tx).map(drop));
        self.ledger.catch_up().unwrap();
        done.map_or_else(|error| error.to_string(), |()| "done".to_owned())
    }

    fn confirm(&self, org: &str, id: &str) -> String {
        self.act(|tx| {
            let backing = Backing { kind: "activity", id, org, note: "", artefact: None, file: "" };
            write::confirm(tx, &self.catalogue, &backing, false, "ana")
        })
    }

    fn open(&self) -> String {
        self.act(|tx| desk::open(tx, &quarter(), Some("herons"), &op()))
    }

    fn consult(&self) -> String {
        self.act(|tx| desk::consult(tx, &quarter(), &op(), false))
    }

    fn freeze(&self) -> String {
        self.act(|tx| desk::freeze(tx, &quarter(), &op()))
    }

    fn attest(&self, by: &Person) -> String {
        self.act(|tx| desk::attest(tx, &quarter(), "minutes read", by))
    }

    fn report(&self, mark: Tlp) -> Report {
        self.ledger.read(|tx| report::report(tx, &quarter(), mark, tx.now())).unwrap()
    }

    /// What one organisation is shown, line by line.
    fn shown(&self, org: &str) -> String {
        let page = self.ledger.read(|tx| yours::page(tx, org, "home", None)).unwrap().unwrap();
        let lines = page.reviews.iter().flat_map(|one| &one.lines).filter(|said| said.measure.ends_with("1.2.1"));
        let day = |on: &Option<String>| on.clone().unwrap_or_else(|| "no day".to_owned());
        lines.map(|said| format!("{} | {} | {:?} | {}\n", said.what, day(&said.on), said.counts, said.why)).collect()
    }
}

fn op() -> Person {
    person("oscar", Role::Operator)
}

fn for_each_engine(story: impl Fn(&World)) {
    insta::allow_duplicates! {
        for store in engines() {
            story(&world(store));
        }
    }
}

#[test]
fn working_days() {
    #[track_caller]
    fn check(shown: &str, from: &str) {
        let day = |text: &str| Micros::date(text).unwrap().0 / Micros::DAY;
        assert_eq!(working_days_after(day(shown), 15), day(from), "{shown}");
    }
    // a Wednesday, a Friday, a Saturday, a Sunday, across a year
    check("2025-01-08", "2025-01-30");
    check("2025-01-10", "2025-02-01");
    check("2025-01-11", "2025-02-01");
    check("2025-01-12", "2025-02-01");
    check("2025-12-24", "2026-01-15");
}

#[test]
fn each_step_waits_for_the_one_before() {
    for_each_engine(|w| {
        assert_eq!(w.confirm("fr", "a-1"), "done");
        let ana = person("ana", Role::Analyst);
        let auditor = person("audit", Role::Auditor);
        assert_snapshot!(w.consult(), @"no review of 2026-Q1 was opened [review-unknown]; `mainstay review open` opens it");
        assert_snapshot!(w.act(|tx| desk::open(tx, &quarter(), None, &ana)), @"the role analyst may not hold a review; admin, operator may [role]; ask somebody whose role allows it");
        assert_eq!(w.open(), "done");
        assert_snapshot!(w.open(), @"the review of 2026-Q1 is open [review-stands]; `mainstay review status` shows it");
        assert_snapshot!(w.consult(), @"2026-Q1 ends on 2026-03-31 [review-running]; consult the partners when it is over");
        assert_snapshot!(w.freeze(), @"a figure is shown to whoever it speaks of before it is frozen, and nobody was shown any [review-not-shown]; `mainstay review consult`, and fifteen working days");
        assert_snapshot!(w.attest(&auditor), @"the review of 2026-Q1 is not frozen: there is nothing yet to vouch for [review-not-frozen]; `mainstay review freeze` freezes it");
        w.at("2026-04-02");
        assert_snapshot!(w.act(|tx| desk::consult(tx, &quarter(), &ana, false)), @"the role analyst may not hold a review; admin, operator may [role]; ask somebody whose role allows it");
        assert_eq!(w.consult(), "done");
        w.at("2026-04-23T23:59:59Z");
        assert_snapshot!(w.freeze(), @"partners were shown their figures on 2026-04-02: they have fifteen working days [review-reply-runs]; freeze it on 2026-04-24 or later");
        w.at("2026-04-24");
        assert_eq!(w.freeze(), "done");
        assert_snapshot!(w.freeze(), @"the review of 2026-Q1 is frozen [review-frozen]; what came to be known later restates it; `mainstay review status` lists that");
        assert_snapshot!(w.consult(), @"the review of 2026-Q1 is frozen [review-frozen]; what is known later restates it");
        // who vouches had no hand in it, did not freeze it, is not the shell, and is another each time
        assert_snapshot!(w.attest(&person("ana", Role::Operator)), @"ana recorded activity a-1, which isp:1.1.1 looks at [attest-recorder]; somebody who recorded none of it must vouch for it");
        assert_snapshot!(w.attest(&op()), @"oscar froze it [attest-own]; somebody else must vouch for it");
        assert_snapshot!(w.attest(&Person::local_operator("home")), @"local-operator is never the second person; name one with --as [role]; ask somebody whose role allows it");
        assert_snapshot!(w.attest(&ana), @"the role analyst may not vouch for a review; admin, operator, auditor may [role]; ask somebody whose role allows it");
        assert_eq!(w.attest(&auditor), "done");
        assert_snapshot!(w.attest(&auditor), @"audit vouched for it already [attest-twice]; a second person must");
        assert_eq!(w.attest(&person("second", Role::Admin)), "done");
        assert_snapshot!(w.attest(&person("third", Role::Admin)), @"2 vouch for it [attest-enough]; nothing is left to do");
        let late = Written { text: "too late".to_owned(), ..narrative("") };
        assert_snapshot!(w.act(|tx| desk::write(tx, &quarter(), late.clone(), &ana)), @"the review of 2026-Q1 is vouched for: what it says stays as it is [review-attested]; write into the review of the next period");
    });
}

fn narrative(objective: &str) -> Written {
    Written {
        matter: Matter::Narrative,
        objective: objective.to_owned(),
        text: "More was done together.".to_owned(),
        who: String::new(),
        due: String::new(),
    }
}

#[test]
fn what_is_written_into_it() {
    for_each_engine(|w| {
        w.open();
        let write =
            |written: Written| w.act(|tx| desk::write(tx, &quarter(), written.clone(), &person("ana", Role::Analyst)));
        assert_snapshot!(write(narrative("9.9")), @r##"no plan has an objective "9.9" [objective]; one of 1.1, 1.2, 1.3, 2.1, 2.2, 2.3, 3.1, 3.2, 3.3"##);
        assert_snapshot!(write(Written { text: " \n ".to_owned(), ..narrative("") }), @"there is no text [review-text]; write one");
        assert_snapshot!(write(Written { who: "me".to_owned(), ..narrative("") }), @"a narrative has nobody who sees to it, and no day [review-who]; leave --who and --due away");
        assert_snapshot!(write(Written { matter: Matter::Decision, due: "soon".to_owned(), ..narrative("") }), @r##""soon" is no date [date]; write it as 2026-03-01"##);
        assert_eq!(write(narrative("1.2")), "done");
        assert_eq!(write(Written { text: "Better said.".to_owned(), ..narrative("1.2") }), "done");
        let decision = Written {
            matter: Matter::Decision,
            who: "desk".to_owned(),
            due: "2026-05-01".to_owned(),
            ..narrative("1.2")
        };
        assert_eq!(write(decision), "done");
        let made = w.report(Tlp::Amber);
        let texts = made.goals.iter().flat_map(|g| &g.objectives).flat_map(|o| &o.texts);
        let texts: Vec<String> =
            texts.map(|t| format!("{} {} {} {}", t.matter.as_str(), t.text, t.who, t.due)).collect();
        assert_eq!(texts, ["narrative Better said.  ", "decision More was done together. desk 2026-05-01"]);
        let ics = made.ics("hub.example");
        assert!(ics.contains("DUE;VALUE=DATE:20260501\r\n") && ics.lines().all(|line| line.len() <= 76), "{ics}");
    });
}

#[test]
fn a_partner_is_shown_what_is_said_of_it_and_nothing_else() {
    for_each_engine(|w| {
        w.confirm("fr", "a-1");
        w.open();
        w.at("2026-04-02");
        assert_eq!(w.consult(), "done");
        // without an agreement an AMBER name is kept from it; that it counts is not
        assert_snapshot!(w.shown("fr"), @"an activity whose mark keeps it from you | no day | Some(true) | holds all that is asked");
        assert_snapshot!(w.shown("nl"), @r"
        Activity: Table-top on water | 2026-01-05 | Some(true) | holds all that is asked
        Activity: Table-top on water | 2026-01-05 | Some(false) | not so: some confirmed_by where (it is foreign)
        ");
        // no more than that leaves: what stands in the log is what was shown
        let reply = |org: &str, measure: &str| {
            let (org, measure) = (org.to_owned(), measure.to_owned());
            let reply = ReplyMeta {
                review: quarter(),
                org,
                measure,
                text: "It was two days.".to_owned(),
                through: "mail".to_owned(),
                by: "ana".to_owned(),
            };
            w.act(|tx| desk::reply(tx, reply.clone()))
        };
        assert_snapshot!(reply("us", ""), @"us was shown nothing of 2026-Q1 [reply-nothing]; `mainstay review consult` lays a review before its partners");
        assert_snapshot!(reply("fr", "isp:9.9.9"), @"fr was shown nothing of isp:9.9.9 [reply-measure]; leave the measure away to speak of all");
        assert_eq!(reply("fr", "isp:1.2.1"), "done");
        w.at("2026-05-01");
        w.freeze();
        w.at("2026-05-04");
        assert_eq!(reply("nl", ""), "done");
        let made = w.report(Tlp::Amber);
        let said: Vec<String> = made.replies.iter().map(|r| format!("{} {} {}", r.name, r.measure, r.late)).collect();
        assert_eq!(said, ["FR isp:1.2.1 false", "NL  true"]);
        assert!(w.report(Tlp::Green).replies.is_empty() && w.report(Tlp::Green).sample.is_empty());
    });
}

#[test]
fn late_facts_restate_and_a_definition_may_not_change_in_between() {
    for_each_engine(|w| {
        w.confirm("fr", "a-1");
        w.open();
        w.at("2026-04-02");
        w.consult();
        // a word after the quarter is over shows what was so in it
        w.at("2026-04-10");
        w.confirm("nl", "a-2");
        // a pack that says the same under a new version is another pack
        let key = w.ledger.signing_key().unwrap();
        let (_, standing) = w
            .ledger
            .read(|tx| pack::of_kind(tx, "plan"))
            .unwrap()
            .into_iter()
            .find(|(s, _)| s.name == "isp-2025-2026")
            .unwrap();
        let changed = |version: &str| {
            let mut files = standing.files.clone();
            let manifest = files
                .get("pack.toml")
                .unwrap()
                .replace(&format!("version = \"{}\"", standing.version), &format!("version = \"{version}\""));
            files.insert("pack.toml".to_owned(), manifest);
            Pack::from_files(files).unwrap()
        };
        w.act(|tx| pack::add(tx, &changed("99.0.0"), &key));
        w.at("2026-04-30");
        assert_snapshot!(w.freeze(), @"the pack plan isp-2025-2026 is not the one by which the figures were shown [review-definition]; `mainstay review consult` shows them anew by the pack that stands now");
        // shown anew, the working days begin anew
        assert_eq!(w.consult(), "done");
        assert_snapshot!(w.freeze(), @"partners were shown their figures on 2026-04-30: they have fifteen working days [review-reply-runs]; freeze it on 2026-05-22 or later");
        w.at("2026-05-22");
        assert_eq!(w.freeze(), "done");
        let value =
            |made: &Report| made.rows().find(|row| row.id == "isp:1.2.1").unwrap().value.clone().unwrap().to_string();
        assert_eq!((value(&w.report(Tlp::Amber)), w.report(Tlp::Amber).restated.len()), ("2".to_owned(), 0));
        // what turns out to be a mistake afterwards restates; the frozen value stays
        let tags = w.ledger.read(crate::tags).unwrap();
        let ana = person("ana", Role::Analyst);
        w.act(|tx| {
            write::Desk::new(&w.catalogue, &tags, &ana, "local").void(tx, "activity", "a-2", "it never took place")
        });
        let made = w.report(Tlp::Amber);
        let said: Vec<String> = made
            .restated
            .iter()
            .filter(|r| r.id == "isp:1.2.1")
            .map(|r| format!("{:?} {:?} {}", r.frozen, r.now, r.why))
            .collect();
        assert_eq!(
            (value(&made), said),
            ("2".to_owned(), vec!["Some(Number(2)) Some(Number(1)) facts that came to be known later".to_owned()])
        );
    });
}

impl World {
    /// A pack that stands, with texts in it changed.
    fn pack(&self, kind: &str, name: &str, changes: &[(&str, &str)]) -> Pack {
        let packs = self.ledger.read(|tx| pack::of_kind(tx, kind)).unwrap();
        let (_, standing) = packs.into_iter().find(|(signed, _)| signed.name == name).unwrap();
        let mut files = standing.files;
        for (was, is) in changes {
            let holds: Vec<&mut String> = files.values_mut().filter(|text| text.contains(was)).collect();
            assert!(!holds.is_empty(), "{was}");
            holds.into_iter().for_each(|text| *text = text.replacen(was, is, 1));
        }
        Pack::from_files(files).unwrap()
    }

    /// Loads it as the verb does.
    fn load(&self, pack: &Pack) -> String {
        let key = self.ledger.signing_key().unwrap();
        match self.ledger.read(|tx| Ok(crate::check_pack(tx, pack))).unwrap() {
            Ok(()) => self.act(|tx| pack::add(tx, pack, &key)),
            Err(reason) => reason,
        }
    }

    /// The quarter, shown and frozen.
    fn frozen(&self) {
        self.confirm("fr", "a-1");
        self.open();
        self.at("2026-04-02");
        self.consult();
        self.at("2026-05-01");
        assert_eq!(self.freeze(), "done");
    }

    /// The frozen value of 1.2.1, and what it is now and why where that is another.
    fn beside(&self) -> String {
        let made = self.report(Tlp::Amber);
        let number = |value: &Option<serde_json::Number>| crate::text::number(value);
        let frozen = number(&made.rows().find(|row| row.id == "isp:1.2.1").unwrap().value);
        let restated = made.restated.iter().filter(|r| r.id == "isp:1.2.1");
        restated
            .fold(frozen, |said, r| format!("{said}, frozen {} now {}: {}", number(&r.frozen), number(&r.now), r.why))
    }
}

/// The frozen figure stays by the definition that it was frozen by; beside it stands what another definition makes of the same quarter, and that it is one.
#[test]
fn a_definition_changed_after_the_freeze_stands_beside_the_figure() {
    for_each_engine(|w| {
        w.frozen();
        assert_eq!(w.beside(), "1");
        let digest =
            || w.ledger.read(|tx| workspace::read(tx, QUARTER)).unwrap().unwrap().frozen.unwrap().what.digest();
        let frozen = digest();
        // another text under the same number of its definition is no new definition
        let count = ("where state is held and joint is yes", "where state is held and joint is no");
        let version = |n: u32| ("version = \"".to_owned(), format!("version = \"{n}"));
        let (was, is) = version(9);
        let plan = |changes: &[(&str, &str)]| w.pack("plan", "isp-2025-2026", changes);
        assert_snapshot!(w.load(&plan(&[count, (&was, &is)])), @"plan pack isp-2025-2026 has 1 faults, the first: measure isp:1.2.1: count changed and definition_version did not rise: raise it [plan-version]; `mainstay plan lint` lists all");
        let to = |n: u32| format!("definition_version = {n}\n\n[[measure]]\nid = \"isp:1.2.2\"");
        let raised = [count, (&to(2), &to(3)), (&was, &is)];
        assert_eq!(w.load(&plan(&raised)), "done");
        assert_snapshot!(w.beside(), @"1, frozen 1 now 0: it is counted by version 3 of its definition, not 2");
        assert_eq!(digest(), frozen);
        assert_snapshot!(w.freeze(), @"the review of 2026-Q1 is frozen [review-frozen]; what came to be known later restates it; `mainstay review status` lists that");
        // a number that meant one text is never given to another; back to the first text there is a number of its own
        let (was, is) = version(99);
        let back = |n: u32| w.load(&plan(&[(count.1, count.0), (&to(3), &to(n)), (&was, &is)]));
        assert_snapshot!(back(2), @"plan pack isp-2025-2026 has 1 faults, the first: measure isp:1.2.1: count, definition_version changed and definition_version did not rise: raise it [plan-version]; `mainstay plan lint` lists all");
        assert_eq!(back(4), "done");
        assert_snapshot!(w.beside(), @"1, frozen 1 now 1: it is counted by version 4 of its definition, not 2");
        assert_eq!(digest(), frozen);
    });
}

/// Two keys that turn out to be one partner, and a pack of records, which has no number in a figure.
#[test]
fn why_a_frozen_figure_is_another_now() {
    for_each_engine(|w| {
        w.frozen();
        w.at("2026-05-02");
        w.act(|tx| partners::merge::merge(tx, "fr", Some("home"), "it is our own desk in Paris", "ada"));
        assert_snapshot!(w.beside(), @"1, frozen 1 now 0: fr is counted as home since 2026-05-02, says ada: it is our own desk in Paris, or facts that came to be known later");
        w.act(|tx| partners::merge::merge(tx, "fr", None, "it is not", "ada"));
        assert_eq!(w.beside(), "1");
        // "joint" becomes a text, and is never yes
        let joint = ("name = \"joint\"\ntype = \"flag\"", "name = \"joint\"\ntype = \"text\"");
        let (records, key) = (
            w.pack("records", "records", &[joint, ("version = \"", "version = \"9")]),
            w.ledger.signing_key().unwrap(),
        );
        w.act(|tx| pack::add(tx, &records, &key));
        assert_snapshot!(w.beside(), @"1, frozen 1 now –: the pack records records is another one, or facts that came to be known later");
    });
}

#[test]
fn the_page_of_one_organisation() {
    for_each_engine(|w| {
        let page = |org: &str| w.ledger.read(|tx| yours::page(tx, org, "home", None)).unwrap();
        let waits = |org: &str| page(org).unwrap().waiting.iter().map(|one| one.id.clone()).collect::<Vec<_>>();
        // an AMBER record waits only for whom it may be named to
        assert_eq!((waits("fr"), waits("nl")), (vec![], vec!["a-2".to_owned(), "a-1".to_owned()]));
        assert!(page("home").is_none() && page("xx").is_none());
        w.confirm("nl", "a-1");
        assert_eq!(waits("nl"), ["a-2"]);
        let say = |org: &str, note: &str| {
            w.act(|tx| {
                let backing = Backing { kind: "activity", id: "a-2", org, note, artefact: None, file: "" };
                write::dispute(tx, &w.catalogue, &backing, "link")
            })
        };
        assert_snapshot!(say("fr", "we were not there"), @"fr is not among those who took part in a-2 [record-confirm]; correct who took part first");
        assert_snapshot!(say("nl", ""), @"a reason is one line of up to 1000 bytes [record-dispute]; say what was otherwise");
        assert_eq!(say("nl", "it was a telephone call"), "done");
        assert!(waits("nl").is_empty());
        // a link is one organisation's, and ends
        let token = w.ledger.write(|tx| yours::issue(tx, "nl")).unwrap();
        let look = |token: &str| w.ledger.read(|tx| yours::look(tx, token)).unwrap();
        assert_eq!(look(&token).as_deref(), Some("nl"));
        let mut forged = token.clone();
        forged.replace_range(0..1, if token.starts_with('A') { "B" } else { "A" });
        assert_eq!((look(&forged), look(""), look(token.get(1..).unwrap())), (None, None, None));
        w.at("2026-04-11");
        assert_eq!(look(&token), None);
        // a person of it reads a name only as far as they may read themselves
        w.open();
        w.consult();
        let low = Person {
            org: "nl".to_owned(),
            is_operator: false,
            own_clearance: Tlp::Clear,
            agreements: vec![Agreement::plain("2026-01-01".parse().unwrap(), None, Tlp::Amber)],
            ..person("nan", Role::Partner)
        };
        let read = |by: Option<&Person>| {
            let page = w.ledger.read(|tx| yours::page(tx, "nl", "home", by)).unwrap().unwrap();
            page.reviews.iter().flat_map(|r| &r.lines).filter(|said| said.what.contains("Table-top")).count()
        };
        assert!(read(None) > 0);
        assert_eq!(read(Some(&low)), 0);
    });
}

#[test]
fn a_bundle_holds_every_leaf_and_withholds_by_rule() {
    for_each_engine(|w| {
        w.confirm("fr", "a-1");
        w.open();
        w.at("2026-04-02");
        w.consult();
        w.at("2026-05-01");
        let head = w.ledger.checkpoint().unwrap();
        let key = w.ledger.verifier().encode();
        let write = |head: &ledger::checkpoint::Checkpoint, reader: &Person| {
            let mut out = Vec::new();
            let written = w.ledger.read(|tx| bundle::write(tx, &quarter(), head, &key, reader, &mut out));
            written.map(|written| (written, String::from_utf8(out).unwrap()))
        };
        assert_snapshot!(write(&head, &op()).unwrap_err(), @"the review of 2026-Q1 is not frozen [review-not-frozen]; `mainstay review freeze` freezes it");
        w.freeze();
        // a head that was signed before the freeze does not hold it
        assert_snapshot!(write(&head, &op()).unwrap_err(), @"the review of 2026-Q1 is not frozen [review-not-frozen]; `mainstay review freeze` freezes it");
        let head = w.ledger.checkpoint().unwrap();
        let (all, text) = write(&head, &op()).unwrap();
        assert_eq!((text.lines().count() as i64, all.withheld, all.purged), (all.entries + 1, 0, 0));
        assert_eq!(all.entries, head.size);
        // an auditor of another house gets what no mark keeps from it; what is kept is there as that
        let outside = Person { org: "nl".to_owned(), is_operator: false, ..person("rekenkamer", Role::Auditor) };
        let (some, text) = write(&head, &outside).unwrap();
        assert!(some.withheld > 0 && some.payloads + some.withheld == all.payloads, "{some:?}");
        assert!(text.contains(r#"","marking"]"#) && !text.contains("Table-top"), "{text}");
        let one = w.ledger.read(|tx| workspace::read(tx, QUARTER)).unwrap().unwrap();
        assert!(one.frozen.unwrap().what.figures.len() >= 30);
    });
}
