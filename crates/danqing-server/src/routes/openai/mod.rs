//! The images API of `OpenAI` under `/v1`: forms, answers and errors as its SDKs expect them (openai-python
//! `resources/images.py`, `types/images_response.py`).

#![allow(clippy::result_large_err, reason = "an error ends the request: it is made once and answered")]

mod asked;
mod edits;
mod generations;
mod models;
mod reply;
mod shape;
mod streamed;
mod variations;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

pub(crate) use shape::{body as error_body, status as error_status};

use crate::Shared;

/// The routes at the root.
pub(crate) fn routes(app: &Shared) -> Router<Shared> {
    // Sixteen pictures and a mask.
    let body = usize::try_from(app.options.queue.file_bytes).unwrap_or(usize::MAX).saturating_mul(4);
    let api = Router::new()
        .route("/images/generations", post(generations::generations))
        .route("/images/edits", post(edits::edits))
        .route("/images/variations", post(variations::variations))
        .route("/models", get(models::list))
        .route("/models/{id}", get(models::one))
        .method_not_allowed_fallback(models::wrong_method)
        .fallback(models::nothing);
    Router::new().nest("/v1", api).layer(DefaultBodyLimit::max(body))
}
