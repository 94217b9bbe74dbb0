//! Models: checkpoints, styles, and what erases.

use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Value, json};

use crate::Shared;
use crate::error::ApiError;
use crate::routes::front::Engine;

fn shown(engine: &Engine) -> Value {
    json!({"id": engine.name(), "object": "model", "created": 0, "owned_by": "danqing"})
}

pub(super) async fn list(State(app): State<Shared>) -> Json<Value> {
    let all: Vec<_> = Engine::all(app.studio()).iter().map(shown).collect();
    Json(json!({"object": "list", "data": all}))
}

pub(super) async fn one(State(app): State<Shared>, Path(id): Path<String>) -> Result<Json<Value>, ApiError> {
    let missing = || {
        let id: String = id.chars().take(100).collect();
        let error = ApiError::not_found(format!("The model {id:?} does not exist"));
        ApiError { code: "missing_model".to_owned(), field: Some("model".to_owned()), ..error }
    };
    Ok(Json(shown(&Engine::named(app.studio(), &id).ok_or_else(missing)?)))
}

pub(super) async fn wrong_method() -> ApiError {
    let message = "this address does not take that method";
    ApiError::new(axum::http::StatusCode::METHOD_NOT_ALLOWED, "wrong_method", message)
}

pub(super) async fn nothing() -> ApiError {
    ApiError::not_found("there is nothing at this address")
}
