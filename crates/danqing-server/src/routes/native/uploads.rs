//! Pictures in.

use std::time::Duration;

use axum::Json;
use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{Multipart, State};
use axum::http::StatusCode;
use danqing_capability::CancelToken;
use danqing_jobs::content::Incoming;

use crate::Shared;
use crate::error::ApiError;
use crate::routes::bodies::Form;
use crate::view::FileView;

/// Files in one request.
const FILES: usize = 64;
/// Time that a client may take for the next piece.
const PIECE: Duration = Duration::from_secs(30);

/// Takes pictures; the same content is the same file.
pub(super) async fn upload(
    State(app): State<Shared>,
    Form(mut multipart): Form,
) -> Result<(StatusCode, Json<Vec<FileView>>), ApiError> {
    // The semaphores are never closed.
    let _receiving = app.receiving.acquire().await;
    let mut views = Vec::new();
    while let Some((incoming, name)) = next_file(&app, &mut multipart).await? {
        if views.len() == FILES {
            return Err(ApiError::invalid("file", format!("more than {FILES} files in one request")));
        }
        let _decoding = app.decoding.acquire().await;
        let accept =
            move |queue: &danqing_jobs::queue::JobQueue| queue.accept(incoming, &name, &CancelToken::default());
        views.push(FileView::from(&app.blocking(accept).await?));
    }
    if views.is_empty() {
        return Err(ApiError::invalid("file", "the request holds no part named \"file\""));
    }
    Ok((StatusCode::CREATED, Json(views)))
}

/// The next part named `file`, received.
pub(super) async fn next_file(app: &Shared, multipart: &mut Multipart) -> Result<Option<(Incoming, String)>, ApiError> {
    let Some(mut field) = in_time(multipart.next_field()).await? else { return Ok(None) };
    let part = field.name().unwrap_or_default().to_owned();
    if part != "file" {
        let part: String = part.chars().take(60).collect();
        return Err(ApiError::invalid(&part, format!("parts are named \"file\", not {part:?}")));
    }
    let name = field.file_name().unwrap_or_default().to_owned();
    let incoming = received(app, &mut field).await?;
    Ok(Some((incoming, name)))
}

async fn received(app: &Shared, field: &mut Field<'_>) -> Result<Incoming, ApiError> {
    let mut incoming = app.queue.content().receive()?;
    while let Some(piece) = in_time(field.chunk()).await? {
        incoming.write(&piece)?;
    }
    Ok(incoming)
}

/// A client that sends nothing more is given up.
async fn in_time<T>(piece: impl Future<Output = Result<T, MultipartError>>) -> Result<T, ApiError> {
    match tokio::time::timeout(PIECE, piece).await {
        Ok(read) => read.map_err(|e| {
            let message = match e.status() {
                StatusCode::PAYLOAD_TOO_LARGE => "the request is too large".to_owned(),
                _ => format!("the body could not be read: {}", e.body_text()),
            };
            ApiError::new(e.status(), "body", message)
        }),
        Err(_) => Err(ApiError::new(StatusCode::REQUEST_TIMEOUT, "too_slow", "nothing came for 30 s")),
    }
}
