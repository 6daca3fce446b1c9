//! Facts read from the stage's tables for one known time. Only vulnerabilities that somebody was advised of are read in full:
//! the rest cannot be in a figure. Who is whose constituency is resolved here, as it was known then.
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ledger::{Micros, Result, Row, Tx};

use crate::facts::*;

/// Everything known by `known`.
pub(crate) fn facts(tx: &mut Tx<'_>, known: Micros) -> Result<Facts> {
    let home = tx.one("SELECT country FROM @fact_home WHERE id = 1", &[], |r| r.text(0).to_owned())?;
    let mut facts = Facts { home: home.unwrap_or_default(), ..Facts::default() };
    let kinds =
        tx.all("SELECT kind, known FROM @fact_kind ORDER BY kind", &[], |r| (r.text(0).to_owned(), r.micros(1)))?;
    facts.kinds = kinds.into_iter().collect();
    let world = World::read(tx, known, &mut facts)?;
    facts.trusts = spans(tx, "trust", known)?;
    facts.agreements = spans(tx, "agreement", known)?;
    facts.keys = keys(tx, known)?;
    facts.contacts = dated(tx, "contact", known)?;
    facts.inventories = dated(tx, "inventory", known)?;
    deliveries(tx, known, &world, &mut facts)?;
    inbound(tx, known, &world, &mut facts)?;
    exposures(tx, known, &world, &mut facts)?;
    exploitations(tx, known, &world, &mut facts)?;
    facts.publications = publications(tx, known)?;
    Ok(facts)
}

/// Known when it happened: valid and known time are one.
fn at(known: Micros, entry: i64) -> Stamp {
    Stamp { valid: known, known, entry }
}

/// Who is who, and where.
struct World {
    /// Key → (kind, country).
    orgs: BTreeMap<String, (String, String)>,
    /// Key or name in lower case → key.
    names: BTreeMap<String, String>,
    /// Country → its response teams.
    teams: BTreeMap<String, Vec<String>>,
}

impl World {
    fn read(tx: &mut Tx<'_>, known: Micros, facts: &mut Facts) -> Result<World> {
        let mut world = World { orgs: BTreeMap::new(), names: BTreeMap::new(), teams: BTreeMap::new() };
        let sql = "SELECT idx, org, name, kind, country, known FROM @fact_org WHERE known <= $1 ORDER BY idx";
        tx.each(sql, &[known.into()], &mut |r| {
            let (key, kind, country) = (r.text(1).to_owned(), r.text(3).to_owned(), r.text(4).to_owned());
            let name = r.text(2).to_owned();
            world.names.insert(r.text(2).to_lowercase(), key.clone());
            world.orgs.insert(key.clone(), (kind.clone(), country.clone()));
            facts.partners.push(Partner { key, name, kind, country, at: at(r.micros(5), r.int(0)) });
            Ok(())
        })?;
        // A key stands over a name that is the same.
        for key in world.orgs.keys() {
            world.names.insert(key.to_lowercase(), key.clone());
        }
        for (key, (kind, country)) in &world.orgs {
            if kind == "csirt" && !country.is_empty() {
                world.teams.entry(country.clone()).or_default().push(key.clone());
            }
        }
        Ok(world)
    }

    fn is_team(&self, org: &str) -> bool {
        self.orgs.get(org).is_some_and(|(kind, _)| kind == "csirt")
    }

    fn in_country(&self, country: &str) -> Vec<String> {
        self.teams.get(country).cloned().unwrap_or_default()
    }

    /// The teams in whose constituency something lies: the first of `bodies` that is a team itself, else those of the country,
    /// else those of the first body's country.
    fn constituency(&self, bodies: &[&str], country: &str) -> Vec<String> {
        if let Some(team) = bodies.iter().find(|b| self.is_team(b)) {
            return vec![(*team).to_owned()];
        }
        if !country.is_empty() {
            return self.in_country(country);
        }
        let known = bodies.iter().find_map(|b| self.orgs.get(*b).filter(|(_, country)| !country.is_empty()));
        known.map_or_else(Vec::new, |(_, country)| self.in_country(country))
    }
}

