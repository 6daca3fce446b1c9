//! One row's fields by column, and the numbers in them.
use super::header::Header;

type Fault = (&'static str, String);

/// A part of a whole in millionths: exact, so that a sum of shares does not depend on the order of adding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Part(pub u32);

impl Part {
    /// The whole.
    pub const WHOLE: Part = Part(1_000_000);

    /// As a number from 0 to 1.
    pub fn as_f64(self) -> f64 {
        f64::from(self.0) / 1e6
    }

    /// The least whole number that is at least this part of `n`.
    pub fn ceil_of(self, n: u32) -> u32 {
        let product = u64::from(self.0) * u64::from(n);
        u32::try_from(product.div_ceil(u64::from(Part::WHOLE.0))).unwrap_or(u32::MAX)
    }
}

/// Reads a decimal number into millionths of one, rounded half up from the seventh digit; `None` where it is not a plain
/// decimal from 0 to about four billion.
pub fn parse_part(text: &str) -> Option<u64> {
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    if whole.is_empty() && rest.is_empty() || whole.len() > 10 || rest.len() > 30 {
        return None;
    }
    if !whole.bytes().chain(rest.bytes()).all(|b| b.is_ascii_digit()) {
        return None;
    }
    let digit = |b: u8| u64::from(b - b'0');
    let mut value = whole.bytes().fold(0, |sum, b| sum * 10 + digit(b));
    value = rest.bytes().chain(std::iter::repeat(b'0')).take(6).fold(value, |sum, b| sum * 10 + digit(b));
    let up = rest.as_bytes().get(6).is_some_and(|b| *b >= b'5');
    Some(value + u64::from(up))
}

/// A row's fields, trimmed, by the form's column number.
pub(super) struct Fields<'a> {
    header: &'a Header,
    record: &'a csv::ByteRecord,
    text: &'a str,
}

impl<'a> Fields<'a> {
    pub(super) fn new(header: &'a Header, record: &'a csv::ByteRecord) -> Result<Self, Fault> {
        let text =
            std::str::from_utf8(record.as_slice()).map_err(|_| ("not-utf8", "the row is not UTF-8".to_owned()))?;
        if text.contains('\0') {
            return Err(("nul-character", "the row has the character U+0000, which no store holds".to_owned()));
        }
        Ok(Fields { header, record, text })
    }

