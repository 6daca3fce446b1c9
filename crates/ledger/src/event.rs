//! One event: its header, its payload, its leaf. The format that cannot change later.
//!
//! * Header: one ASCII line `mainstay1 KIND VERSION HUB INDEX KNOWN CLAIMED TAG`, times in microseconds, `-` for what is
//!   absent. It holds no personal and no received content, so it stays when a payload is purged.
//! * Payload: `u32 big-endian length of meta ‖ meta (a JSON object) ‖ body (bytes as received, or nothing)`.
//! * Commitment: H(salt ‖ payload), with 32 random bytes of salt that lie apart from the payload's row's other columns
//!   and are erased with it: what is purged cannot be confirmed by guessing.
//! * Leaf: H(0x00 ‖ header ‖ commitment), RFC 6962 section 2.1.
use crate::error::{Error, Result};
use crate::merkle::{Hash, leaf_hash};
use crate::time::Micros;
use serde::Deserialize;
use sha2::{Digest, Sha256};

/// An event to be appended.
#[derive(Clone, Debug)]
pub struct Draft<'a> {
    /// What happened: `stage.noun`.
    pub kind: &'static str,
    /// The version of the kind's meta and body.
    pub version: u16,
    /// When it happened, if somebody claims a time other than now. Known time is set by the hub, never by the caller.
    pub claimed: Option<Micros>,
    /// The unique key of a derived event: `stage/cause/subject`. A key that was appended before makes this a no-op.
    pub key: Option<String>,
    /// A JSON object.
    pub meta: String,
    /// Bytes as received, or nothing.
    pub body: &'a [u8],
}

impl<'a> Draft<'a> {
    /// An event of version 1 with neither claimed time, key nor body.
    pub fn new(kind: &'static str, meta: &impl serde::Serialize) -> Result<Draft<'a>> {
        let meta = serde_json::to_string(meta).map_err(|e| Error::Engine(format!("meta of {kind}: {e}")))?;
        Ok(Draft { kind, version: 1, claimed: None, key: None, meta, body: b"" })
    }

    /// With the bytes as received.
    pub fn body(mut self, body: &'a [u8]) -> Self {
        self.body = body;
        self
    }

    /// With a unique key.
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// With a claimed time.
    pub fn claimed(mut self, at: Option<Micros>) -> Self {
        self.claimed = at;
        self
    }
}

/// What [`crate::Tx::append`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// The event's index in this hub's log.
    pub index: i64,
    /// False where an event with the same key stood already.
    pub new: bool,
}

/// An event as it stands in the log.
#[derive(Clone, Debug)]
pub struct Event {
    /// Place in the log, from 0.
    pub index: i64,
    /// What happened.
    pub kind: String,
    /// The version of the kind.
    pub version: u16,
    /// When this hub came to know it.
    pub known: Micros,
    /// When it happened, as somebody claims.
    pub claimed: Option<Micros>,
    /// What was recorded; `None` where it was purged and a tombstone stands. A stage that asks for them
    /// ([`crate::Stage::remnants`]) gets here what stayed in its place.
    pub payload: Option<Payload>,
    /// It was purged: the payload, if there is one, is a remnant.
    pub purged: bool,
}

impl Event {
    /// The meta object; what it is read into may borrow. An event whose payload was purged, or whose meta does not fit, is parked by the
    /// caller's `?`.
    pub fn meta<'e, T: Deserialize<'e>>(&'e self) -> Result<T> {
        let payload = self.payload.as_ref().ok_or_else(|| Error::park("payload-purged", "the payload was purged"))?;
        serde_json::from_slice(payload.meta())
            .map_err(|e| Error::park("meta-unreadable", format!("{} version {}: {e}", self.kind, self.version)))
    }

    /// The bytes as received; empty where there were none or they were purged.
    pub fn body(&self) -> &[u8] {
        self.payload.as_ref().map_or(b"", Payload::body)
    }

    /// The claimed time, else the known one.
    pub fn when(&self) -> Micros {
        self.claimed.unwrap_or(self.known)
    }
}

/// Meta and body in one buffer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payload {
    bytes: Vec<u8>,
    body_at: usize,
}

impl Payload {
    /// Frames meta and body.
    pub fn new(meta: &str, body: &[u8]) -> Payload {
        let mut bytes = Vec::with_capacity(4 + meta.len() + body.len());
        bytes.extend_from_slice(&u32::try_from(meta.len()).unwrap_or(u32::MAX).to_be_bytes());
        bytes.extend_from_slice(meta.as_bytes());
        bytes.extend_from_slice(body);
        Payload { bytes, body_at: 4 + meta.len() }
    }

    /// Reads a framed payload.
    pub fn parse(bytes: Vec<u8>) -> Option<Payload> {
        let (length, rest) = bytes.split_first_chunk::<4>()?;
        let length = u32::from_be_bytes(*length) as usize;
        (length <= rest.len()).then(|| Payload { body_at: 4 + length, bytes })
    }

    /// The meta object's bytes.
    pub fn meta(&self) -> &[u8] {
        self.bytes.get(4..self.body_at).unwrap_or(b"")
    }

