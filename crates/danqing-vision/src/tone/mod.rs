//! Tone and colour of whole pictures: curves, white balance, hue ranges, saturation, sharpening, vignettes.
//!
//! Everything works in place on `f32` pictures; values outside `0.0..=1.0` pass on unless a function says otherwise, so
//! that a later step can bring them back.

mod balance;
mod curve;
mod hue;
mod saturation;
mod unsharp;
mod vignette;

use danqing_capability::{CancelToken, Cancelled};
use danqing_media::{Raster, Space};

pub use self::balance::{balance_gains, balanced, grey_world_gains, neutral_gains};
pub use self::curve::{Curve, CurveError};
pub use self::hue::{HueRange, HueShift, hue_shifted};
pub use self::saturation::{saturated, vibrant};
pub use self::unsharp::unsharp_masked;
pub use self::vignette::{Vignette, vignetted};
use crate::bands;

/// Replaces every pixel by what `pixel` makes of it.
///
/// # Errors
/// [`Cancelled`].
pub fn each_pixel<S: Space<Sample = f32>>(
    image: &mut Raster<S>,
    cancel: &CancelToken,
    pixel: impl Fn([f32; 3]) -> [f32; 3] + Sync,
) -> Result<(), Cancelled> {
    const { assert!(S::CHANNELS == 3) };
    let stride = image.width() * 3;
    bands::for_each_row(
        image.samples_mut(),
        stride,
        cancel,
        || (),
        |(), _, row| {
            for samples in row.chunks_exact_mut(3) {
                samples.copy_from_slice(&pixel([samples[0], samples[1], samples[2]]));
            }
        },
    )
}
