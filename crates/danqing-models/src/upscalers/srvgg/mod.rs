//! SRVGGNetCompact: Real-ESRGAN's small and fast networks.
//!
//! Equals `SRVGGNetCompact` of xinntao/Real-ESRGAN@v0.3.0:realesrgan/archs/srvgg_arch.py with PReLU, as `PyTorch` 2.5
//! computes it in fp32, to the tolerance of `tests/upscaler_golden.rs`: a chain of 3×3 convolutions, pixels shuffled out
//! of channels, added to the picture enlarged by repeating pixels.

use std::fmt;

use danqing_nn::{
    Activation, Conv2d, Conv2dConfig, Engine, Epilogue, FeatureMap, Interpolation, add, pixel_shuffle, resize,
};
use danqing_weights::TensorFile;

use super::layout::Names;
use super::{COLOURS, Observe};
use crate::{Error, checkpoint::Checkpoint};

pub(super) const NETWORK: &str = "SRVGGNetCompact";

/// Sizes of a compact network; [`super::Upscaler::load`] reads them from the tensors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SrvggConfig {
    /// Channels of the chain.
    pub features: usize,
    /// Convolutions between the first and the last one.
    pub convs: usize,
    /// Output pixels per input pixel, along each side.
    pub scale: usize,
}

impl SrvggConfig {
    /// realesr-animevideov3: xinntao/Real-ESRGAN@v0.3.0:inference_realesrgan_video.py.
    #[must_use]
    pub const fn anime_video_v3() -> Self {
        Self { features: 64, convs: 16, scale: 4 }
    }

    /// One pixel per convolution.
    pub(super) const fn reach(&self) -> usize {
        self.convs + 2
    }

    pub(super) const fn bytes_per_pixel(&self) -> usize {
        // Two maps of the chain, or the last one's channels, shuffled, and the sum.
        let end = 3 * COLOURS * self.scale * self.scale;
        let chain = 2 * self.features;
        if chain > end { chain * 4 } else { end * 4 }
    }
}

impl fmt::Display for SrvggConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SRVGGNetCompact ×{}, {} convolutions of {}", self.scale, self.convs, self.features)
    }
}

/// The network with its weights, packed for one engine's tier.
pub struct SrvggNet {
    config: SrvggConfig,
    chain: Vec<(Conv2d, Activation)>,
    last: Conv2d,
}

impl SrvggNet {
    pub(super) fn load(engine: &Engine, file: &TensorFile, config: SrvggConfig, names: &Names) -> Result<Self, Error> {
        let checkpoint = Checkpoint::new(NETWORK, file, |name| names.stored(name));
        let conv = |index: usize, inputs: usize, outputs: usize| -> Result<Conv2d, Error> {
            let weight = checkpoint.weight(&format!("body.{index}.weight"), &[outputs, inputs, 3, 3])?;
            let bias = checkpoint.weight(&format!("body.{index}.bias"), &[outputs])?;
            Ok(Conv2d::new(engine, Conv2dConfig::same(3), &weight, Some(&bias))?)
        };
        let SrvggConfig { features, convs, scale } = config;
        let mut chain = Vec::with_capacity(convs + 1);
        for n in 0..=convs {
            let inputs = if n == 0 { COLOURS } else { features };
            let slopes = checkpoint.channels(&format!("body.{}.weight", 2 * n + 1), features)?;
            chain.push((conv(2 * n, inputs, features)?, Activation::PRelu(slopes.values().into())));
        }
        let last = conv(2 * convs + 2, features, COLOURS * scale * scale)?;
        checkpoint.finish(|name| names.belongs(name))?;
        Ok(Self { config, chain, last })
    }

    /// Sizes of this network.
    #[must_use]
    pub fn config(&self) -> SrvggConfig {
        self.config
    }

    pub(super) fn steps(&self) -> usize {
        self.chain.len() + 1
    }

    pub(super) fn forward(
        &self,
        engine: &Engine,
        input: &FeatureMap,
        observe: Observe<'_>,
    ) -> Result<FeatureMap, Error> {
        let mut x = input.clone(); // [n, h, w, 3]
        for (step, (conv, activation)) in self.chain.iter().enumerate() {
            x = conv.forward_with(engine, &x, Epilogue::activation(activation.clone()))?; // [n, h, w, features]
            observe(step, &x)?;
        }
        let x = self.last.forward(engine, &x)?; // [n, h, w, 3·scale²]
        let detail = pixel_shuffle(engine, &x, self.config.scale)?; // [n, h·scale, w·scale, 3]
        drop(x);
        let (height, width) = (detail.shape().height, detail.shape().width);
        let picture = resize(engine, input, height, width, Interpolation::Nearest)?;
        let sum = add(engine, &detail, &picture)?;
        observe(self.chain.len(), &sum)?;
        Ok(sum)
    }
}
