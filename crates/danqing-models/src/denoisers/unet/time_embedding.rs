//! What the network is told about the amount of noise.

use danqing_nn::{Activation, Engine, Epilogue, FeatureMap, Linear, Shape, activate};

use crate::Error;
use crate::diffusion::Loader;

/// `get_timestep_embedding` with `flip_sin_to_cos` and a shift of 0: cosines, then sines of `t / 10000^(i / half)`.
///
/// Frequencies are rounded to `f32` as in the reference, whose exponential may be off by one place: at t ≤ 1000,
/// `|difference| ≤ 1.3e-4`. Source: J. Ho et al., "Denoising Diffusion Probabilistic Models", 2020.
#[must_use]
pub fn sinusoidal_embedding(timestep: f32, channels: usize) -> Vec<f32> {
    let half = channels / 2;
    let angles: Vec<f32> = (0..half)
        .map(|index| {
            let exponent = -(10000.0_f64.ln()) as f32 * index as f32 / half as f32;
            timestep * f64::from(exponent).exp() as f32
        })
        .collect();
    let mut values: Vec<f32> = angles.iter().map(|&angle| f64::from(angle).cos() as f32).collect();
    values.extend(angles.iter().map(|&angle| f64::from(angle).sin() as f32));
    values.resize(channels, 0.0);
    values
}

/// `TimestepEmbedding` after the sinusoids.
pub(super) struct TimeEmbedding {
    channels: usize,
    linear_1: Linear,
    linear_2: Linear,
}

impl TimeEmbedding {
    pub(super) fn load(loader: &Loader<'_>, channels: usize, time: usize) -> Result<Self, Error> {
        Ok(Self {
            channels,
            linear_1: loader.linear("time_embedding.linear_1", [channels, time], true)?,
            linear_2: loader.linear("time_embedding.linear_2", [time, time], true)?,
        })
    }

    /// SiLU of the embedding, as every residual block takes it: `[n, 1, 1, time]`.
    pub(super) fn forward(&self, engine: &Engine, timesteps: &[f32]) -> Result<FeatureMap, Error> {
        let waves = timesteps.iter().flat_map(|&timestep| sinusoidal_embedding(timestep, self.channels)).collect();
        let x = FeatureMap::from_nhwc(engine, Shape::new(timesteps.len(), 1, 1, self.channels), waves)?;
        let x = self.linear_1.forward_with(engine, &x, Epilogue::activation(Activation::Silu))?; // [n, 1, 1, time]
        Ok(activate(engine, self.linear_2.forward(engine, &x)?, &Activation::Silu)?)
    }
}
