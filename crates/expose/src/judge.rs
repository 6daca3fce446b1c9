//! What all advisories together say of one subject and one vulnerability. Reads this stage's tables; the decision itself is
//! [`product::matching`]'s, the order of precedence between issuers is here.
use crate::advisory::{self, Prepared};
use crate::kinds::{Change, Level, Threat};
use crate::{inventory, sbom};
use ledger::{Result, Tx};
use product::csaf::Stated;
use product::inventory::Asset;
use product::matching::{Finding, Held, Status, Tier, Verdict, conclude, relate};
use product::vendor::Aliases;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use stix::Tlp;

/// Somebody's thing: a row of an inventory, the subject of a bill of materials, or both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Source of the inventory or document.
    pub source: String,
    /// The asset's key, else the document's id.
    pub key: String,
    /// Its row, where an inventory has one.
    pub asset: Option<Asset>,
    /// Index of the event that last changed it.
    pub idx: i64,
}

impl Subject {
    /// Whose it is: the owner that the row names, else the body that holds the inventory.
    pub fn owner(&self) -> &str {
        self.asset.as_ref().map(|a| a.owner.as_str()).filter(|o| !o.is_empty()).unwrap_or(&self.source)
    }

    /// Country in which it stands, else its owner's.
    pub fn country(&self) -> &str {
        let asset = self.asset.as_ref();
        let stands = asset.map(|a| a.country.as_str()).filter(|c| !c.is_empty());
        stands.or(asset.map(|a| a.owner_country.as_str())).unwrap_or_default()
    }

    /// Loads a subject; `None` where neither a row nor a bill of materials is held.
    pub fn load(tx: &mut Tx<'_>, source: &str, key: &str) -> Result<Option<Subject>> {
        let row = inventory::find(tx, source, key)?;
        let document = sbom::newest(tx, source, key)?;
        let idx = row.as_ref().map(|(i, _)| *i).max(document);
        Ok(idx.map(|idx| Subject { source: source.to_owned(), key: key.to_owned(), asset: row.map(|(_, a)| a), idx }))
    }
}

/// What is loaded once and used for many subjects of one cause.
#[derive(Default)]
pub struct Bench {
    advisories: BTreeMap<i64, Option<Rc<Prepared>>>,
    speaking: BTreeMap<String, Rc<Vec<i64>>>,
}

impl Bench {
    /// An advisory, prepared; `None` where a newer version has replaced it.
    pub fn advisory(&mut self, tx: &mut Tx<'_>, adv: i64) -> Result<Option<Rc<Prepared>>> {
        if let Some(held) = self.advisories.get(&adv) {
            return Ok(held.clone());
        }
        let prepared = advisory::prepare(tx, adv)?.map(Rc::new);
        self.advisories.insert(adv, prepared.clone());
        Ok(prepared)
    }

    fn speaking_of(&mut self, tx: &mut Tx<'_>, vulnerability: &str) -> Result<Rc<Vec<i64>>> {
        if let Some(held) = self.speaking.get(vulnerability) {
            return Ok(held.clone());
        }
        let found = Rc::new(advisory::speaking_of(tx, vulnerability)?);
        self.speaking.insert(vulnerability.to_owned(), found.clone());
        Ok(found)
    }

    /// Forgets, where a cause has come to its end and memory matters.
    pub fn trim(&mut self) {
        if self.advisories.len() > ADVISORIES_HELD_MAX {
            *self = Bench::default();
        }
    }
}

/// Prepared advisories kept at once: all of the corpus fit.
const ADVISORIES_HELD_MAX: usize = 4_096;

/// An advisory and what it says.
type Said = (Rc<Prepared>, Verdict);
/// What is so for whoever may read documents up to a mark, and up to the next; none where nothing is.
pub type Decisions = BTreeMap<Tlp, Option<Change>>;

/// One subject, compared with advisories as they are asked for.
pub struct Compared<'a> {
    subject: &'a Subject,
    row: Option<Held>,
    findings: BTreeMap<i64, Vec<Vec<(usize, Finding)>>>,
}

