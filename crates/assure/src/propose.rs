//! Proposals: what calendars, mails and exports of courses say could be recorded, so that nobody types a thing twice (docs/decisions/0019, "Proposals").
//!
//! Readers ([`ics`], [`mail`], [`course`]) make drafts of what they are given, and do nothing else: bytes in, drafts out, with what to know before one
//! is taken. [`queue`] keeps drafts until a person decides; [`decide`] is that decision, through the rules of [`crate::record`]. Nothing here
//! records by itself, and nothing here knows whether what a file says is so.
use std::collections::BTreeMap;

use act::contact::Contact;
use jiff::civil::Date;
use ledger::{Result, Tx};
use partners::org::Card;
use serde::{Deserialize, Serialize};

use crate::record::list::{self, Wanted};
use crate::record::{Catalogue, Stored};

pub mod course;
pub mod decide;
pub mod ics;
pub mod mail;
mod mime;
pub mod queue;
mod rule;
#[cfg(test)]
mod tests;

/// A draft that waits for a person.
pub(crate) const PROPOSED: &str = "assure.proposed";
/// What became of one.
pub(crate) const DECIDED: &str = "assure.decided";

/// Bytes of one file: a year of a team's calendar has some hundred thousand, a mail as much as its server lets through.
pub const FILE_MAX: usize = 32 << 20;
/// Drafts of one file: nobody decides on more.
const DRAFTS_MAX: usize = 5_000;
/// Domains that a note names.
const NAMED_MAX: usize = 5;
/// Hosts where anybody has mail: that two write from the same one says nothing.
const PUBLIC: [&str; 17] = [
    "aol.com",
    "fastmail.com",
    "gmail.com",
    "gmx.de",
    "gmx.net",
    "googlemail.com",
    "hotmail.com",
    "icloud.com",
    "live.com",
    "mail.ru",
    "me.com",
    "outlook.com",
    "proton.me",
    "protonmail.com",
    "web.de",
    "yahoo.com",
    "yandex.ru",
];

/// A record as it might stand, made of what a file says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Draft {
    /// What it came of, the same in all its versions: `ics/UID`, `ics/UID/2026-03-02`, `course/…`.
    pub of: String,
    /// What it came of together with others: the series, else as `of`.
    pub family: String,
    /// Its version, so that a later one is the greater text; empty where its source has none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// The kind of record.
    pub kind: String,
    /// The state that the source says; empty where its days say it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub state: String,
    /// The fields, as a person would type them.
    pub fields: BTreeMap<String, String>,
    /// It was called off.
    #[serde(default, skip_serializing_if = "is_false")]
    pub cancelled: bool,
    /// It is one of several that belong together.
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_series: bool,
}

fn is_false(flag: &bool) -> bool {
    !flag
}

/// Something that shows that a record is so.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Paper {
    /// The kind of the record.
    pub kind: String,
    /// Its id.
    pub id: String,
    /// Whose document it seems to be.
    pub org: String,
    /// How well it would show it.
    pub level: String,
    /// What it is, in a line.
    pub note: String,
    /// SHA-256 of the document, base64.
    pub digest: String,
}

/// What a reader found at one place.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Where in the file.
    pub place: String,
    /// What to know before it is taken.
    pub notes: Vec<String>,
    /// What it is.
    pub what: What,
    /// The document, of a paper.
    pub body: Vec<u8>,
}

/// What is proposed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "lowercase")]
pub enum What {
    /// A record, a change of one, or that it was called off.
    Record(Draft),
    /// Evidence for a record.
    Evidence(Paper),
}

/// Something that could not be read, or that nothing is proposed of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where in the file.
    pub place: String,
    /// Stable code.
    pub rule: &'static str,
    /// In words, with what to do.
    pub reason: String,
}

/// What reading a file gave.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading {
    /// What could be recorded.
    pub found: Vec<Found>,
    /// What could not be read.
    pub faults: Vec<Fault>,
    /// What was read, and nothing is proposed of it.
    pub left: Vec<Fault>,
    /// What was read, with something to be said of it.
    pub warnings: Vec<Fault>,
}

impl Reading {
    fn fault(&mut self, place: impl Into<String>, rule: &'static str, reason: impl Into<String>) {
        self.faults.push(Fault { place: place.into(), rule, reason: reason.into() });
    }

    fn leave(&mut self, place: impl Into<String>, rule: &'static str, reason: impl Into<String>) {
        self.left.push(Fault { place: place.into(), rule, reason: reason.into() });
    }
}

