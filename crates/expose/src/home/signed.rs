//! Signed text: lines of JSON, the last of which is the Ed25519 signature (RFC 8032) over all bytes before it.
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ledger::keys::{SigningKey, verify};
use ledger::{Error, Result, merkle};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Signature {
    /// Base64 of the public key.
    key: String,
    /// Base64 of the signature.
    signature: String,
}

/// Puts the signature under lines that end in a line feed.
pub(super) fn sign(mut lines: Vec<u8>, key: &SigningKey) -> Result<Vec<u8>> {
    let signature = Signature { key: BASE64.encode(key.public()), signature: BASE64.encode(key.sign(&lines)) };
    serde_json::to_writer(&mut lines, &signature).map_err(|e| Error::Engine(e.to_string()))?;
    lines.push(b'\n');
    Ok(lines)
}

/// What was signed, and by which key (base64). Nothing is said here about whether that key may be trusted.
pub(super) fn open(bytes: &[u8]) -> Result<(&[u8], String)> {
    let refuse = |reason: &str| Error::refused("signature", reason, "ask for the file anew");
    let end = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let at = end.iter().rposition(|b| *b == b'\n').ok_or_else(|| refuse("the file has no signature line"))?;
    let (lines, last) = bytes.split_at(at + 1);
    let read: Signature = serde_json::from_slice(last).map_err(|_| refuse("the last line is no signature"))?;
    let public = BASE64.decode(&read.key).map_err(|_| refuse("the key is not base64"))?;
    let signature = BASE64.decode(&read.signature).map_err(|_| refuse("the signature is not base64"))?;
    if !verify(&public, lines, &signature) {
        return Err(refuse("the signature does not fit: the file was changed after it was signed"));
    }
    Ok((lines, read.key))
}

/// SHA-256 in hexadecimal.
pub(super) fn digest(bytes: &[u8]) -> String {
    hex(&merkle::sha256(bytes))
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
