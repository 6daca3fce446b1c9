//! Showing a review to its partners from its page: first whom it would reach, and until when they may reply; then each is written to.
use std::sync::Arc;
use std::time::Duration;

use assure::review::workspace::Workspace;
use assure::review::{desk, letters};
use axum::Router;
use axum::extract::{Form as Sent, Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::post;
use ledger::{Error, Micros, Result, Tx};
use partners::may::Verb;

use super::view::{Brought, after, period};
use crate::auth::{self, Viewer};
use crate::pages::words::{capital, count};
use crate::respond::Context;
use crate::state::{AppState, wait};

/// So long a page waits for its letters to go; what takes longer goes on behind it.
const HANDING_OVER: Duration = Duration::from_secs(20);

/// The address.
pub(crate) fn routes() -> Router<AppState> {
    Router::new().route("/assure/reviews/{period}/consult", post(consult))
}

/// Whom it would reach.
pub struct Consult {
    /// How many, and until when they may reply.
    pub says: String,
    /// Partner, lines that speak of it, where its letter goes.
    pub to: Vec<(String, usize, String)>,
}

/// Looks whom a review would be shown to now. Changes nothing.
pub(super) fn dry(tx: &mut Tx<'_>, context: &Context, one: &Workspace) -> Result<Consult> {
    let consulted = desk::consult(tx, &one.review, context.person(), true)?;
    let names = crate::pages::names(tx)?;
    let mut to = Vec::with_capacity(consulted.to.len());
    for (org, lines) in consulted.to {
        let contact = act::letter::addressee(tx, &org)?.map(|contact| contact.email);
        let letter = contact.unwrap_or_else(|| "no contact: with an account, or by telephone".to_owned());
        to.push((names.of(&org), lines, letter));
    }
    let partners = capital(&count(i64::try_from(to.len()).unwrap_or(i64::MAX), "partner", "partners"));
    let until = context.when(Micros::of_day(consulted.freeze_from - 1)).day();
    let says = match to.is_empty() {
        true => "The figures speak of no partner: nobody has to be shown them.".to_owned(),
        false => format!("{partners} would be shown what is said of them, and may reply until {until}."),
    };
    Ok(Consult { says, to })
}

async fn consult(
    State(state): State<AppState>,
    viewer: Viewer,
    Path(name): Path<String>,
    headers: HeaderMap,
    Sent(brought): Sent<Brought>,
) -> Response {
    if let Some(refused) = auth::foreign(&headers, &brought.csrf, &viewer) {
        return refused;
    }
    let (ledger, office) = (Arc::clone(&state.ledger), state.office.clone());
    let (by, of) = (viewer.person.clone(), name.clone());
    let done = wait(move || {
        by.must(Verb::HoldReview)?;
        let Some(office) = office else {
            let next = "`mainstay review consult` does";
            return Err(Error::refused("mail", "this hub sends no mail from its pages", next));
        };
        letters::consult(&ledger, &period(&of)?, &by, &office)?;
        Ok(office)
    });
    let done = match done.await {
        Ok(office) => {
            hand_over(&state, office).await;
            Ok(())
        }
        Err(error) => Err(error),
    };
    after(state, viewer, name, done).await
}

/// Hands over the letters. What does not go now lies in the outbox, and goes with the next.
async fn hand_over(state: &AppState, office: Arc<act::Office>) {
    let ledger = Arc::clone(&state.ledger);
    let handing = tokio::spawn(wait(move || {
        let report = act::letter::deliver(&ledger, &office)?;
        for (what, why) in report.bounced.iter().chain(&report.lost) {
            tracing::warn!(what, why, "a letter did not arrive, or may not have");
        }
        Ok(())
    }));
    match tokio::time::timeout(HANDING_OVER, handing).await {
        Ok(Ok(Ok(()))) => {}
        Err(_) => tracing::info!("letters are still being handed over"),
        Ok(failed) => tracing::error!(?failed, "letters could not be handed over; they lie in the outbox"),
    }
}
