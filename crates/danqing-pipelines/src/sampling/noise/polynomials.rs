//! Logarithm, sine and cosine in single precision, equal to the bit to those that `PyTorch`'s AVX2 tier draws normal numbers with
//! (`log256_ps` and `sincos256_ps` of pytorch/pytorch@v2.5.1 `aten/src/ATen/native/cpu/avx_mathfun.h`, with products and sums
//! fused as its builds fuse them). Pure arithmetic: the same numbers on every machine.
//!
//! Source: the approximations of Moshier's Cephes library, `logf.c` and `sinf.c`.

use std::f32::consts::FRAC_1_SQRT_2;

const LOGARITHM: [f32; 9] = [
    7.037_683_6e-2,
    -1.151_461e-1,
    1.167_699_84e-1,
    -1.242_014_1e-1,
    1.424_932_3e-1,
    -1.666_805_7e-1,
    2.000_071_4e-1,
    -2.499_999_4e-1,
    3.333_333e-1,
];
/// The natural logarithm of 2 as a short number and a correction.
const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];

const COSINE: [f32; 3] = [2.443_315_7e-5, -1.388_731_6e-3, 4.166_664_6e-2];
const SINE: [f32; 3] = [-1.951_529_6e-4, 8.332_161e-3, -1.666_665_5e-1];
const FOUR_OVER_PI: f32 = 1.273_239_5;
/// A quarter of π as two short numbers and a correction.
const QUARTER_TURN: [f32; 3] = [0.785_156_25, 2.418_756_5e-4, 3.774_895e-8];

/// Natural logarithm of a positive number that is not subnormal.
pub(super) fn ln(x: f32) -> f32 {
    let bits = x.to_bits();
    let mut exponent = (bits >> 23) as f32 - 126.0;
    let mut x = f32::from_bits((bits & 0x007f_ffff) | 0.5_f32.to_bits()); // 0.5..1
    if x < FRAC_1_SQRT_2 {
        exponent -= 1.0;
        x = (x - 1.0) + x;
    } else {
        x -= 1.0;
    }
    let square = x * x;
    let curve = horner(&LOGARITHM, x) * x;
    let curve = curve.mul_add(square, exponent * LN_2[1]);
    let curve = (-square).mul_add(0.5, curve);
    exponent.mul_add(LN_2[0], x + curve)
}

/// Sine and cosine of an angle from 0 to 2π.
pub(super) fn sin_cos(angle: f32) -> (f32, f32) {
    let octant = ((angle * FOUR_OVER_PI) as u32 + 1) & !1;
    let turns = octant as f32;
    let x = QUARTER_TURN.iter().fold(angle, |x, part| turns.mul_add(-part, x));
    let square = x * x;
    let even = horner(&COSINE, square) * square;
    let even = even.mul_add(square, -(square * 0.5)) + 1.0;
    let odd = (horner(&SINE, square) * square).mul_add(x, x);
    let (sine, cosine) = if octant & 2 == 0 { (odd, even) } else { (even, odd) };
    let sign = |value: f32, negative: bool| if negative { -value } else { value };
    (sign(sine, octant & 4 != 0), sign(cosine, octant.wrapping_sub(2) & 4 == 0))
}

fn horner(coefficients: &[f32], x: f32) -> f32 {
    coefficients.iter().copied().reduce(|sum, coefficient| sum.mul_add(x, coefficient)).unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_the_functions_themselves() {
        for i in 1..4000_u16 {
            let x = f32::from(i) / 4000.0;
            assert!((ln(x) - x.ln()).abs() <= 3e-7 * x.ln().abs().max(1.0), "ln {x}");
            let angle = x * std::f32::consts::TAU;
            let (sine, cosine) = sin_cos(angle);
            assert!((sine - angle.sin()).abs() < 3e-7 && (cosine - angle.cos()).abs() < 3e-7, "{angle}");
        }
        assert_eq!((ln(1.0), sin_cos(0.0)), (0.0, (0.0, 1.0)));
    }
}
