//! What PCRE means, on text and on octets; what is no PCRE; what is PCRE and not run. Expectations are PCRE's.

use super::*;
use proptest::prelude::*;

/// The expression, a text, whether PCRE with DOTALL finds it.
#[track_caller]
fn check(expression: &str, text: &str, expected: bool) {
    let regex = compile(expression).unwrap_or_else(|e| panic!("{expression}: {e:?}"));
    assert_eq!(regex.is_match(text), expected, "{expression} on {text:?} (run as {regex})");
}

#[test]
fn means_what_pcre_means() {
    check(r"^a.b$", "a\nb", true); // DOTALL
    check(r"a$", "a\n", true); // before a last line feed
    check(r"a$", "a\n\n", false);
    check(r"a\Z", "a\n", true);
    check(r"a\z", "a\n", false);
    check(r"(?m)^b$", "a\nb\nc", true);
    check(r"^b$", "a\nb\nc", false);
    check(r"(a$|b$)", "xb\n", true);
    check(r"[[a]", "[", true); // a bracket in a class is itself
    check(r"[a&&b]", "&", true); // no set operations
    check(r"[a~~b]", "~", true);
    check(r"[]a]", "]", true);
    check(r"[^]a]", "]", false);
    check(r"[a-\d]", "-", true);
    check(r"[\w-]", "-", true);
    check(r"[a\-z]", "m", false);
    check(r"[[:alpha:]]", "é", true);
    check(r"[[:^alpha:]]", "é", false);
    check(r"[[:xdigit:]]+$", "fF0", true);
    check(r"[:a:]", ":", true);
    check(r"\v", "\u{0b}", true); // vertical white space, not one character
    check(r"\v", "\n", true);
    check(r"\h+x", "\t x", true);
    check(r"\N", "\n", false);
    check(r"\<b\>", "<b>", true); // no word boundaries
    check(r"a{,b", "a{,b", true);
    check(r"a{x}", "a{x}", true);
    check(r"a{", "a{", true);
    check(r"^a{2,3}$", "aaaa", false);
    check(r"\/\-\_\'", "/-_'", true);
    check(r"\Qa.b\E.", "a.bx", true);
    check(r"\Qa.b\E", "axb", false);
    check(r"\x41\x{42}", "AB", true);
    check(r"\0\012\o{101}", "\0\nA", true);
    check(r"\cA", "\x01", true);
    check(r"\e", "\x1b", true);
    check(r"(?i)ABC", "xabcx", true);
    check(r"(?i:A)B", "aB", true);
    check(r"(?i:A)B", "ab", false);
    check(r"(?x) a b # nothing", "ab", true);
    check(r"(?x) a [ ] b", "a b", true);
    check(r"(?-s)a.b", "a\nb", false);
    check(r"(?#note)a", "a", true);
    check(r"(?P<n>a)(?<m>b)(?'k'c)(d)(?|e)", "abcde", true);
    check(r"\p{Lu}\p{^Lu}\P{Lu}\pL", "Aaab", true);
    check(r"\w\d", "é٣", true); // Unicode is on
    check("o\u{300}", "\u{f2}", true); // both in NFC
    check(r"", "", true);
    check(r"a||b", "zzz", true);
}

#[test]
fn octets() {
    let check = |expression: &str, bytes: &[u8], expected| {
        let found = compile_bytes(expression).unwrap().is_some_and(|regex| regex.is_match(bytes));
        assert_eq!(found, expected, "{expression}");
    };
    check(r"\xd4\xc3\xb2\xa1", b"\xd4\xc3\xb2\xa1\x02", true);
    check(r"^.$", b"\xff", true);
    check("^\u{e9}$", b"\xe9", true); // a character below U+0100 is the octet of that number
    check(r"^[\x80-\xff]+$", b"\x80\xff", true);
    check(r"^[^a]$", b"\xff", true);
    check(r"\w", b"\xe9", false); // Unicode is off
    check("\u{100}", b"\xc4\x80", false);
}

