//! Bodies, queries and names in paths, with errors of our own shape.

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::ApiError;
use crate::routes::bodies::Raw;

/// A JSON body; empty bodies are `{}`.
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let kind = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("").to_owned();
        let Raw(bytes) = Raw::from_request(request, state).await?;
        // Forms of other pages can send any type but this one without being asked first.
        let is_json = kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"));
        if !is_json && !bytes.is_empty() {
            let message = "the body is not application/json";
            return Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not_json", message));
        }
        let text: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
        let value: Value = serde_json::from_slice(text).map_err(|e| unreadable(&e))?;
        // serde would read a list as the fields of an object in their order.
        if !value.is_object() {
            return Err(ApiError::invalid("body", "the request is not valid: an object was expected"));
        }
        serde_json::from_value(value).map(Self).map_err(|e| unreadable(&e))
    }
}

/// JSON that is broken is a bad request; JSON that says the wrong thing can't be processed.
pub(super) fn unreadable(error: &serde_json::Error) -> ApiError {
    let message = error.to_string();
    if !error.is_data() {
        return ApiError::new(StatusCode::BAD_REQUEST, "not_json", format!("the body is not JSON: {message}"));
    }
    let field = message.split('`').nth(1).unwrap_or("body").to_owned();
    ApiError::invalid(&field, format!("the request is not valid: {message}"))
}

/// A part of the path.
pub(super) struct Named(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let nothing = |_: PathRejection| ApiError::not_found("there is nothing at this address");
        let Path(name) = Path::<String>::from_request_parts(parts, state).await.map_err(nothing)?;
        if name.len() > 100 || name.chars().any(char::is_control) {
            return Err(ApiError::not_found("there is nothing at this address"));
        }
        Ok(Self(name))
    }
}

/// What stands after the question mark.
pub(super) struct Asked<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let refused = |rejection: QueryRejection| {
            let text = rejection.body_text();
            let reason = text.strip_prefix("Failed to deserialize query string: ").unwrap_or(&text).to_owned();
            let field = reason.split_once(": ").map_or("query", |(name, _)| name).to_owned();
            ApiError::invalid(&field, format!("the address is not valid: {reason}"))
        };
        let Query(asked) = Query::<T>::from_request_parts(parts, state).await.map_err(refused)?;
        Ok(Self(asked))
    }
}
