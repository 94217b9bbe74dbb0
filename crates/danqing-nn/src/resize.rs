//! Changing the picture size of a map.

use crate::channels::from_pixels;
use crate::{Engine, Error, FeatureMap};

/// How values between pixels are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Interpolation {
    /// `mode="nearest"`: source `floor(i · in / out)`, in integers.
    Nearest,
    /// `mode="bilinear"`.
    Bilinear {
        /// Corner pixels keep their centres; otherwise half-pixel centres.
        align_corners: bool,
    },
}

/// Equals `torch.nn.functional.interpolate(x, size=(height, width), mode, align_corners)` without antialiasing.
///
/// Nearest is exact; bilinear positions are computed in `f64`: `|y − exact| ≤ 8 · eps · max |neighbours|`.
///
/// # Errors
/// [`Error::TooSmall`] for a side of 0, [`Error::TooLarge`], [`Error::Cancelled`], [`Error::OutOfMemory`].
pub fn resize(
    engine: &Engine,
    x: &FeatureMap,
    height: usize,
    width: usize,
    interpolation: Interpolation,
) -> Result<FeatureMap, Error> {
    let from = x.shape();
    let shape = from.with_size(height, width);
    shape.elements()?;
    let (rows, columns) = (axis(from.height, height, interpolation), axis(from.width, width, interpolation));
    on_device!(engine, |device| device.resize(x, shape, (&rows, &columns), interpolation));
    if let (Interpolation::Nearest, Some(words)) = (interpolation, x.words()) {
        return Ok(resize(engine, &words, height, width, interpolation)?.into_pairs());
    }
    let x = x.widened(engine)?;
    let values = x.as_slice()?;
    let pixel = |line: usize, column: usize| &values[(line * from.width + column) * from.channels..][..from.channels];
    from_pixels(engine, shape, |index, row| {
        let (line, column) = (index / width, index % width);
        let picture = line / height * from.height;
        let (y, x) = (&rows[line % height], &columns[column]);
        if interpolation == Interpolation::Nearest {
            return row.copy_from_slice(pixel(picture + y.low, x.low));
        }
        let (a, b) = (pixel(picture + y.low, x.low), pixel(picture + y.low, x.high));
        let (c, d) = (pixel(picture + y.high, x.low), pixel(picture + y.high, x.high));
        for channel in 0..from.channels {
            let above = a[channel] * (1.0 - x.part) + b[channel] * x.part;
            let below = c[channel] * (1.0 - x.part) + d[channel] * x.part;
            row[channel] = above * (1.0 - y.part) + below * y.part;
        }
    })
}

/// Source of each position by [`Interpolation::Nearest`].
pub(crate) fn nearest(input: usize, output: usize) -> Vec<usize> {
    axis(input, output, Interpolation::Nearest).into_iter().map(|between| between.low).collect()
}

/// The two source positions of an output and the share of the second.
pub(crate) struct Between {
    pub(crate) low: usize,
    pub(crate) high: usize,
    pub(crate) part: f32,
}

fn axis(input: usize, output: usize, interpolation: Interpolation) -> Vec<Between> {
    (0..output).map(|index| between(index, input, output, interpolation)).collect()
}

fn between(index: usize, input: usize, output: usize, interpolation: Interpolation) -> Between {
    let position = match interpolation {
        Interpolation::Nearest => {
            let low = (index as u128 * input as u128 / output as u128) as usize;
            return Between { low, high: low, part: 0.0 };
        }
        Interpolation::Bilinear { align_corners: true } if output == 1 => 0.0,
        Interpolation::Bilinear { align_corners: true } => index as f64 * (input - 1) as f64 / (output - 1) as f64,
        Interpolation::Bilinear { align_corners: false } => {
            ((index as f64 + 0.5) * input as f64 / output as f64 - 0.5).max(0.0)
        }
    };
    let low = (position as usize).min(input - 1);
    Between { low, high: (low + 1).min(input - 1), part: (position - low as f64) as f32 }
}
