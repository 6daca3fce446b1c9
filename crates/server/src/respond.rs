//! From a view to an answer: a page is made in one reading unit, with what stands around it; a refusal is a page that says why.

use std::sync::Arc;

use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use ledger::{Error, Micros, Position, Result, Tx};
use partners::Person;

use crate::auth::Viewer;
use crate::board::Board;
use crate::pages::find::Problem;
use crate::pages::signs::Mark;
use crate::pages::when::When;
use crate::pages::words::Sentence;
use crate::pages::{Shell, Who};
use crate::state::{AppState, wait};

/// What a view is made from, beside the store.
#[derive(Clone)]
pub struct Context {
    /// Who looks.
    pub viewer: Viewer,
    /// The instant at which the page is made.
    pub now: Micros,
    /// What the search field shows.
    pub query: String,
    position: Position,
    state: AppState,
}

impl Context {
    /// Who looks.
    pub fn person(&self) -> &Person {
        &self.viewer.person
    }

    /// The exposures, as far as the viewer may see them.
    pub fn board(&self, tx: &mut Tx<'_>) -> Result<Arc<Board>> {
        self.state.boards.seen_by(tx, self)
    }

    /// What the handlers share.
    pub fn state(&self) -> &AppState {
        &self.state
    }

    /// An instant, seen from now.
    pub fn when(&self, at: Micros) -> When {
        When::new(at.0, self.now.0)
    }

    /// Whether the viewer may see something: the one release decision.
    pub fn sees(&self, subject: &partners::release::Subject<'_>) -> bool {
        partners::release::decide(subject, &self.person().recipient(), self.today()).allowed
    }

    /// Whether the viewer may know what documents of a mark say of somebody's weakness.
    pub fn sees_weakness(&self, tlp: stix::Tlp, weakness: partners::release::Weakness<'_>) -> bool {
        use partners::release::{Readers, Subject};
        self.sees(&Subject { weakness: Some(weakness), ..Subject::new(tlp, Readers::Marking) })
    }

    /// Puts on record that objects of a collection are shown to the viewer, before they are (decision 13). Where the record cannot keep up
    /// the page is tried again, and then nothing is shown.
    pub fn disclose(&self, collection: &str, objects: &[i64]) -> Result<()> {
        disclose(&self.state, self.person(), collection, objects, self.now)
    }

    /// Today, UTC.
    pub fn today(&self) -> jiff::civil::Date {
        self.now.civil()
    }

    /// What stands around a page.
    pub fn shell(&self, tx: &mut Tx<'_>, title: &str, turn: &'static str, mark: Mark) -> Result<Shell> {
        let home = self.state.home();
        let name = partners::org::find(tx, home)?.map_or_else(|| home.to_owned(), |card| card.name);
        let person = self.person();
        Ok(Shell {
            title: title.to_owned(),
            turn,
            mark,
            now: self.when(self.now),
            home: name,
            who: Some(Who { name: person.name.clone(), role: person.role.to_string(), org: person.org.clone() }),
            // How much the hub has written, and whether it lags, is not for partners.
            position: self.person().sees_all().then_some(self.position.applied),
            lag: lag(self.position).filter(|_| self.person().sees_all()),
            exercise: self.state.ledger.genesis().exercise,
            query: self.query.clone(),
            csrf: self.viewer.csrf.clone(),
            assets: self.state.assets.clone(),
        })
    }
}

/// As [`Context::disclose`], where no page is made around it.
pub(crate) fn disclose(state: &AppState, person: &Person, collection: &str, objects: &[i64], at: Micros) -> Result<()> {
    match state.recorder.note(person, collection, "page", objects, at) {
        true => Ok(()),
        false => Err(Error::Again("the record of what was shown cannot keep up".into())),
    }
}

