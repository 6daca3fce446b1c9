//! Words, numbers, texts and signs of a counting text, each with its place. A comment runs from `#` to the end of its line.
use crate::count::{Fault, Span};
use crate::record::value;

/// The longest text.
pub(super) const TEXT_MAX: usize = 4_000;

/// A token.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    /// A word: small letters, digits, `_` and `-`; with dots between names.
    Word(String),
    /// A number.
    Number(f64),
    /// A day.
    Day(i64),
    /// `"…"`.
    Text(String),
    /// One of `( ) , : < <= > >= + - *`.
    Sign(&'static str),
    /// After the last.
    End,
}

/// A token with its place.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) span: Span,
}

const SIGNS: [&str; 11] = ["<=", ">=", "(", ")", ",", ":", "<", ">", "+", "-", "*"];

/// Reads a text into tokens.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, Fault> {
    if text.len() > TEXT_MAX {
        return Err(Fault::at(text, 0, "count-long", format!("more than {TEXT_MAX} bytes: a measure says it shorter")));
    }
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let rest = text.get(at..).unwrap_or_default();
        if c.is_whitespace() {
            at += c.len_utf8();
            continue;
        }
        if c == '#' {
            at += rest.find('\n').unwrap_or(rest.len());
            continue;
        }
        let (kind, len) = one(text, at, rest, c)?;
        out.push(Token { kind, span: Span { from: at, to: at + len } });
        at += len;
    }
    out.push(Token { kind: Kind::End, span: Span { from: text.len(), to: text.len() } });
    Ok(out)
}

fn one(text: &str, at: usize, rest: &str, c: char) -> Result<(Kind, usize), Fault> {
    if c == '"' {
        let inner = rest.get(1..).unwrap_or_default();
        let end = inner.find(['"', '\n']).filter(|end| inner.as_bytes().get(*end) == Some(&b'"'));
        let end = end.ok_or_else(|| Fault::at(text, at, "count-text", "the text is not closed: end it with \""))?;
        return Ok((Kind::Text(inner.get(..end).unwrap_or_default().to_owned()), end + 2));
    }
    if let Some(day) = rest.get(..10).and_then(value::day)
        && !rest.get(10..).is_some_and(|after| after.starts_with(|c: char| c.is_ascii_alphanumeric()))
    {
        return Ok((Kind::Day(day), 10));
    }
    if c.is_ascii_digit() {
        let len = rest.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(rest.len());
        let number = rest.get(..len).and_then(|digits| digits.parse().ok());
        let number = number.ok_or_else(|| Fault::at(text, at, "count-number", "this is no number"))?;
        return Ok((Kind::Number(number), len));
    }
    if c.is_ascii_alphabetic() {
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        let len = rest.find(|c: char| !is_part(c)).unwrap_or(rest.len());
        let word = rest.get(..len).unwrap_or_default().trim_end_matches(['.', '-']);
        return Ok((Kind::Word(word.to_owned()), word.len()));
    }
    match SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
        Some(sign) => Ok((Kind::Sign(sign), sign.len())),
        None => Err(Fault::at(text, at, "count-sign", format!("{c:?} means nothing here"))),
    }
}
