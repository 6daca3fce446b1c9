//! Other hubs: who they are, how far the exchange with each has got, and why something did not arrive. What it is to pull and to push
//! over TAXII 2.1 stands in [`sync`]; how a request travels is for whoever implements [`sync::Wire`]: this crate knows no HTTP.
//!
//! Where an exchange stands is operational: a restored backup begins again from an earlier place, and the same objects are unchanged.

mod intake;
mod pull;
mod push;
pub mod sync;
mod why;

use crate::collection;
use ledger::{Error, Ledger, Micros, Result, Row, Tx};
use std::fmt;
use std::str::FromStr;

pub use why::{Passage, Version, Why, why};

/// Refusals that are remembered of each peer; the oldest go first.
const REFUSED_KEPT: i64 = 10_000;
/// The pause after the first failure; it doubles with each up to the longest.
const PAUSE_FIRST: i64 = 30 * 1_000_000;
/// The longest pause after failures, however many.
const PAUSE_MAX: i64 = Micros::HOUR;
/// How often a server exchanges with a peer where nothing else is said.
pub const PERIOD: i64 = 15 * 60 * 1_000_000;
/// Bytes of an address.
const URL_MAX: usize = 2_000;

/// Which way objects go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From the peer to us.
    Pull,
    /// From us to the peer.
    Push,
}

impl Way {
    /// As it is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Way::Pull => "pull",
            Way::Push => "push",
        }
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Way {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Way, String> {
        match text {
            "pull" => Ok(Way::Pull),
            "push" => Ok(Way::Push),
            other => Err(format!("{other:?} is neither pull nor push")),
        }
    }
}

/// One way to one collection of another hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// What people call it.
    pub name: String,
    /// The address of its collection, with the slash at its end (TAXII 2.1 section 5.2).
    pub url: String,
    /// Which way.
    pub way: Way,
    /// The id of our collection.
    pub collection: String,
    /// Of a push: the account here whose view is sent. Nothing else leaves.
    pub account: String,
    /// The name with which we sign in there; empty for a bearer token, or without any.
    pub login: String,
    /// A file of authorities for its certificate; empty for those of the system.
    pub authority: String,
    /// A server exchanges so often by itself, in microseconds; 0 for never.
    pub period: i64,
    /// Its objects have their type where the version of the standard stands, and are mended (docs/decisions/0016).
    pub mends: bool,
    /// Where it stands.
    pub state: State,
}

/// How far an exchange has got.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// Of a pull: everything up to this `date_added` of the peer has been taken in; empty at first.
    pub after: String,
    /// Of a pull: the page after the last one that was taken in; empty where a round came to its end.
    pub next: String,
    /// Of a pull: the last `date_added` within a round that has not come to its end.
    pub reached: String,
    /// Of a push: everything up to this `date_added` of the view has been given.
    pub sent: Micros,
    /// When it was last tried.
    pub tried: Option<Micros>,
    /// When a round last came to its end.
    pub done: Option<Micros>,
    /// Failures since then.
    pub failures: i64,
    /// The last one, in words; empty where there is none.
    pub error: String,
    /// Not to be tried before.
    pub retry: Micros,
    /// Why no server exchanges with it until a person has looked; empty where nothing is wrong.
    pub quarantine: String,
    /// Objects that passed, ever.
    pub passed: i64,
    /// Objects that one of the two refused, ever.
    pub refused: i64,
}

/// A peer to be added or changed.
#[derive(Clone, Debug)]
pub struct NewPeer<'a> {
    /// What people call it.
    pub name: &'a str,
    /// The address of its collection.
    pub url: &'a str,
    /// Which way.
    pub way: Way,
    /// Our collection, by id or name.
    pub collection: &'a str,
    /// Of a push: the account here whose view is sent.
    pub account: &'a str,
    /// The name with which we sign in there.
    pub login: &'a str,
    /// The password or token, if there is one.
    pub secret: Option<&'a str>,
    /// A file of authorities.
    pub authority: &'a str,
    /// How often a server exchanges by itself, in microseconds; 0 for never.
    pub period: i64,
    /// Whether the type where the version of the standard stands is mended.
    pub mends: bool,
}

