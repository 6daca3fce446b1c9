//! Names of products and models, folded so that they compare. What counts as the same, and what only as close, is here.

use std::collections::BTreeSet;

use crate::inventory::Asset;
use crate::text::fold;

/// How close two product names are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Closeness {
    Far,
    /// The words of one are all among those of the other.
    Part,
    Same,
}

/// A model number for comparing: upper case, no white space.
pub(super) fn model_key(model: &str) -> String {
    model.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_uppercase).collect()
}

/// Whether a model number of an advisory (wildcards `*`, `?`; `\` escapes) covers one of an asset.
pub(super) fn model_matches(stated: &str, own: &str) -> bool {
    let pattern: Vec<char> = stated.chars().collect();
    let text: Vec<char> = own.chars().collect();
    if !stated.contains(['*', '?', '\\']) {
        return stated == own;
    }
    glob(&pattern, &text, 0)
}

/// Wildcards one after another make this slow; a model number has few.
const WILDCARD_STEPS_MAX: usize = 10_000;

fn glob(pattern: &[char], text: &[char], steps: usize) -> bool {
    if steps > WILDCARD_STEPS_MAX {
        return false;
    }
    match pattern {
        [] => text.is_empty(),
        ['*', rest @ ..] => (0..=text.len()).any(|i| glob(rest, text.get(i..).unwrap_or_default(), steps + i + 1)),
        ['?', rest @ ..] => !text.is_empty() && glob(rest, text.get(1..).unwrap_or_default(), steps + 1),
        ['\\', c, rest @ ..] | [c, rest @ ..] => {
            text.first() == Some(c) && glob(rest, text.get(1..).unwrap_or_default(), steps + 1)
        }
    }
}

/// Whether two model numbers are of one series: same length, separators in the same places.
pub(super) fn same_shape(a: &str, b: &str) -> bool {
    let kind = |c: char| if c.is_alphanumeric() { 'a' } else { c };
    a.len() >= 8
        && a.len() == b.len()
        && a.chars().zip(b.chars()).all(|(x, y)| kind(x) == kind(y))
        && a.get(..2) == b.get(..2)
}

/// An order number as it stands in parentheses: no spaces, a dash, four digits or more.
fn is_order_number(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    text.len() >= 8
        && digits >= 4
        && text.contains('-')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'/'))
}

/// The words of a product name without its vendor and without remarks that only widen it, and an order number if it has one.
pub(super) fn product_words(name: &str, vendors: &BTreeSet<String>) -> (Vec<String>, Option<String>) {
    let mut model = None;
    let mut kept = String::with_capacity(name.len());
    let mut rest = name;
    while let Some((before, after)) = rest.split_once('(') {
        kept.push_str(before);
        let Some((inside, tail)) = after.split_once(')') else {
            rest = after;
            break;
        };
        let lower = inside.trim().to_lowercase();
        if is_order_number(inside.trim()) {
            model = Some(model_key(inside));
        } else if !lower.starts_with("incl") && !lower.starts_with("formerly") {
            kept.push(' ');
            kept.push_str(inside);
            kept.push(' ');
        }
        rest = tail;
    }
    kept.push_str(rest);
    let folded = fold(&kept);
    let mut words: Vec<String> = folded.split_whitespace().map(str::to_owned).collect();
    for vendor in vendors {
        let vendor: Vec<&str> = vendor.split_whitespace().collect();
        if words.len() > vendor.len() && words.iter().zip(&vendor).all(|(a, b)| a == b) {
            words.drain(..vendor.len());
            break;
        }
    }
    (words, model)
}

/// The names under which a row may mean its product, and its model numbers.
pub(super) fn names_of(asset: &Asset, vendor: Option<&str>) -> (Vec<Vec<String>>, Vec<String>) {
    let vendors: BTreeSet<String> = vendor.into_iter().map(str::to_owned).collect();
    let mut names = Vec::new();
    let mut models = BTreeSet::new();
    let together = format!("{} {}", asset.product, asset.model);
    for (field, is_model) in [(asset.product.as_str(), false), (asset.model.as_str(), true), (together.as_str(), false)]
    {
        let (words, model) = product_words(field, &vendors);
        models.extend(model);
        if is_model {
            let key = model_key(field);
            if key.len() >= 4 && key.bytes().any(|b| b.is_ascii_digit()) {
                models.insert(key);
            }
        }
        if !words.is_empty() && !names.contains(&words) {
            names.push(words);
        }
    }
    (names, models.into_iter().collect())
}

/// Compares two names word by word.
pub(super) fn closeness(stated: &[String], own: &[String]) -> Closeness {
    if stated.is_empty() || own.is_empty() {
        return Closeness::Far;
    }
    if stated == own {
        return Closeness::Same;
    }
    let (smaller, larger) = if stated.len() <= own.len() { (stated, own) } else { (own, stated) };
    let telling = smaller.len() >= 2 || smaller.iter().any(|w| w.len() >= 4 && w.bytes().any(|b| b.is_ascii_digit()));
    if telling && smaller.iter().all(|w| larger.contains(w)) { Closeness::Part } else { Closeness::Far }
}
