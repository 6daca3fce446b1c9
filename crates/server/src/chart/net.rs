//! What a report names, or what stands around one object, as a drawing: a box for each thing in a column for its sort, a line for each
//! relation. Boxes stand in a grid, so no label meets another; how many there are is bounded, and a table beside it has them all.
//! Not for: thousands of nodes; nothing is laid out by force.

use std::collections::{BTreeMap, BTreeSet};

use super::Svg;
use crate::pages::words::escape;

/// Boxes of one drawing.
pub const NODES_MAX: usize = 42;
/// Boxes of one column.
const ROWS_MAX: usize = 12;
const BOX_W: i64 = 160;
const BOX_H: i64 = 28;
const STEP_X: i64 = 204;
const STEP_Y: i64 = 40;
const TOP: i64 = 32;
const EDGE: i64 = 26;
/// Rounds in which the order within columns follows the neighbours.
const SWEEPS: usize = 4;

/// One thing.
#[derive(Clone, Debug)]
pub struct Node {
    /// Its name.
    pub label: String,
    /// What it is, for the hover.
    pub kind: String,
    /// Where it leads.
    pub href: String,
    /// Its column, by number; columns without a node are left out.
    pub column: usize,
    /// The page is about it.
    pub own: bool,
}

/// A relation between two nodes, by their place in the list.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    /// From.
    pub from: usize,
    /// To.
    pub to: usize,
    /// Its type, in words.
    pub word: String,
}

/// The drawing, and how many nodes had no room. `headings` are the names of the columns.
pub fn net(nodes: &[Node], edges: &[Edge], headings: &[&str], name: &str) -> (Svg, usize) {
    let shown = chosen(nodes, edges);
    let columns = columns(nodes, edges, &shown);
    let mut at: BTreeMap<usize, (i64, i64)> = BTreeMap::new();
    let rows = columns.iter().map(|(_, column)| column.len()).max().unwrap_or(0);
    for (x, (_, column)) in columns.iter().enumerate() {
        let down = (rows - column.len()) as i64 * STEP_Y / 2;
        for (y, node) in column.iter().enumerate() {
            at.insert(*node, (EDGE + x as i64 * STEP_X, TOP + down + y as i64 * STEP_Y));
        }
    }
    let width = EDGE * 2 + (columns.len() as i64 - 1).max(0) * STEP_X + BOX_W;
    let height = TOP + rows as i64 * STEP_Y;
    let mut out = format!(
        r#"<svg class="net" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="group" aria-label="{}">"#,
        escape(name)
    );
    for (x, (column, _)) in columns.iter().enumerate() {
        let heading = headings.get(*column).copied().unwrap_or_default();
        out.push_str(&format!(
            r#"<text class="head" x="{}" y="12">{}</text>"#,
            EDGE + x as i64 * STEP_X,
            escape(heading)
        ));
    }
    for edge in edges.iter().collect::<BTreeSet<_>>() {
        if let (Some(from), Some(to)) = (at.get(&edge.from), at.get(&edge.to)) {
            out.push_str(&line(*from, *to, &edge.word));
        }
    }
    for (index, (x, y)) in &at {
        if let Some(node) = nodes.get(*index) {
            out.push_str(&boxed(node, *x, *y));
        }
    }
    out.push_str("</svg>");
    (Svg(out), nodes.len() - shown.len())
}

/// Those that are drawn: what the page is about, then the most connected, as far as there is room.
fn chosen(nodes: &[Node], edges: &[Edge]) -> BTreeSet<usize> {
    let degree = |i: usize| edges.iter().filter(|e| e.from == i || e.to == i).count();
    let mut order: Vec<usize> = (0..nodes.len()).collect();
    order.sort_by_key(|i| (nodes.get(*i).is_none_or(|n| !n.own), std::cmp::Reverse(degree(*i)), *i));
    let mut filled: BTreeMap<usize, usize> = BTreeMap::new();
    let mut out = BTreeSet::new();
    for index in order {
        let Some(node) = nodes.get(index) else { continue };
        let rows = filled.entry(node.column).or_default();
        if *rows < ROWS_MAX && out.len() < NODES_MAX {
            *rows += 1;
            out.insert(index);
        }
    }
    out
}

/// The nodes of each column in their order, so that lines cross less: each stands at the mean height of its neighbours.
fn columns(nodes: &[Node], edges: &[Edge], shown: &BTreeSet<usize>) -> Vec<(usize, Vec<usize>)> {
    let mut by_column: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for index in shown {
        by_column.entry(nodes.get(*index).map_or(0, |n| n.column)).or_default().push(*index);
    }
    let mut columns: Vec<(usize, Vec<usize>)> = by_column.into_iter().collect();
    for _ in 0..SWEEPS {
        let height: BTreeMap<usize, i64> = columns
            .iter()
            .flat_map(|(_, column)| {
                let size = column.len() as i64;
                column.iter().enumerate().map(move |(y, node)| (*node, (2 * y as i64 + 1) * 1_000 / (2 * size)))
            })
            .collect();
        for (_, column) in &mut columns {
            column.sort_by_key(|node| {
                let near = edges.iter().filter_map(|e| match (e.from == *node, e.to == *node) {
                    (true, false) => height.get(&e.to),
                    (false, true) => height.get(&e.from),
                    _ => None,
                });
                let (sum, count) = near.fold((0, 0), |(sum, count), h| (sum + h, count + 1));
                (if count == 0 { height.get(node).copied().unwrap_or(0) } else { sum / count }, *node)
            });
        }
    }
    columns
}

