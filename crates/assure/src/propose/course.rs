//! What platforms for courses give as CSV: who took part in which course, since when and with what result, as drafts of trainings. Every platform names its
//! columns otherwise: they are known by synonyms, and those that are not read are named. What a score shows is for the assessor to say, never for a table.
use std::collections::BTreeMap;

use jiff::civil::Date;

use super::{DRAFTS_MAX, Draft, Fault, Found, Known, Reading, What, line};

/// Bytes of a cell: no name, course or date has more.
const CELL_MAX: usize = 1_000;
/// Bytes of the first line, where the columns are named.
const HEAD_MAX: usize = 16 << 10;

/// What a column may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Column {
    Learner,
    Mail,
    Course,
    Enrolled,
    Done,
    Result,
    Status,
}

/// Heads without blanks and signs, the better one first where a table has several: a number before a name, so that few names are carried.
const SYNONYMS: [(Column, &[&str]); 7] = [
    (
        Column::Learner,
        &[
            "pseudonym",
            "learnerid",
            "participantid",
            "studentid",
            "userid",
            "idnumber",
            "employeeid",
            "username",
            "login",
            "learner",
            "participant",
            "student",
            "user",
            "trainee",
            "learnername",
            "participantname",
            "studentname",
            "fullname",
            "name",
        ],
    ),
    (Column::Mail, &["email", "emailaddress", "mail", "useremail", "learneremail"]),
    (
        Column::Course,
        &[
            "programme",
            "program",
            "coursecode",
            "courseid",
            "courseidnumber",
            "courseshortname",
            "shortname",
            "course",
            "coursename",
            "coursetitle",
            "coursefullname",
            "training",
            "class",
            "module",
        ],
    ),
    (
        Column::Enrolled,
        &[
            "enrolledon",
            "enrolmentdate",
            "enrollmentdate",
            "dateenrolled",
            "enrolled",
            "timeenrolled",
            "registrationdate",
            "registeredon",
            "startdate",
            "startedon",
            "started",
            "datestarted",
        ],
    ),
    (
        Column::Done,
        &[
            "completedon",
            "completiondate",
            "datecompleted",
            "timecompleted",
            "completed",
            "completeddate",
            "finishedon",
            "enddate",
            "assessedon",
            "date",
        ],
    ),
    (
        Column::Result,
        &["result", "score", "grade", "finalgrade", "coursetotal", "percentage", "points", "mark", "finalscore"],
    ),
    (
        Column::Status,
        &["status", "completionstatus", "coursestatus", "enrolmentstatus", "enrollmentstatus", "progress", "outcome"],
    ),
];

fn plain(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// What a head means, and how good it is.
fn column(head: &str) -> Option<(Column, usize)> {
    let head = plain(head);
    SYNONYMS.iter().find_map(|(column, names)| Some((*column, names.iter().position(|name| *name == head)?)))
}

/// Whether the first line names somebody who learns and something that is learnt.
pub(super) fn is_course(bytes: &[u8]) -> bool {
    let first = bytes.split(|&b| b == b'\n').next().unwrap_or_default();
    let Ok(first) = std::str::from_utf8(first.get(..first.len().min(HEAD_MAX)).unwrap_or_default()) else {
        return false;
    };
    let columns: Vec<Column> = first.split(delimiter(first)).filter_map(|head| Some(column(head)?.0)).collect();
    (columns.contains(&Column::Learner) || columns.contains(&Column::Mail)) && columns.contains(&Column::Course)
}

fn delimiter(first: &str) -> char {
    let often = |c: &char| first.chars().filter(|other| other == c).count();
    [',', ';', '\t'].into_iter().max_by_key(often).unwrap_or(',')
}

/// The columns of a table: for each meaning its places, the best first.
type Places = BTreeMap<Column, Vec<usize>>;

/// The programmes that are recorded, so that a course finds its own: each name and id, plain, with the id.
pub type Programmes = BTreeMap<String, String>;

/// How a name of a programme is looked for.
pub fn named(name: &str) -> String {
    plain(name)
}

/// What is proposed of a table.
pub fn read(bytes: &[u8], programmes: &Programmes, known: &Known<'_>) -> Reading {
    let mut out = Reading::default();
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let Ok(text) = std::str::from_utf8(bytes) else {
        out.fault("", "encoding", "the table is not UTF-8; save it as UTF-8");
        return out;
    };
    let first = text.lines().next().unwrap_or_default();
    let delimiter = u8::try_from(delimiter(first)).unwrap_or(b',');
    let mut rows = csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(text.as_bytes());
    let Ok(heads) = rows.headers().cloned() else {
        out.fault("line 1", "table-header", "there is no line that names the columns");
        return out;
    };
    let places = places(&heads, &mut out);
    let rows: Vec<csv::Result<csv::StringRecord>> = rows.records().take(DRAFTS_MAX + 1).collect();
    if rows.len() > DRAFTS_MAX {
        out.fault("", "propose-many", format!("more than {DRAFTS_MAX} rows: carry out a shorter time and read that"));
        return out;
    }
    let good: Vec<csv::StringRecord> = rows.into_iter().filter_map(|row| kept(row, &mut out)).collect();
    let order = order(&good, &places);
    for row in &good {
        let row = Row { record: row, places: &places, order };
        match draft(&row, programmes, known) {
            Ok(found) => out.found.push(found),
            Err(fault) => out.faults.push(fault),
        }
    }
    out
}

fn kept(row: csv::Result<csv::StringRecord>, out: &mut Reading) -> Option<csv::StringRecord> {
    match row {
        Ok(row) if row.iter().any(|cell| cell.len() > CELL_MAX) => {
            out.fault(place(&row), "cell-too-long", format!("a cell has more than {CELL_MAX} bytes"));
            None
        }
        Ok(row) => Some(row).filter(|row| row.iter().any(|cell| !cell.trim().is_empty())),
        Err(why) => {
            out.fault("", "csv", line(&why.to_string(), 200));
            None
        }
    }
}

fn place(row: &csv::StringRecord) -> String {
    row.position().map(|at| format!("line {}", at.line())).unwrap_or_default()
}

fn places(heads: &csv::StringRecord, out: &mut Reading) -> Places {
    let mut found: BTreeMap<Column, Vec<(usize, usize)>> = BTreeMap::new();
    let mut unread = Vec::new();
    for (at, head) in heads.iter().enumerate() {
        match column(head) {
            Some((column, rank)) => found.entry(column).or_default().push((rank, at)),
            None => unread.push(line(head, 60)),
        }
    }
    if !unread.is_empty() {
        let more = if unread.len() > 20 { ", …" } else { "" };
        unread.truncate(20);
        let reason = format!("columns that are not read: {}{more}", unread.join(", "));
        out.warnings.push(Fault { place: "line 1".to_owned(), rule: "column-unknown", reason });
    }
    let sorted = |mut places: Vec<(usize, usize)>| {
        places.sort_unstable();
        places.into_iter().map(|(_, at)| at).collect()
    };
    found.into_iter().map(|(column, places)| (column, sorted(places))).collect()
}

/// How `3/4/2026` is meant, where a table shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    DayFirst,
    MonthFirst,
    Unknown,
}

