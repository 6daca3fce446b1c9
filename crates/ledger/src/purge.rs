//! Purge: the one way a payload leaves the log (DESIGN, "The ledger"). Payload and salt are erased, so that what is gone cannot be
//! confirmed by guessing either; header, commitment and leaf stay, so the tree and all old checkpoints hold; a signed tombstone says
//! who, why and what. Which entries belong to a matter is for the stages; this file does not know what any of them means.
//!
//! A stage may leave a **remnant** in the place of a payload: what its fold needs so that all else keeps its place (a view's dates),
//! without the content. A remnant stands in a table of its own and is vouched for by the tombstone, not by the commitment.
use crate::checkpoint::{base64, unbase64};
use crate::error::{Error, Result};
use crate::event::{Draft, Payload};
use crate::keys::{self, SigningKey};
use crate::ledger::{Ledger, Tx};
use crate::line;
use crate::merkle::sha256;
use serde::{Deserialize, Serialize};

/// The kind of a tombstone. Version 1 named one entry, version 2 names many and what stays of each.
pub const TOMBSTONE: &str = "ledger.tombstone";
/// The present version.
pub(crate) const VERSION: u16 = 2;
/// Entries of one tombstone; a larger purge has several.
const ENTRIES_MAX: usize = 5_000;

/// What is to be erased.
#[derive(Clone, Debug)]
pub struct Erasure {
    /// The entry.
    pub index: i64,
    /// What stays in its place, if anything.
    pub remnant: Option<Payload>,
}

/// Who purges what and why.
#[derive(Clone, Copy, Debug)]
pub struct Order<'a> {
    /// The matter's own name, the same in all tombstones of one purge.
    pub matter: &'a str,
    /// Why, in words that stay for ever: they do not repeat what is purged.
    pub reason: &'a str,
    /// The two people.
    pub by: [&'a str; 2],
}

/// One entry of a tombstone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grave {
    /// The entry.
    pub index: i64,
    /// Its leaf, base64: by this a backup knows that it is the same entry.
    pub leaf: String,
    /// SHA-256 of the remnant, base64; absent where nothing stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remnant: Option<String>,
}

/// A tombstone, meta of [`TOMBSTONE`] version 2.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tombstone {
    /// The matter.
    pub matter: String,
    /// The entries, rising.
    pub entries: Vec<Grave>,
    /// Why.
    pub reason: String,
    /// The two people.
    pub by: Vec<String>,
    /// The hub's signature over all of it, base64.
    pub signature: String,
}

impl Tombstone {
    /// The text that is signed. One thing a line: none of them holds a line break.
    fn text(&self, hub: &str) -> String {
        let mut text =
            format!("mainstay tombstone 2 {hub}\n{}\n{}\n{}\n", self.matter, self.by.join("\n"), self.reason);
        for grave in &self.entries {
            text.push_str(&format!("{} {} {}\n", grave.index, grave.leaf, grave.remnant.as_deref().unwrap_or("-")));
        }
        text
    }

    /// Whether the hub signed it.
    pub(crate) fn holds(&self, hub: &str, public_key: &[u8]) -> bool {
        let signature = unbase64(&self.signature).unwrap_or_default();
        keys::verify(public_key, self.text(hub).as_bytes(), &signature)
    }
}

/// Meta of [`TOMBSTONE`] version 1, read for ever.
#[derive(Deserialize)]
struct First {
    index: i64,
    reason: String,
    by: Vec<String>,
    signature: String,
}

/// A tombstone as `verify` needs it, of either version; `None` where it cannot be read or its signature does not hold.
pub(crate) fn read(version: u16, meta: &[u8], hub: &str, public_key: &[u8]) -> Option<Tombstone> {
    if version >= VERSION {
        return serde_json::from_slice::<Tombstone>(meta).ok().filter(|stone| stone.holds(hub, public_key));
    }
    let First { index, reason, by, signature } = serde_json::from_slice(meta).ok()?;
    let text = format!("mainstay tombstone {hub} {index}\n{}\n{reason}", by.join("\n"));
    let holds = keys::verify(public_key, text.as_bytes(), &unbase64(&signature).unwrap_or_default());
    let entries = vec![Grave { index, leaf: String::new(), remnant: None }];
    holds.then_some(Tombstone { matter: String::new(), entries, reason, by, signature })
}

