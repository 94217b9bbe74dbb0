//! Sums over whole pictures: in `f64` and in one order, so that threads do not matter.

/// `Σ a·b`.
pub(super) fn dot(a: &[f32], b: &[f32]) -> f64 {
    sum_of(a, b, |a, b| f64::from(a) * f64::from(b))
}

/// `Σ |a|`.
pub(super) fn sum_of_magnitudes(a: &[f32]) -> f64 {
    sum_of(a, a, |a, _| f64::from(a.abs()))
}

/// Eight sums side by side, so that the processor can use its vectors.
fn sum_of(a: &[f32], b: &[f32], term: impl Fn(f32, f32) -> f64) -> f64 {
    const SIDE: usize = 8;
    let mut sums = [0.0; SIDE];
    let (a_chunks, b_chunks) = (a.chunks_exact(SIDE), b.chunks_exact(SIDE));
    let rest: f64 = a_chunks.remainder().iter().zip(b_chunks.remainder()).map(|(&a, &b)| term(a, b)).sum();
    for (a, b) in a_chunks.zip(b_chunks) {
        for (sum, (&a, &b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += term(a, b);
        }
    }
    sums.iter().sum::<f64>() + rest
}

/// `to += factor · from`.
pub(super) fn add_scaled(to: &mut [f32], factor: f64, from: &[f32]) {
    let factor = factor as f32;
    to.iter_mut().zip(from).for_each(|(to, from)| *to += factor * from);
}
