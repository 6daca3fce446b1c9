//! The ranked list of exposures with what it knows nothing about, and the explanation of one row. Reads what was folded;
//! matches nothing.
mod candidates;
mod coverage;
mod explained;

use crate::advisory::Marks;
use crate::changed::list as split;
use crate::exploited::EXPLOITED;
use crate::stake::{self, Stakes};
use candidates::Candidates;
use ledger::{Result, Tx};
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;

pub use coverage::Coverage;
pub use explained::{Explanation, explain};

/// What the list is asked for; empty fields ask for all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// A part of a vulnerability, a subject, an owner or a holder, whatever its case.
    pub text: Option<String>,
    /// A status.
    pub status: Option<String>,
    /// A vulnerability, exactly.
    pub vulnerability: Option<String>,
    /// A subject, exactly.
    pub subject: Option<String>,
    /// The owner's key.
    pub owner: Option<String>,
    /// A country.
    pub country: Option<String>,
    /// `asset`, `organisation`, `constituency`, `sector`.
    pub level: Option<String>,
    /// A function that the subject supports.
    pub function: Option<String>,
    /// Only where exploitation is known.
    pub exploited: bool,
    /// Rows to pass over.
    pub offset: usize,
    /// Rows to give at most.
    pub limit: Option<usize>,
}

/// How many: at least and at most (`None` = not known).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Count {
    /// At least.
    pub min: i64,
    /// At most.
    pub max: Option<i64>,
}

/// One row. Its serialised form is the stable one of `exposure list --format jsonl`; the rest is for pages and asks.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExposureRow {
    /// `asset`, `organisation`, `constituency`, `sector`.
    pub level: String,
    /// The asset's key, else the organisation's, else `ISO:sector`.
    pub subject: String,
    /// The asset's key, at that level.
    pub asset: Option<String>,
    /// Source of the inventory or answer; of a candidate, the advisory's publisher.
    pub source: String,
    /// The CVE, else another id.
    pub vulnerability: String,
    /// The deciding document.
    pub advisory: String,
    /// Other documents that speak of it.
    pub also: Vec<String>,
    /// Status.
    pub status: String,
    /// A to E; none for a candidate.
    #[serde(serialize_with = "or_null")]
    pub tier: String,
    /// `purl`, `model`, `name`, `remote`, `candidate`…
    pub method: String,
    /// Who holds the knowledge, where somebody does.
    #[serde(serialize_with = "or_null")]
    pub holder: String,
    /// How many.
    pub count: Count,
    /// Title of the deciding document.
    #[serde(skip)]
    pub title: String,
    /// Publisher of the deciding document.
    #[serde(skip)]
    pub publisher: String,
    /// Rank of the resolved marking of the deciding document.
    #[serde(skip)]
    pub tlp: i64,
    /// For whom it is so; above that there is another row, or none.
    #[serde(skip)]
    pub marks: Marks,
    /// The least mark up to which documents must be read for the decision to be this one. What speaks of it beside may be marked higher.
    #[serde(skip)]
    pub rests_on: stix::Tlp,
    /// The owner's key.
    #[serde(skip)]
    pub owner: String,
    /// Country in which it lies.
    #[serde(skip)]
    pub country: String,
    /// Functions at stake, by key.
    #[serde(skip)]
    pub functions: Vec<String>,
    /// Exploitation is known.
    #[serde(skip)]
    pub exploited: bool,
    /// CVSS base score in tenths.
    #[serde(skip)]
    pub severity: Option<i64>,
    /// The decision in a sentence.
    #[serde(skip)]
    pub reason: String,
    /// Why it stands where it stands in the list.
    #[serde(skip)]
    pub rank: String,
    /// Since when its status is so, known time in microseconds.
    #[serde(skip)]
    pub since: i64,
}

impl ExposureRow {
    /// The mark of the row, with all that it names. Whose products are weak is not public even where the advisory is; a candidate tells of
    /// nobody.
    pub fn mark(&self) -> stix::Tlp {
        let documents = self.marks.from.max(stix::Tlp::from_rank(self.tlp));
        if self.level == "sector" { documents } else { documents.max(stix::Tlp::Amber) }
    }

    /// Whether it is the row of those for whom `may` says of a mark that they may read it.
    pub fn seen(&self, may: impl Fn(stix::Tlp) -> bool) -> bool {
        // What was recorded before marks were told apart is for whoever may read the deciding document.
        may(stix::Tlp::from_rank(self.tlp)) && self.marks.seen(may)
    }

    /// Of which subject and vulnerability, by whose data.
    fn exposure(&self) -> [&str; 4] {
        [&self.level, &self.source, &self.subject, &self.vulnerability]
    }

