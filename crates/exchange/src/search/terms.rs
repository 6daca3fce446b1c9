//! The terms by which a thing is found: what words there are in the texts of a JSON document, folded and refanged, as numbers.
//!
//! Reads bytes that were checked at admission, in one pass without a tree. No stemming and no weights: a word is found as it is written.
mod run;

use memchr::{memchr, memchr2, memchr2_iter};
use run::{Terms, terms_of};
use std::borrow::Cow;
use std::ops::Range;

/// Terms of one STIX object at most. Names, identifiers and values come first; a long description loses its end.
pub(super) const OBJECT_TERMS_MAX: usize = 64;
/// Terms of one document of another form at most: an advisory names many products.
pub(super) const DOCUMENT_TERMS_MAX: usize = 512;
/// References of one object at most by which it is found from what it names.
const REFS_MAX: usize = 256;
/// Bytes of a term: the longest hash in use has 128 hexadecimal digits.
const TERM_MAX: usize = 160;
/// Bits of a term's number ([`number`]).
pub(super) const NUMBER_BITS: u32 = 38;

/// Words that say nothing by themselves, sorted.
const COMMON: [&str; 43] = [
    "after", "all", "also", "an", "and", "any", "are", "as", "at", "be", "been", "but", "by", "can", "for", "from",
    "has", "have", "http", "https", "if", "in", "into", "is", "it", "its", "may", "not", "of", "on", "or", "such",
    "that", "the", "their", "they", "this", "to", "use", "used", "was", "with", "www",
];

/// Bytes of the longest of them.
const COMMON_BYTES: usize = 5;

/// Properties whose text is no content: references, times, selectors, bytes, and links of sources.
const SKIPPED: [&str; 17] = [
    "created",
    "created_by_ref",
    "current_release_date",
    "id",
    "initial_release_date",
    "lang",
    "marking_ref",
    "modified",
    "object_marking_refs",
    "payload_bin",
    "selectors",
    "sighting_of_ref",
    "source_name",
    "source_ref",
    "spec_version",
    "target_ref",
    "url",
];

/// Properties that hold prose: their words come after all others.
const PROSE: [&str; 11] = [
    "abstract",
    "content",
    "description",
    "details",
    "explanation",
    "notes",
    "opinion",
    "schema",
    "summary",
    "text",
    "x_mitre_detection",
];

/// Words in which `text` is asked for, each once, in their order; and those that are too common to be asked for.
pub fn asked(text: &str) -> (Vec<String>, Vec<String>) {
    let (mut wanted, mut common): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    compounds(text, &mut |word| {
        let list = if is_term(word) { &mut wanted } else { &mut common };
        if !list.iter().any(|held| held == word) {
            list.push(word.to_owned());
        }
        true
    });
    (wanted, common)
}

/// The numbers of the terms of texts, in their order and each once, at most so many: by these another stage finds what it keeps with the words in
/// which a search over what is held is asked.
pub fn numbers_of<'t>(texts: impl Iterator<Item = &'t str>, max: usize) -> Vec<u64> {
    let (mut terms, mut fold) = (Terms::default(), String::new());
    terms.begin(max);
    for text in texts {
        if terms.is_full() {
            break;
        }
        terms_of(text, &mut fold, &mut terms);
    }
    terms.numbers
}

/// The number of a term: FNV-1a over its bytes, stirred, cut. It stands in stores, so it never changes.
pub fn number(term: &str) -> u64 {
    stirred(term.bytes().fold(FNV, fnv))
}

/// What FNV-1a begins with.
const FNV: u64 = 0xcbf2_9ce4_8422_2325;

