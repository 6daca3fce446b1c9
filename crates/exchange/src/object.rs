//! One object for whoever reads it: its versions, the marks on its parts, the names of what it refers to. Everything here is met through
//! the reader's views; what they do not hold is as if it were not held at all.
use crate::batch::rows;
use crate::search::{Eyes, Wanted};
use crate::{meaning, view};
use jiff::civil::Date;
use ledger::{Micros, Result, Tx};
use partners::Person;
use std::collections::BTreeMap;
use stix::marking::{self, Terms};
use stix::{Head, Tlp};

/// Objects whose names are looked up at once.
const NAMED_MAX: usize = 2_000;

/// One version that the reader may see, in one collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// The event whose body it is.
    pub event: i64,
    /// As written; `None` where it has none.
    pub version: Option<String>,
    /// The collection, by id.
    pub collection: String,
    /// The mark that counts there.
    pub tlp: Tlp,
    /// When it was added to what the reader sees.
    pub added: Micros,
    /// It revokes the object.
    pub revoked: bool,
    /// Where it came from; empty for whoever may not know.
    pub source: String,
}

/// The versions of an object that `person` may see on the day `on`, the oldest first; none where it is not held or not theirs to see.
pub fn versions(tx: &mut Tx<'_>, person: &Person, on: Date, id: &str) -> Result<Vec<Version>> {
    let eyes = Eyes::open(tx, person, on, &Wanted::default())?;
    let mut out: Vec<(String, Version)> = Vec::new();
    for (collection, (view, default)) in &eyes.doors {
        let sql = "SELECT o.idx, o.version, o.tlp, o.waiting, o.partial, e.added, o.revoked, o.source, o.vkey FROM @stix_object o \
                   CROSS JOIN @view_entry e WHERE o.id = $2 AND e.view = $1 AND e.object = o.idx ORDER BY o.vkey";
        out.extend(tx.all(sql, &[(*view).into(), id.into()], |r| {
            let version = Version {
                event: r.int(0),
                version: r.opt_text(1).map(str::to_owned),
                collection: collection.clone(),
                tlp: Tlp::from_rank(view::rank(view::effective(r.opt_int(2), r.int(3)), r.bool(4), *default)),
                added: r.micros(5),
                revoked: r.bool(6),
                source: if eyes.sees_all { r.text(7).to_owned() } else { String::new() },
            };
            (r.text(8).to_owned(), version)
        })?);
    }
    out.sort_by(|(a, x), (b, y)| (a, x.added).cmp(&(b, y.added)));
    Ok(out.into_iter().map(|(_, version)| version).collect())
}

/// An object by its name's sake: the last version that the reader may see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The event whose body it is.
    pub event: i64,
    /// Its type.
    pub kind: String,
    /// The bytes.
    pub body: Vec<u8>,
}

/// Those of these objects that `person` may see, by id.
pub fn named(tx: &mut Tx<'_>, person: &Person, on: Date, ids: &[&str]) -> Result<BTreeMap<String, Named>> {
    let eyes = Eyes::open(tx, person, on, &Wanted::default())?;
    let ids = ids.get(..ids.len().min(NAMED_MAX)).unwrap_or_default();
    let mut held: BTreeMap<i64, (String, String)> = BTreeMap::new();
    crate::versions::by_ids(tx, "idx, id, kind", ids, &mut |r| {
        held.insert(r.int(0), (r.text(1).to_owned(), r.text(2).to_owned()));
    })?;
    let objects: Vec<i64> = held.keys().copied().collect();
    let mut out = BTreeMap::new();
    for (view, _) in eyes.doors.values() {
        let sql = "SELECT e.object FROM @stix_object o CROSS JOIN @view_entry e WHERE o.idx IN (*) AND e.view = $1 AND e.object = o.idx AND e.is_last = 1";
        for event in rows(tx, sql, &[(*view).into()], &objects, &mut |r| r.int(0))? {
            if let Some((id, kind)) = held.get(&event).filter(|(id, _)| !out.contains_key(id)) {
                let body = tx.body(event)?.unwrap_or_default();
                out.insert(id.clone(), Named { event, kind: kind.clone(), body });
            }
        }
    }
    Ok(out)
}

/// The mark of one part of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MarkedPart {
    /// The selector (STIX 2.1 section 7.2.3.1).
    pub selector: String,
    /// Its label; RED for a marking that is not held.
    pub tlp: Option<Tlp>,
    /// What it asks beside a label, in words; empty where it asks nothing.
    pub asks: String,
}

/// The marks of the parts of the object that an event brought, and what the markings of the whole ask beside a label, in words.
pub fn marks(tx: &mut Tx<'_>, event: i64, head: &Head<'_>) -> Result<(Vec<MarkedPart>, Vec<String>)> {
    let giver = meaning::giver(tx, event)?;
    let mut parts = Vec::new();
    for part in marking::parts(head) {
        let (tlp, terms) = meaning::said(tx, &part.marking, giver.as_deref())?;
        parts.push(MarkedPart { selector: part.selector, tlp, asks: words(&terms) });
    }
    let mut asks = Vec::new();
    for reference in &head.marking_refs {
        let said = words(&meaning::said(tx, reference, giver.as_deref())?.1);
        if !said.is_empty() && !asks.contains(&said) {
            asks.push(said);
        }
    }
    Ok((parts, asks))
}

/// What terms ask, in words. Who else is named stays out of it.
fn words(terms: &Terms) -> String {
    let mut said: Vec<String> = Vec::new();
    if terms.audience.is_some() {
        said.push("for named recipients only".to_owned());
    }
    match terms.hops {
        Some(0) => said.push("not to be passed on".to_owned()),
        Some(1) => said.push("may be passed on once".to_owned()),
        Some(hops) => said.push(format!("may be passed on {hops} times")),
        None => {}
    }
    if terms.originator_control {
        said.push("goes on only with its originator's consent".to_owned());
    }
    if let Some(day) = &terms.embargo {
        said.push(format!("under embargo until {day}"));
    }
    if !terms.acs.is_empty() {
        said.push("under an access control policy".to_owned());
    }
    if terms.unknown {
        said.push("its marking is not held or not understood: for the operator alone".to_owned());
    }
    said.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_in_words() {
        let mut terms = Terms::default();
        assert_eq!(words(&terms), "");
        terms.hops = Some(1);
        terms.audience = Some(["vesna".to_owned()].into());
        terms.embargo = Some("2024-06-01".to_owned());
        insta::assert_snapshot!(words(&terms), @"for named recipients only; may be passed on once; under embargo until 2024-06-01");
    }
}
