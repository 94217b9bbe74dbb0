//! Lists: models, samplers, upscalers, and what there is none of.

use axum::Json;
use axum::extract::State;
use danqing_jobs::{labels_of_samplers, labels_of_schedules};
use serde_json::{Value, json};

use crate::Shared;
use crate::error::ApiError;
use crate::routes::front::Engine;

/// Names under which clients choose an upscaler, what `upscale` calls it, and its own factor.
pub(super) const UPSCALERS: [(&str, &str, u32); 4] = [
    ("R-ESRGAN 4x+", "x4plus", 4),
    ("R-ESRGAN 2x+", "x2plus", 2),
    ("R-ESRGAN 4x+ Anime6B", "anime", 4),
    ("R-ESRGAN AnimeVideo", "video", 4),
];
/// Names of plain resizing.
pub(super) const RESIZERS: [(&str, &str); 3] = [("None", "lanczos"), ("Lanczos", "lanczos"), ("Nearest", "nearest")];

pub(super) async fn empty_list() -> Json<Value> {
    Json(json!([]))
}

pub(super) async fn empty_object() -> Json<Value> {
    Json(json!({}))
}

/// How the first pass of two may be enlarged as a latent.
pub(super) async fn latent_upscalers() -> Json<Value> {
    Json(json!([{"name": super::second_pass::LATENT}]))
}

/// What A1111 has to be told and danqing sees by itself.
pub(super) async fn done() -> Json<Value> {
    Json(json!({}))
}

pub(super) async fn models(State(app): State<Shared>) -> Json<Value> {
    let item = |engine: Engine| {
        let name = engine.name();
        let stem = name.rsplit_once('.').map_or(name.as_str(), |(stem, _)| stem).to_owned();
        // No hash: that of a checkpoint of gigabytes is not known before it has been read.
        json!({"title": name, "model_name": stem, "hash": null, "sha256": null, "filename": name, "config": null})
    };
    Json(Engine::all(app.studio()).into_iter().map(item).collect())
}

pub(super) async fn samplers() -> Json<Value> {
    let item = |names: &[&str]| json!({"name": names[0], "aliases": &names[1..], "options": {}});
    Json(labels_of_samplers().map(|(_, names)| item(names)).collect())
}

pub(super) async fn schedulers() -> Json<Value> {
    let item = |names: &[&str]| {
        let name = names[0].to_lowercase().replace(' ', "_");
        json!({"name": name, "label": names[0], "aliases": &names[1..], "default_rho": -1, "need_inner_model": false})
    };
    Json(labels_of_schedules().map(|(_, names)| item(names)).collect())
}

pub(super) async fn upscalers() -> Json<Value> {
    let item = |(name, model, scale): (&str, Option<&str>, u32)| json!({"name": name, "model_name": model, "model_path": null, "model_url": null, "scale": scale});
    let plain = RESIZERS.iter().map(|(name, _)| item((name, None, 4)));
    Json(plain.chain(UPSCALERS.iter().map(|(name, model, scale)| item((name, Some(model), *scale)))).collect())
}

pub(super) async fn realesrgan() -> Json<Value> {
    Json(UPSCALERS.iter().map(|(name, _, scale)| json!({"name": name, "path": null, "scale": scale})).collect())
}

pub(super) async fn embeddings() -> Json<Value> {
    Json(json!({"loaded": {}, "skipped": {}}))
}

pub(super) async fn scripts() -> Json<Value> {
    Json(json!({"txt2img": [], "img2img": []}))
}

pub(super) async fn memory(State(app): State<Shared>) -> Result<Json<Value>, ApiError> {
    let diagnosis = app.blocking(|queue| Ok::<_, ApiError>(queue.studio().diagnosis())).await?;
    let (total, free) = (diagnosis.memory_total, diagnosis.memory_available);
    let used = total.zip(free).map(|(total, free)| total.saturating_sub(free));
    let ram = json!({"free": free, "used": used, "total": total});
    Ok(Json(json!({"ram": ram, "cuda": {"error": "danqing runs on the processor"}})))
}

pub(super) async fn wrong_method() -> ApiError {
    ApiError::new(axum::http::StatusCode::METHOD_NOT_ALLOWED, "wrong_method", "Method Not Allowed")
}

pub(super) async fn nothing() -> ApiError {
    ApiError::not_found("Not Found")
}

pub(super) async fn no_controlnet() -> ApiError {
    ApiError::not_found("Not Found: there are no control networks here")
}

pub(super) async fn controlnet_models() -> Json<Value> {
    Json(json!({"model_list": []}))
}

pub(super) async fn controlnet_modules() -> Json<Value> {
    Json(json!({"module_list": ["none"], "module_detail": {}}))
}