fn fnv(hash: u64, byte: u8) -> u64 {
    (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
}

fn stirred(mut hash: u64) -> u64 {
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    (hash ^ (hash >> 33)) >> (64 - NUMBER_BITS)
}

/// The number under which all of one type stand. The first character is in no text's term.
pub(super) fn of_kind(kind: &str) -> u64 {
    prefixed("\u{1}kind ", kind)
}

/// The number under which all of one source stand.
pub(super) fn of_source(source: &str) -> u64 {
    prefixed("\u{1}source ", source)
}

/// The number under which all stand that refer to an object.
pub(super) fn of_reference(id: &str) -> u64 {
    prefixed("\u{1}ref ", id)
}

/// The number of two texts put together.
fn prefixed(prefix: &str, text: &str) -> u64 {
    stirred(prefix.bytes().chain(text.bytes()).fold(FNV, fnv))
}

/// Reads the terms of documents; keeps its buffers from one to the next.
#[derive(Default)]
pub(super) struct Reader {
    fold: String,
    terms: Terms,
    refs: Vec<u64>,
    /// Where the last document has prose.
    prose: Vec<Leaf>,
    /// The first `name`, `value` and `pattern` of the last document.
    called: [String; 3],
}

impl Reader {
    /// The numbers of the terms of a JSON document, sorted, each once, `max` at most.
    pub(super) fn read(&mut self, bytes: &[u8], max: usize) -> &[u64] {
        self.terms.begin(max);
        self.refs.clear();
        self.prose.clear();
        self.called.iter_mut().for_each(String::clear);
        let Reader { fold, terms, refs, prose, called } = self;
        let document = std::str::from_utf8(bytes).unwrap_or_default();
        leaves(document, &mut |key, leaf| {
            if is_among(key, &PROSE) {
                prose.push(leaf);
                return;
            }
            let many = key.ends_with("_refs");
            let refers = many || key.ends_with("_ref");
            let says = !many && !is_among(key, &SKIPPED);
            if !refers && !says {
                return;
            }
            let text = leaf.read(document);
            if refers && key != "object_marking_refs" {
                refer(refs, &text);
            }
            let place = ["name", "value", "pattern"].iter().position(|name| *name == key);
            if let Some(first) = place.and_then(|at| called.get_mut(at)).filter(|first| first.is_empty()) {
                first.push_str(&text);
            }
            if says {
                terms_of(&text, fold, terms);
            }
        });
        // prose comes last, and is left as soon as there are enough
        for leaf in prose.iter() {
            if terms.is_full() {
                break;
            }
            terms_of(&leaf.read(document), fold, terms);
        }
        self.terms.numbers.sort_unstable();
        &self.terms.numbers
    }

    /// The numbers of the objects to which the last document refers.
    pub(super) fn references(&self) -> &[u64] {
        &self.refs
    }

    /// What the last document calls itself: its `pattern` where it is an indicator's, else its `name`, else its `value`.
    pub(super) fn called(&self) -> &str {
        let [name, value, pattern] = &self.called;
        [pattern, name, value].into_iter().find(|text| !text.is_empty()).map_or("", String::as_str)
    }

    /// Whether a document has all of these terms.
    pub(super) fn has(&mut self, bytes: &[u8], max: usize, wanted: &[String]) -> bool {
        let terms = self.read(bytes, max);
        wanted.iter().all(|word| terms.binary_search(&number(word)).is_ok())
    }
}

fn refer(refs: &mut Vec<u64>, text: &str) {
    if refs.len() < REFS_MAX && text.contains("--") {
        let number = of_reference(text);
        if !refs.contains(&number) {
            refs.push(number);
        }
    }
}

/// Whether a name is in a list: most are told apart by their length.
fn is_among(name: &str, list: &[&str]) -> bool {
    list.iter().any(|held| held.len() == name.len() && *held == name)
}

/// Where a text stands in its document, with its quotes.
struct Leaf {
    at: Range<usize>,
    escaped: bool,
}

impl Leaf {
    fn read<'a>(&self, document: &'a str) -> Cow<'a, str> {
        let raw = document.get(self.at.clone()).unwrap_or_default();
        match self.escaped {
            false => Cow::Borrowed(raw.get(1..raw.len().saturating_sub(1)).unwrap_or_default()),
            true => Cow::Owned(serde_json::from_str(raw).unwrap_or_default()),
        }
    }
}

/// Hands over each text of a JSON document with the name of its property; members of an array have the array's.
fn leaves(document: &str, f: &mut dyn FnMut(&str, Leaf)) {
    let bytes = document.as_bytes();
    let mut key: Cow<'_, str> = Cow::Borrowed("");
    let mut from = 0;
    while let Some(open) = bytes.get(from..).and_then(|rest| memchr(b'"', rest)).map(|at| from + at) {
        let Some((length, escaped)) = bytes.get(open + 1..).and_then(string_end) else { return };
        from = open + length + 2;
        let leaf = Leaf { at: open..from, escaped };
        let next = bytes.get(from..).unwrap_or_default().iter().find(|b| !b.is_ascii_whitespace());
        match next {
            Some(b':') => key = leaf.read(document),
            _ => f(&key, leaf),
        }
    }
}

/// The length of a string up to its closing quote, and whether it holds an escape (RFC 8259 section 7).
fn string_end(bytes: &[u8]) -> Option<(usize, bool)> {
    let mut escaped = false;
    let mut at = 0;
    loop {
        at += memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes.get(at) == Some(&b'"') {
            return Some((at, escaped));
        }
        escaped = true;
        at += 2;
    }
}

