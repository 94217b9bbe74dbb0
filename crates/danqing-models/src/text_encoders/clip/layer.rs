//! A layer of the text encoder.

use danqing_nn::{Activation, Attention, Engine, Epilogue, FeatureMap, LayerNorm, Linear};

use super::ClipTextConfig;
use crate::Error;
use crate::diffusion::Loader;

/// `CLIPEncoderLayer`: causal attention and a perceptron, each behind a norm and beside a residual.
pub(super) struct Layer {
    heads: usize,
    norm1: LayerNorm,
    query: Linear,
    key: Linear,
    value: Linear,
    out: Linear,
    norm2: LayerNorm,
    fc1: Linear,
    activation: Activation,
    fc2: Linear,
}

impl Layer {
    pub(super) fn load(loader: &Loader<'_>, name: &str, config: &ClipTextConfig) -> Result<Self, Error> {
        let ClipTextConfig { channels, inner, heads, .. } = *config;
        let at = |part: &str| format!("{name}.{part}");
        let attention = |part: &str| loader.linear(&at(&format!("self_attn.{part}_proj")), [channels; 2], true);
        Ok(Self {
            heads,
            norm1: loader.layer_norm(&at("layer_norm1"), channels)?,
            query: attention("q")?,
            key: attention("k")?,
            value: attention("v")?,
            out: attention("out")?,
            norm2: loader.layer_norm(&at("layer_norm2"), channels)?,
            fc1: loader.linear(&at("mlp.fc1"), [channels, inner], true)?,
            activation: config.activation.clone(),
            fc2: loader.linear(&at("mlp.fc2"), [inner, channels], true)?,
        })
    }

    /// `[1, 1, tokens, channels]` → the same.
    pub(super) fn forward(&self, engine: &Engine, x: &FeatureMap) -> Result<FeatureMap, Error> {
        let h = self.norm1.forward(engine, x)?;
        let (q, k) = (self.query.forward(engine, &h)?, self.key.forward(engine, &h)?);
        let v = self.value.forward(engine, &h)?;
        let seen = Attention::new(self.heads).causal().forward(engine, &q, &k, &v)?;
        let x = self.out.forward_with(engine, &seen, Epilogue::default().with_skip(x))?;
        let h = self.norm2.forward(engine, &x)?;
        let h = self.fc1.forward_with(engine, &h, Epilogue::activation(self.activation.clone()))?; // [1, 1, tokens, inner]
        Ok(self.fc2.forward_with(engine, &h, Epilogue::default().with_skip(&x))?)
    }
}
