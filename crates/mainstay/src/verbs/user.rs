//! `user`: people, what they may do, and how their machines sign in.
use crate::actor;
use crate::args::Global;
use crate::failure::{Done, Failure};
use crate::{out, store};
use clap::{Subcommand, ValueEnum};
use partners::may::Verb;
use partners::{NewPerson, Role, access, person};
use std::path::PathBuf;
use stix::Tlp;

/// People.
#[derive(Debug, Subcommand)]
pub(crate) enum User {
    /// Add a person, or change one of the same name; the password comes on standard input
    Add {
        /// The sign-in name
        name: String,
        /// The key of the organisation; made if it is not known
        #[arg(long)]
        org: String,
        /// What they are here for
        #[arg(long, value_enum)]
        role: RoleArg,
        /// The strongest marking they may see; the organisation's agreement caps it
        #[arg(long, default_value = "CLEAR")]
        clearance: Tlp,
        /// The last day of the account; open unless said, but an auditor's ends after 90 days
        #[arg(long, value_name = "DAY")]
        until: Option<String>,
        /// Read the password from standard input (the only way: it never stands on a command line)
        #[arg(long, required = true)]
        password_stdin: bool,
    },
    /// Print a bearer token for a person's machines; it is shown this once
    Token {
        /// The sign-in name
        name: String,
        /// Days it holds, 366 at most
        #[arg(long, default_value_t = 90, conflicts_with = "revoke")]
        days: u16,
        /// End all tokens of this person instead
        #[arg(long)]
        revoke: bool,
    },
    /// Bind a client certificate to a person and print its fingerprint; `serve --tls-client-ca` takes it
    Certificate {
        /// The sign-in name
        name: String,
        /// The certificate, PEM
        file: PathBuf,
    },
    /// Who has an account
    List,
}

/// The roles.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum RoleArg {
    Admin,
    Operator,
    Analyst,
    Partner,
    Auditor,
}

impl From<RoleArg> for Role {
    fn from(role: RoleArg) -> Role {
        match role {
            RoleArg::Admin => Role::Admin,
            RoleArg::Operator => Role::Operator,
            RoleArg::Analyst => Role::Analyst,
            RoleArg::Partner => Role::Partner,
            RoleArg::Auditor => Role::Auditor,
        }
    }
}

impl User {
    pub(crate) fn run(&self, global: &Global) -> Result<Done, Failure> {
        match self {
            User::Add { name, org, role, clearance, until, password_stdin: _ } => {
                let ledger = store::open_or_create(global)?;
                actor::must(global, &ledger, Verb::ManagePartners)?;
                let ends = ends(*role, until.as_deref(), &ledger)?;
                let hashed = person::hash(&actor::password_from_stdin()?, &*ledger.env().entropy)?;
                let new = NewPerson { name, org, role: (*role).into(), clearance: Some(*clearance), until: ends };
                ledger.write(|tx| partners::add_person(tx, &new, &hashed))?;
                store::settle(global, &ledger)?;
                let until = ends.map(|day| format!(" until {day}")).unwrap_or_default();
                out::say(format!("{name} of {org} may sign in{until}"));
                Ok(Done::Fine)
            }
            User::Token { name, days, revoke } => {
                let ledger = store::open_existing(global)?;
                actor::must(global, &ledger, Verb::ManagePartners)?;
                if *revoke {
                    let ended = ledger.write(|tx| access::revoke_tokens(tx, name))?;
                    out::say(format!("{ended} tokens of {name} hold no more"));
                    return Ok(Done::Fine);
                }
                let (token, until) = ledger.write(|tx| access::issue_token(tx, name, *days))?;
                out::line(&token)?;
                out::say(format!("it holds until {until}; only its hash is kept"));
                Ok(Done::Fine)
            }
            User::Certificate { name, file } => {
                let ledger = store::open_existing(global)?;
                actor::must(global, &ledger, Verb::ManagePartners)?;
                let der = server::tls::certificate(file)?;
                out::line(&ledger.write(|tx| access::bind_certificate(tx, name, &der))?)?;
                out::say(format!("{name} may sign in to TAXII with this certificate"));
                Ok(Done::Fine)
            }
            User::List => {
                let ledger = store::open_existing(global)?;
                actor::own(global, &ledger)?;
                let home = ledger.genesis().home.clone();
                let people = ledger.read(|tx| person::people(tx, &home))?;
                let row = |p: &partners::Person| {
                    let until = p.until.map(|day| day.to_string()).unwrap_or_default();
                    let role = p.role.as_str().to_owned();
                    [p.name.clone(), p.org.clone(), role, p.own_clearance.to_string(), until]
                };
                let rows: Vec<[String; 5]> = people.iter().map(row).collect();
                out::rows(global.format, &rows, &["name", "org", "role", "clearance", "until"], |r| r.to_vec())?;
                Ok(Done::Fine)
            }
        }
    }
}

/// Days of an auditor's account where no end is said: an inspection has an end, and so has what it may read.
const AUDITOR_DAYS: i64 = 90;

/// The last day of an account.
fn ends(role: RoleArg, until: Option<&str>, ledger: &ledger::Ledger) -> Result<Option<jiff::civil::Date>, Failure> {
    let today = ledger.env().clock.now().civil();
    match (until, role) {
        (Some(day), _) => match day.parse::<jiff::civil::Date>() {
            Ok(day) if day >= today => Ok(Some(day)),
            Ok(day) => Err(Failure::Usage(format!("--until {day} is over"))),
            Err(_) => Err(Failure::Usage(format!("--until {day:?} is no date: write it as 2026-03-01"))),
        },
        (None, RoleArg::Auditor) => Ok(Some(today.saturating_add(jiff::Span::new().days(AUDITOR_DAYS)))),
        (None, _) => Ok(None),
    }
}
