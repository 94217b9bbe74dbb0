//! Resizing: nearest, bilinear, bicubic and area equal `cv2.resize`, Lanczos equals Pillow's `Image.resize(LANCZOS)`.
//!
//! Tolerance: nearest is exact; 8-bit results differ by at most 1 (OpenCV computes in 11-bit fixed point, Pillow in
//! 22-bit, danqing in `f32`); `f32` results by 1e-5 of the range. Only Lanczos and area widen their kernel when
//! shrinking (no aliasing); bilinear and bicubic sample, as OpenCV's do.
//! Source of the rules: opencv/opencv@4.11.0 `modules/imgproc/src/resize.cpp`, python-pillow/Pillow@11.0.0
//! `src/libImaging/Resample.c`.

mod rows;
mod taps;

use danqing_capability::{CancelToken, Cancelled};
use danqing_media::{Raster, Space};
use serde::{Deserialize, Serialize};

pub use self::rows::RowResizer;
use self::taps::Taps;
use crate::{Sample, bands};

/// How samples between samples are found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// The sample at the rounded-down position (`cv2.INTER_NEAREST`); makes no new values.
    Nearest,
    /// Two samples per axis (`cv2.INTER_LINEAR`), not widened when shrinking.
    Bilinear,
    /// Four samples per axis, Keys a = −0.75 (`cv2.INTER_CUBIC`), not widened when shrinking.
    Bicubic,
    /// Windowed sinc with three lobes, widened when shrinking (Pillow `LANCZOS`): the best of these for photographs.
    #[default]
    Lanczos,
    /// Average over each destination sample's span (`cv2.INTER_AREA`): for shrinking.
    Area,
}

/// `from` at `width` × `height`. Where either is empty, the result holds zeros.
///
/// # Errors
/// [`Cancelled`].
pub fn resized<S: Space<Sample: Sample>>(
    from: &Raster<S>,
    width: usize,
    height: usize,
    method: Method,
    cancel: &CancelToken,
) -> Result<Raster<S>, Cancelled> {
    if from.size() == (width, height) {
        return Ok(from.clone());
    }
    if from.bounds().is_empty() || width == 0 || height == 0 {
        return Ok(Raster::filled(width, height, S::Sample::default()));
    }
    let both_shrink = width <= from.width() && height <= from.height();
    let columns = Taps::new(method, from.width(), width, both_shrink);
    let rows = Taps::new(method, from.height(), height, both_shrink);
    let rounded = method == Method::Lanczos; // Pillow stores the picture between its passes
    let wide = widened::<S>(from, &columns, rounded, cancel)?;
    let mut made = Raster::filled(width, height, S::Sample::default());
    let stride = width * S::CHANNELS;
    bands::for_each_row(
        made.samples_mut(),
        stride,
        cancel,
        || vec![0.0; stride],
        |sum, y, row| {
            weighted_rows(&wide, rows.at(y), sum);
            row.iter_mut().zip(&*sum).for_each(|(to, &value)| *to = S::Sample::from_f32(value));
        },
    )?;
    Ok(made)
}

/// The horizontal pass: every source row at the new width.
fn widened<S: Space<Sample: Sample>>(
    from: &Raster<S>,
    columns: &Taps,
    rounded: bool,
    cancel: &CancelToken,
) -> Result<Vec<f32>, Cancelled> {
    let stride = columns.len() * S::CHANNELS;
    let mut wide = vec![0.0; stride * from.height()];
    let scratch = || vec![0.0; from.width() * S::CHANNELS];
    bands::for_each_row(&mut wide, stride, cancel, scratch, |numbers: &mut Vec<f32>, y, row| {
        numbers.iter_mut().zip(from.row(y)).for_each(|(n, &s)| *n = s.to_f32());
        weighted_pixels(S::CHANNELS, numbers, columns, row);
        if rounded {
            for value in row.iter_mut() {
                *value = S::Sample::from_f32(*value).to_f32();
            }
        }
    })?;
    Ok(wide)
}

/// One row at the new width.
fn weighted_pixels(channels: usize, from: &[f32], columns: &Taps, to: &mut [f32]) {
    match channels {
        1 => weighted_columns::<1>(from, columns, to),
        3 => weighted_columns::<3>(from, columns, to),
        4 => weighted_columns::<4>(from, columns, to),
        channels => weighted_columns_of(channels, from, columns, to),
    }
}

fn weighted_columns<const CHANNELS: usize>(from: &[f32], columns: &Taps, to: &mut [f32]) {
    for (i, pixel) in to.chunks_exact_mut(CHANNELS).enumerate() {
        let (start, weights) = columns.at(i);
        let mut sum = [0.0; CHANNELS];
        for (&weight, samples) in weights.iter().zip(from[start * CHANNELS..].chunks_exact(CHANNELS)) {
            sum.iter_mut().zip(samples).for_each(|(s, &v)| *s += weight * v);
        }
        pixel.copy_from_slice(&sum);
    }
}

fn weighted_columns_of(channels: usize, from: &[f32], columns: &Taps, to: &mut [f32]) {
    for (i, sample) in to.iter_mut().enumerate() {
        let (start, weights) = columns.at(i / channels);
        let column = from[start * channels + i % channels..].iter().step_by(channels);
        *sample = weights.iter().zip(column).map(|(w, v)| w * v).sum();
    }
}

fn weighted_rows(wide: &[f32], (start, weights): (usize, &[f32]), sum: &mut [f32]) {
    sum.fill(0.0);
    for (&weight, row) in weights.iter().zip(wide[start * sum.len()..].chunks_exact(sum.len())) {
        sum.iter_mut().zip(row).for_each(|(s, &v)| *s += weight * v);
    }
}
