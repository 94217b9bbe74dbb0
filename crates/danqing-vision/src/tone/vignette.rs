//! Darker or brighter corners.

use danqing_capability::{CancelToken, Cancelled};
use danqing_media::color::{encoded_from_linear, linear_from_encoded};
use danqing_media::{Raster, SrgbF32};

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
pub fn vignetted(image: &mut Raster<SrgbF32>, vignette: &Vignette, cancel: &CancelToken) -> Result<(), Cancelled> {
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
                    *sample = encoded_from_linear(linear_from_encoded(*sample) * gain);
                }
            }
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn light_falls_by_the_stops_in_the_corner_and_not_at_all_in_the_middle() {
        let mut image = Raster::<SrgbF32>::filled(401, 201, 0.6);
        vignetted(&mut image, &Vignette { stops: -2.0, start: 0.5 }, &CancelToken::default()).expect("not cancelled");
        let light = |x: usize, y: usize| linear_from_encoded(image.pixel(x, y)[0]) / linear_from_encoded(0.6);
        assert!((light(0, 0) - 0.25).abs() < 0.01 && (light(400, 200) - 0.25).abs() < 0.01, "{}", light(0, 0));
        assert!((light(200, 100) - 1.0).abs() < 1e-5 && (light(150, 80) - 1.0).abs() < 1e-5);
        assert!(light(30, 100) > light(10, 10) && light(30, 100) < 1.0);
    }
}
