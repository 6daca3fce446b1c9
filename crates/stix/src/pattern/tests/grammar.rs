//! The grammar: what is read and as what; what is refused and where; the laws.

use super::generate;
use crate::pattern::{MAX_COMPARISONS, MAX_DEPTH, MAX_LENGTH, check as admit, parse};
use proptest::prelude::*;

/// A pattern and how it prints; an empty second text means the same.
#[track_caller]
fn reads(text: &str, printed: &str) {
    let pattern = parse(text).unwrap_or_else(|fault| panic!("{text}\n{fault}"));
    assert_eq!(pattern.to_string(), if printed.is_empty() { text } else { printed });
    assert_eq!(parse(&pattern.to_string()).as_ref(), Ok(&pattern));
}

#[test]
fn what_is_read() {
    reads("[file:size = 25536]", "");
    reads("[ file : size=25536 ]", "[file:size = 25536]");
    reads("[file:size\u{a0}=\u{2003}\u{3000}1\u{85}]\r\n", "[file:size = 1]");
    for operator in ["=", "!=", "<", "<=", ">", ">=", "NOT =", "NOT !=", "NOT <", "NOT >="] {
        reads(&format!("[file:size {operator} 1]"), "");
    }
    reads("[a:b IN (1, 2)] ", "[a:b IN (1, 2)]");
    reads("[a:b NOT IN('x','y')]", "[a:b NOT IN ('x', 'y')]");
    reads("[a:b IN ()]", "");
    reads("[a:b LIKE 'C:\\\\%']", "");
    reads("[a:b MATCHES'^a$']", "[a:b MATCHES '^a$']");
    reads("[ipv4-addr:value ISSUBSET '198.51.100.0/24']", "");
    reads("[x-custom:address NOT ISSUPERSET '2001:db8::/32']", "");
    reads("[EXISTS windows-registry-key:values]", "");
    reads("[NOT EXISTS a:b]", "");
    // constants
    reads(r"[a:b = 'it\'s \\ here']", "");
    reads("[a:b = '']", "");
    reads("[a:b = 'line\nfeed']", "");
    reads("[a:b = true OR a:b = false]", "");
    reads("[a:b = -7 OR a:b = 7.0 OR a:b = -0.25]", "");
    reads("[a:b = 9007199254740991]", "");
    reads("[a:b = h'FFc3']", "[a:b = h'ffc3']");
    reads("[a:b = h'' OR a:b = b'']", "");
    reads("[a:b = b'AB\nI=']", "[a:b = b'ABI=']");
    reads("[a:b = t'2014-01-13T07:03:17.000Z']", "");
    // paths
    reads("[file:hashes.'SHA-256' = 'x']", "");
    reads("[file:'name' = 'x']", "[file:name = 'x']");
    reads("[file:extensions.'windows-pebinary-ext'.sections[*].entropy > 7.0]", "");
    reads("[a:b[0][12] = 1]", "");
    reads("[a:LIKE.IN = 1]", "");
    // binding
    reads("[a:b = 1 AND a:c = 2 OR a:d = 3]", "[(a:b = 1 AND a:c = 2) OR a:d = 3]".replace(['(', ')'], "").as_str());
    reads("[a:b = 1 AND (a:c = 2 OR a:d = 3)]", "");
    reads("[(((a:b = 1)))]", "[a:b = 1]");
    reads(
        "[(type-a:j = 'W' AND type-a:k = 'X') OR (type-b:m = 'Y' AND type-b:n = 'Z')]",
        "[(type-a:j = 'W' AND type-a:k = 'X') OR (type-b:m = 'Y' AND type-b:n = 'Z')]".replace(['(', ')'], "").as_str(),
    );
    reads("[(a:b = 1 OR c:d = 2) AND a:e = 3]", "");
    reads("[a:b = 1] AND [a:b = 2] OR [a:b = 3] FOLLOWEDBY [a:b = 4]", "");
    reads("[a:b = 1] AND ([a:b = 2] OR [a:b = 3])", "");
    reads("[a:b = 1] FOLLOWEDBY ([a:b = 2] FOLLOWEDBY [a:b = 3])", "");
    reads("([a:b = 1])", "[a:b = 1]");
    // qualifiers
    reads("[a:b = 1] REPEATS 5 TIMES WITHIN 1800 SECONDS", "");
    reads("[a:b = 1] WITHIN 0.5 SECONDS START t'2016-06-01T00:00:00Z' STOP t'2016-06-01T00:00:00.1Z'", "");
    reads("([a:b = 1] WITHIN 5 SECONDS) WITHIN 6 SECONDS", "");
    reads("([a:b = 1] AND [a:b = 2] REPEATS 5 TIMES) WITHIN 300 SECONDS", "");
}

