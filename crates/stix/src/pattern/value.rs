//! Values of observables beside constants of patterns: which may be compared and how (STIX 2.1 sections 9.2, 9.6.2 to 9.6.4).

use super::ast::{Const, Order, Step};
use super::lexer::decode_hex;
use crate::Timestamp;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use std::borrow::Cow;
use std::cmp::Ordering;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// How much may still be done. One unit is about one step of a path or one try of an observation.
#[derive(Debug, Clone, Copy)]
pub(super) struct Work {
    left: u64,
}

impl Work {
    pub(super) fn new(budget: u64) -> Self {
        Work { left: budget }
    }

    /// False when there is nothing left; from then on it stays so.
    pub(super) fn spend(&mut self, units: u64) -> bool {
        self.left = self.left.saturating_sub(units);
        self.left > 0
    }

    pub(super) fn is_spent(self) -> bool {
        self.left == 0
    }
}

/// An instant in nanoseconds; what is finer is cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment(pub(super) i128);

impl Moment {
    pub(super) fn of(time: Timestamp<'_>) -> Moment {
        let digits = time.key().as_bytes().get(26..).unwrap_or(&[]).iter().copied().chain(std::iter::repeat(b'0'));
        let nanos = digits.take(3).fold(0, |sum, digit| sum * 10 + i128::from(digit.wrapping_sub(b'0')));
        Moment(i128::from(time.micros()) * 1_000 + nanos)
    }
}

/// The value of a property in its native format (section 9.6.4).
#[derive(Debug)]
pub(super) enum Native<'a> {
    Text(&'a str),
    Octets(Vec<u8>),
    Integer(i128),
    Float(f64),
    Bool(bool),
    /// A list, a dictionary, null, or octets that cannot be decoded: nothing compares to it.
    Other,
}

/// How strings of a property are written, which its name says (section 9.6.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    Plain,
    Base64,
    Hex,
}

impl Coding {
    pub(super) fn of(steps: &[Step]) -> Coding {
        let name = steps.iter().rev().find_map(|step| match step {
            Step::Key(key) => Some(key.as_str()),
            _ => None,
        });
        match name {
            Some(name) if name.ends_with("_bin") => Coding::Base64,
            Some(name) if name.ends_with("_hex") => Coding::Hex,
            _ => Coding::Plain,
        }
    }

    pub(super) fn native(self, value: &Value) -> Native<'_> {
        match value {
            Value::String(text) => match self {
                Coding::Plain => Native::Text(text),
                Coding::Base64 => STANDARD.decode(text).map_or(Native::Other, Native::Octets),
                Coding::Hex => decode_hex(text).map_or(Native::Other, Native::Octets),
            },
            Value::Bool(value) => Native::Bool(*value),
            Value::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
                (Some(value), _, _) => Native::Integer(value.into()),
                (_, Some(value), _) => Native::Integer(value.into()),
                (_, _, Some(value)) => Native::Float(value),
                _ => Native::Other,
            },
            _ => Native::Other,
        }
    }
}

/// A constant with the forms in which it may be compared.
#[derive(Debug, Clone)]
pub(super) struct Constant {
    pub(super) value: Const,
    /// Its octets, if it has such: of a string below U+0100, hex or binary (section 9.2).
    pub(super) octets: Option<Vec<u8>>,
    /// Of a timestamp, the text that orders as the instants do.
    pub(super) time: Option<String>,
}

impl Constant {
    pub(super) fn new(value: &Const) -> Self {
        let octets = match value {
            Const::Text(text) => octets(text),
            Const::Hex(bytes) | Const::Binary(bytes) => Some(bytes.clone()),
            _ => None,
        };
        let time = match value {
            Const::Time(text) => Timestamp::parse(text).ok().map(|time| time.key().to_owned()),
            _ => None,
        };
        Constant { value: value.clone(), octets, time }
    }

    /// The order of a value to this constant; `None` where the types are not comparable. Equality is the order "equal".
    pub(super) fn order(&self, value: &Native<'_>) -> Option<Ordering> {
        match (value, &self.value) {
            (Native::Bool(value), Const::Bool(constant)) => Some(value.cmp(constant)),
            (Native::Integer(value), Const::Integer(constant)) => Some(value.cmp(&i128::from(*constant))),
            (Native::Integer(value), Const::Float(constant)) => integer_to_float(*value, *constant),
            (Native::Float(value), Const::Integer(constant)) => {
                integer_to_float(i128::from(*constant), *value).map(Ordering::reverse)
            }
            (Native::Float(value), Const::Float(constant)) => value.partial_cmp(constant),
            // section 9.6.2: by code point, never normalised; the order of UTF-8 is the same
            (Native::Text(value), Const::Text(constant)) => Some((**value).cmp(constant.as_str())),
            (Native::Text(value), Const::Time(_)) => {
                let value = Timestamp::parse(value).ok()?;
                Some(value.key().cmp(self.time.as_deref()?))
            }
            (Native::Text(value), Const::Hex(constant) | Const::Binary(constant)) => {
                Some(octets(value)?.as_slice().cmp(constant))
            }
            // section 9.6.3: as unsigned octets
            (Native::Octets(value), Const::Text(_) | Const::Hex(_) | Const::Binary(_)) => {
                Some(value.as_slice().cmp(self.octets.as_deref()?))
            }
            _ => None,
        }
    }
}

/// An integer against a float, neither cut (section 9.2).
fn integer_to_float(integer: i128, float: f64) -> Option<Ordering> {
    if float.is_nan() {
        return None;
    }
    // beyond 2^100 the cast saturates on the right side
    let whole = float.floor() as i128;
    Some(match integer.cmp(&whole) {
        Ordering::Equal if float > float.floor() => Ordering::Less,
        order => order,
    })
}

pub(super) fn holds(order: Order, found: Ordering) -> bool {
    match order {
        Order::Less => found.is_lt(),
        Order::AtMost => found.is_le(),
        Order::Greater => found.is_gt(),
        Order::AtLeast => found.is_ge(),
    }
}

/// A string as octets, if all its characters are below U+0100 (section 9.2).
pub(super) fn octets(text: &str) -> Option<Vec<u8>> {
    text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect()
}

/// Octets as a string, one character each.
pub(super) fn characters(octets: &[u8]) -> String {
    octets.iter().copied().map(char::from).collect()
}

/// The text in NFC (section 9.6.2).
pub(super) fn nfc(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || is_nfc_quick(text.chars()) == IsNormalized::Yes {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.nfc().collect())
    }
}
