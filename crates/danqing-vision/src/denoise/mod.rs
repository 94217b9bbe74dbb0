//! Non-local means, equal to `cv2.fastNlMeansDenoising(src, h, 2 patch_radius + 1, 2 search_radius + 1)` for 8-bit
//! pictures of one or several channels, at most 1 apart (OpenCV's weights are whole numbers).
//!
//! Source: A. Buades, B. Coll, J.-M. Morel, "Non-local means denoising", IPOL 2011; weights and their cut at 0.001 from
//! opencv/opencv@4.11.0 `modules/photo/src/fast_nlmeans_denoising_invoker.hpp`. Time grows with the square of
//! `search_radius`, hardly with `patch_radius`.

mod weight;

use danqing_capability::{CancelToken, Cancelled, Progress};
use danqing_media::{Raster, Space};

use self::weight::exp_of_negative;
use crate::blur::Border;
use crate::{Sample, bands};

/// Window sizes and strength of [`non_local_means`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NonLocalMeans {
    /// Strength in the unit of the samples; about the noise's standard deviation. 0 or less changes nothing.
    pub h: f32,
    /// Half width of the patches compared; 3 = 7×7.
    pub patch_radius: usize,
    /// How far away similar patches are searched; 10 = 21×21.
    pub search_radius: usize,
}

impl NonLocalMeans {
    /// OpenCV's windows: patches 7×7 in 21×21.
    #[must_use]
    pub fn with_strength(h: f32) -> Self {
        Self { h, patch_radius: 3, search_radius: 10 }
    }
}

/// Rows worked on together; fixed, so that results do not depend on the number of threads.
const BLOCK_ROWS: usize = 8;

/// Rows between two reports.
const REPORT_ROWS: usize = 4 * BLOCK_ROWS;

/// Replaces each pixel by the mean of the pixels whose surroundings look alike. Reports rows as the stage `denoise`.
///
/// # Errors
/// [`Cancelled`].
pub fn non_local_means<S: Space<Sample: Sample>>(
    from: &Raster<S>,
    settings: &NonLocalMeans,
    progress: &mut Progress<'_>,
) -> Result<Raster<S>, Cancelled> {
    if settings.h <= 0.0 || settings.h.is_nan() || from.bounds().is_empty() {
        return Ok(from.clone());
    }
    let planes = Planes::new(from, settings.patch_radius + settings.search_radius);
    let (cancel, height, stride) = (progress.cancel_token().clone(), from.height(), from.width() * S::CHANNELS);
    let mut made = Raster::filled(from.width(), height, S::Sample::default());
    let scratch = || Block::new(from.width(), S::CHANNELS, settings);
    for (i, part) in made.samples_mut().chunks_mut(REPORT_ROWS * stride).enumerate() {
        let top = i * REPORT_ROWS;
        progress.step("denoise", top, height)?;
        bands::for_each_row(part, BLOCK_ROWS * stride, &cancel, scratch, |work, block, samples| {
            work.denoise(&planes, top + block * BLOCK_ROWS, &cancel);
            work.write::<S>(samples);
        })?;
    }
    progress.step("denoise", height, height)?;
    Ok(made)
}

/// Channels apart, as numbers, with a mirrored margin.
struct Planes {
    channels: Vec<Vec<f32>>,
    stride: usize,
    margin: usize,
}

impl Planes {
    fn new<S: Space<Sample: Sample>>(from: &Raster<S>, margin: usize) -> Self {
        let (width, height) = from.size();
        let stride = width + 2 * margin;
        let inside = |i: usize, len: usize| Border::Reflect101.index(i as isize - margin as isize, len);
        let columns: Vec<usize> = (0..stride).map(|x| inside(x, width) * S::CHANNELS).collect();
        let rows = height.next_multiple_of(BLOCK_ROWS) + 2 * margin;
        let channel = |c: usize| {
            let row = |y: usize| columns.iter().map(move |x| from.row(inside(y, height))[x + c].to_f32());
            (0..rows).flat_map(row).collect()
        };
        Self { channels: (0..S::CHANNELS).map(channel).collect(), stride, margin }
    }

    /// `len` samples from picture column `x` and row `y` on; both may lie in the margin.
    fn row(&self, channel: usize, x: isize, y: isize, len: usize) -> &[f32] {
        let at = (y + self.margin as isize) as usize * self.stride + (x + self.margin as isize) as usize;
        &self.channels[channel][at..at + len]
    }
}