/// What lags or was put aside, in words.
fn lag(position: Position) -> Option<String> {
    let behind = position.size - position.applied;
    match (behind, position.parked) {
        (0, 0) => None,
        (0, parked) => Some(format!("{parked} events put aside: run doctor")),
        (behind, _) => Some(format!("{behind} entries not yet applied")),
    }
}

/// Makes a page in one reading unit.
pub async fn page<V, F>(state: AppState, viewer: Viewer, make: F) -> Response
where
    V: Template + Send + 'static,
    F: FnMut(&mut Tx<'_>, &Context) -> Result<V> + Send + 'static,
{
    page_with(state, viewer, String::new(), make).await
}

/// The same, with what the search field shows.
pub async fn page_with<V, F>(state: AppState, viewer: Viewer, query: String, mut make: F) -> Response
where
    V: Template + Send + 'static,
    F: FnMut(&mut Tx<'_>, &Context) -> Result<V> + Send + 'static,
{
    let ledger = Arc::clone(&state.ledger);
    let made = wait(move || {
        let position = ledger.position()?;
        let now = ledger.env().clock.now();
        let context = Context { viewer, now, query, position, state };
        let view = ledger.read(|tx| make(tx, &context));
        let problem = match view {
            Ok(view) => return Ok((StatusCode::OK, view.render())),
            Err(error) => error,
        };
        let (status, view) = ledger.read(|tx| refuse(tx, &context, &problem))?;
        Ok((status, view.render()))
    })
    .await;
    match made {
        Ok((status, Ok(html))) => (status, html_of(html)).into_response(),
        Ok((_, Err(error))) => broken(&error.to_string()),
        Err(error) => broken(&error.to_string()),
    }
}

/// The page of a refusal. What is not there and what one may not see look the same.
fn refuse(tx: &mut Tx<'_>, context: &Context, error: &Error) -> Result<(StatusCode, Problem)> {
    let (status, title, said, next) = match error {
        Error::Refused { rule: "not-found", reason, next } => {
            (StatusCode::NOT_FOUND, "Not found", reason.clone(), next.clone())
        }
        Error::Refused { reason, next, .. } => (StatusCode::FORBIDDEN, "Refused", reason.clone(), next.clone()),
        other => {
            tracing::error!(error = %other, "a page could not be made");
            let next = "Try again; if it stays so, the operator finds the reason in the log.".to_owned();
            (StatusCode::SERVICE_UNAVAILABLE, "Could not", "the store did not answer".to_owned(), next)
        }
    };
    let shell = context.shell(tx, title, "", Mark::Clear)?;
    let said = format!("{}.", crate::pages::words::capital(said.trim_end_matches('.')));
    let next = crate::pages::words::capital(&next);
    Ok((status, Problem { shell, status: title.to_owned(), lede: Sentence::new().say(&said), next }))
}

/// The page of an error that came from elsewhere than the making of a page.
pub async fn refusal(state: AppState, viewer: Viewer, error: Error) -> Response {
    let mut once = Some(error);
    let make = move |_: &mut Tx<'_>, _: &Context| {
        Err::<Problem, _>(once.take().unwrap_or_else(|| Error::Engine("said before".to_owned())))
    };
    page(state, viewer, make).await
}

/// A page that says that something is not there.
pub fn not_found(what: &str) -> Error {
    Error::refused(
        "not-found",
        format!("nothing is known as \u{201c}{what}\u{201d}"),
        "search for it, or ask whoever sent you here",
    )
}

/// Renders a page that has no store behind it.
pub fn render(view: &impl Template) -> Response {
    match view.render() {
        Ok(html) => html_of(html),
        Err(error) => broken(&error.to_string()),
    }
}

fn html_of(html: String) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (headers, html).into_response()
}

/// What went wrong stands in the log, never in the answer.
pub(crate) fn broken(error: &str) -> Response {
    tracing::error!(error, "a page could not be made");
    (StatusCode::SERVICE_UNAVAILABLE, "The page could not be made. The reason is in the log.\n").into_response()
}
