//! Changes of exposures: found by comparing what is judged with what stands, recorded as one event per cause and owner, and
//! folded into the table of exposures.
//!
//! Each change stands for itself, so a doubled one does no harm. The table is brought up to date at once when a change is
//! recorded, and again when its event comes to be folded; a row keeps the index of its last event, so that an older event
//! never overwrites a newer one. A rebuild folds the same events in order and ends at the same rows.
//!
//! Where documents of different marks decide differently, there is a row for each mark from which that is so: whoever may read up to
//! a mark is shown the one with the highest that they may, as if there were no document above it.
use crate::advisory;
use crate::judge::{Bench, Compared, Decisions, Subject};
use crate::kinds::{CHANGED, Change, Changed, Level, MATCHER};
use ledger::{Draft, Event, Result, Tx, Value};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use stix::Tlp;

/// The tables of this file. A row without a status is an exposure that was and is no more; above one that has a status, one that is none
/// for whoever may read so far.
pub(crate) const SCHEMA: &str = "
CREATE TABLE @exposure (level {text} NOT NULL, source {text} NOT NULL, subject {text} NOT NULL, threat {text} NOT NULL,
  vuln {text} NOT NULL, seen_from {int} NOT NULL, status {text}, tier {text} NOT NULL, method {text} NOT NULL, advisory {text} NOT NULL, tlp {int} NOT NULL, also {text} NOT NULL,
  owner {text} NOT NULL, country {text} NOT NULL, holder {text} NOT NULL, count_min {int}, count_max {int}, reason {text} NOT NULL,
  matcher {int} NOT NULL, since {int} NOT NULL, idx {int} NOT NULL,
  PRIMARY KEY (level, source, subject, threat, vuln, seen_from));
CREATE INDEX @exposure_vuln ON @exposure (vuln, level, source, subject);
CREATE INDEX @exposure_advisory ON @exposure (advisory, level, source, subject);
CREATE INDEX @exposure_status ON @exposure (status, level, source, subject, threat, vuln);
CREATE INDEX @exposure_owner ON @exposure (owner, vuln)";

/// What is and was of one subject, by vulnerability and by the mark from which it is so; without a status where it is no more.
pub(crate) fn standing(
    tx: &mut Tx<'_>,
    level: Level,
    source: &str,
    subject: &str,
) -> Result<BTreeMap<String, BTreeMap<Tlp, Change>>> {
    let all = tx.all(
        "SELECT vuln, status, tier, method, advisory, also, country, holder, count_min, count_max, reason, seen_from, tlp FROM @exposure \
         WHERE level = $1 AND source = $2 AND subject = $3 AND threat = 'vulnerability' ORDER BY vuln, seen_from",
        &[level.as_str().into(), source.into(), subject.into()],
        |r| Change {
            level,
            threat: crate::kinds::Threat::Vulnerability,
            subject: subject.to_owned(),
            source: source.to_owned(),
            vulnerability: r.text(0).to_owned(),
            seen_from: Tlp::from_rank(r.int(11)),
            seen_until: None,
            status: r.opt_text(1).map(str::to_owned),
            was: None,
            tier: r.text(2).to_owned(),
            method: r.text(3).to_owned(),
            advisory: r.text(4).to_owned(),
            tlp: Some(Tlp::from_rank(r.int(12))),
            also: list(r.text(5)),
            country: r.text(6).to_owned(),
            holder: r.text(7).to_owned(),
            count: r.opt_int(8).map(|min| (min, r.opt_int(9))),
            reason: r.text(10).to_owned(),
        },
    )?;
    let mut out: BTreeMap<String, BTreeMap<Tlp, Change>> = BTreeMap::new();
    for change in all {
        out.entry(change.vulnerability.clone()).or_default().insert(change.seen_from, change);
    }
    Ok(out)
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
    let none = BTreeMap::new();
    let mut compared = Compared::new(subject);
    let mut changes = Vec::new();
    for vulnerability in vulnerabilities {
        let stands = stands.get(vulnerability).unwrap_or(&none);
        let now = compared.judge(tx, bench, vulnerability, stands.keys().copied())?;
        changes.extend(differences(stands, now, "withdrawn"));
    }
    Ok(changes)
}

