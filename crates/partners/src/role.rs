//! The five roles of a person on a hub.
use std::fmt;
use std::str::FromStr;

/// What a person is here for. What each may do stands in [`crate::may`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Keeps the hub running: people, organisations, collections, packs.
    Admin,
    /// The duty officer: receives, warns, follows up.
    Operator,
    /// Works on what is known: matching, cascades, measures.
    Analyst,
    /// Belongs to another organisation, or reads and gives as one would.
    Partner,
    /// Reads and recomputes, changes nothing.
    Auditor,
}

impl Role {
    /// All roles, in the order in which they are listed.
    pub const ALL: [Role; 5] = [Role::Admin, Role::Operator, Role::Analyst, Role::Partner, Role::Auditor];

    /// The role as written on the command line and in the ledger.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Admin => "admin",
            Role::Operator => "operator",
            Role::Analyst => "analyst",
            Role::Partner => "partner",
            Role::Auditor => "auditor",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Role::ALL
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or_else(|| format!("{text:?} is no role; it is one of admin, operator, analyst, partner, auditor"))
    }
}
