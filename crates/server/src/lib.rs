//! The only crate that knows HTTP: TAXII 2.1, pages, the answer page.
//! Not for: rules of the domain. A handler asks a stage and shows what it says.
//!
//! # Layout
//!
//! * [`state`]: what handlers share; [`auth`]: sessions of persons
//! * [`pages`]: what each page shows; [`chart`]: its pictures; [`respond`]: from a view to an answer
//! * [`receipts`]: a partner's own tree of what passed between us; [`records`]: what people write down, for programs
//! * [`egress`]: what this hub asks of others
//! * [`assets`]: style, script, type, built by `cargo xtask ui`

pub mod assets;
pub mod auth;
pub mod board;
mod caller;
pub mod chart;
pub mod connection;
pub mod country;
pub mod egress;
#[cfg(test)]
mod leak;
pub mod pages;
pub mod receipts;
pub mod records;
pub mod respond;
mod routes;
pub mod state;
pub mod taxii;
pub mod tls;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::TimeoutLayer;

pub use state::AppState;

/// A page may load what this hub serves and nothing else; no inline style or script; nobody may frame it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; \
                      connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
/// An answer takes no longer.
const TIME_MAX: Duration = Duration::from_secs(60);
/// What was shown is written down so soon: what a killed process may lose of the record (decision 0013).
const RECORD_EVERY: Duration = Duration::from_millis(200);

/// The stages in the order of the loop, this crate's own tables last.
pub fn stages() -> Vec<Arc<dyn ledger::Stage>> {
    vec![
        Arc::new(partners::Partners),
        Arc::new(exchange::Exchange::default()),
        Arc::new(exchange::Search),
        Arc::new(depend::Depend),
        Arc::new(expose::Expose),
        Arc::new(act::Act),
        Arc::new(assure::Assure),
        Arc::new(auth::Sessions),
    ]
}

/// Serves until `shutdown` is done, then lets what is under way come to its end.
pub async fn serve<L: connection::Shows>(
    listener: L,
    state: AppState,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let recording = tokio::spawn(record(state.clone()));
    let served = connection::serve(listener, router(state.clone()), shutdown).await;
    recording.abort();
    if let Err(e) = state::wait(move || state.recorder.flush(&state.ledger)).await {
        tracing::error!(error = %e, "what was shown last could not be written down");
    }
    served
}

/// Writes down what was shown, behind the readers. A store that cannot be written is said in the log and tried again.
async fn record(state: AppState) {
    let mut ticks = tokio::time::interval(RECORD_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let state = state.clone();
        if let Err(e) = state::wait(move || state.recorder.flush(&state.ledger)).await {
            tracing::error!(error = %e, "what was shown could not be written down; it is tried again");
        }
    }
}

/// Everything this hub answers to.
pub fn router(state: AppState) -> Router {
    let header = |name: &'static str, value: &'static str| {
        SetResponseHeaderLayer::if_not_present(HeaderName::from_static(name), HeaderValue::from_static(value))
    };
    let hsts = if state.tls { "max-age=31536000" } else { "max-age=0" };
    routes::routes()
        .merge(taxii::routes())
        .merge(receipts::routes())
        .merge(records::routes())
        .with_state(state)
        .layer(header("content-security-policy", POLICY))
        .layer(header("x-content-type-options", "nosniff"))
        .layer(header("referrer-policy", "same-origin"))
        .layer(header("cross-origin-opener-policy", "same-origin"))
        .layer(header("cross-origin-resource-policy", "same-origin"))
        .layer(header("permissions-policy", "camera=(), geolocation=(), microphone=()"))
        .layer(header("strict-transport-security", hsts))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, TIME_MAX))
        .layer(CatchPanicLayer::new())
}
