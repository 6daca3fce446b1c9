//! The stage: folds what is recorded of organisations, agreements, people, keys and trust into tables.
use crate::agreement::{Compulsion, Scope};
use ledger::{Error, Event, Result, Stage, Tx, Value};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use stix::Tlp;

/// The first turn's groundwork: who.
#[derive(Clone, Copy, Debug, Default)]
pub struct Partners;

/// Meta of `partners.org`. The last one of a key stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Other names under which it is known: ids of STIX identities, names in access control policies.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aka: Vec<String>,
}

/// Meta of `partners.agreement`. Version 2 has what stands after `basis`; a record that has none of it is written as version 1.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Its name, where the organisation has more than the one with the operator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The other parties; the operator where none is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub with: Vec<String>,
    /// Clients of the organisation, who may get what it may pass on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clients: Vec<String>,
    /// What it is about.
    #[serde(default, skip_serializing_if = "Scope::is_empty")]
    pub scope: Scope,
    /// What law compels the organisation to disclose.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub compelled: Vec<Compulsion>,
    /// The organisation may pass on what it gets.
    #[serde(default, skip_serializing_if = "is_false")]
    pub onward: bool,
    /// The organisation is told where the indicators that it gave were seen. A program that does not know this word tells nothing.
    #[serde(default, skip_serializing_if = "is_false")]
    pub sightings: bool,
    /// Whose objects the organisation may bring new versions of: ids of identities, or `any`. A program that does not know this word
    /// reviews them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub relays: Vec<String>,
}

fn is_false(flag: &bool) -> bool {
    !flag
}

impl AgreementMeta {
    /// All whom it names, each once.
    pub fn named(&self) -> BTreeSet<&str> {
        std::iter::once(&self.org).chain(&self.with).chain(&self.clients).map(String::as_str).collect()
    }

    /// The version of the kind that can say it.
    pub fn version(&self) -> u16 {
        let plain = self.name.is_none()
            && self.with.is_empty()
            && self.clients.is_empty()
            && self.scope.is_empty()
            && self.compelled.is_empty()
            && !self.onward
            && !self.sightings
            && self.relays.is_empty();
        if plain { 1 } else { 2 }
    }
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
    /// The last day of the account; open where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
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

/// Meta of `partners.naming`: whether an organisation agrees that others learn what it submitted. The last one of an organisation stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamingMeta {
    /// Key of the organisation.
    pub org: String,
    /// It may be named.
    pub agreed: bool,
    /// How that is known.
    pub reason: String,
    /// Who recorded it.
    pub by: String,
}

#[derive(Deserialize)]
struct HomeMeta {
    home: String,
}

impl Stage for Partners {
    fn name(&self) -> &'static str {
        "partners"
    }

    fn schema(&self) -> &'static str {
        "CREATE TABLE @org (org {text} PRIMARY KEY, name {text} NOT NULL, kind {text}, country {text}, languages {text} NOT NULL,
           aka {text} NOT NULL);
         CREATE TABLE @agreement (idx {int} PRIMARY KEY, org {text} NOT NULL, name {text} NOT NULL, from_day {text} NOT NULL,
           to_day {text}, clearance {int} NOT NULL, basis {text}, meta {text} NOT NULL);
         CREATE INDEX @agreement_org ON @agreement (org, name, idx);
         CREATE TABLE @agreement_party (org {text} NOT NULL, first {text} NOT NULL, name {text} NOT NULL,
           PRIMARY KEY (org, first, name));
         CREATE TABLE @home (id {int} PRIMARY KEY, home {text} NOT NULL);
         CREATE TABLE @merged (idx {int} PRIMARY KEY, org {text} NOT NULL, into_org {text}, reason {text} NOT NULL, by_whom {text} NOT NULL,
           known {int} NOT NULL);
         CREATE TABLE @naming (org {text} PRIMARY KEY, agreed {int} NOT NULL, reason {text} NOT NULL, by_whom {text} NOT NULL,
           known {int} NOT NULL);
         CREATE TABLE @person (name {text} PRIMARY KEY, org {text} NOT NULL, role {text} NOT NULL, clearance {int} NOT NULL,
           until {text} NOT NULL);
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
        &["ledger.genesis", "partners."]
    }

    fn apply(&self, tx: &mut Tx<'_>, event: &Event) -> Result<()> {
        match event.kind.as_str() {
            "ledger.genesis" => {
                let home = event.meta::<HomeMeta>()?.home;
                tx.run("INSERT INTO @home (id, home) VALUES (1, $1)", &[(&home).into()]).map(drop)
            }
            "partners.org" => org(tx, &event.meta()?),
            "partners.agreement" if event.version > 2 => Err(Error::park(
                "version-unknown",
                format!("version {} of an agreement: update the program", event.version),
            )),
            "partners.agreement" => agreement(tx, event.index, &event.meta()?),
            "partners.merged" => crate::merge::fold(tx, event, &event.meta()?),
            "partners.naming" => naming(tx, event, &event.meta()?),
            "partners.person" => person(tx, &event.meta()?),
            "partners.key" => key(tx, event, &event.meta()?),
            "partners.trust" => trust(tx, event, &event.meta()?),
            other => Err(Error::park("kind-unknown", format!("{other} is no event of partners"))),
        }
    }
}

