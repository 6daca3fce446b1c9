//! The Merkle tree of RFC 6962 section 2.1, kept as a frontier: the roots of the perfect subtrees, largest first.
//! Appending costs O(1) amortised and the root O(log n); proofs stand in [`crate::proof`].
use sha2::{Digest, Sha256};

/// A SHA-256 hash.
pub type Hash = [u8; 32];

/// SHA-256 of some bytes.
pub fn sha256(bytes: &[u8]) -> Hash {
    Sha256::digest(bytes).into()
}

/// The hash of a leaf: H(0x00 ‖ input), RFC 6962 section 2.1.
pub fn leaf_hash(parts: &[&[u8]]) -> Hash {
    let mut h = Sha256::new_with_prefix([0x00]);
    for part in parts {
        h.update(part);
    }
    h.finalize().into()
}

/// The hash of an inner node: H(0x01 ‖ left ‖ right), RFC 6962 section 2.1.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Sha256::new_with_prefix([0x01]).chain_update(left).chain_update(right).finalize().into()
}

/// The right edge of a tree of `size` leaves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    /// Roots of the perfect subtrees, largest first: one for each 1-bit of `size`.
    peaks: Vec<Hash>,
}

impl Frontier {
    /// The number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf's hash.
    pub fn push(&mut self, leaf: Hash) {
        let mut node = leaf;
        let mut carry = self.size;
        while carry & 1 == 1 {
            if let Some(left) = self.peaks.pop() {
                node = node_hash(&left, &node);
            }
            carry >>= 1;
        }
        self.peaks.push(node);
        self.size += 1;
    }

    /// The root; of the empty tree, the hash of nothing (RFC 6962 section 2.1).
    pub fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().rev();
        match peaks.next() {
            None => sha256(b""),
            Some(last) => peaks.fold(*last, |right, left| node_hash(left, &right)),
        }
    }

    /// The bytes to keep in the head row: the peaks, largest first.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.peaks.concat()
    }

    /// Reads what [`Frontier::to_bytes`] wrote, or `None` where it does not belong to a tree of `size` leaves.
    pub fn from_bytes(size: u64, bytes: &[u8]) -> Option<Self> {
        let (peaks, rest) = bytes.as_chunks::<32>();
        (rest.is_empty() && peaks.len() == size.count_ones() as usize).then(|| Frontier { size, peaks: peaks.to_vec() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition, written down: split at the largest power of two below n.
    fn reference(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => sha256(b""),
            [one] => *one,
            many => {
                let split = many.len().next_power_of_two() / 2;
                let (left, right) = many.split_at(split);
                node_hash(&reference(left), &reference(right))
            }
        }
    }

    fn hex(hash: &[u8]) -> String {
        hash.iter().map(|b| format!("{b:02x}")).collect()
    }

    #[test]
    fn the_vectors_of_certificate_transparency() {
        // The eight inputs and roots published with the reference implementation of RFC 6962.
        let inputs: [&[u8]; 8] = [
            b"",
            b"\x00",
            b"\x10",
            b"\x20\x21",
            b"\x30\x31",
            b"\x40\x41\x42\x43",
            b"\x50\x51\x52\x53\x54\x55\x56\x57",
            b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
        ];
        let mut tree = Frontier::default();
        assert_eq!(hex(&tree.root()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        let mut roots = Vec::new();
        for input in inputs {
            tree.push(leaf_hash(&[input]));
            roots.push(hex(&tree.root()));
        }
        assert_eq!(roots[0], "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
        assert_eq!(roots[1], "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125");
        assert_eq!(roots[7], "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328");
    }

    #[test]
    fn equals_the_definition_at_every_size() {
        let mut tree = Frontier::default();
        let mut leaves = Vec::new();
        for i in 0u32..200 {
            let leaf = leaf_hash(&[&i.to_be_bytes()]);
            leaves.push(leaf);
            tree.push(leaf);
            assert_eq!(tree.root(), reference(&leaves));
            let back = Frontier::from_bytes(tree.size(), &tree.to_bytes());
            assert_eq!(back.as_ref(), Some(&tree));
            assert_eq!(
                Frontier::from_bytes(tree.size() + 1, &tree.to_bytes()).is_some(),
                (i + 1).count_ones() == (i + 2).count_ones()
            );
        }
    }
}