#[test]
fn what_is_not_run_says_so() {
    let say = |expression: &str| match translate(expression) {
        Ok(plain) => format!("{expression} => {plain}"),
        Err(Refusal::Wrong(reason)) => format!("{expression} => wrong: {reason}"),
        Err(Refusal::Unsupported(reason)) => format!("{expression} => {reason}"),
    };
    let cases = [
        r"(?=a)b",
        r"(?!a)",
        r"(?<=a)b",
        r"(?<!a)",
        r"(a)\1",
        r"\k<n>",
        r"(?P=n)",
        r"a++",
        r"a*+b",
        r"(?>a)",
        r"(?R)",
        r"(?1)",
        r"(?(1)a)",
        r"\Ka",
        r"\R",
        r"(*UTF8)a",
        r"a$b",
        r"(a$|b)c",
        r"(a$)*",
        r"a{,3}",
        r"\y",
        r"(",
        r")",
        r"a)",
        r"*a",
        r"a**",
        r"[a",
        r"[z-a]",
        r"a\",
        r"\x{110000}",
        r"(?q)",
        r"a{3,2}",
        r"a{70000}",
        r"[[:nope:]]",
        r"(?<>a)",
        r"\p{!}",
    ];
    insta::assert_snapshot!(cases.map(say).join("\n"), @r"
    (?=a)b => look-around at character 3 of the regular expression is not run: it needs backtracking
    (?!a) => look-around at character 3 of the regular expression is not run: it needs backtracking
    (?<=a)b => look-around at character 3 of the regular expression is not run: it needs backtracking
    (?<!a) => look-around at character 3 of the regular expression is not run: it needs backtracking
    (a)\1 => a back-reference at character 5 of the regular expression is not run: it needs backtracking
    \k<n> => a back-reference at character 2 of the regular expression is not run: it needs backtracking
    (?P=n) => a back-reference at character 3 of the regular expression is not run: it needs backtracking
    a++ => a possessive repetition at character 3 of the regular expression is not run: it needs backtracking
    a*+b => a possessive repetition at character 3 of the regular expression is not run: it needs backtracking
    (?>a) => an atomic group at character 3 of the regular expression is not run: it needs backtracking
    (?R) => a recursion at character 3 of the regular expression is not run: it needs backtracking
    (?1) => a recursion at character 3 of the regular expression is not run: it needs backtracking
    (?(1)a) => a conditional group at character 3 of the regular expression is not run: it needs backtracking
    \Ka => `\K` at character 2 of the regular expression is not run: it needs backtracking
    \R => `\R` at character 2 of the regular expression is not run: it needs backtracking
    (*UTF8)a => a verb `(*…)` at character 1 of the regular expression is not run: it needs backtracking
    a$b => what follows a `$` at character 3 of the regular expression is not run: it needs backtracking
    (a$|b)c => what follows a `$` at character 7 of the regular expression is not run: it needs backtracking
    (a$)* => a repeated `$` at character 5 of the regular expression is not run: it needs backtracking
    a{,3} => `{,n}`, on which versions of PCRE disagree, at character 2 of the regular expression is not run: it needs backtracking
    \y => `\y`, which means different things to versions of PCRE, at character 2 of the regular expression is not run: it needs backtracking
    ( => wrong: not a regular expression of PCRE: a group `(` has no end, at character 1
    ) => wrong: not a regular expression of PCRE: a `)` without its `(`, at character 1
    a) => wrong: not a regular expression of PCRE: a `)` without its `(`, at character 2
    *a => wrong: not a regular expression of PCRE: nothing stands before this to be repeated, at character 1
    a** => wrong: not a regular expression of PCRE: nothing stands before this to be repeated, at character 3
    [a => wrong: not a regular expression of PCRE: a class `[` has no end, at character 2
    [z-a] => wrong: not a regular expression of PCRE: a range of a class whose end is before its start, at character 4
    a\ => wrong: not a regular expression of PCRE: a backslash at the end, at character 2
    \x{110000} => wrong: not a regular expression of PCRE: the number of a character that does not exist, at character 10
    (?q) => wrong: not a regular expression of PCRE: what follows `(?`, at character 3
    a{3,2} => wrong: not a regular expression of PCRE: a repetition whose upper bound is below its lower, at character 2
    a{70000} => wrong: not a regular expression of PCRE: a repetition of more than 65535, at character 2
    [[:nope:]] => wrong: not a regular expression of PCRE: the name of a POSIX class, at character 2
    (?<>a) => wrong: not a regular expression of PCRE: the name of a group, at character 4
    \p{!} => wrong: not a regular expression of PCRE: the name of a Unicode property, at character 5
    ");
}

#[test]
fn what_is_too_large_says_so() {
    for expression in [r"(\w{500}){500}", r"((a{1000}){1000}){1000}"] {
        let Err(Refusal::Unsupported(reason)) = compile(expression) else { panic!("{expression} was compiled") };
        assert!(reason.contains("needs more than"), "{reason}");
    }
    let long = "a".repeat(MAX_REGEX + 1);
    assert!(matches!(translate(&long), Err(Refusal::Wrong(_))));
    let deep = format!("{}a{}", "(".repeat(100), ")".repeat(100));
    assert!(matches!(translate(&deep), Err(Refusal::Wrong(_))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    /// What is read can be run: the only reasons left are its size and a Unicode property that nobody knows.
    #[test]
    fn what_is_read_can_be_run(words in prop::collection::vec(prop::sample::select(vec![
        "a", "b", "-", "]", "[", "[^", "(", "(?:", "(?i)", "(?x:", "(?m)", ")", "|", "*", "+", "?", "{2}", "{1,3}", "{", "}", "^", "$", ".", "\\d", "\\W",
        "\\b", "\\h", "\\v", "\\Z", "\\x41", "\\x{e9}", "\\Q", "\\E", "\\", "&", "~", "#", " ", "[:alpha:]", "[:^digit:]", "\u{e9}", "\\p{Lu}", "\\PL", "\\cA", "\\<",
    ]), 0..12)) {
        let text = words.concat();
        if translate(&text).is_ok() {
            let built = compile(&text);
            prop_assert!(built.is_ok(), "{} {:?}", text, built);
            let built = compile_bytes(&text);
            prop_assert!(!matches!(built, Err(Refusal::Unsupported(ref reason)) if reason.contains("cannot be run")), "{} {:?}", text, built);
        }
    }
}