fn org(tx: &mut Tx<'_>, meta: &OrgMeta) -> Result<()> {
    let (languages, aka) = (meta.languages.join(";"), meta.aka.join(";"));
    tx.run(
        "INSERT INTO @org (org, name, kind, country, languages, aka) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (org) DO UPDATE \
         SET name = excluded.name, kind = excluded.kind, country = excluded.country, languages = excluded.languages, aka = excluded.aka",
        &[
            (&meta.key).into(),
            (&meta.name).into(),
            (&meta.kind).into(),
            (&meta.country).into(),
            (&languages).into(),
            (&aka).into(),
        ],
    )?;
    Ok(())
}

fn agreement(tx: &mut Tx<'_>, index: i64, meta: &AgreementMeta) -> Result<()> {
    let clearance = tlp(&meta.clearance)?;
    day(&meta.from)?;
    meta.to.as_deref().map(day).transpose()?;
    let name = meta.name.as_deref().unwrap_or_default();
    let whole = serde_json::to_string(meta).map_err(|e| Error::park("meta-unreadable", e.to_string()))?;
    tx.run(
        "INSERT INTO @agreement (idx, org, name, from_day, to_day, clearance, basis, meta) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        &[
            index.into(),
            (&meta.org).into(),
            name.into(),
            (&meta.from).into(),
            (&meta.to).into(),
            clearance.rank().into(),
            (&meta.basis).into(),
            (&whole).into(),
        ],
    )?;
    for org in meta.named() {
        let sql = "INSERT INTO @agreement_party (org, first, name) VALUES ($1, $2, $3) ON CONFLICT (org, first, name) DO NOTHING";
        tx.run(sql, &[org.into(), (&meta.org).into(), name.into()])?;
    }
    Ok(())
}

fn naming(tx: &mut Tx<'_>, event: &Event, meta: &NamingMeta) -> Result<()> {
    tx.run(
        "INSERT INTO @naming (org, agreed, reason, by_whom, known) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (org) DO UPDATE \
         SET agreed = excluded.agreed, reason = excluded.reason, by_whom = excluded.by_whom, known = excluded.known",
        &[(&meta.org).into(), i64::from(meta.agreed).into(), (&meta.reason).into(), (&meta.by).into(), event.known.into()],
    )?;
    Ok(())
}

fn person(tx: &mut Tx<'_>, meta: &PersonMeta) -> Result<()> {
    let clearance = tlp(&meta.clearance)?;
    meta.role.parse::<crate::role::Role>().map_err(|e| Error::park("role-unknown", e))?;
    tx.run(
        "INSERT INTO @person (name, org, role, clearance, until) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (name) DO UPDATE \
         SET org = excluded.org, role = excluded.role, clearance = excluded.clearance, until = excluded.until",
        &[
            (&meta.name).into(),
            (&meta.org).into(),
            (&meta.role).into(),
            clearance.rank().into(),
            meta.until.as_deref().unwrap_or_default().into(),
        ],
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
