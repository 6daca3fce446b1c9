//! `release`: why something goes to somebody, or does not; and what an originator lets go.
use crate::args::{Format, Global};
use crate::failure::{Done, Failure};
use crate::{actor, out, store};
use clap::Subcommand;
use exchange::consent;
use exchange::event::ConsentMeta;
use exchange::explain::{self, Asked, Explained};
use exchange::remark::{self, Remark};
use ledger::Micros;
use partners::may::Verb;
use stix::Tlp;

/// The release decision.
#[derive(Debug, Subcommand)]
pub(crate) enum Release {
    /// Say whether an organisation gets an object, per property, with each rule that counted; exit 3 where it does not
    Explain {
        /// The id of a STIX object, for all its versions, or ID@VERSION
        object: String,
        /// The organisation
        #[arg(long = "for", value_name = "ORG")]
        org: String,
        /// On this day, YYYY-MM-DD; today where none is given
        #[arg(long, value_name = "DAY")]
        on: Option<String>,
    },
    /// Mark what is held of an object, never below what it says of itself
    Remark {
        /// The id of the object, for all its versions that are held, or ID@VERSION
        object: String,
        /// The label
        #[arg(long)]
        tlp: Tlp,
        /// Why, in words that stand in the file
        #[arg(long)]
        reason: String,
    },
    /// Record that the originator of an object lets it go on to an organisation
    Consent {
        /// The id of the object, for all its versions
        object: String,
        /// The organisation
        #[arg(long, value_name = "ORG")]
        to: String,
        /// How that is known, in words that stand in the file
        #[arg(long)]
        reason: String,
        /// It no longer does
        #[arg(long)]
        withdraw: bool,
    },
}

impl Release {
    pub(crate) fn run(&self, global: &Global) -> Result<Done, Failure> {
        match self {
            Release::Explain { object, org, on } => explain(global, object, org, on.as_deref()),
            Release::Remark { object, tlp, reason } => {
                let ledger = store::open_existing(global)?;
                let person = actor::must(global, &ledger, Verb::Review)?;
                let remark = Remark { object, tlp: *tlp, reason, by: &person.name };
                let fresh = ledger.write_applied(|tx| remark::record(tx, &remark))?;
                let count = match fresh {
                    0 => "nothing changed: it is".to_owned(),
                    1 => "one version is".to_owned(),
                    many => format!("{many} versions and copies are"),
                };
                out::say(format!("{count} marked TLP:{tlp}; a version that comes later brings its own mark"));
                Ok(Done::Fine)
            }
            Release::Consent { object, to, reason, withdraw } => {
                let ledger = store::open_existing(global)?;
                let person = actor::must(global, &ledger, Verb::RecordAnswer)?;
                let meta = ConsentMeta {
                    id: object.clone(),
                    org: to.clone(),
                    given: !withdraw,
                    reason: reason.clone(),
                    by: person.name,
                };
                let fresh = ledger.write(|tx| consent::record(tx, &meta))?;
                store::settle(global, &ledger)?;
                let said = if *withdraw { "no longer lets" } else { "lets" };
                let already = if fresh { "" } else { ", as was recorded before" };
                out::say(format!("the originator {said} {object} go to {to}{already}"));
                Ok(Done::Fine)
            }
        }
    }
}

fn explain(global: &Global, object: &str, org: &str, on: Option<&str>) -> Result<Done, Failure> {
    let ledger = store::open_existing(global)?;
    actor::must(global, &ledger, Verb::Review)?;
    let day = match on {
        Some(text) => {
            Micros::date(text).ok_or_else(|| Failure::Usage(format!("{text:?} is no day; write YYYY-MM-DD")))?
        }
        None => ledger.env().clock.now(),
    };
    let day = day.civil();
    let home = ledger.genesis().home.clone();
    let explained = ledger.read(|tx| {
        let asked = Asked::find(tx, org, &home)?;
        explain::explain(tx, object, &asked, day)
    })?;
    match global.format {
        Format::Json => out::json(&explained)?,
        Format::Table => explained.iter().try_for_each(|one| show(one, org, &day.to_string()))?,
        Format::Jsonl | Format::Csv => rows(global, &explained)?,
    }
    if explained.iter().any(|one| one.released) {
        return Ok(Done::Fine);
    }
    Err(Failure::Denied(format!("{object} does not go to {org} on {day}")))
}

/// For eyes: a sentence for each version and collection, then its rules, those that said no first.
fn show(one: &Explained, org: &str, day: &str) -> Result<(), Failure> {
    let version = one.version.as_ref().map(|v| format!(" version {v}")).unwrap_or_default();
    if one.collections.is_empty() {
        return out::line(&format!("{}{version}: no collection lists it, so nobody gets it", one.id));
    }
    for place in &one.collections {
        let answer = if place.released { "goes" } else { "does not go" };
        out::line(&format!(
            "{}{version} {answer} to {org} out of {:?} on {day}: {}",
            one.id, place.title, place.label
        ))?;
        if let Some(copy) = &place.copy {
            out::line(&format!("  {copy}"))?;
        }
        for passes in [false, true] {
            for said in place.rules.iter().filter(|said| said.passes == passes) {
                let word = if passes { "yes" } else { "no " };
                let property = if said.property.is_empty() { String::new() } else { format!("{}: ", said.property) };
                out::line(&format!("  {word}  {property}{} [{}]", said.reason, said.rule))?;
            }
        }
    }
    Ok(())
}

/// One line for each rule.
fn rows(global: &Global, explained: &[Explained]) -> Result<(), Failure> {
    let mut rows: Vec<[String; 7]> = Vec::new();
    for one in explained {
        for place in &one.collections {
            rows.extend(place.rules.iter().map(|said| {
                let answer = if said.passes { "yes" } else { "no" };
                [
                    one.id.clone(),
                    one.version.clone().unwrap_or_default(),
                    place.collection.clone(),
                    said.property.clone(),
                    said.rule.to_owned(),
                    answer.to_owned(),
                    said.reason.clone(),
                ]
            }));
        }
    }
    let heads = ["id", "version", "collection", "property", "rule", "passes", "reason"];
    out::rows(global.format, &rows, &heads, |row| row.to_vec())
}
