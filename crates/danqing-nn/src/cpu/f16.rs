//! Half precision (IEEE 754 binary16) as a storage of weights: only of those that it holds exactly, so that results are those
//! of `f32` to the bit.

/// Least magnitude that is held with all digits, 2⁻¹⁴; below it values are whole multiples of 2⁻²⁴.
const NORMAL: f32 = 6.103_515_6e-5;
/// Largest magnitude.
const MOST: f32 = 65_504.0;
/// 2²⁴.
const STEPS: f32 = 16_777_216.0;
/// Bits of an `f32` that a half has no place for.
const LOST: u32 = 0x1fff;
/// What an `f32`'s exponent is ahead of a half's, in place.
const AHEAD: u32 = 112 << 23;

/// Whether every value is one of half precision, zeros of both signs included, infinities and NaN not.
pub(crate) fn holds(values: &[f32]) -> bool {
    values.iter().all(|&value| holds_one(value))
}

#[inline(always)]
fn holds_one(value: f32) -> bool {
    let magnitude = value.abs();
    let steps = magnitude * STEPS;
    if magnitude < NORMAL { steps == (steps as i32) as f32 } else { magnitude <= MOST && value.to_bits() & LOST == 0 }
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

/// Two values that [`holds`] in the place of one `f32`, the first one low.
#[inline(always)]
pub(super) fn two(first: f32, second: f32) -> f32 {
    f32::from_bits(u32::from(bits(first)) | u32::from(bits(second)) << 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_finite_half_is_held_and_comes_back() {
        for half in (0..=u16::MAX).filter(|half| half & 0x7c00 != 0x7c00) {
            let wide = value(half);
            assert!(holds(&[wide]) && bits(wide) == half, "{half:#06x} became {wide:e}");
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
                assert!(!holds(&[1.0, neighbour]), "{neighbour:e}");
            }
        }
        for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 65_505.0, 65_536.0, 1e38, 0.1, 1e-40] {
            assert!(!holds(&[value]), "{value:e}");
        }
        assert!(holds(&[]) && holds(&[0.0, -0.0]));
    }
}
