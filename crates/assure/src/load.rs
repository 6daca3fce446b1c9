//! Facts read from the stage's tables, once whole and from then on by what came later: both ways give the same. Only vulnerabilities that somebody was
//! advised of are read in full: the rest cannot be in a figure. Who is whose constituency is resolved here, as it was known then.
mod exploitation;
mod exposures;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use ledger::{Micros, Result, Row, Tx, Value};
use partners::merge::Merged;

use crate::facts::*;
use exploitation::Sighting;
use exposures::{Claim, Line, LineKey};

/// What facts are made from, as far as a later entry may speak of it again.
#[derive(Debug, Default)]
pub(crate) struct Source {
    /// What came to be known later is not read.
    known: Micros,
    /// The last entry that was read.
    after: i64,
    world: World,
    /// Keys that turned out to be another's.
    merges: Vec<Merged>,
    /// A few names stand in millions of rows. Every body that a row names is among them, also one that nobody introduced.
    names: Names,
    /// Whether somebody is new or has another name since exploitation was looked at.
    renamed: bool,
    /// Vulnerabilities that somebody was advised of.
    advised: BTreeSet<String>,
    /// How many deliveries were there when exploitation was looked at.
    delivered: usize,
    /// Messages that came back.
    bounces: BTreeMap<String, Stamp>,
    lines: BTreeMap<LineKey, Line>,
    /// By vulnerability and party.
    claims: BTreeMap<(Arc<str>, Arc<str>), Vec<Claim>>,
    listings: Vec<Exploitation>,
    sightings: BTreeMap<String, Sighting>,
    /// STIX id → (kind, value), the last word on each.
    things: BTreeMap<String, (String, String)>,
}

/// What later entries changed.
#[derive(Debug, Default)]
pub(crate) struct Change {
    /// Who looks at an earlier time sees none of it.
    pub first: Option<Micros>,
    /// The last instant of it, both ways.
    pub last: Micros,
    /// Trust or an agreement: what a span says of the days before it was known is seen from there.
    pub spans: bool,
    /// Whether something is said of what an organisation is.
    pub orgs: bool,
    /// The exposures of which something was said, as they are now.
    pub exposures: Vec<Arc<Exposure>>,
    /// The actions that mitigate them, or did.
    pub actions: Vec<String>,
}

impl Change {
    fn of(&mut self, at: Stamp) {
        self.since(at.valid);
        self.last = self.last.max(at.valid).max(at.known);
    }

    fn since(&mut self, at: Micros) {
        self.first = Some(self.first.map_or(at, |first| first.min(at)));
    }

    /// It changes what is seen at any time.
    fn ever(&mut self) {
        self.since(Micros(i64::MIN));
    }
}

/// Names that stand in many rows, each kept once.
#[derive(Debug, Default)]
struct Names(HashSet<Arc<str>>);

impl Names {
    fn has(&self, name: &str) -> bool {
        self.0.contains(name)
    }

    fn shared(&mut self, name: &str) -> Arc<str> {
        match self.0.get(name) {
            Some(name) => Arc::clone(name),
            None => {
                let name: Arc<str> = name.into();
                self.0.insert(Arc::clone(&name));
                name
            }
        }
    }
}

/// Known when it happened: valid and known time are one.
fn at(known: Micros, entry: i64) -> Stamp {
    Stamp { valid: known, known, entry }
}

/// Who is who, and where.
#[derive(Debug, Default, PartialEq, Eq)]
struct World {
    /// Key → (kind, country).
    orgs: BTreeMap<String, (String, String)>,
    /// Key or name in lower case → key.
    names: BTreeMap<String, String>,
    /// Country → its response teams.
    teams: BTreeMap<String, Vec<Arc<str>>>,
}

impl World {
    fn read(tx: &mut Tx<'_>, known: Micros) -> Result<World> {
        let mut world = World::default();
        let sql = "SELECT org, name, kind, country FROM @fact_org WHERE known <= $1 ORDER BY idx";
        tx.each(sql, &[known.into()], &mut |r| {
            let key = r.text(0).to_owned();
            world.names.insert(r.text(1).to_lowercase(), key.clone());
            world.orgs.insert(key, (r.text(2).to_owned(), r.text(3).to_owned()));
            Ok(())
        })?;
        // A key stands over a name that is the same.
        for key in world.orgs.keys() {
            world.names.insert(key.to_lowercase(), key.clone());
        }
        for (key, (kind, country)) in &world.orgs {
            if kind == "csirt" && !country.is_empty() {
                world.teams.entry(country.clone()).or_default().push(key.as_str().into());
            }
        }
        Ok(world)
    }

