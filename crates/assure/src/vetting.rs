//! What trust in a team rests on, and what the software proposes about it: to renew it before it ends, or to let it lapse because something it rests on is
//! gone. A person decides, with a reason (`partner trust`). Nothing here is asked before a warning goes out: a team that is not trusted, or whose nation is
//! out of favour, is warned as its agreement and the marks allow, and in plain words where there is none.
use std::collections::BTreeSet;

use jiff::ToSpan;
use jiff::civil::Date;
use ledger::{Micros, Result, Tx};
use partners::org::Card;
use serde::Serialize;

use crate::record::list::{self, Line};

/// The kind of record in which a vetting stands.
const VETTING: &str = "vetting";
/// So many days before trust ends it is proposed to renew it.
const AHEAD_DAYS: i64 = 60;
/// Something must have passed both ways within so many days.
const SILENT_DAYS: i64 = 365;
/// Teams that vouch for it.
const SPONSORS: usize = 2;

/// What is proposed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Step {
    /// It ends soon, or has ended, and all that it rests on stands.
    Renew,
    /// Something that it rests on is gone.
    Lapse,
}

/// A proposal about one team.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Proposal {
    /// The team.
    pub org: String,
    /// Its name.
    pub name: String,
    /// What is proposed.
    pub step: Step,
    /// The last day of its trust.
    pub until: String,
    /// Why: what lacks, or that all stands.
    pub because: Vec<String>,
}

/// What is proposed today about each team that is trusted, or was until not long ago; in the order of keys.
pub fn proposals(tx: &mut Tx<'_>, now: Micros) -> Result<Vec<Proposal>> {
    let mut all = Vec::new();
    for card in partners::org::all(tx)? {
        all.extend(proposal(tx, &card, now)?);
    }
    Ok(all)
}

/// What is proposed about one.
pub fn proposal(tx: &mut Tx<'_>, card: &Card, now: Micros) -> Result<Option<Proposal>> {
    let today = now.civil();
    let begun = |trust: &partners::org::Trust| trust.from.parse::<Date>().is_ok_and(|from| from <= today);
    let Some(trust) = partners::org::trusts(tx, &card.key)?.into_iter().find(begun) else { return Ok(None) };
    let Ok(until) = trust.to.parse::<Date>() else { return Ok(None) };
    let (soon, gone) = (today.saturating_add(AHEAD_DAYS.days()), today.saturating_sub(AHEAD_DAYS.days()));
    if until < gone {
        return Ok(None);
    }
    let lacking = lacking(tx, card, today, now)?;
    let step = match lacking.is_empty() {
        false => Step::Lapse,
        true if until <= soon => Step::Renew,
        true => return Ok(None),
    };
    let because = if lacking.is_empty() { vec!["all that it rests on stands".to_owned()] } else { lacking };
    Ok(Some(Proposal { org: card.key.clone(), name: card.name.clone(), step, until: trust.to, because }))
}

/// What trust rests on and is not there.
fn lacking(tx: &mut Tx<'_>, card: &Card, today: Date, now: Micros) -> Result<Vec<String>> {
    let mut lacking = Vec::new();
    let agreements = partners::org::agreements(tx, &card.key)?;
    if !agreements.iter().any(|a| !a.clauses.left_out && a.from <= today && a.to.is_none_or(|to| today <= to)) {
        lacking.push("no agreement is in force".to_owned());
    }
    if !partners::org::keys(tx, &card.key)?.iter().any(|(_, state, _)| state == "active") {
        lacking.push("no key is active".to_owned());
    }
    let since = Micros(now.0 - SILENT_DAYS * Micros::DAY);
    for (what, sql) in [
        ("nothing came from it within a year", "SELECT MAX(known) FROM @fact_inbound WHERE org = $1"),
        ("nothing went to it within a year", "SELECT MAX(valid) FROM @fact_delivery WHERE addressee = $1"),
    ] {
        let last = tx.one(sql, &[(&card.key).into()], |r| r.opt_int(0).map(Micros))?.flatten();
        if last.is_none_or(|at| at < since) {
            lacking.push(what.to_owned());
        }
    }
    let vettings = list::of_kind_naming(tx, VETTING, &card.key)?;
    let vettings: Vec<Line> = vettings.into_iter().filter(|line| is_vetting(line, &card.key)).collect();
    lacking.extend(unvetted(&vettings, &card.key, today));
    Ok(lacking)
}

