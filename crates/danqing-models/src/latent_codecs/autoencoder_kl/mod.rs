//! The autoencoder of Stable Diffusion.
//!
//! Equals `AutoencoderKL` of diffusers 0.31.0 (`src/diffusers/models/autoencoders/autoencoder_kl.py`) in fp32, to the
//! tolerance of `tests/diffusion_golden.rs`.
//!
//! Source: R. Rombach et al., "High-Resolution Image Synthesis with Latent Diffusion Models", CVPR 2022, appendix G.

mod config;
mod decoder;
mod encoder;
mod middle;

use danqing_nn::{Conv2d, Engine, FeatureMap, scale, slice_channels};

use self::decoder::Decoder;
use self::encoder::Encoder;
use super::{Encoded, LatentCodec};
use crate::diffusion::{Loader, Observe, TensorShape, Tensors};
use crate::{Error, checkpoint::Checkpoint};
pub use config::AutoencoderKlConfig;

const NETWORK: &str = "AutoencoderKL";
const COLOURS: usize = 3;
/// Epsilon of every norm.
const NORM_EPSILON: f32 = 1e-6;
/// Range that the logarithm of the variance is limited to.
const LOG_VARIANCE: (f32, f32) = (-30.0, 20.0);

/// The network with its weights, packed for one engine's tier.
pub struct AutoencoderKl {
    config: AutoencoderKlConfig,
    encoder: Encoder,
    quant_conv: Conv2d,
    post_quant_conv: Conv2d,
    decoder: Decoder,
}

impl AutoencoderKl {
    /// Packs the weights.
    ///
    /// # Errors
    /// [`Error::MissingTensor`], [`Error::TensorShape`] or [`Error::Leftover`] for another network, [`Error::Engine`].
    pub fn load(engine: &Engine, tensors: Tensors<'_>, config: AutoencoderKlConfig) -> Result<Self, Error> {
        let checkpoint = Checkpoint::of(NETWORK, tensors);
        let network = Self::read(&Loader { engine, checkpoint: &checkpoint }, config)?;
        checkpoint.finish_with(tensors)?;
        Ok(network)
    }

    /// Names and dimensions of all tensors that [`Self::load`] reads, by name.
    ///
    /// # Errors
    /// [`Error::Engine`].
    pub fn tensors(engine: &Engine, config: AutoencoderKlConfig) -> Result<Vec<TensorShape>, Error> {
        let checkpoint = Checkpoint::listing(NETWORK);
        Self::read(&Loader { engine, checkpoint: &checkpoint }, config)?;
        Ok(checkpoint.listed())
    }

    fn read(loader: &Loader<'_>, config: AutoencoderKlConfig) -> Result<Self, Error> {
        Ok(Self {
            encoder: Encoder::load(loader, &config)?,
            quant_conv: loader.pointwise("quant_conv", [2 * config.latent; 2])?,
            post_quant_conv: loader.pointwise("post_quant_conv", [config.latent; 2])?,
            decoder: Decoder::load(loader, &config)?,
            config,
        })
    }

    /// Sizes of this network.
    #[must_use]
    pub fn config(&self) -> &AutoencoderKlConfig {
        &self.config
    }

    /// What latents are multiplied with to have about unit variance.
    #[must_use]
    pub fn scaling_factor(&self) -> f32 {
        self.config.scaling_factor
    }

    /// As [`LatentCodec::encode`]; `observe` sees the output of each level and of the middle.
    ///
    /// # Errors
    /// As [`LatentCodec::encode`], and the observer's.
    pub fn encode_observed(
        &self,
        engine: &Engine,
        picture: &FeatureMap,
        observe: Observe<'_>,
    ) -> Result<Encoded, Error> {
        let (shape, factor) = (picture.shape(), self.factor());
        let fits = |side: usize| side > 0 && side.is_multiple_of(factor);
        if shape.channels != COLOURS || !fits(shape.height) || !fits(shape.width) {
            let expected = format!("n×h×w×{COLOURS} (NHWC), h and w multiples of {factor}");
            return Err(Error::InputShape { network: NETWORK, actual: shape.to_string(), expected });
        }
        let moments = self.encoder.forward(engine, picture, observe)?;
        let moments = self.quant_conv.forward(engine, &moments)?; // [n, h/8, w/8, 2 · latent]
        let latent = self.config.latent;
        let mean = scale(engine, slice_channels(engine, &moments, 0, latent)?, self.config.scaling_factor)?;
        let deviations = slice_channels(engine, &moments, latent, latent)?;
        let deviation = |log: &f32| {
            let half = 0.5 * f64::from(log.clamp(LOG_VARIANCE.0, LOG_VARIANCE.1));
            half.exp() as f32 * self.config.scaling_factor
        };
        let values = deviations.as_slice()?.iter().map(deviation).collect();
        let deviation = FeatureMap::from_nhwc(engine, deviations.shape(), values)?;
        Ok(Encoded { mean, deviation: Some(deviation) })
    }

    /// As [`LatentCodec::decode`]; `observe` sees the output of the middle and of each level.
    ///
    /// # Errors
    /// As [`LatentCodec::decode`], and the observer's.
    pub fn decode_observed(
        &self,
        engine: &Engine,
        latent: &FeatureMap,
        observe: Observe<'_>,
    ) -> Result<FeatureMap, Error> {
        let shape = latent.shape();
        if shape.channels != self.config.latent {
            let expected = format!("n×h×w×{} (NHWC)", self.config.latent);
            return Err(Error::InputShape { network: NETWORK, actual: shape.to_string(), expected });
        }
        let x = scale(engine, latent.clone(), 1.0 / self.config.scaling_factor)?;
        let x = self.post_quant_conv.forward(engine, &x)?;
        self.decoder.forward(engine, &x, observe)
    }
}

impl LatentCodec for AutoencoderKl {
    fn factor(&self) -> usize {
        1 << (self.config.channels.len() - 1)
    }

    fn latent_channels(&self) -> usize {
        self.config.latent
    }

    fn encode(&self, engine: &Engine, picture: &FeatureMap) -> Result<Encoded, Error> {
        self.encode_observed(engine, picture, &mut |_, _| Ok(()))
    }

    fn decode(&self, engine: &Engine, latent: &FeatureMap) -> Result<FeatureMap, Error> {
        self.decode_observed(engine, latent, &mut |_, _| Ok(()))
    }
}
