//! Instants as pages show them: ages in words, the exact time beside, always UTC.
//! Not for: reading the clock; `now` is an argument.

use std::fmt;

use askama::filters::HtmlSafe;
use jiff::Timestamp;
use jiff::tz::TimeZone;

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// An instant, seen from the instant at which the page was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct When {
    /// Microseconds since 1970, UTC.
    pub at: i64,
    /// When the page was made.
    pub now: i64,
}

impl When {
    /// `at`, seen from `now`.
    pub fn new(at: i64, now: i64) -> When {
        When { at, now }
    }

    /// "3 days ago", "in 4 h", "now".
    pub fn age(&self) -> String {
        let span = span(self.at.abs_diff(self.now));
        match span {
            None => "now".to_owned(),
            Some(span) if self.at < self.now => format!("{span} ago"),
            Some(span) => format!("in {span}"),
        }
    }

    /// How far apart the two instants lie, without a direction: "3 days".
    pub fn length(&self) -> String {
        span(self.at.abs_diff(self.now)).unwrap_or_else(|| "a moment".to_owned())
    }

    /// "5 Mar 2024".
    pub fn day(&self) -> String {
        day(self.at)
    }

    /// "Tue 5 Mar 2024, 14:03 UTC".
    pub fn moment(&self) -> String {
        civil(self.at).map_or_else(String::new, |t| t.strftime("%a %-d %b %Y, %H:%M UTC").to_string())
    }

    /// "2024-03-05T14:03:00Z", for machines and for hover.
    pub fn iso(&self) -> String {
        civil(self.at).map_or_else(String::new, |t| t.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
    }

    /// The day as an element that shows the exact time on hover.
    pub fn date(&self) -> DayOf {
        DayOf(*self)
    }

    /// As a clock that runs: amber, with the word for what it is.
    pub fn clock(&self) -> Clock {
        Clock(*self)
    }
}

/// The age as an element that shows the exact time on hover.
impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, r#"<time datetime="{}" title="{}">{}</time>"#, self.iso(), self.moment(), self.age())
    }
}
impl HtmlSafe for When {}

/// A day as an element.
#[derive(Clone, Copy, Debug)]
pub struct DayOf(When);

impl fmt::Display for DayOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, r#"<time datetime="{}" title="{}">{}</time>"#, self.0.iso(), self.0.moment(), self.0.day())
    }
}
impl HtmlSafe for DayOf {}

/// A deadline: amber, "due in 3 h" or "overdue by 2 days".
#[derive(Clone, Copy, Debug)]
pub struct Clock(When);

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let past = self.0.at < self.0.now;
        let class = if past { "clock past" } else { "clock" };
        let word = if past { "overdue by" } else { "due in" };
        write!(
            f,
            r##"<span class="{class}"><svg class="g" width="12" height="12" aria-hidden="true"><use href="#g-clock"/></svg><time datetime="{}" title="{}">{word} {}</time></span>"##,
            self.0.iso(),
            self.0.moment(),
            self.0.length()
        )
    }
}
impl HtmlSafe for Clock {}

/// "5 Mar 2024".
pub fn day(at: i64) -> String {
    civil(at).map_or_else(String::new, |t| t.strftime("%-d %b %Y").to_string())
}

/// The instant in UTC; none outside the years that the calendar knows.
pub(crate) fn civil(at: i64) -> Option<jiff::Zoned> {
    Timestamp::from_microsecond(at).ok().map(|t| t.to_zoned(TimeZone::UTC))
}

/// One unit, rounded down, chosen so that the figure stays small; none under a minute.
fn span(micros: u64) -> Option<String> {
    let micros = i64::try_from(micros).unwrap_or(i64::MAX);
    let (count, one, many) = match micros {
        m if m < MINUTE => return None,
        m if m < HOUR => (m / MINUTE, "min", "min"),
        m if m < 2 * DAY => (m / HOUR, "h", "h"),
        m if m < 14 * DAY => (m / DAY, "day", "days"),
        m if m < 60 * DAY => (m / (7 * DAY), "week", "weeks"),
        m if m < 730 * DAY => (m / (30 * DAY), "month", "months"),
        m => (m / (365 * DAY), "year", "years"),
    };
    Some(format!("{count}\u{a0}{}", if count == 1 { one } else { many }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(offset: i64, expected: &str) {
        let now = 1_709_647_380 * SECOND;
        assert_eq!(When::new(now + offset, now).age(), expected);
    }

    #[test]
    fn ages_are_words() {
        check(0, "now");
        check(-59 * SECOND, "now");
        check(-12 * MINUTE, "12\u{a0}min ago");
        check(-HOUR, "1\u{a0}h ago");
        check(-47 * HOUR, "47\u{a0}h ago");
        check(-2 * DAY, "2\u{a0}days ago");
        check(-15 * DAY, "2\u{a0}weeks ago");
        check(-130 * DAY, "4\u{a0}months ago");
        check(-800 * DAY, "2\u{a0}years ago");
        check(5 * HOUR, "in 5\u{a0}h");
    }

    #[test]
    fn the_exact_time_stands_in_the_element() {
        let now = 1_709_647_380 * SECOND;
        insta::assert_snapshot!(When::new(now - 3 * HOUR, now), @r#"<time datetime="2024-03-05T11:03:00Z" title="Tue 5 Mar 2024, 11:03 UTC">3 h ago</time>"#);
        insta::assert_snapshot!(When::new(now - 3 * HOUR, now).clock(), @r##"<span class="clock past"><svg class="g" width="12" height="12" aria-hidden="true"><use href="#g-clock"/></svg><time datetime="2024-03-05T11:03:00Z" title="Tue 5 Mar 2024, 11:03 UTC">overdue by 3 h</time></span>"##);
    }

    #[test]
    fn no_instant_panics() {
        for at in [i64::MIN, -1, 0, i64::MAX] {
            let _ = When::new(at, 0).to_string();
            let _ = When::new(0, at).to_string();
        }
    }
}
