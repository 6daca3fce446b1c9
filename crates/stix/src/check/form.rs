//! Forms of strings that the standard takes from elsewhere. Says whether a text has the form, and by which rule not.
//!
//! By form alone: whether a language, a product or a host of that name exists, nobody can know from an object.

use crate::table::Form;

/// What a text is against a form; the reason completes "`text` …".
pub(super) enum Verdict {
    Good,
    /// Something that SHOULD be otherwise.
    Better(&'static str, &'static str),
    /// Something that MUST be otherwise.
    Bad(&'static str, &'static str),
}

pub(super) fn check(form: Form, text: &str) -> Verdict {
    use Verdict::{Bad, Better};
    let (good, otherwise) = match form {
        Form::SpecVersion => (text == "2.1", Bad("spec-version", "is not the version of this standard: write 2.1")),
        Form::Language => (is_language(text), Bad("language-code", "is not a language tag of RFC 5646")),
        Form::RelationshipType => {
            let fits = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
            (fits && !text.is_empty(), Bad("relationship-type", "is not the name of a relationship: [a-z0-9-]"))
        }
        Form::Encoding => {
            let fits = text.bytes().all(|b| b.is_ascii_graphic()) && (1..=40).contains(&text.len());
            (fits, Bad("encoding-name", "is not the name of a character set of the IANA registry"))
        }
        Form::Domain => (is_domain(text), Bad("domain-name", "is not a domain name of RFC 1034 and RFC 5890")),
        Form::Url => return url(text),
        Form::Mac => (is_mac(text), Bad("mac-address", "is not six lower-case octets with colons between them")),
        Form::Ipv4 => (is_network(text, false), Better("ip-address", "is not an IPv4 address or network")),
        Form::Ipv6 => (is_network(text, true), Better("ip-address", "is not an IPv6 address or network")),
        Form::Email => (!has_display_name(text), Bad("email-display-name", "must not include a display name")),
        Form::Decoded => (!has_encoded_word(text), Better("encoded-word", "looks encoded: decode it (RFC 2047)")),
        Form::Cpe => {
            (is_cpe(text), Bad("cpe", "is not a CPE 2.3 of eleven attributes: write cpe:2.3:part:vendor:product:…"))
        }
        Form::RegistryKey => {
            (!has_short_hive(text), Bad("registry-hive", "must name its hive in full, as HKEY_LOCAL_MACHINE"))
        }
        Form::PhaseName => {
            (is_term(text), Better("kill-chain-name", "would be lower case, with hyphens between words"))
        }
        Form::Product => (is_term(text), Better("product-name", "would be lower case, with hyphens between words")),
        Form::Country => {
            let fits = text.len() == 2 && text.bytes().all(|b| b.is_ascii_alphabetic());
            (fits, Better("country-code", "is not a code of two letters (ISO 3166-1)"))
        }
        Form::Mime => (is_mime(text), Better("mime-type", "is not a media type: write type/subtype")),
        Form::PriorityClass => (text.ends_with("_CLASS"), Better("priority-class", "would end in `_CLASS`")),
    };
    if good { Verdict::Good } else { otherwise }
}

/// Section 2.14: no capitals, no spaces, no underscores.
pub(super) fn is_term(text: &str) -> bool {
    !text.is_empty() && !text.chars().any(|c| c.is_uppercase() || c.is_whitespace() || c == '_')
}

/// RFC 5646 section 2.1, by the lengths of the subtags.
fn is_language(text: &str) -> bool {
    let mut parts = text.split('-');
    let first = parts.next().unwrap_or("");
    let private = first.eq_ignore_ascii_case("x") || first.eq_ignore_ascii_case("i");
    let fits = first.bytes().all(|b| b.is_ascii_alphabetic()) && ((2..=8).contains(&first.len()) || private);
    let rest: Vec<&str> = parts.collect();
    fits && (!private || !rest.is_empty())
        && rest.iter().all(|p| (1..=8).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_alphanumeric()))
}

/// RFC 4648 section 4, with padding and without line breaks.
pub(super) fn is_base64(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    let plain = body.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'+' || b == b'/');
    text.len().is_multiple_of(4) && text.len() - body.len() <= 2 && plain
}

