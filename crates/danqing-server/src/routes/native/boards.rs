//! Boards.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use danqing_jobs::queue::{Board, JobQueue};
use schemars::JsonSchema;
use serde::Deserialize;

use super::body::{Body, Named};
use crate::Shared;
use crate::error::ApiError;

/// What a board is called.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Title {
    /// 1 to 200 signs.
    #[schemars(length(min = 1, max = 200), extend("pattern" = "\\S"))]
    title: String,
}

impl Title {
    fn checked(self) -> Result<String, ApiError> {
        let title = self.title.trim();
        if title.is_empty() || title.chars().count() > 200 {
            return Err(ApiError::invalid("title", "1 to 200 signs were expected"));
        }
        Ok(title.to_owned())
    }
}

/// Every board.
pub(super) async fn list(State(app): State<Shared>) -> Result<Json<Vec<Board>>, ApiError> {
    Ok(Json(app.blocking(JobQueue::boards).await?))
}

/// A new board.
pub(super) async fn create(
    State(app): State<Shared>,
    Body(title): Body<Title>,
) -> Result<(StatusCode, Json<Board>), ApiError> {
    let title = title.checked()?;
    Ok((StatusCode::CREATED, Json(app.blocking(move |queue| queue.add_board(&title)).await?)))
}

/// Another title.
pub(super) async fn rename(
    State(app): State<Shared>,
    Named(id): Named,
    Body(title): Body<Title>,
) -> Result<Json<Board>, ApiError> {
    let title = title.checked()?;
    Ok(Json(app.blocking(move |queue| queue.rename_board(&id, &title)).await?))
}

/// Takes a board away; its jobs stay.
pub(super) async fn remove(State(app): State<Shared>, Named(id): Named) -> Result<StatusCode, ApiError> {
    app.blocking(move |queue| queue.remove_board(&id)).await?;
    Ok(StatusCode::NO_CONTENT)
}
