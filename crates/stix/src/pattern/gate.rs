//! What an observable must show for a `[ … ]` to have a chance: a set of facts of which one must be so. The index of [`super::set`] is made
//! of them; a fact that is too weak costs time, one that is too strong would lose matches.

use super::ast::{Const, Step};
use super::leaf::{How, Node, Ready};
use super::net::Net;
use super::value::{Coding, Constant, characters};
use ::regex_syntax::ParserBuilder;
use ::regex_syntax::hir::{Hir, HirKind};

/// A fact about an object of this type.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Gate {
    pub(super) kind: String,
    /// Empty for [`Fact::Type`].
    pub(super) steps: Vec<Step>,
    pub(super) fact: Fact,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Fact {
    /// A value at the path equals this.
    Equal(Exact),
    /// A value at the path is an address or block within this.
    Within(Net),
    /// A value at the path contains this text, in NFC.
    Contains(String),
    /// The path leads to a value.
    Present,
    /// The object is there.
    Type,
}

/// A value in the one form in which it can be looked up.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Exact {
    Text(String),
    Time(String),
    Integer(i128),
    /// The bits of a float that is no integer.
    Float(u64),
    Bool(bool),
}

/// One of these facts must be so, and how good it is to look for them: less is better.
pub(super) struct Gates {
    pub(super) any_of: Vec<Gate>,
    cost: u32,
}

const CHEAP: u32 = 1;
const NET: u32 = 10;
const CONTAINS: u32 = 20;
const PRESENT: u32 = 1_000;
const TYPE: u32 = 10_000;

/// The facts of a comparison tree.
pub(super) fn gates(node: &Node) -> Gates {
    match node {
        Node::Test(ready) => of_test(ready),
        // each part must hold: the best is enough
        Node::All(parts) => {
            let best = parts.iter().map(gates).min_by_key(|gates| gates.cost);
            best.unwrap_or(Gates { any_of: Vec::new(), cost: TYPE })
        }
        Node::Any(parts) => {
            let parts: Vec<Gates> = parts.iter().map(gates).collect();
            let cost = parts.iter().map(|gates| gates.cost).max().unwrap_or(0);
            Gates { any_of: parts.into_iter().flat_map(|gates| gates.any_of).collect(), cost }
        }
    }
}

fn of_test(ready: &Ready) -> Gates {
    let gate = |fact| Gate { kind: ready.kind.clone(), steps: ready.steps.clone(), fact };
    let some = |cost, facts: Vec<Fact>| Gates { any_of: facts.into_iter().map(gate).collect(), cost };
    match (&ready.how, ready.negated) {
        (How::Exists, true) => {
            Gates { any_of: vec![Gate { kind: ready.kind.clone(), steps: Vec::new(), fact: Fact::Type }], cost: TYPE }
        }
        (How::Equal(constant), false) => {
            some(CHEAP, exact(constant, ready.coding).map(Fact::Equal).into_iter().collect())
        }
        (How::In { all, .. }, false) => {
            let facts: Vec<Fact> =
                all.iter().filter_map(|constant| exact(constant, ready.coding)).map(Fact::Equal).collect();
            some(CHEAP, facts)
        }
        (How::Subset(net), false) => some(NET, vec![Fact::Within(*net)]),
        (How::Like(like, _), false) if ready.coding == Coding::Plain && !like.longest().is_empty() => {
            some(CONTAINS, vec![Fact::Contains(like.longest().to_owned())])
        }
        (How::Text(regex), false) => match literals(regex.as_str()) {
            Some(literals) => some(CONTAINS, literals.into_iter().map(Fact::Contains).collect()),
            None => some(PRESENT, vec![Fact::Present]),
        },
        _ => some(PRESENT, vec![Fact::Present]),
    }
}

/// How a constant is looked up at a path of this coding; `None` where nothing there can equal it.
fn exact(constant: &Constant, coding: Coding) -> Option<Exact> {
    match (&constant.value, coding) {
        (Const::Bool(value), _) => Some(Exact::Bool(*value)),
        (Const::Integer(value), _) => Some(Exact::Integer((*value).into())),
        (Const::Float(value), _) => Some(Exact::number(*value)),
        (Const::Time(_), Coding::Plain) => constant.time.clone().map(Exact::Time),
        (Const::Time(_), _) => None,
        (Const::Text(text), Coding::Plain) => Some(Exact::Text(text.clone())),
        // octets stand in the index as one character each
        (Const::Text(_) | Const::Hex(_) | Const::Binary(_), _) => {
            constant.octets.as_deref().map(|octets| Exact::Text(characters(octets)))
        }
    }
}

impl Exact {
    /// A float that is an integer is looked up as one.
    pub(super) fn number(value: f64) -> Exact {
        if value.fract() == 0.0 && value.abs() < 1e30 {
            Exact::Integer(value as i128)
        } else {
            Exact::Float(value.to_bits())
        }
    }
}

/// Texts of which each match of the expression contains one.
fn literals(plain: &str) -> Option<Vec<String>> {
    let hir = ParserBuilder::new().dot_matches_new_line(true).build().parse(plain).ok()?;
    required(&hir).filter(|all| all.iter().all(|literal| !literal.is_empty()))
}

/// More alternatives than this are no help.
const MAX_LITERALS: usize = 64;

fn required(hir: &Hir) -> Option<Vec<String>> {
    match hir.kind() {
        HirKind::Literal(literal) => Some(vec![String::from_utf8(literal.0.to_vec()).ok()?]),
        HirKind::Capture(capture) => required(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => required(&repetition.sub),
        HirKind::Concat(parts) => {
            parts.iter().filter_map(required).max_by_key(|all| all.iter().map(String::len).min().unwrap_or(0))
        }
        HirKind::Alternation(parts) => {
            let all: Vec<String> =
                parts.iter().map(required).collect::<Option<Vec<_>>>()?.into_iter().flatten().collect();
            (all.len() <= MAX_LITERALS).then_some(all)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(expression: &str, expected: Option<&[&str]>) {
        let found = literals(expression);
        let found: Option<Vec<&str>> = found.as_ref().map(|all| all.iter().map(String::as_str).collect());
        assert_eq!(found.as_deref(), expected, "{expression}");
    }

    #[test]
    fn what_every_match_contains() {
        check(r"^h1[0-9]{3}\.", Some(&["h1"]));
        check(r"a.longer.b", Some(&["longer"]));
        check(r"(abc|de)+x?", Some(&["abc", "de"]));
        check(r"(abc|)", None);
        check(r"(?i)abc", None);
        check(r"x*", None);
        check(r"(ab){0,3}", None);
        check(r"ab{2}cd", Some(&["cd"]));
        check(r"", None);
    }
}
