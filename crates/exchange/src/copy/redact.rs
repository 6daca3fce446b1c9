//! Leaving properties out of an object, by selectors (STIX 2.1 section 7.2.3.1), as long as it stays one of its type. Pure.
use serde_json::{Map, Value};

/// Marked, these leave nothing to make a copy of: the copy itself would tell them.
const TOLD: [&str; 6] = ["type", "id", "spec_version", "created", "modified", "object_marking_refs"];

/// Properties without which an object is none of its type (STIX 2.1 sections 4, 5 and 7).
const REQUIRED: [(&str, &[&str]); 21] = [
    ("attack-pattern", &["name"]),
    ("campaign", &["name"]),
    ("course-of-action", &["name"]),
    ("extension-definition", &["name", "schema", "version", "extension_types", "created_by_ref"]),
    ("grouping", &["context", "object_refs"]),
    ("identity", &["name"]),
    ("indicator", &["pattern", "pattern_type", "valid_from"]),
    ("infrastructure", &["name"]),
    ("intrusion-set", &["name"]),
    ("language-content", &["object_ref", "contents"]),
    ("malware", &["is_family"]),
    ("malware-analysis", &["product"]),
    ("note", &["content", "object_refs"]),
    ("observed-data", &["first_observed", "last_observed", "number_observed"]),
    ("opinion", &["opinion", "object_refs"]),
    ("relationship", &["relationship_type", "source_ref", "target_ref"]),
    ("report", &["name", "published", "object_refs"]),
    ("sighting", &["sighting_of_ref"]),
    ("threat-actor", &["name"]),
    ("tool", &["name"]),
    ("vulnerability", &["name"]),
];

/// Takes what the selectors name out of an object, and what of its granular markings then marks nothing. An element of a list takes the
/// whole list with it: the places of the others would tell where it stood. Says why where the rest would be no object of its type.
pub(super) fn leave_out(object: &mut Map<String, Value>, kind: &str, selectors: &[String]) -> Result<(), String> {
    for selector in selectors {
        let steps: Vec<&str> = selector.split('.').take_while(|step| !step.starts_with('[')).collect();
        let Some(root) = steps.first() else { return Err("a selector names nothing".to_owned()) };
        if TOLD.contains(root) {
            return Err(format!("its `{root}` is marked, which a copy would tell"));
        }
        take_out(object, &steps);
    }
    let required = REQUIRED.iter().find(|(name, _)| *name == kind).map_or(&[][..], |(_, required)| *required);
    if let Some(missing) = required.iter().find(|property| !object.contains_key(**property)) {
        return Err(format!("without its `{missing}` it would be no {kind}"));
    }
    if kind == "location" && !["region", "country", "latitude"].iter().any(|p| object.contains_key(*p)) {
        return Err("without its place it would be no location".to_owned());
    }
    prune(object);
    Ok(())
}

/// Takes out what a path of keys names, and whatever holds nothing after it.
fn take_out(object: &mut Map<String, Value>, steps: &[&str]) {
    match steps {
        [] => {}
        [last] => drop(object.remove(*last)),
        [first, rest @ ..] => {
            if let Some(Value::Object(inner)) = object.get_mut(*first) {
                take_out(inner, rest);
                if inner.is_empty() {
                    object.remove(*first);
                }
            }
        }
    }
}

/// Granular markings keep the selectors that still select something.
fn prune(object: &mut Map<String, Value>) {
    let Some(Value::Array(mut markings)) = object.remove("granular_markings") else { return };
    for marking in &mut markings {
        if let Some(Value::Array(selectors)) = marking.get_mut("selectors") {
            selectors.retain(|selector| selector.as_str().is_some_and(|text| selects(object, text)));
        }
    }
    markings.retain(|marking| marking.get("selectors").and_then(Value::as_array).is_some_and(|list| !list.is_empty()));
    if !markings.is_empty() {
        object.insert("granular_markings".to_owned(), Value::Array(markings));
    }
}

fn selects(object: &Map<String, Value>, selector: &str) -> bool {
    let mut steps = selector.split('.');
    let mut at = steps.next().and_then(|root| object.get(root));
    for step in steps {
        let index =
            step.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).and_then(|n| n.parse::<usize>().ok());
        at = match (at, index) {
            (Some(Value::Array(list)), Some(index)) => list.get(index),
            (Some(Value::Object(map)), None) => map.get(step),
            _ => None,
        };
    }
    at.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(kind: &str, selectors: &[&str], expected: &str) {
        let mut object = json!({"type": kind, "id": "x", "name": "n", "labels": ["a", "b"], "hashes": {"MD5": "1", "SHA-256": "2"}, "deep": {"a": {"b": 1}},
            "granular_markings": [{"marking_ref": "m", "selectors": ["labels.[1]", "hashes.MD5"]}, {"lang": "fr", "selectors": ["name"]}]});
        let map = object.as_object_mut().unwrap();
        let selectors: Vec<String> = selectors.iter().map(|s| (*s).to_owned()).collect();
        let said = match leave_out(map, kind, &selectors) {
            Ok(()) => {
                map.remove("type");
                map.remove("id");
                object.to_string()
            }
            Err(why) => why,
        };
        assert_eq!(said, expected);
    }

    #[test]
    fn what_is_left() {
        check(
            "tool",
            &["labels.[1]", "deep.a.b"],
            r#"{"granular_markings":[{"marking_ref":"m","selectors":["hashes.MD5"]},{"lang":"fr","selectors":["name"]}],"hashes":{"MD5":"1","SHA-256":"2"},"name":"n"}"#,
        );
        check("x-own", &["name", "hashes", "labels"], r#"{"deep":{"a":{"b":1}}}"#);
        check(
            "tool",
            &["hashes.MD5", "labels"],
            r#"{"deep":{"a":{"b":1}},"granular_markings":[{"lang":"fr","selectors":["name"]}],"hashes":{"SHA-256":"2"},"name":"n"}"#,
        );
        check("tool", &["name"], "without its `name` it would be no tool");
        check("malware", &["labels"], "without its `is_family` it would be no malware");
        check("location", &["labels"], "without its place it would be no location");
        check("tool", &["created"], "its `created` is marked, which a copy would tell");
    }
}
