//! `receipt`: what passed between this hub and a partner, in the partner's own tree; and the check of a receipt by anybody.
use crate::args::{Format, Global};
use crate::failure::{Done, Failure};
use crate::{actor, out, store};
use act::receipt::{self, show, statement, tree};
use clap::Subcommand;
use ledger::note::Verifier;
use std::path::{Path, PathBuf};

/// Bytes of a receipt and of an object.
const FILE_MAX: u64 = 64 << 20;
/// Receipts read at a time.
const PAGE: i64 = 1_000;

/// Receipts.
#[derive(Debug, Subcommand)]
pub(crate) enum Receipt {
    /// What passed between this hub and a partner, oldest first, in words
    List {
        /// The partner
        #[arg(long = "for", value_name = "ORG")]
        org: String,
    },
    /// One receipt as it travels (c2sp.org/tlog-proof): of an object the partner was shown, or of a place in its tree
    Show {
        /// The partner
        #[arg(long = "for", value_name = "ORG")]
        org: String,
        /// A STIX object, ID or ID@VERSION
        #[arg(long, required_unless_present = "leaf", conflicts_with = "leaf")]
        object: Option<String>,
        /// The place
        #[arg(long)]
        leaf: Option<i64>,
    },
    /// The signed head of a partner's tree (c2sp.org/tlog-checkpoint)
    Checkpoint {
        /// The partner
        #[arg(long = "for", value_name = "ORG")]
        org: String,
    },
    /// The public key that checks a partner's receipts; give it by a way of its own
    Key {
        /// The partner
        #[arg(long = "for", value_name = "ORG")]
        org: String,
    },
    /// Bring what passed since under signed heads now, rather than within a minute
    Seal,
    /// Check a receipt without any store
    Verify {
        /// The receipt
        file: PathBuf,
        /// The key, as `receipt key` prints it
        #[arg(long)]
        key: String,
        /// The object's bytes as they were shown: whether the receipt is of these
        #[arg(long, value_name = "FILE")]
        object: Option<PathBuf>,
    },
}

impl Receipt {
    pub(crate) fn run(&self, global: &Global) -> Result<Done, Failure> {
        if let Receipt::Verify { file, key, object } = self {
            return verify(global, file, key, object.as_deref());
        }
        let ledger = store::open_existing(global)?;
        ledger.catch_up()?;
        actor::own(global, &ledger)?;
        match self {
            Receipt::List { org } => list(global, &ledger, org)?,
            Receipt::Show { org, object, leaf } => match (object, leaf) {
                (Some(object), _) => {
                    let (id, version) = object.split_once('@').map_or((object.as_str(), None), |(id, v)| (id, Some(v)));
                    for proof in show::of_object(&ledger, org, id, version)? {
                        out::line(proof.text().trim_end())?;
                    }
                }
                (None, leaf) => out::line(show::of_leaf(&ledger, org, leaf.unwrap_or(0))?.text().trim_end())?,
            },
            Receipt::Checkpoint { org } => out::line(tree::checkpoint(&ledger, org)?.trim_end())?,
            Receipt::Key { org } => out::line(&tree::verifier(&ledger, org).encode())?,
            Receipt::Seal | Receipt::Verify { .. } => {
                let sealed = receipt::seal_all(&ledger)?;
                out::say(format!("{sealed} receipts came under signed heads"));
            }
        }
        Ok(Done::Fine)
    }
}

/// One leaf of a partner's tree.
#[derive(serde::Serialize)]
struct Leaf {
    #[serde(flatten)]
    receipt: receipt::Receipt,
    /// What it says, in words.
    words: String,
}

fn list(global: &Global, ledger: &ledger::Ledger, org: &str) -> Result<(), Failure> {
    let mut rows: Vec<Leaf> = Vec::new();
    loop {
        let from = rows.last().map_or(0, |row| row.receipt.leaf + 1);
        let page = ledger.read(|tx| {
            let mut page = Vec::new();
            for receipt in receipt::list(tx, org, from, PAGE)? {
                let words = match statement::head(tx, ledger.hub(), &receipt) {
                    Ok(said) => show::words(&said),
                    Err(ledger::Error::Refused { reason, .. }) => format!("{}: {reason}", receipt.at),
                    Err(e) => return Err(e),
                };
                page.push(Leaf { receipt, words });
            }
            Ok(page)
        })?;
        let done = (page.len() as i64) < PAGE;
        rows.extend(page);
        if done {
            break;
        }
    }
    out::rows(global.format, &rows, &["leaf", "what", "sealed", "in words"], |Leaf { receipt: r, words }| {
        vec![r.leaf.to_string(), r.kind.clone(), if r.sealed { "yes" } else { "not yet" }.to_owned(), words.clone()]
    })?;
    if rows.is_empty() {
        out::say(format!("nothing passed between this hub and {org} yet"));
    }
    Ok(())
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let failed = |e: std::io::Error| Failure::CouldNot(format!("{}: {e}", path.display()));
    if std::fs::metadata(path).map_err(failed)?.len() > FILE_MAX {
        return Err(Failure::Usage(format!("{} is larger than {FILE_MAX} bytes", path.display())));
    }
    std::fs::read(path).map_err(failed)
}

fn verify(global: &Global, file: &Path, key: &str, object: Option<&Path>) -> Result<Done, Failure> {
    let key = Verifier::parse(key).ok_or_else(|| Failure::Usage("the key is not as `receipt key` prints it".into()))?;
    let text = String::from_utf8(read(file)?).map_err(|_| Failure::Integrity("this is no receipt".into()))?;
    let bytes = object.map(read).transpose()?;
    // what does not hold is a matter of integrity, whatever rule says so
    let checked = match show::check(&text, &key, bytes.as_deref()) {
        Err(ledger::Error::Refused { reason, .. }) => {
            return Err(Failure::Integrity(format!("the receipt does not hold: {reason}")));
        }
        other => other?,
    };
    if global.format == Format::Table {
        for (key, value) in &checked.says {
            out::line(&format!("{key}  {value}"))?;
        }
        if let Some(object) = &checked.object {
            out::line(&format!("object  {object}"))?;
        }
    } else {
        out::json(&checked)?;
    }
    let of_bytes = if checked.bytes { ", and is of these bytes" } else { "" };
    out::say(format!("the receipt holds: leaf {} of {} under {}{of_bytes}", checked.leaf, checked.size, checked.tree));
    Ok(Done::Fine)
}
