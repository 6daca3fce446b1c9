//! Borrowed JSON text and the folding of names. Not here: what a folded name means ([`crate::vendor`], [`crate::matching`]).

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Visitor};

/// A JSON string that borrows from the input where it can and owns where the input has escapes.
///
/// `&str` fields refuse escaped strings and `Option<Cow<str>>` never borrows under serde; this does both right. `null`
/// and values of another type read as the empty text: a reader of foreign documents does not refuse a whole advisory
/// over one odd note.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Text<'a>(pub Cow<'a, str>);

impl Text<'_> {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether nothing but white space was given.
    pub fn is_blank(&self) -> bool {
        self.0.trim().is_empty()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Texts;
        impl<'de> Visitor<'de> for Texts {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }
            fn visit_borrowed_str<E>(self, v: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(v)))
            }
            fn visit_str<E>(self, v: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(v.to_owned())))
            }
            fn visit_string<E>(self, v: String) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(v)))
            }
            fn visit_unit<E>(self) -> Result<Text<'de>, E> {
                Ok(Text::default())
            }
            fn visit_bool<E>(self, v: bool) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(v.to_string())))
            }
            fn visit_i64<E>(self, v: i64) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(v.to_string())))
            }
            fn visit_u64<E>(self, v: u64) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(v.to_string())))
            }
            fn visit_f64<E>(self, v: f64) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(v.to_string())))
            }
            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<Text<'de>, A::Error> {
                while seq.next_element::<serde::de::IgnoredAny>()?.is_some() {}
                Ok(Text::default())
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Text<'de>, A::Error> {
                while map.next_entry::<serde::de::IgnoredAny, serde::de::IgnoredAny>()?.is_some() {}
                Ok(Text::default())
            }
        }
        deserializer.deserialize_any(Texts)
    }
}

/// A list of `T`; `null` and values of another type read as the empty list.
#[derive(Debug, Clone)]
pub struct List<T>(pub Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        List(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(List(Option::<Vec<T>>::deserialize(deserializer)?.unwrap_or_default()))
    }
}

/// Undoes UTF-8 that was read as Latin-1 (`GeutebrÃ¼ck`); anything else comes back as it is.
pub fn repair(name: &str) -> Cow<'_, str> {
    if !name.contains(['Ã', 'Â', 'â']) {
        return Cow::Borrowed(name);
    }
    let mut bytes = Vec::with_capacity(name.len());
    for c in name.chars() {
        match u8::try_from(u32::from(c)) {
            Ok(byte) => bytes.push(byte),
            Err(_) => return Cow::Borrowed(name),
        }
    }
    match String::from_utf8(bytes) {
        Ok(repaired) => Cow::Owned(repaired),
        Err(_) => Cow::Borrowed(name),
    }
}

/// The plain letters of an accented one, as far as company and product names need it.
fn plain(c: char) -> &'static str {
    match c {
        'á' | 'à' | 'â' | 'ä' | 'ã' | 'å' | 'ą' => "a",
        'æ' => "ae",
        'ç' | 'ć' | 'č' => "c",
        'é' | 'è' | 'ê' | 'ë' | 'ę' | 'ě' => "e",
        'í' | 'ì' | 'î' | 'ï' => "i",
        'ł' => "l",
        'ñ' | 'ń' | 'ň' => "n",
        'ó' | 'ò' | 'ô' | 'ö' | 'õ' | 'ø' => "o",
        'œ' => "oe",
        'ř' => "r",
        'ś' | 'š' => "s",
        'ß' => "ss",
        'ú' | 'ù' | 'û' | 'ü' | 'ů' => "u",
        'ý' | 'ÿ' => "y",
        'ž' | 'ź' | 'ż' => "z",
        '®' | '™' | '©' => "",
        '&' => " and ",
        _ => " ",
    }
}

/// Lower case, plain letters, single spaces; digits, letters and `+` stay, all else parts words.
pub fn fold(name: &str) -> String {
    let repaired = repair(name);
    let mut out = String::with_capacity(repaired.len());
    let mut push = |piece: &str| {
        for c in piece.chars() {
            if c != ' ' || !(out.is_empty() || out.ends_with(' ')) {
                out.push(c);
            }
        }
    };
    for upper in repaired.chars() {
        if upper.is_ascii_alphanumeric() || upper == '+' {
            push(upper.to_ascii_lowercase().encode_utf8(&mut [0; 4]));
            continue;
        }
        for c in upper.to_lowercase() {
            let folded = plain(c);
            if folded == " " && c.is_alphanumeric() {
                push(c.encode_utf8(&mut [0; 4]));
            } else {
                push(folded);
            }
        }
    }
    out.truncate(out.trim_end().len());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fold_to_words() {
        #[track_caller]
        fn check(name: &str, folded: &str) {
            assert_eq!(fold(name), folded);
        }
        check(" GeutebrÃ¼ck  GmbH", "geutebruck gmbh");
        check("PEPPERL+FUCHS", "pepperl+fuchs");
        check("B&R Industrial Automation", "b and r industrial automation");
        check("S7-1500 CPU 1515F-2 PN/DP", "s7 1500 cpu 1515f 2 pn dp");
        check("東芝 CV-1000", "東芝 cv 1000");
        check("--", "");
        check("", "");
    }

    #[test]
    fn odd_values_read_as_empty_text() {
        let read: Vec<Text<'_>> =
            serde_json::from_str(r#"["a\u0041", null, 3, {"x":[1]}, [1,{}], "plain"]"#).unwrap_or_default();
        let texts: Vec<&str> = read.iter().map(Text::as_str).collect();
        assert_eq!(texts, ["aA", "", "3", "", "", "plain"]);
    }
}