/// Whether a word can be asked for.
fn is_term(word: &str) -> bool {
    match word.len() {
        0 | 1 => false,
        2 | 3 => word.chars().any(char::is_alphabetic) && !is_common(word),
        4..=TERM_MAX => !is_common(word),
        _ => false,
    }
}

fn is_common(word: &str) -> bool {
    packed(word).is_some_and(is_common_packed)
}

fn is_common_packed(word: u64) -> bool {
    let (place, bit) = common_bit(word);
    // most words that are not common are told apart without looking for them
    COMMON_BITS.get(place).is_some_and(|bits| bits & bit != 0) && COMMON_PACKED.binary_search(&word).is_ok()
}

/// Where a bit stands for a packed word.
const fn common_bit(word: u64) -> (usize, u64) {
    let place = word.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 54;
    ((place >> 6) as usize, 1 << (place & 63))
}

/// The bytes of a short word as one number, in the order of the words.
const fn packed(word: &str) -> Option<u64> {
    if word.len() > COMMON_BYTES {
        return None;
    }
    let (bytes, mut number, mut at) = (word.as_bytes(), 0, 0);
    while at < COMMON_BYTES {
        number = number << 8 | if at < bytes.len() { bytes[at] as u64 } else { 0 };
        at += 1;
    }
    Some(number)
}

const COMMON_PACKED: [u64; COMMON.len()] = {
    let (mut all, mut at) = ([0; COMMON.len()], 0);
    while at < COMMON.len() {
        if let Some(word) = packed(COMMON[at]) {
            all[at] = word;
        }
        at += 1;
    }
    all
};

/// A bit for each of them.
const COMMON_BITS: [u64; 16] = {
    let (mut all, mut at) = ([0; 16], 0);
    while at < COMMON.len() {
        let (place, bit) = common_bit(COMMON_PACKED[at]);
        all[place] |= bit;
        at += 1;
    }
    all
};

/// The terms of a text: each compound as it is written, the parts of one that has words as its parts, and the domains above a domain. False
/// where `f` wanted no more.
fn words(text: &str, f: &mut dyn FnMut(&str) -> bool) -> bool {
    compounds(text, &mut |compound| with_parts(compound, f))
}

/// The terms of one compound, which is folded.
fn with_parts(compound: &str, f: &mut dyn FnMut(&str) -> bool) -> bool {
    if is_term(compound) && !f(compound) {
        return false;
    }
    if compound.len() > TERM_MAX || !compound.bytes().any(|b| is_joiner(char::from(b))) {
        return true;
    }
    let mut parts = compound
        .split(is_joiner)
        .filter(|part| part.len() > 2 && part.chars().all(char::is_alphabetic) && is_term(part));
    parts.all(&mut *f) && above(compound, f)
}

/// The domains above the host of an address or a name: of `mail.a.example` it is `a.example`.
fn above(compound: &str, f: &mut dyn FnMut(&str) -> bool) -> bool {
    let host = compound.rsplit('@').next().unwrap_or(compound);
    let is_domain = host.rsplit('.').next().is_some_and(|top| top.len() > 1 && top.chars().all(char::is_alphabetic));
    if !is_domain || !host.contains('.') {
        return true;
    }
    if host.len() < compound.len() && !f(host) {
        return false;
    }
    let mut domain = host;
    while let Some((_, upper)) = domain.split_once('.').filter(|(_, upper)| upper.contains('.')) {
        if !f(upper) {
            return false;
        }
        domain = upper;
    }
    true
}

fn is_joiner(c: char) -> bool {
    matches!(c, '.' | '-' | '_' | '@' | ':' | '+')
}

/// The runs of letters, digits and what joins them, folded to lower case and with defanged dots made whole. False where `f` wanted no more.
fn compounds(text: &str, f: &mut dyn FnMut(&str) -> bool) -> bool {
    let folded = text.to_lowercase();
    let whole = refanged(&folded);
    let runs = whole.split(|c: char| !c.is_alphanumeric() && !is_joiner(c)).map(|run| run.trim_matches(is_joiner));
    runs.filter(|word| !word.is_empty()).all(f)
}

