//! The spatial transformer: pixels attend to each other, then to the text, then each goes through a gated layer.

use danqing_nn::{Conv2d, Engine, Epilogue, FeatureMap, GatedLinear, GroupNorm, LayerNorm, Linear};

use super::UnetConfig;
use super::attention::CrossAttention;
use crate::Error;
use crate::diffusion::Loader;

/// Epsilon of the transformer's own group norm, unlike the residual blocks'.
const EPSILON: f32 = 1e-6;
/// Channels inside the gated layer, as a multiple.
const EXPANSION: usize = 4;

/// `Transformer2DModel` of one block.
pub(super) struct SpatialTransformer {
    norm: GroupNorm,
    proj_in: Projection,
    block: TransformerBlock,
    proj_out: Projection,
}

impl SpatialTransformer {
    pub(super) fn load(
        loader: &Loader<'_>,
        name: &str,
        (channels, heads): (usize, usize),
        config: &UnetConfig,
    ) -> Result<Self, Error> {
        let projection = |part: &str| Projection::load(loader, &format!("{name}.{part}"), channels, config);
        Ok(Self {
            norm: loader.group_norm(&format!("{name}.norm"), channels, (config.groups, EPSILON))?,
            proj_in: projection("proj_in")?,
            block: TransformerBlock::load(loader, &format!("{name}.transformer_blocks.0"), (channels, heads), config)?,
            proj_out: projection("proj_out")?,
        })
    }

    /// `x` `[n, h, w, c]`, `context` `[n, 1, tokens, context]`.
    pub(super) fn forward(&self, engine: &Engine, x: &FeatureMap, context: &FeatureMap) -> Result<FeatureMap, Error> {
        let mut h = self.norm.forward(engine, x)?;
        h = self.proj_in.forward(engine, &h, Epilogue::default())?;
        h = self.block.forward(engine, h, context)?;
        self.proj_out.forward(engine, &h, Epilogue::default().with_skip(x))
    }
}

/// Channels to channels of each pixel, in either form that checkpoints hold.
enum Projection {
    Conv(Conv2d),
    Linear(Linear),
}

impl Projection {
    fn load(loader: &Loader<'_>, name: &str, channels: usize, config: &UnetConfig) -> Result<Self, Error> {
        Ok(if config.has_linear_projection {
            Self::Linear(loader.linear(name, [channels, channels], true)?)
        } else {
            Self::Conv(loader.pointwise(name, [channels, channels])?)
        })
    }

    fn forward(&self, engine: &Engine, x: &FeatureMap, epilogue: Epilogue<'_>) -> Result<FeatureMap, Error> {
        Ok(match self {
            Self::Conv(layer) => layer.forward_with(engine, x, epilogue)?,
            Self::Linear(layer) => layer.forward_with(engine, x, epilogue)?,
        })
    }
}

/// `BasicTransformerBlock`.
struct TransformerBlock {
    norm1: LayerNorm,
    attn1: CrossAttention,
    norm2: LayerNorm,
    attn2: CrossAttention,
    norm3: LayerNorm,
    ff_in: GatedLinear,
    ff_out: Linear,
}

impl TransformerBlock {
    fn load(
        loader: &Loader<'_>,
        name: &str,
        (channels, heads): (usize, usize),
        config: &UnetConfig,
    ) -> Result<Self, Error> {
        let at = |part: &str| format!("{name}.{part}");
        let inner = EXPANSION * channels;
        Ok(Self {
            norm1: loader.layer_norm(&at("norm1"), channels)?,
            attn1: CrossAttention::load(loader, &at("attn1"), (channels, heads), channels)?,
            norm2: loader.layer_norm(&at("norm2"), channels)?,
            attn2: CrossAttention::load(loader, &at("attn2"), (channels, heads), config.context)?,
            norm3: loader.layer_norm(&at("norm3"), channels)?,
            ff_in: loader.gated(&at("ff.net.0.proj"), [channels, inner])?,
            ff_out: loader.linear(&at("ff.net.2"), [inner, channels], true)?,
        })
    }

    fn forward(&self, engine: &Engine, mut x: FeatureMap, context: &FeatureMap) -> Result<FeatureMap, Error> {
        let mut h = self.norm1.forward(engine, &x)?;
        x = self.attn1.forward(engine, &h, &h, &x)?;
        h = self.norm2.forward(engine, &x)?;
        x = self.attn2.forward(engine, &h, context, &x)?;
        h = self.norm3.forward(engine, &x)?;
        h = self.ff_in.forward(engine, &h)?; // [n, h, w, 4·c]
        Ok(self.ff_out.forward_with(engine, &h, Epilogue::default().with_skip(&x))?) // [n, h, w, c]
    }
}
