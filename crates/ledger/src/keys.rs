//! The hub's own key: Ed25519, sealed in the store (one set for all nodes) under a sealing key that lies outside it.
use crate::entropy::{Entropy, bytes};
use crate::error::{Error, Result};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use std::path::Path;

/// A signing key. It has neither `Debug` nor `Clone`: secrets are not for logs.
pub struct SigningKey(Ed25519KeyPair);

impl SigningKey {
    /// The key of a 32-byte seed (RFC 8032 section 5.1.5).
    pub fn from_seed(seed: &[u8; 32]) -> Result<SigningKey> {
        Ed25519KeyPair::from_seed_unchecked(seed)
            .map(SigningKey)
            .map_err(|e| Error::Engine(format!("this is not an Ed25519 seed: {e}")))
    }

    /// The 32 bytes that check this key's signatures.
    pub fn public(&self) -> Vec<u8> {
        self.0.public_key().as_ref().to_vec()
    }

    /// The signature of a message, 64 bytes.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.0.sign(message).as_ref().to_vec()
    }
}

/// Whether `signature` is that of `public` over `message`.
pub fn verify(public: &[u8], message: &[u8], signature: &[u8]) -> bool {
    UnparsedPublicKey::new(&ED25519, public).verify(message, signature).is_ok()
}

/// The sealing key: 32 bytes in a file of its own beside the store, readable by its owner alone.
pub struct Seal([u8; 32]);

impl Seal {
    /// A sealing key given by the caller.
    pub fn new(key: [u8; 32]) -> Seal {
        Seal(key)
    }

    /// Reads the key file, or makes it with mode 0600.
    pub fn open_or_create(path: &Path, entropy: &dyn Entropy) -> Result<Seal> {
        match std::fs::read(path) {
            Ok(found) => found.try_into().map(Seal).map_err(|_| {
                Error::Integrity(format!("{} does not hold 32 bytes; restore it from the backup", path.display()))
            }),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                let key = bytes::<32>(entropy);
                write_secret(path, &key)?;
                Ok(Seal(key))
            }
            Err(e) => Err(e.into()),
        }
    }

    pub(crate) fn seal(&self, secret: &[u8], entropy: &dyn Entropy) -> Result<Vec<u8>> {
        let nonce = bytes::<12>(entropy);
        let mut sealed = secret.to_vec();
        self.cipher()?
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut sealed)
            .map_err(|_| Error::Engine("the hub's key could not be sealed".into()))?;
        Ok([&nonce[..], &sealed].concat())
    }

    pub(crate) fn unseal(&self, sealed: &[u8]) -> Result<Vec<u8>> {
        let wrong = || {
            Error::refused(
                "seal-wrong",
                "the sealing key does not open this store's keys",
                "give the seal file that was made with the store",
            )
        };
        let (nonce, rest) = sealed.split_first_chunk::<12>().ok_or_else(wrong)?;
        let mut buffer = rest.to_vec();
        let opened = self
            .cipher()?
            .open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::empty(), &mut buffer)
            .map_err(|_| wrong())?;
        Ok(opened.to_vec())
    }

    fn cipher(&self) -> Result<LessSafeKey> {
        UnboundKey::new(&CHACHA20_POLY1305, &self.0)
            .map(LessSafeKey::new)
            .map_err(|_| Error::Engine("the sealing key is not 32 bytes".into()))
    }
}

/// Writes a secret into a new file that its owner alone may read.
pub fn write_secret(path: &Path, secret: &[u8]) -> Result<()> {
    use std::io::Write;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(secret)?;
    file.sync_all()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::SeededEntropy;

    #[test]
    fn rfc8032_vector_1() {
        let seed = [
            0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4, 0x44, 0x49,
            0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60,
        ];
        let key = SigningKey::from_seed(&seed).unwrap();
        assert_eq!(key.public().first_chunk::<4>(), Some(&[0xd7, 0x5a, 0x98, 0x01]));
        let signature = key.sign(b"");
        assert_eq!(signature.first_chunk::<4>(), Some(&[0xe5, 0x56, 0x43, 0x00]));
        assert!(verify(&key.public(), b"", &signature));
        assert!(!verify(&key.public(), b"x", &signature));
    }

    #[test]
    fn a_seal_opens_only_what_it_closed() {
        let entropy = SeededEntropy::new(1);
        let seal = Seal::new([7; 32]);
        let closed = seal.seal(b"secret", &entropy).unwrap();
        assert_eq!(seal.unseal(&closed).unwrap(), b"secret");
        assert_eq!(Seal::new([8; 32]).unseal(&closed).unwrap_err().rule(), "seal-wrong");
        let mut bent = closed.clone();
        bent[14] ^= 1;
        assert_eq!(seal.unseal(&bent).unwrap_err().rule(), "seal-wrong");
        assert_eq!(seal.unseal(b"short").unwrap_err().rule(), "seal-wrong");
    }
}
