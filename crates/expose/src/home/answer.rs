//! Matching at the holder, offline: rules and rows in, a signed answer without rows out. Pure but for the key.
use super::band::Band;
use super::rules::{FORMAT, Head, Rule, line};
use super::signed::{digest, hex, open, sign};
use crate::advisory::decode;
use crate::kinds::MATCHER;
use ledger::keys::SigningKey;
use ledger::merkle::{Frontier, leaf_hash, sha256};
use ledger::{Error, Micros, Result};
use product::csaf::{Leaf, Stated};
use product::inventory::Asset;
use product::matching::{AffectedProduct, Finding, Held, Status, Tier, conclude, relate};
use product::vendor::Aliases;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The format of an answer.
pub(super) const ANSWER_FORMAT: &str = "mainstay-answer/1";

/// An answer: the one line above its signature.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// `mainstay-answer/1`.
    pub format: String,
    /// The hub whose rules it answers.
    pub hub: String,
    /// Whose constituency.
    pub org: String,
    /// SHA-256 of the rules, hexadecimal.
    pub rules: String,
    /// By the holder's clock.
    pub issued: String,
    /// The version of the matcher.
    pub matcher: u16,
    /// Rows that were compared.
    pub rows: Band,
    /// Root of a Merkle tree over the rows in the order of their keys, each salted with a secret of the holder: it can show
    /// later that a row was among them.
    pub commitment: String,
    /// Advisories that none of the rows has anything to do with.
    pub unrelated: u64,
    /// All others.
    pub entries: Vec<Entry>,
}

/// What is so of one advisory; several entries where its vulnerabilities differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Tracking id.
    pub advisory: String,
    /// Namespace of its publisher.
    pub namespace: String,
    /// Its version.
    pub version: String,
    /// The vulnerabilities of which this is so.
    pub vulnerabilities: Vec<String>,
    /// The weakest tier among the rows that were decided.
    pub tier: String,
    /// Rows that are affected.
    pub affected: Band,
    /// Rows that have the fix.
    pub fixed: Band,
    /// Rows that are not affected.
    pub not_affected: Band,
    /// Rows of which it is not known.
    pub unknown: Band,
    /// Rows that the advisory covers: all of the above.
    pub covered: Band,
    /// Rows that it does not cover.
    pub rest: Band,
}

/// How the rows stand to one vulnerability of one advisory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Cells {
    affected: usize,
    fixed: usize,
    not_affected: usize,
    unknown: usize,
    tier: Option<Tier>,
}

/// Matches an inventory against rules and signs the answer. Faulty rows are refused as a whole: an answer over part of an
/// inventory would look like one over all of it.
pub fn run(rules: &[u8], inventory: &[u8], key: &SigningKey, now: Micros) -> Result<Vec<u8>> {
    let (head, advisories) = read_rules(rules)?;
    let table =
        product::inventory::read(inventory).map_err(|f| Error::refused(f.rule, f.to_string(), "correct the table"))?;
    if let Some(fault) = table.faults.first() {
        let more = table.faults.len() - 1;
        return Err(Error::refused(
            fault.rule,
            format!("{fault}; and {more} more rows are at fault"),
            "correct the table, then match again",
        ));
    }
    let mut assets: Vec<Asset> = table.rows.into_iter().map(|(_, a)| a).collect();
    assets.sort();
    let held: Vec<Held> = assets.iter().map(|a| Held::of(a, Aliases::shipped())).collect();
    let mut entries = Vec::new();
    let (mut unrelated, mut telling) = (0, false);
    for rule in &advisories {
        let of_rule = entries_of(rule, &held);
        unrelated += u64::from(of_rule.is_empty());
        for (entry, covered) in of_rule {
            // An exact total beside an exact part would tell a small rest.
            telling |= entry.covered.is_exact() && !Band::of(held.len().saturating_sub(covered)).is_exact();
            entries.push(entry);
        }
    }
    let rows = if telling { Band::coarse(held.len()) } else { Band::of(held.len()) };
    entries.iter_mut().for_each(|entry| entry.rest = rows.less(entry.covered));
    let digest = digest(rules);
    let answer = Answer {
        format: ANSWER_FORMAT.to_owned(),
        hub: head.hub,
        org: head.org,
        issued: now.to_string(),
        matcher: MATCHER,
        rows,
        commitment: commitment(&assets, key, &digest),
        rules: digest,
        unrelated,
        entries,
    };
    let mut bytes = Vec::new();
    line(&mut bytes, &answer)?;
    sign(bytes, key)
}

fn read_rules(rules: &[u8]) -> Result<(Head, Vec<Rule>)> {
    let refuse = |reason: String| Error::refused("rules-form", reason, "ask the hub for the rules anew");
    let (lines, _) = open(rules)?;
    let mut lines = lines.split(|b| *b == b'\n').filter(|l| !l.is_empty());
    let head = lines.next().ok_or_else(|| refuse("the file is empty".into()))?;
    let head: Head = serde_json::from_slice(head).map_err(|e| refuse(format!("line 1: {e}")))?;
    if head.format != FORMAT || head.matcher != MATCHER {
        let reason = format!("want {FORMAT} for matcher {MATCHER}, found {} for matcher {}", head.format, head.matcher);
        return Err(Error::refused("rules-version", reason, "use the version of this program that made them"));
    }
    let rules =
        lines.enumerate().map(|(i, l)| serde_json::from_slice(l).map_err(|e| refuse(format!("line {}: {e}", i + 2))));
    let rules: Vec<Rule> = rules.collect::<Result<_>>()?;
    if rules.len() as u64 != head.advisories {
        return Err(refuse(format!("{} advisories where the head says {}", rules.len(), head.advisories)));
    }
    Ok((head, rules))
}

