//! Sizes of the autoencoder.

/// Sizes of an `AutoencoderKL`.
#[derive(Clone, Debug, PartialEq)]
pub struct AutoencoderKlConfig {
    /// Channels of each level, the finest first.
    pub channels: Vec<usize>,
    /// Residual blocks of each level of the encoder; one more in the decoder.
    pub layers: usize,
    /// Channels of a latent.
    pub latent: usize,
    /// Groups of every normalisation.
    pub groups: usize,
    /// What a latent is multiplied with to have about unit variance.
    pub scaling_factor: f32,
}

impl AutoencoderKlConfig {
    /// Stable Diffusion 1.x and 2.x (stabilityai/sd-vae-ft-mse: config.json).
    #[must_use]
    pub fn sd() -> Self {
        Self { channels: vec![128, 256, 512, 512], layers: 2, latent: 4, groups: 32, scaling_factor: 0.18215 }
    }
}
