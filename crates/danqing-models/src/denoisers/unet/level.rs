//! The levels of the UNet: on the way down, in the middle, on the way up.

use danqing_nn::{Engine, FeatureMap, Padding, concat};

use super::UnetConfig;
use super::transformer::SpatialTransformer;
use crate::Error;
use crate::diffusion::{Downsample, Loader, ResnetBlock, Upsample};

/// Epsilon of the residual blocks' norms.
pub(super) const EPSILON: f32 = 1e-5;

/// What every block of a forward is told.
#[derive(Clone, Copy)]
pub(super) struct Told<'a> {
    /// SiLU of the time embedding.
    pub(super) time: &'a FeatureMap,
    pub(super) context: &'a FeatureMap,
}

/// A residual block, and a transformer where the level has them.
struct Layer {
    resnet: ResnetBlock,
    transformer: Option<SpatialTransformer>,
}

impl Layer {
    fn load(
        loader: &Loader<'_>,
        (level, index): (&str, usize),
        channels: [usize; 2],
        heads: usize,
        config: &UnetConfig,
    ) -> Result<Self, Error> {
        let (norm, time) = ((config.groups, EPSILON), Some(config.time()));
        let resnet = ResnetBlock::load(loader, &format!("{level}.resnets.{index}"), channels, time, norm)?;
        let name = format!("{level}.attentions.{index}");
        let transformer = (heads > 0).then(|| SpatialTransformer::load(loader, &name, (channels[1], heads), config));
        Ok(Self { resnet, transformer: transformer.transpose()? })
    }

    fn forward(&self, engine: &Engine, mut x: FeatureMap, told: Told<'_>) -> Result<FeatureMap, Error> {
        x = self.resnet.forward(engine, &x, Some(told.time))?;
        match &self.transformer {
            Some(transformer) => transformer.forward(engine, &x, told.context),
            None => Ok(x),
        }
    }
}

/// `CrossAttnDownBlock2D` or `DownBlock2D`.
pub(super) struct DownLevel {
    layers: Vec<Layer>,
    end: Option<Downsample>,
}

impl DownLevel {
    pub(super) fn load(loader: &Loader<'_>, level: usize, config: &UnetConfig) -> Result<Self, Error> {
        let name = format!("down_blocks.{level}");
        let channels = config.channels[level];
        let before = config.channels[level.saturating_sub(1)];
        let layer = |index| {
            let input = if index == 0 { before } else { channels };
            Layer::load(loader, (&name, index), [input, channels], config.heads[level], config)
        };
        let is_last = level + 1 == config.channels.len();
        let end = format!("{name}.downsamplers.0");
        let end = (!is_last).then(|| Downsample::load(loader, &end, channels, Padding::symmetric(1)));
        Ok(Self { layers: (0..config.layers).map(layer).collect::<Result<_, _>>()?, end: end.transpose()? })
    }

    /// Appends every output to `skips`; the last one is the level's.
    pub(super) fn forward(
        &self,
        engine: &Engine,
        mut x: FeatureMap,
        told: Told<'_>,
        skips: &mut Vec<FeatureMap>,
    ) -> Result<FeatureMap, Error> {
        for layer in &self.layers {
            x = layer.forward(engine, x, told)?;
            skips.push(x.clone());
        }
        if let Some(end) = &self.end {
            x = end.forward(engine, &x)?;
            skips.push(x.clone());
        }
        Ok(x)
    }
}

/// `UNetMidBlock2DCrossAttn`.
pub(super) struct Middle {
    first: Layer,
    second: Layer,
}

impl Middle {
    pub(super) fn load(loader: &Loader<'_>, config: &UnetConfig) -> Result<Self, Error> {
        let channels = [config.channels[config.channels.len() - 1]; 2];
        let layer = |index, heads| Layer::load(loader, ("mid_block", index), channels, heads, config);
        Ok(Self { first: layer(0, config.middle_heads)?, second: layer(1, 0)? })
    }

    pub(super) fn forward(&self, engine: &Engine, x: FeatureMap, told: Told<'_>) -> Result<FeatureMap, Error> {
        let x = self.first.forward(engine, x, told)?;
        self.second.forward(engine, x, told)
    }
}

/// `CrossAttnUpBlock2D` or `UpBlock2D`.
pub(super) struct UpLevel {
    layers: Vec<Layer>,
    end: Option<Upsample>,
}

impl UpLevel {
    /// `index` counts from the coarsest level.
    pub(super) fn load(loader: &Loader<'_>, index: usize, config: &UnetConfig) -> Result<Self, Error> {
        let name = format!("up_blocks.{index}");
        let level = config.channels.len() - 1 - index;
        let channels = config.channels[level];
        let coarser = config.channels[(level + 1).min(config.channels.len() - 1)];
        let finer = config.channels[level.saturating_sub(1)];
        let layer = |index| {
            let input = if index == 0 { coarser } else { channels };
            let skip = if index == config.layers { finer } else { channels };
            Layer::load(loader, (&name, index), [input + skip, channels], config.heads[level], config)
        };
        let end = (level > 0).then(|| Upsample::load(loader, &format!("{name}.upsamplers.0"), channels));
        Ok(Self { layers: (0..=config.layers).map(layer).collect::<Result<_, _>>()?, end: end.transpose()? })
    }

    /// Takes as many maps from the end of `skips` as it has layers; grows to the size of the next.
    pub(super) fn forward(
        &self,
        engine: &Engine,
        mut x: FeatureMap,
        told: Told<'_>,
        skips: &mut Vec<FeatureMap>,
    ) -> Result<FeatureMap, Error> {
        for layer in &self.layers {
            if let Some(skip) = skips.pop() {
                x = concat(engine, &[&x, &skip])?; // [n, h, w, c + skip]
            }
            x = layer.forward(engine, x, told)?; // [n, h, w, c]
        }
        match (&self.end, skips.last().map(FeatureMap::shape)) {
            (Some(end), Some(next)) => end.forward(engine, &x, (next.height, next.width)),
            _ => Ok(x),
        }
    }
}
