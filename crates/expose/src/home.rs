//! Match at home: the matcher goes to the inventory, not the inventory to us. The hub exports signed rules; the holder
//! matches offline and signs an answer of banded counts with a commitment to its rows; the hub imports the answer as exposures
//! of a constituency, or of an owner as a whole, with equal rights.
mod answer;
mod band;
mod import;
mod rules;
mod signed;

pub use answer::{Answer, Entry, run};
pub use band::Band;
pub use import::import_answer;
pub(crate) use import::{fold, fold_rules, react};
pub use rules::{Exported, export};

/// The tables of this part.
pub(crate) const SCHEMA: &str = "
CREATE TABLE @rules (digest {text} PRIMARY KEY, org {text} NOT NULL, advisories {int} NOT NULL, known {int} NOT NULL);
CREATE TABLE @answer (org {text} PRIMARY KEY, rules {text} NOT NULL, issued {int} NOT NULL, key {text} NOT NULL, digest {text} NOT NULL,
  rows_min {int} NOT NULL, rows_max {int} NOT NULL, commitment {text} NOT NULL, idx {int} NOT NULL)";

#[cfg(test)]
mod tests;
