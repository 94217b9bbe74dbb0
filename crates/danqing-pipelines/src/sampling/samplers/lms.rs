//! Linear multistep of order 4: `sample_lms` of crowsonkb/k-diffusion@4601bf0 `k_diffusion/sampling.py`, within 1e-5 relative of
//! its double-precision run (there coefficients are integrated to a tolerance of 1e-4, here exactly).

use std::collections::VecDeque;

use super::walk::{Denoiser, Walk, combined};

const ORDER: usize = 4;

pub(super) fn walk<D: Denoiser>(walk: &mut Walk<'_, '_, D>, mut x: Vec<f32>) -> Result<Vec<f32>, D::Error> {
    let steps = walk.steps();
    let mut directions = VecDeque::new(); // newest first
    for i in 0..steps {
        let direction = walk.direction(&mut x, walk.sigmas[i])?;
        directions.push_front(direction);
        directions.truncate(ORDER);
        let factors = (0..directions.len()).map(|back| coefficient(&walk.sigmas, i, directions.len(), back));
        let mut terms: Vec<(f64, &[f32])> = vec![(1.0, &x)];
        terms.extend(factors.zip(directions.iter().map(Vec::as_slice)));
        x = combined(&terms);
        walk.step_done(i, steps)?;
    }
    Ok(x)
}

/// Integral, over step `i`, of the Lagrange polynomial through the last `order` levels that is 1 at `back` steps before.
fn coefficient(sigmas: &[f64], i: usize, order: usize, back: usize) -> f64 {
    let polynomial = |at: f64| {
        let others = (0..order).filter(|k| *k != back);
        others.map(|k| (at - sigmas[i - k]) / (sigmas[i - back] - sigmas[i - k])).product::<f64>()
    };
    // Two Gauss points are exact for polynomials up to the third degree.
    let (middle, half) = (f64::midpoint(sigmas[i], sigmas[i + 1]), (sigmas[i + 1] - sigmas[i]) / 2.0);
    let offset = half / 3.0_f64.sqrt();
    half * (polynomial(middle - offset) + polynomial(middle + offset))
}
