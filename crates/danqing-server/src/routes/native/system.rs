//! What this server is.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::Shared;
use crate::error::ApiError;

/// That it is there.
pub(super) async fn health() -> Json<Value> {
    Json(json!({"status": "ok", "version": danqing_jobs::VERSION}))
}

/// What it runs on, and its limits.
pub(super) async fn system(State(app): State<Shared>) -> Result<Json<Value>, ApiError> {
    let diagnosis = app.blocking(|queue| Ok::<_, ApiError>(queue.studio().diagnosis())).await?;
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
        },
        "token_required": app.keys.is_needed(),
    })))
}
