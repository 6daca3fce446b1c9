//! Sessions of persons in a browser: a random token in a cookie, its hash in an operational table; and what guards a form.
//! Not for: passwords (`partners`), TAXII (Basic auth on each request), owners without an account (their link's token).

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ledger::{Event, Micros, Result, Stage, Tx};
use partners::Person;
use sha2::{Digest, Sha256};

use crate::pages::words::query;
use crate::state::AppState;

/// A session ends after so many hours, whatever happens in it.
const SESSION_HOURS: i64 = 12;
/// So many wrong passwords for one name in a window, and the name waits for its end.
const FAILURES_MAX: i64 = 10;
/// The window.
const FAILURE_WINDOW_US: i64 = 5 * 60 * 1_000_000;

/// Declares the tables of this crate. It folds no event.
pub struct Sessions;

impl Stage for Sessions {
    fn name(&self) -> &'static str {
        "server"
    }

    fn schema(&self) -> &'static str {
        ""
    }

    fn operational(&self) -> &'static str {
        "CREATE TABLE IF NOT EXISTS session (hash {text} PRIMARY KEY, person {text} NOT NULL, csrf {text} NOT NULL, until {int} NOT NULL);
         CREATE TABLE IF NOT EXISTS sign_in_failure (name {text} PRIMARY KEY, count {int} NOT NULL, since {int} NOT NULL)"
    }

    fn kinds(&self) -> &'static [&'static str] {
        &[]
    }

    fn apply(&self, _: &mut Tx<'_>, _: &Event) -> Result<()> {
        Ok(())
    }
}

/// A person who signed in, and the token that their forms send back.
#[derive(Clone, Debug)]
pub struct Viewer {
    /// Who.
    pub person: Person,
    /// The session's form token.
    pub csrf: String,
}

/// Begins a session and gives the token for the cookie. Sessions that ended are swept.
pub fn begin(tx: &mut Tx<'_>, person: &str) -> Result<String> {
    let now = tx.now();
    let (token, csrf) = (random(tx), random(tx));
    tx.run("DELETE FROM session WHERE until < $1", &[now.into()])?;
    tx.run("DELETE FROM sign_in_failure WHERE name = $1", &[person.into()])?;
    tx.run(
        "INSERT INTO session (hash, person, csrf, until) VALUES ($1, $2, $3, $4)",
        &[(&hash(&token)).into(), person.into(), (&csrf).into(), now.plus_hours(SESSION_HOURS).into()],
    )?;
    Ok(token)
}

/// The person behind a token, as they stand now: a role taken away is gone at once.
pub fn find(tx: &mut Tx<'_>, token: &str, home: &str) -> Result<Option<Viewer>> {
    let now = tx.now();
    let row = tx.one(
        "SELECT person, csrf FROM session WHERE hash = $1 AND until >= $2",
        &[(&hash(token)).into(), now.into()],
        |r| (r.text(0).to_owned(), r.text(1).to_owned()),
    )?;
    let Some((name, csrf)) = row else { return Ok(None) };
    Ok(partners::person::person(tx, &name, home)?.map(|person| Viewer { person, csrf }))
}

/// Ends a session.
pub fn end(tx: &mut Tx<'_>, token: &str) -> Result<()> {
    tx.run("DELETE FROM session WHERE hash = $1", &[(&hash(token)).into()]).map(drop)
}

/// Whether a name has to wait because of wrong passwords.
pub fn must_wait(tx: &mut Tx<'_>, name: &str) -> Result<bool> {
    let since = Micros(tx.now().0 - FAILURE_WINDOW_US);
    let count = tx.one(
        "SELECT count FROM sign_in_failure WHERE name = $1 AND since >= $2",
        &[name.into(), since.into()],
        |r| r.int(0),
    )?;
    Ok(count.unwrap_or(0) >= FAILURES_MAX)
}

/// Counts a wrong password.
pub fn count_failure(tx: &mut Tx<'_>, name: &str) -> Result<()> {
    let now = tx.now();
    let since = Micros(now.0 - FAILURE_WINDOW_US);
    tx.run("DELETE FROM sign_in_failure WHERE since < $1", &[since.into()])?;
    tx.run(
        "INSERT INTO sign_in_failure (name, count, since) VALUES ($1, 1, $2) ON CONFLICT (name) DO UPDATE SET count = sign_in_failure.count + 1",
        &[name.into(), now.into()],
    )
    .map(drop)
}

fn random(tx: &Tx<'_>) -> String {
    let mut bytes = [0; 32];
    tx.random(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// What the table keeps of a token: whoever reads the table cannot sign in with it.
pub(crate) fn hash(token: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(token.as_bytes()))
}

/// The name of the cookie. `__Host-` binds it to this host and to TLS (RFC 6265bis, 4.1.3.2).
fn cookie_name(tls: bool) -> &'static str {
    if tls { "__Host-mainstay" } else { "mainstay" }
}

