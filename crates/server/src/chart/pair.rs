//! Two sides over weeks: what was given stands above the line, what was got below it, on one scale.

use super::{Svg, percent};
use crate::pages::words::{escape, figure};

/// Pixels of one side.
const SIDE: i64 = 56;

/// One week: its name, what was given, what was got.
pub type Week = (String, i64, i64);

/// The bars, week by week, with a name that says all of it.
#[expect(clippy::cast_precision_loss, reason = "a bar on a screen needs three digits")]
pub fn pair(weeks: &[Week], name: &str) -> Svg {
    let most = weeks.iter().map(|w| w.1.max(w.2)).max().unwrap_or(0).max(1);
    let height = |n: i64| (n * SIDE + most / 2) / most;
    let step = 100.0 / weeks.len().max(1) as f64;
    let mut out = format!(
        r#"<svg class="pair" width="100%" height="{}" role="img" aria-label="{}">"#,
        SIDE * 2 + 1,
        escape(name)
    );
    for (i, (week, gave, got)) in weeks.iter().enumerate() {
        let x = percent(step * (i as f64 + 0.1));
        let width = percent(step * 0.8);
        let said = format!("week of {}: gave {}, got {}", escape(week), figure(*gave), figure(*got));
        // what is there is never less than a pixel
        let (up, down) = (height(*gave).max(i64::from(*gave > 0)), height(*got).max(i64::from(*got > 0)));
        out.push_str(&format!(
            r#"<g><title>{said}</title><rect class="gave" x="{x}" y="{}" width="{width}" height="{up}"/><rect class="got" x="{x}" y="{}" width="{width}" height="{down}"/></g>"#,
            SIDE - up,
            SIDE + 1,
        ));
    }
    out.push_str(&format!(r#"<rect class="mid" y="{SIDE}" width="100%" height="1"/></svg>"#));
    Svg(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_sides_on_one_scale() {
        insta::assert_snapshot!(pair(&[("6 May".to_owned(), 1, 4), ("13 May".to_owned(), 0, 1_000)], "all"), @r#"<svg class="pair" width="100%" height="113" role="img" aria-label="all"><g><title>week of 6 May: gave 1, got 4</title><rect class="gave" x="5%" y="55" width="40%" height="1"/><rect class="got" x="5%" y="57" width="40%" height="1"/></g><g><title>week of 13 May: gave 0, got 1,000</title><rect class="gave" x="55%" y="56" width="40%" height="0"/><rect class="got" x="55%" y="57" width="40%" height="56"/></g><rect class="mid" y="56" width="100%" height="1"/></svg>"#);
        assert!(pair(&[], "none").0.contains("mid"));
    }
}
