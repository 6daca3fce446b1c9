//! Calendars and invitations (RFC 5545, RFC 5546): which meetings with partners they hold, as drafts of activities and engagements. Some ten
//! properties are read and the rest passed over. Which organisation somebody belongs to is told by the directory, never by a name.
//!
//! The day of a meeting is the day in the zone in which it was called. What is marked private or confidential is left where it is, and so is, of a
//! calendar that was carried out whole, what names nobody of a partner: an append-only log is no place for somebody's dentist.
use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan;
use jiff::civil::{Date, DateTime};
use jiff::tz::{TimeZone, TimeZoneDatabase};

use super::rule::{Days, Rule};
use super::{DRAFTS_MAX, Draft, Found, Known, NAMED_MAX, Reading, What, line, short};

/// Bytes of one unfolded line that is read: a list of exceptions may be long, a name may not.
const LINE_MAX: usize = 64 << 10;
/// Events of one file.
const EVENTS_MAX: usize = 20_000;
/// People of one event: beyond it is a mailing, not a meeting.
const PEOPLE_MAX: usize = 1_000;
/// Days taken out of a series, or put in, or changed.
const DATES_MAX: usize = 1_000;
/// Characters of a title, as the fields of records have them.
const TITLE_MAX: usize = 500;
/// Days of a series to look back and ahead from today.
const WINDOW: i64 = 366;

/// A line as it is meant: unfolded, its name in capitals.
struct Line {
    at: usize,
    name: String,
    params: Vec<(String, String)>,
    value: String,
}

