//! The Traffic Light Protocol as an ordered label, and the marking definitions that are known to carry it.
//!
//! What a marking-definition *object* means is decided in [`crate::marking`]; here are only the label and the table of ids.

use std::fmt;
use std::str::FromStr;

/// A TLP 2.0 label. The order is the order of strictness: `CLEAR < GREEN < AMBER < AMBER+STRICT < RED`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Tlp {
    /// No limit on disclosure.
    Clear = 0,
    /// The community.
    Green = 1,
    /// The recipient's organisation and its clients.
    Amber = 2,
    /// The recipient's organisation only.
    AmberStrict = 3,
    /// The named recipients only.
    Red = 4,
}

impl Tlp {
    /// All labels, least strict first.
    pub const ALL: [Tlp; 5] = [Tlp::Clear, Tlp::Green, Tlp::Amber, Tlp::AmberStrict, Tlp::Red];

    /// The label without its prefix, as FIRST writes it.
    pub fn label(self) -> &'static str {
        match self {
            Tlp::Clear => "CLEAR",
            Tlp::Green => "GREEN",
            Tlp::Amber => "AMBER",
            Tlp::AmberStrict => "AMBER+STRICT",
            Tlp::Red => "RED",
        }
    }

    /// Its place in the order, 0 to 4: how it is stored.
    pub fn rank(self) -> i64 {
        self as i64
    }

    /// The label of a stored rank; what is out of range is read as the strictest, so that damage never opens anything.
    pub fn from_rank(rank: i64) -> Tlp {
        match rank {
            0 => Tlp::Clear,
            1 => Tlp::Green,
            2 => Tlp::Amber,
            3 => Tlp::AmberStrict,
            _ => Tlp::Red,
        }
    }
}

impl fmt::Display for Tlp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.label())
    }
}

impl serde::Serialize for Tlp {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.label())
    }
}

impl<'de> serde::Deserialize<'de> for Tlp {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Tlp, D::Error> {
        let text = crate::Text::deserialize(d)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A text that is not a TLP label.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a TLP label: write CLEAR, GREEN, AMBER, AMBER+STRICT or RED")]
pub struct UnknownTlp(pub String);

impl FromStr for Tlp {
    type Err = UnknownTlp;

    /// Reads `AMBER+STRICT`, `TLP:AMBER+STRICT`, `tlp:amber-strict`; `WHITE` of TLP 1 is `CLEAR` (FIRST TLP 2.0).
    fn from_str(text: &str) -> Result<Tlp, UnknownTlp> {
        let bare = strip_prefix(text.trim());
        let known = [
            ("CLEAR", Tlp::Clear),
            ("WHITE", Tlp::Clear),
            ("GREEN", Tlp::Green),
            ("AMBER", Tlp::Amber),
            ("AMBER+STRICT", Tlp::AmberStrict),
            ("AMBER-STRICT", Tlp::AmberStrict),
            ("AMBER_STRICT", Tlp::AmberStrict),
            ("RED", Tlp::Red),
        ];
        known
            .iter()
            .find(|(name, _)| bare.eq_ignore_ascii_case(name))
            .map(|(_, tlp)| *tlp)
            .ok_or_else(|| UnknownTlp(text.to_owned()))
    }
}

/// Whether a name claims to be a TLP label, known or not (`TLP:PURPLE` does).
pub fn looks_like_tlp(name: &str) -> bool {
    strip_prefix(name.trim()).len() != name.trim().len()
}

fn strip_prefix(text: &str) -> &str {
    match text.get(..4) {
        Some(head) if head.eq_ignore_ascii_case("tlp:") => text.get(4..).unwrap_or("").trim_start(),
        _ => text,
    }
}

/// The extension that carries TLP 2.0 in a marking-definition (OASIS common objects, `tlp_2_0`).
pub const TLP2_EXTENSION: &str = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d";

/// The four fixed instances of TLP 1 (STIX 2.1 section 7.2.1.4): id, the label within `definition.tlp`, meaning.
pub const TLP1: [(&str, &str, Tlp); 4] = [
    ("marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9", "white", Tlp::Clear),
    ("marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da", "green", Tlp::Green),
    ("marking-definition--f88d31f6-486f-44da-b317-01333bde0b82", "amber", Tlp::Amber),
    ("marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed", "red", Tlp::Red),
];

/// The five instances of TLP 2.0, and the one that a widespread product made up for AMBER+STRICT.
pub const TLP2: [(&str, Tlp); 6] = [
    ("marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487", Tlp::Clear),
    ("marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb", Tlp::Green),
    ("marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421", Tlp::Amber),
    ("marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003", Tlp::AmberStrict),
    ("marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1", Tlp::Red),
    ("marking-definition--826578e1-40ad-459f-bc73-ede076f81f37", Tlp::AmberStrict),
];

/// What the table of known ids says of a marking id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ById {
    /// A known instance.
    Known(Tlp),
    /// Begins as a known instance does and ends otherwise: such ids circulate and mean nothing certain.
    Lookalike,
    /// Says nothing about TLP.
    Other,
}

/// Looks a marking id up in the table. Ids are compared without regard to case, as RFC 4122 section 3 asks of input.
pub fn by_id(id: &str) -> ById {
    let known = TLP1.iter().map(|(id, _, tlp)| (*id, *tlp)).chain(TLP2);
    let mut alike = false;
    for (candidate, tlp) in known {
        if id.eq_ignore_ascii_case(candidate) {
            return ById::Known(tlp);
        }
        // `marking-definition--` and the first block of eight digits
        alike |= match (id.get(..28), candidate.get(..28)) {
            (Some(a), Some(b)) => a.eq_ignore_ascii_case(b),
            _ => false,
        };
    }
    if alike { ById::Lookalike } else { ById::Other }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_read_and_order() {
        let read = |s: &str| s.parse::<Tlp>().map(|t| t.to_string()).unwrap_or_else(|e| e.to_string());
        insta::assert_snapshot!(
            ["TLP:WHITE", "clear", "tlp: green", "AMBER+STRICT", "TLP:amber-strict", "Red", "TLP:PURPLE", ""].map(read).join("\n"),
            @r"
        CLEAR
        CLEAR
        GREEN
        AMBER+STRICT
        AMBER+STRICT
        RED
        `TLP:PURPLE` is not a TLP label: write CLEAR, GREEN, AMBER, AMBER+STRICT or RED
        `` is not a TLP label: write CLEAR, GREEN, AMBER, AMBER+STRICT or RED
        "
        );
        assert!(Tlp::ALL.is_sorted());
        assert!(Tlp::ALL.iter().all(|t| Tlp::from_rank(t.rank()) == *t));
        assert_eq!(Tlp::from_rank(99), Tlp::Red);
    }

    #[test]
    fn the_id_table_knows_its_lookalikes() {
        assert_eq!(by_id("marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed"), ById::Known(Tlp::Red));
        assert_eq!(by_id("marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ec"), ById::Lookalike);
        assert_eq!(by_id("marking-definition--826578e1-40ad-459f-bc73-ede076f81f37"), ById::Known(Tlp::AmberStrict));
        assert_eq!(by_id("marking-definition--fa42a846-8d90-4e51-bc29-71d5b4802168"), ById::Other);
        assert_eq!(by_id(""), ById::Other);
    }
}
