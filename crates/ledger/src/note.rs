//! Signed notes and checkpoints as text (c2sp.org/signed-note, c2sp.org/tlog-checkpoint): what the main tree and each partner's
//! tree are signed with. Ed25519 alone. No store and no clock: the same text under the same key is the same note.
use crate::checkpoint::{base64, unbase64};
use crate::error::{Error, Result};
use crate::keys::{self, SigningKey};
use crate::merkle::{Hash, sha256};

/// Bytes of a note that is read; signed-note asks that a reader has a limit.
const NOTE_MAX: usize = 64 << 10;
/// Signature lines of a note that is read; signed-note asks for at least 16.
const SIGNATURES_MAX: usize = 100;
/// The signature type of Ed25519 (signed-note, "Signature types").
const ED25519: u8 = 0x01;

/// A public key with the name under which it signs: what a stranger needs to check a note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verifier {
    /// The name on the signature line.
    pub name: String,
    /// 32 bytes.
    pub public: Vec<u8>,
}

impl Verifier {
    /// The form in which such keys are handed out: `name+hexadecimal key id+base64(type ‖ key)`.
    pub fn encode(&self) -> String {
        let id: String = key_id(&self.name, &self.public).iter().map(|b| format!("{b:02x}")).collect();
        format!("{}+{id}+{}", self.name, base64(&[&[ED25519], self.public.as_slice()].concat()))
    }

    /// Reads what [`Verifier::encode`] writes; `None` where the id is not the key's.
    pub fn parse(text: &str) -> Option<Verifier> {
        let (name, rest) = text.trim().split_once('+')?;
        let bytes = unbase64(rest.split_once('+')?.1)?;
        let public = bytes.strip_prefix(&[ED25519]).filter(|key| key.len() == 32)?.to_vec();
        let verifier = Verifier { name: name.to_owned(), public };
        (is_name(name) && verifier.encode() == text.trim()).then_some(verifier)
    }

    /// The text of a note, if this key signed it. A signature of this very key that does not hold refuses the note; those of
    /// other keys are not looked at (signed-note, "Signatures").
    pub fn open<'a>(&self, note: &'a str) -> Result<&'a str> {
        let bad =
            |why: &str| Error::Refused { rule: "note", reason: why.to_owned(), next: "ask for the note again".into() };
        if note.len() > NOTE_MAX || note.chars().any(|c| c < ' ' && c != '\n') {
            return Err(bad("this is no signed note"));
        }
        // the last empty line parts the text from its signatures
        let at = note.rfind("\n\n").ok_or_else(|| bad("the note has no signatures"))?;
        let (text, rest) = note.split_at_checked(at + 1).ok_or_else(|| bad("this is no signed note"))?;
        let lines = rest
            .strip_prefix('\n')
            .and_then(|r| r.strip_suffix('\n'))
            .ok_or_else(|| bad("a signature line has no end"))?;
        if lines.lines().count() > SIGNATURES_MAX {
            return Err(bad("the note has too many signatures"));
        }
        let mut held = false;
        for line in lines.split('\n') {
            let (name, signature) = line
                .strip_prefix("\u{2014} ")
                .and_then(|l| l.split_once(' '))
                .ok_or_else(|| bad("a signature line is malformed"))?;
            let bytes = unbase64(signature).ok_or_else(|| bad("a signature is no base64"))?;
            let Some(signature) =
                bytes.strip_prefix(key_id(&self.name, &self.public).as_slice()).filter(|_| name == self.name)
            else {
                continue;
            };
            if !keys::verify(&self.public, text.as_bytes(), signature) {
                return Err(bad("the signature does not hold"));
            }
            held = true;
        }
        if held { Ok(text) } else { Err(bad("the note is not signed by this key")) }
    }
}

/// Signs a text, which ends in a newline.
pub fn sign(name: &str, key: &SigningKey, text: &str) -> String {
    let signature = [key_id(name, &key.public()).as_slice(), &key.sign(text.as_bytes())].concat();
    format!("{text}\n\u{2014} {name} {}\n", base64(&signature))
}

