//! Taking an answer: who signed it, whether it answers rules that this hub gave out, whether it is newer than the last; then
//! its exposures: at the level of a constituency where a national body answers, of an organisation where an owner does.
use super::answer::{Answer, Entry, read};
use super::signed::digest;
use crate::advisory::newer;
use crate::changed::{differences, ended, record, standing};
use crate::judge::Decisions;
use crate::kinds::{ANSWER, AnswerMeta, Change, Level, RulesMeta, Threat};
use ledger::{Draft, Error, Event, Micros, Result, Tx};
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use stix::Tlp;

/// How far a holder's clock may be ahead of the hub's.
const AHEAD_MAX_HOURS: i64 = 24;

/// Imports an answer; gives false where this very answer is held already. Called when the stages have caught up.
pub fn import_answer(tx: &mut Tx<'_>, hub: &str, bytes: &[u8], by: &str) -> Result<bool> {
    let (answer, key) = read(bytes)?;
    let org = &answer.org;
    match partners::org::key_state(tx, org, &key)?.as_deref() {
        Some("active") => {}
        Some(state) => {
            let reason = format!("the key that signed the answer of {org} is {state}");
            return Err(Error::refused("answer-key-revoked", reason, "ask for an answer signed with a key in force"));
        }
        None => {
            let reason = format!("the answer of {org} is signed with a key that {org} has not registered");
            return Err(Error::refused(
                "answer-key-unknown",
                reason,
                format!("check the key by another way, then `partner key {org} PUBKEY`"),
            ));
        }
    }
    if answer.hub != hub {
        return Err(Error::refused("answer-hub", "it answers the rules of another hub", "give it to that hub"));
    }
    let issued: Micros = answer
        .issued
        .parse()
        .map_err(|_| Error::refused("answer-form", "`issued` is no time", "ask for the answer anew"))?;
    if issued > tx.now().plus_hours(AHEAD_MAX_HOURS) {
        return Err(Error::refused(
            "answer-from-the-future",
            format!("issued at {issued}"),
            "set the holder's clock and match again",
        ));
    }
    let held = tx.one("SELECT digest, issued FROM @answer WHERE org = $1", &[org.into()], |r| {
        (r.text(0).to_owned(), r.micros(1))
    })?;
    let own = digest(bytes);
    if let Some((held, last)) = held {
        if held == own {
            return Ok(false);
        }
        if issued <= last {
            let reason = format!("issued at {issued}, and one of {last} is held");
            return Err(Error::refused("answer-older", reason, "import the newest answer only"));
        }
    }
    let given =
        tx.one("SELECT org FROM @rules WHERE digest = $1", &[(&answer.rules).into()], |r| r.text(0).to_owned())?;
    if given.as_deref() != Some(org) {
        let reason = format!("it answers rules that were never given to {org}");
        return Err(Error::refused("answer-rules-unknown", reason, format!("`rules export --for {org}`, match again")));
    }
    let meta = AnswerMeta {
        org: org.clone(),
        rules: answer.rules.clone(),
        issued: issued.to_string(),
        key,
        by: by.to_owned(),
    };
    tx.append(Draft::new(ANSWER, &meta)?.claimed(Some(issued)).body(bytes))?;
    Ok(true)
}

/// Folds that rules went out.
pub(crate) fn fold_rules(tx: &mut Tx<'_>, event: &Event) -> Result<()> {
    let meta: RulesMeta = event.meta()?;
    let advisories = i64::try_from(meta.advisories).unwrap_or(i64::MAX);
    tx.run(
        "INSERT INTO @rules (digest, org, advisories, known) VALUES ($1, $2, $3, $4) ON CONFLICT (digest) DO NOTHING",
        &[(&meta.digest).into(), (&meta.org).into(), advisories.into(), event.known.into()],
    )?;
    Ok(())
}

