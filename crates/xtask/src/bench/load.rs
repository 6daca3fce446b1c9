//! The load of the TAXII bench: the objects of one real bundle, as often as wanted. Each further copy has ids of its own and the same
//! relations; three in ten objects are marked RED, one in a hundred thousand CLEAR, so that readers of different rights differ.

/// One object in so many is CLEAR: what the reader sees who sees next to nothing.
pub(super) const RARE: usize = 100_000;
/// TLP 2.0 (FIRST), as marking-definitions of STIX 2.1.
const RED: &str = "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1";
const CLEAR: &str = "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487";

/// The object with this number: number `n` is copy `n / objects` of object `n % objects`.
pub(super) fn object(texts: &[&str], n: usize) -> String {
    let Some(text) = texts.get(n % texts.len().max(1)) else { return String::new() };
    // a marking has one id for all copies, so its one object is given as it is, again and again
    if text.contains(r#""type": "marking-definition""#) || text.contains(r#""type":"marking-definition""#) {
        return (*text).to_owned();
    }
    let copied = copy(text, n / texts.len());
    match n {
        n if n % RARE == RARE / 2 || n == 50 => marked(&copied, CLEAR),
        n if n % 10 < 3 => marked(&copied, RED),
        _ => copied,
    }
}

/// An envelope of the objects with these numbers.
pub(super) fn envelope(texts: &[&str], numbers: std::ops::Range<usize>) -> Vec<u8> {
    let objects: Vec<String> = numbers.map(|n| object(texts, n)).collect();
    format!("{{\"objects\":[{}]}}", objects.join(",")).into_bytes()
}

/// The same text with every id drawn anew, except those of markings: the first eight digits of each UUID move by the copy's number.
fn copy(text: &str, copy: usize) -> String {
    if copy == 0 {
        return text.to_owned();
    }
    let shift = (copy as u32).wrapping_mul(0x9e37_79b1);
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("--") {
        let (before, after) = rest.split_at(at + 2);
        out.push_str(before);
        rest = after;
        let digits = after.get(..8).and_then(|d| u32::from_str_radix(d, 16).ok());
        if let Some(digits) =
            digits.filter(|_| after.as_bytes().get(8) == Some(&b'-') && !before.ends_with("marking-definition--"))
        {
            out.push_str(&format!("{:08x}", digits ^ shift));
            rest = after.get(8..).unwrap_or("");
        }
    }
    out.push_str(rest);
    out
}

/// The same text with one marking more.
fn marked(text: &str, marking: &str) -> String {
    match text
        .split_once("\"object_marking_refs\"")
        .and_then(|(before, after)| Some((before, after.split_once('[')?.1)))
    {
        Some((before, after)) => format!("{before}\"object_marking_refs\":[\"{marking}\",{after}"),
        None => text.replacen('{', &format!("{{\"object_marking_refs\":[\"{marking}\"],"), 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_have_ids_of_their_own_and_keep_their_relations() {
        let text = r#"{"id":"tool--0000000a-1","of":"tool--0000000b-1 -- x","object_marking_refs": ["marking-definition--fa42a846-8"]}"#;
        assert_eq!(copy(text, 0), text);
        assert_eq!(
            copy(text, 1),
            r#"{"id":"tool--9e3779bb-1","of":"tool--9e3779ba-1 -- x","object_marking_refs": ["marking-definition--fa42a846-8"]}"#
        );
        let marking = r#"{"type": "marking-definition","id":"marking-definition--fa42a846-8","created_by_ref":"identity--0000000c-1"}"#;
        assert_eq!(object(&[marking], 10), marking);
        assert_eq!(object(&[text], 3), copy(text, 3));
        assert!(
            object(&[text], 12)
                .contains(r#""object_marking_refs":["marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1","mark"#)
        );
        assert!(
            object(&[r#"{"id":"a--0000000a-1"}"#], 50_000)
                .starts_with(r#"{"object_marking_refs":["marking-definition--94868c89"#)
        );
    }
}