/// The sums of one block of rows, and working space.
struct Block {
    settings: NonLocalMeans,
    width: usize,
    /// Weighted samples per channel.
    sums: Vec<Vec<f32>>,
    /// Weights.
    totals: Vec<f32>,
    /// Squared differences, `BLOCK_ROWS + 2 patch_radius` rows of `width + 2 patch_radius`.
    differences: Vec<f32>,
    column_sums: Vec<f32>,
    weights: Vec<f32>,
}

impl Block {
    fn new(width: usize, channels: usize, settings: &NonLocalMeans) -> Self {
        let padded = width + 2 * settings.patch_radius;
        Self {
            settings: *settings,
            width,
            sums: vec![vec![0.0; width * BLOCK_ROWS]; channels],
            totals: vec![0.0; width * BLOCK_ROWS],
            differences: vec![0.0; padded * (BLOCK_ROWS + 2 * settings.patch_radius)],
            column_sums: vec![0.0; padded],
            weights: vec![0.0; width],
        }
    }

    fn denoise(&mut self, planes: &Planes, top: usize, cancel: &CancelToken) {
        self.sums.iter_mut().for_each(|sums| sums.fill(0.0));
        self.totals.fill(0.0);
        let reach = self.settings.search_radius as isize;
        for dy in -reach..=reach {
            if cancel.is_cancelled() {
                return;
            }
            for dx in -reach..=reach {
                self.compare(planes, top as isize, (dx, dy));
                for row in 0..BLOCK_ROWS {
                    self.weigh(row);
                    self.add(planes, top, row, (dx, dy));
                }
            }
        }
    }

    /// The weighted means.
    fn write<S: Space<Sample: Sample>>(&self, samples: &mut [S::Sample]) {
        for (i, to) in samples.iter_mut().enumerate() {
            let (pixel, channel) = (i / S::CHANNELS, i % S::CHANNELS);
            *to = S::Sample::from_f32(self.sums[channel][pixel] / self.totals[pixel]);
        }
    }

    /// Squared differences between the block and the block moved by `(dx, dy)`, summed over channels.
    fn compare(&mut self, planes: &Planes, top: isize, (dx, dy): (isize, isize)) {
        let radius = self.settings.patch_radius as isize;
        let padded = self.column_sums.len();
        for (i, row) in self.differences.chunks_exact_mut(padded).enumerate() {
            let y = top + i as isize - radius;
            row.fill(0.0);
            for channel in 0..planes.channels.len() {
                let here = planes.row(channel, -radius, y, padded);
                let there = planes.row(channel, dx - radius, y + dy, padded);
                for ((sum, a), b) in row.iter_mut().zip(here).zip(there) {
                    *sum += (a - b) * (a - b);
                }
            }
        }
    }

    /// Weights of one row: mean squared difference over the patch, through `exp(−d / (h² channels))`, cut at 0.001.
    fn weigh(&mut self, row: usize) {
        let size = 2 * self.settings.patch_radius + 1;
        let padded = self.column_sums.len();
        self.column_sums.fill(0.0);
        for differences in self.differences[row * padded..].chunks_exact(padded).take(size) {
            self.column_sums.iter_mut().zip(differences).for_each(|(sum, d)| *sum += d);
        }
        self.weights.fill(0.0);
        for i in 0..size {
            self.weights.iter_mut().zip(&self.column_sums[i..]).for_each(|(sum, d)| *sum += d);
        }
        let scale = -1.0 / ((size * size * self.sums.len()) as f32 * self.settings.h * self.settings.h);
        for weight in &mut self.weights {
            let w = exp_of_negative(*weight * scale);
            *weight = if w < 0.001 { 0.0 } else { w };
        }
    }

    fn add(&mut self, planes: &Planes, top: usize, row: usize, (dx, dy): (isize, isize)) {
        let part = row * self.width..(row + 1) * self.width;
        self.totals[part.clone()].iter_mut().zip(&self.weights).for_each(|(total, w)| *total += w);
        for (channel, sums) in self.sums.iter_mut().enumerate() {
            let there = planes.row(channel, dx, (top + row) as isize + dy, self.width);
            for ((sum, w), v) in sums[part.clone()].iter_mut().zip(&self.weights).zip(there) {
                *sum += w * v;
            }
        }
    }
}
