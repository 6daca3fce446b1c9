//! Exposures from what the matching stage said of them, and from the answers and confirmations of their party, each resolved to the teams in whose
//! constituency it lies.
use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use ledger::{Result, Row, Tx};

use super::{Change, Scope, Source, World};
use crate::facts::*;

/// Vulnerability, level, source and subject.
pub(super) type LineKey = (String, String, String, String);

/// What is said of one exposure, before it is known whose it is.
#[derive(Debug)]
pub(super) struct Line {
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
        facts.by_vulnerability = OnceLock::new();
        Ok(())
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
