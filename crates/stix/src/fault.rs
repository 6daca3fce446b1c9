//! What is wrong with received bytes: the rule, the place, the reason. The rule codes are stable: others build on them.

use std::fmt;

/// One broken rule. `rule` is a stable code, `place` a JSON pointer (RFC 6901) below whatever was given to the check, `reason` a
/// sentence without a period that names the thing and the next step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The stable code of the rule.
    pub rule: &'static str,
    /// A JSON pointer; empty for the whole document.
    pub place: String,
    /// What is so, and what to do.
    pub reason: String,
}

impl Fault {
    /// A fault at `place`.
    pub fn new(rule: &'static str, place: impl Into<String>, reason: impl Into<String>) -> Self {
        Fault { rule, place: place.into(), reason: reason.into() }
    }

    /// The same fault seen from the container: `prefix` is put before the place.
    #[must_use]
    pub fn below(mut self, prefix: &str) -> Self {
        self.place.insert_str(0, prefix);
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.place.is_empty() { "/" } else { &self.place };
        write!(f, "{} at {place}: {}", self.rule, self.reason)
    }
}

impl std::error::Error for Fault {}

/// One step of a JSON pointer, escaped as RFC 6901 section 3 asks.
pub fn pointer_step(out: &mut String, key: &str) {
    out.push('/');
    for c in key.chars() {
        match c {
            '~' => out.push_str("~0"),
            '/' => out.push_str("~1"),
            c => out.push(c),
        }
    }
}
