//! Tests of the measures on facts: the vectors of spec assure a.2 with their real dates, and the decided form of 2.1.3 case by case.
use std::collections::BTreeMap;
use std::sync::Arc;

use ledger::Micros;

use crate::facts::*;
use crate::figure::Explanation;
use crate::measure::{Ledgers, Lens};
use crate::pack::Plan;
use crate::period::Period;
use crate::prior::{self, Form, PublicState, Rule};
use crate::record::definition::{self, Catalogue};
use crate::record::facts::Book;

fn day(text: &str) -> Micros {
    text.parse().unwrap()
}

fn plan() -> Plan {
    Plan::of(&crate::shipped::isp()).unwrap()
}

fn shipped_records() -> Catalogue {
    let mut catalogue = Catalogue::default();
    catalogue.add(definition::definitions(&crate::shipped::packs().unwrap()[2]).unwrap());
    catalogue
}

fn stamp(at: &str) -> Stamp {
    Stamp { valid: day(at), known: day(at), entry: 0 }
}

/// Facts, built in the words of the domain. Each call takes the next ledger entry.
#[derive(Clone, Default)]
struct World {
    facts: Facts,
    entry: i64,
}

impl World {
    fn new() -> World {
        let mut world = World::default();
        world.facts.home = "US".to_owned();
        for kind in
            ["partners.org", "partners.trust", "partners.agreement", "partners.key", "expose.changed", "act.sent"]
        {
            world.facts.kinds.insert(kind.to_owned(), day("2020-01-01"));
        }
        world
    }

    fn next(&mut self, at: Stamp) -> Stamp {
        self.entry += 1;
        Stamp { entry: self.entry, ..at }
    }

    fn team(mut self, key: &str, country: &str) -> World {
        let at = self.next(stamp("2020-01-01"));
        self.facts.partners.push(Partner {
            key: key.into(),
            name: key.into(),
            kind: "csirt".into(),
            country: country.into(),
            at,
        });
        self
    }

    fn trust(mut self, org: &str, from: &str, to: &str) -> World {
        let at = self.next(stamp("2020-01-01"));
        let until = Some(Micros(day(to).0 + Micros::DAY));
        self.facts.trusts.push(Span {
            org: org.into(),
            from: day(from),
            until,
            reason: "vetted".into(),
            by: "ana".into(),
            at,
        });
        self
    }

    fn trusted_team(self, key: &str, country: &str) -> World {
        self.team(key, country).trust(key, "2020-01-01", "2030-12-31")
    }

    fn advice(mut self, partner: &str, cve: &str, at: &str) -> World {
        let at = self.next(stamp(at));
        let ask = format!("ask-{}", self.entry);
        let (partner, cve) = (partner.to_owned(), cve.to_owned());
        self.facts.deliveries.push(Delivery {
            to: partner.clone(),
            partner,
            vulnerability: cve,
            ask,
            at,
            bounced: None,
        });
        self
    }

    fn says(mut self, partner: &str, cve: &str, subject: &str, state: State, e: Evidence, at: Stamp) -> World {
        let at = self.next(at);
        let statement = Statement { state, evidence: e, by: partner.into(), at };
        let same = |x: &&mut Exposure| &*x.partner == partner && &*x.vulnerability == cve && &*x.subject == subject;
        match self.facts.exposures.values_mut().flatten().map(Arc::make_mut).find(same) {
            Some(x) => x.said.push(statement),
            None => self.facts.exposures.entry(cve.into()).or_default().push(Arc::new(Exposure {
                partner: partner.into(),
                subject: subject.into(),
                asset: "".into(),
                owner: "".into(),
                level: "asset".into(),
                vulnerability: cve.into(),
                advisory: "a".into(),
                weight: 1.0,
                said: vec![statement],
            })),
        }
        self
    }

    fn passed(&mut self, org: &str, passing: Passing) {
        self.facts.passings.entry(org.into()).or_default().extend([passing]);
    }

    /// The criticality of everything said so far.
    fn weighs(mut self, weight: f64) -> World {
        self.facts.exposures.values_mut().flatten().for_each(|x| Arc::make_mut(x).weight = weight);
        self
    }

