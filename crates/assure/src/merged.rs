//! Two keys that turned out to be one body (`partners::merge`), as measures see them: from when that is known all that was said of the one is said of the
//! other, whatever day the reader asks about. What was known before it is seen as it was, so that a figure is restated and no figure is changed.
use std::collections::BTreeSet;
use std::sync::Arc;

use ledger::Micros;
use partners::merge::{Keys, Merged};

use crate::facts::Facts;
use crate::record::Value;
use crate::record::definition::{Catalogue, Type};
use crate::record::facts::Unit;

/// Who stands for whom by these words.
pub(crate) fn keys(words: &[Merged]) -> Keys {
    Keys::of(words.iter().map(|word| &word.said))
}

/// Facts in which each organisation has one key.
pub(crate) fn settle(mut facts: Facts) -> Facts {
    let keys = keys(&facts.merges);
    if keys.is_empty() {
        return facts;
    }
    let stand = |key: &mut String| {
        if keys.moves(key) {
            *key = keys.stands_for(key).to_owned();
        }
    };
    // what is said of an organisation under its own key stands over what was said of it under another
    let own: BTreeSet<String> = facts.partners.iter().map(|p| p.key.clone()).filter(|key| !keys.moves(key)).collect();
    facts.partners.retain(|p| !keys.moves(&p.key) || !own.contains(keys.stands_for(&p.key)));
    facts.partners.iter_mut().for_each(|p| stand(&mut p.key));
    facts.trusts.iter_mut().chain(&mut facts.agreements).for_each(|span| stand(&mut span.org));
    facts.keys.iter_mut().for_each(|key| stand(&mut key.org));
    facts.contacts.iter_mut().chain(&mut facts.inventories).for_each(|one| stand(&mut one.org));
    let moved: Vec<Arc<str>> = facts.passings.keys().filter(|org| keys.moves(org)).cloned().collect();
    for org in moved {
        let passed = facts.passings.remove(&org).unwrap_or_default();
        let all = facts.passings.entry(Arc::from(keys.stands_for(&org))).or_default();
        all.join(&passed);
    }
    for delivery in &mut facts.deliveries {
        stand(&mut delivery.partner);
        stand(&mut delivery.to);
    }
    for exposure in facts.exposures.values_mut().flatten().filter(|x| keys.moves(&x.partner) || keys.moves(&x.owner)) {
        let exposure = Arc::make_mut(exposure);
        exposure.partner = keys.stands_for(&exposure.partner).into();
        exposure.owner = keys.stands_for(&exposure.owner).into();
    }
    // two teams of one country had the same thing in their charge
    let mut seen: BTreeSet<(Arc<str>, Arc<str>, Arc<str>)> = BTreeSet::new();
    let mut is_first =
        |x: &Arc<crate::facts::Exposure>| seen.insert((x.partner.clone(), x.vulnerability.clone(), x.subject.clone()));
    facts.exposures.values_mut().for_each(|of| of.retain(&mut is_first));
    for attack in &mut facts.exploitations {
        attack.partners.iter_mut().for_each(stand);
        attack.partners.sort_unstable();
        attack.partners.dedup();
    }
    facts
}

/// The same in what records say.
pub(crate) fn units<'u>(words: &[Merged], catalogue: &Catalogue, units: impl Iterator<Item = &'u mut Arc<Unit>>) {
    let keys = keys(words);
    if keys.is_empty() {
        return;
    }
    for unit in units.filter(|unit| unit.orgs.iter().any(|org| keys.moves(org))) {
        let unit = Arc::make_mut(unit);
        let Some(definition) = catalogue.get(&unit.kind) else { continue };
        for org in &mut unit.orgs {
            *org = keys.stands_for(org).to_owned();
        }
        unit.orgs.sort_unstable();
        unit.orgs.dedup();
        let names =
            definition.fields.iter().filter(|field| field.kind.one() == Type::Org).map(|field| field.name.as_str());
        for name in names.chain(["confirmed_by"]).collect::<Vec<_>>() {
            if let Some(value) = unit.fields.get(name) {
                let value = stands_for(&keys, value.clone());
                unit.fields.put(name, value);
            }
        }
    }
}

