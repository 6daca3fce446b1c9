//! `LIKE` (STIX 2.1 section 9.6.1): `%` is any run of characters, `_` is one; there is no escape.

use super::value::{Work, nfc};

/// A constant of `LIKE`, cut at its `%`.
#[derive(Debug, Clone)]
pub(super) struct Like {
    /// What stands between the `%`; each `_` is any one character.
    parts: Vec<String>,
}

impl Like {
    pub(super) fn new(text: &str, normal: bool) -> Self {
        let text = if normal { nfc(text) } else { text.into() };
        Like { parts: text.split('%').map(str::to_owned).collect() }
    }

    /// The longest text that the value must contain.
    pub(super) fn longest(&self) -> &str {
        let runs = self.parts.iter().flat_map(|part| part.split('_'));
        runs.max_by_key(|run| run.len()).unwrap_or("")
    }

    /// Whether the value is like this. Each part is looked for at the first place where it can stand, which is enough.
    pub(super) fn matches(&self, value: &str, work: &mut Work) -> bool {
        let Some((first, rest)) = self.parts.split_first() else { return false };
        let Some(mut at) = starts(value, first) else { return false };
        let Some((last, middle)) = rest.split_last() else { return at == value.len() };
        for part in middle {
            let Some(end) = find(value, at, part, work) else { return false };
            at = end;
        }
        // the last part stands at the end, behind all others
        let count = last.chars().count();
        let start = match count {
            0 => value.len(),
            count => match value.char_indices().rev().nth(count - 1) {
                Some((start, _)) => start,
                None => return false,
            },
        };
        start >= at && value.get(start..).and_then(|tail| starts(tail, last)).is_some()
    }
}

/// The place behind `part` in `text`, if it stands at its beginning.
fn starts(text: &str, part: &str) -> Option<usize> {
    let mut chars = text.chars();
    for wanted in part.chars() {
        let c = chars.next()?;
        if wanted != '_' && wanted != c {
            return None;
        }
    }
    Some(text.len() - chars.as_str().len())
}

/// The place behind the first stand of `part` from `at` on.
fn find(text: &str, at: usize, part: &str, work: &mut Work) -> Option<usize> {
    let tail = text.get(at..)?;
    if !part.contains('_') {
        return tail.find(part).map(|found| at + found + part.len());
    }
    for (start, _) in tail.char_indices() {
        if !work.spend(1 + part.len() as u64 / 64) {
            return None;
        }
        if let Some(length) = tail.get(start..).and_then(|tail| starts(tail, part)) {
            return Some(at + start + length);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What `LIKE` means, by the book.
    fn naive(like: &[char], value: &[char]) -> bool {
        match like.split_first() {
            None => value.is_empty(),
            Some(('%', rest)) => (0..=value.len()).any(|n| naive(rest, &value[n..])),
            Some((c, rest)) => value.split_first().is_some_and(|(v, tail)| (*c == '_' || c == v) && naive(rest, tail)),
        }
    }

    #[test]
    fn normal_form() {
        let run = |like: &str, value: &str| Like::new(like, true).matches(value, &mut Work::new(1000));
        assert!(run("o\u{300}", "\u{f2}"));
        assert!(run("_", "\u{f2}"));
        assert!(run(r"C:\Windows\%\foo", r"C:\Windows\System32\foo"));
        assert!(!run(r"C:\Windows\%\foo", r"C:\Windows\foo"));
    }

    proptest! {
        #[test]
        fn means_what_it_says(like in "[ab_%é]{0,6}", value in "[abé%_]{0,7}") {
            let found = Like::new(&like, false).matches(&value, &mut Work::new(1_000_000));
            let chars = |s: &str| s.chars().collect::<Vec<_>>();
            prop_assert_eq!(found, naive(&chars(&like), &chars(&value)));
        }
    }
}
