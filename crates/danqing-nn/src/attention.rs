//! Scaled dot-product attention.

use crate::cpu::{Problem, ScoreMask, attend};
use crate::values::Target;
use crate::{Engine, Error, FeatureMap, Shape};

/// Equals `torch.nn.functional.scaled_dot_product_attention` of every picture and head: the pixels of a picture are its
/// tokens, its channels the heads side by side, `[heads, head size]`.
///
/// No matrix of scores is made: soft-max runs over blocks of at most 128 keys with a running maximum and sum. Error per value:
/// `|y − exact| ≤ (4 · (size + 4) · M + 1.04 · keys + 16) · eps · max |v|`, with M the largest `Σ |q·k|` of the query's scores,
/// scaled. A query whose scores are all −∞ gives NaN, as in `PyTorch`.
///
/// In bf16 on AMX, queries, keys and values are multiplied as bf16 (exact for maps of bf16), and so are the weights that soft-max
/// gives: `2⁻⁸ · max |v|` more.
#[derive(Clone, Copy, Debug)]
pub struct Attention<'a> {
    heads: usize,
    scale: Option<f32>,
    is_causal: bool,
    mask: Option<&'a FeatureMap>,
}

impl<'a> Attention<'a> {
    /// Scores scaled by `1 / √(head size)`.
    #[must_use]
    pub const fn new(heads: usize) -> Self {
        Self { heads, scale: None, is_causal: false, mask: None }
    }

    /// Scores scaled by another factor, above 0.
    #[must_use]
    pub const fn with_scale(self, scale: f32) -> Self {
        Self { scale: Some(scale), ..self }
    }

    /// Each token sees itself and those before it.
    #[must_use]
    pub const fn causal(self) -> Self {
        Self { is_causal: true, ..self }
    }

    /// Adds a map of `[batch or 1, heads or 1, queries, keys]` (batch, height, width, channels) to the scaled scores; −∞
    /// hides a key.
    #[must_use]
    pub const fn with_mask(self, mask: &'a FeatureMap) -> Self {
        Self { mask: Some(mask), ..self }
    }

    /// Attends with the tokens of `q` to those of `k` and `v`; the result has the shape of `q`.
    ///
    /// # Errors
    /// [`Error::Shapes`] unless `k` and `v` agree and have the pictures and channels of `q`, and for a mask that does not
    /// fit; [`Error::Setting`] for channels that are no multiple of the heads, or a scale of 0 or less;
    /// [`Error::Cancelled`], [`Error::OutOfMemory`].
    pub fn forward(
        &self,
        engine: &Engine,
        q: &FeatureMap,
        k: &FeatureMap,
        v: &FeatureMap,
    ) -> Result<FeatureMap, Error> {
        let (size, scale) = self.check(q.shape(), k.shape(), v.shape())?;
        let Shape { batch, height, width, .. } = q.shape();
        let mask = self.mask.map(|mask| mask.widened(engine)).transpose()?;
        let mask = match &mask {
            None => None,
            Some(mask) => {
                Some(ScoreMask { values: mask.as_slice()?, batch: mask.shape().batch, heads: mask.shape().height })
            }
        };
        let problem = Problem {
            q: q.values()?,
            k: k.values()?,
            v: v.values()?,
            batch,
            queries: height * width,
            keys: k.shape().height * k.shape().width,
            heads: self.heads,
            size,
            scale,
            is_causal: self.is_causal,
            mask,
        };
        let mut out = Target::new(engine, q.shape())?;
        engine.count(2 * q.shape().elements()? * problem.keys);
        attend(engine, &problem, out.output())?;
        out.give(engine)
    }

    /// Head size and scale.
    fn check(&self, q: Shape, k: Shape, v: Shape) -> Result<(usize, f32), Error> {
        let expected = Shape { batch: q.batch, channels: q.channels, ..k };
        for (what, actual) in [("attention keys", k), ("attention values", v)] {
            if actual != expected {
                return Err(Error::Shapes { what, actual, expected });
            }
        }
        if self.heads == 0 || !q.channels.is_multiple_of(self.heads) {
            let actual = format!("{} for {} channels", self.heads, q.channels);
            return Err(Error::Setting { what: "attention heads", actual, expected: "a divisor of the channels" });
        }
        let size = q.channels / self.heads;
        let scale = self.scale.unwrap_or_else(|| (1.0 / (size as f64).sqrt()) as f32);
        if !scale.is_finite() || scale <= 0.0 {
            let actual = scale.to_string();
            return Err(Error::Setting { what: "attention scale", actual, expected: "a number above 0" });
        }
        if let Some(mask) = self.mask.map(FeatureMap::shape) {
            let batch = if mask.batch == 1 { 1 } else { q.batch };
            let heads = if mask.height == 1 { 1 } else { self.heads };
            let expected = Shape::new(batch, heads, q.height * q.width, k.height * k.width);
            if mask != expected {
                return Err(Error::Shapes { what: "attention mask", actual: mask, expected });
            }
        }
        Ok((size, scale))
    }
}