fn spans(tx: &mut Tx<'_>, what: &str, known: Micros) -> Result<Vec<Span>> {
    let sql = "SELECT idx, org, from_at, until_at, reason, by_whom, known FROM @fact_span \
               WHERE what = $1 AND known <= $2 ORDER BY idx";
    tx.all(sql, &[what.into(), known.into()], |r| Span {
        org: r.text(1).to_owned(),
        from: r.micros(2),
        until: r.opt_int(3).map(Micros),
        reason: r.text(4).to_owned(),
        by: r.text(5).to_owned(),
        at: at(r.micros(6), r.int(0)),
    })
}

fn keys(tx: &mut Tx<'_>, known: Micros) -> Result<Vec<Key>> {
    let sql = "SELECT idx, org, public, active, known FROM @fact_key WHERE known <= $1 ORDER BY idx";
    tx.all(sql, &[known.into()], |r| Key {
        org: r.text(1).to_owned(),
        key: r.text(2).to_owned(),
        active: r.bool(3),
        at: at(r.micros(4), r.int(0)),
    })
}

fn dated(tx: &mut Tx<'_>, what: &str, known: Micros) -> Result<Vec<Dated>> {
    let sql = "SELECT org, day, idx, known FROM @fact_dated WHERE what = $1 AND known <= $2 ORDER BY idx, org";
    tx.all(sql, &[what.into(), known.into()], |r| Dated {
        org: r.text(0).to_owned(),
        day: r.int(1),
        at: at(r.micros(3), r.int(2)),
    })
}

fn deliveries(tx: &mut Tx<'_>, known: Micros, world: &World, facts: &mut Facts) -> Result<()> {
    let sql = "SELECT message, idx, valid, known FROM @fact_bounce WHERE known <= $1 ORDER BY idx";
    let stamp = |r: &Row<'_>| Stamp { valid: r.micros(2), known: r.micros(3), entry: r.int(1) };
    let bounces: BTreeMap<String, Stamp> =
        tx.all(sql, &[known.into()], |r| (r.text(0).to_owned(), stamp(r)))?.into_iter().collect();
    let sql = "SELECT vulnerability, idx, valid, known, message, ask, party, addressee, country FROM @fact_delivery \
               WHERE known <= $1 ORDER BY idx, vulnerability";
    tx.each(sql, &[known.into()], &mut |r| {
        let (vulnerability, to) = (r.text(0).to_owned(), r.text(7).to_owned());
        let bounced = bounces.get(r.text(4)).copied();
        if bounced.is_none() && world.orgs.contains_key(&to) {
            facts.passings.push(Passing {
                org: to.as_str().into(),
                inbound: false,
                topic: vulnerability.as_str().into(),
                evidence: Evidence::E0,
                at: stamp(r),
            });
        }
        for partner in world.constituency(&[&to, r.text(6)], r.text(8)) {
            facts.deliveries.push(Delivery {
                partner,
                to: to.clone(),
                vulnerability: vulnerability.clone(),
                ask: r.text(5).to_owned(),
                at: stamp(r),
                bounced,
            });
        }
        Ok(())
    })
}

fn inbound(tx: &mut Tx<'_>, known: Micros, world: &World, facts: &mut Facts) -> Result<()> {
    let sql = "SELECT org, topic, evidence, idx, known FROM @fact_inbound WHERE known <= $1 ORDER BY idx, org, topic, evidence";
    // a few names stand in millions of rows
    let mut names: BTreeSet<Arc<str>> = BTreeSet::new();
    let mut shared = |name: &str| match names.get(name) {
        Some(name) => Arc::clone(name),
        None => {
            let name: Arc<str> = name.into();
            names.insert(Arc::clone(&name));
            name
        }
    };
    tx.each(sql, &[known.into()], &mut |r| {
        if world.orgs.contains_key(r.text(0)) {
            facts.passings.push(Passing {
                org: shared(r.text(0)),
                inbound: true,
                topic: shared(r.text(1)),
                evidence: Evidence::read(r.text(2)).unwrap_or_default(),
                at: at(r.micros(4), r.int(3)),
            });
        }
        Ok(())
    })
}

/// The party an exposure concerns: the holder of a count, else the owner.
struct Line {
    party: String,
    country: String,
    exposure: Exposure,
}

