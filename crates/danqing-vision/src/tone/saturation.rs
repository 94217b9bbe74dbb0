//! Saturation of whole pictures.

use danqing_capability::{CancelToken, Cancelled};
use danqing_media::{Raster, SrgbF32};

use super::each_pixel;

/// Scales the distance to grey by `factor`: equals Pillow's `ImageEnhance.Color(image).enhance(factor)`, 8 bit at most 1
/// apart. 0 = grey, 1 = as it is.
///
/// # Errors
/// [`Cancelled`].
pub fn saturated(image: &mut Raster<SrgbF32>, factor: f32, cancel: &CancelToken) -> Result<(), Cancelled> {
    each_pixel(image, cancel, |rgb| away_from_grey(rgb, factor))
}

/// Like [`saturated`] with `1 + amount`, but the more saturated a colour is, the less it changes: by `(1 − s)²` with
/// `s` = (largest − smallest) / largest channel. `amount` `-1.0..=1.0`.
///
/// # Errors
/// [`Cancelled`].
pub fn vibrant(image: &mut Raster<SrgbF32>, amount: f32, cancel: &CancelToken) -> Result<(), Cancelled> {
    each_pixel(image, cancel, |rgb| {
        let (least, most) = rgb.iter().fold((f32::MAX, f32::MIN), |(a, b), &v| (a.min(v), b.max(v)));
        let saturation = if most > 0.0 { ((most - least) / most).clamp(0.0, 1.0) } else { 0.0 };
        away_from_grey(rgb, 1.0 + amount * (1.0 - saturation).powi(2))
    })
}

/// Grey = BT.601 luma of encoded values.
fn away_from_grey(rgb: [f32; 3], factor: f32) -> [f32; 3] {
    let grey = 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2];
    rgb.map(|v| grey + (v - grey) * factor)
}
