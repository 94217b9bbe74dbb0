//! danqing's own API under `/api/v1`; docs/server.md describes it, `openapi.json` defines it.

mod boards;
mod body;
mod events;
mod files;
mod inspect;
mod jobs;
mod lists;
mod preview;
mod queue;
mod session;
mod system;
mod uploads;

pub(crate) use boards::Title;
pub(crate) use jobs::{Changes, Move};

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, patch, post};

use crate::error::ApiError;
use crate::{Shared, openapi};

/// Largest body of a request that holds no file.
const JSON_BYTES: usize = 2 << 20;

/// The routes below `/api/v1`.
pub(crate) fn routes(app: &Shared) -> Router<Shared> {
    // A multipart body is a little longer than the files in it; each file has its own limit.
    let multipart = usize::try_from(app.options.queue.file_bytes).unwrap_or(usize::MAX).saturating_mul(4);
    let with_files = Router::new()
        .route("/uploads", post(uploads::upload))
        .route("/inspect", post(inspect::inspect))
        .layer(DefaultBodyLimit::max(multipart));
    Router::new()
        .route("/health", get(system::health))
        .route("/system", get(system::system))
        .route("/session", post(session::begin).delete(session::end))
        .route("/models", get(lists::models))
        .route("/capabilities", get(lists::capabilities))
        .route("/capabilities/{id}", get(lists::capability))
        .route("/presets", get(lists::presets))
        .route("/walkthroughs", get(lists::walkthroughs))
        .route("/files/{sha256}", get(files::file))
        .route("/files/{sha256}/thumbnail", get(files::thumbnail))
        .route("/jobs", get(jobs::list).post(jobs::create))
        .route("/jobs/{id}", get(jobs::get).patch(jobs::edit).delete(jobs::delete))
        .route("/jobs/{id}/cancel", post(jobs::cancel))
        .route("/jobs/{id}/pause", post(jobs::pause))
        .route("/jobs/{id}/resume", post(jobs::resume))
        .route("/jobs/{id}/retry", post(jobs::retry))
        .route("/jobs/{id}/restore", post(jobs::restore))
        .route("/jobs/{id}/move", post(jobs::reorder))
        .route("/jobs/{id}/recipe", get(jobs::recipe))
        .route("/jobs/{id}/preview", get(preview::latest))
        .route("/jobs/{id}/events", get(events::of_job))
        .route("/queue", get(queue::get))
        .route("/queue/pause", post(queue::pause))
        .route("/queue/resume", post(queue::resume))
        .route("/boards", get(boards::list).post(boards::create))
        .route("/boards/{id}", patch(boards::rename).delete(boards::remove))
        .route("/events", get(events::all))
        .route("/openapi.json", get(openapi::route))
        .layer(DefaultBodyLimit::max(JSON_BYTES))
        .layer(middleware::from_fn_with_state(app.clone(), timed))
        .merge(with_files)
        .method_not_allowed_fallback(wrong_method)
        .fallback(nothing)
}

/// Everything but files is read and answered within the time limit; a stream of events has begun by then.
async fn timed(State(app): State<Shared>, request: Request, next: Next) -> Response {
    match tokio::time::timeout(app.options.request_time, next.run(request)).await {
        Ok(response) => response,
        Err(_) => ApiError::new(StatusCode::REQUEST_TIMEOUT, "too_slow", "the request took too long").into_response(),
    }
}

async fn nothing() -> ApiError {
    ApiError::not_found("there is nothing at this address")
}

async fn wrong_method() -> ApiError {
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "wrong_method", "this address does not take that method")
}
