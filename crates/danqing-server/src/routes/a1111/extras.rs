//! Extras: enlarging by the networks of `upscale`, or plainly.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use danqing_jobs::content::StoredFile;
use danqing_jobs::queue::Submission;
use serde_json::{Value, json};

use super::fields::Fields;
use super::lists::{RESIZERS, UPSCALERS};
use super::progress::run;
use crate::Shared;
use crate::error::ApiError;
use crate::routes::bodies::Raw;
use crate::routes::front::{base64_of, first_output, params, picture_bytes, resized, submission, with_warnings};

/// What is asked for of every picture.
struct Wanted {
    upscaler: String,
    size: Size,
}

/// How large.
#[derive(Clone, Copy)]
enum Size {
    By(f64),
    To { width: u64, height: u64, crops: bool },
}

impl Wanted {
    fn read(fields: &mut Fields) -> Result<Self, ApiError> {
        fields.ignore(&["gfpgan_visibility", "codeformer_visibility", "extras_upscaler_2_visibility", "upscaler_2"]);
        for name in ["codeformer_weight", "upscale_first"] {
            fields.take(name);
        }
        let by = fields.number("upscaling_resize", 2.0, (0.05, 8.0))?;
        let width = fields.whole("upscaling_resize_w", 512, (1, 16384))? as u64;
        let height = fields.whole("upscaling_resize_h", 512, (1, 16384))? as u64;
        let crops = fields.switch("upscaling_crop", true)?;
        let is_to = fields.whole("resize_mode", 0, (0, 1))? == 1;
        let size = if is_to { Size::To { width, height, crops } } else { Size::By(by) };
        let upscaler = fields.text("upscaler_1")?.unwrap_or_else(|| "None".to_owned());
        Ok(Self { upscaler, size })
    }

    /// The job for a picture, and the size that its result is to have exactly.
    fn job(&self, file: &StoredFile) -> Result<(Submission, (u64, u64), &'static str), ApiError> {
        let (width, height) = (file.width as f64, file.height as f64);
        let (target, fit) = match self.size {
            Size::By(factor) => (((width * factor).round() as u64, (height * factor).round() as u64), "exact"),
            Size::To { width: w, height: h, crops: true } => ((w, h), "cover"),
            Size::To { width: w, height: h, crops: false } => {
                let factor = (w as f64 / width).min(h as f64 / height);
                (((width * factor).round() as u64, (height * factor).round() as u64), "exact")
            }
        };
        let target = (target.0.max(1), target.1.max(1));
        let plain = |(name, _): &&(&str, &str)| name.eq_ignore_ascii_case(&self.upscaler);
        if let Some((_, method)) = RESIZERS.iter().find(plain) {
            let edit = json!({"edit": "resize", "width": target.0, "height": target.1, "fit": fit, "method": method});
            return Ok((submission("adjust", params(json!({"edits": [edit]})), &[("picture", file)]), target, fit));
        }
        let known = UPSCALERS
            .iter()
            .find(|(name, model, _)| [*name, *model].iter().any(|known| known.eq_ignore_ascii_case(&self.upscaler)));
        let Some((_, model, _)) = known else {
            let message = format!("Upscaler not found: {:?}", self.upscaler);
            return Err(ApiError::not_found(message).with_hint("GET /sdapi/v1/upscalers lists them"));
        };
        let factor = (target.0 as f64 / width).max(target.1 as f64 / height).clamp(1.0, 8.0);
        Ok((submission("upscale", params(json!({"scale": factor, "model": model})), &[("picture", file)]), target, fit))
    }
}

/// One enlarged picture as base64; none if it was interrupted.
async fn enlarged(app: &Shared, wanted: &Wanted, text: &str, fields: &mut Fields) -> Result<Option<String>, ApiError> {
    let file = app.accept(picture_bytes(text, "image")?, "image.png".to_owned()).await?;
    let (job, target, fit) = wanted.job(&file)?;
    let Some(job) = run(app, job).await? else { return Ok(None) };
    fields.warnings.extend(job.warnings.iter().map(|warning| warning.message.clone()));
    let made = resized(app, &first_output(job)?, target, fit).await?;
    Ok(Some(base64_of(&app.bytes(made.sha256).await?)))
}

pub(super) async fn single(State(app): State<Shared>, Raw(body): Raw) -> Result<Response, ApiError> {
    let mut fields = Fields::read(&body)?;
    let wanted = Wanted::read(&mut fields)?;
    let image = fields.text("image")?.ok_or_else(|| ApiError::not_found("Image not found"))?;
    let made = enlarged(&app, &wanted, &image, &mut fields).await?;
    fields.finish();
    let html = format!("<p>{}</p>", wanted.upscaler.replace(['<', '>', '&'], ""));
    Ok(with_warnings(Json(json!({"html_info": html, "image": made})).into_response(), &fields.warnings))
}

pub(super) async fn batch(State(app): State<Shared>, Raw(body): Raw) -> Result<Response, ApiError> {
    let mut fields = Fields::read(&body)?;
    let wanted = Wanted::read(&mut fields)?;
    let list = fields.take("imageList").and_then(|list| list.as_array().cloned()).unwrap_or_default();
    let mut images = Vec::new();
    for one in &list {
        let data = one.get("data").and_then(Value::as_str);
        let data = data.ok_or_else(|| ApiError::invalid("imageList", "a list of {data, name} was expected"))?;
        let Some(made) = enlarged(&app, &wanted, data, &mut fields).await? else { break };
        images.push(made);
    }
    fields.finish();
    let html = format!("<p>{}</p>", wanted.upscaler.replace(['<', '>', '&'], ""));
    Ok(with_warnings(Json(json!({"html_info": html, "images": images})).into_response(), &fields.warnings))
}
