//! Half precision (IEEE 754 binary16) as a storage of weights: only of those that it holds exactly, so that results are those
//! of `f32` to the bit.

use std::sync::atomic::{AtomicBool, Ordering};

use super::dispatch::{Kernel, dispatch};
use super::lanes::Lanes;
use crate::{Engine, Error};

/// Values of a task.
const BLOCK: usize = 1 << 16;

/// Least magnitude that is held with all digits, 2⁻¹⁴; below it values are whole multiples of 2⁻²⁴.
const NORMAL: f32 = 6.103_515_6e-5;
/// Largest magnitude.
const MOST: f32 = 65_504.0;
/// 2²⁴.
const STEPS: f32 = 16_777_216.0;
/// Adding it and taking it off again rounds to whole numbers what is below it: 2²³.
const WHOLE: f32 = 8_388_608.0;
/// Bits of an `f32` that a half has no place for.
const LOST: u32 = 0x1fff;
/// What an `f32`'s exponent is ahead of a half's, in place.
const AHEAD: u32 = 112 << 23;

/// Whether every value is one of half precision, zeros of both signs included, infinities and NaN not.
///
/// # Errors
/// [`Error::Cancelled`].
pub(crate) fn holds(engine: &Engine, values: &[f32]) -> Result<bool, Error> {
    let is_lost = AtomicBool::new(false);
    engine.run(values.len().div_ceil(BLOCK), &|index| {
        let block = &values[index * BLOCK..values.len().min((index + 1) * BLOCK)];
        if !is_lost.load(Ordering::Relaxed) && !dispatch(engine.tier(), Holds(block)) {
            is_lost.store(true, Ordering::Relaxed);
        }
        Ok(())
    })?;
    Ok(!is_lost.into_inner())
}

/// Whether these are.
struct Holds<'a>(&'a [f32]);

impl Kernel for Holds<'_> {
    type Output = bool;

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) -> bool {
        // Without an early end, so that it is done in vectors.
        self.0.iter().fold(true, |all, &value| all & holds_one(value))
    }
}

#[inline(always)]
fn holds_one(value: f32) -> bool {
    let magnitude = value.abs();
    let steps = magnitude * STEPS;
    let is_small = magnitude < NORMAL;
    let is_whole = (steps + WHOLE) - WHOLE == steps;
    let is_short = (magnitude <= MOST) & (value.to_bits() & LOST == 0);
    if is_small { is_whole } else { is_short }
}

/// The half's bits of a value that [`holds`].
#[inline(always)]
pub(super) fn bits(value: f32) -> u16 {
    let sign = (value.to_bits() >> 16 & 0x8000) as u16;
    let magnitude = value.abs();
    let kept =
        if magnitude < NORMAL { (magnitude * STEPS) as u16 } else { ((magnitude.to_bits() - AHEAD) >> 13) as u16 };
    sign | kept
}

/// The value of a finite half.
#[inline(always)]
pub(super) fn value(bits: u16) -> f32 {
    // Exact: a product with a power of two, 2¹¹².
    let magnitude = f32::from_bits(u32::from(bits & 0x7fff) << 13) * f32::from_bits((127 + 112) << 23);
    f32::from_bits(magnitude.to_bits() | u32::from(bits & 0x8000) << 16)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Precision, Tier};

    /// On every tier that the processor has.
    fn all_hold(values: &[f32]) -> bool {
        let tiers = [Tier::Portable, Tier::Avx2].into_iter().filter(|&tier| Tier::detected() >= tier);
        let mut answers = tiers.map(|tier| dispatch(tier, Holds(values)));
        let answer = answers.next().unwrap_or(false);
        assert!(answers.all(|other| other == answer), "tiers differ about {values:?}");
        answer
    }

    #[test]
    fn every_finite_half_is_held_and_comes_back() {
        for half in (0..=u16::MAX).filter(|half| half & 0x7c00 != 0x7c00) {
            let wide = value(half);
            assert!(all_hold(&[wide]) && bits(wide) == half, "{half:#06x} became {wide:e}");
            let (exponent, fraction) = (i32::from(half >> 10 & 31), f64::from(half & 1023));
            let expected = match exponent {
                0 => fraction * 2_f64.powi(-24),
                _ => (1.0 + fraction / 1024.0) * 2_f64.powi(exponent - 15),
            };
            assert_eq!(f64::from(wide.abs()), expected, "{half:#06x}");
            assert_eq!(wide.is_sign_negative(), half & 0x8000 != 0);
        }
    }

    #[test]
    fn what_has_no_half_is_not_held() {
        for half in (0..=u16::MAX).filter(|half| half & 0x7c00 != 0x7c00) {
            let wide = value(half);
            for neighbour in [wide.next_up(), wide.next_down()].into_iter().filter(|&value| value != 0.0) {
                assert!(!all_hold(&[1.0, neighbour]), "{neighbour:e}");
            }
        }
        for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 65_505.0, 65_536.0, 1e38, 0.1, 1e-40] {
            assert!(!all_hold(&[value]), "{value:e}");
        }
        assert!(all_hold(&[]) && all_hold(&[0.0, -0.0]));
    }

    #[test]
    fn one_value_among_many_is_found_wherever_it_is() -> Result<(), Error> {
        let engine = Engine::with_any_tier(Tier::detected(), Precision::F32)?;
        let mut values = vec![-0.5; if cfg!(miri) { 70 } else { 2 * BLOCK + 77 }];
        assert!(holds(&engine, &values)?);
        for place in [0, 7, 64, values.len() / 2, values.len() - 1] {
            values[place] = 0.1;
            assert!(!holds(&engine, &values)?, "{place}");
            values[place] = 6e-8;
            assert!(!holds(&engine, &values)?, "{place}");
            values[place] = -0.5;
        }
        assert!(holds(&engine, &[])?);
        Ok(())
    }
}
