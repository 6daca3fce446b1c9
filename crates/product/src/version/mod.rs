//! The order of versions when nothing is known but how a vendor writes them (`V7.4 SP1 Upd 19`, `15.2(4)EA7`, `R14B`).
//!
//! Two versions either compare or they do not: [`Compared::Unknown`] says why. There is no lexical fallback, because a wrong
//! "safe" and a wrong "affected" are both worse than a question. Orders of package ecosystems are in [`crate::purl`].

mod parse;
pub mod range;

use std::cmp::Ordering;

pub use parse::Version;
use parse::{Mark, Piece};
pub use range::{Class, Interval, Range, parse_range};

/// What comparing two versions gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compared {
    /// The first is earlier.
    Less,
    /// They are the same version.
    Equal,
    /// The first is later.
    Greater,
    /// They do not compare, for this reason.
    Unknown(&'static str),
}

impl From<Ordering> for Compared {
    fn from(order: Ordering) -> Compared {
        match order {
            Ordering::Less => Compared::Less,
            Ordering::Equal => Compared::Equal,
            Ordering::Greater => Compared::Greater,
        }
    }
}

/// A first number from here on is a year or a date when the other side's is far smaller.
const YEAR_FIRST: u64 = 1900;

/// Compares two versions by the vendor-generic order.
///
/// The prefix `V` (also `Ver.`, `Version`) carries no meaning and may stand on one side only; any other prefix (`R`, `FW`,
/// `CPCI85`) must stand on both. Digits compare as numbers, a missing tail is 0, letters go a<b<…, words go
/// dev<alpha<beta<rc<(release)<update<service pack, hot fixes and patches after what they fix.
pub fn generic_cmp(a: &str, b: &str) -> Compared {
    match (Version::parse(a), Version::parse(b)) {
        (Ok(a), Ok(b)) => a.compare(&b),
        (Err(why), _) | (_, Err(why)) => Compared::Unknown(why),
    }
}

impl Version {
    /// Compares with another; see [`generic_cmp`].
    pub fn compare(&self, other: &Version) -> Compared {
        if self.prefix != other.prefix {
            return Compared::Unknown("the words before the number differ");
        }
        if self.is_date != other.is_date {
            return Compared::Unknown("a date against a number");
        }
        if let (Some(a), Some(b)) = (self.first_number(), other.first_number())
            && a.max(b) >= YEAR_FIRST
            && a.min(b) < 1000
        {
            return Compared::Unknown("two ways of numbering");
        }
        if let Some(unknown) = self.decimal_or_dotted(other) {
            return unknown;
        }
        if let (Some(a), Some(b)) = (self.pieces.first(), other.pieces.first())
            && std::mem::discriminant(a) != std::mem::discriminant(b)
        {
            // `Update 19` names a service level of a release that is not named.
            return Compared::Unknown("two ways of numbering");
        }
        let longest = self.pieces.len().max(other.pieces.len());
        let mut place = Place { first: true, after_mark: false };
        for i in 0..longest {
            match place.compare(self.pieces.get(i), other.pieces.get(i)) {
                Compared::Equal => place.first = false,
                decided => return decided,
            }
        }
        Compared::Equal
    }

    /// `1.14` against `1.9`: later if dots part numbers, earlier if it is a decimal fraction. Versions of exactly two
    /// numbers do not say which, so where the two readings differ there is no answer.
    fn decimal_or_dotted(&self, other: &Version) -> Option<Compared> {
        let (a, b) = (self.two_numbers()?, other.two_numbers()?);
        if a.0.value != b.0.value || a.1.width == b.1.width {
            return None;
        }
        let dotted = a.1.value.cmp(&b.1.value);
        let decimal = a.1.fraction().cmp(&b.1.fraction());
        (dotted != decimal).then_some(Compared::Unknown("a decimal fraction or two numbers? (as 1.14 against 1.9)"))
    }
}

/// What came before in the two versions, as far as it bears on the next piece.
struct Place {
    first: bool,
    after_mark: bool,
}

