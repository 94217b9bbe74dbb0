//! DPM-Solver++(2M) SDE: `sample_dpmpp_2m_sde` of crowsonkb/k-diffusion@4601bf0 `k_diffusion/sampling.py`, both solver types, within
//! 1e-6 relative of its double-precision run on the same noise. One look at the network per step.

use super::walk::{Denoiser, Walk, combined};

/// How the change of the denoised latent is taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Solver {
    Midpoint,
    Heun,
}

pub(super) fn walk<D: Denoiser>(
    walk: &mut Walk<'_, '_, D>,
    mut x: Vec<f32>,
    solver: Solver,
) -> Result<Vec<f32>, D::Error> {
    let steps = walk.steps();
    let eta = walk.eta(1.0);
    let mut before: Option<(Vec<f32>, f64)> = None;
    for i in 0..steps {
        let (sigma, next) = walk.levels(i);
        let denoised = walk.denoised(&mut x, sigma)?;
        if next == 0.0 {
            x.clone_from(&denoised);
        } else {
            let length = (sigma / next).ln();
            let whole = length * (1.0 + eta);
            let take = -(-whole).exp_m1();
            let mut change = 0.0;
            if let Some((_, last_length)) = &before {
                let share = match solver {
                    Solver::Midpoint => take / 2.0,
                    Solver::Heun => 1.0 - take / whole,
                };
                change = share * length / last_length;
            }
            let older = before.as_ref().map_or(&denoised, |(older, _)| older);
            x = combined(&[((-whole).exp(), &x), (take + change, &denoised), (-change, older)]);
            if eta > 0.0 {
                walk.add_noise(&mut x, sigma, next, next * (-(-2.0 * eta * length).exp_m1()).sqrt());
            }
            before = Some((denoised, length));
        }
        walk.step_done(i, steps)?;
    }
    Ok(x)
}
