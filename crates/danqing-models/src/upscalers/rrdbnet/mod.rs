//! RRDBNet: the generator of ESRGAN, Real-ESRGAN and most community upscalers.
//!
//! Equals `RRDBNet` of `XPixelGroup/BasicSR@v1.4.2:basicsr/archs/rrdbnet_arch.py` as onnxruntime 1.19 and `PyTorch` 2.5
//! compute it in fp32, to the tolerance of `tests/upscaler_golden.rs`. The residual factors 0.2 and 0.04 are multiplied
//! into weights when they are loaded.
//!
//! Source: X. Wang et al., "ESRGAN: Enhanced Super-Resolution Generative Adversarial Networks", ECCVW 2018;
//! "Real-ESRGAN: Training Real-World Blind Super-Resolution with Pure Synthetic Data", ICCVW 2021.

mod block;
mod config;

use danqing_nn::{Activation, Conv2d, Conv2dConfig, Engine, Epilogue, FeatureMap, Weight, pixel_unshuffle};
use danqing_weights::TensorFile;

use super::layout::Names;
use super::{COLOURS, Observe};
use crate::{Error, checkpoint::Checkpoint};
use block::Rrdb;
pub use config::RrdbConfig;

pub(super) const NETWORK: &str = "RRDBNet";

/// Slope of the leaky rectifier everywhere in the network.
const SLOPE: f32 = 0.2;

/// The generator with its weights, packed for one engine's tier.
pub struct RrdbNet {
    config: RrdbConfig,
    first: Conv2d,
    body: Vec<Rrdb>,
    body_end: Conv2d,
    ups: Vec<Conv2d>,
    high: Conv2d,
    last: Conv2d,
}

/// How the parts find and pack their weights.
pub(super) struct Loader<'a> {
    engine: &'a Engine,
    checkpoint: &'a Checkpoint<'a>,
}

impl Loader<'_> {
    /// The 3×3 convolution of that published name, its weights and bias times `factor`.
    fn conv(&self, name: &str, [inputs, outputs]: [usize; 2], factor: f32) -> Result<Conv2d, Error> {
        let part = |part: &str, shape: &[usize]| -> Result<Weight, Error> {
            let weight = self.checkpoint.weight(&format!("{name}.{part}"), shape)?;
            Ok(Weight::new(shape, weight.values().iter().map(|value| value * factor).collect())?)
        };
        let (weight, bias) = (part("weight", &[outputs, inputs, 3, 3])?, part("bias", &[outputs])?);
        Ok(Conv2d::new(self.engine, Conv2dConfig::same(3), &weight, Some(&bias))?)
    }
}

impl RrdbNet {
    pub(super) fn load(engine: &Engine, file: &TensorFile, config: RrdbConfig, names: &Names) -> Result<Self, Error> {
        let checkpoint = Checkpoint::new(NETWORK, file, |name| names.stored(name));
        let loader = Loader { engine, checkpoint: &checkpoint };
        let RrdbConfig { features, .. } = config;
        let body: Result<_, Error> = (0..config.blocks).map(|n| Rrdb::load(&loader, n, &config)).collect();
        let ups: Result<_, Error> =
            (1..=config.ups).map(|n| loader.conv(&format!("conv_up{n}"), [features; 2], 1.0)).collect();
        let network = Self {
            config,
            first: loader.conv("conv_first", [COLOURS * config.unshuffle.pow(2), features], 1.0)?,
            body: body?,
            body_end: loader.conv("conv_body", [features; 2], 1.0)?,
            ups: ups?,
            high: loader.conv("conv_hr", [features; 2], 1.0)?,
            last: loader.conv("conv_last", [features, COLOURS], 1.0)?,
        };
        checkpoint.finish(|name| names.belongs(name))?;
        Ok(network)
    }

    /// Sizes of this generator.
    #[must_use]
    pub fn config(&self) -> RrdbConfig {
        self.config
    }

    /// First convolution, blocks, their end, doublings, two last convolutions.
    pub(super) fn steps(&self) -> usize {
        self.body.len() + self.ups.len() + 4
    }

    pub(super) fn forward(
        &self,
        engine: &Engine,
        input: FeatureMap,
        observe: Observe<'_>,
    ) -> Result<FeatureMap, Error> {
        let mut step = 0;
        let mut seen = |map: &FeatureMap| {
            step += 1;
            observe(step - 1, map)
        };
        let leaky = || Epilogue::activation(Activation::leaky(SLOPE));
        let unshuffle = self.config.unshuffle;
        let input = if unshuffle == 1 { input } else { pixel_unshuffle(engine, &input, unshuffle)? }; // [n, h/u, w/u, 3u²]
        let first = self.first.forward(engine, &input)?; // [n, h/u, w/u, features]
        drop(input);
        seen(&first)?;
        let mut x = first.clone();
        for block in &self.body {
            x = block.forward(engine, x)?;
            seen(&x)?;
        }
        let mut x = self.body_end.forward_with(engine, &x, Epilogue::default().with_skip(&first))?;
        drop(first);
        seen(&x)?;
        for up in &self.ups {
            let size = (x.shape().height * 2, x.shape().width * 2);
            x = up.forward_resized(engine, &x, size, leaky())?; // [n, 2h, 2w, features]
            seen(&x)?;
        }
        let x = self.high.forward_with(engine, &x, leaky())?;
        seen(&x)?;
        let x = self.last.forward(engine, &x)?; // [n, h·scale, w·scale, 3]
        seen(&x)?;
        Ok(x)
    }
}
