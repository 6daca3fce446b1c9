//! What a leaf says: a few lines of text, the first word of each what it is, made from the event and nothing else. The same event gives the
//! same text for ever. A line holds no line break, so nobody's words can make a second one.
use super::Receipt;
use crate::events::{AnsweredMeta, SentMeta};
use crate::purge::{PURGE_ANSWERED, PURGED, PurgeAnsweredMeta, PurgedMeta};
use exchange::disclosed::{self, DISCLOSED, DisclosedMeta, Item, RECEIVED, ReceivedMeta};
use ledger::checkpoint::base64;
use ledger::merkle::{Frontier, Hash, leaf_hash};
use ledger::{Error, Event, Result, Tx};

/// A statement, and the objects it is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The text whose hash is the leaf.
    pub text: String,
    /// The objects, where it is about a page of them.
    pub items: Vec<Item>,
}

impl Statement {
    /// The leaf.
    pub fn hash(&self) -> Hash {
        leaf_hash(&[self.text.as_bytes()])
    }

    /// The leaves of the small tree over the objects.
    pub fn item_hashes(&self) -> Vec<Hash> {
        self.items.iter().map(|item| leaf_hash(&[line_of(item).as_bytes()])).collect()
    }
}

/// An object as it stands in the small tree: id, version, digest.
pub fn line_of(item: &Item) -> String {
    let version = if item.version.is_empty() { "-" } else { &item.version };
    format!("{} {} {}", clean(&item.id).replace(' ', ""), clean(version).replace(' ', ""), item.digest)
}

/// One line of somebody's words.
fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

struct Lines(String);

impl Lines {
    fn put(&mut self, key: &str, value: &str) {
        self.0.push_str(key);
        self.0.push(' ');
        self.0.push_str(&clean(value));
        self.0.push('\n');
    }
}

/// The statement of one exchange. After a purge of the event itself only its hash is known.
pub fn of(tx: &mut Tx<'_>, hub: &str, receipt: &Receipt) -> Result<Statement> {
    make(tx, hub, receipt, true)
}

/// The text of a statement without the root over its objects, which takes reading them all: for lists.
pub fn head(tx: &mut Tx<'_>, hub: &str, receipt: &Receipt) -> Result<String> {
    make(tx, hub, receipt, false).map(|said| said.text)
}

fn make(tx: &mut Tx<'_>, hub: &str, receipt: &Receipt, whole: bool) -> Result<Statement> {
    let gone = || Error::refused("receipt-purged", "what this receipt says was purged", "its hash stays in the tree");
    let event = tx.event(receipt.event)?.filter(|event| event.payload.is_some()).ok_or_else(gone)?;
    let blind = tx.kept(receipt.event)?.and_then(|kept| kept.blind).ok_or_else(gone)?;
    let mut lines = Lines("mainstay receipt 1\n".to_owned());
    lines.put("hub", hub);
    lines.put("partner", &receipt.org);
    lines.put("what", &receipt.kind);
    lines.put("at", &receipt.at.to_string());
    let mut items = Vec::new();
    match event.kind.as_str() {
        DISCLOSED => items = given(tx, &mut lines, &event, whole)?,
        RECEIVED => received(&mut lines, &event.meta()?),
        "act.sent" | "act.lost" => asked(&mut lines, &event.meta()?),
        "act.answered" => answered(&mut lines, &event.meta()?),
        PURGED => purged(&mut lines, &event.meta()?, &receipt.org),
        PURGE_ANSWERED => purge_answered(&mut lines, &event.meta()?),
        other => return Err(Error::Integrity(format!("event {} of kind {other} is no exchange", receipt.event))),
    }
    // so that a hash in the tree cannot be compared with guesses
    lines.put("salt", &base64(&blind));
    Ok(Statement { text: lines.0, items })
}

fn given(tx: &mut Tx<'_>, lines: &mut Lines, event: &Event, whole: bool) -> Result<Vec<Item>> {
    let meta: DisclosedMeta = event.meta()?;
    lines.put("account", &meta.person);
    lines.put("way", &meta.way);
    lines.put("collection", &meta.collection);
    match meta.agreements.is_empty() {
        true => lines.put("under", "no agreement: nothing above TLP:CLEAR"),
        false => meta.agreements.iter().for_each(|words| lines.put("under", words)),
    }
    lines.put("objects", &meta.objects.to_string());
    if !whole {
        return Ok(Vec::new());
    }
    let mut items = Vec::with_capacity(meta.objects);
    for object in disclosed::decode(event.body()).unwrap_or_default() {
        let unknown = || Item { id: "unknown".into(), version: String::new(), digest: "-".into(), blind: None };
        items.push(disclosed::item(tx, object)?.unwrap_or_else(unknown));
    }
    let mut tree = Frontier::default();
    items.iter().for_each(|item| tree.push(leaf_hash(&[line_of(item).as_bytes()])));
    lines.put("root", &base64(&tree.root()));
    Ok(items)
}

fn received(lines: &mut Lines, meta: &ReceivedMeta) {
    lines.put("account", &meta.person);
    lines.put("collection", &meta.collection);
    lines.put("status", &meta.status);
    lines.put("objects", &meta.total.to_string());
    lines.put("taken", &meta.success.to_string());
    lines.put("envelope", &meta.digest);
}

fn asked(lines: &mut Lines, meta: &SentMeta) {
    lines.put("ask", &meta.about.ask);
    lines.put("about", &meta.about.advisory);
    meta.about.vulnerabilities.iter().for_each(|v| lines.put("vulnerability", v));
    lines.put("to", &meta.email);
    lines.put("message", &meta.message_id);
}

fn answered(lines: &mut Lines, meta: &AnsweredMeta) {
    lines.put("ask", &meta.about.ask);
    lines.put("answer", &meta.answer);
    lines.put("evidence", &meta.evidence);
    lines.put("note", &meta.note);
    lines.put("reference", &meta.reference);
}

/// The partner's own part: what it was shown, not why, nor who else was.
fn purged(lines: &mut Lines, meta: &PurgedMeta, org: &str) {
    lines.put("request", &meta.purge);
    lines.put("please", "destroy what is named here, and say so");
    for receiver in meta.receivers.iter().filter(|r| r.org == org) {
        receiver.objects.iter().for_each(|(id, version)| lines.put("object", &format!("{id} {version}")));
        receiver.asks.iter().for_each(|ask| lines.put("ask", ask));
    }
}

fn purge_answered(lines: &mut Lines, meta: &PurgeAnsweredMeta) {
    lines.put("request", &meta.purge);
    lines.put("answer", &meta.answer);
    lines.put("note", &meta.note);
}
