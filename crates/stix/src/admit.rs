//! Holds one object against the rules of STIX 2.1 that make it refused: identifiers, timestamps, versions, markings.
//!
//! Only what one object shows by itself. What needs the store (an earlier version, the definition of a marking) is decided in `exchange`.
//! Rules about custom objects and custom properties never refuse.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{Class, Fault, Head, Timestamp, id, kind, marking};

/// Reads the head of one object and checks it. The bytes must have passed [`crate::scan`].
pub fn admit(bytes: &[u8]) -> Result<Head<'_>, Fault> {
    let mut head = Head::read(bytes)?;
    check_id(&mut head, bytes)?;
    check_times(&head)?;
    check_version(&mut head)?;
    marking::check(&head, bytes)?;
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
    if &*head.kind == "bundle" {
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

/// STIX 2.1 section 2.13, for the properties that the standard defines.
fn check_times(head: &Head<'_>) -> Result<(), Fault> {
    let class = head.class();
    // on an observable `created` and `modified` are custom properties
    let common = [("created", &head.created), ("modified", &head.modified)];
    let common = common.iter().filter(|_| class != Class::Observable).filter_map(|(p, t)| Some((*p, t.as_deref()?)));
    let others = head.times.iter().map(|(p, t)| (&**p, &**t));
    for (property, text) in common.chain(others) {
        if !kind::is_timestamp(&head.kind, property) {
            continue;
        }
        if let Err(reason) = Timestamp::parse(text) {
            let reason = format!("`{}` {reason}", id::cut(text));
            return Err(Fault::new("timestamp", format!("/{property}"), reason));
        }
    }
    Ok(())
}

/// STIX 2.1 sections 3.2 and 3.6, as far as one object shows it.
fn check_version(head: &mut Head<'_>) -> Result<(), Fault> {
    let class = head.class();
    let definition = &*head.kind == "marking-definition";
    let needs: &[(&str, bool)] = match class {
        Class::Observable | Class::Custom => &[],
        Class::Meta if definition => &[("created", head.created.is_none())],
        _ => &[("created", head.created.is_none()), ("modified", head.modified.is_none())],
    };
    if let Some((property, _)) = needs.iter().find(|(_, missing)| *missing) {
        let reason = format!("a {} needs `{property}`", head.kind);
        return Err(Fault::new("property-missing", format!("/{property}"), reason));
    }
    if class == Class::Custom && head.version().is_none() {
        head.warnings.push(Fault::new(
            "property-missing",
            "/modified",
            "a custom object without `modified` has no version",
        ));
    }
    if let (Some(created), Some(modified)) = (&head.created, &head.modified) {
        let (earlier, later) = (Timestamp::parse(created), Timestamp::parse(modified));
        if class != Class::Observable && later < earlier {
            let reason = format!("`modified` {modified} is before `created` {created}");
            return Err(Fault::new("modified-before-created", "/modified", reason));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
