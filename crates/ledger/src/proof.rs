//! Proofs over the tree of RFC 6962: that a leaf is in it (section 2.1.1), that it only grew (section 2.1.2); and the text in which
//! a proof travels with its checkpoint (c2sp.org/tlog-proof). Where the nodes lie is for whoever implements [`Nodes`].
use crate::checkpoint::{base64, unbase64};
use crate::error::{Error, Result};
use crate::merkle::{Hash, node_hash};

/// Hashes of a proof: a tree has at most 2^63 leaves here.
const HASHES_MAX: usize = 64;

/// Where the roots of perfect subtrees come from.
pub trait Nodes {
    /// The root over the leaves `index · 2^level .. (index + 1) · 2^level`, all of which are in the tree.
    fn node(&mut self, level: u32, index: u64) -> Result<Hash>;
}

/// Leaves that lie in memory: a page's.
impl Nodes for &[Hash] {
    fn node(&mut self, level: u32, index: u64) -> Result<Hash> {
        let (from, to) = ((index << level) as usize, ((index + 1) << level) as usize);
        let leaves =
            self.get(from..to).ok_or_else(|| Error::Integrity(format!("leaves {from} to {to} are not in the tree")))?;
        let mut tree = crate::merkle::Frontier::default();
        leaves.iter().for_each(|leaf| tree.push(*leaf));
        Ok(tree.root())
    }
}

/// The largest power of two below `n`, for `n` above 1.
fn split(n: u64) -> u64 {
    1 << (63 - (n - 1).leading_zeros())
}

/// The root over the leaves `from..to`; `from` is a multiple of a power of two no less than their number.
fn root(nodes: &mut dyn Nodes, from: u64, to: u64) -> Result<Hash> {
    let n = to - from;
    if n.is_power_of_two() {
        return nodes.node(n.trailing_zeros(), from / n);
    }
    let k = split(n);
    Ok(node_hash(&root(nodes, from, from + k)?, &root(nodes, from + k, to)?))
}

fn within(what: bool, why: String) -> Result<()> {
    if what { Ok(()) } else { Err(Error::refused("proof-range", why, "ask for a place below the size of the tree")) }
}

/// PATH(m, D\[n\]): the hashes beside the way from leaf `index` to the root of the tree of `size`, the leaf's sibling first.
pub fn inclusion(nodes: &mut dyn Nodes, index: u64, size: u64) -> Result<Vec<Hash>> {
    within(index < size, format!("there is no leaf {index} in a tree of {size}"))?;
    let (mut from, mut to) = (0, size);
    let mut path = Vec::new();
    while to - from > 1 {
        let middle = from + split(to - from);
        if index < middle {
            path.push(root(nodes, middle, to)?);
            to = middle;
        } else {
            path.push(root(nodes, from, middle)?);
            from = middle;
        }
    }
    path.reverse();
    Ok(path)
}

/// PROOF(m, D\[n\]): that the tree of `old` leaves is the start of the tree of `size`.
pub fn consistency(nodes: &mut dyn Nodes, old: u64, size: u64) -> Result<Vec<Hash>> {
    within(0 < old && old <= size, format!("a tree of {old} is no start of one of {size}"))?;
    let (mut from, mut to, mut m, mut whole) = (0, size, old, true);
    let mut path = Vec::new();
    // SUBPROOF(m, D[n], b), from the outside in
    while m != to - from {
        let k = split(to - from);
        if m <= k {
            path.push(root(nodes, from + k, to)?);
            to = from + k;
        } else {
            path.push(root(nodes, from, from + k)?);
            from += k;
            m -= k;
            whole = false;
        }
    }
    if !whole {
        path.push(root(nodes, from, to)?);
    }
    path.reverse();
    Ok(path)
}

/// Whether a path leads from a leaf to a root (RFC 9162 section 2.1.3.2).
pub fn leads(leaf: &Hash, index: u64, size: u64, path: &[Hash], to: &Hash) -> bool {
    if index >= size {
        return false;
    }
    let (mut at, mut last, mut hash) = (index, size - 1, *leaf);
    for beside in path {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            hash = node_hash(beside, &hash);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, beside);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && hash == *to
}

/// Whether a tree only grew (RFC 9162 section 2.1.4.2).
pub fn grew(old: u64, old_root: &Hash, size: u64, new_root: &Hash, path: &[Hash]) -> bool {
    if old == 0 || old > size {
        return false;
    }
    if old == size {
        return path.is_empty() && old_root == new_root;
    }
    let (mut at, mut last) = (old - 1, size - 1);
    while at & 1 == 1 {
        at >>= 1;
        last >>= 1;
    }
    let mut rest = path.iter();
    let first = if old.is_power_of_two() { Some(old_root) } else { rest.next() };
    let Some(first) = first else { return false };
    let (mut was, mut is) = (*first, *first);
    for beside in rest {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            was = node_hash(beside, &was);
            is = node_hash(beside, &is);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            is = node_hash(&is, beside);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && was == *old_root && is == *new_root
}

/// A proof that travels: what was proven, the way to the root, and the checkpoint (c2sp.org/tlog-proof).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Travelling {
    /// What is needed to make the leaf anew; not authenticated by itself.
    pub extra: Vec<u8>,
    /// The leaf's place.
    pub index: u64,
    /// The way.
    pub path: Vec<Hash>,
    /// The signed note.
    pub checkpoint: String,
}

/// The first line of the text.
const VERSION: &str = "c2sp.org/tlog-proof@v1";

