//! The recipe: everything that decided the bytes of an output, kept inside it. No timestamps, no thread counts.

use std::collections::BTreeMap;

use danqing_capability::{Class, Classified, Failure, WeightUse};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Encoding, InputRecord, Notice};

/// Raised when the fields of [`Recipe`] change their meaning.
pub(crate) const FORMAT: u32 = 1;

/// Everything that decided the bytes of one output.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// [`FORMAT`] of this recipe.
    pub recipe: u32,
    /// Version of danqing that made the output.
    pub danqing: String,
    /// What ran.
    pub capability: Made,
    /// Resolved parameters.
    pub params: Value,
    /// Inputs by port name, in order.
    pub inputs: BTreeMap<String, Vec<InputRecord>>,
    /// Weights that took part.
    pub weights: Vec<WeightUse>,
    /// Kernels and precision that ran, e.g. `cpu-avx2-f32`.
    pub backend: String,
    /// Which of the run's outputs this is.
    pub output: OutputName,
    /// How the output was encoded.
    pub encoding: Encoding,
    /// What was done differently than asked.
    pub warnings: Vec<Notice>,
    /// What was measured or decided.
    pub facts: BTreeMap<String, Value>,
}

/// A capability and its version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Made {
    /// Capability id.
    pub id: String,
    /// Its version.
    pub version: u32,
}

/// One of the outputs of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutputName {
    /// Port name.
    pub name: String,
    /// Position among the outputs of that name, from 0.
    pub index: usize,
}

/// Why a recipe can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file carries none.
    #[error("{path}: no danqing recipe inside")]
    NoRecipe {
        /// The file.
        path: String,
    },
    /// What it carries is not a recipe.
    #[error("{path}: its recipe can't be read: {reason}")]
    Damaged {
        /// The file.
        path: String,
        /// What is wrong.
        reason: String,
    },
    /// It was written by a later danqing.
    #[error("{path}: its recipe has format {actual}, this danqing reads up to {expected}")]
    TooNew {
        /// The file.
        path: String,
        /// Format found.
        actual: u64,
        /// Newest format known.
        expected: u32,
    },
}

impl Classified for Error {
    fn class(&self) -> Class {
        match self {
            Self::TooNew { .. } => Class::Unsupported,
            _ => Class::File,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NoRecipe { .. } => {
                "only files that danqing wrote carry one, and not those made with --strip-metadata".to_owned()
            }
            Self::Damaged { .. } => "another program may have changed the file's metadata".to_owned(),
            Self::TooNew { .. } => "use the danqing that made the file, or a later one".to_owned(),
        })
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::from_error(error)
    }
}

impl Recipe {
    /// As it stands in a file: one line of JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_value(self).unwrap_or(Value::Null).to_string()
    }

    /// From the text in the file at `path` (for messages).
    ///
    /// # Errors
    /// [`Error::Damaged`] or [`Error::TooNew`].
    pub fn from_json(text: &str, path: &str) -> Result<Self, Error> {
        let damaged = |e: serde_json::Error| Error::Damaged { path: path.to_owned(), reason: e.to_string() };
        let value: Value = serde_json::from_str(text).map_err(damaged)?;
        match value.get("recipe").and_then(Value::as_u64) {
            Some(actual) if actual > u64::from(FORMAT) => {
                Err(Error::TooNew { path: path.to_owned(), actual, expected: FORMAT })
            }
            _ => serde_json::from_value(value).map_err(damaged),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn recipe() -> Value {
        json!({
            "recipe": 1, "danqing": "0.1.0", "capability": {"id": "invert", "version": 2}, "params": {"seed": 7},
            "inputs": {"photo": [{"sha256": "00", "path": "江雪.png", "bytes": 9, "width": 2, "height": 3}]},
            "weights": [], "backend": "cpu", "output": {"name": "picture", "index": 0},
            "encoding": {"format": "png"}, "warnings": [], "facts": {"difference": 0}
        })
    }

    #[test]
    fn it_comes_back_as_it_was_written() {
        let read = Recipe::from_json(&recipe().to_string(), "a.png").expect("valid");
        assert_eq!(serde_json::from_str::<Value>(&read.to_json()).expect("json"), recipe());
        assert!(!read.to_json().contains('\n'));
    }

    #[test]
    fn later_and_damaged_recipes_are_refused() {
        let mut later = recipe();
        later["recipe"] = json!(2);
        let mut strange = recipe();
        strange["colour"] = json!(1);
        let cases = [
            (later.to_string(), "a.png: its recipe has format 2, this danqing reads up to 1"),
            (strange.to_string(), "a.png: its recipe can't be read: unknown field `colour`"),
            ("{".to_owned(), "a.png: its recipe can't be read: EOF"),
        ];
        for (text, message) in cases {
            let error = Recipe::from_json(&text, "a.png").expect_err(message);
            assert!(error.to_string().starts_with(message), "{error}");
        }
    }
}
