//! What is wrong with the text of a pattern, and exactly where.

use std::fmt;

/// One broken rule of STIX 2.1 section 9, at the first place where it shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatternFault {
    /// The stable code of the rule: `pattern-syntax`, `pattern-constant`, `pattern-object-type`, `pattern-qualifier`, `pattern-regex` or
    /// `pattern-limit`.
    pub rule: &'static str,
    /// Bytes from the start of the text.
    pub offset: usize,
    /// Line, from 1.
    pub line: usize,
    /// Character of the line, from 1.
    pub column: usize,
    /// What is so, and what to do.
    pub reason: String,
    /// What could stand here instead; empty where the place is right and the thing is wrong.
    pub expected: Vec<&'static str>,
}

impl PatternFault {
    pub(crate) fn new(rule: &'static str, text: &str, offset: usize, reason: impl Into<String>) -> Self {
        let mut offset = offset.min(text.len());
        while !text.is_char_boundary(offset) {
            offset -= 1;
        }
        let before = text.get(..offset).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        PatternFault {
            rule,
            offset,
            line: 1 + before.matches('\n').count(),
            column: 1 + before.get(line_start..).unwrap_or("").chars().count(),
            reason: reason.into(),
            expected: Vec::new(),
        }
    }

    pub(crate) fn expecting(mut self, expected: &[&'static str]) -> Self {
        self.expected = expected.to_vec();
        self
    }
}

impl fmt::Display for PatternFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {} (byte {}): {}", self.line, self.column, self.offset, self.reason)?;
        match self.expected.split_last() {
            None => Ok(()),
            Some((last, [])) => write!(f, "; expected {last}"),
            Some((last, others)) => write!(f, "; expected {} or {last}", others.join(", ")),
        }
    }
}

impl std::error::Error for PatternFault {}