#[test]
fn binding_is_the_standards() {
    // section 9.5.3, told by the tree
    let same = |a: &str, b: &str| assert_eq!(parse(a), parse(b), "{a} | {b}");
    let differ = |a: &str, b: &str| assert_ne!(parse(a), parse(b), "{a} | {b}");
    same("[a:b=1] OR [a:b=2] AND [a:b=3]", "[a:b=1] OR ([a:b=2] AND [a:b=3])");
    differ("[a:b=1] OR [a:b=2] AND [a:b=3]", "([a:b=1] OR [a:b=2]) AND [a:b=3]");
    same("[a:b=1] FOLLOWEDBY [a:b=2] OR [a:b=3]", "[a:b=1] FOLLOWEDBY ([a:b=2] OR [a:b=3])");
    same("[a:b=1 OR a:b=2 AND a:b=3]", "[a:b=1 OR (a:b=2 AND a:b=3)]");
    differ("[a:b=1 OR a:b=2 AND a:b=3]", "[(a:b=1 OR a:b=2) AND a:b=3]");
    same("[a:b=1] AND [a:b=2] REPEATS 2 TIMES", "[a:b=1] AND ([a:b=2] REPEATS 2 TIMES)");
    differ("[a:b=1] AND [a:b=2] REPEATS 2 TIMES", "([a:b=1] AND [a:b=2]) REPEATS 2 TIMES");
}