    fn is_team(&self, org: &str) -> bool {
        self.orgs.get(org).is_some_and(|(kind, _)| kind == "csirt")
    }

    fn in_country(&self, country: &str) -> Vec<Arc<str>> {
        self.teams.get(country).cloned().unwrap_or_default()
    }

    /// The teams in whose constituency something lies: the first of `bodies` that is a team itself, else those of the country,
    /// else those of the first body's country.
    fn constituency(&self, bodies: &[&str], country: &str) -> Vec<Arc<str>> {
        if let Some(team) = bodies.iter().find(|b| self.is_team(b)) {
            return vec![(*team).into()];
        }
        if !country.is_empty() {
            return self.in_country(country);
        }
        let known = bodies.iter().find_map(|b| self.orgs.get(*b).filter(|(_, country)| !country.is_empty()));
        known.map_or_else(Vec::new, |(_, country)| self.in_country(country))
    }
}

impl Source {
    /// Who is who, and nothing else yet.
    pub(crate) fn read(tx: &mut Tx<'_>, known: Micros) -> Result<Source> {
        let (world, merges) = (World::read(tx, known)?, partners::merge::all(tx, known)?);
        Ok(Source { known, after: -1, world, merges, ..Source::default() })
    }

    /// Takes in who is new. Whether what was made of earlier entries stands: not where somebody whom they name is new or elsewhere now, where
    /// a country has another response team, or where somebody turned out to be another.
    pub(crate) fn stands(&mut self, tx: &mut Tx<'_>) -> Result<bool> {
        if partners::merge::all(tx, self.known)? != self.merges {
            return Ok(false);
        }
        let sql = "SELECT count(*) FROM @fact_org WHERE idx > $1";
        let said = tx.one(sql, &[self.after.into()], |r| r.int(0))?.unwrap_or(0);
        if said == 0 {
            return Ok(true);
        }
        let world = World::read(tx, self.known)?;
        let mut others = world.orgs.iter().filter(|(key, is)| self.world.orgs.get(*key) != Some(is));
        if world.teams != self.world.teams || others.any(|(key, _)| self.names.has(key)) {
            return Ok(false);
        }
        self.renamed |= world.names != self.world.names;
        self.world = world;
        Ok(true)
    }

    /// The last entry that was read.
    pub(crate) fn after(&self) -> i64 {
        self.after
    }

    /// Adds what the entries say that the stage has folded since.
    pub(crate) fn follow(&mut self, tx: &mut Tx<'_>, facts: &mut Facts) -> Result<Change> {
        let mut change = Change::default();
        let folded = folded(tx)?;
        let home = tx.one("SELECT country FROM @fact_home WHERE id = 1", &[], |r| r.text(0).to_owned())?;
        facts.home = home.unwrap_or_default();
        facts.merges.clone_from(&self.merges);
        let sql = "SELECT kind, known FROM @fact_kind WHERE known <= $1 ORDER BY kind";
        let kinds = tx.all(sql, &[self.known.into()], |r| (r.text(0).to_owned(), r.micros(1)))?;
        if kinds.len() != facts.kinds.len() {
            change.ever();
        }
        facts.kinds = kinds.into_iter().collect();
        change.last = facts.kinds.values().copied().max().unwrap_or_default();
        self.statements(tx, facts, &mut change)?;
        let newly = self.deliveries(tx, facts, &mut change)?;
        self.inbound(tx, facts, &mut change)?;
        let advised = std::mem::take(&mut self.advised);
        let scopes = scopes(self.after, &advised, &newly);
        self.exposures(tx, &scopes, facts, &mut change)?;
        self.exploitations(tx, &scopes, facts, &mut change)?;
        self.publications(tx, &scopes, facts, &mut change)?;
        self.advised = advised;
        self.advised.extend(newly);
        self.after = folded;
        Ok(change)
    }

    /// What is said of organisations.
    fn statements(&self, tx: &mut Tx<'_>, facts: &mut Facts, change: &mut Change) -> Result<()> {
        let since = (self.after, self.known);
        let sql =
            "SELECT idx, org, name, kind, country, known FROM @fact_org WHERE idx > $1 AND known <= $2 ORDER BY idx";
        let partners = tx.all(sql, &[self.after.into(), self.known.into()], |r| Partner {
            key: r.text(1).to_owned(),
            name: r.text(2).to_owned(),
            kind: r.text(3).to_owned(),
            country: r.text(4).to_owned(),
            at: at(r.micros(5), r.int(0)),
        })?;
        let (trusts, agreements) = (spans(tx, "trust", since)?, spans(tx, "agreement", since)?);
        let keys = keys(tx, since)?;
        let (contacts, inventories) = (dated(tx, "contact", since)?, dated(tx, "inventory", since)?);
        if !(trusts.is_empty() && agreements.is_empty()) {
            change.spans = true;
        }
        let spans = trusts.iter().chain(&agreements).map(|x| x.at);
        let dates = contacts.iter().chain(&inventories).map(|x| x.at);
        change.orgs = !partners.is_empty();
        let all = partners.iter().map(|x| x.at).chain(spans).chain(keys.iter().map(|x| x.at)).chain(dates);
        all.for_each(|at| change.of(at));
        facts.partners.extend(partners);
        facts.trusts.extend(trusts);
        facts.agreements.extend(agreements);
        facts.keys.extend(keys);
        facts.contacts.extend(contacts);
        facts.inventories.extend(inventories);
        Ok(())
    }

