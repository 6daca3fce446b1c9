//! Agreements between named parties: the days on which they speak, how high, about what, and what they bind the parties to.
//!
//! An agreement is seen here from one organisation that it names, as a party or as a client of one. Several stand side by side under
//! different names; within one name the record made last speaks over the earlier ones. Deciding with them is [`crate::release`]'s.
use crate::stage::AgreementMeta;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use stix::Tlp;

/// One agreement as an organisation that it names sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreement {
    /// First day in force.
    pub from: Date,
    /// Last day in force; open where absent.
    pub to: Option<Date>,
    /// The highest marking that may be given under it.
    pub clearance: Tlp,
    /// What else was agreed.
    pub clauses: Clauses,
}

/// What an agreement says beside its days and its height. The default is an agreement with the operator about everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Clauses {
    /// The party under whose key it is recorded. With the name it tells which records are of one agreement.
    pub first: String,
    /// Its name; empty for the one that an organisation has with the operator and that needs none.
    pub name: String,
    /// This record no longer names the organisation, as an earlier one of the same agreement did: it gives nothing.
    pub left_out: bool,
    /// The other parties, by key. Where the operator is not among them, it is about what one of them gave, and nothing else.
    pub with: Vec<String>,
    /// The operator is a party.
    pub with_operator: bool,
    /// The party whose client the organisation is; `None` where it is a party itself.
    pub client_of: Option<String>,
    /// What it is about; empty for everything.
    pub scope: Scope,
    /// The legal basis, in words.
    pub basis: Option<String>,
    /// What law compels the party to disclose.
    pub compelled: Vec<Compulsion>,
    /// The party may pass on what it gets, to its clients.
    pub onward: bool,
    /// The party is told where what it gave was seen.
    pub sightings: bool,
    /// Creators, by the ids of their identities, or [`ANYBODY`]: the party may bring new versions of what they made.
    pub relays: Vec<String>,
}

/// In [`Clauses::relays`]: whoever created it.
pub const ANYBODY: &str = "any";

/// What an agreement is about. A dimension that names nothing leaves nothing out, as long as no other one names something else.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// Ids of collections.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub collections: BTreeSet<String>,
    /// Types of objects.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub types: BTreeSet<String>,
    /// Labels of objects; one of them suffices.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub topics: BTreeSet<String>,
    /// Exposures and asks about them.
    #[serde(default, skip_serializing_if = "is_false")]
    pub exposures: bool,
}

fn is_false(flag: &bool) -> bool {
    !flag
}

impl Scope {
    /// Whether it is about everything.
    pub fn is_empty(&self) -> bool {
        *self == Scope::default()
    }

    /// Whether it is about an object in a collection, of a type, with labels.
    pub fn covers_object(&self, collection: Option<&str>, kind: &str, topics: &[&str]) -> bool {
        let objects = !(self.collections.is_empty() && self.types.is_empty() && self.topics.is_empty());
        (objects || !self.exposures)
            && (self.collections.is_empty() || collection.is_some_and(|id| self.collections.contains(id)))
            && (self.types.is_empty() || self.types.contains(kind))
            && (self.topics.is_empty() || topics.iter().any(|topic| self.topics.contains(*topic)))
    }

    /// Whether it is about somebody's weakness.
    pub fn covers_exposures(&self) -> bool {
        self.exposures || self.is_empty()
    }

    /// Reads what `--scope` says: `collection=ID`, `type=TYPE`, `topic=LABEL`, `exposures`.
    pub fn read(parts: &[String]) -> Result<Scope, String> {
        let mut scope = Scope::default();
        for part in parts {
            let fresh = match part.split_once('=') {
                Some((_, "")) => return Err(format!("{part:?} names nothing")),
                Some(("collection", id)) => scope.collections.insert(id.to_ascii_lowercase()),
                Some(("type", kind)) => scope.types.insert(kind.to_ascii_lowercase()),
                Some(("topic", label)) => scope.topics.insert(label.to_owned()),
                None if part == "exposures" => !std::mem::replace(&mut scope.exposures, true),
                _ => return Err(format!("{part:?} is no scope: collection=ID, type=TYPE, topic=LABEL or exposures")),
            };
            if !fresh {
                return Err(format!("{part:?} stands twice"));
            }
        }
        Ok(scope)
    }
}