/// Section 10.7: the digests by their length, the fuzzy hashes by their form.
pub(super) fn is_hash(algorithm: &str, text: &str) -> bool {
    let digits = |count: usize| text.len() == count && text.bytes().all(|b| b.is_ascii_hexdigit());
    match algorithm {
        "MD5" => digits(32),
        "SHA-1" => digits(40),
        "SHA-256" | "SHA3-256" => digits(64),
        "SHA-512" | "SHA3-512" => digits(128),
        "SSDEEP" => {
            let mut parts = text.splitn(3, ':');
            let size = parts.next().is_some_and(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit()));
            size && parts.next().is_some() && parts.next().is_some()
        }
        // 35 bytes; later versions of the algorithm put `T1` before them
        "TLSH" => digits(70) || text.strip_prefix("T1").is_some_and(|t| t.len() == 70 && is_hex(t)),
        _ => true,
    }
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// RFC 1034 section 3.1 for the lengths, RFC 5890 section 2.3 for the labels; the underscore is in wide use and taken.
fn is_domain(text: &str) -> bool {
    let name = text.strip_suffix('.').unwrap_or(text);
    let label = |l: &str| {
        (1..=63).contains(&l.len())
            && l.chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_' || (!c.is_ascii() && !c.is_whitespace()))
    };
    (1..=253).contains(&name.len()) && name.split('.').all(label)
}

/// RFC 3986 sections 1.1.3 and 3: a scheme, then something, and no character that must be encoded.
fn url(text: &str) -> Verdict {
    let reason = "is not a URL of RFC 3986: scheme, colon, and what follows";
    let Some((scheme, rest)) = text.split_once(':') else { return Verdict::Bad("url", reason) };
    let mut letters = scheme.bytes();
    let scheme = letters.next().is_some_and(|b| b.is_ascii_alphabetic())
        && letters.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    if !scheme || rest.is_empty() || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Verdict::Bad("url", reason);
    }
    // observed addresses hold such characters, and an address that was observed is worth keeping
    let odd = |b: u8| !b.is_ascii() || matches!(b, b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}');
    match rest.bytes().any(odd) {
        true => Verdict::Better("url-characters", "holds characters that a URL has only encoded (RFC 3986 section 2)"),
        false => Verdict::Good,
    }
}

fn is_mac(text: &str) -> bool {
    let octet = |o: &str| o.len() == 2 && o.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    text.split(':').count() == 6 && text.split(':').all(octet)
}

fn is_network(text: &str, six: bool) -> bool {
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, Some(length)),
        None => (text, None),
    };
    let most: u8 = if six { 128 } else { 32 };
    let length =
        length.is_none_or(|l| l.bytes().all(|b| b.is_ascii_digit()) && l.parse::<u8>().is_ok_and(|n| n <= most));
    let address = if six {
        address.parse::<core::net::Ipv6Addr>().is_ok()
    } else {
        address.parse::<core::net::Ipv4Addr>().is_ok()
    };
    address && length
}

/// RFC 5322 section 3.4: a display name stands before an address in angle brackets.
fn has_display_name(text: &str) -> bool {
    text.ends_with('>') && text.contains('<')
}

/// RFC 2047 section 2: `=?charset?encoding?text?=`.
fn has_encoded_word(text: &str) -> bool {
    let mut parts = text.split("=?").skip(1);
    parts.any(|part| {
        let mut fields = part.splitn(3, '?');
        let (charset, encoding, rest) = (fields.next(), fields.next(), fields.next());
        charset.is_some_and(|c| !c.is_empty() && !c.contains(' '))
            && encoding.is_some_and(|e| e.eq_ignore_ascii_case("q") || e.eq_ignore_ascii_case("b"))
            && rest.is_some_and(|r| r.contains("?="))
    })
}

/// The formatted string of CPE 2.3: the prefix and eleven attributes; a colon within one is escaped.
fn is_cpe(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("cpe:2.3:") else { return false };
    let (mut attributes, mut escaped, mut empty) = (1, false, true);
    for b in rest.bytes() {
        match b {
            b':' if !escaped => {
                if empty {
                    return false;
                }
                attributes += 1;
                empty = true;
                continue;
            }
            b' ' => return false,
            _ => {}
        }
        escaped = b == b'\\' && !escaped;
        empty = false;
    }
    attributes == 11 && !empty && rest.bytes().next().is_some_and(|b| matches!(b, b'a' | b'o' | b'h' | b'*' | b'-'))
}

fn has_short_hive(text: &str) -> bool {
    let hive = text.split('\\').next().unwrap_or("");
    ["HKLM", "HKCU", "HKCR", "HKU", "HKCC", "HKPD"].iter().any(|short| hive.eq_ignore_ascii_case(short))
}

