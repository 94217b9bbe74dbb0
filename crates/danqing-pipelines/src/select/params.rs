//! What the user can choose.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A click.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Click {
    /// Pixels from the left.
    pub x: f64,
    /// Pixels from the top.
    pub y: f64,
}

/// Where the thing is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bounds {
    /// Left edge, pixels.
    pub x: f64,
    /// Top edge, pixels.
    pub y: f64,
    /// Width, pixels.
    pub width: f64,
    /// Height, pixels.
    pub height: f64,
}

/// How much is meant: a click on a button means the button, the shirt or the man.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Extent {
    /// What the network thinks most likely.
    #[default]
    Auto,
    /// The whole thing.
    Whole,
    /// A part of it.
    Part,
    /// The smallest part.
    Detail,
}

/// Parameters of `select`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// Clicks on what is meant: `[{"x":120,"y":80}]`.
    pub points: Vec<Click>,
    /// Clicks on what is not meant: `[{"x":20,"y":10}]`.
    pub outside: Vec<Click>,
    /// Rectangle around what is meant: `{"x":10,"y":20,"width":300,"height":400}`.
    pub rectangle: Option<Bounds>,
    /// How much is meant.
    pub extent: Extent,
    /// Moves the edge onto the picture's own edges (guided filter).
    pub refine: bool,
    /// Leaves out specks and fills holes smaller than this share of what is selected, 0 to 1; those that are clicked stay.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub specks: f64,
    /// Select everything else instead.
    pub invert: bool,
    /// Grows the selection by this many pixels, 0 to 128; negative shrinks it, down to -128.
    #[schemars(range(min = -128, max = 128))]
    pub grow: i32,
    /// Softens the edge outwards over this many pixels, 0 to 64.
    #[schemars(range(min = 0, max = 64))]
    pub feather: usize,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            points: Vec::new(),
            outside: Vec::new(),
            rectangle: None,
            extent: Extent::default(),
            refine: true,
            specks: 0.02,
            invert: false,
            grow: 0,
            feather: 0,
        }
    }
}
