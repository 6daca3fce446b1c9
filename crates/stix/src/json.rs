//! A cursor over JSON that has passed [`crate::scan`]: values as slices of the document, entered only where somebody looks.
//!
//! Trusts the grammar and never checks it again; on bytes that were not scanned it may miss an error, but it neither panics nor
//! reads past the end. Builds no tree.

use crate::fault::Fault;
use crate::scan::plain_until;
use crate::text::Text;

/// One JSON value as it stands in the document, without white space around it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Value<'a>(&'a str);

/// What a value is, by its first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Object,
    Array,
    Text,
    Number,
    Bool,
    Null,
}

impl Form {
    /// The form in the words of a message.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Form::Object => "an object",
            Form::Array => "an array",
            Form::Text => "a string",
            Form::Number => "a number",
            Form::Bool => "true or false",
            Form::Null => "null",
        }
    }
}

impl<'a> Value<'a> {
    /// The first value of a text, white space before it skipped.
    pub(crate) fn of(text: &'a str) -> Option<Value<'a>> {
        let start = space(text.as_bytes(), 0);
        let end = skip(text.as_bytes(), start)?;
        text.get(start..end).map(Value)
    }

    /// The bytes as they stand.
    pub(crate) fn raw(self) -> &'a str {
        self.0
    }

    pub(crate) fn form(self) -> Form {
        match self.0.as_bytes().first() {
            Some(b'{') => Form::Object,
            Some(b'[') => Form::Array,
            Some(b'"') => Form::Text,
            Some(b't' | b'f') => Form::Bool,
            Some(b'-' | b'0'..=b'9') => Form::Number,
            _ => Form::Null,
        }
    }

    /// The string, if it is one; borrowed unless it holds an escape.
    pub(crate) fn text(self) -> Option<Text<'a>> {
        let inner = self.0.strip_prefix('"')?.strip_suffix('"')?;
        if inner.as_bytes().contains(&b'\\') { serde_json::from_str(self.0).ok() } else { Some(Text::from(inner)) }
    }

    pub(crate) fn bool(self) -> Option<bool> {
        match self.0 {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }

    /// The members of an object in the order of the document; none for anything else.
    pub(crate) fn members(self) -> Members<'a> {
        Members(Walk::new(self.0, b'{'))
    }

    /// The elements of an array; none for anything else.
    pub(crate) fn items(self) -> Items<'a> {
        Items(Walk::new(self.0, b'['))
    }
}

/// Steps through the inside of an object or of an array.
struct Walk<'a> {
    text: &'a str,
    /// Behind the opening bracket, or behind the last value; none at the end.
    at: Option<usize>,
}

impl<'a> Walk<'a> {
    fn new(text: &'a str, open: u8) -> Walk<'a> {
        Walk { text, at: (text.as_bytes().first() == Some(&open)).then_some(1) }
    }

    /// To the first byte of the next key or element.
    fn next(&mut self) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let mut at = space(bytes, self.at.take()?);
        if bytes.get(at) == Some(&b',') {
            at = space(bytes, at + 1);
        }
        (!matches!(bytes.get(at), None | Some(b'}' | b']'))).then_some(at)
    }

    fn value(&mut self, at: usize) -> Option<Value<'a>> {
        let end = skip(self.text.as_bytes(), at)?;
        self.at = Some(end);
        self.text.get(at..end).map(Value)
    }
}

/// See [`Value::members`].
pub(crate) struct Members<'a>(Walk<'a>);

impl<'a> Iterator for Members<'a> {
    type Item = (Text<'a>, Value<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let start = self.0.next()?;
        let bytes = self.0.text.as_bytes();
        let end = skip(bytes, start)?;
        let key = Value(self.0.text.get(start..end)?).text()?;
        let colon = space(bytes, end);
        let from = space(bytes, colon + 1);
        Some((key, self.0.value(from)?))
    }
}

/// See [`Value::items`].
pub(crate) struct Items<'a>(Walk<'a>);

impl<'a> Iterator for Items<'a> {
    type Item = Value<'a>;

    fn next(&mut self) -> Option<Value<'a>> {
        let at = self.0.next()?;
        self.0.value(at)
    }
}

/// One object with its members at hand.
#[derive(Debug)]
pub(crate) struct Object<'a> {
    pub(crate) members: Vec<(Text<'a>, Value<'a>)>,
}