fn is_mime(text: &str) -> bool {
    let essence = text.split(';').next().unwrap_or("").trim_end();
    let token = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b));
    essence.split_once('/').is_some_and(|(kind, subtype)| token(kind) && token(subtype))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_form(form: Form, good: &[&str], bad: &[&str]) {
        let holds = |text: &&&str| matches!(check(form, text), Verdict::Good);
        assert_eq!(good.iter().filter(holds).count(), good.len(), "{form:?} {good:?}");
        assert_eq!(bad.iter().filter(holds).collect::<Vec<_>>(), Vec::<&&str>::new(), "{form:?}");
    }

    #[test]
    fn forms() {
        check_form(
            Form::Language,
            &["en", "de-CH", "zh-Hant-TW", "x-klingon", "i-navajo", "de-1996"],
            &["", "e", "english_us", "x", "de-", "deutschland"],
        );
        check_form(Form::RelationshipType, &["uses", "x-1"], &["", "Uses", "re lates", "über"]);
        check_form(Form::Encoding, &["windows-1252", "UTF-8"], &["", "windows 1252", "é"]);
        check_form(
            Form::Domain,
            &[
                "example.com",
                "example.com.",
                "_dmarc.example.com",
                "xn--bcher-kva.example",
                "bücher.example",
                "localhost",
            ],
            &["", ".", "a..b", "exa mple.com", "http://example.com", "a@b", "1.2.3.4:80", &"a".repeat(64)],
        );
        check_form(
            Form::Url,
            &["https://example.com/a?b#c", "mailto:a@example.com", "ftp://x"],
            &["", "example.com/a", "http:", "http://a b", "1http://x", "http://ü", "http://x/{y}"],
        );
        check_form(
            Form::Mac,
            &["d2:fb:49:24:37:18"],
            &["D2:fb:49:24:37:18", "d2-fb-49-24-37-18", "d2:fb:49:24:37", "2:fb:49:24:37:18"],
        );
        check_form(
            Form::Ipv4,
            &["198.51.100.3", "198.51.100.0/24"],
            &["198.51.100", "198.51.100.3/33", "::1", "198.51.100.3/", "198[.]51.100.3"],
        );
        check_form(Form::Ipv6, &["2001:db8::1", "2001:0db8::/96"], &["198.51.100.3", "2001:db8::1/129"]);
        check_form(Form::Email, &["a@example.com", "\"a<b\"@example.com"], &["A <a@example.com>"]);
        check_form(Form::Decoded, &["plain", "a =? b", "100 =?= x"], &["=?iso-8859-1?q?this=20is?="]);
        check_form(
            Form::Cpe,
            &["cpe:2.3:a:microsoft:word:2000:*:*:*:*:*:*:*", r"cpe:2.3:a:x:y\:z:-:*:*:*:*:*:*:*"],
            &["cpe:/a:microsoft:word", "cpe:2.3:a:b", "cpe:2.3:q:b:c:1:*:*:*:*:*:*:*", "cpe:2.3:a::c:1:*:*:*:*:*:*:*"],
        );
        check_form(Form::RegistryKey, &["HKEY_LOCAL_MACHINE\\System", "hkey_users\\x"], &["HKLM\\System", "hkcu"]);
        check_form(Form::Mime, &["text/html", "text/html; charset=utf-8"], &["html", "text/", "a b/c"]);
    }

    #[test]
    fn bytes_and_hashes() {
        assert!(["", "AAAA", "AAA=", "AA=="].into_iter().all(is_base64));
        assert!(!["A", "A===", "AA=A", "AAA", "A-_A", "AAAA ..."].into_iter().any(is_base64));
        assert!(is_hash("MD5", &"a".repeat(32)) && !is_hash("MD5", &"g".repeat(32)) && !is_hash("SHA-1", "a"));
        assert!(
            is_hash(
                "SSDEEP",
                "96:s4Ud1Lj96tHHlZDrwciQmA+4uy1I0G4HYuL8N3TzS8QsO/wqWXLcMSx:sF1LjEtHHlZDrJzrhuyZvHYm8tKp/RWO"
            ) && !is_hash("SSDEEP", "x:y:z")
        );
        assert!(
            is_hash("TLSH", &"6".repeat(70))
                && is_hash("TLSH", &format!("T1{}", "6".repeat(70)))
                && !is_hash("TLSH", "6")
        );
    }
}
