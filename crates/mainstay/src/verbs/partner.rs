//! `partner`: the keys that partners sign with, and who is trusted.
use crate::actor;
use crate::args::Global;
use crate::failure::{Done, Failure};
use crate::{out, store};
use clap::Subcommand;
use ledger::Micros;
use partners::may::Verb;

/// Partners.
#[derive(Debug, Subcommand)]
pub(crate) enum Partner {
    /// Register the public key that a partner signs its answers with, or revoke it
    Key {
        /// The partner
        org: String,
        /// The key that `key new` printed, base64
        public_key: String,
        /// From now on refuse what it signs
        #[arg(long)]
        revoke: bool,
    },
    /// Say that a partner is trusted from one day to another, and why
    Trust {
        /// The partner
        org: String,
        /// The first day, YYYY-MM-DD
        #[arg(long, value_name = "DAY")]
        from: String,
        /// The last day, YYYY-MM-DD
        #[arg(long, value_name = "DAY")]
        to: String,
        /// Why, in words that stand in the file
        #[arg(long)]
        reason: String,
    },
}

impl Partner {
    pub(crate) fn run(&self, global: &Global) -> Result<Done, Failure> {
        let ledger = store::open_or_create(global)?;
        match self {
            Partner::Key { org, public_key, revoke } => {
                actor::must(global, &ledger, Verb::ManagePartners)?;
                ledger.write(|tx| partners::register_key(tx, org, public_key, *revoke))?;
                store::settle(global, &ledger)?;
                let what = if *revoke { "is revoked" } else { "is registered" };
                out::say(format!("the key of {org} {what}"));
            }
            Partner::Trust { org, from, to, reason } => {
                let person = actor::must(global, &ledger, Verb::Trust)?;
                let (from, to) = (day(from)?, day(to)?);
                ledger.write(|tx| partners::trust(tx, org, from, to, reason, &person.name))?;
                store::settle(global, &ledger)?;
                out::say(format!("{org} is trusted from {from} to {to}, says {}", person.name));
            }
        }
        Ok(Done::Fine)
    }
}

/// A day as it was typed.
fn day(text: &str) -> Result<jiff::civil::Date, Failure> {
    let known = Micros::date(text).ok_or_else(|| Failure::Usage(format!("{text:?} is no day; write YYYY-MM-DD")))?;
    Ok(known.timestamp().to_zoned(jiff::tz::TimeZone::UTC).date())
}
