//! What a list knows nothing about: constituencies that have shared neither inventory nor answer, assets that cannot be
//! matched, exposures that nobody has decided.
use super::ExposureRow;
use ledger::{Result, Tx};
use serde::Serialize;

/// What is known and what is not, beside every list.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Coverage {
    /// Rows of all exposures, whatever was asked for.
    pub total: usize,
    /// Rows that fit what was asked for.
    pub shown: usize,
    /// Rows whose status is unknown.
    pub unknown: usize,
    /// Rows that a person must look at, disputed ones among them.
    pub review: usize,
    /// National bodies among the partners.
    pub constituencies: usize,
    /// Those of which neither inventory nor answer is held, by key.
    pub silent: Vec<String>,
    /// Assets held.
    pub assets: i64,
    /// Assets of which too little is stated to match them: neither package nor vendor with product or model.
    pub assets_unmatchable: i64,
    /// The share of what may be exposed of which nothing is known, 0 to 1; none where there is nothing to have a share of.
    pub unknown_share: Option<f64>,
}

impl Coverage {
    /// The unknown share in words.
    pub fn words(&self) -> String {
        let share = match self.unknown_share {
            None => "nothing is known: no advisory, no inventory, no partner".to_owned(),
            // Rounding must not turn a little into nothing, nor nearly all into all.
            Some(share) if share > 0.0 && share < 0.01 => {
                "nothing is known of less than 1 % of what may be exposed".to_owned()
            }
            Some(share) if share > 0.99 && share < 1.0 => {
                "nothing is known of more than 99 % of what may be exposed".to_owned()
            }
            Some(share) => format!("nothing is known of {:.0} % of what may be exposed", share * 100.0),
        };
        let silent = match self.silent.as_slice() {
            [] => String::new(),
            many => format!(
                "; {} of {} constituencies have shared nothing ({})",
                many.len(),
                self.constituencies,
                many.join(", ")
            ),
        };
        let unmatchable = match self.assets_unmatchable {
            0 => String::new(),
            n => format!("; {n} of {} assets cannot be matched by what is stated of them", self.assets),
        };
        format!("{share}{silent}{unmatchable}")
    }
}

impl Coverage {
    /// Of these rows alone: what somebody may know who sees nothing else.
    pub fn of_rows(rows: &[ExposureRow]) -> Coverage {
        let mut coverage = Coverage {
            total: rows.len(),
            shown: rows.len(),
            unknown: rows.iter().filter(|r| r.status == "unknown").count(),
            review: rows.iter().filter(|r| matches!(r.status.as_str(), "review" | "disputed")).count(),
            ..Coverage::default()
        };
        coverage.share();
        coverage
    }

    /// Of rows and of partners alike: a row counts as unknown until it is decided, a partner until it has said something.
    fn share(&mut self) {
        let open = self.unknown + self.review + self.silent.len();
        let whole = self.total + self.constituencies;
        self.unknown_share = (whole > 0).then(|| open as f64 / whole as f64);
    }
}

/// A national body among the partners.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Constituency {
    pub(super) key: String,
    pub(super) country: String,
    /// An inventory or an answer of it is held.
    pub(super) known: bool,
}

pub(super) fn constituencies(tx: &mut Tx<'_>) -> Result<Vec<Constituency>> {
    tx.all(
        "SELECT o.org, o.country, (SELECT count(*) FROM @answer w WHERE w.org = o.org), \
         (SELECT count(*) FROM @asset s WHERE s.source = o.org) FROM @org o WHERE o.kind = 'csirt' ORDER BY o.org",
        &[],
        |r| Constituency {
            key: r.text(0).to_owned(),
            country: r.opt_text(1).unwrap_or_default().to_owned(),
            known: r.int(2) + r.int(3) > 0,
        },
    )
}

/// Over the exposures that are held, and so many candidates beside them.
pub(super) fn compute(tx: &mut Tx<'_>, rows: &[ExposureRow], candidates: usize) -> Result<Coverage> {
    let partners = constituencies(tx)?;
    let assets = tx.one(
        "SELECT count(*), count(CASE WHEN purl = '' AND (vendor = '' OR (product = '' AND model = '')) THEN 1 END) FROM @asset",
        &[],
        |r| (r.int(0), r.int(1)),
    )?;
    let (assets, assets_unmatchable) = assets.unwrap_or_default();
    let of_rows = Coverage::of_rows(rows);
    let mut coverage = Coverage {
        total: of_rows.total + candidates,
        unknown: of_rows.unknown + candidates,
        constituencies: partners.len(),
        silent: partners.into_iter().filter(|p| !p.known).map(|p| p.key).collect(),
        assets,
        assets_unmatchable,
        ..of_rows
    };
    coverage.share();
    Ok(coverage)
}
