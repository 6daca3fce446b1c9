//! Facts read from the stage's tables, once whole and from then on by what came later: both ways give the same. Only vulnerabilities that somebody was
//! advised of are read in full: the rest cannot be in a figure. Who is whose constituency is resolved here, as it was known then.
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ledger::{Micros, Result, Row, Tx, Value};
use partners::merge::Merged;

use crate::facts::*;

/// Everything known by `known`.
pub(crate) fn facts(tx: &mut Tx<'_>, known: Micros) -> Result<Facts> {
    let mut facts = Facts::default();
    Source::read(tx, known)?.follow(tx, &mut facts)?;
    Ok(facts)
}

/// What facts are made from, as far as a later entry may speak of it again.
#[derive(Debug)]
pub(crate) struct Source {
    /// What came to be known later is not read.
    known: Micros,
    /// The last entry that was read.
    after: i64,
    world: World,
    /// Keys that turned out to be another's.
    merges: Vec<Merged>,
    /// A few names stand in millions of rows.
    names: BTreeSet<Arc<str>>,
    /// Vulnerabilities that somebody was advised of.
    advised: BTreeSet<String>,
    /// How many deliveries were there when exploitation was looked at.
    delivered: usize,
    /// Messages that came back.
    bounces: BTreeMap<String, Stamp>,
    lines: BTreeMap<LineKey, Line>,
    /// By vulnerability and party.
    claims: BTreeMap<(String, String), Vec<Claim>>,
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
    teams: BTreeMap<String, Vec<String>>,
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

impl Source {
    /// Who is who, and nothing else yet.
    pub(crate) fn read(tx: &mut Tx<'_>, known: Micros) -> Result<Source> {
        Ok(Source {
            known,
            after: -1,
            world: World::read(tx, known)?,
            merges: partners::merge::all(tx, known)?,
            names: BTreeSet::new(),
            advised: BTreeSet::new(),
            delivered: 0,
            bounces: BTreeMap::new(),
            lines: BTreeMap::new(),
            claims: BTreeMap::new(),
            listings: Vec::new(),
            sightings: BTreeMap::new(),
            things: BTreeMap::new(),
        })
    }

    /// Whether what was made of earlier entries stands: not where somebody is new, is elsewhere now, or turned out to be another.
    pub(crate) fn stands(&self, tx: &mut Tx<'_>) -> Result<bool> {
        if partners::merge::all(tx, self.known)? != self.merges {
            return Ok(false);
        }
        let sql = "SELECT count(*) FROM @fact_org WHERE idx > $1";
        let said = tx.one(sql, &[self.after.into()], |r| r.int(0))?.unwrap_or(0);
        Ok(said == 0 || World::read(tx, self.known)? == self.world)
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
        for passed in facts.passings.values_mut() {
            // what was there before stands in its order
            let new = passed.partition_point(|p| p.at.entry <= self.after);
            let order = |a: &Passing, b: &Passing| {
                (a.at.entry, a.inbound, &a.topic, a.evidence).cmp(&(b.at.entry, b.inbound, &b.topic, b.evidence))
            };
            passed.get_mut(new..).unwrap_or_default().sort_by(order);
        }
        let scopes = self.scopes(&newly);
        self.exposures(tx, &scopes, facts, &mut change)?;
        self.exploitations(tx, &scopes, facts, &mut change)?;
        self.publications(tx, &scopes, facts, &mut change)?;
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
            // what a span says of the days before it was known is seen from there
            change.ever();
        }
        let spans = trusts.iter().chain(&agreements).map(|x| x.at);
        let dates = contacts.iter().chain(&inventories).map(|x| x.at);
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

