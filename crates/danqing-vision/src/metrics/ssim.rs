//! Structural similarity, equal to `skimage.metrics.structural_similarity` (1e-6).
//!
//! Source: Z. Wang, A. Bovik, H. Sheikh, E. Simoncelli, "Image quality assessment: from error visibility to structural
//! similarity", 2004; scikit-image@0.25.2 `skimage/metrics/_structural_similarity.py`.

use danqing_media::{Raster, Space};

use super::{Error, check};
use crate::Sample;
use crate::blur::Border;

/// Weights of the neighbourhood.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Window {
    /// 7×7, all alike, sample covariance: scikit-image's default.
    #[default]
    Uniform7,
    /// Gaussian with sigma 1.5 cut at 11×11, population covariance: the paper's
    /// (`gaussian_weights=True, sigma=1.5, use_sample_covariance=False`).
    Gaussian,
}

impl Window {
    fn weights(self) -> Vec<f64> {
        match self {
            Self::Uniform7 => vec![1.0 / 7.0; 7],
            Self::Gaussian => {
                let at = |i: i32| (-0.5 * (f64::from(i) / 1.5).powi(2)).exp();
                let sum: f64 = (-5..=5).map(at).sum();
                (-5..=5).map(|i| at(i) / sum).collect()
            }
        }
    }

    fn covariance_scale(self) -> f64 {
        match self {
            Self::Uniform7 => 49.0 / 48.0,
            Self::Gaussian => 1.0,
        }
    }
}

/// Mean structural similarity over pixels and channels, `-1.0..=1.0`; 1 for equal pictures. `data_range` is the largest
/// value of the samples (255 or 1).
///
/// # Errors
/// [`Error::SizeMismatch`]; [`Error::TooSmall`] below 7 (uniform) or 11 (Gaussian) pixels each way.
pub fn ssim<S: Space<Sample: Sample>>(
    a: &Raster<S>,
    b: &Raster<S>,
    window: Window,
    data_range: f32,
) -> Result<f64, Error> {
    let weights = window.weights();
    check(a, b, weights.len())?;
    let channels = (0..S::CHANNELS).map(|channel| {
        let (a, b) = (plane(a, channel), plane(b, channel));
        channel_ssim(&a, &b, window, &weights, f64::from(data_range))
    });
    Ok(channels.sum::<f64>() / S::CHANNELS as f64)
}

/// One channel as numbers.
struct Plane {
    width: usize,
    values: Vec<f64>,
}

fn plane<S: Space<Sample: Sample>>(from: &Raster<S>, channel: usize) -> Plane {
    let values = from.samples().iter().skip(channel).step_by(S::CHANNELS).map(|s| f64::from(s.to_f32())).collect();
    Plane { width: from.width(), values }
}

fn channel_ssim(a: &Plane, b: &Plane, window: Window, weights: &[f64], range: f64) -> f64 {
    let product = |a: &Plane, b: &Plane| Plane {
        width: a.width,
        values: a.values.iter().zip(&b.values).map(|(a, b)| a * b).collect(),
    };
    let [mean_a, mean_b] = [a, b].map(|plane| means(plane, weights));
    let [aa, bb, ab] = [product(a, a), product(b, b), product(a, b)].map(|plane| means(&plane, weights));
    let (c1, c2) = ((0.01 * range).powi(2), (0.03 * range).powi(2));
    let scale = window.covariance_scale();
    let at = |i: usize| {
        let (u, v) = (mean_a[i], mean_b[i]);
        let (var_a, var_b, cov) = (scale * (aa[i] - u * u), scale * (bb[i] - v * v), scale * (ab[i] - u * v));
        ((2.0 * u * v + c1) * (2.0 * cov + c2)) / ((u * u + v * v + c1) * (var_a + var_b + c2))
    };
    let (margin, width, height) = (weights.len() / 2, a.width, a.values.len() / a.width);
    let rows = margin..height - margin;
    let inside = rows.flat_map(|y| (margin..width - margin).map(move |x| y * width + x));
    let count = (width - 2 * margin) * (height - 2 * margin);
    inside.map(at).sum::<f64>() / count as f64
}

/// Weighted means around every pixel.
fn means(plane: &Plane, weights: &[f64]) -> Vec<f64> {
    let (width, height, radius) = (plane.width, plane.values.len() / plane.width, weights.len() / 2);
    let fold =
        |i: usize, offset: usize, len: usize| Border::Reflect.index((i + offset) as isize - radius as isize, len);
    let mut across = vec![0.0; plane.values.len()];
    for (i, to) in across.iter_mut().enumerate() {
        let (row, x) = (i / width * width, i % width);
        *to = weights.iter().enumerate().map(|(o, w)| w * plane.values[row + fold(x, o, width)]).sum();
    }
    let mut made = vec![0.0; plane.values.len()];
    for (y, row) in made.chunks_exact_mut(width).enumerate() {
        for (offset, weight) in weights.iter().enumerate() {
            let from = &across[fold(y, offset, height) * width..][..width];
            row.iter_mut().zip(from).for_each(|(to, v)| *to += weight * v);
        }
    }
    made
}
