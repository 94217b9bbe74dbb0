//! Halving and doubling of maps.

use danqing_nn::{Conv2d, Conv2dConfig, Engine, Epilogue, FeatureMap, Padding};

use super::Loader;
use crate::Error;

/// `Downsample2D`: a 3×3 convolution of stride 2.
pub(crate) struct Downsample(Conv2d);

impl Downsample {
    /// `padding`: symmetric in the UNet; in the autoencoder's encoder after the last row and column only.
    pub(crate) fn load(loader: &Loader<'_>, name: &str, channels: usize, padding: Padding) -> Result<Self, Error> {
        let config = Conv2dConfig { stride: 2, padding, ..Conv2dConfig::default() };
        Ok(Self(loader.conv(&format!("{name}.conv"), [channels, channels], 3, config)?))
    }

    pub(crate) fn forward(&self, engine: &Engine, x: &FeatureMap) -> Result<FeatureMap, Error> {
        Ok(self.0.forward(engine, x)?) // [n, h/2, w/2, c]
    }
}

/// `Upsample2D`: nearest neighbours, then a 3×3 convolution.
pub(crate) struct Upsample(Conv2d);

impl Upsample {
    pub(crate) fn load(loader: &Loader<'_>, name: &str, channels: usize) -> Result<Self, Error> {
        Ok(Self(loader.conv3(&format!("{name}.conv"), [channels, channels])?))
    }

    /// To twice the size.
    pub(crate) fn doubled(&self, engine: &Engine, x: &FeatureMap) -> Result<FeatureMap, Error> {
        self.forward(engine, x, (2 * x.shape().height, 2 * x.shape().width))
    }

    /// To another height and width.
    pub(crate) fn forward(
        &self,
        engine: &Engine,
        x: &FeatureMap,
        (height, width): (usize, usize),
    ) -> Result<FeatureMap, Error> {
        Ok(self.0.forward_resized(engine, x, (height, width), Epilogue::default())?) // [n, height, width, c]
    }
}
