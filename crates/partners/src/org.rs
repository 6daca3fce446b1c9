//! Organisations, their agreements, keys and trust: recording and asking.
use crate::agreement::{ANYBODY, Agreement, in_force};
use crate::register::{self, Org, is_key};
use crate::release::Recipient;
use crate::role::Role;
use crate::stage::{AgreementMeta, KeyMeta, NamingMeta, OrgMeta, TrustMeta};
use crate::table::Fault;
use base64::Engine as _;
use jiff::civil::Date;
use ledger::{Draft, Error, Micros, Result, Tx, line};
use std::collections::{BTreeMap, BTreeSet};
use stix::Tlp;

/// What became of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Rows that were new or changed something.
    pub accepted: usize,
    /// Rows that say what stands already.
    pub unchanged: usize,
    /// Refused rows with line, rule and reason.
    pub refused: Vec<Fault>,
    /// What ought to be looked at.
    pub warnings: Vec<Fault>,
}

/// An organisation as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// Its key.
    pub key: String,
    /// For people.
    pub name: String,
    /// `csirt`, `operator`…
    pub kind: Option<String>,
    /// ISO 3166-1 alpha-2.
    pub country: Option<String>,
    /// Languages it reads, best first.
    pub languages: Vec<String>,
    /// Other names under which it is known.
    pub aka: Vec<String>,
}

impl Card {
    /// The organisation as the release decision sees it, where nobody of it is named.
    pub fn recipient<'a>(&'a self, agreements: &'a [Agreement]) -> Recipient<'a> {
        Recipient {
            org: &self.key,
            aka: &self.aka,
            kind: self.kind.as_deref().unwrap_or("other"),
            country: self.country.as_deref(),
            is_operator: false,
            role: Role::Partner,
            clearance: None,
            agreements,
        }
    }
}

/// Reads and records the partners table.
pub fn import_csv(tx: &mut Tx<'_>, bytes: &[u8]) -> Result<Imported> {
    let read = register::read(bytes);
    let mut out = Imported { refused: read.faults, warnings: read.warnings, ..Imported::default() };
    let mut register = Register::default();
    all(tx)?.into_iter().for_each(|card| register.take(card));
    for (line, org) in read.rows {
        if let Some(double) = register.double(line, &org) {
            out.refused.push(double);
            continue;
        }
        out.warnings.extend(register.moved(line, &org));
        let changed = add_org(tx, &org)?;
        *(if changed { &mut out.accepted } else { &mut out.unchanged }) += 1;
        register.take(Card {
            key: org.key,
            name: org.name,
            kind: org.kind,
            country: org.country,
            languages: org.languages,
            aka: org.aka.unwrap_or_default(),
        });
    }
    out.refused.sort_by_key(|fault| fault.line);
    Ok(out)
}

/// The organisations that stand while a table is read, its own earlier rows included.
#[derive(Default)]
struct Register {
    cards: BTreeMap<String, Card>,
    /// Key in small letters → key.
    keys: BTreeMap<String, String>,
    /// Name as it is compared → keys that have or had it.
    names: BTreeMap<String, BTreeSet<String>>,
}

impl Register {
    /// Why a row would make one body stand twice: a key that differs from another in capitals only, or a name that another of the country has.
    fn double(&self, line: u64, org: &Org) -> Option<Fault> {
        let named = |card: &Card| folded(&card.name) == folded(&org.name);
        let standing = self.cards.get(&org.key);
        if standing.is_none()
            && let Some(other) = self.keys.get(&org.key.to_ascii_lowercase())
        {
            let reason = format!("{} differs from {other} in capitals only; write it as that", org.key);
            return Some(Fault::new(line, "doubled-key", reason));
        }
        // what stands so already is for a person to merge; a row without a name has its key for one
        if org.name == org.key || standing.is_some_and(named) {
            return None;
        }
        let places = |card: &Card| card.country.as_ref().zip(org.country.as_ref()).is_none_or(|(a, b)| a == b);
        let mut namesakes = self.names.get(&folded(&org.name))?.iter().filter_map(|key| self.cards.get(key));
        let other = namesakes.find(|card| card.key != org.key && named(card) && places(card))?;
        let reason = format!(
            "{:?} is the name of {} already; use that key, or a name that tells the two apart",
            org.name, other.key
        );
        Some(Fault::new(line, "doubled-name", reason))
    }

