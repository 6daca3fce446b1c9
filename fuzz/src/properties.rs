//! What holds for any input at all: nothing panics, nothing runs without bound, and what is taken in keeps the laws that the rest of the
//! hub relies on. The fuzz targets run these over made-up input, an ordinary test over the inputs that are kept.

use serde_json::Value;
use std::collections::BTreeSet;
use stix::marking::{self, Acs, Terms};
use stix::pattern::{self, Matcher, Observation, Set};
use stix::scan::{self, Limits};
use stix::{Head, Text, bundle, jcs};

/// A property by the name of its target.
pub fn by_name(name: &str) -> Option<fn(&[u8])> {
    Some(match name {
        "stix" => stix,
        "pattern" => pattern,
        "matching" => matching,
        "marking" => marking,
        #[cfg(any(test, feature = "server"))]
        "parameters" => parameters,
        _ => return None,
    })
}

/// A document: scanned, split, each object checked and admitted.
pub fn stix(data: &[u8]) {
    let limits = Limits::default();
    let whole = scan::check(data, &limits).is_ok();
    if whole {
        let value: Result<Value, _> = serde_json::from_slice(strip_bom(data));
        assert!(value.is_ok(), "what passes the scan is JSON: {value:?}");
        // Only what passed the scan is read further.
        admitted(data);
    }
    if let Ok(split) = bundle::split(data, &limits) {
        for item in split.items.iter().filter(|item| item.fault.is_none()) {
            admitted(item.bytes);
        }
    }
}

fn strip_bom(data: &[u8]) -> &[u8] {
    data.strip_prefix(b"\xef\xbb\xbf").unwrap_or(data)
}

fn admitted(bytes: &[u8]) {
    let Ok(head) = stix::admit(bytes) else { return };
    assert!(serde_json::from_slice::<Value>(bytes).is_ok(), "what is admitted is JSON");
    assert!(jcs::equal(bytes, bytes), "an object equals itself");
    let (kind, uuid) = stix::id::split(&head.id).expect("an admitted id has two parts");
    assert!(kind == &*head.kind && !uuid.is_empty());
    if let Some(version) = head.version() {
        assert!(stix::Timestamp::parse(version).is_ok(), "an admitted version is a time");
    }
}

/// A pattern: what is read and written again is the same pattern.
pub fn pattern(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match pattern::parse(text) {
        Ok(read) => {
            let again = pattern::parse(&read.to_string());
            assert_eq!(again.as_ref(), Ok(&read), "{read}");
        }
        Err(fault) => assert!(!fault.to_string().is_empty()),
    }
}

const OBSERVED: &str = r#"[
 {"type":"observed-data","id":"observed-data--1","first_observed":"2020-01-01T00:00:00Z","last_observed":"2020-01-01T00:00:05Z","number_observed":3,"objects":{
  "0":{"type":"ipv4-addr","value":"198.51.100.7","resolves_to_refs":["2"]},"1":{"type":"file","name":"a.exe","size":7,"hashes":{"SHA-256":"abcd","MD5":"00"},
  "extensions":{"windows-pebinary-ext":{"sections":[{"name":"x","entropy":0.5},{"name":"y","entropy":7.25}]}},"x_list":[[1,2],[3]]},"2":{"type":"mac-addr","value":"00:11:22:33:44:55"}}},
 {"type":"observed-data","id":"observed-data--2","first_observed":"2020-01-01T00:01:00Z","last_observed":"2020-01-01T00:02:00Z","number_observed":1,"objects":{
  "0":{"type":"ipv6-addr","value":"2001:db8::1"},"1":{"type":"url","value":"https://a.example/%20\u00e9"},"2":{"type":"process","pid":-4,"is_hidden":true,"created_time":"2020-01-01T00:00:00.5Z"},
  "3":{"type":"network-traffic","src_ref":"0","dst_ref":"0","protocols":["tcp"],"src_port":443},"4":{"type":"artifact","payload_bin":"QUJD"}}}]"#;

/// A pattern, run alone and in a set: both say the same, within the work that was allowed.
pub fn matching(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(read) = pattern::parse(text) else { return };
    let observed: Vec<Value> = serde_json::from_str(OBSERVED).expect("our own observations are JSON");
    let observations: Vec<Observation<'_>> =
        observed.iter().filter_map(|one| Observation::read(one, |_| None).ok()).collect();
    assert_eq!(observations.len(), 2);
    let Ok(matcher) = Matcher::new(&read) else { return };
    let alone = matcher.run(&observations, 200_000);
    let (set, refused) = Set::new(&[read]);
    assert!(refused.is_empty(), "what runs alone runs in a set");
    let together = set.runner().run(&observations, 200_000);
    match (&alone, together.as_slice()) {
        (pattern::Verdict::GaveUp, _) | (_, [(0, pattern::Verdict::GaveUp)]) => {}
        (pattern::Verdict::Unmatched, []) => {}
        (alone, [(0, verdict)]) => assert_eq!(alone, verdict, "{text}"),
        (alone, other) => panic!("{text}: alone {alone:?}, in a set {other:?}"),
    }
}

/// The markings of an object: one more reference never opens it.
pub fn marking(data: &[u8]) {
    if let Ok(value) = serde_json::from_slice::<Value>(data) {
        let terms = Terms::read(&value);
        let mut joined = terms.clone();
        joined.join(&terms);
        let mut again = joined.clone();
        again.join(&terms);
        assert_eq!(joined, again, "to ask the same twice is to ask it once");
        let _ = Acs::read(&value);
    }
    let Ok(head) = Head::read(data) else { return };
    let _ = marking::check(&head, data);
    let meaning = marking::meaning(&head);
    let _ = marking::parts(&head);
    let references: Vec<String> = marking::references(&head).into_iter().map(Text::into_string).collect();
    assert_eq!(references.iter().collect::<BTreeSet<_>>().len(), references.len(), "each reference once");
    let unknown = marking::resolve(&head, |_| None);
    let held = marking::resolve(&head, |_| Some(meaning.clone()));
    for resolved in [&unknown, &held] {
        assert!(resolved.effective() >= resolved.tlp, "a definition that is not held never opens an object");
    }
    assert!(held.unresolved.is_empty());
}

/// The query of a request: read, or turned away.
#[cfg(any(test, feature = "server"))]
pub fn parameters(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let _ = server::taxii::reads_parameters(text);
}
