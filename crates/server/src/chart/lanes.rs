//! Lanes: a table that is a chart. Each row has one line along a common axis; vertical lines run through all rows.
//! The loop of one vulnerability and the course of a failure are drawn with it.

use super::axis::Axis;
use super::{Svg, percent};
use crate::pages::words::escape;

/// A vertical line through all lanes.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Where it stands.
    pub at: i64,
    /// What it is.
    pub kind: RuleKind,
    /// Its words in the head.
    pub text: String,
}

/// The kinds of vertical lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleKind {
    /// The first advice.
    Advice,
    /// Exploitation known; what lies right of it is too late.
    Hot,
    /// The instant at which the page was made.
    Now,
}

/// A stretch in a lane.
#[derive(Clone, Debug)]
pub struct Stretch {
    /// Its left end.
    pub from: i64,
    /// Its right end.
    pub to: i64,
    /// `open`, `late`, `held`, `holding` or `unknown`.
    pub fill: &'static str,
}

/// A point in a lane.
#[derive(Clone, Debug)]
pub struct Point {
    /// Where it stands.
    pub at: i64,
    /// What happened.
    pub kind: PointKind,
    /// Its words on hover.
    pub title: String,
}

/// The kinds of points. Each has a shape of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PointKind {
    /// An ask went out.
    Asked,
    /// It was acknowledged.
    Answered,
    /// A fix is known.
    Mitigated,
    /// It came to harm, or fell.
    Lost,
    /// Nothing came back in time.
    Silent,
}

/// One row's line.
#[derive(Clone, Debug, Default)]
pub struct Lane {
    /// Stretches, drawn in order.
    pub stretches: Vec<Stretch>,
    /// Points, drawn above them.
    pub points: Vec<Point>,
    /// All of it in words, for who cannot see it.
    pub said: String,
}

/// The axis and the lines that all lanes share.
#[derive(Clone, Debug)]
pub struct Field {
    /// The axis.
    pub axis: Axis,
    /// The lines.
    pub rules: Vec<Rule>,
}

