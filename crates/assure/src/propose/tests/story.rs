//! Proposals on both engines: read, kept, changed by a later version, accepted under other names, called off, dropped; and a rebuild.
use insta::assert_snapshot;
use ledger::testkit::{TestStore, engines};
use partners::register::Org;
use partners::{Person, Role};

use super::TODAY;
use crate::propose::decide::{self, Answer};
use crate::propose::{Form, Known, queue};
use crate::record::list;
use crate::record::tests::{World, person};

const CONTACTS: &[u8] =
    b"org,email\nhome,desk@agency.example\nfr,cert@cert.example.fr\nnl,ncsc@ncsc.example.nl\ngas,soc@gas.example\n";

fn world(store: TestStore) -> World {
    let w = World::with(store, crate::turn::stages());
    let gas = Org {
        key: "gas".to_owned(),
        name: "Gas".to_owned(),
        kind: Some("operator".to_owned()),
        country: Some("US".to_owned()),
        languages: Vec::new(),
        aka: None,
        agreement: None,
    };
    w.ledger.write(|tx| partners::org::add_org(tx, &gas)).unwrap();
    w.ledger.write(|tx| act::import_contacts(tx, CONTACTS, false)).unwrap();
    w.ledger.catch_up().unwrap();
    w.at("2026-03-10");
    w
}

fn ana() -> Person {
    person("ana", Role::Analyst)
}

impl World {
    /// Brings a file: how many are proposed and known, and what was refused or left.
    pub(super) fn bring(&self, file: &str, bytes: &[u8]) -> String {
        let Some(form) = Form::of(bytes) else { return "no form".to_owned() };
        let brought = self.ledger.write_applied(|tx| {
            let directory = queue::directory(tx)?;
            let known = Known { directory: &directory, today: TODAY, all: false };
            let reading = crate::propose::read(tx, form, bytes, &known)?;
            queue::propose(tx, &self.catalogue, (file, form), &reading, &ana())
        });
        let Ok(intake) = brought else { return brought.unwrap_err().to_string() };
        let mut out = format!("{} proposed, {} known", intake.accepted, intake.unchanged);
        for (name, notes) in [("refused", &intake.refused), ("left", &intake.skipped), ("warning", &intake.warnings)] {
            out.extend(notes.iter().map(|n| format!("\n{name} {}: {} [{}]", n.place, n.reason, n.rule)));
        }
        out
    }

