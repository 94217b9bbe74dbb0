//! What a picture says about how it was made.

use axum::Json;
use axum::extract::State;
use danqing_capability::CancelToken;
use danqing_jobs::{Inspection, Recipe};
use serde_json::{Value, json};

use super::uploads::next_file;
use crate::Shared;
use crate::error::ApiError;
use crate::routes::bodies::Form;

/// Reads a picture's metadata; nothing is kept.
pub(super) async fn inspect(State(app): State<Shared>, Form(mut multipart): Form) -> Result<Json<Value>, ApiError> {
    // The semaphores are never closed.
    let _receiving = app.receiving.acquire().await;
    let Some((incoming, name)) = next_file(&app, &mut multipart).await? else {
        return Err(ApiError::invalid("file", "the request holds no part named \"file\""));
    };
    if next_file(&app, &mut multipart).await?.is_some() {
        return Err(ApiError::invalid("file", "one file was expected, not several"));
    }
    let _decoding = app.decoding.acquire().await;
    let inspect =
        move |queue: &danqing_jobs::queue::JobQueue| queue.content().inspect(incoming, &name, &CancelToken::default());
    Ok(Json(shown(&app, &app.blocking(inspect).await?)))
}

fn shown(app: &Shared, found: &Inspection) -> Value {
    let mut answer = json!({
        "format": found.format, "width": found.width, "height": found.height, "source": found.source,
        "infotext": found.infotext, "generation": found.generation, "notices": found.notices,
    });
    if let Some(request) = &found.request {
        answer["request"] = json!({
            "capability": request.capability,
            "params": app.without_folders(&Value::Object(request.params.clone())),
            "inputs": {},
        });
    }
    if let Some(recipe) = &found.recipe {
        let contents = |all: &Vec<danqing_jobs::InputRecord>| all.iter().map(|one| one.sha256.clone()).collect();
        let inputs: std::collections::BTreeMap<_, Vec<String>> =
            recipe.inputs.iter().map(|(port, all)| (port, contents(all))).collect();
        answer["request"] = json!({
            "capability": recipe.capability.id,
            "params": app.without_folders(&asked(app, recipe)),
            "inputs": inputs,
        });
        answer["recipe"] = app.without_folders(&serde_json::to_value(recipe).unwrap_or_default());
    }
    if let Value::Object(all) = &mut answer {
        all.retain(|_, value| !value.is_null());
    }
    answer
}

/// The recipe's parameters that a request may have.
fn asked(app: &Shared, recipe: &Recipe) -> Value {
    let schema = app.studio().registry().get(&recipe.capability.id).map(|one| Value::from(one.schema()));
    let is_asked = |name: &str| schema.as_ref().is_ok_and(|schema| !schema["properties"][name].is_null());
    let params = recipe.params.as_object().into_iter().flatten();
    params.filter(|(name, value)| is_asked(name) && !value.is_null()).map(|(n, v)| (n.clone(), v.clone())).collect()
}
