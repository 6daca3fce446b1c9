//! Verify: the log is proven against itself, entry by entry; and the one way a payload may leave it.
use crate::checkpoint;
use crate::error::{Error, Result};
use crate::event::{Draft, Header, Payload, commitment, leaf_of};
use crate::keys;
use crate::ledger::{Ledger, Tx, genesis_agrees};
use crate::merkle::{Frontier, Hash};
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

#[derive(serde::Serialize, serde::Deserialize)]
struct Tombstone {
    index: i64,
    reason: String,
    by: Vec<String>,
    signature: String,
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
    tombstones: BTreeMap<i64, String>,
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
            purged: walk.tombstones,
            findings: walk.findings,
        })
    }

    /// Erases the payload and salt of an entry and appends a signed tombstone in the same unit. Two people and a reason.
    /// The derived tables still hold what was folded: the caller rebuilds afterwards.
    pub fn erase(&self, index: i64, reason: &str, by: [&str; 2]) -> Result<()> {
        if by[0] == by[1] {
            return Err(Error::refused("purge-two-people", "a purge needs two different people", "name a second person"));
        }
        let key = self.signing_key()?;
        self.write(|tx| {
            if index == 0 || tx.run("DELETE FROM payload WHERE idx = $1", &[index.into()])? == 0 {
                return Err(Error::refused(
                    "purge-nothing",
                    format!("entry {index} has no payload that can be purged"),
                    "`ledger verify` lists what was purged already",
                ));
            }
            let signature = checkpoint::base64(&key.sign(&tombstone_text(self.hub(), index, reason, &by.map(str::to_owned))));
            let meta = Tombstone { index, reason: reason.into(), by: by.map(str::to_owned).to_vec(), signature };
            tx.append(Draft::new("ledger.tombstone", &meta)?.key(format!("ledger/tombstone/{index}")))?;
            Ok(())
        })
    }
}

fn tombstone_text(hub: &str, index: i64, reason: &str, by: &[String]) -> Vec<u8> {
    format!("mainstay tombstone {hub} {index}\n{}\n{reason}", by.join("\n")).into_bytes()
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
    let sql = "SELECT e.idx, e.kind, e.header, e.commitment, e.leaf, e.tag, p.salt, p.bytes FROM entry e \
               LEFT JOIN payload p ON p.idx = e.idx WHERE e.idx >= $1 AND e.idx < $2 ORDER BY e.idx";
    tx.all(sql, &[from.into(), to.into()], |r| Entry {
        index: r.int(0),
        kind: r.text(1).to_owned(),
        header: r.text(2).to_owned(),
        commitment: r.blob(3).to_vec(),
        leaf: r.blob(4).to_vec(),
        tag: r.opt_blob(5).map(<[u8]>::to_vec),
        salt: r.opt_blob(6).map(<[u8]>::to_vec),
        payload: r.opt_blob(7).map(<[u8]>::to_vec),
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
        if entry.kind == "ledger.tombstone" {
            self.tombstone(entry.index, &payload);
        }
    }

    fn tombstone(&mut self, index: i64, payload: &Payload) {
        let Ok(stone) = serde_json::from_slice::<Tombstone>(payload.meta()) else {
            return self.find(Some(index), "the tombstone is unreadable".into());
        };
        let text = tombstone_text(&self.head.hub, stone.index, &stone.reason, &stone.by);
        let signature = checkpoint::unbase64(&stone.signature).unwrap_or_default();
        if !keys::verify(self.public_key, &text, &signature) {
            return self.find(Some(index), "the tombstone's signature does not hold".into());
        }
        self.tombstones.insert(stone.index, stone.reason);
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
        if self.tree.size() as i64 == self.head.size && self.tree.to_bytes() != self.head.frontier {
            self.find(None, "the head row's frontier does not give the log's root".into());
        }
        if self.head.clock < self.last_known.0 {
            self.find(None, "the head row's clock stands before the last entry".into());
        }
    }
}

