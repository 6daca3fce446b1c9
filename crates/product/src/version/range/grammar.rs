//! The grammar of ranges: `[All versions] (vers:SCHEME/)? term (sep term)*`. Reads a text into operators and versions, then
//! puts these together as intervals. Whatever it does not account for makes the range undecided.

use super::{Bound, Class, Interval, Range};
use crate::version::{Compared, Version};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Op {
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    /// Written out: `= 4.3`.
    Equal,
    /// A version alone.
    Bare,
}

#[derive(Debug)]
struct Term {
    op: Op,
    text: String,
    version: Version,
}

/// Longest range text that is looked at.
const MAX_CHARS: usize = 400;
/// Most terms in one range.
const MAX_TERMS: usize = 64;

/// Reads a range. Never fails: what is not understood is [`Class::Undecided`] with a reason.
pub fn parse_range(text: &str) -> Range {
    if text.chars().count() > MAX_CHARS {
        return Range::undecided("too long for a range");
    }
    let mut rest = normalise(text);
    let only = take_only(&mut rest);
    let mut range = match read(&rest) {
        Ok(range) => range,
        Err(why) => Range::undecided(why),
    };
    range.only = only;
    range
}

fn read(text: &str) -> Result<Range, &'static str> {
    if text.is_empty() {
        return Err("no range is stated");
    }
    let mut text = text;
    if let Some(after) = text.strip_prefix("vers:") {
        let (scheme, constraints) = after.split_once('/').ok_or("vers without a scheme")?;
        if scheme == "none" {
            return Err("vers:none names no version");
        }
        text = constraints.trim();
    }
    let (all, text) = take_all(text);
    if text.is_empty() {
        return if all { Ok(Range::all()) } else { Err("no range is stated") };
    }
    let terms = terms(text)?;
    if all && terms.iter().all(|t| matches!(t.op, Op::Bare | Op::Equal)) {
        // `All versions 4.2`: of a branch, of a product, or exactly that?
        return Err("all versions of what is not clear");
    }
    intervals(terms)
}