fn stands_for(keys: &Keys, value: Value) -> Value {
    match value {
        Value::Text(key) => Value::Text(keys.stands_for(&key).to_owned()),
        Value::List(list) => {
            let mut once: Vec<Value> = Vec::with_capacity(list.len());
            for one in list.into_iter().map(|one| stands_for(keys, one)) {
                if !once.contains(&one) {
                    once.push(one);
                }
            }
            Value::List(once)
        }
        other => other,
    }
}

/// What came to be known of who is who after one instant and by another, in words.
pub(crate) fn between(words: &[Merged], after: Micros, by: Micros) -> Vec<String> {
    let keys_at = |at: Micros| Keys::of(words.iter().filter(|word| word.known <= at).map(|word| &word.said));
    let (was, is) = (keys_at(after), keys_at(by));
    // of what was said and taken back in between nothing is left
    let differs = |key: &str| was.stands_for(key) != is.stands_for(key);
    let last = |word: &&Merged| words.iter().rfind(|w| w.said.org == word.said.org && w.known <= by) == Some(*word);
    let fresh = words.iter().filter(|word| after < word.known && word.known <= by);
    fresh
        .filter(|word| differs(&word.said.org))
        .filter(last)
        .map(|word| {
            let (said, day) = (&word.said, word.known.day());
            let is =
                said.into.as_ref().map_or("one of its own after all".to_owned(), |into| format!("counted as {into}"));
            format!("{} is {is} since {day}, says {}: {}", said.org, said.by, said.reason)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use ledger::testkit::engines;
    use partners::agreement::Agreement;
    use partners::{Role, merge};
    use serde_json::json;
    use stix::Tlp;

    use crate::Period;
    use crate::record::tests::{World, person};

    impl World {
        /// Figures of the first quarter by what was known at an instant: value, counted of looked at, what it was when the quarter ended, and why.
        fn counted(&self, known: &str) -> String {
            let (as_of, known) = ("2026-03-31T23:59:59Z".parse().unwrap(), known.parse().unwrap());
            let period: Period = "2026-Q1".parse().unwrap();
            let mut out = String::new();
            let teams =
                "each engagement with each team in partners during period by held_on where state is held once per team";
            for id in [teams, "1.2.2", "2.1.1", "2.1.3", "em-2.1"] {
                let e = self.ledger.read(|tx| match id == teams {
                    true => Ok(crate::attempt(tx, teams, as_of, known, &period)?.unwrap()),
                    false => crate::explain(tx, id, as_of, known, Some(&period)),
                });
                let e = e.unwrap();
                let id = id.split(' ').next().unwrap();
                let f = &e.figure;
                let n = |n: Option<i64>| n.map_or("–".to_owned(), |n| n.to_string());
                out += &format!("{id} {} ({} of {})", crate::text::number(&f.value), n(f.numerator), n(f.denominator));
                if let Some(first) = &f.restates {
                    out += &format!(", it stood at {}", crate::text::number(&first.value));
                }
                let keys: Vec<&str> = e.counted.iter().map(|item| item.key.as_str()).collect();
                let keys = if keys.is_empty() { "none".to_owned() } else { keys.join(" + ") };
                let notes = f.notes.iter().filter(|note| note.contains(" says "));
                out += &format!(": {keys}{}\n", notes.map(|note| format!("\n  {note}")).collect::<String>());
            }
            out
        }

        fn merge(&self, key: &str, into: Option<&str>, reason: &str) {
            self.ledger.write(|tx| merge::merge(tx, key, into, reason, "ada").map(drop)).unwrap();
            self.ledger.catch_up().unwrap();
        }
    }

    /// What is known of one team under two keys: its trust under one, its agreement and its key under the other, which was on trial
    /// for a month; it was written to under both, and has
    /// the same asset in its charge under both.
    fn one_team_under_two_keys(store: ledger::testkit::TestStore) -> World {
        let w = World::new(store);
        w.at("2026-01-02");
        let table = b"org,name,kind,country\nfr-2,The French desk,csirt,FR\naqua,Aqua,operator,FR\n";
        w.ledger.write(|tx| partners::import_csv(tx, table)).unwrap();
        w.ledger.catch_up().unwrap();
        let day = |text: &str| text.parse().unwrap();
        let amber = Agreement::plain(day("2026-01-01"), None, Tlp::Amber);
        w.ledger
            .write(|tx| {
                partners::org::trust(tx, "fr-2", day("2026-02-01"), day("2026-02-28"), "on trial", "ada")?;
                partners::org::trust(tx, "fr", day("2026-01-01"), day("2026-12-31"), "vetted", "ada")?;
                partners::org::add_agreement(tx, "fr-2", &amber, None)?;
                partners::register_key(tx, "fr-2", &ledger::checkpoint::base64(&[7; 32]), false)
            })
            .unwrap();
        let event = |kind: &'static str, meta: &serde_json::Value, body: &[u8]| {
            w.ledger.write(|tx| Ok(tx.append(ledger::Draft::new(kind, meta)?.body(body))?.index)).unwrap()
        };
        w.at("2026-01-12");
        let inventory = json!({ "source": "fr-2", "rows": 1, "replace": false, "by": "ana" });
        let cause = event("expose.inventory", &inventory, b"asset,owner\nplc,aqua\n");
        let said = |status: &str| {
            json!({ "level": "asset", "subject": "plc", "source": "fr-2", "vulnerability": "CVE-2026-1",
            "status": status, "advisory": "VND-1", "country": "FR", "holder": "", "reason": "" })
        };
        let changed = |cause: i64, status: &str| json!({ "cause": cause, "why": "…", "owner": "aqua", "matcher": 1, "changes": [said(status)] });
        event("expose.changed", &changed(cause, "affected"), b"");
        for to in ["fr", "fr-2"] {
            let sent = json!({ "ask": to, "party": "aqua", "addressee": to, "country": "FR", "advisory": "VND-1",
                "vulnerabilities": ["CVE-2026-1"], "message_id": to, "email": "duty@fr.example", "channel": "folder" });
            event("act.sent", &sent, b"");
        }
        w.at("2026-01-14");
        let cause = event("expose.inventory", &inventory, b"asset,owner\nplc,aqua\n");
        event("expose.changed", &changed(cause, "fixed"), b"");
        w.ledger.catch_up().unwrap();
        let ana = person("ana", Role::Analyst);
        for (reference, partner) in [("E-1", "fr"), ("E-2", "fr-2")] {
            let fields = [
                ("reference", reference),
                ("title", "Talks"),
                ("format", "call"),
                ("held_on", "2026-01-13"),
                ("partners", partner),
            ];
            assert!(w.put(&ana, "engagement", "held", &fields).ends_with("New"));
        }
        assert_eq!(w.ledger.parked().unwrap(), []);
        w
    }

    #[test]
    fn two_keys_of_one_team_count_once_from_when_it_is_known() {
        insta::allow_duplicates! {
            for store in engines() {
                let w = one_team_under_two_keys(store);
                let apart = w.counted("2026-05-01");
                assert_snapshot!(apart, @r"
                each 2 (2 of 2): fr + fr-2
                1.2.2 3 (3 of –): fr, CVE-2026-1, 2026-W03 + fr-2, CVE-2026-1, 2026-W03 + fr-2, inventory, 2026-W03
                2.1.1 0 (0 of 3): none
                2.1.3 0 (0 of 2): none
                em-2.1 2 (2 of 3): fr + fr-2
                ");
                w.at("2026-05-02");
                w.merge("fr-2", Some("fr"), "the same desk under a new name");
                assert_eq!(w.counted("2026-05-01"), apart, "what was known before is as it was");
                let one = w.counted("2026-05-02");
                assert_snapshot!(one, @r"
                each 1 (1 of 1), it stood at 2: fr
                  fr-2 is counted as fr since 2026-05-02, says ada: the same desk under a new name
                1.2.2 2 (2 of –), it stood at 3: fr, CVE-2026-1, 2026-W03 + fr, inventory, 2026-W03
                  fr-2 is counted as fr since 2026-05-02, says ada: the same desk under a new name
                2.1.1 1 (1 of 2), it stood at 0: fr
                  fr-2 is counted as fr since 2026-05-02, says ada: the same desk under a new name
                2.1.3 0 (0 of 1): none
                em-2.1 1 (1 of 2), it stood at 2: fr
                  fr-2 is counted as fr since 2026-05-02, says ada: the same desk under a new name
                ");
                w.at("2026-05-03");
                w.merge("fr-2", None, "they share a house, not a desk");
                assert_eq!(w.counted("2026-05-02"), one);
                assert_eq!(w.counted("2026-05-03"), apart);
                w.ledger.rebuild().unwrap();
                assert_eq!((w.counted("2026-05-02"), w.counted("2026-05-03")), (one, apart));
            }
        }
    }
}