impl Field {
    /// The head: ticks below, the words of the lines above, each on a line of its own.
    pub fn head(&self) -> Svg {
        let height = 28 + 16 * self.rules.len().min(3);
        let mut out = format!(r#"<svg width="100%" height="{height}" aria-hidden="true">"#);
        let mut last = -100.0;
        for (at, word) in self.axis.ticks() {
            let x = self.axis.x(at);
            out.push_str(&format!(
                r#"<svg x="{}" overflow="visible"><path class="grid" d="M0 {}V{height}"/>"#,
                percent(x),
                height - 6
            ));
            if x - last > 11.0 && x < 93.0 {
                out.push_str(&format!(r#"<text class="tick" x="4" y="{}">{}</text>"#, height - 4, escape(&word)));
                last = x;
            }
            out.push_str("</svg>");
        }
        for (i, rule) in self.rules.iter().enumerate() {
            out.push_str(&self.rule_head(rule, i.min(2), height));
        }
        out.push_str("</svg>");
        Svg(out)
    }

    fn rule_head(&self, rule: &Rule, row: usize, height: usize) -> String {
        let x = self.axis.x(rule.at);
        let y = 12 + 16 * row;
        let (line, text) = match rule.kind {
            RuleKind::Advice => ("adviceline", "inktext"),
            RuleKind::Hot => ("hotline", "hottext"),
            RuleKind::Now => ("nowline", "tick"),
        };
        let (anchor, dx) = if x > 55.0 { ("end", -6) } else { ("start", 6) };
        format!(
            r#"<svg x="{}" overflow="visible"><path class="{line}" d="M0 {}V{height}"/><text class="{text}" x="{dx}" y="{y}" text-anchor="{anchor}">{}</text></svg>"#,
            percent(x),
            y - 10,
            escape(&rule.text)
        )
    }

    /// One lane, `height` pixels high.
    pub fn lane(&self, lane: &Lane, height: i32) -> Svg {
        let mut out = format!(r#"<svg width="100%" height="{height}" role="img" aria-label="{}">"#, escape(&lane.said));
        if let Some(hot) = self.rules.iter().find(|r| r.kind == RuleKind::Hot) {
            let x = self.axis.x(hot.at);
            out.push_str(&format!(
                r#"<rect class="hotwash" x="{}" width="{}" height="{height}"/>"#,
                percent(x),
                percent(100.0 - x)
            ));
        }
        for (at, _) in self.axis.ticks() {
            let x = percent(self.axis.x(at));
            out.push_str(&format!(r#"<line class="grid" x1="{x}" x2="{x}" y1="0" y2="{height}"/>"#));
        }
        let middle = height / 2;
        for s in &lane.stretches {
            let (a, b) = (self.axis.x(s.from), self.axis.x(s.to));
            let (y, h) = if s.fill == "unknown" { (middle - 5, 10) } else { (middle - 2, 4) };
            out.push_str(&format!(
                r#"<rect class="{}" x="{}" y="{y}" width="{}" height="{h}"/>"#,
                s.fill,
                percent(a),
                percent((b - a).max(0.15))
            ));
        }
        for rule in &self.rules {
            let class = match rule.kind {
                RuleKind::Advice => "adviceline",
                RuleKind::Hot => "hotline",
                RuleKind::Now => "nowline",
            };
            let x = percent(self.axis.x(rule.at));
            out.push_str(&format!(r#"<line class="{class}" x1="{x}" x2="{x}" y1="0" y2="{height}"/>"#));
        }
        for p in &lane.points {
            out.push_str(&point(p, self.axis.x(p.at), middle));
        }
        out.push_str("</svg>");
        Svg(out)
    }
}

/// Asked is a ring, answered a half, mitigated a disc, lost a diamond, silence a hatched square.
fn point(p: &Point, x: f64, middle: i32) -> String {
    let (class, shape) = match p.kind {
        PointKind::Asked => ("m ask", r#"<circle class="body" r="4.5"/>"#),
        PointKind::Answered => {
            ("m ask", r#"<circle class="body" r="4.5"/><path d="M0-4.5a4.5 4.5 0 0 1 0 9z" fill="currentColor"/>"#)
        }
        PointKind::Mitigated => ("m full calm", r#"<circle class="body" r="5"/>"#),
        PointKind::Lost => ("m full hot", r#"<path class="body" d="M0-6 6 0 0 6-6 0z"/>"#),
        PointKind::Silent => (
            "m ask",
            r#"<rect class="unknown" x="-5" y="-5" width="10" height="10"/><rect x="-5" y="-5" width="10" height="10" fill="none" stroke="currentColor"/>"#,
        ),
    };
    format!(
        r#"<svg class="{class}" x="{}" y="{middle}"><title>{}</title>{}</svg>"#,
        percent(x),
        escape(&p.title),
        shape
    )
}

/// The stretches of one exposure: open until it is held, hot from the moment exploitation is known, calm once held.
/// Where nothing is known the whole lane is hatched: an unknown is neither open nor held.
pub fn exposure(opened: i64, held: Option<i64>, exploited: Option<i64>, end: i64, known: bool) -> Vec<Stretch> {
    if !known {
        return vec![Stretch { from: opened, to: end, fill: "unknown" }];
    }
    let mut out = Vec::new();
    let until = held.unwrap_or(end).clamp(opened, end.max(opened));
    let turn = exploited.unwrap_or(i64::MAX).clamp(opened, until);
    if turn > opened {
        out.push(Stretch { from: opened, to: turn, fill: "open" });
    }
    if until > turn {
        out.push(Stretch { from: turn, to: until, fill: "late" });
    }
    if held.is_some() && end > until {
        out.push(Stretch { from: until, to: end, fill: "holding" });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::axis::Scale;

    #[track_caller]
    fn check(opened: i64, held: Option<i64>, exploited: Option<i64>, expected: &str) {
        let said: Vec<String> = exposure(opened, held, exploited, 100, true)
            .iter()
            .map(|s| format!("{} {}-{}", s.fill, s.from, s.to))
            .collect();
        assert_eq!(said.join(", "), expected);
    }

    #[test]
    fn an_exposure_turns_hot_when_exploitation_is_known() {
        check(10, None, None, "open 10-100");
        check(10, Some(40), None, "open 10-40, holding 40-100");
        check(10, Some(40), Some(60), "open 10-40, holding 40-100");
        check(10, Some(70), Some(60), "open 10-60, late 60-70, holding 70-100");
        check(10, None, Some(60), "open 10-60, late 60-100");
        check(80, None, Some(60), "late 80-100");
    }

    #[test]
    fn a_lane_is_one_drawing() {
        let field = Field {
            axis: Axis { from: 0, to: 100, scale: Scale::Hours },
            rules: vec![Rule { at: 60, kind: RuleKind::Hot, text: "known".to_owned() }],
        };
        let lane = Lane {
            stretches: exposure(10, Some(70), Some(60), 100, true),
            points: vec![Point { at: 70, kind: PointKind::Mitigated, title: "fixed <E2>".to_owned() }],
            said: "late by \"ten\"".to_owned(),
        };
        let svg = field.lane(&lane, 32).0;
        assert!(svg.contains(r#"aria-label="late by &quot;ten&quot;""#) && svg.contains("fixed &lt;E2&gt;"), "{svg}");
        assert!(!svg.contains("style="), "a style attribute would be refused by the content security policy");
    }
}
