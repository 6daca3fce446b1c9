//! Verify: the log is proven against itself, entry by entry, what was purged and what stayed of it included.
use crate::checkpoint::{self, base64};
use crate::error::{Error, Result};
use crate::event::{Header, Payload, commitment, leaf_of};
use crate::ledger::{Ledger, Tx, genesis_agrees};
use crate::merkle::{Frontier, Hash, sha256};
use crate::purge::{self, Grave};
use crate::time::Micros;
use std::collections::{BTreeMap, BTreeSet};

/// Entries read at a time.
const BATCH: i64 = 10_000;
/// Findings after which the walk stops: the store is broken, and more lines help nobody.
const FINDINGS: usize = 100;

/// Something that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Finding {
    /// The entry, where it is one.
    pub index: Option<i64>,
    /// What differs.
    pub what: String,
}

/// What `verify` found.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Verified {
    /// Entries walked.
    pub size: i64,
    /// The root of the tree, in base64.
    pub root: String,
    /// Checkpoints whose root and signature hold.
    pub checkpoints: usize,
    /// Purged entries, each with the reason its tombstone gives.
    pub purged: BTreeMap<i64, String>,
    /// What is wrong; empty when the ledger holds.
    pub findings: Vec<Finding>,
}

struct Entry {
    index: i64,
    kind: String,
    header: String,
    commitment: Vec<u8>,
    leaf: Vec<u8>,
    tag: Option<Vec<u8>>,
    salt: Option<Vec<u8>>,
    payload: Option<Vec<u8>>,
    remnant: Option<Vec<u8>>,
}

struct Head {
    hub: String,
    key_salt: Vec<u8>,
    size: i64,
    clock: i64,
    frontier: Vec<u8>,
}

struct Walk<'a> {
    head: Head,
    public_key: &'a [u8],
    tree: Frontier,
    last_known: Micros,
    tags: BTreeSet<Vec<u8>>,
    missing: BTreeSet<i64>,
    /// The reason of each purged entry, and what its last tombstone says stayed of it.
    tombstones: BTreeMap<i64, (String, Grave)>,
    /// The digest of what stands in the place of a payload.
    remnants: BTreeMap<i64, String>,
    findings: Vec<Finding>,
}

impl Ledger {
    /// Recomputes every commitment, leaf, root and signature. With `deep`, the derived tables are compared with a rebuild.
    pub fn verify(&self, deep: bool) -> Result<Verified> {
        let (head, checkpoints) = self.read(|tx| Ok((read_head(tx)?, checkpoint::all(tx)?)))?;
        let mut walk = Walk {
            head,
            public_key: self.public_key(),
            tree: Frontier::default(),
            last_known: Micros(0),
            tags: BTreeSet::new(),
            missing: BTreeSet::new(),
            tombstones: BTreeMap::new(),
            remnants: BTreeMap::new(),
            findings: Vec::new(),
        };
        let mut held = 0;
        let mut waiting = checkpoints.iter().peekable();
        while (walk.tree.size() as i64) < walk.head.size && walk.findings.len() < FINDINGS {
            let from = walk.tree.size() as i64;
            let to = (from + BATCH).min(walk.head.size);
            for entry in self.read(|tx| read_entries(tx, from, to))? {
                walk.entry(&entry);
                while let Some(c) = waiting.next_if(|c| c.size as u64 == walk.tree.size()) {
                    match c.check(self.hub(), self.public_key(), &walk.tree.root()) {
                        Ok(()) => held += 1,
                        Err(what) => walk.find(None, format!("checkpoint at size {}: {what}", c.size)),
                    }
                }
            }
            if walk.tree.size() as i64 == from {
                walk.find(Some(from), "the entry is missing".into());
                break;
            }
        }
        for c in waiting {
            walk.find(None, format!("checkpoint at size {}: the log never had that size", c.size));
        }
        walk.end();
        if deep && walk.findings.is_empty() {
            let differences = self.compare_with_rebuild()?;
            walk.findings.extend(differences.into_iter().map(|what| Finding { index: None, what }));
        }
        Ok(Verified {
            size: walk.tree.size() as i64,
            root: checkpoint::base64(&walk.tree.root()),
            checkpoints: held,
            purged: walk.tombstones.into_iter().map(|(index, (reason, _))| (index, reason)).collect(),
            findings: walk.findings,
        })
    }
}

fn read_head(tx: &mut Tx<'_>) -> Result<Head> {
    let sql = "SELECT hub, key_salt, size, clock, frontier FROM head WHERE id = 1";
    let head = tx.one(sql, &[], |r| Head {
        hub: r.text(0).to_owned(),
        key_salt: r.blob(1).to_vec(),
        size: r.int(2),
        clock: r.int(3),
        frontier: r.blob(4).to_vec(),
    })?;
    head.ok_or_else(|| Error::Integrity("the head row is missing".into()))
}

