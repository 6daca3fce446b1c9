//! Who asks where machines and people come the same way, `/receipts/` and `/records/`: signed in as at TAXII, else by a session of the pages; and
//! the form of an answer that went otherwise. Not for: pages (a refusal is a page there), TAXII (its own error resource).
use axum::Json;
use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use partners::Person;
use serde::Serialize;

use crate::auth::{self, Viewer};
use crate::state::AppState;
use crate::taxii;
use crate::tls::Peer;

/// Whoever asks.
pub(crate) struct Caller(pub(crate) Person);

impl FromRequestParts<AppState> for Caller {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Caller, Response> {
        let peer = parts.extensions.get::<ConnectInfo<Peer>>().and_then(|info| info.0.certificate.clone());
        if peer.is_some() || parts.headers.contains_key(header::AUTHORIZATION) {
            return taxii::sign_in(state, &parts.headers, peer).await.map(Caller).map_err(IntoResponse::into_response);
        }
        let viewer = Viewer::from_request_parts(parts, state).await.map_err(IntoResponse::into_response)?;
        // a form on a page of somebody else's cannot speak for whoever is signed in here
        if parts.method != Method::GET && parts.method != Method::HEAD && !auth::from_own_page(&parts.headers) {
            let why = "this was not sent from a page of this hub";
            return Err(Refusal::new(StatusCode::FORBIDDEN, why).into_response());
        }
        Ok(Caller(viewer.person))
    }
}

/// What went otherwise, as JSON.
#[derive(Debug, Serialize)]
pub(crate) struct Refusal {
    #[serde(skip)]
    pub(crate) status: StatusCode,
    /// What was wrong, in words.
    pub(crate) title: String,
    /// The rule that says no.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(crate) rule: &'static str,
    /// The field that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) field: Option<String>,
    /// What may be done next.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) next: String,
}

impl Refusal {
    /// By no rule that has a name.
    pub(crate) fn new(status: StatusCode, title: impl Into<String>) -> Refusal {
        Refusal { status, title: title.into(), rule: "", field: None, next: String::new() }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, [(header::CACHE_CONTROL, "no-store")], Json(self)).into_response()
    }
}

/// An answer that is JSON, which nobody between here and whoever asked keeps.
pub(crate) fn json(value: &impl Serialize) -> Response {
    ([(header::CACHE_CONTROL, "no-store")], Json(value)).into_response()
}
