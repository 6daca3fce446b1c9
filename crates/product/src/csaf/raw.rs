//! The fields of a CSAF 2.0 document that are looked at, borrowed. What is missing reads as empty.

use serde::Deserialize;

use super::{Score, Stated};
use crate::text::{List, Text};

#[derive(Deserialize)]
pub(super) struct Raw<'a> {
    #[serde(borrow)]
    pub(super) document: Document<'a>,
    #[serde(borrow, default)]
    pub(super) product_tree: Tree<'a>,
    #[serde(borrow, default)]
    pub(super) vulnerabilities: List<Vulnerability<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Document<'a> {
    #[serde(borrow, default)]
    pub(super) csaf_version: Text<'a>,
    #[serde(borrow, default)]
    pub(super) title: Text<'a>,
    #[serde(borrow, default)]
    pub(super) publisher: Publisher<'a>,
    #[serde(borrow, default)]
    pub(super) tracking: Tracking<'a>,
    #[serde(borrow, default)]
    pub(super) distribution: Distribution<'a>,
    #[serde(borrow, default)]
    pub(super) notes: List<Note<'a>>,
}

#[derive(Deserialize, Default)]
pub(super) struct Publisher<'a> {
    #[serde(borrow, default)]
    pub(super) name: Text<'a>,
    #[serde(borrow, default)]
    pub(super) namespace: Text<'a>,
    #[serde(borrow, default)]
    pub(super) category: Text<'a>,
}

#[derive(Deserialize, Default)]
pub(super) struct Tracking<'a> {
    #[serde(borrow, default)]
    pub(super) id: Text<'a>,
    #[serde(borrow, default)]
    pub(super) version: Text<'a>,
    #[serde(borrow, default)]
    pub(super) status: Text<'a>,
    #[serde(borrow, default)]
    pub(super) current_release_date: Text<'a>,
    #[serde(borrow, default)]
    pub(super) initial_release_date: Text<'a>,
}

#[derive(Deserialize, Default)]
pub(super) struct Distribution<'a> {
    #[serde(borrow, default)]
    pub(super) tlp: Label<'a>,
}

#[derive(Deserialize, Default)]
pub(super) struct Label<'a> {
    #[serde(borrow, default)]
    pub(super) label: Text<'a>,
}

#[derive(Deserialize)]
pub(super) struct Note<'a> {
    #[serde(borrow, default)]
    pub(super) title: Text<'a>,
    #[serde(borrow, default)]
    pub(super) text: Text<'a>,
}

#[derive(Deserialize, Default)]
pub(super) struct Tree<'a> {
    #[serde(borrow, default)]
    pub(super) branches: List<Branch<'a>>,
    #[serde(borrow, default)]
    pub(super) full_product_names: List<Product<'a>>,
    #[serde(borrow, default)]
    pub(super) relationships: List<Relationship<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Branch<'a> {
    #[serde(borrow, default)]
    pub(super) category: Text<'a>,
    #[serde(borrow, default)]
    pub(super) name: Text<'a>,
    #[serde(borrow, default)]
    pub(super) product: Option<Product<'a>>,
    #[serde(borrow, default)]
    pub(super) branches: List<Branch<'a>>,
}

#[derive(Deserialize, Default)]
pub(super) struct Product<'a> {
    #[serde(borrow, default)]
    pub(super) product_id: Text<'a>,
    #[serde(borrow, default)]
    pub(super) name: Text<'a>,
    #[serde(borrow, default, rename = "product_identification_helper")]
    pub(super) helper: Helper<'a>,
}

#[derive(Deserialize, Default)]
pub(super) struct Helper<'a> {
    #[serde(borrow, default)]
    pub(super) cpe: Text<'a>,
    #[serde(borrow, default)]
    pub(super) purl: Text<'a>,
    #[serde(borrow, default)]
    pub(super) model_numbers: List<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) skus: List<Text<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Relationship<'a> {
    #[serde(borrow, default)]
    pub(super) category: Text<'a>,
    #[serde(borrow, default)]
    pub(super) product_reference: Text<'a>,
    #[serde(borrow, default)]
    pub(super) relates_to_product_reference: Text<'a>,
    #[serde(borrow, default)]
    pub(super) full_product_name: Product<'a>,
}