/// Erases payloads within a write unit and appends their tombstones. Entries that hold no payload are passed over. Gives how
/// many were erased. The derived tables still hold what was folded: the caller rebuilds afterwards, and scrubs the files.
pub fn erase(tx: &mut Tx<'_>, hub: &str, key: &SigningKey, order: &Order<'_>, erasures: &[Erasure]) -> Result<usize> {
    check(order)?;
    tx.flush()?;
    let mut sorted: Vec<&Erasure> = erasures.iter().filter(|e| e.index > 0).collect();
    sorted.sort_by_key(|e| e.index);
    sorted.dedup_by_key(|e| e.index);
    let mut erased = 0;
    for (part, chunk) in sorted.chunks(ENTRIES_MAX).enumerate() {
        let mut entries = Vec::with_capacity(chunk.len());
        for erasure in chunk {
            entries.extend(bury(tx, erasure)?);
        }
        if entries.is_empty() {
            continue;
        }
        erased += entries.len();
        let mut stone = Tombstone {
            matter: order.matter.to_owned(),
            entries,
            reason: order.reason.to_owned(),
            by: order.by.map(str::to_owned).to_vec(),
            signature: String::new(),
        };
        stone.signature = base64(&key.sign(stone.text(hub).as_bytes()));
        let first = stone.entries.first().map_or(0, |g| g.index);
        let mut draft = Draft::new(TOMBSTONE, &stone)?.key(format!("ledger/tombstone/{}/{part}/{first}", order.matter));
        draft.version = VERSION;
        tx.append(draft)?;
    }
    match erased {
        0 => Err(Error::refused(
            "purge-nothing",
            "none of these entries has a payload that can be purged",
            "`ledger verify` lists what was purged already",
        )),
        n => Ok(n),
    }
}

fn check(order: &Order<'_>) -> Result<()> {
    if order.by[0] == order.by[1] {
        return Err(Error::refused("purge-two-people", "a purge needs two different people", "name a second person"));
    }
    let texts = [order.matter, order.reason, order.by[0], order.by[1]];
    if !texts.iter().all(|text| line::is_line(text)) {
        let why = format!("a reason and a name are one line of up to {} bytes", line::MAX);
        return Err(Error::refused("purge-reason", why, "say why with --reason, without repeating what is purged"));
    }
    Ok(())
}

/// Takes one payload out; `None` where there was none. The remnant of an earlier purge is taken out as well.
fn bury(tx: &mut Tx<'_>, erasure: &Erasure) -> Result<Option<Grave>> {
    let at = erasure.index;
    let held = tx.run("DELETE FROM payload WHERE idx = $1", &[at.into()])?;
    let stayed = tx.run("DELETE FROM remnant WHERE idx = $1", &[at.into()])?;
    if held + stayed == 0 {
        return Ok(None);
    }
    if let Some(remnant) = &erasure.remnant {
        tx.run("INSERT INTO remnant (idx, bytes) VALUES ($1, $2)", &[at.into(), remnant.as_bytes().into()])?;
    }
    let leaf = tx.one("SELECT leaf FROM entry WHERE idx = $1", &[at.into()], |r| base64(r.blob(0)))?;
    let remnant = erasure.remnant.as_ref().map(|r| base64(&sha256(r.as_bytes())));
    Ok(leaf.map(|leaf| Grave { index: at, leaf, remnant }))
}

/// The salts of entries: what stands beside their content in the files and nowhere else, to look for afterwards.
pub fn salts(tx: &mut Tx<'_>, indices: &[i64]) -> Result<Vec<Vec<u8>>> {
    let mut out = Vec::new();
    for index in indices {
        out.extend(tx.one("SELECT salt FROM payload WHERE idx = $1", &[(*index).into()], |r| r.blob(0).to_vec())?);
    }
    Ok(out)
}

/// What was purged here, to be done again on a backup from before: tombstones as they stand in the log, and the remnants they name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct List {
    /// The hub whose log it is.
    pub hub: String,
    /// The tombstones of version 2, in the order of the log.
    pub tombstones: Vec<Tombstone>,
    /// Remnants by entry, base64.
    pub remnants: Vec<(i64, String)>,
}