/// The header that sets the cookie, or takes it away where the token is empty.
pub fn cookie(token: &str, tls: bool) -> String {
    let age = if token.is_empty() { 0 } else { SESSION_HOURS * 3600 };
    let secure = if tls { "; Secure" } else { "" };
    format!("{}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={age}{secure}", cookie_name(tls))
}

/// The token that a request carries.
pub fn token(headers: &HeaderMap, tls: bool) -> Option<String> {
    let name = cookie_name(tls);
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, value)| *key == name && !value.is_empty())
        .map(|(_, value)| value.to_owned())
}

/// Whether a form was sent from one of our own pages: `Sec-Fetch-Site` where the browser says it (Fetch Metadata), else the
/// origin's host against ours. A form without either was not sent by a browser that is still in use.
pub fn from_own_page(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return site == "same-origin" || site == "none";
    }
    let host = text("host").unwrap_or_default();
    text("origin").and_then(|origin| origin.split_once("://")).is_some_and(|(_, origin_host)| origin_host == host)
}

/// The answer to a form that did not come from a page of this session; none where it did.
pub(crate) fn foreign(headers: &HeaderMap, csrf: &str, viewer: &Viewer) -> Option<Response> {
    let own = from_own_page(headers) && same(csrf, &viewer.csrf);
    (!own).then(|| (StatusCode::FORBIDDEN, "This form was not sent from a page of this hub.\n").into_response())
}

/// Whether two tokens are the same, in a time that does not depend on where they differ.
pub fn same(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.bytes().zip(b.bytes()).fold(0, |acc, (x, y)| acc | (x ^ y)) == 0
}

impl FromRequestParts<AppState> for Viewer {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> std::result::Result<Viewer, Response> {
        let next = parts.uri.path_and_query().map_or("/", |p| p.as_str());
        let to_door = || Redirect::to(&format!("/login?next={}", query(next))).into_response();
        let Some(token) = token(&parts.headers, state.tls) else { return Err(to_door()) };
        let home = state.home().to_owned();
        match state.read(move |tx| find(tx, &token, &home)).await {
            Ok(Some(viewer)) => Ok(viewer),
            Ok(None) => Err(to_door()),
            Err(error) => {
                tracing::error!(%error, "the session could not be read");
                Err(StatusCode::SERVICE_UNAVAILABLE.into_response())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(headers: &[(&'static str, &'static str)], expected: bool) {
        let map: HeaderMap =
            headers.iter().map(|(k, v)| (k.parse().unwrap(), v.parse().unwrap())).collect::<HeaderMap>();
        assert_eq!(from_own_page(&map), expected, "{headers:?}");
    }

    #[test]
    fn forms_of_other_sites_are_refused() {
        check(&[("sec-fetch-site", "same-origin")], true);
        check(&[("sec-fetch-site", "cross-site"), ("host", "a"), ("origin", "http://a")], false);
        check(&[("sec-fetch-site", "same-site")], false);
        check(&[("host", "127.0.0.1:8080"), ("origin", "http://127.0.0.1:8080")], true);
        check(&[("host", "127.0.0.1:8080"), ("origin", "http://evil.example")], false);
        check(&[("host", "127.0.0.1:8080")], false);
    }

    #[test]
    fn a_cookie_is_read_among_others() {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, "a=b; mainstay=tok; c=d".parse().unwrap());
        assert_eq!(token(&headers, false).as_deref(), Some("tok"));
        assert_eq!(token(&headers, true), None);
        assert!(cookie("t", true).contains("; Secure") && cookie("", false).contains("Max-Age=0"));
    }

    #[test]
    fn a_session_is_found_until_it_ends() {
        let store = ledger::testkit::sqlite();
        let ledger = store.open(vec![std::sync::Arc::new(partners::Partners), std::sync::Arc::new(Sessions)]);
        let hashed = partners::person::hash("correct horse", &*ledger.env().entropy).unwrap();
        let new = partners::NewPerson {
            name: "ada",
            org: "home",
            role: partners::Role::Analyst,
            clearance: None,
            until: None,
        };
        ledger.write(|tx| partners::add_person(tx, &new, &hashed)).unwrap();
        ledger.catch_up().unwrap();
        let token = ledger.write(|tx| begin(tx, "ada")).unwrap();
        let found = ledger.read(|tx| find(tx, &token, "home")).unwrap().unwrap();
        assert_eq!(found.person.name, "ada");
        assert!(!same(&found.csrf, "") && found.csrf != token);
        assert!(ledger.read(|tx| find(tx, "other", "home")).unwrap().is_none());
        ledger.write(|tx| end(tx, &token)).unwrap();
        assert!(ledger.read(|tx| find(tx, &token, "home")).unwrap().is_none());
        for _ in 0..FAILURES_MAX {
            assert!(!ledger.read(|tx| must_wait(tx, "ada")).unwrap());
            ledger.write(|tx| count_failure(tx, "ada")).unwrap();
        }
        assert!(ledger.read(|tx| must_wait(tx, "ada")).unwrap());
    }
}
