//! Which address leads to which page, and the door.

use axum::Router;
use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use serde::Deserialize;

use crate::auth::{self, Viewer};
use crate::pages::login::{Login, safe_next};
use crate::respond::{broken, render};
use crate::state::{AppState, wait};
use crate::{assets, pages};

/// Forms are small.
const BODY_MAX: usize = 64 * 1024;

/// All pages.
pub(crate) fn routes() -> Router<AppState> {
    Router::new()
        .route("/login", get(door).post(sign_in))
        .route("/logout", post(sign_out))
        .merge(pages::routes())
        .route("/static/{name}", get(assets::serve))
        .route("/icon.svg", get(assets::icon))
        .route("/health", get(async || "ok\n"))
        .layer(axum::extract::DefaultBodyLimit::max(BODY_MAX))
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Next {
    next: String,
}

async fn door(State(state): State<AppState>, Query(Next { next }): Query<Next>) -> Response {
    match login(&state, None, String::new(), &next).await {
        Ok(page) => render(&page),
        Err(error) => broken(&error.to_string()),
    }
}

async fn login(state: &AppState, problem: Option<&str>, name: String, next: &str) -> ledger::Result<Login> {
    let key = state.home().to_owned();
    let home =
        state.read(move |tx| Ok(partners::org::find(tx, &key)?.map_or_else(|| key.clone(), |card| card.name))).await?;
    Ok(Login {
        assets: state.assets.clone(),
        home,
        exercise: state.ledger.genesis().exercise,
        problem: problem.map(str::to_owned),
        name,
        next: safe_next(next).to_owned(),
    })
}

#[derive(Deserialize)]
struct Credentials {
    name: String,
    password: String,
    #[serde(default)]
    next: String,
}

async fn sign_in(State(state): State<AppState>, headers: HeaderMap, Form(form): Form<Credentials>) -> Response {
    if !auth::from_own_page(&headers) {
        return (StatusCode::FORBIDDEN, "Sign in from the page of this hub.\n").into_response();
    }
    match try_sign_in(&state, &form).await {
        Ok(Ok(token)) => {
            let cookie = auth::cookie(&token, state.tls);
            ([(header::SET_COOKIE, cookie)], Redirect::to(safe_next(&form.next))).into_response()
        }
        Ok(Err((status, problem))) => match login(&state, Some(problem), form.name, &form.next).await {
            Ok(page) => (status, render(&page)).into_response(),
            Err(error) => broken(&error.to_string()),
        },
        Err(error) => broken(&error.to_string()),
    }
}

/// The token of a new session, or why there is none. A wrong name and a wrong password look the same.
async fn try_sign_in(
    state: &AppState,
    form: &Credentials,
) -> ledger::Result<Result<String, (StatusCode, &'static str)>> {
    let (state, name, password) = (state.clone(), form.name.trim().to_owned(), form.password.clone());
    wait(move || {
        let ledger = &state.ledger;
        if ledger.read(|tx| auth::must_wait(tx, &name))? {
            return Ok(Err((
                StatusCode::TOO_MANY_REQUESTS,
                "Too many wrong passwords for this name. Wait five minutes.",
            )));
        }
        let home = state.home().to_owned();
        let person = ledger.read(|tx| state.authenticator.authenticate(tx, &name, &password, &home))?;
        match person {
            Some(person) => ledger.write(|tx| auth::begin(tx, &person.name)).map(Ok),
            None => {
                ledger.write(|tx| auth::count_failure(tx, &name))?;
                Ok(Err((StatusCode::UNAUTHORIZED, "Name or password is wrong.")))
            }
        }
    })
    .await
}

/// The form token that every form of a session sends back.
#[derive(Deserialize)]
pub(crate) struct Token {
    pub(crate) csrf: String,
}

async fn sign_out(
    State(state): State<AppState>,
    viewer: Viewer,
    headers: HeaderMap,
    Form(form): Form<Token>,
) -> Response {
    if let Some(refused) = auth::foreign(&headers, &form.csrf, &viewer) {
        return refused;
    }
    let Some(token) = auth::token(&headers, state.tls) else { return Redirect::to("/login").into_response() };
    if let Err(error) = state.write(move |tx| auth::end(tx, &token)).await {
        return broken(&error.to_string());
    }
    ([(header::SET_COOKIE, auth::cookie("", state.tls))], Redirect::to("/login")).into_response()
}
