//! The figures of a review as they are frozen: each with the keys of what was counted and what was not, as digests, so that nobody can later say that
//! something else was meant; and the sample that an inspector looks at, which nobody could choose.
use ledger::Micros;
use ledger::checkpoint::base64;
use ledger::merkle::{Hash, sha256};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use crate::figure::{Explanation, Figure, Item};
use crate::period::Period;

/// So many of each figure are drawn for inspection.
pub const SAMPLE: usize = 5;

/// One figure with what it rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Claim {
    /// The figure.
    #[serde(flatten)]
    pub figure: Figure,
    /// H over the keys of what was counted, base64: sorted, each followed by a line feed.
    pub counted: String,
    /// The same of what was looked at and not counted.
    pub not_counted: String,
}

/// Meta of `assure.frozen`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Frozen {
    /// The review.
    pub review: Period,
    /// Its period; the same, by its name in a bundle.
    pub period: Period,
    /// Facts that were so by then: the period's last instant.
    pub as_of: Micros,
    /// Facts that were known by then: when each partner was shown its own.
    pub known_as_of: Micros,
    /// The seed of the sample.
    pub seed: String,
    /// The packs by which it was computed: kind and name → digest.
    pub packs: BTreeMap<String, String>,
    /// Every measure and indicator.
    pub figures: Vec<Claim>,
    /// By whom.
    pub by: String,
}

impl Claim {
    /// What an explanation claims.
    pub fn of(explained: &Explanation) -> Claim {
        Claim {
            figure: explained.figure.clone(),
            counted: digest(&explained.counted),
            not_counted: digest(&explained.not_counted),
        }
    }
}

impl Frozen {
    /// H over the claim as it stands in the log, base64: what is vouched for.
    pub fn digest(&self) -> String {
        base64(&sha256(&serde_json::to_vec(self).unwrap_or_default()))
    }
}

fn digest(items: &[Item]) -> String {
    let mut keys: Vec<&str> = items.iter().map(|item| item.key.as_str()).collect();
    keys.sort_unstable();
    base64(&sha256(keys.iter().flat_map(|key| [key, "\n"]).collect::<String>().as_bytes()))
}

/// What an inspector looks at of one figure: of what was counted those few with the smallest hash of seed, root, measure and key. The seed was fixed when
/// nobody knew the figures; the root of the log before the freeze nobody knew when the seed was fixed.
pub fn sample<'a>(seed: &str, root: &Hash, explained: &'a Explanation) -> Vec<&'a Item> {
    let rank =
        |item: &Item| sha256(format!("{seed}\n{}\n{}\n{}", base64(root), explained.figure.id, item.key).as_bytes());
    let mut ranked: Vec<(Hash, &Item)> = explained.counted.iter().map(|item| (rank(item), item)).collect();
    ranked.sort_by_key(|(rank, _)| *rank);
    ranked.into_iter().take(SAMPLE).map(|(_, item)| item).collect()
}