/// What is different now, mark by mark, and `why` what is no more is so. `now` has each mark of what stands. A mark has a row of its own from when what is so there first
/// differs from what is so below it.
pub(crate) fn differences(stands: &BTreeMap<Tlp, Change>, now: Decisions, why: &str) -> Vec<Change> {
    let mut changes: Vec<Change> = Vec::new();
    let mut marks: BTreeSet<Tlp> = stands.keys().copied().collect();
    let mut below: Option<Change> = None;
    for (mark, now) in now {
        let own = stands.get(&mark);
        let now = now.map(|change| Change { seen_from: mark, ..change });
        let as_below = below.take().map(|change| Change { seen_from: mark, ..change });
        let shown = own.filter(|change| change.status.is_some());
        let same = if own.is_some() { shown == now.as_ref() } else { as_below == now };
        let before = || stands.range(..=mark).next_back().map(|(_, change)| change);
        if !same {
            marks.insert(mark);
            let was = before().and_then(|change| change.status.clone());
            let gone = |of: &Change| Change { seen_from: mark, ..gone(of, why) };
            let change = now.clone().or_else(|| before().or(as_below.as_ref()).map(gone));
            changes.extend(change.map(|change| Change { was, ..change }));
        }
        below = now;
    }
    for change in &mut changes {
        change.seen_until = marks.range((Bound::Excluded(change.seen_from), Bound::Unbounded)).next().copied();
    }
    changes
}

/// What is no more of a subject and a vulnerability, at each mark at which it stood.
pub(crate) fn ended(stands: &BTreeMap<Tlp, Change>, why: &str) -> Vec<Change> {
    differences(stands, stands.keys().map(|mark| (*mark, None)).collect(), why)
}

/// An exposure that is no more.
fn gone(before: &Change, why: &str) -> Change {
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
    for (owner, changes) in by_owner {
        let of = owner.clone();
        record_as(tx, cause, why, owner, changes, &of)?;
    }
    Ok(())
}

/// Records the changes of one owner, once for a cause and what they are `of`.
pub(crate) fn record_as(
    tx: &mut Tx<'_>,
    cause: i64,
    why: &str,
    owner: String,
    mut changes: Vec<Change>,
    of: &str,
) -> Result<()> {
    if changes.is_empty() {
        return Ok(());
    }
    // The highest mark first: a row of its own takes over since when it was so from the one below, as that was.
    changes.sort_by(|a, b| {
        (a.level, &a.source, &a.subject, &a.vulnerability, Reverse(a.seen_from)).cmp(&(
            b.level,
            &b.source,
            &b.subject,
            &b.vulnerability,
            Reverse(b.seen_from),
        ))
    });
    let changed = Changed { cause, why: why.to_owned(), owner, matcher: MATCHER, changes };
    let key = format!("expose/{cause}/{of}");
    let appended = tx.append(Draft::new(CHANGED, &changed)?.key(key))?;
    if appended.new {
        let now = tx.now();
        apply(tx, appended.index, now.0, &changed)?;
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
        let since = since_below(tx, c)?.unwrap_or(known);
        let tlp = match c.tlp {
            Some(tlp) => tlp.rank(),
            None => advisory::least_mark(tx, &c.advisory)?,
        };
        tx.run(
            "INSERT INTO @exposure (level, source, subject, threat, vuln, seen_from, status, tier, method, advisory, also, owner, country, \
             holder, count_min, count_max, reason, matcher, since, idx, tlp) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $22) \
             ON CONFLICT (level, source, subject, threat, vuln, seen_from) DO UPDATE SET status = excluded.status, tier = excluded.tier, \
             method = excluded.method, advisory = excluded.advisory, tlp = excluded.tlp, also = excluded.also, owner = excluded.owner, \
             country = excluded.country, holder = excluded.holder, count_min = excluded.count_min, count_max = excluded.count_max, \
             reason = excluded.reason, matcher = excluded.matcher, idx = excluded.idx, \
             since = CASE WHEN @exposure.status = excluded.status THEN @exposure.since ELSE $21 END \
             WHERE excluded.idx > @exposure.idx",
            &[
                &key(c)[..],
                &[
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
                    since.into(),
                    index.into(),
                    known.into(),
                    tlp.into(),
                ],
            ]
            .concat(),
        )?;
    }
    Ok(())
}

/// The key of a row: `$1` to `$6`.
fn key(c: &Change) -> [Value<'_>; 6] {
    [
        c.level.as_str().into(),
        (&c.source).into(),
        (&c.subject).into(),
        c.threat.as_str().into(),
        (&c.vulnerability).into(),
        c.seen_from.rank().into(),
    ]
}

/// Since when what a change says stood at the nearest mark below, for a mark that has had no row of its own.
fn since_below(tx: &mut Tx<'_>, c: &Change) -> Result<Option<i64>> {
    if c.seen_from == Tlp::Clear {
        return Ok(None);
    }
    let sql = "SELECT status, since FROM @exposure WHERE level = $1 AND source = $2 AND subject = $3 AND threat = $4 AND vuln = $5 \
               AND seen_from < $6 ORDER BY seen_from DESC LIMIT 1";
    let below = tx.one(sql, &key(c), |r| (r.opt_text(0).map(str::to_owned), r.int(1)))?;
    Ok(below.filter(|(status, _)| *status == c.status).map(|(_, since)| since))
}