    /// Messages that left, and came back. Gives the vulnerabilities of which somebody was advised for the first time.
    fn deliveries(&mut self, tx: &mut Tx<'_>, facts: &mut Facts, change: &mut Change) -> Result<BTreeSet<String>> {
        let args = [self.after.into(), self.known.into()];
        let sql = "SELECT message, idx, valid, known FROM @fact_bounce WHERE idx > $1 AND known <= $2 ORDER BY idx";
        let stamp = |r: &Row<'_>| Stamp { valid: r.micros(2), known: r.micros(3), entry: r.int(1) };
        for (message, at) in tx.all(sql, &args, |r| (r.text(0).to_owned(), stamp(r)))? {
            change.of(at);
            if self.after >= 0 {
                self.came_back(tx, facts, &message, at)?;
                change.ever();
            }
            self.bounces.insert(message, at);
        }
        let sql = "SELECT vulnerability, idx, valid, known, message, ask, party, addressee, country FROM @fact_delivery \
                   WHERE idx > $1 AND known <= $2 ORDER BY idx, vulnerability";
        let before = facts.deliveries.len();
        let mut newly = BTreeSet::new();
        let mut passed: BTreeMap<Arc<str>, Vec<Passing>> = BTreeMap::new();
        tx.each(sql, &args, &mut |r| {
            let (vulnerability, to) = (r.text(0).to_owned(), self.names.shared(r.text(7)));
            self.names.shared(r.text(6));
            change.of(stamp(r));
            let bounced = self.bounces.get(r.text(4)).copied();
            if bounced.is_none() && self.world.orgs.contains_key(&*to) {
                let passing = Passing {
                    inbound: false,
                    topic: self.names.shared(&vulnerability),
                    evidence: Evidence::E0,
                    at: stamp(r),
                };
                passed.entry(Arc::clone(&to)).or_default().push(passing);
            }
            for partner in self.world.constituency(&[&to, r.text(6)], r.text(8)) {
                facts.deliveries.push(Delivery {
                    partner: partner.to_string(),
                    to: to.to_string(),
                    vulnerability: vulnerability.clone(),
                    ask: r.text(5).to_owned(),
                    at: stamp(r),
                    bounced,
                });
            }
            if !self.advised.contains(&vulnerability) {
                newly.insert(vulnerability);
            }
            Ok(())
        })?;
        for (org, passed) in passed {
            facts.passings.entry(org).or_default().extend(passed);
        }
        if facts.deliveries.len() != before {
            facts.first_advice = OnceLock::new();
        }
        Ok(newly)
    }

    /// A message that had left was never delivered.
    fn came_back(&self, tx: &mut Tx<'_>, facts: &mut Facts, message: &str, bounce: Stamp) -> Result<()> {
        let sql = "SELECT DISTINCT idx FROM @fact_delivery WHERE message = $1 AND idx <= $2 ORDER BY idx";
        let sent: BTreeSet<i64> =
            tx.all(sql, &[message.into(), self.after.into()], |r| r.int(0))?.into_iter().collect();
        for delivery in facts.deliveries.iter_mut().filter(|d| sent.contains(&d.at.entry)) {
            delivery.bounced = Some(bounce);
        }
        facts.first_advice = OnceLock::new();
        facts.passings.values_mut().for_each(|passed| passed.take_back(&sent));
        Ok(())
    }

