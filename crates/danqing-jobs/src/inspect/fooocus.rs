//! Fooocus: the text `parameters` in the scheme that `fooocus_scheme` names; in JPEG and WebP the EXIF comment and maker
//! note (lllyasviel/Fooocus `modules/meta_parser.py`).

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{Generation, Infotext, Texts};

/// Keys that have a word of their own, or say nothing about the result.
const READ: [&str; 16] = [
    "prompt",
    "negative_prompt",
    "full_prompt",
    "full_negative_prompt",
    "steps",
    "resolution",
    "guidance_scale",
    "sampler",
    "scheduler",
    "seed",
    "base_model",
    "base_model_hash",
    "version",
    "metadata_scheme",
    "created_by",
    "clip_skip",
];

/// The settings, if the file says that Fooocus made it.
pub(super) fn read(texts: &Texts<'_>, infotext: Option<&Infotext>) -> Option<Generation> {
    let scheme = texts.get("fooocus_scheme").or_else(|| texts.get("MakerNote"))?;
    match scheme {
        "fooocus" => {
            let said = texts.json("parameters").or_else(|| texts.json("UserComment"))?;
            Some(of_json(said.as_object()?))
        }
        "a1111" => infotext.map(|text| Generation { noise_order: Some("cpu"), ..text.generation() }),
        _ => None,
    }
}

fn of_json(said: &Map<String, Value>) -> Generation {
    let text = |name: &str| said.get(name).and_then(text_of);
    let size = text("resolution").and_then(|text| size_of(&text));
    Generation {
        prompt: joined(said, "full_prompt").or_else(|| text("prompt")).unwrap_or_default(),
        negative_prompt: joined(said, "full_negative_prompt").or_else(|| text("negative_prompt")).unwrap_or_default(),
        steps: number(said, "steps"),
        sampler: text("sampler"),
        schedule: text("scheduler"),
        guidance: number(said, "guidance_scale"),
        seed: number(said, "seed"),
        noise_order: Some("cpu"),
        width: size.map(|size| size.0),
        height: size.map(|size| size.1),
        strength: None,
        clip_skip: number(said, "clip_skip"),
        model: text("base_model"),
        model_hash: text("base_model_hash"),
        others: others(said),
    }
}

/// The prompt with what styles added to it: a list of parts.
fn joined(said: &Map<String, Value>, name: &str) -> Option<String> {
    let parts: Vec<_> = said.get(name)?.as_array()?.iter().filter_map(Value::as_str).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// Numbers stand as numbers or as texts.
fn number<T: std::str::FromStr>(said: &Map<String, Value>, name: &str) -> Option<T> {
    said.get(name).and_then(text_of)?.parse().ok()
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// `(1152, 896)`
fn size_of(text: &str) -> Option<(u64, u64)> {
    let (width, height) = text.trim_matches(['(', ')', '[', ']']).split_once(',')?;
    Some((width.trim().parse().ok()?, height.trim().parse().ok()?))
}

fn others(said: &Map<String, Value>) -> BTreeMap<String, String> {
    let says_something = |value: &Value| match value {
        Value::Null => false,
        Value::Array(elements) => !elements.is_empty(),
        Value::String(text) => !matches!(text.as_str(), "" | "None" | "[]"),
        _ => true,
    };
    let left = said.iter().filter(|(name, value)| !READ.contains(&name.as_str()) && says_something(value));
    left.map(|(name, value)| (name.clone(), text_of(value).unwrap_or_else(|| value.to_string()))).collect()
}