impl<'a> Compared<'a> {
    /// Prepares a subject.
    pub fn new(subject: &'a Subject) -> Compared<'a> {
        let row = subject.asset.as_ref().map(|a| Held::of(a, Aliases::shipped()));
        Compared { subject, row, findings: BTreeMap::new() }
    }

    /// Whether an advisory has anything to do with the subject.
    pub fn touches(&mut self, tx: &mut Tx<'_>, prepared: &Prepared) -> Result<bool> {
        Ok(self.findings(tx, prepared)?.iter().any(|of_one| !of_one.is_empty()))
    }

    /// For the row and each component that may matter: which leaves are it, and is the version inside.
    fn findings(&mut self, tx: &mut Tx<'_>, prepared: &Prepared) -> Result<&Vec<Vec<(usize, Finding)>>> {
        if !self.findings.contains_key(&prepared.adv) {
            let mut all = Vec::new();
            let mut held: Vec<Held> =
                self.row.iter().filter(|h| h.vendor.is_some() || h.purl.is_some()).cloned().collect();
            if prepared.leaves.iter().any(|l| l.purl.is_some()) {
                let components = sbom::components(tx, &self.subject.source, &self.subject.key, prepared.adv)?;
                held.extend(components.iter().map(Held::of_component));
            }
            for one in &held {
                let leaves = prepared.leaves.iter().enumerate();
                all.push(leaves.filter_map(|(i, leaf)| Some((i, relate(leaf, one)?))).collect());
            }
            self.findings.insert(prepared.adv, all);
        }
        Ok(self.findings.entry(prepared.adv).or_default())
    }

    fn verdict(&mut self, tx: &mut Tx<'_>, prepared: &Prepared, vulnerability: &str) -> Result<Option<Verdict>> {
        let Some(stated) = prepared.vulnerabilities.get(vulnerability) else { return Ok(None) };
        let mut worst: Option<Verdict> = None;
        for of_one in self.findings(tx, prepared)? {
            let mut here: Vec<(Stated, &Finding)> = Vec::new();
            for (leaf, finding) in of_one {
                here.extend(stated.iter().filter(|(_, l)| l == leaf).map(|(s, _)| (*s, finding)));
            }
            if let Some(verdict) = conclude(vulnerability, &here)
                && worst.as_ref().is_none_or(|w| gravity(verdict.status) < gravity(w.status))
            {
                worst = Some(verdict);
            }
        }
        Ok(worst)
    }

    /// What is so of the subject and a vulnerability, by the advisories up to each mark at which it may differ and to each of `more`;
    /// none where nothing is.
    pub fn judge(
        &mut self,
        tx: &mut Tx<'_>,
        bench: &mut Bench,
        vulnerability: &str,
        more: impl IntoIterator<Item = Tlp>,
    ) -> Result<Decisions> {
        let mut said: Vec<Said> = Vec::new();
        for adv in bench.speaking_of(tx, vulnerability)?.iter() {
            let Some(prepared) = bench.advisory(tx, *adv)? else { continue };
            if let Some(verdict) = self.verdict(tx, &prepared, vulnerability)? {
                said.push((prepared, verdict));
            }
        }
        let mut marks: BTreeSet<Tlp> = more.into_iter().collect();
        marks.extend(said.iter().flat_map(|(p, _)| p.marks.turns()));
        let at = |mark: Tlp| {
            let said: Vec<&Said> = said.iter().filter(|(p, _)| p.marks.at(mark)).collect();
            let (chosen, status, reason) = decide(&said)?;
            Some(Change { seen_from: mark, ..self.change(vulnerability, &said, chosen, status, reason) })
        };
        Ok(marks.into_iter().map(|mark| (mark, at(mark))).collect())
    }

    fn change(&self, vulnerability: &str, said: &[&Said], chosen: usize, status: Status, reason: String) -> Change {
        let subject = self.subject;
        let decided = said.get(chosen);
        let deciding = decided.map(|(p, _)| p.id.clone()).unwrap_or_default();
        let also: BTreeSet<String> = said.iter().map(|(p, _)| p.id.clone()).filter(|id| *id != deciding).collect();
        Change {
            level: Level::Asset,
            threat: Threat::Vulnerability,
            subject: subject.key.clone(),
            source: subject.source.clone(),
            vulnerability: vulnerability.to_owned(),
            seen_from: Tlp::Clear,
            seen_until: None,
            status: Some(status.as_str().to_owned()),
            was: None,
            tier: decided
                .map(|(_, v)| v.tier)
                .filter(|t| *t != Tier::E || status == Status::Review)
                .unwrap_or(Tier::D)
                .to_string(),
            method: decided.map(|(_, v)| v.method.to_string()).unwrap_or_default(),
            advisory: deciding,
            tlp: decided.map(|(p, _)| p.marks.from),
            also: also.into_iter().collect(),
            country: subject.country().to_owned(),
            holder: subject.source.clone(),
            count: Some((1, Some(1))),
            reason,
        }
    }
}

/// Among the components of one subject the gravest counts.
fn gravity(status: Status) -> u8 {
    match status {
        Status::Affected => 0,
        Status::Disputed => 1,
        Status::Review => 2,
        Status::UnderInvestigation => 3,
        Status::Unknown => 4,
        Status::Fixed => 5,
        Status::NotAffected => 6,
    }
}

/// Which advisory decides, and what is so. A statement about this very version by the product's supplier goes before one by a
/// coordinator, and within one issuer the newest; issuers of equal standing who contradict one another leave it disputed. That
/// a version lies outside what one advisory lists never weighs against another that lists it.
fn decide(said: &[&Said]) -> Option<(usize, Status, String)> {
    let best = |wanted: &dyn Fn(&Verdict) -> bool| {
        let among = said.iter().enumerate().filter(|(_, (_, v))| wanted(v));
        among
            .min_by_key(|(_, (p, v))| (p.precedence(), std::cmp::Reverse(p.released.clone()), v.tier, p.id.clone()))
            .map(|(i, _)| i)
    };
    let keep = |i: usize| said.get(i).map(|(_, v)| (i, v.status, v.reason.clone()));
    let affected = best(&|v| v.status == Status::Affected);
    let cleared = best(&|v| v.explicit && matches!(v.status, Status::NotAffected | Status::Fixed));
    if let (Some(yes), Some(no)) = (affected, cleared) {
        let (a, b) = (said.get(yes)?, said.get(no)?);
        if a.0.precedence() != b.0.precedence() {
            return keep(if a.0.precedence() < b.0.precedence() { yes } else { no });
        }
        if a.0.namespace == b.0.namespace && a.0.released != b.0.released {
            return keep(if a.0.released > b.0.released { yes } else { no });
        }
        let reason = format!("{} says affected, {} says {}: {}", a.0.id, b.0.id, b.1.status, a.1.reason);
        return Some((yes, Status::Disputed, reason));
    }
    let review = || best(&|v| v.status == Status::Review);
    let open = || best(&|v| v.status == Status::UnderInvestigation);
    affected.or(cleared).or_else(review).or_else(open).or_else(|| best(&|_| true)).and_then(keep)
}