#[test]
fn what_is_refused_and_where() {
    let say = |text: &str| {
        format!(
            "> {text}\n    {}",
            parse(text).map_or_else(|fault| format!("{}: {fault}", fault.rule), |p| format!("read as {p}"))
        )
    };
    let cases = [
        "",
        "   ",
        "file:size = 1280",
        "[]",
        "[file:size]",
        "[file:size = ]",
        "[file:size = 1",
        "[file:size = 1] ]",
        "[file:size = 1] [file:size = 2]",
        "[file:size = 1] and [file:size = 2]",
        "[file:size = 1 and file:size = 2]",
        "[file.size = 1280]",
        "[file:size == 1]",
        "[file:size <> 1]",
        "[file:size = +1]",
        "[file:size = 007]",
        "[file:size = -]",
        "[file:size = .5]",
        "[file:size = 9007199254740992]",
        "[file:size = 1 /* note */]",
        "[file:hashes.MD5 = cead3f77f6cda6ec00f57d76c9a6879f]",
        "[file:hashes.SHA-256 = 'x']",
        "[file:hashes.\"SHA-256\" = 'x']",
        "[file:hashes.'SHA-256 = 'x']",
        "[file:name = 'x]",
        r"[file:name = 'a\nb']",
        "[file:name = True]",
        "[file:x < true]",
        "[file:x LIKE 5]",
        "[file:x MATCHES /.*/]",
        "[file:x MATCHES '(']",
        "[file:x = h'abc']",
        "[file:x = h'xy']",
        "[file:x = b'====']",
        "[file:x = b'AB!=']",
        "[file:x = t'2015-02-29T00:00:00Z']",
        "[file:x = t'2015-02-28T00:00:00']",
        "[file:x IN 1]",
        "[file:x IN (1, 'a')]",
        "[file:x IN (1, 2.0)]",
        "[file:x IN (1 2)]",
        "[file:x IN (1,)]",
        "[file:x[-1] = 1]",
        "[file:x[a] = 1]",
        "[file:x[0 = 1]",
        "[file:x. = 1]",
        "[file: = 1]",
        "[NOT file:x = 1]",
        "[file:x EXISTS]",
        "[file:x ! 1]",
        "[ipv4-addr:value ISSUBSET ]",
        "[ipv4-addr:value ISSUBSET 'nowhere']",
        "[ipv4-addr:value ISSUBSET '10.0.0.0/33']",
        "[ipv4-addr:value ISSUBSET '::/16']",
        "[file:name ISSUBSET '10.0.0.0/8']",
        "[network-traffic:dst_ref.type ISSUPERSET '10.0.0.0/8']",
        "[file:name = 'a' AND url:value = 'b']",
        "[(file:name = 'a' OR url:value = 'b') AND mutex:name = 'c']",
        "([file:x = 1]",
        "[file:x = 1])",
        "[file:x = 1] AND",
        "[file:x = 1] WITHIN 5 HOURS",
        "[file:x = 1] WITHIN -5 SECONDS",
        "[file:x = 1] WITHIN 0 SECONDS",
        "[file:x = 1] WITHIN '5' SECONDS",
        "[file:x = 1] REPEATS 0 TIMES",
        "[file:x = 1] REPEATS 2.5 TIMES",
        "[file:x = 1] REPEATS 2",
        "[file:x = 1] within 5 SECONDS",
        "[file:x = 1] START '2016-06-01T00:00:00Z' STOP t'2017-06-01T00:00:00Z'",
        "[file:x = 1] START t'2016-06-01T00:00:00Z'",
        "[file:x = 1] START t'2016-06-01T00:00:00Z' STOP t'2016-06-01T00:00:00.0Z'",
        "[file:x = 1] WITHIN 5 SECONDS WITHIN 6 SECONDS",
        "([file:x = 1]) REPEATS 2 TIMES REPEATS 3 TIMES",
        "[file:é = 1]",
        "[file:x = 'é' §]",
        "[file:x = 1\n  AND\n  file:y ~ 2]",
    ];
    insta::assert_snapshot!(cases.map(say).join("\n"), @r#"
    > 
        pattern-syntax: line 1, column 1 (byte 0): the pattern ends; expected `[` or `(`
    >    
        pattern-syntax: line 1, column 4 (byte 3): the pattern ends; expected `[` or `(`
    > file:size = 1280
        pattern-syntax: line 1, column 1 (byte 0): found `file`; expected `[` or `(`
    > []
        pattern-syntax: line 1, column 2 (byte 1): found `]`; expected an object type, EXISTS or `(`
    > [file:size]
        pattern-syntax: line 1, column 11 (byte 10): found `]`; expected `=`, `!=`, `<`, `<=`, `>`, `>=`, IN, LIKE, MATCHES, ISSUBSET, ISSUPERSET, NOT or the rest of the path
    > [file:size = ]
        pattern-syntax: line 1, column 14 (byte 13): found `]`; expected a string, a number, true, false, h'…', b'…' or t'…'
    > [file:size = 1
        pattern-syntax: line 1, column 15 (byte 14): the pattern ends; expected AND, OR or `]`
    > [file:size = 1] ]
        pattern-syntax: line 1, column 17 (byte 16): found `]`; expected AND, OR, FOLLOWEDBY, WITHIN, REPEATS, START or the end
    > [file:size = 1] [file:size = 2]
        pattern-syntax: line 1, column 17 (byte 16): found `[`; expected AND, OR, FOLLOWEDBY, WITHIN, REPEATS, START or the end
    > [file:size = 1] and [file:size = 2]
        pattern-syntax: line 1, column 17 (byte 16): found `and`: keywords are written in capitals; expected AND, OR, FOLLOWEDBY, WITHIN, REPEATS, START or the end
    > [file:size = 1 and file:size = 2]
        pattern-syntax: line 1, column 16 (byte 15): found `and`: keywords are written in capitals; expected AND, OR or `]`
    > [file.size = 1280]
        pattern-syntax: line 1, column 6 (byte 5): found `.`; expected `:`
    > [file:size == 1]
        pattern-syntax: line 1, column 12 (byte 11): `==` is no operator of STIX 2.1: write `=`; expected `=`, `!=`, `<`, `<=`, `>`, `>=`, IN, LIKE, MATCHES, ISSUBSET, ISSUPERSET, NOT or the rest of the path
    > [file:size <> 1]
        pattern-syntax: line 1, column 12 (byte 11): `<>` is no operator of STIX 2.1: write `!=`; expected `=`, `!=`, `<`, `<=`, `>`, `>=`, IN, LIKE, MATCHES, ISSUBSET, ISSUPERSET, NOT or the rest of the path
    > [file:size = +1]
        pattern-syntax: line 1, column 14 (byte 13): a positive number is written without `+`; expected a string, a number, true, false, h'…', b'…' or t'…'
    > [file:size = 007]
        pattern-constant: line 1, column 14 (byte 13): a number has no zeros before it
    > [file:size = -]
        pattern-constant: line 1, column 15 (byte 14): a number has a digit after the minus
    > [file:size = .5]
        pattern-syntax: line 1, column 14 (byte 13): found `.`; expected a string, a number, true, false, h'…', b'…' or t'…'
    > [file:size = 9007199254740992]
        pattern-constant: line 1, column 14 (byte 13): an integer lies between -(2^53)+1 and (2^53)-1
    > [file:size = 1 /* note */]
        pattern-syntax: line 1, column 16 (byte 15): a pattern has no comments; expected AND, OR or `]`
    > [file:hashes.MD5 = cead3f77f6cda6ec00f57d76c9a6879f]
        pattern-syntax: line 1, column 20 (byte 19): found `cead3f77f6cda6ec00f57d76c9a6879f`; expected a string, a number, true, false, h'…', b'…' or t'…'
    > [file:hashes.SHA-256 = 'x']
        pattern-syntax: line 1, column 14 (byte 13): a name with a hyphen stands in apostrophes: write 'SHA-256'
    > [file:hashes."SHA-256" = 'x']
        pattern-syntax: line 1, column 14 (byte 13): a string and a quoted name stand in apostrophes: 'like this'; expected a property name or a name in apostrophes
    > [file:hashes.'SHA-256 = 'x']
        pattern-syntax: line 1, column 26 (byte 25): found `x`; expected `=`, `!=`, `<`, `<=`, `>`, `>=`, IN, LIKE, MATCHES, ISSUBSET, ISSUPERSET, NOT or the rest of the path
    > [file:name = 'x]
        pattern-constant: line 1, column 14 (byte 13): this string has no closing apostrophe
    > [file:name = 'a\nb']
        pattern-constant: line 1, column 16 (byte 15): after a backslash comes `'` or `\`: write `\\` for a backslash itself
    > [file:name = True]
        pattern-syntax: line 1, column 14 (byte 13): found `True`; expected a string, a number, true, false, h'…', b'…' or t'…'
    > [file:x < true]
        pattern-syntax: line 1, column 11 (byte 10): found `true`; expected a string, a number, h'…', b'…' or t'…'
    > [file:x LIKE 5]
        pattern-syntax: line 1, column 14 (byte 13): found `5`; expected a string
    > [file:x MATCHES /.*/]
        pattern-syntax: line 1, column 17 (byte 16): `/` has no meaning here; expected a string
    > [file:x MATCHES '(']
        pattern-regex: line 1, column 17 (byte 16): not a regular expression of PCRE: a group `(` has no end, at character 1
    > [file:x = h'abc']
        pattern-constant: line 1, column 16 (byte 15): a hex constant has an even number of digits
    > [file:x = h'xy']
        pattern-constant: line 1, column 13 (byte 12): a hex constant has the digits 0 to 9 and a to f only
    > [file:x = b'====']
        pattern-constant: line 1, column 13 (byte 12): not base64 of RFC 4648: invalid symbol 61, offset 0
    > [file:x = b'AB!=']
        pattern-constant: line 1, column 15 (byte 14): not base64 of RFC 4648: invalid symbol 33, offset 2
    > [file:x = t'2015-02-29T00:00:00Z']
        pattern-constant: line 1, column 13 (byte 12): a timestamp is not a date of the calendar
    > [file:x = t'2015-02-28T00:00:00']
        pattern-constant: line 1, column 13 (byte 12): a timestamp must end in `Z` (UTC)
    > [file:x IN 1]
        pattern-syntax: line 1, column 12 (byte 11): found `1`; expected `(`
    > [file:x IN (1, 'a')]
        pattern-constant: line 1, column 16 (byte 15): a set has constants of one type: this is of type string and the first of type integer
    > [file:x IN (1, 2.0)]
        pattern-constant: line 1, column 16 (byte 15): a set has constants of one type: this is of type float and the first of type integer
    > [file:x IN (1 2)]
        pattern-syntax: line 1, column 15 (byte 14): found `2`; expected `,` or `)`
    > [file:x IN (1,)]
        pattern-syntax: line 1, column 15 (byte 14): found `)`; expected a string, a number, true, false, h'…', b'…' or t'…'
    > [file:x[-1] = 1]
        pattern-syntax: line 1, column 9 (byte 8): found `-1`; expected an index from 0 or `*`
    > [file:x[a] = 1]
        pattern-syntax: line 1, column 9 (byte 8): found `a`; expected an index from 0 or `*`
    > [file:x[0 = 1]
        pattern-syntax: line 1, column 11 (byte 10): found `=`; expected `]`
    > [file:x. = 1]
        pattern-syntax: line 1, column 10 (byte 9): found `=`; expected a property name or a name in apostrophes
    > [file: = 1]
        pattern-syntax: line 1, column 8 (byte 7): found `=`; expected a property name or a name in apostrophes
    > [NOT file:x = 1]
        pattern-syntax: line 1, column 2 (byte 1): NOT stands between a path and its operator, or before EXISTS; expected an object type, EXISTS or `(`
    > [file:x EXISTS]
        pattern-syntax: line 1, column 9 (byte 8): found `EXISTS`; expected `=`, `!=`, `<`, `<=`, `>`, `>=`, IN, LIKE, MATCHES, ISSUBSET, ISSUPERSET, NOT or the rest of the path
    > [file:x ! 1]
        pattern-syntax: line 1, column 9 (byte 8): `!` is no operator: write `!=` or NOT; expected `=`, `!=`, `<`, `<=`, `>`, `>=`, IN, LIKE, MATCHES, ISSUBSET, ISSUPERSET, NOT or the rest of the path
    > [ipv4-addr:value ISSUBSET ]
        pattern-syntax: line 1, column 27 (byte 26): found `]`; expected a string
    > [ipv4-addr:value ISSUBSET 'nowhere']
        pattern-constant: line 1, column 27 (byte 26): `nowhere` is neither an address nor a block in CIDR notation
    > [ipv4-addr:value ISSUBSET '10.0.0.0/33']
        pattern-constant: line 1, column 27 (byte 26): `10.0.0.0/33` is neither an address nor a block in CIDR notation
    > [ipv4-addr:value ISSUBSET '::/16']
        pattern-constant: line 1, column 27 (byte 26): `::/16` is of the other family of addresses than `ipv4-addr`
    > [file:name ISSUBSET '10.0.0.0/8']
        pattern-object-type: line 1, column 12 (byte 11): only the `value` of an ipv4-addr or ipv6-addr is a set of addresses
    > [network-traffic:dst_ref.type ISSUPERSET '10.0.0.0/8']
        pattern-object-type: line 1, column 31 (byte 30): only the `value` of an ipv4-addr or ipv6-addr is a set of addresses
    > [file:name = 'a' AND url:value = 'b']
        pattern-object-type: line 1, column 22 (byte 21): `file` and `url` cannot be the same object, and AND joins what is said of one object: use OR, or AND between two `[ ]`
    > [(file:name = 'a' OR url:value = 'b') AND mutex:name = 'c']
        pattern-object-type: line 1, column 43 (byte 42): `file` and `mutex` cannot be the same object, and AND joins what is said of one object: use OR, or AND between two `[ ]`
    > ([file:x = 1]
        pattern-syntax: line 1, column 14 (byte 13): the pattern ends; expected AND, OR, FOLLOWEDBY, WITHIN, REPEATS, START or `)`
    > [file:x = 1])
        pattern-syntax: line 1, column 13 (byte 12): found `)`; expected AND, OR, FOLLOWEDBY, WITHIN, REPEATS, START or the end
    > [file:x = 1] AND
        pattern-syntax: line 1, column 17 (byte 16): the pattern ends; expected `[` or `(`
    > [file:x = 1] WITHIN 5 HOURS
        pattern-syntax: line 1, column 23 (byte 22): found `HOURS`; expected SECONDS
    > [file:x = 1] WITHIN -5 SECONDS
        pattern-qualifier: line 1, column 21 (byte 20): WITHIN needs a number above 0
    > [file:x = 1] WITHIN 0 SECONDS
        pattern-qualifier: line 1, column 21 (byte 20): WITHIN needs a number above 0
    > [file:x = 1] WITHIN '5' SECONDS
        pattern-syntax: line 1, column 21 (byte 20): found `'5'`; expected a positive number
    > [file:x = 1] REPEATS 0 TIMES
        pattern-qualifier: line 1, column 22 (byte 21): REPEATS needs an integer above 0
    > [file:x = 1] REPEATS 2.5 TIMES
        pattern-syntax: line 1, column 22 (byte 21): found `2.5`; expected a positive integer
    > [file:x = 1] REPEATS 2
        pattern-syntax: line 1, column 23 (byte 22): the pattern ends; expected TIMES
    > [file:x = 1] within 5 SECONDS
        pattern-syntax: line 1, column 14 (byte 13): found `within`: keywords are written in capitals; expected AND, OR, FOLLOWEDBY, WITHIN, REPEATS, START or the end
    > [file:x = 1] START '2016-06-01T00:00:00Z' STOP t'2017-06-01T00:00:00Z'
        pattern-syntax: line 1, column 20 (byte 19): found `'2016-06-01T00:00:00Z'`; expected t'…'
    > [file:x = 1] START t'2016-06-01T00:00:00Z'
        pattern-syntax: line 1, column 43 (byte 42): the pattern ends; expected STOP
    > [file:x = 1] START t'2016-06-01T00:00:00Z' STOP t'2016-06-01T00:00:00.0Z'
        pattern-qualifier: line 1, column 49 (byte 48): STOP is not after START, so nothing could ever match
    > [file:x = 1] WITHIN 5 SECONDS WITHIN 6 SECONDS
        pattern-qualifier: line 1, column 31 (byte 30): a second qualifier of the same kind: put the first with its expression in parentheses
    > ([file:x = 1]) REPEATS 2 TIMES REPEATS 3 TIMES
        pattern-qualifier: line 1, column 32 (byte 31): a second qualifier of the same kind: put the first with its expression in parentheses
    > [file:é = 1]
        pattern-syntax: line 1, column 7 (byte 6): `é` has no meaning here; expected a property name or a name in apostrophes
    > [file:x = 'é' §]
        pattern-syntax: line 1, column 15 (byte 15): `§` has no meaning here; expected AND, OR or `]`
    > [file:x = 1
      AND
      file:y ~ 2]
        pattern-syntax: line 3, column 10 (byte 27): `~` has no meaning here; expected `=`, `!=`, `<`, `<=`, `>`, `>=`, IN, LIKE, MATCHES, ISSUBSET, ISSUPERSET, NOT or the rest of the path
    "#);
}

#[test]
fn the_times_of_a_pattern() {
    let text = "([a:b = 1] START t'2016-06-01T00:00:00Z' STOP t'2017-06-01T00:00:00Z' AND [a:b = 2]) START t'2018-01-01T00:00:00Z' STOP t'2019-01-01T00:00:00.5Z'";
    let pattern = parse(text).unwrap();
    let expected =
        [("2016-06-01T00:00:00Z", "2017-06-01T00:00:00Z"), ("2018-01-01T00:00:00Z", "2019-01-01T00:00:00.5Z")];
    assert_eq!(pattern.start_stops(), expected);
}

#[test]
fn limits() {
    let fault = |text: &str| parse(text).map_or_else(|fault| (fault.rule, fault.offset), |_| ("read", 0));
    let nested = |levels: usize| format!("{}[a:b = 1]{}", "(".repeat(levels), ")".repeat(levels));
    assert_eq!(fault(&nested(MAX_DEPTH)), ("read", 0));
    assert_eq!(fault(&nested(MAX_DEPTH + 1)), ("pattern-limit", MAX_DEPTH));
    assert_eq!(fault(&"(".repeat(100_000)), ("pattern-limit", MAX_DEPTH));
    assert_eq!(fault(&format!("[{}", "(".repeat(100_000))), ("pattern-limit", MAX_DEPTH + 1));
    assert_eq!(fault(&" ".repeat(MAX_LENGTH + 1)), ("pattern-limit", MAX_LENGTH));
    let many = |n: usize| format!("[{}]", vec!["a:b=1"; n].join(" OR "));
    assert_eq!(fault(&many(MAX_COMPARISONS)), ("read", 0));
    assert_eq!(fault(&many(MAX_COMPARISONS + 1)).0, "pattern-limit");
    let set = format!("[a:b IN ({})]", vec!["1"; MAX_COMPARISONS].join(","));
    assert_eq!(fault(&set).0, "pattern-limit");
    assert_eq!(fault(&format!("[a:b{} = 1]", "[0]".repeat(31))), ("read", 0));
    assert_eq!(fault(&format!("[a:b{} = 1]", "[0]".repeat(32))).0, "pattern-limit");
}

#[test]
fn a_fault_for_admission_carries_the_place() {
    let fault = admit("[file:size = ]").unwrap_err().below("/pattern");
    assert_eq!((fault.rule, fault.place.as_str()), ("pattern-syntax", "/pattern"));
    assert!(fault.reason.starts_with("line 1, column 14 (byte 13): found `]`; expected a string"), "{}", fault.reason);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn printing_and_reading_gives_the_same(pattern in generate::pattern()) {
        let text = pattern.to_string();
        match parse(&text) {
            Ok(read) => prop_assert_eq!(read, pattern, "{}", text),
            Err(fault) => prop_assert!(false, "{}\n{}", text, fault),
        }
    }

    #[test]
    fn whatever_comes_is_read_or_refused_within_its_bounds(text in "\\PC{0,60}") {
        if let Err(fault) = parse(&text) {
            prop_assert!(text.is_char_boundary(fault.offset));
        }
    }

    #[test]
    fn words_of_the_language_in_any_order(words in prop::collection::vec(prop::sample::select(vec![
        "[", "]", "(", ")", "a:b", "a:b", "=", "1", "'x'", "AND", "OR", "NOT", "FOLLOWEDBY", "WITHIN", "SECONDS", "REPEATS", "TIMES",
        "START", "STOP", "t'2020-01-01T00:00:00Z'", "IN", ",", "LIKE", "MATCHES", "EXISTS", "[*]", ".", ":", "h'a'", "b'=", "\\", "-", "é", "\n",
    ]), 0..30)) {
        let text = words.join(" ");
        match parse(&text) {
            Ok(pattern) => prop_assert_eq!(parse(&pattern.to_string()), Ok(pattern)),
            Err(fault) => prop_assert!(text.is_char_boundary(fault.offset)),
        }
    }

    #[test]
    fn a_pattern_cut_or_changed_anywhere_is_read_or_refused(pattern in generate::pattern(), at in 0..400_usize, c in any::<char>()) {
        let mut text: String = pattern.to_string();
        let mut at = at % (text.len() + 1);
        while !text.is_char_boundary(at) { at -= 1; }
        let cut = text.split_at(at).0.to_owned();
        text.insert(at, c);
        for text in [cut, text] {
            if let Err(fault) = parse(&text) {
                prop_assert!(text.is_char_boundary(fault.offset));
            }
        }
    }
}
