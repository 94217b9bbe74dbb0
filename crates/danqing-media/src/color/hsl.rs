//! Hue, saturation, lightness of sRGB-encoded values.

use super::mapped;
use crate::{HslF32, Raster, SrgbF32};

#[expect(clippy::float_cmp, reason = "the largest of three values is one of them")]
#[inline]
fn hsl_of(rgb: [f32; 3]) -> [f32; 3] {
    let [r, g, b] = rgb.map(|v| v.clamp(0.0, 1.0));
    let (high, low) = (r.max(g).max(b), r.min(g).min(b));
    let (sum, chroma) = (high + low, high - low);
    if chroma <= 0.0 {
        return [0.0, 0.0, sum / 2.0];
    }
    let saturation = chroma / if sum <= 1.0 { sum } else { 2.0 - sum };
    let sixth = if high == r {
        (g - b) / chroma
    } else if high == g {
        2.0 + (b - r) / chroma
    } else {
        4.0 + (r - g) / chroma
    };
    let hue = sixth * 60.0;
    [if hue < 0.0 { hue + 360.0 } else { hue }, saturation, sum / 2.0]
}

#[inline]
fn rgb_of([hue, saturation, lightness]: [f32; 3]) -> [f32; 3] {
    let reach = saturation * lightness.min(1.0 - lightness);
    [0.0, 8.0, 4.0].map(|offset| {
        let k = (offset + hue / 30.0).rem_euclid(12.0);
        lightness - reach * (k - 3.0).min(9.0 - k).clamp(-1.0, 1.0)
    })
}

/// Equals Python's `colorsys.rgb_to_hls` within 1e-5 (hue in degrees); values outside sRGB are clamped first.
/// Grey has hue 0 and saturation 0.
#[must_use]
pub fn hsl_from_srgb(image: Raster<SrgbF32>) -> Raster<HslF32> {
    mapped(image, hsl_of)
}

/// Inverse of [`hsl_from_srgb`]; any hue is taken modulo 360.
#[must_use]
pub fn srgb_from_hsl(image: Raster<HslF32>) -> Raster<SrgbF32> {
    mapped(image, rgb_of)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::color::testing::{assert_near, colours};

    #[test]
    fn hsl_round_trips_inside_srgb() {
        let mut colours = colours();
        colours.samples_mut().iter_mut().for_each(|v| *v = v.clamp(0.0, 1.0));
        let back = srgb_from_hsl(hsl_from_srgb(colours.clone()));
        assert_near(back.samples(), colours.samples(), 1e-5);
    }
}