/// Adds a peer, or changes one of the same name. A change of the address, the way or the collection begins anew.
pub fn add(ledger: &Ledger, new: &NewPeer<'_>) -> Result<()> {
    if !partners::register::is_key(new.name) {
        let next = "use up to 64 letters, digits, dots, dashes and underscores";
        return Err(Error::refused("peer-name", format!("{:?} can be no peer's name", new.name), next));
    }
    check_url(new.url)?;
    if (new.way == Way::Push) == new.account.is_empty() {
        let reason = "a push sends what one account here may see, and a pull needs none";
        return Err(Error::refused(
            "peer-account",
            reason,
            "name the partner's account with --account, for a push only",
        ));
    }
    let secret = new.secret.map(|secret| ledger.conceal(secret.as_bytes())).transpose()?;
    ledger.write(|tx| {
        let collection = collection::need(tx, Some(new.collection))?.id;
        if new.way == Way::Push && partners::person::person(tx, new.account, "")?.is_none() {
            let reason = format!("nobody has the name {:?}", new.account);
            return Err(Error::refused("person-unknown", reason, "add the partner's account first with `user add`"));
        }
        let same = "url = $2 AND way = $3 AND collection = $4 AND account = $5";
        let args = [new.name.into(), new.url.into(), new.way.as_str().into(), (&collection).into(), new.account.into()];
        let standing = tx.one(&format!("SELECT 1 FROM peer WHERE name = $1 AND {same}"), &args, |_| ())?.is_some();
        if standing {
            let sql = "UPDATE peer SET login = $2, secret = $3, authority = $4, failures = 0, error = '', retry = 0 WHERE name = $1";
            let args = [new.name.into(), new.login.into(), secret.as_deref().into(), new.authority.into()];
            tx.run(sql, &args)?;
            return watch(tx, new.name, new.period, new.mends);
        }
        tx.run("DELETE FROM peer WHERE name = $1", &[new.name.into()])?;
        tx.run("DELETE FROM peer_refused WHERE peer = $1", &[new.name.into()])?;
        tx.run(
            "INSERT INTO peer (name, url, way, collection, account, login, secret, authority, made, after, next, reached, sent, failures, \
             error, retry, passed, refused) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, '', '', '', 0, 0, '', 0, 0, 0)",
            &[
                new.name.into(),
                new.url.into(),
                new.way.as_str().into(),
                (&collection).into(),
                new.account.into(),
                new.login.into(),
                secret.as_deref().into(),
                new.authority.into(),
                tx.now().into(),
            ],
        )?;
        watch(tx, new.name, new.period, new.mends)
    })
}

/// How a server deals with a peer, said anew.
fn watch(tx: &mut Tx<'_>, name: &str, period: i64, mends: bool) -> Result<()> {
    let sql = "INSERT INTO peer_watch (peer, period, mends, quarantine) VALUES ($1, $2, $3, '') \
               ON CONFLICT (peer) DO UPDATE SET period = excluded.period, mends = excluded.mends, quarantine = ''";
    tx.run(sql, &[name.into(), period.clamp(0, 366 * Micros::DAY).into(), i64::from(mends).into()]).map(drop)
}

/// Whether a server is to exchange with this peer now: its time has come, no pause after a failure holds, and nobody has to look first.
pub fn due(peer: &Peer, now: Micros) -> bool {
    let s = &peer.state;
    let turn = s.tried.is_none_or(|tried| s.failures > 0 || tried.0.saturating_add(peer.period) <= now.0);
    peer.period > 0 && s.quarantine.is_empty() && s.retry <= now && turn
}

/// `https` always; `http` to this machine alone, since a password goes with each request (TAXII 2.1 section 8.1).
fn check_url(url: &str) -> Result<()> {
    let refuse = |reason: &str| {
        let next = "write it like https://hub.example/taxii2/default/collections/ID/";
        Err(Error::refused("peer-url", format!("{url:?} {reason}"), next))
    };
    if url.len() > URL_MAX || url.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return refuse("is no address");
    }
    let Some((scheme, rest)) = url.split_once("://") else { return refuse("is no address") };
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    if authority.contains('@') {
        return refuse("holds a name or a password: these are given apart");
    }
    let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
    match scheme {
        "https" if !host.is_empty() => {}
        "http" if matches!(host, "127.0.0.1" | "localhost" | "[::1]") => {}
        "http" => return refuse("would send a password in the open"),
        _ => return refuse("is no address that can be asked"),
    }
    if !path.ends_with('/') || !path.contains("/collections/") || path.contains(['?', '#']) {
        return refuse("is not the address of a collection, which ends in /collections/ID/");
    }
    Ok(())
}

/// Writes down that a peer cannot even be asked: its authorities or its secret cannot be read.
pub fn unusable(tx: &mut Tx<'_>, peer: &mut Peer, error: &Error) -> Result<()> {
    let s = &mut peer.state;
    s.failures += 1;
    (s.tried, s.error) = (Some(tx.now()), error.to_string());
    s.retry = Micros(tx.now().0 + PAUSE_MAX);
    keep(tx, peer)
}

/// All peers, by name.
pub fn all(tx: &mut Tx<'_>) -> Result<Vec<Peer>> {
    tx.all(&format!("{SELECT} ORDER BY name"), &[], read_row)
}

/// Those with which something is wrong: the last round failed, or a person has to look first.
pub fn troubled(tx: &mut Tx<'_>) -> Result<Vec<Peer>> {
    let troubled = |peer: &Peer| peer.state.failures > 0 || !peer.state.quarantine.is_empty();
    Ok(all(tx)?.into_iter().filter(troubled).collect())
}

impl Peer {
    /// What is wrong with it, in words, and what to do next.
    pub fn trouble(&self) -> (String, String) {
        let (way, name, state) = (self.way, &self.name, &self.state);
        match state.quarantine.is_empty() {
            false => (
                format!("{way} {name} is in quarantine: {}", state.quarantine),
                format!("look at what it sends; then `peer sync {name}` lets it out"),
            ),
            true => (
                format!("{way} {name} failed {} times, last: {}", state.failures, state.error),
                format!("mend the cause, then `peer sync {name}`; it is tried again by itself after {}", state.retry),
            ),
        }
    }
}