impl<'a> Object<'a> {
    /// Reads the outermost members of an object whose bytes have passed [`crate::scan`].
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Object<'a>, Fault> {
        let text = std::str::from_utf8(bytes).map_err(|_| Fault::new("not-utf8", "", "the object is not UTF-8"))?;
        let value = Value::of(text)
            .ok_or_else(|| Fault::new("json-syntax", "", "the object is cut off: scan it before it is admitted"))?;
        if value.form() != Form::Object {
            return Err(Fault::new("not-an-object", "", "a STIX object is a JSON object"));
        }
        let mut members = Vec::with_capacity(24);
        members.extend(value.members());
        Ok(Object { members })
    }

    /// The members of a value within an object.
    pub(crate) fn of(value: Value<'a>) -> Object<'a> {
        Object { members: value.members().collect() }
    }

    pub(crate) fn get(&self, key: &str) -> Option<Value<'a>> {
        self.members.iter().find(|(k, _)| &**k == key).map(|(_, value)| *value)
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.members.iter().any(|(k, _)| &**k == key)
    }

    pub(crate) fn text(&self, key: &str) -> Option<Text<'a>> {
        self.get(key)?.text()
    }
}

fn space(bytes: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\n' | b'\r' | b'\t') = bytes.get(at) {
        at += 1;
    }
    at
}

/// The end of the value that begins at `at`; none when the text ends before it.
fn skip(bytes: &[u8], at: usize) -> Option<usize> {
    match bytes.get(at)? {
        b'"' => skip_string(bytes, at),
        b'{' | b'[' => skip_nested(bytes, at),
        _ => {
            let rest = bytes.get(at..)?;
            let length = rest.iter().position(|b| matches!(b, b',' | b']' | b'}' | b' ' | b'\n' | b'\r' | b'\t'));
            length.map_or(Some(bytes.len()), |n| (n > 0).then_some(at + n))
        }
    }
}

fn skip_string(bytes: &[u8], open: usize) -> Option<usize> {
    let mut at = open + 1;
    loop {
        at = plain_until(bytes, at);
        match bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// Only brackets are counted and strings passed over: constant memory at any depth.
fn skip_nested(bytes: &[u8], mut at: usize) -> Option<usize> {
    let mut open = 0_usize;
    loop {
        match bytes.get(at)? {
            b'"' => {
                at = skip_string(bytes, at)?;
                continue;
            }
            b'{' | b'[' => open += 1,
            b'}' | b']' => {
                open -= 1;
                if open == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn members_and_items() {
        let doc = r#" {"a" : [1 , "x\"]", {"b":[]}], "\u0063":null,"d":{ },"e":-1.5e3 } "#;
        let object = Object::read(doc.as_bytes()).unwrap();
        let show: Vec<_> = object.members.iter().map(|(k, v)| format!("{k}={}", v.raw())).collect();
        assert_eq!(show.join(";"), r#"a=[1 , "x\"]", {"b":[]}];c=null;d={ };e=-1.5e3"#);
        let items: Vec<_> = object.get("a").unwrap().items().map(|v| (v.form(), v.raw())).collect();
        assert_eq!(items, [(Form::Number, "1"), (Form::Text, r#""x\"]""#), (Form::Object, r#"{"b":[]}"#)]);
        assert_eq!(object.get("a").unwrap().items().nth(1).unwrap().text().unwrap().as_str(), "x\"]");
        assert!(object.members[0].0.is_borrowed());
    }

    /// What a general reader sees is what the cursor sees.
    fn same(value: Value<'_>, tree: &serde_json::Value) -> bool {
        match tree {
            serde_json::Value::Object(map) => {
                let seen: Vec<_> = value.members().collect();
                seen.len() == map.len() && seen.iter().all(|(k, v)| map.get(&**k).is_some_and(|t| same(*v, t)))
            }
            serde_json::Value::Array(list) => {
                let seen: Vec<_> = value.items().collect();
                seen.len() == list.len() && seen.iter().zip(list).all(|(v, t)| same(*v, t))
            }
            serde_json::Value::String(text) => value.text().is_some_and(|t| *t == **text),
            serde_json::Value::Bool(b) => value.bool() == Some(*b),
            other => value.raw() == other.to_string().as_str(),
        }
    }

    fn any_json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            "[a-z\"\\\\é\n{}\\[\\],:]{0,12}".prop_map(Into::into),
        ];
        leaf.prop_recursive(4, 30, 5, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..5).prop_map(Into::into),
                proptest::collection::btree_map("[a-z\"\\\\]{0,5}", inner, 0..5)
                    .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn sees_what_a_general_reader_sees(tree in any_json(), pretty in any::<bool>()) {
            let text = if pretty { serde_json::to_string_pretty(&tree) } else { serde_json::to_string(&tree) }.unwrap();
            prop_assert!(same(Value::of(&text).unwrap(), &tree), "{text}");
        }

        #[test]
        fn never_panics(bytes in r#"[\[\]{}",:\\a0 ]{0,30}"#) {
            if let Ok(object) = Object::read(bytes.as_bytes()) {
                object.members.iter().for_each(|(_, v)| v.items().for_each(drop));
            }
        }
    }
}
