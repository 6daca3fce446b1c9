//! What a pattern is run over: one observed-data object with the observables it names (STIX 2.1 sections 4.14 and 9.7).
//!
//! Both forms are read: `object_refs` with the observables given beside it, and the deprecated dictionary `objects`. Nothing is copied
//! out of the documents. An observable that is referred to and not given is *missing*, not absent: [`Observation::missing`] tells how many.

use super::ast::Step;
use super::value::{Moment, Work};
use crate::{Fault, Timestamp};
use serde_json::{Map, Value};

/// Observables of one observation: the standard sets no bound, a partner must not set it for us.
pub const MAX_OBJECTS: usize = 10_000;

/// One observed-data object, resolved.
#[derive(Debug, Clone)]
pub struct Observation<'a> {
    /// Its id.
    pub id: &'a str,
    /// `first_observed` and `last_observed`. The observations lie somewhere between the two.
    pub(super) first: Moment,
    pub(super) last: Moment,
    /// `number_observed`: as many observations, all of the same objects (section 9.1).
    pub number: u64,
    /// Observables, in the order of their keys.
    pub(super) objects: Vec<Object<'a>>,
    missing: usize,
}

/// One observable of an observation.
#[derive(Debug, Clone, Copy)]
pub(super) struct Object<'a> {
    /// Its id, or its key in `objects`: what references name.
    pub(super) key: &'a str,
    pub(super) kind: &'a str,
    pub(super) members: &'a Map<String, Value>,
}

impl<'a> Observation<'a> {
    /// Reads an observed-data object; `find` gives the observables by id. A fault's place is within the observed-data.
    pub fn read(observed: &'a Value, find: impl Fn(&str) -> Option<&'a Value>) -> Result<Self, Fault> {
        let text = |property: &str| observed.get(property).and_then(Value::as_str);
        if text("type") != Some("observed-data") {
            return Err(Fault::new("wrong-type", "/type", "only observed-data is observed"));
        }
        let time = |property: &'static str| {
            let place = || format!("/{property}");
            let text = text(property)
                .ok_or_else(|| Fault::new("property-missing", place(), "observed-data needs this time"))?;
            let time =
                Timestamp::parse(text).map_err(|reason| Fault::new("timestamp", place(), format!("it {reason}")))?;
            Ok::<_, Fault>(Moment::of(time))
        };
        let (first, last) = (time("first_observed")?, time("last_observed")?);
        if last < first {
            return Err(Fault::new("observed-order", "/last_observed", "`last_observed` is before `first_observed`"));
        }
        // section 4.14: 1 to 999,999,999
        let number = observed.get("number_observed").and_then(Value::as_u64).filter(|n| (1..=999_999_999).contains(n));
        let Some(number) = number else {
            return Err(Fault::new(
                "number-observed",
                "/number_observed",
                "an integer from 1 to 999,999,999 is needed",
            ));
        };
        let (mut objects, missing) = objects(observed, find)?;
        objects.sort_unstable_by_key(|object| object.key);
        objects.dedup_by_key(|object| object.key);
        Ok(Observation { id: text("id").unwrap_or(""), first, last, number, objects, missing })
    }

    /// How many observables it refers to that were not given. What they would have shown is not known.
    pub fn missing(&self) -> usize {
        self.missing
    }

    /// Section 9.7.4: only what the observation itself lists may be followed.
    fn find(&self, key: &str) -> Option<&Object<'a>> {
        let at = self.objects.binary_search_by_key(&key, |object| object.key).ok()?;
        self.objects.get(at)
    }

    /// Calls `found` with each value that the path leads to from `object`, until it says true; says whether it did.
    pub(super) fn walk(
        &self,
        object: &Object<'a>,
        steps: &[Step],
        work: &mut Work,
        found: &mut dyn FnMut(&'a Value, &mut Work) -> bool,
    ) -> bool {
        let Some((Step::Key(key), rest)) = steps.split_first() else { return false };
        object.members.get(key).is_some_and(|value| self.step(value, key, true, rest, work, found))
    }

    /// `name` is the last key taken; `is_whole` says that no index was taken since.
    fn step(
        &self,
        value: &'a Value,
        name: &str,
        is_whole: bool,
        steps: &[Step],
        work: &mut Work,
        found: &mut dyn FnMut(&'a Value, &mut Work) -> bool,
    ) -> bool {
        if !work.spend(1) {
            return false;
        }
        let Some((step, rest)) = steps.split_first() else { return found(value, work) };
        match (step, value) {
            (Step::Key(key), Value::Object(members)) => {
                members.get(key).is_some_and(|value| self.step(value, key, true, rest, work, found))
            }
            // section 9.7.4: a reference is followed, its object's properties stand as if nested
            (Step::Key(key), Value::String(id)) if name.ends_with(if is_whole { "_ref" } else { "_refs" }) => {
                let next = self.find(id).and_then(|object| object.members.get(key));
                next.is_some_and(|value| self.step(value, key, true, rest, work, found))
            }
            (Step::Item(index), Value::Array(items)) => {
                let item = usize::try_from(*index).ok().and_then(|index| items.get(index));
                item.is_some_and(|value| self.step(value, name, false, rest, work, found))
            }
            (Step::Any, Value::Array(items)) => {
                items.iter().any(|value| self.step(value, name, false, rest, work, found))
            }
            _ => false,
        }
    }
}

fn objects<'a>(
    observed: &'a Value,
    find: impl Fn(&str) -> Option<&'a Value>,
) -> Result<(Vec<Object<'a>>, usize), Fault> {
    let too_many = |place: &str| {
        Fault::new(
            "too-many-objects",
            place,
            format!("more than {MAX_OBJECTS} observables in one observation: send several"),
        )
    };
    match (observed.get("object_refs"), observed.get("objects")) {
        (Some(Value::Array(refs)), None) => {
            if refs.len() > MAX_OBJECTS {
                return Err(too_many("/object_refs"));
            }
            let ids = refs.iter().filter_map(Value::as_str);
            let found: Vec<_> = ids.map(|id| object(id, find(id)?)).collect();
            let missing = found.iter().filter(|object| object.is_none()).count();
            Ok((found.into_iter().flatten().collect(), missing))
        }
        (None, Some(Value::Object(members))) => {
            if members.len() > MAX_OBJECTS {
                return Err(too_many("/objects"));
            }
            Ok((members.iter().filter_map(|(key, value)| object(key, value)).collect(), 0))
        }
        // section 4.14: one of the two, not both
        (Some(_), Some(_)) => {
            Err(Fault::new("observed-objects", "/objects", "`objects` stands beside `object_refs`: send one"))
        }
        _ => Err(Fault::new("observed-objects", "/object_refs", "`object_refs` must be a list of ids")),
    }
}

fn object<'a>(key: &'a str, value: &'a Value) -> Option<Object<'a>> {
    let members = value.as_object()?;
    Some(Object { key, kind: members.get("type")?.as_str()?, members })
}
