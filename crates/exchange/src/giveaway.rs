//! What of an object shows who gave it, where its collection anonymises (`collection add --anonymise`). Such an object never goes out as it is
//! unless its giver agreed to be named: a copy stands in its place ([`crate::copy`]), or nothing does.
//!
//! Text is searched for names, not read for meaning: what names the giver in words it was never called by passes.
use crate::rights;
use ledger::{Result, Tx};
use serde_json::Value;
use stix::{Class, Head};

/// Names with fewer characters stand in too many words.
const NAME_MIN: usize = 3;

/// All that an organisation is called, in small letters: its key, its name, its other names.
pub(crate) fn names(tx: &mut Tx<'_>, org: &str) -> Result<Vec<String>> {
    let mut names = rights::names(tx, org)?;
    names.extend(rights::name(tx, org)?);
    names.push(org.to_owned());
    let mut names: Vec<String> = names.into_iter().map(|name| name.to_lowercase()).collect();
    names.retain(|name| name.chars().count() >= NAME_MIN);
    Ok(names)
}

/// Whether an object shows who gave it, whatever its words: its id and what it refers to are its giver's own, and lead to whoever published them
/// elsewhere. An observable and an unsigned definition do only where they name the giver ([`says_any`]).
pub(crate) fn shows_anyhow(head: &Head<'_>) -> bool {
    let by_words_alone = is_definition(&head.kind) || Class::of(&head.kind) == Class::Observable;
    !by_words_alone || head.created_by.is_some()
}

/// Whether objects of a type define what others name: their ids are kept, since these others are handled by them.
pub(crate) fn is_definition(kind: &str) -> bool {
    matches!(kind, "marking-definition" | "extension-definition")
}

/// Whether one of these names, in small letters, stands anywhere in an object.
pub(crate) fn says_any(body: &[u8], names: &[String]) -> bool {
    // only a text with escapes has to be taken apart
    if body.contains(&b'\\') {
        return serde_json::from_slice::<Value>(body).map_or(true, |value| names.iter().any(|name| says(&value, name)));
    }
    let text = String::from_utf8_lossy(body).to_lowercase();
    names.iter().any(|name| mentions(&text, name))
}

/// Whether a name stands in a text as a word of its own: `bsi` is not in `website`.
fn mentions(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(at, _)| {
        let (before, after) = (text.get(..at).unwrap_or(""), text.get(at + name.len()..).unwrap_or(""));
        let ends = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
        ends(before.chars().next_back()) && ends(after.chars().next())
    })
}

/// Whether a text, in small letters, stands anywhere in an object, in a key or a value.
pub(crate) fn says(value: &Value, name: &str) -> bool {
    match value {
        Value::Object(map) => map.iter().any(|(key, value)| mentions(&key.to_lowercase(), name) || says(value, name)),
        Value::Array(list) => list.iter().any(|value| says(value, name)),
        Value::String(text) => mentions(&text.to_lowercase(), name),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(object: &str, expected: bool) {
        let names = ["csirt-fi".to_owned(), "kyberturvallisuuskeskus é".to_owned()];
        let head = Head::read(object.as_bytes()).unwrap();
        let shows = shows_anyhow(&head) || says_any(object.as_bytes(), &names);
        assert_eq!(shows, expected, "{object}");
    }

    #[test]
    fn what_shows_its_giver() {
        let address = |rest: &str| {
            format!(
                r#"{{"type":"url","id":"url--00000000-0000-5000-8000-000000000001","value":"http://x.example/"{rest}}}"#
            )
        };
        let definition = |rest: &str| {
            format!(
                r#"{{"type":"marking-definition","spec_version":"2.1","id":"marking-definition--00000000-0000-4000-8000-000000000001","created":"2020-01-01T00:00:00Z",
                "definition_type":"statement","definition":{{"statement":"{rest}"}}}}"#
            )
        };
        check(&address(""), false);
        check(&address(r#","x_by":"CSIRT-FI""#), true);
        check(&address(r#","x_by":"seen by Kyberturvallisuuskeskus \u00c9""#), true);
        check(&address(r#","x_CSIRT-fi":1"#), true);
        check(&address(r#","x_by":"a\\b""#), false);
        check(&address(r#","x_by":"xcsirt-fi""#), false);
        check(&address(r#","x_by":"http://csirt-fi.example/""#), true);
        check(&definition("for all"), false);
        check(&definition("Copyright csirt-fi"), true);
        check(
            r#"{"type":"malware","spec_version":"2.1","id":"malware--00000000-0000-4000-8000-000000000001","created":"2020-01-01T00:00:00Z","modified":"2020-01-01T00:00:00Z","is_family":false}"#,
            true,
        );
    }
}
