//! A fast exponential.

/// `exp(x)` for `x ≤ 0`, relative error below 3e-7 (0 below −80); plain arithmetic that vectorises.
pub(super) fn exp_of_negative(x: f32) -> f32 {
    const ROUND: f32 = 12_582_912.0; // 1.5 · 2²³: adding and subtracting it rounds to whole numbers
    let x = x.max(-80.0);
    let scaled = x * std::f32::consts::LOG2_E;
    let shifted = scaled + ROUND; // its low bits are the whole number
    let whole = shifted - ROUND;
    // ln 2 in two parts, so that the difference keeps its low bits
    let rest = (x - whole * 0.693_359_4) + whole * 2.121_944_4e-4;
    let mut series = 1.0 / 720.0;
    for coefficient in [1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
        series = series * rest + coefficient;
    }
    series * f32::from_bits((shifted.to_bits() << 23).wrapping_add(127 << 23))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stays_close_to_the_exact_exponential() {
        for i in 0..8000 {
            let x = -0.01 * i as f32;
            let exact = f64::from(x).exp();
            let error = (f64::from(exp_of_negative(x)) - exact).abs() / exact;
            assert!(error < 3e-7, "exp({x}): relative error {error}");
        }
    }
}