    /// A key that is of another country from now on: a move, or another body under the same key.
    fn moved(&self, line: u64, org: &Org) -> Option<Fault> {
        let was = self.cards.get(&org.key)?.country.as_ref()?;
        let is = org.country.as_ref().filter(|is| *is != was)?;
        let reason =
            format!("{} was in {was} and is in {is} now; if it is another body, give that a key of its own", org.key);
        Some(Fault::new(line, "country-changed", reason))
    }

    fn take(&mut self, card: Card) {
        self.keys.insert(card.key.to_ascii_lowercase(), card.key.clone());
        self.names.entry(folded(&card.name)).or_default().insert(card.key.clone());
        self.cards.insert(card.key.clone(), card);
    }
}

/// A name as it is compared: neither capitals nor blanks tell two bodies apart.
fn folded(name: &str) -> String {
    name.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Records an organisation and its agreement. Gives false where both stand already.
pub fn add_org(tx: &mut Tx<'_>, org: &Org) -> Result<bool> {
    let standing = find(tx, &org.key)?;
    let aka = org.aka.clone().or_else(|| standing.as_ref().map(|card| card.aka.clone()));
    let card = Card {
        key: org.key.clone(),
        name: org.name.clone(),
        kind: org.kind.clone(),
        country: org.country.clone(),
        languages: org.languages.clone(),
        aka: aka.unwrap_or_default(),
    };
    let mut changed = false;
    if standing.as_ref() != Some(&card) {
        let Card { key, name, kind, country, languages, aka } = card;
        tx.append(Draft::new("partners.org", &OrgMeta { key, name, kind, country, languages, aka })?)?;
        changed = true;
    }
    if let Some(agreement) = &org.agreement
        && !stands(tx, &org.key, agreement)?
    {
        add_agreement(tx, &org.key, agreement, None)?;
        changed = true;
    }
    Ok(changed)
}

/// Whether the last record of the agreement without a name says the same.
fn stands(tx: &mut Tx<'_>, org: &str, agreement: &Agreement) -> Result<bool> {
    let sql =
        "SELECT from_day, to_day, clearance FROM @agreement WHERE org = $1 AND name = '' ORDER BY idx DESC LIMIT 1";
    let (from, to) = (agreement.from.to_string(), agreement.to.map(|to| to.to_string()));
    let same = tx.one(sql, &[org.into()], |r| {
        r.text(0) == from && r.opt_text(1) == to.as_deref() && r.int(2) == agreement.clearance.rank()
    })?;
    Ok(same == Some(true))
}

/// Records an agreement with the operator about everything. It speaks over earlier ones from its first day on.
pub fn add_agreement(tx: &mut Tx<'_>, org: &str, agreement: &Agreement, basis: Option<&str>) -> Result<()> {
    let meta = AgreementMeta {
        org: org.to_owned(),
        from: agreement.from.to_string(),
        to: agreement.to.map(|d| d.to_string()),
        clearance: agreement.clearance.to_string(),
        basis: basis.map(str::to_owned),
        ..AgreementMeta::default()
    };
    tx.append(Draft::new("partners.agreement", &meta)?)?;
    Ok(())
}

/// Bytes of a text that people write into an agreement or a consent.
const TEXT_MAX: usize = 1_000;
/// Organisations that an agreement names.
const NAMED_MAX: usize = 1_000;

/// The id of an identity (STIX 2.1 sections 2.9 and 4.5), or whoever created a thing.
fn is_relayed(who: &str) -> bool {
    who == ANYBODY || stix::id::check(who, "identity").is_ok()
}

/// Records an agreement of whatever form; the organisations it names are made where they are not known. Gives false where its last record
/// says the same.
pub fn agree(tx: &mut Tx<'_>, meta: &AgreementMeta) -> Result<bool> {
    let refused = |rule, reason: String, next: &str| Err(Error::refused(rule, reason, next));
    if meta.to.as_ref().is_some_and(|to| *to < meta.from) {
        let reason = format!("{} is before {}", meta.to.as_deref().unwrap_or_default(), meta.from);
        return refused("agreement-window", reason, "give --from and --to in order");
    }
    if !meta.with.is_empty() && meta.name.is_none() {
        let reason = "an agreement with somebody other than the operator needs a name".to_owned();
        return refused("agreement-name", reason, "give it with --name");
    }
    if meta.name.as_deref().is_some_and(|name| !is_key(name)) {
        let reason = "the name of an agreement has up to 64 letters, digits, dots, dashes and underscores".to_owned();
        return refused("agreement-name", reason, "choose another --name");
    }
    if !meta.clients.is_empty() && !meta.onward {
        let reason = format!("{} may not pass on what it gets, so it has no clients here", meta.org);
        return refused("agreement-clients", reason, "give --onward too, or leave out --client");
    }
    if meta.sightings && !meta.with.is_empty() {
        let reason = "sightings are told by the operator, who is no party of this agreement".to_owned();
        return refused("agreement-sightings", reason, "give --sightings with an agreement that has no --with");
    }
    if let Some(who) = meta.relays.iter().find(|who| !is_relayed(who)) {
        let reason = format!("{who:?} is neither the id of a STIX identity nor `any`");
        return refused("agreement-relay", reason, "give --relay identity--… or --relay any");
    }
    if !meta.relays.is_empty() && !meta.with.is_empty() {
        let reason = "what is relayed is given to the operator, who is no party of this agreement".to_owned();
        return refused("agreement-relay", reason, "give --relay with an agreement that has no --with");
    }
    if meta.named().len() > NAMED_MAX
        || meta.basis.as_ref().is_some_and(|b| b.len() > TEXT_MAX || b.contains(char::is_control))
    {
        let reason = format!("more than {NAMED_MAX} organisations, or a basis that is no line of {TEXT_MAX} bytes");
        return refused("agreement-size", reason, "say it shorter");
    }
    for org in meta.named() {
        ensure(tx, org)?;
    }
    let name = meta.name.as_deref().unwrap_or_default();
    let sql = "SELECT meta FROM @agreement WHERE org = $1 AND name = $2 ORDER BY idx DESC LIMIT 1";
    let last = tx.one(sql, &[(&meta.org).into(), name.into()], |r| r.text(0).to_owned())?;
    if last.and_then(|last| serde_json::from_str::<AgreementMeta>(&last).ok()).as_ref() == Some(meta) {
        return Ok(false);
    }
    let mut draft = Draft::new("partners.agreement", meta)?;
    draft.version = meta.version();
    tx.append(draft)?;
    Ok(true)
}

/// Records whether an organisation agrees to be named with what it submits. Gives false where that stands already.
pub fn name_submitter(tx: &mut Tx<'_>, org: &str, agreed: bool, reason: &str, by: &str) -> Result<bool> {
    let reason = line::reason(reason, "naming-reason", "say with --reason how that is known")?;
    if find(tx, org)?.is_none() {
        let reason = format!("no partner {org} is known");
        return Err(Error::refused("org-unknown", reason, "import it in a partners table first"));
    }
    if may_name(tx, org)? == agreed {
        return Ok(false);
    }
    let meta = NamingMeta { org: org.to_owned(), agreed, reason: reason.to_owned(), by: by.to_owned() };
    tx.append(Draft::new("partners.naming", &meta)?)?;
    Ok(true)
}

/// Whether an organisation agreed to be named with what it submits. Who said nothing did not.
pub fn may_name(tx: &mut Tx<'_>, org: &str) -> Result<bool> {
    Ok(tx.one("SELECT agreed FROM @naming WHERE org = $1", &[org.into()], |r| r.bool(0))? == Some(true))
}

/// Makes an organisation of this key, if there is none.
pub fn ensure(tx: &mut Tx<'_>, key: &str) -> Result<()> {
    if !is_key(key) {
        let reason = format!("{key:?} is no key of an organisation");
        return Err(Error::refused("org-key", reason, "use up to 64 letters, digits, dots, dashes and underscores"));
    }
    if find(tx, key)?.is_none() {
        let meta = OrgMeta { key: key.to_owned(), name: key.to_owned(), ..OrgMeta::default() };
        // The key keeps two verbs of one moment from making it twice; a later change has none and stands over it.
        tx.append(Draft::new("partners.org", &meta)?.key(format!("partners/ensure/{key}")))?;
    }
    Ok(())
}

/// What every store has from the start: the operator's own organisation, as its first entry names it.
pub fn furnish(tx: &mut Tx<'_>, genesis: &ledger::Genesis) -> Result<()> {
    let meta = OrgMeta {
        key: genesis.home.clone(),
        name: genesis.home.clone(),
        kind: Some("agency".to_owned()),
        country: genesis.country.clone(),
        ..OrgMeta::default()
    };
    // The key of `ensure`, so that the first verb that names the organisation does not make it again.
    tx.append(Draft::new("partners.org", &meta)?.key(format!("partners/ensure/{}", genesis.home)))?;
    Ok(())
}

/// An organisation by key.
pub fn find(tx: &mut Tx<'_>, key: &str) -> Result<Option<Card>> {
    tx.one("SELECT org, name, kind, country, languages, aka FROM @org WHERE org = $1", &[key.into()], card)
}

/// All organisations by key.
pub fn all(tx: &mut Tx<'_>) -> Result<Vec<Card>> {
    tx.all("SELECT org, name, kind, country, languages, aka FROM @org ORDER BY org", &[], card)
}

fn card(r: &ledger::Row<'_>) -> Card {
    Card {
        key: r.text(0).to_owned(),
        name: r.text(1).to_owned(),
        kind: r.opt_text(2).map(str::to_owned),
        country: r.opt_text(3).map(str::to_owned),
        languages: list(r.text(4)),
        aka: list(r.text(5)),
    }
}

fn list(text: &str) -> Vec<String> {
    text.split(';').filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// The agreements that name an organisation, in the order of their recording.
pub fn agreements(tx: &mut Tx<'_>, org: &str) -> Result<Vec<Agreement>> {
    let sql = format!("{AGREEMENTS} WHERE p.org = $1 ORDER BY a.idx");
    let rows = tx.all(&sql, &[org.into()], read_agreement)?;
    Ok(rows.into_iter().flatten().collect())
}

/// The agreements of all organisations, by key.
pub fn all_agreements(tx: &mut Tx<'_>) -> Result<BTreeMap<String, Vec<Agreement>>> {
    let sql = format!("{AGREEMENTS} ORDER BY a.idx, p.org");
    let mut out: BTreeMap<String, Vec<Agreement>> = BTreeMap::new();
    for (org, agreement) in tx.all(&sql, &[], |r| (r.text(0).to_owned(), read_agreement(r)))? {
        out.entry(org).or_default().extend(agreement);
    }
    Ok(out)
}

/// Every record of each agreement in which an organisation was ever named: a later record may leave it out.
const AGREEMENTS: &str = "SELECT p.org, a.meta, (SELECT home FROM @home WHERE id = 1) FROM @agreement_party p \
     JOIN @agreement a ON a.org = p.first AND a.name = p.name";

fn read_agreement(r: &ledger::Row<'_>) -> Option<Agreement> {
    let meta = serde_json::from_str(r.text(1)).ok()?;
    Agreement::of(&meta, r.text(0), r.opt_text(2).unwrap_or_default())
}

/// What an organisation may get on a day at most: CLEAR without an agreement in force.
pub fn effective_clearance(tx: &mut Tx<'_>, org: &str, on: Date) -> Result<Tlp> {
    let agreements = agreements(tx, org)?;
    let highest =
        in_force(&agreements, on).into_iter().filter(|a| a.clauses.client_of.is_none()).map(|a| a.clearance).max();
    Ok(highest.unwrap_or(Tlp::Clear))
}

/// Records a public key of an organisation (Ed25519, base64), or revokes it.
pub fn register_key(tx: &mut Tx<'_>, org: &str, public: &str, revoked: bool) -> Result<bool> {
    let bytes = base64::engine::general_purpose::STANDARD.decode(public);
    if bytes.is_ok_and(|b| b.len() == 32) {
        ensure(tx, org)?;
    } else {
        let reason = "the key is not 32 bytes in base64".to_owned();
        return Err(Error::refused("key-form", reason, "give what `mainstay key new` printed"));
    }
    let state = if revoked { "revoked" } else { "active" };
    let standing = key_state(tx, org, public)?;
    if standing.as_deref() == Some(state) {
        return Ok(false);
    }
    let meta = KeyMeta { org: org.to_owned(), key: public.to_owned(), state: state.to_owned() };
    tx.append(Draft::new("partners.key", &meta)?)?;
    Ok(true)
}

/// `active`, `revoked`, or nothing where the organisation never named this key.
pub fn key_state(tx: &mut Tx<'_>, org: &str, public: &str) -> Result<Option<String>> {
    let sql = "SELECT state FROM @partner_key WHERE org = $1 AND public = $2";
    tx.one(sql, &[org.into(), public.into()], |r| r.text(0).to_owned())
}

/// The public keys that an organisation ever named: the key, `active` or `revoked`, since when.
pub fn keys(tx: &mut Tx<'_>, org: &str) -> Result<Vec<(String, String, Micros)>> {
    let sql = "SELECT public, state, since FROM @partner_key WHERE org = $1 ORDER BY since, public";
    tx.all(sql, &[org.into()], |r| (r.text(0).to_owned(), r.text(1).to_owned(), r.micros(2)))
}

/// A person's decision that an organisation is trusted.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Trust {
    /// The first day.
    pub from: String,
    /// The last day.
    pub to: String,
    /// Why.
    pub reason: String,
    /// Who decided.
    pub by: String,
}

/// All decisions on an organisation's trust, the last one first.
pub fn trusts(tx: &mut Tx<'_>, org: &str) -> Result<Vec<Trust>> {
    let sql = "SELECT from_day, to_day, reason, by_whom FROM @trust WHERE org = $1 ORDER BY idx DESC";
    tx.all(sql, &[org.into()], |r| Trust {
        from: r.text(0).to_owned(),
        to: r.text(1).to_owned(),
        reason: r.text(2).to_owned(),
        by: r.text(3).to_owned(),
    })
}

/// Records a person's decision that a partner is trusted from a day to a day, and why.
pub fn trust(tx: &mut Tx<'_>, org: &str, from: Date, to: Date, reason: &str, by: &str) -> Result<()> {
    if to < from {
        return Err(Error::refused("trust-window", format!("{to} is before {from}"), "give --from and --to in order"));
    }
    if reason.trim().is_empty() {
        return Err(Error::refused("trust-reason", "a reason is needed", "give it with --reason"));
    }
    if find(tx, org)?.is_none() {
        let reason = format!("no partner {org} is known");
        return Err(Error::refused("org-unknown", reason, "import it in a partners table first"));
    }
    let meta = TrustMeta {
        org: org.to_owned(),
        from: from.to_string(),
        to: to.to_string(),
        reason: reason.to_owned(),
        by: by.to_owned(),
    };
    tx.append(Draft::new("partners.trust", &meta)?)?;
    Ok(())
}

/// Whether somebody decided that a partner is trusted on a day. As with agreements, of the decisions that have begun the one
/// recorded last speaks.
pub fn is_trusted(tx: &mut Tx<'_>, org: &str, on: Date) -> Result<bool> {
    let day = on.to_string();
    let sql = "SELECT to_day FROM @trust WHERE org = $1 AND from_day <= $2 ORDER BY idx DESC";
    Ok(tx.one(sql, &[org.into(), (&day).into()], |r| r.text(0) >= day.as_str())? == Some(true))
}
