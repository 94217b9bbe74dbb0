//! Euler steps with churn: `sample_euler` of crowsonkb/k-diffusion@4601bf0 `k_diffusion/sampling.py`, within 1e-6 relative of
//! its double-precision run. Source: Karras et al. 2022, algorithm 2 without its second stage. Order 1.

use super::walk::{Denoiser, Walk, combined};

pub(super) fn walk<D: Denoiser>(walk: &mut Walk<'_, '_, D>, x: Vec<f32>) -> Result<Vec<f32>, D::Error> {
    walk.churned_steps(x, step)
}

fn step<D: Denoiser>(walk: &mut Walk<'_, '_, D>, mut x: Vec<f32>, sigma: f64, next: f64) -> Result<Vec<f32>, D::Error> {
    let direction = walk.direction(&mut x, sigma)?;
    Ok(combined(&[(1.0, &x), (next - sigma, &direction)]))
}
