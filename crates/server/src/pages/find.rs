//! Search: takes anything pasted and goes to the right page; and the page of a problem.

pub(crate) mod view;

use askama::Template;

use super::Shell;
use super::words::Sentence;

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
        check("Wasserwerk Nord", Pasted::Text("Wasserwerk Nord".to_owned()));
        check("example[.]org", Pasted::Text("example.org".to_owned()));
    }
}
