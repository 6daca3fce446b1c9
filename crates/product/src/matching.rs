//! The decision: does a product that an advisory names cover an asset that someone holds? Pure, and never a bare yes: each
//! answer has a status, a tier, a method, its evidence and a reason in words. What is not certain is tier E, for a person.
//!
//! Two steps. [`relate`] compares one product of an advisory with one asset: is it the same thing, and does the version lie
//! in the range? [`conclude`] puts the findings of one advisory about one vulnerability together.

mod names;

use std::collections::BTreeSet;
use std::fmt;

use crate::csaf::{Leaf, Stated};
use crate::cyclonedx::Component;
use crate::inventory::Asset;
use crate::purl::{Purl, Qualified};
use crate::vendor::Aliases;
use crate::version::range::Contains;
use crate::version::{Range, parse_range};
use names::{closeness, model_key, model_matches, names_of, product_words};

/// What is so for an asset and a vulnerability.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// It is affected.
    Affected,
    /// It is not: outside all ranges, or said so.
    NotAffected,
    /// It has the fix.
    Fixed,
    /// The supplier does not know yet.
    UnderInvestigation,
    /// Two sources contradict one another.
    Disputed,
    /// A person must look.
    Review,
    /// Nothing is known.
    Unknown,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Status {
    const ALL: [Status; 7] = [
        Status::Affected,
        Status::NotAffected,
        Status::Fixed,
        Status::UnderInvestigation,
        Status::Disputed,
        Status::Review,
        Status::Unknown,
    ];

    /// The word used in every output.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Affected => "affected",
            Status::NotAffected => "not_affected",
            Status::Fixed => "fixed",
            Status::UnderInvestigation => "under_investigation",
            Status::Disputed => "disputed",
            Status::Review => "review",
            Status::Unknown => "unknown",
        }
    }

    /// From the word.
    pub fn from_word(word: &str) -> Option<Status> {
        Status::ALL.into_iter().find(|s| s.as_str() == word)
    }
}

/// How sure the identity is (spec b.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// Exact identifier and range.
    A,
    /// CPE and range.
    B,
    /// Model number and range.
    C,
    /// Vendor, product and range by name.
    D,
    /// For a person.
    E,
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Tier::A => "A",
            Tier::B => "B",
            Tier::C => "C",
            Tier::D => "D",
            Tier::E => "E",
        })
    }
}

/// By what the asset was recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    /// Package URL.
    Purl,
    /// Model number.
    Model,
    /// Vendor and product name.
    Name,
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Method::Purl => "purl",
            Method::Model => "model",
            Method::Name => "name",
        })
    }
}

/// The answer about one asset and one vulnerability.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// What is so.
    pub status: Status,
    /// How sure; E only with review.
    pub tier: Tier,
    /// By what.
    pub method: Method,
    /// Said so of this very version; otherwise it follows, as when a version lies outside every affected range.
    pub explicit: bool,
    /// The facts it rests on, strongest first.
    pub evidence: Vec<String>,
    /// One sentence.
    pub reason: String,
}

/// A product of an advisory, prepared for comparing.
#[derive(Debug, Clone)]
pub struct AffectedProduct {
    /// Keys of the vendor field.
    pub vendors: BTreeSet<String>,
    words: Vec<String>,
    models: Vec<String>,
    /// Package URL, if any.
    pub purl: Option<Purl>,
    range: Range,
    range_text: Option<String>,
    doubts: Vec<String>,
    only: Vec<String>,
    name: String,
}

/// An asset, prepared for comparing.
#[derive(Debug, Clone)]
pub struct Held {
    /// Key of its vendor, if stated.
    pub vendor: Option<String>,
    names: Vec<Vec<String>>,
    models: Vec<String>,
    /// Package URL, if any.
    pub purl: Option<Purl>,
    version: String,
}

/// How one product of an advisory stands to one asset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// By what it was recognised.
    pub method: Method,
    /// Whether the identity is certain; otherwise the names are only close.
    pub certain: bool,
    /// Whether the version lies in the range.
    pub contains: Contains,
    /// The product is one of these hardware models and the asset's model is not known; empty where that does not matter.
    pub model_open: Vec<String>,
    /// Only these vulnerabilities are meant; empty = all.
    pub only: Vec<String>,
    /// The fact, in words.
    pub evidence: String,
}

