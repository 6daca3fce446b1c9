//! The file of one organisation: who it is, who speaks for it and how it is reached, what was agreed, whether it is trusted and by whose word, what
//! passed both ways and how long ago, what is open between the two, how fast the hub was toward it, and every record that names it.
use act::query::Filter;
use ledger::{Micros, Result, Tx};
use partners::Role;
use partners::org::Trust;
use serde::Serialize;

use crate::record::definition::Catalogue;
use crate::record::list::{self, Line};
use crate::vetting::{self, Proposal};

/// Records of a file.
const RECORDS_MAX: i64 = 200;

/// The file of one organisation.
#[derive(Clone, Debug, Serialize)]
pub struct File {
    /// Its key.
    pub org: String,
    /// Its name.
    pub name: String,
    /// The organisation as which it is counted, where it turned out to be another's second key.
    pub stands_for: Option<String>,
    /// What it is.
    pub kind: Option<String>,
    /// Where it is.
    pub country: Option<String>,
    /// What it reads, best first.
    pub languages: Vec<String>,
    /// Trusted on the day of asking, by this decision.
    pub trust: Option<Trust>,
    /// All decisions on its trust, the last one first.
    pub trusts: Vec<Trust>,
    /// What the software proposes about its trust; a person decides.
    pub proposed: Option<Proposal>,
    /// Agreements that name it.
    pub agreements: Vec<Agreed>,
    /// People with an account: name, role.
    pub people: Vec<(String, String)>,
    /// How it is reached.
    pub channels: Vec<Channel>,
    /// Its signing keys: key, state, since when.
    pub keys: Vec<(String, String, Micros)>,
    /// Operators of its country, where it is a response team.
    pub constituency: i64,
    /// When something last came from it.
    pub last_in: Option<Micros>,
    /// When something last went to it.
    pub last_out: Option<Micros>,
    /// What is open between the two.
    pub open: Vec<Open>,
    /// How the hub did toward it.
    pub performance: Performance,
    /// What names it, the last recorded first.
    pub records: Vec<Line>,
}

/// An agreement, in short.
#[derive(Clone, Debug, Serialize)]
pub struct Agreed {
    /// Its name; empty for the one that needs none.
    pub name: String,
    /// First day.
    pub from: String,
    /// Last day; open where there is none.
    pub to: Option<String>,
    /// The highest mark under it.
    pub clearance: String,
    /// In force on the day of asking.
    pub in_force: bool,
}

/// A way to reach it.
#[derive(Clone, Debug, Serialize)]
pub struct Channel {
    /// The address.
    pub email: String,
    /// What it is for.
    pub role: Option<String>,
    /// When somebody last made sure.
    pub verified: Option<String>,
    /// How good the claim is, in words.
    pub standing: &'static str,
    /// Who says so.
    pub source: String,
}

/// Something that is open between the two.
#[derive(Clone, Debug, Serialize)]
pub struct Open {
    /// The ask.
    pub ask: String,
    /// Where it stands.
    pub state: String,
    /// About what.
    pub about: String,
    /// When it went out.
    pub sent: Option<Micros>,
    /// When silence counts.
    pub due: Option<Micros>,
    /// Its clock has run out.
    pub overdue: bool,
}

/// How the hub did toward it.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Performance {
    /// Asks that went to it.
    pub sent: usize,
    /// Of these, answered.
    pub answered: usize,
    /// Of these, met with silence.
    pub silent: usize,
    /// The middle of the hours between planning and sending.
    pub hours_to_send: Option<i64>,
}

