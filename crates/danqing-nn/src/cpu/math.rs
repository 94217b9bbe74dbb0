//! Transcendental functions on vectors.

use super::lanes::Lanes;

/// `exp(x)` for −87.3 ≤ x ≤ 88.0, relative error ≤ 2 eps; beyond, the value at the bound; NaN stays NaN.
///
/// Cody–Waite reduction by ln 2 in two parts and the Taylor polynomial of degree 7 on |r| ≤ ln 2 / 2.
#[inline(always)]
pub(super) unsafe fn exp<L: Lanes>(x: L) -> L {
    // SAFETY: the caller has the instructions of `L`; no pointers but to the constant table.
    unsafe {
        let x = L::splat(-87.3).max_or(L::splat(88.0).min_or(x));
        let n = x.times(L::splat(std::f32::consts::LOG2_E)).rounded();
        let r = n.times_plus(L::splat(-355.0 / 512.0), x);
        let r = n.times_plus(L::splat(2.121_944_4e-4), r);
        let mut sum = L::splat(1.0 / 5040.0);
        let mut index = 0;
        while index < EXP.len() {
            sum = sum.times_plus(r, L::splat(EXP[index]));
            index += 1;
        }
        sum.times(n.power_of_two())
    }
}

/// 1/6!, 1/5!, …, 1/0!.
const EXP: [f32; 7] = [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0];

/// `2^t` for −126 ≤ t ≤ 0, relative error ≤ 2 eps; 0 from −126.5 down; NaN stays NaN.
///
/// Minimax polynomial of degree 5 on |r| ≤ 1/2 (relative error 7.5e-8, found by Remez exchange).
#[inline(always)]
pub(super) unsafe fn exp2_or_zero<L: Lanes>(t: L) -> L {
    // SAFETY: the caller has the instructions of `L`; no pointers but to the constant table.
    unsafe {
        let t = L::splat(-127.0).max_or(t);
        let n = t.rounded();
        let r = t.minus(n);
        let mut sum = L::splat(EXP2[0]);
        let mut index = 1;
        while index < EXP2.len() {
            sum = sum.times_plus(r, L::splat(EXP2[index]));
            index += 1;
        }
        sum.times(n.power_of_two())
    }
}

/// Highest power first.
const EXP2: [f32; 6] = [0.001_327_647_2, 0.009_675_541, 0.055_507_133, 0.240_221_2, 0.693_146_97, 1.000_000_1];

/// `1 / (1 + exp(−x))`.
#[inline(always)]
pub(super) unsafe fn sigmoid<L: Lanes>(x: L) -> L {
    // SAFETY: the caller has the instructions of `L`.
    unsafe { L::splat(1.0).over(L::splat(1.0).plus(exp(L::splat(0.0).minus(x)))) }
}

/// `2·sigmoid(2x) − 1`, absolute error ≤ 4 eps.
#[inline(always)]
pub(super) unsafe fn tanh<L: Lanes>(x: L) -> L {
    // SAFETY: the caller has the instructions of `L`.
    unsafe { L::splat(1.0).minus(L::splat(2.0).over(L::splat(1.0).plus(exp(x.plus(x))))) }
}

/// `x·Φ(x)` = `max(x, 0) − |x|·Φ(−|x|)`, with Φ the normal distribution function.
///
/// Φ(−|x|) = erfc(|x|/√2)/2 by the Chebyshev fit of Numerical Recipes (`erfcc`, relative error ≤ 1.2e-7).
#[inline(always)]
pub(super) unsafe fn gelu<L: Lanes>(x: L) -> L {
    // SAFETY: the caller has the instructions of `L`.
    unsafe {
        let magnitude = x.max_or(L::splat(0.0).minus(x));
        let z = magnitude.times(L::splat(std::f32::consts::FRAC_1_SQRT_2));
        let t = L::splat(1.0).over(z.times_plus(L::splat(0.5), L::splat(1.0)));
        let mut sum = L::splat(ERFC[0]);
        let mut index = 1;
        while index < ERFC.len() {
            sum = sum.times_plus(t, L::splat(ERFC[index]));
            index += 1;
        }
        let exponent = L::splat(0.0).minus(z).times_plus(z, sum);
        let tail = t.times(exp(exponent)).times(L::splat(0.5));
        L::splat(0.0).max_or(x).minus(magnitude.times(tail))
    }
}

/// Exponent of `erfcc`, highest power of t first.
const ERFC: [f32; 10] = [
    0.170_872_77,
    -0.822_152_23,
    1.488_515_9,
    -1.135_204,
    0.278_868_07,
    -0.186_288_06,
    0.096_784_18,
    0.374_091_96,
    1.000_023_7,
    -1.265_512_2,
];

/// GELU by its tanh approximation, as `gelu(x, approximate="tanh")`: `x·sigmoid(2·√(2/π)·(x + 0.044715·x³))`.
#[inline(always)]
pub(super) unsafe fn gelu_tanh<L: Lanes>(x: L) -> L {
    // SAFETY: the caller has the instructions of `L`.
    unsafe {
        let cubic = x.times(x).times_plus(L::splat(0.044_715), L::splat(1.0)).times(x);
        x.times(sigmoid(cubic.times(L::splat(1.595_769))))
    }
}

/// `x·sigmoid(1.702·x)`.
#[inline(always)]
pub(super) unsafe fn gelu_quick<L: Lanes>(x: L) -> L {
    // SAFETY: the caller has the instructions of `L`.
    unsafe { x.times(sigmoid(x.times(L::splat(1.702)))) }
}
