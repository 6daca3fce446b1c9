//! Sending: a message is written into the outbox, claimed there under a lease with a fencing token, and only then offered to
//! the channel. Whatever happens in between, each message is sent exactly once by its Message-ID or is marked `lost`, and a
//! person decides; never is a second one sent in silence.
//!
//! The states of a row: `ready` → `claimed` (the line is made ready; nothing has left) → `offered` (bytes may be on the wire) →
//! `done` | `bounced` | `lost`. A claim whose lease ran out is taken up again: the fence keeps its old holder from offering. An
//! offer whose lease ran out is repeated where the channel repeats safely (a folder), else it is lost.
use crate::ask::State;
use crate::events::SentMeta;
use crate::mail::{self, Carrier, Channel, Outcome, Sender};
use crate::query::{self, Ask, Filter};
use crate::text::{self, Facts, Reader};
use crate::{answer, contact, desk, letter, plan};
use ledger::{Draft, Error, Ledger, Micros, Result, Tx, Value};
use partners::Person;
use partners::may::Verb;
use serde::Serialize;

/// Nothing has left under a claim, so it may be taken up soon.
const CLAIM_MICROS: i64 = 60_000_000;
/// An offer ends within the channel's own timeouts; after this it is over, one way or the other.
const OFFER_MICROS: i64 = 300_000_000;
/// Rows made ready in one unit.
const BATCH: usize = 500;

/// How and as whom to send.
pub struct Post<'a> {
    /// The way out.
    pub channel: &'a Channel,
    /// As whom.
    pub sender: &'a Sender,
    /// How to reach us, one line for the message.
    pub about: &'a str,
    /// Where the answer page is: `https://hub.example/answer/`; the token follows.
    pub answer_url: &'a str,
}

/// Where mail goes, as whom, and where the links in it lead, as whoever runs the hub has set it up.
#[derive(Clone, Debug)]
pub struct Office {
    /// The way out.
    pub channel: Channel,
    /// As whom.
    pub sender: Sender,
    /// How to reach us, one line for the message.
    pub about: String,
    /// The address of the pages.
    pub url: String,
}

impl Office {
    /// Where links of a kind lead: `a/` for answers, `yours/` for what is said of a partner.
    pub fn link(&self, kind: &str) -> String {
        format!("{}/{kind}", self.url.trim_end_matches('/'))
    }
}

/// What became of a sending.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// References of asks that left.
    pub sent: Vec<String>,
    /// Came back at once, with what the other side said.
    pub bounced: Vec<(String, String)>,
    /// May have gone or not; a person decides.
    pub lost: Vec<(String, String)>,
    /// Not now; the next sending tries again.
    pub later: Vec<(String, String)>,
    /// Not released to the addressee any more, or not to be written.
    pub withheld: Vec<(String, String)>,
}

/// Sends what is planned and not held, what was approved, and what came back from a dead address of an addressee that has
/// another. The person must be allowed to.
pub fn send(ledger: &Ledger, post: &Post<'_>, by: &Person) -> Result<Report> {
    by.must(Verb::SendAsks)?;
    let mut report = Report::default();
    let mut carrier = post.channel.carrier(post.sender);
    send_with(ledger, post, carrier.as_mut(), &mut report)?;
    Ok(report)
}

/// The same over a given carrier.
pub(crate) fn send_with(
    ledger: &Ledger,
    post: &Post<'_>,
    carrier: &mut dyn Carrier,
    report: &mut Report,
) -> Result<()> {
    ledger.catch_up()?;
    recover(ledger, post, carrier, report)?;
    loop {
        let mut withheld = Vec::new();
        let made = ledger.write(|tx| {
            withheld.clear();
            prepare(tx, ledger, post, &mut withheld)
        })?;
        report.withheld.extend(withheld.iter().filter(|w| !report.withheld.contains(w)).cloned().collect::<Vec<_>>());
        let (went, open) = hand_all(ledger, post, carrier, report)?;
        if !open || (made == 0 && went == 0) {
            return Ok(());
        }
    }
}

/// Hands over what lies ready, once.
pub(crate) fn drain(ledger: &Ledger, post: &Post<'_>, carrier: &mut dyn Carrier, report: &mut Report) -> Result<()> {
    ledger.catch_up()?;
    recover(ledger, post, carrier, report)?;
    hand_all(ledger, post, carrier, report).map(drop)
}

