//! One look at every capability: what is true of all of them is tested for all of them, also for those to come.
// Helpers of tests fail like tests.
#![allow(clippy::expect_used, clippy::panic)]

mod support;

use std::path::Path;

use danqing_capability::{AnyCapability, CancelToken, Class, Classified, Event, Inputs, Progress};
use danqing_jobs::{AnyMediaCapability, JobRequest, Studio};
use serde_json::{Value, json};
use support::is_chinese;

fn studio() -> Studio {
    Studio::describing().expect("a studio")
}

fn ids(studio: &Studio) -> Vec<&'static str> {
    studio.registry().iter().map(AnyCapability::id).collect()
}

/// Without any input: what can be said before a picture is looked at.
fn resolved(capability: &AnyMediaCapability, params: Value, token: CancelToken) -> Result<Value, (Class, String)> {
    let mut ignore = |_| ();
    let result = capability.resolve(&Inputs::new(), params, &mut Progress::new(token, &mut ignore));
    result.map_err(|failure| (failure.class(), failure.to_string()))
}

#[test]
fn ids_are_plain_and_unique() {
    let studio = studio();
    let mut ids = ids(&studio);
    assert!(!ids.is_empty());
    for id in &ids {
        assert!(id.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{id}");
        assert!(
            ![
                "run",
                "rerun",
                "recipe",
                "png-info",
                "capabilities",
                "styles",
                "models",
                "doctor",
                "serve",
                "bench",
                "completions",
                "man",
                "docs"
            ]
            .contains(id)
        );
    }
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), studio.registry().iter().count());
}

#[test]
fn defaults_are_refused_for_missing_inputs_only() {
    for capability in studio().registry().iter() {
        for params in [json!({}), capability.default_params()] {
            if let Err((class, message)) = resolved(capability, params, CancelToken::default()) {
                // Some need a model that only the user can name.
                let is_expected = matches!(class, Class::Caller | Class::MissingModel);
                assert!(is_expected, "{}: {message}", capability.id());
                assert!(!message.contains("unknown field") && !message.contains("out of range"), "{message}");
            }
        }
    }
}

#[test]
fn schemas_are_valid_and_defaults_fit_them() {
    for capability in studio().registry().iter() {
        let schema = Value::from(capability.schema());
        assert!(jsonschema::meta::is_valid(&schema), "{}: {schema:#}", capability.id());
        let validator = jsonschema::validator_for(&schema).expect("a schema");
        let defaults = capability.default_params();
        let errors: Vec<_> = validator.iter_errors(&defaults).map(|e| e.to_string()).collect();
        assert!(errors.is_empty(), "{}: {errors:?}", capability.id());
        let unknown = json!({"no_such_parameter": 1});
        assert!(!validator.is_valid(&unknown), "{} allows unknown fields in its schema", capability.id());
    }
}

#[test]
fn unknown_parameters_are_refused_by_name() {
    for capability in studio().registry().iter() {
        let (class, message) =
            resolved(capability, json!({"no_such_parameter": 1}), CancelToken::default()).expect_err("unknown");
        assert_eq!(class, Class::Caller);
        assert!(message.contains("unknown field `no_such_parameter`"), "{}: {message}", capability.id());
    }
}

#[test]
fn every_text_is_there_in_both_languages() {
    for capability in studio().registry().iter() {
        let id = capability.id();
        let chinese: toml::Table = capability.chinese().parse().unwrap_or_else(|e| panic!("{id}: {e}"));
        let text = |table: &str, name: &str| chinese.get(table)?.get(name)?.as_str().map(str::to_owned);
        let check = |table: &str, name: &str, english: &str| {
            assert!(!english.trim().is_empty(), "{id}: {table}.{name} has no English text");
            let found = text(table, name).unwrap_or_default();
            assert!(is_chinese(&found), "{id}: {table}.{name} has no Chinese text");
        };
        assert!(is_chinese(chinese["summary"].as_str().unwrap_or_default()), "{id}: summary");
        for port in capability.inputs() {
            check("inputs", port.name, port.help);
        }
        for port in capability.outputs() {
            check("outputs", port.name, port.help);
        }
        let schema = Value::from(capability.schema());
        let properties = schema["properties"].as_object().cloned().unwrap_or_default();
        for (name, property) in &properties {
            check("params", name, property["description"].as_str().unwrap_or_default());
        }
        let known = |table: &str, names: &[&str]| {
            for name in chinese.get(table).and_then(toml::Value::as_table).into_iter().flat_map(|t| t.keys()) {
                assert!(names.contains(&name.as_str()), "{id}: {table}.{name} is a text for nothing");
            }
        };
        known("params", &properties.keys().map(String::as_str).collect::<Vec<_>>());
        known("inputs", &capability.inputs().iter().map(|p| p.name).collect::<Vec<_>>());
        known("outputs", &capability.outputs().iter().map(|p| p.name).collect::<Vec<_>>());
    }
}

