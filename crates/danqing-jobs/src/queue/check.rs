//! What can be refused without looking at pixels: names, types, ranges, inputs, paths.

use std::collections::BTreeMap;
use std::path::{Component, Path};

use danqing_capability::{Class, Failure};
use danqing_weights::UserModel;
use serde_json::{Map, Value};

use super::error::Error;
use super::record::Submission;
use super::submit::TITLE_LENGTH;
use crate::content::StoredFile;
use crate::plain_words::plain;
use crate::{AnyMediaCapability, JobRequest, Place, Places, Studio, files};

/// Kinds of the user's model files that a parameter may name.
const KINDS: [UserModel; 4] = [UserModel::Checkpoint, UserModel::Unet, UserModel::Autoencoder, UserModel::Preview];

/// Refuses what is wrong with the request itself, naming the field.
pub(super) fn check(
    studio: &Studio,
    submission: &Submission,
    inputs: &BTreeMap<String, Vec<StoredFile>>,
) -> Result<(), Error> {
    let capability = studio.registry().get(&submission.capability).map_err(Failure::from_error)?;
    let request = named(submission, inputs);
    request.check_inputs(capability.id(), capability.inputs()).map_err(Failure::from_error)?;
    files::decided(&submission.encoding, &Place::File("x.png".into()))?;
    if submission.title.as_deref().is_some_and(|title| title.chars().count() > TITLE_LENGTH) {
        return Err(field("title", format!("longer than {TITLE_LENGTH} signs")));
    }
    let schema = Value::from(capability.schema());
    for (name, value) in &submission.params {
        // Some parameters are for recipes only, such as the text of a preset's file.
        if schema["properties"][name].is_null() {
            return Err(field(name, format!("{}: unknown field `{name}`", capability.id())));
        }
        check_range(&schema, name, value)?;
        check_path(studio, &schema, name, value)?;
    }
    typed(capability, &submission.params)
}

/// The request with names in place of paths, as recipes and messages show it.
fn named(submission: &Submission, inputs: &BTreeMap<String, Vec<StoredFile>>) -> JobRequest {
    let places = |files: &Vec<StoredFile>| files.iter().map(|f| Place::File(f.name.clone().into())).collect();
    JobRequest {
        capability: submission.capability.clone(),
        params: submission.params.clone(),
        inputs: inputs.iter().map(|(port, files)| (port.clone(), Places::Many(places(files)))).collect(),
        encoding: submission.encoding.clone(),
        ..JobRequest::default()
    }
}

fn field(name: &str, message: impl Into<String>) -> Error {
    Error::Field { field: name.to_owned(), message: message.into() }
}

/// Parameters of the right names and types; the message of the capability's own parser.
fn typed(capability: &AnyMediaCapability, params: &Map<String, Value>) -> Result<(), Error> {
    let Err(failure) = capability.models(&Value::Object(params.clone())) else { return Ok(()) };
    let failure = plain(failure);
    let message = failure.to_string();
    let message = message.strip_prefix(&format!("{}: ", capability.id())).unwrap_or(&message);
    let named = message.split('`').nth(1).filter(|_| message.contains("field `"));
    // Types are the parser's; which value has the wrong one is found by leaving each out.
    let culprit = params.keys().find(|name| {
        let rest: Map<_, _> = params.iter().filter(|(n, _)| n != name).map(|(n, v)| (n.clone(), v.clone())).collect();
        capability.models(&Value::Object(rest)).is_ok()
    });
    match culprit.map(String::as_str).or(named) {
        Some(name) => Err(field(name, message)),
        None => Err(failure.into()),
    }
}

/// Numbers within the bounds that the schema states.
fn check_range(schema: &Value, name: &str, value: &Value) -> Result<(), Error> {
    let property = &schema["properties"][name];
    let Some(number) = value.as_f64() else { return Ok(()) };
    let bound = |key: &str| property[key].as_f64();
    let expected = match (bound("minimum"), bound("maximum")) {
        (Some(low), Some(high)) if number < low || number > high => format!("{low} to {high}"),
        (Some(low), None) if number < low => format!("at least {low}"),
        (None, Some(high)) if number > high => format!("at most {high}"),
        _ => return Ok(()),
    };
    Err(field(name, format!("{value} is out of range (expected {expected})")))
}

