//! Exposures from what the matching stage said of them, and from the answers and confirmations of their party, each resolved to the teams in whose
//! constituency it lies.
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ledger::{Result, Row, Tx};
use rayon::prelude::*;

use super::{Change, Names, Scope, Source, World};
use crate::facts::*;

/// Vulnerability, level, source and subject.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LineKey {
    vulnerability: Arc<str>,
    level: Arc<str>,
    source: Arc<str>,
    subject: Arc<str>,
}

impl LineKey {
    /// Before all lines of a vulnerability.
    fn first_of(vulnerability: &Arc<str>) -> LineKey {
        let none: Arc<str> = "".into();
        LineKey {
            vulnerability: Arc::clone(vulnerability),
            level: Arc::clone(&none),
            source: Arc::clone(&none),
            subject: none,
        }
    }
}

/// A row: what the matching stage said at one time.
struct Told {
    key: LineKey,
    owner: Arc<str>,
    holder: Arc<str>,
    country: Arc<str>,
    advisory: Arc<str>,
    state: Arc<str>,
    count: Count,
    weight: f64,
    at: Stamp,
    /// Its place in what the entry says.
    n: i64,
}

/// The columns of [`Told::read`].
const TOLD: &str = "vulnerability, level, source, subject, owner, holder, country, advisory, state, count_min, count_max, \
                    weight, valid, known, idx, n";

impl Told {
    fn read(r: &Row<'_>, names: &mut Names) -> Told {
        let mut name = |n: usize| names.shared(r.text(n));
        Told {
            key: LineKey { vulnerability: name(0), level: name(1), source: name(2), subject: name(3) },
            owner: name(4),
            holder: name(5),
            country: name(6),
            advisory: name(7),
            state: name(8),
            count: Count { min: r.int(9), max: r.int(10) },
            weight: r.real(11),
            at: Stamp { valid: r.micros(12), known: r.micros(13), entry: r.int(14) },
            n: r.int(15),
        }
    }
}

/// What is said of one exposure, before it is known whose it is.
#[derive(Debug, Default)]
pub(super) struct Line {
    /// The party it concerns: the holder of a count, else the owner.
    party: Arc<str>,
    country: Arc<str>,
    /// The body that knows of it.
    body: Arc<str>,
    /// Without a partner; what was said of it but for claims.
    exposure: Exposure,
    /// It, for each partner in whose constituency it lies.
    of: Vec<Arc<Exposure>>,
}

/// An answer or a confirmation: it reaches every exposure of its party in its country.
#[derive(Debug)]
pub(super) struct Claim {
    country: String,
    statement: Statement,
}

