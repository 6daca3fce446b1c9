//! Why an organisation gets an object, or does not: the release decision itself, for each held version in each collection, per property.
//!
//! Made from the object's own bytes and the definitions that are held, not from the compiled rights; a test holds the two against each other.
use crate::collection::{self, Collection};
use crate::versions::Held;
use crate::{facet, meaning, sight};
use jiff::civil::Date;
use ledger::{Error, Result, Tx};
use partners::agreement::Agreement;
use partners::release::{Decision, Origin, Part, Readers, Recipient, Subject, What, decide};
use partners::role::Role;
use serde::Serialize;
use stix::marking::{self, Terms};
use stix::tlp::{self, ById};
use stix::{Head, Tlp};

/// What is said of one version of an object.
#[derive(Clone, Debug, Serialize)]
pub struct Explained {
    /// Its `id`.
    pub id: String,
    /// Its `type`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its version as written; `None` where it has none.
    pub version: Option<String>,
    /// The event whose body it is.
    pub event: i64,
    /// Where it came from.
    pub source: String,
    /// It lies in a collection out of which the organisation gets it.
    pub released: bool,
    /// In each collection that lists it.
    pub collections: Vec<InCollection>,
}

/// The decision in one collection.
#[derive(Clone, Debug, Serialize)]
pub struct InCollection {
    /// Its id.
    pub collection: String,
    /// For people.
    pub title: String,
    /// The label that counted for the whole.
    pub tlp: Tlp,
    /// Why this label: its markings, the collection's default, a marking that is not held.
    pub label: String,
    /// All rules let it pass.
    pub released: bool,
    /// Each rule that was asked.
    pub rules: Vec<Said>,
    /// The copy that this hub made of it, or why there is none; absent where none was due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub copy: Option<String>,
}

/// One rule and what it said.
#[derive(Clone, Debug, Serialize)]
pub struct Said {
    /// The property that it is about; absent for the whole.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub property: String,
    /// Stable code.
    pub rule: &'static str,
    /// It lets it pass.
    pub passes: bool,
    /// In words.
    pub reason: String,
}

/// An organisation as the decision sees it.
#[derive(Clone, Debug)]
pub struct Asked {
    org: String,
    kind: String,
    country: Option<String>,
    aka: Vec<String>,
    is_operator: bool,
    agreements: Vec<Agreement>,
}

impl Asked {
    /// The organisation of this key. `home` is the operator's own.
    pub fn find(tx: &mut Tx<'_>, org: &str, home: &str) -> Result<Asked> {
        let card = partners::org::find(tx, org)?.ok_or_else(|| {
            Error::refused("org-unknown", format!("no partner {org} is known"), "import it in a partners table first")
        })?;
        Ok(Asked {
            org: org.to_owned(),
            kind: card.kind.unwrap_or_else(|| "other".to_owned()),
            country: card.country,
            aka: card.aka,
            is_operator: org == home,
            agreements: partners::org::agreements(tx, org)?,
        })
    }

    pub(crate) fn recipient(&self) -> Recipient<'_> {
        Recipient {
            org: &self.org,
            aka: &self.aka,
            kind: &self.kind,
            country: self.country.as_deref(),
            is_operator: self.is_operator,
            // the organisation is asked about, not one of its people: at the operator's own, whoever works with it
            role: if self.is_operator { Role::Operator } else { Role::Partner },
            clearance: None,
            agreements: &self.agreements,
        }
    }
}

/// Explains all held versions of an object, or one where `object` is `id@version`, in the order of the versions.
pub fn explain(tx: &mut Tx<'_>, object: &str, asked: &Asked, on: Date) -> Result<Vec<Explained>> {
    let mut out = Vec::new();
    for event in versions(tx, object)? {
        out.extend(of_version(tx, event, &asked.recipient(), on)?);
    }
    Ok(out)
}

