//! What txt2img and img2img share: sampling settings out of the fields, and the answer with its `info`.

use axum::Json;
use axum::response::{IntoResponse, Response};
use danqing_jobs::content::StoredFile;
use danqing_jobs::queue::JobRecord;
use danqing_jobs::{Inspection, inspect};
use serde_json::{Map, Value, json};

use super::fields::Fields;
use super::options::no_model;
use crate::Shared;
use crate::error::ApiError;
use crate::routes::front::{Engine, base64_of, with_warnings};

/// Fields of sampling that nothing here does.
const UNSUPPORTED: [&str; 10] = [
    "styles",
    "subseed_strength",
    "seed_resize_from_h",
    "seed_resize_from_w",
    "restore_faces",
    "tiling",
    "s_min_uncond",
    "s_churn",
    "s_tmin",
    "refiner_checkpoint",
];
/// Fields that mean nothing without those above.
const COMPANIONS: [&str; 6] = ["subseed", "s_tmax", "s_noise", "refiner_switch_at", "firstpass_image", "infotext"];
/// Pictures of one request.
const MOST: i64 = 16;

/// Settings that every request has.
pub(super) struct Common {
    pub(super) engine: Engine,
    pub(super) prompt: Option<String>,
    pub(super) count: i64,
    pub(super) seed: Option<u64>,
    /// Width and height, if the client names them.
    pub(super) size: Option<(u64, u64)>,
    pub(super) sends_images: bool,
    /// Of the capabilities that sample.
    pub(super) sampling: Map<String, Value>,
}

impl Common {
    pub(super) fn read(app: &Shared, fields: &mut Fields) -> Result<Self, ApiError> {
        let mut options = app.a1111.options(app.studio());
        if let Some(Value::Object(overrides)) = fields.take("override_settings") {
            for (name, value) in overrides {
                if options.contains_key(&name) {
                    options.insert(name, value);
                } else {
                    fields.warn(format!("override_settings.{name} is not supported and was left out"));
                }
            }
        }
        refuse_scripts(fields)?;
        fields.ignore(&UNSUPPORTED);
        for name in COMPANIONS {
            fields.take(name);
        }
        let wanted = options.get("sd_model_checkpoint").and_then(Value::as_str).unwrap_or_default();
        let engine = Engine::named(app.studio(), wanted).ok_or_else(|| no_model(wanted))?;
        let (batch, repeats) = (fields.whole("batch_size", 1, (1, MOST))?, fields.whole("n_iter", 1, (1, MOST))?);
        if batch * repeats > MOST {
            return Err(ApiError::invalid(
                "n_iter",
                format!("{} pictures were asked for, at most {MOST} are made", batch * repeats),
            ));
        }
        let is_sized = fields.has("width") || fields.has("height");
        let (width, height) = (fields.whole("width", 512, (16, 4096))?, fields.whole("height", 512, (16, 4096))?);
        let seed = u64::try_from(fields.whole("seed", -1, (-1, i64::from(u32::MAX)))?).ok();
        let prompt = fields.text("prompt")?;
        let sampling = sampling(fields, &options, prompt.as_deref())?;
        let sends_images = fields.switch("send_images", true)?;
        let size = is_sized.then_some((width as u64, height as u64));
        Ok(Self { engine, prompt, count: batch * repeats, seed, size, sends_images, sampling })
    }

    /// The size that A1111 makes where none is named.
    pub(super) fn size_or_default(&self) -> (u64, u64) {
        self.size.unwrap_or((512, 512))
    }
}

fn refuse_scripts(fields: &mut Fields) -> Result<(), ApiError> {
    if let Some(name) = fields.text("script_name")? {
        let error = ApiError::invalid("script_name", format!("Script '{name}' not found"));
        return Err(ApiError { field: None, ..error });
    }
    let Some(scripts) = fields.take("alwayson_scripts") else { return Ok(()) };
    match scripts.as_object().and_then(|scripts| scripts.keys().next()) {
        None => Ok(()),
        Some(name) => {
            let error = ApiError::invalid("alwayson_scripts", format!("always on script {name} not found"));
            Err(ApiError { field: None, ..error })
        }
    }
}

