//! Euler steps with fresh noise: `sample_euler_ancestral` of crowsonkb/k-diffusion@4601bf0 `k_diffusion/sampling.py`, within
//! 1e-6 relative of its double-precision run. Order 1.
//!
//! DDIM is the same walk with another usual `eta`: in this scale formula 12 of Song et al. 2020 becomes an ancestral step
//! (equal to diffusers 0.31.0 `scheduling_ddim.py` without clipping).

use super::walk::{Denoiser, Walk, ancestral, combined};

pub(super) fn walk<D: Denoiser>(
    walk: &mut Walk<'_, '_, D>,
    mut x: Vec<f32>,
    usual_eta: f64,
) -> Result<Vec<f32>, D::Error> {
    let steps = walk.steps();
    for i in 0..steps {
        let (sigma, next) = walk.levels(i);
        let (down, up) = ancestral(sigma, next, walk.eta(usual_eta));
        let direction = walk.direction(&mut x, sigma)?;
        x = combined(&[(1.0, &x), (down - sigma, &direction)]);
        if up > 0.0 {
            walk.add_noise(&mut x, sigma, next, up);
        }
        walk.step_done(i, steps)?;
    }
    Ok(x)
}
