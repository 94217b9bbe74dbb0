//! `GET /metrics`.

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use danqing_jobs::queue::JobQueue;

use crate::Shared;
use crate::error::ApiError;

/// Numbers for Prometheus.
pub(super) async fn metrics(State(app): State<Shared>) -> Result<Response, ApiError> {
    let counts = app.blocking(JobQueue::counts).await?;
    let text = app.metrics.text(&counts);
    Ok(([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response())
}
