//! How a verb ends: the exit codes of DESIGN's "Faces", and the sentence a person reads.
use std::fmt;
use std::process::ExitCode;

/// What a verb gives back when it did its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Done {
    /// 0: fine.
    Fine,
    /// 1: it ran, and found something that a person should see.
    Findings,
    /// 4: what is stored is not what was written.
    Integrity,
}

impl From<Done> for ExitCode {
    fn from(done: Done) -> ExitCode {
        ExitCode::from(match done {
            Done::Fine => 0,
            Done::Findings => 1,
            Done::Integrity => 4,
        })
    }
}

/// Why a verb could not do its work.
#[derive(Debug)]
pub(crate) enum Failure {
    /// 2: it was typed wrongly, or names what does not exist.
    Usage(String),
    /// 3: a rule of release or role says no.
    Denied(String),
    /// 4: what is stored is not what was written.
    Integrity(String),
    /// 5: disk, network or database.
    CouldNot(String),
}

impl Failure {
    /// The exit code.
    pub(crate) fn code(&self) -> u8 {
        match self {
            Failure::Usage(_) => 2,
            Failure::Denied(_) => 3,
            Failure::Integrity(_) => 4,
            Failure::CouldNot(_) => 5,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Usage(text) | Failure::Denied(text) | Failure::Integrity(text) | Failure::CouldNot(text) => {
                f.write_str(text)
            }
        }
    }
}

/// Rules whose refusal means "you may not", not "this is wrong".
const DENYING: &[&str] = &["release", "may", "role", "second-person", "password", "authenticate", "clearance"];

impl From<ledger::Error> for Failure {
    fn from(e: ledger::Error) -> Self {
        use ledger::Error;
        let text = e.to_string();
        match e {
            Error::Integrity(_) => Failure::Integrity(text),
            Error::Refused { rule, .. } if DENYING.iter().any(|d| rule.starts_with(d)) => Failure::Denied(text),
            Error::Refused { .. } | Error::Park { .. } | Error::Conflict(_) => Failure::Usage(text),
            Error::Again(_) | Error::Engine(_) | Error::Io(_) => Failure::CouldNot(text),
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(e: std::io::Error) -> Self {
        Failure::CouldNot(e.to_string())
    }
}
