//! What the user can choose.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::generative::Generative;
use super::layout::Anchor;
use super::size::{Length, Ratio};

/// How new pixels are made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Fill {
    /// Several candidates from the network and from patches; the best measured one is kept.
    #[default]
    Auto,
    /// The inpainting network alone.
    Network,
    /// Texture and structure taken from the picture itself (PatchMatch completion).
    Patch,
    /// What a Stable Diffusion checkpoint of yours paints after a prompt.
    Generative,
    /// The picture mirrored and blurred more and more: a calm frame, nothing invented.
    MirrorBlur,
    /// One colour.
    Colour,
}

/// Rows and columns cut off the picture before it grows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Trim {
    /// Columns on the left, pixels.
    pub left: usize,
    /// Columns on the right, pixels.
    pub right: usize,
    /// Rows at the top, pixels.
    pub top: usize,
    /// Rows at the bottom, pixels.
    pub bottom: usize,
}

/// Parameters of `extend`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// Ratio of the result, e.g. "4:3", "16:9", "1:1". The picture is never cropped; excludes left/right/top/bottom.
    pub ratio: Option<Ratio>,
    /// New area on the left: pixels, or percent of the width such as "25%".
    pub left: Option<Length>,
    /// New area on the right: pixels, or percent of the width.
    pub right: Option<Length>,
    /// New area above: pixels, or percent of the height.
    pub top: Option<Length>,
    /// New area below: pixels, or percent of the height.
    pub bottom: Option<Length>,
    /// Where the picture stands when a ratio leaves room.
    pub anchor: Anchor,
    /// Find the true picture inside flat borders and letterbox bars, cut them off, and fill their place again.
    pub auto: bool,
    /// Rows and columns cut off before growing; found by `auto`, or given.
    pub trim: Option<Trim>,
    /// How new pixels are made.
    pub fill: Fill,
    /// Colour for the fill "colour", as "#rrggbb".
    pub colour: String,
    /// Continue straight lines that meet the border.
    pub follow_lines: bool,
    /// Width of the blend inside the picture along the new area, pixels, 0 to 64. Beyond it the picture is untouched.
    #[schemars(range(min = 0, max = 64))]
    pub feather: usize,
    /// Largest growth made at once, as a share of the picture's shorter side, 0.1 to 1.0; more is made in steps.
    #[schemars(range(min = 0.1, max = 1.0))]
    pub step: f64,
    /// Start of the random numbers; drawn when not given.
    pub seed: Option<u64>,
    /// What the fill "generative" is told.
    #[serde(flatten)]
    pub generative: Generative,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            ratio: None,
            left: None,
            right: None,
            top: None,
            bottom: None,
            anchor: Anchor::default(),
            auto: false,
            trim: None,
            fill: Fill::default(),
            colour: "#ffffff".into(),
            follow_lines: true,
            feather: 8,
            step: 0.4,
            seed: None,
            generative: Generative::default(),
        }
    }
}
