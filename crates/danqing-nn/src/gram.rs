//! Correlations of channels: the Gram matrix of a map and its gradient.

use std::sync::{Mutex, PoisonError};

use crate::cpu::{GRAM_CHUNK, add_products};
use crate::{Conv2d, Conv2dConfig, Engine, Epilogue, Error, FeatureMap, Shape, Weight};

/// Most parts that a picture's pixels are cut into for the threads; a part is at least one chunk.
const PARTS: usize = 16;

/// Equals `F·Fᵀ / (height · width)` with `F` the `[channels, pixels]` matrix of each picture (L. Gatys et al., "Image
/// Style Transfer Using Convolutional Neural Networks", 2016, equation 3, divided by the number of pixels):
/// `[batch, channels, channels, 1]`, symmetric.
///
/// Sums of 256 pixels are `f32`, their sum is `f64`: `|g − exact| ≤ 260 · eps · mean |x_i·x_j|`. The order depends on
/// the shape alone.
///
/// # Errors
/// [`Error::TooLarge`], [`Error::Cancelled`], [`Error::OutOfMemory`].
pub fn gram(engine: &Engine, x: &FeatureMap) -> Result<FeatureMap, Error> {
    let Shape { batch, height, width, channels } = x.shape();
    let shape = Shape::new(batch, channels, channels, 1);
    let (plane, mut all) = (height * width, Vec::with_capacity(shape.elements()?));
    for picture in x.widened(engine)?.as_slice()?.chunks(plane * channels) {
        let sums = products(engine, picture, channels)?;
        for (row, column) in (0..channels).flat_map(|row| (0..channels).map(move |column| (row, column))) {
            let sum = sums[row.min(column) * channels + row.max(column)];
            all.push((sum / plane as f64) as f32);
        }
    }
    FeatureMap::from_nhwc(engine, shape, all)
}

/// Upper triangle of the sums of products over the pixels.
fn products(engine: &Engine, picture: &[f32], channels: usize) -> Result<Vec<f64>, Error> {
    let pixels = picture.len() / channels;
    let part = pixels.div_ceil(PARTS).next_multiple_of(GRAM_CHUNK) * channels;
    let parts: Vec<Mutex<Vec<f64>>> = picture.chunks(part).map(|_| Mutex::default()).collect();
    engine.run(parts.len(), &|index| {
        let mut sums = vec![0.0; channels * channels];
        let values = &picture[index * part..];
        add_products(engine, &values[..part.min(values.len())], channels, &mut sums)?;
        *parts[index].lock().unwrap_or_else(PoisonError::into_inner) = sums;
        Ok(())
    })?;
    let mut parts = parts.into_iter().map(|part| part.into_inner().unwrap_or_else(PoisonError::into_inner));
    let mut totals = parts.next().unwrap_or_default();
    for part in parts {
        totals.iter_mut().zip(part).for_each(|(total, sum)| *total += sum);
    }
    Ok(totals)
}

/// The gradient at `x` of a function of [`gram`], from its `slope` by the matrix, `[1, channels, channels, 1]`, which
/// need not be symmetric: `x·(slope + slopeᵀ) / (height · width)`, plus `addend` if there is one. One picture.
///
/// Error per value: `(channels + 6) · eps · (Σ |x·slope| + |addend|)`.
///
/// # Errors
/// [`Error::Shapes`] for a slope or addend that does not fit, or several pictures; [`Error::Cancelled`],
/// [`Error::OutOfMemory`].
pub fn gram_gradient(
    engine: &Engine,
    x: &FeatureMap,
    slope: &FeatureMap,
    addend: Option<&FeatureMap>,
) -> Result<FeatureMap, Error> {
    let Shape { height, width, channels, .. } = x.shape();
    let expected = Shape::new(1, channels, channels, 1);
    if slope.shape() != expected || x.shape().batch != 1 {
        return Err(Error::Shapes { what: "gram_gradient", actual: slope.shape(), expected });
    }
    let slope = slope.widened(engine)?;
    let (slopes, pixels) = (slope.as_slice()?, (height * width) as f64);
    let both = |index: usize| {
        let turned = index % channels * channels + index / channels;
        ((f64::from(slopes[index]) + f64::from(slopes[turned])) / pixels) as f32
    };
    let matrix = Weight::new(&[channels, channels, 1, 1], (0..channels * channels).map(both).collect())?;
    let product = Conv2d::new(engine, Conv2dConfig::same(1), &matrix, None)?;
    let epilogue = addend.map_or_else(Epilogue::default, |addend| Epilogue::default().with_skip(addend));
    product.forward_with(engine, x, epilogue)
}
