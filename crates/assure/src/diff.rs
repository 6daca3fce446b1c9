//! What a new version of a pack changes: item by item, field by field. A measure whose definition changes has a new number of its version, so
//! that no figure is ever compared with one that was counted otherwise.
use std::collections::BTreeMap;

use ledger::pack::Pack;
use serde::Serialize;
use toml::{Table, Value};

use crate::lint::Fault;
use crate::pack::join;

/// One thing that is not as it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The item, such as `measure isp:2.1.3`.
    pub place: String,
    /// The field; empty where the whole item came or went.
    pub field: String,
    /// What it said; empty where it was not there.
    pub was: String,
    /// What it says; empty where it is there no more.
    pub is: String,
}

/// Changes from one version of a pack to another, in the order of the items' names.
///
/// # Errors
/// Where one of them is no TOML.
pub fn diff(old: &Pack, new: &Pack) -> Result<Vec<Change>, String> {
    let (old, new) = (items(old)?, items(new)?);
    let mut changes = Vec::new();
    let places: std::collections::BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for place in places {
        let whole = |was: &str, is: &str| Change {
            place: place.clone(),
            field: String::new(),
            was: was.to_owned(),
            is: is.to_owned(),
        };
        match (old.get(place), new.get(place)) {
            (Some(_), None) => changes.push(whole("there", "")),
            (None, Some(_)) => changes.push(whole("", "there")),
            (Some(was), Some(is)) => fields(place, was, is, &mut changes),
            (None, None) => {}
        }
    }
    Ok(changes)
}

fn fields(place: &str, was: &Table, is: &Table, changes: &mut Vec<Change>) {
    let names: std::collections::BTreeSet<&String> = was.keys().chain(is.keys()).collect();
    for name in names.into_iter().filter(|name| was.get(*name) != is.get(*name)) {
        let text = |table: &Table| table.get(name).map(shown).unwrap_or_default();
        changes.push(Change { place: place.to_owned(), field: name.clone(), was: text(was), is: text(is) });
    }
}

/// Measures whose definition changed though their version did not rise: a number that meant something once never means something else.
///
/// # Errors
/// Where one of the packs is no TOML.
pub fn unversioned(old: &Pack, new: &Pack) -> Result<Vec<Fault>, String> {
    let mut touched: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut raised: Vec<String> = Vec::new();
    for change in diff(old, new)? {
        let is_measure = change.place.starts_with("measure ") || change.place.starts_with("indicator ");
        match change.field.as_str() {
            "" => {}
            "definition_version" if number(&change.is) > number(&change.was) => raised.push(change.place),
            _ if is_measure => touched.entry(change.place).or_default().push(change.field),
            _ => {}
        }
    }
    let faults = touched.into_iter().filter(|(place, _)| !raised.contains(place)).map(|(place, fields)| Fault {
        rule: "plan-version",
        reason: format!("{} changed and definition_version did not rise: raise it", fields.join(", ")),
        place,
    });
    Ok(faults.collect())
}

/// A version; one that is none is below all.
fn number(text: &str) -> Option<u64> {
    text.parse().ok()
}

/// The items of a pack by kind and name: tables by their own name, entries of arrays by what names them.
fn items(pack: &Pack) -> Result<BTreeMap<String, Table>, String> {
    let table: Table = toml::from_str(&join(pack)).map_err(|e| format!("{} {}: {e}", pack.kind, pack.name))?;
    let mut items = BTreeMap::new();
    for (kind, value) in table {
        match value {
            Value::Table(table) => drop(items.insert(kind, table)),
            Value::Array(entries) => {
                for (n, entry) in entries.into_iter().enumerate() {
                    if let Value::Table(entry) = entry {
                        items.insert(format!("{kind} {}", name(&entry, n)), entry);
                    }
                }
            }
            _ => {}
        }
    }
    Ok(items)
}

fn name(entry: &Table, n: usize) -> String {
    let text = |key: &str| entry.get(key).and_then(Value::as_str);
    match (text("id").or(text("kind")), text("objective"), text("serves")) {
        (Some(id), _, _) => id.to_owned(),
        (None, Some(objective), Some(serves)) => format!("{objective} to {serves}"),
        _ => format!("number {}", n + 1),
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.split_whitespace().collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    }
}
