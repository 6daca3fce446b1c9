//! The head of a STIX object: the few properties that the exchange needs, borrowed from the received bytes.
//!
//! Reads, and says exactly which property has the wrong form; whether the values keep the rules is decided in [`crate::admit`].

use std::fmt;

use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::{Class, Fault, Text, Timestamp, kind};

/// The head of one object. All texts borrow from the object unless they held an escape.
#[derive(Debug, Clone, Default)]
pub struct Head<'a> {
    /// `type`.
    pub kind: Text<'a>,
    /// `id`.
    pub id: Text<'a>,
    /// `spec_version`, if there is one.
    pub spec_version: Option<Text<'a>>,
    /// `created`, as written.
    pub created: Option<Text<'a>>,
    /// `modified`, as written.
    pub modified: Option<Text<'a>>,
    /// `created_by_ref`.
    pub created_by: Option<Text<'a>>,
    /// `revoked`; false when absent.
    pub revoked: bool,
    /// `object_marking_refs`.
    pub marking_refs: Vec<Text<'a>>,
    /// `granular_markings`, unread.
    pub granular: Option<&'a RawValue>,
    /// `labels`, unread.
    pub labels: Option<&'a RawValue>,
    /// `name`, where it is a string.
    pub name: Option<Text<'a>>,
    /// `definition_type` of a marking-definition.
    pub definition_type: Option<Text<'a>>,
    /// `definition` of a marking-definition, unread.
    pub definition: Option<&'a RawValue>,
    /// `extensions`, unread.
    pub extensions: Option<&'a RawValue>,
    /// The other timestamps that the standard knows for this type: property and text.
    pub times: Vec<(Text<'a>, Text<'a>)>,
    /// What the standard would have otherwise but does not make us refuse.
    pub warnings: Vec<Fault>,
}

impl<'a> Head<'a> {
    /// Reads the head of an object whose bytes have passed [`crate::scan`].
    pub fn read(bytes: &'a [u8]) -> Result<Head<'a>, Fault> {
        let text = std::str::from_utf8(bytes).map_err(|_| Fault::new("not-utf8", "", "the object is not UTF-8"))?;
        let mut reader = serde_json::Deserializer::from_str(text);
        let raw = reader.deserialize_map(RawVisitor).map_err(|e| match text.trim_start().starts_with('{') {
            true => Fault::new("json-syntax", "", e.to_string()),
            false => Fault::new("not-an-object", "", "a STIX object is a JSON object"),
        })?;
        raw.into_head()
    }

    /// The class of its type.
    pub fn class(&self) -> Class {
        Class::of(&self.kind)
    }

    /// Its version as TAXII 2.1 section 3.4.1 defines it, as written: `modified`, else `created`, else none. Observables have none.
    pub fn version(&self) -> Option<&str> {
        match self.class() {
            Class::Observable => None,
            // STIX 2.1 section 7.2.1: a marking-definition is never versioned
            _ if &*self.kind == "marking-definition" => self.created.as_deref(),
            _ => self.modified.as_deref().or(self.created.as_deref()),
        }
    }

    /// The version in the canonical form that orders versions with every digit kept.
    pub fn version_key(&self) -> Option<Timestamp<'_>> {
        self.version().and_then(|text| Timestamp::parse(text).ok())
    }

    /// The version of the specification the object follows, by STIX 2.1 section 3.2: absent means 2.0, on observables 2.1.
    pub fn spec(&self) -> &str {
        match &self.spec_version {
            Some(version) => version,
            None if self.class() == Class::Observable => "2.1",
            None => "2.0",
        }
    }
}

/// The `type` and the `id` of an object with whatever faults, as far as they are strings: to name it in a report.
pub fn names(bytes: &[u8]) -> (Option<Text<'_>>, Option<Text<'_>>) {
    let raw = std::str::from_utf8(bytes)
        .ok()
        .and_then(|text| serde_json::Deserializer::from_str(text).deserialize_map(RawVisitor).ok())
        .unwrap_or_default();
    (raw.lenient("type"), raw.lenient("id"))
}

/// The values of the properties of interest, unread, in the order of the object.
#[derive(Default)]
struct Raw<'a> {
    members: Vec<(Text<'a>, &'a RawValue)>,
}