/// How many rows were handed over, and whether the way out is still open.
fn hand_all(ledger: &Ledger, post: &Post<'_>, carrier: &mut dyn Carrier, report: &mut Report) -> Result<(usize, bool)> {
    let mut went = 0;
    let repeats = carrier.repeats_safely();
    let mut open = true;
    while let Some(row) = ledger.write(|tx| claim(tx, repeats))? {
        went += 1;
        open = hand_over(ledger, post, carrier, &row, report)?;
        if !open {
            break;
        }
    }
    ledger.catch_up()?;
    Ok((went, open))
}

/// A row that this process holds.
#[derive(Clone, Debug)]
struct Held {
    message_id: String,
    ask: String,
    recipient: String,
    message: Vec<u8>,
    fence: i64,
}

/// Writes what may go into the outbox: its text, its token, its Message-ID. Once per ask and address.
fn prepare(tx: &mut Tx<'_>, ledger: &Ledger, post: &Post<'_>, withheld: &mut Vec<(String, String)>) -> Result<usize> {
    let states = vec![State::Planned, State::Approved, State::Bounced];
    let filter = Filter { states, ..Filter::default() };
    // The order of leaving says nothing that its reader may not know: what is exploited, how severe, then the reference.
    let mut asks = query::asks(tx, &filter)?;
    asks.sort_by_key(|a| (!a.planned.exploited, -a.planned.severity, a.planned.ask.clone()));
    let home = &ledger.genesis().home;
    let (orgs, contacts, on) = (desk::cards(tx)?, query::contacts(tx)?, desk::day(tx.now()));
    let mut made = 0;
    for ask in asks {
        if made >= BATCH {
            break;
        }
        let attempts = attempts(tx, &ask.planned.ask)?;
        let Some(to) = next_address(&ask, &attempts, &contacts, on) else {
            if attempts.is_empty() {
                withheld.push((
                    ask.planned.ask.clone(),
                    format!("mail to each contact of {} came back", ask.planned.addressee),
                ));
            }
            continue;
        };
        if let Err(no) = plan::still_released(&orgs, &ask.planned, home, on) {
            withheld.push((ask.planned.ask.clone(), no));
            continue;
        }
        match write_message(tx, ledger, post, &ask, &to, attempts.len() as i64, &orgs) {
            Ok(()) => made += 1,
            Err(Error::Refused { reason, .. }) => withheld.push((ask.planned.ask.clone(), reason)),
            Err(e) => return Err(e),
        }
    }
    Ok(made)
}

/// The addresses that a message of this ask was written for.
fn attempts(tx: &mut Tx<'_>, ask: &str) -> Result<Vec<String>> {
    tx.all("SELECT recipient FROM outbox WHERE ask = $1 ORDER BY attempt", &[ask.into()], |r| r.text(0).to_owned())
}

/// First the planned address, unless mail to it came back meanwhile; after a bounce the best claim of the addressee that was
/// not tried.
fn next_address(
    ask: &Ask,
    attempts: &[String],
    contacts: &[contact::Contact],
    on: jiff::civil::Date,
) -> Option<(Option<String>, String)> {
    let p = &ask.planned;
    let dead = |c: &contact::Contact| c.org == p.addressee && c.email == p.email && c.bounces > 0;
    match attempts.is_empty() {
        true if !contacts.iter().any(dead) => return Some((p.contact.clone(), p.email.clone())),
        false if ask.state != State::Bounced => return None,
        _ => {}
    }
    let untried = contacts.iter().filter(|c| c.org == p.addressee && !attempts.contains(&c.email));
    contact::best(untried, on).map(|c| (c.name.clone(), c.email.clone()))
}

