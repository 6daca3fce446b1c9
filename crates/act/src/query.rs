//! Asking for asks and contacts: what lists, pages and later stages read. Changes nothing.
use crate::ask::{Evidence, State};
use crate::contact::Contact;
use crate::events::About;
use crate::plan::Planned;
use jiff::civil::Date;
use ledger::{Error, Micros, Result, Row, Tx, Value};
use partners::Person;
use partners::release::{self, Decision, Readers, Subject, Weakness};
use serde::Serialize;

/// Which asks.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// In one of these states; all where empty.
    pub states: Vec<State>,
    /// Concerning this organisation or sent to it.
    pub org: Option<String>,
    /// About this vulnerability.
    pub vulnerability: Option<String>,
    /// At most so many.
    pub limit: Option<usize>,
}

/// An ask as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// What was planned: addressee, rule, why.
    pub planned: Planned,
    /// Who planned it.
    pub by: String,
    /// Where it stands.
    pub state: State,
    /// The highest evidence reached.
    pub evidence: Option<Evidence>,
    /// The last answer.
    pub answer: Option<String>,
    /// Who gave it.
    pub claimant: Option<String>,
    /// The address it went to last, or will go to.
    pub email: String,
    /// When.
    pub planned_at: Micros,
    /// When it first left.
    pub sent_at: Option<Micros>,
    /// When silence counts.
    pub due_at: Option<Micros>,
    /// When it last changed.
    pub changed_at: Micros,
}

impl Ask {
    /// What each event of the ask says first.
    pub fn about(&self) -> About {
        let p = &self.planned;
        About {
            ask: p.ask.clone(),
            party: p.party.clone(),
            addressee: p.addressee.clone(),
            country: p.country.clone(),
            advisory: p.advisory.clone(),
            vulnerabilities: p.vulnerabilities.clone(),
        }
    }

    /// Its clock has run out without a word.
    pub fn is_overdue(&self, now: Micros) -> bool {
        self.state.clock_runs() && self.due_at.is_some_and(|due| due <= now)
    }
}

/// An ask as one line of `ask list --format jsonl`. Stable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Its reference.
    pub ask: String,
    /// `warn`…
    pub kind: &'static str,
    /// Where it stands.
    pub state: State,
    /// Whom it concerns.
    pub party: String,
    /// To whom it goes or went.
    pub addressee: String,
    /// The address.
    pub email: String,
    /// Where it lies.
    pub country: Option<String>,
    /// The first vulnerability.
    pub vulnerability: String,
    /// All.
    pub vulnerabilities: Vec<String>,
    /// Deciding document.
    pub advisory: String,
    /// Subjects by key.
    pub subjects: Vec<String>,
    /// How many, where it is a count.
    pub count: Option<Interval>,
    /// The rule that chose the addressee.
    pub rule: String,
    /// Hours until silence counts.
    pub hours: u32,
    /// Marking.
    pub tlp: String,
    /// The highest evidence reached.
    pub evidence: Option<Evidence>,
    /// The last answer.
    pub answer: Option<String>,
    /// Who gave it.
    pub claimant: Option<String>,
    /// The ask whose silence led here.
    pub follows: Option<String>,
    /// Who planned it.
    pub by: String,
    /// When.
    pub planned_at: Micros,
    /// When it first left.
    pub sent_at: Option<Micros>,
    /// When silence counts.
    pub due_at: Option<Micros>,
    /// Advisory → asset → function → rule → contact.
    pub why: Vec<String>,
}

/// A count that is not exact; `max` is absent where it is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Interval {
    /// At least.
    pub min: i64,
    /// At most.
    pub max: Option<i64>,
}

impl From<&Ask> for Line {
    fn from(a: &Ask) -> Line {
        let p = a.planned.clone();
        Line {
            ask: p.ask,
            kind: p.kind.as_str(),
            state: a.state,
            party: p.party,
            addressee: p.addressee,
            email: a.email.clone(),
            country: p.country,
            vulnerability: p.vulnerabilities.first().cloned().unwrap_or_default(),
            vulnerabilities: p.vulnerabilities,
            advisory: p.advisory,
            subjects: p.subjects,
            count: p.count.map(|(min, max)| Interval { min, max }),
            rule: p.rule,
            hours: p.hours,
            tlp: p.tlp,
            evidence: a.evidence,
            answer: a.answer.clone(),
            claimant: a.claimant.clone(),
            follows: p.follows,
            by: a.by.clone(),
            planned_at: a.planned_at,
            sent_at: a.sent_at,
            due_at: a.due_at,
            why: p.why,
        }
    }
}