impl Source {
    pub(super) fn exposures(
        &mut self,
        tx: &mut Tx<'_>,
        scopes: &[Scope<'_>],
        facts: &mut Facts,
        change: &mut Change,
    ) -> Result<()> {
        let sql = format!("SELECT {TOLD} FROM @fact_exposure WHERE known <= $1 AND by_all = 1 AND {{scope}}");
        let mut told: Vec<Told> = Vec::new();
        for scope in scopes {
            scope.each(tx, &sql, self.known, |r| told.push(Told::read(r, &mut self.names)))?;
        }
        told.iter().for_each(|row| change.of(row.at));
        // what is said of one stands together, in the order of the log
        told.par_sort_by(|a, b| (&a.key, a.at.entry, a.n).cmp(&(&b.key, b.at.entry, b.n)));
        let mut touched: BTreeSet<LineKey> = BTreeSet::new();
        for run in told.chunk_by(|a, b| a.key == b.key) {
            let Some(first) = run.first() else { continue };
            let line = self.lines.entry(first.key.clone()).or_insert_with(|| Line::new(first));
            run.iter().for_each(|row| line.told(&self.world, row));
            if self.after >= 0 {
                touched.insert(first.key.clone());
            }
        }
        self.read_claims(tx, scopes, &mut touched, change)?;
        self.resolve(&touched, facts, change);
        Ok(())
    }

    /// Says whose they are, of those that were touched; at the first reading of all.
    fn resolve(&mut self, touched: &BTreeSet<LineKey>, facts: &mut Facts, change: &mut Change) {
        let (world, claims) = (&self.world, &self.claims);
        let resolve = |(key, line): (&LineKey, &mut Line)| {
            let party = (Arc::clone(&key.vulnerability), Arc::clone(&line.party));
            line.resolve(world, claims.get(&party).map_or(&[][..], Vec::as_slice));
        };
        if self.after < 0 {
            self.lines.par_iter_mut().for_each(resolve);
            for (key, line) in &self.lines {
                facts.exposures.entry(Arc::clone(&key.vulnerability)).or_default().extend(line.of.iter().cloned());
            }
        }
        for key in touched {
            let Some(line) = self.lines.get_mut(key) else { continue };
            resolve((key, line));
            change.actions.push(crate::mitigations::id(&line.exposure));
            change.exposures.extend(line.of.iter().cloned());
        }
        let vulnerabilities: BTreeSet<&Arc<str>> = touched.iter().map(|key| &key.vulnerability).collect();
        for vulnerability in vulnerabilities {
            let lines = of_vulnerability(&self.lines, vulnerability);
            let all = lines.flat_map(|(_, line)| line.of.iter().cloned()).collect();
            facts.exposures.insert(Arc::clone(vulnerability), all);
        }
    }

    /// Answers and confirmations; whatever they may reach is touched.
    fn read_claims(
        &mut self,
        tx: &mut Tx<'_>,
        scopes: &[Scope<'_>],
        touched: &mut BTreeSet<LineKey>,
        change: &mut Change,
    ) -> Result<()> {
        let sql = "SELECT vulnerability, party, country, verdict, evidence, by_whom, valid, known, idx FROM @fact_claim \
                   WHERE known <= $1 AND {scope} ORDER BY idx, vulnerability";
        let (claims, lines, names, is_first) = (&mut self.claims, &self.lines, &mut self.names, self.after < 0);
        for scope in scopes {
            scope.each(tx, sql, self.known, |r| {
                let at = Stamp { valid: r.micros(6), known: r.micros(7), entry: r.int(8) };
                change.of(at);
                let statement = Statement {
                    state: State::Mitigated(Count::exact(0), names.shared(r.text(3))),
                    evidence: Evidence::read(r.text(4)).unwrap_or_default(),
                    by: names.shared(r.text(5)),
                    at,
                };
                let (vulnerability, party) = (names.shared(r.text(0)), names.shared(r.text(1)));
                if !is_first {
                    let of = of_vulnerability(lines, &vulnerability);
                    touched.extend(of.filter(|(_, line)| line.party == party).map(|(key, _)| key.clone()));
                }
                claims
                    .entry((vulnerability, party))
                    .or_default()
                    .push(Claim { country: r.text(2).to_owned(), statement });
            })?;
        }
        Ok(())
    }
}

/// All lines of a vulnerability.
fn of_vulnerability<'l>(
    lines: &'l BTreeMap<LineKey, Line>,
    vulnerability: &Arc<str>,
) -> impl Iterator<Item = (&'l LineKey, &'l Line)> {
    lines.range(LineKey::first_of(vulnerability)..).take_while(move |(key, _)| key.vulnerability == *vulnerability)
}

impl Line {
    fn new(row: &Told) -> Line {
        let LineKey { vulnerability, level, source, subject } = &row.key;
        let exposure = Exposure {
            subject: [&**level, source, subject].join(" ").into(),
            asset: if &**level == "asset" { Arc::clone(subject) } else { Arc::default() },
            owner: Arc::clone(&row.owner),
            level: Arc::clone(level),
            vulnerability: Arc::clone(vulnerability),
            ..Exposure::default()
        };
        Line { exposure, ..Line::default() }
    }

    /// One statement of the matching stage. Said again the same, it is no new statement.
    fn told(&mut self, world: &World, row: &Told) {
        let Told { owner, holder, .. } = row;
        let counted = matches!(&*row.key.level, "constituency" | "sector");
        self.party = Arc::clone(if counted && !holder.is_empty() { holder } else { owner });
        if !row.country.is_empty() {
            self.country = Arc::clone(&row.country);
        }
        self.body = Arc::clone(if world.is_team(holder) { holder } else { owner });
        let x = &mut self.exposure;
        if !row.advisory.is_empty() {
            x.advisory = Arc::clone(&row.advisory);
        }
        let state = match &*row.state {
            "affected" => State::Affected(row.count),
            "withdrawn" => State::Withdrawn,
            "unknown" if row.count.max > 0 && x.said.iter().any(|s| matches!(s.state, State::Affected(_))) => {
                State::Mitigated(Count { min: 0, max: row.count.max }, "partly unknown".into())
            }
            "unknown" => State::Unknown,
            _ => State::Mitigated(Count::exact(0), Arc::clone(&row.state)),
        };
        if matches!(state, State::Affected(_)) {
            // The criticality stays as it was when the exposure was first known.
            x.weight = if x.weight > 0.0 { x.weight } else { row.weight };
        }
        if x.said.last().is_some_and(|last| last.state == state) {
            return;
        }
        x.said.push(Statement { state, evidence: Evidence::E2, by: Arc::clone(&row.key.source), at: row.at });
    }

    /// Whose it is, with what was claimed of it.
    fn resolve(&mut self, world: &World, claims: &[Claim]) {
        let reaches =
            |c: &&Claim| c.country.is_empty() || self.country.is_empty() || c.country.as_str() == &*self.country;
        let claimed = claims.iter().filter(reaches).map(|c| &c.statement);
        let said: Vec<Statement> = self.exposure.said.iter().chain(claimed).cloned().collect();
        let partners = world.constituency(&[&self.body, &self.party], &self.country);
        let exposure =
            |partner| Arc::new(Exposure { partner, said: said.clone(), ..self.exposure.without_statements() });
        self.of = partners.into_iter().map(exposure).collect();
    }
}
