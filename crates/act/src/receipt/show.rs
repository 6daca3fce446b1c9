//! A receipt as it travels (c2sp.org/tlog-proof): the statement, the way from it to the partner's signed head, and where it is about one
//! object of a page, the way from that to the statement. And the check of one by a stranger, who has the hub's public key and nothing else.
use super::statement::{self, Statement, line_of};
use super::{Receipt, at, shown, tree};
use ledger::checkpoint::{base64, unbase64};
use ledger::merkle::{Hash, leaf_hash};
use ledger::note::{Head, Verifier};
use ledger::proof::{self, Travelling};
use ledger::{Error, Ledger, Result};
use serde::{Deserialize, Serialize};

/// What stands in the extra data of the proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extra {
    /// The statement.
    pub statement: String,
    /// The object, where the receipt is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<Shown>,
}

/// One object within a statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// Id, version, digest.
    pub line: String,
    /// The place in the page.
    pub place: u64,
    /// The way to the root of the page, base64.
    pub path: Vec<String>,
    /// 16 bytes, base64: SHA-256 of these and the object's bytes is the digest. Absent where the object was purged here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blind: Option<String>,
}

fn unknown() -> Error {
    Error::refused("receipt-unknown", "there is no such receipt", "`receipt list` shows those there are")
}

/// The receipt at a place in a partner's tree.
pub fn of_leaf(ledger: &Ledger, org: &str, leaf: i64) -> Result<Travelling> {
    let (receipt, said) = ledger.read(|tx| {
        let receipt = at(tx, org, leaf)?.ok_or_else(unknown)?;
        let said = statement::of(tx, ledger.hub(), &receipt)?;
        Ok((receipt, said))
    })?;
    travel(ledger, &receipt, &said, None)
}

/// The receipts of an object that a partner was shown: of each version, or of one, the first time. One that it was not shown is as one that
/// does not exist.
pub fn of_object(ledger: &Ledger, org: &str, id: &str, version: Option<&str>) -> Result<Vec<Travelling>> {
    let found = ledger.read(|tx| {
        let mut found = Vec::new();
        for object in exchange::purge::versions(tx, id)? {
            let Some((receipt, place)) = shown(tx, object)?.remove(org) else { continue };
            let said = statement::of(tx, ledger.hub(), &receipt)?;
            let named = said.items.get(place).is_some_and(|item| version.is_none_or(|v| v == item.version));
            if named {
                found.push((receipt, said, place));
            }
        }
        Ok(found)
    })?;
    if found.is_empty() {
        return Err(unknown());
    }
    found.iter().map(|(receipt, said, place)| travel(ledger, receipt, said, Some(*place))).collect()
}

fn travel(ledger: &Ledger, receipt: &Receipt, said: &Statement, place: Option<usize>) -> Result<Travelling> {
    if !receipt.sealed {
        let next = "it is sealed within a minute; `receipt seal` does it now";
        return Err(Error::refused("receipt-unsealed", "this is not under a signed head yet", next));
    }
    let name = tree::verifier(ledger, &receipt.org).name;
    let key = ledger.signing_key()?;
    let (head, path) = ledger.read(|tx| {
        let head = tree::head(tx, &name, &receipt.org)?;
        let (_, path) = tree::inclusion(tx, &receipt.org, receipt.leaf.unsigned_abs(), Some(head.size))?;
        Ok((head, path))
    })?;
    let object = place.map(|place| object_in(said, place)).transpose()?;
    let extra = Extra { statement: said.text.clone(), object };
    let extra = serde_json::to_vec(&extra).map_err(|e| Error::Engine(e.to_string()))?;
    let checkpoint = ledger::note::sign(&name, &key, &head.text());
    Ok(Travelling { extra, index: receipt.leaf.unsigned_abs(), path, checkpoint })
}

fn object_in(said: &Statement, place: usize) -> Result<Shown> {
    let item = said.items.get(place).ok_or_else(unknown)?;
    let hashes = said.item_hashes();
    let path = proof::inclusion(&mut hashes.as_slice(), place as u64, hashes.len() as u64)?;
    Ok(Shown {
        line: line_of(item),
        place: place as u64,
        path: path.iter().map(|h| base64(h)).collect(),
        blind: item.blind.map(|b| base64(&b)),
    })
}