impl AffectedProduct {
    /// Prepares a leaf of an advisory.
    pub fn of(leaf: &Leaf, aliases: &Aliases) -> AffectedProduct {
        let vendors = aliases.keys(&leaf.vendor);
        let product = if leaf.product.is_empty() { &leaf.name } else { &leaf.product };
        let (words, own_model) = product_words(product, &vendors);
        let mut models: Vec<String> = leaf.models.iter().map(|m| model_key(m)).filter(|m| m.len() >= 4).collect();
        models.extend(own_model);
        models.sort();
        models.dedup();
        let mut doubts: Vec<String> = leaf.narrowed_by.iter().map(|n| format!("it is narrowed by {n}")).collect();
        doubts
            .extend(leaf.context.iter().map(|c| format!("it is meant only as {c}, which the inventory does not show")));
        if leaf.product.is_empty() && leaf.purl.is_none() {
            doubts.push("the advisory gives a name without vendor and product branches".to_owned());
        }
        let range = leaf.range.as_deref().map_or_else(|| parse_range(""), parse_range);
        AffectedProduct {
            vendors,
            words,
            models,
            purl: leaf.purl.as_deref().and_then(Purl::parse),
            only: range.only.clone(),
            range,
            range_text: leaf.range.clone(),
            doubts,
            name: product.clone(),
        }
    }

    fn range_says(&self) -> String {
        match &self.range_text {
            _ if self.range.is_all() => "all versions".to_owned(),
            Some(text) if !self.range.is_decided() => format!("`{text}`"),
            Some(text) => text.trim().trim_start_matches("vers:all/").to_owned(),
            None => "no version stated".to_owned(),
        }
    }
}

impl Held {
    /// Prepares a row of an inventory.
    pub fn of(asset: &Asset, aliases: &Aliases) -> Held {
        let vendor = aliases.key(&asset.vendor);
        let purl = Purl::parse(&asset.purl);
        let version = match asset.version.trim() {
            "" => purl.as_ref().and_then(|p| p.version.clone()).unwrap_or_default(),
            version => version.to_owned(),
        };
        let (names, models) = names_of(asset, vendor.as_deref());
        Held { vendor, names, models, purl, version }
    }

    /// Prepares a component of an SBOM; it is known by its package URL alone.
    pub fn of_component(component: &Component) -> Held {
        let purl = Purl::parse(&component.purl);
        let version = purl.as_ref().and_then(|p| p.version.clone()).unwrap_or_else(|| component.version.clone());
        Held { vendor: None, names: Vec::new(), models: Vec::new(), purl, version }
    }

    fn version_says(&self) -> &str {
        if self.version.is_empty() { "a version not stated" } else { &self.version }
    }
}

/// Compares one product of an advisory with one asset; `None` where they are different things.
pub fn relate(product: &AffectedProduct, held: &Held) -> Option<Finding> {
    if let (Some(stated), Some(own)) = (&product.purl, &held.purl) {
        // Where both have a package URL it decides alone (spec b.2).
        return by_purl(product, stated, own, held);
    }
    let same_vendor = held.vendor.as_ref().is_some_and(|v| product.vendors.contains(v));
    let vendor_open = held.vendor.is_none();
    if !same_vendor && !vendor_open {
        return None;
    }
    let listed = held.models.iter().find(|own| product.models.iter().any(|stated| model_matches(stated, own)));
    if let Some(model) = listed {
        let evidence = format!("model {model} is listed");
        return Some(finding(product, held, Method::Model, same_vendor, evidence));
    }
    if other_model(product, held) {
        return None;
    }
    let (closest, words) =
        held.names.iter().map(|words| (closeness(&product.words, words), words)).max_by_key(|(c, _)| *c)?;
    match closest {
        names::Closeness::Same => {
            let evidence = format!("vendor and product are the advisory's `{}`", product.name.trim());
            let found = finding(product, held, Method::Name, same_vendor, evidence);
            Some(Finding { model_open: product.models.clone(), ..found })
        }
        names::Closeness::Part if same_vendor => {
            let evidence = format!("`{}` may be the advisory's `{}`", words.join(" "), product.name.trim());
            Some(finding(product, held, Method::Name, false, evidence))
        }
        _ => None,
    }
}

