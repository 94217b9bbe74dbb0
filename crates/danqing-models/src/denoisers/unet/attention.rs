//! Attention between the pixels of a map, and from them to the text.

use danqing_nn::{Attention, Engine, Epilogue, FeatureMap, Linear};

use crate::Error;
use crate::diffusion::Loader;

/// Queries from the map, keys and values from the map itself or from the text.
pub(super) struct CrossAttention {
    heads: usize,
    to_q: Linear,
    to_k: Linear,
    to_v: Linear,
    to_out: Linear,
}

impl CrossAttention {
    /// `context`: channels of what keys and values are made from.
    pub(super) fn load(
        loader: &Loader<'_>,
        name: &str,
        (channels, heads): (usize, usize),
        context: usize,
    ) -> Result<Self, Error> {
        Ok(Self {
            heads,
            to_q: loader.linear(&format!("{name}.to_q"), [channels, channels], false)?,
            to_k: loader.linear(&format!("{name}.to_k"), [context, channels], false)?,
            to_v: loader.linear(&format!("{name}.to_v"), [context, channels], false)?,
            to_out: loader.linear(&format!("{name}.to_out.0"), [channels, channels], true)?,
        })
    }

    /// Attention of `x` to `context`, plus `residual`.
    pub(super) fn forward(
        &self,
        engine: &Engine,
        x: &FeatureMap,
        context: &FeatureMap,
        residual: &FeatureMap,
    ) -> Result<FeatureMap, Error> {
        let q = self.to_q.forward(engine, x)?; // [n, h, w, c]
        let (k, v) = (self.to_k.forward(engine, context)?, self.to_v.forward(engine, context)?); // [n, …tokens, c]
        let seen = Attention::new(self.heads).forward(engine, &q, &k, &v)?; // [n, h, w, c]
        drop((q, k, v));
        Ok(self.to_out.forward_with(engine, &seen, Epilogue::default().with_skip(residual))?)
    }
}