/// The API's own defaults: 50 steps, Euler.
fn sampling(
    fields: &mut Fields,
    options: &Map<String, Value>,
    prompt: Option<&str>,
) -> Result<Map<String, Value>, ApiError> {
    let index = fields.text("sampler_index")?;
    let sampler = fields.text("sampler_name")?.or(index).unwrap_or_else(|| "Euler".to_owned());
    let schedule = fields.text("scheduler")?.unwrap_or_else(|| "Automatic".to_owned());
    if danqing_jobs::sampler_and_schedule(&sampler, Some(&schedule)).is_err() {
        return Err(ApiError::new(axum::http::StatusCode::BAD_REQUEST, "invalid", "Sampler not found")
            .with_hint("GET /sdapi/v1/samplers and /sdapi/v1/schedulers list them"));
    }
    let mut made = Map::new();
    let mut put = |name: &str, value: Value| made.insert(name.to_owned(), value);
    put("prompt", json!(prompt.unwrap_or_default()));
    put("negative_prompt", json!(fields.text("negative_prompt")?.unwrap_or_default()));
    put("steps", json!(fields.whole("steps", 50, (1, 150))?));
    put("guidance", json!(fields.number("cfg_scale", 7.0, (1.0, 30.0))?));
    put("sampler", json!(sampler));
    put("schedule", json!(schedule));
    let nvidia = options.get("randn_source").and_then(Value::as_str).is_none_or(|source| source != "CPU");
    put("noise_order", json!(if nvidia { "nv" } else { "cpu" }));
    let skip = options.get("CLIP_stop_at_last_layers").and_then(Value::as_i64).unwrap_or(1);
    put("clip_skip", json!(skip.clamp(1, 12)));
    if fields.has("eta") {
        put("eta", json!(fields.number("eta", 0.0, (0.0, 1.0))?));
    }
    Ok(made)
}

/// The pictures of a request as A1111 answers them.
pub(super) struct Answer {
    pub(super) pictures: Vec<StoredFile>,
    pub(super) warnings: Vec<String>,
}

impl Answer {
    /// Takes pictures and warnings of a job.
    pub(super) fn of(jobs: Vec<JobRecord>) -> Self {
        let mut answer = Self { pictures: Vec::new(), warnings: Vec::new() };
        for job in jobs {
            answer.warnings.extend(job.warnings.into_iter().map(|warning| warning.message));
            answer
                .pictures
                .extend(job.outputs.into_iter().filter(|output| output.name == "picture").map(|output| output.file));
        }
        answer.warnings.dedup();
        answer
    }

    /// Pictures, echo and `info`.
    pub(super) async fn response(
        self,
        app: &Shared,
        common: &Common,
        mut fields: Fields,
    ) -> Result<Response, ApiError> {
        fields.finish();
        fields.warnings.extend(self.warnings);
        let (mut images, mut texts) = (Vec::new(), Vec::new());
        for file in &self.pictures {
            let bytes = app.bytes(file.sha256.clone()).await?;
            texts.push(infotext(&bytes));
            images.push(base64_of(&bytes));
        }
        let info = info(common, &self.pictures, &texts, &fields);
        let mut echo = fields.all;
        if !echo.get("include_init_images").and_then(Value::as_bool).unwrap_or(false) {
            for name in ["init_images", "mask"] {
                echo.remove(name);
            }
        }
        let images = if common.sends_images { images } else { Vec::new() };
        let body = json!({"images": images, "parameters": echo, "info": info.to_string()});
        Ok(with_warnings(Json(body).into_response(), &fields.warnings))
    }
}

fn infotext(bytes: &[u8]) -> String {
    let read = inspect(bytes, "", &danqing_capability::CancelToken::default());
    read.ok().and_then(|found: Inspection| found.infotext).unwrap_or_default()
}

fn info(common: &Common, pictures: &[StoredFile], texts: &[String], fields: &Fields) -> Value {
    let of = |name: &str| common.sampling.get(name).cloned().unwrap_or_default();
    let first = common.seed.map_or(json!(-1), |seed| json!(seed));
    let seed = texts.first().and_then(|text| danqing_jobs::Infotext::parse(text).get("Seed")?.parse::<u64>().ok());
    let seed = seed.map_or(first, |seed| json!(seed));
    let every = |value: &Value| json!(vec![value; pictures.len()]);
    let seeds: Vec<Value> =
        (0..pictures.len() as u64).map(|n| seed.as_u64().map_or(json!(-1), |seed| json!(seed + n))).collect();
    let size = pictures.first().map_or((512, 512), |file| (file.width, file.height));
    json!({
        "prompt": of("prompt"), "all_prompts": every(&of("prompt")),
        "negative_prompt": of("negative_prompt"), "all_negative_prompts": every(&of("negative_prompt")),
        "seed": seed, "all_seeds": seeds, "subseed": -1, "all_subseeds": every(&json!(-1)), "subseed_strength": 0,
        "width": size.0, "height": size.1, "sampler_name": of("sampler"), "cfg_scale": of("guidance"),
        "steps": of("steps"), "batch_size": pictures.len(), "restore_faces": false, "face_restoration_model": null,
        "sd_model_name": common.engine.name(), "sd_model_hash": null, "sd_vae_name": null, "sd_vae_hash": null,
        "seed_resize_from_w": -1, "seed_resize_from_h": -1,
        "denoising_strength": fields.all.get("denoising_strength"), "extra_generation_params": {},
        "index_of_first_image": 0, "infotexts": texts, "styles": [], "job_timestamp": "0",
        "clip_skip": of("clip_skip"), "is_using_inpainting_conditioning": false,
        "version": format!("danqing {}", danqing_jobs::VERSION), "warnings": fields.warnings,
    })
}