    fn inbound(&mut self, tx: &mut Tx<'_>, facts: &mut Facts, change: &mut Change) -> Result<()> {
        // all of millions of rows is read faster in the order in which they lie
        let sql = "SELECT org, topic, evidence, idx, known FROM @fact_inbound WHERE known <= $1";
        let later = format!("{sql} AND idx > $2");
        let (sql, args) = match self.after {
            ..0 => (sql, vec![self.known.into()]),
            after => (later.as_str(), vec![self.known.into(), after.into()]),
        };
        // the one table of millions
        let mut of: HashMap<Arc<str>, Vec<Passing>> = HashMap::new();
        tx.each(sql, &args, &mut |r| {
            let stamp = at(r.micros(4), r.int(3));
            let passing = Passing {
                inbound: true,
                topic: self.names.shared(r.text(1)),
                evidence: Evidence::read(r.text(2)).unwrap_or_default(),
                at: stamp,
            };
            match of.get_mut(r.text(0)) {
                Some(passed) => passed.push(passing),
                None if self.world.orgs.contains_key(r.text(0)) => {
                    of.insert(self.names.shared(r.text(0)), vec![passing]);
                }
                None => {
                    self.names.shared(r.text(0));
                    return Ok(());
                }
            }
            change.of(stamp);
            Ok(())
        })?;
        for (org, passed) in of {
            facts.passings.entry(org).or_default().extend(passed);
        }
        Ok(())
    }
}

/// Which rows of a table are read.
struct Scope<'a> {
    text: &'static str,
    of: Of<'a>,
}

enum Of<'a> {
    All,
    One(&'a str),
    /// After this entry, as far as it is of these.
    After(i64, &'a BTreeSet<String>),
}

/// Where what is said of advised vulnerabilities stands: all of it for those that are new, what came later for the others.
fn scopes<'a>(after: i64, advised: &'a BTreeSet<String>, newly: &'a BTreeSet<String>) -> Vec<Scope<'a>> {
    if after < 0 {
        let text = "vulnerability IN (SELECT vulnerability FROM @fact_delivery WHERE known <= $1)";
        return vec![Scope { text, of: Of::All }];
    }
    let one = |v: &'a String| Scope { text: "vulnerability = $2", of: Of::One(v) };
    newly.iter().map(one).chain([Scope { text: "idx > $2", of: Of::After(after, advised) }]).collect()
}

impl Scope<'_> {
    /// Each row, whose first column is its vulnerability; `{scope}` in the text stands for which rows are meant, `$1` for what is known.
    fn each(&self, tx: &mut Tx<'_>, sql: &str, known: Micros, mut f: impl FnMut(&Row<'_>)) -> Result<()> {
        let mut args: Vec<Value<'_>> = vec![known.into()];
        match &self.of {
            Of::All => {}
            Of::One(vulnerability) => args.push((*vulnerability).into()),
            Of::After(after, _) => args.push((*after).into()),
        }
        tx.each(&sql.replace("{scope}", self.text), &args, &mut |r| {
            if !matches!(&self.of, Of::After(_, of) if !of.contains(r.text(0))) {
                f(r);
            }
            Ok(())
        })
    }
}

/// The last entry that the stage has folded.
pub(crate) fn folded(tx: &mut Tx<'_>) -> Result<i64> {
    let next = tx.one("SELECT idx FROM @cursor WHERE stage = 'assure'", &[], |r| r.int(0))?;
    Ok(next.unwrap_or(0) - 1)
}

fn spans(tx: &mut Tx<'_>, what: &str, (after, known): (i64, Micros)) -> Result<Vec<Span>> {
    let sql = "SELECT idx, org, from_at, until_at, reason, by_whom, known FROM @fact_span \
               WHERE what = $1 AND known <= $2 AND idx > $3 ORDER BY idx";
    tx.all(sql, &[what.into(), known.into(), after.into()], |r| Span {
        org: r.text(1).to_owned(),
        from: r.micros(2),
        until: r.opt_int(3).map(Micros),
        reason: r.text(4).to_owned(),
        by: r.text(5).to_owned(),
        at: at(r.micros(6), r.int(0)),
    })
}

fn keys(tx: &mut Tx<'_>, (after, known): (i64, Micros)) -> Result<Vec<Key>> {
    let sql = "SELECT idx, org, public, active, known FROM @fact_key WHERE known <= $1 AND idx > $2 ORDER BY idx";
    tx.all(sql, &[known.into(), after.into()], |r| Key {
        org: r.text(1).to_owned(),
        key: r.text(2).to_owned(),
        active: r.bool(3),
        at: at(r.micros(4), r.int(0)),
    })
}

fn dated(tx: &mut Tx<'_>, what: &str, (after, known): (i64, Micros)) -> Result<Vec<Dated>> {
    let sql =
        "SELECT org, day, idx, known FROM @fact_dated WHERE what = $1 AND known <= $2 AND idx > $3 ORDER BY idx, org";
    tx.all(sql, &[what.into(), known.into(), after.into()], |r| Dated {
        org: r.text(0).to_owned(),
        day: r.int(1),
        at: at(r.micros(3), r.int(2)),
    })
}
