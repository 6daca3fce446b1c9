//! Wilson's score interval, for samples and surveys only: a full count has no interval (spec assure, "Baseline").

/// The 95 % interval of a share seen `n` times in `d`; `None` where nobody was asked.
pub fn interval(n: u64, d: u64) -> Option<(f64, f64)> {
    const Z: f64 = 1.959_963_984_540_054;
    if d == 0 || n > d {
        return None;
    }
    let (n, d) = (n as f64, d as f64);
    let share = n / d;
    let scale = 1.0 + Z * Z / d;
    let middle = (share + Z * Z / (2.0 * d)) / scale;
    let half = Z / scale * (share * (1.0 - share) / d + Z * Z / (4.0 * d * d)).sqrt();
    Some(((middle - half).max(0.0), (middle + half).min(1.0)))
}

#[cfg(test)]
mod tests {
    use super::interval;

    #[test]
    fn known_values() {
        #[track_caller]
        fn check(n: u64, d: u64, low: f64, high: f64) {
            let (l, h) = interval(n, d).unwrap();
            assert!((l - low).abs() < 5e-4 && (h - high).abs() < 5e-4, "{n}/{d}: {l} {h}");
        }
        // Newcombe 1998, table I: the four worked examples.
        check(81, 263, 0.2553, 0.3662);
        check(15, 148, 0.0624, 0.1605);
        check(0, 20, 0.0, 0.1611);
        check(1, 29, 0.0061, 0.1718);
        assert_eq!(interval(0, 0), None);
        assert_eq!(interval(3, 2), None);
    }
}