fn exposures(tx: &mut Tx<'_>, known: Micros, world: &World, facts: &mut Facts) -> Result<()> {
    let mut lines: BTreeMap<(String, String, String, String), Line> = BTreeMap::new();
    let sql = "SELECT vulnerability, level, source, subject, owner, holder, country, advisory, state, count_min, count_max, \
               weight, valid, known, idx FROM @fact_exposure \
               WHERE known <= $1 AND by_all = 1 AND vulnerability IN (SELECT vulnerability FROM @fact_delivery WHERE known <= $1) ORDER BY idx, n";
    tx.each(sql, &[known.into()], &mut |r| {
        let key = (r.text(0).to_owned(), r.text(1).to_owned(), r.text(2).to_owned(), r.text(3).to_owned());
        let line = lines.entry(key).or_insert_with(|| Line {
            party: String::new(),
            country: String::new(),
            exposure: Exposure {
                subject: [r.text(1), r.text(2), r.text(3)].join(" "),
                asset: if r.text(1) == "asset" { r.text(3).to_owned() } else { String::new() },
                owner: r.text(4).to_owned(),
                level: r.text(1).to_owned(),
                vulnerability: r.text(0).to_owned(),
                ..Exposure::default()
            },
        });
        told(line, world, r);
        Ok(())
    })?;
    claims(tx, known, &mut lines)?;
    for line in lines.into_values() {
        let partners = world.constituency(&[&line.exposure.partner, &line.party], &line.country);
        for partner in partners {
            facts.exposures.push(Exposure { partner, ..line.exposure.clone() });
        }
    }
    Ok(())
}

/// One statement of the matching stage. Said again the same, it is no new statement.
fn told(line: &mut Line, world: &World, r: &Row<'_>) {
    let (owner, holder) = (r.text(4), r.text(5));
    let counted = matches!(r.text(1), "constituency" | "sector");
    line.party = if counted && !holder.is_empty() { holder } else { owner }.to_owned();
    if !r.text(6).is_empty() {
        line.country = r.text(6).to_owned();
    }
    let x = &mut line.exposure;
    // Until the constituency is resolved this holds the body that knows.
    x.partner = if world.is_team(holder) { holder.to_owned() } else { owner.to_owned() };
    if !r.text(7).is_empty() {
        x.advisory = r.text(7).to_owned();
    }
    let state = match r.text(8) {
        "affected" => State::Affected(Count { min: r.int(9), max: r.int(10) }),
        "withdrawn" => State::Withdrawn,
        "unknown" if r.int(10) > 0 && x.said.iter().any(|s| matches!(s.state, State::Affected(_))) => {
            State::Mitigated(Count { min: 0, max: r.int(10) }, "partly unknown".to_owned())
        }
        "unknown" => State::Unknown,
        kind => State::Mitigated(Count::exact(0), kind.to_owned()),
    };
    if matches!(state, State::Affected(_)) {
        // The criticality stays as it was when the exposure was first known.
        x.weight = if x.weight > 0.0 { x.weight } else { r.real(11) };
    }
    if x.said.last().is_some_and(|last| last.state == state) {
        return;
    }
    let at = Stamp { valid: r.micros(12), known: r.micros(13), entry: r.int(14) };
    x.said.push(Statement { state, evidence: Evidence::E2, by: r.text(2).to_owned(), at });
}

/// Answers and confirmations reach every exposure of their party in their country.
fn claims(tx: &mut Tx<'_>, known: Micros, lines: &mut BTreeMap<(String, String, String, String), Line>) -> Result<()> {
    let mut by_party: BTreeMap<(String, String), Vec<&mut Line>> = BTreeMap::new();
    for ((vulnerability, ..), line) in lines.iter_mut() {
        by_party.entry((vulnerability.clone(), line.party.clone())).or_default().push(line);
    }
    let sql = "SELECT vulnerability, party, country, verdict, evidence, by_whom, valid, known, idx FROM @fact_claim \
               WHERE known <= $1 ORDER BY idx, vulnerability";
    tx.each(sql, &[known.into()], &mut |r| {
        let key = (r.text(0).to_owned(), r.text(1).to_owned());
        for line in by_party.get_mut(&key).into_iter().flatten() {
            if !r.text(2).is_empty() && !line.country.is_empty() && r.text(2) != line.country {
                continue;
            }
            line.exposure.said.push(Statement {
                state: State::Mitigated(Count::exact(0), r.text(3).to_owned()),
                evidence: Evidence::read(r.text(4)).unwrap_or_default(),
                by: r.text(5).to_owned(),
                at: Stamp { valid: r.micros(6), known: r.micros(7), entry: r.int(8) },
            });
        }
        Ok(())
    })
}