impl Place {
    fn compare(&mut self, a: Option<&Piece>, b: Option<&Piece>) -> Compared {
        match (a, b) {
            (Some(Piece::Wild), _) | (_, Some(Piece::Wild)) => Compared::Unknown("a placeholder stands for a number"),
            (Some(Piece::Number(a)), Some(Piece::Number(b))) => {
                let dotted = a.value.cmp(&b.value);
                if !self.first && (a.leading_zero || b.leading_zero) && dotted != a.fraction().cmp(&b.fraction()) {
                    // 1.06 against 1.6: the same number, but perhaps not the same version.
                    return Compared::Unknown("a leading zero on one side only (as 1.06 against 1.6)");
                }
                dotted.into()
            }
            (Some(Piece::Number(n)), None) => self.tail(n.value, Compared::Greater),
            (None, Some(Piece::Number(n))) => self.tail(n.value, Compared::Less),
            (Some(Piece::Mark(a, n)), Some(Piece::Mark(b, m))) => {
                self.after_mark = true;
                compare_marks((*a, *n), (*b, *m))
            }
            (Some(Piece::Mark(mark, _)), None) => compare_with_release(*mark, Compared::Greater, Compared::Less),
            (None, Some(Piece::Mark(mark, _))) => compare_with_release(*mark, Compared::Less, Compared::Greater),
            (Some(Piece::Mark(mark, _)), Some(Piece::Number(n))) => against_number(*mark, n.value, Compared::Less),
            (Some(Piece::Number(n)), Some(Piece::Mark(mark, _))) => against_number(*mark, n.value, Compared::Greater),
            (Some(Piece::Letter(a)), Some(Piece::Letter(b))) => a.cmp(b).into(),
            (Some(Piece::Word(a)), Some(Piece::Word(b))) if a == b => Compared::Equal,
            (Some(Piece::Open), Some(Piece::Open)) => Compared::Equal,
            (Some(Piece::Open), _) | (_, Some(Piece::Open)) => Compared::Unknown("a build number on one side only"),
            (Some(Piece::Letter(_)), _) | (_, Some(Piece::Letter(_))) => Compared::Unknown("a letter on one side only"),
            (Some(Piece::Word(_)), _) | (_, Some(Piece::Word(_))) => {
                Compared::Unknown("a word whose rank is not known")
            }
            (None, None) => Compared::Equal,
        }
    }

    /// A number where the other version has ended: a missing tail is 0.
    fn tail(&self, value: u64, longer: Compared) -> Compared {
        if value == 0 {
            Compared::Equal
        } else if self.after_mark {
            Compared::Unknown("a number after a word on one side only")
        } else {
            longer
        }
    }
}

/// `4.7 SP9` against `4.7 HF34`: only marks of one kind compare, and those whose rank is certain.
fn compare_marks((a, n): (Mark, Option<u64>), (b, m): (Mark, Option<u64>)) -> Compared {
    if a == b {
        return match (n, m) {
            (Some(n), Some(m)) => n.cmp(&m).into(),
            (None, None) => Compared::Equal,
            // `beta` against `beta 2`, `SP` against `SP1`: the first of them usually has no number, but not always.
            _ => Compared::Unknown("a number on one side only"),
        };
    }
    if a.before_release() || b.before_release() {
        return a.cmp(&b).into();
    }
    match (a, b) {
        (Mark::Update, Mark::ServicePack) => Compared::Less,
        (Mark::ServicePack, Mark::Update) => Compared::Greater,
        _ => Compared::Unknown("two kinds of update whose order is not known"),
    }
}

/// A mark against nothing: before the release or after it. A bare build number says neither.
fn compare_with_release(mark: Mark, after: Compared, before: Compared) -> Compared {
    match mark {
        Mark::Build => Compared::Unknown("a build number on one side only"),
        _ if mark.before_release() => before,
        _ => after,
    }
}

/// `4.7 SP9` against `4.7.1`: a mark belongs to what stands before it, so a further number above 0 is later.
fn against_number(mark: Mark, number: u64, mark_first: Compared) -> Compared {
    match (mark, number) {
        (Mark::Build, _) => Compared::Unknown("a build number against a number"),
        (_, 0) => Compared::Unknown("a word against a number"),
        _ => mark_first,
    }
}

#[cfg(test)]
mod tests;
