//! How much two pictures differ: PSNR and SSIM as scikit-image computes them; and statistics of gradients.

mod ssim;

use danqing_media::{Raster, Space};

pub use self::ssim::{Window, ssim};
use crate::Sample;
use crate::gradients::Gradients;

/// Two pictures can't be compared.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Different sizes.
    #[error("pictures of {}x{} and {}x{} can't be compared", a.0, a.1, b.0, b.1)]
    SizeMismatch {
        /// Size of the first.
        a: (usize, usize),
        /// Size of the second.
        b: (usize, usize),
    },
    /// Smaller than the window of the measure.
    #[error("a picture of {}x{} is too small to compare, it needs {least} pixels each way", actual.0, actual.1)]
    TooSmall {
        /// Size of the pictures.
        actual: (usize, usize),
        /// Smallest width and height.
        least: usize,
    },
}

fn check<S: Space>(a: &Raster<S>, b: &Raster<S>, least: usize) -> Result<(), Error> {
    if a.size() != b.size() {
        return Err(Error::SizeMismatch { a: a.size(), b: b.size() });
    }
    if a.width() < least || a.height() < least {
        return Err(Error::TooSmall { actual: a.size(), least });
    }
    Ok(())
}

/// Peak signal-to-noise ratio in dB, equal to `skimage.metrics.peak_signal_noise_ratio` (1e-9); infinite for equal
/// pictures. `data_range` is the largest value of the samples (255 or 1).
///
/// # Errors
/// [`Error::SizeMismatch`], [`Error::TooSmall`] for empty pictures.
pub fn psnr<S: Space<Sample: Sample>>(a: &Raster<S>, b: &Raster<S>, data_range: f32) -> Result<f64, Error> {
    check(a, b, 1)?;
    let square = |(a, b): (&S::Sample, &S::Sample)| (f64::from(a.to_f32()) - f64::from(b.to_f32())).powi(2);
    let mean = a.samples().iter().zip(b.samples()).map(square).sum::<f64>() / a.samples().len() as f64;
    Ok(10.0 * (f64::from(data_range).powi(2) / mean).log10())
}

/// Mean and spread of gradient magnitudes (Sobel units).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct GradientStatistics {
    /// Pixels counted.
    pub count: usize,
    /// Mean magnitude.
    pub mean: f64,
    /// Population standard deviation.
    pub deviation: f64,
    /// Largest magnitude.
    pub largest: f64,
}

/// Statistics over the pixels for which `counts(index in row order)`; all zero if there are none.
#[must_use]
pub fn gradient_statistics(gradients: &Gradients, counts: impl Fn(usize) -> bool) -> GradientStatistics {
    let magnitudes = gradients.dx.iter().zip(&gradients.dy).enumerate().filter(|(i, _)| counts(*i));
    let (mut count, mut sum, mut squares, mut largest) = (0, 0.0, 0.0, 0.0_f64);
    for magnitude in magnitudes.map(|(_, (&x, &y))| f64::from(x).hypot(f64::from(y))) {
        count += 1;
        sum += magnitude;
        squares += magnitude * magnitude;
        largest = largest.max(magnitude);
    }
    if count == 0 {
        return GradientStatistics::default();
    }
    let mean = sum / f64::from(count);
    let variance = (squares / f64::from(count) - mean * mean).max(0.0);
    GradientStatistics { count: count as usize, mean, deviation: variance.sqrt(), largest }
}
