//! Pictures in the forms of `ImagesResponse`, or as events.

use std::time::{SystemTime, UNIX_EPOCH};

use axum::Json;
use axum::http::HeaderMap;
use axum::http::header::HOST;
use axum::response::{IntoResponse, Response};
use danqing_jobs::Encoding;
use danqing_jobs::content::StoredFile;
use danqing_jobs::queue::{QueueEvent, Submission};
use serde_json::{Value, json};

use super::asked::{Asked, Output};
use super::streamed;
use crate::Shared;
use crate::error::ApiError;
use crate::routes::front::{base64_of, ended, params, resized, submission, with_warnings};

/// Jobs to run and how their pictures are sent.
pub(super) struct Order {
    /// Start of the names of events: `image_generation` or `image_edit`.
    pub(super) kind: &'static str,
    pub(super) jobs: Vec<Submission>,
    /// Size that each result is given afterwards.
    pub(super) size: Option<(u64, u64)>,
    pub(super) output: Output,
}

/// Runs the jobs and answers, at once or as events.
pub(super) async fn reply(
    app: Shared,
    headers: &HeaderMap,
    order: Order,
    mut asked: Asked,
) -> Result<Response, ApiError> {
    asked.finish();
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost").to_owned();
    if !order.output.streams {
        let (answer, warnings) = answered(&app, &host, &order, asked.warnings, |_| ()).await?;
        return Ok(with_warnings(Json(answer).into_response(), &warnings));
    }
    let warnings = asked.warnings.clone();
    Ok(with_warnings(streamed::response(app, host, order, asked.warnings), &warnings))
}

/// One event for each picture.
pub(super) fn completed(kind: &str, answer: &Value) -> Vec<(String, Value)> {
    let name = format!("{kind}.completed");
    let of = |picture: &Value| {
        let mut data = json!({"type": name, "created_at": answer["created"]});
        for key in ["size", "quality", "background", "output_format", "usage"] {
            data[key] = answer[key].clone();
        }
        data["b64_json"] = picture["b64_json"].clone();
        (name.clone(), data)
    };
    answer["data"].as_array().into_iter().flatten().map(of).collect()
}

/// Runs the jobs, one after the other; `seen` hears of what happens to them.
pub(super) async fn answered(
    app: &Shared,
    host: &str,
    order: &Order,
    mut warnings: Vec<String>,
    mut seen: impl FnMut(&QueueEvent) + Send,
) -> Result<(Value, Vec<String>), ApiError> {
    let mut pictures = Vec::new();
    for job in &order.jobs {
        let job = ended(app.submit_and_watch(job.clone(), &mut seen).await?)?;
        warnings.extend(job.warnings.iter().map(|warning| warning.message.clone()));
        pictures.extend(job.outputs.into_iter().filter(|output| output.name == "picture").map(|output| output.file));
    }
    warnings.dedup();
    let mut data = Vec::new();
    let mut size = (0, 0);
    for picture in &pictures {
        let mut file = match order.size {
            Some(size) => resized(app, picture, size, "cover").await?,
            None => picture.clone(),
        };
        if order.output.format != "png" {
            file = encoded(app, &file, &order.output).await?;
        }
        size = (file.width, file.height);
        data.push(if order.output.by_url && !order.output.streams {
            json!({"url": format!("http://{host}/api/v1/files/{}", file.sha256)})
        } else {
            json!({"b64_json": base64_of(&app.bytes(file.sha256.clone()).await?)})
        });
    }
    let created = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let tokens = json!({"image_tokens": 0, "text_tokens": 0});
    let mut answer = json!({
        "created": created, "data": data, "background": "auto", "output_format": order.output.format, "quality": "auto",
        "size": format!("{}x{}", size.0, size.1),
        "usage": {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0, "input_tokens_details": tokens},
    });
    if !warnings.is_empty() {
        answer["warnings"] = json!(warnings);
    }
    Ok((answer, warnings))
}

/// The same picture in another format: an adjustment without edits.
async fn encoded(app: &Shared, file: &StoredFile, output: &Output) -> Result<StoredFile, ApiError> {
    let quality = output.compression.map(|percent| u8::try_from(percent.clamp(1, 100)).unwrap_or(100));
    let encoding = Encoding { format: Some(output.format.to_owned()), quality, ..Encoding::default() };
    // One edit that does nothing: an empty list is refused.
    let same = json!({"edits": [{"edit": "resize", "width": file.width, "height": file.height}]});
    let job = Submission { encoding, ..submission("adjust", params(same), &[("picture", file)]) };
    crate::routes::front::first_output(ended(app.submit_and_wait(job).await?)?)
}