/// The advisory names an order number of the same shape as the asset's, and it is another.
fn other_model(product: &AffectedProduct, held: &Held) -> bool {
    !product.models.is_empty()
        && held.models.iter().any(|own| product.models.iter().any(|stated| names::same_shape(stated, own)))
}

fn by_purl(product: &AffectedProduct, stated: &Purl, own: &Purl, held: &Held) -> Option<Finding> {
    if stated.base != own.base {
        return None;
    }
    let qualified = stated.qualifies(own);
    if qualified == Qualified::No {
        return None;
    }
    let contains = stated.contains(product.range_text.as_deref(), &held.version);
    let contains = match (qualified, contains) {
        (Qualified::NotStated, Contains::Yes) => {
            Contains::Unknown("the component does not state a qualifier that the advisory asks for")
        }
        (_, contains) => contains,
    };
    let contains = doubt(product, contains);
    let wanted = match (&product.range_text, &stated.version) {
        (Some(_), _) => product.range_text.clone().unwrap_or_default(),
        (None, Some(version)) => format!("exactly {version}"),
        (None, None) => "all versions".to_owned(),
    };
    let evidence = format!("package {} at {}; the advisory says {wanted}", own.base, held.version_says());
    Some(Finding {
        method: Method::Purl,
        certain: true,
        contains,
        model_open: Vec::new(),
        only: product.only.clone(),
        evidence,
    })
}

fn finding(product: &AffectedProduct, held: &Held, method: Method, certain: bool, evidence: String) -> Finding {
    let contains = doubt(product, product.range.contains(&held.version));
    let evidence = format!("{evidence}; it runs {}, the advisory says {}", held.version_says(), product.range_says());
    Finding { method, certain, contains, model_open: Vec::new(), only: product.only.clone(), evidence }
}

/// A fact of the advisory that cannot be checked against the asset takes the certainty from a yes.
fn doubt(product: &AffectedProduct, contains: Contains) -> Contains {
    match (contains, product.doubts.is_empty()) {
        (Contains::Yes, false) => {
            Contains::Unknown("the advisory narrows the product by facts that the inventory does not show")
        }
        (contains, _) => contains,
    }
}

/// Puts together what one advisory says about one vulnerability and one asset. `None` where nothing follows.
pub fn conclude(vulnerability: &str, findings: &[(Stated, &Finding)]) -> Option<Verdict> {
    let meant = |f: &Finding| f.only.is_empty() || f.only.iter().any(|id| id.eq_ignore_ascii_case(vulnerability));
    let meant: Vec<(Stated, &Finding)> = findings.iter().filter(|(_, f)| meant(f)).copied().collect();
    let strongest = meant.iter().filter(|(_, f)| f.certain).map(|(_, f)| f.method).min();
    let Some(method) = strongest else {
        return close_only(&meant);
    };
    // A certain identity makes weaker ones of the same advisory noise: they are other products.
    let certain: Vec<(Stated, &Finding)> = meant.into_iter().filter(|(_, f)| f.certain && f.method == method).collect();
    let inside: BTreeSet<Stated> =
        certain.iter().filter(|(_, f)| f.contains == Contains::Yes).map(|(s, _)| *s).collect();
    let open = certain.iter().find_map(|(_, f)| match f.contains {
        Contains::Unknown(why) => Some(why),
        _ => None,
    });
    let models_differ = models_differ(&certain);
    let mut single = inside.iter();
    let (status, why) = match (single.next(), single.next()) {
        _ if models_differ => (Status::Review, "the models of this product differ and the asset's model is not stated"),
        (Some(_), Some(_)) => (Status::Review, "the advisory contradicts itself about this version"),
        // One statement holds; an open range of the same kind cannot change it.
        (Some(Stated::Affected), None) => (Status::Affected, "its version lies in the affected range"),
        (Some(_), None) if open.is_some() => (Status::Review, open.unwrap_or_default()),
        (Some(Stated::NotAffected), None) => (Status::NotAffected, "the advisory says that it is not affected"),
        (Some(Stated::Fixed), None) => (Status::Fixed, "its version has the fix"),
        (Some(Stated::UnderInvestigation), None) => (Status::UnderInvestigation, "the supplier has not decided yet"),
        (None, _) => match open {
            Some(why) => (Status::Review, why),
            None if certain.iter().any(|(s, _)| *s == Stated::Affected) => {
                (Status::NotAffected, "its version lies outside every affected range")
            }
            None if certain.iter().any(|(s, _)| *s == Stated::Fixed) => {
                // "Fixed in 2.0" does not say that 1.0 is affected (spec b.5, item 5).
                (Status::Review, "the advisory states only which version is fixed, and this is another")
            }
            None => return None,
        },
    };
    let tier = match (status, method) {
        (Status::Review, _) => Tier::E,
        (_, Method::Purl) => Tier::A,
        (_, Method::Model) => Tier::C,
        (_, Method::Name) => Tier::D,
    };
    Some(Verdict { explicit: !inside.is_empty(), ..verdict(status, tier, method, why, &certain) })
}

