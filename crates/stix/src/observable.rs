//! The deterministic ids of observables (STIX 2.1 sections 2.9 and 3.4): computed again and compared.
//!
//! An id made otherwise is only warned of, since the standard leaves the choice; that some properties must be random it does not.

use serde_json::Value;
use uuid::Uuid;

use crate::id::{self, OBSERVABLE_NAMESPACE};
use crate::json::Object;
use crate::{Fault, Head, jcs, table};

/// The order in which one hash of several is picked.
const HASH_ORDER: [&str; 4] = ["MD5", "SHA-1", "SHA-256", "SHA-512"];

/// The id that an observable would have: `type--UUIDv5`. None when the properties it is made of are all absent.
pub(crate) fn identifier(kind: &str, object: &Object<'_>) -> Option<String> {
    let mut contributing = serde_json::Map::new();
    for name in table::find(kind)?.contributing {
        let Some(value) = object.get(name) else { continue };
        let mut value: Value = serde_json::from_str(value.raw()).ok()?;
        if *name == "hashes" {
            value = one_hash(value)?;
        }
        contributing.insert((*name).to_owned(), value);
    }
    if contributing.is_empty() {
        return None;
    }
    let name = jcs::canonical(&Value::Object(contributing));
    Some(format!("{kind}--{}", Uuid::new_v5(&OBSERVABLE_NAMESPACE, name.as_bytes())))
}

/// Sections 6.1.1, 6.7.1 and 6.18.1: only one hash takes part.
fn one_hash(value: Value) -> Option<Value> {
    let Value::Object(mut all) = value else { return None };
    let picked = HASH_ORDER.into_iter().find(|name| all.contains_key(*name)).map(str::to_owned);
    let picked = picked.or_else(|| all.keys().next().cloned())?;
    let hash = all.remove(&picked)?;
    Some(Value::Object(std::iter::once((picked, hash)).collect()))
}

/// Compares the id of an observable with the one it would have.
pub(crate) fn check(head: &mut Head<'_>, object: &Object<'_>) -> Result<(), Fault> {
    let version = id::split(&head.id).and_then(|(_, uuid)| id::uuid_version(uuid));
    match identifier(&head.kind, object) {
        // section 3.6: two producers would version the same object
        Some(expected) if head.id.eq_ignore_ascii_case(&expected) && head.modified.is_some() => {
            let reason = "an observable with versions would not have the id that everybody computes";
            head.warnings.push(Fault::new("observable-versioned", "/modified", reason));
        }
        Some(expected) if head.id.eq_ignore_ascii_case(&expected) => {}
        Some(expected) => {
            // one sentence for all random ids, so that a report says it once
            let reason = match version {
                Some(5) => format!("the id would be {expected}, made of the properties that identify it"),
                _ => "the id would be made of the properties that identify the observable (UUID version 5)".to_owned(),
            };
            head.warnings.push(Fault::new("observable-id", "/id", reason));
        }
        None if version != Some(4) => {
            let reason = "nothing identifies this observable, so its id ends in a random UUID (version 4)";
            return Err(Fault::new("observable-id-random", "/id", reason));
        }
        None => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests;
