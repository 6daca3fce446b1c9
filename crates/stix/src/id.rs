//! Identifiers (STIX 2.1 section 2.9): `type--UUID`, and who may use which UUID.

use std::collections::BTreeMap;

use serde_json::Value;
use uuid::{Uuid, uuid};

/// The namespace of the deterministic ids of cyber-observables (section 2.9).
pub const OBSERVABLE_NAMESPACE: Uuid = uuid!("00abedb4-aa42-466c-9c01-fed23315a9b7");

/// The type and the UUID part of an identifier, by form alone.
pub fn split(id: &str) -> Option<(&str, &str)> {
    let at = id.len().checked_sub(38)?;
    let (kind, rest) = id.split_at_checked(at)?;
    Some((kind, rest.strip_prefix("--")?))
}

/// Holds an identifier against the type it must name. The error is the reason.
pub fn check(id: &str, kind: &str) -> Result<(), String> {
    let Some((prefix, uuid)) = split(id) else {
        return Err(format!("`{}` is not an identifier: write {kind}--UUID", cut(id)));
    };
    if prefix != kind {
        return Err(format!("`{}` begins with `{}` and must begin with `{kind}`", cut(id), cut(prefix)));
    }
    uuid_version(uuid).map(drop).ok_or_else(|| format!("`{}` does not end in a UUID of RFC 4122", cut(id)))
}

/// Whether a text is an identifier of any type.
pub fn is_identifier(id: &str) -> bool {
    split(id).is_some_and(|(kind, uuid)| is_type(kind) && uuid_version(uuid).is_some())
}

/// Whether a text may be the name of a type (section 11.2.1): `[a-z0-9-]{3,250}`, no `--`.
pub fn is_type(kind: &str) -> bool {
    (3..=250).contains(&kind.len())
        && kind.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !kind.contains("--")
}

/// What stands where in the text of a UUID: 1 a hexadecimal digit, 2 a hyphen.
const UUID_SHAPE: &[u8; 36] = &{
    let mut shape = [1; 36];
    shape[8] = 2;
    shape[13] = 2;
    shape[18] = 2;
    shape[23] = 2;
    shape
};

/// The same of each byte; 0 for any other.
const CLASS: [u8; 256] = {
    let mut class = [0; 256];
    let mut byte = 0_u8;
    while byte < u8::MAX {
        class[byte as usize] = if byte.is_ascii_hexdigit() { 1 } else { 2 * (byte == b'-') as u8 };
        byte += 1;
    }
    class
};

/// The version of a hyphenated RFC 4122 UUID: variant 10x (section 4.1.1), versions 1 to 5 (section 4.1.3), either case of hex.
pub fn uuid_version(uuid: &str) -> Option<u8> {
    let bytes: &[u8; 36] = uuid.as_bytes().try_into().ok()?;
    // without a branch per byte: every reference of every object comes through here
    let fits = bytes.iter().zip(UUID_SHAPE).fold(true, |fits, (b, shape)| fits & (CLASS[usize::from(*b)] == *shape));
    let version = bytes[14];
    let variant = bytes[19].to_ascii_lowercase();
    (fits && (b'1'..=b'5').contains(&version) && matches!(variant, b'8' | b'9' | b'a' | b'b')).then(|| version - b'0')
}

/// Properties that programs are known to derive ids from, beside each single property and the whole object.
const DERIVED_FROM: [(&str, &[&str]); 9] = [
    ("relationship", &["relationship_type", "source_ref", "target_ref"]),
    ("relationship", &["relationship_type", "source_ref", "start_time", "stop_time", "target_ref"]),
    ("identity", &["identity_class", "name"]),
    ("marking-definition", &["definition", "definition_type"]),
    ("report", &["name", "published"]),
    ("incident", &["created", "name"]),
    ("note", &["content", "created"]),
    ("opinion", &["created", "opinion"]),
    ("grouping", &["context", "created", "name"]),
];

