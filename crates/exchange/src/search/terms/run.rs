//! The numbers of a text's terms in one pass over its bytes, where it is in ASCII, as most is. What a term is stands in [`super`]: the parts
//! of a run, and a text that needs a table of letters or mending, are read there.
use super::{COMMON_BYTES, FNV, TERM_MAX, fnv, is_common_packed, is_fanged, number, stirred, with_parts, words};

/// The numbers of the terms of one document, each once.
#[derive(Default)]
pub(super) struct Terms {
    pub(super) numbers: Vec<u64>,
    /// A bit for each number's lowest bits: what has none is new, without looking.
    met: [u64; 16],
    max: usize,
}

impl Terms {
    pub(super) fn begin(&mut self, max: usize) {
        self.numbers.clear();
        (self.met, self.max) = ([0; 16], max);
    }

    /// Adds a term; false where no more are wanted.
    pub(super) fn push(&mut self, term: u64) -> bool {
        if self.is_full() {
            return false;
        }
        let (word, bit) = ((term >> 6) as usize % self.met.len(), 1 << (term % 64));
        let was_met = self.met[word] & bit != 0;
        if !was_met || !self.numbers.contains(&term) {
            self.met[word] |= bit;
            self.numbers.push(term);
        }
        !self.is_full()
    }

    pub(super) fn is_full(&self) -> bool {
        self.numbers.len() >= self.max
    }
}

/// What a byte of ASCII text is to a run: 0 ends it, 1 joins its parts, all others stand in it, in lower case.
const FOLDED: [u8; 256] = {
    let (mut all, mut at) = ([0; 256], 0);
    while at < 128 {
        let byte = at as u8;
        all[at] = match byte {
            b'.' | b'-' | b'_' | b'@' | b':' | b'+' => 1,
            _ if byte.is_ascii_alphanumeric() => byte.to_ascii_lowercase(),
            _ => 0,
        };
        at += 1;
    }
    all
};

/// A run of letters and digits, from its first to after its last.
struct Run {
    begin: usize,
    end: usize,
    /// Of its bytes in lower case; of one whose parts are joined, of no use.
    hash: u64,
    letters: bool,
    /// Something joins its parts.
    joined: bool,
}

impl Run {
    /// The run that begins at `begin`, and where it was left.
    fn read(bytes: &[u8], begin: usize) -> (Run, usize) {
        let mut run = Run { begin, end: begin, hash: FNV, letters: false, joined: false };
        let mut at = begin;
        while let Some(folded) = bytes.get(at).map(|byte| folded(*byte)).filter(|folded| *folded != 0) {
            at += 1;
            if folded != 1 {
                // what joined before it stands within, not at the end
                run.joined |= run.end + 1 < at;
                run.end = at;
                run.hash = fnv(run.hash, folded);
                run.letters |= folded >= b'a';
            }
        }
        (run, at)
    }

    /// As [`super::is_term`] has it, for a run that nothing joins.
    fn is_term(&self, bytes: &[u8]) -> bool {
        let length = self.end - self.begin;
        let is_common = || {
            let bytes = bytes.get(self.begin..self.end).unwrap_or_default();
            let packed = bytes.iter().fold(0, |number, byte| number << 8 | u64::from(folded(*byte)));
            length <= COMMON_BYTES && is_common_packed(packed << (8 * (COMMON_BYTES - length)))
        };
        match length {
            2 | 3 => self.letters && !is_common(),
            4..=TERM_MAX => length > COMMON_BYTES || !is_common(),
            _ => false,
        }
    }
}

fn folded(byte: u8) -> u8 {
    FOLDED.get(usize::from(byte)).copied().unwrap_or(0)
}

/// Adds the terms of a text, as [`words`] has them. A text in ASCII is read once, byte by byte, and only what has parts is looked at as a text.
pub(super) fn terms_of(text: &str, fold: &mut String, terms: &mut Terms) {
    let bytes = text.as_bytes();
    if !bytes.is_ascii() || is_fanged(bytes) {
        words(text, &mut |word| terms.push(number(word)));
        return;
    }
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        if folded(*byte) <= 1 {
            at += 1;
            continue;
        }
        let (run, left) = Run::read(bytes, at);
        at = left;
        let more = match run.joined {
            true => {
                fold.clear();
                fold.push_str(text.get(run.begin..run.end).unwrap_or_default());
                fold.make_ascii_lowercase();
                with_parts(fold, &mut |word| terms.push(number(word)))
            }
            false => !run.is_term(bytes) || terms.push(stirred(run.hash)),
        };
        if !more {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is read byte by byte is what the words say.
    #[track_caller]
    fn check_fast(text: &str, max: usize) {
        let (mut slow, mut fast) = (Terms::default(), Terms::default());
        slow.begin(max);
        fast.begin(max);
        words(text, &mut |word| slow.push(number(word)));
        terms_of(text, &mut String::new(), &mut fast);
        assert_eq!(fast.numbers, slow.numbers, "{text:?}");
    }

    proptest::proptest! {
        #[test]
        fn both_readers_agree(text in "[ -~]{0,80}", words in "([a-zA-Z0-9]{1,6}[-. ,_@:]{1,2}){0,30}", max in 1_usize..40) {
            check_fast(&text, max);
            check_fast(&words, max);
        }
    }

    #[test]
    fn both_readers_agree_at_the_ends() {
        for text in [
            "",
            "a",
            "in",
            "In the",
            "http://a.b.example/x?y=1",
            "CVE-2023-6448.",
            "..a..",
            "-a-b-",
            "a:",
            "1 22 a1 AB",
            "é a.b",
        ] {
            check_fast(text, 64);
        }
        for length in [TERM_MAX - 1, TERM_MAX, TERM_MAX + 1] {
            check_fast(&"a".repeat(length), 64);
            check_fast(&format!("{}.b", "a".repeat(length - 2)), 64);
        }
    }
}
