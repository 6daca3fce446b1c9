//! What this stage reads of the stage below: who is affected now, what the deciding document says to do, and whether what an
//! ask was about is no more.
use crate::plan::{Exposure, Planned};
use expose::Stakes;
use ledger::{Result, Tx};
use std::collections::{BTreeMap, BTreeSet};
use stix::Tlp;

/// The event by which the stage below says that somebody's exposures changed.
pub(crate) const CHANGED: &str = expose::kinds::CHANGED;
/// A remediation is shortened to so many characters; the advisory has the rest.
const FIX_CHARS: usize = 300;

/// All that is affected now, for whomever it is: assets, and counts that a holder told of. Candidates are not: nobody is known to have
/// them. Exploitation counts where a public catalogue says so: what a partner saw and shared with some is in no text, order or hour that
/// goes to another.
pub(crate) fn affected(tx: &mut Tx<'_>, stakes: &dyn Stakes) -> Result<Vec<Exposure>> {
    let filter = expose::Filter { status: Some("affected".to_owned()), ..expose::Filter::default() };
    let expose::Listed { rows, beneath, .. } = expose::list(tx, stakes, &filter)?;
    let beneath = beneath.into_iter().filter(|row| row.status == "affected");
    let exploited = expose::exploited::public(tx)?;
    let some = |text: String| Some(text).filter(|t| !t.is_empty());
    Ok(rows
        .into_iter()
        .chain(beneath)
        .map(|row| Exposure {
            count: (row.level != "asset").then_some((row.count.min, row.count.max)),
            level: row.level,
            subject: row.subject,
            source: row.source,
            owner: some(row.owner),
            holder: some(row.holder),
            country: some(row.country),
            advisory: row.advisory,
            title: row.title,
            tlp: Tlp::from_rank(row.tlp),
            marks: row.marks,
            rests_on: row.rests_on,
            known_by: if row.tier.is_empty() { row.reason } else { format!("tier {}: {}", row.tier, row.reason) },
            method: row.method,
            functions: row.functions,
            exploited: exploited.contains(&row.vulnerability),
            vulnerability: row.vulnerability,
            severity: row.severity.unwrap_or(0),
            compromised: false,
        })
        .collect())
}

/// The remediations that a document names for these vulnerabilities, each once; by the version that readers of its mark have.
pub(crate) fn fixes(tx: &mut Tx<'_>, advisory: &str, tlp: Tlp, vulnerabilities: &[String]) -> Result<Vec<String>> {
    let sql = "SELECT v.vuln, v.fix FROM @advisory a JOIN @advisory_vuln v ON v.adv = a.adv WHERE a.id = $1 AND a.tlp <= $2 \
               AND (a.until IS NULL OR a.until > $2) AND v.fix <> '' ORDER BY v.adv, v.n";
    let args = [advisory.into(), tlp.rank().into()];
    let rows = tx.all(sql, &args, |r| (r.text(0).to_owned(), r.text(1).to_owned()))?;
    let mut seen = BTreeSet::new();
    let mine = rows.into_iter().filter(|(vulnerability, _)| vulnerabilities.contains(vulnerability));
    Ok(mine.map(|(_, fix)| shorten(&fix)).filter(|fix| seen.insert(fix.clone())).collect())
}

fn shorten(fix: &str) -> String {
    let words = fix.split_whitespace().collect::<Vec<_>>().join(" ");
    match words.char_indices().nth(FIX_CHARS) {
        Some((at, _)) => format!("{}…", words.get(..at).unwrap_or_default().trim_end()),
        None => words,
    }
}

/// How what an ask was about came to its end, and whose data shows it.
pub(crate) struct Gone {
    /// Source of the inventory or answer.
    pub(crate) source: String,
    /// `fixed`, `not_affected`, `removed`, `withdrawn`.
    pub(crate) outcome: String,
}

/// The end of what an ask was about, as far as whoever was asked may know; nothing while any of it is affected or undecided.
pub(crate) fn gone(tx: &mut Tx<'_>, planned: &Planned, may: &dyn Fn(Tlp) -> bool) -> Result<Option<Gone>> {
    let mut last: Option<(i64, Gone)> = None;
    for vulnerability in &planned.vulnerabilities {
        for row in seen(tx, planned, vulnerability, may)? {
            let outcome = match row.status.as_deref() {
                Some(done @ ("fixed" | "not_affected")) => done.to_owned(),
                Some(_) => return Ok(None),
                None => row.reason,
            };
            if last.as_ref().is_none_or(|(before, _)| row.idx > *before) {
                last = Some((row.idx, Gone { source: row.source, outcome }));
            }
        }
    }
    Ok(last.map(|(_, gone)| gone))
}

/// What is or was of one subject.
struct Row {
    status: Option<String>,
    source: String,
    reason: String,
    /// The event that made it so.
    idx: i64,
}

/// What is or was of a party and a vulnerability: of each subject, the row at the highest mark that may be read.
fn seen(tx: &mut Tx<'_>, planned: &Planned, vulnerability: &str, may: &dyn Fn(Tlp) -> bool) -> Result<Vec<Row>> {
    let country = planned.country.as_deref().unwrap_or_default();
    let sql = "SELECT level, source, subject, seen_from, status, reason, idx FROM @exposure WHERE owner = $1 AND vuln = $2 \
               AND threat = 'vulnerability' AND country = $3 ORDER BY level, source, subject, seen_from";
    let mut rows = BTreeMap::new();
    tx.each(sql, &[(&planned.party).into(), vulnerability.into(), country.into()], &mut |r| {
        if may(Tlp::from_rank(r.int(3))) {
            let of = [0, 1, 2].map(|i| r.text(i).to_owned());
            let status = r.opt_text(4).map(str::to_owned);
            rows.insert(of, Row { status, source: r.text(1).to_owned(), reason: r.text(5).to_owned(), idx: r.int(6) });
        }
        Ok(())
    })?;
    Ok(rows.into_values().collect())
}
