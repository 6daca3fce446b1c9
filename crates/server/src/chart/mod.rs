//! Pictures as SVG, drawn here so that a page, its print and a mail show the same. Geometry in percent and pixels, colour in classes.
//! Not for: the map, which moves and is drawn in the browser.

pub mod axis;
pub mod lanes;
pub mod net;
pub mod pair;
pub mod share;

use std::fmt;

use askama::filters::HtmlSafe;

/// A finished drawing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Svg(pub(crate) String);

impl fmt::Display for Svg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl HtmlSafe for Svg {}

/// A percentage with at most two digits after the point: short, and equal on every machine.
pub(crate) fn percent(x: f64) -> String {
    let rounded = (x * 100.0).round() / 100.0;
    format!("{rounded}%")
}
