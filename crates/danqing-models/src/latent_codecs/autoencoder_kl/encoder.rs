//! From the picture to the moments of its latent.

use danqing_nn::{Activation, Conv2d, Engine, FeatureMap, GroupNorm, Padding};

use super::middle::Middle;
use super::{AutoencoderKlConfig, COLOURS, NORM_EPSILON};
use crate::Error;
use crate::diffusion::{Downsample, Loader, Observe, ResnetBlock};

/// Of the halving convolutions: after the last row and column only.
const PADDING: Padding = Padding { top: 0, bottom: 1, left: 0, right: 1 };

pub(super) struct Encoder {
    conv_in: Conv2d,
    levels: Vec<Level>,
    middle: Middle,
    norm_out: GroupNorm,
    conv_out: Conv2d,
}

/// `DownEncoderBlock2D`.
struct Level {
    resnets: Vec<ResnetBlock>,
    end: Option<Downsample>,
}

impl Encoder {
    pub(super) fn load(loader: &Loader<'_>, config: &AutoencoderKlConfig) -> Result<Self, Error> {
        let channels = &config.channels;
        let (first, last, norm) = (channels[0], channels[channels.len() - 1], (config.groups, NORM_EPSILON));
        let level = |index: usize| -> Result<Level, Error> {
            let (name, width) = (format!("encoder.down_blocks.{index}"), channels[index]);
            let before = channels[index.saturating_sub(1)];
            let resnet = |layer| {
                let input = if layer == 0 { before } else { width };
                ResnetBlock::load(loader, &format!("{name}.resnets.{layer}"), [input, width], None, norm)
            };
            let end = format!("{name}.downsamplers.0");
            let end = (index + 1 < channels.len()).then(|| Downsample::load(loader, &end, width, PADDING));
            Ok(Level { resnets: (0..config.layers).map(resnet).collect::<Result<_, _>>()?, end: end.transpose()? })
        };
        Ok(Self {
            conv_in: loader.conv3("encoder.conv_in", [COLOURS, first])?,
            levels: (0..channels.len()).map(level).collect::<Result<_, _>>()?,
            middle: Middle::load(loader, "encoder.mid_block", last, config.groups)?,
            norm_out: loader.group_norm("encoder.conv_norm_out", last, norm)?,
            conv_out: loader.conv3("encoder.conv_out", [last, 2 * config.latent])?,
        })
    }

    /// `[n, h, w, 3]` → `[n, h/8, w/8, 2 · latent]`.
    pub(super) fn forward(
        &self,
        engine: &Engine,
        picture: &FeatureMap,
        observe: Observe<'_>,
    ) -> Result<FeatureMap, Error> {
        let mut x = self.conv_in.forward(engine, picture)?; // [n, h, w, channels[0]]
        for (index, level) in self.levels.iter().enumerate() {
            for resnet in &level.resnets {
                x = resnet.forward(engine, &x, None)?;
            }
            if let Some(end) = &level.end {
                x = end.forward(engine, &x)?; // [n, h/2, w/2, channels[index]]
            }
            observe(&format!("encoder.down_blocks.{index}"), &x)?;
        }
        let x = self.middle.forward(engine, &x)?;
        observe("encoder.mid_block", &x)?;
        let x = self.norm_out.forward_with(engine, &x, Some(&Activation::Silu))?;
        Ok(self.conv_out.forward(engine, &x)?)
    }
}
