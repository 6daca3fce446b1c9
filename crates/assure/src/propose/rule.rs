//! On which days a meeting recurs (RFC 5545 section 3.3.10), within a window. Only what meetings are made with is read: days, weeks, months and
//! years; a rule that says more is left to a person. Days are tried one by one: a rule has no way to cost more than its window.
use jiff::civil::{Date, Weekday};
use jiff::{Span, ToSpan};

/// Days of one series: a weekly one has 105 in two years; nobody decides on a daily one meeting by meeting.
pub(super) const DAYS_MAX: usize = 120;
/// Days to count through from the first, where a rule ends after so many: twenty years.
const WALK_MAX: usize = 7_305;

/// A rule.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Rule {
    every: Every,
    interval: i64,
    count: Option<usize>,
    until: Option<Date>,
    /// With the number of that day of the week within its month; 0 for each.
    weekdays: Vec<(i64, Weekday)>,
    month_days: Vec<i64>,
    months: Vec<i8>,
    places: Vec<i64>,
    week_from: Weekday,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Every {
    Day,
    Week,
    Month,
    Year,
}

/// The days within a window.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Days {
    pub(super) days: Vec<Date>,
    /// Why there are more than these; empty where there are none within the window.
    pub(super) more: String,
}

impl Rule {
    /// Reads the value of RRULE. `Err` names the part that is not read.
    pub(super) fn read(text: &str) -> Result<Rule, String> {
        let mut rule = Rule {
            every: Every::Day,
            interval: 1,
            count: None,
            until: None,
            weekdays: Vec::new(),
            month_days: Vec::new(),
            months: Vec::new(),
            places: Vec::new(),
            week_from: Weekday::Monday,
        };
        let mut is_said = false;
        for part in text.split(';').map(str::trim).filter(|part| !part.is_empty()) {
            let no = || format!("{:?} is not read", super::line(part, 60));
            let (name, value) = part.split_once('=').ok_or_else(no)?;
            rule.part(&name.to_ascii_uppercase(), &value.to_ascii_uppercase()).ok_or_else(no)?;
            is_said |= name.eq_ignore_ascii_case("FREQ");
        }
        let is_of_year = rule.every == Every::Year && rule.months.is_empty();
        match () {
            () if !is_said => Err("it does not say how often".to_owned()),
            () if is_of_year && !(rule.weekdays.is_empty() && rule.month_days.is_empty()) => {
                Err("days counted within a year are not read".to_owned())
            }
            () if !rule.places.is_empty() && matches!(rule.every, Every::Day | Every::Week) => {
                Err("BYSETPOS is read of months only".to_owned())
            }
            () => Ok(rule),
        }
    }

    fn part(&mut self, name: &str, value: &str) -> Option<()> {
        let numbers = || -> Option<Vec<i64>> { value.split(',').map(|n| n.trim().parse().ok()).collect() };
        match name {
            "FREQ" => {
                self.every = match value {
                    "DAILY" => Every::Day,
                    "WEEKLY" => Every::Week,
                    "MONTHLY" => Every::Month,
                    "YEARLY" => Every::Year,
                    _ => return None,
                }
            }
            "INTERVAL" => self.interval = value.parse().ok().filter(|n| (1..=1_000).contains(n))?,
            "COUNT" => self.count = Some(value.parse().ok().filter(|n| *n > 0)?),
            // an end within a day is the end of that day: a rule speaks of days here
            "UNTIL" => self.until = Some(super::ics::digits(value.get(..8)?)?),
            "BYDAY" => self.weekdays = value.split(',').map(|day| weekday(day.trim())).collect::<Option<_>>()?,
            "BYMONTHDAY" => self.month_days = numbers()?,
            "BYMONTH" => self.months = value.split(',').map(|n| n.trim().parse().ok()).collect::<Option<_>>()?,
            "BYSETPOS" => self.places = numbers()?,
            "WKST" => self.week_from = weekday(value)?.1,
            _ => return None,
        }
        Some(())
    }

    /// The days on which it falls from `from` to `to`, of a meeting that first was on `start`.
    pub(super) fn days(&self, start: Date, from: Date, to: Date) -> Days {
        let mut out = Days::default();
        // only a rule that ends after so many has to be counted through from its first day
        let first = if self.count.is_some() { start } else { start.max(from) };
        let mut left = self.count.unwrap_or(usize::MAX);
        let mut walked = 0;
        let mut day = first;
        while day <= to && left > 0 && self.until.is_none_or(|until| day <= until) {
            if walked == WALK_MAX {
                out.more = "it began too long ago to count its meetings through".to_owned();
                break;
            }
            walked += 1;
            if day == start || self.holds(start, day) {
                left -= 1;
                if day >= from && out.days.len() == DAYS_MAX {
                    out.more =
                        format!("it has more than {DAYS_MAX} meetings within a year of today: these are the first");
                    break;
                }
                if day >= from {
                    out.days.push(day);
                }
            }
            match day.tomorrow() {
                Ok(next) => day = next,
                Err(_) => break,
            }
        }
        out
    }

