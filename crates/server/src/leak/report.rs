//! What a walk did, and what it found.

use std::collections::BTreeMap;
use std::fmt;

use partners::sinks::{SINKS, Who};

use super::requests::DECLASSIFIED;

/// Requests and messages by way out.
#[derive(Default)]
pub(super) struct Report {
    pub(super) by_sink: BTreeMap<&'static str, u64>,
    pub(super) hidden: u64,
    pub(super) shared: u64,
    /// Answers that carried something.
    pub(super) full: u64,
    /// Objects that stood beside one that their giver did not see.
    pub(super) beside: u64,
}

impl Report {
    pub(super) fn count(&mut self, sink: &'static str) {
        *self.by_sink.entry(sink).or_default() += 1;
    }

    pub(super) fn add(&mut self, other: &Report) {
        for (sink, n) in &other.by_sink {
            *self.by_sink.entry(sink).or_default() += n;
        }
        self.hidden += other.hidden;
        self.shared += other.shared;
        self.full += other.full;
        self.beside += other.beside;
    }

    /// Ways out towards partners at which the walk has not been.
    pub(super) fn missing(&self) -> Vec<&'static str> {
        let reached = SINKS.iter().filter(|sink| sink.who.reaches_partners());
        // only a person's consultation writes letters, and what they say is declassified by the name `figures`
        let reached = reached.filter(|sink| sink.name != "review-letter");
        reached.map(|sink| sink.name).filter(|name| !self.by_sink.contains_key(name)).collect()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let asked: u64 = self.by_sink.values().sum();
        writeln!(
            f,
            "{asked} answers and messages were the same ({} with content); {} hidden steps, {} shared; {} objects beside others",
            self.full, self.hidden, self.shared, self.beside
        )?;
        for (sink, n) in &self.by_sink {
            writeln!(f, "{n:>9}  {sink}")?;
        }
        let others = SINKS.iter().filter(|sink| !sink.who.reaches_partners());
        let others: Vec<&str> = others
            .filter(|sink| matches!(sink.who, Who::Persons(..)) && sink.way.route().is_some())
            .map(|s| s.name)
            .collect();
        writeln!(f, "the operator's alone, held by the role test: {}", others.join(", "))?;
        for (name, what) in DECLASSIFIED {
            writeln!(f, "left out: {name}: {what}")?;
        }
        Ok(())
    }
}

/// Where two worlds told fr different things.
#[derive(Debug)]
pub(super) struct Difference {
    pub(super) engine: &'static str,
    pub(super) seed: u64,
    pub(super) step: u64,
    pub(super) sink: &'static str,
    pub(super) asked: String,
    pub(super) said: [String; 2],
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [left, right] = &self.said;
        let at = left.bytes().zip(right.bytes()).take_while(|(a, b)| a == b).count();
        let near = |text: &str| {
            let bytes = text.as_bytes();
            let range = at.saturating_sub(120)..(at + 160).min(bytes.len());
            String::from_utf8_lossy(bytes.get(range).unwrap_or_default()).into_owned()
        };
        writeln!(
            f,
            "a leak on {} by {}, seed {} step {}: {}",
            self.engine, self.sink, self.seed, self.step, self.asked
        )?;
        writeln!(f, "--- the first world, from byte {at}\n{}\n--- the second\n{}", near(left), near(right))
    }
}
