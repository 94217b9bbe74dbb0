//! Products of two maps, read as matrices.

use crate::cpu::{Dense, KernelShape, Storage, Strided};
use crate::elementwise::give;
use crate::geometry::Window;
use crate::{DType, Engine, Epilogue, Error, FeatureMap, PadMode, Precision, Shape};

/// Equals `torch.matmul` of each picture: its pixels are rows, its channels columns; `[n, rows, k] · [n or 1, k, columns]`.
/// The result has the pixels of `a` and the channels of `b`.
///
/// Error per value: `|y − exact| ≤ (k + 4) · eps · Σ |a·b|`, in bf16 2⁻⁷ + 2⁻¹⁶ more, see [`crate::Conv2d`]. In int8 it is
/// computed in f32, since neither map is a weight. The order of the sum depends on k alone.
///
/// # Errors
/// [`Error::Shapes`] unless `b` has as many pixels as `a` channels, and as many pictures or one; [`Error::TooLarge`],
/// [`Error::Cancelled`], [`Error::OutOfMemory`].
pub fn matmul(engine: &Engine, a: &FeatureMap, b: &FeatureMap) -> Result<FeatureMap, Error> {
    let (k, columns) = (b.shape().height * b.shape().width, b.shape().channels);
    product(engine, a, b, "matmul", (k, columns), |matrix, shape| Strided::transposed(matrix, shape, 1, vec![vec![0]]))
}

/// As [`matmul`] with the transpose of each picture of `b`: `[n, rows, k] · [n or 1, columns, k]ᵀ`.
///
/// # Errors
/// As [`matmul`], and [`Error::Shapes`] unless both have as many channels.
pub fn matmul_transposed(engine: &Engine, a: &FeatureMap, b: &FeatureMap) -> Result<FeatureMap, Error> {
    let (columns, k) = (b.shape().height * b.shape().width, b.shape().channels);
    product(engine, a, b, "matmul_transposed", (k, columns), |matrix, shape| Strided::convolution(matrix, shape, 1))
}

fn product(
    engine: &Engine,
    a: &FeatureMap,
    b: &FeatureMap,
    what: &'static str,
    (k, columns): (usize, usize),
    weights: impl Fn(&[f32], KernelShape) -> Strided<'_>,
) -> Result<FeatureMap, Error> {
    let (shape, other) = (a.shape(), b.shape());
    if shape.channels != k || (other.batch != shape.batch && other.batch != 1) {
        return Err(Error::Shapes { what, actual: other, expected: shape });
    }
    let (a, b) = (a.widened(engine)?, b.widened(engine)?);
    let (left, right) = (a.as_slice()?, b.as_slice()?);
    let rows = shape.height * shape.width;
    let out_shape = shape.with_channels(columns);
    let mut out = engine.buffer(out_shape.elements()?)?;
    engine.count(out.len() * k);
    let kernel = KernelShape { out_channels: columns, in_channels: k, groups: 1 };
    let window = Window { kernel: 1, stride: 1, dilation: 1, before: 0, after: 0, mode: PadMode::Zero };
    let axes = (window.axis(what, 1)?, window.axis(what, rows)?);
    let line = Shape::new(1, 1, rows, k);
    // Packed for one use, so its size does not matter.
    let storage = if engine.precision() == Precision::Bf16 { Storage::Bf16 } else { Storage::F32 };
    for (index, slots) in out.chunks_mut(rows * columns).enumerate() {
        let matrix = &right[index % other.batch * k * columns..][..k * columns];
        let packed = Dense::pack(engine, storage, kernel, &weights(matrix, kernel), None)?;
        let mut picture = engine.buffer(rows * k)?;
        picture.copy_from_slice(&left[index * rows * k..][..rows * k]);
        let x = FeatureMap::from_buffer(line, picture);
        let finish = Epilogue::default();
        let y_shape = line.with_channels(columns);
        let y = packed.forward(engine, &[&x], (y_shape, DType::F32), &[(&axes.0, &axes.1)], finish.finish(y_shape)?)?;
        slots.copy_from_slice(y.as_slice()?);
    }
    give(engine, out_shape, out)
}
