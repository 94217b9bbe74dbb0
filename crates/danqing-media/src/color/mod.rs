//! Explicit conversions between the colour spaces of rasters.
//!
//! Each takes its raster by value and, where both sides are `f32`, writes into the same memory: 12 bytes per pixel for
//! three channels, none extra. Values outside `0..=1` pass through the transfer curve mirrored at zero (as in scRGB), so
//! colours outside sRGB survive a round trip.

pub(crate) mod gray;
mod hsl;
mod lab;
mod oklab;
mod transfer;

pub use gray::{gray_from_gray8, gray_from_srgb, gray8_from_gray, gray8_from_srgb8, srgb_from_gray, srgb8_from_gray8};
pub use hsl::{hsl_from_srgb, srgb_from_hsl};
pub use lab::{lab_from_linear, lab_from_srgb, linear_from_lab, srgb_from_lab};
pub use oklab::{linear_from_oklab, oklab_from_linear, oklab_from_srgb, srgb_from_oklab};
pub use transfer::{
    encoded_from_linear, linear_from_encoded, linear_from_srgb, linear_from_srgb8, srgb_from_linear, srgb_from_srgb8,
    srgb8_from_linear, srgb8_from_srgb,
};

use crate::{Raster, Space};

/// Row-major 3×3 matrix times column.
#[inline]
fn product(m: &[[f32; 3]; 3], [x, y, z]: [f32; 3]) -> [f32; 3] {
    [
        m[0][0] * x + m[0][1] * y + m[0][2] * z,
        m[1][0] * x + m[1][1] * y + m[1][2] * z,
        m[2][0] * x + m[2][1] * y + m[2][2] * z,
    ]
}

/// The same memory with every pixel replaced.
fn mapped<S: Space<Sample = f32>, T: Space<Sample = f32>>(
    mut image: Raster<S>,
    pixel: impl Fn([f32; 3]) -> [f32; 3],
) -> Raster<T> {
    for samples in image.samples_mut().chunks_exact_mut(3) {
        samples.copy_from_slice(&pixel([samples[0], samples[1], samples[2]]));
    }
    image.reinterpreted()
}

/// Nearest of `0..=255` for a value whose range is `0.0..=1.0`; values outside are clamped, not-a-number gives 0.
#[inline]
#[must_use]
pub fn byte_from_unit(value: f32) -> u8 {
    (value * 255.0 + 0.5) as u8
}

#[cfg(test)]
pub(crate) mod testing {
    use crate::{Raster, SrgbF32};

    /// Colours on a grid and a few outside sRGB.
    pub(crate) fn colours() -> Raster<SrgbF32> {
        let mut samples: Vec<f32> = Vec::new();
        for i in 0..9 * 9 * 9 {
            samples.extend([i % 9, i / 9 % 9, i / 81].map(|v| v as f32 / 8.0));
        }
        samples.extend([-0.1, 0.5, 1.2, 0.01, 0.02, 0.03]);
        Raster::new(samples.len() / 3, 1, samples).expect("three samples each")
    }

    pub(crate) fn assert_near(actual: &[f32], expected: &[f32], tolerance: f32) {
        assert_eq!(actual.len(), expected.len());
        for (i, (a, e)) in actual.iter().zip(expected).enumerate() {
            assert!((a - e).abs() <= tolerance, "sample {i}: {a}, expected {e}");
        }
    }
}
