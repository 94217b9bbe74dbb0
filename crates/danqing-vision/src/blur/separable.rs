//! Filters that are a row filter followed by a column filter.

use danqing_capability::{CancelToken, Cancelled};
use danqing_media::{Raster, Space};

use super::Border;
use crate::{Sample, bands};

/// Columns of a row pass kept in registers and first-level cache at a time.
const BLOCK: usize = 2048;

/// `kernel` (odd length, symmetric) along rows, then along columns, in `f32`; rounded to samples once, at the end.
pub(crate) fn filtered<S: Space<Sample: Sample>>(
    from: &Raster<S>,
    kernel: &[f32],
    border: Border,
    cancel: &CancelToken,
) -> Result<Raster<S>, Cancelled> {
    let (width, height) = from.size();
    if from.bounds().is_empty() {
        return Ok(from.clone());
    }
    let (radius, stride) = (kernel.len() / 2, width * S::CHANNELS);
    let mut across = vec![0.0_f32; stride * height];
    let padded = || vec![0.0; stride + 2 * radius * S::CHANNELS];
    bands::for_each_row(&mut across, stride, cancel, padded, |padded: &mut Vec<f32>, y, row| {
        pad_row::<S>(from.row(y), radius, border, padded);
        for (block, sums) in row.chunks_mut(BLOCK).enumerate() {
            let from = &padded[block * BLOCK..];
            sum_taps(kernel, |i| &from[i * S::CHANNELS..], sums);
        }
    })?;
    let mut made = Raster::filled(width, height, S::Sample::default());
    bands::for_each_row(
        made.samples_mut(),
        stride,
        cancel,
        || vec![0.0; stride],
        |sums, y, row| {
            let source = |i: usize| border.index(y as isize + i as isize - radius as isize, height) * stride;
            sum_taps(kernel, |i| &across[source(i)..][..stride], sums);
            row.iter_mut().zip(&*sums).for_each(|(to, &value)| *to = S::Sample::from_f32(value));
        },
    )?;
    Ok(made)
}

/// `sums[j] = Σ kernel[i] · samples(i)[j]`, symmetric taps added first (half the multiplications).
fn sum_taps<'a>(kernel: &[f32], samples: impl Fn(usize) -> &'a [f32], sums: &mut [f32]) {
    let radius = kernel.len() / 2;
    sums.iter_mut().zip(samples(radius)).for_each(|(sum, &v)| *sum = kernel[radius] * v);
    for i in 0..radius {
        let (before, after) = (samples(i), samples(kernel.len() - 1 - i));
        for ((sum, &a), &b) in sums.iter_mut().zip(before).zip(after) {
            *sum += kernel[i] * (a + b);
        }
    }
}

fn pad_row<S: Space<Sample: Sample>>(row: &[S::Sample], radius: usize, border: Border, padded: &mut [f32]) {
    let width = row.len() / S::CHANNELS;
    for (i, pixel) in padded.chunks_exact_mut(S::CHANNELS).enumerate() {
        let x = border.index(i as isize - radius as isize, width) * S::CHANNELS;
        pixel.iter_mut().zip(&row[x..x + S::CHANNELS]).for_each(|(to, from)| *to = from.to_f32());
    }
}