    /// Whether a row says the same as another, whatever else speaks of it.
    fn decides_as(&self, other: &ExposureRow) -> bool {
        fn decision(row: &ExposureRow) -> ([&str; 5], i64) {
            ([&row.status, &row.tier, &row.method, &row.advisory, &row.reason], row.tlp)
        }
        decision(self) == decision(other)
    }
}

fn or_null<S: Serializer>(text: &str, s: S) -> std::result::Result<S::Ok, S::Error> {
    if text.is_empty() { s.serialize_none() } else { s.serialize_some(text) }
}

/// The list.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listed {
    /// What all documents together say, ranked.
    pub rows: Vec<ExposureRow>,
    /// What some say who do not know the rest: the rows of those who may not read all that a row of the list rests on, without candidates.
    /// Not filtered, nor in any order of rank.
    pub beneath: Vec<ExposureRow>,
    /// What it knows nothing about.
    pub coverage: Coverage,
}

/// The list, ranked: what is at stake first, then known exploitation, then severity; and what it knows nothing about.
pub fn list(tx: &mut Tx<'_>, stakes: &dyn Stakes, filter: &Filter) -> Result<Listed> {
    let (mut rows, beneath): (Vec<_>, Vec<_>) =
        held(tx, stakes)?.into_iter().partition(|row| row.marks.until.is_none());
    let candidates = Candidates::by_all(tx)?;
    let mut coverage = coverage::compute(tx, &rows, candidates.len())?;
    rows.retain(|row| wanted(&row.seen_as(), filter));
    let most = filter.limit.map_or(usize::MAX, |limit| filter.offset.saturating_add(limit));
    let (fit, first) = candidates.rows(filter, most);
    coverage.shown = rows.len() + fit;
    rows.extend(first);
    in_order(&mut rows);
    let mut rows: Vec<ExposureRow> =
        rows.into_iter().skip(filter.offset).take(filter.limit.unwrap_or(usize::MAX)).collect();
    rows.iter_mut().for_each(|row| row.rank = rank_in_words(row));
    Ok(Listed { rows, beneath, coverage })
}

/// The candidates that partners may be shown, for whoever may read documents of each mark. What others than a country's own body told of
/// that country makes no difference to them.
pub fn candidates_for_partners(tx: &mut Tx<'_>) -> Result<Vec<ExposureRow>> {
    Candidates::by_each_mark(tx)
}

/// Puts rows in the order of the list, by what they say of themselves.
pub fn in_order(rows: &mut [ExposureRow]) {
    rows.sort_by(|a, b| rank(a).cmp(&rank(b)));
}

/// All exposures that stand, for whomever they do, without candidates.
fn held(tx: &mut Tx<'_>, stakes: &dyn Stakes) -> Result<Vec<ExposureRow>> {
    let sql = format!(
        "SELECT e.level, e.subject, e.source, e.vuln, e.advisory, e.also, e.status, e.tier, e.method, e.holder, e.count_min, e.count_max, \
         a.title, a.publisher, e.tlp, e.owner, e.country, x.vuln, v.score, e.reason, e.since, s.node, s.functions, c.score, e.seen_from \
         FROM @exposure e LEFT JOIN (SELECT id, tlp, min(adv) AS adv FROM @advisory GROUP BY id, tlp) i ON i.id = e.advisory AND i.tlp = e.tlp \
         LEFT JOIN @advisory a ON a.adv = i.adv \
         LEFT JOIN (SELECT adv, vuln, max(score) AS score FROM @advisory_vuln GROUP BY adv, vuln) v ON v.adv = i.adv AND v.vuln = e.vuln \
         LEFT JOIN @asset s ON e.level = 'asset' AND s.source = e.source AND s.asset = e.subject \
         LEFT JOIN ({EXPLOITED}) x ON x.vuln = e.vuln LEFT JOIN @cve c ON c.vuln = e.vuln \
         WHERE e.threat = 'vulnerability' AND (e.status IS NOT NULL OR e.seen_from > 0) \
         ORDER BY e.level, e.source, e.subject, e.vuln, e.seen_from"
    );
    let mut functions: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    let mut rows: Vec<ExposureRow> = Vec::new();
    tx.each(&sql, &[], &mut |r| {
        let seen_from = stix::Tlp::from_rank(r.int(24));
        let level = r.text(0).to_owned();
        let subject = r.text(1).to_owned();
        let at_stake = functions
            .entry((subject.clone(), r.text(2).to_owned()))
            .or_insert_with(|| {
                stake::of(stakes, &subject, r.opt_text(21).unwrap_or_default(), r.opt_text(22).unwrap_or_default())
            })
            .clone();
        let mut row = ExposureRow {
            asset: (level == "asset").then(|| subject.clone()),
            level,
            subject,
            source: r.text(2).to_owned(),
            vulnerability: r.text(3).to_owned(),
            advisory: r.text(4).to_owned(),
            also: split(r.text(5)),
            // Without one it is only the end of what stands below.
            status: r.opt_text(6).unwrap_or_default().to_owned(),
            tier: r.text(7).to_owned(),
            method: r.text(8).to_owned(),
            holder: r.text(9).to_owned(),
            count: Count { min: r.opt_int(10).unwrap_or(0), max: r.opt_int(11) },
            title: r.opt_text(12).unwrap_or_default().to_owned(),
            publisher: r.opt_text(13).unwrap_or_default().to_owned(),
            tlp: r.int(14),
            marks: Marks { from: seen_from, until: None },
            rests_on: seen_from.max(stix::Tlp::from_rank(r.int(14))),
            owner: r.text(15).to_owned(),
            country: r.text(16).to_owned(),
            exploited: r.opt_text(17).is_some(),
            severity: r.opt_int(18).or(r.opt_int(23)),
            reason: r.text(19).to_owned(),
            since: r.int(20),
            functions: at_stake,
            rank: String::new(),
        };
        if let Some(below) = rows.last_mut().filter(|below| below.exposure() == row.exposure()) {
            below.marks.until = Some(seen_from);
            if below.decides_as(&row) {
                row.rests_on = below.rests_on;
            }
        }
        rows.push(row);
        Ok(())
    })?;
    rows.retain(|row| !row.status.is_empty());
    Ok(rows)
}

