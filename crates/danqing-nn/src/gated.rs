//! Gated activations.

use crate::cpu::gate_rows;
use crate::elementwise::{block_length, give};
use crate::{Activation, Engine, Error, FeatureMap};

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
    let all = x.as_slice()?;
    let mut out = engine.buffer(shape.elements()?)?;
    let length = block_length(shape.channels);
    engine.fill(&mut out, length, |index, to| {
        let from = &all[index * 2 * length..][..2 * to.len()];
        gate_rows(engine.tier(), &Activation::Gelu, from, shape.channels, to);
        Ok(())
    })?;
    give(engine, shape, out)
}
