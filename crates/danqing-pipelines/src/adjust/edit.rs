//! The edits: each a name and its data, `{"edit":"exposure","stops":0.5}`.

use danqing_vision::{geometry, resize, tone};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One step. Steps run in the order of the list, each on what the one before made.
///
/// Tone and colour steps work in `f32` on sRGB values; nothing is rounded or clipped between them unless a step says so.
/// Crop, flip and rotation by multiples of 90° move samples without changing a bit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "edit", rename_all = "snake_case")]
pub enum Edit {
    /// More or less light, as a longer or shorter exposure would give.
    Exposure(Exposure),
    /// Adds to every channel, as `cv2.convertScaleAbs(beta)`.
    Brightness(Brightness),
    /// Spreads values around middle grey.
    Contrast(Contrast),
    /// A curve through points.
    Curves(Curves),
    /// Black point, white point, gamma, and the range they are mapped to.
    Levels(Levels),
    /// Warmer or cooler, greener or more magenta.
    WhiteBalance(WhiteBalance),
    /// White balance that makes the mean of the picture grey.
    AutoWhiteBalance(AutoWhiteBalance),
    /// White balance that makes a place of the picture grey.
    NeutralPoint(NeutralPoint),
    /// Hue, saturation and lightness of one range of colours.
    Hsl(Hsl),
    /// Distance of all colours to grey, as Pillow's `ImageEnhance.Color`.
    Saturation(Saturation),
    /// Saturation that spares colours which are saturated already.
    Vibrance(Vibrance),
    /// Unsharp mask, as `skimage.filters.unsharp_mask`; clips to the range.
    Sharpen(Sharpen),
    /// Softens.
    Blur(Blur),
    /// Takes noise away and keeps edges.
    Denoise(Denoise),
    /// Darker or brighter corners.
    Vignette(Vignette),
    /// Keeps a rectangle, exactly.
    Crop(Crop),
    /// Turns clockwise.
    Rotate(Rotate),
    /// Mirrors, exactly.
    Flip(Flip),
    /// Another size.
    Resize(Resize),
}

/// More or less light.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Exposure {
    /// Stops (powers of two of linear light), -10 to 10.
    #[schemars(range(min = -10.0, max = 10.0))]
    pub stops: f64,
}

/// Adds to every channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Brightness {
    /// Part of the whole range, -1 to 1.
    #[schemars(range(min = -1.0, max = 1.0))]
    pub amount: f64,
}

/// Spreads values around middle grey: `0.5 + (v − 0.5)(1 + amount)`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Contrast {
    /// -1 (all grey) to 4; 0 changes nothing.
    #[schemars(range(min = -1.0, max = 4.0))]
    pub amount: f64,
}

/// Which channels a curve or levels act on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// Red, green and blue alike.
    #[default]
    Master,
    /// Red only.
    Red,
    /// Green only.
    Green,
    /// Blue only.
    Blue,
}

impl Channel {
    /// Whether channel `index` of red, green, blue is meant.
    pub(super) fn includes(self, index: usize) -> bool {
        match self {
            Self::Master => true,
            Self::Red => index == 0,
            Self::Green => index == 1,
            Self::Blue => index == 2,
        }
    }
}

/// A monotone cubic curve through points, as `scipy.interpolate.PchipInterpolator`; flat outside them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Curves {
    /// Which channels.
    #[serde(default)]
    pub channel: Channel,
    /// `[in, out]` pairs, 0 to 1 each, from dark to bright, at least two: `[[0,0],[0.5,0.6],[1,1]]`.
    pub points: Vec<[f64; 2]>,
}

/// `out_black + (out_white − out_black) · clip((v − in_black) / (in_white − in_black))^(1/gamma)`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Levels {
    /// Which channels.
    pub channel: Channel,
    /// Value that becomes black, 0 to 1, below `in_white`.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub in_black: f64,
    /// Value that becomes white, 0 to 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub in_white: f64,
    /// Above 1 brightens the middle, below 1 darkens it; 0.1 to 10.
    #[schemars(range(min = 0.1, max = 10.0))]
    pub gamma: f64,
    /// What black becomes, 0 to 1; above `out_white` inverts.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub out_black: f64,
    /// What white becomes, 0 to 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub out_white: f64,
}

impl Default for Levels {
    fn default() -> Self {
        let channel = Channel::Master;
        Self { channel, in_black: 0.0, in_white: 1.0, gamma: 1.0, out_black: 0.0, out_white: 1.0 }
    }
}

