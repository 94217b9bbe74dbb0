//! From the latent to the picture.

use danqing_nn::{Activation, Conv2d, Engine, FeatureMap, GroupNorm};

use super::middle::Middle;
use super::{AutoencoderKlConfig, COLOURS, NORM_EPSILON};
use crate::Error;
use crate::diffusion::{Loader, Observe, ResnetBlock, Upsample};

pub(super) struct Decoder {
    conv_in: Conv2d,
    middle: Middle,
    levels: Vec<Level>,
    norm_out: GroupNorm,
    conv_out: Conv2d,
}

/// `UpDecoderBlock2D`.
struct Level {
    resnets: Vec<ResnetBlock>,
    end: Option<Upsample>,
}

impl Decoder {
    pub(super) fn load(loader: &Loader<'_>, config: &AutoencoderKlConfig) -> Result<Self, Error> {
        let channels: Vec<usize> = config.channels.iter().rev().copied().collect();
        let (first, last, norm) = (channels[0], channels[channels.len() - 1], (config.groups, NORM_EPSILON));
        let level = |index: usize| -> Result<Level, Error> {
            let (name, width) = (format!("decoder.up_blocks.{index}"), channels[index]);
            let before = channels[index.saturating_sub(1)];
            let resnet = |layer| {
                let input = if layer == 0 { before } else { width };
                ResnetBlock::load(loader, &format!("{name}.resnets.{layer}"), [input, width], None, norm)
            };
            let end = format!("{name}.upsamplers.0");
            let end = (index + 1 < channels.len()).then(|| Upsample::load(loader, &end, width));
            Ok(Level { resnets: (0..=config.layers).map(resnet).collect::<Result<_, _>>()?, end: end.transpose()? })
        };
        Ok(Self {
            conv_in: loader.conv3("decoder.conv_in", [config.latent, first])?,
            middle: Middle::load(loader, "decoder.mid_block", first, config.groups)?,
            levels: (0..channels.len()).map(level).collect::<Result<_, _>>()?,
            norm_out: loader.group_norm("decoder.conv_norm_out", last, norm)?,
            conv_out: loader.conv3("decoder.conv_out", [last, COLOURS])?,
        })
    }

    /// `[n, h, w, latent]` → `[n, 8·h, 8·w, 3]`.
    pub(super) fn forward(
        &self,
        engine: &Engine,
        latent: &FeatureMap,
        observe: Observe<'_>,
    ) -> Result<FeatureMap, Error> {
        let x = self.conv_in.forward(engine, latent)?; // [n, h, w, coarsest]
        let mut x = self.middle.forward(engine, &x)?;
        observe("decoder.mid_block", &x)?;
        for (index, level) in self.levels.iter().enumerate() {
            for resnet in &level.resnets {
                x = resnet.forward(engine, &x, None)?;
            }
            if let Some(end) = &level.end {
                x = end.doubled(engine, &x)?; // [n, 2h, 2w, channels]
            }
            observe(&format!("decoder.up_blocks.{index}"), &x)?;
        }
        let x = self.norm_out.forward_with(engine, &x, Some(&Activation::Silu))?;
        Ok(self.conv_out.forward(engine, &x)?) // [n, 8h, 8w, 3]
    }
}
