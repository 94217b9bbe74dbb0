//! What probably is background: whatever can be reached from the upper borders without crossing an edge.
//!
//! Source: Y. Wei, F. Wen, W. Zhu, J. Sun, "Geodesic saliency using background priors", 2012; distances by raster sweeps
//! on a small copy. The lower border is no start: subjects stand on it.

use danqing_capability::Cancelled;
use danqing_media::color::lab_from_srgb;
use danqing_media::{LabF32, Raster, SrgbF32};

use crate::field::{Crew, Plane, blurred};
use crate::resize::{Method, resized};

/// Longer side of the small copy.
const SIDE: f32 = 160.0;

/// 1 = background, 0 = subject, at the size of `flat`.
pub(super) fn likely(flat: &Raster<SrgbF32>, crew: &Crew) -> Result<Plane, Cancelled> {
    let (width, height) = flat.size();
    let shrink = (width.max(height) as f32 / SIDE).max(1.0);
    let less = |side: usize| ((side as f32 / shrink).round() as usize).max(1);
    let small = resized(flat, less(width), less(height), Method::Area, crew.cancel())?;
    let far = distances(&lab_from_srgb(small));
    let likely = crew.plane(far.size(), |x, y| (-far.pixel(x, y)[0] / 14.0).exp())?;
    let soft = blurred(&likely, 1.0, crew)?;
    resized(&soft, width, height, Method::Bicubic, crew.cancel())
}

/// Least sum of colour differences (above what noise makes) on a way from the upper borders.
fn distances(lab: &Raster<LabF32>) -> Plane {
    let (width, height) = lab.size();
    let is_start = |x: usize, y: usize| y == 0 || ((x == 0 || x + 1 == width) && y < height * 7 / 10);
    let mut far = Plane::from_fn(width, height, |x, y, s| s[0] = if is_start(x, y) { 0.0 } else { 1e6 });
    for round in 0..6 {
        for i in 0..width * height {
            let i = if round % 2 == 0 { i } else { width * height - 1 - i };
            let (x, y) = (i % width, i / width);
            let neighbours = [(x.wrapping_sub(1), y), (x + 1, y), (x, y.wrapping_sub(1)), (x, y + 1)];
            for (nx, ny) in neighbours.into_iter().filter(|&(nx, ny)| nx < width && ny < height) {
                let step: f32 = lab.pixel(x, y).iter().zip(lab.pixel(nx, ny)).map(|(a, b)| (a - b).powi(2)).sum();
                let through = far.pixel(nx, ny)[0] + (step.sqrt() - 2.0).max(0.02);
                let own = &mut far.pixel_mut(x, y)[0];
                *own = own.min(through);
            }
        }
    }
    far
}

#[cfg(test)]
mod tests {
    use danqing_capability::CancelToken;

    use super::*;

    #[test]
    fn a_disc_on_a_shaded_wall_is_no_background() {
        let picture = Raster::from_fn(120, 90, |x, y, s| {
            let inside = (x as f32 - 60.0).hypot(y as f32 - 50.0) < 20.0;
            s.fill(if inside { 0.15 } else { 0.4 + x as f32 / 400.0 });
        });
        let likely = likely(&picture, &Crew::new(1, &CancelToken::default())).expect("runs");
        assert!(likely.pixel(60, 50)[0] < 0.2 && likely.pixel(10, 10)[0] > 0.8 && likely.pixel(110, 80)[0] > 0.8);
    }
}
