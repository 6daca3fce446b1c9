//! A STIX object in a person's words: its name, what it is, its properties with their values made harmless. Every property is shown: what
//! this file has no words for stands as it is written.
//! Not for: deciding what may be read; whoever calls has the bytes by right.

use serde_json::{Map, Value};

use crate::pages::when;

/// Characters of a name in a list.
const TITLE_MAX: usize = 140;
/// Characters of what is said of a thing in a list.
const SAID_MAX: usize = 150;
/// Properties that the page says elsewhere.
const ELSEWHERE: [&str; 9] = [
    "created_by_ref",
    "external_references",
    "granular_markings",
    "id",
    "object_marking_refs",
    "object_refs",
    "revoked",
    "spec_version",
    "type",
];
/// Properties that come first, in this order.
const FIRST: [&str; 14] = [
    "name",
    "description",
    "abstract",
    "content",
    "value",
    "pattern",
    "aliases",
    "roles",
    "sectors",
    "labels",
    "valid_from",
    "valid_until",
    "first_seen",
    "last_seen",
];

/// An object read for people.
pub struct Reading {
    map: Map<String, Value>,
}

/// A value as a page shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    /// Words.
    Text(String),
    /// As it is written: an identifier, a pattern, an address.
    Written(String),
    /// A list of short things.
    List(Vec<String>),
    /// Other objects, by id.
    Refs(Vec<String>),
    /// Names and values, one level.
    Pairs(Vec<(String, String)>),
}

/// One property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Property {
    /// Its name in the object.
    pub key: String,
    /// In words.
    pub label: String,
    /// What it holds.
    pub shown: Shown,
}

/// One external reference (STIX 2.1 section 2.7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Whose.
    pub name: String,
    /// The id there.
    pub id: String,
    /// The rest, made harmless.
    pub said: String,
}

impl Reading {
    /// Reads the bytes of an object; `None` where they are none any more.
    pub fn of(bytes: &[u8]) -> Option<Reading> {
        match serde_json::from_slice(bytes) {
            Ok(Value::Object(map)) => Some(Reading { map }),
            _ => None,
        }
    }

    /// The text of a property.
    pub fn text(&self, key: &str) -> &str {
        self.map.get(key).and_then(Value::as_str).unwrap_or_default()
    }

    /// The type.
    pub fn kind(&self) -> &str {
        self.text("type")
    }

    /// The texts of a list.
    pub fn texts(&self, key: &str) -> Vec<&str> {
        self.map.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
    }

    /// What people call it: its name, else its value, else what it says, else what it is.
    pub fn title(&self) -> String {
        let value = ["value", "path", "key", "account_login", "user_id", "display_name", "command_line", "subject"];
        let called = ["name", "relationship_type", "abstract", "content", "definition_type", "opinion", "pattern"];
        let text = called.iter().map(|key| self.text(key)).find(|text| !text.trim().is_empty());
        let text = text
            .map(str::to_owned)
            .or_else(|| value.iter().map(|key| self.text(key)).find(|t| !t.is_empty()).map(str::to_owned));
        let text = text.or_else(|| self.hash()).or_else(|| Some(format!("AS {}", self.map.get("number")?.as_i64()?)));
        let text = text.unwrap_or_else(|| kind_words(self.kind()));
        short(&self.harmless(&text))
    }

    fn hash(&self) -> Option<String> {
        let hashes = self.map.get("hashes")?.as_object()?;
        let (name, value) = ["SHA-256", "SHA-1", "MD5"]
            .iter()
            .find_map(|n| Some((*n, hashes.get(*n)?)))
            .or_else(|| hashes.iter().next().map(|(name, value)| (name.as_str(), value)))?;
        Some(format!("{name} {}", value.as_str()?))
    }

    /// A text with its addresses made harmless, as far as this type of object holds addresses.
    fn harmless(&self, text: &str) -> String {
        let address = matches!(self.kind(), "domain-name" | "ipv4-addr" | "ipv6-addr" | "email-addr" | "url");
        if address { defang(text) } else { defang_links(text) }
    }

    /// When it was said, in words: "5 Mar 2024"; empty where it is not written.
    pub fn day(&self, key: &str) -> String {
        instant(self.text(key)).map(when::day).unwrap_or_default()
    }

    /// All properties that the page does not say elsewhere.
    pub fn properties(&self) -> Vec<Property> {
        let first = FIRST.iter().filter_map(|key| self.map.get_key_value(*key));
        let rest = self.map.iter().filter(|(key, _)| !FIRST.contains(&key.as_str()));
        let all = first.chain(rest).filter(|(key, value)| !ELSEWHERE.contains(&key.as_str()) && !value.is_null());
        all.map(|(key, value)| Property { key: key.clone(), label: label(key), shown: self.shown(key, value) })
            .collect()
    }

