//! What can go wrong, in the few kinds that a caller branches on. Reporting is the message; branching is the variant.
use std::fmt;

/// The result of ledger and stage code.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a unit of work did not succeed.
#[derive(Debug)]
pub enum Error {
    /// Another writer was in the way; the unit was undone and may be run again, whole.
    Again(String),
    /// A unique or foreign key said no.
    Conflict(String),
    /// The engine failed: disk full, connection lost, malformed database.
    Engine(String),
    /// What is stored is not what was written: `ledger verify` names the entry.
    Integrity(String),
    /// A stage cannot process this event: it is parked with its reason and the cursor goes on.
    Park {
        /// Stable code.
        rule: &'static str,
        /// What was wrong, in words.
        reason: String,
    },
    /// A rule of the domain says no; nothing was done.
    Refused {
        /// Stable code.
        rule: &'static str,
        /// What was wrong, in words.
        reason: String,
        /// What the person may do next.
        next: String,
    },
    /// A file or socket failed.
    Io(std::io::Error),
}

impl Error {
    /// A refusal by a rule of the domain.
    pub fn refused(rule: &'static str, reason: impl Into<String>, next: impl Into<String>) -> Self {
        Error::Refused { rule, reason: reason.into(), next: next.into() }
    }

    /// An event that a stage cannot process.
    pub fn park(rule: &'static str, reason: impl Into<String>) -> Self {
        Error::Park { rule, reason: reason.into() }
    }

    /// The stable code of a refusal or a parking, else the name of the kind.
    pub fn rule(&self) -> &'static str {
        match self {
            Error::Again(_) => "again",
            Error::Conflict(_) => "conflict",
            Error::Engine(_) => "engine",
            Error::Integrity(_) => "integrity",
            Error::Park { rule, .. } | Error::Refused { rule, .. } => rule,
            Error::Io(_) => "io",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Again(why) => write!(f, "another writer was in the way ({why}); run it again"),
            Error::Conflict(what) => write!(f, "conflict: {what}"),
            Error::Engine(what) => write!(f, "the store failed: {what}"),
            Error::Integrity(what) => write!(f, "integrity: {what}"),
            Error::Park { rule, reason } => write!(f, "{reason} [{rule}]"),
            Error::Refused { rule, reason, next } if next.is_empty() => write!(f, "{reason} [{rule}]"),
            Error::Refused { rule, reason, next } => write!(f, "{reason} [{rule}]; {next}"),
            Error::Io(e) => write!(f, "{e}"),
        }
    }
}

impl std::error::Error for Error {}

impl From<std::io::Error> for Error {
    fn from(e: std::io::Error) -> Self {
        Error::Io(e)
    }
}