/// Folds an answer. An older one never takes the place of a newer.
pub(crate) fn fold(tx: &mut Tx<'_>, event: &Event) -> Result<()> {
    let meta: AnswerMeta = event.meta()?;
    let (answer, _) = read(event.body()).map_err(|e| Error::park("answer-unreadable", e.to_string()))?;
    let issued: Micros = meta.issued.parse().map_err(|e: String| Error::park("answer-unreadable", e))?;
    tx.run(
        "INSERT INTO @answer (org, rules, issued, key, digest, rows_min, rows_max, commitment, idx) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
         ON CONFLICT (org) DO UPDATE SET rules = excluded.rules, issued = excluded.issued, key = excluded.key, digest = excluded.digest, \
         rows_min = excluded.rows_min, rows_max = excluded.rows_max, commitment = excluded.commitment, idx = excluded.idx \
         WHERE excluded.issued > @answer.issued",
        &[
            (&meta.org).into(),
            (&meta.rules).into(),
            issued.into(),
            (&meta.key).into(),
            (&digest(event.body())).into(),
            answer.rows.min.into(),
            answer.rows.max.into(),
            (&answer.commitment).into(),
            event.index.into(),
        ],
    )?;
    Ok(())
}

/// The exposures that the newest answer tells of. What an answer was at another level, before it was known what kind of body
/// speaks, is withdrawn.
pub(crate) fn react(tx: &mut Tx<'_>, event: &Event) -> Result<()> {
    let meta: AnswerMeta = event.meta()?;
    let stands = tx.one("SELECT idx FROM @answer WHERE org = $1", &[(&meta.org).into()], |r| r.int(0))?;
    if stands != Some(event.index) {
        return Ok(());
    }
    let (answer, _) = read(event.body()).map_err(|e| Error::park("answer-unreadable", e.to_string()))?;
    let sql = "SELECT country, kind FROM @org WHERE org = $1";
    let card = tx.one(sql, &[(&meta.org).into()], |r| {
        let owner = r.opt_text(1) == Some("operator");
        (r.opt_text(0).unwrap_or_default().to_owned(), if owner { Level::Organisation } else { Level::Constituency })
    })?;
    let (country, level) = card.unwrap_or((String::new(), Level::Constituency));
    let other = if level == Level::Organisation { Level::Constituency } else { Level::Organisation };
    let before = standing(tx, level, &meta.org, &meta.org)?;
    let before_elsewhere = standing(tx, other, &meta.org, &meta.org)?;
    let mut changes: Vec<Change> = before_elsewhere.values().flat_map(|marks| ended(marks, "withdrawn")).collect();
    let marks = entry_marks(tx, &answer)?;
    let mut at: BTreeSet<Tlp> = marks.iter().copied().collect();
    at.extend(before.values().flat_map(BTreeMap::keys));
    let none = BTreeMap::new();
    let mut now: BTreeMap<String, Decisions> = BTreeMap::new();
    for mark in at {
        let may = |(_, from): &(&Entry, &Tlp)| **from <= mark;
        let entries = answer.entries.iter().zip(&marks).filter(may).map(|(entry, tlp)| (entry, *tlp));
        for (vulnerability, change) in told(&answer, entries, level, &country) {
            now.entry(vulnerability).or_default().insert(mark, Some(change));
        }
    }
    for (vulnerability, stands) in &before {
        let decided = now.entry(vulnerability.clone()).or_default();
        for mark in stands.keys() {
            decided.entry(*mark).or_insert(None);
        }
    }
    for (vulnerability, now) in now {
        changes.extend(differences(before.get(&vulnerability).unwrap_or(&none), now, "withdrawn"));
    }
    record(tx, event.index, &format!("answer of {}", meta.org), BTreeMap::from([(meta.org.clone(), changes)]))
}

