//! The stage: folds what earlier turns of the loop recorded into tables of facts, each row with its valid and its known
//! time, so that a figure for any two dates is read from them and never from the log. It appends nothing of its own but the
//! plan pack.
use ledger::{Ahead, Error, Event, Micros, Result, Stage, Tx, Value};
use serde::Deserialize;

use crate::{asked, exposed, propose, received, record, review};

/// The last turn of the loop.
#[derive(Clone, Copy, Debug, Default)]
pub struct Assure;

impl Assure {
    /// The kinds whose payloads facts are made of: what a stranger must have to make them again. Of others it counts only that they were seen.
    pub const READ: [&'static str; 19] = [
        "ledger.genesis",
        "ledger.pack",
        "partners.org",
        "partners.trust",
        "partners.agreement",
        "partners.key",
        "partners.merged",
        "exchange.object",
        "exchange.document",
        "expose.inventory",
        "expose.answer",
        "expose.changed",
        "act.contact",
        "act.sent",
        "act.bounced",
        "act.answered",
        "act.closed",
        record::RECORD,
        record::BACKED,
    ];
}

impl Stage for Assure {
    fn name(&self) -> &'static str {
        "assure"
    }

    fn schema(&self) -> &'static str {
        "CREATE TABLE @fact_kind (kind {text} PRIMARY KEY, known {int} NOT NULL);
         CREATE TABLE @fact_home (id {int} PRIMARY KEY, org {text} NOT NULL, country {text}, exercise {int} NOT NULL);
         CREATE TABLE @fact_org (idx {int} PRIMARY KEY, org {text} NOT NULL, name {text} NOT NULL, kind {text}, country {text},
           known {int} NOT NULL);
         CREATE TABLE @fact_span (idx {int} PRIMARY KEY, what {text} NOT NULL, org {text} NOT NULL, from_at {int} NOT NULL,
           until_at {int}, reason {text} NOT NULL, by_whom {text} NOT NULL, known {int} NOT NULL);
         CREATE TABLE @fact_key (idx {int} PRIMARY KEY, org {text} NOT NULL, public {text} NOT NULL, active {int} NOT NULL,
           known {int} NOT NULL);
         CREATE TABLE @fact_dated (idx {int} NOT NULL, what {text} NOT NULL, org {text} NOT NULL, day {int} NOT NULL, known {int} NOT NULL,
           PRIMARY KEY (idx, what, org));
         CREATE TABLE @fact_inbound (org {text} NOT NULL, topic {text} NOT NULL, day {int} NOT NULL, evidence {text} NOT NULL,
           idx {int} NOT NULL, known {int} NOT NULL, PRIMARY KEY (org, topic, day, evidence));
         CREATE INDEX @fact_inbound_idx ON @fact_inbound (idx);
         CREATE TABLE @fact_delivery (idx {int} NOT NULL, vulnerability {text} NOT NULL, message {text} NOT NULL,
           ask {text} NOT NULL, party {text} NOT NULL, addressee {text} NOT NULL, country {text}, valid {int} NOT NULL,
           known {int} NOT NULL, PRIMARY KEY (idx, vulnerability));
         CREATE INDEX @fact_delivery_vulnerability ON @fact_delivery (vulnerability, idx);
         CREATE TABLE @fact_bounce (idx {int} PRIMARY KEY, message {text} NOT NULL, valid {int} NOT NULL, known {int} NOT NULL);
         CREATE TABLE @fact_claim (idx {int} NOT NULL, vulnerability {text} NOT NULL, party {text} NOT NULL, country {text},
           verdict {text} NOT NULL, evidence {text} NOT NULL, by_whom {text} NOT NULL, valid {int} NOT NULL,
           known {int} NOT NULL, PRIMARY KEY (idx, vulnerability));
         CREATE INDEX @fact_claim_vulnerability ON @fact_claim (vulnerability, idx);
         CREATE TABLE @fact_exposure (idx {int} NOT NULL, n {int} NOT NULL, vulnerability {text} NOT NULL, level {text} NOT NULL,
           source {text} NOT NULL, subject {text} NOT NULL, owner {text}, holder {text}, country {text},
           advisory {text} NOT NULL, state {text} NOT NULL, count_min {int} NOT NULL, count_max {int} NOT NULL,
           weight {real} NOT NULL, seen_from {int} NOT NULL, by_all {int} NOT NULL, valid {int} NOT NULL, known {int} NOT NULL,
           PRIMARY KEY (idx, n));
         CREATE INDEX @fact_exposure_vulnerability ON @fact_exposure (vulnerability, idx, n);
         CREATE TABLE @fact_asset (source {text} NOT NULL, asset {text} NOT NULL, functions {int} NOT NULL,
           PRIMARY KEY (source, asset));
         CREATE TABLE @fact_document (idx {int} PRIMARY KEY, source {text} NOT NULL);
         CREATE TABLE @fact_listing (idx {int} PRIMARY KEY, source {text} NOT NULL, vulnerability {text} NOT NULL,
           by_at {int} NOT NULL, known {int} NOT NULL);
         CREATE INDEX @fact_listing_vulnerability ON @fact_listing (vulnerability, idx);
         CREATE TABLE @fact_sighting (idx {int} PRIMARY KEY, id {text} NOT NULL, of_ref {text} NOT NULL, from_at {int},
           by_at {int} NOT NULL, places {text} NOT NULL, revoked {int} NOT NULL, known {int} NOT NULL);
         CREATE TABLE @fact_name (idx {int} PRIMARY KEY, id {text} NOT NULL, kind {text} NOT NULL, value {text} NOT NULL,
           known {int} NOT NULL);
         CREATE INDEX @fact_name_id ON @fact_name (id, idx);
         CREATE TABLE @fact_public (idx {int} NOT NULL, vulnerability {text} NOT NULL, fix {int} NOT NULL, valid {int} NOT NULL,
           known {int} NOT NULL, PRIMARY KEY (idx, vulnerability));
         CREATE INDEX @fact_public_vulnerability ON @fact_public (vulnerability, idx);
         CREATE TABLE @record_version (idx {int} PRIMARY KEY, kind {text} NOT NULL, id {text} NOT NULL, valid {int} NOT NULL,
           known {int} NOT NULL, meta {text} NOT NULL);
         CREATE INDEX @record_version_id ON @record_version (kind, id, idx);
         CREATE TABLE @record (kind {text} NOT NULL, id {text} NOT NULL, idx {int} NOT NULL, state {text} NOT NULL,
           name {text} NOT NULL, void {int} NOT NULL, PRIMARY KEY (kind, id));
         CREATE INDEX @record_idx ON @record (kind, idx);
         CREATE TABLE @record_org (org {text} NOT NULL, idx {int} NOT NULL, kind {text} NOT NULL, id {text} NOT NULL,
           PRIMARY KEY (org, idx));
         CREATE INDEX @record_org_id ON @record_org (kind, id);
         CREATE TABLE @record_word (word {int} NOT NULL, entry {int} NOT NULL, PRIMARY KEY (word, entry));
         CREATE TABLE @record_backed (idx {int} PRIMARY KEY, kind {text} NOT NULL, id {text} NOT NULL, valid {int} NOT NULL,
           known {int} NOT NULL, size {int} NOT NULL, meta {text} NOT NULL);
         CREATE INDEX @record_backed_id ON @record_backed (kind, id, idx);
         CREATE TABLE @proposal (idx {int} PRIMARY KEY, known {int} NOT NULL, origin {text} NOT NULL, family {text} NOT NULL,
           decided {int} NOT NULL, kind {text} NOT NULL, id {text} NOT NULL, meta {text} NOT NULL);
         CREATE INDEX @proposal_origin ON @proposal (origin, idx);
         CREATE INDEX @proposal_family ON @proposal (family, idx);
         CREATE INDEX @proposal_open ON @proposal (decided, idx);
         CREATE TABLE @plan_review (idx {int} PRIMARY KEY, review {text} NOT NULL, kind {text} NOT NULL, org {text} NOT NULL,
           known {int} NOT NULL, meta {text} NOT NULL);
         CREATE INDEX @plan_review_of ON @plan_review (review, idx)"
    }

    fn operational(&self) -> &'static str {
        "CREATE TABLE IF NOT EXISTS yours_token (hash {blob} PRIMARY KEY, org {text} NOT NULL, expires {int} NOT NULL)"
    }

    fn kinds(&self) -> &'static [&'static str] {
        &[
            "ledger.genesis",
            "ledger.pack",
            "partners.",
            "exchange.object",
            "exchange.document",
            "depend.table",
            "expose.",
            "act.",
            "assure.",
        ]
    }

    /// What was warned of and answered still counts where the words are purged.
    fn remnants(&self, kind: &str) -> bool {
        matches!(kind, "expose.changed" | "act.ask" | "act.answered")
    }

    fn apply(&self, tx: &mut Tx<'_>, event: &Event) -> Result<()> {
        self.apply_all(tx, &[event], None)
    }

    fn apply_all(&self, tx: &mut Tx<'_>, events: &[&Event], _ahead: Option<Ahead>) -> Result<()> {
        let mut batch = received::Batch::default();
        let mut words = record::find::Words::default();
        for event in events {
            batch.kind(event);
            match event.kind.as_str() {
                "ledger.genesis" => genesis(tx, event)?,
                "partners.org" => org(tx, event)?,
                "partners.trust" | "partners.agreement" => span(tx, event)?,
                "partners.key" => key(tx, event)?,
                "exchange.object" => batch.object(event)?,
                "exchange.document" => batch.document(tx, event)?,
                "expose.inventory" => {
                    batch.table(event)?;
                    exposed::inventory(tx, event)?;
                }
                "expose.answer" => batch.table(event)?,
                "expose.changed" => exposed::changed(tx, event)?,
                "act.contact" => contact(tx, event)?,
                "act.sent" => asked::sent(tx, event)?,
                "act.bounced" => asked::bounced(tx, event)?,
                "act.answered" => asked::answered(tx, event, &mut batch)?,
                "act.closed" => asked::closed(tx, event)?,
                record::RECORD => record::fold::record(tx, event, &mut words)?,
                record::BACKED => record::fold::backed(tx, event)?,
                propose::PROPOSED => propose::queue::fold_proposed(tx, event)?,
                propose::DECIDED => propose::queue::fold_decided(tx, event)?,
                review::REVIEW | review::SHOWN | review::REPLY | review::FROZEN => review::fold::act(tx, event)?,
                _ => {}
            }
        }
        words.end(tx)?;
        batch.write(tx)
    }
}

