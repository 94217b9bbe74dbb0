//! Separable convolution with optional resampling and noise: the brick of both halves.

use danqing_nn::{Conv2d, Conv2dConfig, ConvTranspose2d, ConvTranspose2dConfig, Engine, Epilogue, FeatureMap, Padding};
use danqing_nn::{Shape, Weight};

use super::activation;
use super::noise::NoiseMap;
use crate::{Error, checkpoint::Checkpoint};

/// `SeparableConv2d` of Picsart-AI-Research/MI-GAN@ca4df2e:lib/model_zoo/migan_inference.py:
/// depthwise 3×3 → activation → [halve] → 1×1 → [double] → [noise] → activation.
pub(super) struct SeparableConv {
    depthwise: Conv2d,
    halve: Option<Conv2d>,
    pointwise: Conv2d,
    double: Option<ConvTranspose2d>,
    noise: Option<NoiseMap>,
}

/// What a separable convolution does to the picture's size, and the resolution of its noise, if it has any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Resample {
    /// Same size, no noise.
    None,
    /// Half the size, no noise.
    Down,
    /// Same size, noise of this resolution.
    Noise(usize),
    /// Twice the size, noise of this resolution.
    UpNoise(usize),
}

impl SeparableConv {
    /// `channels`: in and out.
    pub(super) fn load(
        engine: &Engine,
        checkpoint: &Checkpoint<'_>,
        name: &str,
        channels: [usize; 2],
        resample: Resample,
    ) -> Result<Self, Error> {
        let [inputs, outputs] = channels;
        let weight = |part: &str, shape: &[usize]| checkpoint.weight(&format!("{name}.{part}"), shape);
        let depthwise = Conv2dConfig { groups: inputs, ..Conv2dConfig::same(3) };
        let (kernel, bias) = (weight("conv1.weight", &[inputs, 1, 3, 3])?, weight("conv1.bias", &[inputs])?);
        let mut conv = Self {
            depthwise: Conv2d::new(engine, depthwise, &kernel, Some(&bias))?,
            halve: None,
            pointwise: Conv2d::new(
                engine,
                Conv2dConfig::same(1),
                &weight("conv2.weight", &[outputs, inputs, 1, 1])?,
                None,
            )?,
            double: None,
            noise: None,
        };
        if resample == Resample::Down {
            conv.halve = Some(halving(engine, &weight("downsample.filter.weight", &[inputs, 1, 4, 4])?)?);
        }
        if let Resample::UpNoise(_) = resample {
            conv.double = Some(doubling(engine, &weight("upsample.filter.weight", &[outputs, 1, 4, 4])?)?);
        }
        if let Resample::Noise(side) | Resample::UpNoise(side) = resample {
            conv.noise = Some(NoiseMap::new(engine, &weight("noise", &[side, side])?)?);
        }
        Ok(conv)
    }

    /// `[1, h, w, in]` → `[1, h', w', out]`.
    pub(super) fn forward(&self, engine: &Engine, x: &FeatureMap) -> Result<FeatureMap, Error> {
        self.forward_with_skip(engine, x, None)
    }

    /// As [`Self::forward`], plus `skip` `[1, h', w', out]` after the last activation.
    pub(super) fn forward_with_skip(
        &self,
        engine: &Engine,
        x: &FeatureMap,
        skip: Option<&FeatureMap>,
    ) -> Result<FeatureMap, Error> {
        let mut x = self.depthwise.forward_with(engine, x, Epilogue::activation(activation()))?; // [1, h, w, in]
        if let Some(halve) = &self.halve {
            x = halve.forward(engine, &x)?; // [1, h/2, w/2, in]
        }
        let noise = self.noise_for(engine, x.shape())?;
        let last = Epilogue { residual: noise.as_ref(), activation: Some(activation()), skip };
        let Some(double) = &self.double else {
            return Ok(self.pointwise.forward_with(engine, &x, last)?); // [1, h', w', out]
        };
        let x = self.pointwise.forward(engine, &x)?; // [1, h, w, out]
        Ok(double.forward_with(engine, &x, last)?) // [1, 2h, 2w, out]
    }

    /// Noise of the result's size, one channel for all; `shape` is that of the pointwise convolution's input.
    fn noise_for(&self, engine: &Engine, shape: Shape) -> Result<Option<FeatureMap>, Error> {
        let Some(noise) = &self.noise else { return Ok(None) };
        let factor = if self.double.is_some() { 2 } else { 1 };
        noise.map(engine, shape.height * factor, shape.width * factor).map(Some)
    }
}

/// `Downsample2d`: the filter at every second pixel, zeros beyond the border.
fn halving(engine: &Engine, filter: &Weight) -> Result<Conv2d, Error> {
    let groups = filter.shape()[0];
    let config = Conv2dConfig { stride: 2, padding: Padding::symmetric(1), groups, ..Conv2dConfig::default() };
    Ok(Conv2d::new(engine, config, filter, None)?)
}

/// `Upsample2d`: a zero after every pixel and row, two zeros before and one after the picture, then the filter; written
/// as the transposed convolution that it equals, whose kernel is the filter turned by half a turn.
pub(super) fn doubling(engine: &Engine, filter: &Weight) -> Result<ConvTranspose2d, Error> {
    let turned = filter.values().chunks_exact(16).flat_map(|kernel| kernel.iter().rev().copied()).collect();
    let turned = Weight::new(filter.shape(), turned)?;
    let groups = filter.shape()[0];
    let config = ConvTranspose2dConfig { stride: 2, padding: 1, groups, ..ConvTranspose2dConfig::default() };
    Ok(ConvTranspose2d::new(engine, config, &turned, None)?)
}
