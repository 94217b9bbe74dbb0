//! VGG-19, normalised: the encoder whose features say what a picture shows and how it is painted.
//!
//! Equals `vgg` of naoto0804/pytorch-AdaIN with `vgg_normalized.pth`, as torch 2.5.1 computes it in fp32, to the
//! tolerance of `tests/vgg19_golden.rs`.
//!
//! Source: K. Simonyan, A. Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition", ICLR 2015,
//! configuration E; normalised and padded by reflection by X. Huang, S. Belongie, "Arbitrary Style Transfer in Real-Time
//! with Adaptive Instance Normalization", ICCV 2017; naoto0804/pytorch-AdaIN@00c7c61:net.py.
//!
//! Not here: the classifier.

mod gradient;
mod layer;

use danqing_nn::{
    Activation, Conv2d, Conv2dConfig, Engine, Epilogue, FeatureMap, PadMode, Padding, PoolConfig, activate, max_pool,
};
use danqing_weights::TensorFile;

pub use self::gradient::{AddSlope, Pass, Pooling, Vgg19Gradient};
pub use self::layer::{CONVOLUTIONS, Convolution, Layer};
use crate::{Error, checkpoint::Checkpoint};

pub(super) const NETWORK: &str = "VGG-19";

/// The encoder with its weights, packed for one engine's tier.
pub struct Vgg19 {
    /// 1×1: red, green and blue of `0.0..=1.0` to what VGG was trained on (blue, green, red, means taken off).
    colour: Conv2d,
    /// One per entry of [`CONVOLUTIONS`].
    convolutions: Vec<Conv2d>,
}

impl Vgg19 {
    /// Packs the weights of `vgg_normalized.pth`.
    ///
    /// # Errors
    /// [`Error::MissingTensor`], [`Error::TensorShape`] or [`Error::Leftover`] for another file, [`Error::Engine`].
    pub fn load(engine: &Engine, file: &TensorFile) -> Result<Self, Error> {
        let checkpoint = Checkpoint::new(NETWORK, file, str::to_owned);
        let colour = convolution(engine, &checkpoint, 0, [3, 3, 1, 1], Conv2dConfig::same(1))?;
        let convolutions = CONVOLUTIONS
            .iter()
            .map(|c| convolution(engine, &checkpoint, c.index, [c.output, c.input, 3, 3], reflected()))
            .collect::<Result<_, Error>>()?;
        checkpoint.finish(|_| true)?;
        Ok(Self { colour, convolutions })
    }

    /// The named outputs, in the order of `wanted`: `[n, h, w, 3]`, red, green and blue of `0.0..=1.0` →
    /// `[n, ⌈h/s⌉, ⌈w/s⌉, c]` each, with [`Layer::stride`] s. Nothing behind the deepest one is computed.
    ///
    /// # Errors
    /// [`Error::InputShape`] for other than three channels; [`Error::Engine`] for a side so short that a layer has
    /// less than 2 pixels to mirror, and for cancellation.
    pub fn forward(&self, engine: &Engine, input: &FeatureMap, wanted: &[Layer]) -> Result<Vec<FeatureMap>, Error> {
        let mut found = vec![None; wanted.len()];
        let Some(last) = wanted.iter().map(|layer| layer.position).max() else { return Ok(Vec::new()) };
        self.forward_observed(
            engine,
            input,
            last,
            &mut |layer, map| {
                wanted.iter().zip(&mut found).filter(|(w, _)| **w == layer).for_each(|(_, f)| *f = Some(map.clone()));
                Ok(())
            },
            wanted,
        )?;
        found.into_iter().map(|map| map.ok_or_else(|| misfit(input))).collect()
    }

    fn forward_observed(
        &self,
        engine: &Engine,
        input: &FeatureMap,
        last: usize,
        observe: &mut dyn FnMut(Layer, &FeatureMap) -> Result<(), Error>,
        wanted: &[Layer],
    ) -> Result<(), Error> {
        if input.shape().channels != 3 {
            return Err(misfit(input));
        }
        let mut x = self.colour.forward(engine, input)?; // [n, h, w, 3]
        for (position, (convolution, c)) in self.convolutions.iter().zip(CONVOLUTIONS).enumerate().take(last + 1) {
            if c.place == 1 && c.block > 1 {
                x = halved(engine, &x)?; // [n, ⌈h/2⌉, ⌈w/2⌉, input]
            }
            let before = Layer { position, activated: false };
            x = if wanted.contains(&before) {
                let sums = convolution.forward(engine, &x)?; // [n, h, w, output]
                observe(before, &sums)?;
                activate(engine, sums, &Activation::Relu)?
            } else {
                convolution.forward_with(engine, &x, Epilogue::activation(Activation::Relu))? // [n, h, w, output]
            };
            observe(Layer { position, activated: true }, &x)?;
        }
        Ok(())
    }
}

/// 3×3, size kept, mirrored at the border.
pub(super) const fn reflected() -> Conv2dConfig {
    let mut config = Conv2dConfig::same(3);
    config.padding_mode = PadMode::Reflect;
    config
}

/// The convolution stored under `{index}.weight` and `{index}.bias`.
pub(super) fn convolution(
    engine: &Engine,
    checkpoint: &Checkpoint<'_>,
    index: usize,
    shape: [usize; 4],
    config: Conv2dConfig,
) -> Result<Conv2d, Error> {
    let weight = checkpoint.weight(&format!("{index}.weight"), &shape)?;
    let bias = checkpoint.weight(&format!("{index}.bias"), &shape[..1])?;
    Ok(Conv2d::new(engine, config, &weight, Some(&bias))?)
}

/// Maximum of 2×2 pixels; an odd last row or column is its own (`ceil_mode=True`).
fn halved(engine: &Engine, x: &FeatureMap) -> Result<FeatureMap, Error> {
    let (bottom, right) = (x.shape().height % 2, x.shape().width % 2);
    let padding = Padding { top: 0, bottom, left: 0, right };
    Ok(max_pool(engine, x, PoolConfig { kernel: 2, stride: 2, padding })?)
}

fn misfit(input: &FeatureMap) -> Error {
    Error::InputShape { network: NETWORK, actual: input.shape().to_string(), expected: "n×h×w×3 (NHWC)".into() }
}
