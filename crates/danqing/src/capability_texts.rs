//! Help texts of a capability in the chosen language.

use std::collections::BTreeMap;

use danqing_capability::Port;
use danqing_jobs::AnyMediaCapability;
use serde::Deserialize;

use crate::form::Field;
use crate::language::Language;

/// The Chinese texts that a capability carries; see `Capability::CHINESE`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Chinese {
    /// One line for help.
    pub summary: String,
    /// By input name.
    #[serde(default)]
    pub inputs: BTreeMap<String, String>,
    /// By output name.
    #[serde(default)]
    pub outputs: BTreeMap<String, String>,
    /// By parameter name.
    #[serde(default)]
    pub params: BTreeMap<String, String>,
    /// By parameter name, then by value.
    #[serde(default)]
    pub choices: BTreeMap<String, BTreeMap<String, String>>,
    /// By name of a list, then by kind of element, `kind.field` or `kind.field.value`.
    #[serde(default)]
    pub elements: BTreeMap<String, BTreeMap<String, String>>,
    /// By name of a parameter that is an object or a list of plain objects, then by `field` or `field.value`; forms show
    /// them.
    #[serde(default)]
    #[allow(dead_code, reason = "the command line shows such a parameter as one")]
    pub fields: BTreeMap<String, BTreeMap<String, String>>,
}

/// Texts of one capability in one language; English where a Chinese one is missing.
pub(crate) struct CapabilityTexts {
    summary: &'static str,
    chinese: Option<Chinese>,
}

impl CapabilityTexts {
    /// Reads the capability's own texts.
    pub(crate) fn new(capability: &AnyMediaCapability, language: Language) -> Self {
        let chinese = match language {
            Language::English => None,
            Language::Chinese => toml::from_str(capability.chinese()).ok(),
        };
        Self { summary: capability.summary(), chinese }
    }

    /// One line.
    pub(crate) fn summary(&self) -> String {
        self.chinese.as_ref().map_or_else(|| self.summary.to_owned(), |c| c.summary.clone())
    }

    /// Of an input.
    pub(crate) fn input(&self, port: &Port) -> String {
        self.found(|c| c.inputs.get(port.name)).unwrap_or_else(|| port.help.to_owned())
    }

    /// Of an output.
    pub(crate) fn output(&self, port: &Port) -> String {
        self.found(|c| c.outputs.get(port.name)).unwrap_or_else(|| port.help.to_owned())
    }

    /// Of a parameter.
    pub(crate) fn parameter(&self, field: &Field) -> String {
        self.found(|c| c.params.get(&field.name)).unwrap_or_else(|| field.help.clone())
    }

    /// Of one value of a parameter, where there is a text.
    pub(crate) fn choice(&self, field: &Field, value: &str) -> Option<String> {
        self.found(|c| c.choices.get(&field.name)?.get(value))
    }

    /// Of a kind of element, of a field of it, or of a value of that field; `english` where there is no other text.
    pub(crate) fn element(&self, list: &Field, path: &[&str], english: &str) -> String {
        self.found(|c| c.elements.get(&list.name)?.get(&path.join("."))).unwrap_or_else(|| english.to_owned())
    }

    fn found<'a>(&'a self, find: impl Fn(&'a Chinese) -> Option<&'a String>) -> Option<String> {
        self.chinese.as_ref().and_then(find).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::form::{Kind, fields, variants};
    use danqing_jobs::Studio;
    use serde_json::Value;

    /// Every kind of element, field of it and value of that field, as paths.
    fn paths(schema: &Value, list: &Field) -> Vec<String> {
        let mut paths = Vec::new();
        for variant in variants(schema, &list.name) {
            paths.push(variant.name.clone());
            for field in &variant.fields {
                paths.push(format!("{}.{}", variant.name, field.name));
                let Kind::Choice(choices) = &field.kind else { continue };
                paths.extend(choices.iter().map(|choice| format!("{}.{}.{}", variant.name, field.name, choice.name)));
            }
        }
        paths.sort();
        paths
    }

    #[test]
    fn every_element_of_a_list_has_a_chinese_text_and_no_text_is_for_nothing() {
        let mut lists = 0;
        for capability in Studio::describing().expect("a studio").registry().iter() {
            let chinese: Chinese =
                toml::from_str(capability.chinese()).unwrap_or_else(|e| panic!("{}: {e}", capability.id()));
            let schema = Value::from(capability.schema());
            for list in fields(&schema) {
                let expected = paths(&schema, &list);
                let found: Vec<_> = chinese.elements.get(&list.name).into_iter().flat_map(|t| t.keys()).collect();
                assert_eq!(found, expected.iter().collect::<Vec<_>>(), "{}: {}", capability.id(), list.name);
                lists += usize::from(!expected.is_empty());
            }
        }
        assert!(lists > 0, "no capability has a list of elements: the test sees nothing");
    }
}
