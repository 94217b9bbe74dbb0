//! Hue, saturation and lightness of one range of colours.

use danqing_capability::{CancelToken, Cancelled};
use danqing_media::color::{hsl_from_srgb, srgb_from_hsl};
use danqing_media::{HslF32, Raster, SrgbF32};
use serde::{Deserialize, Serialize};

use crate::bands;

/// A range of hues. Each is full at its centre and fades (cosine) to nothing at its neighbours' centres; everywhere the
/// weights of all ranges sum to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HueRange {
    /// Every colour, greys too.
    #[default]
    All,
    /// Around 0°.
    Reds,
    /// Around 30°.
    Oranges,
    /// Around 60°.
    Yellows,
    /// Around 120°.
    Greens,
    /// Around 180°.
    Aquas,
    /// Around 225°.
    Blues,
    /// Around 270°.
    Purples,
    /// Around 315°.
    Magentas,
}

/// Centres of the ranges, and of the first one again.
const CENTRES: [f32; 9] = [0.0, 30.0, 60.0, 120.0, 180.0, 225.0, 270.0, 315.0, 360.0];

impl HueRange {
    fn index(self) -> Option<usize> {
        [
            Self::Reds,
            Self::Oranges,
            Self::Yellows,
            Self::Greens,
            Self::Aquas,
            Self::Blues,
            Self::Purples,
            Self::Magentas,
        ]
        .iter()
        .position(|&range| range == self)
    }

    /// How much a hue in degrees belongs to the range, `0.0..=1.0`.
    #[must_use]
    pub fn weight(self, hue: f32) -> f32 {
        let Some(own) = self.index() else { return 1.0 };
        let hue = hue.rem_euclid(360.0);
        let below = CENTRES.partition_point(|&centre| centre <= hue).clamp(1, 8) - 1;
        let t = (hue - CENTRES[below]) / (CENTRES[below + 1] - CENTRES[below]);
        let above = 0.5 - 0.5 * (std::f32::consts::PI * t).cos();
        if own == below {
            1.0 - above
        } else if own == (below + 1) % 8 {
            above
        } else {
            0.0
        }
    }
}

/// What happens to a range of colours.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct HueShift {
    /// Which colours.
    pub range: HueRange,
    /// Turn of the hue, degrees.
    pub hue: f32,
    /// −1 = grey, 0 = as it is, 1 = twice as saturated.
    pub saturation: f32,
    /// −1 = black, 0 = as it is, 1 = white.
    pub lightness: f32,
}

/// Shifts one range. Pixels that are nearly grey (channels less than 0.02 apart; full effect from 0.1 on) have no hue to
/// speak of and stay as they are, except in [`HueRange::All`]. Changed pixels are clamped to sRGB first.
///
/// # Errors
/// [`Cancelled`].
pub fn hue_shifted(image: &mut Raster<SrgbF32>, shift: &HueShift, cancel: &CancelToken) -> Result<(), Cancelled> {
    let stride = image.width() * 3;
    bands::for_each_row(image.samples_mut(), stride, cancel, || (), |(), _, row| shift_row(row, shift))
}

fn shift_row(row: &mut [f32], shift: &HueShift) {
    let Ok(colours) = Raster::<SrgbF32>::new(row.len() / 3, 1, row.to_vec()) else { return };
    let mut colours = hsl_from_srgb(colours);
    let mut weights = vec![0.0; row.len() / 3];
    for ((hsl, rgb), weight) in colours.samples_mut().chunks_exact_mut(3).zip(row.chunks_exact(3)).zip(&mut weights) {
        *weight = shift.range.weight(hsl[0]) * if shift.range == HueRange::All { 1.0 } else { colourfulness(rgb) };
        hsl[0] = (hsl[0] + *weight * shift.hue).rem_euclid(360.0);
        hsl[1] = (hsl[1] * (1.0 + *weight * shift.saturation)).clamp(0.0, 1.0);
        let towards = if shift.lightness < 0.0 { hsl[2] } else { 1.0 - hsl[2] };
        hsl[2] += *weight * shift.lightness * towards;
    }
    write_changed(row, colours, &weights);
}

fn write_changed(row: &mut [f32], colours: Raster<HslF32>, weights: &[f32]) {
    let colours = srgb_from_hsl(colours);
    for ((to, from), &weight) in row.chunks_exact_mut(3).zip(colours.samples().chunks_exact(3)).zip(weights) {
        if weight > 0.0 {
            to.copy_from_slice(from);
        }
    }
}

/// 0 for grey, 1 from a distance of 0.1 between the channels on.
fn colourfulness(rgb: &[f32]) -> f32 {
    let (least, most) = rgb.iter().fold((f32::MAX, f32::MIN), |(a, b), &v| (a.min(v), b.max(v)));
    let t = ((most - least - 0.02) / 0.08).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RANGES: [HueRange; 8] = [
        HueRange::Reds,
        HueRange::Oranges,
        HueRange::Yellows,
        HueRange::Greens,
        HueRange::Aquas,
        HueRange::Blues,
        HueRange::Purples,
        HueRange::Magentas,
    ];

    fn shifted(rgb: [f32; 3], shift: HueShift) -> Vec<f32> {
        let mut image = Raster::new(1, 1, rgb.to_vec()).expect("one pixel");
        hue_shifted(&mut image, &shift, &CancelToken::default()).expect("not cancelled");
        image.into_samples()
    }

    #[test]
    fn weights_of_all_ranges_sum_to_one() {
        for hue in 0..3600 {
            let sum: f32 = RANGES.iter().map(|range| range.weight(hue as f32 / 10.0)).sum();
            assert!((sum - 1.0).abs() < 1e-5, "{hue}: {sum}");
        }
        assert_eq!(RANGES.map(|range| range.weight(0.0)), [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    }

    #[test]
    fn only_the_named_range_changes() {
        let blues = HueShift { range: HueRange::Blues, hue: 20.0, saturation: -1.0, lightness: 0.3 };
        for untouched in [[0.9, 0.2, 0.1], [0.2, 0.8, 0.3], [0.5, 0.5, 0.51], [1.4, -0.1, 0.2]] {
            assert_eq!(shifted(untouched, blues), untouched);
        }
        let grey =
            shifted([0.2, 0.35, 0.8], HueShift { range: HueRange::Blues, saturation: -1.0, ..HueShift::default() });
        assert!((grey[0] - grey[2]).abs() < 1e-5, "hue 225° is the centre of the blues: {grey:?}");
    }

    #[test]
    fn a_turn_by_120_degrees_exchanges_the_channels() {
        let turned = shifted([0.9, 0.3, 0.1], HueShift { hue: 120.0, ..HueShift::default() });
        assert!(turned.iter().zip([0.1, 0.9, 0.3]).all(|(a, b)| (a - b).abs() < 1e-5), "{turned:?}");
    }
}