impl<'a> Raw<'a> {
    fn into_head(self) -> Result<Head<'a>, Fault> {
        let mut head = Head::default();
        for (key, value) in self.members {
            match &*key {
                "type" => head.kind = text("type", value)?,
                "id" => head.id = text("id", value)?,
                "spec_version" => head.spec_version = Some(text("spec_version", value)?),
                "created" => head.created = Some(text("created", value)?),
                "modified" => head.modified = Some(text("modified", value)?),
                "created_by_ref" => head.created_by = Some(text("created_by_ref", value)?),
                "revoked" => head.revoked = typed("revoked", value, "true or false")?,
                "object_marking_refs" => {
                    head.marking_refs = typed("object_marking_refs", value, "an array of strings")?
                }
                "granular_markings" => head.granular = Some(value),
                "labels" => head.labels = Some(value),
                "name" => head.name = serde_json::from_str(value.get()).ok(),
                "definition_type" => head.definition_type = serde_json::from_str(value.get()).ok(),
                "definition" => head.definition = Some(value),
                "extensions" => head.extensions = Some(value),
                _ => match serde_json::from_str::<Text<'a>>(value.get()) {
                    Ok(time) => head.times.push((key, time)),
                    // not a string: an empty text is no timestamp and is refused as such on the types that have this property
                    Err(_) => head.times.push((key, Text::default())),
                },
            }
        }
        let kind = head.kind.clone();
        head.times.retain(|(property, _)| kind::is_timestamp(&kind, property));
        Ok(head)
    }

    fn lenient(&self, wanted: &str) -> Option<Text<'a>> {
        let (_, value) = self.members.iter().find(|(key, _)| &**key == wanted)?;
        serde_json::from_str(value.get()).ok()
    }
}

fn text<'a>(property: &str, value: &'a RawValue) -> Result<Text<'a>, Fault> {
    typed(property, value, "a string")
}

fn typed<'a, T: serde::Deserialize<'a>>(property: &str, value: &'a RawValue, form: &str) -> Result<T, Fault> {
    serde_json::from_str(value.get())
        .map_err(|_| Fault::new("wrong-type", format!("/{property}"), format!("`{property}` must be {form}")))
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw<'de>, A::Error> {
        let mut members = Vec::with_capacity(10);
        while let Some(key) = map.next_key::<Text<'de>>()? {
            if is_of_interest(&key) {
                members.push((key, map.next_value()?));
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(Raw { members })
    }
}

fn is_of_interest(key: &str) -> bool {
    matches!(
        key,
        "type"
            | "id"
            | "spec_version"
            | "created_by_ref"
            | "revoked"
            | "object_marking_refs"
            | "granular_markings"
            | "labels"
            | "name"
            | "definition_type"
            | "definition"
            | "extensions"
    ) || kind::may_be_timestamp(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_borrows() {
        let doc = br#"{"type":"indicator","id":"indicator\u002d-x","spec_version":"2.1","modified":"2020-01-01T00:00:00Z","first_seen":3,
            "valid_from":"2020-01-01T00:00:00Z","object_marking_refs":["a","b"],"other":[{"id":1}],"revoked":true,"name":7}"#;
        let head = Head::read(doc).unwrap();
        assert!(head.kind.is_borrowed());
        assert_eq!(&*head.id, "indicator--x");
        assert_eq!(head.marking_refs.len(), 2);
        assert!(head.revoked && head.name.is_none());
        assert_eq!(head.version(), Some("2020-01-01T00:00:00Z"));
        let times: Vec<_> = head.times.iter().map(|(p, t)| format!("{p}={t}")).collect();
        assert_eq!(times.join(" "), "valid_from=2020-01-01T00:00:00Z");
    }

    #[test]
    fn wrong_types_name_the_property() {
        let fault = |doc: &str| Head::read(doc.as_bytes()).unwrap_err().to_string();
        insta::assert_snapshot!(
            [r#"{"id":5}"#, r#"{"revoked":"yes"}"#, r#"{"modified":null}"#, r#"{"object_marking_refs":"a"}"#, "[]", "7"].map(fault).join("\n"),
            @r"
        wrong-type at /id: `id` must be a string
        wrong-type at /revoked: `revoked` must be true or false
        wrong-type at /modified: `modified` must be a string
        wrong-type at /object_marking_refs: `object_marking_refs` must be an array of strings
        not-an-object at /: a STIX object is a JSON object
        not-an-object at /: a STIX object is a JSON object
        "
        );
        let (kind, id) = names(br#"{"id":"x","type":5,"created":{}}"#);
        assert_eq!((kind, id.as_deref()), (None, Some("x")));
    }
}
