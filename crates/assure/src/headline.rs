//! Measure 2.1.3 from pairs to the printed figure: partners with at least half of their pairs in success, and beside it
//! the rate of pairs, other thetas, stricter forms, what is moot, provisional or unknown, and the correction for luck.
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::facts::{Evidence, Facts, View};
use crate::figure::{About, Detail, Figure, Item, Levels};
use crate::pack::Measure;
use crate::period::Period;
use crate::prior::{End, Form, Pair, PublicState, Rule, Scope, Verdict, pairs};

/// Pairs and partners counted in one form.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tally {
    /// Partners with at least half of their pairs in success.
    pub partners: i64,
    /// Partners with a pair.
    pub of_partners: i64,
    /// Pairs in success.
    pub pairs: i64,
    /// Pairs.
    pub of_pairs: i64,
    /// The mean of the partners' own rates: each partner weighs the same, however much it shared.
    pub mean_rate: Option<f64>,
}

/// The trusted response teams abroad whose trust holds at some time in the period, as far as `view` reaches into it.
pub fn trusted<'a>(seen: &'a Facts, view: View, period: &Period) -> BTreeSet<&'a str> {
    let until = period.until().min(ledger::Micros(view.as_of.0.saturating_add(1)));
    let teams = seen.teams().into_iter().map(|p| p.key.as_str());
    teams.filter(|team| Facts::in_force_within(&seen.trusts, team, period.from(), until)).collect()
}

