//! Checkpoints: the signed head of the tree, as a C2SP signed note (c2sp.org/tlog-checkpoint, c2sp.org/signed-note).
use crate::error::{Error, Result};
use crate::keys::SigningKey;
use crate::ledger::{Ledger, Tx};
use crate::merkle::{Frontier, Hash};
use crate::note::{self, Verifier};
use crate::proof::{self, Nodes, Travelling};
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
        let verifier = Verifier { name: origin(hub), public: public_key.to_vec() };
        match verifier.open(&self.note) {
            Ok(said) if said == text && self.note.len() == text.len() + SIGNATURE_BYTES + origin(hub).len() => Ok(()),
            Ok(_) => Err("its note does not say what the row says".into()),
            Err(Error::Refused { reason, .. }) => Err(reason),
            Err(e) => Err(e.to_string()),
        }
    }
}

/// What follows the text of a note of ours, without the name: an empty line, a dash, base64 of 68 bytes.
const SIGNATURE_BYTES: usize = 1 + 4 + 1 + 92 + 1;

/// The name that stands on the note.
fn origin(hub: &str) -> String {
    format!("mainstay/{hub}")
}

fn note_text(hub: &str, size: i64, root: &Hash, known: Micros) -> String {
    format!("{}\n{size}\n{}\nknown {known}\n", origin(hub), base64(root))
}

fn sign(hub: &str, key: &SigningKey, size: i64, root: &Hash, known: Micros) -> String {
    note::sign(&origin(hub), key, &note_text(hub, size, root, known))
}

/// The main tree, read from the log.
struct Log<'t, 'a>(&'t mut Tx<'a>);

impl Nodes for Log<'_, '_> {
    fn node(&mut self, level: u32, index: u64) -> Result<Hash> {
        let (from, to) = ((index << level) as i64, ((index + 1) << level) as i64);
        let mut tree = Frontier::default();
        self.0.each(
            "SELECT leaf FROM entry WHERE idx >= $1 AND idx < $2 ORDER BY idx",
            &[from.into(), to.into()],
            &mut |r| {
                tree.push(
                    r.blob(0)
                        .try_into()
                        .map_err(|_| Error::Integrity("a leaf is no hash; run `ledger verify`".into()))?,
                );
                Ok(())
            },
        )?;
        match tree.size() == 1 << level {
            true => Ok(tree.root()),
            false => Err(Error::Integrity(format!("leaves {from} to {to} are not in the log; run `ledger verify`"))),
        }
    }
}

impl Ledger {
    /// What checks the notes of the main tree.
    pub fn verifier(&self) -> Verifier {
        Verifier { name: origin(self.hub()), public: self.public_key().to_vec() }
    }

    /// That an entry is in the log, for operator, auditor and witness: with the newest checkpoint that holds it. The extra data
    /// are the entry's header and its commitment, of which the leaf is made.
    pub fn prove(&self, index: i64) -> Result<Travelling> {
        self.read(|tx| {
            let sql = "SELECT header, commitment FROM entry WHERE idx = $1";
            let entry = tx.one(sql, &[index.into()], |r| [r.text(0).as_bytes(), b"\n", r.blob(1)].concat())?;
            let checkpoint = all(tx)?.pop().filter(|c| index < c.size);
            let (Some(extra), Some(checkpoint)) = (entry, checkpoint) else {
                let next =
                    "`ledger checkpoint` signs the present head; `ledger verify` says how many entries there are";
                return Err(Error::refused("proof-range", format!("entry {index} is under no checkpoint"), next));
            };
            let (index, size) = (index.unsigned_abs(), checkpoint.size.unsigned_abs());
            let path = proof::inclusion(&mut Log(tx), index, size)?;
            Ok(Travelling { extra, index, path, checkpoint: checkpoint.note })
        })
    }

    /// That the log of `size` entries grew out of the one of `old`.
    pub fn prove_growth(&self, old: i64, size: i64) -> Result<Vec<Hash>> {
        self.read(|tx| {
            if size > tx.size()? {
                let why = format!("the log has no {size} entries");
                return Err(Error::refused("proof-range", why, "`ledger verify` says how many there are"));
            }
            proof::consistency(&mut Log(tx), old.max(0).unsigned_abs(), size.max(0).unsigned_abs())
        })
    }

    /// Signs the present head and keeps the note. The same size gives the same checkpoint.
    pub fn checkpoint(&self) -> Result<Checkpoint> {
        let key = self.signing_key()?;
        self.write(|tx| {
            let size = tx.size()?;
            if let Some(found) = all(tx)?.pop().filter(|c| c.size == size) {
                return Ok(found);
            }
            let frontier = tx.one("SELECT frontier FROM head WHERE id = 1", &[], |r| r.blob(0).to_vec())?;
            let root =
                Frontier::from_bytes(size.unsigned_abs(), &frontier.unwrap_or_default()).unwrap_or_default().root();
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