fn write_message(
    tx: &mut Tx<'_>,
    ledger: &Ledger,
    post: &Post<'_>,
    ask: &Ask,
    (name, email): &(Option<String>, String),
    attempt: i64,
    orgs: &std::collections::BTreeMap<String, plan::Card>,
) -> Result<()> {
    let p = &ask.planned;
    let refuse = |e: String| Error::refused("mail", e, "correct the contact and plan again");
    let (token, expires) = answer::issue(tx, &p.ask)?;
    let link = format!("{}{token}", post.answer_url);
    let until = expires.day();
    let mark = p.mark().to_string();
    let facts = Facts {
        reader: reader_of(p),
        reference: &p.ask,
        exercise: ledger.genesis().exercise,
        tlp: &mark,
        we: &post.sender.name,
        about: post.about,
        contact: name.as_deref(),
        party_name: orgs.get(&p.party).map_or(&p.party, |c| &c.name),
        title: &p.title,
        advisory: &p.advisory,
        vulnerabilities: &p.vulnerabilities,
        subjects: &p.subjects,
        count: p.count,
        methods: &p.methods,
        exploited: p.exploited,
        fixes: &p.fixes,
        link: &link,
        until: &until,
        hours: p.hours,
    };
    let text = text::write(&facts, &p.language).map_err(refuse)?;
    let message_id = mail::message_id(&p.ask, attempt, ledger.hub(), post.sender);
    let now = tx.now();
    let message = mail::build(post.sender, (name.as_deref(), email), &text, &message_id, now).map_err(refuse)?;
    enqueue(tx, &p.ask, attempt, &message_id, email, &message)
}

/// Lays a message ready.
pub(crate) fn enqueue(
    tx: &mut Tx<'_>,
    row: &str,
    attempt: i64,
    message_id: &str,
    email: &str,
    message: &[u8],
) -> Result<()> {
    let now = tx.now();
    tx.run(
        "INSERT INTO outbox (message_id, ask, attempt, recipient, message, state, fence, lease_until, queued) \
         VALUES ($1, $2, $3, $4, $5, 'ready', 0, 0, $6)",
        &[message_id.into(), row.into(), attempt.into(), email.into(), message.into(), now.into()],
    )
    .map(drop)
}

/// To whom the text speaks.
pub fn reader_of(p: &plan::Planned) -> Reader {
    match p.addressee == p.party {
        true if p.count.is_some() || p.addressee_kind == "csirt" => Reader::Holder,
        true => Reader::Owner,
        false => Reader::Csirt,
    }
}

