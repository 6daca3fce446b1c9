//! The words of a pattern: names, constants and signs, one at a time, each with its place. Which word may stand where is
//! [`super::grammar`]'s.

use super::fault::PatternFault;
use crate::Timestamp;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// STIX 2.1 section 2.10: integers are those that an IEEE 754 double holds exactly.
const MAX_INTEGER: i64 = (1 << 53) - 1;

/// One word.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token<'a> {
    Name(&'a str),
    Text(String),
    Hex(Vec<u8>),
    Binary(Vec<u8>),
    Time(&'a str),
    Integer(i64),
    Float(f64),
    Sign(&'static str),
    /// Not a word; the parser adds what could stand there.
    Wrong(Box<PatternFault>),
    End,
}

/// A word and where it begins.
#[derive(Debug, Clone)]
pub(super) struct Spot<'a> {
    pub(super) token: Token<'a>,
    pub(super) at: usize,
    pub(super) end: usize,
}

pub(super) struct Lexer<'a> {
    pub(super) text: &'a str,
    at: usize,
}

/// Longer signs before their beginnings.
const SIGNS: [&str; 14] = ["!=", "<=", ">=", "=", "<", ">", ":", ".", ",", "(", ")", "[", "]", "*"];

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Lexer { text, at: 0 }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn fault(&self, rule: &'static str, at: usize, reason: impl Into<String>) -> PatternFault {
        PatternFault::new(rule, self.text, at, reason)
    }

    /// The next word; [`Token::End`] for ever after the last. Behind a [`Token::Wrong`] nothing is read.
    pub(super) fn next(&mut self) -> Spot<'a> {
        // section 9.4: white space is whatever Unicode calls so
        let rest = self.rest().trim_start();
        self.at = self.text.len() - rest.len();
        let at = self.at;
        let token = match rest.chars().next() {
            None => Ok(Token::End),
            Some('\'') => self.string().map(Token::Text),
            Some('h') if rest.starts_with("h'") => self.hex(),
            Some('b') if rest.starts_with("b'") => self.binary(),
            Some('t') if rest.starts_with("t'") => self.time(),
            Some(c) if c.is_ascii_alphabetic() || c == '_' => Ok(Token::Name(self.name())),
            Some(c) if c.is_ascii_digit() || c == '-' => self.number(),
            Some(c) => self.sign(c),
        };
        let token = token.unwrap_or_else(|fault| Token::Wrong(Box::new(fault)));
        Spot { token, at, end: self.at }
    }

    fn name(&mut self) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-')).unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or("")
    }

    fn sign(&mut self, first: char) -> Result<Token<'a>, PatternFault> {
        let rest = self.rest();
        for (wrong, right) in [("==", "`=`"), ("<>", "`!=`")] {
            if rest.starts_with(wrong) {
                // section 9.6.1 has neither; the grammar that circulates beside the standard has both
                return Err(self.fault(
                    "pattern-syntax",
                    self.at,
                    format!("`{wrong}` is no operator of STIX 2.1: write {right}"),
                ));
            }
        }
        if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            self.at += sign.len();
            return Ok(Token::Sign(sign));
        }
        let reason = match first {
            '/' if rest.starts_with("//") || rest.starts_with("/*") => "a pattern has no comments".to_owned(),
            // section 9.2
            '+' => "a positive number is written without `+`".to_owned(),
            '"' => "a string and a quoted name stand in apostrophes: 'like this'".to_owned(),
            '!' => "`!` is no operator: write `!=` or NOT".to_owned(),
            c => format!("`{}` has no meaning here", c.escape_debug()),
        };
        Err(self.fault("pattern-syntax", self.at, reason))
    }

    /// Section 9.2, string: after a backslash only an apostrophe or a backslash.
    fn string(&mut self) -> Result<String, PatternFault> {
        let start = self.at;
        let mut out = String::new();
        let mut chars = self.rest().char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            match c {
                '\'' => {
                    self.at = start + at + 1;
                    return Ok(out);
                }
                '\\' => match chars.next() {
                    Some((_, c @ ('\'' | '\\'))) => out.push(c),
                    _ => {
                        let reason = r"after a backslash comes `'` or `\`: write `\\` for a backslash itself";
                        return Err(self.fault("pattern-constant", start + at, reason));
                    }
                },
                c => out.push(c),
            }
        }
        Err(self.fault("pattern-constant", start, "this string has no closing apostrophe"))
    }

    /// What stands between the apostrophes of a constant with a letter before it, and where it begins.
    fn quoted(&mut self) -> Result<(&'a str, usize), PatternFault> {
        let start = self.at + 2;
        let inner = self.text.get(start..).unwrap_or("");
        let Some(end) = inner.find('\'') else {
            return Err(self.fault("pattern-constant", self.at, "this constant has no closing apostrophe"));
        };
        self.at = start + end + 1;
        Ok((inner.get(..end).unwrap_or(""), start))
    }

    /// Section 9.2, hex.
    fn hex(&mut self) -> Result<Token<'a>, PatternFault> {
        let (inner, start) = self.quoted()?;
        if let Some(at) = inner.find(|c: char| !c.is_ascii_hexdigit()) {
            return Err(self.fault(
                "pattern-constant",
                start + at,
                "a hex constant has the digits 0 to 9 and a to f only",
            ));
        }
        match decode_hex(inner) {
            Some(bytes) => Ok(Token::Hex(bytes)),
            None => {
                Err(self.fault("pattern-constant", start + inner.len(), "a hex constant has an even number of digits"))
            }
        }
    }

    /// Section 9.2, binary: base64 with padding; line feeds in it are skipped.
    fn binary(&mut self) -> Result<Token<'a>, PatternFault> {
        let (inner, start) = self.quoted()?;
        let plain: String = inner.chars().filter(|c| !matches!(c, '\n' | '\r')).collect();
        let wrong = inner.find(|c: char| !(c.is_ascii_alphanumeric() || "+/=\r\n".contains(c)));
        match STANDARD.decode(&plain) {
            Ok(bytes) => Ok(Token::Binary(bytes)),
            Err(e) => {
                let reason = format!("not base64 of RFC 4648: {}", e.to_string().to_lowercase().trim_end_matches('.'));
                Err(self.fault("pattern-constant", wrong.map_or(start, |at| start + at), reason))
            }
        }
    }

    /// Section 9.2, timestamp.
    fn time(&mut self) -> Result<Token<'a>, PatternFault> {
        let (inner, start) = self.quoted()?;
        match Timestamp::parse(inner) {
            Ok(_) => Ok(Token::Time(inner)),
            Err(reason) => Err(self.fault("pattern-constant", start, format!("a timestamp {reason}"))),
        }
    }

    /// Section 9.2, integer and float: decimal, a minus where negative, no plus, no exponent.
    fn number(&mut self) -> Result<Token<'a>, PatternFault> {
        let (at, rest) = (self.at, self.rest());
        let digits = |from: usize| {
            let tail = rest.get(from..).unwrap_or("");
            from + tail.find(|c: char| !c.is_ascii_digit()).unwrap_or(tail.len())
        };
        let sign = usize::from(rest.starts_with('-'));
        let whole = digits(sign);
        let end = match rest.get(whole..).and_then(|tail| tail.strip_prefix('.')) {
            Some(_) => digits(whole + 1),
            None => whole,
        };
        let is_float = end > whole + 1;
        let number = rest.get(..if is_float { end } else { whole }).unwrap_or("");
        if whole == sign {
            return Err(self.fault("pattern-constant", at + sign, "a number has a digit after the minus"));
        }
        if whole > sign + 1 && rest.get(sign..).is_some_and(|tail| tail.starts_with('0')) {
            return Err(self.fault("pattern-constant", at + sign, "a number has no zeros before it"));
        }
        self.at += number.len();
        if is_float {
            let value = number.parse::<f64>().ok().filter(|value| value.is_finite());
            return value
                .map(Token::Float)
                .ok_or_else(|| self.fault("pattern-constant", at, "the number is too large for a double"));
        }
        // section 2.10
        let value = number.parse::<i64>().ok().filter(|value| value.abs() <= MAX_INTEGER);
        value
            .map(Token::Integer)
            .ok_or_else(|| self.fault("pattern-constant", at, "an integer lies between -(2^53)+1 and (2^53)-1"))
    }
}

/// The octets that an even number of hexadecimal digits write, or none.
pub(super) fn decode_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |b: u8| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok());
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}
