//! The residual block of the tiny autoencoder.

use danqing_nn::{Activation, Conv2d, Engine, Epilogue, FeatureMap};

use super::CHANNELS;
use crate::Error;
use crate::diffusion::Loader;

/// `AutoencoderTinyBlock`: three convolutions with rectifiers, plus the input, rectified.
pub(super) struct Block([Conv2d; 3]);

impl Block {
    pub(super) fn load(loader: &Loader<'_>, name: &str) -> Result<Self, Error> {
        let conv = |index: usize| loader.conv3(&format!("{name}.conv.{index}"), [CHANNELS; 2]);
        Ok(Self([conv(0)?, conv(2)?, conv(4)?]))
    }

    pub(super) fn forward(&self, engine: &Engine, x: &FeatureMap) -> Result<FeatureMap, Error> {
        let [first, second, third] = &self.0;
        let relu = || Epilogue::activation(Activation::Relu);
        let h = first.forward_with(engine, x, relu())?;
        let h = second.forward_with(engine, &h, relu())?;
        Ok(third.forward_with(engine, &h, relu().with_residual(x))?) // [n, h, w, 64]
    }
}