/// Whether a text has one of the forms that [`refanged`] undoes.
fn is_fanged(text: &[u8]) -> bool {
    let begins =
        |at: usize, what: &[u8]| text.get(at..at + what.len()).is_some_and(|there| there.eq_ignore_ascii_case(what));
    let may = |at: usize| matches!(text.get(at + 1), Some(b'.' | b':' | b'@' | b'd' | b'D' | b'a' | b'A'));
    memchr2_iter(b'[', b'(', text).any(|at| may(at) && FANGED.iter().any(|(fanged, _)| begins(at, fanged.as_bytes())))
        || memchr2_iter(b'x', b'X', text).any(|at| at > 0 && begins(at - 1, b"hxxp"))
}

/// How addresses are made harmless, and what they were.
const FANGED: [(&str, &str); 8] = [
    ("[.]", "."),
    ("(.)", "."),
    ("[dot]", "."),
    ("(dot)", "."),
    ("[:]", ":"),
    ("[://]", "://"),
    ("[@]", "@"),
    ("[at]", "@"),
];

/// Addresses as they were before somebody made them harmless: `hxxp`, `[.]`, `(.)`, `[:]`, `[@]`, `[at]`, `[dot]`.
fn refanged(text: &str) -> Cow<'_, str> {
    if !text.contains(['[', '(']) && !text.contains("hxxp") {
        return Cow::Borrowed(text);
    }
    let mut out = text.replace("hxxp", "http");
    for (fanged, plain) in FANGED {
        if out.contains(fanged) {
            out = out.replace(fanged, plain);
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let mut got: Vec<String> = Vec::new();
        words(text, &mut |word| {
            got.push(word.to_owned());
            true
        });
        assert_eq!(got.join(" "), expected, "{text}");
    }

    #[test]
    fn words_of_a_text() {
        check("", "");
        check("The Sandworm Team, 2015", "sandworm team 2015");
        check("CVE-2023-6448.", "cve-2023-6448 cve");
        check(
            "hxxps://mail[.]evil.example/a/login.php",
            "mail.evil.example mail evil example evil.example login.php login php",
        );
        check("Ops@Mail.Example.org", "ops@mail.example.org ops mail example org mail.example.org example.org");
        check("198.51.100[.]7 2001:db8::1 443", "198.51.100.7 2001:db8::1");
        check("command-and-control", "command-and-control command control");
        check("Wasserwerk KÖLN", "wasserwerk köln");
        check("x 1 22 the", "");
        check(&"a".repeat(TERM_MAX + 1), "");
    }

    #[test]
    fn what_is_asked_for() {
        let (wanted, common) = asked("The “Sandworm” (sandworm) evil[.]example 5");
        assert_eq!(wanted, ["sandworm", "evil.example"]);
        assert_eq!(common, ["the", "5"]);
    }

    #[test]
    fn leaves_of_a_document() {
        let mut got = Vec::new();
        let text = r#"{"a":"x","b":["y\"z",{"c":"\u00e9"}],"d":1,"e" : {"f":"g:"},"h":"\\"}"#;
        leaves(text, &mut |key, value| got.push(format!("{key}={}", value.read(text))));
        assert_eq!(got.join(" "), r#"a=x b=y"z c=é f=g: h=\"#);
        for broken in ["\"", r#""\"#, r#"{"a"#, "", "é\"é\"", "\"\\é"] {
            leaves(broken, &mut |_, text| assert!(text.read(broken).len() < 99));
        }
    }

    #[test]
    fn names_come_before_prose() {
        let prose: String = (0..90).map(|i| format!("word{i} ")).collect();
        let text = format!(
            r#"{{"description":"{prose}","id":"malware--1","created":"2020","name":"Emotet","labels":["trojan"]}}"#
        );
        let mut reader = Reader::default();
        assert_eq!(reader.read(text.as_bytes(), OBJECT_TERMS_MAX).len(), OBJECT_TERMS_MAX);
        let has = |reader: &mut Reader, word: &str| reader.has(text.as_bytes(), OBJECT_TERMS_MAX, &[word.to_owned()]);
        assert!(has(&mut reader, "emotet") && has(&mut reader, "trojan") && has(&mut reader, "word61"));
        assert!(!has(&mut reader, "word62") && !has(&mut reader, "2020") && !has(&mut reader, "malware"));
    }

    /// Numbers stand in stores.
    #[test]
    fn numbers_stay() {
        assert_eq!(number("emotet"), 213_419_753_076);
        assert!(COMMON.is_sorted() && SKIPPED.is_sorted() && PROSE.is_sorted());
        assert_eq!(COMMON.iter().map(|word| word.len()).max(), Some(COMMON_BYTES));
    }
}
