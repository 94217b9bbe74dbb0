//! The token for a cookie, for the page.

use axum::Extension;
use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::body::Body;
use crate::Shared;
use crate::error::ApiError;
use crate::guard::{COOKIE, Caller};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Token {
    token: String,
}

/// Sets the cookie for somebody who knows the token.
pub(super) async fn begin(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Body(Token { token }): Body<Token>,
) -> Result<Response, ApiError> {
    if !app.keys.is_needed() {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let wait = |_| ApiError::new(StatusCode::TOO_MANY_REQUESTS, "too_many", "too many wrong tokens");
    app.rates.may_try(caller.address).map_err(wait)?;
    let Some(cookie) = app.keys.cookie_for(&token) else {
        app.rates.wrong_token(caller.address);
        return Err(ApiError::new(StatusCode::UNAUTHORIZED, "wrong_token", "that is not the token of this studio"));
    };
    Ok(with_cookie(&format!("{COOKIE}={cookie}; HttpOnly; SameSite=Strict; Path=/; Max-Age=31536000")))
}

/// Takes the cookie away.
pub(super) async fn end() -> Response {
    with_cookie(&format!("{COOKIE}=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0"))
}

fn with_cookie(cookie: &str) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    if let Ok(value) = HeaderValue::from_str(cookie) {
        response.headers_mut().insert(SET_COOKIE, value);
    }
    response
}
