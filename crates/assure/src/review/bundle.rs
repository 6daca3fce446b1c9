//! The file by which a stranger recomputes a frozen review (docs/decisions/0020): every leaf of the log up to a signed head, and the payload of each entry of a
//! kind that a measure reads. One left out is found by its header, one altered by its leaf. What may not go to the reader is there as withheld, and counts as
//! that. `verifier/verify.py` reads it.
use std::io::Write;

use ledger::checkpoint::{Checkpoint, base64};
use ledger::leaves::{self, Leaf};
use ledger::{Error, Ledger, Result, Tx};
use partners::Person;
use partners::may::Verb;
use partners::release::{self, Readers, Subject, Weakness};
use serde_json::json;
use stix::Tlp;

use crate::period::Period;
use crate::record::RecordMeta;
use crate::review::{FROZEN, desk};
use crate::stage::Assure;

/// The form of the file.
pub const FORM: &str = "mainstay-bundle-1";

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Written {
    /// Entries of the log.
    pub entries: i64,
    /// Payloads in it.
    pub payloads: i64,
    /// Payloads that a measure reads and this reader may not have.
    pub withheld: i64,
    /// Payloads that were purged.
    pub purged: i64,
}

/// Signs the head of the log, and writes the bundle of a frozen review for whoever asks, or for somebody whom they name. Gives for whom, too.
///
/// # Errors
/// [`Error::Refused`] where the role of whoever asks does not allow it, where nobody has that name, and as [`write`].
pub fn of(
    ledger: &Ledger,
    review: &Period,
    (by, reader): (&Person, Option<&str>),
    out: &mut dyn Write,
) -> Result<(Written, Person)> {
    by.must(Verb::Verify)?;
    let reader = match reader {
        None => by.clone(),
        Some(name) => ledger.read(|tx| someone(tx, name, &ledger.genesis().home))?,
    };
    let (head, key) = (ledger.checkpoint()?, ledger.verifier().encode());
    let mut is_begun = false;
    let written = ledger.read(|tx| {
        // what was written cannot be taken back
        if std::mem::replace(&mut is_begun, true) {
            return Err(Error::Engine("the log could not be read through at once".to_owned()));
        }
        write(tx, review, &head, &key, &reader, out)
    })?;
    Ok((written, reader))
}

fn someone(tx: &mut Tx<'_>, name: &str, home: &str) -> Result<Person> {
    partners::person::person(tx, name, home)?.ok_or_else(|| {
        Error::refused("bundle-reader", format!("there is nobody called {name}"), "`mainstay user list` lists all")
    })
}

/// Writes the bundle of a frozen review for a reader. `key`: the hub's, as it is handed out; `head`: a checkpoint that holds the freeze.
///
/// # Errors
/// [`Error::Refused`] where the review is not frozen, or the head does not hold it.
pub fn write(
    tx: &mut Tx<'_>,
    review: &Period,
    head: &Checkpoint,
    key: &str,
    reader: &Person,
    out: &mut dyn Write,
) -> Result<Written> {
    let one = desk::must(tx, review)?;
    let Some(frozen) = one.frozen.as_ref().filter(|f| f.entry < head.size) else {
        let reason = format!("the review of {review} is not frozen");
        return Err(Error::refused("review-not-frozen", reason, "`mainstay review freeze` freezes it"));
    };
    // how long it is and whose stands in the head, which is signed
    let first = json!({ "bundle": FORM, "key": key, "checkpoint": head.note, "frozen": frozen.entry });
    writeln!(out, "{first}")?;
    let gate = Gate { reader, on: tx.now().civil() };
    let mut written = Written { entries: head.size, ..Written::default() };
    leaves::each(tx, head.size, &is_read, &mut |leaf| {
        let commitment = base64(leaf.commitment);
        let line = match (is_read(kind_of(&leaf)), leaf.kept) {
            (false, _) => json!([leaf.header, commitment]),
            (true, None) => {
                written.purged += 1;
                json!([leaf.header, commitment, "purged"])
            }
            (true, Some((salt, payload))) => match gate.withholds(kind_of(&leaf), payload) {
                None => {
                    written.payloads += 1;
                    json!([leaf.header, commitment, base64(salt), base64(payload)])
                }
                Some(rule) => {
                    written.withheld += 1;
                    json!([leaf.header, commitment, rule])
                }
            },
        };
        writeln!(out, "{line}")?;
        Ok(())
    })?;
    Ok(written)
}

/// Kinds that a measure reads, and the freeze itself.
fn is_read(kind: &str) -> bool {
    kind == FROZEN || Assure::READ.contains(&kind)
}

fn kind_of<'a>(leaf: &Leaf<'a>) -> &'a str {
    leaf.header.split(' ').nth(1).unwrap_or_default()
}

/// Whether a payload may go to the reader.
struct Gate<'a> {
    reader: &'a Person,
    on: jiff::civil::Date,
}

impl Gate<'_> {
    /// The rule that withholds it.
    fn withholds(&self, kind: &str, payload: &[u8]) -> Option<&'static str> {
        // who sees all that the hub holds sees it here too
        if self.reader.sees_all() {
            return None;
        }
        let Some(payload) = ledger::event::Payload::parse(payload.to_vec()) else { return Some("unreadable") };
        let recipient = self.reader.recipient();
        let passes = |subject: &Subject<'_>| release::decide(subject, &recipient, self.on).allowed;
        let stage = kind.split('.').next().unwrap_or_default();
        match (stage, kind) {
            ("ledger" | "partners", _) | (_, FROZEN) => None,
            ("assure", "assure.record") => {
                let meta = serde_json::from_slice::<RecordMeta>(payload.meta()).ok();
                let tlp = meta.and_then(|m| m.marking.parse().ok()).unwrap_or(Tlp::Red);
                (!passes(&Subject::new(tlp, Readers::Marking))).then_some("marking")
            }
            ("assure", _) => (!passes(&Subject::new(Tlp::Amber, Readers::Marking))).then_some("marking"),
            // what partners gave, and whose weakness follows from it: an outsider is neither
            ("exchange", _) => Some("originator"),
            _ => {
                let weakness = Weakness { owner: "", holder: None, country: None, consent: false };
                let subject = Subject { weakness: Some(weakness), ..Subject::new(Tlp::Amber, Readers::Marking) };
                (!passes(&subject)).then_some("weakness")
            }
        }
    }
}
