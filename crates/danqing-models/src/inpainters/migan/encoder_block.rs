//! Encoder block: keeps what the decoder's skip takes, then halves the picture.

use danqing_nn::{Conv2d, Conv2dConfig, Engine, Epilogue, FeatureMap};

use super::config::{Config, INNERMOST};
use super::separable_conv::{Resample, SeparableConv};
use super::{INPUT_CHANNELS, activation};
use crate::{Error, checkpoint::Checkpoint};

/// `EncoderBlock` of Picsart-AI-Research/MI-GAN@ca4df2e:lib/model_zoo/migan_inference.py.
pub(super) struct EncoderBlock {
    from_rgb: Option<Conv2d>,
    conv1: SeparableConv,
    conv2: SeparableConv,
}

impl EncoderBlock {
    pub(super) fn load(
        engine: &Engine,
        checkpoint: &Checkpoint<'_>,
        config: &Config,
        resolution: usize,
    ) -> Result<Self, Error> {
        let name = format!("encoder.b{resolution}");
        let channels = config.channels(resolution);
        let innermost = resolution == INNERMOST;
        let (next, resample) =
            if innermost { (channels, Resample::None) } else { (config.channels(resolution / 2), Resample::Down) };
        let from_rgb =
            if resolution == config.resolution { Some(from_rgb(engine, checkpoint, &name, channels)?) } else { None };
        Ok(Self {
            from_rgb,
            conv1: SeparableConv::load(
                engine,
                checkpoint,
                &format!("{name}.conv1"),
                [channels, channels],
                Resample::None,
            )?,
            conv2: SeparableConv::load(engine, checkpoint, &format!("{name}.conv2"), [channels, next], resample)?,
        })
    }

    /// Skip feature and next input: `[1, h, w, c]` → `[1, h, w, c]`, `[1, h/2, w/2, next]` (`[1, h, w, c]` innermost).
    pub(super) fn forward(&self, engine: &Engine, x: FeatureMap) -> Result<(FeatureMap, FeatureMap), Error> {
        let x = match &self.from_rgb {
            Some(from_rgb) => from_rgb.forward_with(engine, &x, Epilogue::activation(activation()))?, // [1, h, w, c]
            None => x,
        };
        let feature = self.conv1.forward(engine, &x)?; // [1, h, w, c]
        drop(x);
        let x = self.conv2.forward(engine, &feature)?; // [1, h/2, w/2, next]
        Ok((feature, x))
    }
}

fn from_rgb(engine: &Engine, checkpoint: &Checkpoint<'_>, name: &str, channels: usize) -> Result<Conv2d, Error> {
    let weight = checkpoint.weight(&format!("{name}.fromrgb.weight"), &[channels, INPUT_CHANNELS, 1, 1])?;
    let bias = checkpoint.weight(&format!("{name}.fromrgb.bias"), &[channels])?;
    Ok(Conv2d::new(engine, Conv2dConfig::same(1), &weight, Some(&bias))?)
}