    fn exposed(self, partner: &str, cve: &str, subject: &str, at: &str) -> World {
        self.says(partner, cve, subject, State::Affected(Count::exact(1)), Evidence::E2, stamp(at))
    }

    fn fixed(self, partner: &str, cve: &str, subject: &str, e: Evidence, at: &str) -> World {
        self.says(partner, cve, subject, State::Mitigated(Count::exact(0), "fixed".into()), e, stamp(at))
    }

    fn attack(mut self, cve: &str, partners: &[&str], seen: &str, known: &str) -> World {
        let at = self.next(Stamp { valid: day(seen), known: day(known), entry: 0 });
        self.facts.exploitations.push(Exploitation {
            vulnerability: cve.into(),
            source: format!("sighting {}", at.entry),
            from: Some(at.valid),
            by: at.valid,
            whole_day: false,
            partners: partners.iter().map(|p| (*p).to_owned()).collect(),
            at,
        });
        self
    }

    fn listed(mut self, cve: &str, on: &str) -> World {
        let at = self.next(stamp(on));
        self.facts.exploitations.push(Exploitation {
            vulnerability: cve.into(),
            source: "kev".into(),
            from: None,
            by: at.valid,
            whole_day: true,
            partners: vec![],
            at,
        });
        self
    }

    fn ask(&self, id: &str, period: &str, as_of: &str, known_as_of: &str) -> Explanation {
        let plan = plan();
        let view = View { as_of: day(as_of), known_as_of: day(known_as_of) };
        let period: Period = period.parse().unwrap();
        let of = Ledgers::new(self.facts.clone(), Book::default(), shipped_records(), "home".to_owned());
        Lens::new(&plan, &BTreeMap::new(), &of, view, &period).explain(plan.measure(id).unwrap())
    }

    /// "value of denominator", then each detail's verdict.
    fn prior(&self, as_of: &str, known_as_of: &str) -> String {
        let e = self.ask("2.1.3", "2025-Q4", as_of, known_as_of);
        let n = |x: Option<i64>| x.map_or("null".to_owned(), |x| x.to_string());
        let words = e.counted.iter().chain(&e.not_counted).flat_map(|i| &i.details).map(|d| d.verdict.clone());
        let words: Vec<String> = words.collect();
        format!("{} of {}: {}", n(e.figure.numerator), n(e.figure.denominator), words.join(", "))
    }
}

/// One team in Poland, one exposed asset, advice in the last quarter of 2025.
fn one() -> World {
    World::new().trusted_team("pl-csirt", "PL").exposed("pl-csirt", "CVE-1", "plc", "2025-10-01").advice(
        "pl-csirt",
        "CVE-1",
        "2025-10-10T08:00:00Z",
    )
}

#[test]
fn the_real_dates_of_the_catalogue() {
    #[track_caller]
    fn check(cve: &str, advisory: &str, listed: &str, room: i64, moot: bool, same_day: bool) {
        let world = World::new()
            .trusted_team("pl-csirt", "PL")
            .exposed("pl-csirt", cve, "plc", advisory)
            .advice("pl-csirt", cve, advisory)
            .listed(cve, listed);
        let period = Period::holding(day(advisory));
        let pairs = prior::pairs(&world.facts, &period);
        let pair = &pairs[0];
        assert_eq!((pair.room_days(), pair.moot(), pair.same_day()), (Some(room), moot, same_day), "{cve}");
    }
    check("CVE-2021-38406", "2021-09-09", "2022-08-25", 350, false, false); // ICSA-21-252-02
    check("CVE-2019-7256", "2024-03-05", "2024-03-25", 20, false, false); // ICSA-24-065-01
    check("CVE-2024-23113", "2024-03-12", "2024-10-09", 211, false, false); // ICSA-24-074-05
    check("CVE-2023-6448", "2023-12-14", "2023-12-11", -3, true, false); // ICSA-23-348-15
    check("CVE-2023-46604", "2023-11-02", "2023-11-02", 0, false, true); // the same day as the network's advisory
}

