//! Signing in without a password: bearer tokens and client certificates, for machines that poll. Both are operational: a backup has
//! them, the log never. Not for: passwords ([`crate::person`]), sessions of a browser (`server`), links of an answer (`act`).
use crate::person::{self, Person};
use ledger::{Error, Micros, Result, Tx};
use ring::digest::{SHA256, digest};

/// A token holds for so many days at most: a forgotten one ends by itself.
pub const TOKEN_DAYS_MAX: u16 = 366;
/// By it a leaked token is recognised for what it is.
const PREFIX: &str = "mainstay_";
/// Tokens of one person at once.
const TOKENS_MAX: i64 = 16;

/// Gives a person a token for so many days, and the instant after which it holds no more. Only its hash is kept.
pub fn issue_token(tx: &mut Tx<'_>, name: &str, days: u16) -> Result<(String, Micros)> {
    if days == 0 || days > TOKEN_DAYS_MAX {
        let reason = format!("a token holds for 1 to {TOKEN_DAYS_MAX} days, not {days}");
        return Err(Error::refused("token-days", reason, "choose fewer days, and renew it"));
    }
    must_exist(tx, name)?;
    let now = tx.now();
    tx.run("DELETE FROM access_token WHERE until < $1", &[now.into()])?;
    let held = tx.one("SELECT count(*) FROM access_token WHERE person = $1", &[name.into()], |r| r.int(0))?;
    if held.unwrap_or(0) >= TOKENS_MAX {
        let reason = format!("{name} has {TOKENS_MAX} tokens already");
        return Err(Error::refused("token-many", reason, format!("end them with `user token {name} --revoke`")));
    }
    let mut bytes = [0; 32];
    tx.random(&mut bytes);
    let token = format!("{PREFIX}{}", hex(&bytes));
    let until = Micros(now.0 + i64::from(days) * Micros::DAY);
    let sql = "INSERT INTO access_token (hash, person, created, until) VALUES ($1, $2, $3, $4)";
    tx.run(sql, &[(&hash(&token)).into(), name.into(), now.into(), until.into()])?;
    Ok((token, until))
}

/// Ends all tokens of a person; how many there were.
pub fn revoke_tokens(tx: &mut Tx<'_>, name: &str) -> Result<u64> {
    must_exist(tx, name)?;
    tx.run("DELETE FROM access_token WHERE person = $1", &[name.into()])
}

/// The person whose token this is, as they stand now.
pub fn by_token(tx: &mut Tx<'_>, token: &str, home: &str) -> Result<Option<Person>> {
    let sql = "SELECT person FROM access_token WHERE hash = $1 AND until >= $2";
    let now = tx.now();
    let name = tx.one(sql, &[(&hash(token)).into(), now.into()], |r| r.text(0).to_owned())?;
    name.map_or(Ok(None), |name| person::person(tx, &name, home))
}

/// Binds a client certificate, by the SHA-256 of its DER form, to a person. One certificate is one person's.
pub fn bind_certificate(tx: &mut Tx<'_>, name: &str, der: &[u8]) -> Result<String> {
    must_exist(tx, name)?;
    let fingerprint = fingerprint(der);
    let now = tx.now();
    tx.run(
        "INSERT INTO access_certificate (fingerprint, person, created) VALUES ($1, $2, $3) \
         ON CONFLICT (fingerprint) DO UPDATE SET person = excluded.person, created = excluded.created",
        &[(&fingerprint).into(), name.into(), now.into()],
    )?;
    Ok(fingerprint)
}

/// The person to whom a client certificate is bound. That its chain was verified is for whoever asks.
pub fn by_certificate(tx: &mut Tx<'_>, fingerprint: &str, home: &str) -> Result<Option<Person>> {
    let sql = "SELECT person FROM access_certificate WHERE fingerprint = $1";
    let name = tx.one(sql, &[fingerprint.into()], |r| r.text(0).to_owned())?;
    name.map_or(Ok(None), |name| person::person(tx, &name, home))
}

/// SHA-256 of a certificate's DER form, in lower-case hex.
pub fn fingerprint(der: &[u8]) -> String {
    hex(digest(&SHA256, der).as_ref())
}

fn hash(token: &str) -> String {
    fingerprint(token.as_bytes())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn must_exist(tx: &mut Tx<'_>, name: &str) -> Result<()> {
    match tx.one("SELECT 1 FROM @person WHERE name = $1", &[name.into()], |_| ())? {
        Some(()) => Ok(()),
        None => {
            let reason = format!("nobody has the name {name:?}");
            Err(Error::refused("person-unknown", reason, "add the person first with `user add`, or see `user list`"))
        }
    }
}
