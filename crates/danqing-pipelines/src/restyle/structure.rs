//! The picture's own contours and light, brought back into what was painted over it.

use danqing_capability::CancelToken;
use danqing_media::color::gray_from_srgb;
use danqing_media::{GrayF32, Raster, ScalarF32, SrgbF32};
use danqing_vision::blur::gaussian;
use danqing_vision::guided::Lines;

use super::Error;

/// Windows are this share of the longer side: as wide as a stroke.
const WINDOW: f64 = 1.0 / 160.0;
/// Squared step of light that counts as a contour.
const CONTOUR: f32 = 1.5e-3;

/// `painted`, `amount` of the way towards the picture that has its colours on the content's contours: fully at contours,
/// half as much in flat places, where strokes may stay.
pub(super) fn kept(
    painted: Raster<SrgbF32>,
    content: &Raster<SrgbF32>,
    amount: f64,
    cancel: &CancelToken,
) -> Result<Raster<SrgbF32>, Error> {
    if amount <= 0.0 {
        return Ok(painted);
    }
    let (width, height) = content.size();
    let radius = ((width.max(height) as f64 * WINDOW).round() as usize).max(2);
    let guide = gray_from_srgb(content);
    let firm = Lines::fitted(&guide, &painted, radius, CONTOUR, cancel)?.at(&guide, cancel)?;
    let contours = contours(&guide, radius, cancel)?;
    let mut made = painted;
    for (at, pixel) in made.samples_mut().chunks_exact_mut(3).enumerate() {
        let share = amount as f32 * (0.5 + 0.5 * contours.samples()[at]);
        let firm = &firm.samples()[at * 3..at * 3 + 3];
        pixel
            .iter_mut()
            .zip(firm)
            .for_each(|(value, firm)| *value = (*value + (firm - *value) * share).clamp(0.0, 1.0));
    }
    Ok(made)
}

/// 1 at contours and in busy places, 0 where the light is even.
fn contours(guide: &Raster<GrayF32>, radius: usize, cancel: &CancelToken) -> Result<Raster<ScalarF32>, Error> {
    let (width, height) = guide.size();
    let light = |x: usize, y: usize| guide.pixel(x.min(width - 1), y.min(height - 1))[0];
    let steps: Raster<ScalarF32> = Raster::from_fn(width, height, |x, y, s| {
        s[0] = (light(x + 1, y) - light(x, y)).powi(2) + (light(x, y + 1) - light(x, y)).powi(2);
    });
    let mut energy = gaussian(&steps, radius as f32 * 0.5, cancel)?;
    energy.samples_mut().iter_mut().for_each(|value| *value /= *value + CONTOUR * 0.2);
    Ok(energy)
}