    /// What waits: each with a letter for its number, which differs between stores.
    pub(super) fn waiting(&self) -> String {
        let items = self.ledger.read(|tx| queue::list(tx, &self.catalogue, &ana(), -1, 100)).unwrap();
        let line = |item: &queue::Item| {
            let fields: Vec<String> = item.fields.iter().map(|(name, text)| format!("{name}={text}")).collect();
            let head = format!("{} {} {}", item.act.as_str(), item.kind, item.id);
            let out = format!("{} [{}] {}", head.trim_end(), item.state, fields.join(" | "));
            let mut out = out.trim_end().to_owned();
            out.extend(item.notes.iter().map(|note| format!("\n  {note}")));
            out
        };
        items.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    fn number(&self, nth: usize) -> i64 {
        let items = self.ledger.read(|tx| queue::list(tx, &self.catalogue, &ana(), -1, 100)).unwrap();
        items.get(nth).map_or(-1, |item| item.proposal)
    }

    pub(super) fn accept(&self, who: &Person, number: i64, fields: &[(&str, &str)], state: &str) -> String {
        let tags = self.ledger.read(crate::tags).unwrap();
        let fields = fields.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        // `KIND:STATE` says another kind
        let (kind, state) = state.split_once(':').map_or((None, state), |(kind, state)| (Some(kind.to_owned()), state));
        let answer = Answer { kind, fields, state: Some(state.to_owned()), ..Answer::default() };
        let came = self.ledger.write_applied(|tx| decide::accept(tx, &self.catalogue, &tags, who, (number, &answer)));
        match came {
            Ok(came) => format!("{} {} {:?}", came.kind, came.id, came.became),
            Err(error) => error.to_string().replace(&number.to_string(), "N"),
        }
    }

    fn drop_it(&self, who: &Person, number: i64, reason: &str) -> String {
        let dropped = self.ledger.write_applied(|tx| decide::drop_one(tx, &self.catalogue, who, number, reason));
        dropped.map_or_else(|error| error.to_string().replace(&number.to_string(), "N"), |()| "dropped".to_owned())
    }

    pub(super) fn history(&self, kind: &str, id: &str) -> String {
        let steps = self.ledger.read(|tx| list::history(tx, kind, id)).unwrap();
        steps.iter().map(|step| format!("{} {}", step.by, step.what)).collect::<Vec<_>>().join("\n")
    }
}

/// An invitation in a version.
fn invitation(uid: &str, sequence: u32, day: &str, title: &str, more: &str) -> Vec<u8> {
    format!(
        "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:{uid}\r\nSEQUENCE:{sequence}\r\nDTSTAMP:20260301T000000Z\r\n\
         DTSTART:{day}T090000Z\r\nSUMMARY:{title}\r\nORGANIZER:mailto:desk@agency.example\r\nATTENDEE:mailto:soc@gas.example\r\n\
         {more}END:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    .into_bytes()
}

fn for_each_engine(story: impl Fn(&World)) {
    insta::allow_duplicates! {
        for store in engines() {
            story(&world(store));
        }
    }
}

#[test]
fn a_meeting_from_its_invitation_to_its_end() {
    for_each_engine(|w| {
        let first = invitation("u1", 0, "20260305", "Valves", "");
        assert_eq!(w.bring("a.ics", &first), "1 proposed, 0 known");
        assert_eq!(w.bring("a.ics", &first), "0 proposed, 1 known", "the same file twice");
        assert_snapshot!(w.waiting(), @"new activity [held] coordinated_by=home | held_on=2026-03-05 | partners=gas | reference=cal-bb82030dbc2b | title=Valves");
        // a later version takes the place of one that waits; an older one says nothing
        assert_eq!(w.bring("b.ics", &invitation("u1", 1, "20260306", "Valves", "")), "1 proposed, 0 known");
        assert_eq!(w.bring("a.ics", &first), "0 proposed, 1 known");
        assert_snapshot!(w.waiting(), @"new activity [held] coordinated_by=home | held_on=2026-03-06 | partners=gas | reference=cal-bb82030dbc2b | title=Valves");
        // the role first, then the rules of the record
        let n = w.number(0);
        assert_snapshot!(w.accept(&person("pat", Role::Auditor), n, &[], ""), @"the role auditor may not import files; admin, operator, analyst may [role]; ask somebody whose role allows it");
        let partner = Person { is_operator: false, org: "fr".to_owned(), ..person("fred", Role::Analyst) };
        assert_snapshot!(w.accept(&partner, n, &[], ""), @"fred belongs to fr; only the operator's own may import files [role]; ask somebody whose role allows it");
        assert_snapshot!(w.accept(&ana(), n, &[("held_on", "2026-03-11")], "held"), @"held_on is 2026-03-11, which is yet to come: it is not held now [record-future]; record it when it is, or correct the day");
        assert_snapshot!(w.accept(&ana(), n, &[("colour", "red")], ""), @r##"an activity has no field "colour" [record-field]; `mainstay record kinds activity` lists its fields"##);
        assert_eq!(w.accept(&ana(), n, &[("reference", "A 1"), ("format", "meeting")], ""), "activity a-1 Some(New)");
        assert_snapshot!(w.accept(&ana(), n, &[], ""), @"no proposal N waits [proposal-unknown]; `mainstay record proposals` has the numbers of those that do");
        assert_snapshot!(w.history("activity", "a-1"), @"ana recorded as held");
        let version = w.ledger.read(|tx| list::latest(tx, "activity", "a-1")).unwrap().unwrap();
        assert_eq!((version.source.as_str(), version.by.as_str()), ("proposal", "ana"));
        // what a person put right stays; a later version is a change of the record that came of the first, whatever it is called now
        w.put(&ana(), "activity", "held", &[("reference", "A 1"), ("partners", "gas; nl"), ("title", "Valves, Paris")]);
        assert_eq!(w.bring("c.ics", &invitation("u1", 2, "20260304", "Valves", "")), "1 proposed, 0 known");
        assert_snapshot!(w.waiting(), @"change activity a-1 [] held_on=2026-03-04");
        assert_eq!(w.accept(&ana(), w.number(0), &[], ""), "activity a-1 Some(Changed)");
        assert_snapshot!(w.history("activity", "a-1"), @r##"
        ana recorded as held
        ana partners: gas → gas; nl; title: Valves → Valves, Paris
        ana held_on: 2026-03-06 → 2026-03-04
        "##);
        // what was held is not called off: the rule of the record says so, and the proposal waits
        assert_eq!(
            w.bring("d.ics", &invitation("u1", 3, "20260304", "Valves", "STATUS:CANCELLED\r\n")),
            "1 proposed, 0 known"
        );
        assert_snapshot!(w.accept(&ana(), w.number(0), &[], ""), @"a-1 is held and does not become cancelled [record-state]; nothing follows it");
        assert_snapshot!(w.drop_it(&ana(), w.number(0), " "), @"a reason is one line of up to 1000 bytes [proposal-reason]; say with --reason why");
        assert_snapshot!(w.drop_it(&person("pat", Role::Auditor), w.number(0), "no"), @"the role auditor may not import files; admin, operator, analyst may [role]; ask somebody whose role allows it");
        assert_eq!(w.drop_it(&ana(), w.number(0), "it was held all the same"), "dropped");
        assert_eq!(
            w.bring("d.ics", &invitation("u1", 3, "20260304", "Valves", "STATUS:CANCELLED\r\n")),
            "0 proposed, 1 known"
        );
        assert_eq!(w.waiting(), "");
        rebuilt(w);
    });
}

#[test]
fn what_is_called_off() {
    for_each_engine(|w| {
        assert_eq!(w.bring("a.ics", &invitation("u2", 0, "20260401", "Pipes", "")), "1 proposed, 0 known");
        assert_eq!(w.accept(&ana(), w.number(0), &[], ""), "activity cal-6ca202c88e54 Some(New)");
        let off = invitation("u2", 1, "20260401", "Pipes", "STATUS:CANCELLED\r\n");
        assert_eq!(w.bring("b.ics", &off), "1 proposed, 0 known");
        assert_snapshot!(w.waiting(), @"cancel activity cal-6ca202c88e54 [cancelled]");
        assert_eq!(w.accept(&ana(), w.number(0), &[], ""), "activity cal-6ca202c88e54 Some(Changed)");
        assert_snapshot!(w.history("activity", "cal-6ca202c88e54"), @r##"
        ana recorded as planned
        ana planned → cancelled
        "##);
        // of another kind, with the fields that it has
        assert_eq!(w.bring("x.ics", &invitation("u9", 0, "20260303", "Teams", "")), "1 proposed, 0 known");
        assert_snapshot!(w.accept(&ana(), w.number(0), &[], "gap:"), @"partner, source, identified_on is empty, which identified asks for [record-missing]; fill it");
        assert_snapshot!(w.accept(&ana(), w.number(0), &[], "engagement:"), @"engagement cal-553f26abeeeb Some(New)");
        assert_eq!(w.bring("x.ics", &invitation("u9", 1, "20260304", "Teams", "")), "1 proposed, 0 known");
        assert_snapshot!(w.waiting(), @"change engagement cal-553f26abeeeb [] held_on=2026-03-04");
        assert_snapshot!(w.accept(&ana(), w.number(0), &[], "activity:"), @"cal-553f26abeeeb is an engagement already, and no activity [proposal-kind]; void that one, and record another by hand");
        w.drop_it(&ana(), w.number(0), "it was the third");
        // and on again
        assert_eq!(w.bring("c.ics", &invitation("u2", 2, "20260402", "Pipes", "")), "1 proposed, 0 known");
        assert_snapshot!(w.waiting(), @"change activity cal-6ca202c88e54 [planned] held_on=2026-04-02");
        assert_eq!(w.drop_it(&ana(), w.number(0), "by telephone"), "dropped");
        // called off before anybody recorded it: it asks nobody, and its first version does not come back
        assert_eq!(
            w.bring("d.ics", &invitation("u3", 1, "20260401", "Pumps", "STATUS:CANCELLED\r\n")),
            "0 proposed, 1 known"
        );
        assert_eq!(w.bring("e.ics", &invitation("u3", 0, "20260401", "Pumps", "")), "0 proposed, 1 known");
        assert_eq!(w.bring("f.ics", &invitation("u4", 0, "20260401", "Dams", "")), "1 proposed, 0 known");
        assert_eq!(
            w.bring("g.ics", &invitation("u4", 1, "20260401", "Dams", "STATUS:CANCELLED\r\n")),
            "0 proposed, 1 known"
        );
        assert_eq!(w.waiting(), "");
        rebuilt(w);
    });
}

#[test]
fn a_series() {
    for_each_engine(|w| {
        let weekly = "RRULE:FREQ=WEEKLY;COUNT=3\r\n";
        assert_eq!(w.bring("a.ics", &invitation("s", 0, "20260303", "Desk", weekly)), "3 proposed, 0 known");
        assert_snapshot!(w.waiting(), @r##"
        new activity [held] coordinated_by=home | held_on=2026-03-03 | partners=gas | reference=cal-043a718774c5-2026-03-03 | title=Desk
        new activity [held] coordinated_by=home | held_on=2026-03-10 | partners=gas | reference=cal-043a718774c5-2026-03-10 | title=Desk
        new activity [planned] coordinated_by=home | held_on=2026-03-17 | partners=gas | reference=cal-043a718774c5-2026-03-17 | title=Desk
        "##);
        // whichever is recorded first stands for the series
        let second = w.accept(&ana(), w.number(1), &[], "");
        assert_eq!(second, "activity cal-043a718774c5-2026-03-10 Some(New)");
        assert_snapshot!(w.waiting(), @r##"
        new activity [held] coordinated_by=home | held_on=2026-03-03 | partners=gas | reference=cal-043a718774c5-2026-03-03 | series=cal-043a718774c5-2026-03-10 | title=Desk
        new activity [planned] coordinated_by=home | held_on=2026-03-17 | partners=gas | reference=cal-043a718774c5-2026-03-17 | series=cal-043a718774c5-2026-03-10 | title=Desk
        "##);
        w.accept(&ana(), w.number(0), &[], "");
        // one day is taken out, one is moved; then all of it is called off
        let except = "RRULE:FREQ=WEEKLY;COUNT=3\r\nEXDATE:20260317T090000Z\r\n";
        assert_eq!(w.bring("b.ics", &invitation("s", 1, "20260303", "Desk", except)), "0 proposed, 3 known");
        let moved = "RECURRENCE-ID:20260310T090000Z\r\n";
        assert_eq!(w.bring("c.ics", &invitation("s", 1, "20260309", "Desk", moved)), "1 proposed, 0 known");
        assert_snapshot!(w.waiting(), @"change activity cal-043a718774c5-2026-03-10 [] held_on=2026-03-09");
        w.accept(&ana(), w.number(0), &[], "");
        let longer = "RRULE:FREQ=WEEKLY;COUNT=5\r\nEXDATE:20260317T090000Z\r\n";
        assert_eq!(
            w.bring("d.ics", &invitation("s", 2, "20260303", "Desk", longer)),
            "3 proposed, 2 known",
            "the moved day too"
        );
        assert_eq!(w.drop_it(&ana(), w.number(0), "it stays moved"), "dropped");
        assert_eq!(w.accept(&ana(), w.number(0), &[], ""), "activity cal-043a718774c5-2026-03-24 Some(New)");
        let off = invitation("s", 3, "20260303", "Desk", "STATUS:CANCELLED\r\n");
        assert_snapshot!(w.bring("e.ics", &off), @"3 proposed, 0 known");
        assert_snapshot!(w.waiting(), @r##"
        cancel activity cal-043a718774c5-2026-03-03 [cancelled]
        cancel activity cal-043a718774c5-2026-03-10 [cancelled]
        cancel activity cal-043a718774c5-2026-03-24 [cancelled]
        "##);
        rebuilt(w);
    });
}

#[test]
fn minutes_and_courses() {
    for_each_engine(|w| {
        let held = [
            ("reference", "A-2026/1"),
            ("title", "Valves"),
            ("held_on", "2026-03-02"),
            ("partners", "gas"),
            ("coordinated_by", "home"),
        ];
        assert_eq!(w.put(&ana(), "activity", "held", &held), "a-2026-1 New");
        let mail = b"From: soc@gas.example\r\nDate: Tue, 3 Mar 2026 10:00:00 +0000\r\nSubject: minutes [A-2026/1]\r\n\r\nWe met on valves.\r\n";
        assert_eq!(w.bring("m.eml", mail), "1 proposed, 0 known");
        assert_eq!(w.bring("m.eml", mail), "0 proposed, 1 known");
        assert_snapshot!(w.waiting(), @r##"
        evidence activity a-2026-1 [] from=gas | level=E2 | note=the mail itself; mail "minutes [A-2026/1]" of Tue, 3 Mar 2026 10:00:00 +0000 from soc@gas.example
          it says that it is from soc@gas.example, an address of gas; whoever sends a mail writes that
          no server says whether that is so (it has no Authentication-Results)
        "##);
        let n = w.number(0);
        assert_snapshot!(w.accept(&ana(), n, &[("level", "E4")], ""), @"E4 is what an independent party confirms [record-level]; an auditor attests: `mainstay record attest`");
        assert_snapshot!(w.accept(&ana(), n, &[("state", "held")], ""), @r##"evidence has no field "state" [proposal-field]; its fields are from, level and note"##);
        assert_eq!(w.accept(&ana(), n, &[], ""), "activity a-2026-1 None");
        let line = w.ledger.read(|tx| list::one(tx, "activity", "a-2026-1")).unwrap().unwrap();
        assert_eq!(line.evidence, "E2");
        assert_eq!(w.bring("again.eml", mail), "0 proposed, 1 known", "it backs the record already");
        let programme = [
            ("reference", "ICS-101"),
            ("title", "Control systems"),
            ("curriculum", "ICS"),
            ("curriculum_version", "3"),
            ("competences", "response"),
            ("level", "basic"),
            ("ends_on", "2026-06-30"),
        ];
        assert_eq!(w.put(&ana(), "programme", "", &programme), "ics-101 New");
        let table =
            "user,course,enrolled,status,room\np-7,ICS-101,2026-03-02,enrolled,4\np-8,Gardening,2026-03-02,passed,4\n";
        assert_snapshot!(w.bring("c.csv", table.as_bytes()), @r##"
        2 proposed, 0 known
        warning line 1: columns that are not read: room [column-unknown]
        "##);
        assert_snapshot!(w.waiting(), @r##"
        new training [enrolled] enrolled_on=2026-03-02 | person=p-7 | programme=ics-101
        new training [assessed] enrolled_on=2026-03-02 | person=p-8
          no programme is called "Gardening": record it first, or give programme=ID
        "##);
        assert_snapshot!(w.accept(&ana(), w.number(1), &[], ""), @"programme, person names this kind of record and is empty [record-key]; fill it");
        assert_eq!(w.accept(&ana(), w.number(0), &[], ""), "training ics-101/p-7 Some(New)");
        // the next export says more of it, and nothing of what stands
        let later = "user,course,enrolled,completed,status\np-7,ICS-101,2026-03-02,2026-03-06,completed\n";
        assert_eq!(w.bring("d.csv", later.as_bytes()), "1 proposed, 0 known");
        let change = w.number(1);
        assert_snapshot!(w.accept(&ana(), change, &[], ""), @"taught_by is empty, which attended asks for [record-missing]; fill it");
        assert_eq!(w.accept(&ana(), change, &[("taught_by", "t-1")], ""), "training ics-101/p-7 Some(Changed)");
        assert_eq!(w.bring("d.csv", later.as_bytes()), "0 proposed, 1 known");
        rebuilt(w);
    });
}

/// Folded anew, everything is as it was.
fn rebuilt(w: &World) {
    assert_eq!(w.ledger.parked().unwrap(), []);
    let before = w.waiting();
    w.ledger.rebuild().unwrap();
    assert_eq!(w.waiting(), before, "{}", w.store.engine);
}
