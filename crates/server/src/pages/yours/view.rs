//! Makes an organisation's own page, for the bearer of its link or for somebody of its own, and takes what its forms bring.
use assure::record::Catalogue;
use assure::record::write::{self, Backing};
use assure::review::{ReplyMeta, Said, desk};
use assure::yours;
use axum::Router;
use axum::extract::{Form as Sent, Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use ledger::{Error, Result, Tx};
use partners::Person;
use partners::may::Verb;
use serde::Deserialize;

use super::tongue::{ENGLISH, TONGUES, Tongue, tongue};
use super::{Measured, Shown, Waiting, Yours};
use crate::auth::{self, Viewer};
use crate::pages::signs::Mark;
use crate::pages::words;
use crate::respond::{broken, refusal, render};
use crate::state::AppState;

/// The addresses of the page.
pub(crate) fn routes() -> Router<AppState> {
    Router::new().route("/yours", get(own).post(own_sent)).route("/yours/{token}", get(by_link).post(link_sent))
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Wanted {
    lang: String,
    done: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Brought {
    nonce: String,
    /// `reply`, `confirm` or `dispute`.
    act: String,
    review: String,
    measure: String,
    text: String,
    kind: String,
    id: String,
    /// What was read of it.
    seen: String,
    note: String,
}

/// Who reads, and how that is known.
#[derive(Clone)]
enum Reader {
    Account(Box<Person>),
    Link(String),
}

impl Reader {
    /// Whose page it is; nothing where the link is spent.
    fn org(&self, tx: &mut Tx<'_>) -> Result<Option<String>> {
        match self {
            Reader::Account(person) => Ok(Some(person.org.clone())),
            Reader::Link(token) => yours::look(tx, token),
        }
    }

    fn person(&self) -> Option<&Person> {
        match self {
            Reader::Account(person) => Some(person),
            Reader::Link(_) => None,
        }
    }

    fn may_reply(&self) -> bool {
        self.person().is_none_or(|person| person.may(Verb::AnswerOwn).allowed)
    }

    /// By whom something was entered: a link has no name.
    fn name(&self) -> &str {
        self.person().map_or("link", |person| &person.name)
    }
}

async fn own(
    State(state): State<AppState>,
    viewer: Viewer,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Response {
    if let Some(error) = not_a_partner(&viewer.person) {
        return refusal(state, viewer, error).await;
    }
    let (reader, csrf) = (Reader::Account(Box::new(viewer.person.clone())), viewer.csrf.clone());
    respond(state, reader, csrf, &wanted, &headers, None).await
}

/// The operator's own have no page of their own: it is of those whom the figures of another speak of.
fn not_a_partner(person: &Person) -> Option<Error> {
    let why = format!("the role {} of the operator may not read a partner's own page; partners may", person.role);
    person
        .is_operator
        .then(|| Error::refused("role", why, "`mainstay review status` and the partner's file show the same"))
}

async fn by_link(
    State(state): State<AppState>,
    Path(token): Path<String>,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Response {
    let nonce = nonce(&token);
    respond(state, Reader::Link(token), nonce, &wanted, &headers, None).await
}

async fn own_sent(
    State(state): State<AppState>,
    viewer: Viewer,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
    Sent(brought): Sent<Brought>,
) -> Response {
    if let Some(error) = not_a_partner(&viewer.person) {
        return refusal(state, viewer, error).await;
    }
    if let Err(error) = viewer.person.must(Verb::AnswerOwn) {
        return refusal(state, viewer, error).await;
    }
    let (reader, csrf) = (Reader::Account(Box::new(viewer.person.clone())), viewer.csrf.clone());
    take(state, reader, csrf, "/yours", &wanted, &headers, brought).await
}

async fn link_sent(
    State(state): State<AppState>,
    Path(token): Path<String>,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
    Sent(brought): Sent<Brought>,
) -> Response {
    let (nonce, address) = (nonce(&token), format!("/yours/{token}"));
    take(state, Reader::Link(token), nonce, &address, &wanted, &headers, brought).await
}

/// Binds the forms to this link, so that a form of another site, which does not know the link, cannot be sent here.
fn nonce(token: &str) -> String {
    auth::hash(&format!("yours form {token}"))
}

async fn take(
    state: AppState,
    reader: Reader,
    nonce: String,
    address: &str,
    wanted: &Wanted,
    headers: &HeaderMap,
    brought: Brought,
) -> Response {
    if !auth::from_own_page(headers) || !auth::same(&brought.nonce, &nonce) {
        return (StatusCode::FORBIDDEN, "This form was not sent from your page.\n").into_response();
    }
    let (by, home) = (reader.clone(), state.home().to_owned());
    let done = state.write(move |tx| record(tx, &by, &home, &brought)).await;
    let lang = Some(wanted.lang.as_str()).filter(|lang| tongue(lang).is_some());
    match done {
        Ok(()) => {
            let lang = lang.map(|lang| format!("&lang={lang}")).unwrap_or_default();
            quiet(Redirect::to(&format!("{address}?done=1{lang}")).into_response())
        }
        Err(Error::Refused { reason, next, .. }) => {
            let why = words::why(&reason, &next);
            respond(state, reader, nonce, wanted, headers, Some(why)).await
        }
        Err(error) => broken(&error.to_string()),
    }
}

fn record(tx: &mut Tx<'_>, by: &Reader, home: &str, brought: &Brought) -> Result<()> {
    let spent = || Error::refused("token", ENGLISH.spent, "");
    let org = by.org(tx)?.ok_or_else(spent)?;
    if brought.act == "reply" {
        let review = brought.review.parse().map_err(|e: String| Error::refused("period", e, ""))?;
        let through = if by.person().is_some() { "account" } else { "link" };
        let (measure, text) = (brought.measure.clone(), brought.text.clone());
        let reply = ReplyMeta { review, org, measure, text, through: through.to_owned(), by: by.name().to_owned() };
        return desk::reply(tx, reply);
    }
    // only what is on its own page: what it may not read it cannot name either
    let page = yours::page(tx, &org, home, by.person())?.ok_or_else(spent)?;
    let named = |one: &yours::Waiting| one.kind == brought.kind && one.id == brought.id;
    let Some(waiting) = page.waiting.into_iter().find(named).map(waits) else {
        return Err(Error::refused("record-waiting", "nothing of that name waits for your word", ""));
    };
    // the word is of what was read, not of what somebody wrote while it was on its way
    if waiting.seen() != brought.seen {
        let reason = "it says something else than when you read it";
        return Err(Error::refused("record-changed", reason, "read it again, and then say whether it was so"));
    }
    let catalogue = Catalogue::of(tx)?;
    let note = brought.note.trim();
    let backing = Backing { kind: &brought.kind, id: &brought.id, org: &org, note, artefact: None, file: "" };
    match brought.act.as_str() {
        "confirm" => write::confirm(tx, &catalogue, &backing, !note.is_empty(), by.name()),
        "dispute" => write::dispute(tx, &catalogue, &backing, by.name()),
        _ => Err(Error::refused("yours-act", "nothing was chosen", "")),
    }
}

async fn respond(
    state: AppState,
    reader: Reader,
    nonce: String,
    wanted: &Wanted,
    headers: &HeaderMap,
    problem: Option<String>,
) -> Response {
    let asked = tongue(&wanted.lang).or_else(|| accepted(headers));
    let done = !wanted.done.is_empty() && problem.is_none();
    let inner = state.clone();
    let made = state
        .read(move |tx| {
            let page = match reader.org(tx)? {
                Some(org) => yours::page(tx, &org, inner.home(), reader.person())?,
                None => None,
            };
            let t = asked.or_else(|| page.as_ref().and_then(|p| tongue(&p.language))).unwrap_or(&ENGLISH);
            let home = inner.home();
            let sender = partners::org::find(tx, home)?.map_or_else(|| home.to_owned(), |card| card.name);
            Ok(view(&inner, page, t, sender, &reader, &nonce, done, problem.clone()))
        })
        .await;
    match made {
        Ok(view) => {
            let status = match (view.spent, &view.problem) {
                (true, _) => StatusCode::NOT_FOUND,
                (false, Some(_)) => StatusCode::UNPROCESSABLE_ENTITY,
                (false, None) => StatusCode::OK,
            };
            quiet((status, render(&view)).into_response())
        }
        Err(error) => broken(&error.to_string()),
    }
}

/// The address may be the secret: it goes nowhere.
fn quiet(mut response: Response) -> Response {
    response.headers_mut().insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

fn accepted(headers: &HeaderMap) -> Option<&'static Tongue> {
    let header = headers.get(header::ACCEPT_LANGUAGE)?.to_str().ok()?;
    header.split(',').filter_map(|part| part.trim().get(..2)).find_map(tongue)
}

#[expect(clippy::too_many_arguments, reason = "each is one part of the page, named at its only call")]
fn view(
    state: &AppState,
    page: Option<yours::Yours>,
    t: &'static Tongue,
    sender: String,
    reader: &Reader,
    nonce: &str,
    done: bool,
    problem: Option<String>,
) -> Yours {
    let spent = page.is_none();
    let (org, reviews, waiting) = page.map_or_else(Default::default, |p| (p.name, p.reviews, p.waiting));
    let named = reviews.iter().flat_map(|one| &one.lines).filter_map(|said| said.mark.as_deref());
    // what follows from records is for the organisation; a name may be for fewer
    let mark = named.map(Mark::read).fold(Mark::Amber, Mark::max);
    Yours {
        assets: state.assets.clone(),
        t,
        tongues: TONGUES.iter().map(|t| (t.code, t.name)).collect(),
        sender,
        org,
        mark: if spent { Mark::Clear } else { mark },
        exercise: state.ledger.genesis().exercise,
        signed_in: reader.person().is_some(),
        done,
        problem,
        spent,
        reviews: reviews.into_iter().map(|one| shown(one, t)).collect(),
        waiting: waiting.into_iter().map(waits).collect(),
        may_reply: reader.may_reply(),
        nonce: nonce.to_owned(),
    }
}

fn shown(one: yours::Shown, t: &'static Tongue) -> Shown {
    let mut measures: Vec<Measured> = Vec::new();
    for said in &one.lines {
        let line = line(said, t);
        match measures.last_mut().filter(|last| last.id == said.measure) {
            Some(last) => last.lines.push(line),
            None => measures.push(Measured {
                id: said.measure.clone(),
                statement: said.statement.clone(),
                lines: vec![line],
            }),
        }
    }
    let until = if one.open { format!("{} {}", t.until, one.until) } else { t.late.to_owned() };
    let replies = one.replies.into_iter().map(|(at, reply)| [at.day(), reply.measure, reply.text]).collect();
    Shown { period: one.review, until, measures, replies }
}

fn line(said: &Said, t: &Tongue) -> [String; 4] {
    let [yes, no, untold] = t.counts;
    let counts = match said.counts {
        Some(true) => yes,
        Some(false) => no,
        None => untold,
    };
    [said.what.clone(), said.on.clone().unwrap_or_default(), counts.to_owned(), said.why.clone()]
}

fn waits(one: yours::Waiting) -> Waiting {
    let name = format!("{}: {}", one.title, one.name);
    Waiting { kind: one.kind, id: one.id, name, said: format!("{}, {}", one.on, one.state) }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use assure::record::write::{Desk, Entry};
    use ledger::testkit::{TestStore, engines};
    use ledger::{Ledger, Micros};
    use partners::agreement::Agreement;
    use partners::{Role, import_csv};

    use super::*;

    struct World {
        store: TestStore,
        ledger: Ledger,
    }

    impl World {
        fn new(store: TestStore) -> World {
            let ledger = store.open(vec![Arc::new(partners::Partners), Arc::new(act::Act), Arc::new(assure::Assure)]);
            let key = ledger.signing_key().unwrap();
            let world = World { store, ledger };
            world.store.clock.set(Micros::date("2026-01-10").unwrap());
            world.did(|tx| assure::furnish(tx, &key));
            let table = b"org,name,kind,country\nfr,CERT FR,csirt,FR\nnl,CERT NL,csirt,NL\n";
            world.did(|tx| import_csv(tx, table).map(drop));
            let amber = Agreement::plain("2026-01-01".parse().unwrap(), None, stix::Tlp::Amber);
            world.did(|tx| partners::org::add_agreement(tx, "nl", &amber, None));
            world.did(|tx| partners::org::add_agreement(tx, "fr", &amber, None));
            world
        }

        fn did(&self, what: impl Fn(&mut Tx<'_>) -> Result<()>) {
            self.ledger.write(what).unwrap();
            self.ledger.catch_up().unwrap();
        }

        fn activity(&self, title: &str) {
            let ana = Person { name: "ana".to_owned(), role: Role::Analyst, ..Person::local_operator("home") };
            let fields = vec![("reference", "A-1"), ("title", title), ("held_on", "2026-01-05"), ("partners", "nl")];
            let entry = Entry { kind: "activity", state: Some("held"), fields, ..Entry::default() };
            self.did(|tx| {
                let (catalogue, tags) = (Catalogue::of(tx)?, assure::tags(tx)?);
                Desk::new(&catalogue, &tags, &ana, "local").put(tx, &entry).map(drop)
            });
        }

        fn link(&self, org: &str) -> Reader {
            Reader::Link(self.ledger.write(|tx| yours::issue(tx, org)).unwrap())
        }

        /// What was read of the one thing that waits.
        fn seen(&self) -> String {
            let page = self.ledger.read(|tx| yours::page(tx, "nl", "home", None)).unwrap().unwrap();
            waits(page.waiting.into_iter().next().unwrap()).seen()
        }

        /// Whether a word is taken, or by which rule it is not; and how many stand in the log.
        fn says(&self, by: &Reader, act: &str, seen: &str) -> (std::result::Result<(), &'static str>, i64) {
            let brought = Brought {
                act: act.to_owned(),
                kind: "activity".to_owned(),
                id: "a-1".to_owned(),
                seen: seen.to_owned(),
                ..Brought::default()
            };
            let done = self.ledger.write(|tx| record(tx, by, "home", &brought));
            self.ledger.catch_up().unwrap();
            let count = |tx: &mut Tx<'_>| tx.one("SELECT count(*) FROM @record_backed", &[], |r| r.int(0));
            (done.map_err(|e| e.rule()), self.ledger.read(count).unwrap().unwrap())
        }
    }

    /// A word is taken from whoever holds the link of who took part, once, of what stood there when it was read.
    #[test]
    fn forged_confirmations() {
        for store in engines() {
            let w = World::new(store);
            w.activity("Talks");
            let (nl, seen) = (w.link("nl"), w.seen());
            let Reader::Link(token) = nl.clone() else { unreachable!() };
            let rest = token.get(1..).unwrap();
            let other = if token.starts_with('A') { "B" } else { "A" };
            let link = |token: String| Reader::Link(token);
            assert_eq!(w.says(&w.link("fr"), "confirm", &seen), (Err("record-waiting"), 0), "of another organisation");
            assert_eq!(w.says(&w.link("nobody"), "confirm", &seen), (Err("token"), 0), "of none");
            assert_eq!(w.says(&link(format!("{other}{rest}")), "confirm", &seen), (Err("token"), 0), "altered");
            assert_eq!(w.says(&link(rest.to_owned()), "confirm", &seen), (Err("token"), 0), "cut");
            assert_eq!(w.says(&link(String::new()), "confirm", &seen), (Err("token"), 0), "none");
            assert_eq!(w.says(&nl, "attest", &seen), (Err("yours-act"), 0), "another act");
            // between the reading and the word somebody wrote something else
            w.activity("Exercise at sea");
            assert_eq!(w.says(&nl, "confirm", &seen), (Err("record-changed"), 0), "of what was not read");
            assert_eq!(w.says(&nl, "confirm", ""), (Err("record-changed"), 0), "of what was never read");
            let seen = w.seen();
            assert_eq!(w.says(&nl, "confirm", &seen), (Ok(()), 1));
            assert_eq!(w.says(&nl, "confirm", &seen), (Err("record-waiting"), 1), "again");
            assert_eq!(w.says(&w.link("nl"), "dispute", &seen), (Err("record-waiting"), 1), "again, by another link");
            w.activity("Talks");
            w.store.clock.set(Micros::date("2027-01-10").unwrap());
            assert_eq!(w.says(&nl, "confirm", &w.seen()), (Err("token"), 1), "long after");
        }
    }
}