/// The events of all held versions of an object, or of one where `object` is `id@version`, in the order of the versions.
pub(crate) fn versions(tx: &mut Tx<'_>, object: &str) -> Result<Vec<i64>> {
    let (id, version) = match object.split_once('@') {
        Some((id, version)) => (id, Some(version)),
        None => (object, None),
    };
    let sql = "SELECT idx, version, vkey FROM @stix_object WHERE id = $1 ORDER BY vkey";
    let rows = tx.all(sql, &[id.into()], |r| (r.int(0), r.opt_text(1).map(str::to_owned), r.text(2).to_owned()))?;
    let named = |row: &(i64, Option<String>, String)| match version {
        Some(wanted) => {
            row.1.as_deref() == Some(wanted) || stix::Timestamp::parse(wanted).is_ok_and(|at| at.key() == row.2)
        }
        None => true,
    };
    let events: Vec<i64> = rows.into_iter().filter(named).map(|row| row.0).collect();
    if events.is_empty() {
        let next = "give the id of a STIX object that was imported, or id@version";
        return Err(Error::refused("object-unknown", format!("no object {object} is held"), next));
    }
    Ok(events)
}

/// One version, in each collection that lists it. `None` where its bytes were erased.
pub(crate) fn of_version(
    tx: &mut Tx<'_>,
    event: i64,
    recipient: &Recipient<'_>,
    on: Date,
) -> Result<Option<Explained>> {
    let Some(body) = tx.body(event)?.filter(|body| !body.is_empty()) else { return Ok(None) };
    let Ok(head) = Head::read(&body) else { return Ok(None) };
    let sql = "SELECT source, giver, shown, asks, waiting, tlp, partial, remark FROM @stix_object WHERE idx = $1";
    let row = tx.one(sql, &[event.into()], |r| Row {
        source: r.text(0).to_owned(),
        giver: r.opt_text(1).map(str::to_owned),
        shown: r.bool(2),
        terms: facet::asked(r.text(3)),
        waiting: r.int(4) > 0,
        tlp: r.opt_int(5).map(Tlp::from_rank),
        partial: r.bool(6),
        remark: r.opt_int(7).map(Tlp::from_rank),
    })?;
    let Some(mut row) = row else { return Ok(None) };
    row.terms.unknown |= row.waiting;
    let marks = Marks::read(tx, event, &head)?;
    let one = One { event, head, row, marks };
    let sql = "SELECT collection FROM @listing WHERE object = $1 ORDER BY collection";
    let mut collections = Vec::new();
    for id in tx.all(sql, &[event.into()], |r| r.text(0).to_owned())? {
        if let Some(collection) = collection::find(tx, &id)? {
            collections.push(in_collection(tx, &one, &collection, recipient, on)?);
        }
    }
    give_way(tx, event, &one.head.id, recipient, on, &mut collections)?;
    Ok(Some(Explained {
        id: one.head.id.to_string(),
        kind: one.head.kind.to_string(),
        version: one.head.version().map(str::to_owned),
        event,
        source: one.row.source,
        released: collections.iter().any(|c| c.released),
        collections,
    }))
}

/// Of versions that conflict the one that its collection listed first goes out ([`crate::view`]).
fn give_way(
    tx: &mut Tx<'_>,
    event: i64,
    id: &str,
    recipient: &Recipient<'_>,
    on: Date,
    collections: &mut [InCollection],
) -> Result<()> {
    let held: Vec<Held> = crate::versions::held(tx, &[id])?.into_values().flatten().collect();
    let Some(own) = held.iter().find(|one| one.object == event).filter(|_| held.iter().any(|one| one.line != 0)) else {
        return Ok(());
    };
    for other in held.iter().filter(|other| other.object != event && !own.agrees(id, other)) {
        for place in collections.iter_mut().filter(|place| place.released) {
            let sql = "SELECT 1 FROM @listing a JOIN @listing b ON b.collection = a.collection AND b.seq < a.seq \
                       WHERE a.collection = $1 AND a.object = $2 AND b.object = $3";
            let listed = [(&place.collection).into(), event.into(), other.object.into()];
            if tx.one(sql, &listed, |_| ())?.is_none() {
                continue;
            }
            let first = of_version(tx, other.object, recipient, on)?;
            if first.is_some_and(|f| f.collections.iter().any(|c| c.collection == place.collection && c.released)) {
                place.released = false;
                place.rules.push(Said {
                    property: String::new(),
                    rule: "gives-way",
                    passes: false,
                    reason: "another version of it was listed here first and goes out: the two contradict each other"
                        .to_owned(),
                });
            }
        }
    }
    Ok(())
}

struct Row {
    source: String,
    giver: Option<String>,
    shown: bool,
    terms: Terms,
    waiting: bool,
    tlp: Option<Tlp>,
    /// Only a property is marked.
    partial: bool,
    /// How a person here marked it.
    remark: Option<Tlp>,
}

