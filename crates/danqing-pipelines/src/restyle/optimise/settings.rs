//! What the user can choose.

use danqing_models::stylizers::vgg19::Pooling as NetworkPooling;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::restyle::Error;

/// How the pixels are moved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Optimizer {
    /// L-BFGS, as in the paper: fewest iterations.
    #[default]
    Lbfgs,
    /// Adam: steadier, needs more iterations.
    Adam,
}

/// What the optimisation starts from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Init {
    /// The picture itself.
    #[default]
    Content,
    /// Noise made from the seed.
    Noise,
}

/// What stands between the network's blocks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Pooling {
    /// The mean of 2×2 pixels: smoother results, as the paper recommends.
    #[default]
    Average,
    /// The largest of 2×2 pixels, as the network was trained.
    Max,
}

impl Pooling {
    pub(super) fn of_network(self) -> NetworkPooling {
        match self {
            Self::Average => NetworkPooling::Average,
            Self::Max => NetworkPooling::Max,
        }
    }
}

/// Settings of the mode "optimise".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Weight of what the picture shows (mean squared difference at `relu4_2`), 0.0 or more.
    #[schemars(range(min = 0.0))]
    pub content_weight: f64,
    /// Weight of how the style picture is painted (Gram matrices of `relu1_1` to `relu5_1`), 0.0 or more.
    #[schemars(range(min = 0.0))]
    pub style_weight: f64,
    /// Weight of smoothness (mean squared difference of neighbouring pixels), 0.0 or more.
    #[schemars(range(min = 0.0))]
    pub tv_weight: f64,
    /// Evaluations of the network over all sizes, 1 to 10000; coarser sizes get more of them.
    #[schemars(range(min = 1, max = 10000))]
    pub iterations: usize,
    /// How the pixels are moved.
    pub optimizer: Optimizer,
    /// Length of a step, above 0.0 to 10.0; when not given, 1.0 for lbfgs and 0.02 (of the range of a colour) for adam.
    #[schemars(range(min = 0.0, max = 10.0))]
    pub learning_rate: Option<f64>,
    /// What the optimisation starts from.
    pub init: Init,
    /// What stands between the network's blocks.
    pub pooling: Pooling,
    /// Number of sizes from coarse to fine, each half the next, 1 to 6; chosen from the working size when not given.
    #[schemars(range(min = 1, max = 6))]
    pub levels: Option<usize>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            content_weight: 1.0,
            style_weight: 100.0,
            tv_weight: 20.0,
            iterations: 120,
            optimizer: Optimizer::default(),
            learning_rate: None,
            init: Init::default(),
            pooling: Pooling::default(),
            levels: None,
        }
    }
}

impl Settings {
    /// The step that was asked for, or the optimiser's own.
    pub(super) fn rate(&self) -> f64 {
        self.learning_rate.unwrap_or(match self.optimizer {
            Optimizer::Lbfgs => 1.0,
            Optimizer::Adam => 0.02,
        })
    }

    /// Refuses values that make no sense.
    pub(super) fn check(&self) -> Result<(), Error> {
        let refused = |name, actual: f64, expected| Error::OutOfRange { name, actual: actual.to_string(), expected };
        let weights = [
            ("optimise.content_weight", self.content_weight),
            ("optimise.style_weight", self.style_weight),
            ("optimise.tv_weight", self.tv_weight),
        ];
        for (name, weight) in weights {
            if !(0.0..=1e9).contains(&weight) {
                return Err(refused(name, weight, "0.0 to 1000000000"));
            }
        }
        if !(1..=10_000).contains(&self.iterations) {
            return Err(refused("optimise.iterations", self.iterations as f64, "1 to 10000"));
        }
        if let Some(rate) = self.learning_rate.filter(|rate| !(*rate > 0.0 && *rate <= 10.0)) {
            return Err(refused("optimise.learning_rate", rate, "above 0.0, at most 10.0"));
        }
        match self.levels {
            Some(levels) if !(1..=6).contains(&levels) => Err(refused("optimise.levels", levels as f64, "1 to 6")),
            _ => Ok(()),
        }
    }
}
