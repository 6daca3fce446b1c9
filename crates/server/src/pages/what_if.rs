//! What if: the course of a failure through the dependencies, the functions it takes, and why.

pub(crate) mod view;

use askama::Template;

use super::Shell;
use super::signs::State;
use super::words::Sentence;
use crate::chart::Svg;

/// The page.
#[derive(Template)]
#[template(path = "what_if.html")]
pub struct WhatIf {
    /// Around it.
    pub shell: Shell,
    /// What is so.
    pub lede: Sentence,
    /// A second sentence.
    pub then: Option<Sentence>,
    /// On what the answer rests.
    pub basis: String,
    /// What fails, as typed.
    pub fail: String,
    /// Layers need a source.
    pub grounded: bool,
    /// Nodes to choose from.
    pub known: Vec<Known>,
    /// What is wrong with the question.
    pub problem: Option<String>,
    /// There are no nodes.
    pub graph_empty: bool,
    /// The head of the picture.
    pub head: Svg,
    /// A row for each that falls.
    pub rows: Vec<Row>,
    /// What the picture leaves out.
    pub more: Option<String>,
    /// The functions.
    pub functions: Vec<Function>,
    /// Single points of failure.
    pub worst: Vec<Worst>,
    /// What they are, in a sentence.
    pub worst_said: String,
}

/// A node to choose.
pub struct Known {
    /// Its key.
    pub key: String,
    /// Its name.
    pub name: String,
}

/// One lane.
pub struct Row {
    /// The node's name.
    pub name: String,
    /// The same question about this node alone.
    pub href: String,
    /// Kind and country.
    pub sub: String,
    /// The line.
    pub lane: Svg,
    /// What took it down.
    pub because: Sentence,
}

/// A function that is lost or reduced.
pub struct Function {
    /// Its name.
    pub name: String,
    /// Lost or degraded.
    pub state: State,
    /// After how long.
    pub after: String,
    /// From the failure to the function.
    pub path: Vec<Step>,
}

/// One step of a path.
pub struct Step {
    /// The node's name.
    pub name: String,
    /// The same question about it.
    pub href: String,
}

/// A node whose loss alone takes functions.
pub struct Worst {
    /// Its name.
    pub name: String,
    /// The question about it.
    pub href: String,
    /// Its kind.
    pub kind: String,
    /// Where it lies.
    pub country: String,
    /// How many functions.
    pub count: String,
    /// Which.
    pub which: String,
}