/// Lower case, ASCII operators, underscores as spaces, known benign remarks cut.
fn normalise(text: &str) -> String {
    let mut out = text.trim().to_lowercase().replace('_', " ");
    for (from, to) in [
        ("≤", "<="),
        ("≥", ">="),
        ("=<", "<="),
        ("=>", ">="),
        ("==", "="),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("\u{a0}", " "),
    ] {
        if out.contains(from) {
            out = out.replace(from, to);
        }
    }
    for remark in ["(end-of-life", "(end of life", "(formerly ", "(eol"] {
        if let Some(start) = out.find(remark)
            && let Some(length) = out.get(start..).and_then(|tail| tail.find(')'))
        {
            out.replace_range(start..=start + length, " ");
        }
    }
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `(CVE-2022-3386 and CVE-2022-3385 only)`: the range holds for these alone.
fn take_only(text: &mut String) -> Vec<String> {
    let Some((start, end)) = text.rfind("(cve-").and_then(|s| Some((s, s + text.get(s..)?.find(')')?))) else {
        return Vec::new();
    };
    let inside = text.get(start + 1..end).unwrap_or_default().replace(" only", "");
    let ids: Vec<String> = inside
        .replace(" and ", ",")
        .split([',', ';', '/', ' '])
        .map(str::trim)
        .filter(|i| !i.is_empty())
        .map(str::to_uppercase)
        .collect();
    if ids.iter().any(|id| !id.starts_with("CVE-") || !id.bytes().skip(4).all(|b| b.is_ascii_digit() || b == b'-')) {
        return Vec::new();
    }
    text.replace_range(start..=end, "");
    text.truncate(text.trim_end().len());
    ids
}

/// Cuts `all versions`, `all`, `any version`, `*` from the front; a word between (`all BIOS versions`) names the same thing.
fn take_all(text: &str) -> (bool, &str) {
    if matches!(text, "*" | "all" | "any" | "-") {
        return (text != "-", "");
    }
    let Some(after) = text.strip_prefix("all ").or_else(|| text.strip_prefix("any ")) else {
        return (false, text);
    };
    let after = after
        .strip_prefix("bios ")
        .or_else(|| after.strip_prefix("firmware "))
        .or_else(|| after.strip_prefix("software "))
        .unwrap_or(after);
    let after = after.strip_prefix("released ").unwrap_or(after);
    for word in ["versions", "version", "releases", "revisions"] {
        if let Some(rest) = after.strip_prefix(word) {
            let rest = rest.trim_start_matches([',', ':', ' ']);
            if rest.is_empty() || !rest.starts_with(|c: char| c.is_alphanumeric()) || !next_word_is_foreign(rest) {
                return (true, rest);
            }
        }
    }
    (false, text)
}

/// Whether a range that begins with a word begins with one that is not of the grammar.
fn next_word_is_foreign(rest: &str) -> bool {
    let words = OPERATORS.iter().any(|(word, _)| rest.starts_with(word));
    !words && !rest.starts_with(|c: char| c.is_ascii_digit()) && !starts_with_version(rest)
}

fn starts_with_version(rest: &str) -> bool {
    let mut chars = rest.chars();
    chars.next() == Some('v') && chars.next().is_some_and(|c| c.is_ascii_digit() || c == ' ')
}

/// Words and signs that stand before a version, longest first where one begins another.
const OPERATORS: &[(&str, Op)] = &[
    ("<=", Op::LessEqual),
    (">=", Op::GreaterEqual),
    ("<", Op::Less),
    (">", Op::Greater),
    ("=", Op::Equal),
    ("up to and including ", Op::LessEqual),
    ("up to, and including ", Op::LessEqual),
    ("through ", Op::LessEqual),
    ("up to ", Op::LessEqual),
    ("prior to ", Op::Less),
    ("earlier than ", Op::Less),
    ("older than ", Op::Less),
    ("lower than ", Op::Less),
    ("less than ", Op::Less),
    ("before ", Op::Less),
    ("later than ", Op::Greater),
    ("newer than ", Op::Greater),
    ("after ", Op::Greater),
    ("starting from ", Op::GreaterEqual),
    ("starting with ", Op::GreaterEqual),
    ("from ", Op::GreaterEqual),
];

/// Words that stand after a version.
const SUFFIXES: &[(&str, Op)] = &[
    ("and earlier", Op::LessEqual),
    ("and prior", Op::LessEqual),
    ("and below", Op::LessEqual),
    ("and older", Op::LessEqual),
    ("and lower", Op::LessEqual),
    ("and previous", Op::LessEqual),
    ("and before", Op::LessEqual),
    ("or earlier", Op::LessEqual),
    ("or prior", Op::LessEqual),
    ("or below", Op::LessEqual),
    ("or older", Op::LessEqual),
    ("or lower", Op::LessEqual),
    ("and later", Op::GreaterEqual),
    ("and newer", Op::GreaterEqual),
    ("and above", Op::GreaterEqual),
    ("and higher", Op::GreaterEqual),
    ("or later", Op::GreaterEqual),
    ("or newer", Op::GreaterEqual),
    ("or above", Op::GreaterEqual),
    ("or higher", Op::GreaterEqual),
];

/// Cuts the text at `|`, `,`, ` and `, before a further operator, and reads each piece.
fn terms(text: &str) -> Result<Vec<Term>, &'static str> {
    let mut pieces: Vec<(Option<Op>, String)> = vec![(None, String::new())];
    let mut rest = text;
    while !rest.is_empty() {
        if pieces.len() > MAX_TERMS {
            return Err("too many terms for a range");
        }
        let at_word = pieces.last().is_none_or(|(_, t)| t.is_empty() || t.ends_with(' '));
        if let Some((sign, op)) =
            OPERATORS.iter().find(|(sign, _)| rest.starts_with(sign) && (at_word || !sign.ends_with(' ')))
        {
            open_piece(&mut pieces, *op);
            rest = rest.get(sign.len()..).unwrap_or_default().trim_start();
            continue;
        }
        if at_word && let Some((sign, op)) = SUFFIXES.iter().find(|(sign, _)| rest.starts_with(sign)) {
            close_piece(&mut pieces, *op)?;
            rest = rest.get(sign.len()..).unwrap_or_default();
            rest = rest.trim_start_matches(" versions").trim_start_matches(" version").trim_start();
            continue;
        }
        if let Some(after) =
            rest.strip_prefix(['|', ';']).or_else(|| at_word.then(|| rest.strip_prefix("and ")).flatten())
        {
            pieces.push((None, String::new()));
            rest = after.trim_start();
            continue;
        }
        if let Some(after) = rest.strip_prefix(", ") {
            pieces.push((None, String::new()));
            rest = after.trim_start().trim_start_matches("and ");
            continue;
        }
        let Some(c) = rest.chars().next() else { break };
        if let Some((_, piece)) = pieces.last_mut() {
            piece.push(c);
        }
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
    }
    let mut terms = Vec::new();
    for (op, piece) in pieces {
        read_piece(op, piece.trim(), &mut terms)?;
    }
    Ok(terms)
}

