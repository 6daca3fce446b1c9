//! Reads a CSAF 2.0 document into what matching needs: who says it, which products (product tree of section 3.2.2 resolved
//! to leaves), which vulnerabilities with status, score and remedies. Not a validator, and names of full products are never
//! taken apart for meaning: facts come from the branches (section 3.1.2) and the helpers (section 3.1.3.3).

mod raw;
mod tree;

use std::collections::BTreeMap;

use crate::Fault;
use crate::place::{self, Areas, Sectors};
use raw::Raw;

/// One advisory.
#[derive(Debug, Clone, PartialEq)]
pub struct Advisory {
    /// `/document/tracking/id`; unique within the namespace.
    pub id: String,
    /// `/document/publisher/namespace`.
    pub namespace: String,
    /// `/document/publisher/name`.
    pub publisher: String,
    /// `/document/publisher/category`: vendor, coordinator, …
    pub publisher_category: String,
    /// `/document/tracking/version`.
    pub version: String,
    /// `/document/tracking/status`: draft, interim, final.
    pub status: String,
    /// `/document/title`.
    pub title: String,
    /// `/document/tracking/current_release_date`, as written.
    pub released: String,
    /// `/document/tracking/initial_release_date`, as written.
    pub first_released: String,
    /// `/document/distribution/tlp/label`, as written; `None` where unmarked.
    pub tlp: Option<String>,
    /// From the note titled "Critical infrastructure sectors".
    pub sectors: Sectors,
    /// From the note titled "Countries/areas deployed".
    pub areas: Areas,
    /// From the note titled "Company headquarters location".
    pub headquarters: Option<String>,
    /// All products that can be matched.
    pub leaves: Vec<Leaf>,
    /// The vulnerabilities, in document order.
    pub vulnerabilities: Vec<Vulnerability>,
    /// What is wrong with the document but did not stop the reading.
    pub warnings: Vec<String>,
}

/// A product of the tree with the facts of its ancestors.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Leaf {
    /// Its product id.
    pub id: String,
    /// Its full name, for people; never taken apart (section 3.1.3.1).
    pub name: String,
    /// The vendor branch, as written.
    pub vendor: String,
    /// The product name branch (else the family), as written; empty where the tree has none.
    pub product: String,
    /// The version or range, as written; `None` where the tree states none.
    pub range: Option<String>,
    /// Model numbers of the helper (wildcards `*` and `?` allowed, section 3.1.3.3.4).
    pub models: Vec<String>,
    /// Package URL of the helper.
    pub purl: Option<String>,
    /// CPE of the helper.
    pub cpe: Option<String>,
    /// Further facts that narrow it: architecture, language, host name …
    pub narrowed_by: Vec<String>,
    /// Where it is a component in the context of another product (relationship): category and that product's name.
    pub context: Option<String>,
}

/// What an advisory says of a product and a vulnerability (section 3.2.3.9, groups of b.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stated {
    /// `first_affected`, `known_affected`, `last_affected`.
    Affected,
    /// `known_not_affected`.
    NotAffected,
    /// `first_fixed`, `fixed`.
    Fixed,
    /// `under_investigation`.
    UnderInvestigation,
}

impl Stated {
    /// One letter for storage.
    pub fn letter(self) -> char {
        match self {
            Stated::Affected => 'a',
            Stated::NotAffected => 'n',
            Stated::Fixed => 'f',
            Stated::UnderInvestigation => 'i',
        }
    }

    /// From the letter.
    pub fn from_letter(letter: char) -> Option<Stated> {
        [Stated::Affected, Stated::NotAffected, Stated::Fixed, Stated::UnderInvestigation]
            .into_iter()
            .find(|s| s.letter() == letter)
    }
}

/// One vulnerability of an advisory.
#[derive(Debug, Clone, PartialEq)]
pub struct Vulnerability {
    /// The CVE, else the first id, else `tracking-id#n` counted from 1.
    pub id: String,
    /// Its title, if any.
    pub title: String,
    /// The best score: of the newest CVSS version given, the highest base score.
    pub cvss: Option<Score>,
    /// Indexes into the leaves, by what is stated of them.
    pub stated: BTreeMap<Stated, Vec<usize>>,
    /// What can be done.
    pub remediations: Vec<Remediation>,
}

/// A CVSS base score.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    /// `2.0`, `3.0`, `3.1`, `4.0`.
    pub version: String,
    /// 0.0 to 10.0.
    pub base: f64,
    /// The vector.
    pub vector: String,
}

