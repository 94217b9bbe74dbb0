//! Gradient of the rectifier.

use crate::elementwise::block_length;
use crate::{Engine, Error, FeatureMap};

/// Equals `torch.ops.aten.threshold_backward(gradient, y, 0)`, exact: `gradient` where `y > 0`, else 0; `y` is the
/// rectifier's input or output. Works in place if nobody else holds `gradient`.
///
/// # Errors
/// [`Error::Shapes`], [`Error::Cancelled`], [`Error::OutOfMemory`].
pub fn relu_gradient(engine: &Engine, gradient: FeatureMap, y: &FeatureMap) -> Result<FeatureMap, Error> {
    let shape = gradient.shape();
    if y.shape() != shape {
        return Err(Error::Shapes { what: "relu_gradient", actual: y.shape(), expected: shape });
    }
    let y = y.widened(engine)?;
    let values = y.as_slice()?;
    let mut buffer = gradient.into_buffer(engine)?;
    let length = block_length(shape.channels);
    engine.fill(&mut buffer, length, |index, block| {
        let values = &values[index * length..][..block.len()];
        for (slot, &value) in block.iter_mut().zip(values) {
            *slot = if value > 0.0 { *slot } else { 0.0 };
        }
        Ok(())
    })?;
    Ok(FeatureMap::from_buffer(shape, buffer))
}