/// The mark of the document that each entry is about: of the version that it names, else the least of the newer ones that took its place.
/// Of a document that is not held nobody knows: the strictest.
fn entry_marks(tx: &mut Tx<'_>, answer: &Answer) -> Result<Vec<Tlp>> {
    let mut held: BTreeMap<(String, String), Vec<(String, i64)>> = BTreeMap::new();
    let sql = "SELECT id, namespace, version, tlp FROM @advisory ORDER BY id, namespace, tlp";
    tx.each(sql, &[], &mut |r| {
        let of = held.entry((r.text(0).to_owned(), r.text(1).to_owned())).or_default();
        of.push((r.text(2).to_owned(), r.int(3)));
        Ok(())
    })?;
    let mark = |entry: &Entry| {
        let versions = held.get(&(entry.advisory.clone(), entry.namespace.clone()))?;
        let same = versions.iter().find(|(version, _)| *version == entry.version);
        let newer = |(version, _): &&(String, i64)| newer((version, ""), (&entry.version, "")) == Ordering::Greater;
        same.or_else(|| versions.iter().find(newer)).map(|(_, tlp)| Tlp::from_rank(*tlp))
    };
    Ok(answer.entries.iter().map(|entry| mark(entry).unwrap_or(Tlp::Red)).collect())
}

/// One exposure for each vulnerability that the answer speaks of; where several advisories do, the gravest.
fn told<'a>(
    answer: &Answer,
    entries: impl Iterator<Item = (&'a Entry, Tlp)>,
    level: Level,
    country: &str,
) -> BTreeMap<String, Change> {
    let mut out: BTreeMap<String, Change> = BTreeMap::new();
    for (entry, tlp) in entries {
        for vulnerability in &entry.vulnerabilities {
            let change = Change { tlp: Some(tlp), ..change(answer, entry, vulnerability, level, country) };
            match out.get_mut(vulnerability) {
                None => {
                    out.insert(vulnerability.clone(), change);
                }
                Some(held) => {
                    let graver = gravity(&change) < gravity(held);
                    let (stays, other) = if graver { (change, held.clone()) } else { (held.clone(), change) };
                    *held = stays;
                    if other.advisory != held.advisory && !held.also.contains(&other.advisory) {
                        held.also.push(other.advisory);
                        held.also.sort();
                    }
                }
            }
        }
    }
    out
}

fn gravity(change: &Change) -> (usize, i64) {
    let order = ["affected", "unknown", "fixed", "not_affected"];
    let status = change.status.as_deref().unwrap_or_default();
    let most = change.count.map_or(0, |(min, max)| max.unwrap_or(min));
    (order.iter().position(|s| *s == status).unwrap_or(order.len()), -most)
}

fn change(answer: &Answer, entry: &Entry, vulnerability: &str, level: Level, country: &str) -> Change {
    let (status, band) = if entry.affected.max > 0 {
        ("affected", entry.affected)
    } else if entry.unknown.max > 0 {
        ("unknown", entry.unknown)
    } else if entry.fixed.max > 0 {
        ("fixed", entry.fixed)
    } else {
        ("not_affected", entry.not_affected)
    };
    let reason = format!(
        "{} matched {} rows at home: {} affected, {} fixed, {} not affected, {} not known, of {} that the advisory covers",
        answer.org, answer.rows, entry.affected, entry.fixed, entry.not_affected, entry.unknown, entry.covered
    );
    Change {
        level,
        threat: Threat::Vulnerability,
        subject: answer.org.clone(),
        source: answer.org.clone(),
        vulnerability: vulnerability.to_owned(),
        seen_from: Tlp::Clear,
        seen_until: None,
        status: Some(status.to_owned()),
        was: None,
        tier: if status == "unknown" { String::new() } else { entry.tier.clone() },
        method: "remote".to_owned(),
        advisory: entry.advisory.clone(),
        tlp: None,
        also: Vec::new(),
        country: country.to_owned(),
        holder: answer.org.clone(),
        count: Some((band.min, Some(band.max))),
        reason,
    }
}
