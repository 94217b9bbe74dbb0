//! MI-GAN: fills holes in pictures with a small generator.
//!
//! Equals the generator inside `migan_pipeline_v2.onnx` as onnxruntime 1.32 computes it in fp32, on outputs of about
//! `-1.0..=1.0`, to the tolerance of `tests/migan_golden.rs`.
//!
//! Source: A. Sargsyan, S. Navasardyan, X. Xu, H. Shi, "MI-GAN: A Simple Baseline for Image Inpainting on Mobile
//! Devices", ICCV 2023; Picsart-AI-Research/MI-GAN@ca4df2e:lib/model_zoo/migan_inference.py.
//!
//! Not here: the crop around the hole, its scaling to the working size and the paste of the exported pipeline. The
//! network redraws the whole picture, and what it draws outside the hole is not the input: paste only the hole.

mod config;
mod encoder_block;
mod names;
mod noise;
mod separable_conv;
mod synthesis_block;

use std::fmt;

use danqing_nn::{Activation, Engine, FeatureMap};
use danqing_weights::TensorFile;

use crate::{Error, checkpoint::Checkpoint};
pub use config::Config;
use encoder_block::EncoderBlock;
use synthesis_block::SynthesisBlock;

const NETWORK: &str = "MI-GAN";
/// Keep − ½, red, green, blue.
const INPUT_CHANNELS: usize = 4;

/// The generator with its weights, packed for one engine's tier.
pub struct Migan {
    config: Config,
    encoder: Vec<(usize, EncoderBlock)>,
    synthesis: Vec<(usize, SynthesisBlock)>,
}

/// Which block's output an observer of [`Migan::forward_observed`] sees; `Display` gives e.g. `synthesis.b64.img`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockOutput {
    /// Encoder or synthesis, and which of the block's two outputs.
    pub part: Part,
    /// Resolution in the block's name, 4 to 512.
    pub resolution: usize,
}

/// See [`BlockOutput`]; named as in the published code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Encoder: what the synthesis block of the same resolution adds.
    EncoderFeature,
    /// Encoder: input of the next block.
    EncoderNext,
    /// Synthesis: input of the next block.
    SynthesisNext,
    /// Synthesis: the picture so far.
    SynthesisPicture,
}

impl fmt::Display for BlockOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (half, output) = match self.part {
            Part::EncoderFeature => ("encoder", "feat"),
            Part::EncoderNext => ("encoder", "x"),
            Part::SynthesisNext => ("synthesis", "x"),
            Part::SynthesisPicture => ("synthesis", "img"),
        };
        write!(f, "{half}.b{}.{output}", self.resolution)
    }
}

impl Migan {
    /// Packs the weights of `migan_pipeline_v2.onnx`, MI-GAN 512 trained on Places2.
    ///
    /// # Errors
    /// [`Error::MissingTensor`], [`Error::TensorShape`] or [`Error::Leftover`] for another file, [`Error::Engine`].
    pub fn load(engine: &Engine, file: &TensorFile) -> Result<Self, Error> {
        let config = Config::places2_512();
        let checkpoint = Checkpoint::new(NETWORK, file, names::onnx_name);
        let encoder: Result<_, Error> =
            config.resolutions().map(|r| Ok((r, EncoderBlock::load(engine, &checkpoint, &config, r)?))).collect();
        let synthesis: Result<_, Error> = config
            .resolutions()
            .rev()
            .map(|r| Ok((r, SynthesisBlock::load(engine, &checkpoint, &config, r)?)))
            .collect();
        let migan = Self { config, encoder: encoder?, synthesis: synthesis? };
        checkpoint.finish(names::is_generator_weight)?;
        Ok(migan)
    }

    /// Sizes of this generator.
    #[must_use]
    pub fn config(&self) -> Config {
        self.config
    }

    /// Blocks that a forward runs through, for progress bars.
    #[must_use]
    pub fn blocks(&self) -> usize {
        self.encoder.len() + self.synthesis.len()
    }

    /// Fills the hole: `[1, height, width, 4]` as [`super::inpainter_input`] makes it → `[1, height, width, 3]`, red,
    /// green and blue of about `-1.0..=1.0`.
    ///
    /// Height and width are multiples of [`Config::multiple`] (128), whatever their ratio. The network was trained on
    /// 512×512; elsewhere its noise maps are repeated or cut. Seen on six photographs: 512×768, 768×768 and 640×1024
    /// fill as well as 512×512; 256×256 and 1024×1024 leave spots and smears in holes a quarter of the side wide.
    ///
    /// # Errors
    /// [`Error::InputShape`]; [`Error::Engine`], among them cancellation.
    pub fn forward(&self, engine: &Engine, input: &FeatureMap) -> Result<FeatureMap, Error> {
        self.forward_observed(engine, input, &mut |_, _| Ok(()))
    }

    /// As [`Self::forward`]; `observe` sees both outputs of each of the [`Self::blocks`] as soon as the block is done,
    /// and its error ends the forward.
    ///
    /// # Errors
    /// As [`Self::forward`], and the observer's.
    pub fn forward_observed(
        &self,
        engine: &Engine,
        input: &FeatureMap,
        observe: &mut dyn FnMut(BlockOutput, &FeatureMap) -> Result<(), Error>,
    ) -> Result<FeatureMap, Error> {
        self.check_input(input)?;
        let mut features = Vec::with_capacity(self.encoder.len());
        let mut x = input.clone(); // [1, h, w, 4]
        for (resolution, block) in &self.encoder {
            let (feature, next) = block.forward(engine, x)?; // [1, h, w, c], [1, h/2, w/2, next]
            observe(BlockOutput { part: Part::EncoderFeature, resolution: *resolution }, &feature)?;
            observe(BlockOutput { part: Part::EncoderNext, resolution: *resolution }, &next)?;
            features.push(feature);
            x = next;
        }
        let mut picture = None;
        for ((resolution, block), feature) in self.synthesis.iter().zip(features.into_iter().rev()) {
            let (next, sum) = block.forward(engine, x, feature, picture)?; // [1, h, w, c], [1, h, w, 3]
            observe(BlockOutput { part: Part::SynthesisNext, resolution: *resolution }, &next)?;
            observe(BlockOutput { part: Part::SynthesisPicture, resolution: *resolution }, &sum)?;
            (x, picture) = (next, Some(sum));
        }
        picture.ok_or_else(|| self.misfit(input))
    }

    fn check_input(&self, input: &FeatureMap) -> Result<(), Error> {
        let (shape, multiple) = (input.shape(), self.config.multiple());
        let whole = |side: usize| side > 0 && side.is_multiple_of(multiple);
        let fits = shape.batch == 1 && shape.channels == INPUT_CHANNELS && whole(shape.height) && whole(shape.width);
        if fits { Ok(()) } else { Err(self.misfit(input)) }
    }

    fn misfit(&self, input: &FeatureMap) -> Error {
        let multiple = self.config.multiple();
        Error::InputShape {
            network: NETWORK,
            actual: input.shape().to_string(),
            expected: format!("1×h×w×{INPUT_CHANNELS} (NHWC), h and w multiples of {multiple}"),
        }
    }
}

/// Leaky `ReLU` of slope 0.2, gain √2, clamped to ±256: `lrelu_agc` of the published code.
fn activation() -> Activation {
    Activation::LeakyRelu { slope: 0.2, gain: std::f32::consts::SQRT_2, clamp: Some(256.0) }
}
