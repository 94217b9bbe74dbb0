//! Pictures from words.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::json;

use super::asked::Asked;
use super::reply::{Order, reply};
use crate::Shared;
use crate::error::ApiError;
use crate::routes::bodies::Raw;
use crate::routes::front::{Engine, needs_checkpoint, params, submission};

pub(super) async fn generations(
    State(app): State<Shared>,
    headers: HeaderMap,
    Raw(body): Raw,
) -> Result<Response, ApiError> {
    let mut asked = Asked::of_json(&body)?;
    let output = asked.output()?;
    let prompt = asked.text("prompt").ok_or_else(|| ApiError::invalid("prompt", "a prompt is needed"))?;
    let Engine::Checkpoint(model) = asked.engine(&app)? else {
        return Err(ApiError { field: Some("model".to_owned()), ..needs_checkpoint("images/generations") });
    };
    let (width, height) = output.size.unzip();
    let settings = params(json!({
        "model": model, "prompt": prompt, "variants": output.count, "width": width, "height": height,
    }));
    let jobs = vec![submission("reimagine", settings, &[])];
    reply(app, &headers, Order { kind: "image_generation", jobs, size: None, output }, asked).await
}
