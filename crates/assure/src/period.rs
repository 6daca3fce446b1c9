//! Periods of a plan: calendar quarters (`2025-Q4`) and quarters of the fiscal year (`FY2026-Q1`, which starts in October).
//! Time zones have no place here: a quarter begins at midnight UTC.
use std::fmt;
use std::str::FromStr;

use ledger::Micros;

/// A quarter, from its first instant to the one after its last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Period {
    year: i16,
    quarter: i8,
    fiscal: bool,
}

impl Period {
    /// The calendar quarter that holds `at`.
    pub fn holding(at: Micros) -> Period {
        let date = at.timestamp().to_zoned(jiff::tz::TimeZone::UTC).date();
        Period { year: date.year(), quarter: (date.month() - 1) / 3 + 1, fiscal: false }
    }

    /// The first instant.
    pub fn from(&self) -> Micros {
        let (year, quarter) = self.calendar();
        first_instant(year, quarter)
    }

    /// The first instant after it.
    pub fn until(&self) -> Micros {
        match self.calendar() {
            (year, 4) => first_instant(year.saturating_add(1), 1),
            (year, quarter) => first_instant(year, quarter + 1),
        }
    }

    /// Whether `at` lies in it.
    pub fn holds(&self, at: Micros) -> bool {
        self.from() <= at && at < self.until()
    }

    /// Year and quarter of the calendar: FY2026-Q1 is the fourth quarter of 2025.
    fn calendar(&self) -> (i16, i8) {
        match (self.fiscal, self.quarter) {
            (true, 1) => (self.year.saturating_sub(1), 4),
            (true, quarter) => (self.year, quarter - 1),
            (false, quarter) => (self.year, quarter),
        }
    }
}

fn first_instant(year: i16, quarter: i8) -> Micros {
    Micros::date(&format!("{year:04}-{:02}-01", quarter * 3 - 2)).unwrap_or_default()
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fiscal = if self.fiscal { "FY" } else { "" };
        write!(f, "{fiscal}{:04}-Q{}", self.year, self.quarter)
    }
}

impl FromStr for Period {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let fault =
            || format!("{text:?} is not a period such as 2025-Q4 or FY2026-Q1 (the fiscal year starts in October)");
        let (fiscal, rest) = match text.strip_prefix("FY") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (year, quarter) = rest.split_once("-Q").ok_or_else(fault)?;
        let digits = |s: &str, n: usize| s.len() == n && s.bytes().all(|b| b.is_ascii_digit());
        if !digits(year, 4) || !digits(quarter, 1) {
            return Err(fault());
        }
        let year: i16 = year.parse().map_err(|_| fault())?;
        let quarter: i8 = quarter.parse().map_err(|_| fault())?;
        if !(1..=4).contains(&quarter) || year == 0 {
            return Err(fault());
        }
        Ok(Period { year, quarter, fiscal })
    }
}

impl serde::Serialize for Period {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quarters() {
        #[track_caller]
        fn check(name: &str, from: &str, until: &str) {
            let period: Period = name.parse().unwrap();
            assert_eq!(
                (period.to_string().as_str(), period.from().day(), period.until().day()),
                (name, from.into(), until.into())
            );
        }
        check("2025-Q4", "2025-10-01", "2026-01-01");
        check("2024-Q1", "2024-01-01", "2024-04-01");
        check("FY2026-Q1", "2025-10-01", "2026-01-01");
        check("FY2026-Q2", "2026-01-01", "2026-04-01");
        check("FY2026-Q4", "2026-07-01", "2026-10-01");
        for bad in ["", "2025", "2025-Q5", "2025-Q0", "25-Q1", "FY26-Q1", "2025-q4", "2025-Q44", "+025-Q1", "0000-Q1"] {
            assert!(bad.parse::<Period>().is_err(), "{bad}");
        }
    }

    #[test]
    fn the_last_microsecond_is_inside() {
        let period: Period = "2025-Q4".parse().unwrap();
        let last = Micros(period.until().0 - 1);
        assert!(period.holds(last) && !period.holds(period.until()) && period.holds(period.from()));
        assert_eq!(Period::holding(last), period);
        assert_eq!(Period::holding(period.until()).to_string(), "2026-Q1");
    }
}