/// What readers know beside the bytes.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// Whose address is whose.
    pub directory: &'a Directory,
    /// The day on which it is read.
    pub today: Date,
    /// Also what names no partner.
    pub all: bool,
}

/// Whose address is whose, by the contacts that are held. An address and a domain that two organisations claim is nobody's.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    /// The operator's own organisation.
    pub home: String,
    teams: Vec<String>,
    addresses: BTreeMap<String, Option<String>>,
    domains: BTreeMap<String, Option<String>>,
}

impl Directory {
    /// Of the organisations and contacts of a store.
    pub fn new(home: &str, cards: &[Card], contacts: &[Contact]) -> Directory {
        let is_team = |card: &&Card| card.kind.as_deref() == Some("csirt") || card.key == home;
        let teams = cards.iter().filter(is_team).map(|card| card.key.clone()).collect();
        let mut directory = Directory { home: home.to_owned(), teams, ..Directory::default() };
        for contact in contacts {
            claim(&mut directory.addresses, contact.email.to_ascii_lowercase(), &contact.org);
            let domain = contact.domain();
            if !PUBLIC.contains(&domain.as_str()) {
                claim(&mut directory.domains, domain, &contact.org);
            }
        }
        directory
    }

    /// The organisation to which an address belongs: by a contact with this address, else by contacts of the same domain.
    pub fn org_of(&self, address: &str) -> Option<&str> {
        let address = address.to_ascii_lowercase();
        let (_, domain) = address.rsplit_once('@')?;
        self.addresses.get(&address).or_else(|| self.domains.get(domain))?.as_deref()
    }

    /// Whether an organisation is a response team, or the operator.
    pub fn is_team(&self, org: &str) -> bool {
        self.teams.iter().any(|team| team == org)
    }
}

fn claim(of: &mut BTreeMap<String, Option<String>>, name: String, org: &str) {
    let stands = of.entry(name).or_insert_with(|| Some(org.to_owned()));
    if stands.as_deref() != Some(org) {
        *stands = None;
    }
}

/// The form of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A calendar (RFC 5545).
    Calendar,
    /// A mail (RFC 5322).
    Mail,
    /// What a platform for courses gives, as CSV.
    Course,
}

impl Form {
    /// What a file is, by its content.
    pub fn of(bytes: &[u8]) -> Option<Form> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
        let head = bytes.get(..15).unwrap_or_default();
        match () {
            () if head.eq_ignore_ascii_case(b"BEGIN:VCALENDAR") => Some(Form::Calendar),
            () if course::is_course(bytes) => Some(Form::Course),
            () if mime::is_mail(bytes) => Some(Form::Mail),
            () => None,
        }
    }

    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Form::Calendar => "calendar",
            Form::Mail => "mail",
            Form::Course => "course",
        }
    }
}

/// A text of a stranger as one line: no control characters, no doubled blanks, at most `most` characters.
fn line(text: &str, most: usize) -> String {
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(most).collect()
}

/// The first bytes of H, in hexadecimal: enough that two never meet, short enough to be typed.
fn short(text: &str) -> String {
    ledger::merkle::sha256(text.as_bytes()).iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

/// Reads a file of a form, with what the store knows of what it speaks of.
///
/// # Errors
/// Those of the store: what cannot be read in the file stands in the reading.
pub fn read(tx: &mut Tx<'_>, form: Form, bytes: &[u8], known: &Known<'_>) -> Result<Reading> {
    Ok(match form {
        Form::Calendar => ics::read(bytes, known),
        Form::Mail => {
            let letter = mail::open(bytes);
            let catalogue = Catalogue::of(tx)?;
            let standing = mail::standing(tx, &catalogue, &letter.references())?;
            mail::read(&letter, &standing, known)
        }
        Form::Course => course::read(bytes, &programmes(tx)?, known),
    })
}

/// The programmes that are recorded, by what a course may call them.
fn programmes(tx: &mut Tx<'_>) -> Result<course::Programmes> {
    let wanted = Wanted { limit: DRAFTS_MAX, ..Wanted::default() };
    let mut out = course::Programmes::new();
    for version in list::list(tx, "programme", &wanted)?.lines.into_iter().map(|line| line.version) {
        let reference = version.fields.get("reference").map(Stored::typed).unwrap_or_default();
        for name in [&reference, &version.name, &version.id] {
            out.insert(course::named(name), version.id.clone());
        }
    }
    out.remove("");
    Ok(out)
}