/// Something that happened to an ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happened {
    /// Index of the entry.
    pub index: i64,
    /// `act.sent`…
    pub kind: String,
    /// When the hub came to know it.
    pub known: Micros,
    /// When it was so, as claimed.
    pub claimed: Option<Micros>,
    /// Who.
    pub by: String,
    /// In words.
    pub words: String,
    /// What it proves.
    pub evidence: Option<Evidence>,
}

const COLUMNS: &str = "a.meta, a.by_whom, a.state, a.evidence, a.answer, a.claimant, a.email, a.planned_at, a.sent_at, a.due_at, a.changed_at";

/// The asks that pass a filter: what is exploited first, then by the functions at stake, severity, and age.
pub fn asks(tx: &mut Tx<'_>, filter: &Filter) -> Result<Vec<Ask>> {
    let states = filter.states.iter().map(|s| format!("'{s}'")).collect::<Vec<_>>().join(",");
    let mut conditions = vec!["1 = 1".to_owned()];
    let mut args: Vec<Value<'_>> = Vec::new();
    if !states.is_empty() {
        conditions.push(format!("a.state IN ({states})"));
    }
    if let Some(org) = &filter.org {
        args.push(org.into());
        conditions.push(format!("(a.party = ${0} OR a.addressee = ${0})", args.len()));
    }
    if let Some(vulnerability) = &filter.vulnerability {
        args.push(vulnerability.into());
        conditions.push(format!("a.ask IN (SELECT i.ask FROM @ask_item i WHERE i.vulnerability = ${})", args.len()));
    }
    let limit = filter.limit.map(|n| format!(" LIMIT {n}")).unwrap_or_default();
    let sql = format!(
        "SELECT {COLUMNS} FROM @ask a WHERE {} ORDER BY a.exploited DESC, a.functions DESC, a.severity DESC, a.idx{limit}",
        conditions.join(" AND ")
    );
    let mut out = Vec::new();
    tx.each(&sql, &args, &mut |r| {
        out.push(read(r)?);
        Ok(())
    })?;
    Ok(out)
}

/// What of these asks a person may see: the operator's own all; others only what concerns their organisation or went to it,
/// as far as the release decision lets it pass, and without what only the operator may know: why, to which address, how many
/// functions are at stake.
pub fn seen_by(asks: Vec<Ask>, person: &Person, on: Date) -> Vec<Ask> {
    let mine = |a: &Ask| a.planned.party == person.org || a.planned.addressee == person.org;
    let keep = |a: &Ask| person.sees_all() || (mine(a) && release(a, person, on).allowed);
    let asks = asks.into_iter().filter(keep);
    if person.sees_all() {
        return asks.collect();
    }
    let mut asks: Vec<Ask> = asks.filter(|a| a.sent_at.is_some()).map(for_partner).collect();
    // the order of the operator's list follows from functions at stake
    asks.sort_by(|a, b| order(a).cmp(&order(b)));
    asks
}

fn order(a: &Ask) -> (bool, std::cmp::Reverse<i64>, Option<Micros>, &str) {
    (!a.planned.exploited, std::cmp::Reverse(a.planned.severity), a.sent_at, &a.planned.ask)
}

fn release(ask: &Ask, person: &Person, on: Date) -> Decision {
    let p = &ask.planned;
    let (holder, country) = (p.holder.as_deref(), p.country.as_deref());
    // It went to this addressee by the country's rule: the addressee knows it as the party does.
    let owner = if p.addressee == person.org { &p.addressee } else { &p.party };
    let weakness = Weakness { owner, holder, country, consent: false };
    let subject = Subject { weakness: Some(weakness), ..Subject::new(p.rests_on(), Readers::Marking) };
    release::decide(&subject, &person.recipient(), on)
}

fn for_partner(ask: Ask) -> Ask {
    let planned = Planned { why: Vec::new(), email: String::new(), contact: None, functions: 0, ..ask.planned };
    Ask { planned, by: String::new(), email: String::new(), ..ask }
}

/// One ask by its reference.
pub fn ask(tx: &mut Tx<'_>, reference: &str) -> Result<Option<Ask>> {
    let sql = format!("SELECT {COLUMNS} FROM @ask a WHERE a.ask = $1");
    tx.one(&sql, &[reference.into()], read)?.transpose()
}

