//! Splitting a STIX bundle or a TAXII envelope into its objects, which borrow from the document.

use crate::fault::Fault;
use crate::id;
use crate::scan::{self, Limits, Outline};

/// What held the objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Container {
    /// `{"type": "bundle", …}` (STIX 2.1 section 8).
    Bundle,
    /// `{"objects": […]}` without a type: a TAXII envelope (TAXII 2.1 section 3.7).
    Envelope,
    /// One object by itself.
    Single,
}

/// A document split into objects.
#[derive(Debug)]
pub struct Split<'a> {
    /// What held them.
    pub container: Container,
    /// In the order of the document.
    pub items: Vec<Item<'a>>,
    /// What is wrong with the container and refuses no object: a bundle's own id (section 8.1) names nothing that is kept.
    pub warning: Option<Fault>,
}

/// One object as received, with the fault that the scan found in it, if any.
#[derive(Debug)]
pub struct Item<'a> {
    /// The bytes of the object, as received.
    pub bytes: &'a [u8],
    /// Its position under `objects`; `None` for a single object.
    pub index: Option<usize>,
    /// A rule broken inside this object (depth, size, duplicate key, lone surrogate). The others are not touched by it.
    pub fault: Option<Fault>,
}

impl Item<'_> {
    /// The JSON pointer of the object in its document.
    pub fn place(&self) -> String {
        self.index.map_or_else(String::new, |i| format!("/objects/{i}"))
    }
}

impl<'a> Split<'a> {
    /// The objects with their places.
    pub fn iter(&self) -> impl Iterator<Item = (&'a [u8], String)> + '_ {
        self.items.iter().map(|item| (item.bytes, item.place()))
    }
}

/// Scans a document in one pass and splits it. `Err` is a fault of the document as a whole: nothing of it may be used.
pub fn split<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Split<'a>, Fault> {
    let outline = scan::split(bytes, limits)?;
    if !outline.is_object {
        return Err(Fault::new("not-stix", "", "a bundle, an envelope or an object is a JSON object"));
    }
    let container = container(&outline)?;
    if container == Container::Single {
        let start = bytes.iter().position(|b| *b == b'{').unwrap_or(0);
        let whole = bytes.get(start..).unwrap_or(&[]).trim_ascii_end();
        let fault = (whole.len() > limits.item).then(|| {
            Fault::new(
                "object-too-large",
                "",
                format!("the object has {} bytes and the limit is {}", whole.len(), limits.item),
            )
        });
        return Ok(Split { container, items: vec![Item { bytes: whole, index: None, fault }], warning: None });
    }
    let item = |(index, raw): (usize, scan::RawItem)| Item {
        bytes: bytes.get(raw.range).unwrap_or(&[]),
        index: Some(index),
        fault: raw.fault,
    };
    let warning = match container {
        Container::Bundle => {
            let id = outline.text("id").unwrap_or("");
            let named = id::check(id, "bundle").err().map(|reason| Fault::new("id-syntax", "/id", reason));
            // section 2.12 forbids empty lists; there is nothing in it to refuse
            let empty = || Fault::new("list-empty", "/objects", "`objects` is an empty list: leave the property out");
            named.or_else(|| (outline.has_objects && outline.items.is_empty()).then(empty))
        }
        _ => None,
    };
    Ok(Split { container, warning, items: outline.items.into_iter().enumerate().map(item).collect() })
}

