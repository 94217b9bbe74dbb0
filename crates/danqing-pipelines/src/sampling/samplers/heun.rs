//! Heun's method with churn: `sample_heun` of crowsonkb/k-diffusion@4601bf0 `k_diffusion/sampling.py`, within 1e-6 relative of
//! its double-precision run. Source: Karras et al. 2022, algorithm 2. Two looks at the network per step, order 2.

use super::walk::{Denoiser, Walk, combined};

pub(super) fn walk<D: Denoiser>(walk: &mut Walk<'_, '_, D>, x: Vec<f32>) -> Result<Vec<f32>, D::Error> {
    walk.churned_steps(x, step)
}

/// One step from `sigma` to `next`; an Euler step where `next` is 0.
pub(super) fn step<D: Denoiser>(
    walk: &mut Walk<'_, '_, D>,
    mut x: Vec<f32>,
    sigma: f64,
    next: f64,
) -> Result<Vec<f32>, D::Error> {
    let length = next - sigma;
    let first = walk.direction(&mut x, sigma)?;
    let mut ahead = combined(&[(1.0, &x), (length, &first)]);
    if next == 0.0 {
        return Ok(ahead);
    }
    let second = walk.direction(&mut ahead, next)?;
    Ok(combined(&[(1.0, &x), (length / 2.0, &first), (length / 2.0, &second)]))
}
