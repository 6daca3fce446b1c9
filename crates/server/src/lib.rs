//! The only crate that knows HTTP: TAXII 2.1, pages, the answer page.
//! Not for: rules of the domain. A handler asks a stage and shows what it says.
//!
//! # Layout
//!
//! * [`state`]: what handlers share; [`auth`]: sessions of persons
//! * [`pages`]: what each page shows; [`chart`]: its pictures; [`respond`]: from a view to an answer
//! * [`egress`]: what this hub asks of others
//! * [`assets`]: style, script, type, built by `cargo xtask ui`

pub mod assets;
pub mod auth;
pub mod board;
pub mod chart;
pub mod connection;
pub mod country;
pub mod egress;
#[cfg(test)]
mod leak;
pub mod pages;
pub mod respond;
mod routes;
pub mod state;
pub mod taxii;
pub mod tls;

use std::future::Future;
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::TimeoutLayer;

pub use auth::Sessions;
pub use state::AppState;

/// A page may load what this hub serves and nothing else; no inline style or script; nobody may frame it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; \
                      connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
/// An answer takes no longer.
const TIME_MAX: Duration = Duration::from_secs(60);

/// Serves until `shutdown` is done, then lets what is under way come to its end.
pub async fn serve<L: connection::Shows>(
    listener: L,
    state: AppState,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    connection::serve(listener, router(state), shutdown).await
}

/// Everything this hub answers to.
pub fn router(state: AppState) -> Router {
    let header = |name: &'static str, value: &'static str| {
        SetResponseHeaderLayer::if_not_present(HeaderName::from_static(name), HeaderValue::from_static(value))
    };
    let hsts = if state.tls { "max-age=31536000" } else { "max-age=0" };
    routes::routes()
        .merge(taxii::routes())
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
