//! Residual U-blocks: a small U-Net whose output is added to its input.

use danqing_nn::{Activation, Conv2d, Conv2dConfig, Engine, Epilogue, FeatureMap, Interpolation, Padding, PoolConfig};
use danqing_nn::{concat, max_pool, resize};

use super::NETWORK;
use crate::{Error, checkpoint::Checkpoint, folding::folded_conv};

/// RSU-L (U-Net of L − 2 poolings) or RSU-4F (dilations instead of poolings) of
/// xuebinqin/U-2-Net@53dc9da:model/u2net.py.
pub(super) struct Rsu {
    pooled: bool,
    input: Conv2d,
    /// `rebnconv1` … `rebnconvL`.
    down: Vec<Conv2d>,
    /// `rebnconv1d` … `rebnconv(L−1)d`.
    up: Vec<Conv2d>,
}

impl Rsu {
    /// Widths are those of the checkpoint; `layers` = `None` is RSU-4F.
    pub(super) fn load(
        engine: &Engine,
        checkpoint: &Checkpoint<'_>,
        stage: &str,
        layers: Option<usize>,
        inputs: usize,
    ) -> Result<Self, Error> {
        let width = |layer: &str| outputs_of(checkpoint, &format!("{stage}.{layer}.conv_s1.weight"));
        let (outputs, middle) = (width("rebnconvin")?, width("rebnconv1")?);
        let conv = |layer: &str, channels: [usize; 2], dilation: usize| {
            let config = Conv2dConfig { dilation, padding: Padding::symmetric(dilation), ..Conv2dConfig::same(3) };
            let name = format!("{stage}.{layer}");
            let names = (format!("{name}.conv_s1"), format!("{name}.bn_s1"));
            folded_conv(engine, checkpoint, (&names.0, &names.1), config, &[channels[1], channels[0], 3, 3])
        };
        let count = layers.unwrap_or(4);
        let dilation = |i: usize, decoding: bool| match layers {
            Some(last) if i == last && !decoding => 2,
            Some(_) => 1,
            None => 1 << (i - 1),
        };
        let down = (1..=count).map(|i| {
            let from = if i == 1 { outputs } else { middle };
            conv(&format!("rebnconv{i}"), [from, middle], dilation(i, false))
        });
        let up = (1..count).map(|i| {
            let to = if i == 1 { outputs } else { middle };
            conv(&format!("rebnconv{i}d"), [2 * middle, to], dilation(i, true))
        });
        Ok(Self {
            pooled: layers.is_some(),
            input: conv("rebnconvin", [inputs, outputs], 1)?,
            down: down.collect::<Result<_, _>>()?,
            up: up.collect::<Result<_, _>>()?,
        })
    }

    /// `[1, h, w, in]` → `[1, h, w, out]`.
    pub(super) fn forward(&self, engine: &Engine, x: &FeatureMap) -> Result<FeatureMap, Error> {
        let relu = || Epilogue::activation(Activation::Relu);
        let residual = self.input.forward_with(engine, x, relu())?; // [1, h, w, out]
        let mut features: Vec<FeatureMap> = Vec::with_capacity(self.down.len());
        for (i, conv) in self.down.iter().enumerate() {
            let from = match features.last() {
                None => residual.clone(),
                Some(above) if self.pooled && i + 1 < self.down.len() => halved(engine, above)?, // [1, h/2^i, …]
                Some(above) => above.clone(),
            };
            features.push(conv.forward_with(engine, &from, relu())?); // [1, h/2^i, w/2^i, mid]
        }
        let mut decoded = features.pop();
        for (i, conv) in self.up.iter().enumerate().rev() {
            let (Some(below), Some(skip)) = (decoded.take(), features.pop()) else { break };
            let below = resized_like(engine, &below, &skip)?;
            let both = concat(engine, &[&below, &skip])?; // [1, h/2^i, w/2^i, 2 mid]
            let epilogue = if i == 0 { relu().with_skip(&residual) } else { relu() };
            decoded = Some(conv.forward_with(engine, &both, epilogue)?);
        }
        decoded.ok_or_else(|| Error::InputShape {
            network: NETWORK,
            actual: x.shape().to_string(),
            expected: "a block of two layers or more".into(),
        })
    }
}

/// Channels that a published convolution gives.
pub(super) fn outputs_of(checkpoint: &Checkpoint<'_>, name: &str) -> Result<usize, Error> {
    match checkpoint.shape(name) {
        Some(&[outputs, _, _, _]) => Ok(outputs),
        // The same error as any missing tensor or other shape.
        _ => checkpoint.weight(name, &[1, 1, 3, 3]).map(|_| 1),
    }
}

/// `MaxPool2d(2, stride=2)`; sides are even, so `ceil_mode` plays no part.
pub(super) fn halved(engine: &Engine, x: &FeatureMap) -> Result<FeatureMap, Error> {
    Ok(max_pool(engine, x, PoolConfig::tiles(2))?)
}

/// `_upsample_like`: bilinear, half-pixel centres.
pub(super) fn resized_like(engine: &Engine, x: &FeatureMap, like: &FeatureMap) -> Result<FeatureMap, Error> {
    let (from, to) = (x.shape(), like.shape());
    if (from.height, from.width) == (to.height, to.width) {
        return Ok(x.clone());
    }
    Ok(resize(engine, x, to.height, to.width, Interpolation::Bilinear { align_corners: false })?)
}
