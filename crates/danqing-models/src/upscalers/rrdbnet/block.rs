//! The residual-in-residual dense block.

use danqing_nn::{Activation, Conv2d, Engine, Epilogue, FeatureMap, add_scaled};

use super::{Loader, RrdbConfig, SLOPE};
use crate::Error;

/// Share of a block's change that is added to its input.
const RESIDUAL: f32 = 0.2;

/// `RRDB`: three dense blocks and a residual around them.
pub(super) struct Rrdb([DenseBlock; 3]);

/// `ResidualDenseBlock`: each convolution sees the input and everything made before it.
struct DenseBlock {
    growing: [Conv2d; 4],
    end: Conv2d,
}

impl Rrdb {
    pub(super) fn load(loader: &Loader<'_>, index: usize, config: &RrdbConfig) -> Result<Self, Error> {
        let dense = |n: usize, factor| DenseBlock::load(loader, &format!("body.{index}.rdb{n}"), config, factor);
        Ok(Self([dense(1, RESIDUAL)?, dense(2, RESIDUAL)?, dense(3, RESIDUAL * RESIDUAL)?]))
    }

    /// `0.2·dense3(dense2(dense1(x))) + x`; the third block's own change carries the factor already.
    pub(super) fn forward(&self, engine: &Engine, x: FeatureMap) -> Result<FeatureMap, Error> {
        let [first, second, third] = &self.0;
        let y = first.forward(engine, &x, &x)?;
        let y = second.forward(engine, &y, &y)?;
        let base = add_scaled(engine, y.clone(), RESIDUAL, &x)?;
        drop(x);
        third.forward(engine, &y, &base)
    }
}

impl DenseBlock {
    /// `factor` is what the block's change is multiplied with.
    fn load(loader: &Loader<'_>, name: &str, config: &RrdbConfig, factor: f32) -> Result<Self, Error> {
        let RrdbConfig { features, growth, .. } = *config;
        let grow = |n: usize| loader.conv(&format!("{name}.conv{n}"), [features + (n - 1) * growth, growth], 1.0);
        let end = loader.conv(&format!("{name}.conv5"), [features + 4 * growth, features], factor)?;
        Ok(Self { growing: [grow(1)?, grow(2)?, grow(3)?, grow(4)?], end })
    }

    /// The change of `x`, plus `base`.
    fn forward(&self, engine: &Engine, x: &FeatureMap, base: &FeatureMap) -> Result<FeatureMap, Error> {
        let mut grown: Vec<FeatureMap> = Vec::with_capacity(4);
        for conv in &self.growing {
            let seen: Vec<_> = std::iter::once(x).chain(&grown).collect();
            let next = conv.forward_concat(engine, &seen, Epilogue::activation(Activation::leaky(SLOPE)))?;
            grown.push(next); // [n, h, w, growth]
        }
        let seen: Vec<_> = std::iter::once(x).chain(&grown).collect();
        Ok(self.end.forward_concat(engine, &seen, Epilogue::default().with_skip(base))?) // [n, h, w, features]
    }
}