/// The server takes no paths of its machine: it knows them by `x-path` (`read`, `write`).
#[test]
fn parameters_that_name_files_say_so_in_their_schema() {
    let mut marked = 0;
    for capability in studio().registry().iter() {
        let schema = Value::from(capability.schema());
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let help = property["description"].as_str().unwrap_or_default().to_lowercase();
            let words = help.split(|c: char| !c.is_alphanumeric() && c != '.');
            let is_file =
                words.into_iter().any(|w| ["file", "files", "path", "folder", "my.toml", ".safetensors"].contains(&w));
            let is_marked = property["x-path"].is_string() || property["x-file"].is_string();
            let target = property["$ref"].as_str().and_then(|at| schema.pointer(at.trim_start_matches('#')));
            let is_choice = target.is_some_and(|target| target["oneOf"].is_array() || target["enum"].is_array());
            assert!(
                !is_file || is_marked || is_choice || name.ends_with("_sha256"),
                "{}: {name}: {help}",
                capability.id()
            );
            marked += usize::from(property["x-path"].is_string());
        }
    }
    assert!(marked > 4, "{marked}");
}

#[test]
fn parameters_and_inputs_do_not_hide_general_options() {
    let general = [
        "output",
        "force",
        "format",
        "quality",
        "depth",
        "strip-metadata",
        "threads",
        "precision",
        "json",
        "quiet",
        "yes",
        "offline",
        "lang",
        "help",
        "version",
    ];
    for capability in studio().registry().iter() {
        let schema = Value::from(capability.schema());
        let mut names: Vec<_> = schema["properties"].as_object().into_iter().flat_map(|p| p.keys().cloned()).collect();
        names.extend(capability.inputs().iter().skip(1).map(|port| port.name.to_owned()));
        let options: Vec<_> = names.iter().map(|name| name.replace('_', "-")).collect();
        for (at, option) in options.iter().enumerate() {
            assert!(!general.contains(&option.as_str()), "{}: --{option} has another meaning", capability.id());
            assert!(!options[..at].contains(option), "{}: --{option} twice", capability.id());
        }
        assert!(!capability.inputs().is_empty(), "{}", capability.id());
        assert!(!capability.outputs().is_empty(), "{}", capability.id());
    }
}

/// Parameters with which each capability does real work on a 96×64 picture. A new capability adds its own.
fn sample(id: &str, folder: &Path) -> Value {
    match id {
        "erase" => json!({"rectangles": [{"x": 30, "y": 20, "width": 20, "height": 16}], "engine": "patch"}),
        "extend" => json!({"ratio": "16:9", "fill": "patch"}),
        "adjust" => json!({"edits": [{"edit": "exposure", "stops": 1.0}]}),
        "restyle" => json!({"style": "ink-wash"}),
        "upscale" => json!({"scale": 2.0, "model": "video"}),
        "cutout" => json!({"model": "general"}),
        "select" => json!({"points": [{"x": 40, "y": 30}]}),
        "reimagine" => json!({"model": support::tiny_checkpoint(folder), "prompt": "a lighthouse", "steps": 2}),
        "edit" => json!({"model": support::tiny_checkpoint(folder), "prompt": "a lighthouse", "steps": 2,
            "rectangles": [{"x": 30, "y": 20, "width": 20, "height": 16}]}),
        "blend" => json!({"model": support::tiny_checkpoint(folder), "frames": 3}),
        other => panic!("{other} has no sample: add one here"),
    }
}

/// Cancelled at its first step, after the inputs were read, nothing is written.
#[test]
fn cancel_is_honoured() {
    let folder = tempfile::tempdir().expect("folder");
    let input = folder.path().join("picture.png");
    std::fs::write(&input, support::picture(96, 64)).expect("written");
    let studio = studio();
    for capability in studio.registry().iter() {
        let output = folder.path().join(format!("{}.png", capability.id()));
        let mut inputs = json!({capability.inputs()[0].name: input});
        if capability.id() == "blend" {
            inputs["other"] = json!(input);
        }
        let request = json!({
            "capability": capability.id(), "params": sample(capability.id(), folder.path()),
            "inputs": inputs, "outputs": {capability.outputs()[0].name: output}
        });
        let request = JobRequest::from_json(&request.to_string()).expect("a request");
        let mut ignore = |_| ();
        let prepared = studio.prepare(&request, &mut Progress::new(CancelToken::default(), &mut ignore));
        let prepared = prepared.unwrap_or_else(|e| panic!("{}: {e}", capability.id()));
        let token = CancelToken::default();
        let trigger = token.clone();
        let mut steps = 0;
        let mut sink = |event| {
            steps += usize::from(matches!(event, Event::Step { .. }));
            trigger.cancel();
        };
        let failure = studio.execute(prepared, &mut Progress::new(token, &mut sink)).expect_err("cancelled");
        assert_eq!((failure.class(), steps), (Class::Cancelled, 1), "{}: {failure}", capability.id());
        assert!(!output.exists(), "{}", capability.id());
    }
}