/// One remediation (section 3.2.3.12).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remediation {
    /// `vendor_fix`, `workaround`, `mitigation`, `no_fix_planned`, `none_available`.
    pub category: String,
    /// What to do.
    pub details: String,
    /// Where to get it.
    pub url: String,
}

impl Advisory {
    /// Reads one document.
    pub fn read(bytes: &[u8]) -> Result<Advisory, Fault> {
        let raw: Raw<'_> = serde_json::from_slice(bytes).map_err(|e| Fault::json("csaf-malformed", &e))?;
        let document = &raw.document;
        let tracking = &document.tracking;
        if document.csaf_version.as_str() != "2.0" {
            let found = document.csaf_version.as_str();
            return Err(Fault::new("csaf-version", "/document/csaf_version", format!("want 2.0, found `{found}`")));
        }
        for (value, place) in [
            (&tracking.id, "/document/tracking/id"),
            (&tracking.version, "/document/tracking/version"),
            (&document.publisher.namespace, "/document/publisher/namespace"),
        ] {
            if value.is_blank() {
                return Err(Fault::new(
                    "csaf-identity-missing",
                    place,
                    "an advisory is known by its namespace, id and version",
                ));
            }
        }
        let mut warnings = Vec::new();
        let tree = tree::resolve(&raw.product_tree, &mut warnings)?;
        let vulnerabilities = vulnerabilities(&raw, &tree, &mut warnings);
        let note = |title: &str| {
            let found = document.notes.0.iter().find(|n| n.title.as_str().trim().eq_ignore_ascii_case(title));
            found.map(|n| n.text.as_str().trim().to_owned()).filter(|t| !t.is_empty())
        };
        let tlp = document.distribution.tlp.label.as_str().trim();
        Ok(Advisory {
            id: tracking.id.as_str().trim().to_owned(),
            namespace: document.publisher.namespace.as_str().trim().to_owned(),
            publisher: document.publisher.name.as_str().trim().to_owned(),
            publisher_category: document.publisher.category.as_str().to_owned(),
            version: tracking.version.as_str().trim().to_owned(),
            status: tracking.status.as_str().to_owned(),
            title: crate::text::repair(document.title.as_str().trim()).into_owned(),
            released: tracking.current_release_date.as_str().to_owned(),
            first_released: tracking.initial_release_date.as_str().to_owned(),
            tlp: (!tlp.is_empty()).then(|| tlp.to_owned()),
            sectors: place::sectors(note("Critical infrastructure sectors").as_deref().unwrap_or_default()),
            areas: place::areas(note("Countries/areas deployed").as_deref().unwrap_or_default()),
            headquarters: note("Company headquarters location"),
            leaves: tree.leaves,
            vulnerabilities,
            warnings,
        })
    }
}

fn vulnerabilities(raw: &Raw<'_>, tree: &tree::Resolved, warnings: &mut Vec<String>) -> Vec<Vulnerability> {
    let tracking = raw.document.tracking.id.as_str().trim();
    let mut all = Vec::with_capacity(raw.vulnerabilities.0.len());
    for (n, item) in raw.vulnerabilities.0.iter().enumerate() {
        let mut stated: BTreeMap<Stated, Vec<usize>> = BTreeMap::new();
        for (group, ids) in item.product_status.groups() {
            let leaves = stated.entry(group).or_default();
            for id in ids {
                match tree.by_id.get(id.as_str()) {
                    Some(leaf) => leaves.push(*leaf),
                    // CSAF 2.0, 6.1.1: missing definition of product ID.
                    None => warnings
                        .push(format!("/vulnerabilities/{n}: product `{}` is not in the product tree", id.as_str())),
                }
            }
        }
        stated.retain(|_, leaves| {
            leaves.sort_unstable();
            leaves.dedup();
            !leaves.is_empty()
        });
        let other = item.ids.0.iter().map(|i| i.text.as_str().trim()).find(|t| !t.is_empty());
        let id = match item.cve.as_str().trim() {
            "" => other.map_or_else(|| format!("{tracking}#{}", n + 1), str::to_owned),
            cve => cve.to_ascii_uppercase(),
        };
        let remediations = item.remediations.0.iter().map(|r| Remediation {
            category: r.category.as_str().to_owned(),
            details: r.details.as_str().trim().to_owned(),
            url: r.url.as_str().to_owned(),
        });
        all.push(Vulnerability {
            id,
            title: item.title.as_str().trim().to_owned(),
            cvss: item.best_score(),
            stated,
            remediations: remediations.collect(),
        });
    }
    all
}

#[cfg(test)]
mod tests;
