//! The UNet of Stable Diffusion 1.x and 2.x.
//!
//! Equals `UNet2DConditionModel` of diffusers 0.31.0 (`src/diffusers/models/unets/unet_2d_condition.py`) in fp32, to the
//! tolerance of `tests/diffusion_golden.rs`.
//!
//! Source: R. Rombach et al., "High-Resolution Image Synthesis with Latent Diffusion Models", CVPR 2022;
//! O. Ronneberger et al., "U-Net", MICCAI 2015.

mod attention;
mod config;
mod level;
mod time_embedding;
mod transformer;

use danqing_nn::{Activation, Conv2d, Engine, FeatureMap, GroupNorm, Shape};

use self::level::{DownLevel, EPSILON, Middle, Told, UpLevel};
use self::time_embedding::TimeEmbedding;
use super::Denoiser;
use crate::diffusion::{Loader, Observe, TensorShape, Tensors};
use crate::{Error, checkpoint::Checkpoint};
pub use config::UnetConfig;
pub use time_embedding::sinusoidal_embedding;

const NETWORK: &str = "UNet";

/// The network with its weights, packed for one engine's tier.
pub struct Unet {
    config: UnetConfig,
    time_embedding: TimeEmbedding,
    conv_in: Conv2d,
    down: Vec<DownLevel>,
    middle: Middle,
    up: Vec<UpLevel>,
    norm_out: GroupNorm,
    conv_out: Conv2d,
}

impl Unet {
    /// Packs the weights.
    ///
    /// # Errors
    /// [`Error::MissingTensor`], [`Error::TensorShape`] or [`Error::Leftover`] for another network, [`Error::Engine`].
    pub fn load(engine: &Engine, tensors: Tensors<'_>, config: UnetConfig) -> Result<Self, Error> {
        let checkpoint = Checkpoint::of(NETWORK, tensors);
        let network = Self::read(&Loader { engine, checkpoint: &checkpoint }, config)?;
        checkpoint.finish_with(tensors)?;
        Ok(network)
    }

    /// Names and dimensions of all tensors that [`Self::load`] reads, by name.
    ///
    /// # Errors
    /// [`Error::Engine`].
    pub fn tensors(engine: &Engine, config: UnetConfig) -> Result<Vec<TensorShape>, Error> {
        let checkpoint = Checkpoint::listing(NETWORK);
        Self::read(&Loader { engine, checkpoint: &checkpoint }, config)?;
        Ok(checkpoint.listed())
    }

    fn read(loader: &Loader<'_>, config: UnetConfig) -> Result<Self, Error> {
        let (levels, first) = (config.channels.len(), config.channels[0]);
        let down: Result<_, Error> = (0..levels).map(|level| DownLevel::load(loader, level, &config)).collect();
        let up: Result<_, Error> = (0..levels).map(|index| UpLevel::load(loader, index, &config)).collect();
        Ok(Self {
            time_embedding: TimeEmbedding::load(loader, first, config.time())?,
            conv_in: loader.conv3("conv_in", [config.in_channels, first])?,
            down: down?,
            middle: Middle::load(loader, &config)?,
            up: up?,
            norm_out: loader.group_norm("conv_norm_out", first, (config.groups, EPSILON))?,
            conv_out: loader.conv3("conv_out", [first, config.out_channels])?,
            config,
        })
    }

    /// Sizes of this network.
    #[must_use]
    pub fn config(&self) -> &UnetConfig {
        &self.config
    }

    /// As [`Denoiser::denoise`]; `observe` sees the output of `conv_in`, of each level and of the middle.
    ///
    /// # Errors
    /// As [`Denoiser::denoise`], and the observer's.
    pub fn forward_observed(
        &self,
        engine: &Engine,
        latent: &FeatureMap,
        timesteps: &[f32],
        context: &FeatureMap,
        observe: Observe<'_>,
    ) -> Result<FeatureMap, Error> {
        self.check(latent.shape(), timesteps.len(), context.shape())?;
        let time = self.time_embedding.forward(engine, timesteps)?;
        let told = Told { time: &time, context };
        let mut x = self.conv_in.forward(engine, latent)?; // [n, h, w, channels[0]]
        observe("conv_in", &x)?;
        let mut skips = vec![x.clone()];
        for (index, level) in self.down.iter().enumerate() {
            x = level.forward(engine, x, told, &mut skips)?; // [n, h/2, w/2, channels[index]], the last at its size
            observe(&format!("down_blocks.{index}"), &x)?;
        }
        x = self.middle.forward(engine, x, told)?;
        observe("mid_block", &x)?;
        for (index, level) in self.up.iter().enumerate() {
            x = level.forward(engine, x, told, &mut skips)?; // [n, 2h, 2w, channels], the last at the latent's size
            observe(&format!("up_blocks.{index}"), &x)?;
        }
        let x = self.norm_out.forward_with(engine, &x, Some(&Activation::Silu))?;
        Ok(self.conv_out.forward(engine, &x)?) // [n, h, w, out_channels]
    }

    fn check(&self, latent: Shape, timesteps: usize, context: Shape) -> Result<(), Error> {
        let misfit = |actual: String, expected: String| Error::InputShape { network: NETWORK, actual, expected };
        if latent.channels != self.config.in_channels || timesteps != latent.batch {
            let actual = format!("{latent} and {timesteps} timesteps");
            let expected = format!("n×h×w×{} (NHWC) and n timesteps", self.config.in_channels);
            return Err(misfit(actual, expected));
        }
        if context.channels != self.config.context || context.batch != latent.batch {
            let expected = format!("{}×1×tokens×{} (NHWC)", latent.batch, self.config.context);
            return Err(misfit(format!("context {context}"), expected));
        }
        Ok(())
    }
}

impl Denoiser for Unet {
    fn input_channels(&self) -> usize {
        self.config.in_channels
    }

    fn context_channels(&self) -> usize {
        self.config.context
    }

    fn denoise(
        &self,
        engine: &Engine,
        latent: &FeatureMap,
        timesteps: &[f32],
        context: &FeatureMap,
    ) -> Result<FeatureMap, Error> {
        self.forward_observed(engine, latent, timesteps, context, &mut |_, _| Ok(()))
    }
}
