//! White balance: one gain per channel in linear light.

use danqing_capability::{CancelToken, Cancelled};
use danqing_media::color::{encoded_from_linear, linear_from_encoded};
use danqing_media::{Raster, Rect, SrgbF32};

use super::each_pixel;

/// Rec. 709 weights of linear light.
const LUMINANCE: [f32; 3] = [0.2126, 0.7152, 0.0722];

/// Gains for a warmer (positive) or cooler look and a shift to magenta (positive) or green, both `-1.0..=1.0`: at 1 red
/// rises and blue falls by a stop; at 1 green falls by half a stop. A grey keeps its luminance.
#[must_use]
pub fn balance_gains(temperature: f32, tint: f32) -> [f32; 3] {
    kept_luminance([temperature.exp2(), (-0.5 * tint).exp2(), (-temperature).exp2()])
}

/// Gains that make the mean of the picture grey (grey-world assumption), pixels that are clipped left out.
///
/// # Errors
/// [`Cancelled`].
pub fn grey_world_gains(image: &Raster<SrgbF32>, cancel: &CancelToken) -> Result<[f32; 3], Cancelled> {
    gains_of_mean(image, image.bounds(), cancel)
}

/// Gains that make the part `neutral` of the picture grey.
///
/// # Errors
/// [`Cancelled`].
pub fn neutral_gains(image: &Raster<SrgbF32>, neutral: Rect, cancel: &CancelToken) -> Result<[f32; 3], Cancelled> {
    gains_of_mean(image, neutral.clipped(image.width(), image.height()), cancel)
}

/// Multiplies the channels in linear light.
///
/// # Errors
/// [`Cancelled`].
pub fn balanced(image: &mut Raster<SrgbF32>, gains: [f32; 3], cancel: &CancelToken) -> Result<(), Cancelled> {
    each_pixel(image, cancel, |rgb| {
        std::array::from_fn(|i| encoded_from_linear(linear_from_encoded(rgb[i]) * gains[i]))
    })
}

/// No gains where nothing is left to measure, or a channel is missing: they would be infinite.
fn gains_of_mean(image: &Raster<SrgbF32>, part: Rect, cancel: &CancelToken) -> Result<[f32; 3], Cancelled> {
    let mut sums = [0.0_f64; 3];
    for y in part.y..part.bottom() {
        cancel.check()?;
        for pixel in image.row(y)[part.x * 3..part.right() * 3].chunks_exact(3) {
            if pixel.iter().all(|v| (0.002..0.998).contains(v)) {
                sums.iter_mut().zip(pixel).for_each(|(sum, &v)| *sum += f64::from(linear_from_encoded(v)));
            }
        }
    }
    let mean = sums.iter().sum::<f64>() / 3.0;
    if sums.iter().any(|&sum| sum < 0.01 * mean || sum <= 0.0) {
        return Ok([1.0; 3]);
    }
    Ok(kept_luminance(sums.map(|sum| (mean / sum) as f32)))
}

fn kept_luminance(gains: [f32; 3]) -> [f32; 3] {
    let luminance: f32 = gains.iter().zip(LUMINANCE).map(|(gain, weight)| gain * weight).sum();
    gains.map(|gain| gain / luminance)
}