fn container(outline: &Outline<'_>) -> Result<Container, Fault> {
    if let Some(value) = outline.member("objects").filter(|_| !outline.has_objects)
        && !value.starts_with('[')
        && (outline.text("type") == Some("bundle") || outline.member("type").is_none())
    {
        return Err(Fault::new("wrong-type", "/objects", "`objects` must be an array"));
    }
    match outline.text("type") {
        Some("bundle") => Ok(Container::Bundle),
        None if outline.has_objects => Ok(Container::Envelope),
        Some(_) => Ok(Container::Single),
        None if outline.members.is_empty() => Ok(Container::Envelope),
        None => Err(Fault::new("not-stix", "", "neither a bundle, nor a TAXII envelope, nor an object with a type")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn show(doc: &str) -> String {
        match split(doc.as_bytes(), &Limits { depth: 3, ..Limits::default() }) {
            Err(fault) => fault.to_string(),
            Ok(split) => {
                let line = |item: &Item<'_>| {
                    let fault = item.fault.as_ref().map_or_else(|| "ok".to_owned(), Fault::to_string);
                    format!("{} {} {fault}", item.place(), String::from_utf8_lossy(item.bytes))
                };
                let warning = split.warning.as_ref().map_or_else(String::new, |fault| format!(" (warning {fault})"));
                format!(
                    "{:?}{warning}\n{}",
                    split.container,
                    split.items.iter().map(line).collect::<Vec<_>>().join("\n")
                )
            }
        }
    }

    const ID: &str = r#""type":"bundle","id":"bundle--44af6c39-c09b-49c5-9de2-394224b04982""#;

    #[test]
    fn one_bad_object_leaves_the_others() {
        insta::assert_snapshot!(
            show(&format!(r#"{{{ID}, "objects" : [ {{"a":1}} ,{{"b":{{"c":1,"c":2}}}}, {{"d":[[[[[]]]]]}},7,{{"e":[["]"]]}} ] }}"#)),
            @r#"
        Bundle
        /objects/0 {"a":1} ok
        /objects/1 {"b":{"c":1,"c":2}} duplicate-key at /b/c: the key stands twice in one object: send it once
        /objects/2 {"d":[[[[[]]]]]} too-deep at /d/0/0: more than 3 levels of arrays and objects
        /objects/3 7 ok
        /objects/4 {"e":[["]"]]} ok
        "#
        );
    }

    #[test]
    fn so_many_objects_and_no_more() {
        let limits = Limits { items: 2, ..Limits::default() };
        assert_eq!(split(br#"{"objects":[{},{}]}"#, &limits).unwrap().items.len(), 2);
        let fault = split(br#"{"objects":[{},{},{}]}"#, &limits).unwrap_err();
        assert_eq!(
            fault.to_string(),
            "too-many-objects at /objects: more than 2 objects: send them in several documents"
        );
    }

    #[test]
    fn containers() {
        assert_eq!(show(r#"{"objects":[{"type":"x"}]}"#), "Envelope\n/objects/0 {\"type\":\"x\"} ok");
        assert_eq!(show("{}"), "Envelope\n");
        assert_eq!(show(" {\"type\":\"malware\"}\n"), "Single\n {\"type\":\"malware\"} ok");
        assert_eq!(show(&format!("{{{ID}}}")), "Bundle\n");
        // a report lists ids under `object_refs`; a custom object may well have `objects`
        assert_eq!(
            show(r#"{"type":"observed-data","objects":{"0":{}}}"#),
            "Single\n {\"type\":\"observed-data\",\"objects\":{\"0\":{}}} ok"
        );
    }

    #[test]
    fn a_fault_of_the_document_takes_nothing() {
        insta::assert_snapshot!(
            [
                show(&format!("{{{ID},\"objects\":[{{\"a\":1}},")),
                show(&format!("{{{ID},\"objects\":[],\"objects\":[]}}")),
                show(&format!("{{{ID},\"objects\":{{}}}}")),
                show(r#"{"type":"bundle","objects":[]}"#),
                show(r#"{"type":"bundle","id":"bundle--44af6c39-c09b-09c5-9de2-394224b04982","objects":[]}"#),
                show("[]"),
                show(r#"{"a":1}"#),
            ].join("\n"),
            @r"
            json-truncated at /objects/1: the document ends at line 1, column 89 where a value was expected: it is cut off
            duplicate-key at /objects: the key stands twice in one object: send it once
            wrong-type at /objects: `objects` must be an array
            Bundle (warning id-syntax at /id: `` is not an identifier: write bundle--UUID)

            Bundle (warning id-syntax at /id: `bundle--44af6c39-c09b-09c5-9de2-394224b04982` does not end in a UUID of RFC 4122)

            not-stix at /: a bundle, an envelope or an object is a JSON object
            not-stix at /: neither a bundle, nor a TAXII envelope, nor an object with a type
            "
        );
    }
}
