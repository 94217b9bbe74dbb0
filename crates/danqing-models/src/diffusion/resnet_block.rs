//! The residual block of the UNet and of the autoencoder.

use danqing_nn::{Activation, Conv2d, Engine, Epilogue, FeatureMap, GroupNorm, Linear};

use super::Loader;
use crate::Error;

/// `ResnetBlock2D` with `time_embedding_norm="default"`: norm, SiLU, convolution, plus what the time says, norm, SiLU,
/// convolution, plus the input.
pub(crate) struct ResnetBlock {
    norm1: GroupNorm,
    conv1: Conv2d,
    time: Option<Linear>,
    norm2: GroupNorm,
    conv2: Conv2d,
    shortcut: Option<Conv2d>,
}

impl ResnetBlock {
    /// `time` channels of the embedding that the block listens to, if any; `norm`: groups and epsilon.
    pub(crate) fn load(
        loader: &Loader<'_>,
        name: &str,
        [inputs, outputs]: [usize; 2],
        time: Option<usize>,
        norm: (usize, f32),
    ) -> Result<Self, Error> {
        let at = |part: &str| format!("{name}.{part}");
        let time = time.map(|time| loader.linear(&at("time_emb_proj"), [time, outputs], true)).transpose()?;
        let shortcut = (inputs != outputs).then(|| loader.pointwise(&at("conv_shortcut"), [inputs, outputs]));
        Ok(Self {
            norm1: loader.group_norm(&at("norm1"), inputs, norm)?,
            conv1: loader.conv3(&at("conv1"), [inputs, outputs])?,
            time,
            norm2: loader.group_norm(&at("norm2"), outputs, norm)?,
            conv2: loader.conv3(&at("conv2"), [outputs, outputs])?,
            shortcut: shortcut.transpose()?,
        })
    }

    /// `time`: SiLU of the embedding, `[n, 1, 1, time channels]`, for a block that was loaded with one.
    pub(crate) fn forward(
        &self,
        engine: &Engine,
        x: &FeatureMap,
        time: Option<&FeatureMap>,
    ) -> Result<FeatureMap, Error> {
        let silu = Some(&Activation::Silu);
        let told = match (&self.time, time) {
            (Some(layer), Some(time)) => Some(layer.forward(engine, time)?), // [n, 1, 1, out]
            _ => None,
        };
        // One name for what follows on each other: a map is let go of as soon as the next one is made.
        let mut h = self.norm1.forward_with(engine, x, silu)?;
        h = self.conv1.forward_with(engine, &h, Epilogue { residual: told.as_ref(), ..Epilogue::default() })?; // [n, h, w, out]
        h = self.norm2.forward_with(engine, &h, silu)?;
        let kept = match &self.shortcut {
            Some(shortcut) => shortcut.forward(engine, x)?,
            None => x.clone(),
        };
        Ok(self.conv2.forward_with(engine, &h, Epilogue::default().with_skip(&kept))?)
    }
}
