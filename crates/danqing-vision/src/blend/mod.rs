//! Joining a fill to the picture around it. Whatever the method, pixels whose coverage is 0 come back bit for bit.
//!
//! [`linear`] mixes by coverage. [`multiband`] mixes each frequency band over its own width (P. Burt, E. Adelson, "A
//! Multiresolution Spline With Application to Image Mosaics", 1983). [`gradient_domain`] keeps the fill's gradients and
//! the picture's values at the border (P. Pérez, M. Gangnet, A. Blake, "Poisson Image Editing", 2003).

mod multiband;
mod poisson;
#[cfg(test)]
mod tests;

use danqing_capability::{CancelToken, Cancelled, Class, Classified, Progress};
use danqing_media::{Mask, Raster, ScalarF32, Space, SrgbF32};

use crate::distance;

pub use multiband::multiband;
pub use poisson::gradient_domain;

/// Why two pictures can't be blended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The inputs differ in size.
    #[error("{what} is {actual_width}x{actual_height}, picture is {width}x{height}")]
    SizeMismatch {
        /// Which input.
        what: &'static str,
        /// Width of the picture.
        width: usize,
        /// Height of the picture.
        height: usize,
        /// Width of the input.
        actual_width: usize,
        /// Height of the input.
        actual_height: usize,
    },
    /// Stopped by the caller.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

impl Classified for Error {
    fn class(&self) -> Class {
        match self {
            Self::Cancelled(_) => Class::Cancelled,
            Self::SizeMismatch { .. } => Class::Caller,
        }
    }
}

/// How much each pixel is the fill's: 1 where `hole` is not 0, from there falling linearly with the distance d (pixels,
/// between centres) as `1 - d / (band + 1)`, 0 from `band + 1` on. A band of 0 is the hole alone.
///
/// # Errors
/// [`Cancelled`].
pub fn coverage(hole: &Mask, band: f32, cancel: &CancelToken) -> Result<Raster<ScalarF32>, Cancelled> {
    let mut weights = distance::distance_to_nonzero(hole, cancel)?;
    let reach = band.max(0.0) + 1.0;
    weights.samples_mut().iter_mut().for_each(|d| *d = (1.0 - *d / reach).max(0.0));
    Ok(weights)
}

/// `picture + coverage * (fill - picture)`; exactly the fill where the coverage is 1.
///
/// # Errors
/// See [`Error`].
pub fn linear(
    picture: &Raster<SrgbF32>,
    fill: &Raster<SrgbF32>,
    coverage: &Raster<ScalarF32>,
    progress: &mut Progress<'_>,
) -> Result<Raster<SrgbF32>, Error> {
    same_size(picture, "fill", fill)?;
    same_size(picture, "coverage", coverage)?;
    let mut made = picture.clone();
    for y in 0..picture.height() {
        if y % 64 == 0 {
            progress.step("blend", y, picture.height())?;
        }
        mix_row(made.row_mut(y), fill.row(y), coverage.row(y));
    }
    Ok(made)
}

/// Mixes one row in place.
fn mix_row(into: &mut [f32], fill: &[f32], coverage: &[f32]) {
    for ((to, from), &weight) in into.chunks_exact_mut(3).zip(fill.chunks_exact(3)).zip(coverage) {
        if weight >= 1.0 {
            to.copy_from_slice(from);
        } else if weight > 0.0 {
            to.iter_mut().zip(from).for_each(|(t, f)| *t += weight * (f - *t));
        }
    }
}

fn same_size<A: Space, B: Space>(picture: &Raster<A>, what: &'static str, other: &Raster<B>) -> Result<(), Error> {
    let ((width, height), (actual_width, actual_height)) = (picture.size(), other.size());
    if picture.size() == other.size() {
        Ok(())
    } else {
        Err(Error::SizeMismatch { what, width, height, actual_width, actual_height })
    }
}