    fn shared(&mut self, name: &str) -> Arc<str> {
        match self.names.get(name) {
            Some(name) => Arc::clone(name),
            None => {
                let name: Arc<str> = name.into();
                self.names.insert(Arc::clone(&name));
                name
            }
        }
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
        let mut newly = BTreeSet::new();
        tx.each(sql, &args, &mut |r| {
            let (vulnerability, to) = (r.text(0).to_owned(), r.text(7).to_owned());
            change.of(stamp(r));
            let bounced = self.bounces.get(r.text(4)).copied();
            if bounced.is_none() && self.world.orgs.contains_key(&to) {
                let passing = Passing {
                    inbound: false,
                    topic: self.shared(&vulnerability),
                    evidence: Evidence::E0,
                    at: stamp(r),
                };
                let org = self.shared(&to);
                facts.passings.entry(org).or_default().push(passing);
            }
            for partner in self.world.constituency(&[&to, r.text(6)], r.text(8)) {
                facts.deliveries.push(Delivery {
                    partner,
                    to: to.clone(),
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
        for passed in facts.passings.values_mut() {
            passed.retain(|p| p.inbound || !sent.contains(&p.at.entry));
        }
        facts.passings.retain(|_, passed| !passed.is_empty());
        Ok(())
    }

    fn inbound(&mut self, tx: &mut Tx<'_>, facts: &mut Facts, change: &mut Change) -> Result<()> {
        let sql = "SELECT org, topic, evidence, idx, known FROM @fact_inbound WHERE idx > $1 AND known <= $2";
        // the one table of millions: who is nobody's organisation is looked up once
        let mut of: BTreeMap<String, Option<Vec<Passing>>> = BTreeMap::new();
        tx.each(sql, &[self.after.into(), self.known.into()], &mut |r| {
            if !of.contains_key(r.text(0)) {
                of.insert(r.text(0).to_owned(), self.world.orgs.contains_key(r.text(0)).then(Vec::new));
            }
            if let Some(Some(passed)) = of.get_mut(r.text(0)) {
                let stamp = at(r.micros(4), r.int(3));
                change.of(stamp);
                passed.push(Passing {
                    inbound: true,
                    topic: self.shared(r.text(1)),
                    evidence: Evidence::read(r.text(2)).unwrap_or_default(),
                    at: stamp,
                });
            }
            Ok(())
        })?;
        for (org, passed) in of {
            if let Some(passed) = passed {
                let org = self.shared(&org);
                facts.passings.entry(org).or_default().extend(passed);
            }
        }
        Ok(())
    }

    /// Where what is said of advised vulnerabilities stands: all of it for those that are new, what came later for the others.
    fn scopes(&self, newly: &BTreeSet<String>) -> Vec<Scope> {
        if self.after < 0 {
            return vec![Scope {
                text: "vulnerability IN (SELECT vulnerability FROM @fact_delivery WHERE known <= $1)",
                of: Of::All,
            }];
        }
        let one = |v: &String| Scope { text: "vulnerability = $2", of: Of::One(v.clone()) };
        let later = Scope { text: "idx > $2", of: Of::After(self.after, self.advised.clone()) };
        newly.iter().map(one).chain([later]).collect()
    }
}

/// Which rows of a table are read.
struct Scope {
    text: &'static str,
    of: Of,
}

enum Of {
    All,
    One(String),
    /// After this entry, as far as it is of these.
    After(i64, BTreeSet<String>),
}

impl Scope {
    /// Each row, whose first column is its vulnerability; `{scope}` in the text stands for which rows are meant, `$1` for what is known.
    fn each(&self, tx: &mut Tx<'_>, sql: &str, known: Micros, mut f: impl FnMut(&Row<'_>)) -> Result<()> {
        let mut args: Vec<Value<'_>> = vec![known.into()];
        match &self.of {
            Of::All => {}
            Of::One(vulnerability) => args.push(vulnerability.into()),
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

/// Vulnerability, level, source and subject.
type LineKey = (String, String, String, String);

/// What is said of one exposure, before it is known whose it is.
#[derive(Debug)]
struct Line {
    /// The party it concerns: the holder of a count, else the owner.
    party: String,
    country: String,
    /// The body that knows of it.
    body: String,
    /// Without a partner; what was said of it but for claims.
    exposure: Exposure,
    /// It, for each partner in whose constituency it lies.
    of: Vec<Arc<Exposure>>,
}

/// An answer or a confirmation: it reaches every exposure of its party in its country.
#[derive(Debug)]
struct Claim {
    country: String,
    statement: Statement,
}

impl Source {
    fn exposures(&mut self, tx: &mut Tx<'_>, scopes: &[Scope], facts: &mut Facts, change: &mut Change) -> Result<()> {
        let sql = "SELECT vulnerability, level, source, subject, owner, holder, country, advisory, state, count_min, count_max, \
                   weight, valid, known, idx FROM @fact_exposure WHERE known <= $1 AND by_all = 1 AND {scope} ORDER BY idx, n";
        let mut touched: BTreeSet<LineKey> = BTreeSet::new();
        let (lines, world) = (&mut self.lines, &self.world);
        for scope in scopes {
            scope.each(tx, sql, self.known, |r| {
                let key = (r.text(0).to_owned(), r.text(1).to_owned(), r.text(2).to_owned(), r.text(3).to_owned());
                change.of(Stamp { valid: r.micros(12), known: r.micros(13), entry: r.int(14) });
                touched.insert(key.clone());
                lines.entry(key).or_insert_with(|| Line::new(r)).told(world, r);
            })?;
        }
        self.read_claims(tx, scopes, &mut touched, change)?;
        if touched.is_empty() {
            return Ok(());
        }
        for key in &touched {
            let Some(line) = self.lines.get_mut(key) else { continue };
            let party = (key.0.clone(), line.party.clone());
            line.resolve(&self.world, self.claims.get(&party).map_or(&[][..], Vec::as_slice));
            if self.after >= 0 {
                change.actions.push(crate::mitigations::id(&line.exposure));
                change.exposures.extend(line.of.iter().cloned());
            }
        }
        facts.exposures = self.lines.values().flat_map(|line| &line.of).cloned().collect();
        facts.by_vulnerability = std::sync::OnceLock::new();
        Ok(())
    }

    /// Answers and confirmations; whatever they may reach is touched.
    fn read_claims(
        &mut self,
        tx: &mut Tx<'_>,
        scopes: &[Scope],
        touched: &mut BTreeSet<LineKey>,
        change: &mut Change,
    ) -> Result<()> {
        let sql = "SELECT vulnerability, party, country, verdict, evidence, by_whom, valid, known, idx FROM @fact_claim \
                   WHERE known <= $1 AND {scope} ORDER BY idx, vulnerability";
        let (claims, lines) = (&mut self.claims, &self.lines);
        for scope in scopes {
            scope.each(tx, sql, self.known, |r| {
                let at = Stamp { valid: r.micros(6), known: r.micros(7), entry: r.int(8) };
                change.of(at);
                let statement = Statement {
                    state: State::Mitigated(Count::exact(0), r.text(3).to_owned()),
                    evidence: Evidence::read(r.text(4)).unwrap_or_default(),
                    by: r.text(5).to_owned(),
                    at,
                };
                let (vulnerability, party) = (r.text(0).to_owned(), r.text(1).to_owned());
                let from = (vulnerability.clone(), String::new(), String::new(), String::new());
                let of = lines.range(from..).take_while(|(key, _)| key.0 == vulnerability);
                touched.extend(of.filter(|(_, line)| line.party == party).map(|(key, _)| key.clone()));
                claims
                    .entry((vulnerability, party))
                    .or_default()
                    .push(Claim { country: r.text(2).to_owned(), statement });
            })?;
        }
        Ok(())
    }
}

impl Line {
    fn new(r: &Row<'_>) -> Line {
        let exposure = Exposure {
            subject: [r.text(1), r.text(2), r.text(3)].join(" "),
            asset: if r.text(1) == "asset" { r.text(3).to_owned() } else { String::new() },
            owner: r.text(4).to_owned(),
            level: r.text(1).to_owned(),
            vulnerability: r.text(0).to_owned(),
            ..Exposure::default()
        };
        Line { party: String::new(), country: String::new(), body: String::new(), exposure, of: Vec::new() }
    }

    /// One statement of the matching stage. Said again the same, it is no new statement.
    fn told(&mut self, world: &World, r: &Row<'_>) {
        let (owner, holder) = (r.text(4), r.text(5));
        let counted = matches!(r.text(1), "constituency" | "sector");
        self.party = if counted && !holder.is_empty() { holder } else { owner }.to_owned();
        if !r.text(6).is_empty() {
            self.country = r.text(6).to_owned();
        }
        self.body = if world.is_team(holder) { holder.to_owned() } else { owner.to_owned() };
        let x = &mut self.exposure;
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

    /// Whose it is, with what was claimed of it.
    fn resolve(&mut self, world: &World, claims: &[Claim]) {
        let reaches = |c: &&Claim| c.country.is_empty() || self.country.is_empty() || c.country == self.country;
        let claimed = claims.iter().filter(reaches).map(|c| &c.statement);
        let said: Vec<Statement> = self.exposure.said.iter().chain(claimed).cloned().collect();
        let partners = world.constituency(&[&self.body, &self.party], &self.country);
        let exposure =
            |partner| Arc::new(Exposure { partner, said: said.clone(), ..self.exposure.without_statements() });
        self.of = partners.into_iter().map(exposure).collect();
    }
}

/// A sighting, before it is known of what and where.
#[derive(Debug)]
struct Sighting {
    of: String,
    from: Option<Micros>,
    by: Micros,
    places: String,
    revoked: bool,
    at: Stamp,
}

impl Source {
    fn exploitations(
        &mut self,
        tx: &mut Tx<'_>,
        scopes: &[Scope],
        facts: &mut Facts,
        change: &mut Change,
    ) -> Result<()> {
        let sql = "SELECT vulnerability, source, by_at, known, idx FROM @fact_listing WHERE known <= $1 AND {scope} ORDER BY idx";
        let (listings, mut changed) = (&mut self.listings, self.after < 0);
        for scope in scopes {
            scope.each(tx, sql, self.known, |r| {
                let at = Stamp { valid: r.micros(2), known: r.micros(3), entry: r.int(4) };
                change.of(at);
                changed = true;
                listings.push(Exploitation {
                    source: r.text(1).to_owned(),
                    vulnerability: r.text(0).to_owned(),
                    from: None,
                    by: at.valid,
                    whole_day: true,
                    partners: Vec::new(),
                    at,
                });
            })?;
        }
        listings.sort_by_key(|x| x.at.entry);
        changed |= self.read_things(tx)?;
        changed |= self.read_sightings(tx, change)?;
        // a sighting of what no team had been advised of counts from now on
        changed |= std::mem::replace(&mut self.delivered, facts.deliveries.len()) != facts.deliveries.len();
        if changed {
            let advised: BTreeSet<&str> = facts.deliveries.iter().map(|d| d.vulnerability.as_str()).collect();
            let sightings = self.sightings.iter().filter_map(|(id, sighting)| self.sighted(id, sighting, &advised));
            let before = std::mem::take(&mut facts.exploitations);
            facts.exploitations = self.listings.iter().cloned().chain(sightings).collect();
            // what an earlier sighting means may turn out later: by a name, by a later version, by advice about what it is of
            fn told(x: &Exploitation) -> (&str, &str, Option<Micros>, Micros, &[String]) {
                (&x.source, &x.vulnerability, x.from, x.by, &x.partners)
            }
            let (was, is): (BTreeSet<_>, BTreeSet<_>) =
                (before.iter().map(told).collect(), facts.exploitations.iter().map(told).collect());
            was.symmetric_difference(&is).for_each(|(_, _, _, by, _)| change.since(*by));
        }
        Ok(())
    }

    /// What STIX ids stand for; whether a sighting speaks of one of which something new was said.
    fn read_things(&mut self, tx: &mut Tx<'_>) -> Result<bool> {
        let sql = "SELECT id, kind, value FROM @fact_name WHERE known <= $1 AND idx > $2 ORDER BY idx";
        let row = |r: &Row<'_>| (r.text(0).to_owned(), (r.text(1).to_owned(), r.text(2).to_owned()));
        let rows = tx.all(sql, &[self.known.into(), self.after.into()], row)?;
        if self.after < 0 {
            self.things = rows.into_iter().collect();
            return Ok(false);
        }
        let mut speaks = false;
        for (id, thing) in rows {
            let names = |s: &Sighting| s.of == id || s.places.split(' ').any(|place| place == id);
            speaks |= self.things.get(&id) != Some(&thing) && self.sightings.values().any(names);
            self.things.insert(id, thing);
        }
        Ok(speaks)
    }

    /// The last version of a sighting speaks.
    fn read_sightings(&mut self, tx: &mut Tx<'_>, change: &mut Change) -> Result<bool> {
        let sql = "SELECT id, of_ref, from_at, by_at, places, revoked, known, idx FROM @fact_sighting \
                   WHERE known <= $1 AND idx > $2 ORDER BY idx";
        let rows = tx.all(sql, &[self.known.into(), self.after.into()], |r| {
            let sighting = Sighting {
                of: r.text(1).to_owned(),
                from: r.opt_int(2).map(Micros),
                by: r.micros(3),
                places: r.text(4).to_owned(),
                revoked: r.bool(5),
                at: Stamp { valid: r.micros(3), known: r.micros(6), entry: r.int(7) },
            };
            (r.text(0).to_owned(), sighting)
        })?;
        let any = !rows.is_empty();
        for (id, sighting) in rows {
            change.of(sighting.at);
            self.sightings.insert(id, sighting);
        }
        Ok(any)
    }

    /// What it tells of exploitation: nothing where it is not of a vulnerability that somebody was advised of.
    fn sighted(&self, id: &str, sighting: &Sighting, advised: &BTreeSet<&str>) -> Option<Exploitation> {
        let (kind, vulnerability) = self.things.get(&sighting.of)?;
        if kind != "vulnerability" || sighting.revoked || !advised.contains(vulnerability.as_str()) {
            return None;
        }
        let places = sighting.places.split(' ');
        let partners: BTreeSet<String> = places.flat_map(|place| self.world.place(&self.things, place)).collect();
        Some(Exploitation {
            vulnerability: vulnerability.clone(),
            source: id.to_owned(),
            from: sighting.from,
            by: sighting.by,
            whole_day: false,
            partners: partners.into_iter().collect(),
            at: sighting.at,
        })
    }

    fn publications(&self, tx: &mut Tx<'_>, scopes: &[Scope], facts: &mut Facts, change: &mut Change) -> Result<()> {
        let sql = "SELECT vulnerability, fix, valid, known, idx FROM @fact_public WHERE known <= $1 AND {scope} ORDER BY idx, vulnerability";
        for scope in scopes {
            scope.each(tx, sql, self.known, |r| {
                let at = Stamp { valid: r.micros(2), known: r.micros(3), entry: r.int(4) };
                change.of(at);
                facts.publications.push(Publication { vulnerability: r.text(0).to_owned(), fix: r.bool(1), at });
            })?;
        }
        facts.publications.sort_by(|a, b| (a.at.entry, &a.vulnerability).cmp(&(b.at.entry, &b.vulnerability)));
        Ok(())
    }
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
