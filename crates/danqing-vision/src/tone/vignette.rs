//! Darker or brighter corners.

use danqing_capability::{CancelToken, Cancelled};
use danqing_media::{LinearF32, Raster};

use crate::bands;

/// A change of light that grows towards the corners, along ellipses of the picture's shape.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Vignette {
    /// Stops in the corners; negative is darker.
    pub stops: f32,
    /// Where it begins: 0 = centre, 1 = corners.
    pub start: f32,
}

/// Multiplies linear light by `2^(stops · w)`; `w` rises smoothly (smoothstep) from 0 at `start` to 1 in the corners.
///
/// # Errors
/// [`Cancelled`].
pub fn vignetted(image: &mut Raster<LinearF32>, vignette: &Vignette, cancel: &CancelToken) -> Result<(), Cancelled> {
    let (width, height) = image.size();
    let offset = |i: usize, len: usize| (2.0 * (i as f32 + 0.5) / len as f32 - 1.0) * std::f32::consts::FRAC_1_SQRT_2;
    bands::for_each_row(
        image.samples_mut(),
        width * 3,
        cancel,
        || (),
        |(), y, row| {
            let v = offset(y, height);
            for (x, pixel) in row.chunks_exact_mut(3).enumerate() {
                let way = (offset(x, width).hypot(v) - vignette.start) / (1.0 - vignette.start).max(1e-3);
                let t = way.clamp(0.0, 1.0);
                let gain = (vignette.stops * t * t * (3.0 - 2.0 * t)).exp2();
                for sample in pixel {
                    *sample *= gain;
                }
            }
        },
    )
}