/// The first four bytes of H(name ‖ "\n" ‖ 0x01 ‖ key) (signed-note, "Ed25519 signatures").
fn key_id(name: &str, public: &[u8]) -> [u8; 4] {
    let [a, b, c, d, ..] = sha256(&[name.as_bytes(), b"\n", &[ED25519], public].concat());
    [a, b, c, d]
}

/// Key names are not empty and hold neither spaces nor plus signs.
fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c == '+')
}

/// What a checkpoint says (tlog-checkpoint, "Note text"). Extension lines are not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Which log.
    pub origin: String,
    /// Leaves.
    pub size: u64,
    /// Root.
    pub root: Hash,
}

impl Head {
    /// The text that is signed.
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, base64(&self.root))
    }

    /// Reads the text of a checkpoint.
    pub fn parse(text: &str) -> Option<Head> {
        let mut lines = text.split('\n');
        let origin = lines.next().filter(|line| !line.is_empty())?.to_owned();
        let size = lines.next()?;
        let head = Head { origin, size: size.parse().ok()?, root: unbase64(lines.next()?)?.try_into().ok()? };
        // no leading zeroes, no sign
        (head.size.to_string() == size).then_some(head)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Published with golang.org/x/mod/sumdb/note, from which signed-note grew.
    const VERIFIER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const SEED: &str = "gQoUAtUUbI2E8kQzMPVAgOv5juF9nHT2JS/F1ccoMXM=";
    const TEXT: &str =
        "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
    const SIGNED: &str = "\n\u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    #[test]
    fn the_published_note() {
        let verifier = Verifier::parse(VERIFIER).unwrap();
        assert_eq!(verifier.encode(), VERIFIER);
        let note = format!("{TEXT}{SIGNED}");
        assert_eq!(verifier.open(&note).unwrap(), TEXT);
        let key = SigningKey::from_seed(&unbase64(SEED).unwrap().try_into().unwrap()).unwrap();
        assert_eq!(sign("PeterNeumann", &key, TEXT), note, "Ed25519 is deterministic");
    }

    #[test]
    fn what_is_refused() {
        let verifier = Verifier::parse(VERIFIER).unwrap();
        let note = format!("{TEXT}{SIGNED}");
        let line = SIGNED.trim_start();
        for (bad, why) in [
            (note.replace("your problem is", "my problem is"), "the signature does not hold"),
            (note.replace("PeterNeumann x08", "PeterNeuman x08"), "the note is not signed by this key"),
            (TEXT.to_owned(), "the note has no signatures"),
            (format!("{TEXT}\n{}", line.trim_end()), "a signature line has no end"),
            (note.replace("\u{2014} ", "-- "), "a signature line is malformed"),
            (note.replace("x08go", "!!!!!"), "a signature is no base64"),
            (format!("\t{note}"), "this is no signed note"),
            (format!("{note}\u{2014} PeterNeumann x08go/ZJ\n"), "the signature does not hold"),
        ] {
            assert!(verifier.open(&bad).unwrap_err().to_string().starts_with(why), "{bad}");
        }
        // a signature of somebody else is passed over
        let with_other = format!("{note}\u{2014} somebody.example AAAAAAAA\n");
        assert_eq!(verifier.open(&with_other).unwrap(), TEXT);
        for bad in [VERIFIER.replace("c74f", "c74e"), "x".into(), "+c74f20a3+AR".into(), VERIFIER.replace("+AR", "+Ar")]
        {
            assert_eq!(Verifier::parse(&bad), None, "{bad}");
        }
    }

    #[test]
    fn the_example_of_the_standard() {
        let text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
        let head = Head::parse(text).unwrap();
        assert_eq!((head.size, head.text().as_str()), (20_852_163, text));
        assert_eq!(Head::parse(&format!("{text}an extension\n")), Some(head));
        for bad in ["", "a\n1\n", "a\n01\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n", "a\n1\nAA==\n", "\n1\nx\n"] {
            assert_eq!(Head::parse(bad), None, "{bad}");
        }
    }
}
