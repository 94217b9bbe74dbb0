//! Pictures from pictures: by a checkpoint `reimagine` and, with a mask, `edit`; without one, a mask without a prompt
//! erases and a style repaints.

use axum::extract::State;
use axum::response::Response;
use danqing_jobs::content::StoredFile;
use serde_json::{Map, Value, json};

use super::fields::Fields;
use super::generate::{Answer, Common};
use super::progress::run;
use crate::Shared;
use crate::error::ApiError;
use crate::routes::bodies::Raw;
use crate::routes::front::{Engine, needs_checkpoint, params, picture_bytes, resized, submission};

/// Fields of a mask.
struct Masking {
    blur: f64,
    fill: i64,
    only_masked: bool,
    padding: i64,
    invert: bool,
}

impl Masking {
    /// The API's own defaults: fill, only masked, no padding.
    fn read(fields: &mut Fields) -> Result<Self, ApiError> {
        let both = fields.number("mask_blur", 4.0, (0.0, 64.0))?;
        let (x, y) =
            (fields.number("mask_blur_x", both, (0.0, 64.0))?, fields.number("mask_blur_y", both, (0.0, 64.0))?);
        fields.take("mask_round");
        Ok(Self {
            blur: x.max(y),
            fill: fields.whole("inpainting_fill", 0, (0, 3))?,
            only_masked: fields.switch("inpaint_full_res", true)?,
            padding: fields.whole("inpaint_full_res_padding", 0, (0, 512))?,
            invert: fields.switch("inpainting_mask_invert", false)?,
        })
    }
}

/// The pictures of a request.
struct Inputs {
    pictures: Vec<StoredFile>,
    mask: Option<StoredFile>,
}

pub(super) async fn img2img(State(app): State<Shared>, Raw(body): Raw) -> Result<Response, ApiError> {
    let mut fields = Fields::read(&body)?;
    let common = Common::read(&app, &mut fields)?;
    let inputs = inputs(&app, &mut fields).await?;
    let masking = Masking::read(&mut fields)?;
    let strength = fields.number("denoising_strength", 0.75, (0.0, 1.0))?;
    let mode = fields.whole("resize_mode", 0, (0, 3))?;
    let image_guidance = fields.number("image_cfg_scale", 1.5, (0.0, 10.0))?;
    fields.take("include_init_images");
    fields.ignore(&["latent_mask"]);
    if fields.number("initial_noise_multiplier", 1.0, (0.0, 1.5))? != 1.0 {
        fields.warn("initial_noise_multiplier is not supported and was left out");
    }
    if mode > 2 {
        fields.warn("resize_mode 3 (latent) is not supported; the picture is stretched");
    }
    let wants_erasing = inputs.mask.is_some() && common.prompt.is_none();
    let (mut jobs, mut made) = (Vec::new(), Vec::new());
    for picture in &inputs.pictures {
        let count = if made_one_by_one(&common.engine, wants_erasing) { common.count } else { 1 };
        for n in 0..count {
            let (capability, mut settings) = match &common.engine {
                _ if wants_erasing => ("erase", erasing(&masking)),
                Engine::Style(style) => ("restyle", restyling(style, strength, &masking, inputs.mask.is_some())),
                Engine::Checkpoint(name) if inputs.mask.is_some() => {
                    if app.studio().registry().get("edit").is_err() {
                        return Err(needs_checkpoint("img2img with a mask and a prompt"));
                    }
                    ("edit", editing(&common, name, strength, &masking, image_guidance))
                }
                Engine::Checkpoint(name) => ("reimagine", repainting(&common, name, strength, mode)),
                Engine::Erase => return Err(needs_checkpoint("img2img without a mask, or with a prompt,")),
            };
            settings.extend(common.seed.map(|seed| ("seed".to_owned(), json!(seed + n as u64))));
            let mut ports = vec![("picture", picture)];
            ports.extend(inputs.mask.iter().map(|mask| ("mask", mask)));
            let Some(mut job) = run(&app, submission(capability, settings, &ports)).await? else { break };
            if let Some(size) = common.size.filter(|_| capability != "reimagine") {
                for output in job.outputs.iter_mut().filter(|output| output.name == "picture") {
                    output.file = resized(&app, &output.file, size, if mode == 1 { "cover" } else { "exact" }).await?;
                }
            }
            jobs.push(job);
        }
    }
    made.append(&mut jobs);
    Answer::of(made).response(&app, &common, fields).await
}

/// Capabilities that make one picture at a time.
fn made_one_by_one(engine: &Engine, wants_erasing: bool) -> bool {
    wants_erasing || !matches!(engine, Engine::Checkpoint(_))
}

async fn inputs(app: &Shared, fields: &mut Fields) -> Result<Inputs, ApiError> {
    let Some(Value::Array(texts)) = fields.take("init_images").filter(|value| value != &json!([])) else {
        return Err(ApiError::not_found("Init image not found"));
    };
    let mut pictures = Vec::new();
    for text in &texts {
        let text =
            text.as_str().ok_or_else(|| ApiError::invalid("init_images", "a list of base64 texts was expected"))?;
        pictures.push(app.accept(picture_bytes(text, "init_images")?, "init.png".to_owned()).await?);
    }
    let mask = match fields.text("mask")? {
        Some(text) => Some(app.accept(picture_bytes(&text, "mask")?, "mask.png".to_owned()).await?),
        None => None,
    };
    let (Some(first), Some(mask)) = (pictures.first(), mask) else { return Ok(Inputs { pictures, mask: None }) };
    // A1111 stretches a mask of another size.
    let size = (first.width as u64, first.height as u64);
    let mask = resized(app, &mask, size, "exact").await?;
    Ok(Inputs { pictures, mask: Some(mask) })
}

fn erasing(masking: &Masking) -> Map<String, Value> {
    params(json!({"invert": masking.invert, "feather": masking.blur.round() as u64}))
}

fn restyling(style: &str, strength: f64, masking: &Masking, is_masked: bool) -> Map<String, Value> {
    let mut made = params(json!({"style": style, "strength": strength}));
    if is_masked {
        made.extend(params(json!({"invert": masking.invert, "feather": masking.blur.round() as u64})));
    }
    made
}

fn repainting(common: &Common, model: &str, strength: f64, mode: i64) -> Map<String, Value> {
    let mut made = common.sampling.clone();
    let (width, height) = common.size_or_default();
    let resize = ["stretch", "crop", "fill", "stretch"][mode.clamp(0, 3) as usize];
    made.extend(params(json!({
        "model": model, "strength": strength, "width": width, "height": height, "resize": resize, "variants": common.count,
    })));
    made
}

fn editing(common: &Common, model: &str, strength: f64, masking: &Masking, image_guidance: f64) -> Map<String, Value> {
    let mut made = common.sampling.clone();
    let fill = ["fill", "original", "noise", "nothing"][masking.fill.clamp(0, 3) as usize];
    let area = if masking.only_masked { "masked" } else { "whole" };
    made.extend(params(json!({
        "model": model, "strength": strength, "fill": fill, "area": area, "padding": masking.padding,
        "invert": masking.invert, "mask_blur": masking.blur, "image_guidance": image_guidance, "variants": common.count,
    })));
    made
}
