//! Improved pseudo numerical method of order 4: `sample_ipndm` of lllyasviel/stable-diffusion-webui-forge@dfdcbab
//! `k_diffusion/sampling.py` (also `ComfyUI`'s), within 1e-6 relative. Source: Zhang and Chen, "Fast sampling of diffusion models with
//! exponential integrator", 2022. Not diffusers' `IPNDMScheduler`, which has a noise schedule of its own.

use std::collections::VecDeque;

use super::plms::adams_bashforth;
use super::walk::{Denoiser, Walk};

pub(super) fn walk<D: Denoiser>(walk: &mut Walk<'_, '_, D>, mut x: Vec<f32>) -> Result<Vec<f32>, D::Error> {
    let steps = walk.steps();
    let mut directions = VecDeque::new(); // newest first
    for i in 0..steps {
        let (sigma, next) = walk.levels(i);
        let direction = walk.direction(&mut x, sigma)?;
        directions.push_front(direction);
        directions.truncate(4);
        x = adams_bashforth(&x, &directions, next - sigma);
        walk.step_done(i, steps)?;
    }
    Ok(x)
}
