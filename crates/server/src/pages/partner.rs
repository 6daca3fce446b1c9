//! The file of one partner, for the operator's own.

pub(crate) mod view;

use askama::Template;

use super::Shell;
use super::signs::Evidence;
use super::words::Sentence;

/// The file.
#[derive(Template)]
#[template(path = "partner.html")]
pub struct File {
    /// Around it.
    pub shell: Shell,
    /// Its name.
    pub name: String,
    /// What it is and where.
    pub what: String,
    /// What is so.
    pub lede: Sentence,
    /// How the hub did toward it.
    pub then: Sentence,
    /// Label and value.
    pub facts: Vec<(&'static str, String)>,
    /// What is open: address, ask, state, about, clock.
    pub open: Vec<(String, String, String, String, String)>,
    /// How it is reached: address, what for, verified, how good the claim is, who says so.
    pub channels: Vec<(String, String, String, &'static str, String)>,
    /// Agreements: name, days, mark, whether in force.
    pub agreements: Vec<(String, String, String, &'static str)>,
    /// Decisions on its trust: days, by whom, why.
    pub trusts: Vec<(String, String, String)>,
    /// What is proposed about its trust, and why.
    pub proposed: Option<String>,
    /// Records that name it: address, name, kind, state, evidence.
    pub records: Vec<(String, String, String, String, Evidence)>,
    /// Its balance.
    pub balance: String,
}
