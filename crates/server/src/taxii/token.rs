//! The `next` of a page: sealed and of fixed length, so that it tells nothing and cannot be made up. It holds for one person, one
//! collection, one endpoint and the same filters (TAXII 2.1 section 3.4). All nodes over one store read each other's.

use std::collections::BTreeMap;
use std::sync::Mutex;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ledger::{Entropy, Ledger, Micros};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use sha2::{Digest, Sha256};

use super::wire::Problem;

/// What is signed to derive the sealing key: Ed25519 signatures are deterministic, and only the hub's key can make this one.
const PURPOSE: &[u8] = b"mainstay: key of the TAXII next token, 1";

/// Seals and opens tokens of one hub.
pub(super) struct Sealer(LessSafeKey);

impl Sealer {
    /// The hub's sealer. It reads the store the first time, so it is asked for outside of any unit of work: a unit that waits for another
    /// connection while it holds one could wait for ever.
    pub(super) fn of(ledger: &Ledger) -> Result<Sealer, Problem> {
        static SECRETS: Mutex<BTreeMap<Vec<u8>, [u8; 32]>> = Mutex::new(BTreeMap::new());
        let held = SECRETS.lock().unwrap_or_else(|e| e.into_inner()).get(ledger.public_key()).copied();
        let secret = match held {
            Some(secret) => secret,
            None => {
                let secret: [u8; 32] = Sha256::digest(ledger.signing_key()?.sign(PURPOSE)).into();
                SECRETS.lock().unwrap_or_else(|e| e.into_inner()).insert(ledger.public_key().to_vec(), secret);
                secret
            }
        };
        let key = UnboundKey::new(&CHACHA20_POLY1305, &secret);
        key.map(|key| Sealer(LessSafeKey::new(key))).map_err(|_| Problem::broken("a sealing key has the wrong length"))
    }

    /// Seals where a page ended.
    pub(super) fn seal(&self, entropy: &dyn Entropy, bound_to: &str, last: Micros) -> Result<String, Problem> {
        let nonce = ledger::entropy::bytes::<NONCE_LEN>(entropy);
        let mut sealed = last.0.to_be_bytes().to_vec();
        self.0
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(bound_to), &mut sealed)
            .map_err(|_| Problem::broken("a next token could not be sealed"))?;
        Ok(URL_SAFE_NO_PAD.encode([&nonce[..], &sealed].concat()))
    }

    /// Where the page before ended.
    pub(super) fn open(&self, bound_to: &str, token: &str) -> Result<Micros, Problem> {
        let wrong = || {
            Problem::bad_parameter("next is not one that this server gave for these filters: begin again without it")
        };
        let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| wrong())?;
        let (nonce, rest) = bytes.split_first_chunk::<NONCE_LEN>().ok_or_else(wrong)?;
        let mut rest = rest.to_vec();
        let opened = self
            .0
            .open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(bound_to), &mut rest)
            .map_err(|_| wrong())?;
        let last: [u8; 8] = (&*opened).try_into().map_err(|_| wrong())?;
        Ok(Micros(i64::from_be_bytes(last)))
    }
}