fn open_piece(pieces: &mut Vec<(Option<Op>, String)>, op: Op) {
    match pieces.last_mut() {
        Some((slot @ None, text)) if text.trim().is_empty() => *slot = Some(op),
        _ => pieces.push((Some(op), String::new())),
    }
}

fn close_piece(pieces: &mut Vec<(Option<Op>, String)>, op: Op) -> Result<(), &'static str> {
    match pieces.last_mut() {
        Some((slot @ (None | Some(Op::Equal)), text)) if !text.trim().is_empty() => *slot = Some(op),
        // `<= 4.3 and earlier` says one thing twice.
        Some((Some(had), _)) if *had == op => {}
        _ => return Err("an operator without a version"),
    }
    pieces.push((None, String::new()));
    Ok(())
}

fn read_piece(op: Option<Op>, piece: &str, terms: &mut Vec<Term>) -> Result<(), &'static str> {
    if piece.is_empty() {
        return if op.is_some() { Err("an operator without a version") } else { Ok(()) };
    }
    let piece = piece.trim_start_matches("versions ").trim_start_matches("version ");
    if op.is_none()
        && let Some((low, high)) = span(piece)
    {
        terms.push(term(Op::GreaterEqual, low)?);
        terms.push(term(Op::LessEqual, high)?);
        return Ok(());
    }
    terms.push(term(op.unwrap_or(Op::Bare), piece)?);
    Ok(())
}

/// `4.0 - 4.4`, `4.0 to 4.4`, `12.4.1-12.4.11`, `v175-v189`: both ends inclusive.
fn span(piece: &str) -> Option<(&str, &str)> {
    if let Some(ends) = piece.split_once(" to ").or_else(|| piece.split_once(" - ")) {
        return Some((ends.0.trim(), ends.1.trim()));
    }
    let (low, high) = piece.split_once('-')?;
    let dots = |s: &str| s.matches('.').count();
    let numeric = |s: &str| s.trim_start_matches('v').bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let both_marked = low.starts_with('v') && high.starts_with('v');
    (numeric(low) && numeric(high) && (both_marked || (dots(low) >= 1 && dots(low) == dots(high))))
        .then_some((low, high))
}

fn term(op: Op, text: &str) -> Result<Term, &'static str> {
    let text = text.trim_matches([',', ' ', '.', ':']);
    if text.contains(" / ") || text.matches('/').count() > 2 {
        return Err("several versions in one bound");
    }
    if let Some(inside) = text.split_once('(').map(|(_, inside)| inside)
        && !is_build(inside)
    {
        return Err("a remark in parentheses that may be a condition");
    }
    let version = Version::parse(text)?;
    if version.has_placeholder() {
        return Err("a placeholder stands for a number");
    }
    if !version.is_plain() {
        return Err("a word that may be a condition");
    }
    if version.prefix.split(' ').count() > 2 || version.prefix.len() > 8 {
        return Err("words before the number that may name a variant");
    }
    if matches!(op, Op::Bare | Op::Equal) {
        exact_is_a_version(&version, text)?;
    }
    Ok(Term { op, text: text.to_owned(), version })
}

