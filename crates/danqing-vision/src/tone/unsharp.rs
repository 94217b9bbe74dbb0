//! Sharpening, equal to `skimage.filters.unsharp_mask(image, radius, amount, channel_axis=2)` within 1e-5.

use danqing_capability::{CancelToken, Cancelled};
use danqing_media::{Raster, Space};

use crate::bands;
use crate::blur::{Border, Kernel, gaussian_with};

/// `image + amount · (image − gaussian(image, sigma))`, clamped to `0.0..=1.0`. `sigma` in pixels (scikit-image calls it
/// radius).
///
/// # Errors
/// [`Cancelled`].
pub fn unsharp_masked<S: Space<Sample = f32>>(
    image: &mut Raster<S>,
    sigma: f32,
    amount: f32,
    cancel: &CancelToken,
) -> Result<(), Cancelled> {
    let soft = gaussian_with(image, sigma, Kernel::SciPy, Border::Reflect, cancel)?;
    let stride = image.width() * S::CHANNELS;
    bands::for_each_row(
        image.samples_mut(),
        stride,
        cancel,
        || (),
        |(), y, row| {
            for (sample, &soft) in row.iter_mut().zip(soft.row(y)) {
                *sample = (*sample + amount * (*sample - soft)).clamp(0.0, 1.0);
            }
        },
    )
}
