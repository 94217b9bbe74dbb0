//! CIE L*a*b*, D65, 2° observer.

use super::{encoded_from_linear, linear_from_encoded, mapped, product};
use crate::{LabF32, LinearF32, Raster, SrgbF32};

// Matrix and white point of scikit-image (skimage/color/colorconv.py, `xyz_from_rgb`, `xyz_ref_white`), so that values
// agree with it; its white is 1e-5 off its matrix, so white is (100, -0.0025, 0.0047) as there.
const XYZ_FROM_RGB: [[f32; 3]; 3] =
    [[0.412_453, 0.357_58, 0.180_423], [0.212_671, 0.715_16, 0.072_169], [0.019_334, 0.119_193, 0.950_227]];
// Inverse of the matrix above, computed in f64.
const RGB_FROM_XYZ: [[f32; 3]; 3] = [
    [3.240_481_4, -1.537_151_6, -0.498_536_32],
    [-0.969_255, 1.87599, 0.041_555_926],
    [0.055_646_64, -0.204_041_33, 1.057_311],
];
const WHITE: [f32; 3] = [0.950_47, 1.0, 1.088_83];

// CIE 15: (24/116)^3 and 841/108.
const EDGE: f32 = 0.008_856;
const SLOPE: f32 = 7.787;

#[inline]
fn lightness_of(t: f32) -> f32 {
    if t > EDGE { t.cbrt() } else { SLOPE * t + 16.0 / 116.0 }
}

#[inline]
fn ratio_of(f: f32) -> f32 {
    if f > 0.206_896_6 { f * f * f } else { (f - 16.0 / 116.0) / SLOPE }
}

#[inline]
fn lab_of_linear(rgb: [f32; 3]) -> [f32; 3] {
    let xyz = product(&XYZ_FROM_RGB, rgb);
    let [x, y, z] = [0, 1, 2].map(|i| lightness_of(xyz[i] / WHITE[i]));
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

#[inline]
fn linear_of_lab([lightness, a, b]: [f32; 3]) -> [f32; 3] {
    let y = (lightness + 16.0) / 116.0;
    let f = [y + a / 500.0, y, y - b / 200.0];
    product(&RGB_FROM_XYZ, [0, 1, 2].map(|i| ratio_of(f[i]) * WHITE[i]))
}

/// Equals scikit-image 0.25 `rgb2lab` within 1e-3 for colours inside sRGB.
#[must_use]
pub fn lab_from_srgb(image: Raster<SrgbF32>) -> Raster<LabF32> {
    mapped(image, |rgb| lab_of_linear(rgb.map(linear_from_encoded)))
}

/// Inverse of [`lab_from_srgb`]; not clamped.
#[must_use]
pub fn srgb_from_lab(image: Raster<LabF32>) -> Raster<SrgbF32> {
    mapped(image, |lab| linear_of_lab(lab).map(encoded_from_linear))
}

/// Like [`lab_from_srgb`], from linear light.
#[must_use]
pub fn lab_from_linear(image: Raster<LinearF32>) -> Raster<LabF32> {
    mapped(image, lab_of_linear)
}

/// Inverse of [`lab_from_linear`]; not clamped.
#[must_use]
pub fn linear_from_lab(image: Raster<LabF32>) -> Raster<LinearF32> {
    mapped(image, linear_of_lab)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::color::testing::{assert_near, colours};

    #[test]
    fn lab_round_trips() {
        let colours = colours();
        let back = srgb_from_lab(lab_from_srgb(colours.clone()));
        assert_near(back.samples(), colours.samples(), 2e-4);
    }
}
