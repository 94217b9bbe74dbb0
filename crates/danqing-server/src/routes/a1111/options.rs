//! Options: those that mean something here; they last as long as the server runs.

use std::sync::Mutex;
use std::sync::PoisonError;

use axum::Json;
use axum::extract::State as FromState;
use axum::response::{IntoResponse, Response};
use danqing_jobs::Studio;
use serde_json::{Map, Value, json};

use super::fields::Fields;
use crate::Shared;
use crate::error::ApiError;
use crate::routes::bodies::Raw;
use crate::routes::front::{Engine, with_warnings};

/// What this front remembers between requests.
#[derive(Default)]
pub(crate) struct State {
    chosen: Mutex<Map<String, Value>>,
    /// Ids of jobs that wait for their end here, the first first.
    pub(super) jobs: Mutex<Vec<String>>,
}

/// Options that are kept; all others are refused by a warning.
const KNOWN: [(&str, &str); 6] = [
    ("sd_model_checkpoint", "\"\""),
    ("CLIP_stop_at_last_layers", "1"),
    ("randn_source", "\"GPU\""),
    ("samples_format", "\"png\""),
    ("jpeg_quality", "80"),
    ("sd_vae", "\"Automatic\""),
];

impl State {
    /// The options as they are.
    pub(super) fn options(&self, studio: &Studio) -> Map<String, Value> {
        let mut all: Map<_, _> = KNOWN
            .iter()
            .map(|(name, value)| ((*name).to_owned(), serde_json::from_str(value).unwrap_or_default()))
            .collect();
        all.insert("sd_model_checkpoint".to_owned(), json!(Engine::usual(studio).name()));
        all.extend(self.chosen.lock().unwrap_or_else(PoisonError::into_inner).clone());
        all
    }
}

/// The options.
pub(super) async fn get(FromState(app): FromState<Shared>) -> Json<Value> {
    let mut all = app.a1111.options(app.studio());
    all.insert("sd_checkpoint_hash".to_owned(), Value::Null);
    all.insert("save_images_add_number".to_owned(), json!(true));
    Json(Value::Object(all))
}

/// Changes options.
pub(super) async fn set(FromState(app): FromState<Shared>, Raw(body): Raw) -> Result<Response, ApiError> {
    let mut fields = Fields::read(&body)?;
    let mut changes = Map::new();
    for (name, _) in KNOWN {
        let Some(value) = fields.take(name) else { continue };
        if name == "sd_model_checkpoint" {
            let wanted = value.as_str().unwrap_or_default();
            let engine = Engine::named(app.studio(), wanted).ok_or_else(|| no_model(wanted))?;
            changes.insert(name.to_owned(), json!(engine.name()));
        } else {
            changes.insert(name.to_owned(), value);
        }
    }
    fields.finish();
    app.a1111.chosen.lock().unwrap_or_else(PoisonError::into_inner).extend(changes);
    Ok(with_warnings(Json(Value::Null).into_response(), &fields.warnings))
}

/// A1111 answers 404.
pub(super) fn no_model(name: &str) -> ApiError {
    let name: String = name.chars().take(100).collect();
    ApiError::not_found(format!("Model not found: {name:?}")).with_hint("GET /sdapi/v1/sd-models lists them")
}
