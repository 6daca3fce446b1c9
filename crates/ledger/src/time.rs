//! Time as the ledger knows it: microseconds UTC, handed in by a clock. Nothing here reads the machine's clock
//! but [`SystemClock`], which only the binary makes.
use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicI64, Ordering};

/// An instant: microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Micros(pub i64);

impl Micros {
    /// One hour.
    pub const HOUR: i64 = 3_600_000_000;
    /// One day of 24 hours.
    pub const DAY: i64 = 24 * Self::HOUR;

    /// Midnight UTC of `YYYY-MM-DD`, or `None` where that is no calendar date.
    pub fn date(day: &str) -> Option<Micros> {
        // The parser would also take the date of a longer text.
        let date = jiff::civil::Date::from_str(day).ok().filter(|_| day.len() == 10)?;
        let zoned = date.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
        Some(Micros(zoned.timestamp().as_microsecond()))
    }

    /// The day in UTC as `YYYY-MM-DD`.
    pub fn day(self) -> String {
        self.civil().to_string()
    }

    /// The day in UTC.
    pub fn civil(self) -> jiff::civil::Date {
        self.timestamp().to_zoned(jiff::tz::TimeZone::UTC).date()
    }

    /// The day in UTC, counted from 1970-01-01.
    pub fn day_number(self) -> i64 {
        self.0.div_euclid(Micros::DAY)
    }

    /// Midnight UTC of a day counted from 1970-01-01.
    pub fn of_day(day: i64) -> Micros {
        Micros(day.saturating_mul(Micros::DAY))
    }

    /// The same instant for calendar arithmetic. Out of range (year 9999) saturates.
    pub fn timestamp(self) -> jiff::Timestamp {
        jiff::Timestamp::from_microsecond(self.0).unwrap_or(if self.0 < 0 {
            jiff::Timestamp::MIN
        } else {
            jiff::Timestamp::MAX
        })
    }

    /// This instant and `hours` more.
    pub fn plus_hours(self, hours: i64) -> Micros {
        Micros(self.0.saturating_add(hours.saturating_mul(Self::HOUR)))
    }
}

/// RFC 3339 in UTC with exactly six fractional digits, the form of TAXII 2.1 section 3.2.
impl fmt::Display for Micros {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.6}", self.timestamp())
    }
}

impl FromStr for Micros {
    type Err = String;

    /// Reads RFC 3339 with any offset, or a bare date (midnight UTC). Digits beyond the microsecond are cut.
    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(day) = Micros::date(text) {
            return Ok(day);
        }
        jiff::Timestamp::from_str(text)
            .map(|t| Micros(t.as_nanosecond().div_euclid(1000) as i64))
            .map_err(|_| format!("{text:?} is not an RFC 3339 time such as 2026-03-01T06:00:00Z"))
    }
}

impl serde::Serialize for Micros {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Micros {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(d)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Where the time comes from.
pub trait Clock: Send + Sync {
    /// The present instant.
    fn now(&self) -> Micros;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place where the machine's clock is read")]
    fn now(&self) -> Micros {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}

/// A clock that stands where it was put: for `--clock T` in exercise stores and for tests.
#[derive(Debug)]
pub struct FixedClock(AtomicI64);

impl FixedClock {
    /// A clock standing at `at`.
    pub fn new(at: Micros) -> Self {
        FixedClock(AtomicI64::new(at.0))
    }

    /// Puts the clock to `at`.
    pub fn set(&self, at: Micros) {
        self.0.store(at.0, Ordering::SeqCst);
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Micros {
        Micros(self.0.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes_rfc3339() {
        #[track_caller]
        fn check(input: &str, expected: &str) {
            assert_eq!(input.parse::<Micros>().unwrap().to_string(), expected);
        }
        check("2024-03-05", "2024-03-05T00:00:00.000000Z");
        check("2024-03-05T01:02:03Z", "2024-03-05T01:02:03.000000Z");
        check("2024-03-05T01:02:03.123456789Z", "2024-03-05T01:02:03.123456Z");
        check("2024-03-05T01:02:03+02:00", "2024-03-04T23:02:03.000000Z");
        check("1969-12-31T23:59:59.9999999Z", "1969-12-31T23:59:59.999999Z");
        for bad in ["", "yesterday", "2024-02-30", "2024-13-01T00:00:00Z", "2024-03-05 01:02"] {
            assert!(bad.parse::<Micros>().is_err(), "{bad}");
        }
    }

    #[test]
    fn days() {
        assert_eq!(Micros::date("2023-12-31").unwrap().day(), "2023-12-31");
        assert_eq!(Micros::date("2023-12-31").unwrap().plus_hours(24).day(), "2024-01-01");
        assert_eq!(Micros::date("2023-02-29"), None);
    }
}
