//! The stage: folds what is recorded of organisations, agreements, people, keys and trust into tables.
use ledger::{Error, Event, Result, Stage, Tx, Value};
use serde::{Deserialize, Serialize};
use stix::Tlp;

/// The first turn's groundwork: who.
#[derive(Clone, Copy, Debug, Default)]
pub struct Partners;

/// Meta of `partners.org`. The last one of a key stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrgMeta {
    /// What all else names it by.
    pub key: String,
    /// For people.
    pub name: String,
    /// `csirt`, `operator`, `vendor`, `agency`, `other`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// ISO 3166-1 alpha-2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// Languages it reads, best first.
    #[serde(default)]
    pub languages: Vec<String>,
}

/// Meta of `partners.agreement`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgreementMeta {
    /// Key of the organisation.
    pub org: String,
    /// First day.
    pub from: String,
    /// Last day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Label without prefix.
    pub clearance: String,
    /// Legal basis.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis: Option<String>,
}

/// Meta of `partners.person`. The last one of a name stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonMeta {
    /// Sign-in name.
    pub name: String,
    /// Key of the organisation.
    pub org: String,
    /// One of the five roles.
    pub role: String,
    /// Label without prefix.
    pub clearance: String,
}

/// Meta of `partners.key`. The last one of an organisation and a key stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyMeta {
    /// Key of the organisation.
    pub org: String,
    /// Ed25519 public key, base64.
    pub key: String,
    /// `active` or `revoked`.
    pub state: String,
}

/// Meta of `partners.trust`: a person's decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustMeta {
    /// Key of the organisation.
    pub org: String,
    /// First day.
    pub from: String,
    /// Last day.
    pub to: String,
    /// Why.
    pub reason: String,
    /// Who decided.
    pub by: String,
}

impl Stage for Partners {
    fn name(&self) -> &'static str {
        "partners"
    }

    fn schema(&self) -> &'static str {
        "CREATE TABLE @org (org {text} PRIMARY KEY, name {text} NOT NULL, kind {text}, country {text}, languages {text} NOT NULL);
         CREATE TABLE @agreement (idx {int} PRIMARY KEY, org {text} NOT NULL, from_day {text} NOT NULL, to_day {text},
           clearance {int} NOT NULL, basis {text});
         CREATE INDEX @agreement_org ON @agreement (org, idx);
         CREATE TABLE @person (name {text} PRIMARY KEY, org {text} NOT NULL, role {text} NOT NULL, clearance {int} NOT NULL);
         CREATE TABLE @partner_key (org {text} NOT NULL, public {text} NOT NULL, state {text} NOT NULL, since {int} NOT NULL,
           PRIMARY KEY (org, public));
         CREATE TABLE @trust (idx {int} PRIMARY KEY, org {text} NOT NULL, from_day {text} NOT NULL, to_day {text} NOT NULL,
           reason {text} NOT NULL, by_whom {text} NOT NULL, known {int} NOT NULL);
         CREATE INDEX @trust_org ON @trust (org, idx)"
    }

    fn operational(&self) -> &'static str {
        "CREATE TABLE IF NOT EXISTS credential (name {text} PRIMARY KEY, hash {text} NOT NULL, changed {int} NOT NULL);
         CREATE TABLE IF NOT EXISTS access_token (hash {text} PRIMARY KEY, person {text} NOT NULL, created {int} NOT NULL, until {int} NOT NULL);
         CREATE TABLE IF NOT EXISTS access_certificate (fingerprint {text} PRIMARY KEY, person {text} NOT NULL, created {int} NOT NULL)"
    }

    fn kinds(&self) -> &'static [&'static str] {
        &["partners."]
    }

    fn apply(&self, tx: &mut Tx<'_>, event: &Event) -> Result<()> {
        match event.kind.as_str() {
            "partners.org" => org(tx, &event.meta()?),
            "partners.agreement" => agreement(tx, event.index, &event.meta()?),
            "partners.person" => person(tx, &event.meta()?),
            "partners.key" => key(tx, event, &event.meta()?),
            "partners.trust" => trust(tx, event, &event.meta()?),
            other => Err(Error::park("kind-unknown", format!("{other} is no event of partners"))),
        }
    }
}

fn org(tx: &mut Tx<'_>, meta: &OrgMeta) -> Result<()> {
    let languages = meta.languages.join(";");
    tx.run(
        "INSERT INTO @org (org, name, kind, country, languages) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (org) DO UPDATE \
         SET name = excluded.name, kind = excluded.kind, country = excluded.country, languages = excluded.languages",
        &[(&meta.key).into(), (&meta.name).into(), (&meta.kind).into(), (&meta.country).into(), (&languages).into()],
    )?;
    Ok(())
}

fn agreement(tx: &mut Tx<'_>, index: i64, meta: &AgreementMeta) -> Result<()> {
    let clearance = tlp(&meta.clearance)?;
    day(&meta.from)?;
    meta.to.as_deref().map(day).transpose()?;
    tx.run(
        "INSERT INTO @agreement (idx, org, from_day, to_day, clearance, basis) VALUES ($1, $2, $3, $4, $5, $6)",
        &[
            index.into(),
            (&meta.org).into(),
            (&meta.from).into(),
            (&meta.to).into(),
            clearance.rank().into(),
            (&meta.basis).into(),
        ],
    )?;
    Ok(())
}

fn person(tx: &mut Tx<'_>, meta: &PersonMeta) -> Result<()> {
    let clearance = tlp(&meta.clearance)?;
    meta.role.parse::<crate::role::Role>().map_err(|e| Error::park("role-unknown", e))?;
    tx.run(
        "INSERT INTO @person (name, org, role, clearance) VALUES ($1, $2, $3, $4) ON CONFLICT (name) DO UPDATE \
         SET org = excluded.org, role = excluded.role, clearance = excluded.clearance",
        &[(&meta.name).into(), (&meta.org).into(), (&meta.role).into(), clearance.rank().into()],
    )?;
    Ok(())
}

fn key(tx: &mut Tx<'_>, event: &Event, meta: &KeyMeta) -> Result<()> {
    tx.run(
        "INSERT INTO @partner_key (org, public, state, since) VALUES ($1, $2, $3, $4) ON CONFLICT (org, public) DO UPDATE \
         SET state = excluded.state, since = excluded.since",
        &[(&meta.org).into(), (&meta.key).into(), (&meta.state).into(), event.known.into()],
    )?;
    Ok(())
}

fn trust(tx: &mut Tx<'_>, event: &Event, meta: &TrustMeta) -> Result<()> {
    day(&meta.from)?;
    day(&meta.to)?;
    let args: [Value<'_>; 7] = [
        event.index.into(),
        (&meta.org).into(),
        (&meta.from).into(),
        (&meta.to).into(),
        (&meta.reason).into(),
        (&meta.by).into(),
        event.known.into(),
    ];
    tx.run(
        "INSERT INTO @trust (idx, org, from_day, to_day, reason, by_whom, known) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        &args,
    )?;
    Ok(())
}

fn tlp(label: &str) -> Result<Tlp> {
    label.parse().map_err(|_| Error::park("tlp-unknown", format!("{label:?} is no TLP label")))
}

fn day(text: &str) -> Result<()> {
    match text.parse::<jiff::civil::Date>() {
        Ok(_) => Ok(()),
        Err(_) => Err(Error::park("date", format!("{text:?} is no date"))),
    }
}
