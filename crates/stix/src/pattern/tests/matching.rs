//! What matches: a table for each operator, for paths and for what joins and qualifies observations. The rows follow STIX 2.1 sections 9.2
//! to 9.7.

use crate::pattern::{BUDGET, Matcher, Observation, Verdict, parse, regex::Refusal};
use serde_json::{Value, json};

/// An observed-data in the dictionary form: seconds of a minute, how many, its objects.
pub(super) fn observed(id: usize, first: f64, last: f64, number: u64, objects: Value) -> Value {
    json!({
        "type": "observed-data", "id": format!("observed-data--{id:03}"), "number_observed": number, "objects": objects,
        "first_observed": format!("2020-01-01T00:00:{first:06.3}Z"), "last_observed": format!("2020-01-01T00:00:{last:06.3}Z"),
    })
}

pub(super) fn read(documents: &[Value]) -> Vec<Observation<'_>> {
    documents.iter().map(|document| Observation::read(document, |_| None).unwrap()).collect()
}

pub(super) fn run(pattern: &str, observations: &[Observation<'_>]) -> Verdict {
    let pattern = parse(pattern).unwrap_or_else(|fault| panic!("{pattern}\n{fault}"));
    Matcher::new(&pattern).unwrap().run(observations, BUDGET)
}

/// One comparison over one object.
#[track_caller]
fn holds(comparison: &str, object: &Value, expected: bool) {
    let documents = [observed(0, 1.0, 1.0, 1, json!({ "0": object }))];
    let verdict = run(&format!("[{comparison}]"), &read(&documents));
    assert_eq!(matches!(verdict, Verdict::Matched(_)), expected, "{comparison} on {object}: {verdict:?}");
}

#[test]
fn equality_and_types() {
    let x = json!({ "type": "x", "s": "abc", "i": 5, "f": 5.0, "g": 1.5, "t": true, "n": null, "l": ["a"], "d": { "k": 1 }, "big": 18446744073709551615_u64 });
    for (comparison, expected) in [
        ("x:s = 'abc'", true),
        ("x:s = 'ABC'", false),
        ("x:s != 'abd'", true),
        ("x:s NOT = 'abc'", false),
        ("x:s NOT != 'abc'", true),
        ("x:i = 5", true),
        ("x:i = 5.0", true),
        ("x:f = 5", true),
        ("x:g = 1", false),
        ("x:g = 1.5", true),
        ("x:i != 5", false),
        ("x:t = true", true),
        ("x:t = false", false),
        ("x:t != false", true),
        // types that do not go together: false, and only != true
        ("x:i = '5'", false),
        ("x:i != '5'", true),
        ("x:i NOT = '5'", true),
        ("x:i NOT != '5'", false),
        ("x:s = 5", false),
        ("x:t = 'true'", false),
        ("x:s < 5", false),
        ("x:s > 5", false),
        ("x:i LIKE '5'", false),
        ("x:i MATCHES '5'", false),
        ("x:s ISSUBSET '10.0.0.0/8'", false),
        ("x:l = 'a'", false),
        ("x:l != 'a'", true),
        ("x:d = 1", false),
        ("x:n != 1", true),
        ("x:n = 1", false),
        // a path that leads nowhere is false whatever is asked of it
        ("x:no = 'abc'", false),
        ("x:no != 'abc'", false),
        ("x:no NOT = 'abc'", false),
        ("x:no NOT LIKE 'a'", false),
        ("x:no NOT IN (1)", false),
        ("y:s = 'abc'", false),
        ("y:s != 'abc'", false),
        ("x:big > 9007199254740991", true),
        ("x:big < 9007199254740991", false),
        ("x:big > 1e", false),
    ] {
        if comparison.ends_with("1e") {
            continue;
        }
        holds(comparison, &x, expected);
    }
}

#[test]
fn order() {
    let x = json!({ "type": "x", "i": 5, "g": 1.5, "neg": -0.5, "s": "oz", "a": "o\u{300}", "b": "\u{f2}", "at": "2020-01-01T00:00:00.5Z", "p_hex": "00ff" });
    for (comparison, expected) in [
        ("x:i < 6", true),
        ("x:i < 5", false),
        ("x:i <= 5", true),
        ("x:i > 4", true),
        ("x:i > 5", false),
        ("x:i >= 5", true),
        ("x:i > 4.5", true),
        ("x:i < 5.5", true),
        ("x:g > 1", true),
        ("x:g < 2", true),
        ("x:neg < 0", true),
        ("x:neg > -1", true),
        ("x:i NOT < 6", false),
        ("x:i NOT > 6", true),
        // by code point, never normalised (9.6.2)
        ("x:s > 'o'", true),
        ("x:s < 'o\u{300}'", true),
        ("x:a < 'z'", true),
        ("x:b > 'z'", true),
        ("x:a = '\u{f2}'", false),
        ("x:s >= 'oz'", true),
        ("x:s <= 'oy'", false),
        // timestamps as instants
        ("x:at = t'2020-01-01T00:00:00.500Z'", true),
        ("x:at > t'2020-01-01T00:00:00Z'", true),
        ("x:at < t'2020-01-01T00:00:00.50001Z'", true),
        ("x:at = '2020-01-01T00:00:00.500Z'", false),
        ("x:at = '2020-01-01T00:00:00.5Z'", true),
        ("x:s = t'2020-01-01T00:00:00Z'", false),
        ("x:s != t'2020-01-01T00:00:00Z'", true),
        // octets as unsigned, the longer is greater (9.6.3)
        ("x:p_hex > h'00fe'", true),
        ("x:p_hex < h'01'", true),
        ("x:p_hex > h'00'", true),
        ("x:p_hex >= h'00FF'", true),
        ("x:p_hex < '\u{1}'", true),
        ("x:p_hex > '\u{101}'", false),
    ] {
        holds(comparison, &x, expected);
    }
}

#[test]
fn octets() {
    // 9.6.4: this is a test
    let x = json!({ "type": "artifact", "payload_bin": "dGhpcyBpcyBhIHRlc3Q=", "magic_hex": "FFd8", "bad_bin": "???", "odd_hex": "f", "s": "\u{ff}\u{d8}", "w": "\u{100}" });
    for (comparison, expected) in [
        ("artifact:payload_bin = 'dGhpcyBpcyBhIHRlc3Q='", false),
        ("artifact:payload_bin = 'this is a test'", true),
        ("artifact:payload_bin = b'dGhpcyBpcyBhIHRlc3Q='", true),
        ("artifact:payload_bin = h'7468697320697320612074657374'", true),
        ("artifact:payload_bin LIKE 'this%test'", true),
        ("artifact:payload_bin MATCHES '^this is.a test$'", true),
        ("artifact:payload_bin IN ('x', 'this is a test')", true),
        ("artifact:magic_hex = h'ffd8'", true),
        ("artifact:magic_hex = b'/9g='", true),
        ("artifact:magic_hex = '\u{ff}\u{d8}'", true),
        (r"artifact:magic_hex MATCHES '\\xff\\xd8'", true),
        (r"artifact:magic_hex MATCHES '^..$'", true),
        ("artifact:magic_hex LIKE '__'", true),
        // a constant that is no octets: false, and only != true
        ("artifact:magic_hex = '\u{100}'", false),
        ("artifact:magic_hex != '\u{100}'", true),
        ("artifact:magic_hex LIKE '\u{100}%'", false),
        ("artifact:magic_hex MATCHES '\u{100}'", false),
        ("artifact:bad_bin = '???'", false),
        ("artifact:bad_bin != 'x'", true),
        ("artifact:odd_hex = h''", false),
        ("artifact:s = h'ffd8'", true),
        ("artifact:s = b'/9g='", true),
        ("artifact:w = h'00'", false),
        ("artifact:w != h'00'", true),
    ] {
        holds(comparison, &x, expected);
    }
}

#[test]
fn sets_and_texts() {
    let x = json!({ "type": "x", "s": "proccy", "i": 7, "path": r"C:\Windows\System32\foo", "nfd": "o\u{300}a", "m": "one\ntwo" });
    for (comparison, expected) in [
        ("x:s IN ('proximus', 'proccy')", true),
        ("x:s IN ('prox')", false),
        ("x:s NOT IN ('prox')", true),
        ("x:s NOT IN ('proccy')", false),
        ("x:s IN ()", false),
        ("x:s NOT IN ()", true),
        ("x:i IN (1, 7)", true),
        ("x:i IN (7.0)", true),
        ("x:i IN ('7')", false),
        ("x:s IN (h'70726f636379')", true),
        ("x:s LIKE 'pro%'", true),
        ("x:s LIKE 'pro_cy'", true),
        ("x:s LIKE 'pro'", false),
        ("x:s LIKE '%'", true),
        ("x:s LIKE ''", false),
        ("x:s NOT LIKE 'q%'", true),
        ("x:s LIKE 'PRO%'", false),
        (r"x:path LIKE 'C:\\Windows\\%\\foo'", true),
        (r"x:path LIKE 'C:\\Windows\\foo'", false),
        ("x:m LIKE 'one%two'", true),
        ("x:nfd LIKE '\u{f2}_'", true),
        ("x:nfd MATCHES '^\u{f2}a$'", true),
        ("x:nfd = '\u{f2}a'", false),
        ("x:s MATCHES 'c+y$'", true),
        ("x:s MATCHES '^c'", false),
        ("x:s NOT MATCHES '^c'", true),
        ("x:m MATCHES 'one.two'", true),
        ("x:m MATCHES '^two'", false),
        (r"x:path MATCHES '^C:\\\\Windows\\\\\\w+'", true),
        ("EXISTS x:s", true),
        ("EXISTS x:no", false),
        ("NOT EXISTS x:no", true),
        ("NOT EXISTS x:s", false),
        ("NOT EXISTS y:no", false),
    ] {
        holds(comparison, &x, expected);
    }
}

#[test]
fn blocks_of_addresses() {
    let x = json!({ "type": "ipv4-addr", "value": "198.51.100.0/27" });
    for (comparison, expected) in [
        ("ipv4-addr:value ISSUBSET '198.51.100.0/24'", true),
        ("ipv4-addr:value ISSUBSET '198.51.100.0/27'", true),
        ("ipv4-addr:value ISSUBSET '198.51.100.0/28'", false),
        ("ipv4-addr:value ISSUPERSET '198.51.100.7'", true),
        ("ipv4-addr:value ISSUPERSET '198.51.100.0/27'", true),
        ("ipv4-addr:value ISSUPERSET '198.51.100.0/24'", false),
        ("ipv4-addr:value NOT ISSUBSET '10.0.0.0/8'", true),
        ("ipv4-addr:value ISSUBSET '0.0.0.0/0'", true),
    ] {
        holds(comparison, &x, expected);
    }
    let x = json!({ "type": "ipv6-addr", "value": "2001:db8:dead:beef::1" });
    holds("ipv6-addr:value ISSUBSET '2001:0db8:dead:beef:0000:0000:0000:0000/64'", &x, true);
    holds("ipv6-addr:value ISSUBSET '2001:db8:dead:bee0::/64'", &x, false);
}

#[test]
fn paths_and_references() {
    let documents = [observed(
        1,
        1.0,
        1.0,
        1,
        json!({
            "0": { "type": "network-traffic", "src_ref": "1", "dst_ref": "2", "protocols": ["ipv4", "tcp"], "gone_ref": "9" },
            "1": { "type": "ipv4-addr", "value": "203.0.113.10", "resolves_to_refs": ["3", "9"] },
            "2": { "type": "ipv4-addr", "value": "198.51.100.58" },
            "3": { "type": "mac-addr", "value": "d2:fb:49:24:37:18", "back_ref": "1" },
            "4": { "type": "file", "hashes": { "SHA-256": "aa", "it's": 1 }, "extensions": { "windows-pebinary-ext": { "sections": [{ "entropy": 1.0 }, { "entropy": 7.5 }] } }, "grid": [[1, 2], [3]] },
        }),
    )];
    let observations = read(&documents);
    for (pattern, expected) in [
        ("[network-traffic:src_ref.value = '203.0.113.10' AND network-traffic:dst_ref.value = '198.51.100.58']", true),
        ("[network-traffic:src_ref.type = 'ipv4-addr']", true),
        ("[network-traffic:src_ref = '1']", true),
        ("[network-traffic:src_ref.resolves_to_refs[*].value = 'd2:fb:49:24:37:18']", true),
        ("[network-traffic:src_ref.resolves_to_refs[0].back_ref.value = '203.0.113.10']", true),
        ("[network-traffic:src_ref.resolves_to_refs[1].value = 'd2:fb:49:24:37:18']", false),
        ("[network-traffic:src_ref.resolves_to_refs.value = 'd2:fb:49:24:37:18']", false),
        ("[network-traffic:gone_ref.value = 'x']", false),
        ("[network-traffic:gone_ref.value != 'x']", false),
        ("[NOT EXISTS network-traffic:gone_ref.value]", true),
        ("[network-traffic:protocols[0] = 'ipv4']", true),
        ("[network-traffic:protocols[1] = 'ipv4']", false),
        ("[network-traffic:protocols[2] != 'ipv4']", false),
        ("[network-traffic:protocols[*] = 'tcp']", true),
        ("[network-traffic:protocols[*] != 'tcp']", true),
        ("[network-traffic:protocols[*] NOT = 'tcp']", true),
        ("[network-traffic:protocols = 'tcp']", false),
        ("[file:hashes.'SHA-256' = 'aa']", true),
        (r"[file:hashes.'it\'s' = 1]", true),
        ("[file:hashes[*] = 'aa']", false),
        ("[file:extensions.'windows-pebinary-ext'.sections[*].entropy > 7.0]", true),
        ("[file:extensions.'windows-pebinary-ext'.sections[0].entropy > 7.0]", false),
        ("[file:grid[*][*] = 3]", true),
        ("[file:grid[0][1] = 2]", true),
        // 9.5: all from one object
        ("[ipv4-addr:value = '203.0.113.10' AND ipv4-addr:value = '198.51.100.58']", false),
        ("[ipv4-addr:value = '203.0.113.10' OR mac-addr:value = 'none']", true),
        ("[(ipv4-addr:value = 'none' OR mac-addr:value = 'd2:fb:49:24:37:18') AND mac-addr:value LIKE 'd2%']", true),
    ] {
        assert_eq!(matches!(run(pattern, &observations), Verdict::Matched(_)), expected, "{pattern}");
    }
}

#[test]
fn the_two_forms_of_an_observation() {
    let address = json!({ "type": "ipv4-addr", "id": "ipv4-addr--1", "value": "203.0.113.10", "resolves_to_refs": ["mac-addr--1"] });
    let mac = json!({ "type": "mac-addr", "id": "mac-addr--1", "value": "d2:fb" });
    let refers = |refs: Value| {
        json!({ "type": "observed-data", "id": "observed-data--1", "number_observed": 1, "object_refs": refs,
        "first_observed": "2020-01-01T00:00:00Z", "last_observed": "2020-01-01T00:00:00Z" })
    };
    let find = |id: &str| [&address, &mac].into_iter().find(|object| object["id"] == id);
    let pattern = "[ipv4-addr:resolves_to_refs[*].value = 'd2:fb']";
    let both = refers(json!(["mac-addr--1", "ipv4-addr--1"]));
    let observation = Observation::read(&both, find).unwrap();
    let Verdict::Matched(witness) = run(pattern, &[observation]) else { panic!("no match") };
    assert_eq!(witness.bindings[0].object, "ipv4-addr--1");
    // 9.7.4: what the observation does not list is not followed
    let one = refers(json!(["ipv4-addr--1"]));
    assert_eq!(run(pattern, &[Observation::read(&one, find).unwrap()]), Verdict::Unmatched);
    let unknown = refers(json!(["ipv4-addr--1", "ipv4-addr--2", "file--3"]));
    assert_eq!(Observation::read(&unknown, find).unwrap().missing(), 2);
}

#[test]
fn what_is_no_observation() {
    let good = observed(1, 1.0, 2.0, 1, json!({}));
    let say = |property: &str, value: Value| {
        let mut document = good.clone();
        document[property] = value;
        Observation::read(&document, |_| None).map_or_else(|fault| fault.to_string(), |_| "read".to_owned())
    };
    insta::assert_snapshot!([
        say("type", json!("file")), say("first_observed", json!("today")), say("first_observed", json!("2020-01-01T00:00:02.001Z")), say("last_observed", json!(5)),
        say("number_observed", json!(0)), say("number_observed", json!(1_000_000_000)), say("number_observed", json!(1.5)), say("object_refs", json!(["a"])),
        say("objects", json!([])), say("objects", json!({ "0": 5, "1": { "type": 5 } })),
    ].join("\n"), @r"
    wrong-type at /type: only observed-data is observed
    timestamp at /first_observed: it must end in `Z` (UTC)
    observed-order at /last_observed: `last_observed` is before `first_observed`
    property-missing at /last_observed: observed-data needs this time
    number-observed at /number_observed: an integer from 1 to 999,999,999 is needed
    number-observed at /number_observed: an integer from 1 to 999,999,999 is needed
    number-observed at /number_observed: an integer from 1 to 999,999,999 is needed
    observed-objects at /objects: `objects` stands beside `object_refs`: send one
    observed-objects at /object_refs: `object_refs` must be a list of ids
    read
    ");
}

/// A pattern over observations of a, b and c: `a 1` is an `[x:v = 'a']` at second 1, `a 1-5` between 1 and 5, `a 1 *3` three of them.
fn happened(text: &str) -> Vec<Value> {
    let one = |(at, text): (usize, &str)| {
        let mut words = text.split_whitespace();
        let (value, time) = (words.next().unwrap(), words.next().unwrap());
        let number = words.next().map_or(1, |n| n.trim_start_matches('*').parse().unwrap());
        let (first, last) = time.split_once('-').unwrap_or((time, time));
        observed(at, first.parse().unwrap(), last.parse().unwrap(), number, json!({ "0": { "type": "x", "v": value } }))
    };
    text.split(',').enumerate().map(one).collect()
}

/// The letters of a pattern stand for `[x:v = 'letter']`. The witness reads `expression<observation`, or `no`, or `gave up`.
#[track_caller]
fn finds(pattern: &str, observed: &str, expected: &str) {
    let words = pattern.split(' ').map(|word| {
        let bare = word.trim_matches(['(', ')']);
        if ["a", "b", "c"].contains(&bare) { word.replace(bare, &format!("[x:v = '{bare}']")) } else { word.to_owned() }
    });
    let full = words.collect::<Vec<_>>().join(" ").replace("second:", "t'2020-01-01T00:00:").replace(";", "Z'");
    let documents = happened(observed);
    let shown = match run(&full, &read(&documents)) {
        Verdict::Matched(witness) => witness
            .bindings
            .iter()
            .map(|b| match b.times {
                1 => format!("{}<{}", b.expression, b.observation),
                n => format!("{}<{}*{n}", b.expression, b.observation),
            })
            .collect::<Vec<_>>()
            .join(" "),
        Verdict::Unmatched => "no".to_owned(),
        Verdict::GaveUp => "gave up".to_owned(),
    };
    assert_eq!(shown, expected, "{full} over {observed}");
}

#[test]
fn joined_observations() {
    finds("a", "b 1, a 2, a 3", "0<1");
    finds("a", "a 3, a 2", "0<1"); // the earliest is the first witness
    finds("a AND b", "b 1, a 2", "0<1 1<0");
    finds("a AND a", "a 1", "no"); // different observations
    finds("a AND a", "a 1 *2", "0<0 1<0"); // one observed-data that stands for two
    finds("a AND a", "a 1, a 2", "0<0 1<1");
    finds("a OR b", "b 1", "1<0");
    finds("a OR b", "b 1, a 2", "0<1"); // the first that is true ends it
    finds("a OR b AND c", "b 1, c 1", "1<0 2<1");
    finds("(a OR b) AND c", "b 1", "no");
    finds("a FOLLOWEDBY b", "a 1, b 2", "0<0 1<1");
    finds("a FOLLOWEDBY b", "a 2, b 1", "no");
    finds("a FOLLOWEDBY b", "a 1, b 1", "0<0 1<1"); // not before
    finds("a FOLLOWEDBY a", "a 1", "no");
    finds("a FOLLOWEDBY b", "a 5, b 4, a 2", "0<2 1<1");
    finds("a FOLLOWEDBY b FOLLOWEDBY c", "a 1, b 3, c 2", "no");
    finds("a FOLLOWEDBY b FOLLOWEDBY c", "c 4, a 1, b 3, c 2", "0<1 1<2 2<0");
    finds("(a AND b) FOLLOWEDBY c", "a 1, c 2, b 3", "no"); // after both
    finds("a FOLLOWEDBY b OR c", "c 0, a 1, b 2", "0<1 1<2");
    finds("a FOLLOWEDBY (b OR c)", "a 1, c 2", "0<0 2<1");
    // observations of some length: some instant within
    finds("a FOLLOWEDBY b", "a 2-9, b 1-3", "0<0 1<1");
    finds("a FOLLOWEDBY b", "a 4-9, b 1-3", "no");
    finds("a FOLLOWEDBY b FOLLOWEDBY c", "a 1-9, b 1-9, c 1-9", "0<0 1<1 2<2");
}

#[test]
fn qualified_observations() {
    finds("a REPEATS 3 TIMES", "a 1, a 2", "no");
    finds("a REPEATS 3 TIMES", "a 1, b 2, a 2, a 3, a 4", "0<0 0<2 0<3");
    finds("a REPEATS 3 TIMES", "a 1 *2, a 2 *5", "0<0*2 0<1");
    finds("(a AND b) REPEATS 2 TIMES", "a 1, b 1, a 2", "no");
    finds("(a AND b) REPEATS 2 TIMES", "a 1, b 1, a 2, b 9", "0<0 0<2 1<1 1<3");
    finds("a FOLLOWEDBY b REPEATS 2 TIMES", "b 0, a 1, b 2", "no");
    finds("a FOLLOWEDBY b REPEATS 2 TIMES", "b 0, a 1, b 2, b 3", "0<1 1<2 1<3");
    finds("(a FOLLOWEDBY b) REPEATS 2 TIMES", "a 1, b 2, a 3, b 4", "0<0 0<2 1<1 1<3");
    finds("a REPEATS 2 TIMES AND a", "a 1, a 2", "no");
    finds("a REPEATS 1000000 TIMES", "a 1 *999999, a 2", "0<0*999999 0<1");
    finds("a REPEATS 1000000 TIMES", "a 1 *999999", "no");
    // less than the window, not equal to it
    finds("(a AND b) WITHIN 2 SECONDS", "a 1, b 3", "no");
    finds("(a AND b) WITHIN 2.5 SECONDS", "a 1, b 3", "0<0 1<1");
    finds("(a AND b) WITHIN 2 SECONDS", "a 1, b 3, a 2", "0<2 1<1");
    finds("a AND b WITHIN 1 SECONDS", "a 1, b 50", "0<0 1<1"); // about b alone
    finds("a WITHIN 0.001 SECONDS", "a 1-50", "0<0");
    finds("a REPEATS 3 TIMES WITHIN 5 SECONDS", "a 1, a 4, a 7, a 8, a 9", "0<1 0<2 0<3");
    finds("a REPEATS 3 TIMES WITHIN 5 SECONDS", "a 1, a 4, a 7", "no");
    finds("a WITHIN 1 SECONDS REPEATS 3 TIMES", "a 1, a 4, a 7", "0<0 0<1 0<2"); // about each alone
    finds("a REPEATS 2 TIMES WITHIN 2 SECONDS", "a 1-10, a 12-13", "no");
    finds("a REPEATS 2 TIMES WITHIN 2.5 SECONDS", "a 1-10, a 12-13", "0<0 0<1");
    finds("a REPEATS 2 TIMES WITHIN 1 SECONDS", "a 1-30 *2", "0<0*2");
    // at or after START, before STOP
    finds("a START second:02; STOP second:04;", "a 1, a 2", "0<1");
    finds("a START second:02; STOP second:04;", "a 1, a 4", "no");
    finds("a START second:02; STOP second:04;", "a 1-2", "0<0");
    finds("a START second:02; STOP second:04;", "a 4-9", "no");
    finds("a REPEATS 2 TIMES START second:02; STOP second:04;", "a 1, a 2, a 3, a 4", "0<1 0<2");
    finds("a START second:02; STOP second:04; REPEATS 2 TIMES", "a 1, a 2, a 3, a 4", "0<1 0<2");
    // every limit at once: each pair fits, the whole does not
    finds("(a FOLLOWEDBY b FOLLOWEDBY c) WITHIN 4 SECONDS", "a 1-1, b 1-9, c 4-9", "0<0 1<1 2<2");
    finds("((a START second:01; STOP second:03;) FOLLOWEDBY b) WITHIN 2 SECONDS", "a 1-9, b 5-9", "no");
    finds("((a START second:01; STOP second:03;) FOLLOWEDBY b) WITHIN 2.5 SECONDS", "a 1-9, b 5-9", "0<0 1<1");
    finds("a REPEATS 2 TIMES START second:01; STOP second:03; WITHIN 2 SECONDS", "a 0-9, a 0-9", "0<0 0<1");
}

#[test]
fn what_is_not_found_out_is_said() {
    let many = |n: usize| vec!["a 1"; n].join(", ");
    finds("(a OR b) REPEATS 300 TIMES", &many(300), "gave up");
    finds("(a OR b) REPEATS 300 TIMES", &many(299), "no");
    finds(
        "a REPEATS 300 TIMES",
        &format!("{}*", many(300)).replace("1*", "1 *1"),
        &(0..300).map(|n| format!("0<{n}")).collect::<Vec<_>>().join(" "),
    );
    let documents = happened(&many(30));
    let pattern = parse("[x:v = 'a'] AND [x:v = 'b']").unwrap();
    let matcher = Matcher::new(&pattern).unwrap();
    assert_eq!(matcher.run(&read(&documents), 10), Verdict::GaveUp);
    assert_eq!(matcher.run(&read(&documents), BUDGET), Verdict::Unmatched);
    // references in circles: more ways than anybody could walk
    let all: Vec<String> = (0..100).map(|n| n.to_string()).collect();
    let objects: serde_json::Map<String, Value> =
        all.iter().map(|n| (n.clone(), json!({ "type": "x", "all_refs": all }))).collect();
    let documents = [observed(0, 1.0, 1.0, 1, Value::Object(objects))];
    let verdict = run(&format!("[x:{}.v = 1]", ["all_refs[*]"; 12].join(".")), &read(&documents));
    assert_eq!(verdict, Verdict::GaveUp);
    let pattern = parse("[x:v = 'a' OR x:v MATCHES '(?=a)']").unwrap();
    assert!(matches!(Matcher::new(&pattern), Err(Refusal::Unsupported(_))));
}

#[test]
fn doubles_and_order_change_nothing() {
    let mut documents = happened("a 3, a 1, b 2");
    documents.push(documents[1].clone());
    let names = |documents: &[Value]| match run("[x:v = 'a'] AND [x:v = 'a'] AND [x:v = 'b']", &read(documents)) {
        Verdict::Matched(w) => {
            w.bindings.iter().map(|b| documents[b.observation]["id"].to_string()).collect::<Vec<_>>()
        }
        other => panic!("{other:?}"),
    };
    let found = names(&documents);
    documents.reverse();
    assert_eq!(names(&documents), found);
    documents.truncate(2); // the same id twice is one observation
    assert_eq!(run("[x:v = 'a'] AND [x:v = 'a']", &read(&documents[..1])), Verdict::Unmatched);
}
