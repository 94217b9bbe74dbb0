//! One number per pixel, worked on in parallel: what painters compute with.
//!
//! Positions are in pixels with pixel centres at whole numbers; reading beyond the border gives the nearest pixel.
//! Nothing depends on the number of threads.

mod sampling;

use danqing_capability::{CancelToken, Cancelled};
use danqing_media::{Raster, ScalarF32, Space};

pub use self::sampling::{bilinear, bilinear_rgb};
use crate::bands;
use crate::blur::gaussian;
use crate::resize::{Method, resized};

/// One `f32` per pixel.
pub type Plane = Raster<ScalarF32>;

/// Threads and cancel token of a run.
#[derive(Clone, Debug)]
pub struct Crew {
    threads: usize,
    cancel: CancelToken,
}

impl Crew {
    /// At least one thread.
    #[must_use]
    pub fn new(threads: usize, cancel: &CancelToken) -> Self {
        Self { threads: threads.max(1), cancel: cancel.with_threads(threads.max(1)) }
    }

    /// Number of threads.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// Stops the run.
    #[must_use]
    pub fn cancel(&self) -> &CancelToken {
        &self.cancel
    }

    /// Calls `row(y, samples)` for every row; a row must depend on its index alone.
    ///
    /// # Errors
    /// [`Cancelled`].
    pub fn rows<T: Send>(
        &self,
        samples: &mut [T],
        stride: usize,
        row: impl Fn(usize, &mut [T]) + Sync,
    ) -> Result<(), Cancelled> {
        bands::for_each_row_on(self.threads, samples, stride, &self.cancel, || (), |(), y, part| row(y, part))
    }

    /// A plane from a function of column and row.
    ///
    /// # Errors
    /// [`Cancelled`].
    pub fn plane(
        &self,
        (width, height): (usize, usize),
        value: impl Fn(usize, usize) -> f32 + Sync,
    ) -> Result<Plane, Cancelled> {
        let mut made = Plane::filled(width, height, 0.0);
        self.rows(made.samples_mut(), width, |y, row| {
            for (x, to) in row.iter_mut().enumerate() {
                *to = value(x, y);
            }
        })?;
        Ok(made)
    }

    /// A three-channel raster from a function of column and row.
    ///
    /// # Errors
    /// [`Cancelled`].
    pub fn colours<S: Space<Sample = f32>>(
        &self,
        (width, height): (usize, usize),
        value: impl Fn(usize, usize) -> [f32; 3] + Sync,
    ) -> Result<Raster<S>, Cancelled> {
        const { assert!(S::CHANNELS == 3) };
        let mut made = Raster::<S>::filled(width, height, 0.0);
        self.rows(made.samples_mut(), width * 3, |y, row| {
            for (x, to) in row.chunks_exact_mut(3).enumerate() {
                to.copy_from_slice(&value(x, y));
            }
        })?;
        Ok(made)
    }
}

/// 0 below `from`, 1 above `to`, smooth between (Hermite); `from` may be the larger one.
#[must_use]
pub fn smoothstep(from: f32, to: f32, value: f32) -> f32 {
    let t = ((value - from) / (to - from)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// From `a` (0) to `b` (1).
#[must_use]
pub fn mix(a: f32, b: f32, share: f32) -> f32 {
    a + (b - a) * share
}

/// The value below which that fraction of the samples lies, from a histogram of 4096 bins between least and largest.
#[must_use]
pub fn percentile(plane: &Plane, fraction: f32) -> f32 {
    const BINS: usize = 4096;
    let (low, high) = plane.samples().iter().fold((f32::MAX, f32::MIN), |(l, h), &v| (l.min(v), h.max(v)));
    if plane.samples().is_empty() || high <= low {
        return if plane.samples().is_empty() { 0.0 } else { low };
    }
    let mut counts = vec![0_usize; BINS];
    let scale = (BINS - 1) as f32 / (high - low);
    for &value in plane.samples() {
        counts[((value - low) * scale) as usize] += 1;
    }
    let target = (fraction.clamp(0.0, 1.0) * plane.samples().len() as f32) as usize;
    let mut sum = 0;
    let bin = counts.iter().position(|&count| {
        sum += count;
        sum > target
    });
    low + bin.unwrap_or(BINS - 1) as f32 / scale
}

/// The same order of values, spread evenly over `0..=1`: each becomes the fraction of samples below it.
#[must_use]
pub fn equalised(plane: &Plane) -> Plane {
    const BINS: usize = 4096;
    let (low, high) = plane.samples().iter().fold((f32::MAX, f32::MIN), |(l, h), &v| (l.min(v), h.max(v)));
    if high <= low {
        return Plane::filled(plane.width(), plane.height(), 0.5);
    }
    let scale = (BINS - 1) as f32 / (high - low);
    let mut below = vec![0.0_f32; BINS + 1];
    for &value in plane.samples() {
        below[((value - low) * scale) as usize + 1] += 1.0 / plane.samples().len() as f32;
    }
    for i in 1..=BINS {
        below[i] += below[i - 1];
    }
    let mut made = plane.clone();
    for value in made.samples_mut() {
        let at = (*value - low) * scale;
        let bin = at as usize;
        *value = mix(below[bin], below[bin + 1], at - bin as f32);
    }
    made
}

/// Gaussian blur with a standard deviation in pixels; large ones are computed on a smaller picture (within 1 % of the
/// range of the exact blur), so that time does not grow with sigma.
///
/// # Errors
/// [`Cancelled`].
pub fn blurred<S: Space<Sample = f32>>(from: &Raster<S>, sigma: f32, crew: &Crew) -> Result<Raster<S>, Cancelled> {
    const WIDE: f32 = 8.0;
    let (width, height) = from.size();
    if sigma <= WIDE || width.min(height) < 8 {
        return gaussian(from, sigma, crew.cancel());
    }
    let shrink = sigma / (WIDE / 2.0);
    let less = |side: usize| ((side as f32 / shrink).round() as usize).max(4);
    let (w, h) = (less(width), less(height));
    let small = resized(from, w, h, Method::Area, crew.cancel())?;
    let sigma = sigma * (w as f32 / width as f32 + h as f32 / height as f32) / 2.0;
    let soft = gaussian(&small, sigma, crew.cancel())?;
    resized(&soft, width, height, Method::Bicubic, crew.cancel())
}

#[cfg(test)]
mod tests;
