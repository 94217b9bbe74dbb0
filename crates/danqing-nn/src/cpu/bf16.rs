//! bfloat16: the upper half of an `f32`, 8 bits of precision with `f32`'s range.

use super::dispatch::{Kernel, dispatch};
use super::lanes::Lanes;
use crate::{Engine, Error, FeatureMap, Shape, Tier};

/// The bits of an `f32` that a bf16 keeps.
pub(super) const HIGH: u32 = 0xffff_0000;
/// Makes a NaN quiet, and keeps one whose payload is in the lower half from becoming an infinity.
pub(super) const QUIET: u32 = 0x0040_0000;

/// Pixels of a task.
const PIXELS: usize = 64;

/// The nearest bf16, ties to even. Finite values of at least 2¹²⁷ · (2 − 2⁻⁸) become infinite; NaN stays NaN.
#[inline(always)]
pub(super) fn rounded(value: f32) -> f32 {
    let bits = value.to_bits();
    let up = bits.wrapping_add(0x7fff).wrapping_add(bits >> 16 & 1);
    let kept = if value.is_nan() { bits | QUIET } else { up };
    f32::from_bits(kept & HIGH)
}

/// The bf16 nearest to `value`, as [`rounded`].
#[inline(always)]
pub(super) fn bits(value: f32) -> u16 {
    (rounded(value).to_bits() >> 16) as u16
}

/// What a bf16 stands for.
#[inline(always)]
pub(crate) fn value(bits: u16) -> f32 {
    f32::from_bits(u32::from(bits) << 16)
}

/// Two rounded values in the place of one `f32`: what AMX calls a pair, and what [`Lanes::load_halves`] reads.
#[inline(always)]
pub(super) fn pair(low: f32, high: f32) -> f32 {
    f32::from_bits(rounded(low).to_bits() >> 16 | rounded(high).to_bits())
}

/// The map with the channels of each group rounded and paired, `[…, groups · ⌈channels of a group / 2⌉]`; where a group has
/// an odd number of channels, its last pair has a zero.
pub(super) fn paired_map(engine: &Engine, map: &FeatureMap, groups: usize) -> Result<FeatureMap, Error> {
    let (from, shape) = (map.as_slice()?, map.shape());
    let per_group = shape.channels / groups;
    let (channels, pairs) = (shape.channels, groups * per_group.div_ceil(2));
    let mut out = engine.buffer(shape.pixels() * pairs)?;
    engine.fill(&mut out, PIXELS * pairs, |index, to| {
        let from = &from[index * PIXELS * channels..][..to.len() / pairs * channels];
        dispatch(engine.tier(), Pair { from, to, per_group });
        Ok(())
    })?;
    Ok(FeatureMap::from_buffer(Shape { channels: pairs, ..shape }, out))
}

/// Reads bf16 values; both slices have as many.
pub(crate) fn widen(tier: Tier, from: &[u16], to: &mut [f32]) {
    dispatch(tier, Widen { from, to });
}

/// Writes each value's nearest bf16; both slices have as many.
pub(crate) fn narrow(tier: Tier, from: &[f32], to: &mut [u16]) {
    dispatch(tier, Narrow { from, to });
}

pub(super) struct Widen<'a> {
    pub(super) from: &'a [u16],
    pub(super) to: &'a mut [f32],
}

impl Kernel for Widen<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        assert!(self.from.len() == self.to.len());
        let whole = self.from.len() / L::WIDTH * L::WIDTH;
        // SAFETY: the dispatcher has checked the instructions of `L`; vectors end within both slices.
        unsafe {
            for at in (0..whole).step_by(L::WIDTH) {
                L::load_bf16(self.from.as_ptr().add(at)).store(self.to.as_mut_ptr().add(at));
            }
        }
        self.to[whole..].iter_mut().zip(&self.from[whole..]).for_each(|(slot, &bits)| *slot = value(bits));
    }
}

pub(super) struct Narrow<'a> {
    pub(super) from: &'a [f32],
    pub(super) to: &'a mut [u16],
}

impl Kernel for Narrow<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        assert!(self.from.len() == self.to.len());
        let whole = self.from.len() / L::WIDTH * L::WIDTH;
        // SAFETY: the dispatcher has checked the instructions of `L`; vectors end within both slices.
        unsafe {
            for at in (0..whole).step_by(L::WIDTH) {
                L::load(self.from.as_ptr().add(at)).store_bf16(self.to.as_mut_ptr().add(at));
            }
        }
        self.to[whole..].iter_mut().zip(&self.from[whole..]).for_each(|(slot, &value)| *slot = bits(value));
    }
}

/// Rounds values where they lie.
pub(super) struct Round<'a>(pub(super) &'a mut [f32]);

impl Kernel for Round<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let whole = self.0.len() / L::WIDTH * L::WIDTH;
        // SAFETY: the dispatcher has checked the instructions of `L`; vectors end within the slice.
        unsafe {
            for at in (0..whole).step_by(L::WIDTH) {
                let place = self.0.as_mut_ptr().add(at);
                L::load(place).rounded_to_bf16().store(place);
            }
        }
        self.0[whole..].iter_mut().for_each(|value| *value = rounded(*value));
    }
}

