//! One value of a record: read from what a person typed or a table holds, kept as JSON, compared by the counting language.
use std::cmp::Ordering;

use jiff::civil::Date;
use ledger::Micros;
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::record::definition::{Field, Type};

/// Values of one field.
const VALUES_MAX: usize = 1_000;
/// Characters of a line.
const LINE_MAX: usize = 500;
/// Characters of a text.
const LONG_MAX: usize = 20_000;

/// A value as it is kept. Days and instants are text there: `2026-03-01`, `2026-03-01T09:00:00+01:00[Europe/Paris]`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Stored {
    /// Yes or no.
    Flag(bool),
    /// A number.
    Number(f64),
    /// Everything else that is one.
    Text(String),
    /// Several, in the order in which they were given.
    List(Vec<String>),
}

/// A value as it is compared.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A word, a key, a text.
    Text(String),
    /// A number.
    Number(f64),
    /// A day, counted from 1970-01-01.
    Day(i64),
    /// An instant.
    Instant(Micros),
    /// Yes or no.
    Flag(bool),
    /// Several.
    List(Vec<Value>),
}

/// Told apart by their form: to try each in turn costs as much as all else of reading a record.
impl<'de> Deserialize<'de> for Stored {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Stored, D::Error> {
        struct Form;
        impl<'de> Visitor<'de> for Form {
            type Value = Stored;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a flag, a number, a text or a list of texts")
            }

            fn visit_bool<E>(self, yes: bool) -> Result<Stored, E> {
                Ok(Stored::Flag(yes))
            }

            fn visit_f64<E>(self, n: f64) -> Result<Stored, E> {
                Ok(Stored::Number(n))
            }

            fn visit_i64<E>(self, n: i64) -> Result<Stored, E> {
                Ok(Stored::Number(n as f64))
            }

            fn visit_u64<E>(self, n: u64) -> Result<Stored, E> {
                Ok(Stored::Number(n as f64))
            }

            fn visit_str<E>(self, text: &str) -> Result<Stored, E> {
                Ok(Stored::Text(text.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut all: A) -> Result<Stored, A::Error> {
                let mut list = Vec::new();
                while let Some(one) = all.next_element()? {
                    list.push(one);
                }
                Ok(Stored::List(list))
            }
        }
        from.deserialize_any(Form)
    }
}

impl Stored {
    /// Reads what was typed into a field; nothing where it is empty.
    ///
    /// # Errors
    /// Why it cannot stand there, and what can.
    pub fn read(field: &Field, text: &str) -> Result<Option<Stored>, String> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(None);
        }
        if field.kind.is_list() {
            let parts: Vec<&str> = text.split(';').map(str::trim).filter(|part| !part.is_empty()).collect();
            if parts.len() > VALUES_MAX {
                return Err(format!("more than {VALUES_MAX} values"));
            }
            let mut list: Vec<String> = Vec::with_capacity(parts.len());
            for part in parts {
                let one = one(field, part)?;
                if !list.contains(&one) {
                    list.push(one);
                }
            }
            return Ok(Some(Stored::List(list)));
        }
        let stored = match field.kind {
            Type::Number | Type::Count => Stored::Number(number(field, text)?),
            Type::Flag => Stored::Flag(flag(text)?),
            _ => Stored::Text(one(field, text)?),
        };
        Ok(Some(stored))
    }

    /// A value of JSON as it would be typed, for [`Stored::read`]: each type has one form, and null empties the field.
    ///
    /// # Errors
    /// Which form the field has.
    pub fn typed_of(field: &Field, value: &serde_json::Value) -> Result<String, String> {
        use serde_json::Value as Json;
        match (field.kind, value) {
            (_, Json::Null) => Ok(String::new()),
            (Type::Number | Type::Count, Json::Number(n)) => Ok(n.to_string()),
            (Type::Flag, Json::Bool(yes)) => Ok(Stored::Flag(*yes).typed()),
            (Type::Number | Type::Count, _) => Err("it holds a number, or null".to_owned()),
            (Type::Flag, _) => Err("it holds true or false, or null".to_owned()),
            (kind, Json::Array(all)) if kind.is_list() => {
                let parts: Option<Vec<&str>> = all.iter().map(serde_json::Value::as_str).collect();
                let whole = |part: &&str| !part.trim().is_empty() && !part.contains(';');
                match parts.filter(|parts| parts.iter().all(whole)) {
                    Some(parts) => Ok(parts.join("; ")),
                    None => Err("each of its values is a text that is not empty and has no `;`".to_owned()),
                }
            }
            (kind, _) if kind.is_list() => Err("it holds a list of texts, or null".to_owned()),
            (_, Json::String(text)) => Ok(text.clone()),
            _ => Err("it holds a text, or null".to_owned()),
        }
    }

    /// As it is compared. `kind` is that of its field.
    pub fn value(&self, kind: Type) -> Value {
        match self {
            Stored::Flag(yes) => Value::Flag(*yes),
            Stored::Number(n) => Value::Number(*n),
            Stored::Text(text) => text_value(kind, text),
            Stored::List(list) => Value::List(list.iter().map(|text| text_value(kind.one(), text)).collect()),
        }
    }

    /// As it is typed, and as it stands in a table.
    pub fn typed(&self) -> String {
        match self {
            Stored::Flag(true) => "yes".to_owned(),
            Stored::Flag(false) => "no".to_owned(),
            Stored::Number(n) => n.to_string(),
            Stored::Text(text) => text.clone(),
            Stored::List(list) => list.join("; "),
        }
    }

    /// The same, one by one.
    pub fn texts(&self) -> Vec<String> {
        match self {
            Stored::List(list) => list.clone(),
            one => vec![one.typed()],
        }
    }

    /// The values in it, one by one.
    pub fn parts(&self) -> Vec<&str> {
        match self {
            Stored::Text(text) => vec![text],
            Stored::List(list) => list.iter().map(String::as_str).collect(),
            Stored::Flag(_) | Stored::Number(_) => Vec::new(),
        }
    }
}