/// An event as it stands in the file.
#[derive(Debug, Default)]
struct Event {
    at: usize,
    uid: String,
    title: String,
    start: Option<At>,
    organizer: String,
    people: Vec<Guest>,
    sequence: u64,
    modified: String,
    stamp: String,
    cancelled: bool,
    private: bool,
    rule: Option<Result<Rule, String>>,
    except: Vec<At>,
    beside: Vec<At>,
    recurrence: Option<At>,
    notes: Vec<String>,
    broken: Option<(&'static str, String)>,
}

#[derive(Debug)]
struct Guest {
    address: String,
    declined: bool,
}

/// A moment as it was written.
#[derive(Clone, Debug)]
struct At {
    civil: DateTime,
    zone: Option<TimeZone>,
}

impl At {
    /// Its day as seen where the meeting was called.
    fn day(&self, there: Option<&TimeZone>) -> Date {
        let (Some(zone), Some(there)) = (&self.zone, there) else { return self.civil.date() };
        let seen = zone.to_ambiguous_zoned(self.civil).compatible().map(|at| at.with_time_zone(there.clone()).date());
        seen.unwrap_or_else(|_| self.civil.date())
    }
}

/// What is proposed of a calendar.
pub fn read(bytes: &[u8], known: &Known<'_>) -> Reading {
    let mut out = Reading::default();
    let (method, events) = events(bytes, &mut out);
    let is_invitation = matches!(method.as_str(), "REQUEST" | "ADD" | "CANCEL");
    if !is_invitation && !matches!(method.as_str(), "" | "PUBLISH") {
        let reason = format!("METHOD {} answers an invitation and is none", line(&method, 30));
        out.leave("", "ics-method", reason);
        return out;
    }
    let mut families: BTreeMap<String, Vec<Event>> = BTreeMap::new();
    for mut event in events {
        event.cancelled |= method == "CANCEL";
        match faulty(&event) {
            Some((rule, reason)) => out.fault(place(&event), rule, reason),
            None => families.entry(event.uid.clone()).or_default().push(event),
        }
    }
    let mut nobody = 0;
    for family in families.values() {
        let of_interest = |event: &Event| is_invitation || known.all || names_partner(event, known);
        if family.iter().any(|event| event.private) {
            let what = "it is marked private or confidential (CLASS): whoever called it may record it by hand";
            out.leave(family.first().map(place).unwrap_or_default(), "ics-private", what);
        } else if family.iter().any(of_interest) {
            drafts(family, known, &mut out);
        } else {
            nobody += family.len();
        }
    }
    if nobody > 0 {
        let reason = format!(
            "events that name nobody of a partner by an address that a contact has: {nobody}; bring in contacts first, or ask for all"
        );
        out.leave("", "ics-nobody", reason);
    }
    if out.found.len() > DRAFTS_MAX {
        out.found.truncate(DRAFTS_MAX);
        out.fault(
            "",
            "propose-many",
            format!("more than {DRAFTS_MAX} meetings: carry out a shorter time and read that"),
        );
    }
    out
}

fn place(event: &Event) -> String {
    format!("line {}", event.at)
}

/// Why nothing can be made of an event.
fn faulty(event: &Event) -> Option<(&'static str, String)> {
    if let Some((rule, reason)) = &event.broken {
        return Some((rule, reason.clone()));
    }
    let missing = |what: &str| Some(("ics-missing", format!("{what} is missing (RFC 5545 section 3.6.1)")));
    match &event.start {
        _ if event.uid.is_empty() => missing("UID"),
        None if !event.cancelled => missing("DTSTART"),
        _ => None,
    }
}

/// The method of a calendar, and its events.
fn events(bytes: &[u8], out: &mut Reading) -> (String, Vec<Event>) {
    let mut reader = Reader::default();
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut lines = bytes.split(|&b| b == b'\n').enumerate().peekable();
    while let Some((number, first)) = lines.next() {
        let mut whole = end(first).to_vec();
        // section 3.1: a line that begins with a blank goes on the one before it, even within a character
        while let Some((_, more)) = lines.next_if(|(_, next)| matches!(next.first(), Some(b' ' | b'\t'))) {
            let room = (LINE_MAX + 1).saturating_sub(whole.len());
            whole.extend(end(more).iter().skip(1).take(room));
        }
        whole.truncate(LINE_MAX + 1);
        reader.line(number + 1, &whole);
        if reader.events.len() > EVENTS_MAX {
            out.fault("", "ics-many", format!("more than {EVENTS_MAX} events: carry out a shorter time and read that"));
            return (reader.method, Vec::new());
        }
    }
    if let Some(event) = reader.event.take() {
        out.fault(place(&event), "ics-truncated", "the file ends within this event: fetch the whole file again");
    }
    (reader.method, reader.events)
}

fn end(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[derive(Default)]
struct Reader {
    method: String,
    /// Components within components that are passed over: alarms have titles and people of their own.
    within: usize,
    event: Option<Event>,
    events: Vec<Event>,
}

impl Reader {
    fn line(&mut self, at: usize, bytes: &[u8]) {
        let name = bytes.split(|b| matches!(b, b':' | b';')).next().unwrap_or_default();
        if name.len() > 40 {
            return;
        }
        let name = String::from_utf8_lossy(name).to_ascii_uppercase();
        let value = bytes.iter().position(|&b| b == b':').and_then(|n| bytes.get(n + 1..)).unwrap_or_default();
        let value = String::from_utf8_lossy(value).trim().to_ascii_uppercase();
        match (name.as_str(), &mut self.event) {
            ("BEGIN", Some(_)) => self.within += 1,
            ("BEGIN", None) if value == "VEVENT" && self.within == 0 => {
                self.event = Some(Event { at, ..Event::default() });
            }
            // of the calendar itself nothing is passed over
            ("BEGIN", None) if value != "VCALENDAR" => self.within += 1,
            ("END", _) if self.within > 0 => self.within -= 1,
            ("END", Some(_)) => self.events.extend(self.event.take()),
            ("METHOD", None) if self.within == 0 => self.method = value,
            (name, Some(event)) if self.within == 0 && READ.contains(&name) => take(event, at, bytes),
            _ => {}
        }
    }
}

/// The properties that are read of an event.
const READ: [&str; 14] = [
    "ATTENDEE",
    "CLASS",
    "DTSTAMP",
    "DTSTART",
    "EXDATE",
    "LAST-MODIFIED",
    "ORGANIZER",
    "RDATE",
    "RECURRENCE-ID",
    "RRULE",
    "SEQUENCE",
    "STATUS",
    "SUMMARY",
    "UID",
];

fn take(event: &mut Event, at: usize, bytes: &[u8]) {
    if bytes.len() > LINE_MAX {
        let reason = format!("line {at} has more than {LINE_MAX} bytes, which no line that is read here needs");
        event.broken.get_or_insert(("ics-line", reason));
        return;
    }
    let text = String::from_utf8_lossy(bytes);
    let Some(line) = parse(at, &text) else {
        event.broken.get_or_insert(("ics-syntax", format!("line {at} has no `:` after its name (section 3.1)")));
        return;
    };
    if let Err(broken) = property(event, &line) {
        event.broken.get_or_insert(broken);
    }
}

/// `NAME;PARAM=value;PARAM="quoted: value":value`.
fn parse(at: usize, text: &str) -> Option<Line> {
    let mut is_quoted = false;
    let mut parts = Vec::new();
    let mut from = 0;
    for (n, byte) in text.bytes().enumerate() {
        match byte {
            b'"' => is_quoted = !is_quoted,
            b';' | b':' if !is_quoted => {
                parts.push(text.get(from..n)?);
                from = n + 1;
                if byte == b':' {
                    let mut parts = parts.into_iter();
                    let name = parts.next()?.trim().to_ascii_uppercase();
                    let params = parts.filter_map(|part| part.split_once('='));
                    let params =
                        params.map(|(name, value)| (name.to_ascii_uppercase(), value.trim_matches('"').to_owned()));
                    return Some(Line { at, name, params: params.collect(), value: text.get(from..)?.to_owned() });
                }
            }
            _ => {}
        }
    }
    None
}

impl Line {
    fn param(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }
}

fn property(event: &mut Event, line: &Line) -> Result<(), (&'static str, String)> {
    let value = line.value.trim();
    match line.name.as_str() {
        "UID" => event.uid = super::line(value, LINE_MAX),
        "SUMMARY" => event.title = super::line(&unescaped(value), TITLE_MAX),
        "CLASS" => event.private = !value.eq_ignore_ascii_case("PUBLIC"),
        "STATUS" => event.cancelled = value.eq_ignore_ascii_case("CANCELLED"),
        "SEQUENCE" => event.sequence = value.parse().unwrap_or(0),
        "LAST-MODIFIED" => event.modified = super::line(value, 20),
        "DTSTAMP" => event.stamp = super::line(value, 20),
        "RRULE" => event.rule = Some(Rule::read(value)),
        "ORGANIZER" => event.organizer = address(line),
        "ATTENDEE" => return attendee(event, line),
        "DTSTART" => event.start = moments(event, line)?.pop(),
        "RECURRENCE-ID" => event.recurrence = moments(event, line)?.pop(),
        "EXDATE" => {
            let mut more = moments(event, line)?;
            event.except.append(&mut more);
        }
        "RDATE" => {
            let mut more = moments(event, line)?;
            event.beside.append(&mut more);
        }
        _ => {}
    }
    match event.except.len().max(event.beside.len()) > DATES_MAX {
        true => Err(("ics-dates", format!("more than {DATES_MAX} days are taken out of the series or put in"))),
        false => Ok(()),
    }
}

fn attendee(event: &mut Event, line: &Line) -> Result<(), (&'static str, String)> {
    // a room takes part in nothing (section 3.2.3)
    if matches!(line.param("CUTYPE").map(str::to_ascii_uppercase).as_deref(), Some("ROOM" | "RESOURCE")) {
        return Ok(());
    }
    let declined = line.param("PARTSTAT").is_some_and(|said| said.eq_ignore_ascii_case("DECLINED"));
    let address = address(line);
    if event.people.len() == PEOPLE_MAX {
        return Err((
            "ics-people",
            format!("more than {PEOPLE_MAX} people: that is a mailing; record by hand who took part"),
        ));
    }
    if !address.is_empty() {
        event.people.push(Guest { address, declined });
    }
    Ok(())
}

/// `mailto:` in whatever capitals; some programs write another address of theirs and the mail's in EMAIL (RFC 7986 section 6.2).
fn address(line: &Line) -> String {
    let value = line.value.trim();
    let is_mail = value.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("mailto:"));
    let address = match (is_mail, line.param("EMAIL")) {
        (true, _) => value.get(7..).unwrap_or_default(),
        (false, Some(email)) => email,
        (false, None) => "",
    };
    let address = super::line(address, 254);
    let is_whole = address.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty());
    if is_whole { address.to_ascii_lowercase() } else { String::new() }
}