/// Warmer or cooler, in linear light; a grey keeps its luminance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WhiteBalance {
    /// -100 (cool) to 100 (warm): at 100 red rises and blue falls by one stop.
    #[schemars(range(min = -100.0, max = 100.0))]
    pub temperature: f64,
    /// -100 (green) to 100 (magenta): at 100 green falls by half a stop.
    #[schemars(range(min = -100.0, max = 100.0))]
    pub tint: f64,
}

/// Grey-world white balance; clipped pixels do not count.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AutoWhiteBalance {
    /// 0 (nothing) to 1 (the mean becomes grey).
    #[schemars(range(min = 0.0, max = 1.0))]
    pub strength: f64,
}

impl Default for AutoWhiteBalance {
    fn default() -> Self {
        Self { strength: 1.0 }
    }
}

/// The mean of the square around a point becomes grey.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NeutralPoint {
    /// Column, pixels from the left.
    pub x: usize,
    /// Row, pixels from the top.
    pub y: usize,
    /// Half side of the square, pixels, 0 to 256.
    #[serde(default = "NeutralPoint::default_radius")]
    #[schemars(range(min = 0, max = 256))]
    pub radius: usize,
}

impl NeutralPoint {
    fn default_radius() -> usize {
        2
    }
}

/// A range of hues; it fades into its neighbours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HueRange {
    /// Every colour, greys too.
    #[default]
    All,
    /// Around 0°.
    Reds,
    /// Around 30°: skin.
    Oranges,
    /// Around 60°.
    Yellows,
    /// Around 120°.
    Greens,
    /// Around 180°.
    Aquas,
    /// Around 225°: skies.
    Blues,
    /// Around 270°.
    Purples,
    /// Around 315°.
    Magentas,
}

impl From<HueRange> for tone::HueRange {
    fn from(range: HueRange) -> Self {
        match range {
            HueRange::All => Self::All,
            HueRange::Reds => Self::Reds,
            HueRange::Oranges => Self::Oranges,
            HueRange::Yellows => Self::Yellows,
            HueRange::Greens => Self::Greens,
            HueRange::Aquas => Self::Aquas,
            HueRange::Blues => Self::Blues,
            HueRange::Purples => Self::Purples,
            HueRange::Magentas => Self::Magentas,
        }
    }
}

/// Changes one range of colours; near-greys stay, except with the range `all`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Hsl {
    /// Which colours.
    pub range: HueRange,
    /// Turn of the hue, degrees, -180 to 180.
    #[schemars(range(min = -180.0, max = 180.0))]
    pub hue: f64,
    /// -1 (grey) to 1 (twice as saturated).
    #[schemars(range(min = -1.0, max = 1.0))]
    pub saturation: f64,
    /// -1 (black) to 1 (white).
    #[schemars(range(min = -1.0, max = 1.0))]
    pub lightness: f64,
}

/// Scales the distance to grey by `1 + amount`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Saturation {
    /// -1 (grey) to 4; 0 changes nothing.
    #[schemars(range(min = -1.0, max = 4.0))]
    pub amount: f64,
}

/// Saturation for pale colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Vibrance {
    /// -1 to 1; 0 changes nothing.
    #[schemars(range(min = -1.0, max = 1.0))]
    pub amount: f64,
}

/// Unsharp mask: `v + amount · (v − gaussian(v, radius))`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Sharpen {
    /// 0 to 10.
    #[schemars(range(min = 0.0, max = 10.0))]
    pub amount: f64,
    /// Standard deviation of the Gaussian, pixels, 0.1 to 100.
    #[schemars(range(min = 0.1, max = 100.0))]
    pub radius: f64,
}

impl Default for Sharpen {
    fn default() -> Self {
        Self { amount: 0.5, radius: 1.0 }
    }
}

/// How a picture is softened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BlurMethod {
    /// `cv2.GaussianBlur`; the radius is the standard deviation.
    #[default]
    Gaussian,
    /// `cv2.blur` of 2 radius + 1 pixels, radius rounded.
    Box,
    /// `cv2.medianBlur` of 2 radius + 1 pixels, radius rounded; clips to the range.
    Median,
}

/// Softens.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Blur {
    /// How.
    pub method: BlurMethod,
    /// Pixels, 0 to 200.
    #[schemars(range(min = 0.0, max = 200.0))]
    pub radius: f64,
}

