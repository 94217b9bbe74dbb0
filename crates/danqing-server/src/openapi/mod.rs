//! The OpenAPI document of the native API: parameters from the registry, bodies and answers from the types that the
//! routes use, addresses from one table beside them.

mod paths;

use axum::Json;
use axum::extract::State;
use danqing_capability::{AnyCapability, Arity, Port};
use danqing_jobs::queue::{Board, QueueView, Submission};
use danqing_jobs::{AnyMediaCapability, Encoding, Registry};
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::Shared;
use crate::routes::native;
use crate::view::{FileView, JobView};

/// The document for these capabilities.
#[must_use]
pub fn document(capabilities: &Registry) -> Value {
    let ids: Vec<_> = capabilities.iter().map(AnyCapability::id).collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "danqing",
            "version": danqing_jobs::VERSION,
            "description": "Pictures in, better pictures out: upload, add a job, hear how it goes, fetch what it made.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/api/v1"}],
        "security": [{}, {"bearer": []}, {"basic": []}, {"cookie": []}],
        "paths": paths::paths(&ids),
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "basic": {"type": "http", "scheme": "basic", "description": "Any user, the token as password."},
                "cookie": {"type": "apiKey", "in": "cookie", "name": crate::guard::COOKIE},
            },
            "schemas": schemas(capabilities),
        },
    })
}

/// `GET /api/v1/openapi.json`.
pub(crate) async fn route(State(app): State<Shared>) -> Json<Value> {
    Json(document(app.studio().registry()))
}

fn schemas(capabilities: &Registry) -> Map<String, Value> {
    let settings = SchemaSettings::draft2020_12().with(|s| s.definitions_path = "/components/schemas".into());
    let mut generator = settings.into_generator();
    // What is asked for here comes with everything it is made of.
    for _ in [
        generator.subschema_for::<JobView>(),
        generator.subschema_for::<FileView>(),
        generator.subschema_for::<Encoding>(),
        generator.subschema_for::<Submission>(),
        generator.subschema_for::<Board>(),
        generator.subschema_for::<QueueView>(),
        generator.subschema_for::<native::Changes>(),
        generator.subschema_for::<native::Move>(),
        generator.subschema_for::<native::Title>(),
    ] {}
    let mut schemas = generator.take_definitions(true);
    for capability in capabilities.iter() {
        add_params(&mut schemas, capability);
        schemas.insert(format!("job.{}", capability.id()), submission(capability));
    }
    let one_of: Vec<_> =
        capabilities.iter().map(|c| json!({"$ref": format!("#/components/schemas/job.{}", c.id())})).collect();
    let mapping: Map<_, _> = capabilities
        .iter()
        .map(|c| (c.id().to_owned(), json!(format!("#/components/schemas/job.{}", c.id()))))
        .collect();
    let discriminator = json!({"propertyName": "capability", "mapping": mapping});
    schemas.insert("JobRequest".to_owned(), json!({"oneOf": one_of, "discriminator": discriminator}));
    schemas.insert("Error".to_owned(), error());
    schemas
}

fn error() -> Value {
    let text = |what: &str| json!({"type": "string", "description": what});
    json!({
        "type": "object",
        "required": ["error"],
        "properties": {"error": {
            "type": "object",
            "required": ["code", "message", "request_id"],
            "properties": {
                "code": text("Stable identifier."),
                "message": text("For people, in the language of Accept-Language: en or zh."),
                "field": text("The field of the request that is wrong."),
                "expected": text("What was expected."),
                "actual": text("What there was."),
                "hint": text("A way out."),
                "request_id": text("Stands in the log too."),
            },
        }},
    })
}