/// Section 3.3.11.
fn unescaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('n' | 'N') => out.push(' '),
                Some(other) => out.push(other),
                None => {}
            },
            other => out.push(other),
        }
    }
    out
}

/// The days of a property, with their zone: a name, UTC, or none (section 3.3.5).
fn moments(event: &mut Event, line: &Line) -> Result<Vec<At>, (&'static str, String)> {
    let zone = line.param("TZID").map(|name| (name, zone(name)));
    if let Some((name, None)) = &zone {
        let note =
            format!("the zone {:?} is none that we know: the day is taken as it is written", super::line(name, 60));
        if !event.notes.contains(&note) {
            event.notes.push(note);
        }
    }
    let zone = zone.and_then(|(_, zone)| zone);
    let mut out = Vec::new();
    for part in line.value.split(',').take(DATES_MAX + 1) {
        // a period begins where its first half says
        let text = part.split('/').next().unwrap_or_default().trim();
        let Some(civil) = civil(text) else {
            let reason = format!("line {}: {:?} is no day of the calendar", line.at, super::line(text, 40));
            return Err(("ics-date", reason));
        };
        let zone = if text.ends_with(['Z', 'z']) { Some(TimeZone::UTC) } else { zone.clone() };
        out.push(At { civil, zone });
    }
    Ok(out)
}

