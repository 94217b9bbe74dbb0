//! What the user can choose.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::diffusion::{HoleFill, Settings};
use crate::erase::{MaskChannel, Point, Rectangle};

/// What the network sees at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Area {
    /// All of a picture that the network can work on as it is, else the marked area.
    #[default]
    Auto,
    /// The whole picture, made smaller where it is large.
    Whole,
    /// The marked area and `padding` around it, at the size the network was trained at: A1111's "only masked".
    Masked,
}

/// Parameters of `edit`: what is marked, what is wanted there, by which checkpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// Checkpoint, words, sampling and noise.
    #[serde(flatten)]
    pub settings: Settings,
    /// How much the picture counts beside the words (InstructPix2Pix only), 0 to 10.
    #[schemars(range(min = 0.0, max = 10.0))]
    pub image_guidance: f64,
    /// What the marked area holds before noise is laid on it.
    pub fill: HoleFill,
    /// What the network sees at once.
    pub area: Area,
    /// Picture around the marked area that the network sees, for the area "masked", pixels, 0 to 512.
    #[schemars(range(min = 0, max = 512))]
    pub padding: usize,
    /// Rectangles to edit, besides the mask: `[{"x":10,"y":20,"width":30,"height":40}]`.
    pub rectangles: Vec<Rectangle>,
    /// Brush dabs to edit, besides the mask: `[{"x":10,"y":20,"radius":15}]`.
    pub points: Vec<Point>,
    /// Which part of the mask file counts.
    pub mask_channel: MaskChannel,
    /// Grey of the mask says how far a place may change (Differential Diffusion): what is darker joins later in the run, so it
    /// stays closer to what was there. Without it half and brighter is marked.
    pub soft_mask: bool,
    /// Edit what is not masked instead.
    pub invert: bool,
    /// Grows the mask by this many pixels, 0 to 128; negative shrinks it, down to -128.
    #[schemars(range(min = -128, max = 128))]
    pub grow: i32,
    /// Width of the blend around the mask, pixels, 0 to 64. Beyond it the picture is untouched.
    #[schemars(range(min = 0, max = 64))]
    pub feather: usize,
    /// Softens the mask inwards and outwards instead of `feather`: standard deviation in pixels, 0 to 64, as A1111's "mask
    /// blur". Beyond two and a half of it the picture is untouched.
    #[schemars(range(min = 0.0, max = 64.0))]
    pub mask_blur: f64,
    /// Fit the colours of what is made to the picture around the mask.
    pub colour_match: bool,
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
            settings: Settings::default(),
            image_guidance: 1.5,
            fill: HoleFill::default(),
            area: Area::default(),
            padding: 64,
            rectangles: Vec::new(),
            points: Vec::new(),
            mask_channel: MaskChannel::default(),
            soft_mask: false,
            invert: false,
            grow: 0,
            feather: 8,
            mask_blur: 0.0,
            colour_match: true,
            work_width: None,
            work_height: None,
        }
    }
}