/// The entries of an advisory, each with the exact number of rows that it covers.
fn entries_of(rule: &Rule, held: &[Held]) -> Vec<(Entry, usize)> {
    let products: Vec<AffectedProduct> =
        rule.products.iter().map(|p| AffectedProduct::of(&leaf(p), Aliases::shipped())).collect();
    let vendor_matters = |h: &&Held| h.vendor.is_some() || h.purl.is_some();
    let findings: Vec<Vec<(usize, Finding)>> = held
        .iter()
        .filter(vendor_matters)
        .map(|h| products.iter().enumerate().filter_map(|(i, p)| Some((i, relate(p, h)?))).collect::<Vec<_>>())
        .filter(|found: &Vec<_>| !found.is_empty())
        .collect();
    if findings.is_empty() {
        return Vec::new();
    }
    let mut alike: BTreeMap<Cells, Vec<String>> = BTreeMap::new();
    for vulnerability in &rule.vulnerabilities {
        let stated = decode(&vulnerability.stated);
        let cells = count(&vulnerability.id, &stated, &findings);
        if cells != Cells::default() {
            alike.entry(cells).or_default().push(vulnerability.id.clone());
        }
    }
    alike.into_iter().map(|(cells, ids)| entry(rule, cells, ids)).collect()
}

fn count(vulnerability: &str, stated: &[(Stated, usize)], findings: &[Vec<(usize, Finding)>]) -> Cells {
    let mut cells = Cells::default();
    for of_row in findings {
        let mut here: Vec<(Stated, &Finding)> = Vec::new();
        for (leaf, finding) in of_row {
            here.extend(stated.iter().filter(|(_, l)| l == leaf).map(|(s, _)| (*s, finding)));
        }
        let Some(verdict) = conclude(vulnerability, &here) else { continue };
        let decided = match verdict.status {
            Status::Affected => &mut cells.affected,
            Status::Fixed => &mut cells.fixed,
            Status::NotAffected => &mut cells.not_affected,
            _ => {
                cells.unknown += 1;
                continue;
            }
        };
        *decided += 1;
        cells.tier = cells.tier.max(Some(verdict.tier));
    }
    cells
}

fn entry(rule: &Rule, cells: Cells, vulnerabilities: Vec<String>) -> (Entry, usize) {
    let parts = [cells.affected, cells.fixed, cells.not_affected, cells.unknown];
    let exact: usize = parts.iter().sum();
    let bands = parts.map(Band::of);
    // A total beside exact parts tells the banded one: where a part is banded, the total is the sum of the bands.
    let covered = if bands.iter().all(|b| b.is_exact()) { Band::of(exact) } else { bands.into_iter().sum() };
    let [affected, fixed, not_affected, unknown] = bands;
    let entry = Entry {
        advisory: rule.id.clone(),
        namespace: rule.namespace.clone(),
        version: rule.version.clone(),
        vulnerabilities,
        tier: cells.tier.unwrap_or(Tier::D).to_string(),
        affected,
        fixed,
        not_affected,
        unknown,
        covered,
        rest: Band::default(),
    };
    (entry, exact)
}

fn leaf(p: &super::rules::Product) -> Leaf {
    Leaf {
        vendor: p.vendor.clone(),
        product: p.product.clone(),
        name: p.name.clone(),
        range: p.range.clone(),
        models: p.models.clone(),
        purl: p.purl.clone(),
        narrowed_by: p.narrowed_by.clone(),
        context: p.context.clone(),
        ..Leaf::default()
    }
}

/// The root over salted rows. The salt is made from the holder's key and the rules, so it need not be kept, and nobody else
/// can find a row by trying.
fn commitment(assets: &[Asset], key: &SigningKey, rules: &str) -> String {
    let salt = sha256(&key.sign(format!("mainstay-answer/1 salt {rules}").as_bytes()));
    let mut tree = Frontier::default();
    for asset in assets {
        let row = sha256(asset.fields().join("\u{1f}").as_bytes());
        tree.push(leaf_hash(&[&salt, asset.asset.as_bytes(), &row]));
    }
    hex(&tree.root())
}

/// Reads an answer and says which key signed it.
pub(super) fn read(bytes: &[u8]) -> Result<(Answer, String)> {
    let (lines, key) = open(bytes)?;
    let refuse = |reason: String| Error::refused("answer-form", reason, "ask for the answer anew");
    let answer: Answer = serde_json::from_slice(lines).map_err(|e| refuse(e.to_string()))?;
    if answer.format != ANSWER_FORMAT {
        return Err(refuse(format!("want {ANSWER_FORMAT}, found {}", answer.format)));
    }
    Ok((answer, key))
}
