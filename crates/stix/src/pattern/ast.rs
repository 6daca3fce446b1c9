//! A pattern as a tree. It says what the text says and forgets how it was spaced: printing a tree and reading it again gives the same
//! tree.

use super::net::Net;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::fmt::{self, Write};

/// A pattern (section 9.4), checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Pattern {
    /// The outermost observation expression.
    pub root: Observe,
}

/// An observation expression (section 9.5).
#[derive(Debug, Clone, PartialEq)]
pub enum Observe {
    /// `[ … ]`: one observation.
    One(Compare),
    /// Two or more joined by the same operator, from left to right.
    Join(Join, Vec<Observe>),
    /// With qualifiers, the innermost first, each kind at most once.
    Qualified(Box<Observe>, Vec<Qualifier>),
}

/// How observation expressions are joined (section 9.5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Join {
    /// In time; binds loosest.
    FollowedBy,
    /// Either.
    Or,
    /// Both, on different observations; binds tightest.
    And,
}

/// A qualifier (section 9.5.1).
#[derive(Debug, Clone, PartialEq)]
pub enum Qualifier {
    /// `WITHIN n SECONDS`, n > 0.
    Within(f64),
    /// `REPEATS n TIMES`, n > 0.
    Repeats(u64),
    /// `START t'…' STOP t'…'`, the texts of two timestamps, the first before the second.
    Between(String, String),
}

/// Comparison expressions, joined (section 9.6).
#[derive(Debug, Clone, PartialEq)]
pub enum Compare {
    /// One.
    Test(Test),
    /// All of two or more.
    All(Vec<Compare>),
    /// Any of two or more.
    Any(Vec<Compare>),
}

/// One comparison expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Test {
    /// What is compared.
    pub path: Path,
    /// Whether `NOT` stands before the operator.
    pub negated: bool,
    /// The operator with its constant.
    pub check: Check,
}

/// A comparison operator with what stands right of it (section 9.6.1).
#[derive(Debug, Clone, PartialEq)]
pub enum Check {
    /// `=`
    Equal(Const),
    /// `!=`
    Unequal(Const),
    /// `<`, `<=`, `>`, `>=`
    Order(Order, Const),
    /// `IN`, constants of one type
    In(Vec<Const>),
    /// `LIKE`
    Like(String),
    /// `MATCHES`, a regular expression that [`super::regex`] has read
    Matches(String),
    /// `ISSUBSET`, the text and what it means
    Subset(String, Net),
    /// `ISSUPERSET`
    Superset(String, Net),
    /// `EXISTS`
    Exists,
}

/// An order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    Greater,
    /// `>=`
    AtLeast,
}

/// An object path (section 9.7).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path {
    /// The type of the observable it starts from.
    pub kind: String,
    /// At least one, the first a key.
    pub steps: Vec<Step>,
}

/// A step of an object path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// A property, a key of a dictionary, or a property of what a reference names.
    Key(String),
    /// One item of a list, from 0.
    Item(u64),
    /// `[*]`: any item of a list.
    Any,
}

/// A constant (section 9.2).
#[derive(Debug, Clone, PartialEq)]
pub enum Const {
    /// `true` or `false`
    Bool(bool),
    /// An integer within ±(2^53-1).
    Integer(i64),
    /// A finite number.
    Float(f64),
    /// A string, its escapes resolved.
    Text(String),
    /// Octets, written in hex.
    Hex(Vec<u8>),
    /// Octets, written in base64.
    Binary(Vec<u8>),
    /// The text of a timestamp.
    Time(String),
}

impl Const {
    /// The name of its type.
    pub fn type_name(&self) -> &'static str {
        match self {
            Const::Bool(_) => "boolean",
            Const::Integer(_) => "integer",
            Const::Float(_) => "float",
            Const::Text(_) => "string",
            Const::Hex(_) => "hex",
            Const::Binary(_) => "binary",
            Const::Time(_) => "timestamp",
        }
    }
}

impl Join {
    /// The keyword.
    pub fn word(self) -> &'static str {
        match self {
            Join::FollowedBy => "FOLLOWEDBY",
            Join::Or => "OR",
            Join::And => "AND",
        }
    }
}

impl Observe {
    /// The comparison trees of its `[ … ]`, in the order of the text.
    pub fn leaves<'a>(&'a self, out: &mut Vec<&'a Compare>) {
        match self {
            Observe::One(compare) => out.push(compare),
            Observe::Join(_, parts) => parts.iter().for_each(|part| part.leaves(out)),
            Observe::Qualified(inner, _) => inner.leaves(out),
        }
    }
}

impl Pattern {
    /// The texts of its START and STOP pairs, in the order of the text: an indicator's should lie within `valid_from` and `valid_until`
    /// (section 9.5.1).
    pub fn start_stops(&self) -> Vec<(&str, &str)> {
        let mut out = Vec::new();
        self.root.start_stops(&mut out);
        out
    }
}

