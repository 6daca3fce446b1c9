//! Search: takes anything pasted and goes to the right page, or to everything held that has these words, with its parts by type, mark,
//! source and time; and the page of a problem.

pub(crate) mod held;
pub(crate) mod view;

use askama::Template;

use serde::Deserialize;

use super::signs::Mark;
use super::when::When;
use super::words::{Sentence, query};
use super::{Choice, Shell};

/// What was found, where it is not one thing.
#[derive(Template)]
#[template(path = "found.html")]
pub struct Found {
    /// Around it.
    pub shell: Shell,
    /// What is so.
    pub lede: Sentence,
    /// The hits.
    pub hits: Vec<Hit>,
    /// The records.
    pub records: Vec<RecordHit>,
    /// What to do where there are more records than are shown.
    pub more: &'static str,
    /// Everything held that has these words.
    pub held: Held,
}

/// Everything held that has these words, as far as the viewer may see it.
pub struct Held {
    /// It was asked for.
    pub asked: bool,
    /// What was asked.
    pub filter: Filter,
    /// The types to choose from.
    pub kinds: Vec<Choice>,
    /// The marks to choose from.
    pub marks: Vec<Choice>,
    /// The sources to choose from; empty for whoever may not know them.
    pub sources: Vec<Choice>,
    /// The parts, each with its values.
    pub facets: Vec<Facet>,
    /// This page of it.
    pub rows: Vec<Row>,
    /// "1 to 50 of 312".
    pub shown: String,
    /// Where it goes on.
    pub next: Option<String>,
    /// What was not looked at, and how to get there.
    pub limit: Option<Sentence>,
}

/// One part of what was found.
pub struct Facet {
    /// By what.
    pub name: &'static str,
    /// Each value: where it leads, what it is, how many.
    pub values: Vec<(String, String, String)>,
    /// How many values are not shown.
    pub rest: usize,
}

/// One thing found.
pub struct Row {
    /// Its name.
    pub title: String,
    /// Where it leads, where there is a page.
    pub href: Option<String>,
    /// What it is.
    pub kind: String,
    /// What it says first.
    pub said: String,
    /// Its mark.
    pub mark: Mark,
    /// Where it came from; empty for whoever may not know.
    pub source: String,
    /// When it was added.
    pub added: When,
    /// It was revoked.
    pub revoked: bool,
}

/// What is asked in the address.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Filter {
    /// Words.
    pub q: String,
    /// A type.
    pub kind: String,
    /// A mark.
    pub mark: String,
    /// A source.
    pub source: String,
    /// A collection.
    pub collection: String,
    /// The first day.
    pub from: String,
    /// The last day.
    pub to: String,
    /// Hits before this page.
    pub skip: usize,
    /// The list is wanted, also of what has a page of its own.
    pub held: String,
}

impl Filter {
    /// Whether more than words is asked.
    pub fn any(&self) -> bool {
        [&self.kind, &self.mark, &self.source, &self.collection, &self.from, &self.to, &self.held]
            .iter()
            .any(|v| !v.is_empty())
    }

    /// Whether it is narrowed to a part of what is held by the gate.
    pub fn narrows(&self) -> bool {
        [&self.kind, &self.mark, &self.source, &self.collection, &self.from, &self.to].iter().any(|v| !v.is_empty())
    }

    /// The address of the same question with one answer changed, from its beginning.
    pub fn with(&self, name: &str, value: &str) -> String {
        let all = [
            ("q", &self.q),
            ("kind", &self.kind),
            ("mark", &self.mark),
            ("source", &self.source),
            ("collection", &self.collection),
            ("from", &self.from),
            ("to", &self.to),
            ("held", &self.held),
        ];
        let mut out = String::from("/find?");
        let text = |key: &str, held: &str| if key == name { value.to_owned() } else { held.to_owned() };
        let pairs = all
            .iter()
            .map(|(key, held)| (*key, text(key, held)))
            .chain((name == "skip").then(|| ("skip", value.to_owned())));
        let parts: Vec<String> =
            pairs.filter(|(_, v)| !v.is_empty()).map(|(key, v)| format!("{key}={}", query(&v))).collect();
        out.push_str(&parts.join("&"));
        out
    }
}

