//! What the studio can do: capabilities, presets, models, walkthroughs.

use axum::Json;
use axum::extract::State;
use danqing_capability::AnyCapability;
use danqing_jobs::{Model, ModelState};
use serde_json::{Value, json};

use super::body::Named;
use crate::Shared;
use crate::error::ApiError;
use crate::texts::described;

/// All capabilities.
pub(super) async fn capabilities(State(app): State<Shared>) -> Json<Value> {
    Json(app.studio().registry().iter().map(described).collect())
}

/// One capability.
pub(super) async fn capability(State(app): State<Shared>, Named(id): Named) -> Result<Json<Value>, ApiError> {
    let unknown = |e: danqing_jobs::UnknownCapability| ApiError::not_found(e.to_string());
    Ok(Json(described(app.studio().registry().get(&id).map_err(unknown)?)))
}

/// Styles that have a name.
pub(super) async fn presets(State(app): State<Shared>) -> Result<Json<Value>, ApiError> {
    let styles = app.blocking(|queue| Ok::<_, ApiError>(queue.studio().styles())).await?;
    let preset = |style: danqing_jobs::Style| {
        json!({
            "id": style.id,
            "capability": "restyle",
            "kind": style.kind,
            "title": {"en": style.title, "zh": style.title_zh},
            "params": {"style": style.id},
        })
    };
    Ok(Json(styles.into_iter().map(preset).collect()))
}

/// The catalogue.
pub(super) async fn models(State(app): State<Shared>) -> Result<Json<Value>, ApiError> {
    let models = app.blocking(|queue| queue.studio().models()).await?;
    Ok(Json(models.iter().map(model).collect()))
}

fn model(model: &Model) -> Value {
    let state = match model.state {
        ModelState::Present => "ready",
        ModelState::Missing => "missing",
        ModelState::Damaged => "damaged",
    };
    json!({
        "id": model.id,
        "role": model.role,
        "title": {"en": model.title, "zh": model.title_zh},
        "licence": model.licence,
        "licence_class": model.licence_class,
        "bytes": model.bytes,
        "sha256": model.sha256,
        "state": state,
        "enables": model.enables.split(',').map(str::trim).filter(|e| !e.is_empty()).collect::<Vec<_>>(),
        "packs": model.packs,
        "pack": model.packs.first(),
    })
}

/// Whole tasks that the page offers; those whose capabilities are here.
pub(super) async fn walkthroughs(State(app): State<Shared>) -> Json<Value> {
    let here: Vec<_> = app.studio().registry().iter().map(AnyCapability::id).collect();
    let all: Value = serde_json::from_str(include_str!("walkthroughs.json")).unwrap_or_default();
    let all = all.as_array().into_iter().flatten();
    let is_here = |one: &&Value| one["request"]["capability"].as_str().is_some_and(|id| here.contains(&id));
    Json(all.filter(is_here).cloned().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn walkthroughs_are_complete() {
        let all: Value = serde_json::from_str(include_str!("walkthroughs.json")).expect("JSON");
        let all = all.as_array().expect("a list");
        assert!(all.len() >= 3);
        for one in all {
            for text in [&one["title"], &one["description"]] {
                assert!(text["en"].is_string() && text["zh"].is_string(), "{one}");
            }
            assert!(one["id"].is_string() && one["request"]["capability"].is_string(), "{one}");
        }
    }
}
