//! Pictures changed: where the mask is transparent, or all over.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use danqing_jobs::content::StoredFile;
use danqing_jobs::queue::Submission;
use serde_json::{Map, Value, json};

use super::asked::Asked;
use super::reply::{Order, reply};
use crate::Shared;
use crate::error::ApiError;
use crate::routes::bodies::Form;
use crate::routes::front::{Engine, needs_checkpoint, params, submission};

/// A mask without a prompt erases; a style repaints; words need a checkpoint.
pub(super) async fn edits(
    State(app): State<Shared>,
    headers: HeaderMap,
    Form(form): Form,
) -> Result<Response, ApiError> {
    let mut asked = Asked::of_form(&app, form).await?;
    let output = asked.output()?;
    let (engine, prompt) = (asked.engine(&app)?, asked.text("prompt"));
    let Some(picture) = asked.pictures.first().cloned() else {
        return Err(ApiError::invalid("image", "a picture is needed"));
    };
    if asked.pictures.len() > 1 {
        asked.warnings.push("only the first picture is edited; the others were left out".to_owned());
    }
    let mask = asked.mask.clone();
    let job = |n: u64| one(&app, &engine, prompt.as_deref(), &picture, mask.as_ref(), n);
    // A checkpoint paints its variants in one job.
    let in_one_job = matches!(engine, Engine::Checkpoint(_)) && prompt.is_some();
    let mut jobs = (0..if in_one_job { 1 } else { output.count }).map(job).collect::<Result<Vec<_>, _>>()?;
    if in_one_job {
        for job in &mut jobs {
            job.params.insert("variants".to_owned(), json!(output.count));
        }
    }
    let size = output.size;
    reply(app, &headers, Order { kind: "image_edit", jobs, size, output }, asked).await
}

fn one(
    app: &Shared,
    engine: &Engine,
    prompt: Option<&str>,
    picture: &StoredFile,
    mask: Option<&StoredFile>,
    n: u64,
) -> Result<Submission, ApiError> {
    let with_mask = |capability: &str, settings: Map<String, Value>| {
        let mut ports = vec![("picture", picture)];
        ports.extend(mask.map(|mask| ("mask", mask)));
        submission(capability, settings, &ports)
    };
    // Alpha 0 is what is to be edited.
    let by_alpha = |mut settings: Map<String, Value>| {
        if mask.is_some() {
            settings.insert("mask_channel".to_owned(), json!("transparency"));
        }
        settings
    };
    let refused = |what: &str| Err(ApiError { field: Some("model".to_owned()), ..needs_checkpoint(what) });
    match (engine, prompt, mask) {
        (_, None, Some(_)) => Ok(with_mask("erase", by_alpha(params(json!({"seed": n}))))),
        (Engine::Style(_), _, Some(_)) => {
            let error = ApiError::invalid("mask", "a style repaints the whole picture");
            Err(error.with_hint("leave the mask out, or the prompt to erase"))
        }
        (Engine::Style(style), _, None) => Ok(with_mask("restyle", params(json!({"style": style, "seed": n})))),
        (_, None, None) => {
            let error = ApiError::invalid("mask", "neither a mask nor a prompt is given");
            Err(error.with_hint("a mask without a prompt erases what is transparent in it"))
        }
        (Engine::Checkpoint(model), Some(prompt), Some(_)) if app.studio().registry().get("edit").is_ok() => {
            Ok(with_mask("edit", by_alpha(params(json!({"model": model, "prompt": prompt})))))
        }
        (Engine::Checkpoint(model), Some(prompt), None) => {
            Ok(with_mask("reimagine", params(json!({"model": model, "prompt": prompt}))))
        }
        (_, Some(_), Some(_)) => refused("an edit with a prompt and a mask"),
        (_, Some(_), None) => refused("an edit with a prompt"),
    }
}
