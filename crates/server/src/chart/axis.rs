//! An axis: where a value lies between two ends, in percent, and where its ticks stand.
//! Not for: drawing.

use crate::pages::when::civil;

/// What the numbers along an axis are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Microseconds since 1970.
    Calendar,
    /// Hours since the failure.
    Hours,
}

/// A stretch from `from` to `to`.
#[derive(Clone, Copy, Debug)]
pub struct Axis {
    /// The left end.
    pub from: i64,
    /// The right end.
    pub to: i64,
    /// What the numbers are.
    pub scale: Scale,
}

const DAY: i64 = 86_400_000_000;

impl Axis {
    /// A stretch of the calendar that holds all of `points`, with a little room at both ends.
    pub fn calendar(points: impl IntoIterator<Item = i64>) -> Axis {
        let (mut from, mut to) = (i64::MAX, i64::MIN);
        for p in points {
            from = from.min(p);
            to = to.max(p);
        }
        if from > to {
            (from, to) = (0, DAY);
        }
        let room = (to.saturating_sub(from) / 40).max(DAY / 4);
        Axis { from: from.saturating_sub(room), to: to.saturating_add(room), scale: Scale::Calendar }
    }

    /// Hours from nought to `to`.
    pub fn hours(to: i64) -> Axis {
        Axis { from: 0, to: to.max(1), scale: Scale::Hours }
    }

    /// Where `at` lies, 0 to 100; values outside lie at the end.
    #[expect(clippy::cast_precision_loss, reason = "a position on a screen needs three digits")]
    pub fn x(&self, at: i64) -> f64 {
        let whole = self.to.saturating_sub(self.from).max(1) as f64;
        let part = at.clamp(self.from, self.to).saturating_sub(self.from) as f64;
        part / whole * 100.0
    }

    /// Ticks and their words; at most eight.
    pub fn ticks(&self) -> Vec<(i64, String)> {
        match self.scale {
            Scale::Hours => self.hour_ticks(),
            Scale::Calendar => self.calendar_ticks(),
        }
    }

    fn hour_ticks(&self) -> Vec<(i64, String)> {
        const STEPS: [i64; 12] = [1, 2, 4, 6, 12, 24, 48, 96, 168, 336, 720, 2160];
        let step = STEPS.into_iter().find(|s| self.to / s <= 7).unwrap_or(8760);
        let word = |h: i64| if h > 0 && step >= 24 { format!("{} d", h / 24) } else { format!("{h} h") };
        (0..=7).map(|i| i * step).take_while(|h| *h <= self.to).map(|h| (h, word(h))).collect()
    }

    fn calendar_ticks(&self) -> Vec<(i64, String)> {
        let days = self.to.saturating_sub(self.from) / DAY;
        match days {
            0..=12 => self.day_ticks(if days <= 7 { 1 } else { 2 }),
            13..=56 => self.day_ticks(7),
            57..=240 => self.month_ticks(1),
            241..=480 => self.month_ticks(2),
            481..=760 => self.month_ticks(3),
            _ => self.month_ticks(i32::try_from(days / 2_190 + 1).unwrap_or(1).saturating_mul(12)),
        }
    }

    fn day_ticks(&self, step: i64) -> Vec<(i64, String)> {
        // Whole days count from 1970-01-01, a Thursday; weekly ticks stand on Mondays.
        let shift = if step == 7 { 4 } else { 0 };
        let first = (self.from.div_euclid(DAY) - shift).div_euclid(step) * step + shift + step;
        (0..9)
            .map(|i| (first + i * step) * DAY)
            .take_while(|t| *t <= self.to)
            .map(|t| (t, civil(t).map_or_else(String::new, |z| z.strftime("%-d %b").to_string())))
            .collect()
    }

    fn month_ticks(&self, step: i32) -> Vec<(i64, String)> {
        let Some(start) = civil(self.from) else { return Vec::new() };
        let mut month = i32::from(start.year()) * 12 + i32::from(start.month()) - 1;
        month = (month.div_euclid(step) + 1) * step;
        let mut out = Vec::new();
        while out.len() < 9 {
            let (Ok(y), Ok(m)) = (i16::try_from(month.div_euclid(12)), i8::try_from(month.rem_euclid(12) + 1)) else {
                break;
            };
            let Ok(date) = jiff::civil::Date::new(y, m, 1) else { break };
            let Ok(zoned) = date.to_zoned(jiff::tz::TimeZone::UTC) else { break };
            let at = zoned.timestamp().as_microsecond();
            if at > self.to {
                break;
            }
            let form = if m == 1 || step >= 12 { "%Y" } else { "%b" };
            out.push((at, zoned.strftime(form).to_string()));
            month += step;
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: &str) -> i64 {
        day.parse::<jiff::civil::Date>()
            .unwrap()
            .to_zoned(jiff::tz::TimeZone::UTC)
            .unwrap()
            .timestamp()
            .as_microsecond()
    }

    #[track_caller]
    fn check(from: &str, to: &str, expected: &str) {
        let axis = Axis { from: at(from), to: at(to), scale: Scale::Calendar };
        let words: Vec<String> = axis.ticks().into_iter().map(|(_, w)| w).collect();
        assert_eq!(words.join(" "), expected);
    }

    #[test]
    fn ticks_fit_the_stretch() {
        check("2024-03-01", "2024-03-06", "2 Mar 3 Mar 4 Mar 5 Mar 6 Mar");
        check("2024-03-01", "2024-04-10", "4 Mar 11 Mar 18 Mar 25 Mar 1 Apr 8 Apr");
        check("2023-11-20", "2024-05-10", "Dec 2024 Feb Mar Apr May");
        check("2023-11-20", "2025-02-10", "2024 Mar May Jul Sep Nov 2025");
    }

    #[test]
    fn hours_are_words() {
        let words: Vec<String> = Axis::hours(72).ticks().into_iter().map(|(_, w)| w).collect();
        assert_eq!(words.join(" "), "0 h 12 h 24 h 36 h 48 h 60 h 72 h");
    }

    #[test]
    fn ends_are_kept() {
        let axis = Axis { from: 0, to: 200, scale: Scale::Hours };
        assert_eq!((axis.x(-5), axis.x(50), axis.x(900)), (0.0, 25.0, 100.0));
        assert!(Axis::calendar([]).ticks().len() < 10);
        assert!(Axis::calendar([i64::MIN, i64::MAX]).ticks().len() < 10);
    }
}
