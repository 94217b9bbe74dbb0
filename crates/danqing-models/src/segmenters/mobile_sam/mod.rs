//! `MobileSAM`: from clicks and a box to a mask, after one look at the picture.
//!
//! Equals the published code in fp32 to the tolerance of `tests/mobile_sam_golden.rs`. The encoder looks once; each prompt
//! then costs a decoder of 4 million weights.
//!
//! Source: C. Zhang, D. Han et al., "Faster Segment Anything: Towards Lightweight SAM for Mobile Applications", 2023;
//! ChaoningZhang/MobileSAM `mobile_sam/modeling`; encoder: K. Wu et al., "`TinyViT`", ECCV 2022; prompts and decoder:
//! A. Kirillov et al., "Segment Anything", ICCV 2023.

mod decoder;
mod picture;
mod prompt;
mod tiny_vit;
mod two_way;
mod window;

use danqing_nn::{Engine, FeatureMap, LayerNorm};
use danqing_weights::TensorFile;

use self::decoder::Decoder;
use self::prompt::Prompts;
use self::tiny_vit::TinyVit;
use crate::diffusion::Loader;
use crate::{Error, checkpoint::Checkpoint};

pub use self::picture::{mobile_sam_input, scaled_size};
pub use self::prompt::{Click, Prompt};

const NETWORK: &str = "MobileSAM";
/// Side of the square that the encoder looks at.
pub const SIDE: usize = 1024;
/// Side of the masks.
pub const MASK_SIDE: usize = 256;
/// Channels of the embedding and of every token.
const WIDTH: usize = 256;
/// Side of the embedding.
const GRID: usize = 64;
/// Epsilon of the norms over channels (`LayerNorm2d`).
const EPSILON_2D: f32 = 1e-6;

/// Shows each block's output by its published name.
pub type Observer<'a> = &'a mut dyn FnMut(&'static str, &FeatureMap) -> Result<(), Error>;

/// The network with its weights, packed for one engine's tier.
pub struct MobileSam {
    encoder: TinyVit,
    prompts: Prompts,
    decoder: Decoder,
}

/// What one prompt gives: a mask for it as a whole, and three for its possible meanings, of falling detail.
pub struct Masks {
    /// `[1, 256, 256, 4]`: logits over the padded square; above 0 is inside.
    pub logits: FeatureMap,
    /// How well each mask fits what is meant, as the network guesses: intersection over union.
    pub quality: [f32; 4],
}

impl MobileSam {
    /// Packs the weights of `mobile_sam.pt`.
    ///
    /// # Errors
    /// [`Error::MissingTensor`], [`Error::TensorShape`] or [`Error::Leftover`] for another file, [`Error::Engine`].
    pub fn load(engine: &Engine, file: &TensorFile) -> Result<Self, Error> {
        let checkpoint = Checkpoint::new(NETWORK, file, str::to_owned);
        let loader = Loader { engine, checkpoint: &checkpoint };
        let (encoder, prompts) = (TinyVit::load(&loader)?, Prompts::load(&loader)?);
        let decoder = Decoder::load(&loader)?;
        checkpoint.finish(belongs)?;
        Ok(Self { encoder, prompts, decoder })
    }

    /// Looks at a picture: `[1, 1024, 1024, 3]` as [`mobile_sam_input`] makes it → `[1, 64, 64, 256]`.
    ///
    /// # Errors
    /// [`Error::InputShape`]; [`Error::Engine`], among them cancellation.
    pub fn encode(&self, engine: &Engine, input: &FeatureMap) -> Result<FeatureMap, Error> {
        self.encode_observed(engine, input, &mut |_, _| Ok(()))
    }

    /// As [`Self::encode`]; `observe` sees each stage.
    ///
    /// # Errors
    /// As [`Self::encode`], and the observer's.
    pub fn encode_observed(
        &self,
        engine: &Engine,
        input: &FeatureMap,
        observe: Observer<'_>,
    ) -> Result<FeatureMap, Error> {
        check("1×1024×1024×3", input, [SIDE, SIDE, 3])?;
        self.encoder.forward(engine, input, observe)
    }

    /// The masks of a prompt on an embedding that [`Self::encode`] made.
    ///
    /// # Errors
    /// [`Error::InputShape`]; [`Error::Engine`], among them cancellation.
    pub fn decode(&self, engine: &Engine, embedding: &FeatureMap, prompt: &Prompt) -> Result<Masks, Error> {
        check("1×64×64×256", embedding, [GRID, GRID, WIDTH])?;
        let tokens = self.prompts.tokens(prompt);
        self.decoder.forward(engine, embedding, &self.prompts, &tokens)
    }
}

fn check(expected: &str, map: &FeatureMap, [height, width, channels]: [usize; 3]) -> Result<(), Error> {
    let shape = map.shape();
    if (shape.batch, shape.height, shape.width, shape.channels) == (1, height, width, channels) {
        return Ok(());
    }
    let expected = format!("{expected} (NHWC)");
    Err(Error::InputShape { network: NETWORK, actual: shape.to_string(), expected })
}

/// Tensors that a forward uses: not the classifier that `TinyViT` was trained with, nor masks as prompts.
fn belongs(name: &str) -> bool {
    let unused = ["image_encoder.norm_head.", "image_encoder.head.", "prompt_encoder.mask_downscaling."];
    let is_index = name.ends_with("num_batches_tracked") || name.ends_with("attention_bias_idxs");
    let parts = ["image_encoder.", "prompt_encoder.", "mask_decoder."];
    parts.iter().any(|part| name.starts_with(part)) && !is_index && !unused.iter().any(|part| name.starts_with(part))
}

/// A norm over the channels of each pixel, as `LayerNorm2d` of segment-anything.
fn norm_2d(loader: &Loader<'_>, name: &str, channels: usize) -> Result<LayerNorm, Error> {
    let (weight, bias) = (loader.weight(name, "weight", &[channels])?, loader.weight(name, "bias", &[channels])?);
    Ok(LayerNorm::new(EPSILON_2D, &weight, &bias)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diffusion::Tensors;
    use crate::small_activations::{Outcome, assert_golden, engine, norm_input};

    #[test]
    fn both_norms_have_their_epsilon() -> Outcome {
        let (engine, checkpoint) = (engine(), Checkpoint::of(NETWORK, Tensors::Seeded));
        let loader = Loader { engine: &engine, checkpoint: &checkpoint };
        assert_golden(&norm_2d(&loader, "norm", 12)?.forward(&engine, &norm_input(&engine, true))?, "layer.1e-06");
        assert_golden(&loader.layer_norm("norm", 12)?.forward(&engine, &norm_input(&engine, false))?, "layer.1e-05");
        Ok(())
    }
}
