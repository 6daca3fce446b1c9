//! Changes of exposures: found by comparing what is judged with what stands, recorded as one event per cause and owner, and
//! folded into the table of exposures.
//!
//! Each change stands for itself, so a doubled one does no harm. The table is brought up to date at once when a change is
//! recorded, and again when its event comes to be folded; a row keeps the index of its last event, so that an older event
//! never overwrites a newer one. A rebuild folds the same events in order and ends at the same rows.
use crate::judge::{Bench, Compared, Subject};
use crate::kinds::{CHANGED, Change, Changed, Level, MATCHER};
use ledger::{Draft, Event, Result, Tx};
use std::collections::{BTreeMap, BTreeSet};

/// The tables of this file. A row without a status is an exposure that was and is no more.
pub(crate) const SCHEMA: &str = "
CREATE TABLE @exposure (level {text} NOT NULL, source {text} NOT NULL, subject {text} NOT NULL, threat {text} NOT NULL,
  vuln {text} NOT NULL, status {text}, tier {text} NOT NULL, method {text} NOT NULL, advisory {text} NOT NULL, also {text} NOT NULL,
  owner {text} NOT NULL, country {text} NOT NULL, holder {text} NOT NULL, count_min {int}, count_max {int}, reason {text} NOT NULL,
  matcher {int} NOT NULL, since {int} NOT NULL, idx {int} NOT NULL,
  PRIMARY KEY (level, source, subject, threat, vuln));
CREATE INDEX @exposure_vuln ON @exposure (vuln, level, source, subject);
CREATE INDEX @exposure_advisory ON @exposure (advisory, level, source, subject);
CREATE INDEX @exposure_status ON @exposure (status, level, source, subject, threat, vuln);
CREATE INDEX @exposure_owner ON @exposure (owner, vuln)";

/// What stands of one subject: vulnerability, status, and the rest that a change would alter.
pub(crate) fn standing(tx: &mut Tx<'_>, level: Level, source: &str, subject: &str) -> Result<BTreeMap<String, Change>> {
    let all = tx.all(
        "SELECT vuln, status, tier, method, advisory, also, country, holder, count_min, count_max, reason FROM @exposure \
         WHERE level = $1 AND source = $2 AND subject = $3 AND threat = 'vulnerability' AND status IS NOT NULL ORDER BY vuln",
        &[level.as_str().into(), source.into(), subject.into()],
        |r| Change {
            level,
            threat: crate::kinds::Threat::Vulnerability,
            subject: subject.to_owned(),
            source: source.to_owned(),
            vulnerability: r.text(0).to_owned(),
            status: r.opt_text(1).map(str::to_owned),
            was: None,
            tier: r.text(2).to_owned(),
            method: r.text(3).to_owned(),
            advisory: r.text(4).to_owned(),
            also: list(r.text(5)),
            country: r.text(6).to_owned(),
            holder: r.text(7).to_owned(),
            count: r.opt_int(8).map(|min| (min, r.opt_int(9))),
            reason: r.text(10).to_owned(),
        },
    )?;
    Ok(all.into_iter().map(|c| (c.vulnerability.clone(), c)).collect())
}

pub(crate) fn list(text: &str) -> Vec<String> {
    text.split(';').filter(|t| !t.is_empty()).map(str::to_owned).collect()
}

/// Judges a subject anew for these vulnerabilities and gives what is different now.
pub(crate) fn compare(
    tx: &mut Tx<'_>,
    bench: &mut Bench,
    subject: &Subject,
    vulnerabilities: &BTreeSet<String>,
) -> Result<Vec<Change>> {
    let stands = standing(tx, Level::Asset, &subject.source, &subject.key)?;
    let mut compared = Compared::new(subject);
    let mut changes = Vec::new();
    for vulnerability in vulnerabilities {
        let now = compared.judge(tx, bench, vulnerability)?;
        match (now, stands.get(vulnerability)) {
            (Some(now), Some(before)) if now == *before => {}
            (Some(now), before) => changes.push(Change { was: before.and_then(|b| b.status.clone()), ..now }),
            (None, Some(before)) => changes.push(gone(before, "withdrawn")),
            (None, None) => {}
        }
    }
    Ok(changes)
}

/// An exposure that is no more.
pub(crate) fn gone(before: &Change, why: &str) -> Change {
    Change {
        status: None,
        was: before.status.clone(),
        tier: String::new(),
        method: String::new(),
        also: Vec::new(),
        count: None,
        reason: why.to_owned(),
        ..before.clone()
    }
}

/// Records changes, one event per owner, and brings the table up to date.
pub(crate) fn record(tx: &mut Tx<'_>, cause: i64, why: &str, by_owner: BTreeMap<String, Vec<Change>>) -> Result<()> {
    for (owner, mut changes) in by_owner {
        if changes.is_empty() {
            continue;
        }
        changes.sort_by(|a, b| {
            (a.level, &a.source, &a.subject, &a.vulnerability).cmp(&(b.level, &b.source, &b.subject, &b.vulnerability))
        });
        let changed = Changed { cause, why: why.to_owned(), owner, matcher: MATCHER, changes };
        let key = format!("expose/{cause}/{}", changed.owner);
        let appended = tx.append(Draft::new(CHANGED, &changed)?.key(key))?;
        if appended.new {
            let now = tx.now();
            apply(tx, appended.index, now.0, &changed)?;
        }
    }
    Ok(())
}

/// Folds an event of changes.
pub(crate) fn fold(tx: &mut Tx<'_>, event: &Event) -> Result<()> {
    apply(tx, event.index, event.known.0, &event.meta()?)
}

fn apply(tx: &mut Tx<'_>, index: i64, known: i64, changed: &Changed) -> Result<()> {
    for c in &changed.changes {
        let also = c.also.join(";");
        tx.run(
            "INSERT INTO @exposure (level, source, subject, threat, vuln, status, tier, method, advisory, also, owner, country, holder, \
             count_min, count_max, reason, matcher, since, idx) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19) \
             ON CONFLICT (level, source, subject, threat, vuln) DO UPDATE SET status = excluded.status, tier = excluded.tier, \
             method = excluded.method, advisory = excluded.advisory, also = excluded.also, owner = excluded.owner, \
             country = excluded.country, holder = excluded.holder, count_min = excluded.count_min, count_max = excluded.count_max, \
             reason = excluded.reason, matcher = excluded.matcher, idx = excluded.idx, \
             since = CASE WHEN @exposure.status = excluded.status THEN @exposure.since ELSE excluded.since END \
             WHERE excluded.idx > @exposure.idx",
            &[
                c.level.as_str().into(),
                (&c.source).into(),
                (&c.subject).into(),
                c.threat.as_str().into(),
                (&c.vulnerability).into(),
                (&c.status).into(),
                (&c.tier).into(),
                (&c.method).into(),
                (&c.advisory).into(),
                (&also).into(),
                (&changed.owner).into(),
                (&c.country).into(),
                (&c.holder).into(),
                c.count.map(|(min, _)| min).into(),
                c.count.and_then(|(_, max)| max).into(),
                (&c.reason).into(),
                i64::from(changed.matcher).into(),
                known.into(),
                index.into(),
            ],
        )?;
    }
    Ok(())
}
