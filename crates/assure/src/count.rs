//! The language in which a measure says what it counts (docs/decisions/0019): small, safe, and to be read by whoever decides on policy.
//!
//! [`parse`](mod@parse) makes a text into a [`Program`]; `check` holds it against the definitions of records and makes words into values; [`eval`]
//! counts. No loops, no functions of its own, no way to anything but the facts it is given.
pub mod check;
pub mod eval;
mod lex;
pub mod parse;
mod reads;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::record::definition::Catalogue;

/// Where something stands in a text, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Span {
    /// The first byte.
    pub from: usize,
    /// The byte after the last.
    pub to: usize,
}

/// What is wrong with a text, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1, in characters.
    pub column: usize,
    /// Stable code.
    pub rule: &'static str,
    /// What is wrong and what to do.
    pub reason: String,
}

impl Fault {
    pub(crate) fn at(text: &str, at: usize, rule: &'static str, reason: impl Into<String>) -> Fault {
        let before = text.get(..at).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Fault { line, column, rule, reason: reason.into() }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}, column {}: {} [{}]", self.line, self.column, self.reason, self.rule)
    }
}

/// Reads a counting text and holds it against the definitions of records. `numbers`: those of the measure's definition, by name.
///
/// # Errors
/// Every fault that was found, in the order of the text; where it cannot be parsed, the first.
pub fn read(text: &str, catalogue: &Catalogue, numbers: &BTreeMap<String, f64>) -> Result<Program, Vec<Fault>> {
    let program = parse::parse(text).map_err(|fault| vec![fault])?;
    check::check(program, catalogue, numbers)
}

/// What is counted, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct Program {
    /// The text it was read from.
    pub text: String,
    /// The kind of thing.
    pub each: String,
    /// One unit for each entry of a list: the name it has here, and the field.
    pub with: Option<(String, Path)>,
    /// What places a unit in a period.
    pub when: When,
    /// What holds of all that is looked at: the parts of the condition, each with its place.
    pub population: Vec<Test>,
    /// What is left out, and why.
    pub out: Vec<(Expr, String)>,
    /// What makes two units one.
    pub once: Vec<Path>,
    /// Sums instead of counts.
    pub weight: Option<Operand>,
    /// What holds of what is counted: its parts.
    pub counting: Vec<Test>,
    /// Counted too, by name.
    pub beside: Vec<(String, Expr)>,
}

/// A part of a condition and where it stands, for the reason why something does not count.
#[derive(Clone, Debug, PartialEq)]
pub struct Test {
    /// What must hold.
    pub expr: Expr,
    /// Where it stands.
    pub span: Span,
}

/// What places a unit in a period.
#[derive(Clone, Debug, PartialEq)]
pub enum When {
    /// The day in this field.
    During(Path),
    /// As things stand at the end of the period.
    Standing,
}

/// Names with dots: a field, or one that is reached through links.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Path {
    /// The names.
    pub names: Vec<String>,
    /// Where it stands.
    pub span: Span,
    /// Of what the first name is; found by [`check`].
    pub root: Root,
    /// What each name leads to, where another follows it.
    pub via: Vec<Via>,
}

/// Of what the first name of a path is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Root {
    /// Of what is looked at: the unit that is counted, or in brackets the thing there.
    #[default]
    Here,
    /// Of the unit that is counted.
    This,
    /// It is the thing in brackets itself.
    It,
    /// It is the entry of the list by which units are made.
    Entry,
}

/// What a name leads to.
#[derive(Clone, Debug, PartialEq)]
pub enum Via {
    /// A value.
    Value,
    /// A record of this kind, by its id.
    Record(String),
    /// An organisation, by its key.
    Org,
}

/// A condition.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr {
    /// One of them holds.
    Or(Vec<Expr>),
    /// All hold.
    And(Vec<Expr>),
    /// It does not hold.
    Not(Box<Expr>),
    /// Both are the same, or the one is in the list of the other.
    Is(Operand, Operand),
    /// It is one of these.
    OneOf(Operand, Vec<Operand>),
    /// Something stands there.
    Known(Operand),
    /// The list has it.
    Has(Operand, Operand),
    /// The order of numbers and days.
    Order(Operand, Order, Operand),
    /// The day lies in the period.
    InPeriod(Operand),
    /// At most so many days before (or after) another; both ends count.
    Within(Operand, i64, bool, Operand),
    /// What an organisation is to the operator.
    Stands(Operand, Relation),
    /// A person said that it is trusted on that day.
    Trusted(Operand, Operand),
    /// It stood on the register of priorities on that day, as that was known then.
    Prioritised(Operand, Operand),
    /// So many of these hold the condition.
    Some(Quantity, Source, Option<Box<Expr>>),
}

/// What an organisation is to the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// The operator itself.
    Home,
    /// Of another country.
    Foreign,
    /// Of the operator's country.
    Domestic,
}

/// How two values are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// `<`, `before`.
    Less,
    /// `<=`.
    AtMost,
    /// `>`, `after`.
    More,
    /// `>=`.
    AtLeast,
}

/// How many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantity {
    /// So many or more.
    AtLeast(usize),
    /// All of them.
    Every,
    /// None of them.
    No,
}

/// Where the things of a quantity come from.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// A list or link of what is looked at.
    Field(Path),
    /// Records of a kind that name what is looked at in a field.
    Whose {
        /// The kind.
        kind: String,
        /// The field.
        field: String,
        /// Where it stands.
        span: Span,
    },
}

/// A value in a condition.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    /// A field; or, until it is checked, perhaps a word.
    Path(Path),
    /// A word among the options or states of what it is compared with, or a text.
    Text(String),
    /// A number.
    Number(f64),
    /// A day, counted from 1970-01-01.
    Day(i64),
    /// Yes or no.
    Flag(bool),
    /// The first day of the period.
    PeriodStart,
    /// The last day of the period.
    PeriodEnd,
    /// The day as of which is asked.
    Today,
    /// So many days later.
    Shift(Box<Operand>, i64),
    /// Two numbers in one.
    Sum(Box<Operand>, Arithmetic, Box<Operand>),
}

/// What is done with two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arithmetic {
    /// `+`.
    Plus,
    /// `-`.
    Minus,
    /// `*`.
    Times,
}