struct Row<'a> {
    record: &'a csv::StringRecord,
    places: &'a Places,
    order: Order,
}

impl Row<'_> {
    /// What stands in the columns of a meaning, the best first; empty ones left out.
    fn all(&self, column: Column) -> impl Iterator<Item = String> {
        let places = self.places.get(&column).into_iter().flatten();
        places.filter_map(|at| self.record.get(*at)).map(|cell| line(cell, 300)).filter(|cell| !cell.is_empty())
    }

    fn one(&self, column: Column) -> String {
        self.all(column).next().unwrap_or_default()
    }

    /// The day in a column; what is wrong with it goes to the notes.
    fn day(&self, column: Column, notes: &mut Vec<String>) -> Option<Date> {
        let cell = self.all(column).find(|cell| cell.chars().any(char::is_numeric))?;
        match day(&cell, self.order) {
            Ok(day) => Some(day),
            Err(why) => {
                notes.push(format!("{cell:?} {why}"));
                None
            }
        }
    }
}

/// The three numbers of a day that is written with `/`.
fn slashed(cell: &str) -> Option<(i16, i8, i8)> {
    let first = cell.split_whitespace().next()?.trim_end_matches(',');
    let numbers: Option<Vec<i16>> = first.split('/').map(|n| n.parse().ok()).collect();
    match numbers?.as_slice() {
        [a, b, year] if (0..100).contains(a) && (0..100).contains(b) => {
            Some((*year, i8::try_from(*a).ok()?, i8::try_from(*b).ok()?))
        }
        _ => None,
    }
}

