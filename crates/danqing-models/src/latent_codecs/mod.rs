//! Networks between pictures and latents.

pub mod autoencoder_kl;
pub mod taesd;

use danqing_nn::{Engine, FeatureMap};

use crate::Error;

/// What an encoder says about the latent of a picture.
pub struct Encoded {
    /// The most likely latent.
    pub mean: FeatureMap,
    /// Its standard deviation, of a codec that gives a distribution: a sample is `mean + deviation · noise`.
    pub deviation: Option<FeatureMap>,
}

/// Pictures `[n, h, w, 3]` of −1..=1 to latents as denoisers take them (scaled), and back.
pub trait LatentCodec: Send + Sync {
    /// Pixels of a latent's pixel along each side; sides of pictures are multiples of it.
    fn factor(&self) -> usize;

    /// Channels of a latent.
    fn latent_channels(&self) -> usize;

    /// `[n, h, w, 3]` → `[n, h / factor, w / factor, latent channels]`.
    ///
    /// # Errors
    /// [`Error::InputShape`]; [`Error::Engine`], among them cancellation.
    fn encode(&self, engine: &Engine, picture: &FeatureMap) -> Result<Encoded, Error>;

    /// `[n, h, w, latent channels]` → `[n, h · factor, w · factor, 3]`, about −1..=1.
    ///
    /// # Errors
    /// As [`Self::encode`].
    fn decode(&self, engine: &Engine, latent: &FeatureMap) -> Result<FeatureMap, Error>;
}