/// Counts pairs that are in the population.
pub fn tally(pairs: &[&Pair<'_>], rule: &Rule, form: Form, view: View) -> Tally {
    let mut by_partner: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
    for pair in pairs {
        let verdict = pair.judge(rule, form, view.watched_until());
        if verdict != Verdict::Apart {
            let (n, d) = by_partner.entry(pair.partner).or_default();
            *n += i64::from(verdict.success());
            *d += 1;
        }
    }
    let enough = |(n, d): &&(i64, i64)| *n as f64 + 1e-9 >= rule.half * *d as f64;
    let rates: f64 = by_partner.values().map(|(n, d)| *n as f64 / *d as f64).sum();
    Tally {
        partners: by_partner.values().filter(enough).count() as i64,
        of_partners: by_partner.len() as i64,
        pairs: by_partner.values().map(|(n, _)| n).sum(),
        of_pairs: by_partner.values().map(|(_, d)| d).sum(),
        mean_rate: (!by_partner.is_empty()).then(|| rates / by_partner.len() as f64),
    }
}

/// Fills the figure, and lists every partner that was advised where that is asked.
pub fn evaluate(
    seen: &Facts,
    measure: &Measure,
    view: View,
    period: &Period,
    figure: &mut Figure,
    listed: bool,
) -> Vec<Item> {
    let rule = Rule::of(measure);
    let all = pairs(seen, period);
    let trusted = trusted(seen, view, period);
    let within: Vec<&Pair<'_>> = all.iter().filter(|p| trusted.contains(p.partner)).collect();
    let headline = Form::headline(&rule);
    if figure.missing.is_empty() {
        let main = tally(&within, &rule, headline, view);
        figure.value = Some(main.partners.into());
        figure.numerator = Some(main.partners);
        figure.denominator = Some(main.of_partners);
        figure.evidence = levels(&within, &rule, view);
        figure.beside = beside(&within, &rule, view, main);
        notes(seen, &within, main, figure);
    }
    if listed { items(seen, &all, &trusted, &rule, view) } else { Vec::new() }
}

fn levels(pairs: &[&Pair<'_>], rule: &Rule, view: View) -> Levels {
    let at = |level| Some(tally(pairs, rule, Form { level, ..Form::headline(rule) }, view).partners.into());
    let [e1, e2, e3, e4] = Evidence::COLUMNS.map(at);
    Levels { E1: e1, E2: e2, E3: e3, E4: e4 }
}

fn beside(pairs: &[&Pair<'_>], rule: &Rule, view: View, main: Tally) -> BTreeMap<String, Value> {
    let form = Form::headline(rule);
    let count = |test: &dyn Fn(&Pair<'_>) -> bool| pairs.iter().filter(|p| !p.cohort.is_empty() && test(p)).count();
    let judged = |p: &Pair<'_>| p.judge(rule, form, view.watched_until());
    let thetas: Vec<Value> = rule
        .theta_forms
        .iter()
        .map(|&theta| {
            let t = tally(pairs, rule, Form { theta, ..form }, view);
            json!({ "theta": theta, "value": t.partners, "pairs": t.pairs, "of_pairs": t.of_pairs })
        })
        .collect();
    let strict = tally(pairs, rule, Form { scope: Scope::Anywhere, ..form }, view);
    let at_most = tally(pairs, rule, Form { end: End::High, ..form }, view);
    let mitigated = |p: &Pair<'_>| p.mitigated(rule.theta, rule.level, End::Low, None).is_some();
    let catalogue_only = |p: &Pair<'_>| !p.attacks.is_empty() && p.attacks.iter().all(|a| a.from.is_none());
    BTreeMap::from([
        ("theta".to_owned(), Value::Array(thetas)),
        (
            "pairs".to_owned(),
            json!({ "success": main.pairs, "of": main.of_pairs, "rate": ratio(main.pairs, main.of_pairs), "mean_of_partners": round(main.mean_rate) }),
        ),
        ("at_most".to_owned(), json!({ "value": at_most.partners, "pairs": at_most.pairs })),
        (
            "strict".to_owned(),
            json!({ "value": strict.partners, "pairs": strict.pairs, "bounded_by_a_catalogue_only": count(&catalogue_only) }),
        ),
        ("open".to_owned(), json!({ "pairs": count(&|p| p.attacks.is_empty() && mitigated(p)) })),
        ("moot".to_owned(), json!({ "pairs": count(&|p| p.moot()), "same_day": count(&|p| p.same_day()) })),
        ("provisional".to_owned(), json!({ "pairs": count(&|p| matches!(judged(p), Verdict::Provisional { .. })) })),
        ("too_late".to_owned(), json!({ "pairs": count(&|p| matches!(judged(p), Verdict::TooLate { .. })) })),
        ("unknown".to_owned(), json!({ "pairs": pairs.iter().filter(|p| p.cohort.is_empty()).count() })),
        ("luck".to_owned(), luck(pairs, rule, main)),
    ])
}

/// `(seen - chance) / (1 - chance)` over the pairs, chance by what was public when the advice arrived.
fn luck(pairs: &[&Pair<'_>], rule: &Rule, main: Tally) -> Value {
    let mut states: BTreeMap<PublicState, i64> = BTreeMap::new();
    for pair in pairs.iter().filter(|p| !p.cohort.is_empty()) {
        *states.entry(pair.public).or_default() += 1;
    }
    let chance_of = |state: &PublicState| match state {
        PublicState::FixPublic => rule.luck.fix_public,
        PublicState::FlawPublic => rule.luck.flaw_public,
        PublicState::Unknown => rule.luck.unknown,
    };
    let total: f64 = states.iter().map(|(state, n)| chance_of(state) * *n as f64).sum();
    let chance = (main.of_pairs > 0).then(|| total / main.of_pairs as f64);
    let seen = (main.of_pairs > 0).then(|| main.pairs as f64 / main.of_pairs as f64);
    let corrected = seen.zip(chance).filter(|(_, c)| *c < 1.0).map(|(s, c)| (s - c) / (1.0 - c));
    json!({ "states": states, "chance": round(chance), "corrected_rate_of_pairs": round(corrected) })
}

fn ratio(n: i64, d: i64) -> Value {
    round((d > 0).then(|| n as f64 / d as f64))
}

/// Four digits are enough for a share; more would only show how a machine divides.
fn round(x: Option<f64>) -> Value {
    x.map_or(Value::Null, |x| json!((x * 1e4).round() / 1e4))
}

fn notes(seen: &Facts, pairs: &[&Pair<'_>], main: Tally, figure: &mut Figure) {
    if main.of_partners == 0 {
        figure.notes.push("no trusted team was advised of an exposure in this period".to_owned());
    }
    if seen.exploitations.is_empty() {
        figure.notes.push(
            "no source of exploitation is in the ledger yet (KEV, EUKEV or sightings): quiet means unwatched"
                .to_owned(),
        );
    }
    let unknown = pairs.iter().filter(|p| p.cohort.is_empty()).count();
    if unknown > 0 {
        figure
            .notes
            .push(format!("{unknown} of {} pairs stand apart: nothing counted is known of an exposure", pairs.len()));
    }
}

fn items(seen: &Facts, all: &[Pair<'_>], trusted: &BTreeSet<&str>, rule: &Rule, view: View) -> Vec<Item> {
    let mut by_partner: BTreeMap<&str, Vec<&Pair<'_>>> = BTreeMap::new();
    for pair in all {
        by_partner.entry(pair.partner).or_default().push(pair);
    }
    let teams: BTreeSet<&str> = seen.teams().into_iter().map(|p| p.key.as_str()).collect();
    for team in trusted {
        by_partner.entry(team).or_default();
    }
    by_partner
        .into_iter()
        .map(|(partner, pairs)| item(partner, &pairs, teams.contains(partner), trusted, rule, view))
        .collect()
}

fn item(partner: &str, pairs: &[&Pair<'_>], team: bool, trusted: &BTreeSet<&str>, rule: &Rule, view: View) -> Item {
    let one = tally(pairs, rule, Form::headline(rule), view);
    let is_trusted = trusted.contains(partner);
    let (in_population, why) = if !team {
        (false, "no response team abroad".to_owned())
    } else if !is_trusted {
        (false, "no person declared it trusted for this period (`partner trust`)".to_owned())
    } else if pairs.is_empty() {
        (false, "no advice was delivered to it first in this period".to_owned())
    } else if one.of_pairs == 0 {
        (false, "nothing counted is known of an exposure to what it was advised of".to_owned())
    } else {
        (true, format!("{} of {} pairs succeeded", one.pairs, one.of_pairs))
    };
    Item {
        key: partner.to_owned(),
        counted: in_population && one.partners > 0,
        in_population,
        why,
        details: pairs.iter().map(|p| detail(p, rule, view)).collect(),
        about: About::org(partner),
    }
}

fn detail(pair: &Pair<'_>, rule: &Rule, view: View) -> Detail {
    let verdict = pair.judge(rule, Form::headline(rule), view.watched_until());
    let mut times = BTreeMap::from([("advised".to_owned(), pair.advice.at.valid)]);
    if pair.set_at.0 != pair.advice.at.valid {
        times.insert("cohort".to_owned(), pair.set_at.0);
    }
    match verdict {
        Verdict::BeforeAttack { at, attack } => {
            times.insert("mitigated".to_owned(), at);
            times.insert("attacked".to_owned(), attack);
        }
        Verdict::Quiet { at } => {
            times.insert("mitigated".to_owned(), at);
        }
        Verdict::Provisional { at, until } => {
            times.insert("mitigated".to_owned(), at);
            times.insert("final".to_owned(), until);
        }
        Verdict::TooLate { attack, mitigated } => {
            times.insert("attacked".to_owned(), attack);
            times.extend(mitigated.map(|at| ("mitigated".to_owned(), at)));
        }
        Verdict::NotYet | Verdict::Apart => {}
    }
    let mut entries: BTreeSet<i64> = BTreeSet::from([pair.advice.at.entry]);
    entries.extend(pair.cohort.iter().flat_map(|(x, _)| &x.said).map(|s| s.at.entry));
    entries.extend(pair.attacks.iter().map(|a| a.at.entry));
    Detail {
        about: pair.vulnerability.to_owned(),
        verdict: verdict.word().to_owned(),
        why: sentence(pair, verdict, rule, view),
        times,
        sources: pair.attacks.iter().map(|a| source(a)).collect(),
        entries: entries.into_iter().collect(),
    }
}

fn source(attack: &crate::facts::Exploitation) -> String {
    let place = if attack.partners.is_empty() { "place not said".to_owned() } else { attack.partners.join(", ") };
    match attack.from {
        Some(from) if from == attack.by => format!("{}: seen {} ({place})", attack.source, from.day()),
        Some(from) => format!("{}: between {} and {} ({place})", attack.source, from.day(), attack.by.day()),
        None => format!("{}: {} at the latest ({place})", attack.source, attack.by.day()),
    }
}

fn sentence(pair: &Pair<'_>, verdict: Verdict, rule: &Rule, view: View) -> String {
    let level = format!("{:?}", rule.level);
    let percent = (rule.theta * 100.0).round();
    let mut text = match verdict {
        Verdict::BeforeAttack { at, attack } => {
            let days = (attack.0 - at.0).div_euclid(ledger::Micros::DAY);
            format!("{percent} % mitigated at {level} on {}, {days} days before the first attack known there", at.day())
        }
        Verdict::Quiet { at } => {
            let days = rule.quiet / ledger::Micros::DAY;
            format!("{percent} % mitigated at {level} on {}, no attack known there within {days} days", at.day())
        }
        Verdict::Provisional { at, until } => {
            format!("{percent} % mitigated at {level} on {}, no attack known yet: final on {}", at.day(), until.day())
        }
        Verdict::TooLate { attack, mitigated: None } => {
            format!("attacked by {} and {percent} % not mitigated at {level}", attack.day())
        }
        Verdict::TooLate { attack, mitigated: Some(at) } => {
            format!("attacked by {}, {percent} % mitigated at {level} only on {}", attack.day(), at.day())
        }
        Verdict::NotYet => {
            let (low, high) = pair.share_at((view.as_of, i64::MAX), rule.level).unwrap_or((0.0, 0.0));
            let share = if (high - low).abs() < 1e-9 {
                format!("{:.0} %", low * 100.0)
            } else {
                format!("{:.0} to {:.0} %", low * 100.0, high * 100.0)
            };
            format!("{share} mitigated at {level} where {percent} % is asked, no attack known there")
        }
        Verdict::Apart if pair.withdrawn > 0 => "the match was taken back: it was never exposed".to_owned(),
        Verdict::Apart => "nothing counted is known of an exposure: it stands apart".to_owned(),
    };
    if pair.moot() {
        text.push_str("; exploitation somewhere was known to have begun before the advice (moot)");
    }
    if pair.later > 0 {
        text.push_str(&format!("; {} exposures found later are not in the cohort", pair.later));
    }
    text
}
