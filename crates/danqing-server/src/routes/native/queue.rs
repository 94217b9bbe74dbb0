//! The queue as a whole.

use axum::Json;
use axum::extract::State;
use danqing_jobs::queue::{JobQueue, QueueView};

use crate::Shared;
use crate::error::ApiError;

/// What runs and what waits.
pub(super) async fn get(State(app): State<Shared>) -> Result<Json<QueueView>, ApiError> {
    Ok(Json(app.blocking(JobQueue::queue).await?))
}

/// Begins no new job.
pub(super) async fn pause(State(app): State<Shared>) -> Result<Json<QueueView>, ApiError> {
    set(&app, true).await
}

/// Begins jobs again.
pub(super) async fn resume(State(app): State<Shared>) -> Result<Json<QueueView>, ApiError> {
    set(&app, false).await
}

async fn set(app: &Shared, paused: bool) -> Result<Json<QueueView>, ApiError> {
    let set = move |queue: &JobQueue| {
        queue.set_paused(paused)?;
        queue.queue()
    };
    Ok(Json(app.blocking(set).await?))
}
