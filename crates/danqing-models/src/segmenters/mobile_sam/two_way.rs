//! The transformer in which tokens look at the picture and the picture at tokens (`TwoWayTransformer` of
//! segment-anything).

use danqing_nn::{Activation, Attention, Engine, Epilogue, FeatureMap, LayerNorm, Linear, add};

use super::WIDTH;
use crate::Error;
use crate::diffusion::Loader;

const HEADS: usize = 8;
const DEPTH: usize = 2;
/// Channels inside the perceptron.
const WIDE: usize = 2048;

pub(super) struct TwoWay {
    layers: Vec<Layer>,
    last: CrossAttention,
    norm: LayerNorm,
}

/// Tokens and picture, each with where they are.
pub(super) struct Seen<'a> {
    pub(super) tokens: &'a FeatureMap,
    pub(super) picture: FeatureMap,
    pub(super) places: &'a FeatureMap,
}

impl TwoWay {
    pub(super) fn load(loader: &Loader<'_>, name: &str) -> Result<Self, Error> {
        Ok(Self {
            layers: (0..DEPTH).map(|index| Layer::load(loader, name, index)).collect::<Result<_, _>>()?,
            last: CrossAttention::load(loader, &format!("{name}.final_attn_token_to_image"), WIDTH / 2)?,
            norm: loader.layer_norm(&format!("{name}.norm_final_attn"), WIDTH)?,
        })
    }

    /// Tokens `[1, 1, n, 256]` and picture `[1, 64, 64, 256]`, both changed.
    pub(super) fn forward(&self, engine: &Engine, seen: Seen<'_>) -> Result<(FeatureMap, FeatureMap), Error> {
        let Seen { tokens, picture, places } = seen;
        let (mut queries, mut keys) = (tokens.clone(), picture);
        for layer in &self.layers {
            (queries, keys) = layer.forward(engine, (queries, tokens), (keys, places))?;
        }
        let (q, k) = (add(engine, &queries, tokens)?, add(engine, &keys, places)?);
        let queries = self.last.forward(engine, (&q, &k, &keys), Some(&queries))?;
        Ok((self.norm.forward(engine, &queries)?, keys))
    }
}

/// `TwoWayAttentionBlock`.
struct Layer {
    /// The first layer's tokens attend without their places, and what they were is not added again.
    is_first: bool,
    itself: CrossAttention,
    to_picture: CrossAttention,
    to_tokens: CrossAttention,
    norms: [LayerNorm; 4],
    mlp: [Linear; 2],
}

impl Layer {
    fn load(loader: &Loader<'_>, name: &str, index: usize) -> Result<Self, Error> {
        let part = |part: &str| format!("{name}.layers.{index}.{part}");
        let norm = |index: usize| loader.layer_norm(&part(&format!("norm{index}")), WIDTH);
        Ok(Self {
            is_first: index == 0,
            itself: CrossAttention::load(loader, &part("self_attn"), WIDTH)?,
            to_picture: CrossAttention::load(loader, &part("cross_attn_token_to_image"), WIDTH / 2)?,
            to_tokens: CrossAttention::load(loader, &part("cross_attn_image_to_token"), WIDTH / 2)?,
            norms: [norm(1)?, norm(2)?, norm(3)?, norm(4)?],
            mlp: [
                loader.linear(&part("mlp.lin1"), [WIDTH, WIDE], true)?,
                loader.linear(&part("mlp.lin2"), [WIDE, WIDTH], true)?,
            ],
        })
    }

    fn forward(
        &self,
        engine: &Engine,
        (x, tokens): (FeatureMap, &FeatureMap),
        (picture, places): (FeatureMap, &FeatureMap),
    ) -> Result<(FeatureMap, FeatureMap), Error> {
        let x = if self.is_first {
            self.itself.forward(engine, (&x, &x, &x), None)?
        } else {
            let q = add(engine, &x, tokens)?;
            self.itself.forward(engine, (&q, &q, &x), Some(&x))?
        };
        let x = self.norms[0].forward(engine, &x)?; // [1, 1, n, 256]
        let k = add(engine, &picture, places)?; // [1, 64, 64, 256]
        let q = add(engine, &x, tokens)?;
        let x = self.norms[1].forward(engine, &self.to_picture.forward(engine, (&q, &k, &picture), Some(&x))?)?;
        let wide = self.mlp[0].forward_with(engine, &x, Epilogue::activation(Activation::Relu))?; // [1, 1, n, 2048]
        let x = self.mlp[1].forward_with(engine, &wide, Epilogue::default().with_skip(&x))?;
        let x = self.norms[2].forward(engine, &x)?;
        let q = add(engine, &x, tokens)?;
        let picture = self.to_tokens.forward(engine, (&k, &q, &x), Some(&picture))?;
        Ok((x, self.norms[3].forward(engine, &picture)?))
    }
}

/// `Attention` of segment-anything: inside, it may have fewer channels.
struct CrossAttention {
    q: Linear,
    k: Linear,
    v: Linear,
    out: Linear,
}

impl CrossAttention {
    fn load(loader: &Loader<'_>, name: &str, inside: usize) -> Result<Self, Error> {
        let inwards = |part: &str| loader.linear(&format!("{name}.{part}"), [WIDTH, inside], true);
        Ok(Self {
            q: inwards("q_proj")?,
            k: inwards("k_proj")?,
            v: inwards("v_proj")?,
            out: loader.linear(&format!("{name}.out_proj"), [inside, WIDTH], true)?,
        })
    }

    fn forward(
        &self,
        engine: &Engine,
        (q, k, v): (&FeatureMap, &FeatureMap, &FeatureMap),
        skip: Option<&FeatureMap>,
    ) -> Result<FeatureMap, Error> {
        let (q, k) = (self.q.forward(engine, q)?, self.k.forward(engine, k)?);
        let seen = Attention::new(HEADS).forward(engine, &q, &k, &self.v.forward(engine, v)?)?;
        Ok(self.out.forward_with(engine, &seen, Epilogue { skip, ..Epilogue::default() })?)
    }
}
