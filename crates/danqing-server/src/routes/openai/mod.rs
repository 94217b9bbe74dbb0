//! The images API of `OpenAI` under `/v1`: forms, answers and errors as its SDKs expect them (openai-python
//! `resources/images.py`, `types/images_response.py`).

#![allow(clippy::result_large_err, reason = "an error ends the request: it is made once and answered")]

mod asked;
mod edits;
mod generations;
mod models;
mod reply;
mod shape;
mod variations;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};

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
        .fallback(models::nothing);
    Router::new()
        .nest("/v1", api)
        .layer(DefaultBodyLimit::max(body))
        .layer(from_fn_with_state(app.clone(), shape::shaped))
}
