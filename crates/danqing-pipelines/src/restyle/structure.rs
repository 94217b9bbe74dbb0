//! The picture's own contours and light, brought back into what was painted over it.

use danqing_capability::CancelToken;
use danqing_media::color::gray_from_srgb;
use danqing_media::{GrayF32, Raster, ScalarF32, SrgbF32};
use danqing_vision::blur::gaussian;
use danqing_vision::guided::Lines;

use super::Error;

/// Windows are this share of the longer side: as wide as an eye of a portrait, so that what a style made of it goes.
const WINDOW: f64 = 1.0 / 48.0;
/// Variance of light in a window below which nothing is drawn into it.
const EVEN: f32 = 4e-4;
/// Contours are spread over this share of the longer side.
const SPREAD: f64 = 1.0 / 250.0;
/// Mean squared step of light, to the next pixel, at which a place counts as half a contour.
const STEP: f32 = 3e-4;
/// How much of the way is gone where there is no contour at all.
const IN_FLAT_PLACES: f32 = 0.3;

/// `painted`, `amount` of the way towards the picture that has its colours on the content's contours: fully at contours,
/// less in flat places, where strokes may stay.
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
    let longer = width.max(height) as f64;
    let radius = ((longer * WINDOW).round() as usize).max(2);
    let guide = gray_from_srgb(content);
    let firm = Lines::fitted(&guide, &painted, radius, EVEN, cancel)?.at(&guide, cancel)?;
    let contours = contours(&guide, (longer * SPREAD) as f32, cancel)?;
    let mut made = painted;
    for y in 0..height {
        cancel.check()?;
        for (x, pixel) in made.row_mut(y).chunks_exact_mut(3).enumerate() {
            let share = amount as f32 * (IN_FLAT_PLACES + (1.0 - IN_FLAT_PLACES) * contours.pixel(x, y)[0]);
            let firm = firm.pixel(x, y).iter();
            pixel
                .iter_mut()
                .zip(firm)
                .for_each(|(value, to)| *value = (*value + (to - *value) * share).clamp(0.0, 1.0));
        }
    }
    Ok(made)
}

/// 1 at contours and in busy places, 0 where the light is even.
fn contours(guide: &Raster<GrayF32>, sigma: f32, cancel: &CancelToken) -> Result<Raster<ScalarF32>, Error> {
    let (width, height) = guide.size();
    let light = |x: usize, y: usize| guide.pixel(x.min(width - 1), y.min(height - 1))[0];
    let steps: Raster<ScalarF32> = Raster::from_fn(width, height, |x, y, s| {
        s[0] = (light(x + 1, y) - light(x, y)).powi(2) + (light(x, y + 1) - light(x, y)).powi(2);
    });
    let mut energy = gaussian(&steps, sigma.max(1.0), cancel)?;
    energy.samples_mut().iter_mut().for_each(|value| *value /= *value + STEP);
    Ok(energy)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A disc on a ramp, and a painting of it: other colours, strokes, and a hole where the disc was.
    fn scene() -> (Raster<SrgbF32>, Raster<SrgbF32>) {
        let inside = |x: usize, y: usize| (x as f32 - 60.0).hypot(y as f32 - 50.0) < 12.0;
        let content =
            Raster::from_fn(160, 100, |x, y, s| s.fill(if inside(x, y) { 0.1 } else { 0.5 + x as f32 / 640.0 }));
        let painted = Raster::from_fn(160, 100, |x, y, s| {
            let stroke = if (x + y) / 3 % 2 == 0 { 0.08 } else { -0.08 };
            s.copy_from_slice(&[0.7 + stroke, 0.4 + stroke, 0.3 + stroke]);
        });
        (content, painted)
    }

    fn light(picture: &Raster<SrgbF32>) -> Vec<f32> {
        gray_from_srgb(picture).into_samples()
    }

    /// Correlation of the light of two pictures.
    fn agreement(a: &Raster<SrgbF32>, b: &Raster<SrgbF32>) -> f64 {
        let (a, b) = (light(a), light(b));
        let mean = |v: &[f32]| v.iter().map(|&x| f64::from(x)).sum::<f64>() / v.len() as f64;
        let (ma, mb) = (mean(&a), mean(&b));
        let sum = |f: &dyn Fn(f64, f64) -> f64| {
            a.iter().zip(&b).map(|(&x, &y)| f(f64::from(x) - ma, f64::from(y) - mb)).sum::<f64>()
        };
        sum(&|x, y| x * y) / (sum(&|x, _| x * x) * sum(&|_, y| y * y)).sqrt()
    }

    #[test]
    fn more_of_it_agrees_more_and_none_changes_nothing() {
        let (content, painted) = scene();
        // What is left of the disc in the painting: a trace, which the lines make whole again.
        let painted = Raster::from_fn(160, 100, |x, y, s| {
            let trace = if content.pixel(x, y)[0] < 0.2 { 0.12 } else { 0.0 };
            s.iter_mut().zip(painted.pixel(x, y)).for_each(|(to, from)| *to = from - trace);
        });
        let cancel = CancelToken::default();
        let made = |amount| kept(painted.clone(), &content, amount, &cancel).expect("runs");
        assert_eq!(made(0.0), painted);
        let found = [0.0, 0.5, 1.0].map(|amount| agreement(&made(amount), &content));
        assert!(found[1] > found[0] + 0.01 && found[2] > found[1] + 0.01, "{found:?}");
        let mean = |picture: &Raster<SrgbF32>| picture.samples().iter().step_by(3).sum::<f32>() / 16_000.0;
        assert!((mean(&made(1.0)) - mean(&painted)).abs() < 0.02, "the painting's colours stay");
    }

    #[test]
    fn a_cancelled_run_stops() {
        let (content, painted) = scene();
        let cancel = CancelToken::default();
        cancel.cancel();
        assert!(matches!(kept(painted, &content, 0.5, &cancel), Err(Error::Cancelled(_))));
    }
}
