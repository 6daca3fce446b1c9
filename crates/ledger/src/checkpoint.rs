//! Checkpoints: the signed head of the tree, as a C2SP signed note (c2sp.org/tlog-checkpoint, c2sp.org/signed-note).
use crate::error::Result;
use crate::keys::{self, SigningKey};
use crate::ledger::{Ledger, Tx};
use crate::merkle::{Frontier, Hash, sha256};
use crate::time::Micros;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Standard base64.
pub fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// The bytes of standard base64.
pub fn unbase64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// A checkpoint as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The size of the tree.
    pub size: i64,
    /// Its root.
    pub root: Vec<u8>,
    /// When it was made.
    pub known: Micros,
    /// The signed note.
    pub note: String,
}

impl Checkpoint {
    /// Whether this checkpoint says what the tree of its size is, under the hub's key.
    pub(crate) fn check(&self, hub: &str, public_key: &[u8], root: &Hash) -> std::result::Result<(), String> {
        if self.root != root {
            return Err("its root is not the log's".into());
        }
        let text = note_text(hub, self.size, root, self.known);
        let Some(signature) = self.note.strip_prefix(&text).and_then(|rest| signature_of(rest, hub, public_key)) else {
            return Err("its note does not say what the row says".into());
        };
        match keys::verify(public_key, text.as_bytes(), &signature) {
            true => Ok(()),
            false => Err("its signature does not hold".into()),
        }
    }
}

/// The name that stands on the note.
fn origin(hub: &str) -> String {
    format!("mainstay/{hub}")
}

fn note_text(hub: &str, size: i64, root: &Hash, known: Micros) -> String {
    format!("{}\n{size}\n{}\nknown {known}\n", origin(hub), base64(root))
}

/// The first four bytes of H(name ‖ "\n" ‖ 0x01 ‖ key): 0x01 stands for Ed25519 (signed-note, "Signatures").
fn key_id(hub: &str, public_key: &[u8]) -> Vec<u8> {
    let text = [origin(hub).as_bytes(), b"\n\x01", public_key].concat();
    sha256(&text).iter().copied().take(4).collect()
}

fn signature_of(rest: &str, hub: &str, public_key: &[u8]) -> Option<Vec<u8>> {
    let line = rest.strip_prefix("\n\u{2014} ")?.strip_suffix('\n')?;
    let bytes = unbase64(line.strip_prefix(&origin(hub))?.strip_prefix(' ')?)?;
    Some(bytes.strip_prefix(key_id(hub, public_key).as_slice())?.to_vec())
}

fn sign(hub: &str, key: &SigningKey, size: i64, root: &Hash, known: Micros) -> String {
    let text = note_text(hub, size, root, known);
    let signature = [key_id(hub, &key.public()), key.sign(text.as_bytes())].concat();
    format!("{text}\n\u{2014} {} {}\n", origin(hub), base64(&signature))
}

impl Ledger {
    /// Signs the present head and keeps the note. The same size gives the same checkpoint.
    pub fn checkpoint(&self) -> Result<Checkpoint> {
        let key = self.signing_key()?;
        self.write(|tx| {
            let size = tx.size()?;
            if let Some(found) = all(tx)?.pop().filter(|c| c.size == size) {
                return Ok(found);
            }
            let frontier = tx.one("SELECT frontier FROM head WHERE id = 1", &[], |r| r.blob(0).to_vec())?;
            let root = Frontier::from_bytes(size.unsigned_abs(), &frontier.unwrap_or_default()).unwrap_or_default().root();
            let known = tx.now();
            let note = sign(self.hub(), &key, size, &root, known);
            tx.run(
                "INSERT INTO checkpoint (size, root, known, note) VALUES ($1, $2, $3, $4)",
                &[size.into(), (&root).into(), known.into(), (&note).into()],
            )?;
            Ok(Checkpoint { size, root: root.to_vec(), known, note })
        })
    }
}

/// All checkpoints, smallest first.
pub fn all(tx: &mut Tx<'_>) -> Result<Vec<Checkpoint>> {
    tx.all("SELECT size, root, known, note FROM checkpoint ORDER BY size", &[], |r| Checkpoint {
        size: r.int(0),
        root: r.blob(1).to_vec(),
        known: r.micros(2),
        note: r.text(3).to_owned(),
    })
}
