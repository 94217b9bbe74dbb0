//! What the user can choose.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::reimagine::Resize;

/// The way from one latent to the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mix {
    /// Straight: contrast sinks in the middle, as in a cross-fade.
    #[default]
    Linear,
    /// Along the arc between both (slerp): contrast stays.
    Spherical,
}

/// Parameters of `blend`: how far from the first picture to the second, by which autoencoder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[allow(clippy::doc_markdown, reason = "the documentation is the help text: names stand as they are typed")]
pub struct Params {
    /// Stable Diffusion 1.x or 2.x checkpoint or autoencoder alone: PATH of a file (.safetensors, .ckpt) or of a diffusers
    /// folder, or NAME of one in the model folders or the hub's cache.
    #[schemars(extend("x-path" = "read"))]
    pub model: Option<PathBuf>,
    /// sha256 of the file that the autoencoder was read from; found when it is named, and checked when a recipe runs again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model_sha256: Option<String>,
    /// How far from the first picture to the second, 0 to 1, for one picture.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub ratio: f64,
    /// How many pictures, 1 to 120; from 2 on they go from the first to the second at equal distances, both included.
    #[schemars(range(min = 1, max = 120))]
    pub frames: usize,
    /// The way from one latent to the other.
    pub mix: Mix,
    /// How a second picture of other proportions becomes one of the first one's size.
    pub resize: Resize,
    /// Width the network works at, a multiple of 8 from 64 to 2048; chosen when not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 64, max = 2048))]
    pub work_width: Option<usize>,
    /// Height the network works at, see `work_width`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 64, max = 2048))]
    pub work_height: Option<usize>,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            model: None,
            model_sha256: None,
            ratio: 0.5,
            frames: 1,
            mix: Mix::default(),
            resize: Resize::Crop,
            work_width: None,
            work_height: None,
        }
    }
}