impl Default for Blur {
    fn default() -> Self {
        Self { method: BlurMethod::default(), radius: 1.0 }
    }
}

/// How noise is taken away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DenoiseMethod {
    /// `cv2.fastNlMeansDenoising`, patches of 7×7 in 21×21: the best, and slow.
    #[default]
    NonLocalMeans,
    /// `cv2.bilateralFilter` of 9×9 with a spatial sigma of 3.
    Bilateral,
}

/// Takes noise away and keeps edges.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Denoise {
    /// How.
    pub method: DenoiseMethod,
    /// Noise to remove as part of the whole range, 0 to 1; OpenCV's h divided by 255.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub strength: f64,
}

impl Default for Denoise {
    fn default() -> Self {
        Self { method: DenoiseMethod::default(), strength: 0.03 }
    }
}

/// Darker or brighter corners.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Vignette {
    /// Stops in the corners, -5 (dark) to 5 (bright).
    #[schemars(range(min = -5.0, max = 5.0))]
    pub stops: f64,
    /// Where it begins, 0 (centre) to 0.95 (near the corners).
    #[schemars(range(min = 0.0, max = 0.95))]
    pub start: f64,
}

impl Default for Vignette {
    fn default() -> Self {
        Self { stops: -1.0, start: 0.4 }
    }
}

/// The rectangle that stays; it must lie inside the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Crop {
    /// Left edge, pixels.
    pub x: usize,
    /// Top edge, pixels.
    pub y: usize,
    /// Pixels, at least 1.
    #[schemars(range(min = 1))]
    pub width: usize,
    /// Pixels, at least 1.
    #[schemars(range(min = 1))]
    pub height: usize,
}

/// What becomes of the corners of a turned picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Corners {
    /// The largest rectangle without empty corners stays.
    #[default]
    Crop,
    /// The canvas grows to hold all; empty corners are transparent where the picture has alpha, else black.
    Expand,
    /// The size stays; what leaves it is lost, empty corners as with `expand`.
    Keep,
}

/// Turns clockwise; multiples of 90° exactly, other angles bicubic.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rotate {
    /// Degrees clockwise, -360 to 360.
    #[schemars(range(min = -360.0, max = 360.0))]
    pub degrees: f64,
    /// What becomes of the corners; without meaning for multiples of 90°.
    #[serde(default)]
    pub corners: Corners,
}

/// Direction of a mirror.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Axis {
    /// Left becomes right.
    #[default]
    Horizontal,
    /// Top becomes bottom.
    Vertical,
}

impl From<Axis> for geometry::Turn {
    fn from(axis: Axis) -> Self {
        match axis {
            Axis::Horizontal => Self::MirrorHorizontal,
            Axis::Vertical => Self::MirrorVertical,
        }
    }
}

/// Mirrors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Flip {
    /// Direction.
    #[serde(default)]
    pub axis: Axis,
}

/// How samples between samples are found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ResizeMethod {
    /// The nearest sample (OpenCV): no new values.
    Nearest,
    /// Linear (OpenCV).
    Bilinear,
    /// Cubic (OpenCV).
    Bicubic,
    /// Windowed sinc (Pillow): the best for photographs.
    #[default]
    Lanczos,
    /// Mean of the covered area (OpenCV).
    Area,
}

impl From<ResizeMethod> for resize::Method {
    fn from(method: ResizeMethod) -> Self {
        match method {
            ResizeMethod::Nearest => Self::Nearest,
            ResizeMethod::Bilinear => Self::Bilinear,
            ResizeMethod::Bicubic => Self::Bicubic,
            ResizeMethod::Lanczos => Self::Lanczos,
            ResizeMethod::Area => Self::Area,
        }
    }
}

/// What happens to the aspect when width and height are both given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Fit {
    /// Exactly this size; the picture is stretched.
    #[default]
    Exact,
    /// The aspect stays; the picture fits inside this size.
    Within,
    /// The aspect stays; the picture covers this size, and what hangs over on both sides is cropped.
    Cover,
}

/// Another size. With only one of width and height the aspect stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Resize {
    /// Pixels, 1 to 65535.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 65535))]
    pub width: Option<usize>,
    /// Pixels, 1 to 65535.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 65535))]
    pub height: Option<usize>,
    /// What happens to the aspect.
    pub fit: Fit,
    /// How samples between samples are found.
    pub method: ResizeMethod,
}