/// The valid time of an event: what is claimed, but never later than it was known.
pub(crate) fn valid(event: &Event) -> Micros {
    event.when().min(event.known)
}

fn genesis(tx: &mut Tx<'_>, event: &Event) -> Result<()> {
    let m: ledger::Genesis = event.meta()?;
    let args: [Value<'_>; 3] = [(&m.home).into(), (&m.country).into(), m.exercise.into()];
    tx.run("INSERT INTO @fact_home (id, org, country, exercise) VALUES (1, $1, $2, $3)", &args)?;
    Ok(())
}

fn org(tx: &mut Tx<'_>, event: &Event) -> Result<()> {
    let m: partners::stage::OrgMeta = event.meta()?;
    let args: [Value<'_>; 6] = [
        event.index.into(),
        (&m.key).into(),
        (&m.name).into(),
        (&m.kind).into(),
        (&m.country).into(),
        event.known.into(),
    ];
    tx.run("INSERT INTO @fact_org (idx, org, name, kind, country, known) VALUES ($1, $2, $3, $4, $5, $6)", &args)?;
    Ok(())
}

/// A contact counts from the day on which somebody last made sure of it.
fn contact(tx: &mut Tx<'_>, event: &Event) -> Result<()> {
    #[derive(Deserialize)]
    struct Meta {
        org: String,
        verified: Option<String>,
    }
    let m: Meta = event.meta()?;
    match m.verified.as_deref().and_then(crate::record::value::day) {
        Some(day) => dated(tx, event, "contact", &m.org, day),
        None => Ok(()),
    }
}

pub(crate) fn dated(tx: &mut Tx<'_>, event: &Event, what: &str, org: &str, day: i64) -> Result<()> {
    let sql = "INSERT INTO @fact_dated (idx, what, org, day, known) VALUES ($1, $2, $3, $4, $5)";
    tx.run(sql, &[event.index.into(), what.into(), org.into(), day.into(), event.known.into()]).map(drop)
}

/// Trust and agreements have the same shape.
#[derive(Deserialize)]
struct SpanMeta {
    org: String,
    from: String,
    to: Option<String>,
    #[serde(default)]
    reason: String,
    basis: Option<String>,
    #[serde(default)]
    by: String,
}

fn span(tx: &mut Tx<'_>, event: &Event) -> Result<()> {
    let m: SpanMeta = event.meta()?;
    let day = |text: &str| Micros::date(text).ok_or_else(|| Error::park("date", format!("{text:?} is no date")));
    let from = day(&m.from)?;
    // The last day counts whole.
    let until = m.to.as_deref().map(day).transpose()?.map(|last| last.plus_hours(24));
    let what = if event.kind == "partners.trust" { "trust" } else { "agreement" };
    let reason = m.basis.unwrap_or(m.reason);
    let args: [Value<'_>; 8] = [
        event.index.into(),
        what.into(),
        (&m.org).into(),
        from.into(),
        until.into(),
        (&reason).into(),
        (&m.by).into(),
        event.known.into(),
    ];
    let sql = "INSERT INTO @fact_span (idx, what, org, from_at, until_at, reason, by_whom, known) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    tx.run(sql, &args)?;
    Ok(())
}

fn key(tx: &mut Tx<'_>, event: &Event) -> Result<()> {
    let m: partners::stage::KeyMeta = event.meta()?;
    let active = m.state == "active";
    let args: [Value<'_>; 5] =
        [event.index.into(), (&m.org).into(), (&m.key).into(), active.into(), event.known.into()];
    tx.run("INSERT INTO @fact_key (idx, org, public, active, known) VALUES ($1, $2, $3, $4, $5)", &args)?;
    Ok(())
}
