//! Why one row says what it says: what each advisory says of the subject, what is known of exploitation, what is at stake,
//! and the events that made it.
use super::{ExposureRow, Filter, list};
use crate::exploited::signs;
use crate::kinds::{CHANGED, Changed};
use crate::stake::Stakes;
use ledger::{Result, Tx};
use serde::Serialize;

/// One row, explained.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    /// The row.
    pub row: ExposureRow,
    /// The facts, in order, one sentence each.
    pub because: Vec<String>,
}

/// Explains every row of a subject and a vulnerability.
pub fn explain(tx: &mut Tx<'_>, stakes: &dyn Stakes, subject: &str, vulnerability: &str) -> Result<Vec<Explanation>> {
    let filter = Filter {
        subject: Some(subject.to_owned()),
        vulnerability: Some(vulnerability.to_owned()),
        ..Filter::default()
    };
    let rows = list(tx, stakes, &filter)?.rows;
    let mut out = Vec::new();
    for row in rows {
        let mut because = vec![row.reason.clone()];
        because.push(format!("{} decides: {}, by {}", row.advisory, row.title, row.publisher));
        if !row.also.is_empty() {
            because.push(format!("{} also speak of it", row.also.join(", ")));
        }
        because.push(match row.tier.as_str() {
            "" => "it is a candidate: nothing was matched".to_owned(),
            tier => format!("tier {tier} by {}", row.method),
        });
        let exploited = signs(tx, vulnerability)?;
        because.extend(exploited.iter().map(|s| format!("{} ({})", s.words, s.day)));
        because.push(row.rank.clone());
        because.extend(history(tx, &row)?);
        out.push(Explanation { row, because });
    }
    Ok(out)
}

/// The event that made the row what it is, with its cause and its matcher.
fn history(tx: &mut Tx<'_>, row: &ExposureRow) -> Result<Option<String>> {
    let index = tx.one(
        "SELECT idx FROM @exposure WHERE level = $1 AND source = $2 AND subject = $3 AND vuln = $4 AND seen_from = $5 \
         AND threat = 'vulnerability'",
        &[
            (&row.level).into(),
            (&row.source).into(),
            (&row.subject).into(),
            (&row.vulnerability).into(),
            row.marks.from.rank().into(),
        ],
        |r| r.int(0),
    )?;
    let Some(event) = index.map(|i| tx.event(i)).transpose()?.flatten().filter(|e| e.kind == CHANGED) else {
        return Ok(None);
    };
    let changed: Changed = event.meta()?;
    let was = changed
        .changes
        .iter()
        .find(|c| (&c.subject, &c.vulnerability, c.seen_from) == (&row.subject, &row.vulnerability, row.marks.from))
        .and_then(|c| c.was.clone())
        .map_or_else(String::new, |was| format!(", before that {was}"));
    let (index, known, why, matcher) = (event.index, event.known, &changed.why, changed.matcher);
    Ok(Some(format!("entry {index} of {known} says so, caused by {why}{was}; matcher {matcher}")))
}
