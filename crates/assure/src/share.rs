//! The mitigated share of a cohort of exposures, weighted by criticality, where counts are intervals.
//! The share is an interval too; a claim of success rests on its lower end.
use crate::facts::{Count, Evidence, Exposure, State, Statement};
use ledger::Micros;

/// One exposure of a cohort: what was open when the cohort was set, and what remains.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Part {
    /// Criticality.
    pub weight: f64,
    /// Open at first.
    pub open: Count,
    /// Still open.
    pub left: Count,
}

/// Low and high end of the mitigated share; `None` for an empty cohort.
pub fn share(parts: &[Part]) -> Option<(f64, f64)> {
    if parts.is_empty() {
        return None;
    }
    let low: Vec<(f64, f64, f64)> = parts.iter().map(|p| ends(p, 1.0 - part(p.left.max, p.open.min))).collect();
    let high: Vec<(f64, f64, f64)> = parts.iter().map(|p| ends(p, 1.0 - part(p.left.min, p.open.max))).collect();
    Some((lowest(low), 1.0 - lowest(high.into_iter().map(|(f, a, b)| (1.0 - f, a, b)).collect())))
}

/// Share done, least weight, most weight.
fn ends(p: &Part, done: f64) -> (f64, f64, f64) {
    (done, p.weight * p.open.min.max(1) as f64, p.weight * p.open.max.max(1) as f64)
}

/// `left` of `open`, between 0 and 1. Nothing left is 0 whatever was open.
fn part(left: i64, open: i64) -> f64 {
    if left <= 0 { 0.0 } else { (left as f64 / open.max(1) as f64).min(1.0) }
}

/// The least weighted mean when each weight may lie anywhere in its interval: the worst parts weigh most, so it is found
/// among the prefixes of the parts in ascending order.
fn lowest(mut parts: Vec<(f64, f64, f64)>) -> f64 {
    let least = parts.iter().fold((0.0, 0.0), |(sum, weight), (done, least, _)| (sum + done * least, weight + least));
    // where nothing may weigh more there is one mean, whatever the order
    if parts.iter().all(|(_, least, most)| least == most) {
        return least.0 / least.1;
    }
    parts.sort_by(|a, b| a.0.total_cmp(&b.0));
    let more = parts.iter().scan(least, |(sum, weight), (done, least, most)| {
        *sum += done * (most - least);
        *weight += most - least;
        Some(*sum / *weight)
    });
    more.fold(least.0 / least.1, f64::min)
}

/// A place in the order of statements: when it became so, then the entry that says it.
pub type Point = (Micros, i64);

/// What is open of an exposure at a point, by all statements that make it open and by those mitigations shown at `level` or
/// better. `None`: nothing counted is known of it by then, or it was withdrawn.
pub fn open_at(exposure: &Exposure, at: Point, level: Evidence) -> Option<Count> {
    let mut open: Option<Count> = None;
    for said in ordered(exposure).into_iter().filter(|s| point(s) <= at) {
        let shown = said.evidence >= level;
        match &said.state {
            // A smaller count is a mitigation too.
            State::Affected(count) if open.is_some_and(|o| count.min <= o.min && count.max <= o.max) && !shown => {}
            State::Affected(count) => open = Some(*count),
            State::Mitigated(left, _) if shown => open = open.map(|_| *left),
            State::Withdrawn => open = None,
            State::Mitigated(..) | State::Unknown => {}
        }
    }
    open
}

/// Where a statement stands in the order.
pub fn point(said: &Statement) -> Point {
    (said.at.valid, said.at.entry)
}

/// The statements in the order in which they became so.
pub fn ordered(exposure: &Exposure) -> Vec<&Statement> {
    let mut said: Vec<&Statement> = exposure.said.iter().collect();
    said.sort_by_key(|s| point(s));
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    fn c(min: i64, max: i64) -> Count {
        Count { min, max }
    }

    #[test]
    fn shares() {
        #[track_caller]
        fn check(parts: &[(f64, Count, Count)], low: f64, high: f64) {
            let parts: Vec<Part> = parts.iter().map(|&(weight, open, left)| Part { weight, open, left }).collect();
            let (l, h) = share(&parts).unwrap();
            assert!((l - low).abs() < 1e-9 && (h - high).abs() < 1e-9, "{l} {h}, expected {low} {high}");
        }
        let one = Count::exact(1);
        let none = Count::exact(0);
        check(&[(1.0, one, one)], 0.0, 0.0);
        check(&[(1.0, one, none)], 1.0, 1.0);
        // two assets, the fixed one carries three functions more
        check(&[(4.0, one, none), (1.0, one, one)], 0.8, 0.8);
        // a count: 40 to 70 open, then a band of 1 to 4 left
        check(&[(1.0, c(40, 70), c(1, 4))], 1.0 - 4.0 / 40.0, 1.0 - 1.0 / 70.0);
        // a band that may hide everything proves nothing
        check(&[(1.0, c(1, 4), c(1, 4))], 0.0, 0.75);
        // all gone is all gone, however wide the band was
        check(&[(1.0, c(1, 4), none)], 1.0, 1.0);
        // more left than was open: newly found ones are not the cohort's
        check(&[(1.0, c(10, 10), c(30, 30))], 0.0, 0.0);
        // an asset fixed beside a count untouched: the count may weigh 70
        check(&[(1.0, one, none), (1.0, c(40, 70), c(40, 70))], 1.0 / 71.0, 1.0 - (160.0 / 7.0) / 41.0);
        assert_eq!(share(&[]), None);
    }
}
