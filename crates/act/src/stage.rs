//! The stage: folds contacts and asks into tables, and closes an ask when what it was about is no more.
use crate::ask::{Answer, Evidence, State, Step, next};
use crate::events::{AnsweredMeta, AskMeta, ClosedMeta, ContactMeta, NoteMeta, SentMeta};
use crate::{purge, receipt};
use ledger::{Error, Event, Micros, Result, Stage, Tx, Value};
use std::sync::LazyLock;

/// The fourth turn of the loop.
#[derive(Clone, Copy, Debug, Default)]
pub struct Act;

const ASKS: &str =
    "CREATE TABLE @contact (org {text} NOT NULL, email {text} NOT NULL, source {text} NOT NULL, name {text}, role {text},
           country {text}, sector {text}, language {text}, pgp {text}, verified {text}, bounces {int} NOT NULL,
           last_bounce {int}, PRIMARY KEY (org, email, source));
         CREATE INDEX @contact_email ON @contact (email, org, source);
         CREATE TABLE @ask (ask {text} PRIMARY KEY, idx {int} NOT NULL, kind {text} NOT NULL, party {text} NOT NULL,
           addressee {text} NOT NULL, country {text}, advisory {text} NOT NULL, title {text} NOT NULL, rule {text} NOT NULL,
           hours {int} NOT NULL, tlp {text} NOT NULL, exploited {int} NOT NULL, severity {int} NOT NULL,
           functions {int} NOT NULL, email {text} NOT NULL, meta {text} NOT NULL, by_whom {text} NOT NULL,
           state {text} NOT NULL, evidence {text}, answer {text}, claimant {text}, planned_at {int} NOT NULL,
           sent_at {int}, due_at {int}, changed_at {int} NOT NULL);
         CREATE INDEX @ask_state ON @ask (state, due_at, ask);
         CREATE INDEX @ask_party ON @ask (party, ask);
         CREATE INDEX @ask_addressee ON @ask (addressee, ask);
         CREATE INDEX @ask_order ON @ask (idx);
         CREATE TABLE @ask_item (ask {text} NOT NULL, vulnerability {text} NOT NULL, PRIMARY KEY (ask, vulnerability));
         CREATE INDEX @ask_item_vulnerability ON @ask_item (vulnerability, ask);
         CREATE TABLE @ask_event (idx {int} PRIMARY KEY, ask {text} NOT NULL, kind {text} NOT NULL, known {int} NOT NULL,
           claimed {int}, by_whom {text} NOT NULL, words {text} NOT NULL, evidence {text});
         CREATE INDEX @ask_event_ask ON @ask_event (ask, idx)";

static SCHEMA: LazyLock<String> = LazyLock::new(|| [ASKS, receipt::SCHEMA.trim(), purge::SCHEMA.trim()].join(";\n"));

impl Stage for Act {
    fn name(&self) -> &'static str {
        "act"
    }

    fn schema(&self) -> &'static str {
        &SCHEMA
    }

    fn operational(&self) -> &'static str {
        "CREATE TABLE IF NOT EXISTS outbox (message_id {text} PRIMARY KEY, ask {text} NOT NULL, attempt {int} NOT NULL,
           recipient {text} NOT NULL, message {blob}, state {text} NOT NULL, fence {int} NOT NULL, lease_until {int} NOT NULL,
           queued {int} NOT NULL, last_error {text});
         CREATE INDEX IF NOT EXISTS outbox_state ON outbox (state, queued, message_id);
         CREATE INDEX IF NOT EXISTS outbox_ask ON outbox (ask, attempt);
         CREATE TABLE IF NOT EXISTS answer_token (hash {blob} PRIMARY KEY, ask {text} NOT NULL, expires {int} NOT NULL,
           used {int})"
    }

    fn kinds(&self) -> &'static [&'static str] {
        &["act.", "exchange.disclosed", "exchange.received", crate::exposed::CHANGED]
    }

    /// An exchange keeps its place in the partner's tree, and an ask its story, when the words are purged.
    fn remnants(&self, kind: &str) -> bool {
        kind != crate::exposed::CHANGED
    }

    fn apply(&self, tx: &mut Tx<'_>, event: &Event) -> Result<()> {
        receipt::fold(tx, event)?;
        match event.kind.as_str() {
            "exchange.disclosed" | "exchange.received" => Ok(()),
            receipt::HEADS => receipt::tree::fold(tx, event),
            purge::PURGE_PROPOSED
            | purge::PURGE_REJECTED
            | purge::PURGED
            | purge::PURGE_ENDED
            | purge::PURGE_ANSWERED => purge::fold(tx, event),
            "act.contact" => contact(tx, &event.meta()?),
            "act.ask" => ask(tx, event, &event.meta()?),
            "act.held" => note(tx, event, Step::Hold),
            "act.approved" => note(tx, event, Step::Approve),
            "act.rejected" => note(tx, event, Step::Reject),
            "act.silent" => note(tx, event, Step::FallSilent),
            "act.sent" => sent(tx, event, Step::Send),
            "act.bounced" => sent(tx, event, Step::Bounce),
            "act.lost" => sent(tx, event, Step::Lose),
            crate::letter::LETTER => letter(tx, event, &event.meta()?),
            "act.answered" => answered(tx, event, &event.meta()?),
            "act.closed" => closed(tx, event, &event.meta()?),
            crate::exposed::CHANGED => Ok(()),
            other => Err(Error::park("kind-unknown", format!("{other} is no event of act"))),
        }
    }

    fn react(&self, tx: &mut Tx<'_>, event: &Event) -> Result<()> {
        if event.kind == crate::exposed::CHANGED { crate::desk::close_what_is_no_more(tx, event) } else { Ok(()) }
    }
}

