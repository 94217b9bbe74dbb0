//! Transcendental functions on vectors.

use super::lanes::Lanes;

/// 1.5·2²³ + 127: added to a number below 2²² it leaves the nearest integer n (ties to the sum's even), and n + 127 in the
/// lowest bits, whence [`Lanes::bits_to_exponent`] makes 2ⁿ.
const INTEGER: f32 = 12_583_039.0;

/// `Σ coefficients · xⁿ`, the highest power first.
#[inline(always)]
unsafe fn polynomial<L: Lanes, const N: usize>(x: L, coefficients: &[f32; N]) -> L {
    // SAFETY: the caller has the instructions of `L`.
    unsafe {
        let mut sum = L::splat(coefficients[0]);
        for index in 1..N {
            sum = sum.times_plus(x, L::splat(coefficients[index]));
        }
        sum
    }
}

/// `exp(x)` for −87.3 ≤ x ≤ 88.0, relative error ≤ 2 eps; beyond, the value at the bound; NaN stays NaN.
///
/// Cody–Waite reduction by ln 2 in two parts and the minimax polynomial of degree 5 on |r| ≤ ln 2 / 2.
#[inline(always)]
pub(super) unsafe fn exp<L: Lanes>(x: L) -> L {
    // SAFETY: the caller has the instructions of `L`.
    unsafe {
        let x = L::splat(-87.3).max_or(L::splat(88.0).min_or(x));
        let shifted = x.times_plus(L::splat(std::f32::consts::LOG2_E), L::splat(INTEGER));
        let n = shifted.minus(L::splat(INTEGER));
        let r = n.times_plus(L::splat(-355.0 / 512.0), x);
        let r = n.times_plus(L::splat(2.121_944_4e-4), r);
        polynomial(r, &EXP).times(shifted.bits_to_exponent())
    }
}

const EXP: [f32; 6] = [0.008_297_655, 0.041_915_383, 0.166_675_75, 0.499_988_94, 0.999_999_7, 1.000_000_1];

/// `2^t` for −126 ≤ t ≤ 0, relative error ≤ 2 eps; 0 from −126.5 down; NaN stays NaN.
///
/// Minimax polynomial of degree 5 on |r| ≤ 1/2 (relative error 7.5e-8, found by Remez exchange).
#[inline(always)]
pub(super) unsafe fn exp2_or_zero<L: Lanes>(t: L) -> L {
    // SAFETY: the caller has the instructions of `L`.
    unsafe {
        let t = L::splat(-127.0).max_or(t);
        let shifted = t.plus(L::splat(INTEGER));
        let r = t.minus(shifted.minus(L::splat(INTEGER)));
        polynomial(r, &EXP2).times(shifted.bits_to_exponent())
    }
}

const EXP2: [f32; 6] = [0.001_327_647_2, 0.009_675_541, 0.055_507_133, 0.240_221_2, 0.693_146_97, 1.000_000_1];

/// `1 / (1 + exp(−x))`.
#[inline(always)]
pub(super) unsafe fn sigmoid<L: Lanes>(x: L) -> L {
    // SAFETY: the caller has the instructions of `L`.
    unsafe { sigmoid_times(L::splat(1.0), x) }
}

/// `2·sigmoid(2x) − 1`, absolute error ≤ 4 eps.
#[inline(always)]
pub(super) unsafe fn tanh<L: Lanes>(x: L) -> L {
    // SAFETY: the caller has the instructions of `L`.
    unsafe { L::splat(1.0).minus(L::splat(2.0).over(L::splat(1.0).plus(exp(x.plus(x))))) }
}

/// `x / (1 + exp(−y))`: of 1 the sigmoid.
#[inline(always)]
unsafe fn sigmoid_times<L: Lanes>(x: L, y: L) -> L {
    // SAFETY: the caller has the instructions of `L`.
    unsafe { x.over(L::splat(1.0).plus(exp(L::splat(0.0).minus(y)))) }
}

/// `x·sigmoid(x)`.
#[inline(always)]
pub(super) unsafe fn silu<L: Lanes>(x: L) -> L {
    // SAFETY: the caller has the instructions of `L`.
    unsafe { sigmoid_times(x, x) }
}

/// `x·Φ(x)`, with Φ the normal distribution function: absolute error ≤ 8 eps · max(1, |x|); 0 from −5.3 down.
///
/// Φ(x) − 1/2 = x·P(x²)/Q(x²), a minimax fit of degrees 5 and 4 on |x| ≤ 5.2 (absolute error 8.4e-8, found by weighted
/// least squares), ±1/2 beyond.
#[inline(always)]
pub(super) unsafe fn gelu<L: Lanes>(x: L) -> L {
    // SAFETY: the caller has the instructions of `L`.
    unsafe {
        let square = L::splat(5.2 * 5.2).min_or(x.times(x));
        let above = x.times(polynomial(square, &GELU_ABOVE)).over(polynomial(square, &GELU_BELOW));
        let above = L::splat(-0.5).max_or(L::splat(0.5).min_or(above));
        x.times(above.plus(L::splat(0.5)))
    }
}

/// P.
const GELU_ABOVE: [f32; 6] =
    [-1.616_477_6e-8, 5.374_414e-6, 4.118_048_6e-4, 0.006_080_701_5, 0.060_277_58, 0.398_941_76];
/// Q.
const GELU_BELOW: [f32; 5] = [1.383_262_1e-4, 0.003_253_424_8, 0.043_217_216, 0.317_751_26, 1.0];

/// GELU by its tanh approximation, as `gelu(x, approximate="tanh")`: `x·sigmoid(2·√(2/π)·(x + 0.044715·x³))`.
#[inline(always)]
pub(super) unsafe fn gelu_tanh<L: Lanes>(x: L) -> L {
    // SAFETY: the caller has the instructions of `L`.
    unsafe {
        let cubic = x.times(x).times_plus(L::splat(0.044_715), L::splat(1.0)).times(x);
        sigmoid_times(x, cubic.times(L::splat(1.595_769)))
    }
}

/// `x·sigmoid(1.702·x)`.
#[inline(always)]
pub(super) unsafe fn gelu_quick<L: Lanes>(x: L) -> L {
    // SAFETY: the caller has the instructions of `L`.
    unsafe { sigmoid_times(x, x.times(L::splat(1.702))) }
}
