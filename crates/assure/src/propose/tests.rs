//! The readers on what real programs write and on what hostile ones would; no bytes break them. The story of a proposal, on both engines, stands in
//! `story`.
use act::contact::Contact;
use insta::assert_snapshot;
use jiff::civil::{Date, date};
use partners::org::Card;
use proptest::prelude::*;

use super::{Directory, Form, Known, Reading, What, ics};

mod course;
mod mail;
mod story;

const TODAY: Date = date(2026, 3, 10);

fn card(key: &str, kind: &str) -> Card {
    Card {
        key: key.to_owned(),
        name: key.to_uppercase(),
        kind: Some(kind.to_owned()),
        country: None,
        languages: Vec::new(),
        aka: Vec::new(),
    }
}

pub(super) fn contact(org: &str, email: &str) -> Contact {
    Contact { org: org.to_owned(), email: email.to_owned(), source: "t".to_owned(), ..Contact::default() }
}

pub(super) fn directory() -> Directory {
    let cards = [
        card("home", "agency"),
        card("fr", "csirt"),
        card("nl", "csirt"),
        card("gas", "operator"),
        card("one", "other"),
        card("two", "other"),
    ];
    let contacts = [
        contact("home", "desk@agency.example"),
        contact("fr", "cert@cert.example.fr"),
        contact("nl", "ncsc@ncsc.example.nl"),
        contact("gas", "soc@gas.example"),
        contact("gas", "head.of.gas@gmail.com"),
        contact("one", "a@shared.example"),
        contact("two", "b@shared.example"),
    ];
    Directory::new("home", &cards, &contacts)
}

pub(super) fn shown(reading: &Reading) -> String {
    let mut out = Vec::new();
    for found in &reading.found {
        match &found.what {
            What::Record(draft) => {
                let mut head = vec![draft.kind.clone()];
                head.extend(Some(format!("[{}]", draft.state)).filter(|_| !draft.state.is_empty()));
                head.extend(Some("called off".to_owned()).filter(|_| draft.cancelled));
                head.extend(draft.fields.iter().map(|(name, text)| format!("{name}={text}")));
                out.push(head.join(" "));
            }
            What::Evidence(paper) => {
                let said = format!("{} {} from {} at {}: {}", paper.kind, paper.id, paper.org, paper.level, paper.note);
                out.push(format!("evidence {said} ({} bytes)", found.body.len()));
            }
        }
        out.extend(found.notes.iter().map(|note| format!("  {note}")));
    }
    for (name, faults) in [("refused", &reading.faults), ("left", &reading.left), ("warning", &reading.warnings)] {
        out.extend(faults.iter().map(|f| format!("{name} {}: {} [{}]", f.place, f.reason, f.rule)));
    }
    out.join("\n")
}

fn calendar(text: &str, all: bool) -> String {
    let directory = directory();
    shown(&ics::read(text.as_bytes(), &Known { directory: &directory, today: TODAY, all }))
}

