//! Small counts tell of single rows, so they are banded: 1 to 4 is `1..4`, 5 to 9 is `5..9`, all else exact. A total never
//! gives away what one of its parts hides.
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::iter::Sum;
use std::ops::Add;

/// A count as it is told: an interval, exact where both ends are equal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Band {
    /// At least.
    pub min: i64,
    /// At most.
    pub max: i64,
}

impl Band {
    /// The band of a count.
    pub fn of(count: usize) -> Band {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        match count {
            1..=4 => Band { min: 1, max: 4 },
            5..=9 => Band { min: 5, max: 9 },
            exact => Band { min: exact, max: exact },
        }
    }

    /// Whether it is one number.
    pub fn is_exact(self) -> bool {
        self.min == self.max
    }

    /// The ten in which a count lies: for a total that would tell a small part.
    pub fn coarse(count: usize) -> Band {
        let number = i64::try_from(count).unwrap_or(i64::MAX - 9);
        let ten = number - number % 10;
        if ten == 0 { Band::of(count) } else { Band { min: ten, max: ten + 9 } }
    }

    /// What is left of this after `part` is taken away, as far as both tell.
    pub fn less(self, part: Band) -> Band {
        Band { min: (self.min - part.max).max(0), max: (self.max - part.min).max(0) }
    }
}

impl Add for Band {
    type Output = Band;
    fn add(self, other: Band) -> Band {
        Band { min: self.min.saturating_add(other.min), max: self.max.saturating_add(other.max) }
    }
}

impl Sum for Band {
    fn sum<I: Iterator<Item = Band>>(parts: I) -> Band {
        parts.fold(Band::default(), Add::add)
    }
}

impl fmt::Display for Band {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_exact() { write!(f, "{}", self.min) } else { write!(f, "{}..{}", self.min, self.max) }
    }
}

impl Serialize for Band {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        if self.is_exact() { s.serialize_i64(self.min) } else { s.collect_str(self) }
    }
}

impl<'de> Deserialize<'de> for Band {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Band;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a count or an interval such as \"1..4\"")
            }
            fn visit_u64<E: serde::de::Error>(self, v: u64) -> Result<Band, E> {
                let exact = i64::try_from(v).map_err(E::custom)?;
                Ok(Band { min: exact, max: exact })
            }
            fn visit_str<E: serde::de::Error>(self, v: &str) -> Result<Band, E> {
                let (min, max) = v.split_once("..").ok_or_else(|| E::custom("no interval"))?;
                let band = Band { min: min.parse().map_err(E::custom)?, max: max.parse().map_err(E::custom)? };
                if band.min < 0 || band.max < band.min { Err(E::custom("no interval")) } else { Ok(band) }
            }
        }
        d.deserialize_any(Visitor)
    }
}
