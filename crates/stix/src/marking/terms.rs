//! What a marking asks beyond a TLP label: an audience, hops, the originator's consent, an embargo, an access control policy.
//!
//! They stand in an extension of a marking-definition, so that one definition serves many objects and a granular marking can carry them to
//! one property. Joining two sets of terms keeps each of both: terms never loosen one another. Who the recipient is, is not known here.
use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Timestamp;
use crate::marking::acs::Acs;

/// The extension of a marking-definition that carries terms: `audience` (names of organisations or ids of identities), `hops` (how many
/// times whoever gets it may pass it on), `originator_control`, `embargo_until` (a timestamp).
pub const TERMS_EXTENSION: &str = "extension-definition--5f6d3b8c-3c1e-4a53-9d0c-7b1f2d9a6e41";
/// Names in an audience; more are not read.
const AUDIENCE_MAX: usize = 1_000;

/// Terms of one marking, or of all markings of an object together.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Terms {
    /// Only these, by key, name or identity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<BTreeSet<String>>,
    /// It may be passed on so many times more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hops: Option<u32>,
    /// It goes on only with the originator's consent.
    #[serde(default, skip_serializing_if = "is_false")]
    pub originator_control: bool,
    /// The first day (UTC) on which it may go out: the day on which the embargo has ended from its first instant on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub embargo: Option<String>,
    /// Access control policies, each of which must permit.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub acs: BTreeSet<Acs>,
    /// Something in them is not understood, or not yet held: nobody but the operator.
    #[serde(default, skip_serializing_if = "is_false")]
    pub unknown: bool,
}

fn is_false(flag: &bool) -> bool {
    !flag
}

impl Terms {
    /// Terms that are not known.
    pub fn unknown() -> Terms {
        Terms { unknown: true, ..Terms::default() }
    }

    /// Whether nothing is asked.
    pub fn is_empty(&self) -> bool {
        *self == Terms::default()
    }

    /// Adds the terms of another marking: all of both hold.
    pub fn join(&mut self, other: &Terms) {
        self.audience = match (self.audience.take(), &other.audience) {
            (Some(a), Some(b)) => Some(a.intersection(b).cloned().collect()),
            (a, b) => a.or_else(|| b.clone()),
        };
        self.hops = match (self.hops, other.hops) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        self.originator_control |= other.originator_control;
        // days of one width: the later is the greater text
        self.embargo = self.embargo.take().max(other.embargo.clone());
        self.acs.extend(other.acs.iter().cloned());
        self.unknown |= other.unknown;
    }

    /// Reads the value of [`TERMS_EXTENSION`]. A property that is not known, or has the wrong form, makes the terms unknown.
    pub fn read(value: &Value) -> Terms {
        let mut terms = Terms::default();
        let Some(map) = value.as_object() else { return Terms::unknown() };
        for (key, value) in map {
            let understood = match key.as_str() {
                "extension_type" => true,
                "audience" => {
                    terms.audience = audience(value);
                    terms.audience.is_some()
                }
                "hops" => {
                    terms.hops = value.as_u64().and_then(|n| u32::try_from(n).ok());
                    terms.hops.is_some()
                }
                "originator_control" => {
                    terms.originator_control = value.as_bool() != Some(false);
                    value.is_boolean()
                }
                "embargo_until" => {
                    terms.embargo = value.as_str().and_then(first_day);
                    terms.embargo.is_some()
                }
                _ => false,
            };
            terms.unknown |= !understood;
        }
        terms
    }
}

fn audience(value: &Value) -> Option<BTreeSet<String>> {
    let list = value.as_array().filter(|list| !list.is_empty() && list.len() <= AUDIENCE_MAX)?;
    list.iter().map(|name| name.as_str().map(str::to_ascii_lowercase)).collect()
}

/// The first day that begins at or after an instant. Rights turn with the day, so an embargo that ends at noon ends for the hub at midnight.
fn first_day(text: &str) -> Option<String> {
    let instant = Timestamp::parse(text).ok()?;
    let (day, time) = instant.key().split_once('T')?;
    let midnight = time.bytes().all(|b| matches!(b, b'0' | b':' | b'.'));
    if midnight { Some(day.to_owned()) } else { next_day(day) }
}

/// The day after, by the rules of the calendar; `None` for what is no day or has none after it.
fn next_day(day: &str) -> Option<String> {
    let mut parts = day.split('-').map(|part| part.parse::<u32>().ok());
    let (year, month, date) = (parts.next()??, parts.next()??, parts.next()??);
    let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let last = match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => 31,
    };
    let (year, month, date) = match (date < last, month < 12) {
        (true, _) => (year, month, date + 1),
        (false, true) => (year, month + 1, 1),
        (false, false) => (year + 1, 1, 1),
    };
    (year < 10_000).then(|| format!("{year:04}-{month:02}-{date:02}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn reading() {
        let say = |value: Value| serde_json::to_string(&Terms::read(&value)).unwrap();
        let cases = [
            json!({"extension_type": "property-extension"}),
            json!({"audience": ["FR", "nl"], "hops": 1, "originator_control": true, "embargo_until": "2026-03-01T00:00:00.000Z"}),
            json!({"embargo_until": "2026-12-31T12:00:00Z"}),
            json!({"embargo_until": "2028-02-28T00:00:00.5Z"}),
            json!({"embargo_until": "tomorrow"}),
            json!({"audience": []}),
            json!({"hops": -1}),
            json!({"originator_control": "no"}),
            json!({"more": 1}),
            json!(7),
        ];
        insta::assert_snapshot!(cases.map(say).join("\n"), @r#"
        {}
        {"audience":["fr","nl"],"hops":1,"originator_control":true,"embargo":"2026-03-01"}
        {"embargo":"2027-01-01"}
        {"embargo":"2028-02-29"}
        {"unknown":true}
        {"unknown":true}
        {"unknown":true}
        {"originator_control":true,"unknown":true}
        {"unknown":true}
        {"unknown":true}
        "#);
    }

    fn terms() -> impl Strategy<Value = Terms> {
        let audience = prop::option::of(prop::collection::btree_set("[ab]", 0..3));
        let embargo = prop::option::of("2026-0[1-9]-1[0-9]");
        (audience, prop::option::of(0u32..3), any::<bool>(), embargo, any::<bool>()).prop_map(
            |(audience, hops, originator_control, embargo, unknown)| Terms {
                audience,
                hops,
                originator_control,
                embargo,
                unknown,
                ..Terms::default()
            },
        )
    }

    proptest! {
        #[test]
        fn joining_is_a_lattice(a in terms(), b in terms(), c in terms()) {
            let join = |x: &Terms, y: &Terms| {
                let mut out = x.clone();
                out.join(y);
                out
            };
            prop_assert_eq!(join(&a, &a), a.clone());
            prop_assert_eq!(join(&a, &b), join(&b, &a));
            prop_assert_eq!(join(&join(&a, &b), &c), join(&a, &join(&b, &c)));
            prop_assert_eq!(join(&a, &Terms::default()), a);
        }
    }
}