/// A peer by name, or a refusal that says what to do.
pub fn must(tx: &mut Tx<'_>, name: &str) -> Result<Peer> {
    let found = tx.one(&format!("{SELECT} WHERE name = $1"), &[name.into()], read_row)?;
    found.ok_or_else(|| {
        Error::refused(
            "peer-unknown",
            format!("there is no peer {name:?}"),
            "see `peer list`, or make it with `peer add`",
        )
    })
}

/// Forgets a peer and where the exchange with it stood.
pub fn remove(tx: &mut Tx<'_>, name: &str) -> Result<()> {
    must(tx, name)?;
    tx.run("DELETE FROM peer_refused WHERE peer = $1", &[name.into()])?;
    tx.run("DELETE FROM peer_watch WHERE peer = $1", &[name.into()])?;
    tx.run("DELETE FROM peer WHERE name = $1", &[name.into()]).map(drop)
}

/// What we show to sign in there: a password or a token.
pub fn secret(ledger: &Ledger, name: &str) -> Result<Option<String>> {
    let sealed = ledger.read(|tx| {
        let row =
            tx.one("SELECT secret FROM peer WHERE name = $1", &[name.into()], |r| r.opt_blob(0).map(<[u8]>::to_vec))?;
        Ok(row.flatten())
    })?;
    let opened = sealed.map(|sealed| ledger.reveal(&sealed)).transpose()?;
    Ok(opened.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
}

const SELECT: &str = "SELECT name, url, way, collection, account, login, authority, after, next, reached, sent, tried, done, failures, error, \
                      retry, passed, refused, period, mends, quarantine FROM peer LEFT JOIN peer_watch ON peer_watch.peer = name";

fn read_row(r: &Row<'_>) -> Peer {
    Peer {
        name: r.text(0).to_owned(),
        url: r.text(1).to_owned(),
        way: r.text(2).parse().unwrap_or(Way::Pull),
        collection: r.text(3).to_owned(),
        account: r.text(4).to_owned(),
        login: r.text(5).to_owned(),
        authority: r.text(6).to_owned(),
        period: r.opt_int(18).unwrap_or(PERIOD),
        mends: r.opt_int(19) == Some(1),
        state: State {
            after: r.text(7).to_owned(),
            next: r.text(8).to_owned(),
            reached: r.text(9).to_owned(),
            sent: r.micros(10),
            tried: r.opt_int(11).map(Micros),
            done: r.opt_int(12).map(Micros),
            failures: r.int(13),
            error: r.text(14).to_owned(),
            retry: r.micros(15),
            passed: r.int(16),
            refused: r.int(17),
            quarantine: r.opt_text(20).unwrap_or_default().to_owned(),
        },
    }
}

/// Writes down where an exchange stands.
fn keep(tx: &mut Tx<'_>, peer: &Peer) -> Result<()> {
    let s = &peer.state;
    tx.run(
        "UPDATE peer SET after = $2, next = $3, reached = $4, sent = $5, tried = $6, done = $7, failures = $8, error = $9, retry = $10, \
         passed = $11, refused = $12 WHERE name = $1",
        &[
            (&peer.name).into(),
            (&s.after).into(),
            (&s.next).into(),
            (&s.reached).into(),
            s.sent.into(),
            s.tried.map(|t| t.0).into(),
            s.done.map(|t| t.0).into(),
            s.failures.into(),
            (&s.error).into(),
            s.retry.into(),
            s.passed.into(),
            s.refused.into(),
        ],
    )?;
    let sql = "UPDATE peer_watch SET quarantine = $2 WHERE peer = $1";
    tx.run(sql, &[(&peer.name).into(), (&s.quarantine).into()]).map(drop)
}

/// One object that one of the two would not take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The object.
    pub id: String,
    /// Its version.
    pub version: String,
    /// The rule that was broken; `peer` where the peer refused it.
    pub rule: String,
    /// In words.
    pub reason: String,
    /// When.
    pub at: Micros,
}

fn keep_refused(tx: &mut Tx<'_>, peer: &str, refused: &[Refused]) -> Result<()> {
    for one in refused {
        tx.run(
            "INSERT INTO peer_refused (peer, id, version, rule, reason, at) VALUES ($1, $2, $3, $4, $5, $6) \
             ON CONFLICT (peer, id, version, rule) DO UPDATE SET reason = excluded.reason, at = excluded.at",
            &[
                peer.into(),
                (&one.id).into(),
                (&one.version).into(),
                (&one.rule).into(),
                (&one.reason).into(),
                one.at.into(),
            ],
        )?;
    }
    let sql = "SELECT at FROM peer_refused WHERE peer = $1 ORDER BY at DESC LIMIT 1 OFFSET $2";
    if let Some(oldest) = tx.one(sql, &[peer.into(), REFUSED_KEPT.into()], |r| r.int(0))? {
        tx.run("DELETE FROM peer_refused WHERE peer = $1 AND at <= $2", &[peer.into(), oldest.into()])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