fn civil(text: &str) -> Option<DateTime> {
    let day = digits(text.get(..8)?)?;
    let time = match text.get(8..)?.trim_end_matches(['Z', 'z']) {
        "" => return Some(day.at(0, 0, 0, 0)),
        time => time.strip_prefix(['T', 't'])?,
    };
    let number = |at: usize| time.get(at..at + 2)?.parse::<i8>().ok();
    let is_time = time.len() == 6 && time.bytes().all(|b| b.is_ascii_digit());
    // a leap second is the one before it here
    let (hour, minute, second) = (number(0)?, number(2)?, number(4)?.min(59));
    let time = jiff::civil::Time::new(hour, minute, second, 0).ok().filter(|_| is_time)?;
    Some(day.to_datetime(time))
}

/// `20260302`.
pub(super) fn digits(text: &str) -> Option<Date> {
    if text.len() != 8 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let (year, month, day) = (text.get(..4)?, text.get(4..6)?, text.get(6..)?);
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}

/// The names under which Windows knows zones, of those that a desk meets (CLDR, windowsZones).
const WINDOWS: [(&str, &str); 30] = [
    ("AUS Eastern Standard Time", "Australia/Sydney"),
    ("Arab Standard Time", "Asia/Riyadh"),
    ("Arabian Standard Time", "Asia/Dubai"),
    ("Atlantic Standard Time", "America/Halifax"),
    ("Canada Central Standard Time", "America/Regina"),
    ("Central America Standard Time", "America/Guatemala"),
    ("Central Europe Standard Time", "Europe/Budapest"),
    ("Central European Standard Time", "Europe/Warsaw"),
    ("Central Standard Time", "America/Chicago"),
    ("China Standard Time", "Asia/Shanghai"),
    ("E. South America Standard Time", "America/Sao_Paulo"),
    ("Eastern Standard Time", "America/New_York"),
    ("Egypt Standard Time", "Africa/Cairo"),
    ("FLE Standard Time", "Europe/Kyiv"),
    ("GMT Standard Time", "Europe/London"),
    ("GTB Standard Time", "Europe/Bucharest"),
    ("Greenwich Standard Time", "Atlantic/Reykjavik"),
    ("India Standard Time", "Asia/Kolkata"),
    ("Israel Standard Time", "Asia/Jerusalem"),
    ("Korea Standard Time", "Asia/Seoul"),
    ("Mountain Standard Time", "America/Denver"),
    ("New Zealand Standard Time", "Pacific/Auckland"),
    ("Pacific Standard Time", "America/Los_Angeles"),
    ("Romance Standard Time", "Europe/Paris"),
    ("SE Asia Standard Time", "Asia/Bangkok"),
    ("Singapore Standard Time", "Asia/Singapore"),
    ("South Africa Standard Time", "Africa/Johannesburg"),
    ("Tokyo Standard Time", "Asia/Tokyo"),
    ("Turkey Standard Time", "Europe/Istanbul"),
    ("W. Europe Standard Time", "Europe/Berlin"),
];

