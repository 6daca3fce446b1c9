//! Exports of courses as platforms give them.
use insta::assert_snapshot;

use super::{TODAY, directory, shown};
use crate::propose::course::{self, Programmes};
use crate::propose::{Form, Known};

fn read(text: &str) -> String {
    let directory = directory();
    let programmes = Programmes::from([
        (course::named("ICS-101"), "p-1".to_owned()),
        (course::named("Incident handling"), "p-2".to_owned()),
    ]);
    assert_eq!(Form::of(text.as_bytes()), Some(Form::Course), "{text}");
    shown(&course::read(text.as_bytes(), &programmes, &Known { directory: &directory, today: TODAY, all: false }))
}

#[test]
fn what_platforms_give() {
    // as Moodle writes it
    assert_snapshot!(read("Username,Full name,Email address,Course short name,Time enrolled,Time completed,Course total,Status\n\
        p-007,Jane Doe,jane@gas.example,ICS-101,\"Monday, 2 March 2026, 10:00 AM\",\"Friday, 6 March 2026, 5:00 PM\",87.00,Completed\n"), @r##"
        training [attended] enrolled_on=2026-03-02 org=gas person=p-007 programme=p-1
          its result is "87.00": which competences that shows is for the assessor to say (reached)
        "##);
    // as an Excel in German regions saves it
    assert_snapshot!(read("\u{feff}Learner ID;Course;Start date;End date;Score;Status;Department\r\nx1;Incident Handling;02.03.2026;;;In progress;North\r\nx2;Other;02.03.2026;06.03.2026;pass;Passed;\r\n"), @r##"
    training [enrolled] enrolled_on=2026-03-02 person=x1 programme=p-2
    training [assessed] assessed_on=2026-03-06 enrolled_on=2026-03-02 person=x2
      no programme is called "Other": record it first, or give programme=ID
      its result is "pass": which competences that shows is for the assessor to say (reached)
    warning line 1: columns that are not read: Department [column-unknown]
    "##);
    // the day or the month first: another row says which
    assert_snapshot!(read("Name\tCourse Title\tEnrollment Date\tStatus\nJane Doe\tICS-101\t3/4/2026\tWithdrawn\nx\tICS-101\t3/14/2026\tWhatever\n"), @r##"
    training [dropped] enrolled_on=2026-03-04 person=Jane Doe programme=p-1
      this looks like a name: give the pseudonym that the programme uses with person=
    training [enrolled] enrolled_on=2026-03-14 person=x programme=p-1
      the status "Whatever" is none that is known: say with --state where it is
    "##);
    assert_snapshot!(read("user,course,enrolled\na,ICS-101,03/04/2026\n,ICS-101,2026-03-01\nb,,2026-03-01\n,,\n"), @r##"
    training [enrolled] person=a programme=p-1
      "03/04/2026" may be read with the day or the month first, and no row says which: write YYYY-MM-DD
      it does not say since when: give enrolled_on
    refused line 3: it does not say who it is about [missing-value]
    refused line 4: it does not say which course it is about [missing-value]
    "##);
}

#[test]
fn hostile_tables() {
    let rows: String = (0..6_000).map(|n| format!("u{n},ICS-101,2026-03-01\n")).collect();
    assert_snapshot!(read(&format!("user,course,enrolled\n{rows}")), @"refused : more than 5000 rows: carry out a shorter time and read that [propose-many]");
    assert_snapshot!(read(&format!("user,course\n{},x\n", "y".repeat(100_000))), @"refused line 2: a cell has more than 1000 bytes [cell-too-long]");
    assert_snapshot!(read("user,course,enrolled\na\0\u{1b}[2Jb,ICS-101,2026-13-45\n=cmd(),\"ICS-101\n"), @r##"
    training [enrolled] person=a [2Jb programme=p-1
      this looks like a name: give the pseudonym that the programme uses with person=
      "2026-13-45" is no day that is read: write YYYY-MM-DD
      it does not say since when: give enrolled_on
    training [enrolled] person==cmd() programme=p-1
      it does not say since when: give enrolled_on
    "##);
    let wide = (0..5_000).map(|n| format!("c{n}")).collect::<Vec<_>>().join(",");
    assert!(read(&format!("user,course,{wide}\n")).len() < 400, "unknown columns are named, not all of them");
    assert_eq!(Form::of(b"org,email\nfr,x@y\n"), None, "contacts are no course");
    assert_eq!(Form::of(b"reference,title,partner\n"), None);
}
