//! Weights as whole numbers of a byte, symmetric, one scale per output channel.
//!
//! Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference",
//! arXiv:1712.05877, section 2.1 with zero point 0; for weights only, so that inputs and sums stay `f32`.

use super::dense::Blocks;
use super::dispatch::{Kernel, dispatch};
use super::lanes::Lanes;
use super::strided::Strided;
use crate::{Engine, Error};

/// Largest magnitude of a stored weight: −128 is left out, so that both signs reach as far.
const MOST: f32 = 127.0;
/// Bits of an infinity; those of NaN are above, those of finite magnitudes below.
const INFINITE: u32 = 0x7f80_0000;

/// One scale per lane of each block, `[group, block, lane]`: the largest magnitude / 127 of its output channel over all
/// phases. At least 2⁻¹²⁶, below which `f32` has fewer digits than a scale needs; so are those of lanes without a channel.
///
/// # Errors
/// [`Error::NotFinite`] for a weight that is infinite or no number; [`Error::Cancelled`].
pub(super) fn scales(engine: &Engine, blocks: &Blocks, weights: &Strided<'_>) -> Result<Vec<f32>, Error> {
    let mut scales = vec![f32::MIN_POSITIVE; blocks.shape.groups * blocks.of_group() * blocks.width];
    engine.fill(&mut scales, blocks.width, |index, row| {
        let (group, block) = (index / blocks.of_group(), index % blocks.of_group());
        for (scale, out) in row.iter_mut().zip(blocks.channels(block)) {
            let largest = dispatch(engine.tier(), Largest { weights, group, out });
            // What is not finite stays so.
            *scale = (f32::from_bits(largest) / MOST).max(f32::MIN_POSITIVE);
            if largest >= INFINITE {
                *scale = f32::INFINITY;
            }
        }
        Ok(())
    })?;
    for (index, row) in scales.chunks_exact(blocks.width).enumerate() {
        let (group, block) = (index / blocks.of_group(), index % blocks.of_group());
        if let Some((_, out)) = row.iter().zip(blocks.channels(block)).find(|(scale, _)| scale.is_infinite()) {
            let actual = first_not_finite(weights, group, out).to_string();
            return Err(Error::NotFinite { channel: group * blocks.out_channels() + out, actual });
        }
    }
    Ok(scales)
}

/// By phase, in channel and tap.
fn each(weights: &Strided<'_>, group: usize, out: usize) -> impl Iterator<Item = f32> {
    let of_input = move |phase: usize, input: usize| {
        (0..weights.taps(phase)).map(move |tap| weights.at(phase, tap, [group, out, input]))
    };
    (0..weights.phases()).flat_map(move |phase| (0..weights.inputs()).flat_map(move |input| of_input(phase, input)))
}

fn first_not_finite(weights: &Strided<'_>, group: usize, out: usize) -> f32 {
    each(weights, group, out).find(|weight| !weight.is_finite()).unwrap_or(f32::NAN)
}

/// The bits of the largest magnitude of an output channel: in the order of the magnitudes, NaN above all.
struct Largest<'a> {
    weights: &'a Strided<'a>,
    group: usize,
    out: usize,
}

impl Kernel for Largest<'_> {
    type Output = u32;

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) -> u32 {
        let largest = |largest: u32, weight: f32| largest.max(weight.abs().to_bits());
        match self.weights.rows(self.group, self.out, 1) {
            Some(row) => row.iter().fold(0, |so_far, &weight| largest(so_far, weight)),
            None => each(self.weights, self.group, self.out).fold(0, largest),
        }
    }
}

/// Stores a row of weights, a byte each, by the scale of each lane.
#[inline(always)]
pub(super) fn store(row: &[f32], scales: &[f32], to: &mut [f32]) {
    for (word, (row, scales)) in to.iter_mut().zip(row.as_chunks::<4>().0.iter().zip(scales.as_chunks::<4>().0)) {
        let byte = |lane: usize| quantised(row[lane], scales[lane]) as i8 as u8;
        *word = f32::from_ne_bytes([byte(0), byte(1), byte(2), byte(3)]);
    }
}

/// The nearest whole number of scales, ties to even: in −127..=127 for a weight that `scale` was made for, and no further
/// than `scale / 2` from it.
#[inline(always)]
pub(super) fn quantised(weight: f32, scale: f32) -> f32 {
    // In f64, so that the quotient's rounding moves no weight to the farther neighbour.
    ((f64::from(weight) / f64::from(scale)).round_ties_even() as f32).clamp(-MOST, MOST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::KernelShape;
    use crate::{Precision, Tier};

    fn scales_of(weights: &[f32], channels: usize) -> Result<Vec<f32>, Error> {
        let engine = Engine::with_any_tier(Tier::detected(), Precision::Int8)?;
        let inputs = weights.len() / channels;
        let shape = KernelShape { out_channels: channels, in_channels: inputs, groups: 1 };
        let blocks = Blocks { shape, width: 16, gated: None };
        let of_rows = scales(&engine, &blocks, &Strided::convolution(weights, shape, 1))?;
        // The same by columns.
        let turned: Vec<f32> = (0..weights.len()).map(|at| weights[at % channels * inputs + at / channels]).collect();
        assert_eq!(of_rows, scales(&engine, &blocks, &Strided::transposed(&turned, shape, 1, vec![vec![0]]))?);
        assert!(of_rows.len() == channels.next_multiple_of(16) && of_rows[channels..].iter().all(|&x| x == SMALLEST));
        Ok(of_rows[..channels].to_vec())
    }

    const SMALLEST: f32 = f32::MIN_POSITIVE;

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
            // The first one, whichever thread comes first.
            let mut many = vec![0.5; 100 * 3];
            (many[70 * 3 + 1], many[70 * 3 + 2], many[71 * 3], many[99 * 3]) =
                (weight, f32::NAN, f32::NAN, 1e38 * 10.0);
            assert_eq!(scales_of(&many, 100), Err(Error::NotFinite { channel: 70, actual: name.into() }));
        }
    }
}