impl Observe {
    fn start_stops<'a>(&'a self, out: &mut Vec<(&'a str, &'a str)>) {
        match self {
            Observe::One(_) => {}
            Observe::Join(_, parts) => parts.iter().for_each(|part| part.start_stops(out)),
            Observe::Qualified(inner, qualifiers) => {
                inner.start_stops(out);
                out.extend(qualifiers.iter().filter_map(|qualifier| match qualifier {
                    Qualifier::Between(start, stop) => Some((start.as_str(), stop.as_str())),
                    _ => None,
                }));
            }
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.root.fmt(f)
    }
}

impl fmt::Display for Observe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Observe::One(compare) => write!(f, "[{compare}]"),
            Observe::Join(join, parts) => {
                let is_looser = |part: &Observe| matches!(part, Observe::Join(inner, _) if inner <= join);
                join_with(f, join.word(), parts, is_looser)
            }
            Observe::Qualified(inner, qualifiers) => {
                if matches!(**inner, Observe::One(_)) {
                    inner.fmt(f)?;
                } else {
                    write!(f, "({inner})")?;
                }
                qualifiers.iter().try_for_each(|qualifier| write!(f, " {qualifier}"))
            }
        }
    }
}

/// Parts with a keyword between; those that would bind otherwise stand in parentheses.
fn join_with<T: fmt::Display>(
    f: &mut fmt::Formatter<'_>,
    word: &str,
    parts: &[T],
    in_parentheses: impl Fn(&T) -> bool,
) -> fmt::Result {
    for (i, part) in parts.iter().enumerate() {
        if i > 0 {
            write!(f, " {word} ")?;
        }
        if in_parentheses(part) {
            write!(f, "({part})")?;
        } else {
            part.fmt(f)?;
        }
    }
    Ok(())
}

impl fmt::Display for Qualifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Qualifier::Within(seconds) => write!(f, "WITHIN {seconds} SECONDS"),
            Qualifier::Repeats(times) => write!(f, "REPEATS {times} TIMES"),
            Qualifier::Between(start, stop) => write!(f, "START t'{start}' STOP t'{stop}'"),
        }
    }
}

impl fmt::Display for Compare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Compare::Test(test) => test.fmt(f),
            Compare::All(parts) => join_with(f, "AND", parts, |part| !matches!(part, Compare::Test(_))),
            Compare::Any(parts) => join_with(f, "OR", parts, |part| matches!(part, Compare::Any(_))),
        }
    }
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (path, not) = (&self.path, if self.negated { "NOT " } else { "" });
        match &self.check {
            Check::Exists => write!(f, "{not}EXISTS {path}"),
            Check::Equal(value) => write!(f, "{path} {not}= {value}"),
            Check::Unequal(value) => write!(f, "{path} {not}!= {value}"),
            Check::Order(order, value) => write!(f, "{path} {not}{} {value}", order.sign()),
            Check::In(values) => {
                write!(f, "{path} {not}IN (")?;
                join_set(f, values)?;
                f.write_char(')')
            }
            Check::Like(text) => write!(f, "{path} {not}LIKE {}", Quoted(text)),
            Check::Matches(text) => write!(f, "{path} {not}MATCHES {}", Quoted(text)),
            Check::Subset(text, _) => write!(f, "{path} {not}ISSUBSET {}", Quoted(text)),
            Check::Superset(text, _) => write!(f, "{path} {not}ISSUPERSET {}", Quoted(text)),
        }
    }
}

fn join_set(f: &mut fmt::Formatter<'_>, values: &[Const]) -> fmt::Result {
    for (i, value) in values.iter().enumerate() {
        write!(f, "{}{value}", if i > 0 { ", " } else { "" })?;
    }
    Ok(())
}

impl Order {
    fn sign(self) -> &'static str {
        match self {
            Order::Less => "<",
            Order::AtMost => "<=",
            Order::Greater => ">",
            Order::AtLeast => ">=",
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.kind)?;
        for (i, step) in self.steps.iter().enumerate() {
            match step {
                Step::Key(key) => {
                    f.write_char(if i == 0 { ':' } else { '.' })?;
                    if is_plain_name(key) { f.write_str(key)? } else { Quoted(key).fmt(f)? }
                }
                Step::Item(index) => write!(f, "[{index}]")?,
                Step::Any => f.write_str("[*]")?,
            }
        }
        Ok(())
    }
}

/// Whether a name may stand in a path without apostrophes (section 9.7).
pub(super) fn is_plain_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

impl fmt::Display for Const {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Const::Bool(value) => write!(f, "{value}"),
            Const::Integer(value) => write!(f, "{value}"),
            Const::Float(value) => {
                let text = value.to_string();
                write!(f, "{text}{}", if text.contains('.') { "" } else { ".0" })
            }
            Const::Text(text) => Quoted(text).fmt(f),
            Const::Hex(bytes) => {
                f.write_str("h'")?;
                bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
                f.write_char('\'')
            }
            Const::Binary(bytes) => write!(f, "b'{}'", STANDARD.encode(bytes)),
            Const::Time(text) => write!(f, "t'{text}'"),
        }
    }
}

/// A string as a pattern writes it.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('\'')?;
        for c in self.0.chars() {
            if matches!(c, '\'' | '\\') {
                f.write_char('\\')?;
            }
            f.write_char(c)?;
        }
        f.write_char('\'')
    }
}