    fn shown(&self, key: &str, value: &Value) -> Shown {
        match value {
            Value::String(text) if key.ends_with("_ref") => Shown::Refs(vec![text.clone()]),
            Value::String(text) if key == "pattern" => Shown::Written(pattern(text)),
            Value::String(text) if key == "value" => Shown::Written(self.harmless(text)),
            Value::String(text) => Shown::Text(self.words(text)),
            Value::Array(items) if key.ends_with("_refs") => {
                Shown::Refs(items.iter().filter_map(Value::as_str).map(str::to_owned).collect())
            }
            Value::Array(items) => Shown::List(items.iter().map(|item| self.flat(item)).collect()),
            Value::Object(map) => {
                Shown::Pairs(map.iter().map(|(name, value)| (name.clone(), self.flat(value))).collect())
            }
            other => Shown::Text(plain(other)),
        }
    }

    fn words(&self, text: &str) -> String {
        match instant(text) {
            Some(at) => when::When::new(at, at).moment(),
            None => self.harmless(text),
        }
    }

    /// A value within a list or a dictionary, on one line.
    fn flat(&self, value: &Value) -> String {
        match value {
            Value::String(text) => self.words(text),
            Value::Array(items) => items.iter().map(|item| self.flat(item)).collect::<Vec<_>>().join(", "),
            Value::Object(map) => map
                .iter()
                .map(|(key, value)| format!("{} {}", label(key), self.flat(value)))
                .collect::<Vec<_>>()
                .join("; "),
            other => plain(other),
        }
    }

    /// The external references.
    pub fn sources(&self) -> Vec<Source> {
        let all = self.map.get("external_references").and_then(Value::as_array).into_iter().flatten();
        let text =
            |reference: &Value, key: &str| reference.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        all.map(|reference| {
            let said = [text(reference, "description"), text(reference, "url")];
            let said: Vec<String> =
                said.into_iter().filter(|part| !part.is_empty()).map(|part| defang_links(&part)).collect();
            Source {
                name: text(reference, "source_name"),
                id: text(reference, "external_id"),
                said: said.join(" \u{2014} "),
            }
        })
        .collect()
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        other => other.to_string(),
    }
}

fn short(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(TITLE_MAX) {
        Some((end, _)) => format!("{}\u{2026}", line.get(..end).unwrap_or_default().trim_end()),
        None => line,
    }
}

/// Microseconds of a STIX timestamp.
pub(crate) fn instant(text: &str) -> Option<i64> {
    let shaped = text.len() >= 20 && text.ends_with('Z') && text.as_bytes().get(10) == Some(&b'T');
    shaped.then(|| text.parse::<jiff::Timestamp>().ok()).flatten().map(jiff::Timestamp::as_microsecond)
}

/// An address that nobody follows by mistake: `hxxps://evil[.]example`.
pub fn defang(text: &str) -> String {
    text.replace("http://", "hxxp://").replace("https://", "hxxps://").replace('.', "[.]").replace('@', "[@]")
}

/// A text in which each link is made harmless; other dots stay.
pub fn defang_links(text: &str) -> String {
    if !text.contains("http") {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(at) = ["http://", "https://"].iter().filter_map(|scheme| rest.find(scheme)).min() {
        let (before, link) = rest.split_at(at);
        out.push_str(before);
        let start = link.find("//").map_or(0, |slashes| slashes + 2);
        let host = link.get(start..).and_then(|l| l.find(|c: char| c.is_whitespace() || "/)]>\"',".contains(c)));
        let end = host.map_or(link.len(), |host| start + host);
        out.push_str(&defang(link.get(..end).unwrap_or_default()));
        rest = link.get(end..).unwrap_or_default();
    }
    out + rest
}

/// A pattern of STIX with its constants made harmless, and a new line before each part that stands by itself.
pub fn pattern(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for (i, part) in text.split('\'').enumerate() {
        if i > 0 {
            out.push('\'');
        }
        if i % 2 == 1 {
            let address = part.contains('.') && !part.contains([' ', '\\']);
            out.push_str(&if address { defang(part) } else { defang_links(part) });
            continue;
        }
        let mut code = part.to_owned();
        for word in ["] AND [", "] OR [", "] FOLLOWEDBY ["] {
            code = code.replace(word, &word.replacen("] ", "]\n", 1));
        }
        out.push_str(&code);
    }
    out
}

/// A type in words.
pub fn kind_words(kind: &str) -> String {
    let known = match kind {
        "ipv4-addr" => "IPv4 address",
        "ipv6-addr" => "IPv6 address",
        "email-addr" => "e-mail address",
        "email-message" => "e-mail",
        "mac-addr" => "MAC address",
        "domain-name" => "domain name",
        "url" => "URL",
        "x509-certificate" => "certificate",
        "windows-registry-key" => "registry key",
        "csaf" => "advisory",
        "cve" => "CVE record",
        "kev" => "exploited vulnerability (KEV)",
        "eukev" => "exploited vulnerability (EUKEV)",
        "cyclonedx" => "bill of materials (CycloneDX)",
        "spdx" => "bill of materials (SPDX)",
        _ => return kind.strip_prefix("x-").unwrap_or(kind).replace('-', " "),
    };
    known.to_owned()
}

/// The beginning of a text on one line, made harmless, with links of Markdown as their words alone.
pub fn first_words(text: &str) -> String {
    let cut: String = text.chars().take(SAID_MAX * 4).collect();
    let line = defang_links(&unlinked(&cut)).split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(SAID_MAX) {
        Some((end, _)) => format!("{}\u{2026}", line.get(..end).unwrap_or_default().trim_end()),
        None => line,
    }
}

/// `[words](http…)` as `words`.
fn unlinked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, link)) = rest.split_once("](http") {
        let (outside, words) = before.rsplit_once('[').unwrap_or((before, ""));
        out.push_str(outside);
        out.push_str(words);
        rest = link.split_once(')').map_or("", |(_, after)| after);
    }
    out + rest
}

