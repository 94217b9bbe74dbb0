//! What the user can choose.

use std::path::PathBuf;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// Which network enlarges.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Model {
    /// `x2plus` up to twice the size, `x4plus` above.
    #[default]
    Auto,
    /// Real-ESRGAN x4plus: photographs, four times.
    X4plus,
    /// Real-ESRGAN x2plus: photographs, twice, four times as fast.
    X2plus,
    /// Real-ESRGAN x4plus anime: drawings, four times.
    Anime,
    /// AnimeVideo v3: about thirty times as fast as `x4plus`, for drawings, large pictures and frames.
    Video,
    /// A file of the RRDBNet or SRVGGNetCompact family.
    File(PathBuf),
}

impl From<String> for Model {
    fn from(text: String) -> Self {
        match text.as_str() {
            "auto" => Self::Auto,
            "x4plus" => Self::X4plus,
            "x2plus" => Self::X2plus,
            "anime" => Self::Anime,
            "video" => Self::Video,
            path => Self::File(PathBuf::from(path)),
        }
    }
}

impl From<Model> for String {
    fn from(model: Model) -> Self {
        match model {
            Model::Auto => "auto".into(),
            Model::X4plus => "x4plus".into(),
            Model::X2plus => "x2plus".into(),
            Model::Anime => "anime".into(),
            Model::Video => "video".into(),
            Model::File(path) => path.to_string_lossy().into_owned(),
        }
    }
}

impl JsonSchema for Model {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Model".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "examples": ["auto", "x4plus", "x2plus", "anime", "video"] })
    }
}

/// A size to fit into, e.g. `4K` or `1920x1080`; turned with the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) long: usize,
    pub(super) short: usize,
}

impl FromStr for Frame {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let named = match text.trim().to_ascii_lowercase().as_str() {
            "720p" | "hd" => Some((1280, 720)),
            "1080p" | "fullhd" | "fhd" | "2k" => Some((1920, 1080)),
            "1440p" | "qhd" => Some((2560, 1440)),
            "2160p" | "4k" | "uhd" => Some((3840, 2160)),
            "8k" => Some((7680, 4320)),
            _ => None,
        };
        let typed = || {
            let (width, height) = text.split_once(['x', 'X', '×'])?;
            Some((width.trim().parse().ok()?, height.trim().parse().ok()?))
        };
        let (a, b): (usize, usize) = named.or_else(typed).ok_or(())?;
        if a == 0 || b == 0 { Err(()) } else { Ok(Self { long: a.max(b), short: a.min(b) }) }
    }
}

/// Parameters of `upscale`: how large, and by which network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// How many times larger, 1 to 8, fractions too; 4 if no size is given.
    #[schemars(range(min = 1.0, max = 8.0))]
    pub scale: Option<f64>,
    /// Width of the result in pixels; the height follows unless it is given too.
    pub width: Option<usize>,
    /// Height of the result in pixels; the width follows unless it is given too.
    pub height: Option<usize>,
    /// Size to fit the result into, turned with the picture: 720p, 1080p, 1440p, 4K, 8K or such as 3000x2000.
    pub size: Option<String>,
    /// Network: auto, x4plus, x2plus, anime, video, or a file (.pth, .safetensors, .onnx, ncnn) of an RRDBNet or
    /// SRVGGNetCompact upscaler.
    #[schemars(extend("x-path" = "read"))]
    pub model: Model,
    /// Network of the further passes that a large factor needs; without it, x2plus after x4plus, else the same again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-path" = "read"))]
    pub second: Option<Model>,
    /// sha256 of the model file; found when a file is named, and checked when a recipe runs again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model_sha256: Option<String>,
    /// Noise taken out before the network sees the picture, 0 to 1: that share of non-local means at the strength measured
    /// on flat places. The networks themselves have no such setting.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub denoise: f64,
    /// Grain given back, 0 to 1: it is measured on flat places, taken out before, and made anew on the result with the
    /// same strength and spectrum per tone, within a quarter in every band of sizes.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub keep_grain: f64,
    /// Start of the grain's random numbers; drawn when not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// Side of a tile in pixels of the picture, 64 to 2048; less needs less memory. Chosen when not given.
    #[schemars(range(min = 64, max = 2048))]
    pub tile: Option<usize>,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            scale: None,
            width: None,
            height: None,
            size: None,
            model: Model::default(),
            second: None,
            model_sha256: None,
            denoise: 0.0,
            keep_grain: 0.0,
            seed: None,
            tile: None,
        }
    }
}
