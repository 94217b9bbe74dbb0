//! What this server is.

use axum::Json;
use axum::extract::State;
use danqing_jobs::queue::JobQueue;
use serde_json::{Value, json};

use crate::Shared;
use crate::error::ApiError;

/// That it is there.
pub(super) async fn health() -> Json<Value> {
    Json(json!({"status": "ok", "version": danqing_jobs::VERSION}))
}

/// What it runs on, and its limits.
pub(super) async fn system(State(app): State<Shared>) -> Result<Json<Value>, ApiError> {
    let looked = |queue: &JobQueue| Ok::<_, ApiError>((queue.studio().diagnosis(), queue.studio().checkpoints()));
    let (diagnosis, checkpoints) = app.blocking(looked).await?;
    let limits = &app.options.queue;
    Ok(Json(json!({
        "version": diagnosis.version,
        "backend": diagnosis.backend,
        "threads": diagnosis.threads,
        "memory_bytes": diagnosis.memory_total,
        "memory_available_bytes": diagnosis.memory_available,
        "limits": {
            "upload_bytes": limits.file_bytes,
            "pixels": limits.pixels,
            "queued_jobs": limits.waiting,
            "job_seconds": limits.job_time.map(|time| time.as_secs()),
            "deleted_days": limits.keep_deleted.as_secs() / (24 * 60 * 60),
        },
        "checkpoints": checkpoints,
        "token_required": app.keys.is_needed(),
    })))
}
