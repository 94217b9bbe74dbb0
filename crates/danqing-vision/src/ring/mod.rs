//! Colour fitting of a fill on the ring around its hole.
//!
//! In the ring both the picture and the fill say something about the same pixels. [`fit`] finds one gain and offset per
//! channel; [`level`] finds a correction that varies smoothly over the hole.

mod colour_fit;
mod membrane;
pub(crate) mod multigrid;
#[cfg(test)]
mod tests;

use danqing_capability::{CancelToken, Cancelled, Class, Classified, Progress};
use danqing_media::{Mask, Raster, Space, SrgbF32};

use crate::distance;

pub use colour_fit::{ColourFit, fit};
pub use membrane::{Known, membrane};

/// Why colours can't be fitted.
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
    /// There is nothing to fit on.
    #[error("the ring is empty, at least one pixel is needed")]
    EmptyRing,
    /// Stopped by the caller.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

impl Classified for Error {
    fn class(&self) -> Class {
        match self {
            Self::Cancelled(_) => Class::Cancelled,
            _ => Class::Caller,
        }
    }
}

/// Pixels outside the hole (`hole` not 0) and at most `width` pixels from it, as 255.
///
/// # Errors
/// [`Cancelled`].
pub fn around(hole: &Mask, width: f32, cancel: &CancelToken) -> Result<Mask, Cancelled> {
    let distances = distance::distance_to_nonzero(hole, cancel)?;
    let inside = distances.samples().iter().map(|d| if *d > 0.0 && *d <= width { 255 } else { 0 });
    let mut made = Mask::filled(hole.width(), hole.height(), 0);
    made.samples_mut().iter_mut().zip(inside).for_each(|(m, v)| *m = v);
    Ok(made)
}

/// The fill with a smooth correction added in the hole and the ring of `width` pixels around it, so that it meets the
/// picture at the border without its texture changing.
///
/// In the ring the correction is the local mean of `picture - fill` over `width` pixels; into the hole it is continued
/// as a membrane. Outside both the fill comes back unchanged. The fill must be valid in the ring.
///
/// # Errors
/// See [`Error`].
pub fn level(
    picture: &Raster<SrgbF32>,
    fill: &Raster<SrgbF32>,
    hole: &Mask,
    width: f32,
    progress: &mut Progress<'_>,
) -> Result<Raster<SrgbF32>, Error> {
    same_size(picture, "fill", fill)?;
    same_size(picture, "hole", hole)?;
    let ring = around(hole, width, progress.cancel_token())?;
    if ring.samples().iter().all(|r| *r == 0) {
        return Err(Error::EmptyRing);
    }
    let means = membrane::local_means(picture, fill, &ring, width.ceil() as usize, progress)?;
    let correction = membrane(&means, &Known::from_masks(&ring, hole), progress)?;
    let mut made = fill.clone();
    for (at, to) in made.samples_mut().chunks_exact_mut(3).enumerate() {
        if hole.samples()[at] != 0 || ring.samples()[at] != 0 {
            to.iter_mut().zip(&correction.samples()[3 * at..]).for_each(|(t, c)| *t += c);
        }
    }
    Ok(made)
}

fn same_size<A: Space, B: Space>(picture: &Raster<A>, what: &'static str, other: &Raster<B>) -> Result<(), Error> {
    let ((width, height), (actual_width, actual_height)) = (picture.size(), other.size());
    if picture.size() == other.size() {
        Ok(())
    } else {
        Err(Error::SizeMismatch { what, width, height, actual_width, actual_height })
    }
}