/// A zone by its name. The database is the program's own, so that a day is the same day on every machine.
fn zone(name: &str) -> Option<TimeZone> {
    let name = name.trim();
    let name = WINDOWS.iter().find(|(windows, _)| windows.eq_ignore_ascii_case(name)).map_or(name, |(_, iana)| iana);
    // some programs put their own name before it: /freeassociation.sourceforge.net/Europe/Paris
    let tail = || name.rsplitn(3, '/').take(2).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("/");
    let zones = TimeZoneDatabase::bundled();
    let named = name.len() <= 100 && name.is_ascii();
    named.then(|| zones.get(name).or_else(|_| zones.get(&tail())).ok()).flatten()
}

fn names_partner(event: &Event, known: &Known<'_>) -> bool {
    let org = |address: &str| known.directory.org_of(address).is_some_and(|org| org != known.directory.home);
    org(&event.organizer) || event.people.iter().any(|guest| org(&guest.address))
}

/// The drafts of all events of one UID: a meeting, or a series with what was said of single days of it.
fn drafts(family: &[Event], known: &Known<'_>, out: &mut Reading) {
    let master = family.iter().rfind(|event| event.recurrence.is_none());
    let there = master.and_then(|event| event.start.as_ref()).and_then(|start| start.zone.as_ref());
    let mut said: BTreeSet<Date> = BTreeSet::new();
    for event in family.iter().filter(|event| event.recurrence.is_some()) {
        let Some(recurrence) = &event.recurrence else { continue };
        let there = there.or_else(|| event.start.as_ref().and_then(|start| start.zone.as_ref()));
        let day = recurrence.day(there);
        said.insert(day);
        let held_on = event.start.as_ref().map_or(day, |start| start.day(start.zone.as_ref()));
        out.found.push(found(event, known, Some(day), held_on, event.cancelled, ""));
    }
    let Some(event) = master else { return };
    let start = event.start.as_ref().map(|start| start.day(start.zone.as_ref()));
    match (start, &event.rule) {
        (Some(start), Some(Ok(rule))) if !event.cancelled => {
            let from = known.today.checked_sub(WINDOW.days()).unwrap_or(known.today);
            let to = known.today.checked_add(WINDOW.days()).unwrap_or(known.today);
            let mut days = rule.days(start, from, to);
            days.days.extend(event.beside.iter().map(|at| at.day(there)).filter(|day| (from..=to).contains(day)));
            series(event, known, days, &said, there, out);
        }
        (Some(start), Some(Err(why))) if !event.cancelled => {
            let more = format!("it recurs by a rule that is not read ({why}): only its first meeting is proposed");
            out.found.push(found(event, known, None, start, false, &more));
        }
        (start, _) => {
            let day = start.unwrap_or(known.today);
            out.found.push(found(event, known, None, day, event.cancelled, ""));
        }
    }
}

fn series(
    event: &Event,
    known: &Known<'_>,
    days: Days,
    said: &BTreeSet<Date>,
    there: Option<&TimeZone>,
    out: &mut Reading,
) {
    let except: BTreeSet<Date> = event.except.iter().map(|at| at.day(there)).collect();
    let all: BTreeSet<Date> = days.days.into_iter().collect();
    if all.is_empty() {
        let what = if days.more.is_empty() { "none of its meetings falls within a year of today" } else { &days.more };
        out.leave(place(event), "ics-series", what);
    }
    for day in all.iter().filter(|day| !said.contains(day)) {
        out.found.push(found(event, known, Some(*day), *day, except.contains(day), &days.more));
    }
}