/// What the markings of an object mean: of the whole, and of each property with one of its own.
struct Marks {
    whole: Option<Tlp>,
    parts: Vec<(String, Option<Tlp>, Terms)>,
}

impl Marks {
    fn read(tx: &mut Tx<'_>, event: i64, head: &Head<'_>) -> Result<Marks> {
        let giver = meaning::giver(tx, event)?;
        let mut whole = None;
        for reference in &head.marking_refs {
            whole = whole.max(meaning::said(tx, reference, giver.as_deref())?.0);
        }
        if matches!(tlp::by_id(&head.id), ById::Known(_)) {
            whole = whole.or(Some(Tlp::Clear));
        }
        let mut parts = Vec::new();
        for part in marking::parts(head) {
            let (tlp, terms) = meaning::said(tx, &part.marking, giver.as_deref())?;
            parts.push((part.selector, tlp, terms));
        }
        Ok(Marks { whole, parts })
    }
}

/// One version, as far as it is the same in all collections.
struct One<'a> {
    event: i64,
    head: Head<'a>,
    row: Row,
    marks: Marks,
}

fn in_collection(
    tx: &mut Tx<'_>,
    one: &One<'_>,
    collection: &Collection,
    recipient: &Recipient<'_>,
    on: Date,
) -> Result<InCollection> {
    let One { event, head, row, marks } = one;
    let parts: Vec<Part<'_>> = marks.parts.iter().map(|(place, tlp, terms)| Part { place, tlp: *tlp, terms }).collect();
    let (tlp, label) = label(row, marks, collection);
    let consented =
        tx.all("SELECT org FROM @consent WHERE id = $1 ORDER BY org", &[(&*head.id).into()], |r| r.text(0).to_owned())?;
    let consented: Vec<&str> = consented.iter().map(String::as_str).collect();
    let unnamed = match &row.giver {
        Some(giver) if collection.handling.anonymise && row.shown => !partners::org::may_name(tx, giver)?,
        _ => false,
    };
    let labels = facet::topics_of(head);
    let topics: Vec<&str> = labels.iter().map(String::as_str).collect();
    let named: Vec<&str> = collection.read.iter().map(String::as_str).collect();
    let readers = if named.is_empty() { Readers::OperatorOnly } else { Readers::Named(&named) };
    let sighting = sight::of(tx, *event, &head.kind)?;
    let subject = Subject {
        terms: Some(&row.terms),
        sighting: sighting.as_ref().map(facet::Sighting::subject),
        what: What { collection: Some(&collection.id), kind: &head.kind, topics: &topics },
        origin: Origin { org: row.giver.as_deref(), consented: &consented, unnamed },
        parts: &parts,
        ..Subject::new(tlp, readers)
    };
    let Decision { allowed, because } = decide(&subject, recipient, on);
    let rules =
        because.into_iter().map(|r| Said { property: r.place, rule: r.code, passes: r.passes, reason: r.reason });
    Ok(InCollection {
        collection: collection.id.clone(),
        title: collection.title.clone(),
        tlp,
        label,
        released: allowed,
        rules: rules.collect(),
        copy: crate::copy::said(tx, *event, &collection.id)?,
    })
}

/// The label that counts for the whole, as it was recorded, and why.
fn label(row: &Row, marks: &Marks, collection: &Collection) -> (Tlp, String) {
    let default = collection.tlp;
    let Some(tlp) = row.tlp.filter(|_| !row.waiting) else {
        return match row.waiting {
            true => (Tlp::Red, "a marking of it is not held: RED until it is".to_owned()),
            false => (default, format!("it is unmarked: the collection's default is TLP:{default}")),
        };
    };
    match marks.whole {
        _ if row.remark == Some(tlp) => (tlp, format!("a person here marked it TLP:{tlp}")),
        _ if row.partial && default >= tlp => {
            (default, format!("but for a property it is unmarked: the collection's default is TLP:{default}"))
        }
        Some(whole) if whole >= tlp => (tlp, format!("it is marked TLP:{tlp}")),
        Some(whole) => (tlp, format!("it is marked TLP:{whole}, and a property of it TLP:{tlp}")),
        None if marks.parts.iter().any(|(_, part, _)| *part == Some(tlp)) => {
            (tlp, format!("a property of it is marked TLP:{tlp}"))
        }
        None => (tlp, format!("it was given as TLP:{tlp}")),
    }
}