/// One event in an invitation.
fn invited(lines: &str) -> String {
    let event = format!(
        "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:u1\r\n{lines}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    );
    calendar(&event, false)
}

const EXCHANGE: &str = include_str!("tests/exchange.ics");
const GOOGLE: &str = include_str!("tests/google.ics");
const OUTLOOK: &str = include_str!("tests/outlook.ics");

#[test]
fn what_real_programs_send() {
    assert_snapshot!(calendar(EXCHANGE, false), @"engagement coordinated_by=fr held_on=2026-03-17 partners=fr; nl reference=cal-107b8eca3266 title=Water valves, second look");
    assert_snapshot!(calendar(GOOGLE, false), @r##"
    activity coordinated_by=gas held_on=2026-02-24 partners=gas reference=cal-ddc283659210 title=Compressor stations – what to patch first
      declined, and left out: nl
    "##);
    assert_snapshot!(calendar(OUTLOOK, false), @r##"
    activity coordinated_by=home held_on=2026-01-05 partners=gas reference=cal-67a4361dc5f9-2026-01-05 title=Gas desk call
    activity coordinated_by=home held_on=2026-02-02 partners=gas reference=cal-67a4361dc5f9-2026-02-02 title=Gas desk call
    activity coordinated_by=home held_on=2026-03-02 partners=gas reference=cal-67a4361dc5f9-2026-03-02 title=Gas desk call
    left line 32: it is marked private or confidential (CLASS): whoever called it may record it by hand [ics-private]
    left : events that name nobody of a partner by an address that a contact has: 1; bring in contacts first, or ask for all [ics-nobody]
    "##);
    let crlf = GOOGLE.replace('\n', "\r\n");
    assert_eq!(calendar(&crlf, false), calendar(GOOGLE, false), "both ends of lines are read");
}

#[test]
fn days_and_zones() {
    #[track_caller]
    fn check(lines: &str, expected: &str) {
        let said = invited(lines);
        let day = said.split(" held_on=").nth(1).and_then(|rest| rest.get(..10)).unwrap_or(&said);
        assert_eq!(day, expected, "{lines}");
    }
    check("DTSTART;VALUE=DATE:20260302", "2026-03-02");
    check("DTSTART:20260302T233000Z", "2026-03-02");
    check("DTSTART:20260302T233000", "2026-03-02");
    check("DTSTART;TZID=America/Los_Angeles:20260302T233000", "2026-03-02");
    check("DTSTART;TZID=\"W. Europe Standard Time\":20260302T003000", "2026-03-02");
    check("DTSTART:20261231T235960Z", "2026-12-31");
    check("DTSTART:20240229", "2024-02-29");
    check("DTSTART:20260229", "refused line 3: line 5: \"20260229\" is no day of the calendar [ics-date]");
    check(
        "DTSTART:99999999T999999Z",
        "refused line 3: line 5: \"99999999T999999Z\" is no day of the calendar [ics-date]",
    );
    check("DTSTART:２０２６0302", "refused line 3: line 5: \"２０２６0302\" is no day of the calendar [ics-date]");
    check("DTSTART:20260302T25", "refused line 3: line 5: \"20260302T25\" is no day of the calendar [ics-date]");
    check("SUMMARY:no day", "refused line 3: DTSTART is missing (RFC 5545 section 3.6.1) [ics-missing]");
    assert_snapshot!(invited("DTSTART;TZID=Mars/Olympus:20260302T090000\r\nSUMMARY:Where"), @r##"
    activity held_on=2026-03-02 reference=cal-bb82030dbc2b title=Where
      the zone "Mars/Olympus" is none that we know: the day is taken as it is written
    "##);
}

#[test]
fn who_takes_part() {
    #[track_caller]
    fn check(people: &[&str], expected: &str) {
        let lines: Vec<String> = people.iter().map(|p| format!("ATTENDEE{p}")).collect();
        let said = invited(&format!("DTSTART:20260302\r\nSUMMARY:x\r\n{}", lines.join("\r\n")));
        let said = said.replace(" held_on=2026-03-02", "").replace(" reference=cal-bb82030dbc2b", "");
        assert_eq!(said.replace(" title=x", ""), expected, "{people:?}");
    }
    check(&[":mailto:a.b@cert.example.fr", ":MAILTO:Desk@Agency.example"], "engagement partners=fr");
    check(
        &[":mailto:a@cert.example.fr", ":mailto:b@ncsc.example.nl", ":mailto:x@gas.example"],
        "activity partners=fr; gas; nl",
    );
    check(
        &[":mailto:a@cert.example.fr", ":mailto:x@unknown.example"],
        "activity partners=fr\n  no contact tells whose these addresses are: unknown.example",
    );
    check(
        &[";PARTSTAT=DECLINED:mailto:a@cert.example.fr", ":mailto:b@ncsc.example.nl"],
        "engagement partners=nl\n  declined, and left out: fr",
    );
    check(&[";CUTYPE=ROOM:mailto:room1@cert.example.fr", ":mailto:b@ncsc.example.nl"], "engagement partners=nl");
    check(&[";CN=\"Doe; Jane: x\";EMAIL=j@gas.example:urn:uuid:1"], "activity partners=gas");
    // a public host says nothing, one address of it does; a domain that two claim is nobody's
    check(&[":mailto:head.of.gas@gmail.com"], "activity partners=gas");
    check(&[":mailto:other@gmail.com"], "activity\n  no contact tells whose these addresses are: gmail.com");
    check(&[":mailto:c@shared.example"], "activity\n  no contact tells whose these addresses are: shared.example");
    check(&[":invalid:nomail", ":mailto:@", ":"], "activity");
}

#[test]
fn what_is_left_where_it_is() {
    let export = |more: &str| {
        calendar(
            &format!(
                "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nDTSTART:20260301\nSUMMARY:Dentist\n{more}END:VEVENT\nEND:VCALENDAR\n"
            ),
            false,
        )
    };
    assert_snapshot!(export(""), @"left : events that name nobody of a partner by an address that a contact has: 1; bring in contacts first, or ask for all [ics-nobody]");
    assert_snapshot!(export("CLASS:PRIVATE\nATTENDEE:mailto:a@cert.example.fr\n"), @"left line 2: it is marked private or confidential (CLASS): whoever called it may record it by hand [ics-private]");
    assert_snapshot!(calendar("BEGIN:VCALENDAR\nMETHOD:REPLY\nBEGIN:VEVENT\nUID:1\nDTSTART:20260301\nEND:VEVENT\nEND:VCALENDAR\n", true), @"left : METHOD REPLY answers an invitation and is none [ics-method]");
    // an alarm has a title and people of its own
    assert_snapshot!(export("ORGANIZER:mailto:a@cert.example.fr\nBEGIN:VALARM\nSUMMARY:Alarm\nATTENDEE:mailto:x@gas.example\nEND:VALARM\n"), @"engagement coordinated_by=fr held_on=2026-03-01 partners=fr reference=cal-6b86b273ff34 title=Dentist");
    let task = "BEGIN:VCALENDAR\nBEGIN:VTODO\nUID:1\nDTSTART:20260301\nSUMMARY:Do\nEND:VTODO\nEND:VCALENDAR\n";
    assert_eq!(calendar(task, true), "");
}

#[test]
fn series() {
    #[track_caller]
    fn check(start: &str, rule: &str, expected: &str) {
        let said = invited(&format!("DTSTART;TZID=Europe/Berlin:{start}\r\nSUMMARY:x\r\nRRULE:{rule}"));
        let days = said.lines().map(|line| match line.split_once(" held_on=") {
            Some((head, rest)) => {
                format!("{}{}", if head.contains("called off") { "-" } else { "" }, rest.get(5..10).unwrap_or("?"))
            }
            None => line.trim().to_owned(),
        });
        let mut days: Vec<String> = days.collect();
        days.dedup();
        assert_eq!(days.join(" "), expected, "{rule}");
    }
    check("20260302T090000", "FREQ=WEEKLY;COUNT=3", "03-02 03-09 03-16");
    check(
        "20260302T090000",
        "FREQ=WEEKLY;INTERVAL=2;UNTIL=20260401T000000Z;BYDAY=MO,TH",
        "03-02 03-05 03-16 03-19 03-30",
    );
    check("20260113T090000", "FREQ=MONTHLY;BYDAY=2TU;COUNT=3", "01-13 02-10 03-10");
    check("20260113T090000", "FREQ=MONTHLY;BYDAY=TU;BYSETPOS=2;COUNT=3", "01-13 02-10 03-10");
    check("20260130T090000", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;COUNT=3", "01-30 02-27 03-31");
    check("20260131T090000", "FREQ=MONTHLY;COUNT=3", "01-31 03-31 05-31");
    check("20260130T090000", "FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=3", "01-30 01-31 02-28");
    check("20250304T090000", "FREQ=YEARLY;COUNT=5", "03-04");
    check(
        "20260302T090000;X",
        "FREQ=DAILY;COUNT=2",
        "refused line 3: line 5: \"20260302T090000;X\" is no day of the calendar [ics-date]",
    );
    check(
        "20260302T090000",
        "FREQ=SECONDLY",
        "03-02 it recurs by a rule that is not read (\"FREQ=SECONDLY\" is not read): only its first meeting is proposed",
    );
    check(
        "20200302T090000",
        "FREQ=WEEKLY;COUNT=3",
        "left line 3: none of its meetings falls within a year of today [ics-series]",
    );
    check(
        "19800302T090000",
        "FREQ=DAILY;COUNT=99999999",
        "left line 3: it began too long ago to count its meetings through [ics-series]",
    );
    let endless = invited("DTSTART:00010101\r\nSUMMARY:x\r\nRRULE:FREQ=DAILY");
    assert_eq!(endless.lines().filter(|line| line.starts_with("activity")).count(), 120);
    assert!(endless.contains("it has more than 120 meetings within a year of today"), "{endless}");
    // days taken out, said of single ones, in another zone than the series
    let text = "BEGIN:VCALENDAR\nMETHOD:REQUEST\nBEGIN:VEVENT\nUID:s\nDTSTART;TZID=Europe/Berlin:20260302T003000\nSUMMARY:Weekly\n\
        RRULE:FREQ=WEEKLY;COUNT=4\nEXDATE:20260308T233000Z\nATTENDEE:mailto:x@gas.example\nEND:VEVENT\nBEGIN:VEVENT\nUID:s\n\
        RECURRENCE-ID:20260315T233000Z\nDTSTART;TZID=Europe/Berlin:20260317T003000\nSUMMARY:Weekly\\, moved\nEND:VEVENT\nEND:VCALENDAR\n";
    assert_snapshot!(calendar(text, false), @r##"
    activity held_on=2026-03-17 reference=cal-043a718774c5-2026-03-16 title=Weekly, moved
    activity held_on=2026-03-02 partners=gas reference=cal-043a718774c5-2026-03-02 title=Weekly
    activity called off held_on=2026-03-09 partners=gas reference=cal-043a718774c5-2026-03-09 title=Weekly
    activity held_on=2026-03-23 partners=gas reference=cal-043a718774c5-2026-03-23 title=Weekly
    "##);
}

#[test]
fn hostile_calendars() {
    let people: String = (0..100_000).map(|n| format!("ATTENDEE:mailto:a{n}@gas.example\r\n")).collect();
    assert_snapshot!(invited(&format!("DTSTART:20260302\r\n{people}")), @"refused line 3: more than 1000 people: that is a mailing; record by hand who took part [ics-people]");
    assert_snapshot!(invited(&format!("DTSTART:20260302\r\nSUMMARY:{}", "x".repeat(70_000))), @"refused line 3: line 6 has more than 65536 bytes, which no line that is read here needs [ics-line]");
    assert_snapshot!(invited(&format!("DTSTART:20260302\r\nSUMMARY:{}", "x\r\n ".repeat(70_000))), @"refused line 3: line 6 has more than 65536 bytes, which no line that is read here needs [ics-line]");
    // what is not read may be as long as it likes
    assert_snapshot!(invited(&format!("DTSTART:20260302\r\nX-ALT-DESC:{}\r\nSUMMARY:a\0b\x1b[2J\\nc", "x".repeat(300_000))), @"activity held_on=2026-03-02 reference=cal-bb82030dbc2b title=a b [2J c");
    assert_snapshot!(invited("DTSTART:20260302\r\nSUMMARY"), @"refused line 3: line 6 has no `:` after its name (section 3.1) [ics-syntax]");
    assert_snapshot!(calendar("BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nDTSTART:20260302\n", true), @"refused line 2: the file ends within this event: fetch the whole file again [ics-truncated]");
    let deep = format!("BEGIN:VCALENDAR\n{}UID:1\n", "BEGIN:VEVENT\n".repeat(200_000));
    assert_snapshot!(calendar(&deep, true), @"refused line 2: the file ends within this event: fetch the whole file again [ics-truncated]");
    let many: String = (0..20_001).map(|n| format!("BEGIN:VEVENT\nUID:{n}\nDTSTART:20260302\nEND:VEVENT\n")).collect();
    assert_snapshot!(calendar(&format!("BEGIN:VCALENDAR\n{many}END:VCALENDAR\n"), true), @"refused : more than 20000 events: carry out a shorter time and read that [ics-many]");
    let except = (0..2_000).map(|_| "20260302").collect::<Vec<_>>().join(",");
    assert_snapshot!(invited(&format!("DTSTART:20260302\r\nRRULE:FREQ=WEEKLY\r\nEXDATE:{except}")), @"refused line 3: more than 1000 days are taken out of the series or put in [ics-dates]");
    let mut bytes =
        b"BEGIN:VCALENDAR\nMETHOD:REQUEST\nBEGIN:VEVENT\nUID:1\nDTSTART:20260302\nSUMMARY:caf\xe9 \xff".to_vec();
    bytes.extend(b"\nEND:VEVENT\nEND:VCALENDAR\n");
    let directory = directory();
    assert_snapshot!(shown(&ics::read(&bytes, &Known { directory: &directory, today: TODAY, all: true })), @"activity held_on=2026-03-02 reference=cal-6b86b273ff34 title=caf� �");
    // folded within a character
    let folded =
        "BEGIN:VCALENDAR\nMETHOD:REQUEST\nBEGIN:VEVENT\nUID:1\nDTSTART:20260302\nSUMMARY:é\nEND:VEVENT\n".as_bytes();
    let at = folded.iter().position(|b| *b == 0xc3).unwrap() + 1;
    let folded = [&folded[..at], b"\r\n ", &folded[at..]].concat();
    assert!(shown(&ics::read(&folded, &Known { directory: &directory, today: TODAY, all: true })).contains("title=é"));
}

proptest! {
    /// Whatever is brought is read or refused: nothing breaks.
    #[test]
    fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        all_readers(&bytes);
    }

    #[test]
    fn any_calendar(lines in proptest::collection::vec("(BEGIN:|END:|UID:|DTSTART|RRULE:|EXDATE:|RDATE|RECURRENCE-ID|ATTENDEE|SUMMARY:|STATUS:|SEQUENCE:)?(;[A-Z]{0,5}=\"?)?[:;=]?(VEVENT|VCALENDAR|FREQ=(DAILY|WEEKLY|MONTHLY|YEARLY)|;COUNT=[0-9]{1,9}|;INTERVAL=[0-9]{1,4}|;BYDAY=-?[0-9]{0,2}(MO|FR)|;BYSETPOS=-?[0-9]|[0-9]{8}T[0-9]{6}Z?|[0-9]{8}|\\PC{0,9})", 0..30)) {
        all_readers(format!("BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nDTSTART:20260302\n{}\nEND:VEVENT\n", lines.join("\n")).as_bytes());
    }
}

proptest! {
    #[test]
    fn any_mail(lines in proptest::collection::vec("(From: |Subject: |Content-Type: |Content-Transfer-Encoding: |Content-Disposition: |--b|--b--|)?(a@gas.example|multipart/(mixed|digest); boundary=\"?b|message/rfc822|text/(plain|calendar|html)|base64|quoted-printable|attachment; filename\\*?=\\*?0?|=\\?utf-8\\?[QB]\\?[A-Za-z0-9=_]{0,6}\\?=|BEGIN:VCALENDAR|\\[A-1\\]|\\PC{0,9})?\r?", 0..40)) {
        all_readers(format!("From: a\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n{}", lines.join("\n")).as_bytes());
    }

    #[test]
    fn any_course(cells in proptest::collection::vec("[0-9]{0,3}[/.-]?[0-9]{0,2}[/.-]?[0-9]{0,5}|completed|passed|\\PC{0,6}", 0..30)) {
        all_readers(format!("name;course;enrolled;completed;status\n{}", cells.join(";").replace('|', "\n")).as_bytes());
    }
}

fn all_readers(bytes: &[u8]) {
    let directory = directory();
    let known = Known { directory: &directory, today: TODAY, all: true };
    let letter = super::mail::open(bytes);
    let standing = letter.references().into_iter().map(mail::standing).collect();
    let _ = (Form::of(bytes), ics::read(bytes, &known), super::mail::read(&letter, &standing, &known));
    let _ = super::course::read(bytes, &super::course::Programmes::new(), &known);
}
