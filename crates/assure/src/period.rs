//! Periods of a plan: calendar quarters and years (`2025-Q4`, `2025`) and those of the fiscal year, which starts in October (`FY2026-Q1`, `FY2026`).
//! Time zones have no place here: a quarter begins at midnight UTC.
use std::fmt;
use std::str::FromStr;

use ledger::Micros;

/// A quarter or a year, from its first instant to the one after its last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Period {
    year: i16,
    /// One of the four; none for the whole year.
    quarter: Option<i8>,
    fiscal: bool,
}

impl Period {
    /// The calendar quarter that holds `at`.
    pub fn holding(at: Micros) -> Period {
        let date = at.civil();
        Period { year: date.year(), quarter: Some((date.month() - 1) / 3 + 1), fiscal: false }
    }

    /// The first instant.
    pub fn from(&self) -> Micros {
        let (year, quarter) = self.calendar(self.quarter.unwrap_or(1));
        first_instant(year, quarter)
    }

    /// The first instant after it.
    pub fn until(&self) -> Micros {
        match self.calendar(self.quarter.unwrap_or(4)) {
            (year, 4) => first_instant(year.saturating_add(1), 1),
            (year, quarter) => first_instant(year, quarter + 1),
        }
    }

    /// The one before: of a quarter a quarter, of a year a year.
    pub fn before(&self) -> Period {
        let earlier = self.year.saturating_sub(1);
        match self.quarter {
            Some(1) => Period { year: earlier, quarter: Some(4), ..*self },
            Some(quarter) => Period { quarter: Some(quarter - 1), ..*self },
            None => Period { year: earlier, ..*self },
        }
    }

    /// A whole year.
    pub fn is_year(&self) -> bool {
        self.quarter.is_none()
    }

    /// Whether `at` lies in it.
    pub fn holds(&self, at: Micros) -> bool {
        self.from() <= at && at < self.until()
    }

    /// A quarter of it as year and quarter of the calendar: FY2026-Q1 is the fourth quarter of 2025.
    fn calendar(&self, quarter: i8) -> (i16, i8) {
        match (self.fiscal, quarter) {
            (true, 1) => (self.year.saturating_sub(1), 4),
            (true, quarter) => (self.year, quarter - 1),
            (false, quarter) => (self.year, quarter),
        }
    }
}

fn first_instant(year: i16, quarter: i8) -> Micros {
    let day = jiff::civil::Date::new(year, quarter * 3 - 2, 1);
    day.map_or_else(|_| Micros::default(), |day| Micros::of_day(crate::record::value::day_number(day)))
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fiscal = if self.fiscal { "FY" } else { "" };
        write!(f, "{fiscal}{:04}", self.year)?;
        self.quarter.map_or(Ok(()), |quarter| write!(f, "-Q{quarter}"))
    }
}

impl FromStr for Period {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let fault = || {
            format!("{text:?} is not a period such as 2025-Q4, 2025 or FY2026-Q1 (the fiscal year starts in October)")
        };
        let (fiscal, rest) = match text.strip_prefix("FY") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (year, quarter) = match rest.split_once("-Q") {
            Some((year, quarter)) => (year, Some(quarter)),
            None => (rest, None),
        };
        let digits = |s: &str, n: usize| s.len() == n && s.bytes().all(|b| b.is_ascii_digit());
        if !digits(year, 4) || quarter.is_some_and(|q| !digits(q, 1)) {
            return Err(fault());
        }
        let year: i16 = year.parse().map_err(|_| fault())?;
        let quarter: Option<i8> = quarter.map(str::parse).transpose().map_err(|_| fault())?;
        if quarter.is_some_and(|q| !(1..=4).contains(&q)) || year == 0 {
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

impl<'de> serde::Deserialize<'de> for Period {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(d)?;
        text.parse().map_err(serde::de::Error::custom)
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
        check("2025", "2025-01-01", "2026-01-01");
        check("FY2026", "2025-10-01", "2026-10-01");
        for bad in [
            "", "25", "2025-", "2025-Q", "FY", "2025-Q5", "2025-Q0", "25-Q1", "FY26-Q1", "2025-q4", "2025-Q44",
            "+025-Q1", "0000-Q1",
        ] {
            assert!(bad.parse::<Period>().is_err(), "{bad}");
        }
    }

    #[test]
    fn what_came_before() {
        for (period, before) in
            [("2025-Q1", "2024-Q4"), ("2025-Q3", "2025-Q2"), ("2025", "2024"), ("FY2026-Q1", "FY2025-Q4")]
        {
            let period: Period = period.parse().unwrap();
            assert_eq!((period.before().to_string().as_str(), period.before().until()), (before, period.from()));
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