fn contact(tx: &mut Tx<'_>, m: &ContactMeta) -> Result<()> {
    if m.removed {
        let sql = "DELETE FROM @contact WHERE org = $1 AND email = $2 AND source = $3";
        tx.run(sql, &[(&m.org).into(), (&m.email).into(), (&m.source).into()])?;
        return Ok(());
    }
    // A verification later than the last bounce clears the bounces; an older one says nothing new.
    let verified = m.verified.as_deref().and_then(Micros::date).map_or(i64::MIN, |at| at.0);
    let sql = "SELECT bounces, last_bounce FROM @contact WHERE org = $1 AND email = $2 AND source = $3";
    let key = [(&m.org).into(), (&m.email).into(), (&m.source).into()];
    let before = tx.one(sql, &key, |r| (r.int(0), r.opt_int(1)))?;
    let (bounces, last) = before.filter(|(_, last)| last.is_some_and(|at| verified < at)).unwrap_or((0, None));
    tx.run(
        "INSERT INTO @contact (org, email, source, name, role, country, sector, language, pgp, verified, bounces, last_bounce) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT (org, email, source) DO UPDATE SET \
         name = excluded.name, role = excluded.role, country = excluded.country, sector = excluded.sector, \
         language = excluded.language, pgp = excluded.pgp, verified = excluded.verified, bounces = excluded.bounces, \
         last_bounce = excluded.last_bounce",
        &[
            (&m.org).into(),
            (&m.email).into(),
            (&m.source).into(),
            (&m.name).into(),
            (&m.role).into(),
            (&m.country).into(),
            (&m.sector).into(),
            (&m.language).into(),
            (&m.pgp).into(),
            (&m.verified).into(),
            bounces.into(),
            last.into(),
        ],
    )?;
    Ok(())
}

fn ask(tx: &mut Tx<'_>, event: &Event, m: &AskMeta) -> Result<()> {
    let p = &m.planned;
    let meta = serde_json::to_string(p).map_err(|e| Error::park("meta-unreadable", e.to_string()))?;
    tx.run(
        "INSERT INTO @ask (ask, idx, kind, party, addressee, country, advisory, title, rule, hours, tlp, exploited, severity, \
         functions, email, meta, by_whom, state, planned_at, changed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, \
         $12, $13, $14, $15, $16, $17, 'planned', $18, $18)",
        &[
            (&p.ask).into(),
            event.index.into(),
            p.kind.as_str().into(),
            (&p.party).into(),
            (&p.addressee).into(),
            (&p.country).into(),
            (&p.advisory).into(),
            (&p.title).into(),
            (&p.rule).into(),
            i64::from(p.hours).into(),
            (&p.tlp).into(),
            p.exploited.into(),
            p.severity.into(),
            (p.functions as i64).into(),
            (&p.email).into(),
            (&meta).into(),
            (&m.by).into(),
            event.known.into(),
        ],
    )?;
    for vulnerability in &p.vulnerabilities {
        let sql =
            "INSERT INTO @ask_item (ask, vulnerability) VALUES ($1, $2) ON CONFLICT (ask, vulnerability) DO NOTHING";
        tx.run(sql, &[(&p.ask).into(), vulnerability.into()])?;
    }
    story(tx, event, &p.ask, &m.by, &format!("planned for {}", p.addressee), None)
}

fn note(tx: &mut Tx<'_>, event: &Event, step: Step) -> Result<()> {
    let m: NoteMeta = event.meta()?;
    advance(tx, event, &m.about.ask, step)?;
    story(tx, event, &m.about.ask, &m.by, &m.reason, None)
}

