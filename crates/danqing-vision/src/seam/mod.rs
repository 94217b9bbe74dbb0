//! How well a fill sits in its picture: numbers for recipes, and a score that chooses between candidate fills.
//!
//! All take the composed picture and the hole (not 0 = filled). Values are differences of sRGB-encoded samples,
//! `0.0..=1.0`; "brightness" is their Rec. 601 luma. None of them needs the true picture.

mod cells;
mod measures;
#[cfg(test)]
mod tests;

use danqing_capability::{CancelToken, Cancelled};
use danqing_media::{Mask, Raster, ScalarF32, SrgbF32};

pub use cells::texture_distance;
pub use measures::{seam_ratio, variance_ratio};

/// Half an 8-bit level: differences below it are the picture's own rounding.
const ROUNDING: f64 = 0.5 / 255.0;

/// Everything measured about one fill.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// See [`seam_ratio`].
    pub seam_ratio: f32,
    /// See [`variance_ratio`].
    pub variance_ratio: f32,
    /// See [`texture_distance`].
    pub texture_distance: f32,
}

impl Score {
    /// Measures a fill; `None` if the hole is empty or leaves nothing to compare with.
    ///
    /// # Errors
    /// [`Cancelled`].
    pub fn measured(image: &Raster<SrgbF32>, hole: &Mask, cancel: &CancelToken) -> Result<Option<Self>, Cancelled> {
        let Some(seam_ratio) = seam_ratio(image, hole, cancel)? else { return Ok(None) };
        let Some(variance_ratio) = variance_ratio(image, hole, cancel)? else { return Ok(None) };
        let texture_distance = texture_distance(image, hole, cancel)?;
        Ok(texture_distance.map(|texture_distance| Self { seam_ratio, variance_ratio, texture_distance }))
    }

    /// One number, 0 for a perfect fit, larger for worse: the texture distance plus what the two ratios are away from 1
    /// in octaves. A seam weaker than the ring's own gradients counts half: it is soft, not visible as a line.
    #[must_use]
    pub fn total(&self) -> f32 {
        let seam = self.seam_ratio.max(1e-6).log2();
        let seam = if seam < 0.0 { -0.5 * seam } else { seam };
        self.texture_distance + 0.5 * seam + 0.125 * self.variance_ratio.max(1e-6).log2().abs()
    }
}

/// Largest absolute difference of a sample where `coverage` is 0; 0 if it is 0 nowhere, `None` if the sizes differ.
#[must_use]
pub fn max_difference_outside(a: &Raster<SrgbF32>, b: &Raster<SrgbF32>, coverage: &Raster<ScalarF32>) -> Option<f32> {
    if a.size() != b.size() || a.size() != coverage.size() {
        return None;
    }
    let pixels = a.samples().chunks_exact(3).zip(b.samples().chunks_exact(3)).zip(coverage.samples());
    let outside = pixels.filter(|(_, c)| **c == 0.0).flat_map(|((a, b), _)| a.iter().zip(b));
    Some(outside.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max))
}

/// Brightness of every pixel.
fn luma(image: &Raster<SrgbF32>, cancel: &CancelToken) -> Result<Vec<f32>, Cancelled> {
    let mut made = Vec::with_capacity(image.width() * image.height());
    for y in 0..image.height() {
        cancel.check()?;
        made.extend(image.row(y).chunks_exact(3).map(|p| 0.299 * p[0] + 0.587 * p[1] + 0.114 * p[2]));
    }
    Ok(made)
}