/// What a filter looks at, of a row that need not have been made.
pub(crate) struct Seen<'a> {
    level: &'a str,
    status: &'a str,
    vulnerability: &'a str,
    subject: &'a str,
    owner: &'a str,
    holder: &'a str,
    advisory: &'a str,
    country: &'a str,
    functions: &'a [String],
    exploited: bool,
}

impl ExposureRow {
    fn seen_as(&self) -> Seen<'_> {
        Seen {
            level: &self.level,
            status: &self.status,
            vulnerability: &self.vulnerability,
            subject: &self.subject,
            owner: &self.owner,
            holder: &self.holder,
            advisory: &self.advisory,
            country: &self.country,
            functions: &self.functions,
            exploited: self.exploited,
        }
    }
}

fn wanted(row: &Seen<'_>, filter: &Filter) -> bool {
    let is = |asked: &Option<String>, value: &str| asked.as_deref().is_none_or(|a| a.eq_ignore_ascii_case(value));
    let has = |text: &str| {
        let text = text.to_lowercase();
        [row.vulnerability, row.subject, row.owner, row.holder, row.advisory]
            .iter()
            .any(|v| v.to_lowercase().contains(&text))
    };
    is(&filter.status, row.status)
        && is(&filter.vulnerability, row.vulnerability)
        && is(&filter.subject, row.subject)
        && is(&filter.owner, row.owner)
        && is(&filter.country, row.country)
        && is(&filter.level, row.level)
        && filter.function.as_ref().is_none_or(|f| row.functions.contains(f))
        && (!filter.exploited || row.exploited)
        && filter.text.as_deref().is_none_or(has)
}

/// What needs somebody first.
fn urgency(status: &str) -> u8 {
    match status {
        "affected" => 0,
        "disputed" => 1,
        "review" => 2,
        "under_investigation" => 3,
        "unknown" => 4,
        "fixed" => 5,
        _ => 6,
    }
}

type Rank<'a> = (u8, std::cmp::Reverse<usize>, bool, std::cmp::Reverse<i64>, [&'a str; 4]);

fn rank(row: &ExposureRow) -> Rank<'_> {
    (
        urgency(&row.status),
        std::cmp::Reverse(row.functions.len()),
        !row.exploited,
        std::cmp::Reverse(row.severity.unwrap_or(-1)),
        [&row.vulnerability, &row.level, &row.source, &row.subject],
    )
}

/// The facts by which a row ranks, as a sentence.
fn rank_in_words(row: &ExposureRow) -> String {
    let stake = match row.functions.as_slice() {
        [] => "no function is known to rest on it".to_owned(),
        [one] => format!("{one} rests on it"),
        many => format!("{} functions rest on it ({})", many.len(), many.join(", ")),
    };
    let exploited = if row.exploited { "exploitation is known" } else { "no exploitation is known" };
    let severity =
        row.severity.map_or_else(|| "severity not stated".to_owned(), |s| format!("severity {}.{}", s / 10, s % 10));
    format!("{stake}; {exploited}; {severity}")
}