fn text_value(kind: Type, text: &str) -> Value {
    let read = match kind {
        Type::Day => day(text).map(Value::Day),
        Type::Instant => instant(text).map(Value::Instant),
        _ => None,
    };
    read.unwrap_or_else(|| Value::Text(text.to_owned()))
}

/// Days since 1970-01-01.
pub fn day(text: &str) -> Option<i64> {
    text.parse::<Date>().ok().filter(|_| text.len() == 10).map(day_number)
}

/// Days since 1970-01-01.
pub fn day_number(date: Date) -> i64 {
    let epoch = Date::constant(1970, 1, 1);
    i64::from((date - epoch).get_days())
}

/// The day with this number, as it is written.
pub fn day_text(day: i64) -> String {
    Micros::of_day(day).day()
}

fn instant(text: &str) -> Option<Micros> {
    let at = match text.parse::<jiff::Zoned>() {
        Ok(zoned) => zoned.timestamp(),
        Err(_) => text.parse::<jiff::Timestamp>().ok()?,
    };
    Some(Micros(at.as_microsecond()))
}

fn one(field: &Field, text: &str) -> Result<String, String> {
    let line = |most: usize| match text.chars().count() {
        n if n > most => Err(format!("{n} characters, at most {most}")),
        _ if text.chars().any(|c| c.is_control() && !(most == LONG_MAX && matches!(c, '\n' | '\t'))) => {
            Err("it has control characters".to_owned())
        }
        _ => Ok(text.to_owned()),
    };
    match field.kind.one() {
        Type::Long => line(LONG_MAX),
        Type::Day => day(text).map(|_| text.to_owned()).ok_or_else(|| format!("{text:?} is no day; write YYYY-MM-DD")),
        Type::Instant => instant(text).map(|_| text.to_owned()).ok_or_else(|| {
            format!("{text:?} is no instant with its zone; write 2026-03-01T09:00:00+01:00[Europe/Paris]")
        }),
        Type::Choice => match field.options.iter().find(|option| option.eq_ignore_ascii_case(text)) {
            Some(option) => Ok(option.clone()),
            None => Err(format!("{text:?} is none of {}", field.options.join(", "))),
        },
        Type::Country => {
            let upper = text.to_ascii_uppercase();
            let is_code = upper.len() == 2 && upper.bytes().all(|b| b.is_ascii_uppercase());
            if is_code { Ok(upper) } else { Err(format!("{text:?} is no country; write its two letters")) }
        }
        Type::Url => {
            let is_web =
                text.strip_prefix("https://").or(text.strip_prefix("http://")).is_some_and(|rest| !rest.is_empty());
            if is_web { line(LINE_MAX) } else { Err(format!("{text:?} is no address that begins with https://")) }
        }
        _ => line(LINE_MAX),
    }
}

fn number(field: &Field, text: &str) -> Result<f64, String> {
    let n: f64 = text.parse().ok().filter(|n: &f64| n.is_finite()).ok_or_else(|| format!("{text:?} is no number"))?;
    if field.kind == Type::Count && (n < 0.0 || n.fract() != 0.0 || n > 9e15) {
        return Err(format!("{text} is no count"));
    }
    match (field.min, field.max) {
        (Some(min), _) if n < min => Err(format!("{text} is below {min}")),
        (_, Some(max)) if n > max => Err(format!("{text} is above {max}")),
        _ => Ok(n),
    }
}