/// `09)`, `4)EA7`, `build 317)`: digits, or a build with digits.
fn is_build(inside: &str) -> bool {
    let Some((inside, _)) = inside.split_once(')') else { return false };
    let digits = inside.trim().trim_start_matches("build").trim_start_matches("bn").trim();
    let digits = digits.strip_suffix(|c: char| c.is_ascii_lowercase()).unwrap_or(digits);
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.' || b == b' ')
}

/// A version alone must look like one: part numbers and names of models stand in this place too (`2700989`, `1766-L32BXB`).
fn exact_is_a_version(version: &Version, text: &str) -> Result<(), &'static str> {
    if !version.prefix.is_empty()
        && !text.contains('.')
        && !matches!(version.prefix.as_str(), "r" | "rev" | "fw" | "sp")
    {
        return Err("a name or a part number in the place of a version");
    }
    if version.numbers() == 1 && version.first_number().is_some_and(|n| n > 9999) {
        return Err("a part number in the place of a version");
    }
    if version.numbers() == 0 && !version.prefix.is_empty() {
        return Err("a name in the place of a version");
    }
    if !text.contains('.')
        && text.contains('-')
        && version.numbers() > 1
        && version.first_number().is_some_and(|n| n < 1900)
    {
        return Err("a part number or two versions in the place of one");
    }
    Ok(())
}

fn intervals(terms: Vec<Term>) -> Result<Range, &'static str> {
    let count = terms.len();
    let mut intervals: Vec<Interval> = Vec::new();
    let mut bare = 0;
    let mut upper = 0;
    let mut open_low: Option<Bound> = None;
    let mut terms = terms.into_iter().peekable();
    while let Some(term) = terms.next() {
        let bound = |inclusive| Bound { text: term.text.clone(), version: term.version.clone(), inclusive };
        match term.op {
            Op::Greater | Op::GreaterEqual => {
                if open_low.is_some() {
                    return Err("two lower bounds in a row");
                }
                open_low = Some(bound(term.op == Op::GreaterEqual));
            }
            Op::Less | Op::LessEqual => {
                upper += 1;
                intervals.push(Interval { low: open_low.take(), high: Some(bound(term.op == Op::LessEqual)) });
            }
            // `16 <= 20`: a bare version before an upper bound is where the range begins.
            Op::Bare if terms.peek().is_some_and(|next| next.op == Op::LessEqual) && count == 2 => {
                open_low = Some(bound(true))
            }
            Op::Bare | Op::Equal => {
                if open_low.is_some() {
                    return Err("a version between two bounds");
                }
                bare += usize::from(term.op == Op::Bare);
                intervals.push(Interval { low: Some(bound(true)), high: Some(bound(true)) });
            }
        }
    }
    if let Some(low) = open_low {
        intervals.push(Interval { low: Some(low), high: None });
    }
    check_order(&intervals)?;
    if upper > 0 && bare > 0 {
        // `<= 3.14.25 | 3.15.18`: that one version, or all of that branch up to it?
        return Err("a version beside an upper bound: it alone, or its branch up to it?");
    }
    if intervals.iter().filter(|i| i.low.is_none() && i.high.is_some()).count() > 1 {
        return Err("two upper bounds without a lower one between them");
    }
    let class = match intervals.as_slice() {
        [] => return Err("no version in it"),
        _ if upper == 0 && bare > 0 => Class::Listed,
        [one] if one.low.is_some() && one.high.is_some() && upper > 0 => Class::TwoBounds,
        [one] if one.low.is_some() && one.high.is_some() => Class::Listed,
        [_] => Class::OneBound,
        _ => Class::Several,
    };
    Ok(Range { class, intervals, only: Vec::new(), undecided: None })
}

/// Both ends of an interval must compare, the lower one first.
fn check_order(intervals: &[Interval]) -> Result<(), &'static str> {
    for interval in intervals {
        if let (Some(low), Some(high)) = (&interval.low, &interval.high) {
            match low.version.compare(&high.version) {
                Compared::Less | Compared::Equal => {}
                Compared::Greater => return Err("the lower bound is above the upper one"),
                Compared::Unknown(_) => return Err("the two bounds do not compare"),
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
