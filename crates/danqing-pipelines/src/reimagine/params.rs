//! What the user can choose.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::diffusion::Settings;

/// How a picture of other proportions becomes one of the size asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Resize {
    /// Stretched: A1111's "just resize".
    #[default]
    Stretch,
    /// Enlarged until it covers, its middle taken: "crop and resize".
    Crop,
    /// Fitted into the middle, its border pixels drawn out to the edges: "resize and fill".
    Fill,
}

/// Parameters of `reimagine`: what is wanted, by which checkpoint, how far from the picture, at which size.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// Checkpoint, words, sampling and noise.
    #[serde(flatten)]
    pub settings: Settings,
    /// Width of the result in pixels, 16 to 4096; the picture's own when neither side is given, and without a picture the
    /// size the network was trained at.
    #[schemars(range(min = 16, max = 4096))]
    pub width: Option<usize>,
    /// Height of the result in pixels, 16 to 4096.
    #[schemars(range(min = 16, max = 4096))]
    pub height: Option<usize>,
    /// How a picture of other proportions becomes one of that size.
    pub resize: Resize,
    /// Width the network works at, a multiple of 8 from 64 to 2048; chosen when not given: that of the result, or for a large
    /// picture of no given size one of about 768x768 pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 64, max = 2048))]
    pub work_width: Option<usize>,
    /// Height the network works at, see `work_width`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 64, max = 2048))]
    pub work_height: Option<usize>,
}