fn order(rows: &[csv::StringRecord], places: &Places) -> Order {
    let columns = [Column::Enrolled, Column::Done];
    let cells = rows
        .iter()
        .flat_map(|row| columns.iter().filter_map(|c| places.get(c)).flatten().filter_map(|at| row.get(*at)));
    let (mut day_first, mut month_first) = (false, false);
    for (_, a, b) in cells.filter_map(slashed) {
        day_first |= a > 12;
        month_first |= b > 12;
    }
    match (day_first, month_first) {
        (true, false) => Order::DayFirst,
        (false, true) => Order::MonthFirst,
        _ => Order::Unknown,
    }
}

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// A day as platforms write it: `2026-03-02 10:00`, `02.03.2026`, `3/2/2026`, `Monday, 2 March 2026, 10:00`.
fn day(cell: &str, order: Order) -> Result<Date, &'static str> {
    let no = "is no day that is read: write YYYY-MM-DD";
    if let Some(day) = cell.get(..10).and_then(|day| day.parse::<Date>().ok()) {
        return Ok(day);
    }
    if let Some((year, a, b)) = slashed(cell) {
        let (month, day) = match order {
            Order::DayFirst => (b, a),
            Order::MonthFirst => (a, b),
            Order::Unknown if a == b => (a, b),
            Order::Unknown => {
                return Err("may be read with the day or the month first, and no row says which: write YYYY-MM-DD");
            }
        };
        return Date::new(if year < 100 { year + 2000 } else { year }, month, day).map_err(|_| no);
    }
    let words: Vec<&str> = cell.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).take(8).collect();
    if let [day, month, year, ..] = words.as_slice()
        && let (Ok(day), Ok(month), Ok(year)) = (day.parse(), month.parse(), year.parse::<i16>())
    {
        return Date::new(year, month, day).map_err(|_| no);
    }
    let month = words.iter().find_map(|word| MONTHS.iter().position(|m| word.to_lowercase().starts_with(m)));
    let numbers: Vec<i16> = words.iter().filter_map(|word| word.parse().ok()).collect();
    let day = numbers.iter().find(|n| (1..=31).contains(*n)).and_then(|n| i8::try_from(*n).ok());
    let year = numbers.iter().find(|n| **n > 1_000);
    match (year, month.and_then(|at| i8::try_from(at + 1).ok()), day) {
        (Some(year), Some(month), Some(day)) => Date::new(*year, month, day).map_err(|_| no),
        _ => Err(no),
    }
}

/// The state of a training that a platform's word means.
fn state(status: &str, is_done: bool, notes: &mut Vec<String>) -> &'static str {
    let word = plain(status);
    let has = |words: &[&str]| words.iter().any(|w| word.starts_with(w));
    match () {
        () if word.is_empty() && is_done => "attended",
        () if word.is_empty() => "enrolled",
        () if has(&["pass", "certified", "successful"]) => "assessed",
        () if has(&["complete", "finish", "attended", "done", "fail", "notpassed", "yes"]) || word == "100" => {
            "attended"
        }
        () if has(&["drop", "withdr", "cancel", "unenrol", "removed", "expired", "noshow"]) => "dropped",
        () if has(&[
            "enrol",
            "regist",
            "inprogress",
            "notstarted",
            "incomplete",
            "notcomplete",
            "active",
            "started",
            "open",
            "no",
        ]) =>
        {
            "enrolled"
        }
        () => {
            notes.push(format!("the status {status:?} is none that is known: say with --state where it is"));
            "enrolled"
        }
    }
}

fn draft(row: &Row<'_>, programmes: &Programmes, known: &Known<'_>) -> Result<Found, Fault> {
    let place = place(row.record);
    let missing =
        |what: &str| Fault { place: place.clone(), rule: "missing-value", reason: format!("it does not say {what}") };
    let mail = row.one(Column::Mail);
    let person = row
        .all(Column::Learner)
        .chain([mail.clone()])
        .find(|who| !who.is_empty())
        .ok_or_else(|| missing("who it is about"))?;
    let course = row.all(Column::Course).next().ok_or_else(|| missing("which course it is about"))?;
    let mut notes = Vec::new();
    let programme = row.all(Column::Course).find_map(|name| programmes.get(&plain(&name)).cloned());
    if programme.is_none() {
        notes.push(format!("no programme is called {course:?}: record it first, or give programme=ID"));
    }
    if person.contains([' ', '@']) {
        notes.push("this looks like a name: give the pseudonym that the programme uses with person=".to_owned());
    }
    let (enrolled, done) = (row.day(Column::Enrolled, &mut notes), row.day(Column::Done, &mut notes));
    let state = state(&row.one(Column::Status), done.is_some(), &mut notes);
    if enrolled.is_none() {
        notes.push("it does not say since when: give enrolled_on".to_owned());
    }
    let result = row.one(Column::Result);
    if !result.is_empty() {
        notes.push(format!(
            "its result is {result:?}: which competences that shows is for the assessor to say (reached)"
        ));
    }
    let day = |day: Option<Date>| day.map(|day| day.to_string()).unwrap_or_default();
    let mut fields = BTreeMap::from([
        ("programme".to_owned(), programme.unwrap_or_default()),
        ("person".to_owned(), person.clone()),
        ("org".to_owned(), known.directory.org_of(&mail).unwrap_or_default().to_owned()),
        ("enrolled_on".to_owned(), day(enrolled)),
    ]);
    match state {
        "assessed" => fields.insert("assessed_on".to_owned(), day(done)),
        "dropped" => fields.insert("dropped_on".to_owned(), day(done)),
        _ => None,
    };
    fields.retain(|_, text| !text.is_empty());
    let of = format!("course/{}/{}", plain(&course), plain(&person));
    let draft = Draft {
        family: of.clone(),
        of,
        kind: "training".to_owned(),
        state: state.to_owned(),
        fields,
        ..Draft::default()
    };
    Ok(Found { place, notes, what: What::Record(draft), body: Vec::new() })
}
