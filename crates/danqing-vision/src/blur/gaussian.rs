//! Gaussian blur, equal to `cv2.GaussianBlur(src, (0, 0), sigma)`: same kernel size, same `BORDER_REFLECT_101`.
//!
//! Tolerance: 8 bit at most 1 (OpenCV rounds its kernel to 8 bits there), `f32` 1e-5 of the range. The kernel is never
//! approximated, however large: time grows with sigma.
//! Source: opencv/opencv@4.11.0 `modules/imgproc/src/smooth.dispatch.cpp`.

use danqing_capability::{CancelToken, Cancelled};
use danqing_media::{Raster, Space};

use super::Border;
use super::separable::filtered;
use crate::Sample;

/// Where a Gaussian is cut off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kernel {
    /// OpenCV's rule: about 3 sigma each side for 8 bit, 4 for other samples.
    #[default]
    OpenCv,
    /// `SciPy`'s and scikit-image's rule: 4 sigma, rounded.
    SciPy,
    /// This many samples each side.
    Radius(usize),
}

/// Blurs with standard deviation `sigma` in pixels; zero, negative or not a number leaves the picture as it is.
///
/// # Errors
/// [`Cancelled`].
pub fn gaussian<S: Space<Sample: Sample>>(
    from: &Raster<S>,
    sigma: f32,
    cancel: &CancelToken,
) -> Result<Raster<S>, Cancelled> {
    gaussian_with(from, sigma, Kernel::OpenCv, Border::Reflect101, cancel)
}

/// [`gaussian`] with another cut-off or border.
///
/// # Errors
/// [`Cancelled`].
pub fn gaussian_with<S: Space<Sample: Sample>>(
    from: &Raster<S>,
    sigma: f32,
    kernel: Kernel,
    border: Border,
    cancel: &CancelToken,
) -> Result<Raster<S>, Cancelled> {
    if sigma <= 0.0 || sigma.is_nan() {
        return Ok(from.clone());
    }
    filtered(from, &weights(f64::from(sigma), radius::<S::Sample>(kernel, sigma)), border, cancel)
}

fn radius<T: 'static>(kernel: Kernel, sigma: f32) -> usize {
    let is_8_bit = std::any::TypeId::of::<T>() == std::any::TypeId::of::<u8>();
    match kernel {
        Kernel::OpenCv => {
            let reach = f64::from(sigma) * if is_8_bit { 3.0 } else { 4.0 };
            ((reach * 2.0 + 1.0).round_ties_even() as usize | 1) / 2
        }
        Kernel::SciPy => (4.0 * f64::from(sigma) + 0.5) as usize,
        Kernel::Radius(radius) => radius,
    }
}

/// `exp(−x² / 2σ²)` for `x` in `-radius..=radius`, summing to 1.
fn weights(sigma: f64, radius: usize) -> Vec<f32> {
    let at = |i: usize| (-0.5 * ((i as f64 - radius as f64) / sigma).powi(2)).exp();
    let sum: f64 = (0..=2 * radius).map(at).sum();
    (0..=2 * radius).map(|i| (at(i) / sum) as f32).collect()
}
