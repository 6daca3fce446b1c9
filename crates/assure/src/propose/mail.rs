//! Mails (RFC 5322): the invitations in them, and what carries the reference of a record that stands as evidence for it. Whoever sends a mail writes who
//! it is from: that is said with the proposal, with what the receiving server found (RFC 8601), and decides nothing.
use std::collections::BTreeSet;

use super::mime::{self, Mail, Message, Part};
use super::{Found, Known, Paper, Reading, What, ics, line, queue};
use crate::record::write::ARTEFACT_MAX;

/// Bytes of a body in which references are looked for: who writes one writes it at the beginning.
const SEARCHED: usize = 100 << 10;
/// Texts that may be references, of one mail.
const CANDIDATES_MAX: usize = 300;
/// Documents of one mail, and records that it speaks of.
const PAPERS_MAX: usize = 20;
/// Characters of what a server found.
const FOUND_MAX: usize = 300;

/// A record that a mail may speak of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Standing {
    /// Its kind.
    pub kind: String,
    /// Its id.
    pub id: String,
    /// The organisations that took part.
    pub took_part: Vec<String>,
}

/// A mail that was taken apart.
#[derive(Debug)]
pub struct Letter(Mail);

/// Takes a mail apart.
pub fn open(bytes: &[u8]) -> Letter {
    Letter(mime::read(bytes))
}

impl Letter {
    /// Texts in subjects and bodies that may name a record, as ids are written: what stands in brackets, and words with a digit and a letter.
    pub fn references(&self) -> BTreeSet<String> {
        let mut out = BTreeSet::new();
        for message in &self.0.messages {
            candidates(&message.head.words("Subject"), &mut out);
            candidates(&body(message).map(text).unwrap_or_default(), &mut out);
        }
        out
    }
}

fn candidates(text: &str, out: &mut BTreeSet<String>) {
    let text: String = text.chars().take(SEARCHED).collect();
    let bracketed = text.split('[').skip(1).filter_map(|rest| rest.split_once(']')).map(|(within, _)| within);
    let is_of_id = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ':' | '+');
    let words = text.split(|c: char| !is_of_id(c)).map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()));
    let is_reference = |word: &&str| word.contains(char::is_numeric) && word.contains(char::is_alphabetic);
    for candidate in bracketed.chain(words.filter(is_reference)) {
        if out.len() >= CANDIDATES_MAX {
            return;
        }
        let parts = candidate.split(|c: char| !(c.is_alphanumeric() || matches!(c, '.' | '_' | ':' | '+')));
        let parts: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
        // as an id is made of a reference, and as one is written
        for id in [parts.join("-").to_lowercase(), candidate.trim().to_lowercase()] {
            if (3..=120).contains(&id.chars().count()) {
                out.insert(id);
            }
        }
    }
}

/// What a person reads of a message: its plain text, else its marked-up one.
fn body(message: &Message) -> Option<&Part> {
    let of =
        |kind: &str| message.parts.iter().find(|part| part.kind == kind && !part.is_attached && part.name.is_empty());
    of("text/plain").or_else(|| of("text/html"))
}

/// A part as text; of a marked-up one what stands between the marks.
fn text(part: &Part) -> String {
    let text = part.text();
    if part.kind != "text/html" {
        return text;
    }
    text.split('<').map(|piece| piece.split_once('>').map_or(piece, |(_, text)| text)).collect::<Vec<_>>().join(" ")
}

/// What is proposed of a mail. `standing`: the records that its references name.
pub fn read(letter: &Letter, standing: &BTreeSet<Standing>, known: &Known<'_>) -> Reading {
    let mut out = Reading::default();
    if let Some(why) = &letter.0.unread {
        out.fault("", "mail-parts", why.clone());
    }
    let mut seen = BTreeSet::new();
    let is_forward = letter.0.messages.len() > 1;
    for message in &letter.0.messages {
        let notes = claims(message, known);
        if invitations(message, known, &notes, &mut seen, &mut out) {
            continue;
        }
        closed(message, &mut out);
        // of a mail that carries another one its own words are only the cover
        let is_cover = is_forward && message.depth == 0;
        for part in papers(message, is_cover) {
            for standing in standing.iter().take(PAPERS_MAX) {
                paper(message, part, standing, &notes, known, &mut out);
            }
        }
    }
    out.found.truncate(out.found.len().min(super::DRAFTS_MAX));
    if out.found.is_empty() && out.faults.is_empty() && out.left.is_empty() {
        let reason = "it holds no invitation and names no record that stands: put the reference of one, as [A-2026/1], into its subject";
        out.leave("", "mail-nothing", reason);
    }
    out
}

/// What is to be known of who a message is from.
fn claims(message: &Message, known: &Known<'_>) -> Vec<String> {
    let address = sender(message);
    let whose = match known.directory.org_of(&address) {
        Some(org) => format!(", an address of {org}"),
        None => ", an address that no contact has".to_owned(),
    };
    let from = if address.is_empty() { "nobody".to_owned() } else { format!("{address}{whose}") };
    let found = message.head.get("Authentication-Results").map(|found| line(found, FOUND_MAX));
    let found = match (message.depth, found) {
        (0, Some(found)) => format!("a server is said to have found (Authentication-Results): {found}"),
        (0, None) => "no server says whether that is so (it has no Authentication-Results)".to_owned(),
        // what a mail within a mail says of itself was written by whoever passed it on
        (_, _) => "it was passed on within another mail: no server has seen it as it is".to_owned(),
    };
    vec![format!("it says that it is from {from}; whoever sends a mail writes that"), found]
}