fn line((x1, y1): (i64, i64), (x2, y2): (i64, i64), word: &str) -> String {
    let (y1, y2) = (y1 + BOX_H / 2, y2 + BOX_H / 2);
    let path = match x1.cmp(&x2) {
        std::cmp::Ordering::Less => (x1 + BOX_W, x2, 22, -22),
        std::cmp::Ordering::Greater => (x1, x2 + BOX_W, -22, 22),
        // within a column: around its left side
        std::cmp::Ordering::Equal => (x1, x2, -24, -24),
    };
    let (from, to, out, back) = path;
    format!(
        r#"<path class="rel" d="M{from} {y1}C{} {y1} {} {y2} {to} {y2}"><title>{}</title></path>"#,
        from + out,
        to + back,
        escape(word)
    )
}

fn boxed(node: &Node, x: i64, y: i64) -> String {
    let label = fitted(&node.label, BOX_W - 16);
    let class = if node.own { "box own" } else { "box" };
    format!(
        r#"<a href="{}"><title>{}: {}</title><rect class="{class}" x="{x}" y="{y}" width="{BOX_W}" height="{BOX_H}" rx="3"/><text x="{}" y="{}">{}</text></a>"#,
        escape(&node.href),
        escape(&node.kind),
        escape(&node.label),
        x + 8,
        y + 18,
        escape(&label)
    )
}

/// As much of a text as fits into so many pixels at 12 pixels, with an ellipsis where something is left out.
fn fitted(text: &str, width: i64) -> String {
    let tenths = |c: char| match c {
        'i' | 'j' | 'l' | 't' | 'f' | 'I' | '.' | ',' | ':' | ' ' | '\'' | '|' | '[' | ']' | '(' | ')' => 38,
        'm' | 'w' | 'M' | 'W' | '@' | '%' => 108,
        c if c.is_uppercase() || !c.is_ascii() => 86,
        _ => 70,
    };
    let mut used = 0;
    let mut out = String::new();
    let whole: i64 = text.chars().map(tenths).sum();
    for c in text.chars() {
        used += tenths(c);
        if whole > width * 10 && used > (width - 9) * 10 {
            return format!("{}\u{2026}", out.trim_end());
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(label: &str, column: usize) -> Node {
        Node { label: label.to_owned(), kind: "tool".to_owned(), href: "/x".to_owned(), column, own: false }
    }

    #[test]
    fn a_small_net() {
        let nodes = [node("APT <1>", 0), node("Emotet", 2)];
        let edges = [Edge { from: 0, to: 1, word: "uses".to_owned() }];
        let (svg, left) = net(&nodes, &edges, &["actors", "", "malware"], "One actor");
        assert_eq!(left, 0);
        insta::assert_snapshot!(svg, @r##"<svg class="net" width="416" height="72" viewBox="0 0 416 72" role="group" aria-label="One actor"><text class="head" x="26" y="12">actors</text><text class="head" x="230" y="12">malware</text><path class="rel" d="M186 46C208 46 208 46 230 46"><title>uses</title></path><a href="/x"><title>tool: APT &lt;1&gt;</title><rect class="box" x="26" y="32" width="160" height="28" rx="3"/><text x="34" y="50">APT &lt;1&gt;</text></a><a href="/x"><title>tool: Emotet</title><rect class="box" x="230" y="32" width="160" height="28" rx="3"/><text x="238" y="50">Emotet</text></a></svg>"##);
    }

    /// No two boxes meet, whatever is drawn, and what has no room is counted.
    #[test]
    fn boxes_never_meet() {
        let nodes: Vec<Node> = (0..200).map(|i| node(&format!("N{i}"), i % 7)).collect();
        let edges: Vec<Edge> =
            (0..150).map(|i| Edge { from: i, to: (i * 7 + 3) % 200, word: "uses".to_owned() }).collect();
        let (svg, left) = net(&nodes, &edges, &[], "many");
        let boxes: Vec<(i64, i64)> = svg
            .0
            .split("<rect class=\"box\" x=\"")
            .skip(1)
            .map(|rest| {
                let mut parts = rest.split('"');
                (parts.next().unwrap().parse().unwrap(), parts.nth(1).unwrap().parse().unwrap())
            })
            .collect();
        assert_eq!((boxes.len(), left), (NODES_MAX, 200 - NODES_MAX));
        for (i, a) in boxes.iter().enumerate() {
            for b in boxes.iter().skip(i + 1) {
                assert!((a.0 - b.0).abs() >= BOX_W || (a.1 - b.1).abs() >= BOX_H, "{a:?} {b:?}");
            }
        }
    }

    #[test]
    fn labels_fit() {
        assert_eq!(fitted("Emotet", 156), "Emotet");
        assert_eq!(fitted("Exploitation of Remote Services in Industry", 156), "Exploitation of Remote S\u{2026}");
        assert_eq!(fitted("WWWWWWWWWWWWWWWWWWWWWWWW", 156), "WWWWWWWWWWWWW\u{2026}");
    }
}
