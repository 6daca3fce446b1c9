//! A letter: what the hub has to say to an organisation beside its asks, to the best of its contacts, over the same outbox. It asks for no answer that a clock
//! waits for. What it says is for whoever writes it; that it went, came back or may be lost is recorded here.
use ledger::{Draft, Error, Ledger, Result, Tx};
use serde::{Deserialize, Serialize};

use crate::contact::Contact;
use crate::mail::{self, Sender};
use crate::post::{Office, Post, Report};
use crate::text::Text;
use crate::{contact, desk, post, query};

/// The kind of its event.
pub const LETTER: &str = "act.letter";
/// How its row of the outbox begins, where an ask has its reference.
const ROW: &str = "letter:";

/// `act.letter`: what became of a letter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LetterMeta {
    /// To whom.
    pub org: String,
    /// About what: `review-2025-Q1`.
    pub about: String,
    /// The message.
    pub message_id: String,
    /// The address.
    pub email: String,
    /// `folder`, `smtp HOST`.
    pub channel: String,
    /// `sent`, `bounced`, `lost`.
    pub outcome: String,
    /// What the other side said, where it said no.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// To whom a letter to an organisation goes: the best of its contacts, or nobody where none is known.
pub fn addressee(tx: &mut Tx<'_>, org: &str) -> Result<Option<Contact>> {
    let (contacts, on) = (query::contacts_of(tx, org)?, desk::day(tx.now()));
    Ok(contact::best(contacts.iter(), on).cloned())
}

/// Writes a letter into the outbox for the best contact of an organisation; gives its address, or nothing where none is known. `about`: letters, digits and
/// hyphens.
pub fn queue(
    tx: &mut Tx<'_>,
    hub: &str,
    sender: &Sender,
    org: &str,
    about: &str,
    text: &Text,
) -> Result<Option<String>> {
    let Some(to) = addressee(tx, org)? else { return Ok(None) };
    let row = format!("{ROW}{org}:{about}");
    let sql = "SELECT count(*) FROM outbox WHERE ask = $1";
    let attempt = tx.one(sql, &[(&row).into()], |r| r.int(0))?.unwrap_or_default();
    let message_id = mail::message_id(&format!("{about}.{org}"), attempt, hub, sender);
    let message = mail::build(sender, (to.name.as_deref(), &to.email), text, &message_id, tx.now())
        .map_err(|e| Error::refused("mail", e, "correct the contact"))?;
    post::enqueue(tx, &row, attempt, &message_id, &to.email, &message)?;
    Ok(Some(to.email.clone()))
}

/// Hands over what lies ready in the outbox, and plans nothing.
pub fn deliver(ledger: &Ledger, office: &Office) -> Result<Report> {
    let Office { channel, sender, about, .. } = office;
    let post = Post { channel, sender, about, answer_url: &office.link("a/") };
    let mut report = Report::default();
    let mut carrier = channel.carrier(sender);
    post::drain(ledger, &post, carrier.as_mut(), &mut report)?;
    Ok(report)
}

/// Records what became of a letter; false where the row is none.
pub(crate) fn went(tx: &mut Tx<'_>, row: &str, meta: &dyn Fn(&str, &str) -> LetterMeta) -> Result<bool> {
    let Some((org, about)) = row.strip_prefix(ROW).and_then(|rest| rest.split_once(':')) else { return Ok(false) };
    let meta = meta(org, about);
    tx.append(Draft::new(LETTER, &meta)?.key(format!("{LETTER}/{}/{}", meta.outcome, meta.message_id)))?;
    Ok(true)
}