/// Rounds and pairs the channels of each group.
struct Pair<'a> {
    from: &'a [f32],
    to: &'a mut [f32],
    per_group: usize,
}

impl Kernel for Pair<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let pairs = self.per_group.div_ceil(2);
        for (from, to) in self.from.chunks_exact(self.per_group).zip(self.to.chunks_exact_mut(pairs)) {
            let mut done = 0;
            // SAFETY: the dispatcher has checked the instructions of `L`; vectors end within both slices.
            unsafe {
                while 2 * done + L::WIDTH <= from.len() {
                    L::load(from.as_ptr().add(2 * done)).store_bf16(to.as_mut_ptr().add(done).cast());
                    done += L::WIDTH / 2;
                }
            }
            for (slot, two) in to[done..].iter_mut().zip(from[2 * done..].chunks(2)) {
                *slot = pair(two[0], two.get(1).copied().unwrap_or(0.0));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Precision, Tier};

    /// Ties, limits, NaN with a payload in the lower half only, and values of every exponent.
    fn samples() -> Vec<f32> {
        let fixed = [
            0x3f80_0000,
            0x3f80_8000,
            0x3f81_8000,
            0x3f80_8001,
            0x3f80_7fff,
            0x7f7f_7fff,
            0x7f7f_8000,
            0x7f80_0000,
            0xff80_0000,
            0x7f80_0001,
            0xff80_0001,
            0x7fff_ffff,
            0xffff_ffff,
            0x7fc0_0000,
            0,
            0x8000_0000,
            1,
            0x8000_8000,
        ];
        let spread = (0..4096_u32).map(|index| index.wrapping_mul(0x9e37_79b1));
        fixed.into_iter().chain(spread).map(f32::from_bits).collect()
    }

    /// By definition: the nearer of the two neighbours that a bf16 can hold, the even one of two as near.
    fn nearest(value: f32) -> f32 {
        let below = f32::from_bits(value.to_bits() & HIGH);
        let above = f32::from_bits((value.to_bits() & HIGH).wrapping_add(0x1_0000));
        // Beyond the largest finite value the next step would be 2^128.
        let step = if above.is_infinite() { 2.0_f64.powi(128).copysign(f64::from(value)) } else { f64::from(above) };
        let (down, up) = ((f64::from(value) - f64::from(below)).abs(), (step - f64::from(value)).abs());
        let is_even = below.to_bits() & 0x1_0000 == 0;
        if down < up || (down == up && is_even) { below } else { above }
    }

    #[test]
    fn rounding_is_to_nearest_with_ties_to_even() {
        for value in samples() {
            let result = rounded(value);
            assert_eq!(result.to_bits() & !HIGH, 0, "{value:e}");
            if value.is_nan() || value.is_infinite() {
                assert!(result == value || (result.is_nan() && value.is_nan()), "{value:e} became {result:e}");
            } else {
                assert_eq!(result.to_bits(), nearest(value).to_bits(), "{value:e}");
            }
        }
    }

    #[test]
    fn every_tier_rounds_and_pairs_alike() -> Result<(), Error> {
        let values = samples();
        for tier in
            [Tier::Portable, Tier::Avx2, Tier::Amx].into_iter().filter(|&t| t != Tier::Avx2 || Tier::detected() >= t)
        {
            let engine = Engine::with_any_tier(tier, Precision::Bf16)?;
            let shape = Shape::new(1, 1, 2, values.len() / 2);
            let map = FeatureMap::from_nhwc(&engine, shape, values.clone())?;
            let bits =
                |map: &FeatureMap| Ok::<_, Error>(map.as_slice()?.iter().map(|x| x.to_bits()).collect::<Vec<_>>());
            let expected: Vec<u32> = values.iter().map(|&x| rounded(x).to_bits()).collect();
            let (mut rounded_values, mut halves) = (values.clone(), vec![0; values.len()]);
            dispatch(tier, Round(&mut rounded_values));
            narrow(tier, &values, &mut halves);
            let mut widened = vec![1.0; values.len()];
            widen(tier, &halves, &mut widened);
            for (index, &bits) in expected.iter().enumerate() {
                assert_eq!([rounded_values[index].to_bits(), widened[index].to_bits()], [bits; 2], "{tier}: {index}");
            }
            // 2 pixels of 11 groups of 187 channels: 94 pairs each, the last with a zero.
            let paired = bits(&paired_map(&engine, &map, 11)?)?;
            assert_eq!(paired.len(), 2 * 11 * 94);
            for (group, pairs) in expected.chunks(187).zip(paired.chunks(94)) {
                let words = group.chunks(2).map(|two| two[0] >> 16 | two.get(1).unwrap_or(&0));
                assert_eq!(words.collect::<Vec<_>>(), pairs, "{tier}");
            }
        }
        Ok(())
    }
}
