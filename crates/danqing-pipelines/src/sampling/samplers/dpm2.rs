//! DPM-Solver-2 with churn: `sample_dpm_2` of crowsonkb/k-diffusion@4601bf0 `k_diffusion/sampling.py`, within 1e-6 relative of its
//! double-precision run. Source: Lu et al., "DPM-Solver", 2022. Two looks at the network per step, order 2.

use super::walk::{Denoiser, Walk, combined};

pub(super) fn walk<D: Denoiser>(walk: &mut Walk<'_, '_, D>, x: Vec<f32>) -> Result<Vec<f32>, D::Error> {
    walk.churned_steps(x, step)
}

/// One step by way of the geometric middle; an Euler step where `next` is 0.
pub(super) fn step<D: Denoiser>(
    walk: &mut Walk<'_, '_, D>,
    mut x: Vec<f32>,
    sigma: f64,
    next: f64,
) -> Result<Vec<f32>, D::Error> {
    let direction = walk.direction(&mut x, sigma)?;
    if next == 0.0 {
        return Ok(combined(&[(1.0, &x), (-sigma, &direction)]));
    }
    let middle = (sigma * next).sqrt();
    let mut halfway = combined(&[(1.0, &x), (middle - sigma, &direction)]);
    let direction = walk.direction(&mut halfway, middle)?;
    Ok(combined(&[(1.0, &x), (next - sigma, &direction)]))
}
