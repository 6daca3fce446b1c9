//! `pack` and `key`: signed data packs, and the keys that sign.
use crate::actor;
use crate::args::Global;
use crate::failure::{Done, Failure};
use crate::{out, store};
use clap::Subcommand;
use ledger::keys::SigningKey;
use ledger::{SystemEntropy, checkpoint, entropy, pack};
use partners::may::Verb;
use std::path::{Path, PathBuf};

/// Signed data packs.
#[derive(Debug, Subcommand)]
pub(crate) enum Pack {
    /// Sign a pack with a key of yours and load it
    Add {
        /// The folder with pack.toml
        dir: PathBuf,
        /// The key file that `key new` wrote
        #[arg(long)]
        key: PathBuf,
    },
    /// Check the signature of every pack in the store
    Verify,
}

impl Pack {
    pub(crate) fn run(&self, global: &Global) -> Result<Done, Failure> {
        match self {
            Pack::Add { dir, key } => {
                let key = read_key(key)?;
                let pack = pack::Pack::from_folder(dir)?;
                let ledger = store::open_or_create(global)?;
                actor::must(global, &ledger, Verb::ManagePacks)?;
                ledger.read(|tx| Ok(assure::check_pack(tx, &pack)))?.map_err(Failure::Usage)?;
                let new = ledger.write(|tx| pack::add(tx, &pack, &key))?;
                store::settle(global, &ledger)?;
                let said = if new { "loaded" } else { "is loaded already" };
                out::say(format!("{} {} version {} {said}", pack.kind, pack.name, pack.version));
                Ok(Done::Fine)
            }
            Pack::Verify => {
                let ledger = store::open_existing(global)?;
                actor::own(global, &ledger)?;
                let packs: Vec<pack::Signed> = ledger.read(pack::all)?.into_iter().map(|(signed, _)| signed).collect();
                let own = checkpoint::base64(ledger.public_key());
                out::rows(global.format, &packs, &["kind", "name", "version", "signed by"], |p| {
                    let by = if p.key == own { "this hub".to_owned() } else { p.key.clone() };
                    vec![p.kind.clone(), p.name.clone(), p.version.clone(), by]
                })?;
                out::say(format!("{} packs, every signature holds", packs.len()));
                Ok(Done::Fine)
            }
        }
    }
}

/// Signing keys.
#[derive(Debug, Subcommand)]
pub(crate) enum Key {
    /// Draw a new Ed25519 key into a file of your own, and print its public half
    New {
        /// Where to write it; never over an existing file
        #[arg(long)]
        out: PathBuf,
    },
}

impl Key {
    pub(crate) fn run(&self) -> Result<Done, Failure> {
        let Key::New { out } = self;
        let seed = entropy::bytes::<32>(&SystemEntropy::new());
        let key = SigningKey::from_seed(&seed)?;
        let text = format!("mainstay-key {}\n", checkpoint::base64(&seed));
        ledger::keys::write_secret(out, text.as_bytes())
            .map_err(|e| Failure::CouldNot(format!("{}: {e}", out.display())))?;
        crate::out::line(&checkpoint::base64(&key.public()))?;
        Ok(Done::Fine)
    }
}

/// Reads a key file.
pub(crate) fn read_key(path: &Path) -> Result<SigningKey, Failure> {
    let text = std::fs::read_to_string(path).map_err(|e| Failure::CouldNot(format!("{}: {e}", path.display())))?;
    let seed = text.strip_prefix("mainstay-key ").map(str::trim).and_then(checkpoint::unbase64);
    let seed: [u8; 32] = seed.and_then(|s| s.try_into().ok()).ok_or_else(|| {
        Failure::Usage(format!("{} is no key file; `mainstay key new --out FILE` makes one", path.display()))
    })?;
    Ok(SigningKey::from_seed(&seed)?)
}
