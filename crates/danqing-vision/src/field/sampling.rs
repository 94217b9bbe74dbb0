//! Values between pixels.

use danqing_media::{Raster, Space};

use super::Plane;

/// Four neighbours and the weights of the right and lower ones.
fn corners(size: (usize, usize), x: f32, y: f32) -> ([usize; 4], f32, f32) {
    let x = x.clamp(0.0, (size.0 - 1) as f32);
    let y = y.clamp(0.0, (size.1 - 1) as f32);
    let (left, top) = (x as usize, y as usize);
    let (right, bottom) = ((left + 1).min(size.0 - 1), (top + 1).min(size.1 - 1));
    let (upper, lower) = (top * size.0, bottom * size.0);
    ([upper + left, upper + right, lower + left, lower + right], x - left as f32, y - top as f32)
}

/// The value at a position between pixels; the raster must not be empty.
#[must_use]
pub fn bilinear(plane: &Plane, x: f32, y: f32) -> f32 {
    let ([a, b, c, d], right, down) = corners(plane.size(), x, y);
    let s = plane.samples();
    let upper = s[a] + (s[b] - s[a]) * right;
    let lower = s[c] + (s[d] - s[c]) * right;
    upper + (lower - upper) * down
}

/// The three values at a position between pixels; the raster must not be empty.
#[must_use]
pub fn bilinear_rgb<S: Space<Sample = f32>>(raster: &Raster<S>, x: f32, y: f32) -> [f32; 3] {
    const { assert!(S::CHANNELS == 3) };
    let ([a, b, c, d], right, down) = corners(raster.size(), x, y);
    let s = raster.samples();
    std::array::from_fn(|i| {
        let upper = s[a * 3 + i] + (s[b * 3 + i] - s[a * 3 + i]) * right;
        let lower = s[c * 3 + i] + (s[d * 3 + i] - s[c * 3 + i]) * right;
        upper + (lower - upper) * down
    })
}