/// One ask, or a refusal that says what to do.
pub fn must(tx: &mut Tx<'_>, reference: &str) -> Result<Ask> {
    let reference = crate::ask::read_reference(reference).unwrap_or_else(|| reference.to_owned());
    let unknown = || Error::refused("ask-unknown", format!("there is no ask {reference}"), "see `mainstay ask list`");
    ask(tx, &reference)?.ok_or_else(unknown)
}

/// What happened to an ask, as far as a person may know: to a partner neither who did it here nor to which address it went, and
/// nothing from before it left.
pub fn story_seen_by(tx: &mut Tx<'_>, reference: &str, person: &Person) -> Result<Vec<Happened>> {
    let all = story(tx, reference)?;
    if person.sees_all() {
        return Ok(all);
    }
    let words = |kind: &str| match kind {
        "act.sent" => Some("sent"),
        "act.answered" => Some("answered"),
        "act.silent" => Some("the clock ran out without an answer"),
        "act.closed" => Some("closed: the next inventory confirms it"),
        _ => None,
    };
    let told = |h: Happened| Some(Happened { words: words(&h.kind)?.to_owned(), by: String::new(), ..h });
    Ok(all.into_iter().filter_map(told).collect())
}

/// What happened to an ask, in order. For the operator: addresses stand in it.
pub fn story(tx: &mut Tx<'_>, reference: &str) -> Result<Vec<Happened>> {
    let sql = "SELECT idx, kind, known, claimed, by_whom, words, evidence FROM @ask_event WHERE ask = $1 ORDER BY idx";
    tx.all(sql, &[reference.into()], |r| Happened {
        index: r.int(0),
        kind: r.text(1).to_owned(),
        known: r.micros(2),
        claimed: r.opt_int(3).map(Micros),
        by: r.text(4).to_owned(),
        words: r.text(5).to_owned(),
        evidence: r.opt_text(6).and_then(Evidence::parse),
    })
}

/// How many asks stand in each state, in the order of a life.
pub fn by_state(tx: &mut Tx<'_>) -> Result<Vec<(State, i64)>> {
    let rows = tx.all("SELECT state, count(*) FROM @ask GROUP BY state ORDER BY state", &[], |r| {
        (State::parse(r.text(0)), r.int(1))
    })?;
    let of = |state: State| rows.iter().find(|(s, _)| *s == Some(state)).map(|(_, n)| (state, *n));
    Ok(State::ALL.into_iter().filter_map(of).collect())
}

/// All claims, by organisation and address.
pub fn contacts(tx: &mut Tx<'_>) -> Result<Vec<Contact>> {
    tx.all(&format!("{CONTACTS} ORDER BY org, email, source"), &[], read_contact)
}

/// The claims on how one organisation is reached, by address.
pub fn contacts_of(tx: &mut Tx<'_>, org: &str) -> Result<Vec<Contact>> {
    tx.all(&format!("{CONTACTS} WHERE org = $1 ORDER BY org, email, source"), &[org.into()], read_contact)
}

const CONTACTS: &str =
    "SELECT org, email, source, name, role, country, sector, language, pgp, verified, bounces FROM @contact";

fn read_contact(r: &Row<'_>) -> Contact {
    let text = |i: usize| r.opt_text(i).map(str::to_owned);
    Contact {
        org: r.text(0).to_owned(),
        email: r.text(1).to_owned(),
        source: r.text(2).to_owned(),
        name: text(3),
        role: text(4),
        country: text(5),
        sector: text(6),
        language: text(7),
        pgp: text(8),
        verified: r.opt_text(9).and_then(|d| d.parse().ok()),
        bounces: u32::try_from(r.int(10)).unwrap_or(u32::MAX),
    }
}

fn read(r: &Row<'_>) -> Result<Ask> {
    let broken = |e: serde_json::Error| Error::Integrity(format!("an ask in the store is unreadable: {e}"));
    Ok(Ask {
        planned: serde_json::from_str(r.text(0)).map_err(broken)?,
        by: r.text(1).to_owned(),
        state: State::parse(r.text(2)).ok_or_else(|| Error::Integrity(format!("{:?} is no state", r.text(2))))?,
        evidence: r.opt_text(3).and_then(Evidence::parse),
        answer: r.opt_text(4).map(str::to_owned),
        claimant: r.opt_text(5).map(str::to_owned),
        email: r.text(6).to_owned(),
        planned_at: r.micros(7),
        sent_at: r.opt_int(8).map(Micros),
        due_at: r.opt_int(9).map(Micros),
        changed_at: r.micros(10),
    })
}
