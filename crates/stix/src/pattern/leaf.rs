//! One `[ … ]` made ready to run: does this observation satisfy it, and by which of its objects (STIX 2.1 sections 9.5 and 9.6).

use std::collections::BTreeSet;

use super::ast::{Check, Compare, Const, Order, Step, Test};
use super::like::Like;
use super::net::Net;
use super::observation::{Object, Observation};
use super::regex::{self, Refusal};
use super::value::{Coding, Constant, Native, Work, characters, holds, nfc};

/// A comparison tree, compiled.
#[derive(Debug, Clone)]
pub(super) struct Leaf {
    pub(super) tree: Node,
}

#[derive(Debug, Clone)]
pub(super) enum Node {
    Test(Box<Ready>),
    All(Vec<Node>),
    Any(Vec<Node>),
}

/// One comparison, compiled.
#[derive(Debug, Clone)]
pub(super) struct Ready {
    pub(super) kind: String,
    pub(super) steps: Vec<Step>,
    pub(super) negated: bool,
    pub(super) how: How,
    pub(super) coding: Coding,
}

#[derive(Debug, Clone)]
pub(super) enum How {
    Equal(Constant),
    Unequal(Constant),
    Order(Order, Constant),
    In {
        texts: BTreeSet<String>,
        all: Vec<Constant>,
    },
    /// For text; for octets, if the constant has such.
    Like(Like, Option<Like>),
    Text(::regex::Regex),
    Octets(Option<::regex::bytes::Regex>),
    Subset(Net),
    Superset(Net),
    Exists,
}

impl Leaf {
    pub(super) fn new(compare: &Compare) -> Result<Leaf, Refusal> {
        Ok(Leaf { tree: node(compare)? })
    }

    /// The first object of the observation, in the order of keys, that satisfies it.
    pub(super) fn object<'o, 'a>(&self, observation: &'o Observation<'a>, work: &mut Work) -> Option<&'o Object<'a>> {
        // section 9.5: all comparisons start from the same object
        observation.objects.iter().find(|object| self.tree.holds(observation, object, work))
    }

    pub(super) fn holds(&self, observation: &Observation<'_>, object: &Object<'_>, work: &mut Work) -> bool {
        self.tree.holds(observation, object, work)
    }
}

fn node(compare: &Compare) -> Result<Node, Refusal> {
    Ok(match compare {
        Compare::Test(test) => Node::Test(Box::new(ready(test)?)),
        Compare::All(parts) => Node::All(parts.iter().map(node).collect::<Result<_, _>>()?),
        Compare::Any(parts) => Node::Any(parts.iter().map(node).collect::<Result<_, _>>()?),
    })
}

fn ready(test: &Test) -> Result<Ready, Refusal> {
    let coding = Coding::of(&test.path.steps);
    let how = match &test.check {
        Check::Equal(value) => How::Equal(Constant::new(value)),
        Check::Unequal(value) => How::Unequal(Constant::new(value)),
        Check::Order(order, value) => How::Order(*order, Constant::new(value)),
        Check::In(values) => {
            let text = |value: &Const| match value {
                Const::Text(text) => Some(text.clone()),
                _ => None,
            };
            How::In { texts: values.iter().filter_map(text).collect(), all: values.iter().map(Constant::new).collect() }
        }
        Check::Like(text) => {
            let is_octets = text.chars().all(|c| u32::from(c) <= 0xff);
            How::Like(Like::new(text, true), is_octets.then(|| Like::new(text, false)))
        }
        Check::Matches(text) if coding == Coding::Plain => How::Text(regex::compile(text)?),
        Check::Matches(text) => How::Octets(regex::compile_bytes(text)?),
        Check::Subset(_, net) => How::Subset(*net),
        Check::Superset(_, net) => How::Superset(*net),
        Check::Exists => How::Exists,
    };
    let (kind, steps) = (test.path.kind.clone(), test.path.steps.clone());
    Ok(Ready { kind, steps, negated: test.negated, how, coding })
}

impl Node {
    fn holds(&self, observation: &Observation<'_>, object: &Object<'_>, work: &mut Work) -> bool {
        match self {
            Node::Test(ready) => ready.holds(observation, object, work),
            Node::All(parts) => parts.iter().all(|part| part.holds(observation, object, work)),
            Node::Any(parts) => parts.iter().any(|part| part.holds(observation, object, work)),
        }
    }
}

impl Ready {
    fn holds(&self, observation: &Observation<'_>, object: &Object<'_>, work: &mut Work) -> bool {
        if object.kind != self.kind {
            return false;
        }
        if matches!(self.how, How::Exists) {
            return observation.walk(object, &self.steps, work, &mut |_, _| true) != self.negated;
        }
        // section 9.6: a path that leads nowhere is false, also under NOT; section 9.7.2: one item of `[*]` is enough
        observation.walk(object, &self.steps, work, &mut |value, work| {
            // section 9.6.1: NOT negates the comparison, which is false where types do not go together
            self.compare(&self.coding.native(value), work) != self.negated
        })
    }

    /// Section 9.6.1, without NOT.
    fn compare(&self, value: &Native<'_>, work: &mut Work) -> bool {
        match &self.how {
            How::Equal(constant) => constant.order(value).is_some_and(|order| order.is_eq()),
            // the one operator that is true where types do not go together
            How::Unequal(constant) => constant.order(value).is_none_or(|order| order.is_ne()),
            How::Order(order, constant) => constant.order(value).is_some_and(|found| holds(*order, found)),
            How::In { texts, all } => match value {
                Native::Text(text) if !texts.is_empty() => texts.contains(*text),
                value => {
                    work.spend(all.len() as u64 / 16);
                    all.iter().any(|constant| constant.order(value).is_some_and(|order| order.is_eq()))
                }
            },
            How::Like(text, octets) => match (value, octets) {
                (Native::Text(value), _) => text.matches(&nfc(value), work),
                // section 9.6.4: the constant becomes octets where it can; compared as one character an octet
                (Native::Octets(value), Some(octets)) => octets.matches(&characters(value), work),
                _ => false,
            },
            How::Text(regex) => match value {
                Native::Text(value) => work.spend(value.len() as u64 / 64) && regex.is_match(&nfc(value)),
                _ => false,
            },
            How::Octets(regex) => match (value, regex) {
                (Native::Octets(value), Some(regex)) => work.spend(value.len() as u64 / 64) && regex.is_match(value),
                _ => false,
            },
            How::Subset(net) => address(value).is_some_and(|value| net.contains(value)),
            How::Superset(net) => address(value).is_some_and(|value| value.contains(*net)),
            How::Exists => true,
        }
    }
}

fn address(value: &Native<'_>) -> Option<Net> {
    match value {
        Native::Text(text) => Net::parse(text),
        _ => None,
    }
}
