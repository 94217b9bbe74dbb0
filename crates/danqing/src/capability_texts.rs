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

    fn found<'a>(&'a self, find: impl Fn(&'a Chinese) -> Option<&'a String>) -> Option<String> {
        self.chinese.as_ref().and_then(find).cloned()
    }
}
