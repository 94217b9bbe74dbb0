//! Named inputs and outputs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What kind of medium a port takes or gives; fronts choose file dialogs and decoders by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Kind {
    /// A still picture.
    Picture,
    /// A picture whose white says where to change.
    Mask,
}

/// How many media a port takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Arity {
    /// Exactly one.
    One,
    /// One or none.
    Optional,
    /// Any number.
    Many,
}

/// One named input or output of a capability.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Port {
    /// Name in requests and, for inputs other than the first, the command-line option.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// How many.
    pub arity: Arity,
    /// One sentence for help and docs.
    pub help: &'static str,
}

/// Media by name, in the order given.
#[derive(Clone, Debug)]
pub struct Inputs<M>(Vec<(String, M)>);

impl<M> Default for Inputs<M> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<M> Inputs<M> {
    /// No inputs.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one more under `name`.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, medium: M) -> Self {
        self.0.push((name.into(), medium));
        self
    }

    /// First medium of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&M> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, m)| m)
    }

    /// Every medium of that name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a M> {
        self.0.iter().filter(move |(n, _)| n == name).map(|(_, m)| m)
    }

    /// Names and media, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &M)> {
        self.0.iter().map(|(n, m)| (n.as_str(), m))
    }
}

/// Weights that took part in a run; part of the recipe.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WeightUse {
    /// Catalogue id.
    pub id: String,
    /// sha256 of the file that was loaded, hex.
    pub sha256: String,
    /// Licence class: `free`, `non-commercial` or `unclear`.
    pub licence_class: String,
}

/// What a run made.
#[derive(Clone, Debug)]
pub struct Outputs<M> {
    /// Media by name; a name may come several times (variants).
    pub media: Vec<(&'static str, M)>,
    /// What was measured or decided, e.g. `max_difference_outside`. Goes into the recipe.
    pub facts: BTreeMap<&'static str, Value>,
    /// Weights that took part.
    pub weights: Vec<WeightUse>,
}

impl<M> Outputs<M> {
    /// One medium, nothing measured yet.
    pub fn one(name: &'static str, medium: M) -> Self {
        Self { media: vec![(name, medium)], facts: BTreeMap::new(), weights: Vec::new() }
    }

    /// Adds a measured fact.
    #[must_use]
    pub fn with_fact(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.facts.insert(name, value.into());
        self
    }
}
