//! Latent-consistency steps: diffusers 0.31.0 `scheduling_lcm.py` with its defaults (timestep scaling 10), within 1e-5 relative.
//! Source: Luo et al., "Latent consistency models", 2023.

use super::walk::{Denoiser, Walk, combined};
use crate::sampling::prediction::input_scale;

const SIGMA_DATA: f64 = 0.5;
const TIMESTEP_SCALING: f64 = 10.0;

pub(super) fn walk<D: Denoiser>(walk: &mut Walk<'_, '_, D>, mut x: Vec<f32>) -> Result<Vec<f32>, D::Error> {
    let steps = walk.steps();
    for i in 0..steps {
        let (sigma, next) = walk.levels(i);
        let denoised = walk.denoised(&mut x, sigma)?;
        let timestep = walk.table.timestep_of(sigma).round() * TIMESTEP_SCALING;
        let spread = timestep * timestep + SIGMA_DATA * SIGMA_DATA;
        let (skip, out) = (SIGMA_DATA * SIGMA_DATA / spread, timestep / spread.sqrt());
        x = combined(&[(out, &denoised), (skip * input_scale(sigma), &x)]);
        if next > 0.0 {
            walk.add_noise(&mut x, sigma, next, next);
        }
        walk.step_done(i, steps)?;
    }
    Ok(x)
}
