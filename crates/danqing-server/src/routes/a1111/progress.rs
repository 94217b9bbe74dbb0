//! How far it has come, and stopping.

use std::collections::BTreeMap;
use std::sync::PoisonError;

use axum::Json;
use axum::extract::{Query, State};
use danqing_jobs::queue::{JobQueue, JobRecord, ProgressView, RunPreview, Submission};
use serde_json::{Value, json};

use super::fields::Fields;
use crate::Shared;
use crate::error::ApiError;
use crate::routes::bodies::Raw;
use crate::routes::front::{base64_of, ended};

/// Takes a job off the list however the wait for it ends.
struct Listed {
    app: Shared,
    id: String,
}

impl Drop for Listed {
    fn drop(&mut self) {
        self.app.a1111.jobs.lock().unwrap_or_else(PoisonError::into_inner).retain(|id| *id != self.id);
    }
}

/// Runs a job that `progress` shows and `interrupt` stops. A job that was interrupted gives none.
pub(super) async fn run(app: &Shared, submission: Submission) -> Result<Option<JobRecord>, ApiError> {
    let (job, _) = app.submit(submission, None).await?;
    app.a1111.jobs.lock().unwrap_or_else(PoisonError::into_inner).push(job.id.clone());
    let listed = Listed { app: app.clone(), id: job.id.clone() };
    let job = app.wait_or_cancel(&job.id, |_| ()).await?;
    drop(listed);
    match ended(job) {
        Err(error) if error.code == "cancelled" => Ok(None),
        other => other.map(Some),
    }
}

/// The first job of this front that is worked on, and how many wait with it.
async fn current(app: &Shared) -> Result<(usize, Option<(String, ProgressView)>), ApiError> {
    let ids = app.a1111.jobs.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let count = ids.len();
    let seen = move |queue: &JobQueue| {
        Ok::<_, ApiError>(ids.into_iter().find_map(|id| queue.progress(&id).map(|progress| (id, progress))))
    };
    Ok((count, app.blocking(seen).await?))
}

/// The latest preview of a job, as PNG.
async fn preview(app: &Shared, id: &str) -> Result<Option<RunPreview>, ApiError> {
    let id = id.to_owned();
    app.blocking(move |queue| queue.preview(&id, "png")).await
}

pub(super) async fn progress(
    State(app): State<Shared>,
    Query(asked): Query<BTreeMap<String, String>>,
) -> Result<Json<Value>, ApiError> {
    let (count, seen) = current(&app).await?;
    // What FastAPI reads as true.
    let is_true = |text: &String| ["true", "1", "on", "yes", "t", "y"].contains(&text.to_lowercase().as_str());
    let skips = asked.get("skip_current_image").is_some_and(is_true);
    let shown = match &seen {
        Some((id, _)) if !skips => preview(&app, id).await?,
        _ => None,
    };
    let seen = seen.map(|(_, progress)| progress);
    let fraction = seen.as_ref().map_or(0.0, |seen| seen.fraction);
    let eta = seen.as_ref().and_then(|seen| seen.eta_seconds).unwrap_or(0.0);
    let step = seen.as_ref().map_or("", |seen| seen.step.as_str());
    Ok(Json(json!({
        "progress": if count == 0 { 0.0 } else { fraction.clamp(0.01, 1.0) },
        "eta_relative": eta,
        "state": {
            "skipped": false, "interrupted": false, "stopping_generation": false, "job": step, "job_count": count,
            "job_timestamp": "0", "job_no": 0, "sampling_step": (fraction * 100.0) as u64, "sampling_steps": 100,
        },
        "current_image": shown.map(|shown| base64_of(&shown.file.bytes)),
        "textinfo": if step.is_empty() { Value::Null } else { json!(step) },
    })))
}

/// What A1111's page asks; tasks have no names here.
pub(super) async fn of_task(State(app): State<Shared>, Raw(body): Raw) -> Result<Json<Value>, ApiError> {
    let mut fields = Fields::read(&body)?;
    fields.text("id_task")?;
    let known = fields.whole("id_live_preview", -1, (-1, i64::MAX))?;
    let wants_preview = fields.switch("live_preview", true)?;
    let (count, seen) = current(&app).await?;
    let shown = match &seen {
        Some((id, _)) if wants_preview => preview(&app, id).await?,
        _ => None,
    };
    let number = shown.as_ref().map_or(-1, |shown| i64::try_from(shown.number).unwrap_or(-1));
    let shown = shown.filter(|_| number != known);
    let shown = shown.map(|shown| format!("data:image/png;base64,{}", base64_of(&shown.file.bytes)));
    let seen = seen.map(|(_, progress)| progress);
    Ok(Json(json!({
        "active": seen.is_some(), "queued": count > 0 && seen.is_none(), "completed": count == 0,
        "progress": seen.as_ref().map(|seen| seen.fraction), "eta": seen.and_then(|seen| seen.eta_seconds),
        "live_preview": shown, "id_live_preview": number, "textinfo": null,
    })))
}

/// Stops every job of this front.
pub(super) async fn interrupt(State(app): State<Shared>) -> Result<Json<Value>, ApiError> {
    let ids = app.a1111.jobs.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let stop = move |queue: &JobQueue| {
        // One that has ended meanwhile needs no stopping.
        for id in &ids {
            drop(queue.cancel(id));
        }
        Ok::<_, ApiError>(())
    };
    app.blocking(stop).await?;
    Ok(Json(json!({})))
}

/// Stops the job that is worked on; those that wait behind it go on.
pub(super) async fn skip(State(app): State<Shared>) -> Result<Json<Value>, ApiError> {
    let ids = app.a1111.jobs.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let stop = move |queue: &JobQueue| {
        if let Some(id) = ids.iter().find(|id| queue.progress(id).is_some()).or(ids.first()) {
            drop(queue.cancel(id));
        }
        Ok::<_, ApiError>(())
    };
    app.blocking(stop).await?;
    Ok(Json(Value::Null))
}
