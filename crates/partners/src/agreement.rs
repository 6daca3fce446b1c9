//! Agreements: the window in which an organisation may get more than what is public, and how high.
use jiff::civil::Date;
use stix::Tlp;

/// One agreement of an organisation, as recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreement {
    /// First day in force.
    pub from: Date,
    /// Last day in force; open where absent.
    pub to: Option<Date>,
    /// The highest marking that may be given under it.
    pub clearance: Tlp,
}

/// The agreement that speaks on a day, given all of an organisation in the order of their recording: of those that have
/// begun the one recorded last, if it has not ended. So a renewal recorded early leaves no gap, and an agreement ended
/// early, or lowered, is not kept alive by the older record.
pub fn in_force(agreements: &[Agreement], on: Date) -> Option<&Agreement> {
    agreements.iter().rev().find(|a| a.from <= on).filter(|a| a.to.is_none_or(|to| on <= to))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn agreement(from: &str, to: &str, clearance: Tlp) -> Agreement {
        Agreement { from: day(from), to: (!to.is_empty()).then(|| day(to)), clearance }
    }

    #[test]
    fn the_one_recorded_last_of_those_begun() {
        #[track_caller]
        fn check(agreements: &[Agreement], on: &str, expected: Option<Tlp>) {
            assert_eq!(in_force(agreements, day(on)).map(|a| a.clearance), expected, "{on}");
        }
        let first = agreement("2025-01-01", "2025-12-31", Tlp::Green);
        let renewal = agreement("2026-01-01", "", Tlp::Amber);
        let both = [first.clone(), renewal];
        check(&[], "2025-06-01", None);
        check(&both, "2024-12-31", None);
        check(&both, "2025-01-01", Some(Tlp::Green));
        check(&both, "2025-12-31", Some(Tlp::Green));
        check(&both, "2026-01-01", Some(Tlp::Amber));
        let ended = [first.clone(), agreement("2025-01-01", "2025-05-31", Tlp::Green)];
        check(&ended, "2025-05-31", Some(Tlp::Green));
        check(&ended, "2025-06-01", None);
        let lowered = [first, agreement("2025-03-01", "", Tlp::Clear)];
        check(&lowered, "2025-02-28", Some(Tlp::Green));
        check(&lowered, "2025-03-01", Some(Tlp::Clear));
    }
}
