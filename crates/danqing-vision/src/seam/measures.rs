//! Two ratios of a fill to its surroundings.

use danqing_capability::{CancelToken, Cancelled};
use danqing_media::{Mask, Raster, SrgbF32};

use super::{ROUNDING, luma};
use crate::distance;

/// Pixels on each side of the border whose gradients are the yardstick of the seam.
const SEAM_REACH: f32 = 8.0;
/// Width of the ring whose variance is compared, as a part of the square root of the hole's area, and its limits.
const RING_PART: f32 = 0.5;
const RING_LIMITS: (f32, f32) = (8.0, 64.0);
/// Part of the strongest responses left out on both sides, so that a single edge does not decide.
const TRIMMED: f64 = 0.1;

/// Mean gradient across the border of the hole over the mean gradient near it.
///
/// Numerator: mean over pairs of edge-neighbours, one in the hole and one not, of the absolute difference (averaged over
/// the channels). Denominator: the same over pairs on one side of the border, both within 8 pixels of it. Half an 8-bit
/// level is added to both. 1 is a border like any other place, 2 a visible line, well below 1 a blurred border.
/// `None` if the hole has no border, or the sizes differ.
///
/// # Errors
/// [`Cancelled`].
pub fn seam_ratio(image: &Raster<SrgbF32>, hole: &Mask, cancel: &CancelToken) -> Result<Option<f32>, Cancelled> {
    if image.size() != hole.size() {
        return Ok(None);
    }
    let from_hole = distance::distance_to_nonzero(hole, cancel)?;
    let from_known = distance::distance_to_zero(hole, cancel)?;
    let near = |at: usize| from_hole.samples()[at] <= SEAM_REACH && from_known.samples()[at] <= SEAM_REACH;
    let (mut across, mut along) = (Mean::default(), Mean::default());
    let mut pair = |a: usize, b: usize| {
        if !near(a) || !near(b) {
            return;
        }
        let (p, q) = (&image.samples()[3 * a..3 * a + 3], &image.samples()[3 * b..3 * b + 3]);
        let difference = p.iter().zip(q).map(|(p, q)| f64::from((p - q).abs())).sum::<f64>() / 3.0;
        let crosses = (hole.samples()[a] != 0) != (hole.samples()[b] != 0);
        if crosses { across.add(difference) } else { along.add(difference) }
    };
    for y in 0..hole.height() {
        cancel.check()?;
        for at in y * hole.width()..(y + 1) * hole.width() {
            if (at + 1) % hole.width() != 0 {
                pair(at, at + 1);
            }
            if y + 1 < hole.height() {
                pair(at, at + hole.width());
            }
        }
    }
    let ratio = |(across, along): (f64, f64)| ((across + ROUNDING) / (along + ROUNDING)) as f32;
    Ok(across.value().zip(along.value()).map(ratio))
}

/// High-frequency variance of the fill over that of the ring around it.
///
/// High frequencies are the four-neighbour Laplacian of brightness, taken where all five pixels lie in the hole, or all
/// in the known part within half the square root of the hole's area (8 to 64 pixels) of it. The variance is the mean
/// square of the smaller 90 % of its values, plus a floor for 8-bit rounding. 1 is the same fineness; a blurred fill is
/// far below 0.5, a noisy one above 2. `None` if either side has no such pixel, or the sizes differ.
///
/// # Errors
/// [`Cancelled`].
pub fn variance_ratio(image: &Raster<SrgbF32>, hole: &Mask, cancel: &CancelToken) -> Result<Option<f32>, Cancelled> {
    if image.size() != hole.size() {
        return Ok(None);
    }
    let area = hole.samples().iter().filter(|h| **h != 0).count() as f32;
    let reach = (RING_PART * area.sqrt()).clamp(RING_LIMITS.0, RING_LIMITS.1);
    let from_hole = distance::distance_to_nonzero(hole, cancel)?;
    let brightness = luma(image, cancel)?;
    let (mut inside, mut outside) = (Vec::new(), Vec::new());
    let (width, height) = hole.size();
    for y in 1..height.max(1) - 1 {
        cancel.check()?;
        for at in y * width + 1..(y * width + width).max(2) - 1 {
            let around = [at - width, at - 1, at + 1, at + width];
            let filled =
                around.iter().filter(|n| hole.samples()[**n] != 0).count() + usize::from(hole.samples()[at] != 0);
            let response = around.iter().map(|n| brightness[*n]).sum::<f32>() - 4.0 * brightness[at];
            if filled == 5 {
                inside.push(response * response);
            } else if filled == 0 && from_hole.samples()[at] <= reach {
                outside.push(response * response);
            }
        }
    }
    // Twenty: the squared weights of the Laplacian's five taps, by which it enlarges independent rounding errors.
    let floor = 20.0 * ROUNDING * ROUNDING / 3.0;
    cancel.check()?;
    let (inside, outside) = (trimmed_mean(inside), trimmed_mean(outside));
    Ok(inside.zip(outside).map(|(inside, outside)| ((inside + floor) / (outside + floor)) as f32))
}

/// Mean without the largest values.
fn trimmed_mean(mut squares: Vec<f32>) -> Option<f64> {
    let kept = ((1.0 - TRIMMED) * squares.len() as f64).ceil() as usize;
    let last = kept.checked_sub(1)?;
    squares.select_nth_unstable_by(last, f32::total_cmp);
    squares.truncate(kept);
    // Sorted, so that the sum does not depend on how the selection arranged them.
    squares.sort_unstable_by(f32::total_cmp);
    Some(squares.iter().map(|s| f64::from(*s)).sum::<f64>() / kept as f64)
}

#[derive(Default)]
struct Mean {
    sum: f64,
    count: usize,
}

impl Mean {
    fn add(&mut self, value: f64) {
        self.sum += value;
        self.count += 1;
    }

    fn value(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / self.count as f64)
    }
}
