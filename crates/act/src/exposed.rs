//! What this stage reads of the stage below: who is affected now, what the deciding document says to do, and whether what an
//! ask was about is no more.
use crate::plan::{Exposure, Planned};
use expose::Stakes;
use ledger::{Result, Tx};
use std::collections::BTreeSet;
use stix::Tlp;

/// The event by which the stage below says that somebody's exposures changed.
pub(crate) const CHANGED: &str = expose::kinds::CHANGED;
/// A remediation is shortened to so many characters; the advisory has the rest.
const FIX_CHARS: usize = 300;

/// All that is affected now: assets, and counts that a holder told of. Candidates are not: nobody is known to have them. Exploitation
/// counts where a public catalogue says so: what a partner saw and shared with some is in no text, order or hour that goes to another.
pub(crate) fn affected(tx: &mut Tx<'_>, stakes: &dyn Stakes) -> Result<Vec<Exposure>> {
    let filter = expose::Filter { status: Some("affected".to_owned()), ..expose::Filter::default() };
    let (rows, _) = expose::list(tx, stakes, &filter)?;
    let exploited = expose::exploited::public(tx)?;
    let some = |text: String| Some(text).filter(|t| !t.is_empty());
    Ok(rows
        .into_iter()
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

/// The remediations that a document names for these vulnerabilities, each once.
pub(crate) fn fixes(tx: &mut Tx<'_>, advisory: &str, vulnerabilities: &[String]) -> Result<Vec<String>> {
    let sql = "SELECT v.vuln, v.fix FROM @advisory a JOIN @advisory_vuln v ON v.adv = a.adv WHERE a.id = $1 AND v.fix <> '' \
               ORDER BY v.adv, v.n";
    let rows = tx.all(sql, &[advisory.into()], |r| (r.text(0).to_owned(), r.text(1).to_owned()))?;
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

/// The end of what an ask was about; nothing while any of it is affected or undecided.
pub(crate) fn gone(tx: &mut Tx<'_>, planned: &Planned) -> Result<Option<Gone>> {
    let mut last: Option<(i64, Gone)> = None;
    for vulnerability in &planned.vulnerabilities {
        let country = planned.country.as_deref().unwrap_or_default();
        let sql = "SELECT status, source, reason, idx FROM @exposure WHERE owner = $1 AND vuln = $2 \
                   AND threat = 'vulnerability' AND country = $3 ORDER BY level, source, subject";
        let args = [(&planned.party).into(), vulnerability.into(), country.into()];
        let rows = tx.all(sql, &args, |r| {
            (r.opt_text(0).map(str::to_owned), r.text(1).to_owned(), r.text(2).to_owned(), r.int(3))
        })?;
        for (status, source, reason, idx) in rows {
            let outcome = match status.as_deref() {
                Some(done @ ("fixed" | "not_affected")) => done.to_owned(),
                Some(_) => return Ok(None),
                None => reason,
            };
            if last.as_ref().is_none_or(|(before, _)| idx > *before) {
                last = Some((idx, Gone { source, outcome }));
            }
        }
    }
    Ok(last.map(|(_, gone)| gone))
}
