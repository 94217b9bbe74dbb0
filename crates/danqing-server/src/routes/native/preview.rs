//! What a running job's picture looks like so far.

use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::body::{Asked, Named};
use crate::Shared;
use crate::error::ApiError;

/// A number that makes the address another one, so that no browser shows an old picture.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    #[serde(rename = "n")]
    _number: Option<u64>,
}

/// The latest one, as JPEG; it is not kept anywhere.
pub(super) async fn latest(
    State(app): State<Shared>,
    Named(id): Named,
    Asked(Which { .. }): Asked<Which>,
) -> Result<Response, ApiError> {
    let named = id.clone();
    app.blocking(move |queue| queue.get(&named)).await?;
    let shown = app.blocking(move |queue| queue.preview(&id, "jpeg")).await?;
    let file = shown.ok_or_else(|| ApiError::not_found("the job shows no preview now"))?.file;
    let mut response = file.bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(file.media_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}
