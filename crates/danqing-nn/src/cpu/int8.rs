//! Weights as whole numbers of a byte, symmetric, one scale per output channel.
//!
//! Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference",
//! arXiv:1712.05877, section 2.1 with zero point 0; for weights only, so that inputs and sums stay `f32`.

use super::dense::{KernelShape, Read};
use crate::Error;

/// Largest magnitude of a stored weight: −128 is left out, so that both signs reach as far.
const MOST: f32 = 127.0;

/// One scale per output channel: its largest magnitude / 127 over all phases. At least 2⁻¹²⁶, below which `f32` has fewer
/// digits than a scale needs.
///
/// # Errors
/// [`Error::NotFinite`] for a weight that is infinite or no number.
pub(super) fn scales(shape: KernelShape, taps_of_phases: &[usize], read: Read<'_>) -> Result<Vec<f32>, Error> {
    let scale = |channel| {
        let mut largest = 0.0_f32;
        for (phase, &taps) in taps_of_phases.iter().enumerate() {
            for (input, tap) in (0..shape.in_per_group()).flat_map(|input| (0..taps).map(move |tap| (input, tap))) {
                let weight = read(phase, tap, channel, input);
                if !weight.is_finite() {
                    return Err(Error::NotFinite { channel, actual: weight.to_string() });
                }
                largest = largest.max(weight.abs());
            }
        }
        Ok((largest / MOST).max(f32::MIN_POSITIVE))
    };
    (0..shape.out_channels).map(scale).collect()
}

/// The nearest whole number of scales, ties to even: in −127..=127 for a weight that `scale` was made for, and no further
/// than `scale / 2` from it.
pub(super) fn quantised(weight: f32, scale: f32) -> f32 {
    // In f64, so that the quotient's rounding moves no weight to the farther neighbour.
    ((f64::from(weight) / f64::from(scale)).round_ties_even() as f32).clamp(-MOST, MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scales_of(weights: &[f32], channels: usize) -> Result<Vec<f32>, Error> {
        let inputs = weights.len() / channels;
        let shape = KernelShape { out_channels: channels, in_channels: inputs, groups: 1 };
        scales(shape, &[1], &|_, _, out, input| weights[out * inputs + input])
    }

    #[test]
    fn no_weight_moves_by_more_than_half_a_scale() -> Result<(), Error> {
        for magnitude in [1.0, 3e-5, 3.4e38, 1e-36, 1e-38, 1e-44] {
            let weights: Vec<f32> =
                (0..1000).map(|index| ((index as f32 * 0.618_034).fract() * 2.0 - 1.0) * magnitude).collect();
            let scale = scales_of(&weights, 1)?[0];
            let largest = weights.iter().fold(0.0_f32, |largest, weight| largest.max(weight.abs()));
            assert_eq!(scale, (largest / 127.0).max(f32::MIN_POSITIVE));
            for &weight in &weights {
                let whole = quantised(weight, scale);
                assert!(whole.abs() <= 127.0 && whole == whole.trunc(), "{weight:e} became {whole}");
                let moved = (f64::from(weight) - f64::from(whole) * f64::from(scale)).abs();
                assert!(moved <= f64::from(scale) / 2.0 * (1.0 + 1e-12), "{weight:e} moved by {moved:e} of {scale:e}");
            }
        }
        Ok(())
    }

    #[test]
    fn ties_go_to_even_and_the_largest_weight_of_each_sign_is_kept() {
        for (weight, whole) in
            [(0.5, 0.0), (1.5, 2.0), (2.5, 2.0), (-0.5, 0.0), (-2.5, -2.0), (127.0, 127.0), (-127.0, -127.0)]
        {
            assert_eq!(quantised(weight * 0.25, 0.25), whole, "{weight}");
        }
    }

    #[test]
    fn each_channel_has_its_scale_and_one_of_zeros_stays_zero() -> Result<(), Error> {
        assert_eq!(scales_of(&[0.0, 0.0, 127.0, -254.0, 1.0, 0.5], 3)?, [f32::MIN_POSITIVE, 2.0, 1.0 / 127.0]);
        assert_eq!(quantised(0.0, f32::MIN_POSITIVE), 0.0);
        Ok(())
    }

    #[test]
    fn weights_that_are_not_finite_are_refused_with_their_channel() {
        for (weight, name) in [(f32::NAN, "NaN"), (f32::INFINITY, "inf"), (f32::NEG_INFINITY, "-inf")] {
            let refused = scales_of(&[1.0, 2.0, weight, 3.0], 2);
            assert_eq!(refused, Err(Error::NotFinite { channel: 1, actual: name.into() }));
        }
    }
}