impl Travelling {
    /// As text.
    pub fn text(&self) -> String {
        let mut text = format!("{VERSION}\nextra {}\nindex {}\n", base64(&self.extra), self.index);
        for hash in &self.path {
            text.push_str(&base64(hash));
            text.push('\n');
        }
        text.push('\n');
        text.push_str(&self.checkpoint);
        text
    }

    /// Reads the text.
    pub fn parse(text: &str) -> Option<Travelling> {
        let (head, checkpoint) = text.split_once("\n\n")?;
        let mut lines = head.split('\n').peekable();
        if lines.next()? != VERSION {
            return None;
        }
        let extra = match lines.next_if(|line| line.starts_with("extra ")) {
            Some(line) => unbase64(line.strip_prefix("extra ")?)?,
            None => Vec::new(),
        };
        let index = lines.next()?.strip_prefix("index ")?;
        let path = lines.map(|line| unbase64(line)?.try_into().ok()).collect::<Option<Vec<Hash>>>()?;
        let read = Travelling { extra, index: index.parse().ok()?, path, checkpoint: checkpoint.to_owned() };
        (read.index.to_string() == index && read.path.len() <= HASHES_MAX).then_some(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::{Frontier, leaf_hash};
    use proptest::prelude::*;

    fn leaves() -> Vec<Hash> {
        // the inputs published with the reference implementation of RFC 6962
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
        inputs.iter().map(|input| leaf_hash(&[input])).collect()
    }

    fn hex(path: &[Hash]) -> Vec<String> {
        path.iter().map(|h| h.iter().map(|b| format!("{b:02x}")).collect()).collect()
    }

    const A: &str = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7";
    const B: &str = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e";
    const C: &str = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4";
    const D: &str = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b";
    const E: &str = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0";
    const F: &str = "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7";
    const G: &str = "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125";
    const H: &str = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d";
    const I: &str = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a";

    #[test]
    fn the_vectors_of_certificate_transparency() {
        let leaves = leaves();
        let cases: [(u64, u64, &[&str]); 5] =
            [(0, 1, &[]), (0, 8, &[A, B, C]), (5, 8, &[D, E, F]), (2, 3, &[G]), (1, 5, &[H, B, D])];
        for (index, size, expected) in cases {
            assert_eq!(hex(&inclusion(&mut leaves.as_slice(), index, size).unwrap()), expected, "{index} of {size}");
        }
        let cases: [(u64, u64, &[&str]); 4] = [(1, 1, &[]), (1, 8, &[A, B, C]), (6, 8, &[I, E, F]), (2, 5, &[B, D])];
        for (old, size, expected) in cases {
            assert_eq!(hex(&consistency(&mut leaves.as_slice(), old, size).unwrap()), expected, "{old} to {size}");
        }
    }

    fn root_of(leaves: &[Hash]) -> Hash {
        let mut tree = Frontier::default();
        leaves.iter().for_each(|leaf| tree.push(*leaf));
        tree.root()
    }

    proptest! {
        #[test]
        fn every_proof_holds_and_no_other(size in 1u64..400, at in 0u64..400, flip in 0usize..64) {
            let at = at % size;
            let leaves: Vec<Hash> = (0..size).map(|i| leaf_hash(&[&i.to_be_bytes()])).collect();
            let root = root_of(&leaves);
            let path = inclusion(&mut leaves.as_slice(), at, size).unwrap();
            let leaf = leaves[at as usize];
            prop_assert!(leads(&leaf, at, size, &path, &root));
            prop_assert!(!leads(&leaf, (at + 1) % size, size, &path, &root) || size == 1);
            prop_assert!(!leads(&leaf_hash(&[b"other"]), at, size, &path, &root));
            prop_assert!(!leads(&leaf, at, size, &[path.clone(), vec![leaf]].concat(), &root));
            if let Some(i) = flip.checked_rem(path.len()) {
                let mut bent = path.clone();
                bent[i][0] ^= 1;
                prop_assert!(!leads(&leaf, at, size, &bent, &root));
                prop_assert!(!leads(&leaf, at, size, &path[1..], &root));
            }
            let old = at + 1;
            let was = root_of(&leaves[..old as usize]);
            let path = consistency(&mut leaves.as_slice(), old, size).unwrap();
            prop_assert!(grew(old, &was, size, &root, &path));
            prop_assert!(!grew(old, &leaf_hash(&[b"other"]), size, &root, &path));
            prop_assert!(!grew(old, &was, size, &leaf_hash(&[b"other"]), &path));
            if let Some(i) = flip.checked_rem(path.len()) {
                let mut bent = path.clone();
                bent[i][0] ^= 1;
                prop_assert!(!grew(old, &was, size, &root, &bent));
            }
        }

        #[test]
        fn a_proof_travels(index in 0u64..1000, extra in proptest::collection::vec(any::<u8>(), 0..50), n in 0usize..20) {
            let path = (0..n).map(|i| leaf_hash(&[&i.to_be_bytes()])).collect();
            let proof = Travelling { extra, index, path, checkpoint: "o\n1\nx\n\n\u{2014} o AA\n".into() };
            prop_assert_eq!(Travelling::parse(&proof.text()), Some(proof));
        }
    }

    #[test]
    fn ranges() {
        let leaves = leaves();
        for (result, size) in
            [(inclusion(&mut leaves.as_slice(), 8, 8), 8), (inclusion(&mut leaves.as_slice(), 0, 0), 0)]
        {
            assert_eq!(result.unwrap_err().rule(), "proof-range", "{size}");
        }
        assert_eq!(consistency(&mut leaves.as_slice(), 0, 8).unwrap_err().rule(), "proof-range");
        assert_eq!(consistency(&mut leaves.as_slice(), 9, 8).unwrap_err().rule(), "proof-range");
    }
}
