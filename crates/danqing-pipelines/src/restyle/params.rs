//! What the user can choose.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::optimise;
use super::presets::Preset;
use super::share::StyleShare;

/// How the picture is repainted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// What fits the style that was given: a preset's recipe, the gallery, or transfer from a style picture.
    #[default]
    Auto,
    /// The network of 26 styles, alone or blended.
    Gallery,
    /// Any style picture, in one pass (AdaIN).
    Transfer,
    /// Any style picture, by optimising the pixels themselves (Gatys): slower, closest to the style.
    Optimise,
    /// What a preset says, e.g. ink wash.
    Recipe,
}

/// What happens to the colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum KeepColours {
    /// The style's colours.
    #[default]
    No,
    /// The picture's own hue and chroma; only lightness is painted.
    Luminance,
    /// The style's palette is first moved onto the picture's (mean and covariance of the colours).
    Match,
}

/// Parameters of `restyle`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// A preset (ink-wash, oil, watercolour, pencil, woodcut, cartoon, pastel, mosaic, your own, my.toml) or gallery style.
    #[schemars(extend("x-path" = "read"))]
    pub style: Option<String>,
    /// What the preset file said, so that a recipe runs without it.
    #[schemars(skip)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preset: Option<Preset>,
    /// Gallery styles to blend, each with its share: `starry-night:0.7`, or `{"style":"starry-night","weight":0.7}`.
    /// There are harvest-light, black-and-yellow, gentle-gouache, splinters, carnival, autumn-impasto,
    /// midnight-seeds, bold-primaries, candy-crayon, coral-pattern, copper-dusk, parchment-engraving, lilac-pastel,
    /// emerald-expression, morning-mist, coloured-leading, indigo-twilight, woven-grid, sand-carving, starry-night,
    /// ember, paper-cutout, ivory-cubism, old-master-dusk, indigo-woodblock, rough-impasto.
    pub styles: Vec<StyleShare>,
    /// How the picture is repainted.
    pub mode: Mode,
    /// How much of the style is taken, 0.0 (none) to 1.0.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub strength: f64,
    /// Share of each style picture, in their order, 0.0 or more each; equal shares when not given.
    pub style_weights: Vec<f64>,
    /// What happens to the colours.
    pub keep_colours: KeepColours,
    /// How firmly contours and light of the picture itself are held, 0.0 (not) to 1.0.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub keep_structure: f64,
    /// How much of the fine grid that the decoder of mode "transfer" leaves is smoothed away, 0.0 (none of it) to 1.0.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub smoothing: f64,
    /// Size of strokes and patterns, 0.25 to 4.0; 1.0 = as the network knows them.
    #[schemars(range(min = 0.25, max = 4.0))]
    pub style_scale: f64,
    /// Longer side at which a network paints, pixels, 64 to 16384; chosen from the picture's size when not given.
    #[schemars(range(min = 64, max = 16384))]
    pub working_size: Option<usize>,
    /// Restyle what is not masked instead.
    pub invert: bool,
    /// Width of the blend around the mask, pixels, 0 to 64. Beyond it the picture is untouched.
    #[schemars(range(min = 0, max = 64))]
    pub feather: usize,
    /// Settings of the mode "optimise", each optional: `content_weight`, `style_weight`, `tv_weight`, iterations, optimizer
    /// (lbfgs, adam), `learning_rate`, init (content, noise), pooling (average, max), levels; e.g.
    /// `{"style_weight":300,"iterations":400}`.
    pub optimise: optimise::Settings,
    /// Start of the random numbers; drawn when not given.
    pub seed: Option<u64>,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            style: None,
            preset: None,
            styles: Vec::new(),
            mode: Mode::default(),
            strength: 1.0,
            style_weights: Vec::new(),
            keep_colours: KeepColours::default(),
            keep_structure: 0.3,
            smoothing: 1.0,
            style_scale: 1.0,
            working_size: None,
            invert: false,
            feather: 8,
            optimise: optimise::Settings::default(),
            seed: None,
        }
    }
}
