//! What the user can choose.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Parameters of `cutout`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// Who finds the subject: "auto", "portrait" (people), "general" (anything), or the path of a U²-Net, IS-Net or
    /// MODNet weight file.
    pub model: String,
}

impl Default for Params {
    fn default() -> Self {
        Self { model: "auto".into() }
    }
}
