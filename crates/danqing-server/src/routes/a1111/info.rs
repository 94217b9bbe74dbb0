//! What a picture says about how it was made.

use axum::Json;
use axum::extract::State;
use danqing_capability::CancelToken;
use danqing_jobs::{Infotext, inspect};
use serde_json::{Value, json};

use super::fields::Fields;
use crate::Shared;
use crate::error::ApiError;
use crate::routes::bodies::Raw;
use crate::routes::front::picture_bytes;

pub(super) async fn png_info(State(app): State<Shared>, Raw(body): Raw) -> Result<Json<Value>, ApiError> {
    let mut fields = Fields::read(&body)?;
    let image = fields.text("image")?.ok_or_else(|| ApiError::not_found("Image not found"))?;
    let bytes = picture_bytes(&image, "image")?;
    // The semaphore is never closed.
    let _decoding = app.decoding.acquire().await;
    let found = app.blocking(move |_| inspect(&bytes, "image", &CancelToken::default())).await?;
    let info = found.infotext.unwrap_or_default();
    let parameters = Infotext::parse(&info).parameters();
    Ok(Json(json!({"info": info, "items": found.texts, "parameters": parameters})))
}

/// No network here describes pictures.
pub(super) async fn interrogate() -> ApiError {
    ApiError::not_found("Model not found: no network here describes pictures in words")
}
