//! DEIS of order 2 in log rho: diffusers 0.31.0 `scheduling_deis_multistep.py` with its defaults, within 1e-5 relative. Source:
//! Zhang and Chen, "Fast sampling of diffusion models with exponential integrator", 2022.

use super::walk::{Denoiser, Walk, combined};

/// Runs shorter than this end with a step of order 1.
const SHORT: usize = 15;

pub(super) fn walk<D: Denoiser>(walk: &mut Walk<'_, '_, D>, mut x: Vec<f32>) -> Result<Vec<f32>, D::Error> {
    let steps = walk.steps();
    let mut before: Option<Vec<f32>> = None;
    for i in 0..steps {
        let (sigma, next) = walk.levels(i);
        let direction = walk.direction(&mut x, sigma)?;
        let first_order = i + 1 == steps && steps < SHORT;
        x = match &before {
            Some(before) if !first_order => {
                let last = walk.sigmas[i - 1];
                let newer = integral(next, sigma, last) - integral(sigma, sigma, last);
                let older = integral(next, last, sigma) - integral(sigma, last, sigma);
                combined(&[(1.0, &x), (newer, &direction), (older, before)])
            }
            _ => combined(&[(1.0, &x), (next - sigma, &direction)]),
        };
        before = Some(direction);
        walk.step_done(i, steps)?;
    }
    Ok(x)
}

/// Integral up to `t` of the line in `ln t` that is 1 at `one` and 0 at `zero`.
fn integral(t: f64, one: f64, zero: f64) -> f64 {
    if t == 0.0 { 0.0 } else { t * ((t / zero).ln() - 1.0) / (one / zero).ln() }
}