/// A request from outside names no files of this machine: a model is a name in the folder of checkpoints, and nothing is
/// written but outputs.
fn check_path(studio: &Studio, schema: &Value, name: &str, value: &Value) -> Result<(), Error> {
    let kind = schema["properties"][name]["x-path"].as_str();
    match (kind, value) {
        (Some("write"), value) if !value.is_null() => Err(field(name, "files are not written over the network")),
        (Some(_), Value::String(text)) => check_name(studio, schema, name, text),
        // Of a list, each; what follows a colon is how much it counts.
        (Some(_), Value::Array(all)) => {
            let texts = all.iter().filter_map(Value::as_str);
            texts
                .map(|text| text.split(':').next().unwrap_or(text))
                .try_for_each(|text| check_name(studio, schema, name, text))
        }
        // What is wanted is for people: a slash in it means nothing.
        (None, value) if !name.contains("prompt") && holds_path(value) => {
            Err(field(name, "paths of this machine are not taken over the network"))
        }
        _ => Ok(()),
    }
}

/// A parameter that may name a file has to name one that is known.
fn check_name(studio: &Studio, schema: &Value, name: &str, text: &str) -> Result<(), Error> {
    let known = names(studio, schema, name);
    if text.is_empty() || known.iter().any(|one| one == text) {
        return Ok(());
    }
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    Err(field(name, format!("{text:?} is not known here (there are {known}); paths are not taken")))
}

/// What a parameter that may name a file can name from outside: its own words, styles, checkpoints.
fn names(studio: &Studio, schema: &Value, name: &str) -> Vec<String> {
    let property = &schema["properties"][name];
    let alternatives = property["anyOf"].as_array().into_iter().flatten();
    let words = std::iter::once(property).chain(alternatives).flat_map(|one| {
        let target = one["$ref"].as_str().and_then(|at| schema.pointer(at.trim_start_matches('#'))).unwrap_or(one);
        target["examples"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned)
    });
    let styles = if name == "style" { studio.styles() } else { Vec::new() };
    let files = KINDS.into_iter().flat_map(|kind| studio.store().user_models(kind));
    let files =
        files.flat_map(|path| [path.file_name().map(ToOwned::to_owned), path.file_stem().map(ToOwned::to_owned)]);
    let files = files.flatten().filter_map(|name| name.into_string().ok());
    words.chain(styles.into_iter().map(|style| style.id)).chain(studio.checkpoints()).chain(files).collect()
}

/// Whether a text in the value leads out of where it stands, or names a file that is there.
fn holds_path(value: &Value) -> bool {
    match value {
        Value::String(text) => {
            let path = Path::new(text);
            let leads_out = path.is_absolute() || path.components().any(|part| part == Component::ParentDir);
            leads_out || text.starts_with('~') || path.is_file()
        }
        Value::Array(all) => all.iter().any(holds_path),
        Value::Object(all) => all.values().any(holds_path),
        _ => false,
    }
}

impl Studio {
    /// The parameters with names of checkpoints as the paths of their files.
    pub(crate) fn with_checkpoints(&self, capability: &AnyMediaCapability, mut params: Value) -> Value {
        let schema = Value::from(capability.schema());
        for (name, value) in params.as_object_mut().into_iter().flatten() {
            if schema["properties"][name.as_str()]["x-path"] == "read"
                && let Some(path) = value.as_str().and_then(|text| self.checkpoint(text))
            {
                *value = path.to_string_lossy().into();
            }
        }
        params
    }

    /// Folder of the checkpoints that requests from outside may name.
    #[must_use]
    pub fn checkpoints_folder(&self) -> std::path::PathBuf {
        self.store_folder().join("checkpoints")
    }

