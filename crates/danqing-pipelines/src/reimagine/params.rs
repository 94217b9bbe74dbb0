//! What the user can choose.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::diffusion::{Enlarge, Settings};

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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
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
    /// The result is painted once at its size and once more at this many times it (A1111's "hires. fix"), 1 to 4; 1 for once.
    #[schemars(range(min = 1.0, max = 4.0))]
    pub hires: f64,
    /// How far the second painting goes from the first, 0 to 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub hires_strength: f64,
    /// Sampling steps of the second painting, 0 to 150; 0 for as many as the first.
    #[schemars(range(min = 0, max = 150))]
    pub hires_steps: usize,
    /// How the first painting is enlarged.
    pub hires_enlarge: Enlarge,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            settings: Settings::default(),
            width: None,
            height: None,
            resize: Resize::default(),
            work_width: None,
            work_height: None,
            hires: 1.0,
            hires_strength: 0.7,
            hires_steps: 0,
            hires_enlarge: Enlarge::default(),
        }
    }
}
