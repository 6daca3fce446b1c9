//! Packs: knowledge that changes (plans, country rules, texts, aliases) as versioned, signed data.
//!
//! A pack is a folder with `pack.toml` (name, kind, version and nothing else) and text files. Its digest covers every file by name and
//! content; an Ed25519 signature covers the digest. Packs built into the binary are signed by the hub when it loads them
//! (the binary is then the root of trust), local ones by the operator's own key. Signatures are checked at every load.
use crate::checkpoint::{base64, unbase64};
use crate::error::{Error, Result};
use crate::event::{Draft, Event};
use crate::keys::{self, SigningKey};
use crate::ledger::Tx;
use crate::merkle::sha256;
use crate::stage::Stage;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// Bytes of one pack.
const PACK_BYTES: u64 = 8 << 20;

/// A pack: its name and its files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pack {
    /// What it is called, for example `isp-2025-2026`.
    pub name: String,
    /// What it is for: `plan`, `rules`, `aliases`, `texts`.
    pub kind: String,
    /// Its version, as its makers count.
    pub version: String,
    /// The files by their path within the pack, `pack.toml` included.
    pub files: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    name: String,
    kind: String,
    version: String,
}

/// What the log says of a pack beside its files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed {
    /// The pack's name.
    pub name: String,
    /// What it is for.
    pub kind: String,
    /// Its version.
    pub version: String,
    /// H over the files, base64.
    pub digest: String,
    /// Who signed: the public key, base64.
    pub key: String,
    /// The signature over kind, name, version and digest, base64.
    pub signature: String,
}

impl Pack {
    /// A pack from its files.
    pub fn from_files(files: BTreeMap<String, String>) -> Result<Pack> {
        let manifest = files.get("pack.toml").ok_or_else(|| {
            Error::refused("pack-manifest", "the pack has no pack.toml", "add one with name, kind and version")
        })?;
        let m: Manifest = toml::from_str(manifest)
            .map_err(|e| Error::refused("pack-manifest", format!("pack.toml: {e}"), "correct pack.toml"))?;
        Ok(Pack { name: m.name, kind: m.kind, version: m.version, files })
    }

    /// Reads a pack from a folder, its subfolders included; text files only.
    pub fn from_folder(folder: &Path) -> Result<Pack> {
        let mut files = BTreeMap::new();
        let mut bytes = 0;
        collect(folder, "", &mut files, &mut bytes)?;
        Pack::from_files(files)
    }

    /// H over the files as they stand in the entry: JSON, in the order of their names.
    pub fn digest(&self) -> [u8; 32] {
        // texts by their names always have a JSON
        sha256(&serde_json::to_vec(&self.files).unwrap_or_default())
    }

    /// Signs the pack.
    pub fn sign(&self, key: &SigningKey) -> Signed {
        let digest = base64(&self.digest());
        let mut signed = Signed {
            name: self.name.clone(),
            kind: self.kind.clone(),
            version: self.version.clone(),
            digest,
            key: base64(&key.public()),
            signature: String::new(),
        };
        signed.signature = base64(&key.sign(signed.text().as_bytes()));
        signed
    }

    fn body(&self) -> Result<Vec<u8>> {
        serde_json::to_vec(&self.files).map_err(|e| Error::Engine(e.to_string()))
    }
}

impl Signed {
    fn text(&self) -> String {
        format!("mainstay pack\n{}\n{}\n{}\n{}\n", self.kind, self.name, self.version, self.digest)
    }

    /// Whether the signature holds and the files are those that were signed.
    pub fn check(&self, pack: &Pack) -> Result<()> {
        let no = |reason: String| Err(Error::refused("pack-signature", reason, "fetch the pack again from its maker"));
        if base64(&pack.digest()) != self.digest {
            return no(format!("the files of pack {} are not those that were signed", self.name));
        }
        let (key, signature) = (unbase64(&self.key).unwrap_or_default(), unbase64(&self.signature).unwrap_or_default());
        match keys::verify(&key, self.text().as_bytes(), &signature) {
            true => Ok(()),
            false => no(format!("the signature of pack {} does not hold", self.name)),
        }
    }
}

fn collect(folder: &Path, prefix: &str, files: &mut BTreeMap<String, String>, bytes: &mut u64) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), &format!("{name}/"), files, bytes)?;
            continue;
        }
        *bytes += entry.metadata()?.len();
        if *bytes > PACK_BYTES {
            return Err(Error::refused("pack-size", format!("the pack has more than {PACK_BYTES} bytes"), "split it"));
        }
        files.insert(name, std::fs::read_to_string(entry.path())?);
    }
    Ok(())
}

/// Signs a pack and appends it. The same content again is a no-op.
pub fn add(tx: &mut Tx<'_>, pack: &Pack, key: &SigningKey) -> Result<bool> {
    let signed = pack.sign(key);
    let unique = format!("ledger/pack/{}/{}/{}/{}", signed.kind, signed.name, signed.version, signed.digest);
    let body = pack.body()?;
    Ok(tx.append(Draft::new("ledger.pack", &signed)?.body(&body).key(unique))?.new)
}

/// The packs of a kind, newest version of each name, checked.
pub fn of_kind(tx: &mut Tx<'_>, kind: &str) -> Result<Vec<(Signed, Pack)>> {
    let sql = "SELECT meta, files FROM @pack WHERE kind = $1 ORDER BY name";
    let rows = tx.all(sql, &[kind.into()], |r| (r.text(0).to_owned(), r.blob(1).to_vec()))?;
    rows.into_iter().map(|(meta, files)| read(&meta, &files)).collect()
}

/// Every pack, newest version of each, checked.
pub fn all(tx: &mut Tx<'_>) -> Result<Vec<(Signed, Pack)>> {
    let rows = tx.all("SELECT meta, files FROM @pack ORDER BY kind, name", &[], |r| {
        (r.text(0).to_owned(), r.blob(1).to_vec())
    })?;
    rows.into_iter().map(|(meta, files)| read(&meta, &files)).collect()
}

fn read(meta: &str, files: &[u8]) -> Result<(Signed, Pack)> {
    let broken = |e: serde_json::Error| Error::Integrity(format!("a pack in the store is unreadable: {e}"));
    let signed: Signed = serde_json::from_str(meta).map_err(broken)?;
    let pack = Pack::from_files(serde_json::from_slice(files).map_err(broken)?)?;
    signed.check(&pack)?;
    Ok((signed, pack))
}

/// The ledger's own stage: which packs stand.
pub(crate) struct Packs;

impl Stage for Packs {
    fn name(&self) -> &'static str {
        "packs"
    }

    fn schema(&self) -> &'static str {
        "CREATE TABLE @pack (kind {text} NOT NULL, name {text} NOT NULL, idx {int} NOT NULL, meta {text} NOT NULL,
          files {blob} NOT NULL, PRIMARY KEY (kind, name))"
    }

    fn kinds(&self) -> &'static [&'static str] {
        &["ledger.pack"]
    }

    fn apply(&self, tx: &mut Tx<'_>, event: &Event) -> Result<()> {
        let signed: Signed = event.meta()?;
        let meta = serde_json::to_string(&signed).map_err(|e| Error::park("meta-unreadable", e.to_string()))?;
        tx.run(
            "INSERT INTO @pack (kind, name, idx, meta, files) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (kind, name) \
             DO UPDATE SET idx = excluded.idx, meta = excluded.meta, files = excluded.files",
            &[(&signed.kind).into(), (&signed.name).into(), event.index.into(), (&meta).into(), event.body().into()],
        )?;
        Ok(())
    }
}
