//! `InvokeAI`: the PNG text `invokeai_metadata`, a JSON object (`CoreMetadata` of invokeai/app/invocations/metadata.py).

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{Generation, Texts};

/// Keys that have a word of their own, or say nothing about the result.
const READ: [&str; 14] = [
    "positive_prompt",
    "negative_prompt",
    "width",
    "height",
    "seed",
    "rand_device",
    "cfg_scale",
    "steps",
    "scheduler",
    "clip_skip",
    "model",
    "strength",
    "generation_mode",
    "app_version",
];

/// The settings, if the file holds such a text.
pub(super) fn read(texts: &Texts<'_>) -> Option<Generation> {
    let Value::Object(metadata) = texts.json("invokeai_metadata")? else { return None };
    let text = |name: &str| metadata.get(name).and_then(Value::as_str).map(str::to_owned);
    let whole = |name: &str| metadata.get(name).and_then(Value::as_u64);
    let number = |name: &str| metadata.get(name).and_then(Value::as_f64);
    let scheduler = text("scheduler");
    let (sampler, schedule) = scheduler.as_deref().map_or((None, None), names);
    let model = metadata.get("model");
    let of_model = |key: &str| model.and_then(|model| model.get(key)).and_then(Value::as_str).map(str::to_owned);
    Some(Generation {
        prompt: text("positive_prompt").unwrap_or_default(),
        negative_prompt: text("negative_prompt").unwrap_or_default(),
        steps: whole("steps"),
        sampler,
        schedule,
        guidance: number("cfg_scale"),
        seed: whole("seed"),
        noise_order: text("rand_device").map(|device| if device == "cpu" { "cpu" } else { "nv" }),
        width: whole("width"),
        height: whole("height"),
        strength: number("strength").filter(|_| is_from_picture(&metadata)),
        clip_skip: whole("clip_skip").map(|skipped| skipped + 1),
        model: of_model("name").or_else(|| of_model("model_name")),
        model_hash: of_model("hash"),
        others: others(&metadata),
    })
}

/// Without a mode, what names a picture to start from.
fn is_from_picture(metadata: &Map<String, Value>) -> bool {
    match metadata.get("generation_mode").and_then(Value::as_str) {
        Some(mode) => !mode.contains("txt2img"),
        None => metadata.contains_key("init_image"),
    }
}

/// `dpmpp_2m_k` is DPM++ 2M on Karras' levels; without the ending, levels are spaced as diffusers' "leading".
fn names(scheduler: &str) -> (Option<String>, Option<String>) {
    let (sampler, schedule) = match scheduler.strip_suffix("_k") {
        Some(sampler) => (sampler, Some("karras")),
        None if matches!(scheduler, "lcm" | "tcd") => (scheduler, None),
        None => (scheduler, Some("leading")),
    };
    (Some(sampler.to_owned()), schedule.map(str::to_owned))
}

fn others(metadata: &Map<String, Value>) -> BTreeMap<String, String> {
    let says_something = |value: &Value| match value {
        Value::Null => false,
        Value::Array(elements) => !elements.is_empty(),
        Value::Bool(is_set) => *is_set,
        _ => true,
    };
    let left = metadata.iter().filter(|(name, value)| !READ.contains(&name.as_str()) && says_something(value));
    left.map(|(name, value)| (name.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned))).collect()
}