/// Whether the id of an object that is no observable was made in the namespace of the observables, which section 2.9 forbids.
///
/// A hash cannot be undone, so the usual derivations are made again and compared: from the value of one property, from one property or a
/// known set of them in canonical form, also trimmed and in lower case, and from the whole object without its id.
pub fn is_in_observable_namespace(id: &str, object: &BTreeMap<String, Value>) -> bool {
    let Some(Ok(wanted)) =
        split(id).filter(|(_, uuid)| uuid_version(uuid) == Some(5)).map(|(_, uuid)| Uuid::parse_str(uuid))
    else {
        return false;
    };
    let made = |text: &str| Uuid::new_v5(&OBSERVABLE_NAMESPACE, text.as_bytes()) == wanted;
    let kind = object.get("type").and_then(Value::as_str).unwrap_or("");
    let set = |keys: &[&str], fold: bool| {
        let picked: BTreeMap<&str, Value> = keys
            .iter()
            .filter_map(|key| Some((*key, if fold { folded(object.get(*key)?) } else { object.get(*key)?.clone() })))
            .collect();
        serde_json::to_string(&picked).unwrap_or_default()
    };
    let single = object.iter().any(|(key, value)| {
        let text = value.as_str().is_some_and(|text| made(text) || made(&text.trim().to_lowercase()));
        text || made(&set(&[key], false)) || made(&set(&[key], true))
    });
    let known = DERIVED_FROM
        .iter()
        .filter(|(of, _)| *of == kind)
        .any(|(_, keys)| made(&set(keys, false)) || made(&set(keys, true)));
    let rest: Vec<&str> = object.keys().map(String::as_str).filter(|key| *key != "id").collect();
    single || known || made(&set(&rest, false))
}

fn folded(value: &Value) -> Value {
    value.as_str().map_or_else(|| value.clone(), |text| Value::String(text.trim().to_lowercase()))
}

/// A received text, short enough for a message.
pub(crate) fn cut(text: &str) -> &str {
    match text.char_indices().nth(80) {
        Some((at, _)) => text.get(..at).unwrap_or(text),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_id(id: &str, kind: &str, good: bool) {
        assert_eq!(check(id, kind).is_ok(), good, "{id}");
    }

    #[test]
    fn identifiers() {
        check_id("malware--fdd60b30-b67c-41e3-b0b9-f01faf20d111", "malware", true);
        check_id("malware--FDD60B30-b67c-41e3-B0B9-f01faf20d111", "malware", true);
        check_id("x-a--fdd60b30-b67c-11e3-80b9-f01faf20d111", "x-a", true);
        check_id("malware--fdd60b30-b67c-41e3-b0b9-f01faf20d111", "tool", false);
        check_id("malware--fdd60b30-b67c-41e3-c0b9-f01faf20d111", "malware", false);
        check_id("malware--fdd60b30-b67c-71e3-80b9-f01faf20d111", "malware", false);
        check_id("malware--00000000-0000-0000-0000-000000000000", "malware", false);
        check_id("malware--fdd60b30b67c41e3b0b9f01faf20d111", "malware", false);
        check_id("malware--{dd60b30-b67c-41e3-b0b9-f01faf20d11}", "malware", false);
        check_id("malware-fdd60b30-b67c-41e3-b0b9-f01faf20d111", "malware", false);
        check_id("malware--fdd60b30-b67c-41e3-b0b9-f01faf20d111 ", "malware", false);
        check_id("", "malware", false);
        check_id("é-dd60b30-b67c-41e3-b0b9-f01faf20d111", "malware", false);
    }

    #[test]
    fn types() {
        assert!(["x-mitre-tactic", "abc", "ipv4-addr"].into_iter().all(is_type));
        assert!(!["ab", "x--y", "Malware", "x_y", "", "bundlé"].into_iter().any(is_type));
    }

    #[test]
    fn ids_in_the_namespace_of_observables_are_found() {
        let object = |name: &str| -> BTreeMap<String, Value> {
            serde_json::from_value(serde_json::json!({"type": "malware", "name": name, "is_family": true})).unwrap()
        };
        let made = |text: &str| format!("malware--{}", Uuid::new_v5(&OBSERVABLE_NAMESPACE, text.as_bytes()));
        assert!(is_in_observable_namespace(&made(r#"{"name":"poison ivy"}"#), &object(" Poison Ivy")));
        assert!(is_in_observable_namespace(&made("Poison Ivy"), &object("Poison Ivy")));
        assert!(is_in_observable_namespace(&made(r#"{"is_family":true,"name":"a","type":"malware"}"#), &object("a")));
        let other = format!("malware--{}", Uuid::new_v5(&Uuid::NAMESPACE_URL, b"Poison Ivy"));
        assert!(!is_in_observable_namespace(&other, &object("Poison Ivy")));
    }
}
