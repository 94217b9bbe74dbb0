//! What the user can choose.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the edge of the found mask is worked out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Refine {
    /// Opacity found anew along the edge from the picture's colours (closed-form matting): hair, fur, glass.
    #[default]
    Matting,
    /// The network's edge moved onto the picture's edges (guided filter): faster.
    Guided,
    /// The network's mask, enlarged.
    None,
}

/// What stands behind the subject.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Background {
    /// Nothing; JPEG, which holds no transparency, gets white.
    #[default]
    Transparent,
    /// One colour, see "colour".
    Colour,
    /// The picture of the input "backdrop", scaled to cover.
    Picture,
    /// What was there, blurred; the subject does not shine into it.
    Blur,
}

/// Parameters of `cutout`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// Who finds the subject: "auto", "portrait" (people), "general" (anything), or the path of a U²-Net, IS-Net or
    /// MODNet weight file.
    #[schemars(extend("x-path" = "read", "examples" = ["auto", "portrait", "general"]))]
    pub model: String,
    /// How the edge is worked out.
    pub refine: Refine,
    /// Width of the band on each side of the edge in which opacity is found anew, as a share of the shorter side, 0 to 0.2;
    /// fitted to the network's own sharpness when not given.
    #[schemars(range(min = 0.0, max = 0.2))]
    pub edge: Option<f64>,
    /// Moves the edge outwards by this many pixels, -64 to 64; negative cuts into the subject.
    #[schemars(range(min = -64, max = 64))]
    pub shift: i32,
    /// Softens the edge over this many pixels, 0 to 64.
    #[schemars(range(min = 0.0, max = 64.0))]
    pub feather: f64,
    /// Takes the old background's colour out of half-transparent pixels, so that no fringe shows before another one.
    pub decontaminate: bool,
    /// What stands behind the subject; "picture" when a backdrop is given.
    pub background: Option<Background>,
    /// Colour of the background, `#rrggbb`.
    pub colour: String,
    /// Softness of the blurred background, as a share of the shorter side, 0 to 0.2.
    #[schemars(range(min = 0.0, max = 0.2))]
    pub blur: f64,
    /// Strength of a soft shadow below the subject, 0 to 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub shadow: f64,
    /// Cuts the picture down to the subject.
    pub crop: bool,
    /// Space left around the cropped subject, as a share of its longer side, 0 to 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub margin: f64,
    /// Also writes the mask (white = subject) beside the picture.
    pub write_mask: bool,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            model: "auto".into(),
            refine: Refine::default(),
            edge: None,
            shift: 0,
            feather: 0.0,
            decontaminate: true,
            background: None,
            colour: "#ffffff".into(),
            blur: 0.02,
            shadow: 0.0,
            crop: false,
            margin: 0.05,
            write_mask: false,
        }
    }
}
