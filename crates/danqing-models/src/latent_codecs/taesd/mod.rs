//! The tiny autoencoder: a preview of what a latent holds, in a hundredth of the time.
//!
//! Equals `AutoencoderTiny` of diffusers 0.31.0 (`src/diffusers/models/autoencoders/vae.py`, `EncoderTiny` and
//! `DecoderTiny`) in fp32, to the tolerance of `tests/diffusion_golden.rs`. Source: madebyollin/taesd.

mod block;

use danqing_nn::{
    Activation, Conv2d, Conv2dConfig, Engine, Epilogue, FeatureMap, Padding, Weight, activate, affine, scale,
};

use danqing_weights::TensorFile;

use self::block::Block;
use super::{Encoded, LatentCodec};
use crate::diffusion::{Loader, TensorShape, Tensors};
use crate::{Error, checkpoint::Checkpoint};

const NETWORK: &str = "TAESD";
const COLOURS: usize = 3;
const LATENT: usize = 4;
/// Of every block.
const CHANNELS: usize = 64;
/// Blocks between the encoder's halvings and, backwards, between the decoder's doublings.
const BLOCKS: [usize; 4] = [1, 3, 3, 3];
/// Latents are limited softly to this magnitude.
const MAGNITUDE: f32 = 3.0;

/// One entry of the checkpoint's list of layers.
enum Layer {
    Conv(Conv2d),
    ConvRelu(Conv2d),
    Block(Box<Block>),
    /// Of the map doubled by nearest neighbours.
    DoubledConv(Conv2d),
}

/// The network with its weights, packed for one engine's tier.
pub struct Taesd {
    encoder: Vec<Layer>,
    decoder: Vec<Layer>,
}

impl Taesd {
    /// Packs the weights.
    ///
    /// # Errors
    /// [`Error::MissingTensor`], [`Error::TensorShape`] or [`Error::Leftover`] for another network, [`Error::Engine`].
    pub fn load(engine: &Engine, tensors: Tensors<'_>) -> Result<Self, Error> {
        let checkpoint = Checkpoint::of(NETWORK, tensors);
        let network = Self::read(&Loader { engine, checkpoint: &checkpoint })?;
        checkpoint.finish_with(tensors)?;
        Ok(network)
    }

    /// Of a file by diffusers' names.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn of_file(engine: &Engine, file: &TensorFile) -> Result<Self, Error> {
        Self::load(engine, Tensors::of_file(file, &|name: &str| name.to_owned().into(), &|_| true))
    }

    /// Names and dimensions of all tensors that [`Self::load`] reads, by name.
    ///
    /// # Errors
    /// [`Error::Engine`].
    pub fn tensors(engine: &Engine) -> Result<Vec<TensorShape>, Error> {
        let checkpoint = Checkpoint::listing(NETWORK);
        Self::read(&Loader { engine, checkpoint: &checkpoint })?;
        Ok(checkpoint.listed())
    }

    fn read(loader: &Loader<'_>) -> Result<Self, Error> {
        let mut encoder = Vec::new();
        for (level, &blocks) in BLOCKS.iter().enumerate() {
            let name = format!("encoder.layers.{}", encoder.len());
            encoder.push(Layer::Conv(match level {
                0 => loader.conv3(&name, [COLOURS, CHANNELS])?,
                _ => bare_conv(loader, &name, 2)?,
            }));
            for _ in 0..blocks {
                encoder.push(Layer::Block(Block::load(loader, &format!("encoder.layers.{}", encoder.len()))?.into()));
            }
        }
        encoder.push(Layer::Conv(loader.conv3(&format!("encoder.layers.{}", encoder.len()), [CHANNELS, LATENT])?));
        // The rectifier and each doubling have a place of their own in the checkpoint's list.
        let mut decoder = vec![Layer::ConvRelu(loader.conv3("decoder.layers.0", [LATENT, CHANNELS])?)];
        for (level, &blocks) in BLOCKS.iter().rev().enumerate() {
            for _ in 0..blocks {
                decoder.push(Layer::Block(
                    Block::load(loader, &format!("decoder.layers.{}", decoder.len() + 1 + level))?.into(),
                ));
            }
            if level + 1 < BLOCKS.len() {
                let name = format!("decoder.layers.{}", decoder.len() + 2 + level);
                decoder.push(Layer::DoubledConv(bare_conv(loader, &name, 1)?));
            }
        }
        let name = format!("decoder.layers.{}", decoder.len() + BLOCKS.len());
        decoder.push(Layer::Conv(loader.conv3(&name, [CHANNELS, COLOURS])?));
        Ok(Self { encoder, decoder })
    }
}

/// A 3×3 convolution without bias.
fn bare_conv(loader: &Loader<'_>, name: &str, stride: usize) -> Result<Conv2d, Error> {
    let weight: Weight = loader.weight(name, "weight", &[CHANNELS, CHANNELS, 3, 3])?;
    let config = Conv2dConfig { stride, padding: Padding::symmetric(1), ..Conv2dConfig::default() };
    Ok(Conv2d::new(loader.engine, config, &weight, None)?)
}

fn run(engine: &Engine, layers: &[Layer], mut x: FeatureMap) -> Result<FeatureMap, Error> {
    for layer in layers {
        x = match layer {
            Layer::DoubledConv(conv) => {
                let size = (2 * x.shape().height, 2 * x.shape().width);
                conv.forward_resized(engine, &x, size, Epilogue::default())?
            }
            Layer::Conv(conv) => conv.forward(engine, &x)?,
            Layer::ConvRelu(conv) => conv.forward_with(engine, &x, Epilogue::activation(Activation::Relu))?,
            Layer::Block(block) => block.forward(engine, &x)?,
        };
    }
    Ok(x)
}

impl LatentCodec for Taesd {
    fn factor(&self) -> usize {
        1 << (BLOCKS.len() - 1)
    }

    fn latent_channels(&self) -> usize {
        LATENT
    }

    fn encode(&self, engine: &Engine, picture: &FeatureMap) -> Result<Encoded, Error> {
        let (shape, factor) = (picture.shape(), self.factor());
        let fits = |side: usize| side > 0 && side.is_multiple_of(factor);
        if shape.channels != COLOURS || !fits(shape.height) || !fits(shape.width) {
            let expected = format!("n×h×w×{COLOURS} (NHWC), h and w multiples of {factor}");
            return Err(Error::InputShape { network: NETWORK, actual: shape.to_string(), expected });
        }
        let x = affine(engine, picture.clone(), 0.5, 0.5)?;
        Ok(Encoded { mean: run(engine, &self.encoder, x)?, deviation: None }) // [n, h/8, w/8, 4]
    }

    fn decode(&self, engine: &Engine, latent: &FeatureMap) -> Result<FeatureMap, Error> {
        let shape = latent.shape();
        if shape.channels != LATENT {
            let expected = format!("n×h×w×{LATENT} (NHWC)");
            return Err(Error::InputShape { network: NETWORK, actual: shape.to_string(), expected });
        }
        let x = scale(engine, latent.clone(), 1.0 / MAGNITUDE)?;
        let x = scale(engine, activate(engine, x, &Activation::Tanh)?, MAGNITUDE)?;
        let x = run(engine, &self.decoder, x)?; // [n, 8h, 8w, 3]
        Ok(affine(engine, x, 2.0, -1.0)?)
    }
}