fn read_entries(tx: &mut Tx<'_>, from: i64, to: i64) -> Result<Vec<Entry>> {
    let sql = "SELECT e.idx, e.kind, e.header, e.commitment, e.leaf, e.tag, p.salt, p.bytes, r.bytes FROM entry e \
               LEFT JOIN payload p ON p.idx = e.idx LEFT JOIN remnant r ON r.idx = e.idx WHERE e.idx >= $1 AND e.idx < $2 ORDER BY e.idx";
    tx.all(sql, &[from.into(), to.into()], |r| Entry {
        index: r.int(0),
        kind: r.text(1).to_owned(),
        header: r.text(2).to_owned(),
        commitment: r.blob(3).to_vec(),
        leaf: r.blob(4).to_vec(),
        tag: r.opt_blob(5).map(<[u8]>::to_vec),
        salt: r.opt_blob(6).map(<[u8]>::to_vec),
        payload: r.opt_blob(7).map(<[u8]>::to_vec),
        remnant: r.opt_blob(8).map(<[u8]>::to_vec),
    })
}

impl Walk<'_> {
    fn find(&mut self, index: Option<i64>, what: String) {
        self.findings.push(Finding { index, what });
    }

    /// Checks one entry and adds its leaf to the tree.
    fn entry(&mut self, entry: &Entry) {
        let at = Some(entry.index);
        if entry.index != self.tree.size() as i64 {
            self.find(Some(self.tree.size() as i64), "the entry is missing".into());
        }
        let stored: Option<Hash> = entry.commitment.as_slice().try_into().ok();
        match &entry.payload {
            None => drop(self.missing.insert(entry.index)),
            Some(payload) => {
                let salt = entry.salt.as_deref().unwrap_or(b"");
                if stored != Some(commitment(salt, payload)) {
                    self.find(at, "payload or salt do not belong to the entry's commitment".into());
                }
                self.payload(entry, payload);
            }
        }
        if let Some(remnant) = &entry.remnant {
            self.remnants.insert(entry.index, base64(&sha256(remnant)));
        }
        self.header(entry);
        let leaf = leaf_of(&entry.header, &stored.unwrap_or_default());
        if entry.leaf != leaf {
            self.find(at, "header and commitment do not give the entry's leaf".into());
        }
        self.tree.push(leaf);
    }

    fn payload(&mut self, entry: &Entry, payload: &[u8]) {
        let Some(payload) = Payload::parse(payload.to_vec()) else {
            return self.find(Some(entry.index), "the payload is not framed".into());
        };
        if entry.index == 0 && !genesis_agrees(&payload, &self.head.hub, &self.head.key_salt) {
            self.find(Some(0), "the head row does not agree with the first entry".into());
        }
        if entry.kind == purge::TOMBSTONE {
            let version = Header::parse(&entry.header).map_or(1, |h| h.version);
            match purge::read(version, payload.meta(), &self.head.hub, self.public_key) {
                Some(stone) => {
                    let of = |grave: Grave| (grave.index, (stone.reason.clone(), grave));
                    self.tombstones.extend(stone.entries.into_iter().map(of));
                }
                None => self.find(Some(entry.index), "the tombstone's signature does not hold".into()),
            }
        }
    }

    fn header(&mut self, entry: &Entry) {
        let at = Some(entry.index);
        let Some(header) = Header::parse(&entry.header) else {
            return self.find(at, "the header is unreadable".into());
        };
        if header.index != entry.index || header.kind != entry.kind || header.hub != self.head.hub {
            self.find(at, "the header does not belong to its row".into());
        }
        if header.tag.as_ref().map(|t| t.as_slice()) != entry.tag.as_deref() {
            self.find(at, "the key's tag does not belong to the header".into());
        }
        if let Some(tag) = &entry.tag
            && !self.tags.insert(tag.clone())
        {
            self.find(at, "the key stands twice".into());
        }
        if header.known < self.last_known {
            self.find(at, "known time runs backwards".into());
        }
        self.last_known = header.known;
    }

    /// What can only be said when all entries were seen.
    fn end(&mut self) {
        let unexplained: Vec<i64> = self.missing.iter().copied().filter(|i| !self.tombstones.contains_key(i)).collect();
        for index in unexplained {
            self.find(Some(index), "the payload is gone and no tombstone says why".into());
        }
        self.end_remnants();
        if self.tree.size() as i64 == self.head.size && self.tree.to_bytes() != self.head.frontier {
            self.find(None, "the head row's frontier does not give the log's root".into());
        }
        if self.head.clock < self.last_known.0 {
            self.find(None, "the head row's clock stands before the last entry".into());
        }
    }

    /// What stands in the place of a purged payload is what its tombstone vouches for, and stands only there.
    fn end_remnants(&mut self) {
        let vouched: BTreeMap<i64, &str> =
            self.tombstones.iter().filter_map(|(at, (_, grave))| Some((*at, grave.remnant.as_deref()?))).collect();
        let mut found = Vec::new();
        for (at, digest) in &self.remnants {
            match vouched.get(at) {
                _ if !self.missing.contains(at) => {
                    found.push((*at, "something stands in the place of a payload that is there"))
                }
                Some(said) if *said == digest => {}
                Some(_) => found.push((*at, "what stayed of a purged payload is not what the tombstone says")),
                None => {
                    found.push((*at, "something stands in the place of a payload, and no tombstone vouches for it"))
                }
            }
        }
        let gone = vouched.keys().filter(|at| !self.remnants.contains_key(at));
        found.extend(gone.map(|at| (*at, "what stayed of a purged payload is gone")));
        found.into_iter().for_each(|(at, what)| self.find(Some(at), what.into()));
    }
}
