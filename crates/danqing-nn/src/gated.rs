//! Gated activations.

use crate::cpu::{Dense, Storage, geglu_rows};
use crate::elementwise::block_length;
use crate::geometry::Window;
use crate::values::Target;
use crate::{Engine, Epilogue, Error, FeatureMap, PadMode, Weight};

/// `value · gelu(gate)`, where the first half of the channels are values and the second gates: equals what follows the
/// projection in diffusers' `GEGLU` (N. Shazeer, "GLU Variants Improve Transformer", 2020).
///
/// Error per value: `(8 · max(1, |gate|) + 1) · eps · |value|`.
///
/// # Errors
/// [`Error::Channels`] for an odd number of channels, [`Error::Cancelled`], [`Error::OutOfMemory`].
pub fn geglu(engine: &Engine, x: &FeatureMap) -> Result<FeatureMap, Error> {
    let actual = x.shape().channels;
    if !actual.is_multiple_of(2) {
        return Err(Error::Channels { what: "geglu", actual, expected: actual + 1 });
    }
    let shape = x.shape().with_channels(actual / 2);
    let all = x.values()?;
    let mut out = Target::new(engine, shape)?;
    let length = block_length(shape.channels);
    out.fill(engine, length, |index, to| {
        let from = all.block(engine, index * 2 * length, 2 * to.len())?;
        geglu_rows(engine.tier(), &from, shape.channels, to);
        Ok(())
    })?;
    out.give(engine)
}

/// A linear layer that is gated: equals [`geglu`] of [`Linear`](crate::Linear)'s result, to the bit, but never holds the map of
/// values and gates, nor rounds it in bf16 (diffusers' `GEGLU`).
#[derive(Debug)]
pub struct GatedLinear(Form);

#[derive(Debug)]
enum Form {
    /// `[2 · out, in]`.
    Fused(Dense, [usize; 2]),
    /// On a device.
    #[cfg(feature = "candle")]
    Separate(crate::Linear),
}

const NAME: &str = "GatedLinear";

impl GatedLinear {
    /// Packs `weight` `[2 · out, in]` and `bias` `[2 · out]`, of the values first.
    ///
    /// # Errors
    /// [`Error::WeightShape`], [`Error::Cancelled`], [`Error::OutOfMemory`].
    pub fn new(engine: &Engine, weight: &Weight, bias: Option<&Weight>) -> Result<Self, Error> {
        let [rows, input] = weight.dimensions(NAME, "[2 · out, in]")?;
        if weight.values().is_empty() || !rows.is_multiple_of(2) {
            return Err(weight.misfit(NAME, "[2 · out, in], none 0"));
        }
        let values = bias.map(|bias| bias.vector("GatedLinear bias", rows)).transpose()?;
        #[cfg(feature = "candle")]
        if engine.device().is_some() {
            return Ok(Self(Form::Separate(crate::Linear::new(engine, weight, bias)?)));
        }
        let storage = Storage::of(engine, weight.values())?;
        let dense = Dense::pack_gated(engine, storage, [rows / 2, input], weight.values(), values)?;
        Ok(Self(Form::Fused(dense, [rows, input])))
    }

    /// Maps channels and gates them.
    ///
    /// # Errors
    /// [`Error::Channels`], [`Error::TooLarge`], [`Error::OtherTier`], [`Error::Cancelled`], [`Error::OutOfMemory`].
    pub fn forward(&self, engine: &Engine, x: &FeatureMap) -> Result<FeatureMap, Error> {
        match &self.0 {
            Form::Fused(dense, sizes) => fused(engine, dense, *sizes, x),
            #[cfg(feature = "candle")]
            Form::Separate(linear) => geglu(engine, &linear.forward(engine, x)?),
        }
    }
}

fn fused(engine: &Engine, dense: &Dense, [rows, input]: [usize; 2], x: &FeatureMap) -> Result<FeatureMap, Error> {
    let shape = x.shape();
    if shape.channels != input {
        return Err(Error::Channels { what: NAME, actual: shape.channels, expected: input });
    }
    let out_shape = shape.with_channels(rows / 2);
    let window = Window { kernel: 1, stride: 1, dilation: 1, before: 0, after: 0, mode: PadMode::Zero };
    let axes = (window.axis(NAME, shape.height)?, window.axis(NAME, shape.width)?);
    engine.count(shape.pixels() * rows * input);
    let finish = Epilogue::default();
    let out = (out_shape, engine.map_type(out_shape));
    dense.forward(engine, &[x], out, &[(&axes.0, &axes.1)], finish.finish(out_shape)?)
}