fn exploitations(tx: &mut Tx<'_>, known: Micros, world: &World, facts: &mut Facts) -> Result<()> {
    let sql = "SELECT source, vulnerability, by_at, known, idx FROM @fact_listing \
               WHERE known <= $1 AND vulnerability IN (SELECT vulnerability FROM @fact_delivery WHERE known <= $1) ORDER BY idx";
    let listed = tx.all(sql, &[known.into()], |r| Exploitation {
        source: r.text(0).to_owned(),
        vulnerability: r.text(1).to_owned(),
        from: None,
        by: r.micros(2),
        whole_day: true,
        partners: Vec::new(),
        at: Stamp { valid: r.micros(2), known: r.micros(3), entry: r.int(4) },
    })?;
    facts.exploitations.extend(listed);
    let advised: BTreeSet<&str> = facts.deliveries.iter().map(|d| d.vulnerability.as_str()).collect();
    let names = names(tx, known)?;
    // The last version of a sighting speaks.
    let mut sightings: BTreeMap<String, Option<Exploitation>> = BTreeMap::new();
    let sql = "SELECT id, of_ref, from_at, by_at, places, revoked, known, idx FROM @fact_sighting WHERE known <= $1 ORDER BY idx";
    tx.each(sql, &[known.into()], &mut |r| {
        let of = names.get(r.text(1)).filter(|(kind, _)| kind == "vulnerability").map(|(_, value)| value.clone());
        let partners: BTreeSet<String> = r.text(4).split(' ').flat_map(|place| world.place(&names, place)).collect();
        let sighting = of.filter(|v| !r.bool(5) && advised.contains(v.as_str())).map(|vulnerability| Exploitation {
            vulnerability,
            source: r.text(0).to_owned(),
            from: r.opt_int(2).map(Micros),
            by: r.micros(3),
            whole_day: false,
            partners: partners.into_iter().collect(),
            at: Stamp { valid: r.micros(3), known: r.micros(6), entry: r.int(7) },
        });
        sightings.insert(r.text(0).to_owned(), sighting);
        Ok(())
    })?;
    facts.exploitations.extend(sightings.into_values().flatten());
    Ok(())
}

/// STIX id → (kind, value), the last word on each.
fn names(tx: &mut Tx<'_>, known: Micros) -> Result<BTreeMap<String, (String, String)>> {
    let sql = "SELECT id, kind, value FROM @fact_name WHERE known <= $1 ORDER BY idx";
    let rows =
        tx.all(sql, &[known.into()], |r| (r.text(0).to_owned(), (r.text(1).to_owned(), r.text(2).to_owned())))?;
    Ok(rows.into_iter().collect())
}

impl World {
    /// The constituencies that a place of a sighting lies in (STIX 2.1 section 5.2, `where_sighted_refs`).
    fn place(&self, names: &BTreeMap<String, (String, String)>, id: &str) -> Vec<String> {
        match names.get(id) {
            Some((kind, country)) if kind == "country" => self.in_country(country),
            Some((kind, name)) if kind == "identity" => match self.names.get(&name.to_lowercase()) {
                Some(org) => self.constituency(&[org], ""),
                None => Vec::new(),
            },
            _ => Vec::new(),
        }
    }
}

fn publications(tx: &mut Tx<'_>, known: Micros) -> Result<Vec<Publication>> {
    let sql = "SELECT vulnerability, fix, valid, known, idx FROM @fact_public \
               WHERE known <= $1 AND vulnerability IN (SELECT vulnerability FROM @fact_delivery WHERE known <= $1) ORDER BY idx, vulnerability";
    tx.all(sql, &[known.into()], |r| Publication {
        vulnerability: r.text(0).to_owned(),
        fix: r.bool(1),
        at: Stamp { valid: r.micros(2), known: r.micros(3), entry: r.int(4) },
    })
}