/// "a tool", "an indicator", "a URL", "malware".
pub fn a(words: &str) -> String {
    if matches!(words, "malware" | "infrastructure" | "software" | "network traffic" | "observed data") {
        return words.to_owned();
    }
    let vowel = words.starts_with(['a', 'e', 'i', 'o', 'I']) || words.starts_with("u") && !words.starts_with("us");
    format!("{} {words}", if vowel { "an" } else { "a" })
}

/// A property's name in words.
fn label(key: &str) -> String {
    let bare = key.strip_prefix("x_").unwrap_or(key);
    bare.trim_end_matches("_refs").trim_end_matches("_ref").replace('_', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(object: &str, title: &str) {
        assert_eq!(Reading::of(object.as_bytes()).unwrap().title(), title);
    }

    #[test]
    fn titles() {
        check(r#"{"type":"malware","name":"Emotet"}"#, "Emotet");
        check(r#"{"type":"domain-name","value":"evil.example"}"#, "evil[.]example");
        check(r#"{"type":"url","value":"https://evil.example/a.b"}"#, "hxxps://evil[.]example/a[.]b");
        check(r#"{"type":"file","hashes":{"MD5":"00ff"}}"#, "MD5 00ff");
        check(r#"{"type":"autonomous-system","number":64512}"#, "AS 64512");
        check(r#"{"type":"observed-data"}"#, "observed data");
        check(r#"{"type":"note","content":"a\nb"}"#, "a b");
        assert!(Reading::of(b"").is_none() && Reading::of(b"[]").is_none());
    }

    #[test]
    fn nothing_can_be_followed_by_mistake() {
        assert_eq!(
            defang_links("see https://a.example/x.html, not b.example"),
            "see hxxps://a[.]example/x.html, not b.example"
        );
        assert_eq!(defang_links("(http://a.example)"), "(hxxp://a[.]example)");
        assert_eq!(
            first_words("[Emotet](https://a.example/S1) loads [x](http://b.example)\n[y] http://c.example"),
            "Emotet loads x [y] hxxp://c[.]example"
        );
        assert_eq!(defang_links("ah\u{e9} http://"), "ah\u{e9} hxxp://");
        insta::assert_snapshot!(
            pattern("[domain-name:value = 'evil.example' AND file:name = 'a b.exe'] FOLLOWEDBY [url:value = 'http://x.example/']"),
            @r"
            [domain-name:value = 'evil[.]example' AND file:name = 'a b.exe']
            FOLLOWEDBY [url:value = 'hxxp://x[.]example/']
            "
        );
    }

    #[test]
    fn properties_in_words() {
        let object = br#"{"type":"tool","id":"tool--1","x_rate":3,"is_family":false,"name":"N","first_seen":"2024-03-05T14:03:00Z","sample_refs":["file--1"],"hashes":{"MD5":"00"},"kill_chain_phases":[{"kill_chain_name":"k","phase_name":"p"}],"revoked":true}"#;
        let said = Reading::of(object).unwrap().properties().into_iter().map(|p| format!("{}: {:?}", p.label, p.shown));
        insta::assert_snapshot!(said.collect::<Vec<_>>().join("\n"), @r#"
        name: Text("N")
        first seen: Text("Tue 5 Mar 2024, 14:03 UTC")
        hashes: Pairs([("MD5", "00")])
        is family: Text("no")
        kill chain phases: List(["kill chain name k; phase name p"])
        sample: Refs(["file--1"])
        rate: Text("3")
        "#);
    }

    #[test]
    fn kinds_in_words() {
        for (kind, words) in [
            ("ipv4-addr", "an IPv4 address"),
            ("tool", "a tool"),
            ("user-account", "a user account"),
            ("url", "a URL"),
            ("malware", "malware"),
            ("x-mitre-asset", "a mitre asset"),
        ] {
            assert_eq!(a(&kind_words(kind)), words);
        }
    }
}
