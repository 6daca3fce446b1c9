//! Ranges of versions as advisories write them: `vers:` as the standard has it, `vers:all/<V4.4` as the corpus has it, and
//! prose (`All versions prior to V1.5.1`). A text becomes intervals whole or not at all; what is left over makes it
//! undecided with a reason. Comparing is the parent's.

mod grammar;

use std::fmt;

use super::{Compared, Version};
pub use grammar::parse_range;

/// How a range text was understood; the classes of the table printed by the corpus test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// `vers:all/*`, `All versions`, `*`.
    All,
    /// One bound: `< 4.4`, `prior to 4.4`.
    OneBound,
    /// Two bounds: `>= 4.0 | < 4.4`, `>=4.0<4.4`, `4.0 - 4.4`.
    TwoBounds,
    /// Listed versions: `4.3 | 4.4`.
    Listed,
    /// Several intervals.
    Several,
    /// Not understood, or understood only under a condition.
    Undecided,
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Class::All => "all versions",
            Class::OneBound => "one bound",
            Class::TwoBounds => "two bounds",
            Class::Listed => "listed versions",
            Class::Several => "several intervals",
            Class::Undecided => "undecided",
        })
    }
}

/// One end of an interval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    /// The version as written.
    pub text: String,
    /// The version taken apart.
    pub version: Version,
    /// Whether the version itself is inside.
    pub inclusive: bool,
}

/// Versions between two bounds; an absent bound is open.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Interval {
    /// The lower end.
    pub low: Option<Bound>,
    /// The upper end.
    pub high: Option<Bound>,
}

/// A range that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    /// How it was understood.
    pub class: Class,
    /// Its intervals; empty where undecided.
    pub intervals: Vec<Interval>,
    /// The vulnerabilities it is limited to (`(CVE-2022-3386 and CVE-2022-3385 only)`); empty = all.
    pub only: Vec<String>,
    /// Why it is undecided, in words.
    pub undecided: Option<&'static str>,
}

/// Whether a version lies in a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contains {
    /// It does.
    Yes,
    /// It does not, and both ends compared.
    No,
    /// It cannot be told, for this reason.
    Unknown(&'static str),
}

impl Range {
    /// Every version.
    pub fn all() -> Range {
        Range { class: Class::All, intervals: vec![Interval::default()], only: Vec::new(), undecided: None }
    }

    pub(super) fn undecided(why: &'static str) -> Range {
        Range { class: Class::Undecided, intervals: Vec::new(), only: Vec::new(), undecided: Some(why) }
    }

    /// Whether the text was understood whole.
    pub fn is_decided(&self) -> bool {
        self.undecided.is_none()
    }

    /// Whether every version lies in it.
    pub fn is_all(&self) -> bool {
        self.class == Class::All && self.is_decided()
    }

    /// Whether `version` lies in it, by the vendor-generic order. A blank version lies in "all versions" only.
    pub fn contains(&self, version: &str) -> Contains {
        self.contains_by(version, &|bound, version| match Version::parse(version) {
            Ok(parsed) => parsed.compare(&bound.version),
            Err(why) => Compared::Unknown(why),
        })
    }

    /// The same under another order; `compare(bound, version)` says how `version` stands to `bound`.
    pub fn contains_by(&self, version: &str, compare: &dyn Fn(&Bound, &str) -> Compared) -> Contains {
        if let Some(why) = self.undecided {
            return Contains::Unknown(why);
        }
        if self.is_all() {
            return Contains::Yes;
        }
        if version.trim().is_empty() {
            return Contains::Unknown("the asset's version is not stated");
        }
        let mut unknown = None;
        for interval in &self.intervals {
            match interval.contains(version, compare) {
                Contains::Yes => return Contains::Yes,
                Contains::No => {}
                Contains::Unknown(why) => unknown = Some(why),
            }
        }
        unknown.map_or(Contains::No, Contains::Unknown)
    }
}

impl Interval {
    fn contains(&self, version: &str, compare: &dyn Fn(&Bound, &str) -> Compared) -> Contains {
        let low = self.low.as_ref().map_or(Contains::Yes, |low| match compare(low, version) {
            Compared::Greater => Contains::Yes,
            Compared::Equal if low.inclusive => Contains::Yes,
            Compared::Unknown(why) => Contains::Unknown(why),
            _ => Contains::No,
        });
        let high = self.high.as_ref().map_or(Contains::Yes, |high| match compare(high, version) {
            Compared::Less => Contains::Yes,
            Compared::Equal if high.inclusive => Contains::Yes,
            Compared::Unknown(why) => Contains::Unknown(why),
            _ => Contains::No,
        });
        match (low, high) {
            (Contains::No, _) | (_, Contains::No) => Contains::No,
            (Contains::Unknown(why), _) | (_, Contains::Unknown(why)) => Contains::Unknown(why),
            _ => Contains::Yes,
        }
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.low, &self.high) {
            (None, None) => f.write_str("all versions"),
            (Some(low), Some(high)) if low.inclusive && high.inclusive && low.text == high.text => {
                write!(f, "exactly {}", low.text)
            }
            (low, high) => {
                if let Some(low) = low {
                    write!(f, "{} {}", if low.inclusive { "from" } else { "after" }, low.text)?;
                }
                if let Some(high) = high {
                    let space = if low.is_some() { " " } else { "" };
                    write!(f, "{space}{} {}", if high.inclusive { "up to" } else { "before" }, high.text)?;
                }
                Ok(())
            }
        }
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(why) = self.undecided {
            return write!(f, "undecided: {why}");
        }
        for (i, interval) in self.intervals.iter().enumerate() {
            write!(f, "{}{interval}", if i > 0 { ", or " } else { "" })?;
        }
        if !self.only.is_empty() {
            write!(f, " (only {})", self.only.join(", "))?;
        }
        Ok(())
    }
}