    pub(super) fn name(&self, column: usize) -> &'static str {
        self.header.form().columns().get(column).copied().unwrap_or_default()
    }

    /// The field, empty where the table does not have the column.
    pub(super) fn text(&self, column: usize) -> &'a str {
        let range = self.header.at(column).and_then(|at| self.record.range(at));
        range.and_then(|range| self.text.get(range)).unwrap_or_default().trim()
    }

    /// Whether the table has the column.
    pub(super) fn has(&self, column: usize) -> bool {
        self.header.at(column).is_some()
    }

    pub(super) fn required(&self, column: usize) -> Result<&'a str, Fault> {
        match self.text(column) {
            "" => Err(("empty-field", format!("{} is empty", self.name(column)))),
            text => Ok(text),
        }
    }

    /// A number in millionths.
    pub(super) fn number(&self, column: usize) -> Result<Option<u64>, Fault> {
        let text = self.text(column);
        if text.is_empty() {
            return Ok(None);
        }
        let bad = || ("bad-number", format!("{} is {text}, not a number from 0", self.name(column)));
        parse_part(text).map(Some).ok_or_else(bad)
    }

    pub(super) fn part(&self, column: usize) -> Result<Option<Part>, Fault> {
        let text = self.text(column);
        let bad = || ("bad-number", format!("{} is {text}, not a number from 0 to 1", self.name(column)));
        let Some(value) = self.number(column).map_err(|_| bad())? else { return Ok(None) };
        let part = u32::try_from(value).ok().filter(|v| *v <= Part::WHOLE.0).ok_or_else(bad)?;
        Ok(Some(Part(part)))
    }

    /// Hours, given as minutes, up to ten years.
    pub(super) fn minutes(&self, column: usize) -> Result<u32, Fault> {
        let Some(value) = self.number(column)? else { return Ok(0) };
        let bad = || ("bad-number", format!("{} is {}, more than ten years", self.name(column), self.text(column)));
        let minutes = (value * 60 + 500_000) / 1_000_000;
        u32::try_from(minutes).ok().filter(|m| *m <= 10 * 366 * 24 * 60).ok_or_else(bad)
    }

    pub(super) fn flag(&self, column: usize) -> Result<bool, Fault> {
        match self.text(column) {
            "" | "0" | "no" | "false" => Ok(false),
            "1" | "yes" | "true" => Ok(true),
            text => Err(("bad-flag", format!("{} is {text}, neither 0 nor 1", self.name(column)))),
        }
    }

    /// Latitude and longitude, longitudes up to 360 turned into those west of Greenwich. `Err` where there is something else:
    /// a row is not lost for it, because nothing is computed from a place.
    pub(super) fn place(&self, lat: usize, lon: usize) -> Result<Option<(f32, f32)>, ()> {
        if self.text(lat).is_empty() && self.text(lon).is_empty() {
            return Ok(None);
        }
        let number = |column| self.text(column).parse::<f64>().map_err(|_| ());
        let (lat, lon) = (number(lat)?, number(lon)?);
        let lon = if lon > 180.0 { lon - 360.0 } else { lon };
        if lat.abs() <= 90.0 && lon.abs() <= 180.0 { Ok(Some((lat as f32, lon as f32))) } else { Err(()) }
    }

    /// ISO 3166-1 alpha-2. Some tables write UK where the standard reserves it and assigns GB.
    pub(super) fn country(&self, column: usize) -> Result<Country, Fault> {
        let text = self.text(column).as_bytes();
        match *text {
            [] => Ok(Country::default()),
            [a, b] if a.is_ascii_alphabetic() && b.is_ascii_alphabetic() => {
                let code = [a.to_ascii_uppercase(), b.to_ascii_uppercase()];
                Ok(Country(if code == *b"UK" { *b"GB" } else { code }))
            }
            _ => {
                let reason = format!("{} is {}, not two letters of ISO 3166-1", self.name(column), self.text(column));
                Err(("bad-country", reason))
            }
        }
    }
}

/// Two letters of ISO 3166-1, or nothing.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Country([u8; 2]);

impl Country {
    /// The code, empty where it is not known.
    pub fn code(&self) -> &str {
        if self.0 == [0, 0] { "" } else { std::str::from_utf8(&self.0).unwrap_or_default() }
    }

    /// Whether it is known.
    pub fn is_known(&self) -> bool {
        self.0 != [0, 0]
    }

    /// Reads two letters.
    pub fn of(code: &str) -> Option<Country> {
        let code: [u8; 2] = code.as_bytes().try_into().ok()?;
        code.iter().all(u8::is_ascii_alphabetic).then(|| Country(code.map(|b| b.to_ascii_uppercase())))
    }
}

impl std::fmt::Debug for Country {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact() {
        #[track_caller]
        fn check(text: &str, want: Option<u64>) {
            assert_eq!(parse_part(text), want, "{text}");
        }
        check("0", Some(0));
        check("1", Some(1_000_000));
        check("0.8", Some(800_000));
        check(".5", Some(500_000));
        check("2.", Some(2_000_000));
        check("0.3333333333", Some(333_333));
        check("0.6666666666", Some(666_667));
        for bad in ["", ".", "-1", "+1", "1e3", "1,5", "nan", "99999999999"] {
            check(bad, None);
        }
    }

    #[test]
    fn a_share_of_edges_is_rounded_up() {
        assert_eq!([0, 1, 5, 10, 15, 35, 36].map(|n| Part(800_000).ceil_of(n)), [0, 1, 4, 8, 12, 28, 29]);
    }
}