/// What a law makes a party disclose to others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compulsion {
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// The law, in words.
    pub law: String,
    /// What is marked higher is not given, unless the originator allowed it. CLEAR where nothing was said: the law may reach all the rest.
    pub cap: Tlp,
}

impl std::str::FromStr for Compulsion {
    type Err = String;

    /// Reads `COUNTRY:LAW` or `COUNTRY:LAW:CAP`. A colon within the name of a law needs the cap written.
    fn from_str(text: &str) -> Result<Compulsion, String> {
        let form = || format!("{text:?} is not COUNTRY:LAW or COUNTRY:LAW:CAP");
        let (country, rest) = text.split_once(':').ok_or_else(form)?;
        if country.len() != 2 || !country.bytes().all(|b| b.is_ascii_alphabetic()) {
            return Err(format!("{country:?} is no ISO 3166 code of two letters"));
        }
        let (law, cap) = match rest.rsplit_once(':') {
            Some((law, cap)) => (law, cap.parse::<Tlp>().map_err(|e| e.to_string())?),
            None => (rest, Tlp::Clear),
        };
        let law = law.trim();
        if law.is_empty() || law.len() > 300 || law.contains(char::is_control) {
            return Err(form());
        }
        Ok(Compulsion { country: country.to_ascii_uppercase(), law: law.to_owned(), cap })
    }
}

impl Agreement {
    /// An agreement with the operator about everything, up to a mark.
    pub fn plain(from: Date, to: Option<Date>, clearance: Tlp) -> Agreement {
        Agreement { from, to, clearance, clauses: Clauses { with_operator: true, ..Clauses::default() } }
    }

    /// What one organisation has of a recorded agreement; `None` where the record cannot be read.
    pub fn of(meta: &AgreementMeta, org: &str, home: &str) -> Option<Agreement> {
        let parties = std::iter::once(&meta.org).chain(&meta.with);
        let party = parties.clone().any(|p| p == org);
        let client = !party && meta.clients.iter().any(|c| c == org);
        let others = parties.filter(|p| *p != org && *p != home);
        let clauses = Clauses {
            first: meta.org.clone(),
            name: meta.name.clone().unwrap_or_default(),
            left_out: !party && !client,
            with: others.cloned().collect(),
            with_operator: meta.with.is_empty() || meta.with.iter().any(|p| p == home),
            client_of: client.then(|| meta.org.clone()),
            scope: meta.scope.clone(),
            basis: meta.basis.clone(),
            compelled: meta.compelled.clone(),
            onward: meta.onward,
            sightings: meta.sightings,
            relays: if party { meta.relays.clone() } else { Vec::new() },
        };
        Some(Agreement {
            from: meta.from.parse().ok()?,
            to: meta.to.as_deref().map(str::parse).transpose().ok()?,
            clearance: meta.clearance.parse().ok()?,
            clauses,
        })
    }

    /// The agreement in words, to stand after "by".
    pub fn words(&self) -> String {
        let name = match self.clauses.name.as_str() {
            "" => "its agreement".to_owned(),
            name => format!("the agreement {name}"),
        };
        let whose = match &self.clauses.client_of {
            Some(party) => format!(" as a client of {party}"),
            None => String::new(),
        };
        format!("{name}{whose} since {}", self.from)
    }
}