/// What a checked receipt says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// The tree: hub and partner.
    pub tree: String,
    /// The place in it.
    pub leaf: u64,
    /// Leaves under the signed head.
    pub size: u64,
    /// The statement's lines, as pairs.
    pub says: Vec<(String, String)>,
    /// Id, version and digest of the object it is about.
    pub object: Option<String>,
    /// The bytes that were shown are these.
    pub bytes: bool,
}

/// Checks a receipt with a public key, and with the object's bytes where they are given. Reads no store.
pub fn check(text: &str, key: &Verifier, bytes: Option<&[u8]>) -> Result<Checked> {
    let bad = |why: &str| Error::refused("receipt", why, "ask the hub for the receipt again");
    let proof = Travelling::parse(text).ok_or_else(|| bad("this is no receipt"))?;
    let extra: Extra = serde_json::from_slice(&proof.extra).map_err(|_| bad("this is no receipt"))?;
    let head = Head::parse(key.open(&proof.checkpoint)?).ok_or_else(|| bad("the note is no checkpoint"))?;
    if head.origin != key.name {
        return Err(bad("the checkpoint is of another tree than the key"));
    }
    let leaf = leaf_hash(&[extra.statement.as_bytes()]);
    if !proof::leads(&leaf, proof.index, head.size, &proof.path, &head.root) {
        return Err(bad("the statement is not in the tree of the checkpoint"));
    }
    let pair = |line: &str| line.split_once(' ').map(|(k, v)| (k.to_owned(), v.to_owned()));
    let says: Vec<(String, String)> = extra.statement.lines().skip(1).filter_map(pair).collect();
    let one = |key: &str| says.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str());
    let mut same = false;
    if let Some(object) = &extra.object {
        let count = one("objects").and_then(|n| n.parse().ok()).unwrap_or(0);
        let root: Option<Hash> = one("root").and_then(unbase64).and_then(|b| b.try_into().ok());
        let path: Option<Vec<Hash>> = object.path.iter().map(|h| unbase64(h)?.try_into().ok()).collect();
        let leads = root.zip(path).is_some_and(|(root, path)| {
            proof::leads(&leaf_hash(&[object.line.as_bytes()]), object.place, count, &path, &root)
        });
        if !leads {
            return Err(bad("the object is not in the statement"));
        }
        let digest = object.line.rsplit(' ').next();
        let blind = object.blind.as_deref().and_then(unbase64);
        same = bytes
            .zip(blind)
            .is_some_and(|(bytes, blind)| Some(exchange::disclosed::digest(&blind, bytes).as_str()) == digest);
    }
    if bytes.is_some() && !same {
        return Err(bad("the receipt is not of these bytes"));
    }
    let object = extra.object.map(|o| o.line);
    Ok(Checked { tree: head.origin, leaf: proof.index, size: head.size, says, object, bytes: same })
}

/// A receipt in one sentence, from its statement.
pub fn words(statement: &str) -> String {
    let all = |key: &str| {
        let of = |line: &str| line.strip_prefix(key).and_then(|r| r.strip_prefix(' ')).map(str::to_owned);
        statement.lines().filter_map(of).collect::<Vec<_>>()
    };
    let one = |key: &str| all(key).into_iter().next().unwrap_or_default();
    let (partner, at) = (one("partner"), one("at"));
    match one("what").as_str() {
        "given" => format!(
            "{at}: {partner} was given {} objects out of collection {} by {} on the account {}, under {}",
            one("objects"),
            one("collection"),
            one("way"),
            one("account"),
            all("under").join(" and ")
        ),
        "received" => format!(
            "{at}: {partner} gave {} objects to collection {} on the account {}; {} were taken, status {}",
            one("objects"),
            one("collection"),
            one("account"),
            one("taken"),
            one("status")
        ),
        "asked" => format!(
            "{at}: {partner} was sent ask {} about {} ({})",
            one("ask"),
            one("about"),
            all("vulnerability").join(", ")
        ),
        "answered" => format!("{at}: {partner} answered ask {}: {} ({})", one("ask"), one("answer"), one("evidence")),
        "purge" => {
            format!("{at}: {partner} was asked to destroy {} objects, request {}", all("object").len(), one("request"))
        }
        "purge-answer" => format!("{at}: {partner} answered request {}: {}", one("request"), one("answer")),
        other => format!("{at}: {other} with {partner}"),
    }
}
