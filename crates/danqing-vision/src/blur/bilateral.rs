//! Bilateral filter, equal to `cv2.bilateralFilter(src, 2 radius + 1, sigma_colour, sigma_space)`: round window, colour
//! distance = sum of absolute channel differences, `BORDER_REFLECT_101`.
//!
//! Tolerance: 8 bit at most 1, `f32` 1e-4 of the range. Source: C. Tomasi, R. Manduchi, "Bilateral filtering for gray
//! and color images", 1998; opencv/opencv@4.11.0 `modules/imgproc/src/bilateral_filter.dispatch.cpp`.

use danqing_capability::{CancelToken, Cancelled};
use danqing_media::{Raster, Space};

use super::Border;
use crate::{Sample, bands};

/// Smooths where neighbours have a similar colour. `sigma_colour` is in the unit of the samples (`0..=255` or
/// `0.0..=1.0`), `sigma_space` in pixels; either 0 or less leaves the picture as it is.
///
/// # Errors
/// [`Cancelled`].
pub fn bilateral<S: Space<Sample: Sample>>(
    from: &Raster<S>,
    radius: usize,
    sigma_colour: f32,
    sigma_space: f32,
    cancel: &CancelToken,
) -> Result<Raster<S>, Cancelled> {
    let is_active = radius > 0 && sigma_colour > 0.0 && sigma_space > 0.0;
    if !is_active || from.bounds().is_empty() {
        return Ok(from.clone());
    }
    let (width, height) = from.size();
    let falloff = Falloff::new(sigma_colour);
    let taps = round_window(radius, sigma_space);
    let padded = Padded::new(from, radius);
    let mut made = Raster::filled(width, height, S::Sample::default());
    let scratch = || (vec![0.0; width * S::CHANNELS], vec![0.0; width]);
    bands::for_each_row(made.samples_mut(), width * S::CHANNELS, cancel, scratch, |(sums, totals), y, row| {
        sums.fill(0.0);
        totals.fill(0.0);
        let centre = padded.row(y + radius, radius);
        for &(dx, dy, weight) in &taps {
            add_tap::<S>(centre, padded.row(y + dy, dx), weight, &falloff, (sums, totals));
        }
        for (x, to) in row.iter_mut().enumerate() {
            *to = S::Sample::from_f32(sums[x] / totals[x / S::CHANNELS]);
        }
    })?;
    Ok(made)
}

fn add_tap<S: Space>(
    centre: &[f32],
    other: &[f32],
    weight: f32,
    falloff: &Falloff,
    (sums, totals): (&mut [f32], &mut [f32]),
) {
    let pixels = centre.chunks_exact(S::CHANNELS).zip(other.chunks_exact(S::CHANNELS));
    for ((sum, total), (a, b)) in sums.chunks_exact_mut(S::CHANNELS).zip(totals).zip(pixels) {
        let distance: f32 = a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum();
        let weight = weight * falloff.at(distance);
        *total += weight;
        sum.iter_mut().zip(b).for_each(|(s, v)| *s += weight * v);
    }
}

/// Offsets from the window's corner and weights of the round window.
fn round_window(radius: usize, sigma: f32) -> Vec<(usize, usize, f32)> {
    let reach = radius as isize;
    let offsets = (-reach..=reach).flat_map(|dy| (-reach..=reach).map(move |dx| (dx, dy)));
    offsets
        .filter(|(dx, dy)| dx * dx + dy * dy <= reach * reach)
        .map(|(dx, dy)| {
            let weight = (-0.5 * (dx * dx + dy * dy) as f64 / f64::from(sigma).powi(2)).exp();
            ((dx + reach) as usize, (dy + reach) as usize, weight as f32)
        })
        .collect()
}

/// `exp(−d² / 2σ²)` from a table with linear steps between its 4096 entries; 0 from 8 σ on.
struct Falloff {
    table: Vec<f32>,
    scale: f32,
}

impl Falloff {
    const ENTRIES: usize = 4096;
    const REACH: f32 = 8.0;

    fn new(sigma: f32) -> Self {
        let at = |i: usize| (-0.5 * (i as f32 * Self::REACH / Self::ENTRIES as f32).powi(2)).exp();
        let mut table: Vec<f32> = (0..Self::ENTRIES).map(at).collect();
        table.extend([0.0; 2]);
        Self { table, scale: Self::ENTRIES as f32 / (Self::REACH * sigma) }
    }

    fn at(&self, distance: f32) -> f32 {
        let position = (distance * self.scale).min(Self::ENTRIES as f32);
        let i = position as usize;
        self.table[i] + (position - i as f32) * (self.table[i + 1] - self.table[i])
    }
}

/// A picture as numbers with `radius` mirrored pixels on every side.
struct Padded {
    numbers: Vec<f32>,
    stride: usize,
    inner: usize,
    channels: usize,
}

impl Padded {
    fn new<S: Space<Sample: Sample>>(from: &Raster<S>, radius: usize) -> Self {
        let (width, height) = from.size();
        let inside = |i: usize, len: usize| Border::Reflect101.index(i as isize - radius as isize, len);
        let stride = (width + 2 * radius) * S::CHANNELS;
        let mut numbers = Vec::with_capacity(stride * (height + 2 * radius));
        for y in 0..height + 2 * radius {
            let row = from.row(inside(y, height));
            for x in (0..width + 2 * radius).map(|x| inside(x, width) * S::CHANNELS) {
                numbers.extend(row[x..x + S::CHANNELS].iter().map(|s| s.to_f32()));
            }
        }
        Self { numbers, stride, inner: width * S::CHANNELS, channels: S::CHANNELS }
    }

    /// As many samples as a row has inside, from padded column `x` of padded row `y` on.
    fn row(&self, y: usize, x: usize) -> &[f32] {
        &self.numbers[y * self.stride + x * self.channels..][..self.inner]
    }
}
