//! Euler steps with churn: `sample_euler` of crowsonkb/k-diffusion@4601bf0 `k_diffusion/sampling.py`, within 1e-6 relative of
//! its double-precision run. Source: Karras et al. 2022, algorithm 2 without its second stage. Order 1.

use super::walk::{Denoiser, Walk, combined};

pub(super) fn walk<D: Denoiser>(walk: &mut Walk<'_, '_, D>, mut x: Vec<f32>) -> Result<Vec<f32>, D::Error> {
    let steps = walk.steps();
    for i in 0..steps {
        let (_, next) = walk.levels(i);
        let sigma = walk.churned(&mut x, i);
        let direction = walk.direction(&mut x, sigma)?;
        x = combined(&[(1.0, &x), (next - sigma, &direction)]);
        walk.step_done(i, steps)?;
    }
    Ok(x)
}
