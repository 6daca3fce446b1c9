//! The scan against tables of good and bad documents, and against a general JSON reader as oracle.

use super::*;
use proptest::prelude::*;

#[track_caller]
fn check_one(doc: &str, expected: &str) {
    let got = match check(doc.as_bytes(), &Limits { depth: 4, string: 20, ..Limits::default() }) {
        Ok(()) => "ok".to_owned(),
        Err(fault) => format!("{} {}", fault.rule, fault.place),
    };
    assert_eq!(got.trim_end(), expected, "{doc}");
}

#[test]
fn documents() {
    check_one(r#"{"a":[1,-0.5e+3,{"b":null}],"c":"d\n\u00e9","e":true,"f":{},"g":[]}"#, "ok");
    check_one(" [ ] ", "ok");
    check_one("\u{feff}{}", "ok");
    check_one("\"lone\"", "ok");
    check_one("", "json-truncated");
    check_one("{", "json-truncated");
    check_one(r#"{"a":"b"#, "json-truncated /a");
    check_one(r#"{"a":[1,2"#, "json-truncated /a/1");
    check_one(r#"{"a":[1,2,]}"#, "json-syntax /a/2");
    check_one(r#"{"a":1,}"#, "json-syntax /a");
    check_one(r#"{"a":1 "b":2}"#, "json-syntax /a");
    check_one(r#"{"a"}"#, "json-syntax /a");
    check_one(r#"{a:1}"#, "json-syntax");
    check_one("[1] x", "json-syntax");
    check_one("[01]", "json-syntax /0");
    check_one("[1.]", "json-syntax /0");
    check_one("[+1]", "json-syntax /0");
    check_one("[nul]", "json-syntax /0");
    check_one("[}", "json-syntax /0");
    check_one("[\"a\u{1}b\"]", "json-syntax /0");
    check_one(r#"["\x"]"#, "json-syntax /0");
    check_one(r#"["\u12g4"]"#, "json-syntax /0");
}

#[test]
fn limits_and_keys() {
    check_one("[[[[1]]]]", "ok");
    check_one(r#"{"a":[[[[1]]]]}"#, "too-deep /a/0/0/0");
    check_one(r#"["abcdefghijklmnopqrst"]"#, "ok");
    check_one(r#"[1,"abcdefghijklmnopqrstu"]"#, "string-too-long /1");
    check_one(r#"{"a":1,"b":{"c":1,"c":2}}"#, "duplicate-key /b/c");
    check_one(r#"{"a/b":{"~":1,"~":2}}"#, "duplicate-key /a~1b/~0");
    check_one(r#"{"a":1,"\u0061":2}"#, "duplicate-key /a");
    check_one(r#"{"a":{"x":1},"b":{"x":1}}"#, "ok");
    check_one(r#"["\ud83d\ude00"]"#, "ok");
    check_one(r#"["\ud83d"]"#, "lone-surrogate /0");
    check_one("[1e308,-1e308,1e-400,0e999999999]", "ok");
    check_one(r#"{"a":[1e14740993]}"#, "number-range /a/0");
    check_one(&format!("[-{}]", "9".repeat(400)), "number-range /0");
    check_one(r#"["\ude00\ud83d"]"#, "lone-surrogate /0");
    let many: String = (0..40).map(|i| format!("\"k{i}\":{i},")).collect();
    check_one(&format!("{{{many}\"k17\":0}}"), "duplicate-key /k17");
    check_one(&format!("{{{many}\"k40\":0}}"), "ok");
}

#[test]
fn hostile_depth_takes_no_stack_and_little_memory() {
    let deep = "[".repeat(5_000_000);
    assert_eq!(check(deep.as_bytes(), &Limits::default()).unwrap_err().rule, "too-deep");
    let objects = "{\"a\":".repeat(1_000_000);
    assert_eq!(check(objects.as_bytes(), &Limits::default()).unwrap_err().rule, "too-deep");
}

#[test]
fn encodings_and_sizes() {
    let utf16: Vec<u8> = "{\"é\":1}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let fault = check(&utf16, &Limits::default()).unwrap_err();
    insta::assert_snapshot!(fault, @"not-utf8 at /: byte 4 is not UTF-8 (it looks like UTF-16): save the document as UTF-8");
    let fault = check(b"[1,2,3]", &Limits { bytes: 5, ..Limits::default() }).unwrap_err();
    insta::assert_snapshot!(fault, @"too-large at /: the document has 7 bytes and the limit is 5: split it");
    let fault = check(b"{\n \"a\": [1, 2\n", &Limits::default()).unwrap_err();
    insta::assert_snapshot!(fault, @"json-truncated at /a/1: the document ends at line 3, column 1 where `,` or `]` was expected: it is cut off");
}

#[test]
fn outline_gives_the_outermost_members() {
    let seen = outline(br#"{"type":"bundle","n":[1,{"type":"x"}],"e":"\u0041"}"#, &Limits::default()).unwrap();
    assert_eq!(seen.text("type"), Some("bundle"));
    assert_eq!(seen.member("n"), Some(r#"[1,{"type":"x"}]"#));
    assert_eq!(seen.text("e"), None);
}

proptest! {
    /// Whatever a general reader takes or refuses, the scan takes or refuses (apart from its own limits and duplicate keys).
    #[test]
    fn agrees_with_a_general_reader(doc in r#"[\[\]{}",:0-9a-f\\u\-\.eE truflsn]{0,24}"#) {
        let oracle = serde_json::from_str::<Box<serde_json::value::RawValue>>(&doc).is_ok();
        match check(doc.as_bytes(), &Limits::default()) {
            Ok(()) => prop_assert!(oracle, "{doc}"),
            Err(f) if matches!(f.rule, "duplicate-key" | "lone-surrogate") => {}
            Err(f) => prop_assert!(!oracle, "{doc} {f}"),
        }
    }

    #[test]
    fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        drop(check(&bytes, &Limits::default()));
        drop(split(&bytes, &Limits::default()));
    }

    #[test]
    fn finds_the_end_of_plain_text(text in "[a-z\"\\\\\n€é]{0,40}", from in 0usize..10) {
        let bytes = text.as_bytes();
        let from = from.min(bytes.len());
        let slow = (from..bytes.len()).find(|i| bytes[*i] < 0x20 || bytes[*i] == b'"' || bytes[*i] == b'\\').unwrap_or(bytes.len());
        prop_assert_eq!(plain_until(bytes, from), slow);
    }
}
