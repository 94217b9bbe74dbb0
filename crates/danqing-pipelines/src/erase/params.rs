//! What the user can choose.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the hole is filled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Engine {
    /// Several candidates from the network and from patches; the best measured one is kept.
    #[default]
    Auto,
    /// The MI-GAN network alone.
    Migan,
    /// Texture and structure taken from the picture itself (PatchMatch completion).
    Patch,
    /// Fast marching (Telea 2004), as OpenCV's INPAINT_TELEA: a baseline, blurry on large holes.
    Telea,
    /// Fluid dynamics (Bertalmio 2001), as OpenCV's INPAINT_NS: a baseline, blurry on large holes.
    NavierStokes,
}

/// A rectangle to erase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rectangle {
    /// Left edge, pixels.
    pub x: usize,
    /// Top edge, pixels.
    pub y: usize,
    /// Width, pixels.
    pub width: usize,
    /// Height, pixels.
    pub height: usize,
}

/// A round brush dab to erase.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Point {
    /// Centre, pixels from the left.
    pub x: f64,
    /// Centre, pixels from the top.
    pub y: f64,
    /// Radius, pixels.
    pub radius: f64,
}

/// Which part of the mask file says where to erase.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MaskChannel {
    /// Its brightness: white = erase.
    #[default]
    Brightness,
    /// Its transparency: transparent = erase, as image editing APIs send it.
    Transparency,
}

/// Parameters of `erase`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// How the hole is filled.
    pub engine: Engine,
    /// Rectangles to erase, besides the mask: `[{"x":10,"y":20,"width":30,"height":40}]`.
    pub rectangles: Vec<Rectangle>,
    /// Brush dabs to erase, besides the mask: `[{"x":10,"y":20,"radius":15}]`.
    pub points: Vec<Point>,
    /// Which part of the mask file counts.
    pub mask_channel: MaskChannel,
    /// Erase what is not masked instead.
    pub invert: bool,
    /// Grows the mask by this many pixels, 0 to 128; negative shrinks it, down to -128.
    #[schemars(range(min = -128, max = 128))]
    pub grow: i32,
    /// Width of the blend around the mask, pixels, 0 to 64. Beyond it the picture is untouched.
    #[schemars(range(min = 0, max = 64))]
    pub feather: usize,
    /// Radius that the engines "telea" and "navier-stokes" look around a pixel, pixels, 1 to 32.
    #[schemars(range(min = 1, max = 32))]
    pub radius: usize,
    /// Start of the random numbers; drawn when not given.
    pub seed: Option<u64>,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            engine: Engine::default(),
            rectangles: Vec::new(),
            points: Vec::new(),
            mask_channel: MaskChannel::default(),
            invert: false,
            grow: 0,
            feather: 4,
            radius: 5,
            seed: None,
        }
    }
}