/// The address of who it says it is from.
fn sender(message: &Message) -> String {
    let from = message.head.get("From").unwrap_or_default();
    let address = match from.rsplit_once('<') {
        Some((_, rest)) => rest.split('>').next().unwrap_or_default(),
        None => from.split_whitespace().find(|word| word.contains('@')).unwrap_or_default(),
    };
    let address = line(address, 254).to_ascii_lowercase();
    if address.contains('@') { address } else { String::new() }
}

fn is_calendar(part: &Part) -> bool {
    matches!(part.kind.as_str(), "text/calendar" | "application/ics")
        || part.name.to_ascii_lowercase().ends_with(".ics")
}

/// Proposes the invitations of a message. Whether it has any.
fn invitations(
    message: &Message,
    known: &Known<'_>,
    notes: &[String],
    seen: &mut BTreeSet<String>,
    out: &mut Reading,
) -> bool {
    let calendars: Vec<&Part> = message.parts.iter().filter(|part| is_calendar(part)).collect();
    for part in &calendars {
        let text = part.text();
        // many send the same invitation as a part and as a file
        if !seen.insert(queue::digest(text.replace('\r', "").trim().as_bytes())) {
            continue;
        }
        let place = if part.name.is_empty() { "the invitation".to_owned() } else { part.name.clone() };
        let mut read = ics::read(text.as_bytes(), known);
        for found in &mut read.found {
            found.place = format!("{place}, {}", found.place);
            found.notes.extend_from_slice(notes);
        }
        for fault in read.faults.iter_mut().chain(&mut read.left) {
            fault.place = format!("{place}, {}", fault.place).trim_end_matches(", ").to_owned();
        }
        out.found.append(&mut read.found);
        out.faults.append(&mut read.faults);
        out.left.append(&mut read.left);
    }
    !calendars.is_empty()
}

/// What cannot be looked into.
fn closed(message: &Message, out: &mut Reading) {
    for part in &message.parts {
        let (rule, reason) = match part.kind.as_str() {
            "application/ms-tnef" => {
                ("mail-tnef", "winmail.dat is a form of one program: ask for the invitation or the minutes as a file")
            }
            "application/pkcs7-mime" | "application/x-pkcs7-mime" | "application/pgp-encrypted" => {
                ("mail-encrypted", "it is encrypted: decrypt it, and give what was in it")
            }
            _ => continue,
        };
        out.leave(part.name.clone(), rule, reason);
    }
}

/// What may be minutes: what is attached; else, where the mail is no cover of another, its body.
fn papers(message: &Message, is_cover: bool) -> Vec<&Part> {
    let is_paper = |part: &&Part| {
        let is_file = part.is_attached || !part.name.is_empty();
        let is_picture = part.kind.starts_with("image/") && !part.is_attached;
        let is_closed = part.kind.contains("pkcs7") || part.kind.contains("pgp") || part.kind == "application/ms-tnef";
        is_file && !is_picture && !is_closed && !part.body.is_empty()
    };
    let attached: Vec<&Part> = message.parts.iter().filter(is_paper).take(PAPERS_MAX).collect();
    match attached.is_empty() && !is_cover {
        true => body(message).filter(|part| !part.body.trim_ascii().is_empty()).into_iter().collect(),
        false => attached,
    }
}

fn paper(message: &Message, part: &Part, standing: &Standing, notes: &[String], known: &Known<'_>, out: &mut Reading) {
    let name = if part.name.is_empty() { "the mail itself" } else { &part.name };
    if part.body.len() > ARTEFACT_MAX {
        let reason = format!("it has more than {ARTEFACT_MAX} bytes: keep it elsewhere and give a reference");
        return out.fault(name, "record-artefact", reason);
    }
    let address = sender(message);
    let org = known.directory.org_of(&address).unwrap_or(&known.directory.home);
    // only the word of who took part is E2; our own paper, and anybody else's, is at first only what we say of it
    let level = if standing.took_part.iter().any(|took| took == org) { "E2" } else { "E0" };
    let subject = line(&message.head.words("Subject"), 120);
    let date = line(message.head.get("Date").unwrap_or_default(), 40);
    let note = line(&format!("{name}; mail {subject:?} of {date} from {address}"), 240);
    let paper = Paper {
        kind: standing.kind.clone(),
        id: standing.id.clone(),
        org: org.to_owned(),
        level: level.to_owned(),
        note,
        digest: queue::digest(&part.body),
    };
    let (place, notes) = (name.to_owned(), notes.to_vec());
    out.found.push(Found { place, notes, what: What::Evidence(paper), body: part.body.clone() });
}

/// The records of a store that references name.
pub(super) fn standing(
    tx: &mut ledger::Tx<'_>,
    catalogue: &crate::record::Catalogue,
    references: &BTreeSet<String>,
) -> ledger::Result<BTreeSet<Standing>> {
    let mut out = BTreeSet::new();
    for (reference, definition) in references.iter().flat_map(|r| catalogue.all().map(move |d| (r, d))) {
        let found = crate::record::list::latest(tx, &definition.kind, reference)?.filter(|found| found.void.is_none());
        out.extend(found.map(|found| Standing {
            kind: found.record.clone(),
            id: found.id.clone(),
            took_part: definition.took_part(&found).into_iter().map(str::to_owned).collect(),
        }));
    }
    Ok(out)
}
