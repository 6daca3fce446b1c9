//! Holds one object against the rules of STIX 2.1: identifiers, versions, markings, and the table of types.
//!
//! Only what one object shows by itself. What needs the store (an earlier version, the definition of a marking) is decided in `exchange`.
//! Rules about custom objects and custom properties never refuse. `docs/standards/stix-2.1.md` lists each statement of the standard
//! with its rule.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::json::Object;
use crate::{Class, Fault, Head, Timestamp, check, id, marking, observable, table};

/// Reads the head of one object and checks it. The bytes must have passed [`crate::scan`].
pub fn admit(bytes: &[u8]) -> Result<Head<'_>, Fault> {
    let object = Object::read(bytes)?;
    let mut head = Head::of(&object)?;
    check_id(&mut head, bytes)?;
    check_times(&head)?;
    check_version(&mut head)?;
    marking::check(&head, bytes)?;
    head.warnings.extend(check::object(&object, &head.kind)?);
    if head.class() == Class::Observable {
        observable::check(&mut head, &object)?;
    }
    Ok(head)
}

/// STIX 2.1 section 2.9, and section 11.2.1 for the name of a type.
fn check_id(head: &mut Head<'_>, bytes: &[u8]) -> Result<(), Fault> {
    if head.kind.is_empty() {
        return Err(Fault::new("type-missing", "/type", "an object needs a `type`"));
    }
    if !id::is_type(&head.kind) {
        let reason =
            format!("`{}` is not the name of a type: [a-z0-9-], 3 to 250 of them, no `--`", id::cut(&head.kind));
        return Err(Fault::new("type-syntax", "/type", reason));
    }
    if &*head.kind == table::BUNDLE_NAME {
        return Err(Fault::new(
            "type-syntax",
            "/type",
            "a bundle is no object of a bundle or an envelope: send its objects",
        ));
    }
    if head.id.is_empty() {
        return Err(Fault::new("id-missing", "/id", "an object needs an `id`"));
    }
    id::check(&head.id, &head.kind).map_err(|reason| Fault::new("id-syntax", "/id", reason))?;
    if let Some(by) = &head.created_by {
        id::check(by, "identity").map_err(|reason| Fault::new("id-syntax", "/created_by_ref", reason))?;
    }
    let class = head.class();
    let version = id::split(&head.id).and_then(|(_, uuid)| id::uuid_version(uuid));
    if class == Class::Observable || version != Some(5) {
        return Ok(());
    }
    let object: BTreeMap<String, Value> = serde_json::from_slice(bytes).unwrap_or_default();
    if id::is_in_observable_namespace(&head.id, &object) {
        let reason =
            "the id is a UUIDv5 in the namespace of the observables, which is for observables only: use a UUIDv4";
        let fault = Fault::new("id-namespace", "/id", reason);
        if class != Class::Custom {
            return Err(fault);
        }
        head.warnings.push(fault);
    }
    Ok(())
}

/// STIX 2.1 section 2.16, for the two that every object may be versioned by; the others are in the table.
fn check_times(head: &Head<'_>) -> Result<(), Fault> {
    // on an observable `created` and `modified` are custom properties
    if head.class() == Class::Observable {
        return Ok(());
    }
    for (property, text) in [("created", &head.created), ("modified", &head.modified)] {
        if let Some(text) = text
            && let Err(reason) = Timestamp::parse(text)
        {
            let reason = format!("`{}` {reason}", id::cut(text));
            return Err(Fault::new("timestamp", format!("/{property}"), reason));
        }
    }
    Ok(())
}

/// STIX 2.1 sections 3.2 and 3.6, as far as one object shows it.
fn check_version(head: &mut Head<'_>) -> Result<(), Fault> {
    let class = head.class();
    if class == Class::Custom && head.spec_version.as_deref() != Some("2.1") {
        let reason = "a custom object that does not say so is held as one of version 2.1";
        head.warnings.push(Fault::new("spec-version", "/spec_version", reason));
    }
    if class == Class::Custom && head.version().is_none() {
        head.warnings.push(Fault::new(
            "property-missing",
            "/modified",
            "a custom object without `modified` has no version",
        ));
    }
    if class == Class::Observable {
        return Ok(());
    }
    let dates = [("created", &head.created), ("modified", &head.modified)];
    head.warnings.extend(dates.into_iter().filter_map(|(name, text)| check::precision(name, text.as_deref()?)));
    if let (Some(created), Some(modified)) = (&head.created, &head.modified) {
        let (earlier, later) = (Timestamp::parse(created), Timestamp::parse(modified));
        if later < earlier {
            let reason = format!("`modified` {modified} is before `created` {created}");
            return Err(Fault::new("modified-before-created", "/modified", reason));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