/// One statement takes in one hardware model and leaves out another, and the asset may be either: vendors restart their
/// numbering between hardware generations (spec b.4).
fn models_differ(certain: &[(Stated, &Finding)]) -> bool {
    let open = |contains: Contains, stated: Stated| {
        certain.iter().filter(move |(s, f)| *s == stated && f.contains == contains).map(|(_, f)| &f.model_open)
    };
    let groups: BTreeSet<Stated> = certain.iter().map(|(s, _)| *s).collect();
    groups.into_iter().any(|stated| {
        let mut inside = open(Contains::Yes, stated).filter(|m| !m.is_empty()).peekable();
        if inside.peek().is_none() {
            return false;
        }
        // A model that any statement takes in is in; one that none does is out.
        let taken: BTreeSet<&Vec<String>> = inside.collect();
        open(Contains::No, stated).any(|models| !models.is_empty() && !taken.contains(models))
    })
}

/// Names that are only close make a question, never an answer. Where the version would be outside anyway there is none.
fn close_only(meant: &[(Stated, &Finding)]) -> Option<Verdict> {
    let asked: Vec<(Stated, &Finding)> =
        meant.iter().filter(|(s, f)| *s == Stated::Affected && f.contains != Contains::No).copied().collect();
    let (_, first) = asked.first()?;
    let why = "the names are close but not the same";
    Some(verdict(Status::Review, Tier::E, first.method, why, &asked))
}

/// Most facts that one verdict lists.
const EVIDENCE_MAX: usize = 5;

fn verdict(status: Status, tier: Tier, method: Method, why: &str, findings: &[(Stated, &Finding)]) -> Verdict {
    let bears = |f: &Finding| match status {
        Status::Review => f.contains != Contains::No,
        Status::NotAffected => true,
        _ => f.contains == Contains::Yes,
    };
    let mut evidence: Vec<String> =
        findings.iter().filter(|(_, f)| bears(f)).map(|(_, f)| f.evidence.clone()).collect();
    if evidence.is_empty() {
        evidence = findings.iter().map(|(_, f)| f.evidence.clone()).collect();
    }
    evidence.sort();
    evidence.dedup();
    let reason = evidence.first().map_or_else(|| why.to_owned(), |first| format!("{why}: {first}"));
    if evidence.len() > EVIDENCE_MAX {
        let more = evidence.len() - EVIDENCE_MAX;
        evidence.truncate(EVIDENCE_MAX);
        evidence.push(format!("and {more} more products of the same advisory"));
    }
    Verdict { status, tier, method, explicit: false, evidence, reason }
}

/// One product, one asset, one statement: the whole decision for callers that have no more.
pub fn decide(product: &AffectedProduct, stated: Stated, vulnerability: &str, held: &Held) -> Option<Verdict> {
    let finding = relate(product, held)?;
    conclude(vulnerability, &[(stated, &finding)])
}

#[cfg(test)]
mod tests;
