//! Answers without an account: a token of 256 random bits in a link, of which only the SHA-256 is kept. Looking changes
//! nothing; a final answer uses the token up; after its expiry it is as if it had never been. Also answers by people with
//! accounts, and those that somebody records for a caller.
use crate::ask::{Answer, Evidence, next};
use crate::events::AnsweredMeta;
use crate::query::{self, Ask};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ledger::{Draft, Error, Micros, Result, Tx};
use partners::Person;
use partners::may::Verb;
use sha2::{Digest, Sha256};

/// A link is good for so many days.
pub const TOKEN_DAYS: i64 = 90;
/// Free text of an answer; more is cut at the border by whoever takes it in.
pub const NOTE_MAX: usize = 4000;

/// What the other side said.
#[derive(Clone, Copy, Debug)]
pub struct Said<'a> {
    /// What.
    pub answer: Answer,
    /// In its own words.
    pub note: &'a str,
    /// Ticket, change number, document: an artefact that raises the evidence.
    pub reference: &'a str,
}

/// A link's state, for the page behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    /// The ask.
    pub ask: Ask,
    /// Until when it may be answered.
    pub expires: Micros,
    /// A final answer was given already.
    pub used: bool,
}

/// A token of 256 random bits for a link, and the hash that is kept of it.
pub fn draw(tx: &mut Tx<'_>) -> (String, [u8; 32]) {
    let mut bytes = [0; 32];
    tx.random(&mut bytes);
    let token = URL_SAFE_NO_PAD.encode(bytes);
    let hash = Sha256::digest(&token).into();
    (token, hash)
}

/// The hash of a token that somebody brings; nothing where it can be none.
pub fn hash_of(token: &str) -> Option<[u8; 32]> {
    (token.len() == 43).then(|| Sha256::digest(token).into())
}

/// Draws a token for an ask and keeps its hash. The token itself is only in the message.
pub(crate) fn issue(tx: &mut Tx<'_>, ask: &str) -> Result<(String, Micros)> {
    let (token, hash) = draw(tx);
    let expires = tx.now().plus_hours(24 * TOKEN_DAYS);
    let sql = "INSERT INTO answer_token (hash, ask, expires, used) VALUES ($1, $2, $3, NULL)";
    tx.run(sql, &[(&hash).into(), ask.into(), expires.into()])?;
    Ok((token, expires))
}

/// What stands behind a link; nothing where the token is unknown or has expired. Changes nothing.
pub fn look(tx: &mut Tx<'_>, token: &str) -> Result<Option<Open>> {
    let Some(hash) = hash_of(token) else { return Ok(None) };
    let sql = "SELECT ask, expires, used FROM answer_token WHERE hash = $1";
    let row = tx.one(sql, &[(&hash).into()], |r| (r.text(0).to_owned(), r.micros(1), r.opt_int(2).is_some()))?;
    let now = tx.now();
    let Some((reference, expires, used)) = row.filter(|(_, expires, _)| now <= *expires) else { return Ok(None) };
    Ok(query::ask(tx, &reference)?.map(|ask| Open { ask, expires, used }))
}

/// Takes an answer by its link. `fixed`, `mitigated`, `not-affected` and `not-ours` are final and use the token up; a first
/// word (`acknowledged`, `planned`…) does not, since the same person will have more to say.
pub fn answer(tx: &mut Tx<'_>, token: &str, said: &Said<'_>) -> Result<Ask> {
    let gone = || Error::refused("token", "this link is not known, was used, or has expired", "ask us for a new one");
    let open = look(tx, token)?.filter(|o| !o.used).ok_or_else(gone)?;
    if said.answer.is_final() {
        let hash: [u8; 32] = Sha256::digest(token).into();
        let now = tx.now();
        // Only one of two answers of the same moment finds the token unused.
        let sql = "UPDATE answer_token SET used = $2 WHERE hash = $1 AND used IS NULL";
        if tx.run(sql, &[(&hash).into(), now.into()])? != 1 {
            return Err(gone());
        }
    }
    let claimant = open.ask.planned.addressee.clone();
    record(tx, open.ask, said, &claimant, "link", true)
}

/// Takes an answer from a person with an account: of the addressee or of the party itself, or of the operator for somebody who
/// called. What we write down for others is E0, whatever they said.
pub fn answer_as(tx: &mut Tx<'_>, reference: &str, by: &Person, said: &Said<'_>) -> Result<Ask> {
    let ask = query::must(tx, reference)?;
    let own = by.org == ask.planned.addressee || by.org == ask.planned.party;
    by.must(if own { Verb::AnswerOwn } else { Verb::RecordAnswer })?;
    let claimant = if own { by.org.clone() } else { ask.planned.addressee.clone() };
    record(tx, ask, said, &claimant, &by.name, own)
}

fn record(tx: &mut Tx<'_>, ask: Ask, said: &Said<'_>, claimant: &str, by: &str, partner: bool) -> Result<Ask> {
    let step = said.answer.step();
    let to = next(ask.state, step).map_err(|e| Error::refused("ask-state", format!("{}: {e}", ask.planned.ask), ""))?;
    let clean = |text: &str| -> String {
        let fine = |c: &char| !c.is_control() || *c == '\n';
        text.replace("\r\n", "\n").chars().filter(fine).take(NOTE_MAX).collect::<String>().trim().to_owned()
    };
    let (note, reference) = (clean(said.note), clean(said.reference));
    let evidence = Evidence::of_answer(partner, !reference.is_empty());
    let meta = AnsweredMeta {
        about: ask.about(),
        answer: said.answer.as_str().to_owned(),
        evidence: evidence.as_str().to_owned(),
        claimant: claimant.to_owned(),
        by: by.to_owned(),
        note,
        reference,
    };
    tx.append(Draft::new("act.answered", &meta)?)?;
    Ok(Ask { state: to, answer: Some(meta.answer), claimant: Some(meta.claimant), ..ask })
}
