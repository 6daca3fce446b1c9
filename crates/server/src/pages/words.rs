//! Sentences: what each page says first, with every number a link to what it counts.
//! Not for: the words of messages to partners; those are templates of `act`.

use std::fmt;

use askama::filters::HtmlSafe;

/// A sentence of text and links, escaped as it is built.
#[derive(Clone, Debug, Default)]
pub struct Sentence(String);

impl Sentence {
    /// An empty sentence.
    pub fn new() -> Sentence {
        Sentence::default()
    }

    /// Adds plain text.
    #[must_use]
    pub fn say(mut self, text: &str) -> Sentence {
        self.0.push_str(&escape(text));
        self
    }

    /// Adds text that leads somewhere.
    #[must_use]
    pub fn link(mut self, href: &str, text: &str) -> Sentence {
        self.0.push_str(&format!(r#"<a href="{}">{}</a>"#, escape(href), escape(text)));
        self
    }

    /// Adds text of weight that leads nowhere.
    #[must_use]
    pub fn bold(mut self, text: &str) -> Sentence {
        self.0.push_str(&format!("<b>{}</b>", escape(text)));
        self
    }

    /// Adds another sentence as it is.
    #[must_use]
    pub fn append(mut self, other: &Sentence) -> Sentence {
        self.0.push_str(&other.0);
        self
    }

    /// The sentence without its markup, for titles and mail.
    pub fn plain(&self) -> String {
        let mut out = String::new();
        let mut inside = false;
        for c in self.0.chars() {
            match c {
                '<' => inside = true,
                '>' => inside = false,
                c if !inside => out.push(c),
                _ => {}
            }
        }
        unescape(&out)
    }
}

impl fmt::Display for Sentence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl HtmlSafe for Sentence {}

/// Text made safe inside HTML and inside a double-quoted attribute.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

fn unescape(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'").replace("&amp;", "&")
}

/// "five functions", "1 function", "1,204 functions": words up to twelve, then figures.
pub fn count(n: i64, one: &str, many: &str) -> String {
    format!("{} {}", number(n), if n == 1 { one } else { many })
}

/// A refusal in a line: what is wrong, and what to do where there is something.
pub fn why(reason: &str, next: &str) -> String {
    if next.is_empty() { reason.to_owned() } else { format!("{reason}: {next}") }
}

/// "Five functions", at the beginning of a sentence.
pub fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// "five", or "1,204" past twelve.
pub fn number(n: i64) -> String {
    const WORDS: [&str; 13] =
        ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];
    usize::try_from(n).ok().and_then(|i| WORDS.get(i)).map_or_else(|| figure(n), |w| (*w).to_owned())
}

/// "1,204".
pub fn figure(n: i64) -> String {
    let digits = n.unsigned_abs().to_string();
    let mut out = if n < 0 { "\u{2212}".to_owned() } else { String::new() };
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// "of a third", "of half", "of 31 %": a share in the words a person would use.
pub fn share(part: i64, whole: i64) -> String {
    if whole <= 0 || part <= 0 {
        return "none".to_owned();
    }
    let percent = (part.saturating_mul(200) / whole + 1) / 2;
    match percent {
        0 => "less than 1 %".to_owned(),
        24..=26 => "a quarter".to_owned(),
        32..=34 => "a third".to_owned(),
        49..=51 => "half".to_owned(),
        66..=67 => "two thirds".to_owned(),
        74..=76 => "three quarters".to_owned(),
        100 if part < whole => "almost all".to_owned(),
        100 => "all".to_owned(),
        p => format!("{p} %"),
    }
}

/// Text in the middle of a sentence: "a, b and c".
pub fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}

/// A value as one part of a query string.
pub fn query(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b':' | b'/' => {
                out.push(char::from(byte))
            }
            b => out.push_str(&format!("%{b:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_words_up_to_twelve() {
        for (n, expected) in [
            (0, "no"),
            (1, "one"),
            (12, "twelve"),
            (13, "13"),
            (1204, "1,204"),
            (-5, "\u{2212}5"),
            (1_000_000, "1,000,000"),
        ] {
            assert_eq!(number(n), expected);
        }
        assert_eq!(capital(&count(5, "function", "functions")), "Five functions");
    }

    #[test]
    fn shares_are_words_where_there_is_one() {
        for (part, whole, expected) in [
            (1, 3, "a third"),
            (1, 2, "half"),
            (31, 100, "31 %"),
            (0, 9, "none"),
            (9, 9, "all"),
            (1, 1000, "less than 1 %"),
            (999, 1000, "almost all"),
        ] {
            assert_eq!(share(part, whole), expected, "{part}/{whole}");
        }
    }

    #[test]
    fn a_sentence_escapes_what_it_is_given() {
        let s = Sentence::new().link("/loop/<x>", "<b>").say(" & so");
        assert_eq!(s.to_string(), r#"<a href="/loop/&lt;x&gt;">&lt;b&gt;</a> &amp; so"#);
        assert_eq!(s.plain(), "<b> & so");
    }

    #[test]
    fn a_query_value_is_encoded() {
        assert_eq!(query("pkg:npm/a b&c=é"), "pkg:npm/a%20b%26c%3D%C3%A9");
    }
}
