//! From what a network answers to the denoised latent: equal to k-diffusion@4601bf0 `k_diffusion/external.py`
//! (`DiscreteEpsDDPMDenoiser`, `DiscreteVDDPMDenoiser`) and diffusers 0.31.0 `convert_model_output`, to rounding.

use serde::{Deserialize, Serialize};

/// What a network was trained to answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub enum Prediction {
    /// The noise: Stable Diffusion 1 and XL.
    #[default]
    #[serde(rename = "epsilon")]
    Epsilon,
    /// Velocity, `sqrt(ᾱ)·noise − sqrt(1−ᾱ)·x₀`: Stable Diffusion 2 at 768².
    #[serde(rename = "v_prediction")]
    Velocity,
    /// The denoised latent itself.
    #[serde(rename = "sample")]
    Sample,
}

impl Prediction {
    /// The denoised latent from the network's `answer` for `x` (in k-diffusion's scale) at `sigma`.
    #[must_use]
    pub fn denoised(self, x: &[f32], answer: &[f32], sigma: f64) -> Vec<f32> {
        let (keep, factor) = match self {
            Self::Epsilon => (1.0, -sigma),
            Self::Velocity => (1.0 / (sigma * sigma + 1.0), -sigma * input_scale(sigma)),
            Self::Sample => (0.0, 1.0),
        };
        x.iter().zip(answer).map(|(x, a)| (keep * f64::from(*x) + factor * f64::from(*a)) as f32).collect()
    }
}

/// What a latent in k-diffusion's scale is multiplied by before a network of the variance-preserving kind sees it.
#[must_use]
pub fn input_scale(sigma: f64) -> f64 {
    1.0 / (sigma * sigma + 1.0).sqrt()
}
