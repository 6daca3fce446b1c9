//! A share of a whole in one strip: held, at stake, unknown, the rest. And the four steps of evidence.

use super::{Svg, percent};
use crate::pages::words::{escape, figure};

/// One part of a strip: how many, the class of its fill, and the word for it.
pub type Part<'a> = (i64, &'a str, &'a str);

/// The parts of `whole`, left to right, with a name that says all of it. What the parts do not cover stays empty.
#[expect(clippy::cast_precision_loss, reason = "a share on a screen needs three digits")]
pub fn strip(parts: &[Part<'_>], whole: i64, tall: bool) -> Svg {
    let whole = whole.max(parts.iter().map(|p| p.0.max(0)).sum()).max(1);
    let height = if tall { 20 } else { 12 };
    let said: Vec<String> = parts.iter().filter(|p| p.0 > 0).map(|p| format!("{} {}", figure(p.0), p.2)).collect();
    let name = if said.is_empty() { "none".to_owned() } else { format!("{} of {}", said.join(", "), figure(whole)) };
    let mut out = format!(
        r#"<svg class="share{}" width="100%" height="{height}" role="img" aria-label="{}"><rect class="rest" width="100%" height="{height}"/>"#,
        if tall { " tall" } else { "" },
        escape(&name)
    );
    let mut x = 0.0;
    for (n, class, word) in parts.iter().filter(|p| p.0 > 0) {
        let width = *n as f64 / whole as f64 * 100.0;
        out.push_str(&format!(
            r#"<rect class="{class}" x="{}" width="{}" height="{height}"><title>{} {}</title></rect>"#,
            percent(x),
            percent(width),
            figure(*n),
            escape(word)
        ));
        x += width;
    }
    out.push_str(&format!(r#"<rect class="edge" x=".5" y=".5" width="100%" height="{}"/></svg>"#, height - 1));
    Svg(out)
}

/// Values at E1 or better to E4 or better, as four bars of a common measure.
pub fn steps(values: [f64; 4], most: f64) -> Svg {
    let most = if most > 0.0 { most } else { 1.0 };
    let mut out = String::from(r#"<svg class="steps" width="84" height="20" aria-hidden="true">"#);
    for (i, value) in values.into_iter().enumerate() {
        let height = (value / most).clamp(0.0, 1.0) * 17.0;
        let class = if i == 0 { "lo" } else { "hi" };
        out.push_str(&format!(
            r#"<rect class="{class}" x="{}" y="{:.1}" width="16" height="{height:.1}"/>"#,
            i * 21,
            18.0 - height
        ));
        out.push_str(&format!(r#"<path class="base" d="M{} 18.5h16"/>"#, i * 21));
    }
    out.push_str("</svg>");
    Svg(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strip_says_what_it_shows() {
        insta::assert_snapshot!(strip(&[(3, "held", "fixed"), (0, "late", "open"), (1, "unknown", "unknown")], 8, false), @r#"<svg class="share" width="100%" height="12" role="img" aria-label="3 fixed, 1 unknown of 8"><rect class="rest" width="100%" height="12"/><rect class="held" x="0%" width="37.5%" height="12"><title>3 fixed</title></rect><rect class="unknown" x="37.5%" width="12.5%" height="12"><title>1 unknown</title></rect><rect class="edge" x=".5" y=".5" width="100%" height="11"/></svg>"#);
    }

    #[test]
    fn parts_larger_than_the_whole_still_fit() {
        let svg = strip(&[(9, "held", "fixed")], 3, true).0;
        assert!(svg.contains(r#"width="100%" height="20"><title>9 fixed"#), "{svg}");
    }
}