fn flag(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "yes" | "true" | "1" | "y" => Ok(true),
        "no" | "false" | "0" | "n" => Ok(false),
        _ => Err(format!("{text:?} is neither yes nor no")),
    }
}

impl Value {
    /// The day it lies in, of days and instants.
    pub fn day(&self) -> Option<i64> {
        match self {
            Value::Day(day) => Some(*day),
            Value::Instant(at) => Some(at.day_number()),
            _ => None,
        }
    }

    /// Which comes first; nothing where the two cannot be compared. A day and an instant of it are equal.
    pub fn order(&self, other: &Value) -> Option<Ordering> {
        match (self, other) {
            (Value::Number(a), Value::Number(b)) => a.partial_cmp(b),
            (Value::Instant(a), Value::Instant(b)) => Some(a.cmp(b)),
            (Value::Text(a), Value::Text(b)) => Some(a.cmp(b)),
            (Value::Flag(a), Value::Flag(b)) => Some(a.cmp(b)),
            _ => Some(self.day()?.cmp(&other.day()?)),
        }
    }

    /// As a person reads it.
    pub fn text(&self) -> String {
        match self {
            Value::Text(text) => text.clone(),
            Value::Number(n) => n.to_string(),
            Value::Day(day) => day_text(*day),
            Value::Instant(at) => at.to_string(),
            Value::Flag(true) => "yes".to_owned(),
            Value::Flag(false) => "no".to_owned(),
            Value::List(list) => list.iter().map(Value::text).collect::<Vec<_>>().join("; "),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(kind: Type, text: &str, expected: Result<&str, &str>) {
        let field =
            Field { kind, options: vec!["deter".to_owned(), "protect".to_owned()], max: Some(5.0), ..Field::default() };
        let got = Stored::read(&field, text).map(|stored| stored.map_or_else(String::new, |stored| stored.typed()));
        assert_eq!(got.as_deref().map_err(String::as_str), expected, "{kind:?} {text:?}");
    }

    #[test]
    fn what_may_stand_in_a_field() {
        check(Type::Text, "  a line ", Ok("a line"));
        check(Type::Text, " ", Ok(""));
        check(Type::Text, "two\nlines", Err("it has control characters"));
        check(Type::Long, "two\nlines", Ok("two\nlines"));
        check(Type::Day, "2026-02-29", Err("\"2026-02-29\" is no day; write YYYY-MM-DD"));
        check(Type::Day, "2024-02-29", Ok("2024-02-29"));
        check(Type::Day, "20240229", Err("\"20240229\" is no day; write YYYY-MM-DD"));
        check(Type::Instant, "2026-03-01T09:00:00+01:00[Europe/Paris]", Ok("2026-03-01T09:00:00+01:00[Europe/Paris]"));
        check(Type::Instant, "2026-03-01T09:00:00Z", Ok("2026-03-01T09:00:00Z"));
        check(
            Type::Instant,
            "2026-03-01T09:00:00",
            Err("\"2026-03-01T09:00:00\" is no instant with its zone; write 2026-03-01T09:00:00+01:00[Europe/Paris]"),
        );
        check(Type::Choice, "Deter", Ok("deter"));
        check(Type::Choice, "attack", Err("\"attack\" is none of deter, protect"));
        check(Type::Choices, "protect; deter;protect", Ok("protect; deter"));
        check(Type::Country, "fr", Ok("FR"));
        check(Type::Country, "France", Err("\"France\" is no country; write its two letters"));
        check(Type::Count, "3", Ok("3"));
        check(Type::Count, "2.5", Err("2.5 is no count"));
        check(Type::Count, "6", Err("6 is above 5"));
        check(Type::Number, "NaN", Err("\"NaN\" is no number"));
        check(Type::Flag, "Yes", Ok("yes"));
        check(Type::Flag, "maybe", Err("\"maybe\" is neither yes nor no"));
        check(Type::Url, "https://example.org/a", Ok("https://example.org/a"));
        check(Type::Url, "javascript:alert(1)", Err("\"javascript:alert(1)\" is no address that begins with https://"));
    }

    #[test]
    fn a_day_and_an_instant_of_it_are_equal() {
        let at = |text: &str, kind| Stored::Text(text.to_owned()).value(kind);
        let day = at("2026-03-01", Type::Day);
        let night = at("2026-03-02T00:30:00+01:00[Europe/Paris]", Type::Instant);
        assert_eq!(day.order(&night), Some(Ordering::Equal), "half past midnight in Paris is the day before in UTC");
        assert_eq!(day.order(&at("2026-02-28", Type::Day)), Some(Ordering::Greater));
        assert_eq!(day.order(&Value::Number(1.0)), None);
        assert_eq!((day_text(0), super::day("1970-01-02")), ("1970-01-01".to_owned(), Some(1)));
    }
}
