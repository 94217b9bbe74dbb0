//! DPM-Solver-2 with fresh noise: `sample_dpm_2_ancestral` of crowsonkb/k-diffusion@4601bf0 `k_diffusion/sampling.py`, within 1e-6
//! relative of its double-precision run. Two looks at the network per step.

use super::dpm2;
use super::walk::{Denoiser, Walk, ancestral};

pub(super) fn walk<D: Denoiser>(walk: &mut Walk<'_, '_, D>, mut x: Vec<f32>) -> Result<Vec<f32>, D::Error> {
    let steps = walk.steps();
    for i in 0..steps {
        let (sigma, next) = walk.levels(i);
        let (down, up) = ancestral(sigma, next, walk.eta(1.0));
        x = dpm2::step(walk, x, sigma, down)?;
        if up > 0.0 && down > 0.0 {
            walk.add_noise(&mut x, sigma, next, up);
        }
        walk.step_done(i, steps)?;
    }
    Ok(x)
}
