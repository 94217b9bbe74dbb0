//! OKLab: Björn Ottosson, "A perceptual color space for image processing", 2020 (matrices of 2021-01-25).

use super::{encoded_from_linear, linear_from_encoded, mapped, product};
use crate::{LinearF32, OklabF32, Raster, SrgbF32};

const LMS_FROM_RGB: [[f32; 3]; 3] = [
    [0.412_221_46, 0.536_332_55, 0.051_445_995],
    [0.211_903_5, 0.680_699_5, 0.107_396_96],
    [0.088_302_46, 0.281_718_85, 0.629_978_7],
];
const LAB_FROM_LMS: [[f32; 3]; 3] = [
    [0.210_454_26, 0.793_617_8, -0.004_072_047],
    [1.977_998_5, -2.428_592_2, 0.450_593_7],
    [0.025_904_037, 0.782_771_77, -0.808_675_77],
];
const LMS_FROM_LAB: [[f32; 3]; 3] =
    [[1.0, 0.396_337_78, 0.215_803_76], [1.0, -0.105_561_346, -0.063_854_17], [1.0, -0.089_484_18, -1.291_485_5]];
const RGB_FROM_LMS: [[f32; 3]; 3] = [
    [4.076_741_7, -3.307_711_6, 0.230_969_94],
    [-1.268_438, 2.609_757_4, -0.341_319_38],
    [-0.004_196_086_3, -0.703_418_6, 1.707_614_7],
];

#[inline]
fn oklab_of_linear(rgb: [f32; 3]) -> [f32; 3] {
    product(&LAB_FROM_LMS, product(&LMS_FROM_RGB, rgb).map(f32::cbrt))
}

#[inline]
fn linear_of_oklab(lab: [f32; 3]) -> [f32; 3] {
    product(&RGB_FROM_LMS, product(&LMS_FROM_LAB, lab).map(|v| v * v * v))
}

/// Equals the reference code of the paper within 1e-5.
#[must_use]
pub fn oklab_from_srgb(image: Raster<SrgbF32>) -> Raster<OklabF32> {
    mapped(image, |rgb| oklab_of_linear(rgb.map(linear_from_encoded)))
}

/// Inverse of [`oklab_from_srgb`]; not clamped.
#[must_use]
pub fn srgb_from_oklab(image: Raster<OklabF32>) -> Raster<SrgbF32> {
    mapped(image, |lab| linear_of_oklab(lab).map(encoded_from_linear))
}

/// Like [`oklab_from_srgb`], from linear light.
#[must_use]
pub fn oklab_from_linear(image: Raster<LinearF32>) -> Raster<OklabF32> {
    mapped(image, oklab_of_linear)
}

/// Inverse of [`oklab_from_linear`]; not clamped.
#[must_use]
pub fn linear_from_oklab(image: Raster<OklabF32>) -> Raster<LinearF32> {
    mapped(image, linear_of_oklab)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::color::testing::{assert_near, colours};

    #[test]
    fn oklab_round_trips() {
        let colours = colours();
        let back = srgb_from_oklab(oklab_from_srgb(colours.clone()));
        assert_near(back.samples(), colours.samples(), 2e-4);
    }

    #[test]
    fn white_is_neutral() {
        let white = oklab_from_srgb(Raster::filled(1, 1, 1.0));
        assert_near(white.samples(), &[1.0, 0.0, 0.0], 1e-6);
    }
}