/// The agreements that speak on a day, given all of an organisation in the order of their recording: under each name, of those that have
/// begun the one recorded last, if it has not ended. So a renewal recorded early leaves no gap, and an agreement ended early, or lowered, is
/// not kept alive by the older record.
pub fn in_force(agreements: &[Agreement], on: Date) -> Vec<&Agreement> {
    let mut last: BTreeMap<(&str, &str), (usize, &Agreement)> = BTreeMap::new();
    for (at, agreement) in agreements.iter().enumerate().filter(|(_, a)| a.from <= on) {
        last.insert((&agreement.clauses.first, &agreement.clauses.name), (at, agreement));
    }
    let speaks = |a: &Agreement| a.to.is_none_or(|to| on <= to) && !a.clauses.left_out;
    let mut standing: Vec<(usize, &Agreement)> = last.into_values().filter(|(_, a)| speaks(a)).collect();
    standing.sort_unstable_by_key(|(at, _)| *at);
    standing.into_iter().map(|(_, agreement)| agreement).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn agreement(from: &str, to: &str, clearance: Tlp) -> Agreement {
        Agreement::plain(day(from), (!to.is_empty()).then(|| day(to)), clearance)
    }

    #[test]
    fn the_one_recorded_last_of_those_begun() {
        #[track_caller]
        fn check(agreements: &[Agreement], on: &str, expected: &[Tlp]) {
            let got: Vec<Tlp> = in_force(agreements, day(on)).into_iter().map(|a| a.clearance).collect();
            assert_eq!(got, expected, "{on}");
        }
        let first = agreement("2025-01-01", "2025-12-31", Tlp::Green);
        let renewal = agreement("2026-01-01", "", Tlp::Amber);
        let both = [first.clone(), renewal];
        check(&[], "2025-06-01", &[]);
        check(&both, "2024-12-31", &[]);
        check(&both, "2025-01-01", &[Tlp::Green]);
        check(&both, "2025-12-31", &[Tlp::Green]);
        check(&both, "2026-01-01", &[Tlp::Amber]);
        let ended = [first.clone(), agreement("2025-01-01", "2025-05-31", Tlp::Green)];
        check(&ended, "2025-05-31", &[Tlp::Green]);
        check(&ended, "2025-06-01", &[]);
        let lowered = [first.clone(), agreement("2025-03-01", "", Tlp::Clear)];
        check(&lowered, "2025-02-28", &[Tlp::Green]);
        check(&lowered, "2025-03-01", &[Tlp::Clear]);
        let mut named = agreement("2025-02-01", "", Tlp::Red);
        named.clauses.name = "exercise".to_owned();
        check(&[named, first], "2025-02-01", &[Tlp::Red, Tlp::Green]);
    }

    #[test]
    fn scopes() {
        #[track_caller]
        fn check(parts: &str, expected: &str) {
            let parts: Vec<String> = parts.split_whitespace().map(str::to_owned).collect();
            let said = Scope::read(&parts).map(|scope| {
                let object =
                    |collection, kind, topics: &[&str]| u8::from(scope.covers_object(collection, kind, topics));
                let objects = [
                    object(Some("c"), "indicator", &["ics"]),
                    object(Some("d"), "malware", &["ics", "x"]),
                    object(None, "", &[]),
                ];
                format!("{objects:?} {}", scope.covers_exposures())
            });
            assert_eq!(said.unwrap_or_else(|e| e), expected);
        }
        check("", "[1, 1, 1] true");
        check("collection=C", "[1, 0, 0] false");
        check("type=indicator type=malware", "[1, 1, 0] false");
        check("topic=x", "[0, 1, 0] false");
        check("type=indicator topic=x", "[0, 0, 0] false");
        check("exposures", "[0, 0, 0] true");
        check("exposures collection=c", "[1, 0, 0] true");
        check("type=", "\"type=\" names nothing");
        check("type=a type=a", "\"type=a\" stands twice");
        check("all", "\"all\" is no scope: collection=ID, type=TYPE, topic=LABEL or exposures");
    }

    #[test]
    fn compulsions() {
        #[track_caller]
        fn check(text: &str, expected: &str) {
            let said = text.parse::<Compulsion>().map(|c| format!("{}|{}|{}", c.country, c.law, c.cap));
            assert_eq!(said.unwrap_or_else(|e| e), expected);
        }
        check("se:Offentlighetsprincipen", "SE|Offentlighetsprincipen|CLEAR");
        check("US:FOIA:amber", "US|FOIA|AMBER");
        check("US:5 U.S.C.: 552:GREEN", "US|5 U.S.C.: 552|GREEN");
        check("US:FOIA:high", "`high` is not a TLP label: write CLEAR, GREEN, AMBER, AMBER+STRICT or RED");
        check("USA:FOIA", "\"USA\" is no ISO 3166 code of two letters");
        check("US:", "\"US:\" is not COUNTRY:LAW or COUNTRY:LAW:CAP");
        check("FOIA", "\"FOIA\" is not COUNTRY:LAW or COUNTRY:LAW:CAP");
    }
}
