//! STIX timestamps (STIX 2.1 section 2.13): RFC 3339 in UTC, with the full sub-second precision kept.
//!
//! Not a clock and not an instant type for arithmetic: two timestamps are compared, and one becomes microseconds where a caller
//! needs them.

use std::fmt;

/// A checked timestamp. Holds the canonical form (no `Z`, no trailing zeros of the fraction), which is always a prefix of the received
/// text, so nothing is copied; the order of the texts is the order of the instants, so a database may sort by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp<'a>(&'a str);

impl<'a> Timestamp<'a> {
    /// Reads `YYYY-MM-DDTHH:mm:ss[.s+]Z`; says what is wrong otherwise.
    pub fn parse(text: &'a str) -> Result<Timestamp<'a>, &'static str> {
        let bytes = text.as_bytes();
        let Some((b'Z', body)) = bytes.split_last() else {
            return Err("must end in `Z` (UTC)");
        };
        let (date_time, fraction) = match body.split_at_checked(19) {
            Some(parts) => parts,
            None => return Err("must read YYYY-MM-DDTHH:mm:ss[.s+]Z"),
        };
        let shape = b"dddd-dd-ddTdd:dd:dd";
        let fits = date_time.iter().zip(shape).all(|(b, s)| if *s == b'd' { b.is_ascii_digit() } else { b == s });
        if !fits {
            return Err("must read YYYY-MM-DDTHH:mm:ss[.s+]Z");
        }
        if let Some((dot, digits)) = fraction.split_first()
            && (*dot != b'.' || digits.is_empty() || !digits.iter().all(u8::is_ascii_digit))
        {
            return Err("must have digits, and only digits, after the point of the seconds");
        }
        let number = |from: usize, to: usize| digits(date_time, from, to);
        let (year, month, day) = (number(0, 4), number(5, 7), number(8, 10));
        let (hour, minute, second) = (number(11, 13), number(14, 16), number(17, 19));
        if !(1..=12).contains(&month) || day < 1 || day > days_in_month(year, month) {
            return Err("is not a date of the calendar");
        }
        // RFC 3339 section 5.7: second 60 exists at the end of a day only
        let leap = second == 60 && hour == 23 && minute == 59;
        if hour > 23 || minute > 59 || (second > 59 && !leap) {
            return Err("is not a time of day");
        }
        Ok(Timestamp(canonical(text)))
    }

    /// The canonical text: fit for storage and for comparison, not for showing as received.
    pub fn key(self) -> &'a str {
        self.0
    }

    /// Microseconds since 1970-01-01T00:00:00Z; what is finer is cut off.
    pub fn micros(self) -> i64 {
        let b = self.0.as_bytes();
        let number = |from, to| i64::from(digits(b, from, to));
        let days = days_from_civil(number(0, 4), number(5, 7), number(8, 10));
        let seconds = days * 86_400 + number(11, 13) * 3_600 + number(14, 16) * 60 + number(17, 19);
        let fraction = b.get(20..).unwrap_or(&[]).iter().copied().chain(std::iter::repeat(b'0')).take(6);
        seconds * 1_000_000 + fraction.fold(0, |sum, d| sum * 10 + i64::from(d - b'0'))
    }
}

impl fmt::Display for Timestamp<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}Z", self.0)
    }
}

fn canonical(text: &str) -> &str {
    let body = text.strip_suffix('Z').unwrap_or(text);
    if body.len() > 19 { body.trim_end_matches('0').trim_end_matches('.') } else { body }
}

fn digits(bytes: &[u8], from: usize, to: usize) -> u32 {
    bytes.get(from..to).unwrap_or(&[]).iter().fold(0, |sum, b| sum * 10 + u32::from(b.wrapping_sub(b'0') & 15))
}

fn days_in_month(year: u32, month: u32) -> u32 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar (years are counted from March, in eras of 400).
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<&str, &str>) {
        assert_eq!(
            Timestamp::parse(text).map(Timestamp::key).map_err(|e| e.split(' ').nth(1).unwrap_or(e)),
            expected,
            "{text}"
        );
    }

    #[test]
    fn form_and_calendar() {
        check("2016-01-20T12:31:12.123Z", Ok("2016-01-20T12:31:12.123"));
        check("2016-01-20T12:31:12Z", Ok("2016-01-20T12:31:12"));
        check("2016-01-20T12:31:12.000Z", Ok("2016-01-20T12:31:12"));
        check("2016-01-20T12:31:10Z", Ok("2016-01-20T12:31:10"));
        check("2016-01-20T12:31:12.1230004560Z", Ok("2016-01-20T12:31:12.123000456"));
        check("2016-02-29T00:00:00Z", Ok("2016-02-29T00:00:00"));
        check("2016-12-31T23:59:60Z", Ok("2016-12-31T23:59:60"));
        check("2015-02-29T00:00:00Z", Err("not"));
        check("2016-13-01T00:00:00Z", Err("not"));
        check("2016-00-01T00:00:00Z", Err("not"));
        check("2016-04-31T00:00:00Z", Err("not"));
        check("2016-01-20T24:00:00Z", Err("not"));
        check("2016-01-20T12:31:60Z", Err("not"));
        check("2016-01-20T12:31:12.Z", Err("have"));
        check("2016-01-20T12:31:12.1x3Z", Err("have"));
        check("2016-01-20T12:31:12,123Z", Err("have"));
        check("2016-01-20T12:31:12+00:00", Err("end"));
        check("2016-01-20T12:31:12.123z", Err("end"));
        check("2016-01-20 12:31:12Z", Err("read"));
        check("2016-01-20Z", Err("read"));
        check("", Err("end"));
    }

    #[test]
    fn order_keeps_every_digit() {
        let parse = |t| Timestamp::parse(t).unwrap();
        assert!(parse("2016-01-20T12:31:12.1234561Z") < parse("2016-01-20T12:31:12.1234562Z"));
        assert!(parse("2016-01-20T12:31:12Z") < parse("2016-01-20T12:31:12.0000001Z"));
        assert!(parse("2016-01-20T12:31:12.2Z") > parse("2016-01-20T12:31:12.19Z"));
        assert_eq!(parse("2016-01-20T12:31:12.10Z"), parse("2016-01-20T12:31:12.1Z"));
    }

    #[test]
    fn micros_of_known_instants() {
        let micros = |t| Timestamp::parse(t).unwrap().micros();
        assert_eq!(micros("1970-01-01T00:00:00Z"), 0);
        assert_eq!(micros("1970-01-01T00:00:00.0000019Z"), 1);
        assert_eq!(micros("2017-01-20T00:00:00.000Z"), 1_484_870_400_000_000);
        assert_eq!(micros("2024-02-29T23:59:59.5Z"), 1_709_251_199_500_000);
        assert_eq!(micros("1969-12-31T23:59:59Z"), -1_000_000);
    }
}