    /// Names of the checkpoints that requests from outside may name.
    #[must_use]
    pub fn checkpoints(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.checkpoints_folder()).into_iter().flatten().flatten();
        let mut names: Vec<_> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        names.retain(|name| !name.starts_with('.'));
        names.sort();
        names
    }

    /// The checkpoint of that name.
    fn checkpoint(&self, name: &str) -> Option<std::path::PathBuf> {
        self.checkpoints().contains(&name.to_owned()).then(|| self.checkpoints_folder().join(name))
    }

    /// A message without the folders of this machine.
    #[must_use]
    pub fn discreet(&self, message: &str) -> String {
        let folder = |path: std::path::PathBuf| format!("{}{}", path.display(), std::path::MAIN_SEPARATOR);
        let of_user = KINDS.into_iter().flat_map(|kind| self.store().user_folders(kind));
        let of_user = of_user.chain([self.checkpoints_folder()]);
        let message = of_user.fold(message.to_owned(), |message, path| message.replace(&folder(path), ""));
        let message = message.replace(&folder(self.store_folder()), "DANQING_HOME/");
        std::env::current_dir().map_or(message.clone(), |here| message.replace(&folder(here), ""))
    }

    /// Refuses a job that needs more memory than there is, where its capability can tell.
    pub(crate) fn refuse_what_does_not_fit(&self, prepared: &crate::Prepared) -> Result<(), Failure> {
        let capability = self.registry().get(&prepared.job.capability)?;
        let needed = capability.memory_bytes(&prepared.inputs, &prepared.job.params);
        let (Some(needed), Some(available)) = (needed, self.diagnosis().memory_available) else { return Ok(()) };
        if needed <= available {
            return Ok(());
        }
        let megabytes = |bytes: u64| bytes.div_ceil(1 << 20);
        let message =
            format!("the job needs {} MiB of memory, {} MiB are free", megabytes(needed), megabytes(available));
        let failure = Failure::new(Class::Limit, message);
        Err(failure.with_hint("end other programs, or try a smaller picture"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn studio() -> Studio {
        Studio::describing().expect("a studio")
    }

    #[expect(clippy::needless_pass_by_value, reason = "made for each call")]
    fn refused(capability: &str, params: Value) -> String {
        let params = params.as_object().cloned().unwrap_or_default();
        let submission = Submission { capability: capability.to_owned(), params, ..Submission::default() };
        let file = StoredFile {
            sha256: "0".repeat(64),
            name: "江雪.png".to_owned(),
            media_type: "image/png".to_owned(),
            width: 4,
            height: 4,
            bytes: 9,
            recipe: false,
        };
        let inputs = BTreeMap::from([("picture".to_owned(), vec![file])]);
        check(&studio(), &submission, &inputs).map_or_else(|e| e.to_string(), |()| String::new())
    }

    #[test]
    fn the_field_that_is_wrong_is_named() {
        let cases = [
            ("adjust", json!({"exposure": 11}), "exposure: 11 is out of range (expected -10 to 10)"),
            ("adjust", json!({"exposur": 1}), "exposur: adjust: unknown field `exposur`"),
            ("restyle", json!({"preset": {}}), "preset: restyle: unknown field `preset`"),
            ("adjust", json!({"exposure": 1, "contrast": "a"}), "contrast: invalid type"),
            ("erase", json!({"grow": 1, "engine": "magic"}), "engine: unknown variant `magic`"),
            ("adjust", json!({"exposure": 1}), ""),
        ];
        for (capability, params, message) in cases {
            let refused = refused(capability, params);
            assert!(refused.starts_with(message) && message.is_empty() == refused.is_empty(), "{refused}");
        }
        assert!(refused("magic", json!({})).starts_with("there is no capability named \"magic\""));
    }

    #[test]
    fn no_request_from_outside_names_a_file_of_this_machine() {
        let here = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        let cases = [
            ("upscale", json!({"model": here})),
            ("upscale", json!({"model": "../x.pth"})),
            ("upscale", json!({"model": "Cargo.toml"})),
            ("upscale", json!({"second": "a\\b.pth"})),
            ("reimagine", json!({"model": "none"})),
            ("cutout", json!({"model": "/etc/passwd"})),
            ("reimagine", json!({"model": "~/x.safetensors"})),
            ("reimagine", json!({"unet": "/x/unet.gguf"})),
            ("reimagine", json!({"noise": "./x.safetensors"})),
            ("reimagine", json!({"dump_latents": "x.safetensors"})),
            ("restyle", json!({"style": "/etc/my.toml"})),
            ("adjust", json!({"edits": [{"edit": "x", "file": "../../a"}]})),
        ];
        for (capability, params) in cases {
            let message = refused(capability, params.clone());
            let is_refused = message.contains("paths are not taken") || message.contains("over the network");
            assert!(is_refused, "{capability} {params}: {message}");
        }
        for (capability, params) in [
            ("upscale", json!({"model": "x4plus"})),
            ("upscale", json!({"second": "anime"})),
            ("cutout", json!({"model": "portrait"})),
            ("restyle", json!({"style": "ink-wash"})),
            ("reimagine", json!({"prompt": "/a/../b ~ and/or"})),
        ] {
            assert_eq!(refused(capability, params.clone()), "", "{capability} {params}");
        }
    }
}
