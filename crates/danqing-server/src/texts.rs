//! Texts of capabilities in both languages, from the capabilities themselves.

use std::collections::BTreeMap;

use danqing_capability::Port;
use danqing_jobs::AnyMediaCapability;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// What a capability carries in Chinese; see `Capability::CHINESE`.
#[derive(Default, Deserialize)]
struct Chinese {
    summary: String,
    /// A short name; the summary's place in menus.
    title: Option<String>,
    #[serde(default)]
    inputs: BTreeMap<String, String>,
    #[serde(default)]
    outputs: BTreeMap<String, String>,
    #[serde(default)]
    params: BTreeMap<String, String>,
    #[serde(default)]
    choices: BTreeMap<String, BTreeMap<String, String>>,
    #[serde(default)]
    elements: BTreeMap<String, BTreeMap<String, String>>,
    #[serde(default)]
    fields: BTreeMap<String, BTreeMap<String, String>>,
}

/// Everything that a form needs.
pub(crate) fn described(capability: &AnyMediaCapability) -> Value {
    let chinese: Chinese = toml::from_str(capability.chinese()).unwrap_or_default();
    let schema = Value::from(capability.schema());
    json!({
        "id": capability.id(),
        "version": capability.version(),
        "title": {"en": title(capability.id()), "zh": chinese.title.clone().unwrap_or_else(|| title_zh(capability.id(), &chinese.summary))},
        "summary": {"en": capability.summary(), "zh": chinese.summary},
        "inputs": ports(capability.inputs(), &chinese.inputs),
        "outputs": ports(capability.outputs(), &chinese.outputs),
        "texts": texts(&schema, &chinese),
        "schema": schema,
        "defaults": capability.default_params(),
    })
}

/// `erase` → `Erase`.
fn title(id: &str) -> String {
    let words = id.replace('-', " ");
    let mut signs = words.chars();
    signs.next().map_or_else(String::new, |first| first.to_uppercase().chain(signs).collect())
}

/// Names as Chinese image programs have them; a capability without one shows the beginning of its summary.
fn title_zh(id: &str, summary: &str) -> String {
    let known = match id {
        "erase" => "消除",
        "select" => "选取",
        "edit" => "局部重绘",
        "blend" => "融合",
        "extend" => "扩图",
        "restyle" => "风格化",
        "reimagine" => "重绘",
        "cutout" => "抠图",
        "upscale" => "放大",
        "adjust" => "调整",
        _ => return summary.split(['，', '：', '；', '、']).next().unwrap_or_default().chars().take(8).collect(),
    };
    known.to_owned()
}

fn ports(ports: &[Port], chinese: &BTreeMap<String, String>) -> Value {
    let described = |port: &Port| {
        let zh = chinese.get(port.name).map_or(port.help, String::as_str);
        json!({"name": port.name, "kind": port.kind, "arity": port.arity, "help": {"en": port.help, "zh": zh}})
    };
    ports.iter().map(described).collect()
}

/// By parameter, `parameter.value`, for objects `parameter.field`, and for lists `parameter.kind`, `parameter.kind.field`,
/// ….
fn texts(schema: &Value, chinese: &Chinese) -> Value {
    let mut texts = Map::new();
    let description = |value: &Value| {
        let text = value["description"].as_str().unwrap_or_default();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let en = description(property);
        let zh = chinese.params.get(name).cloned().unwrap_or_else(|| en.clone());
        texts.insert(name.clone(), json!({"en": en, "zh": zh}));
    }
    for (name, more) in chinese.choices.iter().chain(&chinese.elements).chain(&chinese.fields) {
        for (path, zh) in more {
            texts.insert(format!("{name}.{path}"), json!({"zh": zh}));
        }
    }
    Value::Object(texts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use danqing_jobs::Studio;

    #[test]
    fn every_capability_has_a_title_and_texts_in_both_languages() {
        for capability in Studio::describing().expect("a studio").registry().iter() {
            let described = described(capability);
            let id = capability.id();
            assert!(is_chinese(&described["title"]["zh"]) && is_chinese(&described["summary"]["zh"]), "{id}");
            for port in described["inputs"].as_array().expect("a list") {
                assert!(is_chinese(&port["help"]["zh"]), "{id}: {port}");
            }
            for name in described["schema"]["properties"].as_object().expect("properties").keys() {
                let text = &described["texts"][name];
                assert!(is_chinese(&text["zh"]) && !text["en"].as_str().expect("en").is_empty(), "{id}: {name}");
            }
        }
    }

    /// Follows `$ref`, and takes `null` out of the alternatives.
    fn resolved<'a>(schema: &'a Value, definitions: &'a Value) -> &'a Value {
        if let Some(at) = schema["$ref"].as_str() {
            return resolved(&definitions[at.trim_start_matches("#/$defs/")], definitions);
        }
        let alternatives = schema["anyOf"].as_array().into_iter().flatten().filter(|one| one["type"] != "null");
        match alternatives.collect::<Vec<_>>()[..] {
            [only] => resolved(only, definitions),
            _ => schema,
        }
    }

    /// Everything below a field that its form shows a text for, as the page looks it up: values that are described, fields
    /// of objects and of the elements of lists.
    fn paths(schema: &Value, definitions: &Value, path: &str, found: &mut Vec<String>) {
        let schema = resolved(schema, definitions);
        let elements = resolved(&schema["items"], definitions);
        for described in [schema, elements] {
            for one in described["oneOf"].as_array().into_iter().flatten() {
                if let Some(value) = one["const"].as_str() {
                    found.extend(one["description"].is_string().then(|| format!("{path}.{value}")));
                }
                let tag = one["properties"].as_object().into_iter().flatten().find_map(|(_, p)| p["const"].as_str());
                if let Some(tag) = tag {
                    found.push(format!("{path}.{tag}"));
                    fields(one, definitions, &format!("{path}.{tag}"), found);
                }
            }
            fields(described, definitions, path, found);
        }
    }

    fn fields(schema: &Value, definitions: &Value, path: &str, found: &mut Vec<String>) {
        for (name, field) in schema["properties"].as_object().into_iter().flatten() {
            if field["const"].is_null() {
                found.push(format!("{path}.{name}"));
                paths(field, definitions, &format!("{path}.{name}"), found);
            }
        }
    }

    #[test]
    fn no_help_is_missing_in_chinese_and_no_text_is_for_nothing() {
        let mut wrong = Vec::new();
        for capability in Studio::describing().expect("a studio").registry().iter() {
            let described = described(capability);
            let (schema, texts) = (&described["schema"], described["texts"].as_object().expect("texts"));
            let mut wanted = Vec::new();
            for (name, field) in schema["properties"].as_object().expect("properties") {
                wanted.push(name.clone());
                paths(field, &schema["$defs"], name, &mut wanted);
            }
            let is_there = |path: &String| texts.get(path).is_some_and(|text| is_chinese(&text["zh"]));
            let missing = wanted.iter().filter(|path| !is_there(path)).map(|path| format!("{path} is missing"));
            let unused =
                texts.keys().filter(|path| !wanted.contains(path)).map(|path| format!("{path} is for nothing"));
            wrong.extend(missing.chain(unused).map(|what| format!("{}: {what}", capability.id())));
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    fn is_chinese(text: &Value) -> bool {
        text.as_str().is_some_and(|text| text.chars().any(|c| c > '\u{2e80}'))
    }
}
