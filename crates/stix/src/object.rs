//! The head of a STIX object: the few properties that the exchange needs, borrowed from the received bytes.
//!
//! Reads, and says exactly which property has the wrong form; whether the values keep the rules is decided in [`crate::admit`].

use serde_json::value::RawValue;

use crate::json::{Form, Object, Value};
use crate::{Class, Fault, Text, Timestamp};

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
    /// What the standard would have otherwise but does not make us refuse.
    pub warnings: Vec<Fault>,
}

impl<'a> Head<'a> {
    /// Reads the head of an object whose bytes have passed [`crate::scan`].
    pub fn read(bytes: &'a [u8]) -> Result<Head<'a>, Fault> {
        Head::of(&Object::read(bytes)?)
    }

    /// The head of an object whose members are at hand.
    pub(crate) fn of(object: &Object<'a>) -> Result<Head<'a>, Fault> {
        let mut head = Head::default();
        for (key, value) in &object.members {
            let value = *value;
            match &**key {
                "type" => head.kind = text("type", value)?,
                "id" => head.id = text("id", value)?,
                "spec_version" => head.spec_version = Some(text("spec_version", value)?),
                "created" => head.created = Some(text("created", value)?),
                "modified" => head.modified = Some(text("modified", value)?),
                "created_by_ref" => head.created_by = Some(text("created_by_ref", value)?),
                "revoked" => head.revoked = value.bool().ok_or_else(|| wrong("revoked", "true or false"))?,
                "object_marking_refs" => head.marking_refs = texts("object_marking_refs", value)?,
                "granular_markings" => head.granular = raw(value),
                "labels" => head.labels = raw(value),
                "name" => head.name = value.text(),
                "definition_type" => head.definition_type = value.text(),
                "definition" => head.definition = raw(value),
                "extensions" => head.extensions = raw(value),
                _ => {}
            }
        }
        Ok(head)
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
        match (&self.spec_version, self.class()) {
            // what the standard does not define is not refused for it, and is served as what its envelope is
            (_, Class::Custom) | (None, Class::Observable) => "2.1",
            (Some(version), _) => version,
            (None, _) => "2.0",
        }
    }
}

/// The `type` and the `id` of an object with whatever faults, as far as they are strings: to name it in a report.
pub fn names(bytes: &[u8]) -> (Option<Text<'_>>, Option<Text<'_>>) {
    Object::read(bytes).map_or((None, None), |object| (object.text("type"), object.text("id")))
}

fn text<'a>(property: &str, value: Value<'a>) -> Result<Text<'a>, Fault> {
    value.text().ok_or_else(|| wrong(property, "a string"))
}

fn texts<'a>(property: &str, value: Value<'a>) -> Result<Vec<Text<'a>>, Fault> {
    let form = "an array of strings";
    if value.form() != Form::Array {
        return Err(wrong(property, form));
    }
    value.items().map(|item| item.text().ok_or_else(|| wrong(property, form))).collect()
}

fn raw(value: Value<'_>) -> Option<&RawValue> {
    serde_json::from_str(value.raw()).ok()
}

fn wrong(property: &str, form: &str) -> Fault {
    Fault::new("wrong-type", format!("/{property}"), format!("`{property}` must be {form}"))
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
