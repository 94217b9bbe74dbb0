//! Normalisation of each pixel by its own channels.

use crate::cpu::{RowNorm, normalise_rows};
use crate::elementwise::block_length;
use crate::group_norm::check_epsilon;
use crate::values::Target;
use crate::{Engine, Error, FeatureMap, Weight};

/// Equals `torch.nn.functional.layer_norm` over the channels of each pixel: `(x − mean) / sqrt(variance + epsilon) · w + b`,
/// the variance over n.
///
/// Sums are `f32` in 8 or 16 parts: with n channels,
/// `|y − exact| ≤ (n / 16 + 16) · eps · ((|x| + mean |x|) / deviation · |w| + |b|)`.
#[derive(Clone, Debug)]
pub struct LayerNorm {
    weight: Vec<f32>,
    bias: Vec<f32>,
    epsilon: f32,
}

impl LayerNorm {
    /// With a weight and a bias per channel.
    ///
    /// # Errors
    /// [`Error::WeightShape`] unless both have as many values; [`Error::Setting`] unless `epsilon` is a number ≥ 0.
    pub fn new(epsilon: f32, weight: &Weight, bias: &Weight) -> Result<Self, Error> {
        check_epsilon("LayerNorm epsilon", epsilon)?;
        let bias = bias.vector("LayerNorm bias", weight.values().len())?.to_vec();
        Ok(Self { weight: weight.values().to_vec(), bias, epsilon })
    }

    /// Normalises.
    ///
    /// # Errors
    /// [`Error::Channels`], [`Error::Cancelled`], [`Error::OutOfMemory`].
    pub fn forward(&self, engine: &Engine, x: &FeatureMap) -> Result<FeatureMap, Error> {
        let norm = RowNorm { weight: &self.weight, bias: Some(&self.bias), epsilon: self.epsilon, is_centered: true };
        forward(engine, x, norm, ("LayerNorm", self.weight.len()))
    }
}

/// Equals `torch.nn.functional.rms_norm` over the channels of each pixel: `x / sqrt(mean x² + epsilon) · w`.
///
/// With n channels, `|y − exact| ≤ (n / 16 + 16) · eps · |exact|`.
#[derive(Clone, Debug)]
pub struct RmsNorm {
    weight: Vec<f32>,
    epsilon: f32,
}

impl RmsNorm {
    /// With a weight per channel.
    ///
    /// # Errors
    /// [`Error::Setting`] unless `epsilon` is a number ≥ 0.
    pub fn new(epsilon: f32, weight: &Weight) -> Result<Self, Error> {
        check_epsilon("RmsNorm epsilon", epsilon)?;
        Ok(Self { weight: weight.values().to_vec(), epsilon })
    }

    /// Normalises.
    ///
    /// # Errors
    /// [`Error::Channels`], [`Error::Cancelled`], [`Error::OutOfMemory`].
    pub fn forward(&self, engine: &Engine, x: &FeatureMap) -> Result<FeatureMap, Error> {
        let norm = RowNorm { weight: &self.weight, bias: None, epsilon: self.epsilon, is_centered: false };
        forward(engine, x, norm, ("RmsNorm", self.weight.len()))
    }
}

fn forward(
    engine: &Engine,
    x: &FeatureMap,
    norm: RowNorm<'_>,
    (what, expected): (&'static str, usize),
) -> Result<FeatureMap, Error> {
    let channels = x.shape().channels;
    if channels != expected {
        return Err(Error::Channels { what, actual: channels, expected });
    }
    let all = x.values()?;
    let mut out = Target::new(engine, x.shape())?;
    let length = block_length(channels);
    out.fill(engine, length, |index, to| {
        let from = all.block(engine, index * length, to.len())?;
        normalise_rows(engine.tier(), norm, &from, to);
        Ok(())
    })?;
    out.give(engine)
}