/// The file of an organisation as of now, with the records that this role may read; nothing where there is no such organisation.
pub fn file(tx: &mut Tx<'_>, org: &str, home: &str, role: Role, now: Micros) -> Result<Option<File>> {
    let Some(card) = partners::org::find(tx, org)? else { return Ok(None) };
    let today = now.civil();
    let day = today.to_string();
    let trusts = partners::org::trusts(tx, org)?;
    // the last decision that has begun speaks
    let trust = trusts.iter().find(|t| t.from <= day).filter(|t| day <= t.to).cloned();
    let agreed = partners::org::agreements(tx, org)?.into_iter().filter(|a| !a.clauses.left_out).map(|a| Agreed {
        name: a.clauses.name.clone(),
        from: a.from.to_string(),
        to: a.to.map(|to| to.to_string()),
        clearance: a.clearance.to_string(),
        in_force: a.from <= today && a.to.is_none_or(|to| today <= to),
    });
    let agreements = agreed.collect();
    let people = partners::person::of_org(tx, org, home)?;
    let contacts = act::query::contacts_of(tx, org)?;
    let channels = contacts.iter().map(|c| Channel {
        email: c.email.clone(),
        role: c.role.clone(),
        verified: c.verified.map(|on| on.to_string()),
        standing: c.standing(today).words(),
        source: c.source.clone(),
    });
    let asks = act::asks(tx, &Filter { org: Some(org.to_owned()), ..Filter::default() })?;
    let open = asks.iter().filter(|ask| ask.state.clock_runs() || ask.is_overdue(now)).map(|ask| Open {
        ask: ask.planned.ask.clone(),
        state: ask.state.to_string(),
        about: ask.planned.vulnerabilities.join(", "),
        sent: ask.sent_at,
        due: ask.due_at,
        overdue: ask.is_overdue(now),
    });
    let proposed = vetting::proposal(tx, &card, now)?;
    let merged = partners::merge::all(tx, now)?;
    let keys = partners::merge::Keys::of(merged.iter().map(|word| &word.said));
    let catalogue = Catalogue::of(tx)?;
    let readable = |line: &Line| catalogue.get(&line.version.record).is_none_or(|d| d.is_read_by(role));
    Ok(Some(File {
        open: open.collect(),
        performance: performance(&asks),
        channels: channels.collect(),
        people: people.into_iter().map(|p| (p.name, p.role.to_string())).collect(),
        keys: partners::org::keys(tx, org)?,
        constituency: constituency(tx, &card)?,
        last_in: last(tx, "SELECT MAX(known) FROM @fact_inbound WHERE org = $1", org)?,
        last_out: last(tx, "SELECT MAX(valid) FROM @fact_delivery WHERE addressee = $1", org)?,
        records: list::naming(tx, org, RECORDS_MAX)?.into_iter().filter(readable).collect(),
        stands_for: keys.moves(org).then(|| keys.stands_for(org).to_owned()),
        org: card.key,
        name: card.name,
        kind: card.kind,
        country: card.country,
        languages: card.languages,
        trust,
        trusts,
        proposed,
        agreements,
    }))
}

fn last(tx: &mut Tx<'_>, sql: &str, org: &str) -> Result<Option<Micros>> {
    Ok(tx.one(sql, &[org.into()], |r| r.opt_int(0).map(Micros))?.flatten())
}

/// The operators of the country of a response team.
fn constituency(tx: &mut Tx<'_>, card: &partners::org::Card) -> Result<i64> {
    if card.kind.as_deref() != Some("csirt") {
        return Ok(0);
    }
    let sql = "SELECT count(DISTINCT org) FROM @fact_org WHERE kind = 'operator' AND country = $1";
    let country = card.country.as_deref().unwrap_or_default();
    Ok(tx.one(sql, &[country.into()], |r| r.int(0))?.unwrap_or(0))
}

fn performance(asks: &[act::query::Ask]) -> Performance {
    let sent: Vec<&act::query::Ask> = asks.iter().filter(|ask| ask.sent_at.is_some()).collect();
    let hours = |from: Micros, to: Micros| (to.0 - from.0) / 3_600_000_000;
    let to_send = sent.iter().filter_map(|ask| Some(hours(ask.planned_at, ask.sent_at?)));
    Performance {
        sent: sent.len(),
        answered: sent.iter().filter(|ask| ask.answer.is_some()).count(),
        silent: sent.iter().filter(|ask| ask.state == act::ask::State::Silent).count(),
        hours_to_send: middle(to_send.collect()),
    }
}

/// The middle one; of an even number the lower of the two in the middle.
fn middle(mut hours: Vec<i64>) -> Option<i64> {
    hours.sort_unstable();
    let at = hours.len().checked_sub(1)? / 2;
    hours.get(at).copied()
}