    fn holds(&self, start: Date, day: Date) -> bool {
        let months = |date: Date| i64::from(date.year()) * 12 + i64::from(date.month());
        let apart = match self.every {
            Every::Day => days_between(start, day),
            Every::Week => days_between(self.week_of(start), self.week_of(day)) / 7,
            Every::Month => months(day) - months(start),
            Every::Year => i64::from(day.year()) - i64::from(start.year()),
        };
        apart % self.interval == 0
            && self.is_in_month(start, day)
            && self.fits(start, day)
            && self.has_place(start, day)
    }

    fn week_of(&self, day: Date) -> Date {
        let back = i64::from(day.weekday().since(self.week_from));
        day.checked_sub(back.days()).unwrap_or(day)
    }

    fn is_in_month(&self, start: Date, day: Date) -> bool {
        match self.every {
            Every::Year if self.months.is_empty() => day.month() == start.month(),
            _ => self.months.is_empty() || self.months.contains(&day.month()),
        }
    }

    fn fits(&self, start: Date, day: Date) -> bool {
        let is_monthly = matches!(self.every, Every::Month | Every::Year);
        let by_number = self.month_days.is_empty() || self.month_days.iter().any(|n| is_number(*n, day));
        let by_weekday = self.weekdays.is_empty()
            || self.weekdays.iter().any(|(n, weekday)| day.weekday() == *weekday && is_nth(*n, day, is_monthly));
        let said = !self.month_days.is_empty() || !self.weekdays.is_empty();
        match self.every {
            _ if said => by_number && by_weekday,
            Every::Day => true,
            Every::Week => day.weekday() == start.weekday(),
            Every::Month | Every::Year => day.day() == start.day(),
        }
    }

    /// BYSETPOS: the last working day of a month, the second Tuesday as some programs write it.
    fn has_place(&self, start: Date, day: Date) -> bool {
        if self.places.is_empty() {
            return true;
        }
        let Ok(first) = Date::new(day.year(), day.month(), 1) else { return false };
        let of_month = (0..i64::from(day.days_in_month())).filter_map(|n| first.checked_add(Span::new().days(n)).ok());
        let set: Vec<Date> = of_month.filter(|day| self.fits(start, *day)).collect();
        let (Some(at), all) = (set.iter().position(|d| *d == day), set.len()) else { return false };
        let (at, all) = (at as i64 + 1, all as i64);
        self.places.iter().any(|place| *place == at || *place == at - all - 1)
    }
}

fn days_between(from: Date, to: Date) -> i64 {
    i64::from((to - from).get_days())
}

/// `MO`, `2TU`, `-1FR`.
fn weekday(text: &str) -> Option<(i64, Weekday)> {
    let (number, name) = text.split_at_checked(text.len().checked_sub(2)?)?;
    let day = match name {
        "MO" => Weekday::Monday,
        "TU" => Weekday::Tuesday,
        "WE" => Weekday::Wednesday,
        "TH" => Weekday::Thursday,
        "FR" => Weekday::Friday,
        "SA" => Weekday::Saturday,
        "SU" => Weekday::Sunday,
        _ => return None,
    };
    let number = if number.is_empty() { 0 } else { number.parse().ok().filter(|n: &i64| (-53..=53).contains(n))? };
    Some((number, day))
}

/// Whether a day is the `n`th of its month, counted from its end where `n` is negative.
fn is_number(n: i64, day: Date) -> bool {
    let (at, all) = (i64::from(day.day()), i64::from(day.days_in_month()));
    n == at || (n < 0 && n == at - all - 1)
}

/// Whether a day is the `n`th of its day of the week in its month.
fn is_nth(n: i64, day: Date, is_monthly: bool) -> bool {
    let (at, all) = (i64::from(day.day()), i64::from(day.days_in_month()));
    match n {
        0 => true,
        _ if !is_monthly => true,
        n if n > 0 => (at - 1) / 7 + 1 == n,
        n => (all - at) / 7 + 1 == -n,
    }
}