/// The capability's parameters; its own definitions get names of their own.
fn add_params(schemas: &mut Map<String, Value>, capability: &AnyMediaCapability) {
    let prefix = format!("params.{}", capability.id());
    let mut schema = Value::from(capability.schema());
    let definitions = schema.as_object_mut().and_then(|own| {
        own.remove("$schema");
        own.remove("$defs")
    });
    for (name, mut definition) in definitions.as_ref().and_then(Value::as_object).cloned().into_iter().flatten() {
        rename(&mut definition, &prefix);
        schemas.insert(format!("{prefix}.{name}"), definition);
    }
    rename(&mut schema, &prefix);
    schemas.insert(prefix, schema);
}

/// `#/$defs/X` → `#/components/schemas/PREFIX.X`, everywhere inside.
fn rename(value: &mut Value, prefix: &str) {
    match value {
        Value::Object(all) => {
            for (name, value) in all {
                match value {
                    Value::String(text) if name == "$ref" => {
                        if let Some(own) = text.strip_prefix("#/$defs/") {
                            *text = format!("#/components/schemas/{prefix}.{own}");
                        }
                    }
                    value => rename(value, prefix),
                }
            }
        }
        Value::Array(all) => all.iter_mut().for_each(|value| rename(value, prefix)),
        _ => {}
    }
}

/// A job of this capability, as it is asked for.
fn submission(capability: &AnyMediaCapability) -> Value {
    let inputs: Map<_, _> = capability.inputs().iter().map(|port| (port.name.to_owned(), input(port))).collect();
    let required: Vec<_> =
        capability.inputs().iter().filter(|port| port.arity == Arity::One).map(|port| port.name).collect();
    let mut must = vec!["capability"];
    if !required.is_empty() {
        must.push("inputs");
    }
    json!({
        "type": "object",
        "description": capability.summary(),
        "required": must,
        "additionalProperties": false,
        "properties": {
            "capability": {"const": capability.id()},
            "params": {"$ref": format!("#/components/schemas/params.{}", capability.id())},
            "inputs": {"type": "object", "properties": inputs, "required": required, "additionalProperties": false},
            "encoding": {"$ref": "#/components/schemas/Encoding"},
            "priority": {"type": "integer", "format": "int32", "minimum": i32::MIN, "maximum": i32::MAX},
            "title": {"type": ["string", "null"], "maxLength": 200},
            "board": {"type": ["string", "null"], "description": "Id of a board."},
        },
    })
}

fn input(port: &Port) -> Value {
    let one = json!({"type": "string", "pattern": "^[0-9a-f]{64}$", "description": "sha256 of an uploaded file"});
    let most = if port.arity == Arity::Many { json!({}) } else { json!({"maxItems": 1}) };
    let mut many = json!({"type": "array", "items": one.clone()});
    if let (Some(many), Some(most)) = (many.as_object_mut(), most.as_object()) {
        many.extend(most.clone());
        if port.arity == Arity::One {
            many.insert("minItems".to_owned(), json!(1));
        }
    }
    json!({"description": port.help, "anyOf": [one, many]})
}

#[cfg(test)]
mod tests {
    use super::*;
    use danqing_jobs::Studio;

    fn references(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(all) => {
                found.extend(all.get("$ref").and_then(Value::as_str).map(str::to_owned));
                all.values().for_each(|value| references(value, found));
            }
            Value::Array(all) => all.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let studio = Studio::describing().expect("a studio");
        let document = document(studio.registry());
        let mut found = Vec::new();
        references(&document, &mut found);
        assert!(found.len() > 50, "{}", found.len());
        for reference in found {
            let pointer = reference.strip_prefix('#').expect("inside");
            assert!(document.pointer(pointer).is_some(), "{reference}");
        }
    }

    #[test]
    fn schemas_are_the_registry_s() {
        let studio = Studio::describing().expect("a studio");
        let document = document(studio.registry());
        for capability in studio.registry().iter() {
            let schema = Value::from(capability.schema());
            let own = &document["components"]["schemas"][format!("params.{}", capability.id())];
            let names =
                |value: &Value| value["properties"].as_object().map(|all| all.keys().cloned().collect::<Vec<_>>());
            assert_eq!(names(own), names(&schema), "{}", capability.id());
        }
    }
}
