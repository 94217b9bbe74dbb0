//! Networks that tell the noise in a latent.

pub mod unet;

use danqing_nn::{Engine, FeatureMap};

use crate::Error;

/// What samplers need of a network, whatever it is made of.
pub trait Denoiser: Send + Sync {
    /// Channels of the input: those of the latent, and of what is laid beside it (mask and masked picture, or picture).
    fn input_channels(&self) -> usize;

    /// Channels of a token of the text.
    fn context_channels(&self) -> usize;

    /// What the network was trained to predict (noise or velocity), of the shape of the latent.
    ///
    /// `latent` `[n, h, w, input channels]`; one `timestep` per picture, which may be fractional; `context`
    /// `[n, 1, tokens, context channels]`.
    ///
    /// # Errors
    /// [`Error::InputShape`]; [`Error::Engine`], among them cancellation.
    fn denoise(
        &self,
        engine: &Engine,
        latent: &FeatureMap,
        timesteps: &[f32],
        context: &FeatureMap,
    ) -> Result<FeatureMap, Error>;
}