#[derive(Deserialize)]
pub(super) struct Vulnerability<'a> {
    #[serde(borrow, default)]
    pub(super) cve: Text<'a>,
    #[serde(borrow, default)]
    pub(super) ids: List<Id<'a>>,
    #[serde(borrow, default)]
    pub(super) title: Text<'a>,
    #[serde(borrow, default)]
    pub(super) product_status: Statuses<'a>,
    #[serde(borrow, default)]
    scores: List<Scores<'a>>,
    #[serde(borrow, default)]
    pub(super) remediations: List<Remediation<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Id<'a> {
    #[serde(borrow, default)]
    pub(super) text: Text<'a>,
}

#[derive(Deserialize, Default)]
pub(super) struct Statuses<'a> {
    #[serde(borrow, default)]
    first_affected: List<Text<'a>>,
    #[serde(borrow, default)]
    known_affected: List<Text<'a>>,
    #[serde(borrow, default)]
    last_affected: List<Text<'a>>,
    #[serde(borrow, default)]
    known_not_affected: List<Text<'a>>,
    #[serde(borrow, default)]
    first_fixed: List<Text<'a>>,
    #[serde(borrow, default)]
    fixed: List<Text<'a>>,
    #[serde(borrow, default)]
    under_investigation: List<Text<'a>>,
}

impl<'a> Statuses<'a> {
    pub(super) fn groups(&self) -> [(Stated, &[Text<'a>]); 7] {
        [
            (Stated::Affected, &self.first_affected.0),
            (Stated::Affected, &self.known_affected.0),
            (Stated::Affected, &self.last_affected.0),
            (Stated::NotAffected, &self.known_not_affected.0),
            (Stated::Fixed, &self.first_fixed.0),
            (Stated::Fixed, &self.fixed.0),
            (Stated::UnderInvestigation, &self.under_investigation.0),
        ]
    }
}

#[derive(Deserialize)]
struct Scores<'a> {
    #[serde(borrow, default)]
    cvss_v2: Option<Cvss<'a>>,
    #[serde(borrow, default)]
    cvss_v3: Option<Cvss<'a>>,
    #[serde(borrow, default)]
    cvss_v4: Option<Cvss<'a>>,
}

#[derive(Deserialize)]
struct Cvss<'a> {
    #[serde(borrow, default)]
    version: Text<'a>,
    #[serde(borrow, default, rename = "vectorString")]
    vector: Text<'a>,
    #[serde(default, rename = "baseScore")]
    base: Option<f64>,
}

#[derive(Deserialize)]
pub(super) struct Remediation<'a> {
    #[serde(borrow, default)]
    pub(super) category: Text<'a>,
    #[serde(borrow, default)]
    pub(super) details: Text<'a>,
    #[serde(borrow, default)]
    pub(super) url: Text<'a>,
}

impl Vulnerability<'_> {
    /// Of the newest CVSS version given, the highest base score.
    pub(super) fn best_score(&self) -> Option<Score> {
        let mut best: Option<(u8, &Cvss<'_>, f64)> = None;
        for scores in &self.scores.0 {
            for (generation, cvss) in [(2, &scores.cvss_v2), (3, &scores.cvss_v3), (4, &scores.cvss_v4)] {
                let Some((cvss, base)) =
                    cvss.as_ref().and_then(|c| Some((c, c.base.filter(|b| (0.0..=10.0).contains(b))?)))
                else {
                    continue;
                };
                if best.is_none_or(|(g, _, b)| (generation, base) > (g, b)) {
                    best = Some((generation, cvss, base));
                }
            }
        }
        best.map(|(_, cvss, base)| Score {
            version: cvss.version.as_str().to_owned(),
            base,
            vector: cvss.vector.as_str().to_owned(),
        })
    }
}