#[test]
fn an_attack_after_the_mitigation_is_success_and_before_it_is_not() {
    let fixed = one().fixed("pl-csirt", "CVE-1", "plc", Evidence::E2, "2025-10-20");
    #[track_caller]
    fn check(world: &World, as_of: &str, expected: &str) {
        assert_eq!(world.prior(as_of, as_of), expected);
    }
    check(&one(), "2025-12-31", "0 of 1: not yet");
    check(&fixed, "2025-12-31", "0 of 1: provisional");
    let after = fixed.clone().attack("CVE-1", &["pl-csirt"], "2025-12-01", "2025-12-02");
    check(&after, "2025-12-01T12:00:00Z", "0 of 1: provisional"); // not known yet
    check(&after, "2025-12-02", "1 of 1: success");
    check(&fixed.clone().attack("CVE-1", &["pl-csirt"], "2025-10-19", "2025-12-02"), "2025-12-31", "0 of 1: too late");
    // at the very instant is not before
    check(&fixed.clone().attack("CVE-1", &["pl-csirt"], "2025-10-20", "2025-12-02"), "2025-12-31", "0 of 1: too late");
    // elsewhere is not here
    check(
        &fixed.clone().attack("CVE-1", &["de-csirt"], "2025-10-11", "2025-10-12"),
        "2025-12-31",
        "0 of 1: provisional",
    );
    check(&one().attack("CVE-1", &["pl-csirt"], "2025-10-19", "2025-10-19"), "2025-12-31", "0 of 1: too late");
}

#[test]
fn the_quiet_time_ends_to_the_microsecond_and_needs_both_dates() {
    let fixed = one().fixed("pl-csirt", "CVE-1", "plc", Evidence::E2, "2025-10-20T06:00:00Z");
    let last = "2026-04-18T05:59:59.999999Z";
    let end = "2026-04-18T06:00:00Z"; // 180 days on
    assert_eq!(fixed.prior(last, last), "0 of 1: provisional");
    assert_eq!(fixed.prior(end, end), "1 of 1: success");
    assert_eq!(fixed.prior("2026-12-31", last), "0 of 1: provisional");
    assert_eq!(fixed.prior(last, "2026-12-31"), "0 of 1: provisional");
}

#[test]
fn late_knowledge_restates_the_quarter_and_both_values_stay() {
    let world = one()
        .fixed("pl-csirt", "CVE-1", "plc", Evidence::E2, "2025-10-20")
        .attack("CVE-1", &["pl-csirt"], "2025-12-01", "2025-12-02")
        .attack("CVE-1", &["pl-csirt"], "2025-10-15", "2026-02-01"); // found in a log months later
    assert_eq!(world.prior("2026-03-01", "2026-01-31"), "1 of 1: success");
    assert_eq!(world.prior("2026-03-01", "2026-03-01"), "0 of 1: too late");
    let e = world.ask("2.1.3", "2025-Q4", "2026-03-01", "2026-03-01");
    let first = e.figure.restates.unwrap();
    assert_eq!((first.value, first.known_as_of.day()), (Some(1.into()), "2025-12-31".to_owned()));
}

