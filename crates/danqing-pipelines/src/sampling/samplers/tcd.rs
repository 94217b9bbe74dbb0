//! Trajectory-consistency steps: diffusers 0.31.0 `scheduling_tcd.py`, within 1e-5 relative. Source: Zheng et al., "Trajectory
//! consistency distillation", 2024. `eta` is the paper's gamma: 0 is certain, 1 all fresh noise.

use super::walk::{Denoiser, Walk, combined, direction};

/// The paper's and diffusers' gamma.
const USUAL_ETA: f64 = 0.3;

pub(super) fn walk<D: Denoiser>(walk: &mut Walk<'_, '_, D>, mut x: Vec<f32>) -> Result<Vec<f32>, D::Error> {
    let steps = walk.steps();
    let eta = walk.eta(USUAL_ETA);
    for i in 0..steps {
        let (sigma, next) = walk.levels(i);
        let denoised = walk.denoised(&mut x, sigma)?;
        let down = if next > 0.0 { below(walk, next, eta) } else { 0.0 };
        x = combined(&[(1.0, &denoised), (down, &direction(&x, &denoised, sigma))]);
        if eta > 0.0 && i + 1 < steps {
            walk.add_noise(&mut x, sigma, next, (next * next - down * down).max(0.0).sqrt());
        }
        walk.step_done(i, steps)?;
    }
    Ok(x)
}

/// The level that noise is added from: `1 − eta` of the way up to the timestep of `next`.
fn below<D: Denoiser>(walk: &Walk<'_, '_, D>, next: f64, eta: f64) -> f64 {
    let timestep = walk.table.timestep_of(next).round();
    // In single precision, as the original multiplies.
    let lower = f64::from((1.0 - eta) as f32 * timestep as f32).floor();
    walk.table.sigma_at_straight(lower)
}
