//! `collection`: collections and who reads and writes them.
use crate::actor;
use crate::args::Global;
use crate::failure::{Done, Failure};
use crate::{out, store};
use clap::Subcommand;
use exchange::event::Handling;
use exchange::{NewCollection, collection};
use ledger::Tx;
use partners::may::Verb;
use std::collections::BTreeSet;
use stix::Tlp;

/// Collections.
#[derive(Debug, Subcommand)]
pub(crate) enum Collection {
    /// Make a collection and print its id; with the id of one that stands, say it anew
    Add {
        /// For people
        title: String,
        /// A UUID of version 4; drawn where none is given
        #[arg(long, value_name = "UUID")]
        id: Option<String>,
        /// The API root
        #[arg(long)]
        root: Option<String>,
        /// The mark of content that has none; AMBER where none is given
        #[arg(long)]
        tlp: Option<Tlp>,
        /// An organisation that may read; may be given again
        #[arg(long, value_name = "ORG")]
        read: Vec<String>,
        /// An organisation that may write; may be given again
        #[arg(long, value_name = "ORG")]
        write: Vec<String>,
        /// Of an object with marked properties, make a copy without them under an id of its own
        #[arg(long)]
        redact: bool,
        /// What a partner submits leaves without its name, unless it agreed to be named
        #[arg(long)]
        anonymise: bool,
    },
    /// Which collections there are
    List,
}

impl Collection {
    pub(crate) fn run(&self, global: &Global) -> Result<Done, Failure> {
        match self {
            Collection::Add { title, id, root, tlp, read, write, redact, anonymise } => {
                let ledger = store::open_or_create(global)?;
                actor::must(global, &ledger, Verb::ManageCollections)?;
                let new = NewCollection { title, id: id.as_deref(), root: root.as_deref(), tlp: *tlp, read, write };
                let id = ledger.write(|tx| collection::add(tx, &new))?;
                store::settle(global, &ledger)?;
                handle(global, &ledger, &id, Handling { redact: *redact, anonymise: *anonymise })?;
                for org in ledger.read(|tx| unknown(tx, read.iter().chain(write)))? {
                    out::say(format!(
                        "there is no organisation {org} yet: nobody of that name reads or writes here until there is"
                    ));
                }
                out::line(&id)?;
                Ok(Done::Fine)
            }
            Collection::List => list(global),
        }
    }
}

/// Those of these organisations that are not there, each once: perhaps a slip of the pen.
fn unknown<'a>(tx: &mut Tx<'_>, orgs: impl Iterator<Item = &'a String>) -> ledger::Result<BTreeSet<&'a str>> {
    let mut unknown = BTreeSet::new();
    for org in orgs {
        if partners::org::find(tx, org)?.is_none() {
            unknown.insert(org.as_str());
        }
    }
    Ok(unknown)
}

/// A collection says everything anew, its handling too.
fn handle(global: &Global, ledger: &ledger::Ledger, id: &str, handling: Handling) -> Result<(), Failure> {
    ledger.catch_up()?;
    ledger.write(|tx| match collection::find(tx, id)? {
        Some(standing) if standing.handling != handling => collection::handle(tx, &standing, handling),
        _ => Ok(()),
    })?;
    store::settle(global, ledger)
}

fn list(global: &Global) -> Result<Done, Failure> {
    let ledger = store::open_existing(global)?;
    actor::own(global, &ledger)?;
    let rows: Vec<[String; 5]> = ledger
        .read(collection::all)?
        .into_iter()
        .map(|c| [c.id, c.title, c.tlp.to_string(), c.read.join(" "), c.write.join(" ")])
        .collect();
    out::rows(global.format, &rows, &["id", "title", "default mark", "read", "write"], |r| r.to_vec())?;
    Ok(Done::Fine)
}