/// One meeting as a draft. `occurrence`: the day by which it is known within its series.
fn found(
    event: &Event,
    known: &Known<'_>,
    occurrence: Option<Date>,
    held_on: Date,
    cancelled: bool,
    more: &str,
) -> Found {
    let people = People::of(event, known);
    let family = format!("ics/{}", event.uid);
    let reference = format!("cal-{}", short(&event.uid));
    let (of, reference) = match occurrence {
        Some(day) => (format!("{family}/{day}"), format!("{reference}-{day}")),
        None => (family.clone(), reference),
    };
    let mut fields =
        BTreeMap::from([("reference", reference), ("title", event.title.clone()), ("partners", people.partners())]);
    if event.start.is_some() || occurrence.is_some() {
        fields.insert("held_on", held_on.to_string());
    }
    // a kind that has no such field takes it not
    fields.insert("coordinated_by", people.leads.clone());
    fields.retain(|_, value| !value.is_empty());
    // RFC 5546 section 2.1.5: the sequence first, then when it was said
    let said = if event.modified.is_empty() { &event.stamp } else { &event.modified };
    let mut notes = event.notes.clone();
    notes.extend(people.notes);
    if event.title.is_empty() {
        notes.push("it has no title: give one".to_owned());
    }
    notes.extend(Some(more.to_owned()).filter(|more| !more.is_empty()));
    let draft = Draft {
        of,
        family,
        version: format!("{:010} {said}", event.sequence.min(9_999_999_999)),
        kind: if people.is_engagement { "engagement" } else { "activity" }.to_owned(),
        state: String::new(),
        fields: fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        cancelled,
        is_series: occurrence.is_some(),
    };
    Found { place: place(event), notes, what: What::Record(draft), body: Vec::new() }
}

/// Who is named, by organisation.
struct People {
    orgs: BTreeSet<String>,
    leads: String,
    /// Everybody who is named belongs to a response team or to the operator, and one to a partner's.
    is_engagement: bool,
    notes: Vec<String>,
}

impl People {
    fn of(event: &Event, known: &Known<'_>) -> People {
        let directory = known.directory;
        let leads = directory.org_of(&event.organizer).unwrap_or_default().to_owned();
        let mut people = People { orgs: BTreeSet::new(), leads, is_engagement: false, notes: Vec::new() };
        let organizer = Guest { address: event.organizer.clone(), declined: false };
        let named = event.people.iter().chain([&organizer]).filter(|guest| !guest.address.is_empty());
        let mut unknown: BTreeSet<&str> = BTreeSet::new();
        let (mut all_teams, mut declined) = (true, BTreeSet::new());
        for guest in named {
            let Some(org) = directory.org_of(&guest.address) else {
                unknown.insert(guest.address.rsplit('@').next().unwrap_or_default());
                continue;
            };
            all_teams &= directory.is_team(org);
            match guest.declined {
                true => declined.insert(org.to_owned()),
                false if org != directory.home => people.orgs.insert(org.to_owned()),
                false => false,
            };
        }
        people.is_engagement = all_teams && unknown.is_empty() && !people.orgs.is_empty();
        let gone: Vec<String> = declined.into_iter().filter(|org| !people.orgs.contains(org)).collect();
        if !gone.is_empty() {
            people.notes.push(format!("declined, and left out: {}", gone.join(", ")));
        }
        if !unknown.is_empty() {
            let some: Vec<&str> = unknown.iter().take(NAMED_MAX).copied().collect();
            let more = if unknown.len() > NAMED_MAX { ", …" } else { "" };
            people.notes.push(format!("no contact tells whose these addresses are: {}{more}", some.join(", ")));
        }
        people
    }

    fn partners(&self) -> String {
        self.orgs.iter().cloned().collect::<Vec<_>>().join("; ")
    }
}