/// One hit.
pub struct Hit {
    /// Its name.
    pub name: String,
    /// Where it leads.
    pub href: String,
    /// What it is.
    pub kind: String,
    /// Its key.
    pub key: String,
}

/// A record that was found.
pub struct RecordHit {
    /// Its name.
    pub name: String,
    /// Its page.
    pub href: String,
    /// "Activity".
    pub kind: String,
    /// Where it is in its life.
    pub state: String,
    /// Since when.
    pub since: When,
}

/// Something went wrong, or is not there.
#[derive(Template)]
#[template(path = "problem.html")]
pub struct Problem {
    /// Around it.
    pub shell: Shell,
    /// "Not found".
    pub status: String,
    /// What is so.
    pub lede: Sentence,
    /// What to do next.
    pub next: String,
}

/// What somebody pasted, told apart by its form alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pasted {
    /// Nothing.
    Empty,
    /// A CVE id, in its canonical form.
    Cve(String),
    /// The id of a STIX object.
    Object(String),
    /// A package URL.
    Purl(String),
    /// An ask.
    Ask(String),
    /// Anything else: a key or a part of a name.
    Text(String),
}

/// Tells what was pasted. Defanged dots (`[.]`) and quotes from a chat or a mail are taken off.
pub fn pasted(raw: &str) -> Pasted {
    let text: String =
        raw.replace("[.]", ".").replace("hxxp", "http").chars().filter(|c| !c.is_control()).take(500).collect();
    let text = text.trim().trim_matches(['"', '\'', '`', '<', '>', '(', ')', ',', ';']).trim();
    if text.is_empty() {
        return Pasted::Empty;
    }
    if let Some(cve) = cve(text) {
        return Pasted::Cve(cve);
    }
    if text.split_once("--").is_some_and(|(_, uuid)| stix::id::uuid_version(uuid).is_some()) {
        return Pasted::Object(text.to_ascii_lowercase());
    }
    if text.starts_with("pkg:") {
        return Pasted::Purl(text.to_owned());
    }
    match text.to_ascii_lowercase().strip_prefix("ask-") {
        Some(rest) if !rest.is_empty() && !rest.contains(' ') => Pasted::Ask(text.to_ascii_lowercase()),
        _ => Pasted::Text(text.to_owned()),
    }
}

/// The first CVE id in the text: "CVE-", four digits of a year, "-", four or more digits (CVE Record Format 5).
fn cve(text: &str) -> Option<String> {
    let upper = text.to_ascii_uppercase();
    let start = upper.find("CVE-")?;
    let mut parts = upper.get(start + 4..)?.splitn(2, '-');
    let year = parts.next().filter(|y| y.len() == 4 && y.bytes().all(|b| b.is_ascii_digit()))?;
    let number: String = parts.next()?.chars().take_while(char::is_ascii_digit).take(19).collect();
    (number.len() >= 4).then(|| format!("CVE-{year}-{number}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Pasted) {
        assert_eq!(pasted(text), expected);
    }

    #[test]
    fn anything_pasted_is_understood() {
        check("", Pasted::Empty);
        check(" \u{0} ", Pasted::Empty);
        check("cve-2023-6448", Pasted::Cve("CVE-2023-6448".to_owned()));
        check("https://nvd.example/vuln/detail/CVE-2023-6448?x=1", Pasted::Cve("CVE-2023-6448".to_owned()));
        check("(CVE-2023-6448),", Pasted::Cve("CVE-2023-6448".to_owned()));
        check("CVE-2023-1", Pasted::Text("CVE-2023-1".to_owned()));
        check("pkg:npm/lodash@4.17.20", Pasted::Purl("pkg:npm/lodash@4.17.20".to_owned()));
        let id = "malware--3f9eb83a-fb38-4372-b3ab-a8afa5d5ecbe";
        check(&format!("\u{201c}{id}\"").replace('\u{201c}', "\""), Pasted::Object(id.to_owned()));
        check("malware--x", Pasted::Text("malware--x".to_owned()));
        check("Wasserwerk Nord", Pasted::Text("Wasserwerk Nord".to_owned()));
        check("example[.]org", Pasted::Text("example.org".to_owned()));
    }
}