#[test]
fn evidence_decides_and_stands_in_columns() {
    let claimed = one().fixed("pl-csirt", "CVE-1", "plc", Evidence::E1, "2025-10-20");
    let attacked = |w: World| w.attack("CVE-1", &["pl-csirt"], "2025-12-01", "2025-12-02");
    let levels = |w: &World| {
        serde_json::to_string(&w.ask("2.1.3", "2025-Q4", "2025-12-31", "2025-12-31").figure.evidence).unwrap()
    };
    assert_eq!(attacked(claimed.clone()).prior("2025-12-31", "2025-12-31"), "0 of 1: too late");
    assert_eq!(levels(&attacked(claimed.clone())), r#"{"E1":1,"E2":0,"E3":0,"E4":0}"#);
    let scanned = claimed.fixed("pl-csirt", "CVE-1", "plc", Evidence::E3, "2025-11-20");
    assert_eq!(levels(&attacked(scanned)), r#"{"E1":1,"E2":1,"E3":1,"E4":0}"#);
}

#[test]
fn theta_weighs_by_criticality() {
    let one_fixed = Count::exact(1);
    let world = World::new()
        .trusted_team("pl-csirt", "PL")
        .says("pl-csirt", "CVE-1", "hub", State::Affected(one_fixed), Evidence::E2, stamp("2025-10-01"))
        .weighs(3.0)
        .exposed("pl-csirt", "CVE-1", "spare", "2025-10-01")
        .advice("pl-csirt", "CVE-1", "2025-10-10")
        .fixed("pl-csirt", "CVE-1", "hub", Evidence::E2, "2025-10-20")
        .attack("CVE-1", &["pl-csirt"], "2025-12-01", "2025-12-02");
    let e = world.ask("2.1.3", "2025-Q4", "2025-12-31", "2025-12-31");
    insta::assert_snapshot!(e.figure.beside["theta"], @r#"[{"of_pairs":1,"pairs":1,"theta":0.5,"value":1},{"of_pairs":1,"pairs":0,"theta":0.8,"value":0},{"of_pairs":1,"pairs":0,"theta":1.0,"value":0}]"#);
    insta::assert_snapshot!(e.not_counted[0].details[0].why, @"attacked by 2025-12-01 and 80 % not mitigated at E2");
}

#[test]
fn counts_are_intervals_and_only_the_lower_end_proves() {
    let affected = |min, max| State::Affected(Count { min, max });
    let left = |min, max| State::Mitigated(Count { min, max }, "fixed".into());
    let base = |open| {
        World::new()
            .trusted_team("pl-csirt", "PL")
            .says("pl-csirt", "CVE-1", "PL", open, Evidence::E2, stamp("2025-10-01"))
            .advice("pl-csirt", "CVE-1", "2025-10-10")
            .attack("CVE-1", &["pl-csirt"], "2025-12-01", "2025-12-02")
    };
    #[track_caller]
    fn check(world: World, expected: &str, at_most: i64) {
        let e = world.ask("2.1.3", "2025-Q4", "2025-12-31", "2025-12-31");
        assert_eq!(world.prior("2025-12-31", "2025-12-31"), expected);
        assert_eq!(e.figure.beside["at_most"]["value"], at_most);
    }
    let answer = |w: World, s| w.says("pl-csirt", "CVE-1", "PL", s, Evidence::E2, stamp("2025-11-01"));
    check(answer(base(affected(40, 70)), left(1, 4)), "1 of 1: success", 1);
    check(answer(base(affected(40, 70)), left(5, 9)), "0 of 1: too late", 1);
    check(answer(base(affected(1, 4)), left(0, 0)), "1 of 1: success", 1);
    check(answer(base(affected(5, 9)), left(1, 4)), "0 of 1: too late", 1);
    check(answer(base(affected(40, 70)), affected(12, 12)), "0 of 1: too late", 1);
}

#[test]
fn an_answer_to_the_advice_itself_sets_the_cohort() {
    let world = World::new()
        .trusted_team("jp-csirt", "JP")
        .says("jp-csirt", "CVE-1", "JP", State::Unknown, Evidence::E0, stamp("2025-10-01"))
        .advice("jp-csirt", "CVE-1", "2025-10-10");
    assert_eq!(world.prior("2025-12-31", "2025-12-31"), "0 of 0: apart");
    let counted =
        world.says("jp-csirt", "CVE-1", "JP", State::Affected(Count::exact(40)), Evidence::E2, stamp("2025-10-15"));
    assert_eq!(counted.prior("2025-12-31", "2025-12-31"), "0 of 1: not yet");
    let done = counted.fixed("jp-csirt", "CVE-1", "JP", Evidence::E2, "2025-11-15").attack(
        "CVE-1",
        &["jp-csirt"],
        "2025-12-24",
        "2025-12-24",
    );
    assert_eq!(done.prior("2025-12-31", "2025-12-31"), "1 of 1: success");
}

#[test]
fn who_is_in_the_population() {
    let pair = |w: World, org: &str| w.exposed(org, "CVE-1", "plc", "2025-10-01").advice(org, "CVE-1", "2025-10-10");
    let value = |w: World| w.prior("2025-12-31", "2025-12-31");
    assert_eq!(value(pair(World::new().team("pl-csirt", "PL"), "pl-csirt")), "0 of 0: not yet");
    assert_eq!(value(pair(World::new().trusted_team("us-csirt", "US"), "us-csirt")), "0 of 0: not yet");
    let lapsed = World::new().team("pl-csirt", "PL").trust("pl-csirt", "2024-01-01", "2025-09-30");
    assert_eq!(value(pair(lapsed, "pl-csirt")), "0 of 0: not yet");
    let last_day = World::new().team("pl-csirt", "PL").trust("pl-csirt", "2024-01-01", "2025-10-01");
    assert_eq!(value(pair(last_day, "pl-csirt")), "0 of 1: not yet");
    // a later record with the same first day ends it sooner
    let cut = World::new().trusted_team("pl-csirt", "PL").trust("pl-csirt", "2020-01-01", "2021-01-01");
    assert_eq!(value(pair(cut, "pl-csirt")), "0 of 0: not yet");
    // a bounce is no delivery; the advice that came through counts in its own quarter
    let mut bounced = one().advice("pl-csirt", "CVE-1", "2026-01-05");
    bounced.facts.deliveries[0].bounced = Some(stamp("2025-10-11"));
    assert_eq!(value(bounced.clone()), "0 of 0: ");
    assert_eq!(bounced.ask("2.1.3", "2026-Q1", "2026-02-01", "2026-02-01").figure.denominator, Some(1));
}

#[test]
fn half_of_the_pairs_is_enough_and_every_partner_weighs_the_same() {
    let mut world = World::new().trusted_team("pl-csirt", "PL").trusted_team("de-csirt", "DE");
    for cve in ["CVE-1", "CVE-2", "CVE-3", "CVE-4"] {
        world = world.exposed("pl-csirt", cve, "plc", "2025-10-01").advice("pl-csirt", cve, "2025-10-10");
        world = world.attack(cve, &["pl-csirt", "de-csirt"], "2025-12-01", "2025-12-01");
    }
    world = world.exposed("de-csirt", "CVE-1", "plc", "2025-10-01").advice("de-csirt", "CVE-1", "2025-10-10");
    world = world.fixed("pl-csirt", "CVE-1", "plc", Evidence::E2, "2025-11-01");
    let figure = |w: &World| w.ask("2.1.3", "2025-Q4", "2025-12-31", "2025-12-31").figure;
    assert_eq!(figure(&world).numerator, Some(0));
    world = world.fixed("pl-csirt", "CVE-2", "plc", Evidence::E2, "2025-11-01");
    let f = figure(&world);
    assert_eq!((f.numerator, f.denominator), (Some(1), Some(2)));
    insta::assert_snapshot!(f.beside["pairs"], @r#"{"mean_of_partners":0.25,"of":5,"rate":0.4,"success":2}"#);
}

#[test]
fn more_inventory_after_the_advice_changes_nothing() {
    let success = one().fixed("pl-csirt", "CVE-1", "plc", Evidence::E2, "2025-10-20").attack(
        "CVE-1",
        &["pl-csirt"],
        "2025-12-01",
        "2025-12-02",
    );
    let more = success.exposed("pl-csirt", "CVE-1", "another", "2025-10-15").exposed(
        "pl-csirt",
        "CVE-1",
        "third",
        "2025-10-15",
    );
    let e = more.ask("2.1.3", "2025-Q4", "2025-12-31", "2025-12-31");
    assert_eq!(e.figure.numerator, Some(1));
    insta::assert_snapshot!(e.counted[0].details[0].why,
        @"80 % mitigated at E2 on 2025-10-20, 42 days before the first attack known there; 2 exposures found later are not in the cohort");
}

#[test]
fn a_corrected_advisory_takes_the_pair_out_and_a_relapse_takes_the_success_back() {
    let withdrawn = one().says("pl-csirt", "CVE-1", "plc", State::Withdrawn, Evidence::E2, stamp("2025-11-01"));
    assert_eq!(withdrawn.prior("2025-12-31", "2025-12-31"), "0 of 0: apart");
    let relapse = one()
        .fixed("pl-csirt", "CVE-1", "plc", Evidence::E2, "2025-10-20")
        .exposed("pl-csirt", "CVE-1", "plc", "2025-11-10")
        .attack("CVE-1", &["pl-csirt"], "2025-12-01", "2025-12-02");
    assert_eq!(relapse.prior("2025-12-31", "2025-12-31"), "0 of 1: too late");
}

#[test]
fn luck_names_the_state_at_delivery() {
    let publish = |w: World, fix, on| {
        let mut w = w;
        w.facts.publications.push(Publication { vulnerability: "CVE-1".into(), fix, at: stamp(on) });
        w
    };
    let rule = Rule::of(plan().measure("2.1.3").unwrap());
    let state = |w: &World| prior::pairs(&w.facts, &"2025-Q4".parse().unwrap())[0].public;
    assert_eq!(state(&one()), PublicState::Unknown);
    assert_eq!(state(&publish(one(), false, "2025-10-09")), PublicState::FlawPublic);
    assert_eq!(state(&publish(one(), true, "2025-10-09")), PublicState::FixPublic);
    assert_eq!(state(&publish(one(), true, "2025-10-11")), PublicState::Unknown);
    assert_eq!((rule.luck.fix_public, rule.luck.flaw_public, rule.luck.unknown), (0.5, 0.25, 0.1875));
    let world = publish(one(), true, "2025-10-09")
        .fixed("pl-csirt", "CVE-1", "plc", Evidence::E2, "2025-10-20")
        .attack("CVE-1", &["pl-csirt"], "2025-12-01", "2025-12-02");
    let e = world.ask("2.1.3", "2025-Q4", "2025-12-31", "2025-12-31");
    insta::assert_snapshot!(e.figure.beside["luck"], @r#"{"chance":0.5,"corrected_rate_of_pairs":1.0,"states":{"fix_public":1}}"#);
}

#[test]
fn strict_open_and_moot_stand_beside() {
    let fixed = one().fixed("pl-csirt", "CVE-1", "plc", Evidence::E2, "2025-10-20");
    let beside =
        |w: &World, form: &str| w.ask("2.1.3", "2025-Q4", "2025-12-31", "2025-12-31").figure.beside[form].to_string();
    insta::assert_snapshot!(beside(&fixed, "open"), @r#"{"pairs":1}"#);
    let listed_before = fixed.clone().listed("CVE-1", "2025-10-07");
    insta::assert_snapshot!(beside(&listed_before, "moot"), @r#"{"pairs":1,"same_day":0}"#);
    insta::assert_snapshot!(beside(&listed_before, "open"), @r#"{"pairs":0}"#);
    let listed_after = fixed.listed("CVE-1", "2025-11-07");
    insta::assert_snapshot!(beside(&listed_after, "strict"), @r#"{"bounded_by_a_catalogue_only":1,"pairs":1,"value":1}"#);
    // the catalogue says nothing of Poland: the headline waits
    assert_eq!(listed_after.prior("2025-12-31", "2025-12-31"), "0 of 1: provisional");
}

#[test]
fn what_is_missing_is_named() {
    let mut world = one();
    world.facts.kinds.remove("act.sent");
    let e = world.ask("2.1.3", "2025-Q4", "2025-12-31", "2025-12-31");
    assert_eq!((e.figure.value, e.figure.missing), (None, vec!["act.sent".to_owned()]));
    let e = world.ask("3.3.1", "2025-Q4", "2025-12-31", "2025-12-31");
    assert_eq!((e.figure.value, e.figure.missing.join(" ")), (None, "assure.role".to_owned()));
    // known only later is missing now
    let e = one().ask("2.1.3", "2019-Q4", "2019-12-31", "2019-12-31");
    assert_eq!(e.figure.missing.len(), 3);
}

#[test]
fn trusted_partners_need_an_exchange_each_way() {
    let passing = |inbound, at: &str, evidence| Passing { inbound, topic: "CVE-1".into(), evidence, at: stamp(at) };
    let span = Span { org: "pl-csirt".into(), from: day("2025-01-01"), at: stamp("2025-01-01"), ..Span::default() };
    let mut world = World::new().trusted_team("pl-csirt", "PL");
    world.facts.agreements.push(span);
    world.facts.keys.push(Key { org: "pl-csirt".into(), key: "k".into(), active: true, at: stamp("2025-01-01") });
    world.passed("pl-csirt", passing(false, "2025-02-01", Evidence::E0));
    let ask = |w: &World, period: &str| w.ask("2.1.1", period, "2026-12-31", "2026-12-31");
    insta::assert_snapshot!(ask(&world, "2025-Q4").not_counted[0].why, @"not known: last_in within 365 days before period end");
    world.passed("pl-csirt", passing(true, "2025-03-01", Evidence::E2));
    let e = ask(&world, "2025-Q4");
    assert_eq!((e.figure.numerator, e.figure.denominator), (Some(1), Some(1)));
    assert_eq!(serde_json::to_string(&e.figure.evidence).unwrap(), r#"{"E1":1,"E2":1,"E3":0,"E4":0}"#);
    assert_eq!(ask(&world, "2026-Q1").figure.numerator, Some(0));
    insta::assert_snapshot!(ask(&world, "2026-Q1").not_counted[0].why, @"not so: last_in within 365 days before period end");
    world.facts.keys.push(Key { org: "pl-csirt".into(), key: "k".into(), active: false, at: stamp("2025-12-01") });
    insta::assert_snapshot!(ask(&world, "2025-Q4").not_counted[0].why, @"not so: key_active is yes");
}

#[test]
fn exchanges_are_partner_topic_week() {
    let mut world = World::new().team("pl-csirt", "PL").team("us-csirt", "US");
    for (org, topic, at, inbound) in [
        ("pl-csirt", "CVE-1", "2025-11-03", false),
        ("pl-csirt", "CVE-1", "2025-11-04", false), // the same week
        ("pl-csirt", "CVE-1", "2025-11-10", true),
        ("pl-csirt", "inventory", "2025-11-10", true),
        ("us-csirt", "CVE-1", "2025-11-10", false), // at home
    ] {
        let at = stamp(at);
        world.passed(org, Passing { inbound, topic: topic.into(), evidence: Evidence::E1, at });
    }
    let e = world.ask("1.2.2", "2025-Q4", "2025-12-31", "2025-12-31");
    assert_eq!(e.figure.numerator, Some(3));
    let keys: Vec<&str> = e.counted.iter().map(|i| i.key.as_str()).collect();
    insta::assert_snapshot!(keys.join("\n"), @r"
    pl-csirt, CVE-1, 2025-W45
    pl-csirt, CVE-1, 2025-W46
    pl-csirt, inventory, 2025-W46
    ");
}

#[test]
fn nothing_depends_on_the_order_of_facts() {
    let world = one()
        .exposed("pl-csirt", "CVE-1", "b", "2025-10-02")
        .fixed("pl-csirt", "CVE-1", "plc", Evidence::E2, "2025-10-20")
        .fixed("pl-csirt", "CVE-1", "b", Evidence::E3, "2025-10-21")
        .attack("CVE-1", &["pl-csirt"], "2025-12-01", "2025-12-02")
        .listed("CVE-1", "2025-11-01");
    let mut turned = world.clone();
    turned.facts.exposures.values_mut().for_each(|of| of.reverse());
    turned.facts.exposures.values_mut().flatten().for_each(|x| Arc::make_mut(x).said.reverse());
    turned.facts.exploitations.reverse();
    turned.facts.deliveries.reverse();
    turned.facts.trusts.reverse();
    let text = |w: &World| serde_json::to_string(&w.ask("2.1.3", "2025-Q4", "2026-06-30", "2026-06-30")).unwrap();
    assert_eq!(text(&world), text(&turned));
    let rule = Rule::of(plan().measure("2.1.3").unwrap());
    assert_eq!(Form::headline(&rule).theta, 0.8);
}

/// 2.1.2 of one engagement of pl-cert on 10 October 2025 about CVE-1, as of a day.
#[track_caller]
fn combined(world: &World, as_of: &str, expected: &str) {
    let plan = plan();
    let measure = plan.measure("2.1.2").unwrap();
    let period: Period = "2025-Q4".parse().unwrap();
    let text = |text: &str| crate::record::Value::Text(text.to_owned());
    let list = |one: &str| crate::record::Value::List(vec![text(one)]);
    let fields = BTreeMap::from([
        ("state".to_owned(), text("held")),
        ("held_on".to_owned(), crate::record::Value::Day(crate::record::value::day("2025-10-10").unwrap())),
        ("partners".to_owned(), list("pl-cert")),
        ("vulnerabilities".to_owned(), list("CVE-1")),
    ]);
    let unit = crate::record::facts::Unit {
        id: "e-1".into(),
        name: "Warsaw".into(),
        fields: fields.into(),
        ..Default::default()
    };
    let view = View { as_of: day(as_of), known_as_of: day(as_of) };
    let mut figure = crate::figure::Figure::empty(&plan, measure, &BTreeMap::new(), &period);
    let seen = world.facts.seen_at(view);
    let items = crate::combined::evaluate(&seen, &[Arc::new(unit)], measure, view, &period, &mut figure);
    let value = crate::text::number(&figure.value);
    let got = format!("{value} ({} of {}): {}", figure.numerator.unwrap(), figure.denominator.unwrap(), items[0].why);
    assert_eq!(got, expected, "{as_of}");
}

#[test]
fn an_engagement_lowers_the_combined_risk() {
    let open = || {
        World::new()
            .exposed("pl-cert", "CVE-1", "plc", "2025-10-01")
            .exposed("pl-cert", "CVE-1", "hmi", "2025-10-01")
            .exposed("de-cert", "CVE-1", "plc-2", "2025-10-01")
            .exposed("pl-cert", "CVE-2", "other", "2025-10-01")
            .weighs(2.0)
    };
    let fixed = || open().fixed("pl-cert", "CVE-1", "plc", Evidence::E2, "2025-11-01");
    combined(&fixed(), "2025-12-01", "– (0 of 0): its ninety days are not over");
    combined(&fixed(), "2026-01-20", "100 (1 of 1): of a risk of 4.0 50 % is left after ninety days; 100 % outside");
    combined(&open(), "2026-01-20", "0 (0 of 1): of a risk of 4.0 100 % is left after ninety days; 100 % outside");
    // a word alone is E1, and E2 is asked
    let word = open().fixed("pl-cert", "CVE-1", "plc", Evidence::E1, "2025-11-01");
    combined(&word, "2026-01-20", "0 (0 of 1): of a risk of 4.0 100 % is left after ninety days; 100 % outside");
    // too late for this engagement
    let late = open().fixed("pl-cert", "CVE-1", "plc", Evidence::E2, "2026-01-15");
    combined(&late, "2026-01-20", "0 (0 of 1): of a risk of 4.0 100 % is left after ninety days; 100 % outside");
    // those who took no part did as well
    let both = fixed().fixed("de-cert", "CVE-1", "plc-2", Evidence::E2, "2025-11-02");
    combined(&both, "2026-01-20", "0 (0 of 1): of a risk of 4.0 50 % is left after ninety days; 0 % outside");
    // what is found after the meeting is not in the cohort
    let later = fixed().exposed("pl-cert", "CVE-1", "third", "2025-11-03").weighs(2.0);
    combined(&later, "2026-01-20", "100 (1 of 1): of a risk of 4.0 50 % is left after ninety days; 100 % outside");
    let none = World::new().exposed("de-cert", "CVE-1", "plc-2", "2025-10-01");
    combined(&none, "2026-01-20", "0 (0 of 1): no exposure that was open on the day is linked to it");
}