/// Takes the oldest row that is ready, or whose claim ran out before anything left; where the channel repeats safely, also
/// what another process holds: the fence lets one of the two record it.
fn claim(tx: &mut Tx<'_>, repeats: bool) -> Result<Option<Held>> {
    let now = tx.now();
    let now = [now.into()];
    let args: &[Value<'_>] = if repeats { &[] } else { &now };
    let held = if repeats { "state IN ('claimed', 'offered')" } else { "state = 'claimed' AND lease_until < $1" };
    let sql = format!(
        "SELECT message_id, ask, recipient, message, fence FROM outbox \
         WHERE state = 'ready' OR ({held}) ORDER BY queued, message_id LIMIT 1"
    );
    let row = tx.one(&sql, args, |r| Held {
        message_id: r.text(0).to_owned(),
        ask: r.text(1).to_owned(),
        recipient: r.text(2).to_owned(),
        message: r.blob(3).to_vec(),
        fence: r.int(4) + 1,
    })?;
    let Some(held) = row else { return Ok(None) };
    move_to(tx, &held, held.fence - 1, "claimed", "")?;
    Ok(Some(held))
}

/// Moves a row, if its fence is still the expected one. Gives false where somebody else has taken it.
fn move_to(tx: &mut Tx<'_>, held: &Held, fence: i64, state: &str, error: &str) -> Result<bool> {
    let lease = Micros(tx.now().0 + if state == "offered" { OFFER_MICROS } else { CLAIM_MICROS });
    let over = matches!(state, "done" | "bounced" | "lost");
    // What is over needs its bytes no more: with them goes the token, of which only the hash is kept.
    let keep = if over { ", message = NULL" } else { "" };
    let sql = format!(
        "UPDATE outbox SET state = $3, fence = $4, lease_until = $5, last_error = $6{keep} WHERE message_id = $1 AND fence = $2"
    );
    let error = Some(error).filter(|e| !e.is_empty());
    let args = [(&held.message_id).into(), fence.into(), state.into(), held.fence.into(), lease.into(), error.into()];
    Ok(tx.run(&sql, &args)? == 1)
}

/// Hands one message over. Gives false where the way out is closed and going on makes no sense.
fn hand_over(
    ledger: &Ledger,
    post: &Post<'_>,
    carrier: &mut dyn Carrier,
    held: &Held,
    report: &mut Report,
) -> Result<bool> {
    if let Err(no) = carrier.ready() {
        ledger.write(|tx| move_to(tx, held, held.fence, "ready", &no))?;
        report.later.push((held.ask.clone(), no));
        return Ok(false);
    }
    if !ledger.write(|tx| move_to(tx, held, held.fence, "offered", ""))? {
        return Ok(true);
    }
    let outcome = carrier.offer(&held.message_id, &held.recipient, &held.message);
    let later = matches!(outcome, Outcome::Later(_));
    settle(ledger, post, held, &outcome, report)?;
    // One busy mailbox does not stop the others, a full disk does.
    Ok(!later || !carrier.repeats_safely())
}

/// Records what became of an offer, in the outbox and in the log, in one unit.
fn settle(ledger: &Ledger, post: &Post<'_>, held: &Held, outcome: &Outcome, report: &mut Report) -> Result<()> {
    let (state, kind, reason) = match outcome {
        Outcome::Sent => ("done", Some("act.sent"), ""),
        Outcome::Bounced(why) => ("bounced", Some("act.bounced"), why.as_str()),
        Outcome::Unknown(why) => ("lost", Some("act.lost"), why.as_str()),
        Outcome::Later(why) => ("later", None, why.as_str()),
    };
    let mine = ledger.write(|tx| {
        let mine = move_to(tx, held, held.fence, state, reason)?;
        if let Some(kind) = kind.filter(|_| mine) {
            append(tx, kind, held, post, reason)?;
        }
        Ok(mine)
    })?;
    if mine {
        let said = (held.ask.clone(), reason.to_owned());
        match outcome {
            Outcome::Sent => report.sent.push(held.ask.clone()),
            Outcome::Bounced(_) => report.bounced.push(said),
            Outcome::Unknown(_) => report.lost.push(said),
            Outcome::Later(_) => report.later.push(said),
        }
    }
    Ok(())
}

fn append(tx: &mut Tx<'_>, kind: &'static str, held: &Held, post: &Post<'_>, reason: &str) -> Result<()> {
    let letter = |org: &str, about: &str| letter::LetterMeta {
        org: org.to_owned(),
        about: about.to_owned(),
        message_id: held.message_id.clone(),
        email: held.recipient.clone(),
        channel: post.channel.words(),
        outcome: kind.trim_start_matches("act.").to_owned(),
        reason: reason.to_owned(),
    };
    if letter::went(tx, &held.ask, &letter)? {
        return Ok(());
    }
    let ask = query::must(tx, &held.ask)?;
    let meta = SentMeta {
        about: ask.about(),
        message_id: held.message_id.clone(),
        email: held.recipient.clone(),
        channel: post.channel.words(),
        reason: reason.to_owned(),
    };
    tx.append(Draft::new(kind, &meta)?.key(format!("{kind}/{}", held.message_id)))?;
    Ok(())
}

/// At the start of a sending: what waited for later is ready again; what was offered on a channel that cannot repeat safely
/// when its process died is lost; what another process still holds is named.
fn recover(ledger: &Ledger, post: &Post<'_>, carrier: &mut dyn Carrier, report: &mut Report) -> Result<()> {
    ledger.write(|tx| tx.run("UPDATE outbox SET state = 'ready' WHERE state = 'later'", &[]))?;
    if carrier.repeats_safely() {
        return Ok(());
    }
    let (now, offered) = ledger.read(|tx| {
        let sql = "SELECT message_id, ask, recipient, fence, lease_until FROM outbox WHERE state = 'offered' \
                   ORDER BY queued, message_id";
        let read = |r: &ledger::Row<'_>| {
            let (message_id, ask, recipient) = (r.text(0).to_owned(), r.text(1).to_owned(), r.text(2).to_owned());
            (Held { message_id, ask, recipient, message: Vec::new(), fence: r.int(3) }, r.micros(4))
        };
        Ok((tx.now(), tx.all(sql, &[], read)?))
    })?;
    for (held, lease) in offered {
        if lease < now {
            let why = "the hub was stopped while handing it over".to_owned();
            settle(ledger, post, &held, &Outcome::Unknown(why), report)?;
        } else {
            report.later.push((held.ask, format!("another sending has it until {lease}")));
        }
    }
    Ok(())
}

/// What waits in the outbox, by state, for `doctor`.
pub fn outbox(tx: &mut Tx<'_>) -> Result<Vec<(String, i64)>> {
    tx.all("SELECT state, count(*) FROM outbox GROUP BY state ORDER BY state", &[], |r| {
        (r.text(0).to_owned(), r.int(1))
    })
}
