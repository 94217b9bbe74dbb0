//! Checkpoints of Stable Diffusion 1.x and 2.x as they are published: a diffusers folder, or a single file of the original
//! names. Family, sizes and kind of prediction are read from them; every tensor is read, or stands in a list of those that
//! may be left.
//!
//! Source of the layouts: huggingface/diffusers@v0.31.0 `src/diffusers/loaders/single_file_utils.py`; CompVis/stable-diffusion
//! and Stability-AI/stablediffusion, `configs/stable-diffusion`.

mod codec;
mod error;
mod files;
mod folder;
mod ldm;
mod place;
mod scheduler;
mod unet_file;
mod values;

use danqing_nn::{Engine, FeatureMap, Shape};

use crate::Error;
use crate::denoisers::Denoiser;
use crate::denoisers::unet::Unet;
use crate::latent_codecs::autoencoder_kl::AutoencoderKl;
use crate::text_encoders::clip::ClipText;
pub use codec::CodecFile;
pub use error::OpenError;
pub use files::CheckpointFiles;
pub use scheduler::{Betas, Predicts, Training};
pub use unet_file::UnetFile;
pub use values::Values;

/// Which text encoder and which kind of UNet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// 1.x: CLIP ViT-L/14.
    One,
    /// 2.x: `OpenCLIP` ViT-H/14.
    Two,
}

impl Family {
    /// Token that fills a prompt up.
    #[must_use]
    pub fn padding_token(self) -> u32 {
        match self {
            Self::One => crate::text_encoders::tokenizer::ClipTokenizer::END,
            Self::Two => 0,
        }
    }
}

/// The three networks, packed for one engine's tier.
pub struct StableDiffusion {
    /// Tells the noise in a latent.
    pub unet: Unet,
    /// Pictures to latents and back.
    pub codec: AutoencoderKl,
    /// Tokens to what the UNet attends to.
    pub text: ClipText,
    /// Which family.
    pub family: Family,
    /// How it was trained, as far as it says; what the UNet predicts is always said.
    pub training: Training,
    /// What the UNet predicts.
    pub predicts: Predicts,
}

impl StableDiffusion {
    /// Side of the square pictures that it was trained at.
    #[must_use]
    pub fn native_side(&self) -> usize {
        if self.family == Family::Two && self.predicts == Predicts::Velocity { 768 } else { 512 }
    }

    fn finished(
        engine: &Engine,
        (unet, codec, text): (Unet, AutoencoderKl, ClipText),
        training: Training,
    ) -> Result<Self, Error> {
        let family = if unet.config().has_linear_projection { Family::Two } else { Family::One };
        let predicts = match (training.predicts, family) {
            (Some(predicts), _) => predicts,
            (None, Family::One) => Predicts::Noise,
            (None, Family::Two) => probed(engine, &unet)?,
        };
        Ok(Self { unet, codec, text, family, training, predicts })
    }
}

/// What a UNet of family 2 predicts, where its file does not say: for a constant latent at the last timestep an answer far
/// below the latent is a velocity. Rule: `is_using_v_parameterization_for_sd2` of
/// AUTOMATIC1111/stable-diffusion-webui@82a973c `modules/sd_models_config.py`. Only networks without further inputs come in
/// both kinds.
fn probed(engine: &Engine, unet: &Unet) -> Result<Predicts, Error> {
    const VALUE: f32 = 0.5;
    if unet.input_channels() != unet.config().out_channels {
        return Ok(Predicts::Noise);
    }
    let latent = FeatureMap::filled(engine, Shape::new(1, 8, 8, unet.input_channels()), VALUE)?;
    let context = FeatureMap::filled(engine, Shape::new(1, 1, 2, unet.context_channels()), VALUE)?;
    let answer = unet.denoise(engine, &latent, &[999.0], &context)?;
    let values = answer.as_slice()?;
    let mean = values.iter().map(|value| f64::from(value - VALUE)).sum::<f64>() / values.len() as f64;
    Ok(if mean < -1.0 { Predicts::Velocity } else { Predicts::Noise })
}