/// Mail to an address came back: whoever claims it is worth less.
fn came_back(tx: &mut Tx<'_>, email: &str, event: &Event) -> Result<()> {
    let sql = "UPDATE @contact SET bounces = bounces + 1, last_bounce = $2 WHERE email = $1";
    tx.run(sql, &[email.into(), event.known.into()]).map(drop)
}

fn letter(tx: &mut Tx<'_>, event: &Event, m: &crate::letter::LetterMeta) -> Result<()> {
    if m.outcome == "bounced" { came_back(tx, &m.email, event) } else { Ok(()) }
}

fn sent(tx: &mut Tx<'_>, event: &Event, step: Step) -> Result<()> {
    let m: SentMeta = event.meta()?;
    let ask = &m.about.ask;
    advance(tx, event, ask, step)?;
    if step == Step::Bounce {
        came_back(tx, &m.email, event)?;
    } else {
        // The clock runs from the first hand-over; what may have gone counts as gone.
        let due = "UPDATE @ask SET sent_at = $2, due_at = $2 + hours * $3 WHERE ask = $1 AND sent_at IS NULL";
        tx.run(due, &[ask.into(), event.known.into(), Micros::HOUR.into()])?;
        let sql = "UPDATE @ask SET email = $2 WHERE ask = $1";
        tx.run(sql, &[ask.into(), (&m.email).into()])?;
    }
    let words = match step {
        Step::Bounce => format!("{} came back: {}", m.email, m.reason),
        Step::Lose => format!("to {} by {}: it may have gone or not", m.email, m.channel),
        _ => format!("to {} by {}", m.email, m.channel),
    };
    story(tx, event, ask, "hub", &words, None)
}

fn answered(tx: &mut Tx<'_>, event: &Event, m: &AnsweredMeta) -> Result<()> {
    let answer = Answer::parse(&m.answer)
        .ok_or_else(|| Error::park("answer-unknown", format!("{:?} is no answer", m.answer)))?;
    advance(tx, event, &m.about.ask, answer.step())?;
    let sql = "UPDATE @ask SET answer = $2, claimant = $3 WHERE ask = $1";
    tx.run(sql, &[(&m.about.ask).into(), answer.as_str().into(), (&m.claimant).into()])?;
    raise(tx, &m.about.ask, &m.evidence)?;
    let mut words = format!("{} says: {}", m.claimant, answer.words());
    for more in [&m.note, &m.reference] {
        if !more.is_empty() {
            words.push_str("; ");
            words.push_str(more);
        }
    }
    story(tx, event, &m.about.ask, &m.by, &words, Some(&m.evidence))
}

fn closed(tx: &mut Tx<'_>, event: &Event, m: &ClosedMeta) -> Result<()> {
    advance(tx, event, &m.about.ask, Step::Close)?;
    raise(tx, &m.about.ask, &m.evidence)?;
    story(tx, event, &m.about.ask, "hub", &m.reason, Some(&m.evidence))
}

/// Moves the state. What happened is recorded in any case; where it came out of turn the state stays, since two things may
/// happen at the same time and the log has both.
fn advance(tx: &mut Tx<'_>, event: &Event, ask: &str, step: Step) -> Result<()> {
    let state = tx.one("SELECT state FROM @ask WHERE ask = $1", &[ask.into()], |r| State::parse(r.text(0)))?;
    let Some(Some(state)) = state else {
        return Err(Error::park("ask-unknown", format!("{} of an ask {ask} that was never planned", event.kind)));
    };
    if let Ok(to) = next(state, step) {
        let sql = "UPDATE @ask SET state = $2, changed_at = $3 WHERE ask = $1";
        tx.run(sql, &[ask.into(), to.as_str().into(), event.known.into()])?;
    }
    Ok(())
}

/// Evidence only rises.
fn raise(tx: &mut Tx<'_>, ask: &str, evidence: &str) -> Result<()> {
    if Evidence::parse(evidence).is_some() {
        let sql = "UPDATE @ask SET evidence = $2 WHERE ask = $1 AND (evidence IS NULL OR evidence < $2)";
        tx.run(sql, &[ask.into(), evidence.into()])?;
    }
    Ok(())
}

fn story(tx: &mut Tx<'_>, event: &Event, ask: &str, by: &str, words: &str, evidence: Option<&str>) -> Result<()> {
    let args: [Value<'_>; 8] = [
        event.index.into(),
        ask.into(),
        event.kind.as_str().into(),
        event.known.into(),
        event.claimed.into(),
        by.into(),
        words.into(),
        evidence.into(),
    ];
    tx.run(
        "INSERT INTO @ask_event (idx, ask, kind, known, claimed, by_whom, words, evidence) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        &args,
    )?;
    Ok(())
}
