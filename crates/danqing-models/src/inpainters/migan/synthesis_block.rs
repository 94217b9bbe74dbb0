//! Synthesis block: doubles the picture, takes the encoder's feature, adds its share to the colours.

use danqing_nn::{Conv2d, Conv2dConfig, ConvTranspose2d, Engine, Epilogue, FeatureMap};

use super::config::{Config, INNERMOST};
use super::separable_conv::{Resample, SeparableConv, doubling};
use crate::{Error, checkpoint::Checkpoint};

/// Red, green, blue.
const COLOURS: usize = 3;

/// `SynthesisBlockFirst` (innermost) and `SynthesisBlock` of
/// Picsart-AI-Research/MI-GAN@ca4df2e:lib/model_zoo/migan_inference.py.
pub(super) struct SynthesisBlock {
    conv1: SeparableConv,
    conv2: SeparableConv,
    to_rgb: Conv2d,
    upsample: Option<ConvTranspose2d>,
}

impl SynthesisBlock {
    pub(super) fn load(
        engine: &Engine,
        checkpoint: &Checkpoint<'_>,
        config: &Config,
        resolution: usize,
    ) -> Result<Self, Error> {
        let name = format!("synthesis.b{resolution}");
        let channels = config.channels(resolution);
        let weight = |part: &str, shape: &[usize]| checkpoint.weight(&format!("{name}.{part}"), shape);
        let to_rgb = weight("torgb.weight", &[COLOURS, channels, 1, 1])?;
        let to_rgb = Conv2d::new(engine, Conv2dConfig::same(1), &to_rgb, Some(&weight("torgb.bias", &[COLOURS])?))?;
        let conv = |part: &str, inputs, resample| {
            SeparableConv::load(engine, checkpoint, &format!("{name}.{part}"), [inputs, channels], resample)
        };
        if resolution == INNERMOST {
            let (conv1, conv2) = (conv("conv1", channels, Resample::None)?, conv("conv2", channels, Resample::None)?);
            return Ok(Self { conv1, conv2, to_rgb, upsample: None });
        }
        Ok(Self {
            conv1: conv("conv1", config.channels(resolution / 2), Resample::UpNoise(resolution))?,
            conv2: conv("conv2", channels, Resample::Noise(resolution))?,
            to_rgb,
            upsample: Some(doubling(engine, &weight("upsample.filter.weight", &[COLOURS, 1, 4, 4])?)?),
        })
    }

    /// Next input and the picture so far: `[1, h/2, w/2, in]`, `[1, h/2, w/2, 3]` → `[1, h, w, c]`, `[1, h, w, 3]`
    /// (innermost: no picture yet, and the size stays). `feature`: the encoder's, `[1, h, w, c]`.
    pub(super) fn forward(
        &self,
        engine: &Engine,
        x: FeatureMap,
        feature: FeatureMap,
        picture: Option<FeatureMap>,
    ) -> Result<(FeatureMap, FeatureMap), Error> {
        let sum = self.conv1.forward_with_skip(engine, &x, Some(&feature))?; // [1, h, w, c]
        drop((x, feature));
        let x = self.conv2.forward(engine, &sum)?; // [1, h, w, c]
        drop(sum);
        let picture = match (&self.upsample, picture) {
            (Some(upsample), Some(picture)) => Some(upsample.forward(engine, &picture)?), // [1, h, w, 3]
            (_, picture) => picture,
        };
        let share = Epilogue { skip: picture.as_ref(), ..Epilogue::default() };
        let picture = self.to_rgb.forward_with(engine, &x, share)?; // [1, h, w, 3]
        Ok((x, picture))
    }
}