/// What carrying out a list did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Applied {
    /// Entries erased now.
    pub erased: usize,
    /// Entries that hold nothing already, or that this log does not have yet.
    pub nothing: usize,
    /// Entries that are another one here: the two logs went apart.
    pub other: Vec<i64>,
}

impl Ledger {
    /// What was purged in this store.
    pub fn purge_list(&self) -> Result<List> {
        self.read(|tx| {
            let stones = tx.payloads(TOMBSTONE)?.into_iter();
            let tombstones = stones.filter_map(|(_, payload)| serde_json::from_slice(payload.meta()).ok()).collect();
            let sql = "SELECT idx, bytes FROM remnant ORDER BY idx";
            let remnants = tx.all(sql, &[], |r| (r.int(0), base64(r.blob(1))))?;
            Ok(List { hub: self.hub().to_owned(), tombstones, remnants })
        })
    }

    /// Purges on a restored backup what was purged after it was made. Each tombstone of the list must be this hub's own; the log
    /// gets one of its own, with the same people and reason.
    pub fn apply_purges(&self, list: &List) -> Result<Applied> {
        let next = "give the list of this very hub, as `ledger purge export` wrote it";
        if list.hub != self.hub() {
            return Err(Error::refused(
                "purge-list",
                format!("this is hub {}, the list is of {}", self.hub(), list.hub),
                next,
            ));
        }
        if let Some(bad) = list.tombstones.iter().find(|stone| !stone.holds(self.hub(), self.public_key())) {
            return Err(Error::Integrity(format!(
                "the signature of the tombstone of {} does not hold; {next}",
                bad.matter
            )));
        }
        let key = self.signing_key()?;
        self.write(|tx| {
            let mut applied = Applied::default();
            for stone in &list.tombstones {
                let [one, two] = stone.by.as_slice() else { continue };
                let erasures = due(tx, stone, list, &mut applied)?;
                if !erasures.is_empty() {
                    let order = Order { matter: &stone.matter, reason: &stone.reason, by: [one, two] };
                    applied.erased += erase(tx, self.hub(), &key, &order, &erasures)?;
                }
            }
            Ok(applied)
        })
    }
}

/// The entries of a tombstone that still hold their payload here.
fn due(tx: &mut Tx<'_>, stone: &Tombstone, list: &List, applied: &mut Applied) -> Result<Vec<Erasure>> {
    let mut erasures = Vec::new();
    for grave in &stone.entries {
        let sql = "SELECT e.leaf FROM entry e JOIN payload p ON p.idx = e.idx WHERE e.idx = $1";
        match tx.one(sql, &[grave.index.into()], |r| base64(r.blob(0)))? {
            None => applied.nothing += 1,
            Some(leaf) if leaf != grave.leaf => applied.other.push(grave.index),
            Some(_) => {
                let remnant = list.remnants.iter().find(|(at, _)| *at == grave.index).and_then(|(_, b)| unbase64(b));
                let vouched = remnant.filter(|bytes| Some(base64(&sha256(bytes))) == grave.remnant);
                erasures.push(Erasure { index: grave.index, remnant: vouched.and_then(Payload::parse) });
            }
        }
    }
    Ok(erasures)
}

/// What became of the files after an erasure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Scrubbed {
    /// The write-ahead log was emptied (SQLite).
    pub emptied: bool,
    /// The file was written anew (SQLite), or the tables were (PostgreSQL).
    pub rewritten: bool,
    /// Needles that still stand in the files; none when all is well.
    pub left: usize,
}

impl Ledger {
    /// Gets erased bytes out of the files: SQLite zeroes what it frees (`secure_delete`) and its write-ahead log is emptied; where one
    /// of the `needles` is found all the same, the file is written anew. PostgreSQL keeps dead rows until a vacuum: the tables that
    /// held them are vacuumed whole. What lies in snapshots, replicas, archived logs and on the medium below is beyond this program.
    pub fn scrub(&self, needles: &[Vec<u8>]) -> Result<Scrubbed> {
        let operational = crate::tables::names(&self.stages);
        self.engine.scrub(needles, &operational)
    }
}