fn is_vetting(line: &Line, team: &str) -> bool {
    let of = line.version.fields.get("team").map(super::record::Stored::typed);
    line.version.state == "passed" && of.as_deref() == Some(team)
}

/// What the vettings that were passed lack; nothing where one of them holds.
fn unvetted(vettings: &[Line], team: &str, today: Date) -> Option<String> {
    let holds = |line: &&Line| {
        let until = line.version.fields.get("valid_until").and_then(|day| day.typed().parse::<Date>().ok());
        until.is_some_and(|until| today <= until)
    };
    let Some(line) = vettings.iter().find(holds) else {
        return Some("no vetting holds".to_owned());
    };
    let sponsors = line.version.fields.get("sponsors").map(super::record::Stored::parts).unwrap_or_default();
    let others: BTreeSet<&str> = sponsors.into_iter().filter(|sponsor| *sponsor != team).collect();
    (others.len() < SPONSORS)
        .then(|| format!("its vetting has {} sponsors, and {SPONSORS} are asked for", others.len()))
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use ledger::testkit::engines;
    use partners::Role;
    use partners::agreement::Agreement;
    use stix::Tlp;

    use super::*;
    use crate::record::tests::{World, person};

    impl World {
        fn proposed(&self) -> String {
            let all = self.ledger.read(|tx| proposals(tx, tx.now())).unwrap();
            all.iter().map(|p| format!("{} {:?} {}: {}\n", p.org, p.step, p.until, p.because.join("; "))).collect()
        }

        fn append(&self, kind: &'static str, meta: &serde_json::Value) {
            self.ledger.write(|tx| tx.append(ledger::Draft::new(kind, meta)?)).unwrap();
            self.ledger.catch_up().unwrap();
        }
    }

    #[test]
    fn what_is_proposed_about_trust() {
        insta::allow_duplicates! {
            for store in engines() {
                let w = World::new(store);
                let day = |text: &str| text.parse::<Date>().unwrap();
                w.at("2026-01-02");
                w.ledger.write(|tx| partners::trust(tx, "nl", day("2026-01-01"), day("2026-12-31"), "known for long", "ada")).unwrap();
                w.ledger.catch_up().unwrap();
                assert_snapshot!(w.proposed(), @"nl Lapse 2026-12-31: no agreement is in force; no key is active; nothing came from it within a year; nothing went to it within a year; no vetting holds");
                let amber = Agreement::plain(day("2026-01-01"), None, Tlp::Amber);
                w.ledger.write(|tx| partners::org::add_agreement(tx, "nl", &amber, None)).unwrap();
                let key = ledger::checkpoint::base64(&[7; 32]);
                w.ledger.write(|tx| partners::register_key(tx, "nl", &key, false)).unwrap();
                w.ledger.catch_up().unwrap();
                let about = serde_json::json!({ "ask": "a", "party": "nl", "addressee": "nl", "advisory": "x", "vulnerabilities": ["CVE-2026-1"], "message_id": "m", "email": "a@nl.example", "channel": "folder" });
                w.append("act.sent", &about);
                w.append("expose.inventory", &serde_json::json!({ "source": "nl" }));
                let vetted = |sponsors: &str| {
                    let fields = [("reference", "V-1"), ("team", "nl"), ("designation", "decree 5"), ("sponsors", sponsors), ("keys_exchanged_on", "2025-12-01"), ("agreement", "2026/1"), ("passed_on", "2026-01-02"), ("valid_until", "2026-12-15")];
                    w.put(&person("ana", Role::Analyst), "vetting", "passed", &fields)
                };
                // a team does not sponsor itself
                assert_eq!(vetted("fr; nl"), "v-1 New");
                assert_snapshot!(w.proposed(), @"nl Lapse 2026-12-31: its vetting has 1 sponsors, and 2 are asked for");
                assert_eq!(vetted("fr; home"), "v-1 Changed");
                assert_eq!(w.proposed(), "");
                // sixty days before its end, all that it rests on standing
                w.at("2026-11-05");
                assert_snapshot!(w.proposed(), @"nl Renew 2026-12-31: all that it rests on stands");
                w.at("2026-12-20");
                assert_snapshot!(w.proposed(), @"nl Lapse 2026-12-31: no vetting holds");
                // long after its end nothing is proposed any more
                w.at("2027-03-02");
                assert_eq!(w.proposed(), "");
            }
        }
    }
}