    /// The bytes as received.
    pub fn body(&self) -> &[u8] {
        self.bytes.get(self.body_at..).unwrap_or(b"")
    }

    /// The framed bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The body within framed bytes that a query gave, without a copy: how stored bytes are served as they are.
    pub fn body_of(framed: &[u8]) -> &[u8] {
        let Some((length, rest)) = framed.split_first_chunk::<4>() else { return b"" };
        rest.get(u32::from_be_bytes(*length) as usize..).unwrap_or(b"")
    }

    /// Where the body starts within [`Payload::as_bytes`]: with this and an event's index, stored bytes are served as
    /// they are, without a second copy.
    pub fn body_at(&self) -> usize {
        self.body_at
    }
}

/// A unique key's place in the header: the first 16 bytes of H(hub's key salt ‖ key). The salt keeps keys, which may
/// name organisations, from being confirmed by whoever sees headers only.
pub type Tag = [u8; 16];

/// The tag of a key.
pub fn tag_of(key_salt: &[u8], key: &str) -> Tag {
    let full = Sha256::new_with_prefix(key_salt).chain_update(key).finalize();
    let mut tag = [0; 16];
    tag.iter_mut().zip(full.iter()).for_each(|(to, from)| *to = *from);
    tag
}

/// The header of an event, parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// `stage.noun`.
    pub kind: String,
    /// The version of the kind.
    pub version: u16,
    /// The hub whose log this is.
    pub hub: String,
    /// Place in the log.
    pub index: i64,
    /// When the hub came to know it.
    pub known: Micros,
    /// When it happened, as somebody claims.
    pub claimed: Option<Micros>,
    /// The unique key's tag.
    pub tag: Option<Tag>,
}

impl Header {
    /// The line that is hashed.
    pub fn line(&self) -> String {
        use std::fmt::Write;
        let mut line = String::with_capacity(128);
        // Writing to a String cannot fail.
        let _ = write!(line, "mainstay1 {} {} {} {} {} ", self.kind, self.version, self.hub, self.index, self.known.0);
        match self.claimed {
            Some(at) => {
                let _ = write!(line, "{} ", at.0);
            }
            None => line.push_str("- "),
        }
        match self.tag {
            Some(tag) => tag.iter().for_each(|b| {
                let _ = write!(line, "{b:02x}");
            }),
            None => line.push('-'),
        }
        line
    }

    /// Reads a line; `None` where it is not exactly what [`Header::line`] writes.
    pub fn parse(line: &str) -> Option<Header> {
        let mut parts = line.split(' ');
        if parts.next()? != "mainstay1" {
            return None;
        }
        let header = Header {
            kind: parts.next()?.to_owned(),
            version: parts.next()?.parse().ok()?,
            hub: parts.next()?.to_owned(),
            index: parts.next()?.parse().ok()?,
            known: Micros(parts.next()?.parse().ok()?),
            claimed: match parts.next()? {
                "-" => None,
                at => Some(Micros(at.parse().ok()?)),
            },
            tag: match parts.next()? {
                "-" => None,
                hex => Some(unhex(hex)?),
            },
        };
        parts.next().is_none().then_some(header)
    }
}

fn unhex(hex: &str) -> Option<Tag> {
    let mut tag = [0; 16];
    let (pairs, rest) = hex.as_bytes().as_chunks::<2>();
    if pairs.len() != 16 || !rest.is_empty() {
        return None;
    }
    for (to, pair) in tag.iter_mut().zip(pairs) {
        *to = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(tag)
}

/// The commitment to a payload: H(salt ‖ payload).
pub fn commitment(salt: &[u8], payload: &[u8]) -> Hash {
    Sha256::new_with_prefix(salt).chain_update(payload).finalize().into()
}

/// The leaf of an event: H(0x00 ‖ header ‖ commitment).
pub fn leaf_of(header: &str, commitment: &Hash) -> Hash {
    leaf_hash(&[header.as_bytes(), commitment])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn header_line() {
        let header = Header {
            kind: "exchange.object".into(),
            version: 1,
            hub: "0123abcd".into(),
            index: 7,
            known: Micros(1_700_000_000_000_000),
            claimed: None,
            tag: Some([0xab; 16]),
        };
        insta::assert_snapshot!(header.line(), @"mainstay1 exchange.object 1 0123abcd 7 1700000000000000 - abababababababababababababababab");
        assert_eq!(Header::parse(&header.line()), Some(header));
        for bad in
            ["", "mainstay1", "mainstay2 a 1 h 0 0 - -", "mainstay1 a 1 h 0 0 - - -", "mainstay1 a 1 h 0 0 - abc"]
        {
            assert_eq!(Header::parse(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn payload_round_trip(meta in "\\{\"[a-z]{0,20}\":1\\}", body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let payload = Payload::new(&meta, &body);
            let back = Payload::parse(payload.as_bytes().to_vec()).unwrap();
            prop_assert_eq!(back.meta(), meta.as_bytes());
            prop_assert_eq!(back.body(), &body[..]);
        }

        #[test]
        fn parse_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..20)) {
            let _ = Payload::parse(bytes);
        }
    }
}
